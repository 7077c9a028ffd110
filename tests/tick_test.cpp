// Where a turn ends: at ticks of 100 to 1000 Hz, exactly by hrtick, and under each preemption model; what fork placement
// does; the kernel's names of tunables. Expected values: linux.md 6.2 (models), 6.3 (ticks, hrtick), 6.4.4 (golden slices),
// 6.4.6 (fork), 6.5.2 (slices).
#include <map>

#include "sim/session/load.h"
#include "tests/machine.h"

using namespace sy;

namespace {

// The lengths of a task's first turns on CPU 0.
std::vector<Nanos> turns(const test::Run& r, std::string_view name, std::size_t most) {
    const TaskId id = test::task(r.k, name);
    std::vector<Nanos> out;
    Nanos since = -1;
    for (const Record& rec : r.log) {
        if (rec.kind != RecordKind::sched_switch) continue;
        if (rec.task == id && since >= 0 && out.size() < most) out.push_back(rec.at - since);
        since = rec.a == id ? rec.at : -1;
    }
    return out;
}

}  // namespace

TEST_CASE("without hrtick a slice ends at a tick, whatever the rate") {
    for (const auto& [hz, tick] : std::map<int, Nanos>{{100, 10 * kMilli}, {250, 4 * kMilli}, {300, kSecond / 300}, {1000, kMilli}}) {
        const std::string head = "machine { hz " + std::to_string(hz) + " costs ideal until 200ms scheduler ";
        const test::Run r = test::run(head + "eevdf } process h x2 { forever { run 1s } }");
        for (const Nanos turn : turns(r, "h/1", 6)) CHECK(turn == tick);   // 0.7 ms, rounded up
    }
}

TEST_CASE("hrtick ends a slice where it ends") {
    // Golden slices of nice 0 and 5 on one CPU: 4520971 and 1479028 ns.
    const test::Run cfs = test::run("machine { costs ideal until 60ms scheduler cfs hrtick=on } process a { forever { run 1s } } "
                                    "process b nice 5 { forever { run 1s } }");
    CHECK(turns(cfs, "a", 1).front() == 4'520'971);
    const test::Run eevdf = test::run("machine { costs ideal until 60ms scheduler eevdf HRTICK=on } process h x2 { forever { run 1s } }");
    for (const Nanos turn : turns(eevdf, "h/1", 6)) CHECK(turn == 700 * kMicro);
    CHECK(turns(eevdf, "h/1", 6).size() == 6);
    // One task alone needs no timer.
    const test::Run alone = test::run("machine { costs ideal until 60ms scheduler eevdf hrtick=on } process h { forever { run 1s } }");
    CHECK(alone.k.cpus[0].irq_timer == 15);
    // Somebody comes in the middle of a tick: the slice is cut to its length from then on.
    const test::Run late = test::run("machine { costs ideal until 60ms scheduler eevdf hrtick=on } process h { forever { run 1s } } "
                                     "process g arrive 4100us { run 5ms }");
    CHECK(late.k.tasks[test::task(late.k, "g")].first_run < 8 * kMilli);
    CHECK(late.k.check_invariants() == "");
}

TEST_CASE("each preemption model runs everything, and kernel code is preempted under full only") {
    // A long system call (a copy of many pages) while a sleeper wakes.
    for (const char* model : {"none", "voluntary", "full", "lazy"}) {
        CAPTURE(model);
        for (const char* sched : {"cfs", "eevdf"}) {
            const test::Run r = test::run(std::string("machine { cpus 2 until 100ms preempt ") + model + " scheduler " + sched +
                                          " } process h x3 { forever { run 3ms } } process s x3 { forever { run 300us sleep 1700us } }");
            CHECK(r.k.check_invariants() == "");
            Nanos all = 0;
            for (const char* name : {"h/1", "h/2", "h/3", "s/1", "s/2", "s/3"}) all += r.k.cpu_time(test::task(r.k, name));
            CHECK(all > 195 * kMilli);
            CHECK(r.k.tasks[test::task(r.k, "s/1")].nvcsw > 20);
        }
    }
}

TEST_CASE("lazy: a wakeup waits for the return to user mode, but no longer than to the next tick") {
    const test::Run r = test::run("machine { until 200ms preempt lazy scheduler eevdf } process h { forever { run 50ms } } "
                                  "process s { forever { run 100us sleep 9300us } }");
    const Task& s = r.k.tasks[test::task(r.k, "s")];
    CHECK(s.nvcsw >= 19);
    CHECK(r.k.wait_time(test::task(r.k, "s")) <= 21 * 4 * kMilli);
}

TEST_CASE("sched_child_runs_first lets the child go before its parent") {
    const auto first = [](const char* setting) {
        const test::Run r = test::run(std::string("machine { costs ideal scheduler cfs ") + setting +
                                      " } process p { run 1ms fork kid { run 9ms } run 9ms }");
        const TaskId kid = test::task(r.k, "kid");
        return r.k.tasks[kid].first_run;
    };
    CHECK(first("sched_child_runs_first=1") == kMilli);    // at the fork
    CHECK(first("sched_child_runs_first=0") > kMilli);     // behind START_DEBIT
}

TEST_CASE("tunables go by the kernel's names too") {
    const auto print = [](const char* spec) {
        Scenario s = test::scenario("machine { cpus 2 until 80ms } process h x5 { forever { run 1ms sleep 300us } }");
        Text why;
        INFO(spec);
        REQUIRE_MESSAGE(choose_scheduler(s, spec, why), why.en);
        Kernel k = test::boot(s);
        k.run({}, nullptr);
        return k.fingerprint();
    };
    const std::uint64_t cfs = print("cfs,latency=8ms,min_granularity=1ms,wakeup_granularity=500us,start_debit=off");
    CHECK(cfs == print("cfs,latency_ns=8000000,min_granularity_ns=1000000,wakeup_granularity_ns=500000,START_DEBIT=off"));
    CHECK(cfs == print("cfs,sched_latency_ns=8000000,sched_min_granularity_ns=1ms,sched_wakeup_granularity_ns=500000,start_debit=off"));
    CHECK(cfs != print("cfs"));
    CHECK(print("cfs,gentle_sleepers=off") == print("cfs,GENTLE_FAIR_SLEEPERS=off"));
    CHECK(print("eevdf,base_slice=3ms") == print("eevdf,sched_base_slice_ns=3000000"));
    CHECK(print("eevdf,tunable_scaling=none") == print("eevdf,base_slice=700us"));
    CHECK(print("eevdf,WA_IDLE=on,migration_cost_ns=500000") == print("eevdf"));
    Scenario s = test::scenario("machine { } process p { run 1ms }");
    Text why;
    CHECK_FALSE(choose_scheduler(s, "cfs,sched_latenzy_ns=3", why));
    CHECK_FALSE(choose_scheduler(s, "eevdf,hrtick=maybe", why));
    CHECK_FALSE(choose_scheduler(s, "eevdf,nr_migrate=0", why));
}
