// inotify on the folder, since editors that save safely replace the file; and saving in the same way.
#include "gui/app/file_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "gui/strings/strings.h"

namespace sy::gui {

void FileWatch::start(const std::string& path, std::function<void()> wake) {
    stop();
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
    if (error || real.empty()) return;
    const int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inotify < 0) return;
    int pipes[2];
    if (inotify_add_watch(inotify, real.parent_path().c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0 ||
        pipe2(pipes, O_CLOEXEC) != 0) {
        close(inotify);
        return;
    }
    stop_ = pipes[1];
    thread_ = std::thread([this, inotify, end = pipes[0], name = real.filename().string(), wake = std::move(wake)] {
        watch(inotify, end, name, wake);
    });
}

void FileWatch::watch(int inotify, int stop, std::string name, const std::function<void()>& wake) {
    alignas(inotify_event) char buffer[16 * 1024];
    while (true) {
        pollfd both[] = {{inotify, POLLIN, 0}, {stop, POLLIN, 0}};
        if (poll(both, 2, -1) < 0 && errno != EINTR) break;
        if (both[1].revents != 0) break;
        const ssize_t got = read(inotify, buffer, sizeof buffer);
        bool ours = false;
        for (ssize_t at = 0; at < got;) {
            inotify_event event;
            std::memcpy(&event, buffer + at, sizeof event);
            const char* other = buffer + at + sizeof event;
            ours = ours || (event.len > 0 && name == std::string(other)) || (event.mask & IN_Q_OVERFLOW) != 0;
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
        if (!ours) continue;
        changed_ = true;
        if (wake) wake();
    }
    close(inotify);
    close(stop);
}

void FileWatch::stop() {
    if (thread_.joinable()) {
        close(stop_);   // the other end hears of it
        thread_.join();
    }
    stop_ = -1;
    changed_ = false;
}

bool save_atomically(const std::string& path, const std::string& content, bool to_disk, int& error) {
    namespace fs = std::filesystem;
    std::error_code code;
    // Through a symbolic link: the file it leads to is replaced, not the link.
    fs::path real = fs::weakly_canonical(path, code);
    if (code || real.empty()) real = path;
    struct stat old = {};
    const bool exists = stat(real.c_str(), &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) return error = EISDIR, false;
    // Replacing needs no right to write the file itself; who took that away meant it.
    if (exists && access(real.c_str(), W_OK) != 0) return error = errno, false;
    std::string temporary = (real.parent_path() / ("." + real.filename().string() + ".XXXXXX")).string();
    const int file = mkostemp(temporary.data(), O_CLOEXEC);
    if (file < 0) return error = errno, false;
    const mode_t mask = umask(0);
    umask(mask);
    bool good = fchmod(file, exists ? old.st_mode & 07777 : 0666 & ~mask) == 0;
    for (std::size_t at = 0; good && at < content.size();) {
        const ssize_t put = write(file, content.data() + at, content.size() - at);
        if (put < 0 && errno == EINTR) continue;
        good = put > 0;
        at += good ? static_cast<std::size_t>(put) : 0;
    }
    if (good && to_disk) good = fsync(file) == 0;
    if (!good) error = errno;
    if (close(file) != 0 && good) good = false, error = errno;
    if (good && std::rename(temporary.c_str(), real.c_str()) != 0) good = false, error = errno;
    if (!good) {
        unlink(temporary.c_str());
        return false;
    }
    if (to_disk)
        if (const int folder = open(real.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
            fsync(folder);
            close(folder);
        }
    return true;
}

std::string save_error_text(const std::string& path, int error) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    switch (error) {
        case EACCES:
        case EPERM:
        case EROFS: return tr(Str::save_read_only, {path});
        case ENOENT:
        case ENOTDIR: return tr(Str::save_no_folder, {path, folder});
        case ENOSPC:
        case EDQUOT: return tr(Str::save_disk_full, {path});
        case EISDIR: return tr(Str::save_is_folder, {path});
        default: return tr(Str::save_failed, {path, std::strerror(error)});
    }
}

}  // namespace sy::gui
