// One JSON object a line.
#include "gui/shot_script.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/session/load.h"

namespace sy::gui {
namespace {

using nlohmann::json;

// Fills the line; an empty string, or what is wrong.
std::string read_line(const json& j, ShotLine& line) {
    WindowRequest& r = line.request;
    for (const auto& [key, value] : j.items()) {
        if (key == "presenter" && value.is_boolean()) {
            r.presenter = value;
        } else if (key == "scale" && value.is_number()) {
            r.scale = value;
        } else if ((key == "switch" || key == "step") && value.is_number_integer()) {
            (key == "switch" ? r.switch_number : r.step) = value.get<std::int64_t>();
        } else if (!value.is_string()) {
            return "'" + key + "' is not known, or is not what it should be";
        } else {
            const std::string words = value;
            if (key == "file") {
                r.file = words;
                line.opens = true;
            } else if (key == "out") {
                r.out = words;
            } else if (key == "dump") {
                r.dump = words;
            } else if (key == "theme") {
                r.theme = words;
            } else if (key == "lang") {
                r.lang = words;
            } else if (key == "size") {
                char end = 0;
                if (std::sscanf(words.c_str(), "%dx%d%c", &r.width, &r.height, &end) != 2) return "a size is WIDTHxHEIGHT";
            } else if (key == "at") {
                const auto at = parse_time(words);
                if (!at) return "'" + words + "' is no time";
                r.at = at;
            } else if (key == "keys") {
                std::string bad;
                const auto keys = parse_keys(words, bad);
                if (!keys) return "'" + bad + "' is no key";
                line.keys = *keys;
            } else {
                return "'" + key + "' is not known";
            }
        }
    }
    return {};
}

}  // namespace

bool read_shot_script(const std::string& path, const WindowRequest& defaults, std::vector<ShotLine>& lines, std::string& why) {
    std::ifstream file(path);
    if (!file) {
        why = path + " cannot be read";
        return false;
    }
    std::string words;
    for (int number = 1; std::getline(file, words); ++number) {
        if (words.find_first_not_of(" \t\r") == std::string::npos) continue;
        const json j = json::parse(words, nullptr, false);
        ShotLine line{number, false, defaults, {}};
        line.request.script.clear();
        const std::string wrong = j.is_object() ? read_line(j, line) : "this is no JSON object";
        if (!wrong.empty()) {
            why = path + ":" + std::to_string(number) + ": " + wrong;
            return false;
        }
        lines.push_back(std::move(line));
    }
    return true;
}

}  // namespace sy::gui
