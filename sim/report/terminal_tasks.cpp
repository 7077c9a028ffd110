// kill, renice, taskset and chrt: what util-linux and procps print, and the scenario's words for what they do.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sim/report/proc.h"
#include "sim/report/terminal.h"

namespace sy {
namespace {

using Answer = TerminalAnswer;
using Args = TerminalArgs;

constexpr std::array<std::string_view, 32> kSignals = {
    "",     "HUP",  "INT",  "QUIT", "ILL",  "TRAP", "ABRT",   "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR",  "SYS"};

bool number(std::string_view text, std::int64_t& value, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}
// A thread or process that is in /proc; none: `error` says so.
TaskId task_of(const Kernel& k, std::string_view command, const std::string& text_of_pid, Lang lang, Answer& error) {
    std::int64_t pid = 0;
    if (!number(text_of_pid, pid) || pid <= 0) {
        error = terminal_error(command, text("'{0}' is no pid; `pidof {0}` finds the pid of a name", "“{0}” 不是进程号；用 pidof {0} 按名字查找", {text_of_pid}), lang);
        return kNoTask;
    }
    const TaskId id = pid <= 0x7fff'ffff ? k.find_pid(static_cast<Pid>(pid)) : kNoTask;
    if (id != kNoTask && is_in_proc(k, id)) return id;
    error = terminal_error(command, text("({0}) - No such process", "({0}) - 没有这个进程", {text_of_pid}), lang);
    return kNoTask;
}
int signal_of(std::string_view name) {
    std::int64_t value = 0;
    if (number(name, value)) return value >= 1 && value <= 64 ? static_cast<int>(value) : 0;
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (std::size_t i = 1; i < kSignals.size(); ++i)
        if (kSignals[i] == name) return static_cast<int>(i);
    return 0;
}
std::string signal_word(int number) {
    const bool named = number < 32 && number != 16 && (number <= 22);
    return named ? std::string(kSignals[static_cast<std::size_t>(number)]) : std::to_string(number);
}
std::string cpu_list(std::uint64_t mask, std::size_t cpus) {
    std::string out;
    for (std::size_t c = 0; c < cpus; ++c) {
        if ((mask >> c & 1) == 0) continue;
        std::size_t last = c;
        while (last + 1 < cpus && (mask >> (last + 1) & 1) != 0) ++last;
        // As util-linux writes it: two in a row stand for themselves, "0,1" but "0-2".
        out += (out.empty() ? "" : ",") + std::to_string(c) + (last > c ? (last == c + 1 ? "," : "-") + std::to_string(last) : "");
        c = last;
    }
    return out;
}
// "0-1,3"; 0 if it is no such list.
std::uint64_t cpus_of(std::string_view list) {
    std::uint64_t mask = 0;
    while (!list.empty()) {
        const std::string_view part = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), part.size() + 1));
        const std::size_t dash = part.find('-');
        std::int64_t first = 0, last = 0;
        if (!number(part.substr(0, dash), first)) return 0;
        last = first;
        if (dash != std::string_view::npos && !number(part.substr(dash + 1), last)) return 0;
        if (first < 0 || last > 63 || last < first) return 0;
        for (std::int64_t c = first; c <= last; ++c) mask |= std::uint64_t{1} << c;
    }
    return mask;
}

}  // namespace

TerminalAnswer terminal_kill(const Kernel& k, const Args& args, Lang lang) {
    Answer out;
    int signal = 15;
    std::size_t i = 0;
    if (!args.empty() && args[0] == "-l") {
        for (std::size_t n = 1; n < kSignals.size(); ++n)
            out.text += fmt::format("{:>2}) SIG{:<9}{}", n, kSignals[n], n % 4 == 0 ? "\n" : "");
        out.text += '\n';
        return out;
    }
    if (i < args.size() && args[i].starts_with('-') && args[i].size() > 1) {
        std::string name = args[i++].substr(1);
        if ((name == "s" || name == "n") && i < args.size()) name = args[i++];
        signal = signal_of(name);
        if (signal == 0)
            return terminal_error("kill", text("{0}: invalid signal specification", "{0}：无效的信号", {name}), lang);
    }
    if (i >= args.size())
        return terminal_error("kill", text("usage: kill [-SIGNAL] PID…", "用法：kill [-信号] PID…"), lang, 2);
    for (; i < args.size(); ++i) {
        Answer error;
        const TaskId id = task_of(k, "kill", args[i], lang, error);
        if (id == kNoTask) {
            out.text += error.text;
            out.status = 1;
            continue;
        }
        out.actions.push_back("kill " + std::to_string(k.tasks[id].tgid) + " " + signal_word(signal));
    }
    return out;
}

TerminalAnswer terminal_renice(const Kernel& k, const Args& args, Lang lang) {
    std::vector<std::string> plain;
    for (const std::string& arg : args)
        if (arg != "-n" && arg != "-p" && arg != "--priority" && arg != "--pid") plain.push_back(arg);
    std::int64_t nice = 0;
    if (plain.size() < 2 || !number(plain[0], nice))
        return terminal_error("renice", text("usage: renice [-n] NICE [-p] PID…", "用法：renice [-n] NICE值 [-p] PID…"), lang);
    nice = std::min<std::int64_t>(19, std::max<std::int64_t>(-20, nice));   // as setpriority(2) clamps it
    Answer out;
    for (std::size_t i = 1; i < plain.size(); ++i) {
        Answer error;
        const TaskId id = task_of(k, "renice", plain[i], lang, error);
        if (id == kNoTask) {
            out.text += error.text;
            out.status = 1;
            continue;
        }
        out.text += fmt::format("{} (process ID) old priority {}, new priority {}\n", k.tasks[id].pid, k.tasks[id].nice, nice);
        out.actions.push_back(fmt::format("nice {} {}", k.tasks[id].pid, nice));
    }
    return out;
}

TerminalAnswer terminal_taskset(const Kernel& k, const Args& args, Lang lang) {
    bool as_list = false;
    std::vector<std::string> plain;
    for (const std::string& arg : args) {
        const bool is_option = arg.size() > 1 && arg[0] == '-';
        if (is_option) as_list |= arg == "--cpu-list" || (arg[1] != '-' && arg.find('c') != std::string::npos);
        if (!is_option) plain.push_back(arg);
    }
    if (plain.empty() || plain.size() > 2)
        return terminal_error("taskset", text("usage: taskset -p [-c] [CPUS] PID", "用法：taskset -p [-c] [CPU列表] PID"), lang);
    Answer out;
    const TaskId id = task_of(k, "taskset", plain.back(), lang, out);
    if (id == kNoTask) return out;
    const Pid pid = k.tasks[id].pid;
    const std::uint64_t online = k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << k.cpus.size()) - 1;
    const auto say = [&](const char* which, std::uint64_t mask) {
        out.text += as_list ? fmt::format("pid {}'s {} affinity list: {}\n", pid, which, cpu_list(mask & online, k.cpus.size()))
                            : fmt::format("pid {}'s {} affinity mask: {:x}\n", pid, which, mask & online);
    };
    say("current", k.tasks[id].cpus_allowed);
    if (plain.size() == 1) return out;
    std::int64_t mask = 0;
    std::string hex = plain[0];
    if (hex.starts_with("0x")) hex = hex.substr(2);
    const std::uint64_t wanted = as_list ? cpus_of(plain[0]) : number(hex, mask, 16) ? static_cast<std::uint64_t>(mask) : 0;
    if ((wanted & online) == 0)
        return terminal_error("taskset", text("failed to set pid {0}'s affinity: Invalid argument (this machine has {1} CPUs)",
                                              "无法设置 {0} 的亲和性：无效参数（这台机器有 {1} 个 CPU）",
                                              {std::to_string(pid), std::to_string(k.cpus.size())}), lang);
    say("new", wanted);
    out.actions.push_back(fmt::format("affinity {} {}", pid, cpu_list(wanted & online, k.cpus.size())));
    return out;
}

TerminalAnswer terminal_chrt(const Kernel& k, const Args& args, Lang lang) {
    static constexpr std::array<const char*, 7> kNames = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH",
                                                          "", "SCHED_IDLE", "SCHED_DEADLINE"};
    const char* policy = "rr";   // as chrt's own default
    std::vector<std::string> plain;
    for (const std::string& arg : args) {
        if (arg.size() < 2 || arg[0] != '-' || (arg[1] >= '0' && arg[1] <= '9')) {
            plain.push_back(arg);
            continue;
        }
        if (arg == "-m") {
            Answer out;
            out.text = "SCHED_OTHER min/max priority\t: 0/0\nSCHED_FIFO min/max priority\t: 1/99\n"
                       "SCHED_RR min/max priority\t: 1/99\nSCHED_BATCH min/max priority\t: 0/0\n"
                       "SCHED_IDLE min/max priority\t: 0/0\nSCHED_DEADLINE min/max priority\t: 0/0\n";
            return out;
        }
        for (const char c : arg) {
            if (c == 'f') policy = "fifo";
            if (c == 'r') policy = "rr";
            if (c == 'o') policy = "normal";
            if (c == 'b') policy = "batch";
            if (c == 'i') policy = "idle";
        }
    }
    if (plain.empty() || plain.size() > 2)
        return terminal_error("chrt", text("usage: chrt [-f|-r|-o|-b|-i] -p [PRIORITY] PID", "用法：chrt [-f|-r|-o|-b|-i] -p [优先级] PID"), lang);
    Answer out;
    const TaskId id = task_of(k, "chrt", plain.back(), lang, out);
    if (id == kNoTask) return out;
    const Task& t = k.tasks[id];
    if (plain.size() == 1) {
        const bool rt = t.policy == Policy::fifo || t.policy == Policy::rr;
        out.text = fmt::format("pid {}'s current scheduling policy: {}\npid {}'s current scheduling priority: {}\n", t.pid,
                               kNames[static_cast<std::size_t>(t.policy)], t.pid, rt ? 99 - t.prio : 0);
        return out;
    }
    std::int64_t priority = 0;
    const bool is_rt = std::string_view(policy) == "fifo" || std::string_view(policy) == "rr";
    const bool fits = number(plain[0], priority) && (is_rt ? priority >= 1 && priority <= 99 : priority == 0);
    if (!fits)
        return terminal_error("chrt", text("unsupported priority value for the policy: {0}: see -m for valid range",
                                           "该策略不支持优先级 {0}：用 -m 查看范围", {plain[0]}), lang);
    out.actions.push_back(is_rt ? fmt::format("chrt {} {} {}", t.pid, policy, priority) : fmt::format("chrt {} {}", t.pid, policy));
    return out;
}

}  // namespace sy
