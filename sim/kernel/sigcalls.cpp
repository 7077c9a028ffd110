// System calls about signals: rt_sigaction, rt_sigprocmask, rt_sigsuspend, pause, kill, tgkill. linux.md 7.8, 4.8.
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

bool no_such_signal(std::uint64_t n) { return n < 1 || n > sig::count; }
void return_zero(Ctx& cx) { return_value(cx, 0); }
void return_einval(Ctx& cx) { return_value(cx, err::inval); }
constexpr Say kEinvalSay = {"That is not allowed: -EINVAL.", "不允许：-EINVAL。", "", ""};

// --- rt_sigaction(signal, act, oldact, size) ---

bool may_not_change(Ctx& cx) {
    const std::uint64_t n = syscall_arg(cx, PtReg::rdi);
    return no_such_signal(n) || (sig::unmaskable & sig::bit(static_cast<int>(n))) != 0;
}
void set_action(Ctx& cx) {
    const std::uint64_t act = syscall_arg(cx, PtReg::rsi);
    SigAction a{static_cast<std::int32_t>(syscall_arg(cx, PtReg::rdi)), get_user_word(cx, act),
                get_user_word(cx, act + 8), get_user_word(cx, act + 24) & ~sig::unmaskable,
                get_user_word(cx, act + 16)};
    const SharedId hand = cx.cur().sighand;
    const SigAction* before = cx.k.shared.sighand[hand].find(a.signal);
    cx.move(at::user_word(cx.cur().mm, act), at::shared(SharedKind::sighand, hand, SharedField::action), a.handler,
            before != nullptr ? before->handler : kSigDfl);
    cx.k.shared.sighand.mut(hand).set(a);
    // POSIX: pending signals that are ignored from now on are gone.
    const bool drops = a.handler == kSigIgn || (a.handler == kSigDfl && (sig::ignored & sig::bit(a.signal)) != 0);
    if (!drops) return;
    SignalStruct& s = cx.signal_of(cx.current());
    s.shared_pending &= ~sig::bit(a.signal);
    std::erase_if(s.queue, [&](const QueuedSignal& q) { return q.signal == a.signal; });
    each_thread(cx, leader_of_current(cx), [&](TaskId t) { cx.task(t).pending_signals &= ~sig::bit(a.signal); });
}
constexpr StepDef rt_sigaction_steps[] = {
    branch(may_not_change, "bad", {"Is it SIGKILL, SIGSTOP or no signal at all?", "是 SIGKILL、SIGSTOP 或根本不是信号吗？",
                                   "These two must always work.", "这两个必须永远有效。"}),
    effect(set_action, Cost::locked,
           {"Copy struct sigaction from user memory into the handler table (sighand).",
            "把 struct sigaction 从用户内存复制到处理函数表（sighand）。",
            "All threads of the process share this table.", "进程的所有线程共享这张表。"}),
    effect(return_zero, Cost::word, {"Return 0.", "返回 0。", "", ""}),
    ret(),
    label("bad"), effect(return_einval, Cost::word, kEinvalSay), ret(),
};

// --- rt_sigprocmask(how, set, oldset, size) ---

void change_mask(Ctx& cx) {
    const std::uint64_t how = syscall_arg(cx, PtReg::rdi);
    const std::uint64_t set = get_user_word(cx, syscall_arg(cx, PtReg::rsi)), old = cx.cur().blocked;
    set_blocked(cx, cx.current(), how == kSigBlock ? old | set : how == kSigUnblock ? old & ~set : set);
    return_value(cx, 0);
}
constexpr StepDef rt_sigprocmask_steps[] = {
    effect(change_mask, Cost::locked,
           {"Change {cur}'s signal mask.", "修改 {cur} 的信号屏蔽字。",
            "A blocked signal stays pending. The mask belongs to the thread, not to the process.",
            "被阻塞的信号保持待处理。屏蔽字属于线程，不属于进程。"}),
    ret(),
};

// --- pause, rt_sigsuspend ---

void set_interruptible(Ctx& cx) { cx.set_state(cx.current(), task_state::interruptible); }
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void set_running(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
void return_nohand(Ctx& cx) { return_value(cx, restart_code::nohand); }
void replace_mask(Ctx& cx) {
    cx.cur().restart_data = cx.cur().blocked;
    cx.cur().restore_sigmask = true;
    set_blocked(cx, cx.current(), ~get_user_word(cx, syscall_arg(cx, PtReg::rdi)) & cx.cur().blocked);
}
constexpr Say kPauseSay = {"Wait for any signal: state TASK_INTERRUPTIBLE.", "等待任意信号：状态 TASK_INTERRUPTIBLE。", "", ""};
constexpr Say kSignalHere = {"Is a signal pending?", "有待处理的信号吗？", "", ""};
constexpr Say kNohandSay = {"A signal ended the wait: -ERESTARTNOHAND.", "等待被信号结束：-ERESTARTNOHAND。",
                            "If a handler runs, the program gets -EINTR; else it waits on.",
                            "若有处理函数运行，程序得到 -EINTR；否则继续等待。"};
constexpr Say kAwake = {"{cur} is awake.", "{cur} 醒了。", "", ""};
constexpr StepDef sys_pause_steps[] = {push(Reg::rbx), call(routines::do_pause), pop(Reg::rbx), ret()};
constexpr StepDef do_pause_steps[] = {
    label("again"),
    branch(signal_pending, "signal", kSignalHere),
    effect(set_interruptible, Cost::effect, kPauseSay),
    call(routines::schedule),
    effect(set_running, Cost::none, kAwake),
    jump("again"),
    label("signal"),
    effect(return_nohand, Cost::word, kNohandSay),
    ret(),
};
constexpr StepDef rt_sigsuspend_steps[] = {
    effect(replace_mask, Cost::locked,
           {"Replace {cur}'s signal mask and keep the old one.", "替换 {cur} 的信号屏蔽字，保留旧的。",
            "Unblocking and waiting are one call: a signal cannot slip in between the two.",
            "解除阻塞和等待是一次调用：信号不会从两者之间溜走。"}),
    label("again"),
    branch(signal_pending, "signal", kSignalHere),
    effect(set_interruptible, Cost::effect, kPauseSay),
    call(routines::schedule),
    effect(set_running, Cost::none, kAwake),
    jump("again"),
    label("signal"),
    effect(return_nohand, Cost::word, kNohandSay),
    ret(),
};

// --- kill(pid, signal), tgkill(tgid, tid, signal): rbx = target, r12 = signal ---

constexpr std::uint64_t kGroup = 1;   // in RDI: the address of a task, or a process group (0: everybody else) marked by this bit

int signal_argument(const Ctx& cx) { return static_cast<int>(cx.reg(Reg::r12)); }
// kill(-1): every process but init and the caller's own.
std::vector<TaskId> everybody_else(const Ctx& cx) {
    std::vector<TaskId> out;
    for (TaskId id = 0; id < cx.k.tasks.size(); ++id) {
        const Task& t = cx.peek(id);
        if (t.group_leader == id && t.signal != kNoShared && !t.is_kthread() && t.pid > 1 && t.pid != cx.cur().tgid) out.push_back(id);
    }
    return out;
}
void find_process(Ctx& cx) {
    const auto pid = static_cast<Pid>(syscall_arg(cx, PtReg::rdi));
    cx.set(Reg::r12, syscall_arg(cx, PtReg::rsi) & 0xffff'ffff);
    std::uint64_t target = 0;
    if (pid > 0) {
        const TaskId id = cx.k.find_pid(pid);
        if (id != kNoTask) target = layout::task_address(cx.peek(id).group_leader);
    } else if (pid == -1) {
        if (!everybody_else(cx).empty()) target = kGroup;
    } else {
        const Pid pgrp = pid == 0 ? cx.peek_signal(cx.current()).pgrp : -pid;
        bool any = false;
        each_process_of_group(cx, pgrp, [&](TaskId) { any = true; });
        if (any) target = static_cast<std::uint64_t>(pgrp) << 1 | kGroup;
    }
    cx.set(Reg::rdi, target);
}
void find_thread(Ctx& cx) {
    const auto tgid = static_cast<Pid>(syscall_arg(cx, PtReg::rdi));
    const TaskId id = cx.k.find_pid(static_cast<Pid>(syscall_arg(cx, PtReg::rsi)));
    cx.set(Reg::r12, syscall_arg(cx, PtReg::rdx) & 0xffff'ffff);
    cx.set(Reg::rdi, id != kNoTask && cx.peek(id).tgid == tgid ? layout::task_address(id) : 0);
}
bool nobody(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
bool bad_signal(Ctx& cx) { return cx.reg(Reg::r12) > sig::count; }
bool only_asks(Ctx& cx) { return cx.reg(Reg::r12) == 0; }
bool to_group(Ctx& cx) { return (cx.reg(Reg::rdi) & kGroup) != 0; }
SignalInfo from_current(const Ctx& cx, int code) { return {code, cx.cur().tgid, 0}; }
void send_to_process(Ctx& cx) {
    const TaskId id = layout::task_of(cx.reg(Reg::rdi));
    if (cx.peek(id).signal != kNoShared && !cx.peek(id).is_kthread())
        generate_signal(cx, id, signal_argument(cx), true, from_current(cx, si_code::user));
    return_value(cx, 0);
}
void send_to_group(Ctx& cx) {
    const auto pgrp = static_cast<Pid>(cx.reg(Reg::rdi) >> 1);
    std::vector<TaskId> members;
    if (pgrp == 0)
        members = everybody_else(cx);
    else
        each_process_of_group(cx, pgrp, [&](TaskId id) { members.push_back(id); });
    for (const TaskId id : members) generate_signal(cx, id, signal_argument(cx), true, from_current(cx, si_code::user));
    return_value(cx, 0);
}
void send_to_thread(Ctx& cx) {
    const TaskId id = layout::task_of(cx.reg(Reg::rdi));
    if (cx.peek(id).signal != kNoShared && !cx.peek(id).is_kthread() && cx.peek(id).exit_state == 0)
        generate_signal(cx, id, signal_argument(cx), false, from_current(cx, si_code::tkill));
    return_value(cx, 0);
}
void return_esrch(Ctx& cx) { return_value(cx, err::srch); }

constexpr Say kFindPid = {"Look up who has this pid.", "查找谁有这个 pid。", "", ""};
constexpr Say kNobodySay = {"Is there nobody?", "没有人吗？", "", ""};
constexpr Say kEsrchSay = {"Nobody: -ESRCH.", "没有：-ESRCH。", "", ""};
constexpr Say kBadSignal = {"Is it no signal?", "它不是信号吗？", "", ""};
constexpr Say kAsksOnly = {"Is it signal 0, which only asks whether somebody is there?",
                           "是信号 0（只问有没有人）吗？", "", ""};
constexpr StepDef sys_kill_steps[] = {
    push(Reg::r12),
    effect(find_process, Cost::effect, kFindPid),
    branch(bad_signal, "bad", kBadSignal),
    branch(nobody, "nobody", kNobodySay),
    branch(only_asks, "zero", kAsksOnly),
    branch(to_group, "group", {"Is it meant for a process group?", "是发给进程组的吗？", "", ""}),
    effect(send_to_process, Cost::locked,
           {"Add it to the signals pending for the process; tell a thread that does not block it.",
            "加入该进程待处理的信号；通知一个没有阻塞它的线程。",
            "TIF_SIGPENDING is set there; a thread that sleeps interruptibly is woken.",
            "在那里置 TIF_SIGPENDING；可中断睡眠的线程被唤醒。"}),
    pop(Reg::r12), ret(),
    label("group"),
    effect(send_to_group, Cost::locked, {"Send it to every process of the group; to kill(-1) everybody but init and {cur} belongs.", "发给进程组的每个进程；kill(-1) 则发给除 init 和 {cur} 之外的所有进程。", "", ""}),
    pop(Reg::r12), ret(),
    label("zero"), effect(return_zero, Cost::word, {"Return 0.", "返回 0。", "", ""}), pop(Reg::r12), ret(),
    label("nobody"), effect(return_esrch, Cost::word, kEsrchSay), pop(Reg::r12), ret(),
    label("bad"), effect(return_einval, Cost::word, kEinvalSay), pop(Reg::r12), ret(),
};
constexpr StepDef sys_tgkill_steps[] = {
    push(Reg::r12),
    effect(find_thread, Cost::effect, kFindPid),
    branch(bad_signal, "bad", kBadSignal),
    branch(nobody, "nobody", kNobodySay),
    branch(only_asks, "zero", kAsksOnly),
    effect(send_to_thread, Cost::locked,
           {"Add it to the signals pending for this thread alone.", "加入只对这个线程待处理的信号。",
            "Nobody else can take it.", "别的线程都拿不到它。"}),
    pop(Reg::r12), ret(),
    label("zero"), effect(return_zero, Cost::word, {"Return 0.", "返回 0。", "", ""}), pop(Reg::r12), ret(),
    label("nobody"), effect(return_esrch, Cost::word, kEsrchSay), pop(Reg::r12), ret(),
    label("bad"), effect(return_einval, Cost::word, kEinvalSay), pop(Reg::r12), ret(),
};

}  // namespace

namespace routines {
const Routine x64_sys_rt_sigaction = make_routine<rt_sigaction_steps>("__x64_sys_rt_sigaction", Actor::kernel, Phase::work);
const Routine x64_sys_rt_sigprocmask = make_routine<rt_sigprocmask_steps>("__x64_sys_rt_sigprocmask", Actor::kernel, Phase::work);
const Routine x64_sys_rt_sigsuspend = make_routine<rt_sigsuspend_steps>("__x64_sys_rt_sigsuspend", Actor::kernel, Phase::work);
const Routine x64_sys_pause = make_routine<sys_pause_steps>("__x64_sys_pause", Actor::kernel, Phase::work);
const Routine do_pause = make_routine<do_pause_steps>("__do_sys_pause", Actor::kernel, Phase::work);
const Routine x64_sys_kill = make_routine<sys_kill_steps>("__x64_sys_kill", Actor::kernel, Phase::work);
const Routine x64_sys_tgkill = make_routine<sys_tgkill_steps>("__x64_sys_tgkill", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
