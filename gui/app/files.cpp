// Finds scenario files on the disk.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gui/app/app_parts.h"

namespace sy::gui {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> scenarios_in(const fs::path& folder) {
    std::vector<std::string> files;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".scn") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::vector<std::string> find_lessons() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    for (fs::path start : {fs::current_path(error), program.parent_path()}) {
        for (int up = 0; up < 5 && !start.empty(); ++up) {
            std::vector<std::string> files = scenarios_in(start / "scenarios");
            if (!files.empty()) return files;
            if (start == start.parent_path()) break;
            start = start.parent_path();
        }
    }
    return {};
}

bool save_scenario(const AppParts& parts, const std::string& path) {
    std::string text = parts.document.source;
    if (!text.empty() && text.back() != '\n') text += '\n';
    std::ofstream file(path, std::ios::binary);
    file << text;
    return static_cast<bool>(file.flush());
}

std::vector<std::string> scenarios_beside(const std::string& path) {
    std::error_code error;
    const fs::path folder = path.empty() ? fs::current_path(error) : fs::path(path).parent_path();
    return scenarios_in(folder.empty() ? fs::path(".") : folder);
}

}  // namespace sy::gui
