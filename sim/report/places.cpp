#include "sim/report/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/text.h"
#include "sim/machine/layout.h"
#include "sim/session/storyteller.h"

namespace sy {

const char* task_field_name(TaskField field) {
    static constexpr const char* kNames[] = {"thread.sp",
                                             "__state",
                                             "flags",
                                             "TIF_NEED_RESCHED",
                                             "TIF_NEED_FPU_LOAD",
                                             "thread.fpu",
                                             "thread.fsbase",
                                             "thread.gsbase",
                                             "on_cpu",
                                             "on_rq",
                                             "mm",
                                             "active_mm",
                                             "se.vruntime",
                                             "timer",
                                             "wait queue",
                                             "exit_state",
                                             "pending",
                                             "nice",
                                             "cpus_allowed",
                                             "cpu",
                                             "prio",
                                             "blocked",
                                             "files",
                                             "fs",
                                             "sighand",
                                             "signal",
                                             "real_parent",
                                             "pid",
                                             "comm"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(TaskField::comm) + 1);
    return kNames[static_cast<std::size_t>(field)];
}

const char* per_cpu_field_name(PerCpuField field) {
    static constexpr const char* kNames[] = {"current_task",
                                             "top_of_stack",
                                             "preempt_count",
                                             "TSS.sp2",
                                             "stack canary",
                                             "rq->curr",
                                             "rq->prev_mm",
                                             "loaded_mm",
                                             "is_lazy",
                                             "softirq_pending",
                                             "hardirq_stack_inuse",
                                             "LAPIC deadline",
                                             "pending interrupts",
                                             "run queue",
                                             "device",
                                             "pipe",
                                             "tasklet",
                                             "irq_desc",
                                             "store buffer"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(PerCpuField::store_buffer) + 1);
    return kNames[static_cast<std::size_t>(field)];
}

PlaceNames::PlaceNames(const Kernel& k) : k_(k) {
    owner_of_slot_.assign(k.stacks.count(), kNoTask);
    irq_cpu_of_slot_.assign(k.stacks.count(), kNoCpu);
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        if (k.tasks[id].stack < owner_of_slot_.size()) owner_of_slot_[k.tasks[id].stack] = id;
    }
    for (const Cpu& cpu : k.cpus) {
        owner_of_slot_[cpu.irq_stack] = kNoTask;
        irq_cpu_of_slot_[cpu.irq_stack] = cpu.id;
    }
}

std::string PlaceNames::task_name(TaskId id) const {
    return id < k_.tasks.size() ? display_name(k_, id) : "?";
}

std::string PlaceNames::stack_word(std::uint64_t address) const {
    if (layout::is_entry_stack(address)) {
        const auto cpu = (address - layout::entry_area) / layout::entry_stride;
        return fmt::format("entry stack of CPU {} [{:x}]", cpu, address);
    }
    const std::uint32_t slot = layout::stack_slot_of(address);
    if (slot >= owner_of_slot_.size()) return fmt::format("[{:x}]", address);
    if (irq_cpu_of_slot_[slot] != kNoCpu) {
        return fmt::format("interrupt stack of CPU {} [{:x}]", irq_cpu_of_slot_[slot], address);
    }
    const std::string owner = task_name(owner_of_slot_[slot]);
    const std::uint64_t regs = layout::stack_top(slot) - kPtRegsBytes;
    if (address >= regs) {
        const char* field = pt_reg_name(static_cast<PtReg>((address - regs) / 8));
        return fmt::format("{}'s pt_regs.{} [{:x}]", owner, field, address);
    }
    return fmt::format("{}'s kernel stack [{:x}]", owner, address);
}

std::string PlaceNames::place(const Place& p) const {
    switch (p.kind) {
        case Place::Kind::none:
            return {};
        case Place::Kind::reg:
            return reg_name(static_cast<Reg>(p.id));
        case Place::Kind::rip:
            return "RIP";
        case Place::Kind::rflags:
            return "RFLAGS";
        case Place::Kind::cs:
            return "CS";
        case Place::Kind::ss:
            return "SS";
        case Place::Kind::fs_base:
            return "FS base";
        case Place::Kind::gs_base:
            return "GS base";
        case Place::Kind::cr2:
            return "CR2";
        case Place::Kind::cr3:
            return "CR3";
        case Place::Kind::fpu:
            return "FPU";
        case Place::Kind::word:
            return stack_word(p.address);
        case Place::Kind::user_word:
            return fmt::format("user memory of mm {} [{:x}]", p.owner, p.address);
        case Place::Kind::task:
            return fmt::format("{}.{}", task_name(p.owner),
                               task_field_name(static_cast<TaskField>(p.id)));
        case Place::Kind::mm: {
            static constexpr const char* kFields[] = {"mm_users",  "mm_count",  "pgd",       "brk",
                                                      "PGD entry", "PUD entry", "PMD entry", "PTE"};
            if (p.id >= static_cast<std::uint8_t>(MmField::pgd_entry)) {
                return fmt::format("mm {} {} {} of {:x}", p.owner, kFields[p.id],
                                   paging::index_of(p.address, 4 - (p.id - static_cast<int>(MmField::pgd_entry))), p.address);
            }
            return fmt::format("mm {}.{}", p.owner, kFields[p.id]);
        }
        case Place::Kind::shared: {
            static constexpr const char* kFields[] = {"count",     "action", "shared_pending",
                                                      "flags",     "live",   "group_exit_code",
                                                      "pgrp",      "session", "umask"};
            return fmt::format("{} {}.{}", shared_kind_name(static_cast<SharedKind>(p.address)),
                               p.owner, kFields[p.id]);
        }
        case Place::Kind::per_cpu:
            return fmt::format("cpu{}.{}", p.owner,
                               per_cpu_field_name(static_cast<PerCpuField>(p.id)));
    }
    return {};
}

std::string PlaceNames::value(const Place& at, std::uint64_t v) const {
    if (kernel_text().contains(v)) {
        std::string symbol = kernel_text().symbolize(v);
        symbol.erase(std::min(symbol.rfind('/'), symbol.size()));
        return fmt::format("{:x} ({})", v, symbol);
    }
    const std::uint64_t tasks_end =
        layout::task_structs + k_.tasks.size() * layout::task_struct_bytes;
    const bool is_task = v >= layout::task_structs && v < tasks_end &&
                         (v - layout::task_structs) % layout::task_struct_bytes == 0;
    if (is_task) return fmt::format("{:x} (task_struct of {})", v, task_name(layout::task_of(v)));
    const std::uint64_t mms_end = layout::mm_structs + k_.mms.size() * layout::mm_struct_bytes;
    if (v >= layout::mm_structs && v < mms_end &&
        (v - layout::mm_structs) % layout::mm_struct_bytes == 0)
        return fmt::format("{:x} (mm_struct {})", v,
                           (v - layout::mm_structs) / layout::mm_struct_bytes);
    const bool counts = at.kind == Place::Kind::per_cpu || at.kind == Place::Kind::mm ||
                        at.kind == Place::Kind::task;
    if (counts && v < 1'000'000'000 && v > 9) return fmt::format("{:#x} ({})", v, v);
    if (counts && v == ~std::uint64_t{0}) return "none";
    return fmt::format("{:x}", v);
}

std::vector<std::string> PlaceNames::moves(const std::vector<Move>& moves) const {
    struct Line {
        std::string from, to, what;
    };
    std::vector<Line> lines;
    std::size_t from_width = 0, to_width = 0;
    for (std::size_t i = 0; i < moves.size(); ++i) {
        const Move& m = moves[i];
        // A field that the step made is no news where the same word has just been moved there.
        const bool is_told =
            m.from.kind == Place::Kind::none &&
            std::any_of(moves.begin(), moves.begin() + static_cast<std::ptrdiff_t>(i),
                        [&](const Move& o) { return o.to == m.to && o.value == m.value; });
        if (is_told) continue;
        Line line{place(m.from), place(m.to), value(m.to, m.value)};
        if (line.from.empty()) {
            // Nothing was moved: the place itself changed.
            const std::string before = value(m.to, m.before);
            line.from = line.to;
            line.to.clear();
            line.what = before == line.what ? "stays " + line.what : before + " -> " + line.what;
        }
        from_width = std::max(from_width, line.from.size());
        to_width = std::max(to_width, line.to.size());
        lines.push_back(std::move(line));
    }
    std::vector<std::string> out;
    for (const Line& line : lines) {
        out.push_back(line.to.empty() ? fmt::format("{:<{}}  {}", line.from, from_width, line.what)
                                      : fmt::format("{:<{}} -> {:<{}}  {}", line.from, from_width,
                                                    line.to, to_width, line.what));
    }
    return out;
}

}  // namespace sy
