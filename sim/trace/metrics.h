// What every task did when, from the log alone: one stretch of time for each state a task was in.
// Charts and lanes are made of these.
//
// The times that the tables show (`run`, ps, expectations) are kept by the kernel itself in
// task_struct; they mean:
//   arrival     the task became runnable for the first time: it was started from outside, forked or
//   cloned first_run   the scheduler first put it on a CPU exit        it called exit or was killed
//   (sched_process_exit) response    first_run - arrival turnaround  exit - arrival cpu time on a
//   CPU, in user mode and in the kernel for it (sum_exec_runtime) wait        runnable without a
//   CPU, all waits together (run_delay in /proc/PID/schedstat)
// cpu + wait + asleep = turnaround for a task that has exited, up to the few steps of the switch
// itself.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "sim/base/types.h"
#include "sim/model/task.h"
#include "sim/trace/record.h"

namespace sy {

enum class LaneState : std::uint8_t {
    absent,    // not there yet, or gone
    running,   // on a CPU
    runnable,  // waits for a CPU
    sleeping,  // interruptible: a timer, a pipe, a lock, a child, work
    blocked,   // uninterruptible: its own disk request
    stopped,   // by a signal
    zombie,    // exited, its parent has not asked yet
};

// One task in one state for a while. Running: on `cpu`; else the CPU it last belonged to.
struct Stretch {
    TaskId task = kNoTask;
    LaneState state = LaneState::absent;
    CpuId cpu = 0;
    Nanos begin = 0, end = 0;
};

// Calls `visit` for every stretch that is not `absent` and is longer than nothing, each when it
// ends, so a task's own come in order. Idle tasks are tasks too: their stretches are a CPU's idle
// time. Tasks that were there before the log began are taken to sleep until something happens to
// them.
void walk_stretches(const Log& log, const TaskTable& tasks, std::size_t cpus, Nanos end,
                    const std::function<void(const Stretch&)>& visit);

// Which task a record is about: the woken one, the child, the one that comes; else the one that was
// current.
TaskId subject_of(const Record& record);

const char* lane_state_name(LaneState state);

}  // namespace sy
