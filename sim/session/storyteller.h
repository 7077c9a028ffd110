// Puts steps into words, and steps into episodes.
#pragma once

#include "sim/session/episode.h"

namespace sy {

// Says what one step does. Made before the step (it notes who runs), used after it.
class Teller {
  public:
    explicit Teller(const Kernel& before);
    StoryStep tell(const Kernel& after, const StepReport& report) const;

    // Who leaves and who comes, if an episode knows; else {prev} and {next} are taken from the registers.
    TaskId prev = kNoTask, next = kNoTask;
    const PickReason* pick = nullptr;

  private:
    struct CpuNow {
        TaskId current = kNoTask;
        std::uint32_t pc = 0;
        std::uint64_t rdi = 0, rsi = 0, rbx = 0, rbp = 0;
    };
    std::vector<CpuNow> cpus_;
};

// What a step does, and why.
struct Says {
    Sentence what, why;
};
// Of user-mode operations on locks, condition variables and barriers (sync_says.cpp); `v` is the variable's name.
Says sync_says(UserOp::Kind kind, const std::string& v);

// What a step of kernel text would look like in a listing: `push %rbx`; empty for an effect.
std::string step_listing(std::uint32_t step);

// The episode of `cpu` that begins with the next step of it in `start`.
Episode tell_episode(Kernel start, CpuId cpu);

// The closing table and what is not saved (fates.cpp).
void fill_fates(Episode& e, const Kernel& start, const Kernel& end);

// Everyday words: "[kworker/0:0]" for kernel threads, "the idle task".
std::string display_name(const Kernel& k, TaskId id);
std::string hex(std::uint64_t v);
// A part of a context (FateRow::part, NotSaved::part) in a language: "user stack", "用户栈"; register names are the same.
std::string part_name(const std::string& part, Lang lang);
// "12.004 312 ms", at least three decimals; with the unit that fits.
std::string time_text(Nanos t);

}  // namespace sy
