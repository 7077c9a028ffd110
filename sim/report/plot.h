// Curves of a run: virtual time and lag, shares of the CPU, queue lengths over time; latencies as a
// histogram, and distributions as curves. The window draws them, `plot` prints them; both show the
// same points. No drawing here, and nothing that is not read from the kernel or its log.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

enum class PlotKind : std::uint8_t {
    vruntime,        // of each task of CFS and EEVDF, ns
    lag,             // w (V - v): what the task is owed on its CPU, ns of CPU time (CFS, EEVDF)
    service,         // CPU time an ideally fair machine would have given less the time it had, ns
    share,           // part of one CPU in each window of time, thousandths
    cpu,             // CPU time so far, ns
    queue,           // runnable tasks of each CPU, the running one included
    wakeup_latency,  // histogram: wakeups by latency, buckets by powers of two
    wakeup_cdf,
    turnaround_cdf,
    response_cdf,
    waiting_cdf,  // distribution curves
};

struct PlotKindInfo {
    PlotKind kind;
    const char* name;  // of --what
    const char* en;
    const char* zh;
    bool is_sampled;  // read from the machine's state on the way, not from the log
    bool is_over_time;
};
std::span<const PlotKindInfo> plot_kinds();
const PlotKindInfo* find_plot_kind(std::string_view name);
const PlotKindInfo& plot_kind(PlotKind kind);

struct PlotPoint {
    std::int64_t x = 0, y = 0;
    friend bool operator==(const PlotPoint&, const PlotPoint&) = default;
};
struct PlotSeries {
    std::string name;
    TaskId task = kNoTask;          // kNoTask: of a CPU, or of all
    std::vector<PlotPoint> points;  // by x; where a task is not there it has no point
};
struct Plot {
    enum class Unit : std::uint8_t { time, permille, count };
    enum class Shape : std::uint8_t { lines, stairs, bars };
    PlotKind kind = PlotKind::share;
    Unit x_unit = Unit::time, y_unit = Unit::time;
    Shape shape = Shape::lines;
    std::int64_t window = 0;  // share: length of one window
    std::vector<PlotSeries> series;

    std::int64_t least_y() const;  // 0 or below
    std::int64_t most_y() const;   // above least_y
    std::int64_t most_x() const;
};

// Does the scheduler of this machine keep virtual times?
bool has_virtual_time(const Kernel& kernel);

// Kinds that are not sampled, at any point of a run. `points` moments (or windows) over the run.
Plot plot_from_log(PlotKind kind, const Kernel& end, const Log& log, std::size_t points);

// The sampled kinds: runs a copy of the machine once more and reads it at `points` + 1 moments from
// 0 to `end`. Work is done in slices, so that a window stays alive.
class PlotSampler {
  public:
    // `start` is the machine at step 0.
    PlotSampler(Kernel start, PlotKind kind, Nanos end, std::size_t points);
    // At most about so many steps; true: there is more to do.
    bool advance(std::uint64_t steps);
    bool is_done() const { return next_ > points_; }
    const Plot& plot() const { return plot_; }

  private:
    void sample();

    Kernel kernel_;
    Nanos end_ = 0;
    std::size_t points_ = 0, next_ = 0;
    std::vector<std::size_t> series_;  // by task: its series + 1
    Plot plot_;
};

// A task's vruntime including the turn under way, and V, the load-weighted mean of those who are
// runnable on a CPU. For CFS and EEVDF without task groups.
std::int64_t vruntime_now(const Kernel& kernel, TaskId task);
std::int64_t average_vruntime(const Kernel& kernel, CpuId cpu);
// w (V - v) / 1024: positive when the CPU owes it time.
std::int64_t lag_now(const Kernel& kernel, TaskId task);

// A number as people read it: ms, %, a count.
std::string plot_value(Plot::Unit unit, std::int64_t value);
// One line for each series: name, least, most, last, and its course in 60 blocks; a histogram as
// bars.
std::string plot_as_text(const Plot& plot, Lang lang);
// Long form: what,series,x,y with units in the header.
std::string plot_as_csv(const Plot& plot);
std::string plot_as_json(const Plot& plot);

}  // namespace sy
