// Figures of a run and of many runs: percentiles, confidence intervals, ideal shares, latencies, by
// closed arithmetic; and a sweep that must not depend on how many workers made it.
#include "sim/report/measures.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "machine.h"
#include "sim/cli/commands.h"
#include "sim/report/compare.h"
#include "sim/report/side_by_side.h"
#include "sim/report/stats.h"
#include "sim/report/sweep.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

Share share_of(const test::Run& r, std::string_view name) {
    for (const Share& s : shares_of(r.k, r.log))
        if (s.task == test::task(r.k, name)) return s;
    FAIL("no share of " << name);
    return {};
}

std::string slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace

TEST_CASE("percentiles are nearest ranks") {
    // Wikipedia's worked example of the nearest-rank method: 15, 20, 35, 40, 50.
    const Spread s = spread_of({40, 15, 50, 20, 35});
    CHECK(s.mean == 32);
    CHECK(s.p50 == 35);
    CHECK(s.p95 == 50);
    CHECK(s.max == 50);
    CHECK(nearest_rank({15, 20, 35, 40, 50}, 30) == 20);
    CHECK(nearest_rank({15, 20, 35, 40, 50}, 40) == 20);
    CHECK(nearest_rank({7}, 1) == 7);
    std::vector<std::int64_t> hundred;
    for (int i = 1; i <= 100; ++i) hundred.push_back(i);
    CHECK(spread_of(hundred).p95 == 95);
    CHECK(spread_of(hundred).p99 == 99);
    CHECK_FALSE(spread_of({}).mean.has_value());
}

TEST_CASE("the confidence interval of a mean") {
    // 10, 12, 14: mean 12, s = 2, t(0.975, 2) = 4.303: 4.303 * 2 / sqrt(3) = 4.969.
    const Estimate e = estimate_of({10'000, 12'000, 14'000});
    CHECK(e.mean == 12'000);
    CHECK(e.half_width.value() == 4'969);
    // 1..10: s = 3.02765, t(0.975, 9) = 2.262: 2.262 * 0.957427 = 2.1657.
    CHECK(estimate_of({1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000, 6'000'000, 7'000'000,
                       8'000'000, 9'000'000, 10'000'000})
              .half_width.value() == 2'165'700);
    CHECK(estimate_of({5, 5, 5, 5}).half_width == 0);
    CHECK_FALSE(estimate_of({5}).half_width.has_value());
    CHECK_FALSE(estimate_of({}).mean.has_value());
    // Far from overflow with the longest times there are.
    CHECK(estimate_of({1'000'000'000'000'000, 0}).half_width.value() / 1'000'000'000'000 == 6'353);
    CHECK(integer_root(99) == 9);
    CHECK(integer_root(100) == 10);
    CHECK(jain_index_permille({1, 1, 1, 1}) == 1000);
    CHECK(jain_index_permille({1, 0, 0, 0}) == 250);
}

TEST_CASE("the ideal share: weights, newcomers, sleepers, and nobody has two CPUs") {
    // One CPU, nice 0 and nice 5 (weights 1024 and 335), for 100 ms.
    auto r = test::run(
        "machine { costs ideal until 100ms } process a { run 1s } process b nice 5 { run 1s }");
    CHECK(share_of(r, "a").ideal == doctest::Approx(100e6 * 1024 / 1359).epsilon(1e-6));
    CHECK(share_of(r, "b").ideal == doctest::Approx(100e6 * 335 / 1359).epsilon(1e-6));
    // a alone for 10 ms, then with b: 10 + 20 / 2.
    r = test::run(
        "machine { costs ideal until 30ms scheduler rr quantum=1ms } process a { run 1s } "
        "process b arrive 10ms { run 1s }");
    CHECK(share_of(r, "a").ideal == 20 * ms);
    CHECK(share_of(r, "b").ideal == 10 * ms);
    CHECK(share_of(r, "a").cpu + share_of(r, "b").cpu == 30 * ms);
    // Two CPUs: the heavy one gets one CPU, the light ones share the other.
    r = test::run(
        "machine { cpus 2 costs ideal until 40ms } process a nice -20 { run 1s } "
        "process b x2 { run 1s }");
    CHECK(share_of(r, "a").ideal == 40 * ms);
    CHECK(share_of(r, "b/1").ideal == 20 * ms);
    // Who sleeps is entitled to nothing; tickets count as weights.
    r = test::run(
        "machine { costs ideal until 30ms scheduler stride quantum=1ms } "
        "process a tickets 300 { run 1s } process b tickets 100 { sleep 10ms run 1s }");
    CHECK(share_of(r, "b").ideal == 5 * ms);
    CHECK(share_of(r, "a").ideal == 25 * ms);
}

TEST_CASE("wakeup latency: from the wakeup to the CPU") {
    // b wakes at 5 ms behind a, which runs until 20 ms under fcfs.
    const auto r = test::run(
        "machine { costs ideal scheduler fcfs } process b { sleep 5ms run 1ms } "
        "process a { run 20ms }");
    const auto w = wakeup_latencies(r.k, r.log);
    REQUIRE(w.size() == 1);
    CHECK(w[0].at == 5 * ms);
    CHECK(w[0].latency == 15 * ms);
    const Measures m = measures_of(r.k, r.log);
    CHECK(m.waiting.size() == 2);
    // b: 21 ms in all, 15 of them waiting: 21/6.
    CHECK(m.slowdown == std::vector<std::int64_t>{3'500, 1'000});
    const Comparison c = compare_row(r.k, r.log, "fcfs");
    CHECK(c.slowdown.max == 3'500);
    CHECK(c.wakeup.mean == 15 * ms);
    CHECK(c.idle == 0);
}

TEST_CASE("what can be varied") {
    Text why;
    CHECK(parse_vary("quantum=1ms..3ms:1ms", why)->values ==
          std::vector<std::string>{"1ms", "2ms", "3ms"});
    CHECK(parse_vary("cpus=1..4", why)->values.size() == 4);
    CHECK(parse_vary("hz=100,250", why)->values == std::vector<std::string>{"100", "250"});
    CHECK(parse_vary("quantum=500us..2ms:500us", why)->values.back() == "2ms");
    for (const char* wrong : {"", "quantum", "quantum=", "=1ms", "quantum=3ms..1ms:1ms", "q=1..x",
                              "q=1ms..2ms", "q=1ms..2ms:0ms", "q=0..999999999", ",,", "q=,"}) {
        why = {};
        CHECK_FALSE_MESSAGE(parse_vary(wrong, why).has_value(), wrong);
        CHECK_FALSE(why.zh.empty());
    }
    Scenario s = test::scenario("machine { scheduler rr quantum=2ms } process a { run 1ms }");
    CHECK(apply_setting(s, "quantum", "5ms", why));
    CHECK(s.machine.scheduler_options.size() == 1);
    CHECK(apply_setting(s, "cpus", "4", why));
    CHECK(apply_setting(s, "scheduler", "mlfq:quantum=2ms", why));
    CHECK_FALSE(apply_setting(s, "cpus", "65", why));
    CHECK_FALSE(apply_setting(s, "hz", "123", why));
    CHECK_FALSE(apply_setting(s, "quantum", "banana", why));
    CHECK_FALSE(apply_setting(s, "nonsense", "1", why));
    CHECK(why.en.find("nonsense") != std::string::npos);
    CHECK(sweep_points({{"a", {"1", "2"}}, {"b", {"x", "y", "z"}}}).size() == 6);
}

TEST_CASE("a sweep gives the same bytes with any number of workers, and its means are the runs'") {
    const std::string file = "sweep_test.scn", a = "sweep_a.json", b = "sweep_b.json";
    std::ofstream(file) << "machine { scheduler rr quantum=2ms cpus 2 }\n"
                           "jobs 6 arrival exp(5ms) burst uniform(1ms, 20ms)\n";
    cli::SweepOptions options;
    options.common.file = file;
    options.common.format = "json";
    options.vary = {"quantum=1ms..9ms:4ms"};
    options.runs = 5;
    options.workers = 1;
    options.common.out = a;
    REQUIRE(cli::sweep(options) == 0);
    options.workers = 4;
    options.common.out = b;
    REQUIRE(cli::sweep(options) == 0);
    const std::string text = slurp(a);
    CHECK(text == slurp(b));
    const auto json = nlohmann::json::parse(text);
    REQUIRE(json["points"].size() == 3);
    // The middle point again, run by run.
    std::int64_t sum = 0;
    for (int seed = 1; seed <= 5; ++seed) {
        const auto r =
            test::run("machine { scheduler rr quantum=5ms cpus 2 seed " + std::to_string(seed) +
                      " }\njobs 6 arrival exp(5ms) burst uniform(1ms, 20ms)\n");
        sum += *compare_row(r.k, r.log, "").turnaround.mean;
    }
    CHECK(json["points"][1]["quantum"] == "5ms");
    CHECK(json["points"][1]["turnaround_mean_ns"]["mean"] == (sum + 2) / 5);
    CHECK(json["points"][1]["turnaround_mean_ns"]["ci95"] > 0);
    for (const std::string& f : {file, a, b}) std::remove(f.c_str());
}

TEST_CASE("two runs on one clock: where they differ, by hand") {
    // fcfs: a 0-4, b 4-6, end. rr of 1 ms: a b a b a a.
    const auto one = test::run(
        "machine { costs ideal scheduler fcfs } process a { run 4ms } process b { run 2ms }");
    const auto two = test::run(
        "machine { costs ideal scheduler rr quantum=1ms } process a { run 4ms } process b { run "
        "2ms }");
    const auto in_one = occupancy_of(one.k, one.log), in_two = occupancy_of(two.k, two.log);
    REQUIRE(in_one.size() == 1);
    CHECK(in_one[0].size() == 2);
    CHECK(occupant(one.k, in_one[0], 3 * ms) == "a");
    CHECK(occupant(two.k, in_two[0], 3 * ms) == "b");
    CHECK(occupant(two.k, in_two[0], 7 * ms) == "");
    const SideBySide both = side_by_side(one.k, in_one, two.k, in_two);
    REQUIRE(both.differences.size() == 2);  // 1-2, and 3-6
    CHECK(both.differences[1].end == 6 * ms);
    CHECK(both.differences[0].begin == 1 * ms);
    CHECK(both.differences[0].end == 2 * ms);
    CHECK(both.length == 6 * ms);
    CHECK(both.same_permille == 333);
    CHECK(parting_text(one.k, in_one, two.k, in_two, both)
              .en.find("a in the first run, b in the second") != std::string::npos);
    CHECK(side_by_side(one.k, in_one, one.k, in_one).differences.empty());
}
