// /proc/PID files. Formats: linux.md 9.1 to 9.5, stack and wchan 4.6.
#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/inspect.h"
#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"
#include "sim/report/rows.h"
#include "sim/session/batch.h"
#include "sim/sched/pelt.h"

namespace sy {
namespace {

using Scope = ProcFile::Scope;

const Task& leader_of(const Kernel& k, const Task& t) { return k.tasks[t.group_leader]; }
char letter_of(const Task& t) { return state_letter(t.state, t.exit_state); }

// All threads of the process, those that have gone too: their times stay in its sums.
template <typename Of>
std::int64_t sum_of_group(const Kernel& k, TaskId task, bool group, Of of) {
    const MmId mm = k.tasks[task].mm;
    const bool alone = k.tasks[task].is_kthread() || (mm != kNoMm && k.mms[mm].thread_stacks == 0);
    if (!group || alone) return static_cast<std::int64_t>(of(task));
    std::int64_t total = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].tgid == k.tasks[task].tgid && (k.tasks[id].flags & pf::idle) == 0)
            total += static_cast<std::int64_t>(of(id));
    return total;
}

std::string stat(const Kernel& k, TaskId task, bool group) {
    const Task& t = k.tasks[task];
    const Nanos user = sum_of_group(k, task, group, [&](TaskId id) { return k.user_time(id); });
    const Nanos cpu = sum_of_group(k, task, group, [&](TaskId id) { return k.cpu_time(id); });
    const bool has_mm = has_user_memory(k, task);
    const MmSize size = size_of_task(k, task);
    const std::uint64_t text = has_mm ? k.program_of(t).ops.size() << layout::user_op_bits : 0;
    const int exit_signal = t.group_leader != task ? -1 : t.pid == 2 ? 0 : t.is_kthread() ? 17 : t.exit_signal;
    const SignalStruct none;
    const SignalStruct& shared = t.signal != kNoShared ? k.shared.signal[t.signal] : none;
    constexpr int kTty1 = 1025;   // tty_nr, linux.md 9.1
    const bool blocked = letter_of(t) != 'R' && t.exit_state == 0;
    // Fields 1 to 22.
    std::string out = fmt::format(
        "{} ({}) {} {} {} {} {} {} {} {} {} {} 0 {} {} {} {} {} {} {} 0 {} ", t.pid, kworker_long_name(k, task),
        letter_of(t), ppid_of(k, t), group_of(k, t), session_of(k, t), shared.has_tty ? kTty1 : 0,
        shared.has_tty ? k.terminal.foreground : -1, t.flags,
        sum_of_group(k, task, group, [&](TaskId id) { return k.tasks[id].min_flt; }), shared.cmin_flt,
        sum_of_group(k, task, group, [&](TaskId id) { return k.tasks[id].maj_flt; }),
        ticks(user), ticks(std::max<Nanos>(0, cpu - user)), ticks(shared.cutime), ticks(shared.cstime), t.prio - 100, t.nice, thread_count(k, t),
        ticks(t.start_time));
    // 23 to 28: memory; 29 and 30 are 0 unless it dumps core.
    out +=
        fmt::format("{} {} 18446744073709551615 {} {} {} 0 0 ", size.total * kPage,
                    size.resident(), has_mm ? layout::user_text : 0,
                    has_mm ? layout::user_text + text : 0, has_mm ? layout::user_stack_top : 0);
    // 31 to 44.
    constexpr std::uint64_t kLow = 0x7fff'ffff;   // the first 31 signals
    const SighandStruct no_hand;
    const SighandStruct& hand = t.sighand != kNoShared ? k.shared.sighand[t.sighand] : no_hand;
    out += fmt::format("{} {} {} {} {} 0 0 {} {} {} {} 0 0 0 ", t.pending_signals & kLow, t.blocked & kLow,
                       t.is_kthread() ? kLow : hand.ignored() & kLow, hand.caught() & kLow, blocked ? 1 : 0, exit_signal, t.cpu,
                       t.rt_priority, static_cast<int>(t.policy));
    // 45 to 52. Arguments and environment lie above the first stack frame (linux.md 2.4).
    if (!has_mm) return out + fmt::format("0 0 0 0 0 0 0 {}\n", t.exit_code);
    const Program& program = k.program_of(t);
    const std::uint64_t args = layout::user_stack_top + 0x2e3,
                        args_end = args + t.comm_view().size() + 1;
    return out + fmt::format("{} {} {} {} {} {} {} {}\n", program.data_base,
                             program.data_base + kPage, program.heap_base, args, args_end, args_end,
                             args_end + kEnviron.size(), t.exit_code);
}

std::string cpu_list(std::uint64_t mask) {
    std::string out;
    for (int first = 0; first < 64; ++first) {
        if ((mask >> first & 1) == 0) continue;
        int last = first;
        while (last < 63 && (mask >> (last + 1) & 1) != 0) ++last;
        out += (out.empty() ? "" : ",") + std::to_string(first);
        if (last > first) out += "-" + std::to_string(last);
        first = last;
    }
    return out;
}

// Hexadecimal, as wide as the machine has CPUs, groups of 32 bits separated by commas.
std::string cpu_mask(std::uint64_t mask, std::size_t cpus) {
    if (cpus > 32)
        return fmt::format("{:0{}x},{:08x}", mask >> 32, (cpus - 32 + 3) / 4, mask & 0xffff'ffff);
    return fmt::format("{:0{}x}", mask, (cpus + 3) / 4);
}

std::string status(const Kernel& k, TaskId task, bool) {
    const Task& t = k.tasks[task];
    const std::uint64_t online =
        k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << k.cpus.size()) - 1;
    const char letter = letter_of(t);
    std::string out;
    const auto line = [&](const char* key, const std::string& value) {
        out += fmt::format("{}:\t{}\n", key, value);
    };
    line("Name", kworker_long_name(k, task));
    const SignalStruct* shared = t.signal != kNoShared ? &k.shared.signal[t.signal] : nullptr;
    const SighandStruct* hand = t.sighand != kNoShared ? &k.shared.sighand[t.sighand] : nullptr;
    line("Umask", fmt::format("{:04o}", t.fs != kNoShared ? k.shared.fs[t.fs].umask : 022));
    line("State", fmt::format("{} ({})", letter, state_word_of_letter(letter)));
    line("Tgid", std::to_string(t.tgid));
    line("Ngid", "0");
    line("Pid", std::to_string(t.pid));
    line("PPid", std::to_string(ppid_of(k, t)));
    line("TracerPid", "0");
    line("Uid", "0\t0\t0\t0");
    line("Gid", "0\t0\t0\t0");
    line("FDSize", "64");
    line("Groups", " ");
    line("NStgid", std::to_string(t.tgid));
    line("NSpid", std::to_string(t.pid));
    line("NSpgid", std::to_string(group_of(k, t)));
    line("NSsid", std::to_string(session_of(k, t)));
    if (has_user_memory(k, task)) {
        const auto kb = [&](const char* key, std::uint64_t bytes) {
            line(key, fmt::format("{:>8} kB", bytes >> 10));
        };
        const MmSize size = size_of_task(k, task);
        const std::uint64_t rss = size.resident() * kPage;
        kb("VmPeak", size.peak * kPage);
        kb("VmSize", size.total * kPage);
        kb("VmLck", 0);
        kb("VmPin", 0);
        kb("VmHWM", size.peak_resident * kPage);
        kb("VmRSS", rss);
        kb("RssAnon", size.anon * kPage);
        kb("RssFile", size.file * kPage);
        kb("RssShmem", size.shmem * kPage);
        kb("VmData", size.data * kPage);
        kb("VmStk", size.stack * kPage);
        kb("VmExe", size.text * kPage);
        kb("VmLib", 0);
        kb("VmPTE", size.tables * kPage);
        kb("VmSwap", 0);
        kb("HugetlbPages", 0);
        line("CoreDumping", "0");
        line("THP_enabled", "1");
    }
    line("Threads", std::to_string(thread_count(k, t)));
    line("SigQ", fmt::format("{}/{}", shared != nullptr ? shared->queue.size() : 0, threads_max(k) / 2));
    line("SigPnd", fmt::format("{:016x}", t.pending_signals));
    line("ShdPnd", fmt::format("{:016x}", shared != nullptr ? shared->shared_pending : 0));
    line("SigBlk", fmt::format("{:016x}", t.blocked));
    line("SigIgn", t.is_kthread() ? "ffffffffffffffff" : fmt::format("{:016x}", hand != nullptr ? hand->ignored() : 0));
    line("SigCgt", fmt::format("{:016x}", hand != nullptr ? hand->caught() : 0));
    for (const char* key : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        const bool full = key[3] == 'P' || key[3] == 'E' || key[3] == 'B';
        line(key, fmt::format("{:016x}", full ? 0x1ff'ffff'ffffULL : 0ULL));
    }
    line("NoNewPrivs", "0");
    line("Seccomp", "0");
    line("Seccomp_filters", "0");
    line("Cpus_allowed", cpu_mask(t.cpus_allowed & online, k.cpus.size()));
    line("Cpus_allowed_list", cpu_list(t.cpus_allowed & online));
    line("Mems_allowed", "1");
    line("Mems_allowed_list", "0");
    line("voluntary_ctxt_switches", std::to_string(t.nvcsw));
    line("nonvoluntary_ctxt_switches", std::to_string(t.nivcsw));
    return out;
}

bool has_readable_stack(const Task& t) { return !t.on_cpu && t.exit_state == 0 && !t.stack_gone; }

std::string stack(const Kernel& k, TaskId task, bool) {
    std::string out;
    if (!has_readable_stack(k.tasks[task])) return out;
    walk_stack(k, task, [&](const StackFrame& frame) {
        const Routine& routine = kernel_text().routine_of(frame.step);
        if (routine.sched_section || routine.actor == Actor::switcher) return;
        out += "[<0>] " + kernel_text().symbolize(frame.address) + "\n";
    });
    return out;
}

std::string wchan(const Kernel& k, TaskId task, bool) {
    const std::string name = wchan_of(k, task);
    return name.empty() ? "0" : name;
}

std::string comm(const Kernel& k, TaskId task, bool) {
    return kworker_long_name(k, task) + "\n";
}

std::string cmdline(const Kernel& k, TaskId task, bool) {
    if (!has_user_memory(k, task)) return {};
    return std::string(leader_of(k, k.tasks[task]).comm_view()) + '\0';
}

std::string sched(const Kernel& k, TaskId task, bool) {
    const Task& t = k.tasks[task];
    const auto ms = [](std::uint64_t ns) {
        return fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000);
    };
    std::string out = fmt::format("{} ({}, #threads: {})\n{}\n", t.comm_view(), t.pid,
                                  thread_count(k, t), std::string(67, '-'));
    const auto line = [&](const char* key, const std::string& value) {
        out += fmt::format("{:<45}:{:>21}\n", key, value);
    };
    line("se.exec_start", ms(static_cast<std::uint64_t>(t.se.exec_start)));
    line("se.vruntime", ms(t.se.vruntime));
    line("se.sum_exec_runtime", ms(static_cast<std::uint64_t>(k.cpu_time(task))));
    line("se.nr_migrations", std::to_string(t.nr_migrations));
    line("nr_switches", std::to_string(t.nvcsw + t.nivcsw));
    line("nr_voluntary_switches", std::to_string(t.nvcsw));
    line("nr_involuntary_switches", std::to_string(t.nivcsw));
    line("se.load.weight", std::to_string(std::uint64_t{t.se.weight} << 10));
    if (k.image().balances) {   // the fair classes keep averages (PELT)
        const SchedAvg& a = k.tasks.avg(task);
        line("se.avg.load_sum", std::to_string(a.load_sum));
        line("se.avg.runnable_sum", std::to_string(a.runnable_sum));
        line("se.avg.util_sum", std::to_string(a.util_sum));
        line("se.avg.load_avg", std::to_string(a.load_avg));
        line("se.avg.runnable_avg", std::to_string(a.runnable_avg));
        line("se.avg.util_avg", std::to_string(a.util_avg));
        line("se.avg.last_update_time", std::to_string(std::max<Nanos>(0, a.last_update_time - pelt::clock(0))));
    }
    line("policy", std::to_string(static_cast<int>(t.policy)));
    line("prio", std::to_string(t.prio));
    if (const DlEntity* dl = k.sched->dl().find(task); t.policy == Policy::deadline && dl != nullptr) {
        line("dl.runtime", std::to_string(dl->runtime));
        line("dl.deadline", std::to_string(dl->deadline));
    } else if (t.sched_class == ClassId::fair && t.se.slice != 0) {
        line("se.slice", std::to_string(t.se.slice));
    }
    line("clock-delta", "0");
    return out;
}

// cgroup v2: one line. A group's path goes through its parents.
std::string group_path(const Kernel& k, std::uint16_t g) {
    if (g == 0 || g >= k.tasks.groups.size()) return "";
    return group_path(k, k.tasks.groups[g].parent) + "/" + k.tasks.groups[g].name.data();
}
std::string cgroup(const Kernel& k, TaskId task, bool) {
    const std::uint16_t g = k.tasks[task].sched_group;
    const bool own = g != 0 && g < k.tasks.groups.size() && !k.tasks.groups[g].is_autogroup;
    return "0::" + (own ? group_path(k, g) : std::string("/")) + "\n";
}
std::string autogroup(const Kernel& k, TaskId task, bool) {
    const std::uint16_t g = k.tasks[task].sched_group;
    if (g == 0 || g >= k.tasks.groups.size() || !k.tasks.groups[g].is_autogroup) return "";
    return group_path(k, g) + " nice " + std::to_string(k.tasks.groups[g].nice) + "\n";
}

std::string schedstat(const Kernel& k, TaskId task, bool) {
    const Task& t = k.tasks[task];
    return fmt::format("{} {} {}\n", k.cpu_time(task), k.wait_time(task),
                       t.nvcsw + t.nivcsw + (t.on_cpu ? 1 : 0));
}

std::string environ(const Kernel& k, TaskId task, bool) {
    return has_user_memory(k, task) ? std::string(kEnviron) : std::string();
}

// Children belong to the thread that made them; here that is the leader.
std::string children(const Kernel& k, TaskId task, bool) {
    std::string out;
    for (TaskId id = k.tasks[task].first_child; id != kNoTask; id = k.tasks[id].next_sibling)
        if (is_in_proc(k, id)) out += std::to_string(k.tasks[id].pid) + " ";
    return out;
}

constexpr ProcFile kFiles[] = {
    {"stat", Scope::task, "one line of 52 fields, what ps reads", "一行 52 个字段，ps 读的就是它",
     stat},
    {"status", Scope::task, "the same for people", "给人看的状态", status},
    {"stack", Scope::task, "where in the kernel it sleeps: the routines on its kernel stack",
     "它在内核何处睡眠：内核栈上的例程", stack},
    {"wchan", Scope::task, "the routine in which it sleeps, 0 if it does not",
     "它睡在哪个例程里，没睡则为 0", wchan},
    {"maps", Scope::task, "its address space; empty for a kernel thread",
     "它的地址空间；内核线程为空", proc_maps},
    {"comm", Scope::task, "its name", "名字", comm},
    {"cmdline", Scope::task, "its command line; empty for a kernel thread", "命令行；内核线程为空",
     cmdline},
    {"statm", Scope::task, "sizes of its memory in pages", "内存大小（页）", proc_statm},
    {"sched", Scope::task, "what the scheduler keeps about it", "调度器为它保存的内容", sched},
    {"schedstat", Scope::task, "time on a CPU, time waited, turns",
     "CPU 时间、等待时间、上 CPU 次数", schedstat},
    {"cgroup", Scope::task, "the task group it belongs to", "所属的任务组", cgroup},
    {"autogroup", Scope::task, "the group of its session, with autogroup", "开启 autogroup 时其会话的组", autogroup},
    {"environ", Scope::task, "its environment; empty for a kernel thread", "环境变量；内核线程为空",
     environ},
    {"smaps", Scope::task, "its areas, each with what is there of it",
     "它的各个区域，以及其中实有的页", proc_smaps},
    {"smaps_rollup", Scope::task, "its resident memory, shared and private",
     "驻留内存：共享的和私有的", proc_smaps_rollup},
    {"limits", Scope::task, "its resource limits", "资源限制", proc_limits},
    {"oom_score", Scope::task, "how likely it is chosen when memory runs out",
     "内存耗尽时被选中的程度", proc_oom_score},
    {"oom_score_adj", Scope::task, "what is added to that", "对上者的调整", proc_oom_score_adj},
    {"children", Scope::thread, "pids of its children", "子进程的 pid", children},
};

}  // namespace

std::span<const ProcFile> proc_task_files() { return kFiles; }

Pid ppid_of(const Kernel& k, const Task& t) {
    return t.real_parent == kNoTask ? 0 : k.tasks[t.real_parent].tgid;
}

Pid group_of(const Kernel& k, const Task& t) {
    return t.is_kthread() || t.signal == kNoShared ? 0 : k.shared.signal[t.signal].pgrp;
}
Pid session_of(const Kernel& k, const Task& t) {
    return t.is_kthread() || t.signal == kNoShared ? 0 : k.shared.signal[t.signal].session;
}
bool in_foreground(const Kernel& k, const Task& t) {
    return t.signal != kNoShared && k.shared.signal[t.signal].has_tty &&
           k.shared.signal[t.signal].pgrp == k.terminal.foreground;
}

std::size_t thread_count(const Kernel& k, const Task& t) {
    // nr_threads: those that have not been released.
    return t.signal == kNoShared ? 1 : static_cast<std::size_t>(std::max(1, k.shared.signal[t.signal].count));
}

bool has_user_memory(const Kernel& k, TaskId task) { return k.tasks[task].mm != kNoMm; }

}  // namespace sy
