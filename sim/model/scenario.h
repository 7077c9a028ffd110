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
#include <vector>

#include "sim/base/types.h"

namespace sy {

struct SourcePos {
    std::int32_t line = 0;    // 1-based; 0: not from a file
    std::int32_t column = 0;  // 1-based, in characters (code points)
    std::int32_t length = 1;  // characters the caret line should underline
};

// A length of time that may be drawn at random each time it is used. All draws come from the task's (or the
// device's) own seeded stream.
struct Dist {
    enum class Kind : std::uint8_t { fixed, uniform, exp };
    Kind kind = Kind::fixed;
    Nanos a = 0;  // fixed: the value; uniform: the smallest; exp: the mean
    Nanos b = 0;  // uniform: the largest (inclusive)
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
        exit,       // count: the status; exit_group in a process, exit in a thread with `exit thread`
        getpid,
        setnice,    // count: nice value for itself (setpriority)
        affinity,   // cpus: sched_setaffinity for itself
        repeat,     // body, count times; count < 0: forever
        every,      // body, with the next start one `time` after the last start (absolute sleeps)
    };
    Kind kind = Kind::run;
    SourcePos pos;
    Dist time;
    std::string name;
    std::int64_t count = 0;
    std::uint64_t cpus = 0;  // affinity mask, bit per CPU
    std::vector<Stmt> body;
};

// A thread of a process. It is created by a clone system call of the main thread before that thread's own first
// statement, in the order of declaration, after `start`.
struct ThreadDecl {
    std::string name;
    SourcePos pos;
    std::int32_t copies = 1;           // x2: name/1, name/2
    std::optional<int> nice;
    std::uint64_t cpus = 0;            // 0: any CPU
    std::vector<Stmt> body;
};

struct ProcessDecl {
    std::string name;
    SourcePos pos;
    std::int32_t copies = 1;           // x2: name/1, name/2, each a process of its own
    int nice = 0;
    std::optional<Pid> pid;            // of the first copy
    Dist arrive;                       // when it enters the system; default at boot (0)
    std::uint64_t cpus = 0;            // affinity; 0: any CPU
    bool kernel_thread = false;        // `kthread name { … }`: no mm, never in user mode
    std::vector<ThreadDecl> threads;
    std::vector<Stmt> body;
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
};

struct PipeDecl {
    std::string name;
    SourcePos pos;
    std::int64_t capacity = 65'536;    // bytes; Linux default: 16 pages (fs/pipe.c, PIPE_DEF_BUFFERS)
};

// A timed line: something the outside world does to the machine.
struct TimedAction {
    enum class Kind : std::uint8_t { kill, setnice, affinity, irq, caption };
    Kind kind = Kind::kill;
    SourcePos pos;
    Nanos at = 0;
    std::string target;                // task path `name`, `name/2`, `proc/thread/1`, or a pid; device for irq
    std::int32_t value = 0;            // signal number, nice
    std::uint64_t cpus = 0;
    std::string text;                  // caption (English)
    std::string text_zh;               // caption (Chinese), may be empty
};

// `expect …`, an arithmetic comparison over what the run measured. Parsed here, evaluated in sim/session.
struct ExpectExpr {
    enum class Op : std::uint8_t {
        number, duration, call, add, sub, mul, div,
        eq, ne, lt, le, gt, ge, approx,   // approx: a ~ b within count percent (`~ 5%`)
        both, either, negate,
    };
    Op op = Op::number;
    SourcePos pos;
    std::int64_t value = 0;            // number (scaled by 1'000'000), duration (ns); approx: percent * 1'000'000
    std::string name;                  // call: the function's name
    std::vector<std::string> args;     // call: task paths, record kinds, …, as written
    std::optional<Nanos> at;           // call … at 5ms
    std::vector<ExpectExpr> operands;
};

struct Expect {
    SourcePos pos;
    std::string text;                  // as written, for reports
    ExpectExpr expr;
};

struct MachineDecl {
    std::int32_t cpus = 1;
    std::int32_t hz = 250;             // ticks a second: 100, 250, 300 or 1000
    std::string scheduler = "cfs";
    // key=value settings of the scheduler, as written (the scheduler's own table checks them): quantum, tie, …
    std::vector<std::pair<std::string, std::string>> scheduler_options;
    bool costs_ideal = false;          // `costs ideal`: every step takes no time
    std::vector<std::pair<std::string, Nanos>> costs;   // single ones set by name
    enum class Preempt : std::uint8_t { none, voluntary, full } preempt = Preempt::voluntary;
    std::uint64_t seed = 1;
    Nanos until = 0;                   // `until 50ms`: end of the run; 0: until every process has exited
};

struct Scenario {
    std::string file;                  // as given by the user, for messages
    MachineDecl machine;
    std::vector<PipeDecl> pipes;
    std::vector<DeviceDecl> devices;
    std::vector<ProcessDecl> processes;
    std::vector<TimedAction> timeline;  // sorted by time, stable
    std::vector<Expect> expects;
    std::string head;                  // the file's head comment, without `#`: what to watch
};

}  // namespace sy
