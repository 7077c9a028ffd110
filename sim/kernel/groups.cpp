// Task groups as the kernel sees them: which group a task belongs to (cgroup or autogroup), the timer that refills a
// quota, and what happens when cpu.weight, cpu.max or cgroup.procs is written. linux.md 6.10. How groups are scheduled is
// sim/sched/group_fair.h.
#include <algorithm>
#include <bit>

#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/events.h"
#include "sim/kernel/routines.h"
#include "sim/sched/group_fair.h"

namespace sy {

namespace {

std::uint32_t shares_of(std::int64_t weight) { return static_cast<std::uint32_t>(std::max<std::int64_t>(2, weight * 1024 / 100)); }

// CPUs on which a group has come back: an idle one must look.
void look_again(Ctx& cx, std::uint64_t cpus) {
    for (; cpus != 0; cpus &= cpus - 1) {
        const auto c = static_cast<CpuId>(std::countr_zero(cpus));
        if (cx.k.cpus[c].runs() == cx.k.cpus[c].idle && cx.k.sched->runnable(c) > 0) cx.resched_curr(c);
    }
}

}  // namespace

void Kernel::make_groups() {
    const Scenario& s = image().scenario;
    for (const GroupDecl& decl : s.groups) {
        SchedGroup g;
        set_text(g.name, decl.name);
        g.parent = static_cast<std::uint16_t>(decl.parent + 1);
        g.weight = static_cast<std::uint32_t>(decl.weight);
        g.shares = shares_of(decl.weight);
        g.quota = decl.quota;
        g.period = decl.period;
        add_group(tasks, g, cpus.size());
    }
    if (s.machine.autogroup && tasks.groups.empty()) {
        SchedGroup root;
        set_text(root.name, "/");
        tasks.groups.push_back(root);
    }
    group_timers.resize(tasks.groups.size());
}

std::uint16_t Kernel::find_group(std::string_view name) const {
    for (std::size_t g = 1; g < tasks.groups.size(); ++g)
        if (tasks.groups[g].name.data() == name && !tasks.groups[g].is_autogroup) return static_cast<std::uint16_t>(g);
    return 0;
}

std::uint16_t Kernel::session_group(std::int32_t session) {
    if (!image().scenario.machine.autogroup || tasks.groups.empty()) return 0;
    SchedGroup g;
    set_text(g.name, "autogroup-" + std::to_string(session));
    for (std::size_t i = 1; i < tasks.groups.size(); ++i)
        if (tasks.groups[i].is_autogroup && tasks.groups[i].name == g.name) return static_cast<std::uint16_t>(i);
    if (tasks.groups.size() >= kMaxGroups) return 0;
    g.is_autogroup = true;
    group_timers.push_back(0);
    return add_group(tasks, g, cpus.size());
}

// sched_move_task: off the old queue, onto the new one, where it begins without credit or debit.
void Kernel::set_group(Ctx& cx, TaskId id, std::uint16_t group) {
    const Task& t = tasks[id];
    if (t.sched_group == group || tasks.groups.empty() || t.is_kthread() || !t.is_live) return;
    const CpuId c = t.cpu;
    const bool queued = t.on_rq, running = queued && cpus[c].runs() == id;
    if (queued) {
        if (running) sched->update_curr(cx.view(c), id);
        sched->dequeue(cx.view(c), id, Dequeue::changed);
    }
    sched->detach_averages(cx.view(c), id);
    tasks.mut(id).sched_group = group;
    sched->fork(cx.view(c), kNoTask, id);
    if (!queued) return;
    sched->enqueue(cx.view(c), id, Enqueue::changed);
    if (running) sched->set_next(cx.view(c), id);
    if (running)
        cx.resched_curr(c);
    else if (!t.on_cpu)
        cx.check_preempt(c, id);
    start_group_timers(cx);
}

void Kernel::change_group(Ctx& cx, const TimedAction& action) {
    if (action.kind == TimedAction::Kind::move) {
        const std::uint16_t to = action.group.empty() ? 0 : find_group(action.group);
        for (TaskId id : find_tasks(*this, action.target)) set_group(cx, id, to);
        return;
    }
    const std::uint16_t g = find_group(action.target);
    if (g == 0) return;
    SchedGroup& group = tasks.groups[g];
    if (action.kind == TimedAction::Kind::weight) {
        group.weight = static_cast<std::uint32_t>(action.value);
        group.shares = shares_of(action.value);
    } else {
        group.quota = action.quota;
        group.period = action.period;
    }
    if (GroupScheduler* const groups = sched->groups(); groups != nullptr) {
        std::uint64_t runnable = 0;
        groups->changed(tasks, g, cx.cpu.clock, runnable);
        look_again(cx, runnable);
        start_group_timers(cx);
    }
}

void Kernel::start_group_timers(Ctx& cx) {
    GroupScheduler* const groups = sched->groups();
    if (groups == nullptr || !groups->wants_timers()) return;
    for (std::uint16_t g : groups->take_timers()) {
        group_timers[g] = cx.start_timer(cx.cpu.id, cx.cpu.clock + tasks.groups[g].period, TimerKind::bandwidth, g);
        cx.program_lapic(cx.cpu.id);
    }
}

namespace {

void period_over(Ctx& cx) {
    const auto g = static_cast<std::uint16_t>(cx.reg(Reg::rdi));
    std::uint64_t runnable = 0;
    cx.k.group_timers[g] = 0;
    GroupScheduler* const groups = cx.k.sched->groups();
    if (groups != nullptr && groups->period_over(cx.k.tasks, g, cx.cpu.clock, runnable))
        cx.k.group_timers[g] =
            cx.start_timer(cx.cpu.id, cx.cpu.clock + cx.k.tasks.groups[g].period, TimerKind::bandwidth, g);
    cx.set(Reg::rax, runnable);
}
void resched_unthrottled(Ctx& cx) { look_again(cx, cx.reg(Reg::rax)); }
bool nobody_waits(Ctx& cx) { return cx.reg(Reg::rax) == 0; }

constexpr StepDef sched_cfs_period_timer_steps[] = {
    effect(period_over, Cost::accounting,
           {"A group's period is over: fill its pool with its quota, give throttled CPUs their share.",
            "一个组的周期结束：用配额填满它的池，给被限流的 CPU 分发时间。",
            "cpu.max says how much CPU time the group may use in each period; without any its queue is taken out.",
            "cpu.max 规定该组每周期可用多少 CPU 时间；用完后它的队列被摘下。"}),
    branch(nobody_waits, "out", {"Was no CPU waiting for it?", "没有 CPU 在等吗？", "", ""}),
    effect(resched_unthrottled, Cost::effect,
           {"The group is back in the run queues: idle CPUs must look again.", "该组回到运行队列：空闲的 CPU 要再看一次。", "", ""}),
    label("out"), ret(),
};

}  // namespace

namespace routines {
const Routine sched_cfs_period_timer = make_routine<sched_cfs_period_timer_steps>("sched_cfs_period_timer", Actor::timer, Phase::work);
}  // namespace routines

}  // namespace sy
