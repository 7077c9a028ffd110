// The timeline: a lane for each CPU and each task, the cursor one line through them all.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_timeline(View& view) {
    section_title(tr(Str::panel_timeline));
    if (!view.session) {
        empty_state({}, tr(Str::empty_timeline_hint));
        return;
    }
}

void dump_timeline(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
}

}  // namespace sy::gui
