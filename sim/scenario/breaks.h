// The lines `break …` of a scenario as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/text.h"
#include "sim/model/breakage.h"

namespace sy::scn {

std::string write_break(const BreakDecl& how);   // `break forget callee-saved rbx`

// The way that these words name ("forget callee-saved rbx"); nothing, and why, if there is none.
std::optional<BreakDecl> read_break(std::string_view words, Text& why);

}  // namespace sy::scn
