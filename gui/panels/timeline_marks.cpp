// What lies over the lanes: marks of what was found, the stretch that is measured, bookmarks, arrows from cause to effect.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/panels/timeline_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kAncestors = 12, kDescendants = 24;

// The record that the arrows are about: the chosen one, or the last before the cursor.
std::size_t record_of_arrows(const View& view) {
    const FindState& f = view.panels.find;
    const std::size_t all = view.index->records();
    if (f.record < all && f.record_position == view.session->position()) return f.record;
    const std::size_t here = view.index->record_at(view.session->time() + 1);
    return here == 0 ? all : here - 1;
}

const ArrowsCache& arrows_now(const View& view) {
    ArrowsCache& cache = view.panels.find.arrow_cache;
    const std::size_t record = record_of_arrows(view);
    if (cache.index == view.index && cache.record == record && cache.records == view.index->records()) return cache;
    cache = {};
    cache.index = view.index;
    cache.record = record;
    cache.records = view.index->records();
    const Log& log = view.session->log();
    if (record >= log.size()) return cache;
    cache.links = flow_ancestors(log, record, kAncestors);
    cache.ancestors = cache.links.size();
    for (const FlowLink& link : flow_descendants(log, record, kDescendants))
        if (std::find(cache.links.begin(), cache.links.end(), link) == cache.links.end()) cache.links.push_back(link);
    return cache;
}

// On whose lane a link begins and ends.
LaneKey lane_of_source(const View& view, const Record& r) {
    const bool in_task = (r.flags & (record_flag::hardirq | record_flag::softirq)) == 0;
    if (in_task && r.task != kNoTask && !view.index->is_idle(r.task)) return LaneKey::task(r.task);
    return LaneKey::cpu(r.cpu);
}
LaneKey lane_of_target(const View& view, const FlowLink& link, const Record& r) {
    if (link.kind == FlowLink::Kind::raise) return LaneKey::cpu(r.cpu);
    const TaskId who = link.kind == FlowLink::Kind::work ? r.task : r.a;
    return who == kNoTask || view.index->is_idle(who) ? LaneKey::cpu(r.cpu) : LaneKey::task(who);
}
int row_of_key(const View& view, LaneKey key) {
    return key.is_task ? row_of_task(view, key.id) : static_cast<int>(key.id);
}

std::string link_text(const View& view, const FlowLink& link) {
    const Log& log = view.session->log();
    const Kernel& k = view.session->frontier();
    const Record &from = log[link.from], &to = log[link.to];
    const std::string later = format_span(std::max<Nanos>(to.at - from.at, 0));
    switch (link.kind) {
        case FlowLink::Kind::wakeup:
            return tr(Str::arrow_wakeup, {task_name(k, to.a), later});
        case FlowLink::Kind::fork:
            return tr(Str::arrow_fork, {task_name(k, to.a), later});
        case FlowLink::Kind::raise:
            return tr(Str::arrow_raise, {softirq_name(static_cast<int>(to.a)), later});
        case FlowLink::Kind::work:
            return tr(Str::arrow_work, {to.task == kNoTask ? "?" : task_name(k, to.task), later});
    }
    return {};
}

void arrow(ImDrawList& list, ImVec2 from, ImVec2 to, ImU32 color, bool dashed) {
    const float bend = std::max(std::abs(to.x - from.x) / 2, px(14));
    const ImVec2 a{from.x + bend, from.y}, b{to.x - bend, to.y};
    std::array<ImVec2, 17> points;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const float t = static_cast<float>(i) / static_cast<float>(points.size() - 1), u = 1 - t;
        points[i] = {u * u * u * from.x + 3 * u * u * t * a.x + 3 * u * t * t * b.x + t * t * t * to.x,
                     u * u * u * from.y + 3 * u * u * t * a.y + 3 * u * t * t * b.y + t * t * t * to.y};
    }
    if (dashed)
        draw_dashed(list, points, color, px(1.5F));
    else
        list.AddPolyline(points.data(), static_cast<int>(points.size()), color, 0, px(1.5F));
    list.AddTriangleFilled({to.x - px(7), to.y - px(4)}, {to.x - px(7), to.y + px(4)}, to, color);
    list.AddCircleFilled(from, px(2.5F), color);
}

void draw_arrows(ImDrawList& list, const View& view, const TimelinePlaces& at) {
    if (!view.panels.find.arrows) return;
    const ArrowsCache& cache = arrows_now(view);
    const Log& log = view.session->log();
    for (std::size_t i = 0; i < cache.links.size(); ++i) {
        const FlowLink& link = cache.links[i];
        const Record &from = log[link.from], &to = log[link.to];
        if (to.at < at.s.from || from.at > at.s.until) continue;
        const int row_from = row_of_key(view, lane_of_source(view, from)), row_to = row_of_key(view, lane_of_target(view, link, to));
        if (row_from < 0 || row_to < 0) continue;
        const auto place = [&](Nanos when, int row) {
            const float y = std::clamp(at.y(row) + at.m.lane_height / 2, at.m.top, at.m.top + at.m.lanes);
            return ImVec2{std::clamp(at.x(when), at.m.left - px(30), at.m.left + at.m.width + px(30)), y};
        };
        const ImVec2 a = place(from.at, row_from), b = place(to.at, row_to);
        // Ancestors are whole lines, what came of it is dashed: never colour alone.
        arrow(list, a, b, i < cache.ancestors ? theme().text : theme().moving, i >= cache.ancestors);
        tooltip_at({b.x - px(8), b.y - px(6)}, {b.x + px(3), b.y + px(6)}, link_text(view, link));
    }
}

void draw_matches(ImDrawList& list, const View& view, const TimelinePlaces& at) {
    const FindState& f = view.panels.find;
    if (f.matches.empty()) return;
    const Log& log = view.session->log();
    const float top = at.m.top - px(6);
    // One mark a pixel, however many records stand there.
    const float step = px(2);
    for (float x = at.m.left; x < at.m.left + at.m.width; x += step) {
        const Nanos from = at.time(x), until = std::max(at.time(x + step), from + 1);
        const auto it = std::partition_point(f.matches.begin(), f.matches.end(), [&](std::uint32_t i) { return log[i].at < from; });
        if (it == f.matches.end()) break;
        if (log[*it].at >= until) {   // on to the next one
            const float next = at.x(log[*it].at);
            x = std::max(x, at.m.left + std::floor((next - at.m.left) / step) * step - step);
            continue;
        }
        list.AddRectFilled({x, top}, {x + std::max(step - 1, 1.0F), at.m.top - px(1)}, theme().kept);
    }
    if (f.record < log.size() && f.record_position == view.session->position() && at.shows(log[f.record].at)) {
        const float x = at.x(log[f.record].at);
        list.AddTriangleFilled({x - px(4), top - px(4)}, {x + px(4), top - px(4)}, {x, top + px(3)}, theme().kept);
    }
}

void draw_measure(ImDrawList& list, const View& view, const TimelinePlaces& at) {
    const FindState& f = view.panels.find;
    if (f.from < 0) return;
    const Nanos other = f.until < 0 ? view.session->time() : f.until;
    const Nanos from = std::min(f.from, other), until = std::max(f.from, other);
    if (until < at.s.from || from > at.s.until) return;
    const float left = std::max(at.x(from), at.m.left), right = std::min(at.x(until), at.m.left + at.m.width);
    list.AddRectFilled({left, at.m.top}, {std::max(right, left + 1), at.m.top + at.m.lanes}, fade(theme().moving, 0.12F));
    for (const Nanos edge : {from, until})
        if (at.shows(edge)) list.AddLine({at.x(edge), at.m.top}, {at.x(edge), at.m.top + at.m.lanes}, theme().moving, px(1));
    const KindCounts a = view.index->tallies().kinds_before(view.session->log(), view.index->record_at(from));
    const KindCounts b = view.index->tallies().kinds_before(view.session->log(), view.index->record_at(until));
    const auto switches = static_cast<std::size_t>(RecordKind::sched_switch);
    const std::string words = tr(Str::measure_label, {format_span(until - from), format_count(static_cast<std::int64_t>(b[switches] - a[switches]))});
    const TextStyle style{Face::text, Size::small, theme().text};
    const ImVec2 size = measure(words, style);
    const float x = std::clamp((left + right - size.x) / 2, at.m.left + px(6), at.m.left + at.m.width - size.x - px(6));
    const float y = at.m.top + at.m.lanes - size.y - px(4);
    list.AddRectFilled({x - px(5), y - px(2)}, {x + size.x + px(5), y + size.y + px(2)}, theme().card, px(4));
    list.AddRect({x - px(5), y - px(2)}, {x + size.x + px(5), y + size.y + px(2)}, theme().moving, px(4));
    draw_text(list, {x, y}, words, style);
}

void draw_bookmarks(ImDrawList& list, const View& view, const TimelinePlaces& at) {
    for (const Bookmark& b : view.panels.find.bookmarks) {
        if (!at.shows(b.at)) continue;
        const float x = at.x(b.at), y = at.m.at.y + px(20);
        list.AddLine({x, y}, {x, at.m.strip_top - px(2)}, fade(theme().saved, 0.7F), px(1));
        list.AddRectFilled({x, y}, {x + px(8), y + px(6)}, theme().saved);
        tooltip_at({x - px(3), y - px(2)}, {x + px(10), y + px(9)}, b.name + "\n" + format_time(b.at));
    }
}

}  // namespace

void draw_timeline_marks(ImDrawList& list, const View& view, const TimelinePlaces& at) {
    list.PushClipRect({at.m.left, at.m.at.y}, {at.m.left + at.m.width, at.m.strip_top}, true);
    draw_measure(list, view, at);
    draw_bookmarks(list, view, at);
    draw_matches(list, view, at);
    draw_arrows(list, view, at);
    list.PopClipRect();
}

void dump_timeline_marks(const View& view, nlohmann::json& out) {
    const Log& log = view.session->log();
    const ArrowsCache& cache = arrows_now(view);
    constexpr std::array kinds = {"wakeup", "raise", "work", "fork"};
    out["arrows_shown"] = view.panels.find.arrows;
    out["arrows"] = nlohmann::json::array();
    const auto name = [&](LaneKey key) {
        return key.is_task ? task_name(view.session->frontier(), key.id) : "CPU " + std::to_string(key.id);
    };
    for (std::size_t i = 0; i < cache.links.size(); ++i) {
        const FlowLink& link = cache.links[i];
        out["arrows"].push_back({{"kind", kinds[static_cast<std::size_t>(link.kind)]},
                                 {"of", i < cache.ancestors ? "cause" : "effect"},
                                 {"from_ns", log[link.from].at},
                                 {"to_ns", log[link.to].at},
                                 {"from", name(lane_of_source(view, log[link.from]))},
                                 {"to", name(lane_of_target(view, link, log[link.to]))},
                                 {"text", link_text(view, link)}});
    }
}

}  // namespace sy::gui
