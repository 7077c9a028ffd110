// Evening out the load between CPUs (linux.md 6.9). A CPU that runs out of work pulls one task at once (newidle). Else the
// tick raises SCHED_SOFTIRQ when a domain is due; behind the timer interrupt the softirq looks for the busiest group of
// CPUs, the busiest queue in it, and takes tasks that may move. Idle CPUs have no ticks: a busy one kicks one of them,
// which balances for all (NOHZ).
//
// Linux walks the queue's tasks from the one that ran longest ago; here they come in pick order, the same up to ties, at
// most 32 of them (sched_nr_migrate). Loads and utilisation are PELT averages (sim/sched/pelt.h). If only a running task
// could be moved and that has failed often enough, the other CPU's migration thread pushes it (stopper.cpp).
#include <algorithm>
#include <bit>

#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

using Mask = std::uint64_t;
constexpr Mask bit(CpuId c) { return Mask{1} << c; }
std::size_t nr_migrate(const Ctx& cx) { return static_cast<std::size_t>(cx.k.sched->balance_settings().nr_migrate); }

const std::vector<SchedDomain>& domains(const Ctx& cx, CpuId c) { return cx.k.image().topology.cpus[c].domains; }
bool halted(const Cpu& c) { return c.runs() == c.idle && c.tick_stopped; }

std::uint64_t jiffies_of(const Ctx& cx, std::uint64_t ms) {
    const auto tick = static_cast<std::uint64_t>(cx.k.image().tick);
    return (ms * kMilli + tick - 1) / tick;
}
// get_sd_balance_interval, in jiffies.
std::uint64_t interval(const Ctx& cx, const SchedDomain& sd, const DomainState& s, bool busy) {
    const std::uint64_t ms = s.interval != 0 ? s.interval : sd.min_interval;
    std::uint64_t j = jiffies_of(cx, busy ? ms * sd.busy_factor : ms);
    if (busy) --j;
    const std::uint64_t most = std::max<std::uint64_t>(1, cx.k.cpus.size() * jiffies_of(cx, 1000) / 10);
    return std::clamp<std::uint64_t>(j, 1, most);
}

}  // namespace

// can_migrate_task without the question of cache heat.
bool Ctx::may_migrate(const Task& t, CpuId to) const {
    return !t.on_cpu && t.on_rq && (t.cpus_allowed >> to & 1) != 0;
}

void Ctx::pull(TaskId id, CpuId to) {
    const CpuId from = peek(id).cpu;
    k.sched->dequeue(view(from), id, Dequeue::migrated);
    move_to_cpu(id, to);
    k.sched->enqueue(view(to), id, Enqueue::migrated);
}

// newidle_balance: from the nearest domain outwards, one task of the CPU with the most runnable ones. A task that is still
// being switched away from stays where it is. (Linux also gives up if the CPU is idle for too short a time on average.)
bool Ctx::pull_task() {
    if (k.cpus.size() == 1 || k.image().shared_queue) return false;
    const std::vector<SchedDomain>& all = domains(*this, cpu.id);
    k.sched->update_blocked(view());
    std::uint64_t looked_at = bit(cpu.id);
    for (std::size_t level = 0; level < all.size(); ++level) {
        DomainState& state = cpu.smp.domains[level];
        auto& stats = state.stats[static_cast<std::size_t>(BalanceKind::newidle)];
        ++stats[0];
        TaskId best = kNoTask;
        std::uint32_t most = 1;
        for (const Cpu& other : k.cpus) {
            if ((all[level].span & ~looked_at & bit(other.id)) == 0) continue;
            const std::uint32_t runnable = k.sched->runnable(other.id);
            if (runnable <= most) continue;
            for (const QueueRow& row : k.sched->rows(k.tasks, other.id, k.image().balances ? nr_migrate(*this) : runnable)) {
                if (!may_migrate(peek(row.task), cpu.id)) continue;
                best = row.task;
                most = runnable;
                break;
            }
        }
        looked_at |= all[level].span;
        if (best == kNoTask) {
            ++stats[1];
            continue;
        }
        cpu.smp.balance = {.at = cpu.clock, .dst = cpu.id, .src = peek(best).cpu, .level = static_cast<std::uint8_t>(level),
                           .kind = BalanceKind::newidle, .end = BalanceEnd::moved, .src_type = GroupType::overloaded,
                           .imbalance = 0, .moved = 1, .tried = 1, .last_moved = best};
        ++stats[4];
        pull(best, cpu.id);
        return true;
    }
    return false;
}

// The tick: is a domain of this CPU due, and does a tickless CPU have to be told?
void Ctx::trigger_balance() {
    const std::vector<SchedDomain>& all = domains(*this, cpu.id);
    if (all.empty() || !k.image().balances) return;
    if (k.jiffies >= cpu.smp.next_balance) raise_softirq(Softirq::sched);
    if (k.jiffies < k.nohz_next_balance) return;
    const std::uint32_t running = k.sched->runnable(cpu.id);
    bool kick = running >= 2;
    if (!kick && k.image().topology.has_smt && running == 1) {   // two tasks may share a core while another core idles
        const Mask siblings = k.image().topology.cpus[cpu.id].smt_mask & ~bit(cpu.id);
        for (Mask m = siblings; m != 0; m &= m - 1) kick |= !is_idle(static_cast<CpuId>(std::countr_zero(m)));
    }
    if (!kick) return;
    const auto n = static_cast<CpuId>(k.cpus.size());
    for (CpuId i = 1; i < n; ++i) {
        Cpu& other = k.cpus[(cpu.id + i) % n];
        if (!halted(other) || !is_idle(other.id)) continue;
        if (!other.smp.nohz_kick) {
            other.smp.nohz_kick = true;
            send_ipi(other.id, kCallVector);
        }
        k.nohz_next_balance = k.jiffies + 1;
        return;
    }
}

namespace {

// --- SCHED_SOFTIRQ: r12 = CPUs still to balance for, rbx = the one at hand << 8 | level ---

constexpr std::uint64_t kNoDomain = ~std::uint64_t{0};
CpuId dst_of(std::uint64_t r) { return static_cast<CpuId>(r >> 8); }
std::size_t level_of(std::uint64_t r) { return static_cast<std::size_t>(r & 0xff); }

void balance_begin(Ctx& cx) {
    Mask mask = bit(cx.cpu.id);
    if (cx.cpu.smp.nohz_kick) {
        for (const Cpu& c : cx.k.cpus)
            if (halted(c) && cx.is_idle(c.id) && cx.k.jiffies >= c.smp.next_balance) mask |= bit(c.id);
        cx.cpu.smp.nohz_kick = false;
        cx.k.nohz_next_balance = cx.k.jiffies + 1;
    }
    // Averages of idle CPUs stand still; what slept there has decayed meanwhile.
    for (Mask m = mask; m != 0; m &= m - 1) cx.k.sched->update_blocked(cx.view(static_cast<CpuId>(std::countr_zero(m))));
    cx.set(Reg::r12, mask);
    cx.set(Reg::rbx, kNoDomain);
}
// This CPU comes last, the others in the order of their numbers after it.
CpuId next_cpu(const Ctx& cx, Mask mask) {
    const auto n = static_cast<CpuId>(cx.k.cpus.size());
    for (CpuId i = 1; i <= n; ++i) {
        const auto c = static_cast<CpuId>((cx.cpu.id + i) % n);
        if ((mask & bit(c)) != 0) return c;
    }
    return kNoCpu;
}
void next_domain(Ctx& cx) {
    Mask mask = cx.reg(Reg::r12);
    std::uint64_t at = cx.reg(Reg::rbx);
    for (;;) {
        CpuId dst = at == kNoDomain ? next_cpu(cx, mask) : dst_of(at);
        if (dst == kNoCpu) break;
        SmpState& smp = cx.k.cpus[dst].smp;
        const bool busy = !cx.is_idle(dst);
        for (std::size_t level = at == kNoDomain ? 0 : level_of(at) + 1; level < domains(cx, dst).size(); ++level) {
            DomainState& s = smp.domains[level];
            if (cx.k.jiffies < s.last_balance + interval(cx, domains(cx, dst)[level], s, busy)) continue;
            s.last_balance = cx.k.jiffies;
            cx.set(Reg::r12, mask);
            cx.set(Reg::rbx, std::uint64_t{dst} << 8 | level);
            cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
            return;
        }
        std::uint64_t next = ~std::uint64_t{0};
        for (std::size_t level = 0; level < domains(cx, dst).size(); ++level)
            next = std::min(next, smp.domains[level].last_balance +
                                      interval(cx, domains(cx, dst)[level], smp.domains[level], busy));
        smp.next_balance = next;
        mask &= ~bit(dst);
        at = kNoDomain;
    }
    std::uint64_t soonest = ~std::uint64_t{0};   // nohz.next_balance
    for (const Cpu& c : cx.k.cpus)
        if (halted(c)) soonest = std::min(soonest, c.smp.next_balance);
    if (soonest != ~std::uint64_t{0}) cx.k.nohz_next_balance = std::max(cx.k.jiffies + 1, soonest);
    cx.set(Reg::r12, 0);
    cx.set(Reg::rbx, kNoDomain);
}
bool no_domain_left(Ctx& cx) { return cx.reg(Reg::rbx) == kNoDomain; }

constexpr StepDef sched_balance_softirq_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(balance_begin, Cost::effect,
           {"For which CPUs shall this one balance?", "本 CPU 要替哪些 CPU 做均衡？",
            "Itself; and if a busy CPU kicked it, all idle CPUs whose ticks are stopped.",
            "自己；若是被忙碌的 CPU 踢醒，则替所有停了时钟的空闲 CPU。"}),
    label("next"),
    effect(next_domain, Cost::accounting,
           {"Find the next scheduling domain that is due.", "找下一个到期的调度域。",
            "The larger a domain the rarer: its interval in ms is its number of CPUs, times 16 while the CPU is busy.",
            "域越大越少做：间隔（毫秒）等于 CPU 数，CPU 忙时再乘 16。"}),
    branch(no_domain_left, "done", {"Is none due any more?", "没有到期的了吗？", "", ""}),
    call(routines::sched_balance_rq),
    jump("next"),
    label("done"),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

// --- load_balance: rbx = destination and domain; what it finds stands in Cpu::smp.balance ---

BalanceNote& note(Ctx& cx) { return cx.cpu.smp.balance; }
const SchedDomain& domain(Ctx& cx) { return domains(cx, note(cx).dst)[note(cx).level]; }
DomainState& state(Ctx& cx) { return cx.k.cpus[note(cx).dst].smp.domains[note(cx).level]; }
std::uint32_t& stat(Ctx& cx, std::size_t which) { return state(cx).stats[static_cast<std::size_t>(note(cx).kind)][which]; }

void should_we_balance(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    const CpuId dst = dst_of(cx.reg(Reg::rbx));
    note(cx) = {.at = cx.cpu.clock, .dst = dst, .level = static_cast<std::uint8_t>(level_of(cx.reg(Reg::rbx))),
                .kind = cx.is_idle(dst) ? BalanceKind::idle : BalanceKind::busy};
    ++stat(cx, 0);
    note(cx).local_group = domain(cx).groups[0];
    // The first idle CPU of its group does it for the group; if none is idle, the first one.
    CpuId who = static_cast<CpuId>(std::countr_zero(domain(cx).groups[0]));
    for (Mask m = domain(cx).groups[0]; m != 0; m &= m - 1) {
        const auto c = static_cast<CpuId>(std::countr_zero(m));
        if (!cx.is_idle(c)) continue;
        who = c;
        break;
    }
    if (who != dst) note(cx).end = BalanceEnd::not_ours;
}
bool not_ours(Ctx& cx) { return note(cx).end == BalanceEnd::not_ours; }

// What update_sd_lb_stats gathers about one group.
struct GroupStats {
    Mask cpus = 0;
    std::uint32_t running = 0, idle = 0, weight = 0;
    std::uint64_t load = 0, util = 0, runnable = 0;   // sums of load_avg, util_avg, runnable_avg
    GroupType type = GroupType::has_spare;
    std::uint64_t avg_load() const { return weight == 0 ? 0 : load / weight; }
    std::uint64_t capacity() const { return weight * std::uint64_t{1024}; }
};
// group_is_overloaded and group_has_capacity: the number of tasks alone says little if they hardly run.
GroupType classify(const GroupStats& g, std::uint32_t pct) {
    const bool too_runnable = g.capacity() * pct < g.runnable * 100;
    if (g.running > g.weight && (g.capacity() * 100 < g.util * pct || too_runnable)) return GroupType::overloaded;
    if (g.running < g.weight || (!too_runnable && g.capacity() * 100 > g.util * pct)) return GroupType::has_spare;
    return GroupType::fully_busy;
}
GroupStats stats_of(Ctx& cx, Mask cpus) {
    GroupStats g{.cpus = cpus, .weight = static_cast<std::uint32_t>(std::popcount(cpus))};
    for (Mask m = cpus; m != 0; m &= m - 1) {
        const auto c = static_cast<CpuId>(std::countr_zero(m));
        g.running += cx.k.sched->runnable(c);
        g.idle += cx.is_idle(c) ? 1 : 0;
        g.load += cx.cpu_load(c);
        g.util += cx.cpu_util(c);
        g.runnable += cx.cpu_runnable(c);
    }
    g.type = classify(g, domain(cx).imbalance_pct);
    return g;
}
bool busier(const GroupStats& a, const GroupStats& b) {
    if (a.type != b.type) return a.type > b.type;
    if (a.type != GroupType::has_spare) return a.avg_load() > b.avg_load();
    return a.idle != b.idle ? a.idle < b.idle : a.running > b.running;
}

// sibling_imbalance, for groups of the same number of cores.
std::uint32_t sibling_imbalance(const GroupStats& local, const GroupStats& busiest) {
    const std::uint32_t more = busiest.running > local.running ? busiest.running - local.running : 0;
    return more <= 1 && local.running == 0 && busiest.running > 1 ? 2 : more;
}

// find_busiest_group and calculate_imbalance.
void find_busiest_group(Ctx& cx) {
    BalanceNote& n = note(cx);
    const SchedDomain& sd = domain(cx);
    const GroupStats local = stats_of(cx, sd.groups[0]);
    GroupStats busiest;
    std::uint64_t total_load = local.load;
    for (std::size_t i = 1; i < sd.groups.size(); ++i) {
        const GroupStats g = stats_of(cx, sd.groups[i]);
        total_load += g.load;
        if (busiest.cpus == 0 || busier(g, busiest)) busiest = g;
    }
    n.local_type = local.type;
    n.src_type = busiest.type;
    n.src_group = busiest.cpus;
    n.local_load = local.avg_load();
    n.src_load = busiest.avg_load();
    n.local_util = local.util;
    n.src_util = busiest.util;
    const std::uint64_t average = total_load / static_cast<unsigned>(std::popcount(sd.span));
    const auto give_up = [&](BalanceEnd why) { n.end = why; };
    if (busiest.running == 0) return give_up(BalanceEnd::no_group);
    if (local.type > busiest.type) return give_up(BalanceEnd::balanced);
    if (local.type == GroupType::overloaded) {
        if (n.local_load >= n.src_load || n.local_load >= average) return give_up(BalanceEnd::balanced);
        if (100 * n.src_load <= sd.imbalance_pct * n.local_load) return give_up(BalanceEnd::within_pct);
        n.by_load = true;
        n.imbalance = std::min((n.src_load - average) * busiest.weight, (average - n.local_load) * local.weight);
        return n.imbalance == 0 ? give_up(BalanceEnd::balanced) : void();
    }
    // Cores and caches: a task more than here is enough.
    const bool spread = sd.prefer_sibling && local.type == GroupType::has_spare && sibling_imbalance(local, busiest) > 1;
    if (!spread && busiest.type != GroupType::overloaded) {
        if (n.kind == BalanceKind::busy) return give_up(BalanceEnd::balanced);
        if (busiest.weight > 1 && local.idle <= busiest.idle + 1) return give_up(BalanceEnd::few_idle);
        if (busiest.running == 1) return give_up(BalanceEnd::balanced);
    }
    if (local.type == GroupType::fully_busy) {
        if (n.local_load >= n.src_load || n.local_load >= average) return give_up(BalanceEnd::balanced);
        n.by_load = true;
        n.imbalance = std::min((n.src_load - std::min(n.src_load, average)) * busiest.weight,
                               (average - std::min(average, n.local_load)) * local.weight);
        return n.imbalance == 0 ? give_up(BalanceEnd::balanced) : void();
    }
    const bool shares_cache = sd.kind == DomainKind::smt || sd.kind == DomainKind::mc;
    if (busiest.type == GroupType::overloaded && !shares_cache) {   // fill this group's spare capacity
        n.by_util = true;
        n.imbalance = local.capacity() - std::min(local.capacity(), local.util);
        if (n.imbalance == 0 && n.kind != BalanceKind::busy) {
            n.by_util = false;
            n.imbalance = 1;
        }
        return n.imbalance == 0 ? give_up(BalanceEnd::balanced) : void();
    }
    if (busiest.weight == 1 || sd.prefer_sibling)
        n.imbalance = sibling_imbalance(local, busiest) / 2;
    else
        n.imbalance = local.idle > busiest.idle ? (local.idle - busiest.idle) / 2 : 0;
    if (n.imbalance == 0) give_up(BalanceEnd::few_idle);
}
bool in_balance(Ctx& cx) { return note(cx).end != BalanceEnd::none; }

void find_busiest_queue(Ctx& cx) {
    BalanceNote& n = note(cx);
    std::uint64_t most = 0;
    for (Mask m = n.src_group; m != 0; m &= m - 1) {
        const auto c = static_cast<CpuId>(std::countr_zero(m));
        const std::uint32_t running = cx.k.sched->runnable(c);
        if (running == 0 || (n.by_load && running == 1 && cx.cpu_load(c) > n.imbalance)) continue;
        if (n.by_util && running <= 1) continue;
        const std::uint64_t measure = n.by_load ? cx.cpu_load(c) : n.by_util ? cx.cpu_util(c) : running;
        if (measure <= most) continue;
        most = measure;
        n.src = c;
    }
    if (n.src == kNoCpu) {
        n.end = BalanceEnd::no_queue;
        ++stat(cx, 6);
        return;
    }
    stat(cx, 3) += static_cast<std::uint32_t>(n.imbalance);
}

bool cache_hot(Ctx& cx, const Task& t) {
    const SchedDomain& sd = domain(cx);
    if (sd.kind == DomainKind::smt) return false;   // SD_SHARE_CPUCAPACITY: hot on either thread
    return cx.cpu.clock - t.se.exec_start < cx.k.sched->balance_settings().migration_cost && t.se.exec_start > 0;
}
// What moving the task takes off the imbalance: task_h_load, task_util, or one task.
std::uint64_t worth(Ctx& cx, TaskId id) {
    const BalanceNote& n = note(cx);
    if (n.by_load) return std::max<std::uint64_t>(1, cx.k.sched->h_load(cx.view(n.src), id));
    return n.by_util ? cx.k.tasks.avg(id).util_avg : 1;
}
// detach_tasks and attach_task, one task at a time.
void move_one(Ctx& cx) {
    BalanceNote& n = note(cx);
    cx.set(Reg::rdi, 0);
    if (n.imbalance == 0 || n.tried >= nr_migrate(cx) || cx.k.sched->runnable(n.src) <= 1) return;
    for (const QueueRow& row : cx.k.sched->rows(cx.k.tasks, n.src, nr_migrate(cx))) {
        const Task& t = cx.peek(row.task);
        ++n.tried;
        if (!cx.may_migrate(t, n.dst) || (t.se.exec_start > n.at && n.moved > 0)) continue;
        const bool hot = cache_hot(cx, t);
        if (hot && state(cx).nr_balance_failed <= domain(cx).cache_nice_tries) continue;
        // shr_bound: after each failure something twice as heavy will do.
        const std::uint64_t load = worth(cx, row.task);
        if (load >> std::min<std::uint32_t>(state(cx).nr_balance_failed, 63) > n.imbalance) continue;
        n.imbalance -= std::min(n.imbalance, load);
        if (hot) ++stat(cx, 5);
        ++stat(cx, 4);
        ++n.moved;
        n.last_moved = row.task;
        cx.set(Reg::rdi, layout::task_address(row.task));
        cx.pull(row.task, n.dst);
        cx.check_preempt(n.dst, row.task);
        return;
    }
    n.tried = static_cast<std::uint32_t>(nr_migrate(cx));
}
// A CPU holds its queue's lock from the pick until the task that leaves is off it: nobody takes tasks meanwhile.
bool queue_is_free(Ctx& cx) {
    if (cx.k.image().ideal) return true;
    const Cpu& src = cx.k.cpus[note(cx).src];
    if (src.picked != kNoTask || src.curr != src.current_task) return false;
    for (const QueueRow& row : cx.k.sched->rows(cx.k.tasks, src.id, nr_migrate(cx)))
        if (cx.peek(row.task).on_cpu && row.task != src.curr) return false;
    return true;
}
void spin(Ctx&) {}
bool moved_one(Ctx& cx) { return cx.reg(Reg::rdi) != 0; }
bool moved_none(Ctx& cx) { return note(cx).moved == 0; }
void balance_done(Ctx& cx) {
    note(cx).end = BalanceEnd::moved;
    state(cx).nr_balance_failed = 0;
    state(cx).interval = domain(cx).min_interval;
}
void balance_out(Ctx& cx) {
    if (note(cx).end == BalanceEnd::not_ours) return;
    ++stat(cx, 1);
    state(cx).nr_balance_failed = 0;
    const std::uint32_t now = state(cx).interval != 0 ? state(cx).interval : domain(cx).min_interval;
    state(cx).interval = std::min(2 * now, domain(cx).max_interval());
}
// LBF_ALL_PINNED: none of them, the running one included, may use the destination.
bool all_pinned(Ctx& cx) {
    const BalanceNote& n = note(cx);
    if (cx.k.sched->runnable(n.src) <= 1) return false;
    const TaskId curr = cx.k.cpus[n.src].runs();
    if (curr != cx.k.cpus[n.src].idle && (cx.peek(curr).cpus_allowed >> n.dst & 1) != 0) return false;
    for (const QueueRow& row : cx.k.sched->rows(cx.k.tasks, n.src, nr_migrate(cx)))
        if ((cx.peek(row.task).cpus_allowed >> n.dst & 1) != 0) return false;
    return true;
}
// need_active_balance: only running tasks would even things out, and that has been so for some time.
void balance_failed(Ctx& cx) {
    BalanceNote& n = note(cx);
    n.end = BalanceEnd::all_pinned;
    cx.set(Reg::rdi, 0);
    if (all_pinned(cx)) {
        balance_out(cx);
        return;
    }
    ++stat(cx, 2);
    ++state(cx).nr_balance_failed;
    Cpu& busiest = cx.k.cpus[n.src];
    const TaskId curr = busiest.runs();
    if (n.by_load || n.by_util || state(cx).nr_balance_failed <= domain(cx).cache_nice_tries + 2) return;
    if (busiest.smp.active_balance || curr == busiest.idle || cx.peek(curr).sched_class != ClassId::fair) return;
    if ((cx.peek(curr).cpus_allowed >> n.dst & 1) == 0) return;
    n.end = BalanceEnd::active;
    busiest.smp.active_balance = true;
    busiest.smp.stop_works.push_back({.kind = StopWork::Kind::active_balance, .dst = n.dst});
    cx.set(Reg::rdi, layout::task_address(busiest.smp.stopper));
}
bool no_push(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

constexpr StepDef sched_balance_rq_steps[] = {
    push(Reg::rbx),
    effect(should_we_balance, Cost::effect,
           {"Is it this CPU's turn to balance for its group?", "轮到本 CPU 替它的组做均衡吗？",
            "One CPU does it for the group: the first idle one.", "每组由一个 CPU 来做：第一个空闲的。"}),
    branch(not_ours, "out", {"Does another CPU of the group do it?", "由组里别的 CPU 做吗？", "", ""}),
    effect(find_busiest_group, Cost::accounting,
           {"Find the busiest group of CPUs in the domain.", "在域中找最忙的一组 CPU。", "{balance}", "{balance}"}),
    branch(in_balance, "balanced", {"Is the domain in balance?", "这个域是均衡的吗？", "{balance}", "{balance}"}),
    effect(find_busiest_queue, Cost::accounting,
           {"Find the busiest run queue of that group.", "在该组中找最忙的运行队列。", "", ""}),
    branch(in_balance, "balanced", {"Has no queue a task to give?", "没有队列能分出任务吗？", "", ""}),
    label("lock"),
    branch(queue_is_free, "move", {"Is that queue's lock free?", "那个队列的锁空闲吗？",
                                   "A CPU holds it while it switches: ticks come to all CPUs at once, so this is not rare.",
                                   "CPU 在切换期间持有它：时钟同时到达所有 CPU，所以这并不少见。"}),
    effect(spin, Cost::locked, {"Spin: that CPU is in the middle of a switch.", "自旋：那个 CPU 正在切换之中。", "", ""}),
    jump("lock"),
    label("move"),
    effect(move_one, Cost::enqueue,
           {"Take a task off that queue and put it into this one: {target}.", "从那个队列取一个任务放进这个队列：{target}。",
            "Not one that runs, is pinned elsewhere, or whose cache is still warm (it ran less than 0.5 ms ago).",
            "不取正在运行的、绑定在别处的、缓存还热的（0.5 ms 内运行过）。"}),
    branch(moved_one, "move", {"Did one move? Then look for another.", "移动了一个吗？再找下一个。", "", ""}),
    branch(moved_none, "failed", {"Could no task be moved?", "一个都没能移动吗？", "", ""}),
    effect(balance_done, Cost::effect, {"Balanced: look again after the shortest interval.", "已均衡：最短间隔后再看。", "", ""}),
    jump("out"),
    label("failed"),
    effect(balance_failed, Cost::effect, {"Nothing may move: count the failure.", "都不能移动：失败计数加一。",
                                          "After some failures even cache-hot tasks are taken, later one that runs. {balance}",
                                          "失败几次后，缓存热的任务也会被取走，再后来是正在运行的。{balance}"}),
    branch(no_push, "out", {"Is it too early to push a running task?", "现在推走正在运行的任务还太早吗？",
                            "need_active_balance: more than cache_nice_tries + 2 failures in a row.",
                            "need_active_balance：连续失败超过 cache_nice_tries + 2 次。"}),
    call(routines::try_to_wake_up, {"Wake {target}: it will push the running task (stop_one_cpu_nowait).",
                                    "唤醒 {target}：由它推走正在运行的任务（stop_one_cpu_nowait）。",
                                    "Nobody can take a task that is on a CPU; the stop class preempts it first.",
                                    "没有人能取走正在 CPU 上的任务；stop 类先抢占它。"}),
    jump("out"),
    label("balanced"),
    effect(balance_out, Cost::effect, {"Nothing to do: wait twice as long before looking again.", "无事可做：下次间隔加倍。", "", ""}),
    label("out"),
    pop(Reg::rbx), ret(),
};

// The kick of a busy CPU: nohz_csd_func, in the call-function interrupt.
bool no_kick(Ctx& cx) { return !cx.cpu.smp.nohz_kick; }
void nohz_csd(Ctx& cx) {
    if (!cx.is_idle(cx.cpu.id) || cx.cpu.runs() != cx.cpu.idle) {
        cx.cpu.smp.nohz_kick = false;
        return;
    }
    cx.raise_softirq(Softirq::sched);
}
constexpr StepDef nohz_csd_func_steps[] = {
    branch(no_kick, "out", {"Has a busy CPU asked this idle one to balance?", "有忙碌的 CPU 请本空闲 CPU 做均衡吗？", "", ""}),
    effect(nohz_csd, Cost::effect, {"Raise SCHED_SOFTIRQ: balance for all CPUs whose ticks are stopped.",
                                    "触发 SCHED_SOFTIRQ：替所有停了时钟的 CPU 做均衡。", "", ""}),
    label("out"), ret(),
};

}  // namespace

namespace routines {
const Routine sched_balance_softirq = make_routine<sched_balance_softirq_steps>("sched_balance_softirq", Actor::softirq, Phase::work);
const Routine sched_balance_rq = make_routine<sched_balance_rq_steps>("sched_balance_rq", Actor::softirq, Phase::work);
const Routine nohz_csd_func = make_routine<nohz_csd_func_steps>("nohz_csd_func", Actor::interrupt, Phase::work);
}  // namespace routines

}  // namespace sy
