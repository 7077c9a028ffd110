// No CPU idles while somebody it may run waits.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/sched/class.h"

using namespace sy;

namespace {

// CPU-bound and I/O-bound jobs; every third may run on some CPUs only.
std::string jobs(std::uint64_t seed, int cpus) {
    Random rng(seed);
    std::string out = "device disk latency 700us block\n";
    const int n = static_cast<int>(rng.uniform(2, 4 + 3 * cpus));
    for (int i = 0; i < n; ++i) {
        const std::int64_t lo = rng.uniform(0, cpus - 1), hi = rng.uniform(lo, cpus - 1);
        out += "process j" + std::to_string(i) + " nice " + std::to_string(rng.uniform(-5, 5));
        if (rng.uniform(0, 2) == 0)
            out += " cpu " + std::to_string(lo) + (hi > lo ? "-" + std::to_string(hi) : "");
        out += " arrive " + std::to_string(rng.uniform(0, 30)) + "ms { repeat " +
               std::to_string(rng.uniform(1, 4)) + " { run " +
               std::to_string(rng.uniform(100, 9000)) + "us";
        const auto io = rng.uniform(0, 3);
        if (io == 0) out += " sleep " + std::to_string(rng.uniform(1, 9000)) + "us";
        if (io == 1) out += " fsync disk";
        if (io == 2) out += " yield";
        out += " } }\n";
    }
    return out;
}

bool is_job(const Task& t) { return t.name().size() > 1 && t.name()[0] == 'j' && !t.is_kthread(); }

// The longest time for which one CPU ran its idle task while one and the same job waited that it
// was allowed to run.
struct Idled {
    Nanos longest = 0, until = 0;
    CpuId cpu = 0;
    TaskId waiter = kNoTask;
};

Idled idled(const test::Run& r) {
    const Kernel& k = r.k;
    Idled worst;
    std::map<TaskId, Nanos> waits;              // since when
    std::vector<Nanos> idle(k.cpus.size(), 0);  // since when; -1: it runs somebody
    const auto look = [&](TaskId t, CpuId c, Nanos now) {
        const auto w = waits.find(t);
        if (w == waits.end() || idle[c] < 0) return;
        if ((k.tasks[t].cpus_allowed >> c & 1) == 0) return;
        const Nanos both = now - std::max(w->second, idle[c]);
        if (both > worst.longest) worst = {both, now, c, t};
    };
    std::map<TaskId, CpuId> on;
    const auto ends_wait = [&](TaskId t, Nanos now) {
        for (CpuId c = 0; c < k.cpus.size(); ++c) look(t, c, now);
        waits.erase(t);
    };
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::sched_wakeup || rec.kind == RecordKind::sched_wakeup_new) {
            if (is_job(k.tasks[rec.a]) && on.count(rec.a) == 0) waits.try_emplace(rec.a, rec.at);
            continue;
        }
        if (rec.kind != RecordKind::sched_switch) continue;
        if (is_job(k.tasks[rec.task])) {
            on.erase(rec.task);
            if ((rec.b & 0xff) == 'R')
                waits[rec.task] = rec.at;
            else
                waits.erase(rec.task);
        }
        if (is_job(k.tasks[rec.a])) {
            ends_wait(rec.a, rec.at);
            on[rec.a] = rec.cpu;
        }
        const bool to_idle = rec.a == k.cpus[rec.cpu].idle;
        if (!to_idle && idle[rec.cpu] >= 0) {
            for (const auto& w : waits) look(w.first, rec.cpu, rec.at);
            idle[rec.cpu] = -1;
        }
        if (to_idle) idle[rec.cpu] = rec.at;
    }
    return worst;
}

}  // namespace

TEST_CASE(
    "every policy, 1 to 8 CPUs, with and without costs: no CPU idles while somebody it may run "
    "waits") {
    // With costs a waiter is noticed by an interrupt and an idle CPU's way through the scheduler,
    // about 2.4 us; one that was told of a task and found a better one passes the word on, which
    // takes as long again.
    constexpr Nanos kOnePass = 2800;
    // Linux's fair class places a task once, at its wakeup or fork. One that others with fewer CPUs
    // to choose from then crowd waits for the tick of its CPU, which sees two in its queue and
    // kicks an idle CPU to balance (linux.md 6.9).
    constexpr Nanos kTick = 4 * kMilli;
    for (const PolicyInfo* policy : policies()) {
        std::vector<std::string> ways = {std::string(policy->name)};
        for (const PolicyOption& o : policy->options)
            if (o.key == "queues") ways.push_back(ways[0] + " queues=per-cpu");
        const bool balances = policy->name == "cfs" || policy->name == "eevdf";
        for (const std::string& way : ways) {
            for (std::uint64_t seed = 1; seed <= test::cases(160); ++seed) {
                const int cpus = 1 + static_cast<int>(seed % 8);
                const bool is_ideal = seed / 8 % 2 == 0;
                const std::string text = "machine { cpus " + std::to_string(cpus) + " scheduler " +
                                         way + (is_ideal ? " costs ideal" : "") + " }\n" +
                                         jobs(seed * 77, cpus);
                const auto r = test::run(text);
                const Idled worst = idled(r);
                INFO(text);
                INFO("CPU " << worst.cpu << " idle, task " << worst.waiter << " waits, until "
                            << worst.until);
                CHECK(worst.longest <= (is_ideal ? 0 : 2 * kOnePass) + (balances ? kTick : 0));
            }
        }
    }
}
