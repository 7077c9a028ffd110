// The red-black tree of the scheduler, with its links in the tasks (Task::se.node) as Linux keeps its rb_node in
// sched_entity. Rules and rebalancing are those of Cormen et al., Introduction to Algorithms, chapter 13; equal keys
// go to the right, so the earlier comer stays to the left (linux.md 6.4.9).
//
// What it is ordered by is the caller's business: an `Order` has before(tasks, a, b), and update(tasks, node), which
// works out again what a node knows of its subtree (an augmented tree; Cormen, chapter 14) and is called bottom up.
#pragma once

#include "sim/base/assert.h"
#include "sim/model/task.h"

namespace sy {

class RbTree {
  public:
    TaskId root() const { return root_; }
    TaskId leftmost() const { return leftmost_; }
    bool empty() const { return root_ == kNoTask; }
    std::uint32_t size() const { return size_; }

    template <class Order>
    void insert(TaskTable& tasks, TaskId task, const Order& order);
    template <class Order>
    void erase(TaskTable& tasks, TaskId task, const Order& order);
    // The next task in order, kNoTask at the end.
    static TaskId next(const TaskTable& tasks, TaskId task);
    // Height of black nodes is the same everywhere, no red node has a red child, order holds.
    template <class Order>
    bool valid(const TaskTable& tasks, const Order& order) const;

  private:
    static QueueNode& node(TaskTable& tasks, TaskId t) { return tasks.mut(t).se.node; }
    static const QueueNode& peek(const TaskTable& tasks, TaskId t) { return tasks[t].se.node; }
    static bool is_red(const TaskTable& tasks, TaskId t) { return t != kNoTask && peek(tasks, t).red; }
    template <class Order>
    static void update_up(TaskTable& tasks, TaskId from, const Order& order) {
        for (TaskId t = from; t != kNoTask; t = peek(tasks, t).parent) order.update(tasks, t);
    }
    template <class Order>
    void rotate(TaskTable& tasks, TaskId x, bool left, const Order& order);
    void replace_child(TaskTable& tasks, TaskId parent, TaskId old_child, TaskId new_child);
    template <class Order>
    void fix_after_erase(TaskTable& tasks, TaskId x, TaskId parent, const Order& order);

    TaskId root_ = kNoTask;
    TaskId leftmost_ = kNoTask;
    std::uint32_t size_ = 0;
};

// By se.vruntime (signed difference, so it may wrap).
struct ByVruntime {
    bool by_pid = false;   // equal ones: the lower pid first, instead of the earlier comer
    bool before(const TaskTable& tasks, TaskId a, TaskId b) const {
        const auto lead = static_cast<std::int64_t>(tasks[a].se.vruntime - tasks[b].se.vruntime);
        return lead < 0 || (lead == 0 && by_pid && tasks[a].pid < tasks[b].pid);
    }
    void update(TaskTable&, TaskId) const {}
};

inline void RbTree::replace_child(TaskTable& tasks, TaskId parent, TaskId old_child, TaskId new_child) {
    if (parent == kNoTask)
        root_ = new_child;
    else if (peek(tasks, parent).left == old_child)
        node(tasks, parent).left = new_child;
    else
        node(tasks, parent).right = new_child;
}

template <class Order>
void RbTree::rotate(TaskTable& tasks, TaskId x, bool left, const Order& order) {
    QueueNode& nx = node(tasks, x);
    const TaskId y = left ? nx.right : nx.left;
    QueueNode& ny = node(tasks, y);
    const TaskId inner = left ? ny.left : ny.right;
    (left ? nx.right : nx.left) = inner;
    if (inner != kNoTask) node(tasks, inner).parent = x;
    ny.parent = nx.parent;
    replace_child(tasks, nx.parent, x, y);
    (left ? ny.left : ny.right) = x;
    nx.parent = y;
    order.update(tasks, x);
    order.update(tasks, y);
}

template <class Order>
void RbTree::insert(TaskTable& tasks, TaskId task, const Order& order) {
    QueueNode& n = node(tasks, task);
    SY_ASSERT(!n.linked, "a task can be in one queue only");
    n = QueueNode{.red = true, .linked = true};
    TaskId parent = kNoTask;
    bool all_left = true;
    for (TaskId at = root_; at != kNoTask;) {
        parent = at;
        if (order.before(tasks, task, at)) {
            at = peek(tasks, at).left;
        } else {
            at = peek(tasks, at).right;
            all_left = false;
        }
    }
    n.parent = parent;
    if (parent == kNoTask)
        root_ = task;
    else if (order.before(tasks, task, parent))
        node(tasks, parent).left = task;
    else
        node(tasks, parent).right = task;
    if (all_left) leftmost_ = task;
    ++size_;
    update_up(tasks, task, order);

    for (TaskId x = task; x != root_ && is_red(tasks, peek(tasks, x).parent);) {
        const TaskId p = peek(tasks, x).parent;
        const TaskId g = peek(tasks, p).parent;
        const bool p_is_left = peek(tasks, g).left == p;
        const TaskId uncle = p_is_left ? peek(tasks, g).right : peek(tasks, g).left;
        if (is_red(tasks, uncle)) {
            node(tasks, p).red = false;
            node(tasks, uncle).red = false;
            node(tasks, g).red = true;
            x = g;
            continue;
        }
        if (x == (p_is_left ? peek(tasks, p).right : peek(tasks, p).left)) {
            x = p;
            rotate(tasks, x, p_is_left, order);
        }
        node(tasks, peek(tasks, x).parent).red = false;
        node(tasks, g).red = true;
        rotate(tasks, g, !p_is_left, order);
    }
    node(tasks, root_).red = false;
}

inline TaskId RbTree::next(const TaskTable& tasks, TaskId task) {
    TaskId at = peek(tasks, task).right;
    if (at != kNoTask) {
        while (peek(tasks, at).left != kNoTask) at = peek(tasks, at).left;
        return at;
    }
    TaskId child = task;
    at = peek(tasks, task).parent;
    while (at != kNoTask && peek(tasks, at).right == child) {
        child = at;
        at = peek(tasks, at).parent;
    }
    return at;
}

template <class Order>
void RbTree::erase(TaskTable& tasks, TaskId task, const Order& order) {
    SY_ASSERT(peek(tasks, task).linked, "only a queued task can leave the queue");
    if (leftmost_ == task) leftmost_ = next(tasks, task);
    const QueueNode z = peek(tasks, task);
    TaskId x = kNoTask, x_parent = kNoTask;
    bool removed_black = !z.red;
    if (z.left == kNoTask || z.right == kNoTask) {
        x = z.left != kNoTask ? z.left : z.right;
        x_parent = z.parent;
        replace_child(tasks, z.parent, task, x);
        if (x != kNoTask) node(tasks, x).parent = z.parent;
    } else {
        TaskId y = z.right;
        while (peek(tasks, y).left != kNoTask) y = peek(tasks, y).left;
        removed_black = !peek(tasks, y).red;
        x = peek(tasks, y).right;
        if (peek(tasks, y).parent == task) {
            x_parent = y;
        } else {
            x_parent = peek(tasks, y).parent;
            node(tasks, x_parent).left = x;
            if (x != kNoTask) node(tasks, x).parent = x_parent;
            node(tasks, y).right = z.right;
            node(tasks, z.right).parent = y;
        }
        replace_child(tasks, z.parent, task, y);
        QueueNode& ny = node(tasks, y);
        ny.parent = z.parent;
        ny.left = z.left;
        ny.red = z.red;
        node(tasks, z.left).parent = y;
    }
    node(tasks, task) = QueueNode{};
    --size_;
    update_up(tasks, x_parent, order);
    if (removed_black) fix_after_erase(tasks, x, x_parent, order);
}

template <class Order>
void RbTree::fix_after_erase(TaskTable& tasks, TaskId x, TaskId parent, const Order& order) {
    while (x != root_ && !is_red(tasks, x)) {
        const bool left = peek(tasks, parent).left == x;
        TaskId w = left ? peek(tasks, parent).right : peek(tasks, parent).left;
        if (is_red(tasks, w)) {
            node(tasks, w).red = false;
            node(tasks, parent).red = true;
            rotate(tasks, parent, left, order);
            w = left ? peek(tasks, parent).right : peek(tasks, parent).left;
        }
        const TaskId near = left ? peek(tasks, w).left : peek(tasks, w).right;
        const TaskId far = left ? peek(tasks, w).right : peek(tasks, w).left;
        if (!is_red(tasks, near) && !is_red(tasks, far)) {
            node(tasks, w).red = true;
            x = parent;
            parent = peek(tasks, x).parent;
            continue;
        }
        if (!is_red(tasks, far)) {
            node(tasks, near).red = false;
            node(tasks, w).red = true;
            rotate(tasks, w, !left, order);
            w = left ? peek(tasks, parent).right : peek(tasks, parent).left;
        }
        node(tasks, w).red = peek(tasks, parent).red;
        node(tasks, parent).red = false;
        const TaskId outer = left ? peek(tasks, w).right : peek(tasks, w).left;
        if (outer != kNoTask) node(tasks, outer).red = false;
        rotate(tasks, parent, left, order);
        x = root_;
    }
    if (x != kNoTask) node(tasks, x).red = false;
}

template <class Order>
bool RbTree::valid(const TaskTable& tasks, const Order& order) const {
    if (root_ == kNoTask) return leftmost_ == kNoTask && size_ == 0;
    if (is_red(tasks, root_)) return false;
    TaskId first = root_;
    while (peek(tasks, first).left != kNoTask) first = peek(tasks, first).left;
    if (first != leftmost_) return false;
    std::uint32_t seen = 0;
    int black_height = -1;
    TaskId previous = kNoTask;
    for (TaskId t = first; t != kNoTask; previous = t, t = next(tasks, t)) {
        const QueueNode& n = peek(tasks, t);
        ++seen;
        if (previous != kNoTask && order.before(tasks, t, previous)) return false;
        if (n.red && (is_red(tasks, n.left) || is_red(tasks, n.right))) return false;
        if (n.left == kNoTask || n.right == kNoTask) {
            int height = 0;
            for (TaskId up = t; up != kNoTask; up = peek(tasks, up).parent)
                height += peek(tasks, up).red ? 0 : 1;
            if (black_height >= 0 && height != black_height) return false;
            black_height = height;
        }
    }
    return seen == size_;
}

}  // namespace sy
