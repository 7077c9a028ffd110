// The formatter works on tokens, not on the meaning: the parser says where items begin, everything
// else follows from braces and comments.
#include "sim/scenario/format.h"

#include "sim/scenario/parser.h"

namespace sy::scn {
namespace {

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
