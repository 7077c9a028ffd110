#include "sim/machine/costs.h"

namespace sy {

namespace {

// The single figures are chosen so that whole paths come out as measured or published: a trivial system call
// about 200 ns, a thread switch through sched_yield about 1.1 us and a process switch 130 to 200 ns more
// (real-kernel.md, "Costs on this machine"), an interrupt with an empty handler 0.3 to 1 us (linux.md 5.9).
constexpr CostRow rows[] = {
    {Cost::none, "none", 0, "not a cost"},
    {Cost::word, "word", 2, "1.9 ns a function call, real-kernel.md"},
    {Cost::user_op, "user-op", 2, "as a function call, real-kernel.md"},
    {Cost::syscall, "syscall", 60, "a third of a trivial system call of 190 ns, real-kernel.md"},
    {Cost::sysret, "sysret", 50, "a quarter of a trivial system call of 190 ns, real-kernel.md"},
    {Cost::regs, "regs", 15, "15 to 21 words at one a cycle or two"},
    {Cost::interrupt, "interrupt", 250, "interrupt entry and exit 0.3-1 us, linux.md 5.9"},
    {Cost::iret, "iret", 150, "interrupt entry and exit 0.3-1 us, linux.md 5.9"},
    {Cost::locked, "locked", 20, "one uncontended atomic operation"},
    {Cost::effect, "effect", 8, "a few cached loads and stores"},
    {Cost::accounting, "accounting", 30, "part of a 1.1 us switch, real-kernel.md"},
    {Cost::enqueue, "enqueue", 120, "part of sleep + wakeup + switch 2.7 us, real-kernel.md"},
    {Cost::pick, "pick", 150, "part of a 1.1 us switch, real-kernel.md"},
    {Cost::cr3, "cr3", 165, "address-space switch +130-200 ns, real-kernel.md"},
    {Cost::fpu, "fpu", 60, "XSAVE/XRSTOR of 832 bytes, part of a 1.1 us switch"},
    {Cost::segments, "segments", 20, "WRFSBASE, part of a 1.1 us switch"},
    {Cost::timer, "timer", 100, "hrtimer queue and LAPIC deadline"},
    {Cost::ipi, "ipi", 100, "one write to the x2APIC"},
    {Cost::ipi_flight, "ipi-flight", 700, "cross-CPU wakeup, bare metal order of magnitude"},
    {Cost::handler, "handler", 700, "hrtimer interrupt to waking 2 us, real-kernel.md"},
    {Cost::softirq, "softirq", 500, "disk completion chain about 20 us in all, linux.md 9.17"},
    {Cost::copy, "copy", 60, "1-byte read 268 ns against 190 ns for a trivial call, real-kernel.md"},
    {Cost::idle_exit, "idle-exit", 1000, "C1 exit about 1 us, linux.md 6.11"},
    {Cost::fork, "fork", 4'000, "pthread create and join 29 us in all, real-kernel.md"},
    {Cost::exception, "exception", 150, "anonymous fault 0.25-0.7 us in all, linux.md 5.9"},
    {Cost::page_clear, "page-clear", 80, "4 KiB at 50 GB/s; anonymous fault 0.25-0.7 us in all, linux.md 5.9"},
    {Cost::page_copy, "page-copy", 400, "COW fault with copy about 1 us in all, linux.md 5.9"},
    {Cost::pte_copy, "pte-copy", 180, "fork with 64 MiB resident 3 ms: 16,384 entries, linux.md 5.9"},
    {Cost::tlb_miss, "tlb-miss", 0, "the refill after a switch is part of `cr3`"},
    {Cost::invlpg, "invlpg", 100, "about 100 ns, Intel SDM order of magnitude"},
    {Cost::insn, "insn", 1, "about one cycle, rounded up to the clock's grain of 1 ns"},
    {Cost::insn_memory, "insn-memory", 1, "a load from L1 takes 4 to 5 cycles"},
    {Cost::insn_mul, "insn-mul", 1, "3 to 4 cycles"},
    {Cost::insn_div, "insn-div", 10, "20 to 40 cycles for 64 bits on most processors"},
    {Cost::insn_locked, "insn-locked", 6, "about 18 to 20 cycles uncontended"},
    {Cost::insn_fence, "insn-fence", 10, "mfence: about 33 cycles"},
    {Cost::insn_pause, "insn-pause", 40, "about 140 cycles since Skylake"},
    {Cost::store_drain, "store-drain", 100, "a line fetched from another core's cache: 50 to 100 ns"},
    {Cost::mm, "mm", 20'000, "fork+exit+wait 200 us against 29 us for a thread, real-kernel.md"},
};

}  // namespace

std::span<const CostRow> cost_table() { return rows; }

Costs ideal_costs() {
    Costs costs{};
    const Costs all = linux_costs();
    for (int i = static_cast<int>(Cost::insn); i <= static_cast<int>(Cost::store_drain); ++i)
        costs[static_cast<std::size_t>(i)] = all[static_cast<std::size_t>(i)];
    return costs;
}

Costs linux_costs() {
    Costs costs{};
    for (const CostRow& row : rows) costs[static_cast<std::size_t>(row.cost)] = row.linux_ns;
    return costs;
}

}  // namespace sy
