// Workqueues, the timer wheel and the life of kernel threads: what linux.md 3.5, 7.5 and 7.7 say,
// closed arithmetic, and small models.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "sim/kernel/timer_wheel.h"
#include "sim/scenario/generate.h"
#include "tests/machine.h"

using namespace sy;

namespace {

Kernel boot_text(const std::string& text) { return test::boot(test::scenario(text)); }
Kernel boot_random(std::uint64_t seed) { return test::boot(random_scenario(seed)); }

struct WorkRun {
    Kernel k;
    Log log;
    std::string fault;
};

// Runs to the end, looking at the rules every so many steps.
WorkRun run_all(const std::string& text, std::uint64_t every = 1) {
    WorkRun r{boot_text(text), {}, {}};
    while (r.k.step(&r.log, nullptr)) {
        if (r.k.steps() % every == 0 && r.fault.empty()) r.fault = r.k.check_invariants();
    }
    return r;
}

std::size_t count(const WorkRun& r, RecordKind kind) {
    return static_cast<std::size_t>(
        std::count_if(r.log.begin(), r.log.end(), [&](const Record& x) { return x.kind == kind; }));
}

TaskId named(const Kernel& k, std::string_view comm) {
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].comm_view() == comm) return id;
    return kNoTask;
}

// When each work began and ended, and who did it.
struct Span {
    std::uint32_t work;
    TaskId by;
    Nanos from, to = -1;
};
std::vector<Span> spans(const WorkRun& r) {
    std::vector<Span> out;
    for (const Record& x : r.log) {
        if (x.kind == RecordKind::workqueue_execute_start) out.push_back({x.a, x.task, x.at});
        if (x.kind != RecordKind::workqueue_execute_end) continue;
        for (Span& s : out)
            if (s.work == x.a && s.by == x.task && s.to < 0) s.to = x.at;
    }
    return out;
}

const std::string kOneCpu = "machine { cpus 1 hz 250 costs ideal until 200ms }\n";

}  // namespace

TEST_CASE("workers are named as Linux names them (linux.md 7.5)") {
    const WorkRun r = run_all(
        "machine { cpus 2 until 50ms }\n"
        "workqueue wide unbound workqueue urgent highpri workqueue safe reclaim\n"
        "work a { run 1ms sleep 1ms } work b on wide { run 1ms } work c on urgent { run 1ms } work "
        "d on safe { run 1ms }\n"
        "process p { queue a cpu 1 queue b queue c cpu 0 queue d run 5ms sleep 20ms }\n",
        7);
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    for (const char* name :
         {"kworker/0:0", "kworker/1:0", "kworker/0:0H", "kworker/1:0H", "kworker/1:1",
          "kworker/0:1H", "kworker/u4:0", "kworker/u4:1", "kworker/R-safe"})
        CHECK_MESSAGE(named(r.k, name) != kNoTask, name);
    const TaskId high = named(r.k, "kworker/0:1H");
    CHECK(r.k.tasks[high].nice == -20);
    CHECK(r.k.tasks[high].cpus_allowed == 1);
    // In /proc the queue of the last work stands behind the name.
    CHECK(kworker_long_name(r.k, named(r.k, "kworker/1:0")) == "kworker/1:0-events");
    CHECK(kworker_long_name(r.k, named(r.k, "kworker/u4:0")) == "kworker/u4:0-wide");
}

TEST_CASE("a pool runs one worker at a time, and another one when that sleeps (linux.md 7.5)") {
    SUBCASE("works that compute are done one after the other by one worker") {
        const WorkRun r = run_all(kOneCpu +
                                  "work a { run 2ms } work b { run 3ms } work c { run 4ms }\n"
                                  "process p { queue a queue b queue c sleep 100ms }\n");
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        const std::vector<Span> s = spans(r);
        REQUIRE(s.size() == 3);
        CHECK(s[0].to == 2 * kMilli);
        CHECK(s[1].from == 2 * kMilli);
        CHECK(s[1].to == 5 * kMilli);
        CHECK(s[2].from == 5 * kMilli);
        CHECK(s[2].to == 9 * kMilli);
        CHECK(s[0].by == s[1].by);
        CHECK(s[1].by == s[2].by);
        CHECK(r.k.wq.pools[0].nr_workers == 2);  // it and one in reserve
    }
    SUBCASE("a work that sleeps does not keep the next one waiting") {
        const WorkRun r = run_all(kOneCpu +
                                  "work a { run 2ms sleep 10ms run 1ms } work b { run 3ms }\n"
                                  "process p { queue a queue b sleep 100ms }\n");
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        const std::vector<Span> s = spans(r);
        REQUIRE(s.size() == 2);
        CHECK(s[1].from == 2 * kMilli);
        CHECK(s[1].to == 5 * kMilli);
        CHECK(s[0].to == 13 * kMilli);
        CHECK(s[0].by != s[1].by);
        CHECK(r.k.wq.pools[0].nr_workers == 3);
    }
    SUBCASE("as many workers as works asleep at once, and one in reserve") {
        for (int sleepers = 1; sleepers <= 6; ++sleepers) {
            std::string text = kOneCpu, queue;
            for (int i = 0; i < sleepers; ++i) {
                text += "work w" + std::to_string(i) + " { run 1ms sleep 50ms }\n";
                queue += "queue w" + std::to_string(i) + " ";
            }
            const WorkRun r = run_all(text + "process p { " + queue + "sleep 150ms }\n", 3);
            CHECK_MESSAGE(r.fault.empty(), r.fault);
            CHECK(r.k.wq.pools[0].nr_workers == sleepers + 1);
        }
    }
}

TEST_CASE(
    "a work that is queued while it waits is done once; while it runs, again, but never twice at "
    "once") {
    const WorkRun r = run_all(
        "machine { cpus 3 hz 250 costs ideal until 200ms }\n"
        "work a { run 4ms }\n"
        "process p cpu 0 { queue a cpu 1 queue a cpu 2 run 1ms queue a cpu 2 queue a cpu 0 sleep "
        "100ms }\n");
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    const std::vector<Span> s = spans(r);
    REQUIRE(s.size() == 2);  // the second call found it pending; the fourth too
    CHECK(s[1].from >= s[0].to);
    CHECK(s[0].by == s[1].by);  // non-reentrance: the pool that runs it gets it again
    CHECK(r.k.tasks[s[0].by].cpu == 1);
}

TEST_CASE("max_active bounds how many works of a queue are under way") {
    for (int most = 1; most <= 4; ++most) {
        std::string text =
            "machine { cpus 4 costs ideal until 300ms }\nworkqueue q unbound max_active " +
            std::to_string(most) + "\n";
        std::string calls;
        for (int i = 0; i < 8; ++i) {
            text += "work w" + std::to_string(i) + " on q { sleep 10ms }\n";
            calls += "queue w" + std::to_string(i) + " ";
        }
        const WorkRun r = run_all(text + "process p { " + calls + "sleep 250ms }\n", 5);
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        const std::vector<Span> s = spans(r);
        REQUIRE(s.size() == 8);
        Nanos last = 0;
        for (const Span& x : s) last = std::max(last, x.to);
        CHECK(last == 8 / most * 10 * kMilli + (8 % most != 0 ? 10 * kMilli : 0));
    }
}

TEST_CASE("flush waits for what is queued, cancel takes it back") {
    SUBCASE("flush_work") {
        const WorkRun r = run_all(
            kOneCpu + "work a { run 3ms sleep 6ms } process p { queue a flush a run 1ms }\n");
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        CHECK(r.k.tasks[named(r.k, "p")].exit_time == 10 * kMilli);
    }
    SUBCASE("flush_workqueue does not wait for what comes later") {
        const WorkRun r = run_all(
            "machine { cpus 2 costs ideal until 100ms }\n"
            "workqueue q unbound\nwork a on q { sleep 8ms } work b on q { sleep 30ms }\n"
            "process p { queue a flush q run 1ms } process late { sleep 4ms queue b sleep 60ms "
            "}\n");
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        CHECK(r.k.tasks[named(r.k, "p")].exit_time == 9 * kMilli);
    }
    SUBCASE("cancel of a delayed work, of a queued one, and of a running one") {
        const WorkRun r = run_all(
            "machine { cpus 2 hz 250 costs ideal until 200ms }\n"
            "work d { run 1ms } work q { run 1ms } work r { run 5ms }\n"
            "process p cpu 1 { queue d delay 40ms queue r cpu 0 queue q cpu 0 run 2ms cancel d "
            "cancel q cancel r run 1ms }\n");
        CHECK_MESSAGE(r.fault.empty(), r.fault);
        CHECK(spans(r).size() == 2);  // only r, which had begun, and the barrier behind it
        CHECK(count(r, RecordKind::timer_cancel) >= 1);
        CHECK(r.k.wq.works[1].canceled == 1);
        CHECK(r.k.tasks[named(r.k, "p")].exit_time == 6 * kMilli);  // it waited for r
    }
}

TEST_CASE(
    "delayed work comes with the first tick behind its delay, from the TIMER softirq (linux.md "
    "7.7)") {
    // queue at 0: expires = jiffies 0 + 10 ms rounded up to 3 ticks of 4 ms; level 0 rounds up once
    // more to tick 4.
    const WorkRun r =
        run_all(kOneCpu + "work d { run 1ms } process p { queue d delay 10ms sleep 100ms }\n");
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    const std::vector<Span> s = spans(r);
    REQUIRE(s.size() == 1);
    CHECK(s[0].from == 16 * kMilli);
    CHECK(count(r, RecordKind::timer_expire_entry) == 1);
    bool in_softirq = false;
    for (const Record& x : r.log) {
        if (x.kind == RecordKind::softirq_entry) in_softirq = x.a == 1;
        if (x.kind == RecordKind::softirq_exit) in_softirq = false;
        if (x.kind == RecordKind::workqueue_queue_work) CHECK(in_softirq);
    }
}

TEST_CASE("the timer wheel's levels and granularities (linux.md 7.7)") {
    // At HZ=1000: 1, 8, 64, 512 ms, 4 s, 32 s, 4 min, 34 min, 4 h.
    const std::uint64_t granularity[] = {1,      8,       64,        512,       4'096,
                                         32'768, 262'144, 2'097'152, 16'777'216};
    for (unsigned level = 0; level < kWheelLevels; ++level)
        CHECK(wheel_granularity(level) == granularity[level]);
    for (std::uint64_t clk : {std::uint64_t{0}, std::uint64_t{1'000}, std::uint64_t{123'457}}) {
        for (std::uint64_t distance = 0; distance < 3'000'000; distance += 1 + distance / 7) {
            std::uint64_t due = 0;
            const std::uint16_t bucket = wheel_index(clk + distance, clk, due);
            const unsigned level = bucket / 64;
            CHECK(due > clk + distance);  // never early
            CHECK(due - (clk + distance) <=
                  granularity[level]);  // late by one granularity at the most
            CHECK(due % granularity[level] == 0);
            CHECK((due / granularity[level]) % 64 == bucket % 64);
            if (level > 0) CHECK(distance >= 63 * granularity[level - 1]);  // LVL_START
            if (level + 1 < kWheelLevels) CHECK(distance < 63 * granularity[level]);
        }
    }
}

TEST_CASE("an idle CPU without ticks still runs its timers (NO_HZ)") {
    const WorkRun r = run_all(
        "machine { cpus 2 hz 100 costs linux until 3s }\n"
        "work d { run 1ms } process p cpu 1 { queue d cpu 0 delay 2s sleep 2900ms }\n");
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    const std::vector<Span> s = spans(r);
    REQUIRE(s.size() == 1);
    CHECK(s[0].from >= 2 * kSecond);
    CHECK(s[0].from <=
          2 * kSecond + 90 * kMilli);  // 200 ticks away: level 1, granularity 80 ms, and one tick
    CHECK(r.k.tasks[s[0].by].cpu == 0);
    CHECK(r.k.cpus[0].irq_timer < 10);  // not 300
}

TEST_CASE("idle workers beyond two are retired after 300 s (linux.md 7.5)") {
    const WorkRun r = run_all(
        "machine { cpus 1 until 700s }\n"
        "work a { sleep 5ms } work b { sleep 5ms } work c { sleep 5ms }\n"
        "process p { queue a queue b queue c sleep 680s }\n",
        50);
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    CHECK(r.k.wq.pools[0].nr_workers == 2);
    Nanos first_death = kNever;
    for (const Record& x : r.log)
        if (x.kind == RecordKind::sched_process_exit && r.k.tasks[x.a].is_kthread())
            first_death = std::min(first_death, x.at);
    CHECK(first_death >= 300 * kSecond);
    CHECK(first_death <= 335 * kSecond);  // 75 000 ticks away: level 4, granularity 16 s, twice
}

TEST_CASE("a rescuer works when no worker can be made within 10 ms") {
    const std::string scenario =
        "machine { cpus 1 hz 250 costs ideal until 400ms }\n"
        "workqueue safe reclaim\nwork a { sleep 200ms } work b on safe { run 1ms }\n"
        "process hog nice -20 arrive 2ms { run 150ms }\n"
        "process p { queue a sleep 1ms queue b sleep 300ms }\nat 0ms nice kthreadd 19\n";
    const WorkRun r = run_all(scenario, 5);
    CHECK_MESSAGE(r.fault.empty(), r.fault);
    CHECK(spans(r).size() == 2);
}

TEST_CASE("kthreadd makes, kthread_stop ends, and what is parked sleeps in P (linux.md 3.5)") {
    Kernel k = boot_text(
        "machine { cpus 2 costs ideal until 100ms }\n"
        "kthread pump cpu 1 { until_stopped { run 1ms sleep 1ms } }\n"
        "process p { run 1ms start pump sleep 9ms park pump sleep 10ms unpark pump sleep 10ms stop "
        "pump run 1ms }\n");
    Log log;
    const auto at = [&](Nanos when) {
        k.run({.time = when}, &log);
        return named(k, "pump");
    };
    CHECK(at(kMilli / 2) == kNoTask);
    TaskId pump = at(5 * kMilli);
    REQUIRE(pump != kNoTask);
    const Task& t = k.tasks[pump];
    CHECK(k.tasks[t.real_parent].pid == 2);
    CHECK(t.mm == kNoMm);
    CHECK((t.flags & pf::no_setaffinity) != 0);  // kthread_bind
    CHECK(t.cpus_allowed == 2);
    CHECK(t.nice == 0);
    at(15 * kMilli);
    CHECK(state_letter(k.tasks[pump].state, 0) == 'P');
    at(28 * kMilli);
    CHECK(state_letter(k.tasks[pump].state, 0) != 'P');
    at(40 * kMilli);
    CHECK_FALSE(k.tasks[pump].is_live);
    CHECK(k.check_invariants().empty());
}

TEST_CASE("a kernel thread that takes an address space counts as its user") {
    Kernel k = boot_text(
        "machine { cpus 1 costs ideal until 60ms }\n"
        "kthread helper { sleep 5ms use_mm app run 5ms unuse_mm sleep 40ms }\n"
        "process app { sleep 50ms }\n");
    std::string fault;
    bool borrowed = false;
    while (k.step(nullptr, nullptr)) {
        if (fault.empty()) fault = k.check_invariants();
        const TaskId helper = named(k, "helper"), app = named(k, "app");
        if (helper == kNoTask || app == kNoTask || k.tasks[helper].mm == kNoMm) continue;
        borrowed = true;
        CHECK(k.tasks[helper].mm == k.tasks[app].mm);
        if (k.mms[k.tasks[app].mm].users != 2) fault = "mm_users is not 2";
    }
    CHECK_MESSAGE(fault.empty(), fault);
    CHECK(borrowed);
}

TEST_CASE("random work: every rule after every step, and each queueing done once") {
    std::size_t works = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Kernel k = boot_random(seed);
        std::string fault;
        while (fault.empty() && k.steps() < 30'000 && k.step(nullptr, nullptr))
            fault = k.check_invariants();
        CHECK_MESSAGE(fault.empty(), fault);
        for (const WorkItem& w : k.wq.works) works += w.ended;
    }
    CHECK(works > 40);
}
