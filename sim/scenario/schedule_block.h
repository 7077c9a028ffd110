// `schedule { step bank/teller/1 12  drain cpu 0 1  step bank/teller/2 rest }`: a forced order (docs/races.md).
#pragma once

#include <string>
#include <vector>

#include "sim/model/scenario.h"

namespace sy::scn {

std::string write_schedule(const std::vector<ScheduleLine>& lines);   // empty if there are none

}  // namespace sy::scn
