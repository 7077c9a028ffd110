// Where the places of the window are: transport bar on top, tasks left, stage in the middle,
// inspector right, timeline below. Pure arithmetic, so that it is tested without a window. Every
// edge is a whole pixel.
#pragma once

namespace sy::gui {

struct Area {
    float x = 0, y = 0, width = 0, height = 0;
    friend bool operator==(const Area&, const Area&) = default;
};

struct Arrangement {
    Area transport, tasks, stage, inspector, timeline, editor;
    bool small = false;  // below 1280x720 at scale 1
};

struct ArrangeInput {
    float width = 0, height = 0;  // of the window, in pixels
    float scale = 1;
    bool fold_inspector = false;        // in a window that is large enough for it
    bool inspector_over_tasks = false;  // in one that is not
    bool editor = false;                // the text is open: it takes the task list's place, and more
    float timeline_share = 0.26F;
};

// Below 1280x720 (at scale 1) the inspector is folded; asked for there, it takes the task list's
// place, never the stage's.
Arrangement arrange(const ArrangeInput& input);

}  // namespace sy::gui
