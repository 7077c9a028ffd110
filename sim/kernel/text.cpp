#include "sim/kernel/text.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "sim/base/assert.h"
#include "sim/kernel/routines.h"
#include "sim/machine/layout.h"

namespace sy {

namespace {

// Bytes of text of one step, as a compiler would roughly make them: pushes and pops as encoded, calls and jumps with
// a 32-bit displacement, tests with their branch, and a few instructions for an effect.
unsigned text_bytes(const StepDef& s) {
    switch (s.op) {
        case Op::push:
        case Op::pop: return s.reg >= Reg::r8 ? 2 : 1;
        case Op::call:
        case Op::jump: return 5;
        case Op::call_indirect: return 8;
        case Op::branch: return 9;
        case Op::ret: return 1;
        case Op::halt: return 2;
        case Op::burst: return 6;
        case Op::hardware: return 3;
        case Op::label: return 0;
        case Op::effect: return 7 + static_cast<unsigned>(std::strlen(s.say.what) % 9);
    }
    return 1;
}

std::uint32_t find_label(const Routine& r, const char* name, std::uint32_t first) {
    std::uint32_t at = first;
    for (const StepDef& s : r.steps) {
        if (s.op == Op::label && std::strcmp(s.name, name) == 0) return at;
        if (s.op != Op::label) ++at;
    }
    SY_ASSERT(false, "a branch to a label that its routine does not have");
}

}  // namespace

KernelText::KernelText() {
    const std::span<const Routine* const> all = all_routines();
    routines_.assign(all.begin(), all.end());
    std::uint64_t address = layout::kernel_text + 0x1000;
    for (const Routine* r : routines_) {
        address = (address + 15) & ~std::uint64_t{15};
        const std::uint64_t start = address;
        r->first_step = static_cast<std::uint32_t>(defs_.size());
        first_.push_back(static_cast<std::uint32_t>(defs_.size()));
        for (const StepDef& s : r->steps) {
            if (s.op == Op::label) continue;
            defs_.push_back(&s);
            owner_.push_back(r);
            address_.push_back(address);
            address += text_bytes(s);
        }
        size_.push_back(address - start);
    }
    const std::uint64_t total = address - layout::kernel_text;
    SY_ASSERT(total < 0x10000 && defs_.size() < 0xffff, "kernel text is larger than its index");
    at_offset_.resize(total);
    for (std::size_t i = 0; i < defs_.size(); ++i) {
        const std::uint64_t end = i + 1 < address_.size() ? address_[i + 1] : address;
        for (std::uint64_t a = address_[i]; a < end; ++a)
            at_offset_[a - layout::kernel_text] = static_cast<std::uint16_t>(i);
    }
    steps_.resize(defs_.size());
    for (std::size_t i = 0; i < defs_.size(); ++i) {
        const StepDef& d = *defs_[i];
        Step& s = steps_[i];
        s.op = d.op;
        s.reg = static_cast<std::uint8_t>(d.reg);
        s.cost = static_cast<std::uint8_t>(d.cost);
        s.effect = d.effect;
        if (d.routine != nullptr)
            s.target = entry(*d.routine);
        else if (d.op == Op::branch || d.op == Op::jump)
            s.target = find_label(*owner_[i], d.name, entry(*owner_[i]));
    }
    find_saved();
    find_stretches();
}

// A stretch goes on behind a branch that is not taken, and ends where control leaves for good.
void KernelText::find_stretches() {
    stretches_.resize(steps_.size());
    for (const Routine* r : routines_) {
        std::uint32_t at = r->first_step;
        for (std::size_t i = 0; i < r->steps.size(); ++i) {
            if (r->steps[i].op == Op::label) continue;
            if (r->stretches != nullptr && r->stretches[i] != nullptr) {
                std::uint32_t n = 0;
                for (std::uint32_t s = at; s < steps_.size() && owner_[s] == r; ++s) {
                    const Op op = steps_[s].op;
                    if (op == Op::halt || op == Op::burst) break;
                    ++n;
                    if (op != Op::effect && op != Op::push && op != Op::pop && op != Op::branch) break;
                }
                stretches_[at] = {r->stretches[i], r->first_step, n};
            }
            ++at;
        }
    }
}

// Follows every path through each routine and notes what it has pushed at each step.
void KernelText::find_saved() {
    saved_.resize(steps_.size());
    std::vector<bool> seen(steps_.size());
    for (const Routine* r : routines_) {
        std::vector<std::pair<std::uint32_t, std::vector<std::uint8_t>>> open{{entry(*r), {}}};
        while (!open.empty()) {
            auto [at, saved] = std::move(open.back());
            open.pop_back();
            while (at < steps_.size() && owner_[at] == r && !seen[at]) {
                seen[at] = true;
                saved_[at] = saved;
                const Step& s = steps_[at];
                if (s.op == Op::push) saved.push_back(s.reg);
                if (s.op == Op::pop && !saved.empty()) saved.pop_back();
                if (s.op == Op::ret || s.op == Op::hardware) break;
                if (s.op == Op::branch) open.emplace_back(s.target, saved);
                if (s.op == Op::jump) {
                    if (owner_[s.target] != r) break;
                    at = s.target;
                    continue;
                }
                ++at;
            }
        }
    }
}

namespace {

bool is_trap_stub(const Routine* r) {
    return r == &routines::asm_exc_divide_error || r == &routines::asm_exc_int3 || r == &routines::asm_exc_invalid_op ||
           r == &routines::asm_exc_general_protection;
}

}  // namespace

bool KernelText::is_root(std::uint32_t step) const {
    const Routine* r = owner_[step];
    return r == &routines::entry_syscall_64 || r == &routines::after_hwframe ||
           r == &routines::restore_regs_and_return ||
           r == &routines::ret_from_fork_asm || r == &routines::asm_exc_page_fault || is_trap_stub(r) || r == &routines::cpu_startup_entry || is_interrupt_stub(step) ||
           r == &routines::irqentry_exit;
}

bool KernelText::is_interrupt_stub(std::uint32_t step) const {
    const Routine* r = owner_[step];
    return r == &routines::asm_apic_timer || r == &routines::asm_reschedule_ipi ||
           r == &routines::asm_call_function || r == &routines::asm_common_interrupt;
}

bool KernelText::contains(std::uint64_t address) const {
    return address >= layout::kernel_text + 0x1000 && address - layout::kernel_text < at_offset_.size();
}

Nanos KernelText::stretch_cost(std::uint32_t step, const Costs& costs) const {
    if (stretches_[step].run == nullptr) return kNever / 2;
    Nanos total = 0;
    for (std::uint32_t i = 0; i < stretches_[step].most; ++i) total += costs[steps_[step + i].cost];
    return total;
}

std::uint64_t KernelText::routine_size(const Routine& r) const {
    const auto it = std::find(routines_.begin(), routines_.end(), &r);
    return size_[static_cast<std::size_t>(it - routines_.begin())];
}

std::string KernelText::symbolize(std::uint64_t address) const {
    char out[96];
    if (!contains(address)) {
        std::snprintf(out, sizeof out, "0x%llx", static_cast<unsigned long long>(address));
        return out;
    }
    const Routine& r = routine_of(step_at(address));
    std::snprintf(out, sizeof out, "%s+0x%llx/0x%llx", r.name,
                  static_cast<unsigned long long>(address - entry_address(r)),
                  static_cast<unsigned long long>(routine_size(r)));
    return out;
}

const KernelText& kernel_text() {
    static const KernelText text;
    return text;
}

}  // namespace sy
