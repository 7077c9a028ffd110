// By hand: a person makes each pick. A decision is due whenever a CPU has to choose and two or more tasks may have it:
// when the running one leaves it, when its quantum (if there is one) is over, and, unless preempt=no, when somebody
// arrives or wakes up. `picks` are the choices in the order of the decisions, by pid or name; one that cannot be had, and
// everything behind the last one, is decided by the line: the front, which who is preempted keeps. With one to choose from
// nothing is decided. `play` and the window's Hand panel write this list; all tasks otherwise run as under any policy.
#include <algorithm>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Hand final : public TextbookPolicy<Hand> {
  public:
    Hand(int cpus, const TextbookSettings& s, std::vector<std::string> picks, bool preempts)
        : TextbookPolicy(cpus, s), picks_(std::move(picks)), preempts_(preempts) {}
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        auto out = Textbook::numbers(cpu);
        out.emplace_back("decisions", static_cast<std::int64_t>(decisions_));
        out.emplace_back("picks", static_cast<std::int64_t>(picks_.size()));
        return out;
    }
    std::uint64_t decisions() const override { return decisions_; }
    bool wants_bursts() const override { return true; }
    void choose_next(TaskId task) override { next_ = task; }
    void mix(Fingerprint& print) const override {
        Textbook::mix(print);
        print.mix(decisions_ << 32 | next_);
    }

  protected:
    std::int64_t key(const Look&, TaskId task) const override { return card(task).order; }
    Rule rule() const override {
        if (chose_) return {"it was chosen by hand", "由人选定"};
        return {"nobody has chosen: it is first in line", "没有人选择：它排在队首"};
    }
    // What a person would go by: how long it still wants, how long it has run.
    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        Textbook::describe(look, task, out);
        out.push_back({"burst_left_ns", left(look, task)});
        out.push_back({"ran_ns", card(task).ran});
    }
    bool preemptive() const override { return preempts_; }
    // Who comes may be chosen in place of who runs: the question is asked.
    int compare(const Look&, TaskId a, TaskId b) const override { return card(b).runs && !card(a).runs ? -1 : 0; }
    TaskId decide(const Look& look, const std::vector<TaskId>& line, bool& tie) const override {
        tie = false;
        chose_ = false;
        if (line.size() == 1) return line.front();
        if (std::find(line.begin(), line.end(), next_) != line.end()) {
            chose_ = true;
            return next_;
        }
        if (decisions_ >= picks_.size()) return line.front();
        const std::string& wanted = picks_[decisions_];
        for (const TaskId t : line) {
            const Task& task = look.tasks[t];
            if (std::to_string(task.pid) != wanted && task.name() != wanted) continue;
            chose_ = true;
            return t;
        }
        return line.front();
    }
    void decided(std::size_t candidates) override {
        if (candidates < 2) return;
        ++decisions_;
        next_ = kNoTask;
    }

  private:
    std::vector<std::string> picks_;
    std::uint64_t decisions_ = 0;
    TaskId next_ = kNoTask;        // chosen for the next decision, before what `picks` says
    bool preempts_;
    mutable bool chose_ = false;   // in the last `decide`, for its words
};

constexpr PolicyOption options[] = {
    {"picks", "picks=b/a/b", "who is chosen at each decision, by name or pid (default: nobody, the line decides)",
     "每次决定时选谁，按名字或 pid（默认：没有人选，按队列）"},
    {"quantum", "quantum=4ms", "a turn ends after so long (default: it does not)", "一轮最长多久（默认没有限制）"},
    {"preempt", "preempt=yes|no", "is somebody asked when a task arrives or wakes up (default yes)", "任务到达或醒来时是否要做决定（默认 yes）"},
    kTieOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_hand(const SchedOptions& o, std::string& error) {
    TextbookSettings s;
    SchedOptions rest = o;
    rest.settings.clear();
    std::vector<std::string> picks;
    bool preempts = true;
    for (const auto& [key, value] : o.settings) {
        if (key == "picks") {
            for (std::size_t from = 0; from <= value.size();) {
                const std::size_t end = std::min(value.find('/', from), value.size());
                if (end > from) picks.push_back(value.substr(from, end - from));
                from = end + 1;
            }
        } else if (key == "preempt") {
            if (value != "yes" && value != "no") {
                error = key + "=" + value;
                return nullptr;
            }
            preempts = value == "yes";
        } else {
            rest.settings.emplace_back(key, value);
        }
    }
    if (!read_textbook_settings(rest, options, s, error)) return nullptr;
    return std::make_unique<Hand>(o.cpus, s, std::move(picks), preempts);
}

}  // namespace

extern const PolicyInfo hand_policy;
const PolicyInfo hand_policy = {"hand", "a person chooses", "由人选择", "for teaching; docs/teaching.md", options, make_hand};

}  // namespace sy
