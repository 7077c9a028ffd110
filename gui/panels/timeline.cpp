// The timeline: a lane for each CPU and each task, the cursor one line through them all. Running is
// a full bar, runnable half a bar (it waits, so it is thin), sleeping a dark track with the reason
// in it; interrupts, softirqs and system calls are drawn over. What is too narrow to be told apart
// is folded into one box whose heights are shares of time.
#include <algorithm>
#include <cmath>
#include <optional>
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/panels/timeline_drag.h"
#include "gui/panels/timeline_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

}  // namespace

TimelineMeasures timeline_measures() {
    TimelineMeasures m;
    m.at = ImGui::GetWindowPos();
    m.size = ImGui::GetWindowSize();
    m.names = px(132);
    m.left = m.at.x + m.names;
    m.width = std::max(m.size.x - m.names - px(16), px(40));
    m.lane_height = px(22);
    m.top = m.at.y + px(30);
    const float strip = px(26);
    m.strip_top = m.at.y + m.size.y - strip;
    m.lanes = std::max(m.strip_top - m.top - px(2), 0.0F);
    return m;
}

namespace {

using Measures = TimelineMeasures;
using SK = Slice::Kind;

void ruler(ImDrawList& list, const Measures& m, const Stretch& s) {
    const double scale = static_cast<double>(m.width) / static_cast<double>(s.until - s.from);
    const Nanos step = ruler_step(static_cast<Nanos>(px(96) / scale) + 1);
    const TextStyle style{Face::mono, Size::small, theme().quiet};
    for (Nanos at = (s.from + step - 1) / step * step; at < s.until; at += step) {
        const auto x = static_cast<float>(m.left + static_cast<double>(at - s.from) * scale);
        list.AddLine({x, m.at.y + px(24)}, {x, m.strip_top - px(2)}, fade(theme().line, 0.6F));
        const std::string text = at == 0 ? "0" : format_span(at);
        const float own = measure(text, style).x;
        if (x + own + px(4) < m.left + m.width)
            draw_text(list, {x + px(4), m.at.y + px(8)}, text, style);
    }
}

// The author's captions, as small flags on the ruler.
void captions(ImDrawList& list, const View& view, const Measures& m, const Stretch& s) {
    for (const TimedAction& a : view.session->scenario().timeline) {
        if (a.kind != TimedAction::Kind::caption || a.at < s.from || a.at > s.until) continue;
        const auto x = static_cast<float>(m.left + static_cast<double>(a.at - s.from) * m.width /
                                                       static_cast<double>(s.until - s.from));
        const float y = m.at.y;   // above the ruler's words
        list.AddLine({x, y}, {x, m.top}, theme().running, px(1));
        list.AddTriangleFilled({x, y}, {x + px(9), y + px(4)}, {x, y + px(8)}, theme().running);
        tooltip_at({x - px(3), y - px(2)}, {x + px(10), y + px(12)},
                   language() == Lang::zh && !a.text_zh.empty() ? a.text_zh : a.text);
    }
}

void cursor_line(ImDrawList& list, const Measures& m, const Stretch& s, Nanos cursor) {
    if (cursor < s.from || cursor > s.until) return;
    const auto x =
        std::floor(static_cast<float>(m.left + static_cast<double>(cursor - s.from) * m.width /
                                                   static_cast<double>(s.until - s.from)));
    const ImU32 color = theme().moving;
    list.AddRectFilled({x - px(1), m.at.y + px(24)}, {x + px(1), m.strip_top - px(2)}, color);
    list.AddTriangleFilled({x - px(5), m.at.y + px(20)}, {x + px(5), m.at.y + px(20)},
                           {x, m.at.y + px(28)}, color);
}

// The slice under an instant, the topmost drawn first.
std::optional<Slice> topmost(const TraceIndex& index, const LaneRow& row, Nanos at, Nanos tolerance) {
    for (const LaneRowKind kind : {LaneRowKind::irq, LaneRowKind::softirq})
        for (const Nanos near : {at, at + tolerance, at - tolerance})
            if (const std::optional<Slice> s = index.at(row.key(), kind, near)) return s;
    if (row.kind == LaneRow::Kind::interrupts) return {};
    if (const std::optional<Slice> s = index.at(row.key(), LaneRowKind::syscall, at)) return s;
    return index.at(row.key(), LaneRowKind::state, at);
}

// The whole run in one thin strip, the visible stretch as a frame in it.
void strip(ImDrawList& list, const View& view, const Measures& m, const Stretch& s, Nanos end) {
    const float top = m.strip_top + px(7), bottom = top + px(12);
    const Nanos all = timeline_stretch({}, end).until;
    const auto x_of = [&](Nanos at) {
        return static_cast<float>(m.left +
                                  static_cast<double>(at) * m.width / static_cast<double>(all));
    };
    draw_text(list, {m.at.x + px(10), top - px(3)}, tr(Str::whole_run), quiet_text(Size::small));
    list.AddRectFilled({m.left, top}, {m.left + m.width, bottom}, fade(theme().sleeping, 0.2F),
                       px(2));
    LanePicture& picture = view.panels.timeline.strip;
    picture_lane(*view.index, LaneKey::cpu(0), {0, all, m.width, end}, 2, picture);
    const auto show = [&](float left, float right, float share) {
        if (share > 0)
            list.AddRectFilled({m.left + left, bottom - (bottom - top) * share},
                               {m.left + std::max(right, left + 1), bottom}, fade(theme().running, 0.6F));
    };
    for (const LanePicture::Fold& fold : picture.folds) show(fold.left, fold.right, fold.share[0]);
    for (const LaneBox& box : picture.boxes[0]) {
        const bool runs = picture.slices.state[box.first].kind == SK::running;
        show(box.left, box.right, box.count > 1 ? box.share[0] : runs ? 1.0F : 0.0F);
    }
    list.AddRect({x_of(s.from), top - px(3)}, {x_of(std::min(s.until, all)), bottom + px(3)},
                 theme().text, px(2), 0, px(1));
    const float x = x_of(view.session->time());
    list.AddRectFilled({x - px(1), top - px(3)}, {x + px(1), bottom + px(3)}, theme().moving);
}

void mouse(View& view, const Measures& m, const std::vector<LaneRow>& rows, const Stretch& s,
           Nanos end) {
    TimelineState& state = view.panels.timeline;
    const ImGuiIO& io = ImGui::GetIO();
    const bool hovered = ImGui::IsWindowHovered();
    const ImVec2 at = io.MousePos;
    if (timeline_drag(view, m, rows, s)) return;
    const double per_pixel = static_cast<double>(s.until - s.from) / m.width;
    const auto time_at = [&](float x) {
        return s.from + static_cast<Nanos>((x - m.left) * per_pixel);
    };
    const bool in_strip = at.y >= m.strip_top, in_names = at.x < m.left;
    const bool in_lanes = !in_names && at.y >= m.at.y + px(6) && !in_strip;
    if (hovered && io.MouseWheel != 0) {
        const float all = static_cast<float>(rows.size()) * m.lane_height;
        if (in_names || io.KeyCtrl)
            state.scroll = std::clamp(state.scroll - io.MouseWheel * m.lane_height * 2, 0.0F,
                                      std::max(all - m.lanes, 0.0F));
        else if (io.KeyShift)
            pan_timeline(state, -io.MouseWheel * 0.1, end);
        else
            zoom_timeline(state, std::pow(0.8, io.MouseWheel), time_at(at.x), end);
        view.animate();
    }
    if (hovered && io.MouseWheelH != 0) pan_timeline(state, -io.MouseWheelH * 0.1, end);
    if (hovered && ImGui::IsMouseClicked(0) && at.y > m.at.y + px(5)) {
        state.pressed = in_lanes;
        state.dragging = false;
        state.measuring = in_lanes && io.KeyShift;
        state.dragging_strip = in_strip && !in_names;
        state.press_x = at.x;
        state.press_from = s.from;
        state.press_until = s.until;
        const auto row = static_cast<std::size_t>((at.y - m.top + state.scroll) / m.lane_height);
        if (in_names && !in_strip && at.y > m.top && row < rows.size() && rows[row].task != kNoTask)
            view.ask(Command::Kind::select_task, rows[row].task);
    }
    if (state.dragging_strip && ImGui::IsMouseDown(0)) {
        const Nanos all = timeline_stretch({}, end).until;
        const auto centre = static_cast<double>(at.x - m.left) / m.width * static_cast<double>(all);
        const double middle = static_cast<double>(s.from + s.until) / 2;
        pan_timeline(state, (centre - middle) / static_cast<double>(s.until - s.from), end);
    }
    if (state.pressed && ImGui::IsMouseDown(0)) {
        if (std::abs(at.x - state.press_x) > px(4)) state.dragging = true;
        if (state.dragging && state.measuring) {
            const Nanos from = std::clamp<Nanos>(time_at(state.press_x), 0, end), until = std::clamp<Nanos>(time_at(at.x), 0, end);
            view.commands.push_back({Command::Kind::measure_between, from, std::to_string(until)});
        } else if (state.dragging) {
            const auto moved = static_cast<Nanos>((state.press_x - at.x) * per_pixel);
            state.from = state.press_from;
            state.until = state.press_until;
            pan_timeline(state, static_cast<double>(moved) / static_cast<double>(s.until - s.from),
                         end);
        }
    }
    if (ImGui::IsMouseReleased(0)) {
        if (state.pressed && !state.dragging)
            view.ask(Command::Kind::seek_time, std::clamp<Nanos>(time_at(at.x), 0, end));
        state.pressed = state.dragging = state.dragging_strip = state.measuring = false;
    }
}

void hover(View& view, const Measures& m, const std::vector<LaneRow>& rows, const Stretch& s,
           Nanos end) {
    const ImVec2 at = ImGui::GetIO().MousePos;
    if (at.x < m.left || at.x > m.left + m.width || at.y < m.top || at.y > m.top + m.lanes) return;
    const auto index =
        static_cast<std::size_t>((at.y - m.top + view.panels.timeline.scroll) / m.lane_height);
    if (index >= rows.size()) return;
    const double per_pixel = static_cast<double>(s.until - s.from) / m.width;
    const TimelinePlaces places{m, s, view.panels.timeline.scroll};
    const Nanos time = places.time(at.x);
    const LaneRow& row = rows[index];
    const float y = places.y(static_cast<int>(index));
    LanePicture& picture = view.panels.timeline.picture;
    picture_lane(*view.index, row.key(), {s.from, s.until, m.width, end}, kLeastLaneBox, picture);
    if (const LanePicture::Fold* fold = picture.fold_at(time)) {
        tooltip_at({std::min(m.left + fold->left, at.x - 1), y},
                   {std::max(m.left + fold->right, at.x + 1), y + m.lane_height}, fold_facts(*fold));
        return;
    }
    const std::optional<Slice> slice = topmost(*view.index, row, time, static_cast<Nanos>(per_pixel * 2));
    if (!slice) return;
    const float left = places.x(std::max(slice->begin, s.from));
    const float right = places.x(std::min(slice->end == kNever ? end : slice->end, s.until));
    tooltip_at({std::min(left, at.x - 1), y}, {std::max(right, at.x + 1), y + m.lane_height},
               slice_facts(view.session->frontier(), *slice, end));
}

// The stretch follows the cursor when that leaves it, and only then.
void follow_cursor(TimelineState& state, Nanos cursor, Nanos end) {
    if (cursor == state.last_cursor) return;
    state.last_cursor = cursor;
    const Stretch s = timeline_stretch(state, end);
    if (cursor >= s.from && cursor < s.until) return;
    const double middle = static_cast<double>(s.from + s.until) / 2;
    pan_timeline(
        state, (static_cast<double>(cursor) - middle) / static_cast<double>(s.until - s.from), end);
}

}  // namespace

void draw_timeline(View& view) {
    if (!view.session || !view.index) {
        section_title(tr(Str::panel_timeline));
        empty_state({}, tr(Str::empty_timeline_hint));
        return;
    }
    TimelineState& state = view.panels.timeline;
    const Kernel& k = view.session->frontier();
    const Nanos end = std::max<Nanos>(k.now(), 1);
    follow_cursor(state, view.session->time(), end);
    const Measures m = timeline_measures();
    const std::vector<LaneRow>& rows = lane_rows(view);
    mouse(view, m, rows, timeline_stretch(state, end), end);
    const Stretch s = timeline_stretch(state, end);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    draw_text(list, {m.at.x + px(10), m.at.y + px(6)}, tr(Str::panel_timeline),
              {Face::strong, Size::base, theme().quiet});
    ruler(list, m, s);
    const float all = static_cast<float>(rows.size()) * m.lane_height;
    state.scroll = std::clamp(state.scroll, 0.0F, std::max(all - m.lanes, 0.0F));
    list.PushClipRect({m.at.x, m.top}, {m.at.x + m.size.x, m.top + m.lanes}, true);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const float y = m.top + static_cast<float>(i) * m.lane_height - state.scroll;
        if (y + m.lane_height < m.top || y > m.top + m.lanes) continue;
        if (rows[i].task != kNoTask && rows[i].task == view.state.selected_task)
            list.AddRectFilled({m.at.x, y}, {m.at.x + m.size.x, y + m.lane_height},
                               fade(theme().selected, 0.6F));
        fit_at(list, {m.at.x + px(10), y + px(2)}, m.names - px(16), lane_name(view, rows[i]),
               {Face::text, Size::small, 0});
        list.AddLine({m.at.x, y + m.lane_height - 1}, {m.at.x + m.size.x, y + m.lane_height - 1},
                     fade(theme().line, 0.5F));
        list.PushClipRect({m.left, y}, {m.left + m.width, y + m.lane_height}, true);
        picture_lane(*view.index, rows[i].key(), {s.from, s.until, m.width, end}, kLeastLaneBox, state.picture);
        paint_lane(list, k, rows[i], state.picture, m.left, y, m.lane_height - 1);
        draw_ghost_lane(list, view, rows[i], state.picture, m, s, y);
        list.PopClipRect();
    }
    list.PopClipRect();
    if (all > m.lanes && m.lanes > 0) {
        const float x = m.at.x + m.size.x - px(6), tall = std::max(m.lanes * m.lanes / all, px(16));
        const float y = m.top + (m.lanes - tall) * state.scroll / (all - m.lanes);
        list.AddRectFilled({x, y}, {x + px(4), y + tall}, theme().line, px(2));
    }
    draw_timeline_marks(list, view, {m, s, state.scroll});
    strip(list, view, m, s, end);
    captions(list, view, m, s);
    cursor_line(list, m, s, view.session->time());
    hover(view, m, rows, s, end);
    draw_timeline_drag(list, view, m, rows, s);
}

void dump_timeline(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.index) return;
    const Nanos end = std::max<Nanos>(view.session->frontier().now(), 1);
    const Stretch s = timeline_stretch(view.panels.timeline, end);
    out["from_ns"] = s.from;
    out["until_ns"] = s.until;
    out["cursor_ns"] = view.session->time();
    dump_timeline_marks(view, out);
    out["records"] = view.index->records();
    out["index_bytes"] = view.index->bytes();
    nlohmann::json& lanes = out["lanes"] = nlohmann::json::array();
    LanePicture picture;
    for (const LaneRow& row : lane_rows(view)) {
        nlohmann::json lane{{"name", lane_name(view, row)}};
        if (row.task != kNoTask) lane["pid"] = view.session->frontier().tasks[row.task].pid;
        // The state at the cursor, and how much there is in the stretch.
        if (row.kind != LaneRow::Kind::interrupts)
            if (const auto at = view.index->at(row.key(), LaneRowKind::state, view.session->time()))
                lane["at_cursor"] = slice_kind_name(at->kind);
        picture_lane(*view.index, row.key(), {s.from, s.until, 1000, end}, kLeastLaneBox, picture);
        lane["boxes"] = picture.boxes[0].size() + picture.folds.size();
        lane["folds"] = picture.folds.size();
        lane["slices"] = picture.slices.state.size();
        lane["irqs"] = picture.slices.irq.size();
        lane["softirqs"] = picture.slices.softirq.size();
        lane["syscalls"] = picture.slices.syscall.size();
        const LaneTimes before = view.index->times_before(row.key(), s.from, end);
        const LaneTimes after = view.index->times_before(row.key(), s.until, end);
        for (std::size_t kind = 0; kind < before.size(); ++kind)
            if (after[kind] > before[kind])
                lane["ns"][slice_kind_name(static_cast<SK>(kind))] = after[kind] - before[kind];
        lanes.push_back(std::move(lane));
    }
}

}  // namespace sy::gui
