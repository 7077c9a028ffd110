#include "sim/scenario/lexer.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"

namespace sy::scn {
namespace {

constexpr int kBrokenBytesOfText = 10;  // more than so many and we call it binary

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_char(char c) { return is_letter(c) || is_digit(c); }

class Lexer {
  public:
    Lexer(std::string_view text, Diagnostics& diags) : text_(text), diags_(diags) {}

    Tokens run() {
        if (looks_binary()) return std::move(out_);
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        while (at_ < text_.size() && out_.is_text) next();
        if (!out_.is_text) out_.list.clear();
        const SourcePos end{.line = line_, .column = column_, .length = 1};
        out_.list.push_back({.kind = Token::Kind::end, .pos = end, .text = {}});
        return std::move(out_);
    }

  private:
    bool looks_binary() {
        const bool is_utf16 = text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff");
        if (is_utf16) {
            diags_.error({}, text("this file is saved as UTF-16; save it as UTF-8",
                                  "文件是 UTF-16 编码，请另存为 UTF-8"));
        } else if (text_.find('\0') != std::string_view::npos) {
            diags_.error({}, text("this is not a text file: it holds bytes of value 0",
                                  "这不是文本文件：里面有值为 0 的字节"));
        } else {
            return false;
        }
        out_.is_text = false;
        out_.list.push_back({});
        return true;
    }

    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    SourcePos here() const { return {.line = line_, .column = column_, .length = 1}; }

    // Moves over one character that is not a newline.
    void advance() {
        const utf8::Decoded character = utf8::decode(text_, at_);
        at_ += character.bytes;
        ++column_;
        if (!character.valid) broken_byte();
    }

    void broken_byte() {
        if (++broken_bytes_ == 1) {
            diags_.error({.line = line_, .column = column_ - 1, .length = 1},
                         text("this byte is not UTF-8; save the file as UTF-8",
                              "这个字节不是 UTF-8，请把文件另存为 UTF-8"));
        }
        if (broken_bytes_ == kBrokenBytesOfText) {
            diags_.error({}, text("this does not look like a text file", "这看起来不是文本文件"));
            out_.is_text = false;
        }
    }

    void add(Token::Kind kind, SourcePos start, std::size_t begin, std::size_t end) {
        start.length = column_ - start.column;
        out_.list.push_back({.kind = kind, .pos = start, .text = text_.substr(begin, end - begin)});
    }

    void next() {
        const char c = peek();
        if (c == '\n') {
            ++at_;
            ++line_;
            column_ = 1;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
            ++at_;
            ++column_;
        } else if (c == '#') {
            comment();
        } else if (c == '/' && (peek(1) == '/' || peek(1) == '*')) {
            const SourcePos pos{.line = line_, .column = column_, .length = 2};
            diags_.error(pos, text("a comment begins with '#'", "注释以 “#” 开头"), "#");
            comment();
        } else if (is_letter(c)) {
            word();
        } else if (is_digit(c)) {
            number();
        } else if (c == '"') {
            string();
        } else if (!sign()) {
            unknown();
        }
    }

    void comment() {
        const SourcePos start = here();
        const std::size_t begin = at_;
        while (at_ < text_.size() && peek() != '\n' && out_.is_text) advance();
        std::string_view body = text_.substr(begin, at_ - begin);
        while (!body.empty() &&
               (body.back() == ' ' || body.back() == '\t' || body.back() == '\r')) {
            body.remove_suffix(1);
        }
        out_.comments.push_back({.pos = start, .text = body, .next_token = out_.list.size()});
    }

    void word() {
        const SourcePos start = here();
        const std::size_t begin = at_;
        while (is_word_char(peek()) ||
               ((peek() == '-' || peek() == '.') && is_word_char(peek(1))) || is_thread_model(begin)) {
            advance();
        }
        add(Token::Kind::word, start, begin, at_);
    }

    // `n:1`, `m:n`, `1:1`: the only words with a colon.
    bool is_thread_model(std::size_t begin) const {
        const std::string_view one = text_.substr(begin, 3);
        constexpr std::string_view kModels[] = {"n:1", "m:n", "1:1", "N:1", "M:N"};
        const bool is_one = std::find(std::begin(kModels), std::end(kModels), one) != std::end(kModels);
        return is_one && at_ == begin + 1;
    }

    void number() {
        const SourcePos start = here();
        const std::size_t begin = at_;
        if (peek(1) == ':' && peek(2) == '1' && peek() == '1' && !is_word_char(peek(3))) {
            for (int i = 0; i < 3; ++i) advance();
            add(Token::Kind::word, start, begin, at_);
            return;
        }
        while (is_digit(peek())) advance();
        if (peek() == '.' && is_digit(peek(1))) {
            advance();
            while (is_digit(peek())) advance();
        }
        while (is_word_char(peek()) || is_micro()) advance();
        if (peek() == '%') advance();
        add(Token::Kind::number, start, begin, at_);
    }

    // µ has two code points that look the same.
    bool is_micro() const {
        const std::string_view rest = text_.substr(at_);
        return rest.starts_with("\xc2\xb5") || rest.starts_with("\xce\xbc");
    }

    void string() {
        const SourcePos start = here();
        advance();
        const std::size_t begin = at_;
        while (at_ < text_.size() && peek() != '"' && peek() != '\n' && out_.is_text) advance();
        const std::size_t end = at_;
        if (peek() == '"') {
            advance();
        } else if (out_.is_text) {
            diags_.error(start,
                         text("this text is not closed; put a '\"' at its end, on the same line",
                              "这段文字没有结束；请在同一行的末尾加上 '\"'"));
        }
        add(Token::Kind::string, start, begin, end);
    }

    bool sign() {
        constexpr std::string_view kTwo[] = {"->", "<=", ">=", "==", "!="};
        constexpr std::string_view kOne = "{}(),/=~+-*<>";
        std::size_t length = kOne.find(peek()) != std::string_view::npos ? 1 : 0;
        for (const std::string_view two : kTwo) {
            if (text_.substr(at_).starts_with(two)) length = 2;
        }
        if (length == 0) return false;
        const SourcePos start = here();
        const std::size_t begin = at_;
        at_ += length;
        column_ += static_cast<std::int32_t>(length);
        add(Token::Kind::sign, start, begin, at_);
        const std::size_t n = out_.list.size();
        if (n >= 2 && out_.list[n - 1].is("{") && out_.list[n - 2].is_word("asm")) asm_lines();
        return true;
    }

    // What stands in `asm { … }` has a grammar of its own (sim/program/assembler.cpp): it is kept line by line. A word that
    // begins another part of a scenario ends it too: then the `}` was forgotten.
    void asm_lines() {
        while (at_ < text_.size() && out_.is_text && peek() != '}') {
            const char c = peek();
            if (c == '\n') {
                ++at_;
                ++line_;
                column_ = 1;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == ';') {
                ++at_;
                ++column_;
            } else if (c == '#') {
                comment();
            } else if (c == '/' && peek(1) == '/') {
                diags_.error({.line = line_, .column = column_, .length = 2}, text("a comment begins with '#'", "注释以 “#” 开头"), "#");
                comment();
            } else if (leaves_asm()) {
                return;
            } else {
                asm_line();
            }
        }
    }
    bool leaves_asm() const {
        constexpr std::string_view kWords[] = {"process", "machine", "expect", "thread", "kthread", "program", "device",
                                               "pipe",    "title",   "about",  "shared", "repeat",  "forever", "asm"};
        const std::string_view rest = text_.substr(at_);
        for (const std::string_view word : kWords)
            if (rest.starts_with(word) && rest.size() > word.size() && (rest[word.size()] == ' ' || rest[word.size()] == '{')) return true;
        return false;
    }
    void asm_line() {
        SourcePos start = here();
        const std::size_t begin = at_;
        std::size_t end = at_;
        while (at_ < text_.size() && out_.is_text && peek() != '\n' && peek() != '#' && peek() != ';' && peek() != '}') {
            const bool blank = peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\v' || peek() == '\f';
            advance();
            if (blank) continue;
            end = at_;
            start.length = column_ - start.column;
        }
        out_.list.push_back({.kind = Token::Kind::asm_line, .pos = start, .text = text_.substr(begin, end - begin)});
    }

    // Several unknown characters in a row are one mistake.
    void unknown() {
        SourcePos start = here();
        const std::size_t begin = at_;
        const int broken_before = broken_bytes_;
        constexpr std::string_view kKnown = " \t\r\n\v\f#\"{}(),/=~+-*<>";
        while (at_ < text_.size() && out_.is_text && !is_word_char(peek()) &&
               kKnown.find(peek()) == std::string_view::npos) {
            advance();
        }
        if (broken_bytes_ > broken_before) return;
        start.length = column_ - start.column;
        const std::string shown = utf8::printable(text_.substr(begin, at_ - begin), 12);
        const std::string_view meant = meant_by(shown);
        if (meant == "nothing") {
            diags_.error(start, text("'{0}' is not needed; leave it out", "不需要 “{0}”，去掉即可",
                                     {shown}));
        } else if (!meant.empty()) {
            diags_.error(start,
                         text("'{0}' means nothing here; did you mean '{1}'?",
                              "“{0}” 在这里没有意义；是不是想写 “{1}”？", {shown, meant}),
                         std::string(meant));
        } else {
            diags_.error(start, text("'{0}' means nothing in a scenario; names are made of the "
                                     "letters A-Z and a-z, digits, '_', '-' and '.'",
                                     "场景文件里没有 “{0}” 这种写法；名字只能由字母 A-Z、a-z、"
                                     "数字、“_”、“-”、“.” 组成",
                                     {shown}));
        }
    }

    // Signs from other languages and from Chinese input methods.
    static std::string_view meant_by(std::string_view shown) {
        constexpr std::string_view kPairs[][2] = {
            {";", "nothing"}, {"；", "nothing"}, {":", "nothing"}, {"：", "nothing"}, {"，", ","},
            {"（", "("},      {"）", ")"},       {"｛", "{"},      {"｝", "}"},       {"“", "\""},
            {"”", "\""},      {"'", "\""},       {"[", "{"},       {"]", "}"},        {"＝", "="},
            {"＃", "#"},      {"～", "~"},       {"≥", ">="},      {"≤", "<="},       {"≠", "!="},
            {"→", "->"},      {"&&", "and"},     {"||", "or"},     {"!", "not"},
        };
        for (const auto& pair : kPairs) {
            if (pair[0] == shown) return pair[1];
        }
        return {};
    }

    std::string_view text_;
    Diagnostics& diags_;
    Tokens out_;
    std::size_t at_ = 0;
    std::int32_t line_ = 1;
    std::int32_t column_ = 1;
    int broken_bytes_ = 0;
};

}  // namespace

Tokens lex(std::string_view text, Diagnostics& diags) { return Lexer(text, diags).run(); }

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > static_cast<std::size_t>(limits::name_chars)) return false;
    if (!is_letter(text[0]) || !is_word_char(text.back())) return false;
    for (const char c : text) {
        if (!is_word_char(c) && c != '-' && c != '.') return false;
    }
    return true;
}

}  // namespace sy::scn
