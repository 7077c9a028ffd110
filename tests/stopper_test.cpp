// The migration threads: who moves a running task, and when. Expected values: linux.md 6.1 and 6.9 (stop class, affinity
// of a running task, active balance after cache_nice_tries + 2 failures).
#include <algorithm>

#include "tests/machine.h"

using namespace sy;

namespace {

test::Run checked(std::string_view text) {
    test::Run r{test::boot(test::scenario(text)), {}};
    while (r.k.end() == End::running) {
        r.k.run({.steps = r.k.steps() + 101}, &r.log);
        REQUIRE(r.k.check_invariants() == "");
    }
    return r;
}
Nanos ran(const test::Run& r, CpuId cpu) { return r.k.cpu_time(r.k.cpus[cpu].smp.stopper); }

}  // namespace

TEST_CASE("every CPU has a migration thread of the stop class, outwardly FIFO 99") {
    const test::Run r = checked("machine { cpus 3 until 1ms } process p { run 100us }");
    for (const Cpu& cpu : r.k.cpus) {
        const Task& t = r.k.tasks[cpu.smp.stopper];
        CHECK(t.comm_view() == "migration/" + std::to_string(cpu.id));
        CHECK(t.sched_class == ClassId::stop);
        CHECK(t.policy == Policy::fifo);
        CHECK(t.rt_priority == 99);
        CHECK(t.prio == 0);
        CHECK(t.cpus_allowed == std::uint64_t{1} << cpu.id);
    }
}

TEST_CASE("a running task that may not stay is moved by the migration thread, at once") {
    for (const char* sched : {"cfs", "eevdf", "rr"}) {
        for (const char* preempt : {"none", "voluntary", "full", "lazy"}) {
            CAPTURE(sched);
            CAPTURE(preempt);
            const test::Run r = checked(std::string("machine { cpus 2 scheduler ") + sched + " preempt " + preempt +
                                        " until 60ms } process hog cpu 0 { forever { run 10ms } } at 21ms { affinity hog 1 }");
            const TaskId hog = test::task(r.k, "hog");
            CHECK(r.k.tasks[hog].cpu == 1);
            CHECK(r.k.tasks[hog].nr_migrations == 1);
            CHECK(ran(r, 0) > 0);
            CHECK(ran(r, 1) == 0);
            CHECK(r.k.cpu_time(hog) > 59 * kMilli);   // it lost a few microseconds, not a tick
        }
    }
}

TEST_CASE("a task that forbids itself its CPU goes on elsewhere when the call returns") {
    for (const char* preempt : {"none", "voluntary", "full", "lazy"}) {
        CAPTURE(preempt);
        const test::Run r = checked(std::string("machine { cpus 2 scheduler eevdf preempt ") + preempt +
                                    " } process p cpu 0 { run 2ms affinity 1 run 2ms }");
        const TaskId p = test::task(r.k, "p");
        CHECK(r.k.tasks[p].cpu == 1);
        CHECK(ran(r, 0) > 0);
        CHECK(r.k.tasks[p].exit_time < 5 * kMilli);
        CHECK(std::none_of(r.k.completions.begin(), r.k.completions.end(), [](const Completion& c) { return c.in_use; }));
    }
}

TEST_CASE("two hogs on the threads of one core: one is pushed to the idle core, though both run") {
    const test::Run r = checked(
        "machine { topology cores=2 smt=2 scheduler eevdf until 400ms } process hog x2 cpu 0-1 { forever { run 50ms } } "
        "at 20ms { affinity hog 0-3 }");
    const auto core = [&](const char* name) { return r.k.tasks[test::task(r.k, name)].cpu / 2; };
    CHECK(core("hog/1") != core("hog/2"));
    std::uint32_t tried = 0, pushed = 0;
    for (const Cpu& cpu : r.k.cpus)
        for (const DomainState& d : cpu.smp.domains) {
            tried += d.active[0];
            pushed += d.active[2];
        }
    CHECK(tried >= 1);
    CHECK(pushed >= 1);
    CHECK(ran(r, 0) + ran(r, 1) > 0);
}
