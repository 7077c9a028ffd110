// A finished run as pictures need it: the machine at the end, the log's index, what the file says.
#pragma once

#include <memory>

#include "sim/session/session.h"
#include "sim/trace/index.h"

namespace sy::gui {

struct RunView {
    const Kernel& end;
    const TraceIndex& index;
    const Scenario& scenario;
    Nanos now = 0;   // how far the run has got
};

// The index of everything that the session's log holds; `present`: how many tasks there were at the beginning.
std::unique_ptr<TraceIndex> index_of(const Session& session, std::size_t present);

}  // namespace sy::gui
