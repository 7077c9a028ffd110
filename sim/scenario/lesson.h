// The teaching words of a file: what of them other files of the parser need. Private to sim/scenario.
#pragma once

#include <string>

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"

namespace sy::scn {

class Parser;
// Behind `spotlight`: what a caption's light falls on.
bool read_spotlight(Parser& p, std::string& place);
// Names and moments that do not exist.
void check_lesson(const Scenario& scenario, Diagnostics& diags);
// `view`, `quiz` and all `question`s as text.
std::string write_lesson(const Scenario& scenario);

}  // namespace sy::scn
