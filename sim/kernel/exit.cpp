// The end of tasks: exit, exit_group, zombies and wait4, and signals as far as their default actions go.
// linux.md 3.7 and 7.8.
#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/family.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

constexpr int kSigKill = 9, kSigStop = 19, kSigCont = 18, kSigChld = 17;

std::uint64_t bit_of(int signal) { return std::uint64_t{1} << (signal - 1); }
bool ignored_by_default(int signal) { return signal == kSigChld || signal == kSigCont || signal == 23 || signal == 28; }
bool stops_by_default(int signal) { return signal >= kSigStop && signal <= 22; }

// Wake a sleeper so that it notices a signal; kick a running one (linux.md 7.8).
void signal_wake_up(Ctx& cx, TaskId id, bool fatal) {
    Task& t = cx.task(id);
    if (t.is_kthread()) return;
    t.tif |= tif::sigpending;
    const std::uint32_t wakes = task_state::interruptible | (fatal ? task_state::wakekill | task_state::stopped : 0);
    if ((t.state & wakes) != 0) {
        cx.wake_now(id, wakes);
    } else if (t.on_cpu && (id != cx.current() || cx.outside)) {
        cx.send_ipi(t.cpu, kRescheduleVector);
    }
}

template <typename Visit>
void each_thread(const Ctx& cx, TaskId leader, Visit visit) {
    TaskId t = leader;
    do {
        const TaskId next = cx.peek(t).next_thread;
        visit(t);
        t = next;
    } while (t != leader);
}

void kill_other_threads(Ctx& cx, TaskId self) {
    const TaskId leader = cx.peek(self).group_leader;
    each_thread(cx, leader, [&](TaskId t) {
        if (t == self || cx.peek(t).exit_state != 0 || (cx.peek(t).flags & pf::exiting) != 0) return;
        cx.task(t).pending_signals |= bit_of(kSigKill);
        signal_wake_up(cx, t, true);
    });
}

}  // namespace

void Ctx::send_signal(TaskId id, int signal, bool group) {
    const Task& target = peek(id);
    if (!target.is_live || target.exit_state != 0 || target.is_kthread()) return;
    emit(RecordKind::signal_generate, id, static_cast<std::uint32_t>(signal));
    if (target.pid == 1 || (ignored_by_default(signal) && signal != kSigCont)) return;
    const TaskId leader = target.group_leader;
    if (signal == kSigCont) {
        each_thread(*this, leader, [&](TaskId t) {
            task(t).pending_signals &= ~(bit_of(19) | bit_of(20) | bit_of(21) | bit_of(22));
            wake_now(t, task_state::stopped);
        });
        return;
    }
    const bool stops = stops_by_default(signal);
    if (group) {
        each_thread(*this, leader, [&](TaskId t) {
            if (peek(t).exit_state != 0) return;
            task(t).pending_signals |= bit_of(stops ? signal : (t == id ? signal : kSigKill));
            signal_wake_up(*this, t, !stops);
        });
        return;
    }
    task(id).pending_signals |= bit_of(signal);
    signal_wake_up(*this, id, !stops);
}

namespace {

TaskId leader(const Ctx& cx) { return cx.cur().group_leader; }

// --- signals on the way to user mode ---

constexpr StepDef arch_do_signal_steps[] = {push(Reg::rbx), call(routines::get_signal), pop(Reg::rbx), ret()};

void dequeue_signal(Ctx& cx) {
    Task& t = cx.cur();
    int signal = 0;
    if ((t.pending_signals & bit_of(kSigKill)) != 0)
        signal = kSigKill;
    else if (t.pending_signals != 0)
        signal = 1 + __builtin_ctzll(t.pending_signals);
    if (signal != 0) t.pending_signals &= ~bit_of(signal);
    if (t.pending_signals == 0) t.tif &= ~tif::sigpending;
    cx.set(Reg::rbx, static_cast<std::uint64_t>(signal), at::task(cx.current(), TaskField::pending_signals));
    if (signal != 0) cx.emit(RecordKind::signal_deliver, cx.current(), static_cast<std::uint32_t>(signal));
}
bool no_signal(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
bool is_stop(Ctx& cx) { return stops_by_default(static_cast<int>(cx.reg(Reg::rbx))); }
void fatal_code(Ctx& cx) {
    const TaskId l = leader(cx);
    const std::uint64_t code = cx.peek(l).group_exit_code >= 0
                                   ? static_cast<std::uint64_t>(cx.peek(l).group_exit_code)
                                   : cx.reg(Reg::rbx);
    cx.set(Reg::rdi, code);
}
constexpr StepDef get_signal_steps[] = {
    push(Reg::rbx),
    effect(dequeue_signal, Cost::locked, {"Take a pending signal of {cur}.", "取出 {cur} 的一个待处理信号。",
                                          "SIGKILL first, then the lowest number.", "先 SIGKILL，再按编号从小到大。"}),
    branch(no_signal, "out", {"Is there none?", "没有吗？", "", ""}),
    branch(is_stop, "stop", {"Is its default action to stop the task?", "它的默认动作是停止任务吗？", "", ""}),
    effect(fatal_code, Cost::word, {"The default action is to terminate {cur}.", "默认动作是终止 {cur}。", "", ""}),
    call(routines::do_group_exit),
    label("stop"), call(routines::do_signal_stop),
    label("out"), pop(Reg::rbx), ret(),
};
void set_stopped(Ctx& cx) { cx.set_state(cx.current(), task_state::stopped | task_state::wakekill); }
constexpr StepDef do_signal_stop_steps[] = {
    effect(set_stopped, Cost::locked, {"Set {cur}'s state to TASK_STOPPED.", "把 {cur} 的状态设为 TASK_STOPPED。",
                                       "It sleeps until SIGCONT (or SIGKILL) comes: ps shows T.",
                                       "它睡到 SIGCONT（或 SIGKILL）到来：ps 显示 T。"}),
    call(routines::schedule), ret(),
};

// --- exit ---

void exit_code_argument(Ctx& cx) {
    cx.set(Reg::rdi, (cx.pt_reg(cx.user_regs(), PtReg::rdi) & 0xff) << 8);
}
constexpr StepDef sys_exit_steps[] = {
    effect(exit_code_argument, Cost::word, {"Take the exit status.", "取得退出状态。", "", ""}),
    call(routines::do_exit),
};
constexpr StepDef sys_exit_group_steps[] = {
    effect(exit_code_argument, Cost::word, {"Take the exit status.", "取得退出状态。", "", ""}),
    call(routines::do_group_exit),
};
void group_exit(Ctx& cx) {
    Task& l = cx.task(leader(cx));
    if (l.group_exit_code < 0) {
        l.group_exit_code = static_cast<std::int32_t>(cx.reg(Reg::rdi));
        kill_other_threads(cx, cx.current());
    }
    cx.set(Reg::rdi, static_cast<std::uint64_t>(cx.peek(leader(cx)).group_exit_code));
}
constexpr StepDef do_group_exit_steps[] = {
    effect(group_exit, Cost::locked,
           {"Send SIGKILL to every other thread of the process.", "向进程的其他线程发送 SIGKILL。",
            "exit_group ends them all; each dies by itself, on its own kernel stack.",
            "exit_group 结束所有线程；每个在自己的内核栈上自行终结。"}),
    call(routines::do_exit),
};

void exit_signals(Ctx& cx) {
    Task& t = cx.cur();
    t.flags |= pf::exiting;
    t.exit_code = static_cast<std::int32_t>(cx.reg(Reg::rdi));
    t.pending_signals = 0;
    t.tif &= ~tif::sigpending;
    --cx.task(leader(cx)).live_threads;
}
void exit_mm(Ctx& cx) {
    const TaskId id = cx.current();
    const MmId mm = cx.peek(id).mm;
    if (mm == kNoMm) return;
    clear_child_tid(cx, id);
    cx.mm_grab(mm);   // from now on a lazy borrower of what was its own
    cx.move(at::none, at::task(id, TaskField::mm), 0, layout::mm_address(mm));
    cx.task(id).mm = kNoMm;
    cx.cpu.tlb.is_lazy = true;
    cx.mm_put_user(mm);
}
void trace_exit(Ctx& cx) {
    Task& t = cx.cur();
    t.exit_time = cx.cpu.clock;
    cx.emit(RecordKind::sched_process_exit, cx.current(), cx.peek(leader(cx)).live_threads == 0,
            static_cast<std::uint32_t>(t.prio));
}

TaskId init_task(const Ctx& cx) { return cx.k.find_pid(1); }
// Does this task's parent want to collect it? init ignores SIGCHLD, so its children are reaped at once; so are threads.
bool parent_waits_for(const Ctx& cx, TaskId id) {
    const Task& t = cx.peek(id);
    return t.group_leader == id && t.real_parent != kNoTask && t.real_parent != init_task(cx) &&
           cx.peek(t.real_parent).exit_state == 0 && !cx.peek(t.real_parent).is_kthread();
}
void unlink_child(Ctx& cx, TaskId child) {
    const TaskId parent = cx.peek(child).real_parent;
    if (parent == kNoTask || cx.peek(child).group_leader != child) return;
    TaskId previous = kNoTask;
    for (TaskId c = cx.peek(parent).first_child; c != kNoTask; previous = c, c = cx.peek(c).next_sibling) {
        if (c != child) continue;
        const TaskId next = cx.peek(child).next_sibling;
        if (previous == kNoTask)
            cx.task(parent).first_child = next;
        else
            cx.task(previous).next_sibling = next;
        if (cx.peek(parent).last_child == child) cx.task(parent).last_child = previous;
        break;
    }
    cx.task(child).next_sibling = kNoTask;
}
// release_task: no pid leads to it any more. Its row stays as history.
void release(Ctx& cx, TaskId id) {
    Task& t = cx.task(id);
    cx.move(at::none, at::task(id, TaskField::exit_state), kExitDead, t.exit_state);
    t.exit_state = kExitDead;
    t.is_live = false;
    cx.k.bind_pid(t.pid, kNoTask);
    if (t.group_leader == id) {
        unlink_child(cx, id);
        return;
    }
    TaskId before = t.group_leader;
    while (cx.peek(before).next_thread != id) before = cx.peek(before).next_thread;
    cx.task(before).next_thread = t.next_thread;
}
void become_zombie_or_go(Ctx& cx, TaskId id) {
    if (parent_waits_for(cx, id)) {
        Task& t = cx.task(id);
        cx.move(at::none, at::task(id, TaskField::exit_state), kExitZombie, t.exit_state);
        t.exit_state = kExitZombie;
        return;
    }
    release(cx, id);
}
void exit_notify(Ctx& cx) {
    const TaskId id = cx.current();
    const TaskId l = leader(cx);
    if (l == id || cx.peek(l).live_threads == 0) {   // forget_original_parent
        const TaskId reaper = init_task(cx);
        while (cx.peek(l).first_child != kNoTask) {
            const TaskId child = cx.peek(l).first_child;
            unlink_child(cx, child);
            if (cx.peek(child).exit_state == kExitZombie)
                release(cx, child);
            else
                add_child(cx, reaper, child);
        }
    }
    cx.set(Reg::rdi, 0);
    const bool group_dead = cx.peek(l).live_threads == 0;
    if (id != l) release(cx, id);
    // The leader's death is told when the whole group is dead ("delayed leader").
    if (id == l && !group_dead) cx.task(id).exit_state = kExitZombie;
    if (group_dead && (id == l || cx.peek(l).exit_state == kExitZombie)) {
        const bool waits = parent_waits_for(cx, l);
        become_zombie_or_go(cx, l);
        if (waits) cx.set(Reg::rdi, layout::task_address(cx.peek(l).real_parent));
    }
}
bool nobody_to_tell(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

constexpr StepDef do_exit_steps[] = {
    effect(exit_signals, Cost::locked, {"Mark {cur} as exiting.", "标记 {cur} 正在退出。", "", ""}),
    effect(exit_mm, Cost::mm,
           {"Give up the address space: {cur}->mm = NULL.", "放弃地址空间：{cur}->mm = NULL。",
            "The last user tears it down; {cur} itself goes on like a kernel thread, on a borrowed mm.",
            "最后一个使用者拆除它；{cur} 自己像内核线程一样，借用 mm 继续。"}),
    effect(trace_exit, Cost::effect, {"Close files and the rest.", "关闭文件等其余资源。", "", ""}),
    effect(exit_notify, Cost::locked,
           {"Hand children to init, tell the parent.", "把子进程交给 init，通知父进程。",
            "A process whose parent may still ask for its status stays as a zombie.",
            "若父进程仍可能询问其状态，它就作为僵尸留下。"}),
    branch(nobody_to_tell, "dead", {"Does a parent wait to collect it?", "有父进程在等着收尸吗？", "", ""}),
    call(routines::wake_parent),
    label("dead"),
    call(routines::do_task_dead),
};
void set_dead(Ctx& cx) { cx.set_state(cx.current(), task_state::dead); }
constexpr StepDef do_task_dead_steps[] = {
    effect(set_dead, Cost::effect, {"Set {cur}'s state to TASK_DEAD.", "把 {cur} 的状态设为 TASK_DEAD。",
                                    "This is its last call of schedule(): it never returns from it.",
                                    "这是它最后一次调用 schedule()：再不返回。"}),
    effect([](Ctx& cx) { cx.preempt_add(kPreemptOffset); cx.set(Reg::rdi, 0); }, Cost::word,
           {"Disable preemption for the last time.", "最后一次禁止抢占。", "", ""}),
    call(routines::schedule_inner),
};

// --- wait4 ---

// Wakes the threads of the parent that sleep in wait4: rdi = the parent's leader.
void find_waiter(Ctx& cx) {
    const TaskId parent = layout::task_of(cx.reg(Reg::rdi));
    TaskId found = kNoTask;
    each_thread(cx, parent, [&](TaskId t) {
        if (found == kNoTask && cx.peek(t).waits_for_child && cx.peek(t).state != task_state::running) found = t;
    });
    cx.set(Reg::rdi, found == kNoTask ? 0 : layout::task_address(found));
}
constexpr StepDef wake_parent_steps[] = {
    push(Reg::rbx),
    effect(find_waiter, Cost::locked, {"Send SIGCHLD; look whether the parent sleeps in wait4.",
                                       "发送 SIGCHLD；看父进程是否睡在 wait4 里。", "", ""}),
    branch(nobody_to_tell, "out", {"It does not.", "没有。", "", ""}),
    call(routines::try_to_wake_up),
    label("out"), pop(Reg::rbx), ret(),
};

TaskId zombie_child(const Ctx& cx) {
    for (TaskId c = cx.peek(leader(cx)).first_child; c != kNoTask; c = cx.peek(c).next_sibling)
        if (cx.peek(c).exit_state == kExitZombie && cx.peek(c).live_threads == 0) return c;
    return kNoTask;
}
bool has_zombie(Ctx& cx) { return zombie_child(cx) != kNoTask; }
bool has_no_child(Ctx& cx) { return cx.peek(leader(cx)).first_child == kNoTask; }
void reap(Ctx& cx) {
    const TaskId child = zombie_child(cx);
    cx.set(Reg::rax, 0);
    if (child == kNoTask) return;   // another thread took it
    cx.set(Reg::rax, static_cast<std::uint64_t>(cx.peek(child).pid));
    release(cx, child);
    cx.cur().waits_for_child = false;
}
bool nothing_reaped(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
void return_echild(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-10)); }
void wait_for_child(Ctx& cx) {
    cx.cur().waits_for_child = true;
    cx.set_state(cx.current(), task_state::interruptible);
}
void stop_waiting(Ctx& cx) {
    cx.cur().waits_for_child = false;
    cx.set_state(cx.current(), task_state::running);
}
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void return_eintr(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-4)); }

constexpr StepDef sys_wait4_steps[] = {push(Reg::rbx), call(routines::kernel_wait4), pop(Reg::rbx), ret()};
constexpr StepDef kernel_wait4_steps[] = {push(Reg::rbx), call(routines::do_wait), pop(Reg::rbx), ret()};
constexpr StepDef do_wait_steps[] = {
    push(Reg::rbx),
    label("again"),
    branch(has_zombie, "reap", {"Is there a zombie child?", "有僵尸子进程吗？", "", ""}),
    branch(has_no_child, "none", {"Is there any child at all?", "到底有没有子进程？", "", ""}),
    effect(wait_for_child, Cost::locked, {"Wait for a child: state TASK_INTERRUPTIBLE.",
                                          "等待子进程：状态 TASK_INTERRUPTIBLE。", "", ""}),
    branch(has_zombie, "woken", {"Has one died meanwhile?", "其间有子进程死了吗？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps inside wait4.", "调用 schedule()：{cur} 睡在 wait4 里。", "", ""}),
    label("woken"),
    effect(stop_waiting, Cost::locked, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    branch(signal_pending, "signal", {"Was it a signal?", "是信号吗？", "", ""}),
    jump("again"),
    label("reap"),
    effect(reap, Cost::locked, {"Collect the zombie: its pid is free again.", "收走僵尸：它的 pid 可再用。",
                                "Only now does nothing remain of the child.", "到此子进程才不留痕迹。"}),
    branch(nothing_reaped, "again", {"Was another thread faster?", "别的线程更快吗？", "", ""}),
    jump("out"),
    label("none"), effect(return_echild, Cost::word, {"No child: -ECHILD.", "没有子进程：-ECHILD。", "", ""}),
    jump("out"),
    label("signal"), effect(return_eintr, Cost::word, {"A signal ended the wait: -EINTR.", "等待被信号打断：-EINTR。", "", ""}),
    label("out"),
    pop(Reg::rbx), ret(),
};

void set_pause(Ctx& cx) { cx.set_state(cx.current(), task_state::interruptible); }
constexpr StepDef sys_pause_steps[] = {push(Reg::rbx), call(routines::do_pause), pop(Reg::rbx), ret()};
constexpr StepDef do_pause_steps[] = {
    effect(set_pause, Cost::effect, {"Wait for any signal: state TASK_INTERRUPTIBLE.",
                                     "等待任意信号：状态 TASK_INTERRUPTIBLE。", "", ""}),
    call(routines::schedule),
    effect(return_eintr, Cost::word, {"A signal ended the pause: -EINTR.", "pause 被信号结束：-EINTR。", "", ""}),
    ret(),
};

void return_enosys(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-38)); }
constexpr StepDef ni_syscall_steps[] = {
    effect(return_enosys, Cost::word, {"There is no such system call: -ENOSYS.", "没有这个系统调用：-ENOSYS。", "", ""}),
    ret(),
};

}  // namespace

namespace routines {
const Routine arch_do_signal = make_routine<arch_do_signal_steps>("arch_do_signal_or_restart", Actor::kernel, Phase::exit);
const Routine get_signal = make_routine<get_signal_steps>("get_signal", Actor::kernel, Phase::exit);
const Routine do_signal_stop = make_routine<do_signal_stop_steps>("do_signal_stop", Actor::kernel, Phase::exit);
const Routine x64_sys_exit = make_routine<sys_exit_steps>("__x64_sys_exit", Actor::kernel, Phase::work);
const Routine x64_sys_exit_group = make_routine<sys_exit_group_steps>("__x64_sys_exit_group", Actor::kernel, Phase::work);
const Routine do_group_exit = make_routine<do_group_exit_steps>("do_group_exit", Actor::kernel, Phase::work);
const Routine do_exit = make_routine<do_exit_steps>("do_exit", Actor::kernel, Phase::work);
const Routine do_task_dead = make_routine<do_task_dead_steps>("do_task_dead", Actor::scheduler, Phase::work);
const Routine wake_parent = make_routine<wake_parent_steps>("do_notify_parent", Actor::kernel, Phase::work);
const Routine x64_sys_wait4 = make_routine<sys_wait4_steps>("__x64_sys_wait4", Actor::kernel, Phase::work);
const Routine kernel_wait4 = make_routine<kernel_wait4_steps>("kernel_wait4", Actor::kernel, Phase::work);
const Routine do_wait = make_routine<do_wait_steps>("do_wait", Actor::kernel, Phase::work);
const Routine x64_sys_pause = make_routine<sys_pause_steps>("__x64_sys_pause", Actor::kernel, Phase::work);
const Routine do_pause = make_routine<do_pause_steps>("__do_sys_pause", Actor::kernel, Phase::work);
const Routine ni_syscall = make_routine<ni_syscall_steps>("__x64_sys_ni_syscall", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
