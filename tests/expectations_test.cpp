// `expect` lines are judged over a run. With `costs ideal` a run can be computed on paper, and so
// can the verdicts.
#include "sim/session/expectations.h"

#include <doctest/doctest.h>

#include <string>

#include "sim/kernel/kernel.h"
#include "sim/scenario/expects.h"
#include "sim/scenario/parse.h"

using namespace sy;

namespace {

std::vector<Verdict> run(const std::string& text) {
    Scenario scenario;
    Diagnostics diags;
    const bool is_fine = parse_scenario(text, "t.scn", scenario, diags);
    REQUIRE_MESSAGE(is_fine, diags.render("t.scn", text, Lang::en));
    BootError error;
    auto kernel = Kernel::boot(scenario, error);
    REQUIRE_MESSAGE(kernel.has_value(), error.text);
    Log log;
    kernel->run({}, &log);
    return judge(scenario, *kernel, log);
}

// Two jobs on one CPU, round robin with a quantum of 2 ms: A needs 3 ms, B 2 ms. A 0-2, B 2-4, A
// 4-5.
constexpr const char* kTwoJobs = R"(
machine { scheduler rr quantum=2ms  costs ideal }
process A pid 570 { run 3ms }
process B { run 2ms }
)";

void check_met(const std::string& scenario, const std::string& condition, bool is_met) {
    CAPTURE(condition);
    const std::vector<Verdict> verdicts = run(scenario + "expect " + condition + "\n");
    REQUIRE(verdicts.size() == 1);
    CAPTURE(verdicts[0].found.en);
    CHECK(verdicts[0].is_met == is_met);
    CHECK_FALSE(verdicts[0].found.en.empty());
    CHECK_FALSE(verdicts[0].found.zh.empty());
}

}  // namespace

TEST_CASE("two jobs computed on paper") {
    for (const char* right : {"turnaround(A) == 5ms",
                              "turnaround(B) == 4ms",
                              "response(A) == 0ms",
                              "response(B) == 2ms",
                              "wait(A) == 2ms",
                              "wait(B) == 2ms",
                              "cpu(A) == 3ms",
                              "cpu(B) == 2ms",
                              "exit(A) == 5ms",
                              "exit(B) == 4ms",
                              "arrival(A) == 0ms",
                              "first_run(B) == 2ms",
                              "end == 5ms",
                              "pid(A) == 570",
                              "order(A, B)",
                              "not order(B, A)",
                              "cpu(A) / cpu(B) == 1.5",
                              "cpu(A) / cpu(B) ~ 1.51 within 1%",
                              "wait(A) ~ 3ms within 1ms",
                              "cpu(A) + cpu(B) == end",
                              "cpu(A) * 2 == 6ms",
                              "state(A) at 1ms == running",
                              "state(B) at 1ms == runnable",
                              "state(A) at 3ms == runnable",
                              "running(0) at 1ms == A",
                              "running(0) at 3ms == B",
                              "running(0) at 4500us != B",
                              "cpu(A) at 1ms == 1ms",
                              "switches(A -> B) == 1",
                              "switches(B -> A) == 1",
                              "cr3_changes(A -> B) == 1",
                              "invol(A) == 1",
                              "turnaround(A) == 5ms and turnaround(B) == 4ms",
                              "end == 1ms or end == 5ms",
                              "count(task_arrival) == 2",
                              "count(task_arrival, A) == 1"}) {
        check_met(kTwoJobs, right, true);
    }
    for (const char* wrong :
         {"turnaround(A) == 4ms", "cpu(A) / cpu(B) ~ 1.6 within 1%", "order(B, A)",
          "state(A) at 1ms == runnable", "running(0) at 1ms == B", "cpu(A) > 3ms",
          "cpu(A) >= 3ms and cpu(B) > 2ms"}) {
        check_met(kTwoJobs, wrong, false);
    }
}

TEST_CASE("what never happened is not met, and says so") {
    const auto verdicts = run(R"(
machine { until 10ms  costs ideal }
process C { forever { run 1ms } }
process D arrive 20ms { run 1ms }
process E { run 1ms }
expect turnaround(C) > 0ms
expect response(D) == 0ms
expect cpu(E) / invol(E) > 0ms
expect state(D) at 5ms == gone
expect turnaround(E) > 100ms
)");
    REQUIRE(verdicts.size() == 5);
    CHECK_FALSE(verdicts[0].is_met);
    CHECK(verdicts[0].found.en == "C has not exited");
    CHECK(verdicts[0].found.zh == "C 还没有退出");
    CHECK_FALSE(verdicts[1].is_met);
    CHECK(verdicts[1].found.en == "D never came into the system");
    CHECK(verdicts[3].is_met);
    CHECK_FALSE(verdicts[4].is_met);
    CHECK(verdicts[4].text == "turnaround(E) > 100ms");
}

TEST_CASE("threads of one process do not change CR3, processes do") {
    const std::string scenario = R"(
machine { scheduler rr quantum=1ms  costs ideal  until 20ms }
process a { thread t { run 4ms }  run 4ms }
process b { run 2ms }
)";
    check_met(scenario, "no cr3 change when a/main -> a/t", true);
    check_met(scenario, "no cr3 change when a/t -> a/main", true);
    check_met(scenario,
              "cr3_changes(b -> a/main) + cr3_changes(a/main -> b) + cr3_changes(a/t -> b) + "
              "cr3_changes(b -> a/t) >= 2",
              true);
}

TEST_CASE("every function of the table can be judged") {
    for (const scn::FunctionRow& row : scn::functions()) {
        CAPTURE(row.word.name);
        const auto verdicts =
            run("machine { cpus 2 until 60ms }\npipe p\ndevice keyboard irq 1 every 9ms\n"
                "device eth0 irq 24\nclients echo x3 on eth0\nprocess server { coroutine c x3 { accept echo } }\n"
                "process a { shared counter = 5 run 3ms sleep 9ms run 30ms }\nprocess b { run 4ms }\nexpect " +
                std::string(row.word.example) + "\n");
        REQUIRE(verdicts.size() == 1);
        CHECK(verdicts[0].found.en.find("cannot be measured") == std::string::npos);
    }
}
