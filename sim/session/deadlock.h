// Deadlocks in words, for `run`, the locks panel and the terminal.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/locks.h"
#include "sim/trace/record.h"

namespace sy {

// One paragraph for each circle: "left (pid 501) holds fork1 and waits for fork2; right (pid 502) holds fork2 and …".
std::vector<Text> explain_deadlocks(const Kernel& kernel, const WaitGraph& graph);
// What one task waits for and who could end it, when it waits for something of the graph; empty otherwise.
Text explain_wait(const Kernel& kernel, const WaitGraph& graph, TaskId task);
// How many circles the run has closed: those recorded when they closed, and those that stand at its end.
std::uint64_t deadlock_count(const Kernel& kernel, const Log& log, Nanos until);

}  // namespace sy
