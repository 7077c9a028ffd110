// `--help` and the messages about wrong usage in Chinese.
#pragma once

#include "sim/base/text.h"

namespace CLI {
class App;
}

namespace sy::cli {

// What `--lang` on this command line says, before anything is parsed; English if it says nothing
// that we know.
Lang language_of(int argc, const char* const* argv);

// Puts Chinese in place of every description, heading and footer of `app` and its subcommands. A
// sentence without a translation stays as it is; tests/cli_test.py finds it.
void speak_chinese(CLI::App& app);

}  // namespace sy::cli
