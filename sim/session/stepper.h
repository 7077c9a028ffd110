// A debugger's walk through user code: one instruction of one thread, over a call, out of it, on to a breakpoint, and each
// of these backwards. The other threads run as they come. Nothing here moves the session's cursor: the answers are positions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/model/scenario.h"
#include "sim/session/session.h"

namespace sy {

// insn: one instruction, or one operation of a verb; a system call counts as one. over: a call with all that it calls as one;
// of verbs, the whole statement. out: until the function that the thread is in has returned.
enum class ThreadStep : std::uint8_t { insn, over, out };

constexpr std::uint64_t kStepperReach = 20'000'000;   // steps that are looked through before it gives up

// The position at which `task` stands in user mode after (before, with `back`) such a step from the cursor; nothing if it
// does not come there within `reach` steps or before the end (the start) of the run.
std::optional<std::uint64_t> step_of_thread(Session& session, TaskId task, ThreadStep how, bool back,
                                            std::uint64_t reach = kStepperReach);

struct BreakHit {
    std::uint64_t position = 0;   // `at`: before the instruction is executed; `on write`: after the word was written
    TaskId task = kNoTask;        // who; of a store that comes out of a buffer, who made it
    std::size_t which = 0;        // index of the breakpoint
};
// The first hit behind the cursor; with `back`, the last one before it.
std::optional<BreakHit> find_break(Session& session, const std::vector<BreakpointDecl>& stops, bool back,
                                   std::uint64_t reach = kStepperReach);

// User addresses in program number `program` that a breakpoint of kind `at` means.
std::vector<std::uint64_t> break_addresses(const Program& program, const BreakpointDecl& stop);

}  // namespace sy
