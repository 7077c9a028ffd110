// /proc files of the machine as a whole: its times and counts. Formats: linux.md 9.6 to 9.9. The
// table names those of the other sources too.
#include <fmt/format.h>

#include <algorithm>

#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"
#include "sim/report/rows.h"

namespace sy {
namespace {

using Scope = ProcFile::Scope;

std::string uptime(const Kernel& k, TaskId, bool) {
    Nanos idle = 0;
    for (const Cpu& cpu : k.cpus) idle += idle_time(k, cpu);
    const auto hundredths = [](Nanos t) {
        return fmt::format("{}.{:02}", t / kSecond, t / (kSecond / 100) % 100);
    };
    return hundredths(k.now()) + " " + hundredths(idle) + "\n";
}

std::string loadavg(const Kernel& k, TaskId, bool) {
    std::uint64_t total = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) total += is_in_proc(k, id) ? 1 : 0;
    std::string out;
    for (std::uint64_t average : k.load_now().avenrun) {
        const std::uint64_t shown = average + kLoadOne / 200;  // rounded to two places
        out += fmt::format("{}.{:02} ", shown >> kLoadShift,
                           (shown & (kLoadOne - 1)) * 100 >> kLoadShift);
    }
    return out + fmt::format("{}/{} {}\n", running_tasks(k), total, k.last_pid);
}

std::string stat(const Kernel& k, TaskId, bool) {
    std::string out;
    Nanos all_user = 0, all_nice = 0, all_system = 0, all_idle = 0, all_irq = 0, all_soft = 0;
    std::string rows;
    for (const Cpu& cpu : k.cpus) {
        const Nanos idle = idle_time(k, cpu);
        const Nanos burst = user_time(k, cpu) - cpu.user_ns;
        const bool is_nice = k.tasks[cpu.current_task].nice > 0;
        const Nanos nice = cpu.nice_ns + (is_nice ? burst : 0);
        const Nanos user = cpu.user_ns + burst - nice;
        // The rest is the kernel's own work: system calls, switches.
        const Nanos system =
            std::max<Nanos>(0, k.now() - user - nice - cpu.irq_ns - cpu.softirq_ns - idle);
        all_user += user;
        all_nice += nice;
        all_system += system;
        all_idle += idle;
        all_irq += cpu.irq_ns;
        all_soft += cpu.softirq_ns;
        rows += fmt::format("cpu{} {} {} {} {} 0 {} {} 0 0 0\n", cpu.id, ticks(user), ticks(nice),
                            ticks(system), ticks(idle), ticks(cpu.irq_ns), ticks(cpu.softirq_ns));
    }
    out = fmt::format("cpu  {} {} {} {} 0 {} {} 0 0 0\n", ticks(all_user), ticks(all_nice),
                      ticks(all_system), ticks(all_idle), ticks(all_irq), ticks(all_soft)) +
          rows;

    const auto& lines = k.image().irq_lines;
    std::int32_t last_irq = 15;
    for (const IrqLine& line : lines) last_irq = std::max(last_irq, line.irq);
    std::vector<std::uint64_t> by_irq(static_cast<std::size_t>(last_irq) + 1);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        for (std::uint64_t n : k.irqs[i].per_cpu) {
            by_irq[static_cast<std::size_t>(lines[i].irq)] += n;
            total += n;
        }
    }
    std::uint64_t softirq_total = 0;
    std::array<std::uint64_t, kSoftirqs> softirqs{};
    for (const Cpu& cpu : k.cpus) {
        total += cpu.irq_timer + cpu.irq_resched + cpu.irq_call;
        for (std::size_t i = 0; i < softirqs.size(); ++i) {
            softirqs[i] += cpu.softirqs[i];
            softirq_total += cpu.softirqs[i];
        }
    }
    out += fmt::format("intr {}", total);
    for (std::uint64_t n : by_irq) out += fmt::format(" {}", n);
    out += fmt::format(
        "\nctxt {}\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked {}\nsoftirq {}",
        k.switches(), kBootTime, k.forks, running_tasks(k), blocked_tasks(k), softirq_total);
    for (std::uint64_t n : softirqs) out += fmt::format(" {}", n);
    return out + "\n";
}

constexpr int kPrecision = 3;  // width of an irq number, linux.md 9.8

std::string interrupts(const Kernel& k, TaskId, bool) {
    std::string out(kPrecision + 8, ' ');
    for (const Cpu& cpu : k.cpus) out += fmt::format("CPU{:<8}", cpu.id);
    out += "\n";
    const auto& devices = k.image().scenario.devices;
    const auto& lines = k.image().irq_lines;
    std::vector<std::size_t> order(lines.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return lines[a].irq < lines[b].irq; });
    for (std::size_t i : order) {
        out += fmt::format("{:>{}}: ", lines[i].irq, kPrecision);
        for (const Cpu& cpu : k.cpus) out += fmt::format("{:>10} ", k.irqs[i].per_cpu[cpu.id]);
        std::string names;
        for (std::uint32_t d : lines[i].devices) names += (names.empty() ? "" : ", ") + devices[d].name;
        out += fmt::format(" {:>8} {:>{}}-{:<8}  {}\n", "IO-APIC", lines[i].irq, kPrecision,
                           lines[i].level ? "fasteoi" : "edge", names);
    }
    const auto row = [&](const char* name, const char* what, auto count) {
        out += fmt::format("{:>{}}: ", name, kPrecision);
        for (const Cpu& cpu : k.cpus)
            out += fmt::format("{:>10} ", static_cast<std::uint64_t>(count(cpu)));
        out += fmt::format("  {}\n", what);
    };
    row("NMI", "Non-maskable interrupts", [](const Cpu& c) { return c.tlb.shootdowns; });
    row("LOC", "Local timer interrupts", [](const Cpu& c) { return c.irq_timer; });
    row("SPU", "Spurious interrupts", [](const Cpu&) { return 0; });
    row("RES", "Rescheduling interrupts", [](const Cpu& c) { return c.irq_resched; });
    row("CAL", "Function call interrupts", [](const Cpu& c) { return c.irq_call; });
    row("TLB", "TLB shootdowns", [](const Cpu&) { return 0; });
    out +=
        fmt::format("{:>{}}: {:>10}\n{:>{}}: {:>10}\n", "ERR", kPrecision, 0, "MIS", kPrecision, 0);
    return out;
}

std::string softirqs(const Kernel& k, TaskId, bool) {
    std::string out(20, ' ');
    for (const Cpu& cpu : k.cpus) out += fmt::format("CPU{:<8}", cpu.id);
    out += "\n";
    for (std::size_t vec = 0; vec < static_cast<std::size_t>(kSoftirqs); ++vec) {
        out += fmt::format("{:>12}:", softirq_name(static_cast<int>(vec)));
        for (const Cpu& cpu : k.cpus) out += fmt::format(" {:>10}", cpu.softirqs[vec]);
        out += "\n";
    }
    return out;
}

constexpr ProcFile kFiles[] = {
    {"interrupts", Scope::machine, "how often each interrupt came, for each CPU",
     "每个 CPU 上各中断的次数", interrupts},
    {"softirqs", Scope::machine, "how often each softirq ran, for each CPU",
     "每个 CPU 上各软中断的次数", softirqs},
    {"stat", Scope::machine, "times of the CPUs in 1/100 s, interrupts, switches, forks",
     "CPU 时间（1/100 秒）、中断、切换、fork 次数", stat},
    {"loadavg", Scope::machine, "load averages, runnable/all tasks, last pid",
     "平均负载、可运行/全部任务数、最近的 pid", loadavg},
    {"uptime", Scope::machine, "seconds since boot, idle seconds of all CPUs",
     "启动以来的秒数、所有 CPU 的空闲秒数", uptime},
    {"meminfo", Scope::machine, "memory of the simulated computer", "模拟计算机的内存",
     proc_meminfo},
    {"vmstat", Scope::machine, "pages by use, page faults", "各种用途的页、缺页", proc_vmstat},
    {"slabinfo", Scope::machine, "slab caches of task_struct, mm_struct and so on",
     "task_struct、mm_struct 等的 slab 缓存", proc_slabinfo},
    {"buddyinfo", Scope::machine, "free blocks of 1, 2, 4 … 1024 pages in each zone",
     "每个区里 1、2、4 …… 1024 页的空闲块数", proc_buddyinfo},
    {"cpuinfo", Scope::machine, "one record for each CPU", "每个 CPU 一条记录", proc_cpuinfo},
    {"schedstat", Scope::machine, "what the scheduler counts on each CPU",
     "调度器在每个 CPU 上的计数", proc_schedstat},
    {"version", Scope::machine, "which kernel this is", "内核版本", proc_version},
    {"sys/kernel/osrelease", Scope::machine, "the kernel's release", "内核发行号",
     [](const Kernel&, TaskId, bool) { return std::string(kRelease) + "\n"; }},
    {"sys/kernel/ostype", Scope::machine, "the system's name", "系统名",
     [](const Kernel&, TaskId, bool) { return std::string("Linux\n"); }},
    {"sys/kernel/version", Scope::machine, "number and kind of the build", "构建编号和种类",
     proc_build},
    {"sys/kernel/hostname", Scope::machine, "the computer's name", "计算机名",
     [](const Kernel&, TaskId, bool) { return std::string("simulator\n"); }},
    {"sys/kernel/pid_max", Scope::machine, "pids are smaller than this", "pid 小于此数",
     proc_pid_max},
    {"sys/kernel/threads-max", Scope::machine, "threads there may be at once", "线程数上限",
     proc_threads_max},
};

}  // namespace

std::uint64_t running_tasks(const Kernel& k) {
    std::uint64_t n = 0;
    for (const Cpu& cpu : k.cpus) n += k.sched->runnable(cpu.id);
    return n;
}

// nr_iowait: all who sleep uninterruptibly here wait for a disk.
std::uint64_t blocked_tasks(const Kernel& k) {
    std::uint64_t n = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        n += is_in_proc(k, id) && state_letter(t.state, t.exit_state) == 'D';
    }
    return n;
}

std::span<const ProcFile> proc_machine_files() { return kFiles; }

}  // namespace sy
