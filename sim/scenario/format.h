// One way of laying out a scenario, so that two people's files look alike and a diff shows what
// changed. Only blanks and line ends are touched; comments stay where they belong.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/scenario/lexer.h"

namespace sy {

// The text with normalised layout: two blanks per level, one item a line, a block on one line stays
// there if it fits. Formatting twice gives the same as once, and what the text means is unchanged.
// A text with errors comes back as it is, since nobody knows what was meant.
std::string format_scenario(std::string_view text);

namespace scn {

// The tokens on one line, with the blanks that the formatter puts between them.
std::string join_tokens(std::span<const Token> tokens);

}  // namespace scn
}  // namespace sy
