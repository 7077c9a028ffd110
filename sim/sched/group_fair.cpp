#include "sim/sched/group_fair.h"

#include <algorithm>
#include <string>

#include "sim/base/assert.h"
#include "sim/sched/pelt.h"

namespace sy {

namespace {

constexpr Nanos kKeepRuntime = kMilli;   // min_cfs_rq_runtime: what an idle CPU keeps of its slice

// cfs_rq of a group on one CPU, as far as the hierarchy goes.
struct GroupQueue {
    std::uint32_t h_nr = 0;              // runnable tasks in it and below, without throttled ones
    bool on_parent = false;              // its entity stands in the parent's queue or runs there
    bool throttled = false;
    Nanos runtime = 0;                   // left of the slice taken from the pool; negative: overdrawn
    Nanos throttled_since = 0;
    std::uint64_t charged = 0;           // the entity's CPU time that has been paid for
};

struct Pool {
    GroupBandwidth shown;
    bool idle = false;                   // nobody took from it since the period began
    std::uint64_t load_avg = 0;          // tg->load_avg: the sum of tg_load_avg_contrib
};

class GroupFair final : public SchedClass, public GroupScheduler {
  public:
    GroupFair(MakeClass make, const SchedOptions& o, std::unique_ptr<SchedClass> root)
        : make_(make), options_(o), cpus_(static_cast<std::size_t>(o.cpus)), want_resched_(cpus_), levels_(1), queues_(cpus_), pools_(1) {
        levels_[0] = SchedClassBox(std::move(root));
    }
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<GroupFair>(*this); }
    GroupScheduler* groups() override { return this; }

    void enqueue(SchedView v, TaskId task, Enqueue why) override {
        grow(v.tasks);
        std::uint16_t g = v.peek(task).sched_group;
        levels_[g]->enqueue(v, task, why);
        come(v, g, 1);
    }

    void dequeue(SchedView v, TaskId task, Dequeue why) override {
        const std::uint16_t g = v.peek(task).sched_group;
        const bool ran = !v.peek(task).se.node.linked;
        charge_up(v, task);
        levels_[g]->dequeue(v, task, why);
        go(v, g, 1);
        // Groups above that go on without it are put back, as put_prev_entity does level by level.
        if (ran)
            for (std::uint16_t at = g; at != 0; at = parent(v.tasks, at))
                if (queue(at, v.cpu).on_parent && runs(v, at)) levels_[parent(v.tasks, at)]->put_prev(v, entity(at, v.cpu));
    }

    TaskId pick_next(SchedView v) override {
        for (std::uint16_t g = 0;;) {
            const TaskId id = levels_[g]->pick_next(v);
            if (!is_group_entity(id)) {
                SY_ASSERT(id != kNoTask || g == 0, "a group stands in a queue without a task to run");
                return id;
            }
            g = group_of_entity(id, cpus_);
            if (!out_of_runtime(v, g)) continue;
            throttle(v, g);
            g = 0;
        }
    }

    void set_next(SchedView v, TaskId task) override {
        const std::uint16_t g = v.peek(task).sched_group;
        set_next_above(v, g);
        levels_[g]->set_next(v, task);
        tell_above(v, g);
        want_resched_[v.cpu] = false;
    }

    void put_prev(SchedView v, TaskId task) override {
        std::uint16_t g = v.peek(task).sched_group;
        levels_[g]->put_prev(v, task);
        std::uint16_t broke = 0;   // the topmost group that is out of time takes those below with it
        for (; g != 0; g = parent(v.tasks, g)) {
            if (queue(g, v.cpu).on_parent && runs(v, g)) levels_[parent(v.tasks, g)]->put_prev(v, entity(g, v.cpu));
            charge(v, g);
            if (out_of_runtime(v, g)) broke = g;
        }
        if (broke != 0) throttle(v, broke);
    }

    void update_curr(SchedView v, TaskId curr) override {
        const std::uint16_t g = v.peek(curr).sched_group;
        levels_[g]->update_curr(v, curr);
        charge_up(v, curr);
    }

    bool tick(SchedView v, TaskId curr) override {
        const std::uint16_t leaf = v.peek(curr).sched_group;
        tell_above(v, leaf);
        bool over = levels_[leaf]->tick(v, curr);
        for (std::uint16_t g = leaf; g != 0; g = parent(v.tasks, g)) {
            tell_above(v, parent(v.tasks, g));
            if (!queue(g, v.cpu).on_parent || !runs(v, g)) continue;
            over |= levels_[parent(v.tasks, g)]->tick(v, entity(g, v.cpu));
            charge(v, g);
            follow(v, g);
            reweigh(v, g);
        }
        return over || want_resched_[v.cpu];
    }

    // find_matching_se: both are followed up to the queue in which they stand side by side.
    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) override {
        if (want_resched_[v.cpu]) return true;
        if (is_throttled(v.tasks, wakee, v.cpu)) return false;
        std::uint16_t a = v.peek(curr).sched_group, b = v.peek(wakee).sched_group;
        while (a != b) {
            if (v.tasks.groups[a].depth >= v.tasks.groups[b].depth) {
                curr = entity(a, v.cpu);
                a = parent(v.tasks, a);
            } else {
                wakee = entity(b, v.cpu);
                b = parent(v.tasks, b);
            }
        }
        return levels_[a]->check_preempt(v, curr, wakee);
    }

    void yield(SchedView v, TaskId curr) override { levels_[v.peek(curr).sched_group]->yield(v, curr); }

    void fork(SchedView v, TaskId from, TaskId child) override {
        grow(v.tasks);
        const std::uint16_t g = v.peek(child).sched_group;
        if (from != kNoTask && v.peek(from).sched_group != g) from = kNoTask;
        levels_[g]->fork(v, from, child);
    }

    void set_slice(SchedView v, TaskId task, Nanos slice) override {
        grow(v.tasks);
        levels_[v.peek(task).sched_group]->set_slice(v, task, slice);
    }
    void reweight(SchedView v, TaskId task, bool queued) override {
        grow(v.tasks);   // a child that is not yet placed may be the first of its group
        const std::uint16_t g = v.peek(task).sched_group;
        levels_[g]->reweight(v, task, queued);
        if (queued) reweigh_up(v, g);
    }
    void passed_over(SchedView v) override {
        for (SchedClassBox& level : levels_) level->passed_over(v);
    }
    void leave_class(SchedView v, TaskId task) override {
        grow(v.tasks);
        levels_[v.peek(task).sched_group]->leave_class(v, task);
        for (std::uint16_t g = v.peek(task).sched_group; g != 0; g = parent(v.tasks, g)) follow(v, g);
    }
    void detach_averages(SchedView v, TaskId task) override {
        grow(v.tasks);
        levels_[v.peek(task).sched_group]->detach_averages(v, task);
        for (std::uint16_t g = v.peek(task).sched_group; g != 0; g = parent(v.tasks, g)) follow(v, g);
    }
    const pelt::Rq* averages(CpuId cpu) const override { return levels_[0]->averages(cpu); }
    pelt::Rq* averages(CpuId cpu) override { return levels_[0]->averages(cpu); }
    // From the leaves up: a group's number is above its parent's.
    void update_blocked(SchedView v) override {
        for (std::size_t g = levels_.size(); g-- > 0;) {
            levels_[g]->update_blocked(v);
            if (g != 0) follow(v, static_cast<std::uint16_t>(g));
        }
    }
    void join_class(SchedView v, TaskId task) override {
        grow(v.tasks);
        levels_[v.peek(task).sched_group]->join_class(v, task);
    }
    void migrate(SchedView v, TaskId task, CpuId to) override {
        grow(v.tasks);
        levels_[v.peek(task).sched_group]->migrate(v, task, to);
    }
    Nanos slice_end(SchedView v, TaskId curr) const override { return levels_[v.peek(curr).sched_group]->slice_end(v, curr); }
    bool slice_over(SchedView v, TaskId curr) override {
        const bool over = levels_[v.peek(curr).sched_group]->slice_over(v, curr);
        return tick(v, curr) || over;
    }

    std::uint32_t runnable(CpuId cpu) const override { return queues_[cpu].h_nr; }
    std::uint64_t load(CpuId cpu) const override { return levels_[0]->load(cpu); }
    bool balances() const override { return levels_[0]->balances(); }
    std::uint64_t h_load(SchedView v, TaskId task) const override {
        const std::uint16_t g = v.peek(task).sched_group;
        return v.tasks.avg(task).load_avg * h_load_of(v, g) / (load_avg(g, v.cpu) + 1);
    }
    bool is_tree() const override { return levels_.size() == 1 && levels_[0]->is_tree(); }

    // The tasks, depth first: those of a group stand where its entity does.
    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        std::vector<QueueRow> out;
        collect(tasks, cpu, 0, most, out);
        if (levels_.size() > 1)
            for (QueueRow& row : out) row.left = row.right = row.parent = kNoTask;
        return out;
    }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override { return levels_[0]->numbers(cpu); }

    // A band for each group that has something to run here, in the order of a walk down from the root.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        QueuePicture out = levels_[0]->picture(tasks, cpu, most);
        if (levels_.size() == 1) return out;
        out.shape = QueuePicture::Shape::groups;
        out.bands[0].name = "/";
        out.bands[0].numbers = {{"h_nr_running", queues_[cpu].h_nr}, {"load", static_cast<std::int64_t>(levels_[0]->load(cpu))}};
        add_bands(tasks, cpu, 0, most, out);
        return out;
    }

    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const override {
        std::vector<TaskId> path = {prev};   // prev and the entities above it, the task first
        if (prev != kNoTask)
            for (std::uint16_t g = tasks[prev].sched_group; g != 0; g = parent(tasks, g)) path.push_back(entity(g, cpu));
        PickReason all;
        for (std::uint16_t g = 0; g < levels_.size();) {
            const auto here = std::find_if(path.begin(), path.end(), [&](TaskId id) {
                return id != kNoTask && (is_group_entity(id) ? parent(tasks, group_of_entity(id, cpus_)) : tasks[id].sched_group) == g;
            });
            const PickReason why = levels_[g]->explain(tasks, cpu, here == path.end() ? kNoTask : *here);
            if (g == 0) {
                all = why;
            } else {
                const std::string name(tasks.groups[g].name.data());
                all.rule += "; in group " + name + ": " + why.rule;
                all.rule_zh += "；在组 " + name + " 里：" + why.rule_zh;
                if (!why.tie.empty()) {
                    all.tie = why.tie;
                    all.tie_zh = why.tie_zh;
                }
                all.winner = why.winner;
                all.candidates.insert(all.candidates.end(), why.candidates.begin(), why.candidates.end());
                all.candidate_count += why.candidate_count;
            }
            if (!is_group_entity(why.winner)) break;
            g = group_of_entity(why.winner, cpus_);
        }
        if (is_group_entity(all.winner)) all.winner = kNoTask;
        all.queue = picture(tasks, cpu, 31);
        return all;
    }

    void mix(Fingerprint& print) const override {
        for (const SchedClassBox& level : levels_) level->mix(print);
        for (const GroupQueue& q : queues_) {
            print.mix((std::uint64_t{q.h_nr} << 2) | (q.on_parent ? 1u : 0u) | (q.throttled ? 2u : 0u));
            print.mix(static_cast<std::uint64_t>(q.runtime));
        }
        for (const Pool& pool : pools_) {
            print.mix(static_cast<std::uint64_t>(pool.shown.pool));
            print.mix(pool.load_avg);
        }
    }

    std::string check(const TaskTable& tasks, CpuId cpu) const override {
        for (std::uint16_t g = 0; g < levels_.size(); ++g) {
            const std::string fault = levels_[g]->check(tasks, cpu);
            if (!fault.empty()) return fault;
            const GroupQueue& q = queue(g, cpu);
            std::uint32_t inside = levels_[g]->runnable(cpu);
            for (std::uint16_t child = 1; child < levels_.size(); ++child)
                if (parent(tasks, child) == g && queue(child, cpu).on_parent) inside += queue(child, cpu).h_nr - 1;
            if (inside != q.h_nr) return "h_nr_running of a group is not the number of its runnable tasks";
            if (g == 0) continue;
            if (q.on_parent != (q.h_nr > 0 && !q.throttled)) return "a group must stand in its parent's queue exactly while it has something to run";
            if (q.throttled && tasks.groups[g].quota == 0) return "a group without a quota is throttled";
            const std::uint32_t weight = tasks[entity(g, cpu)].se.weight;
            if (q.on_parent && (weight < 2 || weight > std::max(2u, tasks.groups[g].shares) * 1u) && tasks.groups[g].is_live)
                return "the weight of a group's entity is not between 2 and its shares";
        }
        return {};
    }

    // --- GroupScheduler ---

    bool wants_timers() const override { return !start_.empty(); }
    std::vector<std::uint16_t> take_timers() override { return std::exchange(start_, {}); }

    bool period_over(TaskTable& tasks, std::uint16_t g, Nanos now, std::uint64_t& runnable) override {
        const SchedGroup& group = tasks.groups[g];
        Pool& pool = pools_[g];
        ++pool.shown.nr_periods;
        bool throttled = false;
        for (CpuId c = 0; c < cpus_; ++c) throttled |= queue(g, c).throttled;
        if (group.quota == 0 || (pool.idle && !throttled)) {
            pool.shown.timer_active = false;
            --pool.shown.nr_periods;
            if (group.quota == 0) release(tasks, g, now, runnable);
            return false;
        }
        pool.shown.pool = group.quota;   // no burst
        if (!throttled) {
            pool.idle = true;
            return true;
        }
        ++pool.shown.nr_throttled;
        release(tasks, g, now, runnable);
        pool.idle = false;
        return true;
    }

    void changed(TaskTable& tasks, std::uint16_t g, Nanos now, std::uint64_t& runnable) override {
        grow(tasks);
        for (CpuId c = 0; c < cpus_; ++c)
            if (queue(g, c).on_parent) reweigh_up({tasks, c, now}, g);
        Pool& pool = pools_[g];
        pool.shown.pool = tasks.groups[g].quota;
        for (CpuId c = 0; c < cpus_; ++c) {
            GroupQueue& q = queue(g, c);
            q.charged = tasks[entity(g, c)].se.sum_exec_runtime;
            q.runtime = std::min<Nanos>(q.runtime, 0);
        }
        if (tasks.groups[g].quota == 0 || pool.shown.pool > 0) release(tasks, g, now, runnable);
    }

    GroupOnCpu on_cpu(std::uint16_t g, CpuId cpu) const override {
        if (g >= levels_.size()) return {};
        const GroupQueue& q = queue(g, cpu);
        return {.entity = g == 0 ? kNoTask : entity(g, cpu), .h_nr = q.h_nr, .load = levels_[g]->load(cpu),
                .load_avg = load_avg(g, cpu), .is_queued = q.on_parent, .is_throttled = q.throttled,
                .runtime_left = q.runtime};
    }
    GroupBandwidth bandwidth(std::uint16_t g) const override { return g < pools_.size() ? pools_[g].shown : GroupBandwidth{}; }
    bool is_throttled(const TaskTable& tasks, TaskId task, CpuId cpu) const override {
        for (std::uint16_t g = tasks[task].sched_group; g != 0; g = parent(tasks, g))
            if (g < levels_.size() && queue(g, cpu).throttled) return true;
        return false;
    }
    const SchedClass& level(std::uint16_t g) const override { return *levels_[g]; }

  private:
    static std::uint16_t parent(const TaskTable& tasks, std::uint16_t g) { return tasks.groups[g].parent; }
    TaskId entity(std::uint16_t g, CpuId cpu) const { return group_entity(g, cpu, cpus_); }
    GroupQueue& queue(std::uint16_t g, CpuId cpu) { return queues_[g * cpus_ + cpu]; }
    const GroupQueue& queue(std::uint16_t g, CpuId cpu) const { return queues_[g * cpus_ + cpu]; }

    void grow(const TaskTable& tasks) {
        while (levels_.size() < tasks.groups.size()) {
            std::string error;
            levels_.emplace_back(make_(options_, error));
            queues_.resize(levels_.size() * cpus_);
            pools_.emplace_back();
            pools_.back().shown.pool = tasks.groups[levels_.size() - 1].quota;
        }
    }

    std::uint64_t load_avg(std::uint16_t g, CpuId cpu) const { return levels_[g]->averages(cpu)->avg.load_avg; }
    // cfs_rq->h_load (update_cfs_rq_h_load): what of the CPU's load hangs on the group.
    std::uint64_t h_load_of(SchedView v, std::uint16_t g) const {
        if (g == 0) return load_avg(0, v.cpu);
        const std::uint16_t above = parent(v.tasks, g);
        return h_load_of(v, above) * v.tasks.avg(entity(g, v.cpu)).load_avg / (load_avg(above, v.cpu) + 1);
    }
    // propagate_entity_load_avg and update_tg_load_avg: the entity follows the group's queue, the group sums up its CPUs
    // (a change below 1/64 waits).
    void follow(SchedView v, std::uint16_t g) {
        pelt::Rq& rq = *levels_[g]->averages(v.cpu);
        const GroupQueue& q = queue(g, v.cpu);
        const std::uint64_t now = rq.avg.load_avg, was = rq.tg_contrib;
        if ((now > was ? now - was : was - now) > was / 64) {
            pools_[g].load_avg = pools_[g].load_avg + now - was;
            rq.tg_contrib = now;
        }
        levels_[parent(v.tasks, g)]->follow_group(v, entity(g, v.cpu), rq, levels_[g]->load(v.cpu), q.h_nr, q.on_parent);
    }
    void count_below(std::uint16_t g, CpuId cpu) {
        levels_[g]->averages(cpu)->below =
            static_cast<std::int32_t>(queue(g, cpu).h_nr) - static_cast<std::int32_t>(levels_[g]->runnable(cpu));
    }

    // `n` tasks have become runnable in group g: from there up until a throttled group hides them.
    void come(SchedView v, std::uint16_t g, std::uint32_t n) {
        for (;; g = parent(v.tasks, g)) {
            GroupQueue& q = queue(g, v.cpu);
            q.h_nr += n;
            count_below(g, v.cpu);
            if (g == 0 || q.throttled) return;
            follow(v, g);
            if (!q.on_parent) {
                set_entity_weight(v, g, false);
                q.on_parent = true;
                levels_[parent(v.tasks, g)]->enqueue(v, entity(g, v.cpu), Enqueue::wakeup);
                v.task(entity(g, v.cpu)).on_rq = true;
            } else {
                reweigh(v, g);
            }
        }
    }
    void go(SchedView v, std::uint16_t g, std::uint32_t n) {
        for (;; g = parent(v.tasks, g)) {
            GroupQueue& q = queue(g, v.cpu);
            q.h_nr -= n;
            count_below(g, v.cpu);
            if (g == 0 || q.throttled) return;
            follow(v, g);
            if (q.h_nr == 0) {
                leave_parent(v, g);
                return_slack(v.tasks, g, q);
            } else {
                reweigh(v, g);
            }
        }
    }
    void leave_parent(SchedView v, std::uint16_t g) {
        const TaskId e = entity(g, v.cpu);
        v.task(e).on_rq = false;
        queue(g, v.cpu).on_parent = false;
        levels_[parent(v.tasks, g)]->dequeue(v, e, Dequeue::sleep);
        charge(v, g);
    }
    void set_next_above(SchedView v, std::uint16_t g) {
        if (g == 0) return;
        set_next_above(v, parent(v.tasks, g));
        if (!queue(g, v.cpu).on_parent) return;   // a running task was moved into a throttled group: it leaves the CPU at once
        levels_[parent(v.tasks, g)]->set_next(v, entity(g, v.cpu));
    }

    // --- shares: calc_group_shares, linux.md 6.10 ---

    Weight group_weight(const TaskTable& tasks, std::uint16_t g, CpuId cpu) const {
        const pelt::Rq& rq = *levels_[g]->averages(cpu);
        const std::uint64_t here = std::max(levels_[g]->load(cpu), rq.avg.load_avg), shares = tasks.groups[g].shares;
        const std::uint64_t total = pools_[g].load_avg - rq.tg_contrib + here;
        const auto w = static_cast<std::uint32_t>(
            std::clamp<std::uint64_t>(total == 0 ? 0 : shares * here / total, 2, std::max<std::uint64_t>(2, shares)));
        return {w, static_cast<std::uint32_t>(0xffff'ffffULL / w)};
    }
    void set_entity_weight(SchedView v, std::uint16_t g, bool queued) {
        const Weight w = group_weight(v.tasks, g, v.cpu);
        if (v.peek(entity(g, v.cpu)).se.weight == w.weight) return;
        levels_[parent(v.tasks, g)]->set_weight(v, entity(g, v.cpu), w, queued);
    }
    void reweigh(SchedView v, std::uint16_t g) {
        if (queue(g, v.cpu).on_parent) set_entity_weight(v, g, true);
    }
    void reweigh_up(SchedView v, std::uint16_t g) {
        for (; g != 0; g = parent(v.tasks, g)) reweigh(v, g);
    }
    // CFS shares its period along the whole path.
    void tell_above(SchedView v, std::uint16_t g) {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> above;
        for (std::uint16_t at = g; at != 0; at = parent(v.tasks, at))
            above.emplace_back(v.peek(entity(at, v.cpu)).se.weight, levels_[parent(v.tasks, at)]->load(v.cpu));
        levels_[g]->set_above(v.cpu, queues_[v.cpu].h_nr, above);
    }

    // --- bandwidth ---

    void charge_up(SchedView v, TaskId task) {
        for (std::uint16_t g = v.peek(task).sched_group; g != 0; g = parent(v.tasks, g)) {
            const TaskId e = entity(g, v.cpu);
            if (queue(g, v.cpu).on_parent && runs(v, g)) levels_[parent(v.tasks, g)]->update_curr(v, e);
            charge(v, g);
        }
    }
    // Only the running entity may be charged: its parent's class knows it by having picked it.
    bool runs(SchedView v, std::uint16_t g) const { return !v.peek(entity(g, v.cpu)).se.node.linked; }

    void charge(SchedView v, std::uint16_t g) {
        GroupQueue& q = queue(g, v.cpu);
        const std::uint64_t total = v.peek(entity(g, v.cpu)).se.sum_exec_runtime;
        const auto delta = static_cast<Nanos>(total - q.charged);
        q.charged = total;
        if (delta == 0 || v.tasks.groups[g].quota == 0) return;
        q.runtime -= delta;
        if (q.runtime <= 0 && !assign(v.tasks, g, q)) want_resched_[v.cpu] = true;
    }
    // assign_cfs_rq_runtime: a slice from the pool.
    bool assign(const TaskTable& tasks, std::uint16_t g, GroupQueue& q) {
        Pool& pool = pools_[g];
        if (!pool.shown.timer_active) {   // start_cfs_bandwidth: a period begins
            pool.shown.timer_active = true;
            pool.shown.pool = tasks.groups[g].quota;
            start_.push_back(g);
        }
        const Nanos amount = std::min(kBandwidthSlice - q.runtime, pool.shown.pool);
        if (amount > 0) {
            pool.shown.pool -= amount;
            pool.idle = false;
            q.runtime += amount;
        }
        return q.runtime > 0;
    }
    bool out_of_runtime(SchedView v, std::uint16_t g) {
        GroupQueue& q = queue(g, v.cpu);
        if (v.tasks.groups[g].quota == 0 || q.throttled || q.runtime > 0) return false;
        return !assign(v.tasks, g, q);
    }
    void throttle(SchedView v, std::uint16_t g) {
        GroupQueue& q = queue(g, v.cpu);
        leave_parent(v, g);
        const std::uint32_t n = q.h_nr;
        q.throttled = true;
        q.throttled_since = v.now;
        pools_[g].idle = false;
        go(v, parent(v.tasks, g), n);
    }
    void unthrottle(SchedView v, std::uint16_t g, std::uint64_t& runnable) {
        GroupQueue& q = queue(g, v.cpu);
        q.throttled = false;
        pools_[g].shown.throttled_time += std::max<Nanos>(0, v.now - q.throttled_since);
        const std::uint32_t n = q.h_nr;
        if (n == 0) return;
        q.h_nr = 0;
        come(v, g, n);
        runnable |= std::uint64_t{1} << v.cpu;
    }
    // distribute_cfs_runtime: each throttled CPU gets just enough to go on; what is left stays in the pool.
    void release(TaskTable& tasks, std::uint16_t g, Nanos now, std::uint64_t& runnable) {
        const bool no_limit = tasks.groups[g].quota == 0;
        Pool& pool = pools_[g];
        for (CpuId c = 0; c < cpus_; ++c) {
            GroupQueue& q = queue(g, c);
            if (!q.throttled) continue;
            const Nanos amount = no_limit ? 1 - std::min<Nanos>(0, q.runtime) : std::min(1 - q.runtime, pool.shown.pool);
            if (!no_limit) pool.shown.pool -= std::max<Nanos>(0, amount);
            q.runtime += amount;
            if (q.runtime > 0) unthrottle({tasks, c, now}, g, runnable);
        }
    }
    // __return_cfs_rq_runtime: an idle CPU keeps 1 ms of its slice.
    void return_slack(const TaskTable& tasks, std::uint16_t g, GroupQueue& q) {
        if (tasks.groups[g].quota == 0 || q.runtime <= kKeepRuntime) return;
        pools_[g].shown.pool += q.runtime - kKeepRuntime;
        q.runtime = kKeepRuntime;
    }

    void add_bands(const TaskTable& tasks, CpuId cpu, std::uint16_t above, std::size_t most, QueuePicture& out) const {
        for (std::uint16_t g = 1; g < levels_.size(); ++g) {
            const GroupQueue& q = queue(g, cpu);
            if (parent(tasks, g) != above || (q.h_nr == 0 && !q.throttled)) continue;
            const QueuePicture inside = levels_[g]->picture(tasks, cpu, most);
            QueueBand band = inside.bands[0];
            const SchedEntity& se = tasks[entity(g, cpu)].se;
            band.name = tasks.groups[g].name.data();
            band.depth = tasks.groups[g].depth;
            band.numbers = {{"h_nr_running", q.h_nr},
                            {"weight", se.weight},
                            {"vruntime_ns", static_cast<std::int64_t>(se.vruntime)},
                            {"load", static_cast<std::int64_t>(levels_[g]->load(cpu))},
                            {"runs", q.on_parent && !se.node.linked ? 1 : 0}};
            band.numbers.insert(band.numbers.end(), inside.numbers.begin(), inside.numbers.end());
            if (tasks.groups[g].quota != 0) {
                band.numbers.push_back({"throttled", q.throttled ? 1 : 0});
                band.numbers.push_back({"runtime_left_ns", q.runtime});
                band.numbers.push_back({"pool_ns", pools_[g].shown.pool});
            }
            out.bands.push_back(std::move(band));
            add_bands(tasks, cpu, g, most, out);
        }
    }

    void collect(const TaskTable& tasks, CpuId cpu, std::uint16_t g, std::size_t most, std::vector<QueueRow>& out) const {
        if (g >= levels_.size() || out.size() >= most) return;
        for (const QueueRow& row : levels_[g]->rows(tasks, cpu, most)) {
            if (out.size() >= most) return;
            if (is_group_entity(row.task))
                collect(tasks, cpu, group_of_entity(row.task, cpus_), most, out);
            else
                out.push_back(row);
        }
        if (g != 0 || levels_.size() == 1) return;
        // The running group's entity is in no queue, its other tasks are.
        for (std::uint16_t at = 1; at < levels_.size(); ++at)
            if (queue(at, cpu).on_parent && !tasks[entity(at, cpu)].se.node.linked) {
                for (const QueueRow& row : levels_[at]->rows(tasks, cpu, most))
                    if (!is_group_entity(row.task) && out.size() < most) out.push_back(row);
                for (const QueueRow& row : levels_[at]->rows(tasks, cpu, most))
                    if (is_group_entity(row.task)) collect(tasks, cpu, group_of_entity(row.task, cpus_), most, out);
            }
    }

    MakeClass make_;
    SchedOptions options_;
    std::size_t cpus_;
    std::vector<bool> want_resched_;          // by CPU: the running group has used up its quota
    std::vector<SchedClassBox> levels_;       // by group
    std::vector<GroupQueue> queues_;          // by group * CPUs + CPU
    std::vector<Pool> pools_;                 // by group
    std::vector<std::uint16_t> start_;
};

}  // namespace

std::unique_ptr<SchedClass> make_group_fair(MakeClass make, const SchedOptions& options, std::string& error) {
    std::unique_ptr<SchedClass> root = make(options, error);
    if (root == nullptr) return nullptr;
    return std::make_unique<GroupFair>(make, options, std::move(root));
}

std::uint16_t add_group(TaskTable& tasks, SchedGroup group, std::size_t cpus) {
    if (tasks.groups.empty()) {
        SchedGroup root;
        set_text(root.name, "/");
        tasks.groups.push_back(root);
    }
    SY_ASSERT(tasks.groups.size() < kMaxGroups, "more groups than a machine may have");
    group.depth = static_cast<std::uint16_t>(tasks.groups[group.parent].depth + 1);
    const auto g = static_cast<std::uint16_t>(tasks.groups.size());
    tasks.groups.push_back(group);
    for (std::size_t c = 0; c < cpus; ++c) {
        Task& t = tasks.entities.push_back();
        t.comm = group.name;
        t.cpu = static_cast<CpuId>(c);
        t.se.weight = group.shares;
        t.se.inv_weight = static_cast<std::uint32_t>(0xffff'ffffULL / group.shares);
        t.sched_group = group.parent;
    }
    return g;
}

}  // namespace sy
