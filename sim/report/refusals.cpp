#include "sim/report/refusals.h"

#include "sim/report/rows.h"
#include "sim/session/load.h"

namespace sy {

std::vector<Refusal> refusals(const Kernel& k, const Log& log) {
    std::vector<Refusal> out;
    for (const Record& r : log) {
        if (r.kind != RecordKind::sched_setattr_failed) continue;
        Refusal refusal{.at = r.at, .task = r.a, .policy = static_cast<Policy>(r.b)};
        Text reason;
        switch (r.c) {
            case 16:
                refusal.error = "EBUSY";
                reason = text("the shares runtime / period of all deadline tasks would be more than the CPUs may give (admission test)",
                              "所有 deadline 任务的 runtime / period 之和会超过 CPU 可给的上限（准入测试）");
                break;
            case 1:
                refusal.error = "EPERM";
                reason = text("a deadline task must be allowed on all CPUs: the admission test counts them all",
                              "deadline 任务必须允许在所有 CPU 上运行：准入测试计入了全部 CPU");
                break;
            default:
                refusal.error = r.c == 22 ? "EINVAL" : std::to_string(r.c);
                reason = text("its parameters are out of range", "参数超出范围");
                break;
        }
        const std::string name(k.tasks[refusal.task].name());
        refusal.why = text("{0}: {1} did not become {2}: {3}: {4}; it stays {5}", "{0}：{1} 未能成为 {2}：{3}：{4}；它仍是 {5}",
                           {show_time(r.at), name, policy_name(refusal.policy), refusal.error, "%", policy_name(k.tasks[refusal.task].policy)});
        const auto fill = [](std::string& sentence, const std::string& with) { sentence.replace(sentence.find('%'), 1, with); };
        fill(refusal.why.en, reason.en);
        fill(refusal.why.zh, reason.zh);
        out.push_back(std::move(refusal));
    }
    return out;
}

}  // namespace sy
