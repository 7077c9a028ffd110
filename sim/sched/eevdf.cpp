// EEVDF, Earliest Eligible Virtual Deadline First, as Linux has it since 6.12: each task has a lag,
// what it is owed against an ideal machine that serves all at once. Who is owed nothing negative is
// eligible; of the eligible ones the earliest virtual deadline runs. A sleeper keeps its lag
// instead of getting a bonus.
//
// Rules, names and numbers: linux.md 6.5 (kernel/sched/fair.c of 6.12 to 6.18) and the measured
// rules of real-kernel.md. V is the load-weighted average of all vruntimes; the sums are kept
// against a reference v0, so that no product overflows. The queue is a red-black tree ordered by
// deadline; each node knows the least vruntime and the shortest slice below it, so that the earliest
// deadline among the eligible ones is found on one way down (linux.md 6.5.1).
#include <algorithm>
#include <tuple>

#include "sim/base/assert.h"
#include "sim/sched/class.h"
#include "sim/sched/fair_avg.h"
#include "sim/sched/fair_math.h"
#include "sim/sched/rbtree.h"

namespace sy {

namespace {

std::int64_t before(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b); }

struct Features {
    Nanos base_slice = 700 * kMicro, tick = 4 * kMilli;
    bool place_lag = true, run_to_parity = true, delay_dequeue = true, wakeup_preemption = true;
    bool own_slice = false;   // RUN_TO_PARITY as 6.12 to 6.16 had it: protected for the whole of its own slice
    bool hrtick = false;
    bool preempt_short = true, delay_zero = true, place_deadline_initial = true, place_rel_deadline = true;
};

// What Linux keeps in sched_entity and only EEVDF needs.
struct Entity {
    std::uint64_t deadline = 0;
    std::int64_t vlag = 0;
    std::uint64_t vprot = 0;    // protected until its vruntime reaches this
    std::uint64_t custom = 0;   // a slice of its own (sched_setattr); 0: the base slice
    // Of the subtree that begins at this node.
    std::uint64_t min_vruntime = 0, min_slice = 0;
    bool rel_deadline = false;  // `deadline` counts from its vruntime
    bool delayed = false;       // sleeps, but stays queued until its lag is worn off
    bool queued = false;        // counts in the sums: in the queue or running
};

struct EevdfRq {
    RbTree tree;  // by deadline, first come first; delayed ones too, the running one not
    TaskId curr = kNoTask;
    TaskId was = kNoTask;          // ran until now and stays runnable: a pick has not been made yet
    std::uint32_t nr_running = 0;  // h_nr_runnable: without delayed ones
    std::uint32_t nr_delayed = 0;
    std::uint64_t v0 = 0;     // zero_vruntime
    std::int64_t sum_wv = 0;  // sum of w * (v - v0), all queued ones and curr
    std::int64_t sum_w = 0;
    bool want_resched = false;
    bool uncharged = false;  // a delayed task was woken: `curr` is charged at the preemption check
    pelt::Rq pelt;
    std::uint32_t h_nr = 0;   // runnable tasks of the whole CPU, if this is a group's queue; else 0
};

class Eevdf final : public SchedClass {
  public:
    Eevdf(int cpus, const Features& f) : f_(f), rq_(static_cast<std::size_t>(cpus)) {}
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<Eevdf>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue why) override {
        EevdfRq& rq = rq_[v.cpu];
        Entity& e = ent(task);
        // As in Linux, a delayed task is queued again before the running one is charged: see
        // check_preempt.
        rq.uncharged = e.delayed;
        if (!e.delayed && rq.curr != kNoTask) update_curr(v, rq.curr);
        if (why == Enqueue::fresh && !is_group_entity(task))
            pelt::init_task(rq.pelt, v.tasks.avg_mut(task), v.peek(task).se.weight);
        update_avg(v, rq, task, e.delayed, pelt::Update::attach);
        if (e.delayed) {
            requeue_delayed(v, rq, task);
        } else {
            place(v.tasks, rq, task, why == Enqueue::fresh);
            account(v.tasks, rq, task, +1);
            insert(v.tasks, rq, task);
        }
        v.task(task).se.node.linked = true;
        ++rq.nr_running;
    }

    void dequeue(SchedView v, TaskId task, Dequeue why) override {
        EevdfRq& rq = rq_[v.cpu];
        if (rq.curr != kNoTask) update_curr(v, rq.curr);
        update_avg(v, rq, task, true, why == Dequeue::migrated ? pelt::Update::detach : pelt::Update::age);
        if (rq.was == task) rq.was = kNoTask;
        const bool runs = task == rq.curr;
        if (runs) rq.curr = kNoTask;
        --rq.nr_running;
        const std::uint32_t state = v.peek(task).state;
        const bool special = (state & (task_state::dead | task_state::stopped)) != 0;
        if (why == Dequeue::sleep && f_.delay_dequeue && !special && !eligible(v.tasks, rq, task)) {
            ent(task).delayed = true;
            ++rq.nr_delayed;
            if (runs) insert(v.tasks, rq, task);
            v.task(task).se.node.linked =
                false;  // it sleeps: only this class knows that it is still here
            return;
        }
        if (!runs) erase(v.tasks, rq, task);
        leave(v.tasks, rq, task, why == Dequeue::sleep);
        if (why == Dequeue::sleep && (state & task_state::dead) != 0) pelt::leave_asleep(v, rq.pelt, task);
    }

    TaskId pick_next(SchedView v) override {
        EevdfRq& rq = rq_[v.cpu];
        for (;;) {
            const TaskId t = choose(v.tasks, rq, true).task;
            if (t == kNoTask || !ent(t).delayed) return t;
            update_avg(v, rq, t, true);
            finish_delayed(v.tasks, rq, t);
        }
    }

    void set_next(SchedView v, TaskId task) override {
        EevdfRq& rq = rq_[v.cpu];
        erase(v.tasks, rq, task);
        update_avg(v, rq, task, true);
        SchedEntity& se = v.task(task).se;
        se.exec_start = v.now;
        if (task != rq.was) {  // switched in: protected from now on
            se.prev_sum_exec_runtime = se.sum_exec_runtime;
            protect(v.tasks, rq, task);
        }
        rq.curr = task;
        rq.was = kNoTask;
        rq.want_resched = false;
    }

    void put_prev(SchedView v, TaskId task) override {
        EevdfRq& rq = rq_[v.cpu];
        update_curr(v, task);
        update_avg(v, rq, task, true);
        rq.curr = kNoTask;
        rq.was = task;
        insert(v.tasks, rq, task);
    }

    void update_curr(SchedView v, TaskId curr) override {
        EevdfRq& rq = rq_[v.cpu];
        SchedEntity& se = v.task(curr).se;
        const Nanos delta = v.now - se.exec_start;
        if (delta <= 0) return;
        se.exec_start = v.now;
        se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
        const std::uint64_t dv = calc_delta_fair(static_cast<std::uint64_t>(delta), se);
        se.vruntime += dv;
        if (ent(curr).queued) rq.sum_wv += static_cast<std::int64_t>(dv) * se.weight;
        Entity& e = ent(curr);
        bool resched = false;
        if (before(se.vruntime, e.deadline) >= 0) {
            se.slice = slice_of(e);
            e.deadline = se.vruntime + calc_delta_fair(se.slice, se);
            resched = true;
        }
        rebase(rq);
        if (rq.nr_running + rq.nr_delayed > 1 && (resched || !is_protected(v.tasks, curr)))
            rq.want_resched = true;
    }

    bool tick(SchedView v, TaskId curr) override {
        update_curr(v, curr);
        update_avg(v, rq_[v.cpu], curr, true);
        return rq_[v.cpu].want_resched;
    }

    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override {
        // Linux does not read the rq clock again after the enqueue, which has charged `curr`: a few
        // nanoseconds more would make a running task ineligible that stands exactly at V. Only
        // after a delayed task's wakeup it is charged here, and mostly loses: this is why a
        // ping-pong preempts in about half of its wakeups.
        EevdfRq& rq = rq_[v.cpu];
        if (rq.uncharged) update_curr(v, curr);
        rq.uncharged = false;
        if (rq.want_resched) return true;  // its turn was over in any case
        const bool idle = v.peek(curr).policy == Policy::idle, idle_wakee = v.peek(wakee).policy == Policy::idle;
        if (idle && !idle_wakee) {   // a SCHED_IDLE task is not protected from others
            ent(curr).vprot = v.peek(curr).se.vruntime;
            return true;
        }
        if (!f_.wakeup_preemption || v.peek(wakee).policy != Policy::normal) return false;
        // PREEMPT_SHORT: who needs the CPU for a shorter time need not wait for the end of a protected run.
        const bool is_short = f_.preempt_short && v.peek(wakee).se.slice < v.peek(curr).se.slice &&
                              eligible(v.tasks, rq, wakee) &&
                              (before(ent(wakee).deadline, ent(curr).deadline) < 0 || !eligible(v.tasks, rq, curr));
        if (is_short) ent(curr).vprot = v.peek(curr).se.vruntime;
        if (choose(v.tasks, rq, !is_short).task == wakee) return true;
        if (f_.run_to_parity && !f_.own_slice) {   // protected no longer than the shortest slice that waits
            const SchedEntity& se = v.peek(curr).se;
            const std::uint64_t until = se.vruntime + calc_delta_fair(min_slice(v.tasks, rq, curr), se);
            if (before(until, ent(curr).vprot) < 0) ent(curr).vprot = until;
        }
        return false;
    }

    void yield(SchedView v, TaskId curr) override {
        EevdfRq& rq = rq_[v.cpu];
        if (rq.nr_running + rq.nr_delayed == 1) return;
        update_curr(v, curr);
        if (!eligible(v.tasks, rq, curr)) return;
        SchedEntity& se = v.task(curr).se;  // forfeits what is left of its slice
        Entity& e = ent(curr);
        rq.sum_wv += before(e.deadline, se.vruntime) * static_cast<std::int64_t>(se.weight);
        se.vruntime = e.deadline;
        e.deadline += calc_delta_fair(se.slice, se);
        rebase(rq);
    }

    void fork(SchedView v, TaskId parent, TaskId child) override {
        std::uint64_t custom = ent(child).custom;   // the scenario may have given it one before its birth
        if (custom == 0 && parent != kNoTask && !v.peek(parent).reset_on_fork) custom = ent(parent).custom;
        ent(child) = {.custom = custom};
        v.task(child).se.slice = slice_of(ent(child));
    }

    void set_slice(SchedView v, TaskId task, Nanos slice) override {
        constexpr Nanos least = 100 * kMicro, most = 100 * kMilli;   // linux.md 6.5.7
        Entity& e = ent(task);
        e.custom = slice == 0 ? 0 : static_cast<std::uint64_t>(std::clamp(slice, least, most));
        if (!e.queued) v.task(task).se.slice = slice_of(e);
    }

    // reweight_entity: lag and remaining deadline keep their worth.
    void reweight(SchedView v, TaskId task, bool queued) override {
        set_weight(v, task, weight_of(v.peek(task)), queued);
    }
    void set_weight(SchedView v, TaskId task, Weight w, bool) override {
        EevdfRq& rq = rq_[v.cpu];
        Task& t = v.task(task);
        const bool queued = ent(task).queued, runs = rq.curr == task;
        if (queued && rq.curr != kNoTask) update_curr(v, rq.curr);
        const std::int64_t prot = before(ent(task).vprot, t.se.vruntime);
        if (queued) {
            if (!runs) erase(v.tasks, rq, task);
            leave(v.tasks, rq, task, false);
        }
        Entity& e = ent(task);
        e.vlag = e.vlag * t.se.weight / w.weight;
        if (e.rel_deadline)
            e.deadline = static_cast<std::uint64_t>(static_cast<std::int64_t>(e.deadline) *
                                                    t.se.weight / w.weight);
        const std::uint32_t old = t.se.weight;
        if (v.tasks.avg(task).last_update_time != 0) pelt::reweight(rq.pelt, v.tasks.avg_mut(task), old, w.weight);
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
        if (!queued) return;
        place(v.tasks, rq, task, false);
        e.vprot = t.se.vruntime + static_cast<std::uint64_t>(prot * old / w.weight);
        account(v.tasks, rq, task, +1);
        if (!runs) insert(v.tasks, rq, task);
    }

    void migrate(SchedView v, TaskId task, CpuId) override {
        end_delay(v, task);
        pelt::leave_asleep(v, rq_[v.cpu].pelt, task);
    }
    void leave_class(SchedView v, TaskId task) override {
        end_delay(v, task);
        pelt::leave_queue(v, rq_[v.cpu].pelt, holds(rq_[v.cpu]), task);
    }
    const pelt::Rq* averages(CpuId cpu) const override { return &rq_[cpu].pelt; }
    pelt::Rq* averages(CpuId cpu) override { return &rq_[cpu].pelt; }
    void update_blocked(SchedView v) override {
        pelt::update_queue(pelt::clock(v.now), rq_[v.cpu].pelt, holds(rq_[v.cpu]));
    }
    std::uint64_t h_load(SchedView v, TaskId task) const override { return v.tasks.avg(task).load_avg; }
    void detach_averages(SchedView v, TaskId task) override {
        end_delay(v, task);
        pelt::leave_queue(v, rq_[v.cpu].pelt, holds(rq_[v.cpu]), task);
    }
    void follow_group(SchedView v, TaskId entity, pelt::Rq& group, std::uint64_t weight, std::uint32_t h_nr,
                      bool queued) override {
        EevdfRq& rq = rq_[v.cpu];
        if (v.tasks.avg(entity).last_update_time != 0) {
            update_avg(v, rq, entity, queued);
            pelt::follow(rq.pelt, v.tasks.avg_mut(entity), v.peek(entity).se.weight, group, weight);
        }
        v.tasks.avg_mut(entity).runnable_weight = h_nr;
    }
    void passed_over(SchedView v) override { rq_[v.cpu].was = kNoTask; }
    // hrtick_start_fair: when the turn's slice is used up; never sooner than 10 us from now.
    Nanos slice_end(SchedView v, TaskId curr) const override {
        const EevdfRq& rq = rq_[v.cpu];
        if (!f_.hrtick || std::max(rq.h_nr, rq.nr_running) < 2) return kNever;
        const SchedEntity& se = v.peek(curr).se;
        const std::uint64_t ran = se.sum_exec_runtime - se.prev_sum_exec_runtime;
        if (ran >= se.slice) return kNever;   // picked again past its slice: the next tick sees to it
        return std::max(se.exec_start + static_cast<Nanos>(se.slice - ran), v.now + 10 * kMicro);
    }
    bool slice_over(SchedView v, TaskId curr) override {   // entity_tick(queued): the timer was set to the slice
        update_curr(v, curr);
        update_avg(v, rq_[v.cpu], curr, true);
        return f_.hrtick && std::max(rq_[v.cpu].h_nr, rq_[v.cpu].nr_running) > 1;
    }
    void set_above(CpuId cpu, std::uint32_t h_nr, std::span<const std::pair<std::uint64_t, std::uint64_t>>) override {
        rq_[cpu].h_nr = h_nr;
    }
    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    bool is_tree() const override { return true; }
    std::uint64_t load(CpuId cpu) const override { return static_cast<std::uint64_t>(rq_[cpu].sum_w); }
    bool balances() const override { return true; }

    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out = tree_rows(tasks, cpu, most + rq_[cpu].nr_delayed);
        std::erase_if(out, [](const QueueRow& r) { return r.delayed; });
        if (out.size() > most) out.resize(most);
        return out;
    }
    std::vector<QueueRow> tree_rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out;
        const EevdfRq& rq = rq_[cpu];
        for (TaskId t = rq.tree.leftmost(); t != kNoTask && out.size() < most; t = RbTree::next(tasks, t)) {
            const SchedEntity& se = tasks[t].se;
            const Entity& e = ent(t);
            out.push_back({.task = t,
                           .key = static_cast<std::int64_t>(e.deadline),
                           .left = se.node.left,
                           .right = se.node.right,
                           .parent = se.node.parent,
                           .red = se.node.red,
                           .vruntime = static_cast<std::int64_t>(se.vruntime),
                           .lag = before(average(rq), se.vruntime),
                           .eligible = eligible(tasks, rq, t),
                           .delayed = e.delayed});
        }
        return out;
    }

    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        const EevdfRq& rq = rq_[cpu];
        return {{"avg_vruntime", static_cast<std::int64_t>(average(rq))},
                {"nr_running", rq.nr_running},
                {"nr_delayed", rq.nr_delayed},
                {"load.weight", rq.sum_w},
                {"load_avg", static_cast<std::int64_t>(rq.pelt.avg.load_avg)},
                {"runnable_avg", rq.pelt.avg.runnable_avg},
                {"util_avg", rq.pelt.avg.util_avg},
                {"base_slice", f_.base_slice}};
    }

    NamedNumbers entry_numbers(const TaskTable& tasks, CpuId, const QueueRow& row) const override {
        const Entity& e = ent(row.task);
        return {{"deadline_ns", row.key},
                {"vruntime_ns", row.vruntime},
                {"lag_ns", row.lag},
                {"slice_ns", static_cast<std::int64_t>(e.custom != 0 ? e.custom : static_cast<std::uint64_t>(f_.base_slice))},
                {"weight", tasks[row.task].se.weight}};
    }
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        QueuePicture out = SchedClass::picture(tasks, cpu, most);
        out.numbers.push_back({"avg_vruntime_ns", static_cast<std::int64_t>(average(rq_[cpu]))});
        return out;
    }

    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override {
        Eevdf trial(*this);
        TaskTable table = tasks;
        EevdfRq& rq = trial.rq_[cpu];
        if (prev != kNoTask && rq.curr == prev) {
            rq.curr = kNoTask;
            rq.was = prev;
            trial.insert(table, rq, prev);
        }
        PickReason why;
        Choice c = trial.choose(table, rq, true);
        while (c.task != kNoTask && trial.ent(c.task).delayed) {
            trial.finish_delayed(table, rq, c.task);
            c = trial.choose(table, rq, true);
        }
        why.winner = c.task;
        why.candidates = trial.rows(table, cpu, 8);
        why.queue = trial.picture(table, cpu, 31);
        why.candidate_count = rq.tree.size() - rq.nr_delayed;
        why.rule = c.rule;
        why.rule_zh = c.rule_zh;
        if (c.tie) {
            why.tie = "equal deadlines: first come, first served";
            why.tie_zh = "截止时间相等：先入队者先";
        }
        return why;
    }

    void mix(Fingerprint& print) const override {
        for (const EevdfRq& rq : rq_) {
            print.mix((std::uint64_t{rq.tree.root()} << 32) | rq.tree.leftmost());
            print.mix((std::uint64_t{rq.curr} << 32) | rq.was);
            print.mix((std::uint64_t{rq.nr_running} << 32) | (rq.nr_delayed * 4) |
                      (rq.want_resched ? 1u : 0u) | (rq.uncharged ? 2u : 0u));
            print.mix(rq.v0);
            print.mix(static_cast<std::uint64_t>(rq.sum_wv));
            pelt::mix(rq.pelt, print);
        }
        for (const Entity& e : ent_) {
            print.mix(e.deadline);
            print.mix(static_cast<std::uint64_t>(e.vlag));
            print.mix(e.vprot);
            print.mix(e.custom);
            print.mix((e.rel_deadline ? 1u : 0u) | (e.delayed ? 2u : 0u) | (e.queued ? 4u : 0u));
        }
    }

    std::string check(const TaskTable& tasks, CpuId cpu) const override {
        const EevdfRq& rq = rq_[cpu];
        std::int64_t sum_w = 0, sum_wv = 0;
        std::uint32_t count = 0, delayed = 0;
        std::vector<TaskId> all;
        for (TaskId t = rq.tree.leftmost(); t != kNoTask; t = RbTree::next(tasks, t)) all.push_back(t);
        if (rq.curr != kNoTask) all.push_back(rq.curr);
        for (TaskId t : all) {
            const SchedEntity& se = tasks[t].se;
            sum_w += se.weight;
            sum_wv += before(se.vruntime, rq.v0) * static_cast<std::int64_t>(se.weight);
            (ent(t).delayed ? delayed : count) += 1;
        }
        if (sum_w != rq.sum_w) return "the load is not the sum of the weights";
        if (sum_wv != rq.sum_wv) return "the lags do not add up to zero";
        if (count != rq.nr_running || delayed != rq.nr_delayed)
            return "nr_running is not the number of runnable tasks";
        if (!rq.tree.valid(tasks, order())) return "the run queue is not a valid red-black tree";
        if (const char* const fault = pelt::check(rq.pelt)) return fault;
        for (TaskId t : all)
            if (t != rq.curr && !knows_its_subtree(tasks, t)) return "a node does not know the least vruntime below it";
        return check_pick(tasks, rq, all);
    }

  private:
    struct Choice {
        TaskId task = kNoTask;
        bool tie = false;
        const char* rule = "";
        const char* rule_zh = "";
    };

    static pelt::RqNow holds(const EevdfRq& rq) {
        return {static_cast<std::uint64_t>(rq.sum_w),
                static_cast<std::uint32_t>(static_cast<std::int32_t>(rq.nr_running) + rq.pelt.below), rq.curr != kNoTask};
    }
    void update_avg(SchedView v, EevdfRq& rq, TaskId t, bool on_rq, pelt::Update what = pelt::Update::age) {
        pelt::update_load_avg(v, rq.pelt, holds(rq), t, on_rq, rq.curr == t, ent(t).delayed, what);
    }
    void end_delay(SchedView v, TaskId task) {
        if (!ent(task).delayed) return;
        update_avg(v, rq_[v.cpu], task, true);
        finish_delayed(v.tasks, rq_[v.cpu], task);
    }

    // The tree's order, and what its nodes know of what is below them.
    struct ByDeadline {
        const Eevdf& c;
        bool before(const TaskTable&, TaskId a, TaskId b) const {
            return static_cast<std::int64_t>(c.ent(a).deadline - c.ent(b).deadline) < 0;
        }
        void update(TaskTable& tasks, TaskId t) const {
            Entity& e = const_cast<Eevdf&>(c).ent(t);
            std::tie(e.min_vruntime, e.min_slice) = c.least_below(tasks, t);
        }
    };
    ByDeadline order() const { return {*this}; }
    std::pair<std::uint64_t, std::uint64_t> least_below(const TaskTable& tasks, TaskId t) const {
        const SchedEntity& se = tasks[t].se;
        std::pair<std::uint64_t, std::uint64_t> least{se.vruntime, se.slice};
        for (const TaskId child : {se.node.left, se.node.right}) {
            if (child == kNoTask) continue;
            if (sy::before(ent(child).min_vruntime, least.first) < 0) least.first = ent(child).min_vruntime;
            least.second = std::min(least.second, ent(child).min_slice);
        }
        return least;
    }
    bool knows_its_subtree(const TaskTable& tasks, TaskId t) const {
        return least_below(tasks, t) == std::pair{ent(t).min_vruntime, ent(t).min_slice};
    }
    // What must hold whatever happened: somebody is eligible, and the way down the tree finds the one with the earliest
    // deadline (a walk over all is the judge).
    std::string check_pick(const TaskTable& tasks, const EevdfRq& rq, const std::vector<TaskId>& all) const {
        if (all.empty()) return {};
        TaskId best = kNoTask;
        for (TaskId t : all)
            if (t != rq.curr && eligible(tasks, rq, t) && (best == kNoTask || order().before(tasks, t, best))) best = t;
        const bool curr_is = rq.curr != kNoTask && eligible(tasks, rq, rq.curr);
        if (best == kNoTask && !curr_is) return "nobody is eligible, although the lags add up to zero";
        if (earliest_eligible(tasks, rq) != best) return "an eligible task with an earlier deadline would be passed over";
        return {};
    }
    TaskId earliest_eligible(const TaskTable& tasks, const EevdfRq& rq) const {
        const TaskId first = rq.tree.leftmost();
        if (first != kNoTask && eligible(tasks, rq, first)) return first;
        for (TaskId t = rq.tree.root(); t != kNoTask;) {
            const QueueNode& n = tasks[t].se.node;
            if (n.left != kNoTask && reached(rq, ent(n.left).min_vruntime)) {
                t = n.left;
                continue;
            }
            if (eligible(tasks, rq, t)) return t;
            t = n.right;
        }
        return kNoTask;
    }
    std::uint64_t slice_of(const Entity& e) const {
        return e.custom != 0 ? e.custom : static_cast<std::uint64_t>(f_.base_slice);
    }
    // cfs_rq_min_slice: the shortest one among the running task and those that wait.
    std::uint64_t min_slice(const TaskTable& tasks, const EevdfRq& rq, TaskId curr) const {
        std::uint64_t least = tasks[curr].se.slice;
        if (rq.tree.root() != kNoTask) least = std::min(least, ent(rq.tree.root()).min_slice);
        return least;
    }
    // set_protect_slice: from now on it is protected till its deadline, or for the shortest slice that waits.
    void protect(const TaskTable& tasks, const EevdfRq& rq, TaskId task) {
        const SchedEntity& se = tasks[task].se;
        Entity& e = ent(task);
        constexpr std::uint64_t normalized = 700'000;   // normalized_sysctl_sched_base_slice
        std::uint64_t slice = f_.run_to_parity ? min_slice(tasks, rq, task) : normalized;
        slice = std::min(slice, se.slice);
        e.vprot = e.deadline;
        if (slice == se.slice || f_.own_slice) return;
        const std::uint64_t until = se.vruntime + calc_delta_fair(slice, se);
        if (before(until, e.vprot) < 0) e.vprot = until;
    }

    Entity& ent(TaskId task) {
        if (task >= kGroupEntity) [[unlikely]] {
            if (task - kGroupEntity >= group_ent_.size()) group_ent_.resize(task - kGroupEntity + 1);
            return group_ent_[task - kGroupEntity];
        }
        if (task >= ent_.size()) ent_.resize(task + 1);
        return ent_[task];
    }
    const Entity& ent(TaskId task) const {
        static const Entity blank;
        if (task >= kGroupEntity) [[unlikely]]
            return task - kGroupEntity < group_ent_.size() ? group_ent_[task - kGroupEntity] : blank;
        return task < ent_.size() ? ent_[task] : blank;
    }

    // V, rounded down: linux.md 6.5.1.
    static std::uint64_t average(const EevdfRq& rq) {
        if (rq.sum_w == 0) return rq.v0;
        std::int64_t sum = rq.sum_wv;
        if (sum < 0) sum -= rq.sum_w - 1;
        return rq.v0 + static_cast<std::uint64_t>(sum / rq.sum_w);
    }
    // Moves the reference to V, so that the sums stay small.
    static void rebase(EevdfRq& rq) {
        const std::uint64_t v = average(rq);
        rq.sum_wv -= before(v, rq.v0) * rq.sum_w;
        rq.v0 = v;
    }
    static bool reached(const EevdfRq& rq, std::uint64_t vruntime) {
        return rq.sum_wv >= before(vruntime, rq.v0) * rq.sum_w;
    }
    static bool eligible(const TaskTable& tasks, const EevdfRq& rq, TaskId task) {
        return reached(rq, tasks[task].se.vruntime);
    }
    bool is_protected(const TaskTable& tasks, TaskId task) const {
        return before(tasks[task].se.vruntime, ent(task).vprot) < 0;
    }

    void account(const TaskTable& tasks, EevdfRq& rq, TaskId task, int sign) {
        const SchedEntity& se = tasks[task].se;
        rq.sum_w += sign * static_cast<std::int64_t>(se.weight);
        rq.sum_wv += sign * before(se.vruntime, rq.v0) * static_cast<std::int64_t>(se.weight);
        ent(task).queued = sign > 0;
        rebase(rq);
    }
    void insert(TaskTable& tasks, EevdfRq& rq, TaskId task) {
        ent(task);   // its row exists before the tree writes to it
        tasks.mut(task).se.node.linked = false;
        rq.tree.insert(tasks, task, order());
        if (ent(task).delayed) tasks.mut(task).se.node.linked = false;   // it sleeps: only this class knows
    }
    void erase(TaskTable& tasks, EevdfRq& rq, TaskId task) {
        tasks.mut(task).se.node.linked = true;
        rq.tree.erase(tasks, task, order());
    }

    // update_entity_lag and the rest of dequeue_entity.
    void leave(const TaskTable& tasks, EevdfRq& rq, TaskId task, bool sleep) {
        const SchedEntity& se = tasks[task].se;
        Entity& e = ent(task);
        const auto limit = static_cast<std::int64_t>(calc_delta_fair(
            std::max<std::uint64_t>(2 * se.slice, static_cast<std::uint64_t>(f_.tick)), se));
        e.vlag = std::clamp(before(average(rq), se.vruntime), -limit, limit);
        if (!sleep && f_.place_rel_deadline) {
            e.deadline -= se.vruntime;
            e.rel_deadline = true;
        }
        account(tasks, rq, task, -1);
    }
    // A delayed task's lag is worn off (or it moves): now it really leaves.
    void finish_delayed(TaskTable& tasks, EevdfRq& rq, TaskId task) {
        erase(tasks, rq, task);
        leave(tasks, rq, task, true);
        Entity& e = ent(task);
        e.delayed = false;
        --rq.nr_delayed;
        if (f_.delay_zero && e.vlag > 0) e.vlag = 0;
    }
    void requeue_delayed(SchedView v, EevdfRq& rq, TaskId task) {
        Entity& e = ent(task);
        erase(v.tasks, rq, task);
        e.delayed = false;
        --rq.nr_delayed;
        if (f_.delay_zero && before(average(rq), v.peek(task).se.vruntime) > 0) {
            account(v.tasks, rq, task, -1);
            e.vlag = 0;
            place(v.tasks, rq, task, false);
            account(v.tasks, rq, task, +1);
        }
        insert(v.tasks, rq, task);
    }

    // place_entity, linux.md 6.5.4.
    void place(TaskTable& tasks, EevdfRq& rq, TaskId task, bool initial) {
        SchedEntity& se = tasks.mut(task).se;
        Entity& e = ent(task);
        se.slice = slice_of(e);
        std::uint64_t vslice = calc_delta_fair(se.slice, se);
        std::int64_t lag = 0;
        if (f_.place_lag && rq.sum_w > 0 && e.vlag != 0)
            lag = e.vlag * (rq.sum_w + static_cast<std::int64_t>(se.weight)) / rq.sum_w;
        se.vruntime = average(rq) - static_cast<std::uint64_t>(lag);
        if (e.rel_deadline) {
            e.deadline += se.vruntime;
            e.rel_deadline = false;
            return;
        }
        if (initial && f_.place_deadline_initial) vslice /= 2;
        e.deadline = se.vruntime + vslice;
    }

    // pick_eevdf: the protected one, else the eligible one with the earliest deadline.
    Choice choose(const TaskTable& tasks, const EevdfRq& rq, bool protect) const {
        const TaskId curr = rq.curr != kNoTask ? rq.curr : rq.was;
        Choice c;
        if (curr != kNoTask && protect && eligible(tasks, rq, curr) && is_protected(tasks, curr)) {
            c.task = curr;
            c.rule = "it is eligible and its slice is not used up (RUN_TO_PARITY)";
            c.rule_zh = "它有资格，且时间片未用完（RUN_TO_PARITY）";
            return c;
        }
        TaskId best = earliest_eligible(tasks, rq);
        if (best != kNoTask) {
            const TaskId after = RbTree::next(tasks, best);
            c.tie = after != kNoTask && ent(after).deadline == ent(best).deadline && eligible(tasks, rq, after);
        }
        if (rq.curr != kNoTask && eligible(tasks, rq, rq.curr) &&
            (best == kNoTask || before(ent(rq.curr).deadline, ent(best).deadline) < 0))
            best = rq.curr;
        if (best == kNoTask && !rq.tree.empty()) best = rq.tree.leftmost();
        c.task = best;
        c.rule = rq.tree.size() == 1 && rq.curr == kNoTask
                     ? "nobody else is runnable"
                     : "of the eligible ones its virtual deadline is the earliest";
        c.rule_zh = rq.tree.size() == 1 && rq.curr == kNoTask ? "没有别的可运行任务"
                                                               : "在有资格者中它的虚拟截止时间最早";
        return c;
    }

    Features f_;
    std::vector<EevdfRq> rq_;
    std::vector<Entity> ent_, group_ent_;   // of tasks, and of groups that stand in this queue
};

constexpr PolicyOption options[] = {
    {"base_slice", "base_slice=700us",
     "slice of every task (base_slice_ns; default 0.70 ms x CPU factor)",
     "每个任务的时间片（base_slice_ns；默认 0.70 ms × CPU 系数）"},
    {"base_slice_ns", "base_slice_ns=700000", "the same by the kernel's name, in ns", "同上，用内核的名字，单位 ns"},
    {"tunable_scaling", "tunable_scaling=none|log|linear",
     "how the slice grows with the CPUs, 8 at most (default log: 1 + log2)",
     "时间片随 CPU 数（最多按 8 个）如何放大（默认 log：1 + log2）"},
    {"place_lag", "place_lag=on|off",
     "a task comes back with the lag it left with (PLACE_LAG, default on)",
     "任务带着离开时的滞后量回来（PLACE_LAG，默认开）"},
    {"run_to_parity", "run_to_parity=on|own|off",
     "who was picked runs to its deadline, or for the shortest slice that waits (RUN_TO_PARITY, default on); own: to "
     "its deadline in any case, as up to 6.16",
     "被选中者运行到其截止时间，或运行等待者中最短的时间片（RUN_TO_PARITY，默认开）；own：一律到其截止时间，如 6.16 及以前"},
    {"preempt_short", "preempt_short=on|off",
     "a woken task with a shorter slice ends that protection (PREEMPT_SHORT, default on)",
     "时间片更短的被唤醒者可结束这种保护（PREEMPT_SHORT，默认开）"},
    {"place_deadline_initial", "place_deadline_initial=on|off",
     "a new task's first deadline is half a slice away (PLACE_DEADLINE_INITIAL, default on)",
     "新任务的第一个截止时间只在半个时间片之后（PLACE_DEADLINE_INITIAL，默认开）"},
    {"place_rel_deadline", "place_rel_deadline=on|off",
     "what is left till the deadline is kept over a migration (PLACE_REL_DEADLINE, default on)",
     "迁移时保留距截止时间的剩余量（PLACE_REL_DEADLINE，默认开）"},
    {"delay_zero", "delay_zero=on|off",
     "a delayed sleeper leaves or wakes with no credit (DELAY_ZERO, default on)",
     "延迟出队的睡眠者离开或醒来时没有余额（DELAY_ZERO，默认开）"},
    {"delay_dequeue", "delay_dequeue=on|off",
     "a sleeper that overran stays queued until its lag is worn off (DELAY_DEQUEUE, default on)",
     "透支的睡眠者留在队列中，直到滞后量消尽（DELAY_DEQUEUE，默认开）"},
    {"wakeup_preemption", "wakeup_preemption=on|off",
     "wakeups may preempt (WAKEUP_PREEMPTION, default on)",
     "唤醒可以抢占（WAKEUP_PREEMPTION，默认开）"},
};

std::unique_ptr<SchedClass> make_eevdf(const SchedOptions& o, std::string& error) {
    const int factor = cpu_factor(o);
    if (factor == 0) {
        error = "tunable_scaling";
        return nullptr;
    }
    Features f;
    f.base_slice *= factor;
    f.tick = kSecond / o.hz;
    for (const auto& [name, value] : o.settings) {
        std::string key = name;   // features have capitals in the kernel
        for (char& c : key)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        bool* const flag = key == "place_lag"                ? &f.place_lag
                           : key == "run_to_parity"          ? &f.run_to_parity
                           : key == "delay_dequeue"          ? &f.delay_dequeue
                           : key == "wakeup_preemption"      ? &f.wakeup_preemption
                           : key == "preempt_short"          ? &f.preempt_short
                           : key == "place_deadline_initial" ? &f.place_deadline_initial
                           : key == "place_rel_deadline"     ? &f.place_rel_deadline
                           : key == "delay_zero"             ? &f.delay_zero
                           : key == "hrtick"                 ? &f.hrtick
                                                             : nullptr;
        bool ok = false;
        if (flag == &f.run_to_parity) f.own_slice = value == "own";
        if (flag != nullptr && flag == &f.run_to_parity && f.own_slice) {
            ok = *flag = true;
        } else if (flag != nullptr) {
            ok = value == "on" || value == "off";
            *flag = value == "on";
        } else if (key == "base_slice" || key == "base_slice_ns" || key == "sched_base_slice_ns") {
            f.base_slice = parse_duration_setting(value, key);
            ok = f.base_slice > 0;
        } else if (key == "tunable_scaling") {
            ok = true;
        }
        if (!ok) {
            error = name + "=" + value;
            return nullptr;
        }
    }
    return std::make_unique<Eevdf>(o.cpus, f);
}

}  // namespace

extern const PolicyInfo eevdf_policy;
const PolicyInfo eevdf_policy = {"eevdf",
                                 "Earliest Eligible Virtual Deadline First (Linux 6.12 and later)",
                                 "最早合格虚拟截止时间优先（Linux 6.12 起）",
                                 "kernel/sched/fair.c of Linux 6.12 to 6.18, linux.md 6.5",
                                 options,
                                 make_eevdf};

}  // namespace sy
