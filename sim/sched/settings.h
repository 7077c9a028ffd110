// Names of a scheduler's settings as the kernel writes them: sysctls and debugfs files begin with sched_ and end in their
// unit (sched_latency_ns), features have capitals (START_DEBIT).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sy {

// The one of `known` that `key` means: itself, in lower case, without sched_, without _ns; empty if there is none.
std::string canonical_setting(std::string_view key, const std::vector<std::string_view>& known);

}  // namespace sy
