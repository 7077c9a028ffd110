// Kernel threads: what the kernel keeps about one besides its task_struct (struct kthread), the
// list from which kthreadd makes them, and completions, on which their makers and stoppers wait.
// linux.md 3.5.
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/types.h"
#include "sim/machine/layout.h"

namespace sy {

struct WaitQueue {
    TaskId head = kNoTask, tail = kNoTask;
};

constexpr std::uint32_t kNone = 0xffff'ffff;  // no row of a table

// struct completion: `done` counts the events nobody has waited for yet.
struct Completion {
    std::uint32_t done = 0;
    bool in_use = false;
    WaitQueue waiters;
};

// Which function a kernel thread runs.
enum class ThreadFn : std::uint8_t { softirqs, worker, rescuer, program, irq, stopper };

// struct kthread.
struct KThread {
    TaskId task = kNoTask;
    ThreadFn fn = ThreadFn::softirqs;
    bool should_stop = false, should_park = false;  // KTHREAD_SHOULD_STOP, KTHREAD_SHOULD_PARK
    bool is_per_cpu = false;                        // KTHREAD_IS_PER_CPU
    bool is_parked = false;
    bool has_exited = false;
    std::int32_t result = 0;                       // what its function returned
    std::uint32_t parked = kNone, exited = kNone;  // completions
    std::uint32_t worker = kNone;                  // of a kworker or rescuer: its struct worker
    MmId used_mm = kNoMm;                          // between kthread_use_mm and kthread_unuse_mm
};

// struct kthread_create_info: what kthreadd is asked for.
struct KthreadRequest {
    bool in_use = false;
    std::array<char, 16> comm{};
    ThreadFn fn = ThreadFn::program;
    std::uint32_t program = 0;
    std::uint32_t copy = 0;        // of its declaration, from 1
    std::uint32_t worker = kNone;  // made for this struct worker
    std::int32_t cpu = -1;         // kthread_bind; -1: any
    std::int16_t nice = 0;
    std::uint32_t done = kNone;  // completion; none: the asker does not wait (the outside world)
    TaskId result = kNoTask;
};

namespace layout {
constexpr Address completions = 0xffff'8881'a000'0000;
constexpr std::uint64_t completion_bytes = 32;
inline Address completion_address(std::uint32_t i) { return completions + i * completion_bytes; }
inline std::uint32_t completion_of(Address a) {
    return static_cast<std::uint32_t>((a - completions) / completion_bytes);
}
}  // namespace layout

}  // namespace sy
