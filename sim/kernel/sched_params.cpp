// Changing what the scheduler knows of a task while it lives: nice value, policy, real-time priority, deadline, and the
// priority it inherits from those it keeps waiting. A task that is queued is taken out, changed and queued again; so it
// may change its class. linux.md 6.2, 6.6, 6.7 (kernel/sched/syscalls.c).
//
// Here too: real-time tasks look for a CPU of their own, and the timers that the rt and the deadline class ask for.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

constexpr int kEinval = -22, kEperm = -1;

// A deadline task must be able to use the whole root domain: the admission test counts all its CPUs (linux.md 6.7).
bool spans_all_cpus(const Kernel& k, const Task& t) {
    for (CpuId c = 0; c < k.cpus.size(); ++c)
        if ((t.cpus_allowed >> c & 1) == 0) return false;
    return true;
}

int normal_prio_of(const Task& t) {
    switch (t.policy) {
        case Policy::deadline: return -1;
        case Policy::fifo:
        case Policy::rr: return 99 - t.rt_priority;
        default: return t.static_prio;
    }
}

// Between these two a task is in no queue and may change class.
struct TakenOut {
    bool queued = false, runs = false;
    int old_prio = 0;
    Nanos waits_since = -1;
};

TakenOut take_out(Kernel& k, Ctx& cx, TaskId id) {
    const Task& t = k.tasks[id];
    TakenOut was{t.on_rq, t.on_rq && k.cpus[t.cpu].runs() == id, t.prio, t.last_queued};
    if (was.queued)
        k.sched->dequeue(cx.view(t.cpu), id, Dequeue::changed);
    return was;
}

void put_back(Kernel& k, Ctx& cx, TaskId id, const TakenOut& was) {
    const Task& t = k.tasks[id];
    const CpuId c = t.cpu;
    if (was.queued) {
        k.sched->enqueue(cx.view(c), id, t.prio > was.old_prio ? Enqueue::changed_to_head : Enqueue::changed);
        if (was.runs) k.sched->set_next(cx.view(c), id);
        k.tasks.mut(id).last_queued = was.waits_since;
        // check_class_changed: the running one may have become less urgent, a waiting one more.
        if (was.runs && t.prio > was.old_prio)
            cx.resched_curr(c);
        else if (!was.runs && !t.on_cpu)
            cx.check_preempt(c, id);
    }
    cx.sync_class_timers(c);
}

void set_class(Kernel& k, Ctx& cx, TaskId id, int prio) {
    Task& t = k.tasks.mut(id);
    const ClassId to = class_of_prio(prio);
    const bool changes = to != t.sched_class && t.sched_class != ClassId::stop;
    if (changes) k.sched->leave_class(cx.view(t.cpu), id);
    cx.move(at::none, at::task(id, TaskField::prio), static_cast<std::uint64_t>(std::int64_t{prio}),
            static_cast<std::uint64_t>(std::int64_t{t.prio}));
    t.prio = static_cast<std::int16_t>(prio);
    if (!changes) return;
    t.sched_class = to;
    k.sched->join_class(cx.view(t.cpu), id);
}

bool in_range(const SchedParams& p) {
    const bool rt = p.policy == Policy::fifo || p.policy == Policy::rr;
    return rt ? p.rt_priority >= 1 && p.rt_priority <= 99 : p.rt_priority == 0;
}

}  // namespace

void Kernel::set_nice(Ctx& cx, TaskId id, int nice) {
    Task& t = tasks.mut(id);
    const CpuId c = t.cpu;
    t.nice = static_cast<std::int16_t>(nice);
    t.static_prio = static_cast<std::int16_t>(120 + nice);
    // A real-time task only remembers it; one that inherits a priority keeps that for now.
    if (t.normal_prio >= 100) {
        if (t.prio == t.normal_prio) t.prio = t.static_prio;
        t.normal_prio = t.static_prio;
    }
    sched->reweight(cx.view(c), id, t.on_rq);
    if (t.on_rq && !t.on_cpu && cpus[c].runs() != id) cx.check_preempt(c, id);
    if (!pi.locks.empty()) pi_adjust(cx, id);
}

int Kernel::set_scheduler(Ctx& cx, TaskId id, const SchedParams& params) {
    const auto refuse = [&](int error) {
        cx.emit(RecordKind::sched_setattr_failed, id, static_cast<std::uint32_t>(params.policy),
                static_cast<std::uint32_t>(-error));
        return error;
    };
    if (!in_range(params)) return refuse(kEinval);
    if (params.policy == Policy::deadline && !spans_all_cpus(*this, tasks[id])) return refuse(kEperm);
    const TakenOut was = take_out(*this, cx, id);
    if (params.policy == Policy::deadline) {
        if (const int refused = sched->dl().set_params(id, params); refused != 0) {
            put_back(*this, cx, id, was);
            return refuse(refused);
        }
    } else {
        sched->cls(ClassId::fair).set_slice(cx.view(tasks[id].cpu), id, params.runtime);
    }
    Task& t = tasks.mut(id);
    const bool inherits = t.prio < t.normal_prio;
    t.policy = params.policy;
    t.rt_priority = static_cast<std::uint8_t>(params.rt_priority);
    t.reset_on_fork = params.reset_on_fork;
    t.normal_prio = static_cast<std::int16_t>(normal_prio_of(t));
    if (!inherits || t.normal_prio < t.prio) set_class(*this, cx, id, t.normal_prio);
    sched->reweight(cx.view(t.cpu), id, false);
    put_back(*this, cx, id, was);
    if (!pi.locks.empty()) pi_adjust(cx, id);
    return 0;
}

void Kernel::set_effective_prio(Ctx& cx, TaskId id, int prio, TaskId lender) {
    if (tasks[id].prio == prio && sched->dl().lender_of(id) == lender) return;
    const TakenOut was = take_out(*this, cx, id);
    sched->dl().inherit(id, lender, cx.cpu.clock);
    set_class(*this, cx, id, prio);
    put_back(*this, cx, id, was);
}

// --- real-time tasks on several CPUs: the N most urgent ones run on N CPUs (linux.md 6.6) ---

namespace {

// How urgent what runs on a CPU is (ClassChain::urgency); idle is below everything.
std::int64_t runs_there(const Kernel& k, const Cpu& c) {
    return c.runs() == c.idle ? kNever : k.sched->urgency(k.tasks, c.runs());
}

}  // namespace

// select_task_rq_rt and _dl: the old CPU if it can preempt there at once, else the CPU with the least urgent task
// (find_lowest_rq, find_later_rq): the waker's first, then the lowest number.
CpuId Ctx::select_rt_cpu(TaskId id) const {
    const Task& t = peek(id);
    const auto allowed = [&](CpuId c) { return c < k.cpus.size() && (t.cpus_allowed >> c & 1) != 0; };
    const CpuId home = allowed(t.cpu) ? t.cpu : first_allowed(t);
    const std::int64_t here = runs_there(k, k.cpus[home]), own = k.sched->urgency(k.tasks, id);
    if (k.cpus.size() == 1 || t.sched_class == ClassId::stop || here == kNever) return home;
    if (k.tasks[k.cpus[home].runs()].sched_class == ClassId::fair) return home;
    CpuId best = home;
    std::int64_t lowest = std::max(here, own);
    const auto look_at = [&](CpuId c) {
        if (!allowed(c) || runs_there(k, k.cpus[c]) <= lowest) return;
        lowest = runs_there(k, k.cpus[c]);
        best = c;
    };
    look_at(cpu.id);
    for (CpuId c = 0; c < k.cpus.size(); ++c) look_at(c);
    return best;
}

// pull_rt_task, pull_dl_task: a CPU that is about to run something less urgent takes what waits elsewhere.
bool Ctx::pull_rt_task() {
    TaskId best = kNoTask;
    std::int64_t most = k.sched->best_waiting(cpu.id);
    for (const Cpu& other : k.cpus) {
        if (other.id == cpu.id) continue;
        const TaskId t = k.sched->pushable(k.tasks, other.id, cpu.id);
        if (t == kNoTask || k.sched->urgency(k.tasks, t) >= most) continue;
        if (k.sched->urgency(k.tasks, t) < runs_there(k, other)) continue;   // it is about to run there
        best = t;
        most = k.sched->urgency(k.tasks, t);
    }
    if (best == kNoTask) return false;
    const CpuId from = peek(best).cpu;
    k.sched->dequeue(view(from), best, Dequeue::migrated);
    move_to_cpu(best, cpu.id);
    k.sched->enqueue(view(), best, Enqueue::migrated);
    sync_class_timers(from);
    return true;
}

// push_rt_task, push_dl_task: who must wait here goes where something less urgent runs.
void Ctx::push_rt_task() {
    CpuId lowest = kNoCpu;
    TaskId task = kNoTask;
    std::int64_t least = 0;
    for (const Cpu& other : k.cpus) {
        if (other.id == cpu.id) continue;
        const TaskId t = k.sched->pushable(k.tasks, cpu.id, other.id);
        const std::int64_t runs = runs_there(k, other);
        if (t == kNoTask || runs <= k.sched->urgency(k.tasks, t) || runs <= least) continue;
        lowest = other.id;
        task = t;
        least = runs;
    }
    if (task == kNoTask) return;
    k.sched->dequeue(view(), task, Dequeue::migrated);
    move_to_cpu(task, lowest);
    k.sched->enqueue(view(lowest), task, Enqueue::migrated);
    sync_class_timers(lowest);
    resched_curr(lowest);
}

// --- the timers of the classes ---

void Ctx::sync_class_timers(CpuId c) {
    static constexpr std::array kinds = {TimerKind::rt_period, TimerKind::dl_task};
    static constexpr std::array ids = {ClassId::rt, ClassId::deadline};
    Cpu& target = k.cpus[c];
    if (!k.sched->has_timers(c) && target.class_timer_at[0] == kNever && target.class_timer_at[1] == kNever) [[likely]]
        return;
    bool armed = false;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const Nanos wanted = k.sched->next_timer(ids[i], c);
        if (wanted == target.class_timer_at[i]) [[likely]]
            continue;
        if (target.class_timer[i] != 0) cancel_timer(c, target.class_timer[i]);
        target.class_timer_at[i] = wanted;
        target.class_timer[i] = 0;
        if (wanted == kNever) continue;
        target.class_timer[i] = start_timer(c, std::max(wanted, cpu.clock), kinds[i], kNoTask);
        armed = true;
    }
    if (!armed) return;
    program_lapic(c);
    if (&target == &cpu && !outside) return;
    if (target.next > target.lapic_deadline && target.next > target.clock)
        target.next = std::max(target.clock, target.lapic_deadline);
    k.lower_horizon(target.next);
    expect_at(target.next);
}

namespace {

void class_timer_rings(Ctx& cx, ClassId id, std::size_t which) {
    cx.cpu.class_timer[which] = 0;
    cx.cpu.class_timer_at[which] = kNever;
    if (cx.cpu.curr != cx.cpu.idle && cx.cur().on_rq) cx.k.sched->update_curr(cx.view(), cx.cpu.curr);
    const std::uint64_t again = cx.k.sched->cls(id).timer(cx.view());
    for (CpuId c = 0; c < cx.k.cpus.size(); ++c)
        if ((again >> c & 1) != 0) cx.resched_curr(c);
    cx.sync_class_timers(cx.cpu.id);
}
void rt_period_rings(Ctx& cx) { class_timer_rings(cx, ClassId::rt, 0); }
void dl_timer_rings(Ctx& cx) { class_timer_rings(cx, ClassId::deadline, 1); }

constexpr StepDef sched_rt_period_timer_steps[] = {
    effect(rt_period_rings, Cost::accounting,
           {"A new real-time period: every CPU gets sched_rt_runtime_us again.",
            "新的实时周期开始：每个 CPU 重新得到 sched_rt_runtime_us。",
            "Real-time tasks that were throttled may run again.", "被限流的实时任务可以再次运行。"}),
    ret(),
};
constexpr StepDef dl_task_timer_steps[] = {
    effect(dl_timer_rings, Cost::accounting,
           {"Replenish: a new runtime and a new deadline for those whose period begins.",
            "补充预算：为新周期开始者分配新的运行时间和截止时间。",
            "A deadline task that used up its runtime stood aside until now.", "用完预算的 deadline 任务一直让位到此刻。"}),
    ret(),
};

// --- system calls ---

std::uint64_t arg(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.reg(Reg::rdi), r); }

void change(Ctx& cx, const SchedParams& params) {
    const int result = cx.k.set_scheduler(cx, cx.current(), params);
    cx.set(Reg::rax, static_cast<std::uint64_t>(std::int64_t{result}));
}
void do_sched_setscheduler(Ctx& cx) {
    constexpr std::uint64_t reset_flag = 0x4000'0000;
    const std::uint64_t policy = arg(cx, PtReg::rsi);
    change(cx, {.policy = static_cast<Policy>(policy & 0xff),
                .rt_priority = static_cast<std::int32_t>(arg(cx, PtReg::rdx)),
                .reset_on_fork = (policy & reset_flag) != 0});
}
void do_sched_setattr(Ctx& cx) {
    const Program& p = cx.k.program_of(cx.cur());
    const std::uint64_t i = arg(cx, PtReg::rsi);
    if (i >= p.attrs.size()) {
        cx.set(Reg::rax, static_cast<std::uint64_t>(std::int64_t{kEinval}));
        return;
    }
    change(cx, p.attrs[i]);
}

constexpr Say kSetScheduler = {"Take {cur} out of its queue, give it the new policy and priority, put it back.",
                               "把 {cur} 移出队列，设置新的策略和优先级，再放回去。",
                               "With the policy its scheduling class changes: from now on that class's rules count for it.",
                               "策略改变，调度类也随之改变：此后由那个类的规则管它。"};

constexpr StepDef sched_setscheduler_steps[] = {
    effect(do_sched_setscheduler, Cost::accounting, kSetScheduler),
    ret(),
};
constexpr StepDef sched_setattr_steps[] = {
    effect(do_sched_setattr, Cost::accounting, kSetScheduler),
    ret(),
};

}  // namespace

namespace routines {
const Routine sched_rt_period_timer = make_routine<sched_rt_period_timer_steps>("sched_rt_period_timer", Actor::timer, Phase::work);
const Routine dl_task_timer = make_routine<dl_task_timer_steps>("dl_task_timer", Actor::timer, Phase::work);
const Routine x64_sys_sched_setscheduler = make_routine<sched_setscheduler_steps>("__x64_sys_sched_setscheduler", Actor::kernel, Phase::work);
const Routine x64_sys_sched_setattr = make_routine<sched_setattr_steps>("__x64_sys_sched_setattr", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
