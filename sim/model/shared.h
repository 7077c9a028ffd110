// What tasks may share besides their address space: files_struct, fs_struct, sighand_struct, signal_struct, each with
// the count of the tasks that hold it (linux.md 1.1, 3.1, 3.3). clone's flags decide, object by object, whether a new
// task takes another reference or gets a copy. They stand in tables by id, so that a task keeps four small numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/types.h"

namespace sy {

// Index of a shared object in its table.
using SharedId = std::uint32_t;
constexpr SharedId kNoShared = 0xffff'ffff;

// Signal numbers of x86-64 (include/uapi/asm-generic/signal.h).
namespace sig {
constexpr int hup = 1, intr = 2, quit = 3, kill = 9, usr1 = 10, segv = 11, usr2 = 12, pipe = 13, term = 15, chld = 17,
              cont = 18, stop = 19, tstp = 20, ttin = 21, ttou = 22, urg = 23, winch = 28;
constexpr int count = 64, first_rt = 32;
constexpr std::uint64_t bit(int number) { return std::uint64_t{1} << (number - 1); }
// Nobody can catch, block or ignore these two.
constexpr std::uint64_t unmaskable = bit(kill) | bit(stop);
constexpr std::uint64_t stopping = bit(stop) | bit(tstp) | bit(ttin) | bit(ttou);
constexpr std::uint64_t ignored = bit(chld) | bit(cont) | bit(urg) | bit(winch);
}  // namespace sig

std::string signal_name(int number);   // "USR1"; real-time ones and others by number
int signal_number(std::string_view name);   // with or without SIG; 0: none

// struct sigaction: sa_handler and sa_flags (include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h).
constexpr std::uint64_t kSigDfl = 0, kSigIgn = 1;
namespace sa_flag {
constexpr std::uint64_t nocldstop = 1, nocldwait = 2, siginfo = 4, restorer = 0x0400'0000, restart = 0x1000'0000,
                        nodefer = 0x4000'0000, resethand = 0x8000'0000;
}
// si_code (include/uapi/asm-generic/siginfo.h).
namespace si_code {
constexpr int user = 0, kernel = 0x80, tkill = -6;
constexpr int exited = 1, killed = 2, stopped = 5, continued = 6;   // CLD_*
}  // namespace si_code
// How a system call tells that a signal ended it (include/linux/errno.h); user space never sees these.
namespace restart_code {
constexpr std::int64_t sys = -512, nointr = -513, nohand = -514, block = -516;
}

// Ends of a pipe that a descriptor table holds open. Devices need no entry: whoever names one has it.
struct HeldEnds {
    std::uint32_t pipe = 0;
    std::uint8_t ends = 0;               // PipeEnd bits
};

struct FilesStruct {
    std::int32_t count = 0;              // tasks that hold it
    SharedId next_free = kNoShared;
    std::vector<HeldEnds> pipes;         // by index
    std::vector<std::uint32_t> nonblocking;   // descriptors with O_NONBLOCK
};

struct FsStruct {
    std::int32_t count = 0;              // `users` in Linux
    SharedId next_free = kNoShared;
    std::uint32_t umask = 022;
};

struct SigAction {
    std::int32_t signal = 0;
    std::uint64_t handler = kSigDfl;     // user address, or kSigDfl, kSigIgn
    std::uint64_t flags = 0;             // sa_flag
    std::uint64_t mask = 0;              // blocked while the handler runs
    std::uint64_t restorer = 0;          // user address of the code that calls rt_sigreturn

    friend bool operator==(const SigAction&, const SigAction&) = default;
};

struct SighandStruct {
    std::int32_t count = 0;
    SharedId next_free = kNoShared;
    std::vector<SigAction> actions;      // those that are not the default, by signal

    const SigAction* find(int signal) const;
    void set(const SigAction& action);   // the default removes the row
    std::uint64_t ignored() const;       // SigIgn of /proc/PID/status
    std::uint64_t caught() const;        // SigCgt
};

// struct sigqueue: who sent what. The pending sets say which signals there are, this says what came with them.
struct QueuedSignal {
    std::int32_t signal = 0;
    std::int32_t code = 0;               // si_code
    Pid sender = 0;
    std::int32_t status = 0;             // of SIGCHLD
    TaskId task = kNoTask;               // private to this thread; none: to the process

    friend bool operator==(const QueuedSignal&, const QueuedSignal&) = default;
};

// signal->flags (include/linux/sched/signal.h).
namespace signal_flag {
constexpr std::uint32_t stop_stopped = 1, stop_continued = 2, group_exit = 4, cld_stopped = 0x10, cld_continued = 0x20,
                        unkillable = 0x40;
}

// What all threads of a process have in common.
struct SignalStruct {
    std::int32_t count = 0;              // nr_threads: tasks that have not been released
    SharedId next_free = kNoShared;
    std::int32_t live = 0;               // threads that are not yet exiting
    std::int32_t group_exit_code = -1;   // wait status; -1: no group exit under way
    std::uint32_t flags = 0;             // signal_flag
    std::int32_t group_stop_count = 0;   // threads that have still to stop
    std::int32_t stop_signal = 0;        // which one stopped it
    std::uint64_t shared_pending = 0;    // bit n-1 for signal n
    Pid pgrp = 0, session = 0;
    TaskId group_exec_task = kNoTask;    // the thread that waits in execve for the others to die
    bool is_leader = false;              // of its session
    bool is_child_subreaper = false, has_child_subreaper = false;
    bool has_tty = false;                // its session's terminal is the machine's
    Nanos cutime = 0, cstime = 0;        // of children that were waited for
    std::uint64_t cmin_flt = 0;
    Nanos gone_utime = 0, gone_stime = 0;   // of its threads that have been released
    std::uint64_t gone_min_flt = 0;
    std::vector<QueuedSignal> queue;     // private ones of its threads, too; in order of arrival
};

// Objects with counts, freed ones used again. Id 0 on.
template <typename T, unsigned kBits>
class SharedTable {
  public:
    SharedId add() {
        SharedId id = free_;
        if (id == kNoShared) {
            id = static_cast<SharedId>(items_.size());
            items_.push_back();
        } else {
            free_ = items_[id].next_free;
            items_.mut(id) = T{};
        }
        items_.mut(id).count = 1;
        return id;
    }
    // The count has come to 0.
    void release(SharedId id) {
        items_.mut(id) = T{};
        items_.mut(id).next_free = free_;
        free_ = id;
    }
    const T& operator[](SharedId id) const { return items_[id]; }
    T& mut(SharedId id) { return items_.mut(id); }
    std::size_t size() const { return items_.size(); }
    std::size_t bytes() const { return items_.bytes(); }

  private:
    CowArray<T, kBits> items_;
    SharedId free_ = kNoShared;
};

// The four kinds, as words of messages, of panels and of `expect`.
enum class SharedKind : std::uint8_t { mm, files, fs, sighand, signal };
constexpr int kSharedKinds = 5;
const char* shared_kind_name(SharedKind kind);   // "mm", "files"…

struct SharedObjects {
    SharedTable<FilesStruct, 5> files;
    SharedTable<FsStruct, 5> fs;
    SharedTable<SighandStruct, 4> sighand;
    SharedTable<SignalStruct, 3> signal;

    std::size_t bytes() const { return files.bytes() + fs.bytes() + sighand.bytes() + signal.bytes(); }
};

}  // namespace sy
