// The stage: who leaves, the CPU, who comes, and what moves between them in this step.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_stage(View& view) {
    if (!view.session) {
        empty_state(tr(Str::empty_no_scenario), tr(Str::empty_no_scenario_hint));
        return;
    }
}

void dump_stage(const View& view, nlohmann::json& out) { out["loaded"] = view.session != nullptr; }

}  // namespace sy::gui
