#include "sim/session/deadlock.h"

#include <algorithm>

namespace sy {
namespace {

std::string who(const Kernel& k, TaskId id) {
    return std::string(k.tasks[id].name()) + " (pid " + std::to_string(k.tasks[id].pid) + ")";
}

// "the mutex m", "bytes in pipe p", "the end of thread w".
Text what(const LockView& lock) {
    const std::string kind = lock_kind_name(lock.kind), kind_zh = lock_kind_name_zh(lock.kind);
    if (lock.kind == LockView::Kind::child) return text("the end of a child", "子进程结束");
    if (lock.kind == LockView::Kind::thread) return text("the end of thread {0}", "线程 {0} 结束", {lock.name});
    return {.en = kind + " " + lock.name, .zh = kind_zh + " " + lock.name};
}

}  // namespace

std::vector<Text> explain_deadlocks(const Kernel& k, const WaitGraph& graph) {
    std::vector<Text> out;
    for (const std::vector<DeadlockLink>& cycle : graph.cycles) {
        Text all;
        for (std::size_t i = 0; i < cycle.size(); ++i) {
            const LockView& wanted = graph.locks[cycle[i].lock];
            const LockView& held = graph.locks[cycle[(i + cycle.size() - 1) % cycle.size()].lock];
            const Text w = what(wanted), h = what(held);
            const std::string name = who(k, cycle[i].task);
            if (!all.en.empty()) {
                all.en += "; ";
                all.zh += "；";
            }
            if (held.is_owned && held.kind != LockView::Kind::thread) {
                all.en += name + " holds " + h.en + " and waits for " + w.en;
                all.zh += name + " 持有" + h.zh + "，等待" + w.zh;
            } else {
                all.en += name + " waits for " + w.en;
                all.zh += name + " 等待" + w.zh;
            }
        }
        const std::string first = std::string(k.tasks[cycle.front().task].name());
        all.en += cycle.size() == 1 ? "; only " + first + " itself could end this wait" : "; so the circle closes at " + first;
        all.zh += cycle.size() == 1 ? "；只有 " + first + " 自己能结束这个等待" : "；于是在 " + first + " 处成环";
        out.push_back(std::move(all));
    }
    return out;
}

Text explain_wait(const Kernel& k, const WaitGraph& graph, TaskId task) {
    const int index = lock_waited_for(graph, task);
    if (index < 0) return {};
    const LockView& lock = graph.locks[static_cast<std::size_t>(index)];
    const Text w = what(lock);
    std::string holders;
    for (std::size_t i = 0; i < lock.holders.size() && i < 4; ++i) holders += (i == 0 ? "" : ", ") + who(k, lock.holders[i]);
    if (lock.holders.size() > 4) holders += ", … +" + std::to_string(lock.holders.size() - 4);
    const std::string name = who(k, task);
    if (lock.abandoned)
        return {.en = name + " waits for " + w.en + ", whose owner has exited without unlocking it",
                .zh = name + " 等待" + w.zh + "，其持有者已退出而没有解锁"};
    if (holders.empty())
        return {.en = name + " waits for " + w.en + (lock.outside ? "" : "; no task is left that could end this"),
                .zh = name + " 等待" + w.zh + (lock.outside ? "" : "；没有任务能结束这个等待")};
    return {.en = name + " waits for " + w.en + (lock.is_owned ? ", held by " : ", which may come from ") + holders,
            .zh = name + " 等待" + w.zh + (lock.is_owned ? "，持有者：" : "，可能来自：") + holders};
}

std::uint64_t deadlock_count(const Kernel& kernel, const Log& log, Nanos until) {
    std::uint64_t recorded = 0;
    for (const Record& r : log) {
        if (r.at > until) break;
        if (r.kind == RecordKind::deadlock) ++recorded;
    }
    return std::max<std::uint64_t>(recorded, wait_graph(kernel).cycles.size());
}

}  // namespace sy
