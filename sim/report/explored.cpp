#include "sim/report/explored.h"

#include <nlohmann/json.hpp>

#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy {

namespace {

using Json = nlohmann::ordered_json;

std::string place(const CodePlace& p) {
    return std::to_string(p.pos.line) + ":" + std::to_string(p.pos.column) + (p.text.empty() ? "" : " `" + p.text + "`");
}
std::string number(std::uint64_t n) { return grouped(static_cast<std::int64_t>(n)); }

Text bound_in_words(const ExploreBound& b) {
    Text out = b.preemptions < 0 ? text("no bound on preemptions: ", "不限抢占次数：")
                                 : text("up to {0} preemptions: ", "至多 {0} 次抢占：", {std::to_string(b.preemptions)});
    const Text counts = text("{0} schedules visited, {1} pruned, {2} too long; {3} failures; ", "访问了 {0} 个调度，剪去 {1} 个，{2} 个太长；{3} 个失败；",
                             {number(b.schedules), number(b.pruned), number(b.cut), number(b.failures)});
    const Text state = b.complete ? text("complete", "已穷尽") : text("not complete", "未穷尽");
    out.en += counts.en + state.en;
    out.zh += counts.zh + state.zh;
    if (b.over_bound != 0) {
        const Text more = text(" ({0} choices needed one preemption more)", "（{0} 个选择还需要多一次抢占）", {number(b.over_bound)});
        out.en += more.en;
        out.zh += more.zh;
    }
    return out;
}

Json of_place(const CodePlace& p) {
    if (p.pos.line == 0) return nullptr;
    return {{"line", p.pos.line}, {"column", p.pos.column}, {"text", p.text}, {"symbol", p.symbol}};
}

}  // namespace

Text turn_in_words(const ExploreTurn& turn) {
    const std::string cpu = std::to_string(turn.cpu), n = std::to_string(turn.operations);
    if (turn.task.empty())
        return text("the store buffer of CPU {0}: {1} stores reach memory", "CPU {0} 的存储缓冲：{1} 次写入到达内存", {cpu, n});
    Text out = text("{0} on CPU {1}: {2} operations from {3}", "{0}（CPU {1}）：{2} 个操作，从 {3} 开始", {turn.task, cpu, n, place(turn.from)});
    if (turn.before.pos.line == 0) return out;
    const Text end = turn.preempted ? text("; preempted before {0}", "；在 {0} 之前被抢占", {place(turn.before)})
                                    : text("; stops before {0}", "；停在 {0} 之前", {place(turn.before)});
    return {out.en + end.en, out.zh + end.zh};
}

std::string exploration_as_text(const ExploreReport& report, const std::string& file, Lang lang) {
    std::string out;
    for (const ExploreBound& b : report.bounds) out += bound_in_words(b).in(lang) + "\n";
    out += text("{0} schedules, {1} transitions, {2} different final states; the longest schedule has {3} transitions\n",
                "共 {0} 个调度，{1} 次转移，{2} 种不同的最终状态；最长的调度有 {3} 次转移\n",
                {number(report.schedules), number(report.transitions), number(report.final_states.size()), number(report.deepest)}).in(lang);
    if (!report.trouble.empty()) out += (lang == Lang::zh ? report.trouble_zh : report.trouble) + "\n";
    for (const FoundSchedule& f : report.found) {
        out += "\n" + text("FOUND ({0}) in schedule {1}, with {2} preemptions: {3}", "发现（{0}）：第 {1} 个调度，{2} 次抢占：{3}",
                           {outcome_name(f.outcome), std::to_string(f.number), std::to_string(f.preemptions), f.why.in(lang)}).in(lang) + "\n";
        int i = 0;
        for (const ExploreTurn& t : f.turns) {
            out += "  " + std::to_string(++i) + ". " + turn_in_words(t).in(lang) + "\n";
            if (i == 60 && f.turns.size() > 60) {
                out += "  … +" + std::to_string(f.turns.size() - 60) + "\n";
                break;
            }
        }
    }
    if (report.found.empty())
        out += (report.unbounded ? text("no failure in any order\n", "任何次序下都没有失败\n")
                : report.complete ? text("no failure within this bound\n", "在此限度内没有失败\n")
                                  : text("no failure in the schedules visited\n", "访问过的调度中没有失败\n")).in(lang);
    (void)file;
    return out;
}

std::string exploration_as_json(const ExploreReport& report, Lang lang) {
    Json j;
    j["schedules"] = report.schedules;
    j["pruned"] = report.pruned;
    j["transitions"] = report.transitions;
    j["deepest"] = report.deepest;
    j["final_states"] = report.final_states.size();
    j["complete"] = report.complete;
    j["all_orders"] = report.unbounded;
    j["bounds"] = Json::array();
    for (const ExploreBound& b : report.bounds) {
        Json e;
        e["preemptions"] = b.preemptions < 0 ? Json(nullptr) : Json(b.preemptions);
        e["schedules"] = b.schedules;
        e["pruned"] = b.pruned;
        e["too_long"] = b.cut;
        e["failures"] = b.failures;
        e["over_bound"] = b.over_bound;
        e["complete"] = b.complete;
        j["bounds"].push_back(e);
    }
    j["found"] = Json::array();
    for (const FoundSchedule& f : report.found) {
        Json e = {{"outcome", outcome_name(f.outcome)}, {"why", f.why.in(lang)}, {"schedule", f.number}, {"preemptions", f.preemptions}};
        e["turns"] = Json::array();
        for (const ExploreTurn& t : f.turns) {
            Json turn = {{"task", t.task.empty() ? Json(nullptr) : Json(t.task)}, {"cpu", t.cpu}, {"operations", t.operations}};
            turn["from"] = of_place(t.from);
            turn["before"] = of_place(t.before);
            turn["preempted"] = t.preempted;
            turn["words"] = turn_in_words(t).in(lang);
            e["turns"].push_back(turn);
        }
        j["found"].push_back(e);
    }
    if (!report.trouble.empty()) j["trouble"] = lang == Lang::zh ? report.trouble_zh : report.trouble;
    return j.dump(2) + "\n";
}

}  // namespace sy
