// The palette table.
#include "gui/theme/theme.h"

#include "gui/compat.h"

namespace sy::gui {
namespace {

// #rrggbb as people write it.
constexpr ImU32 rgb(std::uint32_t hex) {
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

const Theme* current = &dark;
float current_scale = 1;
Fonts* current_fonts = nullptr;

ImVec4 vec(ImU32 color) { return ImGui::ColorConvertU32ToFloat4(color); }

void fill_colors(ImGuiStyle& style, const Theme& t) {
    const auto set = [&](ImGuiCol slot, ImU32 color) { style.Colors[slot] = vec(color); };
    if (t.id == ThemeId::dark) {
        ImGui::StyleColorsDark(&style);
    } else {
        ImGui::StyleColorsLight(&style);
    }
    set(ImGuiCol_Text, t.text);
    set(ImGuiCol_TextDisabled, t.quiet);
    set(ImGuiCol_WindowBg, t.panel);
    set(ImGuiCol_ChildBg, 0);
    set(ImGuiCol_PopupBg, t.card);
    set(ImGuiCol_Border, t.line);
    set(ImGuiCol_FrameBg, t.ground);
    set(ImGuiCol_FrameBgHovered, t.hover);
    set(ImGuiCol_FrameBgActive, t.hover);
    set(ImGuiCol_Button, t.card);
    set(ImGuiCol_ButtonHovered, t.hover);
    set(ImGuiCol_ButtonActive, t.selected);
    set(ImGuiCol_Header, t.selected);
    set(ImGuiCol_HeaderHovered, t.hover);
    set(ImGuiCol_HeaderActive, t.selected);
    set(ImGuiCol_CheckMark, t.running);
    set(ImGuiCol_SliderGrab, t.running);
    set(ImGuiCol_SliderGrabActive, t.running);
    set(ImGuiCol_Separator, t.line);
    set(ImGuiCol_SeparatorHovered, t.running);
    set(ImGuiCol_SeparatorActive, t.running);
    set(ImGuiCol_ScrollbarBg, 0);
    set(ImGuiCol_ScrollbarGrab, t.line);
    set(ImGuiCol_ScrollbarGrabHovered, t.sleeping);
    set(ImGuiCol_ScrollbarGrabActive, t.sleeping);
    set(ImGuiCol_TableHeaderBg, t.panel);
    set(ImGuiCol_TableBorderStrong, t.line);
    set(ImGuiCol_TableBorderLight, t.line);
    set(ImGuiCol_TableRowBg, 0);
    set(ImGuiCol_TableRowBgAlt, 0);
    set(ImGuiCol_TextSelectedBg, t.selected);
    set(compat::kNavColor, t.running);
    set(ImGuiCol_ModalWindowDimBg, fade(t.ground, 0.6F));
}

}  // namespace

const Theme& theme_of(ThemeId id) { return id == ThemeId::light ? light : dark; }

const Theme& theme() { return *current; }
float scale() { return current_scale; }

void set_fonts(Fonts* fonts) { current_fonts = fonts; }
Fonts& fonts() { return *current_fonts; }

void set_theme(ThemeId id, float scale) {
    current = &theme_of(id);
    current_scale = scale;
    ImGuiStyle& style = ImGui::GetStyle();
    style = ImGuiStyle();
    style.WindowPadding = {px(8), px(8)};
    style.FramePadding = {px(8), px(4)};
    style.CellPadding = {px(4), px(2)};
    style.ItemSpacing = {px(8), px(4)};
    style.ItemInnerSpacing = {px(4), px(4)};
    style.IndentSpacing = px(16);
    style.ScrollbarSize = px(10);
    style.GrabMinSize = px(12);
    style.WindowRounding = style.ChildRounding = style.FrameRounding = px(6);
    style.PopupRounding = style.ScrollbarRounding = style.GrabRounding = px(6);
    style.WindowBorderSize = 0;
    style.ChildBorderSize = style.PopupBorderSize = 1;
    style.FrameBorderSize = 0;
    style.DisabledAlpha = 0.45F;
    style.AntiAliasedLinesUseTex = false;
    fill_colors(style, *current);
}

ImU32 fade(ImU32 color, float alpha) {
    const float own = static_cast<float>(color >> 24);
    return (color & 0x00ffffffU) | static_cast<ImU32>(own * alpha + 0.5F) << 24;
}

ImU32 blend(ImU32 a, ImU32 b, float at) {
    ImU32 mixed = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        const auto from = static_cast<float>(a >> shift & 0xffU);
        const auto to = static_cast<float>(b >> shift & 0xffU);
        mixed |= static_cast<ImU32>(from + (to - from) * at + 0.5F) << shift;
    }
    return mixed;
}

bool parse_theme(std::string_view name, ThemeId& id) {
    if (name != "dark" && name != "light") return false;
    id = name == "dark" ? ThemeId::dark : ThemeId::light;
    return true;
}

}  // namespace sy::gui
