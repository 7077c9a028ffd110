// The task list: boxes around tasks that share an mm, kernel threads outside every box.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_tasks(View& view) {
    section_title(tr(Str::panel_tasks));
    if (!view.session) {
        empty_state({}, tr(Str::empty_tasks_hint));
        return;
    }
}

void dump_tasks(const View& view, nlohmann::json& out) { out["loaded"] = view.session != nullptr; }

}  // namespace sy::gui
