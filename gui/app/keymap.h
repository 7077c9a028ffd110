// Which key does what: one table for the dispatcher, the key help and the documentation.
#pragma once

#include <span>
#include <string>

#include "gui/app/view.h"
#include "gui/platform/keys.h"
#include "gui/strings/strings.h"

namespace sy::gui {

struct KeyBinding {
    KeyPress press;
    Command::Kind command;
    Str help;
    Str group;
    bool alias = false;  // a second key for the same thing; not listed in the help
};

std::span<const KeyBinding> key_bindings();

// The command of a key press; none if it has none. Shift is ignored for keys that need it on some
// layouts (`?`, `+`).
Command::Kind command_of(const KeyPress& press);

// "Shift →", "Ctrl O".
std::string binding_label(const KeyPress& press);

}  // namespace sy::gui
