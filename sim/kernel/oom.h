// The OOM killer's choice, as the killer and /proc/PID/oom_score see it. linux.md 8.4.
#pragma once

#include "sim/kernel/kernel.h"

namespace sy {

constexpr std::int64_t kNotKillable = INT64_MIN;
// Points of a process, in pages: what it would give back, shifted by its oom_score_adj.
std::int64_t oom_badness(const Kernel& k, TaskId leader);
// The process with the most points, the first one of equals; kNoTask: nobody may be killed.
TaskId oom_victim(const Kernel& k);

}  // namespace sy
