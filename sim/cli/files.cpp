#include "sim/cli/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "sim/base/limits.h"
#include "sim/scenario/suggest.h"

namespace sy {
namespace {

namespace fs = std::filesystem;

// The scenarios of a folder, sorted, since the folder's own order means nothing.
std::vector<std::string> scenarios_in(const fs::path& folder) {
    constexpr std::size_t kMost = 2'000;
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error);
    for (; !error && it != fs::directory_iterator() && names.size() < kMost; it.increment(error)) {
        if (it->path().extension() == ".scn") names.push_back(it->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// What may have been meant by a name that does not exist: a file of the same folder with a typing
// mistake or without its ending, or a lesson by the beginning of its name.
std::string near_by(const std::string& path) {
    const fs::path wanted(path);
    const std::string name = wanted.filename().string();
    if (name.empty()) return {};
    std::vector<fs::path> folders = {wanted.parent_path()};
    if (!wanted.has_parent_path()) folders.emplace_back("scenarios");
    for (const fs::path& folder : folders) {
        const std::vector<std::string> names = scenarios_in(folder);
        for (const std::string& each : names) {
            if (each.starts_with(name)) return (folder / each).string();
        }
        const std::vector<std::string_view> known(names.begin(), names.end());
        for (const std::string& wanted_name : {name, name + ".scn"}) {
            const std::string meant = scn::nearest(wanted_name, known);
            if (!meant.empty()) return (folder / meant).string();
        }
    }
    return {};
}

Text no_file(std::string_view path) {
    const std::string meant = near_by(std::string(path));
    if (meant.empty()) return text("there is no file {0}", "没有文件 {0}", {path});
    return text("there is no file {0}; did you mean {1}?", "没有文件 {0}；是不是想打开 {1}？",
                {path, meant});
}

Text because(std::string_view path) {
    switch (errno) {
        case ENOENT:
            return no_file(path);
        case EACCES:
            return text("you may not read or write {0}", "没有读写 {0} 的权限", {path});
        case EISDIR:
            return text("{0} is a folder, not a scenario file", "{0} 是文件夹，不是场景文件",
                        {path});
        default:
            return text("{0}: {1}", "{0}：{1}", {path, std::strerror(errno)});
    }
}

// Reads at most `most` bytes, so that a device or a pipe that never ends cannot fill the memory.
bool read_up_to(std::FILE* file, std::size_t most, std::string& content) {
    char block[65'536];
    while (content.size() < most) {
        const std::size_t got =
            std::fread(block, 1, std::min(sizeof block, most - content.size()), file);
        if (got == 0) break;
        content.append(block, got);
    }
    return std::ferror(file) == 0;
}

}  // namespace

bool read_scenario_file(const std::string& path, std::string& source, Text& why) {
    source.clear();
    std::error_code error;
    if (path != "-" && std::filesystem::is_directory(path, error)) {
        errno = EISDIR;
        why = because(path);
        return false;
    }
    std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (!file) {
        why = because(path);
        return false;
    }
    errno = 0;
    const bool read = read_up_to(file, static_cast<std::size_t>(limits::file_bytes) + 1, source);
    if (!read) why = because(path);
    if (file != stdin) std::fclose(file);
    if (!read) return false;
    if (source.size() <= static_cast<std::size_t>(limits::file_bytes)) return true;
    source.clear();
    const std::string mebibytes = std::to_string(limits::file_bytes >> 20);
    why = text("{0} is larger than {1} MiB, the most a scenario file may have",
               "{0} 超过 {1} MiB，这是场景文件的上限", {path, mebibytes});
    return false;
}

bool write_text_file(const std::string& path, const std::string& content, Text& why) {
    errno = 0;
    const bool to_stdout = path.empty() || path == "-";
    std::FILE* file = to_stdout ? stdout : std::fopen(path.c_str(), "wb");
    if (!file) {
        why = because(path);
        return false;
    }
    const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    const bool flushed = to_stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
    if (!written || !flushed) why = because(to_stdout ? "stdout" : path);
    return written && flushed;
}

}  // namespace sy
