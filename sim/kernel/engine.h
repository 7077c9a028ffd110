// Pieces of the step engine that live in files of their own.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

// One operation of the current task's user program (user.cpp).
void user_step(Ctx& cx);
// The CPU computes or halts for `time` (user.cpp).
void let_time_pass(Ctx& cx, Nanos time, bool halted);
// When an interrupt first wants this CPU's attention; 0: at once.
Nanos attention(const Cpu& cpu);
// It computes: the next thing that happens is that its burst is over.
bool at_burst(const Kernel& k, const Cpu& cpu, const KernelText& text);
// Where the IDT leads (entry.cpp).
std::uint32_t entry_of_vector(const KernelText& text, std::uint8_t vector);
// The system call table (syscalls.cpp); null: no such call.
const Routine* syscall_routine(std::uint64_t number);

}  // namespace sy
