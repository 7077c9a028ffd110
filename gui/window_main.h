// The window's one entry for the program: opens it, or renders one picture of it (`shot`), as the
// request says.
#pragma once

#include "sim/cli/window_request.h"

namespace sy::gui {

// Returns the exit status; on failure the reason was written to stderr.
int window_main(const WindowRequest& request);

}  // namespace sy::gui
