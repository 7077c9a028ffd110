// What the placement and the groups panel show and `explain` prints, decided without a window: every CPU a woken task
// could have gone to and why it did or did not go there; the tree of task groups with what each may use and has used.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"

namespace sy {

struct PlacementRow {
    CpuId cpu = 0;
    bool is_allowed = false, is_idle = false;          // at the moment of the choice
    bool is_prev = false, is_waker = false, is_target = false, is_chosen = false;
    bool shares_cache = false;                         // with the target
    std::uint64_t load_avg = 0, util_avg = 0;          // of the queue as it is now
    std::uint32_t nr_running = 0;                      // the same
    Sentence why;                                      // why this one, or why not
};
struct PlacementStory {
    Placement placement;
    Sentence affine, idle;                             // the two rules that decided; may be empty
    std::vector<PlacementRow> rows;                    // one for each CPU
};
// Empty rows: nothing has been placed (`p.chosen` is none).
PlacementStory placement_story(const Kernel& k, const Placement& p);
// "previous, target": what the CPU was for this choice.
Sentence placement_roles(const PlacementRow& row);

struct GroupRow {
    std::uint16_t group = 0, parent = 0, depth = 0;
    std::string name;
    bool is_autogroup = false;
    std::uint32_t weight = 100, shares = 1024;         // cpu.weight
    Nanos quota = 0, period = 0;                       // cpu.max; quota 0: no limit
    Nanos cpu_time = 0;                                // of all its tasks, as charged
    std::uint64_t load_avg = 0;                        // sum over its queues
    std::uint32_t runnable = 0;                        // tasks in it and below
    std::uint64_t throttled_cpus = 0, queued_cpus = 0;
    Nanos pool = 0;                                    // left of this period's quota
    std::uint64_t nr_periods = 0, nr_throttled = 0;
    Nanos throttled_time = 0;
};
// Parents before their children, depth first; empty if the machine has no groups. [0] is the root.
std::vector<GroupRow> group_rows(const Kernel& k);
// "20 ms of 100 ms", "no limit".
Sentence quota_words(const GroupRow& row);

}  // namespace sy
