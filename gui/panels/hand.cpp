// You are the scheduler: the run stops at every pick and the student makes it; at the end the schedule stands beside the
// policy's and the best possible.
#include <nlohmann/json.hpp>

#include "gui/app/teaching.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {

namespace {

using Kind = Command::Kind;

std::string name_of(const Play& play, TaskId id) { return std::string(play.now().tasks[id].name()); }

void draw_due(View& view, const HandRun& run) {
    const Play& play = *run.play;
    const PlayDecision& due = *play.pending();
    paragraph(tr(Str::hand_due, {std::to_string(play.made().size() + 1), format_time(due.at), std::to_string(due.cpu)}), strong_text());
    gap(4);
    for (std::size_t i = 0; i < due.candidates.size(); ++i) {
        const TaskId id = due.candidates[i];
        const PlayBurst burst = burst_of(play.now(), due.cpu, id);
        ImGui::PushID(static_cast<int>(i));
        if (button("pick", std::to_string(i + 1) + "  " + name_of(play, id))) view.ask(Kind::hand_pick, static_cast<std::int64_t>(i));
        ImGui::PopID();
        paragraph(tr(id == due.running ? Str::hand_burst_runs : Str::hand_burst, {format_span(burst.left), format_span(play.now().wait_time(id)), format_span(burst.ran)}),
                  quiet_text(Size::small));
        gap(2);
    }
    paragraph(tr(Str::hand_keys), quiet_text(Size::small));
}

void figures_row(std::string_view who, const Comparison& c, bool is_mine) {
    const float first = px(90), each = (ImGui::GetContentRegionAvail().x - first) / 3;
    const auto time = [](const std::optional<std::int64_t>& v) { return v ? format_span(*v) : std::string("-"); };
    const std::string turnaround = time(c.turnaround.mean), waiting = time(c.waiting.mean), switches = std::to_string(c.voluntary + c.involuntary);
    const TextStyle style = is_mine ? strong_text(Size::small) : TextStyle{Face::text, Size::small, 0};
    value_row({{who, first, style}, {turnaround, each, style}, {waiting, each, style}, {switches, 0, style}}, {.selected = is_mine});
}

void draw_score(const View& view, const HandRun& run) {
    if (!run.score) {
        paragraph(tr(Str::hand_no_score));
        return;
    }
    const PlayScore& s = *run.score;
    section_title(tr(Str::hand_over));
    if (s.permille)
        paragraph(tr(Str::hand_points, {std::to_string(*s.permille / 10) + "." + std::to_string(*s.permille % 10)}), strong_text(Size::large));
    gap(4);
    const float first = px(90), each = (ImGui::GetContentRegionAvail().x - first) / 3;
    value_row({{"", first}, {tr(Str::hand_turnaround), each, quiet_text(Size::small)}, {tr(Str::hand_waiting), each, quiet_text(Size::small)}, {tr(Str::hand_switches), 0, quiet_text(Size::small)}},
              {.boxed = false});
    figures_row(tr(Str::hand_you), s.you, true);
    figures_row(view.document.scenario.machine.scheduler, s.policy, false);
    if (s.best) figures_row(tr(Str::hand_best), *s.best, false);
    gap(4);
    paragraph(tr(s.how), quiet_text(Size::small));
    gap(4);
    if (s.from_policy.en.empty()) paragraph(tr(Str::hand_same, {view.document.scenario.machine.scheduler}));
    else paragraph(tr(Str::hand_parts_policy, {view.document.scenario.machine.scheduler, tr(s.from_policy)}));
    if (s.from_best) {
        paragraph(tr(Str::hand_parts_best, {std::to_string(s.from_best->decision), format_time(s.from_best->at), s.from_best->yours, s.from_best->theirs}));
        if (button("there", tr(Str::hand_show))) view.ask(Kind::seek_step, static_cast<std::int64_t>(run.play->made()[s.from_best->decision - 1].step));
    }
}

void draw_made(const View& view, const Play& play) {
    if (play.made().empty()) return;
    gap(6);
    section_title(tr(Str::hand_picks));
    int n = 0;
    for (const PlayDecision& d : play.made()) {
        ImGui::PushID(++n);
        fit(std::to_string(n) + ".  " + format_time(d.at) + "  " + name_of(play, d.chosen), 0, mono_text());
        if (ImGui::IsItemHovered() && ImGui::IsMouseClicked(0)) view.ask(Kind::seek_step, static_cast<std::int64_t>(d.step));
        ImGui::PopID();
    }
}

}  // namespace

void draw_hand(View& view) {
    const auto run = view.panels.hand.run;
    if (!view.session || !run) {
        paragraph(tr(Str::hand_lead));
        gap(6);
        if (button("start", tr(Str::hand_start), Look::primary, view.session != nullptr)) view.ask(Kind::hand_start);
        return;
    }
    if (run->play->pending() != nullptr) draw_due(view, *run);
    else draw_score(view, *run);
    gap(6);
    if (button("undo", tr(Str::hand_undo), Look::plain, !run->play->made().empty())) view.ask(Kind::hand_undo);
    ImGui::SameLine();
    if (button("stop", tr(Str::quiz_stop), Look::ghost)) view.ask(Kind::hand_stop);
    draw_made(view, *run->play);
}

void dump_hand(const View& view, nlohmann::json& out) {
    const auto run = view.panels.hand.run;
    out["active"] = run != nullptr;
    if (!run) return;
    out["picks"] = nlohmann::json::array();
    for (const PlayDecision& d : run->play->made()) out["picks"].push_back(name_of(*run->play, d.chosen));
    out["pending"] = nullptr;
    if (const PlayDecision* due = run->play->pending()) {
        out["pending"] = {{"time_ns", due->at}, {"cpu", due->cpu}};
        for (const TaskId id : due->candidates) out["pending"]["candidates"].push_back(name_of(*run->play, id));
    }
    if (!run->score) return;
    const PlayScore& s = *run->score;
    out["turnaround_mean_ns"] = s.you.turnaround.mean.value_or(0);
    out["policy_turnaround_mean_ns"] = s.policy.turnaround.mean.value_or(0);
    if (s.permille) out["score_permille"] = *s.permille;
    if (s.from_best) out["parts_from_best"] = s.from_best->decision;
}

}  // namespace sy::gui
