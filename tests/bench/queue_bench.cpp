// 64 CPUs with up to 100,000 runnable tasks: what a pick, a wakeup and a balancing move cost as the queues grow, for CFS
// and EEVDF. The operations are those of the kernel's routines, on the queues of a booted machine:
//   pick       update_curr, put_prev, pick_next, set_next (what __schedule does at the end of a turn)
//   wakeup     dequeue to sleep, placement's look at all CPUs, enqueue, the preemption check
//   balance    a look at the first 32 tasks of the busiest queue, dequeue there, migrate, enqueue here
//   switch     the whole machine at full speed: ticks, interrupts, every word of the switch, balancing in between
// The best of several rounds counts. Cost against n is fitted to a + b log2 n by least squares; a power of n is fitted
// beside it. A red-black tree of n nodes costs about log2 n steps down, and a longer queue misses the cache more often:
// up to three times the growth of log2 n is accepted, linear growth would be thirty times as much.
#include "tests/bench/queue_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/kernel/context.h"
#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"

namespace sy::bench {

namespace {

constexpr int kCpus = 64;
constexpr int kSizes[] = {1'000, 4'000, 16'000, 50'000, 100'000};

using Clock = std::chrono::steady_clock;

Kernel crowd(const char* scheduler, int tasks) {
    const std::string text = std::string("machine { cpus 64 scheduler ") + scheduler +
                             " trace none until 900s } process hog x" + std::to_string(tasks) + " { forever { run 900s } }";
    Scenario s;
    Diagnostics diags;
    BootError error;
    if (!parse_scenario(text, "bench", s, diags)) {
        for (const Diagnostic& d : diags.list()) std::fprintf(stderr, "%s\n", d.headline("bench", Lang::en).c_str());
        std::exit(2);
    }
    std::optional<Kernel> k = Kernel::boot(s, error);
    if (!k) {
        std::fprintf(stderr, "%s\n", error.text.c_str());
        std::exit(2);
    }
    k->run({.time = 20 * kMilli}, nullptr);   // all have arrived
    return std::move(*k);
}

// Nanoseconds for one `operation`, best of some rounds; it gets the CPU whose turn it is and a clock that goes on.
template <class Operation>
double cost(Kernel& k, const Operation& operation) {
    constexpr int rounds = 7, each = 64 * 64;
    double best = 1e18;
    Nanos now = k.now() + kSecond;
    for (int r = 0; r < rounds; ++r) {
        const auto start = Clock::now();
        for (int i = 0; i < each; ++i) {
            if (i % kCpus == 0) now += 4 * kMilli;
            operation(static_cast<CpuId>(i % kCpus), now);
        }
        best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - start).count() / each);
    }
    return best;
}

// A machine beside which nothing else may run: its tasks are moved about without its CPUs.
struct Bench {
    explicit Bench(Kernel machine) : k(std::move(machine)) {
        for (const Cpu& c : k.cpus) curr.push_back(c.runs());
    }
    SchedView view(CpuId c, Nanos now) { return {k.tasks, c, now}; }
    void pick(CpuId c, Nanos now) {
        const SchedView v = view(c, now);
        if (curr[c] != k.cpus[c].idle) k.sched->put_prev(v, curr[c]);
        const TaskId next = k.sched->pick_next(v);
        curr[c] = next == kNoTask ? k.cpus[c].idle : next;
        if (next != kNoTask) k.sched->set_next(v, next);
    }
    TaskId waiting(CpuId c) const {
        const std::vector<QueueRow> rows = k.sched->rows(k.tasks, c, 1);
        return rows.empty() ? kNoTask : rows.front().task;
    }
    void wakeup(CpuId c, Nanos now) {
        const TaskId t = waiting(c);
        if (t == kNoTask) return;
        const SchedView v = view(c, now);
        k.sched->dequeue(v, t, Dequeue::sleep);
        for (const Cpu& other : k.cpus) idle += k.sched->runnable(other.id) == 0 ? 1 : 0;
        k.sched->enqueue(v, t, Enqueue::wakeup);
        if (curr[c] != k.cpus[c].idle) preempts += k.sched->check_preempt(v, curr[c], t) ? 1 : 0;
    }
    void balance(CpuId c, Nanos now) {
        const auto to = static_cast<CpuId>((c + 1) % kCpus);
        const std::vector<QueueRow> rows = k.sched->rows(k.tasks, c, 32);
        if (rows.empty()) return;
        const TaskId t = rows.front().task;
        k.sched->update_blocked(view(to, now));
        k.sched->dequeue(view(c, now), t, Dequeue::migrated);
        k.sched->migrate(view(c, now), t, to);
        k.tasks.mut(t).cpu = to;
        k.sched->enqueue(view(to, now), t, Enqueue::migrated);
    }
    Kernel k;
    std::vector<TaskId> curr;
    std::uint64_t idle = 0, preempts = 0;
};

double whole_machine(Kernel& k) {
    double best = 1e18;
    for (int r = 0; r < 3; ++r) {
        const std::uint64_t before = k.switches();
        const auto start = Clock::now();
        k.run({.switches = before + 20'000}, nullptr);
        const double took = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
        best = std::min(best, took / static_cast<double>(std::max<std::uint64_t>(1, k.switches() - before)));
    }
    return best;
}

struct Line {
    double a = 0, b = 0;
};
Line least_squares(const std::vector<double>& x, const std::vector<double>& y) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    const auto n = static_cast<double>(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
    }
    const double b = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    return {(sy - b * sx) / n, b};
}

bool verdict(const char* scheduler, const char* what, const std::vector<double>& n, const std::vector<double>& ns) {
    std::vector<double> logs, powers;
    for (std::size_t i = 0; i < n.size(); ++i) {
        logs.push_back(std::log2(n[i] / kCpus));
        powers.push_back(std::log(ns[i]));
    }
    const Line line = least_squares(logs, ns);
    std::vector<double> natural;
    for (const double l : logs) natural.push_back(l * std::log(2.0));
    const Line power = least_squares(natural, powers);
    const double growth = ns.back() / ns.front(), of_log = logs.back() / logs.front();
    const bool good = growth <= 3 * of_log;
    std::printf("%-6s %-8s %7.0f %+7.1f log2(n/64) ns   n^%.2f   x%.2f from %.0f to %.0f tasks (log2: x%.2f)   %s\n", scheduler, what,
                line.a, line.b, power.b, growth, n.front(), n.back(), of_log, good ? "logarithmic or better" : "GROWS FASTER");
    return good;
}

}  // namespace

bool measure_queues() {
    std::printf("\nRun queues on %d CPUs: nanoseconds (and millions a second) by number of runnable tasks\n", kCpus);
    bool good = true;
    std::string fits;
    for (const char* scheduler : {"cfs", "eevdf"}) {
        std::vector<double> n, costs[4];
        std::printf("%-6s %9s %17s %17s %17s %17s\n", scheduler, "tasks", "pick", "wakeup", "balance move", "whole switch");
        for (const int tasks : kSizes) {
            Kernel machine = crowd(scheduler, tasks);
            n.push_back(tasks);
            costs[3].push_back(whole_machine(machine));
            Bench b(std::move(machine));
            costs[0].push_back(cost(b.k, [&](CpuId c, Nanos now) { b.pick(c, now); }));
            costs[1].push_back(cost(b.k, [&](CpuId c, Nanos now) { b.wakeup(c, now); }));
            costs[2].push_back(cost(b.k, [&](CpuId c, Nanos now) { b.balance(c, now); }));
            std::printf("%-6s %9d", "", tasks);
            for (const auto& c : costs) std::printf(" %8.0f (%5.2f)", c.back(), 1e3 / c.back());
            std::printf("\n");
            std::fflush(stdout);
        }
        static constexpr const char* names[] = {"pick", "wakeup", "balance", "switch"};
        for (int i = 0; i < 4; ++i) good &= verdict(scheduler, names[i], n, costs[i]);
    }
    std::printf("verdict: %s\n", good ? "no cost grows faster than logarithmically in the length of the run queue"
                                      : "a cost grows faster than logarithmically: see above");
    return good;
}

}  // namespace sy::bench
