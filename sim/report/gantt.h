// A Gantt chart of characters: a row for each CPU and each task, a column for each stretch of time.
// The length of a column is a round number (1, 2 or 5 times a power of ten), so that a textbook's
// chart comes out cell by cell.
#pragma once

#include <string>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

struct GanttOptions {
    int columns = 80;  // at most so many cells of time
    int rows = 40;     // at most so many tasks
    Lang lang = Lang::en;
};

// The chart with its axis and legend. Tasks that never wanted a CPU are left out.
std::string gantt(const Kernel& end, const Log& log, const GanttOptions& options);

}  // namespace sy
