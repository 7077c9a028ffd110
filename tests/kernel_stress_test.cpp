// Programs written to break a kernel: wakeups that race with sleeps, kills at every odd moment,
// families that grow and die on several CPUs, storms of interrupts. Each of them ends if no wakeup
// is lost, so the check is mostly that it does.
#include <doctest/doctest.h>

#include <string>

#include "machine.h"

namespace {

using namespace sy;

std::string end_name(End e) {
    switch (e) {
        case End::running:
            return "running";
        case End::all_exited:
            return "all exited";
        case End::deadlock:
            return "deadlock";
        case End::nothing_left:
            return "nothing left that could wake the sleepers";
        case End::time_limit:
            return "time limit";
        case End::step_limit:
            return "step limit";
        case End::log_limit:
            return "log limit";
        case End::oops:
            return "oops";
        case End::stuck:
            return "stuck";
    }
    return "?";
}

// Who is left and where it sleeps: the message when a run does not end as it must.
std::string leftovers(const Kernel& k) {
    std::string out;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.is_live || t.is_kthread() || t.pid == 1) continue;
        out += std::string(t.name()) + " (" + std::to_string(t.pid) + ") state " +
               state_letter(t.state, t.exit_state) + ": " + test::join(test::chain(k, id)) + "\n";
    }
    return out;
}

// Runs the text on each of these machines; all processes must exit and the kernel's own rules hold
// all the way.
void must_end(const std::string& body, std::uint64_t check_every = 97) {
    const char* machines[] = {
        "machine { cpus 1 costs linux until 20s }",
        "machine { cpus 2 costs linux preempt full until 20s }",
        "machine { cpus 4 scheduler rr quantum=1ms costs linux preempt none until 20s }",
        "machine { cpus 3 hz 1000 costs linux preempt full until 20s seed 5 }",
        "machine { cpus 2 scheduler rr quantum=1ms costs ideal until 20s }",
        "machine { cpus 1 costs ideal preempt full until 20s }",
    };
    for (const char* machine : machines) {
        CAPTURE(machine);
        Kernel k = test::boot(test::scenario(std::string(machine) + "\n" + body));
        std::string fault;
        while (k.step(nullptr, nullptr) && fault.empty() && k.steps() < 5'000'000)
            if (k.steps() % check_every == 0) fault = k.check_invariants();
        CHECK_MESSAGE(fault.empty(), fault);
        CHECK_MESSAGE(k.end() == End::all_exited, end_name(k.end())
                                                      << " after " << k.steps() << " steps\n"
                                                      << leftovers(k));
    }
}

}  // namespace

TEST_CASE("bytes in a pipe reach every reader, room in it every writer") {
    // One write brings bytes for three readers; linux.md has pipe_read wake the next reader when
    // bytes are left.
    must_end("pipe p  process reader x3 { read p 1 }  process writer arrive 5ms { write p 3 }");
    must_end(
        "pipe p capacity 4  process writer x4 { write p 2 }  process reader arrive 5ms { sleep 1ms "
        "read p 8 read p 8 }");
    must_end(
        "pipe p capacity 10  process writer { write p 1000 }  process reader { repeat 500 { read p "
        "2 } }");
    must_end(
        "pipe p capacity 1  process w x2 { repeat 20 { write p 1 } }  process r x2 { repeat 20 { "
        "read p 1 } }");
    must_end(
        "pipe ping  pipe pong  process a { repeat 50 { write ping read pong } }  process b { "
        "repeat 50 { read ping write pong } }");
}

TEST_CASE("no wakeup of a lock or a semaphore is lost") {
    must_end(
        "process p { thread t x6 { repeat 30 { lock m run uniform(1us, 40us) unlock m run "
        "uniform(0us, 20us) } } join }");
    must_end(
        "process p { thread t x5 { repeat 40 { lock m unlock m } } repeat 40 { lock m yield unlock "
        "m } join }");
    must_end(
        "process p { thread maker x2 { repeat 30 { run uniform(1us, 9us) signal s } } thread taker "
        "x3 { repeat 20 { wait s } } }");
    must_end(
        "process p { thread a { repeat 40 { signal x wait y } } thread b { repeat 40 { wait x "
        "signal y } } }");
}

TEST_CASE("many threads are joined, whichever ends first") {
    must_end(
        "process p { thread t x60 { run uniform(10us, 900us) sleep uniform(1us, 2ms) } join run "
        "1ms }");
    must_end(
        "process p { thread t x20 { exit thread 3 } thread u x5 { join t run 10us } join t join u "
        "}");
}

TEST_CASE("exit_group ends every thread, running, sleeping or being born") {
    must_end(
        "process p x4 { thread killer { exit 7 } thread t x8 { forever { run 1ms sleep 1ms } } "
        "forever { run 1ms } }");
    must_end(
        "process p x3 { thread s x4 { sleep 100s } thread r x4 { forever { run 3ms } } run "
        "uniform(1us, 200us) exit 1 }");
    must_end(
        "pipe never  process p x3 { thread s x3 { read never } thread l { lock m sleep 50s } "
        "thread w x3 { sleep 1us lock m } sleep 1ms exit 0 }");
}

TEST_CASE("exit_group while the main thread is making the next thread") {
    for (int i = 0; i < 60; ++i) {
        const std::string run = std::to_string(1 + i * 250) + "ns";
        CAPTURE(run);
        Kernel k = test::boot(
            test::scenario("machine { cpus 3 until 100ms } process p { thread killer { run " + run +
                           " exit 7 } thread t x6 { forever { run 1ms } } forever { run 1ms } }"));
        k.run({}, nullptr);
        CHECK_MESSAGE(k.end() == End::all_exited, end_name(k.end()) << "\n" << leftovers(k));
    }
}

TEST_CASE("families grow and die") {
    must_end(
        "process p { repeat 6 { fork a { repeat 3 { fork b { run 10us } } repeat 3 { wait } } } "
        "repeat 6 { wait } }");
    must_end(
        "process p { repeat 30 { fork orphan { run uniform(1us, 3ms) fork grandchild { sleep 1ms } "
        "} } exit 0 }");
    must_end("process p { repeat 40 { fork c { exit 3 } wait } wait }");
    must_end("process p { thread t x3 { repeat 4 { fork c { run 100us } wait } } join }");
}

TEST_CASE("loops nest deeper than there are registers for them") {
    std::string body = "run 1us", thread = "run 1us";
    for (int i = 0; i < 9; ++i) body = "repeat 2 { " + body + " }";
    for (int i = 0; i < 7; ++i) thread = "repeat 3 { " + thread + " getpid }";
    // 2^9 and 3^7 turns: had a counter been lost, the CPU times would not be exact.
    const std::string text = "machine { cpus 2 costs ideal until 10s } process p { " + body +
                             " } process q { thread t { " + thread + " } }";
    const test::Run r = test::run(text);
    CHECK(r.k.end() == End::all_exited);
    CHECK(r.k.cpu_time(test::task(r.k, "p")) == 512 * kMicro);
    CHECK(r.k.cpu_time(test::task(r.k, "t")) == 2'187 * kMicro);
    must_end("process p x2 { " + body + " thread t x2 { " + thread + " } }");
}

TEST_CASE("a kill at any moment ends its target and nothing else") {
    const std::string program =
        "machine { cpus 2 costs linux preempt full until 1s }\n"
        "pipe p  device disk block latency 200us\n"
        "process victim { thread t x2 { repeat { lock m run 20us unlock m fsync disk } } repeat { "
        "fork c { run 15us write p } wait "
        "read p sleep 30us } }\n"
        "process other { repeat 20 { run 50us sleep 50us } }\n";
    for (int i = 0; i < 120; ++i) {
        const std::string at = std::to_string(1 + i * 3'137) + "ns";
        CAPTURE(at);
        Kernel k = test::boot(test::scenario(program + "at " + at + " { kill victim " +
                                             (i % 2 != 0 ? "KILL" : "TERM") + " }"));
        std::string fault;
        while (k.step(nullptr, nullptr) && fault.empty())
            if (k.steps() % 53 == 0) fault = k.check_invariants();
        CHECK_MESSAGE(fault.empty(), fault);
        CHECK_MESSAGE(k.end() == End::all_exited, end_name(k.end()) << "\n" << leftovers(k));
        CHECK(k.cpu_time(test::task(k, "other")) > 1'000 * kMicro);
    }
}

TEST_CASE("stopped tasks go on after SIGCONT, killed ones die although stopped") {
    must_end(
        "process p { thread t { run 3ms } run 3ms }  process q { forever { run 1ms sleep 1ms } }\n"
        "at 1ms { kill p STOP } at 20ms { kill p CONT }\n"
        "at 2ms { kill q STOP } at 30ms { kill q KILL }");
}

TEST_CASE("affinity and nice may change at any moment") {
    const std::string many =
        "process h x5 { repeat 20 { run uniform(10us, 800us) } }\n"
        "process s x3 { repeat 20 { run 50us sleep uniform(1us, 500us) } }\n"
        "process self { repeat 10 { affinity 0 run 100us affinity 1 run 100us nice 5 nice 0 } }\n";
    for (const char* cpus : {"2", "4"}) {
        std::string text =
            std::string("machine { cpus ") + cpus + " costs linux preempt full until 5s }\n" + many;
        for (int i = 1; i < 60; ++i) {
            const std::string at = "at " + std::to_string(i * 91) + "us { ";
            text += at + "affinity h " + std::to_string(i % 2) + " }\n";
            text +=
                at + "affinity s " + (i % 3 == 0 ? "0-1" : std::to_string((i + 1) % 2)) + " }\n";
            text += at + "nice h " + std::to_string(i % 40 - 20) + " }\n";
        }
        Kernel k = test::boot(test::scenario(text));
        std::string fault;
        while (k.step(nullptr, nullptr) && fault.empty())
            if (k.steps() % 7 == 0) fault = k.check_invariants();
        CHECK_MESSAGE(fault.empty(), fault);
        CHECK_MESSAGE(k.end() == End::all_exited, end_name(k.end()) << "\n" << leftovers(k));
    }
}

TEST_CASE("a storm of interrupts neither breaks nor hangs the machine") {
    Kernel k =
        test::boot(test::scenario("machine { cpus 2 costs linux until 30ms }\n"
                                  "device nic every 700ns  device kbd every exp(3us) cpu 1  device "
                                  "disk block latency uniform(1us, 9us)\n"
                                  "process a { repeat { read nic run 1us } }  process b x2 { "
                                  "repeat { fsync disk read kbd } }  process c { run 5ms }\n"
                                  "kthread k { repeat { run 20us sleep 30us } }"));
    std::string fault;
    while (k.step(nullptr, nullptr) && fault.empty())
        if (k.steps() % 31 == 0) fault = k.check_invariants();
    CHECK_MESSAGE(fault.empty(), fault);
    CHECK(k.end() == End::time_limit);
    CHECK(k.devices[0].interrupts_seen > 5'000);
}

TEST_CASE("kernel threads of a scenario, preempted anywhere, do all their work") {
    must_end(
        "kthread k x3 nice 5 { repeat 5 { repeat 5 { repeat 3 { run uniform(1us, 60us) } sleep "
        "20us yield } } }\n"
        "process p x3 { repeat 30 { run 100us sleep uniform(1us, 90us) } sleep 20ms }");
}

TEST_CASE("the largest machine") {
    must_end("process p x70 { run uniform(1us, 2ms) sleep 1ms run 1ms }");
    Kernel k = test::boot(test::scenario(
        "machine { cpus 64 costs linux } process p x130 { repeat 3 { run 1ms sleep 100us } }"));
    std::string fault;
    while (k.step(nullptr, nullptr) && fault.empty())
        if (k.steps() % 503 == 0) fault = k.check_invariants();
    CHECK_MESSAGE(fault.empty(), fault);
    CHECK(k.end() == End::all_exited);
}
