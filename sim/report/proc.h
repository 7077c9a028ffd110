// The simulated machine's /proc, in the formats of the real one (linux.md 9): one file is one row
// of a table. Reading changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct ProcFile {
    enum class Scope : std::uint8_t { machine, task };
    std::string_view name;  // of the last part of the path
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
// Each kind of file with a line of help, for `cat` without a path.
std::string proc_help(Lang lang);

// --- for the writers ---
bool is_in_proc(const Kernel& k,
                TaskId task);  // it lives, or is a zombie; idle tasks are not in /proc
std::vector<TaskId> threads_of(const Kernel& k, TaskId leader);  // that are in /proc, by pid
bool has_user_memory(const Kernel& k, TaskId task);

// One mapping of an address space, as a line of /proc/PID/maps.
struct Mapping {
    std::uint64_t start, end;
    const char* perms;
    std::string name;
};
std::vector<Mapping> mappings_of(const Kernel& k, TaskId task);
constexpr std::int64_t kUserHz = 100;  // ticks a second in /proc, linux.md 9.1
inline std::int64_t ticks(Nanos time) { return time / (kSecond / kUserHz); }

// `ps -eLo pid,tid,ppid,cls,rtprio,pri,ni,psr,stat,wchan,comm`, kernel threads in brackets.
std::string ps_table(const Kernel& k);

}  // namespace sy
