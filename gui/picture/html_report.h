// A run as one page of HTML that needs nothing else: title, what to watch, the Gantt chart as inline SVG, tasks, totals,
// measures, expectations, the story switch by switch, the scenario's text. Light or dark as the reader's system says.
// Everything from the scenario is escaped; long runs are folded, long lists cut with a line that says so.
#pragma once

#include <string>

#include "gui/picture/run_view.h"
#include "sim/report/run.h"
#include "sim/session/session.h"

namespace sy::gui {

struct HtmlInput {
    Session& session;            // run to its end
    const TraceIndex& index;
    const RunResult& result;
    std::string source;          // the file's text; empty: it was not a file
};
// In the language in force.
std::string html_report(const HtmlInput& input);

}  // namespace sy::gui
