// The timeline: a lane for each CPU and each task, the cursor one line through them all. Running is
// a full bar, runnable half a bar (it waits, so it is thin), sleeping a dark track with the reason
// in it; interrupts, softirqs and system calls are drawn over. What is too narrow to be told apart
// is folded into one box whose heights are shares of time.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/lane_layout.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"
#include "sim/trace/slices.h"

namespace sy::gui {
namespace {

using SK = Slice::Kind;
constexpr float kLeast = 3;  // pixels; narrower slices fold

struct LaneRow {
    enum class Kind : std::uint8_t { cpu, task, interrupts } kind = Kind::cpu;
    CpuId cpu = 0;
    TaskId task = kNoTask;
    const Lane* lane = nullptr;
};

bool has_acted(const Lane& lane) {
    return lane.state.size() > 1 ||
           (!lane.state.empty() && lane.state.front().kind != SK::sleeping);
}

std::vector<LaneRow> lane_rows(const View& view) {
    const Timeline& timeline = *view.timeline;
    const Kernel& k = view.session->frontier();
    std::vector<LaneRow> rows;
    for (CpuId c = 0; c < timeline.cpus(); ++c)
        rows.push_back({LaneRow::Kind::cpu, c, kNoTask, &timeline.cpu(c)});
    for (const bool kernel_threads : {false, true})
        for (TaskId id = 0; id < timeline.tasks() && id < k.tasks.size(); ++id) {
            if (is_idle(k, id) || k.tasks[id].is_kthread() != kernel_threads) continue;
            if (has_acted(timeline.task(id)))
                rows.push_back({LaneRow::Kind::task, 0, id, &timeline.task(id)});
        }
    for (CpuId c = 0; c < timeline.cpus() && timeline.cpus() <= 4; ++c)
        rows.push_back({LaneRow::Kind::interrupts, c, kNoTask, &timeline.cpu(c)});
    return rows;
}

std::string lane_name(const View& view, const LaneRow& row) {
    const Kernel& k = view.session->frontier();
    switch (row.kind) {
        case LaneRow::Kind::cpu:
            return "CPU " + std::to_string(row.cpu);
        case LaneRow::Kind::task:
            return task_name(k, row.task) + " " + std::to_string(k.tasks[row.task].pid);
        case LaneRow::Kind::interrupts:
            break;
    }
    if (k.cpus.size() == 1) return std::string(tr(Str::lane_interrupts));
    return tr(Str::lane_interrupts_on, {std::to_string(row.cpu)});
}

// --- words ---

std::string irq_text(const Kernel& k, std::uint16_t reason) {
    if (reason == kTimerVector) return std::string(tr(Str::slice_timer));
    if (reason == kRescheduleVector) return "reschedule";
    for (std::size_t d = 0; d < k.image().scenario.devices.size(); ++d)
        if (k.image().scenario.devices[d].irq == reason) return k.image().scenario.devices[d].name;
    return "irq " + std::to_string(reason);
}

std::string slice_text(const Kernel& k, const Slice& s) {
    switch (s.kind) {
        case SK::running:
            return tr(Str::slice_running, {task_name(k, s.task), std::to_string(s.cpu)});
        case SK::runnable:
            return tr(Str::slice_runnable, {task_name(k, s.task)});
        case SK::sleeping:
            return s.reason == Slice::kNoReason
                       ? tr(Str::slice_sleeping, {task_name(k, s.task)})
                       : tr(Str::slice_sleeping_in, {task_name(k, s.task), syscall_name(s.reason)});
        case SK::idle:
            return tr(Str::slice_idle, {std::to_string(s.cpu)});
        case SK::syscall:
            return tr(Str::slice_syscall, {syscall_name(s.reason), task_name(k, s.task)});
        case SK::softirq:
            return tr(Str::slice_softirq, {softirq_name(s.reason)});
        case SK::irq:
            return tr(Str::slice_irq, {irq_text(k, s.reason)});
    }
    return {};
}

std::string facts(const Kernel& k, const Slice& s, Nanos now) {
    const Nanos end = s.end == kNever ? now : s.end;
    return slice_text(k, s) + "\n" + format_time(s.begin) + " – " + format_time(end) + "\n" +
           format_span(end - s.begin);
}

ImU32 slice_color(SK kind) {
    const Theme& t = theme();
    switch (kind) {
        case SK::running:
            return t.running;
        case SK::runnable:
            return t.runnable;
        case SK::sleeping:
            return fade(t.sleeping, 0.35F);
        case SK::idle:
            return fade(t.sleeping, 0.22F);
        case SK::syscall:
            return t.syscall;
        case SK::softirq:
            return t.softirq;
        case SK::irq:
            return t.irq;
    }
    return t.line;
}

// --- painting ---

struct LanePainter {
    ImDrawList& list;
    const Kernel& kernel;
    LaneWindow window;
    float x, y, height;
    TaskId selected;

    void bar(float left, float right, float top, float bottom, ImU32 color) const {
        list.AddRectFilled({x + left, top}, {x + std::max(right, left + 1), bottom}, color,
                           right - left > px(6) ? px(2) : 0);
    }

    void text(float left, float right, std::string_view words, ImU32 color) const {
        const TextStyle style{Face::text, Size::small, color};
        const float room = right - left - px(8);
        if (measure(words, style).x > room) return;
        draw_text(list, {x + left + px(5), y + (height - line_height(style)) / 2}, words, style);
    }

    // A folded box: the share of each kind as height, the tallest meaning at the bottom.
    void folded(const LaneBox& box) const {
        const float top = y + px(2), bottom = y + height - px(2);
        bar(box.left, box.right, top, bottom, fade(theme().sleeping, 0.35F));
        float at = bottom;
        for (const SK kind : {SK::running, SK::runnable}) {
            const float tall =
                (bottom - top) * std::min(box.share[static_cast<std::size_t>(kind)], 1.0F);
            if (tall > 0.5F) bar(box.left, box.right, at - tall, at, slice_color(kind));
            at -= tall;
        }
    }

    void state(const LaneRow& row) const {
        for (const LaneBox& box : layout_lane(row.lane->state, window, kLeast)) {
            if (box.count > 1) {
                folded(box);
                continue;
            }
            const Slice& s = row.lane->state[box.first];
            const float middle = y + height / 2;
            switch (s.kind) {
                case SK::running: {
                    const float inset = box.right - box.left > 3 ? 1 : 0;  // neighbours stay apart
                    bar(box.left, box.right - inset, y + px(2), y + height - px(2),
                        theme().running);
                    if (row.kind == LaneRow::Kind::cpu) name_on_bar(box, s);
                    break;
                }
                case SK::runnable:
                    bar(box.left, box.right, middle - px(3), middle + px(3), theme().runnable);
                    break;
                case SK::sleeping:
                    bar(box.left, box.right, y + px(3), y + height - px(3),
                        slice_color(SK::sleeping));
                    text(box.left, box.right,
                         s.reason == Slice::kNoReason ? std::string(1, s.letter)
                                                      : syscall_name(s.reason),
                         theme().quiet);
                    break;
                default:
                    bar(box.left, box.right, y + px(3), y + height - px(3), slice_color(s.kind));
                    if (s.kind == SK::idle)
                        text(box.left, box.right, tr(Str::lane_idle), theme().quiet);
                    break;
            }
        }
    }

    void name_on_bar(const LaneBox& box, const Slice& s) const {
        const std::string pid = std::to_string(kernel.tasks[s.task].pid);
        const std::string name = task_name(kernel, s.task);
        const TextStyle style{Face::text, Size::small, 0};
        const float room = box.right - box.left - px(8);
        const std::string both = pid + " " + name;
        for (const std::string_view words :
             {std::string_view(both), std::string_view(name), std::string_view(pid)})
            if (measure(words, style).x <= room) {
                text(box.left, box.right, words, theme().on_state);
                break;
            }
    }

    // Kernel mode: the upper part of the bar, hatched.
    void syscalls(const LaneRow& row) const {
        const float top = y + px(2), bottom = y + std::floor(height * 0.42F);
        for (const LaneBox& box : layout_lane(row.lane->syscall, window, kLeast)) {
            const float share =
                box.count > 1 ? box.share[static_cast<std::size_t>(SK::syscall)] : 1;
            if (share < 0.02F) continue;
            const float low = top + (bottom - top) * share;
            bar(box.left, box.right, top, low, theme().syscall);
            if (box.count > 1 || box.right - box.left < px(6)) continue;
            list.PushClipRect({x + box.left, top}, {x + box.right, low}, true);
            for (float at = box.left - (low - top); at < box.right; at += px(5))
                list.AddLine({x + at, low}, {x + at + (low - top), top},
                             fade(theme().ground, 0.45F), px(1));
            list.PopClipRect();
        }
    }

    void marks(const std::vector<Slice>& slices, SK kind, float top, float bottom) const {
        const ImU32 color = slice_color(kind);
        for (const LaneBox& box : layout_lane(slices, window, kLeast)) {
            const float share =
                box.count > 1 ? std::max(box.share[static_cast<std::size_t>(kind)], 0.3F) : 1;
            const float least = px(2);
            const float right = std::max(box.right, box.left + least);
            bar(box.left, right, bottom - (bottom - top) * share, bottom, color);
            if (box.count > 1 || right - box.left < px(12)) continue;
            const std::string_view glyph = kind == SK::irq ? "▲" : "◆";
            const TextStyle style{Face::text, Size::small, theme().on_state};
            draw_text(list, {x + box.left + px(2), (top + bottom - line_height(style)) / 2}, glyph,
                      style);
        }
    }

    void draw(const LaneRow& row) const {
        const float top = y + px(2), bottom = y + height - px(2);
        if (row.kind != LaneRow::Kind::interrupts) {
            state(row);
            syscalls(row);
        }
        marks(row.lane->softirq, SK::softirq, top, bottom);
        marks(row.lane->irq, SK::irq, top, bottom);
    }
};

// The slice under an instant, the topmost drawn first.
const Slice* topmost(const LaneRow& row, Nanos at, Nanos tolerance) {
    const auto near = [&](const std::vector<Slice>& slices) -> const Slice* {
        if (const Slice* s = slice_at(slices, at)) return s;
        if (const Slice* s = slice_at(slices, at + tolerance)) return s;
        return slice_at(slices, at - tolerance);
    };
    if (const Slice* s = near(row.lane->irq)) return s;
    if (const Slice* s = near(row.lane->softirq)) return s;
    if (row.kind == LaneRow::Kind::interrupts) return nullptr;
    if (const Slice* s = slice_at(row.lane->syscall, at)) return s;
    return slice_at(row.lane->state, at);
}

struct Measures {
    ImVec2 at, size;
    float names, left, width, top, lanes, strip_top, lane_height;
};

Measures measures_of() {
    Measures m;
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
    for (const LaneBox& box : layout_lane(view.timeline->cpu(0).state, {0, all, m.width, end}, 2)) {
        const Slice& first = view.timeline->cpu(0).state[box.first];
        const float share = box.count > 1 ? box.share[0] : first.kind == SK::running ? 1.0F : 0.0F;
        if (share > 0)
            list.AddRectFilled({m.left + box.left, bottom - (bottom - top) * share},
                               {m.left + std::max(box.right, box.left + 1), bottom},
                               fade(theme().running, 0.6F));
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
        if (state.dragging) {
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
        state.pressed = state.dragging = state.dragging_strip = false;
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
    const Nanos time = s.from + static_cast<Nanos>((at.x - m.left) * per_pixel);
    const Slice* slice = topmost(rows[index], time, static_cast<Nanos>(per_pixel * 2));
    if (slice == nullptr) return;
    const float y = m.top + static_cast<float>(index) * m.lane_height - view.panels.timeline.scroll;
    const auto x_of = [&](Nanos t) {
        const Nanos inside = std::clamp(t, s.from, s.until);
        return static_cast<float>(m.left + static_cast<double>(inside - s.from) / per_pixel);
    };
    const float left = x_of(slice->begin), right = x_of(slice->end == kNever ? end : slice->end);
    tooltip_at({std::min(left, at.x - 1), y}, {std::max(right, at.x + 1), y + m.lane_height},
               facts(view.session->frontier(), *slice, end));
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
    if (!view.session || !view.timeline) {
        section_title(tr(Str::panel_timeline));
        empty_state({}, tr(Str::empty_timeline_hint));
        return;
    }
    TimelineState& state = view.panels.timeline;
    const Kernel& k = view.session->frontier();
    const Nanos end = std::max<Nanos>(k.now(), 1);
    follow_cursor(state, view.session->time(), end);
    const Measures m = measures_of();
    const std::vector<LaneRow> rows = lane_rows(view);
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
        LanePainter{list,
                    k,
                    {s.from, s.until, m.width, end},
                    m.left,
                    y,
                    m.lane_height - 1,
                    view.state.selected_task}
            .draw(rows[i]);
        list.PopClipRect();
    }
    list.PopClipRect();
    if (all > m.lanes && m.lanes > 0) {
        const float x = m.at.x + m.size.x - px(6), tall = std::max(m.lanes * m.lanes / all, px(16));
        const float y = m.top + (m.lanes - tall) * state.scroll / (all - m.lanes);
        list.AddRectFilled({x, y}, {x + px(4), y + tall}, theme().line, px(2));
    }
    strip(list, view, m, s, end);
    captions(list, view, m, s);
    cursor_line(list, m, s, view.session->time());
    hover(view, m, rows, s, end);
}

void dump_timeline(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.timeline) return;
    const Nanos end = std::max<Nanos>(view.session->frontier().now(), 1);
    const Stretch s = timeline_stretch(view.panels.timeline, end);
    out["from_ns"] = s.from;
    out["until_ns"] = s.until;
    out["cursor_ns"] = view.session->time();
    constexpr std::array kinds = {"running", "runnable", "sleeping", "idle",
                                  "syscall", "softirq",  "irq"};
    nlohmann::json& lanes = out["lanes"] = nlohmann::json::array();
    for (const LaneRow& row : lane_rows(view)) {
        nlohmann::json lane{{"name", lane_name(view, row)}};
        if (row.task != kNoTask) lane["pid"] = view.session->frontier().tasks[row.task].pid;
        // The state at the cursor, and how much there is in the stretch.
        if (row.kind != LaneRow::Kind::interrupts)
            if (const Slice* at = slice_at(row.lane->state, view.session->time()))
                lane["at_cursor"] = kinds[static_cast<std::size_t>(at->kind)];
        const LaneWindow window{s.from, s.until, 1000, end};
        lane["boxes"] = layout_lane(row.lane->state, window, kLeast).size();
        lane["slices"] = row.lane->state.size();
        lane["irqs"] = row.lane->irq.size();
        lane["softirqs"] = row.lane->softirq.size();
        lane["syscalls"] = row.lane->syscall.size();
        lanes.push_back(std::move(lane));
    }
}

}  // namespace sy::gui
