// What a parent hears of its children: SIGCHLD, wait4 and waitid. linux.md 3.7.
#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

// What a call asks for, read from the pt_regs of the task that made it: a waker looks there, too.
struct WaitFor {
    std::int64_t pid = -1;      // -1: any child; 0: of the own group; below -1: of that group
    std::uint64_t options = 0;  // W*
    std::uint64_t where = 0;    // user address of the status word or of siginfo
    bool is_waitid = false;
};
WaitFor asked_by(const Ctx& cx, TaskId task) {
    const std::uint64_t regs = layout::stack_top(cx.peek(task).stack) - kPtRegsBytes;
    const auto arg = [&](PtReg r) { return cx.k.stacks.read(regs + 8 * static_cast<std::uint64_t>(r)); };
    WaitFor w;
    w.is_waitid = arg(PtReg::orig_rax) == nr::waitid;
    if (w.is_waitid) {
        w.pid = arg(PtReg::rdi) == kPAll ? -1 : static_cast<std::int32_t>(arg(PtReg::rsi));
        w.options = arg(PtReg::r10);
        w.where = arg(PtReg::rdx);
    } else {
        w.pid = static_cast<std::int32_t>(arg(PtReg::rdi));
        w.options = arg(PtReg::rdx) | kWexited;
        w.where = arg(PtReg::rsi);
    }
    return w;
}
bool is_meant(const Ctx& cx, const WaitFor& w, TaskId waiter, TaskId child) {
    const Pid pgrp = cx.peek_signal(child).pgrp;
    if (w.pid > 0) return cx.peek(child).pid == w.pid;
    if (w.pid == 0) return pgrp == cx.peek_signal(waiter).pgrp;
    return w.pid == -1 || pgrp == -w.pid;
}

// --- __wake_up_parent: rdi = the parent, rsi = the leader of the process that has ended; rbx and r12 keep them ---

void keep_pair(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rsi), at::reg(Reg::rsi));
    cx.set(Reg::r12, cx.reg(Reg::rdi), at::reg(Reg::rdi));
}
bool waits_here(const Ctx& cx, TaskId t, TaskId child) {
    const Task& w = cx.peek(t);
    if (!w.waits_for_child || (w.state & task_state::interruptible) == 0) return false;
    // A child that is gone already may have been the last one: whoever waits must see that there is none.
    return cx.peek(child).signal == kNoShared || is_meant(cx, asked_by(cx, t), t, child);
}
void find_waiter(Ctx& cx) {
    TaskId found = kNoTask;
    const TaskId child = layout::task_of(cx.reg(Reg::rbx));
    each_thread(cx, cx.peek(layout::task_of(cx.reg(Reg::r12))).group_leader, [&](TaskId t) {
        if (found == kNoTask && waits_here(cx, t, child)) found = t;
    });
    cx.set(Reg::rdi, found == kNoTask ? 0 : layout::task_address(found));
}
bool nobody_waits(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
constexpr StepDef wake_parent_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(keep_pair, Cost::none, {"Who waits for this child?", "谁在等这个子进程？", "", ""}),
    label("again"),
    effect(find_waiter, Cost::word, {"Look for a thread of the parent that sleeps in wait4.",
                                     "找父进程里睡在 wait4 中的线程。", "", ""}),
    branch(nobody_waits, "out", {"There is none.", "没有。", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("out"), pop(Reg::r12), pop(Reg::rbx), ret(),
};

// --- do_wait ---

enum class News : std::uint8_t { none, exited, stopped, continued };
News news_of(const Ctx& cx, const WaitFor& w, TaskId child) {
    const SignalStruct& s = cx.peek_signal(child);
    const Task& t = cx.peek(child);
    if (t.exit_state == kExitZombie && t.next_thread == child) return (w.options & kWexited) != 0 ? News::exited : News::none;
    const bool is_stopped = (s.flags & signal_flag::stop_stopped) != 0 && s.stop_signal != 0;
    if ((w.options & kWuntraced) != 0 && is_stopped) return News::stopped;
    if ((w.options & kWcontinued) != 0 && (s.flags & signal_flag::stop_continued) != 0) return News::continued;
    return News::none;
}
struct Found {
    TaskId child = kNoTask;
    News news = News::none;
    bool any = false;   // a child that may still bring news
};
Found scan(const Ctx& cx) {
    const WaitFor w = asked_by(cx, cx.current());
    Found f;
    for (TaskId c = cx.peek(leader_of_current(cx)).first_child; c != kNoTask && f.child == kNoTask;
         c = cx.peek(c).next_sibling) {
        if (!is_meant(cx, w, cx.current(), c)) continue;
        f.any = true;
        f.news = news_of(cx, w, c);
        if (f.news != News::none) f.child = c;
    }
    return f;
}
bool has_news(Ctx& cx) { return scan(cx).child != kNoTask; }
bool has_no_child(Ctx& cx) { return !scan(cx).any; }
bool must_not_wait(Ctx& cx) { return (asked_by(cx, cx.current()).options & kWnohang) != 0; }
void trace_wait(Ctx& cx) {
    const std::int64_t pid = asked_by(cx, cx.current()).pid;
    cx.emit(RecordKind::sched_process_wait, pid > 0 ? static_cast<std::uint32_t>(pid) : 0);
}

std::int32_t exit_status(const Ctx& cx, TaskId child) {
    const std::int32_t group = cx.peek_signal(child).group_exit_code;
    return group >= 0 ? group : cx.peek(child).exit_code;
}
std::uint64_t status_word(const Ctx& cx, const Found& f) {   // linux.md 3.7
    if (f.news == News::stopped) return static_cast<std::uint64_t>(cx.peek_signal(f.child).stop_signal) << 8 | 0x7f;
    if (f.news == News::continued) return 0xffff;
    return static_cast<std::uint64_t>(exit_status(cx, f.child));
}
void report(Ctx& cx, const WaitFor& w, const Found& f) {
    if (w.where == 0) return;
    const std::uint64_t word = status_word(cx, f);
    if (!w.is_waitid) {
        put_user_word(cx, w.where, word);
        return;
    }
    const std::uint64_t signal = word & 0x7f;
    std::uint64_t code = si_code::exited, value = word >> 8 & 0xff;
    if (f.news == News::stopped) code = si_code::stopped;
    if (f.news == News::continued) code = si_code::continued, value = sig::cont;
    if (f.news == News::exited && signal != 0) code = si_code::killed, value = signal;
    put_user_word(cx, w.where, static_cast<std::uint64_t>(sig::chld));
    put_user_word(cx, w.where + 8, code);
    put_user_word(cx, w.where + 16, static_cast<std::uint64_t>(cx.peek(f.child).pid));
    put_user_word(cx, w.where + 24, value);
}
// The child's times, and those of its children, become the parent's cutime and cstime.
void add_times(Ctx& cx, TaskId child) {
    SignalStruct& s = cx.signal_of(cx.current());
    const SignalStruct of_child = cx.peek_signal(child);
    Nanos user = of_child.cutime, system = of_child.cstime;
    std::uint64_t faults = of_child.cmin_flt;
    const auto add = [&](TaskId id) {
        const Task& t = cx.peek(id);
        user += t.utime;
        system += std::max<Nanos>(0, cx.k.cpu_time(id) - t.utime);
        faults += t.min_flt;
    };
    add(child);
    user += of_child.gone_utime;
    system += of_child.gone_stime;
    faults += of_child.gone_min_flt;
    s.cutime += user;
    s.cstime += system;
    s.cmin_flt += faults;
}
void take_news(Ctx& cx) {
    const WaitFor w = asked_by(cx, cx.current());
    const Found f = scan(cx);
    return_value(cx, 0);
    if (f.child == kNoTask) return;   // another thread took it
    cx.set(Reg::rdx, 1);
    return_value(cx, w.is_waitid ? 0 : cx.peek(f.child).pid);
    report(cx, w, f);
    cx.cur().waits_for_child = false;
    if ((w.options & kWnowait) != 0) return;
    SignalStruct& s = cx.signal_of(f.child);
    if (f.news == News::stopped) s.stop_signal = 0;
    if (f.news == News::continued) s.flags &= ~signal_flag::stop_continued;
    if (f.news != News::exited) return;
    add_times(cx, f.child);
    release_task(cx, f.child);
}
void nothing_yet(Ctx& cx) { cx.set(Reg::rdx, 0); }
bool nothing_taken(Ctx& cx) { return cx.reg(Reg::rdx) == 0; }
void return_echild(Ctx& cx) { return_value(cx, err::child); }
void return_zero(Ctx& cx) { return_value(cx, 0); }
void wait_for_child(Ctx& cx) {
    cx.cur().waits_for_child = true;
    cx.set_state(cx.current(), task_state::interruptible);
}
void stop_waiting(Ctx& cx) {
    cx.cur().waits_for_child = false;
    cx.set_state(cx.current(), task_state::running);
}
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void return_restart(Ctx& cx) { return_value(cx, restart_code::sys); }

constexpr StepDef sys_wait4_steps[] = {push(Reg::rbx), call(routines::kernel_wait4), pop(Reg::rbx), ret()};
constexpr StepDef sys_waitid_steps[] = {push(Reg::rbx), call(routines::do_wait), pop(Reg::rbx), ret()};
constexpr StepDef kernel_wait4_steps[] = {push(Reg::rbx), call(routines::do_wait), pop(Reg::rbx), ret()};
constexpr StepDef do_wait_steps[] = {
    push(Reg::rbx),
    effect(trace_wait, Cost::none, {"Wait for a child.", "等待子进程。", "", ""}),
    label("again"),
    branch(has_news, "reap", {"Is there a zombie child, or other news that was asked for?",
                              "有僵尸子进程或所要求的其他消息吗？", "", ""}),
    branch(has_no_child, "none", {"Is there any child at all?", "到底有没有子进程？", "", ""}),
    branch(must_not_wait, "nohang", {"Was WNOHANG asked for?", "要求了 WNOHANG 吗？", "", ""}),
    effect(wait_for_child, Cost::locked, {"Wait for a child: state TASK_INTERRUPTIBLE.",
                                          "等待子进程：状态 TASK_INTERRUPTIBLE。", "", ""}),
    branch(has_news, "woken", {"Has one died meanwhile?", "其间有子进程死了吗？", "", ""}),
    branch(has_no_child, "woken", {"Is there still a child?", "还有子进程吗？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps inside wait4.", "调用 schedule()：{cur} 睡在 wait4 里。", "", ""}),
    label("woken"),
    effect(stop_waiting, Cost::locked, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    branch(has_news, "reap", {"Is there news of a child?", "有子进程的消息吗？", "", ""}),
    branch(signal_pending, "signal", {"Was it a signal?", "是信号吗？", "", ""}),
    jump("again"),
    label("reap"),
    effect(nothing_yet, Cost::none, {"Look at it.", "看看它。", "", ""}),
    effect(take_news, Cost::locked, {"Collect it: a zombie's pid is free again.", "收下它：僵尸的 pid 可再用。",
                                     "Only now does nothing remain of the child.", "到此子进程才不留痕迹。"}),
    branch(nothing_taken, "again", {"Was another thread faster?", "别的线程更快吗？", "", ""}),
    jump("out"),
    label("nohang"), effect(return_zero, Cost::word, {"Nothing yet: 0.", "还没有：0。", "", ""}),
    jump("out"),
    label("none"), effect(return_echild, Cost::word, {"No child: -ECHILD.", "没有子进程：-ECHILD。", "", ""}),
    jump("out"),
    label("signal"),
    effect(return_restart, Cost::word, {"A signal ended the wait: -ERESTARTSYS.", "等待被信号打断：-ERESTARTSYS。",
                                        "On the way out it becomes -EINTR, or the call is made again.",
                                        "出去时变成 -EINTR，或重新调用。"}),
    label("out"),
    pop(Reg::rbx), ret(),
};

}  // namespace

bool notify_parent(Ctx& cx, TaskId child) {
    const TaskId parent = cx.peek(child).real_parent;
    if (parent == kNoTask || cx.peek(parent).is_kthread() || cx.peek(parent).signal == kNoShared) return true;
    const SigAction* action = cx.k.shared.sighand[cx.peek(parent).sighand].find(sig::chld);
    const int signal = cx.peek(child).exit_signal;
    const bool ignores = signal == sig::chld && action != nullptr &&
                         (action->handler == kSigIgn || (action->flags & sa_flag::nocldwait) != 0);
    const std::int32_t status = exit_status(cx, child);
    const bool killed = (status & 0x7f) != 0;
    const bool tells = signal > 0 && !(ignores && action->handler == kSigIgn);
    if (tells)
        generate_signal(cx, parent, signal, true,
                        {killed ? si_code::killed : si_code::exited, cx.peek(child).pid,
                         killed ? status & 0x7f : status >> 8});
    return ignores;
}

void wake_waiting_parent(Ctx& cx, TaskId parent, TaskId child) {
    if (parent == kNoTask || cx.peek(parent).signal == kNoShared) return;
    each_thread(cx, cx.peek(parent).group_leader, [&](TaskId t) {
        if (waits_here(cx, t, child)) cx.wake_now(t, task_state::interruptible);
    });
}

namespace routines {
const Routine wake_parent = make_routine<wake_parent_steps>("__wake_up_parent", Actor::kernel, Phase::work);
const Routine x64_sys_wait4 = make_routine<sys_wait4_steps>("__x64_sys_wait4", Actor::kernel, Phase::work);
const Routine x64_sys_waitid = make_routine<sys_waitid_steps>("__x64_sys_waitid", Actor::kernel, Phase::work);
const Routine kernel_wait4 = make_routine<kernel_wait4_steps>("kernel_wait4", Actor::kernel, Phase::work);
const Routine do_wait = make_routine<do_wait_steps>("do_wait", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
