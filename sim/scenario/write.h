// From data back to text: save what a person has built or changed, and reload it.
#pragma once

#include <string>

#include "sim/model/scenario.h"

namespace sy {

// The scenario as text that parse_scenario reads back to an equal Scenario (positions and file name
// aside). What has its default value is left out; `every` lines come back as the single moments
// they were read as. Requires: a scenario that could have come from the parser (names are names,
// numbers within the limits). Comments other than the head comment are not part of a Scenario and
// are lost.
std::string write_scenario(const Scenario& scenario);

// 2ms, 1500ns: the largest unit that makes a whole number.
std::string write_duration(Nanos time);

// kill logger TERM, irq keyboard…: one timed action without its time, as the language writes it.
std::string write_action(const TimedAction& action);

}  // namespace sy
