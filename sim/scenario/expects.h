// What `expect` can measure, as rows: the parser checks calls by them, the evaluator in sim/session
// computes them, the documentation lists them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/scenario/words.h"

namespace sy::scn {

// What a value is; only like can be compared with like. `number` is a plain number or a count.
enum class Measure : std::uint8_t { number, time, truth, word };

// What the arguments of a function name.
enum class Argument : std::uint8_t {
    none, task, record, device, cpu, process, clients,
    bound,   // 0 to 9, or none
    page,    // a task, then AREA or AREA/PAGE
    object,  // tasks, then mm, files, fs, sighand or signal
    oops,    // one of oops_words()
    variable,   // a process, then NAME or NAME/INDEX
    word,    // a task, then a word of the function's own
    switch_kind,   // coroutine, mode, thread or process
};

struct FunctionRow {
    Word word;
    Measure result;
    Argument argument;
    int fewest, most;  // how many arguments
    bool wants_at;     // needs `at TIME` behind the call
};

std::span<const FunctionRow> functions();
const FunctionRow* find_function(std::string_view name);  // null: there is none

// The words that `state(TASK) at TIME` can be compared with.
std::span<const std::string_view> state_words();

// The ways in which a broken kernel stops, in the order of Oops::Kind.
std::span<const std::string_view> oops_words();

}  // namespace sy::scn
