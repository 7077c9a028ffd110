// Seeded random numbers for workloads, in integers only, so that every machine draws the same.
#pragma once

#include <cstdint>

#include "sim/base/types.h"

namespace sy {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): 64 bits of state, one output a step.
class Random {
  public:
    Random() = default;
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next();
    // Uniform in [low, high]; high >= low.
    std::int64_t uniform(std::int64_t low, std::int64_t high);
    // Exponential with the given mean (ns), at most 64 times the mean. Mean 0 gives 0.
    Nanos exponential(Nanos mean);

    std::uint64_t state() const { return state_; }

  private:
    std::uint64_t state_ = 0;
};

}  // namespace sy
