// XDG folders, and a write that is all or nothing.
#include "gui/app/preferences_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace sy::gui {
namespace {

namespace fs = std::filesystem;

bool write_all(int file, std::string_view content) {
    while (!content.empty()) {
        const ssize_t done = ::write(file, content.data(), content.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(done));
    }
    return ::fsync(file) == 0;
}

}  // namespace

std::string preferences_path(const WindowRequest& request) {
    if (request.no_config) return {};
    if (!request.config.empty()) return request.config;
    if (request.shot) return {};
    if (const char* named = std::getenv("SWITCHYARD_CONFIG"); named && *named)
        return std::string_view(named) == "none" ? std::string() : std::string(named);
    // The XDG base directory specification: a relative path is to be ignored.
    if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg && *xdg == '/') return std::string(xdg) + "/switchyard/config";
    if (const char* home = std::getenv("HOME"); home && *home == '/') return std::string(home) + "/.config/switchyard/config";
    return {};
}

std::string read_whole_file(const std::string& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return {};
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string write_file_safely(const std::string& path, const std::string& content) {
    std::error_code error;
    fs::path real = fs::weakly_canonical(path, error);
    if (error) real = path;
    if (real.has_parent_path()) fs::create_directories(real.parent_path(), error);
    const std::string unfinished = real.string() + ".new" + std::to_string(::getpid());
    const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return std::strerror(errno);
    const bool written = write_all(file, content);
    const int why = errno;
    ::close(file);
    if (written && std::rename(unfinished.c_str(), real.c_str()) == 0) return {};
    const std::string reason = std::strerror(written ? errno : why);
    ::unlink(unfinished.c_str());
    return reason;
}

}  // namespace sy::gui
