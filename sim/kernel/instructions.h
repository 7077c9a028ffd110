// Instructions of asm blocks on a simulated CPU, the exceptions they raise, and the store buffers of `memory tso`.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

// Exceptions that an instruction itself raises; page faults are user_memory.cpp's. The numbers are the vectors.
enum class Trap : std::uint8_t { divide_error = 0, breakpoint = 3, invalid_opcode = 6, general_protection = 13 };

// The hardware takes it: the frame on the entry stack, RIP at the vector's entry. `rip`: the instruction itself, or (a
// breakpoint) the one behind it.
void raise_trap(Ctx& cx, Trap trap, std::uint64_t rip);

// SYSCALL: RCX <- `next`, R11 <- RFLAGS; no stack switch, nothing pushed (linux.md 5.1).
void syscall_instruction(Ctx& cx, std::uint64_t next);

// The instruction at RIP, which lies in an asm block. Either all of it happens or an exception does.
void instruction_step(Ctx& cx, const Program& p);

// A word of the current task's memory as this CPU sees it: with its own stores that still wait.
std::uint64_t load_word(const Ctx& cx, std::uint64_t address);
// The oldest store of the buffer reaches memory; `cx` may be of another CPU.
void drain_oldest(Ctx& cx, Cpu& cpu);
void drain_all_stores(Ctx& cx);
// An event: store `number` of that CPU is due.
void drain_due(Ctx& cx, Cpu& cpu, std::uint64_t number);

}  // namespace sy
