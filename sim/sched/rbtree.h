// The red-black tree of the scheduler, with its links in the tasks (Task::se.node) as Linux keeps its rb_node in
// sched_entity. Rules and rebalancing are those of Cormen et al., Introduction to Algorithms, chapter 13; equal keys
// go to the right, so the earlier comer stays to the left (linux.md 6.4.9).
#pragma once

#include "sim/model/task.h"

namespace sy {

class RbTree {
  public:
    TaskId root() const { return root_; }
    TaskId leftmost() const { return leftmost_; }
    bool empty() const { return root_ == kNoTask; }
    std::uint32_t size() const { return size_; }

    // Equal keys: the kernel's order of insertion, or the lower pid first (must be set while empty).
    void order_ties_by_pid(bool on) { by_pid_ = on; }

    // Order: by se.vruntime (signed difference, so it may wrap), equal goes right.
    void insert(TaskTable& tasks, TaskId task);
    void erase(TaskTable& tasks, TaskId task);
    // The next task in order, kNoTask at the end.
    static TaskId next(const TaskTable& tasks, TaskId task);
    // Height of black nodes is the same everywhere, no red node has a red child, order holds.
    bool valid(const TaskTable& tasks) const;

  private:
    void rotate(TaskTable& tasks, TaskId x, bool left);
    void replace_child(TaskTable& tasks, TaskId parent, TaskId old_child, TaskId new_child);
    void fix_after_erase(TaskTable& tasks, TaskId x, TaskId parent);

    bool before(const TaskTable& tasks, TaskId a, TaskId b) const;

    bool by_pid_ = false;
    TaskId root_ = kNoTask;
    TaskId leftmost_ = kNoTask;
    std::uint32_t size_ = 0;
};

}  // namespace sy
