// The coroutines and user-level threads of a process as people see them: who is in which state, on which carrier, on which
// stack. For the window's panel and for text; everything is read from the machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

constexpr std::size_t kCoroutineStates = 7;   // Coroutine::State
// Before the registers of somebody who has asked to leave are stored, it still counts as running.
struct CoroutineRow {
    CoroutineId id = kNoCoroutine;
    std::string name;                    // "session/3"; of a thread its label
    Coroutine::State state = Coroutine::State::fresh;
    int carrier = -1;                    // that runs it; of a user-level thread also the last one that did
    bool runs = false;                   // on that carrier, now
    std::int64_t shared_stack = -1;      // index in CoroutineEnv::stacks; -1: a stack of its own
    bool on_stack = false;               // its words lie on its stack (not in a save buffer)
    std::uint64_t stack_used = 0;        // bytes; of the running one as of its last switch
    std::uint64_t saved = 0;             // bytes of its save buffer
    Text waits_for;                      // empty: for nothing
    std::uint32_t switches = 0, moves = 0;
    Nanos waited = 0;                    // ready, in a run queue
};

std::string coroutine_name(const Kernel& k, const CoroutineEnv& env, CoroutineId id);
Text coroutine_state_name(Coroutine::State state);
CoroutineRow coroutine_row(const Kernel& k, const CoroutineEnv& env, CoroutineId id);
// Those that are worth a line: who runs, is ready or waits first, `most` at the most, by number.
std::vector<CoroutineRow> coroutine_rows(const Kernel& k, const CoroutineEnv& env, std::size_t most);
// How many are in each state; of a million this takes a few milliseconds.
std::array<std::uint64_t, kCoroutineStates> coroutine_states(const CoroutineEnv& env);
// The first ones of a list, "a/1, a/2, +17".
std::string coroutine_list(const Kernel& k, const CoroutineEnv& env, const CoroutineList& list, std::size_t most);
// "threads m:n 2 hooked on", or "coroutines".
std::string thread_model_text(const Kernel& k, const CoroutineEnv& env);
// What a carrier does: runs NAME, schedules, sleeps in the kernel (and where), idle.
Text carrier_state(const Kernel& k, const CoroutineEnv& env, std::size_t carrier);

}  // namespace sy
