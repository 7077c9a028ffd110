// A task's kernel stack, word by word, with the routine or pt_regs field that owns each word.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

namespace sy::gui {

void draw_kernel_stack(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_kernel_stack_hint));
        return;
    }
}

void dump_kernel_stack(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
}

}  // namespace sy::gui
