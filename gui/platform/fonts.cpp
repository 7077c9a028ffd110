// Finds the fonts and fills the atlas.
#include "gui/platform/fonts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#if __has_include(<imgui_freetype.h>)
#include <imgui_freetype.h>
#endif

#include "gui/compat.h"
#include "sim/base/utf8.h"

namespace sy::gui {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string_view>;

// In order of preference; each list ends with what most systems have. Inter and JetBrains Mono keep
// 0 O, 1 l I and 5 S apart at small sizes and on a projector.
const std::array<Names, 3> face_names = {
    Names{"Inter-Regular.otf", "Inter-Regular.ttf", "NotoSans-Regular.ttf", "DejaVuSans.ttf",
          "LiberationSans-Regular.ttf", "Arial.ttf"},
    Names{"Inter-SemiBold.otf", "Inter-SemiBold.ttf", "NotoSans-SemiBold.ttf", "NotoSans-Bold.ttf",
          "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "Arial Bold.ttf"},
    Names{"JetBrainsMono-Regular.ttf", "DejaVuSansMono.ttf", "NotoSansMono-Regular.ttf",
          "LiberationMono-Regular.ttf", "Menlo.ttc"},
};
const Names symbol_names = {"DejaVuSans.ttf", "NotoSansSymbols2-Regular.ttf", "Apple Symbols.ttf"};
const Names cjk_names = {"DroidSansFallbackFull.ttf",
                         "DroidSansFallback.ttf",
                         "wqy-microhei.ttc",
                         "NotoSansCJK-Regular.ttc",
                         "NotoSansSC-Regular.otf",
                         "wqy-zenhei.ttc",
                         "SourceHanSansSC-Regular.otf",
                         "PingFang.ttc"};

std::vector<fs::path> font_folders() {
    std::vector<fs::path> folders = {"/usr/share/fonts", "/usr/local/share/fonts",
                                     "/usr/share/fonts-droid-fallback", "/System/Library/Fonts",
                                     "/Library/Fonts"};
    if (const char* home = std::getenv("HOME")) {
        folders.push_back(fs::path(home) / ".local/share/fonts");
        folders.push_back(fs::path(home) / ".fonts");
    }
    return folders;
}

// Every font file of the system by its name; a few thousand directory entries at worst.
std::map<std::string, std::string, std::less<>> installed_fonts() {
    std::map<std::string, std::string, std::less<>> found;
    for (const fs::path& folder : font_folders()) {
        std::error_code error;
        fs::recursive_directory_iterator entry(
            folder, fs::directory_options::skip_permission_denied, error);
        for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
            const std::string extension = entry->path().extension().string();
            if (extension == ".ttf" || extension == ".otf" || extension == ".ttc")
                found.emplace(entry->path().filename().string(), entry->path().string());
        }
    }
    return found;
}

std::uint32_t be16(const char* at) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(at);
    return static_cast<std::uint32_t>(bytes[0] << 8 | bytes[1]);
}

std::uint32_t be32(const char* at) { return be16(at) << 16 | be16(at + 2); }

// ImGui sizes a font by ascender minus descender; designers mean the em. This is the one over the
// other, from the file's head and hhea tables, so that faces of different makers agree in size.
float height_per_em(const std::string& path) {
    constexpr float usual = 1.2F;
    std::ifstream file(path, std::ios::binary);
    char bytes[16];
    const auto read_at = [&](std::uint32_t at, int count) {
        return static_cast<bool>(file.seekg(at).read(bytes, count));
    };
    if (!read_at(0, 16)) return usual;
    std::uint32_t start = 0;
    if (std::string_view(bytes, 4) == "ttcf") {
        start = be32(bytes + 12);
        if (!read_at(start, 16)) return usual;
    }
    const std::uint32_t tables = be16(bytes + 4);
    std::uint32_t head = 0, hhea = 0;
    for (std::uint32_t i = 0; i < tables && read_at(start + 12 + 16 * i, 16); ++i) {
        const std::string_view tag(bytes, 4);
        if (tag == "head") head = be32(bytes + 8);
        if (tag == "hhea") hhea = be32(bytes + 8);
    }
    if (!head || !hhea || !read_at(head + 18, 2)) return usual;
    const auto units = static_cast<float>(be16(bytes));
    if (!read_at(hhea + 4, 4) || units < 16) return usual;
    const auto ascent = static_cast<float>(static_cast<std::int16_t>(be16(bytes)));
    const auto descent = static_cast<float>(static_cast<std::int16_t>(be16(bytes + 2)));
    return std::clamp((ascent - descent) / units, 1.0F, 2.0F);
}

// What the window draws whatever the language: Latin, Greek, and its own symbols.
constexpr ImWchar latin_ranges[] = {0x20, 0xff, 0x2010, 0x2027, 0x2030, 0x203a, 0};
constexpr std::string_view symbols =
    "ΔΣΩαβγδελμνπρστφω\u2009\u202f←↑→↓↔↕⇒⇐⇔⇧⌘⌥⌫↵∅∈∉−∓∗√∞≈≠≡≤≥≪≫▲△▴▵▶▷▸▹▼▽▾▿◀◁◂◃◆◇○◉◌◍◎●◐◑◒◓■□▪▫▬▭─│"
    "┌┐└┘├┤┬┴┼"
    "╭╮╯╰╱╲✓✔✗✘★☆⚠⏎⟨⟩⟵⟶♦•…";

// Most systems have one weight of Chinese; FreeType thickens it for the strong face.
#if __has_include(<imgui_freetype.h>) && IMGUI_VERSION_NUM < 19200
constexpr unsigned bold_flag = ImGuiFreeTypeBuilderFlags_Bold;
#else
constexpr unsigned bold_flag = 0;
#endif

bool is_cjk(ImWchar code) { return code >= 0x2e80; }

}  // namespace

Fonts::Fonts() {
    const auto installed = installed_fonts();
    const auto first_of = [&](const Names& names) {
        for (const std::string_view name : names) {
            const auto found = installed.find(name);
            if (found != installed.end()) return found->second;
        }
        return std::string();
    };
    for (std::size_t face = 0; face < paths_.size(); ++face)
        paths_[face] = first_of(face_names[face]);
    symbol_path_ = first_of(symbol_names);
    cjk_path_ = first_of(cjk_names);
    for (int code = 0; code < 0x100; ++code) known_.set(static_cast<std::size_t>(code));
    need(symbols);
}

void Fonts::need(std::string_view utf8) {
    for (std::size_t at = 0; at < utf8.size();) {
        const auto byte = static_cast<unsigned char>(utf8[at]);
        if (byte < 0x80) {
            ++at;
            continue;
        }
        const utf8::Decoded decoded = utf8::decode(utf8, at);
        at += decoded.bytes;
        if (decoded.code > 0xffff || known_[decoded.code]) continue;
        known_.set(decoded.code);
        wanted_.push_back(static_cast<ImWchar>(decoded.code));
    }
}

void Fonts::merge(const std::string& path, float pixels, const ImWchar* ranges, bool bold) {
    if (path.empty()) return;
    ImFontConfig config;
    config.MergeMode = true;
#if IMGUI_VERSION_NUM < 19200
    config.FontBuilderFlags = bold ? bold_flag : 0;
#else
    (void)bold;
#endif
    config.PixelSnapH = true;
    config.OversampleH = 1;
    ImGui::GetIO().Fonts->AddFontFromFileTTF(path.c_str(), pixels * height_per_em(path), &config,
                                             ranges);
}

void Fonts::add(Face face, Size size, float scale) {
    const std::size_t index = static_cast<std::size_t>(face) * 3 + static_cast<std::size_t>(size);
    const std::string& path = paths_[static_cast<std::size_t>(face)];
    const float em =
        std::max(kBasePixels * kSizeFactors[static_cast<std::size_t>(size)] * scale, 6.0F);
    ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
    ImFontConfig config;
    config.OversampleH = 1;
    config.PixelSnapH = true;
    if (path.empty()) {
        config.SizePixels = em;
        fonts_[index] = atlas.AddFontDefault(&config);
    } else {
        const float pixels = std::round(em * height_per_em(path));
        fonts_[index] = atlas.AddFontFromFileTTF(path.c_str(), pixels, &config, base_ranges_.Data);
    }
    merge(symbol_path_, em, base_ranges_.Data, false);
    if (cjk_ranges_.Size > 1) merge(cjk_path_, em, cjk_ranges_.Data, face == Face::strong);
}

void Fonts::build(float scale) {
    ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
    atlas.Clear();
    wanted_.clear();
    scale_ = scale;

    ImFontGlyphRangesBuilder base, cjk;
    base.AddRanges(latin_ranges);
    for (std::size_t code = 0x100; code < known_.size(); ++code) {
        if (!known_[code]) continue;
        (is_cjk(static_cast<ImWchar>(code)) ? cjk : base).AddChar(static_cast<ImWchar>(code));
    }
    base_ranges_.clear();
    cjk_ranges_.clear();
    base.BuildRanges(&base_ranges_);
    cjk.BuildRanges(&cjk_ranges_);
    for (const Face face : {Face::text, Face::strong, Face::mono}) {
        for (const Size size : {Size::small, Size::base, Size::large}) add(face, size, scale);
    }
    compat::build_atlas(atlas, scale > 1.4F ? 4096 : 2048);
    ImGui::GetIO().FontDefault = get(Face::text, Size::base);
}

std::uint32_t Fonts::first_missing(std::string_view utf8) const {
    for (std::size_t at = 0; at < utf8.size();) {
        const utf8::Decoded decoded = utf8::decode(utf8, at);
        at += decoded.bytes;
        if (decoded.code == '\n') continue;
        if (decoded.code > 0xffff ||
            !compat::has_glyph(get(Face::text, Size::base), static_cast<ImWchar>(decoded.code)))
            return decoded.code;
    }
    return 0;
}

std::vector<std::string> Fonts::files() const {
    std::vector<std::string> files(paths_.begin(), paths_.end());
    files.push_back(symbol_path_);
    files.push_back(cjk_path_);
    return files;
}

}  // namespace sy::gui
