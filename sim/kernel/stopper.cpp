// The migration threads (migration/N): each CPU has one task of the stop class, which nothing preempts. Whoever wants
// something done on a CPU while no task runs there hands it a work: move a task that may not stay (sched_setaffinity), or
// push the task that was running to an idle CPU (active balance). linux.md 6.1, 6.9 (kernel/stop_machine.c).
//
// Linux sends a task whose affinity changed to any CPU of the new mask (cpumask_any_and_distribute); here placement
// chooses among them as for a wakeup, which can be explained.
#include <algorithm>

#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/routines.h"

namespace sy {

void Ctx::stop_one_cpu(CpuId c, const StopWork& work) {
    k.cpus[c].smp.stop_works.push_back(work);
    wake_now(k.cpus[c].smp.stopper, task_state::normal);
}

namespace {

constexpr std::uint64_t kNoWork = 0, kMigrate = 1, kActiveBalance = 2;

// RAX = which function, RDI = its task, RSI = its CPU, RBX = who waits for its end (a completion).
void take_work(Ctx& cx) {
    std::vector<StopWork>& works = cx.cpu.smp.stop_works;
    if (works.empty()) {
        cx.set(Reg::rax, kNoWork);
        return;
    }
    const StopWork w = works.front();
    works.erase(works.begin());
    cx.set(Reg::rax, w.kind == StopWork::Kind::migrate ? kMigrate : kActiveBalance);
    cx.set(Reg::rdi, w.task == kNoTask ? 0 : layout::task_address(w.task));
    cx.set(Reg::rsi, w.dst);
    cx.set(Reg::rbx, w.done == kNone ? 0 : layout::completion_address(w.done));
}
bool no_work(Ctx& cx) { return cx.reg(Reg::rax) == kNoWork; }
const Routine* work_function(Ctx& cx) {
    return cx.reg(Reg::rax) == kMigrate ? &routines::migration_cpu_stop : &routines::active_load_balance_cpu_stop;
}
bool nobody_waits(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
void done_argument(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }

constexpr StepDef cpu_stopper_thread_steps[] = {
    push(Reg::rbx),
    label("next"),
    effect(take_work, Cost::locked, {"Take the first work off this CPU's list.", "从本 CPU 的列表取第一项工作。", "", ""}),
    branch(no_work, "out", {"Is the list empty?", "列表空了吗？", "", ""}),
    call_indirect(work_function, {"Do it.", "执行它。", "", ""}),
    branch(nobody_waits, "next", {"Does nobody wait for it?", "没有人在等它吗？", "", ""}),
    effect(done_argument, Cost::word, {"Somebody waits.", "有人在等。", "", ""}),
    call(routines::complete),
    jump("next"),
    label("out"),
    pop(Reg::rbx), ret(),
};

// __migrate_task. A task that sleeps by now is placed when it wakes.
void migrate_away(Ctx& cx) {
    if (cx.reg(Reg::rdi) == 0) return;
    const TaskId id = layout::task_of(cx.reg(Reg::rdi));
    const Task& t = cx.peek(id);
    if (t.cpu != cx.cpu.id || !t.on_rq || t.on_cpu || (t.cpus_allowed >> cx.cpu.id & 1) != 0) return;
    const Nanos queued = t.last_queued;
    cx.k.sched->dequeue(cx.view(), id, Dequeue::migrated);
    cx.task(id).on_rq = false;
    const CpuId c = cx.select_cpu(id);
    cx.move_to_cpu(id, c);
    cx.activate(id, c, Enqueue::migrated);
    cx.task(id).last_queued = queued;
    cx.check_preempt(c, id);
}
constexpr StepDef migration_cpu_stop_steps[] = {
    effect(migrate_away, Cost::enqueue,
           {"Take {target} off this CPU's queue and put it into the queue of a CPU that it may use.",
            "把 {target} 从本 CPU 的队列取出，放入它可用的 CPU 的队列。", "{place}", "{place}"}),
    ret(),
};

// detach_one_task and attach_one_task: cache heat does not count any more.
void push_one(Ctx& cx) {
    const auto to = static_cast<CpuId>(cx.reg(Reg::rsi));
    cx.cpu.smp.active_balance = false;
    cx.set(Reg::rdi, 0);
    const std::vector<SchedDomain>& all = cx.k.image().topology.cpus[to].domains;
    const auto level = static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const SchedDomain& sd) { return (sd.span >> cx.cpu.id & 1) != 0; }) - all.begin());
    if (level >= all.size()) return;
    DomainState& state = cx.k.cpus[to].smp.domains[level];
    ++state.active[0];
    for (const QueueRow& row : cx.k.sched->rows(cx.k.tasks, cx.cpu.id, 32)) {
        if (!cx.may_migrate(cx.peek(row.task), to)) continue;
        ++state.active[2];
        state.nr_balance_failed = 0;
        cx.set(Reg::rdi, layout::task_address(row.task));
        cx.pull(row.task, to);
        cx.check_preempt(to, row.task);
        return;
    }
    ++state.active[1];
}
constexpr StepDef active_load_balance_cpu_stop_steps[] = {
    effect(push_one, Cost::enqueue,
           {"Push the task that was running here to the idle CPU: {target}.", "把刚才在这里运行的任务推给空闲的 CPU：{target}。",
            "It had the CPU until this thread preempted it; now it waits in the queue and can be moved.",
            "它一直占着 CPU，直到被本线程抢占；现在它在队列中，可以移动。"}),
    ret(),
};

}  // namespace

namespace routines {
const Routine cpu_stopper_thread = make_routine<cpu_stopper_thread_steps>("cpu_stopper_thread", Actor::kernel, Phase::work);
const Routine migration_cpu_stop = make_routine<migration_cpu_stop_steps>("migration_cpu_stop", Actor::scheduler, Phase::work);
const Routine active_load_balance_cpu_stop = make_routine<active_load_balance_cpu_stop_steps>("active_load_balance_cpu_stop", Actor::scheduler, Phase::work);
}  // namespace routines

}  // namespace sy
