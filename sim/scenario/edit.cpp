// Edits by tokens: the lexer says where each begins and ends, the scenario's positions say which one is meant.
#include "sim/scenario/edit.h"

#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/scenario/lexer.h"
#include "sim/scenario/words.h"
#include "sim/scenario/write.h"

namespace sy {
namespace {

using scn::Token;

bool same_place(SourcePos a, SourcePos b) { return a.line == b.line && a.column == b.column; }

class TokenEditor {
  public:
    explicit TokenEditor(std::string_view text) : text_(text) {
        Diagnostics ignored;
        tokens_ = scn::lex(text, ignored);
    }

    const std::vector<Token>& list() const { return tokens_.list; }
    std::size_t count() const { return tokens_.list.size(); }
    const Token& operator[](std::size_t i) const { return tokens_.list[std::min(i, count() - 1)]; }

    // The token at a place; count() if none is there.
    std::size_t find(SourcePos pos) const {
        for (std::size_t i = 0; i < count(); ++i)
            if (tokens_.list[i].kind != Token::Kind::end && same_place(tokens_.list[i].pos, pos)) return i;
        return count();
    }

    std::size_t begin(std::size_t i) const { return offset_of(text_, (*this)[i].pos); }
    std::size_t end(std::size_t i) const {
        const SourcePos pos = (*this)[i].pos;
        return begin(i) + bytes_of(text_, pos);
    }
    TextEdit put(std::size_t first, std::size_t behind, std::string words) const {
        return {begin(first), end(behind - 1) - begin(first), std::move(words)};
    }
    TextEdit insert_behind(std::size_t i, std::string words) const { return {end(i), 0, std::move(words)}; }

    // Behind a length of time that begins at `i`: 5ms, uniform(1ms, 4ms).
    std::size_t behind_time(std::size_t i) const {
        if (!(*this)[i + 1].is("(")) return i + 1;
        std::size_t at = i + 1;
        while (at < count() && !(*this)[at].is(")")) ++at;
        return at + 1;
    }

    // The settings of a task: from behind its name to the `{`.
    std::size_t head_end(std::size_t name) const {
        std::size_t at = name + 1;
        while (at < count() && !(*this)[at].is("{") && (*this)[at].kind != Token::Kind::end) ++at;
        return at;
    }
    std::size_t setting(std::size_t name, std::string_view word) const {
        for (std::size_t at = name + 1, stop = head_end(name); at < stop; ++at)
            if ((*this)[at].is_word(word)) return at;
        return count();
    }

    // The fields of the job table's row that the token at `i` begins; empty if it is no such row.
    struct Field {
        std::size_t first, behind;   // equal: empty
    };
    std::vector<Field> job_row(std::size_t i) const {
        if (i >= count() || !(*this)[i + 1].is(",")) return {};
        std::vector<Field> fields;
        std::size_t at = i;
        while (true) {
            const bool empty = (*this)[at].is(",") || (*this)[at].is("}");
            fields.push_back({at, empty ? at : at + 1});
            if (!empty) ++at;
            if (at >= count() || !(*this)[at].is(",")) break;
            ++at;
        }
        return fields;
    }

  private:
    std::string_view text_;
    scn::Tokens tokens_;
};

Nanos moved(const Dist& was, Nanos from, Nanos to) {
    return was.kind == Dist::Kind::fixed ? std::max<Nanos>(0, was.a + to - from) : std::max<Nanos>(0, to);
}

}  // namespace

std::string apply_edit(std::string_view text, const TextEdit& edit) {
    return std::string(text.substr(0, edit.at)) + edit.put + std::string(text.substr(edit.at + edit.length));
}

std::size_t offset_of(std::string_view text, SourcePos pos) {
    std::size_t at = 0;
    for (std::int32_t line = 1; line < pos.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return text.size();
        ++at;
    }
    // The mark of UTF-8 at the very beginning counts as no character.
    if (pos.line <= 1 && text.starts_with("\xef\xbb\xbf")) at = 3;
    for (std::int32_t column = 1; column < pos.column && at < text.size() && text[at] != '\n'; ++column)
        at += utf8::decode(text, at).bytes;
    return at;
}

std::size_t bytes_of(std::string_view text, SourcePos pos) {
    const std::size_t from = offset_of(text, pos);
    std::size_t at = from;
    for (std::int32_t i = 0; i < pos.length && at < text.size() && text[at] != '\n'; ++i) at += utf8::decode(text, at).bytes;
    return at - from;
}

SourcePos position_of(std::string_view text, std::size_t at) {
    SourcePos pos{.line = 1, .column = 1, .length = 1};
    std::size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
    while (i < std::min(at, text.size())) {
        if (text[i] == '\n') {
            ++pos.line;
            pos.column = 1;
            ++i;
        } else {
            i += utf8::decode(text, i).bytes;
            ++pos.column;
        }
    }
    return pos;
}

std::optional<TextEdit> edit_arrival(std::string_view text, const Scenario& scenario, std::size_t process, Nanos from, Nanos to) {
    if (process >= scenario.processes.size()) return std::nullopt;
    const ProcessDecl& decl = scenario.processes[process];
    const TokenEditor tokens(text);
    const std::size_t name = tokens.find(decl.pos);
    if (name >= tokens.count() || tokens[name].text != decl.name || decl.only_program) return std::nullopt;
    const std::string time = write_duration(moved(decl.arrive, from, to));
    if (const auto row = tokens.job_row(name); row.size() >= 2) {
        if (row[1].first == row[1].behind) return TextEdit{tokens.begin(row[1].first), 0, time};
        return tokens.put(row[1].first, row[1].behind, time);
    }
    const std::size_t word = tokens.setting(name, "arrive");
    if (word >= tokens.count()) {
        // Behind the name and its number of copies.
        const bool copies = tokens[name + 1].kind == Token::Kind::word && tokens[name + 1].text.starts_with("x") &&
                            tokens[name + 1].text.size() > 1 && tokens[name + 1].text[1] >= '0' && tokens[name + 1].text[1] <= '9';
        return tokens.insert_behind(name + (copies ? 1 : 0), " arrive " + time);
    }
    const bool after = tokens[word + 1].is_word("after");
    const std::size_t first = word + (after && decl.arrive.kind == Dist::Kind::fixed ? 2 : 1);
    return tokens.put(first, tokens.behind_time(word + (after ? 2 : 1)), time);
}

std::optional<TextEdit> edit_nice(std::string_view text, const Scenario& scenario, std::size_t process, int thread, int nice) {
    if (process >= scenario.processes.size() || nice < -20 || nice > 19) return std::nullopt;
    const ProcessDecl& decl = scenario.processes[process];
    if (thread >= static_cast<int>(decl.threads.size())) return std::nullopt;
    const TokenEditor tokens(text);
    const SourcePos pos = thread < 0 ? decl.pos : decl.threads[static_cast<std::size_t>(thread)].pos;
    const std::size_t name = tokens.find(pos);
    if (name >= tokens.count() || tokens[name].kind != Token::Kind::word || tokens[name + 1].is(",")) return std::nullopt;
    const bool is_named = tokens[name].text == (thread < 0 ? decl.name : decl.threads[static_cast<std::size_t>(thread)].name);
    if (!is_named || !tokens[tokens.head_end(name)].is("{")) return std::nullopt;
    const std::size_t word = tokens.setting(name, "nice");
    if (word >= tokens.count()) {
        // Before the brace, behind the other settings.
        return tokens.insert_behind(tokens.head_end(name) - 1, " nice " + std::to_string(nice));
    }
    const bool sign = tokens[word + 1].is("-") || tokens[word + 1].is("+");
    return tokens.put(word + 1, word + (sign ? 3 : 2), std::to_string(nice));
}

std::optional<TextEdit> edit_burst(std::string_view text, const Scenario& scenario, SourcePos run, Nanos length) {
    if (length < 0) return std::nullopt;
    const TokenEditor tokens(text);
    const std::size_t at = tokens.find(run);
    if (at >= tokens.count()) return std::nullopt;
    if (tokens[at].is_word("run")) {
        if (tokens[at + 1].kind != Token::Kind::number && tokens[at + 1].kind != Token::Kind::word) return std::nullopt;
        return tokens.put(at + 1, tokens.behind_time(at + 1), write_duration(length));
    }
    // A field of a job table, or its row.
    const bool is_table = std::any_of(scenario.processes.begin(), scenario.processes.end(),
                                      [&](const ProcessDecl& p) { return same_place(p.pos, run); });
    if (is_table) {
        const auto row = tokens.job_row(at);
        if (row.size() >= 3 && row[2].first != row[2].behind) return tokens.put(row[2].first, row[2].behind, write_duration(length));
        return std::nullopt;
    }
    if (tokens[at].kind == Token::Kind::number && at > 0 && tokens[at - 1].is(",")) return tokens.put(at, at + 1, write_duration(length));
    return std::nullopt;
}

TextEdit edit_timed_line(std::string_view text, const Scenario& scenario, Nanos at, std::string_view action) {
    const std::string eol = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
    const std::string line = "at " + write_duration(at) + " { " + std::string(action) + " }";
    // The last timed line that is not later, if the file has them one below the other in order of time.
    const TokenEditor tokens(text);
    std::size_t behind = tokens.count();
    std::int32_t last = 0;
    bool in_order = true;
    for (const TimedAction& a : scenario.timeline) {
        in_order = in_order && a.pos.line >= last;
        last = a.pos.line;
        const std::size_t here = tokens.find(a.pos);
        if (a.at <= at && here < tokens.count()) behind = here;
    }
    if (in_order && behind < tokens.count()) {
        std::size_t start = behind;
        while (start > 0 && !tokens[start].is_word("at") && !tokens[start].is_word("every")) --start;
        // To the end of the item: its closing brace, or the end of the line that its only action stands on.
        std::size_t close = behind;
        bool braces = false;
        for (std::size_t i = start; i < behind; ++i) braces = braces || tokens[i].is("{");
        while (braces && close < tokens.count() && !tokens[close].is("}")) ++close;
        const std::size_t from = close < tokens.count() ? tokens.end(close) : text.size();
        const std::size_t stop = std::min(text.find('\n', from), text.size());
        const std::size_t cut = stop > 0 && stop < text.size() && text[stop - 1] == '\r' ? stop - 1 : stop;
        const bool at_line_start = tokens[start].pos.column == 1;
        const bool alone = close + 1 >= tokens.count() || tokens[close + 1].kind == Token::Kind::end ||
                           tokens[close + 1].pos.line > tokens[close].pos.line;
        if (at_line_start && alone && tokens[start].kind == Token::Kind::word) return {cut, 0, eol + line};
    }
    const bool needs_break = !text.empty() && text.back() != '\n';
    return {text.size(), 0, (needs_break ? eol : "") + line + eol};
}

}  // namespace sy
