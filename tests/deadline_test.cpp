// SCHED_DEADLINE over random task sets. What theory promises, and no more: on one CPU nobody who was admitted is late, as
// long as a job and what the kernel does for it fit into its runtime; on several CPUs global EDF promises that lateness is
// bounded (Devi and Anderson, Real-Time Systems Symposium 2005), not that it is zero; and a task that wants more than its
// budget takes nothing from the others on any number of CPUs.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/kernel/deadlines.h"

using namespace sy;

namespace {

constexpr Nanos us = kMicro, ms = kMilli;

struct DlJob {
    Nanos runtime = 0, work = 0, period = 0;
};
std::string name_of(std::size_t i) { return "d" + std::to_string(i); }

// Shares that add up to at most `permille` of a CPU. Work is `slack` shorter than the runtime.
std::vector<DlJob> random_set(Random& rng, Nanos permille, Nanos slack, Nanos most_permille) {
    std::vector<DlJob> out;
    Nanos used = 0;
    for (int tries = 0; tries < 30 && out.size() < 14; ++tries) {
        DlJob j;
        j.period = rng.uniform(4, 40) * ms;
        const Nanos share = rng.uniform(30, most_permille);
        if (used + share > permille) continue;
        j.runtime = j.period * share / 1000;
        j.work = j.runtime - slack;
        if (j.work < 100 * us) continue;
        used += share;
        out.push_back(j);
    }
    return out;
}
std::string text_of(const std::vector<DlJob>& set) {
    std::string out;
    for (std::size_t i = 0; i < set.size(); ++i)
        out += "process " + name_of(i) + " policy deadline runtime " + std::to_string(set[i].runtime) + "ns period " +
               std::to_string(set[i].period) + "ns { every " + std::to_string(set[i].period) + "ns { run " +
               std::to_string(set[i].work) + "ns } }\n";
    return out;
}
std::uint64_t misses(const test::Run& r, std::size_t n) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += deadline_counts(r.k, test::task(r.k, name_of(i))).misses;
    return sum;
}

}  // namespace

TEST_CASE("one CPU, free steps: no admitted task is late, up to the last permille of the 95 %") {
    Random rng(41);
    for (std::uint64_t round = 0; round < test::cases(60); ++round) {
        const std::vector<DlJob> set = random_set(rng, 949, us, 500);
        CAPTURE(text_of(set));
        const test::Run r = test::run("machine { costs ideal hz 1000 scheduler eevdf until 400ms }\n" + text_of(set) +
                                      "process hog x2 { forever { run 1s } }\nprocess rt policy fifo 90 { forever { run 1s } }");
        CHECK(misses(r, set.size()) == 0);
        for (std::size_t i = 0; i < set.size(); ++i)   // all rounds but the one under way are done
            CHECK(r.k.tasks[test::task(r.k, name_of(i))].rounds >= static_cast<std::uint64_t>(400 * ms / set[i].period) - 1);
    }
}

// With the kernel's own time a job needs more than its work: entry, sleep, timer, switches, and the ticks and other
// tasks' wakeups that interrupt it. 100 us for each job and 1 % of its runtime are more than enough for sets of this size.
TEST_CASE("one CPU, with costs: no admitted task is late if its runtime has room for the kernel's work") {
    Random rng(42);
    for (std::uint64_t round = 0; round < test::cases(60); ++round) {
        std::vector<DlJob> set = random_set(rng, 930, 100 * us, 400);
        for (DlJob& j : set) j.work -= j.work / 100;
        CAPTURE(text_of(set));
        const test::Run r = test::run("machine { costs linux hz 1000 scheduler eevdf until 400ms }\n" + text_of(set) +
                                      "process hog x2 { forever { run 1s } }");
        CHECK(misses(r, set.size()) == 0);
    }
}

// The bound of global EDF: x + C_i with x = (sum of the m-1 largest C - least C) / (m - sum of the m-1 largest shares).
TEST_CASE("several CPUs: lateness is bounded, as global EDF promises; it need not be zero") {
    Random rng(43);
    std::uint64_t late = 0;
    for (std::uint64_t round = 0; round < test::cases(60); ++round) {
        const auto cpus = static_cast<std::size_t>(rng.uniform(2, 4));
        std::vector<DlJob> set = random_set(rng, static_cast<Nanos>(cpus) * 940, us, 800);
        CAPTURE(text_of(set));
        const test::Run r = test::run("machine { costs ideal hz 1000 scheduler eevdf until 600ms cpus " + std::to_string(cpus) + " }\n" +
                                      text_of(set) + "process hog x2 { forever { run 1s } }");
        std::vector<Nanos> lengths;
        std::vector<Nanos> shares;   // permille
        for (const DlJob& j : set) {
            lengths.push_back(j.runtime);
            shares.push_back((j.runtime * 1000 + j.period - 1) / j.period);
        }
        std::sort(lengths.rbegin(), lengths.rend());
        std::sort(shares.rbegin(), shares.rend());
        const auto most = std::min<std::size_t>(cpus - 1, lengths.size());
        const Nanos sum_c = std::accumulate(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(most), Nanos{0}) - lengths.back();
        const Nanos sum_u = std::accumulate(shares.begin(), shares.begin() + static_cast<std::ptrdiff_t>(most), Nanos{0});
        const Nanos x = std::max<Nanos>(0, sum_c) * 1000 / (static_cast<Nanos>(cpus) * 1000 - sum_u);
        for (std::size_t i = 0; i < set.size(); ++i) {
            const Task& t = r.k.tasks[test::task(r.k, name_of(i))];
            REQUIRE(t.policy == Policy::deadline);
            // Round n is released at n P and done by (n + 1) P + x + C, a tick more where a budget just ended.
            const Nanos bound = x + set[i].runtime + ms;
            CHECK(static_cast<Nanos>(t.rounds) >= (600 * ms - bound) / set[i].period - 1);
        }
        late += misses(r, set.size());
    }
    MESSAGE(late << " jobs late, each by less than the bound");
}

TEST_CASE("CBS isolation: greedy tasks have their shares and no more, on 1 to 4 CPUs") {
    for (const int cpus : {1, 2, 4}) {
        CAPTURE(cpus);
        const test::Run r = test::run("machine { costs ideal hz 1000 scheduler eevdf until 1s cpus " + std::to_string(cpus) + R"( }
process good policy deadline runtime 4ms period 10ms { every 10ms { run 3900us } }
process greedy policy deadline runtime 30ms period 100ms { forever { run 10s } }
process hog x4 { forever { run 10s } })");
        CHECK(deadline_counts(r.k, test::task(r.k, "good")).misses == 0);
        CHECK(deadline_counts(r.k, test::task(r.k, "greedy")).overruns >= 9);
        const Nanos got = r.k.cpu_time(test::task(r.k, "greedy"));
        CHECK(got >= 299 * ms);
        CHECK(got <= 311 * ms);   // budgets end at ticks: at most one more in each period
        Nanos hogs = 0;   // what is left is the normal tasks', all of it
        for (TaskId id = 0; id < r.k.tasks.size(); ++id)
            if (r.k.tasks[id].comm_view() == "hog") hogs += r.k.cpu_time(id);
        CHECK(hogs + got + r.k.cpu_time(test::task(r.k, "good")) == cpus * kSecond);
    }
}

TEST_CASE("constrained deadlines: who must be done before its period ends, by hand") {
    // a: 2 of 10 ms, due after 4; b: 3 of 12 ms, due after 5, from 4 ms on. At 30 b (due 33) goes on before a (due 34);
    // at 40 both come, and a (due 44) goes before b (due 45).
    const test::Run r = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 60ms }
process a policy deadline runtime 2ms deadline 4ms period 10ms { every 10ms { run 1980us } }
process b arrive 4ms policy deadline runtime 3ms deadline 5ms period 12ms { every 12ms { run 2980us } }
process hog { forever { run 1s } })");
    CHECK(test::picture(r, kMilli, 60) == "aahhbbbhhhaahhhhbbbhaahhhhhhbbbaahhhhhhhaabbbhhhhhaabbbhhhhh");
    CHECK(deadline_counts(r.k, test::task(r.k, "a")).misses == 0);
    CHECK(deadline_counts(r.k, test::task(r.k, "b")).misses == 0);
}

TEST_CASE("who wakes early with a constrained deadline gets only what fits before it (revised wakeup rule)") {
    // b is queued at 0 (due 5) but first runs at 2, so its rounds begin at 2, 14, …; its budget comes back at 12, due 17.
    // At 14 there are 3 ms left of 5: 3 / 5 of its runtime, 1.8 ms. The tick at 16 ends it, and it is late.
    const test::Run r = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 24ms }
process a policy deadline runtime 2ms deadline 4ms period 10ms { every 10ms { run 2ms } }
process b policy deadline runtime 3ms deadline 5ms period 12ms { every 12ms { run 3ms } }
process hog { forever { run 1s } })");
    CHECK(test::picture(r, kMilli, 24) == "aabbbhhhhhaahhbbhhhhaahh");
    CHECK(deadline_counts(r.k, test::task(r.k, "a")).misses == 0);
    CHECK(deadline_counts(r.k, test::task(r.k, "b")).misses == 1);
}
