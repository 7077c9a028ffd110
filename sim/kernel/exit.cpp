// The end of tasks: exit, exit_group, what becomes of the children, zombies. linux.md 3.7. What the parent hears of it is
// in wait.cpp.
#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

void exit_code_argument(Ctx& cx) { cx.set(Reg::rdi, (syscall_arg(cx, PtReg::rdi) & 0xff) << 8); }
constexpr StepDef sys_exit_steps[] = {
    effect(exit_code_argument, Cost::word, {"Take the exit status.", "取得退出状态。", "", ""}),
    call(routines::do_exit),
};
constexpr StepDef sys_exit_group_steps[] = {
    effect(exit_code_argument, Cost::word, {"Take the exit status.", "取得退出状态。", "", ""}),
    call(routines::do_group_exit),
};
void group_exit(Ctx& cx) {
    SignalStruct& s = cx.signal_of(cx.current());
    if (s.group_exec_task != kNoTask) {   // another thread execs: only this one ends
        cx.set(Reg::rdi, 0);
        return;
    }
    if (s.group_exit_code < 0) {
        s.flags |= signal_flag::group_exit;
        s.group_exit_code = static_cast<std::int32_t>(cx.reg(Reg::rdi));
        kill_other_threads(cx, cx.current());
    }
    cx.set(Reg::rdi, static_cast<std::uint64_t>(cx.peek_signal(cx.current()).group_exit_code));
}
constexpr StepDef do_group_exit_steps[] = {
    effect(group_exit, Cost::locked,
           {"Send SIGKILL to every other thread of the process.", "向进程的其他线程发送 SIGKILL。",
            "exit_group ends them all; each dies by itself, on its own kernel stack.",
            "exit_group 结束所有线程；每个在自己的内核栈上自行终结。"}),
    call(routines::do_exit),
};

void exit_signals(Ctx& cx) {
    const TaskId id = cx.current();
    Task& t = cx.task(id);
    t.exit_code = static_cast<std::int32_t>(cx.reg(Reg::rdi));
    // A signal to the process that this thread was to take is another one's now.
    retarget_shared_pending(cx, id, ~t.blocked);
    cx.task(id).flags |= pf::exiting;
    if (leave_group_stop(cx, id)) notify_parent_of_stop(cx, id, si_code::stopped);
    t.pending_signals = 0;
    t.tif &= ~tif::sigpending;
    SignalStruct& s = cx.signal_of(id);
    std::erase_if(s.queue, [&](const QueuedSignal& q) { return q.task == id; });
    cx.move(at::none, at::shared(SharedKind::signal, t.signal, SharedField::live),
            static_cast<std::uint64_t>(s.live - 1), static_cast<std::uint64_t>(s.live));
    --s.live;
}
void exit_mm(Ctx& cx) {
    const TaskId id = cx.current();
    const MmId mm = cx.peek(id).mm;
    if (mm == kNoMm) return;
    exit_pi_state_list(cx, id);
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
    cx.emit(RecordKind::sched_process_exit, cx.current(), cx.peek_signal(cx.current()).live == 0,
            static_cast<std::uint32_t>(t.prio));
    complete_vfork(cx, cx.current());
    put_files(cx, cx.current());
    put_fs(cx, cx.current());
}

TaskId init_task(const Ctx& cx) { return cx.k.find_pid(1); }
// find_new_reaper: the nearest living ancestor that asked for orphans, else init.
TaskId find_new_reaper(const Ctx& cx, TaskId father) {
    const TaskId init = init_task(cx);
    const SignalStruct& s = cx.peek_signal(father);
    if (!s.has_child_subreaper) return init;
    for (TaskId p = cx.peek(father).real_parent; p != kNoTask && p != init; p = cx.peek(p).real_parent) {
        if (cx.peek(p).signal == kNoShared) break;
        const SignalStruct& of_p = cx.peek_signal(p);
        if (of_p.is_child_subreaper && of_p.live > 0) return p;
    }
    return init;
}
// Its children get another parent; zombies among them are told to it, and go at once if it is init.
void forget_original_parent(Ctx& cx, TaskId father) {
    if (cx.peek(father).first_child == kNoTask) return;
    const TaskId reaper = find_new_reaper(cx, father);
    while (cx.peek(father).first_child != kNoTask) {
        const TaskId child = cx.peek(father).first_child;
        cx.move(at::none, at::task(child, TaskField::real_parent), layout::task_address(reaper),
                layout::task_address(father));
        unlink_child(cx, child);
        add_child(cx, reaper, child);
        each_thread(cx, child, [&](TaskId t) { cx.task(t).real_parent = reaper; });
        cx.task(child).exit_signal = static_cast<std::int8_t>(sig::chld);
        const bool is_over = cx.peek(child).exit_state == kExitZombie && cx.peek(child).next_thread == child;
        if (!is_over) continue;
        if (notify_parent(cx, child))
            release_task(cx, child);
        else
            wake_waiting_parent(cx, reaper, child);
    }
}
void exit_notify(Ctx& cx) {
    const TaskId id = cx.current();
    const TaskId l = leader_of_current(cx);
    const bool group_dead = cx.peek_signal(id).live == 0;
    if (group_dead) {
        leave_terminal(cx, l);
        kill_orphaned_groups(cx, l);
        forget_original_parent(cx, l);
    }
    const TaskId execs = cx.peek_signal(id).group_exec_task;
    cx.move(at::none, at::task(id, TaskField::exit_state), kExitZombie, cx.peek(id).exit_state);
    cx.task(id).exit_state = kExitZombie;
    if (id != l) release_task(cx, id);
    if (execs != kNoTask && execs != id) cx.wake_now(execs, task_state::uninterruptible);
    cx.set(Reg::rdi, 0);
    // The leader's death is told when no other thread is left ("delayed leader").
    if (cx.peek(l).exit_state != kExitZombie || cx.peek(l).next_thread != l) return;
    const TaskId parent = cx.peek(l).real_parent;
    if (notify_parent(cx, l)) release_task(cx, l);
    if (parent == kNoTask) return;
    cx.set(Reg::rdi, layout::task_address(parent));
    cx.set(Reg::rsi, layout::task_address(l));
}
bool nobody_to_tell(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

constexpr StepDef do_exit_steps[] = {
    effect(exit_signals, Cost::locked, {"Mark {cur} as exiting.", "标记 {cur} 正在退出。", "", ""}),
    effect(exit_mm, Cost::mm,
           {"Give up the address space: {cur}->mm = NULL.", "放弃地址空间：{cur}->mm = NULL。",
            "The last user tears it down; {cur} itself goes on like a kernel thread, on a borrowed mm.",
            "最后一个使用者拆除它；{cur} 自己像内核线程一样，借用 mm 继续。"}),
    effect(trace_exit, Cost::effect, {"Give up the open files and directories.", "放弃打开的文件和目录。",
                                      "Each object goes with its last holder.", "每个对象随最后一个持有者消失。"}),
    call(routines::exit_files),
    effect(exit_notify, Cost::locked,
           {"Hand children to init (or a subreaper), become a zombie, send the parent SIGCHLD.",
            "把子进程交给 init（或 subreaper），成为僵尸，给父进程发 SIGCHLD。",
            "A process whose parent may still ask for its status stays as a zombie; if the parent ignores SIGCHLD, "
            "nothing stays.",
            "父进程可能还要询问状态的进程会留作僵尸；若父进程忽略 SIGCHLD，就什么也不留。"}),
    branch(nobody_to_tell, "dead", {"Do other threads of the process still live?", "进程还有别的线程活着吗？",
                                    "The parent is told when the last one has ended.", "最后一个结束时才告诉父进程。"}),
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

void return_enosys(Ctx& cx) { return_value(cx, -38); }
constexpr StepDef ni_syscall_steps[] = {
    effect(return_enosys, Cost::word, {"There is no such system call: -ENOSYS.", "没有这个系统调用：-ENOSYS。", "", ""}),
    ret(),
};

}  // namespace

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

// No pid leads to it any more. Its row stays as history.
void release_task(Ctx& cx, TaskId id) {
    Task& t = cx.task(id);
    cx.move(at::none, at::task(id, TaskField::exit_state), kExitDead, t.exit_state);
    t.exit_state = kExitDead;
    t.is_live = false;
    if (t.stack_gone) cx.emit(RecordKind::sched_process_free, id);
    cx.k.memory.slab_free(SlabKind::pid, 1);
    cx.k.bind_pid(t.pid, kNoTask);
    if (t.group_leader == id) {
        unlink_child(cx, id);
    } else {
        TaskId before = t.group_leader;
        while (cx.peek(before).next_thread != id) before = cx.peek(before).next_thread;
        cx.task(before).next_thread = t.next_thread;
        SignalStruct& s = cx.signal_of(id);   // its times stay in the sums of the process
        s.gone_utime += t.utime;
        s.gone_stime += std::max<Nanos>(0, cx.k.cpu_time(id) - t.utime);
        s.gone_min_flt += t.min_flt;
    }
    put_sighand_and_signal(cx, id);
}

namespace routines {
const Routine x64_sys_exit = make_routine<sys_exit_steps>("__x64_sys_exit", Actor::kernel, Phase::work);
const Routine x64_sys_exit_group = make_routine<sys_exit_group_steps>("__x64_sys_exit_group", Actor::kernel, Phase::work);
const Routine do_group_exit = make_routine<do_group_exit_steps>("do_group_exit", Actor::kernel, Phase::work);
const Routine do_exit = make_routine<do_exit_steps>("do_exit", Actor::kernel, Phase::work);
const Routine do_task_dead = make_routine<do_task_dead_steps>("do_task_dead", Actor::scheduler, Phase::work);
const Routine ni_syscall = make_routine<ni_syscall_steps>("__x64_sys_ni_syscall", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
