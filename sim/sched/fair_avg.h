// update_load_avg as both fair classes call it: at enqueue, dequeue, when an entity gets or leaves the CPU, and at ticks
// (kernel/sched/fair.c). Between these points averages stand still, here as there.
#pragma once

#include "sim/sched/class.h"
#include "sim/sched/pelt.h"

namespace sy::pelt {

// attach: DO_ATTACH, if it is in no queue yet. detach: DO_DETACH, it goes to another CPU while runnable.
enum class Update : std::uint8_t { age, attach, detach };

// Ages entity `id` and its queue up to v.now. `on_rq`, `runs`: what it was until now; `delayed`: sleeps but stays queued.
inline void update_load_avg(SchedView v, Rq& rq, const RqNow& in, TaskId id, bool on_rq, bool runs, bool delayed,
                            Update what) {
    SchedAvg& a = v.tasks.avg_mut(id);
    const Nanos now = clock(v.now);
    const std::uint32_t weight = v.peek(id).se.weight;
    if (a.last_update_time != 0) {
        const std::uint32_t runnable = delayed ? 0 : is_group_entity(id) ? a.runnable_weight : on_rq ? 1 : 0;
        update_entity(now, a, {.weight = weight, .on_rq = on_rq, .runs = runs, .runnable = runnable});
    }
    update_queue(now, rq, in);
    if (what == Update::attach && a.last_update_time == 0)
        attach(rq, a, weight);
    else if (what == Update::detach && a.last_update_time != 0)
        detach(rq, a, weight);
}

// A task leaves this queue's class or group for good: its part goes at once.
inline void leave_queue(SchedView v, Rq& rq, const RqNow& in, TaskId id) {
    if (v.tasks.avg(id).last_update_time != 0) update_load_avg(v, rq, in, id, false, false, false, Update::detach);
}
// It moves or dies asleep.
inline void leave_asleep(SchedView v, Rq& rq, TaskId id) {
    if (v.tasks.avg(id).last_update_time != 0) remove(rq, v.tasks.avg_mut(id), v.peek(id).se.weight);
}

}  // namespace sy::pelt
