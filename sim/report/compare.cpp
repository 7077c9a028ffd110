#include "sim/report/compare.h"

#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/report/json_text.h"
#include "sim/report/measures.h"
#include "sim/report/rows.h"

namespace sy {

namespace {

__extension__ using Wide = __int128;
using Value = std::optional<std::int64_t>;

// 1234 -> "1.234"; a fixed number of places.
std::string decimal(std::int64_t value, int places) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    while (digits.size() <= static_cast<std::size_t>(places)) digits.insert(digits.begin(), '0');
    digits.insert(digits.size() - static_cast<std::size_t>(places), ".");
    return (value < 0 ? "-" : "") + digits;
}

template <class T>
Value whole(T value) {
    return static_cast<std::int64_t>(value);
}

using C = Comparison;
using U = FigureInfo::Unit;

// The five numbers of a distribution.
#define SY_SPREAD(field, en, zh, unit)                                                         \
    {#field "_mean", en " mean", zh " 平均", unit, [](const C& c) { return c.field.mean; }},   \
        {#field "_p50", en " p50", zh " p50", unit, [](const C& c) { return c.field.p50; }},   \
        {#field "_p95", en " p95", zh " p95", unit, [](const C& c) { return c.field.p95; }},   \
        {#field "_p99", en " p99", zh " p99", unit, [](const C& c) { return c.field.p99; }}, { \
#field "_max", en " max", zh " 最大", unit, [](const C& c) { return c.field.max; }     \
    }

constexpr FigureInfo kFigures[] = {
    SY_SPREAD(turnaround, "turnaround ms", "周转时间 ms", U::time),
    SY_SPREAD(response, "response ms", "响应时间 ms", U::time),
    SY_SPREAD(waiting, "waiting ms", "等待时间 ms", U::time),
    SY_SPREAD(slowdown, "slowdown", "减速比", U::milli),
    SY_SPREAD(wakeup, "wakeup latency ms", "唤醒延迟 ms", U::time),
    {"end", "end of the run, ms", "运行结束，ms", U::time, [](const C& c) { return whole(c.end); }},
    {"finished", "tasks finished", "完成的任务", U::count,
     [](const C& c) { return whole(c.finished); }},
    {"throughput_milli", "throughput, tasks/s", "吞吐量，任务/秒", U::milli,
     [](const C& c) { return whole(c.throughput_milli); }},
    {"utilisation_permille", "utilisation, %", "利用率，%", U::permille,
     [](const C& c) { return whole(c.utilisation_permille); }},
    {"idle", "idle time, ms", "空闲时间，ms", U::time, [](const C& c) { return whole(c.idle); }},
    {"voluntary", "switches voluntary", "自愿切换", U::count,
     [](const C& c) { return whole(c.voluntary); }},
    {"involuntary", "switches involuntary", "非自愿切换", U::count,
     [](const C& c) { return whole(c.involuntary); }},
    {"migrations", "migrations", "迁移", U::count, [](const C& c) { return whole(c.migrations); }},
    {"deadline_misses", "deadline misses", "错过的截止期", U::count,
     [](const C& c) { return whole(c.deadline_misses); }},
    {"fairness_permille", "Jain's fairness", "Jain 公平指数", U::milli,
     [](const C& c) { return whole(c.fairness_permille); }},
    {"share_min_permille", "CPU / ideal share, least", "CPU/理想份额 最少", U::milli,
     [](const C& c) { return c.share_min_permille; }},
    {"share_max_permille", "CPU / ideal share, most", "CPU/理想份额 最多", U::milli,
     [](const C& c) { return c.share_max_permille; }},
};
#undef SY_SPREAD

// Times carry their unit in the name: turnaround_mean_ns.
std::string key_of(const FigureInfo& f) {
    return std::string(f.name) + (f.unit == U::time ? "_ns" : "");
}
std::string plain(Value value, const char* nothing) {
    return value ? std::to_string(*value) : nothing;
}

std::int64_t fairness(const std::vector<TaskRow>& rows) {
    std::vector<std::int64_t> parts;
    for (const TaskRow& r : rows)
        if (is_of_scenario(r) && r.cpu_time + r.wait > 0)
            parts.push_back(static_cast<std::int64_t>(static_cast<Wide>(r.cpu_time) * 1'000'000 /
                                                      (r.cpu_time + r.wait)));
    return jain_index_permille(parts);
}

}  // namespace

std::span<const FigureInfo> figures() { return kFigures; }

const FigureInfo* find_figure(std::string_view name) {
    for (const FigureInfo& f : kFigures)
        if (f.name == name || key_of(f) == name) return &f;
    return nullptr;
}

std::string figure_text(const FigureInfo& figure, Value value) {
    if (!value) return "-";
    switch (figure.unit) {
        case U::time:
            return decimal((*value + 500) / 1000, 3);
        case U::milli:
            return decimal(*value, 3);
        case U::permille:
            return decimal(*value, 1);
        case U::count:
            break;
    }
    return std::to_string(*value);
}

Comparison compare_row(const Kernel& end, const Log& log, const std::string& scheduler) {
    const std::vector<TaskRow> rows = task_rows(end);
    const Totals totals = totals_of(end, rows);
    Comparison c;
    c.scheduler = scheduler;
    c.rules = rules_of(end);
    c.end = end.now();
    for (const TaskRow& r : rows) {
        if (!is_of_scenario(r)) continue;
        ++c.tasks;
        if (r.exit) ++c.finished;
        c.deadline_misses += r.deadline_misses;
    }
    Measures m = measures_of(end, log);
    c.turnaround = spread_of(std::move(m.turnaround));
    c.response = spread_of(std::move(m.response));
    c.waiting = spread_of(std::move(m.waiting));
    c.slowdown = spread_of(std::move(m.slowdown));
    c.wakeup = spread_of(std::move(m.wakeup));
    if (c.end > 0)
        c.throughput_milli =
            static_cast<std::int64_t>(static_cast<Wide>(c.finished) * 1000 * kSecond / c.end);
    c.utilisation_permille = totals.utilisation_permille;
    c.voluntary = totals.voluntary;
    c.involuntary = totals.involuntary;
    c.migrations = totals.migrations;
    c.fairness_permille = fairness(rows);
    for (const Share& s : shares_of(end, log)) {
        if (s.ideal <= 0) continue;
        const auto part =
            static_cast<std::int64_t>((static_cast<Wide>(s.cpu) * 1000 + s.ideal / 2) / s.ideal);
        c.share_min_permille = std::min(c.share_min_permille.value_or(part), part);
        c.share_max_permille = std::max(c.share_max_permille.value_or(part), part);
    }
    for (const Cpu& cpu : end.cpus) c.idle += idle_time(end, cpu);
    return c;
}

std::string columns_as_text(const std::vector<std::vector<std::string>>& columns) {
    std::vector<int> width;
    for (const auto& column : columns) {
        width.push_back(0);
        for (const std::string& cell : column)
            width.back() = std::max(width.back(), utf8::width(cell));
    }
    std::string out;
    for (std::size_t line = 0; line < columns[0].size(); ++line) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const std::string& cell = columns[c][line];
            const std::string pad(static_cast<std::size_t>(width[c] - utf8::width(cell)), ' ');
            out += c == 0 ? cell + pad : "  " + pad + cell;
        }
        out += "\n";
    }
    return out;
}

std::string compare_as_text(const std::vector<Comparison>& rows, Lang lang) {
    std::vector<std::vector<std::string>> columns(rows.size() + 1);
    columns[0].push_back("");
    for (std::size_t i = 0; i < rows.size(); ++i) columns[i + 1].push_back(rows[i].scheduler);
    for (const FigureInfo& f : kFigures) {
        columns[0].push_back(lang == Lang::zh ? f.zh : f.en);
        for (std::size_t i = 0; i < rows.size(); ++i)
            columns[i + 1].push_back(figure_text(f, f.get(rows[i])));
    }
    std::string out = columns_as_text(columns) + "\n";
    for (const Comparison& c : rows) out += rules_as_text(c.rules, lang) + "\n";
    return out;
}

std::string compare_as_json(const std::string& scenario, const std::vector<Comparison>& rows) {
    std::string out = "{\n  \"scenario\": " + json_text(scenario) + ",\n  \"schedulers\": [";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out += std::string(i == 0 ? "" : ",") +
               "\n    {\"scheduler\": " + json_text(rows[i].scheduler);
        for (const FigureInfo& f : kFigures)
            out += ", \"" + key_of(f) + "\": " + plain(f.get(rows[i]), "null");
        out += ", \"rules\": " + rules_as_json(rows[i].rules) + "}";
    }
    return out + "\n  ]\n}\n";
}

std::string compare_as_csv(const std::vector<Comparison>& rows) {
    std::string out = "scheduler";
    for (const FigureInfo& f : kFigures) out += "," + key_of(f);
    out += "\n";
    for (const Comparison& c : rows) {
        out += '"' + c.scheduler + '"';
        for (const FigureInfo& f : kFigures) out += "," + plain(f.get(c), "");
        out += "\n";
    }
    return out;
}

}  // namespace sy
