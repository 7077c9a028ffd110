// The quiz: the same seed asks the same, every question has one right answer and a diagnosis for
// each wrong one in both languages, and what is called right is what the log, read here once more,
// says.
#include "sim/session/quiz.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "machine.h"
#include "sim/report/quiz_print.h"
#include "sim/scenario/generate.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

std::unique_ptr<Session> open(std::string_view text) {
    BootError error;
    auto session = Session::open(test::scenario(text), error);
    REQUIRE(session);
    return session;
}
const std::string kMixed =
    "machine { cpus 2 scheduler rr quantum=2ms }\n"
    "process a { thread w x2 { run 5ms sleep 1ms run 3ms } run 2ms join }\n"
    "process b arrive 3ms { run 9ms yield run 1ms }\n"
    "process c nice 5 arrive 12ms { repeat 3 { run 1ms sleep 2ms } }\n"
    "kthread k { repeat 3 { sleep 3ms run 200us } }\n";
std::vector<QuizQuestion> ask(std::string_view text, std::size_t count, std::uint64_t seed,
                              std::vector<QuizKind> kinds = {}) {
    const auto session = open(text);
    return make_quiz(*session, {.count = count, .seed = seed, .kinds = std::move(kinds)});
}

}  // namespace

TEST_CASE("one right answer, different choices, a diagnosis for each wrong one, both languages") {
    std::set<QuizKind> kinds;
    std::set<QuizShape> shapes;
    for (const QuizQuestion& q : ask(kMixed, 40, 7)) {
        kinds.insert(q.kind);
        shapes.insert(q.shape);
        CAPTURE(q.ask.en);
        REQUIRE(q.choices.size() >= 2);
        CHECK(q.choices.size() <= 4);
        std::set<std::string> seen;
        int rights = 0;
        for (const QuizChoice& c : q.choices) {
            CHECK(seen.insert(c.text.en).second);
            CHECK_FALSE(c.text.zh.empty());
            rights += c.is_right;
            CHECK(c.is_right == c.diagnosis.en.empty());
            CHECK(c.is_right == c.diagnosis.zh.empty());
        }
        CHECK(rights == 1);
        CHECK(q.choices[q.right()].is_right);
        CHECK_FALSE(q.explanation.en.empty());
        CHECK_FALSE(q.explanation.zh.empty());
        CHECK_FALSE(q.given.zh.empty());
        CHECK_FALSE(q.ask.zh.empty());
    }
    CHECK(kinds.size() == quiz_kinds().size());
    CHECK(shapes.size() == 3);
}

TEST_CASE("seeded: the same seed asks the same, another one something else; the cursor stays") {
    const auto session = open(kMixed);
    session->seek_time(5 * kMilli);
    const std::uint64_t position = session->position();
    const auto paper = [&](std::uint64_t seed) {
        return quiz_as_text(
            {.scenario = session->scenario(),
             .seed = seed,
             .questions = make_quiz(*session, {.count = 12, .seed = seed, .kinds = {}}),
             .with_answers = true},
            Lang::en);
    };
    const std::string once = paper(7);
    CHECK(session->position() == position);
    CHECK(once == paper(7));
    CHECK(once != paper(8));
}

TEST_CASE("who runs next and CR3: the truth of the log") {
    const auto session = open(kMixed);
    for (const QuizQuestion& q :
         make_quiz(*session, {.count = 30, .seed = 3, .kinds = {QuizKind::next}})) {
        // The first switch at or after the moment asked about whose next is the answer must be the
        // first switch of that CPU.
        session->seek_step(q.step);
        const std::string answer = q.choices[q.right()].text.en;
        bool runs = false;
        for (const Cpu& cpu : session->now().cpus)
            runs |= answer.find(std::string(session->now().tasks[cpu.curr].name())) !=
                    std::string::npos;
        CHECK(runs);
    }
    // Threads of one process: never "yes"; two processes: never "the same process".
    for (const QuizQuestion& q :
         ask("process p { thread t x2 { run 30ms } run 30ms join }", 10, 1, {QuizKind::cr3}))
        CHECK_MESSAGE(q.choices[q.right()].text.en.find("yes") == std::string::npos, q.given.en);
    for (const QuizQuestion& q :
         ask("process p { run 30ms } process q { run 30ms }", 10, 1, {QuizKind::cr3}))
        CHECK(q.choices[q.right()].text.en.find("threads of one") == std::string::npos);
}

TEST_CASE("numbers are those of the textbook") {
    // Silberschatz 5.3.3: P1 waits 6 ms, P2 4, P3 7; they exit in the order P2, P3, P1.
    const std::string book =
        "machine { scheduler rr quantum=4ms costs ideal } process P1 { run 24ms } "
        "process P2 { run 3ms } process P3 { run 3ms }";
    for (const QuizQuestion& q : ask(book, 3, 1, {QuizKind::wait})) {
        const std::string who = q.ask.en.substr(13, 2), answer = q.choices[q.right()].text.en;
        CHECK(answer == (who == "P1" ? "6.000 ms" : who == "P2" ? "4.000 ms" : "7.000 ms"));
    }
    const auto finish = ask(book, 3, 1, {QuizKind::finish});
    REQUIRE(finish.size() == 1);
    CHECK(finish[0].choices[finish[0].right()].text.en == "P2, P3, P1");
    CHECK(finish[0].choices.size() >= 2);
}

TEST_CASE("interrupts push five words, SYSCALL none") {
    const auto questions = ask(kMixed, 10, 5, {QuizKind::pushed});
    REQUIRE(questions.size() == 2);
    for (const QuizQuestion& q : questions) {
        const bool is_call = q.given.en.find("SYSCALL") != std::string::npos;
        CHECK((q.choices[q.right()].text.en == "SS, RSP, RFLAGS, CS, RIP") == !is_call);
    }
}

TEST_CASE("a paper hides what its key shows; JSON and CSV hold the same") {
    const auto session = open("title \"T\"\n" + kMixed + "expect wait(b) <= 100ms");
    QuizPaper paper{.scenario = session->scenario(),
                    .seed = 1,
                    .questions = make_quiz(*session, {.count = 9, .seed = 1, .kinds = {}}),
                    .with_answers = false};
    REQUIRE(paper.questions.size() == 9);
    const std::string plain = quiz_as_text(paper, Lang::en);
    CHECK(plain.find("expect") == std::string::npos);
    CHECK(plain.find("process b") != std::string::npos);
    CHECK(plain.find(paper.questions[0].explanation.en) == std::string::npos);
    CHECK_FALSE(
        nlohmann::json::parse(quiz_as_json(paper, Lang::zh))["questions"][0].contains("answer"));
    paper.with_answers = true;
    CHECK(quiz_as_text(paper, Lang::en).find(paper.questions[0].explanation.en) !=
          std::string::npos);
    const auto json = nlohmann::json::parse(quiz_as_json(paper, Lang::en));
    CHECK(json["questions"].size() == 9);
    CHECK(json["questions"][0]["diagnoses"].size() == paper.questions[0].choices.size());
    const std::string csv = quiz_as_csv(paper, Lang::en);
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 10);
}

TEST_CASE("over random scenarios: never nothing wrong, never a crash") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        BootError error;
        auto session = Session::open(random_scenario(seed, {}), error);
        REQUIRE(session);
        for (const QuizQuestion& q :
             make_quiz(*session, {.count = 18, .seed = seed, .kinds = {}})) {
            CHECK(q.choices.size() >= 2);
            CHECK(q.right() < q.choices.size());
            for (const QuizChoice& c : q.choices)
                CHECK_MESSAGE(c.is_right == c.diagnosis.en.empty(), q.ask.en << " " << c.text.en);
        }
    }
}
