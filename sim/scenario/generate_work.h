// The part of random_scenario that uses workqueues and kernel threads. Private to sim/scenario.
#pragma once

#include "sim/model/scenario.h"
#include "sim/scenario/dice.h"

namespace sy::scn {

void add_random_work(Scenario& scenario, Dice& dice, Nanos longest);

}  // namespace sy::scn
