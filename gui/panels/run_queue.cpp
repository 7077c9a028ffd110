// The run queue as the structure that each class really uses: a red-black tree for CFS, EEVDF (with
// eligibility, deadlines and the line of zero lag) and SCHED_DEADLINE, bitmap and lists for the
// real-time class, a line for round robin; below it why the next task is the next one, in the class's own words, and the
// queue's numbers.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/sched/class.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostRows = 31;

struct Queue {
    CpuId cpu = 0;
    std::vector<QueueRow> rows;
    bool tree = false;
    bool deadlines = false;   // EEVDF: the key is a virtual deadline
    std::int64_t average = 0;   // and V
    std::vector<QueueRow> stop, rt, dl;   // waiting in the classes above
    std::uint32_t runnable = 0;
    TaskId running = kNoTask;
    PickReason pick;
    bool decided = false;  // the pick was made in the episode at the cursor
    std::vector<std::pair<std::string, std::int64_t>> numbers;
};

// During a switch the pick that was made is the story; otherwise what would be picked now.
Queue queue_of(const View& view) {
    const Kernel& k = view.session->now();
    Queue q;
    q.cpu = view.stage ? view.stage->cpu.cpu : CpuId{0};
    const Cpu& cpu = k.cpus[q.cpu];
    q.rows = k.sched->cls(ClassId::fair).tree_rows(k.tasks, q.cpu, kMostRows);
    q.stop = k.sched->cls(ClassId::stop).rows(k.tasks, q.cpu, kMostRows);
    q.dl = k.sched->cls(ClassId::deadline).rows(k.tasks, q.cpu, kMostRows);
    q.rt = k.sched->cls(ClassId::rt).rows(k.tasks, q.cpu, kMostRows);
    q.tree = k.sched->is_tree();
    q.runnable = k.sched->runnable(q.cpu);
    q.running = cpu.curr;
    q.numbers = k.sched->numbers(q.cpu);
    for (const auto& [name, value] : q.numbers) {
        if (name != "avg_vruntime") continue;
        q.deadlines = true;
        q.average = value;
    }
    if (view.stage && view.stage->pick.winner != kNoTask) {
        q.pick = view.stage->pick;
        q.decided = true;
    } else {
        const bool stays = cpu.curr != kNoTask && !is_idle(k, cpu.curr) && k.tasks[cpu.curr].on_rq;
        q.pick = k.sched->explain(k.tasks, q.cpu, stays ? cpu.curr : kNoTask);
    }
    return q;
}

// vruntime in ms with two decimals; a list has positions.
std::string key_text(const Queue& q, std::int64_t key) {
    if (!q.tree) return std::to_string(key);
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", static_cast<double>(key) / 1e6);
    return text;
}

// The number that a candidate goes by, in the terms of its class.
std::string candidate_key(const Kernel& k, const Queue& q, const QueueRow& r) {
    const ClassId id = k.tasks[r.task].sched_class;
    if (id == ClassId::stop) return {};
    if (id == ClassId::rt) return "rtprio " + std::to_string(99 - r.key);
    Queue tree;
    tree.tree = q.tree || id == ClassId::deadline;
    return key_text(tree, r.key) + (tree.tree ? " ms" : "");
}

// --- the tree ---

struct Node {
    const QueueRow* row = nullptr;
    int depth = 0, column = 0;
};

// In-order columns and depths of the tree's rows.
std::vector<Node> place_nodes(const std::vector<QueueRow>& rows, int& depth) {
    std::map<TaskId, const QueueRow*> by_task;
    for (const QueueRow& r : rows) by_task[r.task] = &r;
    const auto depth_of = [&](const QueueRow& r) {
        int d = 0;
        for (const QueueRow* at = &r; at->parent != kNoTask && d < 32; ++d) {
            const auto up = by_task.find(at->parent);
            if (up == by_task.end()) break;
            at = up->second;
        }
        return d;
    };
    std::vector<Node> nodes;
    depth = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {  // rows come by key: the in-order walk
        nodes.push_back({&rows[i], depth_of(rows[i]), static_cast<int>(i)});
        depth = std::max(depth, nodes.back().depth);
    }
    return nodes;
}

// Who would be next: the leftmost, but for EEVDF, where it must be eligible besides.
TaskId next_of(const Queue& q) {
    if (!q.deadlines) return q.rows.empty() ? kNoTask : q.rows.front().task;
    for (const QueueRow& r : q.rows)
        if (r.eligible && !r.delayed) return r.task;
    return kNoTask;
}

// A node in words, for its tooltip.
std::string node_says(const Kernel& k, const Queue& q, const QueueRow& r) {
    std::string out = task_name(k, r.task) + " · pid " + std::to_string(k.tasks[r.task].pid);
    if (q.deadlines) {
        out += " · deadline " + key_text(q, r.key) + " ms · vruntime " + key_text(q, r.vruntime) + " ms · lag " +
               key_text(q, r.lag) + " ms · ";
        out += tr(r.delayed ? Str::node_delayed : r.eligible ? Str::node_eligible : Str::node_not_eligible);
    } else {
        out += k.tasks[r.task].sched_class == ClassId::deadline ? " · deadline " : " · vruntime ";
        out += key_text(q, r.key) + " ms";
    }
    return out + " · " + std::string(tr(r.red ? Str::node_red : Str::node_black));
}

void draw_tree(const Kernel& k, const Queue& q) {
    const Theme& t = theme();
    int depth = 0;
    const TaskId coming = next_of(q);
    const std::vector<Node> nodes = place_nodes(q.rows, depth);
    const float width = ImGui::GetContentRegionAvail().x;
    const float columns = static_cast<float>(std::max<std::size_t>(nodes.size(), 1));
    const float radius = std::floor(std::clamp(width / (columns + 0.6F) / 1.25F, px(11), px(25)));
    const float level = radius * 2 + px(12);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float step =
        columns > 1 ? std::min((width - 2 * radius - px(4)) / (columns - 1), radius * 2.2F) : 0;
    const float start = at.x + (width - step * (columns - 1)) / 2;
    const auto centre = [&](const Node& n) {
        return ImVec2{std::floor(start + static_cast<float>(n.column) * step),
                      std::floor(at.y + px(6) + radius + static_cast<float>(n.depth) * level)};
    };
    for (const Node& n : nodes)
        for (const Node& up : nodes)
            if (up.row->task == n.row->parent)
                list.AddLine(centre(n), centre(up), t.sleeping, px(1.4F));
    for (const Node& n : nodes) {
        const ImVec2 c = centre(n);
        const bool first = n.row->task == coming;
        const bool hollow = q.deadlines && (!n.row->eligible || n.row->delayed);
        const ImU32 outline = first ? t.running : n.row->red ? t.irq : t.sleeping;
        list.AddCircleFilled(c, radius,
                             blend(t.card,
                                   first        ? t.running
                                   : n.row->red ? t.irq
                                                : t.ground,
                                   hollow ? 0.0F : 0.25F),
                             32);
        list.AddCircle(c, radius, outline, 32, px(first ? 3 : 2));
        const std::string pid = std::to_string(k.tasks[n.row->task].pid);
        const std::string key = key_text(q, n.row->key);
        const TextStyle small = mono_text();
        const ImVec2 size = measure(pid, small);
        if (radius >= px(19)) {
            draw_text(list, {c.x - size.x / 2, c.y - size.y}, pid, small);
            const TextStyle quiet{Face::mono, Size::small, t.quiet};
            const float own = measure(key, quiet).x;
            if (own < radius * 2) draw_text(list, {c.x - own / 2, c.y}, key, quiet);
        } else if (size.x < radius * 2) {
            draw_text(list, {c.x - size.x / 2, c.y - size.y / 2}, pid, small);
        }
        tooltip_at({c.x - radius, c.y - radius}, {c.x + radius, c.y + radius},
                   node_says(k, q, *n.row));
    }
    ImGui::Dummy({width, px(10) + 2 * radius + static_cast<float>(depth) * level});
    if (coming != kNoTask)
        paragraph(tr(q.deadlines ? Str::queue_next_eligible : Str::leftmost, {task_name(k, coming)}),
                  {Face::text, Size::small, t.running});
}

// Virtual time from left to right: each task from its vruntime to its deadline, and V, where the lag is 0. Who begins
// at or left of that line is eligible.
void draw_zero_lag(const Kernel& k, const Queue& q) {
    const Theme& t = theme();
    std::vector<QueueRow> rows = q.rows;
    std::sort(rows.begin(), rows.end(), [](const QueueRow& a, const QueueRow& b) { return a.key < b.key; });
    if (rows.size() > 10) rows.resize(10);
    std::int64_t low = q.average, high = q.average;
    for (const QueueRow& r : rows) {
        low = std::min(low, r.vruntime);
        high = std::max({high, r.vruntime, r.key});
    }
    const float width = ImGui::GetContentRegionAvail().x, names = std::min(px(90), width * 0.3F), height = px(18);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float span = static_cast<float>(std::max<std::int64_t>(high - low, 1));
    const auto x_of = [&](std::int64_t v) {
        return std::floor(at.x + names + (width - names - px(8)) * static_cast<float>(v - low) / span);
    };
    float y = at.y + px(4);
    for (const QueueRow& r : rows) {
        const bool eligible = r.eligible && !r.delayed;
        const ImU32 color = eligible ? t.running : t.sleeping;
        fit_at(list, {at.x, y}, names - px(6), task_name(k, r.task), {Face::text, Size::small, eligible ? 0 : t.quiet});
        const float from = x_of(r.vruntime), to = std::max(x_of(r.key), from + px(3)), middle = y + height / 2;
        list.AddRectFilled({from, middle - px(4)}, {to, middle + px(4)}, fade(color, eligible ? 0.5F : 0.2F), px(2));
        list.AddRect({from, middle - px(4)}, {to, middle + px(4)}, color, px(2));
        list.AddLine({to, middle - px(7)}, {to, middle + px(7)}, t.irq, px(2));   // its deadline
        tooltip_at({at.x, y}, {at.x + width, y + height}, node_says(k, q, r));
        y += height;
    }
    const float zero = x_of(q.average);
    list.AddLine({zero, at.y}, {zero, y + px(2)}, t.moving, px(2));
    ImGui::Dummy({width, y - at.y + px(4)});
    paragraph(tr(Str::queue_zero_lag), {Face::text, Size::small, t.moving});
}

// --- the classes above fair ---

// 100 bits, the most urgent priority first; behind each set one its list.
void draw_rt(const Kernel& k, const Queue& q) {
    const Theme& t = theme();
    std::map<std::int64_t, std::vector<TaskId>> lists;   // by prio
    for (const QueueRow& r : q.rt) lists[r.key].push_back(r.task);
    const float width = ImGui::GetContentRegionAvail().x, cell = std::floor(std::min(width / 50, px(9)));
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (int prio = 0; prio < 100; ++prio) {
        const ImVec2 min{at.x + cell * static_cast<float>(prio % 50), at.y + cell * 1.5F * static_cast<float>(prio / 50)};
        const ImVec2 max{min.x + cell - 1, min.y + cell * 1.5F - 1};
        const auto set = lists.find(prio);
        const bool first = set != lists.end() && set == lists.begin();
        list.AddRectFilled(min, max, set == lists.end() ? t.line : first ? t.running : t.runnable);
        if (set != lists.end())
            tooltip_at(min, max, tr(Str::queue_rt_bit, {std::to_string(99 - prio), std::to_string(set->second.size())}));
    }
    ImGui::Dummy({width, cell * 3 + px(4)});
    for (const auto& [prio, tasks] : lists) {
        std::string text;
        for (const TaskId task : tasks) text += (text.empty() ? "" : " → ") + task_name(k, task);
        value_row({{"rtprio " + std::to_string(99 - prio), ImGui::GetContentRegionAvail().x * 0.44F,
                    {Face::mono, Size::small, t.quiet}},
                   {text, 0, {Face::text, Size::small, prio == lists.begin()->first ? t.running : 0}}},
                  {.boxed = false});
    }
}

void draw_upper_classes(const Kernel& k, const Queue& q) {
    const auto title = [](Str text) { paragraph(tr(text), {Face::mono, Size::small, theme().quiet}); };
    for (const QueueRow& r : q.stop) {
        title(Str::queue_class_stop);
        paragraph(task_name(k, r.task));
    }
    if (!q.dl.empty()) {
        title(Str::queue_class_dl);
        Queue tree = q;
        tree.rows = q.dl;
        tree.tree = true;
        tree.deadlines = false;
        draw_tree(k, tree);
    }
    if (!q.rt.empty()) {
        title(Str::queue_class_rt);
        draw_rt(k, q);
    }
    if (!q.stop.empty() || !q.dl.empty() || !q.rt.empty()) {
        gap(6);
        title(Str::queue_class_fair);
    }
}

// --- the line ---

void draw_line(const Kernel& k, const Queue& q) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float width = ImGui::GetContentRegionAvail().x, height = px(28);
    std::size_t i = 0;
    for (const QueueRow& r : q.rows) {
        if (i >= 12) break;
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const ImVec2 max{at.x + width, at.y + height - px(4)};
        list.AddRectFilled(at, max, i == 0 ? blend(t.card, t.running, 0.25F) : t.card, px(4));
        list.AddRect(at, max, i == 0 ? t.running : t.line, px(4), 0, px(i == 0 ? 2 : 1));
        const std::string place = std::to_string(i + 1);
        draw_text(list, {at.x + px(8), at.y + px(3)}, place, {Face::mono, Size::small, t.quiet});
        fit_at(list, {at.x + px(28), at.y + px(3)}, width - px(90), task_name(k, r.task), {});
        const std::string pid = std::to_string(k.tasks[r.task].pid);
        const float own = measure(pid, mono_text()).x;
        draw_text(list, {max.x - own - px(8), at.y + px(4)}, pid,
                  {Face::mono, Size::small, t.quiet});
        ImGui::Dummy({width, height - px(4)});
        ++i;
    }
    if (q.rows.size() > i)
        paragraph(tr(Str::queue_more, {std::to_string(q.rows.size() - i)}),
                  quiet_text(Size::small));
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
    if (q.rows.empty() && (!q.dl.empty() || !q.rt.empty() || !q.stop.empty())) {
        paragraph("–");
    } else if (q.rows.empty()) {
        const bool idle = q.running == kNoTask || is_idle(k, q.running);
        paragraph(idle ? tr(Str::empty_run_queue, {std::to_string(q.cpu)})
                       : tr(Str::queue_nobody_waits, {running}));
    } else if (q.tree) {
        draw_tree(k, q);
        if (q.deadlines) draw_zero_lag(k, q);
    } else {
        draw_line(k, q);
    }
    gap(2);
    paragraph(tr(q.deadlines ? Str::queue_is_deadline_tree : q.tree ? Str::queue_is_tree : Str::queue_is_line),
              {Face::mono, Size::small, theme().quiet});
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
    for (const auto& [name, rows] : {std::pair{"stop", &q.stop}, {"deadline", &q.dl}, {"rt", &q.rt}})
        for (const QueueRow& r : *rows) out["classes"][name].push_back(row(r));
    if (q.pick.winner != kNoTask) {
        const bool zh = language() == Lang::zh;
        out["why"] = {{"winner", task_name(k, q.pick.winner)},
                      {"rule", zh ? q.pick.rule_zh : q.pick.rule},
                      {"tie", zh ? q.pick.tie_zh : q.pick.tie},
                      {"decided", q.decided}};
        for (const QueueRow& r : q.pick.candidates) out["why"]["candidates"].push_back(row(r));
    }
    for (const auto& [name, value] : q.numbers) out["numbers"][name] = value;
}

}  // namespace sy::gui
