// The timeline: records turned into lanes of slices. A lane exists for each CPU and for each task;
// on it stand, side by side without overlap, the states it was in (running, runnable, sleeping and
// why), and over them what ran inside: system calls, softirqs, hardware interrupts.
//
// They follow from records alone (index.h reads them from a log): a recorded trace of a real machine gives lanes in the
// same way.
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

// The slice that holds at `at`; null if none.
const Slice* slice_at(std::span<const Slice> slices, Nanos at);

}  // namespace sy
