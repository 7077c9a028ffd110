// You are the scheduler: somebody makes each pick, the machine plays it. A decision is due when a CPU must choose among two
// or more tasks (sim/sched/hand.cpp); the machine stands just before that step until somebody has chosen. Nothing is
// simulated besides: what follows from a choice is what the same kernel does under any policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"

namespace sy {

struct PlayOptions {
    Nanos quantum = 0;       // a turn ends after so long and a decision is due; 0: never
    bool preempt = true;     // is a decision due when somebody arrives or wakes up?
    std::uint64_t steps = 20'000'000;   // of the whole run
};
// The quantum of the scenario's own scheduler (0: it has none), preemption as that scheduler has it.
PlayOptions play_options_of(const Scenario& scenario);

struct PlayDecision {
    Nanos at = 0;
    CpuId cpu = 0;
    std::uint64_t step = 0;              // the machine has done so many when it is due
    std::vector<TaskId> candidates;      // in the order of their ids
    TaskId running = kNoTask;            // who has the CPU and could keep it
    TaskId chosen = kNoTask;
};

class Play {
  public:
    // Nothing, with `error`, if the scenario cannot be run.
    static std::optional<Play> open(const Scenario& scenario, const PlayOptions& options, BootError& error);

    // The decision that is due; null: the run is over.
    const PlayDecision* pending() const { return is_over_ ? nullptr : &due_; }
    const std::vector<PlayDecision>& made() const { return made_; }
    // The machine before the pending decision, or at the end.
    const Kernel& now() const { return kernel_; }

    // By task, or as a person writes it: name, name/2, process/thread or pid. False: it cannot be had, and `why` says which
    // mistake that is (it sleeps, has not arrived, runs elsewhere …); nothing has happened then.
    bool pick(TaskId task);
    bool pick(std::string_view who, Text& why);
    // Takes the last pick back; false: there is none.
    bool undo();

    // The scenario with these picks written into it: run, it does the same.
    Scenario scenario() const;

  private:
    void advance();

    Scenario scenario_;
    PlayOptions options_;
    Kernel kernel_;
    PlayDecision due_;
    std::vector<PlayDecision> made_;
    bool is_over_ = false;
};

// The least sum of turnaround times that decisions of this kind can reach, found by trying all of them (branch and bound).
struct BestPlay {
    std::vector<TaskId> picks;
    Nanos total = 0;                 // of the turnaround times of all tasks of the scenario
    std::uint64_t schedules = 0;     // complete ones that were played
    bool is_proven = false;          // everything was tried or cannot be better; else the best of what was tried
    bool found = false;
};
BestPlay best_play(const Scenario& scenario, const PlayOptions& options, std::uint64_t most_steps = 3'000'000);

// The sum of the turnaround times so far: of those that live, until now. Tasks of the scenario only.
Nanos total_turnaround(const Kernel& kernel);
// Does this task belong to the scenario (declared in it or forked from one that is), not to the machine?
bool is_players_task(const Kernel& kernel, TaskId task);

}  // namespace sy
