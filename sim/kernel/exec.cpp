// execve: the same task goes on with another program. Same pid, same files, same parent; a new address space, no other
// threads, handlers back to their defaults. linux.md 3.6.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/coroutines.h"
#include "sim/kernel/family.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

// The pathname is a constant of the program that calls: RDI is its address, and the operation knows which file it is.
// r12 = index of the program.
void open_program(Ctx& cx) {
    const Program& p = cx.k.program_of(cx.cur());
    const std::uint64_t path = syscall_arg(cx, PtReg::rdi);
    std::uint64_t found = ~std::uint64_t{0};
    for (const UserOp& op : p.ops)
        if (op.kind == UserOp::Kind::system_call && op.nr == nr::execve && op.arg[0] == path) found = op.program;
    cx.set(Reg::r12, found);
}
bool not_found(Ctx& cx) { return cx.reg(Reg::r12) >= cx.k.image().programs.size(); }
void return_enoent(Ctx& cx) { return_value(cx, err::noent); }

// --- de_thread: rbx = 0 ---

bool is_alone(Ctx& cx) { return cx.cur().next_thread == cx.current() && cx.cur().group_leader == cx.current(); }
bool another_is_first(Ctx& cx) {
    const SignalStruct& s = cx.peek_signal(cx.current());
    return (s.flags & signal_flag::group_exit) != 0 || s.group_exec_task != kNoTask;
}
void zap_other_threads(Ctx& cx) {
    cx.signal_of(cx.current()).group_exec_task = cx.current();
    cx.signal_of(cx.current()).group_stop_count = 0;
    each_thread(cx, leader_of_current(cx), [&](TaskId t) { cx.task(t).stop_pending = false; });
    kill_other_threads(cx, cx.current());
}
// The other threads are gone; a leader stays as a zombie until its place is taken.
bool others_are_gone(Ctx& cx) {
    bool gone = true;
    each_thread(cx, leader_of_current(cx), [&](TaskId t) {
        const bool leader_is_done = t == cx.cur().group_leader && cx.peek(t).exit_state == kExitZombie;
        if (t != cx.current() && !leader_is_done) gone = false;
    });
    return gone;
}
void wait_killable(Ctx& cx) { cx.set_state(cx.current(), task_state::killable); }
void go_on(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
bool is_killed(Ctx& cx) { return has_fatal_signal(cx.cur()); }
void give_up(Ctx& cx) {
    cx.signal_of(cx.current()).group_exec_task = kNoTask;
    return_value(cx, err::again);
}
void return_eagain(Ctx& cx) { return_value(cx, err::again); }

// In the children of its parent, `me` stands where `leader` stood.
void take_place_in_family(Ctx& cx, TaskId me, TaskId leader) {
    const TaskId parent = cx.peek(leader).real_parent;
    Task& m = cx.task(me);
    m.next_sibling = cx.peek(leader).next_sibling;
    cx.task(leader).next_sibling = kNoTask;
    if (parent != kNoTask) {
        if (cx.peek(parent).first_child == leader) cx.task(parent).first_child = me;
        if (cx.peek(parent).last_child == leader) cx.task(parent).last_child = me;
        for (TaskId c = cx.peek(parent).first_child; c != kNoTask; c = cx.peek(c).next_sibling)
            if (c != me && cx.peek(c).next_sibling == leader) cx.task(c).next_sibling = me;
    }
    m.first_child = cx.peek(leader).first_child;
    m.last_child = cx.peek(leader).last_child;
    cx.task(leader).first_child = cx.task(leader).last_child = kNoTask;
    for (TaskId c = cx.peek(me).first_child; c != kNoTask; c = cx.peek(c).next_sibling)
        each_thread(cx, c, [&](TaskId t) { cx.task(t).real_parent = me; });
}
// A thread that is not the leader becomes it: exchange_tids, transfer_pid (fs/exec.c, de_thread).
void become_leader(Ctx& cx) {
    const TaskId me = cx.current(), leader = cx.cur().group_leader;
    cx.signal_of(me).group_exec_task = kNoTask;
    if (leader == me) return;
    const Pid mine = cx.peek(me).pid, of_leader = cx.peek(leader).pid;
    cx.move(at::task(leader, TaskField::pid), at::task(me, TaskField::pid), static_cast<std::uint64_t>(of_leader),
            static_cast<std::uint64_t>(mine));
    take_place_in_family(cx, me, leader);
    Task& m = cx.task(me);
    m.pid = of_leader;
    m.group_leader = me;
    m.exit_signal = static_cast<std::int8_t>(sig::chld);
    m.start_time = cx.peek(leader).start_time;
    Task& l = cx.task(leader);
    l.pid = mine;
    l.group_leader = me;
    l.exit_signal = -1;
    cx.k.bind_pid(of_leader, me);
    cx.k.bind_pid(mine, leader);
    release_task(cx, leader);
}
void return_zero(Ctx& cx) { return_value(cx, 0); }
bool failed(Ctx& cx) { return static_cast<std::int64_t>(cx.reg(Reg::rax)) < 0; }

constexpr StepDef de_thread_steps[] = {
    branch(is_alone, "alone", {"Is {cur} the only thread?", "{cur} 是唯一的线程吗？", "", ""}),
    branch(another_is_first, "late", {"Does another thread exec or exit already?", "别的线程已在 exec 或退出吗？", "", ""}),
    effect(zap_other_threads, Cost::locked,
           {"Send SIGKILL to every other thread of the process.", "向进程的其他线程发送 SIGKILL。",
            "Their code and stacks lie in the address space that is about to go.", "它们的代码和栈就在即将消失的地址空间里。"}),
    label("again"),
    branch(others_are_gone, "gone", {"Are they all gone?", "都没了吗？", "", ""}),
    effect(wait_killable, Cost::locked, {"Set {cur}'s state to TASK_KILLABLE and wait for them.",
                                         "把 {cur} 的状态设为 TASK_KILLABLE，等待它们。", "", ""}),
    branch(others_are_gone, "awake", {"Have they gone meanwhile?", "其间都走了吗？", "", ""}),
    call(routines::schedule),
    label("awake"),
    effect(go_on, Cost::none, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    branch(is_killed, "killed", {"Was it SIGKILL?", "是 SIGKILL 吗？", "", ""}),
    jump("again"),
    label("gone"),
    effect(become_leader, Cost::locked,
           {"{cur} leads the process now, with the pid of the old leader.", "{cur} 现在领导这个进程，用原领头线程的 pid。",
            "A process keeps its pid through execve, whichever thread called it.",
            "进程经过 execve 保持 pid 不变，不论哪个线程调用。"}),
    label("alone"),
    effect(return_zero, Cost::none, {"Only {cur} is left.", "只剩 {cur}。", "", ""}),
    ret(),
    label("killed"),
    effect(give_up, Cost::word, {"{cur} is to die itself: no exec.", "{cur} 自己要死：不 exec 了。", "", ""}),
    ret(),
    label("late"),
    effect(return_eagain, Cost::word, {"Then this one is too late: -EAGAIN.", "那么这次太迟了：-EAGAIN。", "", ""}),
    ret(),
};

// --- begin_new_exec ---

// What the new program uses is open when it begins: the shell's redirections.
void exec_files(Ctx& cx) {
    unshare_files(cx, cx.current());
    open_program_ends(cx.k, cx.peek(cx.current()).files, static_cast<std::uint32_t>(cx.reg(Reg::r12)), true);
}
void exec_mmap(Ctx& cx) {
    const TaskId id = cx.current();
    const MmId old = cx.peek(id).mm;
    const MmId fresh = mm_create_for_program(cx, static_cast<std::uint32_t>(cx.reg(Reg::r12)), false);
    cx.set(Reg::rdi, layout::mm_address(old), at::task(id, TaskField::active_mm));
    if (fresh == kNoMm) {
        cx.set(Reg::rsi, 0);
        return;
    }
    exit_pi_state_list(cx, id);
    clear_child_tid(cx, id);
    cx.task(id).clear_child_tid = 0;
    cx.irqs_off();   // nobody may be switched to while mm and CR3 disagree
    cx.cpu.exec_mm = old;
    cx.move(at::none, at::task(id, TaskField::mm), layout::mm_address(fresh), layout::mm_address(old));
    cx.task(id).mm = cx.task(id).active_mm = fresh;
    cx.task(id).program = static_cast<std::uint32_t>(cx.reg(Reg::r12));
    start_coroutines(cx.k, fresh, cx.task(id).program);
    cx.set(Reg::rsi, layout::mm_address(fresh), at::task(id, TaskField::mm));
}
void put_old_mm(Ctx& cx) {
    const MmId old = cx.cpu.exec_mm;
    cx.cpu.exec_mm = kNoMm;
    cx.irqs_on();
    cx.mm_put_user(old);
}
void release_vfork_parent(Ctx& cx) { complete_vfork(cx, cx.current()); }
// Caught signals go back to the default, ignored ones stay ignored.
void exec_handlers(Ctx& cx) {
    unshare_sighand(cx, cx.current());
    SighandStruct& hand = cx.k.shared.sighand.mut(cx.cur().sighand);
    std::erase_if(hand.actions, [](const SigAction& a) { return a.handler != kSigIgn; });
    for (SigAction& a : hand.actions) a = {.signal = a.signal, .handler = kSigIgn};
}
void flush_thread(Ctx& cx) {
    const TaskId id = cx.current();
    Task& t = cx.task(id);
    const std::uint64_t flags = (t.flags & ~pf::forknoexec) | pf::randomize;
    cx.move(at::none, at::task(id, TaskField::flags), flags, t.flags);
    t.flags = static_cast<std::uint32_t>(flags);
    set_text(t.comm, cx.k.program_of(t).comm);
    t.label.fill(0);
    cx.move(at::none, at::special(Place::Kind::fs_base), layout::main_tcb, cx.cpu.regs.fs_base);
    cx.cpu.regs.fs_base = layout::main_tcb;
    t.fs_base = layout::main_tcb;
    t.fpu = 0x1000 + id;
    if ((t.tif & tif::need_fpu_load) == 0)
        cx.cpu.regs.fpu = t.fpu;
    else
        t.fpu_cpu = kNoCpu;
    cx.emit(RecordKind::sched_process_exec, id, static_cast<std::uint32_t>(t.pid));
}
bool no_memory(Ctx& cx) { return cx.reg(Reg::rsi) == 0; }
void return_enomem(Ctx& cx) { return_value(cx, -12); }

constexpr StepDef begin_new_exec_steps[] = {
    push(Reg::rbx),
    call(routines::de_thread),
    branch(failed, "out", {"Did that fail?", "失败了吗？", "", ""}),
    effect(exec_files, Cost::none, {"The descriptor table becomes {cur}'s own; close-on-exec files are closed.",
                                    "描述符表归 {cur} 独有；关闭 close-on-exec 的文件。", "", ""}),
    effect(exec_mmap, Cost::mm,
           {"Make a new address space for {cur}.", "给 {cur} 建一个新的地址空间。",
            "From here there is no way back: the code that called execve is gone.",
            "从此没有回头路：调用 execve 的代码已经不在了。"}),
    branch(no_memory, "no_memory", {"Is there no memory for it?", "没有内存给它吗？", "", ""}),
    call(routines::switch_mm_irqs_off),
    effect(put_old_mm, Cost::word, {"The old address space has a user less.", "旧的地址空间少了一个使用者。",
                                    "If {cur} was the last one, its pages are freed now.", "若 {cur} 是最后一个，它的页面现在释放。"}),
    effect(release_vfork_parent, Cost::locked, {"If a parent waits in vfork, it may go on.", "若父进程在 vfork 里等待，它可以继续了。", "", ""}),
    effect(exec_handlers, Cost::none,
           {"Signal handlers go back to the default; what is ignored stays ignored.",
            "信号处理函数恢复默认；被忽略的仍被忽略。",
            "The handlers' code is not there any more.", "处理函数的代码已经不在了。"}),
    effect(flush_thread, Cost::effect, {"New name, clean FPU, new TLS: {cur} is another program now.",
                                        "新的名字、干净的 FPU、新的 TLS：{cur} 现在是另一个程序。", "", ""}),
    effect(return_zero, Cost::none, {"The new program is in place.", "新程序就位。", "", ""}),
    label("out"),
    pop(Reg::rbx), ret(),
    label("no_memory"),
    effect(return_enomem, Cost::word, {"No memory: -ENOMEM.", "没有内存：-ENOMEM。", "", ""}),
    pop(Reg::rbx), ret(),
};

void start_thread(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    const std::uint64_t number = cx.pt_reg(regs, PtReg::orig_rax);
    for (int i = 0; i < kPtRegs; ++i) cx.set_pt_reg(regs, static_cast<PtReg>(i), 0, at::none);
    cx.set_pt_reg(regs, PtReg::orig_rax, number, at::none);
    cx.set_pt_reg(regs, PtReg::rip, cx.k.program_of(cx.cur()).address(0), at::none);
    cx.set_pt_reg(regs, PtReg::cs, kUserCs, at::none);
    cx.set_pt_reg(regs, PtReg::rflags, kFlagFixed | kFlagIf, at::none);
    cx.set_pt_reg(regs, PtReg::rsp, layout::user_stack_top, at::none);
    cx.set_pt_reg(regs, PtReg::ss, kUserSs, at::none);
}

constexpr StepDef sys_execve_steps[] = {push(Reg::rbx), call(routines::do_execve), pop(Reg::rbx), ret()};
constexpr StepDef do_execve_steps[] = {
    push(Reg::r12),
    effect(open_program, Cost::effect, {"Open the program's file.", "打开程序文件。", "", ""}),
    branch(not_found, "missing", {"Is there no such file?", "没有这个文件吗？", "", ""}),
    call(routines::begin_new_exec),
    branch(failed, "out", {"Did that fail?", "失败了吗？", "", ""}),
    effect(start_thread, Cost::regs,
           {"Rewrite pt_regs: all registers 0, RIP at the first instruction, RSP at the new stack.",
            "改写 pt_regs：寄存器全 0，RIP 指向第一条指令，RSP 指向新栈。",
            "execve does not return: what comes back to user mode is another program.",
            "execve 不会返回：回到用户态的是另一个程序。"}),
    label("out"),
    pop(Reg::r12), ret(),
    label("missing"),
    effect(return_enoent, Cost::word, {"It is not there: -ENOENT.", "不存在：-ENOENT。", "", ""}),
    pop(Reg::r12), ret(),
};

}  // namespace

namespace routines {
const Routine x64_sys_execve = make_routine<sys_execve_steps>("__x64_sys_execve", Actor::kernel, Phase::work);
const Routine do_execve = make_routine<do_execve_steps>("do_execveat_common", Actor::kernel, Phase::work);
const Routine begin_new_exec = make_routine<begin_new_exec_steps>("begin_new_exec", Actor::memory, Phase::mm);
const Routine de_thread = make_routine<de_thread_steps>("de_thread", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
