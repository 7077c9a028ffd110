// What a scenario may say wrongly although every sentence of it is well formed: names of things
// that do not exist, numbers that clash, waits that can never end. Private to sim/scenario.
#pragma once

#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"
#include "sim/scenario/parse.h"

namespace sy::scn {

// What the parser learned that the scenario itself does not say.
struct ParsedWith {
    std::vector<bool> is_broken;  // per process: some of its statements were not understood
};

// All checks; what a process does is only judged if all of it was understood. Adds the built-in
// disk if the scenario uses it without declaring it, and sorts the timeline.
void check_scenario(Scenario& scenario, const ParsedWith& parsed, Diagnostics& diags,
                    const ParseOptions& options);

// Only what the timed lines name.
void check_timeline(Scenario& scenario, Diagnostics& diags);

// Kernel code (check_kernel.cpp): names of tasklets and devices, and that nothing sleeps where it must not.
void check_kernel_code(const Scenario& scenario, Diagnostics& diags);

// check_flow.cpp: locks, semaphores, endless loops and unreachable statements of one process.
// The same of a work item's body, which stands in no process of the scenario.
void check_work_flow(const Scenario& scenario, const ProcessDecl& program, Diagnostics& diags);
void check_flow(const Scenario& scenario, const ProcessDecl& process, Diagnostics& diags);

// check_expect.cpp: names in expectations, and that times are compared with times.
void check_expect(const Scenario& scenario, const Expect& expect, Diagnostics& diags,
                  const ParseOptions& options);

// Whether `path` (`name`, `name/2`, `proc/thread/1`, `proc/2/thread`, `proc/main`, a pid, or a
// kernel thread such as ksoftirqd/0) can name a task of this scenario. If not, says so at `pos`.
bool check_task_path(const Scenario& scenario, std::string_view path, SourcePos pos,
                     Diagnostics& diags);

}  // namespace sy::scn
