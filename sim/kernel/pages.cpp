#include "sim/kernel/pages.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace sy {

namespace {

constexpr std::uint64_t kFlushCeiling = 33;   // tlb_single_page_flush_ceiling

std::uint32_t& rss_of(Mm& m, FrameKind kind) {
    return kind == FrameKind::file ? m.file_pages : kind == FrameKind::shmem ? m.shmem_pages : m.anon_pages;
}

}  // namespace

Place entry_place(MmId mm, std::uint64_t va, int level) {
    const auto field = static_cast<int>(MmField::pgd_entry) + (paging::levels - level);
    return {Place::Kind::mm, static_cast<std::uint8_t>(field), mm, va};
}

void set_entry(Ctx& cx, MmId mm, std::uint64_t va, int level, std::uint64_t word) {
    cx.move(at::none, entry_place(mm, va, level), word, cx.k.mms[mm].entry(va, level));
    cx.mm(mm).set_entry(va, level, word);
    cx.k.memory.pages.changed();
}

bool has_table(const Ctx& cx, MmId mm, std::uint64_t va, int level) { return cx.k.mms[mm].entry(va, level) != 0; }

bool add_table(Ctx& cx, MmId mm, std::uint64_t va, int level) {
    const Pfn pfn = new_frame(cx, mm, FrameKind::table);
    if (pfn == kNoFrame) return false;
    set_entry(cx, mm, va, level, word_for(pfn, paging::table));
    ++cx.mm(mm).table_pages;
    return true;
}

bool add_tables(Ctx& cx, MmId mm, std::uint64_t va) {
    for (int level = paging::levels; level >= 2; --level)
        if (!has_table(cx, mm, va, level) && !add_table(cx, mm, va, level)) return false;
    return true;
}

Pfn new_frame(Ctx& cx, MmId mm, FrameKind kind) {
    const bool dies = mm != kNoMm && cx.k.mms[mm].oom_victim;   // a victim may use the reserve: so it can exit
    return cx.k.memory.pages.alloc(0, kind, dies || cx.outside);
}

void map_frame(Ctx& cx, MmId mm, std::uint64_t va, Pfn pfn, std::uint64_t bits) {
    if ((bits & paging::special) == 0) {
        Frame& f = cx.k.memory.pages.mut(pfn);
        ++f.maps;
        ++f.refs;
        Mm& m = cx.mm(mm);
        ++rss_of(m, f.what());
        m.peak_rss = std::max(m.peak_rss, m.rss());
    }
    set_entry(cx, mm, va, 1, word_for(pfn, bits));
}

void put_frame(Ctx& cx, Pfn pfn) {
    Frame& f = cx.k.memory.pages.mut(pfn);
    SY_ASSERT(f.refs > 0, "a frame was put more often than it was taken");
    if (--f.refs == 0) cx.k.memory.pages.free(pfn);
}

void unmap_page(Ctx& cx, MmId mm, std::uint64_t va) {
    const std::uint64_t word = cx.k.mms[mm].entry(va, 1);
    if (word == 0) return;
    set_entry(cx, mm, va, 1, 0);
    if ((word & paging::special) != 0) return;
    const Pfn pfn = frame_in(word);
    Frame& f = cx.k.memory.pages.mut(pfn);
    --f.maps;
    --rss_of(cx.mm(mm), f.what());
    put_frame(cx, pfn);
}

std::uint32_t file_index(const Vma& area, std::uint64_t va) {
    return area.pgoff + static_cast<std::uint32_t>((va - area.start) / paging::page_bytes);
}

Pfn cached_page(Ctx& cx, const Vma& area, std::uint64_t va) {
    const Pfn pfn = cx.k.memory.files[area.file].find(file_index(area, va));
    if (pfn != kNoFrame || area.file >= cx.k.image().programs.size()) return pfn;
    const Pfn fresh = new_frame(cx, kNoMm, FrameKind::file);   // programs are read when the machine starts
    if (fresh != kNoFrame) cx.k.memory.files.mut(area.file).add(file_index(area, va), fresh);
    return fresh;
}

void add_to_page_cache(Ctx& cx, const Vma& area, std::uint64_t va, Pfn pfn) {
    cx.k.memory.files.mut(area.file).add(file_index(area, va), pfn);
}

void put_shared_file(Ctx& cx, std::uint32_t file) {
    PageCache& c = cx.k.memory.files.mut(file);
    if (--c.areas > 0) return;
    for (const PageCache::Page& page : c.pages) put_frame(cx, page.pfn);
    c.pages.clear();
    c.words.clear();
}

// --- TLB ---

namespace {

// Every CPU that uses this address space now; those other than this one are interrupted. A CPU between choosing the
// address-space id and writing CR3 counts (its bit is set already), so the slot is found by the mm's id.
template <typename Drop>
void on_each_cpu_of(Ctx& cx, MmId id, Drop drop) {
    Mm& m = cx.mm(id);
    cx.k.memory.pages.changed();
    ++m.tlb_gen;
    for (Cpu& cpu : cx.k.cpus) {
        TlbState& tlb = cpu.tlb;
        const bool here = cpu.id == cx.cpu.id;
        if ((m.cpu_bitmap >> cpu.id & 1) == 0 || (tlb.is_lazy && !here)) continue;
        for (unsigned asid = 0; asid < tlb.ctx_id.size(); ++asid) {
            if (tlb.ctx_id[asid] != m.ctx_id) continue;
            drop(tlb, asid);
            tlb.tlb_gen[asid] = m.tlb_gen;
        }
        if (here) continue;
        ++tlb.shootdowns;
        cx.send_ipi(cpu.id, kCallVector);
    }
}

}  // namespace

void flush_tlb_page(Ctx& cx, MmId mm, std::uint64_t va) {
    flush_tlb_range(cx, mm, paging::page_of(va), paging::page_of(va) + paging::page_bytes);
}

void flush_tlb_range(Ctx& cx, MmId mm, std::uint64_t from, std::uint64_t to) {
    if ((to - from) / paging::page_bytes > kFlushCeiling) {
        flush_tlb_mm(cx, mm);
        return;
    }
    on_each_cpu_of(cx, mm, [&](TlbState& tlb, unsigned asid) {
        for (std::uint64_t va = from; va < to; va += paging::page_bytes) {
            tlb.lost += tlb.entries.drop(va, asid);
            ++tlb.pages;
        }
    });
}

void flush_tlb_mm(Ctx& cx, MmId mm) {
    on_each_cpu_of(cx, mm, [](TlbState& tlb, unsigned asid) { tlb.lost += tlb.entries.drop_asid(asid); });
}

// --- user words ---

namespace {

const Vma* shared_area(const Mm& m, std::uint64_t va) {
    for (const Vma& v : m.mapped)
        if (v.is_shared() && v.contains(va)) return &v;
    return nullptr;
}
std::uint64_t file_offset(const Vma& v, std::uint64_t va) {
    return std::uint64_t{v.pgoff} * paging::page_bytes + (va - v.start);
}

}  // namespace

std::uint64_t Kernel::read_user(MmId mm, std::uint64_t address) const {
    const Vma* v = shared_area(mms[mm], address);
    if (v == nullptr) return mms[mm].read(address);
    const auto& words = memory.files[v->file].words;
    const auto it = std::lower_bound(words.begin(), words.end(), std::pair{file_offset(*v, address), std::uint64_t{0}});
    return it != words.end() && it->first == file_offset(*v, address) ? it->second : 0;
}

void Kernel::write_user(MmId mm, std::uint64_t address, std::uint64_t value) {
    const Vma* v = shared_area(mms[mm], address);
    if (v == nullptr) {
        mms.mut(mm).write(address, value);
        return;
    }
    auto& words = memory.files.mut(v->file).words;
    const std::uint64_t offset = file_offset(*v, address);
    const auto it = std::lower_bound(words.begin(), words.end(), std::pair{offset, std::uint64_t{0}});
    if (it != words.end() && it->first == offset)
        it->second = value;
    else
        words.insert(it, {offset, value});
}

}  // namespace sy
