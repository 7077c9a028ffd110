// From what a person gives (a file's text, settings on the command line or in a menu) to a scenario
// that can be run. The command line and the window load through here, so that both accept and
// refuse the same things with the same words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/diagnostics.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"

namespace sy {

// Reads the text of a scenario. False: `diags` holds at least one error.
bool load_scenario(std::string_view source, std::string_view file, Scenario& out,
                   Diagnostics& diags);

// Boots it; what only the kernel can refuse becomes an error in `diags`.
std::optional<Kernel> boot_scenario(const Scenario& scenario, Diagnostics& diags);

// `rr`, `rr,quantum=2ms`, `rr:quantum=2ms,tie=expired-first`: replaces the scenario's scheduler and
// all its settings. False with the reason (and what was probably meant) in `why`; the scenario is
// then as before.
bool choose_scheduler(Scenario& scenario, std::string_view spec, Text& why);

// `linux` or `ideal`: replaces the scenario's costs, single ones included.
bool choose_costs(Scenario& scenario, std::string_view name, Text& why);

// A length of time as in a scenario: `12ms`, `1.5us`, `800ns`, `2s`. Nothing if it is none, or is
// above limits::duration_ns.
std::optional<Nanos> parse_time(std::string_view text);

// `12.500 ms`, `800 ns`, `1.234 567 s`: a length of time for people, exact to the nanosecond.
std::string show_time(Nanos time);
// `1,234,567`
std::string grouped(std::int64_t number);
// The shortest exact form for code-like places: `12.5ms`, `800ns`.
std::string short_time(Nanos time);

}  // namespace sy
