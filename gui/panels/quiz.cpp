// Predict, then see: the quiz stops the run before a moment and asks; the answer is diagnosed and can be played. Before it
// begins one chooses number, seed and kinds; at the end the results can be saved as CSV.
#include <nlohmann/json.hpp>

#include "gui/app/teaching.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {

namespace {

using Kind = Command::Kind;

// A choice as a wide button: its key, then its words, wrapped.
bool choice_row(int number, std::string_view text, ImU32 outline, bool enabled) {
    const float width = ImGui::GetContentRegionAvail().x, room = width - px(44);
    const Span span{text, {}};
    const float height = paragraph_height({&span, 1}, room) + px(12);
    const ImVec2 at = ImGui::GetCursorScreenPos(), local = ImGui::GetCursorPos();
    ImGui::PushID(number);
    const bool pressed = ImGui::InvisibleButton("choice", {width, height}) && enabled;
    const bool hovered = enabled && ImGui::IsItemHovered();
    ImGui::PopID();
    const ImVec2 after = ImGui::GetCursorPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 end{at.x + width - px(1), at.y + height};
    list.AddRectFilled(at, end, hovered ? theme().hover : theme().card, px(4));
    list.AddRect(at, end, outline != 0 ? outline : theme().line, px(4), 0, outline != 0 ? px(2) : px(1));
    ImGui::SetCursorPos({local.x + px(8), local.y + px(6)});
    label(std::to_string(number), quiet_text());
    ImGui::SetCursorPos({local.x + px(32), local.y + px(6)});
    paragraph(text, {}, room);
    ImGui::SetCursorPos(after);
    gap(2);
    return pressed;
}

void draw_number(const char* id, Str name, std::int64_t& value, std::int64_t least, std::int64_t most) {
    ImGui::PushID(id);
    label(tr(name, {std::to_string(value)}));
    ImGui::SameLine(px(150));
    if (button("less", "-") && value > least) --value;
    ImGui::SameLine();
    if (button("more", "+") && value < most) ++value;
    ImGui::PopID();
}

void draw_setup(View& view) {
    QuizState& state = view.panels.quiz;
    paragraph(tr(Str::quiz_lead));
    gap(6);
    std::int64_t count = state.count, seed = static_cast<std::int64_t>(state.seed);
    draw_number("count", Str::quiz_count, count, 1, 100);
    draw_number("seed", Str::quiz_seed, seed, 0, 1'000'000);
    state.count = static_cast<int>(count);
    state.seed = static_cast<std::uint64_t>(seed);
    gap(6);
    section_title(tr(Str::quiz_kinds_title));
    const auto names = quiz_kind_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const QuizKindInfo& info = quiz_kind(static_cast<QuizKind>(i));
        if (info.kind == QuizKind::teacher && view.session->scenario().questions.empty()) continue;
        const bool is_on = (state.kinds >> i & 1) != 0;
        if (chip_button(info.name, info.name, is_on)) state.kinds ^= 1U << i;
        ImGui::SameLine();
        fit(view.state.lang == Lang::zh ? info.zh : info.en, 0, quiet_text(Size::small));
    }
    gap(8);
    if (button("start", tr(Str::quiz_start), Look::primary, (state.kinds & ((1U << names.size()) - 1)) != 0)) view.ask(Kind::quiz_start);
}

std::string_view shape_text(QuizShape shape) {
    return tr(shape == QuizShape::output ? Str::quiz_shape_output : shape == QuizShape::between ? Str::quiz_shape_between : Str::quiz_shape_result);
}

void draw_question(View& view, const QuizRun& run) {
    const QuizQuestion& q = run.question();
    const auto& answer = run.answers[run.at];
    const bool is_open = run.stage == QuizRun::Stage::asking;
    paragraph(tr(Str::quiz_place, {std::to_string(run.at + 1), std::to_string(run.questions.size()), std::to_string(run.points())}), quiet_text(Size::small));
    paragraph(shape_text(q.shape), quiet_text(Size::small));
    gap(4);
    paragraph(tr(q.given));
    gap(2);
    paragraph(tr(q.ask), strong_text());
    gap(6);
    for (std::size_t i = 0; i < q.choices.size(); ++i) {
        const bool is_mine = answer && *answer == i;
        const ImU32 outline = is_open ? 0 : q.choices[i].is_right ? theme().kept : is_mine ? theme().replaced : 0;
        if (choice_row(static_cast<int>(i) + 1, tr(q.choices[i].text), outline, is_open)) view.ask(Kind::quiz_answer, static_cast<std::int64_t>(i));
    }
    if (is_open) {
        paragraph(tr(Str::quiz_keys), quiet_text(Size::small));
    } else {
        gap(4);
        const bool is_right = *answer == q.right();
        paragraph(tr(is_right ? Str::quiz_is_right : Str::quiz_is_wrong), {Face::strong, Size::base, is_right ? theme().kept : theme().replaced});
        if (!is_right) paragraph(tr(q.choices[*answer].diagnosis));
        gap(4);
        paragraph(tr(q.explanation));
        gap(6);
        if (button("play", tr(Str::quiz_play))) view.ask(Kind::quiz_play);
        ImGui::SameLine();
        if (button("next", tr(run.at + 1 < run.questions.size() ? Str::quiz_next : Str::quiz_end), Look::primary)) view.ask(Kind::quiz_next);
        paragraph(tr(Str::quiz_keys_after), quiet_text(Size::small));
    }
    gap(8);
    if (button("stop", tr(Str::quiz_stop), Look::ghost)) view.ask(Kind::quiz_stop);
}

void draw_results(View& view, const QuizRun& run) {
    if (run.questions.empty()) {
        paragraph(tr(Str::quiz_nothing));
    } else {
        paragraph(tr(Str::quiz_score, {std::to_string(run.points()), std::to_string(run.questions.size())}), strong_text(Size::large));
        gap(4);
        for (std::size_t i = 0; i < run.questions.size(); ++i) {
            const QuizQuestion& q = run.questions[i];
            const bool is_right = run.answers[i] && *run.answers[i] == q.right();
            paragraph(std::to_string(i + 1) + ". " + tr(q.ask));
            const TextStyle style{Face::text, Size::small, is_right ? theme().kept : theme().replaced};
            if (is_right) paragraph(tr(Str::quiz_is_right), style);
            else paragraph(run.answers[i] ? tr(q.choices[*run.answers[i]].diagnosis) : std::string(tr(Str::quiz_left_out)), style);
            gap(2);
        }
        gap(4);
        if (button("save", tr(Str::quiz_save))) view.ask(Kind::quiz_save);
        if (!run.saved.empty()) paragraph(tr(Str::notice_saved, {run.saved}), quiet_text(Size::small));
    }
    gap(6);
    if (button("again", tr(Str::quiz_again), Look::primary)) view.ask(Kind::quiz_stop);
}

}  // namespace

void draw_quiz(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::quiz_lead));
        return;
    }
    const auto run = view.panels.quiz.run;
    if (!run) return draw_setup(view);
    if (run->stage == QuizRun::Stage::making) {
        paragraph(tr(Str::quiz_making));
        if (button("stop", tr(Str::quiz_stop), Look::ghost)) view.ask(Kind::quiz_stop);
        return;
    }
    if (run->stage == QuizRun::Stage::done) return draw_results(view, *run);
    draw_question(view, *run);
}

void dump_quiz(const View& view, nlohmann::json& out) {
    const QuizState& state = view.panels.quiz;
    out["count"] = state.count;
    out["seed"] = state.seed;
    out["stage"] = "off";
    if (!state.run) return;
    const QuizRun& run = *state.run;
    constexpr const char* kStages[] = {"making", "asking", "answered", "done"};
    out["stage"] = kStages[static_cast<std::size_t>(run.stage)];
    out["questions"] = run.questions.size();
    out["points"] = run.points();
    out["saved"] = run.saved;
    if (run.stage != QuizRun::Stage::asking && run.stage != QuizRun::Stage::answered) return;
    const QuizQuestion& q = run.question();
    nlohmann::json& now = out["question"];
    now = {{"number", run.at + 1}, {"kind", quiz_kind(q.kind).name}, {"shape", quiz_shape_name(q.shape)}, {"given", tr(q.given)}, {"ask", tr(q.ask)}, {"before", q.before}};
    for (const QuizChoice& c : q.choices) now["choices"].push_back(tr(c.text));
    if (run.stage == QuizRun::Stage::asking) return;
    now["answer"] = *run.answers[run.at];
    now["right"] = q.right();
    now["step"] = q.step;
    now["diagnosis"] = tr(q.choices[*run.answers[run.at]].diagnosis);
    now["explanation"] = tr(q.explanation);
}

}  // namespace sy::gui
