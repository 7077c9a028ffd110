// What one finished run is measured by: distributions over tasks and wakeups, and how each task's
// CPU time compares with what a perfectly fair machine would have given it. All from the kernel's
// own counters and the log.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

// Over the tasks of the scenario (not init, not the machine's threads), times in ns.
struct Measures {
    std::vector<std::int64_t> turnaround, response, waiting;
    // turnaround / (turnaround - waiting), in thousandths: how many times longer than alone on the
    // machine. 1000: it never waited. Of tasks that have exited.
    std::vector<std::int64_t> slowdown;
    // From sched_wakeup to the sched_switch that puts the task on a CPU; one for each wakeup of a
    // task that slept (not for its first start, which is the response time).
    std::vector<std::int64_t> wakeup;
};
Measures measures_of(const Kernel& end, const Log& log);

// Who had how much CPU time, and how much an ideal machine would have given: at every moment the
// CPUs are divided among those who run or wait to, in proportion to their weights, nobody more than
// one CPU (generalised processor sharing: Parekh and Gallager 1993; the "ideal, precise
// multi-tasking CPU" of CFS). Weight: the tickets where the scenario gives some (100 are one nice-0
// task), else the load weight of the nice value at the end of the run.
struct Share {
    TaskId task = kNoTask;
    Nanos cpu = 0, ideal = 0;
};
std::vector<Share> shares_of(const Kernel& end, const Log& log);
// The ideal part alone, by task id and window of time: `windows` equal parts of the run.
std::vector<std::vector<Nanos>> ideal_by_window(const Kernel& end, const Log& log,
                                                std::size_t windows);

// One wakeup: when, who, and how long until it ran.
struct WakeupLatency {
    Nanos at = 0;
    TaskId task = kNoTask;
    Nanos latency = 0;
};
std::vector<WakeupLatency> wakeup_latencies(const Kernel& end, const Log& log);

// Of a task of the scenario, for shares: see Share.
std::int64_t share_weight(const Task& task);

}  // namespace sy
