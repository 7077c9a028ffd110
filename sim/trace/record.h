// A record: one fact with a kernel tracepoint's name and meaning, 32 bytes. Everything that only looks at what
// happened (timeline, metrics, exports) is a function of these.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/fingerprint.h"
#include "sim/base/types.h"

namespace sy {

enum class RecordKind : std::uint8_t {
    sched_switch,        // a: next TaskId; b: prev state letter | preempted<<8; c: prev prio, d: next prio
    sched_waking,        // a: TaskId; b: target cpu; c: prio
    sched_wakeup,        // same
    sched_wakeup_new,    // same
    sched_migrate_task,  // a: TaskId; b: from; c: to; d: prio
    sched_process_fork,  // a: child TaskId
    sched_process_exit,  // a: TaskId; b: group_dead; c: prio
    sched_process_free,  // a: TaskId (its last reference is gone)
    sys_enter,           // a: nr; c,d: first argument (low, high)
    sys_args,            // continuation of sys_enter: a,b: second; c,d: third argument
    sys_exit,            // a: nr; c,d: result (low, high)
    irq_handler_entry,   // a: irq; b: device index
    irq_handler_exit,    // a: irq; b: device; c: 0 IRQ_NONE, 1 IRQ_HANDLED, 2 IRQ_WAKE_THREAD
    local_timer_entry,   // a: vector
    local_timer_exit,
    reschedule_entry,    // a: vector
    reschedule_exit,
    hrtimer_expire_entry,  // a: 0 tick, 1 sleep, 2 slice; b: TaskId or none
    softirq_raise,       // a: vec
    softirq_entry,
    softirq_exit,
    signal_generate,     // a: TaskId; b: signal; c: 1 for the process | what became of it << 8 (Generated); d: si_code
    signal_deliver,      // a: TaskId; b: signal; c: sa_flags; d: sa_handler (user text lies below 4 GiB), 0 default
    task_arrival,        // a: TaskId: the outside world started it (no tracepoint of Linux)
    workqueue_queue_work,      // a: work; b: queue; c: cpu asked for (256: any); d: cpu of its pool (256: unbound)
    workqueue_activate_work,   // a: work
    workqueue_execute_start,   // a: work
    workqueue_execute_end,     // a: work
    timer_start,         // a: timer; b: WheelFn; c: expires (jiffies); d: bucket
    timer_expire_entry,  // a: timer; b: WheelFn; c: jiffies
    timer_cancel,        // a: timer; b: WheelFn
    sched_kthread_stop,  // a: TaskId
    sched_kthread_stop_ret,  // a: result
    sched_process_exec,  // a: TaskId; b: old pid
    sched_process_wait,  // a: pid it waits for, 0: any child
    tasklet_entry,       // a: tasklet; b: 1 in softirq HI
    tasklet_exit,
    napi_poll,           // a: device; b: packets; c: budget of the poll
    irq_warn,            // a: irq; b: device: its handler enabled interrupts (no tracepoint: a line of dmesg)
    tlb_flush,           // CR3 was written: a: reason 0 (task switch); b: 1 old entries flushed, 0 kept (PCID)
    page_fault_user,     // a,b: address (low, high); c: RIP (low); d: error code
    mark_victim,         // a: TaskId: chosen by the OOM killer; b: its total-vm, c: rss, both in pages
    deadlock,            // a: the task that closed the circle; b: tasks in it; c,d: the word it waits on (no tracepoint)
    sched_pi_setprio,    // a: TaskId; c: old prio, d: new prio
    hrtimer_start,       // a: TimerKind as in hrtimer_expire_entry; b: TaskId or none; c,d: expires (low, high)
    hrtimer_cancel,      // a, b: as before; also just before it expires, as in __run_hrtimer
    hrtimer_expire_exit,   // a, b: as before
    timer_expire_exit,   // a: timer
    sched_setattr_failed,  // a: TaskId; b: the policy asked for; c: errno (no tracepoint of Linux: what the call returned)
    co_switch,           // user space, no tracepoint: a: from, b: to (CoroutineId, none: main or the scheduler); c: bytes
                         // that were copied out for it, d: bytes to be copied in
    count,
};
constexpr int kRecordKinds = static_cast<int>(RecordKind::count);
std::string_view record_name(RecordKind kind);

// Context bits of the ftrace flag column (linux.md 9.14).
namespace record_flag {
constexpr std::uint16_t irqs_off = 1, need_resched = 2, hardirq = 4, softirq = 8, bh_off = 16;
constexpr unsigned depth_shift = 8;  // preempt depth, 4 bits
}

struct Record {
    Nanos at = 0;
    RecordKind kind = RecordKind::sched_switch;
    CpuId cpu = 0;
    std::uint16_t flags = 0;
    TaskId task = kNoTask;               // who was current on that CPU (the victim, for interrupts)
    std::uint32_t a = 0, b = 0, c = 0, d = 0;

    friend bool operator==(const Record&, const Record&) = default;
};
static_assert(sizeof(Record) == 32);

inline std::uint64_t wide(std::uint32_t low, std::uint32_t high) {
    return (std::uint64_t{high} << 32) | low;
}

// All records of a run, in the order in which they happened.
class Log {
  public:
    void add(const Record& r) { records_.push_back(r); }
    std::size_t size() const { return records_.size(); }
    const Record& operator[](std::size_t i) const { return records_[i]; }
    const Record* begin() const { return records_.data(); }
    const Record* end() const { return records_.data() + records_.size(); }
    void truncate(std::size_t n) { records_.resize(n); }
    void clear() { records_.clear(); }
    std::uint64_t fingerprint() const;

  private:
    std::vector<Record> records_;
};

void mix_record(Fingerprint& print, const Record& r);

}  // namespace sy
