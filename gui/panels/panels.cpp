// The table of panels.
#include "gui/panels/panels.h"

#include <array>

namespace sy::gui {
namespace {

constexpr std::array table = {
    Panel{"transport", Str::panel_stage, Dock::transport, draw_transport, dump_transport},
    Panel{"tasks", Str::panel_tasks, Dock::tasks, draw_tasks, dump_tasks},
    Panel{"stage", Str::panel_stage, Dock::stage, draw_stage, dump_stage},
    Panel{"run_queue", Str::panel_run_queue, Dock::inspector, draw_run_queue, dump_run_queue},
    Panel{"registers", Str::panel_registers, Dock::inspector, draw_registers, dump_registers},
    Panel{"kernel_stack", Str::panel_kernel_stack, Dock::inspector, draw_kernel_stack,
          dump_kernel_stack},
    Panel{"memory", Str::panel_memory, Dock::inspector, draw_memory, dump_memory},
    Panel{"interrupts", Str::panel_interrupts, Dock::inspector, draw_interrupts, dump_interrupts},
    Panel{"plots", Str::panel_plots, Dock::inspector, draw_plots, dump_plots},
    Panel{"compare", Str::panel_compare, Dock::inspector, draw_compare, dump_compare},
    Panel{"timeline", Str::panel_timeline, Dock::timeline, draw_timeline, dump_timeline},
};

}  // namespace

std::span<const Panel> panels() { return table; }

}  // namespace sy::gui
