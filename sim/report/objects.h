// What tasks share, as a graph read from the machine at one moment: tasks on one side, on the other mm_struct,
// files_struct, fs_struct, sighand_struct and signal_struct with their reference counts; an edge is who holds a
// reference, and why (linux.md 2.1, 2.2, 3.1, 3.3). Tasks that look the same are folded into one, so that a million
// threads are a few rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct ObjectNode {
    SharedKind kind = SharedKind::mm;
    std::uint32_t id = 0;          // in its table; folded: of the first one
    std::uint32_t times = 1;       // so many alike, one for each task of a folded holder
    std::int32_t users = 0;        // mm_users
    std::int32_t count = 0;        // mm_count; `count` of sighand, files; `users` of fs; nr_threads of signal
    std::int32_t live = 0;         // signal: threads that are not exiting
    bool is_init = false;          // init_mm: the kernel's own, with a user for ever
};

struct ObjectHolder {
    enum class Kind : std::uint8_t { task, kernel_thread, idle, zombie, cpu };
    Kind kind = Kind::task;
    std::vector<TaskId> tasks;     // more than one: folded; empty: a CPU in the middle of a switch or execve
    CpuId cpu = 0;                 // of Kind::cpu
    std::string name{};            // "editor", "worker ×12", "[kthreadd]", "CPU 0"
    Pid first_pid = 0, last_pid = 0;
};

struct ObjectEdge {
    // user: it lives with the object (mm_users; the one count of the others). borrows: a kernel thread or idle task keeps
    // the mm_struct loaded, mm_count (lazy TLB). handing_over: rq->prev_mm, a borrower has gone and finish_task_switch
    // has yet to drop its reference. leaving: execve has not given up the old address space yet.
    enum class Why : std::uint8_t { user, borrows, handing_over, leaving };
    std::uint32_t holder = 0, object = 0;
    std::uint32_t refs = 1;        // so many of the object's count are this holder's; to a folded object: of each
    Why why = Why::user;
};

// Who hangs together by what they share: a process with its threads, processes with something in common, kernel threads.
struct ObjectBlock {
    std::vector<std::uint32_t> holders, objects;
};

struct ObjectGraph {
    std::vector<ObjectHolder> holders;
    std::vector<ObjectNode> objects;
    std::vector<ObjectEdge> edges;
    std::vector<ObjectBlock> blocks;    // processes in order of their first pid, then kernel threads
};

constexpr std::size_t kFoldAbove = 3;   // so many alike stand for themselves

// `alone`: this task is never folded into others. `fold` false: nobody is.
ObjectGraph object_graph(const Kernel& k, TaskId alone = kNoTask, bool fold = true);

// "mm 3", "files 12".
std::string object_name(const ObjectNode& o);
// The counts: "mm_users 3, mm_count 2".
std::string object_counts(const ObjectNode& o);
Text object_edge_why(const ObjectGraph& g, const ObjectEdge& e);

// The objects of one task in a line: "mm 2 (mm_users 3, mm_count 1), files 4 (count 3), …".
std::string objects_of_task(const Kernel& k, TaskId task);
std::string objects_text(const Kernel& k, bool fold, Lang lang);
std::string objects_json(const Kernel& k);   // docs/json.md

}  // namespace sy
