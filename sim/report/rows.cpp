#include "sim/report/rows.h"

#include "sim/kernel/deadlines.h"

#include <algorithm>

namespace sy {
namespace {

std::optional<Nanos> if_happened(Nanos at) {
    return at >= 0 ? std::optional<Nanos>(at) : std::nullopt;
}

TaskRow row_of(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    TaskRow row;
    row.id = id;
    row.pid = t.pid;
    row.tgid = t.tgid;
    row.ppid = t.real_parent == kNoTask ? 0 : k.tasks[t.real_parent].tgid;
    row.comm = t.comm_view();
    row.name = t.name();
    row.state = t.is_live ? state_letter(t.state, t.exit_state) : 'X';
    row.policy = policy_name(t.policy);
    row.nice = t.nice;
    row.prio = t.prio;
    row.is_kernel_thread = t.is_kthread();
    if (t.mm != kNoMm) row.mm = t.mm;
    row.cpu = t.cpu;
    row.arrival = if_happened(t.arrival);
    row.first_run = if_happened(t.first_run);
    row.exit = if_happened(t.exit_time);
    row.cpu_time = k.cpu_time(id);
    row.wait = k.wait_time(id);
    if (row.first_run && row.arrival) row.response = *row.first_run - *row.arrival;
    if (row.exit && row.arrival) row.turnaround = *row.exit - *row.arrival;
    row.nvcsw = t.nvcsw;
    row.nivcsw = t.nivcsw;
    row.migrations = t.nr_migrations;
    const DeadlineCounts jobs = deadline_counts(k, row.id);
    row.jobs = jobs.jobs;
    row.deadline_misses = jobs.misses;
    if (row.exit) row.exit_status = t.exit_code;
    return row;
}

// A mean that keeps integers, rounded to the nearest.
class Mean {
  public:
    void add(std::optional<Nanos> v) {
        if (!v) return;
        sum_ += *v;
        ++count_;
    }
    std::optional<Nanos> value() const {
        if (count_ == 0) return {};
        return static_cast<Nanos>((sum_ + count_ / 2) / count_);
    }

  private:
    __extension__ __int128 sum_ = 0;
    std::int64_t count_ = 0;
};

}  // namespace

std::vector<TaskRow> task_rows(const Kernel& kernel) {
    std::vector<TaskRow> rows;
    rows.reserve(kernel.tasks.size());
    for (TaskId id = 0; id < kernel.tasks.size(); ++id) {
        if ((kernel.tasks[id].flags & pf::idle) == 0) rows.push_back(row_of(kernel, id));
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const TaskRow& a, const TaskRow& b) { return a.pid < b.pid; });
    return rows;
}

Nanos idle_time(const Kernel& k, const Cpu& cpu) {
    const bool is_halted = cpu.current_task == cpu.idle && !cpu.regs.user();
    return cpu.idle_ns + (is_halted ? std::max<Nanos>(0, k.now() - cpu.clock) : 0);
}

Nanos user_time(const Kernel& k, const Cpu& cpu) {
    return cpu.user_ns + (cpu.regs.user() ? std::max<Nanos>(0, k.now() - cpu.clock) : 0);
}

bool is_of_scenario(const TaskRow& row) { return row.pid != 1 && !row.is_kernel_thread; }

Totals totals_of(const Kernel& kernel, const std::vector<TaskRow>& rows) {
    Totals t;
    Mean wait, response, turnaround;
    for (const TaskRow& row : rows) {
        t.voluntary += row.nvcsw;
        t.involuntary += row.nivcsw;
        t.migrations += row.migrations;
        t.cpu_time += row.cpu_time;
        if (!is_of_scenario(row)) continue;
        wait.add(row.wait);
        response.add(row.response);
        turnaround.add(row.turnaround);
    }
    t.average_wait = wait.value();
    t.average_response = response.value();
    t.average_turnaround = turnaround.value();
    t.tasks = rows.size();
    t.switches = kernel.switches();
    t.steps = kernel.steps();
    t.records = kernel.records();
    for (const Cpu& cpu : kernel.cpus) {
        t.cr3_writes += cpu.cr3_writes;
        t.tlb_flushes += cpu.tlb_flushes;
        t.lazy_switches += cpu.lazy_switches;
        t.timer_interrupts += cpu.irq_timer;
        t.ipis += cpu.irq_resched + cpu.irq_call;
        for (std::uint64_t n : cpu.softirqs) t.softirqs += n;
        t.idle += idle_time(kernel, cpu);
        t.irq += cpu.irq_ns;
    }
    for (const IrqDesc& d : kernel.irqs)
        for (std::uint64_t n : d.per_cpu) t.device_interrupts += n;
    const Nanos all = kernel.now() * static_cast<Nanos>(kernel.cpus.size());
    __extension__ using Wide = __int128;
    const Wide busy = std::max<Nanos>(0, all - t.idle);
    if (all > 0) t.utilisation_permille = static_cast<std::int64_t>(busy * 1000 / all);
    return t;
}

const char* state_word_of_letter(char letter) {
    switch (letter) {
        case 'R':
            return "running";
        case 'S':
            return "sleeping";
        case 'D':
            return "disk sleep";
        case 'T':
            return "stopped";
        case 't':
            return "tracing stop";
        case 'X':
            return "dead";
        case 'Z':
            return "zombie";
        case 'P':
            return "parked";
        case 'I':
            return "idle";
        default:
            return "unknown";
    }
}

const char* policy_name(Policy policy) {
    switch (policy) {
        case Policy::normal:
            return "normal";
        case Policy::fifo:
            return "fifo";
        case Policy::rr:
            return "rr";
        case Policy::batch:
            return "batch";
        case Policy::idle:
            return "idle";
        case Policy::deadline:
            return "deadline";
    }
    return "unknown";
}

}  // namespace sy
