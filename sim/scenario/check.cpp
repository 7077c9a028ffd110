// The checks that need to have seen the whole file: things that are named but do not exist, names
// and numbers given twice, CPUs the machine does not have, and totals over the limits.
#include "sim/scenario/lesson.h"
#include "sim/scenario/check.h"
#include "sim/scenario/asm_verbs.h"
#include "sim/scenario/breaks.h"
#include "sim/scenario/memory_verbs.h"

#include <algorithm>
#include <map>
#include <set>

#include "sim/base/limits.h"
#include "sim/program/program.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/walk.h"

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

// A scenario may use the disk without declaring it.
constexpr std::string_view kDisk = "disk";
constexpr std::int32_t kDiskIrq = 14;       // the first ATA channel of a PC
constexpr Nanos kDiskLatency = 2 * kMilli;  // a fast hard disk

class Checker {
  public:
    Checker(Scenario& scenario, const ParsedWith& parsed, Diagnostics& diags,
            const ParseOptions& options)
        : s_(scenario), parsed_(parsed), diags_(diags), options_(options) {}

    void run() {
        if (s_.processes.empty() && s_.devices.empty() && !diags_.has_errors()) {
            diags_.error(
                {},
                text(
                    "a scenario needs at least one process, for example: process hello { run 5ms }",
                    "场景至少需要一个进程，例如：process hello { run 5ms }"));
        }
        has_sure_cpus_ = !diags_.has_errors();
        Text why;
        const auto fits = options_.scheduler_fits;
        if (has_sure_cpus_ && fits != nullptr && !fits(s_.machine, why)) {
            diags_.error(s_.machine.scheduler_pos, why);
        }
        names_of_things();
        names_of_tasks();
        groups();
        for (std::size_t i = 0; i < s_.processes.size(); ++i) channels_used(i);
        clients_and_coroutines();
        totals();
        pids();
        interrupts();
        check_kernel_code(s_, diags_);
        check_instructions(s_, diags_);
        check_breakpoints(s_, diags_);
        bool is_all_understood = true;
        for (std::size_t i = 0; i < s_.processes.size(); ++i) {
            const ProcessDecl& process = s_.processes[i];
            affinity(process.cpus, process.pos);
            for (const ThreadDecl& thread : process.threads) affinity(thread.cpus, thread.pos);
            const bool is_broken = i < parsed_.is_broken.size() && parsed_.is_broken[i];
            if (!is_broken) check_flow(s_, process, diags_);
            is_all_understood &= !is_broken;
        }
        if (is_all_understood) pipes_nobody_writes();
        work_items();
        timeline();
        for (const Expect& expect : s_.expects) check_expect(s_, expect, diags_, options_);
    }

    void timeline() {
        for (const TimedAction& action : s_.timeline) timed(action);
        for (const ScheduleLine& line : s_.schedule) {
            if (line.kind == ScheduleLine::Kind::step) check_task_path(s_, line.task, line.pos, diags_);
            if (line.kind == ScheduleLine::Kind::drain && line.cpu >= static_cast<CpuId>(s_.machine.cpus))
                diags_.error(line.pos, text("there is no CPU {0}; the machine has {1}", "没有 CPU {0}；这台机器有 {1} 个",
                                            {std::to_string(line.cpu), std::to_string(s_.machine.cpus)}));
        }
        std::stable_sort(s_.timeline.begin(), s_.timeline.end(),
                         [](const TimedAction& a, const TimedAction& b) { return a.at < b.at; });
    }

  private:
    void twice(SourcePos pos, std::string_view name, SourcePos first) {
        diags_.error(
            pos, text("the name '{0}' is taken already (line {1})",
                      "名字 “{0}” 已经用过了（第 {1} 行）", {name, std::to_string(first.line)}));
    }

    void names_of_things() {
        const auto add = [&](const std::string& name, SourcePos pos) {
            const auto [at, is_new] = things_.emplace(name, pos);
            if (!is_new) twice(pos, name, at->second);
        };
        for (const PipeDecl& pipe : s_.pipes) add(pipe.name, pipe.pos);
        for (const DeviceDecl& device : s_.devices) add(device.name, device.pos);
        for (const ClientsDecl& clients : s_.clients) add(clients.name, clients.pos);
    }

    void names_of_tasks() {
        std::map<std::string_view, SourcePos> processes;
        for (const ProcessDecl& process : s_.processes) {
            const auto [at, is_new] = processes.emplace(process.name, process.pos);
            if (!is_new) twice(process.pos, process.name, at->second);
            std::map<std::string_view, SourcePos> threads;
            for (const ThreadDecl& thread : process.threads) {
                const auto [other, is_new_thread] = threads.emplace(thread.name, thread.pos);
                if (!is_new_thread) twice(thread.pos, thread.name, other->second);
                if (thread.name == "main") {
                    diags_.error(
                        thread.pos,
                        text("'main' is the name of the thread that every process begins with",
                             "“main” 是每个进程最初那个线程的名字"));
                }
            }
        }
    }

    const PipeDecl* find_pipe(std::string_view name) const {
        for (const PipeDecl& pipe : s_.pipes) {
            if (pipe.name == name) return &pipe;
        }
        return nullptr;
    }

    const DeviceDecl* find_device(std::string_view name) const {
        for (const DeviceDecl& device : s_.devices) {
            if (device.name == name) return &device;
        }
        return nullptr;
    }

    void unknown_thing(SourcePos pos, std::string_view name, const Text& kind,
                       std::string_view example) {
        std::vector<std::string_view> known;
        for (const auto& [each, where] : things_) known.push_back(each);
        const std::string meant = nearest(name, known);
        if (!meant.empty()) {
            diags_.error(pos, did_you_mean(kind, name, meant), meant);
            return;
        }
        diags_.error(pos, {.en = "unknown " + kind.en + " '" + std::string(name) +
                                 "'; declare it at the top of the file: " + std::string(example),
                           .zh = "未知的" + kind.zh + " “" + std::string(name) +
                                 "”；请在文件顶层声明：" + std::string(example)});
    }

    bool is_interrupting(const DeviceDecl& device) const {
        return device.every || !device.at.empty() || device.block ||
               std::any_of(s_.timeline.begin(), s_.timeline.end(), [&](const TimedAction& action) {
                   return action.kind == TimedAction::Kind::irq && action.target == device.name;
               });
    }

    void channels_used(std::size_t process) {
        check_areas(s_, s_.processes[process], process, diags_);
        walk_process(s_, process, [&](const Stmt& stmt, const Owner& owner) {
            if (stmt.kind == Kind::affinity) affinity(stmt.cpus, stmt.name_pos);
            const bool is_channel = stmt.kind == Kind::read || stmt.kind == Kind::write ||
                                    stmt.kind == Kind::fsync || stmt.kind == Kind::poll ||
                                    stmt.kind == Kind::close;
            if (is_channel) channel(stmt, owner);
            named_task(stmt);
        });
    }

    // What kill, waitpid, setpgid… and exec name.
    void named_task(const Stmt& stmt) {
        if (stmt.kind == Stmt::Kind::kill && stmt.name == "all") return;
        if (stmt.name.empty() || stmt.name == "self" || stmt.name == "parent" || stmt.name == "child") return;
        switch (stmt.kind) {
            case Kind::kill:
            case Kind::tgkill:
            case Kind::killpg:
            case Kind::waitpid:
            case Kind::waitid:
            case Kind::setpgid:
            case Kind::tcsetpgrp:
                check_task_path(s_, stmt.name, stmt.name_pos, diags_);
                return;
            case Kind::exec:
                break;
            default:
                return;
        }
        std::vector<std::string_view> known;
        for (const ProcessDecl& process : s_.processes) {
            if (process.kernel_thread) continue;
            if (process.name == stmt.name) return;
            known.push_back(process.name);
        }
        const std::string meant = nearest(stmt.name, known);
        if (meant.empty()) {
            diags_.error(stmt.name_pos,
                         text("there is no program '{0}'; declare it: program {0} { run 1ms }",
                              "没有程序 “{0}”；请声明：program {0} { run 1ms }", {stmt.name}));
        } else {
            diags_.error(stmt.name_pos,
                         text("there is no program '{0}'; did you mean '{1}'?",
                              "没有程序 “{0}”；是不是想写 “{1}”？", {stmt.name, meant}),
                         meant);
        }
    }

    void channel(const Stmt& stmt, const Owner& owner) {
        if (stmt.name == kDisk && find_device(kDisk) == nullptr && find_pipe(kDisk) == nullptr)
            add_disk();
        const std::string_view name = stmt.name;
        const DeviceDecl* device = find_device(name);
        if (find_pipe(name) != nullptr) {
            pipe_uses_[stmt.name].push_back({.stmt = &stmt, .owner = owner});
            if (stmt.kind == Kind::fsync) {
                diags_.error(stmt.name_pos, text("'{0}' is a pipe; fsync waits for a block device",
                                                 "“{0}” 是管道；fsync 等待的是块设备", {name}));
            }
        } else if (device == nullptr) {
            const bool is_fsync = stmt.kind == Kind::fsync;
            const std::string example =
                is_fsync ? "device " + stmt.name + " block latency 2ms" : "pipe " + stmt.name;
            unknown_thing(stmt.name_pos, name,
                          is_fsync ? text("device", "设备") : text("pipe or device", "管道或设备"),
                          example);
        } else if (stmt.kind == Kind::poll || stmt.kind == Kind::close) {
            diags_.error(stmt.name_pos, text("'{0}' is a device; poll and close are for pipes",
                                             "“{0}” 是设备；poll 和 close 用于管道", {name}));
        } else if (stmt.kind != Kind::read && !device->block) {
            diags_.error(
                stmt.name_pos,
                text("'{0}' is not a block device; to make it one, add: block latency 2ms",
                     "“{0}” 不是块设备；要让它成为块设备，请加上：block latency 2ms", {name}));
        } else if (stmt.kind == Kind::read && !is_interrupting(*device)) {
            diags_.warning(
                stmt.name_pos,
                text("device '{0}' never interrupts, so this waits for ever; add: every 10ms",
                     "设备 “{0}” 从不产生中断，这里会永远等待；请加上：every 10ms", {name}));
        }
    }

    // --- workqueues and kernel threads ---

    void work_items() {
        std::map<std::string_view, SourcePos> seen;
        for (const char* name : kStandardQueues) seen.emplace(name, SourcePos{});
        for (const WorkqueueDecl& queue : s_.workqueues) once(seen, queue.name, queue.pos);
        for (const WorkDecl& work : s_.works) once(seen, work.name, work.pos);
        for (const WorkDecl& work : s_.works) {
            if (workqueue_index(s_, work.queue) < 0) unknown_queue(work);
            calls(work.body, Caller::work, work.name);
            ProcessDecl program;   // its flow is a kernel thread's
            program.name = work.name;
            program.pos = work.pos;
            program.kernel_thread = true;
            program.body = work.body;
            if (!diags_.has_errors()) check_work_flow(s_, program, diags_);
        }
        for (const ProcessDecl& process : s_.processes) {
            const Caller caller = process.kernel_thread ? Caller::kthread : Caller::process;
            calls(process.body, caller, process.name);
            for (const ThreadDecl& thread : process.threads) calls(thread.body, caller, process.name);
        }
    }

    void once(std::map<std::string_view, SourcePos>& seen, const std::string& name, SourcePos pos) {
        const auto [at, is_new] = seen.emplace(name, pos);
        if (is_new) return;
        if (at->second.line == 0)
            diags_.error(pos, text("'{0}' is a workqueue that every kernel has", "“{0}” 是内核自带的工作队列", {name}));
        else
            twice(pos, name, at->second);
    }

    void unknown_queue(const WorkDecl& work) {
        std::vector<std::string_view> known(std::begin(kStandardQueues), std::end(kStandardQueues));
        for (const WorkqueueDecl& queue : s_.workqueues) known.push_back(queue.name);
        unknown_name(work.queue_pos, work.queue, text("workqueue", "工作队列"), known, "workqueue " + work.queue);
    }

    void unknown_name(SourcePos pos, const std::string& name, const Text& kind,
                      const std::vector<std::string_view>& known, const std::string& example) {
        const std::string meant = nearest(name, known);
        if (!meant.empty()) {
            diags_.error(pos, did_you_mean(kind, name, meant), meant);
            return;
        }
        diags_.error(pos, {.en = "unknown " + kind.en + " '" + name + "'; declare it at the top of the file: " + example,
                           .zh = "未知的" + kind.zh + " “" + name + "”；请在文件顶层声明：" + example});
    }

    enum class Caller : std::uint8_t { process, kthread, work };

    void calls(const std::vector<Stmt>& body, Caller caller, const std::string& own_name) {
        for (const Stmt& stmt : body) {
            calls(stmt.body, caller, own_name);
            if (stmt.kind == Kind::queue || stmt.kind == Kind::cancel || stmt.kind == Kind::flush)
                call_of_work(stmt, caller, own_name);
            const bool of_kthread = stmt.kind == Kind::start || stmt.kind == Kind::stop ||
                                    stmt.kind == Kind::park || stmt.kind == Kind::unpark;
            if (of_kthread) call_of_kthread(stmt, own_name);
            if (stmt.kind == Kind::use_mm) call_of_process(stmt);
        }
    }

    void call_of_work(const Stmt& stmt, Caller caller, const std::string& own_name) {
        std::vector<std::string_view> known;
        for (const WorkDecl& work : s_.works) known.push_back(work.name);
        const bool is_work = work_index(s_, stmt.name) >= 0;
        const bool is_queue = workqueue_index(s_, stmt.name) >= 0;
        if (!is_work && !(stmt.kind == Kind::flush && is_queue)) {
            if (is_queue) {
                diags_.error(stmt.name_pos, text("'{0}' is a workqueue; name a work item", "“{0}” 是工作队列；请写工作项的名字",
                                                 {stmt.name}));
                return;
            }
            unknown_name(stmt.name_pos, stmt.name, text("work item", "工作项"), known,
                         "work " + stmt.name + " { run 1ms }");
            return;
        }
        if (stmt.count >= 0 && stmt.kind == Kind::queue)
            affinity(std::uint64_t{1} << stmt.count, stmt.name_pos);
        const bool waits_for_itself = caller == Caller::work && stmt.kind != Kind::queue &&
                                      (stmt.name == own_name || (is_queue && own_queue(own_name) == stmt.name));
        if (waits_for_itself)
            diags_.error(stmt.name_pos, text("this waits for itself: a work item cannot wait until it is done",
                                             "它在等待自己：工作项不能等待自己完成"));
    }

    std::string_view own_queue(const std::string& work) const {
        return s_.works[static_cast<std::size_t>(work_index(s_, work))].queue;
    }

    void call_of_kthread(const Stmt& stmt, const std::string& own_name) {
        std::vector<std::string_view> known;
        for (const ProcessDecl& process : s_.processes) {
            if (process.kernel_thread) known.push_back(process.name);
        }
        if (std::find(known.begin(), known.end(), stmt.name) == known.end()) {
            unknown_name(stmt.name_pos, stmt.name, text("kthread", "内核线程"), known,
                         "kthread " + stmt.name + " { until_stopped { sleep 5ms  run 1ms } }");
        } else if (stmt.name == own_name && (stmt.kind == Kind::stop || stmt.kind == Kind::park)) {
            diags_.error(stmt.name_pos, text("a kernel thread cannot wait until it has itself stopped",
                                             "内核线程不能等待自己停下"));
        }
    }

    void call_of_process(const Stmt& stmt) {
        std::vector<std::string_view> known;
        for (const ProcessDecl& process : s_.processes) {
            if (!process.kernel_thread) known.push_back(process.name);
        }
        if (std::find(known.begin(), known.end(), stmt.name) == known.end())
            unknown_name(stmt.name_pos, stmt.name, text("process", "进程"), known, "process " + stmt.name + " { run 5ms }");
    }

    const ClientsDecl* find_clients(std::string_view name) const {
        for (const ClientsDecl& clients : s_.clients)
            if (clients.name == name) return &clients;
        return nullptr;
    }

    void clients_and_coroutines() {
        for (const ClientsDecl& c : s_.clients) {
            if (c.device.empty()) continue;   // has been said
            const DeviceDecl* device = find_device(c.device);
            if (device == nullptr)
                unknown_thing(c.device_pos, c.device, text("device", "设备"), "device " + c.device + " irq 24");
            else if (device->block)
                diags_.error(c.device_pos, text("'{0}' is a block device; clients need a network card: device {1} irq 24",
                                                "“{0}” 是块设备；客户端需要网卡：device {1} irq 24",
                                                {c.device, c.device == "eth0" ? "eth1" : "eth0"}));
        }
        for (const ProcessDecl& process : s_.processes) {
            thread_model(process);
            coroutines_resumed(process, process.body, false);
            for (const ThreadDecl& t : process.threads) coroutines_resumed(process, t.body, true);
            for (const CoroutineDecl& c : process.coroutines) coroutines_resumed(process, c.body, false);
            std::int64_t all = 0;
            for (const CoroutineDecl& c : process.coroutines) {
                all += c.copies;
                if (all * process.copies > limits::coroutines)
                    diags_.error(c.pos, text("with this there are more than the limit of {0} coroutines",
                                             "到这里协程数超过了上限 {0} 个", {std::to_string(limits::coroutines)}));
                coroutine_uses(process, c, c.body, 0);
            }
            if (!process.coroutines.empty() && forks(process.body))
                diags_.error(process.pos, text("a process with coroutines cannot fork: the child would have no event loop",
                                               "有协程的进程不能 fork：子进程没有事件循环"));
        }
    }
    // What `resume` and `release` name; only the thread of the coroutines can.
    void coroutines_resumed(const ProcessDecl& process, const std::vector<Stmt>& body, bool in_thread) {
        for (const Stmt& stmt : body) {
            coroutines_resumed(process, stmt.body, in_thread);
            if (stmt.kind != Kind::resume && stmt.kind != Kind::release) continue;
            if (in_thread) {
                diags_.error(stmt.pos, text("coroutines belong to the main thread; only it and they can '{0}'",
                                            "协程属于主线程；只有它和协程自己可以 “{0}”",
                                            {stmt.kind == Kind::resume ? "resume" : "release"}));
                continue;
            }
            coroutine_named(process, stmt);
        }
    }
    void coroutine_named(const ProcessDecl& process, const Stmt& stmt) {
        const std::size_t slash = stmt.name.find('/');
        const std::string name = stmt.name.substr(0, slash);
        const std::string number = slash == std::string::npos ? "1" : stmt.name.substr(slash + 1);
        std::vector<std::string_view> known;
        for (const CoroutineDecl& c : process.coroutines) {
            known.push_back(c.name);
            if (c.name != name) continue;
            const bool is_number = !number.empty() && number.size() < 9 &&
                                   std::all_of(number.begin(), number.end(), [](char d) { return d >= '0' && d <= '9'; });
            if (!is_number || std::stoll(number) < 1 || std::stoll(number) > c.copies)
                diags_.error(stmt.name_pos, text("there is no '{0}': '{1}' has copies 1 to {2}", "没有 “{0}”：“{1}” 的编号是 1 到 {2}",
                                                 {stmt.name, name, std::to_string(c.copies)}));
            else if (!c.suspended && stmt.kind == Kind::resume)
                diags_.error(stmt.name_pos, text("'{0}' runs by itself; to resume it by name write: coroutine {0} suspended",
                                                 "“{0}” 会自己运行；要按名字恢复它，请写：coroutine {0} suspended", {name}));
            return;
        }
        if (known.empty() || nearest(name, known).empty())
            diags_.error(stmt.name_pos, text("this process has no coroutine '{0}'; declare it there: coroutine {0} suspended { yield }",
                                             "这个进程没有协程 “{0}”；请在其中声明：coroutine {0} suspended { yield }", {name}));
        else
            unknown_name(stmt.name_pos, name, text("coroutine", "协程"), known, {});
    }
    void thread_model(const ProcessDecl& process) {
        if (process.model.is_library() && process.kernel_thread)
            diags_.error(process.pos, text("a kernel thread has no user mode, so no thread library", "内核线程没有用户态，也就没有线程库"));
        if (!process.model.is_library()) return;
        if (!process.coroutines.empty())
            diags_.error(process.coroutines.front().pos,
                         text("a process with a thread library (threads n:1 or m:n) has no coroutines beside; make them threads",
                              "使用线程库（threads n:1 或 m:n）的进程不能另有协程；请把它们写成线程"));
        for (const SyncDecl& s : process.syncs)
            if (s.pi)
                diags_.error(s.pos, text("priority inheritance is the kernel's; it knows nothing of user-level threads: write threads 1:1",
                                         "优先级继承由内核完成，而内核不知道用户级线程；请写 threads 1:1"));
        const auto no_tasks = [&](const std::vector<Stmt>& body, const auto& again) -> void {
            for (const Stmt& s : body) {
                if (s.kind == Kind::fork || s.kind == Kind::vfork || s.kind == Kind::clone)
                    diags_.error(s.pos, text("a process with a thread library cannot fork or clone here: the child would have a "
                                             "copy of all its threads and no scheduler",
                                             "使用线程库的进程不能在此 fork 或 clone：子进程会带着所有线程的副本，却没有调度器"));
                again(s.body, again);
            }
        };
        no_tasks(process.body, no_tasks);
        for (const ThreadDecl& t : process.threads) {
            no_tasks(t.body, no_tasks);
            if (t.nice || t.sched || t.cpus != 0 || t.priority != kNoPriority || t.tickets != 0)
                diags_.warning(t.pos, text("the kernel does not know this thread: nice, policy, priority, tickets and cpu count "
                                           "for kernel threads only (threads 1:1)",
                                           "内核不认识这个线程：nice、policy、priority、tickets、cpu 只对内核线程有效（threads 1:1）"));
        }
    }
    static bool forks(const std::vector<Stmt>& body) {
        return std::any_of(body.begin(), body.end(),
                           [](const Stmt& s) { return s.kind == Kind::fork || forks(s.body); });
    }
    void coroutine_uses(const ProcessDecl& process, const CoroutineDecl& c, const std::vector<Stmt>& body, int loops) {
        for (const Stmt& stmt : body) {
            const int inside = loops + (stmt.kind == Kind::repeat && stmt.count >= 0 ? 1 : 0);
            if (inside > 4) {
                diags_.error(stmt.pos, text("a coroutine can nest 4 counted loops at the most",
                                            "协程最多嵌套 4 层计数循环"));
                continue;
            }
            if (stmt.kind == Kind::accept && find_clients(stmt.name) == nullptr)
                unknown_thing(stmt.name_pos, stmt.name, text("clients", "客户端"), "clients " + stmt.name + " on eth0");
            if (stmt.kind == Kind::wait && stmt.name.empty())
                diags_.error(stmt.pos, text("a coroutine waits for a condition: wait NAME", "协程等待的是条件：wait 名字"));
            const bool is_channel = stmt.kind == Kind::read || stmt.kind == Kind::write || stmt.kind == Kind::fsync;
            if (is_channel && find_clients(stmt.name) == nullptr)
                channel(stmt, {.process = static_cast<std::size_t>(&process - s_.processes.data()), .task = 0,
                               .is_single = false, .is_child = false});
            coroutine_uses(process, c, stmt.body, inside);
        }
    }

    void add_disk() {
        DeviceDecl disk;
        disk.name = std::string(kDisk);
        disk.block = true;
        disk.latency.a = kDiskLatency;
        disk.irq = kDiskIrq;
        const auto is_taken = [&](const DeviceDecl& device) { return device.irq == disk.irq; };
        while (std::any_of(s_.devices.begin(), s_.devices.end(), is_taken)) ++disk.irq;
        s_.devices.push_back(std::move(disk));
        things_.emplace(kDisk, SourcePos{});
    }

    // A pipe that is read but never written keeps its readers for ever; so does one that only the
    // reader itself would write, later.
    void pipes_nobody_writes() {
        for (const auto& [name, uses] : pipe_uses_) {
            const PipeUse* writer = nullptr;
            bool is_only_writer = true;
            for (const PipeUse& use : uses) {
                if (use.stmt->kind != Kind::write) continue;
                is_only_writer &= writer == nullptr || writer->owner == use.owner;
                writer = &use;
            }
            std::set<std::pair<std::size_t, std::size_t>> begun;  // tasks that used the pipe before
            for (const PipeUse& use : uses) {
                const bool is_first = begun.emplace(use.owner.process, use.owner.task).second;
                if (use.stmt->kind != Kind::read) continue;
                if (writer == nullptr) {
                    diags_.warning(use.stmt->name_pos,
                                   text("nobody writes to '{0}', so this waits for ever",
                                        "没有人写 “{0}”，这里会永远等待", {name}));
                } else if (is_first && is_only_writer && writer->owner == use.owner &&
                           use.owner.is_single) {
                    diags_.error(
                        use.stmt->name_pos,
                        text("this waits for itself: only this task writes to '{0}', and only "
                             "after this",
                             "它在等待自己：只有这个任务写 “{0}”，而且在这之后才写", {name}));
                }
            }
        }
    }

    void totals() {
        std::int64_t tasks = 0;
        for (const ProcessDecl& process : s_.processes) {
            std::int64_t each = 1;
            for (const ThreadDecl& thread : process.threads) each += thread.copies;
            tasks += std::min(each, limits::tasks + 1) * process.copies;
            if (tasks <= limits::tasks) continue;
            diags_.error(
                process.pos,
                text("with this there are more than the limit of {0} tasks in one scenario",
                     "到这里任务数超过了一个场景的上限 {0} 个", {std::to_string(limits::tasks)}));
            return;
        }
    }

    void pids() {
        std::map<Pid, SourcePos> seen;
        for (const ProcessDecl& process : s_.processes) {
            if (!process.pid) continue;
            const auto [at, is_new] = seen.emplace(*process.pid, process.pos);
            if (is_new) continue;
            diags_.error(process.pos,
                         text("pid {0} is taken already by the process in line {1}",
                              "pid {0} 已经被第 {1} 行的进程用了",
                              {std::to_string(*process.pid), std::to_string(at->second.line)}));
        }
    }

    void interrupts() {
        std::map<std::int32_t, const DeviceDecl*> lines;
        for (const DeviceDecl& device : s_.devices) {
            if (device.cpu) affinity(std::uint64_t{1} << *device.cpu, device.pos);
            affinity(device.smp_affinity, device.pos);
            if (device.irq < 0) continue;
            const auto [at, is_new] = lines.emplace(device.irq, &device);
            if (is_new) continue;
            const auto is_level = [](const DeviceDecl& d) { return d.level || d.threaded; };
            if (device.shared && at->second->shared && is_level(device) == is_level(*at->second)) continue;
            if (device.shared || at->second->shared) {
                diags_.error(device.pos,
                             text("interrupt line {0} can be shared with '{1}' only if both say 'shared' and are "
                                  "triggered alike (both level, or both edge)",
                                  "中断线 {0} 只有在双方都写 shared、触发方式相同（都是 level 或都是边沿）时才能与 “{1}” 共享",
                                  {std::to_string(device.irq), at->second->name}));
                continue;
            }
            diags_.error(device.pos, text("interrupt line {0} belongs to '{1}' already",
                                          "中断线 {0} 已经属于 “{1}”",
                                          {std::to_string(device.irq), at->second->name}));
        }
    }

    void affinity(std::uint64_t cpus, SourcePos pos) {
        if (cpus == 0 || !has_sure_cpus_) return;
        const std::int32_t count = s_.machine.cpus;
        if (count == 64 || (cpus >> count) == 0) return;
        int cpu = 63;
        while ((cpus >> cpu & 1) == 0) --cpu;
        diags_.error(
            pos, text("there is no CPU {0}; this machine has {1} (numbered from 0), see: machine { "
                      "cpus {2} }",
                      "没有 CPU {0}；这台机器有 {1} 个（从 0 编号），可写：machine { cpus {2} }",
                      {std::to_string(cpu), std::to_string(count), std::to_string(cpu + 1)}));
    }

    void known_group(const std::string& name, SourcePos pos) {
        std::vector<std::string_view> known;
        for (const GroupDecl& group : s_.groups) known.push_back(group.name);
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        const Text kind = text("group", "组");
        const std::string meant = nearest(name, known);
        if (!meant.empty())
            diags_.error(pos, did_you_mean(kind, name, meant), meant);
        else
            diags_.error(pos, text("unknown group '{0}'; declare it at the top of the file: group {0} weight 100",
                                   "未知的组 “{0}”；请在文件顶层声明：group {0} weight 100", {name}));
    }

    // Groups are what the fair class schedules; other policies see only the tasks.
    void groups() {
        if (s_.groups.empty() || s_.machine.scheduler == "cfs" || s_.machine.scheduler == "eevdf") return;
        diags_.warning(s_.groups.front().pos,
                       text("scheduler {0} knows no groups; cfs and eevdf do", "调度器 {0} 不认识组；cfs 和 eevdf 认识", {s_.machine.scheduler}));
    }

    void settable(const TimedAction& action) {
        Operand reg;
        if (find_register(action.name, reg)) {
            if (reg.bytes == 8) return;
            diags_.error(action.pos, text("set the whole register: {0}", "请设置整个寄存器：{0}", {register_name(reg.reg, 8)}),
                         {});
            return;
        }
        if (action.name == "rip" || action.name == "rflags") return;
        const std::size_t plus = action.name.find('+');
        const std::string variable = action.name.substr(0, plus);
        const std::uint64_t offset = plus == std::string::npos ? 0 : std::strtoull(action.name.c_str() + plus + 1, nullptr, 10);
        if (variable.starts_with("0x")) {
            const std::uint64_t address = std::strtoull(variable.c_str(), nullptr, 16) + offset;
            if (address % 8 != 0 || address >= std::uint64_t{1} << 47)
                diags_.error(action.pos, text("the address of a word in user space is a multiple of 8 below 0x800000000000",
                                              "用户空间中一个字的地址是 8 的倍数，且小于 0x800000000000"));
            return;
        }
        std::uint64_t words = 0;
        for (const ProcessDecl& process : s_.processes) {
            words = std::max(words, words_of(process.body, variable));
            for (const ThreadDecl& thread : process.threads) words = std::max(words, words_of(thread.body, variable));
        }
        if (words > 0 && (offset % 8 != 0 || offset >= 8 * words)) {
            diags_.error(action.pos, text("'{0}' has {1} words; the offset is a multiple of 8 below {2}", "“{0}” 有 {1} 个字；偏移是 8 的倍数且小于 {2}",
                                          {variable, std::to_string(words), std::to_string(8 * words)}));
        }
        if (words > 0) return;
        diags_.error(action.pos, text("'{0}' is neither a register nor a variable", "“{0}” 既不是寄存器也不是变量", {action.name}));
    }
    // How many words the variable of that name has, shared or local; 0: there is none.
    static std::uint64_t words_of(const std::vector<Stmt>& body, const std::string& name) {
        std::uint64_t most = 0;
        for (const Stmt& s : body) {
            if ((s.kind == Kind::shared || s.kind == Kind::local) && s.name == name) most = std::max(most, std::uint64_t{s.cpus});
            most = std::max(most, words_of(s.body, name));
        }
        return most;
    }

    void timed(const TimedAction& action) {
        if (s_.machine.until > 0 && action.at > s_.machine.until) {
            diags_.warning(action.pos, text("this never happens: the run ends before (until)",
                                            "这不会发生：运行在此之前就结束了（until）"));
        }
        const bool of_group = action.kind == TimedAction::Kind::weight || action.kind == TimedAction::Kind::quota;
        if (of_group) known_group(action.target, action.target_pos);
        if (action.kind == TimedAction::Kind::move && !action.group.empty()) known_group(action.group, action.pos);
        if (of_group) return;
        if (action.kind == TimedAction::Kind::smp_affinity) affinity(action.cpus, action.pos);
        if (action.kind == TimedAction::Kind::irq || action.kind == TimedAction::Kind::smp_affinity) {
            if (find_device(action.target) == nullptr) {
                unknown_thing(action.target_pos, action.target, text("device", "设备"),
                              "device " + action.target + " irq 5");
            }
        } else if (action.kind != TimedAction::Kind::caption && action.kind != TimedAction::Kind::ctrl) {
            if (!check_task_path(s_, action.target, action.target_pos, diags_)) return;
            if (action.kind == TimedAction::Kind::set) settable(action);
            affinity(action.cpus, action.pos);
            if (action.kind == TimedAction::Kind::stop_kthread) stopped_thread(action);
        }
    }

    // Only kernel threads of the scenario are asked to stop; a process is sent a signal.
    void stopped_thread(const TimedAction& action) {
        const std::string name = action.target.substr(0, action.target.find('/'));
        for (const ProcessDecl& process : s_.processes)
            if (process.name == name && !process.kernel_thread)
                diags_.error(action.target_pos, text("'{0}' is a process: `stop` asks kernel threads to end; send it a signal: kill {0} TERM",
                                                     "“{0}” 是进程：stop 用于请求内核线程结束；请给它发信号：kill {0} TERM", {name}));
    }

    struct PipeUse {
        const Stmt* stmt;
        Owner owner;
    };

    Scenario& s_;
    const ParsedWith& parsed_;
    Diagnostics& diags_;
    const ParseOptions& options_;
    std::map<std::string, SourcePos, std::less<>> things_;  // pipes and devices
    std::map<std::string, std::vector<PipeUse>> pipe_uses_;
    bool has_sure_cpus_ = true;
};

}  // namespace

void check_scenario(Scenario& scenario, const ParsedWith& parsed, Diagnostics& diags,
                    const ParseOptions& options) {
    Checker(scenario, parsed, diags, options).run();
    check_lesson(scenario, diags);
}

void check_timeline(Scenario& scenario, Diagnostics& diags) {
    const ParseOptions options;
    const ParsedWith parsed;
    Checker(scenario, parsed, diags, options).timeline();
}

}  // namespace sy::scn
