// Shortest remaining time first: as SJF, but a task that arrives with a shorter burst than what
// remains of the running one takes the CPU at once.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.2 (preemptive SJF); OSTEP 7.5
// (STCF). An equal one does not preempt; between equal ones in line the one that came first. Bursts
// are known in advance: sim/kernel/burst.h.
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Srtf final : public BurstPolicy<Srtf> {
  public:
    using BurstPolicy::BurstPolicy;

  protected:
    Rule rule() const override {
        return {"the least remains of its CPU burst", "它的 CPU 执行期剩余最少"};
    }
    bool preemptive() const override { return true; }
};

constexpr PolicyOption options[] = {kEqualOption, kPreemptedOption, kQueuesOption};

std::unique_ptr<SchedClass> make_srtf(const SchedOptions& o, std::string& error) {
    return make_textbook<Srtf>(o, options, error);
}

}  // namespace

extern const PolicyInfo srtf_policy;
const PolicyInfo srtf_policy = {"srtf",
                                "shortest remaining time first (preemptive SJF, STCF)",
                                "最短剩余时间优先（抢占式 SJF、STCF）",
                                "Silberschatz, Galvin, Gagne 10e, 5.3.2; OSTEP 7.5 (STCF)",
                                options,
                                make_srtf};

}  // namespace sy
