// What each kind of step costs on the simulated clock. One table with a source for each figure; a scenario takes
// it whole (`costs linux`), takes nothing (`costs ideal`: every step is free, so textbook arithmetic is exact), or
// sets single rows by name.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/base/types.h"

namespace sy {

enum class Cost : std::uint8_t {
    none,          // bookkeeping of the simulation, never a cost
    word,          // one push, pop, call, return or branch
    user_op,       // one operation of a user program outside a burst
    syscall,       // SYSCALL with its swapgs
    sysret,        // SYSRET with its swapgs
    regs,          // saving or restoring the general registers in pt_regs
    interrupt,     // the hardware taking an interrupt through the IDT
    iret,          // IRETQ
    locked,        // an effect that takes an uncontended lock or touches shared lines
    effect,        // any other small effect
    accounting,    // update_curr and friends
    enqueue,       // putting a task into or out of a run queue
    pick,          // picking the next task
    cr3,           // writing CR3, with the TLB refill that follows
    fpu,           // saving or loading the FPU block
    segments,      // FS/GS base
    timer,         // arming or expiring a timer, programming the LAPIC
    ipi,           // sending an inter-processor interrupt
    ipi_flight,    // from sending to arrival
    handler,       // a device's hard interrupt handler
    softirq,       // one softirq action
    copy,          // copying a few bytes between user and kernel
    idle_exit,     // leaving hlt
    fork,          // duplicating a task (dup_task_struct, copy_process)
    mm,            // setting up or tearing down an address space
    exception,     // the hardware taking an exception
    page_clear,    // filling a page with zeros
    page_copy,     // copying a page
    pte_copy,      // fork: one page-table entry
    tlb_miss,      // a walk through the four tables
    invlpg,        // dropping one page from the TLB
    insn,          // an instruction of an asm block
    insn_memory,   // more, if it reads or writes memory
    insn_mul,      // more, of mul and imul
    insn_div,      // more, of div and idiv
    insn_locked,   // more, with the lock prefix, and xchg with memory
    insn_fence,    // more, of mfence, lfence and sfence
    insn_pause,    // more, of pause
    store_drain,   // memory tso: how long a store waits in the buffer
    count,
};
constexpr int kCosts = static_cast<int>(Cost::count);

struct CostRow {
    Cost cost;
    const char* name;       // in `costs linux name=120ns`
    Nanos linux_ns;
    const char* source;
};
std::span<const CostRow> cost_table();

using Costs = std::array<Nanos, kCosts>;
Costs linux_costs();
// Instructions are work, as `run` is, so they take their time in an ideal machine too; what the kernel and the hardware
// add is free.
Costs ideal_costs();

}  // namespace sy
