// The part of random_scenario that writes instructions. Private to sim/scenario.
#pragma once

#include "sim/model/scenario.h"
#include "sim/scenario/dice.h"

namespace sy::scn {

// A process of asm blocks: loops, calls, locked operations, now and then an exception; store buffers, a debugger's hand,
// breakpoints. Its own dice: nothing else in the scenario depends on it.
void add_random_instructions(Scenario& scenario, std::uint64_t seed);

}  // namespace sy::scn
