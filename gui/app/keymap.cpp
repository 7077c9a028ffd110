// The table of keys.
#include "gui/app/keymap.h"

#include <algorithm>
#include <array>

#include "gui/panels/panels.h"
#include "sim/scenario/suggest.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr KeyPress plain(Key key) { return {key, false, false, false, false}; }
constexpr KeyPress shift(Key key) { return {key, true, false, false, false}; }
constexpr KeyPress alt(Key key) { return {key, false, false, true, false}; }
constexpr KeyPress ctrl(Key key) { return {key, false, true, false, false}; }
constexpr KeyPress ctrl_shift(Key key) { return {key, true, true, false, false}; }

constexpr std::array table = {
    KeyBinding{plain(Key::right), Kind::forward, Str::key_forward, Str::keys_group_walk},
    KeyBinding{plain(Key::left), Kind::back, Str::key_back, Str::keys_group_walk},
    KeyBinding{shift(Key::right), Kind::forward_larger, Str::key_forward_more,
               Str::keys_group_walk},
    KeyBinding{shift(Key::left), Kind::back_larger, Str::key_back_more, Str::keys_group_walk},
    KeyBinding{plain(Key::space), Kind::play, Str::key_play, Str::keys_group_walk},
    KeyBinding{plain(Key::b), Kind::to_task, Str::key_to_task, Str::keys_group_walk},
    KeyBinding{plain(Key::s), Kind::thread_insn, Str::key_insn, Str::keys_group_walk},
    KeyBinding{alt(Key::s), Kind::thread_insn_back, Str::key_insn_back, Str::keys_group_walk},
    KeyBinding{plain(Key::p), Kind::thread_over, Str::key_over, Str::keys_group_walk},
    KeyBinding{alt(Key::p), Kind::thread_over_back, Str::key_over_back, Str::keys_group_walk},
    KeyBinding{plain(Key::o), Kind::thread_out, Str::key_out, Str::keys_group_walk},
    KeyBinding{alt(Key::o), Kind::thread_out_back, Str::key_out_back, Str::keys_group_walk},
    KeyBinding{plain(Key::r), Kind::to_break, Str::key_to_break, Str::keys_group_walk},
    KeyBinding{alt(Key::r), Kind::to_break_back, Str::key_to_break_back, Str::keys_group_walk},
    KeyBinding{plain(Key::u), Kind::to_line, Str::key_to_line, Str::keys_group_walk},
    KeyBinding{plain(Key::y), Kind::toggle_stop, Str::key_toggle_stop, Str::keys_group_walk},
    KeyBinding{plain(Key::home), Kind::to_start, Str::key_start, Str::keys_group_walk},
    KeyBinding{plain(Key::end), Kind::to_end, Str::key_end, Str::keys_group_walk},
    KeyBinding{plain(Key::d1), Kind::grain_step, Str::key_grain_step, Str::keys_group_walk},
    KeyBinding{plain(Key::d2), Kind::grain_phase, Str::key_grain_phase, Str::keys_group_walk},
    KeyBinding{plain(Key::d3), Kind::grain_switch, Str::key_grain_switch, Str::keys_group_walk},
    KeyBinding{plain(Key::d4), Kind::grain_tick, Str::key_grain_tick, Str::keys_group_walk},
    KeyBinding{plain(Key::bracket_left), Kind::slower, Str::key_slower, Str::keys_group_walk},
    KeyBinding{plain(Key::bracket_right), Kind::faster, Str::key_faster, Str::keys_group_walk},
    // A remote clicker sends these.
    KeyBinding{plain(Key::page_down), Kind::forward, Str::key_forward, Str::keys_group_walk, true},
    KeyBinding{plain(Key::page_up), Kind::back, Str::key_back, Str::keys_group_walk, true},

    KeyBinding{plain(Key::d), Kind::depth, Str::key_depth, Str::keys_group_look},
    KeyBinding{plain(Key::up), Kind::previous_task, Str::key_previous_task, Str::keys_group_look},
    KeyBinding{plain(Key::down), Kind::next_task, Str::key_next_task, Str::keys_group_look},
    KeyBinding{plain(Key::tab), Kind::next_tab, Str::key_next_tab, Str::keys_group_look},
    KeyBinding{plain(Key::i), Kind::fold_inspector, Str::key_inspector, Str::keys_group_look},
    KeyBinding{plain(Key::plus), Kind::zoom_in, Str::key_zoom_in, Str::keys_group_look},
    KeyBinding{plain(Key::minus), Kind::zoom_out, Str::key_zoom_out, Str::keys_group_look},
    KeyBinding{plain(Key::f), Kind::zoom_fit, Str::key_fit, Str::keys_group_look},
    KeyBinding{plain(Key::comma), Kind::pan_left, Str::key_pan_left, Str::keys_group_look},
    KeyBinding{plain(Key::period), Kind::pan_right, Str::key_pan_right, Str::keys_group_look},
    KeyBinding{plain(Key::c), Kind::next_chapter, Str::key_next_chapter, Str::keys_group_walk},
    KeyBinding{plain(Key::v), Kind::previous_chapter, Str::key_previous_chapter, Str::keys_group_walk},

    KeyBinding{ctrl(Key::f), Kind::find, Str::key_find, Str::keys_group_find},
    KeyBinding{plain(Key::n), Kind::next_match, Str::key_next_match, Str::keys_group_find},
    KeyBinding{shift(Key::n), Kind::previous_match, Str::key_previous_match, Str::keys_group_find},
    KeyBinding{plain(Key::w), Kind::shorter_wait, Str::key_shorter_wait, Str::keys_group_find},
    KeyBinding{plain(Key::e), Kind::later_wait, Str::key_later_wait, Str::keys_group_find},
    KeyBinding{plain(Key::x), Kind::measure_here, Str::key_measure, Str::keys_group_find},
    KeyBinding{shift(Key::x), Kind::measure_off, Str::key_measure_off, Str::keys_group_find},
    KeyBinding{plain(Key::k), Kind::bookmark, Str::key_bookmark, Str::keys_group_find},
    KeyBinding{plain(Key::j), Kind::next_bookmark, Str::key_next_bookmark, Str::keys_group_find},
    KeyBinding{plain(Key::h), Kind::previous_bookmark, Str::key_previous_bookmark, Str::keys_group_find},
    KeyBinding{plain(Key::a), Kind::arrows, Str::key_arrows, Str::keys_group_find},

    KeyBinding{ctrl(Key::e), Kind::editor, Str::key_editor, Str::keys_group_edit},
    KeyBinding{ctrl(Key::s), Kind::save, Str::key_save, Str::keys_group_edit},
    KeyBinding{ctrl_shift(Key::s), Kind::save_as, Str::key_save_as, Str::keys_group_edit},
    KeyBinding{ctrl(Key::h), Kind::find_in_text, Str::key_find_text, Str::keys_group_edit},
    KeyBinding{plain(Key::f3), Kind::find_next, Str::key_find_next, Str::keys_group_edit},
    KeyBinding{shift(Key::f3), Kind::find_previous, Str::key_find_previous, Str::keys_group_edit},
    KeyBinding{ctrl(Key::period), Kind::fix, Str::key_fix, Str::keys_group_edit},
    KeyBinding{plain(Key::f8), Kind::next_mistake, Str::key_next_mistake, Str::keys_group_edit},
    KeyBinding{ctrl_shift(Key::f), Kind::format, Str::key_format, Str::keys_group_edit},
    KeyBinding{alt(Key::up), Kind::nice_down, Str::key_nice_down, Str::keys_group_edit},
    KeyBinding{alt(Key::down), Kind::nice_up, Str::key_nice_up, Str::keys_group_edit},
    KeyBinding{alt(Key::comma), Kind::arrive_earlier, Str::key_arrive_earlier, Str::keys_group_edit},
    KeyBinding{alt(Key::period), Kind::arrive_later, Str::key_arrive_later, Str::keys_group_edit},
    KeyBinding{alt(Key::minus), Kind::burst_shorter, Str::key_burst_shorter, Str::keys_group_edit},
    KeyBinding{alt(Key::plus), Kind::burst_longer, Str::key_burst_longer, Str::keys_group_edit},
    KeyBinding{alt(Key::insert), Kind::irq_here, Str::key_irq_here, Str::keys_group_edit},
    KeyBinding{alt(Key::del), Kind::dismiss_ghost, Str::key_dismiss_ghost, Str::keys_group_edit},

    KeyBinding{ctrl(Key::o), Kind::open, Str::key_open, Str::keys_group_window},
    KeyBinding{ctrl(Key::z), Kind::undo_edit, Str::key_undo, Str::keys_group_edit},
    KeyBinding{ctrl(Key::y), Kind::redo_edit, Str::key_redo, Str::keys_group_edit},
    KeyBinding{ctrl_shift(Key::z), Kind::redo_edit, Str::key_redo, Str::keys_group_edit, true},
    KeyBinding{ctrl(Key::r), Kind::reload, Str::key_reload, Str::keys_group_window},
    KeyBinding{ctrl(Key::page_down), Kind::next_lesson, Str::key_next_lesson,
               Str::keys_group_window},
    KeyBinding{ctrl(Key::page_up), Kind::previous_lesson, Str::key_previous_lesson,
               Str::keys_group_window},
    KeyBinding{ctrl(Key::plus), Kind::bigger, Str::key_bigger, Str::keys_group_window},
    KeyBinding{ctrl(Key::minus), Kind::smaller, Str::key_smaller, Str::keys_group_window},
    KeyBinding{ctrl(Key::d0), Kind::normal_size, Str::key_normal_size, Str::keys_group_window},
    KeyBinding{plain(Key::t), Kind::theme, Str::key_theme, Str::keys_group_window},
    KeyBinding{plain(Key::l), Kind::language, Str::key_language, Str::keys_group_window},
    KeyBinding{plain(Key::m), Kind::motion, Str::key_motion, Str::keys_group_window},
    KeyBinding{plain(Key::f5), Kind::presenter, Str::key_presenter, Str::keys_group_window},
    KeyBinding{plain(Key::f12), Kind::picture, Str::key_picture, Str::keys_group_window},
    KeyBinding{shift(Key::f12), Kind::export_dialog, Str::key_export, Str::keys_group_window},
    KeyBinding{plain(Key::question), Kind::help, Str::key_help, Str::keys_group_window},
    KeyBinding{plain(Key::f1), Kind::help, Str::key_help, Str::keys_group_window, true},
    KeyBinding{ctrl(Key::q), Kind::quit, Str::key_quit, Str::keys_group_window},
    KeyBinding{ctrl(Key::p), Kind::palette, Str::key_palette, Str::keys_group_window},
    KeyBinding{{Key::p, true, true, false, false}, Kind::palette, Str::key_palette, Str::keys_group_window, true},
    KeyBinding{plain(Key::g), Kind::glossary, Str::key_glossary, Str::keys_group_window},
    KeyBinding{alt(Key::left), Kind::view_back, Str::key_view_back, Str::keys_group_look},
    KeyBinding{alt(Key::right), Kind::view_forward, Str::key_view_forward, Str::keys_group_look},
};

bool shift_is_part_of_the_sign(Key key) {
    return key == Key::question || key == Key::plus || key == Key::slash ||
           key == Key::bracket_left || key == Key::bracket_right ||
           (key >= Key::d0 && key <= Key::d9);
}

KeyPress plainly(KeyPress press) {
    press.repeat = false;
    if (shift_is_part_of_the_sign(press.key)) press.shift = false;
    return press;
}

struct PanelPress {
    std::string_view panel;
    KeyPress press;
};

// The bindings in force.
struct Bound {
    std::vector<KeyBinding> keys{table.begin(), table.end()};
    std::vector<PanelPress> panels;

    Bound() {
        for (const Panel& panel : gui::panels()) {
            if (panel.dock == Dock::inspector) panels.push_back({panel.id, panel.key == Key::none ? KeyPress{} : shift(panel.key)});
        }
    }
    std::string owner(const KeyPress& press) const {
        if (press.key == Key::none) return {};
        for (const KeyBinding& binding : keys) {
            if (binding.press == press) return action_id(binding);
        }
        for (const PanelPress& each : panels) {
            if (each.press == press) return "panel." + std::string(each.panel);
        }
        return {};
    }
    // Takes a key from whatever has it.
    void take(const KeyPress& press) {
        std::erase_if(keys, [&](const KeyBinding& b) { return b.press == press; });
        for (PanelPress& each : panels) {
            if (each.press == press) each.press = {};
        }
    }
    PanelPress* panel(std::string_view action) {
        for (PanelPress& each : panels) {
            if (action == "panel." + std::string(each.panel)) return &each;
        }
        return nullptr;
    }
};

Bound& bound() {
    static Bound now;
    return now;
}

const KeyBinding* shipped(std::string_view action) {
    for (const KeyBinding& binding : table) {
        if (action_id(binding) == action) return &binding;
    }
    return nullptr;
}

Text unknown_action(const std::string& action) {
    std::vector<std::string> names;
    for (const KeyBinding& binding : table) names.push_back(action_id(binding));
    for (const PanelPress& each : bound().panels) names.push_back("panel." + std::string(each.panel));
    const std::vector<std::string_view> known(names.begin(), names.end());
    return scn::did_you_mean(text("action", "动作"), action, scn::nearest(action, known));
}

}  // namespace

std::span<const KeyBinding> key_bindings() { return bound().keys; }
std::span<const KeyBinding> shipped_bindings() { return table; }

std::string action_id(const KeyBinding& binding) {
    std::string_view name = name_of(binding.help);
    if (name.starts_with("key_")) name.remove_prefix(4);
    return std::string(name);
}

std::vector<RebindNote> rebind(std::span<const Rebinding> wishes) {
    std::vector<RebindNote> notes;
    bound() = Bound();
    Bound& b = bound();
    // The wished-for actions first lose what is shipped, so that two of them may swap their keys.
    for (const Rebinding& wish : wishes) {
        std::erase_if(b.keys, [&](const KeyBinding& each) { return action_id(each) == wish.action; });
        if (PanelPress* panel = b.panel(wish.action)) panel->press = {};
    }
    std::vector<KeyPress> claimed;
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        const Rebinding& wish = wishes[i];
        const KeyBinding* as_shipped = shipped(wish.action);
        PanelPress* panel = b.panel(wish.action);
        if (!as_shipped && !panel) {
            notes.push_back({i, unknown_action(wish.action)});
            continue;
        }
        bool is_alias = false;
        for (const KeyPress& wanted : wish.presses) {
            const KeyPress press = plainly(wanted);
            const std::string owner = b.owner(press), key = key_text(press);
            if (std::find(claimed.begin(), claimed.end(), press) != claimed.end()) {
                if (owner != wish.action)
                    notes.push_back({i, text("{0} is already '{1}', so '{2}' does not get it", "{0} 已是 “{1}”，“{2}” 不再得到它",
                                             {key, owner, wish.action})});
                continue;
            }
            if (!owner.empty()) {
                notes.push_back({i, text("{0} is now '{1}'; '{2}' has lost it", "{0} 现在是 “{1}”；“{2}” 失去了它", {key, wish.action, owner})});
                b.take(press);
            }
            claimed.push_back(press);
            if (panel) {
                if (panel->press.key == Key::none) panel->press = press;
            } else {
                KeyBinding added = *as_shipped;
                added.press = press;
                added.alias = is_alias;
                b.keys.push_back(added);
            }
            is_alias = true;
        }
    }
    return notes;
}

KeyPress panel_press(std::string_view id) {
    for (const PanelPress& each : bound().panels) {
        if (each.panel == id) return each.press;
    }
    return {};
}

std::string action_of(const KeyPress& press) { return bound().owner(plainly(press)); }

std::string key_of(Command::Kind command) {
    for (const KeyBinding& binding : bound().keys) {
        if (binding.command == command && !binding.alias) return binding_label(binding.press);
    }
    return {};
}

Command::Kind command_of(const KeyPress& press) {
    const KeyPress wanted = plainly(press);
    for (const KeyBinding& binding : bound().keys) {
        if (binding.press == wanted) return binding.command;
    }
    return Kind::none;
}

std::string binding_label(const KeyPress& press) {
    std::string label;
    if (press.ctrl) label += "Ctrl ";
    if (press.shift) label += "Shift ";
    if (press.alt) label += "Alt ";
    return label + key_label(press.key);
}

}  // namespace sy::gui
