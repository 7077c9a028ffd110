// Names of tasks as scenarios write them, and the outside world's queue.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

// Living tasks that a path names: a pid, `name`, `name/2`, `process/main`, `process/thread`, `process/thread/1`.
std::vector<TaskId> find_tasks(const Kernel& k, const std::string& path);
// The first of them; kNoTask: there is none.
TaskId first_task(const Kernel& k, const std::string& path);
// Does the path (or pid) name this task (living or not)? A bare name also matches every copy of it.
bool task_matches(const Kernel& k, TaskId id, const std::string& path);

Nanos next_device_event(Device& d, const DeviceDecl& decl, Nanos now);

// Where the local variables of the code that a task is in lie: RBP, once an asm block has set it; RSP before that.
std::uint64_t local_frame(const Kernel& k, TaskId id);

}  // namespace sy
