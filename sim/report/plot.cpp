#include "sim/report/plot.h"

#include <algorithm>

#include "sim/base/text.h"
#include "sim/report/measures.h"
#include "sim/report/rows.h"
#include "sim/trace/metrics.h"

namespace sy {
namespace {

__extension__ using Wide = __int128;

constexpr PlotKindInfo kKinds[] = {
    {PlotKind::vruntime, "vruntime", "virtual run time of each task", "各任务的虚拟运行时间", true,
     true},
    {PlotKind::lag, "lag", "lag: what each task is owed on its CPU", "滞后量：CPU 欠各任务多少",
     true, true},
    {PlotKind::service, "service", "behind (+) or ahead (-) of an ideally fair machine",
     "比理想公平机器落后（+）或超前（-）", false, true},
    {PlotKind::share, "share", "share of a CPU over time", "随时间变化的 CPU 份额", false, true},
    {PlotKind::cpu, "cpu", "CPU time so far", "累计 CPU 时间", false, true},
    {PlotKind::queue, "queue", "runnable tasks of each CPU", "每个 CPU 的可运行任务数", false,
     true},
    {PlotKind::wakeup_latency, "wakeup-latency", "wakeups by latency", "按延迟统计的唤醒次数",
     false, false},
    {PlotKind::wakeup_cdf, "wakeup-cdf", "part of the wakeups that waited at most so long",
     "等待不超过该时间的唤醒所占比例", false, false},
    {PlotKind::turnaround_cdf, "turnaround-cdf", "part of the tasks with at most that turnaround",
     "周转时间不超过该值的任务所占比例", false, false},
    {PlotKind::response_cdf, "response-cdf", "part of the tasks with at most that response",
     "响应时间不超过该值的任务所占比例", false, false},
    {PlotKind::waiting_cdf, "waiting-cdf", "part of the tasks that waited at most so long",
     "等待不超过该时间的任务所占比例", false, false},
};

Nanos moment(Nanos end, std::size_t i, std::size_t points) {
    return static_cast<Nanos>(static_cast<Wide>(end) * static_cast<Wide>(i) /
                              static_cast<Wide>(points));
}

// One series for each task of the scenario; `of` says which one a task has (or npos).
struct TaskSeries {
    static constexpr std::size_t kNone = ~std::size_t{0};
    std::vector<std::size_t> of;
    std::vector<Nanos> from, until;  // when it is there, by series

    TaskSeries(const Kernel& end, Plot& plot) : of(end.tasks.size(), kNone) {
        for (const TaskRow& row : task_rows(end)) {
            if (!is_of_scenario(row) || !row.arrival) continue;
            of[row.id] = plot.series.size();
            plot.series.push_back({row.name, row.id, {}});
            from.push_back(*row.arrival);
            until.push_back(row.exit.value_or(end.now()));
        }
    }
    // Is it in the system in some part of [a, b]?
    bool is_there(std::size_t s, Nanos a, Nanos b) const { return from[s] <= b && until[s] >= a; }
};

// CPU time of each task in each of `points` windows.
std::vector<std::vector<Nanos>> run_by_window(const TaskSeries& tasks, std::size_t count,
                                              const Kernel& end, const Log& log,
                                              std::size_t points) {
    std::vector<std::vector<Nanos>> ran(count, std::vector<Nanos>(points));
    const Nanos all = std::max<Nanos>(1, end.now());
    walk_stretches(log, end.tasks, end.cpus.size(), end.now(), [&](const Stretch& s) {
        if (s.state != LaneState::running || s.task >= tasks.of.size()) return;
        const std::size_t series = tasks.of[s.task];
        if (series == TaskSeries::kNone) return;
        auto w =
            static_cast<std::size_t>(static_cast<Wide>(s.begin) * static_cast<Wide>(points) / all);
        for (; w < points; ++w) {
            const Nanos a = std::max(s.begin, moment(end.now(), w, points)),
                        b = std::min(s.end, moment(end.now(), w + 1, points));
            if (moment(end.now(), w, points) >= s.end) break;
            if (b > a) ran[series][w] += b - a;
        }
    });
    return ran;
}

Plot over_windows(PlotKind kind, const Kernel& end, const Log& log, std::size_t points) {
    Plot out;
    const TaskSeries tasks(end, out);
    const auto ran = run_by_window(tasks, out.series.size(), end, log, points);
    const bool is_share = kind == PlotKind::share;
    out.y_unit = is_share ? Plot::Unit::permille : Plot::Unit::time;
    out.shape = is_share ? Plot::Shape::stairs : Plot::Shape::lines;
    out.window = moment(end.now(), 1, points);
    for (std::size_t s = 0; s < out.series.size(); ++s) {
        Nanos sum = 0;
        for (std::size_t w = 0; w < points; ++w) {
            const Nanos a = moment(end.now(), w, points), b = moment(end.now(), w + 1, points);
            sum += ran[s][w];
            if (!tasks.is_there(s, a, b) || b <= a) continue;
            if (is_share)
                out.series[s].points.push_back(
                    {a, static_cast<std::int64_t>(
                            (static_cast<Wide>(ran[s][w]) * 1000 + (b - a) / 2) / (b - a))});
            else
                out.series[s].points.push_back({b, sum});
        }
    }
    return out;
}

Plot service_lag(const Kernel& end, const Log& log, std::size_t points) {
    Plot out;
    const TaskSeries tasks(end, out);
    const auto ran = run_by_window(tasks, out.series.size(), end, log, points);
    const auto due = ideal_by_window(end, log, points);
    for (std::size_t s = 0; s < out.series.size(); ++s) {
        Nanos sum = 0;
        for (std::size_t w = 0; w < points; ++w) {
            const Nanos a = moment(end.now(), w, points), b = moment(end.now(), w + 1, points);
            sum += due[out.series[s].task][w] - ran[s][w];
            if (tasks.is_there(s, a, b)) out.series[s].points.push_back({b, sum});
        }
    }
    return out;
}

// Only changes are kept: the number holds until the next point.
Plot queue_lengths(const Kernel& end, const Log& log) {
    struct Change {
        Nanos at;
        CpuId cpu;
        int by;
    };
    std::vector<Change> changes;
    walk_stretches(log, end.tasks, end.cpus.size(), end.now(), [&](const Stretch& s) {
        const bool is_idle = s.task < end.cpus.size();
        if (is_idle || (s.state != LaneState::running && s.state != LaneState::runnable)) return;
        changes.push_back({s.begin, s.cpu, 1});
        changes.push_back({s.end, s.cpu, -1});
    });
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change& a, const Change& b) { return a.at < b.at; });
    Plot out;
    out.y_unit = Plot::Unit::count;
    out.shape = Plot::Shape::stairs;
    std::vector<std::int64_t> now(end.cpus.size());
    for (const Cpu& cpu : end.cpus)
        out.series.push_back({"CPU " + std::to_string(cpu.id), kNoTask, {{0, 0}}});
    for (const Change& c : changes) {
        auto& points = out.series[c.cpu].points;
        now[c.cpu] += c.by;
        if (points.back().x == c.at)
            points.back().y = now[c.cpu];
        else
            points.push_back({c.at, now[c.cpu]});
        if (points.size() > 1 && points[points.size() - 2].y == points.back().y) points.pop_back();
    }
    for (PlotSeries& s : out.series) s.points.push_back({end.now(), s.points.back().y});
    return out;
}

Plot histogram(std::vector<std::int64_t> values) {
    Plot out;
    out.y_unit = Plot::Unit::count;
    out.shape = Plot::Shape::bars;
    PlotSeries& s = out.series.emplace_back();
    s.name = "wakeups";
    if (values.empty()) return out;
    // 0, then [1 us, 2 us), [2 us, 4 us)…: what is below a microsecond is one bucket.
    std::sort(values.begin(), values.end());
    s.points.push_back({0, 0});
    std::int64_t from = kMicro;
    for (std::int64_t v : values) {
        while (v >= from) {
            s.points.push_back({from, 0});
            from *= 2;
        }
        ++s.points.back().y;
    }
    return out;
}

Plot distribution(std::vector<std::int64_t> values) {
    Plot out;
    out.y_unit = Plot::Unit::permille;
    out.shape = Plot::Shape::stairs;
    PlotSeries& s = out.series.emplace_back();
    s.name = "all";
    std::sort(values.begin(), values.end());
    const auto n = static_cast<std::int64_t>(values.size());
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t v = values[static_cast<std::size_t>(i)], part = (i + 1) * 1000 / n;
        if (!s.points.empty() && s.points.back().x == v)
            s.points.back().y = part;
        else
            s.points.push_back({v, part});
    }
    return out;
}

}  // namespace

std::span<const PlotKindInfo> plot_kinds() { return kKinds; }
const PlotKindInfo* find_plot_kind(std::string_view name) {
    for (const PlotKindInfo& k : kKinds)
        if (k.name == name) return &k;
    return nullptr;
}
const PlotKindInfo& plot_kind(PlotKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::int64_t Plot::least_y() const {
    std::int64_t y = 0;
    for (const PlotSeries& s : series)
        for (const PlotPoint& p : s.points) y = std::min(y, p.y);
    return y;
}
std::int64_t Plot::most_y() const {
    std::int64_t y = y_unit == Unit::permille ? 1000 : least_y() + 1;
    for (const PlotSeries& s : series)
        for (const PlotPoint& p : s.points) y = std::max(y, p.y);
    return y;
}
std::int64_t Plot::most_x() const {
    std::int64_t x = 1;
    for (const PlotSeries& s : series)
        for (const PlotPoint& p : s.points) x = std::max(x, p.x);
    return x;
}

bool has_virtual_time(const Kernel& k) {
    const std::string& name = k.image().scenario.machine.scheduler;
    return name == "cfs" || name == "eevdf";
}

Plot plot_from_log(PlotKind kind, const Kernel& end, const Log& log, std::size_t points) {
    Plot out;
    points = std::max<std::size_t>(points, 1);
    switch (kind) {
        case PlotKind::share:
        case PlotKind::cpu:
            out = over_windows(kind, end, log, points);
            break;
        case PlotKind::service:
            out = service_lag(end, log, points);
            break;
        case PlotKind::queue:
            out = queue_lengths(end, log);
            break;
        case PlotKind::wakeup_latency:
            out = histogram(measures_of(end, log).wakeup);
            break;
        case PlotKind::wakeup_cdf:
            out = distribution(measures_of(end, log).wakeup);
            break;
        case PlotKind::turnaround_cdf:
            out = distribution(measures_of(end, log).turnaround);
            break;
        case PlotKind::response_cdf:
            out = distribution(measures_of(end, log).response);
            break;
        case PlotKind::waiting_cdf:
            out = distribution(measures_of(end, log).waiting);
            break;
        case PlotKind::vruntime:
        case PlotKind::lag:
            break;
    }
    out.kind = kind;
    return out;
}

// --- sampled ---

std::int64_t vruntime_now(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    auto v = static_cast<std::int64_t>(t.se.vruntime);
    if (t.on_cpu && k.cpus[t.cpu].curr == task && t.se.weight > 0)
        v += std::max<Nanos>(0, k.now() - t.se.exec_start) * 1024 / t.se.weight;
    return v;
}

std::int64_t average_vruntime(const Kernel& k, CpuId cpu) {
    Wide sum = 0, weights = 0;
    std::int64_t origin = 0;
    bool is_first = true;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.is_live || !t.on_rq || t.cpu != cpu || id == k.cpus[cpu].idle ||
            t.sched_class != ClassId::fair)
            continue;
        if (is_first) origin = vruntime_now(k, id);
        is_first = false;
        sum += static_cast<Wide>(vruntime_now(k, id) - origin) * t.se.weight;
        weights += t.se.weight;
    }
    return weights == 0 ? 0 : origin + static_cast<std::int64_t>(sum / weights);
}

std::int64_t lag_now(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    if (!t.on_rq) return 0;
    return static_cast<std::int64_t>(
        static_cast<Wide>(average_vruntime(k, t.cpu) - vruntime_now(k, task)) * t.se.weight / 1024);
}

PlotSampler::PlotSampler(Kernel start, PlotKind kind, Nanos end, std::size_t points)
    : kernel_(std::move(start)), end_(end), points_(std::max<std::size_t>(points, 1)) {
    plot_.kind = kind;
}

bool PlotSampler::advance(std::uint64_t steps) {
    const std::uint64_t until = kernel_.steps() + steps;
    while (!is_done()) {
        const Nanos at = moment(end_, next_, points_);
        kernel_.run({.steps = until, .time = at}, nullptr);
        const bool is_there = kernel_.end() != End::running || kernel_.next_time() > at;
        if (!is_there) return true;  // the steps are used up
        kernel_.rest_until(at);
        sample();
        ++next_;
        if (kernel_.steps() >= until && !is_done()) return true;
    }
    return false;
}

void PlotSampler::sample() {
    const Nanos at = moment(end_, next_, points_);
    series_.resize(kernel_.tasks.size());
    std::vector<std::int64_t> averages;
    for (const Cpu& cpu : kernel_.cpus) averages.push_back(average_vruntime(kernel_, cpu.id));
    for (TaskId id = 0; id < kernel_.tasks.size(); ++id) {
        const Task& t = kernel_.tasks[id];
        const bool is_of_it = (!t.is_kthread() || t.runs_program) && t.pid > 1;
        if (!t.is_live || !is_of_it || t.exit_time >= 0 || t.arrival < 0 ||
            t.sched_class != ClassId::fair)
            continue;
        if (series_[id] == 0) {
            plot_.series.push_back({std::string(t.name()), id, {}});
            series_[id] = plot_.series.size();
        }
        std::int64_t y = vruntime_now(kernel_, id);
        if (plot_.kind == PlotKind::lag)
            y = t.on_rq ? static_cast<std::int64_t>(static_cast<Wide>(averages[t.cpu] - y) *
                                                    t.se.weight / 1024)
                        : 0;
        if (plot_.kind == PlotKind::lag && !t.on_rq) continue;  // asleep it has no place in line
        plot_.series[series_[id] - 1].points.push_back({at, y});
    }
}

}  // namespace sy
