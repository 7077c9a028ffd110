// The words of the window and of the lessons, each with its meaning in English and 简体中文 and the lesson that shows it.
// Tooltips, the glossary of the window and `switchyard glossary` read this one table (glossary.inc).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"

namespace sy {

struct GlossaryTerm {
    std::string_view name;     // English; what the kernel or a textbook calls it
    std::string_view name_zh;  // Chinese; the same as `name` for what has no Chinese name
    std::string_view also;     // other spellings of it, divided by '|'; may be empty
    std::string_view en, zh;   // what it means, in a sentence or two
    std::string_view lesson;   // "07-round-robin": a file of scenarios/
    std::string_view shown;    // what stands in that lesson for it: in its text, or in the steps and records of its run
};

// Sorted by name.
std::span<const GlossaryTerm> glossary();

// The term of this name, in either language or another spelling, upper and lower case alike; null: none.
const GlossaryTerm* find_term(std::string_view word);
// The longest term that stands in `text` over byte `at` as a word of its own; null: none.
const GlossaryTerm* term_at(std::string_view text, std::size_t at);
// The nearest name to a mistyped one; empty: none.
std::string nearest_term(std::string_view word);

// As `switchyard glossary` prints it: one term, or all of them as a list.
std::string term_as_text(const GlossaryTerm& term, Lang lang);
std::string glossary_as_text(Lang lang);
std::string glossary_as_json(std::span<const GlossaryTerm> terms);

}  // namespace sy
