// top (one screen, shares since boot as its first one), pstree and free.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/report/proc.h"
#include "sim/report/proc_parts.h"
#include "sim/report/ps.h"
#include "sim/report/terminal.h"

namespace sy {
namespace {

using Answer = TerminalAnswer;
using Args = TerminalArgs;

std::uint64_t field(const std::string& file, std::string_view name) {
    const std::size_t at = file.find(name);
    std::uint64_t value = 0;
    for (std::size_t i = at == std::string::npos ? file.size() : at + name.size(); i < file.size() && file[i] != '\n'; ++i)
        if (file[i] >= '0' && file[i] <= '9') value = value * 10 + static_cast<std::uint64_t>(file[i] - '0');
    return value;
}
struct MemorySums {
    std::uint64_t total, free, buffers, cached, slab, available, shared;
};
MemorySums memory(const Kernel& k) {
    const std::string file = read_proc(k, "/proc/meminfo").content;
    return {field(file, "MemTotal:"), field(file, "MemFree:"),      field(file, "Buffers:"), field(file, "\nCached:"),
            field(file, "SReclaimable:"), field(file, "MemAvailable:"), field(file, "Shmem:")};
}
std::string tenths(std::int64_t part, std::int64_t whole) {
    const std::int64_t n = whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
    return fmt::format("{}.{}", n / 10, n % 10);
}

std::string cpu_line(const Kernel& k) {
    Nanos user = 0, nice = 0, idle = 0, irq = 0, all = 0;
    for (const Cpu& c : k.cpus) {
        user += c.user_ns - c.nice_ns;
        nice += c.nice_ns;
        idle += c.idle_ns;
        irq += c.irq_ns;
        all += c.clock;
    }
    const Nanos system = std::max<Nanos>(0, all - user - nice - idle - irq);
    const auto share = [&](Nanos n) { return fmt::format("{:>5}", tenths(n, all)); };
    return "%Cpu(s):" + share(user) + " us," + share(system) + " sy," + share(nice) + " ni," + share(idle) + " id,  0.0 wa," +
           share(irq) + " hi,  0.0 si,  0.0 st\n";
}

}  // namespace

TerminalAnswer terminal_top(const Kernel& k, const Args& args, Lang lang) {
    bool threads = false;
    std::size_t most = 20;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i] == "-H") threads = true;
        else if ((args[i] == "-n" || args[i] == "-w") && i + 1 < args.size()) ++i;
        else if (args[i] == "-b" || args[i].starts_with("-n") || args[i] == "-bn1" || args[i] == "-c") continue;
        else return terminal_error("top", text("unknown option '{0}'; try top or top -H", "未知的选项 “{0}”；试试 top 或 top -H", {args[i].substr(0, 20)}), lang);
    }
    struct Line {
        PsRow row;
        Nanos time;
    };
    std::vector<Line> lines;
    std::map<Pid, Nanos> of_process;
    const std::vector<PsRow> rows = ps_rows(k);
    for (const PsRow& r : rows) of_process[r.pid] += r.cpu_time;
    std::size_t running = 0, sleeping = 0, stopped = 0, zombies = 0;
    for (const PsRow& r : rows) {
        if (!threads && r.tid != r.pid) continue;
        lines.push_back({r, threads ? r.cpu_time : of_process[r.pid]});
        const char s = r.stat[0];
        ++(s == 'R' ? running : s == 'Z' ? zombies : s == 'T' ? stopped : sleeping);
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.time > b.time; });
    const MemorySums m = memory(k);
    const auto mib = [](std::uint64_t kb) { return fmt::format("{:>9}.{}", kb / 1024, kb % 1024 * 10 / 1024); };
    Answer out;
    out.text = "top -" + terminal_command(k, "uptime", lang).text;
    out.text += fmt::format("{}: {:>3} total, {:>3} running, {:>3} sleeping, {:>3} stopped, {:>3} zombie\n",
                            threads ? "Threads" : "Tasks", lines.size(), running, sleeping, stopped, zombies);
    out.text += cpu_line(k);
    out.text += fmt::format("MiB Mem :{} total,{} free,{} used,{} buff/cache\n", mib(m.total), mib(m.free),
                            mib(m.total - m.free - m.buffers - m.cached - m.slab), mib(m.buffers + m.cached + m.slab));
    out.text += fmt::format("\n{:>7} {:<8} {:>3} {:>3} {:>7} {:>6} {} {:>5} {:>5} {:>9} {}\n", "PID", "USER", "PR", "NI", "VIRT", "RES",
                            "S", "%CPU", "%MEM", "TIME+", "COMMAND");
    for (std::size_t i = 0; i < lines.size() && i < most; ++i) {
        const PsRow& r = lines[i].row;
        const TaskId id = k.find_pid(r.tid);
        const Nanos age = id == kNoTask ? 1 : std::max<Nanos>(1, k.now() - k.tasks[id].start_time);
        const std::int64_t hundredths = lines[i].time / 10'000'000;
        const int prio = id == kNoTask ? 120 : k.tasks[id].prio;
        const std::string pr = prio == 0 ? "rt" : std::to_string(prio - 100);
        out.text += fmt::format("{:>7} {:<8} {:>3} {:>3} {:>7} {:>6} {} {:>5} {:>5} {:>9} {}\n", threads ? r.tid : r.pid, "root", pr,
                                r.nice.value_or(0), r.vsz_kb, r.rss_kb, r.stat[0], tenths(lines[i].time, age),
                                tenths(static_cast<std::int64_t>(r.rss_kb), static_cast<std::int64_t>(ram_kb(k))),
                                fmt::format("{}:{:02}.{:02}", hundredths / 6000, hundredths / 100 % 60, hundredths % 100), r.comm);
    }
    return out;
}

TerminalAnswer terminal_free(const Kernel& k, const Args& args, Lang) {
    const MemorySums m = memory(k);
    std::uint64_t unit = 1;
    bool bytes = false;
    for (const std::string& a : args) {
        if (a == "-m") unit = 1024;
        if (a == "-g") unit = 1024 * 1024;
        bytes |= a == "-b";
    }
    const auto show = [&](std::uint64_t kb) { return fmt::format("{:>12}", bytes ? kb * 1024 : kb / unit); };
    const std::uint64_t cache = m.buffers + m.cached + m.slab;
    Answer out;
    out.text = fmt::format("       {:>13}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "total", "used", "free", "shared", "buff/cache", "available");
    out.text += "Mem:    " + show(m.total) + show(m.total - m.available) + show(m.free) + show(m.shared) + show(cache) + show(m.available) + "\n";
    out.text += "Swap:   " + show(0) + show(0) + show(0) + "\n";
    return out;
}

namespace {

struct Node {
    std::string name;
    std::vector<Node> children;
};

Node node_of(const Kernel& k, TaskId id, bool pids, bool threads, int depth) {
    const auto label = [&](TaskId t, bool thread) {
        std::string name(k.tasks[t].comm_view());
        if (thread) name = "{" + name + "}";
        if (pids) name += "(" + std::to_string(k.tasks[t].pid) + ")";
        return name;
    };
    Node n{label(id, false), {}};
    if (depth > 60) return n;
    for (TaskId c = k.tasks[id].first_child; c != kNoTask; c = k.tasks[c].next_sibling)
        if (is_in_proc(k, c)) n.children.push_back(node_of(k, c, pids, threads, depth + 1));
    if (threads)
        for (const TaskId t : threads_of(k, id))
            if (t != id) n.children.push_back({label(t, true), {}});
    return n;
}
// Without pids equal children are drawn once, with their number, as pstree does.
std::string shape(const Node& n) {
    std::string out = n.name + "(";
    for (const Node& c : n.children) out += shape(c) + ",";
    return out + ")";
}
void join_equal(Node& n) {
    for (Node& c : n.children) join_equal(c);
    std::vector<Node> kept;
    std::vector<std::pair<std::string, std::size_t>> seen;
    for (Node& c : n.children) {
        const std::string s = shape(c);
        const auto at = std::find_if(seen.begin(), seen.end(), [&](const auto& e) { return e.first == s; });
        if (at != seen.end()) {
            ++at->second;
            continue;
        }
        seen.emplace_back(s, 1);
        kept.push_back(std::move(c));
    }
    for (std::size_t i = 0; i < kept.size(); ++i)
        if (seen[i].second > 1) kept[i].name = std::to_string(seen[i].second) + "*[" + kept[i].name + "]";
    n.children = std::move(kept);
}
void draw(const Node& n, const std::string& indent, std::string& line, std::string& out) {
    line += n.name;
    if (n.children.empty()) {
        out += line + "\n";
        line.clear();
        return;
    }
    const std::string next = indent + std::string(n.name.size(), ' ');
    for (std::size_t i = 0; i < n.children.size(); ++i) {
        const bool first = i == 0, last = i + 1 == n.children.size();
        if (first) line += last ? "---" : "-+-";
        else line = next + (last ? " `-" : " |-");
        draw(n.children[i], next + (last ? "   " : " | "), line, out);
    }
}

}  // namespace

TerminalAnswer terminal_pstree(const Kernel& k, const Args& args, Lang lang) {
    bool pids = false, threads = true;
    Pid root = 1;
    for (const std::string& a : args) {
        if (a.starts_with('-')) {
            pids |= a.find('p') != std::string::npos;
            if (a.find('T') != std::string::npos) threads = false;
            continue;
        }
        root = 0;
        for (const char c : a) root = c >= '0' && c <= '9' && root >= 0 && root < 100'000'000 ? root * 10 + (c - '0') : -1;
    }
    const TaskId id = root > 0 ? k.find_pid(root) : kNoTask;
    if (id == kNoTask) return terminal_error("pstree", text("no such process", "没有这个进程"), lang);
    Node n = node_of(k, k.tasks[id].group_leader, pids, threads, 0);
    if (!pids) join_equal(n);
    Answer out;
    std::string line;
    draw(n, "", line, out.text);
    return out;
}

}  // namespace sy
