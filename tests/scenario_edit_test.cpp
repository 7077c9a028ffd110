// Edits of a scenario's text: after each the file reads as it should, and nothing else in it has changed.
#include "sim/scenario/edit.h"

#include <doctest/doctest.h>

#include "sim/scenario/parse.h"

using namespace sy;

namespace {

Scenario read(const std::string& text) {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE_MESSAGE(parse_scenario(text, "edit.scn", scenario, diags), diags.render("edit.scn", text, Lang::en));
    return scenario;
}

const std::string kText =
    "# 头 comment\n"
    "machine { cpus 1 }\n"
    "process a arrive 5ms   nice 3 { run 2ms   # 第一\n"
    "  sleep 1ms run uniform(1ms, 2ms) }\n"
    "process  bb x2{ run 1.5ms }  # nice 7\n"
    "process c nice -5 arrive after 4ms { thread t { run 1ms } run 3ms }\n"
    "device keyboard irq 1\n"
    "at 3ms { irq keyboard }\n"
    "at 9ms { kill a }  # then\n";

// The edit puts `put` where `was` stood, at the n-th occurrence of `around`.
void check_changed(const std::optional<TextEdit>& edit, const std::string& from, const std::string& to) {
    REQUIRE(edit);
    const std::size_t at = kText.find(from);
    REQUIRE(at != std::string::npos);
    std::string wanted = kText;
    wanted.replace(at, from.size(), to);
    CHECK(apply_edit(kText, *edit) == wanted);
    read(wanted);
}

}  // namespace

TEST_CASE("an arrival moves, and only its number changes") {
    const Scenario s = read(kText);
    check_changed(edit_arrival(kText, s, 0, 5 * kMilli, 8 * kMilli), "arrive 5ms", "arrive 8ms");
    check_changed(edit_arrival(kText, s, 1, 0, 2'500'000), "bb x2{", "bb x2 arrive 2500us{");
    check_changed(edit_arrival(kText, s, 2, 9 * kMilli, 6 * kMilli), "after 4ms", "after 1ms");
    check_changed(edit_arrival(kText, s, 2, 9 * kMilli, 1 * kMilli), "after 4ms", "after 0ms");
    CHECK(!edit_arrival(kText, s, 9, 0, 1));
}

TEST_CASE("a nice value is changed or added, also below zero and of a thread") {
    const Scenario s = read(kText);
    check_changed(edit_nice(kText, s, 0, -1, -20), "nice 3", "nice -20");
    check_changed(edit_nice(kText, s, 1, -1, 19), "bb x2{", "bb x2 nice 19{");
    check_changed(edit_nice(kText, s, 2, -1, 0), "nice -5", "nice 0");
    check_changed(edit_nice(kText, s, 2, 0, 4), "thread t {", "thread t nice 4 {");
    CHECK(!edit_nice(kText, s, 0, -1, 20));
    CHECK(!edit_nice(kText, s, 0, 0, 1));
}

TEST_CASE("a burst is found by the place of its run") {
    const Scenario s = read(kText);
    check_changed(edit_burst(kText, s, s.processes[0].body[0].pos, 7 * kMilli), "run 2ms", "run 7ms");
    check_changed(edit_burst(kText, s, s.processes[0].body[2].pos, 250 * kMicro), "uniform(1ms, 2ms)", "250us");
    CHECK(!edit_burst(kText, s, s.processes[0].body[1].pos, kMilli));   // a sleep
}

TEST_CASE("a timed line is put among its like in order of time") {
    const Scenario s = read(kText);
    const auto with = [&](Nanos at) { return apply_edit(kText, edit_timed_line(kText, s, at, "irq keyboard")); };
    const auto count = [](const std::string& text) { return read(text).timeline.size(); };
    CHECK(with(5 * kMilli).find("at 3ms { irq keyboard }\nat 5ms { irq keyboard }\nat 9ms") != std::string::npos);
    CHECK(with(10 * kMilli) == kText + "at 10ms { irq keyboard }\n" );
    CHECK(count(with(1 * kMilli)) == 3);
    CHECK(count(with(5 * kMilli)) == 3);
    const std::string bare = "process a { run 1ms }";
    CHECK(apply_edit(bare, edit_timed_line(bare, read(bare), 1500, "kill a")) == bare + "\nat 1500ns { kill a }\n");
    const std::string dos = "process a { run 1ms }\r\n";
    CHECK(apply_edit(dos, edit_timed_line(dos, read(dos), kMilli, "kill a")) == dos + "at 1ms { kill a }\r\n");
}

TEST_CASE("the rows of a job table are edited in place") {
    const std::string text = "jobs { # table\n  a,0ms,24ms\n  b,1ms,3ms }\n";
    const Scenario s = read(text);
    const auto later = edit_arrival(text, s, 1, kMilli, 4 * kMilli);
    REQUIRE(later);
    CHECK(apply_edit(text, *later) == "jobs { # table\n  a,0ms,24ms\n  b,4ms,3ms }\n");
    const auto longer = edit_burst(text, s, s.processes[0].pos, 10 * kMilli);
    REQUIRE(longer);
    CHECK(apply_edit(text, *longer) == "jobs { # table\n  a,0ms,10ms\n  b,1ms,3ms }\n");
    CHECK(!edit_nice(text, s, 0, -1, 5));
    const std::string drawn = "jobs 3 arrival exp(5ms) burst 2ms\n";
    CHECK(!edit_arrival(drawn, read(drawn), 1, 0, kMilli));
}

TEST_CASE("positions and bytes are each other's inverse") {
    for (std::size_t at = 0; at < kText.size(); ++at) {
        if ((static_cast<unsigned char>(kText[at]) & 0xc0) == 0x80) continue;
        CHECK(offset_of(kText, position_of(kText, at)) == at);
    }
    CHECK(offset_of("ab\ncd", {.line = 9, .column = 1, .length = 1}) == 5);
}
