// `plot`: the text twin of the window's Plots tab.
#include "sim/report/plot.h"

#include "sim/cli/commands.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy::cli {

int plot(const PlotOptions& options) {
    const Common& common = options.common;
    const Lang lang = common.language();
    const PlotKindInfo* kind = find_plot_kind(options.what);
    if (kind == nullptr) return kWrongUsage;
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    auto kernel = boot(common, *scenario, status);
    if (!kernel) return status;
    if (kind->is_sampled && !has_virtual_time(*kernel)) {
        complain(text("the scheduler {0} keeps no virtual time; try --what service, share or cpu",
                      "调度器 {0} 没有虚拟时间；请试 --what service、share 或 cpu",
                      {scenario->machine.scheduler}),
                 lang);
        return kWrongInput;
    }
    const Kernel start = *kernel;
    Log log;
    const End end = run_batch(*kernel, log);
    if (is_limit(end)) {
        complain(end_text(*kernel, end), lang);
        status = kWrongInput;
    }
    const auto points = static_cast<std::size_t>(options.points);
    Plot out;
    if (kind->is_sampled) {
        PlotSampler sampler(start, kind->kind, kernel->now(), points);
        while (sampler.advance(1'000'000)) {
        }
        out = sampler.plot();
    } else {
        out = plot_from_log(kind->kind, *kernel, log, points);
    }
    return finish(common,
                  common.format == "json"  ? plot_as_json(out)
                  : common.format == "csv" ? plot_as_csv(out)
                                           : plot_as_text(out, lang),
                  status);
}

}  // namespace sy::cli
