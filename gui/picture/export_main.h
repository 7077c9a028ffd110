// `export`, as far as it needs no window: SVG and HTML. sim/cli/main.cpp hands it to the command line.
#pragma once

#include "sim/cli/export_request.h"

namespace sy::gui {

int export_main(const ExportRequest& request);

}  // namespace sy::gui
