// Writes SVG: shapes with colours by meaning, text as text. Pure text output without a window; what needs the width of a
// text estimates it from Inter's advances, generously, since another font may be in its place.
//
// Colours are the theme's as #rrggbb, or CSS variables (`var(--running)`) when the picture stands in a page that has its
// own light and dark.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gui/picture/palette.h"

namespace sy::gui {

// A colour by its meaning.
struct Ink {
    Color Theme::*what = &Theme::text;
    float alpha = 1;
};
// "running"; for CSS.
std::string_view ink_name(Color Theme::*what);
// ":root{--running:#56b4e9;…}" without the selector: all colours of a theme.
std::string css_colors(ThemeId theme);

struct SvgText {
    Ink ink{};
    float size = 12;
    bool strong = false, mono = false;
    enum class Anchor : std::uint8_t { start, middle, end } anchor = Anchor::start;
};

struct SvgShape {
    std::optional<Ink> fill{}, stroke{};
    float round = 0, line = 1;
    std::string_view cls{};      // class attribute
    std::string_view title{};    // shown on hover
    std::string_view data{};     // further attributes, written as they are: `data-begin="0"`
    std::string_view dash{};
};

// `&<>"'` as entities; characters that XML forbids as U+FFFD.
std::string xml_text(std::string_view text);
// How wide a text is drawn, in pixels.
float text_width(std::string_view text, const SvgText& style);
// Shortened with an ellipsis to what fits.
std::string fit_text(std::string_view text, float width, const SvgText& style);
// Broken into lines that fit: at spaces, and between any two Chinese characters.
std::vector<std::string> wrap_text(std::string_view text, float width, const SvgText& style);
// "12.5": at most two digits behind the point.
std::string svg_number(float value);

class Svg {
  public:
    Svg(ThemeId theme, bool css) : theme_(theme), css_(css) {}

    void rect(float x, float y, float width, float height, const SvgShape& shape);
    void line(float x1, float y1, float x2, float y2, Ink ink, float width = 1, std::string_view dash = {});
    void path(std::string_view d, const SvgShape& shape);
    void circle(float x, float y, float radius, Ink ink);
    // `y` is the baseline.
    void text(float x, float y, std::string_view words, const SvgText& style, std::string_view cls = {});
    // Shortened when it is too wide; the whole is its title then.
    void fit(float x, float y, float width, std::string_view words, const SvgText& style, std::string_view cls = {});
    // Returns the height used; `y` is the top of the first line.
    float paragraph(float x, float y, float width, std::string_view words, const SvgText& style, float line_height,
                    std::size_t most_lines = 100);
    void begin(std::string_view cls, std::string_view data = {});   // <g>
    void end();
    // What is drawn until the matching end() is cut at the rectangle.
    void begin_clip(float x, float y, float width, float height);

    // The element, with a title for those who cannot see it.
    std::string element(float width, float height, std::string_view title) const;
    // A file of its own.
    std::string document(float width, float height, std::string_view title) const;

  private:
    std::string paint(const char* name, Ink ink) const;
    std::string paints(const SvgShape& shape) const;
    void close(std::string_view name, std::string_view title);

    ThemeId theme_;
    bool css_;
    int clips_ = 0;
    std::string body_;
};

}  // namespace sy::gui
