// Kernels that are broken on purpose: what each breakage comes to, worked out by hand from what the missing step is for;
// that a sound kernel never oopses; and that no wreck, however bad, takes the program with it.
#include <doctest/doctest.h>

#include "machine.h"
#include "sim/base/assert.h"
#include "sim/base/random.h"
#include "sim/kernel/broken.h"
#include "sim/report/oops.h"
#include "sim/report/proc.h"
#include "sim/report/ps.h"
#include "sim/scenario/breaks.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/write.h"
#include "sim/session/batch.h"
#include "sim/session/crime.h"
#include "sim/session/session.h"

using namespace sy;

namespace {

const char* const kFork = "machine { cpus 1 until 20ms }\nprocess shell pid 570 { run 1ms fork child { run 1ms } run 1ms wait }\n";

Scenario broken(std::string_view text, std::string_view how) {
    return test::scenario(std::string(text) + "break " + std::string(how) + "\n");
}
Kernel run_out(const Scenario& s, std::uint64_t steps = ~std::uint64_t{0}) {
    Kernel k = test::boot(s);
    k.run({.steps = steps}, nullptr);
    return k;
}

}  // namespace

TEST_CASE("RBX forgotten: the word that a new task was prepared with is not the one it finds") {
    // linux.md 4.4: ret_from_fork calls RBX if it is not 0; a user task's frame has 0 there. RBX keeps what the idle
    // task had in it: __schedule has prev there (linux.md 5.6), a pointer into the slab of task_structs.
    const Kernel k = run_out(broken(kFork, "forget callee-saved rbx"));
    REQUIRE(k.end() == End::oops);
    REQUIRE(k.oops != nullptr);
    CHECK(k.oops->kind == Oops::Kind::page_fault);
    CHECK(k.oops->address == layout::task_address(k.cpus[0].idle));
    CHECK(k.oops->regs[Reg::rbx] == k.oops->address);
    REQUIRE(k.oops->trace.size() >= 2);
    CHECK(kernel_text().routine_of(kernel_text().step_at(k.oops->rip)).name == std::string_view("ret_from_fork"));
    CHECK(kernel_text().symbolize(k.oops->trace[1]).starts_with("ret_from_fork_asm+"));
}

TEST_CASE("GS not exchanged: the first look at a per-CPU variable faults, and so does the handler") {
    const Kernel k = run_out(broken(kFork, "forget swapgs"));
    REQUIRE(k.oops != nullptr);
    CHECK(k.oops->kind == Oops::Kind::double_fault);
    CHECK(k.oops->address == 0);   // a program's GS base (linux.md 5.1)
    CHECK(kernel_text().symbolize(k.oops->rip).starts_with("entry_SYSCALL_64+"));
}

TEST_CASE("RFLAGS not saved: the program returns with IF clear and keeps the CPU until the watchdog's 10 s") {
    const Kernel k = run_out(broken(
        "machine { cpus 1 until 15s trace sched }\nprocess hog { run 1ms getpid run 14s }\nprocess poor arrive 5ms { run 1ms }\n",
        "forget rflags"));
    REQUIRE(k.oops != nullptr);
    CHECK(k.oops->kind == Oops::Kind::hard_lockup);
    CHECK(k.oops->regs.user());
    CHECK_FALSE(k.oops->regs.interrupts_on());
    // Off since the system call of 1 ms, which takes a few microseconds at the most.
    CHECK(k.oops->at >= kSecond * 10 + kMilli);
    CHECK(k.oops->at < kSecond * 10 + 2 * kMilli + 5 * kMilli);
    CHECK(k.cpu_time(test::task(k, "poor")) == 0);
}

TEST_CASE("TIF_NEED_RESCHED ignored: 20 s after the first tick that finds another task") {
    const Kernel k = run_out(broken(
        "machine { cpus 1 until 25s trace sched }\nprocess hog { forever { run 10ms getpid } }\nprocess poor arrive 5ms { run 1ms }\n",
        "forget need-resched"));
    REQUIRE(k.oops != nullptr);
    CHECK(k.oops->kind == Oops::Kind::soft_lockup);
    CHECK(k.oops->at >= 20 * kSecond + 5 * kMilli);   // poor came at 5 ms
    CHECK(k.oops->at <= 20 * kSecond + 5 * kMilli + 3 * 4 * kMilli + kMilli);   // some ticks of 4 ms later
    CHECK(oops_title(k, *k.oops).find("soft lockup - CPU#0") != std::string::npos);
}

TEST_CASE("CR3 not written: both processes execute init's program, which calls pause") {
    const Kernel k = run_out(broken("machine { cpus 1 until 60ms }\nprocess a { run 3ms }\nprocess b { run 3ms }\n", "keep cr3"));
    CHECK(k.oops == nullptr);
    for (const char* name : {"a", "b"}) {
        const Task& t = k.tasks[test::task(k, name)];
        CHECK(t.state == task_state::interruptible);
        // linux.md 3: pause is system call 34.
        CHECK(k.user_reg(test::task(k, name), PtReg::orig_rax) == 34u);
    }
    CHECK(k.cpus[0].cr3_writes == 0);
}

TEST_CASE("each breakage differs from the sound kernel first in the step that it changes") {
    struct Expected {
        const char* how;
        const char* routine;
    };
    for (const Expected& e : {Expected{"forget callee-saved rbx", "__switch_to_asm"}, Expected{"forget rflags", "entry_SYSCALL_64"},
                              Expected{"forget swapgs", "entry_SYSCALL_64"}, Expected{"keep cr3", "switch_mm_irqs_off"},
                              Expected{"keep stack", "__switch_to_asm"}, Expected{"keep interrupts", "__schedule"},
                              Expected{"share stack", "copy_process"}}) {
        CAPTURE(e.how);
        const auto crime = find_crime(broken(kFork, e.how), 1'000'000, {});
        REQUIRE(crime);
        CHECK(crime->where.starts_with(std::string(e.routine) + "+"));
    }
    // What no step of this run does cannot be missed: no kernel thread borrows here, no softirq is raised twice.
    CHECK_FALSE(find_crime(broken("machine { cpus 1 }\nprocess a { run 1ms }\n", "forget softirq-limit"), 1'000'000, {}));
}

TEST_CASE("a sound kernel is the same with the line taken away, and has no oops") {
    const Kernel sound = run_out(test::scenario(kFork));
    CHECK(sound.oops == nullptr);
    CHECK(sound.end() == End::all_exited);
    Scenario s = broken(kFork, "forget swapgs");
    s.breaks.clear();
    CHECK(run_out(s).fingerprint() == sound.fingerprint());
}

TEST_CASE("words of breakages: all are read, written and explained; mistakes say what was meant") {
    for (const BreakageInfo& b : breakages()) {
        CAPTURE(b.words);
        Text why;
        const auto how = scn::read_break(b.example, why);
        REQUIRE(how);
        CHECK(how->kind == b.kind);
        CHECK(scn::write_break(*how) == "break " + std::string(b.example));
        const Scenario s = broken(kFork, b.example);
        CHECK(test::scenario(write_scenario(s)) == s);
        CHECK_FALSE(b.what.empty());
        CHECK_FALSE(b.what_zh.empty());
    }
    Text why;
    CHECK_FALSE(scn::read_break("forget swapg", why));
    CHECK(why.en.find("forget swapgs") != std::string::npos);
    CHECK_FALSE(scn::read_break("forget callee-saved rax", why));
    CHECK_FALSE(scn::read_break("forget callee-saved", why));
    CHECK_FALSE(scn::read_break("keep cr3 twice", why));
    CHECK_FALSE(scn::read_break("", why));
    CHECK_FALSE(why.zh.empty());
}

TEST_CASE("going back from an oops and forward again comes to the same oops") {
    BootError error;
    const auto session = Session::open(broken(kFork, "share stack"), error);
    REQUIRE(session);
    session->run_to_end();
    REQUIRE(session->frontier().oops != nullptr);
    const std::uint64_t last = session->frontier().steps();
    const std::uint64_t print = session->frontier().fingerprint();
    session->seek_step(last / 2);
    CHECK(session->now().oops == nullptr);
    session->seek_step(last);
    REQUIRE(session->now().oops != nullptr);
    CHECK(session->now().fingerprint() == print);
    CHECK(session->now().oops->why == session->frontier().oops->why);
}

TEST_CASE("no wreck takes the program with it") {
    for (std::uint64_t seed = 1; seed <= test::cases(400); ++seed) {
        CAPTURE(seed);
        Random dice(seed);
        Scenario s = random_scenario(seed);
        for (int n = 0; n < 1 + static_cast<int>(seed % 3); ++n) {
            const BreakageInfo& b = breakages()[dice.next() % breakages().size()];
            s.breaks.push_back({b.kind, callee_saved_registers()[dice.next() % 6], {}});
        }
        BootError error;
        std::optional<Kernel> k = Kernel::boot(s, error);
        if (!k) continue;
        Log log;
        k->run({.steps = 200'000, .records = 200'000}, &log);
        // Whoever looks at it gets an answer or a KernelFault, nothing else.
        const BrokenGround ground;
        const auto look = [&](auto&& at) {
            try {
                at();
            } catch (const KernelFault&) {
            }
        };
        look([&] { k->fingerprint(); });
        look([&] { ps_rows(*k); });
        look([&] { oops_lines(*k); });
        for (TaskId t = 0; t < k->tasks.size(); ++t) look([&] { k->call_chain(t); });
        if (k->oops != nullptr) {
            CHECK(k->end() == End::oops);
            CHECK_FALSE(oops_title(*k, *k->oops).empty());
        }
    }
}
