// The timeline: records turned into lanes of slices. A lane exists for each CPU and for each task;
// on it stand, side by side without overlap, the states it was in (running, runnable, sleeping and
// why), and over them what ran inside: system calls, softirqs, hardware interrupts.
//
// It is built record by record, so a window can show a run that is still under way, and knows
// nothing but records: a recorded trace of a real machine gives lanes in the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/types.h"
#include "sim/trace/record.h"

namespace sy {

// One interval on a lane: [begin, end). `end` is kNever while it lasts.
struct Slice {
    enum class Kind : std::uint8_t { running, runnable, sleeping, idle, syscall, softirq, irq };
    static constexpr std::uint16_t kNoReason = 0xffff;

    Nanos begin = 0, end = kNever;
    TaskId task = kNoTask;  // whose it is; on a CPU lane: who runs there
    Kind kind = Kind::running;
    CpuId cpu = kNoCpu;  // where
    // sleeping: the number of the system call it sleeps in, if any; syscall: its number; softirq:
    // its vector; irq: number of the line, or the vector of the timer and of a reschedule call.
    std::uint16_t reason = kNoReason;
    char letter = 'R';  // sleeping: the state as ps writes it (S, D, I, T)

    friend bool operator==(const Slice&, const Slice&) = default;
};
constexpr int kSliceKinds = 7;

// Four rows of slices; each row is sorted and without overlap.
struct Lane {
    std::vector<Slice> state;    // CPU lane: running, idle; task lane: running, runnable, sleeping
    std::vector<Slice> syscall;  // while on a CPU and inside a system call
    std::vector<Slice> softirq, irq;

    bool empty() const { return state.empty() && irq.empty(); }
};

class Timeline {
  public:
    // idle[c] is the idle task of CPU c; tasks below `present` sleep when the records begin.
    Timeline(std::vector<TaskId> idle, std::size_t present);

    void add(const Record& r);
    // Takes over the records of the log that it has not seen yet.
    void follow(const Log& log);
    std::size_t records() const { return seen_; }

    std::size_t cpus() const { return cpus_.size(); }
    const Lane& cpu(CpuId c) const { return cpus_[c]; }
    // Ids up to the largest one met; a task without records has a lane that only sleeps.
    std::size_t tasks() const { return tasks_.size(); }
    const Lane& task(TaskId id) const;

  private:
    struct TaskMemory {
        std::uint16_t syscall = Slice::kNoReason;  // it is inside this one
    };
    Lane& lane(TaskId id);
    bool is_idle(TaskId id) const;
    void switched(const Record& r);
    void wake(const Record& r);
    void enter(const Record& r, std::vector<Slice> Lane::*row, Slice::Kind kind,
               std::uint16_t reason);
    void leave(const Record& r, std::vector<Slice> Lane::*row);

    std::vector<TaskId> idle_;
    std::vector<Lane> cpus_, tasks_;
    std::vector<TaskMemory> memory_;
    std::size_t present_ = 0;
    std::size_t seen_ = 0;
};

// The slice that holds at `at`; null if none.
const Slice* slice_at(std::span<const Slice> slices, Nanos at);

}  // namespace sy
