// The moment of the crime: the first step at which a machine with a broken kernel is no longer what the sound one is at
// the same step. Both are run side by side; each is only asked for its state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"

namespace sy {

struct Crime {
    std::uint64_t step = 0;          // number of the first step after which they differ
    Nanos at = 0;                    // when it began
    CpuId cpu = 0;
    std::string where;               // `__switch_to_asm+0x1c`
    Text what, why;                  // what the broken kernel did there
    // What differs after it: a place, its value in the sound machine and in this one.
    struct Difference {
        std::string place;
        std::uint64_t sound = 0, broken = 0;
    };
    std::vector<Difference> differences;   // registers of that CPU first; at most eight
};

// The search piece by piece, for a window that must not wait. `scenario` must boot and have `breaks`.
class CrimeSearch {
  public:
    explicit CrimeSearch(const Scenario& scenario);
    // At most so many steps of each machine more. False: it is over, `found` says with what.
    bool advance(std::uint64_t steps);
    const std::optional<Crime>& found() const { return found_; }
    std::uint64_t steps() const { return broken_ ? broken_->steps() : 0; }

  private:
    bool stretch();
    void look_closely(const Kernel& sound, const Kernel& broken);

    std::optional<Kernel> sound_, broken_;
    std::optional<Crime> found_;
    bool over_ = false;
};

// Nothing: the run ended (or `progress` said false) without a difference.
// `progress` is called every few thousand steps with the steps done.
std::optional<Crime> find_crime(const Scenario& scenario, std::uint64_t most_steps,
                                const std::function<bool(std::uint64_t)>& progress);

}  // namespace sy
