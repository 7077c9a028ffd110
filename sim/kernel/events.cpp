// What comes from outside the machine: processes that are started, devices that interrupt, requests that finish, and
// the scenario's timed lines. Events stand in a queue by time, then by age.
#include <algorithm>
#include <cstdlib>

#include "sim/base/assert.h"
#include "sim/kernel/areas.h"
#include "sim/kernel/coroutines.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/events.h"
#include "sim/kernel/family.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

constexpr std::uint64_t kPagesOfProcess = 64;   // its first pages, tables, stack and structures, and some more

bool later(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.seq > b.seq; }

}  // namespace

void Kernel::add_event(Event e) {
    e.seq = ++event_seq_;
    events_.push_back(e);
    std::push_heap(events_.begin(), events_.end(), later);
    lower_horizon(e.at);
}

void Kernel::schedule_completion(std::uint32_t device, Nanos when) {
    add_event({.at = when, .kind = Event::Kind::completion, .index = device});
}

void Kernel::schedule_drain(CpuId cpu, std::uint64_t store, Nanos when) {
    add_event({.at = when, .kind = Event::Kind::store_drain, .index = static_cast<std::uint32_t>(store),
               .copy = static_cast<std::uint32_t>(store >> 32) << 8 | cpu});
}

Nanos next_device_event(Device& d, const DeviceDecl& decl, Nanos now) {
    if (!decl.every) return kNever;
    return now + std::max<Nanos>(1, draw(d.rng, *decl.every));
}

struct Events {
    Kernel& k;

    CpuId device_cpu(std::uint32_t index) const { return k.irqs[k.image().line_of[index]].cpu; }
    // The CPU at which an event is felt.
    CpuId cpu_of(const Event& e) const {
        if (e.kind == Event::Kind::device || e.kind == Event::Kind::completion) return device_cpu(e.index);
        if (e.kind == Event::Kind::packet) return device_cpu(device_named(k.image().scenario.clients[e.index].device));
        if (e.kind == Event::Kind::store_drain) return e.copy & 0xff;
        if (e.kind == Event::Kind::action) {
            const TimedAction& a = k.image().scenario.timeline[e.index];
            if (a.kind == TimedAction::Kind::irq || a.kind == TimedAction::Kind::smp_affinity)
                return device_cpu(device_named(a.target));
            const std::vector<TaskId> targets = find_tasks(k, a.target);
            if (!targets.empty()) return k.tasks[targets.front()].cpu;
        }
        return 0;
    }
    std::uint32_t device_named(const std::string& name) const {
        const auto& all = k.image().scenario.devices;
        for (std::uint32_t i = 0; i < all.size(); ++i)
            if (all[i].name == name) return i;
        SY_ASSERT(false, "the parser lets no unknown device pass");
    }

    void interrupt(Ctx& cx, std::uint32_t device) {
        k.raise_device(cx, device);
    }

    void arrival(Ctx& cx, const Event& e) {
        const ProcessDecl& decl = k.image().scenario.processes[e.index];
        --k.arrivals_left;
        if (decl.kernel_thread && e.at > 0) {   // one that comes later is made by kthreadd, as all are
            const std::uint32_t row = new_kthread_request(k);
            KthreadRequest& r = k.kthread_requests[row];
            set_text(r.comm, decl.name);
            r.program = e.index;
            r.copy = e.copy + 1;
            r.nice = static_cast<std::int16_t>(decl.nice);
            ask_kthreadd(cx, row);
            return;
        }
        // Whoever starts it would get -ENOMEM from fork: the process never comes into being.
        if (k.memory.pages.free_pages() < kPagesOfProcess) return;
        Pid pid = -1;
        if (decl.pid && k.find_pid(*decl.pid + static_cast<Pid>(e.copy)) == kNoTask)
            pid = *decl.pid + static_cast<Pid>(e.copy);
        const TaskId id = cx.new_task(kNoTask, pid);
        Task& t = cx.task(id);
        t.program = e.index;
        t.nice = static_cast<std::int16_t>(decl.nice);
        t.priority = decl.priority;
        t.tickets = decl.tickets;
        t.prio = t.static_prio = t.normal_prio = static_cast<std::int16_t>(120 + decl.nice);
        t.oom_score_adj = static_cast<std::int16_t>(decl.oom_score_adj);
        const Weight w = weight_of_nice(decl.nice);
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
        const std::uint64_t online =
            k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << k.cpus.size()) - 1;
        t.cpus_allowed = decl.cpus != 0 ? decl.cpus & online : online;
        if (decl.sched != SchedParams{}) k.set_scheduler(cx, id, decl.sched);
        if (!decl.kernel_thread && k.image().has_groups)
            t.sched_group = decl.group >= 0 ? static_cast<std::uint16_t>(decl.group + 1) : k.session_group(decl.session);
        t.cpu = cx.select_new_cpu(id);
        set_text(t.comm, decl.name);
        if (!decl.kernel_thread) open_program_ends(k, t.files, t.program, false);   // counted since boot
        if (decl.copies > 1) set_text(t.label, decl.name + "/" + std::to_string(e.copy + 1));
        t.arrival = e.at;
        t.start_time = e.at;
        if (decl.kernel_thread) {
            t.flags = pf::kthread | pf::nofreeze | pf::forknoexec;
            t.runs_program = true;
            add_kthread(k, id, ThreadFn::program);
            if (decl.cpus != 0) t.flags |= pf::no_setaffinity;   // kthread_bind
            prepare_stack(cx, id, cx.text.entry_address(routines::kthread), 0);
            share_with_kthreadd(cx, id, k.find_pid(2));
            add_child(cx, k.find_pid(2), id);
        } else {
            t.flags = pf::randomize;
            t.counts_as_living = true;
            ++k.living;
            start_process(cx, id);
            SignalStruct& s = cx.signal_of(id);   // as a login shell's: a session and a group of its own
            s.pgrp = s.session = t.pid;
            s.is_leader = true;
            if (decl.tty && k.terminal.session == 0) {
                s.has_tty = true;
                k.terminal = {t.pid, t.pid};
            }
            add_child(cx, k.find_pid(1), id);
        }
        cx.emit(RecordKind::task_arrival, id);
        wake_up_new_task(cx, kNoTask, id);
    }

    // What execve leaves behind: a fresh address space and a pt_regs at the program's first instruction.
    void start_process(Ctx& cx, TaskId id) {
        Task& t = cx.task(id);
        t.mm = t.active_mm = mm_create_for_program(cx, t.program, true);
        start_coroutines(k, t.mm, t.program);
        t.fs_base = layout::main_tcb;
        t.fpu = 0x1000 + id;
        const std::uint64_t regs = layout::stack_top(t.stack) - kPtRegsBytes;
        const auto put = [&](PtReg r, std::uint64_t v) {
            k.stacks.write(regs + 8 * static_cast<std::uint64_t>(r), v);
        };
        put(PtReg::orig_rax, ~std::uint64_t{0});
        put(PtReg::rip, k.program_of(t).address(0));
        put(PtReg::cs, kUserCs);
        put(PtReg::rflags, kFlagFixed | kFlagIf);
        put(PtReg::rsp, layout::user_stack_top);
        put(PtReg::ss, kUserSs);
        prepare_stack(cx, id, 0, 0);
    }

    // A client has sent its message: it lies in the network card's ring, and the card interrupts.
    void packet(Ctx& cx, const Event& e) {
        const ClientsDecl& decl = k.image().scenario.clients[e.index];
        ClientsState& c = k.clients[e.index];
        const std::uint32_t device = device_named(decl.device);
        ++c.sent;
        ++c.in_ring;
        interrupt(cx, device);
        if (c.sent >= static_cast<std::uint64_t>(decl.copies) * static_cast<std::uint64_t>(decl.messages)) return;
        k.add_event({.at = e.at + std::max<Nanos>(1, draw(k.devices[device].rng, decl.every)),
                     .kind = Event::Kind::packet,
                     .index = e.index});
    }

    // kthread_stop by somebody outside: the flag and the wakeup; the wait for its end is nobody's.
    void stop_kthread(Ctx& cx, TaskId id) {
        const Task& t = cx.peek(id);
        if (!t.is_live || !t.is_kthread() || !t.runs_program) return;
        KThread& thread = kthread_of(k, id);
        if (thread.has_exited) return;
        cx.emit(RecordKind::sched_kthread_stop, id);
        thread.should_stop = true;
        thread.should_park = false;
        thread.is_parked = false;
        cx.wake_now(id, task_state::normal | task_state::parked);
    }

    void action(Ctx& cx, const TimedAction& a) {
        if (a.kind == TimedAction::Kind::irq) {
            interrupt(cx, device_named(a.target));
            return;
        }
        if (a.kind == TimedAction::Kind::smp_affinity) {
            k.set_irq_affinity(cx, k.image().line_of[device_named(a.target)], a.cpus);
            return;
        }
        if (a.kind == TimedAction::Kind::caption) return;
        if (a.kind == TimedAction::Kind::ctrl) {
            type_ctrl(cx, a.value);
            return;
        }
        if (a.kind == TimedAction::Kind::weight || a.kind == TimedAction::Kind::quota || a.kind == TimedAction::Kind::move) {
            if (k.image().has_groups) k.change_group(cx, a);
            return;
        }
        for (TaskId id : find_tasks(k, a.target)) {
            switch (a.kind) {
                case TimedAction::Kind::kill: cx.send_signal(id, a.value, true); break;
                case TimedAction::Kind::setnice: k.set_nice(cx, id, a.value); break;
                case TimedAction::Kind::sched: k.set_scheduler(cx, id, a.sched); break;
                case TimedAction::Kind::affinity:   // -EINVAL for a bound kernel thread
                    if ((k.tasks[id].flags & pf::no_setaffinity) == 0) k.set_affinity(cx, id, a.cpus);
                    break;
                case TimedAction::Kind::stop_kthread: stop_kthread(cx, id); break;
                case TimedAction::Kind::killpg: signal_group_of(cx, id, a.value); return;
                case TimedAction::Kind::set: edit(cx, id, a); break;
                default: break;
            }
        }
    }

    // A debugger's hand: a register as the task's user mode has it, or a word of its memory.
    void edit(Ctx& cx, TaskId id, const TimedAction& a) {
        const Task& t = k.tasks[id];
        if (t.is_kthread() || t.mm == kNoMm) return;
        Operand reg;
        if (find_register(a.name, reg)) {
            set_user_reg(cx, id, reg.reg, a.number);
            return;
        }
        if (a.name == "rip" || a.name == "rflags") {
            set_special(cx, id, a.name == "rip", a.number);
            return;
        }
        const std::uint64_t address = word_named(id, a.name);
        if (address == 0 || !find_area(k, t.mm, address)) return;   // as ptrace's EIO: nothing is mapped there
        if (cx.report != nullptr) cx.move(at::none, at::user_word(t.mm, address), a.number, k.read_user(t.mm, address));
        k.write_user(t.mm, address, a.number);
    }
    // The address of `counter`, `table+8`, a local variable of where the task is, or `0x404000`; 0: there is none.
    std::uint64_t word_named(TaskId id, const std::string& name) const {
        const Program& p = k.program_of(k.tasks[id]);
        const std::size_t plus = name.find('+');
        const std::string variable = name.substr(0, plus);
        const std::uint64_t offset = plus == std::string::npos ? 0 : std::strtoull(name.c_str() + plus + 1, nullptr, 10);
        if (name.starts_with("0x")) return std::strtoull(name.c_str(), nullptr, 16) + offset;
        if (const Variable* v = p.shared_variable(variable); v != nullptr) return v->address + offset;
        const std::uint32_t op = p.op_at(k.user_reg(id, PtReg::rip).value_or(0));
        for (const LocalVariable& v : p.locals)
            if (v.name == variable && op >= v.begin && (v.end == 0 || op < v.end)) return local_frame(k, id) + v.offset + offset;
        return 0;
    }
    // RIP, or the condition flags of RFLAGS: the rest of RFLAGS is the kernel's business.
    void set_special(Ctx& cx, TaskId id, bool is_rip, std::uint64_t value) {
        constexpr std::uint64_t kFlags = 0x8d5;   // CF PF AF ZF SF OF
        for (Cpu& c : k.cpus) {
            if (c.current_task != id || !c.regs.user()) continue;
            std::uint64_t& place = is_rip ? c.regs.rip : c.regs.rflags;
            const std::uint64_t now = is_rip ? value : (place & ~kFlags) | (value & kFlags);
            if (cx.report != nullptr) cx.move(at::none, at::special(is_rip ? Place::Kind::rip : Place::Kind::rflags), now, place);
            place = now;
            return;
        }
        const std::uint64_t word = layout::stack_top(k.tasks[id].stack) - kPtRegsBytes +
                                   8 * static_cast<std::uint64_t>(is_rip ? PtReg::rip : PtReg::rflags);
        const std::uint64_t old = k.stacks.read(word), now = is_rip ? value : (old & ~kFlags) | (value & kFlags);
        if (cx.report != nullptr) cx.move(at::none, at::word(word), now, old);
        k.stacks.write(word, now);
    }
    void set_user_reg(Ctx& cx, TaskId id, Reg reg, std::uint64_t value) {
        for (Cpu& c : k.cpus) {
            if (c.current_task != id || !c.regs.user()) continue;
            if (cx.report != nullptr) cx.move(at::none, at::reg(reg), value, c.regs[reg]);
            c.regs[reg] = value;
            return;
        }
        const std::uint64_t regs = layout::stack_top(k.tasks[id].stack) - kPtRegsBytes;
        std::uint64_t word = regs + 8 * static_cast<std::uint64_t>(PtReg::rsp);
        for (int i = 0; i < 15; ++i)
            if (pt_reg_source(i) == reg) word = regs + 8 * static_cast<std::uint64_t>(i);
        if (cx.report != nullptr) cx.move(at::none, at::word(word), value, k.stacks.read(word));
        k.stacks.write(word, value);
    }

    void happen(Ctx& cx, const Event& e) {
        switch (e.kind) {
            case Event::Kind::arrival: arrival(cx, e); return;
            case Event::Kind::device: {
                Device& d = k.devices[e.index];
                interrupt(cx, e.index);
                if (e.copy != 0) return;   // scripted
                const Nanos next = next_device_event(d, k.image().scenario.devices[e.index], e.at);
                if (next != kNever)
                    k.add_event({.at = next, .kind = Event::Kind::device, .index = e.index});
                return;
            }
            case Event::Kind::completion:
                ++k.devices[e.index].completed;
                interrupt(cx, e.index);
                return;
            case Event::Kind::packet: packet(cx, e); return;
            case Event::Kind::store_drain:
                if (k.direction.on) return;   // stores leave when the schedule says so
                drain_due(cx, k.cpus[e.copy & 0xff], std::uint64_t{e.copy >> 8} << 32 | e.index); return;
            case Event::Kind::action: action(cx, k.image().scenario.timeline[e.index]); return;
        }
    }
};

void Kernel::run_event(Log* log, StepReport* report) {
    std::pop_heap(events_.begin(), events_.end(), later);
    const Event e = events_.back();
    events_.pop_back();
    if (e.at > now_) {
        now_ = e.at;
        steps_at_now_ = 0;
    }
    Events events{*this};
    Cpu& cpu = cpus[events.cpu_of(e)];
    Ctx cx{*this, cpu, log, nullptr, kernel_text()};
    // The CPU computes or halts up to this instant, then the event is felt.
    if (cpu.clock < e.at) {
        const bool halted = !cpu.regs.user() && cx.text.steps()[cpu.pc].op == Op::halt;
        if (halted) {
            cpu.idle_ns += e.at - cpu.clock;
            cpu.clock = e.at;
            sample_load(e.at);
        } else {
            let_time_pass(cx, e.at - cpu.clock, false);
        }
    }
    if (report != nullptr) {
        report->kind = StepReport::Kind::outside;
        report->cpu = cpu.id;
        report->task = cpu.current_task;
        report->step = static_cast<std::uint32_t>(e.kind);
        report->at = report->end = e.at;
        report->number = steps_;
    }
    cx.report = report;
    cx.outside = true;
    events.happen(cx, e);
    for (Cpu& c : cpus) refresh(c);
    active_ = kNoCpu;
    ++steps_;
}

std::uint64_t local_frame(const Kernel& k, TaskId id) {
    const std::uint64_t rbp = k.user_reg(id, PtReg::rbp).value_or(0), rsp = k.user_reg(id, PtReg::rsp).value_or(0);
    return rbp >= rsp && rbp - rsp < 65'536 ? rbp : rsp;
}

std::vector<TaskId> find_tasks(const Kernel& k, const std::string& path) {
    std::vector<TaskId> out;
    Pid pid = 0;
    for (char c : path) pid = c >= '0' && c <= '9' && pid >= 0 && pid < 100'000'000 ? pid * 10 + (c - '0') : -1;
    if (pid > 0) {
        if (const TaskId t = k.find_pid(pid); t != kNoTask) out.push_back(t);
        return out;
    }
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].is_live && task_matches(k, id, path)) out.push_back(id);
    return out;
}

TaskId first_task(const Kernel& k, const std::string& path) {
    if (!path.empty() && path.find_first_not_of("0123456789") == std::string::npos)
        return path.size() > 8 ? kNoTask : k.find_pid(std::stoi(path));
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].is_live && task_matches(k, id, path)) return id;
    return kNoTask;
}

bool task_matches(const Kernel& k, TaskId id, const std::string& path) {
    const Task& t = k.tasks[id];
    if (!path.empty() && path.find_first_not_of("0123456789") == std::string::npos)
        return path == std::to_string(t.pid);
    if (t.comm_view() == path || t.name() == path) return true;
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos || t.is_kthread()) return false;
    const Task& leader = k.tasks[t.group_leader];
    // `proc/main`, `proc/thread`, `proc/2/thread/1`: the process by name or instance, then the thread.
    for (const std::string_view process : {leader.comm_view(), leader.name()}) {
        if (path.size() <= process.size() || path[process.size()] != '/' ||
            path.compare(0, process.size(), process) != 0)
            continue;
        const std::string_view rest = std::string_view(path).substr(process.size() + 1);
        if (rest == "main") return t.group_leader == id;
        if (t.group_leader != id && (t.comm_view() == rest || t.name() == rest)) return true;
    }
    return false;
}

}  // namespace sy
