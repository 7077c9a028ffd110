// The rules of memory: every frame is either free or counted by exactly those who name it, every table hangs in the one
// above it, and no TLB remembers what the tables no longer say.
#include <algorithm>
#include <map>

#include "sim/kernel/inspect.h"
#include "sim/kernel/pages.h"

namespace sy {

namespace {

class MemoryChecker {
  public:
    explicit MemoryChecker(const Kernel& k) : k_(k), pages_(k.memory.pages) {}

    std::string run() {
        for (MmId mm = 1; mm < k_.mms.size(); ++mm) address_space(mm);
        for (std::size_t i = 0; i < k_.memory.files.size(); ++i)
            for (const PageCache::Page& p : k_.memory.files[i].pages) hold(p.pfn, 1);
        for (const SlabCache& c : k_.memory.slabs)
            for (std::uint32_t i = 0; i < c.used; ++i) hold(c.slabs[i], 1);
        if (fault_.empty()) fault_ = pages_.check();
        counts();
        objects();
        for (const Cpu& cpu : k_.cpus) tlb(cpu);
        return fault_;
    }

  private:
    void expect(bool ok, const char* what) {
        if (!ok && fault_.empty()) fault_ = what;
    }
    void hold(Pfn pfn, std::uint32_t refs, std::uint32_t maps = 0) {
        expect(pages_.exists(pfn), "something names a frame that was never handed out");
        if (!fault_.empty()) return;
        const auto z = static_cast<std::size_t>(zone(pfn));
        if (refs_[z].empty()) {
            const std::size_t n = pages_.zones()[z].frames.size();
            refs_[z].resize(n);
            maps_[z].resize(n);
        }
        const std::size_t at = pfn - pages_.zones()[z].first;
        refs_[z][at] += refs;
        maps_[z][at] += maps;
    }
    int zone(Pfn pfn) const { return pfn >= pages_.zones()[2].first ? 2 : pfn >= pages_.zones()[1].first ? 1 : 0; }

    void address_space(MmId id) {
        const Mm& m = k_.mms[id];
        if (m.count > 0) hold(frame_in(m.pgd), 1);
        if (m.users == 0) {
            expect(m.tables.empty() && m.rss() == 0, "an address space without users has pages");
            return;
        }
        std::uint32_t rss[8] = {}, tables = 0;
        std::uint64_t before = ~std::uint64_t{0};
        for (const PageEntry& e : m.tables) {
            expect(e.key < before, "page-table entries are out of order");
            before = e.key;
            const auto level = static_cast<int>(e.key & 7);
            const std::uint64_t va = e.key & ~std::uint64_t{7};
            const Pfn pfn = frame_in(e.word);
            if (level < 4) expect(m.entry(va, level + 1) != 0, "a table hangs in no table above it");
            if (level > 1) {
                hold(pfn, 1);
                ++tables;
                expect(pages_[pfn].what() == FrameKind::table, "an upper entry names a frame that is no table");
            } else if ((e.word & paging::special) != 0) {
                expect(pfn == k_.memory.zero_page && (e.word & paging::rw) == 0, "the zero page is mapped in a wrong way");
            } else {
                hold(pfn, 1, 1);
                ++rss[pages_[pfn].kind];
                page(id, va, e.word, pages_[pfn]);
            }
        }
        expect(rss[static_cast<int>(FrameKind::anon)] == m.anon_pages && rss[static_cast<int>(FrameKind::file)] == m.file_pages &&
                   rss[static_cast<int>(FrameKind::shmem)] == m.shmem_pages,
               "rss_stat is not what the page tables hold");
        expect(tables == m.table_pages, "pgtables_bytes is not the number of tables");
    }
    void page(MmId id, std::uint64_t va, std::uint64_t word, const Frame& f) {
        const std::optional<Vma> v = find_area(k_, id, va);
        expect(v.has_value(), "a page is mapped outside every area");
        if (!v || (word & paging::rw) == 0) return;
        expect((v->flags & vm_flag::write) != 0, "a page of a read-only area is writable");
        if (!v->is_shared()) expect(f.what() == FrameKind::anon && f.refs == 1, "a private page that others use is writable");
    }

    void counts() {
        for (std::size_t z = 0; z < 3; ++z) {
            const Zone& zone = pages_.zones()[z];
            for (std::size_t i = 0; i < zone.frames.size(); ++i) {
                const Frame& f = zone.frames[i];
                const std::uint32_t refs = refs_[z].empty() ? 0 : refs_[z][i], maps = maps_[z].empty() ? 0 : maps_[z][i];
                if (f.what() == FrameKind::free || f.what() == FrameKind::tail) {
                    expect(refs == 0, "somebody names a free frame");
                } else {
                    expect(f.refs == refs, "a frame's reference count is not the number of those who name it");
                    expect(f.maps == maps, "a frame's map count is not the number of its entries");
                }
            }
        }
    }

    void objects() {
        const auto active = [&](SlabKind kind) { return k_.memory.slabs[static_cast<std::size_t>(kind)].active; };
        std::uint64_t tasks = 0, pids = 0, mms = 0, areas = 0;
        for (TaskId id = 0; id < k_.tasks.size(); ++id) {
            const Task& t = k_.tasks[id];
            if (id == k_.cpus[0].idle) continue;
            tasks += !t.stack_gone;
            if ((t.flags & pf::idle) != 0) continue;
            pids += t.is_live;
        }
        for (MmId mm = 1; mm < k_.mms.size(); ++mm) {
            mms += k_.mms[mm].count > 0;
            areas += count_areas(k_, mm);
        }
        expect(active(SlabKind::task_struct) == tasks, "the task_struct cache does not hold the tasks");
        expect(active(SlabKind::thread_stack) == tasks, "the thread_stack cache does not hold the kernel stacks");
        expect(active(SlabKind::pid) == pids, "the pid cache does not hold the pids");
        expect(active(SlabKind::mm_struct) == mms, "the mm_struct cache does not hold the address spaces");
        expect(active(SlabKind::vm_area_struct) == areas, "the vm_area_struct cache does not hold the areas");
    }

    // An entry may be used only while its address-space id belongs to a living mm and is up to date.
    void tlb(const Cpu& cpu) {
        if (mm_of_ctx_.empty())
            for (MmId mm = 1; mm < k_.mms.size(); ++mm)
                if (k_.mms[mm].users > 0) mm_of_ctx_[k_.mms[mm].ctx_id] = mm;
        for (const TlbEntry& e : cpu.tlb.entries.entries()) {
            if (e.tag == 0) continue;
            const std::size_t asid = (e.tag & 7) - 1;
            const auto mm = mm_of_ctx_.find(cpu.tlb.ctx_id[asid]);
            if (mm == mm_of_ctx_.end()) continue;
            const Mm& m = k_.mms[mm->second];
            const bool in_use = cpu.tlb.loaded_mm == mm->second && cpu.tlb.asid == asid && !cpu.tlb.is_lazy;
            if (!in_use || cpu.tlb.tlb_gen[asid] != m.tlb_gen) continue;
            const std::uint64_t word = m.entry(e.tag >> 3 << paging::page_bits, 1);
            const std::uint64_t matters = paging::frame_mask | paging::present | paging::user | paging::nx;
            expect((word & matters) == (e.word & matters), "a TLB remembers a page that the tables no longer name");
            if ((e.word & paging::rw) != 0) expect((word & paging::rw) != 0, "a TLB still allows writing");
        }
    }

    const Kernel& k_;
    const PageAllocator& pages_;
    std::vector<std::uint32_t> refs_[3], maps_[3];
    std::map<std::uint64_t, MmId> mm_of_ctx_;
    std::string fault_;
};

}  // namespace

std::string check_memory(const Kernel& k) { return MemoryChecker(k).run(); }

}  // namespace sy
