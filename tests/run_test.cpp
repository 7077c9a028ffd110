// `run` end to end against numbers from textbooks: what the tables say, what JSON says, what
// expectations conclude.
#include "sim/report/run.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "sim/report/gantt.h"
#include "sim/report/rows.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

struct Run {
    Kernel kernel;
    Log log;
    End end = End::running;
    std::vector<Verdict> verdicts;

    RunResult result() const { return {kernel, log, end, verdicts}; }
    nlohmann::json json() const { return nlohmann::json::parse(run_as_json(result())); }
};

Run run_text(const std::string& source) {
    Scenario scenario;
    Diagnostics diags;
    const bool is_good = load_scenario(source, "test.scn", scenario, diags);
    INFO(diags.render("test.scn", source, Lang::en));
    REQUIRE(is_good);
    std::optional<Kernel> kernel = boot_scenario(scenario, diags);
    REQUIRE(kernel.has_value());
    Run run{std::move(*kernel), {}, End::running, {}};
    run.end = run_batch(run.kernel, run.log);
    run.verdicts = judge(scenario, run.kernel, run.log);
    return run;
}

nlohmann::json task(const nlohmann::json& run, const std::string& comm) {
    for (const auto& t : run["tasks"])
        if (t["comm"] == comm) return t;
    FAIL("no task " << comm);
    return {};
}

std::vector<std::string> failed(const Run& run) {
    std::vector<std::string> out;
    for (const Verdict& v : run.verdicts)
        if (!v.is_met) out.push_back(v.text);
    return out;
}

constexpr Nanos ms = kMilli;

}  // namespace

// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.3: bursts 24, 3, 3, quantum 4.
TEST_CASE("round robin as in Silberschatz: waiting 6, 4, 7") {
    const Run run = run_text(
        "machine { scheduler rr quantum=4ms costs ideal }\n"
        "process P1 { run 24ms }  process P2 { run 3ms }  process P3 { run 3ms }\n");
    const nlohmann::json j = run.json();
    CHECK(task(j, "P1")["wait_ns"] == 6 * ms);
    CHECK(task(j, "P2")["wait_ns"] == 4 * ms);
    CHECK(task(j, "P3")["wait_ns"] == 7 * ms);
    CHECK(task(j, "P1")["turnaround_ns"] == 30 * ms);
    CHECK(j["totals"]["average_wait_ns"] == 5'666'667);
    CHECK(j["end"] == "all_exited");
    CHECK(run_as_text(run.result(), 80, Lang::en).find("waiting 5.666 667 ms") !=
          std::string::npos);
}

// Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 7: three jobs of 5, slice 1:
// response 0, 1, 2.
TEST_CASE("round robin as in Three Easy Pieces: average response 1") {
    const Run run = run_text(
        "machine { scheduler rr quantum=1ms costs ideal }\n"
        "process A { run 5ms }  process B { run 5ms }  process C { run 5ms }\n"
        "expect response(A) == 0ms\nexpect response(B) == 1ms\nexpect response(C) == 2ms\n"
        "expect turnaround(A) == 13ms and turnaround(B) == 14ms and turnaround(C) == 15ms\n");
    CHECK(failed(run).empty());
    CHECK(run.json()["totals"]["average_response_ns"] == 1 * ms);
}

// First come first served with arrivals, on paper: A 0-4, B (arrives at 1) 4-6, C (arrives at 3)
// 6-9.
TEST_CASE("response and turnaround count from the arrival") {
    const Run run = run_text(
        "machine { scheduler rr quantum=100ms costs ideal }\n"
        "process A { run 4ms }  process B arrive 1ms { run 2ms }  process C arrive 3ms { run 3ms "
        "}\n");
    const nlohmann::json j = run.json();
    CHECK(task(j, "B")["arrival_ns"] == 1 * ms);
    CHECK(task(j, "B")["first_run_ns"] == 4 * ms);
    CHECK(task(j, "B")["response_ns"] == 3 * ms);
    CHECK(task(j, "B")["turnaround_ns"] == 5 * ms);
    CHECK(task(j, "C")["response_ns"] == 3 * ms);
    CHECK(task(j, "C")["turnaround_ns"] == 6 * ms);
    CHECK(task(j, "C")["wait_ns"] == 3 * ms);
    CHECK(j["totals"]["average_turnaround_ns"] == 5 * ms);
}

TEST_CASE("the chart shows the textbook's chart, cell by cell") {
    const Run run = run_text(
        "machine { scheduler rr quantum=4ms costs ideal }\n"
        "process P1 { run 24ms }  process P2 { run 3ms }  process P3 { run 3ms }\n");
    const std::string chart = gantt(run.kernel, run.log, {.columns = 30});
    CHECK(chart.find("AAAABBBCCCAAAAAAAAAAAAAAAAAAAA\n") != std::string::npos);
    CHECK(chart.find("####------####################\n") != std::string::npos);
    CHECK(chart.find("-------###\n") != std::string::npos);
}

TEST_CASE("JSON has what the documentation promises, in integers") {
    const Run run = run_text(
        "machine { cpus 2 until 20ms }\n"
        "process a { run 3ms }\nprocess late arrive 50ms { run 1ms }\n"
        "process b { forever { run 1ms sleep 1ms } }\nexpect cpu(a) >= 3ms\n");
    const nlohmann::json j = run.json();
    for (const char* key : {"scenario", "seed", "scheduler", "end_ns", "fingerprint",
                            "log_fingerprint", "totals", "cpus", "tasks", "expectations"})
        CHECK(j.contains(key));
    CHECK(j["end_ns"] == 20 * ms);
    CHECK(j["end"] == "time_limit");
    CHECK(j["fingerprint"].get<std::string>().size() == 16);
    CHECK(j["cpus"].size() == 2);
    int last_pid = 0;
    for (const auto& t : j["tasks"]) {
        CHECK(t["pid"].get<int>() > last_pid);
        last_pid = t["pid"];
        for (const auto& [key, value] : t.items()) {
            const std::string& name = key;  // clang 14: a lambda captures no structured binding
            if (name.ends_with("_ns"))
                CHECK_MESSAGE((value.is_number_integer() || value.is_null()), name);
        }
        CHECK_FALSE(t["comm"].get<std::string>().starts_with("swapper"));
    }
    CHECK(task(j, "kthreadd")["kernel_thread"] == true);
    CHECK(task(j, "kthreadd")["mm"].is_null());
    CHECK(task(j, "kthreadd")["first_run_ns"].is_null());
    CHECK(task(j, "b")["exit_ns"].is_null());
    CHECK(task(j, "a")["exit_ns"].is_number_integer());
    CHECK(j["expectations"][0]["passed"] == true);
    CHECK(j["expectations"][0]["line"] == 5);
}

TEST_CASE("CSV has one row for each task and the same columns in each") {
    const Run run = run_text("process a x3 { run 1ms }");
    const std::string csv = run_as_csv(run.result());
    std::size_t lines = 0, commas = 0;
    for (char c : csv) {
        lines += c == '\n';
        commas += c == ',';
    }
    CHECK(lines == task_rows(run.kernel).size() + 1);
    CHECK(commas == lines * 24);
}

TEST_CASE("expectations measure what happened") {
    // One CPU, quantum 2 ms, no costs: a 0-2, b 2-4, a 4-6, b 6-7, a 7-8; the device interrupts at
    // 1, 3 and 5 ms.
    const Run run = run_text(
        "machine { scheduler rr quantum=2ms costs ideal }\n"
        "device clock irq 5 at 1ms, 3ms, 5ms\n"
        "process a { run 5ms }\nprocess b pid 700 { run 3ms }\n"
        "expect cpu(a) == 5ms\nexpect wait(a) == 3ms\nexpect first_run(b) == 2ms\nexpect exit(a) "
        "== 8ms\n"
        "expect end == 8ms\nexpect invol(a) == 2\nexpect pid(b) == 700\nexpect irqs(clock) == 3\n"
        "expect switches(a -> b) == 2\nexpect cr3_changes(a -> b) == 2\nexpect order(a, b)\nexpect "
        "not order(b, a)\n"
        "expect running(0) at 3ms == b\nexpect state(b) at 1ms == runnable\nexpect state(a) at 1ms "
        "== running\n"
        "expect state(b) at 7500us == gone\nexpect cpu(a) / cpu(b) ~ 1.66 within 1%\n"
        "expect cpu(a) ~ 5100us within 100us\nexpect cpu(a) + cpu(b) == 8ms\nexpect cpu(a) * 2 == "
        "10ms\n"
        "expect count(task_arrival) == 2\nexpect count(sched_process_exit, a) == 1\n");
    CHECK(failed(run) == std::vector<std::string>{});
}

TEST_CASE("a thread switch does not change CR3, a process switch does") {
    const Run run = run_text(
        "machine { costs ideal scheduler rr quantum=1ms }\n"
        "process p { thread w x2 { run 4ms } run 2ms }\nprocess q { run 3ms }\n"
        "expect no cr3 change when p/w/1 -> p/w/2\nexpect switches(p/w/1 -> p/w/2) >= 1\n"
        "expect cr3 change when q -> p/w/1 or cr3 change when q -> p/main\n");
    CHECK(failed(run) == std::vector<std::string>{});
}

TEST_CASE("a run that can never end says who waits for ever") {
    const Run run = run_text("pipe p\nprocess a { read p }\n");
    CHECK(run.end == End::nothing_left);
    CHECK(end_text(run.kernel, run.end).en.find("a (pid 500) in pipe_read") != std::string::npos);
}

TEST_CASE("limits stop a run and are named") {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario("process a { forever { run 1us yield } }", "t", scenario, diags));
    for (const auto& [limits, end] :
         {std::pair{BatchLimits{.steps = 1000}, End::step_limit},
          std::pair{BatchLimits{.log_bytes = 32 * 50}, End::log_limit}}) {
        auto kernel = boot_scenario(scenario, diags);
        REQUIRE(kernel.has_value());
        Log log;
        CHECK(run_batch(*kernel, log, {}, limits) == end);
        CHECK(is_limit(end));
    }
}

TEST_CASE("settings from the command line") {
    Scenario s;
    Text why;
    CHECK(choose_scheduler(s, "rr,quantum=2ms", why));
    CHECK(s.machine.scheduler == "rr");
    CHECK(s.machine.scheduler_options ==
          std::vector<std::pair<std::string, std::string>>{{"quantum", "2ms"}});
    CHECK(choose_scheduler(s, "rr:quantum=3ms", why));
    CHECK(s.machine.scheduler_options[0].second == "3ms");
    CHECK_FALSE(choose_scheduler(s, "cffs", why));
    CHECK(why.en.find("'cfs'") != std::string::npos);
    CHECK_FALSE(choose_scheduler(s, "rr,quantun=2ms", why));
    CHECK_FALSE(choose_scheduler(s, "rr,quantum=soon", why));
    CHECK(s.machine.scheduler_options[0].second == "3ms");
    CHECK_FALSE(choose_costs(s, "cheap", why));
}

TEST_CASE("times for people") {
    CHECK(parse_time("12ms") == 12 * ms);
    CHECK(parse_time("1.5us") == 1'500);
    CHECK_FALSE(parse_time("12").has_value());
    CHECK_FALSE(parse_time("0.5ns").has_value());
    CHECK_FALSE(parse_time("-1ms").has_value());
    CHECK_FALSE(parse_time("9999999s").has_value());
    CHECK(show_time(0) == "0 ns");
    CHECK(show_time(12'500'000) == "12.500 ms");
    CHECK(show_time(1'234'567) == "1.234 567 ms");
    CHECK(show_time(6'654'949'910) == "6.654 949 910 s");
    CHECK(short_time(12'500'000) == "12.5ms");
    CHECK(short_time(kSecond) == "1s");
    CHECK(grouped(1'234'567) == "1,234,567");
    CHECK(grouped(-1'000) == "-1,000");
}
