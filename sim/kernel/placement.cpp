// Where a woken or a new task shall run: select_task_rq_fair (linux.md 6.9). First wake_affine chooses between the CPU
// the task ran on and the waker's, then select_idle_sibling looks for an idle CPU behind the same last-level cache. A new
// task goes the slow way: to the idlest group of CPUs, level by level. Every decision is kept for the panel and `explain`.
#include <algorithm>
#include <bit>
#include <utility>

#include "sim/kernel/context.h"
#include "sim/sched/pelt.h"

namespace sy {

namespace {

using Mask = std::uint64_t;
constexpr Mask bit(CpuId c) { return Mask{1} << c; }

class Placer {
  public:
    Placer(Ctx& cx, TaskId id) : cx_(cx), id_(id), t_(cx.peek(id)), topo_(cx.k.image().topology) {
        p_.task = id;
        p_.waker_task = cx.outside ? kNoTask : cx.cpu.curr;
        p_.at = cx.cpu.clock;
        p_.prev = t_.cpu;
        p_.waker = cx.cpu.id;
        p_.allowed = t_.cpus_allowed & online();
        p_.idle_cpus = cx.idle_cpus();
        p_.sync = cx.cpu.smp.wake_sync;
    }

    Placement wakeup() {
        p_.target = p_.prev;
        p_.affine = affine();
        if (p_.affine == AffineRule::waker_idle || p_.affine == AffineRule::sync_alone ||
            p_.affine == AffineRule::waker_lighter)
            p_.target = p_.waker;
        p_.chosen = idle_sibling();
        if ((p_.allowed & bit(p_.chosen)) == 0) {
            p_.idle = IdleRule::fallback;
            const Mask near = p_.allowed & topo_.cpus[p_.prev].node_mask;
            p_.chosen = static_cast<CpuId>(std::countr_zero(near != 0 ? near : p_.allowed));
        }
        if (std::popcount(p_.allowed) == 1) p_.idle = IdleRule::only_one;
        return p_;
    }

    // sched_balance_find_dst_cpu: down the domains of the CPU it comes from, always into the idlest group.
    Placement fresh() {
        p_.target = p_.prev;
        p_.idle = std::popcount(p_.allowed) == 1 ? IdleRule::only_one : IdleRule::idlest;
        CpuId at = p_.prev;
        Mask span = p_.allowed;
        for (std::size_t level = topo_.cpus[at].domains.size(); level > 0 && std::popcount(span) > 1; --level) {
            if (level > topo_.cpus[at].domains.size()) continue;
            const SchedDomain& sd = topo_.cpus[at].domains[level - 1];
            Mask best = 0;
            for (const Mask group : sd.groups)
                if ((group & span) != 0 && (best == 0 || idler(group & span, best))) best = group & span;
            if (best == 0) continue;
            span = best;
            if ((span & bit(at)) == 0) at = static_cast<CpuId>(std::countr_zero(span));
        }
        p_.chosen = idlest_cpu(span == 0 ? p_.allowed : span, at);
        return p_;
    }

  private:
    Mask online() const { return cx_.k.cpus.size() == 64 ? ~Mask{0} : bit(static_cast<CpuId>(cx_.k.cpus.size())) - 1; }
    bool idle(CpuId c) const { return (p_.idle_cpus & bit(c)) != 0; }
    bool usable(CpuId c) const { return idle(c) && (p_.allowed & bit(c)) != 0; }
    std::uint32_t running(Mask cpus) const {
        std::uint32_t n = 0;
        for (Mask m = cpus; m != 0; m &= m - 1) n += cx_.k.sched->runnable(static_cast<CpuId>(std::countr_zero(m)));
        return n;
    }

    std::uint64_t load(Mask cpus) const {
        std::uint64_t sum = 0;
        for (Mask m = cpus; m != 0; m &= m - 1) sum += cx_.cpu_load(static_cast<CpuId>(std::countr_zero(m)));
        return sum;
    }
    // Group type first, then idle CPUs, then load; a tie goes to the one that comes first, the local group.
    bool idler(Mask a, Mask b) const {
        const int idle_a = std::popcount(a & p_.idle_cpus), idle_b = std::popcount(b & p_.idle_cpus);
        if (idle_a != 0 || idle_b != 0) return idle_a > idle_b;
        if (running(a) * static_cast<unsigned>(std::popcount(b)) != running(b) * static_cast<unsigned>(std::popcount(a)))
            return running(a) * static_cast<unsigned>(std::popcount(b)) < running(b) * static_cast<unsigned>(std::popcount(a));
        return load(a) * static_cast<unsigned>(std::popcount(b)) < load(b) * static_cast<unsigned>(std::popcount(a));
    }
    CpuId idlest_cpu(Mask span, CpuId start) const {
        CpuId best = kNoCpu;
        const auto n = static_cast<CpuId>(cx_.k.cpus.size());
        for (CpuId i = 0; i < n; ++i) {
            const auto c = static_cast<CpuId>((start + i) % n);
            if ((span & bit(c)) == 0) continue;
            if (best == kNoCpu || idler_cpu(c, best)) best = c;
        }
        return best == kNoCpu ? start : best;
    }

    // sched_balance_find_dst_group_cpu: an idle one, else the one with the least load_avg.
    bool idler_cpu(CpuId a, CpuId b) const {
        if (idle(a) != idle(b)) return idle(a);
        return !idle(a) && cx_.cpu_load(a) < cx_.cpu_load(b);
    }

    AffineRule affine() {
        if (p_.waker == p_.prev) return AffineRule::same_cpu;
        if (wake_wide() || (p_.allowed & bit(p_.waker)) == 0) return AffineRule::not_wanted;
        const BalanceSettings& feature = cx_.k.sched->balance_settings();
        if (feature.wa_idle) {
            if (idle(p_.waker) && topo_.share_cache(p_.waker, p_.prev))
                return idle(p_.prev) ? AffineRule::both_idle : AffineRule::waker_idle;
            if (p_.sync && cx_.k.sched->runnable(p_.waker) == 1) return AffineRule::sync_alone;
            if (idle(p_.prev)) return AffineRule::prev_idle;
        }
        return feature.wa_weight ? by_load() : AffineRule::prev_lighter;
    }
    // wake_affine_weight: the previous CPU's load counts more by half of the domain's imbalance_pct (WA_BIAS).
    AffineRule by_load() {
        const std::uint64_t weight = cx_.k.sched->h_load(cx_.view(t_.cpu), id_);   // task_h_load
        std::uint64_t here = cx_.cpu_load(p_.waker), there = cx_.cpu_load(p_.prev);
        if (p_.sync && p_.waker_task != kNoTask) {
            const std::uint64_t own = cx_.peek(p_.waker_task).sched_class == ClassId::fair
                                          ? cx_.k.sched->h_load(cx_.view(p_.waker), p_.waker_task)
                                          : 0;
            if (own > here) return AffineRule::waker_lighter;
            here -= own;
        }
        there -= std::min(there, weight);
        p_.load_waker = (here + weight) * 100;
        p_.load_prev = there * (cx_.k.sched->balance_settings().wa_bias ? 100 + (117 - 100) / 2 : 100) + (p_.sync ? 1 : 0);
        return p_.load_waker < p_.load_prev ? AffineRule::waker_lighter : AffineRule::prev_lighter;
    }
    // A waker that wakes many in turn should not pull them all to its own CPU.
    bool wake_wide() const {
        if (p_.waker_task == kNoTask) return false;
        std::uint32_t most = cx_.peek(p_.waker_task).wakee_flips, fewest = t_.wakee_flips;
        const auto factor = static_cast<std::uint32_t>(std::popcount(topo_.cpus[p_.waker].llc_mask));
        if (most < fewest) std::swap(most, fewest);
        return fewest >= factor && most >= fewest * factor;
    }

    CpuId idle_sibling() {
        p_.idle = IdleRule::target_idle;
        if (usable(p_.target)) return p_.target;
        p_.idle = IdleRule::prev_idle;
        if (p_.prev != p_.target && topo_.share_cache(p_.prev, p_.target) && usable(p_.prev)) return p_.prev;
        const CpuId recent = t_.recent_used_cpu;
        cx_.task(id_).recent_used_cpu = p_.prev;
        p_.idle = IdleRule::recent_idle;
        if (recent != p_.prev && recent != p_.target && recent < cx_.k.cpus.size() &&
            topo_.share_cache(recent, p_.target) && usable(recent))
            return recent;
        const CpuId found = scan(topo_.cpus[p_.target].llc_mask);
        if (found != kNoCpu) return found;
        p_.idle = IdleRule::target_busy;
        return p_.target;
    }
    // The CPUs behind the target's cache, from the one after it round: first a core that is idle as a whole, then a
    // hardware thread beside the previous CPU, then any idle CPU.
    CpuId scan(Mask llc) {
        const int n = static_cast<int>(cx_.k.cpus.size());
        const auto each = [&](Mask among, auto fits) {
            for (int i = 1; i <= n; ++i) {
                const auto c = static_cast<CpuId>((p_.target + i) % n);
                if ((among & bit(c)) != 0 && usable(c) && fits(c)) return c;
            }
            return kNoCpu;
        };
        if (topo_.has_smt) {
            p_.idle = IdleRule::idle_core;
            const CpuId core = each(llc, [&](CpuId c) { return (topo_.cpus[c].smt_mask & ~p_.idle_cpus) == 0; });
            if (core != kNoCpu) return core;
            p_.idle = IdleRule::idle_sibling;
            if (topo_.share_cache(p_.prev, p_.target)) {
                const CpuId beside = each(topo_.cpus[p_.prev].smt_mask, [](CpuId) { return true; });
                if (beside != kNoCpu) return beside;
            }
        }
        p_.idle = IdleRule::idle_cpu;
        return each(llc, [](CpuId) { return true; });
    }

    Ctx& cx_;
    TaskId id_;
    const Task& t_;
    const Topology& topo_;
    Placement p_;
};

// record_wakee: a flip is a wakeup of another task than last time; the count halves every second.
void record_wakee(Ctx& cx, TaskId wakee) {
    if (cx.outside || cx.cpu.curr == cx.cpu.idle) return;
    const Task& waker = cx.peek(cx.cpu.curr);
    const auto second = static_cast<std::uint32_t>(cx.cpu.clock / kSecond);
    if (waker.last_wakee == wakee && waker.wakee_flip_second == second) return;
    Task& t = cx.cur();
    if (t.wakee_flip_second != second) {
        t.wakee_flips >>= std::min<std::uint32_t>(31, second - t.wakee_flip_second);
        t.wakee_flip_second = second;
    }
    if (t.last_wakee == wakee) return;
    t.last_wakee = wakee;
    ++t.wakee_flips;
}

}  // namespace

std::uint64_t Ctx::idle_cpus() const {
    std::uint64_t out = 0;
    for (const Cpu& c : k.cpus)
        if (is_idle(c.id)) out |= bit(c.id);
    return out;
}

// cpu_load and cpu_util of fair.c: averages, if the class keeps any.
std::uint64_t Ctx::cpu_load(CpuId c) const {
    const pelt::Rq* const rq = std::as_const(*k.sched).averages(c);
    return rq != nullptr ? rq->avg.load_avg : k.sched->load(c);
}
std::uint64_t Ctx::cpu_util(CpuId c) const {
    const pelt::Rq* const rq = std::as_const(*k.sched).averages(c);
    return rq != nullptr ? rq->avg.util_avg : 0;
}
std::uint64_t Ctx::cpu_runnable(CpuId c) const {
    const pelt::Rq* const rq = std::as_const(*k.sched).averages(c);
    return rq != nullptr ? rq->avg.runnable_avg : 0;
}

// Policies without a topology: the previous CPU if it is idle, else the waker's if idle, else the idle CPU with the
// lowest number, else the previous one.
CpuId Ctx::simple_cpu(TaskId id, Placement& p) const {
    const Task& t = peek(id);
    p = {.task = id, .prev = t.cpu, .waker = cpu.id, .target = t.cpu, .idle = IdleRule::simple, .at = cpu.clock,
         .allowed = t.cpus_allowed, .idle_cpus = idle_cpus()};
    const auto allowed = [&](CpuId c) { return (t.cpus_allowed >> c & 1) != 0; };
    if (allowed(t.cpu) && is_idle(t.cpu)) return t.cpu;
    if (allowed(cpu.id) && is_idle(cpu.id)) return cpu.id;
    for (CpuId c = 0; c < k.cpus.size(); ++c)
        if (allowed(c) && is_idle(c)) return c;
    if (k.image().shared_queue) return preempt_where(id, allowed(t.cpu) ? t.cpu : kNoCpu);
    if (allowed(t.cpu)) return t.cpu;
    return first_allowed(t);
}

CpuId Ctx::select_cpu(TaskId id) {
    if (k.cpus.size() == 1) return 0;
    if (peek(id).sched_class != ClassId::fair) return select_rt_cpu(id);
    Placement& p = cpu.smp.placed;
    if (!k.image().balances) {
        Placement simple;
        simple.chosen = simple_cpu(id, simple);
        p = simple;
        return p.chosen;
    }
    record_wakee(*this, id);
    p = Placer(*this, id).wakeup();
    if (p.chosen != p.prev) {
        for (std::size_t i = 0; i < k.image().topology.cpus[cpu.id].domains.size(); ++i) {
            if ((k.image().topology.cpus[cpu.id].domains[i].span >> p.prev & 1) == 0) continue;
            ++cpu.smp.domains[i].wake_remote;
            if (p.target == p.waker && p.waker != p.prev) ++cpu.smp.domains[i].move_affine;
            break;
        }
    }
    return p.chosen;
}

// fork and exec take the slow path.
CpuId Ctx::select_new_cpu(TaskId id) {
    if (k.cpus.size() == 1) return 0;
    if (peek(id).sched_class != ClassId::fair) return select_rt_cpu(id);
    if (k.image().balances) {
        cpu.smp.placed = Placer(*this, id).fresh();
        return cpu.smp.placed.chosen;
    }
    const Task& t = peek(id);
    CpuId best = kNoCpu;
    for (CpuId c = 0; c < k.cpus.size(); ++c) {
        if ((t.cpus_allowed >> c & 1) == 0) continue;
        if (best == kNoCpu || k.sched->runnable(c) < k.sched->runnable(best)) best = c;
    }
    if (k.image().shared_queue && best != kNoCpu && k.sched->runnable(best) != 0) return preempt_where(id, best);
    return best == kNoCpu ? t.cpu : best;
}

}  // namespace sy
