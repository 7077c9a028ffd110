// Colours and measures of the window, one table for each theme. A colour stands for a meaning,
// never for itself, and every meaning has a glyph or a shape beside its colour.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <string_view>

#include "gui/picture/palette.h"
#include "gui/platform/fonts.h"

namespace sy::gui {

// The theme and scale in force while a frame is drawn. They live as long as the ImGui context does,
// like ImGui's own style; set_theme also fills that style.
const Theme& theme();
void set_theme(ThemeId id, float scale);
float scale();

// Pixels for a measure given at scale 1. Measures are multiples of 4 where nothing speaks against
// it.
inline float px(float at_scale_1) {
    return static_cast<float>(static_cast<int>(at_scale_1 * scale() + 0.5F));
}

// The fonts in force; set once by whoever owns them.
void set_fonts(Fonts* fonts);
Fonts& fonts();
inline ImFont* font(Face face, Size size = Size::base) { return fonts().get(face, size); }

// The same colour, more transparent; `alpha` from 0 to 1.
ImU32 fade(ImU32 color, float alpha);
// Between two colours; 0 is `a`, 1 is `b`.
ImU32 blend(ImU32 a, ImU32 b, float at);

}  // namespace sy::gui
