// The timeline as SVG: the same lanes, folds and marks as in the window, from the same models, with what each bar is as
// its title. Every bar that stands for one slice says its nanoseconds in data-begin and data-end; a fold says its shares.
#pragma once

#include <optional>
#include <string>

#include "gui/picture/palette.h"
#include "gui/picture/run_view.h"

namespace sy::gui {

struct TimelineSvgOptions {
    ThemeId theme = ThemeId::light;
    bool in_page = false;         // an <svg> with CSS variables for a page, rather than a file
    float width = 1280;
    Nanos from = 0, until = 0;    // equal: the whole run
    std::optional<Nanos> cursor{};
    float least = 3;              // pixels; what is narrower folds
    std::size_t most_lanes = 200; // further ones are counted in a line
    bool heading = true;          // the scenario's title above
};

// Sentences are in the language in force.
std::string svg_timeline(const RunView& run, const TimelineSvgOptions& options);

}  // namespace sy::gui
