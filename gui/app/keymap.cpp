// The table of keys.
#include "gui/app/keymap.h"

#include <array>

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr KeyPress plain(Key key) { return {key, false, false, false, false}; }
constexpr KeyPress shift(Key key) { return {key, true, false, false, false}; }
constexpr KeyPress alt(Key key) { return {key, false, false, true, false}; }
constexpr KeyPress ctrl(Key key) { return {key, false, true, false, false}; }

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
    KeyBinding{plain(Key::g), Kind::to_break, Str::key_to_break, Str::keys_group_walk},
    KeyBinding{alt(Key::g), Kind::to_break_back, Str::key_to_break_back, Str::keys_group_walk},
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

    KeyBinding{ctrl(Key::o), Kind::open, Str::key_open, Str::keys_group_window},
    KeyBinding{ctrl(Key::z), Kind::undo_edit, Str::key_undo, Str::keys_group_window},
    KeyBinding{ctrl(Key::y), Kind::redo_edit, Str::key_redo, Str::keys_group_window},
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
};

bool shift_is_part_of_the_sign(Key key) {
    return key == Key::question || key == Key::plus || key == Key::slash ||
           key == Key::bracket_left || key == Key::bracket_right ||
           (key >= Key::d0 && key <= Key::d9);
}

}  // namespace

std::span<const KeyBinding> key_bindings() { return table; }

Command::Kind command_of(const KeyPress& press) {
    KeyPress wanted = press;
    wanted.repeat = false;
    if (shift_is_part_of_the_sign(press.key)) wanted.shift = false;
    for (const KeyBinding& binding : table) {
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
