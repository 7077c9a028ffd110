#include "sim/report/gantt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/session/load.h"
#include "sim/trace/metrics.h"

namespace sy {
namespace {

constexpr std::size_t kStates = 7;

// How a cell is drawn in which a task spent most of its time like this.
constexpr char kMark[kStates] = {' ', '#', '-', '.', 'D', 'T', 'Z'};
constexpr char kPartly = '+';

struct TaskLane {
    TaskId task = kNoTask;
    char letter = '*';
    std::vector<std::array<Nanos, kStates>> cells;
};

// The smallest round cell with which `end` fits into so many columns.
Nanos cell_length(Nanos end, int columns) {
    for (Nanos power = 1;; power *= 10) {
        for (Nanos factor : {1, 2, 5}) {
            const Nanos cell = power * factor;
            if ((end + cell - 1) / cell <= columns) return cell;
        }
    }
}

class Chart {
  public:
    Chart(const Kernel& k, const Log& log, const GanttOptions& options)
        : k_(k),
          log_(log),
          options_(options),
          cell_(cell_length(std::max<Nanos>(1, k.now()), options.columns)),
          count_(static_cast<std::size_t>((std::max<Nanos>(1, k.now()) + cell_ - 1) / cell_)) {}

    std::string draw() {
        choose_tasks();
        fill();
        std::string out = axis();
        for (std::size_t c = 0; c < k_.cpus.size(); ++c) out += cpu_row(c);
        for (const TaskLane& lane : lanes_) out += task_row(lane);
        if (left_out_ > 0) {
            const Text more = text("{0} more tasks are not drawn\n", "还有 {0} 个任务没有画出\n",
                                   {grouped(static_cast<std::int64_t>(left_out_))});
            out += std::string(kLabel, ' ') + more.in(options_.lang);
        }
        return out + legend();
    }

  private:
    static constexpr std::size_t kLabel = 24;  // width of the names

    // Those that were ever runnable: the scenario's first, then kernel threads, each by pid.
    void choose_tasks() {
        std::vector<bool> active(k_.tasks.size());
        walk_stretches(log_, k_.tasks, k_.cpus.size(), k_.now(), [&](const Stretch& s) {
            if (s.state == LaneState::running || s.state == LaneState::runnable)
                active[s.task] = true;
        });
        // A switch in no time (costs ideal) leaves no stretch but is worth a row.
        for (const Record& r : log_)
            if (r.kind == RecordKind::sched_switch) active[r.a] = true;
        std::vector<TaskId> chosen;
        for (TaskId id = 0; id < k_.tasks.size(); ++id)
            if (active[id] && (k_.tasks[id].flags & pf::idle) == 0) chosen.push_back(id);
        std::stable_sort(chosen.begin(), chosen.end(), [&](TaskId a, TaskId b) {
            const Task &x = k_.tasks[a], &y = k_.tasks[b];
            if (x.is_kthread() != y.is_kthread()) return y.is_kthread();
            return x.pid < y.pid;
        });
        const auto most = static_cast<std::size_t>(options_.rows);
        left_out_ = chosen.size() > most ? chosen.size() - most : 0;
        chosen.resize(std::min(chosen.size(), most));
        lane_of_.assign(k_.tasks.size(), -1);
        for (TaskId id : chosen) {
            lane_of_[id] = static_cast<int>(lanes_.size());
            TaskLane& lane = lanes_.emplace_back();
            lane.task = id;
            if (lanes_.size() <= 26) lane.letter = static_cast<char>('A' + lanes_.size() - 1);
            lane.cells.resize(count_);
        }
    }

    void fill() {
        cpus_.assign(k_.cpus.size(), std::vector<CpuCell>(count_));
        walk_stretches(log_, k_.tasks, k_.cpus.size(), k_.now(), [&](const Stretch& s) {
            const bool is_idle = (k_.tasks[s.task].flags & pf::idle) != 0;
            if (lane_of_[s.task] < 0 && s.state != LaneState::running) return;
            for (Nanos at = s.begin; at < s.end;) {
                const auto c = static_cast<std::size_t>(at / cell_);
                if (c >= count_) break;
                const Nanos until = std::min(s.end, static_cast<Nanos>(c + 1) * cell_);
                if (lane_of_[s.task] >= 0) {
                    lanes_[static_cast<std::size_t>(lane_of_[s.task])]
                        .cells[c][static_cast<std::size_t>(s.state)] += until - at;
                }
                if (s.state == LaneState::running && !is_idle)
                    ran(cpus_[s.cpu][c], s.task, until - at);
                at = until;
            }
        });
    }

    // Who had a CPU for how long in one cell.
    using CpuCell = std::vector<std::pair<TaskId, Nanos>>;
    static void ran(CpuCell& cell, TaskId task, Nanos time) {
        for (auto& [id, total] : cell) {
            if (id != task) continue;
            total += time;
            return;
        }
        if (cell.size() < 64) cell.emplace_back(task, time);
    }

    std::string axis() const {
        // A mark every ten cells; the last one only where its label has room.
        std::string labels(kLabel, ' '), marks(kLabel, ' ');
        for (std::size_t c = 0; c < count_; c += 10) {
            const std::string label = short_time(static_cast<Nanos>(c) * cell_);
            if (labels.size() > kLabel + c) continue;
            labels.resize(kLabel + c, ' ');
            labels += label + " ";
            marks.resize(kLabel + c, ' ');
            marks += "|";
        }
        const auto trim = [](std::string s) {
            while (!s.empty() && s.back() == ' ') s.pop_back();
            return s + "\n";
        };
        return trim(labels) + trim(marks);
    }

    std::string cpu_row(std::size_t c) const {
        std::string row = fmt::format("{:<{}}", fmt::format("  CPU {}", c), kLabel);
        for (std::size_t i = 0; i < count_; ++i) {
            Nanos busy = 0;
            std::pair<TaskId, Nanos> best{kNoTask, 0};
            for (const auto& each : cpus_[c][i]) {
                busy += each.second;
                if (each.second > best.second) best = each;
            }
            if (best.first == kNoTask) {
                row += '.';
                continue;
            }
            const int lane = lane_of_[best.first];
            const char letter = lane >= 0 ? lanes_[static_cast<std::size_t>(lane)].letter : '*';
            const bool mostly = busy * 2 >= length_of(i);
            row += mostly || letter == '*' ? letter : static_cast<char>(letter - 'A' + 'a');
        }
        return row + "\n";
    }

    // The last cell may reach beyond the end of the run.
    Nanos length_of(std::size_t cell) const {
        return std::min(cell_, std::max<Nanos>(1, k_.now() - static_cast<Nanos>(cell) * cell_));
    }

    std::string task_row(const TaskLane& lane) const {
        const Task& t = k_.tasks[lane.task];
        const std::string name =
            t.is_kthread() ? fmt::format("[{}]", t.name()) : std::string(t.name());
        std::string row = fmt::format("{} {:<15} {:>5} ", lane.letter, name.substr(0, 15), t.pid);
        row.resize(kLabel, ' ');
        for (const auto& cell : lane.cells) {
            const auto most = std::max_element(cell.begin(), cell.end());
            const auto running = static_cast<std::size_t>(LaneState::running);
            const auto state = static_cast<std::size_t>(most - cell.begin());
            if (*most == 0) {
                row += ' ';
            } else {
                row += cell[running] > 0 && state != running ? kPartly : kMark[state];
            }
        }
        while (row.back() == ' ') row.pop_back();
        return row + "\n";
    }

    std::string legend() const {
        const Text words = text(
            "one column is {0}; of a CPU: A-Z who ran, a-z for less than half of it, . idle\n"
            "of a task: # ran, + ran for a part of it, - waited for a CPU, . slept, D disk, T "
            "stopped, Z zombie\n",
            "每列 {0}；CPU 行：A-Z 谁在运行，a-z 不到半列，. 空闲\n"
            "任务行：# 运行，+ 只运行一部分，- 等待 CPU，. 睡眠，D 等磁盘，T 停止，Z 僵尸\n",
            {short_time(cell_)});
        return "\n" + words.in(options_.lang);
    }

    const Kernel& k_;
    const Log& log_;
    const GanttOptions& options_;
    Nanos cell_;
    std::size_t count_;
    std::vector<TaskLane> lanes_;
    std::vector<int> lane_of_;
    std::vector<std::vector<CpuCell>> cpus_;
    std::size_t left_out_ = 0;
};

}  // namespace

std::string gantt(const Kernel& end, const Log& log, const GanttOptions& options) {
    return Chart(end, log, options).draw();
}

}  // namespace sy
