// Several schedulers over one scenario, side by side: what `compare` prints, and the table of
// figures that `sweep` and the window choose from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/report/rules.h"
#include "sim/report/stats.h"
#include "sim/trace/record.h"

namespace sy {

// One scheduler's run. Distributions are over the scenario's tasks (wakeup: over wakeups).
struct Comparison {
    std::string scheduler;  // with its settings, as given
    SchedulerRules rules;   // with all of them
    Nanos end = 0;
    std::uint64_t finished = 0, tasks = 0;
    Spread turnaround, response, waiting, slowdown, wakeup;  // what they are: sim/report/measures.h
    std::int64_t throughput_milli = 0;  // tasks that exited, in thousandths of a task a second
    std::int64_t utilisation_permille = 0;
    std::uint64_t voluntary = 0, involuntary = 0, migrations = 0, deadline_misses = 0;
    // Jain's index (sum x)^2 / (n sum x^2), in thousandths, of x = CPU time / (CPU time + waiting):
    // the part of the time it wanted a CPU in which a task had one. 1000: all alike.
    std::int64_t fairness_permille = 1000;
    // CPU time / what an ideally fair machine would have given (measures.h), in thousandths: the
    // task that had the least of its share, and the one that had the most.
    std::optional<std::int64_t> share_min_permille, share_max_permille;
    Nanos idle = 0;  // of all CPUs together
};
Comparison compare_row(const Kernel& end, const Log& log, const std::string& scheduler);

// One figure: a line of the table, a column of the CSV, a key of the JSON.
struct FigureInfo {
    enum class Unit : std::uint8_t {
        time,
        milli,
        permille,
        count
    };                 // ns; thousandths; tenths of %
    const char* name;  // of JSON and CSV
    const char* en;
    const char* zh;
    Unit unit;
    std::optional<std::int64_t> (*get)(const Comparison&);
};
std::span<const FigureInfo> figures();
const FigureInfo* find_figure(std::string_view name);
// As people read it (times in ms); "-" for nothing.
std::string figure_text(const FigureInfo& figure, std::optional<std::int64_t> value);

std::string compare_as_text(const std::vector<Comparison>& rows, Lang lang);
std::string compare_as_json(const std::string& scenario, const std::vector<Comparison>& rows);
std::string compare_as_csv(const std::vector<Comparison>& rows);

// Columns padded so that they stand under each other; the first one to the left, the others to the
// right. All of one length.
std::string columns_as_text(const std::vector<std::vector<std::string>>& columns);

}  // namespace sy
