// Load averages as the kernel computes them (linux.md 6.3): every 5 seconds and one tick the number of tasks that run,
// want to run or sleep uninterruptibly is blended into three averages that forget at different speeds. Fixed point with
// 11 bits, no other arithmetic.
#pragma once

#include <array>
#include <cstdint>

namespace sy {

constexpr unsigned kLoadShift = 11;                          // FSHIFT
constexpr std::uint64_t kLoadOne = std::uint64_t{1} << kLoadShift;   // FIXED_1

struct LoadAverage {
    std::array<std::uint64_t, 3> avenrun{};                  // over 1, 5 and 15 minutes
    std::uint64_t samples = 0;                               // taken so far

    // LOAD_FREQ in ticks.
    static constexpr std::uint64_t ticks_between(std::uint64_t hz) { return 5 * hz + 1; }
    bool is_due(std::uint64_t jiffies, std::uint64_t hz) const {
        return jiffies >= (samples + 1) * ticks_between(hz);
    }
    // Takes every sample that is due; `active` tasks were there at all of them (calc_global_load, calc_load).
    void sample(std::uint64_t jiffies, std::uint64_t hz, std::uint64_t active);
};

}  // namespace sy
