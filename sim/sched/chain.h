// The scheduling classes of Linux in their order: stop, deadline, rt, fair, idle (linux.md 6.1). Each is asked in turn
// who should run; a waking task of a higher class preempts a lower one whatever the numbers; a task belongs to the class
// of its effective priority and changes class with it.
//
// The `fair` slot holds what the scenario chose for normal tasks: cfs, eevdf or a textbook policy. The others stand
// around it whatever it is. For the kernel the chain is one class: it passes every hook on to the class of the task.
#pragma once

#include <array>

#include "sim/sched/class.h"
#include "sim/sched/rt.h"

namespace sy {

std::unique_ptr<SchedClass> make_stop_class(int cpus);
std::unique_ptr<SchedClass> make_idle_class(int cpus);

class ClassChain final : public SchedClass {
  public:
    ClassChain(int cpus, const RtSettings& rt, std::unique_ptr<SchedClass> fair);
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<ClassChain>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue why) override;
    void dequeue(SchedView v, TaskId task, Dequeue why) override;
    TaskId pick_next(SchedView v) override;
    void set_next(SchedView v, TaskId task) override { of(v, task).set_next(v, task); }
    void put_prev(SchedView v, TaskId task) override { of(v, task).put_prev(v, task); }
    void update_curr(SchedView v, TaskId curr) override { of(v, curr).update_curr(v, curr); }
    bool tick(SchedView v, TaskId curr) override { return of(v, curr).tick(v, curr); }
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
    bool balances() const override { return class_[kFair]->balances(); }
    GroupScheduler* groups() override { return class_[kFair]->groups(); }
    bool is_tree() const override { return class_[kFair]->is_tree(); }
    // Of the fair class, then of the others that have or had tasks here.
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override;
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override;
    bool takes_from_other_cpus() const override { return class_[kFair]->takes_from_other_cpus(); }
    bool wants_bursts() const override { return class_[kFair]->wants_bursts(); }
    CpuId preempt_where(SchedView v, TaskId wakee, CpuId otherwise) override {
        return of(v, wakee).preempt_where(v, wakee, otherwise);
    }
    void mix(Fingerprint& print) const override;
    std::string check(const TaskTable& tasks, CpuId cpu) const override;

    const SchedClass& cls(ClassId id) const { return *class_[static_cast<std::size_t>(id)]; }
    SchedClass& cls(ClassId id) { return *class_[static_cast<std::size_t>(id)]; }
    RtClass& rt() { return static_cast<RtClass&>(*class_[static_cast<std::size_t>(ClassId::rt)]); }
    const RtClass& rt() const { return static_cast<const RtClass&>(*class_[static_cast<std::size_t>(ClassId::rt)]); }
    // Runnable tasks of stop, deadline and rt.
    std::uint32_t runnable_above_fair(CpuId cpu) const;

  private:
    static constexpr std::size_t kFair = static_cast<std::size_t>(ClassId::fair);
    SchedClass& of(const SchedView& v, TaskId task) { return cls(v.peek(task).sched_class); }
    const SchedClass& of(const SchedView& v, TaskId task) const { return cls(v.peek(task).sched_class); }

    std::array<SchedClassBox, kClasses> class_;
    std::vector<std::uint32_t> upper_;   // by CPU: tasks queued or running in a class above fair
};
using ClassChainBox = ClassBox<ClassChain>;

// stop, deadline, rt, fair, idle.
const char* class_name(ClassId id);

}  // namespace sy
