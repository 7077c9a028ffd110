// `ps -eLo pid,tid,ppid,cls,rtprio,pri,ni,psr,stat,wchan,comm` of the simulated machine: one row
// for each thread, as plain values, and two ways of writing them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

struct PsRow {
    Pid pid = 0, tid = 0, ppid = 0, pgid = 0, sid = 0;
    const char* cls = "";             // TS, FF, RR, B, IDL, DLN
    std::optional<int> rtprio, nice;  // of the real-time classes, of the fair ones
    int pri = 0;                      // 39 - (prio - 100): higher is better
    CpuId psr = 0;
    std::string stat;   // letter and suffixes
    std::string wchan;  // empty: it does not sleep
    std::string comm;
    std::size_t threads = 1;  // of its process
    bool is_kernel_thread = false, is_defunct = false;
    Nanos user_time = 0, cpu_time = 0;  // its own
    std::uint64_t rss_kb = 0, vsz_kb = 0;
};

// Every thread that lives or is a zombie, by process and pid; idle tasks are not in /proc.
std::vector<PsRow> ps_rows(const Kernel& k);
// Columns as procps prints them, kernel threads in brackets.
std::string ps_table(const Kernel& k);
std::string ps_json(const Kernel& k);  // documented in docs/json.md

}  // namespace sy
