// Our own names for keys, fed by GLFW, so that a shortcut means the same under every version of
// Dear ImGui and on every keyboard layout. Letters and digits are those that the layout prints, not
// places on the keyboard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::gui {

enum class Key : std::uint8_t {
    none,
    left,
    right,
    up,
    down,
    page_up,
    page_down,
    home,
    end,
    insert,
    del,
    backspace,
    space,
    enter,
    escape,
    tab,
    f1,
    f2,
    f3,
    f4,
    f5,
    f6,
    f7,
    f8,
    f9,
    f10,
    f11,
    f12,
    a,
    b,
    c,
    d,
    e,
    f,
    g,
    h,
    i,
    j,
    k,
    l,
    m,
    n,
    o,
    p,
    q,
    r,
    s,
    t,
    u,
    v,
    w,
    x,
    y,
    z,
    d0,
    d1,
    d2,
    d3,
    d4,
    d5,
    d6,
    d7,
    d8,
    d9,
    plus,
    minus,
    question,
    slash,
    comma,
    period,
    bracket_left,
    bracket_right,
};

struct KeyPress {
    Key key = Key::none;
    bool shift = false, ctrl = false, alt = false;
    bool repeat = false;  // the key is being held
    friend bool operator==(const KeyPress&, const KeyPress&) = default;
};

// One item of `shot --keys "Right shift+Right wait100 space"`: a key, or a pause in milliseconds of
// shown time.
struct KeyScriptItem {
    KeyPress press;
    int wait_ms = 0;
};

// Names as xdotool has them, in any case: Right, Left, Prior or PageUp, space, Return, Escape, F1,
// a, 3, plus, `?`; with shift+, ctrl+, alt+ before them. Empty optional: `bad` holds the word that
// is no key.
std::optional<std::vector<KeyScriptItem>> parse_keys(std::string_view text, std::string& bad);

// A native GLFW key, its scancode and modifiers, as ours. `printed` is what the layout prints for
// it (may be empty).
KeyPress from_glfw(int key, int mods, std::string_view printed, bool repeat);

// The key that prints this ASCII character.
Key key_of_char(char c);

// As a key script and the file of preferences write it: "Right", "shift+Right", "ctrl+o", "bracketleft".
std::string key_text(const KeyPress& press);

// "Ctrl", "Shift", "→", "Space": how the key help writes it.
std::string key_label(Key key);

}  // namespace sy::gui
