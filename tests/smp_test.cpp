// Topology, placement, balancing and task groups. Expected values: linux.md 6.9 and 6.10, the measured workloads of
// real-kernel.md (w10a, w14), and closed arithmetic (a quota times its periods, weights' ratios).
#include "sim/sched/topology.h"

#include <bit>

#include "tests/machine.h"

using namespace sy;

namespace {

Nanos cpu_of(const test::Run& r, std::string_view name) { return r.k.cpu_time(test::task(r.k, name)); }

// Runs to the end and looks at the invariants now and then.
test::Run checked(std::string_view text) {
    test::Run r{test::boot(test::scenario(text)), {}};
    while (r.k.end() == End::running) {
        r.k.run({.steps = r.k.steps() + 997}, &r.log);
        REQUIRE(r.k.check_invariants() == "");
    }
    return r;
}

}  // namespace

TEST_CASE("a described topology has Linux's domains, bottom-up") {
    MachineDecl m;
    m.cpus = 16;
    m.topology = {.nodes = 2, .llc = 2, .cores = 2, .smt = 2, .pos = {}};
    const Topology t = make_topology(m);
    REQUIRE(t.cpus.size() == 16);
    const auto& d = t.cpus[5].domains;   // second thread of the third core: behind the second cache of node 0
    REQUIRE(d.size() == 4);
    CHECK(d[0].kind == DomainKind::smt);
    CHECK(d[0].span == 0x30);
    CHECK(d[0].imbalance_pct == 110);
    CHECK(d[1].span == 0xf0);
    CHECK(d[2].span == 0xff);
    CHECK(d[3].span == 0xffff);
    CHECK(d[3].imbalance_pct == 117);
    CHECK(d[3].min_interval == 16);
    CHECK(d[3].max_interval() == 32);
    for (const CpuPlace& place : t.cpus)
        for (const SchedDomain& sd : place.domains) {
            std::uint64_t all = 0;
            for (const std::uint64_t group : sd.groups) {
                CHECK((all & group) == 0);
                all |= group;
            }
            CHECK(all == sd.span);
            CHECK((sd.groups[0] >> (&place - t.cpus.data()) & 1) == 1);   // its own group first
        }
}

TEST_CASE("w10a: four hogs on two CPUs are two on each and never move") {
    const test::Run r = checked("machine { cpus 2 scheduler eevdf until 1s } process h x4 { forever { run 100ms } }");
    for (const char* name : {"h/1", "h/2", "h/3", "h/4"}) {
        CHECK(cpu_of(r, name) >= 490 * kMilli);
        CHECK(cpu_of(r, name) <= 510 * kMilli);
        CHECK(r.k.tasks[test::task(r.k, name)].nr_migrations == 0);
    }
}

TEST_CASE("new tasks are spread over cores before hardware threads") {
    const test::Run r =
        checked("machine { topology nodes=2 cores=2 smt=2 scheduler cfs until 50ms } process h x4 { forever { run 10ms } }");
    std::uint64_t cores = 0;
    for (const char* name : {"h/1", "h/2", "h/3", "h/4"})
        cores |= std::uint64_t{1} << r.k.image().topology.cpus[r.k.tasks[test::task(r.k, name)].cpu].core;
    CHECK(std::popcount(cores) == 4);
}

TEST_CASE("an idle CPU is not left idle while a task that may run there waits") {
    const test::Run r = checked(
        "machine { cpus 4 scheduler eevdf until 100ms } process h x4 cpu 0 { forever { run 10ms } } "
        "at 20ms { affinity h 0-3 }");
    for (const char* name : {"h/1", "h/2", "h/3", "h/4"}) CHECK(cpu_of(r, name) >= 70 * kMilli);
}

TEST_CASE("groups share by their weights, tasks inside by theirs") {
    for (const char* sched : {"cfs", "eevdf"}) {
        CAPTURE(sched);
        const test::Run r = checked(std::string("machine { scheduler ") + sched +
                                    " until 3s } group a weight 300 { process x { forever { run 50ms } } } "
                                    "group b { process y x3 { forever { run 50ms } } }");
        // 300 : 100, and a third of the quarter for each y.
        CHECK(cpu_of(r, "x") == doctest::Approx(2.25e9).epsilon(0.02));
        for (const char* name : {"y/1", "y/2", "y/3"}) CHECK(cpu_of(r, name) == doctest::Approx(0.25e9).epsilon(0.06));
    }
}

TEST_CASE("w14: with autogroup each session gets half") {
    const test::Run r = checked(
        "machine { cpus 2 scheduler eevdf autogroup on until 2s } process solo cpu 1 { forever { run 100ms } } "
        "process g x3 cpu 1 session 2 { forever { run 100ms } }");
    CHECK(cpu_of(r, "solo") == doctest::Approx(1e9).epsilon(0.01));
    for (const char* name : {"g/1", "g/2", "g/3"}) CHECK(cpu_of(r, name) == doctest::Approx(1e9 / 3).epsilon(0.03));
}

TEST_CASE("a quota is never exceeded by more than a tick on each CPU") {
    for (const char* sched : {"cfs", "eevdf"})
        for (const int cpus : {1, 2}) {
            CAPTURE(sched);
            CAPTURE(cpus);
            const test::Run r = checked("machine { cpus " + std::to_string(cpus) + " scheduler " + sched +
                                        " until 1s } group b quota 20ms/100ms { process y x3 { forever { run 50ms } } }");
            const Nanos total = cpu_of(r, "y/1") + cpu_of(r, "y/2") + cpu_of(r, "y/3");
            CHECK(total <= 200 * kMilli + cpus * 4 * kMilli);
            CHECK(total >= 195 * kMilli);
        }
}
