// Cost of the scheduler's own work against the length of the run queue, on 64 CPUs.
#pragma once

namespace sy::bench {

// Prints a table for several numbers of runnable tasks up to 100,000, a fit of the cost against log n, and a verdict.
// True: nothing grows faster than logarithmically.
bool measure_queues();

}  // namespace sy::bench
