// The run queue as its own structure (sim/sched/picture.h): what panels and `explain` show, against figures worked out by
// hand; and what a run says of its rules, its refusals and its missed deadlines.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/kernel/deadlines.h"
#include "sim/report/compare.h"
#include "sim/report/queue_text.h"
#include "sim/report/refusals.h"
#include "sim/report/rules.h"
#include "sim/report/run.h"
#include "sim/sched/class.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

Kernel at(const std::string& machine, const std::string& body, Nanos when) {
    Kernel k = test::boot(test::scenario("machine { costs ideal " + machine + " until 1s }\n" + body));
    Log log;
    k.run({.time = when}, &log);
    return k;
}
QueuePicture picture_of(const Kernel& k, ClassId id = ClassId::fair, CpuId cpu = 0) {
    return k.sched->cls(id).picture(k.tasks, cpu, 31);
}
const QueueEntry& entry(const QueuePicture& p, const Kernel& k, std::string_view name) {
    for (const QueueBand& b : p.bands)
        for (const QueueEntry& e : b.entries)
            if (k.tasks[e.row.task].name() == name) return e;
    FAIL("no entry " << name);
    return p.bands[0].entries[0];
}
std::string names(const QueueBand& band, const Kernel& k) {
    std::string out;
    for (const QueueEntry& e : band.entries) out += (out.empty() ? "" : " ") + std::string(k.tasks[e.row.task].name());
    return out;
}
PickReason now_why(const Kernel& k) {
    const TaskId curr = k.cpus[0].curr;
    return k.sched->explain(k.tasks, 0, k.tasks[curr].on_rq ? curr : kNoTask);
}

}  // namespace

TEST_CASE("levels: who stands where, what is left of the turn, when the next boost comes") {
    // a, b, c: turns of 10 ms at level 0. a sinks at 10, b at 20, c at 30; a runs at level 1 from 30 on.
    const Kernel k = at("scheduler mlfq quantum=10ms/20ms/40ms allotment=1/2/1 boost=100ms",
                        "process a { run 1s } process b { run 1s } process c { run 1s } process d arrive 35ms { run 1s }", 37 * ms);
    const QueuePicture p = picture_of(k);
    REQUIRE(p.shape == QueuePicture::Shape::levels);
    REQUIRE(p.bands.size() == 3);
    CHECK(names(p.bands[0], k) == "d");          // it came at 35 and took the CPU
    CHECK(names(p.bands[1], k) == "a b c");      // preempted, a keeps its place
    CHECK(p.bands[2].entries.empty());
    CHECK(entry(p, k, "d").runs);
    CHECK(number_of(entry(p, k, "a").numbers, "turn_left_ns") == 15 * ms);   // 5 of 20 used from 30 to 35
    CHECK(number_of(entry(p, k, "b").numbers, "turn_left_ns") == 20 * ms);
    CHECK(number_of(entry(p, k, "b").numbers, "turns_left") == 2);
    CHECK(number_of(p.bands[1].numbers, "quantum_ns") == 20 * ms);
    CHECK(number_of(p.numbers, "next_boost_ns") == 100 * ms);
}

TEST_CASE("drum: tickets are counted through by task id, and the drawn one is the winner's") {
    Kernel k = at("scheduler lottery quantum=1ms",
                  "process a tickets 75 { run 1s } process b tickets 25 { run 1s } process c tickets 10 { run 1s }", 5 * ms + 1);
    std::map<std::string, int> wins;
    for (int i = 0; i < 60; ++i) {
        Log log;
        k.run({.time = (6 + i) * ms - 1}, &log);
        const PickReason why = now_why(k);
        REQUIRE(why.queue.shape == QueuePicture::Shape::drum);
        CHECK(number_of(why.queue.numbers, "tickets_in_drum") == 110);
        CHECK(number_of(entry(why.queue, k, "b").numbers, "first_ticket") == 75);
        CHECK(number_of(entry(why.queue, k, "b").numbers, "last_ticket") == 99);
        CHECK(number_of(entry(why.queue, k, "c").numbers, "last_ticket") == 109);
        const std::int64_t drawn = number_of(why.queue.numbers, "drawn_ticket", -1);
        const std::string winner = drawn < 75 ? "a" : drawn < 100 ? "b" : "c";
        CHECK(k.tasks[why.winner].name() == winner);
        k.run({.time = (6 + i) * ms + 1}, &log);   // the draw happens, and it is that one
        CHECK(k.tasks[k.cpus[0].curr].name() == winner);
        ++wins[winner];
    }
    CHECK(wins["a"] > wins["b"]);
    CHECK(wins["b"] > 0);
}

TEST_CASE("passes: OSTEP's strides of 100, 50 and 250 tickets") {
    // 10,000 / tickets: strides 100, 200, 40. A, B, C run once each, then C, C, A (OSTEP figure 9.3).
    const Kernel k = at("scheduler stride quantum=1ms",
                        "process a tickets 100 { run 1s } process b tickets 50 { run 1s } process c tickets 250 { run 1s }",
                        6 * ms - 1);
    const QueuePicture p = picture_of(k);
    REQUIRE(p.shape == QueuePicture::Shape::passes);
    CHECK(number_of(entry(p, k, "a").numbers, "stride") == 100);
    CHECK(number_of(entry(p, k, "b").numbers, "pass") == 200);
    CHECK(number_of(entry(p, k, "c").numbers, "pass") == 120);
    CHECK(entry(p, k, "a").runs);
}

TEST_CASE("lines: bursts, ratios and priorities are the policy's own numbers") {
    const std::string jobs = "process a { run 30ms } process b { run 12ms } process c { run 6ms }";
    const Kernel s = at("scheduler sjf", jobs, 3 * ms);   // all at 0: the shortest, c, runs
    const QueuePicture sjf = picture_of(s);
    CHECK(names(sjf.bands[0], s) == "b a");
    CHECK(number_of(entry(sjf, s, "b").numbers, "burst_left_ns") == 12 * ms);
    const Kernel h = at("scheduler hrrn", "process x { run 24ms } process a arrive 1ms { run 30ms } process b arrive 12ms { run 6ms }", 24 * ms - 1);
    CHECK(h.tasks[h.cpus[0].curr].name() == "x");   // not preemptive
    CHECK(number_of(entry(picture_of(h), h, "b").numbers, "burst_ns") == 6 * ms);
    Kernel g = h;
    Log log;
    g.run({.time = 24 * ms + 1}, &log);
    CHECK(g.tasks[g.cpus[0].curr].name() == "b");   // (12 + 6) / 6 = 3 against (23 + 30) / 30 = 1.77
}

TEST_CASE("per-CPU lines: a band for each CPU") {
    const Kernel k = at("cpus 2 scheduler fcfs queues=per-cpu", "process a x6 { run 100ms }", 5 * ms);
    const QueuePicture p = picture_of(k);
    REQUIRE(p.bands.size() == 2);
    CHECK(p.bands[0].entries.size() + p.bands[1].entries.size() == 4);
    CHECK(p.bands[0].name == "cpu 0");
}

TEST_CASE("bitmap: the running one heads its list; a round-robin task's slice is counted in ticks") {
    const Kernel k = at("hz 1000 scheduler eevdf",
                        "process x policy fifo 50 { run 1s } process y policy rr 20 { run 1s } process z policy rr 20 { run 1s }", 5 * ms + 1);
    const QueuePicture p = picture_of(k, ClassId::rt);
    REQUIRE(p.shape == QueuePicture::Shape::bitmap);
    REQUIRE(p.bands.size() == 2);
    CHECK(p.bands[0].name == "rtprio 50");
    CHECK(p.bands[0].entries[0].runs);
    CHECK(names(p.bands[1], k) == "y z");
    CHECK(number_of(p.bands[1].entries[0].numbers, "time_slice_ns") == 100 * ms);
}

TEST_CASE("deadlines: budgets, absolute deadlines, and who is throttled until when") {
    const Kernel k = at("hz 1000 scheduler eevdf", R"(
process a policy deadline runtime 3ms period 10ms { run 1s }
process b policy deadline runtime 4ms period 20ms { run 1s })", 5 * ms + 1);
    const QueuePicture p = picture_of(k, ClassId::deadline);
    REQUIRE(p.shape == QueuePicture::Shape::deadlines);
    // a has used up 3 ms at the tick at 3 ms and is back at 10; b runs with 2 of 4 ms left, until 20.
    CHECK(number_of(entry(p, k, "a").numbers, "back_at_ns") == 10 * ms);
    CHECK(entry(p, k, "b").runs);
    CHECK(number_of(entry(p, k, "b").numbers, "deadline_ns") == 20 * ms);
    CHECK(number_of(entry(p, k, "b").numbers, "runtime_left_ns") == 2 * ms);
    CHECK(number_of(p.numbers, "admitted_milli") == 500);
    CHECK(number_of(p.numbers, "limit_milli") == 950);
}

TEST_CASE("groups: one tree in another, and a throttled group says so") {
    const Kernel k = at("scheduler cfs", R"(
group build quota 10ms/100ms { process cc x3 { run 1s } }
process shell { run 1s })", 60 * ms);
    const QueuePicture p = picture_of(k);
    REQUIRE(p.shape == QueuePicture::Shape::groups);
    REQUIRE(p.bands.size() == 2);
    CHECK(p.bands[1].name == "build");
    CHECK(p.bands[1].depth == 1);
    CHECK(p.bands[1].entries.size() == 3);
    CHECK(number_of(p.bands[1].numbers, "throttled") == 1);
    CHECK(number_of(p.bands[1].numbers, "pool_ns") == 0);
}

TEST_CASE("every policy has a picture with all who wait, as text and as JSON, in both languages") {
    for (const PolicyInfo* policy : policies()) {
        CAPTURE(policy->name);
        const Kernel k = at("scheduler " + std::string(policy->name), "process a x5 { forever { run 7ms  sleep 1ms } }", 20 * ms);
        const PickReason why = now_why(k);
        CHECK(why.winner != kNoTask);
        CHECK_FALSE(why.rule.empty());
        CHECK_FALSE(why.rule_zh.empty());
        std::size_t waiting = 0;
        const QueuePicture p = picture_of(k);
        for (const QueueBand& b : p.bands)
            for (const QueueEntry& e : b.entries) {
                waiting += e.runs ? 0 : 1;
                CHECK((policy->name == "rr" || !e.numbers.empty()));
            }
        CHECK(waiting + 1 == k.sched->runnable(0));
        const auto json = nlohmann::json::parse(picture_as_json(why.queue, k));
        CHECK(json["shape"] == shape_word(why.queue.shape));
        CHECK(json["bands"].size() == why.queue.bands.size());
        for (const Lang lang : {Lang::en, Lang::zh}) CHECK(picture_as_lines(why.queue, k, lang).size() >= why.queue.bands.size());
        const SchedulerRules rules = rules_of(k);
        CHECK(rules.settings.size() + (policy->name == "eevdf" ? 1 : 0) == policy->options.size());
        CHECK(rules_as_text(rules, Lang::en).find(policy->source) != std::string::npos);
        CHECK(nlohmann::json::parse(rules_as_json(rules))["policy"] == policy->name);
    }
}

TEST_CASE("rules: defaults are named, and what was set is named in their place") {
    const Kernel k = at("scheduler mlfq rule=old tie=expired-first", "process a { run 1ms }", 0);
    const std::string said = rules_as_text(rules_of(k), Lang::en);
    CHECK(said.find("levels=3 quantum=10ms growth=1 allotment=1 boost=off boosted=fresh rule=old wakeup=end tie=expired-first") !=
          std::string::npos);
    const Kernel c = at("cpus 4 scheduler cfs", "process a { run 1ms }", 0);   // 6 ms x 3
    CHECK(rules_as_text(rules_of(c), Lang::en).find("latency=18000000ns") != std::string::npos);
}

TEST_CASE("missed deadlines: rounds of `every` by hand") {
    // On one CPU, first come first served: play wants 4 ms every 10 ms; hog takes 25 ms from 1 ms on.
    const std::string body = "process play { every 10ms { run 4ms } } process hog arrive 5ms { run 25ms }";
    const test::Run r = test::run("machine { costs ideal scheduler fcfs until 60ms }\n" + body);
    // Rounds: 0..4; due 10, waits for hog (5..30), 30..34 late (due at 20); 34..38 late (30: its end was 30); 38..42
    // late (due 40); 42..46 for the round of 40 is in time (due 50), 50..54 too.
    const DeadlineCounts c = deadline_counts(r.k, test::task(r.k, "play"));
    CHECK(c.jobs == 6);
    CHECK(c.misses == 3);
    CHECK(compare_row(r.k, r.log, "fcfs").deadline_misses == 3);
    const test::Run fine = test::run("machine { costs ideal scheduler srtf until 60ms }\n" + body);
    CHECK(compare_row(fine.k, fine.log, "srtf").deadline_misses == 0);
    // One that starves in the middle of a round is late, too.
    const test::Run starved = test::run(
        "machine { costs ideal scheduler eevdf fair_server=off until 60ms }\n"
        "process play { every 10ms { run 4ms } } process hog policy fifo 1 arrive 2ms { run 1s }");
    CHECK(deadline_counts(starved.k, test::task(starved.k, "play")).misses == 1);
}

TEST_CASE("missed deadlines of deadline tasks count in the comparison") {
    const test::Run r = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 200ms }
process late policy deadline runtime 2ms period 10ms { every 20ms { run 5ms } })");
    // 5 ms with 2 ms in 10: the first round is done at 21, and it falls further behind; 40 ms of CPU are eight rounds.
    const DeadlineCounts c = deadline_counts(r.k, test::task(r.k, "late"));
    CHECK(c.misses >= 8);
    CHECK(compare_row(r.k, r.log, "eevdf").deadline_misses == c.misses);
}

TEST_CASE("a refused policy is said: in the log, in the run's text and JSON") {
    const test::Run r = test::run(R"(
machine { costs ideal cpus 2 scheduler eevdf until 20ms }
process a x8 policy deadline runtime 3ms period 10ms { run 1ms }
process pinned cpu 0 policy deadline runtime 1ms period 10ms { run 1ms })");
    const std::vector<Refusal> all = refusals(r.k, r.log);
    REQUIRE(all.size() == 3);   // 6 x 30 % <= 190 %; two more are not
    CHECK(all[0].error == "EBUSY");
    CHECK(all[2].error == "EPERM");
    CHECK(all[2].why.en.find("pinned") != std::string::npos);
    CHECK(all[2].why.zh.find("pinned") != std::string::npos);
    const RunResult result{r.k, r.log, End::time_limit, {}};
    CHECK(run_as_text(result, 80, Lang::en).find("EBUSY") != std::string::npos);
    const auto json = nlohmann::json::parse(run_as_json(result));
    CHECK(json["refused"].size() == 3);
    CHECK(json["refused"][0]["error"] == "EBUSY");
    CHECK(json["rules"]["policy"] == "eevdf");
}

TEST_CASE("SCHED_FLAG_DL_OVERRUN: an overrun sends SIGXCPU, which ends the task unless it is handled") {
    const test::Run killed = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 50ms }
process greedy policy deadline runtime 2ms period 10ms dl-overrun { run 1s })");
    const Task& t = killed.k.tasks[test::task(killed.k, "greedy")];
    CHECK(t.exit_time == 10 * ms);   // throttled at the tick at 2 ms: it finds the signal when it runs again
    CHECK((t.exit_code & 0x7f) == 24);
    const test::Run quiet = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 50ms }
process greedy policy deadline runtime 2ms period 10ms { run 1s })");
    CHECK(quiet.k.tasks[test::task(quiet.k, "greedy")].exit_time < 0);
}

TEST_CASE("GRUB: a task that reclaims gets what nobody has reserved or uses") {
    // Alone with a share of 0.2: its budget shrinks by 0.2 / 0.95 of the time, so it has 95 % of the CPU.
    const test::Run alone = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf fair_server=off until 2s }
process g policy deadline runtime 2ms period 10ms reclaim { run 10s }
process hog { forever { run 1s } })");
    const Nanos got = alone.k.cpu_time(test::task(alone.k, "g"));
    CHECK(got >= 1'880 * ms);
    CHECK(got <= 1'920 * ms);
    // Two greedy ones that both reclaim, 0.2 and 0.4: the active share is 0.6, so they have 0.95 in the ratio 1 : 2.
    const test::Run two = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf fair_server=off until 2s }
process g policy deadline runtime 20ms period 100ms reclaim { run 10s }
process h policy deadline runtime 40ms period 100ms reclaim { run 10s }
process hog { forever { run 1s } })");
    const auto g = static_cast<double>(two.k.cpu_time(test::task(two.k, "g"))), h = static_cast<double>(two.k.cpu_time(test::task(two.k, "h")));
    CHECK(g / 2e9 == doctest::Approx(0.95 / 3).epsilon(0.04));
    CHECK(h / 2e9 == doctest::Approx(0.95 * 2 / 3).epsilon(0.04));
    // One who does not reclaim keeps to its 20 %.
    const test::Run other = test::run(R"(
machine { costs ideal hz 1000 scheduler eevdf until 2s }
process g policy deadline runtime 2ms period 10ms { run 10s }
process hog { forever { run 1s } })");
    CHECK(other.k.cpu_time(test::task(other.k, "g")) <= 420 * ms);
}

TEST_CASE("EEVDF: from the numbers that are shown, V, who is eligible and who is picked follow") {
    std::size_t picks = 0;
    for (std::uint64_t seed = 1; seed <= test::cases(60) + 2; ++seed) {
        Random dice(seed);
        std::string body;
        for (int i = 0; i < 7; ++i) {
            body += "process t" + std::to_string(i) + " nice " + std::to_string(dice.uniform(-8, 8));
            if (dice.uniform(0, 2) == 0) body += " policy normal slice " + std::to_string(dice.uniform(2, 60) * 100) + "us";
            body += i < 4 ? " { run 10s }\n"
                          : " { forever { run " + std::to_string(dice.uniform(1, 30) * 100) + "us  sleep " +
                                std::to_string(dice.uniform(1, 80) * 100) + "us } }\n";
        }
        CAPTURE(body);
        Kernel k = at("hz 1000 scheduler eevdf run_to_parity=off delay_dequeue=off base_slice=3ms", body, 0);
        Log log;
        for (Nanos when = 1'700 * kMicro; when < 200 * ms; when += dice.uniform(100, 4'000) * kMicro) {
            k.run({.time = when}, &log);
            if (k.cpus[0].curr == k.cpus[0].idle) continue;
            const PickReason why = now_why(k);
            const auto& entries = why.queue.bands[0].entries;
            if (entries.empty()) continue;
            const std::int64_t zero = number_of(entries[0].numbers, "vruntime_ns");
            std::int64_t weights = 0, weighted = 0, lags = 0;
            for (const QueueEntry& e : entries) {
                const std::int64_t w = number_of(e.numbers, "weight");
                weights += w;
                weighted += w * (number_of(e.numbers, "vruntime_ns") - zero);
                lags += w * number_of(e.numbers, "lag_ns");
            }
            CHECK(std::abs(lags) <= weights);   // the sum of lags is zero but for V's rounding to a nanosecond
            const QueueEntry* best = nullptr;
            for (const QueueEntry& e : entries) {
                const bool eligible = weights * (number_of(e.numbers, "vruntime_ns") - zero) <= weighted;
                CHECK(e.row.eligible == eligible);
                if (eligible && (best == nullptr || e.row.key < best->row.key)) best = &e;
            }
            REQUIRE(best != nullptr);
            if (why.rule.find("not used up") != std::string::npos) {   // protected for a base slice, even so
                CHECK(why.winner == k.cpus[0].curr);
                CHECK(entry(why.queue, k, k.tasks[why.winner].name()).row.eligible);
                continue;
            }
            CHECK(entry(why.queue, k, k.tasks[why.winner].name()).row.key == best->row.key);
            ++picks;
        }
    }
    CHECK(picks > 30);
}
