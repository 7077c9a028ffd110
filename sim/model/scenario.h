// What a scenario file says, as plain data: the machine, its devices, the processes and what they do, timed
// lines, and what the author expects. The parser (sim/scenario) fills it, the kernel (sim/kernel/boot) reads it.
//
// Every item carries the place it was written at, so that later stages can complain about the right line.
// Times are nanoseconds. Nothing here has been checked against the limits except by the parser; a Scenario
// built by hand in a test must obey base/limits.h too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/model/breakage.h"
#include "sim/model/lesson.h"
#include "sim/base/source_pos.h"
#include "sim/base/types.h"

namespace sy {

// A length of time that may be drawn at random each time it is used. All draws come from the task's (or the
// device's) own seeded stream.
struct Dist {
    enum class Kind : std::uint8_t { fixed, uniform, exp };
    Kind kind = Kind::fixed;
    Nanos a = 0;  // fixed: the value; uniform: the smallest; exp: the mean
    Nanos b = 0;  // uniform: the largest (inclusive)

    friend bool operator==(const Dist&, const Dist&) = default;
};

enum class Policy : std::uint8_t { normal = 0, fifo = 1, rr = 2, batch = 3, idle = 5, deadline = 6 };

// What sched_setscheduler and sched_setattr take (linux.md 6.6, 6.7).
struct SchedParams {
    Policy policy = Policy::normal;
    std::int32_t rt_priority = 0;      // FIFO and RR: 1 to 99
    // DEADLINE: all three. NORMAL and BATCH under eevdf: `runtime` is the task's own slice, 0: the default one.
    Nanos runtime = 0, deadline = 0, period = 0;
    bool reset_on_fork = false;        // children are NORMAL again
    bool dl_overrun = false;           // SCHED_FLAG_DL_OVERRUN: SIGXCPU when a deadline task uses up its runtime
    bool reclaim = false;              // SCHED_FLAG_RECLAIM: it may use what other deadline tasks leave

    friend bool operator==(const SchedParams&, const SchedParams&) = default;
};

// What kernel code can do besides computing and sleeping: statements of kthread, tasklet and ioctl bodies. The names
// are the kernel's functions.
enum class KernelCall : std::uint8_t {
    local_bh_disable, local_bh_enable,
    local_irq_disable, local_irq_enable,
    preempt_disable, preempt_enable,
    raise_softirq,          // value: the vector; time: how long its action then works
    tasklet_schedule,       // name: a tasklet
    tasklet_disable, tasklet_enable,
    disable_irq, enable_irq,   // name: a device
    count,
};
constexpr int kKernelCalls = static_cast<int>(KernelCall::count);
std::string_view kernel_call_name(KernelCall call);

// A line of an `asm { … }` block, without its comment.
struct AsmLine {
    SourcePos pos;
    std::string text;

    friend bool operator==(const AsmLine&, const AsmLine&) = default;
};

// One statement of a task's program.
struct Stmt {
    enum class Kind : std::uint8_t {
        run,        // time: compute in user mode
        sleep,      // time: clock_nanosleep, relative
        yield,      // sched_yield
        read,       // name: a pipe or device; count: bytes
        write,      // name: a pipe or device; count: bytes
        fsync,      // name: a device; waits until the device has finished one request
        lock,       // name: a futex mutex of this process
        unlock,     // name
        wait,       // name: a counting semaphore of this process (futex); empty: wait4 for any child
        signal,     // name: post that semaphore
        join,       // wait for threads: name of one thread declaration, or empty for all
        fork,       // body: what the child process does; name: its comm (may be empty)
        exit,       // count: the status; exit_group, or with name "thread" (`exit thread 0`) only the caller
        getpid,
        setnice,    // count: nice value for itself (setpriority)
        affinity,   // cpus: sched_setaffinity for itself
        sched,      // sched: sched_setscheduler or sched_setattr for itself
        queue,      // name: a work item; count: the CPU (-1: this one); time.a: a delay
        flush,      // name: a work item or a workqueue; waits until it is done
        cancel,     // name: a work item; takes it back, or waits until it is done
        start,      // name: a kernel thread: kthread_run
        stop,       // name: kthread_stop; waits until it has exited
        park,       // name: kthread_park
        unpark,     // name
        use_mm,     // name: a process whose address space this kernel thread borrows (kthread_use_mm)
        unuse_mm,
        until_stopped,  // body, until kthread_should_stop(); parks between two rounds when asked to
        // Signals. A signal is `count`, a set of them `cpus` (bit n-1 for signal n).
        handle,     // count; body: what its handler does; cpus: sa_flags
        ignore_signal,    // count: SIG_IGN
        default_signal,   // count: SIG_DFL
        mask,       // cpus: SIG_BLOCK
        unmask,     // cpus: SIG_UNBLOCK
        sigsuspend, // cpus: these are let through while it waits
        pause,
        kill,       // count; name: a task path, `self`, `parent`, `child`
        tgkill,     // the same for one thread
        killpg,     // the same for the process group of that task
        // Life and death.
        clone,      // name: comm (may be empty); cpus: flags; body: what the child does
        vfork,      // name, body
        exec,       // name: a program
        waitpid,    // name: a task path, empty: any child; cpus: options
        waitid,     // the same
        setsid,
        setpgid,    // name: the task whose group it joins; empty: a group of its own
        tcsetpgrp,  // name: the task whose group gets the terminal; empty: its own
        subreaper,  // prctl(PR_SET_CHILD_SUBREAPER)
        umask,      // count
        repeat,     // body, count times; count < 0: forever
        every,      // body, with the next start one `time` after the last start (absolute sleeps)
        // Synchronisation. Objects belong to the process (SyncDecl); unlock serves mutexes and read-write locks.
        trylock,       // name: a mutex; body: done with the lock if it was free, then it is unlocked
        cond_wait,     // name: a condition variable, other: the mutex that is given up meanwhile
        broadcast,     // name: a condition variable; `signal` of one is Kind::signal
        barrier_wait,  // name
        rdlock,        // name: a read-write lock
        wrlock,        // name
        poll,          // name: a pipe; sleeps until it has bytes (not exclusively) and takes none
        close,         // name: a pipe; count: 1 its read end, 2 its write end, 3 both
        accept,     // coroutines: name: the clients whose next connection it serves from now on
        resume,     // name: a coroutine that was created suspended (NAME or NAME/2)
        release,    // the same: its control block, stack and saved part are given back
        co_poll,    // coroutines: time: co_poll without files, so long
        mmap,       // name: of the new area; count: bytes; prot, shared; file: a block device, or empty (anonymous)
        munmap,     // name
        mprotect,   // name; prot
        brk,        // count: bytes by which the heap grows, or shrinks
        load,       // name: an area (a mapped one, heap, stack, data, text, null, kernel); count: which page of it
        store,      // the same, writing
        touch,      // name; count: bytes from its beginning of which each page gets a word
        recurse,    // count: bytes of stack that nested calls use before they return
        ioctl,      // body: kernel code that a system call of this task runs
        asm_block,  // code: instructions (docs/instructions.md)
        shared,     // name: a variable of the process, so many (`cpus`) words in its data; count: what each begins with
        local,      // the same on the thread's stack; it gets its value where this stands
        kernel_call,   // call; name: a tasklet or device; count: a softirq vector; time: of its action
    };
    Kind kind = Kind::run;
    SourcePos pos;       // of the verb
    Dist time;
    std::string name;
    SourcePos name_pos;  // of the name, if there is one
    std::string other;   // a second name: cond_wait's mutex
    SourcePos other_pos;
    std::int64_t count = 0;
    std::uint64_t cpus = 0;  // affinity mask, bit per CPU
    SchedParams sched{};
    std::uint8_t prot = 0;   // PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4
    bool shared = false;     // MAP_SHARED; of a shared variable: its words are for synchronisation (`shared atomic`)
    std::string file;        // the device whose blocks are mapped
    SourcePos file_pos;
    KernelCall call = KernelCall::count;
    std::vector<Stmt> body;
    std::vector<AsmLine> code;

    friend bool operator==(const Stmt&, const Stmt&) = default;
};

constexpr std::int32_t kNoPriority = -1000;

// A synchronisation object of a process: words of its memory that its threads share. A mutex, a read-write lock, a
// semaphore of 0 or a condition variable may also be used without having been declared.
struct SyncDecl {
    enum class Kind : std::uint8_t { mutex, cond, barrier, rwlock, semaphore };
    Kind kind = Kind::mutex;
    std::string name;
    SourcePos pos;
    std::int64_t count = 0;            // barrier: how many tasks it holds up; semaphore: its first value
    bool pi = false;                   // mutex: PTHREAD_PRIO_INHERIT
    bool requeue = false;              // cond: a broadcast moves its waiters to the mutex's queue (FUTEX_CMP_REQUEUE)

    friend bool operator==(const SyncDecl&, const SyncDecl&) = default;
};

// A thread of a process. It is created by a clone system call of the main thread before that thread's own first
// statement, in the order of declaration.
struct ThreadDecl {
    std::string name;
    SourcePos pos;
    std::int32_t copies = 1;           // x2: name/1, name/2
    std::optional<int> nice;
    std::optional<SchedParams> sched;  // none: the process's
    std::int32_t priority = kNoPriority;   // none: the process's
    std::int32_t tickets = 0;          // 0: the process's
    std::uint64_t cpus = 0;            // 0: any CPU
    std::vector<Stmt> body;

    friend bool operator==(const ThreadDecl&, const ThreadDecl&) = default;
};

// Coroutines of a process's main thread, in libco's manner (docs/coroutines.md).
struct CoroutineDecl {
    std::string name;
    SourcePos pos;
    std::int64_t copies = 1;
    std::int64_t stack = 128 * 1024;   // bytes of a stack (libco's default)
    std::int32_t shared = 0;           // so many stacks for all of them; 0: each has its own
    std::int64_t frame = 64;           // bytes of stack that the body itself uses
    bool slots_cleared = true;         // the table of 1,024 slots is cleared at creation
    bool suspended = false;            // created only: runs when it is resumed by name
    std::vector<Stmt> body;

    friend bool operator==(const CoroutineDecl&, const CoroutineDecl&) = default;
};

// How a process's `thread`s become kernel threads: `threads 1:1`, `threads n:1`, `threads m:n CARRIERS`
// (docs/user-threads.md).
struct ThreadModel {
    enum class Kind : std::uint8_t { one_to_one, many_to_one, many_to_many };
    Kind kind = Kind::one_to_one;
    std::int32_t carriers = 1;         // kernel threads that run them
    bool hooked = false;               // calls that would block go through an event loop over epoll
    Nanos slice = 0;                   // a timer signal takes the carrier away after so long; 0: never

    bool is_library() const { return kind != Kind::one_to_one; }
    friend bool operator==(const ThreadModel&, const ThreadModel&) = default;
};

// `group NAME … { processes }`: a cgroup with the cpu controller, linux.md 6.10.
struct GroupDecl {
    std::string name;
    SourcePos pos;
    std::int32_t parent = -1;          // index of the group around it; -1: the root
    std::int32_t weight = 100;         // cpu.weight, 1 to 10000
    Nanos quota = 0;                   // cpu.max; 0: max, no limit
    Nanos period = 100 * kMilli;

    friend bool operator==(const GroupDecl&, const GroupDecl&) = default;
};

struct ProcessDecl {
    std::string name;
    SourcePos pos;
    std::int32_t copies = 1;           // x2: name/1, name/2, each a process of its own
    int nice = 0;
    SchedParams sched{};
    std::int32_t priority = kNoPriority;   // of textbook policies, the lower goes first; none: the nice value
    std::int32_t tickets = 0;          // of lottery and stride; 0: by the nice value
    std::optional<Pid> pid;            // of the first copy
    Dist arrive;                       // when it enters the system; default at boot (0)
    bool arrives_after = false;        // `arrive after TIME`: counted from the arrival before it in the file
    std::uint64_t cpus = 0;            // affinity; 0: any CPU
    bool tty = false;                  // its session has the terminal, and its group is in the foreground
    bool only_program = false;         // `program name { … }`: a file to be executed, no process at the start
    std::int32_t oom_score_adj = 0;    // -1000 (never killed for memory) to 1000
    std::int32_t group = -1;           // index into Scenario::groups; -1: the root
    std::int32_t session = 1;          // for autogroup: tasks of one session compete as one
    bool kernel_thread = false;        // `kthread name { … }`: no mm, never in user mode
    std::vector<SyncDecl> syncs;
    ThreadModel model{};
    std::vector<ThreadDecl> threads;
    std::vector<CoroutineDecl> coroutines;
    std::vector<Stmt> body;

    friend bool operator==(const ProcessDecl&, const ProcessDecl&) = default;
};

struct DeviceDecl {
    std::string name;
    SourcePos pos;
    std::int32_t irq = -1;             // Linux irq number
    std::optional<Dist> every;         // inter-arrival time of its interrupts; none: only when asked
    std::vector<Nanos> at;             // scripted arrivals
    Dist latency;                      // how long one request (read/write/fsync of a block device) takes
    bool block = false;                // `block`: a reader waits uninterruptibly (D) for its own request
    std::optional<CpuId> cpu;          // irq affinity; default CPU 0
    std::optional<Dist> handler{};     // how long its hard handler computes; none: the cost `handler`
    std::int8_t raises = -1;           // the softirq vector that its handler raises; -1: none
    Dist work{};                       // what that softirq then does for each interrupt (net_rx: each packet)
    std::int32_t packets = 1;          // that one arrival brings (net_rx)
    std::string tasklet{};             // that its handler schedules; empty: none
    SourcePos tasklet_pos{};
    std::optional<Dist> threaded{};    // its work is done by the kernel thread irq/N-NAME, for so long
    std::uint64_t smp_affinity = 0;    // CPUs that may take its interrupts; 0: `cpu`
    bool level = false;                // level-triggered: it asks until it is served (else: edge)
    bool shared = false;               // other devices may have the same line (IRQF_SHARED)
    bool enables_irqs = false;         // a wrong driver: its handler turns interrupts on

    friend bool operator==(const DeviceDecl&, const DeviceDecl&) = default;
};

// Other machines, each with one connection to a server here, on which it sends one message after the other.
struct ClientsDecl {
    std::string name;
    SourcePos pos;
    std::int64_t copies = 1;           // connections
    std::string device;                // whose interrupts announce their packets
    SourcePos device_pos;
    Dist every;                        // from one message to the next one, whoever sends it
    std::int64_t messages = 1;         // of each connection
    Nanos from = 0;                    // before the first message

    friend bool operator==(const ClientsDecl&, const ClientsDecl&) = default;
};

// `tasklet NAME { … }`: kernel code that runs in softirq TASKLET (or HI), never on two CPUs at once.
struct TaskletDecl {
    std::string name;
    SourcePos pos;
    bool hi = false;                   // tasklet_hi_schedule: softirq HI
    std::vector<Stmt> body;

    friend bool operator==(const TaskletDecl&, const TaskletDecl&) = default;
};

struct PipeDecl {
    std::string name;
    SourcePos pos;
    std::int64_t capacity = 65'536;    // bytes; Linux default: 16 pages (fs/pipe.c, PIPE_DEF_BUFFERS)

    friend bool operator==(const PipeDecl&, const PipeDecl&) = default;
};

// A workqueue of the scenario; `events` and the kernel's other standard ones are always there.
struct WorkqueueDecl {
    std::string name;
    SourcePos pos;
    bool unbound = false;              // WQ_UNBOUND: one pool for all CPUs
    bool highpri = false;              // WQ_HIGHPRI: workers of nice -20
    bool reclaim = false;              // WQ_MEM_RECLAIM: it has a rescuer
    std::int32_t max_active = 0;       // 0: the default

    friend bool operator==(const WorkqueueDecl&, const WorkqueueDecl&) = default;
};

// A work item: something that kworkers do when somebody queues it.
struct WorkDecl {
    std::string name;
    SourcePos pos;
    std::string queue = "events";
    SourcePos queue_pos;
    std::vector<Stmt> body;

    friend bool operator==(const WorkDecl&, const WorkDecl&) = default;
};

// A timed line: something the outside world does to the machine.
struct TimedAction {
    enum class Kind : std::uint8_t {
        kill, setnice, affinity, sched, irq, caption, killpg, ctrl, smp_affinity, weight, quota, move,
        stop_kthread,
        set,   // a debugger's hand: name: a register or variable of the target; number: what it is to hold
    };
    Kind kind = Kind::kill;
    SourcePos pos;
    Nanos at = 0;
    // Task path `name`, `name/2`, `proc/thread/1`, `proc/2/thread/1`, or a pid; device for irq. A name of
    // several copies without a number means all of them.
    std::string target;
    SourcePos target_pos;
    std::int32_t value = 0;            // signal number, nice
    std::uint64_t cpus = 0;
    SchedParams sched{};
    Nanos quota = 0, period = 0;       // of a group; quota 0: max
    std::string group;                 // where a task moves to; empty: the root
    std::string name;                  // set: a register, a variable, or an address; caption: what its spotlight falls on
    std::uint64_t number = 0;
    std::string text;                  // caption (English)
    std::string text_zh;               // caption (Chinese), may be empty

    friend bool operator==(const TimedAction&, const TimedAction&) = default;
};

// `expect …`, an arithmetic comparison over what the run measured. Parsed here, evaluated in sim/session.
struct ExpectExpr {
    enum class Op : std::uint8_t {
        number, duration, word,           // word: a bare name to compare with, `state(a) at 5ms == sleeping`
        call, add, sub, mul, div,
        eq, ne, lt, le, gt, ge,
        approx,                           // `a ~ b within 1%`, or `within 2ms`: then operands[2] is the 2ms
        both, either, negate,             // and, or, not
    };
    Op op = Op::number;
    SourcePos pos;
    std::int64_t value = 0;            // number (scaled by 1'000'000), duration (ns); approx: percent * 1'000'000
    std::string name;                  // call: the function's name; word: the word
    std::vector<std::string> args;     // call: task paths, record kinds, …, as written
    std::optional<Nanos> at;           // call … at 5ms
    std::vector<ExpectExpr> operands;

    friend bool operator==(const ExpectExpr&, const ExpectExpr&) = default;
};

struct Expect {
    SourcePos pos;
    std::string text;                  // as written, for reports
    ExpectExpr expr;

    friend bool operator==(const Expect&, const Expect&) = default;
};

// How the CPUs hang together: nodes of so many last-level caches of so many cores of so many hardware threads.
// CPUs are numbered in this order: the threads of a core are neighbours.
struct TopologyDecl {
    std::int32_t nodes = 1, llc = 1, cores = 0, smt = 1;   // cores 0: not described, all CPUs share one cache
    SourcePos pos;

    friend bool operator==(const TopologyDecl& a, const TopologyDecl& b) {
        return a.nodes == b.nodes && a.llc == b.llc && a.cores == b.cores && a.smt == b.smt;
    }
};

struct MachineDecl {
    std::int32_t cpus = 1;
    SourcePos cpus_pos;
    TopologyDecl topology;
    bool autogroup = false;            // sched_autogroup_enabled
    std::int32_t hz = 250;             // ticks a second: 100, 250, 300 or 1000
    std::string scheduler = "cfs";
    SourcePos scheduler_pos;
    // key=value settings of the scheduler, as written (the scheduler's own table checks them): quantum, tie, …
    std::vector<std::pair<std::string, std::string>> scheduler_options;
    bool costs_ideal = false;          // `costs ideal`: every step takes no time
    std::vector<std::pair<std::string, Nanos>> costs;   // single ones set by name
    enum class Preempt : std::uint8_t { none, voluntary, full, lazy } preempt = Preempt::voluntary;
    // Which tracepoints are on: all, those of the scheduler (sched_*), none (as /sys/kernel/tracing/events/*/enable).
    enum class Trace : std::uint8_t { all, sched, none } trace = Trace::all;
    std::uint64_t seed = 1;
    std::int64_t memory = std::int64_t{128} << 30;      // bytes of RAM, a multiple of 4 MiB
    bool pcid = true;                  // false: every write of CR3 flushes the TLB
    bool tso = false;                  // `memory tso`: stores of instructions wait in a buffer of their CPU
    std::optional<Dist> store_drain{}; // how long one waits there; none: the cost `store-drain`
    Nanos until = 0;                   // `until 50ms`: end of the run; 0: until every process has exited

    friend bool operator==(const MachineDecl&, const MachineDecl&) = default;
};

// One line of `schedule { … }`: whose operations of user mode come next, while everybody else is held (docs/races.md).
struct ScheduleLine {
    enum class Kind : std::uint8_t { step, drain } kind = Kind::step;
    SourcePos pos;
    std::string task;                  // step: a task path or pid
    CpuId cpu = 0;                     // drain: whose store buffer
    std::int64_t count = -1;           // operations, or stores; -1: `rest`, until it waits or ends

    friend bool operator==(const ScheduleLine&, const ScheduleLine&) = default;
};

// `break at PLACE [in TASK] [if NAME OP NUMBER]`: stops before the instruction or statement there is executed;
// `break on write VARIABLE …`: stops when a word of the variable has been written in memory.
struct BreakpointDecl {
    enum class Kind : std::uint8_t { at, write } kind = Kind::at;
    std::string place;                 // a label, or the variable; empty: `line` or `address`
    std::int32_t line = 0;             // of the scenario's file
    std::uint64_t address = 0;         // of user code
    std::string task;                  // a task path; empty: whoever
    std::string left, op;              // a register or shared variable, and == != < <= > >=; empty: always
    std::int64_t right = 0;
    SourcePos pos;

    friend bool operator==(const BreakpointDecl&, const BreakpointDecl&) = default;
};

struct Scenario {
    std::string file;                  // as given by the user, for messages
    MachineDecl machine;
    std::vector<PipeDecl> pipes;
    std::vector<DeviceDecl> devices;
    std::vector<ClientsDecl> clients;
    std::vector<TaskletDecl> tasklets;
    std::vector<GroupDecl> groups;     // a parent before its children
    std::vector<ProcessDecl> processes;
    std::vector<WorkqueueDecl> workqueues;
    std::vector<WorkDecl> works;
    std::vector<TimedAction> timeline;  // sorted by time, stable
    std::vector<Expect> expects;
    std::vector<BreakDecl> breaks;     // how its kernel is broken
    ViewDecl view;                     // how the window opens it
    QuizDecl quiz;                     // what its quiz asks
    std::vector<QuestionDecl> questions;
    std::vector<ScheduleLine> schedule;   // a forced order of the programs' operations; empty: none
    std::vector<BreakpointDecl> breakpoints;   // where whoever watches wants to stop; nothing in the machine knows of them
    std::string title, title_zh;       // `title "…" zh "…"`: for menus; may be empty
    std::string about, about_zh;       // `about "…" zh "…"`: what to watch, which question it answers
    std::string head;                  // the file's head comment, without `#`: what to watch

    friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace sy
