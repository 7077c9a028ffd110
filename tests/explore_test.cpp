// Exploration: the numbers of orders that arithmetic gives for small closed cases, the same final states with and without
// reduction, each planted bug found within its bound, and found schedules that do the same again when they are replayed.
#include "sim/analysis/explorer.h"
#include "sim/base/random.h"
#include "sim/session/exploration.h"
#include "sim/session/expectations.h"
#include "tests/machine.h"

namespace sy {
namespace {

ExploreReport explore(const std::string& source, ExploreOptions options = {}) {
    const Scenario s = test::scenario(source);
    if (options.schedules == ExploreOptions{}.schedules) options.schedules = 3'000;
    Explorer explorer(s, explore_for_expectations(s, std::move(options)));
    while (explorer.advance(1'000)) {
    }
    return explorer.report();
}
ExploreReport all_orders(const std::string& source, bool reduce = true) {
    return explore(source, {.preemptions = -1, .reduce = reduce, .keep_going = true});
}
// A process whose threads execute these instructions.
std::string threads_of(const std::vector<std::string>& bodies, const std::string& machine = "cpus 2") {
    std::string out = "machine { " + machine + " } process p { shared x = 0 shared y = 0 shared r1 = 0 shared r2 = 0 ";
    for (std::size_t i = 0; i < bodies.size(); ++i) out += "thread t" + std::to_string(i) + " { asm { " + bodies[i] + " } } ";
    return out + "}";
}

TEST_CASE("explore: orders that cannot differ are run once") {
    CHECK(all_orders(threads_of({"mov eax, 1; add rax, 2", "mov eax, 1; add rax, 2"})).schedules == 1);
    CHECK(all_orders(threads_of({"inc [x]; inc [x]; inc [x]", "inc [y]; inc [y]; inc [y]"})).schedules == 1);
    CHECK(all_orders(threads_of({"mov rax, [x]; mov rax, [y]", "mov rbx, [y]; mov rbx, [x]"})).schedules == 1);
    CHECK(all_orders("machine { cpus 2 } process p { thread t { run 1us } thread u { run 1us } }").schedules == 1);
}

TEST_CASE("explore: as many schedules as there are orders of what conflicts") {
    // Two threads with n accesses each, all of them in conflict: (2n choose n). Three with one each: 3!.
    CHECK(all_orders(threads_of({"inc [x]", "inc [x]"})).schedules == 2);
    CHECK(all_orders(threads_of({"inc [x]; inc [x]", "inc [x]; inc [x]"})).schedules == 6);
    CHECK(all_orders(threads_of({"inc [x]; inc [x]; inc [x]", "inc [x]; inc [x]; inc [x]"})).schedules == 20);
    CHECK(all_orders(threads_of({"inc [x]", "inc [x]", "inc [x]"})).schedules == 6);
    // A writer and two readers: each reader comes before or after it.
    CHECK(all_orders(threads_of({"mov [x], 1", "mov rax, [x]", "mov rax, [x]"})).schedules == 4);
    // Load and store of two threads: 6 orders, two pairs of which differ by the two loads alone.
    CHECK(all_orders(threads_of({"mov rax, [x]; mov [x], rax", "mov rax, [x]; mov [x], rax"})).schedules == 4);
    // Two independent pairs: 2 * 2.
    CHECK(all_orders(threads_of({"inc [x]", "inc [x]", "inc [y]", "inc [y]"})).schedules == 4);
    // A lock serialises whole sections: 2 orders however long they are.
    CHECK(all_orders("machine { cpus 2 } process p { shared x = 0 mutex m thread t { lock m asm { inc [x]; inc [x] } unlock m } "
                     "thread u { lock m asm { inc [x]; inc [x] } unlock m } }").schedules == 2);
}

TEST_CASE("explore: with one CPU there are the same orders as with two") {
    for (const char* machine : {"cpus 1", "cpus 2", "cpus 3", "cpus 1 scheduler rr", "cpus 1 scheduler eevdf"}) {
        CAPTURE(machine);
        CHECK(all_orders(threads_of({"inc [x]; inc [x]", "inc [x]; inc [x]"}, machine)).schedules == 6);
    }
}

TEST_CASE("explore: the reduced search sees the final states that all interleavings give") {
    Random rng(11);
    constexpr const char* kOps[] = {"mov rax, [x]", "mov rax, [y]", "mov [x], rax", "mov [y], rax", "inc [x]", "add [y], rax", "add rax, 3"};
    for (std::uint64_t round = 0; round < test::cases(60); ++round) {
        std::vector<std::string> bodies;
        for (int t = 0; t < 2; ++t) {
            std::string body = "mov eax, " + std::to_string(t + 1);
            for (int i = 0; i < 3; ++i) body += std::string("; ") + kOps[rng.uniform(0, 6)];
            bodies.push_back(body + "; mov [r" + std::to_string(t + 1) + "], rax");
        }
        const std::string source = threads_of(bodies, round % 2 == 0 ? "cpus 2" : "cpus 1");
        CAPTURE(source);
        const ExploreReport reduced = all_orders(source), full = all_orders(source, false);
        REQUIRE(full.complete);
        CHECK(reduced.complete);
        CHECK(reduced.final_states == full.final_states);
        CHECK(reduced.schedules <= full.schedules);
        const ExploreReport bounded = explore(source, {.preemptions = 9, .keep_going = true});   // more than anything needs
        CHECK(bounded.final_states == full.final_states);
    }
}

const std::string kLostUpdate =
    "process p { shared x = 0 thread t x2 { asm { mov rax, [x]; add rax, 1; mov [x], rax } } } expect word(p, x) == 2";

TEST_CASE("explore: a lost update takes one preemption") {
    for (const char* machine : {"machine { cpus 1 } ", "machine { cpus 2 } "}) {
        const ExploreReport r = explore(machine + kLostUpdate);
        REQUIRE(r.bounds.size() == 2);
        CHECK(r.bounds[0].failures == 0);
        CHECK(r.bounds[0].complete);
        REQUIRE(r.found.size() == 1);
        CHECK(r.found[0].outcome == Outcome::violated);
        CHECK(r.found[0].preemptions == 1);
    }
    const ExploreReport right = explore("machine { cpus 2 } process p { shared x = 0 thread t x2 { asm { lock inc [x] } } } expect word(p, x) == 2");
    CHECK(right.found.empty());
    CHECK(right.unbounded);
}

// The found schedule as text, read again and run by the plain kernel.
Kernel replayed(const std::string& source, const FoundSchedule& found, Log& log) {
    Scenario s = test::scenario(scenario_of_schedule(test::scenario(source), found));
    CHECK(s.schedule == found.lines);
    Kernel k = test::boot(s);
    k.run({.steps = 1'000'000}, &log);
    CHECK(k.check_invariants() == "");
    return k;
}

TEST_CASE("explore: a found schedule is replayed by the plain kernel") {
    for (const char* machine : {"machine { cpus 1 } ", "machine { cpus 2 } ", "machine { cpus 1 scheduler eevdf } ", "machine { cpus 1 scheduler mlfq } "}) {
        const std::string source = machine + kLostUpdate;
        CAPTURE(source);
        const ExploreReport r = explore(source);
        REQUIRE(r.found.size() == 1);
        Log log;
        const Kernel k = replayed(source, r.found[0], log);
        CHECK(k.end() == End::all_exited);
        CHECK_FALSE(judge(test::scenario(source), k, log)[0].is_met);
    }
}

TEST_CASE("explore: two locks in two orders deadlock after one preemption; in one order never") {
    const std::string head = "machine { cpus 1 } process p { mutex a mutex b thread t { lock a lock b unlock b unlock a } thread u { ";
    const std::string bad = head + "lock b lock a unlock a unlock b } }";
    const ExploreReport r = explore(bad);
    REQUIRE(r.found.size() == 1);
    CHECK(r.found[0].outcome == Outcome::deadlock);
    CHECK(r.found[0].preemptions == 1);
    CHECK(r.found[0].end->end() == End::deadlock);
    Log log;
    CHECK(replayed(bad, r.found[0], log).end() == End::deadlock);
    const ExploreReport good = explore(head + "lock a lock b unlock b unlock a } }");
    CHECK(good.found.empty());
    CHECK(good.unbounded);
}

TEST_CASE("explore: store buffers let both threads read the old value; fences do not; nor does a machine without them") {
    const auto source = [](const char* machine, const char* fence) {
        return "machine { cpus 2 " + std::string(machine) + " } process p { shared x = 0 shared y = 0 shared r1 = 9 shared r2 = 9 "
               "thread one cpu 0 { asm { mov [x], 1; " + fence + "mov rax, [y]; mov [r1], rax } } "
               "thread two cpu 1 { asm { mov [y], 1; " + fence + "mov rax, [x]; mov [r2], rax } } } expect word(p, r1) + word(p, r2) >= 1";
    };
    const ExploreReport r = explore(source("memory tso", ""), {.preemptions = -1});
    REQUIRE(r.found.size() == 1);
    Log log;
    replayed(source("memory tso", ""), r.found[0], log);
    CHECK(explore(source("memory tso", "mfence; "), {.preemptions = -1}).unbounded);
    CHECK(explore(source("memory tso", "mfence; "), {.preemptions = -1}).found.empty());
    CHECK(explore(source("memory sc", ""), {.preemptions = -1}).found.empty());
}

std::string peterson(const char* machine, const char* fence) {
    const auto thread = [&](int me) {
        const std::string mine = "flag+" + std::to_string(8 * me), his = "flag+" + std::to_string(8 - 8 * me), other = std::to_string(1 - me);
        return "thread t" + std::to_string(me) + " cpu " + std::to_string(me) + " { asm { mov [" + mine + "], 1; mov [turn], " + other + "; " + fence +
               " wait: cmp [" + his + "], 1; jne enter; cmp [turn], " + other + "; je wait; enter: mov rax, [counter]; add rax, 1; " +
               "mov [counter], rax; mov [" + mine + "], 0 } } ";
    };
    return "machine { cpus 2 " + std::string(machine) + " } process p { shared flag x2 = 0 shared turn = 0 shared counter = 0 " + thread(0) + thread(1) +
           "} expect word(p, counter) == 2";
}

TEST_CASE("explore: Peterson's lock needs its fence on a machine with store buffers") {
    CHECK(explore(peterson("memory tso", "")).found.size() == 1);
    const ExploreReport fenced = explore(peterson("memory tso", "mfence;"), {.preemptions = 1});
    CHECK(fenced.found.empty());
    CHECK(fenced.bounds[1].complete);
    const ExploreReport plain = explore(peterson("memory sc", ""), {.preemptions = -1});
    CHECK(plain.found.empty());
    CHECK(plain.unbounded);
}

TEST_CASE("explore: a loop that nobody ends is found, not waited for; a loop without end is cut") {
    const ExploreReport r = explore("machine { cpus 2 } process p { shared go = 0 thread t { asm { wait: cmp [go], 1; jne wait } } }");
    REQUIRE(r.found.size() == 1);
    CHECK(r.found[0].outcome == Outcome::livelock);
    const ExploreReport cut = explore("machine { cpus 2 } process p { shared n = 0 thread t { asm { again: inc [n]; jmp again } } }",
                                      {.preemptions = 0, .steps = 20'000});
    CHECK(cut.bounds[0].cut == 1);
    CHECK_FALSE(cut.complete);
}

TEST_CASE("explore: a condition signalled too early leaves its waiter asleep") {
    const ExploreReport r = explore(
        "machine { cpus 2 } process p { shared ready = 0 mutex m cond c thread waiter { lock m cond wait c m unlock m } "
        "thread signaller { asm { mov [ready], 1 } signal c } }");
    REQUIRE(r.found.size() == 1);
    CHECK(r.found[0].outcome == Outcome::deadlock);
}

TEST_CASE("explore: a null pointer that only one order dereferences is a crash") {
    const ExploreReport r = explore("machine { cpus 1 } process p { shared ptr = 0 shared word = 0 thread maker { asm { lea rax, [word]; mov [ptr], rax } } "
                                    "thread user { asm { mov rax, [ptr]; mov rbx, [rax] } } }");
    REQUIRE(r.found.size() == 1);
    CHECK(r.found[0].outcome == Outcome::crash);
}

}  // namespace
}  // namespace sy
