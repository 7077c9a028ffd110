// The words of the language as rows: what they look like, what they mean, an example. Messages,
// completion, the editor's help, docs/language.md and the random generator read these rows; the
// parser's own tables hold the same rows together with the function that reads what follows the
// word.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sy::scn {

struct Word {
    std::string_view name;
    std::string_view usage;    // capitals stand for what the author fills in, […] may be left out
    std::string_view help_en;  // one sentence, lower case, no full stop
    std::string_view help_zh;
    std::string_view example;  // valid where the word is valid
};

enum class WordGroup : std::uint8_t {
    top,       // what stands at the top of a file: machine, process, device, at, expect…
    machine,   // settings inside machine { … }
    process,   // what may stand between `process NAME` and `{`
    device,    // what may follow `device NAME`
    coroutine, // what may stand between `coroutine NAME` and `{`
    verb,      // statements of a program
    action,    // what a timed line can do
    view,      // settings inside view { … }
    question,  // what stands inside question "…" { … }
    function,  // what `expect` can measure
};

// All rows of a group, in the order of the documentation.
std::vector<Word> words(WordGroup group);

// The row, or one with an empty name.
Word find_word(WordGroup group, std::string_view name);

// The names alone.
std::vector<std::string_view> names(WordGroup group);

// Whether a process, thread, pipe, device, lock… may not be called so, because the word means
// something in a program (a verb, or what starts something at the top of a file).
bool is_reserved(std::string_view word);

}  // namespace sy::scn
