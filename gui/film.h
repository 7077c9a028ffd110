// Animations: the hidden window at one instant after the other, written as GIF by ourselves or as MP4 through ffmpeg.
#pragma once

#include <functional>

#include "gui/platform/png.h"
#include "sim/cli/window_request.h"

namespace sy::gui {

// `frame(i)` renders frame i of request.frames. Writes beside the file first, so that what is cancelled (SIGINT, SIGTERM)
// or fails leaves nothing behind. Returns the exit status, with a message on stderr.
int make_film(const WindowRequest& request, const std::function<const Picture&(int)>& frame);

}  // namespace sy::gui
