// A run from start to end without anybody watching: what `run`, `trace` and the tests use. Keeps
// all records and no keyframes.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/base/limits.h"
#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

struct BatchLimits {
    std::uint64_t steps = static_cast<std::uint64_t>(limits::steps);
    std::uint64_t log_bytes = static_cast<std::uint64_t>(limits::log_bytes);
};

// Runs `kernel` until it ends or a limit is reached, and says which. Every million steps or so
// `progress` is asked whether to go on (it may be empty).
End run_batch(Kernel& kernel, Log& log, const std::function<bool()>& progress = {},
              const BatchLimits& limits = {});

// Why a run ended, in words: for `nothing_left` with the tasks that wait for ever and where.
Text end_text(const Kernel& kernel, End end);
// One word for programs: all_exited, nothing_left, time_limit, step_limit, log_limit, stuck,
// running.
const char* end_name(End end);
// A limit of the program was hit, not the end that the scenario asks for.
bool is_limit(End end);

// The kernel function in which a task sleeps, as in /proc/PID/wchan; empty if it does not sleep.
std::string wchan_of(const Kernel& kernel, TaskId task);

}  // namespace sy
