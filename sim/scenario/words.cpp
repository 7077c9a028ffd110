// Collects the rows of all tables.
#include "sim/scenario/words.h"

#include <algorithm>

#include "sim/scenario/rows.h"

namespace sy::scn {

std::vector<Word> words(WordGroup group) {
    switch (group) {
        case WordGroup::top:
            return top_words();
        case WordGroup::machine:
            return machine_words();
        case WordGroup::process:
            return attribute_words();
        case WordGroup::device:
            return device_words();
        case WordGroup::coroutine:
            return coroutine_words();
        case WordGroup::verb:
            return verb_words();
        case WordGroup::action:
            return action_words();
        case WordGroup::view:
            return view_words();
        case WordGroup::question:
            return question_words();
        case WordGroup::function:
            return function_words();
    }
    return {};
}

Word find_word(WordGroup group, std::string_view name) {
    for (const Word& word : words(group)) {
        if (word.name == name) return word;
    }
    return {};
}

std::vector<std::string_view> names(WordGroup group) {
    std::vector<std::string_view> out;
    for (const Word& word : words(group)) out.push_back(word.name);
    return out;
}

namespace {

std::vector<std::string_view> reserved_words() {
    std::vector<std::string_view> out = names(WordGroup::verb);
    // `work` is what everybody calls a semaphore; Parser::starts_something tells the two apart.
    for (const std::string_view name : names(WordGroup::top)) {
        if (name != "work") out.push_back(name);
    }
    for (const std::string_view name : {"thread", "shared", "local", "asm"}) out.push_back(name);
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

bool is_reserved(std::string_view word) {
    static const std::vector<std::string_view> kReserved = reserved_words();
    return std::binary_search(kReserved.begin(), kReserved.end(), word);
}

}  // namespace sy::scn
