#include "sim/report/interrupts.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/inspect.h"
#include "sim/kernel/routines.h"
#include "sim/session/episode.h"
#include "sim/session/storyteller.h"

namespace sy {
namespace {

bool has_frame_of(const Kernel& k, CpuId cpu, const Routine& routine) {
    bool found = false;
    walk_stack(k, k.cpus[cpu].current_task,
               [&](const StackFrame& f) { found |= &kernel_text().routine_of(f.step) == &routine; });
    return found;
}

Text how_on_task_stack(const Kernel& k, const Cpu& cpu) {
    const Task& t = k.tasks[cpu.current_task];
    const bool in_hardirq = (cpu.preempt_count & kHardirqMask) != 0;
    if (t.is_kthread())
        return text("__switch_to_asm loaded RSP from its thread.sp", "__switch_to_asm 从它的 thread.sp 装入了 RSP");
    const std::uint64_t regs = layout::stack_top(t.stack) - kPtRegsBytes;
    const std::uint64_t orig = k.stacks.read(regs + 8 * static_cast<std::uint64_t>(PtReg::orig_rax));
    const bool by_syscall = static_cast<std::int64_t>(orig) >= 0 && orig < 0x31;
    if (!in_hardirq && by_syscall)
        return text("SYSCALL switched no stack: entry code loaded RSP from top_of_stack",
                    "SYSCALL 不切换栈：入口代码从 top_of_stack 装入了 RSP");
    return text("interrupt from ring 3: TSS.sp0, the entry stack, then sync_regs copied pt_regs to the top of this stack",
                "来自 ring 3 的中断：先 TSS.sp0、入口栈，再由 sync_regs 把 pt_regs 复制到此栈顶部");
}

std::string mask_text(std::uint64_t mask, std::size_t cpus) {
    if (cpus <= 32) return fmt::format("{:0{}x}", mask, (cpus + 3) / 4);
    return fmt::format("{:0{}x},{:08x}", mask >> 32, (cpus - 32 + 3) / 4, mask & 0xffff'ffff);
}
std::string list_text(std::uint64_t mask) {
    std::string out;
    for (int first = 0; first < 64; ++first) {
        if ((mask >> first & 1) == 0) continue;
        int last = first;
        while (last < 63 && (mask >> (last + 1) & 1) != 0) ++last;
        out += (out.empty() ? "" : ",") + std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
        first = last;
    }
    return out;
}

}  // namespace

StackInUse stack_in_use(const Kernel& k, CpuId c) {
    const Cpu& cpu = k.cpus[c];
    const std::string who = display_name(k, cpu.current_task);
    StackInUse s;
    s.rsp = cpu.regs[Reg::rsp];
    if (cpu.regs.user()) {
        s.name = text("user stack of {0}", "{0} 的用户栈", {who});
        s.how = text("ring 3: the kernel stack of {0} is empty", "ring 3：{0} 的内核栈是空的", {who});
        return s;
    }
    const std::uint64_t word = s.rsp - (layout::is_stack(s.rsp) ? 0 : 8);
    if (!layout::is_stack(s.rsp) && !layout::is_stack(word)) {
        s.kind = StackInUse::Kind::entry;
        s.name = text("entry stack of CPU {0}", "CPU {0} 的入口栈", {std::to_string(c)});
        s.how = text("interrupt from ring 3: the hardware loaded RSP from TSS.sp0", "来自 ring 3 的中断：硬件从 TSS.sp0 装入了 RSP");
        return s;
    }
    if (cpu.hardirq_stack_inuse && layout::stack_slot_of(word) == cpu.irq_stack) {
        s.kind = StackInUse::Kind::irq;
        const std::uint64_t old = k.stacks.read(layout::stack_top(cpu.irq_stack) - 8);
        const bool by_bh = has_frame_of(k, c, routines::do_softirq);
        s.name = text("interrupt stack of CPU {0}", "CPU {0} 的中断栈", {std::to_string(c)});
        s.how = by_bh ? text("do_softirq put the old RSP {0} into its topmost word and switched", "do_softirq 把旧的 RSP {0} 放入栈顶的字并切换",
                             {hex(old)})
                      : text("interrupt from ring 0: entry code put the old RSP {0} into its topmost word and switched",
                             "来自 ring 0 的中断：入口代码把旧的 RSP {0} 放入栈顶的字并切换", {hex(old)});
        return s;
    }
    s.kind = StackInUse::Kind::task;
    s.name = text("kernel stack of {0}", "{0} 的内核栈", {who});
    s.how = how_on_task_stack(k, cpu);
    return s;
}

std::vector<PreemptField> preempt_fields(std::uint32_t n) {
    const std::uint32_t depth = n & 0xff, serving = n >> 8 & 1, bh = n >> 9 & 0x7f, hard = n >> 16 & 0xf, nmi = n >> 20 & 0xf;
    const auto number = [](std::uint32_t v) { return std::to_string(v); };
    return {
        {"20-23", 0xf0'0000, nmi, text("not in an NMI", "不在 NMI 中")},
        {"16-19", 0xf'0000, hard,
         hard == 0 ? text("not in a hard interrupt", "不在硬中断中")
                   : text("hard interrupts on top of each other: {0}", "层叠的硬中断：{0}", {number(hard)})},
        {"9-15", 0xfe00, bh,
         bh == 0 ? text("bottom halves enabled", "允许下半部") : text("local_bh_disable depth: {0}", "local_bh_disable 层数：{0}", {number(bh)})},
        {"8", 0x100, serving, serving == 0 ? text("serving no softirq", "没有在运行软中断") : text("serving a softirq", "正在运行软中断")},
        {"0-7", 0xff, depth,
         depth == 0 ? text("preemption enabled", "允许抢占") : text("preempt_disable depth: {0}", "preempt_disable 层数：{0}", {number(depth)})},
    };
}

std::string preempt_bits(std::uint32_t n) {
    std::string out;
    for (int bit = 23; bit >= 0; --bit) {
        out += (n >> bit & 1) != 0 ? '1' : '0';
        if (bit == 20 || bit == 16 || bit == 9 || bit == 8) out += ' ';
    }
    return out;
}

std::vector<VectorRow> irq_rows(const Kernel& k, CpuId c) {
    const Cpu& cpu = k.cpus[c];
    const bool in_hardirq = (cpu.preempt_count & kHardirqMask) != 0;
    std::vector<VectorRow> out;
    out.push_back({kRescheduleVector, "RES", cpu.irr_resched || cpu.ipi_resched,
                   in_hardirq && has_frame_of(k, c, routines::sysvec_reschedule_ipi), cpu.irq_resched, 0});
    out.push_back({kCallVector, "CAL", cpu.irr_call || cpu.ipi_call,
                   in_hardirq && has_frame_of(k, c, routines::sysvec_call_function), cpu.irq_call, 0});
    out.push_back({kTimerVector, "LOC", cpu.irr_timer || cpu.lapic_deadline <= cpu.clock,
                   in_hardirq && has_frame_of(k, c, routines::hrtimer_interrupt), cpu.irq_timer, 0});
    for (std::size_t i = k.irqs.size(); i-- > 0;) {
        const IrqLine& line = k.image().irq_lines[i];
        std::string names;
        for (std::uint32_t d : line.devices) names += (names.empty() ? "" : ", ") + k.image().scenario.devices[d].name;
        const bool mine = k.irqs[i].in_progress && k.irqs[i].cpu == c;
        out.push_back({kFirstDeviceVector + static_cast<int>(i), fmt::format("{} {}", line.irq, names),
                       (cpu.irr_devices >> i & 1) != 0, mine, k.irqs[i].per_cpu[c], 0});
    }
    return out;
}

std::vector<VectorRow> softirq_rows(const Kernel& k, CpuId c) {
    const Cpu& cpu = k.cpus[c];
    // The vector that runs is the one whose entry has no exit yet: handle_softirqs keeps it in R12 of its frame, and the
    // routine on the stack says which.
    const Routine* const actions[] = {&routines::hi_action, &routines::run_timer_softirq, &routines::net_tx_action,
                                      &routines::net_rx_action, &routines::blk_done_softirq, &routines::irq_poll_action,
                                      &routines::tasklet_action, &routines::sched_action, &routines::hrtimer_action,
                                      &routines::rcu_action};
    const bool serving = (cpu.preempt_count & kSoftirqOffset) != 0;
    std::vector<VectorRow> out;
    for (int vec = 0; vec < kSoftirqs; ++vec) {
        const auto i = static_cast<std::size_t>(vec);
        const bool running = serving && has_frame_of(k, c, *actions[i]);
        out.push_back({vec, softirq_name(vec), (cpu.softirq_pending >> vec & 1) != 0, running, cpu.softirqs[i],
                       cpu.bh.raises[i]});
    }
    return out;
}

std::string interrupts_text(const Kernel& k, CpuId c, Lang lang) {
    const bool zh = lang == Lang::zh;
    const auto say = [&](const Text& t) { return zh ? t.zh : t.en; };
    const Cpu& cpu = k.cpus[c];
    const StackInUse s = stack_in_use(k, c);
    std::string out = fmt::format("  {}  {} ({})\n", zh ? "栈" : "stack", say(s.name), say(s.how));
    out += fmt::format("  preempt_count  {:#x}  {}\n", cpu.preempt_count, preempt_bits(cpu.preempt_count));
    for (const PreemptField& f : preempt_fields(cpu.preempt_count))
        if (f.value != 0) out += fmt::format("    {:>5}  {}\n", f.bits, say(f.meaning));
    std::string pending, running;
    for (const auto& rows : {irq_rows(k, c), softirq_rows(k, c)})
        for (const VectorRow& r : rows) {
            if (r.pending) pending += (pending.empty() ? "" : ", ") + r.name;
            if (r.running) running += (running.empty() ? "" : ", ") + r.name;
        }
    const char* none = zh ? "无" : "none";
    out += fmt::format("  {}  {}\n", zh ? "正在运行" : "running", running.empty() ? none : running);
    out += fmt::format("  {}  {}\n", zh ? "待处理" : "pending", pending.empty() ? none : pending);
    return out;
}

namespace {
constexpr const char* kIrqFiles[] = {"affinity_hint", "effective_affinity", "effective_affinity_list", "node",
                                     "smp_affinity", "smp_affinity_list", "spurious"};
}

std::vector<std::string> proc_irq_paths(const Kernel& k) {
    std::vector<std::int32_t> irqs;
    for (const IrqLine& line : k.image().irq_lines) irqs.push_back(line.irq);
    std::sort(irqs.begin(), irqs.end());
    std::vector<std::string> out;
    for (const std::int32_t irq : irqs)
        for (const char* name : kIrqFiles) out.push_back("irq/" + std::to_string(irq) + "/" + name);
    out.emplace_back("irq/default_smp_affinity");
    return out;
}

std::optional<std::string> proc_irq(const Kernel& k, const std::vector<std::string>& path) {
    const auto& lines = k.image().irq_lines;
    const std::uint64_t online = k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << k.cpus.size()) - 1;
    if (path.empty()) {
        std::vector<std::int32_t> irqs;
        for (const IrqLine& line : lines) irqs.push_back(line.irq);
        std::sort(irqs.begin(), irqs.end());
        std::string out;
        for (std::int32_t irq : irqs) out += std::to_string(irq) + "\n";
        return out + "default_smp_affinity\n";
    }
    if (path[0] == "default_smp_affinity" && path.size() == 1) return mask_text(online, k.cpus.size()) + "\n";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (std::to_string(lines[i].irq) != path[0]) continue;
        const IrqDesc& d = k.irqs[i];
        const std::uint64_t effective = std::uint64_t{1} << d.cpu;
        if (path.size() == 1) {
            std::string out;
            for (const char* name : kIrqFiles) out += std::string(name) + "\n";
            return out;
        }
        if (path.size() > 2) return std::nullopt;
        if (path[1] == "smp_affinity") return mask_text(d.affinity, k.cpus.size()) + "\n";
        if (path[1] == "smp_affinity_list") return list_text(d.affinity) + "\n";
        if (path[1] == "effective_affinity") return mask_text(effective, k.cpus.size()) + "\n";
        if (path[1] == "effective_affinity_list") return list_text(effective) + "\n";
        if (path[1] == "affinity_hint") return mask_text(0, k.cpus.size()) + "\n";   // no driver gives one
        if (path[1] == "node") return std::string("0\n");
        if (path[1] == "spurious") {   // each arrival is handled by somebody
            std::uint64_t count = 0;
            for (const auto n : d.per_cpu) count += n;
            return fmt::format("count {}\nunhandled 0\nlast_unhandled 0 ms\n", count % 100'000);
        }
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace sy
