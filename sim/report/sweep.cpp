#include "sim/report/sweep.h"

#include <algorithm>

#include "sim/machine/costs.h"
#include "sim/report/json_text.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "sim/sched/class.h"
#include "sim/session/load.h"

namespace sy {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
    if (text.empty() || text.size() > 15) return {};
    std::int64_t n = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return {};
        n = n * 10 + (c - '0');
    }
    return n;
}

// `1ms..20ms:1ms`, `1..8`. Both ends are times, or both are numbers.
bool add_range(std::string_view range, std::vector<std::string>& out, Text& why) {
    const std::size_t dots = range.find("..");
    const std::size_t colon = range.find(':', dots);
    const std::string_view from = range.substr(0, dots),
                           to = range.substr(dots + 2, colon == std::string_view::npos
                                                           ? colon
                                                           : colon - dots - 2),
                           by = colon == std::string_view::npos ? std::string_view()
                                                                : range.substr(colon + 1);
    const bool is_time = parse_time(from).has_value();
    const auto value = [&](std::string_view t) {
        return is_time ? parse_time(t) : whole_number(t);
    };
    const auto a = value(from), b = value(to);
    const auto step = by.empty() && !is_time ? std::optional<std::int64_t>(1) : value(by);
    if (!a || !b || !step || *step <= 0 || *b < *a) {
        why = text("'{0}' is no range; write FROM..TO:STEP, for example 1ms..20ms:1ms or 1..8",
                   "“{0}” 不是范围；请写成 起..止:步长，例如 1ms..20ms:1ms 或 1..8", {range});
        return false;
    }
    if (static_cast<std::uint64_t>(*b - *a) / static_cast<std::uint64_t>(*step) >=
        kMostSweepPoints) {
        const std::string most = std::to_string(kMostSweepPoints);
        why = text("'{0}' has more than {1} values", "“{0}” 的取值超过 {1} 个", {range, most});
        return false;
    }
    for (std::int64_t v = *a; v <= *b; v += *step)
        out.push_back(is_time ? (v == 0 ? "0ms" : write_duration(v)) : std::to_string(v));
    return true;
}

bool set_number(std::string_view value, std::int64_t low, std::int64_t high, std::int32_t& to) {
    const auto n = whole_number(value);
    if (!n || *n < low || *n > high) return false;
    to = static_cast<std::int32_t>(*n);
    return true;
}

bool knows(const PolicyInfo* policy, std::string_view key) {
    return policy != nullptr && std::any_of(policy->options.begin(), policy->options.end(),
                                            [&](const PolicyOption& o) { return o.key == key; });
}

std::string number(const std::optional<std::int64_t>& value, const char* nothing) {
    return value ? std::to_string(*value) : nothing;
}
std::string key_of(const FigureInfo& f) {
    return std::string(f.name) + (f.unit == FigureInfo::Unit::time ? "_ns" : "");
}

}  // namespace

std::optional<Vary> parse_vary(std::string_view spec, Text& why) {
    const std::size_t equals = spec.find('=');
    Vary out;
    out.key = std::string(spec.substr(0, equals));
    std::string_view rest =
        equals == std::string_view::npos ? std::string_view() : spec.substr(equals + 1);
    if (out.key.empty() || rest.empty()) {
        why = text(
            "'{0}' varies nothing; write KEY=FROM..TO:STEP or KEY=A,B,C, for example "
            "quantum=1ms..20ms:1ms",
            "“{0}” 没有指定变化；请写成 键=起..止:步长 或 键=甲,乙,丙，例如 "
            "quantum=1ms..20ms:1ms",
            {spec});
        return {};
    }
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        if (part.find("..") != std::string_view::npos) {
            if (!add_range(part, out.values, why)) return {};
        } else if (!part.empty()) {
            out.values.emplace_back(part);
        }
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (out.values.empty() || out.values.size() > kMostSweepPoints) {
        why = text("'{0}' has no value, or too many", "“{0}” 没有取值，或取值过多", {spec});
        return {};
    }
    return out;
}

bool apply_setting(Scenario& s, const std::string& key, const std::string& value, Text& why) {
    MachineDecl& m = s.machine;
    why = text("'{0}' is no value for {1}", "“{0}” 不能用作 {1} 的值", {value, key});
    if (key == "cpus") return set_number(value, 1, 64, m.cpus);
    if (key == "hz") {
        const bool is_one = value == "100" || value == "250" || value == "300" || value == "1000";
        return is_one && set_number(value, 100, 1000, m.hz);
    }
    if (key == "scheduler") return choose_scheduler(s, value, why);
    const PolicyInfo* policy = find_policy(m.scheduler);
    if (knows(policy, key)) {
        auto& options = m.scheduler_options;
        const auto at = std::find_if(options.begin(), options.end(),
                                     [&](const auto& o) { return o.first == key; });
        if (at != options.end())
            at->second = value;
        else
            options.emplace_back(key, value);
        const auto fits = known_words().scheduler_fits;
        return fits == nullptr || fits(m, why);
    }
    for (const CostRow& row : cost_table()) {
        if (key != row.name || row.cost == Cost::none) continue;
        const auto time = parse_time(value);
        if (!time) return false;
        m.costs.emplace_back(key, *time);
        return true;
    }
    std::string known;
    for (const PolicyOption& o :
         policy != nullptr ? policy->options : std::span<const PolicyOption>())
        known += std::string(o.key) + ", ";
    why = text(
        "nothing called '{0}' can be varied here; known: {1}cpus, hz, scheduler, and the costs "
        "by name (docs/language.md)",
        "这里没有可变化的 “{0}”；可用：{1}cpus、hz、scheduler，以及各开销项的名字"
        "（docs/language.zh.md）",
        {key, known});
    return false;
}

std::vector<SweepPoint> sweep_points(const std::vector<Vary>& varied) {
    std::vector<SweepPoint> out(1);
    for (const Vary& v : varied) {
        std::vector<SweepPoint> next;
        for (const SweepPoint& p : out) {
            for (const std::string& value : v.values) {
                next.push_back(p);
                next.back().values.push_back(value);
                if (next.size() > kMostSweepPoints) return next;
            }
        }
        out = std::move(next);
    }
    return out;
}

Estimate sweep_estimate(const SweepPoint& point, const FigureInfo& figure) {
    std::vector<std::int64_t> values;
    for (const Comparison& run : point.runs)
        if (const auto v = figure.get(run)) values.push_back(*v);
    return estimate_of(values);
}

std::string sweep_as_text(const Sweep& s, const std::vector<const FigureInfo*>& shown, Lang lang) {
    std::vector<std::vector<std::string>> columns(s.keys.size() + shown.size());
    for (std::size_t k = 0; k < s.keys.size(); ++k) {
        columns[k].push_back(s.keys[k]);
        for (const SweepPoint& p : s.points) columns[k].push_back(p.values[k]);
    }
    for (std::size_t f = 0; f < shown.size(); ++f) {
        auto& column = columns[s.keys.size() + f];
        column.push_back(lang == Lang::zh ? shown[f]->zh : shown[f]->en);
        for (const SweepPoint& p : s.points) {
            const Estimate e = sweep_estimate(p, *shown[f]);
            column.push_back(figure_text(*shown[f], e.mean) +
                             (e.half_width ? " ±" + figure_text(*shown[f], e.half_width) : ""));
        }
    }
    const std::string n = std::to_string(s.runs), first = std::to_string(s.first_seed),
                      last = std::to_string(s.first_seed + s.runs - 1);
    const Text head =
        s.runs == 1
            ? text("{0}, scheduler {1}: one run for each line, seed {2}",
                   "{0}，调度器 {1}：每行运行一次，种子 {2}", {s.scenario, s.scheduler, first})
            : text(
                  "{0}, scheduler {1}: {2} runs for each line, seeds {3} to {4}\n"
                  "mean ± half of the 95 % confidence interval: t(0.975, n-1) s / sqrt(n) "
                  "(Jain 1991, 13.2)",
                  "{0}，调度器 {1}：每行运行 {2} 次，种子 {3} 到 {4}\n"
                  "平均值 ± 95 % 置信区间的一半：t(0.975, n-1) s / sqrt(n)（Jain 1991, 13.2）",
                  {s.scenario, s.scheduler, n, first, last});
    return head.in(lang) + "\n\n" + columns_as_text(columns);
}

std::string sweep_as_csv(const Sweep& s) {
    std::string out;
    for (const std::string& key : s.keys) out += key + ",";
    out += "runs";
    for (const FigureInfo& f : figures()) out += "," + key_of(f) + "," + key_of(f) + "_ci95";
    out += "\n";
    for (const SweepPoint& p : s.points) {
        for (const std::string& value : p.values) out += value + ",";
        out += std::to_string(p.runs.size());
        for (const FigureInfo& f : figures()) {
            const Estimate e = sweep_estimate(p, f);
            out += "," + number(e.mean, "") + "," + number(e.half_width, "");
        }
        out += "\n";
    }
    return out;
}

std::string sweep_as_json(const Sweep& s) {
    std::string out =
        "{\n  \"scenario\": " + json_text(s.scenario) +
        ",\n  \"scheduler\": " + json_text(s.scheduler) +
        ",\n  \"runs\": " + std::to_string(s.runs) +
        ",\n  \"first_seed\": " + std::to_string(s.first_seed) +
        ",\n  \"confidence\": \"95 %: mean +- t(0.975, n-1) * s / sqrt(n)\",\n  \"points\": [";
    for (std::size_t i = 0; i < s.points.size(); ++i) {
        const SweepPoint& p = s.points[i];
        out += i == 0 ? "\n    {" : ",\n    {";
        for (std::size_t k = 0; k < s.keys.size(); ++k)
            out += (k == 0 ? "" : ", ") + json_text(s.keys[k]) + ": " + json_text(p.values[k]);
        for (const FigureInfo& f : figures()) {
            const Estimate e = sweep_estimate(p, f);
            out += ", \"" + key_of(f) + "\": {\"mean\": " + number(e.mean, "null") +
                   ", \"ci95\": " + number(e.half_width, "null") +
                   ", \"n\": " + std::to_string(e.n) + "}";
        }
        out += "}";
    }
    return out + "\n  ]\n}\n";
}

}  // namespace sy
