// `sweep`: every run is a machine of its own, so they are shared out among threads; the result
// stands where its number says, whoever made it, and so does not depend on how many there are.
#include "sim/report/sweep.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "sim/cli/commands.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

std::atomic<bool> interrupted{false};
void on_interrupt(int) { interrupted = true; }

// While it lives, Ctrl-C stops the sweep and not the program.
class InterruptGuard {
  public:
    InterruptGuard() : before_(std::signal(SIGINT, on_interrupt)) { interrupted = false; }
    ~InterruptGuard() { std::signal(SIGINT, before_); }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

  private:
    void (*before_)(int);
};

// One run: which point, which seed, and what came of it.
struct Job {
    std::size_t point = 0;
    std::uint64_t seed = 0;
    Comparison result;
    Text fault;  // empty: fine
};

class Workers {
  public:
    Workers(const std::vector<Scenario>& scenarios, std::vector<Job>& jobs)
        : scenarios_(scenarios), jobs_(jobs) {}

    void run(std::size_t count) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
        const bool is_seen = isatty(STDERR_FILENO) == 1;
        while (done_ < jobs_.size() && !interrupted && !failed_) {
            if (is_seen) show();
            std::this_thread::sleep_for(std::chrono::milliseconds(is_seen ? 100 : 5));
        }
        for (std::thread& t : threads) t.join();
        if (is_seen) std::fputs("\r\x1b[K", stderr);
    }
    std::size_t done() const { return done_; }

  private:
    void work() {
        while (!interrupted && !failed_) {
            const std::size_t i = next_++;
            if (i >= jobs_.size()) return;
            play(jobs_[i]);
            ++done_;
        }
    }
    void play(Job& job) {
        Scenario s = scenarios_[job.point];
        s.machine.seed = job.seed;
        Diagnostics diags;
        auto kernel = boot_scenario(s, diags);
        if (!kernel) {
            job.fault = {.en = diags.list().front().headline(s.file, Lang::en),
                         .zh = diags.list().front().headline(s.file, Lang::zh)};
            failed_ = true;
            return;
        }
        Log log;
        const End end = run_batch(*kernel, log, [] { return !interrupted.load(); });
        if (is_limit(end)) job.fault = end_text(*kernel, end);
        if (is_limit(end)) failed_ = true;
        job.result = compare_row(*kernel, log, "");
    }
    void show() const {
        constexpr std::size_t kWidth = 30;
        const std::size_t done = done_, all = jobs_.size(), full = done * kWidth / all;
        std::fprintf(stderr, "\r\x1b[K[%s%s] %zu/%zu", std::string(full, '#').c_str(),
                     std::string(kWidth - full, '.').c_str(), done, all);
    }

    const std::vector<Scenario>& scenarios_;
    std::vector<Job>& jobs_;
    std::atomic<std::size_t> next_{0}, done_{0};
    std::atomic<bool> failed_{false};
};

bool read_varied(const SweepOptions& options, std::vector<Vary>& varied) {
    for (const std::string& spec : options.vary) {
        Text why;
        auto v = parse_vary(spec, why);
        if (!v) {
            complain({.en = "--vary: " + why.en, .zh = "--vary：" + why.zh},
                     options.common.language());
            return false;
        }
        varied.push_back(std::move(*v));
    }
    return true;
}

bool read_shown(const SweepOptions& options, std::vector<const FigureInfo*>& shown) {
    for (const std::string& name : options.figures) {
        const FigureInfo* f = find_figure(name);
        if (f == nullptr) {
            std::string known;
            for (const FigureInfo& k : figures())
                known += (known.empty() ? "" : ", ") + std::string(k.name);
            complain(text("unknown figure '{0}'; known: {1}", "未知的指标 “{0}”；可用：{1}",
                          {name, known}),
                     options.common.language());
            return false;
        }
        shown.push_back(f);
    }
    return true;
}

}  // namespace

int sweep(const SweepOptions& options) {
    const Common& common = options.common;
    const Lang lang = common.language();
    std::vector<Vary> varied;
    std::vector<const FigureInfo*> shown;
    if (!read_varied(options, varied) || !read_shown(options, shown)) return kWrongUsage;
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    Sweep result;
    result.scenario = scenario->file;
    result.scheduler = scenario->machine.scheduler;
    for (const auto& [key, value] : scenario->machine.scheduler_options)
        result.scheduler +=
            (result.scheduler == scenario->machine.scheduler ? " " : ",") + key + "=" + value;
    result.first_seed = scenario->machine.seed;
    result.runs = static_cast<std::size_t>(options.runs);
    for (const Vary& v : varied) result.keys.push_back(v.key);
    result.points = sweep_points(varied);
    if (result.points.size() > kMostSweepPoints) {
        complain(text("more than {0} points", "超过 {0} 个点", {std::to_string(kMostSweepPoints)}),
                 lang);
        return kWrongUsage;
    }
    std::vector<Scenario> scenarios;
    std::vector<Job> jobs;
    for (std::size_t p = 0; p < result.points.size(); ++p) {
        Scenario s = *scenario;
        for (std::size_t k = 0; k < varied.size(); ++k) {
            Text why;
            if (!apply_setting(s, varied[k].key, result.points[p].values[k], why)) {
                complain({.en = "--vary: " + why.en, .zh = "--vary：" + why.zh}, lang);
                return kWrongUsage;
            }
        }
        scenarios.push_back(std::move(s));
        for (std::size_t r = 0; r < result.runs; ++r)
            jobs.push_back({.point = p, .seed = result.first_seed + r, .result = {}, .fault = {}});
    }
    std::size_t workers = options.workers > 0 ? static_cast<std::size_t>(options.workers)
                                              : std::max(1u, std::thread::hardware_concurrency());
    workers = std::min(workers, jobs.size());
    InterruptGuard guard;
    Workers crew(scenarios, jobs);
    crew.run(workers);
    for (const Job& job : jobs) {
        if (job.fault.en.empty()) continue;
        complain(job.fault, lang);
        return kWrongInput;
    }
    if (interrupted) {
        complain(text("interrupted after {0} of {1} runs", "在 {1} 次运行中的第 {0} 次后被中断",
                      {std::to_string(crew.done()), std::to_string(jobs.size())}),
                 lang);
        return kInterrupted;
    }
    for (Job& job : jobs) result.points[job.point].runs.push_back(std::move(job.result));
    const std::string out = common.format == "json"  ? sweep_as_json(result)
                            : common.format == "csv" ? sweep_as_csv(result)
                                                     : sweep_as_text(result, shown, lang);
    return finish(common, out, kFine);
}

}  // namespace sy::cli
