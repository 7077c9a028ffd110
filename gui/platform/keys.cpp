// Key names: from GLFW, from text, and for the help page.
#include "gui/platform/keys.h"

#include <GLFW/glfw3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace sy::gui {
namespace {

struct NamedKey {
    Key key;
    int glfw;
    std::string_view name;   // in a key script, lower case
    std::string_view other;  // another accepted name
    std::string_view label;  // in the help
};

constexpr std::array named_keys = {
    NamedKey{Key::left, GLFW_KEY_LEFT, "left", "", "←"},
    NamedKey{Key::right, GLFW_KEY_RIGHT, "right", "", "→"},
    NamedKey{Key::up, GLFW_KEY_UP, "up", "", "↑"},
    NamedKey{Key::down, GLFW_KEY_DOWN, "down", "", "↓"},
    NamedKey{Key::page_up, GLFW_KEY_PAGE_UP, "prior", "pageup", "PgUp"},
    NamedKey{Key::page_down, GLFW_KEY_PAGE_DOWN, "next", "pagedown", "PgDn"},
    NamedKey{Key::home, GLFW_KEY_HOME, "home", "", "Home"},
    NamedKey{Key::end, GLFW_KEY_END, "end", "", "End"},
    NamedKey{Key::insert, GLFW_KEY_INSERT, "insert", "", "Ins"},
    NamedKey{Key::del, GLFW_KEY_DELETE, "delete", "", "Del"},
    NamedKey{Key::backspace, GLFW_KEY_BACKSPACE, "backspace", "", "⌫"},
    NamedKey{Key::space, GLFW_KEY_SPACE, "space", "", "Space"},
    NamedKey{Key::enter, GLFW_KEY_ENTER, "return", "enter", "Enter"},
    NamedKey{Key::enter, GLFW_KEY_KP_ENTER, "kp_enter", "", "Enter"},
    NamedKey{Key::escape, GLFW_KEY_ESCAPE, "escape", "esc", "Esc"},
    NamedKey{Key::tab, GLFW_KEY_TAB, "tab", "", "Tab"},
    NamedKey{Key::plus, GLFW_KEY_KP_ADD, "plus", "equal", "+"},
    NamedKey{Key::minus, GLFW_KEY_KP_SUBTRACT, "minus", "", "−"},
    NamedKey{Key::question, 0, "question", "?", "?"},
    NamedKey{Key::slash, 0, "slash", "/", "/"},
    NamedKey{Key::comma, 0, "comma", ",", ","},
    NamedKey{Key::period, 0, "period", ".", "."},
    NamedKey{Key::bracket_left, 0, "bracketleft", "[", "["},
    NamedKey{Key::bracket_right, 0, "bracketright", "]", "]"},
};

Key offset(Key first, int by) { return static_cast<Key>(static_cast<int>(first) + by); }

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

Key key_of_name(const std::string& word) {
    for (const NamedKey& named : named_keys) {
        if (word == named.name || (!named.other.empty() && word == named.other)) return named.key;
    }
    if (word.size() == 1) return key_of_char(word[0]);
    if (word.size() <= 3 && word[0] == 'f') {
        int number = 0;
        const auto [end, error] =
            std::from_chars(word.data() + 1, word.data() + word.size(), number);
        if (error == std::errc() && end == word.data() + word.size() && number >= 1 && number <= 12)
            return offset(Key::f1, number - 1);
    }
    return Key::none;
}

bool parse_item(std::string_view word, KeyScriptItem& item) {
    std::string rest = lower(word);
    if (rest.starts_with("wait") && rest.size() > 4) {
        const auto [end, error] =
            std::from_chars(rest.data() + 4, rest.data() + rest.size(), item.wait_ms);
        return error == std::errc() && end == rest.data() + rest.size() && item.wait_ms >= 0 &&
               item.wait_ms <= 60'000;
    }
    for (bool again = true; again;) {
        again = false;
        for (const auto& [prefix, flag] :
             {std::pair{"shift+", &item.press.shift}, std::pair{"ctrl+", &item.press.ctrl},
              std::pair{"alt+", &item.press.alt}}) {
            if (rest.starts_with(prefix) && rest.size() > std::string_view(prefix).size()) {
                *flag = true;
                rest.erase(0, std::string_view(prefix).size());
                again = true;
            }
        }
    }
    item.press.key = key_of_name(rest);
    return item.press.key != Key::none;
}

}  // namespace

Key key_of_char(char c) {
    if (c >= 'a' && c <= 'z') return offset(Key::a, c - 'a');
    if (c >= 'A' && c <= 'Z') return offset(Key::a, c - 'A');
    if (c >= '0' && c <= '9') return offset(Key::d0, c - '0');
    switch (c) {
        case '+':
        case '=':
            return Key::plus;
        case '-':
            return Key::minus;
        case '?':
            return Key::question;
        case '/':
            return Key::slash;
        case ',':
            return Key::comma;
        case '.':
            return Key::period;
        case '[':
            return Key::bracket_left;
        case ']':
            return Key::bracket_right;
        case ' ':
            return Key::space;
        default:
            return Key::none;
    }
}

std::optional<std::vector<KeyScriptItem>> parse_keys(std::string_view text, std::string& bad) {
    std::vector<KeyScriptItem> items;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t start = text.find_first_not_of(" \t\n,", at);
        if (start == std::string_view::npos) break;
        const std::size_t stop = std::min(text.find_first_of(" \t\n", start), text.size());
        const std::string_view word = text.substr(start, stop - start);
        KeyScriptItem item;
        if (!parse_item(word, item)) {
            bad = word;
            return std::nullopt;
        }
        items.push_back(item);
        at = stop;
    }
    return items;
}

KeyPress from_glfw(int key, int mods, std::string_view printed, bool repeat) {
    KeyPress press;
    press.shift = (mods & GLFW_MOD_SHIFT) != 0;
    press.ctrl = (mods & (GLFW_MOD_CONTROL | GLFW_MOD_SUPER)) != 0;
    press.alt = (mods & GLFW_MOD_ALT) != 0;
    press.repeat = repeat;
    for (const NamedKey& named : named_keys) {
        if (named.glfw != 0 && named.glfw == key) {
            press.key = named.key;
            return press;
        }
    }
    if (key >= GLFW_KEY_F1 && key <= GLFW_KEY_F12) {
        press.key = offset(Key::f1, key - GLFW_KEY_F1);
        return press;
    }
    if (key >= GLFW_KEY_KP_0 && key <= GLFW_KEY_KP_9) {
        press.key = offset(Key::d0, key - GLFW_KEY_KP_0);
        return press;
    }
    if (printed.size() == 1) press.key = key_of_char(printed[0]);
    if (press.key == Key::none && key >= 32 && key < 127)
        press.key = key_of_char(static_cast<char>(key));
    // `?` is shift and the slash key on most layouts.
    if (press.key == Key::slash && press.shift) press.key = Key::question;
    return press;
}

std::string key_text(const KeyPress& press) {
    std::string text = press.ctrl ? "ctrl+" : "";
    if (press.shift) text += "shift+";
    if (press.alt) text += "alt+";
    for (const NamedKey& named : named_keys) {
        if (named.key == press.key) return text + std::string(named.name);
    }
    return text + lower(key_label(press.key));
}

std::string key_label(Key key) {
    for (const NamedKey& named : named_keys) {
        if (named.key == key) return std::string(named.label);
    }
    if (key >= Key::f1 && key <= Key::f12)
        return "F" + std::to_string(static_cast<int>(key) - static_cast<int>(Key::f1) + 1);
    if (key >= Key::a && key <= Key::z)
        return std::string(
            1, static_cast<char>('A' + static_cast<int>(key) - static_cast<int>(Key::a)));
    if (key >= Key::d0 && key <= Key::d9)
        return std::string(
            1, static_cast<char>('0' + static_cast<int>(key) - static_cast<int>(Key::d0)));
    return "";
}

}  // namespace sy::gui
