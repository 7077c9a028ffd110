#include "sim/base/utf8.h"

namespace sy::utf8 {
namespace {

bool is_continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

std::size_t length_from_lead(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

struct Range {
    char32_t first, last;
};

// The blocks that terminals draw two columns wide and that a scenario is likely to hold (Unicode
// annex 11).
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                           {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                           {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

}  // namespace

Decoded decode(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = length_from_lead(lead);
    if (length == 1) return {.code = lead, .bytes = 1, .valid = true};
    if (length == 0) return {};
    char32_t code = lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text, at + i)) return {};
        code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fu);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < kSmallest[length] || code > 0x10ffff || is_surrogate) return {};
    return {.code = code, .bytes = length, .valid = true};
}

int width(char32_t code) {
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
    if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f)) return 0;
    for (const Range& range : kWide) {
        if (code >= range.first && code <= range.last) return 2;
    }
    return 1;
}

int width(std::string_view text) {
    int columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Decoded next = decode(text, at);
        columns += width(next.code);
        at += next.bytes;
    }
    return columns;
}

std::string printable(std::string_view text, std::size_t max_chars) {
    std::string out;
    std::size_t chars = 0;
    for (std::size_t at = 0; at < text.size(); ++chars) {
        if (chars == max_chars) return out + "…";
        const Decoded next = decode(text, at);
        const bool is_control = next.code < 0x20 || (next.code >= 0x7f && next.code < 0xa0);
        // Direction overrides could make a message read as something it does not say.
        const bool is_direction = (next.code >= 0x202a && next.code <= 0x202e) ||
                                  (next.code >= 0x2066 && next.code <= 0x2069);
        if (!next.valid || is_control || is_direction) {
            out += "\xef\xbf\xbd";
        } else {
            out += text.substr(at, next.bytes);
        }
        at += next.bytes;
    }
    return out;
}

}  // namespace sy::utf8
