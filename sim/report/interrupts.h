// Interrupts and bottom halves of one CPU at this moment, read from the simulated machine: which stack is in use and how
// RSP came there, preempt_count bit by bit, what is pending and what runs. The window's panel, `explain` and /proc/irq
// show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct StackInUse {
    enum class Kind : std::uint8_t { user, entry, task, irq } kind = Kind::user;
    std::uint64_t rsp = 0;
    Text name;   // "kernel stack of editor"
    Text how;    // "SYSCALL: entry code loaded RSP from top_of_stack"
};
StackInUse stack_in_use(const Kernel& k, CpuId cpu);

// One field of preempt_count (linux.md 6.2).
struct PreemptField {
    const char* bits;     // "8", "9-15"
    std::uint32_t mask;
    std::uint32_t value;  // of the field
    Text meaning;         // of this value
};
std::vector<PreemptField> preempt_fields(std::uint32_t preempt_count);
// 32 bits from the highest to the lowest, with spaces between the fields.
std::string preempt_bits(std::uint32_t preempt_count);

struct VectorRow {
    int vector = 0;
    std::string name;           // "24 nic", "LOC", "NET_RX"
    bool pending = false;       // IRR bit, or bit of the softirq word
    bool running = false;       // a frame of it is on this CPU
    std::uint64_t count = 0;    // handled here
    std::uint64_t raised = 0;   // softirqs: how often the bit was set
};
std::vector<VectorRow> irq_rows(const Kernel& k, CpuId cpu);      // highest vector first, as the APIC delivers them
std::vector<VectorRow> softirq_rows(const Kernel& k, CpuId cpu);  // in the order in which they run

// All of it as text, for `explain`.
std::string interrupts_text(const Kernel& k, CpuId cpu, Lang lang);

// /proc/irq, /proc/irq/N and the files in it; none: no such file. `path` without the leading "irq".
std::optional<std::string> proc_irq(const Kernel& k, const std::vector<std::string>& path);
// Its files, below /proc: "irq/14/smp_affinity".
std::vector<std::string> proc_irq_paths(const Kernel& k);

}  // namespace sy
