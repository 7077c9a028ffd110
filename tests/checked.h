// A machine of a few lines that is run with every rule looked at after every step, or up to an instant.
#pragma once

#include "tests/machine.h"

namespace sy::test {

// Free steps: what comes out is arithmetic.
constexpr const char* kIdeal = "machine { cpus 1 costs ideal }\n";

// Every rule after every step.
inline Run checked(std::string_view text) {
    Run r{boot(scenario(text)), {}};
    while (r.k.step(&r.log, nullptr)) {
        const std::string fault = r.k.check_invariants();
        REQUIRE_MESSAGE(fault.empty(), fault << " after step " << r.k.steps());
    }
    CHECK(r.k.check_invariants() == "");
    return r;
}

inline Run until(std::string_view text, Nanos at) {
    Run r{boot(scenario(text)), {}};
    r.k.run({.time = at}, &r.log);
    CHECK(r.k.check_invariants() == "");
    return r;
}

}  // namespace sy::test
