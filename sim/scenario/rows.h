// Where the tables of words come from: each file that reads a part of the language hands out the
// rows it reads by. Private to sim/scenario; others call words() in words.h.
#pragma once

#include <vector>

#include "sim/scenario/parser.h"
#include "sim/scenario/words.h"

namespace sy::scn {

std::vector<Word> top_words();        // blocks.cpp
std::vector<Word> machine_words();    // blocks.cpp
std::vector<Word> attribute_words();  // blocks.cpp
std::vector<Word> device_words();     // blocks.cpp
std::vector<Word> verb_words();       // statements.cpp
std::vector<Word> action_words();     // timed.cpp
std::vector<Word> function_words();   // expects.cpp

std::string signal_word(
    std::int32_t number);  // timed.cpp: 15 is TERM; without a name the number itself

Parser::Range nice_range();  // blocks.cpp: -20 to 19

}  // namespace sy::scn
