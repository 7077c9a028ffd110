// Concurrency-managed workqueues: a work item goes through the pool_workqueue of its queue to a
// worker pool, whose kworkers run it. Names are the kernel's (kernel/workqueue.c); linux.md 7.5.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/types.h"
#include "sim/kernel/kthread.h"

namespace sy {

struct Ctx;
class Kernel;

// worker->flags, linux.md 7.5. A worker with any of `not_running` does not count in its pool's
// nr_running.
namespace worker_flag {
constexpr std::uint32_t die = 1u << 1, idle = 1u << 2, prep = 1u << 3, cpu_intensive = 1u << 6,
                        unbound = 1u << 7, rebound = 1u << 8;
constexpr std::uint32_t not_running = prep | cpu_intensive | unbound | rebound;
}  // namespace worker_flag

constexpr Nanos kIdleWorkerTimeout = 300 * kSecond;  // IDLE_WORKER_TIMEOUT, linux.md 7.5
constexpr Nanos kMaydayInitial = 10 * kMilli;  // creating a worker takes so long: call the rescuers
constexpr Nanos kMaydayInterval = 100 * kMilli;
constexpr int kMaxIdleRatio = 4;                              // MAX_IDLE_WORKERS_RATIO
constexpr int kDefaultMaxActive = 256, kMostMaxActive = 512;  // WQ_DFL_ACTIVE, WQ_MAX_ACTIVE
constexpr int kRescuerBatch = 16;                             // RESCUER_BATCH
constexpr std::uint32_t kWorkCpuUnbound = 256;  // req_cpu of queue_work(): any CPU (linux.md 9.14)

// struct worker.
struct KWorker {
    TaskId task = kNoTask;       // none: kthreadd is still at it, or it is gone
    std::uint32_t pool = kNone;  // a rescuer's: the pool it helps at present
    std::int32_t id = 0;         // the number in its name; -1: a rescuer
    std::uint32_t flags = 0;
    std::uint32_t current_work = kNone;
    std::uint32_t current_pwq = kNone;
    std::uint64_t current_color = 0;
    Nanos current_at = 0;                  // when the current work began
    Nanos last_active = 0;                 // went idle
    bool sleeping = false;                 // asleep inside a work: not in nr_running
    std::uint32_t desc = kNone;            // queue of its last work: the end of its name in /proc
    std::uint32_t rescue_wq = kNone;       // a rescuer's own queue
    std::vector<std::uint32_t> scheduled;  // taken from the pool's list, to be run by this one
};

// struct worker_pool.
struct WorkerPool {
    CpuId cpu = kNoCpu;  // none: an unbound pool
    std::int16_t nice = 0;
    std::int32_t nr_running = 0;  // workers that run a work and are not blocked in it
    std::int32_t nr_workers = 0, nr_idle = 0;
    TaskId manager = kNoTask;  // who makes new workers at present
    std::vector<std::uint32_t> worklist;
    std::vector<std::uint32_t> idle_list;  // the last one went idle last: it is woken first
    std::uint64_t idle_timer = 0, mayday_timer = 0;  // in the timer wheel; 0: not armed
};

// struct pool_workqueue.
struct PoolWorkqueue {
    std::uint32_t wq = 0, pool = 0;
    std::int32_t nr_active = 0;
    bool in_mayday = false;
    std::vector<std::uint32_t> inactive_works;  // beyond max_active
};

struct WqFlusher {
    std::uint64_t color = 0;     // waits for every work of this and older colors
    std::uint32_t done = kNone;  // completion
};

// struct workqueue_struct.
struct Workqueue {
    std::array<char, 24> name{};  // WQ_NAME_LEN
    bool unbound = false, highpri = false, mem_reclaim = false;
    std::int32_t max_active = kDefaultMaxActive;
    std::uint32_t first_pwq = 0;  // unbound: the only one; else one for each CPU from here on
    std::uint64_t work_color = 0;
    std::vector<WqFlusher> flushers;
    std::vector<std::uint32_t> maydays;  // pool_workqueues that wait for the rescuer
    std::uint32_t rescuer = kNone;       // worker
};

// struct work_struct or delayed_work, or the barrier that a flush puts behind one.
struct WorkItem {
    bool in_use = false;
    bool pending = false;   // WORK_STRUCT_PENDING
    bool on_list = false;   // stands in a list, has not begun
    bool inactive = false;  // stands in inactive_works
    bool linked = false;    // a barrier follows: both go to the same worker
    bool is_barrier = false;
    bool canceling = false;
    std::uint32_t program = kNone;  // what it does
    std::uint32_t wq = 0;           // its queue
    std::uint32_t pwq = kNone;      // where it was queued last
    std::uint64_t color = 0;
    std::uint32_t done = kNone;                 // barrier: completion
    std::uint64_t timer = 0;                    // delayed: its timer in the wheel; 0: none
    std::uint32_t timer_cpu = kWorkCpuUnbound;  // delayed: where it is to be queued
    // What invariants count.
    std::uint64_t queued = 0, started = 0, ended = 0, canceled = 0;
};

namespace layout {
constexpr Address works = 0xffff'8881'b000'0000;
constexpr std::uint64_t work_bytes = 32;
inline Address work_address(std::uint32_t i) { return works + i * work_bytes; }
inline std::uint32_t work_of(Address a) {
    return static_cast<std::uint32_t>((a - works) / work_bytes);
}
}  // namespace layout

struct Workqueues {
    std::vector<WorkerPool>
        pools;  // two for each CPU (normal, high priority), then the unbound ones
    std::vector<KWorker> workers;
    std::vector<PoolWorkqueue> pwqs;
    std::vector<Workqueue> queues;  // `events` first
    std::vector<WorkItem> works;    // those of the scenario first, in its order

    std::uint32_t find_queue(const char* name) const;
    bool is_executing(std::uint32_t work) const;
    // The worker that is executing this work in this pool; none: kNone.
    std::uint32_t executor(std::uint32_t pool, std::uint32_t work) const;
    // Does the pool's list need one more running worker? (need_more_worker)
    bool needs_worker(std::uint32_t pool) const {
        return !pools[pool].worklist.empty() && pools[pool].nr_running == 0;
    }
    std::size_t bytes() const;
};

// `kworker/1:2H`, `kworker/u8:0`, `kworker/R-name` (linux.md 7.5).
std::string kworker_name(const Workqueues& w, std::uint32_t worker);
// The name in /proc: with `+queue` while it executes a work of it, `-queue` afterwards.
std::string kworker_long_name(const Kernel& k, TaskId task);

}  // namespace sy
