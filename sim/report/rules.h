// By which rules a run was scheduled: every setting of its policy with its value, defaults included, how equal ones are
// told apart, and the book or kernel that the rules come from. Runs, comparisons and the window name them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct SchedulerRules {
    std::string policy;
    Text title;
    std::string source;
    std::vector<std::pair<std::string, std::string>> settings;   // all of them; a default that depends: "default"
    Text equal;   // what decides between equals
};
SchedulerRules rules_of(const Kernel& k);
// "mlfq, multi-level feedback queue (OSTEP …): levels=3 quantum=10ms …; equal ones: …"
std::string rules_as_text(const SchedulerRules& rules, Lang lang);
std::string rules_as_json(const SchedulerRules& rules);

}  // namespace sy
