// The parts that every panel is made of: text in three sizes, buttons, chips, cards with bands,
// value rows, tabs, tooltips. They carry the look (window.md) so that panels only say what to show.
//
// Text that does not fit either ends in an ellipsis and shows whole on hover (`fit`, table cells,
// titles), or wraps
// (`paragraph`). Text that is cut without our having planned it is reported by overflows(), and a
// test asserts that there is none. Nothing here allocates per call except where a text must be
// shortened.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gui/platform/keys.h"
#include "gui/model/figures.h"
#include "gui/theme/theme.h"
#include "sim/base/types.h"

namespace sy::gui {

// ---- once a frame, by the application
// ------------------------------------------------------------------------

struct Overflow {
    std::string where;  // the panel and card it happened in
    std::string text;
    float width = 0, available = 0;
};

// `now` is seconds of shown time: tooltips and nothing else use it.
void begin_ui_frame(double now);
// Texts of this frame that were cut although nobody asked for it.
const std::vector<Overflow>& overflows();
// Names the place for overflow reports; nests.
struct PlaceName {
    explicit PlaceName(std::string_view name);
    ~PlaceName();
    PlaceName(const PlaceName&) = delete;
    PlaceName& operator=(const PlaceName&) = delete;
};
// Seconds until a tooltip that is about to appear needs a frame; negative: none.
double ui_wants_frame_in();

// ---- text
// ----------------------------------------------------------------------------------------------------

struct TextStyle {
    Face face = Face::text;
    Size size = Size::base;
    ImU32 color = 0;  // 0: the theme's text
};
inline TextStyle quiet_text(Size size = Size::base) { return {Face::text, size, theme().quiet}; }
inline TextStyle strong_text(Size size = Size::base) { return {Face::strong, size, 0}; }
inline TextStyle mono_text(Size size = Size::small) { return {Face::mono, size, 0}; }

ImVec2 measure(std::string_view text, const TextStyle& style = {});
float line_height(const TextStyle& style = {});

// One line as an ImGui item; it is a mistake if it does not fit, and reported.
void label(std::string_view text, const TextStyle& style = {});
// One line within `width` pixels; longer text ends in an ellipsis and shows whole on hover. Returns
// whether it was shortened. width <= 0: what is left of the line.
bool fit(std::string_view text, float width, const TextStyle& style = {});
// Wrapped at `width` (<= 0: what is left), between words and between Chinese characters.
struct Span {
    std::string_view text;
    TextStyle style;
};
void paragraph(std::string_view text, const TextStyle& style = {}, float width = 0);
void paragraph(std::initializer_list<Span> spans, float width = 0);
// The height a paragraph would take.
float paragraph_height(std::span<const Span> spans, float width);

// Without an item, at a place, for painters. `fit_at` shortens to `width` and tells the tooltip.
void draw_text(ImDrawList& list, ImVec2 at, std::string_view text, const TextStyle& style = {});
bool fit_at(ImDrawList& list, ImVec2 at, float width, std::string_view text,
            const TextStyle& style = {});
// The text shortened to `width`, with its ellipsis.
std::string shorten(std::string_view text, float width, const TextStyle& style = {});

// ---- hover
// ---------------------------------------------------------------------------------------------------

// Shows `text` beside the mouse when the last item has been under it for 400 ms.
void tooltip(std::string_view text);
// The same for a rectangle that is no item.
void tooltip_at(ImVec2 min, ImVec2 max, std::string_view text);

// Every text that is drawn teaches: when the mouse rests on a word of the glossary, its meaning is shown (added to the
// tooltip that is there). Called once at the end of a frame.
void teach_hovered();
// The name of that term, of the last frame; empty: none.
std::string_view hovered_term();

// ---- controls
// ------------------------------------------------------------------------------------------------

enum class Look : std::uint8_t { plain, primary, selected, ghost };
// A button as wide as its text; true when pressed.
bool button(const char* id, std::string_view text, Look look = Look::plain, bool enabled = true);
// How wide such a button is.
float button_width(std::string_view text);
// Every button and chip button of the last frame, in the order drawn, so that the command palette can press what the mouse
// can. press_control(i) makes the one with that number answer true in the next frame.
struct Control {
    std::uint32_t id = 0;
    std::string place, text;
};
const std::vector<Control>& controls();
void press_control(std::uint32_t id);
// A small rounded word. As a button: true when pressed. `outline` 0: the theme's line.
void chip(std::string_view text, ImU32 outline = 0, ImU32 color = 0);
bool chip_button(const char* id, std::string_view text, bool selected = false);
// Chips side by side, on further lines where the place is too narrow: `next` before each of them.
class ChipRow {
  public:
    void next(std::string_view text);

  private:
    float left_ = -1;  // of the line, in pixels; negative: nothing stands yet
};
float chip_width(std::string_view text);
// A key as it looks on a keyboard.
void key_cap(std::string_view text);
// Words with a line under the selected one, in as many rows as they need: all are always in sight.
// `tips`: on hover, the key of each. True when changed.
bool tabs(const char* id, std::span<const std::string_view> names, std::span<const std::string> tips,
          int& selected);
// The square with a letter before a task's name: "R" on the running colour.
void state_mark(std::string_view letter, ImU32 color);
void draw_state_mark(ImDrawList& list, ImVec2 at, float side, std::string_view letter, ImU32 color);

// ---- structure
// -----------------------------------------------------------------------------------------------

// A card: rounded box with a title line. width and height in pixels; height <= 0: what is left.
// `right` stands at the title line's right end, quiet. Always call end_card. `dashed` for what is
// in no mm.
struct CardOptions {
    std::string_view title = {}, subtitle = {}, right = {};
    ImU32 outline = 0, fill = 0;  // 0: the theme's line and card
    bool dashed = false;
};
bool begin_card(const char* id, ImVec2 size, const CardOptions& options = {});
void end_card();

// A band of a card: its name on the left; on the right what becomes of it, one word and glyph and a
// reason.
enum class Fate : std::uint8_t { none, kept, saved, replaced };
ImU32 fate_color(Fate fate);
std::string_view fate_glyph(Fate fate);  // "=", "v", ">"
void band_header(std::string_view name, Fate fate, std::string_view reason);

void section_title(std::string_view text);
void thin_line();  // a one-pixel line across, 8 px high as an item
void gap(float pixels_at_scale_1);
// Nothing to show: what is so, and what to do about it, in the middle of what is left.
void empty_state(std::string_view what, std::string_view hint);

// A row of machine values: cells side by side in columns of given widths (<= 0: the rest), with
// lines between rows as in a table. `lit` is the row that moves in this step.
struct Cell {
    std::string_view text;
    float width = 0;
    TextStyle style = mono_text();
};
struct RowOptions {
    bool lit = false;  // this word moves now
    bool selected = false;
    bool boxed = true;          // lines around the cells
    std::string_view tip = {};  // on hover
};
// Returns the rectangle of the row, so that flight paths can begin and end there.
struct Rect {
    ImVec2 min, max;
    ImVec2 left() const { return {min.x, (min.y + max.y) / 2}; }
    ImVec2 right() const { return {max.x, (min.y + max.y) / 2}; }
};
Rect value_row(std::initializer_list<Cell> cells, const RowOptions& options = {});
float value_row_height();
// The width of a cell that holds this many characters of small machine text: 16 for an address.
float cell_width(int characters);

// A dashed line through points already sampled from a curve.
void draw_dashed(ImDrawList& list, std::span<const ImVec2> points, ImU32 color, float thickness);
void draw_dashed_rect(ImDrawList& list, ImVec2 min, ImVec2 max, ImU32 color, float rounding);

}  // namespace sy::gui
