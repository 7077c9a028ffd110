// Small statistics in integers: what a distribution looks like, and how well a mean is known. The
// same numbers come out on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sy {

// Percentiles are nearest ranks: the smallest value that so many per cent of all do not exceed. The
// mean is rounded to the nearest. Nothing where there is no value.
struct Spread {
    std::optional<std::int64_t> mean, p50, p95, p99, max;
};
Spread spread_of(std::vector<std::int64_t> values);

// The p-th percentile (1 to 100) of sorted values, by nearest rank. Requires: not empty.
std::int64_t nearest_rank(const std::vector<std::int64_t>& sorted, int p);

// A mean over independent runs and half of the width of its 95 % confidence interval: mean +- t *
// s / sqrt(n), s the standard deviation with n - 1, t Student's quantile 0.975 with n - 1 degrees
// of freedom (Jain, The Art of Computer Systems Performance Analysis, 13.2; Law, Simulation
// Modeling and Analysis, 4.5). One run alone has no interval.
struct Estimate {
    std::size_t n = 0;
    std::optional<std::int64_t> mean, half_width;
};
Estimate estimate_of(const std::vector<std::int64_t>& values);

// Student's t, quantile 0.975, in thousandths.
std::int64_t student_975_milli(std::size_t degrees);

// The largest integer whose square is not above the value.
__extension__ using Unsigned128 = unsigned __int128;
std::uint64_t integer_root(Unsigned128 value);

// Jain's index (sum x)^2 / (n sum x^2) in thousandths; 1000 for no values.
std::int64_t jain_index_permille(const std::vector<std::int64_t>& values);

}  // namespace sy
