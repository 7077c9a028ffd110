// Which key does what: one table for the dispatcher, the key help and the documentation.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// The bindings in force, and those as shipped.
std::span<const KeyBinding> key_bindings();
std::span<const KeyBinding> shipped_bindings();

// What an action is called in the file of preferences: "forward", "grain_step"; a panel is "panel.run_queue".
std::string action_id(const KeyBinding& binding);

// The person's wishes, each for all keys of one action; no press: it has none. They take the place of all former ones; no
// wishes: everything as shipped. A wish beats what is shipped, the first of two wishes beats the second; whatever was not
// possible, or took a key from another action, is said, with the number of its wish.
struct Rebinding {
    std::string action;
    std::vector<KeyPress> presses;
};
struct RebindNote {
    std::size_t wish = 0;
    Text what;
};
std::vector<RebindNote> rebind(std::span<const Rebinding> wishes);

// The key of a panel of the inspector, in force; Key::none if it has none.
KeyPress panel_press(std::string_view panel_id);
// What has this key now: an action's id, or empty.
std::string action_of(const KeyPress& press);
// The key of a command as a label, "Ctrl O"; empty if it has none.
std::string key_of(Command::Kind command);

// The command of a key press; none if it has none. Shift is ignored for keys that need it on some
// layouts (`?`, `+`).
Command::Kind command_of(const KeyPress& press);

// "Shift →", "Ctrl O".
std::string binding_label(const KeyPress& press);

}  // namespace sy::gui
