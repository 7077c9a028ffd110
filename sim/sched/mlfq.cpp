// Multi-level feedback queue: newcomers start at the top; whoever has used up its allotment at a
// level sinks by one; the highest level that is not empty runs, in turns. Short and interactive
// tasks stay up without anybody having said which they are. From time to time all are lifted to the
// top again, so that nobody starves.
//
// OSTEP chapter 8, rules 1 to 5, with the options and defaults of its simulator mlfq.py: 3 levels,
// quantum 10, an allotment of one quantum, no boost. What is used of a quantum is remembered over a
// wait (rule 4); with `rule=old` it is forgotten (rules 4a and 4b of 8.2), so that a task that
// gives up the CPU just before the end never sinks. A task that is preempted by a higher level
// stands first at its level and keeps the rest of its turn. A boost lifts those at the bottom
// first, as mlfq.py does. Here level 0 is the highest.
#include <algorithm>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

struct MlfqSettings {
    std::vector<Nanos> quanta;             // by level
    std::vector<std::int32_t> allotments;  // by level, in quanta
    Nanos boost = 0;                       // 0: never
    bool old_rule = false;
    bool to_front = false;  // who comes back from waiting goes to the front of its level
};

class Mlfq final : public TextbookPolicy<Mlfq> {
  public:
    Mlfq(int cpus, const TextbookSettings& s, MlfqSettings m)
        : TextbookPolicy(cpus, s), m_(std::move(m)), next_boost_(m_.boost) {}

    Nanos slice_end(SchedView v, TaskId curr) const override {
        if (of_the_machine(v.peek(curr))) return kNever;
        const Nanos end = v.now + std::max<Nanos>(1, card(curr).turn);
        return m_.boost > 0 && next_boost_ > v.now ? std::min(end, next_boost_) : end;
    }
    bool slice_over(SchedView v, TaskId curr) override {
        const bool boosted = boost_if_due(v.tasks, v.now);
        if (card(curr).turn > 0) return boosted && others_wait(v.tasks, v.cpu);
        if (others_wait(v.tasks, v.cpu)) return Textbook::slice_over(v, curr);
        turn_over({v.tasks, v.now}, curr);  // alone: it sinks all the same, and goes on
        return false;
    }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        auto out = Textbook::numbers(cpu);
        out.emplace_back("levels", static_cast<std::int64_t>(m_.quanta.size()));
        if (m_.boost > 0) out.emplace_back("next_boost", next_boost_);
        return out;
    }
    void mix(Fingerprint& print) const override {
        Textbook::mix(print);
        print.mix(static_cast<std::uint64_t>(next_boost_));
    }

  protected:
    int compare(const Look&, TaskId a, TaskId b) const override {
        return card(a).level < card(b).level ? -1 : card(a).level > card(b).level;
    }
    std::int64_t key(const Look&, TaskId task) const override { return card(task).level; }
    Rule rule() const override {
        return {"its level is the highest that is not empty, and it is first there",
                "它在最高的非空级别，且排在该级别之首"};
    }
    bool preemptive() const override { return true; }

    void arrived(const Look& look, TaskId task, bool is_new) override {
        boost_if_due(look.tasks, look.now);
        if (is_new)
            enter(card(task), 0);
        else if (m_.to_front)
            to_the_front(task);
    }
    void ran(const Look&, TaskId task, Nanos time) override {
        card(task).turn = std::max<Nanos>(0, card(task).turn - time);
    }
    void slept(TaskId task) override {
        Card& c = card(task);
        if (m_.old_rule) {
            enter(c, c.level);
        } else if (c.turn == 0) {  // its quantum ended with its burst
            use_up(c);
        }
    }
    bool turn_is_spent(TaskId task) const override { return card(task).turn == 0; }
    void turn_over(const Look&, TaskId task) override {
        if (card(task).turn == 0) use_up(card(task));
    }

  private:
    std::int32_t lowest() const { return static_cast<std::int32_t>(m_.quanta.size()) - 1; }
    void enter(Card& c, std::int32_t level) const {
        c.level = level;
        c.turn = m_.quanta[static_cast<std::size_t>(level)];
        c.turns = m_.allotments[static_cast<std::size_t>(level)];
    }
    void use_up(Card& c) const {
        if (--c.turns <= 0)
            enter(c, std::min(c.level + 1, lowest()));
        else
            c.turn = m_.quanta[static_cast<std::size_t>(c.level)];
    }
    void to_the_front(TaskId task) {
        std::int64_t first = card(task).order;
        for (TaskId t : line())
            if (card(t).level == card(task).level) first = std::min(first, card(t).order - 1);
        card(task).order = first;
    }
    // Rule 5. Due times that passed while nobody looked count once.
    bool boost_if_due(const TaskTable& tasks, Nanos now) {
        if (m_.boost == 0 || now < next_boost_) return false;
        next_boost_ = (now / m_.boost + 1) * m_.boost;
        lift_all(tasks);
        return true;
    }
    void lift_all(const TaskTable& tasks);

    MlfqSettings m_;
    Nanos next_boost_;
};

void Mlfq::lift_all(const TaskTable& tasks) {
    // Those at the top keep their places, then the bottom level, then the ones above it.
    std::vector<TaskId> behind;
    for (std::int32_t level = lowest(); level > 0; --level)
        for (TaskId t : line())
            if (card(t).level == level) behind.push_back(t);
    for (TaskId t : behind) to_the_end(t);
    for (TaskId id = 0; id < tasks.size(); ++id)
        if (card(id).known) enter(card(id), 0);
    sort_line();
}

constexpr PolicyOption options[] = {
    {"levels", "levels=3", "how many levels (default 3)", "级数（默认 3）"},
    {"quantum", "quantum=10ms", "length of a turn at the highest level (default 10 ms)",
     "最高级每轮的长度（默认 10 ms）"},
    {"growth", "growth=1", "a turn is so many times as long as one level above (default 1)",
     "每轮的长度是上一级的几倍（默认 1）"},
    {"allotment", "allotment=1", "how many turns at a level before sinking (default 1)",
     "在一级用完几轮后下降（默认 1）"},
    {"boost", "boost=off|100ms", "lift all to the top again and again (default off)",
     "每隔这么久把所有任务提到最高级（默认关）"},
    {"rule", "rule=new|old",
     "old: a wait before the end of the turn gives a fresh allotment (default new)",
     "old：在一轮结束前等待就得到新的配额（默认 new）"},
    {"wakeup", "wakeup=end|front",
     "who comes back from waiting stands last or first at its level (default end)",
     "等待归来者排在其级别的末尾或之首（默认 end）"},
    kTieOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_mlfq(const SchedOptions& o, std::string& error) {
    TextbookSettings s{.quantum = 10 * kMilli};
    MlfqSettings m;
    std::int64_t levels = 3, growth = 1, allotment = 1;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "levels") {
            ok = read_number(value, 1, 64, levels);
        } else if (key == "growth") {
            ok = read_number(value, 1, 16, growth);
        } else if (key == "allotment") {
            ok = read_number(value, 1, 1'000'000, allotment);
        } else if (key == "boost") {
            m.boost = value == "off" ? 0 : parse_duration_setting(value);
            ok = value == "off" || m.boost > 0;
        } else if (key == "rule") {
            ok = value == "new" || value == "old";
            m.old_rule = value == "old";
        } else if (key == "wakeup") {
            ok = value == "end" || value == "front";
            m.to_front = value == "front";
        } else {
            read_textbook_setting(key, value, s, ok);
        }
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    Nanos quantum = s.quantum;
    for (std::int64_t i = 0; i < levels; ++i, quantum = std::min(quantum * growth, 1000 * kSecond))
        m.quanta.push_back(quantum);
    m.allotments.assign(m.quanta.size(), static_cast<std::int32_t>(allotment));
    return std::make_unique<Mlfq>(o.cpus, s, std::move(m));
}

}  // namespace

extern const PolicyInfo mlfq_policy;
const PolicyInfo mlfq_policy = {"mlfq",         "multi-level feedback queue",
                                "多级反馈队列", "OSTEP ch. 8 and its mlfq.py",
                                options,        make_mlfq};

}  // namespace sy
