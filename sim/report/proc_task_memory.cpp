// /proc/PID files about memory and limits: maps, statm, smaps, smaps_rollup, limits, oom_score. Formats:
// linux.md 9.3 and 9.5; smaps, smaps_rollup and limits as in proc(5).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/kernel/areas.h"
#include "sim/kernel/oom.h"
#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"

namespace sy {
namespace {

// Start, end and so on up to the inode; the name begins in column 74.
std::string head(std::uint64_t start, std::uint64_t end, const char* perms, std::uint64_t offset,
                 const char* device, std::uint64_t inode, const std::string& name) {
    std::string line =
        fmt::format("{:08x}-{:08x} {} {:08x} {} {} ", start, end, perms, offset, device, inode);
    if (!name.empty() && line.size() < 73) line.resize(73, ' ');
    return line + name + "\n";
}

// Of the pages that are there: how many frames are whose (smaps).
struct Sharing {
    std::uint64_t shared_clean = 0, shared_dirty = 0, private_clean = 0, private_dirty = 0, referenced = 0, anon = 0;
    // Proportional shares, in 1/4096 of a page as the kernel counts them.
    std::uint64_t pss = 0, pss_dirty = 0, pss_anon = 0, pss_file = 0, pss_shmem = 0;
};
Sharing sharing_of(const Kernel& k, const std::vector<PageEntry>& entries) {
    Sharing s;
    for (const PageEntry& e : entries) {
        if ((e.key & 7) != 1 || (e.word & paging::special) != 0) continue;
        const Frame& f = k.memory.pages[static_cast<Pfn>((e.word & paging::frame_mask) >> paging::page_bits)];
        const bool dirty = (e.word & paging::dirty) != 0;
        ++(f.maps > 1 ? (dirty ? s.shared_dirty : s.shared_clean) : (dirty ? s.private_dirty : s.private_clean));
        s.referenced += (e.word & paging::accessed) != 0;
        s.anon += f.what() == FrameKind::anon;
        const std::uint64_t share = kPage / std::max<std::uint64_t>(1, f.maps);
        s.pss += share;
        if (dirty) s.pss_dirty += share;
        (f.what() == FrameKind::anon ? s.pss_anon : f.what() == FrameKind::shmem ? s.pss_shmem : s.pss_file) += share;
    }
    return s;
}

std::string area_line(const Kernel& k, MmId mm, const Vma& v) {
    const bool device = v.file >= k.image().programs.size() && v.file != kNoFile && !k.memory.files[v.file].shmem;
    const bool program = v.file < k.image().programs.size();
    const std::string inode = program || device ? "fe:00" : v.is_shared() ? "00:01" : "00:00";
    const std::uint64_t number = v.file == kNoFile ? 0 : 1000 + std::uint64_t{v.file};
    return head(v.start, v.end, area_perms(v).c_str(), std::uint64_t{v.pgoff} * kPage, inode.c_str(), number, area_name(k, mm, v));
}

// VmFlags, two letters each (show_smap_vma_flags).
std::string flag_letters(std::uint32_t flags) {
    static constexpr std::pair<std::uint32_t, const char*> kLetters[] = {
        {vm_flag::read, "rd"},    {vm_flag::write, "wr"},    {vm_flag::exec, "ex"},    {vm_flag::shared, "sh"},
        {vm_flag::mayread, "mr"}, {vm_flag::maywrite, "mw"}, {vm_flag::mayexec, "me"}, {vm_flag::mayshare, "ms"},
        {vm_flag::growsdown, "gd"}, {vm_flag::account, "ac"}};
    std::string out;
    for (const auto& [bit, letters] : kLetters)
        if ((flags & bit) != 0) out += std::string(letters) + " ";
    return out;
}

// The lines of smaps and smaps_rollup, and the ones that stand at the end of both.
struct SmapsRows {
    std::string& out;
    void row(const char* key, std::uint64_t kb) { out += fmt::format("{:<16}{:>8} kB\n", std::string(key) + ":", kb); }
    void pages(const char* key, std::uint64_t n) { row(key, n * (kPage / 1'024)); }
    void add_sharing(const Sharing& s) {
        pages("Shared_Clean", s.shared_clean);
        pages("Shared_Dirty", s.shared_dirty);
        pages("Private_Clean", s.private_clean);
        pages("Private_Dirty", s.private_dirty);
        pages("Referenced", s.referenced);
        pages("Anonymous", s.anon);
        for (const char* key : {"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
                                "Private_Hugetlb", "Swap", "SwapPss", "Locked"})
            row(key, 0);
    }
};

}  // namespace

std::string proc_maps(const Kernel& k, TaskId task, bool) {
    std::string out;
    if (!has_user_memory(k, task)) return out;
    const MmId mm = k.tasks[task].mm;
    for (const Vma& v : areas_of(k, mm)) out += area_line(k, mm, v);
    return out + head(0xffff'ffff'ff60'0000, 0xffff'ffff'ff60'1000, "--xp", 0, "00:00", 0, "[vsyscall]");
}

std::string proc_statm(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task)) return "0 0 0 0 0 0 0\n";
    const MmSize size = size_of_task(k, task);
    return fmt::format("{} {} {} {} 0 {} 0\n", size.total, size.resident(), size.file + size.shmem, size.text,
                       size.data + size.stack);
}

// The areas of maps, each with what is there of it.
std::string proc_smaps(const Kernel& k, TaskId task, bool) {
    std::string out;
    if (!has_user_memory(k, task)) return out;
    const MmId mm = k.tasks[task].mm;
    SmapsRows rows{out};
    for (const Vma& v : areas_of(k, mm)) {
        const Sharing s = sharing_of(k, k.mms[mm].entries(1, v.start, v.end));
        out += area_line(k, mm, v);
        rows.pages("Size", v.pages());
        rows.pages("KernelPageSize", 1);
        rows.pages("MMUPageSize", 1);
        rows.pages("Rss", s.shared_clean + s.shared_dirty + s.private_clean + s.private_dirty);
        rows.row("Pss", s.pss >> 10);
        rows.row("Pss_Dirty", s.pss_dirty >> 10);
        rows.add_sharing(s);
        out += "THPeligible:    0\nVmFlags: " + flag_letters(v.flags) + "\n";
    }
    return out;
}

// Each who maps a frame pays its part of it (Pss).
std::string proc_smaps_rollup(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task)) return {};
    const std::vector<Vma> areas = areas_of(k, k.tasks[task].mm);
    const Sharing s = sharing_of(k, k.mms[k.tasks[task].mm].tables);
    std::string out = head(areas.front().start, areas.back().end, "---p", 0, "00:00", 0, "[rollup]");
    SmapsRows rows{out};
    rows.pages("Rss", size_of_task(k, task).resident());
    rows.row("Pss", s.pss >> 10);
    rows.row("Pss_Dirty", s.pss_dirty >> 10);
    rows.row("Pss_Anon", s.pss_anon >> 10);
    rows.row("Pss_File", s.pss_file >> 10);
    rows.row("Pss_Shmem", s.pss_shmem >> 10);
    rows.add_sharing(s);
    return out;
}

// The kernel's defaults for the first process (INIT_RLIMITS); nothing here changes them.
std::string proc_limits(const Kernel& k, TaskId, bool) {
    const std::string none = "unlimited", processes = std::to_string(threads_max(k) / 2);
    struct Row {
        const char* name;
        std::string soft, hard;
        const char* unit;
    };
    const Row rows[] = {{"Limit", "Soft Limit", "Hard Limit", "Units     "},
                        {"Max cpu time", none, none, "seconds   "},
                        {"Max file size", none, none, "bytes     "},
                        {"Max data size", none, none, "bytes     "},
                        {"Max stack size", "8388608", none, "bytes     "},
                        {"Max core file size", "0", none, "bytes     "},
                        {"Max resident set", none, none, "bytes     "},
                        {"Max processes", processes, processes, "processes "},
                        {"Max open files", "1024", "4096", "files     "},
                        {"Max locked memory", "8388608", "8388608", "bytes     "},
                        {"Max address space", none, none, "bytes     "},
                        {"Max file locks", none, none, "locks     "},
                        {"Max pending signals", processes, processes, "signals   "},
                        {"Max msgqueue size", "819200", "819200", "bytes     "},
                        {"Max nice priority", "0", "0", ""},
                        {"Max realtime priority", "0", "0", ""},
                        {"Max realtime timeout", none, none, "us        "}};
    std::string out;
    for (const Row& r : rows)
        out += fmt::format("{:<25} {:<20} {:<20} {}\n", r.name, r.soft, r.hard, r.unit);
    return out;
}

// oom_badness scaled so that nothing in memory is 666 and all of it 1333; 0: never chosen.
std::string proc_oom_score(const Kernel& k, TaskId task, bool) {
    const std::int64_t points = oom_badness(k, k.tasks[task].group_leader);
    if (points == kNotKillable) return "0\n";
    const auto total = static_cast<std::int64_t>(k.memory.pages.total());
    return std::to_string(std::max<std::int64_t>(0, (1'000 + points * 1'000 / total) * 2 / 3)) + "\n";
}

std::string proc_oom_score_adj(const Kernel& k, TaskId task, bool) {
    return std::to_string(k.tasks[k.tasks[task].group_leader].oom_score_adj) + "\n";
}

MmSize size_of(const Kernel& k, MmId id) {
    const Mm& m = k.mms[id];
    MmSize s{.file = m.file_pages, .anon = m.anon_pages, .shmem = m.shmem_pages, .tables = m.table_pages};
    const VmSizes sizes = vm_sizes(k, id);
    s.total = sizes.total;
    s.data = sizes.data;
    s.stack = sizes.stack;
    s.peak = std::max<std::uint64_t>(s.total, m.peak_vm);
    s.peak_resident = m.peak_rss;
    s.text = (k.image().programs[m.program].text_end() - layout::user_text) / kPage;
    return s;
}

MmSize size_of_task(const Kernel& k, TaskId task) {
    return has_user_memory(k, task) ? size_of(k, k.tasks[task].mm) : MmSize{};
}

}  // namespace sy
