#include "gui/model/facts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "gui/strings/strings.h"
#include "sim/kernel/inspect.h"
#include "sim/kernel/text.h"
#include "sim/machine/layout.h"

namespace sy::gui {

const std::string& tr(const Sentence& sentence) {
    return language() == Lang::zh ? sentence.zh : sentence.en;
}

bool is_idle(const Kernel& k, TaskId id) { return (k.tasks[id].flags & pf::idle) != 0; }

std::string task_name(const Kernel& k, TaskId id) {
    if (id == kNoTask || (!is_group_entity(id) && id >= k.tasks.size())) return "-";
    const Task& t = k.tasks[id];
    std::string name(t.name());
    if (is_idle(k, id)) return name.empty() ? "swapper/" + std::to_string(t.cpu) : name;
    return t.is_kthread() ? "[" + name + "]" : name;
}

char task_letter(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    if (t.on_cpu && k.cpus[t.cpu].current_task == id) return 'R';
    if (t.exit_state != 0 || (t.state & task_state::dead) != 0 || !t.is_live)
        return t.exit_state == kExitZombie ? 'Z' : 'X';
    if (t.on_rq) return 'r';
    if (t.state == task_state::fresh) return 'n';
    const char letter = state_letter(t.state, t.exit_state);
    return letter == 'R' ? 'r' : letter;
}

std::string wait_place(const Kernel& k, TaskId id) {
    const char letter = task_letter(k, id);
    if (letter != 'S' && letter != 'D' && letter != 'I' && letter != 'T') return {};
    const KernelText& text = kernel_text();
    for (const std::uint64_t address : k.call_chain(id)) {
        if (!text.contains(address)) continue;
        const Routine& routine = text.routine_of(text.step_at(address));
        if (!routine.sched_section && std::string_view(routine.name) != "__switch_to_asm")
            return routine.name;
    }
    return {};
}

TaskId mm_owner(const Kernel& k, MmId mm) {
    TaskId best = kNoTask;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (t.mm == mm && (best == kNoTask || t.pid < k.tasks[best].pid)) best = id;
    }
    return best;
}

std::string mm_owner_name(const Kernel& k, MmId mm) {
    if (mm == kNoMm) return "-";
    const TaskId owner = mm_owner(k, mm);
    if (owner != kNoTask) return std::string(k.tasks[owner].comm_view());
    return mm == 0 ? "init_mm" : "mm " + std::to_string(mm);
}

std::vector<TaskId> mm_tasks(const Kernel& k, MmId mm) {
    std::vector<TaskId> out;
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].mm == mm) out.push_back(id);
    std::sort(out.begin(), out.end(),
              [&](TaskId a, TaskId b) { return k.tasks[a].pid < k.tasks[b].pid; });
    return out;
}

std::vector<TaskGroup> task_groups(const Kernel& k) {
    std::vector<TaskGroup> groups;
    TaskGroup kernel, dead;
    std::vector<std::size_t> group_of_mm(k.mms.size());  // its place from 1
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (is_idle(k, id)) continue;
        if (t.mm == kNoMm) {
            if (t.is_kthread() && t.is_live)
                kernel.tasks.push_back(id);
            else if (t.is_live)
                dead.tasks.push_back(id);
            continue;
        }
        std::size_t& at = group_of_mm[t.mm];
        if (at == 0) {
            groups.push_back({t.mm, {}, false});
            at = groups.size();
        }
        groups[at - 1].tasks.push_back(id);
    }
    const auto by_pid = [&](TaskId a, TaskId b) { return k.tasks[a].pid < k.tasks[b].pid; };
    for (TaskGroup& g : groups) std::sort(g.tasks.begin(), g.tasks.end(), by_pid);
    // init is always there and rarely the point: it stands after the scenario's processes.
    const auto rank = [&](const TaskGroup& g) {
        const Pid pid = k.tasks[g.tasks.front()].pid;
        return std::pair(pid == 1, pid);
    };
    std::sort(groups.begin(), groups.end(),
              [&](const TaskGroup& a, const TaskGroup& b) { return rank(a) < rank(b); });
    dead.is_dead = true;
    if (!dead.tasks.empty()) groups.push_back(std::move(dead));
    if (!kernel.tasks.empty()) groups.push_back(std::move(kernel));
    return groups;
}

std::vector<TaskId> task_order(const Kernel& k) {
    std::vector<TaskId> out;
    for (const TaskGroup& g : task_groups(k)) out.insert(out.end(), g.tasks.begin(), g.tasks.end());
    return out;
}

std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
    return text;
}

std::string word_text(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

std::string code_name(const Kernel& k, TaskId task, std::uint64_t address) {
    const KernelText& text = kernel_text();
    if (text.contains(address)) {
        std::string name = text.symbolize(address);
        const std::size_t slash =
            name.find('/', name.find('+') == std::string::npos ? 0 : name.find('+'));
        return name.substr(0, slash);  // without the routine's size: shorter
    }
    if (task != kNoTask && task < k.tasks.size() && !k.tasks[task].is_kthread() &&
        address >= layout::user_text && address < layout::user_data)
        return k.program_of(k.tasks[task]).symbolize(address);
    return hex(address);
}

std::string stack_name(const Kernel& k, std::uint64_t address) {
    if (layout::is_entry_stack(address))
        return tr(Str::stack_entry,
                  {std::to_string((address - layout::entry_area) / layout::entry_stride)});
    if (layout::is_stack(address)) {
        const std::uint32_t slot = layout::stack_slot_of(address - 1);
        for (const Cpu& cpu : k.cpus)
            if (cpu.irq_stack == slot) return tr(Str::stack_irq, {std::to_string(cpu.id)});
        for (TaskId id = 0; id < k.tasks.size(); ++id)
            if (k.tasks[id].stack == slot && !k.tasks[id].stack_gone)
                return tr(Str::stack_of, {task_name(k, id)});
        return hex(address);
    }
    return std::string(tr(Str::stack_user));
}

std::string flags_text(std::uint64_t rflags) {
    std::string out = (rflags & kFlagIf) != 0 ? "IF=1" : "IF=0";
    if ((rflags & kFlagZero) != 0) out += " ZF=1";
    return out;
}

namespace {

constexpr std::array kTaskFields = {
    "thread.sp",
    "__state",
    "thread_info.flags",
    "TIF_NEED_RESCHED",
    "TIF_NEED_FPU_LOAD",
    "thread.fpu",
    "fsbase",
    "gsbase",
    "on_cpu",
    "on_rq",
    "mm",
    "active_mm",
    "vruntime",
    "timer",
    "wait queue",
    "exit_state",
    "pending",
    "nice",
    "cpus_mask",
    "cpu",
    "prio",
    "blocked",
    "files",
    "fs",
    "sighand",
    "signal",
    "real_parent",
    "pid",
    "comm",
};
constexpr std::array kSharedFields = {"count", "action", "shared_pending", "flags", "live",
                                      "exit_code", "pgrp", "session", "umask"};
constexpr std::array kMmFields = {"mm_users",  "mm_count",  "pgd",       "brk",
                                  "PGD entry", "PUD entry", "PMD entry", "PTE"};
constexpr std::array kPerCpuFields = {
    "current_task", "top_of_stack", "preempt_count",      "tss.sp2",   "stack canary",
    "rq->curr",     "rq->prev_mm",  "loaded_mm",          "is_lazy",   "softirq pending",
    "IRQ stack",    "APIC timer",   "pending interrupts", "run queue", "device",
    "pipe",         "tasklet",      "irq_desc",  "store buffer",
};

}  // namespace

std::string place_name(const Kernel& k, const Place& p) {
    using K = Place::Kind;
    switch (p.kind) {
        case K::none:
            return {};
        case K::reg:
            return reg_name(static_cast<Reg>(p.id));
        case K::rip:
            return "RIP";
        case K::rflags:
            return "RFLAGS";
        case K::cs:
            return "CS";
        case K::ss:
            return "SS";
        case K::fs_base:
            return "FS base";
        case K::gs_base:
            return "GS base";
        case K::cr2:
            return "CR2";
        case K::cr3:
            return "CR3";
        case K::fpu:
            return "FPU";
        case K::word:
            return "…" + word_text(p.address).substr(12);
        case K::user_word:
            return hex(p.address);
        case K::task: {
            const char* field = p.id < kTaskFields.size() ? kTaskFields[p.id] : "?";
            return task_name(k, p.owner) + " " + field;
        }
        case K::mm:
            return std::string(p.id < kMmFields.size() ? kMmFields[p.id] : "?") + " · " +
                   mm_owner_name(k, p.owner);
        case K::shared:
            return std::string(shared_kind_name(static_cast<SharedKind>(p.address))) + " " +
                   std::to_string(p.owner) + " " +
                   (p.id < kSharedFields.size() ? kSharedFields[p.id] : "?");
        case K::per_cpu:
            return p.id < kPerCpuFields.size() ? kPerCpuFields[p.id] : "?";
    }
    return {};
}

std::uint64_t place_value(const Kernel& k, CpuId c, const Place& p) {
    using K = Place::Kind;
    const Cpu& cpu = k.cpus[c];
    switch (p.kind) {
        case K::reg:
            return cpu.regs.g[p.id];
        case K::rip:
            return k.rip(cpu);
        case K::rflags:
            return cpu.regs.rflags;
        case K::cs:
            return cpu.regs.cs;
        case K::ss:
            return cpu.regs.ss;
        case K::fs_base:
            return cpu.regs.fs_base;
        case K::gs_base:
            return cpu.regs.gs_base;
        case K::cr2:
            return cpu.regs.cr2;
        case K::cr3:
            return cpu.regs.cr3;
        case K::fpu:
            return cpu.regs.fpu;
        case K::word:
            return k.stacks.valid(p.address) ? k.stacks.read(p.address) : 0;
        case K::user_word:
            return p.owner < k.mms.size() ? k.read_user(p.owner, p.address) : 0;
        default:
            return 0;
    }
}

}  // namespace sy::gui
