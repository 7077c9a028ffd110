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
            left_[was_current_] = {regs_, report.kind == StepReport::Kind::user};
        }
        if (!was_user_ && is_user) came_back(cpu);
    }

    void came_back(const Cpu& cpu) {
        const TaskId id = cpu.current_task;
        const auto it = left_.find(id);
        ++returns_;
        if (it == left_.end()) {
            first_time(cpu, id);
            return;
        }
        Regs want = it->second.regs;
        if (it->second.called) {
            want.rip += std::uint64_t{1} << layout::user_op_bits;  // behind SYSCALL
            want[Reg::rcx] = want.rip;
            want[Reg::r11] = want.rflags;
            want[Reg::rax] = results_.count(id) != 0 ? results_[id] : want[Reg::rax];
        }
        compare(want, cpu.regs, id);
        expect((k_.tasks[id].cpus_allowed >> cpu.id & 1) != 0 ||
                   (k_.tasks[id].tif & (tif::sigpending | tif::need_resched)) != 0,
               [&] { return who(id) + " is in user mode on a CPU it may not use"; });
        left_.erase(it);
    }

    void first_time(const Cpu& cpu, TaskId id) {
        const auto it = born_.find(id);
        if (it == born_.end()) {  // arrived from outside: as execve leaves it (linux.md 3.6)
            for (int r = 0; r < kGeneralRegs; ++r)
                if (static_cast<Reg>(r) != Reg::rsp)
                    expect(cpu.regs.g[static_cast<std::size_t>(r)] == 0,
                           [&] { return who(id) + " starts with registers in use"; });
            expect(cpu.regs.rflags == 0x202, [&] { return who(id) + " starts with other flags"; });
            expect(cpu.regs[Reg::rsp] == layout::user_stack_top,
                   [&] { return who(id) + " starts without its stack"; });
            expect(cpu.regs.rip == layout::user_text,
                   [&] { return who(id) + " does not start at its first instruction"; });
            return;
        }
        Regs want = it->second;  // linux.md 3.4, step 7: the parent's pt_regs with ax = 0
        want.rip += std::uint64_t{1} << layout::user_op_bits;
        want[Reg::rcx] = want.rip;
        want[Reg::r11] = want.rflags;
        want[Reg::rax] = 0;
        if (k_.tasks[id].group_leader != id) {  // a thread has a stack and TLS of its own
            expect(cpu.regs[Reg::rsp] != want[Reg::rsp],
                   [&] { return who(id) + " shares its user stack"; });
            expect(cpu.regs.fs_base != want.fs_base, [&] { return who(id) + " shares its TLS"; });
            want[Reg::rsp] = cpu.regs[Reg::rsp];
            want.fs_base = cpu.regs.fs_base;
        }
        compare(want, cpu.regs, id);
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
        }
    }

    // A sleeping task is its task_struct and the words on its kernel stack: nobody touches those.
    void records(const Log& log) {
        for (; seen_ < log.size(); ++seen_) {
            const Record& r = log[seen_];
            if (r.kind == RecordKind::sys_exit) results_[r.task] = wide(r.c, r.d);
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
