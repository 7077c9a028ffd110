// Exceptions of instructions: #DE, #BP, #UD and #GP, from the hardware's frame to the signal. linux.md 5.1; page faults,
// which also push an error code, are in faults.cpp.
#include "sim/kernel/compiled.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

constexpr int kIntegerDivide = 1, kIllegalOperand = 2;   // FPE_INTDIV, ILL_ILLOPN
constexpr int kSigIll = 4, kSigTrap = 5, kSigFpe = 8, kSigSegv = 11;

std::uint32_t entry_of(const KernelText& text, Trap trap) {
    switch (trap) {
        case Trap::divide_error: return text.entry(routines::asm_exc_divide_error);
        case Trap::breakpoint: return text.entry(routines::asm_exc_int3);
        case Trap::invalid_opcode: return text.entry(routines::asm_exc_invalid_op);
        case Trap::general_protection: break;
    }
    return text.entry(routines::asm_exc_general_protection);
}

void send_fpe(Ctx& cx) { force_signal(cx, kSigFpe, kIntegerDivide); }
void send_trap(Ctx& cx) { force_signal(cx, kSigTrap); }
void send_ill(Ctx& cx) { force_signal(cx, kSigIll, kIllegalOperand); }
void send_segv(Ctx& cx) { force_signal(cx, kSigSegv); }
void irqs_on(Ctx& cx) { cx.irqs_on(); }
void clear_error_code(Ctx& cx) { cx.set_pt_reg(cx.user_regs(), PtReg::orig_rax, ~std::uint64_t{0}, at::none); }

constexpr Say kIrqsOn = {"Turn interrupts on.", "打开中断。", "The frame is safe on {cur}'s own stack now.", "栈帧现已安全地在 {cur} 自己的栈上。"};

constexpr StepDef exc_divide_error_steps[] = {
    effect(irqs_on, Cost::word, kIrqsOn),
    effect(send_fpe, Cost::locked,
           {"A division by zero, or a quotient too large: send SIGFPE to {cur}.", "除以零，或商放不下：向 {cur} 发送 SIGFPE。",
            "The instruction did nothing: RIP still points at it, and without a handler the process dies.",
            "该指令什么也没做：RIP 仍指向它；若没有处理函数，进程就死亡。"}),
    ret(),
};
constexpr StepDef exc_int3_steps[] = {
    effect(irqs_on, Cost::word, kIrqsOn),
    effect(send_trap, Cost::locked,
           {"A breakpoint: send SIGTRAP to {cur}.", "断点：向 {cur} 发送 SIGTRAP。",
            "RIP points behind the int3: a debugger writes that one byte over an instruction.",
            "RIP 指向 int3 之后：调试器就是用这一个字节覆盖一条指令。"}),
    ret(),
};
constexpr StepDef exc_invalid_op_steps[] = {
    effect(irqs_on, Cost::word, kIrqsOn),
    effect(send_ill, Cost::locked,
           {"There is no such instruction: send SIGILL to {cur}.", "没有这样的指令：向 {cur} 发送 SIGILL。", "", ""}),
    ret(),
};
constexpr StepDef exc_general_protection_steps[] = {
    effect(clear_error_code, Cost::word,
           {"Take the error code out of the frame: no system call is to be restarted.", "取走栈帧中的错误码：没有要重启的系统调用。", "", ""}),
    effect(irqs_on, Cost::word, kIrqsOn),
    effect(send_segv, Cost::locked,
           {"A general protection fault: send SIGSEGV to {cur}.", "一般保护错误：向 {cur} 发送 SIGSEGV。",
            "A privileged instruction in ring 3, or an address that is not canonical.", "在 ring 3 执行特权指令，或地址不规范。"}),
    ret(),
};

}  // namespace

void raise_trap(Ctx& cx, Trap trap, std::uint64_t rip) {
    drain_all_stores(cx);
    Cpu& cpu = cx.cpu;
    Regs& r = cpu.regs;
    cpu.begin_episode(cx.k.steps());
    const std::uint64_t rsp = r[Reg::rsp], flags = r.rflags, cs = r.cs, ss = r.ss;
    cx.set(Reg::rsp, layout::entry_stack_top(cpu.id));
    cx.push(ss, at::special(Place::Kind::ss));
    cx.push(rsp, at::reg(Reg::rsp));
    cx.push(flags, at::special(Place::Kind::rflags));
    cx.push(cs, at::special(Place::Kind::cs));
    cx.push(rip, at::special(Place::Kind::rip));
    // #GP brings an error code, 0 here; for the others entry code fills its place.
    cx.push(trap == Trap::general_protection ? 0 : ~std::uint64_t{0}, at::none);
    cx.move(at::none, at::special(Place::Kind::rflags), flags & ~kFlagIf, flags);
    cx.move(at::none, at::special(Place::Kind::cs), kKernelCs, cs);
    const std::uint64_t before = r.rip;
    r.rflags = flags & ~kFlagIf;
    r.cs = kKernelCs;
    r.ss = kKernelSs;
    cpu.pc = entry_of(cx.text, trap);
    cpu.vector = static_cast<std::uint8_t>(trap);
    cx.move(at::none, at::special(Place::Kind::rip), cx.text.address(cpu.pc), before);
    cpu.clock += cx.k.image().costs[static_cast<std::size_t>(Cost::exception)];
}

namespace routines {
const Routine exc_divide_error = make_routine<exc_divide_error_steps>("exc_divide_error", Actor::kernel, Phase::entry);
const Routine exc_int3 = make_routine<exc_int3_steps>("exc_int3", Actor::kernel, Phase::entry);
const Routine exc_invalid_op = make_routine<exc_invalid_op_steps>("exc_invalid_op", Actor::kernel, Phase::entry);
const Routine exc_general_protection = make_routine<exc_general_protection_steps>("exc_general_protection", Actor::kernel, Phase::entry);
}  // namespace routines

}  // namespace sy
