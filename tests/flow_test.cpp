// Links from cause to effect, on a log written by hand and on the log of a machine.
#include "sim/trace/flow.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"

using namespace sy;

namespace {

using K = RecordKind;

Log log_of(const char* source) {
    Scenario scenario;
    Diagnostics mistakes;
    REQUIRE(parse_scenario(source, "test.scn", scenario, mistakes));
    BootError error;
    std::optional<Kernel> k = Kernel::boot(scenario, error);
    REQUIRE(k);
    Log log;
    k->run({}, &log);
    return log;
}

}  // namespace

TEST_CASE("a chain of causes goes from the task that runs back to the interrupt that began it all") {
    constexpr auto hard = record_flag::hardirq, soft = record_flag::softirq;
    Log log;
    const auto add = [&](K kind, TaskId task, std::uint32_t a, std::uint16_t flags = 0, std::uint32_t b = 'S') {
        log.add({.at = static_cast<Nanos>(log.size()) * 10, .kind = kind, .cpu = 0, .flags = flags, .task = task, .a = a, .b = b});
    };
    add(K::irq_handler_entry, 0, 1, hard);   // 0
    add(K::softirq_raise, 0, 3, hard);       // 1
    add(K::irq_handler_exit, 0, 1, hard);    // 2
    add(K::softirq_entry, 0, 3, soft);       // 3
    add(K::sched_waking, 0, 7, soft);        // 4
    add(K::sched_wakeup, 0, 7, soft);        // 5
    add(K::softirq_exit, 0, 3, soft);        // 6
    add(K::sched_switch, 0, 7, 0, 'R');      // 7: task 7 runs
    add(K::sched_waking, 7, 8);              // 8
    add(K::workqueue_queue_work, 7, 5);      // 9
    add(K::sched_process_fork, 7, 9);        // 10
    add(K::sched_switch, 7, 8);              // 11: task 8 runs
    add(K::workqueue_execute_start, 8, 5);   // 12
    add(K::sched_waking, 8, 6);              // 13
    add(K::workqueue_execute_end, 8, 5);     // 14
    add(K::sched_switch, 8, 9);              // 15: the child runs
    add(K::sched_switch, 9, 6);              // 16
    using FK = FlowLink::Kind;
    CHECK(flow_ancestors(log, 11, 10) == std::vector<FlowLink>{{FK::wakeup, 8, 11}, {FK::wakeup, 4, 7}, {FK::raise, 1, 3}});
    CHECK(flow_ancestors(log, 16, 10) ==
          std::vector<FlowLink>{{FK::wakeup, 13, 16}, {FK::work, 9, 12}, {FK::wakeup, 4, 7}, {FK::raise, 1, 3}});
    CHECK(flow_ancestors(log, 16, 2).size() == 2);
    CHECK(flow_ancestors(log, 15, 10).front() == FlowLink{FK::fork, 10, 15});
    CHECK(flow_ancestors(log, 0, 10).empty());
    CHECK(flow_descendants(log, 1, 10) == std::vector<FlowLink>{{FK::raise, 1, 3}, {FK::wakeup, 4, 7}, {FK::wakeup, 8, 11}, {FK::work, 9, 12},
                                                                {FK::fork, 10, 15}, {FK::wakeup, 13, 16}});
    CHECK(flow_descendants(log, 7, 2) == std::vector<FlowLink>{{FK::wakeup, 8, 11}, {FK::work, 9, 12}});
    CHECK(flow_descendants(log, 6, 10).empty());
}

TEST_CASE("in a machine's log every link goes forward, and a wakeup's to the first turn of the woken") {
    const Log log = log_of(
        "machine { cpus 2 until 30ms } device nic irq 24 every 900us handler 1us packets 2 raises net_rx 20us\n pipe p "
        "process reader { forever { read p run 50us } } process writer { forever { sleep 700us write p fork { run 80us } wait } }");
    std::size_t wakeups = 0, forks = 0, raises = 0;
    for (std::size_t i = 0; i < log.size(); ++i) {
        FlowLink link, back;
        if (flow_from(log, i, link)) {
            CHECK(link.from == i);
            CHECK(link.to > i);
            wakeups += link.kind == FlowLink::Kind::wakeup;
            forks += link.kind == FlowLink::Kind::fork;
            raises += link.kind == FlowLink::Kind::raise;
            for (std::size_t j = i + 1; j < link.to && log[i].kind == K::sched_waking; ++j)
                CHECK_FALSE((log[j].kind == K::sched_switch && log[j].a == log[i].a));
        }
        if (flow_to(log, i, back)) CHECK(back.from < i);
        if (i % 37 == 0) {
            CHECK(flow_ancestors(log, i, 12).size() <= 12);
            CHECK(flow_descendants(log, i, 24).size() <= 24);
        }
    }
    CHECK(wakeups > 50);
    CHECK(forks > 10);
    CHECK(raises > 10);
}
