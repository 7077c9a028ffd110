// What an exploration found, as `explore` prints it.
#pragma once

#include <string>

#include "sim/analysis/explorer.h"
#include "sim/base/text.h"

namespace sy {

std::string exploration_as_text(const ExploreReport& report, const std::string& file, Lang lang);
std::string exploration_as_json(const ExploreReport& report, Lang lang);
// One turn of a found schedule, in words.
Text turn_in_words(const ExploreTurn& turn);

}  // namespace sy
