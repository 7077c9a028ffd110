// The list of panels: what the window consists of. A panel is a file with a draw function and, when
// it shows data, a dump function that writes the same facts as JSON; and one row in the table
// (panels.cpp). The table's order is the order of the inspector's tabs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "gui/app/view.h"
#include "gui/platform/keys.h"
#include "gui/strings/strings.h"

namespace sy::gui {

enum class Dock : std::uint8_t { transport, tasks, stage, inspector, timeline, editor };

struct Panel {
    std::string_view id;  // in dumps and tests
    Str title;
    Dock dock;
    void (*draw)(View& view);
    void (*dump)(const View& view, nlohmann::json& out);  // may be null
    Key key = Key::none;  // of the inspector: Shift and this key open it
};

std::span<const Panel> panels();

// The inspector's tabs come in groups, so that those in sight are few: what the machine holds now, the program that runs
// on it, figures of the whole run, and what one tries with one's own hands.
enum class TabGroup : std::uint8_t { machine, program, figures, hands };
constexpr int kTabGroups = 4;
TabGroup tab_group(const Panel& panel);
Str tab_group_name(TabGroup group);

// Which inspector tab Shift and this key open; -1: none.
int tab_of(const KeyPress& press);

// transport.cpp
void draw_transport(View& view);
void dump_transport(const View& view, nlohmann::json& out);
// editor.cpp
void draw_editor(View& view);
void dump_editor(const View& view, nlohmann::json& out);
// tasks.cpp
void draw_tasks(View& view);
void dump_tasks(const View& view, nlohmann::json& out);
// stage.cpp
void draw_stage(View& view);
void dump_stage(const View& view, nlohmann::json& out);
// timeline.cpp
void draw_timeline(View& view);
void dump_timeline(const View& view, nlohmann::json& out);
// run_queue.cpp
void draw_run_queue(View& view);
void dump_run_queue(const View& view, nlohmann::json& out);
// placement.cpp
void draw_placement(View& view);
void dump_placement(const View& view, nlohmann::json& out);
// groups.cpp
void draw_groups(View& view);
void dump_groups(const View& view, nlohmann::json& out);
// registers.cpp
void draw_registers(View& view);
void dump_registers(const View& view, nlohmann::json& out);
// interrupts.cpp
void draw_interrupts(View& view);
void dump_interrupts(const View& view, nlohmann::json& out);
// plots.cpp
void draw_plots(View& view);
void dump_plots(const View& view, nlohmann::json& out);
// compare.cpp
void draw_compare(View& view);
void dump_compare(const View& view, nlohmann::json& out);
// memory.cpp
void draw_memory(View& view);
void dump_memory(const View& view, nlohmann::json& out);
// objects.cpp
void draw_objects(View& view);
void dump_objects(const View& view, nlohmann::json& out);
// workqueues.cpp
void draw_workqueues(View& view);
void dump_workqueues(const View& view, nlohmann::json& out);
// locks.cpp
void draw_locks(View& view);
void dump_locks(const View& view, nlohmann::json& out);
// breakage.cpp
void draw_breakage(View& view);
void dump_breakage(const View& view, nlohmann::json& out);
// store_buffers.cpp
void draw_store_buffers(View& view);
void dump_store_buffers(const View& view, nlohmann::json& out);
// find.cpp
void draw_find(View& view);
void dump_find(const View& view, nlohmann::json& out);
// coroutines.cpp
void draw_coroutines(View& view);
void dump_coroutines(const View& view, nlohmann::json& out);
// orders.cpp
void draw_orders(View& view);
void dump_orders(const View& view, nlohmann::json& out);
// source.cpp
void draw_source(View& view);
void dump_source(const View& view, nlohmann::json& out);
// The thread that the panel shows: the selected one if it has user code, else that of the stage's CPU.
TaskId shown_source_task(const Session& session, TaskId selected, CpuId cpu);
// terminal.cpp
void draw_terminal(View& view);
void dump_terminal(const View& view, nlohmann::json& out);
// quiz.cpp
void draw_quiz(View& view);
void dump_quiz(const View& view, nlohmann::json& out);
// hand.cpp
void draw_hand(View& view);
void dump_hand(const View& view, nlohmann::json& out);
// chapters.cpp
void draw_chapters(View& view);
void dump_chapters(const View& view, nlohmann::json& out);
// kernel_stack.cpp
void draw_kernel_stack(View& view);
void dump_kernel_stack(const View& view, nlohmann::json& out);

}  // namespace sy::gui
