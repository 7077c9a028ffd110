// The scheduling classes against numbers that others worked out: the kernel's own arithmetic and
// run orders (linux.md 6.4, from Linux 6.1), and worked examples of the textbooks.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/sched/class.h"
#include "sim/sched/fair_math.h"
#include "sim/sched/rbtree.h"

namespace {

using namespace sy;

SchedEntity entity(int nice) {
    SchedEntity se;
    const Weight w = weight_of_nice(nice);
    se.weight = w.weight;
    se.inv_weight = w.inverse;
    return se;
}

// The share of the period that a task gets: its weight in a queue of these nice levels.
std::uint64_t share(Nanos period, int nice, std::initializer_list<int> all) {
    Load load;
    for (int n : all) load.weight += weight_of_nice(n).weight;
    return calc_delta(static_cast<std::uint64_t>(period), weight_of_nice(nice).weight,
                      load.inverse());
}

// A class by itself: tasks with a nice value and a vruntime, hooks called by hand.
struct Bench {
    TaskTable tasks;
    std::unique_ptr<SchedClass> sched;
    Nanos now = 0;

    explicit Bench(const char* name, std::vector<std::pair<std::string, std::string>> settings = {},
                   int cpus = 1) {
        std::string error;
        sched = find_policy(name)->make({cpus, 250, std::move(settings)}, error);
        REQUIRE(sched != nullptr);
    }
    SchedView view() { return {tasks, 0, now}; }
    TaskId add(int nice, std::uint64_t vruntime) {
        const TaskId id = static_cast<TaskId>(tasks.size());
        Task& t = tasks.push_back();
        t.nice = static_cast<std::int16_t>(nice);
        t.se = entity(nice);
        t.se.vruntime = vruntime;
        t.pid = 100 - static_cast<Pid>(id);  // later ones have smaller pids
        return id;
    }
    TaskId queued(int nice, std::uint64_t vruntime) {
        const TaskId id = add(nice, vruntime);
        sched->enqueue(view(), id, Enqueue::fresh);
        return id;
    }
    TaskId start() {
        const TaskId id = sched->pick_next(view());
        sched->set_next(view(), id);
        return id;
    }
    void run_for(Nanos time, TaskId curr) {
        now += time;
        sched->update_curr(view(), curr);
    }
    std::int64_t number(const std::string& name) const {
        for (const auto& [key, value] : sched->numbers(0))
            if (key == name) return value;
        FAIL("no number " << name);
        return 0;
    }
};

std::string machine(const std::string& settings, const std::string& body) {
    return "machine { costs ideal " + settings + " }\n" + body;
}
Nanos exit_of(const test::Run& r, std::string_view name) {
    return r.k.tasks[test::task(r.k, name)].exit_time;
}
Nanos wait_of(const test::Run& r, std::string_view name) {
    return r.k.wait_time(test::task(r.k, name));
}
Nanos response_of(const test::Run& r, std::string_view name) {
    const Task& t = r.k.tasks[test::task(r.k, name)];
    return t.first_run - t.arrival;
}

}  // namespace

// --- CFS: linux.md 6.4 ---

TEST_CASE("vruntime advances as in the kernel") {
    // linux.md 6.4.2: what 1 ms of CPU time is worth.
    const std::pair<int, std::uint64_t> golden[] = {
        {-20, 11'536},  {-10, 107'247}, {-5, 328'099},   {-1, 801'879},    {0, 1'000'000},
        {1, 1'248'780}, {5, 3'056'716}, {10, 9'309'090}, {15, 28'444'444}, {19, 68'266'666}};
    for (const auto& g : golden) {
        CAPTURE(g.first);
        CHECK(calc_delta_fair(1'000'000, entity(g.first)) == g.second);
    }
    CHECK(weight_of_nice(-20).weight == 88'761);  // linux.md 6.4.1
    CHECK(weight_of_nice(19).weight == 15);
    CHECK(weight_of_nice(19).inverse == 286'331'153);
}

TEST_CASE("slices are those of the kernel") {
    // linux.md 6.4.4: one CPU, a period of 6 ms; eight CPUs, a factor of 4.
    CHECK(share(6 * kMilli, 0, {0, 0}) == 2'999'998);
    CHECK(share(6 * kMilli, 0, {0, 5}) == 4'520'971);
    CHECK(share(6 * kMilli, 5, {0, 5}) == 1'479'028);
    CHECK(share(6 * kMilli, 0, {0, 0, 5}) == 2'578'262);
    CHECK(share(6 * kMilli, 5, {0, 0, 5}) == 843'474);
    CHECK(share(24 * kMilli, 0, {0, 0}) == 11'999'994);
    CHECK(share(24 * kMilli, 0, {0, 5}) == 18'083'885);
    CHECK(share(24 * kMilli, 5, {0, 5}) == 5'916'114);
}

TEST_CASE("the tunables grow with the number of CPUs") {
    // linux.md 6.4.3: 1 + floor(log2(min(ncpus, 8))).
    const std::pair<int, int> factors[] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {7, 3}, {8, 4}, {64, 4}};
    for (const auto& f : factors) {
        CAPTURE(f.first);
        const int factor = f.second;
        const Bench b("cfs", {}, f.first);
        CHECK(b.number("sched_latency") == 6 * kMilli * factor);
        CHECK(b.number("min_granularity") == 750 * kMicro * factor);
        CHECK(b.number("wakeup_granularity") == kMilli * factor);
    }
}

TEST_CASE("CFS run orders are those of the kernel") {
    // linux.md 6.4.10; one letter a tick.
    const auto order = [](const std::string& settings, const std::string& body, Nanos tick,
                          std::size_t letters) {
        return test::picture(test::run(machine(settings, body)), tick, letters);
    };
    CHECK(order("hz 250", "process A { run 100ms } process B { run 100ms }", 4 * kMilli, 16) ==
          "ABABABABABABABAB");
    CHECK(order("hz 250", "process A { run 100ms } process B nice 5 { run 100ms }", 4 * kMilli,
                24) == "AABAABAAABAAABAAABAAABAA");
    CHECK(order("hz 250", "process A { run 99ms } process B { run 99ms } process C { run 99ms }",
                4 * kMilli, 12) == "ABCABCABCABC");
    CHECK(order("hz 250", "process A nice -5 { run 100ms } process B { run 100ms }", 4 * kMilli,
                24) == "AABAABAAABAAABAAABAAABAA");
    // What a machine of two or three CPUs would have: everything doubled, and a tick each
    // millisecond.
    const std::string twice =
        "hz 1000 scheduler cfs latency=12ms min_granularity=1500us wakeup_granularity=2ms";
    CHECK(order(twice, "process A { run 99ms } process B { run 99ms } process C { run 99ms }",
                kMilli, 24) == "AAAABBBBCCCCAAAABBBBCCCC");
    CHECK(order(twice, "process A { run 99ms } process B nice 5 { run 99ms }", kMilli, 36) ==
          "AAAAAAAAAABBBBAAAAAAAAAABBBAAAAAAAAA");
}

TEST_CASE("after 24 ticks the two vruntimes are the kernel's to the nanosecond") {
    // linux.md 6.4.10, second row: A has had 18 ticks, B 6.
    Kernel k = test::boot(test::scenario(
        machine("hz 250 until 200ms", "process A { run 1s } process B nice 5 { run 1s }")));
    k.run({.time = 96 * kMilli}, nullptr);
    CHECK(k.cpu_time(test::task(k, "A")) == 18 * 4 * kMilli);
    CHECK(k.cpu_time(test::task(k, "B")) == 6 * 4 * kMilli);
    CHECK(k.tasks[test::task(k, "A")].se.vruntime == 72'000'000);
    CHECK(k.tasks[test::task(k, "B")].se.vruntime == 73'361'190);
}

TEST_CASE("CPU time is shared in the ratio of the weights, within one period") {
    struct Mix {
        std::vector<int> nice;
        int hz;
    };
    for (const Mix& mix : {Mix{{0, 5}, 1000}, Mix{{0, 0, 0}, 250}, Mix{{-5, 0, 5}, 1000},
                           Mix{{0, 10}, 1000}, Mix{{-10, 3, 3}, 250}}) {
        std::string body;
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < mix.nice.size(); ++i) {
            body += "process t" + std::to_string(i) + " nice " + std::to_string(mix.nice[i]) +
                    " { run 100s }\n";
            total += weight_of_nice(mix.nice[i]).weight;
        }
        CAPTURE(body);
        const Nanos length = 10 * kSecond;
        const test::Run r = test::run(machine("until 10s hz " + std::to_string(mix.hz), body));
        for (std::size_t i = 0; i < mix.nice.size(); ++i) {
            const Nanos fair = static_cast<Nanos>(static_cast<std::uint64_t>(length) *
                                                  weight_of_nice(mix.nice[i]).weight / total);
            const Nanos got = r.k.cpu_time(test::task(r.k, "t" + std::to_string(i)));
            // Ticks end turns, so a period is rounded up to whole ticks: one for each task.
            const Nanos tick = kSecond / mix.hz;
            CHECK(std::abs(got - fair) <=
                  6 * kMilli + static_cast<Nanos>(mix.nice.size() + 1) * tick);
        }
    }
}

TEST_CASE("a sleeper is placed half a period to the left, and never gains by sleeping long") {
    // linux.md 6.4.6: max(own v, min_vruntime - latency / 2); 3 ms on one CPU.
    for (const bool gentle : {true, false}) {
        Bench b("cfs", {{"gentle_sleepers", gentle ? "on" : "off"}});
        const TaskId sleeper = b.add(0, 0);
        const TaskId late = b.add(0, 99'500'000);
        b.queued(0, 0);
        const TaskId running = b.start();
        b.run_for(100 * kMilli, running);
        CHECK(b.number("min_vruntime") == 100'000'000);
        b.sched->enqueue(b.view(), sleeper, Enqueue::wakeup);
        CHECK(b.tasks[sleeper].se.vruntime == (gentle ? 97'000'000u : 94'000'000u));
        b.sched->enqueue(b.view(), late, Enqueue::wakeup);
        CHECK(b.tasks[late].se.vruntime == 99'500'000);  // it is ahead of that place already
    }
}

TEST_CASE("a woken task preempts if it lags by more than a wakeup granularity") {
    // linux.md 6.4.8: curr.v - wakee.v > calc_delta_fair(1 ms, wakee); for nice 5 that is 3,056,716
    // ns.
    const auto preempts = [](int nice, std::uint64_t lag) {
        Bench b("cfs");
        b.queued(0, 100'000'000);
        const TaskId curr = b.start();
        const TaskId wakee = b.queued(nice, 100'000'000 - lag);
        return b.sched->check_preempt(b.view(), curr, wakee);
    };
    CHECK_FALSE(preempts(0, 1'000'000));
    CHECK(preempts(0, 1'000'001));
    CHECK_FALSE(preempts(5, 3'056'716));
    CHECK(preempts(5, 3'056'717));
    CHECK_FALSE(preempts(-5, 328'099));
    CHECK(preempts(-5, 328'100));
}

TEST_CASE("a forked child starts one slice behind") {
    // linux.md 6.4.6, START_DEBIT: max(parent's v, min_vruntime + vslice); the slice of the second
    // of two is 2,999,998.
    Bench b("cfs");
    b.queued(0, 0);
    const TaskId parent = b.start();
    const TaskId child = b.add(0, 0);
    b.sched->fork(b.view(), parent, child);
    CHECK(b.tasks[child].se.vruntime == 2'999'998);
    Bench plain("cfs", {{"start_debit", "off"}});
    plain.queued(0, 7'000);
    const TaskId p = plain.start();
    const TaskId c = plain.add(0, 0);
    plain.sched->fork(plain.view(), p, c);
    CHECK(plain.tasks[c].se.vruntime == 7'000);
}

TEST_CASE("equal vruntimes: first come, first served, or by pid if asked") {
    // linux.md 6.4.9: a new node with an equal key goes right.
    const auto order = [](const char* tie) {
        Bench b("cfs", {{"tie", tie}});
        for (int i = 0; i < 5; ++i) b.queued(0, 42);
        std::vector<TaskId> out;
        for (int i = 0; i < 5; ++i) {
            out.push_back(b.start());
            b.sched->dequeue(b.view(), out.back(), Dequeue::sleep);
        }
        return out;
    };
    CHECK(order("fifo") == std::vector<TaskId>{0, 1, 2, 3, 4});
    CHECK(order("pid") == std::vector<TaskId>{4, 3, 2, 1, 0});  // later ones have smaller pids
    const test::Run r = test::run(machine(
        "scheduler cfs tie=pid", "process b pid 700 { run 1ms } process a pid 600 { run 1ms }"));
    CHECK(exit_of(r, "a") < exit_of(r, "b"));
}

TEST_CASE("sched_yield lets the second one run once") {
    // linux.md 6.4.9: yield marks the skip buddy and does not change vruntime.
    Bench b("cfs");
    b.queued(0, 1'000);
    b.queued(0, 2'000);
    const TaskId curr = b.start();
    b.sched->yield(b.view(), curr);
    CHECK(b.tasks[curr].se.vruntime == 1'000);
    b.sched->put_prev(b.view(), curr);
    const TaskId second = b.start();
    CHECK(second != curr);
    b.sched->yield(b.view(), second);   // now the other one is to be skipped
    b.sched->put_prev(b.view(), second);
    CHECK(b.start() == curr);
}

TEST_CASE("min_vruntime never goes back, whatever happens to the queue") {
    // linux.md 12, assertion 3.
    for (std::uint64_t seed = 1; seed < 30; ++seed) {
        Random dice(seed);
        Bench b("cfs");
        std::vector<TaskId> all, queued;
        TaskId curr = kNoTask;
        for (int i = 0; i < 12; ++i)
            all.push_back(b.add(static_cast<int>(dice.uniform(-20, 19)), 0));
        std::int64_t last = 0;
        for (int i = 0; i < 600; ++i) {
            b.now += dice.uniform(0, 3 * kMilli);
            const TaskId t = all[static_cast<std::size_t>(dice.uniform(0, 11))];
            const auto at = std::find(queued.begin(), queued.end(), t);
            if (dice.uniform(0, 2) == 0 || curr == kNoTask) {
                if (curr != kNoTask) {
                    b.sched->put_prev(b.view(), curr);
                    queued.push_back(curr);
                }
                curr = queued.empty() ? kNoTask : b.start();
                queued.erase(std::remove(queued.begin(), queued.end(), curr), queued.end());
            }
            if (t == curr) {
                b.sched->dequeue(b.view(), t, Dequeue::sleep);
                curr = kNoTask;
            } else if (at != queued.end() &&
                       std::find(queued.begin(), queued.end(), t) != queued.end()) {
                b.sched->dequeue(b.view(), t, Dequeue::sleep);
                queued.erase(std::find(queued.begin(), queued.end(), t));
            } else if (std::find(queued.begin(), queued.end(), t) == queued.end()) {
                b.sched->enqueue(b.view(), t, Enqueue::wakeup);
                queued.push_back(t);
            }
            CHECK(b.number("min_vruntime") >= last);
            last = b.number("min_vruntime");
            REQUIRE(b.sched->check(b.tasks, 0) == "");
        }
    }
}

TEST_CASE("the red-black tree is a sorted list that is never lopsided") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Random dice(seed);
        const bool wrap = seed % 2 == 0;  // vruntime may wrap round: only differences count
        TaskTable tasks;
        for (TaskId id = 0; id < 120; ++id) {
            const auto v =
                static_cast<std::uint64_t>(dice.uniform(0, seed % 3 == 0 ? 5 : 1'000'000));
            tasks.push_back().se.vruntime = wrap ? v - 500'000 : v;
        }
        RbTree tree;
        std::vector<TaskId> sorted;  // the reference
        for (int i = 0; i < 1'000; ++i) {
            const auto id = static_cast<TaskId>(dice.uniform(0, 119));
            const auto here = std::find(sorted.begin(), sorted.end(), id);
            if (here != sorted.end()) {
                tree.erase(tasks, id, ByVruntime{});
                sorted.erase(here);
            } else {
                tree.insert(tasks, id, ByVruntime{});
                const auto place = std::find_if(sorted.begin(), sorted.end(), [&](TaskId other) {
                    return static_cast<std::int64_t>(tasks[other].se.vruntime -
                                                     tasks[id].se.vruntime) > 0;
                });
                sorted.insert(place, id);
            }
            REQUIRE(tree.valid(tasks, ByVruntime{}));
            REQUIRE(tree.size() == sorted.size());
            REQUIRE(tree.leftmost() == (sorted.empty() ? kNoTask : sorted.front()));
            if (i % 10 != 0) continue;
            std::vector<TaskId> walked;
            for (TaskId t = tree.leftmost(); t != kNoTask; t = RbTree::next(tasks, t))
                walked.push_back(t);
            REQUIRE(walked == sorted);
        }
    }
}

// --- round robin: worked examples ---

TEST_CASE("round robin: Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.3") {
    // P1, P2, P3 with bursts of 24, 3 and 3 ms, quantum 4 ms: waiting times 6, 4 and 7, on average
    // 17/3 = 5.66 ms.
    const test::Run r =
        test::run(machine("scheduler rr quantum=4ms",
                          "process P1 { run 24ms } process P2 { run 3ms } process P3 { run 3ms }"));
    CHECK(wait_of(r, "P1") == 6 * kMilli);
    CHECK(wait_of(r, "P2") == 4 * kMilli);
    CHECK(wait_of(r, "P3") == 7 * kMilli);
    CHECK((wait_of(r, "P1") + wait_of(r, "P2") + wait_of(r, "P3")) * 3 == 17 * kMilli * 3);
    CHECK(exit_of(r, "P1") == 30 * kMilli);
    CHECK(r.k.switches() == 5);  // idle-P1, P1-P2, P2-P3, P3-P1, P1-idle: P1 alone is not switched
}

TEST_CASE("round robin: Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 7") {
    // Three jobs of 5 s that arrive together, a slice of 1 s: response 0, 1, 2; turnaround 13, 14,
    // 15 (average 14).
    const test::Run r =
        test::run(machine("scheduler rr quantum=1s",
                          "process A { run 5s } process B { run 5s } process C { run 5s }"));
    CHECK(response_of(r, "A") == 0);
    CHECK(response_of(r, "B") == 1 * kSecond);
    CHECK(response_of(r, "C") == 2 * kSecond);
    CHECK(exit_of(r, "A") == 13 * kSecond);
    CHECK(exit_of(r, "B") == 14 * kSecond);
    CHECK(exit_of(r, "C") == 15 * kSecond);
}

TEST_CASE("round robin: Stallings, Operating Systems, table 9.4 and figure 9.5") {
    // A (arrives 0, needs 3), B (2, 6), C (4, 4), D (6, 5), E (8, 2); one who arrives as a quantum
    // ends queues first.
    const std::string body =
        "process A { run 3ms } process B arrive 2ms { run 6ms } process C arrive 4ms { run 4ms }"
        "process D arrive 6ms { run 5ms } process E arrive 8ms { run 2ms }";
    const auto finish = [&](const std::string& quantum) {
        const test::Run r = test::run(machine("scheduler rr quantum=" + quantum, body));
        std::vector<Nanos> out;
        for (const char* name : {"A", "B", "C", "D", "E"}) out.push_back(exit_of(r, name) / kMilli);
        return out;
    };
    CHECK(finish("1ms") == std::vector<Nanos>{4, 18, 17, 20, 15});
    CHECK(finish("4ms") == std::vector<Nanos>{3, 17, 11, 20, 19});
}

TEST_CASE(
    "round robin: who arrives as a quantum ends is first, or the expired one if the scenario says "
    "so") {
    const std::string body = "process A { run 4ms } process B arrive 2ms { run 2ms }";
    const test::Run first = test::run(machine("scheduler rr quantum=2ms", body));
    CHECK(test::picture(first, kMilli, 6) == "AABBAA");
    const test::Run expired =
        test::run(machine("scheduler rr quantum=2ms tie=expired-first", body));
    CHECK(test::picture(expired, kMilli, 6) == "AAAABB");
    // The same for one who wakes up at that moment: S sleeps till 2 ms. A and C share the CPU, so
    // the order shows.
    const std::string sleeper =
        "process S { sleep 2ms run 1ms } process A { run 4ms } process C arrive 1ms { run 2ms }";
    CHECK(test::picture(test::run(machine("scheduler rr quantum=2ms", sleeper)), kMilli, 7) ==
          "AACCSAA");
    const std::string both =
        "process S { sleep 4ms run 1ms } process A { run 6ms } process C arrive 1ms { run 2ms }";
    // At 4 ms C's quantum ends exactly as C is done: it leaves, whatever the rule.
    CHECK(test::picture(test::run(machine("scheduler rr quantum=2ms", both)), kMilli, 9) ==
          "AACCAASAA");
}

TEST_CASE("round robin: a task that ends with its quantum has ended") {
    const test::Run r = test::run(
        machine("scheduler rr quantum=4ms", "process A { run 4ms } process B { run 8ms }"));
    CHECK(exit_of(r, "A") == 4 * kMilli);
    CHECK(exit_of(r, "B") == 12 * kMilli);
    CHECK(r.k.tasks[test::task(r.k, "A")].nivcsw == 0);  // nothing was taken from it
    CHECK(r.k.tasks[test::task(r.k, "B")].nivcsw == 0);
}

TEST_CASE(
    "round robin: who sleeps gives the rest of its quantum away and comes back with a full one") {
    // By hand: A 0-3, asleep 3-5; B 3-7 (its quantum), A 7-10, B 10-16.
    const test::Run r =
        test::run(machine("scheduler rr quantum=4ms",
                          "process A { run 3ms sleep 2ms run 3ms } process B { run 10ms }"));
    CHECK(test::picture(r, kMilli, 16) == "AAABBBBAAABBBBBB");
    CHECK(wait_of(r, "A") == 2 * kMilli);
    CHECK(wait_of(r, "B") == 6 * kMilli);
    // A task that wakes in the middle of a quantum has a whole one: 4 ms, not what was left of the
    // first.
    const test::Run full =
        test::run(machine("scheduler rr quantum=4ms",
                          "process A { run 3ms sleep 1ms run 6ms } process B { run 10ms }"));
    CHECK(test::picture(full, kMilli, 19) == "AAABBBBAAAABBBBAABB");
}

TEST_CASE("round robin on two CPUs: each has its line") {
    // Newcomers go to the CPU with the shortest line, the lower number first: A and C share CPU 0,
    // B has CPU 1. When B is done CPU 1 takes C over: it does not stay idle while C waits.
    const test::Run r =
        test::run(machine("cpus 2 scheduler rr quantum=2ms",
                          "process A { run 4ms } process B { run 4ms } process C { run 4ms }"));
    CHECK(test::picture(r, kMilli, 8, 0) == "AACCAA..");
    CHECK(test::picture(r, kMilli, 8, 1) == "BBBBCC..");
    CHECK(wait_of(r, "A") == 2 * kMilli);
    CHECK(wait_of(r, "B") == 0);
    CHECK(wait_of(r, "C") == 2 * kMilli);
}

TEST_CASE("round robin takes no notice of nice") {
    const test::Run r =
        test::run(machine("scheduler rr quantum=2ms",
                          "process A nice -20 { run 6ms } process B nice 19 { run 6ms }"));
    CHECK(test::picture(r, kMilli, 12) == "AABBAABBAABB");
}
