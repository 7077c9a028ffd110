// Queueing work: from queue_work_on to the worker that is woken for it, and what the scheduler
// tells a pool when one of its workers falls asleep in the middle of a work. kernel/workqueue.c;
// linux.md 7.5.
#include "sim/kernel/workqueue.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

// --- tables ---

std::uint32_t Workqueues::find_queue(const char* name) const {
    for (std::uint32_t i = 0; i < queues.size(); ++i)
        if (std::string_view(queues[i].name.data()) == name) return i;
    return kNone;
}

std::uint32_t Workqueues::executor(std::uint32_t pool, std::uint32_t work) const {
    for (std::uint32_t i = 0; i < workers.size(); ++i)
        if (workers[i].pool == pool && workers[i].current_work == work) return i;
    return kNone;
}

bool Workqueues::is_executing(std::uint32_t work) const {
    return std::any_of(workers.begin(), workers.end(),
                       [&](const KWorker& w) { return w.current_work == work; });
}

std::size_t Workqueues::bytes() const {
    return pools.capacity() * sizeof(WorkerPool) + workers.capacity() * sizeof(KWorker) +
           pwqs.capacity() * sizeof(PoolWorkqueue) + queues.capacity() * sizeof(Workqueue) +
           works.capacity() * sizeof(WorkItem);
}

std::string kworker_name(const Workqueues& w, std::uint32_t worker) {
    const KWorker& k = w.workers[worker];
    if (k.rescue_wq != kNone) return "kworker/R-" + std::string(w.queues[k.rescue_wq].name.data());
    const WorkerPool& pool = w.pools[k.pool];
    if (pool.cpu == kNoCpu)
        return "kworker/u" + std::to_string(k.pool) + ":" + std::to_string(k.id);
    return "kworker/" + std::to_string(pool.cpu) + ":" + std::to_string(k.id) +
           (pool.nice < 0 ? "H" : "");
}

std::string kworker_long_name(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    std::string name(t.comm_view());
    if (t.kthread >= k.kthreads.size() || k.kthreads[t.kthread].worker == kNone) return name;
    const KWorker& w = k.wq.workers[k.kthreads[t.kthread].worker];
    if (w.task != task || w.rescue_wq != kNone || w.desc == kNone) return name;
    return name + (w.current_work != kNone ? "+" : "-") + k.wq.queues[w.desc].name.data();
}

namespace {

std::uint32_t add_queue(Kernel& k, const std::string& name, const WorkqueueDecl& decl) {
    const auto id = static_cast<std::uint32_t>(k.wq.queues.size());
    Workqueue& q = k.wq.queues.emplace_back();
    std::copy_n(name.begin(), std::min(name.size(), q.name.size() - 1), q.name.begin());
    q.unbound = decl.unbound;
    q.highpri = decl.highpri;
    q.mem_reclaim = decl.reclaim;
    if (decl.max_active > 0) q.max_active = decl.max_active;
    q.first_pwq = static_cast<std::uint32_t>(k.wq.pwqs.size());
    const auto cpus = static_cast<std::uint32_t>(k.cpus.size());
    for (std::uint32_t c = 0; c < (decl.unbound ? 1 : cpus); ++c) {
        PoolWorkqueue& p = k.wq.pwqs.emplace_back();
        p.wq = id;
        p.pool = decl.unbound ? 2 * cpus + decl.highpri : 2 * c + decl.highpri;
    }
    return id;
}

}  // namespace

void make_workqueues(Kernel& k) {
    Workqueues& w = k.wq;
    const Scenario& s = k.image().scenario;
    for (std::uint32_t i = 0; i < 2 * k.cpus.size() + 2; ++i) {  // two a CPU, then the unbound ones
        WorkerPool& p = w.pools.emplace_back();
        if (i < 2 * k.cpus.size()) p.cpu = static_cast<CpuId>(i / 2);
        p.nice = i % 2 != 0 ? -20 : 0;
    }
    for (const char* name : kStandardQueues) {
        WorkqueueDecl decl;
        decl.highpri = std::string_view(name) == "events_highpri";
        decl.unbound = std::string_view(name) == "events_unbound";
        add_queue(k, name, decl);
    }
    for (const WorkqueueDecl& decl : s.workqueues) add_queue(k, decl.name, decl);
    for (std::uint32_t i = 0; i < s.works.size(); ++i) {
        WorkItem& work = w.works.emplace_back();
        work.in_use = true;
        work.program = static_cast<std::uint32_t>(s.processes.size()) + 1 + i;
        work.wq = static_cast<std::uint32_t>(workqueue_index(s, s.works[i].queue));
    }
}

std::uint32_t new_work(Kernel& k) {
    for (std::uint32_t i = static_cast<std::uint32_t>(k.image().scenario.works.size());
         i < k.wq.works.size(); ++i) {
        if (k.wq.works[i].in_use) continue;
        k.wq.works[i] = {};
        k.wq.works[i].in_use = true;
        return i;
    }
    k.wq.works.emplace_back().in_use = true;
    return static_cast<std::uint32_t>(k.wq.works.size() - 1);
}

std::uint32_t new_worker(Kernel& k, std::uint32_t pool) {
    Workqueues& w = k.wq;
    std::int32_t id = 0;  // ida_alloc: the lowest number that is free
    for (bool taken = true; taken;) {
        taken = std::any_of(w.workers.begin(), w.workers.end(), [&](const KWorker& other) {
            return other.pool == pool && other.rescue_wq == kNone && other.id == id &&
                   (other.flags & worker_flag::die) == 0;
        });
        if (taken) ++id;
    }
    const auto row = static_cast<std::uint32_t>(w.workers.size());
    KWorker& worker = w.workers.emplace_back();
    worker.pool = pool;
    worker.id = id;
    worker.flags = worker_flag::prep | (w.pools[pool].cpu == kNoCpu ? worker_flag::unbound : 0);
    return row;
}

std::uint32_t add_worker(Kernel& k, std::uint32_t pool, TaskId task) {
    const std::uint32_t row = new_worker(k, pool);
    KWorker& worker = k.wq.workers[row];
    worker.task = task;
    worker.flags |= worker_flag::idle;
    add_kthread(k, task, ThreadFn::worker);
    kthread_of(k, task).worker = row;
    WorkerPool& p = k.wq.pools[pool];
    ++p.nr_workers;
    ++p.nr_idle;
    p.idle_list.push_back(row);
    return row;
}

KWorker& worker_of(Kernel& k, TaskId task) { return element(k.wq.workers, kthread_of(k, task).worker); }

namespace {

std::uint32_t worker_row(const Ctx& cx) { return cx.k.kthreads[cx.cur().kthread].worker; }

bool too_many_workers(const WorkerPool& p) {
    const std::int32_t idle =
        p.nr_idle + (p.manager != kNoTask ? 1 : 0);  // the manager counts as idle
    const std::int32_t busy = p.nr_workers - idle;
    return idle > 2 && (idle - 2) * kMaxIdleRatio >= busy;
}

}  // namespace

void worker_enter_idle(Ctx& cx, std::uint32_t row) {
    KWorker& w = element(cx.k.wq.workers, row);
    WorkerPool& p = cx.k.wq.pools[w.pool];
    w.flags |= worker_flag::idle;
    w.last_active = cx.cpu.clock;
    ++p.nr_idle;
    p.idle_list.push_back(row);
    if (too_many_workers(p) && p.idle_timer == 0)
        p.idle_timer =
            add_timer_on(cx, cx.cpu.id, jiffies_now(cx) + jiffies_of(cx, kIdleWorkerTimeout),
                         WheelFn::idle_worker, w.pool);
}

void worker_leave_idle(Ctx& cx, std::uint32_t row) {
    KWorker& w = element(cx.k.wq.workers, row);
    if ((w.flags & worker_flag::idle) == 0) return;
    WorkerPool& p = cx.k.wq.pools[w.pool];
    w.flags &= ~worker_flag::idle;
    --p.nr_idle;
    std::erase(p.idle_list, row);
}

// Puts a work into its queue: to the pool's list, or behind max_active. RAX: 1 if the pool must be
// kicked.
void insert_work(Ctx& cx, std::uint32_t pwq, std::uint32_t id) {
    PoolWorkqueue& p = cx.k.wq.pwqs[pwq];
    const Workqueue& q = cx.k.wq.queues[p.wq];
    WorkItem& work = element(cx.k.wq.works, id);
    work.pwq = pwq;
    work.color = q.work_color;
    ++work.queued;
    work.on_list = true;
    work.inactive = p.nr_active >= q.max_active;
    if (work.inactive) {
        p.inactive_works.push_back(id);
        return;
    }
    ++p.nr_active;
    cx.emit(RecordKind::workqueue_activate_work, id);
    cx.k.wq.pools[p.pool].worklist.push_back(id);
}

// pwq_dec_nr_active: a place is free; the first work that waits for one gets it, with the barriers
// behind it.
void work_has_left(Ctx& cx, std::uint32_t pwq, bool was_active) {
    PoolWorkqueue& p = cx.k.wq.pwqs[pwq];
    if (!was_active) return;
    --p.nr_active;
    if (p.inactive_works.empty() || p.nr_active >= cx.k.wq.queues[p.wq].max_active) return;
    ++p.nr_active;
    cx.emit(RecordKind::workqueue_activate_work, p.inactive_works.front());
    bool more = true;
    while (more && !p.inactive_works.empty()) {
        const std::uint32_t id = p.inactive_works.front();
        p.inactive_works.erase(p.inactive_works.begin());
        WorkItem& work = element(cx.k.wq.works, id);
        work.inactive = false;
        cx.k.wq.pools[p.pool].worklist.push_back(id);
        more = work.linked;
    }
}

namespace {

// rdi of queue_work_on: the work, and above it the CPU (256: this one).
constexpr int kCpuShift = 32;
std::uint32_t work_in(const Ctx& cx, Reg r) { return static_cast<std::uint32_t>(cx.reg(r)); }
std::uint32_t cpu_in(const Ctx& cx, Reg r) {
    return static_cast<std::uint32_t>(cx.reg(r) >> kCpuShift);
}
bool rax_is_zero(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
bool rdi_is_zero(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

void grab_pending(Ctx& cx) {
    cx.set(Reg::rbp, cx.cpu.regs.rflags, at::special(Place::Kind::rflags));
    cx.irqs_off();
    WorkItem& work = element(cx.k.wq.works, work_in(cx, Reg::rdi));
    const bool fresh = !work.pending && !work.canceling;
    if (fresh) work.pending = true;
    cx.set(Reg::rax, fresh);
}
void irqs_as_before(Ctx& cx) { cx.set_rflags(cx.cpu.regs.rflags | (cx.reg(Reg::rbp) & kFlagIf)); }
constexpr Say kGrab = {"Interrupts off; set the work's PENDING bit.",
                       "关闭中断；置工作项的 PENDING 位。",
                       "If it was set already the work waits to be done, and nothing is to do: it "
                       "is not queued twice.",
                       "若此位已置，该工作正等待执行，无需再做：不会排队两次。"};
constexpr Say kWasPending = {"Was it pending already?", "它已经在等待了吗？", "", ""};
constexpr Say kRestore = {"Interrupts as before.", "中断恢复原状。", "", ""};

constexpr StepDef queue_work_on_steps[] = {
    push(Reg::rbp),
    effect(grab_pending, Cost::locked, kGrab),
    branch(rax_is_zero, "out", kWasPending),
    call(routines::queue_work),
    label("out"),
    effect(irqs_as_before, Cost::word, kRestore),
    pop(Reg::rbp),
    ret(),
};

// Which pool: the CPU's own, the unbound one, or the one whose worker is just executing this very
// work.
void choose_pwq(Ctx& cx) {
    Workqueues& w = cx.k.wq;
    const std::uint32_t id = work_in(cx, Reg::rdi), asked = cpu_in(cx, Reg::rdi);
    WorkItem& work = w.works[id];
    const Workqueue& q = w.queues[work.wq];
    const std::uint32_t cpu = asked == kWorkCpuUnbound ? cx.cpu.id : asked;
    std::uint32_t pwq = q.first_pwq + (q.unbound ? 0 : cpu);
    if (work.pwq != kNone && w.executor(w.pwqs[work.pwq].pool, id) != kNone)
        pwq = work.pwq;  // non-reentrance
    const CpuId at = w.pools[w.pwqs[pwq].pool].cpu;
    cx.emit(RecordKind::workqueue_queue_work, id, work.wq, asked,
            at == kNoCpu ? kWorkCpuUnbound : at);
    insert_work(cx, pwq, id);
    cx.set(Reg::rdi, w.pwqs[pwq].pool);
    cx.set(Reg::rax, !work.inactive);
}
constexpr StepDef queue_work_steps[] = {
    effect(choose_pwq, Cost::locked,
           {"Choose the pool and put the work on its list.", "选择工作者池，把工作放进它的列表。",
            "The pool of this CPU, unless another CPU's worker is doing the same work: a work "
            "never runs twice at once. "
            "Beyond max_active it waits in inactive_works.",
            "用本 CPU 的池，除非别的 CPU 的工作者正在做同一件工作：同一工作不会同时执行两次。超过 "
            "max_active 则在 inactive_works 中等待。"}),
    branch(rax_is_zero, "out",
           {"Must it wait for a place (max_active)?", "要等空位吗（max_active）？", "", ""}),
    jump(routines::kick_pool),
    label("out"),
    ret(),
};

// rdi = the pool
void pick_idle_worker(Ctx& cx) {
    const WorkerPool& p = element(cx.k.wq.pools, cx.reg(Reg::rdi));
    const bool wake =
        cx.k.wq.needs_worker(static_cast<std::uint32_t>(cx.reg(Reg::rdi))) && !p.idle_list.empty();
    cx.set(Reg::rdi, wake ? layout::task_address(cx.k.wq.workers[p.idle_list.back()].task) : 0);
}
constexpr StepDef kick_pool_steps[] = {
    effect(
        pick_idle_worker, Cost::locked,
        {"Is there work and no running worker? Then take the worker that went idle last.",
         "有工作而没有正在运行的工作者？那就取最近空闲的工作者。",
         "One running worker is enough for a CPU; the one that idled last has the warmest cache.",
         "一个 CPU 有一个在运行的工作者就够了；最近空闲的那个缓存最热。"}),
    branch(rdi_is_zero, "out", {"Is nobody to be woken?", "没有人需要唤醒吗？", "", ""}),
    jump(routines::try_to_wake_up),
    label("out"),
    ret(),
};

// --- delayed work: rdi as in queue_work_on, rsi = ns ---

void start_delay(Ctx& cx) {
    const std::uint32_t id = work_in(cx, Reg::rdi), cpu = cpu_in(cx, Reg::rdi);
    WorkItem& work = element(cx.k.wq.works, id);
    work.timer_cpu = cpu;
    const CpuId on = cpu == kWorkCpuUnbound ? cx.cpu.id : static_cast<CpuId>(cpu);
    work.timer =
        add_timer_on(cx, on, jiffies_now(cx) + jiffies_of(cx, static_cast<Nanos>(cx.reg(Reg::rsi))),
                     WheelFn::delayed_work, id);
}
constexpr StepDef queue_delayed_work_on_steps[] = {
    push(Reg::rbp),
    effect(grab_pending, Cost::locked, kGrab),
    branch(rax_is_zero, "out", kWasPending),
    effect(start_delay, Cost::timer,
           {"Put the work's timer into the timer wheel.", "把工作项的定时器放进时间轮。",
            "When it expires, the TIMER softirq queues the work.",
            "到期时由 TIMER 软中断把工作排队。"}),
    label("out"),
    effect(irqs_as_before, Cost::word, kRestore),
    pop(Reg::rbp),
    ret(),
};
void delay_over(Ctx& cx) {  // rdi = the work
    WorkItem& work = element(cx.k.wq.works, cx.reg(Reg::rdi));
    work.timer = 0;
    cx.irqs_off();
    cx.set(Reg::rdi, cx.reg(Reg::rdi) | std::uint64_t{work.timer_cpu} << kCpuShift);
}
void softirq_irqs_on(Ctx& cx) { cx.irqs_on(); }
constexpr StepDef delayed_work_timer_fn_steps[] = {
    effect(delay_over, Cost::effect,
           {"The delay is over: queue the work now.", "延迟已到：现在把工作排队。", "", ""}),
    call(routines::queue_work),
    effect(softirq_irqs_on, Cost::word, {"Interrupts on.", "打开中断。", "", ""}),
    ret(),
};

// --- what schedule() tells the pool ---

bool not_counted(Ctx& cx) {
    const KWorker& w = cx.k.wq.workers[worker_row(cx)];
    return (w.flags & worker_flag::not_running) != 0 || w.sleeping;
}
void falls_asleep(Ctx& cx) {
    KWorker& w = cx.k.wq.workers[worker_row(cx)];
    w.sleeping = true;
    --cx.k.wq.pools[w.pool].nr_running;
    cx.set(Reg::rdi, w.pool);
}
constexpr StepDef wq_worker_sleeping_steps[] = {
    branch(not_counted, "out",
           {"Does {cur} not count as running anyway?", "{cur} 本来就不计入运行者吗？", "", ""}),
    effect(falls_asleep, Cost::locked,
           {"{cur} falls asleep inside a work: nr_running - 1.",
            "{cur} 在工作中睡去：nr_running 减 1。",
            "If work is waiting, its CPU would now do nothing for the pool: wake another worker.",
            "若还有工作在等，该 CPU 就无人干活了：唤醒另一个工作者。"}),
    jump(routines::kick_pool),
    label("out"),
    ret(),
};
void wakes_again(Ctx& cx) {
    KWorker& w = cx.k.wq.workers[worker_row(cx)];
    if (!w.sleeping) return;
    w.sleeping = false;
    if ((w.flags & worker_flag::not_running) == 0) ++cx.k.wq.pools[w.pool].nr_running;
}
constexpr StepDef wq_worker_running_steps[] = {
    effect(wakes_again, Cost::effect,
           {"If {cur} slept inside a work, it counts as running again.",
            "若 {cur} 曾在工作中睡去，现在重新计为运行者。", "", ""}),
    ret(),
};

// --- idle workers are retired: rdi = the pool, from the timer wheel ---

void retire_idle(Ctx& cx) {
    const auto pool = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    WorkerPool& p = element(cx.k.wq.pools, pool);
    p.idle_timer = 0;
    cx.set(Reg::rdi, 0);
    if (!too_many_workers(p)) return;
    KWorker& oldest = cx.k.wq.workers[p.idle_list.front()];
    const Nanos due = oldest.last_active + kIdleWorkerTimeout;
    if (cx.cpu.clock < due) {
        p.idle_timer = add_timer_on(cx, cx.cpu.id, jiffies_of(cx, due), WheelFn::idle_worker, pool);
        return;
    }
    oldest.flags |= worker_flag::die;  // set_worker_dying
    oldest.flags &= ~worker_flag::idle;
    --p.nr_idle;
    --p.nr_workers;
    p.idle_list.erase(p.idle_list.begin());
    cx.set(Reg::rdi, layout::task_address(oldest.task));
}
void keep_pool(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
constexpr StepDef idle_worker_timeout_steps[] = {
    push(Reg::rbx),
    effect(keep_pool, Cost::word, {"Keep the pool.", "保存该池。", "", ""}),
    label("again"),
    effect(retire_idle, Cost::locked,
           {"Are there too many idle workers, and one idle for 300 s? Mark it as dying.",
            "空闲工作者太多，且有空闲满 300 秒的？标记它将结束。",
            "Two stay idle in any case; beyond that one idle worker for every four busy ones.",
            "无论如何保留两个空闲者；此外每四个忙碌者允许一个空闲者。"}),
    branch(rdi_is_zero, "out", {"Is none to go?", "没有要走的吗？", "", ""}),
    call(routines::try_to_wake_up, {"Wake it: it ends by itself.", "唤醒它：它自行结束。", "", ""}),
    jump("again"),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

void set_up_queue_work(Ctx& cx, std::uint32_t work, std::uint32_t cpu) {
    cx.set(Reg::rdi, work | std::uint64_t{cpu} << kCpuShift);
}

namespace routines {
const Routine queue_work_on =
    make_routine<queue_work_on_steps>("queue_work_on", Actor::kernel, Phase::work);
const Routine queue_work =
    make_routine<queue_work_steps>("__queue_work", Actor::kernel, Phase::work);
const Routine kick_pool = make_routine<kick_pool_steps>("kick_pool", Actor::kernel, Phase::work);
const Routine queue_delayed_work_on =
    make_routine<queue_delayed_work_on_steps>("queue_delayed_work_on", Actor::kernel, Phase::work);
const Routine delayed_work_timer_fn =
    make_routine<delayed_work_timer_fn_steps>("delayed_work_timer_fn", Actor::softirq, Phase::work);
const Routine wq_worker_sleeping =
    make_routine<wq_worker_sleeping_steps>("wq_worker_sleeping", Actor::kernel, Phase::work, true);
const Routine wq_worker_running =
    make_routine<wq_worker_running_steps>("wq_worker_running", Actor::kernel, Phase::work, true);
const Routine idle_worker_timeout =
    make_routine<idle_worker_timeout_steps>("idle_worker_timeout", Actor::softirq, Phase::work);
}  // namespace routines

}  // namespace sy
