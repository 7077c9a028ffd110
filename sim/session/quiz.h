// Predict, then see: questions about a run, made from the machine's own truth. Nothing is asked
// that the simulated machine does not answer itself, and every wrong alternative says which mistake
// it is. The same scenario, seed and options give the same questions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/base/types.h"
#include "sim/session/session.h"

namespace sy {

// What is given and what is asked for.
enum class QuizShape : std::uint8_t {
    output,   // given the input (the scenario): what comes out?
    between,  // given two states: what happened between them?
    result,   // given what was done: what is the state then?
};

enum class QuizKind : std::uint8_t {
    next,       // who runs next?
    cr3,        // is CR3 loaded in this switch?
    pushed,     // what has the hardware pushed?
    registers,  // where do the user registers of the one that left lie?
    ps,         // which state does ps print?
    between,    // what happened between two moments?
    wait,       // how long does it wait in all?
    switches,   // how many switches does it take until it exits?
    finish,     // in which order do they exit?
    teacher,    // what the file itself asks (`question`)
};

struct QuizKindInfo {
    QuizKind kind;
    const char* name;  // of --kinds
    QuizShape shape;
    const char* en;  // what it asks, for help
    const char* zh;
};
std::span<const QuizKindInfo> quiz_kinds();   // those made from a run: all but teacher
const QuizKindInfo& quiz_kind(QuizKind kind);
const QuizKindInfo* find_quiz_kind(std::string_view name);
const char* quiz_shape_name(QuizShape shape);  // output, between, result

struct QuizChoice {
    Text text;
    bool is_right = false;
    Text diagnosis;  // of a wrong one: which mistake leads to it
};

struct QuizQuestion {
    QuizKind kind = QuizKind::next;
    QuizShape shape = QuizShape::output;
    Nanos at = 0;            // the moment it is about
    std::uint64_t before = 0;  // seek_step(before) is where the run stops to ask: nothing of the answer has happened
    std::uint64_t step = 0;    // seek_step(step) shows the answer
    Text given, ask;
    std::vector<QuizChoice> choices;  // two to eight, one of them right
    Text explanation;

    std::size_t right() const;  // place of the right one
};

struct QuizOptions {
    std::size_t count = 10;
    std::uint64_t seed = 1;
    std::vector<QuizKind> kinds;  // empty: all
};
// What the file says (`quiz count 5 seed 7 kinds next`), or 10 of all kinds with seed 1.
QuizOptions quiz_options_of(const Scenario& scenario);

// Runs the session to its end and makes up to `count` questions; fewer if the run does not hold so
// many. First those of the file, in its order, then the kinds take turns. The cursor is afterwards where it was.
std::vector<QuizQuestion> make_quiz(Session& session, const QuizOptions& options);

}  // namespace sy
