// Names for the places that a step moves words between, and for the words themselves: what
// `explain`, `trace --steps` and the inspector write beside an address.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/trace/step_report.h"

namespace sy {

class PlaceNames {
  public:
    // `k` must hold every task that will be named (the state after the steps, or the end of the
    // run) and outlive this.
    explicit PlaceNames(const Kernel& k);

    // "RBX", "CR3", "editor/1's pt_regs.rip", "editor/1's kernel stack [ffffc90000107e98]",
    // "logger.thread.sp", "cpu0.current_task". Empty for a place that is none (made by the step
    // itself).
    std::string place(const Place& p) const;
    // The word, and what it names where it is an address of something known: "ffffffff81000345
    // (schedule+0x1c)", "ffff8884000032c0 (task_struct of editor/1)", "0x1f4 (500)".
    std::string value(const Place& at, std::uint64_t v) const;
    // One line for each move of a step, in columns: `RBX -> editor/1's kernel stack
    // [ffffc90000107e98]  5`; a place that changed by itself: `cpu0.preempt_count  0 -> 1`.
    std::vector<std::string> moves(const std::vector<Move>& moves) const;

  private:
    std::string stack_word(std::uint64_t address) const;
    std::string task_name(TaskId id) const;

    const Kernel& k_;
    std::vector<TaskId> owner_of_slot_;
    std::vector<CpuId> irq_cpu_of_slot_;
};

const char* task_field_name(TaskField field);
const char* per_cpu_field_name(PerCpuField field);

}  // namespace sy
