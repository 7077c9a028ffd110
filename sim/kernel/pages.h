// Frames into page tables and out of them, with their counts, and the TLB with what it remembers of them. What faults,
// fork, mmap and exit are made of. linux.md 2.6 to 2.9, 5.7.
#pragma once

#include "sim/kernel/areas.h"
#include "sim/kernel/context.h"

namespace sy {

// A place for moves: the entry of this level that covers `va`.
Place entry_place(MmId mm, std::uint64_t va, int level);
// Sets an entry and reports the move.
void set_entry(Ctx& cx, MmId mm, std::uint64_t va, int level, std::uint64_t word);

// The table below the entry of `level` (4, 3 or 2) exists, or is allocated now; false: no memory.
bool has_table(const Ctx& cx, MmId mm, std::uint64_t va, int level);
bool add_table(Ctx& cx, MmId mm, std::uint64_t va, int level);
bool add_tables(Ctx& cx, MmId mm, std::uint64_t va);   // all three

// A frame for this mm, filled with zeros or about to be filled; kNoFrame: no memory.
Pfn new_frame(Ctx& cx, MmId mm, FrameKind kind);
// An entry that names the frame: one more reference, one more mapping, one more page of the mm.
void map_frame(Ctx& cx, MmId mm, std::uint64_t va, Pfn pfn, std::uint64_t bits);
// The entry goes, and with it what it counted. Does nothing where there is none.
void unmap_page(Ctx& cx, MmId mm, std::uint64_t va);
void put_frame(Ctx& cx, Pfn pfn);
inline Pfn frame_in(std::uint64_t word) { return static_cast<Pfn>((word & paging::frame_mask) >> paging::page_bits); }
inline std::uint64_t word_for(Pfn pfn, std::uint64_t bits) { return std::uint64_t{pfn} << paging::page_bits | bits; }

// The page of a file that is in memory already; kNoFrame: it must be read. A program's text always is.
Pfn cached_page(Ctx& cx, const Vma& area, std::uint64_t va);
// Puts a frame into the page cache of the area's file: the cache's own reference.
void add_to_page_cache(Ctx& cx, const Vma& area, std::uint64_t va, Pfn pfn);
// One address space less on a piece of shared memory; the last one frees its pages.
void put_shared_file(Ctx& cx, std::uint32_t file);
std::uint32_t file_index(const Vma& area, std::uint64_t va);

// The three ways of flushing: one page, a range (33 pages and more: everything), all of an address space. Other CPUs that
// run this mm are told by an interrupt; those that only borrow it (lazy) catch up when they come back (tlb_gen).
void flush_tlb_page(Ctx& cx, MmId mm, std::uint64_t va);
void flush_tlb_range(Ctx& cx, MmId mm, std::uint64_t from, std::uint64_t to);
void flush_tlb_mm(Ctx& cx, MmId mm);

// Resolves a fault without the exception: what get_user, put_user and copy_to_user do for the kernel's own accesses.
// False: no such page, or no memory.
bool fault_in(Ctx& cx, MmId mm, std::uint64_t va, bool write);

}  // namespace sy
