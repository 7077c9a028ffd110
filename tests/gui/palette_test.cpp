// The palettes, seen with other eyes. Every pair of colours that must be told apart is looked at as people with
// protanopia, deuteranopia and tritanopia see it, and every text on its ground is held to WCAG 2.1's contrast.
//
// Simulation: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color
// Vision Deficiency", IEEE TVCG 15(6), 2009, the published matrices for severity 1.0, applied to linear RGB. Distance:
// CIE 1976 (L*, a*, b*), D65; 2.3 is a just noticeable difference (Mahy et al., 1994), so 10 is more than four of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "gui/picture/palette.h"

using namespace sy::gui;

namespace {

using Triple = std::array<double, 3>;
using Matrix = std::array<Triple, 3>;

struct Eye {
    const char* name;
    Matrix matrix;
};
const std::array<Eye, 4> eyes = {{
    {"normal", {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}},
    {"protanopia",
     {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}}},
    {"deuteranopia",
     {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}}},
    {"tritanopia",
     {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}},
}};

Triple linear(Color color) {
    Triple out{};
    for (std::size_t i = 0; i < 3; ++i) {
        const double c = static_cast<double>(color >> (8 * i) & 0xffU) / 255;
        out[i] = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    }
    return out;
}

Triple seen_by(const Eye& eye, const Triple& rgb) {
    Triple out{};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t i = 0; i < 3; ++i) out[row] += eye.matrix[row][i] * rgb[i];
        out[row] = std::clamp(out[row], 0.0, 1.0);
    }
    return out;
}

double luminance(const Triple& c) { return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; }

// IEC 61966-2-1's matrix to XYZ, then CIE Lab with the D65 white.
Triple lab(const Triple& c) {
    const auto f = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116; };
    const double x = f((0.4124564 * c[0] + 0.3575761 * c[1] + 0.1804375 * c[2]) / 0.95047);
    const double y = f(luminance(c));
    const double z = f((0.0193339 * c[0] + 0.1191920 * c[1] + 0.9503041 * c[2]) / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double distance(const Eye& eye, Color a, Color b) {
    const Triple p = lab(seen_by(eye, linear(a))), q = lab(seen_by(eye, linear(b)));
    return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

// WCAG 2.1, "contrast ratio".
double contrast(Color a, Color b) {
    double high = luminance(linear(a)), low = luminance(linear(b));
    if (high < low) std::swap(high, low);
    return (high + 0.05) / (low + 0.05);
}

struct Named {
    const char* name;
    Color color;
};

std::vector<Named> states(const Theme& t) {
    return {{"running", t.running}, {"runnable", t.runnable}, {"sleeping", t.sleeping},
            {"irq", t.irq},         {"softirq", t.softirq},   {"syscall", t.syscall}};
}
std::vector<Named> fates(const Theme& t) {
    return {{"kept", t.kept}, {"saved", t.saved}, {"replaced", t.replaced}};
}
std::vector<Named> areas(const Theme& t) {
    return {{"text", t.area_text}, {"data", t.area_data}, {"heap", t.area_heap}, {"map", t.area_map}, {"stack", t.area_stack}};
}
std::vector<Named> grounds(const Theme& t) { return {{"ground", t.ground}, {"panel", t.panel}, {"card", t.card}}; }

void all_apart(const Theme& t, const std::vector<Named>& colors, double least) {
    for (const Eye& eye : eyes) {
        for (std::size_t i = 0; i < colors.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                CAPTURE(theme_name(t.id));
                CAPTURE(eye.name);
                CAPTURE(colors[i].name);
                CAPTURE(colors[j].name);
                CHECK(distance(eye, colors[i].color, colors[j].color) >= least);
            }
        }
    }
}

void readable(const Theme& t, const Named& text, const Named& ground, double least) {
    CAPTURE(theme_name(t.id));
    CAPTURE(text.name);
    CAPTURE(ground.name);
    CHECK(contrast(text.color, ground.color) >= least);
}

template <typename Check>
void for_each_theme(const Check& check) {
    for (std::size_t i = 0; i < kThemes; ++i) check(theme_of(static_cast<ThemeId>(i)));
}

}  // namespace

TEST_CASE("the arithmetic of this file gives what the standards print") {
    CHECK(contrast(0xff000000U, 0xffffffffU) == doctest::Approx(21));          // WCAG: the largest there is
    CHECK(contrast(0xff777777U, 0xffffffffU) == doctest::Approx(4.48).epsilon(0.002));
    const Triple red = lab(linear(0xff0000ffU));                              // Lab of sRGB red: 53.24, 80.09, 67.20
    CHECK(red[0] == doctest::Approx(53.24).epsilon(0.001));
    CHECK(red[1] == doctest::Approx(80.09).epsilon(0.001));
    CHECK(red[2] == doctest::Approx(67.20).epsilon(0.001));
    for (const Eye& eye : eyes) {                                             // white and grey stay what they are
        for (const Triple& row : eye.matrix) CHECK(row[0] + row[1] + row[2] == doctest::Approx(1).epsilon(0.0001));
    }
    // Red and green of the same lightness: alike to a deuteranope, to others not.
    CHECK(distance(eyes[0], 0xff2b4fb3U, 0xff2d7a5bU) > 60);
    CHECK(distance(eyes[2], 0xff2b4fb3U, 0xff2d7a5bU) < 20);
}

TEST_CASE("states, what moves, fates and areas can be told apart by everybody in every theme") {
    for_each_theme([](const Theme& t) {
        std::vector<Named> lanes = states(t);
        lanes.push_back({"moving", t.moving});
        all_apart(t, lanes, 14);
        all_apart(t, fates(t), 14);
        all_apart(t, areas(t), 9);
    });
}

TEST_CASE("the colours of a plot's curves can be told apart, and from the panel") {
    for_each_theme([](const Theme& t) {
        std::vector<Named> all = states(t);
        all.push_back({"moving", t.moving});
        all.push_back({"text", t.text});
        all.push_back({"panel", t.panel});
        all_apart(t, all, 13);
    });
}

TEST_CASE("text can be read on every ground: 4.5 to 1, and 7 to 1 in high contrast") {
    for_each_theme([](const Theme& t) {
        const double least = t.id == ThemeId::contrast ? 7 : 4.5;
        std::vector<Named> surfaces = grounds(t);
        surfaces.push_back({"selected", t.selected});
        surfaces.push_back({"hover", t.hover});
        for (const Named& ground : surfaces) {
            readable(t, {"text", t.text}, ground, least);
            readable(t, {"quiet", t.quiet}, ground, least);
        }
        readable(t, {"text", t.text}, {"sentence", t.sentence}, least);
        readable(t, {"on_accent", t.on_accent}, {"accent", t.accent}, least);
        for (const Named& area : areas(t)) readable(t, {"text", t.text}, area, std::min(least, 4.5));
        for (const Named& state : states(t)) readable(t, {"on_state", t.on_state}, state, 4.5);
        // Colours that words are written in.
        for (const Named& ground : grounds(t)) {
            for (const Named& fate : fates(t)) readable(t, fate, ground, least);
            for (const Named& word : std::vector<Named>{{"moving", t.moving}, {"running", t.running}, {"runnable", t.runnable},
                                                        {"irq", t.irq}, {"softirq", t.softirq}})
                readable(t, word, ground, least);
        }
    });
}

TEST_CASE("what is no text stands out 3 to 1 where it alone tells a state, and lines do in high contrast") {
    for_each_theme([](const Theme& t) {
        for (const Named& state : states(t)) {
            for (const Named& ground : grounds(t)) readable(t, state, ground, 3);
        }
    });
    const Theme& high = theme_of(ThemeId::contrast);
    for (const Named& ground : grounds(high)) readable(high, {"line", high.line}, ground, 7);
}

TEST_CASE("themes have names, and come one after another") {
    for_each_theme([](const Theme& t) {
        ThemeId read = ThemeId::dark;
        CHECK(parse_theme(theme_name(t.id), read));
        CHECK(read == t.id);
        CHECK(next_theme(t.id) != t.id);
    });
    ThemeId id = ThemeId::light;
    CHECK(!parse_theme("purple", id));
    CHECK(id == ThemeId::light);
    CHECK(next_theme(next_theme(next_theme(ThemeId::dark))) == ThemeId::dark);
}
