// The ftrace text layout: read back line by line, and the sample lines of a real kernel.
#include "sim/report/ftrace.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "sim/session/batch.h"
#include "sim/session/load.h"

using namespace sy;

namespace {

struct Run {
    Kernel kernel;
    Log log;
};

Run run_text(const std::string& source) {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario(source, "test.scn", scenario, diags));
    auto kernel = boot_scenario(scenario, diags);
    REQUIRE(kernel.has_value());
    Run run{std::move(*kernel), {}};
    run_batch(run.kernel, run.log);
    return run;
}

const char* const kScenario =
    "machine { cpus 2 }\npipe p\ndevice keyboard irq 1 every 3ms\n"
    "process a x2 { repeat 3 { run 2ms read keyboard } }\n"
    "process w nice 5 { thread t { run 4ms } write p 100 run 6ms fork { run 1ms } wait }\nprocess "
    "r { read p sleep 2ms }\n";

}  // namespace

TEST_CASE("lines of a real kernel are understood") {
    const auto softirq = parse_ftrace_line(
        "     ksoftirqd/0-14      [000] ..s..  1818.176487: softirq_entry: vec=9 [action=RCU]");
    REQUIRE(softirq.has_value());
    CHECK(softirq->comm == "ksoftirqd/0");
    CHECK(softirq->pid == 14);
    CHECK(softirq->cpu == 0);
    CHECK(softirq->flags == "..s..");
    CHECK(softirq->at == 1'818'176'487'000);
    CHECK(softirq->event == "softirq_entry");
    CHECK(softirq->text == "vec=9 [action=RCU]");
    const auto fork = parse_ftrace_line(
        "            bash-19903   [001] .....  1818.045010: sched_process_fork: comm=bash "
        "pid=19903 child_comm=bash "
        "child_pid=19904");
    REQUIRE(fork.has_value());
    CHECK(fork->cpu == 1);
    CHECK(fork->text.ends_with("child_pid=19904"));
    const auto tgid = parse_ftrace_line(
        "          kw:1-2 3-77      (     70) [003] d..2.     0.000001: sched_switch: x");
    REQUIRE(tgid.has_value());
    CHECK(tgid->comm == "kw:1-2 3");
    CHECK(tgid->tgid == 70);
    CHECK_FALSE(parse_ftrace_line("# tracer: nop").has_value());
    CHECK_FALSE(parse_ftrace_line("").has_value());
    CHECK_FALSE(parse_ftrace_line("CPU:1 [LOST 5 EVENTS]").has_value());
}

TEST_CASE("our lines have the real columns") {
    // The two sample lines of the fact sheet: where the bracket, the flags and the end of the time
    // stand.
    const std::string sample =
        "            bash-19903   [001] .....  1818.045010: sched_process_fork: comm=bash";
    const Run run = run_text(kScenario);
    std::istringstream in(ftrace_text(run.kernel, run.log, {}));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    CHECK(lines[0] == "# tracer: nop");
    CHECK(lines[2].starts_with("# entries-in-buffer/entries-written: "));
    CHECK(lines[2].ends_with("   #P:2"));
    CHECK(lines[4] == "#                                _-----=> irqs-off/BH-disabled");
    CHECK(lines[9] == "#                              |||| /     delay");
    CHECK(lines[10] == "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION");
    CHECK(lines[11] == "#              | |         |   |||||     |         |");
    for (std::size_t i = 12; i < lines.size(); ++i) {
        CHECK(lines[i].find('[') == sample.find('['));
        CHECK(lines[i].find(": ") == sample.find(": "));
        CHECK(lines[i][16] == '-');
    }
}

TEST_CASE("what is written is read back: task, CPU, time, event") {
    const Run run = run_text(kScenario);
    for (const bool tgid : {false, true}) {
        std::istringstream in(ftrace_text(run.kernel, run.log, {.tgid = tgid}));
        std::size_t n = 0, args = 0;
        Nanos last = 0;
        for (const Record& r : run.log) args += r.kind == RecordKind::sys_args;
        std::vector<std::size_t> by_kind(kRecordKinds), read_kind(kRecordKinds);
        for (const Record& r : run.log) ++by_kind[static_cast<std::size_t>(r.kind)];
        for (std::string line; std::getline(in, line);) {
            if (line[0] == '#') continue;
            const auto parsed = parse_ftrace_line(line);
            REQUIRE_MESSAGE(parsed.has_value(), line);
            ++n;
            CHECK(parsed->at >= last);
            last = parsed->at;
            CHECK(parsed->flags.size() == 5);
            for (int kind = 0; kind < kRecordKinds; ++kind)
                if (record_name(static_cast<RecordKind>(kind)) == parsed->event)
                    ++read_kind[static_cast<std::size_t>(kind)];
        }
        CHECK(n + args == run.log.size());
        by_kind[static_cast<std::size_t>(RecordKind::sys_args)] = 0;
        CHECK(read_kind == by_kind);
    }
}

TEST_CASE("events have the text of the kernel's own") {
    const Run run = run_text(
        "machine { costs ideal scheduler rr quantum=2ms }\nprocess a { run 3ms }\nprocess b { run "
        "1ms }\n");
    const std::string text = ftrace_text(run.kernel, run.log, {});
    CHECK(text.find("sched_switch: prev_comm=a prev_pid=500 prev_prio=120 prev_state=R ==> "
                    "next_comm=b next_pid=501 "
                    "next_prio=120\n") != std::string::npos);
    CHECK(text.find("          <idle>-0       [000] d..2.     0.000000: sched_switch: "
                    "prev_comm=swapper/0") != std::string::npos);
    CHECK(text.find("sched_wakeup_new: comm=a pid=500 prio=120 target_cpu=000\n") !=
          std::string::npos);
    CHECK(text.find("local_timer_entry: vector=236\n") != std::string::npos);
    CHECK(text.find("sys_enter: NR 231 (0, 0, 0, 0, 0, 0)\n") != std::string::npos);
    CHECK(text.find("sched_process_exit: comm=a pid=500 prio=120 group_dead=true\n") !=
          std::string::npos);
}
