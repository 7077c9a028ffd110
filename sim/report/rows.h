// One row for each task, as plain numbers: the table, the JSON and the CSV of `run` are three ways
// of writing these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

// Times in nanoseconds; what they mean is said in sim/trace/metrics.h. Nothing where it has not
// happened yet.
struct TaskRow {
    TaskId id = kNoTask;
    Pid pid = 0, tgid = 0, ppid = 0;
    std::string comm;         // 15 characters at the most, as the kernel keeps it
    std::string name;         // as people read it: worker/2
    char state = 'R';         // letter of ps
    const char* policy = "";  // normal, fifo, rr, batch, idle, deadline
    int nice = 0, prio = 0;
    bool is_kernel_thread = false;
    std::optional<MmId> mm;  // which address space; none: kernel thread, or given back at exit
    CpuId cpu = 0;
    std::optional<Nanos> arrival, first_run, exit;
    Nanos cpu_time = 0, wait = 0;
    std::optional<Nanos> response, turnaround;
    std::uint64_t nvcsw = 0, nivcsw = 0, migrations = 0;
    std::uint64_t jobs = 0, deadline_misses = 0;  // sim/kernel/deadlines.h
    std::optional<int> exit_status;  // wait status, as wait4 returns it
};

// By pid, idle tasks left out; every task that ever was, also those that have gone.
std::vector<TaskRow> task_rows(const Kernel& kernel);

// Whether it belongs to the scenario (not init, not a kernel thread of the machine).
bool is_of_scenario(const TaskRow& row);

struct Totals {
    std::uint64_t tasks = 0, switches = 0, voluntary = 0, involuntary = 0, migrations = 0;
    std::uint64_t steps = 0, records = 0, cr3_writes = 0, tlb_flushes = 0, lazy_switches = 0;
    std::uint64_t timer_interrupts = 0, ipis = 0, device_interrupts = 0, softirqs = 0;
    Nanos cpu_time = 0, idle = 0, irq = 0;
    std::int64_t utilisation_permille = 0;  // of all CPUs: not idle, in thousandths
    // Over the scenario's tasks that have one, rounded to the nanosecond; none if nobody has.
    std::optional<Nanos> average_wait, average_response, average_turnaround;
};
Totals totals_of(const Kernel& kernel, const std::vector<TaskRow>& rows);

// A CPU is charged when a halt or a burst ends; what of it is over at now() counts too.
Nanos idle_time(const Kernel& k, const Cpu& cpu);
Nanos user_time(const Kernel& k, const Cpu& cpu);

// "S (sleeping)" of /proc/PID/status: the word for a letter of ps (linux.md 1.3).
const char* state_word_of_letter(char letter);
const char* policy_name(Policy policy);

}  // namespace sy
