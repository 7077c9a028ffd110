// Priorities: the task with the lowest priority number runs. Preemptive or not; equal ones first
// come, first served, or in turns if a quantum is given. The low ones may starve; ageing helps:
// whoever waits becomes more important with time.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.4 (low numbers are high priority;
// ageing) and its example of priorities with round robin. A task's number is what the scenario says
// (`priority 3`), else its nice value. Under ageing the number counted is smaller by one for each
// interval waited; while a task runs, it has its own number again. A waiting one that has overtaken
// the running one preempts it at the next tick.
#include <algorithm>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Priority final : public TextbookPolicy<Priority> {
  public:
    Priority(int cpus, const TextbookSettings& s, bool preemptive, bool high_first, Nanos ageing)
        : TextbookPolicy(cpus, s),
          preemptive_(preemptive),
          high_first_(high_first),
          ageing_(ageing) {}

    bool tick(SchedView v, TaskId curr) override {
        update_curr(v, curr);
        if (ageing_ == 0 || !preemptive_) return false;
        for (TaskId t : line())
            if ((v.peek(t).cpu == v.cpu || !v.peek(t).on_cpu) &&
                (v.peek(t).cpus_allowed >> v.cpu & 1) != 0 &&
                compare({v.tasks, v.now}, t, curr) < 0)
                return true;
        return false;
    }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        auto out = Textbook::numbers(cpu);
        out.emplace_back("ageing", ageing_);
        return out;
    }

  protected:
    int compare(const Look& look, TaskId a, TaskId b) const override {
        const std::int64_t x = high_first_ ? -key(look, a) : key(look, a),
                           y = high_first_ ? -key(look, b) : key(look, b);
        return x < y ? -1 : x > y;
    }
    std::int64_t key(const Look& look, TaskId task) const override {
        const Task& t = look.tasks[task];
        const std::int64_t own = t.priority != kNoPriority ? t.priority : t.nice;
        if (ageing_ == 0 || card(task).runs) return own;
        const std::int64_t gained = std::max<Nanos>(0, look.now - card(task).since) / ageing_;
        return high_first_ ? own + gained : own - gained;
    }
    Rule rule() const override {
        if (high_first_)
            return ageing_ != 0
                       ? Rule{"its priority number, with what it gained by waiting, is the highest",
                              "它的优先级数字加上等待所得后最大"}
                       : Rule{"its priority number is the highest (order=high-first)",
                              "它的优先级数字最大（order=high-first）"};
        if (ageing_ != 0)
            return {"its priority number, less what it gained by waiting, is the lowest",
                    "它的优先级数字减去等待所得后最小"};
        return {"its priority number is the lowest", "它的优先级数字最小"};
    }
    bool preemptive() const override { return preemptive_; }
    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        const Task& t = look.tasks[task];
        if (ageing_ != 0) out.push_back({"with_ageing", key(look, task)});
        out.push_back({"priority", t.priority != kNoPriority ? t.priority : t.nice});
        if (ageing_ == 0) return;
        out.push_back({"waited_ns", card(task).runs ? 0 : std::max<Nanos>(0, look.now - card(task).since)});
    }

  private:
    bool preemptive_, high_first_;
    Nanos ageing_;
};

constexpr PolicyOption options[] = {
    {"preemptive", "preemptive=on|off",
     "a more important task that arrives takes the CPU (default on)",
     "更重要的任务到达时夺取 CPU（默认开）"},
    {"order", "order=low-first|high-first",
     "the lowest number goes first (default; Silberschatz 5.3.4), or the highest (Tanenbaum 2.4.3)",
     "数字小者先（默认；Silberschatz 5.3.4），或数字大者先（Tanenbaum 2.4.3）"},
    {"ageing", "ageing=off|10ms",
     "the number falls by one for each such time in line (default off)",
     "每在队列中等待这么久，数字减一（默认关）"},
    {"quantum", "quantum=10ms", "equal ones take turns of this length (default: no turns)",
     "同级者按此长度轮转（默认：不轮转）"},
    kTieOption,
    kEqualOption,
    kPreemptedOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_priority(const SchedOptions& o, std::string& error) {
    TextbookSettings s;
    bool preemptive = true, high_first = false;
    Nanos ageing = 0;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "preemptive") {
            ok = value == "on" || value == "off";
            preemptive = value == "on";
        } else if (key == "order") {
            ok = value == "low-first" || value == "high-first";
            high_first = value == "high-first";
        } else if (key == "ageing") {
            ageing = value == "off" ? 0 : parse_duration_setting(value);
            ok = value == "off" || ageing > 0;
        } else {
            read_textbook_setting(key, value, s, ok);
        }
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    return std::make_unique<Priority>(o.cpus, s, preemptive, high_first, ageing);
}

}  // namespace

extern const PolicyInfo priority_policy;
const PolicyInfo priority_policy = {"priority",
                                    "priorities, the lowest number first",
                                    "优先级，数字小者先",
                                    "Silberschatz, Galvin, Gagne 10e, 5.3.4",
                                    options,
                                    make_priority};

}  // namespace sy
