// The storyboard as JSON, one object for each episode (docs/json.md).
#include <nlohmann/json.hpp>

#include "sim/report/explain.h"
#include "sim/report/places.h"
#include "sim/sched/pelt.h"
#include "sim/report/queue_text.h"
#include "sim/session/smp_view.h"
#include "sim/session/smp_words.h"
#include "sim/session/storyteller.h"

namespace sy {
namespace {

using Json = nlohmann::ordered_json;

const char* kind_word(EpisodeKind kind) {
    static constexpr const char* kWords[] = {"process_switch",
                                             "thread_switch",
                                             "to_kernel_thread",
                                             "from_kernel_thread",
                                             "between_kernel_threads",
                                             "to_idle",
                                             "from_idle",
                                             "system_call",
                                             "interrupt",
                                             "user"};
    return kWords[static_cast<std::size_t>(kind)];
}
const char* phase_word(Phase phase) {
    static constexpr const char* kWords[] = {"entry", "work", "pick", "mm", "stack", "exit"};
    return kWords[static_cast<std::size_t>(phase)];
}
const char* fate_word(Fate fate) {
    static constexpr const char* kWords[] = {"saved", "kept", "replaced", "untouched"};
    return kWords[static_cast<std::size_t>(fate)];
}
const char* band_word(FateRow::Band band) {
    static constexpr const char* kWords[] = {"user", "register", "system"};
    return kWords[static_cast<std::size_t>(band)];
}

Json who(const Kernel& k, TaskId id) {
    if (id == kNoTask) return nullptr;
    const Task& t = k.tasks[id];
    return {{"pid", t.pid},
            {"tgid", t.tgid},
            {"comm", std::string(t.comm_view())},
            {"name", std::string(t.name())},
            {"kernel_thread", t.is_kthread()}};
}

// se.avg (PELT), as /proc/PID/sched has it.
Json averages_json(const Kernel& k, TaskId id, const SchedAvg& a) {
    return {{"task", who(k, id)},
            {"load_sum", a.load_sum},
            {"runnable_sum", a.runnable_sum},
            {"util_sum", a.util_sum},
            {"load_avg", a.load_avg},
            {"runnable_avg", a.runnable_avg},
            {"util_avg", a.util_avg},
            {"last_update_time", std::max<Nanos>(0, a.last_update_time - pelt::clock(0))}};
}

Json placement_json(const Kernel& k, const PlacementStory& s, Lang lang) {
    const Placement& p = s.placement;
    const auto in = [&](const Sentence& t) { return lang == Lang::zh && !t.zh.empty() ? t.zh : t.en; };
    Json rows = Json::array();
    for (const PlacementRow& r : s.rows)
        rows.push_back({{"cpu", r.cpu},
                        {"role", in(placement_roles(r))},
                        {"allowed", r.is_allowed},
                        {"idle", r.is_idle},
                        {"shares_cache", r.shares_cache},
                        {"chosen", r.is_chosen},
                        {"load_avg", r.load_avg},
                        {"util_avg", r.util_avg},
                        {"nr_running", r.nr_running},
                        {"why", in(r.why)}});
    return {{"task", who(k, p.task)}, {"at_ns", p.at},          {"waker", who(k, p.waker_task)},
            {"prev", p.prev},         {"waker_cpu", p.waker},   {"target", p.target},
            {"chosen", p.chosen},     {"affine", in(s.affine)}, {"rule", in(s.idle)},
            {"candidates", std::move(rows)}};
}

Json group_json(const GroupRow& g) {
    return {{"name", g.name},
            {"parent", g.parent},
            {"depth", g.depth},
            {"autogroup", g.is_autogroup},
            {"weight", g.weight},
            {"quota_ns", g.quota},
            {"period_ns", g.period},
            {"cpu_ns", g.cpu_time},
            {"load_avg", g.load_avg},
            {"runnable", g.runnable},
            {"throttled_cpus", cpu_list_text(g.throttled_cpus)},
            {"nr_periods", g.nr_periods},
            {"nr_throttled", g.nr_throttled},
            {"throttled_ns", g.throttled_time}};
}

Json step_json(const StoryStep& s, const PlaceNames& names, Lang lang) {
    const auto in = [&](const Sentence& t) {
        return lang == Lang::zh && !t.zh.empty() ? t.zh : t.en;
    };
    Json moves = Json::array();
    for (const Move& m : s.report.moves) {
        const std::string from = names.place(m.from);
        moves.push_back({{"from", from.empty() ? Json(nullptr) : Json(from)},
                         {"to", names.place(m.to)},
                         {"value", names.value(m.to, m.value)},
                         {"before", names.value(m.to, m.before)}});
    }
    return {{"step", s.report.number},      {"at_ns", s.report.at}, {"end_ns", s.report.end},
            {"phase", phase_word(s.phase)}, {"by", in(s.by)},       {"routine", s.routine},
            {"source", s.source},           {"what", in(s.what)},   {"why", in(s.why)},
            {"moves", std::move(moves)}};
}

}  // namespace

std::string explain_as_json(const Episode& e, const Kernel& k, Lang lang) {
    const auto in = [&](const Sentence& t) {
        return lang == Lang::zh && !t.zh.empty() ? t.zh : t.en;
    };
    const PlaceNames names(k);
    Json j;
    j["switch"] = e.switch_number == 0 ? Json(nullptr) : Json(e.switch_number);
    j["kind"] = kind_word(e.kind);
    j["cpu"] = e.cpu;
    j["begin_ns"] = e.begin;
    j["end_ns"] = e.end;
    j["first_step"] = e.first_step;
    j["last_step"] = e.last_step;
    j["leaves"] = who(k, e.prev);
    j["comes"] = who(k, e.next);
    j["title"] = in(e.title);
    j["reason"] = in(e.reason);
    j["in_one_line"] = in(e.in_one_line);
    if (e.pick.winner == kNoTask) {
        j["pick"] = nullptr;
    } else {
        Json candidates = Json::array();
        for (const QueueRow& c : e.pick.candidates)
            candidates.push_back({{"task", who(k, c.task)}, {"key", c.key}});
        const bool zh = lang == Lang::zh;
        j["pick"] = {{"winner", who(k, e.pick.winner)},
                     {"rule", zh ? e.pick.rule_zh : e.pick.rule},
                     {"tie", zh ? e.pick.tie_zh : e.pick.tie},
                     {"candidate_count", e.pick.candidate_count},
                     {"candidates", std::move(candidates)},
                     {"queue", Json::parse(picture_as_json(e.pick.queue, k))}};
    }
    j["phases"] = Json::array();
    for (const auto& [phase, sentence] : e.in_phases) {
        j["phases"].push_back({{"phase", phase_word(phase)}, {"text", in(sentence)}});
    }
    j["steps"] = Json::array();
    for (const StoryStep& s : e.steps) j["steps"].push_back(step_json(s, names, lang));
    j["contexts"] = Json::array();
    for (const FateRow& r : e.table) {
        j["contexts"].push_back({{"context", band_word(r.band)},
                                 {"part", r.part},
                                 {"fate", fate_word(r.fate)},
                                 {"where", in(r.where)},
                                 {"before", r.before},
                                 {"after", r.after}});
    }
    if (!e.placements.empty()) j["placements"] = Json::array();
    for (const PlacementStory& p : e.placements) j["placements"].push_back(placement_json(k, p, lang));
    if (!e.balances.empty()) j["balances"] = Json::array();
    for (const Sentence& s : e.balances) j["balances"].push_back(in(s));
    if (!e.run_queue.empty()) {
        j["run_queue"] = Json::object();
        for (const auto& [name, value] : e.run_queue) j["run_queue"][name] = value;
        j["averages"] = Json::array();
        for (const auto& [id, averages] : e.averages) j["averages"].push_back(averages_json(k, id, averages));
    }
    if (!e.groups.empty()) j["groups"] = Json::array();
    for (const GroupRow& g : e.groups) j["groups"].push_back(group_json(g));
    j["not_saved"] = Json::array();
    for (const NotSaved& n : e.not_saved)
        j["not_saved"].push_back({{"part", n.part}, {"why", in(n.why)}});
    return j.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sy
