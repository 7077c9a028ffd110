// One file is the whole lesson: its view, its questions, the light of its captions. What is written comes back the same;
// mistakes are found where they stand; grading a sheet is arithmetic.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "machine.h"
#include "sim/report/quiz_grade.h"
#include "sim/report/quiz_print.h"
#include "sim/scenario/format.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "sim/session/expectations.h"

using namespace sy;

namespace {

const std::string kBook = "machine { scheduler rr quantum=4ms costs ideal }\n"
                          "process P1 pid 570 { run 24ms } process P2 { run 3ms } process P3 { run 3ms }\n";
const std::string kLesson = kBook + R"(
view { at 5ms panel run_queue depth phases grain switch lang zh theme light select P2 presenter on timeline 0ms until 32ms }
at 4ms caption "The quantum is over." zh "时间片用完了。" spotlight run_queue
quiz count 4 seed 9 kinds wait, finish
question "Who runs next?" zh "接下来谁运行？" at 3999us {
  until 4001us
  wrong "P1" because "It is over." zh "用完了。"
  right "P2"
  wrong "P3" zh "第三个"
  explain "The line." zh "队列。"
  expect running(0) at 5ms == P2
}
question "How many?" { right "5" wrong "6" }
)";

std::string message_of(const std::string& text, Lang lang = Lang::en) {
    Scenario s;
    Diagnostics diags;
    CHECK_FALSE(parse_scenario(text, "t", s, diags, known_words()));
    return diags.render("t", text, lang);
}

}  // namespace

TEST_CASE("a lesson is read whole, written and formatted back the same") {
    const Scenario s = test::scenario(kLesson);
    REQUIRE(s.view.is_given);
    CHECK(s.view.at == 5 * kMilli);
    CHECK(s.view.panel == "run_queue");
    CHECK(s.view.depth == "phases");
    CHECK(s.view.presenter == true);
    CHECK(s.view.until == 32 * kMilli);
    CHECK(s.quiz.count == 4);
    CHECK(s.quiz.kinds.size() == 2);
    REQUIRE(s.questions.size() == 2);
    CHECK(s.questions[0].choices.size() == 3);
    CHECK(s.questions[0].choices[0].why_zh == "用完了。");
    CHECK(s.questions[0].until == 4001 * kMicro);
    CHECK(s.expects.size() == 1);
    CHECK(s.timeline.at(0).name == "run_queue");
    for (const std::string& text : {write_scenario(s), format_scenario(kLesson)}) {
        CAPTURE(text);
        Scenario again = test::scenario(text);
        again.file = s.file;
        CHECK(again == s);
        CHECK(format_scenario(text) == text);
    }
}

TEST_CASE("mistakes in a lesson are found where they stand, in both languages") {
    const auto wrong = [](const std::string& text, const char* part) {
        const std::string en = message_of(kBook + text), zh = message_of(kBook + text, Lang::zh);
        CHECK_MESSAGE(en.find(part) != std::string::npos, en);
        CHECK(en.find("t:3:") != std::string::npos);
        CHECK(en != zh);
    };
    wrong("view { panel run_que }", "run_queue");
    wrong("view { depth deep }", "depth");
    wrong("view { at 5ms switch 3 }", "one place");
    wrong("view { select P9 }", "P9");
    wrong("view { timeline 5ms until 2ms }", "before it begins");
    wrong("view { } view { }", "one view");
    wrong("quiz kinds nexxt", "next");
    wrong("quiz count 99999", "number of questions");
    wrong("question \"x\" { right \"a\" }", "wrong answer");
    wrong("question \"x\" { wrong \"a\" wrong \"b\" }", "one right answer");
    wrong("question \"x\" { right \"a\" wrong \"a\" }", "already");
    wrong("question \"x\" at 5ms { until 4ms right \"a\" wrong \"b\" }", "before the moment");
    wrong("question \"x\" { rihgt \"a\" wrong \"b\" }", "right");
    wrong("question x { }", "double quotes");
    wrong("at 1ms caption \"c\" spotlight nowhere", "nowhere");
    wrong("question \"x\" { right \"a\" wrong \"b\" expect wait(P7) == 1ms }", "P7");
    // A brace left open does not hang.
    for (const char* text : {"view { at 5ms", "question \"x\" { right \"a\"", "view {", "question", "quiz kinds", "question \"x\" at"}) message_of(kBook + text);
}

TEST_CASE("the quiz asks the file's questions first, and holds the answer to the run") {
    const Scenario s = test::scenario(kLesson);
    BootError error;
    const auto session = Session::open(s, error);
    REQUIRE(session);
    const QuizOptions options = quiz_options_of(s);
    CHECK(options.count == 4);
    CHECK(options.seed == 9);
    const auto questions = make_quiz(*session, options);
    REQUIRE(questions.size() == 4);
    CHECK(questions[0].kind == QuizKind::teacher);
    CHECK(questions[1].kind == QuizKind::teacher);
    CHECK(questions[0].choices[questions[0].right()].text.en == "P2");
    CHECK(questions[0].ask.zh == "接下来谁运行？");
    // It stops where P1 still runs, and the answer shows P2.
    session->seek_step(questions[0].before);
    CHECK(session->now().tasks[session->now().cpus[0].curr].name() == "P1");
    session->seek_step(questions[0].step);
    CHECK(session->now().tasks[session->now().cpus[0].curr].name() == "P2");
    for (const QuizQuestion& q : questions) CHECK(q.before <= q.step);
    const auto made = make_quiz(*session, {.count = 6, .seed = 1, .kinds = {QuizKind::wait}});
    for (const QuizQuestion& q : made) CHECK(q.kind == QuizKind::wait);
    QuizPaper paper{.scenario = s, .seed = 9, .questions = questions, .with_answers = true};
    CHECK(nlohmann::json::parse(quiz_as_json(paper, Lang::en))["questions"][0]["kind"] == "teacher");
    paper.with_answers = false;
    CHECK(quiz_as_text(paper, Lang::en).find("right \"") == std::string::npos);
}

TEST_CASE("nothing of the answer has happened where a question stops") {
    BootError error;
    const auto session = Session::open(test::scenario(kBook + "kthread k { repeat 3 { sleep 3ms run 200us } }"), error);
    REQUIRE(session);
    for (const QuizQuestion& q : make_quiz(*session, {.count = 30, .seed = 5, .kinds = {}})) {
        CAPTURE(q.ask.en);
        CHECK(q.before <= q.step);
        session->seek_step(q.before);
        CHECK(session->time() <= q.at);
        if (q.kind != QuizKind::next) continue;
        // The one that leaves is still there.
        bool leaves = false;
        for (const Cpu& cpu : session->now().cpus) leaves |= q.ask.en.find(std::string(session->now().tasks[cpu.curr].name())) != std::string::npos;
        CHECK(leaves);
    }
}

TEST_CASE("grading: points by hand, in every form of the sheet; what is wrong is said with its line") {
    BootError error;
    const auto session = Session::open(test::scenario(kBook), error);
    const auto questions = make_quiz(*session, {.count = 3, .seed = 1, .kinds = {QuizKind::wait}});
    REQUIRE(questions.size() == 3);
    const auto letter = [&](std::size_t i, std::size_t by = 0) {
        return std::string(1, static_cast<char>('A' + (questions[i].right() + by) % questions[i].choices.size()));
    };
    const auto grade = [&](const std::string& csv) {
        std::vector<GradedAnswer> answers;
        Diagnostics diags;
        REQUIRE_MESSAGE(read_answers(csv, questions, answers, diags), diags.render("a.csv", csv, Lang::en));
        return nlohmann::json::parse(graded_as_json(questions, answers, Lang::en))["results"];
    };
    const auto all = grade("1," + letter(0) + "\n2," + letter(1) + "\n3," + letter(2) + "\n");
    CHECK(all[0]["points"] == 3);
    const auto some = grade("number,answer\r\n1," + letter(0) + "\r\n2," + letter(1, 1) + "\r\n");
    CHECK(some[0]["points"] == 1);
    CHECK(some[0]["answers"][1]["diagnosis"] == questions[1].choices[(questions[1].right() + 1) % questions[1].choices.size()].diagnosis.en);
    CHECK(some[0]["answers"][2]["answer"].is_null());
    const auto wide = grade("student,1,2,3\n\"Ada, B.\"," + letter(0) + "," + letter(1) + "," + letter(2, 1) + "\nBob,,," + letter(2) + "\n");
    REQUIRE(wide.size() == 2);
    CHECK(wide[0]["student"] == "Ada, B.");
    CHECK(wide[0]["points"] == 2);
    CHECK(wide[1]["points"] == 1);
    const auto rows = grade("小明,1," + letter(0) + "\n小明,1," + letter(0, 1) + "\n小红,1," + letter(0) + "\n");
    CHECK(rows[0]["points"] == 0);   // the last answer counts
    CHECK(rows[1]["points"] == 1);
    for (const std::string bad : {"1,Z", "9,A", "", "number,answer\nx,A", "number,answer\n1", "Ada,A,A,A,A"}) {
        std::vector<GradedAnswer> answers;
        Diagnostics diags;
        CHECK_FALSE(read_answers(bad, questions, answers, diags));
        CHECK_FALSE(diags.render("a.csv", bad, Lang::zh).empty());
    }
}

TEST_CASE("a session that may make no step at all stands at its beginning and is complete") {
    BootError error;
    SessionLimits only_the_start;
    only_the_start.steps = 0;
    const auto session = Session::open(test::scenario(kBook), error, only_the_start);
    REQUIRE(session);
    session->seek_step(5);
    session->seek_time(5 * kMilli);
    session->run_to_end();
    CHECK(session->position() == 0);
    CHECK(session->complete());
    CHECK(session->end() == End::step_limit);
}
