// Two or more runs of one scenario on one clock: the open one, and the same under one to three other
// schedulers. For each CPU a lane for each run, one above the other, and above every other run's a
// mark wherever it is not like the open one; below it where they part, and the figures of all.
#include "sim/report/compare.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/app/editor.h"
#include "gui/model/facts.h"
#include "gui/panels/panels.h"
#include "gui/panels/plot_parts.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/side_by_side.h"
#include "sim/sched/class.h"
#include "sim/session/load.h"
#include "sim/session/session.h"

namespace sy::gui {

// Another run, and what it and the open one are found to be once both have ended.
struct OtherRun {
    std::string scheduler;
    std::shared_ptr<Session> session;   // null: the scenario does not run under it
    bool is_ready = false;
    std::vector<std::vector<Occupancy>> occupancy;
    SideBySide both;
    Comparison row;
};
struct CompareCache {
    const Session* session = nullptr;
    std::vector<OtherRun> others;
    bool is_ready = false;
    std::vector<std::vector<Occupancy>> here;
    Comparison row;
    std::vector<std::string> names;  // of tasks, in order of appearance: their letters
    Nanos length() const {
        Nanos most = 1;
        for (const OtherRun& o : others) most = std::max(most, o.both.length);
        return most;
    }
};

namespace {

constexpr std::uint64_t kStepsAFrame = 40'000, kStepsForPicture = 50'000'000;
constexpr const char* kShownFigures[] = {
    "turnaround_mean", "response_mean", "waiting_mean", "wakeup_p95",       "slowdown_mean", "end",
    "voluntary",       "involuntary",   "migrations",   "deadline_misses",  "fairness_permille"};

constexpr std::size_t kMostOthers = 3;

// Those that were chosen; at first another than the scenario's own.
std::vector<std::string> other_schedulers(const View& view) {
    const std::vector<std::string>& chosen = view.panels.compare.schedulers;
    if (!chosen.empty()) return chosen;
    const std::string& own = view.session->scenario().machine.scheduler;
    return {own == "cfs" ? "eevdf" : own == "eevdf" ? "cfs" : own == "rr" ? "fcfs" : "rr"};
}

// One more beside the others, or one less; never none, and no more than fit.
void toggle(View& view, const std::string& name) {
    std::vector<std::string> chosen = other_schedulers(view);
    const auto at = std::find(chosen.begin(), chosen.end(), name);
    if (at == chosen.end())
        chosen.push_back(name);
    else if (chosen.size() > 1)
        chosen.erase(at);
    if (chosen.size() > kMostOthers) chosen.erase(chosen.begin());
    view.panels.compare.schedulers = std::move(chosen);
}

void find_differences(CompareCache& c, const Session& s) {
    const Kernel& a = s.frontier();
    c.here = occupancy_of(a, s.log());
    c.row = compare_row(a, s.log(), a.image().scheduler);
    const auto collect = [&](const Kernel& k, const std::vector<std::vector<Occupancy>>& in) {
        for (const auto& cpu : in)
            for (const Occupancy& o : cpu) {
                const std::string name(k.tasks[o.task].name());
                if (o.task >= k.cpus.size() && c.names.size() < 64 &&
                    std::find(c.names.begin(), c.names.end(), name) == c.names.end())
                    c.names.push_back(name);
            }
    };
    c.names.clear();
    collect(a, c.here);
    for (OtherRun& o : c.others) {
        if (!o.session) continue;
        const Kernel& b = o.session->frontier();
        if (!o.is_ready) {
            o.occupancy = occupancy_of(b, o.session->log());
            o.both = side_by_side(a, c.here, b, o.occupancy);
            o.row = compare_row(b, o.session->log(), b.image().scheduler);
            o.is_ready = true;
        }
        collect(b, o.occupancy);
    }
    c.is_ready = true;
}

// The runs that are wanted and are not there yet begin; those that are not wanted any more go.
void choose_runs(CompareCache& c, const Session& s, const std::vector<std::string>& wanted,
                 const std::shared_ptr<Session>& ghost) {
    std::vector<OtherRun> others;
    for (const std::string& name : wanted) {
        const auto old = std::find_if(c.others.begin(), c.others.end(), [&](const OtherRun& o) { return o.scheduler == name; });
        if (old != c.others.end()) {
            others.push_back(std::move(*old));
            continue;
        }
        OtherRun& o = others.emplace_back();
        o.scheduler = name;
        if (ghost && &name == &wanted.front()) {
            o.session = ghost;
            continue;
        }
        Scenario scenario = s.scenario();
        Text why;
        BootError error;
        if (choose_scheduler(scenario, name, why)) o.session = Session::open(std::move(scenario), error);
    }
    c.others = std::move(others);
    c.is_ready = false;
}

// True: there is more to do.
bool bring_up_to_date(const View& view) {
    auto& cache = view.panels.compare.cache;
    if (!cache) cache = std::make_shared<CompareCache>();
    CompareCache& c = *cache;
    const Session& s = *view.session;
    if (c.session != &s) {
        c = {};
        c.session = &s;
    }
    std::vector<std::string> wanted = other_schedulers(view);
    // The run before the last edit comes first while it is kept.
    const std::shared_ptr<Session>& ghost = view.editor.ghost.session;
    if (ghost) {
        wanted.insert(wanted.begin(), std::string(tr(Str::editor_before_edit)));
        if (wanted.size() > kMostOthers) wanted.pop_back();
    }
    if (!std::equal(wanted.begin(), wanted.end(), c.others.begin(), c.others.end(),
                    [](const std::string& name, const OtherRun& o) { return o.scheduler == name; }))
        choose_runs(c, s, wanted, ghost);
    if (c.is_ready) return false;
    bool all = s.complete();
    for (OtherRun& o : c.others) {
        if (!o.session || o.session->complete()) continue;
        o.session->run_ahead(view.picture ? kStepsForPicture : kStepsAFrame);
        all = all && o.session->complete();
        if (!view.picture) break;
    }
    for (const OtherRun& o : c.others) all = all && (!o.session || o.session->complete());
    if (all) find_differences(c, s);
    return !c.is_ready;
}

std::size_t letter_of(const CompareCache& c, const std::string& name) {
    return static_cast<std::size_t>(std::find(c.names.begin(), c.names.end(), name) -
                                    c.names.begin());
}

struct LaneSpan {
    float x, width;
    Nanos from, until;  // the timeline's visible stretch
    float at(Nanos t) const {
        const Nanos inside = std::clamp(t, from, until);
        return x + width * static_cast<float>(static_cast<double>(inside - from) /
                                              static_cast<double>(until - from));
    }
};

void draw_lane(const CompareCache& c, const Kernel& k, const std::vector<Occupancy>& cpu,
               const LaneSpan& span, float top, float height) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled({span.x, top}, {span.x + span.width, top + height}, t.card);
    float drawn = span.x - 1;  // boxes narrower than a pixel share it
    for (const Occupancy& o : cpu) {
        if (o.task < k.cpus.size() || o.end <= span.from || o.begin >= span.until) continue;
        const float a = span.at(o.begin), b = std::max(span.at(o.end), a + 1);
        if (b <= drawn + 1) continue;
        drawn = b;
        const std::string name(k.tasks[o.task].name());
        const std::size_t i = letter_of(c, name);
        list.AddRectFilled({a, top + 1}, {b, top + height - 1}, series_color(i));
        const TextStyle style{Face::strong, Size::small, t.on_state};
        if (b - a > px(12)) draw_text(list, {a + px(2), top}, series_letter(i), style);
        tooltip_at({a, top}, {b, top + height},
                   name + " · " + format_time(o.begin) + " – " + format_time(o.end));
    }
}

void draw_lanes(View& view, const CompareCache& c) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float side = px(26), height = px(18), mark = px(5), between = px(10);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    const Stretch seen = timeline_stretch(view.panels.timeline, c.length());
    const LaneSpan span{at.x + side, width - side - px(4), seen.from,
                        std::max(seen.until, seen.from + 1)};
    const std::size_t cpus = std::min<std::size_t>(c.here.size(), 8);
    float y = at.y + px(2);
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
        draw_text(list, {at.x, y}, std::to_string(cpu), {Face::mono, Size::small, t.quiet});
        draw_lane(c, view.session->frontier(), c.here[cpu], span, y, height);
        y += height;
        for (const OtherRun& o : c.others) {
            if (!o.is_ready || cpu >= o.occupancy.size()) continue;
            for (const Difference& d : o.both.differences)
                if (d.cpu == cpu && d.end > span.from && d.begin < span.until)
                    list.AddRectFilled({span.at(d.begin), y + 1}, {std::max(span.at(d.end), span.at(d.begin) + 1), y + mark - 1},
                                       t.moving);
            y += mark;
            draw_lane(c, o.session->frontier(), o.occupancy[cpu], span, y, height);
            draw_text(list, {at.x + px(10), y}, std::string(1, static_cast<char>('1' + (&o - c.others.data()))),
                      {Face::mono, Size::small, t.moving});
            y += height;
        }
        y += between;
    }
    const float x = span.at(std::min<Nanos>(view.session->time(), c.length()));
    list.AddLine({x, at.y}, {x, y - between}, t.moving, px(1.6F));
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    if (ImGui::IsMouseClicked(0) && ImGui::IsWindowHovered() && mouse.x >= span.x &&
        mouse.x <= span.x + span.width && mouse.y >= at.y && mouse.y <= y)
        view.ask(Command::Kind::seek_time,
                 span.from + static_cast<std::int64_t>(static_cast<double>(span.until - span.from) *
                                                       (mouse.x - span.x) / span.width));
    ImGui::Dummy({width, y - at.y});
    std::string legend;
    for (std::size_t i = 0; i < c.names.size() && i < 12; ++i)
        legend += (i == 0 ? "" : "   ") + series_letter(i) + " " + c.names[i];
    paragraph(legend, quiet_text(Size::small));
}

void draw_figures(const CompareCache& c) {
    const bool zh = language() == Lang::zh;
    const float whole = ImGui::GetContentRegionAvail().x;
    const TextStyle head{Face::strong, Size::small, 0},
        quiet{Face::text, Size::small, theme().quiet};
    // A column for each run; names are cut rather than figures.
    const float column = std::floor(whole * std::min(0.26F, 0.66F / static_cast<float>(c.others.size() + 1))),
                first = whole - column * static_cast<float>(c.others.size() + 1);
    const auto row = [&](std::string_view title, const std::vector<std::string>& cells, bool is_head) {
        const ImVec2 at = ImGui::GetCursorScreenPos();
        ImDrawList& list = *ImGui::GetWindowDrawList();
        fit_at(list, at, first - px(6), title, quiet);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const TextStyle value{Face::mono, Size::small, cells[i] == cells[0] ? ImU32{0} : theme().moving};
            fit_at(list, {at.x + first + column * static_cast<float>(i), at.y}, column - px(6), cells[i], is_head ? head : value);
        }
        ImGui::Dummy({whole, value_row_height()});
    };
    std::vector<std::string> names = {std::string(tr(Str::compare_here))};
    for (const OtherRun& o : c.others) names.push_back(o.scheduler);
    row("", names, true);
    for (const char* name : kShownFigures) {
        const FigureInfo* f = find_figure(name);
        std::vector<std::string> cells = {figure_text(*f, f->get(c.row))};
        for (const OtherRun& o : c.others) cells.push_back(o.is_ready ? figure_text(*f, f->get(o.row)) : "-");
        row(zh ? f->zh : f->en, cells, false);
    }
}

}  // namespace

void draw_compare(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_compare_hint));
        return;
    }
    const std::vector<std::string> wanted = other_schedulers(view);
    paragraph(tr(Str::compare_head, {view.session->now().image().scheduler}),
              quiet_text(Size::small));
    ChipRow row;
    for (const PolicyInfo* policy : policies()) {
        const std::string name(policy->name);
        row.next(name);
        if (chip_button(("compare " + name).c_str(), name, std::find(wanted.begin(), wanted.end(), name) != wanted.end()))
            toggle(view, name);
        tooltip(language() == Lang::zh ? policy->title_zh : policy->title);
    }
    gap(6);
    if (bring_up_to_date(view)) view.animate();
    const CompareCache& c = *view.panels.compare.cache;
    if (!c.is_ready) {
        for (const OtherRun& o : c.others)
            if (o.session) paragraph(tr(Str::compare_runs, {o.scheduler, format_time(o.session->frontier().now())}), quiet_text());
        return;
    }
    draw_lanes(view, c);
    gap(4);
    for (const OtherRun& o : c.others) {
        const std::string mark = std::to_string(&o - c.others.data() + 1) + " " + o.scheduler + ": ";
        if (!o.session) {
            paragraph({{mark, {Face::strong, Size::base, 0}}, {tr(Str::compare_cannot), quiet_text()}});
            continue;
        }
        paragraph({{mark, {Face::strong, Size::base, theme().moving}},
                   {gui::tr(parting_text(view.session->frontier(), c.here, o.session->frontier(), o.occupancy, o.both)), {}}});
        if (!o.both.differences.empty() && button(("compare first " + o.scheduler).c_str(), tr(Str::compare_first)))
            view.ask(Command::Kind::seek_time, o.both.differences.front().begin);
    }
    gap(4);
    draw_figures(c);
}

void dump_compare(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.panels.compare.cache) return;  // never looked at: no second run
    bring_up_to_date(view);
    const CompareCache& c = *view.panels.compare.cache;
    out["scheduler"] = c.others.empty() ? "" : c.others.front().scheduler;
    out["ready"] = c.is_ready;
    if (!c.is_ready) return;
    out["runs"] = nlohmann::json::array();
    for (const OtherRun& o : c.others) {
        if (!o.is_ready) continue;
        nlohmann::json run = {{"scheduler", o.scheduler},
                              {"differences", o.both.differences.size()},
                              {"same_permille", o.both.same_permille}};
        if (!o.both.differences.empty()) run["part_at_ns"] = o.both.differences.front().begin;
        for (const auto& [key, value] : run.items())
            if (&o == c.others.data() && key != "scheduler") out[key] = value;   // of the first one, as before
        out["runs"].push_back(std::move(run));
    }
    for (const char* name : kShownFigures) {
        const FigureInfo* f = find_figure(name);
        out["figures"][name] = {figure_text(*f, f->get(c.row))};
        for (const OtherRun& o : c.others)
            if (o.is_ready) out["figures"][name].push_back(figure_text(*f, f->get(o.row)));
    }
}

}  // namespace sy::gui
