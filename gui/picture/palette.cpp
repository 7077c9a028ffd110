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
    .running = rgb(0x57b5ea),
    .runnable = rgb(0xe8a100),
    .sleeping = rgb(0x778089),
    .irq = rgb(0xe36b19),
    .softirq = rgb(0xdb88b6),
    .syscall = rgb(0x009f74),
    .moving = rgb(0xf0e442),
    .kept = rgb(0x7fc8a9),
    .saved = rgb(0xf2c14e),
    .replaced = rgb(0xef8a62),
    .ground = rgb(0x14171c),
    .panel = rgb(0x1b1f26),
    .card = rgb(0x222730),
    .line = rgb(0x323945),
    .text = rgb(0xe6e9ee),
    .quiet = rgb(0x9faab9),
    .selected = rgb(0x24405a),
    .hover = rgb(0x2a313c),
    .accent = rgb(0x2b4a66),
    .on_accent = rgb(0xe6f3fc),
    .on_state = rgb(0x10151b),
    .sentence = rgb(0x1f2d38),
    .sentence_line = rgb(0x35536b),
    .area_text = rgb(0x2d4b6d),
    .area_data = rgb(0x2f4a31),
    .area_heap = rgb(0x5b5732),
    .area_map = rgb(0x373941),
    .area_stack = rgb(0x76574f),
};

constexpr Theme light = {
    .id = ThemeId::light,
    .running = rgb(0x006fb3),
    .runnable = rgb(0x936200),
    .sleeping = rgb(0x707774),
    .irq = rgb(0x8c2600),
    .softirq = rgb(0xa44387),
    .syscall = rgb(0x016546),
    .moving = rgb(0x806932),
    .kept = rgb(0x1d7a56),
    .saved = rgb(0x936100),
    .replaced = rgb(0x8e2000),
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
    .area_text = rgb(0xb3cde8),
    .area_data = rgb(0xceefdb),
    .area_heap = rgb(0xe8e0b3),
    .area_map = rgb(0xd2d6de),
    .area_stack = rgb(0xe8c8b8),
};

// For weak eyes and bad projectors: black, white, and lines one sees. Text stands 7:1 from its ground everywhere.
constexpr Theme contrast = {
    .id = ThemeId::contrast,
    .running = rgb(0x34a3f4),
    .runnable = rgb(0xffb000),
    .sleeping = rgb(0x8d9896),
    .irq = rgb(0xff7a3d),
    .softirq = rgb(0xd897d2),
    .syscall = rgb(0x35d99b),
    .moving = rgb(0xffff00),
    .kept = rgb(0x8ff0c8),
    .saved = rgb(0xffd766),
    .replaced = rgb(0xff9e7a),
    .ground = rgb(0x000000),
    .panel = rgb(0x000000),
    .card = rgb(0x0a0a0a),
    .line = rgb(0xb8c0cc),
    .text = rgb(0xffffff),
    .quiet = rgb(0xd6dce4),
    .selected = rgb(0x003a66),
    .hover = rgb(0x262626),
    .accent = rgb(0x003a66),
    .on_accent = rgb(0xffffff),
    .on_state = rgb(0x000000),
    .sentence = rgb(0x001a2e),
    .sentence_line = rgb(0xffffff),
    .area_text = rgb(0x123f80),
    .area_data = rgb(0x0f6634),
    .area_heap = rgb(0x695700),
    .area_map = rgb(0x4c4c4d),
    .area_stack = rgb(0x6a2100),
};

struct Named {
    ThemeId id;
    std::string_view name;
};
constexpr Named names[kThemes] = {{ThemeId::dark, "dark"}, {ThemeId::light, "light"}, {ThemeId::contrast, "contrast"}};

}  // namespace

const Theme& theme_of(ThemeId id) {
    return id == ThemeId::light ? light : id == ThemeId::contrast ? contrast : dark;
}

std::string_view theme_name(ThemeId id) { return names[static_cast<std::size_t>(id)].name; }

ThemeId next_theme(ThemeId id) { return static_cast<ThemeId>((static_cast<std::size_t>(id) + 1) % kThemes); }

bool parse_theme(std::string_view name, ThemeId& id) {
    for (const Named& each : names) {
        if (each.name != name) continue;
        id = each.id;
        return true;
    }
    return false;
}

std::string hex_color(Color color) {
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", color & 0xffU, color >> 8 & 0xffU, color >> 16 & 0xffU);
    return text;
}

}  // namespace sy::gui
