// Address spaces as other routines use them: made for a program, copied by fork, given up. linux.md 2.1, 2.8, 3.7.
//
// Who holds an mm: `users` counts its tasks, `count` the structure (all users together once, and each lazy borrower). A
// new mm comes with users = count = 1, for the task that it is made for. CLONE_VM: Ctx::mm_get_user. End of a task or
// execve away from it: Ctx::mm_put_user (the last one tears the pages down).
#pragma once

#include "sim/kernel/context.h"

namespace sy {

// A fresh address space with the program's text, data, bss, heap, stack and vdso in it: what execve leaves behind.
// `prefaulted`: its first pages are there already (a process that arrives ready-made); otherwise every first touch
// faults. kNoMm: no memory.
MmId mm_create_for_program(Ctx& cx, std::uint32_t program, bool prefaulted);

// fork: a copy of the areas and page tables, every private writable page write-protected on both sides (copy on
// write). kNoMm: no memory (-ENOMEM).
MmId mm_dup(Ctx& cx, MmId from);

// The same in pieces, for the routine dup_mm: the structure, one area with its pages, (then flush_tlb_mm(from)).
MmId mm_dup_begin(Ctx& cx, MmId from);
bool mm_copies(const Kernel& k, MmId from, const Vma& area);   // false: its pages are faulted in again
bool mm_dup_area(Ctx& cx, MmId from, MmId to, const Vma& area);

// Room for one more thread stack (8 MiB and a guard page below it): the address of its upper end. The top page, which
// holds the thread's TCB, is there already.
std::uint64_t mm_place_thread_stack(Ctx& cx, MmId mm);

}  // namespace sy
