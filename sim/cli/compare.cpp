// `compare`: one scenario under several schedulers, and their figures in one table.
#include "sim/report/compare.h"

#include <string_view>

#include "sim/cli/commands.h"
#include "sim/report/side_by_side.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy::cli {

namespace {

// `cfs,rr:quantum=2ms,tie=expired-first,mlfq`: a part whose first word is a setting belongs to the
// scheduler before it.
std::vector<std::string> split_schedulers(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view part = list.substr(0, comma);
        const bool is_setting = part.find('=') < part.find(':');
        if (is_setting && !out.empty())
            out.back() +=
                (out.back().find(':') == std::string::npos ? ":" : ",") + std::string(part);
        else
            out.emplace_back(part);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return out;
}

}  // namespace

int compare(const CompareOptions& options) {
    Common common = options.common;
    common.sched.clear();
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    const Lang lang = common.language();
    std::vector<Comparison> rows;
    std::optional<Kernel> first;  // the run that the others are laid beside
    std::vector<std::vector<Occupancy>> in_first;
    std::string partings;
    for (const std::string& spec : split_schedulers(options.common.sched)) {
        Scenario s = *scenario;
        Text why;
        if (!choose_scheduler(s, job_scheduler(common, spec), why)) {
            complain({.en = "--sched: " + why.en, .zh = "--sched：" + why.zh}, lang);
            return kWrongUsage;
        }
        auto kernel = boot(common, s, status);
        if (!kernel) return status;
        Log log;
        const End end = run_batch(*kernel, log);
        if (is_limit(end)) {
            const Text reason = end_text(*kernel, end);
            complain({.en = spec + ": " + reason.en, .zh = spec + "：" + reason.zh}, lang);
            status = kWrongInput;
        }
        rows.push_back(compare_row(*kernel, log, job_scheduler(common, spec)));
        auto occupancy = occupancy_of(*kernel, log);
        if (first) {
            const SideBySide both = side_by_side(*first, in_first, *kernel, occupancy);
            partings += rows.front().scheduler + " / " + rows.back().scheduler + ": " +
                        parting_text(*first, in_first, *kernel, occupancy, both).in(lang) + "\n";
        } else {
            first = std::move(kernel);
            in_first = std::move(occupancy);
        }
    }
    if (rows.empty()) {
        complain(text("--sched wants at least one scheduler, for example cfs,eevdf,rr:quantum=2ms",
                      "--sched 至少要一个调度器，例如 cfs,eevdf,rr:quantum=2ms"),
                 lang);
        return kWrongUsage;
    }
    const std::string out =
        common.format == "json" ? compare_as_json(scenario->file, rows)
        : common.format == "csv"
            ? compare_as_csv(rows)
            : compare_as_text(rows, lang) + (partings.empty() ? "" : "\n" + partings);
    return finish(common, out, status);
}

}  // namespace sy::cli
