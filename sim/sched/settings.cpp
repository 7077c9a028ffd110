#include "sim/sched/settings.h"

#include <algorithm>

namespace sy {

std::string canonical_setting(std::string_view key, const std::vector<std::string_view>& known) {
    const auto is_known = [&](std::string_view name) { return std::find(known.begin(), known.end(), name) != known.end(); };
    std::string name(key);
    if (is_known(name)) return name;
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (name == "gentle_fair_sleepers") name = "gentle_sleepers";
    if (is_known(name)) return name;
    if (name.starts_with("sched_")) name.erase(0, 6);
    if (is_known(name)) return name;
    if (is_known(name + "_ns")) return name + "_ns";
    if (name.ends_with("_ns")) {
        const std::string bare = name.substr(0, name.size() - 3);
        if (is_known(bare)) return name;   // with its unit: the value may be a bare number of ns
    }
    return {};
}

}  // namespace sy
