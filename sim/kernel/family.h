// Birth and death of tasks, as used by system calls, boot and events from outside.
#pragma once

#include "sim/base/fingerprint.h"
#include "sim/kernel/context.h"

namespace sy {

// fork.cpp
// The scenario's tasks are bounded by limits::tasks; so many kernel threads may come on top.
constexpr std::size_t kMostKernelTasks = 4'096;
void prepare_stack(Ctx& cx, TaskId id, std::uint64_t rbx, std::uint64_t r12);
void add_child(Ctx& cx, TaskId parent, TaskId child);
// `parent` may be kNoTask: the task comes from outside, without its parent's debts.
void wake_up_new_task(Ctx& cx, TaskId parent, TaskId id);

// kthread_calls.cpp
std::uint32_t new_completion(Kernel& k);
void free_completion(Kernel& k, std::uint32_t completion);
KThread& kthread_of(Kernel& k, TaskId id);
void add_kthread(Kernel& k, TaskId id, ThreadFn fn);
std::uint32_t new_kthread_request(Kernel& k);
void dress_kthread(Ctx& cx, TaskId id, const KthreadRequest& request);
// From outside: nobody waits for the new thread, it runs as soon as it is there.
void ask_kthreadd(Ctx& cx, std::uint32_t request);
// The living kernel thread of a declaration; kNoTask: none.
TaskId find_kthread(const Kernel& k, std::uint32_t program);

// kthreads.cpp
// A kernel thread that somebody wants to stop or park: its sleeps end early.
bool asked_to_stop(const Ctx& cx);
// How kernel code sleeps: TASK_IDLE in a thread of a scenario, TASK_UNINTERRUPTIBLE in a work item.
std::uint32_t kernel_sleep_state(const Ctx& cx);

// driver_calls.cpp: rdi = DriverCall, rsi = its argument (program.h)
const Routine* driver_method(Ctx& cx);

// timer_wheel.cpp
std::uint64_t jiffies_now(const Ctx& cx);
std::uint64_t jiffies_of(const Ctx& cx, Nanos length);
std::uint64_t add_timer_on(Ctx& cx, CpuId c, std::uint64_t expires, WheelFn fn, std::uint32_t arg);
bool del_timer(Ctx& cx, std::uint64_t id);
void run_local_timers(Ctx& cx);
void nohz_stop_tick(Ctx& cx);

// workqueue.cpp
// For handlers: RDI and RSI of routines::queue_work_on, which is to be called next. `cpu`: kWorkCpuUnbound for "this one".
void set_up_queue_work(Ctx& cx, std::uint32_t work, std::uint32_t cpu);
void make_workqueues(Kernel& k);                       // at boot, when the CPUs are there
std::uint32_t add_worker(Kernel& k, std::uint32_t pool, TaskId task);   // a ready-made one, at boot
KWorker& worker_of(Kernel& k, TaskId task);
std::uint32_t new_work(Kernel& k);
void insert_work(Ctx& cx, std::uint32_t pwq, std::uint32_t work);
void worker_enter_idle(Ctx& cx, std::uint32_t worker);
void worker_leave_idle(Ctx& cx, std::uint32_t worker);
// A work is done or was taken back: its queue may activate the next one.
void work_has_left(Ctx& cx, std::uint32_t pwq, bool was_active);

// flush.cpp
// The completion of a flush_workqueue that has nothing more to wait for; kNone: there is none.
std::uint32_t take_done_flusher(Kernel& k, std::uint32_t wq);

// work_check.cpp: what must hold of workqueues and timer wheels, the first fault or empty; and their fingerprint.
std::string check_work(const Kernel& k);
void mix_work(Fingerprint& p, const Kernel& k);

// worker.cpp
void wq_worker_tick(Ctx& cx);

// futex.cpp
void clear_child_tid(Ctx& cx, TaskId task);

}  // namespace sy
