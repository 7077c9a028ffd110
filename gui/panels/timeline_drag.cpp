// Dragging, dropping, and the ghost.
#include "gui/panels/timeline_drag.h"

#include <algorithm>
#include <cmath>

#include "gui/app/editor.h"
#include "gui/model/task_source.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/scenario/edit.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

using Drag = TimelineDrag::Kind;
constexpr float kNear = 5;   // pixels from an edge that can be taken

bool is_pending(const View& view) { return view.editor.doc.text() != view.document.source; }

const LaneRow* row_under(const TimelineMeasures& m, const std::vector<LaneRow>& rows, float scroll, ImVec2 mouse) {
    if (mouse.x < m.at.x || mouse.x > m.left + m.width || mouse.y < m.top || mouse.y > m.top + m.lanes) return nullptr;
    const auto i = static_cast<std::size_t>((mouse.y - m.top + scroll) / m.lane_height);
    return i < rows.size() ? &rows[i] : nullptr;
}

// What can be taken hold of under the mouse.
TimelineDrag handle_at(const View& view, const LaneRow& row, const TimelinePlaces& places, float x) {
    TimelineDrag drag;
    std::size_t process = 0;
    int thread = -1;
    const Kernel& k = view.session->frontier();
    if (row.kind != LaneRow::Kind::task || !find_decl(k, row.task, process, thread)) return drag;
    drag.task = row.task;
    const Nanos arrival = k.tasks[row.task].arrival;
    const float near = px(kNear);
    if (thread < 0 && arrival >= 0 && std::abs(places.x(arrival) - x) <= near && !view.document.scenario.processes[process].kernel_thread) {
        drag.kind = Drag::arrival;
        drag.from = drag.to = arrival;
        return drag;
    }
    for (const float side : {-near, 0.0F}) {
        const auto slice = view.index->at(row.key(), LaneRowKind::state, places.time(x + side));
        if (!slice || slice->kind != Slice::Kind::running || slice->end == kNever) continue;
        if (std::abs(places.x(slice->end) - x) > near || places.x(slice->end) - places.x(slice->begin) < 3 * near) continue;
        drag.kind = Drag::burst;
        drag.from = drag.to = slice->end;
        drag.begin = slice->begin;
        return drag;
    }
    return drag;
}

void drop(View& view, const TimelineDrag& drag) {
    const Scenario& scenario = view.document.scenario;
    const std::string& text = view.document.source;
    std::size_t process = 0;
    int thread = -1;
    std::optional<TextEdit> edit;
    if (drag.from == drag.to || !find_decl(view.session->frontier(), drag.task, process, thread)) return;
    if (drag.kind == Drag::arrival) {
        edit = edit_arrival(text, scenario, process, drag.from, drag.to);
    } else if (const Stmt* run = burst_at(view.session->now(), drag.task, scenario, process, thread)) {
        const Nanos was = run->time.kind == Dist::Kind::fixed ? run->time.a : drag.from - drag.begin;
        edit = edit_burst(text, scenario, run->pos, std::max<Nanos>(was + drag.to - drag.from, 0));
    }
    if (edit) view.commands.push_back({Command::Kind::run_text, 0, apply_edit(text, *edit)});
    else view.ask(Command::Kind::edit_refused);
}

Nanos rounded(Nanos at, const TimelinePlaces& places) {
    const Nanos step = ruler_step((places.s.until - places.s.from) / 400 + 1);
    return std::max<Nanos>(0, (at + step / 2) / step * step);
}

bool drag_on(View& view, const TimelinePlaces& places, float x) {
    TimelineDrag& drag = view.editor.drag;
    if (drag.kind == Drag::none) return false;
    ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
    if (ImGui::IsMouseDown(0)) {
        if (std::abs(x - drag.press) > px(3)) drag.moved = true;
        if (drag.moved) drag.to = rounded(places.time(x), places);
        return true;
    }
    if (drag.moved) drop(view, drag);
    drag = {};
    return true;
}

bool drop_device(View& view, const TimelinePlaces& places, const LaneRow* row, float x) {
    std::string& device = view.editor.drag_device;
    if (device.empty()) return false;
    view.animate();
    if (ImGui::IsMouseDown(0)) return true;
    if (row != nullptr && x >= places.m.left && !is_pending(view)) {
        const std::string& text = view.document.source;
        view.commands.push_back({Command::Kind::run_text, 0,
                                 apply_edit(text, edit_timed_line(text, view.document.scenario, rounded(places.time(x), places), "irq " + device))});
    }
    device.clear();
    return true;
}

// The same lane of the former run.
bool ghost_key(const View& view, const LaneRow& row, LaneKey& key) {
    const GhostRun& ghost = view.editor.ghost;
    key = row.key();
    if (row.kind != LaneRow::Kind::task) return row.cpu < ghost.index->cpus();
    const Pid pid = view.session->frontier().tasks[row.task].pid;
    const Kernel& k = ghost.session->frontier();
    for (TaskId id = 0; id < k.tasks.size() && id < ghost.index->tasks(); ++id)
        if (k.tasks[id].pid == pid && !ghost.index->is_idle(id)) {
            key = LaneKey::task(id);
            return true;
        }
    return false;
}

float eased(double t) { return static_cast<float>(t * t * (3 - 2 * t)); }

struct Bar {
    float left, right;
};
std::vector<Bar> running_bars(const LanePicture& picture) {
    std::vector<Bar> bars;
    for (const LaneBox& box : picture.boxes[0])
        if (picture.slices.state[box.first].kind == Slice::Kind::running && bars.size() < 400) bars.push_back({box.left, box.right});
    return bars;
}

// Each box on its way from where it was to where it is.
void morph(ImDrawList& list, const LanePicture& before, const LanePicture& now, float x, float y, float height, float t) {
    const std::vector<Bar> a = running_bars(before), b = running_bars(now);
    list.AddRectFilled({x, y}, {x + px(8'000), y + height}, theme().panel);
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const Bar from = i < a.size() ? a[i] : b[i], to = i < b.size() ? b[i] : a[i];
        const float shown = i >= a.size() ? t : i >= b.size() ? 1 - t : 1;
        const float left = from.left + (to.left - from.left) * t, right = from.right + (to.right - from.right) * t;
        list.AddRectFilled({x + left, y + px(2)}, {x + std::max(right, left + 1), y + height - px(2)}, fade(theme().running, shown), px(2));
    }
}

}  // namespace

bool timeline_drag(View& view, const TimelineMeasures& m, const std::vector<LaneRow>& rows, const Stretch& s) {
    const ImGuiIO& io = ImGui::GetIO();
    const TimelinePlaces places{m, s, view.panels.timeline.scroll};
    const LaneRow* row = row_under(m, rows, view.panels.timeline.scroll, io.MousePos);
    if (drop_device(view, places, row, io.MousePos.x) || drag_on(view, places, io.MousePos.x)) return true;
    if (row == nullptr || row->task == kNoTask || !ImGui::IsWindowHovered()) return false;
    if (io.MouseWheel != 0 && io.KeyAlt) {
        view.ask(Command::Kind::select_task, row->task);
        view.ask(io.MouseWheel > 0 ? Command::Kind::nice_down : Command::Kind::nice_up);
        return true;
    }
    if (io.MousePos.x < m.left - px(kNear) || is_pending(view)) return false;
    TimelineDrag drag = handle_at(view, *row, places, io.MousePos.x);
    if (drag.kind == Drag::none) return false;
    ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
    const float at = places.x(drag.from), y = places.y(static_cast<int>(row - rows.data()));
    tooltip_at({at - px(kNear), y}, {at + px(kNear), y + m.lane_height},
               tr(drag.kind == Drag::arrival ? Str::editor_drag_tip_arrival : Str::editor_drag_tip_burst));
    if (!ImGui::IsMouseClicked(0)) return false;
    drag.press = io.MousePos.x;
    view.editor.drag = drag;
    view.ask(Command::Kind::select_task, drag.task);
    if (drag.kind == Drag::burst) {
        // To where the program still computes: before the system call that the burst ends in.
        const auto call = view.index->at(LaneKey::task(drag.task), LaneRowKind::syscall, drag.from - 1);
        view.ask(Command::Kind::seek_time, std::max(drag.begin, (call ? call->begin : drag.from) - 1));
    }
    return true;
}

void draw_timeline_drag(ImDrawList& list, View& view, const TimelineMeasures& m, const std::vector<LaneRow>& rows, const Stretch& s) {
    const TimelineDrag& drag = view.editor.drag;
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const TimelinePlaces places{m, s, view.panels.timeline.scroll};
    std::string words;
    float x = mouse.x, y = mouse.y - m.lane_height / 2;
    if (drag.kind != Drag::none && drag.moved) {
        const int row = row_of_task(view, drag.task);
        if (row < 0) return;
        x = places.x(drag.to);
        y = places.y(row);
        const Nanos length = drag.to - drag.begin;
        words = drag.kind == Drag::arrival ? tr(Str::editor_drag_arrival, {format_time(drag.to)}) : tr(Str::editor_drag_burst, {format_span(std::max<Nanos>(length, 0))});
        list.AddRectFilled({std::min(x, places.x(drag.from)), y + px(2)}, {std::max(x, places.x(drag.from)), y + m.lane_height - px(3)}, fade(theme().moving, 0.35F));
        list.AddRectFilled({x - px(1), y}, {x + px(1), y + m.lane_height}, theme().moving);
    } else if (!view.editor.drag_device.empty()) {
        words = "▲ " + view.editor.drag_device;
        if (row_under(m, rows, view.panels.timeline.scroll, mouse) != nullptr && x >= m.left)
            words += "  " + format_time(rounded(places.time(x), places));
    }
    if (words.empty()) return;
    ImDrawList& over = *ImGui::GetForegroundDrawList();
    const TextStyle style{Face::text, Size::small, 0};
    const float width = measure(words, style).x, left = std::min(x + px(8), m.left + m.width - width - px(12));
    over.AddRectFilled({left - px(6), y - px(2)}, {left + width + px(6), y + line_height(style) + px(2)}, theme().selected, px(4));
    draw_text(over, {left, y}, words, style);
}

void draw_ghost_lane(ImDrawList& list, const View& view, const LaneRow& row, const LanePicture& picture,
                     const TimelineMeasures& m, const Stretch& s, float y) {
    const GhostRun& ghost = view.editor.ghost;
    LaneKey key = row.key();
    if (!ghost.session || !ghost.index || row.kind == LaneRow::Kind::interrupts || !ghost_key(view, row, key)) return;
    LanePicture before;
    picture_lane(*ghost.index, key, {s.from, s.until, m.width, ghost.session->frontier().now()}, kLeastLaneBox, before);
    const double t = (view.now - ghost.since) / kMorph;
    if (t < 1 && !view.state.reduced_motion) {
        morph(list, before, picture, m.left, y, m.lane_height - 1, eased(std::clamp(t, 0.0, 1.0)));
        return;
    }
    // A thin lane at the foot; bright where it was not as it is now.
    const float foot = y + m.lane_height - px(2), top = foot - px(4);
    const double scale = static_cast<double>(s.until - s.from) / m.width;
    const auto pid = [](const Session& session, const Slice& slice) { return session.frontier().tasks[slice.task].pid; };
    list.AddRectFilled({m.left, top - px(1)}, {m.left + m.width, foot}, theme().panel);
    for (const LanePicture::Fold& fold : before.folds) list.AddRectFilled({m.left + fold.left, top}, {m.left + fold.right, foot}, fade(theme().quiet, 0.4F));
    for (const LaneBox& box : before.boxes[0]) {
        const Slice& slice = before.slices.state[box.first];
        if (slice.kind != Slice::Kind::running && slice.kind != Slice::Kind::runnable) continue;
        const Nanos middle = s.from + static_cast<Nanos>((box.left + box.right) / 2 * scale);
        const auto now = view.index->at(row.key(), LaneRowKind::state, middle);
        const bool same = now && now->kind == slice.kind && pid(*view.session, *now) == pid(*ghost.session, slice);
        const ImU32 color = !same ? theme().moving : slice.kind == Slice::Kind::running ? fade(theme().running, 0.6F) : fade(theme().runnable, 0.6F);
        const float inset = slice.kind == Slice::Kind::runnable ? px(1) : 0;
        list.AddRectFilled({m.left + box.left, top + inset}, {m.left + std::max(box.right - 1, box.left + 1), foot - inset}, color);
    }
}

}  // namespace sy::gui
