// Task groups over a fair class (linux.md 6.10): a group has a queue of its own on every CPU and stands in its parent's
// queue as one entity, whose weight is the group's shares by the part of its load that is on this CPU. Picking goes down
// from the root. A group with a quota (cpu.max) draws CPU time in slices of 5 ms from a pool that is refilled each period;
// without time its entity leaves the queue: it is throttled.
//
// Each group is one more instance of the class it is built over (CFS or EEVDF), so their rules hold on each level.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/sched/class.h"

namespace sy {

constexpr Nanos kBandwidthSlice = 5 * kMilli;   // sched_cfs_bandwidth_slice_us

// A group on one CPU, for panels.
struct GroupOnCpu {
    TaskId entity = kNoTask;              // its vruntime, weight and CPU time: TaskTable[entity].se
    std::uint32_t h_nr = 0;               // runnable tasks in it and below
    std::uint64_t load = 0;               // weight of its queue
    std::uint64_t load_avg = 0;           // its average (PELT)
    bool is_queued = false, is_throttled = false;
    Nanos runtime_left = 0;               // of the slice of quota that this CPU holds
};
// Of the whole group: cpu.stat.
struct GroupBandwidth {
    Nanos pool = 0;                       // left of this period's quota
    bool timer_active = false;
    std::uint64_t nr_periods = 0, nr_throttled = 0;
    Nanos throttled_time = 0;
};

class GroupScheduler {
  public:
    virtual ~GroupScheduler() = default;
    // Groups whose period timer must be started now; clears the list.
    virtual bool wants_timers() const = 0;
    virtual std::vector<std::uint16_t> take_timers() = 0;
    // A period of the group is over: its pool is filled, throttled CPUs get their share. `runnable`: CPUs on which the
    // group has come back. False: it did nothing for a whole period, the timer stops.
    virtual bool period_over(TaskTable& tasks, std::uint16_t group, Nanos now, std::uint64_t& runnable) = 0;
    // cpu.weight or cpu.max of the group was written.
    virtual void changed(TaskTable& tasks, std::uint16_t group, Nanos now, std::uint64_t& runnable) = 0;
    virtual GroupOnCpu on_cpu(std::uint16_t group, CpuId cpu) const = 0;
    virtual GroupBandwidth bandwidth(std::uint16_t group) const = 0;
    // Why the run queue is empty although tasks are runnable: a group above the task is throttled on this CPU.
    virtual bool is_throttled(const TaskTable& tasks, TaskId task, CpuId cpu) const = 0;
    // The queue of one level, as the class underneath shows it (rows may be entities of groups).
    virtual const SchedClass& level(std::uint16_t group) const = 0;
};

// `make`: one more instance of the class underneath.
using MakeClass = std::unique_ptr<SchedClass> (*)(const SchedOptions&, std::string& error);
std::unique_ptr<SchedClass> make_group_fair(MakeClass make, const SchedOptions& options, std::string& error);

// The entity of a group on a CPU, and back.
constexpr TaskId group_entity(std::uint16_t group, CpuId cpu, std::size_t cpus) {
    return kGroupEntity + static_cast<TaskId>((group - 1) * cpus + cpu);
}
constexpr std::uint16_t group_of_entity(TaskId entity, std::size_t cpus) {
    return static_cast<std::uint16_t>((entity - kGroupEntity) / cpus + 1);
}
// Adds a group and its entities; returns its index.
std::uint16_t add_group(TaskTable& tasks, SchedGroup group, std::size_t cpus);

}  // namespace sy
