#include "sim/session/load.h"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/base/limits.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/suggest.h"
#include "sim/sched/chain.h"
#include "sim/sched/settings.h"

namespace sy {
namespace {

struct Unit {
    std::string_view name;
    Nanos ns;
};
constexpr std::array<Unit, 4> kUnits = {
    {{"ns", 1}, {"us", kMicro}, {"ms", kMilli}, {"s", kSecond}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Text unknown(const Text& kind, std::string_view word, const std::vector<std::string_view>& known) {
    const std::string meant = scn::nearest(word, known);
    if (!meant.empty()) return scn::did_you_mean(kind, word, meant);
    return {.en = text("unknown {0} '{1}'", "", {kind.en, word}).en,
            .zh = text("", "未知的{0} “{1}”", {kind.zh, word}).zh};
}

Text unknown_scheduler(std::string_view name) {
    std::vector<std::string_view> known;
    for (const PolicyInfo* policy : policies()) known.push_back(policy->name);
    Text why = unknown(text("scheduler", "调度器"), name, known);
    const std::string list = scn::listed(known);
    why.en += "; known: " + list;
    why.zh += "；可用：" + list;
    return why;
}

// One `key=value` of a scheduler; false with the reason if the scheduler has no such setting.
bool add_setting(const PolicyInfo& policy, std::string_view item, MachineDecl& machine, Text& why) {
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    std::vector<std::string_view> known;
    for (const PolicyOption& option : policy.options) known.push_back(option.key);
    for (const PolicyOption& option : class_options()) known.push_back(option.key);
    const std::string name = canonical_setting(key, known);
    if (equals == std::string_view::npos || name.empty()) {
        why = unknown(
            text("setting of " + std::string(policy.name), std::string(policy.name) + " 的设置"),
            key, known);
        std::string usages;
        for (const PolicyOption& option : policy.options) {
            usages += (usages.empty() ? "" : ", ") + std::string(option.usage);
        }
        why.en += "; it takes: " + usages;
        why.zh += "；可用：" + usages;
        return false;
    }
    machine.scheduler_options.emplace_back(name, std::string(item.substr(equals + 1)));
    return true;
}

}  // namespace

bool load_scenario(std::string_view source, std::string_view file, Scenario& out,
                   Diagnostics& diags) {
    return parse_scenario(source, file, out, diags, known_words());
}

std::optional<Kernel> boot_scenario(const Scenario& scenario, Diagnostics& diags) {
    BootError error;
    std::optional<Kernel> kernel = Kernel::boot(scenario, error);
    if (!kernel) diags.error(error.pos, text(error.text, error.text_zh));
    return kernel;
}

bool choose_scheduler(Scenario& scenario, std::string_view spec, Text& why) {
    const std::size_t end = spec.find_first_of(",:");
    const std::string_view name = spec.substr(0, end);
    const PolicyInfo* policy = find_policy(name);
    if (policy == nullptr) {
        why = unknown_scheduler(name);
        return false;
    }
    MachineDecl machine = scenario.machine;
    machine.scheduler = std::string(name);
    machine.scheduler_options.clear();
    std::string_view rest =
        end == std::string_view::npos ? std::string_view() : spec.substr(end + 1);
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        if (!add_setting(*policy, rest.substr(0, comma), machine, why)) return false;
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (known_words().scheduler_fits != nullptr && !known_words().scheduler_fits(machine, why)) {
        return false;
    }
    scenario.machine = std::move(machine);
    return true;
}

bool choose_costs(Scenario& scenario, std::string_view name, Text& why) {
    if (name != "linux" && name != "ideal") {
        why = text("unknown costs '{0}'; known: linux, ideal",
                   "未知的 costs “{0}”；可用：linux、ideal", {name});
        return false;
    }
    scenario.machine.costs_ideal = name == "ideal";
    scenario.machine.costs.clear();
    return true;
}

std::optional<Nanos> parse_time(std::string_view text) {
    std::size_t i = 0;
    Nanos whole = 0;
    while (i < text.size() && is_digit(text[i])) {
        whole = whole * 10 + (text[i++] - '0');
        if (whole > limits::duration_ns) return {};
    }
    if (i == 0) return {};
    Nanos part = 0, scale = 1;
    if (i < text.size() && text[i] == '.') {
        const std::size_t first = ++i;
        for (; i < text.size() && is_digit(text[i]); ++i) {
            if (scale >= kSecond) return {};
            part = part * 10 + (text[i] - '0');
            scale *= 10;
        }
        if (i == first) return {};
    }
    for (const Unit& unit : kUnits) {
        if (text.substr(i) != unit.name) continue;
        if (whole > limits::duration_ns / unit.ns || part * unit.ns % scale != 0) return {};
        const Nanos time = whole * unit.ns + part * unit.ns / scale;
        if (time > limits::duration_ns) return {};
        return time;
    }
    return {};
}

std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

namespace {

// The largest unit that leaves something in front of the point, and the digits behind it.
std::string in_unit(Nanos time, bool keep_zeros, std::string_view between) {
    const Nanos size = time < 0 ? -time : time;
    std::size_t u = 0;
    while (u + 1 < kUnits.size() && size >= kUnits[u + 1].ns) ++u;
    const Nanos unit = kUnits[u].ns;
    std::string out =
        (time < 0 ? "-" : "") + (keep_zeros ? grouped(size / unit) : std::to_string(size / unit));
    if (unit > 1) {
        std::string part = std::to_string(unit + size % unit).substr(1);
        if (keep_zeros) {  // thousandths always, further digits by threes where there are any
            while (part.size() > 3 && part.ends_with("000")) part.resize(part.size() - 3);
            for (std::size_t at = part.size() - 3; at > 0; at -= 3) part.insert(at, 1, ' ');
        } else {
            while (!part.empty() && part.back() == '0') part.pop_back();
        }
        if (!part.empty()) out += "." + part;
    }
    return out + std::string(between) + std::string(kUnits[u].name);
}

}  // namespace

std::string show_time(Nanos time) { return in_unit(time, true, " "); }
std::string short_time(Nanos time) { return time == 0 ? "0" : in_unit(time, false, ""); }

}  // namespace sy
