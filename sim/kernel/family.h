// Birth and death of tasks, as used by system calls, boot and events from outside.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

// fork.cpp
void prepare_stack(Ctx& cx, TaskId id, std::uint64_t rbx, std::uint64_t r12);
void add_child(Ctx& cx, TaskId parent, TaskId child);
// `parent` may be kNoTask: the task comes from outside, without its parent's debts.
void wake_up_new_task(Ctx& cx, TaskId parent, TaskId id);

// futex.cpp
void clear_child_tid(Ctx& cx, TaskId task);

}  // namespace sy
