// What every subcommand does first and last: read a scenario with its complaints, and write a text.
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

bool apply_overrides(const Common& common, Scenario& scenario) {
    Text why;
    if (!common.sched.empty() && !choose_scheduler(scenario, common.sched, why)) {
        complain({.en = "--sched: " + why.en, .zh = "--sched：" + why.zh}, common.language());
        return false;
    }
    if (!common.costs.empty() && !choose_costs(scenario, common.costs, why)) {
        complain({.en = "--costs: " + why.en, .zh = "--costs：" + why.zh}, common.language());
        return false;
    }
    if (common.seed) scenario.machine.seed = *common.seed;
    if (common.until) scenario.machine.until = *common.until;
    return true;
}

}  // namespace

void complain(const Text& message, Lang lang) {
    std::fprintf(stderr, "%s%s\n",
                 lang == Lang::zh ? "错误：" : "error: ", message.in(lang).c_str());
}

std::optional<Scenario> open_scenario(const Common& common, int& status) {
    std::string source;
    Text why;
    status = kWrongInput;
    if (!read_scenario_file(common.file, source, why)) {
        complain(why, common.language());
        return {};
    }
    Scenario scenario;
    Diagnostics diags;
    const bool is_good = load_scenario(source, common.file, scenario, diags);
    const std::string messages = diags.render(common.file, source, common.language());
    if (!diags.empty()) std::fputs(messages.c_str(), stderr);
    if (!is_good) return {};
    if (!apply_overrides(common, scenario)) {
        status = kWrongUsage;
        return {};
    }
    status = kFine;
    return scenario;
}

std::optional<Kernel> boot(const Common& common, const Scenario& scenario, int& status) {
    Diagnostics diags;
    std::optional<Kernel> kernel = boot_scenario(scenario, diags);
    status = kernel ? kFine : kWrongInput;
    if (!kernel) {
        std::string source;
        Text why;
        if (common.file != "-") read_scenario_file(common.file, source, why);
        std::fputs(diags.render(common.file, source, common.language()).c_str(), stderr);
    }
    return kernel;
}

int finish(const Common& common, const std::string& text, int status) {
    Text why;
    if (write_text_file(common.out, text, why)) return status;
    complain(why, common.language());
    return kWrongInput;
}

}  // namespace sy::cli
