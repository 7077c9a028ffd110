// A kernel that was broken on purpose. It has the text of the sound one at the same addresses; a few steps of it do
// something else or nothing (Broken::steps), and what follows is not acted: the machine runs on with the registers,
// stacks and counts that it then has until something cannot be done any more (a wild address, a count below zero) or a
// watchdog sees that nothing gets on. That ends the run with an Oops.
//
// Sound machines pay nothing for this: they have no Broken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <map>
#include <vector>

#include "sim/kernel/text.h"
#include "sim/machine/regs.h"
#include "sim/model/breakage.h"

namespace sy {

struct Image;
class Kernel;

// Watchdog limits, kernel/watchdog.c of Linux 6.1: watchdog_thresh is 10 s; a soft lockup is twice that.
constexpr Nanos kHardLockup = 10 * kSecond, kSoftLockup = 2 * kHardLockup;
// What is left of a kernel stack under `break small stack`.
constexpr std::uint64_t kSmallStack = 384;

struct Broken {
    std::uint32_t kinds = 0;         // a bit for each Breakage
    std::vector<Step> steps;         // as the CPU runs them
    // What the stage says of the steps that were changed; by step number.
    std::map<std::uint32_t, const StepDef*> said;
    TaskId first_small_stack = kNoTask;   // tasks from this one on have one, under `break small stack`
    bool has(Breakage b) const { return (kinds >> static_cast<unsigned>(b) & 1) != 0; }
};

// Takes the scenario's `break` lines into force, from the next step on.
void break_kernel(Image& image, TaskId first_new_task);

// What the kernel says when it can go on no longer.
struct Oops {
    enum class Kind : std::uint8_t {
        page_fault,       // an address that nothing is mapped at
        protection,       // a pointer to something that is no such object
        bug,              // BUG_ON: a count or a list that cannot be
        stack_end,        // schedule() finds STACK_END_MAGIC overwritten
        double_fault,     // a fault on the way into the kernel
        soft_lockup,      // a CPU that did not schedule for 20 s though asked to
        hard_lockup,      // a CPU whose timer interrupt did not come for 10 s
    };
    Kind kind = Kind::bug;
    Nanos at = 0;
    std::uint64_t step = 0;          // number of the step that could not be done
    CpuId cpu = 0;
    TaskId task = kNoTask;           // current
    std::uint64_t address = 0;       // of a page fault
    std::string why;                 // in the words of whoever noticed
    Regs regs;                       // as they were before that step
    std::uint64_t rip = 0;
    std::vector<std::uint64_t> trace;   // return addresses on its kernel stack, the innermost first
};

// `BUG: unable to handle page fault for address: ffff…`: the first line of the report, as the kernel words it.
std::string oops_title(const Kernel& k, const Oops& oops);

}  // namespace sy
