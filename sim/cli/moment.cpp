// `ps`, `cat`, `objects` and `term`: the simulated machine at one moment, in the real formats.
#include <cstdio>

#include "sim/base/limits.h"
#include "sim/cli/commands.h"
#include "sim/report/objects.h"
#include "sim/report/proc.h"
#include "sim/report/ps.h"
#include "sim/report/terminal.h"
#include "sim/scenario/write.h"
#include "sim/session/load.h"

namespace sy::cli {

std::optional<Kernel> machine_at(const MomentOptions& options, int& status) {
    const auto scenario = open_scenario(options.common, status);
    if (!scenario) return {};
    auto kernel = boot(options.common, *scenario, status);
    if (!kernel) return {};
    Kernel::Bound bound;
    bound.steps = static_cast<std::uint64_t>(limits::steps);
    if (options.at) bound.time = *options.at;
    kernel->run(bound, nullptr);
    if (options.at && kernel->end() == End::running) kernel->rest_until(*options.at);
    if (options.at && kernel->end() != End::running && kernel->now() < *options.at) {
        const bool zh = options.common.language() == Lang::zh;
        std::fprintf(stderr,
                     zh ? "注意：运行在 %s 结束；显示的是那一刻\n"
                        : "note: the run ended at %s; this is how it was then\n",
                     show_time(kernel->now()).c_str());
    }
    return kernel;
}

int ps(const MomentOptions& options) {
    int status = kFine;
    const auto kernel = machine_at(options, status);
    if (!kernel) return status;
    const bool is_json = options.common.format == "json";
    return finish(options.common, is_json ? ps_json(*kernel) : ps_table(*kernel), kFine);
}

int objects(const MomentOptions& options) {
    int status = kFine;
    const auto kernel = machine_at(options, status);
    if (!kernel) return status;
    const bool is_json = options.common.format == "json";
    return finish(options.common,
                  is_json ? objects_json(*kernel) : objects_text(*kernel, !options.all, options.common.language()), kFine);
}

int cat(const MomentOptions& options) {
    if (options.path.empty())
        return finish(options.common, proc_help(options.common.language()), kFine);
    int status = kFine;
    const auto kernel = machine_at(options, status);
    if (!kernel) return status;
    const ProcAnswer answer = read_proc(*kernel, options.path);
    if (!answer.error) return finish(options.common, answer.content, kFine);
    complain(*answer.error, options.common.language());
    return kWrongInput;
}

int term(const MomentOptions& options) {
    int status = kFine;
    const auto kernel = machine_at(options, status);
    if (!kernel) return status;
    const TerminalAnswer answer = terminal_command(*kernel, options.path, options.common.language());
    std::string text = answer.text;
    for (const std::string& action : answer.actions) text += "at " + write_duration(kernel->now()) + " { " + action + " }\n";
    return finish(options.common, text, answer.status == 0 ? kFine : kWrongInput);
}

}  // namespace sy::cli
