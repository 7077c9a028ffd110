// The commands of the terminal: what they print is what the real ones print (procps, util-linux), what they change is a
// line of the scenario that does change the machine.
#include <doctest/doctest.h>

#include "sim/report/terminal.h"
#include "tests/machine.h"

using namespace sy;

namespace {

const std::string kScenario =
    "machine { cpus 2 until 50ms }\n"
    "process editor pid 570 { thread saver { forever { run 1ms sleep 1ms } } forever { run 1ms sleep 1ms } }\n"
    "process hog pid 600 { forever { run 1ms } }\n";

Kernel at(Nanos time, const std::string& more = "") {
    Kernel k = test::boot(test::scenario(kScenario + more));
    k.run({.time = time}, nullptr);
    return k;
}
TerminalAnswer type(const Kernel& k, std::string_view line, Lang lang = Lang::en) { return terminal_command(k, line, lang); }
// The line does to the machine what was typed at 10 ms: as it is at 20 ms.
Kernel after(std::string_view line) {
    const TerminalAnswer answer = type(at(10 * kMilli), line);
    INFO(answer.text);
    REQUIRE(answer.actions.size() == 1);
    return at(20 * kMilli, "at 10ms { " + answer.actions[0] + " }\n");
}
const Task& task(const Kernel& k, Pid pid) { return k.tasks[k.find_pid(pid)]; }
bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("terminal: renice, taskset, chrt and kill become lines that do it") {
    CHECK(task(after("renice -n 7 -p 600"), 600).nice == 7);
    CHECK(task(after("renice 99 600"), 600).nice == 19);   // as setpriority(2) clamps it
    CHECK(task(after("taskset -pc 1 600"), 600).cpus_allowed == 2);
    CHECK(task(after("taskset -p 0x1 600"), 600).cpus_allowed == 1);
    CHECK(task(after("chrt -f -p 50 600"), 600).policy == Policy::fifo);
    CHECK(task(after("chrt -f -p 50 600"), 600).rt_priority == 50);
    CHECK(task(after("chrt -r -p 3 601"), 601).policy == Policy::rr);
    CHECK(task(after("chrt -b -p 0 600"), 600).policy == Policy::batch);
    CHECK(task(after("chrt -i -p 0 600"), 600).policy == Policy::idle);
    CHECK(after("kill -KILL 600").find_pid(600) == kNoTask);
    CHECK(after("kill 570").find_pid(570) == kNoTask);
    CHECK(state_letter(task(after("kill -STOP 600"), 600).state, 0) == 'T');
    const TerminalAnswer both = type(at(10 * kMilli), "kill -s USR1 570 600");
    CHECK(both.actions == std::vector<std::string>{"kill 570 USR1", "kill 600 USR1"});
}

TEST_CASE("terminal: what they show of a task is what the real ones print") {
    const Kernel k = at(10 * kMilli);
    CHECK(type(k, "taskset -p 600").text == "pid 600's current affinity mask: 3\n");
    CHECK(type(k, "taskset -pc 600").text == "pid 600's current affinity list: 0,1\n");
    CHECK(type(k, "chrt -p 600").text ==
          "pid 600's current scheduling policy: SCHED_OTHER\npid 600's current scheduling priority: 0\n");
    const Kernel fifo = after("chrt -f -p 50 600");
    CHECK(type(fifo, "chrt -p 600").text ==
          "pid 600's current scheduling policy: SCHED_FIFO\npid 600's current scheduling priority: 50\n");
    CHECK(type(k, "renice -n 5 -p 600").text == "600 (process ID) old priority 0, new priority 5\n");
    CHECK(type(k, "pidof editor").text == "570\n");
    CHECK(holds(type(k, "pstree -p").text, "editor(570)---{saver}(601)"));
    CHECK(type(k, "uptime").text.find("load average: 0.00, 0.00, 0.00") != std::string::npos);
    CHECK(type(k, "cat /proc/600/comm").text == "hog\n");
    CHECK(holds(type(k, "ps -e").text, "    600 "));
    CHECK(holds(type(k, "ps -eLf").text, "601"));
    CHECK(!holds(type(k, "ps -e").text, "    601 "));
    CHECK(type(k, "ps -o pid,ni,comm -p 600").text == "    PID  NI COMMAND\n    600   0 hog\n");
    CHECK(holds(type(k, "top").text, "load average:"));
    CHECK(type(k, "free").text.starts_with("               total        used        free"));
    CHECK(type(k, "").text.empty());
    CHECK(type(k, "clear").clear);
    CHECK(type(k, "history").history);
    CHECK(type(k, "save a.scn").save == "a.scn");
}

TEST_CASE("terminal: mistakes are said, in both languages, and change nothing") {
    const Kernel k = at(10 * kMilli);
    const struct {
        const char* line;
        int status;
    } kWrong[] = {{"kill", 2},          {"kill 4711", 1},          {"kill -NONSENSE 600", 1}, {"kill hog", 1},
                  {"renice", 1},        {"renice x 600", 1},       {"renice 5 4711", 1},      {"taskset -p 0 600", 1},
                  {"taskset -pc 9 600", 1}, {"taskset", 1},        {"chrt -f -p 0 600", 1},   {"chrt -f -p 100 600", 1},
                  {"chrt -o -p 5 600", 1},  {"chrt -p 4711", 1},   {"frobnicate", 127},       {"cat /proc/4711/stat", 1},
                  {"kill 99999999999999999999", 1}, {"save", 1}};
    for (const auto& w : kWrong) {
        INFO(w.line);
        for (const Lang lang : {Lang::en, Lang::zh}) {
            const TerminalAnswer answer = type(k, w.line, lang);
            CHECK(answer.status == w.status);
            CHECK(!answer.text.empty());
            CHECK(answer.actions.empty());
        }
        CHECK(type(k, w.line, Lang::en).text != type(k, w.line, Lang::zh).text);
    }
    // Nothing that can be typed does harm.
    for (const char* line : {"'", "\"ps", "ps -o", "ps -o ,,,", "top -n", "ps -p", "cat ../../etc/passwd", "kill -", "chrt -", "taskset -"})
        type(k, line);
}

TEST_CASE("terminal: completion as a shell's") {
    const Kernel k = at(10 * kMilli);
    CHECK(terminal_complete(k, "ren") == "renice ");
    CHECK(terminal_complete(k, "cat /proc/ver") == "cat /proc/version ");
    CHECK(terminal_complete(k, "cat /proc/57") == "cat /proc/570/");
    CHECK(terminal_complete(k, "kill 57") == "kill 570 ");
    CHECK(terminal_complete(k, "kill -KI") == "kill -KILL ");
    CHECK(terminal_completions(k, "p") == std::vector<std::string>{"pidof", "ps", "pstree"});
    CHECK(terminal_complete(k, "zzz") == "zzz");
}
