// Signals: default actions, masks, queueing, the frame on the user stack, interrupted calls. Expected values are those
// of linux.md 7.8 (kernel/signal.c), the table of signal(7), and the offsets of struct rt_sigframe written out by hand.
#include <array>
#include <map>

#include "sim/kernel/sigframe.h"
#include "tests/checked.h"

using namespace sy;
using namespace sy::test;

namespace {

std::size_t delivered(const Run& r, std::string_view name, int signal) {
    const TaskId id = task(r.k, name);
    return static_cast<std::size_t>(std::count_if(r.log.begin(), r.log.end(), [&](const Record& rec) {
        return rec.kind == RecordKind::signal_deliver && rec.a == id && rec.b == static_cast<std::uint32_t>(signal);
    }));
}
std::vector<std::int64_t> results(const Run& r, std::string_view name, std::uint64_t number) {
    std::vector<std::int64_t> out;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sys_exit && rec.task == task(r.k, name) && rec.a == number)
            out.push_back(static_cast<std::int64_t>(wide(rec.c, rec.d)));
    return out;
}

}  // namespace

TEST_CASE("the default action of all 31 signals (signal(7))") {
    // T terminates (with or without a core), I is ignored, S stops, C continues.
    constexpr std::string_view kActions = "TTTTTTTTTTTTTTTTICSSSSITTTTITTT";
    static_assert(kActions.size() == 31);
    for (int signal = 1; signal <= 31; ++signal) {
        CAPTURE(signal);
        // A child of a shell, in a group of its own: not an orphaned group.
        const std::string text = std::string(kIdeal) +
                                 "process sh { fork victim { setpgid run 10ms } sleep 1ms kill child " + std::to_string(signal) +
                                 " sleep 20ms kill child KILL waitpid }";
        const Run r = until(text, 5 * kMilli);
        const Task& victim = r.k.tasks[task(r.k, "victim")];
        const char action = signal == 17 ? 'I' : signal == 18 ? 'C' : kActions[static_cast<std::size_t>(signal - 1)];
        switch (action) {
            case 'T':
                CHECK((!victim.is_live || victim.exit_state != 0));
                CHECK((victim.exit_code & 0x7f) == signal);   // signal number in the low 7 bits (linux.md 3.7)
                break;
            case 'S': CHECK((victim.state & task_state::stopped) != 0); break;
            default: CHECK(victim.state == task_state::running); break;
        }
        CHECK(r.k.check_invariants() == "");
    }
}

TEST_CASE("a blocked signal waits, SIGKILL does not (it can be neither caught nor blocked)") {
    const Run waits = checked(std::string(kIdeal) + "process a { mask TERM run 5ms } process b { sleep 1ms kill a TERM }");
    CHECK(waits.k.tasks[task(waits.k, "a")].exit_code == 0);
    const Run r = checked("machine { cpus 2 costs ideal }\nprocess a { mask TERM run 5ms } process b { sleep 1ms kill a KILL }");
    CHECK(r.k.tasks[task(r.k, "a")].exit_code == 9);
    CHECK(r.k.tasks[task(r.k, "a")].exit_time < 3 * kMilli);
}

TEST_CASE("a signal below 32 is pending once, a real-time one each time (linux.md 7.8)") {
    const auto text = [](const std::string& s) {
        return std::string(kIdeal) + "process a { sigaction " + s + " { run 1us } mask " + s + " sleep 5ms unmask " + s +
               " run 1ms }\nprocess b { sleep 1ms kill a " + s + " kill a " + s + " kill a " + s + " }";
    };
    CHECK(delivered(checked(text("USR1")), "a", 10) == 1);
    CHECK(delivered(checked(text("40")), "a", 40) == 3);
}

TEST_CASE("the lowest number goes first, and its handler is interrupted by the next") {
    // Both become deliverable in one rt_sigprocmask: the frame of 10 is built first, that of 12 on top of it; so the
    // handler of 12 runs first.
    const Run r = checked(std::string(kIdeal) + R"(process a { sigaction USR1 { run 2ms } sigaction USR2 { run 1ms }
        mask USR1 USR2 kill self USR2 kill self USR1 unmask USR1 USR2 run 1ms })");
    std::vector<std::uint32_t> order;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::signal_deliver && rec.a == task(r.k, "a")) order.push_back(rec.b);
    CHECK(order == std::vector<std::uint32_t>{10, 12});
}

TEST_CASE("a handler is not interrupted by its own signal, unless SA_NODEFER; SA_ONESHOT goes back to the default") {
    const auto text = [](const std::string& how) {
        return "machine { cpus 2 costs ideal }\nprocess a { sigaction USR1 " + how + " { run 3ms } sleep 10ms run 1ms }\n" +
               "process b { sleep 1ms kill a USR1 sleep 1ms kill a USR1 }";
    };
    const auto nested = [](const Run& r) {   // was the second one delivered before the first rt_sigreturn?
        Nanos second = 0, first_return = kNever;
        for (const Record& rec : r.log) {
            if (rec.kind == RecordKind::signal_deliver && rec.b == 10) second = rec.at;
            if (rec.kind == RecordKind::sys_enter && rec.a == nr::rt_sigreturn) first_return = std::min(first_return, rec.at);
        }
        return second < first_return;
    };
    CHECK(!nested(checked(text(""))));
    CHECK(nested(checked(text("nodefer"))));
    const Run once = checked(text("oneshot"));
    CHECK(once.k.tasks[task(once.k, "a")].exit_code == 10);   // the second one killed it
}

TEST_CASE("EINTR and restart: ERESTARTSYS, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (linux.md 7.8)") {
    const auto text = [](const std::string& how, const std::string& call) {
        return std::string(kIdeal) + "pipe p\nprocess a { sigaction USR1 " + how + " { run 1us } " + call +
               " run 1us }\nprocess b { sleep 1ms kill a USR1 sleep 9ms write p 1 }";
    };
    // read: -512, then -EINTR for the program without SA_RESTART, made again with it.
    CHECK(results(checked(text("", "read p")), "a", nr::read).front() == -512);
    CHECK(results(checked(text("", "read p")), "a", nr::read).size() == 1);
    const auto again = results(checked(text("restart", "read p")), "a", nr::read);
    REQUIRE(again.size() == 2);
    CHECK(again[0] == -512);
    CHECK(again[1] > 0);
    // pause: -514, never again after a handler. nanosleep: -516, EINTR after a handler even with SA_RESTART.
    CHECK(results(checked(text("restart", "pause")), "a", nr::pause) == std::vector<std::int64_t>{-514});
    const Run slept = checked(text("restart", "sleep 50ms"));
    CHECK(results(slept, "a", nr::clock_nanosleep) == std::vector<std::int64_t>{-516});
    CHECK(slept.k.tasks[task(slept.k, "a")].exit_time < 5 * kMilli);
    // Without a handler (SIGCONT's default is to go on) the sleep goes on through restart_syscall, to its old end.
    const Run on = checked(std::string(kIdeal) + "process a { sleep 20ms } process b { sleep 5ms kill a STOP sleep 5ms kill a CONT }");
    CHECK(on.k.tasks[task(on.k, "a")].exit_time == 20 * kMilli);
    CHECK(!results(on, "a", nr::restart_syscall).empty());
}

TEST_CASE("the frame lies below the red zone, in the order of struct rt_sigframe, and comes back whole") {
    Kernel k = boot(scenario(std::string(kIdeal) + "process a pid 570 { sigaction USR1 { run 1ms } sleep 1ms run 10ms }\n"
                                                   "process b pid 580 { sleep 5ms kill a USR1 run 1ms }"));
    Log log;
    k.run({.time = 500 * kMicro}, &log);
    const TaskId a = task(k, "a");
    std::array<std::uint64_t, kPtRegs> before{};
    std::uint64_t rsp = 0;
    bool in_handler = false;
    const auto reg = [&](PtReg r) { return *k.user_reg(a, r); };
    while (!in_handler && k.step(&log, nullptr)) {
        const Cpu& c = k.cpus[k.tasks[a].cpu];
        const bool pending = (k.tasks[a].tif & tif::sigpending) != 0;
        if (!pending && c.current_task == a && c.regs.user()) {
            for (int i = 0; i < kPtRegs; ++i)
                if (static_cast<PtReg>(i) != PtReg::orig_rax) before[static_cast<std::size_t>(i)] = reg(static_cast<PtReg>(i));
            rsp = reg(PtReg::rsp);
        }
        for (const Record& r : log) in_handler |= r.kind == RecordKind::signal_deliver && r.a == a;
        if (in_handler)
            while (!(k.cpus[k.tasks[a].cpu].current_task == a && k.cpus[k.tasks[a].cpu].regs.user())) REQUIRE(k.step(&log, nullptr));
    }
    REQUIRE(in_handler);
    const std::uint64_t frame = reg(PtReg::rsp);
    CHECK(frame + 440 <= rsp - 128);                       // sizeof(struct rt_sigframe), below the red zone
    CHECK((frame + 8) % 16 == 0);                          // as after a call
    CHECK(reg(PtReg::rdi) == 10);                          // handler(signal, info, ucontext)
    CHECK(reg(PtReg::rsi) == frame + 8 + 304);
    CHECK(reg(PtReg::rdx) == frame + 8);
    const auto word = [&](std::uint64_t offset) { return k.read_user(k.tasks[a].mm, frame + offset); };
    // struct sigcontext: r8 r9 r10 r11 r12 r13 r14 r15 di si bp bx dx ax cx sp ip flags, from byte 48 on.
    constexpr PtReg kOrder[] = {PtReg::r8, PtReg::r9, PtReg::r10, PtReg::r11, PtReg::r12, PtReg::r13, PtReg::r14, PtReg::r15, PtReg::rdi,
                                PtReg::rsi, PtReg::rbp, PtReg::rbx, PtReg::rdx, PtReg::rax, PtReg::rcx, PtReg::rsp, PtReg::rip, PtReg::rflags};
    std::uint64_t at = 48;
    for (const PtReg r : kOrder) {
        CAPTURE(at);
        // While it computes only RBX and RIP move, and those are what was interrupted.
        if (r != PtReg::rbx && r != PtReg::rip && r != PtReg::rflags) CHECK(word(at) == before[static_cast<std::size_t>(r)]);
        at += 8;
    }
    CHECK((word(312) & 0xffff'ffff) == 10);                // siginfo.si_signo
    CHECK(word(328) == 580);                               // si_pid: who sent it
    CHECK((k.tasks[a].blocked >> 9 & 1) == 1);             // its own signal is blocked meanwhile
    const std::uint64_t saved_rbx = word(48 + 11 * 8), saved_rip = word(48 + 16 * 8);
    bool returned = false;
    while (!returned && k.step(&log, nullptr)) {
        const Record& last = log[log.size() - 1];
        returned = last.kind == RecordKind::sys_enter && last.a == nr::rt_sigreturn;
    }
    while (!(k.cpus[k.tasks[a].cpu].current_task == a && k.cpus[k.tasks[a].cpu].regs.user())) REQUIRE(k.step(&log, nullptr));
    CHECK(reg(PtReg::rbx) == saved_rbx);
    CHECK(reg(PtReg::rip) == saved_rip);
    CHECK(reg(PtReg::rsp) == rsp);
    CHECK(k.tasks[a].blocked == 0);
}

TEST_CASE("a frame that does not fit on the user stack ends in SIGSEGV") {
    const Run r = run(std::string(kIdeal) + "process a { sigaction SEGV { run 1us } sigaction USR1 nodefer { kill self USR1 } kill self USR1 }");
    CHECK(r.k.tasks[task(r.k, "a")].exit_code == 11);
}

TEST_CASE("the kernel writes a frame into a page that is shared by copy on write: the child gets its own") {
    const Run r = checked(std::string(kIdeal) + R"(process a { sigaction USR1 { run 1us } run 1ms
        fork kid { kill self USR1 run 1ms } waitpid })");
    CHECK(delivered(r, "kid", 10) == 1);
    CHECK(r.k.end() == End::all_exited);
}

TEST_CASE("kill 0 asks, kill -pgrp reaches the group, kill -1 everybody else, an unknown pid is ESRCH") {
    const Run all = checked(std::string(kIdeal) + "process a { run 50ms } process b { sleep 50ms } process c { sleep 1ms kill all TERM run 1ms }");
    CHECK(all.k.tasks[task(all.k, "a")].exit_code == 15);
    CHECK(all.k.tasks[task(all.k, "b")].exit_code == 15);
    CHECK(all.k.tasks[task(all.k, "c")].exit_code == 0);   // not itself
    CHECK(all.k.tasks[all.k.find_pid(1)].exit_state == 0); // not init
    const Run group = checked(std::string(kIdeal) + R"(process sh { fork x { setpgid fork y { sleep 50ms } sleep 50ms }
        fork z { sleep 9ms } sleep 1ms killpg x TERM waitpid waitpid })");
    CHECK(group.k.tasks[task(group.k, "x")].exit_code == 15);
    CHECK(group.k.tasks[task(group.k, "y")].exit_code == 15);
    CHECK(group.k.tasks[task(group.k, "z")].exit_code == 0);
    const Run none = checked(std::string(kIdeal) + "process a { run 1ms } process b { sleep 5ms kill a TERM kill self 0 }");
    CHECK(results(none, "b", nr::kill) == std::vector<std::int64_t>{-3, 0});
}

TEST_CASE("an orphaned process group is not stopped by SIGTSTP, only by SIGSTOP (kernel/signal.c)") {
    // Started from outside: its parent is init, no shell could ever continue it.
    const auto stopped = [](const char* signal) {
        const Run r = until(std::string(kIdeal) + "process a { run 9ms } at 2ms { kill a " + signal + " }", 5 * kMilli);
        return (r.k.tasks[task(r.k, "a")].state & task_state::stopped) != 0;
    };
    CHECK(!stopped("TSTP"));
    CHECK(stopped("STOP"));
}

TEST_CASE("a fatal signal ends all threads with one status, a handler of one thread runs in one") {
    const Run dead = checked("machine { cpus 2 costs ideal }\n" + std::string(R"(process p { thread x { run 9ms } thread y { sleep 9ms } run 9ms }
        at 2ms { kill p TERM })"));
    for (const char* name : {"p", "x", "y"}) CHECK(dead.k.tasks[task(dead.k, name)].exit_time <= 3 * kMilli);
    CHECK(dead.k.tasks[task(dead.k, "p")].exit_code == 15);
    const Run one = checked("machine { cpus 2 costs ideal }\n" + std::string(R"(process p { thread x { mask USR1 run 5ms } thread y { sleep 5ms }
        sigaction USR1 { run 1us } mask USR1 run 5ms } at 2ms { kill p USR1 })"));
    CHECK(delivered(one, "y", 10) == 1);   // the only thread that does not block it
}
