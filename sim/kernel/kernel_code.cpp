// What kernel code of a scenario can call: bottom halves, interrupts and preemption off and on, raising softirqs,
// scheduling tasklets, disabling an interrupt line. And who runs such code besides kernel threads: tasklets, and
// processes through ioctl. The interpreter itself is in kthreads.cpp. linux.md 6.2, 7.2 to 7.4.
#include "sim/kernel/kernel_code.h"

#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

// The statement that is being carried out: R12 is behind it already.
const UserOp& call_op(const Ctx& cx) { return code_at(cx.k, cx.reg(Reg::r12) - 1); }

void bh_off(Ctx& cx) { cx.preempt_add(kSoftirqDisable); }
constexpr StepDef bh_disable_steps[] = {
    effect(bh_off, Cost::word,
           {"Disable bottom halves (preempt_count + 0x200).", "禁止下半部（preempt_count + 0x200）。",
            "Hard interrupts still come; softirqs that they raise stay pending.",
            "硬中断照样来；它们触发的软中断留作待处理。"}),
    ret(),
};
constexpr StepDef bh_enable_steps[] = {jump(routines::local_bh_enable)};

void irqs_off(Ctx& cx) { cx.irqs_off(); }
void irqs_on(Ctx& cx) { cx.irqs_on(); }
constexpr StepDef irq_disable_steps[] = {
    effect(irqs_off, Cost::word,
           {"Disable interrupts of this CPU (cli).", "关闭该 CPU 的中断（cli）。",
            "What arrives now waits in the local APIC's IRR: one bit for each vector.",
            "现在到来的在本地 APIC 的 IRR 中等待：每个向量一位。"}),
    ret(),
};
constexpr StepDef irq_enable_steps[] = {
    effect(irqs_on, Cost::word,
           {"Enable interrupts (sti).", "打开中断（sti）。", "Pending ones come now, the highest vector first.",
            "待处理的现在到来，向量最高的先来。"}),
    ret(),
};

void preempt_off(Ctx& cx) { cx.preempt_add(kPreemptOffset); }
void preempt_on(Ctx& cx) { cx.preempt_sub(kPreemptOffset); }
bool may_not_preempt(Ctx& cx) { return cx.may_not_preempt_here(); }
constexpr StepDef preempt_disable_steps[] = {
    effect(preempt_off, Cost::word, {"Disable preemption (preempt_count + 1).", "禁止抢占（preempt_count + 1）。",
                                     "Interrupts and softirqs still come; only no other task does.",
                                     "中断和软中断照样来；只是不会换成别的任务。"}),
    ret(),
};
constexpr StepDef preempt_enable_steps[] = {
    effect(preempt_on, Cost::word, {"Enable preemption (preempt_count - 1).", "允许抢占（preempt_count - 1）。", "", ""}),
    branch(may_not_preempt, "out",
           {"Should {cur} be preempted now?", "现在应当抢占 {cur} 吗？",
            "Only with preempt full, preempt_count 0 and TIF_NEED_RESCHED set.",
            "仅当 preempt full、preempt_count 为 0 且 TIF_NEED_RESCHED 置位。"}),
    call(routines::preempt_schedule),
    label("out"), ret(),
};

// raise_softirq_irqoff: outside of interrupts nothing would run it soon, so ksoftirqd is woken.
void wake_if_outside(Ctx& cx) {
    const bool inside = (cx.cpu.preempt_count & (kHardirqMask | kSoftirqMask)) != 0;
    cx.set(Reg::rdi, inside ? 0 : layout::task_address(cx.cpu.ksoftirqd));
}
void raise(Ctx& cx) {
    const UserOp& op = call_op(cx);
    cx.raise_work(static_cast<Softirq>(op.data), false, cx.reg(Reg::r12) - 1, 1);
    wake_if_outside(cx);
}
bool nobody(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
constexpr Say kOutside = {"Is this an interrupt, or are bottom halves disabled?", "这里是中断，或下半部被禁止了吗？",
                          "Then the softirq runs at its end. Else only ksoftirqd can: it is woken.",
                          "那么结束时会运行软中断。否则只有 ksoftirqd 能：唤醒它。"};
constexpr StepDef raise_softirq_steps[] = {
    effect(raise, Cost::effect, {"Set the softirq's bit in this CPU's pending word. Nothing else happens.",
                                 "在该 CPU 的待处理字中置软中断的位。仅此而已。",
                                 "A bit starts nothing: some code must come by and look at it.",
                                 "一个位不会启动任何东西：得有代码路过并查看它。"}),
    branch(nobody, "out", kOutside),
    call(routines::try_to_wake_up),
    label("out"), ret(),
};

void schedule_it(Ctx& cx) {
    cx.set(Reg::rdi, 0);
    if (cx.schedule_tasklet(static_cast<std::uint16_t>(call_op(cx).data))) wake_if_outside(cx);
}
constexpr StepDef tasklet_schedule_steps[] = {
    effect(schedule_it, Cost::locked,
           {"If TASKLET_STATE_SCHED was clear, set it, put the tasklet on this CPU's list, raise the softirq.",
            "若 TASKLET_STATE_SCHED 未置位，则置位，把 tasklet 放入该 CPU 的列表并触发软中断。",
            "Scheduled twice before it runs, it runs once.", "运行之前调度两次，也只运行一次。"}),
    branch(nobody, "out", kOutside),
    call(routines::try_to_wake_up),
    label("out"), ret(),
};

// With free steps a CPU that spins would do so for ever in one instant: then each round takes a microsecond.
void spin(Ctx& cx) { cx.set(Reg::rbx, cx.k.image().ideal ? 1000 : 0); }

Tasklet& named_tasklet(Ctx& cx) { return cx.k.tasklets[call_op(cx).data]; }
void tasklet_count_up(Ctx& cx) { ++named_tasklet(cx).count; }
void tasklet_count_down(Ctx& cx) {
    if (named_tasklet(cx).count > 0) --named_tasklet(cx).count;
}
bool tasklet_at_rest(Ctx& cx) { return !named_tasklet(cx).run; }
constexpr StepDef tasklet_disable_steps[] = {
    effect(tasklet_count_up, Cost::locked, {"Disable the tasklet (count + 1).", "禁用该 tasklet（count + 1）。",
                                            "Scheduled now, it is put back and raised again until it is enabled.",
                                            "此时若被调度，会被放回并再次触发，直到启用。"}),
    label("wait"),
    branch(tasklet_at_rest, "out", {"Does no CPU run it?", "没有 CPU 在运行它吗？", "", ""}),
    effect(spin, Cost::locked, {"Wait for the CPU that runs it.", "等待正在运行它的 CPU。", "", ""}),
    kernel_burst({"{cur} spins.", "{cur} 在自旋。", "", ""}),
    jump("wait"),
    label("out"), ret(),
};
constexpr StepDef tasklet_enable_steps[] = {
    effect(tasklet_count_down, Cost::locked, {"Enable the tasklet (count - 1).", "启用该 tasklet（count - 1）。", "", ""}),
    ret(),
};

std::uint32_t named_line(const Ctx& cx) { return cx.k.image().line_of[call_op(cx).data]; }
void line_depth_up(Ctx& cx) {
    IrqDesc& desc = cx.k.irqs[named_line(cx)];
    ++desc.depth;
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(named_line(cx)), PerCpuField::irq_desc), desc.depth, desc.depth - 1);
}
bool line_at_rest(Ctx& cx) {
    const IrqDesc& desc = cx.k.irqs[named_line(cx)];
    return !desc.in_progress && desc.threads_active == 0;
}
void line_depth_down(Ctx& cx) {
    const std::uint32_t line = named_line(cx);
    IrqDesc& desc = cx.k.irqs[line];
    if (desc.depth == 0) return;   // "Unbalanced enable for IRQ"
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(line), PerCpuField::irq_desc), desc.depth - 1, desc.depth);
    if (--desc.depth == 0 && !desc.in_progress && desc.threads_active == 0) cx.k.unmask_irq(cx, line);
}
void yield_to_irq_thread(Ctx& cx) { cx.set(Reg::rdi, static_cast<std::uint64_t>(cx.cpu.clock + 100 * kMicro)); }
bool only_thread_left(Ctx& cx) { return !cx.k.irqs[named_line(cx)].in_progress; }
constexpr StepDef disable_irq_steps[] = {
    push(Reg::rbx),
    effect(line_depth_up, Cost::locked,
           {"Disable the line (depth + 1).", "禁用该中断线（depth + 1）。",
            "The controller is not touched yet: an interrupt that still comes is noted and then masked.",
            "暂不动控制器：若还有中断到来，先记下再屏蔽。"}),
    label("wait"),
    branch(line_at_rest, "out", {"Does no CPU run its handler, and no thread?", "没有 CPU 在运行它的处理程序，也没有线程？",
                                 "disable_irq returns only when the handler cannot be running (synchronize_irq).",
                                 "disable_irq 只在处理程序不可能在运行时才返回（synchronize_irq）。"}),
    branch(only_thread_left, "sleep", {"Is only its thread still at it?", "只剩它的线程还在处理吗？", "", ""}),
    effect(spin, Cost::locked, {"Wait for the CPU that runs it.", "等待正在运行它的 CPU。", "", ""}),
    kernel_burst({"{cur} spins.", "{cur} 在自旋。", "", ""}),
    jump("wait"),
    label("sleep"),
    effect(yield_to_irq_thread, Cost::word, {"Sleep while the thread works.", "线程工作期间睡眠。", "", ""}),
    call(routines::schedule_timeout_idle),
    jump("wait"),
    label("out"), pop(Reg::rbx), ret(),
};
constexpr StepDef enable_irq_steps[] = {
    effect(line_depth_down, Cost::locked, {"Enable the line (depth - 1).", "启用该中断线（depth - 1）。",
                                           "What came meanwhile comes now, once.", "其间来过的现在到来，只来一次。"}),
    ret(),
};

// --- who runs kernel code ---

void start_tasklet(Ctx& cx) {
    cx.set(Reg::r12, code_address(cx.k.image().tasklet_programs + static_cast<std::uint32_t>(cx.reg(Reg::rbx)), 0));
}
constexpr StepDef tasklet_body_steps[] = {
    push(Reg::rbx), push(Reg::r12), push(Reg::r13), push(Reg::r14), push(Reg::r15),
    effect(start_tasklet, Cost::word, {"Call the tasklet's function.", "调用 tasklet 的函数。",
                                       "It runs in softirq context: it must not sleep.", "它运行在软中断上下文：不能睡眠。"}),
    call(routines::tasklet_call),
    pop(Reg::r15), pop(Reg::r14), pop(Reg::r13), pop(Reg::r12), pop(Reg::rbx), ret(),
};
void start_ioctl(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::r12, code_address(cx.cur().program, cx.pt_reg(regs, PtReg::rdx)),
           at::word(regs + 8 * static_cast<std::uint64_t>(PtReg::rdx)));
}
void ioctl_result(Ctx& cx) { cx.set(Reg::rax, 0); }
constexpr StepDef ioctl_code_steps[] = {
    push(Reg::rbx), push(Reg::r12), push(Reg::r13), push(Reg::r14), push(Reg::r15),
    effect(start_ioctl, Cost::effect, {"The driver's code begins.", "驱动的代码开始。",
                                       "From here {cur} runs the driver's code, in ring 0 and on its own kernel stack.",
                                       "从这里起 {cur} 运行驱动的代码，在 ring 0，在自己的内核栈上。"}),
    call(routines::kernel_code),
    effect(ioctl_result, Cost::word, {"It returns 0.", "它返回 0。", "", ""}),
    pop(Reg::r15), pop(Reg::r14), pop(Reg::r13), pop(Reg::r12), pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine call_bh_disable = make_routine<bh_disable_steps>("local_bh_disable", Actor::kernel, Phase::work);
const Routine call_bh_enable = make_routine<bh_enable_steps>("local_bh_enable", Actor::kernel, Phase::work);
const Routine call_irq_disable = make_routine<irq_disable_steps>("local_irq_disable", Actor::kernel, Phase::work);
const Routine call_irq_enable = make_routine<irq_enable_steps>("local_irq_enable", Actor::kernel, Phase::work);
const Routine call_preempt_disable = make_routine<preempt_disable_steps>("preempt_disable", Actor::kernel, Phase::work);
const Routine call_preempt_enable = make_routine<preempt_enable_steps>("preempt_enable", Actor::kernel, Phase::work);
const Routine call_raise_softirq = make_routine<raise_softirq_steps>("raise_softirq", Actor::softirq, Phase::work);
const Routine call_tasklet_schedule = make_routine<tasklet_schedule_steps>("__tasklet_schedule", Actor::softirq, Phase::work);
const Routine call_tasklet_disable = make_routine<tasklet_disable_steps>("tasklet_disable", Actor::softirq, Phase::work);
const Routine call_tasklet_enable = make_routine<tasklet_enable_steps>("tasklet_enable", Actor::softirq, Phase::work);
const Routine call_disable_irq = make_routine<disable_irq_steps>("disable_irq", Actor::interrupt, Phase::work);
const Routine call_enable_irq = make_routine<enable_irq_steps>("enable_irq", Actor::interrupt, Phase::work);
const Routine tasklet_body = make_routine<tasklet_body_steps>("tasklet_action_common", Actor::softirq, Phase::work);
const Routine ioctl_code = make_routine<ioctl_code_steps>("scenario_unlocked_ioctl", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
