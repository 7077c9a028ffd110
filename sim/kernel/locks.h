// Who holds what and who waits for whom, read from the machine: owners from the words of user memory (glibc's __owner,
// the tid in a priority-inheritance word), waiters from the queues that sleeping tasks stand in.
//
// Linux itself looks for a circle of waiters only where priorities are inherited (FUTEX_LOCK_PI then fails with
// EDEADLK); an ordinary futex deadlock just sleeps. The finder here is an observer: it changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

// Something that tasks wait for.
struct LockView {
    enum class Kind : std::uint8_t { mutex, pi_mutex, semaphore, cond, barrier, rwlock, thread, pipe_data, pipe_room, child };
    Kind kind = Kind::mutex;
    std::string name;                    // as in the scenario; of a thread or child: its name
    TaskId process = kNoTask;            // leader of the process whose memory it lies in; none for pipes
    std::uint64_t address = 0;           // of its first word (user) or of the pipe
    std::uint64_t value = 0;             // that word; bytes in the pipe
    // Those whose doing ends the wait: the owner or readers of a lock, who may post, signal, arrive, write, read, exit.
    std::vector<TaskId> holders;
    std::uint32_t need = 1;              // how many of them must act: all of a lock, one of those who may post
    bool is_owned = false;               // holders really hold it (mutex, rwlock), others only could act
    bool abandoned = false;              // its word names a tid that is no task any more
    bool outside = false;                // the world outside or a task yet to come may act
    std::vector<TaskId> waiters;         // in the order of the queue
};

// `task` waits for `lock`, which the next link's task holds; the last one's is held by the first.
struct DeadlockLink {
    TaskId task = kNoTask;
    std::uint32_t lock = 0;              // index into WaitGraph::locks
};
struct WaitGraph {
    std::vector<LockView> locks;         // held, waited for, or declared; by process, then address
    std::vector<std::vector<DeadlockLink>> cycles;
    std::vector<TaskId> stuck;           // nothing inside the machine will ever wake these; those of cycles included
};

WaitGraph wait_graph(const Kernel& k);
bool has_deadlock(const Kernel& k);
// The lock whose queue a task sleeps in: index into `locks`, -1: none.
int lock_waited_for(const WaitGraph& graph, TaskId task);
const char* lock_kind_name(LockView::Kind kind);   // mutex, semaphore, …
const char* lock_kind_name_zh(LockView::Kind kind);

// The current task is about to sleep on the futex word in RBX: does that close a circle? If so, a `deadlock` record.
void note_deadlock(Ctx& cx);
// Owners and waiters agree: no waiter of a word that nobody will be told of. Empty, or what is wrong.
std::string check_locks(const Kernel& k);

}  // namespace sy
