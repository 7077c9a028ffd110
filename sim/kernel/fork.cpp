// Making tasks: clone for threads and fork, and the frame a new task's stack is prepared with. linux.md 3.1 to 3.4.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/context.h"
#include "sim/kernel/family.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

TaskId Ctx::new_task(TaskId parent, Pid pid) {
    const auto id = static_cast<TaskId>(k.tasks.size());
    k.tasks.push_back();
    Task& t = k.tasks.mut(id);
    if (parent != kNoTask) {   // dup_task_struct
        const Task& p = peek(parent);
        t.nice = p.nice;
        t.static_prio = p.static_prio;
        t.prio = t.normal_prio = p.normal_prio;   // what the parent inherits it does not hand on
        t.policy = p.policy;
        t.rt_priority = p.rt_priority;
        t.sched_class = class_of_prio(t.prio);
        t.priority = p.priority;
        t.tickets = p.tickets;
        t.se.weight = p.se.weight;
        t.se.inv_weight = p.se.inv_weight;
        t.cpus_allowed = p.cpus_allowed;
        t.sched_group = p.sched_group;
        t.comm = p.comm;
        t.program = p.program;
        t.cpu = p.cpu;
        t.counts_as_living = p.counts_as_living;
        t.fs_base = p.fs_base;
        t.gs_base = p.gs_base;
        // fpu_clone: from the registers, unless the parent's image is still to be loaded into them.
        const bool live = parent == current() && (p.tif & tif::need_fpu_load) == 0;
        t.fpu = live ? cpu.regs.fpu : p.fpu;
        if (p.reset_on_fork) {   // sched_fork: real-time becomes normal, a negative nice value 0
            t.policy = Policy::normal;
            t.rt_priority = 0;
            t.sched_class = ClassId::fair;
            t.nice = std::max<std::int16_t>(t.nice, 0);
            t.prio = t.static_prio = t.normal_prio = static_cast<std::int16_t>(120 + t.nice);
            const Weight w = weight_of(t);
            t.se.weight = w.weight;
            t.se.inv_weight = w.inverse;
        }
        t.flags = (p.flags & pf::randomize) | pf::forknoexec;
        t.oom_score_adj = p.oom_score_adj;
    }
    if (t.counts_as_living) ++k.living;
    t.state = task_state::fresh;
    t.tif = 0;
    t.is_live = true;
    const Broken* broken = k.image().broken.get();
    t.stack = broken != nullptr && broken->has(Breakage::share_stack) && parent != kNoTask ? peek(parent).stack : k.stacks.add();
    if (broken != nullptr && broken->has(Breakage::small_stack))
        k.stacks.write(layout::stack_top(t.stack) - kSmallStack, layout::stack_end_magic);
    for (const SlabKind kind : {SlabKind::task_struct, SlabKind::thread_stack, SlabKind::pid})
        k.memory.slab_alloc(kind, 1, true);
    t.group_leader = id;
    t.next_thread = id;
    if (pid < 0) {
        do {
            pid = ++k.last_pid;
        } while (k.find_pid(pid) != kNoTask);
    } else {
        k.last_pid = std::max(k.last_pid, pid);
    }
    t.pid = t.tgid = pid;
    if (parent == kNoTask) new_shared_objects(*this, id, false);
    k.bind_pid(pid, id);
    // By its number among the tasks without those that every CPU has one of (migration/N), so that these change no draw.
    const std::uint64_t number = id - k.cpus.size();
    t.rng = Random(k.image().scenario.machine.seed * 0x9e37'79b9ULL + number * 77'777 + 1);
    ++k.forks;
    return id;
}

// pt_regs and below it the frame that __switch_to_asm will pop, with ret_from_fork_asm as its return address
// (linux.md 4.4): the switch has no case for new tasks.
void prepare_stack(Ctx& cx, TaskId id, std::uint64_t rbx, std::uint64_t r12) {
    Task& t = cx.task(id);
    const std::uint64_t top = layout::stack_top(t.stack);
    std::uint64_t sp = top - kPtRegsBytes;
    const auto put = [&](std::uint64_t v) {
        sp -= 8;
        cx.move(at::none, at::word(sp), v, 0);
        cx.k.stacks.write(sp, v);
    };
    put(cx.text.entry_address(routines::ret_from_fork_asm));
    put(0);     // rbp
    put(rbx);
    put(r12);
    put(0);     // r13
    put(0);     // r14
    put(0);     // r15
    t.thread_sp = sp;
    cx.move(at::none, at::task(id, TaskField::thread_sp), sp, 0);
}

void add_child(Ctx& cx, TaskId parent, TaskId child) {
    Task& c = cx.task(child);
    c.real_parent = parent;
    c.next_sibling = kNoTask;
    if (parent == kNoTask) return;
    // At the end: wait4 finds children in the order of their birth.
    if (cx.peek(parent).first_child == kNoTask) {
        cx.task(parent).first_child = cx.task(parent).last_child = child;
        return;
    }
    const TaskId last = cx.peek(parent).last_child;
    cx.task(last).next_sibling = child;
    cx.task(parent).last_child = child;
}

void wake_up_new_task(Ctx& cx, TaskId parent, TaskId id) {
    cx.set_state(id, task_state::running);
    const CpuId from = parent != kNoTask ? cx.cpu.id : cx.peek(id).cpu;
    cx.task(id).cpu = from;
    cx.k.sched->fork(cx.view(from), parent, id);
    const CpuId c = cx.select_new_cpu(id);
    if (c != from) {
        cx.k.sched->migrate(cx.view(from), id, c);
        cx.task(id).cpu = c;
    }
    // Under p->pi_lock and the run queue's lock, as the record's flags tell (linux.md 9.17, fork).
    const std::uint64_t flags = cx.cpu.regs.rflags;
    if (!cx.outside) {
        cx.irqs_off();
        cx.preempt_add(2 * kPreemptOffset);
    }
    cx.activate(id, c, Enqueue::fresh);
    cx.emit(RecordKind::sched_wakeup_new, id, c, static_cast<std::uint32_t>(cx.peek(id).prio));
    cx.check_preempt(c, id);
    if (!cx.outside) {
        cx.cpu.regs.rflags = flags;
        cx.preempt_sub(2 * kPreemptOffset);
    }
}

namespace {

// RBX is the child throughout.
TaskId child_in(const Ctx& cx) { return layout::task_of(cx.reg(Reg::rbx)); }

// What the call under way asks for. pthread_create's flags come in struct clone_args, which our user library passes in
// registers: RDI the tid word, RSI the number of the thread in the program.
std::uint64_t flags_of_call(const Ctx& cx) {
    switch (syscall_arg(cx, PtReg::orig_rax)) {
        case nr::clone3: return clone_flag::pthread;
        case nr::vfork: return clone_flag::vfork | clone_flag::vm | static_cast<std::uint64_t>(sig::chld);
        case nr::fork: return static_cast<std::uint64_t>(sig::chld);
        default: return syscall_arg(cx, PtReg::rdi);
    }
}
bool asks(const Ctx& cx, std::uint64_t flag) { return (flags_of_call(cx) & flag) != 0; }
bool is_pthread(const Ctx& cx) { return syscall_arg(cx, PtReg::orig_rax) == nr::clone3; }
std::uint64_t parent_tid_word(const Ctx& cx) { return syscall_arg(cx, is_pthread(cx) ? PtReg::rdi : PtReg::rdx); }
std::uint64_t child_tid_word(const Ctx& cx) { return syscall_arg(cx, is_pthread(cx) ? PtReg::rdi : PtReg::r10); }
std::uint64_t new_stack(const Ctx& cx) {
    return syscall_arg(cx, PtReg::orig_rax) == nr::clone ? syscall_arg(cx, PtReg::rsi) : 0;
}

// copy_process, linux.md 3.1. Our kernel is built without namespaces, so asking for one is an error, too.
bool illegal_flags(Ctx& cx) {
    namespace cf = clone_flag;
    const std::uint64_t f = flags_of_call(cx);
    const auto both = [&](std::uint64_t a, std::uint64_t b) { return (f & a) != 0 && (f & b) != 0; };
    const auto without = [&](std::uint64_t a, std::uint64_t b) { return (f & a) != 0 && (f & b) == 0; };
    const bool of_init = (cx.peek_signal(cx.current()).flags & signal_flag::unkillable) != 0;
    return both(cf::newns | cf::newuser, cf::fs) || without(cf::thread, cf::sighand) || without(cf::sighand, cf::vm) ||
           ((f & cf::parent) != 0 && of_init) || both(cf::pidfd, cf::parent_settid | cf::thread) ||
           (f & cf::namespaces) != 0;
}
// A deadline task cannot fork: its share was admitted for one (linux.md 6.7), unless its children are normal.
bool no_more_tasks(Ctx& cx) {
    if (cx.cur().policy == Policy::deadline && !cx.cur().reset_on_fork) return true;
    return cx.k.tasks.size() >= static_cast<std::size_t>(limits::tasks) + kMostKernelTasks;
}
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void return_einval(Ctx& cx) { return_value(cx, err::inval); }
void return_eagain(Ctx& cx) { return_value(cx, err::again); }
void return_restart(Ctx& cx) { return_value(cx, restart_code::nointr); }

void dup_task_struct(Ctx& cx) {
    const TaskId id = cx.new_task(cx.current(), -1);
    cx.task(id).blocked = cx.cur().blocked;
    cx.set(Reg::rbx, layout::task_address(id));
}
void copy_files_and_fs(Ctx& cx) {
    copy_files(cx, child_in(cx), cx.current(), asks(cx, clone_flag::files));
    copy_fs(cx, child_in(cx), cx.current(), asks(cx, clone_flag::fs));
}
void copy_handlers_and_signal(Ctx& cx) {
    copy_sighand(cx, child_in(cx), cx.current(), asks(cx, clone_flag::sighand));
    copy_signal(cx, child_in(cx), cx.current(), asks(cx, clone_flag::thread));
}
void copy_mm(Ctx& cx) {
    const TaskId id = child_in(cx);
    MmId mm = cx.cur().mm;
    if (asks(cx, clone_flag::vm))
        cx.mm_get_user(mm);
    else
        mm = mm_dup(cx, mm);
    cx.task(id).mm = cx.task(id).active_mm = mm;
}

// What pthread_create does besides the call (naming the thread, its nice value) happens here, too.
void set_up_pthread(Ctx& cx, TaskId id) {
    const Program& p = cx.k.program_of(cx.cur());
    static const ThreadEntry nobody;   // clone3 from an asm block, with any RSI
    const std::uint64_t entry = syscall_arg(cx, PtReg::rsi);
    const ThreadEntry& e = entry < p.threads.size() ? p.threads[entry] : nobody;
    const std::uint64_t top = mm_place_thread_stack(cx, cx.cur().mm);
    Task& t = cx.task(id);
    t.fs_base = top - layout::tcb_bytes;
    if (!e.comm.empty()) set_text(t.comm, e.comm);
    if (e.label != e.comm) set_text(t.label, e.label);
    if (e.cpus != 0) t.cpus_allowed = e.cpus;
    if (e.priority != kNoPriority) t.priority = e.priority;
    if (e.tickets != 0) t.tickets = e.tickets;
    if (e.has_nice) {
        cx.k.set_nice(cx, id, e.nice);
    }
    if (e.has_sched) cx.k.set_scheduler(cx, id, e.sched);
}
void copy_thread(Ctx& cx) {
    const TaskId id = child_in(cx);
    if (is_pthread(cx)) set_up_pthread(cx, id);
    std::uint64_t sp = new_stack(cx);
    if (is_pthread(cx)) sp = cx.peek(id).fs_base - 0x80;
    if (!is_pthread(cx) && asks(cx, clone_flag::settls)) cx.task(id).fs_base = syscall_arg(cx, PtReg::r8);
    const std::uint64_t from = cx.user_regs();
    const std::uint64_t to = layout::stack_top(cx.peek(id).stack) - kPtRegsBytes;
    for (int i = 0; i < kPtRegs; ++i) {
        const std::uint64_t offset = 8 * static_cast<std::uint64_t>(i);
        std::uint64_t v = cx.k.stacks.read(from + offset);
        const auto r = static_cast<PtReg>(i);
        if (r == PtReg::rax) v = 0;
        if (r == PtReg::rsp && sp != 0) v = sp;
        cx.move(at::word(from + offset), at::word(to + offset), v, 0);
        cx.k.stacks.write(to + offset, v);
    }
    if (asks(cx, clone_flag::child_cleartid)) cx.task(id).clear_child_tid = child_tid_word(cx);
    prepare_stack(cx, id, 0, 0);
}

// The child's name stands in the program, behind the call.
void name_child(Ctx& cx, TaskId id) {
    const Program& p = cx.k.program_of(cx.cur());
    const std::uint32_t op = p.op_at(syscall_arg(cx, PtReg::rip));
    if (op < p.ops.size() && p.ops[op].kind == UserOp::Kind::if_child && !p.children[p.ops[op].data].empty())
        set_text(cx.task(id).comm, p.children[p.ops[op].data]);
}
void join_thread_group(Ctx& cx, TaskId id) {
    const TaskId leader = cx.cur().group_leader;
    Task& t = cx.task(id);
    t.tgid = cx.peek(leader).pid;
    t.group_leader = leader;
    t.next_thread = cx.peek(leader).next_thread;
    t.exit_signal = -1;
    cx.task(leader).next_thread = id;
    t.real_parent = cx.peek(leader).real_parent;
    const SignalStruct& s = cx.peek_signal(leader);
    if ((s.flags & signal_flag::group_exit) != 0 || s.group_exec_task != kNoTask)   // it is born to die
        cx.task(id).pending_signals |= sig::bit(sig::kill);
    recalc_sigpending(cx, id);
}
void publish_child(Ctx& cx) {
    const TaskId id = child_in(cx);
    if (!is_pthread(cx)) name_child(cx, id);
    if (asks(cx, clone_flag::thread)) {
        join_thread_group(cx, id);
    } else {
        cx.task(id).exit_signal = static_cast<std::int8_t>(flags_of_call(cx) & clone_flag::csignal);
        const TaskId leader = cx.cur().group_leader;
        const bool sibling = asks(cx, clone_flag::parent);
        if (sibling) cx.task(id).exit_signal = cx.peek(leader).exit_signal;
        add_child(cx, sibling ? cx.peek(leader).real_parent : leader, id);
        recalc_sigpending(cx, id);
    }
    return_value(cx, 0);
}

void trace_fork(Ctx& cx) {
    const TaskId id = child_in(cx);
    cx.emit(RecordKind::sched_process_fork, id);
    const auto pid = static_cast<std::uint64_t>(cx.peek(id).pid);
    if (asks(cx, clone_flag::parent_settid)) put_user_word(cx, parent_tid_word(cx), pid);
    if (asks(cx, clone_flag::vfork)) cx.k.vforks.push_back({id, cx.current()});
}
void wake_child(Ctx& cx) { wake_up_new_task(cx, cx.current(), child_in(cx)); }
bool no_vfork(Ctx& cx) { return !asks(cx, clone_flag::vfork); }
bool vfork_is_over(Ctx& cx) {
    return std::none_of(cx.k.vforks.begin(), cx.k.vforks.end(),
                        [&](const VforkWait& w) { return w.parent == cx.current(); });
}
void wait_killable(Ctx& cx) { cx.set_state(cx.current(), task_state::killable); }
void go_on(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
bool is_killed(Ctx& cx) { return has_fatal_signal(cx.cur()); }
void forget_vfork(Ctx& cx) {
    std::erase_if(cx.k.vforks, [&](const VforkWait& w) { return w.parent == cx.current(); });
}
void return_pid(Ctx& cx) { return_value(cx, cx.peek(child_in(cx)).pid); }
bool failed(Ctx& cx) { return static_cast<std::int64_t>(cx.reg(Reg::rax)) < 0; }
// A task_struct and a stack, and for a process its page tables.
bool no_memory(Ctx& cx) {
    std::uint64_t need = 64;
    if (!asks(cx, clone_flag::vm)) need += cx.k.mms[cx.cur().mm].table_pages;
    for (const Zone& z : cx.k.memory.pages.zones()) need += z.min;
    return !cx.k.memory.pages.has(3, false) || cx.k.memory.pages.free_pages() < need;
}
void return_enomem(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-12)); }

constexpr StepDef sys_clone_steps[] = {push(Reg::rbp), call(routines::kernel_clone), pop(Reg::rbp), ret()};
constexpr StepDef copy_process_steps[] = {
    branch(illegal_flags, "illegal",
           {"Do the flags fit together?", "这些标志能放在一起吗？",
            "CLONE_THREAD needs CLONE_SIGHAND, which needs CLONE_VM: handlers are addresses, and threads share signals.",
            "CLONE_THREAD 需要 CLONE_SIGHAND，后者需要 CLONE_VM：处理函数是地址，线程共享信号。"}),
    branch(signal_pending, "restart", {"Is a signal pending?", "有待处理的信号吗？",
                                       "It is delivered first; then the call is made again.", "先递送它，然后重新调用。"}),
    branch(no_more_tasks, "full", {"Are there as many tasks already as the machine may have, or is {cur} a deadline task?",
                                   "任务数已达到机器的上限，或 {cur} 是 deadline 任务吗？",
                                   "A deadline task's share was admitted for one task: it cannot fork.",
                                   "deadline 任务的份额只为一个任务准入：它不能 fork。"}),
    branch(no_memory, "nomem", {"Is there no room for a task_struct and a stack?", "没有放 task_struct 和栈的空间吗？", "", ""}),
    effect(dup_task_struct, Cost::fork,
           {"Copy {cur}'s task_struct and allocate a kernel stack for the copy.",
            "复制 {cur} 的 task_struct，并为副本分配内核栈。",
            "Every task has its own kernel stack, threads too.", "每个任务都有自己的内核栈，线程也一样。"}),
    effect(copy_files_and_fs, Cost::none,
           {"Open files and directories (files_struct, fs_struct): another reference, or a copy.",
            "打开的文件与目录（files_struct、fs_struct）：多一个引用，或复制一份。",
            "CLONE_FILES and CLONE_FS say which.", "由 CLONE_FILES 和 CLONE_FS 决定。"}),
    effect(copy_handlers_and_signal, Cost::none,
           {"Signal handlers and what threads have in common (sighand, signal): shared or new.",
            "信号处理函数与线程共有的部分（sighand、signal）：共享或新建。",
            "CLONE_SIGHAND and CLONE_THREAD say which.", "由 CLONE_SIGHAND 和 CLONE_THREAD 决定。"}),
    effect(copy_mm, Cost::effect,
           {"The address space: shared with a thread, copied for a process.", "地址空间：线程共享，进程复制。",
            "CLONE_VM says which: this is what makes a thread a thread.", "由 CLONE_VM 决定：这正是线程之所以为线程。"}),
    effect(copy_thread, Cost::effect,
           {"Prepare the new kernel stack: pt_regs with RAX = 0, and a frame that returns into ret_from_fork_asm.",
            "准备新的内核栈：pt_regs（RAX = 0）和一个返回到 ret_from_fork_asm 的栈帧。",
            "The first switch to the child will pop this frame as if the child had been switched out before.",
            "第一次切换到子任务会弹出这个帧，仿佛它曾被切走。"}),
    effect(publish_child, Cost::locked, {"Give it its pid and its place in the family.", "给它 pid 和家族中的位置。", "", ""}),
    ret(),
    label("nomem"),
    effect(return_enomem, Cost::word, {"No memory for another task: -ENOMEM.", "没有内存放另一个任务：-ENOMEM。", "", ""}),
    ret(),
    label("illegal"),
    effect(return_einval, Cost::word, {"They do not: -EINVAL.", "不能：-EINVAL。", "", ""}),
    ret(),
    label("restart"),
    effect(return_restart, Cost::word, {"A signal came first: -ERESTARTNOINTR.", "信号先来了：-ERESTARTNOINTR。", "", ""}),
    ret(),
    label("full"),
    effect(return_eagain, Cost::word, {"No more tasks: -EAGAIN.", "不能再有任务：-EAGAIN。",
                                       "This is what stops a fork bomb.", "fork 炸弹就是这样被挡住的。"}),
    ret(),
};
constexpr StepDef kernel_clone_steps[] = {
    push(Reg::rbx),
    call(routines::copy_process),
    branch(failed, "out", {"Did it fail?", "失败了吗？", "", ""}),
    effect(trace_fork, Cost::none, {"The new task exists; store its id where the caller asked for it.",
                                    "新任务已存在；把它的编号存到调用者要求的地方。", "", ""}),
    effect(wake_child, Cost::enqueue,
           {"Wake the new task: it is runnable.", "唤醒新任务：它可运行了。",
            "Who runs first, parent or child, is the scheduler's business.", "父与子谁先运行由调度器决定。"}),
    branch(no_vfork, "pid", {"Need {cur} not wait (CLONE_VFORK)?", "{cur} 不必等待吗（CLONE_VFORK）？", "", ""}),
    label("again"),
    branch(vfork_is_over, "pid", {"Has the child called execve or exited?", "子进程已调用 execve 或退出了吗？",
                                  "Until then it runs on the parent's stack.", "在那之前它用着父进程的栈。"}),
    effect(wait_killable, Cost::locked, {"Set {cur}'s state to TASK_KILLABLE.", "把 {cur} 的状态设为 TASK_KILLABLE。",
                                         "Only SIGKILL would wake it: ps shows D.", "只有 SIGKILL 能唤醒它：ps 显示 D。"}),
    branch(vfork_is_over, "awake", {"Has the child let go meanwhile?", "其间子进程放手了吗？", "", ""}),
    call(routines::schedule),
    label("awake"),
    effect(go_on, Cost::none, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    branch(is_killed, "killed", {"Was it SIGKILL?", "是 SIGKILL 吗？", "", ""}),
    jump("again"),
    label("killed"),
    effect(forget_vfork, Cost::word, {"{cur} will not wait any more.", "{cur} 不再等待。", "", ""}),
    label("pid"),
    effect(return_pid, Cost::none, {"Return the child's pid.", "返回子任务的 pid。", "", ""}),
    label("out"),
    pop(Reg::rbx), ret(),
};

}  // namespace

void complete_vfork(Ctx& cx, TaskId child) {
    const auto it = std::find_if(cx.k.vforks.begin(), cx.k.vforks.end(),
                                 [&](const VforkWait& w) { return w.child == child; });
    if (it == cx.k.vforks.end()) return;
    const TaskId parent = it->parent;
    cx.k.vforks.erase(it);
    cx.wake_now(parent, task_state::uninterruptible);
}

namespace routines {
const Routine x64_sys_clone = make_routine<sys_clone_steps>("__x64_sys_clone", Actor::kernel, Phase::work);
const Routine x64_sys_clone3 = make_routine<sys_clone_steps>("__x64_sys_clone3", Actor::kernel, Phase::work);
const Routine x64_sys_fork = make_routine<sys_clone_steps>("__x64_sys_fork", Actor::kernel, Phase::work);
const Routine x64_sys_vfork = make_routine<sys_clone_steps>("__x64_sys_vfork", Actor::kernel, Phase::work);
const Routine copy_process = make_routine<copy_process_steps>("copy_process", Actor::kernel, Phase::work);
const Routine kernel_clone = make_routine<kernel_clone_steps>("kernel_clone", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
