// `trace`: the log as the kernel's tracer would print it, or every step with what moved.
#include <algorithm>
#include <memory>
#include <optional>

#include "sim/cli/commands.h"
#include "sim/report/explain.h"
#include "sim/report/ftrace.h"
#include "sim/report/places.h"
#include "sim/report/query.h"
#include "sim/session/batch.h"
#include "sim/session/session.h"

namespace sy::cli {
namespace {

constexpr std::uint64_t kAtOnce = 4'096;  // steps told before they are printed

int trace_steps(const TraceOptions& options, Scenario scenario) {
    BootError error;
    const std::unique_ptr<Session> session = Session::open(std::move(scenario), error);
    if (!session) return kWrongInput;
    session->run_to_end();
    const Kernel& end = session->frontier();
    const PlaceNames names(end);
    const Lang lang = options.common.language();
    Output out(options.common);
    std::string why;
    bool goes_on = true;
    for (std::uint64_t from = 0; goes_on && from < end.steps(); from += kAtOnce) {
        for (const StoryStep& s : session->tell(from, std::min(from + kAtOnce, end.steps()))) {
            goes_on = out.write(step_as_text(s, names, lang, why));
            why = lang == Lang::zh ? s.why.zh : s.why.en;
        }
    }
    return out.finish(kFine);
}

}  // namespace

int trace(const TraceOptions& options) {
    int status = kFine;
    std::optional<Query> filter;
    if (options.is_filtered) {
        filter = read_filter(options.filter, options.common.language());
        if (!filter) return kWrongInput;
    }
    auto scenario = open_scenario(options.common, status);
    if (!scenario) return status;
    auto kernel = boot(options.common, *scenario, status);
    if (!kernel) return status;
    if (options.steps) return trace_steps(options, std::move(*scenario));
    Log log;
    const End end = run_batch(*kernel, log);
    if (is_limit(end)) {
        complain(end_text(*kernel, end), options.common.language());
        status = kWrongInput;
    }
    std::vector<std::uint32_t> found;
    const bool as_json = options.common.format == "json";
    if (filter || as_json) QueryRun(filter.value_or(Query()), *kernel, log).advance(log.size(), found);
    Output out(options.common);
    const auto write = [&](std::string_view text) { return out.write(text); };
    if (as_json)
        write_trace_json(*kernel, log, found, filter ? &options.filter : nullptr, write);
    else
        write_ftrace(*kernel, log, {.tgid = options.tgid, .only = filter ? &found : nullptr}, write);
    return out.finish(status);
}

}  // namespace sy::cli
