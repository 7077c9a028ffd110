// What the MMU does with each access from user mode: the TLB, the walk on a miss, the exception when the walk fails.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

bool user_access_slow(Ctx& cx, std::uint64_t va, Access a);

// May the current task's program access this word? False: the CPU has taken a page fault; the operation is tried again
// when the handler returns.
inline bool user_access(Ctx& cx, std::uint64_t va, Access a) {
    TlbState& tlb = cx.cpu.tlb;
    if (tlb.entries.hit(va, tlb.asid, a)) [[likely]] {
        ++tlb.hits;
        return true;
    }
    return user_access_slow(cx, va, a);
}

// The address space whose page an access really reaches: in a broken kernel a TLB entry that should be gone may lead to
// somebody else's.
MmId mm_of_stale_entry(const Ctx& cx, std::uint64_t va);
inline MmId mm_behind(const Ctx& cx, std::uint64_t va) {
    return cx.k.image().broken == nullptr ? cx.user_mm() : mm_of_stale_entry(cx, va);
}

// A computation goes on at this address, for instance after a switch: counted, and walked if it must be.
void count_fetch(Ctx& cx, std::uint64_t va);

}  // namespace sy
