#include "sim/sched/dl.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace sy {

namespace {

constexpr int kBwShift = 20;
constexpr int kEinval = -22, kEbusy = -16;

std::uint64_t ratio(Nanos runtime, Nanos period) {
    return (static_cast<std::uint64_t>(runtime) << kBwShift) / static_cast<std::uint64_t>(period);
}

// pi_of: the parameters it runs with.
Nanos pi_runtime(const DlEntity& e) { return e.lender != kNoTask ? e.pi_runtime : e.dl_runtime; }
Nanos pi_deadline(const DlEntity& e) { return e.lender != kNoTask ? e.pi_deadline : e.dl_deadline; }
Nanos pi_period(const DlEntity& e) { return e.lender != kNoTask ? e.pi_period : e.dl_period; }

}  // namespace

DlClass::DlClass(const DlSettings& settings) : s_(settings), rq_(static_cast<std::size_t>(settings.cpus)) {}

// --- parameters and admission ---

const DlEntity* DlClass::find(TaskId task) const {
    const auto at = std::lower_bound(entities_.begin(), entities_.end(), task,
                                     [](const DlEntity& e, TaskId t) { return e.task < t; });
    return at != entities_.end() && at->task == task ? &*at : nullptr;
}

std::uint64_t DlClass::limit_bw() const {
    if (s_.rt_runtime < 0) return ~std::uint64_t{0};
    return ratio(s_.rt_runtime, s_.rt_period) * rq_.size();
}

std::uint64_t DlClass::this_bw(CpuId cpu) const {
    std::uint64_t sum = 0;
    for (const DlEntity& e : entities_)
        if (e.cpu == cpu) sum += e.bw;
    return sum;
}
std::uint64_t DlClass::running_bw(CpuId cpu) const {
    std::uint64_t sum = 0;
    for (const DlEntity& e : entities_)
        if (e.cpu == cpu && e.contends) sum += e.bw;
    return sum;
}

// grub_reclaim of 6.12: dq = -(max{u, Umax - Uinact - Uextra} / Umax) dt. Uextra is what nobody has reserved.
Nanos DlClass::reclaimed(const DlEntity& e, CpuId cpu, Nanos delta) const {
    if (s_.rt_runtime < 0) return delta;
    const std::uint64_t most = ratio(s_.rt_runtime, s_.rt_period), own = e.bw;
    const std::uint64_t inactive = this_bw(cpu) - running_bw(cpu), admitted = total_bw_ / rq_.size();
    const std::uint64_t extra = most > admitted ? most - admitted : 0;
    const std::uint64_t active = inactive + extra > most - own ? own : most - inactive - extra;
    return static_cast<Nanos>(static_cast<__int128>(delta) * static_cast<std::int64_t>(active) / static_cast<std::int64_t>(most));
}

bool DlClass::take_overrun(TaskId task) {
    DlEntity* e = entity(task);
    return e != nullptr && std::exchange(e->overran, false);
}

std::uint64_t DlClass::jobs_done() const {
    std::uint64_t sum = 0;
    for (const DlEntity& e : entities_) sum += e.jobs;
    return sum;
}
std::uint64_t DlClass::jobs_missed() const {
    std::uint64_t sum = 0;
    for (const DlEntity& e : entities_) sum += e.misses;
    return sum;
}

int DlClass::set_params(TaskId task, const SchedParams& p) {
    if (p.runtime < 1'024 || p.runtime > p.deadline || p.deadline > p.period || p.period < s_.period_min ||
        p.period > s_.period_max)
        return kEinval;
    const DlEntity* old = find(task);
    const std::uint64_t bw = ratio(p.runtime, p.period), before = old != nullptr ? old->bw : 0;
    if (bw > before && total_bw_ - before + bw > limit_bw()) return kEbusy;
    total_bw_ += bw - before;
    reclaim_used_ = reclaim_used_ || p.reclaim;
    DlEntity e{.task = task, .dl_runtime = p.runtime, .dl_deadline = p.deadline, .dl_period = p.period, .signals = p.dl_overrun, .reclaims = p.reclaim, .bw = bw};
    if (DlEntity* mine = entity(task); mine != nullptr) {
        e.cpu = mine->cpu;
        e.overruns = mine->overruns;
        e.misses = mine->misses;
        e.jobs = mine->jobs;
        e.lender = mine->lender;
        e.pi_runtime = mine->pi_runtime;
        e.pi_deadline = mine->pi_deadline;
        e.pi_period = mine->pi_period;
        *mine = e;
        return 0;
    }
    const auto at = std::lower_bound(entities_.begin(), entities_.end(), task,
                                     [](const DlEntity& x, TaskId t) { return x.task < t; });
    entities_.insert(at, e);
    return 0;
}

TaskId DlClass::lender_of(TaskId task) const {
    const DlEntity* e = find(task);
    return e != nullptr ? e->lender : kNoTask;
}
bool DlClass::more_urgent(TaskId a, TaskId b) const {
    const DlEntity *first = find(a), *second = find(b);
    return first != nullptr && (second == nullptr || first->deadline < second->deadline);
}

void DlClass::inherit(TaskId task, TaskId lender, Nanos now) {
    if (lender == kNoTask) {
        if (DlEntity* e = entity(task); e != nullptr && e->lender != kNoTask) {
            e->lender = kNoTask;
            e->runtime = std::min(e->runtime, e->dl_runtime);
        }
        return;
    }
    const DlEntity* from = find(lender);
    if (from == nullptr) return;
    const Nanos runtime = pi_runtime(*from), deadline = pi_deadline(*from), period = pi_period(*from);
    DlEntity& e = make_entity(task);
    e.lender = lender;
    e.pi_runtime = runtime;
    e.pi_deadline = deadline;
    e.pi_period = period;
    e.throttled = false;
    e.timer_at = kNever;
    if (e.bw == 0) new_period(e, now);   // no deadline of its own: all of the inherited parameters
    else if (e.runtime <= 0) replenish(e, now);
    e.runtime = std::min(e.runtime, std::max(e.dl_runtime, runtime));
    if (e.bw == 0) e.job_deadline = e.deadline;
    e.fresh = false;
}

// The entity of a task that may have none: one without parameters of its own.
DlEntity& DlClass::make_entity(TaskId task) {
    const auto at = std::lower_bound(entities_.begin(), entities_.end(), task,
                                     [](const DlEntity& e, TaskId t) { return e.task < t; });
    if (at != entities_.end() && at->task == task) return *at;
    return *entities_.insert(at, DlEntity{.task = task, .dl_runtime = kSecond, .dl_deadline = kMilli, .dl_period = kSecond});
}

void DlClass::drop(TaskId task) {
    DlEntity* e = entity(task);
    if (e == nullptr) return;
    e->lender = kNoTask;
    total_bw_ -= e->bw;
    e->bw = 0;
    e->timer_at = e->zero_lag_at = kNever;
    e->throttled = e->contends = e->overran = false;
}

// --- CBS ---

void DlClass::new_period(DlEntity& e, Nanos now) const {
    e.deadline = now + pi_deadline(e);
    e.runtime = pi_runtime(e);
}

// dl_entity_overflow: with what is left it would use more than its share before its deadline.
bool DlClass::overflows(const DlEntity& e, Nanos now) const {
    return static_cast<__int128>(e.runtime) * pi_deadline(e) > static_cast<__int128>(e.deadline - now) * pi_runtime(e);
}

void DlClass::replenish(DlEntity& e, Nanos now) const {
    if (e.yielded && e.runtime > 0) e.runtime = 0;
    while (e.runtime <= 0) {
        e.deadline += pi_period(e);
        e.runtime += pi_runtime(e);
    }
    if (e.deadline < now) new_period(e, now);
    e.yielded = false;
    e.throttled = false;
    e.timer_at = kNever;
    e.job_deadline = std::max(e.job_deadline, Nanos{0});
}

// It has used up its runtime: it stands aside until its next period begins. False: that moment has passed already.
bool DlClass::throttle(DlEntity& e, Nanos now, CpuId cpu) {
    const Nanos next = e.deadline - e.dl_deadline + e.dl_period;
    if (next <= now || e.lender != kNoTask) {   // is_dl_boosted: who holds up others is not made to wait
        replenish(e, now);
        return false;
    }
    e.throttled = true;
    e.timer_at = next;
    e.cpu = cpu;
    return true;
}

void DlClass::put_in(SchedView v, DlRq& rq, TaskId task) {
    if (find(task)->throttled) {
        v.task(task).se.node = QueueNode{.linked = true};   // it is this class's, but in no tree
        return;
    }
    rq.tree.insert(v.tasks, task, ByDeadline{*this});
    ++rq.nr_running;
}
void DlClass::take_out(SchedView v, DlRq& rq, TaskId task) {
    if (find(task)->throttled) {
        v.task(task).se.node = QueueNode{};
        return;
    }
    rq.tree.erase(v.tasks, task, ByDeadline{*this});
    --rq.nr_running;
}

void DlClass::enqueue(SchedView v, TaskId task, Enqueue why) {
    DlRq& rq = rq_[v.cpu];
    DlEntity& e = make_entity(task);
    if (!e.throttled) e.cpu = v.cpu;
    e.contends = e.bw != 0;
    e.zero_lag_at = kNever;
    if (e.fresh) {
        e.fresh = false;
        new_period(e, v.now);
        e.job_deadline = e.deadline;
    } else if (why == Enqueue::wakeup && !e.throttled) {
        if (e.deadline < v.now || overflows(e, v.now)) {
            if (e.lender == kNoTask && e.dl_deadline < e.dl_period && e.deadline >= v.now) {   // revised wakeup rule of constrained tasks
                const auto laxity = static_cast<__int128>(e.deadline - v.now);
                e.runtime = static_cast<Nanos>(laxity * e.dl_runtime / e.dl_deadline);
            } else {
                new_period(e, v.now);
            }
        }
        e.job_deadline = e.deadline;
    } else if (why == Enqueue::wakeup) {
        e.job_deadline = e.deadline + e.dl_period;   // its budget comes with the next period, and so does its deadline
    }
    put_in(v, rq, task);
}

void DlClass::dequeue(SchedView v, TaskId task, Dequeue why) {
    DlRq& rq = rq_[v.cpu];
    if (task == rq.curr) {
        update_curr(v, task);
        if (!find(task)->throttled) --rq.nr_running;
        rq.curr = kNoTask;
    } else {
        take_out(v, rq, task);
    }
    if (why != Dequeue::sleep) return;
    DlEntity& e = *entity(task);
    if (e.bw != 0) {
        ++e.jobs;
        if (v.now > e.job_deadline) ++e.misses;
    }
    if ((v.peek(task).state & task_state::dead) != 0) {
        drop(task);
    } else {   // task_non_contending: its share stays active until its 0-lag time
        const Nanos zero = e.deadline - static_cast<Nanos>(static_cast<__int128>(e.runtime) * e.dl_period / e.dl_runtime);
        e.zero_lag_at = e.contends && reclaim_used_ && zero > v.now ? zero : kNever;
        e.contends = e.zero_lag_at != kNever;
    }
}

TaskId DlClass::pick_next(SchedView v) { return rq_[v.cpu].tree.leftmost(); }

void DlClass::set_next(SchedView v, TaskId task) {
    DlRq& rq = rq_[v.cpu];
    if (!find(task)->throttled) {
        rq.tree.erase(v.tasks, task, ByDeadline{*this});
    } else {
        v.task(task).se.node = QueueNode{};
    }
    v.task(task).se.exec_start = v.now;
    rq.curr = task;
    rq.want_resched = false;
}

void DlClass::put_prev(SchedView v, TaskId task) {
    DlRq& rq = rq_[v.cpu];
    update_curr(v, task);
    rq.curr = kNoTask;
    if (!find(task)->throttled) --rq.nr_running;   // put_in counts it again
    put_in(v, rq, task);
}

void DlClass::update_curr(SchedView v, TaskId curr) {
    SchedEntity& se = v.task(curr).se;
    const Nanos delta = v.now - se.exec_start;
    if (delta > 0) {
        se.exec_start = v.now;
        se.sum_exec_runtime += static_cast<std::uint64_t>(delta);
    }
    DlEntity* const e = entity(curr);
    if (e == nullptr || e->throttled) return;
    const Nanos spent = std::max<Nanos>(delta, 0);
    e->runtime -= e->reclaims ? reclaimed(*e, v.cpu, spent) : spent;
    if (e->runtime > 0 && !e->yielded) return;
    if (!e->yielded) {
        ++e->overruns;
        e->overran = e->signals;
    }
    DlRq& rq = rq_[v.cpu];
    rq.want_resched = true;
    if (throttle(*e, v.now, v.cpu)) --rq.nr_running;
}

bool DlClass::tick(SchedView v, TaskId curr) {
    update_curr(v, curr);
    return rq_[v.cpu].want_resched;
}

bool DlClass::check_preempt(SchedView v, TaskId curr, TaskId wakee) {
    update_curr(v, curr);
    if (find(wakee)->throttled) return rq_[v.cpu].want_resched;
    return rq_[v.cpu].want_resched || find(wakee)->deadline < find(curr)->deadline;
}

// This job is done: what is left of its runtime is given up, it comes back in its next period.
void DlClass::yield(SchedView v, TaskId curr) {
    DlEntity& e = *entity(curr);
    update_curr(v, curr);
    ++e.jobs;
    if (v.now > e.job_deadline) ++e.misses;
    e.yielded = true;
    update_curr(v, curr);
    e.job_deadline = e.deadline + (e.throttled ? e.dl_period : 0);
}

void DlClass::migrate(SchedView, TaskId task, CpuId to) {
    if (DlEntity* e = entity(task); e != nullptr) e->cpu = to;
}
void DlClass::leave_class(SchedView, TaskId task) { drop(task); }

// --- timers ---

Nanos DlClass::next_timer(CpuId cpu) const {
    Nanos next = kNever;
    for (const DlEntity& e : entities_)
        if (e.cpu == cpu) next = std::min({next, e.timer_at, e.zero_lag_at});
    return next;
}

// dl_task_timer and the server's: replenish who is due.
std::uint64_t DlClass::timer(SchedView v) {
    std::uint64_t again = 0;
    for (DlEntity& e : entities_) {
        if (e.cpu != v.cpu) continue;
        if (e.zero_lag_at <= v.now) {   // inactive_task_timer
            e.zero_lag_at = kNever;
            e.contends = false;
        }
        if (e.timer_at > v.now) continue;
        const Task& t = v.peek(e.task);
        DlRq& rq = rq_[v.cpu];
        const bool queued = t.on_rq && rq.curr != e.task;
        if (queued) take_out(v, rq, e.task);
        replenish(e, v.now);
        if (queued) {
            put_in(v, rq, e.task);
        } else if (rq.curr == e.task) {
            ++rq.nr_running;
        }
        again |= std::uint64_t{1} << v.cpu;
    }
    Server& s = rq_[v.cpu].server;
    if (s.timer_at <= v.now) {
        s.timer_at = kNever;
        if (s.armed && v.now < s.deadline - s.runtime) {
            s.timer_at = s.deadline - s.runtime;   // normal tasks ran meanwhile: there is more time
        } else if (s.active) {
            if (s.armed) s.running = true;
            server_replenish(s, v.now);
            again |= std::uint64_t{1} << v.cpu;
        }
    }
    return again;
}

// --- the fair server ---

void DlClass::server_new_period(Server& s, Nanos now) const {
    s.deadline = now + s_.server_period;
    s.runtime = s_.server_runtime;
    if (!s.running) s.throttled = s.armed = true;
}
// False: the moment has passed.
bool DlClass::server_arm(Server& s, Nanos now) const {
    const Nanos at = s.armed ? s.deadline - s.runtime : s.deadline;
    if (at <= now) return false;
    s.timer_at = at;
    return true;
}
void DlClass::server_replenish(Server& s, Nanos now) const {
    while (s.runtime <= 0) {
        s.deadline += s_.server_period;
        s.runtime += s_.server_runtime;
    }
    if (s.deadline < now) server_new_period(s, now);
    s.throttled = false;
    if (s.armed) {
        s.armed = false;
        return;
    }
    if (!s.running && now < s.deadline - s.runtime) {
        s.armed = s.throttled = true;
        server_arm(s, now);
    }
}

void DlClass::server_start(CpuId cpu, Nanos now) {
    Server& s = rq_[cpu].server;
    if (!s_.fair_server || s.active) return;
    s.active = true;
    const bool stale = s.deadline <= now || static_cast<__int128>(s.runtime) * s_.server_period >
                                                static_cast<__int128>(s.deadline - now) * s_.server_runtime;
    if (stale) {
        server_new_period(s, now);
    } else if (!s.running) {
        s.armed = s.throttled = true;
    }
    if (s.throttled && !server_arm(s, now)) s.throttled = s.armed = false;
}

void DlClass::server_stop(CpuId cpu) {
    Server& s = rq_[cpu].server;
    s.active = s.throttled = s.armed = s.resched = false;
    s.timer_at = kNever;
}

void DlClass::server_charge(CpuId cpu, Nanos now, Nanos delta) {
    Server& s = rq_[cpu].server;
    if (!s.active || delta <= 0) return;
    s.runtime -= delta;
    if (s.runtime > 0) return;
    if (s.throttled) {   // its runtime was given without it: nobody starves (any more)
        s.running = false;
        server_new_period(s, now);
        server_arm(s, now);
        return;
    }
    s.throttled = true;
    s.resched = true;
    if (server_arm(s, now)) return;
    server_new_period(s, now);
    server_arm(s, now);
}

bool DlClass::server_first(CpuId cpu) const {
    if (!server_queued(cpu)) return false;
    const DlRq& rq = rq_[cpu];
    return rq.tree.empty() || rq.server.deadline < find(rq.tree.leftmost())->deadline;
}

bool DlClass::server_wants_resched(CpuId cpu) { return std::exchange(rq_[cpu].server.resched, false); }

// --- looking ---

Nanos DlClass::best_waiting(CpuId cpu) const {
    const TaskId first = rq_[cpu].tree.leftmost();
    return first == kNoTask ? kNever : find(first)->deadline;
}

TaskId DlClass::pushable(const TaskTable& tasks, CpuId from, CpuId to) const {
    for (TaskId t = rq_[from].tree.leftmost(); t != kNoTask; t = RbTree::next(tasks, t))
        if (!tasks[t].on_cpu && (tasks[t].cpus_allowed >> to & 1) != 0) return t;
    return kNoTask;
}

std::vector<QueueRow> DlClass::rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    std::vector<QueueRow> out;
    for (TaskId t = rq_[cpu].tree.leftmost(); t != kNoTask && out.size() < most; t = RbTree::next(tasks, t)) {
        const QueueNode& n = tasks[t].se.node;
        out.push_back({t, find(t)->deadline, n.left, n.right, n.parent, n.red});
    }
    return out;
}

NamedNumbers DlClass::entry_numbers(const TaskTable&, CpuId, const QueueRow& row) const {
    const DlEntity* e = find(row.task);
    if (e == nullptr) return {};
    NamedNumbers out = {{"deadline_ns", e->deadline},       {"runtime_left_ns", e->runtime},
                        {"dl_runtime_ns", e->dl_runtime},   {"dl_deadline_ns", e->dl_deadline},
                        {"dl_period_ns", e->dl_period},     {"misses", static_cast<std::int64_t>(e->misses)},
                        {"overruns", static_cast<std::int64_t>(e->overruns)}};
    if (e->throttled) out.push_back({"back_at_ns", e->timer_at});
    return out;
}

QueuePicture DlClass::picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    QueuePicture out = SchedClass::picture(tasks, cpu, most);
    out.shape = QueuePicture::Shape::deadlines;
    const DlRq& rq = rq_[cpu];
    const auto add = [&](const char* name, TaskId task, bool runs) {
        if (out.bands.back().name != name) out.bands.push_back({.name = name});
        const QueueRow row{.task = task, .key = find(task)->deadline};
        out.bands.back().entries.push_back({.row = row, .runs = runs, .numbers = entry_numbers(tasks, cpu, row)});
    };
    if (rq.curr != kNoTask && !find(rq.curr)->throttled) add("running", rq.curr, true);
    for (const DlEntity& e : entities_)
        if (e.throttled && e.cpu == cpu) add("throttled", e.task, rq.curr == e.task);
    const auto permille = [](std::uint64_t bw) { return static_cast<std::int64_t>((bw * 1000 + (1u << 19)) >> kBwShift); };
    out.numbers = {{"admitted_milli", permille(total_bw_)}};
    if (limit_bw() != ~std::uint64_t{0}) out.numbers.push_back({"limit_milli", permille(limit_bw())});
    out.numbers.push_back({"running_bw_milli", permille(running_bw(cpu))});
    return out;
}

std::vector<std::pair<std::string, std::int64_t>> DlClass::numbers(CpuId cpu) const {
    const DlRq& rq = rq_[cpu];
    std::vector<std::pair<std::string, std::int64_t>> out = {
        {"dl_nr_running", rq.nr_running}, {"total_bw", static_cast<std::int64_t>(total_bw_)}};
    if (rq.server.active) {
        out.emplace_back("fair_server.runtime", rq.server.runtime);
        out.emplace_back("fair_server.deadline", rq.server.deadline);
    }
    return out;
}

PickReason DlClass::explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    const DlRq& rq = rq_[cpu];
    PickReason why;
    why.candidates = rows(tasks, cpu, 8);
    why.candidate_count = rq.tree.size();
    if (prev != kNoTask && prev == rq.curr && !find(prev)->throttled) {
        const QueueRow own{.task = prev, .key = find(prev)->deadline};
        const auto at = std::find_if(why.candidates.begin(), why.candidates.end(),
                                     [&](const QueueRow& r) { return r.key > own.key; });
        why.candidates.insert(at, own);
        ++why.candidate_count;
    }
    if (why.candidates.empty()) return why;
    why.winner = why.candidates.front().task;
    why.rule = "its absolute deadline is the earliest (EDF)";
    why.rule_zh = "它的绝对截止时间最早（EDF）";
    if (why.candidates.size() > 1 && why.candidates[1].key == why.candidates[0].key) {
        why.tie = "equal deadlines: first come, first served";
        why.tie_zh = "截止时间相等：先入队者先";
    }
    return why;
}

void DlClass::mix(Fingerprint& print) const {
    for (const DlRq& rq : rq_) {
        print.mix((std::uint64_t{rq.tree.root()} << 32) | rq.curr);
        print.mix(rq.nr_running * 2 + (rq.want_resched ? 1u : 0u));
        const Server& s = rq.server;
        print.mix(static_cast<std::uint64_t>(s.runtime));
        print.mix(static_cast<std::uint64_t>(s.deadline) * 32 + (s.active ? 1 : 0) + (s.throttled ? 2 : 0) +
                  (s.armed ? 4 : 0) + (s.running ? 8 : 0) + (s.resched ? 16 : 0));
    }
    for (const DlEntity& e : entities_) {
        print.mix((std::uint64_t{e.task} << 32) | (e.throttled ? 1u : 0u) | (e.yielded ? 2u : 0u) | (e.fresh ? 4u : 0u));
        print.mix(static_cast<std::uint64_t>(e.runtime));
        print.mix(static_cast<std::uint64_t>(e.deadline));
        print.mix(static_cast<std::uint64_t>(e.timer_at));
        print.mix(static_cast<std::uint64_t>(e.zero_lag_at) * 16 + (e.signals ? 1 : 0) + (e.reclaims ? 2 : 0) + (e.overran ? 4 : 0) +
                  (e.contends ? 8 : 0));
        print.mix(e.misses * 65'536 + e.overruns);
        if (e.lender != kNoTask) print.mix(e.lender);
    }
    print.mix(total_bw_ * 2 + (reclaim_used_ ? 1 : 0));
}

std::string DlClass::check(const TaskTable& tasks, CpuId cpu) const {
    const DlRq& rq = rq_[cpu];
    if (!rq.tree.valid(tasks, ByDeadline{*this})) return "the deadline tree is not a valid red-black tree";
    const std::uint32_t runs = rq.curr != kNoTask && !find(rq.curr)->throttled ? 1 : 0;
    if (rq.tree.size() + runs != rq.nr_running) return "dl_nr_running is not the number of runnable deadline tasks";
    std::uint64_t sum = 0;
    for (const DlEntity& e : entities_) {
        sum += e.bw;
        if (e.throttled != (e.timer_at != kNever)) return "a throttled deadline task has no timer";
        if (!e.throttled && e.runtime > std::max(e.dl_runtime, pi_runtime(e))) return "a deadline task has more runtime than it may have";
    }
    if (sum != total_bw_) return "total_bw is not the sum of the admitted shares";
    if (total_bw_ > limit_bw()) return "more bandwidth was admitted than there is";
    return {};
}

}  // namespace sy
