#include "sim/report/side_by_side.h"

#include <algorithm>

#include "sim/session/load.h"

namespace sy {
namespace {

std::string name_of(const Kernel& k, TaskId task) {
    return task < k.cpus.size() ? std::string() : std::string(k.tasks[task].name());
}

}  // namespace

std::vector<std::vector<Occupancy>> occupancy_of(const Kernel& end, const Log& log) {
    std::vector<std::vector<Occupancy>> out(end.cpus.size());
    for (const Cpu& cpu : end.cpus) out[cpu.id].push_back({0, 0, cpu.idle});
    for (const Record& r : log) {
        if (r.kind != RecordKind::sched_switch || r.cpu >= out.size()) continue;
        auto& cpu = out[r.cpu];
        cpu.back().end = r.at;
        if (cpu.back().end == cpu.back().begin) cpu.pop_back();
        if (!cpu.empty() && cpu.back().task == r.a)
            cpu.back().end = 0;  // it had only been away for no time
        else
            cpu.push_back({r.at, 0, r.a});
    }
    for (auto& cpu : out) {
        cpu.back().end = std::max(end.now(), cpu.back().begin);
        if (cpu.size() > 1 && cpu.back().end == cpu.back().begin) cpu.pop_back();
    }
    return out;
}

std::string occupant(const Kernel& end, const std::vector<Occupancy>& cpu, Nanos at) {
    const auto after = std::upper_bound(cpu.begin(), cpu.end(), at,
                                        [](Nanos t, const Occupancy& o) { return t < o.begin; });
    if (after == cpu.begin() || (after - 1)->end <= at) return {};
    return name_of(end, (after - 1)->task);
}

SideBySide side_by_side(const Kernel& a, const std::vector<std::vector<Occupancy>>& in_a,
                        const Kernel& b, const std::vector<std::vector<Occupancy>>& in_b) {
    SideBySide out;
    out.length = std::max<Nanos>({a.now(), b.now(), 1});
    const std::size_t cpus = std::max(in_a.size(), in_b.size());
    const std::vector<Occupancy> none;
    Nanos unlike = 0;
    for (std::size_t c = 0; c < cpus; ++c) {
        const auto& x = c < in_a.size() ? in_a[c] : none;
        const auto& y = c < in_b.size() ? in_b[c] : none;
        std::vector<Nanos> marks = {0, out.length};
        for (const auto* side : {&x, &y})
            for (const Occupancy& o : *side) {
                marks.push_back(o.begin);
                marks.push_back(o.end);
            }
        std::sort(marks.begin(), marks.end());
        std::size_t i = 0, j = 0;
        for (std::size_t m = 0; m + 1 < marks.size(); ++m) {
            const Nanos from = marks[m], to = marks[m + 1];
            if (to <= from) continue;
            while (i < x.size() && x[i].end <= from) ++i;
            while (j < y.size() && y[j].end <= from) ++j;
            const std::string here = i < x.size() ? name_of(a, x[i].task) : "";
            const std::string there = j < y.size() ? name_of(b, y[j].task) : "";
            if (here == there) continue;
            unlike += to - from;
            const auto cpu = static_cast<CpuId>(c);
            if (!out.differences.empty() && out.differences.back().cpu == cpu &&
                out.differences.back().end == from)
                out.differences.back().end = to;
            else
                out.differences.push_back({cpu, from, to});
        }
    }
    std::stable_sort(out.differences.begin(), out.differences.end(),
                     [](const Difference& p, const Difference& q) { return p.begin < q.begin; });
    __extension__ using Wide = __int128;
    const Wide all =
        static_cast<Wide>(out.length) * static_cast<Wide>(std::max<std::size_t>(cpus, 1));
    out.same_permille = static_cast<std::int64_t>((all - unlike) * 1000 / all);
    return out;
}

Text parting_text(const Kernel& a, const std::vector<std::vector<Occupancy>>& in_a, const Kernel& b,
                  const std::vector<std::vector<Occupancy>>& in_b, const SideBySide& both) {
    if (both.differences.empty())
        return text("the same task on every CPU at every moment",
                    "每个时刻每个 CPU 上都是同一个任务");
    const Difference& d = both.differences.front();
    const auto who = [&](const Kernel& k, const std::vector<std::vector<Occupancy>>& in) {
        const std::string name =
            d.cpu < in.size() ? occupant(k, in[d.cpu], d.begin) : std::string();
        return name.empty() ? std::string("-") : name;
    };
    const std::string part =
        std::to_string(both.same_permille / 10) + "." + std::to_string(both.same_permille % 10);
    return text(
        "they part at {0} on CPU {1}: {2} in the first run, {3} in the second; alike for {4} % of "
        "the time",
        "在 {0} 于 CPU {1} 分道：第一次运行是 {2}，第二次是 {3}；{4} % 的时间相同",
        {show_time(d.begin), std::to_string(d.cpu), who(a, in_a), who(b, in_b), part});
}

}  // namespace sy
