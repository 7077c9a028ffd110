// Getting a scenario's text from the disk, with a message that helps when there is none. The only
// input in sim outside the front end; both the command line and the window need it.
#pragma once

#include <string>

#include "sim/base/diagnostics.h"

namespace sy {

// Reads the file whole, unless it is larger than limits::file_bytes (then not even that much is
// kept). False after an error, which is in `diags`: not found (with a near-by name that exists), a
// directory, too large, unreadable. Pipes work as files do; "-" is standard input.
bool read_scenario_file(const std::string& path, std::string& text, Diagnostics& diags);

}  // namespace sy
