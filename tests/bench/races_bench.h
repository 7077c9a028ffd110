// What the race detector and the explorer cost, on the lessons.
#pragma once

namespace sy::bench {

// Prints a table: the run of each lesson alone, under the detector, the ratio; schedules a second of exploring it. All in
// one process, so that the ratio is one of like with like.
bool measure_races();

}  // namespace sy::bench
