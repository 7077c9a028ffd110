// What a file says about teaching: `view { … }` (how the window opens it), `quiz …` (what its quiz asks) and
// `question "…" { … }` (what the teacher asks). One table of rows for the settings of a view; the formatter, the page of
// the language and completion read the same rows.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/scenario/check.h"
#include "sim/scenario/lesson.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/write.h"

namespace sy::scn {

namespace {

constexpr std::size_t kMostChoices = 8, kMostQuestions = 1000;
constexpr std::string_view kDepths[] = {"line", "phases", "words"};
constexpr std::string_view kGrains[] = {"step", "phase", "switch", "tick"};
constexpr std::string_view kLangs[] = {"en", "zh"};
constexpr std::string_view kThemes[] = {"dark", "light", "contrast"};
constexpr std::string_view kSwitch[] = {"on", "off"};

bool one_of(Parser& p, std::span<const std::string_view> known, const Text& what, std::string& out) {
    const Token& token = p.peek();
    if (token.kind != Token::Kind::word) {
        p.expected({.en = what.en + " (" + listed({known.begin(), known.end()}, 40) + ")",
                    .zh = what.zh + "（" + listed({known.begin(), known.end()}, 40) + "）"});
        return false;
    }
    const bool is_known = std::find(known.begin(), known.end(), token.text) != known.end();
    if (!is_known) p.unknown_word(token, what, {known.begin(), known.end()});
    p.take();
    out = std::string(token.text);
    return true;
}

bool read_at(Parser& p, ViewDecl& v) { return (v.at = p.duration()).has_value(); }
bool read_number(Parser& p, std::optional<std::int64_t>& out, const Text& what) {
    return (out = p.integer({0, limits::steps, what, {}})).has_value();
}
bool read_switch(Parser& p, ViewDecl& v) { return read_number(p, v.on_switch, text("the number of a switch", "切换的编号")); }
bool read_step(Parser& p, ViewDecl& v) { return read_number(p, v.step, text("the number of a step", "步的编号")); }
bool read_panel(Parser& p, ViewDecl& v) { return one_of(p, lesson_places(), text("panel", "面板"), v.panel); }
bool read_depth(Parser& p, ViewDecl& v) { return one_of(p, kDepths, text("depth", "深度"), v.depth); }
bool read_grain(Parser& p, ViewDecl& v) { return one_of(p, kGrains, text("grain", "粒度"), v.grain); }
bool read_lang(Parser& p, ViewDecl& v) { return one_of(p, kLangs, text("language", "语言"), v.lang); }
bool read_theme(Parser& p, ViewDecl& v) { return one_of(p, kThemes, text("theme", "主题"), v.theme); }
bool read_select(Parser& p, ViewDecl& v) {
    const auto path = p.task_path(v.task_pos);
    if (path) v.task = *path;
    return path.has_value();
}
bool read_presenter(Parser& p, ViewDecl& v) {
    std::string word;
    if (!one_of(p, kSwitch, text("on or off", "on 或 off"), word)) return false;
    v.presenter = word == "on";
    return true;
}
bool read_timeline(Parser& p, ViewDecl& v) {
    v.from = p.duration();
    if (!v.from) return false;
    if (!p.take_word("until")) {
        p.expected(text("until and a time, as in: timeline 0ms until 20ms", "until 和时刻，例如：timeline 0ms until 20ms"));
        return false;
    }
    const SourcePos pos = p.peek().pos;
    v.until = p.duration();
    if (v.until && *v.until <= *v.from) p.error(pos, text("the stretch of the timeline ends before it begins", "时间线的区间在开始之前就结束了"));
    return v.until.has_value();
}

struct ViewRow {
    Word word;
    bool (*read)(Parser&, ViewDecl&);
};
constexpr ViewRow kViewRows[] = {
    {{"at", "at TIME", "the cursor stands at this instant", "光标停在这个时刻", "at 5ms"}, read_at},
    {{"switch", "switch NUMBER", "the cursor stands behind this context switch, counted from 1", "光标停在这次上下文切换之后，从 1 数起", "switch 3"}, read_switch},
    {{"step", "step NUMBER", "the cursor stands behind so many steps", "光标停在这么多步之后", "step 120"}, read_step},
    {{"panel", "panel NAME", "the tab of the inspector", "检查器打开的标签", "panel run_queue"}, read_panel},
    {{"depth", "depth line, phases or words", "how much the stage shows", "舞台显示的详细程度", "depth words"}, read_depth},
    {{"grain", "grain step, phase, switch or tick", "how far a press of the arrow key goes", "按一次方向键前进多远", "grain switch"}, read_grain},
    {{"lang", "lang en or zh", "the language", "语言", "lang zh"}, read_lang},
    {{"theme", "theme dark, light or contrast", "the colours", "配色", "theme light"}, read_theme},
    {{"select", "select TASK", "the selected task", "选中的任务", "select editor"}, read_select},
    {{"presenter", "presenter on or off", "large type for a projector", "投影用的大字", "presenter on"}, read_presenter},
    {{"timeline", "timeline TIME until TIME", "the stretch that the timeline shows", "时间线显示的区间", "timeline 0ms until 20ms"}, read_timeline},
};

std::string quoted(std::string_view s) { return "\"" + std::string(s) + "\""; }
std::string both(std::string_view en, std::string_view zh) { return zh.empty() ? quoted(en) : quoted(en) + " zh " + quoted(zh); }

// "TEXT" [zh "TEXT"]
bool read_both(Parser& p, const Text& what, std::string& en, std::string& zh) {
    const auto english = p.string(what);
    if (!english) return false;
    en = *english;
    if (!p.take_word("zh")) return true;
    const auto chinese = p.string(what);
    if (chinese) zh = *chinese;
    return chinese.has_value();
}

}  // namespace

std::vector<Word> view_words() { return words_of(kViewRows); }

std::vector<Word> question_words() {
    return {
        {"right", "right \"TEXT\" [zh \"TEXT\"]", "the right answer; there is one", "正确答案；只有一个", "right \"b\""},
        {"wrong", "wrong \"TEXT\" [zh \"TEXT\"] [because \"TEXT\" [zh \"TEXT\"]]", "a wrong answer, and which mistake leads to it",
         "错误答案，以及什么误解会导致它", "wrong \"a\" because \"It has kept the CPU beyond its quantum.\""},
        {"explain", "explain \"TEXT\" [zh \"TEXT\"]", "what is said when it was answered", "作答之后的讲解", "explain \"Its quantum is over.\""},
        {"until", "until TIME", "the answer is shown by playing the run on to this instant", "把运行播放到这个时刻来展示答案", "until 6ms"},
        {"expect", "expect CONDITION", "holds the right answer to the run, as at the top of a file", "用运行检验正确答案，与文件顶层的 expect 相同",
         "expect state(a) at 5ms == running"},
    };
}

void Parser::parse_view() {
    ViewDecl& view = out_.view;
    if (view.is_given) error(tokens_.list[at_ - 1].pos, text("a file has one view; join the two", "一个文件只有一个 view；请把两个合起来"));
    view.is_given = true;
    view.pos = tokens_.list[at_ - 1].pos;
    const Token& open = peek();
    if (!take_sign("{")) {
        expected(text("'{' and how the window opens this file", "“{” 以及窗口打开本文件的样子"));
        return skip_item();
    }
    while (!at_end() && !peek().is("}")) {
        mark_item();
        const Token& token = peek();
        const ViewRow* row = token.kind == Token::Kind::word ? find_row(kViewRows, token.text) : nullptr;
        if (row == nullptr && token.kind == Token::Kind::word) {
            if (starts_something(token) && lacks_a_closing_brace()) break;
            row = find_row(kViewRows, unknown_word(token, text("setting of a view", "view 的设置"), scn::names(WordGroup::view)));
        } else if (row == nullptr) {
            expected(text("a setting of the view", "view 的一项设置"));
        }
        take();
        if (row != nullptr && row->read(*this, view)) continue;
        while (!at_end() && !peek().is("}") && !(peek().kind == Token::Kind::word && find_row(kViewRows, peek().text) != nullptr)) {
            if (starts_something(peek()) && lacks_a_closing_brace()) break;
            take();
        }
    }
    close_brace(open);
    if ((view.at.has_value() ? 1 : 0) + (view.on_switch.has_value() ? 1 : 0) + (view.step.has_value() ? 1 : 0) > 1)
        error(view.pos, text("the cursor stands in one place: keep one of at, switch and step", "光标只能停在一处：at、switch、step 请只留一个"));
}

void Parser::parse_quiz() {
    QuizDecl& quiz = out_.quiz;
    if (quiz.is_given) error(tokens_.list[at_ - 1].pos, text("a file has one quiz; join the two", "一个文件只有一个 quiz；请把两个合起来"));
    quiz.is_given = true;
    quiz.pos = tokens_.list[at_ - 1].pos;
    while (true) {
        if (take_word("count")) {
            const auto n = integer({0, 1000, text("the number of questions", "题数"), {}});
            if (!n) return skip_item();
            quiz.count = static_cast<std::int32_t>(*n);
        } else if (take_word("seed")) {
            const auto n = integer({0, std::int64_t{1} << 53, text("the seed", "种子"), {}});
            if (!n) return skip_item();
            quiz.seed = static_cast<std::uint64_t>(*n);
        } else if (take_word("kinds")) {
            do {
                std::string kind;
                if (!one_of(*this, quiz_kind_names(), text("kind of question", "题型"), kind)) return skip_item();
                quiz.kinds.push_back(std::move(kind));
            } while (take_sign(","));
        } else {
            break;
        }
    }
}

bool Parser::parse_choice(QuestionDecl& q, bool is_right) {
    QuestionDecl::Choice choice;
    choice.is_right = is_right;
    choice.pos = peek().pos;
    const Text what = text("an answer in double quotes", "双引号里的答案");
    if (!read_both(*this, what, choice.text, choice.text_zh)) return false;
    if (take_word("because")) {
        const Text why = text("in double quotes, which mistake leads to it", "双引号里写明什么误解会导致它");
        if (is_right) error(choice.pos, text("a right answer needs no 'because'; write explain \"…\"", "正确答案不写 because；请写 explain \"……\""));
        if (!read_both(*this, why, choice.why, choice.why_zh)) return false;
    }
    for (const QuestionDecl::Choice& other : q.choices)
        if (other.text == choice.text) error(choice.pos, text("this answer is there already", "已经有这个答案了"));
    q.choices.push_back(std::move(choice));
    return true;
}

void Parser::parse_question_body(QuestionDecl& q) {
    constexpr std::string_view kWords[] = {"right", "wrong", "explain", "until", "expect"};
    while (!at_end() && !peek().is("}") && !is_hopeless_) {
        mark_item();
        const Token& token = peek();
        std::string word(token.kind == Token::Kind::word ? token.text : std::string_view());
        if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) {
            if (token.kind == Token::Kind::word && starts_something(token) && lacks_a_closing_brace()) break;
            if (token.kind == Token::Kind::word)
                word = unknown_word(token, text("part of a question", "题目的组成部分"), {std::begin(kWords), std::end(kWords)});
            else
                expected(text("a part of the question (right, wrong, explain, until, expect)", "题目的一部分（right、wrong、explain、until、expect）"));
        }
        take();
        bool is_fine = true;
        if (word == "right" || word == "wrong") is_fine = parse_choice(q, word == "right");
        if (word == "explain") is_fine = read_both(*this, text("the explanation in double quotes", "双引号里的讲解"), q.explain, q.explain_zh);
        if (word == "until") is_fine = (q.until = duration()).has_value();
        if (word == "expect") parse_expect();
        if (is_fine) continue;
        while (!at_end() && !peek().is("}") && std::find(std::begin(kWords), std::end(kWords), peek().text) == std::end(kWords)) {
            if (starts_something(peek()) && lacks_a_closing_brace()) break;
            take();
        }
    }
}

void Parser::parse_question() {
    QuestionDecl q;
    q.pos = tokens_.list[at_ - 1].pos;
    if (!read_both(*this, text("the question in double quotes", "双引号里的题目"), q.ask, q.ask_zh)) return skip_item();
    if (take_word("at")) {
        const auto at = duration();
        if (!at) return skip_item();
        q.at = *at;
    }
    const Token& open = peek();
    if (!take_sign("{")) {
        expected(text("'{' and the answers: { right \"…\" wrong \"…\" }", "“{” 和答案：{ right \"……\" wrong \"……\" }"));
        return skip_item();
    }
    parse_question_body(q);
    close_brace(open);
    const auto rights = std::count_if(q.choices.begin(), q.choices.end(), [](const auto& c) { return c.is_right; });
    if (rights != 1)
        error(q.pos, text("a question has one right answer, this one has {0}", "一道题只有一个正确答案，这道有 {0} 个", {std::to_string(rights)}));
    else if (q.choices.size() < 2)
        error(q.pos, text("a question needs a wrong answer beside the right one", "除了正确答案，题目还需要错误答案"));
    if (q.choices.size() > kMostChoices)
        error(q.pos, text("more than the limit of {0} answers", "答案超过了上限 {0} 个", {std::to_string(kMostChoices)}));
    if (q.until && *q.until < q.at) error(q.pos, text("'until' lies before the moment of the question", "until 早于提问的时刻"));
    if (out_.questions.size() >= kMostQuestions) {
        error(q.pos, text("more than the limit of {0} questions", "题目超过了上限 {0} 道", {std::to_string(kMostQuestions)}));
        is_hopeless_ = true;
        return;
    }
    out_.questions.push_back(std::move(q));
}

bool read_spotlight(Parser& p, std::string& place) { return one_of(p, lesson_places(), text("place for the spotlight", "聚光的位置"), place); }

void check_lesson(const Scenario& s, Diagnostics& diags) {
    if (!s.view.task.empty()) check_task_path(s, s.view.task, s.view.task_pos, diags);
    const Nanos end = s.machine.until;
    const auto late = [&](Nanos at, SourcePos pos) {
        if (end > 0 && at > end) diags.warning(pos, text("this moment never comes: the run ends before (until)", "这个时刻不会到来：运行在此之前就结束了（until）"));
    };
    if (s.view.at) late(*s.view.at, s.view.pos);
    for (const QuestionDecl& q : s.questions) late(q.until.value_or(q.at), q.pos);
}

std::string write_lesson(const Scenario& s) {
    std::string out;
    const ViewDecl& v = s.view;
    if (v.is_given) {
        out += "view {";
        if (v.at) out += " at " + write_duration(*v.at);
        if (v.on_switch) out += " switch " + std::to_string(*v.on_switch);
        if (v.step) out += " step " + std::to_string(*v.step);
        const std::pair<const char*, const std::string&> words[] = {{" panel ", v.panel}, {" depth ", v.depth}, {" grain ", v.grain},
                                                                    {" lang ", v.lang},   {" theme ", v.theme}, {" select ", v.task}};
        for (const auto& [key, value] : words)
            if (!value.empty()) out += key + value;
        if (v.presenter) out += *v.presenter ? " presenter on" : " presenter off";
        if (v.from && v.until) out += " timeline " + write_duration(*v.from) + " until " + write_duration(*v.until);
        out += " }\n";
    }
    if (s.quiz.is_given) {
        out += "quiz count " + std::to_string(s.quiz.count) + " seed " + std::to_string(s.quiz.seed);
        for (std::size_t i = 0; i < s.quiz.kinds.size(); ++i) out += (i == 0 ? " kinds " : ", ") + s.quiz.kinds[i];
        out += "\n";
    }
    for (const QuestionDecl& q : s.questions) {
        out += "question " + both(q.ask, q.ask_zh) + " at " + write_duration(q.at) + " {\n";
        if (q.until) out += "until " + write_duration(*q.until) + "\n";
        for (const QuestionDecl::Choice& c : q.choices)
            out += (c.is_right ? "right " : "wrong ") + both(c.text, c.text_zh) + (c.why.empty() ? "" : " because " + both(c.why, c.why_zh)) + "\n";
        if (!q.explain.empty()) out += "explain " + both(q.explain, q.explain_zh) + "\n";
        out += "}\n";
    }
    return out;
}

}  // namespace sy::scn
