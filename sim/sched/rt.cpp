#include "sim/sched/rt.h"

#include <algorithm>
#include <bit>

#include "sim/base/assert.h"

namespace sy {

int RtClass::first_bit(const RtRq& rq) {
    if (rq.bitmap[0] != 0) return std::countr_zero(rq.bitmap[0]);
    if (rq.bitmap[1] != 0) return 64 + std::countr_zero(rq.bitmap[1]);
    return kRtPriorities;
}

void RtClass::link(TaskTable& tasks, RtRq& rq, TaskId task, bool head) {
    if (rq.lists.empty()) rq.lists.resize(kRtPriorities);
    const auto prio = static_cast<std::size_t>(tasks[task].prio);
    SY_ASSERT(prio < kRtPriorities, "a task of the rt class has a priority below 100");
    List& list = rq.lists[prio];
    QueueNode& n = tasks.mut(task).se.node;
    SY_ASSERT(!n.linked, "a task can be in one queue only");
    n = QueueNode{.left = head ? kNoTask : list.tail, .right = head ? list.head : kNoTask, .linked = true};
    if (n.left != kNoTask)
        tasks.mut(n.left).se.node.right = task;
    else
        list.head = task;
    if (n.right != kNoTask)
        tasks.mut(n.right).se.node.left = task;
    else
        list.tail = task;
    rq.bitmap[prio / 64] |= std::uint64_t{1} << (prio % 64);
}

void RtClass::unlink(TaskTable& tasks, RtRq& rq, TaskId task) {
    const auto prio = static_cast<std::size_t>(tasks[task].prio);
    List& list = rq.lists[prio];
    const QueueNode n = tasks[task].se.node;
    SY_ASSERT(n.linked, "only a queued task can leave the queue");
    if (n.left != kNoTask)
        tasks.mut(n.left).se.node.right = n.right;
    else
        list.head = n.right;
    if (n.right != kNoTask)
        tasks.mut(n.right).se.node.left = n.left;
    else
        list.tail = n.left;
    tasks.mut(task).se.node = QueueNode{};
    if (list.head == kNoTask) rq.bitmap[prio / 64] &= ~(std::uint64_t{1} << (prio % 64));
}

void RtClass::enqueue(SchedView v, TaskId task, Enqueue why) {
    RtRq& rq = rq_[v.cpu];
    link(v.tasks, rq, task, why == Enqueue::changed_to_head);
    ++rq.nr_running;
    if (s_.runtime < 0 || period_cpu_ != kNoCpu) return;
    period_cpu_ = v.cpu;   // start_rt_bandwidth: a period begins now
    period_end_ = v.now + s_.period;
}

void RtClass::dequeue(SchedView v, TaskId task, Dequeue) {
    RtRq& rq = rq_[v.cpu];
    if (task == rq.curr) {
        update_curr(v, task);
        rq.curr = kNoTask;
        rq.to_tail = false;
    } else {
        unlink(v.tasks, rq, task);
    }
    --rq.nr_running;
}

TaskId RtClass::pick_next(SchedView v) {
    const RtRq& rq = rq_[v.cpu];
    if (rq.throttled) return kNoTask;
    const int prio = first_bit(rq);
    return prio == kRtPriorities ? kNoTask : rq.lists[static_cast<std::size_t>(prio)].head;
}

void RtClass::set_next(SchedView v, TaskId task) {
    RtRq& rq = rq_[v.cpu];
    unlink(v.tasks, rq, task);
    v.task(task).se.exec_start = v.now;
    rq.curr = task;
    rq.to_tail = false;
}

// A preempted task stays at the head of its list; one whose quantum is over, or that yields, goes to the end.
void RtClass::put_prev(SchedView v, TaskId task) {
    RtRq& rq = rq_[v.cpu];
    update_curr(v, task);
    rq.curr = kNoTask;
    link(v.tasks, rq, task, !rq.to_tail);
    rq.to_tail = false;
}

void RtClass::charge(SchedView, RtRq& rq, Nanos delta) {
    if (s_.runtime < 0 || s_.runtime >= s_.period) return;
    rq.rt_time += delta;
    if (rq.rt_time > s_.runtime) rq.throttled = true;
}

void RtClass::update_curr(SchedView v, TaskId curr) {
    SchedEntity& se = v.task(curr).se;
    const Nanos delta = v.now - se.exec_start;
    if (delta <= 0) return;
    se.exec_start = v.now;
    se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
    charge(v, rq_[v.cpu], delta);
}

bool RtClass::tick(SchedView v, TaskId curr) {
    RtRq& rq = rq_[v.cpu];
    update_curr(v, curr);
    if (rq.throttled) return true;
    Task& t = v.task(curr);
    if (t.policy != Policy::rr) return false;
    const auto tick = static_cast<std::uint64_t>(s_.tick);
    if (t.se.slice > tick) {
        t.se.slice -= tick;
        return false;
    }
    t.se.slice = static_cast<std::uint64_t>(s_.rr_timeslice);
    if (rq.lists[static_cast<std::size_t>(t.prio)].head == kNoTask) return false;   // alone at its priority
    rq.to_tail = true;
    return true;
}

bool RtClass::check_preempt(SchedView v, TaskId curr, TaskId wakee) { return v.peek(wakee).prio < v.peek(curr).prio; }
void RtClass::yield(SchedView v, TaskId) { rq_[v.cpu].to_tail = true; }
void RtClass::fork(SchedView v, TaskId, TaskId child) { join_class(v, child); }
void RtClass::join_class(SchedView v, TaskId task) {
    v.task(task).se.slice = static_cast<std::uint64_t>(s_.rr_timeslice);
}

// sched_rt_period_timer: every CPU gets its runtime for the new period; who was throttled may run again.
std::uint64_t RtClass::timer(SchedView v) {
    std::uint64_t wake = 0;
    bool needed = false;
    for (std::size_t c = 0; c < rq_.size(); ++c) {
        RtRq& rq = rq_[c];
        rq.rt_time -= std::min(rq.rt_time, s_.runtime);
        if (rq.throttled && rq.rt_time < s_.runtime) {
            rq.throttled = false;
            wake |= std::uint64_t{1} << c;
        }
        needed = needed || rq.rt_time > 0 || rq.nr_running > 0;
    }
    period_end_ = needed ? v.now + s_.period : kNever;
    if (!needed) period_cpu_ = kNoCpu;
    return wake;
}

int RtClass::best_waiting(CpuId cpu) const { return rq_[cpu].throttled ? kRtPriorities : first_bit(rq_[cpu]); }

TaskId RtClass::pushable(const TaskTable& tasks, CpuId from, CpuId to) const {
    const RtRq& rq = rq_[from];
    for (std::size_t p = static_cast<std::size_t>(first_bit(rq)); p < rq.lists.size(); ++p)
        for (TaskId t = rq.lists[p].head; t != kNoTask; t = tasks[t].se.node.right)
            if (!tasks[t].on_cpu && (tasks[t].cpus_allowed >> to & 1) != 0) return t;
    return kNoTask;
}

std::vector<QueueRow> RtClass::rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    std::vector<QueueRow> out;
    for (const List& list : rq_[cpu].lists)
        for (TaskId t = list.head; t != kNoTask && out.size() < most; t = tasks[t].se.node.right)
            out.push_back({.task = t, .key = tasks[t].prio});
    return out;
}

QueuePicture RtClass::picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    const RtRq& rq = rq_[cpu];
    QueuePicture out;
    out.shape = QueuePicture::Shape::bitmap;
    std::size_t shown = 0;
    for (int prio = 0; prio < static_cast<int>(rq.lists.size()); ++prio) {
        QueueBand band{.name = "rtprio " + std::to_string(99 - prio)};
        band.numbers = {{"prio", prio}, {"rtprio", 99 - prio}};
        const auto add = [&](TaskId task, bool runs) {
            if (shown++ >= most) return;
            QueueEntry e{.row = {.task = task, .key = prio}, .runs = runs};
            if (tasks[task].policy == Policy::rr)
                e.numbers.push_back({"time_slice_ns", static_cast<std::int64_t>(tasks[task].se.slice)});
            band.entries.push_back(std::move(e));
        };
        if (rq.curr != kNoTask && tasks[rq.curr].prio == prio) add(rq.curr, true);
        for (TaskId t = rq.lists[static_cast<std::size_t>(prio)].head; t != kNoTask; t = tasks[t].se.node.right) add(t, false);
        if (!band.entries.empty()) out.bands.push_back(std::move(band));
    }
    if (s_.runtime >= 0)
        out.numbers = {{"rt_time_ns", rq.rt_time}, {"rt_runtime_ns", s_.runtime}, {"rt_throttled", rq.throttled ? 1 : 0}};
    return out;
}

std::vector<std::pair<std::string, std::int64_t>> RtClass::numbers(CpuId cpu) const {
    const RtRq& rq = rq_[cpu];
    std::vector<std::pair<std::string, std::int64_t>> out = {{"rt_nr_running", rq.nr_running}};
    if (s_.runtime >= 0) {
        out.emplace_back("rt_time", rq.rt_time);
        out.emplace_back("rt_runtime", s_.runtime);
        out.emplace_back("rt_throttled", rq.throttled ? 1 : 0);
    }
    return out;
}

PickReason RtClass::explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    const RtRq& rq = rq_[cpu];
    PickReason why;
    why.candidates = rows(tasks, cpu, 8);
    why.candidate_count = rq.nr_running - (rq.curr != kNoTask && rq.curr != prev ? 1u : 0u);
    if (prev != kNoTask && prev == rq.curr) {   // where put_prev would put it
        const int prio = tasks[prev].prio;
        const auto at = std::find_if(why.candidates.begin(), why.candidates.end(), [&](const QueueRow& r) {
            return rq.to_tail ? r.key > prio : r.key >= prio;
        });
        why.candidates.insert(at, {.task = prev, .key = prio});
    }
    if (rq.throttled || why.candidates.empty()) return why;
    why.winner = why.candidates.front().task;
    const std::string rtprio = std::to_string(99 - why.candidates.front().key);
    why.rule = "the first set bit of the bitmap is its priority (rtprio " + rtprio + "), and it heads that list";
    why.rule_zh = "位图中第一个置位就是它的优先级（rtprio " + rtprio + "），且它排在该链表之首";
    if (why.candidates.size() > 1 && why.candidates[1].key == why.candidates[0].key) {
        const bool rr = tasks[why.winner].policy == Policy::rr;
        why.tie = std::string("equal priority: first in the list") +
                  (rr ? "; a quantum that is over takes it to the end (SCHED_RR)" : " (SCHED_FIFO: until it blocks or yields)");
        why.tie_zh = std::string("优先级相同：链表中先者先") +
                     (rr ? "；时间片用完则排到末尾（SCHED_RR）" : "（SCHED_FIFO：直到它阻塞或让出）");
    }
    return why;
}

void RtClass::mix(Fingerprint& print) const {
    for (const RtRq& rq : rq_) {
        print.mix(rq.bitmap[0]);
        print.mix(rq.bitmap[1]);
        for (const List& list : rq.lists)
            if (list.head != kNoTask) print.mix((std::uint64_t{list.head} << 32) | list.tail);
        print.mix((std::uint64_t{rq.curr} << 32) | rq.nr_running);
        print.mix(static_cast<std::uint64_t>(rq.rt_time) * 4 + (rq.throttled ? 1 : 0) + (rq.to_tail ? 2 : 0));
    }
    print.mix(period_cpu_);
    print.mix(static_cast<std::uint64_t>(period_end_));
}

std::string RtClass::check(const TaskTable& tasks, CpuId cpu) const {
    const RtRq& rq = rq_[cpu];
    std::uint32_t count = rq.curr != kNoTask ? 1 : 0;
    for (std::size_t p = 0; p < rq.lists.size(); ++p) {
        const bool bit = (rq.bitmap[p / 64] >> (p % 64) & 1) != 0;
        if (bit != (rq.lists[p].head != kNoTask)) return "the rt bitmap does not say which lists are empty";
        TaskId previous = kNoTask;
        for (TaskId t = rq.lists[p].head; t != kNoTask; previous = t, t = tasks[t].se.node.right, ++count) {
            if (tasks[t].se.node.left != previous) return "the links of an rt list do not match";
            if (tasks[t].prio != static_cast<int>(p)) return "a task stands in the list of another priority";
            if (count > rq.nr_running) return "an rt list is a circle";
        }
        if (rq.lists[p].tail != previous) return "the tail of an rt list is not its last task";
    }
    if (count != rq.nr_running) return "rt_nr_running is not the number of runnable real-time tasks";
    return {};
}

}  // namespace sy
