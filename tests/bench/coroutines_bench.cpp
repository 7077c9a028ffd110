// Ten million coroutines, each of which waits, runs and answers once: the machine of scenarios/ten-million-coroutines.scn.
// One iteration, about twenty seconds, with progress on standard error; leave it out by --benchmark_filter=-TenMillion.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"

namespace {

using namespace sy;

void TenMillionCoroutines(benchmark::State& state) {
    Scenario s;
    Diagnostics diags;
    const std::string n = "10000000";
    const std::string text = "machine { cpus 1 trace none until 1000s }\ndevice eth0 irq 24\nclients echo x" + n +
                             " on eth0 from 20s every 4us\nprocess server { coroutine session x" + n +
                             " shared 100 { accept echo read echo 64 run 1us write echo 64 } }\n";
    if (!parse_scenario(text, "bench", s, diags)) std::abort();
    for (auto _ : state) {
        BootError error;
        std::optional<Kernel> k = Kernel::boot(s, error);
        if (!k) std::abort();
        for (int second = 5; k->end() == End::running; second += 5) {
            k->run({.time = second * kSecond}, nullptr);
            std::fprintf(stderr, "\rten million coroutines: %llu answered ", static_cast<unsigned long long>(k->clients[0].answered));
        }
        std::fprintf(stderr, "\n");
        state.counters["answered"] = static_cast<double>(k->clients[0].answered);
        state.counters["MiB"] = static_cast<double>(k->bytes()) / (1 << 20);
    }
}
BENCHMARK(TenMillionCoroutines)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
