// The closing table of an episode: what became of each part of the user-level, register-level and system-level context.
// Every row is read from the two states (before and after) and from the moves of the steps in between.
#include <string_view>
#include <utility>

#include "sim/kernel/text.h"
#include "sim/machine/layout.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

using Band = FateRow::Band;

class Fates {
  public:
    Fates(Episode& e, const Kernel& start, const Kernel& end)
        : e_(e), start_(start), end_(end), prev_(display_name(start, e.prev)), next_(display_name(end, e.next)) {}

    void run() {
        if (e_.kind == EpisodeKind::user) return;
        const Task& p = start_.tasks[e_.prev];
        const bool switched = e_.switch_number != 0;
        user_prev_ = !p.is_kthread();
        user_next_ = !end_.tasks[e_.next].is_kthread();
        user_level(switched);
        registers(switched);
        system_level(switched);
        not_saved(switched);
    }

  private:
    void row(Band band, std::string part, Fate fate, std::string en, std::string zh, std::string before = {},
             std::string after = {}) {
        e_.table.push_back({band, std::move(part), fate, {std::move(en), std::move(zh)}, std::move(before), std::move(after)});
    }
    std::string mm_text(const Kernel& k, MmId m) const {
        return m == kNoMm ? "NULL" : "mm " + std::to_string(m) + ", pgd 0x" + hex(k.mms[m].pgd);
    }
    const Move* find_move(Place::Kind to) const {
        for (const StoryStep& s : e_.steps)
            for (const Move& m : s.report.moves)
                if (m.to.kind == to) return &m;
        return nullptr;
    }
    std::uint64_t cr3(const Kernel& k) const { return k.cpus[e_.cpu].regs.cr3; }

    void user_level(bool switched) {
        const std::string parts = "text, data, heap";
        if (!user_prev_ && !user_next_) {
            row(Band::user, parts, Fate::untouched, "neither task has a user level: kernel threads have no mm",
                "两者都没有用户级上下文：内核线程没有 mm", "NULL", "NULL");
            return;
        }
        const MmId before = start_.tasks[e_.prev].mm, after = end_.tasks[e_.next].mm;
        const std::string b = mm_text(start_, before), a = mm_text(end_, after);
        if (!switched) {
            row(Band::user, parts, Fate::kept, "the same task goes on: its memory stays mapped", "同一任务继续：它的内存仍映射着", b, b);
            row(Band::user, "user stack", Fate::saved, "its RSP is kept in pt_regs; the kernel uses another stack",
                "其 RSP 存于 pt_regs；内核使用另一个栈");
            row(Band::user, "TLS (FS base)", Fate::kept, "nothing loads FS base", "没有装载 FS 基址");
            return;
        }
        if (!user_next_)
            row(Band::user, parts, Fate::kept, "mm is NULL: " + next_ + " borrows the loaded address space, CR3 is not written",
                "mm 为 NULL：" + next_ + " 借用已装载的地址空间，不写 CR3", b, "NULL");
        else if (before == after)
            row(Band::user, parts, Fate::kept, "same mm: CR3 is not loaded", "同一 mm：不装载 CR3", b, a);
        else if (find_move(Place::Kind::cr3) == nullptr)
            row(Band::user, parts, Fate::kept, "its page tables are still loaded: they were only borrowed",
                "它的页表仍然装载着：只是被借用过", b, a);
        else
            row(Band::user, parts, Fate::replaced, "by " + next_ + "'s page tables: nothing is copied, CR3 names others",
                "由 " + next_ + " 的页表替换：没有复制，只是 CR3 指向别处", b, a);
        if (user_prev_)
            row(Band::user, "user stack", Fate::saved, "stays in " + prev_ + "'s memory; its RSP is kept in pt_regs",
                "留在 " + prev_ + " 的内存中；其 RSP 存于 pt_regs");
        const Move* fs = find_move(Place::Kind::fs_base);
        row(Band::user, "TLS (FS base)", Fate::saved, "in " + prev_ + "'s thread.fsbase; " + next_ + "'s is loaded",
            "存入 " + prev_ + " 的 thread.fsbase；装入 " + next_ + " 的", fs != nullptr ? hex(fs->before) : "",
            fs != nullptr ? hex(fs->value) : "");
    }

    void registers(bool switched) {
        const std::uint64_t pt_regs = layout::stack_top(start_.tasks[e_.prev].stack) - kPtRegsBytes;
        const std::string at = "pt_regs at " + hex(pt_regs);
        if (user_prev_) {
            const bool syscall = !e_.steps.empty() && e_.steps.front().report.kind == StepReport::Kind::user;
            row(Band::reg, "user RIP, RSP, RFLAGS, CS, SS", Fate::saved,
                at + (syscall ? ", pushed by entry code (SYSCALL parked RIP in RCX, RFLAGS in R11)" : ", pushed by the hardware"),
                "pt_regs（" + hex(pt_regs) + "），" + (syscall ? "由入口代码压入（SYSCALL 把 RIP 放在 RCX，RFLAGS 放在 R11）" : "由硬件压入"));
            row(Band::reg, "user RAX … R15", Fate::saved, at + ", pushed by entry code", "pt_regs（" + hex(pt_regs) + "），由入口代码压入");
        } else {
            row(Band::reg, "user registers", Fate::untouched, prev_ + " has no user mode: its pt_regs is empty",
                prev_ + " 没有用户态：它的 pt_regs 为空");
        }
        if (!switched) {
            row(Band::reg, "RSP", Fate::replaced, "by the top of the task's own kernel stack, and restored on the way out",
                "由任务自己内核栈的栈顶替换，返回时恢复");
            row(Band::reg, "CR3", Fate::kept, "the same task, the same mm", "同一任务，同一 mm", hex(cr3(start_)), hex(cr3(end_)));
            row(Band::reg, "FPU", Fate::kept, "the kernel does not use it", "内核不使用它");
            return;
        }
        std::uint64_t sp = 0;
        for (const StoryStep& s : e_.steps)
            for (const Move& m : s.report.moves)
                if (m.to == Place{Place::Kind::task, static_cast<std::uint8_t>(TaskField::thread_sp), e_.prev, 0}) sp = m.value;
        if (sp != 0)
            row(Band::reg, "RBP RBX R12 R13 R14 R15", Fate::saved, "on " + prev_ + "'s kernel stack, from " + hex(sp) + " up, by __switch_to_asm",
                "由 __switch_to_asm 压入 " + prev_ + " 的内核栈，从 " + hex(sp) + " 起");
        row(Band::reg, "RSP", Fate::saved, "in " + prev_ + "'s thread.sp; loaded from " + next_ + "'s", "存入 " + prev_ + " 的 thread.sp；从 " + next_ + " 的装入",
            hex(sp), "");
        row(Band::reg, "RIP", Fate::saved, "as a return address on " + prev_ + "'s kernel stack", "作为返回地址留在 " + prev_ + " 的内核栈上");
        const Move* write = find_move(Place::Kind::cr3);
        if (write != nullptr)
            row(Band::reg, "CR3", Fate::replaced, "by " + next_ + "'s page-table root and PCID", "由 " + next_ + " 的页表根和 PCID 替换",
                hex(write->before), hex(write->value));
        else
            row(Band::reg, "CR3", Fate::kept, keeps_cr3(), keeps_cr3_zh(), hex(cr3(start_)), hex(cr3(end_)));
        if (user_prev_)
            row(Band::reg, "FPU", Fate::saved, "in " + prev_ + "'s task_struct (XSAVE)", "存入 " + prev_ + " 的 task_struct（XSAVE）");
        else
            row(Band::reg, "FPU", Fate::untouched, prev_ + " does not use it", prev_ + " 不使用它");
        row(Band::reg, "RFLAGS", Fate::untouched, "interrupts are off on both sides of the switch", "切换两侧中断都是关闭的");
    }
    std::string keeps_cr3() const {
        if (!user_next_) return "mm is NULL: kernel addresses are mapped alike everywhere";
        return e_.kind == EpisodeKind::thread_switch ? "same mm" : "this mm is loaded already (lazy TLB)";
    }
    std::string keeps_cr3_zh() const {
        if (!user_next_) return "mm 为 NULL：内核地址在各处映射相同";
        return e_.kind == EpisodeKind::thread_switch ? "同一 mm" : "该 mm 仍已装载（惰性 TLB）";
    }

    void system_level(bool switched) {
        if (!switched) {
            row(Band::system, "task_struct", Fate::kept, "current_task does not change", "current_task 不变", prev_, prev_);
            row(Band::system, "mm_struct", Fate::kept, "not touched", "未触及");
            row(Band::system, "kernel stack", Fate::kept, "the task's own: used and empty again", "任务自己的：用过又清空");
            return;
        }
        row(Band::system, "task_struct", Fate::replaced, "current_task names " + next_ + "; " + prev_ + "'s stays in memory",
            "current_task 指向 " + next_ + "；" + prev_ + " 的留在内存中", prev_, next_);
        const Task& n = end_.tasks[e_.next];
        const MmId active = n.active_mm;
        const std::string borrowed = active == kNoMm ? "NULL" : mm_text(end_, active);
        if (!user_next_)
            row(Band::system, "mm_struct", Fate::kept, "active_mm is borrowed (mm_count + 1)", "借用 active_mm（mm_count 加 1）",
                mm_text(start_, start_.tasks[e_.prev].active_mm), borrowed);
        else if (e_.kind == EpisodeKind::thread_switch)
            row(Band::system, "mm_struct", Fate::kept, "shared: mm_users and mm_count stay", "共享：mm_users 与 mm_count 不变");
        else if (start_.tasks[e_.prev].is_kthread())
            row(Band::system, "mm_struct", Fate::replaced,
                "by " + next_ + "'s; the one that " + prev_ + " had borrowed is given back (mm_count - 1)",
                "换为 " + next_ + " 的；" + prev_ + " 借用的那个被归还（mm_count 减 1）",
                mm_text(start_, start_.tasks[e_.prev].active_mm), borrowed);
        else
            row(Band::system, "mm_struct", Fate::replaced, "by " + next_ + "'s; no counter of either changes while both live",
                "换为 " + next_ + " 的；两者的计数在存活期间不变", mm_text(start_, start_.tasks[e_.prev].active_mm), borrowed);
        row(Band::system, "kernel stack", Fate::replaced, "RSP and top_of_stack point into " + next_ + "'s; " + prev_ + "'s words stay",
            "RSP 与 top_of_stack 指向 " + next_ + " 的栈；" + prev_ + " 的内容保留", hex(layout::stack_top(start_.tasks[e_.prev].stack)),
            hex(layout::stack_top(n.stack)));
        const bool queued = e_.prev_stays_runnable;
        row(Band::system, "run queue", queued ? Fate::kept : Fate::replaced,
            queued ? prev_ + " stays in the run queue: it is runnable" : prev_ + " has left the run queue",
            queued ? prev_ + " 留在运行队列：仍可运行" : prev_ + " 已离开运行队列");
        row(Band::system, "files, signal handlers", Fate::untouched, "they belong to task_struct: nothing to do", "它们属于 task_struct：无需处理");
        row(Band::system, "TSS.sp0", Fate::kept, "always the CPU's entry stack", "始终是该 CPU 的入口栈");
    }

    void not_saved(bool switched) {
        const auto add = [&](std::string part, std::string en, std::string zh) {
            e_.not_saved.push_back({std::move(part), {std::move(en), std::move(zh)}});
        };
        if (!switched) {
            add("RBX RBP R12–R15 a second time", "only a switch of stacks needs them on the kernel stack; here pt_regs is enough",
                "只有换栈才需把它们压到内核栈；这里 pt_regs 就够了");
            add("address space", "the kernel is mapped in every address space: CR3 stays", "内核映射在每个地址空间里：CR3 不变");
            add("run queue", "no task leaves or comes", "没有任务离开或到来");
            return;
        }
        add("RAX RCX RDX RSI RDI R8–R11", "caller-saved: whoever called schedule() expects them lost",
            "调用者保存：调用 schedule() 者本就预期它们丢失");
        add("RFLAGS", "known: interrupts are off during the switch", "已知：切换期间中断关闭");
        if (user_prev_)
            add("user registers", "already in pt_regs since " + prev_ + " entered the kernel", prev_ + " 进入内核时已存入 pt_regs");
        if (e_.kind == EpisodeKind::thread_switch)
            add("address space", "the same mm: there is nothing to change", "同一 mm：无需改变");
        if (!user_next_)
            add("address space", next_ + " has none; it uses kernel addresses only", next_ + " 没有地址空间；只用内核地址");
        add("user memory", "it stays where it is: page tables lead to it again", "原地不动：页表会再次通向它");
    }

    Episode& e_;
    const Kernel& start_;
    const Kernel& end_;
    std::string prev_, next_;
    bool user_prev_ = false, user_next_ = false;
};

}  // namespace

std::string part_name(const std::string& part, Lang lang) {
    static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"text, data, heap", "代码、数据、堆"},
        {"user stack", "用户栈"},
        {"TLS (FS base)", "TLS（FS 基址）"},
        {"user RIP, RSP, RFLAGS, CS, SS", "用户态 RIP、RSP、RFLAGS、CS、SS"},
        {"user RAX … R15", "用户态 RAX … R15"},
        {"user registers", "用户态寄存器"},
        {"kernel stack", "内核栈"},
        {"run queue", "运行队列"},
        {"files, signal handlers", "文件、信号处理函数"},
        {"RBX RBP R12–R15 a second time", "再存一次 RBX RBP R12–R15"},
        {"address space", "地址空间"},
        {"user memory", "用户内存"},
    };
    if (lang == Lang::zh)
        for (const auto& [en, zh] : kNames)
            if (en == part) return std::string(zh);
    return part;
}

void fill_fates(Episode& e, const Kernel& start, const Kernel& end) { Fates(e, start, end).run(); }

}  // namespace sy
