#include "sim/model/breakage.h"

#include <array>

#include "sim/base/assert.h"

namespace sy {

namespace {

constexpr std::array kBreakages{
    BreakageInfo{Breakage::forget_callee_saved, "forget callee-saved", "forget callee-saved rbx", true,
                 "__switch_to_asm neither saves nor restores this register", "__switch_to_asm 既不保存也不恢复该寄存器"},
    BreakageInfo{Breakage::forget_rflags, "forget rflags", "forget rflags", false,
                 "a system call does not save the user's RFLAGS: the return loads the kernel's, with interrupts off",
                 "系统调用不保存用户的 RFLAGS：返回时装入内核的，中断是关着的"},
    BreakageInfo{Breakage::forget_swapgs, "forget swapgs", "forget swapgs", false,
                 "the way in does not exchange GS: per-CPU variables are looked for in user memory",
                 "入口不交换 GS：在用户内存里找每 CPU 变量"},
    BreakageInfo{Breakage::forget_need_resched, "forget need-resched", "forget need-resched", false,
                 "the way to user mode does not look at TIF_NEED_RESCHED", "返回用户态时不看 TIF_NEED_RESCHED"},
    BreakageInfo{Breakage::forget_mm_reference, "forget mm-reference", "forget mm-reference", false,
                 "a kernel thread that borrows an address space takes no reference on it (mmgrab)",
                 "借用地址空间的内核线程不增加其引用计数（mmgrab）"},
    BreakageInfo{Breakage::forget_tlb_flush, "forget tlb-flush", "forget tlb-flush", false,
                 "a CR3 write without PCIDs leaves the TLB's entries in force", "不用 PCID 时写 CR3 不使 TLB 项失效"},
    BreakageInfo{Breakage::forget_retest, "forget retest", "forget retest", false,
                 "a reader of a pipe tests, joins the wait queue 120 ns later and does not test again: a wakeup in between is lost",
                 "管道的读者先测试，120 ns 后才加入等待队列，且不再测试：其间的唤醒会丢失"},
    BreakageInfo{Breakage::forget_softirq_limit, "forget softirq-limit", "forget softirq-limit", false,
                 "softirqs are restarted without end: nothing is handed to ksoftirqd", "软中断无限地重来：不移交给 ksoftirqd"},
    BreakageInfo{Breakage::keep_cr3, "keep cr3", "keep cr3", false,
                 "a switch of processes believes that CR3 is loaded, but it is not written",
                 "进程切换以为装入了 CR3，其实没有写"},
    BreakageInfo{Breakage::keep_stack, "keep stack", "keep stack", false,
                 "__switch_to_asm does not load the next task's RSP: it returns by the wrong stack",
                 "__switch_to_asm 不装入下一个任务的 RSP：从错误的栈返回"},
    BreakageInfo{Breakage::keep_interrupts, "keep interrupts", "keep interrupts", false,
                 "__schedule leaves interrupts on while it holds the run queue's lock", "__schedule 持有运行队列锁时不关中断"},
    BreakageInfo{Breakage::share_stack, "share stack", "share stack", false,
                 "a new task gets its parent's kernel stack", "新任务得到的是父任务的内核栈"},
    BreakageInfo{Breakage::small_stack, "small stack", "small stack", false,
                 "new kernel stacks have 384 bytes instead of 16 KiB", "新的内核栈只有 384 字节，而不是 16 KiB"},
    BreakageInfo{Breakage::plain_counter, "plain counter", "plain counter", false,
                 "mm_users is counted without the lock prefix: it is read in one step and written in another",
                 "mm_users 的计数没有 lock 前缀：一步读，另一步写"},
};

constexpr std::array kCalleeSaved{Reg::rbx, Reg::rbp, Reg::r12, Reg::r13, Reg::r14, Reg::r15};
constexpr std::array<std::string_view, 6> kCalleeSavedNames{"rbx", "rbp", "r12", "r13", "r14", "r15"};

}  // namespace

std::span<const BreakageInfo> breakages() { return kBreakages; }

const BreakageInfo& breakage_info(Breakage kind) {
    const BreakageInfo& info = kBreakages[static_cast<std::size_t>(kind)];
    SY_ASSERT(info.kind == kind, "the table of breakages is not in the order of their numbers");
    return info;
}

std::span<const Reg> callee_saved_registers() { return kCalleeSaved; }

std::optional<Reg> callee_saved_register(std::string_view name) {
    for (std::size_t i = 0; i < kCalleeSaved.size(); ++i)
        if (kCalleeSavedNames[i] == name) return kCalleeSaved[i];
    return std::nullopt;
}

}  // namespace sy
