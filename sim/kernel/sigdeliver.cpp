// Signals on the way to user mode: which one comes next, default actions, group stops, and what becomes of a system call
// that a signal has ended. linux.md 7.8, the order of steps as in kernel/signal.c and arch/x86/kernel/signal.c.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

using sig::bit;

constexpr std::uint64_t kSynchronous = bit(11) | bit(7) | bit(4) | bit(5) | bit(8) | bit(31);

// --- get_signal. It returns in RAX the signal whose handler is to run (0: none), in RDX who sent it, in RCX a status, in
// RSI and RDI the handler's address and flags, in R8 the restorer's address (struct ksignal) ---

bool was_continued(Ctx& cx) {
    constexpr std::uint32_t kMask = signal_flag::cld_stopped | signal_flag::cld_continued;
    return (cx.peek_signal(cx.current()).flags & kMask) != 0;
}
void tell_continued(Ctx& cx) {
    SignalStruct& s = cx.signal_of(cx.current());
    const int why = (s.flags & signal_flag::cld_continued) != 0 ? si_code::continued : si_code::stopped;
    s.flags &= ~(signal_flag::cld_stopped | signal_flag::cld_continued);
    notify_parent_of_stop(cx, cx.current(), why);
}
bool group_is_dying(Ctx& cx) {
    const SignalStruct& s = cx.peek_signal(cx.current());
    return (s.flags & signal_flag::group_exit) != 0 || s.group_exec_task != kNoTask;
}
bool must_stop(Ctx& cx) { return cx.cur().stop_pending; }

// dequeue_signal: the thread's own first, then the process's; in each the synchronous ones, then the lowest number.
int next_signal(const Ctx& cx, bool& is_private) {
    const Task& t = cx.cur();
    for (const bool own : {true, false}) {
        std::uint64_t set = (own ? t.pending_signals : cx.peek_signal(cx.current()).shared_pending) & ~t.blocked;
        if (set == 0) continue;
        is_private = own;
        if ((set & kSynchronous) != 0) set &= kSynchronous;
        return 1 + __builtin_ctzll(set);
    }
    return 0;
}
// Takes the oldest entry of the queue; the pending bit goes with the last one.
QueuedSignal collect_signal(Ctx& cx, int signal, bool is_private) {
    const TaskId owner = is_private ? cx.current() : kNoTask;
    SignalStruct& s = cx.signal_of(cx.current());
    QueuedSignal found{signal, 0, 0, 0, owner};   // a SIGKILL of a group exit has no entry
    const auto is_it = [&](const QueuedSignal& q) { return q.signal == signal && q.task == owner; };
    const auto it = std::find_if(s.queue.begin(), s.queue.end(), is_it);
    bool more = false;
    if (it != s.queue.end()) {
        found = *it;
        s.queue.erase(it);
        more = std::any_of(s.queue.begin(), s.queue.end(), is_it);
    }
    if (more) return found;
    if (is_private)
        cx.cur().pending_signals &= ~bit(signal);
    else
        s.shared_pending &= ~bit(signal);
    return found;
}
void dequeue_signal(Ctx& cx) {
    bool is_private = true;
    const int signal = next_signal(cx, is_private);
    cx.set(Reg::rbx, static_cast<std::uint64_t>(signal),
           is_private ? at::task(cx.current(), TaskField::pending_signals)
                      : at::shared(SharedKind::signal, cx.cur().signal, SharedField::pending));
    if (signal == 0) {
        recalc_sigpending(cx, cx.current());
        return;
    }
    const QueuedSignal q = collect_signal(cx, signal, is_private);
    const SharedId hand = cx.cur().sighand;
    const SigAction* a = cx.k.shared.sighand[hand].find(signal);
    const SigAction action = a != nullptr ? *a : SigAction{.signal = signal};
    cx.set(Reg::rdx, static_cast<std::uint64_t>(static_cast<std::uint32_t>(q.sender)) << 32 |
                         static_cast<std::uint32_t>(q.code));
    cx.set(Reg::rcx, static_cast<std::uint64_t>(static_cast<std::uint32_t>(q.status)));
    cx.set(Reg::rsi, action.handler, at::shared(SharedKind::sighand, hand, SharedField::action));
    cx.set(Reg::rdi, action.flags);
    cx.set(Reg::r8, action.restorer);
    const bool runs = action.handler != kSigDfl && action.handler != kSigIgn;
    cx.emit(RecordKind::signal_deliver, cx.current(), static_cast<std::uint32_t>(signal),
            static_cast<std::uint32_t>(action.flags), static_cast<std::uint32_t>(action.handler));
    if (runs && (action.flags & sa_flag::resethand) != 0) {   // SA_ONESHOT
        SigAction once = action;
        once.handler = kSigDfl;
        cx.k.shared.sighand.mut(hand).set(once);
    }
    recalc_sigpending(cx, cx.current());
}
bool no_signal(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
bool is_ignored(Ctx& cx) { return cx.reg(Reg::rsi) == kSigIgn; }
bool has_handler(Ctx& cx) { return cx.reg(Reg::rsi) != kSigDfl; }
bool ignored_by_default(Ctx& cx) {
    const bool unkillable = (cx.peek_signal(cx.current()).flags & signal_flag::unkillable) != 0;
    return unkillable || (sig::ignored & bit(static_cast<int>(cx.reg(Reg::rbx)))) != 0;
}
bool does_not_stop(Ctx& cx) { return (sig::stopping & bit(static_cast<int>(cx.reg(Reg::rbx)))) == 0; }
bool nobody_could_continue_it(Ctx& cx) {
    return cx.reg(Reg::rbx) != static_cast<std::uint64_t>(sig::stop) &&
           is_orphaned_group(cx, cx.peek_signal(cx.current()).pgrp);
}
void take_group_kill(Ctx& cx) {
    cx.cur().pending_signals &= ~bit(sig::kill);
    cx.emit(RecordKind::signal_deliver, cx.current(), static_cast<std::uint32_t>(sig::kill));
    recalc_sigpending(cx, cx.current());
    cx.set(Reg::rbx, static_cast<std::uint64_t>(sig::kill));
}
void fatal_code(Ctx& cx) {
    const std::int32_t code = cx.peek_signal(cx.current()).group_exit_code;
    cx.set(Reg::rdi, code >= 0 ? static_cast<std::uint64_t>(code) : cx.reg(Reg::rbx));
}
void return_signal(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }

constexpr StepDef get_signal_steps[] = {
    push(Reg::rbx),
    label("again"),
    branch(was_continued, "continued", {"Has SIGCONT ended a stop that the parent has not been told of?",
                                        "SIGCONT 是否结束了一次尚未告诉父进程的停止？", "", ""}),
    label("told"),
    branch(group_is_dying, "dying", {"Is the whole process ending?", "整个进程正在结束吗？",
                                     "Then this is a SIGKILL, whatever else is pending.",
                                     "那么这就是 SIGKILL，不管还有什么待处理。"}),
    branch(must_stop, "stop", {"Is {cur} to take part in a group stop?", "{cur} 要参与一次组停止吗？", "", ""}),
    effect(dequeue_signal, Cost::locked,
           {"Take a pending signal of {cur} that is not blocked, and look up its action.",
            "取出 {cur} 一个未被阻塞的待处理信号，并查它的动作。",
            "The thread's own set first, then the process's; in each the lowest number.",
            "先取线程自己的集合，再取进程的；其中编号小者优先。"}),
    branch(no_signal, "out", {"Is there none?", "没有吗？", "", ""}),
    branch(is_ignored, "again", {"Is its action SIG_IGN?", "它的动作是 SIG_IGN 吗？", "", ""}),
    branch(has_handler, "out", {"Has the program a handler for it?", "程序为它装了处理函数吗？", "", ""}),
    branch(ignored_by_default, "again", {"Is its default action to do nothing?", "它的默认动作是什么也不做吗？", "", ""}),
    branch(does_not_stop, "fatal", {"Does its default action end the process?", "它的默认动作是结束进程吗？", "", ""}),
    branch(nobody_could_continue_it, "again",
           {"Is it a stop from the terminal for an orphaned process group?", "是终端发给孤儿进程组的停止信号吗？",
            "No shell is left that could continue it: SIGTSTP, SIGTTIN and SIGTTOU are dropped, only SIGSTOP stops.",
            "已没有 shell 能让它继续：丢弃 SIGTSTP、SIGTTIN 和 SIGTTOU，只有 SIGSTOP 能停住它。"}),
    effect([](Ctx& cx) {
               SignalStruct& s = cx.signal_of(cx.current());
               s.stop_signal = static_cast<std::int32_t>(cx.reg(Reg::rbx));
               s.group_stop_count = 0;
               each_thread(cx, leader_of_current(cx), [&](TaskId t) {
                   const Task& other = cx.peek(t);
                   if ((other.flags & pf::exiting) != 0 || (other.state & task_state::stopped) != 0) return;
                   cx.task(t).stop_pending = true;
                   ++cx.signal_of(t).group_stop_count;
                   if (t == cx.current()) return;
                   cx.task(t).tif |= tif::sigpending;
                   if ((other.state & task_state::interruptible) != 0)
                       cx.wake_now(t, task_state::interruptible);
                   else if (other.on_cpu)
                       cx.send_ipi(other.cpu, kRescheduleVector);
               });
           },
           Cost::locked,
           {"The default action is to stop: tell every thread of the process to stop.",
            "默认动作是停止：要求进程的每个线程都停下。",
            "A stop is of the whole process; each thread stops when it passes here.",
            "停止针对整个进程；每个线程经过这里时停下。"}),
    label("stop"), call(routines::do_signal_stop),
    jump("again"),
    label("continued"),
    effect(tell_continued, Cost::locked, {"Send the parent SIGCHLD: the child goes on.", "给父进程发 SIGCHLD：子进程继续了。", "", ""}),
    jump("told"),
    label("dying"),
    effect(take_group_kill, Cost::locked, {"Take the SIGKILL of the group exit.", "取出组退出的 SIGKILL。", "", ""}),
    label("fatal"),
    effect(fatal_code, Cost::word, {"The default action is to terminate {cur}.", "默认动作是终止 {cur}。", "", ""}),
    call(routines::do_group_exit),
    label("out"),
    effect(return_signal, Cost::none, {"Return the signal whose handler is to run.", "返回要运行处理函数的信号。", "", ""}),
    pop(Reg::rbx), ret(),
};

void set_stopped(Ctx& cx) {
    if (!cx.cur().stop_pending) {   // SIGKILL or SIGCONT came first: no stop after all
        recalc_sigpending(cx, cx.current());
        return;
    }
    cx.set_state(cx.current(), task_state::stopped | task_state::wakekill);
    if (leave_group_stop(cx, cx.current())) notify_parent_of_stop(cx, cx.current(), si_code::stopped);
    recalc_sigpending(cx, cx.current());
}
bool goes_on(Ctx& cx) { return cx.cur().state == task_state::running; }
constexpr StepDef do_signal_stop_steps[] = {
    effect(set_stopped, Cost::locked,
           {"Set {cur}'s state to TASK_STOPPED; the last thread tells the parent (SIGCHLD).",
            "把 {cur} 的状态设为 TASK_STOPPED；最后一个线程通知父进程（SIGCHLD）。",
            "It sleeps until SIGCONT (or SIGKILL) comes: ps shows T.",
            "它睡到 SIGCONT（或 SIGKILL）到来：ps 显示 T。"}),
    branch(goes_on, "out", {"Has SIGCONT or SIGKILL come meanwhile?", "其间来了 SIGCONT 或 SIGKILL 吗？", "", ""}),
    call(routines::schedule),
    label("out"),
    ret(),
};

// --- arch_do_signal_or_restart: rbx = signal, r12 = code and sender, r13 = status, r14 = handler, r15 = flags,
// rbp = restorer, for handle_signal and what it calls ---

void keep_signal(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rax), at::reg(Reg::rax));
    cx.set(Reg::r12, cx.reg(Reg::rdx), at::reg(Reg::rdx));
    cx.set(Reg::r13, cx.reg(Reg::rcx), at::reg(Reg::rcx));
    cx.set(Reg::r14, cx.reg(Reg::rsi), at::reg(Reg::rsi));
    cx.set(Reg::r15, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::rbp, cx.reg(Reg::r8), at::reg(Reg::r8));
}
std::int64_t interrupted_with(const Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    if (cx.pt_reg(regs, PtReg::orig_rax) > 1'023) return 0;   // -1 or a vector: no system call
    return static_cast<std::int64_t>(cx.pt_reg(regs, PtReg::rax));
}
bool needs_no_restart(Ctx& cx) {
    const std::int64_t result = interrupted_with(cx);
    return result > restart_code::sys || result < restart_code::block || result == -515;
}
// RIP goes back over the two bytes of SYSCALL, RAX gets the number again: the call is made once more.
void call_again(Ctx& cx, std::uint64_t number) {
    const std::uint64_t regs = cx.user_regs();
    cx.set_pt_reg(regs, PtReg::rax, number, at::none);
    cx.set_pt_reg(regs, PtReg::rip, cx.pt_reg(regs, PtReg::rip) - 2, at::none);
}
void restart(Ctx& cx) {
    const std::uint64_t number = cx.pt_reg(cx.user_regs(), PtReg::orig_rax);
    call_again(cx, interrupted_with(cx) == restart_code::block ? nr::restart_syscall : number);
}
void restore_saved_sigmask(Ctx& cx) {
    if (!cx.cur().restore_sigmask) return;
    cx.cur().restore_sigmask = false;
    set_blocked(cx, cx.current(), cx.cur().restart_data);
}
constexpr StepDef arch_do_signal_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12), push(Reg::r13), push(Reg::r14), push(Reg::r15),
    call(routines::get_signal),
    effect(keep_signal, Cost::none, {"Keep what get_signal found in callee-saved registers.", "把 get_signal 找到的内容放进被调用者保存寄存器。", "", ""}),
    branch(no_signal, "no_handler", {"Is there no handler to run?", "没有处理函数要运行吗？", "", ""}),
    call(routines::handle_signal),
    jump("out"),
    label("no_handler"),
    branch(needs_no_restart, "mask", {"Was no system call interrupted?", "没有系统调用被打断吗？", "", ""}),
    effect(restart, Cost::word,
           {"Make the interrupted system call again: RIP - 2 points at SYSCALL, RAX gets the number.",
            "重新执行被打断的系统调用：RIP - 2 指向 SYSCALL，RAX 放回调用号。",
            "No handler ran, so the program shall not notice anything.", "没有运行处理函数，程序不该察觉任何事。"}),
    label("mask"),
    effect(restore_saved_sigmask, Cost::none, {"Give back the mask that rt_sigsuspend replaced, if it did.",
                                               "若 rt_sigsuspend 替换过屏蔽字，恢复它。", "", ""}),
    label("out"),
    pop(Reg::r15), pop(Reg::r14), pop(Reg::r13), pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

// --- handle_signal: the handler runs, so what does the system call return? ---

bool restarts_after_handler(Ctx& cx) {
    const std::int64_t result = interrupted_with(cx);
    if (result == restart_code::nointr) return true;
    return result == restart_code::sys && (cx.reg(Reg::r15) & sa_flag::restart) != 0;
}
void restart_after_handler(Ctx& cx) { call_again(cx, cx.pt_reg(cx.user_regs(), PtReg::orig_rax)); }
void fail_with_eintr(Ctx& cx) {
    cx.set_pt_reg(cx.user_regs(), PtReg::rax, static_cast<std::uint64_t>(err::intr), at::none);
}
void signal_delivered(Ctx& cx) {
    const int signal = static_cast<int>(cx.reg(Reg::rbx));
    const SigAction* a = cx.k.shared.sighand[cx.cur().sighand].find(signal);
    std::uint64_t blocked = cx.cur().blocked | (a != nullptr ? a->mask : 0);
    if ((cx.reg(Reg::r15) & sa_flag::nodefer) == 0) blocked |= bit(signal);
    cx.cur().restore_sigmask = false;
    set_blocked(cx, cx.current(), blocked);
}
bool frame_does_not_fit(Ctx& cx) { return cx.reg(Reg::rax) != 0; }
// force_sigsegv: a handler of SIGSEGV whose own frame does not fit is not tried again.
void force_segv(Ctx& cx) {
    if (cx.reg(Reg::rbx) == static_cast<std::uint64_t>(sig::segv))
        cx.k.shared.sighand.mut(cx.cur().sighand).set({.signal = sig::segv});
    force_signal(cx, sig::segv);
}
constexpr StepDef handle_signal_steps[] = {
    push(Reg::rbp),
    branch(needs_no_restart, "frame", {"Was no system call interrupted?", "没有系统调用被打断吗？", "", ""}),
    branch(restarts_after_handler, "restart",
           {"Shall the interrupted call be made again (SA_RESTART)?", "要重新执行被打断的调用吗（SA_RESTART）？",
            "-ERESTARTSYS asks the handler's flags; -ERESTARTNOHAND never restarts after a handler.",
            "-ERESTARTSYS 看处理函数的标志；-ERESTARTNOHAND 在处理函数之后绝不重启。"}),
    effect(fail_with_eintr, Cost::word, {"The call will return -EINTR.", "调用将返回 -EINTR。",
                                         "-ERESTARTSYS and its like never reach user space.",
                                         "-ERESTARTSYS 之类从不会到达用户空间。"}),
    jump("frame"),
    label("restart"),
    effect(restart_after_handler, Cost::word,
           {"RIP - 2 points at SYSCALL again, RAX gets the number: the call is made again after the handler.",
            "RIP - 2 又指向 SYSCALL，RAX 放回调用号：处理函数之后重新调用。", "", ""}),
    label("frame"),
    call(routines::x64_setup_rt_frame),
    branch(frame_does_not_fit, "segv", {"Did the frame not fit on the user stack?", "用户栈放不下这个帧吗？", "", ""}),
    effect(signal_delivered, Cost::locked,
           {"Block the signal (and sa_mask) while its handler runs.", "处理函数运行期间阻塞该信号（及 sa_mask）。",
            "So a handler is not interrupted by its own signal, unless SA_NODEFER says so.",
            "这样处理函数不会被自己的信号打断，除非有 SA_NODEFER。"}),
    pop(Reg::rbp), ret(),
    label("segv"),
    effect(force_segv, Cost::locked, {"Force SIGSEGV on {cur}.", "强制给 {cur} 发 SIGSEGV。", "", ""}),
    pop(Reg::rbp), ret(),
};

}  // namespace

namespace routines {
const Routine arch_do_signal = make_routine<arch_do_signal_steps>("arch_do_signal_or_restart", Actor::kernel, Phase::exit);
const Routine get_signal = make_routine<get_signal_steps>("get_signal", Actor::kernel, Phase::exit);
const Routine do_signal_stop = make_routine<do_signal_stop_steps>("do_signal_stop", Actor::kernel, Phase::exit);
const Routine handle_signal = make_routine<handle_signal_steps>("handle_signal", Actor::kernel, Phase::exit);
}  // namespace routines

}  // namespace sy
