#include "sim/report/play.h"

#include <algorithm>

#include "sim/report/json_text.h"
#include "sim/report/side_by_side.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy {
namespace {

// A finished run with all that is compared.
struct Played {
    Kernel end;
    Log log;
    Comparison figures;
    std::vector<std::vector<Occupancy>> cpus;
};
std::optional<Played> run(const Scenario& s, const std::string& name, std::uint64_t most_steps) {
    BootError error;
    auto kernel = Kernel::boot(s, error);
    if (!kernel) return std::nullopt;
    Played out{.end = std::move(*kernel), .log = {}, .figures = {}, .cpus = {}};
    run_batch(out.end, out.log, {}, {.steps = most_steps});
    out.figures = compare_row(out.end, out.log, name);
    out.cpus = occupancy_of(out.end, out.log);
    return out;
}

std::string name_of(const Play& play, TaskId id) { return std::string(play.now().tasks[id].name()); }

// Is this run better than the best so far? Only runs in which all have finished count.
bool is_better(const Played& run, const std::optional<Played>& best) {
    if (run.figures.finished != run.figures.tasks || run.end.end() != End::all_exited) return false;
    return !best || total_turnaround(run.end) < total_turnaround(best->end);
}

std::string milli(std::optional<std::int64_t> ns) { return ns ? show_time(*ns) : "-"; }

void figures_json(std::string& out, const char* key, const Comparison& c) {
    const auto value = [](const std::optional<std::int64_t>& v) { return v ? std::to_string(*v) : std::string("null"); };
    out += std::string(",\n  \"") + key + "\": {\"scheduler\": " + json_text(c.scheduler) + ", \"turnaround_mean_ns\": " + value(c.turnaround.mean) +
           ", \"waiting_mean_ns\": " + value(c.waiting.mean) + ", \"response_mean_ns\": " + value(c.response.mean) +
           ", \"switches\": " + std::to_string(c.voluntary + c.involuntary) + ", \"end_ns\": " + std::to_string(c.end) + "}";
}

}  // namespace

PlayBurst burst_of(const Kernel& k, CpuId cpu, TaskId task) {
    PlayBurst out;
    for (const QueueBand& band : k.sched->explain(k.tasks, cpu, k.cpus[cpu].curr).queue.bands)
        for (const QueueEntry& e : band.entries) {
            if (e.row.task != task) continue;
            for (const auto& n : e.numbers) {
                if (std::string_view(n.name) == "burst_left_ns") out.left = n.value;
                if (std::string_view(n.name) == "ran_ns") out.ran = n.value;
            }
        }
    return out;
}

std::optional<PlayScore> score_play(const Scenario& scenario, const PlayOptions& options, const Play& play, std::uint64_t most_steps) {
    const std::uint64_t limit = options.steps;
    auto you = run(play.scenario(), "hand", limit);
    auto policy = run(scenario, scenario.machine.scheduler, limit);
    if (!you || !policy) return std::nullopt;
    PlayScore out;
    out.you = you->figures;
    out.policy = policy->figures;
    const SideBySide both = side_by_side(you->end, you->cpus, policy->end, policy->cpus);
    if (!both.differences.empty()) out.from_policy = parting_text(you->end, you->cpus, policy->end, policy->cpus, both);
    if (most_steps == 0) return out;
    out.search = best_play(scenario, options, most_steps);
    std::optional<Played> best;
    if (out.search.found) {
        BootError error;
        auto again = Play::open(scenario, options, error);
        bool is_same = again.has_value();
        for (const TaskId id : out.search.picks) is_same = is_same && again->pick(id);
        if (is_same) best = run(again->scenario(), "best", limit);
        out.best_name = "search";
        for (std::size_t i = 0; is_same && i < std::min(play.made().size(), again->made().size()) && !out.from_best; ++i)
            if (play.made()[i].chosen != again->made()[i].chosen)
                out.from_best = PlayParting{i + 1, play.made()[i].at, name_of(play, play.made()[i].chosen), name_of(*again, again->made()[i].chosen)};
    }
    // What was not proven may be beaten: by the policy itself, by SRTF, by what the person did.
    if (!out.search.is_proven) {
        const auto consider = [&](std::optional<Played> r, const std::string& name) {
            if (!r || !is_better(*r, best)) return;
            best = std::move(r);
            out.best_name = name;
            out.from_best.reset();
        };
        Scenario srtf = scenario;
        Text why;
        if (choose_scheduler(srtf, "srtf", why)) consider(run(srtf, "srtf", limit), "srtf");
        consider(std::move(policy), scenario.machine.scheduler);
        if (you->figures.finished == you->figures.tasks) consider(std::move(you), "you");
    }
    if (!best) {
        out.how = text("no best possible: the run does not end by itself, or is too long to be searched", "没有最优值：运行不会自己结束，或太长而无法搜索");
        return out;
    }
    out.best = best->figures;
    const Nanos mine = total_turnaround(play.now()), theirs = total_turnaround(best->end);
    out.permille = mine > 0 ? std::min<std::int64_t>(1000, theirs * 1000 / mine) : 1000;
    const std::string count = std::to_string(out.search.schedules);
    out.how = out.search.is_proven
                  ? text("the least mean turnaround of all schedules with these decisions, by branch and bound ({0} played to the end)",
                         "这些决定的所有调度中最小的平均周转时间，用分支限界得到（完整运行 {0} 个）", {count})
                  : text("the least mean turnaround that was found ({0}); not all schedules were tried. On one CPU, with tasks that only compute, "
                         "shortest remaining time first is the optimum",
                         "找到的最小平均周转时间（{0}）；没有试完所有调度。单 CPU 且任务只做计算时，最短剩余时间优先是最优的", {out.best_name});
    return out;
}

std::string play_as_text(const Scenario& scenario, const Play& play, const std::optional<PlayScore>& score, Lang lang) {
    std::string out;
    std::size_t n = 0;
    for (const PlayDecision& d : play.made()) {
        std::string others;
        for (const TaskId id : d.candidates) others += (others.empty() ? "" : ", ") + name_of(play, id);
        out += text("{0}. {1}, CPU {2}: {3} of {4}", "{0}. {1}，CPU {2}：从 {4} 中选 {3}",
                    {std::to_string(++n), show_time(d.at), std::to_string(d.cpu), name_of(play, d.chosen), others}).in(lang) + "\n";
    }
    if (const PlayDecision* due = play.pending()) {
        out += text("Decision {0} is due at {1} on CPU {2}. Who runs next?", "在 {1}，CPU {2} 需要第 {0} 个决定。接下来谁运行？",
                    {std::to_string(n + 1), show_time(due->at), std::to_string(due->cpu)}).in(lang) + "\n";
        for (const TaskId id : due->candidates) {
            const PlayBurst burst = burst_of(play.now(), due->cpu, id);
            out += "  " + name_of(play, id) + text("  (pid {0}): wants {1} more, waited {2}{3}", "（pid {0}）：还要 {1}，已等 {2}{3}",
                                                 {std::to_string(play.now().tasks[id].pid), show_time(burst.left), show_time(play.now().wait_time(id)),
                                                  id == due->running ? text(", runs now", "，正在运行").in(lang) : std::string()}).in(lang) + "\n";
        }
        return out;
    }
    if (!score) return out;
    const auto row = [&](const std::string& who, const Comparison& c) {
        return std::vector<std::string>{who, milli(c.turnaround.mean), milli(c.waiting.mean), milli(c.response.mean),
                                        std::to_string(c.voluntary + c.involuntary), show_time(c.end)};
    };
    std::vector<std::vector<std::string>> rows = {
        {"", text("turnaround", "周转").in(lang), text("waiting", "等待").in(lang), text("response", "响应").in(lang), text("switches", "切换").in(lang), text("end", "结束").in(lang)},
        row(text("you", "你").in(lang), score->you), row(scenario.machine.scheduler, score->policy)};
    if (score->best) rows.push_back(row(text("best", "最优").in(lang), *score->best));
    std::vector<std::vector<std::string>> columns(rows[0].size());
    for (const auto& r : rows)
        for (std::size_t i = 0; i < r.size(); ++i) columns[i].push_back(r[i]);
    out += "\n" + columns_as_text(columns);
    if (score->permille)
        out += text("score: {0}.{1} % of the best possible", "得分：最优的 {0}.{1} %", {std::to_string(*score->permille / 10), std::to_string(*score->permille % 10)}).in(lang) + "\n";
    if (!score->how.en.empty()) out += text("best: {0}", "最优：{0}", {score->how.in(lang)}).in(lang) + "\n";
    out += score->from_policy.en.empty() ? text("you and {0} do the same", "你和 {0} 完全一样", {scenario.machine.scheduler}).in(lang) + "\n"
                                         : text("you / {0}: {1}", "你 / {0}：{1}", {scenario.machine.scheduler, score->from_policy.in(lang)}).in(lang) + "\n";
    if (score->from_best)
        out += text("you and the best part at decision {0}, {1}: you chose {2}, the best {3}", "你和最优在第 {0} 个决定（{1}）分开：你选 {2}，最优选 {3}",
                    {std::to_string(score->from_best->decision), show_time(score->from_best->at), score->from_best->yours, score->from_best->theirs}).in(lang) + "\n";
    return out;
}

std::string play_as_json(const Scenario& scenario, const Play& play, const std::optional<PlayScore>& score) {
    const auto names = [&](const PlayDecision& d) {
        std::string out = "[";
        for (std::size_t i = 0; i < d.candidates.size(); ++i) out += (i == 0 ? "" : ", ") + json_text(name_of(play, d.candidates[i]));
        return out + "]";
    };
    std::string out = "{\n  \"scenario\": " + json_text(scenario.file) + ",\n  \"complete\": " + (play.pending() == nullptr ? "true" : "false") + ",\n  \"decisions\": [";
    for (std::size_t i = 0; i < play.made().size(); ++i) {
        const PlayDecision& d = play.made()[i];
        out += std::string(i == 0 ? "" : ",") + "\n    {\"number\": " + std::to_string(i + 1) + ", \"time_ns\": " + std::to_string(d.at) + ", \"cpu\": " +
               std::to_string(d.cpu) + ", \"step\": " + std::to_string(d.step) + ", \"candidates\": " + names(d) + ", \"picked\": " + json_text(name_of(play, d.chosen)) + "}";
    }
    out += "\n  ],\n  \"pending\": ";
    if (const PlayDecision* due = play.pending()) {
        out += "{\"time_ns\": " + std::to_string(due->at) + ", \"cpu\": " + std::to_string(due->cpu) + ", \"candidates\": " + names(*due) +
               ", \"running\": " + (due->running == kNoTask ? "null" : json_text(name_of(play, due->running))) + "}";
    } else {
        out += "null";
    }
    if (score) {
        figures_json(out, "you", score->you);
        figures_json(out, "policy", score->policy);
        if (score->best) figures_json(out, "best", *score->best);
        else out += ",\n  \"best\": null";
        out += ",\n  \"score_permille\": " + (score->permille ? std::to_string(*score->permille) : "null") +
               ",\n  \"best_by\": " + json_text(score->best_name) + ",\n  \"best_is_proven\": " + (score->search.is_proven ? "true" : "false") +
               ",\n  \"schedules_played\": " + std::to_string(score->search.schedules) + ",\n  \"parts_from_policy\": " + json_text(score->from_policy.en) +
               ",\n  \"parts_from_best\": ";
        if (score->from_best)
            out += "{\"decision\": " + std::to_string(score->from_best->decision) + ", \"time_ns\": " + std::to_string(score->from_best->at) + ", \"you\": " +
                   json_text(score->from_best->yours) + ", \"best\": " + json_text(score->from_best->theirs) + "}";
        else
            out += "null";
    }
    return out + "\n}\n";
}

}  // namespace sy
