// The style of ImGui in a theme, and what is derived from it.
#include "gui/theme/theme.h"

#include "gui/compat.h"

namespace sy::gui {
namespace {

const Theme* current = &theme_of(ThemeId::dark);
float current_scale = 1;
Fonts* current_fonts = nullptr;

ImVec4 vec(ImU32 color) { return ImGui::ColorConvertU32ToFloat4(color); }

void fill_colors(ImGuiStyle& style, const Theme& t) {
    const auto set = [&](ImGuiCol slot, ImU32 color) { style.Colors[slot] = vec(color); };
    if (t.id != ThemeId::light) {
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

}  // namespace sy::gui
