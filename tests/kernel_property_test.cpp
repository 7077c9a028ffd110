// What must hold of any kernel whatever it runs: held against programs that no author thought of.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "machine.h"
#include "sim/scenario/generate.h"
#include "watcher.h"

namespace {

using namespace sy;

struct Variant {
    const char* scheduler;
    bool ideal;
    MachineDecl::Preempt preempt;
};
constexpr Variant kVariants[] = {
    {"cfs", false, MachineDecl::Preempt::voluntary}, {"cfs", false, MachineDecl::Preempt::full},
    {"rr", false, MachineDecl::Preempt::none},       {"cfs", true, MachineDecl::Preempt::full},
    {"rr", true, MachineDecl::Preempt::voluntary},   {"rr", false, MachineDecl::Preempt::full},
};

Scenario variant_of(std::uint64_t seed, bool interrupts = true) {
    const Variant& v = kVariants[seed % std::size(kVariants)];
    const std::string_view scheduler = v.scheduler;
    RandomOptions options;
    options.schedulers = {scheduler};
    options.interrupts = interrupts;
    Scenario s = random_scenario(seed, options);
    s.machine.costs_ideal = v.ideal;
    s.machine.costs.clear();
    s.machine.preempt = v.preempt;
    return s;
}

}  // namespace

TEST_CASE("whoever runs in between, a task finds its registers as it left them") {
    std::uint64_t returns = 0, switches = 0;
    for (std::uint64_t seed = 1; seed <= test::cases(150); ++seed) {
        CAPTURE(seed);
        Kernel k = test::boot(variant_of(seed));
        test::Watcher watcher(k);
        const std::string fault = test::watch(k, 30'000, watcher);
        CHECK_MESSAGE(fault.empty(), fault);
        returns += watcher.returns();
        switches += watcher.switches();
    }
    CHECK(returns > test::cases(10'000));  // the property was really put to the test
    CHECK(switches > test::cases(5'000));
    MESSAGE(returns << " returns to user mode, " << switches << " switches");
}

TEST_CASE("a copy of the kernel is a second kernel") {
    for (std::uint64_t seed = 100; seed < 100 + test::cases(30); ++seed) {
        CAPTURE(seed);
        Kernel k = test::boot(variant_of(seed));
        Log log;
        k.run({.steps = 500 + seed * 397 % 20'000}, &log);
        Log copy_log = log;
        Kernel copy = k;
        CHECK(copy.fingerprint() == k.fingerprint());
        const std::uint64_t here = k.fingerprint();

        copy.run({.steps = copy.steps() + 30'000}, &copy_log);
        CHECK(k.fingerprint() == here);  // what the copy does is no business of the original
        k.run({.steps = k.steps() + 30'000}, &log);
        CHECK(k.steps() == copy.steps());
        CHECK(k.fingerprint() == copy.fingerprint());
        CHECK(log.size() == copy_log.size());
        CHECK(log.fingerprint() == copy_log.fingerprint());
    }
}

TEST_CASE("watching changes nothing: run, step, step with report, with log or without") {
    for (std::uint64_t seed = 200; seed < 200 + test::cases(24); ++seed) {
        CAPTURE(seed);
        constexpr std::uint64_t kSteps = 40'000;
        const Kernel start = test::boot(variant_of(seed));

        Kernel full = start;
        full.run({.steps = kSteps}, nullptr);
        Log log;
        Kernel logged = start;
        logged.run({.steps = kSteps}, &log);
        Kernel single = start;
        while (single.steps() < kSteps && single.step(nullptr, nullptr)) {
        }
        Log watched_log;
        Kernel watched = start;
        StepReport report;
        while (watched.steps() < kSteps && watched.step(&watched_log, &report)) {
        }
        Kernel sliced = start;  // a window runs a little ahead in every frame
        for (Nanos t = 0; sliced.steps() < kSteps && sliced.end() == End::running; t += 37 * kMicro)
            sliced.run({.steps = kSteps, .time = t}, nullptr);

        CHECK(full.records() == log.size());
        CHECK(log.fingerprint() == watched_log.fingerprint());
        for (const Kernel* k : {&logged, &single, &watched, &sliced}) {
            CHECK(k->steps() == full.steps());
            CHECK(k->now() == full.now());
            CHECK(k->fingerprint() == full.fingerprint());
        }
        const Kernel again = test::boot(variant_of(seed));
        CHECK(again.fingerprint() == start.fingerprint());
    }
}

TEST_CASE("every nanosecond of a CPU goes to a task or to idling") {
    // linux.md 12, assertion 1. With free steps the sums are exact; with costs some time belongs to
    // nobody (nor does an interrupt on an idle CPU).
    for (std::uint64_t seed = 300; seed < 300 + test::cases(40); ++seed) {
        CAPTURE(seed);
        Scenario s = variant_of(seed, false);
        Kernel k = test::boot(s);
        k.run({.steps = 60'000}, nullptr);
        Nanos clocks = 0, spent = 0;
        for (const Cpu& cpu : k.cpus) {
            clocks += cpu.clock;
            spent += cpu.idle_ns;
            if (cpu.curr != cpu.idle && k.tasks[cpu.curr].on_rq)
                spent += cpu.clock - k.tasks[cpu.curr].se.exec_start;
        }
        for (TaskId id = 0; id < k.tasks.size(); ++id)
            spent += static_cast<Nanos>(k.tasks[id].se.sum_exec_runtime);
        if (k.image().ideal)
            CHECK(spent == clocks);
        else
            CHECK(spent <= clocks);
    }
}

TEST_CASE("a task's life is running, waiting for a CPU, or sleeping: nothing else") {
    // Added up from the records alone, and compared with what the kernel keeps in task_struct.
    for (std::uint64_t seed = 400; seed < 400 + test::cases(40); ++seed) {
        CAPTURE(seed);
        Scenario s = variant_of(seed);
        s.machine.costs_ideal = true;
        s.machine.costs.clear();
        Kernel k = test::boot(s);
        Log log;
        k.run({.steps = 60'000}, &log);
        struct Life {
            enum class Now { nothing, runs, waits, sleeps } now = Now::nothing;
            Nanos since = 0, cpu = 0, wait = 0, sleep = 0, born = 0;
            void to(Now next, Nanos at) {
                (now == Now::runs    ? cpu
                 : now == Now::waits ? wait
                                     : sleep) += now == Now::nothing ? 0 : at - since;
                if (now == Now::nothing) born = at;
                now = next;
                since = at;
            }
        };
        std::map<TaskId, Life> lives;
        for (const Record& r : log) {
            if (r.kind == RecordKind::sched_wakeup_new) lives[r.a].to(Life::Now::waits, r.at);
            if (r.kind == RecordKind::sched_wakeup && lives[r.a].now == Life::Now::sleeps)
                lives[r.a].to(Life::Now::waits, r.at);
            if (r.kind != RecordKind::sched_switch) continue;
            if (lives.count(r.task) != 0)
                lives[r.task].to((r.b & 0xff) == 'R' ? Life::Now::waits : Life::Now::sleeps, r.at);
            if (lives.count(r.a) != 0) lives[r.a].to(Life::Now::runs, r.at);
        }
        for (auto& [id, life] : lives) {
            const Task& t = k.tasks[id];
            if (life.now == Life::Now::nothing || t.pid == 0 || t.start_time < 0) continue;
            if (t.arrival <= 0 && t.is_kthread()) continue;  // there since boot
            const Nanos until = t.exit_time >= 0 ? t.exit_time : k.now();
            if (t.exit_time < 0) life.to(life.now, k.now());
            CAPTURE(t.name());
            CHECK(k.cpu_time(id) == life.cpu);
            CHECK(k.wait_time(id) == life.wait);
            if (t.exit_time < 0) CHECK(life.cpu + life.wait + life.sleep == until - life.born);
            CHECK(life.cpu + life.wait <= until - life.born);
        }
    }
}
