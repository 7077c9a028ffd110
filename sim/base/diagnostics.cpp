#include "sim/base/diagnostics.h"

#include <algorithm>
#include <tuple>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"

namespace sy {
namespace {

constexpr int kLineColumns = 100;  // a longer line is cut around the caret

std::string_view line_of(std::string_view source, std::int32_t line) {
    if (line < 1) return {};
    std::size_t begin = 0;
    for (std::int32_t i = 1; i < line; ++i) {
        begin = source.find('\n', begin);
        if (begin == std::string_view::npos) return {};
        ++begin;
    }
    std::string_view text = source.substr(begin, source.find('\n', begin) - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (line == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    return text;
}

// One character of the offending line, as it is shown.
struct Cell {
    std::string shown;
    int columns = 1;
};

std::vector<Cell> cells_of(std::string_view line) {
    std::vector<Cell> cells;
    for (std::size_t at = 0; at < line.size();) {
        const utf8::Decoded next = utf8::decode(line, at);
        const std::string_view bytes = line.substr(at, next.bytes);
        const std::string shown = bytes == "\t" ? " " : utf8::printable(bytes, 1);
        cells.push_back({.shown = shown, .columns = utf8::width(shown)});
        at += next.bytes;
    }
    return cells;
}

Text severity_word(Severity severity) {
    switch (severity) {
        case Severity::error:
            return {.en = "error: ", .zh = "错误："};
        case Severity::warning:
            return {.en = "warning: ", .zh = "警告："};
        case Severity::note:
            return {.en = "note: ", .zh = "说明："};
    }
    return {};
}

std::string counted(int count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace

std::string Diagnostic::headline(std::string_view file, Lang lang) const {
    std::string out(file);
    if (pos.line > 0) out += ":" + std::to_string(pos.line) + ":" + std::to_string(pos.column);
    return out + ": " + severity_word(severity).in(lang) + message.in(lang);
}

void Diagnostics::add(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::error) ++errors_;
    if (diagnostic.severity == Severity::warning) ++warnings_;
    last_was_dropped_ = list_.size() >= static_cast<std::size_t>(limits::diagnostics);
    if (!last_was_dropped_) list_.push_back(std::move(diagnostic));
}

void Diagnostics::error(SourcePos pos, Text message, std::string replacement) {
    add({.severity = Severity::error,
         .pos = pos,
         .message = std::move(message),
         .replacement = std::move(replacement)});
}

void Diagnostics::warning(SourcePos pos, Text message, std::string replacement) {
    add({.severity = Severity::warning,
         .pos = pos,
         .message = std::move(message),
         .replacement = std::move(replacement)});
}

void Diagnostics::note(SourcePos pos, Text message) {
    if (last_was_dropped_) return;
    list_.push_back({.severity = Severity::note,
                     .pos = pos,
                     .message = std::move(message),
                     .replacement = {},
                     .explains_last = true});
}

void Diagnostics::sort() {
    // A message and its notes move together.
    std::vector<std::vector<Diagnostic>> groups;
    for (Diagnostic& diagnostic : list_) {
        if (!diagnostic.explains_last || groups.empty()) groups.emplace_back();
        groups.back().push_back(std::move(diagnostic));
    }
    const auto place = [](const std::vector<Diagnostic>& group) {
        return std::tuple(group[0].pos.line, group[0].pos.column);
    };
    std::stable_sort(groups.begin(), groups.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
    list_.clear();
    std::tuple<std::int32_t, std::int32_t> last_error{-1, -1};
    for (std::vector<Diagnostic>& group : groups) {
        if (group[0].severity == Severity::error && group[0].pos.line > 0) {
            if (place(group) == last_error) {
                --errors_;
                continue;
            }
            last_error = place(group);
        }
        for (Diagnostic& diagnostic : group) list_.push_back(std::move(diagnostic));
    }
}

std::string caret_lines(std::string_view source, SourcePos pos) {
    const std::string_view line = line_of(source, pos.line);
    if (line.empty() || pos.column < 1) return {};
    // Only the part around the place is worth looking at, and a line may be megabytes long.
    const std::size_t near_by = 4 * (static_cast<std::size_t>(pos.column) + 2 * kLineColumns);
    const std::vector<Cell> cells = cells_of(line.substr(0, near_by));
    const auto caret = std::min(static_cast<std::size_t>(pos.column - 1), cells.size());
    const std::size_t first = caret > kLineColumns * 3 / 4 ? caret - kLineColumns / 2 : 0;

    std::string shown = first > 0 ? "…" : "";
    std::string below = first > 0 ? " " : "";
    int columns = 0;
    const auto last_marked = caret + static_cast<std::size_t>(std::max(pos.length, 1));
    for (std::size_t i = first; i < cells.size(); ++i) {
        if (columns + cells[i].columns > kLineColumns) {
            shown += "…";
            break;
        }
        columns += cells[i].columns;
        shown += cells[i].shown;
        const bool is_marked = i >= caret && i < last_marked;
        if (is_marked || i < caret)
            below.append(static_cast<std::size_t>(cells[i].columns), is_marked ? '~' : ' ');
        if (i == caret && !below.empty())
            below[below.size() - static_cast<std::size_t>(cells[i].columns)] = '^';
    }
    if (caret >= cells.size()) below += "^";
    return "  " + shown + "\n  " + below + "\n";
}

std::string Diagnostics::render(std::string_view file, std::string_view source, Lang lang) const {
    std::string out;
    for (const Diagnostic& diagnostic : list_) {
        out += diagnostic.headline(file, lang) + "\n";
        if (diagnostic.pos.line > 0) out += caret_lines(source, diagnostic.pos);
    }
    const int shown = static_cast<int>(std::count_if(
        list_.begin(), list_.end(), [](const auto& d) { return d.severity != Severity::note; }));
    const int hidden = errors_ + warnings_ - shown;
    if (hidden > 0) {
        const std::string count = std::to_string(hidden);
        out += text("… and {0} more like these\n", "……还有 {0} 条\n", {count}).in(lang);
    }
    if (errors_ + warnings_ < 2) return out;
    const std::string both =
        counted(errors_, "error") + ", " + counted(warnings_, "warning") + "\n";
    return out + text(both, "{0} 个错误，{1} 个警告\n",
                      {std::to_string(errors_), std::to_string(warnings_)})
                     .in(lang);
}

}  // namespace sy
