// The palette tables.
#include "gui/picture/palette.h"

#include <cstdio>

namespace sy::gui {
namespace {

// #rrggbb as people write it.
constexpr Color rgb(std::uint32_t hex) {
    return 0xff000000U | (hex & 0xffU) << 16 | (hex & 0xff00U) | (hex >> 16 & 0xffU);
}

constexpr Theme dark = {
    .id = ThemeId::dark,
    .running = rgb(0x56b4e9),
    .runnable = rgb(0xe69f00),
    .sleeping = rgb(0x5b6573),
    .irq = rgb(0xd55e00),
    .softirq = rgb(0xcc79a7),
    .syscall = rgb(0x009e73),
    .moving = rgb(0xf0e442),
    .kept = rgb(0x7fc8a9),
    .saved = rgb(0xf2c14e),
    .replaced = rgb(0xef8a62),
    .ground = rgb(0x14171c),
    .panel = rgb(0x1b1f26),
    .card = rgb(0x222730),
    .line = rgb(0x323945),
    .text = rgb(0xe6e9ee),
    .quiet = rgb(0x9aa4b2),
    .selected = rgb(0x24405a),
    .hover = rgb(0x2a313c),
    .accent = rgb(0x2b4a66),
    .on_accent = rgb(0xe6f3fc),
    .on_state = rgb(0x10151b),
    .sentence = rgb(0x1f2d38),
    .sentence_line = rgb(0x35536b),
    .area_text = rgb(0x2f4a6b),
    .area_data = rgb(0x37563f),
    .area_heap = rgb(0x57512f),
    .area_map = rgb(0x3a404c),
    .area_stack = rgb(0x6a4a3a),
};

constexpr Theme light = {
    .id = ThemeId::light,
    .running = rgb(0x0072b2),
    .runnable = rgb(0xb87800),
    .sleeping = rgb(0x8a94a3),
    .irq = rgb(0xb34700),
    .softirq = rgb(0xa3457c),
    .syscall = rgb(0x00795a),
    .moving = rgb(0x8a6d00),
    .kept = rgb(0x1d7a56),
    .saved = rgb(0x946200),
    .replaced = rgb(0xb3401b),
    .ground = rgb(0xffffff),
    .panel = rgb(0xf5f6f8),
    .card = rgb(0xeceef2),
    .line = rgb(0xcfd5de),
    .text = rgb(0x171a1f),
    .quiet = rgb(0x586172),
    .selected = rgb(0xcfe3f2),
    .hover = rgb(0xdfe4ea),
    .accent = rgb(0x0072b2),
    .on_accent = rgb(0xffffff),
    .on_state = rgb(0xffffff),
    .sentence = rgb(0xe4eff7),
    .sentence_line = rgb(0x9dc3dd),
    .area_text = rgb(0xbcd3ec),
    .area_data = rgb(0xc2e0c9),
    .area_heap = rgb(0xe6dfb4),
    .area_map = rgb(0xd8dce3),
    .area_stack = rgb(0xecd0c0),
};

}  // namespace

const Theme& theme_of(ThemeId id) { return id == ThemeId::light ? light : dark; }

bool parse_theme(std::string_view name, ThemeId& id) {
    if (name != "dark" && name != "light") return false;
    id = name == "dark" ? ThemeId::dark : ThemeId::light;
    return true;
}

std::string hex_color(Color color) {
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", color & 0xffU, color >> 8 & 0xffU, color >> 16 & 0xffU);
    return text;
}

}  // namespace sy::gui
