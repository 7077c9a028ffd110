// What the four kinds of switch cost in one run: between coroutines (or user-level threads), between user mode and kernel
// mode, between threads of a process, between processes. The run is made again step by step, and what each switch consists
// of is counted: steps, time, words that moved, registers stored. Nothing is assumed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

enum class SwitchKind : std::uint8_t { coroutine, mode, thread, process, count };
constexpr int kSwitchKinds = static_cast<int>(SwitchKind::count);
const char* switch_kind_word(SwitchKind kind);   // coroutine, mode, thread, process

// A part of a switch: the steps of one routine, or one operation of the coroutine library.
struct SwitchPart {
    std::string name;
    std::uint64_t steps = 0;
    Nanos time = 0;
};

// Sums over `times` switches.
struct SwitchCost {
    std::uint64_t times = 0;
    std::uint64_t steps = 0;
    Nanos time = 0;
    std::uint64_t stored = 0, loaded = 0;   // registers written to memory, and read from it
    std::uint64_t words = 0;                // all moves; of a shared stack's copies each word
    std::uint64_t copied = 0;               // bytes of shared stacks, out and in
    std::uint64_t cr3 = 0, tlb_flushes = 0;
    std::vector<SwitchPart> parts;          // in the order of their first step

    double mean_time() const { return times == 0 ? 0 : static_cast<double>(time) / static_cast<double>(times); }
    Nanos mean() const { return times == 0 ? 0 : time / static_cast<Nanos>(times); }
};

struct SwitchCosts {
    std::array<SwitchCost, kSwitchKinds> kinds;
    std::uint64_t steps = 0;                // that were looked at
    bool complete = false;                  // the run was over before the bound

    const SwitchCost& of(SwitchKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
};

struct SwitchCostOptions {
    std::uint64_t steps = 20'000'000;       // the run is measured up to here at the most
    std::uint64_t times = ~std::uint64_t{0};   // stop when every kind that occurs has been seen so often
};

// Empty costs if the scenario cannot be booted.
//
// coroutine  co_save, co_swap, co_restore: one call of co_swap
// mode       SYSCALL, entry and exit of a system call in which nothing else happened; what the call itself does is left out
// thread     __schedule and what it calls, from one task of a process to another one of it
// process    the same, to a task of another process
// Switches from and to idle tasks and kernel threads are left out.
SwitchCosts measure_switches(const Scenario& scenario, const SwitchCostOptions& options = {});

}  // namespace sy
