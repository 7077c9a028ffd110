// Opens the window.
#include "gui/window_main.h"

#include <cstdio>

namespace sy::gui {

int window_main(const WindowRequest&) {
    std::fprintf(stderr, "error: the window is not there yet\n");
    return 1;
}

}  // namespace sy::gui
