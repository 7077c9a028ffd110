#include "sim/report/measures.h"

#include <algorithm>

#include "sim/report/rows.h"
#include "sim/trace/metrics.h"

namespace sy {
namespace {

__extension__ using Wide = __int128;

std::vector<bool> scenario_tasks(const Kernel& end) {
    std::vector<bool> out(end.tasks.size());
    for (const TaskRow& row : task_rows(end))
        if (is_of_scenario(row)) out[row.id] = true;
    return out;
}

// Who becomes active or stops being so at a moment.
struct Change {
    Nanos at = 0;
    TaskId task = kNoTask;
    int by = 0;
};

// What is left of the CPUs is shared by weight; who would get more than one CPU gets one.
class FairMachine {
  public:
    FairMachine(const Kernel& end, std::vector<Wide>& ideal) : end_(end), ideal_(ideal) {}

    void change(TaskId task, int by) {
        if (task >= count_.size()) count_.resize(task + 1);
        const bool was = count_[task] > 0;
        count_[task] += by;
        if (was == (count_[task] > 0)) return;
        if (was)
            active_.erase(std::find(active_.begin(), active_.end(), task));
        else
            active_.push_back(task);
    }
    void pass(Nanos time) {
        std::vector<TaskId>& rest = scratch_;
        rest = active_;
        Wide cpus = static_cast<Wide>(end_.cpus.size());
        for (bool again = true; again && !rest.empty();) {
            again = false;
            Wide sum = 0;
            for (TaskId t : rest) sum += share_weight(end_.tasks[t]);
            for (std::size_t i = 0; i < rest.size(); ++i) {
                if (static_cast<Wide>(share_weight(end_.tasks[rest[i]])) * cpus < sum) continue;
                ideal_[rest[i]] += static_cast<Wide>(time) << kFraction;
                sum -= share_weight(end_.tasks[rest[i]]);
                rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i--));
                again = --cpus > 0;
                if (!again) return;
            }
            if (again) continue;
            for (TaskId t : rest)
                ideal_[t] += (static_cast<Wide>(time) << kFraction) * cpus *
                             share_weight(end_.tasks[t]) / sum;
        }
    }
    static constexpr int kFraction = 12;  // bits behind the nanosecond: many short stretches add up

  private:
    const Kernel& end_;
    std::vector<Wide>& ideal_;
    std::vector<int> count_;
    std::vector<TaskId> active_, scratch_;
};

}  // namespace

std::int64_t share_weight(const Task& task) {
    if (task.tickets > 0) return std::int64_t{task.tickets} * 1024;
    return std::int64_t{task.se.weight} * 100;
}

std::vector<WakeupLatency> wakeup_latencies(const Kernel& end, const Log& log) {
    const std::vector<bool> is_of_it = scenario_tasks(end);
    std::vector<Nanos> since(end.tasks.size(), -1);
    std::vector<bool> sleeps(end.tasks.size(), true);
    std::vector<WakeupLatency> out;
    for (const Record& r : log) {
        if (r.kind == RecordKind::sched_wakeup && r.a < since.size() && sleeps[r.a]) {
            sleeps[r.a] = false;
            if (is_of_it[r.a]) since[r.a] = r.at;
        } else if (r.kind == RecordKind::sched_wakeup_new && r.a < sleeps.size()) {
            sleeps[r.a] = false;
        } else if (r.kind == RecordKind::sched_switch) {
            if (r.task < sleeps.size() && (r.b & 0xff) != 'R') sleeps[r.task] = true;
            if (r.a >= since.size()) continue;
            sleeps[r.a] = false;
            if (since[r.a] >= 0) out.push_back({since[r.a], r.a, r.at - since[r.a]});
            since[r.a] = -1;
        }
    }
    return out;
}

Measures measures_of(const Kernel& end, const Log& log) {
    Measures m;
    for (const TaskRow& r : task_rows(end)) {
        if (!is_of_scenario(r)) continue;
        if (r.turnaround) m.turnaround.push_back(*r.turnaround);
        if (r.response) m.response.push_back(*r.response);
        if (r.arrival) m.waiting.push_back(r.wait);
        if (r.turnaround && *r.turnaround > r.wait)
            m.slowdown.push_back(static_cast<std::int64_t>(static_cast<Wide>(*r.turnaround) * 1000 /
                                                           (*r.turnaround - r.wait)));
    }
    for (const WakeupLatency& w : wakeup_latencies(end, log)) m.wakeup.push_back(w.latency);
    return m;
}

namespace {

// When the set of active tasks changes.
std::vector<Change> changes_of(const Kernel& end, const Log& log) {
    const std::vector<bool> is_of_it = scenario_tasks(end);
    std::vector<Change> changes;
    walk_stretches(log, end.tasks, end.cpus.size(), end.now(), [&](const Stretch& s) {
        if (s.state != LaneState::running && s.state != LaneState::runnable) return;
        if (s.task >= is_of_it.size() || !is_of_it[s.task]) return;
        changes.push_back({s.begin, s.task, 1});
        changes.push_back({s.end, s.task, -1});
    });
    // At one instant first those who come, so that a task that goes from one state to the other
    // stays active.
    std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
        return a.at != b.at ? a.at < b.at : a.by != b.by ? a.by > b.by : a.task < b.task;
    });
    return changes;
}

Nanos whole(Wide value) {
    return static_cast<Nanos>((value + (Wide{1} << (FairMachine::kFraction - 1))) >>
                              FairMachine::kFraction);
}

}  // namespace

std::vector<std::vector<Nanos>> ideal_by_window(const Kernel& end, const Log& log,
                                                std::size_t windows) {
    std::vector<std::vector<Nanos>> out(end.tasks.size());
    const std::vector<bool> is_of_it = scenario_tasks(end);
    for (TaskId id = 0; id < out.size(); ++id)
        if (is_of_it[id]) out[id].resize(windows);
    std::vector<Wide> ideal(end.tasks.size()), before(end.tasks.size());
    FairMachine machine(end, ideal);
    const std::vector<Change> changes = changes_of(end, log);
    std::size_t next = 0;
    Nanos at = 0;
    for (std::size_t w = 0; w < windows; ++w) {
        const auto close = static_cast<Nanos>(
            static_cast<Wide>(end.now()) * static_cast<Wide>(w + 1) / static_cast<Wide>(windows));
        for (; next < changes.size() && changes[next].at <= close; ++next) {
            if (changes[next].at > at) machine.pass(changes[next].at - at);
            at = std::max(at, changes[next].at);
            machine.change(changes[next].task, changes[next].by);
        }
        if (close > at) machine.pass(close - at);
        at = std::max(at, close);
        for (TaskId id = 0; id < out.size(); ++id) {
            if (!is_of_it[id]) continue;
            out[id][w] = whole(ideal[id]) - whole(before[id]);
            before[id] = ideal[id];
        }
    }
    return out;
}

std::vector<Share> shares_of(const Kernel& end, const Log& log) {
    const std::vector<std::vector<Nanos>> ideal = ideal_by_window(end, log, 1);
    std::vector<Share> out;
    for (TaskId id = 0; id < ideal.size(); ++id)
        if (!ideal[id].empty()) out.push_back({id, end.cpu_time(id), ideal[id][0]});
    return out;
}

}  // namespace sy
