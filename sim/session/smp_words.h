// Why a task was put on a CPU, and what an attempt at balancing found, in words: for `explain`, the stage and the panel.
#pragma once

#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"

namespace sy {

// One or two sentences: the rule of wake_affine, then that of select_idle_sibling. Empty if nothing was placed.
Sentence placement_words(const Kernel& k, const Placement& p);
Sentence balance_words(const Kernel& k, const BalanceNote& n);
// The rules alone, for tables.
Sentence affine_words(const Placement& p);
Sentence idle_words(const Placement& p);
Sentence balance_end_words(const BalanceNote& n);
// "0-3,6"
std::string cpu_list_text(std::uint64_t mask);

}  // namespace sy
