// Choices for the generators of scenarios. One draw a statement: the order in which arguments are
// computed is the compiler's choice, and a seed must mean the same everywhere. Private to
// sim/scenario.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/random.h"

namespace sy::scn {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    // 0 to count - 1. Requires: count > 0.
    std::uint64_t below(std::uint64_t count) { return random_.next() % count; }
    int between(int first, int last) { return static_cast<int>(random_.uniform(first, last)); }
    bool one_in(std::uint64_t count) { return below(count) == 0; }

    template <typename T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }

  private:
    Random random_;
};

}  // namespace sy::scn
