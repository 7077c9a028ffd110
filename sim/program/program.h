// What user code does: a process's statements, compiled to a row of operations at user text addresses.
//
// The control state of a program is in user registers, as on silicon: RIP says which operation comes next, RBX
// counts down a burst, R12 to R15 and then words on the user stack hold loop counters. Whatever a context switch
// forgets to save, the program really loses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/machine/layout.h"
#include "sim/machine/regs.h"
#include "sim/model/scenario.h"

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
        every_start,   // counter[level] <- now
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
        thread_start,  // RAX is 0 (the new thread): to `target`; the parent goes on, storing the tid
    };
    Kind kind = Kind::jump;
    std::uint8_t level = 0;            // of loops
    std::uint16_t nr = 0;              // system call number
    std::uint32_t target = 0;          // an operation's index
    std::uint64_t data = 0;            // a user address
    std::uint64_t arg[3] = {0, 0, 0};  // constant arguments (RDI, RSI, RDX)
    Dist time;                         // load_burst, sleep (RDX gets the drawn value), every_next
    bool draws = false;                // the third argument is drawn from `time`
    SourcePos pos;
    std::string symbol;                // of the function that starts here, empty elsewhere
};

// One thread entry of a program: which operation it starts at and what it is called.
struct ThreadEntry {
    std::uint32_t op = 0;
    std::string comm;                  // of the declaration
    std::string label;                 // with the copy's number: worker/1
    std::uint64_t tid_word = 0;        // user address of its TCB.tid, cleared at its end
    std::uint64_t cpus = 0;
    int nice = 0;
    bool has_nice = false;
    SchedParams sched;
    bool has_sched = false;
    std::int32_t priority = kNoPriority, tickets = 0;   // as in ThreadDecl
};

struct Variable {
    std::string name;
    std::uint64_t address = 0;
    enum class Kind : std::uint8_t { mutex, semaphore, tid } kind = Kind::mutex;
};

struct Program {
    std::string comm;
    std::vector<UserOp> ops;
    std::vector<ThreadEntry> threads;
    std::vector<std::string> children; // comm of the child of fork i (if_child's data), may be empty
    std::vector<Variable> variables;   // by address
    std::vector<SchedParams> attrs;    // what the calls of sched_setattr pass: their RSI is an index here
    bool endless = false;              // it has a loop without end that its main thread reaches

    std::uint64_t address(std::uint32_t op) const {
        return layout::user_text + (std::uint64_t{op} << layout::user_op_bits);
    }
    std::uint32_t op_at(std::uint64_t rip) const {
        return static_cast<std::uint32_t>((rip - layout::user_text) >> layout::user_op_bits);
    }
    const ThreadEntry* thread_at(std::uint32_t op) const;
    // `main+0x20`, as a debugger would print it.
    std::string symbolize(std::uint64_t rip) const;
};

// File descriptors are fixed: pipes first, then devices, from 3 on.
constexpr int kFirstFd = 3;

// System call numbers (linux.md 4.8).
namespace nr {
constexpr std::uint16_t read = 0, write = 1, ioctl = 16, sched_yield = 24, pause = 34, getpid = 39, clone = 56,
                        exit = 60, wait4 = 61, fsync = 74, setpriority = 141,
                        sched_setscheduler = 144, futex = 202,
                        sched_setaffinity = 203, clock_nanosleep = 230, exit_group = 231,
                        sched_setattr = 314, clone3 = 435;
}
const char* syscall_name(std::uint64_t number);

// What programs ask of the kernel's workqueues and kernel threads. From user mode it goes through the ioctl of a driver
// (RSI: the command, RDX: the object and more, packed by `driver_arg`); kernel threads call the function itself.
enum class DriverCall : std::uint32_t {
    none, queue, flush_work, flush_queue, cancel, start, stop, park, unpark, use_mm, unuse_mm,
};
constexpr std::uint64_t driver_arg(std::uint64_t object, int cpu, Nanos delay) {
    return object | static_cast<std::uint64_t>(cpu + 1) << 20 |
           static_cast<std::uint64_t>((delay + kMicro - 1) / kMicro) << 28;
}
constexpr std::uint32_t driver_object(std::uint64_t arg) { return static_cast<std::uint32_t>(arg & 0xf'ffff); }
constexpr int driver_cpu(std::uint64_t arg) { return static_cast<int>(arg >> 20 & 0xff) - 1; }
constexpr Nanos driver_delay(std::uint64_t arg) { return static_cast<Nanos>(arg >> 28) * kMicro; }
constexpr std::uint64_t kDriverFd = 2;   // where our programs have the driver open

// Futex operations (include/uapi/linux/futex.h): FUTEX_WAIT, FUTEX_WAKE with FUTEX_PRIVATE_FLAG.
constexpr std::uint64_t kFutexWait = 128, kFutexWake = 129;
constexpr std::uint64_t kTimerAbstime = 1;

// Compiles one process declaration. The scenario gives the numbering of pipes and devices.
Program compile(const Scenario& scenario, const ProcessDecl& process);
Program compile(const Scenario& scenario, const WorkDecl& work);
// The number of a work item, or of a workqueue as the kernel counts them (the standard ones first); -1: none.
int work_index(const Scenario& scenario, const std::string& name);
int workqueue_index(const Scenario& scenario, const std::string& name);
// The workqueues that every kernel has, linux.md 7.5.
inline constexpr const char* kStandardQueues[] = {"events", "events_highpri", "events_long", "events_unbound"};
// init: waits for ever.
Program init_program();

}  // namespace sy
