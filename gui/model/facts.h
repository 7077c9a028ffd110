// Small facts about a machine that several panels show, as text in the language in force: what a
// task is called, why it sleeps, whose address space a kernel thread borrows, what a place of a
// move is called.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"
#include "sim/trace/step_report.h"

namespace sy::gui {

// In the language in force.
const std::string& tr(const Sentence& sentence);

// "worker/1", "[ksoftirqd/0]" for kernel threads, "swapper/0" for idle tasks.
std::string task_name(const Kernel& k, TaskId id);
bool is_idle(const Kernel& k, TaskId id);
// R running, r runnable, S D I T asleep, Z X dead, n new.
char task_letter(const Kernel& k, TaskId id);
// Where it sleeps: the innermost routine outside the scheduler ("futex_wait_queue"), as
// /proc/PID/wchan says; empty if it does not sleep.
std::string wait_place(const Kernel& k, TaskId id);
// A task that owns this mm, for "borrows active_mm of editor"; kNoTask for init_mm.
TaskId mm_owner(const Kernel& k, MmId mm);
std::string mm_owner_name(const Kernel& k, MmId mm);
// Tasks that live in it, by pid.
std::vector<TaskId> mm_tasks(const Kernel& k, MmId mm);

// The boxes of the task list: tasks that share an mm, then those that have died and wait for their
// parent, then kernel threads.
struct TaskGroup {
    MmId mm = kNoMm;  // none: kernel threads, or the dead
    std::vector<TaskId> tasks;
    bool is_dead = false;  // they have given back their mm
};
std::vector<TaskGroup> task_groups(const Kernel& k);
std::vector<TaskId> task_order(const Kernel& k);  // as the list shows them

// Address of code, in the kernel or in the program of `task`.
std::string code_name(const Kernel& k, TaskId task, std::uint64_t address);
// "RBX", "thread.sp of worker/1", "word …fe78".
std::string place_name(const Kernel& k, const Place& place);
// The value that is at the place now.
std::uint64_t place_value(const Kernel& k, CpuId cpu, const Place& place);
// Which stack an address lies on: "kernel stack of worker/1", "entry stack of CPU 0", "user stack".
std::string stack_name(const Kernel& k, std::uint64_t address);
// "if zf": the flags of RFLAGS that are set, IF first.
std::string flags_text(std::uint64_t rflags);
std::string hex(std::uint64_t value);
// For the 64-bit words of kernel addresses: 16 digits.
std::string word_text(std::uint64_t value);

}  // namespace sy::gui
