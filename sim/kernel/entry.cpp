// The way into the kernel and out of it: SYSCALL, interrupts from ring 3 and ring 0, the exit to user mode where
// preemption and signals happen, and the first instructions of a new task. linux.md 5.2 and 5.3.
#include <algorithm>
#include <array>

#include "sim/kernel/engine.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

constexpr std::uint64_t kNoSys = static_cast<std::uint64_t>(-38);   // -ENOSYS

void do_swapgs(Ctx& cx) {
    Regs& r = cx.cpu.regs;
    cx.move(at::none, at::special(Place::Kind::gs_base), r.kernel_gs_base, r.gs_base);
    std::swap(r.gs_base, r.kernel_gs_base);
}
void park_user_rsp(Ctx& cx) {
    cx.move(at::reg(Reg::rsp), at::per_cpu(cx.cpu.id, PerCpuField::tss_sp2), cx.reg(Reg::rsp), cx.cpu.tss_sp2);
    cx.cpu.tss_sp2 = cx.reg(Reg::rsp);
}
void load_kernel_rsp(Ctx& cx) {
    cx.set(Reg::rsp, cx.cpu.top_of_stack, at::per_cpu(cx.cpu.id, PerCpuField::top_of_stack));
}
void push_user_ss(Ctx& cx) { cx.push(kUserSs, at::none); }
void push_user_rsp(Ctx& cx) { cx.push(cx.cpu.tss_sp2, at::per_cpu(cx.cpu.id, PerCpuField::tss_sp2)); }
void push_user_cs(Ctx& cx) { cx.push(kUserCs, at::none); }

// The fifteen general registers below what is on the stack already, rdi first, r15 last. `ax`: what goes into the
// rax slot; a system call's result lies there later.
void push_general(Ctx& cx, bool no_sys) {
    const std::uint64_t low = cx.reg(Reg::rsp) - 15 * 8;
    std::uint64_t* w = cx.near_word(low, 15);
    if (w == nullptr) w = cx.k.stacks.near_words(low, 15);   // the entry stack
    if (w != nullptr && cx.report == nullptr) [[likely]] {
        for (int i = 0; i < 15; ++i) w[-i] = cx.cpu.regs[pt_reg_source(i)];
        if (no_sys) w[-static_cast<int>(PtReg::rax)] = kNoSys;
        cx.cpu.regs.g = {};
        cx.cpu.regs[Reg::rsp] = low;
        return;
    }
    for (int i = 14; i >= 0; --i) {
        const Reg r = pt_reg_source(i);
        if (r == Reg::rax && no_sys)
            cx.push(kNoSys, at::none);
        else
            cx.push(cx.reg(r), at::reg(r));
    }
    for (int i = 14; i >= 0; --i) cx.cpu.regs[pt_reg_source(i)] = 0;
}
void push_regs_syscall(Ctx& cx) {
    const std::uint64_t number = cx.reg(Reg::rax);
    push_general(cx, true);
    cx.cpu.regs[Reg::rdi] = cx.reg(Reg::rsp);
    cx.cpu.regs[Reg::rsi] = number;
}
void push_regs_interrupt(Ctx& cx) {
    push_general(cx, false);
    cx.cpu.regs[Reg::rdi] = cx.reg(Reg::rsp);
}
void push_vector(Ctx& cx) {
    const bool device = cx.cpu.vector < kTimerVector;
    cx.push(device ? cx.cpu.vector : ~std::uint64_t{0}, at::none);
}
// The frame was made on the entry stack; it moves to where a task's user registers always lie.
void sync_regs(Ctx& cx) {
    const std::uint64_t from = cx.reg(Reg::rsp);
    const std::uint64_t to = cx.user_regs();
    const std::uint64_t* source = cx.k.stacks.near_words(from, kPtRegs);
    if (std::uint64_t* target = cx.near_word(to, kPtRegs);
        source != nullptr && target != nullptr && cx.report == nullptr) [[likely]] {
        for (int i = 0; i < kPtRegs; ++i) target[-i] = source[-i];
        cx.cpu.regs[Reg::rsp] = cx.cpu.regs[Reg::rdi] = to;
        return;
    }
    for (int i = kPtRegs - 1; i >= 0; --i) {
        const std::uint64_t offset = 8 * static_cast<std::uint64_t>(i);
        const std::uint64_t v = cx.k.stacks.read(from + offset);
        if (cx.report != nullptr)
            cx.move(at::word(from + offset), at::word(to + offset), v, cx.k.stacks.read(to + offset));
        cx.k.stacks.write(to + offset, v);
    }
    cx.set(Reg::rsp, to);
    cx.cpu.regs[Reg::rdi] = to;
}
bool came_from_kernel(Ctx& cx) {
    return (cx.k.stacks.read(cx.reg(Reg::rsp) + 16) & 3) == 0;   // CS above the vector and RIP
}
bool on_irq_stack(Ctx& cx) { return cx.cpu.hardirq_stack_inuse; }
void to_irq_stack(Ctx& cx) {
    const std::uint64_t old = cx.reg(Reg::rsp);
    cx.set(Reg::rsp, layout::stack_top(cx.cpu.irq_stack));
    cx.push(old, at::reg(Reg::rsp));
    cx.cpu.hardirq_stack_inuse = true;
}
void off_irq_stack(Ctx& cx) {
    const std::uint64_t old = cx.pop(at::reg(Reg::rsp));
    cx.cpu.regs[Reg::rsp] = old;
    cx.cpu.hardirq_stack_inuse = false;
}
void pop_regs(Ctx& cx) {
    const std::uint64_t low = cx.reg(Reg::rsp);
    if (const std::uint64_t* w = cx.near_word(low, 15); w != nullptr && cx.report == nullptr) [[likely]] {
        for (int i = 0; i < 15; ++i) cx.cpu.regs[pt_reg_source(i)] = w[-i];
        cx.cpu.regs[Reg::rsp] = low + 16 * 8;
        return;
    }
    for (int i = 0; i < 15; ++i) {
        const Reg r = pt_reg_source(i);
        const std::uint64_t v = cx.pop(at::reg(r));
        cx.cpu.regs[r] = v;
    }
    cx.cpu.regs[Reg::rsp] += 8;   // orig_rax is not loaded
}

void leave_to_user(Ctx& cx, std::uint64_t rip, std::uint64_t flags, std::uint64_t rsp) {
    Regs& r = cx.cpu.regs;
    cx.cpu.begin_episode(cx.k.steps() + 1);
    cx.recheck = true;   // no more kernel code
    do_swapgs(cx);
    cx.move(at::none, at::special(Place::Kind::rip), rip, cx.text.address(cx.cpu.pc - 1));
    cx.move(at::none, at::special(Place::Kind::cs), kUserCs, r.cs);
    cx.move(at::none, at::special(Place::Kind::rflags), flags, r.rflags);
    r.rip = rip;
    r.rflags = flags;
    r.cs = kUserCs;
    r.ss = kUserSs;
    r[Reg::rsp] = rsp;
}
void sysret(Ctx& cx) {
    const std::uint64_t frame = cx.reg(Reg::rsp);   // RIP, CS, RFLAGS, RSP, SS remain
    const std::uint64_t rsp = cx.k.stacks.read(frame + 24);
    cx.move(at::word(frame + 24), at::reg(Reg::rsp), rsp, frame);
    leave_to_user(cx, cx.reg(Reg::rcx), cx.reg(Reg::r11), rsp);
}
void iretq(Ctx& cx) {
    const std::uint64_t rip = cx.pop(at::special(Place::Kind::rip));
    const std::uint64_t cs = cx.pop(at::special(Place::Kind::cs));
    const std::uint64_t flags = cx.pop(at::special(Place::Kind::rflags));
    const std::uint64_t rsp = cx.pop(at::reg(Reg::rsp));
    cx.pop(at::special(Place::Kind::ss));
    if ((cs & 3) == 3) {
        leave_to_user(cx, rip, flags, rsp);
        return;
    }
    const Task& t = cx.cur();
    const bool in_thread = (cx.cpu.preempt_count & (kHardirqMask | kSoftirqMask)) == 0;
    if (t.is_kthread() && (t.flags & pf::idle) == 0 && in_thread) cx.cpu.begin_episode(cx.k.steps() + 1);
    cx.cpu.regs.rflags = flags;
    cx.cpu.regs[Reg::rsp] = rsp;
    cx.cpu.pc = cx.text.step_at(rip);
}
// SYSRET can be used when nobody changed where the task returns to (linux.md 5.2, step 12).
bool sysret_will_not_do(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    return cx.pt_reg(regs, PtReg::rcx) != cx.pt_reg(regs, PtReg::rip) ||
           cx.pt_reg(regs, PtReg::r11) != cx.pt_reg(regs, PtReg::rflags);
}

void enter_from_user(Ctx& cx) {
    cx.irqs_on();
    const Regs& r = cx.cpu.regs;
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    const std::uint64_t regs = r[Reg::rdi];
    const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
    const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
    const std::uint64_t a0 = cx.pt_reg(regs, PtReg::rdi), a1 = cx.pt_reg(regs, PtReg::rsi),
                        a2 = cx.pt_reg(regs, PtReg::rdx);
    cx.emit(RecordKind::sys_enter, low(r[Reg::rsi]), 0, low(a0), high(a0));
    if (a1 != 0 || a2 != 0) cx.emit(RecordKind::sys_args, low(a1), high(a1), low(a2), high(a2));
}
const Routine* call_table(Ctx& cx) {
    const std::uint64_t number = cx.reg(Reg::rsi);
    // Made by hand in a process without coroutines: our sockets and epoll belong to their library.
    const bool of_sockets = number >= nr::epoll_wait && (number == nr::epoll_wait || number == nr::epoll_ctl ||
                                                         number == nr::accept4 || number == nr::epoll_pwait2);
    if (of_sockets && std::none_of(cx.k.coroutine_envs.begin(), cx.k.coroutine_envs.end(),
                                   [&](const CoroutineEnv& env) { return env.mm == cx.cur().mm; }))
        return &routines::ni_syscall;
    const Routine* r = syscall_routine(number);
    return r != nullptr ? r : &routines::ni_syscall;
}
void store_result(Ctx& cx) { cx.set_pt_reg(cx.reg(Reg::rbx), PtReg::rax, cx.reg(Reg::rax), at::reg(Reg::rax)); }

void trace_sys_exit(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    const std::uint64_t number = cx.pt_reg(regs, PtReg::orig_rax);
    const std::uint64_t result = cx.pt_reg(regs, PtReg::rax);
    if (number != ~std::uint64_t{0})
        cx.emit(RecordKind::sys_exit, static_cast<std::uint32_t>(number), 0,
                static_cast<std::uint32_t>(result), static_cast<std::uint32_t>(result >> 32));
}
void interrupts_off(Ctx& cx) {
    cx.irqs_off();
}
void interrupts_on(Ctx& cx) {
    cx.irqs_on();
}
bool no_work_pending(Ctx& cx) {
    return (cx.cur().tif & (tif::need_resched | tif::need_resched_lazy | tif::sigpending)) == 0;
}
bool work_pending(Ctx& cx) { return !no_work_pending(cx); }
bool no_resched(Ctx& cx) { return (cx.cur().tif & (tif::need_resched | tif::need_resched_lazy)) == 0; }
bool no_signal(Ctx& cx) { return (cx.cur().tif & tif::sigpending) == 0; }

// XRSTOR, unless this CPU's registers still hold this task's image (linux.md 5.2, step 11).
void restore_fpu(Ctx& cx) {
    Task& t = cx.cur();
    if ((t.tif & tif::need_fpu_load) == 0) return;
    t.tif &= ~tif::need_fpu_load;
    if (cx.cpu.fpu_owner == cx.current() && t.fpu_cpu == cx.cpu.id) return;
    cx.move(at::task(cx.current(), TaskField::fpu), at::special(Place::Kind::fpu), t.fpu, cx.cpu.regs.fpu);
    cx.cpu.regs.fpu = t.fpu;
    cx.cpu.fpu_owner = cx.current();
    t.fpu_cpu = cx.cpu.id;
}
bool may_not_preempt_kernel(Ctx& cx) {
    const MachineDecl::Preempt model = cx.k.image().preempt;
    return (model != MachineDecl::Preempt::full && model != MachineDecl::Preempt::lazy) || cx.cpu.preempt_count != 0 ||
           (cx.cur().tif & tif::need_resched) == 0 || cx.current() == cx.cpu.idle ||
           (cx.k.stacks.read(cx.reg(Reg::rbx) + 8 * static_cast<int>(PtReg::rflags)) & kFlagIf) == 0;
}
void regs_to_rbx(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rsp), at::reg(Reg::rsp)); }

void prev_to_rdi(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rax), at::reg(Reg::rax)); }
void preempt_enable(Ctx& cx) {
    cx.preempt_sub(kPreemptOffset);
}
bool is_kernel_thread(Ctx& cx) { return cx.reg(Reg::rbx) != 0; }
void argument_to_rdi(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::r12), at::reg(Reg::r12)); }
const Routine* thread_function(Ctx& cx) {
    return &cx.text.routine_of(cx.text.step_at(cx.reg(Reg::rbx)));
}

constexpr Say kSwapgsIn = {"Exchange GS base with its kernel value (swapgs).", "交换 GS 基址为内核值（swapgs）。",
                           "The kernel reaches its per-CPU variables through GS.",
                           "内核通过 GS 访问每个 CPU 的变量。"};

constexpr StepDef entry_syscall_64_steps[] = {
    effect(do_swapgs, Cost::word, kSwapgsIn),
    effect(park_user_rsp, Cost::word,
           {"Park the user stack pointer in TSS.sp2.", "把用户栈指针暂存到 TSS.sp2。",
            "SYSCALL switches no stack: RSP still points into user memory, and no register is free.",
            "SYSCALL 不切换栈：RSP 仍指向用户内存，而且没有空闲的寄存器。"}),
    effect(load_kernel_rsp, Cost::word,
           {"Load RSP with the top of {cur}'s kernel stack.", "把 RSP 设为 {cur} 内核栈的栈顶。",
            "Every task has a kernel stack of its own, so it can sleep in the middle of a system call.",
            "每个任务都有自己的内核栈，所以它可以在系统调用的中途睡眠。"}),
    effect(push_user_ss, Cost::word,
           {"Push the user's SS: pt_regs begins.", "压入用户的 SS：pt_regs 从这里开始。",
            "SYSCALL pushes nothing by itself; entry code builds the frame an interrupt would have made.",
            "SYSCALL 自己不压任何东西；入口代码搭建与中断相同的栈帧。"}),
    effect(push_user_rsp, Cost::word,
           {"Push the user's RSP from TSS.sp2.", "从 TSS.sp2 压入用户的 RSP。",
            "It is where {cur} will find its user stack again.", "{cur} 回来时靠它找到用户栈。"}),
    push(Reg::r11, {"Push R11, which holds the user's RFLAGS.", "压入 R11，其中是用户的 RFLAGS。",
                    "SYSCALL put RFLAGS there.", "SYSCALL 把 RFLAGS 放在了那里。"}),
    effect(push_user_cs, Cost::word,
           {"Push the user's CS.", "压入用户的 CS。", "Its lowest two bits say ring 3.", "它的最低两位表示 ring 3。"}),
    push(Reg::rcx, {"Push RCX, which holds the user's RIP.", "压入 RCX，其中是用户的 RIP。",
                    "SYSCALL put the return address there.", "SYSCALL 把返回地址放在了那里。"}),
};

// What the hardware pushes for an interrupt is there now; the rest has a symbol of its own in Linux, and control falls
// into it.
constexpr StepDef after_hwframe_steps[] = {
    push(Reg::rax, {"Push RAX, the number of the system call.", "压入 RAX，即系统调用号。",
                    "It is kept as orig_rax; the rax slot will hold the result.",
                    "它保存为 orig_rax；rax 的位置将存放结果。"}),
    effect(push_regs_syscall, Cost::regs,
           {"Push the general registers and clear them: pt_regs is complete.",
            "压入各通用寄存器并清零：pt_regs 完成。",
            "From here on {cur}'s user-level registers are safe in memory, whatever the kernel does.",
            "从此 {cur} 的用户态寄存器已安全存入内存，无论内核做什么。"}),
    call(routines::do_syscall_64),
    branch(sysret_will_not_do, "iret",
           {"Check whether SYSRET can return to {cur}.", "检查能否用 SYSRET 返回 {cur}。",
            "SYSRET takes RIP from RCX and RFLAGS from R11: they must equal what pt_regs says.",
            "SYSRET 从 RCX 取 RIP，从 R11 取 RFLAGS：它们必须与 pt_regs 一致。"}),
    effect(pop_regs, Cost::regs,
           {"Pop the general registers of {cur}.", "弹出 {cur} 的通用寄存器。",
            "They get the very values they had before the system call, RAX its result.",
            "它们恢复为系统调用之前的值，RAX 为结果。"}),
    hardware(sysret, Cost::sysret,
             {"Return to user mode (swapgs, sysret).", "返回用户态（swapgs、sysret）。",
              "RIP comes from RCX, RFLAGS from R11, RSP from pt_regs: ring 3 again.",
              "RIP 取自 RCX，RFLAGS 取自 R11，RSP 取自 pt_regs：回到 ring 3。"}),
    label("iret"),
    jump(routines::restore_regs_and_return),
};

constexpr StepDef do_syscall_64_steps[] = {
    push(Reg::rbp), push(Reg::rbx),
    effect(enter_from_user, Cost::effect,
           {"Turn interrupts on and look at the call's number and arguments.", "打开中断，查看系统调用号和参数。",
            "Until here interrupts were off; the kernel now works for {cur} and may be interrupted.",
            "此前中断一直关闭；现在内核为 {cur} 工作，可以被中断。"}),
    call_indirect(call_table, {"Call the routine that sys_call_table names for this number.",
                               "调用 sys_call_table 中该编号对应的例程。",
                               "A system call is an ordinary function call, on {cur}'s own kernel stack.",
                               "系统调用就是在 {cur} 自己的内核栈上的普通函数调用。"}),
    effect(store_result, Cost::word,
           {"Store the result in the rax slot of pt_regs.", "把结果存入 pt_regs 的 rax 位置。",
            "It will be popped into RAX on the way out.", "出去时它会被弹入 RAX。"}),
    call(routines::syscall_exit_to_user_mode),
    pop(Reg::rbx), pop(Reg::rbp), ret(),
};

constexpr StepDef syscall_exit_to_user_mode_steps[] = {
    effect(trace_sys_exit, Cost::effect,
           {"The system call is done.", "系统调用完成。", "Before user mode, the kernel looks for other work.",
            "返回用户态之前，内核先看看有没有别的工作。"}),
    jump(routines::irqentry_exit_to_user_mode),
};

constexpr StepDef irqentry_exit_to_user_mode_steps[] = {
    effect(interrupts_off, Cost::word,
           {"Turn interrupts off.", "关闭中断。",
            "Nothing may slip in between the last look at the flags and the return.",
            "最后一次查看标志与返回之间不能插入任何东西。"}),
    branch(no_work_pending, "done",
           {"Look at thread_info.flags: is there work before user mode?",
            "查看 thread_info.flags：返回用户态前有工作吗？",
            "This is where a task is preempted: TIF_NEED_RESCHED is honoured here.",
            "任务就是在这里被抢占的：TIF_NEED_RESCHED 在此处理。"}),
    call(routines::exit_to_user_mode_loop),
    label("done"),
    effect(restore_fpu, Cost::fpu,
           {"Load {cur}'s FPU block if another task's is in the registers.",
            "若寄存器中是别的任务的 FPU 内容，装入 {cur} 的。",
            "Saved eagerly at the switch, loaded lazily here: a task that never returns to user mode needs none.",
            "切换时立即保存，到这里才装入：不回用户态的任务不需要它。"}),
    ret(),
};

constexpr StepDef exit_to_user_mode_loop_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(interrupts_on, Cost::word,
           {"Turn interrupts on while there is work.", "有工作时打开中断。", "The work may take long and may sleep.",
            "这些工作可能很久，也可能睡眠。"}),
    branch(no_resched, "signals",
           {"Is TIF_NEED_RESCHED set?", "TIF_NEED_RESCHED 置位了吗？",
            "The tick or a wakeup has asked for a reschedule.", "时钟中断或唤醒请求了重新调度。"}),
    call(routines::schedule, {"Call schedule(): {cur} gives up the CPU on its way to user mode.",
                              "调用 schedule()：{cur} 在返回用户态的路上让出 CPU。",
                              "It stays runnable, so this is an involuntary switch.",
                              "它仍可运行，所以这是一次非自愿切换。"}),
    label("signals"),
    branch(no_signal, "check",
           {"Is TIF_SIGPENDING set?", "TIF_SIGPENDING 置位了吗？", "Signals are delivered here, and only here.",
            "信号在这里、也只在这里递送。"}),
    call(routines::arch_do_signal),
    label("check"),
    effect(interrupts_off, Cost::word,
           {"Turn interrupts off and look again.", "关闭中断，再看一遍。", "New work may have come meanwhile.",
            "其间可能来了新的工作。"}),
    branch(work_pending, "again",
           {"Is there new work?", "有新的工作吗？", "The loop ends only when no flag is set.",
            "只有没有任何标志时循环才结束。"}),
    pop(Reg::rbx), ret(),
};

constexpr StepDef restore_regs_and_return_steps[] = {
    effect(pop_regs, Cost::regs,
           {"Pop the general registers of {cur} from pt_regs.", "从 pt_regs 弹出 {cur} 的通用寄存器。",
            "They get the very values they had when the kernel was entered.",
            "它们恢复为进入内核时的值。"}),
    hardware(iretq, Cost::iret,
             {"Return (swapgs, iretq): five words give RIP, CS, RFLAGS, RSP and SS.",
              "返回（swapgs、iretq）：五个字给出 RIP、CS、RFLAGS、RSP 和 SS。",
              "{cur} goes on in user mode exactly where it was interrupted, on its user stack.",
              "{cur} 回到用户态，在被打断之处、在用户栈上继续。"}),
};

// Every vector has the same stub; only the handler differs.
constexpr std::array<StepDef, 19> interrupt_stub(const Routine& handler) {
    return {
        effect(push_vector, Cost::word,
               {"Push a word in place of orig_rax.", "在 orig_rax 的位置压入一个字。",
                "-1 says: this is no system call (a device's stub pushes its vector).",
                "-1 表示：这不是系统调用（设备的入口压入向量号）。"}),
        branch(came_from_kernel, "kernel",
               {"Look at the saved CS: was it user mode or kernel mode?", "查看保存的 CS：来自用户态还是内核态？",
                "From user mode GS must be exchanged and the frame moved; from kernel mode not.",
                "来自用户态需要交换 GS 并移动栈帧；来自内核态则不需要。"}),
        effect(do_swapgs, Cost::word, kSwapgsIn),
        effect(push_regs_interrupt, Cost::regs,
               {"Push the fifteen general registers and clear them.", "压入十五个通用寄存器并清零。",
                "The interrupted code must find each of them again.", "被打断的代码必须能找回每一个。"}),
        effect(sync_regs, Cost::regs,
               {"Copy pt_regs to the top of {cur}'s kernel stack and switch RSP there.",
                "把 pt_regs 复制到 {cur} 内核栈的顶部，并把 RSP 切到那里。",
                "The entry stack is one per CPU; {cur} may sleep, so its registers must lie on its own stack.",
                "入口栈每个 CPU 只有一个；{cur} 可能睡眠，它的寄存器必须在自己的栈上。"}),
        call(handler),
        call(routines::irqentry_exit_to_user_mode),
        jump(routines::restore_regs_and_return),
        label("kernel"),
        effect(push_regs_interrupt, Cost::regs,
               {"Push the fifteen general registers where RSP stands.", "就在 RSP 所在处压入十五个通用寄存器。",
                "Kernel code was interrupted: its registers are as precious as a user's.",
                "被打断的是内核代码：它的寄存器同样宝贵。"}),
        branch(on_irq_stack, "nested",
               {"Is the CPU on its interrupt stack already?", "CPU 已经在中断栈上了吗？",
                "Only the first interrupt from kernel mode changes the stack.",
                "只有来自内核态的第一个中断才换栈。"}),
        effect(to_irq_stack, Cost::word,
               {"Switch RSP to the CPU's interrupt stack, keeping the old RSP at its top.",
                "把 RSP 切到该 CPU 的中断栈，栈顶保存旧的 RSP。",
                "An interrupt from kernel mode may find a deep stack; the handler gets a fresh one.",
                "来自内核态的中断可能遇到很深的栈；处理程序用一个新的。"}),
        call(handler),
        effect(off_irq_stack, Cost::word,
               {"Go back to the interrupted stack.", "回到被打断的栈。", "", ""}),
        jump("leave"),
        label("nested"),
        call(handler),
        label("leave"),
        jump(routines::irqentry_exit),
    };
}

constexpr auto apic_timer_stub = interrupt_stub(routines::sysvec_apic_timer);
constexpr auto reschedule_stub = interrupt_stub(routines::sysvec_reschedule_ipi);
constexpr auto call_function_stub = interrupt_stub(routines::sysvec_call_function);
constexpr auto common_stub = interrupt_stub(routines::common_interrupt);

// The hardware has pushed an error code in the place of orig_rax.
constexpr StepDef asm_exc_page_fault_steps[] = {
    effect(do_swapgs, Cost::word, kSwapgsIn),
    effect(push_regs_interrupt, Cost::regs,
           {"Push the fifteen general registers and clear them.", "压入十五个通用寄存器并清零。",
            "The access will be tried again: {cur} must find each of them as it was.",
            "这次访问将被重试：{cur} 必须发现它们原封不动。"}),
    effect(sync_regs, Cost::regs,
           {"Copy pt_regs to the top of {cur}'s kernel stack and switch RSP there.",
            "把 pt_regs 复制到 {cur} 内核栈的顶部，并把 RSP 切到那里。",
            "The handler may sleep until a disk has brought the page.", "处理程序可能要睡到磁盘送来该页。"}),
    call(routines::exc_page_fault),
    call(routines::irqentry_exit_to_user_mode),
    jump(routines::restore_regs_and_return),
};

// #DE, #BP, #UD, #GP from user mode. Only #GP brings an error code; for the others its place holds -1.
constexpr auto exception_stub(const Routine& handler) {
    return std::array{
        effect(do_swapgs, Cost::word, kSwapgsIn),
        effect(push_regs_interrupt, Cost::regs,
               {"Push the fifteen general registers and clear them.", "压入十五个通用寄存器并清零。",
                "A signal handler will find them in its frame.", "信号处理函数会在它的栈帧里找到它们。"}),
        effect(sync_regs, Cost::regs,
               {"Copy pt_regs to the top of {cur}'s kernel stack and switch RSP there.",
                "把 pt_regs 复制到 {cur} 内核栈的顶部，并把 RSP 切到那里。", "", ""}),
        call(handler),
        call(routines::irqentry_exit_to_user_mode),
        jump(routines::restore_regs_and_return),
    };
}
constexpr auto divide_error_stub = exception_stub(routines::exc_divide_error);
constexpr auto int3_stub = exception_stub(routines::exc_int3);
constexpr auto invalid_op_stub = exception_stub(routines::exc_invalid_op);
constexpr auto general_protection_stub = exception_stub(routines::exc_general_protection);

constexpr StepDef irqentry_exit_steps[] = {
    effect(regs_to_rbx, Cost::none,
           {"Take the address of the frame.", "取得栈帧地址。", "", ""}),
    branch(may_not_preempt_kernel, "leave",
           {"May kernel code be preempted here?", "这里可以抢占内核代码吗？",
            "Only with preempt full, preempt_count 0 and TIF_NEED_RESCHED set.",
            "仅当 preempt full、preempt_count 为 0 且 TIF_NEED_RESCHED 置位。"}),
    call(routines::preempt_schedule_irq),
    label("leave"),
    effect(pop_regs, Cost::regs,
           {"Pop the interrupted kernel code's registers.", "弹出被打断的内核代码的寄存器。", "", ""}),
    hardware(iretq, Cost::iret,
             {"Return to the interrupted kernel code (iretq).", "返回被打断的内核代码（iretq）。",
              "It never notices that it was away.", "它不会察觉自己曾离开。"}),
};

constexpr StepDef ret_from_fork_asm_steps[] = {
    effect(prev_to_rdi, Cost::word,
           {"A new task runs for the first time: take the previous task from RAX.",
            "新任务第一次运行：从 RAX 取得前一个任务。",
            "Its stack was prepared so that the switch \"returns\" here: the switch has no case for it.",
            "它的栈已准备好，使切换“返回”到这里：切换代码不必为它特别处理。"}),
    call(routines::ret_from_fork),
    jump(routines::restore_regs_and_return),
};

constexpr StepDef ret_from_fork_steps[] = {
    push(Reg::rbp),
    call(routines::schedule_tail),
    branch(is_kernel_thread, "kthread",
           {"Is it a kernel thread?", "它是内核线程吗？",
            "A kernel thread's prepared frame has its function in RBX, a user task's has 0.",
            "内核线程准备好的帧里 RBX 是其函数，用户任务则为 0。"}),
    call(routines::syscall_exit_to_user_mode),
    pop(Reg::rbp), ret(),
    label("kthread"),
    effect(argument_to_rdi, Cost::word, {"Pass the argument kept in R12.", "传递保存在 R12 中的参数。", "", ""}),
    call_indirect(thread_function,
                  {"Call the kernel thread's function.", "调用内核线程的函数。",
                   "It has no user mode to return to: its pt_regs is empty.",
                   "它没有可返回的用户态：它的 pt_regs 是空的。"}),
    call(routines::do_exit),
};

// CLONE_CHILD_SETTID: the new task itself stores its id, in its own memory.
bool stores_no_tid(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    return cx.cur().mm == kNoMm || cx.pt_reg(regs, PtReg::orig_rax) != nr::clone ||
           (cx.pt_reg(regs, PtReg::rdi) & clone_flag::child_settid) == 0 || cx.pt_reg(regs, PtReg::r10) == 0;
}
void store_child_tid(Ctx& cx) {
    put_user_word(cx, cx.pt_reg(cx.user_regs(), PtReg::r10), static_cast<std::uint64_t>(cx.cur().pid));
}

constexpr StepDef schedule_tail_steps[] = {
    call(routines::finish_task_switch),
    effect(preempt_enable, Cost::word,
           {"Allow preemption again.", "重新允许抢占。", "A new task starts with a preempt depth of 2.",
            "新任务开始时抢占深度为 2。"}),
    branch(stores_no_tid, "out", {"Was CLONE_CHILD_SETTID not asked for?", "没有要求 CLONE_CHILD_SETTID 吗？", "", ""}),
    effect(store_child_tid, Cost::word, {"Store {cur}'s id where it was asked for, in {cur}'s own memory.",
                                         "把 {cur} 的编号存到要求的地方，在它自己的内存里。", "", ""}),
    label("out"),
    ret(),
};

}  // namespace

namespace routines {
const Routine entry_syscall_64 = make_routine<entry_syscall_64_steps>("entry_SYSCALL_64", Actor::entry_code, Phase::entry);
const Routine after_hwframe = make_routine<after_hwframe_steps>("entry_SYSCALL_64_after_hwframe", Actor::entry_code, Phase::entry);
const Routine do_syscall_64 = make_routine<do_syscall_64_steps>("do_syscall_64", Actor::kernel, Phase::entry);
const Routine syscall_exit_to_user_mode = make_routine<syscall_exit_to_user_mode_steps>("syscall_exit_to_user_mode", Actor::entry_code, Phase::exit);
const Routine exit_to_user_mode_loop = make_routine<exit_to_user_mode_loop_steps>("exit_to_user_mode_loop", Actor::entry_code, Phase::exit);
const Routine restore_regs_and_return = make_routine<restore_regs_and_return_steps>("swapgs_restore_regs_and_return_to_usermode", Actor::entry_code, Phase::exit);
const Routine asm_apic_timer = make_routine<apic_timer_stub>("asm_sysvec_apic_timer_interrupt", Actor::entry_code, Phase::entry);
const Routine asm_reschedule_ipi = make_routine<reschedule_stub>("asm_sysvec_reschedule_ipi", Actor::entry_code, Phase::entry);
const Routine asm_call_function = make_routine<call_function_stub>("asm_sysvec_call_function_single", Actor::entry_code, Phase::entry);
const Routine asm_common_interrupt = make_routine<common_stub>("asm_common_interrupt", Actor::entry_code, Phase::entry);
const Routine asm_exc_page_fault = make_routine<asm_exc_page_fault_steps>("asm_exc_page_fault", Actor::entry_code, Phase::entry);
const Routine asm_exc_divide_error = make_routine<divide_error_stub>("asm_exc_divide_error", Actor::entry_code, Phase::entry);
const Routine asm_exc_int3 = make_routine<int3_stub>("asm_exc_int3", Actor::entry_code, Phase::entry);
const Routine asm_exc_invalid_op = make_routine<invalid_op_stub>("asm_exc_invalid_op", Actor::entry_code, Phase::entry);
const Routine asm_exc_general_protection = make_routine<general_protection_stub>("asm_exc_general_protection", Actor::entry_code, Phase::entry);
const Routine irqentry_exit_to_user_mode = make_routine<irqentry_exit_to_user_mode_steps>("irqentry_exit_to_user_mode", Actor::entry_code, Phase::exit);
const Routine irqentry_exit = make_routine<irqentry_exit_steps>("irqentry_exit", Actor::entry_code, Phase::exit);
const Routine ret_from_fork_asm = make_routine<ret_from_fork_asm_steps>("ret_from_fork_asm", Actor::entry_code, Phase::exit);
const Routine ret_from_fork = make_routine<ret_from_fork_steps>("ret_from_fork", Actor::kernel, Phase::exit);
const Routine schedule_tail = make_routine<schedule_tail_steps>("schedule_tail", Actor::scheduler, Phase::exit);
}  // namespace routines

std::uint32_t entry_of_vector(const KernelText& text, std::uint8_t vector) {
    static const std::uint32_t timer = text.entry(routines::asm_apic_timer);
    static const std::uint32_t resched = text.entry(routines::asm_reschedule_ipi);
    static const std::uint32_t call_function = text.entry(routines::asm_call_function);
    static const std::uint32_t device = text.entry(routines::asm_common_interrupt);
    switch (vector) {
        case kTimerVector: return timer;
        case kRescheduleVector: return resched;
        case kCallVector: return call_function;
        default: return device;
    }
}

}  // namespace sy
