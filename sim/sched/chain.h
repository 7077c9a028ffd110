// The scheduling classes of Linux in their order: stop, deadline, rt, fair, idle (linux.md 6.1). Each is asked in turn
// who should run; a waking task of a higher class preempts a lower one whatever the numbers; a task belongs to the class
// of its effective priority and changes class with it.
//
// The `fair` slot holds what the scenario chose for normal tasks: cfs, eevdf or a textbook policy. The others stand
// around it whatever it is. For the kernel the chain is one class: it passes every hook on to the class of the task.
#pragma once

#include <array>

#include "sim/sched/class.h"
#include "sim/sched/dl.h"
#include "sim/sched/rt.h"

namespace sy {

std::unique_ptr<SchedClass> make_stop_class(int cpus);
std::unique_ptr<SchedClass> make_idle_class(int cpus);

// Placement and balancing, by the kernel's names (debugfs sched/ and its features).
struct BalanceSettings {
    Nanos migration_cost = 500 * kMicro;   // sched_migration_cost_ns, linux.md 6.4.3
    std::int64_t nr_migrate = 32;          // sched_nr_migrate
    bool wa_idle = true, wa_weight = true, wa_bias = true;
    bool hrtick = false;
};
// What the classes around the fair slot can be told, by the kernel's names (sysctl, debugfs).
struct ClassSettings {
    RtSettings rt;
    DlSettings dl;
    BalanceSettings balance;
};
// Their settings in the language and on the command line: every scheduler understands them.
std::span<const PolicyOption> class_options();

class ClassChain final : public SchedClass {
  public:
    ClassChain(int cpus, const ClassSettings& settings, std::unique_ptr<SchedClass> fair);
    // The fair slot holds `policy`; settings that are the classes' are read here. Null and an error text if one is wrong.
    static std::unique_ptr<ClassChain> make(const PolicyInfo& policy, const SchedOptions& options, std::string& error,
                                            bool groups = false);
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<ClassChain>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue why) override;
    void dequeue(SchedView v, TaskId task, Dequeue why) override;
    TaskId pick_next(SchedView v) override;
    void set_next(SchedView v, TaskId task) override;
    void put_prev(SchedView v, TaskId task) override;
    void update_curr(SchedView v, TaskId curr) override { of(v, curr).update_curr(v, curr); }
    bool tick(SchedView v, TaskId curr) override;
    // A higher class always preempts a lower one, never the other way round.
    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override;
    void yield(SchedView v, TaskId curr) override { of(v, curr).yield(v, curr); }
    void fork(SchedView v, TaskId parent, TaskId child) override;
    void reweight(SchedView v, TaskId task, bool queued) override;
    void migrate(SchedView v, TaskId task, CpuId to) override { of(v, task).migrate(v, task, to); }
    void leave_class(SchedView v, TaskId task) override { of(v, task).leave_class(v, task); }
    void join_class(SchedView v, TaskId task) override { of(v, task).join_class(v, task); }
    Nanos slice_end(SchedView v, TaskId curr) const override { return of(v, curr).slice_end(v, curr); }
    bool slice_over(SchedView v, TaskId curr) override { return of(v, curr).slice_over(v, curr); }

    // Runnable tasks of all classes but idle.
    std::uint32_t runnable(CpuId cpu) const override {
        return class_[kFair]->runnable(cpu) + (upper_[cpu] == 0 ? 0 : runnable_above_fair(cpu));
    }
    // Of the fair class: what balancing may move. Others: cls(id).rows.
    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        return class_[kFair]->rows(tasks, cpu, most);
    }
    std::uint64_t load(CpuId cpu) const override { return class_[kFair]->load(cpu); }
    std::uint64_t h_load(SchedView v, TaskId task) const override { return class_[kFair]->h_load(v, task); }
    const pelt::Rq* averages(CpuId cpu) const override { return class_[kFair]->averages(cpu); }
    pelt::Rq* averages(CpuId cpu) override { return class_[kFair]->averages(cpu); }
    void update_blocked(SchedView v) override { class_[kFair]->update_blocked(v); }
    void detach_averages(SchedView v, TaskId task) override { class_[kFair]->detach_averages(v, task); }
    bool balances() const override { return class_[kFair]->balances(); }
    GroupScheduler* groups() override { return class_[kFair]->groups(); }
    bool is_tree() const override { return class_[kFair]->is_tree(); }
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        return class_[kFair]->picture(tasks, cpu, most);
    }
    // Of the fair class, then of the others that have or had tasks here.
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override;
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override;
    bool takes_from_other_cpus() const override { return class_[kFair]->takes_from_other_cpus(); }
    bool has_work_for(const TaskTable& tasks, CpuId cpu) const override { return class_[kFair]->has_work_for(tasks, cpu); }
    bool wants_bursts() const override { return class_[kFair]->wants_bursts(); }
    CpuId preempt_where(SchedView v, TaskId wakee, CpuId otherwise) override {
        return of(v, wakee).preempt_where(v, wakee, otherwise);
    }
    void mix(Fingerprint& print) const override;
    std::string check(const TaskTable& tasks, CpuId cpu) const override;

    const BalanceSettings& balance_settings() const { return balance_; }
    const SchedClass& cls(ClassId id) const { return *class_[static_cast<std::size_t>(id)]; }
    SchedClass& cls(ClassId id) { return *class_[static_cast<std::size_t>(id)]; }
    RtClass& rt() { return static_cast<RtClass&>(*class_[static_cast<std::size_t>(ClassId::rt)]); }
    const RtClass& rt() const { return static_cast<const RtClass&>(*class_[static_cast<std::size_t>(ClassId::rt)]); }
    DlClass& dl() { return static_cast<DlClass&>(*class_[static_cast<std::size_t>(ClassId::deadline)]); }
    const DlClass& dl() const {
        return static_cast<const DlClass&>(*class_[static_cast<std::size_t>(ClassId::deadline)]);
    }
    SchedClass& fair() { return *class_[kFair]; }
    // When a class wants to be called on a CPU. The fair server needs no timer while nobody can starve normal tasks.
    using SchedClass::next_timer;
    Nanos next_timer(ClassId id, CpuId cpu) const {
        const Nanos own = cls(id).next_timer(cpu);
        return id == ClassId::deadline && upper_[cpu] != 0 ? std::min(own, dl().server_timer(cpu)) : own;
    }
    bool has_timers(CpuId cpu) const { return upper_[cpu] != 0 || rt().timer_runs() || dl().ever_used(); }
    // How urgent a task is among all: the lower number goes first. Deadline tasks by deadline, then real-time by
    // priority, then normal ones, which are all alike.
    std::int64_t urgency(const TaskTable& tasks, TaskId task) const;
    // The most urgent one that waits on a CPU in the deadline and rt classes, kNever: none.
    std::int64_t best_waiting(CpuId cpu) const;
    // The most urgent of them that may run on `to`.
    TaskId pushable(const TaskTable& tasks, CpuId from, CpuId to) const;
    // Runnable tasks of stop, deadline and rt.
    std::uint32_t runnable_above_fair(CpuId cpu) const;

  private:
    static constexpr std::size_t kFair = static_cast<std::size_t>(ClassId::fair);
    SchedClass& of(const SchedView& v, TaskId task) { return cls(v.peek(task).sched_class); }
    const SchedClass& of(const SchedView& v, TaskId task) const { return cls(v.peek(task).sched_class); }

    PickReason explain_class(const TaskTable& tasks, CpuId cpu, TaskId prev) const;

    std::array<SchedClassBox, kClasses> class_;
    // Charges the fair server for what the running normal task got since the last time.
    void charge_server(const SchedView& v, TaskId curr);

    BalanceSettings balance_;
    std::vector<std::uint32_t> upper_;   // by CPU: tasks queued or running in a class above fair
    std::vector<std::uint64_t> charged_;   // by CPU: sum_exec_runtime of the running normal task then
};
using ClassChainBox = ClassBox<ClassChain>;

// stop, deadline, rt, fair, idle.
const char* class_name(ClassId id);

}  // namespace sy
