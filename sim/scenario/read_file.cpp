#include "sim/scenario/read_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"
#include "sim/scenario/suggest.h"

namespace sy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNames = 2'000;  // of a folder, looked at for a suggestion

// Files ending in .scn of a folder, sorted; the folder's own order means nothing.
std::vector<std::string> scenarios_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error);
    for (; !error && it != fs::directory_iterator() && names.size() < kMostNames;
         it.increment(error)) {
        if (it->path().extension() == ".scn") names.push_back(it->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// What may have been meant by a name that does not exist: one with a typing mistake or without its
// ending in the same folder, or a lesson by the beginning of its name.
std::string near_by(const std::string& path) {
    const fs::path wanted(path);
    std::vector<fs::path> folders = {wanted.parent_path()};
    if (!wanted.has_parent_path()) folders.emplace_back("scenarios");
    for (const fs::path& folder : folders) {
        const std::vector<std::string> names = scenarios_in(folder);
        const std::string name = wanted.filename().string();
        for (const std::string& each : names) {
            if (!name.empty() && each.starts_with(name)) return (folder / each).string();
        }
        const std::vector<std::string_view> known(names.begin(), names.end());
        const std::string meant = scn::nearest(name, known);
        if (!meant.empty()) return (folder / meant).string();
        const std::string with_ending = scn::nearest(name + ".scn", known);
        if (!with_ending.empty()) return (folder / with_ending).string();
    }
    return {};
}

void not_found(const std::string& path, Diagnostics& diags) {
    const std::string meant = near_by(path);
    if (meant.empty()) {
        diags.error({}, text("there is no such file", "没有这个文件"));
    } else {
        diags.error({},
                    text("there is no such file; did you mean '{0}'?",
                         "没有这个文件；是不是想打开 “{0}”？", {meant}),
                    meant);
    }
}

void too_large(Diagnostics& diags) {
    const std::string limit = std::to_string(limits::file_bytes >> 20) + " MiB";
    diags.error({}, text("the file is larger than the limit of {0} for a scenario",
                         "文件超过了场景文件的上限 {0}", {limit}));
}

bool read_all(std::FILE* file, std::string& text, Diagnostics& diags) {
    constexpr auto kMost = static_cast<std::size_t>(limits::file_bytes);
    std::vector<char> chunk(std::size_t{1} << 16);
    while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file)) {
        if (text.size() + count > kMost) {
            text.clear();
            too_large(diags);
            return false;
        }
        text.append(chunk.data(), count);
    }
    if (std::ferror(file) == 0) return true;
    diags.error({}, text.empty() ? sy::text("the file cannot be read", "无法读取文件")
                                 : sy::text("the file cannot be read to its end", "无法读完文件"));
    return false;
}

}  // namespace

bool read_scenario_file(const std::string& path, std::string& text, Diagnostics& diags) {
    text.clear();
    if (path == "-") return read_all(stdin, text, diags);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
        not_found(path, diags);
        return false;
    }
    if (status.type() == fs::file_type::directory) {
        diags.error({}, sy::text("this is a folder; name a file in it that ends in .scn",
                                 "这是一个文件夹；请指定其中以 .scn 结尾的文件"));
        return false;
    }
    if (status.type() == fs::file_type::regular &&
        fs::file_size(path, error) > limits::file_bytes && !error) {
        too_large(diags);
        return false;
    }
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               std::fclose);
    if (file) return read_all(file.get(), text, diags);
    const std::string reason = std::strerror(errno);
    diags.error({}, sy::text("the file cannot be opened: {0}", "无法打开文件：{0}", {reason}));
    return false;
}

}  // namespace sy
