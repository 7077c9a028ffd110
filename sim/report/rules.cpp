#include "sim/report/rules.h"

#include "sim/report/json_text.h"

namespace sy {
namespace {

// `levels=3` and `equal=fifo|id` begin with the default; these do not.
struct Special {
    std::string_view policy, key, value;
};
constexpr Special kSpecial[] = {
    {"priority", "quantum", "none"},
    {"lottery", "seed", "scenario"},
};

std::string default_of(std::string_view policy, const PolicyOption& o) {
    for (const Special& s : kSpecial)
        if (s.policy == policy && s.key == o.key) return std::string(s.value);
    const std::size_t equals = o.usage.find('=');
    if (equals == std::string_view::npos) return "default";
    const std::string_view values = o.usage.substr(equals + 1);
    return std::string(values.substr(0, values.find('|')));
}

bool is_linux(std::string_view policy) { return policy == "cfs" || policy == "eevdf"; }

Text equal_rule(const SchedulerRules& r) {
    const auto value = [&](std::string_view key) {
        for (const auto& [k, v] : r.settings)
            if (k == key) return std::string_view(v);
        return std::string_view();
    };
    if (r.policy == "eevdf") return text("equal deadlines: first come, first served", "截止时间相等：先来先服务");
    if (r.policy == "cfs")
        return value("tie") == "pid" ? text("equal vruntime: the lower pid", "vruntime 相等：pid 小者先")
                                     : text("equal vruntime: first come, first served", "vruntime 相等：先来先服务");
    if (r.policy == "stride") return text("equal passes: the lower task id", "pass 相等：任务编号小者先");
    if (r.policy == "lottery") return text("tickets are counted through by task id", "按任务编号依次数彩票");
    if (value("equal") == "id") return text("equal ones: the lower task id", "相等时：任务编号小者先");
    return text("equal ones: first come, first served", "相等时：先来先服务");
}

}  // namespace

SchedulerRules rules_of(const Kernel& k) {
    const MachineDecl& m = k.image().scenario.machine;
    SchedulerRules out;
    out.policy = m.scheduler;
    const PolicyInfo* policy = find_policy(m.scheduler);
    if (policy == nullptr) return out;
    out.title = text(std::string(policy->title), std::string(policy->title_zh));
    out.source = policy->source;
    for (const PolicyOption& o : policy->options) {
        if (o.key == "base_slice_ns") continue;   // another name of base_slice
        std::string value;
        for (const auto& [key, given] : m.scheduler_options)
            if (key == o.key) value = given;
        // Linux's times grow with the number of CPUs: what counts stands among the queue's numbers.
        const bool scales = is_linux(policy->name) && o.usage.find("ms") + o.usage.find("us") < 2 * o.usage.size();
        for (const auto& [name, number] : k.sched->numbers(0))
            if (value.empty() && (name == o.key || name == "sched_" + std::string(o.key)) && is_linux(policy->name))
                value = std::to_string(number) + "ns";
        if (value.empty()) value = scales ? "default" : default_of(policy->name, o);
        out.settings.emplace_back(o.key, value);
    }
    out.equal = equal_rule(out);
    return out;
}

std::string rules_as_text(const SchedulerRules& r, Lang lang) {
    std::string out = r.policy + (lang == Lang::zh ? "，" : ", ") + r.title.in(lang) +
                      (lang == Lang::zh ? "（" : " (") + r.source + (lang == Lang::zh ? "）：" : "): ");
    for (const auto& [key, value] : r.settings) out += key + "=" + value + " ";
    if (!r.settings.empty()) {
        out.pop_back();
        out += lang == Lang::zh ? "；" : "; ";
    }
    return out + r.equal.in(lang);
}

std::string rules_as_json(const SchedulerRules& r) {
    std::string out = "{\"policy\": " + json_text(r.policy) + ", \"title\": " + json_text(r.title.en) +
                      ", \"source\": " + json_text(r.source) + ", \"settings\": {";
    for (const auto& [key, value] : r.settings)
        out += (&key == &r.settings.front().first ? "" : ", ") + json_text(key) + ": " + json_text(value);
    return out + "}, \"equal\": " + json_text(r.equal.en) + "}";
}

}  // namespace sy
