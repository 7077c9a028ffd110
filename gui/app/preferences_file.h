// The file of a person's preferences: where it is, and how it is written so that whoever reads it, and whatever kills us
// meanwhile, finds the old content or the new one.
#pragma once

#include <string>

#include "sim/cli/window_request.h"

namespace sy::gui {

// $XDG_CONFIG_HOME/switchyard/config, or ~/.config/switchyard/config. What the request names comes first; empty: no
// preferences (--no-config, SWITCHYARD_CONFIG=none, a picture, no home). SWITCHYARD_CONFIG may name another file.
std::string preferences_path(const WindowRequest& request);

// The content; empty if there is no such file.
std::string read_whole_file(const std::string& path);

// Makes the folders, writes beside the file, flushes to the disk, renames over it (a link is followed). Empty, or why not.
std::string write_file_safely(const std::string& path, const std::string& content);

}  // namespace sy::gui
