// Writes an animated GIF (GIF89a): each frame only what changed since the one before, with the colours that it needs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace sy::gui {

class GifWriter {
  public:
    // `centiseconds`: how long each frame stays. error() says whether the file could be opened.
    GifWriter(const std::string& path, int width, int height, int centiseconds);
    ~GifWriter();
    GifWriter(const GifWriter&) = delete;
    GifWriter& operator=(const GifWriter&) = delete;

    // Rows from the top, three bytes a pixel. A frame equal to the last one lengthens it.
    void add(const std::vector<std::uint8_t>& rgb);
    // Ends the file; an empty string, or why it could not be written.
    std::string finish();

  private:
    struct Pending {
        std::vector<std::uint8_t> bytes;   // the image behind its graphic control extension
        int centiseconds = 0;
        bool transparent = false;
        bool is_there = false;
    };
    void flush();
    void put(const std::vector<std::uint8_t>& bytes);

    std::FILE* file_ = nullptr;
    int width_, height_, centiseconds_;
    bool is_fine_ = true;
    std::vector<std::uint8_t> last_;
    Pending pending_;
};

}  // namespace sy::gui
