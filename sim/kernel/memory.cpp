// Making, copying and giving up address spaces (memory.h says when).
#include "sim/kernel/memory.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/pages.h"

namespace sy {

namespace {

constexpr std::uint32_t kPrefaultedText = 16;   // pages: what fault-around maps at once

// An mm_struct with its areas' structures and a top-level table; kNoMm: no memory.
MmId new_mm(Ctx& cx, std::uint32_t program) {
    Kernel& k = cx.k;
    const Pfn pgd = new_frame(cx, kNoMm, FrameKind::table);
    if (pgd == kNoFrame) return kNoMm;
    if (!k.memory.slab_alloc(SlabKind::mm_struct, 1, cx.outside)) {
        put_frame(cx, pgd);
        return kNoMm;
    }
    const auto id = static_cast<MmId>(k.mms.size());
    Mm& m = k.mms.push_back();
    m.users = 1;
    m.count = 1;
    m.pgd = std::uint64_t{pgd} << paging::page_bits;
    m.ctx_id = id + 1;
    m.program = program;
    return id;
}
bool add_areas(Ctx& cx, MmId id) {
    if (cx.k.memory.slab_alloc(SlabKind::vm_area_struct, count_areas(cx.k, id), cx.outside)) {
        cx.mm(id).peak_vm = static_cast<std::uint32_t>(total_vm(cx.k, id));
        return true;
    }
    return false;
}
// An anonymous page that has been written: present, writable, dirty.
bool prefault(Ctx& cx, MmId id, std::uint64_t va) {
    if (cx.k.mms[id].entry(va, 1) != 0) return true;
    if (!add_tables(cx, id, va)) return false;
    const Pfn pfn = new_frame(cx, id, FrameKind::anon);
    if (pfn == kNoFrame) return false;
    map_frame(cx, id, va, pfn, paging::present | paging::rw | paging::user | paging::accessed | paging::dirty | paging::nx);
    put_frame(cx, pfn);   // the entry's reference is the only one
    return true;
}
bool prefault_text(Ctx& cx, MmId id) {
    const Program& p = cx.k.image().programs[cx.k.mms[id].program];
    const std::uint64_t end = std::min(p.text_end(), layout::user_text + kPrefaultedText * paging::page_bytes);
    for (std::uint64_t va = layout::user_text - paging::page_bytes; va < end; va += paging::page_bytes) {
        const std::optional<Vma> area = find_area(cx.k, id, va);
        const Pfn pfn = cached_page(cx, *area, va);
        if (pfn == kNoFrame || !add_tables(cx, id, va)) return false;
        map_frame(cx, id, va, pfn, page_prot(*area) | paging::accessed);
    }
    return true;
}

// A new mm that got no further than its structure.
void give_up(Ctx& cx, MmId id) {
    cx.mm(id).users = 0;
    cx.mm_drop(id);
}

// The pieces of shared memory that an address space maps; one that was split counts once.
std::vector<std::uint32_t> shared_files(const Kernel& k, MmId mm) {
    std::vector<std::uint32_t> files;
    for (const Vma& v : k.mms[mm].mapped)
        if (v.is_shared() && k.memory.files[v.file].shmem) files.push_back(v.file);
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    return files;
}

// What `shared` variables hold when their address space goes, for `expect word(…)`.
void keep_last_words(Kernel& k, TaskId leader, const Mm& m) {
    const Program& p = k.image().programs[m.program];
    LastWords last{leader, m.program, {}};
    for (const Variable& v : p.variables)
        for (std::int64_t i = 0; v.kind == Variable::Kind::shared && i < v.count; ++i)
            last.words.push_back(m.read(v.address + 8 * static_cast<std::uint64_t>(i)));
    if (last.words.empty()) return;
    for (LastWords& old : k.last_words)
        if (old.leader == leader && old.program == m.program) {
            old = std::move(last);
            return;
        }
    k.last_words.push_back(std::move(last));
}

// exit_mmap: every page, every table below the top one, every area.
void tear_down(Ctx& cx, MmId id) {
    Mm& m = cx.mm(id);
    StepReport* const report = cx.report;
    cx.report = nullptr;   // thousands of moves would say nothing more
    for (std::uint64_t n = m.tables.size(); n-- > 0;) {
        const PageEntry e = m.tables[n];
        if ((e.key & 7) != 1) {
            put_frame(cx, frame_in(e.word));
        } else if ((e.word & paging::special) == 0) {
            --cx.k.memory.pages.mut(frame_in(e.word)).maps;
            put_frame(cx, frame_in(e.word));
        }
    }
    cx.report = report;
    for (const std::uint32_t file : shared_files(cx.k, id)) put_shared_file(cx, file);
    cx.k.memory.slab_free(SlabKind::vm_area_struct, count_areas(cx.k, id));
    m.brk = 0;
    m.tables = {};
    m.mapped = {};
    keep_last_words(cx.k, cx.cur().group_leader, m);
    m.words = {};
    m.futexes = {};
    m.file_pages = m.anon_pages = m.shmem_pages = m.table_pages = 0;
    m.thread_stacks = 0;
}

}  // namespace

void Ctx::mm_grab(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::count), static_cast<std::uint64_t>(m.count + 1),
         static_cast<std::uint64_t>(m.count));
    ++m.count;
}
void Ctx::mm_drop(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::count), static_cast<std::uint64_t>(m.count - 1),
         static_cast<std::uint64_t>(m.count));
    SY_ASSERT(m.count > 0, "an mm_struct was dropped more often than grabbed");
    if (--m.count > 0) return;
    put_frame(*this, static_cast<Pfn>(m.pgd >> paging::page_bits));   // __mmdrop: the top-level table and the structure
    k.memory.slab_free(SlabKind::mm_struct, 1);
}
void Ctx::mm_get_user(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::users), static_cast<std::uint64_t>(m.users + 1),
         static_cast<std::uint64_t>(m.users));
    ++m.users;
}
void Ctx::mm_put_user(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::users), static_cast<std::uint64_t>(m.users - 1),
         static_cast<std::uint64_t>(m.users));
    SY_ASSERT(m.users > 0, "an address space lost more users than it had");
    if (m.users > 1) {
        --m.users;
        return;
    }
    tear_down(*this, id);   // the structure stays while somebody holds it
    --mm(id).users;
    mm_drop(id);
}

MmId mm_create_for_program(Ctx& cx, std::uint32_t program, bool prefaulted) {
    const MmId id = new_mm(cx, program);
    if (id == kNoMm) return kNoMm;
    const Program& p = cx.k.image().programs[program];
    Mm& m = cx.mm(id);
    m.brk = p.heap_base + layout::user_heap_bytes;
    m.stack_low = layout::user_stack_low;
    if (!add_areas(cx, id)) {
        give_up(cx, id);
        return kNoMm;
    }
    bool fits = true;
    if (prefaulted) {
        m.tables.reserve(16);
        fits = prefault(cx, id, layout::user_stack_top) && prefault(cx, id, layout::main_tcb);
        fits = fits && prefault(cx, id, p.heap_base) && prefault(cx, id, p.data_base);
        for (std::uint64_t va = p.data_base; fits && va < p.data_end; va += paging::page_bytes) fits = prefault(cx, id, va);
        fits = fits && prefault_text(cx, id);
    }
    if (fits) return id;
    cx.mm_put_user(id);
    return kNoMm;
}

// --- fork ---

MmId mm_dup_begin(Ctx& cx, MmId from) {
    const MmId id = new_mm(cx, cx.k.mms[from].program);
    if (id == kNoMm) return kNoMm;
    const Mm& o = cx.k.mms[from];
    Mm& m = cx.mm(id);
    m.brk = o.brk;
    m.stack_low = o.stack_low;
    m.thread_stacks = o.thread_stacks;
    m.mapped = o.mapped;
    if (!add_areas(cx, id)) {
        give_up(cx, id);
        return kNoMm;
    }
    m.words = o.words;
    for (const std::uint32_t file : shared_files(cx.k, id)) ++cx.k.memory.files.mut(file).areas;
    return id;
}

// Only areas that may hold private pages are copied: what can be read from a file again is left to be faulted in.
bool mm_copies(const Kernel& k, MmId from, const Vma& v) {
    if (v.is_shared() || !v.is_cow()) return false;
    if (v.file == kNoFile || v.kind == Vma::Kind::data) return true;
    for (const PageEntry& e : k.mms[from].entries(1, v.start, v.end))   // it has an anon_vma: a page was copied already
        if ((e.word & paging::present) != 0 && k.memory.pages[frame_in(e.word)].what() == FrameKind::anon) return true;
    return false;
}

bool mm_dup_area(Ctx& cx, MmId from, MmId to, const Vma& v) {
    using namespace paging;
    if (!mm_copies(cx.k, from, v)) return true;
    for (const PageEntry& e : cx.k.mms[from].entries(1, v.start, v.end)) {
        const std::uint64_t va = e.key & ~std::uint64_t{7};
        if (!add_tables(cx, to, va)) return false;
        const std::uint64_t read_only = e.word & ~rw;
        if (read_only != e.word) set_entry(cx, from, va, 1, read_only);
        map_frame(cx, to, va, frame_in(e.word), (read_only & ~frame_mask) & ~accessed);
    }
    return true;
}

MmId mm_dup(Ctx& cx, MmId from) {
    const MmId to = mm_dup_begin(cx, from);
    if (to == kNoMm) return kNoMm;
    bool fits = true;
    for (const Vma& v : areas_of(cx.k, from)) fits = fits && mm_dup_area(cx, from, to, v);
    flush_tlb_mm(cx, from);   // its entries became read-only
    if (fits) return to;
    cx.mm_put_user(to);
    return kNoMm;
}

std::uint64_t mm_place_thread_stack(Ctx& cx, MmId id) {
    const Mm& before = cx.k.mms[id];
    const std::uint64_t top = thread_stacks_low(before), low = top - layout::thread_stack_stride;
    const bool taken = std::any_of(before.mapped.begin(), before.mapped.end(),
                                   [&](const Vma& v) { return v.start < top && v.end > low; });
    const std::uint64_t place = taken ? unmapped_area(cx.k, id, layout::thread_stack_stride) : low;
    if (place == 0 || !cx.k.memory.slab_alloc(SlabKind::vm_area_struct, 2, true)) return 0;
    Mm& m = cx.mm(id);
    if (taken) {   // between mapped areas: it is one of them
        for (const Vma& v : thread_stack_areas(place + layout::thread_stack_stride))
            m.mapped.insert(std::upper_bound(m.mapped.begin(), m.mapped.end(), v,
                                             [](const Vma& a, const Vma& b) { return a.start < b.start; }),
                            v);
    } else {
        ++m.thread_stacks;
    }
    m.peak_vm = std::max(m.peak_vm, static_cast<std::uint32_t>(total_vm(cx.k, id)));
    const std::uint64_t end = place + layout::thread_stack_stride;
    prefault(cx, id, end - 1);   // without memory it is left to fault
    return end;
}

}  // namespace sy
