// The three faces of the window (words, strong words, machine values) in three sizes, made from
// fonts of the system.
//
// Under 1.86 a glyph must be in the atlas before it is drawn. The atlas holds Latin, Greek and the
// symbols that the window uses from the start, and every other character as soon as somebody asks
// for it with need(): the widgets do so for each text they draw, so a Chinese caption costs one
// extra frame the first time and nothing afterwards.
#pragma once

#include <imgui.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy::gui {

enum class Face : std::uint8_t { text, strong, mono };
enum class Size : std::uint8_t { small, base, large };

constexpr float kBasePixels = 15;
constexpr std::array<float, 3> kSizeFactors = {0.85F, 1.0F, 1.2F};

class Fonts {
  public:
    // Looks for the font files once; nothing is rasterised yet.
    Fonts();

    // Fills ImGui's atlas for this scale (1: base 15 px). Call between frames; then
    // Window::fonts_changed().
    void build(float scale);

    // True once after need() met a character that the atlas does not hold, or the scale asked for
    // changed.
    bool stale(float scale) const { return scale != scale_ || !wanted_.empty(); }

    // These characters are going to be drawn.
    void need(std::string_view utf8);

    ImFont* get(Face face, Size size) const {
        return fonts_[static_cast<std::size_t>(face) * 3 + static_cast<std::size_t>(size)];
    }

    // A font with Chinese glyphs was found on this system.
    bool has_cjk() const { return !cjk_path_.empty(); }
    // The first character of the text that no font of ours can draw; 0 if all can. Requires:
    // build() after need().
    std::uint32_t first_missing(std::string_view utf8) const;

    // The files used, for the about page and for bug reports.
    std::vector<std::string> files() const;

  private:
    void add(Face face, Size size, float scale);
    void merge(const std::string& path, float pixels, const ImWchar* ranges, bool bold);

    std::array<std::string, 3> paths_;  // by Face
    std::string symbol_path_, cjk_path_;
    std::array<ImFont*, 9> fonts_{};
    std::bitset<0x10000> known_;  // in the atlas, or known to be in no font
    std::vector<ImWchar> wanted_;
    ImVector<ImWchar> base_ranges_, cjk_ranges_;
    float scale_ = 0;
};

}  // namespace sy::gui
