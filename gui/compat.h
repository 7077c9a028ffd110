// Where Dear ImGui 1.86 (Debian 12) and 1.92 and later differ, it is hidden here; everything else
// in gui/ stays within what both accept.
//
// Two traps that the rest of the code avoids by not using them at all: in 1.86
// `IsKeyPressed(ImGuiKey_X)` compiles but takes a native key number, so keys come from
// gui/platform/keys.h; and the 1.92 atlas rasterises glyphs when they are first drawn, while 1.86
// must be told every glyph before, so fonts come from gui/platform/fonts.h.
#pragma once

#include <imgui.h>

namespace sy::gui::compat {

constexpr bool kDynamicGlyphs = IMGUI_VERSION_NUM >= 19200;

// The size in pixels that the font was made for.
inline float font_size(const ImFont* font) {
#if IMGUI_VERSION_NUM >= 19200
    return font->LegacySize;
#else
    return font->FontSize;
#endif
}

inline void push_font(ImFont* font) {
#if IMGUI_VERSION_NUM >= 19200
    ImGui::PushFont(font, font->LegacySize);
#else
    ImGui::PushFont(font);
#endif
}

inline ImVec2 text_size(ImFont* font, const char* begin, const char* end) {
    if (begin == end) return {0, font_size(font)};  // ImGui takes a null pointer for a missing end
    return font->CalcTextSizeA(font_size(font), FLT_MAX, 0.0F, begin, end);
}

inline bool has_glyph(ImFont* font, ImWchar code) {
#if IMGUI_VERSION_NUM >= 19200
    return font->IsGlyphInFont(code);
#else
    return font->FindGlyphNoFallback(code) != nullptr;
#endif
}

// Makes the atlas ready after fonts were added. The 1.92 backends do it by themselves. `width` is a
// hint for the texture.
inline void build_atlas(ImFontAtlas& atlas, int width) {
#if IMGUI_VERSION_NUM < 19200
    atlas.TexDesiredWidth = width;
    atlas.Build();
#else
    (void)atlas;
    (void)width;
#endif
}

// Lets ImGui run without a renderer, for tests of layout.
inline void pretend_renderer() {
#if IMGUI_VERSION_NUM < 19200
    ImGui::GetIO().Fonts->SetTexID({});
#else
    ImGui::GetIO().BackendFlags |= ImGuiBackendFlags_RendererHasTextures;
#endif
}

// What a hand would do between two frames, for flights without a screen.
inline void pretend_mouse(ImVec2 at, float wheel, bool shift) {
    ImGuiIO& io = ImGui::GetIO();
#if IMGUI_VERSION_NUM >= 18700
    io.AddKeyEvent(ImGuiMod_Shift, shift);
    io.AddMousePosEvent(at.x, at.y);
    io.AddMouseWheelEvent(0, wheel);
#else
    io.KeyShift = shift;
    io.MousePos = at;
    io.MouseWheel = wheel;
#endif
}

#if IMGUI_VERSION_NUM >= 19140
constexpr ImGuiCol kNavColor = ImGuiCol_NavCursor;
constexpr ImGuiSelectableFlags kKeepPopup = ImGuiSelectableFlags_NoAutoClosePopups;
#else
constexpr ImGuiCol kNavColor = ImGuiCol_NavHighlight;
constexpr ImGuiSelectableFlags kKeepPopup = ImGuiSelectableFlags_DontClosePopups;
#endif

}  // namespace sy::gui::compat
