#include "sim/sched/chain.h"

namespace sy {

namespace {

constexpr std::array kAboveFair = {ClassId::stop, ClassId::deadline, ClassId::rt};

}  // namespace

const char* class_name(ClassId id) {
    static constexpr const char* names[] = {"stop", "deadline", "rt", "fair", "idle"};
    return names[static_cast<int>(id)];
}

ClassChain::ClassChain(int cpus, const RtSettings& rt, std::unique_ptr<SchedClass> fair)
    : class_{SchedClassBox(make_stop_class(cpus)), SchedClassBox(std::make_unique<RtClass>(cpus, rt)),
             SchedClassBox(std::make_unique<RtClass>(cpus, rt)), SchedClassBox(std::move(fair)),
             SchedClassBox(make_idle_class(cpus))},
      upper_(static_cast<std::size_t>(cpus)) {}

void ClassChain::enqueue(SchedView v, TaskId task, Enqueue why) {
    const ClassId id = v.peek(task).sched_class;
    if (id < ClassId::fair) ++upper_[v.cpu];
    cls(id).enqueue(v, task, why);
}

void ClassChain::dequeue(SchedView v, TaskId task, Dequeue why) {
    const ClassId id = v.peek(task).sched_class;
    cls(id).dequeue(v, task, why);
    if (id < ClassId::fair) --upper_[v.cpu];
}

TaskId ClassChain::pick_next(SchedView v) {
    if (upper_[v.cpu] != 0) [[unlikely]] {
        for (const ClassId id : kAboveFair) {
            const TaskId t = cls(id).pick_next(v);
            if (t == kNoTask) continue;
            class_[kFair]->passed_over(v);
            return t;
        }
    }
    return class_[kFair]->pick_next(v);
}

bool ClassChain::check_preempt(SchedView v, TaskId curr, TaskId wakee) {
    const ClassId runs = v.peek(curr).sched_class, wakes = v.peek(wakee).sched_class;
    if (runs != wakes) return wakes < runs;
    return cls(runs).check_preempt(v, curr, wakee);
}

void ClassChain::fork(SchedView v, TaskId parent, TaskId child) {
    // A parent of another class has no place there that the child could begin from.
    const bool same = parent != kNoTask && v.peek(parent).sched_class == v.peek(child).sched_class;
    of(v, child).fork(v, same ? parent : kNoTask, child);
}

// Only the fair class has weights; a real-time task keeps its nice value for the day it comes back.
void ClassChain::reweight(SchedView v, TaskId task, bool queued) {
    const bool is_fair = v.peek(task).sched_class == ClassId::fair;
    class_[kFair]->reweight(v, task, is_fair && queued);
}

std::uint32_t ClassChain::runnable_above_fair(CpuId cpu) const {
    std::uint32_t n = 0;
    for (const ClassId id : kAboveFair) n += cls(id).runnable(cpu);
    return n;
}

std::vector<std::pair<std::string, std::int64_t>> ClassChain::numbers(CpuId cpu) const {
    auto out = class_[kFair]->numbers(cpu);
    if (upper_[cpu] == 0) return out;
    for (const ClassId id : kAboveFair)
        if (cls(id).runnable(cpu) != 0)
            for (auto& pair : cls(id).numbers(cpu)) out.push_back(std::move(pair));
    return out;
}

PickReason ClassChain::explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    const bool prev_is_fair = prev == kNoTask || tasks[prev].sched_class == ClassId::fair;
    for (const ClassId id : kAboveFair) {
        if (cls(id).runnable(cpu) == 0) continue;
        const bool own = prev != kNoTask && tasks[prev].sched_class == id;
        PickReason why = cls(id).explain(tasks, cpu, own ? prev : kNoTask);
        if (why.winner == kNoTask) continue;
        if (class_[kFair]->runnable(cpu) != 0) {
            why.rule += std::string("; class ") + class_name(id) + " is asked before fair";
            why.rule_zh += std::string("；调度类 ") + class_name(id) + " 先于 fair 被询问";
        }
        return why;
    }
    return class_[kFair]->explain(tasks, cpu, prev_is_fair ? prev : kNoTask);
}

void ClassChain::mix(Fingerprint& print) const {
    for (const SchedClassBox& c : class_) c->mix(print);
    for (const std::uint32_t n : upper_) print.mix(n);
}

std::string ClassChain::check(const TaskTable& tasks, CpuId cpu) const {
    for (const SchedClassBox& c : class_)
        if (std::string fault = c->check(tasks, cpu); !fault.empty()) return fault;
    if (runnable_above_fair(cpu) > upper_[cpu]) return "the count of tasks above the fair class is wrong";
    return {};
}

}  // namespace sy
