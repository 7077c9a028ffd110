// The lines `break …` of a scenario as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/text.h"
#include "sim/base/diagnostics.h"
#include "sim/model/breakage.h"
#include "sim/model/scenario.h"

namespace sy::scn {

std::string write_break(const BreakDecl& how);   // `break forget callee-saved rbx`

// The way that these words name ("forget callee-saved rbx"); nothing, and why, if there is none.
std::optional<BreakDecl> read_break(std::string_view words, Text& why);

// Breakpoints. They share the word `break` with the breakages: behind `break at` and `break on` stands a place.
std::string write_breakpoint(const BreakpointDecl& stop);   // `break at again in bank if rax == 5`

// The breakpoint that these words name, behind `break` ("at again if rax == 5", "on write counter"), checked against the
// scenario; nothing, and why, if there is none.
std::optional<BreakpointDecl> read_breakpoint(std::string_view words, const Scenario& scenario, Text& why);

// Places, tasks and names of all breakpoints of the scenario exist.
void check_breakpoints(const Scenario& scenario, Diagnostics& diags);

}  // namespace sy::scn
