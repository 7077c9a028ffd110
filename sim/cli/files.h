// Reading and writing files, for the command line and the window; the rest of sim/ never touches a
// disk.
#pragma once

#include <string>

#include "sim/base/text.h"

namespace sy {

// The whole file. False with the reason in `why` when it is not there, is a folder, cannot be read,
// or is larger than limits::file_bytes (never more than that is read, whatever the file claims to
// be). "-" is standard input.
bool read_scenario_file(const std::string& path, std::string& source, Text& why);

// Replaces the file's content. False with the reason in `why`. "-" or "" is standard output.
bool write_text_file(const std::string& path, const std::string& content, Text& why);

}  // namespace sy
