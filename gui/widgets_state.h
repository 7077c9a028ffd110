// What the widgets remember within a frame, and of the mouse from one frame to the next. Private to
// the widgets.
#pragma once

#include <string_view>

#include "gui/widgets.h"

namespace sy::gui {

void report_overflow(std::string_view text, float width, float available);
// `text`, a part of `whole`, is drawn at this place: is a word of the glossary under the mouse?
void note_hovered_text(ImVec2 at, std::string_view text, const TextStyle& style, std::string_view whole);

}  // namespace sy::gui
