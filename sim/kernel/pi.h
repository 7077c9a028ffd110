// Priority inheritance: the rt_mutexes behind `mutex m pi` (linux.md 6.6; kernel/locking/rtmutex.c,
// kernel/futex/pi.c). The word in user memory names the owner; the kernel knows of a lock only while somebody waits for
// it. Then it keeps a futex_pi_state: the owner and the waiters in the order of their priorities. The owner runs with
// the priority of the most urgent one that waits for any of its locks, and so does the owner of the lock that the owner
// itself waits for, on to the end of the chain.
//
// Normal tasks count as equally urgent among the waiters, whatever their nice values (__waiter_prio).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/fingerprint.h"
#include "sim/base/types.h"

namespace sy {

struct Ctx;
class Kernel;

// rt_mutex_waiter. Its order: prio, then deadline, then age.
struct PiWaiter {
    TaskId task = kNoTask;
    std::int16_t prio = 120;             // its effective one; 120 for all normal tasks
    Nanos deadline = 0;                  // absolute, of a deadline task
};
// futex_pi_state with its rt_mutex. There is always a waiter: the last one that leaves takes it away.
struct PiLock {
    MmId mm = kNoMm;
    std::uint64_t address = 0;           // of the word
    TaskId owner = kNoTask;              // none: given back, the first waiter is on its way to take it
    std::vector<PiWaiter> waiters;       // most urgent first
};
struct PiLocks {
    std::vector<PiLock> locks;
    std::uint32_t walks = 0;             // changes of which not everybody along the chain has heard yet
};

constexpr int kNormalWaiterPrio = 120;   // DEFAULT_PRIO
constexpr std::uint32_t kMaxLockDepth = 1'024;   // max_lock_depth: longer chains count as deadlock

// Index into Kernel::pi.locks, -1: none.
int find_pi_lock(const Kernel& k, MmId mm, std::uint64_t address);
int pi_blocked_on(const Kernel& k, TaskId task);        // the lock whose waiter it is
// task_top_pi_waiter: the most urgent one that waits for a lock of this task; kNoTask: nobody.
TaskId top_pi_waiter(const Kernel& k, TaskId owner);
// What a task's effective priority must be.
int inherited_prio(const Kernel& k, TaskId task);
// "prio 69 · normal_prio 89 · high(583)": what it inherits and from whom; empty if it does not.
std::string inherited_text(const Kernel& k, TaskId task);
// rt_mutex_adjust_pi: its own priority has changed. All along the chain, in one go.
void pi_adjust(Ctx& cx, TaskId task);
// exit_pi_state_list: who dies or execs lets go of its locks; the first waiters will find that the owner died.
void exit_pi_state_list(Ctx& cx, TaskId task);

void mix_pi(Fingerprint& print, const PiLocks& pi);
// Every task has the priority of its most urgent waiter or its own; words and owners agree. Empty, or what is wrong.
std::string check_pi(const Kernel& k);

}  // namespace sy
