// Text of the widget library: measuring, shortening, wrapping, and how numbers and times are
// written.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "gui/compat.h"
#include "gui/widgets.h"
#include "gui/widgets_state.h"
#include "sim/base/utf8.h"

namespace sy::gui {
namespace {

ImU32 color_of(const TextStyle& style) { return style.color ? style.color : theme().text; }

ImFont* font_of(const TextStyle& style) { return font(style.face, style.size); }

// A piece of a paragraph that is never divided, unless it alone is wider than the line.
struct Atom {
    const TextStyle* style = nullptr;
    std::string_view text;
    float width = 0;
    bool space = false;
    bool line_break = false;
    std::string_view whole;  // the text it is a part of
};

bool is_wide(char32_t code) { return utf8::width(code) == 2; }

// Chinese typesetting: these may not begin a line.
bool sticks_to_previous(char32_t code) {
    constexpr std::u32string_view closing = U"。，、；：！？）】》」』”’…—";
    return closing.find(code) != std::u32string_view::npos;
}

void append_atoms(std::vector<Atom>& atoms, const Span& span) {
    std::size_t start = 0;
    const std::string_view text = span.text;
    const auto flush = [&](std::size_t stop, bool space) {
        if (stop > start) {
            const std::string_view piece = text.substr(start, stop - start);
            atoms.push_back({&span.style, piece, measure(piece, span.style).x, space, false, text});
        }
        start = stop;
    };
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded decoded = utf8::decode(text, at);
        const std::size_t next = at + decoded.bytes;
        if (decoded.code == '\n') {
            flush(at, false);
            atoms.push_back({&span.style, {}, 0, false, true, {}});
            start = next;
        } else if (decoded.code == ' ') {
            flush(at, false);
            flush(next, true);
        } else if (is_wide(decoded.code) && !sticks_to_previous(decoded.code)) {
            flush(at, false);
            // Take closing marks along with the character they follow.
            std::size_t stop = next;
            while (stop < text.size()) {
                const utf8::Decoded follower = utf8::decode(text, stop);
                if (!sticks_to_previous(follower.code)) break;
                stop += follower.bytes;
            }
            flush(stop, false);
            at = stop;
            continue;
        }
        at = next;
    }
    flush(text.size(), false);
}

struct Placed {
    const Atom* atom;
    ImVec2 at;
};

// Puts the atoms on lines; returns the height. An atom wider than the line stands alone and is
// shortened when drawn.
float place(const std::vector<Atom>& atoms, float width, float line, std::vector<Placed>* placed) {
    float x = 0, y = 0;
    for (const Atom& atom : atoms) {
        if (atom.line_break || (x > 0 && !atom.space && x + atom.width > width)) {
            x = 0;
            y += line;
        }
        if (atom.line_break || (atom.space && x == 0)) continue;
        if (placed) placed->push_back({&atom, {x, y}});
        x += atom.width;
    }
    return y + line;
}

float line_of(std::span<const Span> spans) {
    float line = 0;
    for (const Span& span : spans) line = std::max(line, line_height(span.style));
    return line;
}

// A part of a text; the whole tells which word the mouse is on.
void draw_piece(ImDrawList& list, ImVec2 at, std::string_view text, const TextStyle& style, std::string_view whole) {
    fonts().need(text);
    ImFont* face = font_of(style);
    if (text.empty()) return;
    note_hovered_text(at, text, style, whole);
    const ImVec2 snapped{std::floor(at.x), std::floor(at.y)};
    list.AddText(face, compat::font_size(face), snapped, color_of(style), text.data(),
                 text.data() + text.size());
}

void draw_paragraph(std::span<const Span> spans, float width) {
    if (width <= 0) width = ImGui::GetContentRegionAvail().x;
    std::vector<Atom> atoms;
    for (const Span& span : spans) append_atoms(atoms, span);
    std::vector<Placed> placed;
    const float line = line_of(spans);
    const float height = place(atoms, width, line, &placed);
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (const Placed& piece : placed) {
        const TextStyle& style = *piece.atom->style;
        const float lower = (line - line_height(style)) / 2;
        const ImVec2 at{origin.x + piece.at.x, origin.y + piece.at.y + lower};
        if (piece.atom->width > width) {
            fit_at(list, at, width, piece.atom->text, style);
        } else {
            draw_piece(list, at, piece.atom->text, style, piece.atom->whole);
        }
    }
    ImGui::Dummy({width, height});
}

}  // namespace

ImVec2 measure(std::string_view text, const TextStyle& style) {
    fonts().need(text);
    return compat::text_size(font_of(style), text.data(), text.data() + text.size());
}

float line_height(const TextStyle& style) {
    // By the em, so that faces of different makers stand in lines of the same height.
    return std::ceil(kBasePixels * kSizeFactors[static_cast<std::size_t>(style.size)] * scale() *
                     1.36F);
}

void draw_text(ImDrawList& list, ImVec2 at, std::string_view text, const TextStyle& style) {
    draw_piece(list, at, text, style, text);
}

std::string shorten(std::string_view text, float width, const TextStyle& style) {
    if (measure(text, style).x <= width) return std::string(text);
    const float room = width - measure("…", style).x;
    std::size_t keep = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t next = at + utf8::decode(text, at).bytes;
        if (measure(text.substr(0, next), style).x > room) break;
        keep = at = next;
    }
    while (keep > 0 && text[keep - 1] == ' ') --keep;
    return std::string(text.substr(0, keep)) + "…";
}

bool fit_at(ImDrawList& list, ImVec2 at, float width, std::string_view text,
            const TextStyle& style) {
    if (measure(text, style).x <= width + 0.5F) {
        draw_text(list, at, text, style);
        return false;
    }
    draw_text(list, at, shorten(text, width, style), style);
    tooltip_at(at, {at.x + width, at.y + line_height(style)}, text);
    return true;
}

void label(std::string_view text, const TextStyle& style) {
    const ImVec2 size = measure(text, style);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    draw_text(list, at, text, style);
    ImGui::Dummy({size.x, line_height(style)});
    const float right = list.GetClipRectMax().x;
    if (at.x + size.x > right + 1) report_overflow(text, size.x, right - at.x);
}

bool fit(std::string_view text, float width, const TextStyle& style) {
    if (width <= 0) width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const bool shortened = fit_at(*ImGui::GetWindowDrawList(), at, width, text, style);
    ImGui::Dummy({std::min(measure(text, style).x, width), line_height(style)});
    return shortened;
}

void paragraph(std::string_view text, const TextStyle& style, float width) {
    const Span span{text, style};
    draw_paragraph({&span, 1}, width);
}

void paragraph(std::initializer_list<Span> spans, float width) {
    draw_paragraph({spans.begin(), spans.size()}, width);
}

float paragraph_height(std::span<const Span> spans, float width) {
    std::vector<Atom> atoms;
    for (const Span& span : spans) append_atoms(atoms, span);
    return place(atoms, width, line_of(spans), nullptr);
}

}  // namespace sy::gui
