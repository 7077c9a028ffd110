// What the editor knows of the language: which colour a piece of text has, which words may come at a place, what the
// word under the cursor means. All of it from the language's own tables (sim/scenario/words.h), so that a new verb is
// coloured, completed and explained as soon as its row is there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model/scenario.h"
#include "sim/scenario/words.h"

namespace sy::gui {

enum class CodeColor : std::uint8_t { plain, keyword, verb, setting, number, string, comment, sign, assembly, name };

struct CodePiece {
    std::size_t from = 0, to = 0;   // bytes
    CodeColor color = CodeColor::plain;
};
// In the order of the text, without overlap; blanks belong to none.
std::vector<CodePiece> color_code(std::string_view text);

// Which words may stand at a place.
enum class CodePlace : std::uint8_t { top, machine, head, device, coroutine, statement, action, expect, scheduler, task, irq_line, assembly, nothing };
CodePlace code_place(std::string_view text, std::size_t at);

struct CodeChoice {
    std::string name, usage, help_en, help_zh;
};
// What can be meant by the part of a word that ends at `at`; in the order of the tables. Empty inside comments.
std::vector<CodeChoice> code_choices(std::string_view text, std::size_t at, const Scenario& scenario);
// The word that goes through `at`, as it is meant there; empty name: it is none of the language's.
CodeChoice code_help(std::string_view text, std::size_t at);

}  // namespace sy::gui
