// Every item is written on one line; the formatter then breaks what is too long. So there is one
// opinion about layout in the program, not two.
#include "sim/scenario/lesson.h"
#include "sim/scenario/write.h"

#include <algorithm>
#include <string_view>

#include "sim/scenario/breaks.h"
#include "sim/scenario/schedule_block.h"
#include "sim/scenario/format.h"
#include "sim/model/shared.h"
#include "sim/scenario/asm_verbs.h"
#include "sim/scenario/memory_verbs.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/task_verbs.h"

namespace sy {
namespace {

using Kind = Stmt::Kind;

// Texts have no escapes, so what would end them is replaced.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? '\'' : c == '\n' || c == '\r' ? ' ' : c;
    return out + "\"";
}

std::string bilingual(std::string_view en, std::string_view zh) {
    return zh.empty() ? quoted(en) : quoted(en) + " zh " + quoted(zh);
}

std::string write_dist(const Dist& dist) {
    switch (dist.kind) {
        case Dist::Kind::fixed:
            return write_duration(dist.a);
        case Dist::Kind::uniform:
            return "uniform(" + write_duration(dist.a) + ", " + write_duration(dist.b) + ")";
        case Dist::Kind::exp:
            return "exp(" + write_duration(dist.a) + ")";
    }
    return {};
}

bool is_zero(const Dist& dist) { return dist == Dist{}; }

std::string write_cpus(std::uint64_t cpus) {
    std::string out;
    for (int first = 0; first < 64; ++first) {
        if ((cpus >> first & 1) == 0) continue;
        int last = first;
        while (last < 63 && (cpus >> (last + 1) & 1) != 0) ++last;
        out += (out.empty() ? "" : ", ") + std::to_string(first);
        if (last > first) out += "-" + std::to_string(last);
        first = last;
    }
    return out;
}

std::string write_body(const std::vector<Stmt>& body);

std::string write_kernel_call(const Stmt& stmt) {
    std::string out(kernel_call_name(stmt.call));
    if (stmt.call == KernelCall::raise_softirq) {
        out += " " + std::string(scn::softirq_word(static_cast<int>(stmt.count)));
        if (!is_zero(stmt.time)) out += " " + write_dist(stmt.time);
    }
    return stmt.name.empty() ? out : out + " " + stmt.name;
}

std::string write_stmt(const Stmt& stmt) {
    const std::string count = std::to_string(stmt.count);
    switch (stmt.kind) {
        case Kind::run:
            return "run " + write_dist(stmt.time);
        case Kind::sleep:
            return "sleep " + write_dist(stmt.time);
        case Kind::asm_block:
            return scn::write_asm(stmt);
        case Kind::shared:
        case Kind::local:
            return scn::write_variable(stmt);
        case Kind::yield:
            return "yield";
        case Kind::read:
            return "read " + stmt.name + (stmt.count == 1 ? "" : " " + count);
        case Kind::write:
            return "write " + stmt.name + (stmt.count == 1 ? "" : " " + count);
        case Kind::fsync:
            return "fsync " + stmt.name;
        case Kind::lock:
            return "lock " + stmt.name;
        case Kind::unlock:
            return "unlock " + stmt.name;
        case Kind::wait:
            return stmt.name.empty() ? "wait" : "wait " + stmt.name;
        case Kind::signal:
            return "signal " + stmt.name;
        case Kind::trylock:
            return "trylock " + stmt.name + write_body(stmt.body);
        case Kind::cond_wait:
            return "cond wait " + stmt.name + " " + stmt.other;
        case Kind::broadcast:
            return "broadcast " + stmt.name;
        case Kind::barrier_wait:
            return "barrier wait " + stmt.name;
        case Kind::rdlock:
            return "rdlock " + stmt.name;
        case Kind::wrlock:
            return "wrlock " + stmt.name;
        case Kind::poll:
            return "poll " + stmt.name;
        case Kind::close:
            return std::string(stmt.count == 1 ? "close read " : stmt.count == 2 ? "close write " : "close ") + stmt.name;
        case Kind::join:
            return stmt.name.empty() ? "join" : "join " + stmt.name;
        case Kind::fork:
            return (stmt.name.empty() ? "fork" : "fork " + stmt.name) + write_body(stmt.body);
        case Kind::exit:
            return "exit" + (stmt.name.empty() ? "" : " " + stmt.name) + " " + count;
        case Kind::getpid:
            return "getpid";
        case Kind::accept:
            return "accept " + stmt.name;
        case Kind::resume:
            return "resume " + stmt.name;
        case Kind::release:
            return "release " + stmt.name;
        case Kind::co_poll:
            return "poll " + write_dist(stmt.time);
        case Kind::setnice:
            return "nice " + count;
        case Kind::sched:
            return "chrt " + scn::write_sched_params(stmt.sched);
        case Kind::affinity:
            return "affinity " + write_cpus(stmt.cpus);
        case Kind::queue:
            return "queue " + stmt.name +
                   (stmt.count < 0 ? "" : " cpu " + count) +
                   (stmt.time.a == 0 ? "" : " delay " + write_duration(stmt.time.a));
        case Kind::flush:
            return "flush " + stmt.name;
        case Kind::cancel:
            return "cancel " + stmt.name;
        case Kind::start:
            return "start " + stmt.name;
        case Kind::stop:
            return "stop " + stmt.name;
        case Kind::park:
            return "park " + stmt.name;
        case Kind::unpark:
            return "unpark " + stmt.name;
        case Kind::use_mm:
            return "use_mm " + stmt.name;
        case Kind::unuse_mm:
            return "unuse_mm";
        case Kind::until_stopped:
            return "until_stopped" + write_body(stmt.body);
        case Kind::handle:
            return "sigaction " + signal_name(static_cast<int>(stmt.count)) + scn::write_handler_flags(stmt.cpus) +
                   write_body(stmt.body);
        case Kind::ignore_signal:
            return "ignore " + signal_name(static_cast<int>(stmt.count));
        case Kind::default_signal:
            return "default " + signal_name(static_cast<int>(stmt.count));
        case Kind::mask:
            return "mask" + scn::write_signal_set(stmt.cpus);
        case Kind::unmask:
            return "unmask" + scn::write_signal_set(stmt.cpus);
        case Kind::sigsuspend:
            return "sigsuspend" + scn::write_signal_set(stmt.cpus);
        case Kind::pause:
            return "pause";
        case Kind::kill:
        case Kind::tgkill:
        case Kind::killpg: {
            const std::string verb = stmt.kind == Kind::kill ? "kill " : stmt.kind == Kind::tgkill ? "tgkill " : "killpg ";
            return verb + stmt.name + " " +
                   (stmt.count == 0 ? "0" : signal_name(static_cast<int>(stmt.count)));
        }
        case Kind::clone:
            return "clone" + (stmt.name.empty() ? "" : " " + stmt.name) + scn::write_clone_flags(stmt.cpus) +
                   write_body(stmt.body);
        case Kind::vfork:
            return (stmt.name.empty() ? "vfork" : "vfork " + stmt.name) + write_body(stmt.body);
        case Kind::exec:
            return "exec " + stmt.name;
        case Kind::waitpid:
        case Kind::waitid:
            return (stmt.kind == Kind::waitpid ? "waitpid" : "waitid") + (stmt.name.empty() ? "" : " " + stmt.name) +
                   scn::write_wait_options(stmt.cpus);
        case Kind::setsid:
            return "setsid";
        case Kind::setpgid:
            return stmt.name.empty() ? "setpgid" : "setpgid " + stmt.name;
        case Kind::tcsetpgrp:
            return stmt.name.empty() ? "tcsetpgrp" : "tcsetpgrp " + stmt.name;
        case Kind::subreaper:
            return "subreaper";
        case Kind::umask: {
            std::string octal;
            for (int shift = 6; shift >= 0; shift -= 3) octal += static_cast<char>('0' + (stmt.count >> shift & 7));
            return "umask " + octal;
        }
        case Kind::mmap:
            return "mmap " + stmt.name + " " + count + (stmt.shared ? " shared" : "") +
                   (stmt.prot == 3 ? "" : " " + scn::prot_word(stmt.prot)) +
                   (stmt.file.empty() ? "" : " file " + stmt.file);
        case Kind::munmap:
            return "munmap " + stmt.name;
        case Kind::mprotect:
            return "mprotect " + stmt.name + " " + scn::prot_word(stmt.prot);
        case Kind::brk:
            return "brk " + count;
        case Kind::load:
        case Kind::store:
            return (stmt.kind == Kind::load ? "load " : "store ") + stmt.name + (stmt.count == 0 ? "" : " " + count);
        case Kind::touch:
            return "touch " + stmt.name + " " + count;
        case Kind::recurse:
            return "recurse " + count;
        case Kind::repeat:
            return (stmt.count < 0 ? "forever" : "repeat " + count) + write_body(stmt.body);
        case Kind::every:
            return "every " + write_dist(stmt.time) + write_body(stmt.body);
        case Kind::ioctl:
            return "ioctl" + write_body(stmt.body);
        case Kind::kernel_call:
            return write_kernel_call(stmt);
    }
    return {};
}

std::string write_body(const std::vector<Stmt>& body) {
    std::string out = " {";
    for (const Stmt& stmt : body) out += " " + write_stmt(stmt);
    return out + " }";
}

std::string write_sync(const SyncDecl& decl) {
    switch (decl.kind) {
        case SyncDecl::Kind::mutex:
            return "mutex " + decl.name + (decl.pi ? " pi" : "");
        case SyncDecl::Kind::cond:
            return "cond " + decl.name + (decl.requeue ? " requeue" : "");
        case SyncDecl::Kind::barrier:
            return "barrier " + decl.name + " " + std::to_string(decl.count);
        case SyncDecl::Kind::rwlock:
            return "rwlock " + decl.name;
        case SyncDecl::Kind::semaphore:
            return "semaphore " + decl.name + (decl.count == 0 ? "" : " " + std::to_string(decl.count));
    }
    return {};
}

std::string write_thread(const ThreadDecl& thread) {
    std::string out = "thread " + thread.name;
    if (thread.copies != 1) out += " x" + std::to_string(thread.copies);
    if (thread.nice) out += " nice " + std::to_string(*thread.nice);
    if (thread.sched) out += " policy " + scn::write_sched_params(*thread.sched);
    if (thread.priority != kNoPriority) out += " priority " + std::to_string(thread.priority);
    if (thread.tickets != 0) out += " tickets " + std::to_string(thread.tickets);
    if (thread.cpus != 0) out += " cpu " + write_cpus(thread.cpus);
    return out + write_body(thread.body);
}

std::string write_quota(Nanos quota, Nanos period) {
    return quota == 0 ? "max" : write_duration(quota) + "/" + write_duration(period);
}

// A group with the groups in it; processes name theirs.
std::string write_group(const std::vector<GroupDecl>& groups, std::size_t at) {
    const GroupDecl& group = groups[at];
    std::string out = "group " + group.name;
    if (group.weight != 100) out += " weight " + std::to_string(group.weight);
    if (group.quota != 0) out += " quota " + write_quota(group.quota, group.period);
    std::string inner;
    for (std::size_t i = at + 1; i < groups.size(); ++i)
        if (groups[i].parent == static_cast<std::int32_t>(at)) inner += write_group(groups, i) + " ";
    return inner.empty() ? out : out + " { " + inner + "}";
}

std::string write_groups(const std::vector<GroupDecl>& groups) {
    std::string out;
    for (std::size_t i = 0; i < groups.size(); ++i)
        if (groups[i].parent < 0) out += write_group(groups, i) + "\n";
    return out;
}

std::string write_coroutine(const CoroutineDecl& c) {
    const CoroutineDecl defaults;
    std::string out = "coroutine " + c.name;
    if (c.copies != 1) out += " x" + std::to_string(c.copies);
    if (c.stack != defaults.stack) out += " stack " + std::to_string(c.stack);
    if (c.shared != 0) out += " shared " + std::to_string(c.shared);
    if (c.frame != defaults.frame) out += " frame " + std::to_string(c.frame);
    if (!c.slots_cleared) out += " slots untouched";
    if (c.suspended) out += " suspended";
    return out + write_body(c.body);
}

std::string write_clients(const ClientsDecl& c) {
    std::string out = "clients " + c.name;
    if (c.copies != 1) out += " x" + std::to_string(c.copies);
    out += " on " + c.device;
    if (c.messages != 1) out += " messages " + std::to_string(c.messages);
    if (c.from != 0) out += " from " + write_duration(c.from);
    return out + " every " + write_dist(c.every) + "\n";
}

std::string write_process(const Scenario& scenario, const ProcessDecl& process) {
    std::string out = (process.only_program    ? "program "
                       : process.kernel_thread ? "kthread "
                                               : "process ") +
                      process.name;
    if (process.copies != 1) out += " x" + std::to_string(process.copies);
    if (process.nice != 0) out += " nice " + std::to_string(process.nice);
    if (process.sched != SchedParams{}) out += " policy " + scn::write_sched_params(process.sched);
    if (process.priority != kNoPriority) out += " priority " + std::to_string(process.priority);
    if (process.tickets != 0) out += " tickets " + std::to_string(process.tickets);
    if (process.tty) out += " tty";
    if (process.pid) out += " pid " + std::to_string(*process.pid);
    if (!is_zero(process.arrive) || process.arrives_after)
        out += (process.arrives_after ? " arrive after " : " arrive ") + write_dist(process.arrive);
    if (process.cpus != 0) out += " cpu " + write_cpus(process.cpus);
    if (process.oom_score_adj != 0) out += " oom_score_adj " + std::to_string(process.oom_score_adj);
    if (process.group >= 0) out += " group " + scenario.groups[static_cast<std::size_t>(process.group)].name;
    if (process.session != 1) out += " session " + std::to_string(process.session);
    if (process.model != ThreadModel{}) {
        using Model = ThreadModel::Kind;
        out += process.model.kind == Model::one_to_one    ? " threads 1:1"
               : process.model.kind == Model::many_to_one ? " threads n:1"
                                                          : " threads m:n " + std::to_string(process.model.carriers);
        if (process.model.hooked) out += " hooked on";
    }
    out += " {";
    for (const SyncDecl& decl : process.syncs) out += " " + write_sync(decl);
    for (const ThreadDecl& thread : process.threads) out += " " + write_thread(thread);
    for (const CoroutineDecl& c : process.coroutines) out += " " + write_coroutine(c);
    for (const Stmt& stmt : process.body) out += " " + write_stmt(stmt);
    return out + " }\n";
}

std::string write_workqueue(const WorkqueueDecl& queue) {
    std::string out = "workqueue " + queue.name;
    if (queue.unbound) out += " unbound";
    if (queue.highpri) out += " highpri";
    if (queue.reclaim) out += " reclaim";
    if (queue.max_active != 0) out += " max_active " + std::to_string(queue.max_active);
    return out + "\n";
}

std::string write_work(const WorkDecl& work) {
    const bool is_default = work.queue == WorkDecl{}.queue;
    return "work " + work.name + (is_default ? "" : " on " + work.queue) + write_body(work.body) + "\n";
}

std::string write_device(const DeviceDecl& device) {
    std::string out = "device " + device.name;
    if (device.irq >= 0) out += " irq " + std::to_string(device.irq);
    if (device.every) out += " every " + write_dist(*device.every);
    for (std::size_t i = 0; i < device.at.size(); ++i) {
        out += (i == 0 ? " at " : ", ") + write_duration(device.at[i]);
    }
    if (!is_zero(device.latency)) out += " latency " + write_dist(device.latency);
    if (device.block) out += " block";
    if (device.cpu) out += " cpu " + std::to_string(*device.cpu);
    if (device.smp_affinity != 0) out += " smp_affinity " + write_cpus(device.smp_affinity);
    if (device.level) out += " level";
    if (device.shared) out += " shared";
    if (device.handler) out += " handler " + write_dist(*device.handler);
    if (device.enables_irqs) out += " local_irq_enable";
    if (device.packets != 1) out += " packets " + std::to_string(device.packets);
    if (device.raises >= 0) {
        out += " raises " + std::string(scn::softirq_word(device.raises));
        if (!is_zero(device.work)) out += " " + write_dist(device.work);
    }
    if (!device.tasklet.empty()) out += " tasklet " + device.tasklet;
    if (device.threaded) out += " threaded " + write_dist(*device.threaded);
    return out + "\n";
}

std::string write_machine(const MachineDecl& machine) {
    const MachineDecl defaults;
    if (machine == defaults) return {};
    std::string out;
    const TopologyDecl& t = machine.topology;
    if (t.cores == 0 && machine.cpus != defaults.cpus) out += " cpus " + std::to_string(machine.cpus);
    if (t.cores != 0) {
        out += " topology";
        if (t.nodes != 1) out += " nodes=" + std::to_string(t.nodes);
        if (t.llc != 1) out += " llc=" + std::to_string(t.llc);
        out += " cores=" + std::to_string(t.cores);
        if (t.smt != 1) out += " smt=" + std::to_string(t.smt);
    }
    if (machine.autogroup) out += " autogroup on";
    if (machine.hz != defaults.hz) out += " hz " + std::to_string(machine.hz);
    if (machine.scheduler != defaults.scheduler || !machine.scheduler_options.empty()) {
        out += " scheduler " + machine.scheduler;
        for (const auto& [key, value] : machine.scheduler_options) out += " " + key + "=" + value;
    }
    if (machine.costs_ideal || !machine.costs.empty()) {
        out += machine.costs_ideal ? " costs ideal" : " costs linux";
        for (const auto& [key, time] : machine.costs) out += " " + key + "=" + write_duration(time);
    }
    constexpr std::string_view kPreempt[] = {"none", "voluntary", "full", "lazy"};
    if (machine.preempt != defaults.preempt) {
        out += " preempt " + std::string(kPreempt[static_cast<std::size_t>(machine.preempt)]);
    }
    constexpr std::string_view kTrace[] = {"all", "sched", "none"};
    if (machine.trace != defaults.trace) out += " trace " + std::string(kTrace[static_cast<std::size_t>(machine.trace)]);
    if (machine.memory != defaults.memory) out += " memory " + std::to_string(machine.memory);
    if (machine.tso) out += " memory tso" + (machine.store_drain ? " drain " + write_dist(*machine.store_drain) : "");
    if (machine.pcid != defaults.pcid) out += " pcid off";
    if (machine.seed != defaults.seed) out += " seed " + std::to_string(machine.seed);
    if (machine.until != defaults.until) out += " until " + write_duration(machine.until);
    return "machine {" + out + " }\n";
}

// Actions of one moment share a block.
std::string write_timeline(const std::vector<TimedAction>& timeline) {
    std::string out;
    for (std::size_t i = 0; i < timeline.size();) {
        std::size_t end = i;
        while (end < timeline.size() && timeline[end].at == timeline[i].at) ++end;
        out += "at " + write_duration(timeline[i].at) + " {";
        for (; i < end; ++i) out += " " + write_action(timeline[i]);
        out += " }\n";
    }
    return out;
}

// The lines of a text, at least one.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t end = text.find('\n');
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

std::string write_about(const Scenario& scenario) {
    std::string out;
    if (!scenario.title.empty() || !scenario.title_zh.empty()) {
        out += "title " + bilingual(scenario.title, scenario.title_zh) + "\n";
    }
    if (scenario.about.empty() && scenario.about_zh.empty()) return out;
    const auto en = lines_of(scenario.about);
    const auto zh = lines_of(scenario.about_zh);
    for (std::size_t i = 0; i < std::max(en.size(), zh.size()); ++i) {
        out += "about " + bilingual(i < en.size() ? en[i] : "", i < zh.size() ? zh[i] : "") + "\n";
    }
    return out;
}

std::string write_head(std::string_view head) {
    if (head.empty()) return {};
    std::string out;
    for (const std::string_view line : lines_of(head))
        out += line.empty() ? "#\n" : "# " + std::string(line) + "\n";
    return out + "\n";
}

}  // namespace

std::string write_duration(Nanos time) {
    if (time % kSecond == 0 && time > 0) return std::to_string(time / kSecond) + "s";
    if (time % kMilli == 0) return std::to_string(time / kMilli) + "ms";
    if (time % kMicro == 0) return std::to_string(time / kMicro) + "us";
    return std::to_string(time) + "ns";
}

std::string write_action(const TimedAction& action) {
    switch (action.kind) {
        case TimedAction::Kind::kill:
            return "kill " + action.target + " " + scn::signal_word(action.value);
        case TimedAction::Kind::setnice:
            return "nice " + action.target + " " + std::to_string(action.value);
        case TimedAction::Kind::sched:
            return "chrt " + action.target + " " + scn::write_sched_params(action.sched);
        case TimedAction::Kind::affinity:
            return "affinity " + action.target + " " + write_cpus(action.cpus);
        case TimedAction::Kind::irq:
            return "irq " + action.target;
        case TimedAction::Kind::stop_kthread:
            return "stop " + action.target;
        case TimedAction::Kind::killpg:
            return "killpg " + action.target + " " + scn::signal_word(action.value);
        case TimedAction::Kind::ctrl:
            return std::string("ctrl ") + (action.value == sig::intr ? "C" : action.value == sig::tstp ? "Z" : "Q");
        case TimedAction::Kind::smp_affinity:
            return "smp_affinity " + action.target + " " + write_cpus(action.cpus);
        case TimedAction::Kind::weight:
            return "weight " + action.target + " " + std::to_string(action.value);
        case TimedAction::Kind::quota:
            return "quota " + action.target + " " + write_quota(action.quota, action.period);
        case TimedAction::Kind::move:
            return "move " + action.target + " " + (action.group.empty() ? "root" : action.group);
        case TimedAction::Kind::set:
            return "set " + action.target + " " + action.name + "=" + std::to_string(action.number);
        case TimedAction::Kind::caption:
            return "caption " + bilingual(action.text, action.text_zh) + (action.name.empty() ? "" : " spotlight " + action.name);
    }
    return {};
}

std::string write_scenario(const Scenario& scenario) {
    std::string out =
        write_head(scenario.head) + write_about(scenario) + write_machine(scenario.machine);
    for (const PipeDecl& pipe : scenario.pipes) {
        out += "pipe " + pipe.name + " capacity " + std::to_string(pipe.capacity) + "\n";
    }
    for (const DeviceDecl& device : scenario.devices) out += write_device(device);
    for (const WorkqueueDecl& queue : scenario.workqueues) out += write_workqueue(queue);
    for (const WorkDecl& work : scenario.works) out += write_work(work);
    for (const ClientsDecl& c : scenario.clients) out += write_clients(c);
    for (const TaskletDecl& tasklet : scenario.tasklets)
        out += "tasklet " + tasklet.name + (tasklet.hi ? " hi" : "") + write_body(tasklet.body) + "\n";
    out += write_groups(scenario.groups);
    for (const ProcessDecl& process : scenario.processes) out += write_process(scenario, process);
    out += write_timeline(scenario.timeline);
    for (const BreakDecl& how : scenario.breaks) out += scn::write_break(how) + "\n";
    out += scn::write_lesson(scenario);
    out += scn::write_schedule(scenario.schedule);
    for (const BreakpointDecl& stop : scenario.breakpoints) out += scn::write_breakpoint(stop) + "\n";
    for (const Expect& expect : scenario.expects) out += "expect " + expect.text + "\n";
    return format_scenario(out);
}

}  // namespace sy
