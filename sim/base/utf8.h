// UTF-8, as much of it as messages with a caret need: where characters begin, and how wide a
// terminal draws them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sy::utf8 {

struct Decoded {
    char32_t code = 0xfffd;  // U+FFFD when the bytes are not UTF-8
    std::size_t bytes = 1;   // how many were read; 1 for a broken one, so that reading goes on
    bool valid = false;
};

// The character at `text[at]`. Requires: at < text.size(). Overlong forms and surrogates are
// invalid.
Decoded decode(std::string_view text, std::size_t at);

// Columns of a terminal: 2 for East Asian wide characters, 0 for control and combining ones,
// else 1.
int width(char32_t code);

// Columns of a whole text.
int width(std::string_view text);

// The text with everything a terminal could misunderstand (control characters, broken bytes)
// replaced by U+FFFD, and shortened to `max_chars` characters with an ellipsis.
std::string printable(std::string_view text, std::size_t max_chars);

}  // namespace sy::utf8
