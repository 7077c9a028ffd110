// Watches one kernel step by step and holds it to what must hold of any kernel: the register
// property (a task that comes back to user mode finds every user register as it left it, except for
// what SYSCALL destroys and the result it asked for; linux.md 4.8, 5.2), stacks that nobody else
// writes to, time that never goes back, and the kernel's own rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "machine.h"
#include "sim/machine/layout.h"

namespace sy::test {

// What a task saw in user mode.
struct UserView {
    Regs regs;
    bool called = false;  // it left by SYSCALL, not by an interrupt
};

class Watcher {
  public:
    explicit Watcher(const Kernel& k) : k_(k) {
        for (const Cpu& cpu : k.cpus) {
            clocks_.push_back(cpu.clock);
            leaving_.push_back(kNoTask);
        }
        known_ = k.tasks.size();
    }

    // Call with the machine as it is before the step…
    void before() {
        cpu_ = k_.next_cpu();
        if (cpu_ == kNoCpu) return;
        const Cpu& cpu = k_.cpus[cpu_];
        was_user_ = cpu.regs.user();
        was_current_ = cpu.current_task;
        regs_ = cpu.regs;
    }
    // …and after it. Empty: all is well.
    std::string after(const StepReport& report, const Log& log) {
        fault_ = k_.check_invariants();
        times(log);
        if (cpu_ == kNoCpu) {
            expect(report.kind == StepReport::Kind::outside,
                   "next_cpu promised an event from outside");
        } else {
            expect(report.cpu == cpu_, "next_cpu named another CPU than the one that stepped");
            user_mode(report);
        }
        new_tasks();
        records(log);
        own_stacks(report);
        placement();
        return fault_;
    }
    std::uint64_t returns() const { return returns_; }
    std::uint64_t switches() const { return checked_switches_; }
    std::uint64_t handlers() const { return handlers_; }

  private:
    // `what`: a text, or a function that makes one only when it is needed.
    template <typename Text>
    void expect(bool ok, const Text& what) {
        if (ok || !fault_.empty()) return;
        if constexpr (std::is_invocable_v<Text>)
            fault_ = what();
        else
            fault_ = what;
    }
    std::string who(TaskId id) const {
        return std::string(k_.tasks[id].name()) + " (" + std::to_string(k_.tasks[id].pid) + ")";
    }

    void times(const Log& log) {
        expect(k_.now() >= now_, "the machine's time went back");
        now_ = k_.now();
        for (std::size_t c = 0; c < clocks_.size(); ++c) {
            const Cpu& cpu = k_.cpus[c];
            expect(cpu.clock >= clocks_[c], "a CPU's clock went back");
            clocks_[c] = cpu.clock;
            expect(cpu.idle_ns + cpu.user_ns <= cpu.clock,
                   "a CPU was idle and in user mode longer than it was on");
        }
        for (std::size_t i = seen_; i < log.size(); ++i) {
            Nanos& last = last_record_[log[i].cpu];
            if (log[i].task != kNoTask)
                expect(log[i].at >= last, "records of one CPU go back in time");
            if (log[i].task != kNoTask) last = log[i].at;
        }
    }

    void user_mode(const StepReport& report) {
        const Cpu& cpu = k_.cpus[cpu_];
        const bool is_user = cpu.regs.user();
        if (was_user_ && !is_user) {
            expect(cpu.current_task == was_current_,
                   "the current task changed on the way into the kernel");
            const bool called = kernel_text().routine_of(cpu.pc).name == std::string_view("entry_SYSCALL_64");
            left_[was_current_] = {regs_, report.kind == StepReport::Kind::user && called};
        }
        if (!was_user_ && is_user) came_back(cpu);
    }

    // What the task must find: what it left, and what became of its system call.
    void came_back(const Cpu& cpu) {
        const TaskId id = cpu.current_task;
        const auto it = left_.find(id);
        ++returns_;
        if (exec_.erase(id) != 0) {
            left_.erase(id);
            born_.erase(id);
            frames_.erase(id);
            deliver(id, fresh_program(cpu.regs), cpu.regs);
            return;
        }
        if (it == left_.end()) {
            first_time(cpu, id);
            return;
        }
        Frame want{it->second.regs, {}};
        if (it->second.called) after_call(id, want);
        deliver(id, want, cpu.regs);
        expect((k_.tasks[id].cpus_allowed >> cpu.id & 1) != 0 ||
                   (k_.tasks[id].tif & (tif::sigpending | tif::need_resched)) != 0,
               [&] { return who(id) + " is in user mode on a CPU it may not use"; });
        left_.erase(it);
    }

    // Registers that a signal handler interrupted. With several signals at once the call may have been restarted before
    // the handler came, or not: the records do not tell, so both are right.
    struct Frame {
        Regs regs;
        std::vector<Regs> or_else;
    };

    // linux.md 4.8 and 7.8: the result, or once more the call.
    void after_call(TaskId id, Frame& want) {
        const std::uint64_t number = want.regs[Reg::rax];
        if (number == 15 && lost_.count(id) != 0) {
            want.regs = k_.cpus[k_.tasks[id].cpu].regs;
            lost_.erase(id);
            return;
        }
        if (number == 15 && !frames_[id].empty()) {  // rt_sigreturn: what the handler interrupted
            want = frames_[id].back();
            frames_[id].pop_back();
            return;
        }
        Regs& r = want.regs;
        r.rip = (r.rip | 15) + 1;  // behind SYSCALL, whose two bytes end an operation of 16
        r[Reg::rcx] = r.rip;
        r[Reg::r11] = r.rflags;
        r[Reg::rax] = results_.count(id) != 0 ? results_[id] : number;
        const auto result = static_cast<std::int64_t>(r[Reg::rax]);
        if (result > -512 || result < -516) return;
        Regs again = r;
        again.rip -= 2;
        again[Reg::rax] = result == -516 ? 219 : number;
        const auto handler = delivered_.find(id);
        if (handler == delivered_.end() || handler->second.empty()) {
            r = again;
            return;
        }
        const bool sa_restart = (handler->second.front().flags & 0x1000'0000) != 0;
        if (result == -513 || (result == -512 && sa_restart)) {
            r = again;
        } else {
            r[Reg::rax] = static_cast<std::uint64_t>(-4);
            want.or_else.push_back(again);
        }
    }

    // Handlers that begin on the way out: each on a frame below the one before (arch/x86/kernel/signal_64.c).
    void deliver(TaskId id, Frame want, const Regs& have) {
        auto signals = std::move(delivered_[id]);
        delivered_.erase(id);
        for (const Handler& h : signals) {
            frames_[id].push_back(want);
            const std::uint64_t fp = (want.regs[Reg::rsp] - 128 - 836) & ~std::uint64_t{63};
            const std::uint64_t frame = ((fp - 440) & ~std::uint64_t{15}) - 8;
            want.or_else.clear();
            want.regs[Reg::rsp] = frame;
            want.regs[Reg::rdi] = h.signal;
            want.regs[Reg::rsi] = frame + 312;
            want.regs[Reg::rdx] = frame + 8;
            want.regs[Reg::rax] = 0;
            want.regs.rip = h.handler;
            want.regs.fpu = 0;
            ++handlers_;
        }
        for (const Regs& other : want.or_else)
            if (other.rip == have.rip && other[Reg::rax] == have[Reg::rax]) want.regs = other;
        compare(want.regs, have, id);
    }

    // As execve leaves it (linux.md 3.6); what the FPU holds is not said there.
    static Frame fresh_program(const Regs& have) {
        Frame f;
        f.regs = have;
        f.regs.g = {};
        f.regs[Reg::rsp] = layout::user_stack_top;
        f.regs.rip = layout::user_text;
        f.regs.rflags = 0x202;
        f.regs.fs_base = layout::main_tcb;
        return f;
    }

    void first_time(const Cpu& cpu, TaskId id) {
        const auto it = born_.find(id);
        if (it == born_.end()) {  // arrived from outside: as execve leaves it
            Frame f = fresh_program(cpu.regs);
            deliver(id, f, cpu.regs);
            return;
        }
        Frame f{it->second, {}};  // linux.md 3.4, step 7: the parent's pt_regs with ax = 0
        Regs& want = f.regs;
        const std::uint64_t number = want[Reg::rax];
        want.rip = (want.rip | 15) + 1;
        want[Reg::rcx] = want.rip;
        want[Reg::r11] = want.rflags;
        want[Reg::rax] = 0;
        if (number == 435) {  // pthread_create: a stack and TLS of its own
            expect(cpu.regs[Reg::rsp] != want[Reg::rsp],
                   [&] { return who(id) + " shares its user stack"; });
            expect(cpu.regs.fs_base != want.fs_base, [&] { return who(id) + " shares its TLS"; });
            want.fs_base = cpu.regs.fs_base;
            if (delivered_[id].empty()) want[Reg::rsp] = cpu.regs[Reg::rsp];
        } else if (number == 56) {
            if (want[Reg::rsi] != 0) want[Reg::rsp] = want[Reg::rsi];
            if ((want[Reg::rdi] & 0x80000) != 0) want.fs_base = want[Reg::r8];  // CLONE_SETTLS
        }
        if (number == 435 && !delivered_[id].empty()) {
            delivered_.erase(id);  // where its stack was, only the frame could tell
            frames_[id].clear();
            lost_.insert(id);
        } else {
            deliver(id, f, cpu.regs);
        }
        born_.erase(it);
    }

    void compare(const Regs& want, const Regs& have, TaskId id) {
        for (int r = 0; r < kGeneralRegs; ++r)
            expect(want.g[static_cast<std::size_t>(r)] == have.g[static_cast<std::size_t>(r)], [&] {
                return who(id) + " came back with another " + reg_name(static_cast<Reg>(r));
            });
        expect(want.rip == have.rip, [&] { return who(id) + " came back somewhere else"; });
        expect(want.rflags == have.rflags, [&] { return who(id) + " came back with other flags"; });
        expect(want.fs_base == have.fs_base,
               [&] { return who(id) + " came back with another FS base"; });
        expect(want.gs_base == have.gs_base,
               [&] { return who(id) + " came back with another GS base"; });
        expect(want.fpu == have.fpu, [&] { return who(id) + " came back with another FPU block"; });
        expect(want.cs == have.cs && want.ss == have.ss,
               [&] { return who(id) + " came back with other segments"; });
    }

    // A child of fork or clone: what its parent had when it called.
    void new_tasks() {
        for (; known_ < k_.tasks.size(); ++known_) {
            const TaskId id = static_cast<TaskId>(known_);
            expect(stacks_.insert(k_.tasks[id].stack).second,
                   [&] { return who(id) + " got a stack that another task has"; });
            if (cpu_ == kNoCpu || k_.tasks[id].is_kthread()) continue;   // kthreadd's clones have no user mode
            const auto parent = left_.find(was_current_);
            expect(parent != left_.end(), "a task was made by nobody");
            if (parent != left_.end()) born_[id] = parent->second.regs;
            if (const auto f = frames_.find(was_current_); f != frames_.end()) frames_[id] = f->second;
        }
    }

    // A sleeping task is its task_struct and the words on its kernel stack: nobody touches those.
    void records(const Log& log) {
        for (; seen_ < log.size(); ++seen_) {
            const Record& r = log[seen_];
            if (r.kind == RecordKind::sys_exit) results_[r.task] = wide(r.c, r.d);
            if (r.kind == RecordKind::sched_process_exec) exec_.insert(r.a);
            if (r.kind == RecordKind::signal_deliver && r.d > 1)
                delivered_[r.a].push_back({r.b, r.c, r.d});
            if (r.kind != RecordKind::sched_switch) continue;
            leaving_[r.cpu] = r.task;
            ++checked_switches_;
            if (const auto it = asleep_.find(r.a); it != asleep_.end()) {
                expect(it->second == stack_hash(r.a),
                       [&] { return who(r.a) + " finds its kernel stack changed"; });
                asleep_.erase(it);
            }
            expect((k_.tasks[r.a].cpus_allowed >> r.cpu & 1) != 0 ||
                       (k_.tasks[r.a].tif & tif::need_resched) != 0,
                   [&] { return who(r.a) + " was picked on a CPU it may not use"; });
        }
        for (TaskId& t : leaving_) {
            if (t == kNoTask || k_.tasks[t].on_cpu) continue;
            if (!k_.tasks[t].stack_gone && k_.tasks[t].state != task_state::dead)
                asleep_[t] = stack_hash(t);
            t = kNoTask;
        }
    }
    std::uint64_t stack_hash(TaskId id) const {
        Fingerprint p;
        const Task& t = k_.tasks[id];
        for (std::uint64_t a = t.thread_sp; a < layout::stack_top(t.stack); a += 8)
            p.mix(k_.stacks.read(a));
        return p.value();
    }

    // Kernel stacks never overlap: a CPU writes to the stacks of the tasks it switches between, of
    // a task it makes, and to its own interrupt and entry stacks.
    void own_stacks(const StepReport& report) {
        if (cpu_ == kNoCpu) return;
        const Cpu& cpu = k_.cpus[cpu_];
        for (const Move& m : report.moves) {
            if (m.to.kind != Place::Kind::word) continue;
            if (!layout::is_stack(m.to.address)) {
                expect(layout::is_entry_stack(m.to.address) &&
                           m.to.address < layout::entry_stack_top(cpu.id) &&
                           m.to.address >= layout::entry_stack_top(cpu.id) - layout::entry_bytes,
                       "a CPU wrote to another CPU's entry stack");
                continue;
            }
            const std::uint32_t slot = layout::stack_slot_of(m.to.address);
            const auto owner = [&](TaskId t) { return k_.tasks[t].stack == slot; };
            const bool mine = owner(was_current_) || owner(cpu.curr) || slot == cpu.irq_stack;
            expect(mine || is_new_stack(slot),
                   "a CPU wrote to the kernel stack of a task that it does not run");
        }
    }

    bool is_new_stack(std::uint32_t slot) const {
        for (TaskId t = static_cast<TaskId>(k_.tasks.size()); t-- > 0;)
            if (k_.tasks[t].stack == slot) return k_.tasks[t].state == task_state::fresh;
        return false;
    }

    void placement() {
        std::set<TaskId> running;
        for (const Cpu& cpu : k_.cpus) {
            if (!cpu.regs.user()) continue;
            expect(running.insert(cpu.current_task).second,
                   [&] { return who(cpu.current_task) + " runs on two CPUs at once"; });
            expect(cpu.current_task == cpu.curr, "rq->curr is not the task in user mode");
        }
    }

    const Kernel& k_;
    CpuId cpu_ = kNoCpu;
    bool was_user_ = false;
    TaskId was_current_ = kNoTask;
    Regs regs_;
    Nanos now_ = 0;
    std::vector<Nanos> clocks_;
    std::map<CpuId, Nanos> last_record_;
    struct Handler {
        std::uint32_t signal, flags, handler;
    };
    std::map<TaskId, std::vector<Handler>> delivered_;
    std::map<TaskId, std::vector<Frame>> frames_;
    std::set<TaskId> exec_, lost_;
    std::uint64_t handlers_ = 0;
    std::map<TaskId, UserView> left_;
    std::map<TaskId, Regs> born_;
    std::map<TaskId, std::uint64_t> results_, asleep_;
    std::vector<TaskId> leaving_;
    std::set<std::uint32_t> stacks_;
    std::size_t known_ = 0, seen_ = 0;
    std::uint64_t returns_ = 0, checked_switches_ = 0;
    std::string fault_;
};

// Steps a kernel under watch; the first fault, with the place where it happened.
inline std::string watch(Kernel& k, std::uint64_t most_steps, Watcher& watcher) {
    Log log;
    StepReport report;
    for (std::uint64_t i = 0; i < most_steps; ++i) {
        watcher.before();
        if (!k.step(&log, &report)) break;
        const std::string fault = watcher.after(report, log);
        if (!fault.empty()) {
            std::string where = "step " + std::to_string(report.number) + " at " +
                                std::to_string(report.at) + " ns on CPU " +
                                std::to_string(report.cpu);
            if (report.kind == StepReport::Kind::kernel)
                where += ", " + kernel_text().symbolize(kernel_text().address(report.step));
            return where + ": " + fault;
        }
    }
    return {};
}

}  // namespace sy::test
