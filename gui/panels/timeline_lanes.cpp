// The lanes of the timeline: which there are, what they are called, how one is painted. What is too
// narrow to be told apart is one box whose heights are shares of time.
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/model/facts.h"
#include "gui/model/lane_words.h"
#include "gui/panels/timeline_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {

using SK = Slice::Kind;

const std::vector<LaneRow>& lane_rows(const View& view) {
    if (!view.panels.timeline.rows) view.panels.timeline.rows = std::make_shared<LaneRowsCache>();
    LaneRowsCache& cache = *view.panels.timeline.rows;
    const TraceIndex& index = *view.index;
    if (cache.index == &index && cache.records == index.records()) return cache.rows;
    const Kernel& k = view.session->frontier();
    cache.index = &index;
    cache.records = index.records();
    std::vector<LaneRow>& rows = cache.rows;
    rows.clear();
    for (std::size_t c = 0; c < index.cpus(); ++c)
        rows.push_back({LaneRow::Kind::cpu, static_cast<CpuId>(c), kNoTask});
    for (const bool kernel_threads : {false, true})
        for (TaskId id = 0; id < index.tasks() && id < k.tasks.size(); ++id) {
            if (index.is_idle(id) || !index.has_acted(LaneKey::task(id))) continue;
            if (k.tasks[id].is_kthread() == kernel_threads) rows.push_back({LaneRow::Kind::task, 0, id});
        }
    for (std::size_t c = 0; c < index.cpus() && index.cpus() <= 4; ++c)
        rows.push_back({LaneRow::Kind::interrupts, static_cast<CpuId>(c), kNoTask});
    return rows;
}

int row_of_task(const View& view, TaskId task) {
    const std::vector<LaneRow>& rows = lane_rows(view);
    const auto it = std::find_if(rows.begin(), rows.end(), [&](const LaneRow& r) { return r.kind == LaneRow::Kind::task && r.task == task; });
    return it == rows.end() ? -1 : static_cast<int>(it - rows.begin());
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

namespace {

struct LanePainter {
    ImDrawList& list;
    const Kernel& kernel;
    const LanePicture& picture;
    float x, y, height;

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
    void folded(float left, float right, const std::array<float, kSliceKinds>& share) const {
        const float top = y + px(2), bottom = y + height - px(2);
        const auto part = [&](SK kind) { return std::min(share[static_cast<std::size_t>(kind)], 1.0F); };
        right = std::max(right, left + 1);
        const auto plain = [&](float from, float to, ImU32 color) {
            list.AddRectFilled({x + left, from}, {x + right, to}, color);
        };
        if (part(SK::sleeping) + part(SK::idle) > 0.01F) plain(top, bottom, fade(theme().sleeping, 0.35F));
        float at = bottom;
        for (const SK kind : {SK::running, SK::runnable}) {
            const float tall = (bottom - top) * part(kind);
            if (tall > 0.5F) plain(at - tall, at, slice_color(kind));
            at -= tall;
        }
    }

    // A fold of everything on the lane.
    void fold(const LanePicture::Fold& f, bool states) const {
        const float top = y + px(2), bottom = y + height - px(2);
        const float right = std::max(f.right, f.left + 1);
        if (states) {
            folded(f.left, f.right, f.share);
            const float tall = (std::floor(height * 0.42F) - px(2)) * f.share[static_cast<std::size_t>(SK::syscall)];
            if (tall > 0.5F) list.AddRectFilled({x + f.left, top}, {x + right, top + tall}, theme().syscall);
        }
        for (const SK kind : {SK::softirq, SK::irq}) {
            const float share = f.share[static_cast<std::size_t>(kind)];
            if (share <= 0) continue;
            const float tall = std::max((bottom - top) * share, px(2));   // never too small to be seen
            list.AddRectFilled({x + f.left, bottom - tall}, {x + right, bottom}, slice_color(kind));
        }
    }

    void state(const LaneRow& row) const {
        for (const LaneBox& box : picture.boxes[0]) {
            if (box.count > 1) {
                folded(box.left, box.right, box.share);
                continue;
            }
            const Slice& s = picture.slices.state[box.first];
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
    void syscalls() const {
        const float top = y + px(2), bottom = y + std::floor(height * 0.42F);
        for (const LaneBox& box : picture.boxes[1]) {
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

    void marks(const std::vector<LaneBox>& boxes, SK kind, float top, float bottom) const {
        const ImU32 color = slice_color(kind);
        for (const LaneBox& box : boxes) {
            const float share =
                box.count > 1 ? std::max(box.share[static_cast<std::size_t>(kind)], 0.1F) : 1;
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
        const bool states = row.kind != LaneRow::Kind::interrupts;
        for (const LanePicture::Fold& f : picture.folds) fold(f, states);
        if (states) {
            state(row);
            syscalls();
        }
        // A softirq is lower than a hardware interrupt, so that the two differ where they are too narrow for their signs.
        marks(picture.boxes[2], SK::softirq, top + std::floor((bottom - top) * 0.35F), bottom);
        marks(picture.boxes[3], SK::irq, top, bottom);
    }
};

}  // namespace

void paint_lane(ImDrawList& list, const Kernel& kernel, const LaneRow& row, const LanePicture& picture,
                float x, float y, float height) {
    LanePainter{list, kernel, picture, x, y, height}.draw(row);
}

}  // namespace sy::gui
