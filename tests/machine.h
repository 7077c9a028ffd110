// What the tests of the kernel share: a machine from a few lines of scenario text, and ways to ask
// what happened.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/kernel/text.h"
#include "sim/scenario/parse.h"

namespace sy::test {

// How many random cases a test tries: all of them in a build that CI runs, a twentieth in an unoptimised build, so
// that the whole set stays quick while one works.
constexpr std::uint64_t cases(std::uint64_t all) {
#ifdef __OPTIMIZE__
    return all;
#else
    return (all + 19) / 20;
#endif
}

inline Scenario scenario(std::string_view text) {
    Scenario s;
    Diagnostics diags;
    const bool ok = parse_scenario(text, "test.scn", s, diags);
    std::string messages;
    for (const Diagnostic& d : diags.list()) messages += d.headline("test.scn", Lang::en) + "\n";
    INFO(messages);
    REQUIRE(ok);
    return s;
}

inline Kernel boot(const Scenario& s) {
    BootError error;
    std::optional<Kernel> k = Kernel::boot(s, error);
    INFO(error.text);
    REQUIRE(k.has_value());
    return *k;
}

// A machine that has run to its end, with everything that happened.
struct Run {
    Kernel k;
    Log log;
};
inline Run run(std::string_view text) {
    Run r{boot(scenario(text)), {}};
    r.k.run({}, &r.log);
    return r;
}

// The task of this comm or label; the test fails if there is none.
inline TaskId task(const Kernel& k, std::string_view name) {
    for (TaskId id = 0; id < k.tasks.size(); ++id)
        if (k.tasks[id].name() == name || k.tasks[id].comm_view() == name) return id;
    FAIL("no task " << name);
    return kNoTask;
}

// Who ran on a CPU, one letter for each `period`: the first letter of the task that had the CPU for
// the larger part of it, '.' for idle time. The pictures in linux.md 6.4.10 are of this kind.
inline std::string picture(const Run& r, Nanos period, std::size_t letters, CpuId cpu = 0) {
    std::string out;
    TaskId current = r.k.cpus[cpu].idle;
    std::size_t next = 0;
    std::vector<const Record*> switches;
    for (const Record& rec : r.log)
        if (rec.kind == RecordKind::sched_switch && rec.cpu == cpu) switches.push_back(&rec);
    for (std::size_t i = 0; i < letters; ++i) {
        const Nanos from = static_cast<Nanos>(i) * period, to = from + period;
        std::vector<std::pair<TaskId, Nanos>> shares;
        const auto add = [&](TaskId t, Nanos n) {
            for (auto& s : shares)
                if (s.first == t) {
                    s.second += n;
                    return;
                }
            shares.emplace_back(t, n);
        };
        Nanos at = from;
        while (next < switches.size() && switches[next]->at < to) {
            add(current, std::max<Nanos>(0, switches[next]->at - at));
            at = std::max(at, switches[next]->at);
            current = switches[next++]->a;
        }
        add(current, to - at);
        const auto most = std::max_element(shares.begin(), shares.end(),
                                           [](auto& a, auto& b) { return a.second < b.second; });
        out += most->first == r.k.cpus[cpu].idle ? '.' : r.k.tasks[most->first].name()[0];
    }
    return out;
}

// Names of the routines a task is in, innermost first.
inline std::vector<std::string> chain(const Kernel& k, TaskId id) {
    std::vector<std::string> out;
    for (const std::uint64_t a : k.call_chain(id)) {
        const std::string symbol = kernel_text().symbolize(a);
        out.push_back(symbol.substr(0, symbol.find('+')));
    }
    return out;
}

// "a < b < c": for messages and comparisons.
inline std::string join(const std::vector<std::string>& words, std::string_view between = " < ") {
    std::string out;
    for (const std::string& w : words) out += (out.empty() ? "" : std::string(between)) + w;
    return out;
}

}  // namespace sy::test
