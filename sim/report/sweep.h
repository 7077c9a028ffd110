// A sweep: the same scenario again and again with one or two settings varied, each point in several
// runs with seeds of their own. Here is what can be varied and how the result reads; who runs it,
// and on how many cores, is the command line's business (sim/cli/sweep.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/text.h"
#include "sim/model/scenario.h"
#include "sim/report/compare.h"
#include "sim/report/stats.h"

namespace sy {

// `quantum=1ms..20ms:1ms`, `cpus=1..8`, `hz=100,250,1000`: one setting and its values.
struct Vary {
    std::string key;
    std::vector<std::string> values;  // as a person would write them in a scenario
};
constexpr std::size_t kMostSweepPoints = 10'000;
// Nothing, with the reason, if it is no such thing.
std::optional<Vary> parse_vary(std::string_view text, Text& why);

// Sets it in the scenario: `cpus`, `hz`, `scheduler`, a cost by its name, or a setting of the
// scenario's scheduler. False with the reason; the scenario may then be half changed.
bool apply_setting(Scenario& scenario, const std::string& key, const std::string& value, Text& why);

// One point: the values set (in the order of the Varys) and what its runs gave.
struct SweepPoint {
    std::vector<std::string> values;
    std::vector<Comparison> runs;  // in the order of their seeds
};
struct Sweep {
    std::string scenario, scheduler;
    std::vector<std::string> keys;
    std::uint64_t first_seed = 1;
    std::size_t runs = 1;  // of each point
    std::vector<SweepPoint> points;
};
// All combinations of the values, the last key varying fastest.
std::vector<SweepPoint> sweep_points(const std::vector<Vary>& varied);

Estimate sweep_estimate(const SweepPoint& point, const FigureInfo& figure);

// Text shows the chosen figures, CSV and JSON all.
std::string sweep_as_text(const Sweep& sweep, const std::vector<const FigureInfo*>& shown,
                          Lang lang);
std::string sweep_as_csv(const Sweep& sweep);
std::string sweep_as_json(const Sweep& sweep);

}  // namespace sy
