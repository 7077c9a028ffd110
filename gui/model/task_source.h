// Where in the scenario a task of the machine was written down.
#pragma once

#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"

namespace sy::gui {

// The declaration of a task: the process, and which of its threads (-1: its main one, or a child of it). False: it is
// none of the scenario's.
bool find_decl(const Kernel& kernel, TaskId task, std::size_t& process, int& thread);

// The `run` that the task executes at this moment; if it executes none, the one before it in the text, or its only
// one. Null: it has none.
const Stmt* burst_at(const Kernel& now, TaskId task, const Scenario& scenario, std::size_t process, int thread);

}  // namespace sy::gui
