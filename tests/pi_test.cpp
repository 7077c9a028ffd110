// Priority inheritance: FUTEX_LOCK_PI and rt_mutex. Expected values are arithmetic on a machine whose steps cost
// nothing, the numbers of linux.md 1.7 and 6.6, and errno as the manual page of futex(2) gives it.
#include <set>

#include "sim/base/random.h"
#include "sim/kernel/locks.h"
#include "sim/kernel/pi.h"
#include "sim/session/deadlock.h"
#include "tests/checked.h"

using namespace sy;
using namespace sy::test;

namespace {

int prio_at(std::string_view text, std::string_view name, Nanos at) {
    const Run r = until(text, at);
    return r.k.tasks[task(r.k, name)].prio;
}
Nanos exit_of(const Run& r, std::string_view name) { return r.k.tasks[task(r.k, name)].exit_time; }
// Results of futex(2) in the order in which they came.
std::vector<std::int64_t> futex_results(const Run& r) {
    std::vector<std::int64_t> out;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sys_exit && rec.a == nr::futex) out.push_back(static_cast<std::int64_t>(wide(rec.c, rec.d)));
    return out;
}
std::vector<std::pair<int, int>> boosts(const Run& r, std::string_view name) {
    std::vector<std::pair<int, int>> out;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sched_pi_setprio && rec.a == task(r.k, name))
            out.emplace_back(static_cast<std::int32_t>(rec.c), static_cast<std::int32_t>(rec.d));
    return out;
}
std::uint64_t word_of(const Run& r, std::string_view process, std::string_view name) {
    const Task& t = r.k.tasks[task(r.k, process)];
    for (const Variable& v : r.k.program_of(t).variables)
        if (v.name == name) return r.k.mms[t.mm].read(v.address);
    return ~std::uint64_t{0};
}

}  // namespace

TEST_CASE("a PI mutex that nobody wants is a word: 0, tid, 0, without a system call") {
    const Run r = checked(std::string(kIdeal) + "process p pid 570 { mutex m pi lock m run 1ms unlock m lock m run 1ms unlock m }");
    CHECK(futex_results(r).empty());
    CHECK(word_of(until(std::string(kIdeal) + "process p pid 570 { mutex m pi lock m run 2ms unlock m }", kMilli), "p", "m") == 570);
}

TEST_CASE("inversion and its cure, by arithmetic") {
    // low holds the lock for 5 ms, high wants it at 1 ms, middle computes 20 ms from 2 ms on; one CPU.
    const auto text = [](const char* pi) {
        return std::string(kIdeal) + "process p policy fifo 40 { mutex m " + pi + R"(
            thread low policy fifo 10 { lock m run 5ms unlock m run 1ms }
            thread middle policy fifo 20 { sleep 2ms run 20ms }
            thread high policy fifo 30 { sleep 1ms lock m run 1ms unlock m } })";
    };
    const Run plain = checked(text("")), cured = checked(text("pi"));
    CHECK(exit_of(plain, "high") == 26 * kMilli);     // 2 + 20 + 3 + 1
    CHECK(exit_of(plain, "middle") == 22 * kMilli);
    CHECK(exit_of(cured, "high") == 6 * kMilli);      // 5 + 1
    CHECK(exit_of(cured, "middle") == 26 * kMilli);
    CHECK(exit_of(cured, "low") == 27 * kMilli);
    CHECK(boosts(plain, "low").empty());
    // FIFO n has priority 99 - n (linux.md 1.7): 89 becomes 69 and 89 again.
    CHECK(boosts(cured, "low") == std::vector<std::pair<int, int>>{{89, 69}, {69, 89}});
    const Run while_held = until(text("pi"), 3 * kMilli);
    const Task& low = while_held.k.tasks[task(while_held.k, "low")];
    CHECK(low.prio == 69);
    CHECK(low.normal_prio == 89);        // keeps the own value (linux.md 6.6)
    CHECK(low.rt_priority == 10);
    CHECK(word_of(while_held, "p", "m") == (static_cast<std::uint64_t>(low.pid) | 0x8000'0000));   // TID | FUTEX_WAITERS
}

TEST_CASE("the boost goes along a chain of locks and owners, and back") {
    // c waits for b's lock, b for a's: whoever is most urgent at the end lends to all.
    const std::string text = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi  mutex n pi  mutex o pi
        thread a policy fifo 5 { lock m run 10ms unlock m run 1ms }
        thread b policy fifo 10 { sleep 1ms lock n lock m run 1ms unlock m unlock n run 1ms }
        thread c policy fifo 15 { sleep 2ms lock o lock n run 1ms unlock n unlock o run 1ms }
        thread d policy fifo 50 { sleep 3ms lock o run 1ms unlock o }
        thread noise policy fifo 40 { sleep 4ms run 30ms } })";
    for (const char* name : {"a", "b", "c"}) CHECK(prio_at(text, name, 4500 * kMicro) == 49);
    CHECK(prio_at(text, "a", 2500 * kMicro) == 84);   // only c waits so far: 99 - 15
    const Run r = checked(text);
    // a until 10 ms, then b, c, d have their millisecond each; the noise comes behind d.
    CHECK(exit_of(r, "d") == 13 * kMilli);
    CHECK(exit_of(r, "noise") == 43 * kMilli);
    for (const char* name : {"a", "b", "c"}) CHECK(r.k.tasks[task(r.k, name)].prio == r.k.tasks[task(r.k, name)].normal_prio);
}

TEST_CASE("who holds two locks keeps the boost of the one it still holds") {
    const std::string text = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi  mutex n pi
        thread low policy fifo 5 { lock m lock n run 4ms unlock n run 4ms unlock m run 4ms }
        thread x policy fifo 20 { sleep 1ms lock m unlock m }
        thread y policy fifo 30 { sleep 2ms lock n unlock n } })";
    const Run r = checked(text);
    CHECK(boosts(r, "low") == std::vector<std::pair<int, int>>{{94, 79}, {79, 69}, {69, 79}, {79, 94}});
}

TEST_CASE("a normal task inherits a real-time class, and a deadline") {
    const std::string rt = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread low policy normal nice 19 { lock m run 5ms unlock m run 1ms }
        thread noise policy fifo 20 { sleep 2ms run 20ms }
        thread high policy rr 30 { sleep 1ms lock m run 1ms unlock m } })";
    CHECK(exit_of(checked(rt), "high") == 6 * kMilli);
    const Run held = until(rt, 3 * kMilli);
    CHECK(held.k.tasks[task(held.k, "low")].sched_class == ClassId::rt);
    CHECK(held.k.tasks[task(held.k, "low")].policy == Policy::normal);

    const std::string dl = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread low policy normal { lock m run 5ms unlock m run 1ms }
        thread noise policy fifo 90 { sleep 2ms run 20ms }
        thread high policy deadline runtime 4ms deadline 10ms period 100ms { sleep 1ms lock m run 1ms unlock m } })";
    const Run r = checked(dl);
    CHECK(exit_of(r, "high") == 6 * kMilli);   // low runs on as a deadline task, past fifo 90 and past 4 ms of runtime
    CHECK(boosts(r, "low") == std::vector<std::pair<int, int>>{{120, -1}, {-1, 120}});
    const Run boosted = until(dl, 3 * kMilli);
    CHECK(boosted.k.tasks[task(boosted.k, "low")].sched_class == ClassId::deadline);
    const DlEntity* e = boosted.k.sched->dl().find(task(boosted.k, "low"));
    REQUIRE(e != nullptr);
    CHECK(e->deadline == 11 * kMilli);   // 1 ms, when it inherited, and the 10 ms of the lender
    CHECK(e->bw == 0);                   // the admission test never saw it
}

TEST_CASE("the lock goes to the most urgent waiter, normal tasks count as equals") {
    const Run r = checked(std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread owner policy fifo 50 { lock m sleep 10ms unlock m }
        thread n1 policy normal nice 10 { sleep 1ms lock m run 1ms unlock m }
        thread n2 policy normal nice -10 { sleep 2ms lock m run 1ms unlock m }
        thread f10 policy fifo 10 { sleep 3ms lock m run 1ms unlock m }
        thread f20 policy fifo 20 { sleep 4ms lock m run 1ms unlock m } })");
    CHECK(exit_of(r, "f20") == 11 * kMilli);
    CHECK(exit_of(r, "f10") == 12 * kMilli);
    CHECK(exit_of(r, "n2") == 14 * kMilli);   // n1 came before it: nice does not count among waiters
}

TEST_CASE("chrt on a waiter reaches the owner") {
    const std::string text = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread low policy fifo 5 { lock m run 30ms unlock m }
        thread w policy fifo 10 { sleep 1ms lock m unlock m } }
        at 5ms { chrt p/w fifo 33 }  at 10ms { chrt p/w normal }  at 15ms { chrt p/low fifo 44 })";
    CHECK(prio_at(text, "low", 3 * kMilli) == 89);
    CHECK(prio_at(text, "low", 7 * kMilli) == 66);
    CHECK(prio_at(text, "low", 12 * kMilli) == 94);
    CHECK(prio_at(text, "low", 17 * kMilli) == 55);
    checked(text);
}

TEST_CASE("EDEADLK: the own lock, and a circle, is refused by the kernel") {
    const Run own = checked(std::string(kIdeal) + "process p { mutex m pi lock m lock m }");
    REQUIRE(!futex_results(own).empty());
    CHECK(futex_results(own).front() == -35);
    CHECK(own.k.end() == End::deadlock);   // pthread_mutex_lock of a normal mutex then sleeps for ever, as glibc's does

    const Run two = checked("machine { cpus 2 costs ideal }\n" + std::string(R"(process p { mutex m pi  mutex n pi
        thread a { lock m run 2ms lock n unlock n unlock m }
        thread b { run 1ms lock n run 2ms lock m unlock m unlock n } })"));
    CHECK(two.k.end() == End::deadlock);
    std::multiset<std::int64_t> results;
    for (const std::int64_t v : futex_results(two)) results.insert(v);
    CHECK(results.count(-35) == 1);        // who closes the circle; the other one sleeps in rt_mutex
    const WaitGraph graph = wait_graph(two.k);
    REQUIRE(graph.cycles.size() == 1);
    CHECK(graph.cycles[0].size() == 2);
    CHECK(std::count_if(two.log.begin(), two.log.end(), [](const Record& r) { return r.kind == RecordKind::deadlock; }) >= 1);
    CHECK(explain_deadlocks(two.k, graph).front().en.find("PI mutex") != std::string::npos);
}

TEST_CASE("an owner that dies: the first waiter gets the lock with FUTEX_OWNER_DIED, a later one ESRCH") {
    const std::string text = std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread owner policy fifo 10 { lock m run 5ms }
        thread heir policy fifo 20 { sleep 1ms lock m run 5ms sleep 5ms unlock m } })";
    const Run r = until(text, 8 * kMilli);
    const auto heir = static_cast<std::uint64_t>(r.k.tasks[task(r.k, "heir")].pid);
    CHECK(word_of(r, "p", "m") == (heir | 0xc000'0000));   // TID | FUTEX_WAITERS | FUTEX_OWNER_DIED
    CHECK(checked(text).k.end() == End::all_exited);
    const Run late = checked(std::string(kIdeal) + R"(process p { mutex m pi
        thread owner { lock m run 1ms }
        thread late { sleep 5ms lock m run 1ms } })");
    const auto results = futex_results(late);
    CHECK(std::count(results.begin(), results.end(), -3) == 1);
}

TEST_CASE("a waiter that a signal takes away takes its boost with it") {
    const std::string text = "machine { cpus 2 costs ideal }\n" + std::string(R"(process p policy fifo 60 { mutex m pi  mask USR1
        thread low policy fifo 5 { mask USR1 lock m run 20ms unlock m }
        thread kid policy fifo 30 { sigaction USR1 { run 1ms } sleep 1ms lock m run 1ms unlock m } }
        at 5ms { kill p/kid USR1 })");
    // The handler runs for 1 ms, then the call is made again: ERESTARTNOINTR.
    CHECK(prio_at(text, "low", 3 * kMilli) == 69);
    CHECK(prio_at(text, "low", 5500 * kMicro) == 94);
    CHECK(prio_at(text, "low", 7 * kMilli) == 69);
    const Run r = checked(text);
    CHECK(exit_of(r, "kid") == 21 * kMilli);   // 20 of low, 1 of its own
}

TEST_CASE("a child does not inherit what its parent inherits (linux.md 3.4, sched_fork)") {
    const Run r = until(std::string(kIdeal) + R"(process p policy fifo 60 { mutex m pi
        thread low policy fifo 5 { lock m run 3ms fork kid { run 20ms } run 5ms unlock m }
        thread high policy fifo 30 { sleep 1ms lock m unlock m } })", 4 * kMilli);
    CHECK(r.k.tasks[task(r.k, "low")].prio == 69);
    CHECK(r.k.tasks[task(r.k, "kid")].prio == 94);
}

TEST_CASE("random programs with PI mutexes keep the rules, and end") {
    // Locks are taken in their order, so nobody can wait in a circle; every rule is checked after every step.
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Random dice(seed);
        const auto number = [&](int low, int high) { return std::to_string(dice.uniform(low, high)); };
        std::string text = "machine { cpus " + number(1, 3) + " costs " + (dice.uniform(0, 1) != 0 ? "ideal" : "linux") +
                           " preempt " + (dice.uniform(0, 1) != 0 ? "full" : "voluntary") + " until 400ms }\nprocess p policy fifo 90 { ";
        const auto locks = dice.uniform(1, 4);
        for (int i = 0; i < locks; ++i) text += "mutex m" + std::to_string(i) + " pi ";
        const auto threads = dice.uniform(2, 6);
        std::string timed;
        for (int t = 0; t < threads; ++t) {
            const std::string name = "t" + std::to_string(t);
            const auto policy = dice.uniform(0, 3);
            text += "thread " + name + (policy == 0   ? " nice " + number(-20, 19)
                                        : policy == 1 ? " policy fifo " + number(1, 80)
                                        : policy == 2 ? " policy rr " + number(1, 80)
                                                      : " policy deadline runtime " + number(1, 3) + "ms period " + number(20, 40) + "ms") + " { ";
            if (dice.uniform(0, 3) == 0) text += "sigaction USR1 { run " + number(1, 300) + "us } ";
            text += "repeat " + number(1, 4) + " { sleep " + number(1, 900) + "us ";
            std::string after;
            for (int i = 0; i < locks; ++i) {
                if (dice.uniform(0, 1) == 0) continue;
                text += "lock m" + std::to_string(i) + " run " + number(1, 900) + "us ";
                if (dice.uniform(0, 2) == 0) text += "sleep " + number(1, 500) + "us ";
                after = "unlock m" + std::to_string(i) + " run " + number(1, 300) + "us " + after;
            }
            text += after + "} } ";
            if (dice.uniform(0, 2) == 0) timed += "at " + number(1, 9) + "ms { chrt p/" + name + " fifo " + number(1, 80) + " }\n";
            if (dice.uniform(0, 3) == 0) timed += "at " + number(1, 9) + "ms { nice p/" + name + " " + number(-20, 19) + " }\n";
            if (dice.uniform(0, 4) == 0) timed += "at " + number(1, 9) + "ms { kill p/" + name + " STOP } at 12ms { kill p/" + name + " CONT }\n";
        }
        text += "}\n" + timed;
        CAPTURE(text);
        const Run r = checked(text);
        CHECK(r.k.end() == End::all_exited);
        CHECK(r.k.pi.locks.empty());
        CHECK(r.k.pi.walks == 0);
    }
}
