// The worker pools of the CPU at the cursor (and the unbound ones, if they are used): who works, who
// is idle, who is blocked in a work, what waits; below them the works that wait for a timer and the
// CPU's timer wheel.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostTimers = 12;

CpuId cpu_of(const View& view) { return view.stage ? view.stage->cpu.cpu : CpuId{0}; }

std::string work_name(const Kernel& k, std::uint32_t work) {
    const auto& works = k.image().scenario.works;
    return work < works.size() ? works[work].name : std::string("wq_barrier_func");
}

std::string list_of(const Kernel& k, const std::vector<std::uint32_t>& list) {
    std::string out;
    for (const std::uint32_t work : list) out += (out.empty() ? "" : ", ") + work_name(k, work);
    return out;
}

// What a worker is at, and the colour of that.
struct WorkerState {
    Str word;
    const char* id;
    ImU32 color;
};
WorkerState state_of(const Kernel& k, const KWorker& w) {
    const Theme& t = theme();
    if (w.task == kNoTask) return {Str::worker_coming, "coming", t.quiet};
    if (w.pool != kNone && k.wq.pools[w.pool].manager == w.task)
        return {Str::worker_managing, "managing", t.irq};
    const bool asleep = k.tasks[w.task].state != task_state::running;
    if (w.current_work == kNone)
        return (w.flags & worker_flag::idle) != 0 || w.rescue_wq != kNone
                   ? WorkerState{Str::worker_idle, "idle", t.sleeping}
                   : WorkerState{Str::worker_running, "running", t.running};
    if (w.rescue_wq != kNone) return {Str::worker_rescuing, "rescuing", t.irq};
    if (asleep) return {Str::worker_blocked, "blocked", t.sleeping};
    if (k.tasks[w.task].on_cpu) return {Str::worker_running, "running", t.running};
    return {Str::worker_runnable, "runnable", t.runnable};
}

bool is_shown(const Kernel& k, std::uint32_t pool, CpuId cpu) {
    const WorkerPool& p = k.wq.pools[pool];
    return p.cpu == cpu || (p.cpu == kNoCpu && p.nr_workers > 0);
}

std::string pool_title(const Kernel& k, std::uint32_t pool) {
    const WorkerPool& p = k.wq.pools[pool];
    if (p.cpu == kNoCpu) return tr(Str::pool_unbound, {std::to_string(pool), std::to_string(p.nice)});
    return tr(p.nice < 0 ? Str::pool_highpri : Str::pool_normal, {std::to_string(p.cpu)});
}

void draw_worker(const Kernel& k, const KWorker& w, std::uint32_t row) {
    const WorkerState state = state_of(k, w);
    const std::string name = w.task == kNoTask ? kworker_name(k.wq, row) : kworker_long_name(k, w.task);
    const std::string work = w.current_work == kNone ? std::string() : " " + work_name(k, w.current_work);
    const float width = ImGui::GetContentRegionAvail().x;
    value_row({{name, width * 0.52F, {Face::mono, Size::small, 0}},
               {std::string(tr(state.word)) + work, 0, {Face::text, Size::small, state.color}}},
              {.boxed = false});
}

void draw_pool(const Kernel& k, std::uint32_t pool) {
    const WorkerPool& p = k.wq.pools[pool];
    section_title(pool_title(k, pool));
    paragraph(tr(Str::pool_numbers, {std::to_string(p.nr_running), std::to_string(p.nr_idle),
                                     std::to_string(p.nr_workers)}),
              quiet_text(Size::small));
    for (std::uint32_t row = 0; row < k.wq.workers.size(); ++row) {
        const KWorker& w = k.wq.workers[row];
        const bool gone = (w.flags & worker_flag::die) != 0;
        if (w.pool == pool && !gone) draw_worker(k, w, row);
    }
    if (!p.worklist.empty())
        paragraph(tr(Str::pool_waiting, {list_of(k, p.worklist)}), {Face::text, Size::small, theme().runnable});
}

void draw_queues(const Kernel& k) {
    bool titled = false;
    for (const PoolWorkqueue& pwq : k.wq.pwqs) {
        if (pwq.inactive_works.empty()) continue;
        if (!titled) section_title(tr(Str::wq_inactive));
        titled = true;
        const Workqueue& q = k.wq.queues[pwq.wq];
        paragraph(std::string(q.name.data()) + " (max_active " + std::to_string(q.max_active) +
                  "): " + list_of(k, pwq.inactive_works));
    }
}

std::string timer_text(const Kernel& k, const WheelTimer& t) {
    switch (t.fn) {
        case WheelFn::process_timeout:
            return "process_timeout " + task_name(k, t.arg);
        case WheelFn::delayed_work:
            return "delayed_work_timer_fn " + work_name(k, t.arg);
        case WheelFn::idle_worker:
            return "idle_worker_timeout";
        case WheelFn::mayday:
            return "pool_mayday_timeout";
    }
    return {};
}

void draw_wheel(const Kernel& k, CpuId cpu) {
    const TimerBase& base = k.cpus[cpu].wheel;
    section_title(tr(Str::wheel_title, {std::to_string(cpu)}));
    if (base.timers.empty()) {
        paragraph(tr(Str::wheel_empty), quiet_text(Size::small));
        return;
    }
    std::size_t shown = 0;
    const float width = ImGui::GetContentRegionAvail().x;
    for (const WheelTimer& t : base.timers) {
        if (shown++ == kMostTimers) break;
        const Nanos due = static_cast<Nanos>(t.bucket_expiry) * k.image().tick;
        const std::string place = std::to_string(t.index / 64) + ":" + std::to_string(t.index % 64);
        value_row({{place, width * 0.14F, {Face::mono, Size::small, theme().quiet}},
                   {format_span(due), width * 0.26F, {Face::mono, Size::small, 0}},
                   {timer_text(k, t), 0, {Face::text, Size::small, 0}}},
                  {.boxed = false});
    }
    if (base.timers.size() > kMostTimers)
        paragraph(tr(Str::queue_more, {std::to_string(base.timers.size() - kMostTimers)}), quiet_text(Size::small));
    paragraph(tr(Str::wheel_explained), quiet_text(Size::small));
}

}  // namespace

void draw_workqueues(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_workqueues_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const CpuId cpu = cpu_of(view);
    for (std::uint32_t pool = 0; pool < k.wq.pools.size(); ++pool)
        if (is_shown(k, pool, cpu)) draw_pool(k, pool);
    for (std::uint32_t row = 0; row < k.wq.workers.size(); ++row)   // idle rescuers belong to no pool
        if (k.wq.workers[row].pool == kNone) draw_worker(k, k.wq.workers[row], row);
    draw_queues(k);
    draw_wheel(k, cpu);
}

void dump_workqueues(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    const CpuId cpu = cpu_of(view);
    out["cpu"] = cpu;
    out["pools"] = nlohmann::json::array();
    for (std::uint32_t pool = 0; pool < k.wq.pools.size(); ++pool) {
        if (!is_shown(k, pool, cpu)) continue;
        const WorkerPool& p = k.wq.pools[pool];
        nlohmann::json row = {{"title", pool_title(k, pool)},
                              {"nr_running", p.nr_running},
                              {"nr_idle", p.nr_idle},
                              {"nr_workers", p.nr_workers},
                              {"waiting", list_of(k, p.worklist)},
                              {"workers", nlohmann::json::array()}};
        for (std::uint32_t i = 0; i < k.wq.workers.size(); ++i) {
            const KWorker& w = k.wq.workers[i];
            if (w.pool != pool || (w.flags & worker_flag::die) != 0) continue;
            row["workers"].push_back({{"name", w.task == kNoTask ? kworker_name(k.wq, i) : kworker_long_name(k, w.task)},
                                      {"state", state_of(k, w).id},
                                      {"work", w.current_work == kNone ? "" : work_name(k, w.current_work)}});
        }
        out["pools"].push_back(std::move(row));
    }
    out["timers"] = nlohmann::json::array();
    for (const WheelTimer& t : k.cpus[cpu].wheel.timers)
        out["timers"].push_back({{"level", t.index / 64}, {"bucket", t.index % 64}, {"jiffies", t.bucket_expiry},
                                 {"what", timer_text(k, t)}});
}

}  // namespace sy::gui
