// Elements as text. Everything that came from a person goes through xml_text.
#include "gui/picture/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "sim/base/utf8.h"

namespace sy::gui {
namespace {

struct Named {
    Color Theme::*what;
    std::string_view name;
};
constexpr std::array inks = {
    Named{&Theme::running, "running"},     Named{&Theme::runnable, "runnable"},
    Named{&Theme::sleeping, "sleeping"},   Named{&Theme::irq, "irq"},
    Named{&Theme::softirq, "softirq"},     Named{&Theme::syscall, "syscall"},
    Named{&Theme::moving, "moving"},       Named{&Theme::kept, "kept"},
    Named{&Theme::saved, "saved"},         Named{&Theme::replaced, "replaced"},
    Named{&Theme::ground, "ground"},       Named{&Theme::panel, "panel"},
    Named{&Theme::card, "card"},           Named{&Theme::line, "line"},
    Named{&Theme::text, "text"},           Named{&Theme::quiet, "quiet"},
    Named{&Theme::selected, "selected"},   Named{&Theme::hover, "hover"},
    Named{&Theme::accent, "accent"},       Named{&Theme::on_accent, "on-accent"},
    Named{&Theme::on_state, "on-state"},   Named{&Theme::sentence, "sentence"},
    Named{&Theme::sentence_line, "sentence-line"}, Named{&Theme::area_text, "area-text"},
    Named{&Theme::area_data, "area-data"}, Named{&Theme::area_heap, "area-heap"},
    Named{&Theme::area_map, "area-map"},   Named{&Theme::area_stack, "area-stack"},
};

// Inter Regular, thousandths of an em, from U+0020 to U+007E (from the font's own hmtx table).
constexpr std::array<short, 95> advances = {
    281, 278, 403, 631, 638, 813, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 625, 464, 605, 636, 642, 608, 624, 571,
    616, 624, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598, 587, 743, 740, 264, 543, 652, 563, 889, 753, 761,
    635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621, 582, 361, 609,
    591, 237, 237, 544, 237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 813, 540, 557, 541, 362, 327, 362, 659};
constexpr float kSpare = 1.05F;      // other fonts are wider
constexpr float kMonoAdvance = 0.6F; // JetBrains Mono, DejaVu Sans Mono

float advance(char32_t code, const SvgText& style) {
    const int columns = utf8::width(code);
    if (columns == 0) return 0;
    if (columns == 2) return style.size;
    if (style.mono) return style.size * kMonoAdvance;
    const float em = code >= 32 && code < 127 ? static_cast<float>(advances[code - 32]) / 1000 : code == 0x2009 ? 0.2F : 0.62F;
    return em * style.size * kSpare * (style.strong ? 1.05F : 1);
}

bool is_allowed(char32_t code) {
    return code == '\t' || code == '\n' || (code >= 0x20 && code != 0x7f && code != 0xfffe && code != 0xffff);
}

}  // namespace

std::string_view ink_name(Color Theme::*what) {
    const auto it = std::find_if(inks.begin(), inks.end(), [&](const Named& n) { return n.what == what; });
    return it == inks.end() ? std::string_view("text") : it->name;
}

std::string css_colors(ThemeId theme) {
    std::string out;
    for (const Named& n : inks) out += "--" + std::string(n.name) + ":" + hex_color(theme_of(theme).*n.what) + ";";
    return out;
}

std::string xml_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded d = utf8::decode(text, at);
        const std::string_view bytes = text.substr(at, d.bytes);
        at += d.bytes;
        if (!d.valid || !is_allowed(d.code)) {
            out += "\xEF\xBF\xBD";
        } else if (bytes == "&") {
            out += "&amp;";
        } else if (bytes == "<") {
            out += "&lt;";
        } else if (bytes == ">") {
            out += "&gt;";
        } else if (bytes == "\"") {
            out += "&quot;";
        } else if (bytes == "'") {
            out += "&#39;";
        } else {
            out += bytes;
        }
    }
    return out;
}

float text_width(std::string_view text, const SvgText& style) {
    float width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded d = utf8::decode(text, at);
        width += advance(d.code, style);
        at += d.bytes;
    }
    return width;
}

std::string fit_text(std::string_view text, float width, const SvgText& style) {
    if (text_width(text, style) <= width) return std::string(text);
    const float dots = advance(U'…', style);
    float used = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const utf8::Decoded d = utf8::decode(text, at);
        const float own = advance(d.code, style);
        if (used + own + dots > width) break;
        used += own;
        at += d.bytes;
    }
    while (at > 0 && text[at - 1] == ' ') --at;
    return dots > width ? std::string() : std::string(text.substr(0, at)) + "…";
}

std::vector<std::string> wrap_text(std::string_view text, float width, const SvgText& style) {
    std::vector<std::string> lines;
    std::string line;
    float used = 0;
    std::size_t word = 0;   // where the last place to break is in `line`
    const auto push = [&](std::size_t cut) {
        std::string rest = line.substr(cut);
        line.resize(cut);
        while (!line.empty() && line.back() == ' ') line.pop_back();
        lines.push_back(line);
        rest.erase(0, rest.find_first_not_of(' ') == std::string::npos ? rest.size() : rest.find_first_not_of(' '));
        line = rest;
        used = text_width(line, style);
        word = 0;
    };
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded d = utf8::decode(text, at);
        const std::string_view bytes = text.substr(at, d.bytes);
        at += d.bytes;
        if (d.code == '\n') {
            push(line.size());
            continue;
        }
        const float own = advance(d.code, style);
        const bool wide = utf8::width(d.code) == 2;
        if (wide) word = line.size();
        if (used + own > width && !line.empty()) {
            if (d.code == ' ') {
                push(line.size());
                continue;
            }
            push(word > 0 ? word : line.size());
        }
        line += bytes;
        used += own;
        if (d.code == ' ' || wide) word = line.size();
    }
    if (!line.empty() || lines.empty()) lines.push_back(line);
    return lines;
}

std::string svg_number(float value) {
    if (!std::isfinite(value)) return "0";
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", static_cast<double>(value));
    std::string out = text;
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
    return out == "-0" ? "0" : out;
}

std::string Svg::paint(const char* name, Ink ink) const {
    std::string out = " " + std::string(name) + "=\"";
    out += css_ ? "var(--" + std::string(ink_name(ink.what)) + ")" : hex_color(theme_of(theme_).*ink.what);
    out += "\"";
    if (ink.alpha < 1) out += " " + std::string(name) + "-opacity=\"" + svg_number(ink.alpha) + "\"";
    return out;
}

std::string Svg::paints(const SvgShape& shape) const {
    std::string out = shape.fill ? paint("fill", *shape.fill) : std::string(" fill=\"none\"");
    if (shape.stroke) out += paint("stroke", *shape.stroke);
    if (shape.stroke && shape.line != 1) out += " stroke-width=\"" + svg_number(shape.line) + "\"";
    if (!shape.dash.empty()) out += " stroke-dasharray=\"" + std::string(shape.dash) + "\"";
    if (!shape.cls.empty()) out += " class=\"" + std::string(shape.cls) + "\"";
    if (!shape.data.empty()) out += " " + std::string(shape.data);
    return out;
}

void Svg::close(std::string_view name, std::string_view title) {
    if (title.empty()) {
        body_ += "/>\n";
        return;
    }
    body_ += "><title>" + xml_text(title) + "</title></" + std::string(name) + ">\n";
}

void Svg::rect(float x, float y, float width, float height, const SvgShape& shape) {
    body_ += "<rect x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" width=\"" + svg_number(std::max(width, 0.0F)) +
             "\" height=\"" + svg_number(std::max(height, 0.0F)) + "\"";
    if (shape.round > 0) body_ += " rx=\"" + svg_number(shape.round) + "\"";
    body_ += paints(shape);
    close("rect", shape.title);
}

void Svg::line(float x1, float y1, float x2, float y2, Ink ink, float width, std::string_view dash) {
    body_ += "<line x1=\"" + svg_number(x1) + "\" y1=\"" + svg_number(y1) + "\" x2=\"" + svg_number(x2) + "\" y2=\"" +
             svg_number(y2) + "\"" + paints({.stroke = ink, .line = width, .dash = dash});
    close("line", {});
}

void Svg::path(std::string_view d, const SvgShape& shape) {
    body_ += "<path d=\"" + std::string(d) + "\"" + paints(shape);
    close("path", shape.title);
}

void Svg::circle(float x, float y, float radius, Ink ink) {
    body_ += "<circle cx=\"" + svg_number(x) + "\" cy=\"" + svg_number(y) + "\" r=\"" + svg_number(radius) + "\"" +
             paint("fill", ink);
    close("circle", {});
}

void Svg::text(float x, float y, std::string_view words, const SvgText& style, std::string_view cls) {
    if (words.empty()) return;
    body_ += "<text x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" font-size=\"" + svg_number(style.size) + "\"" +
             paint("fill", style.ink);
    if (style.strong) body_ += " font-weight=\"600\"";
    if (style.mono) body_ += " font-family=\"JetBrains Mono, DejaVu Sans Mono, Noto Sans Mono CJK SC, Droid Sans Fallback, monospace\"";
    if (style.anchor == SvgText::Anchor::middle) body_ += " text-anchor=\"middle\"";
    if (style.anchor == SvgText::Anchor::end) body_ += " text-anchor=\"end\"";
    if (!cls.empty()) body_ += " class=\"" + std::string(cls) + "\"";
    body_ += ">" + xml_text(words) + "</text>\n";
}

void Svg::fit(float x, float y, float width, std::string_view words, const SvgText& style, std::string_view cls) {
    const std::string shown = fit_text(words, width, style);
    const bool cut = shown != words && !shown.empty();
    if (cut) body_ += "<g><title>" + xml_text(words) + "</title>";
    text(x, y, shown, style, cls);
    if (cut) body_ += "</g>\n";
}

float Svg::paragraph(float x, float y, float width, std::string_view words, const SvgText& style, float line_height,
                     std::size_t most_lines) {
    std::vector<std::string> lines = wrap_text(words, width, style);
    if (lines.size() > most_lines) {
        lines.resize(most_lines);
        lines.back() = fit_text(lines.back() + " …", width, style);
    }
    for (std::size_t i = 0; i < lines.size(); ++i)
        text(x, y + style.size * 0.95F + static_cast<float>(i) * line_height, lines[i], style);
    return static_cast<float>(lines.size()) * line_height;
}

void Svg::begin(std::string_view cls, std::string_view data) {
    body_ += "<g class=\"" + std::string(cls) + "\"";
    if (!data.empty()) body_ += " " + std::string(data);
    body_ += ">\n";
}

void Svg::end() { body_ += "</g>\n"; }

void Svg::begin_clip(float x, float y, float width, float height) {
    const std::string id = "clip" + std::to_string(++clips_);
    body_ += "<clipPath id=\"" + id + "\"><rect x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" width=\"" +
             svg_number(std::max(width, 0.0F)) + "\" height=\"" + svg_number(std::max(height, 0.0F)) + "\"/></clipPath>\n<g clip-path=\"url(#" + id + ")\">\n";
}

std::string Svg::element(float width, float height, std::string_view title) const {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + svg_number(width) + "\" height=\"" + svg_number(height) +
           "\" viewBox=\"0 0 " + svg_number(width) + " " + svg_number(height) +
           "\" role=\"img\" font-family=\"Inter, Noto Sans, DejaVu Sans, Noto Sans CJK SC, Droid Sans Fallback, sans-serif\">\n<title>" +
           xml_text(title) + "</title>\n" + body_ + "</svg>\n";
}

std::string Svg::document(float width, float height, std::string_view title) const {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + element(width, height, title);
}

}  // namespace sy::gui
