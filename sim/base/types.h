// The small words every other file uses: simulated time and the ids of things in the machine.
//
// Nothing in `sim/` holds a pointer to a simulated thing; it holds one of these ids, so that a copy of the
// kernel is a complete second kernel.
#pragma once

#include <cstdint>
#include <limits>

namespace sy {

// Simulated time or a length of it, in nanoseconds since boot. Never negative in a running machine.
using Nanos = std::int64_t;
constexpr Nanos kMicro = 1'000;
constexpr Nanos kMilli = 1'000'000;
constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

// Index of a CPU, 0 to 63.
using CpuId = std::uint8_t;
constexpr CpuId kNoCpu = 0xff;

// Index of a task in the task table. Not the pid: pids can be chosen by a scenario, indexes are dense.
using TaskId = std::uint32_t;
constexpr TaskId kNoTask = 0xffff'ffff;

// Index of an mm_struct.
using MmId = std::uint32_t;
constexpr MmId kNoMm = 0xffff'ffff;

// What user space calls a task: /proc/PID. 0 is every CPU's idle task.
using Pid = std::int32_t;

}  // namespace sy
