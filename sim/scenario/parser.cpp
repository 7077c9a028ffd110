// The part of the reading that knows no word of the language: tokens, messages, and how to find the
// way back after a mistake.
#include "sim/scenario/parser.h"

#include <algorithm>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"
#include "sim/scenario/check.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {

Parser::Parser(const Tokens& tokens, const ParseOptions& options, Scenario& out, Diagnostics& diags)
    : tokens_(tokens), options_(options), out_(out), diags_(diags) {
    layout_.starts_item.resize(tokens.list.size());
    for (const Token& token : tokens.list) {
        unclosed_ += token.is("{") ? 1 : token.is("}") ? -1 : 0;
    }
}

const Token& Parser::peek(std::size_t ahead) const {
    return tokens_.list[std::min(at_ + ahead, tokens_.list.size() - 1)];
}

const Token& Parser::take() {
    const Token& token = peek();
    if (!at_end()) ++at_;
    return token;
}

bool Parser::take_sign(std::string_view sign) {
    if (!peek().is(sign)) return false;
    take();
    return true;
}

bool Parser::take_word(std::string_view word) {
    if (!peek().is_word(word)) return false;
    take();
    return true;
}

void Parser::mark_item() { layout_.starts_item[at_] = true; }

void Parser::error(SourcePos pos, Text message, std::string replacement) {
    if (!is_hopeless_) diags_.error(pos, std::move(message), std::move(replacement));
}

std::string Parser::shown(const Token& token) { return utf8::printable(token.text, 24); }

void Parser::set_twice(const Token& token) {
    error(token.pos, text("'{0}' is set twice; keep one of them", "“{0}” 设置了两次，请只留一个",
                          {shown(token)}));
}

void Parser::expected(const Text& what) {
    const Token& token = peek();
    if (token.kind == Token::Kind::end) {
        error(token.pos, {.en = "expected " + what.en + ", but the file ends here",
                          .zh = "这里应当是" + what.zh + "，但文件到此结束"});
        return;
    }
    error(token.pos, {.en = "expected " + what.en + ", found '" + shown(token) + "'",
                      .zh = "这里应当是" + what.zh + "，却是 “" + shown(token) + "”"});
}

std::string Parser::unknown_word(const Token& token, const Text& kind,
                                 const std::vector<std::string_view>& known) {
    const std::string meant = nearest(token.text, known);
    const std::string word = shown(token);
    if (!meant.empty()) {
        error(token.pos, did_you_mean(kind, word, meant), meant);
        return meant;
    }
    const std::string list = listed(known, 24);
    error(token.pos, {.en = "unknown " + kind.en + " '" + word + "'; known: " + list,
                      .zh = "未知的" + kind.zh + " “" + word + "”；可用的有：" + list});
    return {};
}

bool Parser::enter() {
    if (++depth_ <= limits::nesting) return true;
    if (depth_ == limits::nesting + 1) {
        const std::string limit = std::to_string(limits::nesting);
        error(peek().pos, text("blocks are nested deeper than the limit of {0}",
                               "块的嵌套超过了上限 {0} 层", {limit}));
    }
    return false;
}

bool Parser::starts_something(const Token& token) const {
    if (token.kind != Token::Kind::word) return false;
    if (token.text != "work") return is_reserved(token.text);
    // `work` is a declaration if a name and then `{` or `on` follow; else somebody's semaphore.
    const auto at = static_cast<std::size_t>(&token - tokens_.list.data());
    if (at + 2 >= tokens_.list.size()) return false;
    const Token& name = tokens_.list[at + 1];
    const Token& next = tokens_.list[at + 2];
    return name.kind == Token::Kind::word && !is_reserved(name.text) &&
           (next.is("{") || next.is_word("on"));
}

void Parser::skip_block() {
    int open = 0;
    do {
        const Token& token = take();
        open += token.is("{") ? 1 : token.is("}") ? -1 : 0;
    } while (open > 0 && !at_end());
}

void Parser::skip_item() {
    while (!at_end() && !peek().is("}") && !starts_something(peek())) {
        if (peek().is("{")) {
            skip_block();
            return;
        }
        take();
    }
}

bool Parser::count_statement() {
    if (++statements_ <= limits::statements) return true;
    if (!is_hopeless_) {
        error(peek().pos,
              text("more than the limit of {0} statements in one file",
                   "一个文件里的语句超过了上限 {0} 条", {std::to_string(limits::statements)}));
    }
    is_hopeless_ = true;
    return false;
}

void Parser::close_brace(const Token& open) {
    if (take_sign("}")) return;
    --unclosed_;
    if (!is_unwinding_) {
        error(open.pos, text("this '{' is never closed: a '}' is missing",
                             "这个 “{” 没有配对：缺少一个 “}”"));
        if (!at_end() && !is_hopeless_) {
            diags_.note(peek().pos, text("the '}' should stand before this '{0}'",
                                         "“}” 应当在这个 “{0}” 之前", {shown(peek())}));
        }
    }
    is_unwinding_ = true;
}

// The comment lines at the very top, up to the first empty line.
void Parser::keep_head_comment(const std::vector<Comment>& comments) {
    std::int32_t line = 0;
    for (const Comment& comment : comments) {
        if (comment.next_token > 0 || (line > 0 && comment.pos.line != line + 1)) break;
        line = comment.pos.line;
        std::string_view body = comment.text.substr(1);
        if (body.starts_with(' ')) body.remove_prefix(1);
        if (!out_.head.empty()) out_.head += '\n';
        out_.head += body;
    }
}

void Parser::parse_file() {
    keep_head_comment(tokens_.comments);
    if (at_end()) {
        error(
            {},
            text("the file says nothing: a scenario needs at least one process, for example: {0}",
                 "文件里没有内容：场景至少需要一个进程，例如：{0}", {"process hello { run 5ms }"}));
        return;
    }
    while (!at_end() && !is_hopeless_) {
        is_unwinding_ = false;
        parse_top_item();
    }
}

}  // namespace sy::scn

namespace sy {

bool parse_scenario(std::string_view text, std::string_view file, Scenario& out, Diagnostics& diags,
                    const ParseOptions& options) {
    out = {};
    out.file = std::string(file);
    const scn::Tokens tokens = scn::lex(text, diags);
    if (tokens.is_text) {
        scn::Parser parser(tokens, options, out, diags);
        parser.parse_file();
        scn::check_scenario(out, {.is_broken = parser.broken_processes()}, diags, options);
    }
    diags.sort();
    return !diags.has_errors();
}

bool parse_live_actions(std::string_view text, Nanos at, const Scenario& scenario,
                        std::vector<TimedAction>& out, Diagnostics& diags) {
    const ParseOptions options;
    Scenario scratch = scenario;
    scratch.timeline.clear();
    const scn::Tokens tokens = scn::lex(text, diags);
    if (tokens.is_text) {
        scn::Parser parser(tokens, options, scratch, diags);
        parser.parse_actions(at, scratch.timeline);
        if (!diags.has_errors()) scn::check_timeline(scratch, diags);
    }
    diags.sort();
    if (diags.has_errors()) return false;
    out.insert(out.end(), scratch.timeline.begin(), scratch.timeline.end());
    return true;
}

}  // namespace sy
