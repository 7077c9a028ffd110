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

class Sjf final : public TextbookPolicy<Sjf> {
  public:
    using TextbookPolicy::TextbookPolicy;
    bool wants_bursts() const override { return true; }

  protected:
    int compare(const Look& look, TaskId a, TaskId b) const override {
        const Nanos x = left(look, a), y = left(look, b);
        return x < y ? -1 : x > y;
    }
    std::int64_t key(const Look& look, TaskId task) const override { return left(look, task); }
    Rule rule() const override {
        return {"its next CPU burst is the shortest", "它的下一次 CPU 执行期最短"};
    }
};

constexpr PolicyOption options[] = {kQueuesOption};

std::unique_ptr<SchedClass> make_sjf(const SchedOptions& o, std::string& error) {
    TextbookSettings s;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "queues") read_textbook_setting(key, value, s, ok);
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    return std::make_unique<Sjf>(o.cpus, s);
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
