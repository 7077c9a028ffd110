// The program's entry: the command line does everything except the window, which is handed in when
// it was built.
#include "gui/picture/export_main.h"
#include "sim/cli/cli.h"

#ifdef SWITCHYARD_HAS_GUI
#include "gui/window_main.h"
#endif

int main(int argc, char** argv) {
#ifdef SWITCHYARD_HAS_GUI
    return sy::cli_main(argc, argv, sy::gui::window_main, sy::gui::export_main);
#else
    return sy::cli_main(argc, argv, nullptr, sy::gui::export_main);
#endif
}
