// An episode: what one CPU does from the moment it enters the kernel (or a kernel thread calls schedule) until it is
// in user mode again, or settles in another kernel thread. A context switch is told as the episode it happens in; a
// system call or an interrupt without a switch is an episode too. The stage and `explain` show exactly this.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/kernel/text.h"
#include "sim/sched/class.h"
#include "sim/trace/step_report.h"

namespace sy {

// A text in both languages.
struct Sentence {
    std::string en, zh;
    bool empty() const { return en.empty(); }
};

enum class EpisodeKind : std::uint8_t {
    process_switch,        // to a task of another mm
    thread_switch,         // to a task of the same mm
    to_kernel_thread,      // mm is borrowed
    from_kernel_thread,    // back to a user task
    between_kernel_threads,
    to_idle, from_idle,
    system_call,           // no switch
    interrupt,             // no switch
    user,                  // not in the kernel: a stretch of user mode
};
Sentence episode_kind_name(EpisodeKind kind);

// One step with everything that is said about it.
struct StoryStep {
    StepReport report;
    Phase phase = Phase::entry;
    Actor actor = Actor::kernel;
    std::string routine;         // "__switch_to_asm+0x2"; user code: "main+0x10"; empty for hardware
    std::string source;          // Intel-like: "push %rbx", "call schedule", "mov %rsp,…": short form of the step
    Sentence what, why;          // one line each; `why` may be empty
    Sentence by;                 // who performs it: "the hardware", "entry code", "the scheduler", …
};

// What became of one part of a context.
enum class Fate : std::uint8_t { saved, kept, replaced, untouched };
struct FateRow {
    enum class Band : std::uint8_t { user, reg, system } band = Band::user;
    std::string part;            // "RBX", "user stack", "mm_struct", "kernel stack"
    Fate fate = Fate::kept;
    Sentence where;              // saved where / kept because / replaced by
    std::string before, after;   // values, hex or names; may be empty
};

// What is not saved, and why (caller-saved registers, the address space of a thread of the same mm, …).
struct NotSaved {
    std::string part;
    Sentence why;
};

// What the placement and the groups panel show (smp_view.h makes them).
struct PlacementRow {
    CpuId cpu = 0;
    bool is_allowed = false, is_idle = false;          // at the moment of the choice
    bool is_prev = false, is_waker = false, is_target = false, is_chosen = false;
    bool shares_cache = false;                         // with the target
    std::uint64_t load_avg = 0, util_avg = 0;          // of the queue as it is now
    std::uint32_t nr_running = 0;                      // the same
    Sentence why;                                      // why this one, or why not
};
struct PlacementStory {
    Placement placement;
    Sentence affine, idle;                             // the two rules that decided; may be empty
    std::vector<PlacementRow> rows;                    // one for each CPU
};
struct GroupRow {
    std::uint16_t group = 0, parent = 0, depth = 0;
    std::string name;
    bool is_autogroup = false;
    std::uint32_t weight = 100, shares = 1024;         // cpu.weight
    Nanos quota = 0, period = 0;                       // cpu.max; quota 0: no limit
    Nanos cpu_time = 0;                                // of all its tasks, as charged
    std::uint64_t load_avg = 0;                        // sum over its queues
    std::uint32_t runnable = 0;                        // tasks in it and below
    std::uint64_t throttled_cpus = 0, queued_cpus = 0;
    Nanos pool = 0;                                    // left of this period's quota
    std::uint64_t nr_periods = 0, nr_throttled = 0;
    Nanos throttled_time = 0;
};

struct Episode {
    EpisodeKind kind = EpisodeKind::system_call;
    std::uint64_t switch_number = 0;      // of the run, from 1; 0: no switch
    CpuId cpu = 0;
    TaskId prev = kNoTask, next = kNoTask;   // without a switch both are the same task
    std::uint64_t first_step = 0;         // number of the first step; the state before it is `seek_step(first_step)`
    std::uint64_t last_step = 0;          // number of the last one (steps of other CPUs lie in between)
    std::uint64_t commit_step = 0;        // where rq->curr changed; 0 without a switch
    bool prev_stays_runnable = false;     // it was preempted, or yielded
    Nanos begin = 0, end = 0;
    Sentence title;                       // "Switch 7: worker/1 -> worker/2"
    Sentence reason;                      // why now: "the tick at 12.000 ms set need_resched"
    PickReason pick;                      // winner kNoTask without a switch
    std::vector<StoryStep> steps;         // this CPU's only
    std::vector<FateRow> table;
    std::vector<NotSaved> not_saved;
    std::vector<PlacementStory> placements;   // wakeups and forks that found their CPU in it, with the loads of that moment
    std::vector<Sentence> balances;       // attempts at balancing
    // As the episode leaves them, if the class keeps averages (PELT) or the machine has groups.
    std::vector<std::pair<TaskId, SchedAvg>> averages;
    std::vector<std::pair<std::string, std::int64_t>> run_queue;
    std::vector<GroupRow> groups;
    // Depth dial: the same in one sentence, and in five phases (entry, why, pick, address space, stack, exit).
    Sentence in_one_line;
    std::vector<std::pair<Phase, Sentence>> in_phases;
};
Sentence phase_name(Phase phase);

}  // namespace sy
