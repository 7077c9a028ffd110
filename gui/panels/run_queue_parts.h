// The shapes of run queues, each painted from its picture (sim/sched/picture.h): what run_queue.cpp puts together.
#pragma once

#include <string>

#include "sim/kernel/kernel.h"
#include "sim/sched/picture.h"

namespace sy::gui {

// Any of them; `now` is the CPU's clock, `decided`: the pick was made from this very picture.
void draw_picture(const Kernel& k, const QueuePicture& picture, Nanos now, bool decided);

// run_queue_trees.cpp
void draw_tree_picture(const Kernel& k, const QueuePicture& picture);
void draw_groups(const Kernel& k, const QueuePicture& picture);
void draw_deadlines(const Kernel& k, const QueuePicture& picture, Nanos now);
// vruntime or deadline in ms with two decimals.
std::string key_ms(std::int64_t key);

}  // namespace sy::gui
