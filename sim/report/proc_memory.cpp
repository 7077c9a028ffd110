// /proc/meminfo, vmstat and slabinfo: sums over the simulated objects. Formats: linux.md 8.2, 9.11.
#include <fmt/format.h>

#include <algorithm>

#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"

namespace sy {
namespace {

// A slab cache with the object size of linux.md 8.2; a slab has `pages` pages.
struct Cache {
    const char* name;
    std::uint64_t size, pages, objects;
    std::uint64_t per_slab() const { return pages * kPage / size; }
    std::uint64_t slabs() const { return (objects + per_slab() - 1) / per_slab(); }
};

std::uint64_t areas(const Kernel& k) {
    std::uint64_t n = 0;
    std::vector<bool> seen(k.mms.size());
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const MmId mm = k.tasks[id].mm;
        if (mm == kNoMm || seen[mm]) continue;
        seen[mm] = true;
        n += mappings_of(k, id).size() - 1;  // [vsyscall] has no vm_area_struct
    }
    return n;
}

std::vector<Cache> caches(const Kernel& k) {
    std::uint64_t tasks = 0, processes = 0, user = 0, pids = 0, mms = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.is_live || id == k.cpus[0].idle) continue;  // init_task is no slab object
        ++tasks;
        if (!is_in_proc(k, id)) continue;
        ++pids;
        if (t.group_leader != id) continue;
        ++processes;
        user += t.exit_state == 0 && !t.is_kthread();
    }
    for (MmId mm = 1; mm < k.mms.size(); ++mm) mms += k.mms[mm].exists();  // 0 is init_mm
    return {{"task_struct", layout::task_struct_bytes, 8, tasks},
            {"mm_struct", layout::mm_struct_bytes, 8, mms},
            {"vm_area_struct", 192, 1, areas(k)},
            {"signal_cache", 1'152, 8, processes},
            {"sighand_cache", 2'112, 8, processes},
            {"files_cache", 704, 4, user},
            {"pid", 192, 1, pids}};
}

struct Memory {
    std::uint64_t anon = 0, file = 0, tables = 0, stacks = 0, slab = 0;  // pages
    std::uint64_t free() const {
        const std::uint64_t used = anon + file + tables + stacks + slab, all = kRamKb / 4;
        return all - std::min(all, used);
    }
};

Memory memory_of(const Kernel& k) {
    Memory m;
    std::vector<std::uint64_t> text(k.image().programs.size());
    for (MmId mm = 1; mm < k.mms.size(); ++mm) {
        if (!k.mms[mm].exists()) continue;
        const MmSize size = size_of(k, mm);
        m.anon += size.anon;
        m.tables += size.tables + 1;  // and the top level
        text[k.mms[mm].program] = size.file;
    }
    for (std::uint64_t pages : text) m.file += pages;  // one copy in the page cache
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (is_in_proc(k, id) && !k.tasks[id].stack_gone) m.stacks += layout::stack_bytes / kPage;
    for (const Cache& c : caches(k)) m.slab += c.slabs() * c.pages;
    return m;
}

}  // namespace

std::string proc_meminfo(const Kernel& k, TaskId, bool) {
    const Memory m = memory_of(k);
    std::string out;
    const auto row = [&](const char* key, std::uint64_t kb) {
        out += fmt::format("{:<16}{:>8} kB\n", std::string(key) + ":", kb);
    };
    const auto pages = [&](const char* key, std::uint64_t n) { row(key, n * (kPage / 1'024)); };
    row("MemTotal", kRamKb);
    pages("MemFree", m.free());
    pages("MemAvailable", m.free() + m.file);
    row("Buffers", 0);
    pages("Cached", m.file);
    row("SwapCached", 0);
    pages("Active", m.anon + m.file);
    row("Inactive", 0);
    pages("Active(anon)", m.anon);
    row("Inactive(anon)", 0);
    pages("Active(file)", m.file);
    row("Inactive(file)", 0);
    for (const char* key :
         {"Unevictable", "Mlocked", "SwapTotal", "SwapFree", "Dirty", "Writeback"})
        row(key, 0);
    pages("AnonPages", m.anon);
    pages("Mapped", m.file);
    row("Shmem", 0);
    row("KReclaimable", 0);
    pages("Slab", m.slab);
    row("SReclaimable", 0);
    pages("SUnreclaim", m.slab);
    pages("KernelStack", m.stacks);
    pages("PageTables", m.tables);
    row("CommitLimit", kRamKb / 2);  // overcommit_ratio 50, no swap
    pages("Committed_AS", m.anon);
    row("VmallocTotal", 34'359'738'367);  // 32 TiB of vmalloc space, less one byte
    pages("VmallocUsed", m.stacks);       // kernel stacks are all that lies there
    row("VmallocChunk", 0);
    return out;
}

// What tools read of it; nothing is ever paged or swapped here.
std::string proc_vmstat(const Kernel& k, TaskId, bool) {
    const Memory m = memory_of(k);
    std::uint64_t faults = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) faults += k.tasks[id].min_flt;
    return fmt::format(
        "nr_free_pages {}\nnr_active_anon {}\nnr_active_file {}\nnr_anon_pages {}\nnr_mapped {}\n"
        "nr_file_pages {}\nnr_slab_unreclaimable {}\nnr_page_table_pages {}\nnr_kernel_stack {}\n"
        "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault {}\npgmajfault 0\n",
        m.free(), m.anon, m.file, m.anon, m.file, m.file, m.slab, m.tables,
        m.stacks * (kPage / 1'024), faults);
}

std::string proc_slabinfo(const Kernel& k, TaskId, bool) {
    std::string out =
        "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
        "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
        "<active_slabs> <num_slabs> <sharedavail>\n";
    for (const Cache& c : caches(k)) {
        out += fmt::format(
            "{:<17} {:>6} {:>6} {:>6} {:>4} {:>4} : tunables    0    0    0 : slabdata {:>6} "
            "{:>6}      0\n",
            c.name, c.objects, c.slabs() * c.per_slab(), c.size, c.per_slab(), c.pages, c.slabs(),
            c.slabs());
    }
    return out;
}

MmSize size_of(const Kernel& k, MmId id) {
    const Mm& mm = k.mms[id];
    const std::uint64_t text =
        round_up(k.image().programs[mm.program].ops.size() << layout::user_op_bits) / kPage;
    std::vector<std::uint64_t> pages = {layout::user_stack_top / kPage, layout::user_data / kPage};
    for (const UserWord& w : mm.words) pages.push_back(w.address / kPage);
    const auto distinct = [&] {
        std::sort(pages.begin(), pages.end());
        pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
        return pages.size();
    };
    MmSize size{.file = text, .anon = distinct(), .tables = 0};
    for (std::uint64_t n = 0; n < text; ++n) pages.push_back(layout::user_text / kPage + n);
    for (int level = 0; level < 3; ++level) {  // PTE, PMD and PUD pages: 512 entries each
        for (std::uint64_t& page : pages) page >>= 9;
        size.tables += distinct();
    }
    return size;
}

MmSize size_of_task(const Kernel& k, TaskId task) {
    return has_user_memory(k, task) ? size_of(k, k.tasks[task].mm) : MmSize{};
}

}  // namespace sy
