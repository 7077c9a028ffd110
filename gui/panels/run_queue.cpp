// The run queue as the structure that the policy really uses, and why it picks whom it picks.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_run_queue(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_run_queue_hint));
        return;
    }
}

void dump_run_queue(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
}

}  // namespace sy::gui
