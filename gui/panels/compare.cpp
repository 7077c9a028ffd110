// Two runs of one scenario on one clock: the open one, and the same under another scheduler. For
// each CPU two lanes, one above the other, and between them a mark wherever they are not alike;
// below it where they part and why each side chose as it did, and the figures of both.
#include "sim/report/compare.h"

#include <algorithm>
#include <nlohmann/json.hpp>

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

// The other run, and what the two are found to be once both have ended.
struct CompareCache {
    const Session* session = nullptr;
    std::string scheduler;
    std::unique_ptr<Session> other;
    bool is_ready = false;
    std::vector<std::vector<Occupancy>> here, there;
    SideBySide both;
    Comparison row_here, row_there;
    std::vector<std::string> names;  // of tasks, in order of appearance: their letters
};

namespace {

constexpr std::uint64_t kStepsAFrame = 40'000, kStepsForPicture = 50'000'000;
constexpr const char* kShownFigures[] = {
    "turnaround_mean", "response_mean", "waiting_mean", "wakeup_p95",       "slowdown_mean", "end",
    "voluntary",       "involuntary",   "migrations",   "fairness_permille"};

// The one that was chosen; at first another than the scenario's own.
std::string other_scheduler(const View& view) {
    const std::string& chosen = view.panels.compare.scheduler;
    if (!chosen.empty()) return chosen;
    const std::string& own = view.session->scenario().machine.scheduler;
    return own == "cfs" ? "eevdf" : own == "eevdf" ? "cfs" : own == "rr" ? "fcfs" : "rr";
}

void find_differences(CompareCache& c, const Session& s) {
    const Kernel &a = s.frontier(), &b = c.other->frontier();
    c.here = occupancy_of(a, s.log());
    c.there = occupancy_of(b, c.other->log());
    c.both = side_by_side(a, c.here, b, c.there);
    c.row_here = compare_row(a, s.log(), a.image().scheduler);
    c.row_there = compare_row(b, c.other->log(), b.image().scheduler);
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
    collect(b, c.there);
    c.is_ready = true;
}

// True: there is more to do.
bool bring_up_to_date(const View& view) {
    auto& cache = view.panels.compare.cache;
    if (!cache) cache = std::make_shared<CompareCache>();
    CompareCache& c = *cache;
    const Session& s = *view.session;
    const std::string wanted = other_scheduler(view);
    if (c.session != &s || c.scheduler != wanted) {
        c = {};
        c.session = &s;
        c.scheduler = wanted;
        Scenario scenario = s.scenario();
        Text why;
        BootError error;
        if (choose_scheduler(scenario, wanted, why))
            c.other = Session::open(std::move(scenario), error);
    }
    if (!c.other || c.is_ready) return false;
    c.other->run_ahead(view.picture ? kStepsForPicture : kStepsAFrame);
    if (s.complete() && c.other->complete()) find_differences(c, s);
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
    const Stretch seen = timeline_stretch(view.panels.timeline, c.both.length);
    const LaneSpan span{at.x + side, width - side - px(4), seen.from,
                        std::max(seen.until, seen.from + 1)};
    const std::size_t cpus = std::min<std::size_t>(std::max(c.here.size(), c.there.size()), 8);
    float y = at.y + px(2);
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
        draw_text(list, {at.x, y + height - px(6)}, std::to_string(cpu),
                  {Face::mono, Size::small, t.quiet});
        draw_lane(c, view.session->frontier(), c.here[cpu], span, y, height);
        for (const Difference& d : c.both.differences)
            if (d.cpu == cpu && d.end > span.from && d.begin < span.until)
                list.AddRectFilled(
                    {span.at(d.begin), y + height + 1},
                    {std::max(span.at(d.end), span.at(d.begin) + 1), y + height + mark - 1},
                    t.moving);
        draw_lane(c, c.other->frontier(), c.there[cpu], span, y + height + mark, height);
        y += 2 * height + mark + between;
    }
    const float x = span.at(std::min<Nanos>(view.session->time(), c.both.length));
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
    value_row({{"", whole * 0.46F, quiet},
               {tr(Str::compare_here), whole * 0.26F, head},
               {tr(Str::compare_there), 0, head}},
              {.boxed = false});
    for (const char* name : kShownFigures) {
        const FigureInfo* f = find_figure(name);
        const std::string a = figure_text(*f, f->get(c.row_here)),
                          b = figure_text(*f, f->get(c.row_there));
        const TextStyle value{Face::mono, Size::small, a == b ? ImU32{0} : theme().moving};
        value_row({{zh ? f->zh : f->en, whole * 0.46F, quiet}, {a, whole * 0.26F}, {b, 0, value}},
                  {.boxed = false});
    }
}

}  // namespace

void draw_compare(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_compare_hint));
        return;
    }
    const std::string wanted = other_scheduler(view);
    paragraph(tr(Str::compare_head, {view.session->now().image().scheduler}),
              quiet_text(Size::small));
    float left = ImGui::GetContentRegionAvail().x;
    bool is_first = true;
    for (const PolicyInfo* policy : policies()) {
        const std::string name(policy->name);
        const float width = chip_width(name) + px(6);
        if (!is_first && width <= left) ImGui::SameLine(0, px(6));
        if (width > left) left = ImGui::GetContentRegionAvail().x;
        left -= width;
        is_first = false;
        if (chip_button(("compare " + name).c_str(), name, name == wanted))
            view.panels.compare.scheduler = name;
        tooltip(language() == Lang::zh ? policy->title_zh : policy->title);
    }
    gap(6);
    if (bring_up_to_date(view)) view.animate();
    const CompareCache& c = *view.panels.compare.cache;
    if (!c.other) {
        paragraph(tr(Str::compare_cannot), quiet_text());
        return;
    }
    if (!c.is_ready) {
        paragraph(tr(Str::compare_runs, {format_time(c.other->frontier().now())}), quiet_text());
        return;
    }
    draw_lanes(view, c);
    gap(4);
    paragraph(gui::tr(
        parting_text(view.session->frontier(), c.here, c.other->frontier(), c.there, c.both)));
    if (!c.both.differences.empty() && button("compare first", tr(Str::compare_first)))
        view.ask(Command::Kind::seek_time, c.both.differences.front().begin);
    gap(4);
    draw_figures(c);
}

void dump_compare(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.panels.compare.cache) return;  // never looked at: no second run
    bring_up_to_date(view);
    const CompareCache& c = *view.panels.compare.cache;
    out["scheduler"] = c.scheduler;
    out["ready"] = c.is_ready;
    if (!c.is_ready) return;
    out["differences"] = c.both.differences.size();
    out["same_permille"] = c.both.same_permille;
    if (!c.both.differences.empty()) out["part_at_ns"] = c.both.differences.front().begin;
    for (const char* name : kShownFigures) {
        const FigureInfo* f = find_figure(name);
        out["figures"][name] = {figure_text(*f, f->get(c.row_here)),
                                figure_text(*f, f->get(c.row_there))};
    }
}

}  // namespace sy::gui
