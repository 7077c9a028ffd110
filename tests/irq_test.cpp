// Interrupts and bottom halves as linux.md 7.1 to 7.6 has them: order, stacks, limits, and what may not happen.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "machine.h"
#include "sim/report/interrupts.h"
#include "sim/scenario/parse.h"

namespace {

using namespace sy;

struct Ran {
    Kernel k;
    Log log;
};
// Runs to the end, with the rules checked after every step.
Ran ran(const std::string& text) {
    Ran r{test::boot(test::scenario(text)), {}};
    while (r.k.step(&r.log, nullptr)) REQUIRE(r.k.check_invariants() == "");
    return r;
}
std::vector<Record> of_kind(const Log& log, RecordKind kind) {
    std::vector<Record> out;
    for (const Record& r : log)
        if (r.kind == kind) out.push_back(r);
    return out;
}
std::string current(const Ran& r, const Record& rec) { return std::string(r.k.tasks[rec.task].name()); }

}  // namespace

TEST_CASE("two interrupts at one instant: the highest vector comes first, the other stays in the IRR") {
    // Lines get vectors in the order of their declaration (linux.md 7.1: an irq number is not a vector).
    const Ran r = ran("machine { cpus 1 until 5ms } device low irq 30 at 1ms device high irq 20 at 1ms process p { run 3ms }");
    const auto entries = of_kind(r.log, RecordKind::irq_handler_entry);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].a == 20);
    CHECK(entries[1].a == 30);
    const auto exits = of_kind(r.log, RecordKind::irq_handler_exit);
    CHECK(exits[0].at <= entries[1].at);   // no nesting: IF was 0
}

TEST_CASE("a handler runs with interrupts off; a device that comes meanwhile waits for its end (linux.md 7.2)") {
    const Ran r = ran("machine { cpus 1 until 5ms } device a irq 20 at 1ms handler 100us device b irq 21 at 1010us "
                      "process p { run 3ms }");
    const auto entries = of_kind(r.log, RecordKind::irq_handler_entry);
    REQUIRE(entries.size() == 2);
    CHECK(entries[1].a == 21);
    CHECK(entries[1].at >= kMilli + 100 * kMicro);
    for (const Record& e : entries) CHECK((e.flags & record_flag::irqs_off) != 0);
}

TEST_CASE("a handler that enables interrupts is nested into, and warned about (linux.md 7.2)") {
    const Ran r = ran("machine { cpus 1 until 5ms } device a irq 20 at 1ms handler 100us local_irq_enable "
                      "device b irq 21 at 1010us process p { run 3ms }");
    const auto entries = of_kind(r.log, RecordKind::irq_handler_entry);
    REQUIRE(entries.size() == 2);
    CHECK(entries[1].at < kMilli + 100 * kMicro);
    CHECK(of_kind(r.log, RecordKind::irq_warn).size() == 1);
}

TEST_CASE("softirqs raised under local_bh_disable run in local_bh_enable, in the order of their vectors (linux.md 7.3)") {
    const Ran r = ran("machine { cpus 1 until 5ms } kthread k { local_bh_disable raise_softirq rcu 10us "
                      "raise_softirq net_tx 10us run 1ms local_bh_enable run 1ms }");
    const auto entries = of_kind(r.log, RecordKind::softirq_entry);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].a == 2);
    CHECK(entries[1].a == 9);
    for (const Record& e : entries) {
        CHECK(current(r, e) == "k");
        CHECK(e.at >= kMilli);
        CHECK((e.flags & record_flag::softirq) != 0);
    }
}

TEST_CASE("a softirq raised by a task with everything enabled is ksoftirqd's (linux.md 7.3)") {
    const Ran r = ran("machine { cpus 1 until 5ms } kthread k { raise_softirq net_tx 10us run 1ms }");
    const auto entries = of_kind(r.log, RecordKind::softirq_entry);
    REQUIRE(entries.size() == 1);
    CHECK(current(r, entries[0]) == "ksoftirqd/0");
}

TEST_CASE("handle_softirqs gives up after 10 rounds or 2 ms and wakes ksoftirqd (linux.md 7.3, 12)") {
    // Each run of the tasklet schedules it again: an endless stream of raises.
    const Ran r = ran("machine { cpus 1 until 8ms } device d irq 20 at 1ms tasklet t tasklet t { run 1us tasklet_schedule t } "
                      "process p { run 5ms }");
    std::size_t before = 0;
    for (const Record& e : of_kind(r.log, RecordKind::softirq_entry)) before += current(r, e) == "p";
    CHECK(before == 10);   // MAX_SOFTIRQ_RESTART
    const Ran slow = ran("machine { cpus 1 hz 100 until 9ms } device d irq 20 at 1ms tasklet t tasklet t { run 700us tasklet_schedule t } "
                         "process p { run 5ms }");
    before = 0;
    for (const Record& e : of_kind(slow.log, RecordKind::softirq_entry)) before += current(slow, e) == "p";
    CHECK(before == 3);   // 0, 0.7 and 1.4 ms are below MAX_SOFTIRQ_TIME, 2.1 ms is not
}

TEST_CASE("a tasklet never runs on two CPUs at once; two softirqs of one vector do (linux.md 7.3, 7.4)") {
    const Ran r = ran("machine { cpus 2 until 20ms } device a irq 20 at 1ms, 3ms cpu 0 tasklet t device b irq 21 at 1100us, 3100us cpu 1 "
                      "tasklet t tasklet t { run 400us } process p x2 { run 15ms }");
    CHECK(r.k.tasklets[0].busy > 0);   // the other CPU found it running and put it back
    int running = 0;
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::tasklet_entry) ++running;
        if (rec.kind == RecordKind::tasklet_exit) --running;
        CHECK(running <= 1);
    }
    const Ran s = ran("machine { cpus 2 until 5ms } device a irq 20 at 1ms cpu 0 raises net_tx 400us "
                      "device b irq 21 at 1100us cpu 1 raises net_tx 400us process p x2 { run 3ms }");
    int together = 0, most = 0;
    for (const Record& rec : s.log) {
        if (rec.kind == RecordKind::softirq_entry) most = std::max(most, ++together);
        if (rec.kind == RecordKind::softirq_exit) --together;
    }
    CHECK(most == 2);
}

TEST_CASE("a threaded handler: irq/N-name, SCHED_FIFO 50, the line masked until it is done (linux.md 7.6)") {
    const Ran r = ran("machine { cpus 1 until 10ms } device pad irq 12 at 1ms, 1200us threaded 500us process p { run 8ms }");
    const TaskId t = test::task(r.k, "irq/12-pad");
    CHECK(r.k.tasks[t].policy == Policy::fifo);
    CHECK(r.k.tasks[t].rt_priority == 50);
    const auto exits = of_kind(r.log, RecordKind::irq_handler_exit);
    REQUIRE(exits.size() == 1);                       // the second one found the line masked (IRQF_ONESHOT)
    CHECK(exits[0].c == 2);                           // IRQ_WAKE_THREAD
    CHECK(r.k.devices[0].available == 2);             // and the thread took what both had brought
    CHECK_FALSE(r.k.irqs[0].masked);
}

TEST_CASE("devices that share a line are asked one after the other (linux.md 7.2)") {
    const Ran r = ran("machine { cpus 1 until 5ms } device a irq 11 level shared device b irq 11 at 1ms level shared "
                      "process p { run 3ms }");
    const auto exits = of_kind(r.log, RecordKind::irq_handler_exit);
    REQUIRE(exits.size() == 2);
    CHECK(exits[0].c == 0);   // IRQ_NONE
    CHECK(exits[1].c == 1);   // IRQ_HANDLED
}

TEST_CASE("smp_affinity moves a line; /proc/irq says so (linux.md 9.8)") {
    const Ran r = ran("machine { cpus 2 until 9ms } device d irq 20 every 1ms cpu 0 process p x2 { run 8ms } "
                      "at 4500us { smp_affinity d 1 }");
    CHECK(r.k.irqs[0].per_cpu[0] == 4);
    CHECK(r.k.irqs[0].per_cpu[1] >= 3);
    CHECK(proc_irq(r.k, {"20", "smp_affinity"}) == "2\n");
    CHECK(proc_irq(r.k, {"20", "effective_affinity_list"}) == "1\n");
}

TEST_CASE("disable_irq keeps an interrupt back, enable_irq lets it come once (linux.md 7.2)") {
    const Ran r = ran("machine { cpus 1 until 5ms } device d irq 20 at 1ms, 1200us "
                      "kthread k { disable_irq d run 2ms enable_irq d run 1ms }");
    const auto entries = of_kind(r.log, RecordKind::irq_handler_entry);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].at >= 2 * kMilli);
}

TEST_CASE("with preempt full a wakeup preempts kernel code at preempt_enable, not only at an interrupt (linux.md 6.2)") {
    const std::string text = " until 9ms } tasklet t { run 1us } device d irq 20 at 1ms threaded 100us "
                             "kthread k { preempt_disable run 3ms preempt_enable run 3ms }";
    const auto first_run = [](const Ran& r) { return r.k.tasks[test::task(r.k, "irq/20-d")].run_delay; };
    const Ran full = ran("machine { cpus 1 hz 100 preempt full" + text);
    CHECK(first_run(full) >= 1900 * kMicro);   // from 1 ms to preempt_enable at 3 ms
    CHECK(first_run(full) < 2100 * kMicro);
    const Ran none = ran("machine { cpus 1 hz 100 preempt none" + text);
    CHECK(first_run(none) > 4 * kMilli);
}

TEST_CASE("preempt_count is decoded as linux.md 6.2 lays it out") {
    CHECK(preempt_bits(0x10302) == "0000 0001 0000001 1 00000010");
    const auto fields = preempt_fields(0x10302);
    CHECK(fields[1].value == 1);   // hard interrupts
    CHECK(fields[2].value == 1);   // local_bh_disable
    CHECK(fields[3].value == 1);   // serving
    CHECK(fields[4].value == 2);   // preempt_disable
}

TEST_CASE("a sleep where the kernel must not sleep is refused before the run") {
    const auto fails = [](const std::string& text) {
        Diagnostics diags;
        Scenario out;
        parse_scenario(text, "t.scn", out, diags);
        return diags.has_errors();
    };
    CHECK(fails("kthread k { local_bh_disable sleep 1ms local_bh_enable }"));
    CHECK(fails("kthread k { preempt_disable }"));
    CHECK(fails("kthread k { local_irq_enable }"));
    CHECK(fails("tasklet t { sleep 1ms } process p { run 1ms }"));
    CHECK(fails("process p { local_bh_disable }"));
    CHECK(fails("process p { ioctl { forever { run 1ms } } }"));
    CHECK(fails("device a irq 5 device b irq 5 shared process p { run 1ms }"));
    CHECK(fails("device a tasklet nobody process p { run 1ms }"));
    CHECK(fails("device a raises net_rxx process p { run 1ms }"));
    CHECK_FALSE(fails("kthread k { local_bh_disable run 1ms local_bh_enable sleep 1ms }"));
}
