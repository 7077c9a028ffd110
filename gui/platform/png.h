// Writes pictures: what `shot` and the export menu save.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sy::gui {

// A picture in memory: rows from the top, three bytes (red, green, blue) a pixel.
struct Picture {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
};

// Returns an empty string, or why the file could not be written.
std::string write_png(const Picture& picture, const std::string& path);

}  // namespace sy::gui
