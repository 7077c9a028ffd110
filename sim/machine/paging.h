// Four-level paging as the hardware sees it: the indices in an address, the bits of an entry, the error code of a page
// fault, and the TLB. linux.md 2.6, 2.7, 2.9, 5.7.
#pragma once

#include <array>
#include <cstdint>

namespace sy {

namespace paging {

constexpr unsigned page_bits = 12, index_bits = 9;
constexpr std::uint64_t page_bytes = 4'096;
constexpr int levels = 4;                                    // 4 PGD, 3 PUD, 2 PMD, 1 PTE (P4D is folded)
// Bits of an entry.
constexpr std::uint64_t present = 1, rw = 2, user = 4, accessed = 0x20, dirty = 0x40, special = 0x200,
                        nx = std::uint64_t{1} << 63;
constexpr std::uint64_t table = present | rw | user | accessed | dirty;   // _PAGE_TABLE: an entry that names a table
constexpr std::uint64_t frame_mask = 0x000f'ffff'ffff'f000;
// Bits of a page fault's error code.
constexpr std::uint64_t error_present = 1, error_write = 2, error_user = 4, error_fetch = 0x10;
constexpr std::uint64_t user_end = 0x7fff'ffff'f000;         // TASK_SIZE_MAX

constexpr unsigned shift_of(int level) { return page_bits + index_bits * static_cast<unsigned>(level - 1); }
constexpr unsigned index_of(std::uint64_t va, int level) { return static_cast<unsigned>(va >> shift_of(level)) & 511; }
constexpr std::uint64_t page_of(std::uint64_t va) { return va & ~(page_bytes - 1); }
constexpr std::uint64_t round_up(std::uint64_t bytes) { return (bytes + page_bytes - 1) & ~(page_bytes - 1); }
constexpr const char* level_name(int level) {
    return level == 4 ? "PGD" : level == 3 ? "PUD" : level == 2 ? "PMD" : "PTE";
}

}  // namespace paging

enum class Access : std::uint8_t { read, write, fetch };

// What a TLB keeps of one page: which page of which address space, and what may be done with it.
struct TlbEntry {
    std::uint64_t tag = 0;       // page number << 3 | PCID slot + 1; 0: empty
    std::uint64_t word = 0;      // the page-table entry as it was when it was walked

    friend bool operator==(const TlbEntry&, const TlbEntry&) = default;
};

// 64 entries, four ways, one for instructions and data (a first-level TLB of today has 64 for each).
class Tlb {
  public:
    static constexpr std::uint64_t tag_of(std::uint64_t va, unsigned asid) {
        return (va >> paging::page_bits) << 3 | (asid + 1);
    }
    static bool allows(std::uint64_t word, Access a) {
        if (a == Access::write) return (word & (paging::rw | paging::dirty)) == (paging::rw | paging::dirty);
        return a == Access::read || (word & paging::nx) == 0;
    }
    bool hit(std::uint64_t va, unsigned asid, Access a) const {
        const std::uint64_t tag = tag_of(va, asid);
        const TlbEntry* set = &entries_[(va >> paging::page_bits & (kSets - 1)) * kWays];
        for (unsigned i = 0; i < kWays; ++i)
            if (set[i].tag == tag) return allows(set[i].word, a);
        return false;
    }
    void insert(std::uint64_t va, unsigned asid, std::uint64_t word) {
        const std::uint64_t tag = tag_of(va, asid);
        const std::size_t set = va >> paging::page_bits & (kSets - 1);
        for (unsigned i = 0; i < kWays; ++i) {
            TlbEntry& e = entries_[set * kWays + i];
            if (e.tag != tag && e.tag != 0) continue;
            e = {tag, word};
            return;
        }
        entries_[set * kWays + next_[set]] = {tag, word};
        next_[set] = static_cast<std::uint8_t>((next_[set] + 1) % kWays);
    }
    // INVLPG: one page of one address space. Was it there?
    bool drop(std::uint64_t va, unsigned asid) {
        const std::uint64_t tag = tag_of(va, asid);
        for (unsigned i = 0; i < kWays; ++i) {
            TlbEntry& e = entries_[(va >> paging::page_bits & (kSets - 1)) * kWays + i];
            if (e.tag != tag) continue;
            e = {};
            return true;
        }
        return false;
    }
    // All of one address space; returns how many there were.
    unsigned drop_asid(unsigned asid) {
        unsigned n = 0;
        for (TlbEntry& e : entries_)
            if ((e.tag & 7) == asid + 1) {
                e = {};
                ++n;
            }
        return n;
    }
    unsigned drop_all() {
        unsigned n = 0;
        for (TlbEntry& e : entries_) {
            n += e.tag != 0;
            e = {};
        }
        return n;
    }
    const auto& entries() const { return entries_; }

  private:
    static constexpr std::size_t kWays = 4, kSets = 16;
    std::array<TlbEntry, kWays * kSets> entries_{};
    std::array<std::uint8_t, kSets> next_{};
};

}  // namespace sy
