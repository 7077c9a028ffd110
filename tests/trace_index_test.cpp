// The index of a log against a model that writes down every nanosecond of every lane: random logs, all questions.
#include "sim/trace/index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "sim/kernel/kernel.h"
#include "sim/scenario/parse.h"

using namespace sy;

namespace {

constexpr int kCpus = 2, kTasks = 5, kPresent = 4;   // tasks 0 and 1 are idle; 2, 3 sleep at the beginning; 4 comes later

// One lane, nanosecond by nanosecond: for each row what it shows, -1 for nothing.
struct Painted {
    std::array<std::vector<int>, kLaneRows> rows;
};

// What the records mean, told in the plainest way: the state of the machine, painted up to each record's instant.
struct Painter {
    std::array<Painted, kCpus + kTasks> lanes;
    std::array<std::array<int, kLaneRows>, kCpus + kTasks> now{};
    std::array<bool, kTasks> in_call{};
    Nanos until = 0;

    Painter() {
        for (auto& lane : now) lane.fill(-1);
        for (int c = 0; c < kCpus; ++c) now[static_cast<std::size_t>(c)][0] = static_cast<int>(Slice::Kind::idle);
        for (int t = 2; t < kPresent; ++t) now[static_cast<std::size_t>(kCpus + t)][0] = static_cast<int>(Slice::Kind::sleeping);
    }
    void paint(Nanos at) {
        for (std::size_t l = 0; l < lanes.size(); ++l)
            for (std::size_t r = 0; r < kLaneRows; ++r)
                for (Nanos t = until; t < at; ++t) lanes[l].rows[r].push_back(now[l][r]);
        until = std::max(until, at);
    }
    std::array<int, kLaneRows>& cpu(int c) { return now[static_cast<std::size_t>(c)]; }
    std::array<int, kLaneRows>& task(TaskId t) { return now[kCpus + t]; }
    void say(const Record& r) {
        paint(r.at);
        using K = RecordKind;
        const bool mine = r.task >= kCpus;   // not an idle task
        const auto set = [&](std::size_t row, Slice::Kind kind, bool on) {
            const int v = on ? static_cast<int>(kind) : -1;
            cpu(r.cpu)[row] = v;
            if (mine) task(r.task)[row] = v;
        };
        switch (r.kind) {
            case K::sched_switch: {
                cpu(r.cpu)[1] = -1;
                const char letter = static_cast<char>(r.b & 0xff);
                if (mine) {
                    task(r.task)[1] = -1;
                    task(r.task)[0] = letter == 'R' ? 1 : letter == 'X' ? -1 : 2;
                }
                cpu(r.cpu)[0] = static_cast<int>(r.a < kCpus ? Slice::Kind::idle : Slice::Kind::running);
                if (r.a < kCpus) return;
                task(r.a)[0] = 0;
                if (in_call[r.a]) task(r.a)[1] = cpu(r.cpu)[1] = static_cast<int>(Slice::Kind::syscall);
                return;
            }
            case K::sched_wakeup:
                if (task(r.a)[0] == 2 || task(r.a)[0] == -1) task(r.a)[0] = 1;
                return;
            case K::sys_enter:
            case K::sys_exit:
                in_call[r.task] = r.kind == K::sys_enter;
                set(1, Slice::Kind::syscall, r.kind == K::sys_enter);
                return;
            case K::softirq_entry:
            case K::softirq_exit:
                set(2, Slice::Kind::softirq, r.kind == K::softirq_entry);
                return;
            case K::irq_handler_entry:
            case K::irq_handler_exit:
                set(3, Slice::Kind::irq, r.kind == K::irq_handler_entry);
                return;
            default:
                return;
        }
    }
};

// A log that could have happened: who is current is kept track of, everything else is thrown.
Log random_log(unsigned seed, int records, int spread) {
    std::mt19937 dice(seed);
    const auto throw_below = [&](int n) { return static_cast<int>(dice() % static_cast<unsigned>(n)); };
    std::array<TaskId, kCpus> current = {0, 1};
    std::set<TaskId> awake;
    Log log;
    Nanos at = 0;
    for (int i = 0; i < records; ++i) {
        // Often nothing passes, sometimes much.
        if (throw_below(3) == 0) at += throw_below(20) == 0 ? throw_below(spread * 30) : throw_below(spread);
        Record r{.at = at, .cpu = static_cast<CpuId>(throw_below(kCpus))};
        r.task = current[r.cpu];
        const bool runs = r.task >= kCpus;
        switch (throw_below(8)) {
            case 0:
                r.kind = RecordKind::sched_wakeup;
                r.a = static_cast<TaskId>(2 + throw_below(kTasks - 2));
                r.b = r.cpu;
                awake.insert(r.a);
                break;
            case 1:
            case 2: {
                r.kind = RecordKind::sched_switch;
                r.b = static_cast<std::uint32_t>("RSDX"[throw_below(4)]);
                TaskId next = r.cpu;
                for (const TaskId t : awake)
                    if (t != current[0] && t != current[1] && throw_below(2) == 0) next = t;
                if (next == r.task) continue;
                r.a = next;
                if (runs && r.b != 'R') awake.erase(r.task);
                if (!runs) r.b = 'R';
                current[r.cpu] = next;
                break;
            }
            case 3:
            case 4:
                if (!runs) continue;
                r.kind = throw_below(2) == 0 ? RecordKind::sys_enter : RecordKind::sys_exit;
                r.a = static_cast<std::uint32_t>(throw_below(300));
                break;
            case 5:
                r.kind = throw_below(2) == 0 ? RecordKind::softirq_entry : RecordKind::softirq_exit;
                r.a = 3;
                break;
            case 6:
                r.kind = throw_below(2) == 0 ? RecordKind::irq_handler_entry : RecordKind::irq_handler_exit;
                r.a = 1;
                break;
            default:
                r.kind = RecordKind::hrtimer_start;
                break;
        }
        log.add(r);
    }
    return log;
}

LaneKey key_of(std::size_t lane) {
    return lane < kCpus ? LaneKey::cpu(static_cast<CpuId>(lane)) : LaneKey::task(static_cast<TaskId>(lane - kCpus));
}

LaneTimes counted(const Painted& lane, Nanos from, Nanos until) {
    LaneTimes ns{};
    for (const auto& row : lane.rows)
        for (Nanos t = from; t < until; ++t)
            if (row[static_cast<std::size_t>(t)] >= 0) ++ns[static_cast<std::size_t>(row[static_cast<std::size_t>(t)])];
    return ns;
}

// Checks a row of slices against the painted one in [from, until).
void check_row(const std::vector<Slice>& slices, const std::vector<int>& row, Nanos from, Nanos until) {
    int wrong = 0;
    for (Nanos t = from; t < until; ++t) {
        const Slice* s = slice_at(slices, t);
        wrong += (s == nullptr ? -1 : static_cast<int>(s->kind)) != row[static_cast<std::size_t>(t)];
    }
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("slices, instants and shares of every lane are those of a model that writes down every nanosecond") {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const Log log = random_log(seed, 3'000, seed % 3 == 0 ? 2 : 12);
        const Nanos end = log[log.size() - 1].at + 50;
        Painter model;
        for (const Record& r : log) model.say(r);
        model.paint(end);
        TraceIndex index({0, 1}, kPresent);
        while (index.follow(log, 101 + seed)) {
        }
        REQUIRE(index.records() == log.size());
        std::mt19937 dice(seed);
        for (std::size_t l = 0; l < model.lanes.size(); ++l) {
            if (l == kCpus || l == kCpus + 1) continue;   // idle tasks have no lane of their own
            CAPTURE(l);
            const LaneKey key = key_of(l);
            const Painted& painted = model.lanes[l];
            for (int round = 0; round < 12; ++round) {
                Nanos from = static_cast<Nanos>(dice() % static_cast<std::uint32_t>(end));
                Nanos until = static_cast<Nanos>(dice() % static_cast<std::uint32_t>(end));
                if (round == 0) from = 0, until = end;
                if (from > until) std::swap(from, until);
                if (round > 6) until = std::min(end, from + 60);
                const Lane exact = index.slices(key, from, until);
                for (int r = 0; r < kLaneRows; ++r)
                    check_row(exact.*row_of(static_cast<LaneRowKind>(r)), painted.rows[static_cast<std::size_t>(r)], from, until);
                const LaneTimes a = index.times_before(key, from, end), b = index.times_before(key, until, end);
                LaneTimes between{};
                for (std::size_t k = 0; k < a.size(); ++k) between[k] = b[k] - a[k];
                CHECK(between == counted(painted, from, until));
                for (int r = 0; r < kLaneRows && from < until; ++r) {
                    const auto row = static_cast<LaneRowKind>(r);
                    const std::optional<Slice> s = index.at(key, row, from);
                    const int is = painted.rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(from)];
                    CHECK((s ? static_cast<int>(s->kind) : -1) == is);
                    if (s) CHECK((s->begin <= from && from < s->end));
                }
            }
        }
    }
}

TEST_CASE("what is shown of a lane at any zoom leaves nothing out and folds without lying") {
    std::size_t folded = 0, whole = 0;
    for (unsigned seed = 20; seed <= 26; ++seed) {
        CAPTURE(seed);
        const Log log = random_log(seed, 12'000, seed % 2 == 0 ? 3 : 12);
        const Nanos end = log[log.size() - 1].at + 5;
        Painter model;
        for (const Record& r : log) model.say(r);
        model.paint(end);
        TraceIndex index({0, 1}, kPresent);
        index.follow(log);
        std::mt19937 dice(seed);
        for (const std::size_t l : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{6}}) {
            const Painted& painted = model.lanes[l];
            for (const Nanos least : {1, 3, 10, 40, 200, 3'000}) {
                CAPTURE(l);
                CAPTURE(least);
                Nanos from = static_cast<Nanos>(dice() % static_cast<std::uint32_t>(end));
                const Nanos until = least == 40 ? end : std::min(end, from + least * 300);
                if (least == 40) from = 0;
                std::vector<LanePart> parts;
                Lane lane;
                index.look(key_of(l), from, until, end, least, parts, lane);
                if (from >= until) continue;
                REQUIRE(!parts.empty());
                CHECK(parts.front().begin <= from);
                CHECK(parts.back().end >= until);
                for (std::size_t i = 0; i < parts.size(); ++i) {
                    const LanePart& p = parts[i];
                    if (i > 0) CHECK(parts[i - 1].end == p.begin);
                    (p.is_folded ? folded : whole) += 1;
                    if (p.is_folded) {
                        CHECK(p.ns == counted(painted, p.begin, p.end));
                        // Two cells and what may be folded of a single block.
                        CHECK(p.end - p.begin <= least * 2 + least * 8);
                        continue;
                    }
                    for (int r = 0; r < kLaneRows; ++r)
                        check_row(lane.*row_of(static_cast<LaneRowKind>(r)), painted.rows[static_cast<std::size_t>(r)],
                                  std::max(p.begin, from), std::min(p.end, until));
                }
                // No slice reaches out of the parts that are read.
                for (const Slice& s : lane.state) {
                    const bool inside = std::any_of(parts.begin(), parts.end(), [&](const LanePart& p) {
                        return !p.is_folded && p.begin <= s.begin && s.end <= p.end;
                    });
                    CHECK(inside);
                }
            }
        }
    }
    CHECK(folded > 500);
    CHECK(whole > 100);
}

TEST_CASE("counts of records and the longest waits are those of a plain pass") {
    const Log log = random_log(77, 60'000, 9);
    TraceIndex index({0, 1}, kPresent);
    index.follow(log);
    KindCounts plain{};
    std::map<TaskId, std::pair<Nanos, std::uint32_t>> woken;
    std::vector<WaitRecord> waits;
    for (std::size_t i = 0; i < log.size(); ++i) {
        if (i % 4'999 == 0) CHECK(index.tallies().kinds_before(log, i) == plain);
        const Record& r = log[i];
        ++plain[static_cast<std::size_t>(r.kind)];
        if (r.kind == RecordKind::sched_wakeup) woken.try_emplace(r.a, r.at, static_cast<std::uint32_t>(i));
        if (r.kind != RecordKind::sched_switch) continue;
        woken.erase(r.task);
        const auto it = woken.find(r.a);
        if (it == woken.end()) continue;
        waits.push_back({r.at - it->second.first, it->second.first, it->second.second, static_cast<std::uint32_t>(i), r.a});
        woken.erase(it);
    }
    CHECK(index.tallies().kinds_before(log, log.size()) == plain);
    std::uint64_t all = 0;
    for (const std::uint64_t n : index.tallies().waits()) all += n;
    CHECK(all == waits.size());
    std::sort(waits.begin(), waits.end(), [](const WaitRecord& a, const WaitRecord& b) {
        return a.length != b.length ? a.length > b.length : a.run < b.run;
    });
    waits.resize(std::min(waits.size(), kLongestWaits));
    CHECK(index.tallies().longest() == waits);
    CHECK(wait_class(1) == 0);
    CHECK(wait_class(1'023) == 9);
    CHECK(wait_class(1'024) == 10);
}

TEST_CASE("the index of a long run takes at most a fifth of its log's memory") {
    for (const char* source :
         {"machine { cpus 2 hz 1000 scheduler cfs until 4s } device keyboard irq 1 every 300us "
          "process editor x8 { forever { run 90us read keyboard } } process hog x4 { forever { run 3ms yield } }",
          "machine { until 4s } pipe there pipe back process ping { forever { write there read back } }"
          " process pong { forever { read there write back } }",
          "machine { hz 1000 scheduler rr quantum=1ms until 30s } process hog x200 { forever { run 100s } }",
          "machine { scheduler rr until 2s } process polite x2 { forever { yield } }"}) {
        CAPTURE(source);
        Scenario scenario;
        Diagnostics mistakes;
        REQUIRE(parse_scenario(source, "test.scn", scenario, mistakes));
        BootError error;
        std::optional<Kernel> k = Kernel::boot(scenario, error);
        REQUIRE(k);
        std::vector<TaskId> idle;
        for (const Cpu& cpu : k->cpus) idle.push_back(cpu.idle);
        TraceIndex index(idle, k->tasks.size());
        Log log;
        k->run({.records = 200'000}, &log);
        index.follow(log);
        REQUIRE(log.size() > 50'000);
        const double share = static_cast<double>(index.bytes()) / static_cast<double>(log.size() * sizeof(Record));
        MESSAGE("share of the log's memory: ", share);
        CHECK(share <= 0.20);
    }
}
