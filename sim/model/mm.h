// mm_struct: an address space with its two counts, its areas and its page tables. mm_users counts the tasks that live in
// it; mm_count counts who needs the structure: all users together once, and each lazy borrower (linux.md 2.1).
//
// What every program has (text, data, heap, thread stacks, TLS, vdso, stack) is not stored as areas: it follows from a
// few numbers (sim/kernel/areas.h). Only what mmap made is. The four levels of page tables are stored as their entries
// that are not zero.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/types.h"
#include "sim/machine/paging.h"

namespace sy {

struct UserWord {
    std::uint64_t address = 0;
    std::uint64_t value = 0;
};

// Tasks asleep on one futex word, in order of arrival.
struct FutexQueue {
    std::uint64_t address = 0;
    TaskId head = kNoTask, tail = kNoTask;
};

// vm_flags, linux.md 2.3.
namespace vm_flag {
constexpr std::uint32_t read = 1, write = 2, exec = 4, shared = 8, mayread = 0x10, maywrite = 0x20, mayexec = 0x40,
                        mayshare = 0x80, growsdown = 0x100, account = 0x10'0000;
}
constexpr std::uint32_t kNoFile = 0xffff'ffff;

// vm_area_struct.
struct Vma {
    enum class Kind : std::uint8_t { text, data, bss, heap, thread_guard, thread_stack, tls, vvar, vdso, stack, mapped };
    std::uint64_t start = 0, end = 0;     // page-aligned, `end` excluded
    std::uint32_t flags = 0;
    std::uint32_t file = kNoFile;         // index in Memory::files; none: anonymous
    std::uint32_t pgoff = 0;              // of `start` in the file, pages
    std::uint16_t name = 0;               // mapped: which of the program's names (Program::mappings)
    Kind kind = Kind::mapped;

    bool contains(std::uint64_t a) const { return a >= start && a < end; }
    std::uint64_t pages() const { return (end - start) / paging::page_bytes; }
    bool is_shared() const { return (flags & vm_flag::shared) != 0; }
    // Private and writable one day: what fork protects (linux.md 2.3, COW mapping test).
    bool is_cow() const { return (flags & (vm_flag::shared | vm_flag::maywrite)) == vm_flag::maywrite; }

    friend bool operator==(const Vma&, const Vma&) = default;
};

// One entry of a page table that is not zero. Its table and index follow from the addresses it covers.
struct PageEntry {
    std::uint64_t key = 0;                // lowest address it covers | its level (4 PGD … 1 PTE)
    std::uint64_t word = 0;
};

struct Mm {
    std::int32_t users = 0;
    std::int32_t count = 0;
    std::uint64_t pgd = 0;                // physical address of the top-level page table: what CR3 names
    std::uint64_t ctx_id = 0;             // unique for ever, linux.md 5.7
    std::uint64_t tlb_gen = 1;
    std::uint64_t cpu_bitmap = 0;         // CPUs that may hold TLB entries of it
    std::uint32_t program = 0;            // whose text is mapped
    std::uint32_t thread_stacks = 0;      // handed out so far, one below the other
    std::uint64_t brk = 0;                // end of the heap
    std::uint64_t stack_low = 0;          // the main stack's area begins here
    std::uint32_t file_pages = 0, anon_pages = 0, shmem_pages = 0;   // rss_stat
    std::uint32_t table_pages = 0;        // below the top level: VmPTE
    std::uint32_t peak_rss = 0, peak_vm = 0;                         // VmHWM, VmPeak: pages
    bool oom_victim = false;              // chosen by the OOM killer: may use the reserve
    std::vector<Vma> mapped;              // what mmap made, by address
    std::vector<PageEntry> tables;        // by key, highest first: a new thread stack goes near the end
    std::vector<UserWord> words;          // written user memory, by address
    std::vector<FutexQueue> futexes;      // by address; only those with sleepers

    bool exists() const { return count > 0; }
    std::uint32_t rss() const { return file_pages + anon_pages + shmem_pages; }
    std::uint64_t read(std::uint64_t address) const;
    void write(std::uint64_t address, std::uint64_t value);
    // The queue of this word; created when asked for writing.
    const FutexQueue* futex(std::uint64_t address) const;
    FutexQueue& futex_mut(std::uint64_t address);
    void drop_futex(std::uint64_t address);

    // The entry of this level that covers `va`; 0: none.
    std::uint64_t entry(std::uint64_t va, int level) const;
    void set_entry(std::uint64_t va, int level, std::uint64_t word);   // 0 takes it away
    // The entries of a walk: [4] PGD … [1] PTE; a missing one ends it, the rest are 0.
    std::array<std::uint64_t, 5> walk(std::uint64_t va) const;
    // Entries of one level between two addresses, lowest first.
    std::vector<PageEntry> entries(int level, std::uint64_t from, std::uint64_t to) const;

    static std::uint64_t key_of(std::uint64_t va, int level) {
        const unsigned shift = paging::shift_of(level);
        return va >> shift << shift | static_cast<unsigned>(level);
    }
};

using MmTable = CowArray<Mm, 3>;

}  // namespace sy
