// The timeline as a place to write: an arrival or the end of a burst is dragged, the wheel with Alt changes a nice
// value, a device dropped on a lane interrupts there. Each becomes an edit of the scenario's text. And the former run
// below the lanes: boxes move from where they were to where they are, then a thin lane of it stays.
#pragma once

#include "gui/panels/timeline_parts.h"

namespace sy::gui {

// True: the mouse is taken, the timeline shall not pan or zoom.
bool timeline_drag(View& view, const TimelineMeasures& m, const std::vector<LaneRow>& rows, const Stretch& s);
void draw_timeline_drag(ImDrawList& list, View& view, const TimelineMeasures& m, const std::vector<LaneRow>& rows, const Stretch& s);
// Over a lane that is painted already; `picture` is what it showed.
void draw_ghost_lane(ImDrawList& list, const View& view, const LaneRow& row, const LanePicture& picture,
                     const TimelineMeasures& m, const Stretch& s, float y);

}  // namespace sy::gui
