#include "sim/report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/kernel/locks.h"
#include "sim/report/proc.h"
#include "sim/session/deadlock.h"

namespace sy {
namespace {

using Answer = TerminalAnswer;
using Args = TerminalArgs;

struct Row {
    std::string_view name, usage, help, help_zh;
    Answer (*run)(const Kernel&, const Args&, Lang);
};

Answer cat(const Kernel& k, const Args& args, Lang lang) {
    if (args.empty())
        return {.text = proc_help(lang), .actions = {}, .save = {}};
    Answer out;
    for (const std::string& path : args) {
        const ProcAnswer file = read_proc(k, path);
        if (file.error) {
            out.text += "cat: " + file.error->in(lang) + "\n";
            out.status = 1;
        } else {
            out.text += file.content;
            const bool is_whole = file.content.empty() || file.content.back() == '\n';
            if (!is_whole) out.text += '\n';
        }
    }
    return out;
}

Answer ls(const Kernel& k, const Args& args, Lang lang) {
    return cat(k, args.empty() ? Args{"/proc"} : args, lang);
}

Answer uptime(const Kernel& k, const Args&, Lang) {
    const std::int64_t seconds = k.now() / kSecond;
    const std::string load = read_proc(k, "/proc/loadavg").content;
    std::string averages = load.substr(0, 14);
    for (std::size_t i = 0; i < averages.size(); ++i)
        if (averages[i] == ' ') averages.replace(i++, 1, ", ");
    return {.text = fmt::format(" {:02}:{:02}:{:02} up {} min,  0 users,  load average: {}\n", seconds / 3600 % 24,
                                seconds / 60 % 60, seconds % 60, seconds / 60, averages),
            .actions = {},
            .save = {}};
}

Answer pidof(const Kernel& k, const Args& args, Lang) {
    Answer out;
    for (TaskId id = static_cast<TaskId>(k.tasks.size()); id-- > 0;) {
        const Task& t = k.tasks[id];
        if (!is_in_proc(k, id) || t.group_leader != id) continue;
        const bool is_meant = std::any_of(args.begin(), args.end(), [&](const std::string& name) {
            return t.comm_view() == name || t.name() == name;
        });
        if (is_meant) out.text += (out.text.empty() ? "" : " ") + std::to_string(t.pid);
    }
    if (!out.text.empty()) out.text += '\n';
    out.status = out.text.empty() ? 1 : 0;
    return out;
}

std::string people(const Kernel& k, const std::vector<TaskId>& tasks) {
    std::string out;
    for (std::size_t i = 0; i < tasks.size() && i < 6; ++i)
        out += fmt::format("{}{}({})", i == 0 ? "" : " ", k.tasks[tasks[i]].name(), k.tasks[tasks[i]].pid);
    if (tasks.size() > 6) out += fmt::format(" +{}", tasks.size() - 6);
    return out.empty() ? "-" : out;
}

// No command of a real system: who holds and who waits, as the locks panel shows it.
Answer locks(const Kernel& k, const Args&, Lang lang) {
    const WaitGraph graph = wait_graph(k);
    Answer out;
    out.text = fmt::format("{:<18} {:<12} {:<20} {:>10}  {:<24} {}\n", "TYPE", "PROCESS", "NAME", "VALUE", "HELD BY", "WAITERS");
    for (const LockView& lock : graph.locks) {
        const bool owned = lock.is_owned && lock.kind != LockView::Kind::thread;
        out.text += fmt::format("{:<18} {:<12} {:<20} {:>10}  {:<24} {}\n", lock_kind_name(lock.kind),
                                lock.process == kNoTask ? "-" : std::string(k.tasks[lock.process].name()), lock.name,
                                fmt::format("{:#x}", lock.value), owned ? people(k, lock.holders) : "-",
                                people(k, lock.waiters));
    }
    for (TaskId id = 0; id < k.tasks.size() && !k.pi.locks.empty(); ++id)
        if (const std::string text = inherited_text(k, id); !text.empty())
            out.text += fmt::format("{}{}({}): {}\n", lang == Lang::zh ? "继承优先级：" : "inherits: ", k.tasks[id].name(), k.tasks[id].pid, text);
    for (const Text& text : explain_deadlocks(k, graph))
        out.text += (lang == Lang::zh ? "死锁：" : "deadlock: ") + text.in(lang) + "\n";
    return out;
}

Answer nothing(const Kernel&, const Args&, Lang) { return {}; }
Answer help(const Kernel&, const Args&, Lang lang);

constexpr Row kRows[] = {
    {"help", "help", "list the commands", "列出命令", help},
    {"ps", "ps [-eAfljLTHF] [aux] [-o LIST] [-p PID] [-C NAME]", "list processes and threads", "列出进程和线程", terminal_ps},
    {"top", "top [-H] [-n ROWS]", "CPU use since boot, most first", "自启动以来的 CPU 占用，从多到少", terminal_top},
    {"pstree", "pstree [-p] [-T] [PID]", "processes as a tree, threads in {}", "进程树，线程写在 {} 中", terminal_pstree},
    {"cat", "cat FILE…", "print files of /proc", "打印 /proc 的文件", cat},
    {"ls", "ls [FOLDER]", "list a folder of /proc", "列出 /proc 的目录", ls},
    {"free", "free [-b|-k|-m]", "memory in use", "内存使用", terminal_free},
    {"uptime", "uptime", "time since boot and load averages", "启动至今的时间和负载", uptime},
    {"pidof", "pidof NAME", "pids of the processes of that name", "该名字的进程号", pidof},
    {"locks", "locks", "who holds which lock and who waits (not a real command)", "谁持有哪把锁、谁在等（并非真实命令）", locks},
    {"kill", "kill [-SIGNAL] PID…", "send a signal (default TERM)", "发送信号（默认 TERM）", terminal_kill},
    {"renice", "renice [-n] NICE [-p] PID…", "give a process another nice value", "修改 nice 值", terminal_renice},
    {"taskset", "taskset -p [-c] [CPUS] PID", "show or set the CPUs it may run on", "查看或设置可用的 CPU", terminal_taskset},
    {"chrt", "chrt [-f|-r|-o|-b|-i] -p [PRIORITY] PID", "show or set its scheduling policy", "查看或设置调度策略", terminal_chrt},
    {"history", "history", "what was typed before", "以前输入的命令", nothing},
    {"save", "save FILE", "write the scenario with the lines added here", "保存场景及这里加入的行", nothing},
    {"clear", "clear", "empty the terminal", "清空终端", nothing},
};

const Row* find(std::string_view name) {
    for (const Row& row : kRows)
        if (row.name == name) return &row;
    return nullptr;
}

Answer help(const Kernel&, const Args& args, Lang lang) {
    Answer out;
    for (const Row& row : kRows) {
        if (!args.empty() && row.name != args[0]) continue;
        out.text += fmt::format("{:<52} {}\n", row.usage, lang == Lang::zh ? row.help_zh : row.help);
    }
    if (args.empty())
        out.text += lang == Lang::zh ? "改变机器的命令会成为场景中此刻的一行。\n"
                                     : "Commands that change the machine become lines of the scenario at this moment.\n";
    return out;
}

// Words between blanks; quotes hold a word together.
Args split(std::string_view line) {
    Args out;
    std::string word;
    bool is_open = false;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
            is_open = true;
        } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
            if (is_open || !word.empty()) out.push_back(std::move(word));
            word.clear();
            is_open = false;
        } else {
            word += c;
        }
    }
    if (is_open || !word.empty()) out.push_back(std::move(word));
    return out;
}

}  // namespace

TerminalAnswer terminal_error(std::string_view command, const Text& message, Lang lang, int status) {
    TerminalAnswer out;
    out.text = std::string(command) + ": " + message.in(lang) + "\n";
    out.status = status;
    return out;
}

TerminalAnswer terminal_command(const Kernel& k, std::string_view line, Lang lang) {
    Args words = split(line.substr(0, 4'096));
    if (words.empty() || words[0].starts_with('#')) return {};
    std::string name = words[0];
    if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) name = name.substr(slash + 1);
    words.erase(words.begin());
    const Row* row = find(name);
    if (row == nullptr)
        return terminal_error(name.substr(0, 40), text("command not found; `help` lists what there is", "没有这个命令；用 help 查看有哪些"), lang, 127);
    TerminalAnswer out = row->run(k, words, lang);
    out.clear = name == "clear";
    out.history = name == "history";
    if (name == "save") {
        if (words.empty()) return terminal_error(name, text("which file? save FILE", "存到哪个文件？save 文件名"), lang);
        out.save = words[0];
    }
    return out;
}

std::vector<std::string> terminal_completions(const Kernel& k, std::string_view line) {
    const std::size_t blank = line.find_last_of(" \t");
    const std::string_view word = blank == std::string_view::npos ? line : line.substr(blank + 1);
    std::vector<std::string> out;
    const auto offer = [&](std::string_view candidate) {
        if (candidate.starts_with(word)) out.emplace_back(candidate);
    };
    if (blank == std::string_view::npos) {
        for (const Row& row : kRows) offer(row.name);
    } else if (line.starts_with("cat") || line.starts_with("ls")) {
        // One level of the path at a time, as a shell does.
        for (const std::string& path : proc_paths(k)) {
            const std::size_t slash = path.find('/', word.size());
            offer(slash == std::string::npos ? path : path.substr(0, slash + 1));
        }
    } else if (line.starts_with("help ")) {
        for (const Row& row : kRows) offer(row.name);
    } else if (line.starts_with("kill ") && word.starts_with("-")) {
        for (const char* s : {"-CONT", "-HUP", "-INT", "-KILL", "-STOP", "-TERM", "-USR1", "-USR2"}) offer(s);
    } else {
        for (TaskId id = 0; id < k.tasks.size(); ++id)
            if (is_in_proc(k, id) && k.tasks[id].group_leader == id) offer(std::to_string(k.tasks[id].pid));
        if (line.starts_with("pidof "))
            for (TaskId id = 0; id < k.tasks.size(); ++id)
                if (is_in_proc(k, id)) offer(k.tasks[id].comm_view());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::string terminal_complete(const Kernel& k, std::string_view line) {
    const std::vector<std::string> all = terminal_completions(k, line);
    if (all.empty()) return std::string(line);
    std::string common = all.front();
    for (const std::string& each : all)
        while (!each.starts_with(common)) common.pop_back();
    const std::size_t blank = line.find_last_of(" \t");
    const std::string head(blank == std::string_view::npos ? "" : line.substr(0, blank + 1));
    const bool is_sure = all.size() == 1 && !common.ends_with('/');
    return head + common + (is_sure ? " " : "");
}

}  // namespace sy
