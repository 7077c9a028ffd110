// Lanes as rectangles. What is painted where follows the window's timeline (gui/panels/timeline_lanes.cpp).
#include "gui/picture/svg_timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/model/lane_words.h"
#include "gui/picture/svg.h"
#include "gui/strings/strings.h"

namespace sy::gui {
namespace {

using SK = Slice::Kind;

constexpr float kNames = 150, kEdge = 16, kLane = 22, kRuler = 26, kSmall = 12;

struct Row {
    enum class Kind : std::uint8_t { cpu, task, interrupts } kind = Kind::cpu;
    LaneKey key;
    std::string name;
};

std::vector<Row> rows_of(const RunView& run) {
    std::vector<Row> rows;
    const std::size_t cpus = run.index.cpus();
    for (std::size_t c = 0; c < cpus; ++c)
        rows.push_back({Row::Kind::cpu, LaneKey::cpu(static_cast<CpuId>(c)), "CPU " + std::to_string(c)});
    for (const bool kernel_threads : {false, true})
        for (TaskId id = 0; id < run.index.tasks() && id < run.end.tasks.size(); ++id) {
            if (run.index.is_idle(id) || !run.index.has_acted(LaneKey::task(id))) continue;
            if (run.end.tasks[id].is_kthread() == kernel_threads)
                rows.push_back({Row::Kind::task, LaneKey::task(id),
                                task_name(run.end, id) + " " + std::to_string(run.end.tasks[id].pid)});
        }
    for (std::size_t c = 0; c < cpus && cpus <= 4; ++c)
        rows.push_back({Row::Kind::interrupts, LaneKey::cpu(static_cast<CpuId>(c)),
                        cpus == 1 ? std::string(tr(Str::lane_interrupts)) : tr(Str::lane_interrupts_on, {std::to_string(c)})});
    return rows;
}

Ink ink_of(SK kind) {
    switch (kind) {
        case SK::running: return {&Theme::running};
        case SK::runnable: return {&Theme::runnable};
        case SK::sleeping: return {&Theme::sleeping, 0.35F};
        case SK::idle: return {&Theme::sleeping, 0.22F};
        case SK::syscall: return {&Theme::syscall};
        case SK::softirq: return {&Theme::softirq};
        case SK::irq: return {&Theme::irq};
    }
    return {&Theme::line};
}

std::string shares_of_fold(const std::array<float, kSliceKinds>& share, std::uint64_t events) {
    std::string out = "data-events=\"" + std::to_string(events) + "\"";
    for (int k = 0; k < kSliceKinds; ++k) {
        const float part = share[static_cast<std::size_t>(k)];
        if (part > 0) out += " data-" + std::string(slice_kind_name(static_cast<SK>(k))) + "=\"" + svg_number(part * 100) + "\"";
    }
    return out;
}

std::string span_of_slice(const Slice& s, Nanos now) {
    return "data-begin=\"" + std::to_string(s.begin) + "\" data-end=\"" + std::to_string(s.end == kNever ? now : s.end) + "\"";
}

struct LaneDrawer {
    Svg& svg;
    const RunView& run;
    const LanePicture& picture;
    float x, y, height;

    void bar(float left, float right, float top, float bottom, const Slice& s) const {
        const std::string data = span_of_slice(s, run.now), title = slice_facts(run.end, s, run.now);
        svg.rect(x + left, top, std::max(right - left, 1.0F), bottom - top,
                 {.fill = ink_of(s.kind), .round = right - left > 6 ? 2.0F : 0.0F, .cls = slice_kind_name(s.kind), .title = title, .data = data});
    }

    void words(float left, float right, std::string_view text, Color Theme::*ink) const {
        const SvgText style{.ink = {ink}, .size = 11};
        if (text_width(text, style) <= right - left - 8) svg.text(x + left + 5, y + height / 2 + 4, text, style);
    }

    void shares(float left, float right, const std::array<float, kSliceKinds>& share, std::uint64_t events, std::string_view title) const {
        const auto part = [&](SK kind) { return std::min(share[static_cast<std::size_t>(kind)], 1.0F); };
        const float top = y + 2, bottom = y + height - 2, width = std::max(right - left, 1.0F);
        svg.begin("fold", shares_of_fold(share, events));
        svg.rect(x + left, top, width, bottom - top, {.fill = Ink{&Theme::sleeping, part(SK::sleeping) + part(SK::idle) > 0.01F ? 0.35F : 0.0F}, .title = title});
        float at = bottom;
        for (const SK kind : {SK::running, SK::runnable}) {
            const float tall = (bottom - top) * part(kind);
            if (tall > 0.05F) svg.rect(x + left, at - tall, width, tall, {.fill = ink_of(kind)});
            at -= tall;
        }
        svg.end();
    }

    void fold(const LanePicture::Fold& f, bool states) const {
        const float top = y + 2, bottom = y + height - 2, width = std::max(f.right - f.left, 1.0F);
        if (states) {
            shares(f.left, f.right, f.share, f.events, fold_facts(f));
            const float tall = (std::floor(height * 0.42F) - 2) * f.share[static_cast<std::size_t>(SK::syscall)];
            if (tall > 0.05F) svg.rect(x + f.left, top, width, tall, {.fill = ink_of(SK::syscall)});
        }
        for (const SK kind : {SK::softirq, SK::irq}) {
            const float share = f.share[static_cast<std::size_t>(kind)];
            if (share <= 0) continue;
            const float tall = std::max((bottom - top) * share, 2.0F);
            svg.rect(x + f.left, bottom - tall, width, tall, {.fill = ink_of(kind)});
        }
    }

    void state(Row::Kind kind) const {
        for (const LaneBox& box : picture.boxes[0]) {
            if (box.count > 1) {
                shares(box.left, box.right, box.share, box.count, {});
                continue;
            }
            const Slice& s = picture.slices.state[box.first];
            const float middle = y + height / 2;
            if (s.kind == SK::running) {
                bar(box.left, box.right - (box.right - box.left > 3 ? 1 : 0), y + 2, y + height - 2, s);
                if (kind == Row::Kind::cpu) name_on_bar(box, s);
            } else if (s.kind == SK::runnable) {
                bar(box.left, box.right, middle - 3, middle + 3, s);
            } else {
                bar(box.left, box.right, y + 3, y + height - 3, s);
                words(box.left, box.right,
                      s.kind == SK::idle              ? std::string(tr(Str::lane_idle))
                      : s.reason == Slice::kNoReason ? std::string(1, s.letter)
                                                     : syscall_name(s.reason),
                      &Theme::quiet);
            }
        }
    }

    void name_on_bar(const LaneBox& box, const Slice& s) const {
        const std::string pid = std::to_string(run.end.tasks[s.task].pid), name = task_name(run.end, s.task);
        for (const std::string& shown : {pid + " " + name, name, pid})
            if (text_width(shown, {.size = 11}) <= box.right - box.left - 8) {
                words(box.left, box.right, shown, &Theme::on_state);
                return;
            }
    }

    // Kernel mode: the upper part of the bar, hatched.
    void syscalls() const {
        const float top = y + 2, full = y + std::floor(height * 0.42F);
        for (const LaneBox& box : picture.boxes[1]) {
            const float share = box.count > 1 ? box.share[static_cast<std::size_t>(SK::syscall)] : 1;
            if (share < 0.02F) continue;
            const float low = top + (full - top) * share;
            if (box.count > 1) {
                svg.rect(x + box.left, top, std::max(box.right - box.left, 1.0F), low - top, {.fill = ink_of(SK::syscall), .cls = "syscall"});
                continue;
            }
            bar(box.left, box.right, top, low, picture.slices.syscall[box.first]);
            if (box.right - box.left < 6) continue;
            std::string strokes;
            const float tall = low - top;
            for (float at = box.left + 1; at + tall < box.right; at += 5)
                strokes += "M" + svg_number(x + at) + " " + svg_number(low) + "l" + svg_number(tall) + " " + svg_number(-tall);
            if (!strokes.empty()) svg.path(strokes, {.stroke = Ink{&Theme::ground, 0.45F}});
        }
    }

    void marks(const std::vector<LaneBox>& boxes, const std::vector<Slice>& slices, SK kind) const {
        const float top = y + 2, bottom = y + height - 2;
        for (const LaneBox& box : boxes) {
            const float right = std::max(box.right, box.left + 2);
            if (box.count > 1) {
                const float tall = (bottom - top) * std::max(box.share[static_cast<std::size_t>(kind)], 0.1F);
                svg.rect(x + box.left, bottom - tall, right - box.left, tall, {.fill = ink_of(kind), .cls = slice_kind_name(kind)});
                continue;
            }
            bar(box.left, right, top, bottom, slices[box.first]);
            if (right - box.left >= 12) svg.text(x + box.left + 2, y + height / 2 + 4, kind == SK::irq ? "▲" : "◆", {.ink = {&Theme::on_state}, .size = 11});
        }
    }

    void draw(Row::Kind kind) const {
        const bool states = kind != Row::Kind::interrupts;
        for (const LanePicture::Fold& f : picture.folds) fold(f, states);
        if (states) {
            state(kind);
            syscalls();
        }
        marks(picture.boxes[2], picture.slices.softirq, SK::softirq);
        marks(picture.boxes[3], picture.slices.irq, SK::irq);
    }
};

// 1, 2 or 5 times a power of ten, at least `least`.
Nanos mark_distance(Nanos least) {
    Nanos power = 1;
    while (power * 10 < least) power *= 10;
    for (const Nanos factor : {1, 2, 5})
        if (power * factor >= least) return power * factor;
    return power * 10;
}

struct Frame {
    Svg& svg;
    const RunView& run;
    const TimelineSvgOptions& o;
    Nanos from, until;
    float left, width, top;   // of the lanes

    float x(Nanos at) const { return left + static_cast<float>(static_cast<double>(at - from) * width / static_cast<double>(until - from)); }

    void ruler(float bottom) const {
        const double per_pixel = static_cast<double>(until - from) / width;
        const Nanos step = mark_distance(static_cast<Nanos>(96 * per_pixel) + 1);
        for (Nanos at = (from + step - 1) / step * step; at < until; at += step) {
            svg.line(x(at), top - 6, x(at), bottom, {&Theme::line, 0.6F});
            const std::string words = at == 0 ? "0" : format_span(at);
            const SvgText style{.ink = {&Theme::quiet}, .size = 11, .mono = true};
            if (x(at) + 4 + text_width(words, style) < left + width) svg.text(x(at) + 4, top - 8, words, style);
        }
    }

    // The author's captions, as small flags.
    void captions(float bottom) const {
        for (const TimedAction& a : run.scenario.timeline) {
            if (a.kind != TimedAction::Kind::caption || a.at < from || a.at > until) continue;
            const float at = x(a.at), high = top - kRuler;
            const std::string& words = language() == Lang::zh && !a.text_zh.empty() ? a.text_zh : a.text;
            svg.begin("caption", "data-at=\"" + std::to_string(a.at) + "\"");
            svg.line(at, high, at, bottom, {&Theme::running, 0.5F});
            svg.path("M" + svg_number(at) + " " + svg_number(high) + "l9 4l-9 4z", {.fill = Ink{&Theme::running}, .title = words});
            svg.end();
        }
    }

    void cursor(float bottom) const {
        if (!o.cursor || *o.cursor < from || *o.cursor > until) return;
        const float at = x(*o.cursor);
        svg.begin("cursor", "data-at=\"" + std::to_string(*o.cursor) + "\"");
        svg.rect(at - 1, top - 8, 2, bottom - top + 8, {.fill = Ink{&Theme::moving}});
        svg.path("M" + svg_number(at - 5) + " " + svg_number(top - 12) + "h10l-5 8z", {.fill = Ink{&Theme::moving}});
        svg.end();
    }
};

float legend(Svg& svg, float x, float y) {
    constexpr std::array<std::pair<SK, Str>, 7> kinds = {{{SK::running, Str::share_running}, {SK::runnable, Str::share_runnable},
                                                          {SK::sleeping, Str::share_sleeping}, {SK::idle, Str::share_idle},
                                                          {SK::syscall, Str::share_syscall}, {SK::softirq, Str::share_softirq},
                                                          {SK::irq, Str::share_irq}}};
    const SvgText style{.ink = {&Theme::quiet}, .size = 11};
    for (const auto& [kind, name] : kinds) {
        svg.rect(x, y, 12, 12, {.fill = ink_of(kind), .round = 2});
        if (kind == SK::irq || kind == SK::softirq) svg.text(x + 1.5F, y + 10, kind == SK::irq ? "▲" : "◆", {.ink = {&Theme::on_state}, .size = 9});
        svg.text(x + 17, y + 10, tr(name), style);
        x += 17 + text_width(tr(name), style) + 18;
    }
    return 18;
}

}  // namespace

std::unique_ptr<TraceIndex> index_of(const Session& session, std::size_t present) {
    std::vector<TaskId> idle;
    for (const Cpu& cpu : session.frontier().cpus) idle.push_back(cpu.idle);
    auto index = std::make_unique<TraceIndex>(idle, present);
    index->follow(session.log());
    return index;
}

std::string svg_timeline(const RunView& run, const TimelineSvgOptions& o) {
    Svg svg(o.theme, o.in_page);
    Nanos from = o.from, until = o.until;
    if (until <= from) from = 0, until = std::max<Nanos>(run.now + run.now / 50, 1'000);
    const float width = std::max(o.width, 320.0F);
    const std::vector<Row> rows = rows_of(run);
    const std::size_t shown = std::min(rows.size(), std::max<std::size_t>(o.most_lanes, 1));
    const Scenario& s = run.scenario;
    const std::string& title = language() == Lang::zh && !s.title_zh.empty() ? s.title_zh : s.title;
    float y = 12;
    const float lanes = static_cast<float>(shown) * kLane;
    const bool heading = o.heading && !title.empty();
    const float top = y + (heading ? 30 : 0) + kRuler;
    const float left = kNames, lane_width = width - kNames - kEdge;
    const float bottom = top + lanes, height = bottom + (shown < rows.size() ? 20.0F : 0.0F) + 34;
    svg.rect(0, 0, width, height, {.fill = Ink{&Theme::panel}, .cls = "ground"});
    if (heading) svg.fit(kEdge, y + 17, width - 2 * kEdge, title, {.size = 17, .strong = true}, "title");
    const Frame frame{svg, run, o, from, until, left, lane_width, top};
    frame.ruler(bottom);
    const auto least = static_cast<float>(o.least);
    LanePicture picture;
    for (std::size_t i = 0; i < shown; ++i) {
        const float at = top + static_cast<float>(i) * kLane;
        const std::string data = "data-lane=\"" + xml_text(rows[i].name) + "\"";
        svg.begin("lane", data);
        svg.fit(kEdge, at + 15, kNames - kEdge - 8, rows[i].name, {.size = kSmall}, "name");
        svg.line(kEdge, at + kLane - 0.5F, width - kEdge, at + kLane - 0.5F, {&Theme::line, 0.5F});
        picture_lane(run.index, rows[i].key, {from, until, lane_width, run.now}, least, picture);
        svg.begin_clip(left, at, lane_width, kLane);
        LaneDrawer{svg, run, picture, left, at, kLane - 1}.draw(rows[i].kind);
        svg.end();
        svg.end();
    }
    float below = bottom;
    if (shown < rows.size()) {
        svg.text(kEdge, below + 14, tr(Str::picture_more_lanes, {std::to_string(rows.size() - shown)}), {.ink = {&Theme::quiet}, .size = kSmall});
        below += 20;
    }
    frame.captions(bottom);
    frame.cursor(bottom);
    legend(svg, kEdge, below + 12);
    const std::string name = title.empty() ? s.file : title;
    return o.in_page ? svg.element(width, height, name) : svg.document(width, height, name);
}

}  // namespace sy::gui
