// EEVDF, Earliest Eligible Virtual Deadline First, as Linux has it since 6.12: each task has a lag,
// what it is owed against an ideal machine that serves all at once. Who is owed nothing negative is
// eligible; of the eligible ones the earliest virtual deadline runs. A sleeper keeps its lag
// instead of getting a bonus.
//
// Rules, names and numbers: linux.md 6.5 (kernel/sched/fair.c of 6.12 to 6.18) and the measured
// rules of real-kernel.md. V is the load-weighted average of all vruntimes; the sums are kept
// against a reference v0, so that no product overflows. The queue is kept in order of deadline;
// Linux's tree gives the same order.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/sched/class.h"

namespace sy {

namespace {

constexpr std::uint64_t kNice0Weight = 1024;

std::int64_t before(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b); }

// calc_delta_fair in the kernel's fixed-point arithmetic, linux.md 6.4.2.
std::uint64_t calc_delta_fair(std::uint64_t delta, const SchedEntity& se) {
    if (se.weight == kNice0Weight) return delta;
    std::uint64_t fact = kNice0Weight * se.inv_weight;
    int shift = 32;
    if (const auto high = static_cast<std::uint32_t>(fact >> 32); high != 0) {
        const int excess = 32 - __builtin_clz(high);
        shift -= excess;
        fact >>= excess;
    }
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(delta) * fact) >> shift);
}

struct Features {
    Nanos base_slice = 700 * kMicro, tick = 4 * kMilli;
    bool place_lag = true, run_to_parity = true, delay_dequeue = true, wakeup_preemption = true;
};

// What Linux keeps in sched_entity and only EEVDF needs.
struct Entity {
    std::uint64_t deadline = 0;
    std::int64_t vlag = 0;
    std::uint64_t vprot = 0;    // protected until its vruntime reaches this
    bool rel_deadline = false;  // `deadline` counts from its vruntime
    bool delayed = false;       // sleeps, but stays queued until its lag is worn off
    bool queued = false;        // counts in the sums: in the queue or running
};

struct EevdfRq {
    std::vector<TaskId>
        queue;  // by deadline, first come first; delayed ones too, the running one not
    TaskId curr = kNoTask;
    TaskId was = kNoTask;          // ran until now and stays runnable: a pick has not been made yet
    std::uint32_t nr_running = 0;  // h_nr_runnable: without delayed ones
    std::uint32_t nr_delayed = 0;
    std::uint64_t v0 = 0;     // zero_vruntime
    std::int64_t sum_wv = 0;  // sum of w * (v - v0), all queued ones and curr
    std::int64_t sum_w = 0;
    bool want_resched = false;
    bool uncharged = false;  // a delayed task was woken: `curr` is charged at the preemption check
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
    }

    TaskId pick_next(SchedView v) override {
        EevdfRq& rq = rq_[v.cpu];
        for (;;) {
            const TaskId t = choose(v.tasks, rq, true).task;
            if (t == kNoTask || !ent(t).delayed) return t;
            finish_delayed(v.tasks, rq, t);
        }
    }

    void set_next(SchedView v, TaskId task) override {
        EevdfRq& rq = rq_[v.cpu];
        erase(v.tasks, rq, task);
        SchedEntity& se = v.task(task).se;
        se.exec_start = v.now;
        if (task != rq.was) {  // switched in: protected from now on
            se.prev_sum_exec_runtime = se.sum_exec_runtime;
            Entity& e = ent(task);
            e.vprot =
                f_.run_to_parity
                    ? e.deadline
                    : std::min(e.deadline,
                               se.vruntime + calc_delta_fair(static_cast<std::uint64_t>(std::min(
                                                                 f_.base_slice, 700 * kMicro)),
                                                             se));
        }
        rq.curr = task;
        rq.was = kNoTask;
        rq.want_resched = false;
    }

    void put_prev(SchedView v, TaskId task) override {
        EevdfRq& rq = rq_[v.cpu];
        update_curr(v, task);
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
            se.slice = static_cast<std::uint64_t>(f_.base_slice);
            e.deadline = se.vruntime + calc_delta_fair(se.slice, se);
            resched = true;
        }
        rebase(rq);
        if (rq.nr_running + rq.nr_delayed > 1 && (resched || !is_protected(v.tasks, curr)))
            rq.want_resched = true;
    }

    bool tick(SchedView v, TaskId curr) override {
        update_curr(v, curr);
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
        return choose(v.tasks, rq, true).task == wakee;
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

    void fork(SchedView v, TaskId, TaskId child) override {
        v.task(child).se.slice = static_cast<std::uint64_t>(f_.base_slice);
        ent(child) = {};
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
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
        if (!queued) return;
        place(v.tasks, rq, task, false);
        e.vprot = t.se.vruntime + static_cast<std::uint64_t>(prot * old / w.weight);
        account(v.tasks, rq, task, +1);
        if (!runs) insert(v.tasks, rq, task);
    }

    void migrate(SchedView v, TaskId task, CpuId) override {
        if (ent(task).delayed) finish_delayed(v.tasks, rq_[v.cpu], task);
    }
    void leave_class(SchedView v, TaskId task) override { migrate(v, task, v.cpu); }
    void passed_over(SchedView v) override { rq_[v.cpu].was = kNoTask; }
    Nanos slice_end(SchedView, TaskId) const override { return kNever; }
    bool slice_over(SchedView, TaskId) override { return false; }
    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    std::uint64_t load(CpuId cpu) const override { return static_cast<std::uint64_t>(rq_[cpu].sum_w); }
    bool balances() const override { return true; }
    bool is_tree() const override { return false; }

    std::vector<QueueRow> rows(const TaskTable&, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out;
        for (TaskId t : rq_[cpu].queue)
            if (out.size() < most && !ent(t).delayed)
                out.push_back({.task = t, .key = static_cast<std::int64_t>(ent(t).deadline)});
        return out;
    }

    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        const EevdfRq& rq = rq_[cpu];
        return {{"avg_vruntime", static_cast<std::int64_t>(average(rq))},
                {"nr_running", rq.nr_running},
                {"nr_delayed", rq.nr_delayed},
                {"load", rq.sum_w},
                {"base_slice", f_.base_slice}};
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
        why.candidate_count = rq.queue.size() - rq.nr_delayed;
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
            for (TaskId t : rq.queue) print.mix(t);
            print.mix((std::uint64_t{rq.curr} << 32) | rq.was);
            print.mix((std::uint64_t{rq.nr_running} << 32) | (rq.nr_delayed * 4) |
                      (rq.want_resched ? 1u : 0u) | (rq.uncharged ? 2u : 0u));
            print.mix(rq.v0);
            print.mix(static_cast<std::uint64_t>(rq.sum_wv));
        }
        for (const Entity& e : ent_) {
            print.mix(e.deadline);
            print.mix(static_cast<std::uint64_t>(e.vlag));
            print.mix(e.vprot);
            print.mix((e.rel_deadline ? 1u : 0u) | (e.delayed ? 2u : 0u) | (e.queued ? 4u : 0u));
        }
    }

    std::string check(const TaskTable& tasks, CpuId cpu) const override {
        const EevdfRq& rq = rq_[cpu];
        std::int64_t sum_w = 0, sum_wv = 0;
        std::uint32_t count = 0, delayed = 0;
        std::vector<TaskId> all = rq.queue;
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
        for (std::size_t i = 1; i < rq.queue.size(); ++i)
            if (before(ent(rq.queue[i]).deadline, ent(rq.queue[i - 1]).deadline) < 0)
                return "the queue is not in order of deadline";
        return {};
    }

  private:
    struct Choice {
        TaskId task = kNoTask;
        bool tie = false;
        const char* rule = "";
        const char* rule_zh = "";
    };

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
    static bool eligible(const TaskTable& tasks, const EevdfRq& rq, TaskId task) {
        return rq.sum_wv >= before(tasks[task].se.vruntime, rq.v0) * rq.sum_w;
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
        const std::uint64_t d = ent(task).deadline;
        const auto at = std::upper_bound(
            rq.queue.begin(), rq.queue.end(), d,
            [&](std::uint64_t x, TaskId t) { return before(x, ent(t).deadline) < 0; });
        rq.queue.insert(at, task);
        if (!ent(task).delayed) tasks.mut(task).se.node = QueueNode{.linked = true};
    }
    void erase(TaskTable& tasks, EevdfRq& rq, TaskId task) {
        const auto at = std::find(rq.queue.begin(), rq.queue.end(), task);
        SY_ASSERT(at != rq.queue.end(), "only a queued task can leave the queue");
        rq.queue.erase(at);
        tasks.mut(task).se.node = QueueNode{};
    }

    // update_entity_lag and the rest of dequeue_entity.
    void leave(const TaskTable& tasks, EevdfRq& rq, TaskId task, bool sleep) {
        const SchedEntity& se = tasks[task].se;
        Entity& e = ent(task);
        const auto limit = static_cast<std::int64_t>(calc_delta_fair(
            std::max<std::uint64_t>(2 * se.slice, static_cast<std::uint64_t>(f_.tick)), se));
        e.vlag = std::clamp(before(average(rq), se.vruntime), -limit, limit);
        if (!sleep) {
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
        if (e.vlag > 0) e.vlag = 0;  // DELAY_ZERO
    }
    void requeue_delayed(SchedView v, EevdfRq& rq, TaskId task) {
        Entity& e = ent(task);
        erase(v.tasks, rq, task);
        e.delayed = false;
        --rq.nr_delayed;
        if (before(average(rq), v.peek(task).se.vruntime) > 0) {  // DELAY_ZERO
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
        se.slice = static_cast<std::uint64_t>(f_.base_slice);
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
        if (initial) vslice /= 2;
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
        TaskId best = kNoTask;
        for (std::size_t i = 0; i < rq.queue.size(); ++i) {
            if (!eligible(tasks, rq, rq.queue[i])) continue;
            best = rq.queue[i];
            c.tie = i + 1 < rq.queue.size() &&
                    ent(rq.queue[i + 1]).deadline == ent(best).deadline &&
                    eligible(tasks, rq, rq.queue[i + 1]);
            break;
        }
        if (rq.curr != kNoTask && eligible(tasks, rq, rq.curr) &&
            (best == kNoTask || before(ent(rq.curr).deadline, ent(best).deadline) < 0))
            best = rq.curr;
        if (best == kNoTask && !rq.queue.empty()) best = rq.queue.front();
        c.task = best;
        c.rule = rq.queue.size() == 1 && rq.curr == kNoTask
                     ? "nobody else is runnable"
                     : "of the eligible ones its virtual deadline is the earliest";
        c.rule_zh = rq.queue.size() == 1 && rq.curr == kNoTask ? "没有别的可运行任务"
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
    {"place_lag", "place_lag=on|off",
     "a task comes back with the lag it left with (PLACE_LAG, default on)",
     "任务带着离开时的滞后量回来（PLACE_LAG，默认开）"},
    {"run_to_parity", "run_to_parity=on|off",
     "who was picked runs to its deadline (RUN_TO_PARITY, default on)",
     "被选中者运行到其截止时间（RUN_TO_PARITY，默认开）"},
    {"delay_dequeue", "delay_dequeue=on|off",
     "a sleeper that overran stays queued until its lag is worn off (DELAY_DEQUEUE, default on)",
     "透支的睡眠者留在队列中，直到滞后量消尽（DELAY_DEQUEUE，默认开）"},
    {"wakeup_preemption", "wakeup_preemption=on|off",
     "wakeups may preempt (WAKEUP_PREEMPTION, default on)",
     "唤醒可以抢占（WAKEUP_PREEMPTION，默认开）"},
};

std::unique_ptr<SchedClass> make_eevdf(const SchedOptions& o, std::string& error) {
    // tunable_scaling "log": 1 + floor(log2(min(cpus, 8))), linux.md 6.4.3.
    int factor = 1;
    for (int n = std::min(o.cpus, 8); n > 1; n /= 2) ++factor;
    Features f;
    f.base_slice *= factor;
    f.tick = kSecond / o.hz;
    for (const auto& [key, value] : o.settings) {
        bool* const flag = key == "place_lag"           ? &f.place_lag
                           : key == "run_to_parity"     ? &f.run_to_parity
                           : key == "delay_dequeue"     ? &f.delay_dequeue
                           : key == "wakeup_preemption" ? &f.wakeup_preemption
                                                        : nullptr;
        bool ok = false;
        if (flag != nullptr) {
            ok = value == "on" || value == "off";
            *flag = value == "on";
        } else if (key == "base_slice") {
            f.base_slice = parse_duration_setting(value);
            ok = f.base_slice > 0;
        }
        if (!ok) {
            error = key + "=" + value;
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
