// SCHED_DEADLINE: earliest deadline first, each task in a constant bandwidth server (CBS): it may run for `runtime` in
// every `period`, is ready within `deadline`, and who wants more waits for its next period instead of harming others.
// An admission test keeps the sum of the shares below what the CPUs have. linux.md 6.7 (kernel/sched/deadline.c).
//
// The fair server of Linux 6.12 and later lives here too: a deadline reservation on each CPU (50 ms in 1 s) through
// which normal tasks run when real-time tasks starve them. It is deferred: it stays out of the way until the last
// moment at which it could still give all of its runtime.
#pragma once

#include "sim/sched/class.h"
#include "sim/sched/rbtree.h"

namespace sy {

struct DlSettings {
    int cpus = 1;
    Nanos rt_period = kSecond, rt_runtime = 950 * kMilli;          // limit of the admission test; negative: none
    Nanos period_min = 100 * kMicro, period_max = 4'194'304 * kMicro;   // sched_deadline_period_{min,max}_us
    bool fair_server = false;
    Nanos server_runtime = 50 * kMilli, server_period = kSecond;
};

// sched_dl_entity of one task.
struct DlEntity {
    TaskId task = kNoTask;
    Nanos dl_runtime = 0, dl_deadline = 0, dl_period = 0;   // parameters
    Nanos runtime = 0;           // left of this period's budget; negative: overran (ticks end it)
    Nanos deadline = 0;          // absolute
    Nanos job_deadline = 0;      // by which the job that runs now should be done
    bool fresh = true;           // has not been queued since its parameters were set
    bool throttled = false;      // stands aside until `timer_at`
    bool yielded = false;
    Nanos timer_at = kNever;
    CpuId cpu = 0;               // whose timer that is, and where its share counts
    bool signals = false;        // SCHED_FLAG_DL_OVERRUN: SIGXCPU at an overrun
    bool reclaims = false;       // SCHED_FLAG_RECLAIM: what others do not use stretches its budget (GRUB)
    bool overran = false;        // the signal is due at the next tick
    bool contends = false;       // its share counts as active: it is runnable, or its 0-lag time has not come
    Nanos zero_lag_at = kNever;  // it sleeps, and its share is active until then
    std::uint64_t bw = 0;        // runtime / period, 20 bits of fraction; 0: not admitted, it only inherits
    // pi_se: whose parameters it runs with while it keeps that task waiting; kNoTask: its own. It is never throttled then.
    TaskId lender = kNoTask;
    Nanos pi_runtime = 0, pi_deadline = 0, pi_period = 0;
    std::uint64_t overruns = 0, misses = 0, jobs = 0;
};

class DlClass final : public SchedClass {
  public:
    explicit DlClass(const DlSettings& settings);
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<DlClass>(*this); }

    // 0, or -EINVAL, -EBUSY (the admission test fails). A task that has parameters already gets others.
    int set_params(TaskId task, const SchedParams& params);
    // Its share is free again (it left the class or died).
    void drop(TaskId task);
    const DlEntity* find(TaskId task) const;
    // The task inherits from `lender`, or (kNoTask) does not any more. It must be in no queue.
    void inherit(TaskId task, TaskId lender, Nanos now);
    TaskId lender_of(TaskId task) const;
    bool more_urgent(TaskId a, TaskId b) const;   // has the earlier deadline; both have parameters
    bool ever_used() const { return !entities_.empty(); }
    std::uint64_t total_bw() const { return total_bw_; }
    std::uint64_t limit_bw() const;   // of all CPUs; ~0: none
    // A task with SCHED_FLAG_DL_OVERRUN has overrun since this was last asked.
    bool take_overrun(TaskId task);
    // How much of `delta` is charged to a task that reclaims (grub_reclaim).
    Nanos reclaimed(const DlEntity& e, CpuId cpu, Nanos delta) const;
    // Shares of the tasks of a CPU whose budgets count now, and of all of them; 20 bits of fraction.
    std::uint64_t running_bw(CpuId cpu) const;
    std::uint64_t this_bw(CpuId cpu) const;
    std::uint64_t jobs_done() const;
    std::uint64_t jobs_missed() const;

    void enqueue(SchedView v, TaskId task, Enqueue why) override;
    void dequeue(SchedView v, TaskId task, Dequeue why) override;
    TaskId pick_next(SchedView v) override;
    void set_next(SchedView v, TaskId task) override;
    void put_prev(SchedView v, TaskId task) override;
    void update_curr(SchedView v, TaskId curr) override;
    bool tick(SchedView v, TaskId curr) override;
    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override;
    void yield(SchedView v, TaskId curr) override;
    void fork(SchedView, TaskId, TaskId) override {}
    void reweight(SchedView, TaskId, bool) override {}
    void migrate(SchedView v, TaskId task, CpuId to) override;
    void leave_class(SchedView v, TaskId task) override;
    Nanos slice_end(SchedView, TaskId) const override { return kNever; }
    bool slice_over(SchedView, TaskId) override { return false; }
    // Throttled ones are not runnable.
    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;
    bool is_tree() const override { return true; }
    // The tree, then who runs, then those who stand aside until their next period.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;
    NamedNumbers entry_numbers(const TaskTable& tasks, CpuId cpu, const QueueRow& row) const override;
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override;
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override;
    Nanos next_timer(CpuId cpu) const override;
    std::uint64_t timer(SchedView v) override;
    void mix(Fingerprint& print) const override;
    std::string check(const TaskTable& tasks, CpuId cpu) const override;

    // The earliest deadline that waits on a CPU; kNever: none.
    Nanos best_waiting(CpuId cpu) const;
    TaskId pushable(const TaskTable& tasks, CpuId from, CpuId to) const;

    // --- the fair server ---
    bool has_server() const { return s_.fair_server; }
    void server_start(CpuId cpu, Nanos now);   // the first normal task is runnable
    void server_stop(CpuId cpu);               // the last one has gone
    void server_charge(CpuId cpu, Nanos now, Nanos delta);   // a normal task ran
    bool server_first(CpuId cpu) const;        // it is queued, and no deadline task is more urgent
    bool server_wants_resched(CpuId cpu);      // its budget ended; asked once
    Nanos server_timer(CpuId cpu) const { return rq_[cpu].server.timer_at; }
    bool server_queued(CpuId cpu) const { return rq_[cpu].server.active && !rq_[cpu].server.throttled; }

  private:
    struct Server {
        bool active = false, throttled = false, armed = false, running = false, resched = false;
        Nanos runtime = 0, deadline = 0, timer_at = kNever;
    };
    struct DlRq {
        RbTree tree;                    // by absolute deadline
        TaskId curr = kNoTask;
        std::uint32_t nr_running = 0;
        bool want_resched = false;
        Server server;
    };
    // What the tree is ordered by.
    struct ByDeadline {
        const DlClass& c;
        bool before(const TaskTable&, TaskId a, TaskId b) const { return c.find(a)->deadline < c.find(b)->deadline; }
        void update(TaskTable&, TaskId) const {}
    };
    DlEntity& make_entity(TaskId task);
    DlEntity* entity(TaskId task) { return const_cast<DlEntity*>(find(task)); }
    void new_period(DlEntity& e, Nanos now) const;
    bool overflows(const DlEntity& e, Nanos now) const;
    void replenish(DlEntity& e, Nanos now) const;
    bool throttle(DlEntity& e, Nanos now, CpuId cpu);
    void put_in(SchedView v, DlRq& rq, TaskId task);
    void take_out(SchedView v, DlRq& rq, TaskId task);
    void server_new_period(Server& s, Nanos now) const;
    bool server_arm(Server& s, Nanos now) const;
    void server_replenish(Server& s, Nanos now) const;

    DlSettings s_;
    std::vector<DlRq> rq_;
    std::vector<DlEntity> entities_;    // by task id
    std::uint64_t total_bw_ = 0;
    bool reclaim_used_ = false;         // somebody asked for it: 0-lag times matter
};

}  // namespace sy
