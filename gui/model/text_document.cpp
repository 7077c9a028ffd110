// The text, its cursor and its history.
#include "gui/model/text_document.h"

#include <algorithm>

#include "sim/base/utf8.h"

namespace sy::gui {
namespace {

constexpr std::size_t kHistoryBytes = 64 << 20;   // the oldest steps are forgotten beyond
constexpr std::size_t kIndent = 2;

bool is_word(char32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b, bool exact) {
    return exact ? a == b : std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return folded(x) == folded(y); });
}

int cells(char32_t code) { return code == '\t' ? 1 : utf8::width(code); }

}  // namespace

std::size_t TextDocument::Step::bytes() const {
    std::size_t sum = 64;
    for (const Piece& p : back) sum += p.with.size() + sizeof p;
    return sum;
}

void TextDocument::load(std::string text) {
    text_ = std::move(text);
    saved_ = text_;
    cursor_ = anchor_ = 0;
    wish_ = -1;
    ++version_;
    undo_.clear();
    redo_.clear();
    index_lines();
}

void TextDocument::index_lines() {
    starts_.assign(1, 0);
    for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) starts_.push_back(at + 1);
}

TextRange TextDocument::selection() const { return {std::min(cursor_, anchor_), std::max(cursor_, anchor_)}; }

std::string_view TextDocument::selected() const {
    const TextRange s = selection();
    return std::string_view(text_).substr(s.from, s.to - s.from);
}

void TextDocument::select(std::size_t anchor, std::size_t cursor) {
    const auto whole = [&](std::size_t at) {
        at = std::min(at, text_.size());
        while (at > 0 && at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80) --at;
        return at;
    };
    anchor_ = whole(anchor);
    cursor_ = whole(cursor);
    wish_ = -1;
    if (!undo_.empty()) undo_.back().typing = false;
}

std::size_t TextDocument::line_of(std::size_t at) const {
    return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin()) - 1;
}

std::size_t TextDocument::line_end(std::size_t line) const {
    std::size_t end = line + 1 < starts_.size() ? starts_[line + 1] - 1 : text_.size();
    if (end > starts_[line] && end < text_.size() && text_[end - 1] == '\r') --end;
    return end;
}

std::string_view TextDocument::line(std::size_t line) const {
    return std::string_view(text_).substr(starts_[line], line_end(line) - starts_[line]);
}

int TextDocument::column_of(std::size_t at) const {
    int column = 0;
    for (std::size_t i = starts_[line_of(at)]; i < at; i = next(i)) column += cells(utf8::decode(text_, i).code);
    return column;
}

std::size_t TextDocument::at_column(std::size_t line, int column) const {
    const std::size_t end = line_end(line);
    int here = 0;
    std::size_t at = starts_[line];
    while (at < end) {
        const int wide = cells(utf8::decode(text_, at).code);
        if (here + (wide + 1) / 2 > column) break;
        here += wide;
        at = next(at);
    }
    return at;
}

std::size_t TextDocument::next(std::size_t at) const {
    if (at >= text_.size()) return text_.size();
    if (text_[at] == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n') return at + 2;
    return at + utf8::decode(text_, at).bytes;
}

std::size_t TextDocument::previous(std::size_t at) const {
    if (at == 0) return 0;
    if (at >= 2 && text_[at - 1] == '\n' && text_[at - 2] == '\r') return at - 2;
    for (std::size_t back = 1; back <= 4 && back <= at; ++back) {
        const utf8::Decoded d = utf8::decode(text_, at - back);
        if (d.valid && d.bytes == back) return at - back;
    }
    return at - 1;
}

std::size_t TextDocument::word_next(std::size_t at) const {
    while (at < text_.size() && !is_word(utf8::decode(text_, at).code)) at = next(at);
    while (at < text_.size() && is_word(utf8::decode(text_, at).code)) at = next(at);
    return at;
}

std::size_t TextDocument::word_previous(std::size_t at) const {
    const auto before = [&](std::size_t i) { return utf8::decode(text_, previous(i)).code; };
    while (at > 0 && !is_word(before(at))) at = previous(at);
    while (at > 0 && is_word(before(at))) at = previous(at);
    return at;
}

void TextDocument::move(TextMove move, bool selecting, std::size_t page) {
    if (!undo_.empty()) undo_.back().typing = false;
    const std::size_t line = line_of(cursor_);
    const TextRange selected = selection();
    const auto vertical = [&](std::size_t to) {
        if (wish_ < 0) wish_ = column_of(cursor_);
        cursor_ = at_column(to, wish_);
    };
    const bool is_vertical = move == TextMove::up || move == TextMove::down || move == TextMove::page_up || move == TextMove::page_down;
    if (!is_vertical) wish_ = -1;
    switch (move) {
        case TextMove::left: cursor_ = !selecting && !selected.empty() ? selected.from : previous(cursor_); break;
        case TextMove::right: cursor_ = !selecting && !selected.empty() ? selected.to : next(cursor_); break;
        case TextMove::word_left: cursor_ = word_previous(cursor_); break;
        case TextMove::word_right: cursor_ = word_next(cursor_); break;
        case TextMove::up: line == 0 ? void(cursor_ = 0) : vertical(line - 1); break;
        case TextMove::down: line + 1 == lines() ? void(cursor_ = text_.size()) : vertical(line + 1); break;
        case TextMove::page_up: vertical(line - std::min(line, page)); break;
        case TextMove::page_down: vertical(std::min(line + page, lines() - 1)); break;
        case TextMove::line_start: {
            // First behind the blanks, then to the very start.
            const std::size_t start = starts_[line];
            std::size_t text = start;
            while (text < line_end(line) && text_[text] == ' ') ++text;
            cursor_ = cursor_ == text ? start : text;
            break;
        }
        case TextMove::line_end: cursor_ = line_end(line); break;
        case TextMove::text_start: cursor_ = 0; break;
        case TextMove::text_end: cursor_ = text_.size(); break;
    }
    if (!selecting) anchor_ = cursor_;
}

TextDocument::Step TextDocument::apply(const std::vector<Piece>& pieces) {
    Step step;
    step.cursor = cursor_;
    step.anchor = anchor_;
    std::string out;
    std::size_t from = 0, end = 0;
    for (const Piece& p : pieces) {
        const std::size_t at = std::min(p.at, text_.size()), length = std::min(p.length, text_.size() - at);
        out.append(text_, from, at - from);
        step.back.push_back({out.size(), p.with.size(), text_.substr(at, length)});
        out += p.with;
        end = out.size();
        from = at + length;
    }
    out.append(text_, from);
    text_ = std::move(out);
    cursor_ = anchor_ = end;
    wish_ = -1;
    ++version_;
    index_lines();
    return step;
}

void TextDocument::push(Step step) {
    redo_.clear();
    undo_.push_back(std::move(step));
    std::size_t sum = 0;
    for (std::size_t i = undo_.size(); i-- > 0;) {
        sum += undo_[i].bytes();
        if (sum <= kHistoryBytes) continue;
        undo_.erase(undo_.begin(), undo_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
    }
}

void TextDocument::replace(std::size_t at, std::size_t length, std::string_view with) {
    if (length == 0 && with.empty()) return;
    push(apply({{at, length, std::string(with)}}));
}

void TextDocument::replace_all(const std::vector<Piece>& pieces) {
    if (!pieces.empty()) push(apply(pieces));
}

void TextDocument::become(std::string_view text) {
    if (text == text_) return;
    const std::size_t most = std::min(text.size(), text_.size());
    std::size_t head = 0, tail = 0;
    while (head < most && text[head] == text_[head]) ++head;
    while (head > 0 && head < text.size() && (static_cast<unsigned char>(text[head]) & 0xc0) == 0x80) --head;
    while (tail < most - head && text[text.size() - 1 - tail] == text_[text_.size() - 1 - tail]) ++tail;
    while (tail > 0 && (static_cast<unsigned char>(text[text.size() - tail]) & 0xc0) == 0x80) --tail;
    const std::size_t line = line_of(cursor_);
    const int column = column_of(cursor_);
    replace(head, text_.size() - head - tail, text.substr(head, text.size() - head - tail));
    const std::size_t to = at_column(std::min(line, lines() - 1), column);
    cursor_ = anchor_ = to;
}

void TextDocument::type(std::string_view text) {
    const TextRange s = selection();
    if (text.empty() && s.empty()) return;
    const bool joins = s.empty() && !undo_.empty() && undo_.back().typing && undo_.back().end == cursor_ && text != "\n";
    Step step = apply({{s.from, s.to - s.from, std::string(text)}});
    if (joins) {
        undo_.back().back.back().length += text.size();
        undo_.back().end = cursor_;
        redo_.clear();
        return;
    }
    step.typing = s.empty() && text.find('\n') == std::string_view::npos;
    step.end = cursor_;
    push(std::move(step));
}

void TextDocument::new_line() {
    const std::size_t at = selection().from, line = line_of(at);
    std::size_t blanks = 0;
    while (starts_[line] + blanks < at && text_[starts_[line] + blanks] == ' ') ++blanks;
    std::size_t last = at;
    while (last > starts_[line] && text_[last - 1] == ' ') --last;
    if (last > starts_[line] && text_[last - 1] == '{') blanks += kIndent;
    const bool crlf = text_.find("\r\n") != std::string::npos;
    type((crlf ? "\r\n" : "\n") + std::string(blanks, ' '));
}

TextRange TextDocument::lines_of_selection() const {
    const TextRange s = selection();
    std::size_t last = line_of(s.to);
    const std::size_t first = line_of(s.from);
    if (last > first && s.to == starts_[last]) --last;
    return {first, last};
}

void TextDocument::indent(bool outwards) {
    const TextRange r = lines_of_selection();
    std::vector<Piece> pieces;
    for (std::size_t i = r.from; i <= r.to; ++i) {
        const std::string_view l = line(i);
        std::size_t blanks = 0;
        while (blanks < kIndent && blanks < l.size() && l[blanks] == ' ') ++blanks;
        if (outwards && blanks > 0) pieces.push_back({starts_[i], blanks, ""});
        if (!outwards && !l.empty()) pieces.push_back({starts_[i], 0, std::string(kIndent, ' ')});
    }
    if (pieces.empty()) return;
    replace_all(pieces);
    anchor_ = starts_[r.from];
    cursor_ = line_end(r.to);
}

void TextDocument::toggle_comment() {
    const TextRange r = lines_of_selection();
    bool all = true;
    for (std::size_t i = r.from; i <= r.to; ++i) {
        const std::string_view l = line(i);
        const std::size_t first = l.find_first_not_of(' ');
        all = all && (first == std::string_view::npos || l[first] == '#');
    }
    std::vector<Piece> pieces;
    for (std::size_t i = r.from; i <= r.to; ++i) {
        const std::string_view l = line(i);
        const std::size_t first = l.find_first_not_of(' ');
        if (first == std::string_view::npos) continue;
        if (all) pieces.push_back({starts_[i] + first, l.substr(first).starts_with("# ") ? 2U : 1U, ""});
        else pieces.push_back({starts_[i] + first, 0, "# "});
    }
    if (pieces.empty()) return;
    replace_all(pieces);
    anchor_ = r.from == r.to ? cursor_ : starts_[r.from];
    if (r.from != r.to) cursor_ = line_end(r.to);
}

void TextDocument::erase_back(bool word) {
    TextRange s = selection();
    if (s.empty()) s.from = word ? word_previous(cursor_) : previous(cursor_);
    // Back over the blanks of an indentation goes two at a time.
    const std::size_t start = starts_[line_of(s.to)];
    if (selection().empty() && !word && s.to >= start + kIndent &&
        text_.find_first_not_of(' ', start) >= s.to && (s.to - start) % kIndent == 0)
        s.from = s.to - kIndent;
    replace(s.from, s.to - s.from, "");
}

void TextDocument::erase_forward(bool word) {
    TextRange s = selection();
    if (s.empty()) s.to = word ? word_next(cursor_) : next(cursor_);
    replace(s.from, s.to - s.from, "");
}

bool TextDocument::undo() {
    if (undo_.empty()) return false;
    Step step = std::move(undo_.back());
    undo_.pop_back();
    Step again = apply(step.back);
    redo_.push_back(std::move(again));
    cursor_ = step.cursor;
    anchor_ = step.anchor;
    return true;
}

bool TextDocument::redo() {
    if (redo_.empty()) return false;
    Step step = std::move(redo_.back());
    redo_.pop_back();
    Step again = apply(step.back);
    cursor_ = step.cursor;
    anchor_ = step.anchor;
    undo_.push_back(std::move(again));
    return true;
}

std::optional<TextRange> TextDocument::find(std::string_view what, bool forward, bool exact) const {
    if (what.empty() || what.size() > text_.size()) return std::nullopt;
    const std::size_t places = text_.size() - what.size() + 1;
    const std::size_t from = forward ? selection().to : selection().from;
    for (std::size_t i = 0; i < places; ++i) {
        const std::size_t at = forward ? (from + i) % places : (from + 2 * places - 1 - i) % places;
        const std::size_t start = forward && from >= places ? i : at;
        if (same(std::string_view(text_).substr(start, what.size()), what, exact)) return TextRange{start, start + what.size()};
    }
    return std::nullopt;
}

std::size_t TextDocument::count(std::string_view what, bool exact) const {
    std::size_t n = 0;
    if (what.empty()) return 0;
    for (std::size_t at = 0; at + what.size() <= text_.size();) {
        const bool hit = same(std::string_view(text_).substr(at, what.size()), what, exact);
        n += hit;
        at += hit ? what.size() : 1;
    }
    return n;
}

std::size_t TextDocument::replace_every(std::string_view what, std::string_view with, bool exact) {
    std::vector<Piece> pieces;
    if (what.empty()) return 0;
    for (std::size_t at = 0; at + what.size() <= text_.size();) {
        const bool hit = same(std::string_view(text_).substr(at, what.size()), what, exact);
        if (hit) pieces.push_back({at, what.size(), std::string(with)});
        at += hit ? what.size() : 1;
    }
    replace_all(pieces);
    return pieces.size();
}

TextRange TextDocument::word_at(std::size_t at) const {
    const auto inside = [&](std::size_t i) {
        const char c = text_[i];
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    std::size_t from = std::min(at, text_.size()), to = from;
    while (from > 0 && inside(from - 1)) --from;
    while (to < text_.size() && inside(to)) ++to;
    return {from, to};
}

}  // namespace sy::gui
