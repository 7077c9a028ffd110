// task_struct: everything the kernel keeps about one task. Field names are the kernel's (linux.md 1.1); a task
// that sleeps is this record and the words on its kernel stack, nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/random.h"
#include "sim/base/types.h"
#include "sim/model/scenario.h"
#include "sim/model/shared.h"

namespace sy {

// __state bits, linux.md 1.2.
namespace task_state {
constexpr std::uint32_t running = 0, interruptible = 1, uninterruptible = 2, stopped = 4, dead = 0x80,
                        parked = 0x40, wakekill = 0x100, waking = 0x200, noload = 0x400, fresh = 0x800 /* TASK_NEW */;
constexpr std::uint32_t idle = uninterruptible | noload, killable = uninterruptible | wakekill;
constexpr std::uint32_t normal = interruptible | uninterruptible;
}  // namespace task_state
// exit_state, linux.md 1.2.
constexpr std::uint32_t kExitDead = 0x10, kExitZombie = 0x20;

// flags, linux.md 1.6.
namespace pf {
constexpr std::uint32_t idle = 0x2, exiting = 0x4, wq_worker = 0x20, forknoexec = 0x40, nofreeze = 0x8000,
                        kthread = 0x20'0000, randomize = 0x40'0000, no_setaffinity = 0x400'0000;
}
// thread_info.flags, linux.md 1.1.
namespace tif {
constexpr std::uint32_t sigpending = 1u << 2, need_resched = 1u << 3, need_fpu_load = 1u << 14,
                        need_resched_lazy = 1u << 4;   // since 6.13, linux.md 6.2
}
namespace clone_flag {  // linux.md 3.1
constexpr std::uint64_t csignal = 0xff, vm = 0x100, fs = 0x200, files = 0x400, sighand = 0x800, pidfd = 0x1000,
                        ptrace = 0x2000, vfork = 0x4000, parent = 0x8000, thread = 0x10000, newns = 0x20000,
                        sysvsem = 0x40000, settls = 0x80000, parent_settid = 0x10'0000, child_cleartid = 0x20'0000,
                        untraced = 0x80'0000, child_settid = 0x100'0000, newcgroup = 0x200'0000,
                        newuts = 0x400'0000, newipc = 0x800'0000, newuser = 0x1000'0000, newpid = 0x2000'0000,
                        newnet = 0x4000'0000, io = 0x8000'0000;
constexpr std::uint64_t namespaces = newns | newcgroup | newuts | newipc | newuser | newpid | newnet;
constexpr std::uint64_t pthread = 0x3d0f00;  // what pthread_create passes, linux.md 3.2
constexpr std::uint64_t fork = 0x1200011;    // what fork() passes
}
// The scheduling classes in the order in which __schedule asks them (linux.md 6.1).
enum class ClassId : std::uint8_t { stop, deadline, rt, fair, idle };
constexpr int kClasses = 5;
// The class that a priority belongs to: DEADLINE has -1, FIFO and RR 0 to 98, the rest 100 to 139 (linux.md 1.7).
constexpr ClassId class_of_prio(int prio) {
    return prio < 0 ? ClassId::deadline : prio < 100 ? ClassId::rt : ClassId::fair;
}

// Links of a task in a red-black tree or a list of its scheduling class. A task is in at most one of them.
struct QueueNode {
    TaskId left = kNoTask, right = kNoTask, parent = kNoTask;  // list: left = previous, right = next
    bool red = false;
    bool linked = false;
};

struct SchedEntity {
    std::uint32_t weight = 1024;          // load.weight >> 10
    std::uint32_t inv_weight = 4'194'304;
    std::uint64_t vruntime = 0;
    std::uint64_t sum_exec_runtime = 0;   // ns on a CPU, charged at update_curr
    std::uint64_t prev_sum_exec_runtime = 0;
    Nanos exec_start = 0;                 // when this task was last charged
    std::uint64_t slice = 0;              // ns; meaning is the class's
    std::uint64_t enqueue_seq = 0;        // order of arrival in the queue, for ties
    QueueNode node;
};

// struct sched_avg: what an entity or a queue has been like of late, older time counting half for each 32 periods of
// 1024 us (PELT, linux.md 6.8; the arithmetic is in sim/sched/pelt.h). Units: 1024 is a whole CPU (util, runnable) or
// the weight of nice 0 (load).
struct SchedAvg {
    Nanos last_update_time = 0;           // ns, whole 1024ths; 0: attached to no queue
    std::uint64_t load_sum = 0, runnable_sum = 0, util_sum = 0;
    std::uint64_t load_avg = 0;
    std::uint32_t runnable_avg = 0, util_avg = 0;
    std::uint32_t period_contrib = 0;     // 1024ths of us into the period under way, below 1024
    std::uint32_t runnable_weight = 0;    // entities of groups: tasks that are runnable below (h_nr_running)
};

struct Task {
    // What the switch reads and writes.
    std::uint64_t thread_sp = 0;          // thread.sp: the saved kernel RSP while not running
    std::uint64_t fs_base = 0, gs_base = 0;  // thread.fsbase, thread.gsbase (user)
    std::uint64_t fpu = 0;                // saved FPU image, as one unit
    std::uint32_t state = task_state::running;
    std::uint32_t exit_state = 0;
    std::uint32_t flags = 0;              // PF_*
    std::uint32_t tif = 0;                // thread_info.flags
    MmId mm = kNoMm, active_mm = kNoMm;
    std::uint32_t stack = 0;              // slot of its kernel stack
    CpuId cpu = 0;                        // where it runs or last ran
    CpuId fpu_cpu = kNoCpu;               // last CPU that loaded its FPU image
    bool on_cpu = false;
    bool on_rq = false;
    bool migrating = false;               // off its old queue, on its way to a CPU it may use
    bool counts_as_living = false;        // the run goes on while it lives
    bool stack_gone = false;              // freed by the task that came after its death
    bool is_live = false;                 // false: released, kept only as a row of history
    Policy policy = Policy::normal;
    ClassId sched_class = ClassId::fair;  // of `prio`, but for the stop task
    std::uint8_t rt_priority = 0;         // 1 to 99 for FIFO and RR, else 0
    bool reset_on_fork = false;           // sched_reset_on_fork
    std::int16_t nice = 0;
    std::int16_t prio = 120, static_prio = 120;   // effective (may be inherited), of the nice value
    std::int16_t normal_prio = 120;       // of its own policy: what `prio` is unless it inherits
    std::int16_t oom_score_adj = 0;       // of the process
    SchedEntity se;
    // Wakeup placement (linux.md 6.9).
    TaskId last_wakee = kNoTask;
    std::uint32_t wakee_flips = 0;        // how often it woke another one than last time, halved every second
    std::uint32_t wakee_flip_second = 0;
    CpuId recent_used_cpu = 0;
    std::uint16_t sched_group = 0;        // sched_task_group: index into TaskTable::groups; 0: the root

    // Identity and family.
    Pid pid = 0, tgid = 0;
    TaskId real_parent = kNoTask;
    TaskId group_leader = kNoTask;
    TaskId first_child = kNoTask, last_child = kNoTask;     // leaders only
    TaskId next_sibling = kNoTask;
    TaskId next_thread = kNoTask;         // circle of the thread group
    std::int32_t exit_code = 0;           // wait status, linux.md 3.7
    SharedId files = kNoShared, fs = kNoShared, sighand = kNoShared, signal = kNoShared;
    std::uint64_t blocked = 0;            // signal mask: bit n-1 for signal n
    // restart_block: until when an interrupted nanosleep was to sleep; with restore_sigmask the mask to come back.
    std::uint64_t restart_data = 0;
    std::uint64_t cpus_allowed = ~std::uint64_t{0};
    std::array<char, 16> comm{};
    std::array<char, 16> label{};         // instance name shown to people: worker/1

    // Sleeping.
    TaskId wait_prev = kNoTask, wait_next = kNoTask;        // in one wait queue
    bool waiting = false;
    bool wait_exclusive = false;          // WQ_FLAG_EXCLUSIVE of its wait entry: one such is woken at a time
    std::uint64_t wait_key = 0;           // which queue: an address (pipe, futex word, device, mm)
    std::uint32_t request = 0;            // number of the block request it waits for
    std::uint64_t timer = 0;              // id of its sleep hrtimer, 0: none armed
    std::uint64_t clear_child_tid = 0;    // user address, CLONE_CHILD_CLEARTID
    std::uint64_t pending_signals = 0;    // `pending`: sent to this thread alone; bit n-1 for signal n
    bool waits_for_child = false;         // asleep in wait4
    std::uint32_t kthread = 0xffff'ffff;  // kernel threads: row of struct kthread (sim/kernel/kthread.h)
    bool restore_sigmask = false;         // TIF_RESTORE_SIGMASK: rt_sigsuspend has replaced the mask
    bool stop_pending = false;            // JOBCTL_STOP_PENDING: it is to take part in a group stop
    std::int8_t exit_signal = 0;          // told to the parent; -1: a thread that leads no group

    // The user program.
    std::uint32_t program = 0;            // index of the program (Image)
    Random rng;                           // the workload's draws
    bool runs_program = false;            // a kernel thread of the scenario
    // For textbook policies (sim/sched/textbook.h).
    std::int32_t priority = kNoPriority;   // the lower number goes first; none: its nice value
    std::int32_t tickets = 0;             // 0: by its nice value
    // Rounds of `every`: how many have ended, how many of them after the next one was due, and when the one that runs
    // should be done (-1: its end is drawn, or there is none).
    std::uint32_t rounds = 0, late_rounds = 0;
    Nanos round_due = -1;
    Nanos next_burst = 0;                 // CPU time up to its next wait, read ahead from its program

    // Bookkeeping for people (linux.md 1.1, sched_info).
    Nanos start_time = 0;
    Nanos arrival = -1;                   // became runnable for the first time
    Nanos first_run = -1;                 // -1: not yet
    Nanos exit_time = -1;
    Nanos run_delay = 0;                  // runnable without a CPU, ended waits
    Nanos last_queued = -1;               // since when it waits; -1: it does not
    Nanos utime = 0, stime = 0;
    std::uint64_t nvcsw = 0, nivcsw = 0;
    std::uint64_t nr_migrations = 0;
    std::uint64_t min_flt = 0, maj_flt = 0;
    Nanos stolen = 0;                     // of its time on a CPU: hard interrupts and softirqs on top of it

    bool is_kthread() const { return (flags & pf::kthread) != 0; }
    std::string_view comm_view() const { return comm.data(); }
    // What people read: the instance name if it differs from comm.
    std::string_view name() const { return label[0] != 0 ? label.data() : comm.data(); }
};

// A task group: cgroup or autogroup (linux.md 6.10). What its CPUs have left of its quota is the class's business
// (sim/sched/group_fair.h).
struct SchedGroup {
    std::array<char, 16> name{};          // "build"; "autogroup-3"
    std::uint16_t parent = 0;             // index; the root is its own parent
    std::uint16_t depth = 0;              // 0: the root
    bool is_autogroup = false;
    std::int16_t nice = 0;                // of an autogroup
    std::uint32_t weight = 100;           // cpu.weight
    std::uint32_t shares = 1024;          // weight * 1024 / 100
    Nanos quota = 0, period = 0;          // cpu.max; quota 0: no limit
    bool is_live = true;
};
constexpr std::size_t kMaxGroups = 1'000;

// All tasks, and beside them the entities of groups: a group stands in the queue of its parent like a task does, with
// a number from kGroupEntity on. Nobody who walks over the tasks meets one.
constexpr TaskId kGroupEntity = 0x8000'0000;
inline bool is_group_entity(TaskId id) { return id >= kGroupEntity && id != kNoTask; }

class TaskTable : public CowArray<Task, 4> {
  public:
    const Task& operator[](std::size_t id) const {
        if (id >= kGroupEntity) [[unlikely]]
            return entities[id - kGroupEntity];
        return CowArray::operator[](id);
    }
    Task& mut(std::size_t id) {
        if (id >= kGroupEntity) [[unlikely]]
            return entities.mut(id - kGroupEntity);
        return CowArray::mut(id);
    }
    std::size_t bytes() const { return CowArray::bytes() + entities.bytes() + avgs.bytes() + entity_avgs.bytes(); }
    CowArray<Task, 4> entities;           // of group g on CPU c: (g - 1) * cpus + c
    // se.avg of tasks and of entities. Only the classes that keep averages (cfs, eevdf) fill it; others need no room.
    const SchedAvg& avg(TaskId id) const {
        static const SchedAvg none;
        if (id >= kGroupEntity) return id - kGroupEntity < entity_avgs.size() ? entity_avgs[id - kGroupEntity] : none;
        return id < avgs.size() ? avgs[id] : none;
    }
    SchedAvg& avg_mut(TaskId id) {
        if (id >= kGroupEntity) [[unlikely]] {
            while (entity_avgs.size() <= id - kGroupEntity) entity_avgs.push_back();
            return entity_avgs.mut(id - kGroupEntity);
        }
        while (avgs.size() <= id) avgs.push_back();
        return avgs.mut(id);
    }
    CowArray<SchedAvg, 5> avgs, entity_avgs;
    std::vector<SchedGroup> groups;       // empty: no groups in this machine; else [0] is the root
};

// The letter of ps and sched_switch (linux.md 1.3).
char state_letter(std::uint32_t state, std::uint32_t exit_state);
void set_text(std::array<char, 16>& to, std::string_view text);   // cut to 15 characters

}  // namespace sy
