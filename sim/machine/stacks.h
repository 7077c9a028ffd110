// Kernel stacks as 64-bit words at addresses. A stack of 16 KiB is 2,048 words; what was never written does not
// exist, so a sleeping task costs half a kilobyte: the nearest 64 words stand in the slot, deeper ones in blocks
// that are added when somebody goes there.
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/cow.h"
#include "sim/machine/layout.h"

namespace sy {

class Stacks {
  public:
    // A new, empty stack; its slot number. Its lowest word is STACK_END_MAGIC.
    std::uint32_t add();
    // Entry stack words live beside the slots, one block per CPU.
    void add_entry_stack() { entry_.push_back(); }

    // The word at `address`, which must lie in a kernel or entry stack. Unwritten words read 0.
    std::uint64_t read(layout::Address address) const {
        if (layout::is_stack(address)) [[likely]] {
            const std::uint32_t slot = layout::stack_slot_of(address);
            const std::uint64_t depth = (layout::stack_top(slot) - 8 - address) >> 3;
            if (depth < kNear) [[likely]] return slots_[slot].near[depth];
            return read_deep(slot, depth);
        }
        return read_entry(address);
    }
    void write(layout::Address address, std::uint64_t value) {
        if (layout::is_stack(address)) [[likely]] {
            const std::uint32_t slot = layout::stack_slot_of(address);
            const std::uint64_t depth = (layout::stack_top(slot) - 8 - address) >> 3;
            if (depth < kNear) [[likely]] {
                slots_.mut(slot).near[depth] = value;
                return;
            }
            write_deep(slot, depth, value);
            return;
        }
        write_entry(address, value);
    }
    // For block moves: the word at `lowest` when `count` words from there up lie in the near part of one stack (or in
    // an entry stack); null otherwise. Higher addresses follow at *lower* places: p[0], p[-1], …
    std::uint64_t* near_words(layout::Address lowest, unsigned count) {
        if (!layout::is_stack(lowest)) return entry_words(lowest, count);
        const std::uint32_t slot = layout::stack_slot_of(lowest);
        const std::uint64_t depth = (layout::stack_top(slot) - 8 - lowest) >> 3;
        if (depth >= kNear || depth + 1 < count) return nullptr;
        return &slots_.mut(slot).near[depth];
    }

    // Is this address a word of a kernel stack or an entry stack that exists?
    bool valid(layout::Address address) const;
    bool canary_stands(std::uint32_t slot) const;
    std::size_t count() const { return slots_.size(); }
    std::size_t bytes() const { return slots_.bytes() + mid_.bytes() + deep_.bytes(); }

    template <typename Mixer>
    void mix(Mixer& print) const;

  private:
    static constexpr std::uint64_t kNear = 64, kMid = 256, kAll = layout::stack_bytes / 8;
    static constexpr std::uint32_t kNone = 0xffff'ffff;
    struct Slot {
        std::uint32_t mid = kNone, deep = kNone;
        std::array<std::uint64_t, kNear> near{};
    };
    struct Mid {
        std::array<std::uint64_t, kMid - kNear> words{};
    };
    struct Deep {
        std::array<std::uint64_t, kAll - kMid> words{};
    };
    struct Entry {
        std::array<std::uint64_t, 64> words{};  // the top of the page; no path goes deeper
    };

    std::uint64_t* entry_words(layout::Address lowest, unsigned count);
    std::uint64_t read_deep(std::uint32_t slot, std::uint64_t depth) const;
    void write_deep(std::uint32_t slot, std::uint64_t depth, std::uint64_t value);
    std::uint64_t read_entry(layout::Address address) const;
    void write_entry(layout::Address address, std::uint64_t value);

    CowArray<Slot, 4> slots_;
    CowArray<Mid, 2> mid_;
    CowArray<Deep, 0> deep_;
    CowArray<Entry, 0> entry_;
};

template <typename Mixer>
void Stacks::mix(Mixer& print) const {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        for (std::uint64_t w : slots_[i].near) print.mix(w);
        if (slots_[i].mid != kNone)
            for (std::uint64_t w : mid_[slots_[i].mid].words) print.mix(w);
        if (slots_[i].deep != kNone)
            for (std::uint64_t w : deep_[slots_[i].deep].words) print.mix(w);
    }
    for (std::size_t i = 0; i < entry_.size(); ++i)
        for (std::uint64_t w : entry_[i].words) print.mix(w);
}

}  // namespace sy
