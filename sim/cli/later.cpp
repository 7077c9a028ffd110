// Commands that are not there yet.
#include <cstdio>

#include "sim/cli/commands.h"

namespace sy::cli {
int trace(const TraceOptions&) { return kWrongInput; }
int ps(const MomentOptions&) { return kWrongInput; }
int cat(const MomentOptions&) { return kWrongInput; }
}  // namespace sy::cli
