// The command line: reads the arguments, runs one subcommand, returns the exit status (0 fine, 1
// the input or an expectation is wrong, 2 wrong usage). Text for people goes to stdout, diagnostics
// to stderr.
#pragma once

#include "sim/cli/export_request.h"
#include "sim/cli/window_request.h"

namespace sy {

// `window` opens `gui` and `shot` and films `export --gif`; empty when the program was built without a window. `exporter`
// makes the pictures of `export` that need none.
int cli_main(int argc, const char* const* argv, const WindowMain& window, const ExportMain& exporter);

}  // namespace sy
