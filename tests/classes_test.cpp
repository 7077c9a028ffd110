// The scheduling classes around the fair one: stop, deadline, rt, and what happens when a task changes class. Expected
// values are worked out by hand from linux.md 1.7 and 6.6 to 6.7, with free steps.
#include <doctest/doctest.h>

#include <algorithm>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/kernel/context.h"
#include "sim/report/proc.h"
#include "sim/report/ps.h"

using namespace sy;

namespace {

std::string ideal(const std::string& settings, const std::string& body) {
    return "machine { costs ideal " + settings + " }\n" + body;
}
Nanos cpu(const test::Run& r, const char* name) { return r.k.cpu_time(test::task(r.k, name)); }

}  // namespace

TEST_CASE("FIFO: the higher priority preempts at once, an equal one waits") {
    const test::Run r = test::run(ideal("until 20ms", R"(
process A policy fifo 10 { run 8ms }
process B policy fifo 10 arrive 2ms { run 4ms }
process C policy fifo 20 arrive 3ms { run 2ms }
process N { run 4ms })"));
    // C preempts A at 3 ms; A stays at the head of its list, so B is next only after it.
    CHECK(test::picture(r, kMilli, 18) == "AAACCAAAAABBBBNNNN");
}

TEST_CASE("FIFO: sched_yield goes to the end of its own list, not to a lower one") {
    const test::Run r = test::run(ideal("until 20ms", R"(
process A policy fifo 10 { run 2ms  yield  run 2ms }
process B policy fifo 10 { run 3ms }
process N { run 2ms })"));
    CHECK(test::picture(r, kMilli, 9) == "AABBBAANN");
}

TEST_CASE("RR: a quantum of 100 ms, in whole ticks, among equals only") {
    for (const char* hz : {"100", "250", "1000"}) {
        const test::Run r = test::run(ideal(std::string("until 600ms hz ") + hz, R"(
process A policy rr 10 { run 1s }
process B policy rr 10 { run 1s }
process L policy rr 5 { run 1s })"));
        CHECK(test::picture(r, 100 * kMilli, 6) == "ABABAB");
        CHECK(cpu(r, "L") == 0);
    }
    const test::Run set = test::run(ideal("until 80ms hz 1000 scheduler cfs sched_rr_timeslice_ms=10", R"(
process A policy rr 10 { run 1s }
process B policy rr 10 { run 1s })"));
    CHECK(test::picture(set, 10 * kMilli, 8) == "ABABABAB");
    // A FIFO task of the same priority has no quantum: once it runs it stays.
    const test::Run mixed = test::run(ideal("until 600ms", R"(
process A policy rr 10 { run 1s }
process F policy fifo 10 { run 1s })"));
    CHECK(test::picture(mixed, 100 * kMilli, 6) == "AFFFFF");
}

TEST_CASE("throttling: 950 ms in a second under 6.1, checked at ticks; sched_rt_runtime_us=off lets FIFO have all") {
    const std::string body = "process F policy fifo 1 { run 10s } process N { run 10s }";
    const test::Run r = test::run(ideal("until 2s hz 250 scheduler cfs", body));
    // 950 ms are exceeded at the tick of 952; of the next second 2 ms were used already: 1950 again at 1948+4.
    CHECK(cpu(r, "N") == 96 * kMilli);
    const test::Run off = test::run(ideal("until 2s scheduler cfs sched_rt_runtime_us=off", body));
    CHECK(cpu(off, "N") == 0);
    const test::Run half = test::run(ideal("until 2s hz 1000 scheduler cfs sched_rt_runtime_us=500000", body));
    CHECK(cpu(half, "N") >= 995 * kMilli);
    CHECK(cpu(half, "N") <= 1'000 * kMilli);
}

TEST_CASE("the fair server steps in when real-time tasks starve normal ones, and only then") {
    const std::string body = "process F policy fifo 1 { run 10s } process N { run 10s }";
    const test::Run r = test::run(ideal("until 3s hz 1000 scheduler eevdf", body));
    CHECK(cpu(r, "N") >= 98 * kMilli);   // 50 ms a second at the most
    CHECK(cpu(r, "N") <= 156 * kMilli);
    const test::Run off = test::run(ideal("until 3s scheduler eevdf fair_server=off", body));
    CHECK(cpu(off, "N") == 0);
    // Normal tasks that get their 50 ms anyway do not preempt real-time ones.
    const test::Run fed = test::run(ideal("until 3s hz 1000 scheduler eevdf", R"(
process F policy fifo 1 { forever { run 8ms  sleep 2ms } } process N { run 10s })"));
    CHECK(cpu(fed, "F") == 2'400 * kMilli);
    CHECK(fed.k.tasks[test::task(fed.k, "F")].nivcsw == 0);
}

TEST_CASE("priorities of every policy as the kernel shows them") {
    // linux.md 1.7: field 18 of stat, rt_priority (40), policy (41); ps PRI, CLS, RTPRIO.
    const test::Run r = test::run(ideal("cpus 4 until 5ms", R"(
process n5 nice 5 { run 1s }
process f50 policy fifo 50 { run 1s }
process r99 policy rr 99 { run 1s }
process b policy batch { run 1s }
process i policy idle { run 1s }
process d policy deadline runtime 1ms period 10ms { run 1s })"));
    struct Expected {
        const char* name;
        int stat18, rt, policy, pri;
        const char* cls;
        int rtprio;   // -1: none
    };
    for (const Expected& e : {Expected{"n5", 25, 0, 0, 14, "TS", -1}, Expected{"f50", -51, 50, 1, 90, "FF", 50},
                              Expected{"r99", -100, 99, 2, 139, "RR", 99}, Expected{"b", 20, 0, 3, 19, "B", -1},
                              Expected{"i", 20, 0, 5, 19, "IDL", -1}, Expected{"d", -101, 0, 6, 140, "DLN", 0}}) {
        CAPTURE(e.name);
        const TaskId id = test::task(r.k, e.name);
        const Task& t = r.k.tasks[id];
        CHECK(t.prio - 100 == e.stat18);
        CHECK(t.rt_priority == e.rt);
        CHECK(static_cast<int>(t.policy) == e.policy);
        for (const PsRow& row : ps_rows(r.k)) {
            if (row.tid != t.pid) continue;
            CHECK(row.pri == e.pri);
            CHECK(std::string_view(row.cls) == e.cls);
            CHECK(row.rtprio.value_or(-1) == e.rtprio);
        }
    }
    CHECK(r.k.tasks[test::task(r.k, "i")].se.weight == 3);
}

TEST_CASE("a task changes class while it runs, waits and sleeps") {
    const test::Run r = test::run(ideal("hz 1000 until 60ms", R"(
process A { run 60ms }
process B { run 60ms }
process S { sleep 30ms  run 5ms }
at 10ms { chrt B fifo 5 }
at 20ms { chrt B normal }
at 25ms { chrt S rr 7 })"));
    // B alone from 10 to 20 ms; S, which fell asleep at 4 ms, comes as a real-time task and is not disturbed.
    CHECK(test::picture(r, kMilli, 60).substr(10, 10) == "BBBBBBBBBB");
    CHECK(test::picture(r, kMilli, 60).substr(34, 5) == "SSSSS");
    const Nanos a = cpu(r, "A"), b = cpu(r, "B");
    CHECK(a + b + cpu(r, "S") == 60 * kMilli);
    CHECK(b - a >= 4 * kMilli);   // what it got as a real-time task it keeps
    CHECK(b - a <= 13 * kMilli);
}

TEST_CASE("an inherited priority changes the class and is given back") {
    Kernel k = test::boot(test::scenario(ideal("hz 1000 until 60ms", R"(
process low nice 10 { run 40ms }
process high nice -10 { run 40ms })")));
    Log log;
    k.run({.time = 5 * kMilli}, &log);
    const TaskId low = test::task(k, "low");
    Ctx cx{k, k.cpus[0], &log, nullptr, kernel_text(), true};
    k.set_effective_prio(cx, low, 40);   // as rt_mutex_setprio does
    CHECK(k.tasks[low].sched_class == ClassId::rt);
    CHECK(k.tasks[low].normal_prio == 130);
    CHECK(k.sched->check(k.tasks, 0) == "");   // the rest of the rules would miss the waiter
    k.run({.time = 20 * kMilli}, &log);
    CHECK(k.cpu_time(low) >= 14 * kMilli);   // from 5 to 20 ms nobody else
    k.set_nice(cx, low, 5);                  // the nice value changes below the inherited priority
    CHECK(k.tasks[low].prio == 40);
    CHECK(k.tasks[low].normal_prio == 125);
    k.set_effective_prio(cx, low, k.tasks[low].normal_prio);
    CHECK(k.tasks[low].sched_class == ClassId::fair);
    CHECK(k.check_invariants() == "");
    k.run({}, &log);
    CHECK(k.check_invariants() == "");
}

TEST_CASE("deadline: nobody misses what was admitted, over random task sets") {
    // Jobs never need more than their runtime; implicit deadlines, total below 95 %: EDF meets all of them on one CPU.
    int jobs = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Random dice(seed);
        std::string body;
        double total = 0;
        const int n = static_cast<int>(dice.uniform(1, 6));
        std::vector<std::string> names;
        for (int i = 0; i < n; ++i) {
            const auto period = dice.uniform(4, 40);                              // ms
            const auto runtime = dice.uniform(200, period * 1'000 * 9 / (10 * n));   // us
            if (total + static_cast<double>(runtime) / (static_cast<double>(period) * 1'000) > 0.94) break;
            total += static_cast<double>(runtime) / (static_cast<double>(period) * 1'000);
            names.push_back("d" + std::to_string(i));
            body += "process " + names.back() + " policy deadline runtime " + std::to_string(runtime) + "us period " +
                    std::to_string(period) + "ms { every " + std::to_string(period) + "ms { run uniform(" +
                    std::to_string(runtime / 2) + "us, " + std::to_string(runtime - 20) + "us) } }\n";
        }
        body += "process hog { forever { run 10s } } process fifo policy fifo 99 { forever { run 3ms  sleep 1ms } }";
        CAPTURE(body);
        for (const char* scheduler : {"cfs", "eevdf"}) {
            const test::Run r = test::run(ideal(std::string("until 400ms scheduler ") + scheduler, body));
            CHECK(r.k.check_invariants() == "");
            for (const std::string& name : names) {
                const DlEntity* e = r.k.sched->dl().find(test::task(r.k, name));
                REQUIRE(e != nullptr);
                CHECK(e->misses == 0);
                CHECK(e->jobs >= 8);
                jobs += static_cast<int>(e->jobs);
            }
        }
    }
    MESSAGE(jobs << " jobs, none late");
}

TEST_CASE("deadline: a task that wants more is held to its budget, and harms nobody") {
    const test::Run r = test::run(ideal("hz 1000 until 1s", R"(
process good policy deadline runtime 4ms period 10ms { every 10ms { run 3900us } }
process greedy policy deadline runtime 3ms period 10ms { forever { run 10s } }
process hog { forever { run 10s } })"));
    const DlClass& dl = r.k.sched->dl();
    CHECK(dl.find(test::task(r.k, "good"))->misses == 0);
    CHECK(dl.find(test::task(r.k, "greedy"))->overruns >= 90);
    // Budgets end at ticks: the bandwidth is 30 % in the long run, one tick more at the most.
    CHECK(cpu(r, "greedy") >= 295 * kMilli);
    CHECK(cpu(r, "greedy") <= 304 * kMilli);
}

TEST_CASE("deadline: the admission test counts all CPUs and refuses with EBUSY; parameters out of order with EINVAL") {
    for (const int cpus : {1, 2, 4}) {
        CAPTURE(cpus);
        // Shares of 30 %: three fit on one CPU (90 <= 95), six on two (180 <= 190), twelve on four (360 <= 380).
        const std::string body = "process d x16 policy deadline runtime 3ms period 10ms { forever { run 1ms  sleep 9ms } }";
        const test::Run r = test::run(ideal("until 5ms cpus " + std::to_string(cpus), body));
        int admitted = 0;
        for (TaskId id = 0; id < r.k.tasks.size(); ++id)
            admitted += r.k.tasks[id].policy == Policy::deadline ? 1 : 0;
        CHECK(admitted == 3 * cpus);
    }
    DlClass dl({.cpus = 1});
    CHECK(dl.set_params(1, {.policy = Policy::deadline, .runtime = kMilli, .deadline = 2 * kMilli, .period = kMilli}) == -22);
    CHECK(dl.set_params(1, {.policy = Policy::deadline, .runtime = 1'000, .deadline = kMilli, .period = kMilli}) == -22);
    CHECK(dl.set_params(1, {.policy = Policy::deadline, .runtime = kMilli, .deadline = kMilli, .period = 5 * kSecond}) == -22);
    CHECK(dl.set_params(1, {.policy = Policy::deadline, .runtime = 19 * kMilli, .deadline = 20 * kMilli, .period = 20 * kMilli}) == 0);
    CHECK(dl.set_params(2, {.policy = Policy::deadline, .runtime = kMilli, .deadline = 20 * kMilli, .period = 20 * kMilli}) == -16);
    dl.drop(1);
    CHECK(dl.set_params(2, {.policy = Policy::deadline, .runtime = kMilli, .deadline = 20 * kMilli, .period = 20 * kMilli}) == 0);
}

TEST_CASE("deadline: sched_yield gives up the rest of the budget until the next period") {
    const test::Run r = test::run(ideal("hz 1000 until 40ms", R"(
process y policy deadline runtime 5ms period 10ms { forever { run 2ms  yield } }
process hog { forever { run 10s } })"));
    CHECK(test::picture(r, kMilli, 40) == "yyhhhhhhhhyyhhhhhhhhyyhhhhhhhhyyhhhhhhhh");
}

TEST_CASE("a deadline task cannot fork; with reset-on-fork its child is a normal task") {
    const test::Run no = test::run(ideal("until 50ms", "process d policy deadline runtime 3ms period 10ms { fork { run 1ms } run 1ms }"));
    CHECK(no.k.forks == 1);   // the arrival itself
    const test::Run yes = test::run(ideal("until 50ms",
        "process d policy deadline runtime 3ms period 10ms reset-on-fork { fork kid { run 1ms } run 1ms sleep 20ms }"));
    CHECK(yes.k.forks == 2);
    CHECK(yes.k.tasks[test::task(yes.k, "kid")].policy == Policy::normal);
}

TEST_CASE("two CPUs run the two most urgent real-time tasks") {
    const test::Run r = test::run(ideal("cpus 2 until 30ms", R"(
process A policy fifo 10 { run 10ms }
process B policy fifo 20 { run 10ms }
process C policy fifo 30 arrive 2ms { run 10ms })"));
    // C takes the CPU of A, the least urgent; A comes back where B ends, at 10 ms.
    CHECK(r.k.tasks[test::task(r.k, "C")].first_run == 2 * kMilli);
    CHECK(r.k.tasks[test::task(r.k, "C")].exit_time == 12 * kMilli);
    CHECK(r.k.tasks[test::task(r.k, "B")].exit_time == 10 * kMilli);
    CHECK(r.k.tasks[test::task(r.k, "A")].exit_time == 18 * kMilli);
}

TEST_CASE("EEVDF: custom slices give the run order of linux.md 6.5.8") {
    const test::Run r = test::run(ideal("hz 1000 scheduler eevdf base_slice=2800us run_to_parity=own until 30ms",
                                        "process A { run 1s } process B policy normal slice 1ms { run 1s }"));
    CHECK(test::picture(r, kMilli, 24) == "BAABBAAABBBAAABBBAAABBBA");
}

TEST_CASE("EEVDF: the lag stays within a slice and a tick, whatever the weights") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Random dice(seed);
        std::string body;
        for (int i = 0; i < 5; ++i)
            body += "process t" + std::to_string(i) + " nice " + std::to_string(dice.uniform(-6, 6)) + " { run 10s }\n";
        CAPTURE(body);
        Kernel k = test::boot(test::scenario(ideal("hz 1000 scheduler eevdf base_slice=3ms until 300ms", body)));
        for (int at = 1; at < 290; ++at) {
            k.run({.time = at * kMilli + 500 * kMicro}, nullptr);
            for (const QueueRow& row : k.sched->rows(k.tasks, 0, 10)) {
                // lag_i = w_i (V - v_i), in time of the whole CPU (Stoica and Abdel-Wahab 1995: below one request).
                const std::int64_t lag = row.lag * k.tasks[row.task].se.weight / 1024;
                CHECK(lag < 3 * kMilli + kMilli);
                CHECK(lag > -(3 * kMilli + kMilli));
            }
        }
    }
}
