// Looks at the orders in which a scenario's threads can go, on the machine itself: at every point at which a program is
// about to touch something that others see, the explorer decides who goes on, and the kernel makes it so (director.cpp).
//
// Dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005): of orders that differ only by neighbours that do
// not touch the same thing, one is run. Without a bound with source sets (Abdulla and others, POPL 2014) and sleep sets
// (Godefroid, 1996), so that no order is run twice; with a bound on preemptions (Musuvathi and Qadeer, CHESS, 2007) the further points of Coons, Musuvathi and McKinley
// (OOPSLA 2013). Under `memory tso` the moment at which a store leaves its buffer is a choice, too. A program that comes
// back to the same registers while nobody has changed any memory waits in a loop; it goes on when something was changed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/analysis/accesses.h"
#include "sim/base/text.h"
#include "sim/model/scenario.h"

namespace sy {

enum class Outcome : std::uint8_t {
    fine,
    violated,   // a condition does not hold at the end
    deadlock,   // somebody lives, and nobody can ever go on
    livelock,   // the same, but some of them go round in a loop
    crash,      // an exception ended a program
    oops,       // the kernel itself, broken on purpose
    cut,        // longer than ExploreOptions::steps
};
const char* outcome_name(Outcome outcome);

struct ExploreOptions {
    std::int64_t preemptions = 2;        // bounds 0, 1, … up to this one are explored in turn; -1: no bound
    std::uint64_t schedules = 10'000;    // at most so many runs altogether
    std::uint64_t steps = 2'000'000;     // of one run
    bool reduce = true;                  // false: every order of visible operations
    bool keep_going = false;             // do not stop at the first failure
    bool deadlock_is_fine = false;
    bool exceptions_are_fine = false;    // a program that ends by SIGSEGV and the like is no failure
    // Why a finished run is not as it must be; empty: it is.
    std::function<Text(const Kernel& end, const Log& log)> check{};
};

// A stretch that one thread (or one store buffer) goes without another one in between.
struct ExploreTurn {
    std::string task;                    // path; empty: a store buffer
    CpuId cpu = 0;                       // where it ran; of the buffer
    std::uint64_t operations = 0;
    CodePlace from;                      // its first operation
    CodePlace before;                    // the one it was stopped before; no line: it waits or has ended
    bool preempted = false;              // it could have gone on
};

struct FoundSchedule {
    Outcome outcome = Outcome::violated;
    Text why;
    std::vector<ExploreTurn> turns;
    std::vector<ScheduleLine> lines;     // for Scenario::schedule: the same run again
    std::int64_t preemptions = 0;
    std::uint64_t number = 0;            // which of the schedules visited, from 1
    std::shared_ptr<const Kernel> end;
};

struct ExploreBound {
    std::int64_t preemptions = 0;        // -1: none
    std::uint64_t schedules = 0;         // run to their end
    std::uint64_t pruned = 0;            // given up: only orders that were run already lay behind
    std::uint64_t cut = 0;               // given up at ExploreOptions::steps
    std::uint64_t failures = 0;
    std::uint64_t over_bound = 0;        // choices that would have needed one preemption more
    bool complete = false;               // all orders within the bound are covered
};

struct ExploreReport {
    std::vector<ExploreBound> bounds;
    std::uint64_t schedules = 0, pruned = 0, transitions = 0, deepest = 0;
    std::vector<FoundSchedule> found;    // the first failure; with keep_going one for each reason
    bool complete = false;               // within the last bound
    bool unbounded = false;              // and no bound left anything out: of all orders
    std::string trouble, trouble_zh;     // why it could not be explored; empty: it could
    // Different last values of the processes' shared variables that were seen, by fingerprint.
    std::vector<std::uint64_t> final_states;
};

class Explorer {
  public:
    // The scenario must boot. Its own `schedule` is left out.
    Explorer(const Scenario& scenario, ExploreOptions options);
    ~Explorer();
    // At most so many transitions more; false: it is over.
    bool advance(std::uint64_t transitions);
    const ExploreReport& report() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sy
