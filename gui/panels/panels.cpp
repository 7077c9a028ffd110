// The table of panels.
#include "gui/panels/panels.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "gui/app/keymap.h"

namespace sy::gui {
namespace {

constexpr std::array table = {
    Panel{"transport", Str::panel_stage, Dock::transport, draw_transport, dump_transport},
    Panel{"tasks", Str::panel_tasks, Dock::tasks, draw_tasks, dump_tasks},
    Panel{"stage", Str::panel_stage, Dock::stage, draw_stage, dump_stage},
    Panel{"run_queue", Str::panel_run_queue, Dock::inspector, draw_run_queue, dump_run_queue, Key::q},
    Panel{"registers", Str::panel_registers, Dock::inspector, draw_registers, dump_registers, Key::r},
    Panel{"source", Str::panel_source, Dock::inspector, draw_source, dump_source, Key::d},
    Panel{"kernel_stack", Str::panel_kernel_stack, Dock::inspector, draw_kernel_stack,
          dump_kernel_stack, Key::k},
    Panel{"store_buffers", Str::panel_store_buffers, Dock::inspector, draw_store_buffers, dump_store_buffers, Key::s},
    Panel{"memory", Str::panel_memory, Dock::inspector, draw_memory, dump_memory, Key::m},
    Panel{"objects", Str::panel_objects, Dock::inspector, draw_objects, dump_objects, Key::o},
    Panel{"interrupts", Str::panel_interrupts, Dock::inspector, draw_interrupts, dump_interrupts, Key::i},
    Panel{"workqueues", Str::panel_workqueues, Dock::inspector, draw_workqueues, dump_workqueues, Key::w},
    Panel{"plots", Str::panel_plots, Dock::inspector, draw_plots, dump_plots, Key::p},
    Panel{"compare", Str::panel_compare, Dock::inspector, draw_compare, dump_compare, Key::c},
    Panel{"placement", Str::panel_placement, Dock::inspector, draw_placement, dump_placement, Key::u},
    Panel{"groups", Str::panel_groups, Dock::inspector, draw_groups, dump_groups, Key::g},
    Panel{"locks", Str::panel_locks, Dock::inspector, draw_locks, dump_locks, Key::l},
    Panel{"breakage", Str::panel_breakage, Dock::inspector, draw_breakage, dump_breakage, Key::b},
    Panel{"find", Str::panel_find, Dock::inspector, draw_find, dump_find, Key::f},
    Panel{"coroutines", Str::panel_coroutines, Dock::inspector, draw_coroutines, dump_coroutines, Key::j},
    Panel{"orders", Str::panel_orders, Dock::inspector, draw_orders, dump_orders, Key::e},
    Panel{"terminal", Str::panel_terminal, Dock::inspector, draw_terminal, dump_terminal, Key::t},
    Panel{"chapters", Str::panel_chapters, Dock::inspector, draw_chapters, dump_chapters, Key::h},
    Panel{"quiz", Str::panel_quiz, Dock::inspector, draw_quiz, dump_quiz, Key::a},
    Panel{"hand", Str::panel_hand, Dock::inspector, draw_hand, dump_hand, Key::y},
    Panel{"editor", Str::panel_editor, Dock::editor, draw_editor, dump_editor},
    Panel{"timeline", Str::panel_timeline, Dock::timeline, draw_timeline, dump_timeline},
};

}  // namespace

std::span<const Panel> panels() { return table; }

int tab_of(const KeyPress& press) {
    KeyPress wanted = press;
    wanted.repeat = false;
    if (press.key == Key::none) return -1;
    int tab = 0;
    for (const Panel& panel : table) {
        if (panel.dock != Dock::inspector) continue;
        if (panel_press(panel.id) == wanted) return tab;
        ++tab;
    }
    return -1;
}

TabGroup tab_group(const Panel& panel) {
    static constexpr std::string_view program[] = {"source", "coroutines"};
    static constexpr std::string_view figures[] = {"find", "plots", "compare", "placement", "groups"};
    static constexpr std::string_view hands[] = {"chapters", "quiz", "hand", "breakage", "orders", "terminal"};
    const auto is_in = [&](auto& ids) { return std::find(std::begin(ids), std::end(ids), panel.id) != std::end(ids); };
    if (is_in(program)) return TabGroup::program;
    if (is_in(figures)) return TabGroup::figures;
    return is_in(hands) ? TabGroup::hands : TabGroup::machine;
}

Str tab_group_name(TabGroup group) {
    static constexpr Str names[] = {Str::tabs_machine, Str::tabs_program, Str::tabs_figures, Str::tabs_hands};
    return names[static_cast<std::size_t>(group)];
}

}  // namespace sy::gui
