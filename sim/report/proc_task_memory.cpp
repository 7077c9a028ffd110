// /proc/PID files about memory and limits: maps, statm, smaps_rollup, limits, oom_score. Formats:
// linux.md 9.3 and 9.5; smaps_rollup and limits as in proc(5).
#include <fmt/format.h>

#include <algorithm>

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

std::uint64_t sharers(const Kernel& k, std::uint32_t program) {
    std::uint64_t n = 0;
    for (MmId mm = 1; mm < k.mms.size(); ++mm)
        n += k.mms[mm].exists() && k.mms[mm].program == program;
    return std::max<std::uint64_t>(1, n);
}

}  // namespace

std::string proc_maps(const Kernel& k, TaskId task, bool) {
    std::string out;
    for (const Mapping& m : mappings_of(k, task)) {
        const bool is_file = !m.name.empty() && m.name[0] == '/';
        const std::uint64_t offset = is_file ? m.start - (layout::user_text - kPage) : 0;
        out += head(m.start, m.end, m.perms, offset, is_file ? "fe:00" : "00:00",
                    is_file ? 1000 + k.mms[k.tasks[task].mm].program : 0, m.name);
    }
    return out;
}

std::string proc_statm(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task)) return "0 0 0 0 0 0 0\n";
    const MmSize size = size_of_task(k, task);
    std::uint64_t data = 0;
    for (const Mapping& m : mappings_of(k, task))
        if (m.perms[1] == 'w') data += (m.end - m.start) / kPage;
    return fmt::format("{} {} {} {} 0 {} 0\n", total_bytes(k, task) / kPage, size.resident(),
                       size.file, size.file, data);
}

// Text is shared by all who run the program: each pays its part of it (Pss).
std::string proc_smaps_rollup(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task)) return {};
    const std::vector<Mapping> maps = mappings_of(k, task);
    const MmSize size = size_of_task(k, task);
    const std::uint64_t users = sharers(k, k.mms[k.tasks[task].mm].program);
    const std::uint64_t file = size.file * 4, anon = size.anon * 4;  // kB
    std::string out =
        head(maps.front().start, maps[maps.size() - 2].end, "---p", 0, "00:00", 0, "[rollup]");
    const auto row = [&](const char* key, std::uint64_t kb) {
        out += fmt::format("{:<16}{:>8} kB\n", std::string(key) + ":", kb);
    };
    row("Rss", file + anon);
    row("Pss", file / users + anon);
    row("Pss_Dirty", anon);
    row("Pss_Anon", anon);
    row("Pss_File", file / users);
    row("Pss_Shmem", 0);
    row("Shared_Clean", users > 1 ? file : 0);
    row("Shared_Dirty", 0);
    row("Private_Clean", users > 1 ? 0 : file);
    row("Private_Dirty", anon);
    row("Referenced", file + anon);
    row("Anonymous", anon);
    for (const char* key : {"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped",
                            "Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked"})
        row(key, 0);
    return out;
}

// The kernel's defaults for the first process (INIT_RLIMITS); nothing here changes them.
std::string proc_limits(const Kernel&, TaskId, bool) {
    const std::string none = "unlimited", processes = std::to_string(kThreadsMax / 2);
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

// oom_badness is the pages a task would give back; the file scales it so that none is 666. Init and
// kernel threads are never chosen.
std::string proc_oom_score(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task) || k.tasks[task].tgid == 1) return "0\n";
    const MmSize size = size_of_task(k, task);
    const std::uint64_t badness = size.resident() + size.tables;
    return std::to_string((1'000 + badness * 1'000 / (kRamKb / 4)) * 2 / 3) + "\n";
}

std::uint64_t total_bytes(const Kernel& k, TaskId task) {
    std::uint64_t n = 0;
    for (const Mapping& m : mappings_of(k, task))
        if (m.name != "[vsyscall]" && m.perms[0] != '-') n += m.end - m.start;
    return n;
}

// The layout of linux.md 2.4: a non-PIE program, its data and heap, thread stacks with a guard page
// at the low end, the main thread's TLS, vvar and vdso, the stack.
std::vector<Mapping> mappings_of(const Kernel& k, TaskId task) {
    if (!has_user_memory(k, task)) return {};
    const Task& t = k.tasks[task];
    const Mm& mm = k.mms[t.mm];
    const Program& program = k.image().programs[mm.program];
    const std::string path =
        "/usr/bin/" + (program.comm.empty() ? std::string(t.comm_view()) : program.comm);
    const std::uint64_t text_end =
        layout::user_text + round_up(program.ops.size() << layout::user_op_bits);
    const std::uint64_t heap_end = layout::user_heap + 132 * 1024;  // the first brk, linux.md 2.4
    std::vector<Mapping> out = {{layout::user_text - kPage, layout::user_text, "r--p", path},
                                {layout::user_text, text_end, "r-xp", path}};
    if (text_end <= layout::user_data) {
        out.push_back({layout::user_data, layout::user_data + kPage, "rw-p", path});
        out.push_back({layout::user_heap, heap_end, "rw-p", "[heap]"});
    }
    for (std::uint32_t n = mm.thread_stacks; n-- > 0;) {
        const std::uint64_t top = layout::thread_stacks - n * layout::thread_stack_stride;
        const std::uint64_t low = top - layout::thread_stack_stride;
        out.push_back({low, low + kPage, "---p", ""});
        out.push_back({low + kPage, top, "rw-p", ""});
    }
    const std::uint64_t tls = layout::main_tcb / kPage * kPage;
    out.push_back({tls, tls + kPage, "rw-p", ""});
    out.push_back({0x7fff'f7ff'5000, 0x7fff'f7ff'9000, "r--p", "[vvar]"});
    out.push_back({0x7fff'f7ff'9000, 0x7fff'f7ff'b000, "r-xp", "[vdso]"});
    out.push_back({0x7fff'fffd'e000, 0x7fff'ffff'f000, "rw-p", "[stack]"});
    out.push_back({0xffff'ffff'ff60'0000, 0xffff'ffff'ff60'1000, "--xp", "[vsyscall]"});
    return out;
}

}  // namespace sy
