// Coroutines: what must be true whatever our own program prints. The counts follow from the order of events by hand, the
// sizes from libco's structure and glibc's malloc, the figures per coroutine from measurements of the library itself.
#include "sim/report/coroutines.h"

#include <map>
#include <set>

#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "tests/machine.h"

using namespace sy;
using namespace sy::test;

namespace {

std::string echo(int count, const std::string& settings, const std::string& body) {
    const std::string n = std::to_string(count);
    return "machine { cpus 1 }\ndevice eth0 irq 24\nclients echo x" + n + " on eth0 from 1ms every 20us\n" +
           "process server { coroutine c x" + n + " " + settings + " { " + body + " } }\n";
}
const std::string kAnswer = "accept echo read echo 64 run 1us write echo 64";

std::uint64_t value_of(const CoroutineMemory& m, std::string_view key) {
    for (const MemoryRow& row : m.rows)
        if (key == row.key) return row.bytes;
    return 0;
}

std::string errors_of(std::string_view source) {
    Scenario s;
    Diagnostics diags;
    parse_scenario(source, "test.scn", s, diags);
    std::string out;
    for (const Diagnostic& d : diags.list()) out += d.headline("test.scn", Lang::en) + "\n";
    return out;
}

}  // namespace

TEST_CASE("every coroutine answers on its own connection, wherever its stack was meanwhile") {
    for (const char* settings : {"", "shared 1", "shared 3", "shared 1 frame 2KiB", "slots untouched shared 2"}) {
        CAPTURE(settings);
        const Run r = run(echo(17, settings, kAnswer));
        REQUIRE(r.k.end() == End::all_exited);
        std::multiset<std::uint32_t> reads, writes;   // descriptors: RDI of read (0) and write (1)
        for (const Record& rec : r.log) {
            if (rec.kind != RecordKind::sys_enter) continue;
            if (rec.a == 0) reads.insert(rec.c);
            if (rec.a == 1) writes.insert(rec.c);
        }
        CHECK(writes.size() == 17);
        CHECK(std::set(writes.begin(), writes.end()).size() == 17);
        CHECK(reads == writes);
        CHECK(r.k.clients[0].answered == 17);
    }
}

TEST_CASE("switches and copies are those that follow from the order") {
    for (const auto& [count, shared] : {std::pair{20, 4}, {9, 1}, {5, 5}, {3, 7}}) {
        const std::string settings = "shared " + std::to_string(shared);
        CAPTURE(settings);
        const Run r = run(echo(count, settings, kAnswer));
        const CoroutineEnv& e = r.k.coroutine_envs.at(0);
        // Into each and out of it, once until it waits and once until it ends.
        CHECK(e.switches == 4 * static_cast<std::uint64_t>(count));
        // When each begins, whoever has begun before it on the same stack is copied out: all but the first of each
        // stack. When the first of a stack comes back, the last one is; it has not come back yet itself. Then whoever
        // comes finds the stack empty, because the one before has ended.
        const int used = std::min(count, shared);
        const int twice = count > shared ? std::min(shared, count - shared) : 0;   // stacks with more than one
        CHECK(e.copies_out == static_cast<std::uint64_t>(count - used + twice));
        CHECK(e.bytes_out == e.copies_out * (8 + 40 + 64 + 96));
        CHECK(e.copies_in == e.copies_out);
    }
    CHECK(run(echo(20, "", kAnswer)).k.coroutine_envs.at(0).copies_out == 0);   // a stack each: nothing to copy
}

TEST_CASE("the kernel sees one task that sleeps in epoll_wait") {
    const Run r = run(echo(50, "shared 2", kAnswer));
    const TaskId server = task(r.k, "server");
    std::uint64_t away = 0;
    for (const Record& rec : r.log) away += rec.kind == RecordKind::sched_switch && rec.task == server ? 1 : 0;
    CHECK(r.k.coroutine_envs.at(0).switches == 200);
    CHECK(away <= 52);   // once for each message at the most, once before the first, once at the end
}

TEST_CASE("yield takes turns, a condition wakes in order, and signals that nobody waits for are lost") {
    // Words on the way: getpid has no effect but its record, so its times tell who ran when.
    const auto order = [](const std::string& body_a, const std::string& body_b) {
        Run r = run("machine { cpus 1 } process p { coroutine a { " + body_a + " } coroutine b { " + body_b + " } }");
        std::string out;
        for (const Record& rec : r.log) {
            if (rec.kind != RecordKind::sys_enter) continue;
            if (rec.a == nr::getpid) out += 'a';
            if (rec.a == nr::fsync) out += 'b';
        }
        return out + (r.k.end() == End::all_exited ? "." : "!");
    };
    CHECK(order("getpid yield getpid yield getpid", "fsync disk yield fsync disk yield fsync disk") == "ababab.");
    CHECK(order("wait go getpid", "fsync disk signal go yield fsync disk") == "bab.");
    CHECK(order("signal go getpid", "wait go fsync disk") == "a!");   // co_cond_signal has no memory
}

TEST_CASE("a blocking system call stops every coroutine of its thread") {
    const auto end = [](const char* pause) {
        return run(std::string("machine { cpus 1 costs ideal } process p { coroutine a { ") + pause +
                   " } coroutine b x10 { run 1ms } }").k.now();
    };
    CHECK(end("run 1ms") == 11 * kMilli);
    CHECK(end("sleep 40ms") == 50 * kMilli);   // nothing overlaps: the thread slept
}

TEST_CASE("memory of a coroutine is what the library was measured to take") {
    const auto each = [](const char* slots) {
        const Run r = run(echo(2'000, std::string("shared 1 slots ") + slots, kAnswer));
        const CoroutineMemory m = coroutine_memory(r.k).at(0);
        return (value_of(m, "control_blocks") + value_of(m, "save_buffers")) / 2'000;
    };
    // About 8.6 KB resident each with the table of slots cleared, 4.5 KB with it untouched (measured without sockets).
    CHECK(each("cleared") >= 8'500);
    CHECK(each("cleared") <= 8'700);
    CHECK(each("untouched") >= 4'300);
    CHECK(each("untouched") <= 4'600);
    // sizeof(stCoRoutine_t) = 200 + 1024 * 8 = 8,392; with malloc's word, in steps of 16: 8,400.
    const Run r = run(echo(100, "shared 1", kAnswer));
    CHECK(r.k.coroutine_envs.at(0).blocks.bytes == 840'000);
    CHECK(value_of(coroutine_memory(r.k).at(0), "control_blocks") == (840'000 + 4'095) / 4'096 * 4'096);
}

TEST_CASE("a thread each would take its stack of 16 KiB and its task_struct") {
    const Run r = run(echo(70, "shared 1", kAnswer));
    const CoroutineMemory m = coroutine_memory(r.k).at(0);
    CHECK(value_of(m, "thread_kernel_stacks") == 70 * 16'384);
    CHECK(value_of(m, "thread_task_structs") == 10 * 8 * 4'096);   // linux.md 8.2: 7 in a slab of 8 pages
}

TEST_CASE("a run at full speed and one step by step give the same coroutines") {
    const Scenario s = scenario(echo(12, "shared 5", "accept echo repeat 2 { yield run 3us } read echo 8 write echo 8"));
    Kernel fast = boot(s), slow = boot(s);
    fast.run({}, nullptr);
    StepReport report;
    while (slow.step(nullptr, &report)) REQUIRE(slow.check_invariants() == "");
    CHECK(fast.fingerprint() == slow.fingerprint());
}

TEST_CASE("what is wrong with coroutines is said") {
    CHECK(errors_of("process p { coroutine c { lock m } }").find("a coroutine cannot 'lock'") != std::string::npos);
    CHECK(errors_of("process p { accept echo }").find("only a coroutine can accept") != std::string::npos);
    CHECK(errors_of("process p { thread t { coroutine c { yield } } }").find("directly in its process") !=
          std::string::npos);
    CHECK(errors_of("process p { coroutine c x30000000 { yield } }").find("20000000") != std::string::npos);
    CHECK(errors_of("process p { coroutine c sharde 2 { yield } }").find("did you mean 'shared'") != std::string::npos);
    CHECK(errors_of("clients e x2 process p { run 1ms }").find("write: clients e on eth0") != std::string::npos);
    CHECK(errors_of("clients e on eth0 process p { run 1ms }").find("'eth0'") != std::string::npos);
    CHECK(errors_of("process p { coroutine c { yield } fork { run 1ms } }").find("cannot fork") != std::string::npos);
    CHECK(errors_of("process p { coroutine c stack 4KiB frame 8KiB { yield } }").find("does not fit") !=
          std::string::npos);
}

TEST_CASE("coroutines and clients are written as they are read") {
    const Scenario s = scenario(
        "machine { trace sched } device eth0 irq 24 clients echo x30 on eth0 messages 2 from 1ms every exp(3us)\n"
        "process p { coroutine c x4 stack 64KiB shared 2 frame 128 slots untouched { accept echo read echo 9 } }");
    CHECK(s.clients.at(0).messages == 2);
    CHECK(s.processes.at(0).coroutines.at(0).shared == 2);
    const std::string text = write_scenario(s);
    CHECK(write_scenario(scenario(text)) == text);
}
