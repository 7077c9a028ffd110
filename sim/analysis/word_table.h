// From the key of a word to a small number, in the order in which words were first met: an open-addressed table. The
// order of its slots is never seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sy {

class WordTable {
  public:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
    std::size_t size() const { return count_; }

    std::uint32_t find(std::uint64_t key) const {
        if (slots_.empty()) return kAbsent;
        for (std::size_t at = place(key);; at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at].number == kAbsent) return kAbsent;
            if (slots_[at].key == key) return slots_[at].number;
        }
    }
    // Its number, a new one if need be.
    std::uint32_t insert(std::uint64_t key) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        for (std::size_t at = place(key);; at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at].number == kAbsent) {
                slots_[at] = {key, static_cast<std::uint32_t>(count_)};
                return static_cast<std::uint32_t>(count_++);
            }
            if (slots_[at].key == key) return slots_[at].number;
        }
    }

  private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t number = kAbsent;
    };
    std::size_t place(std::uint64_t key) const {
        return static_cast<std::size_t>((key * 0x9e37'79b9'7f4a'7c15ULL) >> 20) & (slots_.size() - 1);
    }
    void grow() {
        std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& s : old) {
            if (s.number == kAbsent) continue;
            std::size_t at = place(s.key);
            while (slots_[at].number != kAbsent) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = s;
        }
    }
    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace sy
