// Process groups, sessions and the terminal, as far as a shell's job control needs them; prctl and umask.
// linux.md 1.1 (signal_struct), 3.7; rules as in kernel/sys.c and drivers/tty/tty_jobctrl.c.
#include <algorithm>
#include <vector>

#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

// --- setsid ---

bool leads_a_group(Ctx& cx) {
    const Pid own = cx.cur().tgid;
    bool taken = false;
    each_process_of_group(cx, own, [&](TaskId) { taken = true; });
    return taken;
}
void new_session(Ctx& cx) {
    SignalStruct& s = cx.signal_of(cx.current());
    const SharedId id = cx.cur().signal;
    const Pid own = cx.cur().tgid;
    cx.move(at::none, at::shared(SharedKind::signal, id, SharedField::session), static_cast<std::uint64_t>(own),
            static_cast<std::uint64_t>(s.session));
    cx.move(at::none, at::shared(SharedKind::signal, id, SharedField::pgrp), static_cast<std::uint64_t>(own),
            static_cast<std::uint64_t>(s.pgrp));
    s.session = s.pgrp = own;
    s.is_leader = true;
    s.has_tty = false;
    return_value(cx, own);
}
void return_eperm(Ctx& cx) { return_value(cx, err::perm); }
constexpr StepDef setsid_steps[] = {
    branch(leads_a_group, "leader", {"Does {cur} lead a process group already?", "{cur} 已是进程组的组长吗？", "", ""}),
    effect(new_session, Cost::locked,
           {"{cur} leads a new session and a new process group, without a terminal.",
            "{cur} 领导新的会话和新的进程组，没有终端。", "This is how a daemon leaves its terminal.", "守护进程就是这样离开终端的。"}),
    ret(),
    label("leader"),
    effect(return_eperm, Cost::word, {"A group leader may not: -EPERM.", "组长不可以：-EPERM。", "", ""}),
    ret(),
};

// --- setpgid(pid, pgid) ---

std::int64_t try_setpgid(Ctx& cx, TaskId& leader, Pid& pgid) {
    const auto pid = static_cast<Pid>(syscall_arg(cx, PtReg::rdi));
    pgid = static_cast<Pid>(syscall_arg(cx, PtReg::rsi));
    if (pgid < 0) return err::inval;
    leader = pid == 0 ? leader_of_current(cx) : cx.k.find_pid(pid);
    if (leader == kNoTask || cx.peek(leader).signal == kNoShared || cx.peek(leader).is_kthread()) return err::srch;
    const Task& p = cx.peek(leader);
    if (p.group_leader != leader) return err::inval;
    const SignalStruct& s = cx.peek_signal(leader);
    const Pid session = cx.peek_signal(cx.current()).session;
    if (p.real_parent == leader_of_current(cx)) {
        if (s.session != session) return err::perm;
        if ((p.flags & pf::forknoexec) == 0) return err::acces;   // it has called execve: too late
    } else if (leader != leader_of_current(cx)) {
        return err::srch;
    }
    if (s.is_leader) return err::perm;
    if (pgid == 0) pgid = p.pid;
    if (pgid == p.pid) return 0;
    bool found = false;
    each_process_of_group(cx, pgid, [&](TaskId t) { found = found || cx.peek_signal(t).session == session; });
    return found ? 0 : err::perm;
}
void set_group(Ctx& cx) {
    TaskId leader = kNoTask;
    Pid pgid = 0;
    const std::int64_t result = try_setpgid(cx, leader, pgid);
    if (result == 0) {
        SignalStruct& s = cx.signal_of(leader);
        cx.move(at::none, at::shared(SharedKind::signal, cx.peek(leader).signal, SharedField::pgrp),
                static_cast<std::uint64_t>(pgid), static_cast<std::uint64_t>(s.pgrp));
        s.pgrp = pgid;
    }
    return_value(cx, result);
}
constexpr StepDef setpgid_steps[] = {
    effect(set_group, Cost::locked,
           {"Put the process into that process group of its session.", "把进程放入其会话的那个进程组。",
            "A shell makes one group of each command line, so that one signal reaches all of it.",
            "shell 把每条命令行做成一个组，一个信号就能到达全体。"}),
    ret(),
};

// --- ioctl(tty, TIOCSPGRP, &pgrp): tcsetpgrp ---

bool has_no_terminal(Ctx& cx) {
    const SignalStruct& s = cx.peek_signal(cx.current());
    return !s.has_tty || s.session != cx.k.terminal.session;
}
bool in_background(Ctx& cx) {
    const Task& t = cx.cur();
    const SigAction* a = cx.k.shared.sighand[t.sighand].find(sig::ttou);
    const bool deaf = (t.blocked & sig::bit(sig::ttou)) != 0 || (a != nullptr && a->handler == kSigIgn);
    return cx.peek_signal(cx.current()).pgrp != cx.k.terminal.foreground && !deaf;
}
void send_ttou(Ctx& cx) {
    const Pid pgrp = cx.peek_signal(cx.current()).pgrp;
    std::vector<TaskId> members;
    each_process_of_group(cx, pgrp, [&](TaskId id) { members.push_back(id); });
    for (const TaskId id : members) generate_signal(cx, id, sig::ttou, true, {si_code::kernel, 0, 0});
    return_value(cx, restart_code::sys);
}
void set_foreground(Ctx& cx) {
    const auto pgrp = static_cast<Pid>(get_user_word(cx, syscall_arg(cx, PtReg::rdx)));
    bool found = false;
    each_process_of_group(cx, pgrp,
                          [&](TaskId t) { found = found || cx.peek_signal(t).session == cx.k.terminal.session; });
    if (found) cx.k.terminal.foreground = pgrp;
    return_value(cx, found ? 0 : err::perm);
}
void return_enotty(Ctx& cx) { return_value(cx, err::notty); }
constexpr StepDef tty_ioctl_steps[] = {
    branch(has_no_terminal, "none", {"Has {cur}'s session no terminal?", "{cur} 的会话没有终端吗？", "", ""}),
    branch(in_background, "background", {"Is {cur} in the background?", "{cur} 在后台吗？",
                                         "Then it may not take the terminal from others: SIGTTOU, unless it is ignored.",
                                         "那么它不能夺走终端：发 SIGTTOU，除非被忽略。"}),
    effect(set_foreground, Cost::locked,
           {"That process group is in the foreground now.", "那个进程组现在在前台。",
            "Ctrl-C and Ctrl-Z go to it, and to nobody else.", "Ctrl-C 和 Ctrl-Z 只发给它。"}),
    ret(),
    label("background"),
    effect(send_ttou, Cost::locked, {"Send SIGTTOU to {cur}'s process group.", "给 {cur} 的进程组发 SIGTTOU。", "", ""}),
    ret(),
    label("none"),
    effect(return_enotty, Cost::word, {"No terminal: -ENOTTY.", "没有终端：-ENOTTY。", "", ""}),
    ret(),
};

// --- prctl(PR_SET_CHILD_SUBREAPER, on), umask ---

bool other_option(Ctx& cx) { return syscall_arg(cx, PtReg::rdi) != kPrSetChildSubreaper; }
void become_subreaper(Ctx& cx) {
    SignalStruct& s = cx.signal_of(cx.current());
    s.is_child_subreaper = syscall_arg(cx, PtReg::rsi) != 0;
    if (s.is_child_subreaper) {   // walk_process_tree: all descendants may have to look for one
        std::vector<TaskId> below;
        for (TaskId c = cx.peek(leader_of_current(cx)).first_child; c != kNoTask; c = cx.peek(c).next_sibling)
            below.push_back(c);
        while (!below.empty()) {
            const TaskId t = below.back();
            below.pop_back();
            if (cx.peek(t).signal == kNoShared) continue;
            cx.signal_of(t).has_child_subreaper = true;
            for (TaskId c = cx.peek(t).first_child; c != kNoTask; c = cx.peek(c).next_sibling) below.push_back(c);
        }
    }
    return_value(cx, 0);
}
void return_einval(Ctx& cx) { return_value(cx, err::inval); }
constexpr StepDef prctl_steps[] = {
    branch(other_option, "other", {"Is it another option?", "是别的选项吗？", "", ""}),
    effect(become_subreaper, Cost::locked,
           {"{cur} is a subreaper: orphans below it become its children.", "{cur} 成为 subreaper：它下面的孤儿成为它的子进程。",
            "A service manager wants to see its services die, not leave them to init.",
            "服务管理器要看到它的服务死去，而不是留给 init。"}),
    ret(),
    label("other"),
    effect(return_einval, Cost::word, {"We do not know it: -EINVAL.", "不认识：-EINVAL。", "", ""}),
    ret(),
};
void set_umask(Ctx& cx) {
    const SharedId id = cx.cur().fs;
    FsStruct& fs = cx.k.shared.fs.mut(id);
    const std::uint32_t before = fs.umask;
    fs.umask = static_cast<std::uint32_t>(syscall_arg(cx, PtReg::rdi)) & 0777;
    cx.move(at::none, at::shared(SharedKind::fs, id, SharedField::umask), fs.umask, before);
    return_value(cx, before);
}
constexpr StepDef umask_steps[] = {
    effect(set_umask, Cost::locked,
           {"Write the new umask into fs_struct.", "把新的 umask 写入 fs_struct。",
            "Whoever shares this fs_struct (CLONE_FS) has it, too.", "共享这个 fs_struct 的任务（CLONE_FS）也随之改变。"}),
    ret(),
};

void signal_group(Ctx& cx, Pid pgrp, int signal) {
    std::vector<TaskId> members;
    each_process_of_group(cx, pgrp, [&](TaskId id) { members.push_back(id); });
    for (const TaskId id : members) generate_signal(cx, id, signal, true, {si_code::kernel, 0, 0});
}

}  // namespace

void type_ctrl(Ctx& cx, int signal) {
    if (cx.k.terminal.foreground != 0) signal_group(cx, cx.k.terminal.foreground, signal);
}
void signal_group_of(Ctx& cx, TaskId member, int signal) {
    if (cx.peek(member).signal != kNoShared && !cx.peek(member).is_kthread())
        signal_group(cx, cx.peek_signal(member).pgrp, signal);
}

// disassociate_ctty: the session's terminal is free, and who was in the foreground hears of it.
void leave_terminal(Ctx& cx, TaskId leader) {
    const SignalStruct& s = cx.peek_signal(leader);
    if (!s.is_leader || !s.has_tty || s.session != cx.k.terminal.session) return;
    const Pid session = s.session, foreground = cx.k.terminal.foreground;
    if (foreground != 0) {
        signal_group(cx, foreground, sig::hup);
        signal_group(cx, foreground, sig::cont);
    }
    cx.k.terminal = {};
    for (TaskId id = 0; id < cx.k.tasks.size(); ++id) {
        const Task& t = cx.peek(id);
        if (t.signal != kNoShared && t.group_leader == id && cx.peek_signal(id).session == session)
            cx.signal_of(id).has_tty = false;
    }
}

// will_become_orphaned_pgrp
bool is_orphaned_group(const Ctx& cx, Pid pgrp) {
    for (TaskId id = 0; id < cx.k.tasks.size(); ++id) {
        const Task& t = cx.peek(id);
        if (t.group_leader != id || t.signal == kNoShared || t.is_kthread() || t.exit_state != 0) continue;
        if (cx.k.shared.signal[t.signal].pgrp != pgrp || t.real_parent == kNoTask) continue;
        const Task& parent = cx.peek(t.real_parent);
        if (parent.pid <= 1 || parent.signal == kNoShared) continue;
        const SignalStruct& above = cx.k.shared.signal[parent.signal];
        if (above.pgrp != pgrp && above.session == cx.k.shared.signal[t.signal].session) return false;
    }
    return true;
}

void kill_orphaned_groups(Ctx& cx, TaskId dying) {
    const SignalStruct of_dying = cx.peek_signal(dying);
    std::vector<Pid> groups;
    for (TaskId c = cx.peek(dying).first_child; c != kNoTask; c = cx.peek(c).next_sibling) {
        const SignalStruct& s = cx.peek_signal(c);
        const bool listed = std::find(groups.begin(), groups.end(), s.pgrp) != groups.end();
        if (s.session == of_dying.session && s.pgrp != of_dying.pgrp && !listed) groups.push_back(s.pgrp);
    }
    for (const Pid pgrp : groups) {
        bool kept = false, has_stopped = false;
        each_process_of_group(cx, pgrp, [&](TaskId t) {
            if (cx.peek(t).exit_state != 0) return;
            has_stopped |= (cx.peek_signal(t).flags & signal_flag::stop_stopped) != 0;
            const TaskId p = cx.peek(t).real_parent;
            if (p == kNoTask || p == dying || cx.peek(p).signal == kNoShared) return;
            const SignalStruct& s = cx.peek_signal(p);
            kept |= s.pgrp != pgrp && s.session == of_dying.session;
        });
        if (kept || !has_stopped) continue;
        signal_group(cx, pgrp, sig::hup);
        signal_group(cx, pgrp, sig::cont);
    }
}

namespace routines {
const Routine x64_sys_setsid = make_routine<setsid_steps>("__x64_sys_setsid", Actor::kernel, Phase::work);
const Routine x64_sys_setpgid = make_routine<setpgid_steps>("__x64_sys_setpgid", Actor::kernel, Phase::work);
const Routine tty_ioctl = make_routine<tty_ioctl_steps>("tty_ioctl", Actor::kernel, Phase::work);
const Routine x64_sys_prctl = make_routine<prctl_steps>("__x64_sys_prctl", Actor::kernel, Phase::work);
const Routine x64_sys_umask = make_routine<umask_steps>("__x64_sys_umask", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
