// The textbook policies against the textbooks: worked examples by their printed numbers, small
// reference models on random jobs, and what must hold of any policy on any number of CPUs.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/sched/class.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

struct Figures {
    Nanos wait = 0, response = 0, turnaround = 0;
    friend bool operator==(const Figures&, const Figures&) = default;
};
Figures of(const test::Run& r, std::string_view name) {
    const Task& t = r.k.tasks[test::task(r.k, name)];
    return {t.run_delay, t.first_run - t.arrival, t.exit_time - t.arrival};
}
std::vector<Nanos> waits(const test::Run& r, const std::vector<std::string>& names) {
    std::vector<Nanos> out;
    for (const std::string& n : names) out.push_back(of(r, n).wait / ms);
    return out;
}
std::vector<Nanos> turnarounds(const test::Run& r, const std::vector<std::string>& names) {
    std::vector<Nanos> out;
    for (const std::string& n : names) out.push_back(of(r, n).turnaround / ms);
    return out;
}
test::Run ideal(const std::string& scheduler, const std::string& jobs) {
    return test::run("machine { scheduler " + scheduler + " costs ideal }\n" + jobs);
}
using Ns = std::vector<Nanos>;

}  // namespace

// Silberschatz, Galvin, Gagne, Operating System Concepts, 10th edition, 5.3.
TEST_CASE("Silberschatz: first come, first served") {
    const std::vector<std::string> p = {"P1", "P2", "P3"};
    CHECK(waits(ideal("fcfs",
                      "process P1 { run 24ms } process P2 { run 3ms } process P3 { run 3ms }"),
                p) == Ns{0, 24, 27});
    CHECK(waits(ideal("fcfs",
                      "process P2 { run 3ms } process P3 { run 3ms } process P1 { run 24ms }"),
                p) == Ns{6, 0, 3});
}

TEST_CASE("Silberschatz: shortest job first, waiting 3, 16, 9, 0") {
    const auto r = ideal("sjf",
                         "process P1 { run 6ms } process P2 { run 8ms } process P3 { run 7ms } "
                         "process P4 { run 3ms }");
    CHECK(waits(r, {"P1", "P2", "P3", "P4"}) == Ns{3, 16, 9, 0});
}

TEST_CASE("Silberschatz: shortest remaining time first, average waiting 6.5") {
    const auto r = ideal("srtf",
                         "process P1 { run 8ms } process P2 arrive 1ms { run 4ms } "
                         "process P3 arrive 2ms { run 9ms } process P4 arrive 3ms { run 5ms }");
    CHECK(waits(r, {"P1", "P2", "P3", "P4"}) == Ns{9, 0, 15, 2});
    CHECK(test::picture(r, ms, 26) == "PPPPPPPPPPPPPPPPPPPPPPPPPP");
}

TEST_CASE("Silberschatz: priorities, average waiting 8.2") {
    const auto r = ideal("priority",
                         "process P1 priority 3 { run 10ms } process P2 priority 1 { run 1ms } "
                         "process P3 priority 4 { run 2ms } process P4 priority 5 { run 1ms } "
                         "process P5 priority 2 { run 5ms }");
    CHECK(waits(r, {"P1", "P2", "P3", "P4", "P5"}) == Ns{6, 0, 16, 18, 1});
}

TEST_CASE("Silberschatz: priorities with round robin, quantum 2") {
    // Figure in 5.3.4: P4 0-7, P2 P3 in turns 7-16, P1 P5 in turns 16-27.
    const auto r = ideal("priority quantum=2ms",
                         "process A priority 3 { run 4ms } process B priority 2 { run 5ms } "
                         "process C priority 2 { run 8ms } process D priority 1 { run 7ms } "
                         "process E priority 3 { run 3ms }");
    CHECK(test::picture(r, ms, 27) == "DDDDDDDBBCCBBCCBCCCCAAEEAAE");
}

// Stallings, Operating Systems, 9th edition, table 9.5: A 0/3, B 2/6, C 4/4, D 6/5, E 8/2.
TEST_CASE("Stallings: the five processes, turnaround of each policy") {
    const std::string jobs =
        "process A { run 3ms } process B arrive 2ms { run 6ms } process C arrive 4ms { run 4ms } "
        "process D arrive 6ms { run 5ms } process E arrive 8ms { run 2ms }";
    const std::vector<std::string> p = {"A", "B", "C", "D", "E"};
    CHECK(turnarounds(ideal("fcfs", jobs), p) == Ns{3, 7, 9, 12, 12});
    CHECK(turnarounds(ideal("rr quantum=1ms", jobs), p) == Ns{4, 16, 13, 14, 7});
    CHECK(turnarounds(ideal("rr quantum=4ms", jobs), p) == Ns{3, 15, 7, 14, 11});
    CHECK(turnarounds(ideal("sjf", jobs), p) == Ns{3, 7, 11, 14, 3});   // SPN
    CHECK(turnarounds(ideal("srtf", jobs), p) == Ns{3, 13, 4, 14, 2});  // SRT
    CHECK(turnarounds(ideal("hrrn", jobs), p) == Ns{3, 7, 9, 14, 7});
}

// OSTEP, chapters 7 to 9.
TEST_CASE("Three Easy Pieces: FIFO, SJF, STCF") {
    const std::vector<std::string> p = {"A", "B", "C"};
    const std::string three =
        "process A { run 100ms } process B { run 10ms } process C { run 10ms }";
    CHECK(turnarounds(ideal("fcfs", three), p) == Ns{100, 110, 120});
    CHECK(turnarounds(ideal("sjf", three), p) == Ns{120, 10, 20});
    const std::string late =
        "process A { run 100ms } process B arrive 10ms { run 10ms } process C arrive 10ms { run "
        "10ms }";
    CHECK(turnarounds(ideal("sjf", late), p) == Ns{100, 100, 110});
    CHECK(turnarounds(ideal("srtf", late), p) == Ns{120, 10, 20});
}

TEST_CASE("Three Easy Pieces: MLFQ, one long job sinks, a short one comes in above it") {
    // Figures 8.2 and 8.3: quantum 10.
    const auto r = ideal("mlfq", "process A { run 180ms } process B arrive 100ms { run 20ms }");
    CHECK(test::picture(r, 10 * ms, 20) == "AAAAAAAAAABBAAAAAAAA");
    CHECK(of(r, "B") == Figures{0, 0, 20 * ms});
}

TEST_CASE("Three Easy Pieces: MLFQ, gaming works by the old rule only") {
    const std::string jobs =
        "process A { run 500ms } process B arrive 50ms { repeat 30 { run 9ms sleep 1ms } }";
    const auto share_of_b = [&](const std::string& rule) {
        const auto r = test::run("machine { scheduler mlfq rule=" + rule +
                                 " costs ideal until 250ms }\n" + jobs);
        return r.k.cpu_time(test::task(r.k, "B"));
    };
    CHECK(share_of_b("old") == 180 * ms);  // 9 of each 10 ms
    // Every turn and every sleep is a whole number of milliseconds, so all that anybody gets is
    // one, too.
    CHECK(share_of_b("new") < 130 * ms);
    CHECK(share_of_b("new") % ms == 0);
}

TEST_CASE("Three Easy Pieces: MLFQ, a boost ends starvation") {
    // Figure 8.4: two interactive jobs keep the CPU busy from 100 on.
    const auto cpu = [&](const std::string& boost) {
        const auto r = test::run("machine { scheduler mlfq rule=old boost=" + boost +
                                 " costs ideal until 400ms }\nprocess L { run 400ms } "
                                 "process S x2 arrive 100ms { forever { run 4ms sleep 4ms } }");
        return r.k.cpu_time(test::task(r.k, "L"));
    };
    CHECK(cpu("off") == 100 * ms);
    CHECK(cpu("50ms") >= 130 * ms);
}

TEST_CASE("Three Easy Pieces: stride with 100, 50 and 250 tickets") {
    // Figure 9.3.
    const auto r = ideal("stride quantum=1ms",
                         "process A tickets 100 { run 40ms } process B tickets 50 { run 20ms } "
                         "process C tickets 250 { run 100ms }");
    CHECK(test::picture(r, ms, 8) == "ABCCCACC");
    // Each period of 8 has 2, 1 and 5 turns.
    CHECK(test::picture(r, ms, 16).substr(8) == "ABCCCACC");
}

TEST_CASE("lottery: shares follow the tickets, within four standard deviations") {
    const auto r = test::run(
        "machine { scheduler lottery quantum=1ms costs ideal until 4s seed 3 }\n"
        "process A tickets 75 { forever { run 10s } } process B tickets 25 { forever { run 10s } "
        "}");
    const double n = 4000, share = static_cast<double>(r.k.cpu_time(test::task(r.k, "A"))) / ms;
    CHECK(std::abs(share - 0.75 * n) < 4 * 27.4);  // sqrt(4000 * 0.75 * 0.25) = 27.4
}

TEST_CASE("ageing ends starvation") {
    const std::string jobs =
        "process low priority 5 { run 10ms } process high priority 1 { run 400ms }";
    const auto starved = ideal("priority", jobs);
    CHECK(of(starved, "low").response == 400 * ms);
    const auto aged = ideal("priority ageing=10ms", jobs);
    // After 50 ms it counts 0, less than 1; the tick at 52 ms notices.
    CHECK(of(aged, "low").response == 52 * ms);
}

// --- reference models ---

namespace {

struct Job {
    Nanos arrival, burst;
};
std::vector<Job> random_jobs(std::uint64_t seed, int n) {
    Random rng(seed);
    std::vector<Job> jobs;
    Nanos at = 0;
    for (int i = 0; i < n; ++i) {
        jobs.push_back({at, rng.uniform(1, 12) * ms});
        at += rng.uniform(0, 8) * ms;
    }
    return jobs;
}
std::string scenario_of(const std::vector<Job>& jobs) {
    std::string out;
    for (std::size_t i = 0; i < jobs.size(); ++i)
        out += "process j" + std::to_string(i) + " arrive " + std::to_string(jobs[i].arrival) +
               "ns { run " + std::to_string(jobs[i].burst) + "ns }\n";
    return out;
}
// Who is finished when, by the simplest simulation there is: a millisecond at a time.
// `better(i, j, now, left)`: i goes before j; earlier jobs win ties.
using Better = std::function<bool(std::size_t, std::size_t, Nanos, const std::vector<Nanos>&)>;
std::vector<Nanos> reference(const std::vector<Job>& jobs, bool preemptive, const Better& better) {
    std::vector<Nanos> left, done(jobs.size(), -1);
    for (const Job& j : jobs) left.push_back(j.burst);
    std::size_t running = jobs.size();
    for (Nanos now = 0; std::count(done.begin(), done.end(), -1) > 0; now += ms) {
        if (running < jobs.size() && left[running] == 0) running = jobs.size();
        std::size_t best = jobs.size();
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            if (jobs[i].arrival > now || left[i] == 0 || i == running) continue;
            if (best == jobs.size() || better(i, best, now, left)) best = i;
        }
        if (running == jobs.size() ||
            (preemptive && best < jobs.size() && better(best, running, now, left)))
            running = best;
        if (running == jobs.size()) continue;
        left[running] -= ms;
        if (left[running] == 0) done[running] = now + ms;
    }
    return done;
}
void compare_with_reference(const std::string& policy, bool preemptive, const Better& better) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(policy);
        CAPTURE(seed);
        const std::vector<Job> jobs = random_jobs(seed, 12);
        const std::vector<Nanos> expected = reference(jobs, preemptive, better);
        const auto r = ideal(policy, scenario_of(jobs));
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            CAPTURE(i);
            CHECK(r.k.tasks[test::task(r.k, "j" + std::to_string(i))].exit_time == expected[i]);
        }
    }
}

}  // namespace

TEST_CASE("SJF, SRTF and HRRN do what their definitions say on random jobs") {
    compare_with_reference("sjf", false,
                           [](std::size_t i, std::size_t j, Nanos, const std::vector<Nanos>& left) {
                               return left[i] < left[j];
                           });
    compare_with_reference("srtf", true,
                           [](std::size_t i, std::size_t j, Nanos, const std::vector<Nanos>& left) {
                               return left[i] < left[j];
                           });
}

TEST_CASE("HRRN against its definition") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        const std::vector<Job> jobs = random_jobs(seed, 12);
        const std::vector<Nanos> expected = reference(
            jobs, false, [&](std::size_t i, std::size_t j, Nanos now, const std::vector<Nanos>&) {
                const auto ratio = [&](std::size_t n) {
                    return std::pair(now - jobs[n].arrival, jobs[n].burst);
                };
                const auto [wi, bi] = ratio(i);
                const auto [wj, bj] = ratio(j);
                return wi / ms * (bj / ms) > wj / ms * (bi / ms);
            });
        const auto r = ideal("hrrn", scenario_of(jobs));
        for (std::size_t i = 0; i < jobs.size(); ++i)
            CHECK(r.k.tasks[test::task(r.k, "j" + std::to_string(i))].exit_time == expected[i]);
    }
}

TEST_CASE("MLFQ against a model of its rules, jobs that all arrive at 0") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        std::vector<Job> jobs = random_jobs(seed, 8);
        for (Job& j : jobs) j.arrival = 0;
        // Three queues, quanta 2, 4 and 8 ms, allotment of two quanta.
        const Nanos quanta[] = {2 * ms, 4 * ms, 8 * ms};
        std::vector<std::size_t> queue[3];
        std::vector<Nanos> left, done(jobs.size());
        std::vector<int> turns(jobs.size(), 2);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            queue[0].push_back(i);
            left.push_back(jobs[i].burst);
        }
        Nanos now = 0;
        for (int level = 0; level < 3; ++level) {
            while (!queue[level].empty()) {
                const std::size_t i = queue[level].front();
                queue[level].erase(queue[level].begin());
                const Nanos run = std::min(quanta[level], left[i]);
                now += run;
                left[i] -= run;
                if (left[i] == 0) {
                    done[i] = now;
                } else if (--turns[i] > 0) {
                    queue[level].push_back(i);
                } else {
                    turns[i] = 2;
                    queue[std::min(level + 1, 2)].push_back(i);
                }
            }
        }
        const auto r = ideal("mlfq quantum=2ms growth=2 allotment=2", scenario_of(jobs));
        for (std::size_t i = 0; i < jobs.size(); ++i)
            CHECK(r.k.tasks[test::task(r.k, "j" + std::to_string(i))].exit_time == done[i]);
    }
}

TEST_CASE("stride against a model with whole quanta") {
    Random rng(7);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::int64_t> tickets, pass;
        std::vector<int> left;
        std::string jobs;
        for (int i = 0; i < 5; ++i) {
            const std::int64_t choices[] = {10, 20, 50, 100, 200, 250};
            tickets.push_back(choices[rng.uniform(0, 5)]);
            pass.push_back(0);
            left.push_back(static_cast<int>(rng.uniform(5, 40)));
            jobs += "process " + std::string(1, static_cast<char>('a' + i)) + " tickets " +
                    std::to_string(tickets.back()) + " { run " + std::to_string(left.back()) +
                    "ms }\n";
        }
        std::string expected;
        while (expected.size() < 25) {
            int best = -1;
            for (int i = 0; i < 5; ++i)
                if (left[i] > 0 && (best < 0 || pass[i] < pass[best])) best = i;
            pass[best] += 10'000 / tickets[best];
            --left[best];
            expected += static_cast<char>('a' + best);
        }
        CHECK(test::picture(ideal("stride quantum=1ms", jobs), ms, 25) == expected);
    }
}

// --- what must hold of every policy ---

namespace {

std::string random_jobs_with_io(std::uint64_t seed, int cpus) {
    Random rng(seed);
    std::string out;
    const int n = static_cast<int>(rng.uniform(2, 4 + 3 * cpus));
    for (int i = 0; i < n; ++i) {
        out += "process j" + std::to_string(i) + " nice " + std::to_string(rng.uniform(-5, 5)) +
               " arrive " + std::to_string(rng.uniform(0, 30)) + "ms { repeat " +
               std::to_string(rng.uniform(1, 4)) + " { run " +
               std::to_string(rng.uniform(100, 9000)) + "us";
        if (rng.uniform(0, 1) != 0) out += " sleep " + std::to_string(rng.uniform(1, 9000)) + "us";
        if (rng.uniform(0, 3) == 0) out += " yield";
        out += " } }\n";
    }
    return out;
}
bool is_job(const Task& t) { return t.name().size() > 1 && t.name()[0] == 'j' && !t.is_kthread(); }

// (That no CPU idles meanwhile: work_conserving_test.cpp.)
void check_life(const test::Run& r) {
    const Kernel& k = r.k;
    std::map<TaskId, CpuId> on;  // who runs where
    for (const Record& rec : r.log) {
        if (rec.kind != RecordKind::sched_switch) continue;
        on.erase(rec.task);
        if (!is_job(k.tasks[rec.a])) continue;
        REQUIRE_MESSAGE(on.count(rec.a) == 0, k.tasks[rec.a].name()
                                                  << " runs on two CPUs at " << rec.at);
        CHECK(rec.at >= k.tasks[rec.a].arrival);
        on[rec.a] = rec.cpu;
    }
}

}  // namespace

TEST_CASE(
    "every policy, 1 to 8 CPUs, with and without costs: nobody is lost, doubled or early, and "
    "every run ends") {
    for (const PolicyInfo* policy : policies()) {
        for (std::uint64_t seed = 1; seed <= 24; ++seed) {
            const int cpus = 1 + static_cast<int>(seed % 8);
            const bool is_ideal = seed % 3 != 0;
            CAPTURE(policy->name);
            CAPTURE(seed);
            const std::string text = "machine { cpus " + std::to_string(cpus) + " scheduler " +
                                     std::string(policy->name) + (is_ideal ? " costs ideal" : "") +
                                     " }\n" + random_jobs_with_io(seed * 77, cpus);
            Kernel k = test::boot(test::scenario(text));
            test::Run r{k, {}};
            while (r.k.step(&r.log, nullptr)) {
                if (r.k.steps() % 61 == 0) REQUIRE(r.k.check_invariants() == "");
            }
            REQUIRE(r.k.check_invariants() == "");
            CHECK(r.k.end() == End::all_exited);
            check_life(r);
            // Twice the same run.
            k.run({}, nullptr);
            CHECK(k.fingerprint() == r.k.fingerprint());
        }
    }
}

TEST_CASE("per-CPU queues with stealing: no CPU stays idle while another has a line") {
    for (const char* policy :
         {"fcfs queues=per-cpu", "srtf queues=per-cpu", "mlfq queues=per-cpu"}) {
        CAPTURE(policy);
        const auto r = test::run(std::string("machine { cpus 2 costs ideal scheduler ") + policy +
                                 " }\nprocess a { run 10ms } process b { run 1ms } process c { run "
                                 "10ms } process d { run 1ms }");
        // b 0-1 and d 1-2 on CPU 1, which then takes c from CPU 0; alone it would have taken
        // until 20.
        CHECK(r.k.now() == 12 * ms);
    }
}

TEST_CASE("a task that another CPU is just switching away from is not forgotten") {
    // b exits at about the moment when a's quantum ends: CPU 1 finds only a in line, whose
    // registers are not saved yet, and goes idle. When a is off CPU 0, CPU 1 must be told.
    for (const std::string policy : {"priority quantum=2ms", "rr quantum=2ms"}) {
        for (int ns = 1'950'000; ns < 2'050'000; ns += 100) {
            CAPTURE(policy);
            CAPTURE(ns);
            const auto r = test::run(std::string("machine { cpus 2 scheduler ") + policy +
                                     " }\nprocess a { run 10ms } process b { run " +
                                     std::to_string(ns) + "ns } process x { run 10ms }");
            CHECK(r.k.now() < 14 * ms);
        }
    }
}
