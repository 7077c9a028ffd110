// Waiting for work and taking it back: flush_work puts a barrier behind the work, flush_workqueue
// waits for a color, cancel_work_sync takes a pending work out and waits for one that is running.
// kernel/workqueue.c; linux.md 7.5.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

bool rax_is_zero(Ctx& cx) { return cx.reg(Reg::rax) == 0; }

// The list a work stands in: its pool's, its queue's inactive_works, or what a worker has taken.
std::vector<std::uint32_t>* list_of(Workqueues& w, std::uint32_t id) {
    WorkItem& work = w.works[id];
    if (!work.on_list) return nullptr;
    PoolWorkqueue& pwq = w.pwqs[work.pwq];
    const auto holds = [&](const std::vector<std::uint32_t>& list) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    if (work.inactive) return &pwq.inactive_works;
    if (holds(w.pools[pwq.pool].worklist)) return &w.pools[pwq.pool].worklist;
    for (KWorker& worker : w.workers)
        if (holds(worker.scheduled)) return &worker.scheduled;
    SY_ASSERT(false, "a queued work stands in no list");
}

// insert_wq_barrier: behind the work if it is queued, first among the next things its worker does
// if it is executing. Returns the completion to wait on; kNone: the work is neither.
std::uint32_t insert_barrier(Kernel& k, std::uint32_t id) {
    Workqueues& w = k.wq;
    const std::uint32_t pwq = w.works[id].pwq;
    const bool queued = w.works[id].on_list;
    const std::uint32_t worker = pwq == kNone ? kNone : w.executor(w.pwqs[pwq].pool, id);
    if (!queued && worker == kNone) return kNone;
    const std::uint32_t row = new_work(k);
    WorkItem& barrier = w.works[row];
    barrier.is_barrier = barrier.pending = barrier.on_list = true;
    barrier.pwq = pwq;
    barrier.wq = w.works[id].wq;
    barrier.queued = 1;
    barrier.done = new_completion(k);
    if (!queued) {
        std::vector<std::uint32_t>& list = w.workers[worker].scheduled;
        list.insert(list.begin(), row);
        return barrier.done;
    }
    std::vector<std::uint32_t>& list = *list_of(w, id);
    barrier.linked = w.works[id].linked;
    barrier.inactive = w.works[id].inactive;
    w.works[id].linked = true;
    list.insert(std::find(list.begin(), list.end(), id) + 1, row);
    return barrier.done;
}

// --- flush_work: rdi = the work ---

void take_delay(Ctx& cx) {  // flush_delayed_work: do not wait for the timer
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    WorkItem& work = element(cx.k.wq.works, cx.reg(Reg::rbx));
    cx.set(Reg::rax, 0);
    if (work.timer == 0 || !del_timer(cx, work.timer)) return;
    work.timer = 0;
    set_up_queue_work(cx, static_cast<std::uint32_t>(cx.reg(Reg::rbx)), work.timer_cpu);
    cx.set(Reg::rax, 1);
}
void start_flush(Ctx& cx) {
    const std::uint32_t done = insert_barrier(cx.k, static_cast<std::uint32_t>(cx.reg(Reg::rbx)));
    cx.set(Reg::r12, done);
    cx.set(Reg::rdi, layout::completion_address(done));
    cx.set(Reg::rax, done != kNone);
}
void end_flush(Ctx& cx) {
    free_completion(cx.k, static_cast<std::uint32_t>(cx.reg(Reg::r12)));
    cx.set(Reg::rax, 1);
}
constexpr StepDef flush_work_steps[] = {
    push(Reg::rbx),
    push(Reg::r12),
    effect(take_delay, Cost::locked,
           {"If the work is still delayed, do not wait for its timer.",
            "若工作还在延迟中，不等它的定时器。", "", ""}),
    branch(rax_is_zero, "flush", {"Is no timer armed?", "没有定时器吗？", "", ""}),
    call(routines::queue_work),
    label("flush"),
    effect(start_flush, Cost::locked,
           {"Put a barrier right behind the work.", "在工作后面紧跟着放一个屏障。",
            "The worker that does the work does the barrier next, and the barrier wakes {cur}.",
            "做这件工作的工作者接着做屏障，屏障唤醒 {cur}。"}),
    branch(rax_is_zero, "out",
           {"Is the work neither queued nor running?", "工作既没有排队也没有在执行吗？", "", ""}),
    call(routines::wait_for_completion),
    effect(end_flush, Cost::effect, {"The work is done.", "工作完成了。", "", ""}),
    label("out"),
    pop(Reg::r12),
    pop(Reg::rbx),
    ret(),
};

// --- flush_workqueue: rdi = the queue ---

std::uint64_t oldest_color(const Workqueues& w, std::uint32_t wq) {
    std::uint64_t oldest = ~std::uint64_t{0};
    for (const WorkItem& work : w.works)
        if (work.in_use && work.wq == wq && work.on_list && !work.is_barrier)
            oldest = std::min(oldest, work.color);
    for (const KWorker& worker : w.workers)
        if (worker.current_work != kNone && w.pwqs[worker.current_pwq].wq == wq &&
            !w.works[worker.current_work].is_barrier)
            oldest = std::min(oldest, worker.current_color);
    return oldest;
}
void start_flush_queue(Ctx& cx) {
    const auto wq = static_cast<std::uint32_t>(cx.reg(Reg::rdi));
    Workqueue& q = element(cx.k.wq.queues, wq);
    const std::uint64_t color = q.work_color++;  // what is queued from now on has the next color
    cx.set(Reg::rax, oldest_color(cx.k.wq, wq) <= color);
    if (cx.reg(Reg::rax) == 0) return;
    const std::uint32_t done = new_completion(cx.k);
    q.flushers.push_back({color, done});
    cx.set(Reg::r12, done);
    cx.set(Reg::rdi, layout::completion_address(done));
}
constexpr StepDef flush_workqueue_steps[] = {
    push(Reg::r12),
    effect(start_flush_queue, Cost::locked,
           {"Give what is queued from now on another color; wait for the old one.",
            "从现在起排队的工作换一种颜色；等待旧颜色。",
            "So new work does not make the flush longer.", "这样新的工作不会拖长刷新。"}),
    branch(rax_is_zero, "out",
           {"Is nothing queued or running?", "没有排队或执行中的工作吗？", "", ""}),
    call(routines::wait_for_completion),
    effect(end_flush, Cost::effect,
           {"Everything of the old color is done.", "旧颜色的全部完成。", "", ""}),
    label("out"),
    pop(Reg::r12),
    ret(),
};

// --- cancel_work_sync: rdi = the work ---

void remove_queued(Ctx& cx, std::uint32_t id) {
    Workqueues& w = cx.k.wq;
    WorkItem& work = w.works[id];
    std::vector<std::uint32_t>& list = *list_of(w, id);
    auto at = list.erase(std::find(list.begin(), list.end(), id));
    if (work.inactive) {  // its barriers must not wait for a place that nobody will free
        bool more = work.linked;
        while (more) {
            const std::uint32_t barrier = *at;
            at = list.erase(at);
            w.works[barrier].inactive = false;
            more = w.works[barrier].linked;
            w.pools[w.pwqs[work.pwq].pool].worklist.push_back(barrier);
        }
    }
    const bool was_active = !work.inactive;
    work.on_list = work.inactive = work.linked = false;
    ++work.canceled;
    work_has_left(cx, work.pwq, was_active);
}
void grab_pending(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    const auto id = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    WorkItem& work = element(cx.k.wq.works, id);
    const bool delayed = work.timer != 0 && del_timer(cx, work.timer);
    if (delayed) work.timer = 0;
    const bool queued = work.on_list;
    if (queued) remove_queued(cx, id);
    if (delayed || queued) work.pending = false;
    work.canceling = true;
    cx.set(Reg::r12, delayed || queued);
    cx.set(Reg::rdi, work.pwq == kNone ? 0 : cx.k.wq.pwqs[work.pwq].pool);
}
void next_flusher(Ctx& cx) {
    const std::uint32_t done = take_done_flusher(cx.k, element(cx.k.wq.works, cx.reg(Reg::rbx)).wq);
    cx.set(Reg::rax, done != kNone);
    cx.set(Reg::rdi, layout::completion_address(done));
}
void start_cancel_flush(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }
void end_cancel(Ctx& cx) {
    element(cx.k.wq.works, cx.reg(Reg::rbx)).canceling = false;
    cx.set(Reg::rax, cx.reg(Reg::r12), at::reg(Reg::r12));
}
constexpr StepDef cancel_work_steps[] = {
    push(Reg::rbx),
    push(Reg::r12),
    effect(grab_pending, Cost::locked,
           {"Take the work out of its timer or its list, and let nobody queue it.",
            "把工作从定时器或列表中取出，并不许别人再排队它。", "", ""}),
    call(routines::kick_pool),
    label("flushers"),
    effect(next_flusher, Cost::effect,
           {"Does somebody wait in flush_workqueue() for what is gone now?",
            "有人在 flush_workqueue() 中等待刚取走的工作吗？", "", ""}),
    branch(rax_is_zero, "wait", {"Nobody?", "没有吗？", "", ""}),
    call(routines::complete),
    jump("flushers"),
    label("wait"),
    effect(start_cancel_flush, Cost::word,
           {"If it is running, wait until it is over.", "若它正在执行，等它结束。", "", ""}),
    call(routines::flush_work),
    effect(end_cancel, Cost::effect, {"It may be queued again.", "它可以再次排队。", "", ""}),
    pop(Reg::r12),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

std::uint32_t take_done_flusher(Kernel& k, std::uint32_t wq) {
    std::vector<WqFlusher>& flushers = element(k.wq.queues, wq).flushers;
    if (flushers.empty() || oldest_color(k.wq, wq) <= flushers.front().color) return kNone;
    const std::uint32_t done = flushers.front().done;
    flushers.erase(flushers.begin());
    return done;
}

namespace routines {
const Routine flush_work =
    make_routine<flush_work_steps>("__flush_work", Actor::kernel, Phase::work);
const Routine flush_workqueue =
    make_routine<flush_workqueue_steps>("__flush_workqueue", Actor::kernel, Phase::work);
const Routine cancel_work_sync =
    make_routine<cancel_work_steps>("cancel_work_sync", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
