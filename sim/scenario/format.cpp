// The formatter works on tokens, not on the meaning: the parser says where items begin, everything
// else follows from braces and comments.
#include "sim/scenario/format.h"

#include <vector>

#include "sim/base/utf8.h"
#include "sim/scenario/parser.h"

namespace sy::scn {
namespace {

constexpr int kLineColumns = 100;
constexpr int kIndent = 2;
constexpr int kContinued = 4;  // an item that a comment breaks goes on so much further in

bool touches(const Token& left, const Token& right) {
    return left.pos.line == right.pos.line && left.pos.column + left.pos.length == right.pos.column;
}

// Whether a blank stands between two neighbours of one item.
bool has_gap(const Token& left, const Token& right) {
    if (right.is(",") || right.is(")") || left.is("(")) return false;
    if (left.is("=") || right.is("=")) return false;
    if (right.is("(")) return left.kind != Token::Kind::word;
    // A path, a range of CPUs or a sign in front of a number; or a division, a difference.
    const bool keeps = left.is("/") || right.is("/") || left.is("-") || right.is("-");
    return !keeps || !touches(left, right);
}

std::string raw(const Token& token) {
    if (token.kind != Token::Kind::string) return std::string(token.text);
    return "\"" + std::string(token.text) + "\"";
}

class Formatter {
  public:
    Formatter(const Tokens& tokens, const Layout& layout)
        : tokens_(tokens.list), comments_(tokens.comments), starts_item_(layout.starts_item) {
        match_braces();
    }

    std::string run() {
        for (at_ = 0; at_ < tokens_.size(); ++at_) {
            comments();
            if (tokens_[at_].kind != Token::Kind::end) token();
        }
        if (!out_.empty()) out_ += '\n';
        return std::move(out_);
    }

  private:
    const Token& here() const { return tokens_[at_]; }
    const Token& before() const { return tokens_[at_ - 1]; }
    bool is_inside_line() const { return !blocks_.empty() && blocks_.back().is_one_line; }

    void match_braces() {
        closing_.assign(tokens_.size(), 0);
        std::vector<std::size_t> open;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].is("{")) open.push_back(i);
            if (!tokens_[i].is("}") || open.empty()) continue;
            closing_[open.back()] = i;
            open.pop_back();
        }
    }

    // A block stays on one line if its author wrote it so, nothing in it has a comment, and it
    // fits.
    bool fits_one_line(std::size_t open) const {
        const std::size_t close = closing_[open];
        if (tokens_[open].pos.line != tokens_[close].pos.line) return false;
        int columns = line_columns_;
        for (std::size_t i = open; i <= close && columns <= kLineColumns; ++i) {
            columns += utf8::width(raw(tokens_[i])) + static_cast<int>(gap_inside(i).size());
        }
        return columns <= kLineColumns;
    }

    // The blanks in front of a token that stays on its line.
    std::string_view gap_inside(std::size_t index) const {
        if (index == 0) return "";
        if (tokens_[index].kind == Token::Kind::asm_line && tokens_[index - 1].kind == Token::Kind::asm_line) return "; ";
        if (starts_item_[index] && !tokens_[index - 1].is("{")) return "  ";
        return has_gap(tokens_[index - 1], tokens_[index]) ? " " : "";
    }

    void add(std::string_view text) {
        out_ += text;
        line_columns_ += utf8::width(text);
    }

    // `line` is where the next thing stood in the source: an empty line before it is kept.
    void new_line(std::int32_t line, int columns, bool may_have_empty_line) {
        if (!out_.empty()) {
            out_ += '\n';
            if (may_have_empty_line && line > last_line_ + 1) out_ += '\n';
        }
        line_columns_ = 0;
        add(std::string(static_cast<std::size_t>(columns), ' '));
        is_broken_ = false;
    }

    int indent() const { return kIndent * static_cast<int>(blocks_.size()); }

    void comments() {
        while (next_comment_ < comments_.size() && comments_[next_comment_].next_token == at_) {
            const Comment& comment = comments_[next_comment_++];
            const bool is_behind = at_ > 0 && comment.pos.line == before().pos.line;
            const bool is_between =
                at_ == 0 || here().kind == Token::Kind::end || starts_item_[at_] || here().is("}");
            if (is_behind) {
                add("  ");
            } else {
                new_line(comment.pos.line, indent() + (is_between ? 0 : kContinued),
                         is_between && (at_ == 0 || !is_first_in_block()));
            }
            add(comment.text);
            last_line_ = comment.pos.line;
            is_broken_ = true;
        }
    }

    // Nothing of the block has been written yet, not even a comment.
    bool is_first_in_block() const { return before().is("{") && last_line_ == before().pos.line; }

    void token() {
        const Token& token = here();
        if (token.is("}") && !blocks_.empty()) {
            const bool is_one_line = blocks_.back().is_one_line;
            blocks_.pop_back();
            if (is_one_line) {
                add(gap_inside(at_));
            } else {
                new_line(token.pos.line, indent(), false);
            }
        } else if (starts_item_[at_] && !is_inside_line()) {
            new_line(token.pos.line, indent() + asm_indent(), at_ == 0 || !is_first_in_block());
        } else if (is_broken_) {
            new_line(token.pos.line, indent() + kContinued, false);
        } else {
            add(gap_inside(at_));
        }
        if (token.is("{"))
            blocks_.push_back({.is_one_line = is_inside_line() || fits_one_line(at_), .has_labels = has_labels(at_)});
        add(raw(token));
        last_line_ = token.pos.line;
    }

    struct Block {
        bool is_one_line;
        bool has_labels = false;   // of an asm block
    };

    static bool is_label(const Token& token) {
        return token.kind == Token::Kind::asm_line && token.text.substr(0, token.text.find_first_of(" \t")).ends_with(":");
    }
    bool has_labels(std::size_t open) const {
        for (std::size_t i = open + 1; i < tokens_.size() && tokens_[i].kind == Token::Kind::asm_line; ++i)
            if (is_label(tokens_[i])) return true;
        return false;
    }
    // In a block that has labels, what is none stands further in.
    int asm_indent() const {
        return here().kind == Token::Kind::asm_line && !is_label(here()) && !blocks_.empty() && blocks_.back().has_labels ? kIndent : 0;
    }

    const std::vector<Token>& tokens_;
    const std::vector<Comment>& comments_;
    const std::vector<bool>& starts_item_;
    std::vector<std::size_t> closing_;  // of each `{`, the index of its `}`
    std::vector<Block> blocks_;
    std::string out_;
    std::size_t at_ = 0;
    std::size_t next_comment_ = 0;
    std::int32_t last_line_ = 0;  // of the source, what was written last
    int line_columns_ = 0;
    bool is_broken_ = false;  // a comment ended the line
};

}  // namespace

std::string join_tokens(std::span<const Token> tokens) {
    std::string out;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i > 0 && has_gap(tokens[i - 1], tokens[i])) out += ' ';
        out += raw(tokens[i]);
    }
    return out;
}

}  // namespace sy::scn

namespace sy {

std::string format_scenario(std::string_view text) {
    Diagnostics diags;
    Scenario scratch;
    const ParseOptions options;
    const scn::Tokens tokens = scn::lex(text, diags);
    if (!tokens.is_text) return std::string(text);
    scn::Parser parser(tokens, options, scratch, diags);
    parser.parse_file();
    if (diags.has_errors()) return std::string(text);
    const scn::Layout layout = std::move(parser).layout();
    return scn::Formatter(tokens, layout).run();
}

}  // namespace sy
