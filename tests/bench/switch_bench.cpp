// How fast the simulated machine switches, beside how fast this real one does, in one run: figures are only worth
// something as ratios. Prints the usual Google Benchmark table and then the ratios in words.
#include <benchmark/benchmark.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"
#include "sim/session/session.h"
#include "tests/bench/flight_bench.h"
#include "tests/bench/queue_bench.h"
#include "tests/bench/races_bench.h"

namespace {

using namespace sy;

Scenario scenario_of(const std::string& text) {
    Scenario s;
    Diagnostics diags;
    if (!parse_scenario(text, "bench", s, diags)) std::abort();
    return s;
}
Kernel boot(const std::string& text) {
    BootError error;
    return *Kernel::boot(scenario_of(text), error);
}

const char* const kTwoRoundRobin =
    "machine { hz 100 scheduler rr quantum=1ms until 900s } process hog x2 { forever { run 100s } }";
const char* const kThousandCfs =
    "machine { hz 1000 scheduler cfs until 900s } process hog x1000 { forever { run 100s } }";
const char* const kYield = "machine { scheduler rr until 900s } process polite x2 { forever { yield } }";
const char* const kPingPong =
    "machine { until 900s } pipe there pipe back process ping { forever { write there read back } }"
    " process pong { forever { read there write back } }";

double g_simulated_ns = 0, g_real_ns = 0, g_real_yield_ns = 0, g_simulated_yield_ns = 0;

// Switches of one scenario; every word is moved. `with_log`: records are kept.
void switches(benchmark::State& state, const char* text, bool with_log, double* result) {
    Kernel k = boot(text);
    k.run({.switches = 2'000}, nullptr);
    Log log;
    constexpr std::uint64_t batch = 10'000;
    double best = 1e18;
    for (auto _ : state) {
        if (k.now() > 800 * kSecond) {   // the scenario ends at 900 s
            state.PauseTiming();
            k = boot(text);
            k.run({.switches = 2'000}, nullptr);
            log.clear();
            state.ResumeTiming();
        }
        const auto start = std::chrono::steady_clock::now();
        k.run({.switches = k.switches() + batch}, with_log ? &log : nullptr);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / batch);
        if (log.size() > 8'000'000) log.clear();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
    state.counters["ns/switch (best)"] = best;
    if (result != nullptr) *result = best;
}

void pin_to(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

// Two real processes on one CPU pass a byte back and forth; two switches a round trip.
void real_ping_pong(benchmark::State& state) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) return;
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    pin_to(0);
    const pid_t child = fork();
    char byte = 0;
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1)
            if (write(back[1], &byte, 1) != 1) break;
        _exit(0);
    }
    constexpr int batch = 2'000;
    double best = 1e18;
    for (auto _ : state) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < batch; ++i)
            if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) return;
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / (2.0 * batch));
    }
    for (int fd : {there[0], there[1], back[0], back[1]}) close(fd);
    waitpid(child, nullptr, 0);
    sched_setaffinity(0, sizeof before, &before);
    state.SetItemsProcessed(state.iterations() * 2 * batch);
    state.counters["ns/switch (best)"] = best;
    g_real_ns = best;
}

void real_yield(benchmark::State& state) {
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    pin_to(0);
    const pid_t child = fork();
    if (child == 0) {
        for (;;) sched_yield();
    }
    constexpr int batch = 2'000;
    double best = 1e18;
    for (auto _ : state) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < batch; ++i) sched_yield();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / (2.0 * batch));
    }
    kill(child, 9);
    waitpid(child, nullptr, 0);
    sched_setaffinity(0, sizeof before, &before);
    state.SetItemsProcessed(state.iterations() * 2 * batch);
    state.counters["ns/switch (best)"] = best;
    g_real_yield_ns = best;
}

// One step back in a run of a million records, at places spread over the run.
void step_back(benchmark::State& state) {
    BootError error;
    std::unique_ptr<Session> s = Session::open(scenario_of(kPingPong), error);
    while (s->log().size() < 1'000'000 && s->run_ahead(1 << 18)) {
    }
    const std::uint64_t steps = s->frontier().steps();
    std::uint64_t place = 1;
    for (auto _ : state) {
        state.PauseTiming();
        place = (place * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL);
        s->seek_step(place % (steps - 2) + 2);
        state.ResumeTiming();
        s->back(Grain::step);
    }
    state.counters["records"] = static_cast<double>(s->log().size());
    state.counters["keyframes every"] = static_cast<double>(s->keyframe_interval());
}

// Bytes of this program that are in memory: with the scenario, its compiled programs and the allocator's own.
double resident_bytes() {
    long pages = 0, resident = 0;
    std::FILE* f = std::fopen("/proc/self/statm", "r");
    if (f == nullptr) return 0;
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// What a machine costs in which everybody sleeps: each task's time to be made and put to sleep, its bytes in the kernel's
// value, and its bytes of this program's memory, everything included.
void asleep(benchmark::State& state, const std::string& text) {
    const auto n = static_cast<double>(state.range(0));
    for (auto _ : state) {
        const double before = resident_bytes();
        const Kernel none = boot("machine { until 1s } process sleeper { sleep 1000s }");
        const auto start = std::chrono::steady_clock::now();
        Kernel k = boot(text);
        k.run({}, nullptr);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        state.counters["ns each"] = took.count() / n;
        state.counters["bytes each"] = static_cast<double>(k.bytes() - none.bytes()) / n;
        state.counters["resident each"] = (resident_bytes() - before) / n;
        state.counters["tasks"] = static_cast<double>(k.tasks.size());
    }
}
void sleeping_tasks(benchmark::State& state) {
    asleep(state, "machine { until 50s } process sleeper x" + std::to_string(state.range(0)) + " { sleep 1000s }");
}
// The threads of one process, made by clone one after the other, all asleep at the end: with the main thread a million.
void sleeping_threads(benchmark::State& state) {
    asleep(state, "machine { cpus 4 until 900s } process crowd { thread sleeper x" + std::to_string(state.range(0)) +
                      " { sleep 1000s } sleep 1000s }");
}

void print_ratios() {
    std::printf("\nPipe ping-pong on this machine: %.0f ns a switch; simulated round robin: %.0f ns a switch.\n"
                "The simulated machine switches %.1f times as fast as the real pipe ping-pong,\n"
                "and %.1f times as fast as two real processes that call sched_yield (%.0f ns a switch; simulated %.0f ns).\n",
                g_real_ns, g_simulated_ns, g_real_ns / g_simulated_ns, g_real_yield_ns / g_simulated_yield_ns,
                g_real_yield_ns, g_simulated_yield_ns);
}

bool flight(std::size_t records) {
#ifdef SWITCHYARD_BENCH_WINDOW
    return sy::bench::measure_flight(records);
#else
    std::printf("\nThis build has no window: no flight over %zu records.\n", records);
    return true;
#endif
}

}  // namespace

// `bench flight [RECORDS]`: only the window's frames over ten million records; 1 if they take too long.
// `bench races`: only the race detector and the explorer on the lessons.
// `bench`: everything. `bench queues`: only the run queues on 64 CPUs; exit status 1 if one grows too fast.
int main(int argc, char** argv) {
    if (argc == 2 && std::string(argv[1]) == "queues") return sy::bench::measure_queues() ? 0 : 1;
    if (argc == 2 && std::string(argv[1]) == "races") return sy::bench::measure_races() ? 0 : 1;
    if (argc >= 2 && std::string(argv[1]) == "flight")
        return flight(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000'000) ? 0 : 1;
    benchmark::RegisterBenchmark("real/pipe_ping_pong", real_ping_pong)->UseRealTime();
    benchmark::RegisterBenchmark("real/sched_yield", real_yield)->UseRealTime();
    const auto add = [](const char* name, const char* text, bool log, double* result) {
        benchmark::RegisterBenchmark(name, [=](benchmark::State& s) { switches(s, text, log, result); });
    };
    add("switch/round_robin_2", kTwoRoundRobin, false, &g_simulated_ns);
    add("switch/round_robin_2_log", kTwoRoundRobin, true, nullptr);
    add("switch/cfs_1000", kThousandCfs, false, nullptr);
    add("switch/cfs_1000_log", kThousandCfs, true, nullptr);
    add("switch/sched_yield_2", kYield, false, &g_simulated_yield_ns);
    add("switch/pipe_ping_pong", kPingPong, false, nullptr);
    benchmark::RegisterBenchmark("session/step_back_1M_records", step_back)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark("memory/sleeping_tasks", sleeping_tasks)->Arg(100'000)->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("memory/sleeping_threads", sleeping_threads)->Arg(999'999)->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    if (g_real_ns > 0 && g_simulated_ns > 0) print_ratios();
    bool filtered = false;   // --benchmark_filter and the like: only what was asked for
    for (const std::string& arg : arguments) filtered |= arg.starts_with("--benchmark_");
    if (filtered) return 0;
    const bool queues = sy::bench::measure_queues();
    const bool races = sy::bench::measure_races();
    return flight(10'000'000) && queues && races ? 0 : 1;
}
