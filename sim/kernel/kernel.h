// The kernel: the whole simulated machine as one value. Copying it is the snapshot, `fingerprint` compares two of them,
// `step` makes the smallest visible change. Two ways out, both read-only: records, and a `const Kernel&`.
//
// It holds ids, never pointers to simulated things; the one shared pointer is to the Image, which is constant after boot.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/irq.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/loadavg.h"
#include "sim/kernel/pi.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/timer_wheel.h"
#include "sim/kernel/workqueue.h"
#include "sim/machine/costs.h"
#include "sim/machine/regs.h"
#include "sim/machine/stacks.h"
#include "sim/model/coroutines.h"
#include "sim/model/memory.h"
#include "sim/model/mm.h"
#include "sim/model/scenario.h"
#include "sim/model/task.h"
#include "sim/program/program.h"
#include "sim/sched/chain.h"
#include "sim/trace/record.h"
#include "sim/trace/step_report.h"

namespace sy {

struct Ctx;   // context.h
struct Broken;   // broken.h
struct Oops;
struct Step;     // text.h

// What is constant after boot.
struct Image {
    Scenario scenario;
    std::vector<Program> programs;       // one for each process declaration, init's, one for each work item
    Costs costs{};
    // By step: the compiled stretch that begins there, what its longest way costs, its routine's first step.
    struct FastStretch {
        void (*run)(Ctx&, const Nanos*, std::uint32_t) = nullptr;
        Nanos cost = kNever / 2;
        std::uint32_t base = 0, most = 0;
    };
    std::vector<FastStretch> stretches;
    const Step* steps = nullptr;         // kernel text as this machine runs it
    std::shared_ptr<const Broken> broken;   // null: a sound kernel
    Nanos tick = 4 * kMilli;             // 1/HZ
    Nanos timer_slack = 0;               // of nanosleep: 50 us under `costs linux`, linux.md 7.7
    TieRule tie = TieRule::arrival_first;
    MachineDecl::Preempt preempt = MachineDecl::Preempt::voluntary;
    bool ideal = false;                  // every cost is 0
    bool shared_queue = false;           // SchedClass::takes_from_other_cpus
    bool wants_bursts = false;           // SchedClass::wants_bursts
    std::uint64_t records = ~std::uint64_t{0};   // which tracepoints are on: a bit for each RecordKind
    bool has_groups = false;             // the class schedules task groups
    bool balances = false;               // SchedClass::balances: Linux's placement and balancing
    Topology topology;
    Nanos end_at = kNever;               // last instant that is simulated
    std::string scheduler;               // with its settings, as shown
    bool pcid = true;
    std::vector<IrqLine> irq_lines;      // in the order of their vectors
    std::vector<std::uint32_t> line_of;  // of each device
    std::vector<std::uint16_t> tasklet_of;   // of each device: which its handler schedules
    std::uint32_t tasklet_programs = 0;  // programs[this + i] is the body of tasklet i
};

// Interrupt vectors (linux.md 7.1). Devices get kFirstDeviceVector + the number of their line.
constexpr std::uint8_t kTimerVector = 0xec, kCallVector = 0xfb, kRescheduleVector = 0xfd,
                       kFirstDeviceVector = 0x31;

// preempt_count fields (linux.md 6.2).
constexpr std::uint32_t kPreemptOffset = 1, kSoftirqOffset = 0x100, kSoftirqDisable = 0x200,
                        kHardirqOffset = 0x1'0000;
constexpr std::uint32_t kPreemptMask = 0xff, kSoftirqMask = 0xff00, kHardirqMask = 0xf'0000;

enum class Softirq : std::uint8_t { hi, timer, net_tx, net_rx, block, irq_poll, tasklet, sched, hrtimer, rcu };
constexpr int kSoftirqs = 10;
const char* softirq_name(int vec);

// rt_period, dl_task: what the rt and the deadline class asked for (SchedClass::next_timer); bandwidth: of a task group.
enum class TimerKind : std::uint8_t { sleep, tick, slice, rt_period, dl_task, bandwidth };

// An hrtimer in its CPU's queue. Order: expiry, then the tie rule's rank of its kind, then age.
struct HrTimer {
    Nanos expires = 0;
    std::uint64_t id = 0;
    TaskId task = kNoTask;
    TimerKind kind = TimerKind::sleep;
    std::uint8_t rank = 0;
};

// What the switch of address spaces remembers on a CPU (linux.md 5.7).
struct TlbState {
    MmId loaded_mm = kNoMm;
    bool is_lazy = false;
    std::uint8_t asid = 0;
    std::uint8_t next_asid = 0;
    std::array<std::uint64_t, 6> ctx_id{};
    std::array<std::uint64_t, 6> tlb_gen{};
    Tlb entries;
    std::uint64_t hits = 0, misses = 0;  // of accesses from user mode
    std::uint64_t lost = 0;              // entries that flushes threw away
    std::uint64_t pages = 0;             // single pages invalidated (INVLPG)
    std::uint64_t shootdowns = 0;        // flushes that another CPU asked for
};

// What the watchdogs of a broken kernel know of a CPU.
struct Watch {
    Nanos irqs_off_since = kNever;
    Nanos resched_since = kNever;        // TIF_NEED_RESCHED is set, and no switch since
    std::uint64_t resched_switches = 0;
    bool holds_rq_lock = false;
    Nanos spins_since = kNever;          // on that lock
};

// memory tso: a store that its own CPU sees already and the others do not yet.
struct BufferedStore {
    MmId mm = kNoMm;
    std::uint64_t address = 0;           // of the word, a multiple of 8
    std::uint64_t mask = 0, value = 0;   // the bytes of the word that it changes
    std::uint64_t number = 0;            // of the store in the run
    Nanos due = 0;                       // when it reaches memory at the latest
    TaskId task = kNoTask;
};
// `shared` variables of a process that is gone, as it left them.
struct LastWords {
    TaskId leader = kNoTask;
    std::uint32_t program = 0;
    std::vector<std::uint64_t> words;    // of each shared variable in the order of Program::variables, all words
};

struct Cpu {
    Regs regs;                           // regs.rip is good in user mode only
    std::uint32_t pc = 0;                // kernel mode: the step that comes next
    CpuId id = 0;
    Nanos clock = 0;                     // simulated up to here
    Nanos next = 0;                      // when its next step happens (a burst or a halt ends)
    Nanos lapic_deadline = kNever;       // the timer interrupt is due
    // Pending interrupts.
    bool irr_timer = false, irr_call = false, irr_resched = false;
    std::uint64_t irr_devices = 0;       // bit for each line
    std::uint16_t in_service = 0;        // classes (vector >> 4) whose EOI the local APIC still waits for
    std::uint64_t ipi_devices = 0;       // lines that arrive with ipi_arrival
    Nanos ipi_arrival = kNever;          // an IPI is under way
    bool ipi_call = false, ipi_resched = false;
    bool flush_needed = false;           // between choose_new_asid and the CR3 write
    std::uint8_t vector = 0;             // of the interrupt taken last

    // Per-CPU variables.
    TaskId curr = kNoTask;               // rq->curr
    std::uint64_t episode_step = 0;      // first step of what this CPU is at (sim/session/episode.h)
    bool episode_switched = false;       // it has seen a switch: the next one is another episode
    MmId stale_mm = kNoMm;               // in a broken kernel: whose page tables CR3 still names; none: current's
    MmId plain_mm = kNoMm;               // in a broken kernel: mm_users was read, and is stored in the next step
    std::int32_t plain_value = 0;
    Watch watch;
    MmId exec_mm = kNoMm;                // the address space that execve leaves: it still has its user
    TaskId picked = kNoTask;             // chosen, not yet rq->curr; none outside __schedule
    TaskId current_task = kNoTask;       // what the CPU runs: differs from curr inside a switch
    TaskId idle = kNoTask, ksoftirqd = kNoTask;
    std::uint64_t top_of_stack = 0, tss_sp2 = 0, canary = 0;
    std::uint32_t preempt_count = 0;
    std::uint32_t irq_stack = 0;         // slot
    bool hardirq_stack_inuse = false;
    MmId prev_mm = kNoMm;                // rq->prev_mm
    TlbState tlb;
    TaskId fpu_owner = kNoTask;          // whose image the FPU registers hold
    std::uint16_t softirq_pending = 0;
    std::uint8_t softirq_restart = 0;
    Nanos softirq_since = 0;
    Nanos softirq_irq_ns = 0;            // irq_ns when it began: hard interrupts inside are not softirq time
    BottomHalves bh;
    std::vector<HrTimer> timers;         // binary heap
    TimerBase wheel;                     // low-resolution timers
    std::vector<TaskId> wake_list;       // wakeups handed over by other CPUs (TTWU_QUEUE)
    std::uint64_t slice_timer = 0;       // id of the armed one, 0: none
    std::uint64_t tick_timer = 0;
    std::array<std::uint64_t, 2> class_timer{};             // rt_period, dl_task: id of the armed one, 0: none
    std::array<Nanos, 2> class_timer_at{kNever, kNever};
    bool tick_stopped = false;           // NO_HZ: idle without ticks
    Nanos nohz_until = kNever;           // but for one at this time, when a timer of the wheel is due
    TimerKind expiring = TimerKind::sleep;   // the timer hrtimer_interrupt is at
    TaskId expiring_task = kNoTask;
    bool stop_expiring = false;
    bool timer_runs = false;             // the function of `expiring` has been called

    SmpState smp;                        // placement and balancing
    std::vector<BufferedStore> stores;   // the store buffer, oldest first; empty unless memory tso

    // Counters.
    std::uint64_t nr_switches = 0, cr3_writes = 0, tlb_flushes = 0, lazy_switches = 0;
    std::uint64_t irq_timer = 0, irq_resched = 0, irq_call = 0;
    std::array<std::uint64_t, kSoftirqs> softirqs{};
    Nanos idle_ns = 0, user_ns = 0, irq_ns = 0, softirq_ns = 0;
    Nanos nice_ns = 0;                   // the part of user_ns in tasks of nice > 0
    // What /proc/schedstat counts (linux.md 9.10): the wakeups are those this CPU made.
    std::uint64_t yld_count = 0, sched_count = 0, sched_goidle = 0, ttwu_count = 0, ttwu_local = 0, pcount = 0;
    Nanos run_delay = 0;
    Nanos irq_since = 0;

    void begin_episode(std::uint64_t step) {
        episode_step = step;
        episode_switched = false;
    }
    // The task that runs here or is about to: between the pick and its commit the old rq->curr no longer counts.
    TaskId runs() const { return picked != kNoTask ? picked : curr; }
};

// pipe_inode_info. An end is open once for each process that holds it; a pipe that no process of the scenario reads (or
// writes) is held open at that end by the world outside.
struct Pipe {
    std::int64_t used = 0, capacity = 65'536;
    std::int32_t open_readers = 0, open_writers = 0;   // pipe->readers, pipe->writers
    WaitQueue readers, writers;          // rd_wait, wr_wait
    std::uint32_t herd = 0;              // entries that are not exclusive, still to be woken by the wakeup under way
};
enum PipeEnd : std::uint8_t { kReadEnd = 1, kWriteEnd = 2 };
// An end of a pipe that a dying task, the last holder of its descriptor table, has yet to close.
struct ClosingEnd {
    TaskId task = kNoTask;
    std::uint32_t pipe = 0;
    std::uint8_t end = 0;
};

// A vfork under way: the parent sleeps until the child gives the address space back.
struct VforkWait {
    TaskId child = kNoTask, parent = kNoTask;
};
// The one terminal of the machine, tty1: the session it controls, and the process group in the foreground.
struct Terminal {
    Pid session = 0, foreground = 0;     // 0: none
};

struct Device {
    std::uint64_t interrupts_seen = 0;   // handled
    std::uint32_t available = 0;         // character device: events nobody has read
    WaitQueue readers;
    std::uint32_t requested = 0, completed = 0;   // block device: requests by number
    Nanos busy_until = 0;
    Random rng;
    std::uint32_t fifo = 0;              // what it has for its handler: events, packets, finished requests
    std::uint64_t dropped = 0;           // packets that found the ring full
    std::uint64_t received = 0;          // packets that NAPI took
    bool napi_scheduled = false;         // NAPI_STATE_SCHED: polled, its own interrupt is off
    bool thread_wanted = false;          // IRQTF_RUNTHREAD
    TaskId thread = kNoTask;             // irq/N-name
};

// Something from outside the machine.
struct Event {
    enum class Kind : std::uint8_t { arrival, device, completion, action, packet, store_drain };
    Nanos at = 0;
    std::uint64_t seq = 0;
    Kind kind = Kind::arrival;
    std::uint32_t index = 0;             // process declaration, device, timeline entry, clients
    std::uint32_t copy = 0;              // of the process
};

// A forced order of the operations that programs execute in user mode (director.cpp): `schedule { … }`, or an explorer.
struct Direction {
    bool on = false;
    bool lets_pass = false;              // by hand: time passes although nobody has a turn
    bool by_hand = false;                // somebody gives the turns; else they are the scenario's lines
    std::uint32_t line = 0;              // of the schedule: the one that comes next
    TaskId turn = kNoTask;               // whose operations are executed; every other program is held
    std::int64_t left = 0;               // how many more; negative: until it waits or ends
    std::uint64_t done = 0;              // in this turn
    std::uint32_t asked = 0;             // how often its CPU was told to choose it
    Nanos since = 0;                     // when the turn began
};

enum class End : std::uint8_t {
    running,         // not over
    all_exited,      // every process of the scenario has exited
    nothing_left,    // tasks remain, but nothing will ever wake them
    deadlock,        // the same, and some of them wait for each other in a circle (locks.h)
    time_limit,      // the scenario's `until` (or the default) is reached
    step_limit, log_limit, stuck,
    oops,            // a kernel broken on purpose could not go on (Kernel::oops)
};

struct BootError {
    SourcePos pos;
    std::string text, text_zh;
};

class Kernel {
  public:
    Kernel() = default;
    // Builds the machine and lets its kernel threads run until they sleep; time starts at 0 after that.
    static std::optional<Kernel> boot(const Scenario& scenario, BootError& error);

    // The smallest visible change, by whoever is next. False: the run is over (see `end`). `log` and `report` may be
    // null and change nothing in what happens.
    bool step(Log* log, StepReport* report);
    // Steps until the step counter, the time or the number of switches reaches the bound, or the run ends.
    struct Bound {
        std::uint64_t steps = ~std::uint64_t{0};
        Nanos time = kNever;             // stops before the first step that begins later than this
        std::uint64_t switches = ~std::uint64_t{0};
        std::uint64_t records = ~std::uint64_t{0};
    };
    void run(const Bound& bound, Log* log);
    // Moves the clock to `at` if nothing happens until then: the machine as somebody who looks at that moment finds it.
    void rest_until(Nanos at);

    // When the next step will happen; kNever if nothing will.
    Nanos next_time() const;
    // When the outside world acts next; kNever: not again.
    Nanos next_event() const { return events_.empty() ? kNever : events_.front().at; }
    // The CPU that will make the next step; kNoCpu: the outside world.
    CpuId next_cpu() const;
    // --- a forced order (director.cpp) ---
    // From now on turns are given by hand; every program is held until it gets one.
    void take_direction();
    // Nobody has a turn, and nothing in the machine moves but time.
    bool awaits_direction() const;
    void give_turn(TaskId task, std::int64_t operations);
    void end_direction() { release_all(); }   // programs go on by themselves
    // The oldest store of that CPU's buffer reaches memory.
    void drain_store(CpuId cpu, Log* log, StepReport* report);

    // The instant the machine has reached.
    Nanos now() const { return now_; }
    End end() const { return end_; }
    std::uint64_t steps() const { return steps_; }
    std::uint64_t switches() const { return switches_; }
    std::uint64_t records() const { return records_; }
    std::uint64_t fingerprint() const;
    // Every rule that must hold between two steps; the first one that does not, empty if all do.
    std::string check_invariants() const;
    std::size_t bytes() const;

    // --- the state, for reading ---
    const Image& image() const { return *image_; }
    const Program& program_of(const Task& t) const { return image_->programs[t.program]; }
    TaskId find_pid(Pid pid) const;
    // RIP as the hardware shows it.
    std::uint64_t rip(const Cpu& cpu) const;
    // A word of user memory. Shared memory is one for all who map it.
    std::uint64_t read_user(MmId mm, std::uint64_t address) const;
    void write_user(MmId mm, std::uint64_t address, std::uint64_t value);
    // Register a task has in user mode, wherever its value lies now (CPU or pt_regs); none for kernel threads.
    std::optional<std::uint64_t> user_reg(TaskId task, PtReg r) const;
    Nanos cpu_time(TaskId task) const;   // including the turn under way
    Nanos user_time(TaskId task) const;  // the part of it in user mode
    LoadAverage load_now() const;        // with the samples that have come due while all CPUs slept
    Nanos wait_time(TaskId task) const;  // including the wait under way
    // Deepest first: text addresses of the routines on a task's kernel stack; empty in user mode.
    std::vector<std::uint64_t> call_chain(TaskId task) const;

    TaskTable tasks;
    MmTable mms;
    Memory memory;
    Stacks stacks;
    std::vector<Cpu> cpus;
    ClassChainBox sched;                 // stop, deadline, rt, fair, idle
    std::vector<Pipe> pipes;
    std::vector<ClosingEnd> closing_ends;
    std::vector<Device> devices;
    std::vector<CoroutineEnv> coroutine_envs;
    std::vector<Eventpoll> eventpolls;   // one for each coroutine environment
    std::vector<ClientsState> clients;   // one for each `clients` line
    CowArray<Connection, 10> connections;
    SharedObjects shared;
    std::vector<VforkWait> vforks;
    Terminal terminal;
    PiLocks pi;
    std::vector<IrqDesc> irqs;           // by line
    std::vector<Tasklet> tasklets;
    Random irq_rng;                      // draws of code that belongs to no task
    Direction direction;
    Random store_rng;                    // how long stores wait in their buffers
    std::uint64_t stores_made = 0;       // buffered so far
    std::vector<LastWords> last_words;
    CowArray<TaskId, 10> by_pid;
    std::vector<KThread> kthreads;       // struct kthread; Task::kthread is the row
    std::vector<KthreadRequest> kthread_requests;
    std::deque<std::uint32_t> kthread_create_list;   // requests that kthreadd has not taken yet
    std::vector<Completion> completions;
    Workqueues wq;
    std::uint64_t jiffies = 0;
    LoadAverage load;                    // as of the last tick or end of a halt; for now: load_now()
    std::shared_ptr<const Oops> oops;    // null: none
    std::vector<std::uint64_t> group_timers;   // by group: id of the armed period timer, 0: none
    std::uint64_t nohz_next_balance = 0; // jiffies: tickless CPUs are due then
    std::uint64_t forks = 0;
    Pid last_pid = 0;
    std::uint32_t living = 0;            // processes of the scenario that have not exited
    std::uint32_t arrivals_left = 0;

    // --- for the kernel's own routines ---
    void schedule_completion(std::uint32_t device, Nanos when);
    void schedule_drain(CpuId cpu, std::uint64_t store, Nanos when);
    void bind_pid(Pid pid, TaskId id);
    void idle_entered(CpuId c);
    void set_nice(Ctx& cx, TaskId id, int nice);
    // sched_setscheduler and sched_setattr on any task, whatever it does at the moment. 0 or -errno: EINVAL (params out
    // of range), EBUSY (the deadline admission test fails), EPERM (affinity of a deadline task).
    int set_scheduler(Ctx& cx, TaskId id, const SchedParams& params);
    int set_scheduler(Ctx& cx, TaskId id, Policy policy, int rt_priority) {
        return set_scheduler(cx, id, {.policy = policy, .rt_priority = rt_priority});
    }
    // rt_mutex_setprio: the task inherits from `donor`, or (kNoTask) from nobody.
    void inherit_prio(Ctx& cx, TaskId id, TaskId donor);
    // The priority a task has now (any class); its own one is normal_prio. `lender`: whose deadline it inherits.
    void set_effective_prio(Ctx& cx, TaskId id, int prio, TaskId lender = kNoTask);
    // A task that runs where it may no longer is left to the migration thread of that CPU; `wake_stopper`: wake it now.
    void set_affinity(Ctx& cx, TaskId id, std::uint64_t mask, bool wake_stopper = true);
    void set_group(Ctx& cx, TaskId id, std::uint16_t group);      // groups.cpp
    std::uint16_t find_group(std::string_view name) const;        // 0: the root, or unknown
    std::uint16_t session_group(std::int32_t session);            // its autogroup, made if need be
    void make_groups();
    void start_group_timers(Ctx& cx);
    void change_group(Ctx& cx, const TimedAction& action);        // cpu.weight or cpu.max is written
    void sample_load(Nanos at);          // load averages, when a sample is due at that instant
    void task_is_gone(TaskId task);      // its last reference was dropped
    void count_steps(std::uint64_t n) { steps_ += n; }
    std::uint64_t next_timer_id() { return ++timer_id_; }
    void raise_irq(Ctx& cx, std::uint32_t line);       // the line asks its CPU's local APIC
    void raise_device(Ctx& cx, std::uint32_t device);  // a device has something to say
    void unmask_irq(Ctx& cx, std::uint32_t line);
    void set_irq_affinity(Ctx& cx, std::uint32_t line, std::uint64_t mask);
    void refresh(Cpu& cpu);              // when its next step happens, after a change from outside

  private:
    friend struct Ctx;
    friend class Booter;
    friend struct Events;

    bool choose();
    bool event_goes_first(const Cpu& cpu) const;
    void cpu_step(Cpu& cpu, Log* log, StepReport* report);
    // broken.cpp
    void broken_step(Cpu& cpu, Log* log, StepReport* report);
    const char* look_at_watchdogs(Cpu& cpu);
    void stop_with(Oops&& what, const Regs& regs, std::uint32_t pc, StepReport* report);
    void run_stretches(Cpu& cpu, const Bound& bound, Log* log);
    void run_event(Log* log, StepReport* report);
    // director.cpp
    struct DirectedChoice {
        Nanos when = kNever;
        CpuId cpu = kNoCpu;              // kNoCpu: the world outside
    };
    DirectedChoice directed_choice() const;
    bool is_held(const Cpu& cpu, bool settled) const;
    bool is_settled() const;
    void direct(Log* log, StepReport* report);
    void release_all();
    bool directed_step(Log* log, StepReport* report);
    void add_event(Event e);
    void lower_horizon(Nanos at) {
        if (at < horizon_) horizon_ = at;
    }

    std::shared_ptr<const Image> image_;
    std::vector<Event> events_;          // binary heap
    std::uint64_t event_seq_ = 0;
    std::uint64_t timer_id_ = 0;
    std::uint64_t enqueue_seq_ = 0;
    std::uint64_t steps_ = 0, switches_ = 0, records_ = 0;
    Nanos now_ = 0;
    std::uint64_t steps_at_now_ = 0;
    End end_ = End::running;
    // Derived, and not part of the value: which CPU may go on without looking at the others, and until when.
    mutable std::uint64_t memory_checked_ = 0;   // version of memory that was found in order last
    CpuId active_ = kNoCpu;
    Nanos horizon_ = 0;
};

}  // namespace sy
