// What one lane of the timeline knows between two records: the slice that is open on each of its rows, and how long it
// has been in each state. One rule turns records into slices, for who builds an index and for who reads it again later.
//
// A lane's clock never goes back: records of two CPUs may be a few nanoseconds out of order, and what a record says holds
// from the lane's latest instant on.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/trace/slices.h"

namespace sy {

constexpr int kLaneRows = 4;   // of slices: state, syscall, softirq, irq
enum class LaneRowKind : std::uint8_t { state, syscall, softirq, irq };
inline std::vector<Slice> Lane::*row_of(LaneRowKind row) {
    constexpr std::array<std::vector<Slice> Lane::*, kLaneRows> rows = {&Lane::state, &Lane::syscall, &Lane::softirq, &Lane::irq};
    return rows[static_cast<std::size_t>(row)];
}

// Nanoseconds by Slice::Kind.
using LaneTimes = std::array<Nanos, kSliceKinds>;

// The lane of a CPU, or of a task.
struct LaneKey {
    bool is_task = false;
    std::uint32_t id = 0;

    static LaneKey cpu(CpuId c) { return {false, c}; }
    static LaneKey task(TaskId t) { return {true, t}; }
    friend bool operator==(const LaneKey&, const LaneKey&) = default;
};

struct OpenSlice {
    bool is_open = false;
    Slice slice;   // begin and what it is; end is kNever
};

struct LaneMoment {
    Nanos clock = 0;
    std::array<OpenSlice, kLaneRows> rows;
    std::uint16_t syscall = Slice::kNoReason;   // a task's lane: it is inside this one, on a CPU or asleep
    LaneTimes closed{};                         // ns of the slices that have ended

    // What the record does to this lane. `inside`: for a sched_switch on a CPU's lane, the system call that who comes
    // is in. Slices that end are appended to `out` if there is one. `idle`: whether that task is an idle task.
    void apply(LaneKey lane, const Record& r, std::uint16_t inside, bool next_is_idle, Lane* out);
    // Time in each state from the beginning to `at`, which is not before `clock`.
    LaneTimes times(Nanos at) const;

  private:
    void open(LaneRowKind row, Slice s, Lane* out);
    void close(LaneRowKind row, Lane* out);
    void switched(LaneKey lane, const Record& r, std::uint16_t inside, bool next_is_idle, Lane* out);
};

// What a task's or a CPU's lane begins with.
LaneMoment first_state(LaneKey lane, TaskId idle, bool sleeps);

}  // namespace sy
