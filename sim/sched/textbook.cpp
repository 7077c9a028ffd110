#include "sim/sched/textbook.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace sy {

Textbook::Textbook(int cpus, const TextbookSettings& settings)
    : settings_(settings),
      curr_(static_cast<std::size_t>(cpus), kNoTask),
      count_(static_cast<std::size_t>(cpus)),
      turn_start_(static_cast<std::size_t>(cpus)),
      now_(static_cast<std::size_t>(cpus)),
      over_(static_cast<std::size_t>(cpus)) {}

Card& Textbook::card(TaskId task) {
    if (task >= cards_.size()) cards_.resize(task + 1);
    return cards_[task];
}
const Card& Textbook::card(TaskId task) const {
    static const Card blank;
    return task < cards_.size() ? cards_[task] : blank;
}

void Textbook::put_in(TaskTable& tasks, TaskId task) {
    QueueNode& n = tasks.mut(task).se.node;
    SY_ASSERT(!n.linked, "a task can be in one queue only");
    n = QueueNode{.linked = true};
    const std::int64_t order = card(task).order;
    const auto place =
        std::upper_bound(line_.begin(), line_.end(), order,
                         [&](std::int64_t o, TaskId t) { return o < cards_[t].order; });
    line_.insert(place, task);
}
void Textbook::take_out(TaskTable& tasks, TaskId task) {
    // The line is sorted by place: its place finds it.
    const std::int64_t order = cards_[task].order;
    auto at = std::lower_bound(line_.begin(), line_.end(), order,
                               [&](TaskId t, std::int64_t o) { return cards_[t].order < o; });
    at = std::find(at, line_.end(), task);
    SY_ASSERT(at != line_.end(), "only a queued task can leave the queue");
    line_.erase(at);
    tasks.mut(task).se.node = QueueNode{};
}

void Textbook::sort_line() {
    std::stable_sort(line_.begin(), line_.end(),
                     [&](TaskId a, TaskId b) { return cards_[a].order < cards_[b].order; });
}

void Textbook::enqueue(SchedView v, TaskId task, Enqueue why) {
    now_[v.cpu] = v.now;
    Card& c = card(task);
    if (why != Enqueue::migrated && why != Enqueue::put_back) {
        const bool is_new = !c.known;
        c.known = true;
        c.order = ++last_place_;
        c.since = v.now;
        c.left = v.peek(task).next_burst;
        c.ran = 0;
        arrived({v.tasks, v.now}, task, is_new);
    }
    put_in(v.tasks, task);
    ++count_[v.cpu];
}

void Textbook::dequeue(SchedView v, TaskId task, Dequeue why) {
    now_[v.cpu] = v.now;
    if (task == curr_[v.cpu]) {
        update_curr(v, task);
        card(task).runs = false;
        curr_[v.cpu] = kNoTask;
        if (over_[v.cpu] != 0) to_the_end(task);
    } else {
        take_out(v.tasks, task);
    }
    --count_[v.cpu];
    if (why == Dequeue::sleep) slept(task);
}

bool Textbook::fits(const TaskTable& tasks, TaskId task, CpuId cpu, bool steal) const {
    const Task& t = tasks[task];
    if ((t.cpus_allowed >> cpu & 1) == 0) return false;
    if (t.cpu == cpu) return true;
    return steal && !t.on_cpu;  // another CPU may still be switching away from it
}
std::vector<TaskId> Textbook::candidates(const TaskTable& tasks, CpuId cpu) const {
    std::vector<TaskId> out;
    for (TaskId t : line_)
        if (fits(tasks, t, cpu, settings_.shared)) out.push_back(t);
    if (out.empty() && !settings_.shared) {  // take from the longest line
        CpuId from = kNoCpu;
        for (TaskId t : line_)
            if (fits(tasks, t, cpu, true) &&
                (from == kNoCpu || count_[tasks[t].cpu] > count_[from]))
                from = tasks[t].cpu;
        for (TaskId t : line_)
            if (tasks[t].cpu == from && fits(tasks, t, cpu, true)) out.push_back(t);
    }
    const auto machine = [&](TaskId t) { return of_the_machine(tasks[t]); };
    if (std::any_of(out.begin(), out.end(), machine))
        out.erase(std::stable_partition(out.begin(), out.end(), machine), out.end());
    return out;
}
bool Textbook::others_wait(const TaskTable& tasks, CpuId cpu) const {
    return std::any_of(line_.begin(), line_.end(),
                       [&](TaskId t) { return fits(tasks, t, cpu, settings_.shared); });
}

bool Textbook::has_work_for(const TaskTable& tasks, CpuId cpu) const {
    return std::any_of(line_.begin(), line_.end(), [&](TaskId t) { return fits(tasks, t, cpu, true); });
}

TaskId Textbook::decide(const Look& look, const std::vector<TaskId>& line, bool& tie) const {
    TaskId best = line.front();
    tie = false;
    for (std::size_t i = 1; i < line.size(); ++i) {
        const int c = compare(look, line[i], best);
        if (c < 0 || (c == 0 && settings_.equal_by_id && line[i] < best)) best = line[i];
        if (c != 0)
            tie = tie && c > 0;
        else
            tie = true;
    }
    return best;
}

TaskId Textbook::pick_next(SchedView v) {
    now_[v.cpu] = v.now;
    before_pick({v.tasks, v.now});
    const std::vector<TaskId> line = candidates(v.tasks, v.cpu);
    if (line.empty()) return kNoTask;
    if (of_the_machine(v.peek(line.front()))) return line.front();
    bool tie = false;
    const TaskId best = decide({v.tasks, v.now}, line, tie);
    decided(line.size());
    return best;
}

void Textbook::set_next(SchedView v, TaskId task) {
    take_out(v.tasks, task);
    --count_[v.peek(task).cpu];
    ++count_[v.cpu];
    v.task(task).se.exec_start = v.now;
    card(task).runs = true;
    turn_start_[v.cpu] = now_[v.cpu] = v.now;
    over_[v.cpu] = 0;
    curr_[v.cpu] = task;
}

void Textbook::put_prev(SchedView v, TaskId task) {
    update_curr(v, task);
    Card& c = card(task);
    c.runs = false;
    c.since = v.now;
    if (over_[v.cpu] != 0 || turn_is_spent(v, task)) {
        turn_over({v.tasks, v.now}, task);
        to_the_end(task);
    } else if (settings_.preempted_last) {
        to_the_end(task);
    }
    over_[v.cpu] = 0;
    curr_[v.cpu] = kNoTask;
    put_in(v.tasks, task);
}

void Textbook::update_curr(SchedView v, TaskId curr) {
    now_[v.cpu] = v.now;
    SchedEntity& se = v.task(curr).se;
    const Nanos delta = v.now - se.exec_start;
    if (delta <= 0) return;
    se.exec_start = v.now;
    se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
    Card& c = card(curr);
    c.left = std::max<Nanos>(0, c.left - delta);
    c.ran += delta;
    ran({v.tasks, v.now}, curr, delta);
}

bool Textbook::tick(SchedView v, TaskId curr) {
    update_curr(v, curr);
    return false;
}

// Before its turn comes, as the machine's own threads always are.
bool Textbook::goes_first(const Look& look, TaskId a, TaskId b) const {
    const bool first = of_the_machine(look.tasks[a]), second = of_the_machine(look.tasks[b]);
    if (first || second) return first && !second;
    if (!preemptive()) return false;
    const int c = compare(look, a, b);
    return c < 0 || (c == 0 && front_preempts() && card(a).order < card(b).order);
}
bool Textbook::check_preempt(SchedView v, TaskId curr, TaskId wakee) {
    update_curr(v, curr);
    return goes_first({v.tasks, v.now}, wakee, curr);
}
CpuId Textbook::preempt_where(SchedView v, TaskId wakee, CpuId otherwise) {
    if (!settings_.shared) return otherwise;
    const Look look{v.tasks, v.now};
    card(wakee).left = v.peek(wakee).next_burst;
    CpuId worst = kNoCpu;
    for (CpuId c = 0; c < curr_.size(); ++c) {
        if ((v.peek(wakee).cpus_allowed >> c & 1) == 0 || curr_[c] == kNoTask) continue;
        if (!goes_first(look, wakee, curr_[c])) continue;
        if (worst == kNoCpu || compare(look, curr_[worst], curr_[c]) < 0) worst = c;
    }
    return worst != kNoCpu ? worst : otherwise;
}

void Textbook::yield(SchedView v, TaskId) { over_[v.cpu] = 1; }

void Textbook::reweight(SchedView v, TaskId task, bool) {
    Task& t = v.task(task);
    const Weight w = weight_of(t);
    t.se.weight = w.weight;
    t.se.inv_weight = w.inverse;
}

Nanos Textbook::slice_end(SchedView v, TaskId) const {
    return settings_.quantum > 0 ? turn_start_[v.cpu] + settings_.quantum : kNever;
}
bool Textbook::slice_over(SchedView v, TaskId) {
    if (!others_wait(v.tasks, v.cpu)) {
        turn_start_[v.cpu] = v.now;  // alone: the next quantum begins at once
        return false;
    }
    over_[v.cpu] = 1;
    return true;
}

Nanos Textbook::left(const Look& look, TaskId task) const {
    const Card& c = card(task);
    if (!c.runs) return c.left;
    return std::max<Nanos>(0,
                           c.left - std::max<Nanos>(0, look.now - look.tasks[task].se.exec_start));
}

std::vector<QueueRow> Textbook::rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    const Look look{tasks, now_[cpu]};
    std::vector<TaskId> line;
    for (TaskId t : line_)
        if (settings_.shared || tasks[t].cpu == cpu) line.push_back(t);
    std::stable_sort(line.begin(), line.end(), [&](TaskId a, TaskId b) {
        const bool first = of_the_machine(tasks[a]), second = of_the_machine(tasks[b]);
        if (first || second) return first && !second;
        const int c = compare(look, a, b);
        return c < 0 || (c == 0 && settings_.equal_by_id && a < b);
    });
    std::vector<QueueRow> out;
    for (TaskId t : line)
        if (out.size() < most) out.push_back({.task = t, .key = key(look, t)});
    return out;
}

std::vector<std::pair<std::string, std::int64_t>> Textbook::numbers(CpuId cpu) const {
    std::vector<std::pair<std::string, std::int64_t>> out = {
        {"waiting", static_cast<std::int64_t>(line_.size())}, {"nr_running", count_[cpu]}};
    if (settings_.quantum > 0) {
        out.emplace_back("quantum", settings_.quantum);
        out.emplace_back("turn_start", turn_start_[cpu]);
    }
    return out;
}

// Tried out on copies: the running task goes back into line, then the policy decides.
PickReason Textbook::explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    PickReason why;
    TaskTable table = tasks;
    const std::unique_ptr<SchedClass> copy = clone();
    auto& trial = static_cast<Textbook&>(*copy);
    if (prev != kNoTask && trial.curr_[cpu] == prev) trial.put_prev({table, cpu, now_[cpu]}, prev);
    trial.before_pick({table, now_[cpu]});
    const std::vector<TaskId> line = trial.candidates(table, cpu);
    why.candidate_count = line.size();
    if (line.empty()) return why;
    const Look look{table, now_[cpu]};
    if (of_the_machine(table[line.front()])) {
        why.winner = line.front();
        why.rule = "the machine's own threads go before all processes";
        why.rule_zh = "机器自身的线程先于所有进程";
    } else {
        bool tie = false;
        why.winner = trial.decide(look, line, tie);
        why.rule = line.size() == 1 ? "nobody else is runnable" : trial.rule().text;
        why.rule_zh = line.size() == 1 ? "没有别的可运行任务" : trial.rule().zh;
        if (tie) {
            why.tie = settings_.equal_by_id ? "equal: the lower task id (equal=id)"
                                            : "equal: first come, first served (equal=fifo)";
            why.tie_zh = settings_.equal_by_id ? "相等：任务编号小者先（equal=id）"
                                               : "相等：先来先服务（equal=fifo）";
        }
    }
    why.candidates = trial.rows(table, cpu, 8);
    why.queue = trial.picture(table, cpu, 31);
    trial.describe_pick(why.queue);
    return why;
}

QueueEntry Textbook::entry(const Look& look, TaskId task) const {
    QueueEntry e{.row = {.task = task, .key = key(look, task)}, .runs = card(task).runs};
    if (!of_the_machine(look.tasks[task])) describe(look, task, e.numbers);
    return e;
}

std::vector<TaskId> Textbook::running_beside(const TaskTable& tasks, CpuId cpu) const {
    std::vector<TaskId> out;
    for (CpuId c = 0; c < curr_.size(); ++c)
        if ((settings_.shared || c == cpu) && curr_[c] != kNoTask && !of_the_machine(tasks[curr_[c]]))
            out.push_back(curr_[c]);
    return out;
}

QueuePicture Textbook::picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    QueuePicture out;
    const bool one = settings_.shared || curr_.size() == 1;
    for (CpuId c = 0; c < curr_.size(); ++c) {
        if (one && c != cpu) continue;
        const Look look = look_at(tasks, c);
        QueueBand band{.name = one && curr_.size() > 1 ? "all CPUs" : "cpu " + std::to_string(c)};
        for (const QueueRow& row : rows(tasks, c, most)) {
            QueueEntry e = entry(look, row.task);
            e.row = row;
            band.entries.push_back(std::move(e));
        }
        out.bands.push_back(std::move(band));
    }
    if (settings_.quantum > 0) out.numbers.push_back({"quantum_ns", settings_.quantum});
    return out;
}

void Textbook::mix(Fingerprint& print) const {
    for (TaskId t : line_) print.mix(t);
    for (std::size_t c = 0; c < curr_.size(); ++c) {
        print.mix((std::uint64_t{curr_[c]} << 32) | count_[c]);
        print.mix(static_cast<std::uint64_t>(turn_start_[c]) * 2 + over_[c]);
    }
    for (const Card& c : cards_) {
        print.mix(static_cast<std::uint64_t>(c.order) * 4 + (c.runs ? 2 : 0) + (c.known ? 1 : 0));
        print.mix(static_cast<std::uint64_t>(c.since));
        print.mix(static_cast<std::uint64_t>(c.left));
        print.mix(static_cast<std::uint64_t>(c.ran));
        print.mix(static_cast<std::uint64_t>(c.turn));
        print.mix(static_cast<std::uint64_t>(c.pass));
        print.mix((static_cast<std::uint64_t>(static_cast<std::uint32_t>(c.level)) << 32) |
                  static_cast<std::uint32_t>(c.turns));
    }
    print.mix(static_cast<std::uint64_t>(last_place_));
}

std::string Textbook::check(const TaskTable& tasks, CpuId cpu) const {
    std::uint32_t count = curr_[cpu] != kNoTask ? 1 : 0;
    for (std::size_t i = 0; i < line_.size(); ++i) {
        if (!tasks[line_[i]].se.node.linked) return "a task in line does not know that it is";
        if (i > 0 && card(line_[i - 1]).order > card(line_[i]).order)
            return "the line is out of order";
        if (tasks[line_[i]].cpu == cpu) ++count;
    }
    if (count != count_[cpu]) return "nr_running is not the number of runnable tasks";
    return {};
}

bool read_number(const std::string& value, std::int64_t low, std::int64_t high, std::int64_t& out) {
    if (value.empty() || value.size() > 12) return false;
    std::int64_t n = 0;
    for (char c : value) {
        if (c < '0' || c > '9') return false;
        n = n * 10 + (c - '0');
    }
    out = n;
    return n >= low && n <= high;
}

bool read_textbook_setting(const std::string& key, const std::string& value, TextbookSettings& s,
                           bool& ok) {
    if (key == "queues") {
        ok = value == "shared" || value == "per-cpu";
        s.shared = value == "shared";
        return true;
    }
    if (key == "tie") {  // the order of events at one instant is the kernel's: see TieRule
        ok = value == "arrival-first" || value == "expired-first";
        return true;
    }
    if (key == "quantum") {
        s.quantum = parse_duration_setting(value);
        ok = s.quantum > 0;
        return true;
    }
    if (key == "equal") {
        ok = value == "fifo" || value == "id";
        s.equal_by_id = value == "id";
        return true;
    }
    if (key == "preempted") {
        ok = value == "place" || value == "end";
        s.preempted_last = value == "end";
        return true;
    }
    return false;
}

bool read_textbook_settings(const SchedOptions& options, std::span<const PolicyOption> known,
                            TextbookSettings& s, std::string& error) {
    for (const auto& [key, value] : options.settings) {
        const std::string_view name = key;
        const bool is_known = std::any_of(known.begin(), known.end(),
                                          [&](const PolicyOption& o) { return o.key == name; });
        bool ok = false;
        if (is_known) read_textbook_setting(key, value, s, ok);
        if (!ok) {
            error = key + "=" + value;
            return false;
        }
    }
    return true;
}

std::int64_t tickets_of(const Task& t) {
    if (t.tickets > 0) return t.tickets;
    return std::max<std::int64_t>(1, (std::int64_t{t.se.weight} * 100 + 512) / 1024);
}

}  // namespace sy
