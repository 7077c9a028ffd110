// Rules that hold between two steps for what tasks share, for families and for signals; and the part of the fingerprint
// that covers them.
#include <string>

#include "sim/kernel/tasks.h"

namespace sy {

namespace {

class TaskRules {
  public:
    explicit TaskRules(const Kernel& k) : k_(k) {}

    std::string run() {
        count();
        for (TaskId id = 0; id < k_.tasks.size() && fault_.empty(); ++id) {
            const Task& t = k_.tasks[id];
            if (!t.is_live || (t.flags & pf::idle) != 0) continue;
            if (t.real_parent != kNoTask && t.group_leader == id) ++children_;
            family(id, t);
            if (t.signal != kNoShared) signals(id, t);
        }
        if (listed_ != children_) fail("a child is in no list of children, or in two");
        for (const VforkWait& w : k_.vforks)
            if (k_.tasks[w.child].exit_state != 0) fail(who(w.child) + " has let go, but its vfork parent still waits");
        return fault_;
    }

  private:
    void fail(std::string text) {
        if (fault_.empty()) fault_ = std::move(text);
    }
    std::string who(TaskId id) const {
        return std::string(k_.tasks[id].name()) + " (pid " + std::to_string(k_.tasks[id].pid) + ")";
    }

    void count() {
        std::vector<std::int32_t> files(k_.shared.files.size()), fs(k_.shared.fs.size()),
            hands(k_.shared.sighand.size()), signals(k_.shared.signal.size()), live(k_.shared.signal.size());
        for (TaskId id = 0; id < k_.tasks.size(); ++id) {
            const Task& t = k_.tasks[id];
            if (t.files != kNoShared) ++files[t.files];
            if (t.fs != kNoShared) ++fs[t.fs];
            if (t.sighand != kNoShared) ++hands[t.sighand];
            if (t.signal != kNoShared) ++signals[t.signal];
            if (t.signal != kNoShared && (t.flags & pf::exiting) == 0) ++live[t.signal];
        }
        compare("files_struct", k_.shared.files, files);
        compare("fs_struct", k_.shared.fs, fs);
        compare("sighand_struct", k_.shared.sighand, hands);
        compare("signal_struct", k_.shared.signal, signals);
        for (SharedId i = 0; i < live.size(); ++i)
            if (k_.shared.signal[i].count > 0 && k_.shared.signal[i].live != live[i])
                fail("signal_struct " + std::to_string(i) + ": live is not the number of its threads");
    }
    template <typename Table>
    void compare(const char* what, const Table& table, const std::vector<std::int32_t>& counted) {
        for (SharedId i = 0; i < counted.size(); ++i)
            if (table[i].count != counted[i])
                fail(std::string(what) + " " + std::to_string(i) + ": its count is not the number of its tasks");
    }

    void family(TaskId id, const Task& t) {
        TaskId last = kNoTask;
        for (TaskId c = t.first_child; c != kNoTask; last = c, c = k_.tasks[c].next_sibling) {
            ++listed_;
            if (k_.tasks[c].real_parent != id) fail(who(c) + " is in the list of a parent that is not its own");
            if (!k_.tasks[c].is_live) fail(who(id) + " has a child that was released");
            if (listed_ > k_.tasks.size()) return fail("a list of children goes round in a circle");
        }
        if (last != t.last_child) fail("the last child of " + who(id) + " is not last");
        if (t.state == task_state::fresh) return;   // its parent is still making it
        const Task& leader = k_.tasks[t.group_leader];
        if (t.signal != leader.signal || t.sighand != leader.sighand)
            fail(who(id) + " does not share signal and sighand with its leader");
        if (t.real_parent != leader.real_parent) fail(who(id) + " has another parent than its leader");
        if (t.tgid != leader.pid) fail(who(id) + " has another tgid than its leader's pid");
        if (k_.find_pid(t.pid) != id) fail("pid of " + who(id) + " leads to another task");
        const bool whole = t.files != kNoShared && t.fs != kNoShared;
        if (!whole && (t.flags & pf::exiting) == 0) fail(who(id) + " lives without files or directories");
    }

    // A signal that a task will take must have set TIF_SIGPENDING somewhere, or it would be slept through.
    void signals(TaskId id, const Task& t) {
        const bool dying = t.exit_state != 0 || (t.flags & pf::exiting) != 0 || t.state == task_state::fresh;
        const bool stopped = (t.state & task_state::stopped) != 0;   // it looks again when it goes on
        if (dying || stopped || t.is_kthread()) return;
        if ((t.blocked & sig::unmaskable) != 0) fail(who(id) + " blocks SIGKILL or SIGSTOP");
        if ((t.pending_signals & ~t.blocked) != 0 && (t.tif & tif::sigpending) == 0)
            fail(who(id) + " has a signal pending without TIF_SIGPENDING");
        const SignalStruct& s = k_.shared.signal[t.signal];
        const std::uint64_t mine = s.shared_pending & ~t.blocked;
        if (mine == 0 || (t.tif & tif::sigpending) != 0) return;
        TaskId other = t.next_thread;
        while (other != id && !((k_.tasks[other].tif & tif::sigpending) != 0 &&
                                (s.shared_pending & ~k_.tasks[other].blocked) != 0))
            other = k_.tasks[other].next_thread;
        if (other == id) fail("a signal to the process of " + who(id) + " is pending, and nobody is told");
    }

    const Kernel& k_;
    std::string fault_;
    std::size_t children_ = 0, listed_ = 0;
};

}  // namespace

std::string check_tasks(const Kernel& k) { return TaskRules(k).run(); }

void mix_shared_objects(Fingerprint& p, const Kernel& k) {
    const auto pair = [&](std::int64_t a, std::int64_t b) {
        p.mix(static_cast<std::uint64_t>(a) << 32 | static_cast<std::uint32_t>(b));
    };
    for (SharedId i = 0; i < k.shared.files.size(); ++i) {
        p.mix(static_cast<std::uint64_t>(k.shared.files[i].count));
        for (const HeldEnds& h : k.shared.files[i].pipes) p.mix((std::uint64_t{h.pipe} << 2) | h.ends);
    }
    for (SharedId i = 0; i < k.shared.fs.size(); ++i) pair(k.shared.fs[i].count, k.shared.fs[i].umask);
    for (SharedId i = 0; i < k.shared.sighand.size(); ++i) {
        p.mix(static_cast<std::uint64_t>(k.shared.sighand[i].count));
        for (const SigAction& a : k.shared.sighand[i].actions)
            for (const std::uint64_t v : {static_cast<std::uint64_t>(a.signal), a.handler, a.flags, a.mask}) p.mix(v);
    }
    for (SharedId i = 0; i < k.shared.signal.size(); ++i) {
        const SignalStruct& s = k.shared.signal[i];
        pair(s.count, s.live);
        pair(s.group_exit_code, s.flags);
        pair(s.group_stop_count, s.stop_signal);
        pair(s.pgrp, s.session);
        p.mix(s.shared_pending);
        p.mix(static_cast<std::uint64_t>(s.cutime));
        p.mix(static_cast<std::uint64_t>(s.cstime));
        pair(s.group_exec_task, s.is_leader << 3 | s.is_child_subreaper << 2 | s.has_child_subreaper << 1 | s.has_tty);
        for (const QueuedSignal& q : s.queue) {
            pair(q.signal, q.code);
            pair(q.sender, q.task);
        }
    }
    for (const VforkWait& w : k.vforks) pair(w.child, w.parent);
    pair(k.terminal.session, k.terminal.foreground);
}

}  // namespace sy
