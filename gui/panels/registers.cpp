// The registers of the CPU at the cursor, changes marked.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_registers(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_registers_hint));
        return;
    }
}

void dump_registers(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
}

}  // namespace sy::gui
