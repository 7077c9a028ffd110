// What kworkers do: take work, do it, keep one idle worker in reserve by making a new one, go idle,
// and in the end die; and rescuers, which do a queue's work when no worker can be made.
// kernel/workqueue.c; linux.md 7.5.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

std::uint32_t new_worker(Kernel& k, std::uint32_t pool);  // workqueue.cpp

namespace {

constexpr Nanos kCpuIntensive = 10 * kMilli;  // cpu_intensive_thresh_us, linux.md 7.5
constexpr Nanos kCreateCooldown = kSecond;    // CREATE_COOLDOWN

std::uint32_t worker_row(const Ctx& cx) { return cx.k.kthreads[cx.cur().kthread].worker; }
KWorker& me(Ctx& cx) { return cx.k.wq.workers[worker_row(cx)]; }
WorkerPool& my_pool(Ctx& cx) { return cx.k.wq.pools[me(cx).pool]; }
bool rax_is_zero(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
bool rdi_is_zero(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

// worker_set_flags, worker_clr_flags: nr_running counts workers without any of `not_running`.
void set_flags(Ctx& cx, KWorker& w, std::uint32_t flags) {
    if ((w.flags & worker_flag::not_running) == 0 && (flags & worker_flag::not_running) != 0)
        --cx.k.wq.pools[w.pool].nr_running;
    w.flags |= flags;
}
void clear_flags(Ctx& cx, KWorker& w, std::uint32_t flags) {
    const bool counted = (w.flags & worker_flag::not_running) == 0;
    w.flags &= ~flags;
    if (!counted && (w.flags & worker_flag::not_running) == 0) ++cx.k.wq.pools[w.pool].nr_running;
}

// --- worker_thread ---

void leave_idle(Ctx& cx) {
    cx.set_state(cx.current(), task_state::running);
    worker_leave_idle(cx, worker_row(cx));
}
bool is_dying(Ctx& cx) { return (me(cx).flags & worker_flag::die) != 0; }
bool no_work_for_me(Ctx& cx) { return !cx.k.wq.needs_worker(me(cx).pool); }
bool has_reserve(Ctx& cx) { return my_pool(cx).nr_idle > 0; }
void begin_to_work(Ctx& cx) { clear_flags(cx, me(cx), worker_flag::prep); }
void stop_working(Ctx& cx) { set_flags(cx, me(cx), worker_flag::prep); }

// keep_working and assign_work: the first work of the list and its barriers become this worker's. A
// work that another worker of the pool is just executing goes to that one.
void assign_work(Ctx& cx) {
    Workqueues& w = cx.k.wq;
    const std::uint32_t row = worker_row(cx), pool = me(cx).pool;
    std::vector<std::uint32_t>& list = w.pools[pool].worklist;
    cx.set(Reg::rax, 0);
    while (w.workers[row].scheduled.empty() && !list.empty() && w.pools[pool].nr_running <= 1) {
        const std::uint32_t busy = w.executor(pool, list.front());
        std::vector<std::uint32_t>& to = w.workers[busy == kNone ? row : busy].scheduled;
        bool more = true;
        while (more && !list.empty()) {
            more = w.works[list.front()].linked;
            to.push_back(list.front());
            list.erase(list.begin());
        }
    }
    cx.set(Reg::rax, !w.workers[row].scheduled.empty());
}
void go_idle(Ctx& cx) {  // looking and going idle are one step, as under pool->lock: no kick is
                         // lost in between
    cx.set(Reg::rax, 1);
    if (cx.k.wq.needs_worker(me(cx).pool)) return;
    worker_enter_idle(cx, worker_row(cx));
    cx.set_state(cx.current(), task_state::idle);
    cx.set(Reg::rax, 0);
}
bool more_came(Ctx& cx) { return cx.reg(Reg::rax) != 0; }
void die(Ctx& cx) {
    Task& t = cx.cur();
    t.flags &= ~pf::wq_worker;
    set_text(t.comm, "kworker/dying");
    me(cx).task = kNoTask;
}

constexpr StepDef worker_thread_steps[] = {
    push(Reg::rbx),
    label("woke_up"),
    effect(leave_idle, Cost::locked, {"{cur} is no longer idle.", "{cur} 不再空闲。", "", ""}),
    branch(is_dying, "die", {"Is it to end?", "它该结束了吗？", "", ""}),
    label("recheck"),
    branch(no_work_for_me, "sleep",
           {"Is there no work, or does another worker of the pool run already?",
            "没有工作，或池中已有别的工作者在运行？",
            "need_more_worker(): one running worker for a CPU is enough.",
            "need_more_worker()：一个 CPU 有一个在运行的工作者就够了。"}),
    branch(has_reserve, "start",
           {"Is another worker idle, in reserve?", "还有别的空闲工作者作后备吗？",
            "If this one falls asleep in its work, the reserve takes over.",
            "若它在工作中睡去，后备者就接手。"}),
    call(routines::manage_workers,
         {"No: make one before working.", "没有：先创建一个再干活。", "", ""}),
    branch(rax_is_zero, "start",
           {"Does another worker do this already?", "别的工作者已经在做这件事了吗？", "", ""}),
    jump("recheck"),
    label("start"),
    effect(begin_to_work, Cost::effect,
           {"{cur} counts as running from now on: nr_running + 1.",
            "{cur} 从此计为运行者：nr_running 加 1。", "", ""}),
    label("next"),
    effect(assign_work, Cost::locked,
           {"Take the first work off the pool's list.", "从池的列表取下第一件工作。",
            "keep_working(): as long as there is work and nobody else of the pool runs.",
            "keep_working()：只要还有工作，且池中没有别人在运行。"}),
    branch(rax_is_zero, "enough", {"Is there nothing for it to do?", "没有它要做的了吗？", "", ""}),
    call(routines::process_scheduled_works),
    jump("next"),
    label("enough"),
    effect(stop_working, Cost::effect,
           {"{cur} no longer counts as running.", "{cur} 不再计为运行者。", "", ""}),
    label("sleep"),
    effect(go_idle, Cost::locked,
           {"Go idle: first on the idle list, state TASK_IDLE.",
            "进入空闲：排在空闲列表最前，状态 TASK_IDLE。",
            "ps shows I: asleep, and not counted as load.", "ps 显示 I：在睡眠，不计入负载。"}),
    branch(more_came, "recheck", {"Has work come meanwhile?", "其间来了工作吗？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps until the pool is kicked.",
                              "调用 schedule()：{cur} 睡到池被唤起为止。", "", ""}),
    jump("woke_up"),
    label("die"),
    effect(die, Cost::locked,
           {"There are too many idle workers: {cur} ends.", "空闲工作者太多：{cur} 结束。",
            "ps shows it as kworker/dying for a moment.", "ps 会短暂显示 kworker/dying。"}),
    pop(Reg::rbx),
    ret(),
};

// --- process_one_work ---

bool nothing_scheduled(Ctx& cx) { return me(cx).scheduled.empty(); }
constexpr StepDef process_scheduled_works_steps[] = {
    label("again"),
    branch(nothing_scheduled, "out",
           {"Is everything done that {cur} has taken?", "{cur} 取走的工作都做完了吗？", "", ""}),
    call(routines::process_one_work),
    jump("again"),
    label("out"),
    ret(),
};

void begin_work(Ctx& cx) {
    Workqueues& wq = cx.k.wq;
    KWorker& w = me(cx);
    const std::uint32_t id = w.scheduled.front();
    w.scheduled.erase(w.scheduled.begin());
    WorkItem& work = wq.works[id];
    w.current_work = id;
    w.current_pwq = work.pwq;
    w.current_color = work.color;
    w.current_at = static_cast<Nanos>(cx.cur().se.sum_exec_runtime);
    w.desc = wq.pwqs[work.pwq].wq;
    work.on_list = false;
    ++work.started;
    work.linked = false;
    if (!work.is_barrier) cx.cur().program = work.program;
    cx.set(Reg::rbx, id);
    cx.set(Reg::rdi, w.pool);
}
void execute_start(Ctx& cx) {
    WorkItem& work = element(cx.k.wq.works, cx.reg(Reg::rbx));
    work.pending = false;
    cx.emit(RecordKind::workqueue_execute_start, static_cast<std::uint32_t>(cx.reg(Reg::rbx)));
}
const Routine* work_function(Ctx& cx) {
    return element(cx.k.wq.works, cx.reg(Reg::rbx)).is_barrier ? &routines::wq_barrier_func
                                                      : &routines::work_func;
}
void execute_end(Ctx& cx) {
    cx.emit(RecordKind::workqueue_execute_end, static_cast<std::uint32_t>(cx.reg(Reg::rbx)));
}
bool no_resched(Ctx& cx) { return (cx.cur().tif & tif::need_resched) == 0; }
void leave_work(Ctx& cx) {
    KWorker& w = me(cx);
    const std::uint32_t pwq = w.current_pwq;
    const bool is_barrier = element(cx.k.wq.works, cx.reg(Reg::rbx)).is_barrier;
    clear_flags(cx, w, worker_flag::cpu_intensive);
    ++element(cx.k.wq.works, cx.reg(Reg::rbx)).ended;
    w.current_work = w.current_pwq = kNone;
    if (is_barrier) element(cx.k.wq.works, cx.reg(Reg::rbx)).in_use = false;  // its memory was the flusher's
    work_has_left(cx, pwq, !is_barrier);
    cx.set(Reg::rbx, cx.k.wq.pwqs[pwq].wq);
}
void next_flusher(Ctx& cx) {
    const std::uint32_t done =
        take_done_flusher(cx.k, static_cast<std::uint32_t>(cx.reg(Reg::rbx)));
    cx.set(Reg::rdi, done == kNone ? 0 : layout::completion_address(done));
}

constexpr StepDef process_one_work_steps[] = {
    push(Reg::rbx),
    effect(begin_work, Cost::locked,
           {"{cur} is busy with this work from now on.", "{cur} 从此忙于这件工作。",
            "It stands in the pool's busy_hash: who queues the same work again finds its executor.",
            "它记在池的 busy_hash 中：再次排队同一工作的人能找到它的执行者。"}),
    call(routines::kick_pool),
    effect(execute_start, Cost::effect,
           {"Clear PENDING, unlock, and begin.", "清除 PENDING，解锁，开始执行。",
            "From now on the work may be queued again, even by itself.",
            "从此该工作可再次排队，甚至由它自己。"}),
    call_indirect(work_function, {"Call the work's function.", "调用工作的函数。",
                                  "It runs in process context: it may sleep, unlike a softirq.",
                                  "它在进程上下文运行：可以睡眠，与软中断不同。"}),
    effect(execute_end, Cost::effect, {"The work is done.", "工作完成。", "", ""}),
    branch(
        no_resched, "on",
        {"cond_resched(): does nobody want the CPU?", "cond_resched()：没有人要 CPU 吗？", "", ""}),
    call(routines::schedule),
    label("on"),
    effect(leave_work, Cost::locked,
           {"{cur} has no work any more; the queue may activate another one.",
            "{cur} 手上没有工作了；队列可激活下一件。", "", ""}),
    label("flushers"),
    effect(next_flusher, Cost::effect,
           {"Does somebody wait in flush_workqueue() for what is done now?",
            "有人在 flush_workqueue() 中等待刚完成的工作吗？", "", ""}),
    branch(rdi_is_zero, "out", {"Nobody?", "没有吗？", "", ""}),
    call(routines::complete),
    jump("flushers"),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

constexpr StepDef work_func_steps[] = {
    push(Reg::rbx), push(Reg::r12), push(Reg::r13),
    push(Reg::r14), push(Reg::r15), call(routines::scenario_thread_start),
    pop(Reg::r15),  pop(Reg::r14),  pop(Reg::r13),
    pop(Reg::r12),  pop(Reg::rbx),  ret(),
};
void barrier_done(Ctx& cx) {
    cx.set(Reg::rdi, layout::completion_address(cx.k.wq.works[me(cx).current_work].done));
}
constexpr StepDef wq_barrier_func_steps[] = {
    effect(barrier_done, Cost::word,
           {"The work before this barrier is done: tell who waits in flush_work().",
            "此屏障之前的工作已完成：告诉在 flush_work() 中的等待者。", "", ""}),
    jump(routines::complete),
};

// --- manage_workers ---

void become_manager(Ctx& cx) {
    WorkerPool& p = my_pool(cx);
    cx.set(Reg::rax, p.manager == kNoTask);
    if (p.manager == kNoTask) p.manager = cx.current();
}
void ask_for_worker(Ctx& cx) {
    const std::uint32_t pool = me(cx).pool;
    WorkerPool& p = element(cx.k.wq.pools, pool);
    if (p.mayday_timer == 0)
        p.mayday_timer = add_timer_on(
            cx, cx.cpu.id, jiffies_now(cx) + jiffies_of(cx, kMaydayInitial), WheelFn::mayday, pool);
    const std::uint32_t row = new_worker(cx.k, pool);
    const std::uint32_t request = new_kthread_request(cx.k);
    KthreadRequest& r = cx.k.kthread_requests[request];
    set_text(r.comm, kworker_name(cx.k.wq, row));
    r.fn = ThreadFn::worker;
    r.worker = row;
    cx.set(Reg::rbx, row);
    cx.set(Reg::rdi, request);
}
void attach_worker(Ctx& cx) {
    const auto row = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    KWorker& w = element(cx.k.wq.workers, row);
    cx.set(Reg::rdi, cx.reg(Reg::rax), at::reg(Reg::rax));
    if (cx.reg(Reg::rax) == 0) {
        w.flags |= worker_flag::die;  // its number is free again
        return;
    }
    const TaskId id = layout::task_of(cx.reg(Reg::rax));
    WorkerPool& p = cx.k.wq.pools[w.pool];
    w.task = id;
    if (p.nice != 0) cx.k.set_nice(cx, id, p.nice);
    if (p.cpu != kNoCpu) cx.k.set_affinity(cx, id, std::uint64_t{1} << p.cpu);
    cx.task(id).flags |= pf::wq_worker | pf::no_setaffinity;
    ++p.nr_workers;
    worker_enter_idle(cx, row);
}
bool no_more_needed(Ctx& cx) {
    return !cx.k.wq.needs_worker(me(cx).pool) || my_pool(cx).nr_idle > 0;
}
void cool_down(Ctx& cx) {
    cx.set_state(cx.current(), task_state::interruptible);
    cx.set(Reg::rdi, jiffies_of(cx, kCreateCooldown));
}
void end_managing(Ctx& cx) {
    WorkerPool& p = my_pool(cx);
    del_timer(cx, p.mayday_timer);
    p.mayday_timer = 0;
    p.manager = kNoTask;
    cx.set(Reg::rax, 1);
}
constexpr StepDef manage_workers_steps[] = {
    push(Reg::rbx),
    effect(become_manager, Cost::locked,
           {"Become the pool's manager, if nobody is.", "若无人担任，就成为池的管理者。",
            "Only one worker at a time makes new ones.", "同一时刻只有一个工作者负责创建新的。"}),
    branch(rax_is_zero, "out",
           {"Is another worker the manager?", "别的工作者是管理者吗？", "", ""}),
    label("again"),
    effect(ask_for_worker, Cost::effect,
           {"Prepare a struct worker with the next free number, and start the mayday timer.",
            "准备一个 struct worker（取下一个空闲编号），启动求救定时器。",
            "If no worker can be made within 10 ms, the rescuers are called.",
            "若 10 ms 内造不出工作者，就叫救援者。"}),
    call(routines::kthread_create),
    effect(attach_worker, Cost::locked,
           {"Bind the new kworker to the pool's CPU, give it the pool's nice value; it is idle.",
            "把新的 kworker 绑到池的 CPU，给它池的 nice 值；它是空闲的。", "", ""}),
    branch(rdi_is_zero, "failed", {"Could no thread be made?", "没能创建线程吗？", "", ""}),
    call(routines::try_to_wake_up, {"Wake it for the first time.", "第一次唤醒它。", "", ""}),
    label("done"),
    effect(end_managing, Cost::locked,
           {"The pool has no manager any more; stop the mayday timer.",
            "池不再有管理者；停掉求救定时器。", "", ""}),
    label("out"),
    pop(Reg::rbx),
    ret(),
    label("failed"),
    branch(no_more_needed, "done", {"Is none needed any more?", "已经不需要了吗？", "", ""}),
    effect(cool_down, Cost::effect, {"Try again in a second.", "一秒后再试。", "", ""}),
    call(routines::schedule_timeout),
    jump("again"),
};

// --- rescuers ---

void take_mayday(Ctx& cx) {
    Workqueues& wq = cx.k.wq;
    KWorker& w = me(cx);
    Workqueue& q = wq.queues[w.rescue_wq];
    cx.set(Reg::rax, 0);
    if (q.maydays.empty()) {
        cx.set_state(cx.current(), task_state::idle);
        return;
    }
    cx.set_state(cx.current(), task_state::running);
    const std::uint32_t pwq = q.maydays.front();
    q.maydays.erase(q.maydays.begin());
    wq.pwqs[pwq].in_mayday = false;
    w.pool = wq.pwqs[pwq].pool;  // worker_attach_to_pool
    const CpuId cpu = wq.pools[w.pool].cpu;
    const std::uint64_t all =
        cx.k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << cx.k.cpus.size()) - 1;
    cx.k.set_affinity(cx, cx.current(), cpu == kNoCpu ? all : std::uint64_t{1} << cpu);
    cx.set(Reg::rbx, pwq);
    cx.set(Reg::rax, 1);
}
// Only this queue's works, and at most a batch of them.
void collect_works(Ctx& cx) {
    Workqueues& wq = cx.k.wq;
    KWorker& w = me(cx);
    std::vector<std::uint32_t>& list = wq.pools[w.pool].worklist;
    int taken = 0;
    for (std::size_t i = 0; i < list.size() && taken < kRescuerBatch;) {
        WorkItem& work = wq.works[list[i]];
        if (work.pwq != cx.reg(Reg::rbx) || wq.executor(w.pool, list[i]) != kNone) {
            while (i < list.size() && wq.works[list[i]].linked) ++i;
            ++i;
            continue;
        }
        ++taken;
        bool more = true;
        while (more && i < list.size()) {
            more = wq.works[list[i]].linked;
            w.scheduled.push_back(list[i]);
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}
void detach_rescuer(Ctx& cx) {
    KWorker& w = me(cx);
    cx.set(Reg::rdi, w.pool);
    w.pool = kNone;
}
constexpr StepDef rescuer_thread_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(take_mayday, Cost::locked,
           {"Take a pool that cries for help; if none does, state TASK_IDLE.",
            "取一个求救的池；若没有，状态 TASK_IDLE。", "", ""}),
    branch(rax_is_zero, "sleep", {"Does none?", "没有吗？", "", ""}),
    branch(no_resched, "here",
           {"Is {cur} on a CPU of that pool?", "{cur} 在那个池的 CPU 上吗？", "", ""}),
    call(routines::schedule, {"Move to the pool's CPU.", "移到池的 CPU。", "", ""}),
    label("here"),
    effect(collect_works, Cost::locked,
           {"Take this queue's works from the pool's list, 16 at the most.",
            "从池的列表取走本队列的工作，最多 16 件。",
            "A queue with a rescuer makes progress even when no new thread can be made.",
            "有救援者的队列即使无法创建新线程也能推进。"}),
    call(routines::process_scheduled_works),
    effect(detach_rescuer, Cost::locked, {"Leave the pool again.", "离开该池。", "", ""}),
    call(routines::kick_pool),
    jump("again"),
    label("sleep"),
    call(routines::schedule),
    jump("again"),
};

// The mayday timer: rdi = the pool.
void send_mayday(Ctx& cx) {
    Workqueues& wq = cx.k.wq;
    const auto pool = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    WorkerPool& p = element(wq.pools, pool);
    cx.set(Reg::rdi, 0);
    if (!wq.needs_worker(pool) || p.nr_idle > 0) return;
    for (const std::uint32_t id : p.worklist) {
        PoolWorkqueue& pwq = wq.pwqs[wq.works[id].pwq];
        Workqueue& q = wq.queues[pwq.wq];
        if (q.rescuer == kNone || pwq.in_mayday) continue;
        pwq.in_mayday = true;
        q.maydays.push_back(wq.works[id].pwq);
        cx.set(Reg::rdi, layout::task_address(wq.workers[q.rescuer].task));
        return;
    }
}
void keep_pool(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
void rearm_mayday(Ctx& cx) {
    const auto pool = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    WorkerPool& p = element(cx.k.wq.pools, pool);
    p.mayday_timer = 0;
    if (p.manager != kNoTask)
        p.mayday_timer =
            add_timer_on(cx, cx.cpu.id, jiffies_now(cx) + jiffies_of(cx, kMaydayInterval),
                         WheelFn::mayday, pool);
}
constexpr StepDef pool_mayday_timeout_steps[] = {
    push(Reg::rbx),
    effect(keep_pool, Cost::word,
           {"Making a worker takes too long: is help needed?", "创建工作者耗时太久：需要帮助吗？",
            "", ""}),
    label("again"),
    effect(send_mayday, Cost::locked,
           {"Find a waiting work whose queue has a rescuer.", "找一件其队列有救援者的等待工作。",
            "", ""}),
    branch(rdi_is_zero, "out", {"Is there none (left)?", "没有（了）吗？", "", ""}),
    call(routines::try_to_wake_up, {"Wake the rescuer.", "唤醒救援者。", "", ""}),
    jump("again"),
    label("out"),
    effect(rearm_mayday, Cost::timer,
           {"Look again in 100 ms, as long as a worker is being made.",
            "只要还在创建工作者，100 ms 后再看。", "", ""}),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

// wq_worker_tick: a work that computes for long no longer keeps the others of its CPU waiting.
void wq_worker_tick(Ctx& cx) {
    KWorker& w = me(cx);
    if (w.current_work == kNone || (w.flags & worker_flag::not_running) != 0 || w.sleeping) return;
    const Nanos ran = static_cast<Nanos>(cx.cur().se.sum_exec_runtime) - w.current_at;
    if (ran < kCpuIntensive) return;
    set_flags(cx, w, worker_flag::cpu_intensive);
    const WorkerPool& p = cx.k.wq.pools[w.pool];
    if (cx.k.wq.needs_worker(w.pool) && !p.idle_list.empty())
        cx.wake_now(cx.k.wq.workers[p.idle_list.back()].task, task_state::normal);
}

namespace routines {
const Routine worker_thread =
    make_routine<worker_thread_steps>("worker_thread", Actor::kernel, Phase::work);
const Routine process_scheduled_works = make_routine<process_scheduled_works_steps>(
    "process_scheduled_works", Actor::kernel, Phase::work);
const Routine process_one_work =
    make_routine<process_one_work_steps>("process_one_work", Actor::kernel, Phase::work);
const Routine work_func = make_routine<work_func_steps>("work_func", Actor::kernel, Phase::work);
const Routine wq_barrier_func =
    make_routine<wq_barrier_func_steps>("wq_barrier_func", Actor::kernel, Phase::work);
const Routine manage_workers =
    make_routine<manage_workers_steps>("manage_workers", Actor::kernel, Phase::work);
const Routine rescuer_thread =
    make_routine<rescuer_thread_steps>("rescuer_thread", Actor::kernel, Phase::work);
const Routine pool_mayday_timeout =
    make_routine<pool_mayday_timeout_steps>("pool_mayday_timeout", Actor::softirq, Phase::work);
}  // namespace routines

}  // namespace sy
