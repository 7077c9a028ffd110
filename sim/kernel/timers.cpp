// Time inside the kernel: the queue of hrtimers on each CPU, the timer interrupt that expires them, the tick (which is
// one of them), and nanosleep. linux.md 7.7 and 9.17.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

constexpr int kSigXcpu = 24;

// For heaps: the timer that expires last is least urgent.
bool later(const HrTimer& a, const HrTimer& b) {
    if (a.expires != b.expires) return a.expires > b.expires;
    if (a.rank != b.rank) return a.rank > b.rank;
    return a.id > b.id;
}

// Several timers at one instant: who goes first is the tie rule's business.
std::uint8_t rank_of(TimerKind kind, TieRule tie) {
    if (tie == TieRule::arrival_first)   // sleepers are queued before the quantum is found to be over
        return kind == TimerKind::sleep ? 0 : kind == TimerKind::tick ? 1 : 2;
    return kind == TimerKind::tick ? 0 : kind == TimerKind::slice ? 1 : 2;
}

// A timer that nobody waits for any more.
bool is_stale(const Ctx& cx, const Cpu& cpu, const HrTimer& t) {
    switch (t.kind) {
        case TimerKind::sleep: return cx.peek(t.task).timer != t.id;
        case TimerKind::slice: return cpu.slice_timer != t.id;
        case TimerKind::tick:
            return cpu.tick_timer != t.id || (cpu.tick_stopped && cpu.nohz_until == kNever);
        case TimerKind::rt_period: return cpu.class_timer[0] != t.id;
        case TimerKind::dl_task: return cpu.class_timer[1] != t.id;
        case TimerKind::bandwidth: return cx.k.group_timers[t.task] != t.id;
    }
    return false;
}

// The first word of the records about a timer: 0 tick, 1 sleep, then as TimerKind.
std::uint32_t traced_kind(TimerKind kind) {
    return kind == TimerKind::tick ? 0 : kind == TimerKind::sleep ? 1 : static_cast<std::uint32_t>(kind);
}

void drop_stale(Ctx& cx, Cpu& cpu) {
    while (!cpu.timers.empty() && is_stale(cx, cpu, cpu.timers.front())) {
        std::pop_heap(cpu.timers.begin(), cpu.timers.end(), later);
        cpu.timers.pop_back();
    }
}

}  // namespace

std::uint64_t Ctx::start_timer(CpuId c, Nanos expires, TimerKind kind, TaskId id) {
    Cpu& target = k.cpus[c];
    const std::uint64_t timer = ++k.timer_id_;
    target.timers.push_back({expires, timer, id, kind, rank_of(kind, k.image().tie)});
    std::push_heap(target.timers.begin(), target.timers.end(), later);
    // Re-armed by its own function: it returns HRTIMER_RESTART and is enqueued behind it (__run_hrtimer).
    if (cpu.timer_runs && c == cpu.id && kind == cpu.expiring && kind != TimerKind::sleep) {
        cpu.timer_runs = false;
        emit(RecordKind::hrtimer_expire_exit, traced_kind(kind), cpu.expiring_task);
    }
    emit(RecordKind::hrtimer_start, traced_kind(kind), id, static_cast<std::uint32_t>(expires),
         static_cast<std::uint32_t>(static_cast<std::uint64_t>(expires) >> 32));
    return timer;
}

void Ctx::cancel_timer(CpuId c, std::uint64_t id) {
    std::vector<HrTimer>& all = k.cpus[c].timers;
    const auto at = std::find_if(all.begin(), all.end(), [&](const HrTimer& t) { return t.id == id; });
    if (at == all.end()) return;
    emit(RecordKind::hrtimer_cancel, traced_kind(at->kind), at->task);
    all.erase(at);
    std::make_heap(all.begin(), all.end(), later);
}

void Ctx::program_lapic(CpuId c) {
    Cpu& target = k.cpus[c];
    drop_stale(*this, target);
    const Nanos next = target.timers.empty() ? kNever : target.timers.front().expires;
    if (report != nullptr && next != target.lapic_deadline)
        move(at::none, at::per_cpu(c, PerCpuField::lapic_deadline), static_cast<std::uint64_t>(next),
             static_cast<std::uint64_t>(target.lapic_deadline));
    expect_at(next);
    target.lapic_deadline = next;
}

// Ticks lie on one grid for all CPUs: multiples of 1/HZ.
void Ctx::restart_tick(CpuId c) {
    Cpu& target = k.cpus[c];
    target.tick_stopped = false;
    target.nohz_until = kNever;
    const Nanos tick = k.image().tick;
    const Nanos next = (cpu.clock / tick + 1) * tick;
    target.tick_timer = start_timer(c, next, TimerKind::tick, kNoTask);
    program_lapic(c);
}

// hrtick_update: somebody came or went, so the running task's slice ends at another moment. (Linux sends an IPI where it
// is another CPU's timer; here it is set at once.)
void Ctx::hrtick_update(CpuId c) {
    Cpu& target = k.cpus[c];
    const TaskId curr = target.runs();
    if (curr == target.idle || peek(curr).sched_class != ClassId::fair || !peek(curr).on_rq || target.curr != curr) return;
    const Nanos end = k.sched->slice_end(view(c), curr);
    if (target.slice_timer != 0) cancel_timer(c, target.slice_timer);
    target.slice_timer = end == kNever ? 0 : start_timer(c, std::max(end, cpu.clock), TimerKind::slice, curr);
    program_lapic(c);
    if (&target == &cpu && !outside) return;
    if (target.next > target.lapic_deadline && target.next > target.clock)
        target.next = std::max(target.clock, target.lapic_deadline);
    k.lower_horizon(target.next);
    expect_at(target.next);
}

// NO_HZ: an idle CPU needs no ticks (linux.md 6.3).
void Kernel::idle_entered(CpuId c) {
    cpus[c].tick_stopped = true;
    cpus[c].nohz_until = kNever;
}

namespace {


void timer_irq_enter(Ctx& cx) {
    cx.hardirq_enter();
    ++cx.cpu.irq_timer;
    cx.emit(RecordKind::local_timer_entry, kTimerVector);
}
void trace_timer_exit(Ctx& cx) { cx.emit(RecordKind::local_timer_exit, kTimerVector); }

constexpr StepDef sysvec_apic_timer_steps[] = {
    effect(timer_irq_enter, Cost::effect,
           {"Enter hard-interrupt context (preempt_count + 0x10000).", "进入硬中断上下文（preempt_count + 0x10000）。",
            "While it lasts this CPU may not sleep and is not interrupted again.",
            "其间该 CPU 不可睡眠，也不会再被中断。"}),
    call(routines::hrtimer_interrupt),
    effect(trace_timer_exit, Cost::effect, {"The timer interrupt's work is done.", "定时器中断的工作完成。", "", ""}),
    jump(routines::irq_exit_rcu),
};

bool none_expired(Ctx& cx) {
    if (cx.cpu.timer_runs) {   // back from the last one's function
        cx.cpu.timer_runs = false;
        cx.emit(RecordKind::hrtimer_expire_exit, traced_kind(cx.cpu.expiring), cx.cpu.expiring_task);
    }
    drop_stale(cx, cx.cpu);
    // tie=expired-first: who arrives at this instant comes before the sleepers (Kernel::event_goes_first).
    if (cx.k.image().tie == TieRule::expired_first && !cx.cpu.timers.empty() &&
        cx.cpu.timers.front().kind == TimerKind::sleep && cx.k.next_event() <= cx.cpu.clock)
        return true;
    return cx.cpu.stop_expiring || cx.cpu.timers.empty() || cx.cpu.timers.front().expires > cx.cpu.clock;
}
const Routine* expire_next(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    const HrTimer t = cpu.timers.front();
    std::pop_heap(cpu.timers.begin(), cpu.timers.end(), later);
    cpu.timers.pop_back();
    cpu.expiring = t.kind;
    cpu.expiring_task = t.task;
    cpu.timer_runs = true;
    cx.emit(RecordKind::hrtimer_cancel, traced_kind(t.kind), t.task);
    cx.emit(RecordKind::hrtimer_expire_entry, traced_kind(t.kind), t.task);
    if (t.task != kNoTask && t.kind != TimerKind::bandwidth) cx.set(Reg::rdi, layout::task_address(t.task));
    switch (t.kind) {
        case TimerKind::tick: return &routines::tick_nohz_handler;
        case TimerKind::sleep: cx.task(t.task).timer = 0; return &routines::hrtimer_wakeup;
        case TimerKind::slice: return &routines::hrtick;
        case TimerKind::rt_period: return &routines::sched_rt_period_timer;
        case TimerKind::dl_task: return &routines::dl_task_timer;
        case TimerKind::bandwidth: cx.set(Reg::rdi, t.task); return &routines::sched_cfs_period_timer;
    }
    return nullptr;
}
void program_next(Ctx& cx) {
    cx.cpu.stop_expiring = false;
    cx.program_lapic(cx.cpu.id);
}

constexpr StepDef hrtimer_interrupt_steps[] = {
    push(Reg::rbx),
    label("again"),
    branch(none_expired, "done",
           {"Has another timer of this CPU expired?", "该 CPU 还有到期的定时器吗？",
            "They stand in order of expiry; equal ones in the order of the tie rule.",
            "它们按到期时间排列；相同时按并列规则。"}),
    call_indirect(expire_next, {"Take the first timer and call its function.", "取出第一个定时器并调用其函数。", "", ""}),
    jump("again"),
    label("done"),
    effect(program_next, Cost::timer,
           {"Program the local APIC for the next timer.", "为下一个定时器设置本地 APIC。",
            "The hardware rings once; the kernel says when.", "硬件只响一次；何时响由内核决定。"}),
    pop(Reg::rbx), ret(),
};

void update_jiffies(Ctx& cx) {
    // One CPU advances jiffies for all: the first one that takes a tick of this instant.
    const auto due = static_cast<std::uint64_t>(cx.cpu.clock / cx.k.image().tick);
    if (cx.k.jiffies < due) {
        cx.k.jiffies = due;
        cx.k.sample_load(cx.cpu.clock);
    }
    run_local_timers(cx);
}
void scheduler_tick(Ctx& cx) {
    const TaskId curr = cx.cpu.curr;
    if (curr != cx.cpu.idle && cx.peek(curr).on_rq) {
        if ((cx.peek(curr).flags & pf::wq_worker) != 0) wq_worker_tick(cx);
        if ((cx.peek(curr).tif & tif::need_resched_lazy) != 0) cx.resched_curr(cx.cpu.id);   // a whole tick has passed
        if (cx.k.sched->tick(cx.view(), curr))
            cx.peek(curr).sched_class == ClassId::fair ? cx.resched_curr_lazy(cx.cpu.id) : cx.resched_curr(cx.cpu.id);
        // check_dl_overrun of the POSIX CPU timers
        if (cx.peek(curr).policy == Policy::deadline && cx.k.sched->dl().take_overrun(curr)) cx.send_signal(curr, kSigXcpu, true);
        cx.sync_class_timers(cx.cpu.id);
    }
    if (cx.k.image().has_groups) cx.k.start_group_timers(cx);
    cx.trigger_balance();
}
void forward_tick(Ctx& cx) {
    if (cx.cpu.tick_stopped) {   // of an idle CPU: it sets the next one itself, if it needs one
        cx.cpu.nohz_until = kNever;
        return;
    }
    const Nanos tick = cx.k.image().tick;
    cx.cpu.tick_timer =
        cx.start_timer(cx.cpu.id, (cx.cpu.clock / tick + 1) * tick, TimerKind::tick, kNoTask);
}

constexpr StepDef tick_nohz_handler_steps[] = {
    effect(update_jiffies, Cost::locked,
           {"Advance jiffies.", "推进 jiffies。", "One CPU does it for all.", "由一个 CPU 替所有 CPU 做。"}),
    effect(scheduler_tick, Cost::accounting,
           {"Scheduler tick: charge {cur} and ask its class whether its turn is over.",
            "调度时钟：给 {cur} 记账，并问调度类它这一轮是否结束。",
            "If so TIF_NEED_RESCHED is set. The tick itself switches nothing.",
            "若结束则置 TIF_NEED_RESCHED。时钟本身不切换任何东西。"}),
    effect(forward_tick, Cost::timer, {"Set the tick's timer one period on.", "把时钟定时器后移一个周期。", "", ""}),
    ret(),
};

constexpr StepDef hrtimer_wakeup_steps[] = {
    jump(routines::try_to_wake_up,
         {"The sleeper's time has come: wake {target}.", "睡眠时间到：唤醒 {target}。", "", ""}),
};

void slice_rings(Ctx& cx) {
    const TaskId curr = cx.cpu.curr;
    cx.cpu.slice_timer = 0;
    if (curr == cx.cpu.idle || !cx.peek(curr).on_rq) return;
    cx.k.sched->update_curr(cx.view(), curr);
    if (cx.k.sched->slice_over(cx.view(), curr)) {
        cx.peek(curr).sched_class == ClassId::fair && cx.k.image().balances ? cx.resched_curr_lazy(cx.cpu.id)
                                                                            : cx.resched_curr(cx.cpu.id);
        // tie=expired-first: whoever wakes at this very instant is queued after the one whose quantum is over.
        cx.cpu.stop_expiring = cx.k.image().tie == TieRule::expired_first;
        return;
    }
    const Nanos end = cx.k.sched->slice_end(cx.view(), curr);
    if (end != kNever) cx.cpu.slice_timer = cx.start_timer(cx.cpu.id, end, TimerKind::slice, curr);
}
constexpr StepDef hrtick_steps[] = {
    effect(slice_rings, Cost::accounting,
           {"{cur}'s quantum is over: ask for a reschedule if another task waits.",
            "{cur} 的时间片用完：若有别的任务等待，请求重新调度。", "", ""}),
    ret(),
};

// --- clock_nanosleep ---

std::uint64_t sleep_arg(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }

constexpr StepDef clock_nanosleep_steps[] = {
    push(Reg::rbx),
    call(routines::common_nsleep), pop(Reg::rbx), ret(),
};
constexpr StepDef common_nsleep_steps[] = {
    push(Reg::rbx), call(routines::hrtimer_nanosleep), pop(Reg::rbx), ret(),
};

void sleep_until(Ctx& cx) {
    const bool absolute = (sleep_arg(cx, PtReg::rsi) & kTimerAbstime) != 0;
    const auto length = static_cast<Nanos>(sleep_arg(cx, PtReg::rdx));
    const Nanos expires = absolute ? length : cx.cpu.clock + length;
    cx.set(Reg::rdi, static_cast<std::uint64_t>(expires + cx.k.image().timer_slack));
}
constexpr StepDef hrtimer_nanosleep_steps[] = {
    push(Reg::rbx),
    effect(sleep_until, Cost::effect,
           {"Work out when {cur} must wake.", "算出 {cur} 应在何时醒来。",
            "Plus its timer slack (50 us by default), so that wakeups can be taken together.",
            "加上定时器松弛量（默认 50 us），以便合并唤醒。"}),
    call(routines::do_nanosleep), pop(Reg::rbx), ret(),
};

void set_interruptible(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set_state(cx.current(), task_state::interruptible);
}
void arm_sleep_timer(Ctx& cx) {
    const auto expires = static_cast<Nanos>(cx.reg(Reg::rbx));
    if (expires <= cx.cpu.clock) {   // already past: no sleep at all
        cx.set_state(cx.current(), task_state::running);
        return;
    }
    const std::uint64_t timer = cx.start_timer(cx.cpu.id, expires, TimerKind::sleep, cx.current());
    cx.move(at::reg(Reg::rbx), at::task(cx.current(), TaskField::timer), cx.reg(Reg::rbx), 0);
    cx.cur().timer = timer;
    cx.program_lapic(cx.cpu.id);
}
bool expired_at_once(Ctx& cx) { return cx.cur().timer == 0; }
void cancel_sleep_timer(Ctx& cx) {
    if (cx.cur().timer != 0) cx.emit(RecordKind::hrtimer_cancel, traced_kind(TimerKind::sleep), cx.current());
    cx.cur().timer = 0;
    cx.set_state(cx.current(), task_state::running);
}
bool must_sleep_on(Ctx& cx) {
    return static_cast<Nanos>(cx.reg(Reg::rbx)) > cx.cpu.clock && (cx.cur().tif & tif::sigpending) == 0;
}
// A relative sleep goes on to the same instant after a stop (restart_syscall); an absolute one is just called again.
void nanosleep_result(Ctx& cx) {
    const bool interrupted = static_cast<Nanos>(cx.reg(Reg::rbx)) > cx.cpu.clock;
    const bool absolute = sleep_arg(cx, PtReg::orig_rax) == nr::clock_nanosleep &&
                          (sleep_arg(cx, PtReg::rsi) & kTimerAbstime) != 0;
    if (interrupted && !absolute) cx.cur().restart_data = cx.reg(Reg::rbx);
    const std::int64_t result = !interrupted ? 0 : absolute ? restart_code::nohand : restart_code::block;
    cx.set(Reg::rax, static_cast<std::uint64_t>(result));
}
void rest_of_sleep(Ctx& cx) { cx.set(Reg::rdi, cx.cur().restart_data); }
constexpr StepDef restart_syscall_steps[] = {
    push(Reg::rbx),
    effect(rest_of_sleep, Cost::word, {"restart_block says until when {cur} was to sleep.",
                                       "restart_block 记着 {cur} 本该睡到何时。",
                                       "A relative sleep must not begin anew after each signal.",
                                       "相对睡眠不能每来一个信号就重新开始。"}),
    call(routines::do_nanosleep), pop(Reg::rbx), ret(),
};

constexpr StepDef do_nanosleep_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(set_interruptible, Cost::effect,
           {"Set {cur}'s state to TASK_INTERRUPTIBLE.", "把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
            "It still runs; the state says what schedule() shall do with it.",
            "它还在运行；状态只是告诉 schedule() 该怎么处理它。"}),
    effect(arm_sleep_timer, Cost::timer,
           {"Start an hrtimer that will wake {cur}.", "启动将唤醒 {cur} 的 hrtimer。",
            "From now on the timer interrupt knows about it.", "从此定时器中断知道这件事。"}),
    branch(expired_at_once, "woken", {"Is the time over already?", "时间已经到了吗？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} goes to sleep inside this call.",
                              "调用 schedule()：{cur} 在这次调用里睡去。",
                              "It will return from it when somebody switches back to its stack.",
                              "当有人切回它的栈时，它会从这里返回。"}),
    label("woken"),
    effect(cancel_sleep_timer, Cost::effect,
           {"{cur} is awake: no timer is armed any more.", "{cur} 醒了：不再有定时器。", "", ""}),
    branch(must_sleep_on, "again_rdi", {"Was it woken too early?", "是否被过早唤醒？", "", ""}),
    effect(nanosleep_result, Cost::effect,
           {"The result is 0, or -ERESTART_RESTARTBLOCK if a signal ended the sleep.",
            "结果为 0；若被信号打断则为 -ERESTART_RESTARTBLOCK。",
            "On the way out it becomes -EINTR, or the rest is slept.", "出去时变成 -EINTR，或睡完剩下的时间。"}),
    pop(Reg::rbx), ret(),
    label("again_rdi"),
    effect([](Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }, Cost::word,
           {"Sleep on for the rest.", "继续睡完剩下的时间。", "", ""}),
    jump("again"),
};

// Kernel threads of a scenario sleep through this one: no signals, state I (linux.md 0.3, fact 9).
void set_idle_state(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set_state(cx.current(), kernel_sleep_state(cx));
}
bool kernel_sleeps_on(Ctx& cx) {
    return static_cast<Nanos>(cx.reg(Reg::rbx)) > cx.cpu.clock && !asked_to_stop(cx);
}

constexpr StepDef schedule_timeout_idle_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(set_idle_state, Cost::effect,
           {"Set {cur}'s state to TASK_IDLE.", "把 {cur} 的状态设为 TASK_IDLE。",
            "An uninterruptible sleep that does not count as load: ps shows I.",
            "不可中断但不计入负载的睡眠：ps 显示 I。"}),
    effect(arm_sleep_timer, Cost::timer, {"Start the timer that will wake {cur}.", "启动将唤醒 {cur} 的定时器。", "", ""}),
    branch(expired_at_once, "woken", {"Is the time over already?", "时间已经到了吗？", "", ""}),
    call(routines::schedule),
    label("woken"),
    effect(cancel_sleep_timer, Cost::effect, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    effect([](Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }, Cost::word,
           {"Keep the wake-up time at hand.", "保留唤醒时间备用。", "", ""}),
    branch(kernel_sleeps_on, "again", {"Was it woken too early?", "是否被过早唤醒？", "", ""}),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine sysvec_apic_timer = make_routine<sysvec_apic_timer_steps>("sysvec_apic_timer_interrupt", Actor::timer, Phase::work);
const Routine hrtimer_interrupt = make_routine<hrtimer_interrupt_steps>("hrtimer_interrupt", Actor::timer, Phase::work);
const Routine tick_nohz_handler = make_routine<tick_nohz_handler_steps>("tick_nohz_handler", Actor::timer, Phase::work);
const Routine hrtimer_wakeup = make_routine<hrtimer_wakeup_steps>("hrtimer_wakeup", Actor::timer, Phase::work);
const Routine hrtick = make_routine<hrtick_steps>("hrtick", Actor::timer, Phase::work);
const Routine x64_sys_clock_nanosleep = make_routine<clock_nanosleep_steps>("__x64_sys_clock_nanosleep", Actor::kernel, Phase::work);
const Routine common_nsleep = make_routine<common_nsleep_steps>("common_nsleep", Actor::kernel, Phase::work);
const Routine hrtimer_nanosleep = make_routine<hrtimer_nanosleep_steps>("hrtimer_nanosleep", Actor::kernel, Phase::work);
const Routine x64_sys_restart_syscall = make_routine<restart_syscall_steps>("__x64_sys_restart_syscall", Actor::kernel, Phase::work);
const Routine do_nanosleep = make_routine<do_nanosleep_steps>("do_nanosleep", Actor::kernel, Phase::work, true);
const Routine schedule_timeout_idle = make_routine<schedule_timeout_idle_steps>("schedule_hrtimeout_range", Actor::kernel, Phase::work, true);
}  // namespace routines

}  // namespace sy
