// Cuts a scenario text into words, numbers, strings and signs. Layout means nothing; comments are
// kept aside for the formatter. Bad bytes are reported here, once, and never reach the parser.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"

namespace sy::scn {

struct Token {
    enum class Kind : std::uint8_t {
        word,    // a name or keyword: [A-Za-z_][A-Za-z0-9_.-]*, not ending in . or -
        number,  // digits, perhaps a fraction, perhaps a unit directly behind: 5, 2.5ms, 64KiB, 1%
        string,  // "…", no escapes, on one line; `text` is what stands between the quotes
        sign,    // { } ( ) , / = ~ + - * and < > <= >= == != ->
        asm_line,  // of `asm { … }`: an instruction, a label or both, up to the line's end, a `;` or a comment
        end,     // after the last one
    };
    Kind kind = Kind::end;
    SourcePos pos;
    std::string_view text;  // part of the source

    bool is(std::string_view sign_text) const { return kind == Kind::sign && text == sign_text; }
    bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
};

struct Comment {
    SourcePos pos;
    std::string_view text;       // with its `#`, without trailing blanks
    std::size_t next_token = 0;  // index of the token that follows it
};

struct Tokens {
    std::vector<Token> list;  // ends with one of Kind::end; never empty
    std::vector<Comment> comments;
    bool is_text = true;  // false: binary data; nothing else is worth saying about it
};

// Requires: text.size() fits in 31 bits (files are limited to limits::file_bytes before).
Tokens lex(std::string_view text, Diagnostics& diags);

// Whether this is a name as the language allows it, up to limits::name_chars characters.
bool is_name(std::string_view text);

}  // namespace sy::scn
