// SCHED_FIFO and SCHED_RR: 100 lists and a bitmap on each CPU, as Linux's rt_prio_array. The lowest set bit is the
// most urgent priority, the head of its list runs. FIFO runs until it blocks, yields or somebody more urgent wakes; RR
// besides has a quantum, counted in ticks. linux.md 6.6 (kernel/sched/rt.c).
//
// Throttling (before 6.12): real-time tasks of a CPU that have run for rt_runtime in an rt_period stand aside until the
// period's timer rings, so that a runaway task cannot lock the machine.
#pragma once

#include <array>

#include "sim/sched/class.h"

namespace sy {

constexpr int kRtPriorities = 100;   // MAX_RT_PRIO

struct RtSettings {
    Nanos tick = 4 * kMilli;
    Nanos rr_timeslice = 100 * kMilli;   // sched_rr_timeslice_ms
    Nanos period = kSecond;              // sched_rt_period_us
    Nanos runtime = 950 * kMilli;        // sched_rt_runtime_us; negative: no throttling
};

class RtClass final : public SchedClass {
  public:
    RtClass(int cpus, const RtSettings& settings) : s_(settings), rq_(static_cast<std::size_t>(cpus)) {}
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<RtClass>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue why) override;
    void dequeue(SchedView v, TaskId task, Dequeue why) override;
    TaskId pick_next(SchedView v) override;
    void set_next(SchedView v, TaskId task) override;
    void put_prev(SchedView v, TaskId task) override;
    void update_curr(SchedView v, TaskId curr) override;
    bool tick(SchedView v, TaskId curr) override;
    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override;
    void yield(SchedView v, TaskId curr) override;
    void fork(SchedView v, TaskId parent, TaskId child) override;
    void reweight(SchedView, TaskId, bool) override {}
    void migrate(SchedView, TaskId, CpuId) override {}
    void join_class(SchedView v, TaskId task) override;
    Nanos slice_end(SchedView, TaskId) const override { return kNever; }
    bool slice_over(SchedView, TaskId) override { return false; }

    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;
    // A band for each list that is not empty; who runs stands at the head of its list.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;
    bool is_tree() const override { return false; }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override;
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override;
    Nanos next_timer(CpuId cpu) const override { return cpu == period_cpu_ ? period_end_ : kNever; }
    std::uint64_t timer(SchedView v) override;
    void mix(Fingerprint& print) const override;
    std::string check(const TaskTable& tasks, CpuId cpu) const override;

    bool timer_runs() const { return period_cpu_ != kNoCpu; }
    bool throttled(CpuId cpu) const { return rq_[cpu].throttled; }
    // The most urgent priority that waits on a CPU; kRtPriorities: none (or it is throttled).
    int best_waiting(CpuId cpu) const;
    // The most urgent waiting task of `from` that may run on `to` and is not being switched away from.
    TaskId pushable(const TaskTable& tasks, CpuId from, CpuId to) const;
    const RtSettings& settings() const { return s_; }

  private:
    struct List {
        TaskId head = kNoTask, tail = kNoTask;
    };
    struct RtRq {
        std::array<std::uint64_t, 2> bitmap{};
        std::vector<List> lists;          // kRtPriorities, from the first task on
        TaskId curr = kNoTask;
        std::uint32_t nr_running = 0;     // the running one included, throttled ones too
        Nanos rt_time = 0;                // run in this period
        bool throttled = false;
        bool to_tail = false;             // the running one's turn is over: put_prev takes it to the end
    };
    static int first_bit(const RtRq& rq);
    void link(TaskTable& tasks, RtRq& rq, TaskId task, bool head);
    void unlink(TaskTable& tasks, RtRq& rq, TaskId task);
    void charge(SchedView v, RtRq& rq, Nanos delta);

    RtSettings s_;
    std::vector<RtRq> rq_;
    CpuId period_cpu_ = kNoCpu;           // where the period's timer is armed; none: it does not run
    Nanos period_end_ = kNever;
};

}  // namespace sy
