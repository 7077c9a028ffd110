// What exploring a scenario looks for: that its expectations hold in every order. Those that speak of times, switches or
// moments are of one run only and are left out.
#pragma once

#include "sim/analysis/explorer.h"
#include "sim/model/scenario.h"

namespace sy {

// Fills in `check`, and what the expectations themselves speak of: who expects a deadlock or a signal does not have it
// reported. `scenario` is copied.
ExploreOptions explore_for_expectations(const Scenario& scenario, ExploreOptions options = {});
// The expectations that it checks, as written.
std::vector<std::string> expectations_of_every_order(const Scenario& scenario);
// The scenario with the found order as its `schedule`, as text; its first lines say what it is.
std::string scenario_of_schedule(const Scenario& scenario, const FoundSchedule& found);

}  // namespace sy
