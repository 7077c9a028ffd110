// User-level threads: what must be true whatever our own program prints. Times follow by hand from
// `costs ideal`, counts from the order of events, what the kernel sees from the records.
#include <map>
#include <set>

#include "sim/analysis/switch_costs.h"
#include "sim/program/program.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "tests/machine.h"

using namespace sy;
using namespace sy::test;

namespace {

const char* const kModels[] = {"1:1",
                               "n:1",
                               "m:n 1",
                               "m:n 2",
                               "m:n 3",
                               "n:1 hooked on",
                               "m:n 1 hooked on",
                               "m:n 2 hooked on",
                               "m:n 4 hooked on"};

Run run_model(int cpus, const std::string& model, const std::string& body,
              const std::string& outside = "") {
    return run("machine { cpus " + std::to_string(cpus) + " costs ideal }\n" + outside +
               "process p threads " + model + " { " + body + " }\n");
}
std::uint64_t calls(const Run& r, std::uint32_t number) {
    std::uint64_t n = 0;
    for (const Record& rec : r.log)
        n += rec.kind == RecordKind::sys_enter && rec.a == number ? 1 : 0;
    return n;
}
std::string errors_of(std::string_view source) {
    Scenario s;
    Diagnostics diags;
    parse_scenario(source, "test.scn", s, diags);
    std::string out;
    for (const Diagnostic& d : diags.list()) out += d.headline("test.scn", Lang::en) + "\n";
    return out;
}

// Everything that waits, in one program; it ends in every model.
const std::string kEverything =
    "mutex m  cond c  barrier b 4  rwlock rw  semaphore free 2  "
    "thread worker x4 { repeat 3 { lock m run 100us unlock m } wait free run 200us signal free  "
    "rdlock rw run 50us unlock rw  "
    "barrier wait b  sleep 1ms yield  repeat 2 { repeat 2 { repeat 2 { repeat 2 { repeat 2 { "
    "repeat 2 { yield } } } } } } } "
    "thread sleeper { lock m cond wait c m unlock m wrlock rw run 30us unlock rw } "
    "thread waker { sleep 3ms lock m broadcast c unlock m } "
    "run 1ms join worker getpid";

}  // namespace

TEST_CASE("three models: how long the same threads take follows by hand") {
    // Four threads, twice 5 ms of work and 10 ms of sleep, on two CPUs.
    const std::string body = "thread worker x4 { repeat 2 { run 5ms sleep 10ms } }";
    const std::map<std::string, Nanos> expected = {
        {"1:1", 35},    // two at a time: 5, 5, and 15 more for the second round, 10 more to sleep
        {"n:1", 120},   // nothing overlaps: 8 x (5 + 10)
        {"m:n 2", 60},  // two carriers, each four rounds of 15
        {"m:n 4", 35},  // as many carriers as threads: as 1:1
        {"n:1 hooked on", 50},  // one CPU busy throughout: 8 x 5, and the last one's sleep
        {"m:n 2 hooked on", 35},
    };
    for (const auto& row : expected) {
        const std::string& model = row.first;
        const Nanos ms = row.second;
        CAPTURE(model);
        const Run r = run_model(2, model, body);
        CHECK(r.k.end() == End::all_exited);
        CHECK(r.k.now() == ms * kMilli);
    }
}

TEST_CASE("N:1 has one kernel thread, M:N has M, 1:1 has one for each") {
    const auto tasks_of = [](const std::string& model) {
        const Run r = run_model(4, model, "thread worker x7 { run 1ms }");
        std::uint64_t n = 0;
        for (const Record& rec : r.log) n += rec.kind == RecordKind::sched_process_exit ? 1 : 0;
        return n;
    };
    CHECK(tasks_of("1:1") == 8);  // main and seven
    CHECK(tasks_of("n:1") == 1);
    CHECK(tasks_of("m:n 3") == 3);
}

TEST_CASE("switches in user space: their number, and that the kernel is not told") {
    // Eight threads that yield five times each: in and out of each six times, to and from the
    // scheduler.
    const Run r = run_model(1, "n:1", "thread t x8 { repeat 5 { run 10us yield } run 10us }");
    CHECK(r.k.coroutine_envs.at(0).switches == 2 * 8 * 6);
    std::uint64_t kernel_switches = 0, user_switches = 0;
    const TaskId p = task(r.k, "p");
    for (const Record& rec : r.log) {
        kernel_switches += rec.kind == RecordKind::sched_switch && rec.task == p ? 1 : 0;
        user_switches += rec.kind == RecordKind::co_switch ? 1 : 0;
    }
    CHECK(user_switches == 96);
    CHECK(kernel_switches == 1);  // when it exits
    CHECK(calls(r, nr::sched_yield) == 0);
    CHECK(r.k.now() == 8 * 6 * 10 * kMicro);  // no switch costs anything under costs ideal
    // With the kernel's threads each yield is a system call.
    CHECK(calls(run_model(1, "1:1", "thread t x8 { repeat 5 { run 10us yield } run 10us }"),
                nr::sched_yield) == 40);
}

TEST_CASE("user-level locks make no system call; turns and times are those of kernel threads") {
    const std::string body = "thread t x5 { repeat 4 { lock m run 1ms yield unlock m } }";
    for (const char* model : kModels) {
        CAPTURE(model);
        const Run r = run_model(4, model, body);
        CHECK(r.k.end() == End::all_exited);
        CHECK(r.k.now() == 20 * kMilli);  // one after the other, whoever carries them
    }
    CHECK(calls(run_model(4, "n:1", body), nr::futex) == 0);
    CHECK(run_model(4, "n:1", body).k.coroutine_envs.at(0).parks > 0);
    CHECK(calls(run_model(4, "1:1", body), nr::futex) > 0);
}

TEST_CASE(
    "every kind of wait ends in every model, at full speed as step by step, with all invariants") {
    for (const char* model : kModels)
        for (const int cpus : {1, 3}) {
            CAPTURE(model);
            CAPTURE(cpus);
            const Scenario s =
                scenario("machine { cpus " + std::to_string(cpus) + " }\nprocess p threads " +
                         model + " { " + kEverything + " }\n");
            Kernel fast = boot(s), slow = boot(s);
            fast.run({}, nullptr);
            CHECK(fast.end() == End::all_exited);
            StepReport report;
            std::uint64_t n = 0;
            while (slow.step(nullptr, &report))
                if (++n % 7 == 0) REQUIRE(slow.check_invariants() == "");
            CHECK(fast.fingerprint() == slow.fingerprint());
            for (const CoroutineEnv& e : fast.coroutine_envs) {
                CHECK(e.ended == e.created);
                CHECK(e.words.empty());
                CHECK(e.timers.empty());
            }
        }
}

TEST_CASE("registers and the stack of a user-level thread are its own again after every switch") {
    // Each thread keeps values in five registers and a local variable over switches that others
    // make in between.
    for (const char* model : kModels) {
        CAPTURE(model);
        const Scenario s =
            scenario(std::string("machine { cpus 2 costs ideal } process p threads ") + model +
                     " { shared sum = 0 " +
                     "thread t x6 { local mine = 5 asm {\n mov r12, 1\n mov r13, 2\n mov r14, 3\n "
                     "mov r15, 4\n mov rbx, 10\n add [mine], rbx\n} "
                     "yield yield asm {\n add r12, r13\n add r12, r14\n add r12, r15\n add r12, "
                     "rbx\n add r12, [mine]\n lock xadd [sum], r12\n} } "
                     "join run 1s }");
        Kernel k = boot(s);
        k.run({.time = 500 * kMilli}, nullptr);
        const Variable* sum = k.image().programs.at(0).shared_variable("sum");
        REQUIRE(sum != nullptr);
        CHECK(k.read_user(k.tasks[task(k, "p")].mm, sum->address) == 6 * (1 + 2 + 3 + 4 + 10 + 15));
    }
}

TEST_CASE(
    "a blocking call stops every thread under N:1, one carrier under M:N; the hook is the cure") {
    const std::string outside = "device key irq 1 at 50ms\n";
    const auto end_of = [&](const std::string& model) {
        const Run r = run_model(
            1, model,
            "thread reader { read key } thread worker { run 20ms } thread other { run 20ms }",
            outside);
        CHECK(r.k.end() == End::all_exited);
        return r.k.now() / kMilli;
    };
    CHECK(end_of("1:1") == 50);
    CHECK(end_of("n:1") == 90);    // both workers wait for the key: 50 + 20 + 20
    CHECK(end_of("m:n 2") == 50);  // the other carrier runs them
    CHECK(end_of("n:1 hooked on") == 50);
    // With the hook the thread never sleeps in read: every call returns at once.
    const Run r = run_model(1, "n:1 hooked on",
                            "thread reader { read key } thread worker { run 20ms }", outside);
    CHECK(calls(r, nr::read) == 2);  // -EAGAIN, and the event
    CHECK(calls(r, nr::epoll_pwait2) >= 1);
    CHECK(calls(r, nr::fcntl) == 1);
}

TEST_CASE("pipes between a thread library and another process: full ones and empty ones") {
    for (const char* model : kModels)
        for (const char* bytes : {"64", "5000", "20000"}) {
            CAPTURE(model);
            CAPTURE(bytes);
            const std::string n = bytes;
            const Run r = run_model(2, model,
                                    "thread reader x3 { repeat 10 { read back " + n +
                                        " run 20us } } "
                                        "thread writer x3 { repeat 10 { write there " +
                                        n + " run 10us } }",
                                    "pipe there\npipe back\n"
                                    "process echo { repeat 60 { read there " +
                                        n + " write back " + n + " } }\n");
            // What a read leaves over another one gets; nobody waits for ever only if nothing is
            // lost.
            CHECK(r.k.check_invariants() == "");
            CHECK((r.k.end() == End::all_exited || r.k.end() == End::nothing_left ||
                   r.k.end() == End::deadlock));
        }
    const Run r = run_model(
        2, "m:n 2 hooked on",
        "thread reader x3 { repeat 10 { read back 64 } } thread w x3 { repeat 10 { write there 64 "
        "} }",
        "pipe there\npipe back\nprocess echo { repeat 30 { read there 64 write back 64 } }\n");
    CHECK(r.k.end() == End::all_exited);
}

TEST_CASE("M:N: idle carriers take threads from busy ones") {
    // All eight are created in the first carrier's queue; three others have to steal theirs.
    const Run r = run_model(4, "m:n 4", "thread t x8 { run 10ms }");
    CHECK(r.k.now() == 20 * kMilli);
    CHECK(r.k.coroutine_envs.at(0).steals >= 6);
    CHECK(r.k.coroutine_envs.at(0).steals <= 8);
}

TEST_CASE("exit ends the process with all its threads, exit thread only one") {
    CHECK(run_model(1, "n:1", "thread a { run 1ms exit 3 } thread b { run 100ms }").k.now() ==
          kMilli);
    CHECK(run_model(1, "n:1", "thread a { run 1ms exit thread 0 run 50ms } thread b { run 100ms }")
              .k.now() == 101 * kMilli);
    CHECK(run_model(2, "m:n 2", "thread a { run 1ms exit 3 } thread b { run 100ms }").k.now() ==
          kMilli);
}

TEST_CASE("threads of a library that wait for each other sleep for ever, and nothing breaks") {
    for (const char* model : {"n:1", "m:n 2", "n:1 hooked on", "m:n 2 hooked on"}) {
        CAPTURE(model);
        const Run r = run_model(
            2, model,
            "thread a { lock x run 1ms yield lock y } thread b { lock y run 1ms yield lock x }");
        CHECK(r.k.end() != End::all_exited);
        CHECK(r.k.check_invariants() == "");
    }
}

TEST_CASE("a signal handler runs on the carrier, on the stack of whoever runs there") {
    for (const char* model : {"n:1", "m:n 2", "n:1 hooked on"}) {
        CAPTURE(model);
        const Run r = run_model(2, model,
                                "thread t x3 { repeat 5 { run 1ms yield } } sigaction USR1 { run "
                                "500us } repeat 4 { kill self USR1 run 1ms yield }");
        CHECK(r.k.end() == End::all_exited);
        std::uint64_t handled = 0;
        for (const Record& rec : r.log)
            handled += rec.kind == RecordKind::signal_deliver && rec.d != 0 ? 1 : 0;
        CHECK(handled == 4);
    }
}

TEST_CASE("coroutines resume one another by name, and yield to whoever resumed them") {
    // getpid, fsync and sched_yield leave records: they tell who ran when.
    const auto order = [](const std::string& text) {
        const Run r = run("machine { cpus 1 } process p { " + text + " }");
        std::string out;
        for (const Record& rec : r.log) {
            if (rec.kind != RecordKind::sys_enter) continue;
            if (rec.a == nr::getpid) out += 'g';
            if (rec.a == nr::fsync) out += 'f';
            if (rec.a == nr::sched_yield) out += 'm';
        }
        CHECK(r.k.check_invariants() == "");
        return out + (r.k.end() == End::all_exited ? "." : "!");
    };
    // A generator: main asks for its values one by one.
    CHECK(order("coroutine gen suspended { getpid yield getpid yield getpid } yield resume gen "
                "yield resume gen yield resume gen yield") == "mgmgmgm.");
    // Nested: main resumes a, a resumes b, b yields to a, a to main.
    CHECK(order("coroutine a suspended { getpid resume b getpid yield getpid } coroutine b "
                "suspended { fsync disk yield fsync disk } "
                "resume a yield resume b yield resume a") == "gfgmfmg.");
    // Whoever has ended, or is running, cannot be resumed: nothing happens.
    CHECK(order("coroutine a suspended { getpid } resume a resume a release a resume a yield") ==
          "gm.");
    CHECK(order("coroutine a suspended { getpid resume a getpid } resume a") == "gg.");
    // One that nobody resumes does not keep the process alive.
    CHECK(order("coroutine a suspended { getpid } yield") == "m.");
}

TEST_CASE("co_poll lets the others run, where nanosleep stops them all") {
    const auto end = [](const char* pause) {
        return run(std::string("machine { cpus 1 costs ideal } process p { coroutine a { ") +
                   pause + " } coroutine b x10 { run 1ms } }")
            .k.now();
    };
    CHECK(end("sleep 40ms") == 50 * kMilli);
    CHECK(end("poll 40ms") == 40 * kMilli);  // the event loop looks every millisecond
    CHECK(end("poll 5ms") ==
          11 * kMilli);  // over when the loop begins, but it asks epoll first, for a millisecond
}

TEST_CASE("what is wrong with thread models is said") {
    CHECK(errors_of("process p threads 2:1 { run 1ms }").find("threads 1:1") != std::string::npos);
    CHECK(errors_of("process p threads m:n { run 1ms }").find("carry") != std::string::npos);
    CHECK(errors_of("process p threads n:1 4 { run 1ms }").find("only m:n") != std::string::npos);
    CHECK(errors_of("process p threads m:n 100 { run 1ms }").find("64") != std::string::npos);
    CHECK(errors_of("process p threads 1:1 hooked on { run 1ms }").find("nothing to hook") !=
          std::string::npos);
    CHECK(errors_of("process p threads n:1 { fork { run 1ms } }").find("fork") !=
          std::string::npos);
    CHECK(errors_of("process p threads n:1 { mutex m pi lock m unlock m }")
              .find("priority inheritance") != std::string::npos);
    CHECK(errors_of("process p threads n:1 { coroutine c { yield } }").find("no coroutines") !=
          std::string::npos);
    CHECK(errors_of("process p threads n:1 { thread t nice 5 { run 1ms } }")
              .find("does not know this thread") != std::string::npos);
    CHECK(errors_of("process p { coroutine c { yield } resume c }").find("suspended") !=
          std::string::npos);
    CHECK(errors_of("process p { coroutine c x2 suspended { yield } resume c/3 }")
              .find("copies 1 to 2") != std::string::npos);
    CHECK(errors_of("process p { coroutine gen suspended { yield } resume gem }").find("gen") !=
          std::string::npos);
    CHECK(errors_of("kthread k threads n:1 { run 1ms }").find("no user mode") != std::string::npos);
}

TEST_CASE("thread models are written as they are read") {
    const Scenario s = scenario(
        "process p threads m:n 3 hooked on { thread t x4 { run 1ms sleep 1ms } }\n"
        "process q threads n:1 { thread t { run 1ms } }\nprocess r { coroutine c suspended { poll "
        "2ms yield } "
        "resume c release c }");
    CHECK(s.processes.at(0).model.carriers == 3);
    CHECK(s.processes.at(0).model.hooked);
    const std::string text = write_scenario(s);
    CHECK(write_scenario(scenario(text)) == text);
}

TEST_CASE("random programs under random thread models: full speed equals step by step, invariants hold") {
    for (std::uint64_t seed = 1; seed <= cases(400); ++seed) {
        CAPTURE(seed);
        RandomOptions options;
        options.user_threads = true;
        const Scenario s = random_scenario(seed, options);
        Kernel fast = boot(s), slow = boot(s);
        fast.run({.steps = 60'000}, nullptr);
        StepReport report;
        std::uint64_t n = 0;
        while (slow.steps() < fast.steps() && slow.step(nullptr, &report))
            if (++n % 101 == 0) REQUIRE(slow.check_invariants() == "");
        CHECK(fast.fingerprint() == slow.fingerprint());
    }
}

TEST_CASE("the four costs: what each switch consists of") {
    const Scenario s = scenario("machine { cpus 1 } process a { coroutine c x2 { repeat 10 { run 10us yield } } "
                                "thread t x2 { repeat 20 { run 10us getpid yield } } repeat 5 { getpid } } "
                                "process b { repeat 20 { run 10us yield } }");
    const SwitchCosts costs = measure_switches(s);
    CHECK(costs.complete);
    const SwitchCost& co = costs.of(SwitchKind::coroutine);
    // Of each: eleven times out of it, ten times back into it. The first time into it there is nothing to come back to:
    // it begins with its function's first instruction, and that is no whole switch.
    CHECK(co.times == 2 * (11 + 10));
    CHECK(co.steps == 3 * co.times);
    // coctx_swap without the argument registers: rbx, r12 to r15, rsp and the return address (linux.md 10.3).
    CHECK(co.stored == 7 * co.times);
    CHECK(co.cr3 == 0);
    // __switch_to_asm pushes six registers and stores RSP; a switch to another mm writes CR3 once, one to the same mm never.
    const SwitchCost &thread = costs.of(SwitchKind::thread), &process = costs.of(SwitchKind::process);
    REQUIRE(thread.times > 0);
    REQUIRE(process.times > 0);
    CHECK(thread.cr3 == 0);
    CHECK(process.cr3 == process.times);
    CHECK(thread.stored >= 7 * thread.times);
    CHECK(costs.of(SwitchKind::mode).times > 0);
    CHECK(costs.of(SwitchKind::mode).cr3 == 0);
    CHECK(co.mean() < costs.of(SwitchKind::mode).mean());
    CHECK(costs.of(SwitchKind::mode).mean() < thread.mean());
    CHECK(thread.mean() < process.mean());
    // Measuring changes nothing: the same switches, whoever watches.
    CHECK(measure_switches(s).of(SwitchKind::process).times == process.times);
    // Shared stacks: 208 bytes out and in, 26 words each, at eight bytes a nanosecond.
    const SwitchCosts shared = measure_switches(scenario("machine { cpus 1 } process a { coroutine c x2 shared 1 { repeat 3 { yield } } }"));
    CHECK(shared.of(SwitchKind::coroutine).copied % 208 == 0);
    CHECK(shared.of(SwitchKind::coroutine).copied > 0);
    CHECK(shared.of(SwitchKind::coroutine).time ==
          static_cast<Nanos>(6 * shared.of(SwitchKind::coroutine).times + shared.of(SwitchKind::coroutine).copied / 8));
}
