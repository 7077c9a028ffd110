// Several schedulers side by side, and OSTEP's shorthand for jobs: figures worked out by hand and
// those of its simulators.
#include "sim/report/compare.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "machine.h"
#include "sim/cli/commands.h"
#include "sim/report/rows.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

// `--jobs` as the command line reads it.
std::string text_of(const std::string& list) {
    cli::Common common;
    common.jobs = list;
    int status = 0;
    return cli::scenario_of_jobs(common, status).value_or("");
}

Comparison figures(const std::string& jobs, const std::string& scheduler) {
    Scenario s = test::scenario(jobs);
    Text why;
    REQUIRE(choose_scheduler(s, scheduler, why));
    REQUIRE(choose_costs(s, "ideal", why));
    Kernel k = test::boot(s);
    Log log;
    k.run({}, &log);
    return compare_row(k, log, scheduler);
}
// Means of the three figures in thousandths of a unit.
std::vector<Nanos> ostep(const std::string& list, const std::string& scheduler) {
    const Comparison c = figures(text_of(list), scheduler);
    return {*c.response.mean / kMilli, *c.turnaround.mean / kMilli, *c.waiting.mean / kMilli};
}
using V = std::vector<Nanos>;

}  // namespace

TEST_CASE("OSTEP's job lists: response, turnaround, wait as its simulators print them") {
    // scheduler.py -l 200,200,200 and -l 100,200,300 (homework of chapter 7).
    CHECK(ostep("200,200,200", "fcfs") == V{200'000, 400'000, 200'000});
    CHECK(ostep("200,200,200", "sjf") == V{200'000, 400'000, 200'000});
    CHECK(ostep("100,200,300", "fcfs") == V{133'333, 333'333, 133'333});
    CHECK(ostep("300,200,100", "fcfs") == V{266'666, 466'666, 266'666});
    CHECK(ostep("300,200,100", "sjf") == V{133'333, 333'333, 133'333});
    CHECK(ostep("200,200,200", "rr,quantum=1s") == V{1'000, 599'000, 399'000});
    CHECK(ostep("100,200,300", "rr,quantum=1s") == V{1'000, 465'666, 265'666});
    // -l 5,10,15 by hand: five rounds of three end job0 at 13; then job1 and job2 alternate: 24
    // and 30.
    CHECK(ostep("5,10,15", "rr,quantum=1s") == V{1'000, 22'333, 12'333});
    CHECK(ostep("5,10,15", "fcfs") == V{6'666, 16'666, 6'666});
}

TEST_CASE("OSTEP's job lists: what is none") {
    for (const char* wrong : {"", "5,", ",5", "5,x", "0", "-3", "5,,7", "99999999999", "c", "c3,q",
                              "c0", "1,2:3,4", "1,0,0:", "5:50", "5:100,1:0:2", "i,,c1"})
        CHECK_MESSAGE(text_of(wrong) == "", wrong);
    CHECK(text_of("5,10") == "process job0 { run 5s }\nprocess job1 { run 10s }\n");
    CHECK(text_of("c7,i,c1") == "process job0 { run 7s  run 1s  sleep 5s  run 1s  run 1s }\n");
}

TEST_CASE("the figures of a comparison") {
    // FCFS: 0-24, 24-27, 27-30.
    const Comparison c =
        figures("process P1 { run 24ms } process P2 { run 3ms } process P3 { run 3ms }", "fcfs");
    CHECK(c.waiting.mean == 17 * kMilli);
    CHECK(c.waiting.max == 27 * kMilli);
    CHECK(c.waiting.p95 == 27 * kMilli);
    CHECK(c.turnaround.mean == 27 * kMilli);
    CHECK(c.finished == 3);
    CHECK(c.throughput_milli == 100'000);
    CHECK(c.utilisation_permille == 1000);
    CHECK(c.involuntary == 0);
    // x = 1, 3/27, 3/30: (1.2111)^2 / (3 * 1.02235) = 0.478.
    CHECK(c.fairness_permille == 478);
}

TEST_CASE("every figure of a comparison, by hand") {
    // Quantum 2 ms: a 0-2, b 2-4, a 4-5 and sleeps until 9, b 5-8 and is done, nobody 8-9, a 9-10.
    const Comparison c = figures("process a { run 3ms  sleep 4ms  run 1ms } process b { run 5ms }", "rr:quantum=2ms");
    CHECK(c.end == 10 * kMilli);
    CHECK(c.turnaround.mean == 9 * kMilli);    // 10, 8
    CHECK(c.turnaround.max == 10 * kMilli);
    CHECK(c.turnaround.p50 == 8 * kMilli);     // nearest rank
    CHECK(c.response.mean == kMilli);          // 0, 2
    CHECK(c.waiting.mean == 2'500 * kMicro);   // a 2-4; b 0-2 and 4-5
    CHECK(c.slowdown.max == 1'600);            // 8 / 5
    CHECK(c.slowdown.p50 == 1'250);            // 10 / 8
    CHECK(c.slowdown.mean == 1'425);
    CHECK(c.throughput_milli == 200'000);
    CHECK(c.utilisation_permille == 900);
    CHECK(c.idle == kMilli);
    CHECK(c.voluntary == 3);                   // a sleep and two exits
    CHECK(c.involuntary == 2);                 // at 2 and at 4
    CHECK(c.migrations == 0);
    CHECK(c.deadline_misses == 0);
    CHECK(c.wakeup.max == 0);                  // a wakes while the CPU is idle
    // x = 4/6 and 5/8: (1.29167)^2 / (2 (0.44444 + 0.39063)) = 0.99896.
    CHECK(c.fairness_permille >= 998);
    CHECK(c.fairness_permille <= 999);
    // An ideal machine: both until 5, b alone until 8, a from 9: 3.5 and 5.5 ms.
    CHECK(c.share_max_permille == 1'143);
    CHECK(c.share_min_permille == 909);
}

TEST_CASE("text, JSON and CSV say the same") {
    const std::vector<Comparison> rows = {figures("process a x3 { run 4ms }", "fcfs"),
                                          figures("process a x3 { run 4ms }", "rr:quantum=1ms")};
    const auto json = nlohmann::json::parse(compare_as_json("x.scn", rows));
    REQUIRE(json["schedulers"].size() == 2);
    CHECK(json["schedulers"][0]["waiting_mean_ns"] == 4 * kMilli);
    CHECK(json["schedulers"][1]["scheduler"] == "rr:quantum=1ms");
    const std::string text = compare_as_text(rows, Lang::en);
    CHECK(text.find("waiting ms mean             4.000") != std::string::npos);
    CHECK(compare_as_text(rows, Lang::zh).find("等待时间") != std::string::npos);
    const std::string csv = compare_as_csv(rows);
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
}
