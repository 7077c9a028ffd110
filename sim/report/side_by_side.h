// Two runs on one clock: who had which CPU when, and where the two are not alike. Tasks are the
// same when they have the same name, since their numbers may differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

// One task on a CPU from a switch to the next; the idle task is one too.
struct Occupancy {
    Nanos begin = 0, end = 0;
    TaskId task = kNoTask;
};
// By CPU, without gaps from 0 to the end of the run.
std::vector<std::vector<Occupancy>> occupancy_of(const Kernel& end, const Log& log);

struct Difference {
    CpuId cpu = 0;
    Nanos begin = 0, end = 0;
};
struct SideBySide {
    std::vector<Difference>
        differences;   // by time, then CPU; where one run has ended the other differs
    Nanos length = 0;  // of the longer run
    std::int64_t same_permille = 1000;  // of all CPU time
};
SideBySide side_by_side(const Kernel& a, const std::vector<std::vector<Occupancy>>& in_a,
                        const Kernel& b, const std::vector<std::vector<Occupancy>>& in_b);

// "" for nobody, else the task's name.
std::string occupant(const Kernel& end, const std::vector<Occupancy>& cpu, Nanos at);
// "they part at 4.000 ms on CPU 0: x in the first run, y in the second; alike for 41.2 % of the time"
Text parting_text(const Kernel& a, const std::vector<std::vector<Occupancy>>& in_a, const Kernel& b,
                  const std::vector<std::vector<Occupancy>>& in_b, const SideBySide& both);

}  // namespace sy
