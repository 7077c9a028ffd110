// A string as JSON writes it, quotes included; bytes that are not UTF-8 become the replacement
// character.
#pragma once

#include <string>
#include <string_view>

namespace sy {

std::string json_text(std::string_view text);

}  // namespace sy
