// The search language: what it reads, what it refuses and how it says so, and what it finds, held to plain loops over the log.
#include "sim/report/query.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <random>
#include <string>

#include "sim/report/ftrace.h"
#include "sim/scenario/parse.h"

using namespace sy;

namespace {

constexpr const char* kMixed = R"(
machine { cpus 2  scheduler cfs  until 60ms }
device keyboard irq 1 every exp(2ms)
process editor x3 { repeat { run 700us  read keyboard } }
process web { thread other { forever { run 300us sleep 1ms } } forever { run 2ms yield } }
process short arrive 5ms { fork { run 1ms } wait }
)";

struct Ran {
    std::optional<Kernel> kernel;
    Log log;
};
const Ran& ran() {
    static const Ran made = [] {
        Scenario scenario;
        Diagnostics mistakes;
        REQUIRE(parse_scenario(kMixed, "test.scn", scenario, mistakes));
        BootError error;
        Ran r;
        r.kernel = Kernel::boot(scenario, error);
        REQUIRE(r.kernel);
        r.kernel->run({}, &r.log);
        return r;
    }();
    return made;
}

std::vector<std::uint32_t> found(const std::string& expression) {
    QueryMistake mistake;
    const std::optional<Query> query = Query::read(expression, mistake);
    REQUIRE_MESSAGE(query, expression, ": ", mistake.message.en);
    std::vector<std::uint32_t> out;
    QueryRun run(*query, *ran().kernel, ran().log);
    while (run.advance(97, out)) {
    }
    return out;
}
std::vector<std::uint32_t> plainly(const std::function<bool(const Record&)>& holds) {
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < ran().log.size(); ++i)
        if (ran().log[i].kind != RecordKind::sys_args && holds(ran().log[i])) out.push_back(static_cast<std::uint32_t>(i));
    return out;
}
std::string comm(TaskId id) { return id == kNoTask ? "" : std::string(ran().kernel->tasks[id].comm_view()); }
QueryMistake mistake_of(const std::string& expression) {
    QueryMistake mistake;
    CHECK_FALSE(Query::read(expression, mistake));
    return mistake;
}

}  // namespace

TEST_CASE("expressions find what a plain loop over the log finds") {
    using K = RecordKind;
    const auto softirq = [](const Record& r) { return r.kind >= K::softirq_raise && r.kind <= K::softirq_exit; };
    CHECK(found("cpu==1 && kind==softirq") == plainly([&](const Record& r) { return r.cpu == 1 && softirq(r); }));
    CHECK(!found("kind==softirq").empty());
    CHECK(found("cpu=1 kind=softirq") == found("cpu==1 and kind==softirq"));
    CHECK(found("kind==sched_switch") == plainly([](const Record& r) { return r.kind == K::sched_switch; }));
    CHECK(found("kind!=sched_switch").size() + found("kind==sched_switch").size() == found("").size());
    CHECK(found("kind~SYS_") == plainly([](const Record& r) { return r.kind == K::sys_enter || r.kind == K::sys_exit; }));
    CHECK(found("next==web") == plainly([](const Record& r) { return r.kind == K::sched_switch && comm(r.a) == "web"; }));
    CHECK(!found("next==web").empty());
    CHECK(found("prev~EDI || next~edi") == plainly([](const Record& r) {
              return r.kind == K::sched_switch && (comm(r.task) == "editor" || comm(r.a) == "editor");
          }));
    CHECK(found("who==editor/2 && kind==syscall") ==
          plainly([](const Record& r) {
              return (r.kind == K::sys_enter || r.kind == K::sys_exit) && r.task != kNoTask && ran().kernel->tasks[r.task].pid == 501;
          }));
    CHECK(!found("task==web/other").empty());
    CHECK(found("time>=10ms && time<0.0105s") ==
          plainly([](const Record& r) { return r.at >= 10 * kMilli && r.at < 10'500 * kMicro; }));
    CHECK(found("pid==500") == found("task==500"));
    CHECK(found("(cpu==0 || cpu==1) && !(kind==irq or kind==timer)") ==
          plainly([&](const Record& r) {
              const bool irq = r.kind >= K::irq_handler_entry && r.kind <= K::reschedule_exit;
              const bool timer = r.kind == K::timer_start || r.kind == K::timer_cancel || r.kind == K::timer_expire_entry ||
                                 r.kind == K::timer_expire_exit || r.kind == K::hrtimer_start || r.kind == K::hrtimer_cancel ||
                                 r.kind == K::hrtimer_expire_entry || r.kind == K::hrtimer_expire_exit;
              return !irq && !timer;
          }));
    CHECK(found("state==S") == plainly([](const Record& r) { return r.kind == K::sched_switch && (r.b & 0xff) == 'S'; }));
    CHECK(found("call==read kind==sys_enter") == plainly([](const Record& r) { return r.kind == K::sys_enter && r.a == 0; }));
    // || binds weaker than &&.
    CHECK(found("cpu==0 && kind==switch || cpu==1 && kind==fork") ==
          plainly([](const Record& r) {
              return (r.cpu == 0 && r.kind == K::sched_switch) || (r.cpu == 1 && r.kind == K::sched_process_fork);
          }));
    // Words are looked for in all of the record.
    CHECK(found("NET_RX") .size() == plainly([&](const Record& r) {
              return softirq(r) && softirq_name(static_cast<int>(r.a)) == std::string("NET_RX");
          }).size());
    CHECK(found("\"prev_state=S\"") == found("state==S"));
}

TEST_CASE("waits and runs are measured as a person would with the log in hand") {
    using K = RecordKind;
    const Log& log = ran().log;
    std::vector<std::uint32_t> longer, ran_long;
    for (std::size_t i = 0; i < log.size(); ++i) {
        if (log[i].kind != K::sched_switch) continue;
        // Back to the wakeup of who comes, unless it was on a CPU since.
        Nanos woken = -1;
        for (std::size_t j = i; j-- > 0;) {
            const Record& r = log[j];
            if (r.kind == K::sched_switch && (r.task == log[i].a || r.a == log[i].a)) break;
            if ((r.kind == K::sched_wakeup || r.kind == K::sched_wakeup_new || r.kind == K::task_arrival) && r.a == log[i].a) woken = r.at;
        }
        if (woken >= 0 && log[i].at - woken > 500 * kMicro) longer.push_back(static_cast<std::uint32_t>(i));
        for (std::size_t j = i; j-- > 0;) {
            const Record& r = log[j];
            if (r.kind != K::sched_switch || r.cpu != log[i].cpu) continue;
            if (r.a == log[i].task && log[i].at - r.at >= kMilli && ran().kernel->tasks[r.a].pid != 0) ran_long.push_back(static_cast<std::uint32_t>(i));
            break;
        }
    }
    CHECK(!longer.empty());
    CHECK(found("wait>500us") == longer);
    CHECK(found("ran>=1ms && prev!=0") == ran_long);
    CHECK(found("wait>=0ns wait<=500us").size() + longer.size() == found("wait>=0").size());
}

TEST_CASE("mistakes are told with their column and what was meant, in both languages") {
    const auto says = [](const std::string& expression, int column, const std::string& part, const std::string& replacement = "") {
        CAPTURE(expression);
        const QueryMistake m = mistake_of(expression);
        CHECK(m.column == column);
        CHECK_MESSAGE(m.message.en.find(part) != std::string::npos, m.message.en);
        CHECK(m.message.zh != m.message.en);
        CHECK(m.replacement == replacement);
    };
    says("cpu==1 && knd==softirq", 11, "did you mean 'kind'", "kind");
    says("kind==softrq", 7, "did you mean 'softirq'", "softirq");
    says("wait>2", 6, "which unit", "2ms");
    says("wait>fast", 6, "is no time");
    says("cpu==one", 6, "is no number");
    says("pid==web", 6, "task==web");
    says("(cpu==1", 1, "never closed");
    says("cpu==1)", 7, "closes nothing");
    says("cpu==1 &&", 10, "missing here");
    says("task<web", 5, "no order", "==");
    says("cpu~1", 5, "is a number");
    says("task==", 7, "needs a value");
    says("text~\"abc", 6, "never closed");
    says("latency>2ms", 1, "did you mean 'wait'", "wait");
    says("cpu==1 ; kind==irq", 8, "quote it");
    CHECK(mistake_of("cpu==1 && knd==softirq").render("--filter", "cpu==1 && knd==softirq", Lang::zh) ==
          "--filter:1:11: 错误：未知的字段 “knd”；是不是想写 “kind”？\n    cpu==1 && knd==softirq\n              ^~~\n    改为：kind\n");
}

TEST_CASE("no expression however hostile hangs, crashes or eats memory") {
    mistake_of(std::string(5'000, '('));
    mistake_of(std::string(1'900, '('));
    mistake_of(std::string(1'900, '!') + "a");
    std::string many = "cpu==1";
    for (int i = 0; i < 200; ++i) many += " cpu==1";
    CHECK(mistake_of(many).message.en.find("conditions") != std::string::npos);
    std::mt19937 dice(7);
    const std::string pieces[] = {"cpu", "==", "1", "(", ")", "&&", "||", "!", "kind", "softirq", "~", "\"", "wait", ">", "2ms", " ", "task", "\xe4\xb8\xad", "\x01", "99999999999999999999", "-", "s"};
    int good = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string e;
        for (unsigned n = dice() % 12; n-- > 0;) e += pieces[dice() % std::size(pieces)];
        QueryMistake m;
        if (Query::read(e, m)) {
            ++good;
            if (good % 50 == 0) found(e);
            continue;
        }
        CHECK(m.column >= 1);
        CHECK(static_cast<std::size_t>(m.column) <= e.size() + 1);
        m.render("x", e, Lang::zh);
    }
    CHECK(good > 500);
}
