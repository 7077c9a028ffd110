// Whether a run was as its author expected: the `expect` lines of a scenario, evaluated over the
// finished run. In integers only (numbers are millionths), so that every machine comes to the same
// verdict.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"
#include "sim/trace/record.h"

namespace sy {

struct Verdict {
    SourcePos pos;
    std::string text;  // as written in the scenario
    bool is_met = false;
    Text found;  // what the run gave: "turnaround(P1) is 31ms, 30ms was expected"
};

// One verdict for each `expect` of the scenario, in its order. `end` is the run's last state and
// `log` all of its records. Where an expectation looks at a moment (`at 5ms`) or at CR3, the
// scenario is run once more from its start.
std::vector<Verdict> judge(const Scenario& scenario, const Kernel& end, const Log& log);

}  // namespace sy
