// What the writers of /proc files share: sizes of memory, numbers of the simulated computer, and
// the files that stand in a source of their own. Only sim/report/proc*.cpp and ps.cpp include it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

constexpr std::uint64_t kPage = 4'096;

inline std::uint64_t ram_kb(const Kernel& k) { return k.memory.pages.total() * (kPage / 1'024); }
// set_max_threads(): thread stacks may take an eighth of the memory.
inline std::uint64_t threads_max(const Kernel& k) { return ram_kb(k) / (8 * layout::stack_bytes / 1'024); }
constexpr std::string_view kRelease = "6.1.0-switchyard";
constexpr std::uint64_t kBootTime =
    1'704'067'200;  // 2024-01-01 00:00 UTC: any fixed moment will do
// What every program was started with, as on the init of a small system.
constexpr std::string_view kEnviron{"HOME=/\0TERM=linux\0PATH=/usr/sbin:/usr/bin:/sbin:/bin\0", 54};

inline std::uint64_t round_up(std::uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// An address space in pages: those that exist, the tables that map them, and what is mapped at all.
struct MmSize {
    std::uint64_t file = 0, anon = 0, shmem = 0;   // rss_stat
    std::uint64_t tables = 0;  // pages of page tables below the top level
    // What is mapped, whether it is there or not: total_vm, its highest, data_vm, stack_vm, the program's text.
    std::uint64_t total = 0, peak = 0, data = 0, stack = 0, text = 0;
    std::uint64_t peak_resident = 0;
    std::uint64_t resident() const { return file + anon + shmem; }
};
MmSize size_of(const Kernel& k, MmId mm);
MmSize size_of_task(const Kernel& k, TaskId task);  // zeros without an address space

Pid ppid_of(const Kernel& k, const Task& t);
// Process group and session; 0 for kernel threads.
Pid group_of(const Kernel& k, const Task& t);
Pid session_of(const Kernel& k, const Task& t);
bool in_foreground(const Kernel& k, const Task& t);   // of the terminal
std::size_t thread_count(const Kernel& k, const Task& t);
std::uint64_t running_tasks(const Kernel& k);  // procs_running
std::uint64_t blocked_tasks(const Kernel& k);  // procs_blocked

// Files of the machine: memory (proc_memory.cpp), the kernel and the computer (proc_system.cpp).
std::string proc_meminfo(const Kernel& k, TaskId, bool);
std::string proc_vmstat(const Kernel& k, TaskId, bool);
std::string proc_slabinfo(const Kernel& k, TaskId, bool);
std::string proc_buddyinfo(const Kernel& k, TaskId, bool);
std::string proc_cpuinfo(const Kernel& k, TaskId, bool);
std::string proc_schedstat(const Kernel& k, TaskId, bool);
std::string proc_version(const Kernel& k, TaskId, bool);
std::string proc_build(const Kernel& k, TaskId, bool);
std::string proc_threads_max(const Kernel& k, TaskId, bool);
std::string proc_pid_max(const Kernel& k, TaskId, bool);

// Files of a task (proc_task_memory.cpp).
std::string proc_maps(const Kernel& k, TaskId task, bool);
std::string proc_statm(const Kernel& k, TaskId task, bool);
std::string proc_smaps(const Kernel& k, TaskId task, bool);
std::string proc_smaps_rollup(const Kernel& k, TaskId task, bool);
std::string proc_limits(const Kernel& k, TaskId task, bool);
std::string proc_oom_score(const Kernel& k, TaskId task, bool);
std::string proc_oom_score_adj(const Kernel& k, TaskId task, bool);

}  // namespace sy
