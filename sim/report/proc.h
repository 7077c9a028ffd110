// The simulated machine's /proc, in the formats of the real one (linux.md 9): one file is one row
// of a table. Reading changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct ProcFile {
    // machine: below /proc; task: below /proc/PID and /proc/PID/task/TID; thread: only there.
    enum class Scope : std::uint8_t { machine, task, thread };
    std::string_view name;  // the rest of the path; some of the machine's have folders in it
    Scope scope;
    std::string_view help, help_zh;
    // `task`: the thread, or the leader of the process; none for the machine's files. `group`: the
    // file was asked for below /proc/PID and speaks of the whole process where the real one does.
    std::string (*write)(const Kernel& k, TaskId task, bool group);
};

// One table each, defined beside the writers.
std::span<const ProcFile> proc_machine_files();  // proc_machine.cpp
std::span<const ProcFile> proc_task_files();     // proc_task.cpp

struct ProcAnswer {
    std::string content;
    std::optional<Text> error;  // no such file: what there is, and what was probably meant
};

// Reads `/proc/501/stack`, `501/task/502/stat`, `interrupts`, `editor/status`; a folder gives its
// list.
ProcAnswer read_proc(const Kernel& k, std::string_view path);

// Paths of all files there are at this moment, `/proc/1/stat` and so on; tasks in order of pid.
std::vector<std::string> proc_paths(const Kernel& k);
// The whole tree with its contents, the machine's files first, then tasks in order of pid. `visit`
// returns whether to go on. What the real /proc has and a tree of files cannot show is approached:
// `self` and `thread-self` are links to init, and of a thread's hidden folder /proc/TID there is
// `wchan`, the one file that ps looks up there.
struct ProcEntry {
    std::string_view path;     // below /proc
    std::string_view content;  // or where the link leads
    bool is_link = false;
};
void walk_proc(const Kernel& k, const std::function<bool(const ProcEntry&)>& visit);
// Each kind of file with a line of help, for `cat` without a path.
std::string proc_help(Lang lang);

// --- for the writers ---
bool is_in_proc(const Kernel& k,
                TaskId task);  // it lives, or is a zombie; idle tasks are not in /proc
std::vector<TaskId> threads_of(const Kernel& k, TaskId leader);  // that are in /proc, by pid
bool has_user_memory(const Kernel& k, TaskId task);

constexpr std::int64_t kUserHz = 100;  // ticks a second in /proc, linux.md 9.1
inline std::int64_t ticks(Nanos time) { return time / (kSecond / kUserHz); }

}  // namespace sy
