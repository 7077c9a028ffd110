// /proc files about the kernel and the computer: cpuinfo, version, schedstat, sys/kernel.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "sim/base/limits.h"
#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"
#include "sim/report/rows.h"

namespace sy {

// Each record ends with an empty line, the last one too: procps insists on it (linux.md 9.13).
std::string proc_cpuinfo(const Kernel& k, TaskId, bool) {
    std::string out;
    for (const Cpu& cpu : k.cpus) {
        const CpuPlace& place = k.image().topology.cpus[cpu.id];
        const int siblings = std::popcount(place.node_mask), cores = siblings / std::popcount(place.smt_mask);
        out += fmt::format(
            "processor\t: {}\nvendor_id\t: Switchyard\ncpu family\t: 6\nmodel\t\t: 1\n"
            "model name\t: Switchyard simulated x86-64\nstepping\t: 0\ncpu MHz\t\t: 1000.000\n"
            "physical id\t: {}\nsiblings\t: {}\ncore id\t\t: {}\ncpu cores\t: {}\napicid\t\t: {}\n"
            "fpu\t\t: yes\nflags\t\t: fpu tsc msr apic sep pge fxsr sse sse2 syscall nx lm pcid "
            "fsgsbase\naddress sizes\t: 40 bits physical, 48 bits virtual\n\n",
            cpu.id, place.node, siblings, place.core, cores, cpu.id);
    }
    return out;
}

std::string proc_build(const Kernel& k, TaskId, bool) {
    const bool full =
        k.image().preempt == MachineDecl::Preempt::full || k.image().preempt == MachineDecl::Preempt::lazy;
    return full ? "#1 SMP PREEMPT\n" : "#1 SMP\n";
}

std::string proc_version(const Kernel& k, TaskId, bool) {
    return fmt::format("Linux version {} (switchyard@simulator) (gcc, GNU ld) {}", kRelease,
                       proc_build(k, kNoTask, true));
}

// Version 15: wakeups and picks as this CPU counted them, then the time its tasks
// ran, the time they waited for it, and their turns.
std::string proc_schedstat(const Kernel& k, TaskId, bool) {
    std::string out = fmt::format("version 15\ntimestamp {}\n", k.jiffies);
    for (const Cpu& cpu : k.cpus) {
        out +=
            fmt::format("cpu{} {} 0 {} {} {} {} {} {} {}\n", cpu.id, cpu.yld_count, cpu.sched_count,
                        cpu.sched_goidle, cpu.ttwu_count, cpu.ttwu_local,
                        std::max<Nanos>(0, k.now() - idle_time(k, cpu)), cpu.run_delay, cpu.pcount);
        const auto& domains = k.image().topology.cpus[cpu.id].domains;
        for (std::size_t i = 0; i < domains.size() && k.image().balances; ++i) {
            const DomainState& d = cpu.smp.domains[i];
            out += fmt::format("domain{} {:x}", i, domains[i].span);
            for (const auto& kind : d.stats)
                for (const std::uint32_t n : kind) out += fmt::format(" {}", n);
            out += fmt::format(" {} {} {} 0 0 0 0 0 0 {} {} 0\n", d.active[0], d.active[1], d.active[2],
                               d.wake_remote, d.move_affine);
        }
    }
    return out;
}

std::string proc_threads_max(const Kernel& k, TaskId, bool) {
    return std::to_string(threads_max(k)) + "\n";
}

std::string proc_pid_max(const Kernel&, TaskId, bool) {
    return std::to_string(limits::pid_max) + "\n";
}

}  // namespace sy
