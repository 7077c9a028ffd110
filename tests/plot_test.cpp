// Plots hold what the run did: every curve here is worked out by hand.
#include "sim/report/plot.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "machine.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

const PlotSeries& series(const Plot& plot, std::string_view name) {
    for (const PlotSeries& s : plot.series)
        if (s.name == name) return s;
    FAIL("no series " << name);
    return plot.series.front();
}
std::vector<std::int64_t> ys(const PlotSeries& s) {
    std::vector<std::int64_t> out;
    for (const PlotPoint& p : s.points) out.push_back(p.y);
    return out;
}
using V = std::vector<std::int64_t>;

Plot sampled(const std::string& text, PlotKind kind, Nanos end, std::size_t points,
             std::uint64_t slice) {
    PlotSampler sampler(test::boot(test::scenario(text)), kind, end, points);
    while (sampler.advance(slice)) {
    }
    return sampler.plot();
}

}  // namespace

TEST_CASE("shares, CPU time, service and queue lengths from the log") {
    // fcfs: a runs 0-10, b 10-30; b comes at 5.
    const auto r = test::run(
        "machine { costs ideal scheduler fcfs } process a { run 10ms } "
        "process b arrive 5ms { run 20ms }");
    const Plot share = plot_from_log(PlotKind::share, r.k, r.log, 6);
    CHECK(ys(series(share, "a")) ==
          V{1000, 1000, 0});  // gone after 10 ms: the window that touches it is the last
    CHECK(ys(series(share, "b")) == V{0, 0, 1000, 1000, 1000, 1000});
    CHECK(share.window == 5 * ms);
    CHECK(ys(series(plot_from_log(PlotKind::cpu, r.k, r.log, 3), "b")) == V{0, 10 * ms, 20 * ms});
    // Ideally each had had half of 5 to 10 ms (and b then the rest of a's half).
    const Plot service = plot_from_log(PlotKind::service, r.k, r.log, 3);
    CHECK(ys(series(service, "a")).front() == -2'500'000);
    CHECK(ys(series(service, "b"))[0] == 2'500'000);
    const Plot queue = plot_from_log(PlotKind::queue, r.k, r.log, 10);
    REQUIRE(queue.series.size() == 1);
    CHECK(queue.series[0].points ==
          std::vector<PlotPoint>{{0, 1}, {5 * ms, 2}, {10 * ms, 1}, {30 * ms, 0}, {30 * ms, 0}});
}

TEST_CASE("histogram and distribution of latencies") {
    // b sleeps until 5 ms and then waits for a until 20: one wakeup with 15 ms; a none.
    const auto r = test::run(
        "machine { costs ideal scheduler fcfs } process b { sleep 5ms run 1ms } "
        "process a { run 20ms }");
    const Plot h = plot_from_log(PlotKind::wakeup_latency, r.k, r.log, 1);
    REQUIRE(h.series.size() == 1);
    std::int64_t sum = 0;
    for (const PlotPoint& p : h.series[0].points) sum += p.y;
    CHECK(sum == 1);
    CHECK(h.series[0].points.back() == PlotPoint{8'192'000, 1});  // 8.192 to 16.384 ms
    const Plot w = plot_from_log(PlotKind::waiting_cdf, r.k, r.log, 1);
    CHECK(w.series[0].points == std::vector<PlotPoint>{{0, 500}, {15 * ms, 1000}});
}

TEST_CASE("virtual time and lag: weights, and the lags of a CPU add up to nothing") {
    const std::string text =
        "machine { costs ideal until 100ms scheduler eevdf } process a { run 1s } "
        "process b nice 5 { run 1s } process c nice -3 { run 1s }";
    const Plot v = sampled(text, PlotKind::vruntime, 100 * ms, 20, 100'000'000);
    const Plot lag = sampled(text, PlotKind::lag, 100 * ms, 20, 100'000'000);
    REQUIRE(v.series.size() == 3);
    REQUIRE(lag.series.size() == 3);
    for (std::size_t i = 1; i < lag.series[0].points.size(); ++i) {
        std::int64_t sum = 0, most = 0;
        for (const PlotSeries& s : lag.series) {
            REQUIRE(s.points.size() == lag.series[0].points.size());
            sum += s.points[i].y;
            most = std::max(most, std::abs(s.points[i].y));
        }
        CHECK(std::abs(sum) < 4'000);  // rounding of divisions by weights
        CHECK(most < 10 * ms);
    }
    // Everybody's virtual time advances alike in the long run.
    CHECK(std::abs(v.series[0].points.back().y - v.series[1].points.back().y) < 15 * ms);
    // In slices of a few steps the same points come out.
    const Plot again = sampled(text, PlotKind::lag, 100 * ms, 20, 7);
    for (std::size_t s = 0; s < 3; ++s) CHECK(again.series[s].points == lag.series[s].points);
}

TEST_CASE("plots as text, CSV and JSON") {
    const auto r = test::run(
        "machine { costs ideal scheduler fcfs } process a { run 10ms } process b { run 10ms }");
    for (const PlotKindInfo& kind : plot_kinds()) {
        CHECK(&plot_kind(kind.kind) == &kind);
        CHECK(find_plot_kind(kind.name) == &kind);
        if (kind.is_sampled) continue;
        const Plot p = plot_from_log(kind.kind, r.k, r.log, 10);
        CHECK_FALSE(plot_as_text(p, Lang::zh).empty());
        CHECK(nlohmann::json::parse(plot_as_json(p))["what"] == kind.name);
        CHECK(plot_as_csv(p).starts_with("series,x_ns,"));
    }
    const Plot share = plot_from_log(PlotKind::share, r.k, r.log, 2);
    CHECK(plot_as_csv(share) ==
          "series,x_ns,share_permille\na,0,1000\na,10000000,0\nb,0,0\nb,10000000,1000\n");
    CHECK(plot_value(Plot::Unit::time, 1'500'000) == "1.500 ms");
    CHECK(plot_value(Plot::Unit::time, -2'500) == "-2.50 us");
    CHECK(plot_value(Plot::Unit::permille, 333) == "33.3 %");
    // A run without anything to plot.
    const auto empty = test::run("machine { until 5ms } device d every 1ms");
    for (const PlotKindInfo& kind : plot_kinds())
        if (!kind.is_sampled)
            CHECK_FALSE(
                plot_as_text(plot_from_log(kind.kind, empty.k, empty.log, 10), Lang::en).empty());
}
