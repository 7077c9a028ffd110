#include "sim/machine/stacks.h"

namespace sy {

// near[] is indexed by depth (0 = the word just below the top), so memory order is descending: block moves go
// word by word from `lowest` upward = from the highest index down.

std::uint32_t Stacks::add() {
    slots_.push_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
}

std::uint64_t* Stacks::entry_words(layout::Address lowest, unsigned count) {
    if (!layout::is_entry_stack(lowest)) return nullptr;
    const std::uint64_t cpu = (lowest - layout::entry_area) / layout::entry_stride;
    const std::uint64_t depth = (layout::entry_stack_top(static_cast<CpuId>(cpu)) - 8 - lowest) >> 3;
    if (depth >= 64 || depth + 1 < count) return nullptr;
    return &entry_.mut(cpu).words[depth];
}

std::uint64_t Stacks::read_deep(std::uint32_t slot, std::uint64_t depth) const {
    SY_ASSERT(depth < kAll, "a read below the end of a kernel stack");
    const Slot& s = slots_[slot];
    if (depth < kMid) return s.mid == kNone ? 0 : mid_[s.mid].words[depth - kNear];
    if (s.deep != kNone) return deep_[s.deep].words[depth - kMid];
    return depth == kAll - 1 ? layout::stack_end_magic : 0;
}

void Stacks::write_deep(std::uint32_t slot, std::uint64_t depth, std::uint64_t value) {
    SY_ASSERT(depth < kAll, "a write below the end of a kernel stack: it would hit the guard page");
    Slot& s = slots_.mut(slot);
    if (depth < kMid) {
        if (s.mid == kNone) {
            mid_.push_back();
            s.mid = static_cast<std::uint32_t>(mid_.size() - 1);
        }
        mid_.mut(s.mid).words[depth - kNear] = value;
        return;
    }
    if (s.deep == kNone) {
        deep_.push_back().words.back() = layout::stack_end_magic;
        s.deep = static_cast<std::uint32_t>(deep_.size() - 1);
    }
    deep_.mut(s.deep).words[depth - kMid] = value;
}

std::uint64_t Stacks::read_entry(layout::Address address) const {
    if (!valid(address)) [[unlikely]]
        wild_address(address, "a read outside every kernel stack");
    const std::uint64_t cpu = (address - layout::entry_area) / layout::entry_stride;
    return entry_[cpu].words[(layout::entry_stack_top(static_cast<CpuId>(cpu)) - 8 - address) >> 3];
}

void Stacks::write_entry(layout::Address address, std::uint64_t value) {
    if (!valid(address)) [[unlikely]]
        wild_address(address, "a write outside every kernel stack");
    const std::uint64_t cpu = (address - layout::entry_area) / layout::entry_stride;
    entry_.mut(cpu).words[(layout::entry_stack_top(static_cast<CpuId>(cpu)) - 8 - address) >> 3] = value;
}

bool Stacks::valid(layout::Address address) const {
    if ((address & 7) != 0) return false;
    if (layout::is_stack(address)) {
        const std::uint32_t slot = layout::stack_slot_of(address);
        return slot < slots_.size() && address < layout::stack_top(slot);
    }
    if (!layout::is_entry_stack(address)) return false;
    const std::uint64_t cpu = (address - layout::entry_area) / layout::entry_stride;
    if (cpu >= entry_.size()) return false;
    const layout::Address top = layout::entry_stack_top(static_cast<CpuId>(cpu));
    return address < top && (top - address) / 8 <= 64;
}

bool Stacks::canary_stands(std::uint32_t slot) const {
    return read(layout::stack_base(slot)) == layout::stack_end_magic;
}

}  // namespace sy
