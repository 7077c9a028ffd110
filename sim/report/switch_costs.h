// The four costs side by side: coroutine, mode, thread and process switch, as they were measured in a run.
#pragma once

#include <string>

#include "sim/analysis/switch_costs.h"
#include "sim/base/text.h"

namespace sy {

Text switch_kind_name(SwitchKind kind);
// What a switch of this kind stores, and what it leaves alone: one sentence.
Text switch_kind_note(SwitchKind kind);
// "8.8" of `sum` over `times`: one decimal, rounded to nearest.
std::string mean_text(std::uint64_t sum, std::uint64_t times);
// A table, then what each consists of. `parts` false: the table alone.
std::string switch_costs_as_text(const SwitchCosts& costs, Lang lang, bool parts = true);
std::string switch_costs_as_json(const SwitchCosts& costs);

}  // namespace sy
