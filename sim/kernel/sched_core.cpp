// The scheduler core: schedule() and __schedule(), waking a task, asking for a reschedule, and the system calls that
// only talk to the scheduler. Which task is best is the class's business (sim/sched). linux.md 5.6, 5.8, 6.2.
#include <algorithm>
#include <bit>

#include "sim/base/assert.h"
#include "sim/kernel/burst.h"
#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

// --- services ---

void Ctx::set_state(TaskId id, std::uint32_t state) {
    Task& t = task(id);
    move(at::none, at::task(id, TaskField::state), state, t.state);
    t.state = state;
}

void Ctx::send_ipi(CpuId c, std::uint8_t vector) {
    Cpu& target = k.cpus[c];
    (vector == kCallVector ? target.ipi_call : target.ipi_resched) = true;
    announce(c);
}

void Ctx::announce(CpuId c) {
    Cpu& target = k.cpus[c];
    const Nanos arrival = cpu.clock + k.image().costs[static_cast<std::size_t>(Cost::ipi_flight)];
    target.ipi_arrival = std::min(target.ipi_arrival, arrival);
    expect_at(arrival);
    if (&target == &cpu && !outside) return;   // update_next looks again after this step
    // A computing or halted CPU is interrupted then; one inside the kernel looks after its next step.
    if (target.next > arrival && target.next > target.clock)
        target.next = std::max(target.clock, arrival);
    k.lower_horizon(target.next);
    expect_at(target.next);
}

void Ctx::resched_curr(CpuId c) {
    const TaskId id = k.cpus[c].runs();
    Task& curr = task(id);
    if ((curr.tif & tif::need_resched) != 0) return;
    move(at::none, at::task(id, TaskField::need_resched), 1, 0);
    curr.tif |= tif::need_resched;
    if (c != cpu.id || outside) send_ipi(c, kRescheduleVector);
}

// A request of the fair class. Under `preempt lazy` it is honoured at the next return to user mode only, nobody is told,
// and a tick that still finds it makes it urgent (linux.md 6.2).
void Ctx::resched_curr_lazy(CpuId c) {
    const TaskId id = k.cpus[c].runs();
    if (k.image().preempt != MachineDecl::Preempt::lazy || id == k.cpus[c].idle) return resched_curr(c);
    Task& curr = task(id);
    if ((curr.tif & (tif::need_resched | tif::need_resched_lazy)) != 0) return;
    move(at::none, at::task(id, TaskField::need_resched), 1, 0);
    curr.tif |= tif::need_resched_lazy;
}

void Ctx::activate(TaskId id, CpuId c, Enqueue why) {
    Task& t = task(id);
    SY_ASSERT(!t.on_rq, "a task that is queued already must not be queued again");
    t.on_rq = true;
    t.cpu = c;
    t.last_queued = cpu.clock;
    t.se.enqueue_seq = ++k.enqueue_seq_;
    if (t.arrival < 0) t.arrival = cpu.clock;
    if (k.image().wants_bursts && why != Enqueue::migrated) t.next_burst = coming_burst(k, id);
    k.sched->enqueue(view(c), id, why);
    move(at::none, at::task(id, TaskField::on_rq), 1, 0);
    if (t.sched_class != ClassId::fair) sync_class_timers(c);
    if (k.sched->balance_settings().hrtick) [[unlikely]]
        hrtick_update(c);
}

void Ctx::check_preempt(CpuId c, TaskId wakee) {
    const TaskId curr = k.cpus[c].runs();
    if (curr == k.cpus[c].idle) {
        resched_curr(c);
    } else if ((peek(curr).tif & tif::need_resched) == 0 && peek(curr).on_rq) {
        if (k.sched->check_preempt(view(c), curr, wakee))
            peek(wakee).sched_class == ClassId::fair ? resched_curr_lazy(c) : resched_curr(c);
    }
}

CpuId Ctx::first_allowed(const Task& t) const {
    const std::uint64_t online = k.cpus.size() == 64 ? ~std::uint64_t{0}
                                                     : (std::uint64_t{1} << k.cpus.size()) - 1;
    return static_cast<CpuId>(std::countr_zero(t.cpus_allowed & online));
}

// One queue for all CPUs and none of them idle: the class says whose running task should give way.
CpuId Ctx::preempt_where(TaskId id, CpuId otherwise) const {
    if (otherwise == kNoCpu) otherwise = first_allowed(peek(id));
    if (k.image().wants_bursts) k.tasks.mut(id).next_burst = coming_burst(k, id);
    return k.sched->preempt_where(view(otherwise), id, otherwise);
}

// A task has just been left in the common queue: an idle CPU may take it. One that has been told to reschedule already
// is about to take somebody else.
void Ctx::kick_idle_cpu(TaskId id) {
    for (Cpu& c : k.cpus) {
        if (c.id == cpu.id || c.runs() != c.idle || (peek(id).cpus_allowed >> c.id & 1) == 0) continue;
        if ((peek(c.idle).tif & tif::need_resched) != 0) continue;
        resched_curr(c.id);
        return;
    }
}

// With a line that CPUs share, the one who was woken for a task may have found a better one: the task is for another.
void Ctx::kick_idle_cpus() {
    for (Cpu& c : k.cpus)
        if (c.id != cpu.id && c.runs() == c.idle && (peek(c.idle).tif & tif::need_resched) == 0 &&
            k.sched->has_work_for(k.tasks, c.id))
            resched_curr(c.id);
}

void Ctx::move_to_cpu(TaskId id, CpuId c) {
    const CpuId from = peek(id).cpu;
    if (from == c) return;
    emit(RecordKind::sched_migrate_task, id, from, c, static_cast<std::uint32_t>(peek(id).prio));
    k.sched->migrate(view(from), id, c);
    Task& t = task(id);
    move(at::none, at::task(id, TaskField::cpu), c, from);
    t.cpu = c;
    ++t.nr_migrations;
}

// ttwu_stat, for /proc/schedstat: a wakeup belongs to the CPU that made it.
static void count_wakeup(Cpu& waker, CpuId target) {
    ++waker.ttwu_count;
    if (waker.id == target) ++waker.ttwu_local;
}

bool Ctx::wake_now(TaskId id, std::uint32_t states) {
    const Task& t = peek(id);
    if ((t.state & states) == 0) return false;
    const auto prio = static_cast<std::uint32_t>(t.prio);
    emit(RecordKind::sched_waking, id, t.cpu, prio);
    if (t.on_rq) {   // it has not got round to sleeping yet
        set_state(id, task_state::running);
    } else if (t.on_cpu) {
        const CpuId c = t.cpu;
        set_state(id, task_state::waking);
        count_wakeup(cpu, c);
        k.cpus[c].wake_list.push_back(id);
        send_ipi(c, kCallVector);
        return true;
    } else {
        const CpuId c = select_cpu(id);
        move_to_cpu(id, c);
        count_wakeup(cpu, c);
        set_state(id, task_state::running);
        activate(id, c, Enqueue::wakeup);
        check_preempt(c, id);
    }
    emit(RecordKind::sched_wakeup, id, peek(id).cpu, prio);
    return true;
}

void Kernel::task_is_gone(TaskId task) {
    const Task& t = tasks[task];
    const bool counts = t.counts_as_living;
    if (counts) {
        tasks.mut(task).counts_as_living = false;
        if (--living == 0 && arrivals_left == 0) end_ = End::all_exited;
    }
}

namespace {

TaskId task_in(const Ctx& cx, Reg r) { return layout::task_of(cx.reg(r)); }
void preempt_add(Ctx& cx, int n) {
    n > 0 ? cx.preempt_add(kPreemptOffset) : cx.preempt_sub(kPreemptOffset);
}

// --- schedule ---

// R12 in __schedule: the mode, and above it the state with which prev left the queue; a waker on another CPU may change
// the state itself before the switch is done.
constexpr std::uint64_t kSmNone = 0, kSmPreempt = 1;
constexpr int kPrevStateShift = 8;

// A kernel thread never enters the kernel: its episodes begin and end at schedule().
bool is_kernel_thread(const Ctx& cx) {
    return cx.cur().is_kthread() && (cx.cur().flags & pf::idle) == 0;
}
void preempt_disable_none(Ctx& cx) {
    if (is_kernel_thread(cx)) cx.cpu.begin_episode(cx.k.steps());
    preempt_add(cx, 1);
    cx.set(Reg::rdi, kSmNone);
}
void preempt_disable_preempt(Ctx& cx) {
    preempt_add(cx, 1);
    cx.set(Reg::rdi, kSmPreempt);
    cx.irqs_on();
}
void preempt_enable_no_resched(Ctx& cx) {
    preempt_add(cx, -1);
    if (is_kernel_thread(cx)) cx.cpu.begin_episode(cx.k.steps() + 1);
}
void preempt_enable_irq_off(Ctx& cx) {
    preempt_add(cx, -1);
    cx.irqs_off();
}
bool need_resched(Ctx& cx) { return (cx.cur().tif & tif::need_resched) != 0; }

void lock_rq(Ctx& cx) {
    if (cx.cpu.episode_switched) cx.cpu.begin_episode(cx.k.steps());   // one switch, one episode
    cx.irqs_off();
    preempt_add(cx, 1);
    cx.set(Reg::r12, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::rbx, layout::task_address(cx.cpu.curr), at::per_cpu(cx.cpu.id, PerCpuField::curr));
}
void update_rq_clock(Ctx& cx) {
    if (cx.cpu.curr != cx.cpu.idle && cx.cur().on_rq) cx.k.sched->update_curr(cx.view(), cx.cpu.curr);
}
bool prev_stays_runnable(Ctx& cx) {
    return cx.reg(Reg::r12) == kSmPreempt || cx.peek(task_in(cx, Reg::rbx)).state == task_state::running;
}
// A signal that came meanwhile cancels the sleep; else the task leaves the run queue.
void deactivate_prev(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx);
    const Task& t = cx.peek(prev);
    if (t.state == task_state::running) return;   // another CPU woke it between the last step and this one
    const bool fatal = (t.pending_signals & (std::uint64_t{1} << 8)) != 0;
    if ((t.tif & tif::sigpending) != 0 &&
        ((t.state & task_state::interruptible) != 0 || ((t.state & task_state::wakekill) != 0 && fatal))) {
        cx.set_state(prev, task_state::running);
        return;
    }
    cx.set(Reg::r12, cx.reg(Reg::r12) | std::uint64_t{t.state} << kPrevStateShift);
    cx.k.sched->dequeue(cx.view(), prev, Dequeue::sleep);
    cx.task(prev).on_rq = false;
    cx.move(at::none, at::task(prev, TaskField::on_rq), 0, 1);
}
// A forced order: the task whose turn it is, if it waits in this CPU's queue and nobody of a higher class does.
TaskId directed_pick(const Ctx& cx) {
    const TaskId turn = cx.k.direction.turn;
    if (turn == kNoTask || cx.k.direction.left == 0) return kNoTask;
    const Task& t = cx.peek(turn);
    const bool is_here = t.cpu == cx.cpu.id || cx.k.image().shared_queue;
    if (!t.on_rq || !is_here || t.state != task_state::running || (t.on_cpu && cx.cpu.curr != turn)) return kNoTask;
    if (cx.k.sched->runnable_above_fair(cx.cpu.id) != 0 || t.sched_class != ClassId::fair) return kNoTask;
    return turn;
}
void pick_next(Ctx& cx) {
    const TaskId prev = cx.cpu.curr;
    if (prev != cx.cpu.idle && cx.peek(prev).on_rq) {
        Task& p = cx.task(prev);
        p.last_queued = cx.cpu.clock;
        if ((p.cpus_allowed >> cx.cpu.id & 1) != 0 || !cx.cpu.smp.stop_works.empty()) {
            cx.k.sched->put_prev(cx.view(), prev);
        } else {   // one line for all CPUs, and it may not be taken here: finish_task_switch sends it on
            cx.k.sched->dequeue(cx.view(), prev, Dequeue::migrated);
            p.on_rq = false;
            p.migrating = true;
        }
    }
    if (cx.cpu.slice_timer != 0) {
        cx.emit(RecordKind::hrtimer_cancel, static_cast<std::uint32_t>(TimerKind::slice), prev);
        cx.cpu.slice_timer = 0;
    }
    if (cx.k.cpus.size() > 1 && prev != cx.cpu.idle && cx.peek(prev).sched_class < ClassId::fair) cx.pull_rt_task();
    TaskId next = cx.k.direction.on ? directed_pick(cx) : kNoTask;
    if (next == kNoTask) next = cx.k.sched->pick_next(cx.view());
    if (next == kNoTask && cx.pull_task()) next = cx.k.sched->pick_next(cx.view());
    if (next == kNoTask) {
        next = cx.cpu.idle;
    } else {
        cx.k.sched->set_next(cx.view(), next);
        Task& t = cx.task(next);
        if (t.last_queued >= 0) {
            t.run_delay += cx.cpu.clock - t.last_queued;
            cx.cpu.run_delay += cx.cpu.clock - t.last_queued;
        }
        if (next != prev) ++cx.cpu.pcount;
        t.last_queued = -1;
        if (t.first_run < 0) t.first_run = cx.cpu.clock;
        const Nanos end = cx.k.sched->slice_end(cx.view(), next);
        if (t.cpu != cx.cpu.id) {   // from a queue that CPUs share
            cx.emit(RecordKind::sched_migrate_task, next, t.cpu, cx.cpu.id, static_cast<std::uint32_t>(t.prio));
            t.cpu = cx.cpu.id;
            ++t.nr_migrations;
        }
        if (end != kNever) cx.cpu.slice_timer = cx.start_timer(cx.cpu.id, end, TimerKind::slice, next);
    }
    cx.sync_class_timers(cx.cpu.id);
    if (cx.k.cpus.size() > 1 && cx.k.sched->runnable_above_fair(cx.cpu.id) > 1) cx.push_rt_task();
    if (cx.k.image().has_groups) cx.k.start_group_timers(cx);
    ++cx.cpu.sched_count;
    if (next == cx.cpu.idle) ++cx.cpu.sched_goidle;
    cx.cpu.picked = next;
    // From here on a waker on another CPU looks at the picked task; if that is prev itself, its old wish to be
    // rescheduled is granted now, so that a new one is not lost.
    if (next == prev) cx.task(prev).tif &= ~(tif::need_resched | tif::need_resched_lazy);
    cx.program_lapic(cx.cpu.id);
    cx.set(Reg::rbp, layout::task_address(next), at::per_cpu(cx.cpu.id, PerCpuField::run_queue));
}
void clear_need_resched(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx);
    if (prev == cx.cpu.picked) return;
    Task& t = cx.task(prev);
    cx.move(at::none, at::task(prev, TaskField::need_resched), 0, (t.tif & tif::need_resched) != 0);
    t.tif &= ~(tif::need_resched | tif::need_resched_lazy);
}
bool same_task(Ctx& cx) { return cx.reg(Reg::rbx) == cx.reg(Reg::rbp); }

void commit_switch(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx), next = task_in(cx, Reg::rbp);
    Task& p = cx.task(prev);
    const bool preempted = (cx.reg(Reg::r12) & 0xff) == kSmPreempt;
    const auto prev_state = static_cast<std::uint32_t>(cx.reg(Reg::r12) >> kPrevStateShift);
    const bool voluntary = prev_state != task_state::running;
    ++(voluntary ? p.nvcsw : p.nivcsw);
    if (!voluntary && p.first_run == cx.cpu.clock) p.first_run = -1;   // it has had the CPU for no time at all
    ++cx.cpu.nr_switches;
    const char letter = preempted ? 'R' : state_letter(prev_state, p.exit_state);
    cx.emit(RecordKind::sched_switch, next,
            static_cast<std::uint32_t>(letter) | (preempted ? 0x100u : 0u), static_cast<std::uint32_t>(p.prio),
            static_cast<std::uint32_t>(cx.peek(next).prio));
    cx.count_switch();
    cx.cpu.episode_switched = true;
    cx.move(at::reg(Reg::rbp), at::per_cpu(cx.cpu.id, PerCpuField::curr), cx.reg(Reg::rbp), cx.reg(Reg::rbx));
    cx.cpu.curr = next;
    cx.cpu.picked = kNoTask;
    Task& n = cx.task(next);
    cx.move(at::none, at::task(next, TaskField::on_cpu), 1, 0);
    n.on_cpu = true;
    n.cpu = cx.cpu.id;
    if (next == cx.cpu.idle) {
        cx.recheck = true;   // the idle task is interrupted where others are not: see pending_vector
        cx.k.idle_entered(cx.cpu.id);
    }
    if (prev == cx.cpu.idle) cx.restart_tick(cx.cpu.id);
}

// --- the mm part of context_switch, linux.md 5.6 ---

bool next_has_mm(Ctx& cx) { return cx.peek(task_in(cx, Reg::rbp)).mm != kNoMm; }
bool prev_has_mm(Ctx& cx) { return cx.peek(task_in(cx, Reg::rbx)).mm != kNoMm; }
void enter_lazy_tlb(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx), next = task_in(cx, Reg::rbp);
    Task& p = cx.task(prev);
    const MmId borrowed = p.active_mm;
    cx.move(at::task(prev, TaskField::active_mm), at::task(next, TaskField::active_mm),
            layout::mm_address(borrowed), layout::mm_address(cx.peek(next).active_mm));
    cx.task(next).active_mm = borrowed;
    if (p.mm != kNoMm) {
        cx.mm_grab(borrowed);
        if (!cx.cpu.tlb.is_lazy) {
            cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::is_lazy), 1, 0);
            cx.cpu.tlb.is_lazy = true;
        }
    } else {   // the reference moves from one borrower to the next
        cx.task(prev).active_mm = kNoMm;
    }
    ++cx.cpu.lazy_switches;
}
void mm_arguments(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx), next = task_in(cx, Reg::rbp);
    cx.set(Reg::rdi, layout::mm_address(cx.peek(prev).active_mm), at::task(prev, TaskField::active_mm));
    cx.set(Reg::rsi, layout::mm_address(cx.peek(next).mm), at::task(next, TaskField::mm));
}
void return_borrowed(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rbx);
    Task& p = cx.task(prev);
    cx.move(at::task(prev, TaskField::active_mm), at::per_cpu(cx.cpu.id, PerCpuField::prev_mm),
            layout::mm_address(p.active_mm), layout::mm_address(cx.cpu.prev_mm));
    cx.cpu.prev_mm = p.active_mm;
    p.active_mm = kNoMm;
}
void switch_arguments(Ctx& cx) {
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
    cx.set(Reg::rsi, cx.reg(Reg::rbp), at::reg(Reg::rbp));
}
void last_to_rdi(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rax), at::reg(Reg::rax)); }
void unlock_rq(Ctx& cx) {
    cx.cpu.picked = kNoTask;
    preempt_add(cx, -1);
    cx.irqs_on();
}

constexpr Say kPrologue = {"Push {reg}: the caller's value must survive.", "压入 {reg}：调用者的值必须保住。", "", ""};
constexpr Say kEpilogue = {"Pop {reg}: the caller's value is back.", "弹出 {reg}：调用者的值恢复。", "", ""};

bool is_worker(Ctx& cx) { return (cx.cur().flags & pf::wq_worker) != 0; }
bool stays_runnable(Ctx& cx) { return cx.cur().state == task_state::running; }

constexpr StepDef schedule_steps[] = {
    push(Reg::rbx, kPrologue),
    free_branch(is_worker, "worker", {"Is {cur} a kworker?", "{cur} 是 kworker 吗？",
                                      "Then its pool must know when it sleeps in the middle of a work.",
                                      "若是，它在工作中途睡去时池必须知道。"}),
    label("again"),
    effect(preempt_disable_none, Cost::word,
           {"Disable preemption.", "禁止抢占。", "The scheduler must not be scheduled away half-way.",
            "调度器不能在半途被调度走。"}),
    call(routines::schedule_inner),
    effect(preempt_enable_no_resched, Cost::word,
           {"Enable preemption again: {cur} runs.", "重新允许抢占：{cur} 在运行。", "", ""}),
    branch(need_resched, "again",
           {"Has somebody asked for a reschedule meanwhile?", "其间有人请求重新调度吗？", "", ""}),
    pop(Reg::rbx, kEpilogue), ret(),
    label("worker"),   // sched_submit_work, and sched_update_worker at the end
    branch(stays_runnable, "switch", {"Does it stay runnable?", "它仍可运行吗？", "", ""}),
    call(routines::wq_worker_sleeping),
    label("switch"),
    effect(preempt_disable_none, Cost::word,
           {"Disable preemption.", "禁止抢占。", "The scheduler must not be scheduled away half-way.",
            "调度器不能在半途被调度走。"}),
    call(routines::schedule_inner),
    effect(preempt_enable_no_resched, Cost::word,
           {"Enable preemption again: {cur} runs.", "重新允许抢占：{cur} 在运行。", "", ""}),
    branch(need_resched, "switch",
           {"Has somebody asked for a reschedule meanwhile?", "其间有人请求重新调度吗？", "", ""}),
    call(routines::wq_worker_running),
    pop(Reg::rbx, kEpilogue), ret(),
};

constexpr StepDef preempt_schedule_irq_steps[] = {
    push(Reg::rbx, kPrologue),
    label("again"),
    effect(preempt_disable_preempt, Cost::word,
           {"Disable preemption, note that this is a preemption of kernel code.", "禁止抢占，记下这是对内核代码的抢占。",
            "Its state is ignored: a task preempted on its way to sleep stays runnable.",
            "不看它的状态：在入睡途中被抢占的任务仍可运行。"}),
    call(routines::schedule_inner),
    effect(preempt_enable_irq_off, Cost::word, {"Enable preemption again.", "重新允许抢占。", "", ""}),
    branch(need_resched, "again", {"Is another reschedule wanted?", "还要重新调度吗？", "", ""}),
    pop(Reg::rbx, kEpilogue), ret(),
};

// preempt_schedule_common: kernel code enables preemption and finds that a reschedule is wanted.
void preempt_disable_notrace(Ctx& cx) {
    preempt_add(cx, 1);
    cx.set(Reg::rdi, kSmPreempt);
}
constexpr StepDef preempt_schedule_steps[] = {
    push(Reg::rbx, kPrologue),
    label("again"),
    effect(preempt_disable_notrace, Cost::word,
           {"Disable preemption, note that this is a preemption of kernel code.", "禁止抢占，记下这是对内核代码的抢占。",
            "The wish was there already; with preemption enabled again it is granted at once.",
            "请求早已存在；重新允许抢占时立即满足。"}),
    call(routines::schedule_inner),
    effect([](Ctx& cx) { preempt_add(cx, -1); }, Cost::word, {"Enable preemption again.", "重新允许抢占。", "", ""}),
    branch(need_resched, "again", {"Is another reschedule wanted?", "还要重新调度吗？", "", ""}),
    pop(Reg::rbx, kEpilogue), ret(),
};

constexpr StepDef schedule_inner_steps[] = {
    push(Reg::rbp, kPrologue), push(Reg::rbx, kPrologue), push(Reg::r12, kPrologue),
    effect(lock_rq, Cost::locked,
           {"Interrupts off, lock this CPU's run queue.", "关闭中断，锁住该 CPU 的运行队列。",
            "Nobody may change the queue while the next task is chosen.", "选择下一个任务时谁也不能改动队列。"}),
    effect(update_rq_clock, Cost::accounting,
           {"Charge {cur} for the time it ran.", "把 {cur} 运行的时间记到账上。",
            "The scheduler decides by what each task got so far.", "调度器按每个任务已得到的时间来决定。"}),
    branch(prev_stays_runnable, "pick",
           {"Does {prev} want to sleep, or is it still runnable?", "{prev} 想睡眠，还是仍可运行？",
            "A task that set its state before calling schedule() gives the CPU up by itself.",
            "在调用 schedule() 前设置了状态的任务是自愿让出 CPU。"}),
    effect(deactivate_prev, Cost::enqueue,
           {"Take {prev} off the run queue: it sleeps.", "把 {prev} 移出运行队列：它睡眠。",
            "Its state is not TASK_RUNNING. (A pending signal would cancel the sleep.)",
            "它的状态不是 TASK_RUNNING。（若有待处理信号，睡眠会被取消。）"}),
    label("pick"),
    effect(pick_next, Cost::pick,
           {"Pick the next task: {next}.", "选择下一个任务：{next}。", "{pick}", "{pick}"}),
    effect(clear_need_resched, Cost::word,
           {"Clear {prev}'s TIF_NEED_RESCHED.", "清除 {prev} 的 TIF_NEED_RESCHED。", "The wish is granted.",
            "请求已被满足。"}),
    branch(same_task, "same",
           {"Is the next task the one that runs already?", "下一个任务就是正在运行的那个吗？",
            "NEED_RESCHED does not guarantee a switch.", "NEED_RESCHED 并不保证会切换。"}),
    effect(commit_switch, Cost::effect,
           {"Commit: rq->curr = {next}, count the switch.", "确定：rq->curr = {next}，切换计数加一。",
            "From now on this run queue says that {next} runs here.", "从此该运行队列认定 {next} 在这里运行。"}),
    branch(next_has_mm, "user",
           {"Has {next} an address space of its own?", "{next} 有自己的地址空间吗？",
            "A kernel thread has none: its mm is NULL.", "内核线程没有：它的 mm 是 NULL。"}),
    effect(enter_lazy_tlb, Cost::locked,
           {"Borrow {prev}'s address space: {next}->active_mm = {prev}->active_mm.",
            "借用 {prev} 的地址空间：{next}->active_mm = {prev}->active_mm。",
            "A kernel thread only uses kernel addresses, which every address space maps alike: CR3 is not loaded.",
            "内核线程只用内核地址，它们在每个地址空间中都一样：不装载 CR3。"}),
    jump("switch"),
    label("user"),
    effect(mm_arguments, Cost::word,
           {"Take the two address spaces: {prev}'s active_mm and {next}'s mm.",
            "取出两个地址空间：{prev} 的 active_mm 和 {next} 的 mm。", "", ""}),
    call(routines::switch_mm_irqs_off),
    branch(prev_has_mm, "switch",
           {"Had {prev} only borrowed an address space?", "{prev} 的地址空间只是借来的吗？", "", ""}),
    effect(return_borrowed, Cost::word,
           {"Note the borrowed mm: it is given back after the switch.", "记下借用的 mm：切换之后归还。",
            "While the switch is under way somebody must hold the reference.", "切换进行时必须有人持有这个引用。"}),
    label("switch"),
    effect(switch_arguments, Cost::word,
           {"Pass {prev} in RDI and {next} in RSI.", "用 RDI 传 {prev}，用 RSI 传 {next}。", "", ""}),
    call(routines::switch_to_asm,
         {"Call __switch_to_asm.", "调用 __switch_to_asm。",
          "The return address pushed now is where {prev} will go on one day: RIP needs no other saving.",
          "现在压入的返回地址就是 {prev} 日后继续之处：RIP 无需另外保存。"}),
    effect(last_to_rdi, Cost::word,
           {"{cur} is back in __schedule, on its own stack: take the previous task from RAX.",
            "{cur} 回到自己栈上的 __schedule：从 RAX 取得前一个任务。",
            "Its own prev is from long ago; the switch tells it who ran just now.",
            "它自己的 prev 是很久以前的；切换告诉它刚才是谁在运行。"}),
    call(routines::finish_task_switch),
    jump("out"),
    label("same"),
    effect(unlock_rq, Cost::locked,
           {"Nothing to switch: unlock the run queue, interrupts on.", "无需切换：解锁运行队列，打开中断。", "", ""}),
    label("out"),
    pop(Reg::r12, kEpilogue), pop(Reg::rbx, kEpilogue), pop(Reg::rbp, kEpilogue), ret(),
};

constexpr StepDef schedule_idle_steps[] = {
    effect(preempt_disable_none, Cost::none, {"The idle task asks for a better one.", "空闲任务请求换上别的任务。", "", ""}),
    call(routines::schedule_inner),
    effect(preempt_enable_no_resched, Cost::none, {"The idle task runs again: nothing else is runnable.",
                                                   "空闲任务又运行了：没有别的可运行。", "", ""}),
    ret(),
};

// --- try_to_wake_up: rdi = task ---

// Two CPUs may wake one task at the same time. Linux lets the second wait for p->pi_lock and then find TASK_WAKING; here
// the first step takes the task for this waker by that state, and what it found is kept in RAX.
constexpr std::uint64_t kNotAsleep = 0, kAsleep = 1, kStillQueued = 2, kStillOnCpu = 3;

// Preemption disabled by try_to_wake_up's guard and by p->pi_lock; the run queue's lock comes on top while it is held.
constexpr int kWakeDepth = 2;

void wake_enter(Ctx& cx) {
    cx.set(Reg::rbp, cx.cpu.regs.rflags, at::special(Place::Kind::rflags));
    cx.irqs_off();
    preempt_add(cx, kWakeDepth);
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
}
void wake_leave(Ctx& cx) {
    cx.cpu.smp.wake_sync = false;
    preempt_add(cx, -kWakeDepth);
    cx.cpu.regs.rflags |= cx.reg(Reg::rbp) & kFlagIf;
}
void wake_begin(Ctx& cx) {
    const TaskId id = task_in(cx, Reg::rbx);
    const Task& t = cx.peek(id);
    std::uint64_t found = kNotAsleep;
    if ((t.state & task_state::normal) != 0)
        found = t.on_rq ? kStillQueued : t.on_cpu ? kStillOnCpu : kAsleep;
    if (found == kAsleep || found == kStillOnCpu) cx.set_state(id, task_state::waking);
    cx.set(Reg::rax, found);
}
bool not_asleep(Ctx& cx) { return cx.reg(Reg::rax) == kNotAsleep; }
void trace_waking(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    cx.emit(RecordKind::sched_waking, t, cx.peek(t).cpu, static_cast<std::uint32_t>(cx.peek(t).prio));
}
bool still_queued(Ctx& cx) { return cx.reg(Reg::rax) == kStillQueued; }
bool still_on_cpu(Ctx& cx) { return cx.reg(Reg::rax) == kStillOnCpu; }
void hand_over(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    const CpuId c = cx.peek(t).cpu;
    count_wakeup(cx.cpu, c);
    cx.k.cpus[c].wake_list.push_back(t);
    cx.send_ipi(c, kCallVector);
}
void choose_cpu(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    cx.move_to_cpu(t, cx.select_cpu(t));
}
void enqueue_woken(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    count_wakeup(cx.cpu, cx.peek(t).cpu);
    preempt_add(cx, 1);
    cx.set_state(t, task_state::running);
    cx.activate(t, cx.peek(t).cpu, Enqueue::wakeup);
}
void preempt_check(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    const CpuId c = cx.peek(t).cpu;
    const bool picked_already = !cx.peek(t).on_rq || cx.peek(t).on_cpu || cx.k.cpus[c].runs() == t;
    if (!picked_already) cx.check_preempt(c, t);
    cx.emit(RecordKind::sched_wakeup, t, c, static_cast<std::uint32_t>(cx.peek(t).prio));
    preempt_add(cx, -1);
}
bool may_not_preempt(Ctx& cx) { return cx.may_not_preempt_here(); }
bool fell_asleep(Ctx& cx) { return !cx.peek(task_in(cx, Reg::rbx)).on_rq; }
void never_slept(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    if (fell_asleep(cx)) return;   // its CPU was faster: look again
    cx.set_state(t, task_state::running);
    cx.emit(RecordKind::sched_wakeup, t, cx.peek(t).cpu, static_cast<std::uint32_t>(cx.peek(t).prio));
}

constexpr StepDef try_to_wake_up_steps[] = {
    push(Reg::rbp, kPrologue), push(Reg::rbx, kPrologue),
    effect(wake_enter, Cost::word,
           {"Interrupts off: {target} is to wake.", "关闭中断：要唤醒 {target}。", "", ""}),
    label("begin"),
    effect(wake_begin, Cost::locked,
           {"Lock {target}, the task that is to wake.", "锁住要唤醒的任务 {target}。",
            "If it sleeps, its state becomes TASK_WAKING: no other CPU wakes it too.",
            "若它在睡眠，状态变为 TASK_WAKING：别的 CPU 不会再唤醒它。"}),
    branch(not_asleep, "out", {"Does it sleep at all?", "它真的在睡眠吗？", "A wakeup that comes too early is no error.",
                               "来得太早的唤醒不是错误。"}),
    effect(trace_waking, Cost::effect, {"Wake {target}.", "唤醒 {target}。",
                                        "What it waited for has happened.", "它等待的事情发生了。"}),
    branch(still_queued, "queued",
           {"Is it still on a run queue?", "它还在运行队列中吗？", "It may be on its way to sleep and not there yet.",
            "它可能正要睡眠，还没睡下。"}),
    branch(still_on_cpu, "remote",
           {"Is it still on a CPU?", "它还在某个 CPU 上吗？",
            "Another CPU may be switching away from it this very moment.", "另一个 CPU 可能正在切走它。"}),
    effect(choose_cpu, Cost::effect,
           {"Choose a CPU for {target}.", "为 {target} 选择一个 CPU。", "{place}", "{place}"}),
    effect(enqueue_woken, Cost::enqueue,
           {"{target} is runnable: put it into the run queue.", "{target} 可运行：放入运行队列。",
            "Its registers are not touched: they lie on its kernel stack until it is picked.",
            "它的寄存器不受影响：被选中之前都在它的内核栈上。"}),
    effect(preempt_check, Cost::effect,
           {"Should {target} preempt the running task?", "{target} 应当抢占正在运行的任务吗？",
            "If so, TIF_NEED_RESCHED is set; the switch itself comes later.",
            "若是，则置 TIF_NEED_RESCHED；切换本身在稍后发生。"}),
    jump("out"),
    label("queued"),
    effect(never_slept, Cost::effect,
           {"{target} only needs its state set back to running.", "{target} 只需把状态改回运行。", "", ""}),
    branch(fell_asleep, "begin", {"Has it fallen asleep meanwhile?", "其间它睡着了吗？", "", ""}),
    jump("out"),
    label("remote"),
    effect(hand_over, Cost::ipi,
           {"Hand the wakeup to {target}'s CPU and interrupt it.", "把唤醒交给 {target} 所在的 CPU，并向它发中断。",
            "That CPU finishes its switch first and then queues the task itself.",
            "那个 CPU 先完成切换，再自己把任务入队。"}),
    label("out"),
    effect(wake_leave, Cost::word, {"Unlock {target}, interrupts as before.", "解锁 {target}，中断恢复原状。", "", ""}),
    branch(may_not_preempt, "end",
           {"Preemption is enabled again: is a reschedule wanted here?", "重新允许抢占：这里要重新调度吗？",
            "Only with preempt full, preempt_count 0 and TIF_NEED_RESCHED set.",
            "仅当 preempt full、preempt_count 为 0 且 TIF_NEED_RESCHED 置位。"}),
    call(routines::preempt_schedule),
    label("end"),
    pop(Reg::rbx, kEpilogue), pop(Reg::rbp, kEpilogue), ret(),
};

bool wake_list_empty(Ctx& cx) { return cx.cpu.wake_list.empty(); }
void queue_remote_wakeup(Ctx& cx) {
    const TaskId t = cx.cpu.wake_list.front();
    cx.cpu.wake_list.erase(cx.cpu.wake_list.begin());
    CpuId c = cx.cpu.id;
    if ((cx.peek(t).cpus_allowed >> c & 1) == 0 || cx.k.image().shared_queue) {   // its affinity changed on the way
        c = cx.select_cpu(t);
        cx.move_to_cpu(t, c);
    }
    cx.set_state(t, task_state::running);
    cx.activate(t, c, Enqueue::wakeup);
    cx.check_preempt(c, t);
    cx.emit(RecordKind::sched_wakeup, t, c, static_cast<std::uint32_t>(cx.peek(t).prio));
}
constexpr StepDef sched_ttwu_pending_steps[] = {
    label("again"),
    branch(wake_list_empty, "done", {"Are wakeups handed over by other CPUs left?", "还有其他 CPU 交来的唤醒吗？", "", ""}),
    effect(queue_remote_wakeup, Cost::enqueue,
           {"Queue the task that another CPU woke.", "把另一个 CPU 唤醒的任务入队。", "", ""}),
    jump("again"),
    label("done"), ret(),
};

// --- system calls ---

void do_yield(Ctx& cx) {
    ++cx.cpu.yld_count;
    if (cx.cpu.curr != cx.cpu.idle) cx.k.sched->yield(cx.view(), cx.cpu.curr);
}
void result_zero(Ctx& cx) { cx.set(Reg::rax, 0); }
constexpr StepDef sched_yield_steps[] = {
    effect(do_yield, Cost::accounting,
           {"Tell the scheduling class that {cur} yields.", "告诉调度类：{cur} 让出 CPU。",
            "It stays runnable: the switch, if any, counts as involuntary.", "它仍可运行：若发生切换，算作非自愿。"}),
    call(routines::schedule),
    effect(result_zero, Cost::word, {"sched_yield returns 0.", "sched_yield 返回 0。", "", ""}),
    ret(),
};

void set_priority(Ctx& cx) {
    const auto nice = static_cast<std::int64_t>(cx.pt_reg(cx.reg(Reg::rdi), PtReg::rdx));
    Task& t = cx.cur();
    cx.move(at::none, at::task(cx.current(), TaskField::nice), static_cast<std::uint64_t>(nice),
            static_cast<std::uint64_t>(static_cast<std::int64_t>(t.nice)));
    cx.k.set_nice(cx, cx.current(), static_cast<int>(std::clamp<std::int64_t>(nice, -20, 19)));
    cx.set(Reg::rax, 0);
}
constexpr StepDef setpriority_steps[] = {
    effect(set_priority, Cost::accounting,
           {"Give {cur} its new nice value and weight.", "给 {cur} 新的 nice 值和权重。", "", ""}),
    ret(),
};

// affine_move_task: a task that runs where it may not is moved by that CPU's migration thread, and the caller waits.
void set_affinity(Ctx& cx) {
    const std::uint64_t mask = cx.pt_reg(cx.reg(Reg::rdi), PtReg::rdx);
    const std::size_t before = cx.cpu.smp.stop_works.size();
    cx.k.set_affinity(cx, cx.current(), mask, false);
    cx.set(Reg::rbx, 0);
    cx.set(Reg::rdi, 0);
    if (cx.cpu.smp.stop_works.size() == before) return;
    StopWork& work = cx.cpu.smp.stop_works.back();
    work.done = new_completion(cx.k);
    cx.set(Reg::rbx, layout::completion_address(work.done));
    cx.set(Reg::rdi, layout::task_address(cx.cpu.smp.stopper));
}
bool may_stay_here(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
void wait_argument(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }
void moved_over(Ctx& cx) { free_completion(cx.k, layout::completion_of(cx.reg(Reg::rbx))); }
constexpr StepDef setaffinity_steps[] = {
    push(Reg::rbx),
    effect(set_affinity, Cost::locked,
           {"Set the CPUs that {cur} may use.", "设置 {cur} 可用的 CPU。",
            "If this CPU is no longer among them, its migration thread must move {cur}.",
            "若本 CPU 不在其中，须由该 CPU 的迁移线程把 {cur} 移走。"}),
    branch(may_stay_here, "out", {"May it stay on this CPU?", "它可以留在本 CPU 吗？", "", ""}),
    call(routines::try_to_wake_up, {"Wake {target}: it moves {cur} (stop_one_cpu_nowait).", "唤醒 {target}：由它迁走 {cur}（stop_one_cpu_nowait）。",
                                    "A running task cannot move itself; the stop class preempts it and then moves it.",
                                    "正在运行的任务无法移动自己；stop 类先抢占它，再移动它。"}),
    effect(wait_argument, Cost::word, {"Wait until it is done.", "等它完成。", "", ""}),
    call(routines::wait_for_completion),
    effect(moved_over, Cost::word, {"{cur} is on a CPU it may use.", "{cur} 已在它可用的 CPU 上。", "", ""}),
    label("out"),
    effect(result_zero, Cost::word, {"sched_setaffinity returns 0.", "sched_setaffinity 返回 0。", "", ""}),
    pop(Reg::rbx), ret(),
};

void getpid(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(cx.cur().tgid)); }
constexpr StepDef getpid_steps[] = {
    effect(getpid, Cost::effect,
           {"Read {cur}'s tgid: what user space calls its pid.", "读取 {cur} 的 tgid：用户空间称之为 pid。",
            "A system call is not a context switch: the same task goes on.", "系统调用不是上下文切换：仍是同一个任务。"}),
    ret(),
};

}  // namespace

void Kernel::set_affinity(Ctx& cx, TaskId id, std::uint64_t mask, bool wake_stopper) {
    const std::uint64_t online =
        cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << cpus.size()) - 1;
    if ((mask & online) == 0) return;
    if (tasks[id].policy == Policy::deadline && (mask & online) != online) return;   // EBUSY: see set_scheduler
    Task& t = tasks.mut(id);
    cx.move(at::none, at::task(id, TaskField::cpus_allowed), mask & online, t.cpus_allowed);
    t.cpus_allowed = mask & online;
    if ((t.cpus_allowed >> t.cpu & 1) != 0) return;
    if (t.on_cpu || cpus[t.cpu].runs() == id) {
        if (image().shared_queue) return cx.resched_curr(t.cpu);   // one line for all: it leaves when it is switched out
        const StopWork work{.kind = StopWork::Kind::migrate, .task = id};
        if (wake_stopper) return cx.stop_one_cpu(t.cpu, work);
        cpus[t.cpu].smp.stop_works.push_back(work);
        return;
    }
    if (!t.on_rq) return;   // asleep: the wakeup will place it
    sched->dequeue(cx.view(t.cpu), id, Dequeue::migrated);
    t.on_rq = false;
    const CpuId c = cx.select_cpu(id);
    const Nanos queued = t.last_queued;
    cx.move_to_cpu(id, c);
    cx.activate(id, c, Enqueue::migrated);
    tasks.mut(id).last_queued = queued;   // it has waited on the old queue already
    cx.check_preempt(c, id);
}

namespace routines {
const Routine schedule = make_routine<schedule_steps>("schedule", Actor::scheduler, Phase::pick, true);
const Routine schedule_inner = make_routine<schedule_inner_steps>("__schedule", Actor::scheduler, Phase::pick, true);
const Routine schedule_idle = make_routine<schedule_idle_steps>("schedule_idle", Actor::scheduler, Phase::pick, true);
const Routine preempt_schedule_irq = make_routine<preempt_schedule_irq_steps>("preempt_schedule_irq", Actor::scheduler, Phase::pick, true);
const Routine preempt_schedule = make_routine<preempt_schedule_steps>("preempt_schedule", Actor::scheduler, Phase::pick, true);
const Routine try_to_wake_up = make_routine<try_to_wake_up_steps>("try_to_wake_up", Actor::scheduler, Phase::work);
const Routine sched_ttwu_pending = make_routine<sched_ttwu_pending_steps>("sched_ttwu_pending", Actor::scheduler, Phase::work);
const Routine x64_sys_sched_yield = make_routine<sched_yield_steps>("__x64_sys_sched_yield", Actor::scheduler, Phase::work);
const Routine x64_sys_setpriority = make_routine<setpriority_steps>("__x64_sys_setpriority", Actor::kernel, Phase::work);
const Routine x64_sys_sched_setaffinity = make_routine<setaffinity_steps>("__x64_sys_sched_setaffinity", Actor::kernel, Phase::work);
const Routine x64_sys_getpid = make_routine<getpid_steps>("__x64_sys_getpid", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
