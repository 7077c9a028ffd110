// What the families of routines about tasks share: the walk over a process's threads, the objects that tasks share,
// signals on their way, words of user memory. Behind fork.cpp, exec.cpp, exit.cpp, wait.cpp, signal.cpp, sigframe.cpp,
// sigcalls.cpp, jobs.cpp.
#pragma once

#include <string>

#include "sim/kernel/context.h"
#include "sim/kernel/pages.h"

namespace sy {

// --- the thread group ---

template <typename Visit>
void each_thread(const Ctx& cx, TaskId leader, Visit visit) {
    TaskId t = leader;
    do {
        const TaskId next = cx.peek(t).next_thread;
        visit(t);
        t = next;
    } while (t != leader);
}
inline TaskId leader_of_current(const Ctx& cx) { return cx.cur().group_leader; }
// Argument of the system call under way.
inline std::uint64_t syscall_arg(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }
inline void return_value(Ctx& cx, std::int64_t v) { cx.set(Reg::rax, static_cast<std::uint64_t>(v)); }

// --- errors, include/uapi/asm-generic/errno-base.h ---
namespace err {
constexpr std::int64_t perm = -1, noent = -2, srch = -3, intr = -4, child = -10, again = -11, acces = -13, fault = -14,
                       inval = -22, notty = -25;
}

// --- shared objects (shared_objects.cpp) ---
// For a task that comes from outside: one of each. `leads`: a session and a process group of its own.
void new_shared_objects(Ctx& cx, TaskId id, bool leads);
// A kernel thread has its files and directories in common with kthreadd (CLONE_FS | CLONE_FILES, linux.md 3.3).
void share_with_kthreadd(Ctx& cx, TaskId id, TaskId kthreadd);
// clone: another reference, or a copy, of what the parent has.
void copy_files(Ctx& cx, TaskId child, TaskId parent, bool share);
void copy_fs(Ctx& cx, TaskId child, TaskId parent, bool share);
void copy_sighand(Ctx& cx, TaskId child, TaskId parent, bool share);
void copy_signal(Ctx& cx, TaskId child, TaskId parent, bool share);
// Giving them up: at exit, at release, before execve makes them the task's own.
void put_files(Ctx& cx, TaskId id);
void put_fs(Ctx& cx, TaskId id);
void put_sighand_and_signal(Ctx& cx, TaskId id);
void unshare_files(Ctx& cx, TaskId id);
void unshare_sighand(Ctx& cx, TaskId id);

// --- signals (signal.cpp) ---
struct SignalInfo {
    std::int32_t code = 0;      // si_code
    Pid sender = 0;
    std::int32_t status = 0;
};
// What a signal did: the `res` of the signal_generate event (include/trace/events/signal.h).
enum class Generated : std::uint8_t { delivered, ignored, already_pending };
Generated generate_signal(Ctx& cx, TaskId id, int signal, bool group, SignalInfo info);
// TIF_SIGPENDING as the pending sets and the mask say.
void recalc_sigpending(Ctx& cx, TaskId id);
// Its mask changes; signals to the process that it will not take any more are offered to other threads.
void set_blocked(Ctx& cx, TaskId id, std::uint64_t blocked);
void retarget_shared_pending(Ctx& cx, TaskId id, std::uint64_t signals);
bool has_fatal_signal(const Task& t);
void kill_other_threads(Ctx& cx, TaskId self);
// The kernel itself sends a fault's signal: neither blocked nor ignored.
void force_signal(Ctx& cx, int signal, int code = si_code::kernel);
// The thread leaves a group stop that it was to take part in. True: all others have stopped.
bool leave_group_stop(Ctx& cx, TaskId id);
// SIGCHLD for stops and continues.
void notify_parent_of_stop(Ctx& cx, TaskId id, int why);

// --- the family (exit.cpp, wait.cpp) ---
// Everybody in wait4 whose wait this child may end wakes up.
void wake_waiting_parent(Ctx& cx, TaskId parent, TaskId child);
// SIGCHLD when a process has ended. True: nobody will ask for it, it goes at once.
bool notify_parent(Ctx& cx, TaskId child);
void release_task(Ctx& cx, TaskId id);
void unlink_child(Ctx& cx, TaskId child);
// The vfork that made this task is over: its parent goes on.
void complete_vfork(Ctx& cx, TaskId child);

// --- process groups (jobs.cpp) ---
template <typename Visit>
void each_process_of_group(Ctx& cx, Pid pgrp, Visit visit) {
    for (TaskId id = 0; id < cx.k.tasks.size(); ++id) {
        const Task& t = cx.peek(id);
        if (t.group_leader == id && t.signal != kNoShared && !t.is_kthread() &&
            cx.k.shared.signal[t.signal].pgrp == pgrp)
            visit(id);
    }
}
// Nobody outside the group but in its session is the parent of a member: no shell could ever continue it.
bool is_orphaned_group(const Ctx& cx, Pid pgrp);
// Children that this end of a process leaves as an orphaned group with stopped members: SIGHUP and SIGCONT.
void kill_orphaned_groups(Ctx& cx, TaskId dying);
// The leader of a session ends: its terminal is free.
void leave_terminal(Ctx& cx, TaskId leader);
// Somebody types Ctrl-C or Ctrl-Z: the signal goes to the foreground group.
void type_ctrl(Ctx& cx, int signal);
void signal_group_of(Ctx& cx, TaskId member, int signal);

// --- looking (check_tasks.cpp) ---
// Rules about shared objects, families and signals; the first that does not hold, empty if all do.
std::string check_tasks(const Kernel& k);
void mix_shared_objects(Fingerprint& p, const Kernel& k);

// --- words of user memory ---
inline std::uint64_t get_user_word(const Ctx& cx, std::uint64_t address) {
    return cx.k.mms[cx.cur().mm].read(address);
}
inline void put_user_word(Ctx& cx, std::uint64_t address, std::uint64_t value, Place from = at::none) {
    const MmId mm = cx.cur().mm;
    cx.move(from, at::user_word(mm, address), value, cx.k.mms[mm].read(address));
    fault_in(cx, mm, address, true);   // the kernel writes there for the program, in the page that is its own
    cx.mm(mm).write(address, value);
}

}  // namespace sy
