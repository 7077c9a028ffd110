#include "sim/session/smp_view.h"

#include <utility>

#include "sim/sched/group_fair.h"
#include "sim/sched/pelt.h"
#include "sim/session/smp_words.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

Sentence why_this(const Placement& p, const PlacementRow& r) {
    if (r.is_chosen) return {"it goes here", "去这里"};
    if (!r.is_allowed) return {"not in its affinity mask", "不在它的亲和性掩码中"};
    if (p.idle == IdleRule::only_one) return {"its affinity leaves one CPU", "亲和性只剩一个 CPU"};
    if (!r.is_idle) return {"busy", "忙"};
    switch (p.idle) {
        case IdleRule::idlest: return {"idle, but its group is not idler or comes later", "空闲，但它所在的组不更闲，或排在后面"};
        case IdleRule::simple: return {"idle, but an earlier rule had found a CPU", "空闲，但前面的规则已找到 CPU"};
        default: break;
    }
    if (!r.shares_cache) return {"idle, but behind another cache than the target", "空闲，但与目标不在同一缓存后"};
    return {"idle, but the search had ended before it", "空闲，但搜索在此之前已结束"};
}

void add_group(const Kernel& k, const GroupScheduler& groups, std::uint16_t g, std::vector<GroupRow>& out) {
    const SchedGroup& sg = k.tasks.groups[g];
    const GroupBandwidth b = groups.bandwidth(g);
    GroupRow row{.group = g, .parent = sg.parent, .depth = sg.depth, .name = sg.name.data(), .is_autogroup = sg.is_autogroup,
                 .weight = sg.weight, .shares = sg.shares, .quota = sg.quota, .period = sg.period, .pool = b.pool,
                 .nr_periods = b.nr_periods, .nr_throttled = b.nr_throttled, .throttled_time = b.throttled_time};
    for (const Cpu& c : k.cpus) {
        const GroupOnCpu here = groups.on_cpu(g, c.id);
        row.load_avg += here.load_avg;
        row.runnable += here.h_nr;
        if (here.is_throttled) row.throttled_cpus |= std::uint64_t{1} << c.id;
        if (here.is_queued) row.queued_cpus |= std::uint64_t{1} << c.id;
        if (g != 0) row.cpu_time += static_cast<Nanos>(k.tasks[here.entity].se.sum_exec_runtime);
        else row.cpu_time += c.clock - c.idle_ns;
    }
    out.push_back(std::move(row));
    for (std::uint16_t child = 1; child < k.tasks.groups.size(); ++child)
        if (child != g && k.tasks.groups[child].parent == g) add_group(k, groups, child, out);
}

}  // namespace

PlacementStory placement_story(const Kernel& k, const Placement& p) {
    PlacementStory s{.placement = p, .affine = {}, .idle = {}, .rows = {}};
    if (p.chosen == kNoCpu) return s;
    if (p.idle != IdleRule::only_one) s.affine = affine_words(p);
    s.idle = idle_words(p);
    for (const Cpu& c : k.cpus) {
        PlacementRow r{.cpu = c.id, .is_allowed = (p.allowed >> c.id & 1) != 0, .is_idle = (p.idle_cpus >> c.id & 1) != 0,
                       .is_prev = c.id == p.prev, .is_waker = c.id == p.waker, .is_target = c.id == p.target,
                       .is_chosen = c.id == p.chosen, .nr_running = k.sched->runnable(c.id), .why = {}};
        r.shares_cache = p.target != kNoCpu && k.image().topology.share_cache(c.id, p.target);
        if (const pelt::Rq* const rq = std::as_const(*k.sched).averages(c.id)) {
            r.load_avg = rq->avg.load_avg;
            r.util_avg = rq->avg.util_avg;
        }
        r.why = why_this(p, r);
        s.rows.push_back(std::move(r));
    }
    return s;
}

Sentence placement_roles(const PlacementRow& r) {
    Sentence out;
    const auto add = [&](bool is, const char* en, const char* zh) {
        if (!is) return;
        out.en += (out.en.empty() ? "" : ", ") + std::string(en);
        out.zh += (out.zh.empty() ? "" : "、") + std::string(zh);
    };
    add(r.is_prev, "previous", "原来的");
    add(r.is_waker, "waker's", "唤醒者的");
    add(r.is_target, "target", "目标");
    return out;
}

std::vector<GroupRow> group_rows(const Kernel& k) {
    std::vector<GroupRow> out;
    const GroupScheduler* const groups = static_cast<const SchedClass&>(*k.sched).groups();
    if (groups == nullptr || k.tasks.groups.empty()) return out;
    add_group(k, *groups, 0, out);
    return out;
}

Sentence quota_words(const GroupRow& row) {
    if (row.quota == 0) return {"no limit", "无限制"};
    return {time_text(row.quota) + " of " + time_text(row.period), time_text(row.quota) + "／" + time_text(row.period)};
}

}  // namespace sy
