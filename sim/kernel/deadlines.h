// What became of the jobs that have a deadline: those of SCHED_DEADLINE tasks (their absolute deadline), and rounds of
// `every` (they should be done when the next one is due). Counted while the machine runs; a job that is not done at the
// end of the run although its time has passed counts as late.
#pragma once

#include "sim/kernel/kernel.h"

namespace sy {

struct DeadlineCounts {
    std::uint64_t jobs = 0, misses = 0, overruns = 0;
};
DeadlineCounts deadline_counts(const Kernel& k, TaskId task);

}  // namespace sy
