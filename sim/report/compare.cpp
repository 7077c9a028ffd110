#include "sim/report/compare.h"

#include <algorithm>
#include <functional>

#include "sim/base/utf8.h"
#include "sim/report/json_text.h"
#include "sim/report/rows.h"
#include "sim/session/load.h"

namespace sy {

namespace {

__extension__ using Wide = __int128;

Spread spread_of(std::vector<Nanos> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    Wide sum = 0;
    for (Nanos v : values) sum += v;
    const auto n = values.size();
    const std::size_t rank = (n * 95 + 99) / 100;
    return {static_cast<Nanos>((sum + static_cast<Wide>(n) / 2) / static_cast<Wide>(n)),
            values[rank - 1], values.back()};
}

std::int64_t jain_permille(const std::vector<TaskRow>& rows) {
    Wide sum = 0, squares = 0, n = 0;
    for (const TaskRow& r : rows) {
        if (!is_of_scenario(r) || r.cpu_time + r.wait == 0) continue;
        const Wide x = static_cast<Wide>(r.cpu_time) * 1'000'000 / (r.cpu_time + r.wait);
        sum += x;
        squares += x * x;
        ++n;
    }
    if (squares == 0) return 1000;
    return static_cast<std::int64_t>((sum * sum * 1000 + n * squares / 2) / (n * squares));
}

// 1234 -> "1.234"; a fixed number of places.
std::string decimal(std::int64_t value, int places) {
    std::string digits = std::to_string(value);
    while (digits.size() <= static_cast<std::size_t>(places)) digits.insert(digits.begin(), '0');
    digits.insert(digits.size() - static_cast<std::size_t>(places), ".");
    return digits;
}
std::string millis(const std::optional<Nanos>& t) {
    return t ? decimal((*t + 500) / 1000, 3) : "-";
}

// One line of the table and one column of the CSV.
struct Metric {
    const char* name;  // of the JSON and CSV
    const char* en;
    const char* zh;
    std::function<std::string(const Comparison&)> text, plain;
};

std::string plain_time(const std::optional<Nanos>& t) { return t ? std::to_string(*t) : ""; }

std::vector<Metric> metrics() {
    using C = Comparison;
    std::vector<Metric> out;
    const auto time = [&](const char* name, const char* en, const char* zh,
                          std::function<std::optional<Nanos>(const C&)> get) {
        out.push_back({name, en, zh, [get](const C& c) { return millis(get(c)); },
                       [get](const C& c) { return plain_time(get(c)); }});
    };
    const auto number = [&](const char* name, const char* en, const char* zh,
                            std::function<std::uint64_t(const C&)> get) {
        const auto text = [get](const C& c) { return std::to_string(get(c)); };
        out.push_back({name, en, zh, text, text});
    };
    const auto fixed = [&](const char* name, const char* en, const char* zh, int places,
                           std::function<std::int64_t(const C&)> get) {
        out.push_back({name, en, zh, [get, places](const C& c) { return decimal(get(c), places); },
                       [get](const C& c) { return std::to_string(get(c)); }});
    };
    time("turnaround_mean_ns", "turnaround mean, ms", "周转时间 平均，ms",
         [](const C& c) { return c.turnaround.mean; });
    time("turnaround_p95_ns", "turnaround p95", "周转时间 p95",
         [](const C& c) { return c.turnaround.p95; });
    time("turnaround_max_ns", "turnaround max", "周转时间 最大",
         [](const C& c) { return c.turnaround.max; });
    time("response_mean_ns", "response mean, ms", "响应时间 平均，ms",
         [](const C& c) { return c.response.mean; });
    time("response_p95_ns", "response p95", "响应时间 p95",
         [](const C& c) { return c.response.p95; });
    time("response_max_ns", "response max", "响应时间 最大",
         [](const C& c) { return c.response.max; });
    time("waiting_mean_ns", "waiting mean, ms", "等待时间 平均，ms",
         [](const C& c) { return c.waiting.mean; });
    time("waiting_p95_ns", "waiting p95", "等待时间 p95", [](const C& c) { return c.waiting.p95; });
    time("waiting_max_ns", "waiting max", "等待时间 最大",
         [](const C& c) { return c.waiting.max; });
    time("end_ns", "end of the run, ms", "运行结束，ms",
         [](const C& c) { return std::optional<Nanos>(c.end); });
    number("finished", "tasks finished", "完成的任务", [](const C& c) { return c.finished; });
    fixed("throughput_milli", "throughput, tasks/s", "吞吐量，任务/秒", 3,
          [](const C& c) { return c.throughput_milli; });
    fixed("utilisation_permille", "utilisation, %", "利用率，%", 1,
          [](const C& c) { return c.utilisation_permille; });
    number("voluntary", "switches voluntary", "自愿切换", [](const C& c) { return c.voluntary; });
    number("involuntary", "switches involuntary", "非自愿切换",
           [](const C& c) { return c.involuntary; });
    number("migrations", "migrations", "迁移", [](const C& c) { return c.migrations; });
    fixed("fairness_permille", "Jain's fairness", "Jain 公平指数", 3,
          [](const C& c) { return c.fairness_permille; });
    return out;
}

}  // namespace

Comparison compare_row(const Kernel& end, const std::string& scheduler) {
    const std::vector<TaskRow> rows = task_rows(end);
    const Totals totals = totals_of(end, rows);
    Comparison c;
    c.scheduler = scheduler;
    c.end = end.now();
    std::vector<Nanos> turnaround, response, waiting;
    for (const TaskRow& r : rows) {
        if (!is_of_scenario(r)) continue;
        ++c.tasks;
        if (r.exit) ++c.finished;
        if (r.turnaround) turnaround.push_back(*r.turnaround);
        if (r.response) response.push_back(*r.response);
        if (r.arrival) waiting.push_back(r.wait);
    }
    c.turnaround = spread_of(std::move(turnaround));
    c.response = spread_of(std::move(response));
    c.waiting = spread_of(std::move(waiting));
    if (c.end > 0)
        c.throughput_milli =
            static_cast<std::int64_t>(static_cast<Wide>(c.finished) * 1000 * kSecond / c.end);
    c.utilisation_permille = totals.utilisation_permille;
    c.voluntary = totals.voluntary;
    c.involuntary = totals.involuntary;
    c.migrations = totals.migrations;
    c.fairness_permille = jain_permille(rows);
    return c;
}

std::string compare_as_text(const std::vector<Comparison>& rows, Lang lang) {
    std::vector<std::vector<std::string>> columns(rows.size() + 1);
    columns[0].push_back("");
    for (std::size_t i = 0; i < rows.size(); ++i) columns[i + 1].push_back(rows[i].scheduler);
    for (const Metric& m : metrics()) {
        columns[0].push_back(lang == Lang::zh ? m.zh : m.en);
        for (std::size_t i = 0; i < rows.size(); ++i) columns[i + 1].push_back(m.text(rows[i]));
    }
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

std::string compare_as_json(const std::string& scenario, const std::vector<Comparison>& rows) {
    std::string out = "{\n  \"scenario\": " + json_text(scenario) + ",\n  \"schedulers\": [";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out += std::string(i == 0 ? "" : ",") +
               "\n    {\"scheduler\": " + json_text(rows[i].scheduler);
        for (const Metric& m : metrics()) {
            const std::string value = m.plain(rows[i]);
            out += std::string(", \"") + m.name + "\": " + (value.empty() ? "null" : value);
        }
        out += "}";
    }
    return out + "\n  ]\n}\n";
}

std::string compare_as_csv(const std::vector<Comparison>& rows) {
    std::string out = "scheduler";
    for (const Metric& m : metrics()) out += std::string(",") + m.name;
    out += "\n";
    for (const Comparison& c : rows) {
        out += '"' + c.scheduler + '"';
        for (const Metric& m : metrics()) out += "," + m.plain(c);
        out += "\n";
    }
    return out;
}

}  // namespace sy
