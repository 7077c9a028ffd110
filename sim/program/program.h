// What user code does: a process's statements, compiled to a row of operations at user text addresses.
//
// The control state of a program is in user registers, as on silicon: RIP says which operation comes next, RBX
// counts down a burst, R12 to R15 and then words on the user stack hold loop counters. Whatever a context switch
// forgets to save, the program really loses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rare.h"
#include "sim/machine/layout.h"
#include "sim/machine/paging.h"
#include "sim/machine/regs.h"
#include "sim/model/scenario.h"
#include "sim/program/insn.h"

namespace sy {

struct UserOp {
    enum class Kind : std::uint8_t {
        load_burst,    // RBX <- drawn time: how much computing is to be done
        burst,         // compute until RBX is 0
        system_call,   // RAX <- nr, arguments into RDI, RSI, RDX, R10, R8: see `nr`, `arg`
        syscall,       // the SYSCALL instruction
        jump,          // to `target`
        loop_start,    // counter[level] <- count
        loop_next,     // counter[level] -= 1; if it is not 0, to `target`
        every_start,   // counter[level] <- now; data 1: every round is `time` long
        every_next,    // counter[level] += drawn period; RDX of the sleep that follows
        lock_try,      // 0 -> 1 in word `data`: then to `target`
        lock_wait,     // exchange 2 into it; if it was 0, to `target`
        unlock,        // exchange 0 into it; if it was not 2, to `target` (nobody to wake)
        sem_take,      // if the count is above 0, take one and go to `target`; else count a waiter
        sem_leave,     // no longer a waiter
        sem_post,      // add one; if nobody waits, to `target`
        join_check,    // if the thread's tid word is 0, to `target`
        stop_check,    // kthread_should_stop(): to `target`; asked to park: parks first
        if_child,      // RAX is not 0 (the parent): to `target`; the child goes on
        store_stack,   // word at RSP - `data` <- arg[0]: a local variable in the red zone
        frame_enter,   // RSP -= `data`: room for the local variables of a signal handler
        frame_leave,   // RSP += `data`
        function_return,   // pops RIP from the user stack
        kernel_call,   // kernel code: KernelCall arg[0]; data: vector, tasklet or device; `time` of raise_softirq
        kernel_return, // kernel code ends
        thread_start,  // RAX is 0 (the new thread): to `target`; the parent goes on, storing the tid
        // The coroutine library (docs/coroutines.md). `pending` is whom the next co_swap switches to.
        co_create,     // a new coroutine of declaration `data`; it is pending
        co_pick,       // if one is ready, it is pending: to `target`
        co_save,       // who lies on pending's shared stack is copied out
        co_swap,       // registers into the running one's context, pending's out of its context
        co_restore,    // what the running one had on the shared stack is copied back
        co_enter,      // a coroutine's first operation: its frames
        co_ready,      // co_yield: to the end of the ready list; main is pending
        co_wait_io,    // not ready until its connection is; main is pending
        co_wait,       // joins condition `data`; main is pending
        co_signal,     // the first of condition `data` becomes ready
        co_keep,       // local variable <- RAX
        co_if_none,    // RAX is negative: to `target`
        co_end,        // has returned; main is pending
        co_collect,    // one of epoll_wait's events makes its coroutine ready; if another is left, to `target`
        co_timers,     // those whose time is over become ready
        co_wait_time,  // not ready before `time` is over; whoever resumed it is pending
        co_resume,     // coroutine `data` is pending; if it cannot be resumed, RAX is -1: to `target`
        co_release,    // coroutine `data` is given back
        // User-level threads (docs/user-threads.md): arg[0] and RAX as each says.
        ut_create,     // a new thread of entry `data`; it is ready
        ut_carrier,    // this kernel thread is carrier `data`
        ut_settle,     // what the one who has just left wanted is done
        ut_pick,       // if one is ready here or elsewhere, it is pending: to `target`
        ut_idle,       // nothing to do: RDX, R10 for the call that sleeps; if something is ready after all, to `target`
        ut_awake,      // the carrier sleeps no more
        ut_collect,    // one of epoll_wait's files makes its waiters ready; if another is left, to `target`
        ut_leave,      // wants arg[0] (Carrier::Leave) with word or descriptor `data`; the scheduler is pending
        ut_wake,       // arg[0] waiters of word `data` become ready (level kRdxKept: RDX; 4: RDX writers' way)
        ut_requeue,    // one waiter of word `data` becomes ready, the others wait for word arg[0] from now on
        ut_kick,       // if no carrier sleeps or nothing is ready, to `target`; else the idle word goes up
        ut_kick_all,   // the idle word goes up: all carriers are to look
        ut_if_again,   // RAX is not -EAGAIN: to `target`
        co_if_left,    // if coroutines are left, to `target`
        keep_result,   // word `data` <- RAX: where mmap put it
        load_word,     // RAX <- word at `where`
        store_word,    // add 1 to the word at `where`
        touch_start,   // RDI <- `where`, RCX <- arg[1] pages
        touch_next,    // add 1 to the word at RDI, RDI to the next page; if RCX counts down to 0 not yet, here again
        recurse_start, // RCX <- arg[1] pages
        recurse_down,  // a call with a page of locals: RSP goes down a page and its word is written; RCX times
        recurse_up,    // all of them return: RSP goes up arg[1] pages
        store,         // word `data` <- arg[0]: what an initialiser (sem_init) leaves
        if_zero,       // RAX is 0: to `target`
        cond_enter,    // one waiter more; RBP <- the sequence word
        cond_leave,    // one waiter less
        cond_again,    // if the sequence word is still RBP (a signal of another kind woke it), to `target`
        cond_bump,     // nobody waits: to `target`; else the sequence word goes up
        barrier_enter, // RBP <- the round
        barrier_arrive,   // one more has arrived; if it is not number arg[0], to `target`
        barrier_open,  // nobody has arrived, the next round begins
        barrier_check, // if the round is no longer RBP, to `target`
        read_try,      // if no writer has it, one reader more, to `target`
        write_try,     // if nobody has it, it is the writer's, to `target`
        rw_wait,       // if it has become free, to `target`; else mark it as waited for; RDX <- what it says now
        rw_leave,      // no longer a waiter; goes on
        rw_unlock,     // one holder less; if nobody waits or somebody still holds it, to `target`; RDX <- how many to wake
        pi_try,        // 0 -> own tid in word `data`: then to `target`
        pi_unlock,     // own tid -> 0: then to `target`; otherwise somebody waits in the kernel
        asm_code,      // 16 bytes of an asm block: instructions Program::code[data] and those behind it
    };
    // What an address is relative to (load_word, store_word, touch_start); the offset is arg[0].
    enum class Base : std::uint8_t { zero, pointer /* the value of word `data` */, stack /* RSP's page */ };
    Kind kind = Kind::jump;
    // Of loops. Of a system call: 1, RDX has been set already; 2 and 3, RDI or RDX is the coroutine's local variable;
    // 4, RDX is RBP (RdxFrom).
    std::uint8_t level = 0;
    Base base = Base::zero;
    std::uint16_t nr = 0;              // system call number
    std::uint32_t target = 0;          // an operation's index
    std::uint64_t data = 0;            // a user address
    // Constant arguments (RDI, RSI, RDX, and seldom R10, R8, R9).
    struct Args {
        std::uint64_t low[3] = {0, 0, 0};
        Rare<std::array<std::uint64_t, 3>> high;
        std::uint64_t operator[](std::size_t i) const { return i < 3 ? low[i] : high.get()[i - 3]; }
        std::uint64_t& operator[](std::size_t i) { return i < 3 ? low[i] : high.mut()[i - 3]; }
    } arg;
    std::uint8_t stack_args = 0;       // bit i: argument i is RSP - arg[i], the address of a local variable
    std::int8_t pid_arg = -1;          // this argument is the pid of the task that `task` names…
    std::int8_t tgid_arg = -1;         // …this one its tgid; with `is_group` pid_arg is -pgid
    bool is_group = false;
    bool is_long = false;              // any of these fields or arg[3] and above are used
    bool new_stack = false;            // clone: RSI gets the upper end of a new stack
    bool draws = false;                // the third argument is drawn from `time`
    Rare<std::string> task;            // a path, `self`, `parent` or `child` (the one made last)
    std::uint32_t program = 0;         // execve: index of the program in the Image
    Rare<Dist> time;                   // load_burst, sleep (RDX gets the drawn value), every_next
    SourcePos pos;
    Rare<std::string> symbol;          // of the function that starts here, empty elsewhere
};

// Where a system call's third argument comes from: the operation, what RDX holds already, or RBP.
enum RdxFrom : std::uint8_t { kRdxGiven = 0, kRdxKept = 1, kRdxFromRbp = 4 };

// One thread entry of a program: which operation it starts at and what it is called.
struct ThreadEntry {
    std::uint32_t op = 0;
    std::string comm;                  // of the declaration
    std::string label;                 // with the copy's number: worker/1
    std::uint64_t tid_word = 0;        // user address of its TCB.tid, cleared at its end
    std::uint64_t cpus = 0;
    int nice = 0;
    bool has_nice = false;
    Rare<SchedParams> sched;
    bool has_sched = false;
    std::int32_t priority = kNoPriority, tickets = 0;   // as in ThreadDecl
};

struct Variable {
    std::string name;
    std::uint64_t address = 0;
    // Words: mutex {lock, owner's tid}, as glibc's __lock and __owner; pi_mutex {tid | FUTEX_WAITERS}; semaphore
    // {value, waiters}; cond {sequence, waiters}; barrier {round, arrived}; rwlock {state, waiters, writer's tid}.
    enum class Kind : std::uint8_t { mutex, semaphore, tid, pi_mutex, cond, barrier, rwlock, path, pointer, shared } kind = Kind::mutex;
    std::int64_t count = 0;            // barrier: how many tasks it holds up; shared: so many words
    bool atomic = false;               // shared: every access to it synchronises (docs/races.md)
};

// `local` words of the user code in operations [begin, end): of a process's own body or of a thread.
struct LocalVariable {
    std::string name;
    std::uint64_t offset = 0;          // from RSP behind frame_enter: RBP in an asm block that names one
    std::uint64_t words = 1;
    std::uint32_t begin = 0, end = 0;
};

// The operations [begin, end) of a program are executed with this read-write lock held: nothing in memory says which
// tasks are a lock's readers, as with glibc.
struct HeldRange {
    std::uint64_t address = 0;
    std::uint32_t begin = 0, end = 0;
};

// A coroutine declaration as the library sees it.
struct CoroutineEntry {
    std::string name;
    std::uint32_t op = 0;              // where it begins
    std::uint64_t copies = 1;
    std::uint64_t stack_bytes = 0, frame_bytes = 0;
    std::uint32_t first_stack = 0, stacks = 0;   // shared ones, in CoroutineEnv::stacks; none: its own
    bool slots_cleared = true;
    bool suspended = false;
};

struct Program {
    std::string comm;
    std::vector<UserOp> ops;
    std::vector<ThreadEntry> threads;
    std::vector<CoroutineEntry> coroutines;
    std::vector<std::string> conditions;   // of coroutines, by number
    ThreadModel model;
    std::vector<ThreadEntry> user_threads; // of a thread library: main (if it has a body), then those declared
    std::uint64_t idle_word = 0;           // carriers with nothing to do wait for it
    std::vector<std::string> children; // comm of the child of fork i (if_child's data), may be empty
    std::vector<Variable> variables;   // by address
    std::vector<LocalVariable> locals;
    std::vector<SchedParams> attrs;    // what the calls of sched_setattr pass: their RSI is an index here
    std::vector<std::string> mappings; // names of what it maps, from 1
    std::vector<HeldRange> held;       // of read-write locks
    std::vector<std::uint32_t> reads, writes;   // pipes whose ends a process of this program holds, by index
    std::vector<Insn> code;            // of asm blocks, by address
    std::vector<std::pair<std::string, std::uint64_t>> labels;   // of asm blocks, by address
    bool endless = false;              // it has a loop without end that its main thread reaches
    std::uint64_t data_base = layout::user_data, heap_base = layout::user_heap;   // behind the text, page-aligned
    std::uint64_t data_end = layout::user_data;                                   // behind the last variable

    // The text lies in [user_text, text_end).
    std::uint64_t text_end() const {
        return layout::user_text + paging::round_up(std::uint64_t{ops.size()} << layout::user_op_bits);
    }

    std::uint64_t address(std::uint32_t op) const {
        return layout::user_text + (std::uint64_t{op} << layout::user_op_bits);
    }
    // An address outside the program gives ops.size() or more.
    std::uint32_t op_at(std::uint64_t rip) const {
        const std::uint64_t op = (rip - layout::user_text) >> layout::user_op_bits;
        return op < ops.size() ? static_cast<std::uint32_t>(op) : static_cast<std::uint32_t>(ops.size());
    }
    // The instruction of an asm block that begins there; null: none does.
    const Insn* insn_at(std::uint64_t rip) const;
    // The variable (kind shared) of that name; null: there is none.
    const Variable* shared_variable(std::string_view name) const;
    const ThreadEntry* thread_at(std::uint32_t op) const;
    // The variable whose words hold this address; null: none.
    const Variable* variable_at(std::uint64_t address) const;
    // `main+0x20`, as a debugger would print it.
    std::string symbolize(std::uint64_t rip) const;
};

// File descriptors are fixed: pipes first, then devices, from 3 on.
constexpr int kFirstFd = 3;
// A pipe's write end has a number of its own, behind all of those.
int write_end_fd(const Scenario& scenario, std::size_t pipe);

// Behind them: epoll's descriptor, a listening socket for each `clients`, and the connections.
constexpr int kEpollFd = 8'000, kFirstListenFd = 8'001, kEventFd = 9'999, kFirstSocketFd = 10'000;
constexpr std::uint64_t kEpollCtlAdd = 1, kEpollCtlDel = 2;   // include/uapi/linux/eventpoll.h
constexpr std::uint64_t kEpollEdge = 3;        // ours: EPOLL_CTL_ADD with EPOLLIN | EPOLLOUT | EPOLLET
constexpr std::uint64_t kFSetfl = 4, kONonblock = 0x800;      // include/uapi/asm-generic/fcntl.h
constexpr std::uint64_t kMostEvents = 1'024;   // of one epoll_wait
constexpr std::uint64_t kEventLoopTimeoutMs = 1;   // co_eventloop, linux.md 10.3

// System call numbers (linux.md 4.8).
namespace nr {
constexpr std::uint16_t read = 0;
constexpr std::uint16_t write = 1;
constexpr std::uint16_t mmap = 9;
constexpr std::uint16_t mprotect = 10;
constexpr std::uint16_t munmap = 11;
constexpr std::uint16_t brk = 12;
constexpr std::uint16_t close = 3;
constexpr std::uint16_t poll = 7;
constexpr std::uint16_t ioctl = 16;
constexpr std::uint16_t sched_yield = 24;
constexpr std::uint16_t pause = 34;
constexpr std::uint16_t getpid = 39;
constexpr std::uint16_t clone = 56;
constexpr std::uint16_t exit = 60;
constexpr std::uint16_t wait4 = 61;
constexpr std::uint16_t fcntl = 72;
constexpr std::uint16_t fsync = 74;
constexpr std::uint16_t setpriority = 141;
constexpr std::uint16_t sched_setscheduler = 144;
constexpr std::uint16_t futex = 202;
constexpr std::uint16_t sched_setaffinity = 203;
constexpr std::uint16_t clock_nanosleep = 230;
constexpr std::uint16_t exit_group = 231;
constexpr std::uint16_t epoll_wait = 232;
constexpr std::uint16_t epoll_ctl = 233;
constexpr std::uint16_t accept4 = 288;
constexpr std::uint16_t sched_setattr = 314;
constexpr std::uint16_t clone3 = 435;
constexpr std::uint16_t epoll_pwait2 = 441;
// Tasks and signals.
constexpr std::uint16_t rt_sigaction = 13, rt_sigprocmask = 14, rt_sigreturn = 15, fork = 57, vfork = 58, execve = 59,
                        kill = 62, umask = 95, setpgid = 109, setsid = 112, rt_sigsuspend = 130, prctl = 157,
                        restart_syscall = 219, tgkill = 234, waitid = 247;
}
const char* syscall_name(std::uint64_t number);

// What programs ask of the kernel's workqueues and kernel threads. From user mode it goes through the ioctl of a driver
// (RSI: the command, RDX: the object and more, packed by `driver_arg`); kernel threads call the function itself.
enum class DriverCall : std::uint32_t {
    none, queue, flush_work, flush_queue, cancel, start, stop, park, unpark, use_mm, unuse_mm,
    code,   // kernel code that the scenario writes out: the argument is its first operation
};
constexpr std::uint64_t driver_arg(std::uint64_t object, int cpu, Nanos delay) {
    return object | static_cast<std::uint64_t>(cpu + 1) << 20 |
           static_cast<std::uint64_t>((delay + kMicro - 1) / kMicro) << 28;
}
constexpr std::uint32_t driver_object(std::uint64_t arg) { return static_cast<std::uint32_t>(arg & 0xf'ffff); }
constexpr int driver_cpu(std::uint64_t arg) { return static_cast<int>(arg >> 20 & 0xff) - 1; }
constexpr Nanos driver_delay(std::uint64_t arg) { return static_cast<Nanos>(arg >> 28) * kMicro; }
constexpr std::uint64_t kDriverFd = 2;   // where our programs have the driver open

// Futex operations (include/uapi/linux/futex.h): FUTEX_WAIT, FUTEX_WAKE, FUTEX_CMP_REQUEUE, FUTEX_LOCK_PI,
// FUTEX_UNLOCK_PI with FUTEX_PRIVATE_FLAG (128); the bits of a priority-inheritance word.
constexpr std::uint64_t kFutexWait = 128, kFutexWake = 129, kFutexCmpRequeue = 132, kFutexLockPi = 134,
                        kFutexUnlockPi = 135;
constexpr std::uint64_t kFutexWaiters = 0x8000'0000, kFutexOwnerDied = 0x4000'0000, kFutexTidMask = 0x3fff'ffff;
constexpr std::uint64_t kEverybody = 0x7fff'ffff;   // INT_MAX: how many FUTEX_WAKE may wake
// A read-write lock's word: how many readers, or this for a writer; above it a bit that somebody waits (as musl's).
constexpr std::uint64_t kRwWriter = 0x7fff'ffff, kRwWaiters = 0x8000'0000;
constexpr std::uint64_t kTimerAbstime = 1;
// wait4 and waitid (include/uapi/linux/wait.h).
constexpr std::uint64_t kWnohang = 1, kWuntraced = 2, kWexited = 4, kWcontinued = 8, kWnowait = 0x0100'0000;
constexpr std::uint64_t kPAll = 0, kPPid = 1;            // P_ALL, P_PID
constexpr std::uint64_t kPrSetChildSubreaper = 36;       // include/uapi/linux/prctl.h
constexpr std::uint64_t kSigBlock = 0, kSigUnblock = 1;  // `how` of rt_sigprocmask
constexpr std::uint64_t kTiocspgrp = 0x5410;             // ioctl: tcsetpgrp
constexpr std::uint64_t kTtyFd = 0;                      // standard input is the terminal

// Compiles one process declaration. The scenario gives the numbering of pipes and devices.
Program compile(const Scenario& scenario, const ProcessDecl& process);
Program compile(const Scenario& scenario, const WorkDecl& work);
// The number of a work item, or of a workqueue as the kernel counts them (the standard ones first); -1: none.
int work_index(const Scenario& scenario, const std::string& name);
int workqueue_index(const Scenario& scenario, const std::string& name);
// The workqueues that every kernel has, linux.md 7.5.
inline constexpr const char* kStandardQueues[] = {"events", "events_highpri", "events_long", "events_unbound"};
// The body of a tasklet: ends in kernel_return.
Program compile_tasklet(const Scenario& scenario, const TaskletDecl& tasklet);
// init: waits for ever.
Program init_program();

}  // namespace sy
