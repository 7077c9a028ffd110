#include "tests/bench/races_bench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "sim/analysis/race_detector.h"
#include "sim/session/exploration.h"
#include "sim/session/load.h"

namespace sy::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLessons[] = {"51-lost-update", "53-peterson", "54-test-and-set", "55-ticket-lock", "56-mcs-lock", "57-futex-lock",
                                    "58-dekker", "80-races", "81-explore-lost-update", "82-explore-deadlock", "83-explore-store-buffer"};
constexpr std::uint64_t kMostSchedules = 200;

bool load(const std::string& name, Scenario& out) {
    std::ifstream file(std::string(SWITCHYARD_SOURCE) + "/scenarios/" + name + ".scn");
    std::stringstream text;
    text << file.rdbuf();
    Diagnostics diags;
    return file.good() && load_scenario(text.str(), name, out, diags);
}

double seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

// The best of some rounds.
template <class Work>
double best_of(int rounds, Work work) {
    double best = 1e18;
    for (int i = 0; i < rounds; ++i) {
        const auto start = Clock::now();
        work();
        best = std::min(best, seconds(start));
    }
    return best;
}

}  // namespace

bool measure_races() {
    std::printf("\n%-26s %12s %12s %9s %10s %14s %s\n", "lesson", "alone, us", "races, us", "ratio", "schedules", "schedules/s", "explored");
    bool good = true;
    for (const char* name : kLessons) {
        Scenario s;
        if (!load(name, s)) {
            std::printf("%-26s cannot be read\n", name);
            good = false;
            continue;
        }
        const double alone = best_of(5, [&] {
            BootError error;
            Kernel k = std::move(*Kernel::boot(s, error));
            Log log;
            k.run({}, &log);
        });
        const double watched = best_of(3, [&] { find_races(s); });
        ExploreOptions options;
        options.schedules = kMostSchedules;
        options.keep_going = true;
        std::erase_if(s.expects, [](const Expect& e) { return e.text.find("failures") != std::string::npos; });
        const auto start = Clock::now();
        Explorer explorer(s, explore_for_expectations(s, std::move(options)));
        while (explorer.advance(1'000) && seconds(start) < 10) {
        }
        const double took = seconds(start);
        const ExploreReport& r = explorer.report();
        std::printf("%-26s %12.0f %12.0f %8.1fx %10llu %14.0f %s\n", name, alone * 1e6, watched * 1e6, watched / alone,
                    static_cast<unsigned long long>(r.schedules), static_cast<double>(r.schedules) / took,
                    r.unbounded ? "all orders" : r.complete ? "the bound" : "in part");
    }
    return good;
}

}  // namespace sy::bench
