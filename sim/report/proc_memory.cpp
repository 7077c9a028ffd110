// /proc/meminfo, vmstat, slabinfo and buddyinfo: what the simulated page allocator and slab caches hold. Formats:
// linux.md 8.1, 8.2, 9.11.
#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/areas.h"
#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"

namespace sy {
namespace {

// Pages by use.
struct MemoryUse {
    std::uint64_t free = 0, anon = 0, file = 0, shmem = 0, tables = 0, stacks = 0, slab = 0, mapped = 0;
    std::uint64_t cached() const { return file + shmem; }
    std::uint64_t available(const Kernel& k) const {
        std::uint64_t low = 0;
        for (const Zone& z : k.memory.pages.zones()) low += z.low;
        return free > low ? free - low + file : file;
    }
};

MemoryUse memory_of(const Kernel& k) {
    const Memory& m = k.memory;
    MemoryUse u;
    u.free = m.pages.free_pages();
    u.anon = m.pages.in_use(FrameKind::anon);
    u.file = m.pages.in_use(FrameKind::file);
    u.shmem = m.pages.in_use(FrameKind::shmem);
    u.tables = m.pages.in_use(FrameKind::table);
    const auto stacks = static_cast<std::size_t>(SlabKind::thread_stack);
    u.stacks = m.slabs[stacks].active * (layout::stack_bytes / kPage);
    u.slab = m.pages.in_use(FrameKind::slab) - u.stacks;
    for (std::size_t i = 0; i < m.files.size(); ++i)
        for (const PageCache::Page& p : m.files[i].pages) u.mapped += m.pages[p.pfn].maps > 0;
    return u;
}

// Private writable memory that everybody may come to need.
std::uint64_t committed(const Kernel& k) {
    std::uint64_t n = 0;
    for (MmId mm = 1; mm < k.mms.size(); ++mm) {
        const VmSizes s = vm_sizes(k, mm);
        n += s.data + s.stack;
    }
    return n;
}

}  // namespace

std::string proc_meminfo(const Kernel& k, TaskId, bool) {
    const MemoryUse m = memory_of(k);
    std::string out;
    const auto row = [&](const char* key, std::uint64_t kb) {
        out += fmt::format("{:<16}{:>8} kB\n", std::string(key) + ":", kb);
    };
    const auto pages = [&](const char* key, std::uint64_t n) { row(key, n * (kPage / 1'024)); };
    row("MemTotal", ram_kb(k));
    pages("MemFree", m.free);
    pages("MemAvailable", m.available(k));
    row("Buffers", 0);
    pages("Cached", m.cached());
    row("SwapCached", 0);
    pages("Active", m.anon + m.cached());
    row("Inactive", 0);
    pages("Active(anon)", m.anon + m.shmem);
    row("Inactive(anon)", 0);
    pages("Active(file)", m.file);
    row("Inactive(file)", 0);
    for (const char* key : {"Unevictable", "Mlocked", "SwapTotal", "SwapFree", "Dirty", "Writeback"})
        row(key, 0);
    pages("AnonPages", m.anon);
    pages("Mapped", m.mapped);
    pages("Shmem", m.shmem);
    row("KReclaimable", 0);
    pages("Slab", m.slab);
    row("SReclaimable", 0);
    pages("SUnreclaim", m.slab);
    pages("KernelStack", m.stacks);
    pages("PageTables", m.tables);
    row("CommitLimit", ram_kb(k) / 2);  // overcommit_ratio 50, no swap
    pages("Committed_AS", committed(k));
    row("VmallocTotal", 34'359'738'367);  // 32 TiB of vmalloc space, less one byte
    pages("VmallocUsed", m.stacks);       // kernel stacks are all that lies there
    row("VmallocChunk", 0);
    return out;
}

// What tools read of it; nothing is swapped here.
std::string proc_vmstat(const Kernel& k, TaskId, bool) {
    const MemoryUse m = memory_of(k);
    std::uint64_t single = 0, all = 0, received = 0;
    for (const Cpu& cpu : k.cpus) {
        single += cpu.tlb.pages;
        all += cpu.tlb_flushes;
        received += cpu.tlb.shootdowns;
    }
    return fmt::format(
        "nr_free_pages {}\nnr_active_anon {}\nnr_active_file {}\nnr_anon_pages {}\nnr_mapped {}\n"
        "nr_file_pages {}\nnr_shmem {}\nnr_slab_unreclaimable {}\nnr_page_table_pages {}\nnr_kernel_stack {}\n"
        "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault {}\npgmajfault {}\noom_kill {}\n"
        "nr_tlb_remote_flush_received {}\nnr_tlb_local_flush_all {}\nnr_tlb_local_flush_one {}\n",
        m.free, m.anon, m.file, m.anon, m.mapped, m.cached(), m.shmem, m.slab, m.tables,
        m.stacks * (kPage / 1'024), k.memory.pgfault, k.memory.pgmajfault, k.memory.oom_kill, received, all, single);
}

std::string proc_slabinfo(const Kernel& k, TaskId, bool) {
    std::string out =
        "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
        "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
        "<active_slabs> <num_slabs> <sharedavail>\n";
    for (int i = 0; i < kSlabs; ++i) {
        const SlabInfo& info = slab_info(static_cast<SlabKind>(i));
        const SlabCache& c = k.memory.slabs[static_cast<std::size_t>(i)];
        out += fmt::format(
            "{:<17} {:>6} {:>6} {:>6} {:>4} {:>4} : tunables    0    0    0 : slabdata {:>6} "
            "{:>6}      0\n",
            info.name, c.active, std::uint64_t{c.used} * info.per_slab(), info.size, info.per_slab(), 1u << info.order,
            c.used, c.used);
    }
    return out;
}

std::string proc_buddyinfo(const Kernel& k, TaskId, bool) {
    std::string out;
    for (const Zone& z : k.memory.pages.zones()) {
        if (z.managed() == 0) continue;
        out += fmt::format("Node 0, zone {:>8} ", z.name);
        for (const std::uint32_t n : z.nr_free) out += fmt::format("{:>6} ", n);
        out += "\n";
    }
    return out;
}

}  // namespace sy
