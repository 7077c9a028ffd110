// Programs that no author thought of run on the kernel: its rules hold between any two steps, and a
// scenario that was saved and reloaded runs as the one it came from.
#include <doctest/doctest.h>

#include <string>

#include "sim/kernel/kernel.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"

using namespace sy;

namespace {

Kernel boot(const Scenario& scenario) {
    BootError error;
    auto kernel = Kernel::boot(scenario, error);
    REQUIRE_MESSAGE(kernel.has_value(), error.text);
    return std::move(*kernel);
}

}  // namespace

TEST_CASE("the kernel's rules hold in random scenarios") {
    std::uint64_t steps = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        CAPTURE(seed);
        Kernel kernel = boot(random_scenario(seed));
        // Every step of the first scenarios, and a step now and then of the others.
        const std::uint64_t stride = seed < 10 ? 1 : 97;
        while (kernel.step(nullptr, nullptr)) {
            if (kernel.steps() % stride == 0) REQUIRE(kernel.check_invariants() == "");
        }
        REQUIRE(kernel.check_invariants() == "");
        CHECK(kernel.now() <= 101 * kMilli);
        steps += kernel.steps();
    }
    // Otherwise nothing ran and nothing was tested.
    CHECK(steps > 500'000);
}

TEST_CASE("a saved and reloaded scenario gives the same run") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        const Scenario scenario = random_scenario(seed);
        const std::string text = write_scenario(scenario);
        Scenario reloaded;
        Diagnostics diags;
        REQUIRE(parse_scenario(text, "saved.scn", reloaded, diags));
        Kernel kernel = boot(scenario);
        Kernel again = boot(reloaded);
        kernel.run({}, nullptr);
        while (again.step(nullptr, nullptr)) {
        }
        CHECK(kernel.steps() == again.steps());
        REQUIRE(kernel.fingerprint() == again.fingerprint());
    }
}
