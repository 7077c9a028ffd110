// Making tasks: clone for threads and fork, and the frame a new task's stack is prepared with. linux.md 3.1 to 3.4.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/context.h"
#include "sim/kernel/family.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/routines.h"

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
    }
    if (t.counts_as_living) ++k.living;
    t.state = task_state::fresh;
    t.tif = 0;
    t.is_live = true;
    t.stack = k.stacks.add();
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
    k.bind_pid(pid, id);
    t.rng = Random(k.image().scenario.machine.seed * 0x9e37'79b9ULL + static_cast<std::uint64_t>(id) * 77'777 + 1);
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

// fork and exec look for the CPU with the fewest runnable tasks (linux.md 6.9, slow path).
CpuId Ctx::select_new_cpu(TaskId id) const {
    const Task& t = peek(id);
    if (t.sched_class != ClassId::fair) return select_rt_cpu(id);
    CpuId best = kNoCpu;
    for (CpuId c = 0; c < k.cpus.size(); ++c) {
        if ((t.cpus_allowed >> c & 1) == 0) continue;
        if (best == kNoCpu || k.sched->runnable(c) < k.sched->runnable(best)) best = c;
    }
    if (k.image().shared_queue && best != kNoCpu && k.sched->runnable(best) != 0) return preempt_where(id, best);
    return best == kNoCpu ? t.cpu : best;
}

namespace {

std::uint64_t arg(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }
bool makes_thread(const Ctx& cx) { return arg(cx, PtReg::orig_rax) == nr::clone3; }
TaskId child_in(const Ctx& cx) { return layout::task_of(cx.reg(Reg::rbx)); }

void dup_task_struct(Ctx& cx) {
    const TaskId id = cx.new_task(cx.current(), -1);
    cx.set(Reg::rbx, layout::task_address(id));
}
void copy_mm(Ctx& cx) {
    const TaskId id = child_in(cx), parent = cx.current();
    const MmId mm = cx.peek(parent).mm;
    Task& t = cx.task(id);
    if (makes_thread(cx)) {
        cx.mm_get_user(mm);
        t.mm = t.active_mm = mm;
        return;
    }
    const MmId copy = mm_dup(cx, mm);
    cx.task(id).mm = cx.task(id).active_mm = copy;
}
// clone3's arguments (our user library passes them in registers): RDI the tid word, RSI the number of the thread in
// the program. What pthread_create does besides (naming the thread, its nice value) happens here too.
void set_up_thread(Ctx& cx, TaskId id) {
    const Program& p = cx.k.program_of(cx.cur());
    const ThreadEntry& e = p.threads[arg(cx, PtReg::rsi)];
    const TaskId leader = cx.cur().group_leader;
    const MmId mm = cx.cur().mm;
    const std::uint64_t top = mm_place_thread_stack(cx, mm);
    Task& t = cx.task(id);
    t.tgid = cx.peek(leader).pid;
    t.group_leader = leader;
    t.next_thread = cx.peek(leader).next_thread;
    cx.task(leader).next_thread = id;
    ++cx.task(leader).live_threads;
    t.real_parent = cx.peek(leader).real_parent;
    t.clear_child_tid = arg(cx, PtReg::rdi);
    if (cx.peek(leader).group_exit_code >= 0) {   // exit_group came while it was being made: it is born to die
        t.pending_signals |= std::uint64_t{1} << 8;
        t.tif |= tif::sigpending;
    }
    t.fs_base = top - layout::tcb_bytes;
    set_text(t.comm, e.comm);
    if (e.label != e.comm) set_text(t.label, e.label);
    if (e.cpus != 0) t.cpus_allowed = e.cpus;
    if (e.priority != kNoPriority) t.priority = e.priority;
    if (e.tickets != 0) t.tickets = e.tickets;
    if (e.has_nice) {
        cx.k.set_nice(cx, id, e.nice);
    }
    if (e.has_sched) cx.k.set_scheduler(cx, id, e.sched);
    cx.mm(mm).write(arg(cx, PtReg::rdi), static_cast<std::uint64_t>(t.pid));   // PARENT_SETTID
}
void copy_thread(Ctx& cx) {
    const TaskId id = child_in(cx);
    const bool thread = makes_thread(cx);
    if (thread) set_up_thread(cx, id);
    const std::uint64_t from = cx.user_regs();
    const std::uint64_t to = layout::stack_top(cx.peek(id).stack) - kPtRegsBytes;
    for (int i = 0; i < kPtRegs; ++i) {
        const std::uint64_t offset = 8 * static_cast<std::uint64_t>(i);
        std::uint64_t v = cx.k.stacks.read(from + offset);
        const auto r = static_cast<PtReg>(i);
        if (r == PtReg::rax) v = 0;
        if (r == PtReg::rsp && thread) v = cx.peek(id).fs_base - 0x80;
        cx.move(at::word(from + offset), at::word(to + offset), v, 0);
        cx.k.stacks.write(to + offset, v);
    }
    prepare_stack(cx, id, 0, 0);
}
void publish_child(Ctx& cx) {
    const TaskId id = child_in(cx);
    if (!makes_thread(cx)) {
        add_child(cx, cx.cur().group_leader, id);
        const Program& p = cx.k.program_of(cx.cur());
        const std::uint32_t op = p.op_at(arg(cx, PtReg::rip));   // the if_child behind the call
        if (op < p.ops.size() && p.ops[op].kind == UserOp::Kind::if_child && !p.children[p.ops[op].data].empty())
            set_text(cx.task(id).comm, p.children[p.ops[op].data]);
    }
    cx.emit(RecordKind::sched_process_fork, id);
}
void wake_child(Ctx& cx) {
    wake_up_new_task(cx, cx.current(), child_in(cx));
    cx.set(Reg::rax, static_cast<std::uint64_t>(cx.peek(child_in(cx)).pid));
}

bool no_more_tasks(Ctx& cx) { return cx.k.tasks.size() >= static_cast<std::size_t>(limits::tasks) + kMostKernelTasks; }
void return_eagain(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-11)); }

constexpr StepDef sys_clone_steps[] = {push(Reg::rbp), call(routines::kernel_clone), pop(Reg::rbp), ret()};
constexpr StepDef kernel_clone_steps[] = {
    push(Reg::rbx),
    branch(no_more_tasks, "full", {"Are there as many tasks already as the machine may have?",
                                   "任务数已达到机器的上限了吗？", "", ""}),
    effect(dup_task_struct, Cost::fork,
           {"Copy {cur}'s task_struct and allocate a kernel stack for the copy.",
            "复制 {cur} 的 task_struct，并为副本分配内核栈。",
            "Every task has its own kernel stack, threads too.", "每个任务都有自己的内核栈，线程也一样。"}),
    effect(copy_mm, Cost::effect,
           {"The address space: shared with a thread, copied for a process.", "地址空间：线程共享，进程复制。",
            "CLONE_VM says which: this is what makes a thread a thread.", "由 CLONE_VM 决定：这正是线程之所以为线程。"}),
    effect(copy_thread, Cost::effect,
           {"Prepare the new kernel stack: pt_regs with RAX = 0, and a frame that returns into ret_from_fork_asm.",
            "准备新的内核栈：pt_regs（RAX = 0）和一个返回到 ret_from_fork_asm 的栈帧。",
            "The first switch to the child will pop this frame as if the child had been switched out before.",
            "第一次切换到子任务会弹出这个帧，仿佛它曾被切走。"}),
    effect(publish_child, Cost::locked, {"Give it its pid and its place in the family.", "给它 pid 和家族中的位置。", "", ""}),
    effect(wake_child, Cost::enqueue,
           {"Wake the new task: it is runnable.", "唤醒新任务：它可运行了。",
            "Who runs first, parent or child, is the scheduler's business.", "父与子谁先运行由调度器决定。"}),
    pop(Reg::rbx), ret(),
    label("full"),
    effect(return_eagain, Cost::word, {"No more tasks: -EAGAIN.", "不能再有任务：-EAGAIN。",
                                       "This is what stops a fork bomb.", "fork 炸弹就是这样被挡住的。"}),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine x64_sys_clone = make_routine<sys_clone_steps>("__x64_sys_clone", Actor::kernel, Phase::work);
const Routine x64_sys_clone3 = make_routine<sys_clone_steps>("__x64_sys_clone3", Actor::kernel, Phase::work);
const Routine kernel_clone = make_routine<kernel_clone_steps>("kernel_clone", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
