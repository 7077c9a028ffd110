// The matcher: for each word of the query the best placing of its characters, by dynamic programming over (character of
// the word, character of the text).
#include "gui/model/fuzzy.h"

#include <algorithm>

#include "sim/base/utf8.h"

namespace sy::gui {
namespace {

constexpr int kEach = 10, kWordStart = 12, kTogether = 14, kFirst = 6, kGap = 1, kMostGap = 8;
constexpr int kNever = -1'000'000;
constexpr std::size_t kLongest = 200;  // characters of a text that are looked at

struct Character {
    char32_t code;
    std::size_t byte;
    bool starts_word;
};

char32_t lower(char32_t c) { return c >= U'A' && c <= U'Z' ? c + 32 : c; }
bool is_word(char32_t c) { return c >= 0x80 || (c >= U'0' && c <= U'9') || (lower(c) >= U'a' && lower(c) <= U'z'); }

std::vector<Character> characters(std::string_view text) {
    std::vector<Character> out;
    char32_t before = U' ';
    for (std::size_t at = 0; at < text.size() && out.size() < kLongest;) {
        const utf8::Decoded d = utf8::decode(text, at);
        // Every Chinese character begins a word.
        out.push_back({lower(d.code), at, is_word(d.code) && (!is_word(before) || d.code >= 0x2e80)});
        before = d.code;
        at += std::max<std::size_t>(d.bytes, 1);
    }
    return out;
}

// The best placing of one word; false: it is not there.
bool place(const std::vector<Character>& word, const std::vector<Character>& text, FuzzyMatch& match) {
    const std::size_t n = word.size(), m = text.size();
    if (n == 0) return true;
    if (n > m) return false;
    // best[i][j]: score of word[0..i] with word[i] on text[j]; from[i][j]: where word[i-1] stands then.
    std::vector<int> best(n * m, kNever);
    std::vector<std::size_t> from(n * m, 0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i; j < m; ++j) {
            if (word[i].code != text[j].code) continue;
            const int own = kEach + (text[j].starts_word ? kWordStart : 0) + (j == 0 ? kFirst : 0);
            if (i == 0) {
                best[j] = own - std::min<int>(static_cast<int>(j) * kGap, kMostGap);
                continue;
            }
            for (std::size_t k = i - 1; k < j; ++k) {
                const int before = best[(i - 1) * m + k];
                if (before == kNever) continue;
                const int gap = static_cast<int>(j - k - 1);
                const int score = before + own + (gap == 0 ? kTogether : -std::min(gap * kGap, kMostGap));
                if (score > best[i * m + j]) {
                    best[i * m + j] = score;
                    from[i * m + j] = k;
                }
            }
        }
    }
    const auto last = best.begin() + static_cast<std::ptrdiff_t>((n - 1) * m);
    const auto top = std::max_element(last, best.end());
    if (*top == kNever) return false;
    match.score += *top;
    std::size_t j = static_cast<std::size_t>(top - last);
    for (std::size_t i = n; i-- > 0;) {
        match.at.push_back(text[j].byte);
        j = from[i * m + j];
    }
    return true;
}

}  // namespace

std::optional<FuzzyMatch> fuzzy_match(std::string_view query, std::string_view text) {
    FuzzyMatch match;
    const std::vector<Character> there = characters(text);
    std::vector<Character> word;
    const auto flush = [&] {
        const bool found = place(word, there, match);
        word.clear();
        return found;
    };
    for (const Character& c : characters(query)) {
        if (c.code == U' ') {
            if (!flush()) return std::nullopt;
        } else {
            word.push_back(c);
        }
    }
    if (!flush()) return std::nullopt;
    std::sort(match.at.begin(), match.at.end());
    match.at.erase(std::unique(match.at.begin(), match.at.end()), match.at.end());
    if (!match.at.empty()) match.score -= static_cast<int>(there.size()) / 8;  // of two alike, the shorter
    return match;
}

}  // namespace sy::gui
