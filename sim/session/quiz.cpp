#include "sim/session/quiz.h"

#include <algorithm>

#include "sim/session/load.h"
#include "sim/session/quiz_maker.h"

namespace sy {
namespace {

constexpr QuizKindInfo kKinds[] = {
    {QuizKind::next, "next", QuizShape::result, "who runs next?", "接下来谁运行？"},
    {QuizKind::cr3, "cr3", QuizShape::result, "is CR3 loaded?", "会装载 CR3 吗？"},
    {QuizKind::pushed, "pushed", QuizShape::result, "what has the hardware pushed?",
     "硬件压入了什么？"},
    {QuizKind::registers, "registers", QuizShape::result, "where do the user registers lie now?",
     "用户寄存器现在在哪里？"},
    {QuizKind::ps, "ps", QuizShape::output, "what does ps print?", "ps 会显示什么？"},
    {QuizKind::between, "between", QuizShape::between, "what happened between two moments?",
     "两个时刻之间发生了什么？"},
    {QuizKind::wait, "wait", QuizShape::output, "how long does it wait?", "它等待了多久？"},
    {QuizKind::switches, "switches", QuizShape::output, "how many switches until it exits?",
     "到它退出为止有多少次切换？"},
    {QuizKind::finish, "finish", QuizShape::output, "in which order do they exit?",
     "它们按什么顺序退出？"},
    {QuizKind::teacher, "teacher", QuizShape::output, "what the file itself asks", "文件自带的题目"},
};
constexpr std::size_t kMade = std::size(kKinds) - 1;

// A question that stands in the file.
QuizQuestion teachers_question(Session& session, const QuestionDecl& decl) {
    QuizQuestion q;
    q.kind = QuizKind::teacher;
    q.at = decl.at;
    const auto both = [](const std::string& en, const std::string& zh) { return Text{en, zh.empty() ? en : zh}; };
    const auto position_at = [&](Nanos at) {
        if (at == 0) return std::uint64_t{0};
        session.seek_time(at);
        return session.position();
    };
    q.before = position_at(decl.at);
    q.step = decl.until ? position_at(*decl.until) : q.before;
    q.shape = decl.until ? QuizShape::result : QuizShape::output;
    q.given = decl.at == 0 ? text("The scenario at its beginning.", "这个场景刚开始。")
                           : text("The scenario has run for {0}.", "这个场景运行了 {0}。", {show_time(decl.at)});
    q.ask = both(decl.ask, decl.ask_zh);
    for (const QuestionDecl::Choice& c : decl.choices) {
        Text why = both(c.why, c.why_zh);
        if (!c.is_right && why.en.empty()) why = text("the teacher's answer is another one", "老师的答案不是这个");
        q.choices.push_back({both(c.text, c.text_zh), c.is_right, c.is_right ? Text{} : why});
    }
    q.explanation = both(decl.explain, decl.explain_zh);
    if (q.explanation.en.empty()) q.explanation = q.choices[q.right()].text;
    return q;
}

}  // namespace

std::span<const QuizKindInfo> quiz_kinds() { return std::span(kKinds).first(kMade); }
const QuizKindInfo& quiz_kind(QuizKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

QuizOptions quiz_options_of(const Scenario& s) {
    QuizOptions out;
    if (!s.quiz.is_given) return out;
    out.count = std::max<std::size_t>(static_cast<std::size_t>(s.quiz.count), s.questions.size());
    out.seed = s.quiz.seed;
    for (const std::string& name : s.quiz.kinds)
        if (const QuizKindInfo* kind = find_quiz_kind(name)) out.kinds.push_back(kind->kind);
    // The file's own questions are asked in any case.
    if (!out.kinds.empty() && !s.questions.empty()) out.kinds.push_back(QuizKind::teacher);
    return out;
}

const QuizKindInfo* find_quiz_kind(std::string_view name) {
    for (const QuizKindInfo& k : kKinds)
        if (k.name == name) return &k;
    return nullptr;
}

const char* quiz_shape_name(QuizShape shape) {
    return shape == QuizShape::output    ? "output"
           : shape == QuizShape::between ? "between"
                                         : "result";
}

std::size_t QuizQuestion::right() const {
    const auto at = std::find_if(choices.begin(), choices.end(),
                                 [](const QuizChoice& c) { return c.is_right; });
    return static_cast<std::size_t>(at - choices.begin());
}

std::vector<QuizQuestion> make_quiz(Session& session, const QuizOptions& options) {
    const std::uint64_t position = session.position();
    session.run_to_end();
    std::vector<QuizKind> kinds = options.kinds;
    const bool asks_files = kinds.empty() || std::erase(kinds, QuizKind::teacher) > 0;
    if (options.kinds.empty())
        for (const QuizKindInfo& k : quiz_kinds()) kinds.push_back(k.kind);
    QuizMaker maker(session, options.seed);
    std::vector<QuizQuestion> out;
    for (const QuestionDecl& decl : session.scenario().questions) {
        if (!asks_files || out.size() >= options.count) break;
        out.push_back(teachers_question(session, decl));
        maker.shuffle(out.back().choices);
    }
    std::size_t failures = 0;
    // Kinds take turns; one that has nothing more to ask leaves the round.
    for (std::size_t i = 0; out.size() < options.count && !kinds.empty() && failures < 1000; ++i) {
        const std::size_t at = i % kinds.size();
        QuizQuestion q;
        q.kind = kinds[at];
        q.shape = kKinds[static_cast<std::size_t>(q.kind)].shape;
        if (!maker.make(q.kind, q)) {
            kinds.erase(kinds.begin() + static_cast<std::ptrdiff_t>(at));
            if (at > 0) --i;
            ++failures;
            continue;
        }
        maker.shuffle(q.choices);
        out.push_back(std::move(q));
    }
    session.seek_step(position);
    return out;
}

void QuizMaker::shuffle(std::vector<QuizChoice>& choices) {
    for (std::size_t i = choices.size(); i > 1; --i) std::swap(choices[i - 1], choices[roll(i)]);
}

bool QuizMaker::make(QuizKind kind, QuizQuestion& out) {
    static constexpr Make kMakers[] = {
        &QuizMaker::next,      &QuizMaker::cr3,      &QuizMaker::pushed,
        &QuizMaker::registers, &QuizMaker::ps,       &QuizMaker::between,
        &QuizMaker::wait,      &QuizMaker::switches, &QuizMaker::finish};
    return (this->*kMakers[static_cast<std::size_t>(kind)])(out) && out.choices.size() >= 2;
}

std::string QuizMaker::name(TaskId task) const {
    const Task& t = end().tasks[task];
    if (t.is_kthread() && task >= end().cpus.size()) return "[" + std::string(t.name()) + "]";
    return std::string(t.name());
}

bool QuizMaker::is_of_scenario(TaskId task) const {
    if (task >= end().tasks.size() || task < end().cpus.size()) return false;
    const Task& t = end().tasks[task];
    return (!t.is_kthread() || t.runs_program) && t.pid > 1;
}

std::vector<TaskId> QuizMaker::tasks_that(bool (*fits)(const Task&)) const {
    std::vector<TaskId> out;
    for (TaskId id = 0; id < end().tasks.size(); ++id)
        if (is_of_scenario(id) && fits(end().tasks[id])) out.push_back(id);
    return out;
}

bool QuizMaker::is_new(QuizKind kind, std::uint64_t subject) {
    const std::pair<QuizKind, std::uint64_t> what{kind, subject};
    if (std::find(asked_.begin(), asked_.end(), what) != asked_.end()) return false;
    asked_.push_back(what);
    return true;
}

const Episode* QuizMaker::some_switch(QuizKind kind, bool between_users) {
    const std::uint64_t count = s_.switch_count();
    for (int tries = 0; count > 0 && tries < 200; ++tries) {
        const std::uint64_t n = roll(count) + 1;
        const Record& r = s_.log()[s_.switch_record(n)];
        const bool fits = between_users ? is_of_scenario(r.task) && is_of_scenario(r.a)
                                        : is_of_scenario(r.task) || is_of_scenario(r.a);
        if (!fits || !is_new(kind, n)) continue;
        const Episode& e = s_.episode_of_switch(n);
        if (e.switch_number == n) return &e;
    }
    return nullptr;
}

}  // namespace sy
