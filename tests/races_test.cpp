// The race detector: FastTrack against a happens-before relation that is closed by brute force over random histories, no
// alarm on locks that are correct, one on each that was broken, and what a report says of its two accesses.
#include <algorithm>
#include <set>

#include "sim/analysis/fasttrack.h"
#include "sim/analysis/race_detector.h"
#include "sim/base/random.h"
#include "tests/machine.h"

namespace sy {
namespace {

// --- FastTrack and brute force ---

struct Happening {
    enum class Kind { read, write, acquire, release, fork } kind;
    std::size_t thread, what;   // variable, lock, or the new thread
};

std::vector<Happening> random_history(Random& rng) {
    std::vector<Happening> out;
    std::size_t threads = 2;
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(n) - 1)); };
    std::vector<std::pair<std::size_t, std::size_t>> held;   // lock, by
    for (int i = 0; i < 40; ++i) {
        const std::size_t t = below(threads);
        const std::size_t lock = below(3);
        const auto who = std::find_if(held.begin(), held.end(), [&](const auto& h) { return h.first == lock; });
        switch (below(7)) {
            case 0:
                if (who == held.end()) {
                    out.push_back({Happening::Kind::acquire, t, lock});
                    held.emplace_back(lock, t);
                }
                break;
            case 1:
                if (who != held.end()) {
                    out.push_back({Happening::Kind::release, who->second, lock});
                    held.erase(who);
                }
                break;
            case 2:
                if (threads < 5) out.push_back({Happening::Kind::fork, t, threads++});
                break;
            case 3:
            case 4: out.push_back({Happening::Kind::read, t, below(4)}); break;
            default: out.push_back({Happening::Kind::write, t, below(4)}); break;
        }
    }
    return out;
}

// Every pair of events, and the closure of what orders two of them.
std::set<std::size_t> racing_by_brute_force(const std::vector<Happening>& h) {
    using K = Happening::Kind;
    const std::size_t n = h.size();
    std::vector<std::vector<bool>> before(n, std::vector<bool>(n));
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i + 1; j < n; ++j)
            before[i][j] = h[i].thread == h[j].thread || (h[i].kind == K::fork && h[i].what == h[j].thread) ||
                           (h[i].kind == K::release && h[j].kind == K::acquire && h[i].what == h[j].what);
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                if (before[i][k] && before[k][j]) before[i][j] = true;
    std::set<std::size_t> out;
    const auto accesses = [&](std::size_t i) { return h[i].kind == K::read || h[i].kind == K::write; };
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i + 1; j < n; ++j)
            if (accesses(i) && accesses(j) && h[i].what == h[j].what && !before[i][j] && (h[i].kind == K::write || h[j].kind == K::write))
                out.insert(h[i].what);
    return out;
}

std::set<std::size_t> racing_by_fasttrack(const std::vector<Happening>& h) {
    using K = Happening::Kind;
    HappensBefore order;
    order.new_thread();
    order.new_thread();
    std::vector<VectorClock> locks(3);
    std::vector<VariableState> variables(4);
    std::set<std::size_t> out;
    for (const Happening& e : h) {
        const auto t = static_cast<ThreadNo>(e.thread);
        if (e.kind == K::fork) order.new_thread(t);
        if (e.kind == K::acquire) order.acquire(t, locks[e.what]);
        if (e.kind == K::release) locks[e.what].join(order.publish(t));
        if (e.kind != K::read && e.kind != K::write) continue;
        order.access(variables[e.what], {.is_write = e.kind == K::write}, t, [&](const AccessNote&, const AccessNote&) { out.insert(e.what); });
    }
    return out;
}

TEST_CASE("races: FastTrack finds a race on the variables on which brute force finds one, and on no others") {
    Random rng(7);
    std::size_t with_race = 0, without = 0;
    for (int i = 0; i < 2'000; ++i) {
        const std::vector<Happening> h = random_history(rng);
        const std::set<std::size_t> truth = racing_by_brute_force(h);
        REQUIRE(racing_by_fasttrack(h) == truth);
        with_race += truth.size();
        without += 4 - truth.size();
    }
    CHECK(with_race > 500);   // the histories are of both kinds
    CHECK(without > 500);
}

// --- programs ---

std::string counting(const std::string& declarations, const std::string& take, const std::string& leave, const char* machine = "cpus 2") {
    return "machine { " + std::string(machine) + " } process p { shared counter = 0 " + declarations +
           " thread t x2 { repeat 20 { " + take + " asm { mov rax, [counter]; add rax, 1; mov [counter], rax } " + leave + " } } }";
}
std::size_t races(const std::string& text, bool strict = false) {
    return find_races(test::scenario(text), {.strict = strict, .steps = 2'000'000}).races.size();
}

TEST_CASE("races: no alarm where a lock, a semaphore or an atomic instruction orders the accesses") {
    CHECK(races(counting("mutex m", "lock m", "unlock m")) == 0);
    CHECK(races(counting("mutex m pi", "lock m", "unlock m")) == 0);
    CHECK(races(counting("semaphore s 1", "wait s", "signal s")) == 0);
    CHECK(races(counting("rwlock l", "wrlock l", "unlock l")) == 0);
    CHECK(races(counting("shared word = 0", "asm { take: mov eax, 1; xchg rax, [word]; test rax, rax; jnz take }", "asm { mov [word], 0 }",
                         "cpus 2 memory tso")) == 0);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 thread t x2 { repeat 20 { asm { lock inc [n] } } } }") == 0);
    CHECK(races("machine { cpus 2 } process p { shared atomic n = 0 thread t x2 { repeat 20 { asm { inc [n] } } } }") == 0);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 thread t { asm { mov [n], 5 } } join t asm { inc [n] } }") == 0);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 barrier b 2 thread t { asm { inc [n] } barrier wait b } barrier wait b asm { inc [n] } }") == 0);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 mutex m cond c thread t { sleep 1ms lock m asm { inc [n] } signal c unlock m } "
                "lock m cond wait c m unlock m asm { inc [n] } }") == 0);
    CHECK(races("pipe q machine { cpus 2 } process p { shared n = 0 thread t { asm { inc [n] } write q 8 } read q 8 asm { inc [n] } }") == 0);
}

TEST_CASE("races: no alarm when a shared word is handed over by a loop that waits for it; --strict sees plain accesses") {
    const std::string text =
        "machine { cpus 2 memory tso } process p { shared data = 0 shared ready = 0 "
        "thread giver { asm { mov [data], 42; mov [ready], 1 } } "
        "thread taker { asm { wait: cmp [ready], 1; jne wait; mov rax, [data] } } }";
    CHECK(races(text) == 0);
    CHECK(races(text, true) == 2);   // ready and data
}

TEST_CASE("races: each of these is found") {
    CHECK(races(counting("", "", "")) > 0);
    CHECK(races(counting("rwlock l", "rdlock l", "unlock l")) > 0);   // readers do not keep each other out
    CHECK(races("machine { cpus 2 } process p { shared n = 0 mutex a mutex b thread t { lock a asm { inc [n] } unlock a } "
                "thread u { lock b asm { inc [n] } unlock b } }") == 1);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 thread t { asm { mov [n], 5 } } asm { inc [n] } join t }") == 1);
    // Two CPUs are not needed: one thread is through before the other one runs, and yet nothing orders them.
    CHECK(races("machine { cpus 1 } process p { shared n = 0 thread t x2 { asm { inc [n] } } }") == 1);
    // The unlock comes too early.
    CHECK(races("machine { cpus 2 } process p { shared n = 0 mutex m thread t x2 { lock m unlock m asm { inc [n] } } }") == 1);
    // Threads are created before the main thread's first statement.
    CHECK(races("machine { cpus 2 } process p { shared n = 0 asm { inc [n] } thread t { asm { mov rax, [n] } } }") == 1);
    // Two processes have two counters.
    CHECK(races("machine { cpus 2 } process p x2 { shared n = 0 asm { inc [n] } }") == 0);
    // Bytes of one word are different variables.
    CHECK(races("machine { cpus 2 } process p { shared n = 0 thread t { asm { inc byte ptr [n] } } thread u { asm { inc byte ptr [n+1] } } }") == 0);
    CHECK(races("machine { cpus 2 } process p { shared n = 0 thread t { asm { inc byte ptr [n] } } thread u { asm { inc word ptr [n] } } }") == 1);
}

TEST_CASE("races: a report names both accesses with place, caller and locks") {
    const RaceReport r = find_races(test::scenario("machine { cpus 2 }\n"
                                                   "process p {\n"
                                                   "  shared n = 0\n"
                                                   "  mutex m\n"
                                                   "  thread t { lock m\n"
                                                   "    asm { call work; jmp out\n"
                                                   "     work: inc [n]\n"
                                                   "      ret\n"
                                                   "     out: } unlock m }\n"
                                                   "  thread u { asm { mov rax, [n] } }\n"
                                                   "}\n"));
    REQUIRE(r.races.size() == 1);
    const Race& race = r.races[0];
    CHECK(race.process == "p");
    CHECK(race.variable == "n");
    const RaceAccess& write = race.first.is_write ? race.first : race.second;
    const RaceAccess& read = race.first.is_write ? race.second : race.first;
    CHECK(write.path == "p/t");
    CHECK(write.place.pos.line == 7);
    CHECK(write.place.pos.column == 12);
    CHECK(write.place.text == "inc [n]");
    CHECK(write.place.symbol == "t/work+0x0");
    REQUIRE(write.stack.size() == 1);
    CHECK(write.stack[0].pos.line == 6);
    CHECK(write.locks == std::vector<std::string>{"m"});
    CHECK(read.path == "p/u");
    CHECK_FALSE(read.is_write);
    CHECK(read.place.pos.line == 10);
    CHECK(read.stack.empty());
    CHECK(read.locks.empty());
    CHECK(race.first.at <= race.second.at);
    CHECK(race.times == 1);
}

}  // namespace
}  // namespace sy
