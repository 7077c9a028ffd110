#include "sim/scenario/suggest.h"

#include <algorithm>
#include <array>

namespace sy::scn {
namespace {

constexpr std::size_t kLongest = 40;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

// Optimal string alignment: three rows of the usual table suffice, as a swap looks two rows back.
int edit_distance(std::string_view a, std::string_view b) {
    if (a.size() > kLongest || b.size() > kLongest) return static_cast<int>(kLongest);
    std::array<std::array<int, kLongest + 1>, 3> rows{};
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& two_above = rows[(i + 1) % 3];
        row[0] = static_cast<int>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const int replace = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + replace});
            const bool is_swap = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (is_swap) row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.size() % 3][b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    int best_distance = static_cast<int>(kLongest);
    for (const std::string_view candidate : known) {
        const int distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    const auto allowed = static_cast<int>((std::max(word.size(), best.size()) + 2) / 3);
    // With two letters of two wrong nothing of the word is left.
    const bool shares_nothing =
        best_distance >= static_cast<int>(std::min(word.size(), best.size()));
    if (best_distance > allowed || (shares_nothing && best_distance > 0)) return {};
    return std::string(best);
}

Text did_you_mean(const Text& kind, std::string_view word, std::string_view meant) {
    return {.en = text("unknown {0} '{1}'; did you mean '{2}'?", "", {kind.en, word, meant}).en,
            .zh = text("", "未知的{0} “{1}”；是不是想写 “{2}”？", {kind.zh, word, meant}).zh};
}

std::string listed(std::span<const std::string_view> words, std::size_t max) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i == max) return out + ", …";
        if (i > 0) out += ", ";
        out += words[i];
    }
    return out;
}

}  // namespace sy::scn
