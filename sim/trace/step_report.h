// What one step moved, from where to where: the raw material of the stage, of `trace --steps` and of `explain`.
// Reports are made only when somebody watches; a run at full speed makes none and does exactly the same.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/types.h"
#include "sim/machine/regs.h"

namespace sy {

// A place that can hold a value: a register, a word of memory, a field of a kernel object.
struct Place {
    enum class Kind : std::uint8_t {
        none,       // made by the step itself (a constant, a count)
        reg,        // id: Reg
        rip, rflags, cs, ss, fs_base, gs_base, cr2, cr3, fpu,
        word,       // address: a word of a kernel or entry stack
        user_word,  // address: a word of user memory; owner: MmId
        task,       // owner: TaskId; id: TaskField
        mm,         // owner: MmId; id: MmField
        per_cpu,    // owner: cpu; id: PerCpuField
        shared,     // owner: index of a shared object; address: its SharedKind; id: SharedField
    };
    Kind kind = Kind::none;
    std::uint8_t id = 0;
    std::uint32_t owner = 0;
    std::uint64_t address = 0;

    friend bool operator==(const Place&, const Place&) = default;
};

enum class TaskField : std::uint8_t {
    thread_sp, state, flags, need_resched, need_fpu_load, fpu, fs_base, gs_base, on_cpu, on_rq, mm,
    active_mm, vruntime, timer, wait_queue, exit_state, pending_signals, nice, cpus_allowed, cpu,
    prio,
    blocked, files, fs, sighand, signal, real_parent, pid, comm,
};
// Fields of files_struct, fs_struct, sighand_struct, signal_struct (sim/model/shared.h).
enum class SharedField : std::uint8_t { count, action, pending, flags, live, exit_code, pgrp, session, umask };
enum class MmField : std::uint8_t { users, count, pgd, brk, pgd_entry, pud_entry, pmd_entry, pte /* entries: `address` says which page */ };
enum class PerCpuField : std::uint8_t {
    current_task, top_of_stack, preempt_count, tss_sp2, canary, curr, prev_mm, loaded_mm, is_lazy,
    softirq_pending, hardirq_stack_inuse, lapic_deadline, pending_irqs, run_queue, device, pipe, tasklet, irq_desc, store_buffer,
};

struct Move {
    Place from, to;
    std::uint64_t value = 0;   // what is at `to` after the step
    std::uint64_t before = 0;  // what was there
};

struct StepReport {
    enum class Kind : std::uint8_t {
        kernel,      // one step of kernel text: `step` is its number in the text
        user,        // one operation of a user program: `step` is its number in the program
        burst,       // user code computed for a while
        interrupt,   // the hardware took an interrupt: `step` is the vector
        outside,     // something outside the machine happened (a device, an arrival, a timed line)
        idle,        // the CPU halted until now
    };
    Kind kind = Kind::kernel;
    CpuId cpu = 0;
    TaskId task = kNoTask;      // current on that CPU when the step began
    std::uint32_t step = 0;
    std::uint32_t program = 0;  // of a user step: which (Image::programs); the task may exec or be gone soon after
    std::uint64_t number = 0;   // of the step in the run, from 0
    Nanos at = 0;               // when it began
    Nanos end = 0;              // when it was over
    bool taken = false;         // a branch: was it taken
    std::vector<Move> moves;
};

}  // namespace sy
