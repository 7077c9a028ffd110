// Where the tables of words come from: each file that reads a part of the language hands out the
// rows it reads by. Private to sim/scenario; others call words() in words.h.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "sim/scenario/parser.h"
#include "sim/scenario/words.h"

namespace sy::scn {

std::vector<Word> top_words();        // blocks.cpp
std::vector<Word> machine_words();    // machine.cpp
std::vector<Word> attribute_words();  // tasks.cpp
std::vector<Word> device_words();     // devices.cpp
std::vector<Word> coroutine_words();  // coroutines.cpp
std::vector<Word> verb_words();       // statements.cpp
std::vector<Word> action_words();     // timed.cpp
std::vector<Word> view_words();       // lesson.cpp
std::vector<Word> question_words();
std::vector<Word> function_words();   // expects.cpp

std::string_view softirq_word(int vec);  // kernel_words.cpp: 3 is net_rx

std::string signal_word(
    std::int32_t number);  // timed.cpp: 15 is TERM; without a name the number itself

Parser::Range nice_range();    // tasks.cpp: -20 to 19
Parser::Range weight_range();  // groups.cpp: 1 to 10000

// A table of rows that each have a `word`: the row of a name (null: none), and all the words.
template <typename Row, std::size_t N>
const Row* find_row(const Row (&rows)[N], std::string_view name) {
    for (const Row& row : rows) {
        if (row.word.name == name) return &row;
    }
    return nullptr;
}

template <typename Row, std::size_t N>
std::vector<Word> words_of(const Row (&rows)[N]) {
    std::vector<Word> out;
    for (const Row& row : rows) out.push_back(row.word);
    return out;
}

}  // namespace sy::scn
