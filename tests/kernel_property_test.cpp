// What must hold of any kernel whatever it runs: held against programs that no author thought of.
//
// The strongest is the register property: a task that comes back to user mode finds every user
// register as it left it, except for what SYSCALL destroys and the result it asked for
// (linux.md 4.8, 5.2), whoever ran in between.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "machine.h"
#include "sim/kernel/routines.h"
#include "sim/machine/layout.h"
#include "sim/scenario/generate.h"

namespace {

using namespace sy;

// What a task saw in user mode.
struct UserView {
    Regs regs;
    bool called = false;  // it left by SYSCALL, not by an interrupt
};

// Watches one kernel step by step and holds it to the properties.
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
    void expect(bool ok, const std::string& what) {
        if (!ok && fault_.empty()) fault_ = what;
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
        expect((k_.tasks[id].cpus_allowed >> cpu.id & 1) != 0 || k_.tasks[id].pending_signals != 0,
               who(id) + " is in user mode on a CPU it may not use");
        left_.erase(it);
    }

    void first_time(const Cpu& cpu, TaskId id) {
        const auto it = born_.find(id);
        if (it == born_.end()) {  // arrived from outside: as execve leaves it (linux.md 3.6)
            for (int r = 0; r < kGeneralRegs; ++r)
                if (static_cast<Reg>(r) != Reg::rsp)
                    expect(cpu.regs.g[static_cast<std::size_t>(r)] == 0,
                           who(id) + " starts with registers in use");
            expect(cpu.regs[Reg::rsp] == layout::user_stack_top,
                   who(id) + " starts without its stack");
            expect(cpu.regs.rip == layout::user_text,
                   who(id) + " does not start at its first instruction");
            return;
        }
        Regs want = it->second;  // linux.md 3.4, step 7: the parent's pt_regs with ax = 0
        want.rip += std::uint64_t{1} << layout::user_op_bits;
        want[Reg::rcx] = want.rip;
        want[Reg::r11] = want.rflags;
        want[Reg::rax] = 0;
        if (k_.tasks[id].group_leader != id) {  // a thread has a stack and TLS of its own
            expect(cpu.regs[Reg::rsp] != want[Reg::rsp], who(id) + " shares its user stack");
            expect(cpu.regs.fs_base != want.fs_base, who(id) + " shares its TLS");
            want[Reg::rsp] = cpu.regs[Reg::rsp];
            want.fs_base = cpu.regs.fs_base;
        }
        compare(want, cpu.regs, id);
        born_.erase(it);
    }

    void compare(const Regs& want, const Regs& have, TaskId id) {
        for (int r = 0; r < kGeneralRegs; ++r)
            expect(want.g[static_cast<std::size_t>(r)] == have.g[static_cast<std::size_t>(r)],
                   who(id) + " came back with another " + reg_name(static_cast<Reg>(r)));
        expect(want.rip == have.rip, who(id) + " came back somewhere else");
        expect(want.rflags == have.rflags, who(id) + " came back with other flags");
        expect(want.fs_base == have.fs_base, who(id) + " came back with another FS base");
        expect(want.gs_base == have.gs_base, who(id) + " came back with another GS base");
        expect(want.fpu == have.fpu, who(id) + " came back with another FPU block");
        expect(want.cs == have.cs && want.ss == have.ss,
               who(id) + " came back with other segments");
    }

    // A child of fork or clone: what its parent had when it called.
    void new_tasks() {
        for (; known_ < k_.tasks.size(); ++known_) {
            const TaskId id = static_cast<TaskId>(known_);
            expect(stacks_.insert(k_.tasks[id].stack).second,
                   who(id) + " got a stack that another task has");
            if (cpu_ == kNoCpu) continue;
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
                expect(it->second == stack_hash(r.a), who(r.a) + " finds its kernel stack changed");
                asleep_.erase(it);
            }
            expect((k_.tasks[r.a].cpus_allowed >> r.cpu & 1) != 0,
                   who(r.a) + " was picked on a CPU it may not use");
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
                   who(cpu.current_task) + " runs on two CPUs at once");
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

struct Variant {
    const char* scheduler;
    bool ideal;
    MachineDecl::Preempt preempt;
};
constexpr Variant kVariants[] = {
    {"cfs", false, MachineDecl::Preempt::voluntary}, {"cfs", false, MachineDecl::Preempt::full},
    {"rr", false, MachineDecl::Preempt::none},       {"cfs", true, MachineDecl::Preempt::full},
    {"rr", true, MachineDecl::Preempt::voluntary},   {"rr", false, MachineDecl::Preempt::full},
};

Scenario variant_of(std::uint64_t seed) {
    const Variant& v = kVariants[seed % std::size(kVariants)];
    const std::string_view scheduler = v.scheduler;
    RandomOptions options;
    options.schedulers = {scheduler};
    Scenario s = random_scenario(seed, options);
    s.machine.costs_ideal = v.ideal;
    s.machine.costs.clear();
    s.machine.preempt = v.preempt;
    return s;
}

// Steps a kernel under watch; the first fault, with the place where it happened.
std::string watch(Kernel& k, std::uint64_t most_steps, Watcher& watcher) {
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

}  // namespace

TEST_CASE("whoever runs in between, a task finds its registers as it left them") {
    std::uint64_t returns = 0, switches = 0;
    for (std::uint64_t seed = 1; seed <= 36; ++seed) {
        CAPTURE(seed);
        Kernel k = test::boot(variant_of(seed));
        Watcher watcher(k);
        const std::string fault = watch(k, 20'000, watcher);
        CHECK_MESSAGE(fault.empty(), fault);
        returns += watcher.returns();
        switches += watcher.switches();
    }
    CHECK(returns > 2'000);  // the property was really put to the test
    CHECK(switches > 1'000);
    MESSAGE(returns << " returns to user mode, " << switches << " switches");
}

TEST_CASE("a copy of the kernel is a second kernel") {
    for (std::uint64_t seed = 100; seed < 130; ++seed) {
        CAPTURE(seed);
        Kernel k = test::boot(variant_of(seed));
        Log log;
        k.run({.steps = 500 + seed * 397 % 20'000}, &log);
        Log copy_log = log;
        Kernel copy = k;
        CHECK(copy.fingerprint() == k.fingerprint());
        const std::uint64_t here = k.fingerprint();

        copy.run({.steps = copy.steps() + 30'000}, &copy_log);
        CHECK(k.fingerprint() == here);  // what the copy does is no business of the original
        k.run({.steps = k.steps() + 30'000}, &log);
        CHECK(k.steps() == copy.steps());
        CHECK(k.fingerprint() == copy.fingerprint());
        CHECK(log.size() == copy_log.size());
        CHECK(log.fingerprint() == copy_log.fingerprint());
    }
}

TEST_CASE("watching changes nothing: run, step, step with report, with log or without") {
    for (std::uint64_t seed = 200; seed < 224; ++seed) {
        CAPTURE(seed);
        constexpr std::uint64_t kSteps = 40'000;
        const Kernel start = test::boot(variant_of(seed));

        Kernel full = start;
        full.run({.steps = kSteps}, nullptr);
        Log log;
        Kernel logged = start;
        logged.run({.steps = kSteps}, &log);
        Kernel single = start;
        while (single.steps() < kSteps && single.step(nullptr, nullptr)) {
        }
        Log watched_log;
        Kernel watched = start;
        StepReport report;
        while (watched.steps() < kSteps && watched.step(&watched_log, &report)) {
        }
        Kernel sliced = start;  // a window runs a little ahead in every frame
        for (Nanos t = 0; sliced.steps() < kSteps && sliced.end() == End::running; t += 37 * kMicro)
            sliced.run({.steps = kSteps, .time = t}, nullptr);

        CHECK(full.records() == log.size());
        CHECK(log.fingerprint() == watched_log.fingerprint());
        for (const Kernel* k : {&logged, &single, &watched, &sliced}) {
            CHECK(k->steps() == full.steps());
            CHECK(k->now() == full.now());
            CHECK(k->fingerprint() == full.fingerprint());
        }
        const Kernel again = test::boot(variant_of(seed));
        CHECK(again.fingerprint() == start.fingerprint());
    }
}

TEST_CASE("every nanosecond of a CPU goes to a task or to idling") {
    // linux.md 12, assertion 1. With free steps the sums are exact; with costs some time belongs to
    // nobody.
    for (std::uint64_t seed = 300; seed < 340; ++seed) {
        CAPTURE(seed);
        Scenario s = variant_of(seed);
        Kernel k = test::boot(s);
        k.run({.steps = 60'000}, nullptr);
        Nanos clocks = 0, spent = 0;
        for (const Cpu& cpu : k.cpus) {
            clocks += cpu.clock;
            spent += cpu.idle_ns;
            if (cpu.curr != cpu.idle && k.tasks[cpu.curr].on_rq)
                spent += cpu.clock - k.tasks[cpu.curr].se.exec_start;
        }
        for (TaskId id = 0; id < k.tasks.size(); ++id)
            spent += static_cast<Nanos>(k.tasks[id].se.sum_exec_runtime);
        if (k.image().ideal)
            CHECK(spent == clocks);
        else
            CHECK(spent <= clocks);
    }
}

TEST_CASE("a task's life is running, waiting for a CPU, or sleeping: nothing else") {
    // Added up from the records alone, and compared with what the kernel keeps in task_struct.
    for (std::uint64_t seed = 400; seed < 440; ++seed) {
        CAPTURE(seed);
        Scenario s = variant_of(seed);
        s.machine.costs_ideal = true;
        s.machine.costs.clear();
        Kernel k = test::boot(s);
        Log log;
        k.run({.steps = 60'000}, &log);
        struct Life {
            enum class Now { nothing, runs, waits, sleeps } now = Now::nothing;
            Nanos since = 0, cpu = 0, wait = 0, sleep = 0, born = 0;
            void to(Now next, Nanos at) {
                (now == Now::runs    ? cpu
                 : now == Now::waits ? wait
                                     : sleep) += now == Now::nothing ? 0 : at - since;
                if (now == Now::nothing) born = at;
                now = next;
                since = at;
            }
        };
        std::map<TaskId, Life> lives;
        for (const Record& r : log) {
            if (r.kind == RecordKind::sched_wakeup_new) lives[r.a].to(Life::Now::waits, r.at);
            if (r.kind == RecordKind::sched_wakeup && lives[r.a].now == Life::Now::sleeps)
                lives[r.a].to(Life::Now::waits, r.at);
            if (r.kind != RecordKind::sched_switch) continue;
            if (lives.count(r.task) != 0)
                lives[r.task].to((r.b & 0xff) == 'R' ? Life::Now::waits : Life::Now::sleeps, r.at);
            if (lives.count(r.a) != 0) lives[r.a].to(Life::Now::runs, r.at);
        }
        for (auto& [id, life] : lives) {
            const Task& t = k.tasks[id];
            if (life.now == Life::Now::nothing || t.pid == 0 || t.start_time < 0) continue;
            if (t.arrival <= 0 && t.is_kthread()) continue;  // there since boot
            const Nanos until = t.exit_time >= 0 ? t.exit_time : k.now();
            if (t.exit_time < 0) life.to(life.now, k.now());
            CAPTURE(t.name());
            CHECK(k.cpu_time(id) == life.cpu);
            CHECK(k.wait_time(id) == life.wait);
            if (t.exit_time < 0) CHECK(life.cpu + life.wait + life.sleep == until - life.born);
            CHECK(life.cpu + life.wait <= until - life.born);
        }
    }
}
