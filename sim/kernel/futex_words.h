// Standing in the queue of a futex word. Private to futex.cpp, futex_pi.cpp, rtmutex.cpp.
#pragma once

#include "sim/kernel/context.h"
#include "sim/kernel/pi.h"

namespace sy {

constexpr std::int64_t kEdeadlk = -35;   // include/uapi/asm-generic/errno.h

// The current task joins the queue of `address`; real-time tasks stand before others (futex_queue: a plist by
// min(normal_prio, 100)).
void join_futex_queue(Ctx& cx, std::uint64_t address);
// From whichever word's queue it stands in now: it may have been moved.
void leave_futex_queue(Ctx& cx, TaskId task);

}  // namespace sy
