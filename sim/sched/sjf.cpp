// Shortest job first: of those in line the task with the shortest next CPU burst runs, until it
// waits or exits. It gives the smallest average waiting time there is, if nobody arrives later, and
// lets long tasks starve.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.2 (non-preemptive); OSTEP 7.4.
// The length of the next burst is known in advance, as the books assume: sim/kernel/burst.h. Equal
// ones: first come, first served.
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Sjf final : public BurstPolicy<Sjf> {
  public:
    using BurstPolicy::BurstPolicy;

  protected:
    Rule rule() const override {
        return {"its next CPU burst is the shortest", "它的下一次 CPU 执行期最短"};
    }
};

constexpr PolicyOption options[] = {kEqualOption, kQueuesOption};

std::unique_ptr<SchedClass> make_sjf(const SchedOptions& o, std::string& error) {
    return make_textbook<Sjf>(o, options, error);
}

}  // namespace

extern const PolicyInfo sjf_policy;
const PolicyInfo sjf_policy = {"sjf",
                               "shortest job first, not preemptive",
                               "最短作业优先（非抢占）",
                               "Silberschatz, Galvin, Gagne 10e, 5.3.2; OSTEP 7.4 (SJF)",
                               options,
                               make_sjf};

}  // namespace sy
