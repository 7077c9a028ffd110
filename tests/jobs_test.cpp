// Jobs in short. OSTEP's lists must give the figures of its simulators: printed ones, entered by
// hand, and on random lists those of a model written here from the chapter's rules and the
// simulators' documented options, one unit of time after the other.
#include "sim/scenario/jobs.h"

#include <doctest/doctest.h>

#include <deque>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/cli/commands.h"
#include "sim/scenario/format.h"
#include "sim/scenario/write.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

struct Figures {
    Nanos response = 0, turnaround = 0;
    friend bool operator==(const Figures&, const Figures&) = default;
};
std::vector<Figures> figures(const test::Run& r, std::size_t jobs) {
    std::vector<Figures> out;
    for (std::size_t i = 0; i < jobs; ++i) {
        const Task& t = r.k.tasks[test::task(r.k, "job" + std::to_string(i))];
        out.push_back({(t.first_run - t.arrival) / kSecond, (t.exit_time - t.arrival) / kSecond});
    }
    return out;
}
std::vector<Figures> play(const std::string& list, const std::string& scheduler, std::size_t jobs,
                          std::int64_t io_time = 5) {
    cli::Common common;
    common.jobs = list;
    common.io_time = io_time;
    int status = 0;
    const auto text = cli::scenario_of_jobs(common, status);
    REQUIRE(text.has_value());
    Scenario s = test::scenario(*text);
    Text why;
    REQUIRE_MESSAGE(choose_scheduler(s, cli::job_scheduler(common, scheduler), why), why.en);
    REQUIRE(choose_costs(s, "ideal", why));
    s.machine.hz = 100;
    test::Run r{test::boot(s), {}};
    r.k.run({}, &r.log);
    return figures(r, jobs);
}
using F = std::vector<Figures>;

}  // namespace

TEST_CASE("mlfq.py: the printed run of its description") {
    CHECK(play("0,84,7:0,42,2:0,51,4", "mlfq", 3) == F{{0, 175}, {7, 191}, {9, 168}});
}

TEST_CASE("OSTEP chapter 8 by hand: figures 8.2 to 8.4") {
    // A job of 200 alone; a job of 20 that comes at 100 runs at once, at the top and one below.
    CHECK(play("0,200,0:", "mlfq", 1) == F{{0, 200}});
    CHECK(play("0,180,0:100,20,0", "mlfq", 2) == F{{0, 200}, {0, 20}});
    // An interactive job: 1 unit of work, then 5 of I/O, as soon as it is there.
    // It stays above the long one for two levels of 10 units each.
    CHECK(play("0,175,0:50,20,1", "mlfq", 2)[1] == Figures{0, 20 + 19 * 5});
}

TEST_CASE("process-run.py: I/O costs an instruction to issue, its wait, and one to take its end") {
    // -l 4:100,1:0 -c ends at 11; -l 1:0,4:100 at 7; -l 5:100,5:100 at 10.
    CHECK(play("4:100,1:0", "fifo", 2) == F{{0, 4}, {4, 11}});
    CHECK(play("1:0,4:100", "FIFO", 2) == F{{0, 7}, {1, 5}});
    CHECK(play("5:100,5:100", "fifo", 2) == F{{0, 5}, {5, 10}});
    CHECK(play("c7,i,c1,i", "fifo", 1) == F{{0, 22}});
}

TEST_CASE("scheduler.py: FIFO, SJF and RR with its defaults") {
    CHECK(play("5,10,15", "FIFO", 3) == F{{0, 5}, {5, 15}, {15, 30}});
    CHECK(play("15,5,10", "SJF", 3) == F{{15, 30}, {0, 5}, {5, 15}});
    CHECK(play("5,10,15", "RR", 3) == F{{0, 13}, {1, 24}, {2, 30}});
    CHECK(play("5,10,15", "rr,quantum=5s", 3) == F{{0, 5}, {5, 20}, {10, 30}});
    CHECK(play("5,5,5", "sjf", 3) == F{{0, 5}, {5, 10}, {10, 15}});  // equal: in order of the list
}

// --- the multi-level feedback queue, unit by unit ---

namespace {

struct Rules {
    std::vector<int> quantum, allotment;  // from the top
    int boost = 0, io = 5;
    bool stay = false, bump = false;
};
struct ModelJob {
    int start, length, every;
    int level = 0, turn = 0, turns = 0, done = 0, first = -1, end = -1;
    int back = -1;  // when its I/O ends
    long issued = 0;
};

// What the chapter and the options say: the first of the highest queue runs for one unit; then it
// may have ended, wait for I/O, or have used up its turn. Boosts come before whoever comes, new
// jobs before I/O that ends, and all of them after the one that ran was put into its queue.
void model(std::vector<ModelJob>& jobs, const Rules& r) {
    const int top = 0, bottom = static_cast<int>(r.quantum.size()) - 1;
    std::vector<std::deque<std::size_t>> queue(r.quantum.size());
    for (ModelJob& j : jobs) {
        j.turn = r.quantum[top];
        j.turns = r.allotment[top];
    }
    long issued = 0;
    std::size_t ended = 0;
    for (int now = 0; ended < jobs.size(); ++now) {
        if (r.boost > 0 && now > 0 && now % r.boost == 0) {
            for (int level = bottom; level > top; --level) {
                for (std::size_t i : queue[static_cast<std::size_t>(level)]) queue[0].push_back(i);
                queue[static_cast<std::size_t>(level)].clear();
            }
            for (ModelJob& j : jobs) {
                if (j.end >= 0) continue;
                j.level = top;
                j.turn = r.allotment[top];  // as mlfq.py counts
            }
        }
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (jobs[i].start == now) queue[0].push_back(i);
        std::vector<std::size_t> back;
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (jobs[i].back == now) back.push_back(i);
        std::sort(back.begin(), back.end(),
                  [&](std::size_t a, std::size_t b) { return jobs[a].issued < jobs[b].issued; });
        for (std::size_t i : back) {
            auto& q = queue[static_cast<std::size_t>(jobs[i].level)];
            if (r.bump)
                q.push_front(i);
            else
                q.push_back(i);
        }
        std::size_t level = 0;
        while (level < queue.size() && queue[level].empty()) ++level;
        if (level == queue.size()) continue;
        const std::size_t i = queue[level].front();
        ModelJob& j = jobs[i];
        if (j.first < 0) j.first = now;
        ++j.done;
        --j.turn;
        if (j.done == j.length) {
            j.end = now + 1;
            queue[level].pop_front();
            ++ended;
            continue;
        }
        const bool waits = j.every > 0 && j.done % j.every == 0;
        if (waits) {
            queue[level].pop_front();
            j.back = now + 1 + r.io;
            j.issued = ++issued;
            if (r.stay) {
                j.turn = r.quantum[level];
                j.turns = r.allotment[level];
            }
        }
        if (j.turn != 0) continue;
        if (!waits) queue[level].pop_front();
        if (--j.turns == 0) {
            j.level = std::min(j.level + 1, bottom);
            j.turns = r.allotment[static_cast<std::size_t>(j.level)];
        }
        j.turn = r.quantum[static_cast<std::size_t>(j.level)];
        if (!waits) queue[static_cast<std::size_t>(j.level)].push_back(i);
    }
}

std::string joined(const std::vector<int>& values, const char* unit) {
    std::string out;
    for (int v : values) out += (out.empty() ? "" : "/") + std::to_string(v) + unit;
    return out;
}

void against_the_model(std::uint64_t seed, bool ios, bool boosts) {
    CAPTURE(seed);
    Random rng(seed);
    const auto roll = [&](int a, int b) { return static_cast<int>(rng.uniform(a, b)); };
    Rules r;
    const int levels = roll(1, 4);
    for (int i = 0; i < levels; ++i) {
        r.quantum.push_back(roll(1, 9));
        r.allotment.push_back(roll(1, 3));
    }
    r.io = roll(1, 8);
    r.stay = ios && roll(0, 2) == 0;
    r.bump = ios && roll(0, 2) == 0;
    if (boosts) r.boost = roll(10, 40);
    std::vector<ModelJob> jobs;
    std::string list;
    for (int n = roll(1, 5), i = 0; i < n; ++i) {
        ModelJob j{roll(0, 30), roll(1, 40), ios ? roll(0, 7) : 0};
        list += (i == 0 ? "" : ":") + std::to_string(j.start) + "," + std::to_string(j.length) +
                "," + std::to_string(j.every);
        jobs.push_back(j);
    }
    if (jobs.size() == 1) list += ":";
    model(jobs, r);
    std::string spec =
        "mlfq,quantum=" + joined(r.quantum, "s") + ",allotment=" + joined(r.allotment, "");
    if (levels == 1) spec += ",levels=1";
    if (r.boost > 0) spec += ",boost=" + std::to_string(r.boost) + "s";
    if (r.stay) spec += ",rule=old";
    if (r.bump) spec += ",wakeup=front";
    CAPTURE(list);
    CAPTURE(spec);
    CAPTURE(r.io);
    const F got = play(list, spec, jobs.size(), r.io);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        CAPTURE(i);
        CHECK(got[i].response == jobs[i].first - jobs[i].start);
        CHECK(got[i].turnaround == jobs[i].end - jobs[i].start);
    }
}

}  // namespace

TEST_CASE("MLFQ against a model, unit by unit: jobs that only compute") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) against_the_model(seed, false, false);
}
TEST_CASE("MLFQ against a model, unit by unit: I/O, staying, bumping") {
    for (std::uint64_t seed = 101; seed <= 180; ++seed) against_the_model(seed, true, false);
}
TEST_CASE("MLFQ against a model, unit by unit: boosts") {
    for (std::uint64_t seed = 201; seed <= 240; ++seed) against_the_model(seed, false, true);
    for (std::uint64_t seed = 301; seed <= 340; ++seed) against_the_model(seed, true, true);
}

// --- tables and the statement ---

TEST_CASE("a table of jobs") {
    std::vector<ProcessDecl> jobs;
    Diagnostics diags;
    REQUIRE(read_job_table(
        "\xef\xbb\xbfname,arrival,burst,priority,io\r\n# a comment\r\nA, 0 ,3\r\n\r\n"
        "B,2.5,6,1,2,4ms\nC,4us,4,,1,\n",
        kMilli, jobs, diags));
    REQUIRE(jobs.size() == 3);
    CHECK(jobs[0].body.size() == 1);
    CHECK(jobs[1].arrive.a == 2'500'000);
    CHECK(jobs[1].priority == 1);
    REQUIRE(jobs[1].body.size() == 3);
    CHECK(jobs[1].body[1].kind == Stmt::Kind::sleep);
    CHECK(jobs[1].body[2].time.a == 4 * kMilli);
    CHECK(jobs[2].arrive.a == 4000);
    CHECK(jobs[2].priority == kNoPriority);
    CHECK(jobs[2].body.size() == 2);
}

TEST_CASE("a table of jobs: each mistake with its place, in both languages") {
    const auto headline = [](const char* csv) {
        std::vector<ProcessDecl> jobs;
        Diagnostics diags;
        CHECK_FALSE(read_job_table(csv, kSecond, jobs, diags));
        REQUIRE(diags.errors() > 0);
        for (const Diagnostic& d : diags.list()) CHECK_FALSE(d.headline("t", Lang::zh).empty());
        return diags.list().front().headline("t.csv", Lang::en);
    };
    CHECK(headline("A,0") ==
          "t.csv:1:1: error: a job has at least a name, an arrival and a burst: "
          "name,arrival,burst");
    CHECK(headline("A,0,3\n\nB, x,1")
              .starts_with("t.csv:3:4: error: expected a time such as 5ms, found 'x'"));
    CHECK(headline("A,0,0").starts_with("t.csv:1:5: "));
    CHECK(headline("A,0,1,1000").starts_with("t.csv:1:7: "));
    CHECK(headline("A,0,1\nA,0,1").starts_with("t.csv:2:1: error: the name 'A' is taken"));
    CHECK(headline("9x,0,1").starts_with("t.csv:1:1: "));
    CHECK(headline("").find("no job") != std::string::npos);
    CHECK(headline("A,0,99999999999s").starts_with("t.csv:1:5: "));
}

TEST_CASE(
    "the statement `jobs`: names, draws by the seed, and it survives writing and formatting") {
    const Scenario s = test::scenario(
        "machine { seed 3 costs ideal }\njobs 3 arrival exp(5ms) burst uniform(1ms, 20ms)\n"
        "jobs 2 burst 1ms io 2ms bursts 4\njobs { name,arrival,burst a,0ms,24ms  "
        "b,1ms,3ms,2,1ms,2ms }");
    REQUIRE(s.processes.size() == 7);
    CHECK(s.processes[4].name == "job4");
    CHECK(s.processes[6].priority == 2);
    CHECK(test::scenario(write_scenario(s)) == s);
    const auto arrivals = [](std::uint64_t seed) {
        Scenario t = test::scenario("jobs 20 arrival exp(5ms) burst 1ms");
        t.machine.seed = seed;
        Kernel k = test::boot(t);
        k.run({}, nullptr);
        std::vector<Nanos> out;
        for (int i = 0; i < 20; ++i)
            out.push_back(k.tasks[test::task(k, "job" + std::to_string(i))].arrival);
        return out;
    };
    const auto one = arrivals(1);
    CHECK(std::is_sorted(one.begin(), one.end()));
    CHECK(one == arrivals(1));
    CHECK(one != arrivals(2));
    // 20 gaps of 5 ms on average: within four standard deviations (5 * sqrt(20) = 22 ms each).
    CHECK(one.back() > 10 * kMilli);
    CHECK(one.back() < 190 * kMilli);
    for (const char* wrong :
         {"jobs", "jobs 0 burst 1ms", "jobs 3", "jobs 3 arrival 1ms", "jobs { a,0ms }",
          "jobs { a,0,1ms }", "jobs 3 burst 1ms burst 2ms", "jobs { a,0ms,1ms",
          "jobs 99999999 burst 1ms", "jobs { , }", "jobs 3 burst 1ms bursts 0"}) {
        Scenario t;
        Diagnostics diags;
        CHECK_FALSE_MESSAGE(parse_scenario(wrong, "t", t, diags), wrong);
    }
}
