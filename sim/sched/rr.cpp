// Round robin, as the textbooks have it: the runnable tasks stand in a line, the first one runs for one quantum and
// goes to the end. A timer ends the quantum exactly, not the next tick; a task that blocks gives the rest of it away.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.3 (quantum "generally from 10 to 100 milliseconds"),
// OSTEP chapter 7. Where the books differ (a task arrives exactly as a quantum ends) `tie` chooses.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/sched/textbook.h"

namespace sy {

namespace {

struct RrRq {
    TaskId head = kNoTask, tail = kNoTask;
    TaskId curr = kNoTask;
    std::uint32_t nr_running = 0;
    Nanos turn_start = 0;
};

class RoundRobin final : public SchedClass {
  public:
    RoundRobin(int cpus, Nanos quantum) : quantum_(quantum), rq_(static_cast<std::size_t>(cpus)) {}
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<RoundRobin>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue) override {
        push_back(v.tasks, rq_[v.cpu], task);
        ++rq_[v.cpu].nr_running;
    }
    void dequeue(SchedView v, TaskId task, Dequeue) override {
        RrRq& rq = rq_[v.cpu];
        if (task == rq.curr) {
            update_curr(v, task);
            rq.curr = kNoTask;
        } else {
            unlink(v.tasks, rq, task);
        }
        --rq.nr_running;
    }
    TaskId pick_next(SchedView v) override { return rq_[v.cpu].head; }
    void set_next(SchedView v, TaskId task) override {
        RrRq& rq = rq_[v.cpu];
        unlink(v.tasks, rq, task);
        v.task(task).se.exec_start = v.now;
        rq.turn_start = v.now;
        rq.curr = task;
    }
    void put_prev(SchedView v, TaskId task) override {
        RrRq& rq = rq_[v.cpu];
        update_curr(v, task);
        rq.curr = kNoTask;
        push_back(v.tasks, rq, task);
    }
    void update_curr(SchedView v, TaskId curr) override {
        SchedEntity& se = v.task(curr).se;
        const Nanos delta = v.now - se.exec_start;
        if (delta <= 0) return;
        se.exec_start = v.now;
        se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
    }
    bool tick(SchedView v, TaskId curr) override {
        update_curr(v, curr);
        return false;
    }
    bool check_preempt(SchedView, TaskId, TaskId) override { return false; }
    void yield(SchedView, TaskId) override {}   // put_prev takes it to the end of the line
    void fork(SchedView, TaskId, TaskId) override {}
    void reweight(SchedView v, TaskId task, bool) override {
        Task& t = v.task(task);
        const Weight w = weight_of(t);   // nobody asks for it here, but ps shows nice
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
    }
    void migrate(SchedView, TaskId, CpuId) override {}
    Nanos slice_end(SchedView v, TaskId) const override { return rq_[v.cpu].turn_start + quantum_; }
    bool slice_over(SchedView v, TaskId) override {
        RrRq& rq = rq_[v.cpu];
        if (rq.nr_running > 1) return true;
        rq.turn_start = v.now;   // alone: the next quantum begins at once
        return false;
    }
    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    bool is_tree() const override { return false; }

    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out;
        for (TaskId t = rq_[cpu].head; t != kNoTask && out.size() < most; t = tasks[t].se.node.right)
            out.push_back({t, static_cast<std::int64_t>(out.size()) + 1, tasks[t].se.node.left,
                           tasks[t].se.node.right});
        return out;
    }
    // The lines of all CPUs.
    QueuePicture picture(const TaskTable& tasks, CpuId, std::size_t most) const override {
        QueuePicture out;
        out.numbers.push_back({"quantum_ns", quantum_});
        for (CpuId c = 0; c < rq_.size(); ++c) {
            out.bands.push_back({.name = "cpu " + std::to_string(c)});
            for (const QueueRow& row : rows(tasks, c, most)) out.bands.back().entries.push_back({.row = row});
        }
        return out;
    }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        return {{"quantum", quantum_},
                {"nr_running", rq_[cpu].nr_running},
                {"turn_start", rq_[cpu].turn_start}};
    }
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override {
        PickReason why;
        why.candidates = rows(tasks, cpu, 8);
        why.candidate_count = rq_[cpu].nr_running - (rq_[cpu].curr != kNoTask && prev == kNoTask ? 1u : 0u);
        if (prev != kNoTask)
            why.candidates.push_back({prev, static_cast<std::int64_t>(why.candidates.size()) + 1});
        why.winner = rq_[cpu].head != kNoTask ? rq_[cpu].head : prev;
        if (why.winner == kNoTask) return why;
        why.rule = why.winner == prev ? "nobody else is waiting in line: it gets another quantum"
                                      : "it has waited longest: it is first in line";
        why.rule_zh = why.winner == prev ? "没有别的任务在排队：它再得一个时间片"
                                         : "它等得最久：排在队首";
        explain_tie(tasks, cpu, prev, why);
        why.queue = picture(tasks, cpu, 31);
        if (prev != kNoTask) why.queue.bands[cpu].entries.push_back({.row = why.candidates.back()});
        return why;
    }
    void mix(Fingerprint& print) const override {
        for (const RrRq& rq : rq_) {
            print.mix((std::uint64_t{rq.head} << 32) | rq.tail);
            print.mix((std::uint64_t{rq.curr} << 32) | rq.nr_running);
            print.mix(static_cast<std::uint64_t>(rq.turn_start));
        }
    }
    std::string check(const TaskTable& tasks, CpuId cpu) const override {
        const RrRq& rq = rq_[cpu];
        std::uint32_t count = rq.curr != kNoTask ? 1 : 0;
        TaskId previous = kNoTask;
        for (TaskId t = rq.head; t != kNoTask; previous = t, t = tasks[t].se.node.right, ++count) {
            if (tasks[t].se.node.left != previous) return "the run queue's links do not match";
            if (count > rq.nr_running) return "the run queue is a circle";
        }
        if (rq.tail != previous) return "the run queue's tail is not its last task";
        if (count != rq.nr_running) return "nr_running is not the number of runnable tasks";
        return {};
    }

  private:
    // Two things at one instant: which rule ordered them.
    void explain_tie(const TaskTable& tasks, CpuId cpu, TaskId prev, PickReason& why) const {
        const TaskId first = rq_[cpu].head;
        if (first == kNoTask) return;
        const TaskId second = tasks[first].se.node.right;
        if (second != kNoTask && tasks[first].last_queued == tasks[second].last_queued) {
            why.tie = "both queued at one instant: in the order in which the scenario names them (tie=file-order)";
            why.tie_zh = "同一时刻入队：按场景文件中的先后（tie=file-order）";
        }
        // The running task was charged a moment ago: exec_start is now.
        const TaskId last = rq_[cpu].tail;
        if (prev != kNoTask && tasks[last].last_queued == tasks[prev].se.exec_start) {
            why.tie = std::string(tasks[last].name()) + " came at the very instant at which " +
                      std::string(tasks[prev].name()) + "'s turn ended: the newcomer queues first (tie=arrival-first)";
            why.tie_zh = std::string(tasks[last].name()) + " 恰在 " + std::string(tasks[prev].name()) +
                         " 的一轮结束时到来：新来者先入队（tie=arrival-first）";
        }
    }

    static void push_back(TaskTable& tasks, RrRq& rq, TaskId task) {
        QueueNode& n = tasks.mut(task).se.node;
        SY_ASSERT(!n.linked, "a task can be in one queue only");
        n = QueueNode{.left = rq.tail, .linked = true};
        if (rq.tail != kNoTask)
            tasks.mut(rq.tail).se.node.right = task;
        else
            rq.head = task;
        rq.tail = task;
    }
    static void unlink(TaskTable& tasks, RrRq& rq, TaskId task) {
        const QueueNode n = tasks[task].se.node;
        SY_ASSERT(n.linked, "only a queued task can leave the queue");
        if (n.left != kNoTask)
            tasks.mut(n.left).se.node.right = n.right;
        else
            rq.head = n.right;
        if (n.right != kNoTask)
            tasks.mut(n.right).se.node.left = n.left;
        else
            rq.tail = n.left;
        tasks.mut(task).se.node = QueueNode{};
    }

    Nanos quantum_;
    std::vector<RrRq> rq_;
};

// With one line for all CPUs the shared bookkeeping of the textbook policies does the rest.
class SharedRoundRobin final : public TextbookPolicy<SharedRoundRobin> {
  public:
    using TextbookPolicy::TextbookPolicy;

  protected:
    std::int64_t key(const Look&, TaskId task) const override { return card(task).order; }
    Rule rule() const override {
        return {"it has waited longest: it is first in the line of all CPUs", "它等得最久：排在所有 CPU 共用队列之首"};
    }
};

constexpr PolicyOption options[] = {
    {"queues", "queues=per-cpu|shared", "a line for each CPU (default), or one for all (Silberschatz 5.5.1 has both)",
     "每个 CPU 一个队列（默认），或所有 CPU 共用一个（Silberschatz 5.5.1 两种都有）"},
    {"quantum", "quantum=10ms", "length of one turn (default 10 ms)", "一轮的长度（默认 10 ms）"},
    {"tie", "tie=arrival-first|expired-first",
     "a task arrives exactly as a quantum ends: the newcomer queues first (default), or the expired one",
     "任务恰在时间片结束时到达：新来者先入队（默认），或用完时间片者先入队"},
};

std::unique_ptr<SchedClass> make_rr(const SchedOptions& o, std::string& error) {
    Nanos quantum = 10 * kMilli;
    bool shared = false;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "quantum") {
            quantum = parse_duration_setting(value);
            ok = quantum > 0;
        } else if (key == "tie") {   // the order of events at one instant is the kernel's: see TieRule
            ok = value == "arrival-first" || value == "expired-first";
        } else if (key == "queues") {
            ok = value == "per-cpu" || value == "shared";
            shared = value == "shared";
        }
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    if (shared) return std::make_unique<SharedRoundRobin>(o.cpus, TextbookSettings{.quantum = quantum});
    return std::make_unique<RoundRobin>(o.cpus, quantum);
}

}  // namespace

extern const PolicyInfo rr_policy;
const PolicyInfo rr_policy = {"rr", "round robin", "时间片轮转",
                              "Silberschatz, Galvin, Gagne 10e, 5.3.3; OSTEP ch. 7", options, make_rr};

}  // namespace sy
