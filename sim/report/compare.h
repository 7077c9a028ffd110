// Several schedulers over one scenario, side by side: what `compare` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

// Over the scenario's tasks that have the value; times in ns. p95 is the nearest rank: the smallest
// value that 95 % of the tasks do not exceed.
struct Spread {
    std::optional<Nanos> mean, p95, max;
};

// One scheduler's run.
struct Comparison {
    std::string scheduler;  // with its settings, as given
    Nanos end = 0;
    std::uint64_t finished = 0, tasks = 0;
    Spread turnaround, response, waiting;
    std::int64_t throughput_milli = 0;  // tasks that exited, in thousandths of a task a second
    std::int64_t utilisation_permille = 0;
    std::uint64_t voluntary = 0, involuntary = 0, migrations = 0;
    // Jain's index (sum x)^2 / (n sum x^2), in thousandths, of x = CPU time / (CPU time + waiting):
    // the part of the time it wanted a CPU in which a task had one. 1000: all alike.
    std::int64_t fairness_permille = 1000;
};
Comparison compare_row(const Kernel& end, const std::string& scheduler);

std::string compare_as_text(const std::vector<Comparison>& rows, Lang lang);
std::string compare_as_json(const std::string& scenario, const std::vector<Comparison>& rows);
std::string compare_as_csv(const std::vector<Comparison>& rows);

}  // namespace sy
