// The simulated /proc against the layouts of the real one: 52 fields, columns, suppressed scheduler
// frames.
#include "sim/report/proc.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "sim/report/ps.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

Kernel machine(const std::string& source, Nanos at) {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario(source, "test.scn", scenario, diags));
    auto kernel = boot_scenario(scenario, diags);
    REQUIRE(kernel.has_value());
    kernel->run({.time = at}, nullptr);
    return std::move(*kernel);
}

// A logger with two threads, a sleeper, a reader of an empty pipe, a reader of a disk.
const char* const kMachine =
    "machine { cpus 2 }\npipe p\ndevice disk irq 14 latency 50ms block\n"
    "process logger nice 10 pid 570 { thread flusher x2 { wait work } forever { run 1ms } }\n"
    "process sleeper { sleep 1s }\nprocess reader { read p }\nprocess syncer { fsync disk }\n";

std::string file(const Kernel& k, const std::string& path) {
    const ProcAnswer answer = read_proc(k, path);
    REQUIRE_MESSAGE(!answer.error, path);
    return answer.content;
}

std::vector<std::string> fields(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string f; in >> f;) out.push_back(f);
    return out;
}

// As ps does it: what stands behind the last ')'; field numbers as in proc(5).
std::vector<std::string> stat_fields(const std::string& line) {
    std::vector<std::string> out = {
        "", line.substr(0, line.find(' ')),
        line.substr(line.find('(') + 1, line.rfind(')') - line.find('(') - 1)};
    for (const std::string& f : fields(line.substr(line.rfind(')') + 1))) out.push_back(f);
    return out;
}

std::string status_value(const std::string& text, const std::string& key) {
    const std::size_t at = ("\n" + text).find("\n" + key + ":\t");
    if (at == std::string::npos) return "(none)";
    const std::size_t from = at + key.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
}

}  // namespace

TEST_CASE("/proc/PID/stat has 52 fields, for processes, threads and kernel threads") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    for (const std::string& path : proc_paths(k)) {
        if (!path.ends_with("/stat") || path == "/proc/stat") continue;
        const std::string line = file(k, path);
        CHECK(line.back() == '\n');
        CHECK_MESSAGE(stat_fields(line).size() == 53, path);
    }
    const auto logger = stat_fields(file(k, "/proc/570/stat"));
    CHECK(logger[2] == "logger");
    CHECK(logger[4] == "1");        // child of init
    CHECK(logger[8] == "-1");       // no terminal
    CHECK(logger[9] == "4194304");  // PF_RANDOMIZE, as the live sample
    CHECK(logger[18] == "30");      // prio - 100 with nice 10
    CHECK(logger[19] == "10");
    CHECK(logger[20] == "3");  // threads
    CHECK(logger[25] == "18446744073709551615");
    CHECK(logger[38] == "17");  // SIGCHLD
    const auto thread = stat_fields(file(k, "/proc/570/task/575/stat"));
    CHECK(thread[1] == "575");
    CHECK(thread[38] == "-1");
    CHECK(thread[35] == "1");  // it is blocked
    const auto kthread = stat_fields(file(k, "/proc/3/stat"));
    CHECK(kthread[2] == "ksoftirqd/0");
    CHECK(kthread[4] == "2");
    CHECK(kthread[9] == "69238848");  // the live sample's flags
    CHECK(kthread[23] == "0");
    CHECK(kthread[33] == "2147483647");
    CHECK(stat_fields(file(k, "/proc/2/stat"))[9] == "2129984");   // kthreadd
    CHECK(stat_fields(file(k, "/proc/4/stat"))[9] == "69238880");  // kworker: PF_WQ_WORKER too
}

TEST_CASE("times of a process include its threads, a thread's own do not") {
    const Kernel k = machine(
        "machine { cpus 2 costs ideal }\nprocess a { thread b { run 300ms } run 200ms join }\n",
        250 * kMilli);
    const std::string pid = file(k, "/proc/a/stat").substr(0, 3);
    const auto whole = stat_fields(file(k, "/proc/" + pid + "/stat"));
    const auto own = stat_fields(file(k, "/proc/" + pid + "/task/" + pid + "/stat"));
    CHECK(std::stoi(own[14]) == 20);
    CHECK(std::stoi(whole[14]) >= 44);
    CHECK(std::stoi(whole[14]) <= 45);
}

TEST_CASE("/proc/PID/stack leaves out the scheduler's own routines") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    const std::string stack = file(k, "/proc/sleeper/stack");
    CHECK(stack.starts_with("[<0>] hrtimer_nanosleep+0x"));
    CHECK(stack.find("schedule") == std::string::npos);
    CHECK(stack.find("do_nanosleep") == std::string::npos);
    CHECK(stack.find("__switch_to") == std::string::npos);
    CHECK(stack.find("[<0>] do_syscall_64+0x") != std::string::npos);
    for (const std::string& line : {stack.substr(0, stack.find('\n'))}) {
        unsigned offset = 0, size = 0;
        CHECK(std::sscanf(line.c_str(), "[<0>] hrtimer_nanosleep+0x%x/0x%x", &offset, &size) == 2);
        CHECK(offset < size);
    }
    CHECK(file(k, "/proc/reader/wchan") == "pipe_read");
    CHECK(file(k, "/proc/sleeper/wchan") == "hrtimer_nanosleep");
    CHECK(file(k, "/proc/2/stack").find("[<0>] kthreadd+0x") == 0);
    CHECK(file(k, "/proc/4/wchan") == "worker_thread");
    CHECK(file(k, "/proc/4/stack").find("ret_from_fork_asm") != std::string::npos);
    // logger computes on a CPU: it has no stack to show.
    CHECK(file(k, "/proc/570/stack").empty());
    CHECK(file(k, "/proc/570/wchan") == "0");
}

TEST_CASE("/proc/PID/status") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    const std::string user = file(k, "/proc/sleeper/status");
    CHECK(status_value(user, "Name") == "sleeper");
    CHECK(status_value(user, "State") == "S (sleeping)");
    CHECK(status_value(user, "Threads") == "1");
    CHECK(status_value(user, "Cpus_allowed") == "3");
    CHECK(status_value(user, "Cpus_allowed_list") == "0-1");
    CHECK(status_value(user, "VmStk").ends_with(" 132 kB"));
    CHECK(status_value(user, "voluntary_ctxt_switches") == "1");
    CHECK(status_value(file(k, "/proc/syncer/status"), "State") == "D (disk sleep)");
    const std::string kernel = file(k, "/proc/3/status");
    CHECK(status_value(kernel, "VmSize") == "(none)");
    CHECK(status_value(kernel, "SigIgn") == "ffffffffffffffff");
    CHECK(status_value(kernel, "Cpus_allowed_list") == "0");
    CHECK(status_value(file(k, "/proc/4/status"), "State") == "I (idle)");
}

TEST_CASE("/proc/PID/maps: names begin in column 74, kernel threads have none") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    std::istringstream in(file(k, "/proc/570/maps"));
    std::uint64_t last = 0;
    int guards = 0, stacks = 0;
    for (std::string line; std::getline(in, line);) {
        unsigned long long start = 0, end = 0;
        char perms[5] = {};
        REQUIRE(std::sscanf(line.c_str(), "%llx-%llx %4s", &start, &end, perms) == 3);
        CHECK(start >= last);
        CHECK(end > start);
        last = end;
        guards += std::string(perms) == "---p" && end - start == 4096;
        stacks += std::string(perms) == "rw-p" && end - start == 8u << 20;
        if (line.size() > 74) CHECK((line[72] == ' ' && line[73] != ' '));
        if (line.size() <= 73) CHECK(line.back() == ' ');
    }
    CHECK(guards == 2);  // of its two threads
    CHECK(stacks == 2);
    CHECK(file(k, "/proc/570/maps").find("[stack]") != std::string::npos);
    CHECK(file(k, "/proc/2/maps").empty());
    CHECK(file(k, "/proc/2/cmdline").empty());
    CHECK(file(k, "/proc/570/cmdline") == std::string("logger\0", 7));
    CHECK(file(k, "/proc/2/statm") == "0 0 0 0 0 0 0\n");
}

TEST_CASE("/proc/interrupts and /proc/softirqs have the real columns") {
    const Kernel k = machine(
        "machine { cpus 2 costs ideal }\ndevice keyboard irq 1 at 1ms, 2ms, 3ms\nprocess a { run "
        "20ms }\n",
        10 * kMilli);
    const std::string text = file(k, "/proc/interrupts");
    CHECK(text.starts_with("           CPU0       CPU1       \n"));
    CHECK(text.find("\n  1:          3          0   IO-APIC   1-edge      keyboard\n") !=
          std::string::npos);
    CHECK(text.find("\nLOC: ") != std::string::npos);
    CHECK(text.find("Local timer interrupts") != std::string::npos);
    const std::string softirqs = file(k, "/proc/softirqs");
    CHECK(softirqs.starts_with("                    CPU0       CPU1       \n          HI: "));
    CHECK(softirqs.find("\n         RCU: ") != std::string::npos);
}

TEST_CASE("/proc/stat, uptime and loadavg") {
    const Kernel k = machine("machine { cpus 2 costs ideal }\nprocess a { run 2s }\n", 1 * kSecond);
    const std::string stat = file(k, "/proc/stat");
    CHECK(stat.starts_with("cpu  "));
    CHECK(fields(stat.substr(0, stat.find('\n'))).size() == 11);
    CHECK(stat.find("\ncpu1 ") != std::string::npos);
    CHECK(stat.find("\nctxt ") != std::string::npos);
    CHECK(stat.find("\nprocs_running 1\n") != std::string::npos);
    CHECK(fields(stat.substr(0, stat.find('\n')))[1] == "100");  // one CPU computed for one second
    CHECK(fields(file(k, "/proc/uptime"))[0] == "1.00");
    CHECK(fields(file(k, "/proc/uptime"))[1] == "1.00");  // the other one was idle
    CHECK(fields(file(k, "/proc/loadavg"))[3].starts_with("1/"));
}

TEST_CASE("a wrong path says what there is") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    const auto error = [&](const char* path) {
        const ProcAnswer answer = read_proc(k, path);
        REQUIRE(answer.error.has_value());
        CHECK_FALSE(answer.error->zh.empty());
        return answer.error->en;
    };
    CHECK(error("/proc/570/stck").find("did you mean stack?") != std::string::npos);
    CHECK(error("/proc/9999/stat").find("570 logger") != std::string::npos);
    CHECK(error("/proc/interupts").find("'interrupts'") != std::string::npos);
    CHECK(error("/proc/570/stat/x").find("there are:") != std::string::npos);
    CHECK(error("/proc/570/task/3/stat").find("no task") != std::string::npos);
    CHECK(file(k, "/proc/570/task") == "570\n574\n575\n");
    CHECK(file(k, "proc/570/comm") == file(k, "570/comm"));
}

TEST_CASE("ps: kernel threads in brackets, priorities as in procps") {
    const std::string table = ps_table(machine(kMachine, 20 * kMilli));
    CHECK(table.starts_with(
        "    PID     TID    PPID CLS RTPRIO PRI  NI PSR STAT WCHAN                COMMAND\n"));
    CHECK(table.find("[kthreadd]\n") != std::string::npos);
    CHECK(table.find("[kworker/0:0H]\n") != std::string::npos);
    CHECK(table.find("    570     570       1 TS       -   9  10 ") != std::string::npos);
    CHECK(table.find("    570     575       1 TS       -   9  10 ") != std::string::npos);
    CHECK(table.find("swapper") == std::string::npos);
    CHECK(table.find(" 39 -20 ") != std::string::npos);
}

TEST_CASE("load averages: every 5 s and a tick, in the kernel's fixed point") {
    const std::string busy = "machine { cpus 1 costs ideal }\nprocess a { run 20s }\n";
    CHECK(file(machine(busy, 5'003 * kMilli), "loadavg").starts_with("0.00 0.00 0.00 1/"));
    // One sample of one task: 2048 * (2048 - 1884) + 2047 and so on, divided by 2048, rounded.
    CHECK(file(machine(busy, 5'004 * kMilli), "loadavg").starts_with("0.08 0.02 0.01 1/"));
    CHECK(file(machine(busy, 10'008 * kMilli), "loadavg").starts_with("0.15 0.03 0.01 1/"));
    // A disk sleeper counts although every CPU is idle and no tick comes; a plain sleeper does not.
    const char* const kSleeps = "process a { fsync slow }\nprocess b { sleep 30s }\n";
    const std::string disk =
        std::string("machine { cpus 2 }\ndevice slow irq 14 latency 8s block\n") + kSleeps;
    Kernel k = machine(disk, 6 * kSecond);
    k.rest_until(6 * kSecond);
    CHECK(fields(file(k, "uptime"))[0] == "6.00");
    CHECK(file(k, "loadavg").starts_with("0.08 0.02 0.01 0/"));
    k.run({.time = 9 * kSecond}, nullptr);  // it has been woken since
    CHECK(file(k, "loadavg").starts_with("0.08 0.02 0.01 0/"));
    LoadAverage tripled;
    tripled.sample(3 * LoadAverage::ticks_between(250), 250, 3);
    CHECK(tripled.samples == 3);
    CHECK(tripled.avenrun[0] == 1'362);  // 493, 945, 1362 by hand
}

TEST_CASE("memory: stacks and structures are those of the tasks there are") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    std::size_t threads = 0;
    for (const std::string& path : proc_paths(k)) threads += path.ends_with("/children");
    const auto kb = [&](const std::string& key) {
        const std::string text = "\n" + file(k, "meminfo");
        return std::stoull(text.substr(text.find("\n" + key + ":") + key.size() + 2));
    };
    CHECK(kb("KernelStack") == 16 * (threads + 1));  // and the idle task of CPU 1
    CHECK(kb("MemTotal") == kb("MemFree") + kb("AnonPages") + kb("Cached") + kb("Slab") +
                                kb("KernelStack") + kb("PageTables"));
    const std::string slabs = file(k, "slabinfo");
    CHECK(slabs.starts_with("slabinfo - version: 2.1\n# name "));
    std::istringstream in(slabs.substr(slabs.find("\ntask_struct ")));
    std::string name;
    std::uint64_t active = 0, all = 0, size = 0, per_slab = 0;
    in >> name >> active >> all >> size >> per_slab;
    CHECK(active == threads + 1);  // the idle task of CPU 1; that of CPU 0 is no slab object
    CHECK(size == 4'288);
    CHECK(per_slab == 7);  // linux.md 8.2
    CHECK(all % per_slab == 0);
}

TEST_CASE("smaps_rollup, limits, children and sys/kernel") {
    const Kernel k = machine(
        "machine { cpus 1 }\nprocess sh pid 570 { fork { sleep 1s } fork { sleep 1s } sleep 2s }\n",
        20 * kMilli);
    CHECK(file(k, "570/task/570/children") == "571 572 ");
    CHECK(read_proc(k, "570/children").error.has_value());
    CHECK(file(k, "2/smaps_rollup").empty());
    CHECK(file(k, "570/smaps_rollup").find("[rollup]\nRss: ") == 73);  // as in maps: column 74
    for (const std::string& line : {std::string("Limit                     Soft Limit           "
                                                "Hard Limit           Units     \n"),
                                    std::string("Max open files            1024                 "
                                                "4096                 files     \n")})
        CHECK(file(k, "570/limits").find(line) != std::string::npos);
    CHECK(file(k, "sys/kernel/osrelease") == "6.1.0-switchyard\n");
    CHECK(file(k, "sys/kernel/pid_max") == "4194304\n");  // PID_MAX_LIMIT on 64 bit
    CHECK(file(k, "/proc/sys") == "kernel\n");
    CHECK(file(k, "cpuinfo").ends_with("\n\n"));
    CHECK(file(k, "schedstat").starts_with("version 15\ntimestamp "));
}

TEST_CASE("the exported tree is what cat shows, in order of pid") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    std::vector<std::string> paths;
    int last = 0, links = 0, hidden = 0, areas = 0;
    walk_proc(k, [&](const ProcEntry& e) {
        const std::string path(e.path);
        links += e.is_link;
        areas += e.is_link && e.content == "../../" + path.substr(path.rfind('/') + 1);
        hidden += path == "574/wchan" || path == "575/wchan";
        if (e.is_link && path.ends_with("maps")) paths.push_back("/proc/" + path);
        if (e.is_link && path.ends_with("smaps_rollup")) paths.push_back("/proc/" + path);
        if (e.is_link || path == "574/wchan" || path == "575/wchan") return true;
        CHECK(file(k, path) == e.content);
        const int pid = std::atoi(path.c_str());
        CHECK(pid >= last);
        last = pid;
        paths.push_back("/proc/" + path);
        return true;
    });
    CHECK(paths == proc_paths(k));
    CHECK(links - areas == 2);
    CHECK(areas == 6);   // maps, smaps and smaps_rollup of the two threads of 570 are those of their process
    CHECK(hidden == 2);  // the threads of 570, where ps looks for their wchan
}

TEST_CASE("smaps: what the areas hold adds up to the rollup, and the areas are those of maps") {
    const Kernel k = machine(kMachine, 20 * kMilli);
    const std::string smaps = file(k, "570/smaps");
    const auto sum = [&](const std::string& key) {
        std::uint64_t kb = 0;
        for (std::size_t at = smaps.find("\n" + key + ":"); at != std::string::npos; at = smaps.find("\n" + key + ":", at + 1))
            kb += std::strtoull(smaps.c_str() + at + key.size() + 2, nullptr, 10);
        return kb;
    };
    const std::string rollup = file(k, "570/smaps_rollup");
    for (const char* key : {"Rss", "Anonymous", "Private_Dirty", "Shared_Clean", "Referenced"}) {
        const std::size_t at = rollup.find("\n" + std::string(key) + ":");
        REQUIRE(at != std::string::npos);
        CHECK(sum(key) == std::strtoull(rollup.c_str() + at + std::string(key).size() + 2, nullptr, 10));
    }
    CHECK(sum("Rss") > 0);
    std::string maps = file(k, "570/maps"), line;
    int areas = 0;
    for (std::size_t at = 0; at < maps.size(); at = maps.find('\n', at) + 1, ++areas) {
        line = maps.substr(at, maps.find('\n', at) - at + 1);
        const bool is_vsyscall = line.find("[vsyscall]") != std::string::npos;
        CHECK((smaps.find(line) != std::string::npos) != is_vsyscall);
    }
    CHECK(areas > 5);
    CHECK(file(k, "2/smaps").empty());
}

TEST_CASE("/proc/irq lists each line with its files, in the root and in the exported tree") {
    const Kernel k = machine("machine { cpus 2 } device disk irq 14 latency 1ms block smp_affinity 1\n"
                             "process p { fsync disk  fsync disk }\n", 100 * kMilli);
    CHECK(("\n" + file(k, "/proc")).find("\nirq\n") != std::string::npos);
    CHECK(file(k, "/proc/irq") == "14\ndefault_smp_affinity\n");
    CHECK(file(k, "/proc/irq/14").find("affinity_hint\n") == 0);
    CHECK(file(k, "/proc/irq/14/smp_affinity") == "2\n");
    CHECK(file(k, "/proc/irq/14/smp_affinity_list") == "1\n");
    CHECK(file(k, "/proc/irq/14/affinity_hint") == "0\n");
    CHECK(file(k, "/proc/irq/14/spurious") == "count 2\nunhandled 0\nlast_unhandled 0 ms\n");
    int files = 0;
    walk_proc(k, [&](const ProcEntry& e) {
        files += e.path.starts_with("irq/14/");
        return true;
    });
    CHECK(files == 7);
}

TEST_CASE("time of user code goes to nice when the task is nice") {
    const Kernel k =
        machine("machine { cpus 1 costs ideal }\nprocess a nice 5 { run 2s }\n", kSecond);
    const auto cpu = fields(file(k, "stat"));
    CHECK(cpu[1] == "0");
    CHECK(cpu[2] == "100");
}
