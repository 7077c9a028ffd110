// `run`: to the end or a time, then the whole result. A run that takes longer than a second shows
// how far it is, when there is somebody to see it.
#include "sim/report/run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

// A line on standard error that is written over and over, and erased at the end.
class Progress {
  public:
    Progress() : start_(Clock::now()), is_seen_(isatty(STDERR_FILENO) == 1) {}
    ~Progress() {
        if (shown_) std::fputs("\r\x1b[K", stderr);
    }
    void show(const Kernel& kernel) {
        if (!is_seen_ || Clock::now() - start_ < std::chrono::seconds(1)) return;
        if (shown_ && Clock::now() - last_ < std::chrono::milliseconds(200)) return;
        shown_ = true;
        last_ = Clock::now();
        std::fprintf(stderr, "\r\x1b[K%s simulated, %s steps, %s switches",
                     show_time(kernel.now()).c_str(),
                     grouped(static_cast<std::int64_t>(kernel.steps())).c_str(),
                     grouped(static_cast<std::int64_t>(kernel.switches())).c_str());
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_, last_;
    bool is_seen_ = false, shown_ = false;
};

bool mentions_deadlock(const ExpectExpr& e) {
    return e.name == "deadlocks" || std::any_of(e.operands.begin(), e.operands.end(),
                                                [](const ExpectExpr& each) { return mentions_deadlock(each); });
}
bool mentions_deadlock(const Scenario& scenario) {
    return std::any_of(scenario.expects.begin(), scenario.expects.end(),
                       [](const Expect& e) { return mentions_deadlock(e.expr); });
}

}  // namespace

int run(const RunOptions& options) {
    int status = kFine;
    const auto scenario = open_scenario(options.common, status);
    if (!scenario) return status;
    auto kernel = boot(options.common, *scenario, status);
    if (!kernel) return status;
    Log log;
    End end = End::running;
    {
        Progress progress;
        end = run_batch(*kernel, log, [&] {
            progress.show(*kernel);
            return true;
        });
    }
    const RunResult result{*kernel, log, end, judge(*scenario, *kernel, log)};
    const Lang lang = options.common.language();
    const std::string text = options.common.format == "json" ? run_as_json(result)
                             : options.common.format == "csv"
                                 ? run_as_csv(result)
                                 : run_as_text(result, options.columns, lang);
    if (is_limit(end)) {
        complain(end_text(*kernel, end), lang);
        status = kWrongInput;
    }
    // A deadlock that nobody expected is a mistake of the program that was run.
    if (end == End::deadlock && !mentions_deadlock(*scenario)) {
        if (options.common.format != "text" || !options.common.out.empty()) complain(end_text(*kernel, end), lang);
        status = kWrongInput;
    }
    for (const Verdict& v : result.verdicts) {
        if (v.is_met) continue;
        status = kWrongInput;
        if (options.common.format == "text" && options.common.out.empty())
            continue;  // it is in the text
        std::fprintf(stderr, "%s:%d: %s: %s\n", options.common.file.c_str(),
                     static_cast<int>(v.pos.line),
                     lang == Lang::zh ? "预期不成立" : "expectation failed", v.text.c_str());
    }
    return finish(options.common, text, status);
}

}  // namespace sy::cli
