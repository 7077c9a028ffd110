// PELT, per-entity load tracking: how much of late an entity was runnable, ran, and weighed, and the same for each queue
// (linux.md 6.8; kernel/sched/pelt.c and the update_load_avg family of kernel/sched/fair.c). Time counts in units of
// 1024 ns, in periods of 1024 units; what was n periods ago counts y^n, y^32 = 1/2. All in the kernel's integers, so
// that a sum and an average are those a real kernel computes. CPUs have one capacity (1024) and one frequency here:
// rq_clock_pelt is the queue's clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/base/fingerprint.h"
#include "sim/model/task.h"

namespace sy::pelt {

constexpr std::uint64_t kLoadAvgMax = 47'742;                    // LOAD_AVG_MAX: the sum of 1024 y^n
constexpr std::uint64_t kMinDivider = kLoadAvgMax - 1024;        // PELT_MIN_DIVIDER
constexpr std::uint64_t kPeriod = 1024;
constexpr std::uint32_t kCapacity = 1024;                        // SCHED_CAPACITY_SCALE
// A clock that never shows 0, which means "not attached": time begins one whole period after it.
constexpr Nanos clock(Nanos now) { return now + static_cast<Nanos>(kPeriod * 1024); }

// val * y^n.
std::uint64_t decay_load(std::uint64_t val, std::uint64_t n);
inline std::uint64_t divider(const SchedAvg& a) { return kMinDivider + a.period_contrib; }

// Of a queue (cfs_rq).
struct Rq {
    SchedAvg avg;
    // What tasks took along that left while they slept: subtracted at the next update.
    std::uint64_t removed_load = 0, removed_runnable = 0, removed_util = 0;
    std::uint32_t removed_nr = 0;
    // A group's queue: something came or went, its entity must follow.
    bool propagate = false;
    std::int64_t prop_runnable_sum = 0;
    std::int32_t below = 0;               // runnable tasks in and below this queue less its own runnable entities
    std::uint64_t tg_contrib = 0;         // tg_load_avg_contrib
};
// What a queue holds at this moment.
struct RqNow {
    std::uint64_t weight = 0;             // load.weight
    std::uint32_t runnable = 0;           // h_nr_runnable
    bool runs = false;                    // one of its entities has the CPU
};
// What an entity was since the last update.
struct EntityNow {
    std::uint32_t weight = 1024;
    bool on_rq = false, runs = false;
    std::uint32_t runnable = 0;           // a task 1 while runnable, a group the number of its runnable tasks
};

// True: at least one period has passed.
bool update_entity(Nanos now, SchedAvg& a, const EntityNow& e);
bool update_queue(Nanos now, Rq& rq, const RqNow& now_in);
void attach(Rq& rq, SchedAvg& a, std::uint32_t weight);
void detach(Rq& rq, SchedAvg& a, std::uint32_t weight);
// It sleeps and will not come back to this queue (another CPU, or dead).
void remove(Rq& rq, SchedAvg& a, std::uint32_t weight);
// reweight_entity's part; call it while the entity is attached.
void reweight(Rq& rq, SchedAvg& a, std::uint32_t from, std::uint32_t to);
// A new task: load as if it had always been runnable, util a guess from the queue (post_init_entity_util_avg).
void init_task(const Rq& rq, SchedAvg& a, std::uint32_t weight);
// propagate_entity_load_avg: the entity of a group follows the group's own queue.
void follow(Rq& rq, SchedAvg& entity, std::uint32_t weight, Rq& group, std::uint64_t group_weight);
inline void mix(const SchedAvg& a, Fingerprint& print) {
    print.mix(static_cast<std::uint64_t>(a.last_update_time));
    print.mix(a.load_sum);
    print.mix(a.runnable_sum);
    print.mix(a.util_sum);
    print.mix(a.load_avg);
    print.mix((std::uint64_t{a.runnable_avg} << 32) | a.util_avg);
    print.mix((std::uint64_t{a.runnable_weight} << 32) | a.period_contrib);
}
inline void mix(const Rq& rq, Fingerprint& print) {
    mix(rq.avg, print);
    if (rq.removed_nr != 0) print.mix(rq.removed_load + rq.removed_runnable + rq.removed_util);
    print.mix((rq.propagate ? 1u : 0u) + static_cast<std::uint64_t>(rq.prop_runnable_sum) * 2);
}
// The first thing about the numbers that cannot be; null if all is well.
const char* check(const SchedAvg& entity);
const char* check(const Rq& rq);

}  // namespace sy::pelt
