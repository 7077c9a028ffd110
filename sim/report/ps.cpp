#include "sim/report/ps.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/json_text.h"
#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"
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

// The sizes of the address space asked for last: threads of one process come one after the other.
struct LastSize {
    MmId mm = kNoMm;
    MmSize size;
};

PsRow row_of(const Kernel& k, TaskId id, LastSize& last) {
    const Task& t = k.tasks[id];
    const bool is_fair =
        t.policy == Policy::normal || t.policy == Policy::batch || t.policy == Policy::idle;
    PsRow row;
    row.pid = t.tgid;
    row.tid = t.pid;
    row.ppid = ppid_of(k, t);
    row.pgid = group_of(k, t);
    row.sid = session_of(k, t);
    row.cls = class_of(t);
    if (is_fair) row.nice = t.nice;
    if (!is_fair) row.rtprio = t.rt_priority;
    row.pri = 139 - t.prio;
    row.psr = t.cpu;
    row.threads = thread_count(k, t);
    // The state letter and its suffixes, linux.md 9.13.
    row.stat = state_letter(t.state, t.exit_state);
    if (t.nice != 0) row.stat += t.nice < 0 ? '<' : 'N';
    if (row.sid == row.pid) row.stat += 's';
    if (row.threads > 1) row.stat += 'l';
    if (in_foreground(k, t)) row.stat += '+';
    row.wchan = wchan_of(k, id);
    row.comm = kworker_long_name(k, id);
    row.is_kernel_thread = t.is_kthread();
    row.is_defunct = t.exit_state != 0;
    row.user_time = k.user_time(id);
    row.cpu_time = k.cpu_time(id);
    if (t.mm == kNoMm || t.mm != last.mm) last = {t.mm, size_of_task(k, id)};
    const MmSize& size = last.size;
    row.rss_kb = size.resident() * (kPage / 1'024);
    row.vsz_kb = size.total * (kPage / 1'024);
    return row;
}

template <typename T>
std::string or_else(const std::optional<T>& v, const char* nothing) {
    return v ? std::to_string(*v) : nothing;
}

}  // namespace

std::vector<PsRow> ps_rows(const Kernel& k) {
    std::vector<PsRow> rows;
    LastSize last;
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (is_in_proc(k, id)) rows.push_back(row_of(k, id, last));
    std::stable_sort(rows.begin(), rows.end(), [](const PsRow& a, const PsRow& b) {
        return a.pid != b.pid ? a.pid < b.pid : a.tid < b.tid;
    });
    return rows;
}

std::string ps_table(const Kernel& k) {
    std::string out =
        fmt::format("{:>7} {:>7} {:>7} {:<3} {:>6} {:>3} {:>3} {:>3} {:<4} {:<20} {}\n", "PID",
                    "TID", "PPID", "CLS", "RTPRIO", "PRI", "NI", "PSR", "STAT", "WCHAN", "COMMAND");
    for (const PsRow& r : ps_rows(k)) {
        const std::string command = r.is_kernel_thread ? "[" + r.comm + "]" : r.comm;
        out += fmt::format("{:>7} {:>7} {:>7} {:<3} {:>6} {:>3} {:>3} {:>3} {:<4} {:<20} {}{}\n",
                           r.pid, r.tid, r.ppid, r.cls, or_else(r.rtprio, "-"), r.pri,
                           or_else(r.nice, "-"), r.psr, r.stat,
                           r.wchan.empty() ? "-" : r.wchan.substr(0, 20), command,
                           r.is_defunct ? " <defunct>" : "");
    }
    return out;
}

std::string ps_json(const Kernel& k) {
    std::string out = fmt::format("{{\n  \"at_ns\": {},\n  \"threads\": [", k.now());
    const char* before = "\n    ";
    for (const PsRow& r : ps_rows(k)) {
        out += fmt::format(
            "{}{{\"pid\":{},\"tid\":{},\"ppid\":{},\"pgid\":{},\"sid\":{},\"cls\":\"{}\","
            "\"rtprio\":{},\"pri\":{},\"nice\":{},\"psr\":{},\"stat\":\"{}\",\"wchan\":{},"
            "\"comm\":{},\"threads\":{},\"kernel_thread\":{},\"defunct\":{},\"user_ns\":{},"
            "\"cpu_ns\":{},\"rss_kb\":{},\"vsz_kb\":{}}}",
            before, r.pid, r.tid, r.ppid, r.pgid, r.sid, r.cls, or_else(r.rtprio, "null"), r.pri,
            or_else(r.nice, "null"), r.psr, r.stat, r.wchan.empty() ? "null" : json_text(r.wchan),
            json_text(r.comm), r.threads, r.is_kernel_thread, r.is_defunct, r.user_time, r.cpu_time,
            r.rss_kb, r.vsz_kb);
        before = ",\n    ";
    }
    return out + "\n  ]\n}\n";
}

}  // namespace sy
