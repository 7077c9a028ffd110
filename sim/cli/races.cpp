// `races`: runs a scenario under the race detector. Status 1 if it found a race.
#include "sim/report/races.h"

#include "sim/base/limits.h"
#include "sim/cli/commands.h"

namespace sy::cli {

int races(const RacesOptions& options) {
    int status = kFine;
    const auto scenario = open_scenario(options.common, status);
    if (!scenario) return status;
    if (!boot(options.common, *scenario, status)) return status;
    const RaceReport report = find_races(*scenario, {.strict = options.strict, .steps = static_cast<std::uint64_t>(limits::steps)});
    const std::string text = options.common.format == "json" ? races_as_json(report)
                                                             : races_as_text(report, options.common.file, options.common.language());
    return finish(options.common, text, report.races.empty() ? kFine : kWrongInput);
}

}  // namespace sy::cli
