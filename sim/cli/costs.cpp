// `costs`: what the four kinds of switch cost in a run, side by side.
#include "sim/base/limits.h"
#include "sim/cli/commands.h"
#include "sim/report/switch_costs.h"

namespace sy::cli {

int costs(const Common& common) {
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    if (!boot(common, *scenario, status)) return status;
    const SwitchCosts measured = measure_switches(*scenario);
    return finish(common,
                  common.format == "json" ? switch_costs_as_json(measured) + "\n"
                                          : switch_costs_as_text(measured, common.language()),
                  kFine);
}

}  // namespace sy::cli
