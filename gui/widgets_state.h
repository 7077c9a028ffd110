// What the widgets remember within a frame, and of the mouse from one frame to the next. Private to
// the widgets.
#pragma once

#include <string_view>

namespace sy::gui {

void report_overflow(std::string_view text, float width, float available);

}  // namespace sy::gui
