// `explore`: looks at the orders in which a scenario's threads can go, and writes the one that fails as a scenario that
// can be replayed. Ctrl-C ends the search with what it has found so far.
#include "sim/report/explored.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/scenario/write.h"
#include "sim/session/exploration.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

std::atomic<bool> explore_interrupted{false};
void on_explore_interrupt(int) { explore_interrupted = true; }

// `--assert COND`: in place of the scenario's expectations.
bool take_assertions(const ExploreCommand& options, Scenario& scenario) {
    if (options.assertions.empty()) return true;
    scenario.expects.clear();
    std::string source = write_scenario(scenario);
    for (const std::string& condition : options.assertions) source += "expect " + condition + "\n";
    Scenario again;
    Diagnostics diags;
    if (load_scenario(source, "--assert", again, diags) && again.expects.size() == options.assertions.size()) {
        scenario.expects = std::move(again.expects);
        return true;
    }
    for (const Diagnostic& d : diags.list())
        if (d.severity == Severity::error) complain({.en = "--assert: " + d.message.en, .zh = "--assert：" + d.message.zh}, options.common.language());
    if (diags.list().empty()) complain(text("--assert: give one condition, as behind expect", "--assert：请给出一个条件，写法同 expect"), options.common.language());
    return false;
}

void show_progress(const ExploreReport& r) {
    std::fprintf(stderr, "\r\x1b[K%s schedules, %s pruned, %s transitions, bound %lld", grouped(static_cast<std::int64_t>(r.schedules)).c_str(),
                 grouped(static_cast<std::int64_t>(r.pruned)).c_str(), grouped(static_cast<std::int64_t>(r.transitions)).c_str(),
                 static_cast<long long>(r.bounds.back().preemptions));
}

bool search(Explorer& explorer) {
    using Clock = std::chrono::steady_clock;
    const bool is_seen = isatty(STDERR_FILENO) == 1;
    explore_interrupted = false;
    const auto before = std::signal(SIGINT, on_explore_interrupt);
    const Clock::time_point start = Clock::now();
    Clock::time_point last = start;
    bool shown = false;
    while (!explore_interrupted && explorer.advance(500)) {
        const Clock::time_point now = Clock::now();
        if (!is_seen || now - start < std::chrono::seconds(1) || now - last < std::chrono::milliseconds(200)) continue;
        last = now;
        shown = true;
        show_progress(explorer.report());
    }
    if (shown) std::fputs("\r\x1b[K", stderr);
    std::signal(SIGINT, before);
    return !explore_interrupted;
}

}  // namespace

int explore(const ExploreCommand& options, std::string* to_open) {
    int status = kFine;
    const Common& common = options.common;
    auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    if (!boot(common, *scenario, status)) return status;
    if (!take_assertions(options, *scenario)) return kWrongUsage;
    ExploreOptions o;
    o.preemptions = options.preemptions;
    o.schedules = options.schedules;
    o.steps = options.steps;
    o.reduce = !options.every_order;
    o.keep_going = options.all;
    Explorer explorer(*scenario, explore_for_expectations(*scenario, std::move(o)));
    const bool to_the_end = search(explorer);
    const ExploreReport& report = explorer.report();
    const Lang lang = common.language();
    std::string out = common.format == "json" ? exploration_as_json(report, lang) : exploration_as_text(report, common.file, lang);
    if (!report.found.empty() && (!common.out.empty() || options.window)) {
        Common file = common;
        if (file.out.empty()) file.out = "schedule.scn";
        if (const int written = finish(file, scenario_of_schedule(*scenario, report.found.front()), kFine); written != kFine) return written;
        if (to_open != nullptr) *to_open = file.out;
        if (common.format != "json" && file.out != "-")
            out += text("\nwritten to {0}; `switchyard run {0}`, `explain {0} --all` and `gui {0}` show it\n",
                        "\n已写入 {0}；可用 `switchyard run {0}`、`explain {0} --all`、`gui {0}` 观看\n", {file.out}).in(lang);
    }
    if (!to_the_end) complain(text("interrupted: this is what was found so far", "被中断：以上是目前为止的发现"), lang);
    Common to_stdout = common;
    to_stdout.out.clear();
    return finish(to_stdout, out, !report.found.empty() || !report.trouble.empty() ? kWrongInput : to_the_end ? kFine : kInterrupted);
}

}  // namespace sy::cli
