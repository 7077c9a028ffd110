// The colours of every meaning, one table for each theme, as plain numbers: the window and the pictures that are drawn
// without one (SVG, the HTML report) use the same. A colour stands for a meaning, never for itself, and every meaning has
// a glyph or a shape beside its colour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sy::gui {

// 0xAABBGGRR, as ImGui packs them.
using Color = std::uint32_t;

enum class ThemeId : std::uint8_t { dark, light, contrast };
constexpr std::size_t kThemes = 3;

// The state colours began as the Okabe-Ito set; each was then moved as little as needed for every pair to stay apart
// under simulated protanopia, deuteranopia and tritanopia, and for text to be readable (tests/gui/palette_test.cpp).
struct Theme {
    ThemeId id;
    // States on lanes and in task marks.
    Color running, runnable, sleeping, irq, softirq, syscall;
    // What moves in this step, and the cursor.
    Color moving;
    // What a switch does with a context.
    Color kept, saved, replaced;
    // Surfaces, from the back to the front, and the lines between them.
    Color ground, panel, card, line;
    Color text, quiet;
    // Derived: the row that is selected or under the mouse, the main button, text upon a state
    // colour.
    Color selected, hover, accent, on_accent, on_state, sentence, sentence_line;
    // The parts of an address space, as bars: text, data, heap, mapped files, stacks.
    Color area_text, area_data, area_heap, area_map, area_stack;
};

const Theme& theme_of(ThemeId id);

// "dark", "light", "contrast"; the one after it in turn.
std::string_view theme_name(ThemeId id);
ThemeId next_theme(ThemeId id);
bool parse_theme(std::string_view name, ThemeId& id);
// "#56b4e9".
std::string hex_color(Color color);

}  // namespace sy::gui
