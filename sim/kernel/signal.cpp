// Signals on their way to a task: who gets one, what it wakes, what it ends at once. linux.md 7.8; the order of things
// is that of Linux's kernel/signal.c (prepare_signal, send_signal, complete_signal).
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

using sig::bit;

constexpr std::uint64_t kSynchronous = bit(11) | bit(7) | bit(4) | bit(5) | bit(8) | bit(31);
// Their default action would be a core dump: the thread that takes one ends the group, not the sender.
constexpr std::uint64_t kCoredump = kSynchronous | bit(3) | bit(6) | bit(24) | bit(25);

const SighandStruct& handlers(const Ctx& cx, TaskId id) { return cx.k.shared.sighand[cx.peek(id).sighand]; }
std::uint64_t handler_of(const Ctx& cx, TaskId id, int signal) {
    const SigAction* a = handlers(cx, id).find(signal);
    return a != nullptr ? a->handler : kSigDfl;
}
bool is_unkillable(const Ctx& cx, TaskId id) {
    return (cx.peek_signal(id).flags & signal_flag::unkillable) != 0;
}

// A blocked signal is never thrown away: its action may be another one when it is let through.
bool is_ignored(const Ctx& cx, TaskId id, int signal) {
    if ((cx.peek(id).blocked & bit(signal)) != 0) return false;
    const std::uint64_t handler = handler_of(cx, id, signal);
    if (is_unkillable(cx, id) && handler == kSigDfl) return true;
    return handler == kSigIgn || (handler == kSigDfl && (sig::ignored & bit(signal)) != 0);
}

// Wake a sleeper so that it notices a signal; kick a running one (linux.md 7.8).
void signal_wake_up(Ctx& cx, TaskId id, bool fatal) {
    Task& t = cx.task(id);
    t.tif |= tif::sigpending;
    const std::uint32_t wakes = task_state::interruptible | (fatal ? task_state::wakekill | task_state::stopped : 0);
    if ((t.state & wakes) != 0) {
        cx.wake_now(id, wakes);
    } else if (t.on_cpu && (id != cx.current() || cx.outside)) {
        cx.send_ipi(t.cpu, kRescheduleVector);
    }
}

// Signals of this set are no longer pending, neither for the process nor for any of its threads.
void flush_pending(Ctx& cx, TaskId leader, std::uint64_t set) {
    SignalStruct& s = cx.signal_of(leader);
    s.shared_pending &= ~set;
    std::erase_if(s.queue, [&](const QueuedSignal& q) { return (bit(q.signal) & set) != 0; });
    each_thread(cx, leader, [&](TaskId t) {
        if ((cx.peek(t).pending_signals & set) != 0) cx.task(t).pending_signals &= ~set;
    });
}

// SIGCONT ends a stop even where it is blocked or ignored, and a stop signal takes back a SIGCONT that is still pending.
void continue_group(Ctx& cx, TaskId leader) {
    flush_pending(cx, leader, sig::stopping);
    SignalStruct& s = cx.signal_of(leader);
    const bool was_stopped = (s.flags & signal_flag::stop_stopped) != 0;
    const bool was_stopping = s.group_stop_count != 0;
    if (was_stopped || was_stopping) {
        s.flags = (s.flags & signal_flag::unkillable) | signal_flag::stop_continued |
                  (was_stopped ? signal_flag::cld_continued : signal_flag::cld_stopped);
        s.group_stop_count = 0;
        s.stop_signal = 0;
    }
    each_thread(cx, leader, [&](TaskId t) {
        cx.task(t).stop_pending = false;
        cx.wake_now(t, task_state::stopped);
        recalc_sigpending(cx, t);   // what came during the stop, SIGHUP for one, is looked at now
    });
}

bool prepare_signal(Ctx& cx, TaskId id, int signal) {
    if ((cx.peek_signal(id).flags & signal_flag::group_exit) != 0) return false;   // it is dying anyway
    const TaskId leader = cx.peek(id).group_leader;
    if ((bit(signal) & sig::stopping) != 0) flush_pending(cx, leader, bit(sig::cont));
    if (signal == sig::cont) continue_group(cx, leader);
    return !is_ignored(cx, id, signal);
}

bool wants_signal(const Ctx& cx, TaskId id, int signal) {
    const Task& t = cx.peek(id);
    if ((t.blocked & bit(signal)) != 0 || (t.flags & pf::exiting) != 0 || t.exit_state != 0) return false;
    if (signal == sig::kill) return true;
    if ((t.state & task_state::stopped) != 0) return false;
    return t.on_cpu || (t.tif & tif::sigpending) == 0;
}

bool is_fatal(const Ctx& cx, TaskId id, int signal) {
    return handler_of(cx, id, signal) == kSigDfl && ((sig::ignored | sig::stopping) & bit(signal)) == 0;
}

void begin_group_exit(Ctx& cx, TaskId leader, int code) {
    SignalStruct& s = cx.signal_of(leader);
    cx.move(at::none, at::shared(SharedKind::signal, cx.peek(leader).signal, SharedField::exit_code),
            static_cast<std::uint64_t>(code), static_cast<std::uint64_t>(s.group_exit_code));
    s.flags = (s.flags & signal_flag::unkillable) | signal_flag::group_exit;
    s.group_exit_code = code;
    s.group_stop_count = 0;
}

// Who takes it: the task it was sent to if that one will, else any other thread of the process.
void complete_signal(Ctx& cx, TaskId id, int signal, bool group) {
    const TaskId leader = cx.peek(id).group_leader;
    TaskId taker = wants_signal(cx, id, signal) ? id : kNoTask;
    if (taker == kNoTask && group)
        each_thread(cx, leader, [&](TaskId t) {
            if (taker == kNoTask && wants_signal(cx, t, signal)) taker = t;
        });
    if (taker == kNoTask) return;   // it stays pending until somebody unblocks it
    const SignalStruct& s = cx.peek_signal(id);
    const bool ends_all = is_fatal(cx, id, signal) && (s.flags & signal_flag::group_exit) == 0 &&
                          (cx.peek(taker).blocked & bit(signal)) == 0 && (kCoredump & bit(signal)) == 0;
    if (!ends_all) {
        signal_wake_up(cx, taker, signal == sig::kill);
        return;
    }
    begin_group_exit(cx, leader, signal);
    each_thread(cx, leader, [&](TaskId t) {
        if (cx.peek(t).exit_state != 0 || (cx.peek(t).flags & pf::exiting) != 0) return;
        cx.task(t).stop_pending = false;
        cx.task(t).pending_signals |= bit(sig::kill);
        signal_wake_up(cx, t, true);
    });
}

void queue_signal(Ctx& cx, TaskId id, int signal, bool group, SignalInfo info) {
    SignalStruct& s = cx.signal_of(id);
    s.queue.push_back({signal, info.code, info.sender, info.status, group ? kNoTask : id});
    if (group) {
        cx.move(at::none, at::shared(SharedKind::signal, cx.peek(id).signal, SharedField::pending),
                s.shared_pending | bit(signal), s.shared_pending);
        s.shared_pending |= bit(signal);
        return;
    }
    const std::uint64_t before = cx.peek(id).pending_signals;
    cx.move(at::none, at::task(id, TaskField::pending_signals), before | bit(signal), before);
    cx.task(id).pending_signals |= bit(signal);
}

}  // namespace

Generated generate_signal(Ctx& cx, TaskId id, int signal, bool group, SignalInfo info) {
    Generated result = Generated::delivered;
    if (!prepare_signal(cx, id, signal)) {
        result = Generated::ignored;
    } else {
        const std::uint64_t pending = group ? cx.peek_signal(id).shared_pending : cx.peek(id).pending_signals;
        // A signal below 32 that is pending already is not queued again; real-time ones are, each time.
        if (signal < sig::first_rt && (pending & bit(signal)) != 0) result = Generated::already_pending;
    }
    cx.emit(RecordKind::signal_generate, id, static_cast<std::uint32_t>(signal),
            static_cast<std::uint32_t>(group) | static_cast<std::uint32_t>(result) << 8,
            static_cast<std::uint32_t>(info.code));
    if (result != Generated::delivered) return result;
    queue_signal(cx, id, signal, group, info);
    complete_signal(cx, id, signal, group);
    return result;
}

void Ctx::send_signal(TaskId id, int signal, bool group) {
    const Task& target = peek(id);
    const bool is_there = target.is_live && target.signal != kNoShared && !target.is_kthread();
    if (!is_there || (!group && target.exit_state != 0)) return;
    generate_signal(*this, id, signal, group, {si_code::user, 0, 0});
}

bool has_fatal_signal(const Task& t) { return (t.pending_signals & bit(sig::kill)) != 0; }

void kill_other_threads(Ctx& cx, TaskId self) {
    each_thread(cx, cx.peek(self).group_leader, [&](TaskId t) {
        if (t == self || cx.peek(t).exit_state != 0 || (cx.peek(t).flags & pf::exiting) != 0) return;
        cx.task(t).pending_signals |= bit(sig::kill);
        signal_wake_up(cx, t, true);
    });
}

void recalc_sigpending(Ctx& cx, TaskId id) {
    Task& t = cx.task(id);
    const std::uint64_t pending = t.pending_signals | cx.peek_signal(id).shared_pending;
    if ((pending & ~t.blocked) != 0 || t.stop_pending)
        t.tif |= tif::sigpending;
    else
        t.tif &= ~tif::sigpending;
}

void retarget_shared_pending(Ctx& cx, TaskId id, std::uint64_t signals) {
    signals &= cx.peek_signal(id).shared_pending;
    if (signals == 0) return;
    each_thread(cx, cx.peek(id).group_leader, [&](TaskId t) {
        const Task& other = cx.peek(t);
        if (signals == 0 || t == id || (other.flags & pf::exiting) != 0 || (signals & ~other.blocked) == 0) return;
        signals &= other.blocked;
        if ((other.tif & tif::sigpending) == 0) signal_wake_up(cx, t, false);
    });
}

void set_blocked(Ctx& cx, TaskId id, std::uint64_t blocked) {
    Task& t = cx.task(id);
    blocked &= ~sig::unmaskable;
    const std::uint64_t newly = blocked & ~t.blocked;
    cx.move(at::none, at::task(id, TaskField::blocked), blocked, t.blocked);
    if ((t.tif & tif::sigpending) != 0) retarget_shared_pending(cx, id, newly);
    cx.task(id).blocked = blocked;
    recalc_sigpending(cx, id);
}

void force_signal(Ctx& cx, int signal, int code) {
    const TaskId id = cx.current();
    Task& t = cx.task(id);
    const bool hidden = (t.blocked & bit(signal)) != 0 || handler_of(cx, id, signal) == kSigIgn;
    if (hidden) {   // force_sig: the default action, whatever the program asked for
        cx.k.shared.sighand.mut(cx.peek(id).sighand).set({.signal = signal});
        t.blocked &= ~bit(signal);
    }
    generate_signal(cx, id, signal, false, {code, 0, 0});
    recalc_sigpending(cx, id);
}

bool leave_group_stop(Ctx& cx, TaskId id) {
    Task& t = cx.task(id);
    if (!t.stop_pending) return false;
    t.stop_pending = false;
    SignalStruct& s = cx.signal_of(id);
    if (s.group_stop_count == 0) return false;
    if (--s.group_stop_count > 0) return false;
    s.flags = (s.flags & signal_flag::unkillable) | signal_flag::stop_stopped;
    return true;
}

// do_notify_parent_cldstop: to the parent of the process; SA_NOCLDSTOP keeps the signal back, not the wakeup.
void notify_parent_of_stop(Ctx& cx, TaskId id, int why) {
    const TaskId leader = cx.peek(id).group_leader;
    const TaskId parent = cx.peek(leader).real_parent;
    if (parent == kNoTask || cx.peek(parent).is_kthread() || cx.peek(parent).signal == kNoShared) return;
    const SigAction* action = handlers(cx, parent).find(sig::chld);
    const bool told = action == nullptr || (action->handler != kSigIgn && (action->flags & sa_flag::nocldstop) == 0);
    const std::int32_t status = why == si_code::continued ? sig::cont : cx.peek_signal(id).stop_signal;
    if (told && cx.peek(parent).exit_state == 0)
        generate_signal(cx, parent, sig::chld, true, {why, cx.peek(leader).pid, status});
    wake_waiting_parent(cx, parent, leader);
}

}  // namespace sy
