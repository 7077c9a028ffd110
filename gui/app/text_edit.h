// The scenario's text, changed while it is open. Whoever changes it (the text editor, a line typed
// in the terminal, a breakage switched on, a register written while stopped) hands over the new
// text; it is parsed, and if it has no mistakes the session begins anew with it and goes to the
// same instant. Every change can be undone and redone. What `save` writes is this text:
// Document::source.
#pragma once

#include <string>

#include "gui/app/app_parts.h"
#include "sim/base/diagnostics.h"

namespace sy::gui {

// Where the session stands afterwards.
enum class EditThen : std::uint8_t {
    same_instant,  // the time of the cursor
    next_step,     // a timed line at next_moment() has just been done: the cursor's state, with the
                   // edit
    start,
};

// The whole text replaced. False: it has mistakes (added to `mistakes`) and nothing has changed.
bool edit_text(AppParts& parts, std::string text, Diagnostics& mistakes,
               EditThen then = EditThen::same_instant);
// A line added at the end of the text.
bool add_line(AppParts& parts, const std::string& line, Diagnostics& mistakes,
              EditThen then = EditThen::same_instant);
// One change taken back, or done again. False: there is none.
bool undo_edit(AppParts& parts);
bool redo_edit(AppParts& parts);

// The instant of a timed line that happens right after the cursor's last step, before any other.
Nanos next_moment(const AppParts& parts);

}  // namespace sy::gui
