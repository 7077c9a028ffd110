// Reading what lies on kernel stacks: frames for /proc/PID/stack, and every word with its meaning for the inspector.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/kernel/text.h"

namespace sy {

// One routine that is active on a stack.
struct StackFrame {
    std::uint64_t address;                 // where it goes on: of the step, in kernel text
    std::uint32_t step;
    std::uint64_t sp;                      // its lowest word
    std::span<const std::uint8_t> saved;   // registers it has pushed so far, first one first
};
// Innermost first; nothing for a task in user mode or without a stack.
void walk_stack(const Kernel& k, TaskId task, const std::function<void(const StackFrame&)>& visit);

struct StackWord {
    enum class Kind : std::uint8_t { pt_regs, return_address, saved, other };
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    Kind kind = Kind::other;
    std::string label;     // field of pt_regs, symbol of the return address, name of the saved register
    std::string routine;   // whose frame it belongs to
};
// The words in use on a task's own kernel stack, highest address first. A task in user mode uses none.
std::vector<StackWord> describe_stack(const Kernel& k, TaskId task);

// The rules of frames, page tables, slab caches and TLBs (memory_check.cpp); empty if all hold.
std::string check_memory(const Kernel& k);

}  // namespace sy
