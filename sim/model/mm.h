// mm_struct: an address space with its two counts. mm_users counts the tasks that live in it; mm_count counts who
// needs the structure: all users together once, and each lazy borrower (linux.md 2.1).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/types.h"

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

struct Mm {
    std::int32_t users = 0;
    std::int32_t count = 0;
    std::uint64_t pgd = 0;                // physical address of the top-level page table: what CR3 names
    std::uint64_t ctx_id = 0;             // unique for ever, linux.md 5.7
    std::uint64_t tlb_gen = 1;
    std::uint64_t cpu_bitmap = 0;         // CPUs that may hold TLB entries of it
    std::uint32_t program = 0;            // whose text is mapped
    std::uint32_t thread_stacks = 0;      // handed out so far
    std::vector<UserWord> words;          // written user memory, by address
    std::vector<FutexQueue> futexes;      // by address; only those with sleepers

    bool exists() const { return count > 0; }
    std::uint64_t read(std::uint64_t address) const;
    void write(std::uint64_t address, std::uint64_t value);
    // The queue of this word; created when asked for writing.
    const FutexQueue* futex(std::uint64_t address) const;
    FutexQueue& futex_mut(std::uint64_t address);
    void drop_futex(std::uint64_t address);
};

using MmTable = CowArray<Mm, 3>;

}  // namespace sy
