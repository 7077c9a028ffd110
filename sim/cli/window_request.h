// What the command line asks of the window, as plain data, so that the front end without a window
// need not know how the window is made. `gui FILE` and `shot FILE …` fill it; sim/cli/main.cpp
// hands it to the window when the program was built with one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/base/types.h"

namespace sy {

struct WindowRequest {
    std::string file;                // scenario; empty: the first lesson
    bool shot = false;               // render without a person, write `out`, leave
    std::string out;                 // shot: PNG file
    std::string dump;                // JSON file: what the panels show, as data; may be empty
    int width = 1280, height = 800;  // pixels of the picture, or the window's first size
    double scale = 0;                // user scale of all sizes; 0: 1, or what the screen asks for
    std::string theme;               // dark, light, contrast; empty: as preferred, or dark
    std::string lang;                // en, zh; empty: as preferred, or en
    std::string keys;                // shot: key presses before the picture, "Right Right space"
    bool reduced_motion = false;
    std::string config;      // file of preferences; empty: the user's own. A picture reads none unless one is given
    bool no_files = false;   // starts no other program; for tests that press anything
    bool no_config = false;  // neither read nor written
    bool presenter = false;  // type for a projector: scale 1.6
    // Where the cursor starts; at most one is set.
    std::optional<Nanos> at;
    std::optional<std::int64_t> switch_number;  // 1 is the first
    std::optional<std::int64_t> step;
    std::string find;        // an expression of report/query.h to search for; empty: none
    std::size_t records = 0;  // the run ends with so many in its log; 0: the usual limit
    // Film instead of one picture: `frames` of them, of instants from `film_from` to `film_until` (equal: the whole run),
    // written to `out` as GIF, or as MP4 through ffmpeg.
    int frames = 0, fps = 10;
    Nanos film_from = 0, film_until = 0;
    bool is_mp4 = false;
    bool film_walk = false;  // step by step from film_from on, with the words in flight
    bool progress = false;   // a line for each frame on standard error
    // Many pictures in one process: a file of JSON lines, see gui/README.md.
    std::string script;
};

// Opens the window or renders the picture; returns the exit status (0 fine, 1 could not, with a
// message on stderr).
using WindowMain = std::function<int(const WindowRequest&)>;

}  // namespace sy
