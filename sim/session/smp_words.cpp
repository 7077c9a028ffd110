#include "sim/session/smp_words.h"

#include "sim/session/storyteller.h"

namespace sy {

namespace {

std::string cpu_name(CpuId c) { return "CPU " + std::to_string(c); }

const char* type_name(GroupType t) {
    static constexpr const char* names[] = {"has_spare", "fully_busy", "overloaded"};
    return names[static_cast<std::size_t>(t)];
}

}  // namespace

std::string cpu_list_text(std::uint64_t mask) {
    std::string out;
    for (int first = 0; first < 64; ++first) {
        if ((mask >> first & 1) == 0) continue;
        int last = first;
        while (last < 63 && (mask >> (last + 1) & 1) != 0) ++last;
        out += (out.empty() ? "" : ",") + std::to_string(first);
        if (last > first) out += "-" + std::to_string(last);
        first = last;
    }
    return out;
}

Sentence affine_words(const Placement& p) {
    const std::string w = cpu_name(p.waker), v = cpu_name(p.prev);
    const std::string loads = std::to_string(p.load_waker / 100) + " : " + std::to_string(p.load_prev / 100);
    switch (p.affine) {
        case AffineRule::none: return {};
        case AffineRule::not_wanted:
            return {"The waker's " + w + " is out of the question (affinity, or it wakes many in turn): " + v + " is the target.",
                    "唤醒者的 " + w + " 不予考虑（亲和性，或它轮流唤醒许多任务）：目标是 " + v + "。"};
        case AffineRule::same_cpu: return {"It ran on the waker's " + v + " before: that is the target.", "它之前就在唤醒者的 " + v + " 上：以它为目标。"};
        case AffineRule::both_idle:
            return {w + " and " + v + " share a cache and both are idle: the previous one, " + v + ", is the target.",
                    w + " 与 " + v + " 共享缓存且都空闲：以原来的 " + v + " 为目标。"};
        case AffineRule::waker_idle:
            return {"An interrupt woke it on idle " + w + ", which shares the cache with " + v + ": " + w + " is the target.",
                    "中断在空闲的 " + w + " 上唤醒它，且与 " + v + " 共享缓存：以 " + w + " 为目标。"};
        case AffineRule::sync_alone:
            return {"The waker is alone on " + w + " and about to sleep (sync wakeup): " + w + " is the target.",
                    "唤醒者独占 " + w + " 且即将睡眠（同步唤醒）：以 " + w + " 为目标。"};
        case AffineRule::prev_idle: return {"Its previous " + v + " is idle: that is the target.", "它原来的 " + v + " 空闲：以它为目标。"};
        case AffineRule::waker_lighter:
            return {"Neither is idle; with it the waker's " + w + " would carry less (" + loads + "): target " + w + ".",
                    "两者都不空闲；加上它之后唤醒者的 " + w + " 负载较轻（" + loads + "）：目标 " + w + "。"};
        case AffineRule::prev_lighter:
            return {"Neither is idle; the waker's " + w + " would not be lighter (" + loads + "): target " + v + ".",
                    "两者都不空闲；唤醒者的 " + w + " 并不更轻（" + loads + "）：目标 " + v + "。"};
    }
    return {};
}

Sentence idle_words(const Placement& p) {
    const std::string t = cpu_name(p.target), c = cpu_name(p.chosen);
    switch (p.idle) {
        case IdleRule::none: return {};
        case IdleRule::only_one: return {"Its affinity leaves only " + c + ".", "亲和性只允许 " + c + "。"};
        case IdleRule::target_idle: return {"The target is idle: it goes there.", "目标空闲：就去那里。"};
        case IdleRule::prev_idle: return {t + " is busy, but its previous " + c + " is idle: it goes there.", t + " 忙，但原来的 " + c + " 空闲：去那里。"};
        case IdleRule::recent_idle: return {t + " is busy; " + c + ", which it used before that, is idle: it goes there.", t + " 忙；再之前用过的 " + c + " 空闲：去那里。"};
        case IdleRule::idle_sibling: return {"No core is idle as a whole: it takes " + c + ", the idle thread beside.", "没有整个空闲的核：取旁边空闲的硬件线程 " + c + "。"};
        case IdleRule::idle_core: return {t + " is busy: it takes " + c + ", on a core that is idle as a whole.", t + " 忙：取 " + c + "，它所在的核整个空闲。"};
        case IdleRule::idle_cpu: return {t + " is busy: it takes idle " + c + " behind the same cache.", t + " 忙：取同一缓存后空闲的 " + c + "。"};
        case IdleRule::target_busy: return {"No CPU behind that cache is idle: it queues on " + c + ".", "该缓存后没有空闲的 CPU：在 " + c + " 上排队。"};
        case IdleRule::fallback: return {"It may not run there: " + c + " is the first one allowed.", "它不可在那里运行：" + c + " 是第一个允许的。"};
        case IdleRule::idlest: return {"A new task goes to the idlest group of CPUs, level by level: " + c + ".", "新任务逐级进入最闲的一组 CPU：" + c + "。"};
        case IdleRule::simple:
            return {"The CPU it ran on if that is idle, else the waker's, else the idle one with the lowest number, else the old one: " + c + ".",
                    "原来的 CPU 若空闲就用它，否则唤醒者的，再否则编号最小的空闲 CPU，再否则仍用原来的：" + c + "。"};
    }
    return {};
}

Sentence placement_words(const Kernel&, const Placement& p) {
    if (p.chosen == kNoCpu) return {"There is only this CPU.", "只有这一个 CPU。"};
    const Sentence a = affine_words(p), b = idle_words(p);
    if (p.idle == IdleRule::only_one || a.en.empty()) return b;
    return {a.en + " " + b.en, a.zh + b.zh};
}

Sentence balance_end_words(const BalanceNote& n) {
    const std::string src = cpu_name(n.src);
    switch (n.end) {
        case BalanceEnd::none: return {};
        case BalanceEnd::not_ours: return {"Another CPU of its group does it.", "由组里的另一个 CPU 来做。"};
        case BalanceEnd::no_group: return {"All other CPUs are idle.", "其他 CPU 都空闲。"};
        case BalanceEnd::balanced: return {"No group is busier than this one.", "没有比本组更忙的组。"};
        case BalanceEnd::within_pct: return {"The difference is below imbalance_pct: moving a task costs more.", "差距低于 imbalance_pct：移动任务得不偿失。"};
        case BalanceEnd::few_idle: return {"The idle CPUs are spread evenly enough.", "空闲 CPU 的分布已足够均匀。"};
        case BalanceEnd::no_queue: return {"No queue of that group has a task to give.", "该组没有队列能分出任务。"};
        case BalanceEnd::moved: return {"Moved " + std::to_string(n.moved) + " from " + src + ".", "从 " + src + " 移来 " + std::to_string(n.moved) + " 个。"};
        case BalanceEnd::all_pinned: return {"No task of " + src + " may move: running, pinned or cache-hot.", src + " 的任务都不能移动：在运行、被绑定或缓存还热。"};
        case BalanceEnd::active: return {"Only running tasks are left on " + src + ": its migration thread pushes one.", src + " 只剩正在运行的任务：由它的迁移线程推走一个。"};
    }
    return {};
}

Sentence balance_words(const Kernel& k, const BalanceNote& n) {
    if (n.at < 0 || n.dst >= k.cpus.size()) return {};
    const auto& domains = k.image().topology.cpus[n.dst].domains;
    if (n.level >= domains.size()) return {};
    const std::string name = domain_name(domains[n.level].kind);
    const std::string own = cpu_list_text(n.local_group), other = cpu_list_text(n.src_group);
    Sentence s{"Domain " + name + " of CPUs " + cpu_list_text(domains[n.level].span), "域 " + name + "（CPU " + cpu_list_text(domains[n.level].span) + "）"};
    if (n.src_group != 0) {
        s.en += ": here (" + own + ") " + type_name(n.local_type) + ", load " + std::to_string(n.local_load) + " a CPU; busiest (" + other +
                ") " + type_name(n.src_type) + ", load " + std::to_string(n.src_load) + "; util " +
                std::to_string(n.local_util) + " : " + std::to_string(n.src_util);
        s.zh += "：本组（" + own + "）" + type_name(n.local_type) + "，每 CPU 负载 " + std::to_string(n.local_load) + "；最忙（" + other + "）" +
                type_name(n.src_type) + "，负载 " + std::to_string(n.src_load) +
                "；利用率 " + std::to_string(n.local_util) + " : " + std::to_string(n.src_util);
    }
    const Sentence end = balance_end_words(n);
    return {s.en + ". " + end.en, s.zh + "。" + end.zh};
}

}  // namespace sy
