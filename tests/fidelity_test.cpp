// Linux does it like this, and so do we: each case cites the section of the fact sheet (linux.md)
// it holds the kernel to. Values come from there, not from our own output.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "machine.h"
#include "sim/machine/layout.h"

namespace {

using namespace sy;
using test::Run;
using test::task;

// Symbol of a report's step: "__switch_to_asm", "" for hardware and user code.
std::string routine(const StepReport& r) {
    return r.kind == StepReport::Kind::kernel ? kernel_text().routine_of(r.step).name : "";
}

struct Told {
    StepReport report;
    std::string routine;
    std::string what;
};
// Every step from the start of the first sched_switch from `from` to `to`'s __schedule until `to`
// is in user mode again (or, for a kernel thread, back from schedule()).
struct Switch {
    Kernel before, after;
    std::vector<Told> steps;
    std::uint64_t cr3_writes = 0;
};
Switch watch_switch(const std::string& text, const std::string& from, const std::string& to,
                    int skip = 0) {
    Kernel k = test::boot(test::scenario(text));
    Log log;
    std::vector<Told> steps;
    StepReport report;
    std::optional<Kernel> begin;
    const auto name = [&](TaskId t) { return std::string(k.tasks[t].name()); };
    bool committed = false;
    std::size_t seen = 0;
    Switch s;
    for (;;) {
        const CpuId cpu = k.next_cpu();
        const bool entering =
            cpu != kNoCpu && !k.cpus[cpu].regs.user() && !committed &&
            kernel_text().routine_of(k.cpus[cpu].pc).name == std::string("__schedule") &&
            k.cpus[cpu].pc == kernel_text().step_at(kernel_text().address(k.cpus[cpu].pc)) &&
            (steps.empty() || steps.back().routine != "__schedule");
        if (entering) {
            begin = k;
            steps.clear();
            steps.push_back({});
            steps.clear();
        }
        REQUIRE_MESSAGE(k.step(&log, &report), "no switch from " << from << " to " << to);
        if (report.kind == StepReport::Kind::kernel)
            steps.push_back({report, routine(report), kernel_text().def(report.step).say.what});
        for (; seen < log.size(); ++seen) {
            const Record& r = log[seen];
            if (r.kind == RecordKind::sched_switch && name(r.task) == from && name(r.a) == to &&
                skip-- == 0)
                committed = true;
        }
        if (!committed) continue;
        const std::string& where = steps.back().routine;
        if (where == "finish_task_switch" && k.cpus[report.cpu].preempt_count <= 1) {
            s.before = *begin;
            s.after = k;
            s.steps = steps;
            for (CpuId c = 0; c < k.cpus.size(); ++c)
                s.cr3_writes += k.cpus[c].cr3_writes - begin->cpus[c].cr3_writes;
            return s;
        }
    }
}

// Positions of the first step whose sentence starts so.
std::size_t find_step(const Switch& s, const std::string& routine, const std::string& what) {
    for (std::size_t i = 0; i < s.steps.size(); ++i)
        if (s.steps[i].routine == routine && s.steps[i].what.rfind(what, 0) == 0) return i;
    FAIL("no step '" << what << "' in " << routine);
    return 0;
}

constexpr const char* kTwoProcesses =
    "machine { cpus 1 }  pipe p  process a { run 1ms read p }  process b { run 200us write p run "
    "9ms }";
constexpr const char* kTwoThreads =
    "machine { cpus 1 }  process m { thread b { run 200us signal s run 9ms } "
    "thread a { run 1ms wait s run 1ms } join }";
constexpr const char* kKernelThread =
    "machine { cpus 1 }  kthread k { forever { sleep 2ms run 100us } }  process a { run 20ms }";

// Runs until `ready` says so; the test fails if the run ends before.
template <typename Ready>
Kernel run_until(const std::string& text, Ready ready) {
    Kernel k = test::boot(test::scenario(text));
    while (!ready(k)) REQUIRE(k.step(nullptr, nullptr));
    return k;
}
std::string chain_of_sleeper(const std::string& text, const std::string& name, Nanos at) {
    Kernel k = test::boot(test::scenario(text));
    k.run({.time = at}, nullptr);
    return test::join(test::chain(k, task(k, name)));
}

std::vector<std::string> story(const Run& r, std::initializer_list<RecordKind> kinds) {
    std::vector<std::string> out;
    for (const Record& rec : r.log) {
        if (std::find(kinds.begin(), kinds.end(), rec.kind) == kinds.end()) continue;
        const std::string who = rec.task == kNoTask ? "-" : std::string(r.k.tasks[rec.task].name());
        std::string line = who + " " + std::string(record_name(rec.kind));
        switch (rec.kind) {
            case RecordKind::sched_switch:
                line += std::string(" ") + static_cast<char>(rec.b & 0xff) +
                        ((rec.b & 0x100) != 0 ? "+" : "") + " ==> " +
                        std::string(r.k.tasks[rec.a].name());
                break;
            case RecordKind::sys_enter:
            case RecordKind::sys_exit:
                line += std::string(" ") + syscall_name(rec.a);
                break;
            case RecordKind::softirq_raise:
            case RecordKind::softirq_entry:
            case RecordKind::softirq_exit:
                line += std::string(" ") + softirq_name(static_cast<int>(rec.a));
                break;
            case RecordKind::sched_waking:
            case RecordKind::sched_wakeup:
            case RecordKind::sched_wakeup_new:
            case RecordKind::sched_process_exit:
            case RecordKind::sched_process_free:
                line += " " + std::string(r.k.tasks[rec.a].name());
                break;
            default:
                break;
        }
        out.push_back(line);
    }
    return out;
}

// The lines occur in this order, other lines may stand between.
std::string missing(const std::vector<std::string>& lines, const std::vector<std::string>& wanted) {
    std::size_t next = 0;
    for (const std::string& line : lines)
        if (next < wanted.size() && line == wanted[next]) ++next;
    return next == wanted.size() ? "" : wanted[next];
}

}  // namespace

// --- the switch: linux.md 5.4 to 5.8 ---

TEST_CASE("a process switch takes its steps in the order of linux.md 5.8 (a)") {
    const Switch s = watch_switch(kTwoProcesses, "a", "b");
    const std::size_t lock =
        find_step(s, "__schedule", "Interrupts off, lock this CPU's run queue");
    const std::size_t off = find_step(s, "__schedule", "Take {prev} off the run queue");
    const std::size_t pick = find_step(s, "__schedule", "Pick the next task");
    const std::size_t clear = find_step(s, "__schedule", "Clear {prev}'s TIF_NEED_RESCHED");
    const std::size_t commit = find_step(s, "__schedule", "Commit");
    const std::size_t cr3 = find_step(s, "switch_mm_irqs_off", "Write CR3");
    const std::size_t store = find_step(s, "__switch_to_asm", "Store RSP in {prev}");
    const std::size_t load = find_step(s, "__switch_to_asm", "Load RSP from {next}");
    const std::size_t fpu = find_step(s, "__switch_to", "Save the FPU block");
    const std::size_t segments = find_step(s, "__switch_to", "Save {prev}'s FS base");
    const std::size_t current = find_step(s, "__switch_to", "Set current_task");
    const std::size_t finish = find_step(s, "finish_task_switch", "Mark {prev} as off the CPU");
    const std::vector<std::size_t> order = {lock,  off,  pick, clear,    commit,  cr3,
                                            store, load, fpu,  segments, current, finish};
    CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("__switch_to_asm pushes rbp rbx r12-r15 and pops them in reverse (linux.md 5.4)") {
    const Switch s = watch_switch(kTwoProcesses, "b", "a");
    std::vector<Reg> pushed, popped;
    for (const Told& t : s.steps) {
        if (t.routine != "__switch_to_asm") continue;
        const StepDef& def = kernel_text().def(t.report.step);
        if (def.op == Op::push) pushed.push_back(def.reg);
        if (def.op == Op::pop) popped.push_back(def.reg);
    }
    CHECK(pushed == std::vector<Reg>{Reg::rbp, Reg::rbx, Reg::r12, Reg::r13, Reg::r14, Reg::r15});
    std::reverse(popped.begin(), popped.end());
    CHECK(popped == pushed);
}

TEST_CASE("CR3 writes of a process, thread and kernel-thread switch: 1, 0, 0 (linux.md 12, 7)") {
    CHECK(watch_switch(kTwoProcesses, "a", "b").cr3_writes == 1);
    CHECK(watch_switch(kTwoThreads, "a", "b").cr3_writes == 0);
    CHECK(watch_switch(kKernelThread, "a", "k").cr3_writes == 0);
    CHECK(watch_switch(kKernelThread, "k", "a", 1).cr3_writes ==
          0);  // back to the owner of the borrowed mm
}

TEST_CASE("a thread switch changes FS base and the kernel stack, not the mm (linux.md 5.8 b)") {
    const Switch s = watch_switch(kTwoThreads, "a", "b");
    const Task &a = s.after.tasks[task(s.after, "a")], &b = s.after.tasks[task(s.after, "b")];
    CHECK(a.mm == b.mm);
    CHECK(a.stack != b.stack);
    CHECK(a.fs_base != b.fs_base);
    CHECK(s.after.cpus[0].regs.fs_base == b.fs_base);
    CHECK(s.before.mms[a.mm].users == s.after.mms[a.mm].users);
    CHECK(s.before.mms[a.mm].count == s.after.mms[a.mm].count);
    CHECK(s.after.mms[a.mm].users == 3);  // main, a, b
    CHECK(s.after.mms[a.mm].count == 1);  // all users together count once
}

TEST_CASE("a kernel thread borrows an mm and gives it back (linux.md 5.6, 5.8 c)") {
    const Switch to = watch_switch(kKernelThread, "a", "k");
    const TaskId a = task(to.after, "a"), k = task(to.after, "k");
    const MmId mm = to.after.tasks[a].mm;
    CHECK(to.after.tasks[k].mm == kNoMm);
    CHECK(to.after.tasks[k].active_mm == mm);
    CHECK(to.after.mms[mm].count == 2);  // 1 + one lazy borrower
    CHECK(to.after.mms[mm].users == 1);
    CHECK(to.after.cpus[0].tlb.is_lazy);
    CHECK(to.after.cpus[0].regs.cr3 == to.before.cpus[0].regs.cr3);

    const Switch back = watch_switch(kKernelThread, "k", "a", 1);
    CHECK(back.after.tasks[k].active_mm == kNoMm);
    Kernel later = back.after;
    later.run({.steps = later.steps() + 10}, nullptr);
    CHECK(later.mms[mm].count == 1);
    CHECK_FALSE(later.cpus[0].tlb.is_lazy);
}

TEST_CASE("from one kernel thread to the idle task the reference moves (linux.md 5.6, table)") {
    const Kernel k = run_until(
        "machine { cpus 1 }  kthread k { forever { sleep 1ms run 100us } }  process a { run 100us "
        "sleep 20ms }",
        [](const Kernel& at) {
            return at.now() > 5 * kMilli && at.cpus[0].curr == at.cpus[0].idle &&
                   at.next_cpu() == 0;
        });
    const MmId mm = k.tasks[task(k, "a")].mm;
    CHECK(k.mms[mm].count == 2);
    CHECK(k.tasks[k.cpus[0].idle].active_mm == mm);
    CHECK(k.tasks[task(k, "k")].active_mm == kNoMm);
}

TEST_CASE(
    "at sched_switch the record says d..2.: interrupts off, preempt depth 2 (linux.md 12, 11)") {
    const Run r = test::run(
        "machine { cpus 2 preempt full } process a x3 { repeat 5 { run 300us sleep 100us yield } }"
        "kthread k { repeat 9 { run 50us sleep 100us } }");
    std::size_t switches = 0;
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::sched_switch) {
            ++switches;
            CHECK((rec.flags & record_flag::irqs_off) != 0);
            CHECK((rec.flags >> record_flag::depth_shift) == 2);
            CHECK((rec.flags & (record_flag::hardirq | record_flag::softirq)) == 0);
        }
        // linux.md 9.17: wakeups happen with interrupts off, waking one lock below wakeup.
        if (rec.task != kNoTask && rec.kind == RecordKind::sched_waking)
            CHECK((rec.flags & record_flag::irqs_off) != 0);
        if (rec.kind == RecordKind::local_timer_entry)
            CHECK((rec.flags & record_flag::hardirq) != 0);
    }
    CHECK(switches > 20);
}

TEST_CASE(
    "prev_state: R, S, D, I, Z, X, and R+ for kernel preemption (linux.md 0.3 fact 5, 1.3, 3.7)") {
    const Run r = test::run(
        "machine { cpus 1 preempt full }  device disk block latency 1ms  pipe p"
        "  process sleeper { sleep 1ms }  process reader { fsync disk }  kthread k { repeat 9 { "
        "run 200us sleep 400us } }"
        "  process hog { run 30ms }  process hog2 { run 30ms }"
        "  process parent { fork child { run 1ms } wait }  process threads { thread t { run 10us } "
        "join }"
        "  kthread k2 nice 19 { run 20ms }");
    std::map<std::string, std::string> letters;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sched_switch) {
            std::string& seen = letters[std::string(r.k.tasks[rec.task].name())];
            const char c = static_cast<char>(rec.b & 0xff);
            if (seen.find(c) == std::string::npos) seen += c;
            if ((rec.b & 0x100) != 0 && seen.find('+') == std::string::npos) seen += '+';
        }
    const auto has = [&](const char* name, char c) {
        return letters[name].find(c) != std::string::npos;
    };
    CHECK(has("sleeper", 'S'));
    CHECK(has("reader", 'D'));
    CHECK(has("k", 'I'));
    CHECK(has("hog", 'R'));
    CHECK_FALSE(has("hog", '+'));  // preempted on the way to user mode
    CHECK(has("child", 'Z'));      // its parent waits for it
    CHECK(has("t", 'X'));          // a thread is reaped at once
    CHECK(has("parent", 'X'));     // init ignores SIGCHLD
    CHECK(has("k2", '+'));         // kernel code, preempted
}

TEST_CASE(
    "nvcsw counts sleeps, nivcsw preemptions and yields (linux.md 0.3 fact 6, 12 assertion 10)") {
    const Run r = test::run(
        "machine { cpus 1 } process y x2 { repeat 50 { yield } } process s { repeat 10 { sleep "
        "100us } }"
        "process h x2 { run 40ms }");
    std::map<TaskId, std::pair<std::uint64_t, std::uint64_t>> counted;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sched_switch)
            ++((rec.b & 0xff) == 'R' ? counted[rec.task].second : counted[rec.task].first);
    for (const auto& [id, n] : counted) {
        if ((r.k.tasks[id].flags & pf::idle) != 0) continue;
        const Task& t = r.k.tasks[id];
        CAPTURE(t.name());
        CHECK(t.nvcsw == n.first);
        CHECK(t.nivcsw == n.second);
    }
    CHECK(r.k.tasks[task(r.k, "y/1")].nivcsw >= 40);  // sched_yield is involuntary
    CHECK(r.k.tasks[task(r.k, "y/1")].nvcsw == 1);    // its exit
    CHECK(r.k.tasks[task(r.k, "s")].nvcsw == 11);
    std::uint64_t total = 0;
    for (const Cpu& cpu : r.k.cpus) total += cpu.nr_switches;
    CHECK(total == r.k.switches());
}

// --- stacks: linux.md 4.2 to 4.4, 5.3 ---

TEST_CASE("pt_regs lies at the top of the kernel stack, in the kernel's order (linux.md 4.3)") {
    const std::pair<PtReg, std::uint64_t> offsets[] = {
        {PtReg::r15, 0},   {PtReg::r14, 8},   {PtReg::r13, 16},     {PtReg::r12, 24},
        {PtReg::rbp, 32},  {PtReg::rbx, 40},  {PtReg::r11, 48},     {PtReg::r10, 56},
        {PtReg::r9, 64},   {PtReg::r8, 72},   {PtReg::rax, 80},     {PtReg::rcx, 88},
        {PtReg::rdx, 96},  {PtReg::rsi, 104}, {PtReg::rdi, 112},    {PtReg::orig_rax, 120},
        {PtReg::rip, 128}, {PtReg::cs, 136},  {PtReg::rflags, 144}, {PtReg::rsp, 152},
        {PtReg::ss, 160}};
    for (const auto& [reg, offset] : offsets) CHECK(8 * static_cast<std::uint64_t>(reg) == offset);
    CHECK(kPtRegsBytes == 168);
    // A task asleep in a system call: number, user RIP behind SYSCALL, ring 3.
    Kernel k = test::boot(test::scenario("machine { cpus 1 } process a { sleep 10ms }"));
    k.run({.time = 5 * kMilli}, nullptr);
    const Task& t = k.tasks[task(k, "a")];
    const std::uint64_t base = layout::stack_top(t.stack) - 168;
    CHECK(k.stacks.read(base + 120) == 230);   // clock_nanosleep, linux.md 4.8
    CHECK(k.stacks.read(base + 136) == 0x33);  // user CS
    CHECK(k.stacks.read(base + 144) == 0x202);
    CHECK(k.stacks.read(base + 152) == layout::user_stack_top);
    CHECK(k.stacks.read(base + 160) == 0x2b);
    CHECK(k.stacks.read(base + 88) == k.stacks.read(base + 128));  // RCX holds the return RIP
    CHECK(k.stacks.read(base + 80) ==
          static_cast<std::uint64_t>(-38));  // -ENOSYS until the result is there
    CHECK(k.stacks.read(layout::stack_base(t.stack)) ==
          0x57AC6E9D);  // STACK_END_MAGIC, linux.md 4.2
}

TEST_CASE("thread.sp points at an inactive_task_frame of 56 bytes (linux.md 4.4)") {
    Kernel k = test::boot(test::scenario(
        "machine { cpus 1 } process a { sleep 10ms } process new arrive 20ms { run 1ms }"));
    k.run({.time = 5 * kMilli}, nullptr);
    const Task& t = k.tasks[task(k, "a")];
    const std::string back = kernel_text().symbolize(k.stacks.read(t.thread_sp + 48));
    CHECK(back.substr(0, back.find('+')) == "__schedule");

    // A new task: the frame sits directly below pt_regs, 224 bytes below the top, and returns into
    // ret_from_fork_asm.
    const Kernel fresh =
        run_until("machine { cpus 1 } process hog { run 10ms } process new arrive 1ms { run 1ms }",
                  [](const Kernel& at) { return at.now() > kMilli + 1'000; });
    const Task& n = fresh.tasks[task(fresh, "new")];
    REQUIRE(n.first_run < 0);
    CHECK(n.thread_sp == layout::stack_top(n.stack) - 224);
    CHECK(kernel_text()
              .symbolize(fresh.stacks.read(n.thread_sp + 48))
              .rfind("ret_from_fork_asm+0x0/", 0) == 0);
}

TEST_CASE(
    "an interrupt of user mode ends on the task's own stack, one of kernel mode on the IRQ stack "
    "(linux.md 0.3 fact 2)") {
    Kernel k = test::boot(test::scenario(
        "machine { cpus 1 hz 1000 } process a { run 20ms } kthread k arrive 5ms { run 20ms }"));
    bool from_user = false, from_kernel = false;
    bool was_user = false;
    TaskId was = kNoTask;
    while (k.now() < 30 * kMilli) {
        const Cpu& cpu = k.cpus[0];
        StepReport report;
        const bool user = cpu.regs.user();
        const TaskId current = cpu.current_task;
        if (!k.step(nullptr, &report)) break;
        if (report.kind == StepReport::Kind::interrupt) {
            was_user = user;
            was = current;
            // The hardware's frame: on the entry stack from user mode, on the current stack from
            // kernel mode (5.1).
            CHECK(layout::is_entry_stack(cpu.regs[Reg::rsp]) == user);
        }
        if (routine(report) != "hrtimer_interrupt" || was == cpu.idle) continue;
        const std::uint32_t slot = layout::stack_slot_of(cpu.regs[Reg::rsp]);
        if (was_user) {
            CHECK(slot == k.tasks[was].stack);
            CHECK_FALSE(cpu.hardirq_stack_inuse);
            from_user = true;
        } else {
            CHECK(slot == cpu.irq_stack);
            CHECK(cpu.hardirq_stack_inuse);
            from_kernel = true;
        }
    }
    CHECK(from_user);
    CHECK(from_kernel);
}

TEST_CASE("SYSCALL pushes nothing and switches no stack (linux.md 5.1)") {
    Kernel k =
        test::boot(test::scenario("machine { cpus 1 } process a { run 1ms getpid run 1ms }"));
    StepReport report;
    for (;;) {
        const Regs before = k.cpus[0].regs;
        REQUIRE(k.step(nullptr, &report));
        const Regs& after = k.cpus[0].regs;
        if (report.kind != StepReport::Kind::user || after.user()) continue;
        CHECK(after[Reg::rsp] == before[Reg::rsp]);
        CHECK(after[Reg::rcx] == before.rip + 16);
        CHECK(after[Reg::r11] == before.rflags);
        CHECK((after.rflags & kFlagIf) == 0);
        CHECK(after.cs == 0x10);
        CHECK(after.ss == 0x18);
        for (const Move& m : report.moves) CHECK(m.to.kind != Place::Kind::word);
        break;
    }
}

TEST_CASE("a system call without a wait is no switch (linux.md 5.8 d)") {
    const Run r = test::run("machine { cpus 1 } process a { repeat 100 { getpid } }");
    CHECK(r.k.switches() == 2);  // from idle and back
    CHECK(r.k.tasks[task(r.k, "a")].nivcsw == 0);
}

TEST_CASE(
    "a task that comes back to a CPU whose FPU registers are stale gets its own (linux.md 5.2, "
    "step 11)") {
    // It runs on CPU 0, then on CPU 1, then on CPU 0 again, and nobody else has used CPU 0's FPU
    // registers meanwhile.
    const Run moved = test::run(
        "machine { cpus 2 } process a cpu 0 { repeat 3 { run 1ms affinity 1 run 1ms affinity 0 } "
        "}");
    const Run stayed = test::run(
        "machine { cpus 2 } process a cpu 0 { repeat 3 { run 1ms affinity 0 run 1ms affinity 0 } "
        "}");
    CHECK(moved.k.tasks[task(moved.k, "a")].nr_migrations >= 5);
    CHECK(stayed.k.tasks[task(stayed.k, "a")].nr_migrations == 0);
    // The block stands for what the program computed: the same program computes the same wherever
    // it runs.
    CHECK(moved.k.tasks[task(moved.k, "a")].fpu == stayed.k.tasks[task(stayed.k, "a")].fpu);
}

// --- who is where: linux.md 4.7 ---

TEST_CASE("call chains of sleepers are those of Linux (linux.md 4.7)") {
    const std::string entry = " < do_syscall_64 < entry_SYSCALL_64_after_hwframe";
    const std::string hidden = "__switch_to_asm < __schedule < schedule < ";
    CHECK(chain_of_sleeper("machine { cpus 1 } process a { sleep 10ms }", "a", kMilli) ==
          hidden + "do_nanosleep < hrtimer_nanosleep < common_nsleep < __x64_sys_clock_nanosleep" +
              entry);
    CHECK(chain_of_sleeper("machine { cpus 1 until 9ms } pipe p process a { read p } process b { "
                           "sleep 5ms write p }",
                           "a", kMilli) == hidden + "pipe_read < vfs_read < ksys_read" + entry);
    CHECK(chain_of_sleeper("machine { cpus 1 until 9ms } pipe p capacity 1 process a { write p 5 } "
                           "process b { sleep 5ms read p 9 }",
                           "a", kMilli) == hidden + "pipe_write < vfs_write < ksys_write" + entry);
    CHECK(chain_of_sleeper(
              "machine { cpus 1 } process p { thread a { wait s } sleep 5ms signal s join }", "a",
              kMilli) ==
          hidden + "futex_wait_queue < futex_wait < do_futex < __x64_sys_futex" + entry);
    CHECK(chain_of_sleeper("machine { cpus 1 } process a { fork c { run 5ms } wait }", "a",
                           kMilli) == hidden + "do_wait < kernel_wait4 < __x64_sys_wait4" + entry);
    const std::string kthread = " < kthread < ret_from_fork < ret_from_fork_asm";
    const std::string idle = "machine { cpus 1 until 5ms } process a { run 1ms }";
    CHECK(chain_of_sleeper(idle, "ksoftirqd/0", kMilli) == hidden + "smpboot_thread_fn" + kthread);
    CHECK(chain_of_sleeper(idle, "kworker/0:0", kMilli) == hidden + "worker_thread" + kthread);
    CHECK(chain_of_sleeper(idle, "kthreadd", kMilli) ==
          hidden + "kthreadd < ret_from_fork < ret_from_fork_asm");  // no kthread frame
    CHECK(chain_of_sleeper("machine { cpus 1 until 5ms } process a { sleep 3ms }", "swapper/0",
                           2 * kMilli) == "do_idle < cpu_startup_entry");
}

TEST_CASE("states of the threads that wait for work (linux.md 3.5, 0.3 fact 9)") {
    Kernel k = test::boot(test::scenario("machine { cpus 2 until 5ms } process a { run 1ms }"));
    const auto letter = [&](const char* name) {
        const Task& t = k.tasks[task(k, name)];
        return state_letter(t.state, t.exit_state);
    };
    CHECK(letter("init") == 'S');
    CHECK(letter("kthreadd") == 'S');
    CHECK(letter("ksoftirqd/1") == 'S');
    CHECK(letter("kworker/0:0") == 'I');
    CHECK(letter("kworker/1:0H") == 'I');
    CHECK(k.tasks[task(k, "kworker/1:0H")].nice == -20);
    CHECK(k.tasks[task(k, "init")].pid == 1);
    CHECK(k.tasks[task(k, "kthreadd")].pid == 2);
    CHECK(k.tasks[task(k, "swapper/1")].pid == 0);
    CHECK(k.tasks[k.tasks[task(k, "ksoftirqd/1")].real_parent].pid == 2);
    // linux.md 1.6: flags of kthreadd, a bound kthread and a kworker, decimal values of a
    // live 6.18.
    CHECK(k.tasks[task(k, "kthreadd")].flags == 2'129'984);
    CHECK(k.tasks[task(k, "ksoftirqd/0")].flags == 69'238'848);
    CHECK(k.tasks[task(k, "kworker/0:0")].flags == 69'238'880);
    for (const char* name : {"kthreadd", "ksoftirqd/0", "kworker/0:0"})
        CHECK(k.tasks[task(k, name)].mm == kNoMm);
}

TEST_CASE("state letters (linux.md 1.3)") {
    CHECK(state_letter(0, 0) == 'R');
    CHECK(state_letter(1, 0) == 'S');
    CHECK(state_letter(2, 0) == 'D');
    CHECK(state_letter(0x102, 0) == 'D');  // KILLABLE
    CHECK(state_letter(0x402, 0) == 'I');
    CHECK(state_letter(0x104, 0) == 'T');
    CHECK(state_letter(0x800, 0) == 'R');  // TASK_NEW is not reported
    CHECK(state_letter(0x200, 0) == 'R');  // nor TASK_WAKING
    CHECK(state_letter(0x80, 0x20) == 'Z');
    CHECK(state_letter(0x80, 0x10) == 'X');
}

// --- golden orders of records: linux.md 9.17 ---

TEST_CASE("pipe ping-pong on one CPU (linux.md 9.17)") {
    const Run r = test::run(
        "machine { cpus 1 } pipe to pipe from"
        " process reader { repeat 3 { read to write from } }  process writer arrive 9ms { run 2ms "
        "repeat 3 { write to read from } }");
    const auto lines =
        story(r, {RecordKind::sys_enter, RecordKind::sys_exit, RecordKind::sched_waking,
                  RecordKind::sched_wakeup, RecordKind::sched_switch});
    // The reader has waited long, so the wakeup preempts the writer on its way out of write.
    CHECK(missing(lines, {"writer sys_enter write", "writer sched_waking reader",
                          "writer sched_wakeup reader", "writer sched_switch R ==> reader",
                          "reader sys_exit read", "reader sys_enter write",
                          "reader sched_switch S ==> writer"}) == "");
}

TEST_CASE("exit and wait (linux.md 9.17)") {
    const Run r = test::run("machine { cpus 1 } process parent { fork child { run 1ms } wait }");
    const auto lines = story(
        r, {RecordKind::sys_enter, RecordKind::sys_exit, RecordKind::sched_process_exit,
            RecordKind::sched_process_fork, RecordKind::sched_wakeup_new, RecordKind::sched_waking,
            RecordKind::sched_wakeup, RecordKind::sched_switch, RecordKind::sched_process_free});
    CHECK(missing(lines, {"parent sys_enter clone", "parent sched_process_fork",
                          "parent sched_wakeup_new child", "parent sys_exit clone",
                          "parent sys_enter wait4", "parent sched_switch S ==> child",
                          "child sys_enter exit_group", "child sched_process_exit child",
                          "child sched_waking parent", "child sched_wakeup parent",
                          "child sched_switch Z ==> parent", "parent sched_process_free child",
                          "parent sys_exit wait4"}) == "");
}

TEST_CASE("a disk completion wakes its reader through softirq BLOCK (linux.md 9.17)") {
    const Run r = test::run(
        "machine { cpus 1 } device disk block latency 1ms  process reader { run 10us fsync disk }  "
        "process hog { run 5ms }");
    const auto lines =
        story(r, {RecordKind::irq_handler_entry, RecordKind::irq_handler_exit,
                  RecordKind::softirq_raise, RecordKind::softirq_entry, RecordKind::softirq_exit,
                  RecordKind::sched_waking, RecordKind::sched_wakeup, RecordKind::sched_switch});
    CHECK(missing(lines, {"reader sched_switch D ==> hog", "hog irq_handler_entry",
                          "hog softirq_raise BLOCK", "hog irq_handler_exit",
                          "hog softirq_entry BLOCK", "hog sched_waking reader",
                          "hog sched_wakeup reader", "hog softirq_exit BLOCK"}) == "");
    for (const Record& rec : r.log) {
        const bool h = (rec.flags & record_flag::hardirq) != 0,
                   s = (rec.flags & record_flag::softirq) != 0;
        if (rec.kind == RecordKind::irq_handler_entry || rec.kind == RecordKind::softirq_raise)
            CHECK((h && !s));
        if (rec.kind == RecordKind::softirq_entry) CHECK((s && !h));
        if (rec.kind == RecordKind::sched_wakeup && s)
            CHECK((rec.flags & record_flag::irqs_off) != 0);
    }
}

TEST_CASE("a tick that preempts user code (linux.md 9.17)") {
    const Run r = test::run("machine { cpus 1 } process a { run 6ms } process b { run 6ms }");
    std::vector<std::string> lines;
    for (const Record& rec : r.log) {
        if (rec.at < 4 * kMilli || rec.at > 4 * kMilli + 10 * kMicro) continue;
        lines.push_back(std::string(record_name(rec.kind)));
        if (rec.kind == RecordKind::local_timer_exit)
            CHECK((rec.flags & record_flag::need_resched) != 0);
        if (rec.kind == RecordKind::sched_switch) CHECK(static_cast<char>(rec.b & 0xff) == 'R');
    }
    CHECK(missing(lines, {"local_timer_entry", "hrtimer_expire_entry", "local_timer_exit",
                          "sched_switch"}) == "");
}

TEST_CASE(
    "a wakeup of a task that is still on its CPU goes through the wake list (linux.md 5.8 g)") {
    // b's read() is woken by a's write at every distance from the moment it falls asleep.
    for (int i = 0; i < 40; ++i) {
        const std::string delay = std::to_string(900 + 20 * i) + "ns";
        CAPTURE(delay);
        const Run r = test::run(
            "machine { cpus 2 } pipe p process b cpu 1 { run 5us read p } process a cpu 0 { run "
            "4us run " +
            delay + " write p }");
        CHECK(r.k.end() == End::all_exited);
        for (const Record& rec : r.log)
            if (rec.kind == RecordKind::sched_wakeup && rec.a == task(r.k, "b")) CHECK(rec.b == 1);
    }
}

TEST_CASE(
    "after the last thread the leader has no mm; after wait4 no task is left (linux.md 12, 9)") {
    const Kernel k = run_until(
        "machine { cpus 1 } process parent { fork child { run 1ms } run 5ms sleep 1ms wait sleep "
        "5ms }",
        [](const Kernel& at) {
            for (TaskId t = 0; t < at.tasks.size(); ++t)
                if (at.tasks[t].comm_view() == "parent" && at.tasks[t].pid > 1 &&
                    at.now() > 7 * kMilli + 500 * kMicro)
                    return true;
            return false;
        });
    for (TaskId t = 0; t < k.tasks.size(); ++t)
        if (k.tasks[t].exit_state == kExitZombie) CHECK(k.tasks[t].mm == kNoMm);
    Kernel later = k;
    later.run({}, nullptr);
    CHECK(later.find_pid(501) == kNoTask);
    std::int32_t living = 0;
    for (MmId m = 1; m < later.mms.size(); ++m) living += later.mms[m].users;
    CHECK(living == 1);  // init's
}

TEST_CASE("pids and tgids: threads share the tgid, getpid returns it (linux.md 1.1)") {
    const Run r =
        test::run("machine { cpus 1 } process p pid 570 { thread t { getpid } join getpid }");
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sys_exit && rec.a == 39) CHECK(wide(rec.c, rec.d) == 570);
    CHECK(r.k.tasks[task(r.k, "t")].tgid == 570);
    CHECK(r.k.tasks[task(r.k, "t")].pid != 570);
}
