#include "sim/kernel/user_memory.h"

#include "sim/kernel/broken.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

// What the hardware does when a walk fails: CR2, six words on the entry stack, RIP at the vector's entry
// (linux.md 2.9, 5.1). The RIP that it pushes is that of the access itself.
void raise_page_fault(Ctx& cx, std::uint64_t va, std::uint64_t error) {
    drain_all_stores(cx);
    Cpu& cpu = cx.cpu;
    Regs& r = cpu.regs;
    cpu.begin_episode(cx.k.steps());
    cx.move(at::none, at::special(Place::Kind::cr2), va, r.cr2);
    r.cr2 = va;
    cx.emit(RecordKind::page_fault_user, static_cast<std::uint32_t>(va), static_cast<std::uint32_t>(va >> 32),
            static_cast<std::uint32_t>(r.rip), static_cast<std::uint32_t>(error));
    const std::uint64_t rsp = r[Reg::rsp], flags = r.rflags, cs = r.cs, ss = r.ss, rip = r.rip;
    cx.set(Reg::rsp, layout::entry_stack_top(cpu.id));
    cx.push(ss, at::special(Place::Kind::ss));
    cx.push(rsp, at::reg(Reg::rsp));
    cx.push(flags, at::special(Place::Kind::rflags));
    cx.push(cs, at::special(Place::Kind::cs));
    cx.push(rip, at::special(Place::Kind::rip));
    cx.push(error, at::none);
    cx.move(at::none, at::special(Place::Kind::rflags), flags & ~kFlagIf, flags);
    cx.move(at::none, at::special(Place::Kind::cs), kKernelCs, cs);
    r.rflags = flags & ~kFlagIf;
    r.cs = kKernelCs;
    r.ss = kKernelSs;
    cpu.pc = cx.text.entry(routines::asm_exc_page_fault);
    cx.move(at::none, at::special(Place::Kind::rip), cx.text.address(cpu.pc), rip);
    const Nanos cost = cx.k.image().costs[static_cast<std::size_t>(Cost::exception)];
    cpu.clock += cost;
}

// The walk: sets ACCESSED and DIRTY as it goes, and keeps the entry. 0: it fails.
std::uint64_t walk(Ctx& cx, MmId mm, std::uint64_t va, Access a) {
    if (va >= paging::user_end) return 0;
    const std::uint64_t word = cx.k.mms[mm].entry(va, 1);
    if ((word & paging::present) == 0) return 0;
    if (a == Access::write && (word & paging::rw) == 0) return 0;
    if (a == Access::fetch && (word & paging::nx) != 0) return 0;
    std::uint64_t now = word | paging::accessed;
    if (a == Access::write) now |= paging::dirty;
    if (now != word) set_entry(cx, mm, va, 1, now);
    return now;
}

}  // namespace

bool user_access_slow(Ctx& cx, std::uint64_t va, Access a) {
    TlbState& tlb = cx.cpu.tlb;
    const MmId mm = cx.user_mm();
    ++tlb.misses;
    cx.cpu.clock += cx.k.image().costs[static_cast<std::size_t>(Cost::tlb_miss)];
    const std::uint64_t word = walk(cx, mm, va, a);
    if (word != 0) {
        tlb.entries.insert(va, tlb.asid, word);
        cx.k.memory.pages.changed();
        return true;
    }
    tlb.entries.drop(va, tlb.asid);   // a fault throws away what the TLB kept of the page
    std::uint64_t error = paging::error_user;
    const bool is_kernel = va >= std::uint64_t{1} << 63;   // mapped, but not for ring 3
    if (is_kernel || (cx.k.mms[mm].entry(va, 1) & paging::present) != 0) error |= paging::error_present;
    if (a == Access::write) error |= paging::error_write;
    if (a == Access::fetch) error |= paging::error_fetch;
    raise_page_fault(cx, va, error);
    return false;
}

MmId mm_of_stale_entry(const Ctx& cx, std::uint64_t va) {
    const MmId mm = cx.user_mm();
    if (!cx.k.image().broken->has(Breakage::forget_tlb_flush)) return mm;
    const std::uint64_t tag = Tlb::tag_of(va, cx.cpu.tlb.asid);
    for (const TlbEntry& e : cx.cpu.tlb.entries.entries()) {
        if (e.tag != tag) continue;
        const std::uint64_t frame = e.word & paging::frame_mask;
        if ((cx.k.mms[mm].entry(va, 1) & paging::frame_mask) == frame) return mm;
        for (MmId other = 0; other < cx.k.mms.size(); ++other)
            if (cx.k.mms[other].exists() && (cx.k.mms[other].entry(va, 1) & paging::frame_mask) == frame) return other;
    }
    return mm;
}

void count_fetch(Ctx& cx, std::uint64_t va) {
    TlbState& tlb = cx.cpu.tlb;
    if (tlb.entries.hit(va, tlb.asid, Access::fetch)) [[likely]] {
        ++tlb.hits;
        return;
    }
    ++tlb.misses;
    if (const std::uint64_t word = walk(cx, cx.user_mm(), va, Access::fetch); word != 0) {
        tlb.entries.insert(va, tlb.asid, word);
        cx.k.memory.pages.changed();
    }
}

}  // namespace sy
