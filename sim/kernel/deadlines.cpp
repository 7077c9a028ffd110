#include "sim/kernel/deadlines.h"

#include <algorithm>

namespace sy {

DeadlineCounts deadline_counts(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    const bool lives = t.exit_time < 0;
    const bool overdue = lives && t.round_due >= 0 && k.now() > t.round_due;
    const DeadlineCounts rounds{t.rounds, std::uint64_t{t.late_rounds} + (overdue ? 1 : 0), 0};
    if (const DlEntity* e = k.sched->dl().find(task); e != nullptr && (e->jobs > 0 || t.policy == Policy::deadline)) {
        const bool late = lives && t.policy == Policy::deadline && t.on_rq && !e->fresh && k.now() > e->job_deadline;
        // A round that ends late does not sleep before the next: the class sees one long job.
        return {std::max(e->jobs, rounds.jobs), std::max(e->misses + (late ? 1 : 0), rounds.misses), e->overruns};
    }
    return rounds;
}

}  // namespace sy
