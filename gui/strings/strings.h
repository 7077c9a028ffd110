// Every sentence that the window itself says, in English and 简体中文, in one table (table.inc). A
// new one is a new line there; the test finds a line that misses a language or repeats the English.
// What the machine says (why a task was picked, what a step does, what is wrong with a file) comes
// from sim/ as Text, which holds both languages too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "sim/base/text.h"

namespace sy::gui {

enum class Str : std::uint16_t {
#define SY_STRING(id, en, zh) id,
#include "gui/strings/table.inc"
#undef SY_STRING
    count_,
};

constexpr std::size_t kStrings = static_cast<std::size_t>(Str::count_);

// The language in force while a frame is drawn; switched live.
Lang language();
void set_language(Lang lang);
bool parse_language(std::string_view name, Lang& lang);  // "en", "zh"

// The string in the language in force, or in a given one. Ends with a NUL: data() is a C string.
std::string_view tr(Str id);
std::string_view tr(Str id, Lang lang);
// With `{0}`, `{1}`… filled in.
std::string tr(Str id, std::initializer_list<std::string_view> args);
// What sim/ says, in the language in force.
inline const std::string& tr(const Text& text) { return text.in(language()); }

// The name of the row, for test messages.
std::string_view name_of(Str id);

}  // namespace sy::gui
