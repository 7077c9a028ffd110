// Shortest remaining time first: as SJF, but a task that arrives with a shorter burst than what
// remains of the running one takes the CPU at once.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.2 (preemptive SJF); OSTEP 7.5
// (STCF). An equal one does not preempt; between equal ones in line the one that came first. Bursts
// are known in advance: sim/kernel/burst.h.
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Srtf final : public TextbookPolicy<Srtf> {
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
        return {"the least remains of its CPU burst", "它的 CPU 执行期剩余最少"};
    }
    bool preemptive() const override { return true; }
};

constexpr PolicyOption options[] = {kQueuesOption};

std::unique_ptr<SchedClass> make_srtf(const SchedOptions& o, std::string& error) {
    TextbookSettings s;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "queues") read_textbook_setting(key, value, s, ok);
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    return std::make_unique<Srtf>(o.cpus, s);
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
