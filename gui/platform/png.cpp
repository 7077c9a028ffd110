// The PNG format as far as we need it: one IHDR, one IDAT of deflated rows, one IEND (ISO/IEC
// 15948).
#include "gui/platform/png.h"

#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace sy::gui {
namespace {

void append_u32(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
    append_u32(out, static_cast<std::uint32_t>(data.size()));
    const std::size_t start = out.size();
    out.append(type).append(data);
    const auto* bytes = reinterpret_cast<const Bytef*>(out.data() + start);
    append_u32(out,
               static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(out.size() - start))));
}

// Each row begins with its filter: 2, the difference to the row above, which suits flat panels.
std::string filtered_rows(const Picture& picture) {
    const std::size_t stride = static_cast<std::size_t>(picture.width) * 3;
    std::string rows;
    rows.reserve((stride + 1) * static_cast<std::size_t>(picture.height));
    for (int y = 0; y < picture.height; ++y) {
        rows.push_back(y == 0 ? 0 : 2);
        const std::uint8_t* row = picture.rgb.data() + stride * static_cast<std::size_t>(y);
        for (std::size_t x = 0; x < stride; ++x)
            rows.push_back(static_cast<char>(y == 0 ? row[x] : row[x] - (row - stride)[x]));
    }
    return rows;
}

}  // namespace

std::string write_png(const Picture& picture, const std::string& path) {
    const std::string rows = filtered_rows(picture);
    uLongf size = compressBound(static_cast<uLong>(rows.size()));
    std::string packed(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                  reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()),
                  6) != Z_OK)
        return "the picture could not be compressed";
    packed.resize(size);

    std::string header;
    append_u32(header, static_cast<std::uint32_t>(picture.width));
    append_u32(header, static_cast<std::uint32_t>(picture.height));
    header += {8, 2, 0, 0, 0};  // 8 bits, RGB, deflate, adaptive filters, not interlaced
    std::string file = "\x89PNG\r\n\x1a\n";
    append_chunk(file, "IHDR", header);
    append_chunk(file, "IDAT", packed);
    append_chunk(file, "IEND", {});

    std::FILE* out = std::fopen(path.c_str(), "wb");
    if (!out) return std::strerror(errno);
    const bool written = std::fwrite(file.data(), 1, file.size(), out) == file.size();
    const bool closed = std::fclose(out) == 0;
    return written && closed ? "" : std::strerror(errno);
}

}  // namespace sy::gui
