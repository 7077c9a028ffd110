// From the text of a scenario to the plain data that the kernel boots from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"

namespace sy {

// A scheduler as far as the parser needs to know it, to tell `cfss` from `cfs` and `quantun` from
// `quantum`.
struct SchedulerWords {
    std::string_view name;
    std::vector<std::string_view> options;  // keys of key=value settings
};

// What other rooms know and the language does not. An empty list means: accept every name.
struct ParseOptions {
    std::span<const SchedulerWords> schedulers;
    std::span<const std::string_view> cost_names;    // for `costs linux NAME=TIME`
    std::span<const std::string_view> record_kinds;  // for `count(KIND)` in expect
    // Whether the scheduler accepts the values of its settings; if not, why.
    bool (*scheduler_fits)(const MachineDecl& machine, Text& why) = nullptr;
};

// What this program knows: the tables of sim/sched, sim/machine and sim/trace.
const ParseOptions& known_words();

// Reads a whole scenario. Never throws for bad input, never recurses deeper than limits::nesting,
// looks at all of the file even after mistakes. Returns whether `out` can be run, which is the same
// as !diags.has_errors(); after a false return `out` holds whatever could be understood. `diags`
// comes back in the order of the file. `file` is only kept for messages.
bool parse_scenario(std::string_view text, std::string_view file, Scenario& out, Diagnostics& diags,
                    const ParseOptions& options = known_words());

// Reads a single timed action as a person types it into a running machine (`kill logger TERM`, `irq
// keyboard`), checked against the tasks and devices of `scenario`. The actions get the time `at`.
bool parse_live_actions(std::string_view text, Nanos at, const Scenario& scenario,
                        std::vector<TimedAction>& out, Diagnostics& diags);

}  // namespace sy
