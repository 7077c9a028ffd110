// `at T stop K`: a kernel thread is asked to end by the world outside (linux.md 3.5).
#include <doctest/doctest.h>

#include "sim/scenario/write.h"
#include "tests/machine.h"

using namespace sy;

namespace {
const std::string kThreads =
    "machine { cpus 1 until 60ms }\n"
    "kthread pump { until_stopped { run 200us sleep 2ms } }\n"
    "kthread deaf { forever { run 200us sleep 2ms } }\n"
    "process p { run 1ms sleep 50ms }\n";
}

TEST_CASE("stop: a thread that looks ends, one that does not look goes on") {
    const test::Run r = test::run(kThreads + "at 20ms { stop pump stop deaf }\n");
    const Task& pump = r.k.tasks[test::task(r.k, "pump")];
    const Task& deaf = r.k.tasks[test::task(r.k, "deaf")];
    CHECK(pump.exit_time >= 20 * kMilli);
    CHECK(pump.exit_time < 23 * kMilli);   // it was asleep and was woken at once
    CHECK(deaf.exit_time < 0);
    int asked = 0;
    for (const Record& record : r.log) asked += record.kind == RecordKind::sched_kthread_stop;
    CHECK(asked == 2);
    CHECK(r.k.check_invariants().empty());
}

TEST_CASE("stop: it is written as it was read, and only kernel threads are asked") {
    const Scenario s = test::scenario(kThreads + "at 20ms stop pump\n");
    CHECK(write_scenario(s).find("stop pump") != std::string::npos);
    CHECK(test::scenario(write_scenario(s)).timeline == s.timeline);
    Scenario wrong;
    Diagnostics diags;
    CHECK(!parse_scenario(kThreads + "at 20ms stop p\n", "t.scn", wrong, diags));
    REQUIRE(diags.list().size() == 1);
    CHECK(diags.list().front().pos.line == 5);
}
