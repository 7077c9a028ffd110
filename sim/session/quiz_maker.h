// What the makers of questions share: the run, dice, names. Private to sim/session.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/random.h"
#include "sim/session/quiz.h"

namespace sy {

class QuizMaker {
  public:
    QuizMaker(Session& session, std::uint64_t seed) : s_(session), rng_(seed * 0x9e37'79b9 + 11) {}

    // Tries to make a question of that kind; false: this run has none (left).
    bool make(QuizKind kind, QuizQuestion& out);
    void shuffle(std::vector<QuizChoice>& choices);

  private:
    using Make = bool (QuizMaker::*)(QuizQuestion&);

    bool next(QuizQuestion& q);
    bool cr3(QuizQuestion& q);
    bool pushed(QuizQuestion& q);
    bool registers(QuizQuestion& q);
    bool ps(QuizQuestion& q);
    bool between(QuizQuestion& q);
    bool wait(QuizQuestion& q);
    bool switches(QuizQuestion& q);
    bool finish(QuizQuestion& q);

    const Kernel& end() const { return s_.frontier(); }
    std::string name(TaskId task) const;
    // A task that the scenario declares or that was forked from one.
    bool is_of_scenario(TaskId task) const;
    std::vector<TaskId> tasks_that(bool (*fits)(const Task&)) const;
    std::size_t roll(std::size_t n) {
        return static_cast<std::size_t>(rng_.uniform(0, static_cast<std::int64_t>(n) - 1));
    }
    // A switch that has not been asked about in this way, or nothing; of tasks of the scenario.
    const Episode* some_switch(QuizKind kind, bool between_users);
    bool is_new(QuizKind kind, std::uint64_t subject);
    // How task `x`, which did not run, would be explained: the mistake that chooses it.
    Text why_not(const Episode& e, TaskId x, const Kernel& after) const;

    Session& s_;
    Random rng_;
    std::vector<std::pair<QuizKind, std::uint64_t>> asked_;
};

}  // namespace sy
