// `ps -eLo pid,tid,ppid,cls,rtprio,pri,ni,psr,stat,wchan,comm` of the simulated machine, columns as
// procps prints them.
#include <fmt/format.h>

#include <algorithm>

#include "sim/report/proc.h"
#include "sim/session/batch.h"

namespace sy {
namespace {

// linux.md 1.7: PRI is 39 - (prio - 100), CLS two or three letters.
const char* class_of(const Task& t) {
    switch (t.policy) {
        case Policy::normal:
            return "TS";
        case Policy::fifo:
            return "FF";
        case Policy::rr:
            return "RR";
        case Policy::batch:
            return "B";
        case Policy::idle:
            return "IDL";
        case Policy::deadline:
            return "DLN";
    }
    return "?";
}

// The state letter and its suffixes, linux.md 9.13.
std::string stat_of(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    std::string out(1, state_letter(t.state, t.exit_state));
    if (t.nice < 0) out += '<';
    if (t.nice > 0) out += 'N';
    const bool leads = t.group_leader == id && !t.is_kthread() &&
                       (t.real_parent == kNoTask || k.tasks[t.real_parent].pid == 1);
    if (leads) out += 's';
    if (threads_of(k, t.group_leader).size() > 1) out += 'l';
    return out;
}

}  // namespace

std::string ps_table(const Kernel& k) {
    std::vector<TaskId> order;
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (is_in_proc(k, id)) order.push_back(id);
    std::stable_sort(order.begin(), order.end(), [&](TaskId a, TaskId b) {
        const Task &x = k.tasks[a], &y = k.tasks[b];
        return x.tgid != y.tgid ? x.tgid < y.tgid : x.pid < y.pid;
    });
    std::string out =
        fmt::format("{:>7} {:>7} {:>7} {:<3} {:>6} {:>3} {:>3} {:>3} {:<4} {:<20} {}\n", "PID",
                    "TID", "PPID", "CLS", "RTPRIO", "PRI", "NI", "PSR", "STAT", "WCHAN", "COMMAND");
    for (TaskId id : order) {
        const Task& t = k.tasks[id];
        const bool is_fair =
            t.policy == Policy::normal || t.policy == Policy::batch || t.policy == Policy::idle;
        const std::string wchan = wchan_of(k, id);
        std::string command(t.comm_view());
        if (t.is_kthread()) command = "[" + command + "]";
        if (t.exit_state != 0) command += " <defunct>";
        out +=
            fmt::format("{:>7} {:>7} {:>7} {:<3} {:>6} {:>3} {:>3} {:>3} {:<4} {:<20} {}\n", t.tgid,
                        t.pid, t.real_parent == kNoTask ? 0 : k.tasks[t.real_parent].tgid,
                        class_of(t), is_fair ? "-" : std::to_string(99 - t.prio), 139 - t.prio,
                        is_fair ? std::to_string(t.nice) : "-", t.cpu, stat_of(k, id),
                        wchan.empty() ? "-" : wchan.substr(0, 20), command);
    }
    return out;
}

}  // namespace sy
