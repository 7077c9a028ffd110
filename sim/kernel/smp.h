// What a CPU remembers of its dealings with the others: where it put the task it woke last and why, and what its last
// attempt at balancing found (linux.md 6.9). For the panels, /proc/schedstat and `explain`; the kernel itself only reads
// the parts that Linux keeps too (intervals, failures).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/types.h"
#include "sim/sched/topology.h"

namespace sy {

// How wake_affine chose between the waker's CPU and the one the task ran on.
enum class AffineRule : std::uint8_t {
    none,            // no wakeup: a new task
    not_wanted,      // the waker may not have it (affinity), or wakes too many (wake_wide)
    same_cpu,        // both are one
    both_idle,       // they share a cache and both are idle: the previous one
    waker_idle,      // they share a cache and the waker's is idle (an interrupt woke it)
    sync_alone,      // the waker is about to sleep and alone on its CPU
    prev_idle,
    waker_lighter,   // by load, with WA_BIAS
    prev_lighter,
};

// How select_idle_sibling went on from there.
enum class IdleRule : std::uint8_t {
    none,
    only_one,        // its affinity leaves no choice
    target_idle, prev_idle, recent_idle,
    idle_sibling,    // no core is idle as a whole: a hardware thread beside the previous CPU
    idle_core, idle_cpu,
    target_busy,     // nobody idle behind that cache
    fallback,        // the target is not allowed: the first one that is
    // For a new task (the slow path).
    idlest,          // the idlest group, level by level
    simple,          // policies that have no topology: previous, waker's, lowest idle one
};

struct Placement {
    TaskId task = kNoTask;
    TaskId waker_task = kNoTask;             // whom the CPU ran then
    CpuId prev = kNoCpu, waker = kNoCpu, target = kNoCpu, chosen = kNoCpu;
    AffineRule affine = AffineRule::none;
    IdleRule idle = IdleRule::none;
    bool sync = false;
    Nanos at = 0;
    std::uint64_t allowed = 0, idle_cpus = 0;
    std::uint64_t load_waker = 0, load_prev = 0;   // what waker_lighter and prev_lighter compared
};

// Why sched_balance_rq did what it did.
enum class BalanceEnd : std::uint8_t {
    none, not_ours, no_group, balanced, within_pct, few_idle, no_queue, moved, all_pinned, active,
};
enum class GroupType : std::uint8_t { has_spare, fully_busy, overloaded };
enum class BalanceKind : std::uint8_t { idle, busy, newidle };   // the order of /proc/schedstat

struct BalanceNote {
    Nanos at = -1;                           // -1: never balanced
    CpuId dst = kNoCpu, src = kNoCpu;        // for whom, from whom
    std::uint8_t level = 0;                  // index into the domains of `dst`
    BalanceKind kind = BalanceKind::idle;
    BalanceEnd end = BalanceEnd::none;
    GroupType local_type = GroupType::has_spare, src_type = GroupType::has_spare;
    bool by_load = false;                    // `imbalance` is a load (migrate_load), not a number of tasks (migrate_task)
    bool by_util = false;                    // `imbalance` is utilisation (migrate_util)
    std::uint64_t local_group = 0, src_group = 0;
    std::uint64_t local_load = 0, src_load = 0;    // load_avg per CPU of the group
    std::uint64_t local_util = 0, src_util = 0;    // util_avg of the whole group
    std::uint64_t imbalance = 0;             // what is still to be moved
    std::uint32_t moved = 0, tried = 0;
    TaskId last_moved = kNoTask;
};

// Per CPU and domain.
struct DomainState {
    std::uint64_t last_balance = 0;          // jiffies
    std::uint32_t interval = 0;              // balance_interval, ms; 0: not yet set
    std::uint32_t nr_balance_failed = 0;
    // lb_count, balanced, failed, imbalance, gained, hot_gained, nobusyq, nobusyg for each BalanceKind.
    std::array<std::array<std::uint32_t, 8>, 3> stats{};
    std::array<std::uint32_t, 3> active{};   // alb_count, alb_failed, alb_pushed
    std::uint32_t wake_remote = 0, move_affine = 0;
};

// What a migration thread is asked to do (struct cpu_stop_work).
struct StopWork {
    enum class Kind : std::uint8_t { migrate, active_balance } kind = Kind::migrate;
    TaskId task = kNoTask;                   // migrate: whom
    CpuId dst = kNoCpu;                      // active balance: push_cpu
    std::uint32_t done = 0xffff'ffff;        // completion somebody waits for; none
};

struct SmpState {
    Placement placed;                        // the wakeup or fork this CPU placed last
    BalanceNote balance;
    std::array<DomainState, kDomainLevels> domains{};
    std::uint64_t next_balance = 0;          // jiffies
    bool nohz_kick = false;                  // asked to balance for all tickless CPUs
    bool wake_sync = false;                  // the wakeup under way is one of WF_SYNC
    TaskId stopper = kNoTask;                // migration/N
    std::vector<StopWork> stop_works;        // its list, in the order of their arrival
    bool active_balance = false;             // rq->active_balance: its stopper has been asked to push
};

}  // namespace sy
