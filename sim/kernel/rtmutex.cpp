// rt_mutex: the lock of the kernel that knows its owner, so that the owner can be given the priority of those who wait
// (kernel/locking/rtmutex.c, __rt_mutex_* in rtmutex_api.c; rt_mutex_setprio in kernel/sched/core.c). Only PI futexes use
// it here. Routines: trying, blocking with the walk along the chain of owners, waiting, and giving up.
#include <algorithm>

#include "sim/kernel/compiled.h"
#include "sim/kernel/futex_words.h"
#include "sim/kernel/locks.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

// --- looking ---

int find_pi_lock(const Kernel& k, MmId mm, std::uint64_t address) {
    for (std::size_t i = 0; i < k.pi.locks.size(); ++i)
        if (k.pi.locks[i].mm == mm && k.pi.locks[i].address == address) return static_cast<int>(i);
    return -1;
}

int pi_blocked_on(const Kernel& k, TaskId task) {
    for (std::size_t i = 0; i < k.pi.locks.size(); ++i)
        for (const PiWaiter& w : k.pi.locks[i].waiters)
            if (w.task == task) return static_cast<int>(i);
    return -1;
}

namespace {

bool more_urgent(const PiWaiter& a, const PiWaiter& b) {   // rt_waiter_node_less
    if (a.prio != b.prio) return a.prio < b.prio;
    return a.prio < 0 && a.deadline < b.deadline;
}

PiWaiter waiter_of(const Kernel& k, TaskId task) {
    const int prio = k.tasks[task].prio;
    PiWaiter w{task, static_cast<std::int16_t>(prio < 100 ? prio : kNormalWaiterPrio), 0};
    if (prio < 0)
        if (const DlEntity* e = k.sched->dl().find(task); e != nullptr) w.deadline = e->deadline;
    return w;
}

void enqueue_waiter(PiLock& lock, const PiWaiter& w) {
    lock.waiters.insert(std::upper_bound(lock.waiters.begin(), lock.waiters.end(), w, more_urgent), w);
}

}  // namespace

TaskId top_pi_waiter(const Kernel& k, TaskId owner) {
    const PiWaiter* best = nullptr;
    for (const PiLock& lock : k.pi.locks)
        if (lock.owner == owner && (best == nullptr || more_urgent(lock.waiters.front(), *best)))
            best = &lock.waiters.front();
    return best != nullptr ? best->task : kNoTask;
}

int inherited_prio(const Kernel& k, TaskId task) {
    const TaskId top = top_pi_waiter(k, task);
    const int own = k.tasks[task].normal_prio;
    return top == kNoTask ? own : std::min<int>(own, k.tasks[top].prio);
}

std::string inherited_text(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    const TaskId top = t.prio != t.normal_prio ? top_pi_waiter(k, task) : kNoTask;
    if (top == kNoTask) return {};
    return "prio " + std::to_string(t.prio) + " · normal_prio " + std::to_string(t.normal_prio) + " · " +
           std::string(k.tasks[top].name()) + "(" + std::to_string(k.tasks[top].pid) + ")";
}

// --- one link of the chain ---

namespace {

// The task gets the priority of its most urgent waiter. If it waits itself, its place among the waiters changes with
// it. Returns the owner of the lock it waits for.
TaskId adjust_link(Ctx& cx, TaskId task) {
    cx.k.inherit_prio(cx, task, top_pi_waiter(cx.k, task));
    const int at = pi_blocked_on(cx.k, task);
    if (at < 0) return kNoTask;
    PiLock& lock = cx.k.pi.locks[static_cast<std::size_t>(at)];
    const PiWaiter now = waiter_of(cx.k, task);
    const auto old = std::find_if(lock.waiters.begin(), lock.waiters.end(), [&](const PiWaiter& w) { return w.task == task; });
    const TaskId first = lock.waiters.front().task, owner = lock.owner;
    if (old->prio != now.prio || old->deadline != now.deadline) {
        lock.waiters.erase(old);
        enqueue_waiter(lock, now);
    }
    // Given back, and another one is first now: that one must hear of it.
    if (owner == kNoTask && lock.waiters.front().task != first) cx.wake_now(lock.waiters.front().task, task_state::normal);
    return owner;
}

void drop_if_empty(Kernel& k, std::size_t lock) {
    if (k.pi.locks[lock].waiters.empty()) k.pi.locks.erase(k.pi.locks.begin() + static_cast<std::ptrdiff_t>(lock));
}

}  // namespace

void pi_adjust(Ctx& cx, TaskId task) {
    for (std::uint32_t depth = 0; task != kNoTask && depth < kMaxLockDepth; ++depth) task = adjust_link(cx, task);
}

void exit_pi_state_list(Ctx& cx, TaskId task) {
    if (cx.k.pi.locks.empty()) return;
    std::vector<TaskId> next;
    for (PiLock& lock : cx.k.pi.locks) {
        if (lock.owner != task) continue;
        lock.owner = kNoTask;
        next.push_back(lock.waiters.front().task);
    }
    pi_adjust(cx, task);
    for (const TaskId t : next) cx.wake_now(t, task_state::normal);
}

void Kernel::inherit_prio(Ctx& cx, TaskId id, TaskId donor) {
    const Task& t = tasks[id];
    const int prio = donor == kNoTask ? t.normal_prio : std::min<int>(t.normal_prio, tasks[donor].prio);
    // Among deadline tasks only an earlier deadline is worth inheriting (dl_entity_preempt).
    const bool lends = donor != kNoTask && prio < 0 && tasks[donor].prio < 0 &&
                       (t.normal_prio >= 0 || sched->dl().more_urgent(donor, id));
    const TaskId lender = lends ? donor : kNoTask;
    if (prio == t.prio && (prio >= 0 || sched->dl().lender_of(id) == lender)) return;
    cx.emit(RecordKind::sched_pi_setprio, id, donor, static_cast<std::uint32_t>(std::int32_t{t.prio}),
            static_cast<std::uint32_t>(std::int32_t{prio}));
    set_effective_prio(cx, id, prio, lender);
}

// --- steps ---

namespace {

PiLock* lock_at(Ctx& cx) {
    const int at = find_pi_lock(cx.k, cx.cur().mm, cx.reg(Reg::rbx));
    return at < 0 ? nullptr : &cx.k.pi.locks[static_cast<std::size_t>(at)];
}

// RAX: 1 if it is now the current task's. The word in user memory names it in the same step: fixup_pi_state_owner, under
// the lock's wait_lock.
void try_to_take(Ctx& cx) {
    cx.set(Reg::rax, 0);
    PiLock* lock = lock_at(cx);
    if (lock == nullptr || lock->owner != kNoTask) return;
    const TaskId me = cx.current();
    const bool is_first = lock->waiters.front().task == me;
    const bool waits = pi_blocked_on(cx.k, me) >= 0;
    // Who comes now may steal it from a first waiter that is less urgent (rt_mutex_steal).
    if (!is_first && (waits || !more_urgent(waiter_of(cx.k, me), lock->waiters.front()))) return;
    const std::uint64_t word = get_user_word(cx, cx.reg(Reg::rbx));
    const TaskId before = cx.k.find_pid(static_cast<Pid>(word & kFutexTidMask));
    const bool died = before == kNoTask || cx.peek(before).mm == kNoMm;
    if (is_first) {
        lock->waiters.erase(lock->waiters.begin());
        leave_futex_queue(cx, me);
    }
    lock->owner = me;
    if (lock->waiters.empty()) drop_if_empty(cx.k, static_cast<std::size_t>(lock - cx.k.pi.locks.data()));
    cx.k.inherit_prio(cx, me, top_pi_waiter(cx.k, me));
    put_user_word(cx, cx.reg(Reg::rbx),
                  static_cast<std::uint64_t>(cx.cur().pid) | kFutexWaiters | (died ? kFutexOwnerDied : 0));
    cx.set(Reg::rax, 1);
}
bool was_taken(Ctx& cx) { return cx.reg(Reg::rax) == 1; }
bool no_deadlock(Ctx& cx) { return cx.reg(Reg::rax) != static_cast<std::uint64_t>(kEdeadlk); }

constexpr StepDef rt_mutex_start_proxy_lock_steps[] = {
    effect(try_to_take, Cost::locked,
           {"try_to_take_rt_mutex: is the lock free, and nobody more urgent before {cur}?",
            "try_to_take_rt_mutex：锁空着，而且没有更紧急者排在 {cur} 前面吗？", "", ""}),
    branch(was_taken, "out", {"Taken?", "拿到了吗？", "", ""}),
    call(routines::task_blocks_on_rt_mutex),
    branch(no_deadlock, "out", {"Was the end of the chain reached without meeting {cur} again?", "走到链尾，没有再遇到 {cur} 吗？", "", ""}),
    call(routines::remove_waiter),
    effect([](Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(kEdeadlk)); }, Cost::word,
           {"-EDEADLK: to wait would be to wait for itself.", "-EDEADLK：再等就是等自己。",
            "Only here does Linux look for circles of waiters.", "Linux 只在这里查找等待的环。"}),
    label("out"), ret(),
};

// R12: the owner at the front of the chain. The word has been marked; it may have changed since.
void block_on(Ctx& cx) {
    const std::uint64_t word = get_user_word(cx, cx.reg(Reg::rbx)), tid = word & kFutexTidMask;
    PiLock* lock = lock_at(cx);
    const TaskId owner = lock != nullptr ? lock->owner : cx.k.find_pid(static_cast<Pid>(tid));
    cx.set(Reg::rdi, 0);
    if (lock == nullptr && (tid == 0 || owner == kNoTask || cx.peek(owner).mm == kNoMm || (word & kFutexWaiters) == 0)) {
        return_value(cx, err::again);
        return;
    }
    if (lock == nullptr) {
        cx.k.pi.locks.push_back({cx.cur().mm, cx.reg(Reg::rbx), owner, {}});
        lock = &cx.k.pi.locks.back();
    }
    enqueue_waiter(*lock, waiter_of(cx.k, cx.current()));
    ++cx.k.pi.walks;
    join_futex_queue(cx, cx.reg(Reg::rbx));
    note_deadlock(cx);
    if (owner != kNoTask) cx.set(Reg::rdi, layout::task_address(owner));
    return_value(cx, 0);
}
bool must_look_again(Ctx& cx) { return cx.reg(Reg::rax) == static_cast<std::uint64_t>(err::again); }

constexpr StepDef task_blocks_on_rt_mutex_steps[] = {
    effect(block_on, Cost::locked,
           {"Put {cur} among the lock's waiters, most urgent first: pi_blocked_on names the lock.",
            "把 {cur} 放进锁的等待者中，最紧急者在前：pi_blocked_on 指向这把锁。",
            "A PI lock is handed over by priority, not in order of arrival.", "PI 锁按优先级移交，而不是按到达次序。"}),
    branch(must_look_again, "out", {"Has the owner unlocked meanwhile?", "持有者其间解锁了吗？", "", ""}),
    call(routines::rt_mutex_adjust_prio_chain),
    label("out"), ret(),
};

// RBX: the task the walk is at, 0: the end; R12: how many it has seen.
void begin_walk(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::r12, 0);
}
bool walk_over(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
bool meets_itself(Ctx& cx) {
    const bool waits = pi_blocked_on(cx.k, cx.current()) >= 0;
    return cx.reg(Reg::r12) >= kMaxLockDepth || (waits && layout::task_of(cx.reg(Reg::rbx)) == cx.current());
}
void this_link(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }
void setprio(Ctx& cx) {
    const TaskId next = adjust_link(cx, layout::task_of(cx.reg(Reg::rdi)));
    cx.set(Reg::rax, next == kNoTask ? 0 : layout::task_address(next));
}
void next_link(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rax), at::reg(Reg::rax));
    cx.set(Reg::r12, cx.reg(Reg::r12) + 1);
}
void end_walk(Ctx& cx, std::int64_t result) {
    --cx.k.pi.walks;
    return_value(cx, result);
}

constexpr StepDef rt_mutex_adjust_prio_chain_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(begin_walk, Cost::word, {"Begin at the owner of the lock.", "从锁的持有者开始。", "", ""}),
    label("again"),
    branch(walk_over, "done", {"Is there no further owner?", "没有下一个持有者了吗？", "", ""}),
    branch(meets_itself, "deadlock", {"Is the owner {cur} itself?", "持有者就是 {cur} 自己吗？",
                                      "Then the chain of locks and owners is a circle.", "那么锁与持有者的链就是一个环。"}),
    effect(this_link, Cost::word, {"Take the next owner in the chain.", "取链上的下一个持有者。", "", ""}),
    call(routines::rt_mutex_setprio),
    effect(next_link, Cost::word,
           {"Does that owner wait for a lock itself? Then go on to the owner of that one.",
            "这个持有者自己也在等锁吗？若是，继续走到那把锁的持有者。",
            "A boost that stopped here would leave the next one in the chain to the mercy of the middle.",
            "若提升停在这里，链上的下一个仍会被中间优先级拖住。"}),
    jump("again"),
    label("done"),
    effect([](Ctx& cx) { end_walk(cx, 0); }, Cost::word, {"The end of the chain: everybody has the right priority.", "链的尽头：每个任务的优先级都对了。", "", ""}),
    jump("out"),
    label("deadlock"),
    effect([](Ctx& cx) { end_walk(cx, kEdeadlk); }, Cost::word, {"A circle: -EDEADLK.", "成环：-EDEADLK。", "", ""}),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

constexpr StepDef rt_mutex_setprio_steps[] = {
    effect(setprio, Cost::accounting,
           {"Give the owner the priority of its most urgent waiter, or its own if nobody waits. With it goes the class.",
            "让持有者得到其最紧急等待者的优先级；若无人等待，就用自己的。调度类随之改变。",
            "It is taken out of its run queue, changed and put back: a normal task may stand in a real-time list now.",
            "先把它移出运行队列，改变，再放回：普通任务此刻可以排在实时链表里。"}),
    ret(),
};

// The waiter leaves: a signal, or a circle. RDI: the owner, who may inherit less now.
void take_away(Ctx& cx) {
    const int at = pi_blocked_on(cx.k, cx.current());
    cx.set(Reg::rdi, 0);
    ++cx.k.pi.walks;
    if (at < 0) return;
    PiLock& lock = cx.k.pi.locks[static_cast<std::size_t>(at)];
    std::erase_if(lock.waiters, [&](const PiWaiter& w) { return w.task == cx.current(); });
    if (lock.owner != kNoTask) cx.set(Reg::rdi, layout::task_address(lock.owner));
    leave_futex_queue(cx, cx.current());
    drop_if_empty(cx.k, static_cast<std::size_t>(at));
}
constexpr StepDef remove_waiter_steps[] = {
    effect(take_away, Cost::locked, {"Take {cur} out of the lock's waiters.", "把 {cur} 移出锁的等待者。", "", ""}),
    call(routines::rt_mutex_adjust_prio_chain, {"Along the chain everybody gives back what {cur} lent.", "链上每个任务归还 {cur} 借出的优先级。", "", ""}),
    ret(),
};

void about_to_sleep(Ctx& cx) { cx.set_state(cx.current(), task_state::interruptible); }
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
constexpr StepDef rt_mutex_slowlock_block_steps[] = {
    effect(about_to_sleep, Cost::locked, {"Set {cur}'s state to TASK_INTERRUPTIBLE.", "把 {cur} 的状态设为 TASK_INTERRUPTIBLE。", "", ""}),
    label("again"),
    effect(try_to_take, Cost::locked, {"try_to_take_rt_mutex: has it been given back, and is {cur} the first waiter?",
                                       "try_to_take_rt_mutex：锁还回来了吗？{cur} 是第一个等待者吗？",
                                       "If so the word in user memory names {cur} from now on.", "若是，用户内存里的字从此写着 {cur}。"}),
    branch(was_taken, "out", {"Is it {cur}'s now?", "现在归 {cur} 了吗？", "", ""}),
    branch(signal_pending, "signal", {"Was it a signal?", "是信号吗？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps inside this call.", "调用 schedule()：{cur} 在这次调用里睡去。", "", ""}),
    effect(about_to_sleep, Cost::locked, {"Awake: get ready to sleep again, then look.", "醒了：先做好再睡的准备，再看。", "", ""}),
    jump("again"),
    label("signal"),
    effect([](Ctx& cx) { return_value(cx, err::intr); }, Cost::word, {"A signal ends the wait: -EINTR.", "信号结束等待：-EINTR。", "", ""}),
    label("out"),
    effect([](Ctx& cx) { cx.set_state(cx.current(), task_state::running); }, Cost::word, {"Back to TASK_RUNNING.", "恢复 TASK_RUNNING。", "", ""}),
    ret(),
};
constexpr StepDef rt_mutex_wait_proxy_lock_steps[] = {
    call(routines::rt_mutex_slowlock_block),
    branch(was_taken, "out", {"Does {cur} own the lock?", "{cur} 拿到锁了吗？", "", ""}),
    call(routines::remove_waiter),
    effect([](Ctx& cx) { return_value(cx, restart_code::nointr); }, Cost::word,
           {"-ERESTARTNOINTR: after the signal the call is made again.", "-ERESTARTNOINTR：信号处理后重新调用。", "", ""}),
    label("out"), ret(),
};

}  // namespace

namespace routines {
const Routine rt_mutex_start_proxy_lock = make_routine<rt_mutex_start_proxy_lock_steps>("rt_mutex_start_proxy_lock", Actor::kernel, Phase::work);
const Routine task_blocks_on_rt_mutex = make_routine<task_blocks_on_rt_mutex_steps>("task_blocks_on_rt_mutex", Actor::kernel, Phase::work);
const Routine rt_mutex_adjust_prio_chain = make_routine<rt_mutex_adjust_prio_chain_steps>("rt_mutex_adjust_prio_chain", Actor::kernel, Phase::work);
const Routine rt_mutex_setprio = make_routine<rt_mutex_setprio_steps>("rt_mutex_setprio", Actor::scheduler, Phase::work);
const Routine remove_waiter = make_routine<remove_waiter_steps>("remove_waiter", Actor::kernel, Phase::work);
const Routine rt_mutex_slowlock_block = make_routine<rt_mutex_slowlock_block_steps>("rt_mutex_slowlock_block", Actor::kernel, Phase::work, true);
const Routine rt_mutex_wait_proxy_lock = make_routine<rt_mutex_wait_proxy_lock_steps>("rt_mutex_wait_proxy_lock", Actor::kernel, Phase::work, true);
}  // namespace routines

// --- what must hold ---

void mix_pi(Fingerprint& print, const PiLocks& pi) {
    for (const PiLock& lock : pi.locks) {
        print.mix(lock.address);
        print.mix((std::uint64_t{lock.mm} << 32) | lock.owner);
        for (const PiWaiter& w : lock.waiters) print.mix((std::uint64_t{w.task} << 16) | static_cast<std::uint16_t>(w.prio));
    }
    if (pi.walks != 0) print.mix(pi.walks);
}

std::string check_pi(const Kernel& k) {
    if (k.pi.walks != 0) return {};   // somebody is still telling the chain
    for (const PiLock& lock : k.pi.locks) {
        if (lock.waiters.empty()) return "a PI lock without waiters was kept";
        if (!std::is_sorted(lock.waiters.begin(), lock.waiters.end(), more_urgent)) return "PI waiters are not in the order of their priorities";
        const std::uint64_t word = k.mms[lock.mm].read(lock.address);
        if ((word & kFutexWaiters) == 0) return "a PI lock has waiters, but its word does not say so";
        if (lock.owner != kNoTask && (word & kFutexTidMask) != static_cast<std::uint64_t>(k.tasks[lock.owner].pid))
            return "the word of a PI lock does not name its owner";
        for (const PiWaiter& w : lock.waiters)
            if (w.task == lock.owner) return std::string(k.tasks[w.task].name()) + " waits for its own PI lock";
    }
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.is_live || t.sched_class == ClassId::stop || (t.prio == t.normal_prio && k.pi.locks.empty())) continue;
        if (t.prio != inherited_prio(k, id))
            return std::string(t.name()) + " has priority " + std::to_string(t.prio) + ", its own and its waiters' give " +
                   std::to_string(inherited_prio(k, id));
    }
    return {};
}

}  // namespace sy
