// You are the scheduler: picks are played on the machine itself, and scored by arithmetic. Expected values: Silberschatz,
// Galvin, Gagne, Operating System Concepts 10e, 5.3; the best possible is found by hand.
#include "sim/session/play.h"

#include <doctest/doctest.h>

#include "machine.h"
#include "sim/session/batch.h"

using namespace sy;

namespace {

// 5.3.2: SJF of P1 6, P2 8, P3 7, P4 3: P4, P1, P3, P2; waiting 3 + 16 + 9 + 0.
const std::string kSjf = "machine { scheduler fcfs costs ideal } process P1 { run 6ms } process P2 { run 8ms } "
                         "process P3 { run 7ms } process P4 { run 3ms }";
// 5.3.2: SRTF of arrivals 0 1 2 3 and bursts 8 4 9 5: average waiting 6.5 ms.
const std::string kSrtf = "machine { scheduler srtf costs ideal } process P1 { run 8ms } process P2 arrive 1ms { run 4ms } "
                          "process P3 arrive 2ms { run 9ms } process P4 arrive 3ms { run 5ms }";

Play play_of(const std::string& text, std::optional<PlayOptions> options = {}) {
    const Scenario s = test::scenario(text);
    BootError error;
    auto play = Play::open(s, options.value_or(play_options_of(s)), error);
    REQUIRE(play);
    return *play;
}
void pick_all(Play& play, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        Text why;
        CHECK_MESSAGE(play.pick(name, why), why.en);
    }
}

}  // namespace

TEST_CASE("picks in the textbook's order give the textbook's numbers") {
    Play play = play_of(kSjf);
    REQUIRE(play.pending() != nullptr);
    CHECK(play.pending()->candidates.size() == 4);
    pick_all(play, {"P4", "P1", "P3"});   // P2 is then alone: nothing to decide
    CHECK(play.pending() == nullptr);
    CHECK(play.made().size() == 3);
    CHECK(play.now().end() == End::all_exited);
    CHECK(total_turnaround(play.now()) == (3 + 9 + 16 + 24) * kMilli);
    CHECK(total_turnaround(play.now()) - 24 * kMilli == (3 + 16 + 9 + 0) * kMilli);   // waiting
}

TEST_CASE("a decision is due at each arrival; who runs may be kept") {
    Play play = play_of(kSrtf);
    // 0 ms: P1 is alone. 1 ms: P2 comes.
    REQUIRE(play.pending() != nullptr);
    CHECK(play.pending()->at == 1 * kMilli);
    CHECK(play.pending()->candidates.size() == 2);
    CHECK(play.pending()->running != kNoTask);
    pick_all(play, {"P2", "P2", "P2", "P4", "P1"});   // 1, 2, 3 ms: P2; it exits at 5: P4, at 10: P1, then P3 alone
    CHECK(play.pending() == nullptr);
    // P1 17, P2 4, P3 24, P4 7: waiting 9 + 0 + 15 + 2 = 26.
    CHECK(total_turnaround(play.now()) == (17 + 4 + 24 + 7) * kMilli);
}

TEST_CASE("what cannot be picked is said, and nothing happens") {
    Play play = play_of("machine { costs ideal scheduler fcfs } process a { run 4ms } process b { run 1ms sleep 9ms run 1ms } "
                        "process c { run 4ms } process late arrive 30ms { run 1ms }");
    const auto refused = [&](const char* who, const char* mistake) {
        Text why;
        const std::size_t before = play.made().size();
        CHECK_FALSE(play.pick(who, why));
        CHECK_MESSAGE(why.en.find(mistake) != std::string::npos, why.en);
        CHECK_FALSE(why.zh.empty());
        CHECK(play.made().size() == before);
    };
    refused("late", "has not arrived");
    refused("nobody", "no such task");
    pick_all(play, {"b"});
    refused("b", "sleeps");
    pick_all(play, {"a"});
    CHECK(play.pending() == nullptr);
    refused("a", "the run is over");
}

TEST_CASE("a pick taken back leaves no trace, and the written scenario does the same") {
    Play play = play_of(kSrtf), other = play_of(kSrtf);
    pick_all(play, {"P1", "P3"});
    CHECK(play.undo());
    CHECK(play.undo());
    CHECK_FALSE(play.undo());
    CHECK(play.now().fingerprint() == other.now().fingerprint());
    pick_all(play, {"P2", "P1", "P4", "P2", "P1"});
    while (play.pending() != nullptr) CHECK(play.pick(play.pending()->candidates.front()));
    BootError error;
    auto kernel = Kernel::boot(play.scenario(), error);
    REQUIRE(kernel);
    Log log;
    run_batch(*kernel, log);
    CHECK(total_turnaround(*kernel) == total_turnaround(play.now()));
    CHECK(kernel->now() == play.now().now());
}

TEST_CASE("the best possible: what the textbook proves, found by trying all") {
    const Scenario sjf = test::scenario(kSjf), srtf = test::scenario(kSrtf);
    const BestPlay a = best_play(sjf, play_options_of(sjf)), b = best_play(srtf, play_options_of(srtf));
    CHECK(a.is_proven);
    CHECK(a.total == (3 + 9 + 16 + 24) * kMilli);
    CHECK(b.is_proven);
    CHECK(b.total == (17 + 4 + 24 + 7) * kMilli);
    // Played, the picks give that total.
    Play play = play_of(kSrtf);
    for (const TaskId id : b.picks) REQUIRE(play.pick(id));
    CHECK(play.pending() == nullptr);
    CHECK(total_turnaround(play.now()) == b.total);
    // Two CPUs: 4, 3, 3, 2 by hand: 2 and 3, then 3 behind the 2, 4 behind the 3: 2 + 3 + 5 + 7.
    const Scenario two = test::scenario("machine { cpus 2 scheduler fcfs costs ideal } process a { run 4ms } process b { run 3ms } "
                                        "process c { run 3ms } process d { run 2ms }");
    const BestPlay c = best_play(two, play_options_of(two));
    CHECK(c.is_proven);
    CHECK(c.total == 17 * kMilli);
}

TEST_CASE("quantum: a decision at the end of each turn") {
    const Scenario rr = test::scenario("machine { scheduler rr quantum=4ms costs ideal } process P1 { run 24ms } process P2 { run 3ms } "
                                       "process P3 { run 3ms }");
    CHECK(play_options_of(rr).quantum == 4 * kMilli);
    BootError error;
    auto play = Play::open(rr, play_options_of(rr), error);
    REQUIRE(play);
    pick_all(*play, {"P1", "P2", "P3"});
    CHECK(play->pending() == nullptr);
    CHECK(total_turnaround(play->now()) == (30 + 7 + 10) * kMilli);   // 5.3.3: waiting 6, 4, 7
}
