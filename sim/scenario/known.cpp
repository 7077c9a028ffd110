// The names that other rooms' tables hold, for the parser: schedulers and their settings, costs,
// kinds of records.
#include <algorithm>

#include "sim/machine/costs.h"
#include "sim/scenario/parse.h"
#include "sim/sched/chain.h"
#include "sim/trace/record.h"

namespace sy {
namespace {

struct Names {
    std::vector<SchedulerWords> schedulers;
    std::vector<std::string_view> costs;
    std::vector<std::string_view> records;
};

Names collect() {
    Names names;
    for (const PolicyInfo* policy : policies()) {
        SchedulerWords& words = names.schedulers.emplace_back();
        words.name = policy->name;
        for (const PolicyOption& option : policy->options) words.options.push_back(option.key);
        for (const PolicyOption& option : class_options()) words.options.push_back(option.key);
    }
    for (const CostRow& row : cost_table()) {
        if (row.cost != Cost::none) names.costs.emplace_back(row.name);
    }
    for (int kind = 0; kind < kRecordKinds; ++kind) {
        names.records.push_back(record_name(static_cast<RecordKind>(kind)));
    }
    return names;
}

// Makes the scheduler and throws it away: nobody else knows which values fit.
bool scheduler_fits(const MachineDecl& machine, Text& why) {
    const PolicyInfo* policy = find_policy(machine.scheduler);
    if (policy == nullptr) return true;  // reported where it was read
    std::string wrong;
    if (ClassChain::make(
            *policy, {.cpus = machine.cpus, .hz = machine.hz, .settings = machine.scheduler_options}, wrong))
        return true;
    const std::string key = wrong.substr(0, wrong.find('='));
    std::string usage, usage_zh;
    for (const PolicyOption& option : policy->options) {
        if (option.key == key) usage = std::string(option.usage);
    }
    for (const PolicyOption& option : class_options()) {
        if (option.key == key) usage = std::string(option.usage);
    }
    why = text("scheduler {0} cannot use '{1}'; write it like {2}",
               "调度器 {0} 不能用 “{1}”；请写成 {2} 的样子", {policy->name, wrong, usage});
    return false;
}

}  // namespace

const ParseOptions& known_words() {
    static const Names names = collect();
    static const ParseOptions options = {.schedulers = names.schedulers,
                                         .cost_names = names.costs,
                                         .record_kinds = names.records,
                                         .scheduler_fits = scheduler_fits};
    return options;
}

}  // namespace sy
