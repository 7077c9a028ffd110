// Fuzzy search, as a command palette wants it: the letters of each typed word occur in the text in that order, and texts
// where they begin words or stand together come first. No window, no language of its own: it compares code points, ASCII
// letters in either case.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace sy::gui {

struct FuzzyMatch {
    int score = 0;                // larger is better; comparable for the same query only
    std::vector<std::size_t> at;  // bytes of the text where a matched character begins, ascending
};

// Nothing: some word of the query is not in the text. An empty query matches everything with score 0.
std::optional<FuzzyMatch> fuzzy_match(std::string_view query, std::string_view text);

}  // namespace sy::gui
