// The timeline's lanes against the plainest possible reading of the records: for every instant,
// what was the last thing said about this task?
#include "sim/trace/index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"

using namespace sy;

namespace {

constexpr const char* kMixed = R"(
machine { cpus 2  scheduler cfs  until 60ms }
device keyboard irq 1 every exp(2ms)
process editor x3 { repeat { run 700us  read keyboard } }
process pair { thread other { forever { run 300us sleep 1ms } } forever { run 2ms yield } }
process short arrive 5ms { fork { run 1ms } wait }
)";

Kernel boot(const char* source) {
    Scenario scenario;
    Diagnostics mistakes;
    REQUIRE(parse_scenario(source, "test.scn", scenario, mistakes));
    BootError error;
    std::optional<Kernel> k = Kernel::boot(scenario, error);
    REQUIRE(k);
    return *k;
}

TraceIndex index_of(const Kernel& start) {
    std::vector<TaskId> idle;
    for (const Cpu& cpu : start.cpus) idle.push_back(cpu.idle);
    return TraceIndex(idle, start.tasks.size());
}

// The state of `task` after all records up to and including index `last`: 'R' running, 'r'
// runnable, 'S' sleeping,
// '-' none.
char state_after(const Log& log, std::size_t last, TaskId task, bool slept_at_start) {
    char state = slept_at_start ? 'S' : '-';
    for (std::size_t i = 0; i <= last; ++i) {
        const Record& r = log[i];
        const bool wakes = r.kind == RecordKind::sched_wakeup ||
                           r.kind == RecordKind::sched_wakeup_new ||
                           r.kind == RecordKind::task_arrival;
        if (wakes && r.a == task && state != 'R') state = 'r';
        if (r.kind != RecordKind::sched_switch) continue;
        if (r.task == task) {
            const char letter = static_cast<char>(r.b & 0xff);
            state = letter == 'R' || r.b >> 8 ? 'r' : letter == 'X' || letter == 'Z' ? '-' : 'S';
        }
        if (r.a == task) state = 'R';
    }
    return state;
}

char letter_of(const Slice* s) {
    if (s == nullptr) return '-';
    switch (s->kind) {
        case Slice::Kind::running:
            return 'R';
        case Slice::Kind::runnable:
            return 'r';
        case Slice::Kind::sleeping:
            return 'S';
        default:
            return '?';
    }
}

}  // namespace

TEST_CASE("a task's lane says at every instant what the records say") {
    const Kernel start = boot(kMixed);
    Kernel k = start;
    Log log;
    k.run({}, &log);
    TraceIndex lanes = index_of(start);
    lanes.follow(log);
    REQUIRE(log.size() > 500);
    std::size_t compared = 0;
    for (TaskId task = 0; task < lanes.tasks(); ++task) {
        const bool idle = (k.tasks[task].flags & pf::idle) != 0;
        if (idle) continue;
        const Lane lane = lanes.slices(LaneKey::task(task), 0, kNever);
        for (std::size_t i = 0; i + 1 < log.size(); i += 7) {
            // The two CPUs' records may be out of order by the length of a step; ask where time
            // moves on clearly.
            if (log[i + 1].at <= log[i].at + 5'000) continue;
            const Nanos at = log[i].at + 2'500;
            const bool clear = std::none_of(log.begin(), log.end(), [&](const Record& r) {
                return r.at > log[i].at && r.at <= at && &r < log.begin() + i;
            });
            if (!clear) continue;
            CAPTURE(task);
            CAPTURE(at);
            CHECK(letter_of(slice_at(lane.state, at)) ==
                  state_after(log, i, task, task < start.tasks.size()));
            ++compared;
        }
    }
    CHECK(compared > 250);
}

TEST_CASE("the rows of a lane are sorted and do not overlap") {
    const Kernel start = boot(kMixed);
    Kernel k = start;
    Log log;
    k.run({}, &log);
    TraceIndex lanes = index_of(start);
    lanes.follow(log);
    const auto check = [](const std::vector<Slice>& row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            CHECK(row[i].begin < row[i].end);
            if (i > 0) CHECK(row[i - 1].end <= row[i].begin);
        }
    };
    for (TaskId t = 0; t < lanes.tasks(); ++t)
        for (auto row : {&Lane::state, &Lane::syscall, &Lane::softirq, &Lane::irq})
            check(lanes.slices(LaneKey::task(t), 0, kNever).*row);
    for (CpuId c = 0; c < lanes.cpus(); ++c) {
        const Lane lane = lanes.slices(LaneKey::cpu(c), 0, kNever);
        for (auto row : {&Lane::state, &Lane::syscall, &Lane::softirq, &Lane::irq}) check(lane.*row);
        // A CPU always runs somebody: its states follow each other without a hole.
        const auto& state = lane.state;
        for (std::size_t i = 1; i < state.size(); ++i) CHECK(state[i - 1].end == state[i].begin);
        CHECK(!lane.irq.empty());
    }
}

TEST_CASE("record by record gives the same lanes as all at once") {
    const Kernel start = boot(kMixed);
    Kernel k = start;
    Log log;
    k.run({}, &log);
    TraceIndex at_once = index_of(start), bit_by_bit = index_of(start);
    at_once.follow(log);
    Log part;
    for (const Record& r : log) {
        part.add(r);
        if (part.size() % 13 == 0) bit_by_bit.follow(part);
    }
    bit_by_bit.follow(part);
    REQUIRE(at_once.tasks() == bit_by_bit.tasks());
    for (TaskId t = 0; t < at_once.tasks(); ++t)
        CHECK(at_once.slices(LaneKey::task(t), 0, kNever).state == bit_by_bit.slices(LaneKey::task(t), 0, kNever).state);
}
