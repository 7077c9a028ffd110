// `proc-export`: the simulated machine's /proc as a folder of files, for the real ps and top.
//
// The folder is ours or empty. What was written is listed in a file inside, so that the next export
// can take it back: that file's lines and nothing else are ever removed.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/report/proc.h"

namespace sy::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = ".switchyard-proc";
constexpr const char* kManifestHead =
    "What `switchyard proc-export` wrote here, and removes when it writes again:";

Text failed(const fs::path& path, const std::error_code& error) {
    return text("cannot write {0}: {1}", "无法写入 {0}：{1}", {path.string(), error.message()});
}

// A line of the list that can only mean something inside the folder: no way out of it by name, and
// none by a link in place of one of our folders.
bool is_inside(const fs::path& home, const fs::path& path) {
    if (path.empty() || path.is_absolute()) return false;
    fs::path at = home;
    for (auto part = path.begin(); part != path.end(); ++part) {
        if (*part == ".." || *part == "." || part->empty()) return false;
        at /= *part;
        std::error_code error;
        const bool is_last = std::next(part) == path.end();
        if (!is_last && !fs::is_directory(fs::symlink_status(at, error))) return false;
    }
    return true;
}

// Takes back what an earlier export wrote: files and links first, then folders that are empty now.
void take_back(const fs::path& home, const std::string& list) {
    std::set<fs::path> folders;
    std::istringstream in(list);
    std::string line;
    std::getline(in, line);  // the head
    std::error_code error;
    while (std::getline(in, line)) {
        const fs::path path(line);
        if (!is_inside(home, path)) continue;
        if (!fs::is_directory(fs::symlink_status(home / path, error)))
            fs::remove(home / path, error);
        for (fs::path up = path.parent_path(); !up.empty(); up = up.parent_path())
            folders.insert(up);
    }
    // Longer paths come after their parents: from the end, children go first.
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder)
        fs::remove(home / *folder, error);  // refuses a folder that is not empty
    fs::remove(home / kManifest, error);
}

std::optional<std::string> manifest_of(const fs::path& home) {
    std::error_code error;
    if (!fs::is_regular_file(fs::symlink_status(home / kManifest, error))) return {};
    std::string list;
    std::FILE* file = std::fopen((home / kManifest).c_str(), "rb");
    if (file == nullptr) return {};
    char block[65'536];
    for (std::size_t got = 0; (got = std::fread(block, 1, sizeof block, file)) > 0;)
        list.append(block, got);
    std::fclose(file);
    if (!list.starts_with(kManifestHead)) return {};
    return list;
}

std::optional<Text> prepare(const fs::path& home) {
    std::error_code error;
    if (!fs::exists(home, error)) {
        fs::create_directories(home, error);
        if (error) return failed(home, error);
        return {};
    }
    if (!fs::is_directory(home, error))
        return text("{0} is not a folder", "{0} 不是文件夹", {home.string()});
    if (const auto list = manifest_of(home)) take_back(home, *list);
    const bool is_empty = fs::is_empty(home, error);
    if (error) return failed(home, error);
    if (is_empty) return {};
    return text(
        "{0} holds files that proc-export did not write; nothing was written. Name a new or an "
        "empty folder",
        "{0} 里有不是 proc-export 写的文件；什么也没有写。请给一个新的或空的文件夹",
        {home.string()});
}

// Writes entries one by one; makes each folder when its first file comes, so in order of pid.
class Tree {
  public:
    explicit Tree(fs::path home) : home_(std::move(home)) {
        manifest_ = std::fopen((home_ / kManifest).c_str(), "wb");
        if (manifest_ == nullptr) note(home_ / kManifest);
        note_line(kManifestHead);
    }
    ~Tree() {
        if (manifest_ != nullptr) std::fclose(manifest_);
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    bool write(const ProcEntry& entry) {
        if (error_) return false;
        const fs::path path = home_ / entry.path;
        note_line(entry.path);
        std::error_code error;
        if (path.parent_path() != folder_) {
            folder_ = path.parent_path();
            fs::create_directories(folder_, error);
        }
        if (!error && entry.is_link) fs::create_symlink(entry.content, path, error);
        if (error) error_ = failed(path, error);
        return !error_ && (entry.is_link || write_file(path, entry.content));
    }
    const std::optional<Text>& finish() {
        if (manifest_ != nullptr && std::fclose(manifest_) != 0) note(home_ / kManifest);
        manifest_ = nullptr;
        return error_;
    }

  private:
    bool write_file(const fs::path& path, std::string_view content) {
        std::FILE* file = std::fopen(path.c_str(), "wbx");
        const bool is_open = file != nullptr;
        bool is_fine =
            is_open && std::fwrite(content.data(), 1, content.size(), file) == content.size();
        if (is_open) is_fine = std::fclose(file) == 0 && is_fine;
        if (!is_fine) note(path);
        return is_fine;
    }
    // The list is on the disk before what it lists, so an export that was cut short can be redone.
    void note_line(std::string_view line) {
        if (manifest_ == nullptr) return;
        std::fwrite(line.data(), 1, line.size(), manifest_);
        if (std::fputc('\n', manifest_) == EOF || std::fflush(manifest_) != 0)
            note(home_ / kManifest);
    }
    void note(const fs::path& path) {
        if (!error_) error_ = failed(path, {errno, std::generic_category()});
    }

    fs::path home_, folder_;
    std::FILE* manifest_ = nullptr;
    std::optional<Text> error_;
};

}  // namespace

int proc_export(const MomentOptions& options) {
    int status = kFine;
    const auto kernel = machine_at(options, status);
    if (!kernel) return status;
    const fs::path home(options.path);
    std::optional<Text> error = prepare(home);
    if (!error) {
        Tree tree(home);
        walk_proc(*kernel, [&](const ProcEntry& entry) { return tree.write(entry); });
        error = tree.finish();
    }
    if (!error) return kFine;
    complain(*error, options.common.language());
    return kWrongInput;
}

}  // namespace sy::cli
