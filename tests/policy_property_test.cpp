// Textbook policies against the simplest model that could be right, millisecond by millisecond, on
// random jobs; and what must hold of every policy in every setting on 1 to 8 CPUs: each job
// computes for exactly as long as its program says, and its time in the system is what it ran,
// waited and slept.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/report/rows.h"
#include "sim/sched/class.h"
#include "sim/trace/metrics.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

// --- the model ---

struct Job {
    int arrival = 0, burst = 1, priority = 0, tickets = 100;
    int had = 0, order = 0, end = -1, first = -1;
};
struct Rules {
    int quantum = 0;  // 0: none
    bool preemptive = false;
    // Does a go before b? Equal ones: by place in line.
    std::function<bool(const Job& a, const Job& b, int now)> before{};
    // In place of `before`: which of these (by number, sorted) runs.
    std::function<std::size_t(const std::vector<std::size_t>&)> draw{};
};

void play(std::vector<Job>& jobs, const Rules& r) {
    std::vector<std::size_t> line;  // in order of places
    int running = -1, turn = 0, places = 0;
    const auto into_line = [&](std::size_t i) {
        const auto at = std::find_if(line.begin(), line.end(),
                                     [&](std::size_t j) { return jobs[j].order > jobs[i].order; });
        line.insert(at, i);
    };
    std::size_t ended = 0;
    for (int now = 0; ended < jobs.size() && now < 100'000; ++now) {
        if (running >= 0) {
            Job& j = jobs[static_cast<std::size_t>(running)];
            if (j.had == j.burst) {
                j.end = now;
                ++ended;
                running = -1;
            }
        }
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            if (jobs[i].arrival != now) continue;
            jobs[i].order = ++places;
            into_line(i);
        }
        if (running >= 0 && r.quantum > 0 && turn == r.quantum) {
            turn = 0;
            if (!line.empty()) {
                const auto i = static_cast<std::size_t>(running);
                jobs[i].order = ++places;
                into_line(i);
                running = -1;
            }
        }
        const auto best = [&] {
            std::size_t at = 0;
            for (std::size_t k = 1; k < line.size(); ++k)
                if (r.before && r.before(jobs[line[k]], jobs[line[at]], now)) at = k;
            return at;
        };
        if (running >= 0 && r.preemptive && !line.empty()) {
            const auto i = static_cast<std::size_t>(running);
            if (r.before(jobs[line[best()]], jobs[i], now)) {
                into_line(i);
                running = -1;
            }
        }
        if (running < 0 && !line.empty()) {
            std::size_t at = best();
            if (r.draw && line.size() > 1) {
                std::vector<std::size_t> holders = line;
                std::sort(holders.begin(), holders.end());
                at = static_cast<std::size_t>(std::find(line.begin(), line.end(), r.draw(holders)) -
                                              line.begin());
            }
            running = static_cast<int>(line[at]);
            line.erase(line.begin() + static_cast<std::ptrdiff_t>(at));
            turn = 0;
            Job& j = jobs[static_cast<std::size_t>(running)];
            if (j.first < 0) j.first = now;
        }
        if (running < 0) continue;
        ++jobs[static_cast<std::size_t>(running)].had;
        ++turn;
    }
}

std::vector<Job> random_jobs(std::uint64_t seed) {
    Random rng(seed);
    std::vector<Job> jobs(static_cast<std::size_t>(rng.uniform(2, 8)));
    for (Job& j : jobs) {
        j.arrival = static_cast<int>(rng.uniform(0, 20));
        j.burst = static_cast<int>(rng.uniform(1, 25));
        j.priority = static_cast<int>(rng.uniform(0, 5));
        j.tickets = static_cast<int>(rng.uniform(1, 300));
    }
    // Ids follow the order of arrival: the drum of the lottery and ties by id go by them.
    std::stable_sort(jobs.begin(), jobs.end(),
                     [](const Job& a, const Job& b) { return a.arrival < b.arrival; });
    return jobs;
}

void against_the_model(const std::string& scheduler, const Rules& rules, std::uint64_t seed) {
    std::vector<Job> jobs = random_jobs(seed);
    std::string text = "machine { costs ideal seed 9 scheduler " + scheduler + " }\n";
    for (std::size_t i = 0; i < jobs.size(); ++i)
        text += "process j" + std::to_string(i) + " priority " + std::to_string(jobs[i].priority) +
                " tickets " + std::to_string(jobs[i].tickets) + " arrive " +
                std::to_string(jobs[i].arrival) + "ms { run " + std::to_string(jobs[i].burst) +
                "ms }\n";
    const auto run = test::run(text);
    play(jobs, rules);
    CAPTURE(text);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        CAPTURE(i);
        const Task& t = run.k.tasks[test::task(run.k, "j" + std::to_string(i))];
        CHECK(t.exit_time == jobs[i].end * ms);
        CHECK(t.first_run == jobs[i].first * ms);
    }
}

}  // namespace

TEST_CASE("round robin, with a line for each CPU and with one line, is the model") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const int quantum = 1 + static_cast<int>(seed % 5);
        const Rules r{.quantum = quantum};
        against_the_model("rr quantum=" + std::to_string(quantum) + "ms", r, seed);
        against_the_model("rr queues=shared quantum=" + std::to_string(quantum) + "ms", r, seed);
    }
}

TEST_CASE("priorities, preemptive or not, low or high first, are the model") {
    const auto low = [](const Job& a, const Job& b, int) { return a.priority < b.priority; };
    const auto high = [](const Job& a, const Job& b, int) { return a.priority > b.priority; };
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        against_the_model("priority", {.preemptive = true, .before = low}, seed);
        against_the_model("priority preemptive=off", {.before = low}, seed);
        against_the_model("priority order=high-first", {.preemptive = true, .before = high}, seed);
        against_the_model("priority quantum=3ms", {.quantum = 3, .preemptive = true, .before = low},
                          seed);
    }
}

TEST_CASE("guaranteed share is the model: the least CPU time for its age") {
    const auto least = [](const Job& a, const Job& b, int now) {
        // A newcomer's age is next to nothing: it has had none of it.
        const auto age = [&](const Job& j) {
            return now == j.arrival ? 1LL : (now - j.arrival) * 1'000'000LL;
        };
        return a.had * age(b) < b.had * age(a);
    };
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        against_the_model("guaranteed quantum=2ms", {.quantum = 2, .before = least}, seed);
}

TEST_CASE("the lottery is the model, draw by draw") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Random rng(std::uint64_t{7} * 0x9e37'79b9 + 5);
        const std::vector<Job> jobs = random_jobs(seed);
        const auto draw = [&](const std::vector<std::size_t>& holders) {
            std::int64_t all = 0;
            for (std::size_t i : holders) all += jobs[i].tickets;
            std::int64_t ticket = rng.uniform(0, all - 1);
            for (std::size_t i : holders) {
                if (ticket < jobs[i].tickets) return i;
                ticket -= jobs[i].tickets;
            }
            return holders.back();
        };
        against_the_model("lottery quantum=2ms seed=7", {.quantum = 2, .draw = draw}, seed);
    }
}

TEST_CASE("equal ones by their place or by their id, the preempted at its place or at the end") {
    // Three alike, the one with the lowest id arrives last.
    const std::string jobs =
        "process a arrive 2ms { run 4ms } process b { run 4ms } process c arrive 1ms { run 4ms }";
    const auto exits = [&](const std::string& scheduler, const std::string& text) {
        const auto r = test::run("machine { costs ideal scheduler " + scheduler + " }\n" + text);
        std::vector<std::pair<Nanos, std::string>> out;
        for (const char* n : {"a", "b", "c"})
            out.emplace_back(r.k.tasks[test::task(r.k, n)].exit_time, n);
        std::sort(out.begin(), out.end());
        return out[0].second + out[1].second + out[2].second;
    };
    CHECK(exits("sjf", jobs) == "bca");
    // Ids are given at arrival: b, c, a. All of them equal at 4 ms: by id c before a as well.
    CHECK(exits("sjf equal=id", jobs) == "bca");
    // b is preempted by a at 2 ms; c, as important as b, has been in line since 1 ms.
    const std::string three =
        "process a priority 0 arrive 2ms { run 1ms } process b priority 5 { run 4ms } "
        "process c priority 5 arrive 1ms { run 4ms }";
    CHECK(exits("priority", three) == "abc");
    CHECK(exits("priority preempted=end", three) == "acb");
}

// --- what must hold of every policy ---

namespace {

struct Asked {
    Nanos run = 0;  // what its program computes
};

std::string jobs_with_io(std::uint64_t seed, int cpus, std::map<std::string, Asked>& asked) {
    Random rng(seed);
    std::string out = "device disk latency 700us block\n";
    for (int n = static_cast<int>(rng.uniform(2, 3 + 2 * cpus)), i = 0; i < n; ++i) {
        const std::string name = "j" + std::to_string(i);
        const Nanos turns = rng.uniform(1, 3), run = rng.uniform(50, 6000) * kMicro;
        out += "process " + name + " nice " + std::to_string(rng.uniform(-5, 5)) + " arrive " +
               std::to_string(rng.uniform(0, 20)) + "ms { repeat " + std::to_string(turns) +
               " { run " + std::to_string(run / kMicro) + "us";
        const auto io = rng.uniform(0, 3);
        if (io == 0) out += " sleep " + std::to_string(rng.uniform(1, 5000)) + "us";
        if (io == 1) out += " fsync disk";
        if (io == 2) out += " yield";
        out += " } }\n";
        asked[name].run = turns * run;
    }
    return out;
}

void check_times(const test::Run& r, const std::map<std::string, Asked>& asked, bool is_ideal) {
    std::map<TaskId, std::map<LaneState, Nanos>> spent;
    walk_stretches(r.log, r.k.tasks, r.k.cpus.size(), r.k.now(),
                   [&](const Stretch& s) { spent[s.task][s.state] += s.end - s.begin; });
    for (const auto& entry : asked) {
        const std::string name = entry.first;
        const Asked& a = entry.second;
        CAPTURE(name);
        const TaskId id = test::task(r.k, name);
        const Task& t = r.k.tasks[id];
        REQUIRE(t.exit_time >= 0);
        CHECK(t.first_run >= t.arrival);
        // No longer and no shorter than its bursts; with costs its own instructions take a little.
        CHECK(r.k.user_time(id) >= a.run);
        CHECK(r.k.user_time(id) <= a.run + (is_ideal ? 0 : 2 * kMicro));
        if (is_ideal) CHECK(r.k.cpu_time(id) == a.run);
        auto& s = spent[id];
        const Nanos turnaround = t.exit_time - t.arrival;
        const Nanos sum = s[LaneState::running] + s[LaneState::runnable] + s[LaneState::sleeping] +
                          s[LaneState::blocked];
        // With costs the log's running ends with the switch, a little after the exit, and an arrival is
        // taken note of when CPU 0 has finished what it may not leave.
        CHECK(sum >= turnaround - (is_ideal ? 0 : 50 * kMicro));
        CHECK(sum <= turnaround + (is_ideal ? 0 : 20 * kMicro));
        if (is_ideal) {
            CHECK(s[LaneState::running] == a.run);
            CHECK(s[LaneState::runnable] == r.k.wait_time(id));
        }
    }
    Nanos idle = 0, busy = 0;
    for (const Cpu& cpu : r.k.cpus) idle += idle_time(r.k, cpu);
    for (const auto& [id, s] : spent)
        if (id >= r.k.cpus.size() && s.count(LaneState::running) != 0)
            busy += s.at(LaneState::running);
    if (is_ideal) CHECK(idle + busy == r.k.now() * static_cast<Nanos>(r.k.cpus.size()));
}

}  // namespace

TEST_CASE(
    "every policy in every way of queueing, 1 to 8 CPUs, with and without costs: the times add "
    "up") {
    for (const PolicyInfo* policy : policies()) {
        std::vector<std::string> ways = {std::string(policy->name)};
        for (const PolicyOption& o : policy->options) {
            if (o.key == "queues") {
                ways.push_back(ways[0] + " queues=per-cpu");
                ways.push_back(ways[0] + " queues=shared");
            }
            if (o.key == "tie" && o.usage.find("expired-first") != std::string_view::npos)
                ways.push_back(ways[0] + " tie=expired-first");
            if (o.key == "quantum") ways.push_back(ways[0] + " quantum=700us");
        }
        for (const std::string& way : ways) {
            for (int cpus = 1; cpus <= 8; ++cpus) {
                const bool is_ideal = cpus % 2 == 1 || way == ways[0];
                std::map<std::string, Asked> asked;
                const std::string jobs =
                    jobs_with_io(static_cast<std::uint64_t>(cpus) * 31 + way.size(), cpus, asked);
                CAPTURE(way);
                CAPTURE(cpus);
                const auto r = test::run("machine { cpus " + std::to_string(cpus) + " scheduler " +
                                         way + (is_ideal ? " costs ideal" : "") + " }\n" + jobs);
                CHECK(r.k.end() == End::all_exited);
                CHECK(r.k.check_invariants() == "");
                check_times(r, asked, is_ideal);
            }
        }
    }
}
