// ps with its usual options over the rows of ps.h, and pstree.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "sim/report/proc.h"
#include "sim/report/ps.h"
#include "sim/report/proc_parts.h"
#include "sim/report/terminal.h"

namespace sy {
namespace {

using Answer = TerminalAnswer;
using Args = TerminalArgs;

struct Seen {
    const Kernel& k;
    const PsRow& row;
    Nanos cpu_time;      // of the process, or of the thread where threads are listed
    std::string prefix;  // of the tree
};

std::string clock(Nanos time) {
    const std::int64_t s = time / kSecond;
    return fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}
Nanos age(const Kernel& k, Pid pid) {
    const TaskId id = k.find_pid(pid);
    return id == kNoTask ? 0 : std::max<Nanos>(1, k.now() - k.tasks[id].start_time);
}
std::string command(const Seen& s, bool brackets) {
    const std::string name = brackets && s.row.is_kernel_thread ? "[" + s.row.comm + "]" : s.row.comm;
    return s.prefix + name + (s.row.is_defunct ? " <defunct>" : "");
}

struct Column {
    std::string_view name, also;   // as after -o
    std::string_view title;
    int width;
    bool left;
    std::string (*value)(const Seen&);
};

std::string dash(const std::optional<int>& v) { return v ? std::to_string(*v) : "-"; }

const Column kColumns[] = {
    {"pid", "tgid", "PID", 7, false, [](const Seen& s) { return std::to_string(s.row.pid); }},
    {"tid", "lwp", "TID", 7, false, [](const Seen& s) { return std::to_string(s.row.tid); }},
    {"lwp", "spid", "LWP", 7, false, [](const Seen& s) { return std::to_string(s.row.tid); }},
    {"ppid", "", "PPID", 7, false, [](const Seen& s) { return std::to_string(s.row.ppid); }},
    {"pgid", "pgrp", "PGID", 7, false, [](const Seen& s) { return std::to_string(s.row.pgid); }},
    {"sid", "sess", "SID", 7, false, [](const Seen& s) { return std::to_string(s.row.sid); }},
    {"user", "euser", "USER", -8, true, [](const Seen&) { return std::string("root"); }},
    {"uid", "euid", "UID", 5, false, [](const Seen&) { return std::string("0"); }},
    {"cls", "class", "CLS", 3, true, [](const Seen& s) { return std::string(s.row.cls); }},
    {"rtprio", "", "RTPRIO", 6, false, [](const Seen& s) { return dash(s.row.rtprio); }},
    {"pri", "", "PRI", 3, false, [](const Seen& s) { return std::to_string(s.row.pri); }},
    {"ni", "nice", "NI", 3, false, [](const Seen& s) { return dash(s.row.nice); }},
    {"psr", "cpuid", "PSR", 3, false, [](const Seen& s) { return std::to_string(s.row.psr); }},
    {"stat", "", "STAT", 4, true, [](const Seen& s) { return s.row.stat; }},
    {"s", "state", "S", 1, true, [](const Seen& s) { return s.row.stat.substr(0, 1); }},
    {"wchan", "", "WCHAN", 6, true, [](const Seen& s) { return s.row.wchan.empty() ? "-" : s.row.wchan; }},
    {"nlwp", "thcount", "NLWP", 4, false, [](const Seen& s) { return std::to_string(s.row.threads); }},
    {"vsz", "", "VSZ", 6, false, [](const Seen& s) { return std::to_string(s.row.vsz_kb); }},
    {"rss", "", "RSS", 5, false, [](const Seen& s) { return std::to_string(s.row.rss_kb); }},
    {"%cpu", "pcpu", "%CPU", 4, false,
     [](const Seen& s) {
         const Nanos tenths = s.cpu_time * 1000 / age(s.k, s.row.tid);
         return tenths >= 1000 ? std::to_string(tenths / 10) : fmt::format("{}.{}", tenths / 10, tenths % 10);
     }},
    {"%mem", "pmem", "%MEM", 4, false,
     [](const Seen& s) {
         const std::uint64_t tenths = s.row.rss_kb * 1000 / ram_kb(s.k);
         return fmt::format("{}.{}", tenths / 10, tenths % 10);
     }},
    {"c", "", "C", 2, false, [](const Seen& s) { return std::to_string(std::min<Nanos>(99, s.cpu_time * 100 / age(s.k, s.row.tid))); }},
    {"tty", "tt", "TTY", 8, true, [](const Seen&) { return std::string("?"); }},
    {"time", "cputime", "TIME", 8, false, [](const Seen& s) { return clock(s.cpu_time); }},
    {"etime", "", "ELAPSED", 11, false, [](const Seen& s) { return clock(age(s.k, s.row.tid)).substr(3); }},
    {"stime", "start", "STIME", 5, true, [](const Seen& s) {
         const TaskId id = s.k.find_pid(s.row.tid);
         return clock(id == kNoTask ? 0 : s.k.tasks[id].start_time).substr(0, 5);
     }},
    {"addr", "", "ADDR", 4, false, [](const Seen&) { return std::string("-"); }},
    {"sz", "", "SZ", 5, false, [](const Seen& s) { return std::to_string(s.row.vsz_kb / 4); }},
    {"f", "flags", "F", 1, false, [](const Seen& s) { return std::string(s.row.is_kernel_thread ? "1" : "4"); }},
    {"comm", "ucmd", "COMMAND", 0, true, [](const Seen& s) { return command(s, false); }},
    {"cmd", "args", "CMD", 0, true, [](const Seen& s) { return command(s, true); }},
    {"command", "", "COMMAND", 0, true, [](const Seen& s) { return command(s, true); }},
};

struct Shown {
    const Column* column;
    int width;
    std::string title;
};

const Column* find_column(std::string_view name) {
    for (const Column& c : kColumns)
        if (c.name == name) return &c;
    for (const Column& c : kColumns)
        if (!c.also.empty() && c.also == name) return &c;
    return nullptr;
}

// `pid,wchan:20,comm=`; false: a column that ps does not know here.
bool add_columns(std::string_view list, std::vector<Shown>& out, std::string& unknown) {
    while (!list.empty()) {
        const std::size_t end = list.find_first_of(", ");
        std::string_view part = list.substr(0, end);
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
        if (part.empty()) continue;
        std::string title;
        bool has_title = false;
        if (const std::size_t sign = part.find('='); sign != std::string_view::npos) {
            title = part.substr(sign + 1);
            has_title = true;
            part = part.substr(0, sign);
        }
        int width = 0;
        if (const std::size_t colon = part.find(':'); colon != std::string_view::npos) {
            for (const char c : part.substr(colon + 1)) width = c >= '0' && c <= '9' && width < 1000 ? width * 10 + (c - '0') : width;
            part = part.substr(0, colon);
        }
        const Column* column = find_column(part);
        if (column == nullptr) {
            unknown = part;
            return false;
        }
        out.push_back({column, width > 0 ? width : std::abs(column->width), has_title ? title : std::string(column->title)});
    }
    return true;
}

struct Wanted {
    bool everybody = false, threads = false, tree = false, headless = false;
    std::vector<Shown> columns;
    std::set<Pid> pids, parents;
    std::vector<std::string> names;
    std::string error;
};

bool read_pids(std::string_view list, std::set<Pid>& out) {
    while (!list.empty()) {
        const std::size_t end = list.find(',');
        std::int64_t value = 0;
        for (const char c : list.substr(0, end)) value = c >= '0' && c <= '9' && value < 100'000'000 ? value * 10 + (c - '0') : -1;
        if (value <= 0) return false;
        out.insert(static_cast<Pid>(value));
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    }
    return true;
}

Wanted read_options(const Args& args) {
    Wanted w;
    std::string unknown, layout = "pid,tty,time,comm";
    bool bsd_user = false, full = false, longer = false, jobs = false, own = false;
    for (std::size_t i = 0; i < args.size() && w.error.empty(); ++i) {
        const std::string& arg = args[i];
        const auto value = [&](std::size_t at) { return at + 1 < arg.size() ? arg.substr(at + 1) : i + 1 < args.size() ? args[++i] : std::string(); };
        if (arg == "--forest") { w.tree = true; continue; }
        if (arg == "--no-headers" || arg == "--no-heading") { w.headless = true; continue; }
        if (arg.starts_with("--")) { w.error = arg; continue; }
        const bool is_bsd = !arg.starts_with('-');
        if (is_bsd && arg.find_first_not_of("0123456789,") == std::string::npos) {
            if (!read_pids(arg, w.pids)) w.error = arg;
            continue;
        }
        for (std::size_t c = is_bsd ? 0 : 1; c < arg.size(); ++c) {
            const char o = arg[c];
            if (is_bsd && (o == 'a' || o == 'x')) w.everybody = true;
            else if (is_bsd && o == 'u') bsd_user = true;
            else if (is_bsd && o == 'f') w.tree = true;
            else if (o == 'w') continue;
            else if (o == 'e' || o == 'A' || o == 'a' || o == 'd' || o == 'x') w.everybody = true;
            else if (o == 'f') full = true;
            else if (o == 'F') full = true;
            else if (o == 'l') longer = true;
            else if (o == 'j') jobs = true;
            else if (o == 'L' || o == 'T' || o == 'm') w.threads = true;
            else if (o == 'H') (is_bsd ? w.threads : w.tree) = true;
            else if (o == 'o' || o == 'O') {
                own = true;
                const std::string list = value(c);
                if (list.empty() || !add_columns(list, w.columns, unknown)) w.error = unknown.empty() ? arg : unknown;
                break;
            } else if (o == 'p' || o == 'q') {
                if (!read_pids(value(c), w.pids)) w.error = arg;
                break;
            } else if (o == 'C') { w.names.push_back(value(c)); break; }
            else { w.error = std::string(1, o); break; }
        }
    }
    if (own) return w;
    if (bsd_user) layout = "user,pid,%cpu,%mem,vsz,rss,tty,stat,stime,time,command";
    else if (full) layout = w.threads ? "user,pid,ppid,lwp,c,nlwp,stime,tty,time,cmd" : "user,pid,ppid,c,stime,tty,time,cmd";
    else if (longer) layout = w.threads ? "f,s,uid,pid,ppid,lwp,c,pri,ni,addr,sz,wchan,tty,time,cmd" : "f,s,uid,pid,ppid,c,pri,ni,addr,sz,wchan,tty,time,cmd";
    else if (jobs) layout = "pid,pgid,sid,tty,time,cmd";
    else if (w.threads) layout = "pid,lwp,tty,time,comm";
    add_columns(layout, w.columns, unknown);
    return w;
}

struct Ordered {
    std::size_t index;
    std::string prefix;
};
// As they come, or as a tree: children behind their parent, indented.
std::vector<Ordered> order_of(const std::vector<Seen>& seen, bool as_tree) {
    std::vector<Ordered> order;
    if (!as_tree) {
        for (std::size_t i = 0; i < seen.size(); ++i) order.push_back({i, {}});
        return order;
    }
    std::map<Pid, std::vector<std::size_t>> children;
    std::set<Pid> present;
    for (const Seen& s : seen) present.insert(s.row.pid);
    std::vector<std::size_t> roots;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const PsRow& r = seen[i].row;
        const bool is_thread = r.tid != r.pid;
        if (is_thread || present.contains(r.ppid))
            children[is_thread ? r.pid : r.ppid].push_back(i);
        else
            roots.push_back(i);
    }
    std::vector<std::pair<std::size_t, int>> todo;
    for (auto r = roots.rbegin(); r != roots.rend(); ++r) todo.emplace_back(*r, 0);
    while (!todo.empty()) {
        const auto [i, depth] = todo.back();
        todo.pop_back();
        const std::size_t blanks = static_cast<std::size_t>(std::max(0, std::min(depth, 40) - 1)) * 4 + 1;
        order.push_back({i, depth == 0 ? "" : std::string(blanks, ' ') + "\\_ "});
        const PsRow& r = seen[i].row;
        if (r.tid != r.pid) continue;
        const std::vector<std::size_t>& own = children[r.pid];
        for (auto c = own.rbegin(); c != own.rend(); ++c) todo.emplace_back(*c, depth + 1);
    }
    return order;
}

}  // namespace

TerminalAnswer terminal_ps(const Kernel& k, const TerminalArgs& args, Lang lang) {
    const Wanted w = read_options(args);
    if (!w.error.empty())
        return terminal_error("ps", text("unknown option or column '{0}'; try ps -ef, ps aux, ps -eLo pid,tid,stat,wchan:20,comm",
                                         "未知的选项或列 “{0}”；试试 ps -ef、ps aux、ps -eLo pid,tid,stat,wchan:20,comm", {w.error.substr(0, 40)}), lang);
    const std::vector<PsRow> rows = ps_rows(k);
    std::map<Pid, Nanos> of_process;
    for (const PsRow& r : rows) of_process[r.pid] += r.cpu_time;
    std::vector<Seen> seen;
    const bool picks = !w.pids.empty() || !w.names.empty();
    for (const PsRow& r : rows) {
        if (!w.threads && r.tid != r.pid) continue;
        // Without options the real one shows its own terminal's processes: here those of the scenario.
        if (!picks && !w.everybody && (r.is_kernel_thread || r.pid == 1)) continue;
        const bool named = std::find(w.names.begin(), w.names.end(), r.comm) != w.names.end();
        if (picks && !named && !w.pids.contains(r.pid)) continue;
        seen.push_back({k, r, w.threads ? r.cpu_time : of_process[r.pid], {}});
    }
    Answer out;
    const auto line = [&](const std::function<std::string(const Shown&)>& cell) {
        std::string text;
        for (std::size_t i = 0; i < w.columns.size(); ++i) {
            const Shown& c = w.columns[i];
            const bool last = i + 1 == w.columns.size();
            std::string value = cell(c);
            if (i > 0) text += ' ';
            if (c.column->left && !last && value.size() > static_cast<std::size_t>(c.width) && c.width > 0 && c.column->width != 0)
                value.resize(static_cast<std::size_t>(c.width));
            if (last && c.column->left) text += value;
            else text += c.column->left ? fmt::format("{:<{}}", value, std::max(c.width, 1)) : fmt::format("{:>{}}", value, std::max(c.width, 1));
        }
        while (!text.empty() && text.back() == ' ') text.pop_back();
        out.text += text + "\n";
    };
    // Columns grow to what they must hold, as numbers do in ps.
    bool has_title = false;
    for (const Shown& c : w.columns) has_title |= !c.title.empty();
    if (has_title && !w.headless) line([](const Shown& c) { return c.title; });
    const std::vector<Ordered> order = order_of(seen, w.tree);
    for (const Ordered& o : order) {
        Seen s{seen[o.index].k, seen[o.index].row, seen[o.index].cpu_time, o.prefix};
        line([&](const Shown& c) { return c.column->value(s); });
    }
    out.status = order.empty() ? 1 : 0;
    return out;
}

}  // namespace sy
