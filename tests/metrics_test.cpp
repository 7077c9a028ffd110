// What the log says of each task's time must agree with what the kernel keeps in task_struct.
#include "sim/trace/metrics.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "sim/session/batch.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

// Time in each state, and that a task's stretches neither overlap nor go backwards.
struct Sums {
    std::map<LaneState, Nanos> by_state;
    Nanos last_end = 0;
};

void check_scenario(const std::string& source) {
    CAPTURE(source);
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario(source, "test.scn", scenario, diags));
    auto kernel = boot_scenario(scenario, diags);
    REQUIRE(kernel.has_value());
    Log log;
    run_batch(*kernel, log);
    std::map<TaskId, Sums> sums;
    walk_stretches(log, kernel->tasks, kernel->cpus.size(), kernel->now(), [&](const Stretch& s) {
        Sums& sum = sums[s.task];
        CHECK(s.begin >= sum.last_end);
        CHECK(s.end > s.begin);
        sum.last_end = s.end;
        sum.by_state[s.state] += s.end - s.begin;
    });
    Nanos on_cpus = 0;
    for (TaskId id = 0; id < kernel->tasks.size(); ++id) {
        const Task& t = kernel->tasks[id];
        CAPTURE(t.name());
        on_cpus += sums[id].by_state[LaneState::running];
        if ((t.flags & pf::idle) != 0) continue;
        CHECK(sums[id].by_state[LaneState::running] == kernel->cpu_time(id));
        CHECK(sums[id].by_state[LaneState::runnable] == kernel->wait_time(id));
        if (t.exit_time < 0 || t.arrival < 0) continue;
        const Nanos asleep = sums[id].by_state[LaneState::sleeping] +
                             sums[id].by_state[LaneState::blocked] +
                             sums[id].by_state[LaneState::stopped];
        CHECK(kernel->cpu_time(id) + kernel->wait_time(id) + asleep == t.exit_time - t.arrival);
    }
    // Somebody, if only the idle task, is always on each CPU.
    CHECK(on_cpus == kernel->now() * static_cast<Nanos>(kernel->cpus.size()));
}

}  // namespace

TEST_CASE("with free steps, log and task_struct agree to the nanosecond") {
    for (const std::string machine :
         {"machine { costs ideal scheduler rr quantum=3ms }\n",
          "machine { costs ideal cpus 2 scheduler cfs }\n",
          "machine { costs ideal cpus 3 hz 1000 scheduler rr quantum=1ms until 40ms }\n"}) {
        check_scenario(machine +
                       "process a { run 7ms sleep 3ms run 2ms }\nprocess b arrive 1ms { run 5ms }\n"
                       "process c arrive 2ms nice 5 { repeat 4 { run 2ms sleep 2ms } }\n");
        check_scenario(machine +
                       "device disk irq 14 latency 2ms block\npipe p\n"
                       "process w { thread t { run 3ms } fsync disk write p 10 run 4ms join }\n"
                       "process r { read p run 1ms fork { run 2ms } wait run 1ms }\n");
        check_scenario(machine +
                       "process victim { run 30ms }\nprocess other { run 4ms }\n"
                       "at 5ms { kill victim STOP }\nat 9ms { kill victim CONT }\nat 12ms { kill "
                       "victim KILL }\n");
    }
}

TEST_CASE("a zombie is one until its parent asks") {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario(
        "machine { costs ideal cpus 2 }\nprocess p { fork { run 1ms } run 5ms wait }\n", "t",
        scenario, diags));
    auto kernel = boot_scenario(scenario, diags);
    REQUIRE(kernel.has_value());
    Log log;
    run_batch(*kernel, log);
    Nanos zombie = 0;
    walk_stretches(log, kernel->tasks, kernel->cpus.size(), kernel->now(), [&](const Stretch& s) {
        if (s.state == LaneState::zombie) zombie += s.end - s.begin;
    });
    CHECK(zombie == 4 * kMilli);
}
