#include "sim/scenario/generate.h"

#include <algorithm>
#include <array>

#include "sim/model/task.h"
#include "sim/program/program.h"
#include "sim/scenario/dice.h"
#include "sim/scenario/generate_asm.h"
#include "sim/scenario/generate_work.h"
#include "sim/scenario/write.h"

namespace sy {
namespace {

using Kind = Stmt::Kind;
using scn::Dice;

// Where a program is being written: which thread of which process, and how deep.
struct Where {
    const ProcessDecl* process;
    bool is_main = true;
    bool is_child = false;  // of a fork
    int depth = 0;
};

class Writer {
  public:
    Writer(std::uint64_t seed, const RandomOptions& options) : seed_(seed), dice_(seed), more_(seed * 31 + 7), options_(options) {}

    Scenario write() {
        machine();
        if (options_.smp) smp_machine();
        things();
        if (options_.tasks) {
            ProcessDecl program;
            program.name = "prog";
            program.only_program = true;
            program.body = {run()};
            out_.processes.push_back(std::move(program));
        }
        const int count = dice_.between(1, options_.max_processes);
        for (int i = 0; i < count; ++i) process("p" + std::to_string(i + 1));
        if (options_.kernel_threads && dice_.one_in(2)) kernel_thread();
        if (options_.timeline) timeline();
        if (options_.smp) smp_places();
        if (options_.kernel_threads && dice_.one_in(2)) scn::add_random_work(out_, dice_, options_.longest);
        if (options_.user_threads) thread_libraries();
        if (options_.instructions) scn::add_random_instructions(out_, seed_);
        return std::move(out_);
    }

  private:
    // Processes whose threads a library could carry get one, one by one of each kind.
    void thread_libraries() {
        for (ProcessDecl& p : out_.processes) {
            const bool has_pi = std::any_of(p.syncs.begin(), p.syncs.end(), [](const SyncDecl& s) { return s.pi; });
            if (p.kernel_thread || p.only_program || has_pi || makes_tasks(p.body)) continue;
            if (std::any_of(p.threads.begin(), p.threads.end(), [](const ThreadDecl& t) { return makes_tasks(t.body); })) continue;
            ThreadModel& m = p.model;
            m.kind = more_.one_in(2) ? ThreadModel::Kind::many_to_one : ThreadModel::Kind::many_to_many;
            if (m.kind == ThreadModel::Kind::many_to_many) m.carriers = more_.between(1, 4);
            m.hooked = more_.one_in(2);
        }
    }
    static bool makes_tasks(const std::vector<Stmt>& body) {
        return std::any_of(body.begin(), body.end(), [](const Stmt& s) {
            return s.kind == Kind::fork || s.kind == Kind::vfork || s.kind == Kind::clone || makes_tasks(s.body);
        });
    }

    void machine() {
        MachineDecl& machine = out_.machine;
        constexpr std::array<std::int32_t, 4> kHz = {100, 250, 300, 1000};
        machine.cpus = dice_.between(1, options_.max_cpus);
        machine.hz = kHz[dice_.below(kHz.size())];
        machine.scheduler = std::string(dice_.pick(options_.schedulers));
        if (machine.scheduler == "rr" && dice_.one_in(2)) {
            machine.scheduler_options.emplace_back("quantum",
                                                   write_duration(dice_.between(1, 9) * kMilli));
        }
        machine.costs_ideal = dice_.one_in(4);
        machine.preempt = static_cast<MachineDecl::Preempt>(dice_.below(3));
        machine.seed = dice_.below(1'000'000);
        machine.until = options_.until;
    }

    // Who shares what, groups, tunables. Their own dice: what else is in the scenario does not depend on them.
    void smp_machine() {
        MachineDecl& machine = out_.machine;
        if (more_.one_in(5)) machine.preempt = MachineDecl::Preempt::lazy;
        static constexpr TopologyDecl shapes[] = {{.nodes = 1, .llc = 1, .cores = 2, .smt = 2, .pos = {}},
                                                  {.nodes = 2, .llc = 1, .cores = 2, .smt = 1, .pos = {}},
                                                  {.nodes = 1, .llc = 2, .cores = 1, .smt = 2, .pos = {}},
                                                  {.nodes = 2, .llc = 1, .cores = 2, .smt = 2, .pos = {}}};
        if (more_.one_in(3)) {
            const TopologyDecl& t = shapes[more_.below(std::size(shapes))];
            const int cpus = t.nodes * t.llc * t.cores * t.smt;
            if (cpus <= options_.max_cpus) {
                machine.topology = t;
                machine.cpus = cpus;
            }
        }
        if (machine.scheduler == "cfs" && more_.one_in(2)) machine.scheduler = "eevdf";
        is_fair_ = machine.scheduler == "cfs" || machine.scheduler == "eevdf";
        if (!is_fair_) return;
        auto& set = machine.scheduler_options;
        if (more_.one_in(3)) set.emplace_back("hrtick", "on");
        if (more_.one_in(6)) set.emplace_back("migration_cost_ns", "0");
        if (more_.one_in(6)) set.emplace_back("nr_migrate", "2");
        if (more_.one_in(6)) set.emplace_back("wa_idle", "off");
        if (more_.one_in(6)) set.emplace_back("tunable_scaling", "none");
        if (machine.scheduler == "cfs" && more_.one_in(4)) set.emplace_back("sched_child_runs_first", "1");
        if (machine.scheduler == "cfs" && more_.one_in(4)) set.emplace_back("next_buddy", "on");
        if (machine.scheduler == "eevdf" && more_.one_in(4)) set.emplace_back("delay_dequeue", "off");
        machine.autogroup = more_.one_in(4);
        for (int i = more_.one_in(3) ? more_.between(1, 4) : 0; i > 0; --i) {
            GroupDecl group;
            group.name = "g" + std::to_string(out_.groups.size() + 1);
            if (!out_.groups.empty() && more_.one_in(2)) group.parent = static_cast<std::int32_t>(out_.groups.size()) - 1;
            if (more_.one_in(2)) group.weight = more_.between(1, 1000);
            if (more_.one_in(2)) {
                group.period = more_.between(1, 5) * 10 * kMilli;
                group.quota = more_.between(1, 30) * kMilli;
            }
            out_.groups.push_back(std::move(group));
        }
    }
    void smp_places() {
        if (!is_fair_) return;
        for (ProcessDecl& process : out_.processes) {
            if (process.only_program || process.kernel_thread) continue;
            if (!out_.groups.empty() && more_.one_in(2))
                process.group = static_cast<std::int32_t>(more_.below(out_.groups.size()));
            else if (out_.machine.autogroup && more_.one_in(2))
                process.session = more_.between(1, 4);
        }
        if (!options_.timeline || out_.groups.empty()) return;
        for (int i = more_.between(0, 3); i > 0; --i) {
            TimedAction action;
            action.at = static_cast<Nanos>(more_.below(static_cast<std::uint64_t>(options_.until))) / 1000 * 1000;
            const GroupDecl& group = more_.pick(out_.groups);
            const ProcessDecl& process = more_.pick(out_.processes);
            action.target = group.name;
            switch (more_.below(3)) {
                case 0:
                    action.kind = TimedAction::Kind::weight;
                    action.value = more_.between(1, 10'000);
                    break;
                case 1:
                    action.kind = TimedAction::Kind::quota;
                    action.period = 20 * kMilli;
                    action.quota = more_.between(0, 30) * kMilli;
                    if (action.quota == 0) action.period = 0;
                    break;
                default:
                    if (process.only_program || process.kernel_thread) continue;
                    action.kind = TimedAction::Kind::move;
                    action.target = process.name + (process.copies > 1 ? "/1" : "");
                    if (!more_.one_in(3)) action.group = group.name;
                    break;
            }
            out_.timeline.push_back(std::move(action));
        }
        std::stable_sort(out_.timeline.begin(), out_.timeline.end(),
                         [](const TimedAction& a, const TimedAction& b) { return a.at < b.at; });
    }

    void things() {
        out_.devices.push_back({.name = "kbd",
                                .pos = {},
                                .irq = 1,
                                .every = dist(),
                                .at = {},
                                .latency = {},
                                .block = false,
                                .cpu = {}});
        out_.devices.push_back({.name = "nic",
                                .pos = {},
                                .irq = 11,
                                .every = {},
                                .at = {},
                                .latency = {},
                                .block = false,
                                .cpu = cpu()});
        for (int i = dice_.between(1, 4); i > 0; --i) out_.devices.back().at.push_back(moment());
        out_.devices.push_back({.name = "disk",
                                .pos = {},
                                .irq = 14,
                                .every = {},
                                .at = {},
                                .latency = dist(),
                                .block = true,
                                .cpu = {}});
        has_bottom_halves_ = options_.interrupts && dice_.one_in(2);
        if (has_bottom_halves_) bottom_halves();
        out_.pipes.push_back({.name = "q", .pos = {}, .capacity = dice_.one_in(2) ? 65'536 : 512});
        // Somebody feeds the pipe and somebody empties it, whatever the others do.
        out_.processes.push_back(fixed(
            "feeder", {statement(Kind::write, "q", 64), run(), statement(Kind::write, "q", 64)}));
        out_.processes.push_back(fixed(
            "eater", {statement(Kind::read, "q", 32), run(), statement(Kind::read, "q", 32)}));
    }

    DeviceDecl device(std::string name, std::int32_t irq) {
        DeviceDecl out;
        out.name = std::move(name);
        out.irq = irq;
        out.every = dist();
        return out;
    }
    Nanos brief() { return any_time() / 10 + 1; }
    static Dist fixed_time(Nanos time) { return {.kind = Dist::Kind::fixed, .a = time, .b = 0}; }

    // Each kind of bottom half, and lines of each kind.
    void bottom_halves() {
        DeviceDecl net = device("eth0", 16);
        net.raises = 3;
        net.work = fixed_time(brief() / 4);
        net.packets = dice_.one_in(4) ? dice_.between(60, 90) : dice_.between(1, 3);
        if (dice_.one_in(2)) net.handler = fixed_time(brief());
        if (dice_.one_in(2)) net.smp_affinity = cpus();
        out_.devices.push_back(std::move(net));
        DeviceDecl card = device("card", 17);
        card.tasklet = dice_.one_in(2) ? "slow" : "quick";
        card.level = dice_.one_in(2);
        out_.devices.push_back(std::move(card));
        DeviceDecl pad = device("pad", 18);
        if (dice_.one_in(2)) pad.threaded = fixed_time(brief());
        pad.level = dice_.one_in(2);
        pad.shared = true;
        DeviceDecl pen = device("pen", 18);
        pen.level = pad.level || pad.threaded.has_value();
        pen.shared = true;
        pen.raises = static_cast<std::int8_t>(dice_.below(10));
        pen.work = fixed_time(brief());
        if (dice_.one_in(3)) {
            pen.handler = fixed_time(brief());
            pen.enables_irqs = true;
        }
        out_.devices.push_back(std::move(pad));
        out_.devices.push_back(std::move(pen));
        for (const bool hi : {false, true}) {
            TaskletDecl tasklet;
            tasklet.name = hi ? "quick" : "slow";
            tasklet.hi = hi;
            Stmt work = statement(Kind::run, "");
            work.time = fixed_time(brief());
            tasklet.body = {std::move(work)};
            if (dice_.one_in(2)) tasklet.body.push_back(call(KernelCall::raise_softirq, ""));
            out_.tasklets.push_back(std::move(tasklet));
        }
    }

    Stmt call(KernelCall which, std::string name) {
        Stmt out = statement(Kind::kernel_call, std::move(name));
        out.call = which;
        if (which == KernelCall::raise_softirq) {
            out.count = static_cast<std::int64_t>(dice_.below(10));
            out.time = fixed_time(brief());
        }
        return out;
    }

    // What a driver's code does: nothing sleeps inside what it disables.
    std::vector<Stmt> kernel_code() {
        std::vector<Stmt> out;
        for (int i = dice_.between(1, 3); i > 0; --i) {
            Stmt work = statement(Kind::run, "");
            work.time = fixed_time(brief());
            switch (dice_.below(7)) {
                case 0:
                    wrapped(out, KernelCall::local_bh_disable, KernelCall::local_bh_enable, std::move(work));
                    break;
                case 1:
                    wrapped(out, KernelCall::local_irq_disable, KernelCall::local_irq_enable, std::move(work));
                    break;
                case 2:
                    wrapped(out, KernelCall::preempt_disable, KernelCall::preempt_enable, std::move(work));
                    break;
                case 3: {
                    const std::string which = dice_.one_in(2) ? "slow" : "quick";
                    out.push_back(call(KernelCall::tasklet_disable, which));
                    out.push_back(call(KernelCall::tasklet_schedule, which));
                    out.push_back(call(KernelCall::tasklet_enable, which));
                    out.push_back(std::move(work));
                    break;
                }
                case 4: {
                    const auto which = dice_.pick<std::string>({"eth0", "pad", "kbd"});
                    out.push_back(call(KernelCall::disable_irq, which));
                    out.push_back(std::move(work));
                    out.push_back(call(KernelCall::enable_irq, which));
                    break;
                }
                default:
                    out.push_back(call(KernelCall::raise_softirq, ""));
                    out.push_back(call(KernelCall::tasklet_schedule, dice_.one_in(2) ? "slow" : "quick"));
                    break;
            }
        }
        return out;
    }
    void wrapped(std::vector<Stmt>& out, KernelCall open, KernelCall close, Stmt work) {
        out.push_back(call(open, ""));
        out.push_back(std::move(work));
        out.push_back(call(dice_.one_in(2) ? KernelCall::raise_softirq : KernelCall::tasklet_schedule, "slow"));
        if (out.back().call == KernelCall::raise_softirq) out.back().name.clear();
        out.push_back(call(close, ""));
    }

    static Stmt statement(Kind kind, std::string name, std::int64_t count = 0) {
        Stmt stmt;
        stmt.kind = kind;
        stmt.name = std::move(name);
        stmt.count = count;
        return stmt;
    }

    Stmt run() {
        Stmt stmt = statement(Kind::run, "");
        stmt.time = dist();
        return stmt;
    }

    ProcessDecl fixed(std::string name, std::vector<Stmt> body) {
        ProcessDecl process;
        process.name = std::move(name);
        process.body = std::move(body);
        process.arrive = dice_.one_in(2) ? dist() : Dist{};
        return process;
    }

    Nanos moment() {
        return static_cast<Nanos>(dice_.below(static_cast<std::uint64_t>(options_.until))) / 1000 *
               1000;
    }

    // Never 0, and often one of a few round values, so that things fall on the same instant.
    Nanos any_time() {
        if (dice_.one_in(2)) return std::min<Nanos>(options_.longest, dice_.between(1, 3) * kMilli);
        return 1 + static_cast<Nanos>(dice_.below(static_cast<std::uint64_t>(options_.longest)));
    }

    Dist dist() {
        const Nanos a = any_time();
        if (!options_.random_times || !dice_.one_in(3))
            return {.kind = Dist::Kind::fixed, .a = a, .b = 0};
        if (dice_.one_in(2)) return {.kind = Dist::Kind::exp, .a = a, .b = 0};
        return {.kind = Dist::Kind::uniform, .a = a, .b = a + any_time()};
    }

    CpuId cpu() {
        return static_cast<CpuId>(dice_.below(static_cast<std::uint64_t>(out_.machine.cpus)));
    }
    std::uint64_t cpus() { return std::uint64_t{1} << cpu() | std::uint64_t{1} << cpu(); }
    int nice() { return dice_.between(-20, 19); }

    void process(std::string name) {
        ProcessDecl process;
        process.name = std::move(name);
        process.syncs = {{.kind = SyncDecl::Kind::mutex, .name = "pim", .pos = {}, .count = 0, .pi = true},
                         {.kind = SyncDecl::Kind::cond, .name = "c", .pos = {}, .count = 0},
                         {.kind = SyncDecl::Kind::cond, .name = "d", .pos = {}, .count = 0, .pi = false, .requeue = true},
                         {.kind = SyncDecl::Kind::barrier, .name = "b", .pos = {}, .count = 1 + dice_.between(0, 2)},
                         {.kind = SyncDecl::Kind::rwlock, .name = "table", .pos = {}},
                         {.kind = SyncDecl::Kind::semaphore, .name = "s", .pos = {}, .count = dice_.between(0, 2)}};
        process.copies = dice_.one_in(3) ? dice_.between(2, 4) : 1;
        process.nice = dice_.one_in(2) ? nice() : 0;
        if (dice_.one_in(5)) process.sched = sched_params();
        if (dice_.one_in(4)) process.pid = 1000 + 100 * static_cast<Pid>(out_.processes.size());
        if (dice_.one_in(2)) process.arrive = dist();
        if (dice_.one_in(8)) process.arrives_after = true;
        if (dice_.one_in(4)) process.cpus = cpus();
        for (int i = dice_.between(0, options_.max_threads); i > 0; --i) {
            ThreadDecl thread;
            thread.name = "t" + std::to_string(i);
            thread.copies = dice_.one_in(3) ? 2 : 1;
            if (dice_.one_in(3)) thread.nice = nice();
            if (dice_.one_in(6)) thread.sched = sched_params();
            if (dice_.one_in(4)) thread.cpus = cpus();
            process.threads.push_back(std::move(thread));
        }
        // A thread that signals what others wait for; it must exist before their bodies are
        // written.
        ThreadDecl signaller;
        signaller.name = "signaller";
        signaller.body = {run(), statement(Kind::signal, "s"), run(), statement(Kind::signal, "s")};
        process.threads.push_back(std::move(signaller));
        for (std::size_t i = 0; i + 1 < process.threads.size(); ++i) {
            process.threads[i].body =
                block({.process = &process, .is_main = false, .is_child = false, .depth = 0});
        }
        process.body = block({.process = &process, .is_main = true, .is_child = false, .depth = 0});
        // So that `wait` has somebody to wait for.
        Stmt fork = statement(Kind::fork, dice_.one_in(2) ? "child" : "");
        fork.body = {run()};
        process.body.insert(process.body.begin(), std::move(fork));
        out_.processes.push_back(std::move(process));
    }

    void kernel_thread() {
        ProcessDecl process = fixed("scrubber", {});
        process.kernel_thread = true;
        process.nice = nice();
        Stmt loop = statement(Kind::repeat, "", options_.endless ? -1 : 5);
        Stmt sleep = statement(Kind::sleep, "");
        sleep.time = dist();
        loop.body = {std::move(sleep), run()};
        if (has_bottom_halves_) {
            for (Stmt& each : kernel_code()) loop.body.push_back(std::move(each));
        }
        if (dice_.one_in(2)) loop.body.push_back(statement(Kind::yield, ""));
        process.body = {std::move(loop)};
        out_.processes.push_back(std::move(process));
    }

    // The statements of a block. What never goes on comes last.
    std::vector<Stmt> block(const Where& where) {
        std::vector<Stmt> body = {run()};
        for (int i = dice_.between(1, options_.max_statements); i > 0; --i) add(body, where);
        if (where.depth > 0) return body;
        if (options_.endless && dice_.one_in(4)) {
            const bool is_every = dice_.one_in(2);
            Stmt loop = statement(is_every ? Kind::every : Kind::repeat, "", is_every ? 0 : -1);
            if (is_every) loop.time = dist();
            loop.body = block(inside(where));
            body.push_back(std::move(loop));
        } else if (dice_.one_in(3)) {
            // One draw a statement: the order of arguments is the compiler's choice.
            const bool is_of_process = where.is_main || dice_.one_in(4);
            const int status = dice_.between(0, 3);
            body.push_back(statement(Kind::exit, is_of_process ? "" : "thread", status));
        }
        return body;
    }

    static Where inside(Where where) {
        ++where.depth;
        return where;
    }

    void add(std::vector<Stmt>& body, const Where& where) {
        if (options_.tasks && dice_.one_in(4)) return life(body, where);
        constexpr std::array kKinds = {
            Kind::ioctl,
            Kind::run,     Kind::sleep,    Kind::yield,  Kind::read, Kind::write, Kind::fsync,
            Kind::lock,    Kind::wait,     Kind::signal, Kind::join, Kind::fork,  Kind::getpid,
            Kind::setnice, Kind::affinity, Kind::repeat, Kind::run,  Kind::sleep,
            Kind::sched,   Kind::mmap,
            Kind::trylock, Kind::cond_wait, Kind::broadcast, Kind::barrier_wait, Kind::rdlock, Kind::wrlock, Kind::poll};
        const Kind kind = kKinds[dice_.below(kKinds.size())];
        Stmt stmt = statement(kind, "");
        switch (kind) {
            case Kind::run:
            case Kind::sleep:
                stmt.time = dist();
                break;
            case Kind::read:
                stmt.name = dice_.pick<std::string>({"kbd", "nic", "disk", "q"});
                stmt.count = dice_.between(1, 16);
                break;
            case Kind::write:
                stmt.name = dice_.pick<std::string>({"disk", "q"});
                stmt.count = dice_.between(1, 600);
                break;
            case Kind::fsync:
                stmt.name = "disk";
                break;
            case Kind::lock:
                stmt.name = dice_.pick<std::string>({"m", "n"});
                return critical_section(body, std::move(stmt));
            case Kind::wait:
                if (where.is_child || dice_.one_in(2)) stmt.name = "s";
                break;
            case Kind::signal:
                stmt.name = "s";
                break;
            case Kind::join:
                if (!where.is_main || where.is_child) return;
                if (dice_.one_in(2)) stmt.name = dice_.pick(where.process->threads).name;
                break;
            case Kind::fork:
            case Kind::repeat:
                if (where.depth >= 2) return;
                return nested(body, std::move(stmt), where);
            case Kind::mmap:
                return memory(body);
            case Kind::setnice:
                stmt.count = nice();
                break;
            case Kind::affinity:
                stmt.cpus = cpus();
                break;
            case Kind::sched:
                stmt.sched = sched_params();
                break;
            case Kind::ioctl:
                if (!has_bottom_halves_) return;
                stmt.body = kernel_code();
                break;
            case Kind::trylock:
                stmt.name = dice_.pick<std::string>({"m", "n"});
                stmt.body = {run()};
                break;
            case Kind::rdlock:
            case Kind::wrlock:
                stmt.name = "table";
                return critical_section(body, std::move(stmt));
            case Kind::cond_wait:
                return conditional_wait(body, where);
            case Kind::broadcast:
                stmt.name = dice_.pick<std::string>({"c", "d"});
                stmt.kind = dice_.one_in(2) ? Kind::broadcast : Kind::signal;
                break;
            case Kind::barrier_wait:
                if (where.is_child || !dice_.one_in(3)) return;
                stmt.name = "b";
                break;
            case Kind::poll:
                stmt.name = "q";
                break;
            default:
                break;
        }
        body.push_back(std::move(stmt));
    }

    // Signals, clone, exec, wait and job control.
    int signal() {
        constexpr std::array<int, 9> kSignals = {sig::usr1, sig::usr2, sig::usr1, sig::chld, sig::hup,
                                                 sig::cont, sig::tstp, sig::term, 34};
        return kSignals[dice_.below(kSignals.size())];
    }
    std::string target(const Where& where) {
        if (dice_.one_in(3)) return dice_.pick<std::string>({"self", "parent", "child"});
        const ProcessDecl& process = dice_.one_in(2) && !out_.processes.empty() ? dice_.pick(out_.processes)
                                                                               : *where.process;
        return process.only_program ? "self" : process.name;
    }
    void life(std::vector<Stmt>& body, const Where& where) {
        constexpr std::array<Kind, 22> kKinds = {
            Kind::handle, Kind::handle,  Kind::ignore_signal, Kind::default_signal, Kind::mask,    Kind::unmask,
            Kind::kill,   Kind::kill,    Kind::tgkill,        Kind::killpg,         Kind::clone,   Kind::clone,
            Kind::vfork,  Kind::exec,    Kind::waitpid,       Kind::waitid,         Kind::setpgid, Kind::setsid,
            Kind::tcsetpgrp, Kind::subreaper, Kind::umask,    Kind::sigsuspend};
        const Kind kind = kKinds[dice_.below(kKinds.size())];
        Stmt stmt = statement(kind, "");
        switch (kind) {
            case Kind::handle: {
                if (where.depth >= 2) return;
                stmt.count = signal();
                constexpr std::array<std::uint64_t, 4> kFlags = {0, sa_flag::restart, sa_flag::nodefer,
                                                                 sa_flag::resethand};
                stmt.cpus = kFlags[dice_.below(kFlags.size())];
                // No handler sends signals: two that answer each other would fill the stack.
                stmt.body = {run()};
                if (dice_.one_in(3)) stmt.body.push_back(statement(Kind::getpid, ""));
                if (dice_.one_in(4)) {
                    Stmt nap = statement(Kind::sleep, "");
                    nap.time = dist();
                    stmt.body.push_back(std::move(nap));
                }
                break;
            }
            case Kind::ignore_signal:
            case Kind::default_signal:
                stmt.count = signal();
                break;
            case Kind::mask:
            case Kind::unmask:
            case Kind::sigsuspend:
                stmt.cpus = sig::bit(signal());
                break;
            case Kind::kill:
            case Kind::tgkill:
            case Kind::killpg:
                stmt.name = target(where);
                stmt.count = dice_.one_in(8) ? 0 : signal();
                break;
            case Kind::clone: {
                if (where.depth >= 2) return;
                constexpr std::array<std::uint64_t, 11> kBits = {
                    clone_flag::vm, clone_flag::fs, clone_flag::files, clone_flag::vm, clone_flag::sighand,
                    clone_flag::thread, clone_flag::parent, clone_flag::settls, clone_flag::parent_settid,
                    clone_flag::child_cleartid, clone_flag::child_settid};
                for (int i = dice_.between(0, 6); i > 0; --i) stmt.cpus |= kBits[dice_.below(kBits.size())];
                if (dice_.one_in(3)) stmt.cpus |= clone_flag::vm | clone_flag::sighand | clone_flag::thread;
                return nested(body, std::move(stmt), where);
            }
            case Kind::vfork:
                if (where.depth >= 2) return;
                return nested(body, std::move(stmt), where);
            case Kind::exec:
                if (!dice_.one_in(3)) return;
                stmt.name = "prog";
                break;
            case Kind::waitpid:
            case Kind::waitid: {
                if (dice_.one_in(3)) stmt.name = "child";
                constexpr std::array<std::uint64_t, 5> kOptions = {0, kWnohang, kWuntraced, kWcontinued, kWnowait};
                stmt.cpus = kOptions[dice_.below(kOptions.size() - (kind == Kind::waitpid ? 1 : 0))];
                break;
            }
            case Kind::setpgid:
                if (dice_.one_in(2)) stmt.name = "parent";
                break;
            case Kind::tcsetpgrp:
                if (dice_.one_in(2)) stmt.name = "parent";
                break;
            case Kind::umask:
                stmt.count = dice_.between(0, 63);
                break;
            default:
                break;
        }
        body.push_back(std::move(stmt));
    }

    SchedParams sched_params() {
        constexpr std::array<Policy, 6> kPolicies = {Policy::normal, Policy::batch, Policy::idle,
                                                     Policy::fifo,   Policy::rr,    Policy::deadline};
        SchedParams s;
        s.policy = kPolicies[dice_.below(kPolicies.size())];
        if (s.policy == Policy::fifo || s.policy == Policy::rr) s.rt_priority = dice_.between(1, 99);
        if (s.policy == Policy::deadline) {
            s.period = dice_.between(2, 40) * kMilli;
            s.deadline = dice_.one_in(3) ? s.period / 2 : s.period;
            const auto part = dice_.between(2, 12);
            s.runtime = s.deadline / part;
            s.dl_overrun = part == 7;
            s.reclaim = part % 4 == 0;
        }
        if ((s.policy == Policy::normal || s.policy == Policy::batch) && dice_.one_in(2))
            s.runtime = dice_.between(1, 300) * 100 * kMicro;
        s.reset_on_fork = dice_.one_in(5);
        return s;
    }

    // Some memory is mapped and used; now and then in a way that ends in SIGSEGV.
    void memory(std::vector<Stmt>& body) {
        constexpr std::int64_t kPage = 4'096;
        const std::string area = dice_.pick<std::string>({"ma", "mb", "mc"});
        Stmt map = statement(Kind::mmap, area, dice_.between(1, 20) * kPage);
        map.prot = 3;
        map.shared = dice_.one_in(3);
        if (dice_.one_in(4)) map.file = "disk";
        const std::int64_t pages = map.count / kPage;
        body.push_back(std::move(map));
        for (int i = dice_.between(1, 6); i > 0; --i) {
            const std::string where = dice_.one_in(3) ? dice_.pick<std::string>({"heap", "data", "stack"}) : area;
            const std::int64_t page = where == area ? dice_.between(0, static_cast<int>(pages) - 1) : 0;
            switch (dice_.below(9)) {
                case 0:
                case 1: body.push_back(statement(Kind::load, where, page)); break;
                case 2:
                case 3: body.push_back(statement(Kind::store, where, page)); break;
                case 4: body.push_back(statement(Kind::touch, area, dice_.between(1, static_cast<int>(pages)) * kPage)); break;
                case 5: {
                    Stmt protect = statement(Kind::mprotect, area);
                    protect.prot = static_cast<std::uint8_t>(dice_.one_in(4) ? 1 : 3);
                    body.push_back(std::move(protect));
                    break;
                }
                case 6: body.push_back(statement(Kind::brk, "", dice_.between(1, 9) * kPage * (dice_.one_in(2) ? 1 : -1))); break;
                case 7: body.push_back(statement(Kind::recurse, "", dice_.between(1, 40) * kPage)); break;
                default:
                    body.push_back(dice_.one_in(8) ? statement(Kind::store, dice_.pick<std::string>({"null", "text", "kernel"}))
                                                   : statement(Kind::munmap, area));
                    if (body.back().kind == Kind::munmap) return;
                    break;
            }
        }
    }

    void critical_section(std::vector<Stmt>& body, Stmt lock) {
        Stmt unlock = statement(Kind::unlock, lock.name);
        body.push_back(std::move(lock));
        body.push_back(run());
        body.push_back(std::move(unlock));
    }

    // Sometimes with nobody left to signal: then it sleeps on, which is legal.
    void conditional_wait(std::vector<Stmt>& body, const Where& where) {
        if (where.is_child) return;
        const bool second = dice_.one_in(2);
        Stmt wait = statement(Kind::cond_wait, second ? "d" : "c");
        wait.other = second ? "n" : "m";
        body.push_back(statement(Kind::lock, wait.other));
        const std::string mutex = wait.other;
        body.push_back(std::move(wait));
        body.push_back(statement(Kind::unlock, mutex));
    }

    void nested(std::vector<Stmt>& body, Stmt stmt, Where where) {
        ++where.depth;
        if (stmt.kind == Kind::repeat) {
            stmt.count = dice_.between(1, 4);
        } else {
            where.is_child = true;
        }
        stmt.body = block(where);
        body.push_back(std::move(stmt));
    }

    void timeline() {
        for (int i = dice_.between(0, 6); i > 0; --i) {
            TimedAction action;
            action.at = moment();
            const ProcessDecl& process = dice_.pick(out_.processes);
            if (process.only_program) continue;
            action.target = process.name;
            if (process.copies > 1) action.target += "/1";
            switch (dice_.below(options_.tasks ? 9 : 6)) {
                case 8:
                    if (!has_bottom_halves_) continue;
                    action.kind = TimedAction::Kind::smp_affinity;
                    action.target = dice_.one_in(2) ? "eth0" : "kbd";
                    action.cpus = cpus();
                    break;
                case 6:
                    action.kind = TimedAction::Kind::kill;
                    action.value = dice_.one_in(3) ? sig::stop : signal();
                    break;
                case 7:
                    action.kind = dice_.one_in(2) ? TimedAction::Kind::killpg : TimedAction::Kind::ctrl;
                    if (action.kind == TimedAction::Kind::ctrl) action.target.clear();
                    action.value = dice_.one_in(2) ? sig::intr : sig::tstp;
                    break;
                case 0:
                    action.kind = TimedAction::Kind::kill;
                    action.value = dice_.one_in(2) ? 15 : 9;
                    break;
                case 1:
                    action.kind = TimedAction::Kind::setnice;
                    action.value = nice();
                    break;
                case 2:
                    action.kind = TimedAction::Kind::affinity;
                    action.cpus = cpus();
                    break;
                case 4:
                    action.kind = TimedAction::Kind::sched;
                    action.sched = sched_params();
                    break;
                case 3:
                    action.kind = TimedAction::Kind::irq;
                    action.target = dice_.one_in(2) ? "kbd" : "nic";
                    break;
                default:
                    action.kind = TimedAction::Kind::caption;
                    action.target.clear();
                    action.text = "Here.";
                    action.text_zh = "这里。";
                    break;
            }
            out_.timeline.push_back(std::move(action));
        }
        std::stable_sort(out_.timeline.begin(), out_.timeline.end(),
                         [](const TimedAction& a, const TimedAction& b) { return a.at < b.at; });
    }

    std::uint64_t seed_;
    Dice dice_, more_;
    const RandomOptions& options_;
    bool is_fair_ = false;   // cfs or eevdf: the classes with groups
    bool has_bottom_halves_ = false;
    Scenario out_;
};

}  // namespace

Scenario random_scenario(std::uint64_t seed, const RandomOptions& options) {
    return Writer(seed, options).write();
}

}  // namespace sy
