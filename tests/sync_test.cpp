// Synchronisation: pipes with an end, mutexes, semaphores, condition variables, barriers, read-write locks, and the
// finding of deadlocks. Expected values are closed arithmetic on a machine whose steps cost nothing, a small model
// written independently of the kernel, or linux.md.
#include <deque>
#include <map>
#include <queue>
#include <random>

#include "sim/kernel/locks.h"
#include "sim/session/batch.h"
#include "sim/session/deadlock.h"
#include "tests/machine.h"

using namespace sy;
using namespace sy::test;

namespace {

std::size_t calls(const Run& r, std::string_view name, std::uint64_t number) {
    const TaskId id = task(r.k, name);
    return static_cast<std::size_t>(std::count_if(r.log.begin(), r.log.end(), [&](const Record& rec) {
        return rec.kind == RecordKind::sys_enter && rec.task == id && rec.a == number;
    }));
}
std::size_t records(const Run& r, RecordKind kind) {
    return static_cast<std::size_t>(
        std::count_if(r.log.begin(), r.log.end(), [&](const Record& rec) { return rec.kind == kind; }));
}
Nanos exit_of(const Run& r, std::string_view name) { return r.k.tasks[task(r.k, name)].exit_time; }
// Every rule after every step.
Run checked(std::string_view text) {
    Run r{boot(scenario(text)), {}};
    while (r.k.step(&r.log, nullptr)) {
        const std::string fault = r.k.check_invariants();
        REQUIRE_MESSAGE(fault.empty(), fault << " after step " << r.k.steps());
    }
    CHECK(r.k.check_invariants() == "");
    return r;
}

constexpr const char* kIdeal = "machine { cpus 8 costs ideal }\n";

}  // namespace

TEST_CASE("a pipe ends when its last writer has gone") {
    const Run r = checked(std::string(kIdeal) + R"(
        pipe p
        process a { write p 100 run 3ms write p 100 }
        process b { run 5ms write p 100 }
        process reader { forever { read p 100 } run 1ms }
    )");
    CHECK(r.k.end() == End::all_exited);
    // The third write comes at 5 ms and is the last; then read returns 0, the loop is left, 1 ms follows.
    CHECK(exit_of(r, "reader") == 6 * kMilli);
    CHECK(calls(r, "reader", nr::read) == 4);
}

TEST_CASE("a writer whose readers have gone gets SIGPIPE and EPIPE") {
    const Run r = checked(std::string(kIdeal) + R"(
        pipe p
        process yes { forever { write p 10 run 1ms } }
        process head { read p 10 read p 10 }
    )");
    CHECK(r.k.end() == End::all_exited);
    CHECK(r.k.tasks[task(r.k, "yes")].exit_code == 13);   // killed by signal 13, SIGPIPE
    CHECK(std::any_of(r.log.begin(), r.log.end(), [](const Record& rec) {
        return rec.kind == RecordKind::sys_exit && rec.a == nr::write &&
               static_cast<std::int64_t>(wide(rec.c, rec.d)) == -32;   // EPIPE
    }));
}

TEST_CASE("who inherits a write end keeps the pipe open, closing it ends the pipe") {
    const std::string head = std::string(kIdeal) + "pipe p\nprocess shell { fork { run 1ms write p 5 run 4ms } ";
    const Run open = checked(head + "forever { read p 5 } }");
    CHECK(open.k.end() == End::deadlock);   // the reader itself holds the write end
    const Run closed = checked(head + "close write p forever { read p 5 } run 1ms }");
    CHECK(closed.k.end() == End::all_exited);
    CHECK(exit_of(closed, "shell") == 6 * kMilli);
    const Run twice = checked(std::string(kIdeal) + "pipe p process a { write p 1 close p close p } process b { read p }");
    CHECK(std::count_if(twice.log.begin(), twice.log.end(), [](const Record& rec) {
              return rec.kind == RecordKind::sys_exit && rec.a == nr::close &&
                     static_cast<std::int64_t>(wide(rec.c, rec.d)) == -9;   // EBADF
          }) == 1);
}

TEST_CASE("exclusive waiters are woken one at a time, pollers all at once") {
    const auto herd = [](const char* verbs) {
        return checked(std::string(kIdeal) + "pipe p process w x5 { " + verbs +
                       " } process feed { run 5ms write p 1 run 5ms write p 4 }");
    };
    const auto woken_at = [](const Run& r, Nanos at) {
        return std::count_if(r.log.begin(), r.log.end(), [&](const Record& rec) {
            return rec.kind == RecordKind::sched_waking && rec.at == at;
        });
    };
    const Run alone = herd("read p 1");
    CHECK(woken_at(alone, 5 * kMilli) == 1);     // WQ_FLAG_EXCLUSIVE
    const Run all = herd("poll p read p 1");
    CHECK(woken_at(all, 5 * kMilli) >= 5);       // the thundering herd
    CHECK(woken_at(all, 10 * kMilli) == 4);      // in read now: exclusive, each hands the wakeup on
    CHECK(alone.k.end() == End::all_exited);
    CHECK(all.k.end() == End::all_exited);
}

TEST_CASE("a mutex calls the kernel only when somebody must wait") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        thread a { lock m run 3ms unlock m }
        thread b { run 1ms lock m run 1ms unlock m }
        thread c { repeat 50 { lock n run 1us unlock n } }
    })");
    CHECK(calls(r, "c", nr::futex) == 0);
    CHECK(calls(r, "a", nr::futex) == 1);    // FUTEX_WAKE: the word was 2
    CHECK(calls(r, "b", nr::futex) == 2);    // FUTEX_WAIT, and a wake for nobody since it took the lock as 2
    CHECK(exit_of(r, "b") == 4 * kMilli);
}

TEST_CASE("trylock does its block or goes on at once") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        mutex m
        thread a { lock m run 3ms unlock m }
        thread b { run 1ms trylock m { run 9ms } run 1ms trylock m { run 9ms } run 2ms trylock m { run 9ms } }
    })");
    CHECK(exit_of(r, "b") == 13 * kMilli);
    CHECK(calls(r, "b", nr::futex) == 0);
}

TEST_CASE("a condition variable gives the mutex up and takes it again") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        mutex m  cond c
        thread w x3 { lock m cond wait c m run 1ms unlock m }
        run 2ms lock m broadcast c run 1ms unlock m join run 1ms
    })");
    // All three are woken at 2 ms; the mutex is held until 3 ms, then 1 ms each, one after the other.
    CHECK(exit_of(r, "w/1") + exit_of(r, "w/2") + exit_of(r, "w/3") == (4 + 5 + 6) * kMilli);
    CHECK(exit_of(r, "p") == 7 * kMilli);
    const Run lost = checked(std::string(kIdeal) + "process p { cond c thread w { run 1ms lock m cond wait c m unlock m } signal c }");
    CHECK(lost.k.end() == End::nothing_left);   // a condition variable remembers no signal
}

TEST_CASE("FUTEX_CMP_REQUEUE moves waiters instead of waking them") {
    const auto wakeups = [](const char* cond) {
        const Run r = checked(std::string(kIdeal) + "process p { mutex m " + cond +
                              " thread w x5 { lock m cond wait c m run 1ms unlock m } run 2ms lock m broadcast c run 1ms unlock m }");
        CHECK(r.k.end() == End::all_exited);
        CHECK(exit_of(r, "p") == 8 * kMilli);
        return std::count_if(r.log.begin(), r.log.end(), [](const Record& rec) {
            return rec.kind == RecordKind::sched_waking && rec.at == 2 * kMilli;
        });
    };
    CHECK(wakeups("cond c") == 5);
    CHECK(wakeups("cond c requeue") == 1);
}

TEST_CASE("a barrier holds up until all have come, round after round") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        barrier b 3
        thread a { repeat 3 { run 1ms barrier wait b } }
        thread c { repeat 3 { run 2ms barrier wait b } }
        thread d { repeat 3 { run 4ms barrier wait b } }
    })");
    for (const char* name : {"a", "c", "d"}) CHECK(exit_of(r, name) == 12 * kMilli);
}

TEST_CASE("readers share a read-write lock, a writer has it alone") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        rwlock t
        thread r x3 { rdlock t run 2ms unlock t }
        thread w x2 { run 1ms wrlock t run 3ms unlock t }
        thread late { run 5500us rdlock t run 1ms unlock t }
    })");
    for (const char* name : {"r/1", "r/2", "r/3"}) CHECK(exit_of(r, name) == 2 * kMilli);
    // The last reader wakes one writer (2 to 5 ms), which wakes the other (5 to 8 ms); late waits for that.
    CHECK(exit_of(r, "w/1") + exit_of(r, "w/2") == (5 + 8) * kMilli);
    CHECK(exit_of(r, "late") == 9 * kMilli);
}

// Semaphores against a model: tasks with a CPU each, steps without cost, a queue in order of arrival.
namespace {

struct Part {
    enum Kind { run, take, give } kind;
    int semaphore = 0;
    Nanos time = 0;
};
using Script = std::vector<Part>;

std::vector<Nanos> model_exits(const std::vector<Script>& scripts, std::vector<int> values) {
    std::vector<std::size_t> at(scripts.size());
    std::vector<Nanos> exits(scripts.size());
    std::vector<std::deque<std::size_t>> queues(values.size());
    std::priority_queue<std::pair<Nanos, std::size_t>, std::vector<std::pair<Nanos, std::size_t>>, std::greater<>> ready;
    for (std::size_t i = 0; i < scripts.size(); ++i) ready.push({0, i});
    while (!ready.empty()) {
        const auto [now, who] = ready.top();
        ready.pop();
        bool goes_on = true;
        while (goes_on && at[who] < scripts[who].size()) {
            const Part& part = scripts[who][at[who]++];
            const auto s = static_cast<std::size_t>(part.semaphore);
            if (part.kind == Part::run) {
                ready.push({now + part.time, who});
                goes_on = false;
            } else if (part.kind == Part::give) {
                if (queues[s].empty()) {
                    ++values[s];
                } else {
                    ready.push({now, queues[s].front()});
                    queues[s].pop_front();
                }
            } else if (values[s] > 0) {
                --values[s];
            } else {
                queues[s].push_back(who);
                goes_on = false;
            }
        }
        if (goes_on) exits[who] = now;
    }
    return exits;
}

}  // namespace

TEST_CASE("semaphores agree with a model of their own") {
    std::mt19937 dice(7);
    for (int round = 0; round < 30; ++round) {
        const std::size_t tasks = 2 + dice() % 5;
        const std::vector<int> values = {static_cast<int>(1 + dice() % 3), static_cast<int>(1 + dice() % 2)};
        std::vector<Script> scripts(tasks);
        std::string text = "machine { cpus 8 costs ideal }\nprocess p { semaphore s0 " + std::to_string(values[0]) +
                           " semaphore s1 " + std::to_string(values[1]) + "\n";
        for (std::size_t i = 0; i < tasks; ++i) {
            text += "thread t" + std::to_string(i) + " { ";
            const auto run = [&] {   // lengths that never fall on the same instant
                const Nanos time = 100'000 + static_cast<Nanos>(dice() % 900'000) * 10 + static_cast<Nanos>(i);
                scripts[i].push_back({Part::run, 0, time});
                text += "run " + std::to_string(time) + "ns ";
            };
            for (int n = 0; n < 4; ++n) {
                const int s = static_cast<int>(dice() % 2);
                run();
                scripts[i].push_back({Part::take, s, 0});
                text += "wait s" + std::to_string(s) + " ";
                run();
                scripts[i].push_back({Part::give, s, 0});
                text += "signal s" + std::to_string(s) + " ";
            }
            text += "}\n";
        }
        const Run r = run(text + "}");
        const std::vector<Nanos> expected = model_exits(scripts, values);
        for (std::size_t i = 0; i < tasks; ++i) {
            INFO(text);
            CHECK(exit_of(r, "t" + std::to_string(i)) == expected[i]);
        }
    }
}

TEST_CASE("a circle of lock owners is found when it closes, and said") {
    const Run r = checked(std::string(kIdeal) + R"(process p {
        thread a { lock x run 1ms lock y }
        thread b { lock y run 2ms lock z }
        thread c { lock z run 3ms lock x }
        thread d { run 4ms lock x }
        thread e { run 9ms }
    })");
    CHECK(r.k.end() == End::deadlock);
    REQUIRE(records(r, RecordKind::deadlock) == 1);
    const auto found = std::find_if(r.log.begin(), r.log.end(), [](const Record& rec) { return rec.kind == RecordKind::deadlock; });
    CHECK(found->at == 3 * kMilli);                // c closes it
    CHECK(found->task == task(r.k, "c"));
    CHECK(found->b == 3);
    const WaitGraph g = wait_graph(r.k);
    REQUIRE(g.cycles.size() == 1);
    CHECK(g.cycles[0].size() == 3);
    CHECK(g.stuck.size() == 5);                    // d waits behind it, main joins
    const std::string said = end_text(r.k, r.k.end()).en;
    for (const char* part : {"holds mutex x and waits for mutex y", "holds mutex y and waits for mutex z", "holds mutex z and waits for mutex x"})
        CHECK_MESSAGE(said.find(part) != std::string::npos, said);
    CHECK(end_text(r.k, r.k.end()).zh.find("持有互斥锁 x") != std::string::npos);
}

TEST_CASE("circles through semaphores, pipes and joins are found, waits without a circle are none") {
    CHECK(checked(std::string(kIdeal) + R"(
        pipe p pipe q
        process a { read p write q }
        process b { read q write p }
    )").k.end() == End::deadlock);
    CHECK(checked(std::string(kIdeal) + R"(process p {
        semaphore s 1 semaphore t 1
        thread a { wait s run 1ms wait t signal t signal s }
        thread b { wait t run 1ms wait s signal s signal t }
    })").k.end() == End::deadlock);
    CHECK(checked(std::string(kIdeal) + "process p { thread w { run 1ms lock m unlock m } lock m run 2ms join w unlock m }").k.end() ==
          End::deadlock);
    CHECK(checked(std::string(kIdeal) + "process p { rwlock r thread a { rdlock r run 1ms lock m unlock m unlock r } "
                                        "thread b { lock m run 2ms wrlock r unlock r unlock m } }").k.end() == End::deadlock);
    CHECK(checked(std::string(kIdeal) + "pipe p process a { read p }").k.end() == End::nothing_left);
    // A task that exits with the lock leaves an abandoned lock, not a circle.
    const Run r = checked(std::string(kIdeal) + "process p { thread a { lock m exit thread } thread b { run 1ms lock m } }");
    CHECK(r.k.end() == End::nothing_left);
    const WaitGraph g = wait_graph(r.k);
    CHECK(std::any_of(g.locks.begin(), g.locks.end(), [](const LockView& l) { return l.abandoned && l.waiters.size() == 1; }));
    CHECK(explain_wait(r.k, g, task(r.k, "b")).en.find("exited without unlocking") != std::string::npos);
}

TEST_CASE("mistakes with synchronisation words are explained") {
    const auto message = [](std::string_view body) {
        Scenario s;
        Diagnostics diags;
        parse_scenario("process p { " + std::string(body) + " }", "t.scn", s, diags);
        std::string all;
        for (const Diagnostic& d : diags.list()) all += d.headline("t.scn", Lang::en) + "\n";
        return all;
    };
    CHECK(message("barrier wait b").find("barrier b 3") != std::string::npos);
    CHECK(message("cond c mutex m cond wait c m").find("so lock 'm' before") != std::string::npos);
    CHECK(message("cond c lock c unlock c").find("'c' is a condition variable (line 1), this needs a mutex") != std::string::npos);
    CHECK(message("mutex m mutex m run 1ms").find("taken already") != std::string::npos);
    CHECK(message("trylock m { unlock m }").find("trylock unlocks 'm' itself") != std::string::npos);
    CHECK(message("repeat 2 { mutex m }").find("directly in the process") != std::string::npos);
    CHECK(message("barrier b 0 run 1ms").find("t.scn:1:") != std::string::npos);
    CHECK(message("rdlock r run 1ms unlock r").find("error") == std::string::npos);
}
