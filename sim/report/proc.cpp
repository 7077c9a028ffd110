// Finds a /proc file by its path, or says what was probably meant.
#include "sim/report/interrupts.h"
#include "sim/report/proc.h"

#include <algorithm>

#include "sim/kernel/events.h"
#include "sim/scenario/suggest.h"

namespace sy {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (!part.empty()) parts.emplace_back(part);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    if (!parts.empty() && parts[0] == "proc") parts.erase(parts.begin());
    return parts;
}

std::vector<std::string_view> names(std::span<const ProcFile> files) {
    std::vector<std::string_view> out;
    for (const ProcFile& f : files) out.push_back(f.name);
    return out;
}

const ProcFile* find(std::span<const ProcFile> files, std::string_view name) {
    for (const ProcFile& f : files)
        if (f.name == name) return &f;
    return nullptr;
}

bool is_below(const ProcFile& f, bool task_folder) {
    return task_folder || f.scope == ProcFile::Scope::task;
}

// Pids of the processes there are now, in order.
std::vector<TaskId> leaders(const Kernel& k) {
    std::vector<TaskId> out;
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (is_in_proc(k, id) && k.tasks[id].group_leader == id) out.push_back(id);
    std::sort(out.begin(), out.end(),
              [&](TaskId a, TaskId b) { return k.tasks[a].pid < k.tasks[b].pid; });
    return out;
}

class Reader {
  public:
    Reader(const Kernel& k, std::string_view path) : k_(k), path_(path), parts_(parts_of(path)) {}

    ProcAnswer read() {
        if (parts_.empty()) return root();
        if (const ProcFile* file = find(proc_machine_files(), joined()))
            return {file->write(k_, kNoTask, true), {}};
        if (is_of_machine(parts_[0])) return machine_folder();
        if (parts_[0] == "irq") {
            const auto content = proc_irq(k_, {parts_.begin() + 1, parts_.end()});
            if (content) return {*content, {}};
            return {{}, text("there is no {0} here; see: cat FILE /proc/irq", "这里没有 {0}；请看：cat FILE /proc/irq", {path_})};
        }
        const TaskId leader = task_named(parts_[0]);
        if (leader == kNoTask) return no_task(parts_[0]);
        if (parts_.size() == 1) return folder(true);
        if (parts_[1] != "task") return file_of(leader, 1, true);
        if (parts_.size() == 2) return list_threads(k_.tasks[leader].group_leader);
        const TaskId thread = task_named(parts_[2]);
        if (thread == kNoTask || k_.tasks[thread].group_leader != k_.tasks[leader].group_leader)
            return no_task(parts_[2]);
        if (parts_.size() == 3) return folder(false);
        return file_of(thread, 3, false);
    }

  private:
    std::string joined() const {
        std::string path;
        for (const std::string& part : parts_) path += (path.empty() ? "" : "/") + part;
        return path;
    }
    static bool is_of_machine(const std::string& first) {
        for (const ProcFile& f : proc_machine_files())
            if (f.name.substr(0, f.name.find('/')) == first) return true;
        return false;
    }
    // What lies in /proc/sys or /proc/sys/kernel; no file of the machine is a folder.
    ProcAnswer machine_folder() const {
        const std::string home = joined() + "/";
        std::string out;
        for (const ProcFile& f : proc_machine_files())
            if (f.name.starts_with(home)) {
                const std::string_view rest = f.name.substr(home.size());
                const std::string line = std::string(rest.substr(0, rest.find('/'))) + "\n";
                if (!out.ends_with(line)) out += line;
            }
        if (out.empty()) return no_such(names(proc_machine_files()), joined());
        return {out, {}};
    }

    // By pid; a name is taken too, since a scenario's author knows names. As in Linux, /proc/TID
    // works for any thread.
    TaskId task_named(const std::string& name) const {
        for (TaskId id : find_tasks(k_, name))
            if (is_in_proc(k_, id)) return id;
        return kNoTask;
    }

    ProcAnswer file_of(TaskId task, std::size_t at, bool group) const {
        const ProcFile* file = find(proc_task_files(), parts_[at]);
        const bool is_here = file != nullptr && is_below(*file, at > 1);
        if (!is_here || parts_.size() > at + 1)
            return no_such(names(proc_task_files()), parts_[at]);
        const bool is_leader = k_.tasks[task].group_leader == task;
        return {file->write(k_, task, group && is_leader), {}};
    }

    ProcAnswer root() const {
        std::string out;
        for (TaskId id : leaders(k_)) out += std::to_string(k_.tasks[id].pid) + "\n";
        for (const ProcFile& f : proc_machine_files()) {
            const std::string line = std::string(f.name.substr(0, f.name.find('/'))) + "\n";
            if (!out.ends_with(line)) out += line;
        }
        return {out + "irq\n", {}};
    }
    ProcAnswer folder(bool with_threads) const {
        std::string out;
        for (const ProcFile& f : proc_task_files())
            if (is_below(f, !with_threads)) out += std::string(f.name) + "\n";
        if (with_threads) out += "task\n";
        return {out, {}};
    }
    ProcAnswer list_threads(TaskId leader) const {
        std::string out;
        for (TaskId id : threads_of(k_, leader)) out += std::to_string(k_.tasks[id].pid) + "\n";
        return {out, {}};
    }

    ProcAnswer no_such(const std::vector<std::string_view>& known, std::string_view name) const {
        const std::string meant = scn::nearest(name, known);
        const std::string list = scn::listed(known, 32);
        Text why = text("there is no file {0} in this /proc; there are: {1}",
                        "这个 /proc 里没有文件 {0}；有：{1}", {path_, list});
        if (!meant.empty() && meant != name) {
            why = text("there is no file {0} in this /proc; did you mean {1}? there are: {2}",
                       "这个 /proc 里没有文件 {0}；是不是想看 {1}？有：{2}", {path_, meant, list});
        }
        return {{}, why};
    }
    ProcAnswer no_task(const std::string& name) const {
        std::vector<std::string_view> known = names(proc_machine_files());
        std::string pids;
        std::vector<std::string> task_names;
        for (TaskId id : leaders(k_)) {
            const Task& t = k_.tasks[id];
            task_names.emplace_back(t.name());
            if (pids.size() < 400) {
                pids += (pids.empty() ? "" : ", ") + std::to_string(t.pid) + " " +
                        std::string(t.name());
            }
        }
        for (const std::string& each : task_names) known.push_back(each);
        const std::string meant = scn::nearest(name, known);
        if (!meant.empty()) {
            return {
                {},
                text("there is no '{0}' in /proc at this time; did you mean '{1}'? tasks: {2}",
                     "这一刻 /proc 里没有 “{0}”；是不是 “{1}”？任务：{2}", {name, meant, pids})};
        }
        return {{},
                text("there is no task '{0}' at this time; there are: {1}",
                     "这一刻没有任务 “{0}”；有：{1}", {name, pids})};
    }

    const Kernel& k_;
    std::string_view path_;
    std::vector<std::string> parts_;
};

// Every file there is: path below /proc, table row, task, whether it is that of the process.
template <typename Visit>
void walk_tree(const Kernel& k, Visit visit) {
    for (const ProcFile& f : proc_machine_files())
        if (!visit(std::string(f.name), f, kNoTask, true)) return;
    const auto folder = [&](const std::string& home, TaskId task, bool group) {
        for (const ProcFile& f : proc_task_files())
            if (is_below(f, !group) && !visit(home + std::string(f.name), f, task, group))
                return false;
        return true;
    };
    for (TaskId leader : leaders(k)) {
        const std::string home = std::to_string(k.tasks[leader].pid) + "/";
        if (!folder(home, leader, true)) return;
        for (TaskId id : threads_of(k, leader))
            if (!folder(home + "task/" + std::to_string(k.tasks[id].pid) + "/", id, false)) return;
    }
}

}  // namespace

bool is_in_proc(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    return t.is_live && (t.flags & pf::idle) == 0;
}

std::vector<TaskId> threads_of(const Kernel& k, TaskId leader) {
    std::vector<TaskId> out;
    TaskId id = leader;
    do {
        if (is_in_proc(k, id)) out.push_back(id);
        id = k.tasks[id].next_thread;
    } while (id != leader && id != kNoTask && out.size() < k.tasks.size());
    std::sort(out.begin(), out.end(),
              [&](TaskId a, TaskId b) { return k.tasks[a].pid < k.tasks[b].pid; });
    return out;
}

ProcAnswer read_proc(const Kernel& k, std::string_view path) { return Reader(k, path).read(); }

std::vector<std::string> proc_paths(const Kernel& k) {
    std::vector<std::string> out;
    for (const std::string& path : proc_irq_paths(k)) out.push_back("/proc/" + path);
    walk_tree(k, [&](const std::string& path, const ProcFile&, TaskId, bool) {
        out.push_back("/proc/" + path);
        return true;
    });
    return out;
}

void walk_proc(const Kernel& k, const std::function<bool(const ProcEntry&)>& visit) {
    bool goes_on = visit({"self", "1", true}) && visit({"thread-self", "1/task/1", true});
    if (!goes_on) return;
    for (const std::string& path : proc_irq_paths(k))
        if (!visit({path, read_proc(k, path).content, false})) return;
    walk_tree(k, [&](const std::string& path, const ProcFile& file, TaskId task, bool group) {
        // The areas of a thread are those of its process: a link, or ten thousand threads would be ten thousand copies.
        const bool is_copy = !group && k.tasks[task].group_leader != task && (file.name == "maps" || file.name == "smaps" || file.name == "smaps_rollup");
        goes_on = visit({path, is_copy ? "../../" + std::string(file.name) : file.write(k, task, group), is_copy});
        const bool is_hidden = !group && file.name == "wchan" && k.tasks[task].group_leader != task;
        if (goes_on && is_hidden)
            goes_on = visit(
                {std::to_string(k.tasks[task].pid) + "/wchan", file.write(k, task, false), false});
        return goes_on;
    });
}

std::string proc_help(Lang lang) {
    std::string out;
    const auto row = [&](const std::string& path, const ProcFile& f) {
        out += path + std::string(path.size() < 30 ? 30 - path.size() : 1, ' ') +
               std::string(lang == Lang::zh ? f.help_zh : f.help) + "\n";
    };
    for (const ProcFile& f : proc_machine_files()) row("/proc/" + std::string(f.name), f);
    out += std::string("/proc/irq/N/smp_affinity") + "      " +
           (lang == Lang::zh ? "哪些 CPU 可以处理中断 N；旁边还有 effective_affinity、affinity_hint、spurious、node\n"
                             : "which CPUs may take interrupt N; beside it effective_affinity, affinity_hint, spurious, node\n");
    for (const ProcFile& f : proc_task_files())
        row((is_below(f, false) ? "/proc/PID/" : "/proc/PID/task/TID/") + std::string(f.name), f);
    return out + (lang == Lang::zh
                      ? "/proc/PID/task/TID/… 每个线程有同样的文件；PID 也可以写任务名\n"
                      : "/proc/PID/task/TID/... has the same files for each thread; a task's name "
                        "will do for PID\n");
}

}  // namespace sy
