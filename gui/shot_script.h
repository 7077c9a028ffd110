// `shot --script FILE`: a line of JSON for each picture or dump, all in one process.
//   {"file": "x.scn", "out": "a.png", "dump": "a.json", "size": "1280x800", "theme": "dark", "lang": "zh", "scale": 2.5,
//    "presenter": true, "at": "21ms", "switch": 1, "step": 7, "keys": "Right Tab"}
// A line without "file" goes on with the scenario that is open: more keys, another picture. "out" and "dump" may be missing.
#pragma once

#include <string>
#include <vector>

#include "gui/platform/keys.h"
#include "sim/cli/window_request.h"

namespace sy::gui {

struct ShotLine {
    int number = 0;
    bool opens = false;
    WindowRequest request;
    std::vector<KeyScriptItem> keys;
};

// False with the reason, which names the line.
bool read_shot_script(const std::string& path, const WindowRequest& defaults, std::vector<ShotLine>& lines, std::string& why);

}  // namespace sy::gui
