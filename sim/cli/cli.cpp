// The table of subcommands. Only the two that open the window are here so far.
#include "sim/cli/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

namespace sy {
namespace {

bool parse_size(const std::string& text, WindowRequest& request) {
    return std::sscanf(text.c_str(), "%dx%d", &request.width, &request.height) == 2 &&
           request.width > 0 && request.height > 0 && request.width <= 16'384 &&
           request.height <= 16'384;
}

int open_window(const WindowRequest& request, const WindowMain& window) {
    if (window) return window(request);
    std::fprintf(stderr,
                 "error: this build has no window. `switchyard explain` tells the same in text.\n");
    return 1;
}

}  // namespace

int cli_main(int argc, const char* const* argv, const WindowMain& window) {
    CLI::App app{"Switchyard: watch a kernel switch, word by word.", "switchyard"};
    app.require_subcommand(1);
    WindowRequest request;
    std::string size = "1280x800";

    CLI::App* gui = app.add_subcommand("gui", "open the window");
    CLI::App* shot = app.add_subcommand("shot", "render the window to a picture");
    for (CLI::App* command : {gui, shot}) {
        command->add_option("FILE", request.file, "scenario (default: the first lesson)");
        command->add_option("--theme", request.theme, "dark or light");
        command->add_option("--lang", request.lang, "en or zh");
        command->add_option("--size", size, "WIDTHxHEIGHT in pixels");
        command->add_option("--scale", request.scale, "size of everything, 0.8 to 2.5");
        command->add_option("--dump", request.dump, "write what the panels show as JSON");
        command->add_option("--switch", request.switch_number, "start at this context switch");
        command->add_option("--step", request.step, "start at this step");
        command->add_flag("--reduced-motion", request.reduced_motion, "arrows instead of flight");
        command->add_flag("--presenter", request.presenter, "type for a projector");
    }
    shot->add_option("-o,--output", request.out, "PNG file")->required();
    shot->add_option("--keys", request.keys, "key presses first, e.g. \"Right Right space\"");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (!parse_size(size, request)) {
        std::fprintf(stderr, "error: --size wants WIDTHxHEIGHT, for example 1600x1000\n");
        return 2;
    }
    request.shot = shot->parsed();
    return open_window(request, window);
}

}  // namespace sy
