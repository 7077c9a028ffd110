// CFS, the Completely Fair Scheduler as Linux 6.1 has it: each task has a virtual runtime that advances slower the
// heavier it is, a red-black tree orders the runnable ones by it, and the leftmost runs next. Ticks end a turn, a
// waking task that lags far enough behind preempts, sleepers are placed a little to the left.
//
// Rules, names and numbers: linux.md 6.4 (kernel/sched/fair.c of 6.1). One difference in form, none in effect: Linux
// keeps vruntime relative while a task moves between CPUs; here `migrate` re-bases it in one go.
#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/sched/class.h"
#include "sim/sched/fair_avg.h"
#include "sim/sched/fair_math.h"
#include "sim/sched/rbtree.h"

namespace sy {

namespace {

constexpr Nanos kLongSleep = 60 * kSecond;   // linux.md 6.4.6

constexpr Nanos kShortestHrtick = 10 * kMicro;   // linux.md 6.3
constexpr std::uint32_t kIdleWeight = 3;     // of SCHED_IDLE, linux.md 6.4.1

std::int64_t lead(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b); }

struct CfsTunables {
    Nanos latency, min_granularity, wakeup_granularity;
    std::uint32_t nr_latency = 8;
    bool start_debit = true, gentle_fair_sleepers = true, wakeup_preemption = true, last_buddy = true, next_buddy = false;
    bool child_runs_first = false, hrtick = false;
    bool ties_by_pid = false;
};

struct CfsRq {
    Load load;                       // of all runnable tasks, the running one included
    std::uint32_t nr_running = 0;
    std::uint64_t min_vruntime = 0;
    RbTree tree;
    TaskId curr = kNoTask;
    TaskId prev = kNoTask;           // who ran last: picked again, its turn goes on
    TaskId next = kNoTask, last = kNoTask, skip = kNoTask;
    std::uint32_t h_nr = 0;          // of the whole CPU, if this is a group's queue; else 0
    std::vector<std::pair<std::uint64_t, std::uint64_t>> above;   // weight of the group's entity, load of its queue
    pelt::Rq pelt;
    bool parent_swapped = false;     // sched_child_runs_first has just put the running task behind its child
};

class Cfs final : public SchedClass {
  public:
    Cfs(int cpus, const CfsTunables& tunables) : t_(tunables), rq_(static_cast<std::size_t>(cpus)) {}
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<Cfs>(*this); }

    void enqueue(SchedView v, TaskId task, Enqueue why) override {
        CfsRq& rq = rq_[v.cpu];
        if (rq.curr != kNoTask) update_curr(v, rq.curr);
        SchedEntity& se = v.task(task).se;
        if (why == Enqueue::wakeup) place_sleeper(rq, se, v.now);
        if (why == Enqueue::changed || why == Enqueue::changed_to_head) se.vruntime += rq.min_vruntime;
        if (why == Enqueue::fresh && !is_group_entity(task)) pelt::init_task(rq.pelt, v.tasks.avg_mut(task), se.weight);
        update_avg(v, rq, task, false, pelt::Update::attach);
        rq.load.weight += se.weight;
        ++rq.nr_running;
        rq.tree.insert(v.tasks, task, order());
    }

    void dequeue(SchedView v, TaskId task, Dequeue why) override {
        CfsRq& rq = rq_[v.cpu];
        if (rq.curr != kNoTask) update_curr(v, rq.curr);
        update_avg(v, rq, task, true, why == Dequeue::migrated ? pelt::Update::detach : pelt::Update::age);
        if (why == Dequeue::sleep && (v.peek(task).state & task_state::dead) != 0) pelt::leave_asleep(v, rq.pelt, task);
        if (task == rq.curr)
            rq.curr = kNoTask;
        else
            rq.tree.erase(v.tasks, task, order());
        forget_buddy(rq, task);
        rq.load.weight -= v.peek(task).se.weight;
        --rq.nr_running;
        // Relative while it may be elsewhere: it comes back as far from min_vruntime as it left (linux.md 6.4.6).
        if (why == Dequeue::changed) v.task(task).se.vruntime -= rq.min_vruntime;
        update_min_vruntime(v.tasks, rq);
    }

    void leave_class(SchedView v, TaskId task) override {
        CfsRq& rq = rq_[v.cpu];
        rq.prev = rq.prev == task ? kNoTask : rq.prev;
        pelt::leave_queue(v, rq.pelt, holds(rq), task);
        if (v.peek(task).on_rq) return;   // dequeue did it
        place_sleeper(rq, v.task(task).se, v.now);
        v.task(task).se.vruntime -= rq.min_vruntime;
    }
    void join_class(SchedView v, TaskId task) override {
        if (!v.peek(task).on_rq) v.task(task).se.vruntime += rq_[v.cpu].min_vruntime;
    }
    void passed_over(SchedView v) override { rq_[v.cpu].prev = kNoTask; }

    TaskId pick_next(SchedView v) override {
        CfsRq& rq = rq_[v.cpu];
        const TaskId pick = choose(v.tasks, rq, kNoTask).task;
        if (pick != kNoTask) forget_buddy(rq, pick);
        return pick;
    }

    void set_next(SchedView v, TaskId task) override {
        CfsRq& rq = rq_[v.cpu];
        rq.tree.erase(v.tasks, task, order());
        update_avg(v, rq, task, true);
        SchedEntity& se = v.task(task).se;
        se.exec_start = v.now;
        if (task != rq.prev) se.prev_sum_exec_runtime = se.sum_exec_runtime;
        rq.curr = task;
        rq.prev = task;
    }

    void put_prev(SchedView v, TaskId task) override {
        CfsRq& rq = rq_[v.cpu];
        update_curr(v, task);
        update_avg(v, rq, task, true);
        rq.curr = kNoTask;
        rq.tree.insert(v.tasks, task, order());
    }

    void update_curr(SchedView v, TaskId curr) override {
        CfsRq& rq = rq_[v.cpu];
        SchedEntity& se = v.task(curr).se;
        const Nanos delta = v.now - se.exec_start;
        if (delta <= 0) return;
        se.exec_start = v.now;
        se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
        se.vruntime += calc_delta_fair(static_cast<std::uint64_t>(delta), se);
        update_min_vruntime(v.tasks, rq);
    }

    bool tick(SchedView v, TaskId curr) override {
        CfsRq& rq = rq_[v.cpu];
        update_curr(v, curr);
        update_avg(v, rq, curr, true);
        return rq.nr_running > 1 && turn_is_over(v.tasks, rq, curr);
    }

    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override {
        CfsRq& rq = rq_[v.cpu];
        const bool idle = v.peek(curr).policy == Policy::idle, idle_wakee = v.peek(wakee).policy == Policy::idle;
        if (idle && !idle_wakee) return true;
        if (std::exchange(rq.parent_swapped, false)) return true;   // resched_curr in task_fork_fair
        if (!t_.wakeup_preemption || v.peek(wakee).policy != Policy::normal) return false;
        update_curr(v, curr);
        if (t_.next_buddy) rq.next = wakee;
        if (!far_behind(v.tasks, wakee, curr)) return false;
        rq.next = wakee;
        if (t_.last_buddy && rq.nr_running >= t_.nr_latency) rq.last = curr;
        return true;
    }

    void yield(SchedView v, TaskId curr) override {
        CfsRq& rq = rq_[v.cpu];
        if (rq.nr_running == 1) return;
        forget_buddy(rq, curr);
        update_curr(v, curr);
        rq.skip = curr;
    }

    void fork(SchedView v, TaskId parent, TaskId child) override {
        CfsRq& rq = rq_[v.cpu];
        if (rq.curr != kNoTask) update_curr(v, rq.curr);
        SchedEntity& se = v.task(child).se;
        if (parent == kNoTask) {   // released from outside: neither credit nor debit
            se.vruntime = rq.min_vruntime;
            return;
        }
        se.vruntime = v.peek(parent).se.vruntime;
        std::uint64_t place = rq.min_vruntime;
        if (t_.start_debit) place += calc_delta_fair(slice(rq, se, false), se);
        if (lead(place, se.vruntime) > 0) se.vruntime = place;
        // task_fork_fair: the parent lets the child go first by changing places with it.
        if (t_.child_runs_first && parent == rq.curr && lead(v.peek(parent).se.vruntime, se.vruntime) < 0) {
            std::swap(se.vruntime, v.task(parent).se.vruntime);
            rq.parent_swapped = true;
        }
    }

    void reweight(SchedView v, TaskId task, bool queued) override {
        set_weight(v, task, weight_of(v.peek(task)), queued);
    }

    void set_above(CpuId cpu, std::uint32_t h_nr, std::span<const std::pair<std::uint64_t, std::uint64_t>> above) override {
        rq_[cpu].h_nr = h_nr;
        rq_[cpu].above.assign(above.begin(), above.end());
    }

    void set_weight(SchedView v, TaskId task, Weight w, bool queued) override {
        CfsRq& rq = rq_[v.cpu];
        if (queued && rq.curr != kNoTask) update_curr(v, rq.curr);
        Task& t = v.task(task);
        if (queued) rq.load.weight = rq.load.weight + w.weight - t.se.weight;
        if (v.tasks.avg(task).last_update_time != 0) pelt::reweight(rq.pelt, v.tasks.avg_mut(task), t.se.weight, w.weight);
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
    }

    const pelt::Rq* averages(CpuId cpu) const override { return &rq_[cpu].pelt; }
    pelt::Rq* averages(CpuId cpu) override { return &rq_[cpu].pelt; }
    void update_blocked(SchedView v) override {
        pelt::update_queue(pelt::clock(v.now), rq_[v.cpu].pelt, holds(rq_[v.cpu]));
    }
    std::uint64_t h_load(SchedView v, TaskId task) const override { return v.tasks.avg(task).load_avg; }
    void detach_averages(SchedView v, TaskId task) override {
        pelt::leave_queue(v, rq_[v.cpu].pelt, holds(rq_[v.cpu]), task);
    }
    void follow_group(SchedView v, TaskId entity, pelt::Rq& group, std::uint64_t weight, std::uint32_t h_nr,
                      bool queued) override {
        CfsRq& rq = rq_[v.cpu];
        if (v.tasks.avg(entity).last_update_time != 0) {
            update_avg(v, rq, entity, queued);
            pelt::follow(rq.pelt, v.tasks.avg_mut(entity), v.peek(entity).se.weight, group, weight);
        }
        v.tasks.avg_mut(entity).runnable_weight = h_nr;
    }

    void migrate(SchedView v, TaskId task, CpuId to) override {
        pelt::leave_asleep(v, rq_[v.cpu].pelt, task);
        SchedEntity& se = v.task(task).se;
        se.vruntime = se.vruntime - rq_[v.cpu].min_vruntime + rq_[to].min_vruntime;
    }

    // hrtick_start_fair: when the turn's slice is used up; never sooner than 10 us from now.
    Nanos slice_end(SchedView v, TaskId curr) const override {
        const CfsRq& rq = rq_[v.cpu];
        if (!t_.hrtick || std::max(rq.h_nr, rq.nr_running) < 2) return kNever;
        const SchedEntity& se = v.peek(curr).se;
        const std::uint64_t ran = se.sum_exec_runtime - se.prev_sum_exec_runtime, ideal = slice(rq, se, true);
        if (ran >= ideal) return kNever;   // picked again past its slice: the next tick sees to it
        return std::max(se.exec_start + static_cast<Nanos>(ideal - ran), v.now + kShortestHrtick);
    }
    bool slice_over(SchedView v, TaskId curr) override {   // entity_tick(queued): the timer was set to the slice
        update_curr(v, curr);
        update_avg(v, rq_[v.cpu], curr, true);
        return t_.hrtick && std::max(rq_[v.cpu].h_nr, rq_[v.cpu].nr_running) > 1;
    }
    std::uint32_t runnable(CpuId cpu) const override { return rq_[cpu].nr_running; }
    std::uint64_t load(CpuId cpu) const override { return rq_[cpu].load.weight; }
    bool balances() const override { return true; }
    bool is_tree() const override { return true; }

    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out;
        for (TaskId t = rq_[cpu].tree.leftmost(); t != kNoTask && out.size() < most;
             t = RbTree::next(tasks, t)) {
            const SchedEntity& se = tasks[t].se;
            out.push_back({t, static_cast<std::int64_t>(se.vruntime), se.node.left, se.node.right,
                           se.node.parent, se.node.red});
        }
        return out;
    }

    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        const CfsRq& rq = rq_[cpu];
        return {{"min_vruntime", static_cast<std::int64_t>(rq.min_vruntime)},
                {"nr_running", rq.nr_running},
                {"load.weight", static_cast<std::int64_t>(rq.load.weight)},
                {"load_avg", static_cast<std::int64_t>(rq.pelt.avg.load_avg)},
                {"runnable_avg", rq.pelt.avg.runnable_avg},
                {"util_avg", rq.pelt.avg.util_avg},
                {"sched_latency", t_.latency},
                {"min_granularity", t_.min_granularity},
                {"wakeup_granularity", t_.wakeup_granularity}};
    }

    NamedNumbers entry_numbers(const TaskTable& tasks, CpuId, const QueueRow& row) const override {
        const SchedEntity& se = tasks[row.task].se;
        return {{"vruntime_ns", static_cast<std::int64_t>(se.vruntime)}, {"weight", se.weight}};
    }
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        QueuePicture out = SchedClass::picture(tasks, cpu, most);
        out.numbers.push_back({"min_vruntime_ns", static_cast<std::int64_t>(rq_[cpu].min_vruntime)});
        return out;
    }

    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override {
        const CfsRq& rq = rq_[cpu];
        const Choice choice = choose(tasks, rq, prev);
        PickReason why;
        why.winner = choice.task;
        why.candidates = rows(tasks, cpu, 8);
        why.candidate_count = rq.tree.size();
        if (prev != kNoTask) {
            const QueueRow running{prev, static_cast<std::int64_t>(tasks[prev].se.vruntime)};
            const auto place = std::find_if(
                why.candidates.begin(), why.candidates.end(),
                [&](const QueueRow& r) { return r.key > running.key; });
            why.candidates.insert(place, running);
            ++why.candidate_count;
        }
        why.rule = choice.rule;
        why.rule_zh = choice.rule_zh;
        if (choice.tie) {
            why.tie = t_.ties_by_pid ? "equal vruntime: lower pid first (tie=pid)"
                                     : "equal vruntime: first come, first served (tie=fifo, as Linux)";
            why.tie_zh = t_.ties_by_pid ? "vruntime 相等：pid 小者先（tie=pid）"
                                        : "vruntime 相等：先入队者先（tie=fifo，与 Linux 相同）";
        }
        return why;
    }

    void mix(Fingerprint& print) const override {
        for (const CfsRq& rq : rq_) {
            print.mix(rq.load.weight);
            print.mix(rq.min_vruntime);
            print.mix((std::uint64_t{rq.nr_running} << 32) | rq.curr);
            print.mix((std::uint64_t{rq.tree.root()} << 32) | rq.tree.leftmost());
            print.mix((std::uint64_t{rq.next} << 32) | rq.last);
            print.mix((std::uint64_t{rq.skip} << 32) | rq.prev);
            if (rq.parent_swapped) print.mix(1);
            pelt::mix(rq.pelt, print);
        }
    }

    std::string check(const TaskTable& tasks, CpuId cpu) const override {
        const CfsRq& rq = rq_[cpu];
        if (!rq.tree.valid(tasks, order())) return "the run queue is not a valid red-black tree";
        std::uint64_t load = 0;
        std::uint32_t count = 0;
        for (TaskId t = rq.tree.leftmost(); t != kNoTask; t = RbTree::next(tasks, t), ++count)
            load += tasks[t].se.weight;
        if (rq.curr != kNoTask) {
            load += tasks[rq.curr].se.weight;
            ++count;
        }
        if (load != rq.load.weight) return "load.weight is not the sum of the weights";
        if (count != rq.nr_running) return "nr_running is not the number of runnable tasks";
        if (const char* const fault = pelt::check(rq.pelt)) return fault;
        return {};
    }

  private:
    static pelt::RqNow holds(const CfsRq& rq) {
        return {rq.load.weight, static_cast<std::uint32_t>(static_cast<std::int32_t>(rq.nr_running) + rq.pelt.below),
                rq.curr != kNoTask};
    }
    static void update_avg(SchedView v, CfsRq& rq, TaskId t, bool on_rq, pelt::Update what = pelt::Update::age) {
        pelt::update_load_avg(v, rq.pelt, holds(rq), t, on_rq, rq.curr == t, false, what);
    }

    struct Choice {
        TaskId task = kNoTask;
        bool tie = false;
        const char* rule = "";
        const char* rule_zh = "";
    };

    ByVruntime order() const { return {t_.ties_by_pid}; }
    static void forget_buddy(CfsRq& rq, TaskId task) {
        if (rq.next == task) rq.next = kNoTask;
        if (rq.last == task) rq.last = kNoTask;
        if (rq.skip == task) rq.skip = kNoTask;
    }

    static void update_min_vruntime(const TaskTable& tasks, CfsRq& rq) {
        std::uint64_t v = rq.min_vruntime;
        const TaskId left = rq.tree.leftmost();
        if (rq.curr != kNoTask) {
            v = tasks[rq.curr].se.vruntime;
            if (left != kNoTask && lead(tasks[left].se.vruntime, v) < 0) v = tasks[left].se.vruntime;
        } else if (left != kNoTask) {
            v = tasks[left].se.vruntime;
        }
        if (lead(v, rq.min_vruntime) > 0) rq.min_vruntime = v;
    }

    void place_sleeper(const CfsRq& rq, SchedEntity& se, Nanos now) const {
        Nanos thresh = se.weight == kIdleWeight ? t_.min_granularity : t_.latency;
        if (t_.gentle_fair_sleepers) thresh /= 2;
        const std::uint64_t place = rq.min_vruntime - static_cast<std::uint64_t>(thresh);
        if (now - se.exec_start > kLongSleep || lead(place, se.vruntime) > 0) se.vruntime = place;
    }

    // linux.md 6.4.4.
    std::uint64_t slice(const CfsRq& rq, const SchedEntity& se, bool queued) const {
        const std::uint32_t n = std::max(rq.h_nr, rq.nr_running) + (queued ? 0 : 1);
        const Nanos period = n <= t_.nr_latency ? t_.latency : n * t_.min_granularity;
        Load load = rq.load;
        if (!queued) load.weight += se.weight;
        std::uint64_t share =
            calc_delta(static_cast<std::uint64_t>(period), se.weight, load.inverse());
        for (const auto& [weight, queue] : rq.above) share = calc_delta(share, weight, Load{queue}.inverse());
        return std::max(share, static_cast<std::uint64_t>(t_.min_granularity));
    }

    // check_preempt_tick, linux.md 6.4.7.
    bool turn_is_over(const TaskTable& tasks, CfsRq& rq, TaskId curr) const {
        const SchedEntity& se = tasks[curr].se;
        const std::uint64_t ideal = slice(rq, se, true);
        const std::uint64_t ran = se.sum_exec_runtime - se.prev_sum_exec_runtime;
        if (ran > ideal) {
            forget_buddy(rq, curr);
            return true;
        }
        if (ran < static_cast<std::uint64_t>(t_.min_granularity)) return false;
        const TaskId left = rq.tree.leftmost();
        if (left == kNoTask) return false;
        return lead(se.vruntime, tasks[left].se.vruntime) > static_cast<std::int64_t>(ideal);
    }

    // wakeup_preempt_entity(curr, se) == 1: `se` lags by more than a wakeup granularity, linux.md 6.4.8.
    bool far_behind(const TaskTable& tasks, TaskId se, TaskId curr) const {
        const std::int64_t diff = lead(tasks[curr].se.vruntime, tasks[se].se.vruntime);
        if (diff <= 0) return false;
        return diff > static_cast<std::int64_t>(calc_delta_fair(
                          static_cast<std::uint64_t>(t_.wakeup_granularity), tasks[se].se));
    }

    // pick_next_entity, linux.md 6.4.9. `curr`: a running task that is not in the tree.
    Choice choose(const TaskTable& tasks, const CfsRq& rq, TaskId curr) const {
        TaskId left = rq.tree.leftmost();
        Choice c;
        if (left == kNoTask || (curr != kNoTask && lead(tasks[curr].se.vruntime,
                                                        tasks[left].se.vruntime) < 0)) {
            if (curr != kNoTask) left = curr;
        }
        if (left == kNoTask) return c;
        c.task = left;
        c.rule = "it has the smallest vruntime: it got the least weighted CPU time";
        c.rule_zh = "它的 vruntime 最小：按权重折算，它得到的 CPU 时间最少";
        if (left == rq.skip) {
            const TaskId second = left == curr ? rq.tree.leftmost() : RbTree::next(tasks, left);
            if (second != kNoTask && !far_behind(tasks, left, second)) {
                c.task = second;
                c.rule = "the leftmost task has just called sched_yield, so the second one runs";
                c.rule_zh = "最左边的任务刚调用了 sched_yield，所以轮到第二个";
            }
        }
        if (rq.next != kNoTask && !far_behind(tasks, left, rq.next)) {
            if (c.task != rq.next) {
                c.rule = "it has just been woken and preempts (next buddy)";
                c.rule_zh = "它刚被唤醒并抢占（next buddy）";
            }
            c.task = rq.next;
        } else if (rq.last != kNoTask && !far_behind(tasks, left, rq.last)) {
            if (c.task != rq.last) {
                c.rule = "it was preempted a moment ago and its cache is warm (last buddy)";
                c.rule_zh = "它刚刚被抢占，缓存还是热的（last buddy）";
            }
            c.task = rq.last;
        }
        const TaskId after = c.task == curr ? rq.tree.leftmost() : RbTree::next(tasks, c.task);
        c.tie = after != kNoTask && c.task == left &&
                tasks[after].se.vruntime == tasks[c.task].se.vruntime;
        return c;
    }

    CfsTunables t_;
    std::vector<CfsRq> rq_;
};

constexpr PolicyOption options[] = {
    {"latency", "latency=6ms", "targeted scheduling period (sched_latency_ns; default 6 ms x CPU factor)",
     "目标调度周期（sched_latency_ns；默认 6 ms × CPU 系数）"},
    {"min_granularity", "min_granularity=750us", "shortest turn (default 0.75 ms x CPU factor)",
     "最短一轮（默认 0.75 ms × CPU 系数）"},
    {"wakeup_granularity", "wakeup_granularity=1ms",
     "lead a waking task needs to preempt (default 1 ms x CPU factor)",
     "被唤醒者要抢占所需的领先量（默认 1 ms × CPU 系数）"},
    {"start_debit", "start_debit=on|off", "a new task starts one slice behind (START_DEBIT, default on)",
     "新任务从落后一个时间片开始（START_DEBIT，默认开）"},
    {"gentle_sleepers", "gentle_sleepers=on|off",
     "a sleeper's credit is half a period (GENTLE_FAIR_SLEEPERS, default on)",
     "睡眠者的补偿为半个周期（GENTLE_FAIR_SLEEPERS，默认开）"},
    {"wakeup_preemption", "wakeup_preemption=on|off", "wakeups may preempt (WAKEUP_PREEMPTION, default on)",
     "唤醒可以抢占（WAKEUP_PREEMPTION，默认开）"},
    {"last_buddy", "last_buddy=on|off", "a preempted task whose cache is warm goes on first (LAST_BUDDY, default on)",
     "被抢占而缓存仍热者优先继续（LAST_BUDDY，默认开）"},
    {"next_buddy", "next_buddy=on|off", "a woken task is favoured even if it does not preempt (NEXT_BUDDY, default off)",
     "被唤醒者即使没有抢占也优先（NEXT_BUDDY，默认关）"},
    {"sched_child_runs_first", "sched_child_runs_first=0|1", "after fork the child runs before its parent (default 0)",
     "fork 之后子进程先于父进程运行（默认 0）"},
    {"tunable_scaling", "tunable_scaling=none|log|linear",
     "how the three times grow with the CPUs, 8 at most (default log: 1 + log2)",
     "三个时间随 CPU 数（最多按 8 个）如何放大（默认 log：1 + log2）"},
    {"latency_ns", "latency_ns=6000000", "the same by the kernel's names, in ns: latency_ns, min_granularity_ns, wakeup_granularity_ns, also with sched_ before them",
     "同上，用内核的名字，单位 ns：latency_ns、min_granularity_ns、wakeup_granularity_ns，前面也可加 sched_"},
    {"tie", "tie=fifo|pid", "equal vruntime: first come (Linux, default) or lower pid first",
     "vruntime 相等时：先来者先（Linux，默认）或 pid 小者先"},
};

bool read_switch(const std::string& value, bool& out) {
    if (value != "on" && value != "off" && value != "1" && value != "0") return false;
    out = value == "on" || value == "1";
    return true;
}
// A key as the kernel may write it (sched_latency_ns, START_DEBIT) in our short form.
std::string short_key(std::string key) {
    for (char& c : key)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (key.starts_with("sched_") && key != "sched_child_runs_first") key.erase(0, 6);
    if (key == "gentle_fair_sleepers") key = "gentle_sleepers";
    if (key.ends_with("_ns")) key.resize(key.size() - 3);
    return key;
}

std::unique_ptr<SchedClass> make_cfs(const SchedOptions& o, std::string& error) {
    const int factor = cpu_factor(o);
    if (factor == 0) {
        error = "tunable_scaling";
        return nullptr;
    }
    CfsTunables t{6 * kMilli * factor, 750 * kMicro * factor, kMilli * factor};
    for (const auto& [name, value] : o.settings) {
        bool ok = false;
        const std::string key = short_key(name);
        Nanos* const time = key == "latency"              ? &t.latency
                            : key == "min_granularity"    ? &t.min_granularity
                            : key == "wakeup_granularity" ? &t.wakeup_granularity
                                                          : nullptr;
        if (time != nullptr) {
            *time = parse_duration_setting(value, name);
            ok = *time > 0;
        } else if (key == "tunable_scaling") {
            ok = true;
        } else if (key == "last_buddy") {
            ok = read_switch(value, t.last_buddy);
        } else if (key == "next_buddy") {
            ok = read_switch(value, t.next_buddy);
        } else if (key == "sched_child_runs_first") {
            ok = read_switch(value, t.child_runs_first);
        } else if (key == "hrtick") {
            ok = read_switch(value, t.hrtick);
        } else if (key == "start_debit") {
            ok = read_switch(value, t.start_debit);
        } else if (key == "gentle_sleepers") {
            ok = read_switch(value, t.gentle_fair_sleepers);
        } else if (key == "wakeup_preemption") {
            ok = read_switch(value, t.wakeup_preemption);
        } else if (key == "tie") {
            ok = value == "fifo" || value == "pid";
            t.ties_by_pid = value == "pid";
        }
        if (!ok) {
            error = name + "=" + value;
            return nullptr;
        }
    }
    t.nr_latency = static_cast<std::uint32_t>((t.latency + t.min_granularity - 1) / t.min_granularity);
    return std::make_unique<Cfs>(o.cpus, t);
}

}  // namespace

extern const PolicyInfo cfs_policy;
const PolicyInfo cfs_policy = {"cfs", "Completely Fair Scheduler (Linux 6.1)", "完全公平调度器（Linux 6.1）",
                               "kernel/sched/fair.c of Linux 6.1, linux.md 6.4", options, make_cfs};

}  // namespace sy
