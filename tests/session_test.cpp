// Time travel: wherever the cursor of a session goes and however it gets there, the machine at a
// step is always the same machine. Fingerprints are compared with those of a plain run from the
// start.
#include "sim/session/session.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/write.h"

namespace {

using namespace sy;

std::unique_ptr<Session> open(const Scenario& s, SessionLimits limits = {}) {
    BootError error;
    auto session = Session::open(s, error, limits);
    REQUIRE_MESSAGE(session != nullptr, error.text);
    return session;
}
std::vector<std::string> lessons() {
    std::vector<std::string> out;
    for (const auto& e : std::filesystem::directory_iterator(SWITCHYARD_SOURCE_DIR "/scenarios"))
        // Lessons have a number; ten million coroutines are for `run` alone.
        if (e.path().extension() == ".scn" && !e.path().filename().string().starts_with("ten-million"))
            out.push_back(e.path().string());
    std::sort(out.begin(), out.end());
    REQUIRE(!out.empty());
    return out;
}
Scenario lesson(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return test::scenario(text.str());
}
// The lessons, and programs nobody wrote.
std::vector<Scenario> scenarios() {
    std::vector<Scenario> out;
    for (const std::string& file : lessons()) out.push_back(lesson(file));
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        RandomOptions options;
        options.until = 20 * kMilli;
        out.push_back(random_scenario(seed, options));
    }
    return out;
}
constexpr Grain kGrains[] = {Grain::step,    Grain::phase, Grain::record,
                             Grain::switch_, Grain::tick,  Grain::millisecond};

}  // namespace

TEST_CASE("run, step, seek after every hundredth step, save and reload: one fingerprint") {
    for (const Scenario& s : scenarios()) {
        CAPTURE(s.title);
        Kernel plain = test::boot(s);
        Log log;
        plain.run({}, &log);

        const auto whole = open(s);
        whole->run_to_end();
        CHECK(whole->complete());
        CHECK(whole->frontier().fingerprint() == plain.fingerprint());
        CHECK(whole->log_fingerprint() == log.fingerprint());
        CHECK(whole->switch_count() == plain.switches());

        // In the slices that a window runs ahead between two frames.
        const auto sliced = open(s);
        while (sliced->run_ahead(1'009)) {
        }
        CHECK(sliced->frontier().fingerprint() == plain.fingerprint());
        CHECK(sliced->log_fingerprint() == log.fingerprint());

        // Every hundredth step: away, and back again; few keyframes, so that most of the way is
        // re-execution.
        const auto restless = open(s, {.keyframes = 7});
        Kernel walker = test::boot(s);
        Random dice(1);
        const std::uint64_t end = plain.steps();
        for (std::uint64_t at = 100; at < end;
             at += std::max<std::uint64_t>(100, end / 150 / 100 * 100)) {
            walker.run({.steps = at}, nullptr);
            restless->seek_step(at);
            REQUIRE(restless->position() == at);
            REQUIRE(restless->now().fingerprint() == walker.fingerprint());
            restless->seek_step(
                static_cast<std::uint64_t>(dice.uniform(0, static_cast<std::int64_t>(at))));
            restless->seek_step(at);
            REQUIRE(restless->now().fingerprint() == walker.fingerprint());
        }
        restless->seek_step(end);
        CHECK(restless->now().fingerprint() == plain.fingerprint());
        CHECK(restless->log_fingerprint() == log.fingerprint());

        const auto reloaded = open(test::scenario(write_scenario(s)));
        reloaded->run_to_end();
        CHECK(reloaded->frontier().fingerprint() == plain.fingerprint());
        CHECK(reloaded->log_fingerprint() == log.fingerprint());
    }
}

TEST_CASE("step by step through a lesson: every state is the one a run passes through") {
    const Scenario s = lesson(lessons().front());
    const auto session = open(s);
    Kernel k = test::boot(s);
    StepReport report;
    while (k.step(nullptr, &report)) {
        REQUIRE(session->forward(Grain::step));
        REQUIRE(session->now().fingerprint() == k.fingerprint());
        REQUIRE(session->last_step() != nullptr);
        REQUIRE(session->last_step()->number == report.number);
        REQUIRE(session->last_step()->moves.size() == report.moves.size());
    }
    CHECK_FALSE(session->forward(Grain::step));
    while (session->position() > 0) REQUIRE(session->back(Grain::step));
    CHECK_FALSE(session->back(Grain::step));
    CHECK(session->now().fingerprint() == test::boot(s).fingerprint());
}

TEST_CASE("forward and back are inverses at every grain") {
    for (const Scenario& s : scenarios()) {
        CAPTURE(s.title);
        for (const Grain grain : kGrains) {
            // Phases of different CPUs overlap, and what happens outside belongs to none: only in
            // the lessons is each step of some phase; where devices interrupt or somebody arrives
            // later, the way back may pass a moment at which the way forward did not stop.
            const bool arrivals = std::any_of(s.processes.begin(), s.processes.end(),
                                              [](const ProcessDecl& p) { return p.arrive.a > 0; });
            if (grain == Grain::phase &&
                (s.title.empty() || s.machine.cpus > 1 || !s.devices.empty() || arrivals))
                continue;
            // A forced schedule holds CPUs back, so when something happens next is not known in advance.
            if (grain >= Grain::tick && !s.schedule.empty()) continue;
            CAPTURE(static_cast<int>(grain));
            const auto session = open(s);
            struct Stop {
                std::uint64_t position, fingerprint;
            };
            std::vector<Stop> stops;
            for (int i = 0; i < 60; ++i) {
                stops.push_back({session->position(), session->now().fingerprint()});
                if (!session->forward(grain)) break;
                REQUIRE(session->position() > stops.back().position);
            }
            if (session->position() != stops.back().position)
                stops.push_back({session->position(), session->now().fingerprint()});
            for (std::size_t i = stops.size() - 1; i-- > 0;) {
                REQUIRE(session->back(grain));
                CAPTURE(stops[i + 1].position);
                REQUIRE(session->position() == stops[i].position);
                REQUIRE(session->now().fingerprint() == stops[i].fingerprint);
            }
            CHECK_FALSE(session->back(grain));
        }
    }
}

TEST_CASE("a seek to a switch, a record or a time lands just behind it") {
    for (const Scenario& s : scenarios()) {
        CAPTURE(s.title);
        const auto session = open(s);
        session->run_to_end();
        const std::uint64_t switches = session->switch_count();
        for (std::uint64_t n = 1; n <= switches; n += 1 + switches / 10) {
            session->seek_switch(n);
            CHECK(session->now().switches() == n);
            const Record& r = session->log()[session->switch_record(n)];
            CHECK(r.kind == RecordKind::sched_switch);
            CHECK(session->now().cpus[r.cpu].curr == r.a);
        }
        for (std::size_t i = 0; i < session->log().size(); i += 1 + session->log().size() / 10) {
            session->seek_record(i);
            CHECK(session->now().records() >= i + 1);
            const std::uint64_t here = session->position();
            session->seek_step(here - 1);
            CHECK(session->now().records() <= i);
        }
        const Nanos end = session->frontier().now();
        for (int i = 0; i <= 10; ++i) {
            const Nanos t = end / 10 * i;
            session->seek_time(t);
            CHECK(session->now().now() <= t);
            if (session->now().end() == End::running &&
                session->position() < session->frontier().steps())
                CHECK(session->now().next_time() > t);
        }
        session->seek_step(~std::uint64_t{0});
        CHECK(session->position() == session->frontier().steps());
        session->seek_step(0);
        CHECK(session->time() == 0);
    }
}

TEST_CASE("the cursor does not disturb the run, and two sessions do not disturb each other") {
    const Scenario s = lesson(lessons().back());
    const auto a = open(s), b = open(s);
    a->run_ahead(500);
    b->seek_time(3 * kMilli);
    const std::uint64_t there = b->now().fingerprint();
    a->seek_step(100);
    (void)a->episode_of_switch(1);
    (void)a->tell(10, 40);
    CHECK(a->position() == 100);  // storyboards do not move the cursor
    a->run_to_end();
    CHECK(a->position() == 100);
    CHECK(b->now().fingerprint() == there);
    b->run_to_end();
    CHECK(a->frontier().fingerprint() == b->frontier().fingerprint());
    CHECK(a->log_fingerprint() == b->log_fingerprint());
}

TEST_CASE("memory is bounded however long the run") {
    const auto session = open(test::scenario("machine { cpus 2 until 400ms } process p x4 { repeat "
                                             "100000 { run 3us yield getpid } }"),
                              {.keyframes = 16});
    std::uint64_t interval = session->keyframe_interval();
    std::size_t half = 0;
    while (session->run_ahead(200'000)) {
        CHECK(session->keyframe_interval() >= interval);
        interval = session->keyframe_interval();
        const std::size_t log = session->log().size() * sizeof(Record);
        half = std::max(half, session->memory_bytes() - std::min(session->memory_bytes(), 2 * log));
    }
    CHECK(session->frontier().steps() > 2'000'000);
    CHECK(interval >= session->frontier().steps() / 32);
    CHECK(half <
          16'000'000);  // seventeen copies of a machine of twenty tasks, and their bookkeeping
    // A step back from the end is at most an interval of re-execution.
    session->seek_step(session->frontier().steps());
    CHECK(session->back(Grain::step));
    CHECK(session->position() == session->frontier().steps() - 1);

    const auto small =
        open(test::scenario("machine { cpus 1 } process p { repeat 100000 { getpid } }"),
             {.log_bytes = 32 * 1'000});
    small->run_to_end();
    CHECK(small->end() == End::log_limit);
    CHECK(small->log().size() <= 1'100);
    const auto brief =
        open(test::scenario("machine { cpus 1 } process p { repeat 100000 { getpid } }"),
             {.steps = 5'000});
    brief->run_to_end();
    CHECK(brief->end() == End::step_limit);
    CHECK(brief->frontier().steps() <= 5'000);
}

TEST_CASE("breakpoints: a switch to a task, a record, a time") {
    const std::string text =
        "machine { cpus 1 } process a { run 3ms sleep 1ms run 1ms } process b arrive 1ms { sleep "
        "2ms run 5ms }";
    const auto session = open(test::scenario(text));
    session->breakpoints = {{.kind = Breakpoint::Kind::switch_to, .task = "b"}};
    REQUIRE(session->run_to_breakpoint());
    const Kernel& k = session->now();
    CHECK(k.tasks[k.cpus[0].curr].name() == "b");
    const std::uint64_t first = session->position();
    REQUIRE(session->run_to_breakpoint());  // the next one, not the same
    CHECK(session->position() > first);
    CHECK(session->now().tasks[session->now().cpus[0].curr].name() == "b");

    session->seek_step(0);
    const Pid pid = 501;  // of b: the second process, as the window asks for it
    session->breakpoints = {{.kind = Breakpoint::Kind::switch_to, .task = std::to_string(pid)}};
    REQUIRE(session->run_to_breakpoint());
    CHECK(session->now().tasks[session->now().cpus[0].curr].pid == pid);

    session->seek_step(0);
    session->breakpoints = {
        {.kind = Breakpoint::Kind::record, .task = {}, .record = RecordKind::sched_process_exit}};
    REQUIRE(session->run_to_breakpoint());
    CHECK(session->log()[session->now().records() - 1].kind == RecordKind::sched_process_exit);
    REQUIRE(session->run_to_breakpoint());
    CHECK_FALSE(session->run_to_breakpoint());  // two processes, two exits

    session->seek_step(0);
    session->breakpoints = {{.kind = Breakpoint::Kind::time, .task = {}, .time = 2 * kMilli}};
    REQUIRE(session->run_to_breakpoint());
    CHECK(session->time() <= 2 * kMilli);            // the last step before that instant…
    CHECK(session->now().next_time() > 2 * kMilli);  // …and the next one is behind it
}

TEST_CASE("episodes: each switch lies in the episode told of it") {
    for (const Scenario& s : scenarios()) {
        CAPTURE(s.title);
        const auto session = open(s);
        session->run_to_end();
        const std::uint64_t switches = session->switch_count();
        for (std::uint64_t n = 1; n <= switches; n += 1 + switches / 25) {
            CAPTURE(n);
            const Episode e = session->episode_of_switch(n);
            const Record& r = session->log()[session->switch_record(n)];
            CHECK(e.switch_number == n);
            CHECK(e.cpu == r.cpu);
            CHECK(e.prev == r.task);
            CHECK(e.next == r.a);
            CHECK(e.first_step <= e.commit_step);
            CHECK(e.commit_step <= e.last_step);
            REQUIRE(!e.steps.empty());
            for (const StoryStep& step : e.steps) {
                CHECK(step.report.cpu == r.cpu);
                CHECK_FALSE(step.what.en.empty());
                CHECK_FALSE(step.what.zh.empty());
                CHECK(step.what.en.find('{') == std::string::npos);  // every {name} is filled in
                CHECK(step.what.zh.find('{') == std::string::npos);
                CHECK(step.why.en.find('{') == std::string::npos);
            }
            CHECK_FALSE(e.in_one_line.en.empty());
            CHECK_FALSE(e.in_one_line.zh.empty());
            CHECK_FALSE(e.table.empty());
            // Every word that the storyboard says moved is where it says.
            session->seek_step(e.last_step + 1);
            CHECK(session->position() == e.last_step + 1);
        }
    }
}
