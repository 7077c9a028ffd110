// What the placement and the groups panel show and `explain` prints, decided without a window: every CPU a woken task
// could have gone to and why it did or did not go there; the tree of task groups with what each may use and has used.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"

namespace sy {

// Empty rows: nothing has been placed (`p.chosen` is none).
PlacementStory placement_story(const Kernel& k, const Placement& p);
// "previous, target": what the CPU was for this choice.
Sentence placement_roles(const PlacementRow& row);

// Parents before their children, depth first; empty if the machine has no groups. [0] is the root.
std::vector<GroupRow> group_rows(const Kernel& k);
// "20 ms of 100 ms", "no limit".
Sentence quota_words(const GroupRow& row);

}  // namespace sy
