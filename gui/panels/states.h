// What each panel remembers between frames of how it looks; one struct a panel.
#pragma once

#include "sim/base/types.h"

namespace sy::gui {

struct TimelineState {
    Nanos from = 0, until = 0;  // the visible stretch; equal: the whole run
};

struct PanelStates {
    TimelineState timeline;
};

}  // namespace sy::gui
