// PELT averages. Expected values: the table and the series of linux.md 6.8 (utilisation of an always-running task after k
// periods, LOAD_AVG_MAX, half-life of 32 periods), closed sums, and a model in floating point written from the definition.
#include "sim/sched/pelt.h"

#include <cmath>
#include <utility>

#include "sim/sched/group_fair.h"
#include "tests/machine.h"

using namespace sy;

namespace {

constexpr Nanos kPeriodNs = 1024 * 1024;

const SchedAvg& avg_of(const test::Run& r, std::string_view name) { return r.k.tasks.avg(test::task(r.k, name)); }
const SchedAvg& queue_of(const test::Run& r, CpuId cpu = 0) { return std::as_const(*r.k.sched).averages(cpu)->avg; }

test::Run run_for(std::string_view text, Nanos time) {
    test::Run r{test::boot(test::scenario(text)), {}};
    while (r.k.end() == End::running && r.k.next_time() <= time) {
        r.k.run({.steps = r.k.steps() + 499, .time = time}, &r.log);
        REQUIRE(r.k.check_invariants() == "");
    }
    return r;
}

}  // namespace

TEST_CASE("y^32 is one half, and the whole series adds up to LOAD_AVG_MAX") {
    CHECK(pelt::decay_load(1 << 20, 32) == (1 << 19) - 1);   // 0xffffffff stands for 1
    CHECK(pelt::decay_load(1 << 20, 64) == (1 << 18) - 1);
    CHECK(pelt::decay_load(1 << 20, 16) == 741'455);         // 2^20 / sqrt(2) = 741455.2
    CHECK(pelt::decay_load(~std::uint64_t{0}, 32 * 63 + 1) == 0);
    double sum = 0;
    for (int n = 0; n < 2000; ++n) sum += 1024 * std::pow(0.5, n / 32.0);
    CHECK(pelt::kLoadAvgMax == doctest::Approx(sum).epsilon(0.002));   // 47788 without the rounding of the kernel's table
}

TEST_CASE("an always-running task climbs as linux.md's series says") {
    const std::pair<int, std::uint32_t> series[] = {{1, 21},    {2, 43},   {4, 85},   {8, 162},  {16, 300},  {32, 512},
                                                    {64, 768},  {96, 896}, {128, 960}, {160, 992}, {256, 1020}, {345, 1023}};
    for (const auto& row : series) {
        const int periods = row.first;
        const std::uint32_t util = row.second;
        CAPTURE(periods);
        SchedAvg a{.last_update_time = kPeriodNs};
        for (int n = 1; n <= periods; ++n)
            pelt::update_entity(kPeriodNs * (n + 1), a, {.weight = 1024, .on_rq = true, .runs = true, .runnable = 1});
        CHECK(std::abs(static_cast<int>(a.util_avg) - static_cast<int>(util)) <= 1);
        CHECK(std::abs(static_cast<int>(a.load_avg) - static_cast<int>(util)) <= 1);
        SchedAvg once{.last_update_time = kPeriodNs};   // the same in one step, up to rounding
        pelt::update_entity(kPeriodNs * (periods + 1), once, {.weight = 1024, .on_rq = true, .runs = true, .runnable = 1});
        CHECK(std::abs(static_cast<int>(once.util_avg) - static_cast<int>(util)) <= 1);
        CHECK(once.load_sum <= pelt::kLoadAvgMax);
    }
}

TEST_CASE("any pattern of running and sleeping agrees with the definition in floating point") {
    Random rng(7);
    SchedAvg a{.last_update_time = kPeriodNs};
    double sum = 0;   // of y^age dt, in units
    Nanos now = kPeriodNs;
    const double y = std::pow(0.5, 1.0 / 32);
    double part = 0;   // units into the period under way
    for (int i = 0; i < 400; ++i) {
        const bool runs = rng.next() % 2 == 1;
        const auto units = static_cast<std::int64_t>(1 + rng.next() % 20'000);
        now += units * 1024;
        pelt::update_entity(now, a, {.weight = 2048, .on_rq = runs, .runs = runs, .runnable = runs ? 1u : 0u});
        for (auto left = static_cast<double>(units); left > 0;) {
            const double step = std::min(left, 1024 - part);
            if (runs) sum += step;
            part += step;
            left -= step;
            if (part >= 1024) {
                part = 0;
                sum *= y;
            }
        }
        // A tenth of a per cent of the whole range: the kernel rounds down at every decay.
        CHECK(static_cast<double>(a.util_sum >> 10) == doctest::Approx(sum).epsilon(0.002).scale(47742));
        CHECK(static_cast<double>(a.load_sum) == doctest::Approx(sum).epsilon(0.002).scale(47742));
        CHECK(a.period_contrib == static_cast<std::uint32_t>(part));
    }
}

TEST_CASE("on a machine: one hog is a whole CPU, two share it, and who sleeps halves in 32 periods") {
    for (const char* sched : {"cfs", "eevdf"}) {
        CAPTURE(sched);
        const std::string head = std::string("machine { scheduler ") + sched + " until 2s } ";
        const test::Run one = run_for(head + "process h { forever { run 100ms } }", kSecond);
        CHECK(avg_of(one, "h").util_avg >= 1018);
        CHECK(avg_of(one, "h").load_avg >= 1018);
        CHECK(avg_of(one, "h").load_avg <= 1024);
        const test::Run two = run_for(head + "process h x2 { forever { run 100ms } }", kSecond);
        CHECK(queue_of(two).load_avg == doctest::Approx(2048).epsilon(0.01));
        CHECK(queue_of(two).runnable_avg == doctest::Approx(2048).epsilon(0.01));
        CHECK(queue_of(two).util_avg == doctest::Approx(1024).epsilon(0.03));
        CHECK(avg_of(two, "h/1").util_avg == doctest::Approx(512).epsilon(0.12));
        CHECK(avg_of(two, "h/1").runnable_avg == doctest::Approx(1024).epsilon(0.01));
        // It runs for 600 ms and sleeps 32 periods: half is left when it wakes.
        const test::Run nap = run_for(head + "process s { run 600ms sleep 33554us run 1us sleep 1s }", 700 * kMilli);
        CHECK(avg_of(nap, "s").util_avg == doctest::Approx(512).epsilon(0.03));
        // Nice 5: its load is its weight.
        const test::Run nice = run_for(head + "process h nice 5 { forever { run 100ms } }", kSecond);
        CHECK(avg_of(nice, "h").load_avg == doctest::Approx(335).epsilon(0.01));
        CHECK(avg_of(nice, "h").util_avg >= 1018);
    }
}

TEST_CASE("a queue's averages are the sum of those that are attached to it, wherever they go") {
    const test::Run r = run_for(
        "machine { cpus 4 scheduler eevdf until 1s } process h x6 { forever { run 7ms sleep 3ms } } "
        "process n x2 nice 3 { forever { run 2ms sleep 9ms } } at 300ms { affinity h 0-1 } at 600ms { affinity h 0-3 }",
        kSecond);
    for (const Cpu& cpu : r.k.cpus) {
        double load = 0, util = 0;
        for (TaskId id = 0; id < r.k.tasks.size(); ++id) {
            const SchedAvg& a = r.k.tasks.avg(id);
            if (r.k.tasks[id].cpu != cpu.id || a.last_update_time == 0 || r.k.tasks[id].is_kthread()) continue;
            // Aged to the queue's time: sleepers are not updated where they stand.
            const double age = std::pow(0.5, static_cast<double>(queue_of(r, cpu.id).last_update_time - a.last_update_time) / kPeriodNs / 32);
            const bool sleeps = !r.k.tasks[id].on_rq;
            load += static_cast<double>(a.load_avg) * (sleeps ? age : 1);
            util += a.util_avg * (sleeps ? age : 1);
        }
        CAPTURE(cpu.id);
        CHECK(static_cast<double>(queue_of(r, cpu.id).load_avg) == doctest::Approx(load).epsilon(0.12).scale(100));
        CHECK(static_cast<double>(queue_of(r, cpu.id).util_avg) == doctest::Approx(util).epsilon(0.12).scale(100));
    }
}

TEST_CASE("the entity of a group follows the group's queue") {
    const test::Run r = run_for(
        "machine { scheduler cfs until 1s } group a weight 300 { process x x2 { forever { run 50ms } } } "
        "process y { forever { run 50ms } }", kSecond);
    const GroupScheduler* const groups = static_cast<const SchedClass&>(*r.k.sched).groups();
    REQUIRE(groups != nullptr);
    const SchedAvg& e = r.k.tasks.avg(groups->on_cpu(1, 0).entity);
    CHECK(e.load_avg == doctest::Approx(3072).epsilon(0.02));   // 300 * 1024 / 100
    CHECK(groups->on_cpu(1, 0).load_avg == doctest::Approx(2048).epsilon(0.02));
    CHECK(queue_of(r).load_avg == doctest::Approx(3072 + 1024).epsilon(0.02));
    CHECK(queue_of(r).runnable_avg == doctest::Approx(3 * 1024).epsilon(0.02));
    CHECK(e.util_avg == doctest::Approx(768).epsilon(0.08));
}

TEST_CASE("a copy of the machine goes on with the same averages") {
    test::Run r = run_for("machine { cpus 2 scheduler eevdf until 1s } process h x3 { forever { run 3ms sleep 1ms } }", 100 * kMilli);
    Kernel copy = r.k;
    copy.run({.time = 200 * kMilli}, nullptr);
    r.k.run({.time = 200 * kMilli}, &r.log);
    CHECK(copy.fingerprint() == r.k.fingerprint());
}
