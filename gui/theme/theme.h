// Colours and measures of the window, one table for each theme. A colour stands for a meaning,
// never for itself, and every meaning has a glyph or a shape beside its colour.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <string_view>

#include "gui/platform/fonts.h"

namespace sy::gui {

enum class ThemeId : std::uint8_t { dark, light };

// Colours as ImGui packs them. The state colours are the Okabe-Ito set, chosen to be told apart
// with the common colour-vision deficiencies.
struct Theme {
    ThemeId id;
    // States on lanes and in task marks.
    ImU32 running, runnable, sleeping, irq, softirq, syscall;
    // What moves in this step, and the cursor.
    ImU32 moving;
    // What a switch does with a context.
    ImU32 kept, saved, replaced;
    // Surfaces, from the back to the front, and the lines between them.
    ImU32 ground, panel, card, line;
    ImU32 text, quiet;
    // Derived: the row that is selected or under the mouse, the main button, text upon a state
    // colour.
    ImU32 selected, hover, accent, on_accent, on_state, sentence, sentence_line;
    // The parts of an address space, as bars: text, data, heap, mapped files, stacks.
    ImU32 area_text, area_data, area_heap, area_map, area_stack;
};

const Theme& theme_of(ThemeId id);

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

// "dark", "light".
bool parse_theme(std::string_view name, ThemeId& id);

}  // namespace sy::gui
