// What the measurements of a real kernel count (shares, switches a second, lengths of turns, wakeup latencies), of a
// simulated run: shared by the tests that hold one to the other.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "machine.h"

namespace sy::test {


inline Run measured(const std::string& name) {
    std::ifstream file(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/real_kernel/" + name + ".scn");
    REQUIRE(file.good());
    return run(std::string{std::istreambuf_iterator<char>(file), {}});
}

// What the measurements count, of one task.
struct Measure {
    double cpu = 0, share = 0;             // ms; % of the workload's tasks
    double vol = 0, invol = 0;             // switch-outs a second
    std::vector<double> turns, latencies;  // ms, us
    double median() const {
        auto t = turns;
        std::sort(t.begin(), t.end());
        return t.empty() ? 0 : t[t.size() / 2];
    }
};
inline double mean(const std::vector<double>& v) {
    double sum = 0;
    for (double x : v) sum += x;
    return v.empty() ? 0 : sum / static_cast<double>(v.size());
}
inline std::map<std::string, Measure> measure(const Run& r) {
    std::map<std::string, Measure> out;
    std::map<TaskId, Nanos> waking, began;
    const auto mine = [&](TaskId t) {
        return r.k.tasks[t].counts_as_living ||
               (!r.k.tasks[t].is_kthread() && r.k.tasks[t].pid > 1);
    };
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::sched_waking) waking[rec.a] = rec.at;
        if (rec.kind != RecordKind::sched_switch) continue;
        if (rec.task != rec.a && rec.task >= r.k.cpus.size() && mine(rec.task)) {
            Measure& m = out[std::string(r.k.tasks[rec.task].name())];
            ((rec.b & 0xff) == 'R' ? m.invol : m.vol) += 1;
            m.turns.push_back(static_cast<double>(rec.at - began[rec.task]) / 1e6);
        }
        began[rec.a] = rec.at;
        if (waking.count(rec.a) != 0 && rec.a >= r.k.cpus.size() && mine(rec.a)) {
            out[std::string(r.k.tasks[rec.a].name())].latencies.push_back(
                static_cast<double>(rec.at - waking[rec.a]) / 1e3);
            waking.erase(rec.a);
        }
    }
    double all = 0;
    for (TaskId t = 0; t < r.k.tasks.size(); ++t)
        if (mine(t) && t >= r.k.cpus.size()) all += static_cast<double>(r.k.cpu_time(t)) / 1e6;
    const double seconds = static_cast<double>(r.k.now()) / 1e9;
    for (TaskId t = 0; t < r.k.tasks.size(); ++t) {
        if (!mine(t) || t < r.k.cpus.size()) continue;
        Measure& m = out[std::string(r.k.tasks[t].name())];
        m.cpu = static_cast<double>(r.k.cpu_time(t)) / 1e6;
        m.share = 100 * m.cpu / all;
        m.vol /= seconds;
        m.invol /= seconds;
    }
    return out;
}

}  // namespace sy::test
