// How long a task will compute before it next may wait: what textbook policies assume to be known.
#pragma once

#include "sim/kernel/kernel.h"

namespace sy {

// `task` is not on a CPU in user mode: it sleeps or is new. Random lengths are those that it will
// really draw. A call that may wait (sleep, read, write, fsync, wait, join, exit, a lock that is
// taken) ends the burst. 0 for kernel threads; a program that computes for ever gives a length that
// is only very long.
Nanos coming_burst(const Kernel& k, TaskId task);

}  // namespace sy
