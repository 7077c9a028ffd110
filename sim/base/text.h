// Words for people, in the two languages Switchyard speaks. Whoever makes a message writes both at
// once, so that no text can be forgotten; whoever shows it chooses.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sy {

enum class Lang : std::uint8_t { en, zh };

// One message in both languages, UTF-8.
struct Text {
    std::string en;
    std::string zh;

    const std::string& in(Lang lang) const { return lang == Lang::zh ? zh : en; }
    friend bool operator==(const Text&, const Text&) = default;
};

// Fills `{0}`, `{1}`… of both patterns with the arguments. Word order differs between the
// languages, so the places are numbered. A place without an argument stays as it is.
Text text(std::string_view en, std::string_view zh,
          std::initializer_list<std::string_view> args = {});

}  // namespace sy
