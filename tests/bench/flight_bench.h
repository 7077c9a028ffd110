// A flight over ten million records: how long the window's frames take to build, without a GPU.
#pragma once

#include <cstddef>

namespace sy::bench {

// Runs a scenario until its log holds so many records, opens the whole window on it without a screen, and flies: zooms in at
// many places down to nanoseconds, pans, zooms out, walks through the lanes. Prints percentiles of the CPU time of a frame
// and the memory of the index beside the log's. True: at most 4 ms at the 99th percentile, at most 20 % of the log's memory.
bool measure_flight(std::size_t records);

}  // namespace sy::bench
