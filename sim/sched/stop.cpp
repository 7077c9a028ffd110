// The stop class: one task for each CPU (migration/N), which nothing preempts. It does what no running task may be in
// the way of, such as pushing that very task to another CPU. linux.md 6.1 (kernel/sched/stop_task.c).
#include "sim/base/assert.h"
#include "sim/sched/chain.h"

namespace sy {

namespace {

struct StopRq {
    TaskId waits = kNoTask;   // runnable, not running
    TaskId curr = kNoTask;
};

class StopClass final : public SchedClass {
  public:
    explicit StopClass(int cpus) : rq_(static_cast<std::size_t>(cpus)) {}
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<StopClass>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue) override { put(v, task); }
    void dequeue(SchedView v, TaskId task, Dequeue) override {
        if (rq_[v.cpu].curr == task) {
            update_curr(v, task);
            rq_[v.cpu].curr = kNoTask;
        } else {
            take(v);
        }
    }
    TaskId pick_next(SchedView v) override { return rq_[v.cpu].waits; }
    void set_next(SchedView v, TaskId task) override {
        take(v);
        rq_[v.cpu].curr = task;
        v.task(task).se.exec_start = v.now;
    }
    void put_prev(SchedView v, TaskId task) override {
        update_curr(v, task);
        rq_[v.cpu].curr = kNoTask;
        put(v, task);
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
    void yield(SchedView, TaskId) override {}
    void fork(SchedView, TaskId, TaskId) override {}
    void reweight(SchedView, TaskId, bool) override {}
    void migrate(SchedView, TaskId, CpuId) override {}
    Nanos slice_end(SchedView, TaskId) const override { return kNever; }
    bool slice_over(SchedView, TaskId) override { return false; }
    std::uint32_t runnable(CpuId cpu) const override {
        return rq_[cpu].waits != kNoTask || rq_[cpu].curr != kNoTask ? 1 : 0;
    }
    std::vector<QueueRow> rows(const TaskTable&, CpuId cpu, std::size_t most) const override {
        if (rq_[cpu].waits == kNoTask || most == 0) return {};
        return {{.task = rq_[cpu].waits}};
    }
    bool is_tree() const override { return false; }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId) const override { return {}; }
    PickReason explain(const TaskTable&, CpuId cpu, TaskId prev) const override {
        PickReason why;
        why.winner = rq_[cpu].waits != kNoTask ? rq_[cpu].waits : rq_[cpu].curr == prev ? prev : kNoTask;
        if (why.winner == kNoTask) return why;
        why.candidates = {{.task = why.winner}};
        why.candidate_count = 1;
        why.rule = "it is the stop task of this CPU: nothing goes before it";
        why.rule_zh = "它是该 CPU 的 stop 任务：没有什么能排在它前面";
        return why;
    }
    void mix(Fingerprint& print) const override {
        for (const StopRq& rq : rq_) print.mix((std::uint64_t{rq.waits} << 32) | rq.curr);
    }
    std::string check(const TaskTable&, CpuId cpu) const override {
        return rq_[cpu].waits != kNoTask && rq_[cpu].curr != kNoTask ? "a CPU has two stop tasks" : "";
    }

  private:
    void put(SchedView v, TaskId task) {
        SY_ASSERT(rq_[v.cpu].waits == kNoTask, "a CPU has one stop task");
        v.task(task).se.node = QueueNode{.linked = true};
        rq_[v.cpu].waits = task;
    }
    void take(SchedView v) {
        SY_ASSERT(rq_[v.cpu].waits != kNoTask, "only a queued task can leave the queue");
        v.task(rq_[v.cpu].waits).se.node = QueueNode{};
        rq_[v.cpu].waits = kNoTask;
    }
    std::vector<StopRq> rq_;
};

}  // namespace

std::unique_ptr<SchedClass> make_stop_class(int cpus) { return std::make_unique<StopClass>(cpus); }

}  // namespace sy
