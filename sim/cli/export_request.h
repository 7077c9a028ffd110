// What `export` asks for, as plain data. Pictures without a window (SVG, HTML) are made by gui/picture, which
// sim/cli/main.cpp hands to the command line; animations by the window.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/base/types.h"
#include "sim/cli/commands.h"

namespace sy {

struct ExportRequest {
    cli::Common common;                  // `out` is the file; empty: standard output (not for gif and mp4)
    enum class Kind : std::uint8_t { none, svg_timeline, svg_stage, html, gif, mp4 } kind = Kind::none;
    std::string theme = "light";         // of SVG and animations
    int width = 1280, height = 800;
    // Of the timeline's picture and of an animation: [from, until); equal: the whole run.
    Nanos from = 0, until = 0;
    int fps = 10;                        // frames a second of an animation
    bool progress = false;               // a line for each frame on standard error
    bool walk = false;                   // an animation: step by step, with the words in flight
    double seconds = 0;                  // how long an animation lasts; 0: as many as suit
    // The cursor; at most one is set.
    std::optional<Nanos> at;
    std::optional<std::int64_t> switch_number;
    std::optional<std::int64_t> step;
};

// Returns the exit status.
using ExportMain = std::function<int(const ExportRequest&)>;

}  // namespace sy
