// Colours by popularity (a window has few), pixels by LZW with codes of 9 to 12 bits.
#include "gui/picture/gif.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sy::gui {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr int kTransparent = 255, kColors = 255, kBins = 1 << 15;

void put16(Bytes& out, int value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
    out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
}

int bin_of(const std::uint8_t* rgb) { return (rgb[0] >> 3) << 10 | (rgb[1] >> 3) << 5 | rgb[2] >> 3; }

// The most popular bins with their mean colours, and for every bin that occurs the nearest of them.
struct Palette {
    std::array<std::uint8_t, 768> rgb{};
    std::vector<std::uint8_t> index = std::vector<std::uint8_t>(kBins);

    void make(const std::vector<const std::uint8_t*>& pixels) {
        struct Bin {
            std::uint64_t count = 0, r = 0, g = 0, b = 0;
        };
        std::vector<Bin> bins(kBins);
        std::vector<int> used;
        for (const std::uint8_t* p : pixels) {
            Bin& bin = bins[static_cast<std::size_t>(bin_of(p))];
            if (bin.count++ == 0) used.push_back(bin_of(p));
            bin.r += p[0], bin.g += p[1], bin.b += p[2];
        }
        std::sort(used.begin(), used.end(), [&](int a, int b) {
            const auto left = bins[static_cast<std::size_t>(a)].count, right = bins[static_cast<std::size_t>(b)].count;
            return left != right ? left > right : a < b;
        });
        const std::size_t kept = std::min<std::size_t>(used.size(), kColors);
        for (std::size_t i = 0; i < kept; ++i) {
            const Bin& bin = bins[static_cast<std::size_t>(used[i])];
            rgb[3 * i] = static_cast<std::uint8_t>(bin.r / bin.count);
            rgb[3 * i + 1] = static_cast<std::uint8_t>(bin.g / bin.count);
            rgb[3 * i + 2] = static_cast<std::uint8_t>(bin.b / bin.count);
            index[static_cast<std::size_t>(used[i])] = static_cast<std::uint8_t>(i);
        }
        for (std::size_t i = kept; i < used.size(); ++i) {
            const Bin& bin = bins[static_cast<std::size_t>(used[i])];
            const int r = static_cast<int>(bin.r / bin.count), g = static_cast<int>(bin.g / bin.count), b = static_cast<int>(bin.b / bin.count);
            int best = 1 << 30;
            for (std::size_t c = 0; c < kept; ++c) {
                const int dr = rgb[3 * c] - r, dg = rgb[3 * c + 1] - g, db = rgb[3 * c + 2] - b, far = dr * dr + dg * dg + db * db;
                if (far < best) best = far, index[static_cast<std::size_t>(used[i])] = static_cast<std::uint8_t>(c);
            }
        }
    }
};

// Sub-blocks of at most 255 bytes.
class BitWriter {
  public:
    explicit BitWriter(Bytes& out) : out_(out) {}
    void put(int code, int bits) {
        buffer_ |= static_cast<std::uint32_t>(code) << held_;
        held_ += bits;
        while (held_ >= 8) byte(static_cast<std::uint8_t>(buffer_ & 0xff)), buffer_ >>= 8, held_ -= 8;
    }
    void end() {
        if (held_ > 0) byte(static_cast<std::uint8_t>(buffer_ & 0xff));
        block();
        out_.push_back(0);
    }

  private:
    void byte(std::uint8_t b) {
        block_.push_back(b);
        if (block_.size() == 255) block();
    }
    void block() {
        if (block_.empty()) return;
        out_.push_back(static_cast<std::uint8_t>(block_.size()));
        out_.insert(out_.end(), block_.begin(), block_.end());
        block_.clear();
    }
    Bytes& out_;
    Bytes block_;
    std::uint32_t buffer_ = 0;
    int held_ = 0;
};

void compress(const Bytes& pixels, Bytes& out) {
    constexpr int kClear = 256, kEnd = 257, kMost = 4096;
    out.push_back(8);
    BitWriter bits(out);
    std::vector<std::array<std::int16_t, 256>> next(kMost);   // code and byte to the longer code; 0: none
    int codes = kEnd + 1, size = 9;
    const auto clear = [&] {
        for (auto& row : next) row.fill(0);
        codes = kEnd + 1;
        bits.put(kClear, size);
        size = 9;
    };
    clear();
    int prefix = pixels.front();
    for (std::size_t i = 1; i < pixels.size(); ++i) {
        const std::uint8_t p = pixels[i];
        if (const int longer = next[static_cast<std::size_t>(prefix)][p]; longer != 0) {
            prefix = longer;
            continue;
        }
        bits.put(prefix, size);
        if (codes == kMost) {
            clear();
        } else {
            if (codes == 1 << size) ++size;   // the decoder is one code behind
            next[static_cast<std::size_t>(prefix)][p] = static_cast<std::int16_t>(codes++);
        }
        prefix = p;
    }
    bits.put(prefix, size);
    if (codes == 1 << size && size < 12) ++size;
    bits.put(kEnd, size);
    bits.end();
}

}  // namespace

GifWriter::GifWriter(const std::string& path, int width, int height, int centiseconds)
    : file_(std::fopen(path.c_str(), "wb")), width_(width), height_(height), centiseconds_(std::max(centiseconds, 2)) {
    is_fine_ = file_ != nullptr;
    Bytes head = {'G', 'I', 'F', '8', '9', 'a'};
    put16(head, width);
    put16(head, height);
    head.insert(head.end(), {0x70, 0, 0});   // no global colours
    const std::string_view loop("\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00", 19);   // for ever
    head.insert(head.end(), loop.begin(), loop.end());
    put(head);
}

GifWriter::~GifWriter() {
    if (file_) std::fclose(file_);
}

void GifWriter::put(const Bytes& bytes) { is_fine_ = is_fine_ && std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size(); }

void GifWriter::add(const std::vector<std::uint8_t>& rgb) {
    const auto at = [&](int x, int y) { return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)) * 3; };
    const bool is_first = last_.empty();
    const auto same = [&](std::size_t i) { return !is_first && std::memcmp(&rgb[i], &last_[i], 3) == 0; };
    int left = width_, right = -1, top = height_, bottom = -1;
    for (int y = 0; y < height_; ++y)
        for (int x = 0; x < width_; ++x)
            if (!same(at(x, y))) left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    if (right < 0) {   // nothing changed
        pending_.centiseconds += centiseconds_;
        return;
    }
    flush();
    std::vector<const std::uint8_t*> changed;
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x)
            if (!same(at(x, y))) changed.push_back(&rgb[at(x, y)]);
    Palette palette;
    palette.make(changed);
    Bytes pixels;
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x)
            pixels.push_back(same(at(x, y)) ? static_cast<std::uint8_t>(kTransparent) : palette.index[static_cast<std::size_t>(bin_of(&rgb[at(x, y)]))]);
    pending_ = {.bytes = {0x2c}, .centiseconds = centiseconds_, .transparent = !is_first, .is_there = true};
    for (const int v : {left, top, right - left + 1, bottom - top + 1}) put16(pending_.bytes, v);
    pending_.bytes.push_back(0x87);   // 256 colours of its own
    pending_.bytes.insert(pending_.bytes.end(), palette.rgb.begin(), palette.rgb.end());
    compress(pixels, pending_.bytes);
    last_ = rgb;
}

void GifWriter::flush() {
    if (!pending_.is_there) return;
    Bytes control = {0x21, 0xf9, 4, static_cast<std::uint8_t>(pending_.transparent ? 0x05 : 0x04)};
    put16(control, std::min(pending_.centiseconds, 0xffff));
    control.insert(control.end(), {static_cast<std::uint8_t>(kTransparent), 0});
    put(control);
    put(pending_.bytes);
    pending_ = {};
}

std::string GifWriter::finish() {
    flush();
    put({0x3b});
    if (file_) is_fine_ = std::fclose(file_) == 0 && is_fine_;
    file_ = nullptr;
    return is_fine_ ? std::string() : std::string(std::strerror(errno));
}

}  // namespace sy::gui
