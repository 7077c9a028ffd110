#include "sim/base/text.h"

namespace sy {
namespace {

std::string fill(std::string_view pattern, std::initializer_list<std::string_view> args) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool is_place = pattern[i] == '{' && i + 2 < pattern.size() &&
                              pattern[i + 2] == '}' && pattern[i + 1] >= '0' &&
                              pattern[i + 1] <= '9';
        const auto index = is_place ? static_cast<std::size_t>(pattern[i + 1] - '0') : 0;
        if (is_place && index < args.size()) {
            out += args.begin()[index];
            i += 2;
        } else {
            out += pattern[i];
        }
    }
    return out;
}

}  // namespace

Text text(std::string_view en, std::string_view zh, std::initializer_list<std::string_view> args) {
    return {.en = fill(en, args), .zh = fill(zh, args)};
}

}  // namespace sy
