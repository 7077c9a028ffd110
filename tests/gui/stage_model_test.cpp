// What the stage says, held against the machine and the log: who leaves and who comes, which rows
// are lit, what the bands claim.
#include "gui/model/stage_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "gui/model/facts.h"
#include "gui/strings/strings.h"
#include "sim/kernel/inspect.h"
#include "sim/scenario/parse.h"
#include "sim/session/session.h"

using namespace sy;
using namespace sy::gui;

namespace {

std::unique_ptr<Session> open(const char* source) {
    Scenario scenario;
    Diagnostics mistakes;
    REQUIRE(parse_scenario(source, "test.scn", scenario, mistakes));
    BootError error;
    std::unique_ptr<Session> session = Session::open(scenario, error);
    REQUIRE(session);
    session->run_to_end();
    return session;
}

StageModel stage_at(Session& s, std::uint64_t position) {
    s.seek_step(position);
    return stage_at_cursor(s);
}

constexpr const char* kThreads = R"(
machine { cpus 1 scheduler rr quantum=2ms  until 20ms }
process worker { thread two { forever { run 1ms yield } } forever { run 1ms yield } }
)";
constexpr const char* kMixed = R"(
machine { cpus 1 scheduler cfs  until 40ms }
device keyboard irq 1 every 3ms
process editor { forever { read keyboard run 500us } }
process busy { forever { run 5ms } }
kthread scrubber { forever { sleep 4ms run 300us } }
)";

bool shows(const std::vector<StageRow>& rows, const Place& p) {
    return std::any_of(rows.begin(), rows.end(), [&](const StageRow& r) {
        if (r.place == p || r.place2 == p) return r.lit;
        return p.kind == Place::Kind::reg && r.any_register && r.lit;
    });
}

}  // namespace

TEST_CASE("prev and next are those of the log's sched_switch") {
    auto s = open(kMixed);
    REQUIRE(s->switch_count() > 8);
    for (std::uint64_t n = 1; n <= s->switch_count(); ++n) {
        s->seek_switch(n);
        const StageModel m = stage_at(*s, s->position());
        const Record& r = s->log()[s->switch_record(n)];
        CAPTURE(n);
        CHECK(m.has_switch);
        CHECK(m.switch_number == n);
        CHECK(m.leaves.task == r.task);
        CHECK(m.comes.task == r.a);
        CHECK(m.cpu.cpu == r.cpu);
    }
}

TEST_CASE("every word that a step moves is lit somewhere on the stage") {
    auto s = open(kMixed);
    std::size_t moves = 0;
    for (std::uint64_t at = 1; at <= std::min<std::uint64_t>(s->frontier().steps(), 1'500); ++at) {
        const StageModel m = stage_at(*s, at);
        const StepReport* step = s->last_step();
        REQUIRE(step != nullptr);
        REQUIRE(m.moves.size() == step->moves.size());
        if (m.moves.size() > 6) continue;  // many words at once may share a row
        for (const Move& move : step->moves) {
            if (move.to.kind == Place::Kind::none || move.to.kind == Place::Kind::user_word)
                continue;
            CAPTURE(at);
            CAPTURE(place_name(s->now(), move.to));
            const bool seen = shows(m.leaves.registers, move.to) ||
                              shows(m.leaves.stack, move.to) || shows(m.comes.registers, move.to) ||
                              shows(m.comes.stack, move.to) || shows(m.cpu.rows, move.to);
            CHECK(seen);
            ++moves;
        }
    }
    CHECK(moves > 500);
}

TEST_CASE("two threads of one process: both user bands are kept, CR3 is not written") {
    auto s = open(kThreads);
    std::size_t seen = 0;
    for (std::uint64_t n = 1; n <= s->switch_count(); ++n) {
        s->seek_switch(n);
        const Episode& e = s->episode_of_switch(n);
        if (e.kind != EpisodeKind::thread_switch) continue;
        ++seen;
        const StageModel m = stage_at(*s, e.last_step + 1);
        CHECK(m.leaves.user.fate == FateMark::kept);
        CHECK(m.comes.user.fate == FateMark::kept);
        CHECK_FALSE(m.written_cr3);
        CHECK(m.leaves.mm == m.comes.mm);
        // Both show as many stacks as the process has threads, and each marks its own.
        const auto stacks =
            std::count_if(m.leaves.areas.begin(), m.leaves.areas.end(),
                          [](const AreaModel& a) { return a.kind == AreaModel::Kind::stack; });
        CHECK(stacks == 2);
        CHECK(std::count_if(m.comes.areas.begin(), m.comes.areas.end(),
                            [](const AreaModel& a) { return a.own; }) == 1);
    }
    CHECK(seen >= 3);
}

TEST_CASE("a kernel thread has no user memory and names whose mm it borrows") {
    auto s = open(kMixed);
    std::size_t seen = 0;
    for (std::uint64_t n = 1; n <= s->switch_count(); ++n) {
        s->seek_switch(n);
        const StageModel m = stage_at(*s, s->position());
        if (m.kind != EpisodeKind::to_kernel_thread) continue;
        ++seen;
        CHECK(m.comes.areas.empty());
        CHECK(m.leaves.user.fate == FateMark::kept);
        s->seek_step(s->episode_of_switch(n).last_step + 1);
        const StageModel after = stage_at(*s, s->position());
        if (after.switch_number != n) continue;
        CHECK_FALSE(after.written_cr3);
        const std::string owner =
            mm_owner_name(s->now(), s->now().tasks[after.comes.task].active_mm);
        CHECK(after.comes.mm_text.find(owner) != std::string::npos);
    }
    CHECK(seen >= 2);
}

TEST_CASE(
    "a saved stack pointer on the card is the one in the task_struct, and its stack is in order") {
    auto s = open(kMixed);
    s->seek_switch(3);
    const StageModel m = stage_at(*s, s->position());
    char text[24];
    std::snprintf(text, sizeof text, "%016llx",
                  static_cast<unsigned long long>(s->now().tasks[m.comes.task].thread_sp));
    CHECK(m.comes.registers.front().value == text);
    for (std::size_t i = 1; i < m.comes.stack.size(); ++i)
        CHECK(m.comes.stack[i].low + 8 == m.comes.stack[i - 1].low);
    CHECK(m.comes.stack.back().low == s->now().tasks[m.comes.task].thread_sp);
}

TEST_CASE("rows that do not fit become gaps; what moves and the active end stay") {
    std::vector<StageRow> rows(40);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].low = rows[i].high = 0x1000 - 8 * i;
        rows[i].place = {Place::Kind::word, 0, 0, rows[i].low};
        rows[i].name = std::to_string(i);
    }
    rows[20].lit = true;
    for (std::size_t budget = 3; budget < 45; ++budget) {
        const std::vector<StageRow> chosen = choose_stack_rows(rows, budget);
        CAPTURE(budget);
        CHECK(chosen.size() <= budget);
        CHECK(chosen.back().low == rows.back().low);
        // Nothing is lost: rows and gaps cover every word once, in order.
        std::uint64_t expected = rows.front().high;
        for (const StageRow& r : chosen) {
            CHECK(r.high == expected);
            expected = r.low - 8;
        }
        if (budget >= 4)
            CHECK(std::any_of(chosen.begin(), chosen.end(), [](const StageRow& r) {
                return r.lit && r.kind == StageRow::Kind::value;
            }));
    }
    std::vector<StageRow> cpu(20);
    for (std::size_t i = 0; i < cpu.size(); ++i) cpu[i].priority = static_cast<int>(i);
    cpu[0].lit = true;
    const std::vector<StageRow> chosen = choose_cpu_rows(cpu, 5);
    REQUIRE(chosen.size() == 5);
    CHECK(chosen[0].lit);
    CHECK(chosen[1].priority == 16);
}

TEST_CASE("both languages say something, and something else") {
    auto s = open(kMixed);
    s->seek_switch(2);
    const StageModel english = stage_at(*s, s->position());
    set_language(Lang::zh);
    const StageModel chinese = stage_at(*s, s->position());
    set_language(Lang::en);
    CHECK(!english.what.empty());
    CHECK(!chinese.what.empty());
    CHECK(english.what != chinese.what);
    CHECK(english.leaves.user.reason != chinese.leaves.user.reason);
    CHECK(english.moves.size() == chinese.moves.size());
}
