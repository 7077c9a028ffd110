// The signal frame: what a handler interrupts is laid down on the user stack word by word, and rt_sigreturn puts it back.
// arch/x86/kernel/signal_64.c: x64_setup_rt_frame, rt_sigreturn; linux.md 7.8.
#include "sim/kernel/sigframe.h"

#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

// rbx = signal, r12 = code and sender, r13 = status, r14 = handler, r15 = flags, rbp = restorer (sigdeliver.cpp);
// rdi = the frame, rsi = the FPU image.

std::uint64_t frame(const Ctx& cx) { return cx.reg(Reg::rdi); }
Place pt_place(const Ctx& cx, PtReg r) { return at::word(cx.user_regs() + 8 * static_cast<std::uint64_t>(r)); }

// The lowest address of the user stack that RSP is on: 8 MiB (RLIMIT_STACK) or a thread's 8 MiB.
std::uint64_t stack_limit(std::uint64_t rsp) {
    constexpr std::uint64_t kStack = 8u << 20;
    if (rsp > layout::thread_stacks) return layout::user_stack_top - kStack;
    const std::uint64_t n = (layout::thread_stacks - rsp) / layout::thread_stack_stride;
    return layout::thread_stacks - n * layout::thread_stack_stride - kStack;
}
void get_sigframe(Ctx& cx) {
    const std::uint64_t rsp = cx.pt_reg(cx.user_regs(), PtReg::rsp);
    const std::uint64_t fp = sigframe::fpstate_below(rsp);
    cx.set(Reg::rsi, fp, pt_place(cx, PtReg::rsp));
    cx.set(Reg::rdi, sigframe::frame_below(fp), pt_place(cx, PtReg::rsp));
    cx.set(Reg::rdx, stack_limit(rsp));
}
bool no_room(Ctx& cx) { return frame(cx) < cx.reg(Reg::rdx); }
void save_fpu_image(Ctx& cx) {
    Task& t = cx.cur();
    const bool in_registers = (t.tif & tif::need_fpu_load) == 0;
    const std::uint64_t image = in_registers ? cx.cpu.regs.fpu : t.fpu;
    put_user_word(cx, cx.reg(Reg::rsi), image,
                  in_registers ? at::special(Place::Kind::fpu) : at::task(cx.current(), TaskField::fpu));
}
void put_siginfo(Ctx& cx) {
    const std::uint64_t at = frame(cx) + sigframe::info;
    const std::uint64_t code = cx.reg(Reg::r12) & 0xffff'ffff, sender = cx.reg(Reg::r12) >> 32;
    put_user_word(cx, at, cx.reg(Reg::rbx), at::reg(Reg::rbx));   // si_signo, si_errno 0
    put_user_word(cx, at + 8, code, at::reg(Reg::r12));            // si_code
    put_user_word(cx, at + 16, sender, at::reg(Reg::r12));         // si_pid, si_uid 0
    put_user_word(cx, at + 24, cx.reg(Reg::r13), at::reg(Reg::r13));   // si_status
}
void put_ucontext(Ctx& cx) {
    const std::uint64_t f = frame(cx), regs = cx.user_regs();
    put_user_word(cx, f + sigframe::uc_flags, sigframe::kUcFlags);
    put_user_word(cx, f + sigframe::uc_link, 0);
    put_user_word(cx, f + sigframe::uc_stack, 0);
    put_user_word(cx, f + sigframe::uc_stack + 8, sigframe::kSsDisable);
    put_user_word(cx, f + sigframe::uc_stack + 16, 0);
    for (int i = 0; i < static_cast<int>(std::size(sigframe::registers)); ++i) {
        const PtReg r = sigframe::registers[i];
        put_user_word(cx, f + sigframe::register_at(i), cx.pt_reg(regs, r), pt_place(cx, r));
    }
    put_user_word(cx, f + sigframe::sc_segments, kUserCs | kUserSs << 48, pt_place(cx, PtReg::cs));
    put_user_word(cx, f + sigframe::sc_err, 0);
    put_user_word(cx, f + sigframe::sc_trapno, 0);
    put_user_word(cx, f + sigframe::sc_oldmask, cx.cur().blocked);
    put_user_word(cx, f + sigframe::sc_cr2, cx.cpu.regs.cr2);
    put_user_word(cx, f + sigframe::sc_fpstate, cx.reg(Reg::rsi), at::reg(Reg::rsi));
}
void put_sigmask(Ctx& cx) {
    const Task& t = cx.cur();
    put_user_word(cx, frame(cx) + sigframe::uc_sigmask, t.restore_sigmask ? t.restart_data : t.blocked,
                  at::task(cx.current(), TaskField::blocked));
}
void put_pretcode(Ctx& cx) { put_user_word(cx, frame(cx) + sigframe::pretcode, cx.reg(Reg::rbp), at::reg(Reg::rbp)); }
void enter_handler(Ctx& cx) {
    const std::uint64_t f = frame(cx), regs = cx.user_regs();
    cx.set_pt_reg(regs, PtReg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
    cx.set_pt_reg(regs, PtReg::rax, 0, at::none);   // for functions without a prototype: no vector arguments
    cx.set_pt_reg(regs, PtReg::rsi, f + sigframe::info, at::none);
    cx.set_pt_reg(regs, PtReg::rdx, f + sigframe::uc, at::none);
    cx.set_pt_reg(regs, PtReg::rip, cx.reg(Reg::r14), at::reg(Reg::r14));
    cx.set_pt_reg(regs, PtReg::rsp, f, at::reg(Reg::rdi));
    cx.set_pt_reg(regs, PtReg::cs, kUserCs, at::none);
    cx.set_pt_reg(regs, PtReg::ss, kUserSs, at::none);
}
// The handler begins with a clean FPU.
void load_fpu(Ctx& cx, std::uint64_t image, Place from) {
    Task& t = cx.cur();
    if ((t.tif & tif::need_fpu_load) != 0) {
        cx.move(from, at::task(cx.current(), TaskField::fpu), image, t.fpu);
        t.fpu = image;
        t.fpu_cpu = kNoCpu;   // whatever a CPU's registers hold, it is not this
        return;
    }
    cx.move(from, at::special(Place::Kind::fpu), image, cx.cpu.regs.fpu);
    cx.cpu.regs.fpu = image;
}
void clear_fpu(Ctx& cx) { load_fpu(cx, 0, at::none); }
void frame_is_there(Ctx& cx) { return_value(cx, 0); }
void no_frame(Ctx& cx) { return_value(cx, err::fault); }

constexpr StepDef setup_rt_frame_steps[] = {
    effect(get_sigframe, Cost::word,
           {"Find room on the user stack: below RSP and its red zone, first the FPU image, then the frame.",
            "在用户栈上找地方：RSP 及其红区之下，先是 FPU 内容，再是信号帧。",
            "440 bytes, aligned as if a call had just pushed its return address.",
            "440 字节，对齐方式如同刚刚执行了一次 call。"}),
    branch(no_room, "no_room", {"Would it lie beyond the end of the stack?", "会超出栈的末端吗？", "", ""}),
    effect(save_fpu_image, Cost::fpu, {"Save {cur}'s FPU image on the user stack.", "把 {cur} 的 FPU 内容存到用户栈上。",
                                       "The handler may compute with floating point, too.", "处理函数也可能做浮点运算。"}),
    effect(put_siginfo, Cost::copy, {"Write struct siginfo: which signal, why, and who sent it.",
                                     "写 struct siginfo：哪个信号、为什么、谁发的。", "", ""}),
    effect(put_ucontext, Cost::copy,
           {"Write the interrupted registers from pt_regs into the frame, word by word.",
            "把被打断的寄存器从 pt_regs 逐字写入信号帧。",
            "From the kernel stack to the user stack: the kernel keeps nothing of what was interrupted.",
            "从内核栈到用户栈：被打断的内容，内核一点也不留。"}),
    effect(put_sigmask, Cost::word, {"Write the signal mask that will come back.", "写入将要恢复的信号屏蔽字。", "", ""}),
    effect(put_pretcode, Cost::word,
           {"Write the restorer's address where the handler will find its return address.",
            "在处理函数的返回地址处写入 restorer 的地址。",
            "Its `ret` leads into __restore_rt, which calls rt_sigreturn.", "它的 ret 会进入 __restore_rt，后者调用 rt_sigreturn。"}),
    effect(enter_handler, Cost::word,
           {"Rewrite pt_regs: RIP = handler, RSP = frame, RDI = signal, RSI = siginfo, RDX = ucontext.",
            "改写 pt_regs：RIP = 处理函数，RSP = 信号帧，RDI = 信号，RSI = siginfo，RDX = ucontext。",
            "The return to user mode will land in the handler: nobody calls it.",
            "返回用户态时会落到处理函数里：没有谁调用它。"}),
    effect(clear_fpu, Cost::none, {"The handler begins with a clean FPU.", "处理函数以干净的 FPU 开始。", "", ""}),
    effect(frame_is_there, Cost::none, {"The frame is there.", "信号帧已就绪。", "", ""}),
    ret(),
    label("no_room"),
    effect(no_frame, Cost::word, {"The stack is full: -EFAULT.", "栈已满：-EFAULT。", "", ""}),
    ret(),
};

// --- rt_sigreturn: rbx = the frame ---

void find_frame(Ctx& cx) {
    cx.set(Reg::rbx, cx.pt_reg(cx.user_regs(), PtReg::rsp) - 8, pt_place(cx, PtReg::rsp));   // ret popped pretcode
}
bool is_text(const Ctx& cx, std::uint64_t rip) {
    const Program& p = cx.k.program_of(cx.cur());
    return rip >= layout::user_text && rip < p.address(static_cast<std::uint32_t>(p.ops.size()));
}
int index_of(PtReg r) {
    int i = 0;
    while (sigframe::registers[i] != r) ++i;
    return i;
}
bool bad_frame(Ctx& cx) {
    return !is_text(cx, get_user_word(cx, cx.reg(Reg::rbx) + sigframe::register_at(index_of(PtReg::rip))));
}
void restore_mask(Ctx& cx) {
    set_blocked(cx, cx.current(), get_user_word(cx, cx.reg(Reg::rbx) + sigframe::uc_sigmask));
}
void restore_registers(Ctx& cx) {
    const std::uint64_t f = cx.reg(Reg::rbx), regs = cx.user_regs();
    const MmId mm = cx.cur().mm;
    for (int i = 0; i < static_cast<int>(std::size(sigframe::registers)); ++i) {
        const std::uint64_t at = f + sigframe::register_at(i);
        const PtReg r = sigframe::registers[i];
        std::uint64_t v = get_user_word(cx, at);
        if (r == PtReg::rflags) v |= kFlagFixed | kFlagIf;   // not the program's to change
        cx.set_pt_reg(regs, r, v, at::user_word(mm, at));
    }
    cx.set_pt_reg(regs, PtReg::cs, kUserCs, at::none);
    cx.set_pt_reg(regs, PtReg::ss, kUserSs, at::none);
    cx.set_pt_reg(regs, PtReg::orig_rax, ~std::uint64_t{0}, at::none);   // no system call to restart
}
void restore_fpu_image(Ctx& cx) {
    const std::uint64_t at = get_user_word(cx, cx.reg(Reg::rbx) + sigframe::sc_fpstate);
    load_fpu(cx, get_user_word(cx, at), at::user_word(cx.cur().mm, at));
}
void result_is_old_rax(Ctx& cx) { cx.set(Reg::rax, cx.pt_reg(cx.user_regs(), PtReg::rax), pt_place(cx, PtReg::rax)); }
void bad_frame_segv(Ctx& cx) {
    force_signal(cx, sig::segv);
    return_value(cx, 0);
}

constexpr StepDef rt_sigreturn_steps[] = {
    push(Reg::rbx),
    effect(find_frame, Cost::word, {"Find the signal frame: just below the user's RSP.", "找到信号帧：就在用户 RSP 之下。", "", ""}),
    branch(bad_frame, "bad", {"Does it lead anywhere but into the program?", "它指向程序之外吗？", "", ""}),
    effect(restore_mask, Cost::locked, {"Give {cur} its signal mask back.", "恢复 {cur} 的信号屏蔽字。",
                                        "What was blocked while the handler ran may now be delivered.",
                                        "处理函数运行时被阻塞的信号现在可以递送了。"}),
    effect(restore_registers, Cost::copy,
           {"Read the registers from the frame back into pt_regs, word by word.", "把寄存器从信号帧逐字读回 pt_regs。",
            "RIP, RSP and RAX, too: the system call \"returns\" to where the signal came in.",
            "包括 RIP、RSP 和 RAX：这个系统调用“返回”到信号到来之处。"}),
    effect(restore_fpu_image, Cost::fpu, {"Load the FPU image from the frame.", "从信号帧装回 FPU 内容。", "", ""}),
    effect(result_is_old_rax, Cost::word, {"The result is the RAX of the interrupted code.", "结果是被打断代码的 RAX。", "", ""}),
    pop(Reg::rbx), ret(),
    label("bad"),
    effect(bad_frame_segv, Cost::locked, {"Force SIGSEGV on {cur}.", "强制给 {cur} 发 SIGSEGV。", "", ""}),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine x64_setup_rt_frame = make_routine<setup_rt_frame_steps>("x64_setup_rt_frame", Actor::kernel, Phase::exit);
const Routine x64_sys_rt_sigreturn = make_routine<rt_sigreturn_steps>("__x64_sys_rt_sigreturn", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
