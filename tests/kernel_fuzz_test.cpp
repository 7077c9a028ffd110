// Random programs on random machines whose steps take odd times: a lock that takes 3 us on one
// machine and an interrupt that flies for none on the next bring together moments that no sensible
// machine would. The seeds are fixed; under the sanitizers of CI this is the fuzzer of the kernel.
#include <doctest/doctest.h>

#include <string>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/machine/costs.h"
#include "sim/scenario/generate.h"
#include "watcher.h"

namespace {

using namespace sy;

Scenario odd_machine(std::uint64_t seed) {
    Random dice(seed * 7'919 + 11);
    RandomOptions options;
    options.max_cpus = seed % 5 == 0 ? 8 : 3;
    options.max_processes = 6;
    options.max_statements = 7;
    options.longest =
        dice.uniform(0, 2) == 0 ? 3 * kMilli : 60 * kMicro;  // short ones meet more often
    options.until = 20 * kMilli;
    Scenario s = random_scenario(seed, options);
    s.machine.preempt = static_cast<MachineDecl::Preempt>(dice.uniform(0, 2));
    s.machine.costs_ideal = dice.uniform(0, 7) == 0;
    s.machine.costs.clear();
    for (const CostRow& row : cost_table())
        if (row.cost != Cost::none && dice.uniform(0, 4) == 0)
            s.machine.costs.emplace_back(row.name,
                                         dice.uniform(0, 1) == 0 ? 0 : dice.uniform(1, 4'000));
    return s;
}

}  // namespace

TEST_CASE("random programs on odd machines break no rule") {
    std::uint64_t returns = 0, switches = 0;
    for (std::uint64_t seed = 1; seed <= test::cases(400); ++seed) {
        CAPTURE(seed);
        Kernel k = test::boot(odd_machine(seed));
        test::Watcher watcher(k);
        const std::string fault = test::watch(k, 40'000, watcher);
        REQUIRE_MESSAGE(fault.empty(), fault);
        // At full speed, unwatched: the same to the last bit.
        Kernel fast = test::boot(odd_machine(seed));
        fast.run({.steps = k.steps()}, nullptr);
        REQUIRE(fast.steps() == k.steps());
        REQUIRE(fast.fingerprint() == k.fingerprint());
        returns += watcher.returns();
        switches += watcher.switches();
    }
    MESSAGE(returns << " returns to user mode, " << switches << " switches");
    CHECK(switches > test::cases(20'000));
}
