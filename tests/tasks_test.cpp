// The life of tasks: which flags of clone fit together, what they share, the order of dying, wait. Expected values are
// the tables of linux.md 3.1, 3.3, 3.7.
#include "sim/kernel/sigframe.h"
#include "tests/checked.h"

using namespace sy;
using namespace sy::test;

namespace {

std::vector<std::int64_t> results(const Run& r, std::string_view name, std::uint64_t number) {
    std::vector<std::int64_t> out;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sys_exit && rec.task == task(r.k, name) && rec.a == number)
            out.push_back(static_cast<std::int64_t>(wide(rec.c, rec.d)));
    return out;
}

}  // namespace

TEST_CASE("clone: every combination of the five sharing flags is right or EINVAL (linux.md 3.1, Validity)") {
    constexpr std::pair<const char*, std::uint64_t> kFlags[] = {{"VM", 0x100}, {"FS", 0x200}, {"FILES", 0x400}, {"SIGHAND", 0x800}, {"THREAD", 0x10000}};
    for (unsigned set = 0; set < 32; ++set) {
        std::string words;
        std::uint64_t flags = 0;
        for (unsigned i = 0; i < 5; ++i)
            if ((set >> i & 1) != 0) {
                words += std::string(kFlags[i].first) + " ";
                flags |= kFlags[i].second;
            }
        CAPTURE(words);
        const bool is_thread = (flags & 0x10000) != 0, sighand = (flags & 0x800) != 0, vm = (flags & 0x100) != 0;
        const bool legal = (!is_thread || sighand) && (!sighand || vm);
        const Run r = until(std::string(kIdeal) + "process p { clone kid " + words + "{ sleep 9ms } sleep 9ms }", 2 * kMilli);
        const auto got = results(r, "p", nr::clone);
        REQUIRE(got.size() == 1);
        CHECK((got[0] > 0) == legal);
        if (!legal) {
            CHECK(got[0] == -22);
            continue;
        }
        const Task &p = r.k.tasks[task(r.k, "p")], &kid = r.k.tasks[task(r.k, "kid")];
        CHECK((p.mm == kid.mm) == vm);
        CHECK((p.fs == kid.fs) == ((flags & 0x200) != 0));
        CHECK((p.files == kid.files) == ((flags & 0x400) != 0));
        CHECK((p.sighand == kid.sighand) == sighand);
        CHECK((p.signal == kid.signal) == is_thread);
        CHECK((p.tgid == kid.tgid) == is_thread);
        CHECK(p.stack != kid.stack);                         // a kernel stack is never shared (linux.md 3.3)
        CHECK(r.k.mms[p.mm].users == (vm ? 2 : 1));
        CHECK(r.k.shared.files[p.files].count == ((flags & 0x400) != 0 ? 2 : 1));
        CHECK(kid.exit_signal == (is_thread ? -1 : 17));
    }
}

TEST_CASE("clone: NEWNS with FS, PIDFD with THREAD, and namespaces that this kernel has not: EINVAL") {
    for (const char* flags : {"NEWNS FS", "NEWNS", "NEWPID", "NEWUSER FS", "VM SIGHAND THREAD PIDFD"}) {
        CAPTURE(flags);
        const Run r = checked(std::string(kIdeal) + "process p { clone kid " + flags + " { run 1ms } }");
        CHECK(results(r, "p", nr::clone) == std::vector<std::int64_t>{-22});
    }
}

TEST_CASE("the tid words: PARENT_SETTID in the parent, CHILD_SETTID in the child's own memory, CHILD_CLEARTID clears it") {
    const auto tid_word = [](const Run& r, std::string_view name) {
        const Task& t = r.k.tasks[task(r.k, name)];
        for (const Variable& v : r.k.program_of(t).variables)
            if (v.name == "tid of kid") return r.k.mms[t.mm].read(v.address);
        return std::uint64_t{99'999};
    };
    const auto text = [](const std::string& flags) { return std::string(kIdeal) + "process p { clone kid " + flags + " { sleep 3ms } sleep 9ms }"; };
    const Run parent = until(text("PARENT_SETTID"), kMilli);
    const auto kid = static_cast<std::uint64_t>(parent.k.tasks[task(parent.k, "kid")].pid);
    CHECK(tid_word(parent, "p") == kid);
    const Run child = until(text("CHILD_SETTID"), kMilli);
    CHECK(tid_word(child, "p") == 0);          // memory is not shared: only the child's copy has it
    CHECK(tid_word(child, "kid") == kid);
    CHECK(tid_word(until(text("VM CHILD_SETTID"), kMilli), "p") == kid);
    CHECK(tid_word(until(text("VM CHILD_SETTID CHILD_CLEARTID"), 2 * kMilli), "p") == kid);
    CHECK(tid_word(until(text("VM CHILD_SETTID CHILD_CLEARTID"), 5 * kMilli), "p") == 0);
    CHECK(tid_word(until(text("VM CHILD_SETTID"), 5 * kMilli), "p") == kid);
}

TEST_CASE("SETTLS sets FS base, a task without it has its parent's; a child begins with RAX 0") {
    const Run r = until(std::string(kIdeal) + "process p { clone one VM SETTLS { sleep 9ms } clone two VM { sleep 9ms } sleep 9ms }", 2 * kMilli);
    const std::uint64_t own = r.k.tasks[task(r.k, "p")].fs_base;
    CHECK(r.k.tasks[task(r.k, "one")].fs_base != own);
    CHECK(r.k.tasks[task(r.k, "two")].fs_base == own);
}

TEST_CASE("fork copies, a thread shares, and both inherit what linux.md 3.3 says") {
    const Run r = until(std::string(kIdeal) + R"(process p pid 570 nice 5 { mask USR1 umask 077
        fork kid { sleep 9ms } kill self USR1 sleep 9ms })", 2 * kMilli);
    const Task &p = r.k.tasks[task(r.k, "p")], &kid = r.k.tasks[task(r.k, "kid")];
    CHECK(kid.real_parent == task(r.k, "p"));
    CHECK(kid.tgid == kid.pid);
    CHECK(kid.nice == 5);
    CHECK(kid.blocked == p.blocked);
    CHECK(r.k.shared.fs[kid.fs].umask == 077);
    CHECK(r.k.shared.signal[kid.signal].pgrp == r.k.shared.signal[p.signal].pgrp);
    CHECK(r.k.shared.signal[kid.signal].session == r.k.shared.signal[p.signal].session);
    CHECK(r.k.shared.signal[p.signal].shared_pending != 0);      // pending signals are not inherited
    CHECK(r.k.shared.signal[kid.signal].shared_pending == 0);
    CHECK(kid.utime + kid.stime < p.utime + p.stime + kMilli);
    CHECK(kid.nvcsw <= 1);
}

TEST_CASE("vfork: the parent sleeps until the child execs or exits") {
    const Run r = checked(std::string(kIdeal) + "process p { vfork kid { run 5ms exit 0 } run 1ms }");
    CHECK(r.k.tasks[task(r.k, "p")].exit_time == 6 * kMilli);
    const Run e = checked(std::string(kIdeal) + "program ls { run 5ms } process p { vfork kid { run 1ms exec ls } run 2ms }");
    CHECK(e.k.tasks[task(e.k, "p")].exit_time < 7 * kMilli);
}

TEST_CASE("execve: same pid, new mm, the other threads are gone, handlers are the default again, ignored ones stay") {
    const std::string text = std::string(kIdeal) + R"(program ls { sleep 9ms }
        process p pid 570 { thread t { run 50ms } sigaction USR1 { run 1us } ignore USR2 mask HUP run 1ms exec ls })";
    const Run before = until(text, 500 * kMicro), after = until(text, 8 * kMilli);
    const TaskId p = after.k.find_pid(570);
    REQUIRE(p != kNoTask);
    CHECK(after.k.tasks[p].mm != before.k.tasks[before.k.find_pid(570)].mm);
    CHECK(std::string(after.k.tasks[p].comm_view()) == "ls");
    CHECK(after.k.shared.signal[after.k.tasks[p].signal].count == 1);
    const SighandStruct& hand = after.k.shared.sighand[after.k.tasks[p].sighand];
    CHECK(hand.caught() == 0);
    CHECK(hand.ignored() == sig::bit(12));
    CHECK(after.k.tasks[p].blocked == sig::bit(1));
}

TEST_CASE("execve by a thread: it becomes the leader and takes the process's pid") {
    const Run r = until(std::string(kIdeal) + "program ls { sleep 9ms } process p pid 570 { thread t { run 1ms exec ls } run 50ms }", 8 * kMilli);
    const TaskId p = r.k.find_pid(570);
    REQUIRE(p != kNoTask);
    CHECK(std::string(r.k.tasks[p].comm_view()) == "ls");
    CHECK(r.k.tasks[p].tgid == 570);
}

TEST_CASE("exit: sched_process_exit, then SIGCHLD to the parent, then the last switch (linux.md 3.7)") {
    const Run r = checked(std::string(kIdeal) + "process p { fork kid { run 1ms exit 3 } waitpid run 1ms }");
    const TaskId kid = task(r.k, "kid");
    std::vector<std::string> order;
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::sched_process_exit && rec.a == kid) order.push_back("exit");
        if (rec.kind == RecordKind::signal_generate && rec.b == 17 && rec.task == kid) order.push_back("SIGCHLD");
        if (rec.kind == RecordKind::sched_switch && rec.task == kid && ((rec.b & 0xff) == 'Z' || (rec.b & 0xff) == 'X')) order.push_back("switch");
        if (rec.kind == RecordKind::sched_process_free && rec.a == kid) order.push_back("free");
    }
    CHECK(order == std::vector<std::string>{"exit", "SIGCHLD", "switch", "free"});
    CHECK(r.k.tasks[kid].exit_code == 3 << 8);   // exit code << 8
}

TEST_CASE("wait4: the child's pid, ECHILD without children, 0 with WNOHANG, and stops only when asked for") {
    CHECK(results(checked(std::string(kIdeal) + "process p { waitpid }"), "p", nr::wait4) == std::vector<std::int64_t>{-10});
    const Run r = checked(std::string(kIdeal) + "process p { fork kid { run 2ms } waitpid nohang waitpid waitpid }");
    const auto got = results(r, "p", nr::wait4);
    REQUIRE(got.size() == 3);
    CHECK(got[0] == 0);
    CHECK(got[1] == r.k.tasks[task(r.k, "kid")].pid);
    CHECK(got[2] == -10);
    const Run s = checked(std::string(kIdeal) + R"(process p { fork kid { setpgid run 2ms } sleep 1ms kill child STOP
        waitpid untraced kill child CONT waitpid continued waitpid })");
    const auto three = results(s, "p", nr::wait4);
    REQUIRE(three.size() == 3);
    for (const std::int64_t v : three) CHECK(v == s.k.tasks[task(s.k, "kid")].pid);   // stopped, continued, ended
}

TEST_CASE("a parent that ignores SIGCHLD has no zombies") {
    const Run r = until(std::string(kIdeal) + "process p { ignore CHLD fork kid { run 1ms } sleep 9ms }", 5 * kMilli);
    CHECK(!r.k.tasks[task(r.k, "kid")].is_live);
    const Run z = until(std::string(kIdeal) + "process p { fork kid { run 1ms } sleep 9ms }", 5 * kMilli);
    CHECK(z.k.tasks[task(z.k, "kid")].exit_state == kExitZombie);
    CHECK(z.k.tasks[task(z.k, "kid")].mm == kNoMm);   // a zombie keeps no memory (linux.md 3.7)
}

TEST_CASE("orphans: to the nearest living subreaper, else to init; a stopped orphaned group gets HUP and CONT") {
    const Run r = until(std::string(kIdeal) + "process keeper { subreaper fork mid { fork leaf { sleep 20ms } run 1ms } sleep 30ms }", 10 * kMilli);
    CHECK(r.k.tasks[task(r.k, "leaf")].real_parent == task(r.k, "keeper"));
    const Run i = until(std::string(kIdeal) + "process top { fork mid { fork leaf { sleep 20ms } run 1ms } sleep 30ms }", 10 * kMilli);
    CHECK(i.k.tasks[task(i.k, "leaf")].real_parent == i.k.find_pid(1));
    const Run o = checked(std::string(kIdeal) + "process sh { fork job { setpgid run 50ms } sleep 2ms kill child STOP sleep 2ms }");
    CHECK(o.k.tasks[task(o.k, "job")].exit_code == 1);   // SIGHUP
    CHECK(o.k.end() == End::all_exited);
}

TEST_CASE("a leader that exits first waits as a zombie for its threads") {
    const Run r = until(std::string(kIdeal) + "process p pid 570 { thread t { sleep 9ms } exit thread }", 5 * kMilli);
    CHECK(r.k.tasks[r.k.find_pid(570)].exit_state == kExitZombie);
    CHECK(r.k.tasks[task(r.k, "t")].exit_state == 0);
    CHECK(checked(std::string(kIdeal) + "process p { thread t { sleep 9ms } exit thread }").k.end() == End::all_exited);
}
