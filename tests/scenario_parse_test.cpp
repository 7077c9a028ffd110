// The scenario language: what a file says arrives as data, and each mistake gets the message that a
// first-year student needs, all of them at once.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/scenario/parse.h"

using namespace sy;

namespace {

struct Parsed {
    bool is_fine = false;
    Scenario scenario;
    Diagnostics diags;

    // The messages without positions.
    std::vector<std::string> messages(Lang lang = Lang::en) const {
        std::vector<std::string> out;
        for (const Diagnostic& d : diags.list()) out.push_back(d.message.in(lang));
        return out;
    }
    std::string first(Lang lang = Lang::en) const {
        return diags.list().empty() ? "" : diags.list()[0].headline("t.scn", lang);
    }
};

Parsed parse(std::string_view text) {
    Parsed out;
    out.is_fine = parse_scenario(text, "t.scn", out.scenario, out.diags);
    return out;
}

void check_first(std::string_view text, std::string_view headline) {
    CAPTURE(text);
    CHECK(parse(text).first() == headline);
}

}  // namespace

TEST_CASE("the example of the design says what it says") {
    const Parsed p = parse(R"(# Two editors and a logger that share one CPU.
machine { cpus 1  hz 250  scheduler cfs  costs linux }

process editor x2 nice 0 {
  repeat { run 2ms  read keyboard }
}
process logger nice 10 pid 570 {
  thread flusher { forever { wait work  run 300us  fsync disk } }
  forever { run uniform(1ms, 4ms)  signal work }
}
device keyboard irq 1  every exp(30ms)
at 40ms { kill logger TERM }

expect switches(editor) >= 4
expect no cr3 change when logger/main -> logger/flusher
)");
    CAPTURE(p.diags.render("t.scn", "", Lang::en));
    REQUIRE(p.is_fine);
    const Scenario& s = p.scenario;
    CHECK(s.head == "Two editors and a logger that share one CPU.");
    CHECK(s.machine.hz == 250);
    REQUIRE(s.processes.size() == 2);
    const ProcessDecl& editor = s.processes[0];
    CHECK(editor.copies == 2);
    REQUIRE(editor.body.size() == 1);
    CHECK(editor.body[0].kind == Stmt::Kind::repeat);
    CHECK(editor.body[0].count == -1);
    CHECK(editor.body[0].body[0].time.a == 2 * kMilli);
    CHECK(editor.body[0].body[1].name == "keyboard");
    const ProcessDecl& logger = s.processes[1];
    CHECK(logger.nice == 10);
    CHECK(logger.pid == 570);
    REQUIRE(logger.threads.size() == 1);
    const auto& flusher = logger.threads[0].body[0].body;
    CHECK(flusher[0].kind == Stmt::Kind::wait);
    CHECK(flusher[1].time.a == 300 * kMicro);
    CHECK(flusher[2].kind == Stmt::Kind::fsync);
    const Dist& burst = logger.body[0].body[0].time;
    CHECK(burst.kind == Dist::Kind::uniform);
    CHECK(burst.a == 1 * kMilli);
    CHECK(burst.b == 4 * kMilli);
    REQUIRE(s.devices.size() == 2);  // the disk comes without being declared
    CHECK(s.devices[0].irq == 1);
    CHECK(s.devices[0].every->kind == Dist::Kind::exp);
    CHECK(s.devices[1].name == "disk");
    CHECK(s.devices[1].block);
    REQUIRE(s.timeline.size() == 1);
    CHECK(s.timeline[0].at == 40 * kMilli);
    CHECK(s.timeline[0].value == 15);
    REQUIRE(s.expects.size() == 2);
    CHECK(s.expects[0].text == "switches(editor) >= 4");
    CHECK(s.expects[0].expr.op == ExpectExpr::Op::ge);
    CHECK(s.expects[0].expr.operands[1].value == 4'000'000);
    CHECK(s.expects[1].expr.op == ExpectExpr::Op::eq);
    CHECK(s.expects[1].expr.operands[0].args ==
          std::vector<std::string>{"logger/main", "logger/flusher"});
}

TEST_CASE("layout means nothing") {
    const Parsed lines = parse("process a\n{\nrun\n5ms\nsleep 1 ms }\r\n at 5ms\nkill a");
    const Parsed one = parse("process a{run 5ms sleep 1ms}at 5ms kill a");
    CHECK(lines.is_fine);
    CHECK(one.is_fine);
    CHECK(lines.scenario == one.scenario);
}

TEST_CASE("times are exact to the nanosecond") {
    const Parsed p = parse("process a { run 1.5us run 0.000001ms run 3µs run 1000s }");
    REQUIRE(p.is_fine);
    CHECK(p.scenario.processes[0].body[0].time.a == 1500);
    CHECK(p.scenario.processes[0].body[1].time.a == 1);
    CHECK(p.scenario.processes[0].body[2].time.a == 3000);
    CHECK(p.scenario.processes[0].body[3].time.a == 1000 * kSecond);
    check_first("process a { run 1.5ns }",
                "t.scn:1:17: error: this is not a whole number of nanoseconds, the smallest step "
                "of the clock");
}

TEST_CASE("timed lines may follow a device, which has words of the same name") {
    const Parsed p = parse(
        "process a { run 1ms } device nic at 5ms, 6ms cpu 0 at 40ms { irq nic } device kbd every "
        "3ms "
        "every 10ms until 30ms irq nic");
    CAPTURE(p.diags.render("t.scn", "", Lang::en));
    REQUIRE(p.is_fine);
    CHECK(p.scenario.devices[0].at == std::vector<Nanos>{5 * kMilli, 6 * kMilli});
    CHECK(p.scenario.devices[1].every->a == 3 * kMilli);
    REQUIRE(p.scenario.timeline.size() == 4);
    CHECK(p.scenario.timeline[0].at == 10 * kMilli);
    CHECK(p.scenario.timeline[2].at == 30 * kMilli);
    CHECK(p.scenario.timeline[3].at == 40 * kMilli);
}

TEST_CASE("the common mistakes, word for word") {
    check_first("process a { runn 5ms }",
                "t.scn:1:13: error: unknown verb 'runn'; did you mean 'run'?");
    check_first(
        "process a { run 5 }",
        "t.scn:1:17: error: a length of time needs a unit (ns, us, ms or s); did you mean '5ms'?");
    check_first(
        "process a { run 5 sec }",
        "t.scn:1:17: error: a length of time needs a unit (ns, us, ms or s); did you mean '5ms'?");
    check_first(
        "process a { run 5sec }",
        "t.scn:1:17: error: 'sec' is not a unit of time (ns, us, ms or s); did you mean '5s'?");
    check_first("process a { run -5ms }",
                "t.scn:1:17: error: a length of time cannot be negative; did you mean '5ms'?");
    check_first("process a { run 99999999999999999999999s }",
                "t.scn:1:17: error: this is longer than the limit of 1000s for a length of time");
    check_first("process a { run 5ms\n",
                "t.scn:1:11: error: this '{' is never closed: a '}' is missing");
    check_first("process a { run 5ms }\n}",
                "t.scn:2:1: error: this '}' closes nothing; there is one too many before or here");
    check_first(
        "machine { cpus 1000000000 }",
        "t.scn:1:16: error: the number of CPUs is over the limit of 64 (CPUs of one machine)");
    check_first(
        "process a x1000000000 { run 1ms }",
        "t.scn:1:11: error: x1000000000 are more than the limit of 1000000 tasks in one scenario");
    check_first("process a x0 { run 1ms }",
                "t.scn:1:11: error: x0 makes none at all; leave the declaration out, or write x1");
    check_first("",
                "t.scn: error: the file says nothing: a scenario needs at least one process, for "
                "example: process hello { run 5ms }");
    check_first("# only a comment\n", parse("").first());
    check_first("run 5ms",
                "t.scn:1:1: error: a statement must stand in a process: process NAME { run … }");
    check_first("machine { scheduler cfss } process a { run 1ms }",
                "t.scn:1:21: error: unknown scheduler 'cfss'; did you mean 'cfs'?");
    check_first(
        "machine { scheduler rr quantun=2ms } process a { run 1ms }",
        "t.scn:1:24: error: unknown setting of scheduler rr 'quantun'; did you mean 'quantum'?");
    check_first(
        "process a { thread t { thread u { run 1ms } } }",
        "t.scn:1:24: error: a thread cannot stand inside a thread; declare both in the process");
    check_first("process a { run 1ms } process a { run 1ms }",
                "t.scn:1:31: error: the name 'a' is taken already (line 1)");
    check_first("process a pid 7 { run 1ms } process b pid 7 { run 1ms }",
                "t.scn:1:37: error: pid 7 is taken already by the process in line 1");
    check_first(
        "process a { read q }",
        "t.scn:1:18: error: unknown pipe or device 'q'; declare it at the top of the file: pipe q");
    check_first("pipe data process a { read dta write data }",
                "t.scn:1:28: error: unknown pipe or device 'dta'; did you mean 'data'?");
    check_first("process a cpu 3 { run 1ms }",
                "t.scn:1:9: error: there is no CPU 3; this machine has 1 (numbered from 0), see: "
                "machine { cpus 4 }");
    check_first("process a { forever { } }",
                "t.scn:1:13: error: this loop never ends and lets no time pass; put a run or sleep "
                "into it");
    check_first("process run { run 1ms }",
                "t.scn:1:9: error: expected the name of the process, but 'run' is a word of the "
                "language and cannot be a name");
    check_first("process averyveryverylongname { run 1ms }",
                "t.scn:1:9: error: a name can have at most 15 characters, as in the kernel "
                "(TASK_COMM_LEN)");
    check_first("process a { run 1ms } at 5ms { kil a }",
                "t.scn:1:32: error: unknown action 'kil'; did you mean 'kill'?");
    check_first("process editor { run 1ms } at 5ms kill editor/1",
                "t.scn:1:40: error: there is only one 'editor'; leave the number out");
    check_first("process editor x2 { run 1ms } at 5ms kill editor/3",
                "t.scn:1:43: error: there are 2 of 'editor', numbered from 1");
    check_first("process editor { run 1ms } at 5ms kill editr",
                "t.scn:1:40: error: unknown task 'editr'; did you mean 'editor'?");
    check_first("process a { asm { nopp } }", "t.scn:1:19: error: unknown instruction 'nopp'; did you mean 'nop'?");
    check_first("scheduler rr",
                "t.scn:1:1: error: 'scheduler' is a setting of the machine; write: machine { "
                "scheduler … }");
    check_first("process \"a\" { run 1ms }",
                "t.scn:1:9: error: names are written without quotes; did you mean 'a'?");
    check_first("process a { run 1ms, run 1ms }",
                "t.scn:1:20: error: statements need nothing between them; leave out ','");
    check_first("process a { // burst\n run 1ms }", "t.scn:1:13: error: a comment begins with '#'");
    check_first(
        "machine { hz 99 foo 3 cpus 2 cpus 3 } process a { run 1ms }",
        "t.scn:1:14: error: Linux is built with 100, 250, 300 or 1000 ticks a second, not 99");
    CHECK(parse("machine { hz 99 foo 3 cpus 2 cpus 3 } process a { run 1ms }").diags.errors() == 3);
    check_first(
        "process a { run 1ms } expect expect end == 1ms",
        "t.scn:1:30: error: expected something to measure, such as cpu(editor), found 'expect'");
    check_first("process a { compute 5ms }",
                "t.scn:1:13: error: unknown verb 'compute'; did you mean 'run'?");
}

TEST_CASE("names and values that other rooms know") {
    const std::string a = "process a { run 1ms }\n";
    check_first(
        a + "machine { scheduler rr quantum=5 }",
        "t.scn:2:21: error: scheduler rr cannot use 'quantum=5'; write it like quantum=10ms");
    check_first(a + "machine { costs linux sycall=5ns }",
                "t.scn:2:23: error: unknown cost 'sycall'; did you mean 'syscall'?");
    CHECK(parse(a + "expect count(sched_wakeup_new) >= 1").is_fine);
    CHECK(parse(a + "expect count(sched_wake_up) >= 1")
              .first()
              .starts_with(
                  "t.scn:2:8: error: unknown record 'sched_wake_up'; known: sched_switch, "));
}

TEST_CASE("a task that waits for itself") {
    check_first("process a { thread t x2 { join t } }",
                "t.scn:1:32: error: a task cannot wait for itself");
    check_first("process a { thread t { join } }",
                "t.scn:1:24: error: this waits for itself: join without a name waits for all "
                "threads, and this is one");
    check_first("process a { lock m lock m }",
                "t.scn:1:25: error: this task has locked 'm' already (line 1): it would wait for "
                "itself for ever");
    check_first("process a { repeat 2 { lock m run 1ms } }",
                "t.scn:1:29: error: this task has locked 'm' already (line 1): it would wait for "
                "itself for ever");
    check_first("process a { join a }", "t.scn:1:18: error: a task cannot wait for itself");
    check_first("process a { thread t { join t } }",
                "t.scn:1:29: error: a task cannot wait for itself");
    check_first("process a { wait a }", "t.scn:1:18: error: a task cannot wait for itself");
    check_first("process a { wait s signal s }",
                "t.scn:1:18: error: this waits for itself: only this task signals 's', and only "
                "after this");
    check_first("pipe p process a { read p write p }",
                "t.scn:1:25: error: this waits for itself: only this task writes to 'p', and only "
                "after this");
    CHECK(parse("process a { lock m run 1ms unlock m lock m unlock m }").is_fine);
    CHECK(parse("process a { signal s wait s }").is_fine);
    check_first("process a { unlock m }",
                "t.scn:1:20: error: unlock without lock: this task does not hold 'm' here");
    check_first("process a { wait s run 1ms }",
                "t.scn:1:18: warning: nobody in process 'a' signals 's', so this waits for ever "
                "(semaphores belong to one process; between processes use a pipe)");
}

TEST_CASE("expectations are checked for names and kinds") {
    const std::string a = "process a { run 30ms }\n";
    CHECK(parse(a + "expect turnaround(a) == 30ms and not (cpu(a) / 2 < 1ms or switches() > 100)")
              .is_fine);
    CHECK(parse(a + "expect cpu(a) / cpu(a) ~ 1 within 1%  expect state(a) at 5ms == running")
              .is_fine);
    check_first(a + "expect cpu(a) == 30",
                "t.scn:2:15: error: a length of time and a plain number do not go together; is a "
                "unit missing, as in 30ms?");
    check_first(a + "expect cpuu(a) == 3ms",
                "t.scn:2:8: error: unknown measure 'cpuu'; did you mean 'cpu(TASK)'?");
    check_first(a + "expect cpu(b) == 3ms", "t.scn:2:8: error: unknown task 'b'");
    check_first(a + "expect cpu(a) = 3ms", "t.scn:2:15: error: to compare, write '=='");
    check_first(a + "expect cpu(a)",
                "t.scn:2:8: error: this is a value, not a condition; compare it with something, as "
                "in cpu(a) == 30ms");
    check_first(a + "expect state(a) at 1ms == asleep",
                "t.scn:2:27: error: unknown state 'asleep'; known: running, runnable, sleeping, "
                "blocked, stopped, parked, zombie, gone");
}

TEST_CASE("all mistakes of a file at once, in its order, with the way back after each") {
    const Parsed p = parse(
        "machine { cpus 0 }\nprocess a { runn 5ms  repeat five { run 3 } }\nprocess b { read q "
        "}\n");
    CHECK(p.messages() ==
          std::vector<std::string>{
              "the number of CPUs must be between 1 and 64",
              "unknown verb 'runn'; did you mean 'run'?",
              "expected what to repeat: '{' and statements, found 'five'",
              "a length of time needs a unit (ns, us, ms or s); did you mean '3ms'?",
              "unknown pipe or device 'q'; declare it at the top of the file: pipe q"});
    CHECK_FALSE(p.is_fine);
}

TEST_CASE("a missing brace is blamed on the block that stays open") {
    const Parsed p = parse("process a {\n  repeat 3 { run 1ms }\n\nprocess b { run 5ms }\n");
    REQUIRE(p.diags.list().size() == 2);
    CHECK(p.diags.list()[0].headline("t", Lang::en) ==
          "t:1:11: error: this '{' is never closed: a '}' is missing");
    CHECK(p.diags.list()[1].headline("t", Lang::en) ==
          "t:4:1: note: the '}' should stand before this 'process'");
}

TEST_CASE("a forgotten opening brace is one mistake") {
    const Parsed p = parse("process a run 5ms sleep 1ms }\nprocess b { run 1ms }\n");
    CHECK(p.messages() ==
          std::vector<std::string>{"expected what it does: '{' and statements, found 'run'"});
    CHECK(p.scenario.processes.size() == 2);
}

TEST_CASE("a person's command to the running machine") {
    const Parsed p = parse("process logger { run 9ms } device nic irq 5");
    std::vector<TimedAction> actions;
    Diagnostics fine, wrong;
    CHECK(parse_live_actions("kill logger KILL  irq nic", 7 * kMilli, p.scenario, actions, fine));
    REQUIRE(actions.size() == 2);
    CHECK(actions[0].at == 7 * kMilli);
    CHECK(actions[0].value == 9);
    CHECK_FALSE(parse_live_actions("kill loger", 0, p.scenario, actions, wrong));
    CHECK(wrong.list()[0].message.en == "unknown task 'loger'; did you mean 'logger'?");
    CHECK(actions.size() == 2);
}

TEST_CASE("messages show the line with a caret, in both languages") {
    const std::string text = "process a {\n\trunn 5ms }";
    const Parsed p = parse(text);
    CHECK(
        p.diags.render("typo.scn", text, Lang::en) ==
        "typo.scn:2:2: error: unknown verb 'runn'; did you mean 'run'?\n   runn 5ms }\n   ^~~~\n");
    CHECK(p.diags.render("typo.scn", text, Lang::zh) ==
          "typo.scn:2:2: 错误：未知的动词 “runn”；是不是想写 “run”？\n   runn 5ms }\n   ^~~~\n");
    // Wide characters before the caret take two columns each.
    const std::string wide = "title \"进程\" x";
    CHECK(parse(wide).diags.render("t", wide, Lang::en).find("\n               ^\n") !=
          std::string::npos);
}
