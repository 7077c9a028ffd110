// The run queue as the structure that each policy really uses: a red-black tree for CFS, EEVDF (with eligibility,
// deadlines and the line of zero lag) and SCHED_DEADLINE, bitmap and lists for the real-time class, a line, the levels of
// a feedback queue, the drum of a lottery, passes, a tree in each group (run_queue_trees.cpp, run_queue_shapes.cpp);
// below it why the next task is the next one, in the class's own words, and the queue's numbers.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/panels/run_queue_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/queue_text.h"
#include "sim/sched/class.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostRows = 31;

struct Queue {
    CpuId cpu = 0;
    Nanos now = 0;
    QueuePicture fair, stop, rt, dl;   // of the fair class, and of those above it
    std::vector<QueueRow> rows;        // of the fair class, as the structure has them
    bool tree = false;
    std::uint32_t runnable = 0;
    TaskId running = kNoTask;
    PickReason pick;
    bool decided = false;  // the pick was made in the episode at the cursor
    std::vector<std::pair<std::string, std::int64_t>> numbers;
};

bool has_tasks(const QueuePicture& picture) {
    return std::any_of(picture.bands.begin(), picture.bands.end(), [](const QueueBand& b) { return !b.entries.empty(); });
}
bool has_waiting(const QueuePicture& picture) {
    return std::any_of(picture.bands.begin(), picture.bands.end(), [](const QueueBand& b) {
        return std::any_of(b.entries.begin(), b.entries.end(), [](const QueueEntry& e) { return !e.runs; });
    });
}

// During a switch the pick that was made is the story; otherwise what would be picked now.
Queue queue_of(const View& view) {
    const Kernel& k = view.session->now();
    Queue q;
    q.cpu = view.stage ? view.stage->cpu.cpu : CpuId{0};
    const Cpu& cpu = k.cpus[q.cpu];
    q.now = cpu.clock;
    const auto of = [&](ClassId id) { return k.sched->cls(id).picture(k.tasks, q.cpu, kMostRows); };
    q.fair = of(ClassId::fair);
    q.stop = of(ClassId::stop);
    q.dl = of(ClassId::deadline);
    q.rt = of(ClassId::rt);
    q.rows = k.sched->cls(ClassId::fair).tree_rows(k.tasks, q.cpu, kMostRows);
    q.tree = k.sched->is_tree();
    q.runnable = k.sched->runnable(q.cpu);
    q.running = cpu.curr;
    q.numbers = k.sched->numbers(q.cpu);
    if (view.stage && view.stage->pick.winner != kNoTask) {
        q.pick = view.stage->pick;
        q.decided = true;
    } else {
        const bool stays = cpu.curr != kNoTask && !is_idle(k, cpu.curr) && k.tasks[cpu.curr].on_rq;
        q.pick = k.sched->explain(k.tasks, q.cpu, stays ? cpu.curr : kNoTask);
    }
    // The drum is shown as it was drawn from: before the draw nobody knows the ticket.
    if (q.pick.queue.shape == QueuePicture::Shape::drum) q.fair = q.pick.queue;
    return q;
}

// The number that a candidate goes by, in the terms of its class.
std::string candidate_key(const Kernel& k, const Queue& q, const QueueRow& r) {
    if (is_group_entity(r.task)) return key_ms(r.key) + " ms";
    const ClassId id = k.tasks[r.task].sched_class;
    if (id == ClassId::stop) return {};
    if (id == ClassId::rt) return "rtprio " + std::to_string(99 - r.key);
    if (q.tree || id == ClassId::deadline || q.fair.shape == QueuePicture::Shape::groups) return key_ms(r.key) + " ms";
    for (const QueueBand& band : q.pick.queue.bands)
        for (const QueueEntry& e : band.entries)
            if (e.row.task == r.task && !e.numbers.empty()) return number_value(e.numbers.front());
    return std::to_string(r.key);
}

void draw_upper_classes(const Kernel& k, const Queue& q) {
    const auto title = [](Str text) { paragraph(tr(text), {Face::mono, Size::small, theme().quiet}); };
    const bool stop = has_tasks(q.stop), dl = has_tasks(q.dl), rt = has_tasks(q.rt);
    if (stop) {
        title(Str::queue_class_stop);
        for (const QueueEntry& e : q.stop.bands[0].entries) paragraph(task_name(k, e.row.task));
    }
    if (dl) {
        title(Str::queue_class_dl);
        draw_picture(k, q.dl, q.now, q.decided);
    }
    if (rt) {
        title(Str::queue_class_rt);
        draw_picture(k, q.rt, q.now, q.decided);
    }
    if (stop || dl || rt) {
        gap(6);
        title(Str::queue_class_fair);
    }
}

// What the structure is, below it.
Str structure_of(const Queue& q) {
    using Shape = QueuePicture::Shape;
    switch (q.fair.shape) {
        case Shape::levels: return Str::queue_is_levels;
        case Shape::drum: return Str::queue_is_drum;
        case Shape::passes: return Str::queue_is_passes;
        case Shape::groups: return Str::queue_is_groups;
        case Shape::tree: break;
        default: {
            const auto first = std::find_if(q.fair.bands.begin(), q.fair.bands.end(),
                                            [](const QueueBand& b) { return !b.entries.empty(); });
            const bool ordered = first != q.fair.bands.end() && !first->entries.front().numbers.empty() &&
                                 first->entries.front().numbers.front().name != "waited_ns";
            return ordered ? Str::queue_is_ordered : Str::queue_is_line;
        }
    }
    const bool deadlines = std::any_of(q.numbers.begin(), q.numbers.end(), [](const auto& n) { return n.first == "avg_vruntime"; });
    return deadlines ? Str::queue_is_deadline_tree : Str::queue_is_tree;
}

void draw_why(const Kernel& k, const Queue& q) {
    const PickReason& p = q.pick;
    if (p.winner == kNoTask) return;
    section_title(tr(q.decided ? Str::why_this : Str::why_would, {task_name(k, p.winner)}));
    const bool zh = language() == Lang::zh;
    std::string rule = zh ? p.rule_zh : p.rule;
    if (!rule.empty() && rule[0] >= 'a' && rule[0] <= 'z')
        rule[0] = static_cast<char>(rule[0] - 'a' + 'A');
    if (!zh && !rule.empty() && rule.back() != '.') rule += '.';
    paragraph(rule);
    const std::string& tie = zh ? p.tie_zh : p.tie;
    if (!tie.empty()) {
        gap(4);
        paragraph(tie, quiet_text());
    }
    if (p.candidates.size() < 2) return;
    gap(6);
    for (const QueueRow& r : p.candidates) {
        const std::string name = task_name(k, r.task),
                          key = candidate_key(k, q, r);
        const bool won = r.task == p.winner;
        const TextStyle style{Face::text, Size::small, won ? theme().running : 0};
        const std::string mark = won ? "◀" : " ";
        value_row({{name, ImGui::GetContentRegionAvail().x * 0.5F, style},
                   {key + " " + mark, 0, {Face::mono, Size::small, won ? theme().running : 0}}},
                  {.boxed = false});
    }
    if (p.candidate_count > p.candidates.size())
        paragraph(tr(Str::queue_more, {std::to_string(p.candidate_count - p.candidates.size())}),
                  quiet_text(Size::small));
}

std::string number_text(const std::string& name, std::int64_t value) {
    const bool time =
        name.find("vruntime") != std::string::npos || name.find("_ns") != std::string::npos ||
        name.find("quantum") != std::string::npos || name.find("latency") != std::string::npos ||
        name.find("granularity") != std::string::npos;
    return time && value >= 0 ? format_span(value) : format_count(value);
}

}  // namespace

void draw_run_queue(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_run_queue_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const Queue q = queue_of(view);
    const std::string running = q.running == kNoTask ? std::string("-") : task_name(k, q.running);
    paragraph(tr(Str::queue_head, {std::to_string(q.cpu), running, std::to_string(q.runnable)}),
              quiet_text(Size::small));
    gap(4);
    draw_upper_classes(k, q);
    const bool above = has_tasks(q.stop) || has_tasks(q.dl) || has_tasks(q.rt);
    const bool drawn_anyway = q.fair.shape == QueuePicture::Shape::levels || q.fair.shape == QueuePicture::Shape::groups;
    if (has_waiting(q.fair) || (drawn_anyway && q.runnable > 0)) {
        draw_picture(k, q.fair, q.now, q.decided);
    } else if (above) {
        paragraph("–");
    } else {
        const bool idle = q.running == kNoTask || is_idle(k, q.running);
        paragraph(idle ? tr(Str::empty_run_queue, {std::to_string(q.cpu)})
                       : tr(Str::queue_nobody_waits, {running}));
    }
    gap(2);
    paragraph(tr(structure_of(q)), {Face::mono, Size::small, theme().quiet});
    draw_why(k, q);
    if (!q.numbers.empty()) {
        section_title(tr(Str::queue_numbers));
        for (const auto& [name, value] : q.numbers) {
            const std::string text = number_text(name, value);
            value_row({{name,
                        ImGui::GetContentRegionAvail().x * 0.56F,
                        {Face::mono, Size::small, theme().quiet}},
                       {text, 0}},
                      {.boxed = false});
        }
    }
}

void dump_run_queue(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    const Queue q = queue_of(view);
    const auto row = [&](const QueueRow& r) {
        const auto pid = [&](TaskId id) {
            return id == kNoTask ? nlohmann::json(nullptr) : nlohmann::json(k.tasks[id].pid);
        };
        return nlohmann::json{{"pid", k.tasks[r.task].pid},
                              {"name", task_name(k, r.task)},
                              {"key", r.key},
                              {"left", pid(r.left)},
                              {"right", pid(r.right)},
                              {"parent", pid(r.parent)},
                              {"red", r.red},
                              {"vruntime", r.vruntime},
                              {"lag", r.lag},
                              {"eligible", r.eligible},
                              {"delayed", r.delayed}};
    };
    out["cpu"] = q.cpu;
    out["structure"] = q.tree ? "tree" : "line";
    out["runnable"] = q.runnable;
    out["rows"] = nlohmann::json::array();
    for (const QueueRow& r : q.rows) out["rows"].push_back(row(r));
    out["queue"] = nlohmann::json::parse(picture_as_json(q.fair, k));
    for (const auto& [name, picture] : {std::pair{"stop", &q.stop}, {"deadline", &q.dl}, {"rt", &q.rt}})
        if (has_tasks(*picture)) out["classes"][name] = nlohmann::json::parse(picture_as_json(*picture, k));
    if (q.pick.winner != kNoTask) {
        const bool zh = language() == Lang::zh;
        out["why"] = {{"winner", task_name(k, q.pick.winner)},
                      {"rule", zh ? q.pick.rule_zh : q.pick.rule},
                      {"tie", zh ? q.pick.tie_zh : q.pick.tie},
                      {"decided", q.decided},
                      {"queue", nlohmann::json::parse(picture_as_json(q.pick.queue, k))}};
        for (const QueueRow& r : q.pick.candidates) out["why"]["candidates"].push_back(row(r));
    }
    for (const auto& [name, value] : q.numbers) out["numbers"][name] = value;
}

}  // namespace sy::gui
