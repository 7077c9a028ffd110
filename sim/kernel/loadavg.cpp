#include "sim/kernel/loadavg.h"

#include "sim/kernel/kernel.h"

namespace sy {
namespace {

constexpr std::array<std::uint64_t, 3> kForget = {1'884, 2'014, 2'037};   // EXP_1, EXP_5, EXP_15

std::uint64_t hz_of(const Kernel& k) { return static_cast<std::uint64_t>(kSecond / k.image().tick); }

// nr_active: what the run queues hold, and who sleeps uninterruptibly without TASK_NOLOAD.
std::uint64_t active_tasks(const Kernel& k) {
    std::uint64_t n = 0;
    for (const Cpu& cpu : k.cpus) n += k.sched->runnable(cpu.id);
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        const bool sleeps = t.is_live && !t.on_rq && t.exit_state == 0;
        n += sleeps && (t.state & (task_state::uninterruptible | task_state::noload)) == task_state::uninterruptible;
    }
    return n;
}

}  // namespace

void LoadAverage::sample(std::uint64_t jiffies, std::uint64_t hz, std::uint64_t active) {
    active *= kLoadOne;
    for (; is_due(jiffies, hz); ++samples) {
        for (std::size_t i = 0; i < avenrun.size(); ++i) {
            const std::uint64_t sum = avenrun[i] * kForget[i] + active * (kLoadOne - kForget[i]);
            avenrun[i] = (sum + (active >= avenrun[i] ? kLoadOne - 1 : 0)) / kLoadOne;
        }
    }
}

void Kernel::sample_load(Nanos at) {
    const auto due = static_cast<std::uint64_t>(at / image_->tick);
    if (load.is_due(due, hz_of(*this))) [[unlikely]]
        load.sample(due, hz_of(*this), active_tasks(*this));
}

LoadAverage Kernel::load_now() const {
    LoadAverage now = load;
    const auto due = static_cast<std::uint64_t>(now_ / image_->tick);
    if (now.is_due(due, hz_of(*this))) now.sample(due, hz_of(*this), active_tasks(*this));
    return now;
}

}  // namespace sy
