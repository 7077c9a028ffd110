// The table of terms, looked up.
#include "sim/report/glossary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/utf8.h"
#include "sim/scenario/suggest.h"

namespace sy {
namespace {

constexpr GlossaryTerm rows[] = {
#define SY_TERM(name, name_zh, also, en, zh, lesson, shown) {name, name_zh, also, en, zh, lesson, shown},
#include "sim/report/glossary.inc"
#undef SY_TERM
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool alike(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool by_name(const GlossaryTerm& a, const GlossaryTerm& b) {
    return std::lexicographical_compare(a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
                                        [](char x, char y) { return lower(x) < lower(y); });
}

// Calls `see` with every spelling until it answers true.
template <typename See>
bool any_spelling(const GlossaryTerm& term, const See& see) {
    if (see(term.name) || (term.name_zh != term.name && see(term.name_zh))) return true;
    for (std::string_view rest = term.also; !rest.empty();) {
        const std::size_t stop = rest.find('|');
        if (see(rest.substr(0, stop))) return true;
        rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
    }
    return false;
}

// Does `word` stand in `text` over byte `at`, as a word of its own?
bool stands_at(std::string_view text, std::size_t at, std::string_view word) {
    if (word.empty() || word.size() > text.size()) return false;
    const std::size_t first = at + 1 > word.size() ? at + 1 - word.size() : 0;
    for (std::size_t start = first; start <= at && start + word.size() <= text.size(); ++start) {
        if (!alike(text.substr(start, word.size()), word)) continue;
        if (!is_ascii(word)) return true;  // Chinese has no spaces between words
        std::size_t end = start + word.size();
        // A plural.
        if (alike(text.substr(std::min(end, text.size()), 2), "es")) end += 2;
        else if (end < text.size() && lower(text[end]) == 's') ++end;
        const bool begins = start == 0 || !is_letter(text[start - 1]);
        const bool ends = end >= text.size() || !is_letter(text[end]);
        if (begins && ends) return true;
    }
    return false;
}

}  // namespace

std::span<const GlossaryTerm> glossary() {
    static const std::vector<GlossaryTerm> sorted = [] {
        std::vector<GlossaryTerm> all(std::begin(rows), std::end(rows));
        std::sort(all.begin(), all.end(), by_name);
        return all;
    }();
    return sorted;
}

const GlossaryTerm* find_term(std::string_view word) {
    for (const GlossaryTerm& term : glossary()) {
        if (any_spelling(term, [&](std::string_view spelling) { return alike(spelling, word); })) return &term;
    }
    return nullptr;
}

const GlossaryTerm* term_at(std::string_view text, std::size_t at) {
    const GlossaryTerm* best = nullptr;
    std::size_t longest = 0;
    if (at >= text.size()) return nullptr;
    for (const GlossaryTerm& term : glossary()) {
        any_spelling(term, [&](std::string_view spelling) {
            if (spelling.size() > longest && stands_at(text, at, spelling)) {
                best = &term;
                longest = spelling.size();
            }
            return false;
        });
    }
    return best;
}

std::string nearest_term(std::string_view word) {
    std::vector<std::string_view> names;
    for (const GlossaryTerm& term : glossary())
        any_spelling(term, [&](std::string_view spelling) {
            names.push_back(spelling);
            return false;
        });
    std::string found = scn::nearest(word, names);
    for (const std::string_view name : names) {  // a part of a name is meant more often than a slip
        if (found.empty() && word.size() >= 3 && name.find(word) != std::string_view::npos) found = name;
    }
    return found;
}

std::string term_as_text(const GlossaryTerm& term, Lang lang) {
    const bool zh = lang == Lang::zh;
    std::string out(zh ? term.name_zh : term.name);
    if (term.name != term.name_zh) out.append(zh ? "（" : " (").append(zh ? term.name : term.name_zh).append(zh ? "）" : ")");
    out.append("\n  ").append(zh ? term.zh : term.en);
    out.append("\n  ").append(zh ? "见课程：" : "Shown in: ").append("scenarios/").append(term.lesson).append(".scn\n");
    return out;
}

std::string glossary_as_text(Lang lang) {
    std::string out;
    for (const GlossaryTerm& term : glossary()) out += term_as_text(term, lang);
    return out;
}

std::string glossary_as_json(std::span<const GlossaryTerm> terms) {
    nlohmann::json all = nlohmann::json::array();
    for (const GlossaryTerm& term : terms) {
        nlohmann::json also = nlohmann::json::array();
        for (std::string_view rest = term.also; !rest.empty();) {
            const std::size_t stop = rest.find('|');
            also.push_back(rest.substr(0, stop));
            rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
        }
        all.push_back({{"name", {{"en", term.name}, {"zh", term.name_zh}}},
                       {"also", std::move(also)},
                       {"meaning", {{"en", term.en}, {"zh", term.zh}}},
                       {"lesson", std::string(term.lesson) + ".scn"}});
    }
    return nlohmann::json{{"terms", std::move(all)}}.dump(2) + "\n";
}

}  // namespace sy
