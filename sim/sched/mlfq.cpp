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
#include <string>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

struct MlfqSettings {
    std::vector<Nanos> quanta;             // by level
    std::vector<std::int32_t> allotments;  // by level, in quanta
    Nanos boost = 0;                       // 0: never
    Nanos boosted = 0;  // what a boosted task has left of its turn; 0: a whole new allotment
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
        if (boost_is_due(v.now)) {
            if (card(curr).turn == 0) {  // first its turn ends, then all are lifted
                use_up(card(curr));
                to_the_end(curr);
            }
            lift_all({v.tasks, v.now});
            return others_wait(v.tasks, v.cpu);
        }
        if (card(curr).turn > 0) return false;
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
    // A band for each level from the top; who runs stands at the head of its level.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;

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
        before_pick(look);
        if (is_new) {
            enter(card(task), 0);
            if (m_.boosted > 0 && look.now >= m_.boost) card(task).turn = m_.boosted;
        } else if (m_.to_front)
            to_the_front(task);
    }
    bool front_preempts() const override { return m_.to_front; }
    void before_pick(const Look& look) override {
        if (boost_is_due(look.now)) lift_all(look);
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
    bool turn_is_spent(const SchedView&, TaskId task) const override {
        return card(task).turn == 0;
    }
    void turn_over(const Look&, TaskId task) override {
        if (card(task).turn == 0) use_up(card(task));
    }

    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        const Card& c = card(task);
        out.push_back({"level", c.level});
        out.push_back({"turn_left_ns", std::max<Nanos>(0, c.turn - uncharged(look, c, task))});
        out.push_back({"turns_left", c.turns});
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
        const auto before = [&](TaskId t) {
            if (card(t).level == card(task).level) first = std::min(first, card(t).order - 1);
        };
        for (TaskId t : line()) before(t);
        for (TaskId t : running())
            if (t != kNoTask) before(t);
        card(task).order = first;
    }
    // Rule 5. Due times that passed while nobody looked count once.
    bool boost_is_due(Nanos now) const { return m_.boost > 0 && now >= next_boost_; }
    void lift_all(const Look& look);

    MlfqSettings m_;
    Nanos next_boost_;
};

QueuePicture Mlfq::picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    QueuePicture out;
    out.shape = QueuePicture::Shape::levels;
    const Look look = look_at(tasks, cpu);
    for (std::size_t level = 0; level < m_.quanta.size(); ++level) {
        QueueBand band{.name = "level " + std::to_string(level)};
        band.numbers = {{"level", static_cast<std::int64_t>(level)},
                        {"quantum_ns", m_.quanta[level]},
                        {"allotment", m_.allotments[level]}};
        out.bands.push_back(std::move(band));
    }
    std::size_t shown = 0;
    const auto place = [&](TaskId task) {
        if (shown++ < most)
            out.bands[static_cast<std::size_t>(card(task).level)].entries.push_back(entry(look, task));
    };
    for (TaskId task : running_beside(tasks, cpu)) place(task);
    for (TaskId task : line())
        if ((is_shared() || tasks[task].cpu == cpu) && !of_the_machine(tasks[task])) place(task);
    if (m_.boost > 0) {
        out.numbers.push_back({"boost_ns", m_.boost});
        out.numbers.push_back({"next_boost_ns", next_boost_});
    }
    out.numbers.push_back({"old_rule", m_.old_rule ? 1 : 0});
    return out;
}

void Mlfq::lift_all(const Look& look) {
    next_boost_ = (look.now / m_.boost + 1) * m_.boost;
    // Those at the top keep their places, then the bottom level, then the ones above it. Who runs
    // has its place too.
    std::vector<TaskId> all = line();
    for (TaskId t : running())
        if (t != kNoTask) all.push_back(t);
    std::stable_sort(all.begin(), all.end(),
                     [&](TaskId a, TaskId b) { return card(a).order < card(b).order; });
    for (std::int32_t level = lowest(); level > 0; --level)
        for (TaskId t : all)
            if (card(t).level == level) to_the_end(t);
    const TaskTable& tasks = look.tasks;
    for (TaskId id = 0; id < tasks.size(); ++id) {
        Card& c = card(id);
        if (!c.known) continue;
        const std::int32_t turns = c.turns;
        enter(c, 0);
        if (m_.boosted == 0) continue;
        c.turn = m_.boosted;
        c.turns = turns;
    }
    sort_line();
}

constexpr PolicyOption options[] = {
    {"levels", "levels=3", "how many levels (default 3)", "级数（默认 3）"},
    {"quantum", "quantum=10ms|10ms/20ms/40ms",
     "length of a turn at the highest level (default 10 ms), or one for each level from the top",
     "最高级每轮的长度（默认 10 ms），或从最高级起逐级列出"},
    {"growth", "growth=1", "a turn is so many times as long as one level above (default 1)",
     "每轮的长度是上一级的几倍（默认 1）"},
    {"allotment", "allotment=1|2/1/1",
     "how many turns at a level before sinking (default 1), or one number for each level",
     "在一级用完几轮后下降（默认 1），或逐级列出"},
    {"boost", "boost=off|100ms", "lift all to the top again and again (default off)",
     "每隔这么久把所有任务提到最高级（默认关）"},
    {"boosted", "boosted=fresh|1s",
     "what a boost leaves of the turn: a fresh allotment (default; OSTEP 8.3), or so much of the "
     "turn "
     "while turns used stay used (as mlfq.py counts)",
     "提升后这一轮还剩多少：全新的配额（默认；OSTEP 8.3），或这么多而已用的轮数不变（mlfq.py "
     "的算法）"},
    {"rule", "rule=new|old",
     "old: a wait before the end of the turn gives a fresh allotment (default new)",
     "old：在一轮结束前等待就得到新的配额（默认 new）"},
    {"wakeup", "wakeup=end|front",
     "who comes back from waiting stands last or first at its level (default end)",
     "等待归来者排在其级别的末尾或之首（默认 end）"},
    kTieOption,
    kQueuesOption,
};

// `10ms/20ms/40ms`, `2/1/1`: from the highest level down.
std::vector<std::string> list_of(const std::string& value) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= value.size();) {
        const std::size_t end = std::min(value.find('/', at), value.size());
        out.push_back(value.substr(at, end - at));
        at = end + 1;
    }
    return out;
}
constexpr std::size_t kMostLevels = 64;

std::unique_ptr<SchedClass> make_mlfq(const SchedOptions& o, std::string& error) {
    TextbookSettings s{.quantum = 10 * kMilli};
    MlfqSettings m;
    std::int64_t levels = 0, growth = 1, allotment = 1;
    std::string quantum_list;
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "levels") {
            ok = read_number(value, 1, 64, levels);
        } else if (key == "growth") {
            ok = read_number(value, 1, 16, growth);
        } else if (key == "allotment") {
            for (const std::string& one : list_of(value)) {
                ok = m.allotments.size() < kMostLevels && read_number(one, 1, 1'000'000, allotment);
                if (!ok) break;
                m.allotments.push_back(static_cast<std::int32_t>(allotment));
            }
        } else if (key == "quantum" && value.find('/') != std::string::npos) {
            for (const std::string& one : list_of(value)) {
                m.quanta.push_back(parse_duration_setting(one));
                ok = m.quanta.back() > 0 && m.quanta.size() <= kMostLevels;
                if (!ok) break;
            }
            quantum_list = "quantum=" + value;
        } else if (key == "boosted") {
            m.boosted = value == "fresh" ? 0 : parse_duration_setting(value);
            ok = value == "fresh" || m.boosted > 0;
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
    if (m.quanta.empty()) {
        if (levels == 0)
            levels = m.allotments.size() > 1 ? static_cast<std::int64_t>(m.allotments.size()) : 3;
        Nanos quantum = s.quantum;
        for (std::int64_t i = 0; i < levels;
             ++i, quantum = std::min(quantum * growth, 1000 * kSecond))
            m.quanta.push_back(quantum);
    } else if (levels != 0 && static_cast<std::size_t>(levels) != m.quanta.size()) {
        error = "levels=" + std::to_string(levels);  // as many quanta as levels
        return nullptr;
    }
    s.quantum = m.quanta.front();
    if (m.allotments.size() < 2) {
        m.allotments.assign(m.quanta.size(), static_cast<std::int32_t>(allotment));
    } else if (m.allotments.size() != m.quanta.size()) {
        error = quantum_list.empty() ? "levels=" + std::to_string(levels) : quantum_list;
        return nullptr;
    }
    return std::make_unique<Mlfq>(o.cpus, s, std::move(m));
}

}  // namespace

extern const PolicyInfo mlfq_policy;
const PolicyInfo mlfq_policy = {"mlfq",         "multi-level feedback queue",
                                "多级反馈队列", "OSTEP ch. 8 and its mlfq.py",
                                options,        make_mlfq};

}  // namespace sy
