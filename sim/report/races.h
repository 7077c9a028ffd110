// The races of a run, as `races` prints them.
#pragma once

#include <string>

#include "sim/analysis/race_detector.h"
#include "sim/base/text.h"

namespace sy {

// `file`: as shown before line and column.
std::string races_as_text(const RaceReport& report, const std::string& file, Lang lang);
std::string races_as_json(const RaceReport& report);

}  // namespace sy
