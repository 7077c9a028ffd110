// futex: the kernel half of locks, semaphores and join. User code decides by itself as long as nobody has to wait;
// only then it calls. Names as in Linux 6.1 (linux.md 4.7). Locks with priority inheritance: futex_pi.cpp.
#include <algorithm>

#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/futex_words.h"
#include "sim/kernel/locks.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

// Its place in a plist: real-time tasks by priority, all others behind them (min(normal_prio, MAX_RT_PRIO)).
int place_of(const Task& t) { return std::min<int>(t.normal_prio, 100); }

}  // namespace

void join_futex_queue(Ctx& cx, std::uint64_t address) {
    const TaskId me = cx.current();
    FutexQueue& q = cx.mm(cx.cur().mm).futex_mut(address);
    WaitQueue w{q.head, q.tail};
    cx.wait_add(w, me, address);
    // wait_add has put it last; real-time tasks go before those that are less urgent.
    TaskId before = w.tail == me ? cx.peek(me).wait_prev : kNoTask;
    while (before != kNoTask && place_of(cx.peek(before)) > place_of(cx.cur())) {
        Task& ahead = cx.task(before);
        Task& mine = cx.task(me);
        const TaskId further = ahead.wait_prev, behind = mine.wait_next;
        mine.wait_prev = further;
        mine.wait_next = before;
        ahead.wait_prev = me;
        ahead.wait_next = behind;
        (further != kNoTask ? cx.task(further).wait_next : w.head) = me;
        (behind != kNoTask ? cx.task(behind).wait_prev : w.tail) = before;
        before = further;
    }
    q.head = w.head;
    q.tail = w.tail;
}

void leave_futex_queue(Ctx& cx, TaskId task) {
    if (!cx.peek(task).waiting) return;
    const std::uint64_t address = cx.peek(task).wait_key;
    Mm& m = cx.mm(cx.peek(task).mm);
    FutexQueue& q = m.futex_mut(address);
    WaitQueue w{q.head, q.tail};
    cx.wait_remove(w, task);
    q.head = w.head;
    q.tail = w.tail;
    if (q.head == kNoTask) m.drop_futex(address);
}

namespace {

const Routine* operation(Ctx& cx) {
    switch (cx.pt_reg(cx.user_regs(), PtReg::rsi)) {
        case kFutexWait: return &routines::futex_wait;
        case kFutexCmpRequeue: return &routines::futex_requeue;
        case kFutexLockPi: return &routines::futex_lock_pi;
        case kFutexUnlockPi: return &routines::futex_unlock_pi;
        default: return &routines::futex_wake;
    }
}
constexpr StepDef sys_futex_steps[] = {
    push(Reg::rbx), call(routines::do_futex), pop(Reg::rbx), ret(),
};
constexpr StepDef do_futex_steps[] = {
    push(Reg::rbx),
    call_indirect(operation, {"Which operation: to wait, to wake, to move waiters elsewhere?", "哪种操作：等待、唤醒，还是把等待者移到别处？", "", ""}),
    pop(Reg::rbx), ret(),
};

void load_arguments(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rbx, cx.pt_reg(regs, PtReg::rdi), at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
    cx.set(Reg::r12, cx.pt_reg(regs, PtReg::rdx), at::word(regs + 8 * static_cast<int>(PtReg::rdx)));
}
bool value_changed(Ctx& cx) { return cx.k.mms[cx.cur().mm].read(cx.reg(Reg::rbx)) != cx.reg(Reg::r12); }
void return_eagain(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-11)); }
void queue_me(Ctx& cx) {
    join_futex_queue(cx, cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::interruptible);
    note_deadlock(cx);
}
// RAX: 1 if a waker has not taken it off already.
void unqueue_me(Ctx& cx) {
    cx.set(Reg::rax, cx.cur().waiting ? 1 : 0);
    leave_futex_queue(cx, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
bool was_woken(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void return_zero(Ctx& cx) { cx.set(Reg::rax, 0); }
void return_eintr(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(restart_code::sys)); }

constexpr StepDef futex_wait_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(load_arguments, Cost::locked,
           {"Take the word's address and the value {cur} saw there.", "取得该字的地址和 {cur} 看到的值。", "", ""}),
    branch(value_changed, "changed",
           {"Does the word still have that value?", "这个字还是那个值吗？",
            "If another thread changed it meanwhile, sleeping would miss its wakeup.",
            "若其间别的线程改了它，睡下去就会错过唤醒。"}),
    label("again"),
    call(routines::futex_wait_queue),
    branch(was_woken, "zero", {"Had a waker taken {cur} off the queue?", "是唤醒者把 {cur} 从队列取下的吗？",
                               "Then the wakeup counts, even if a signal has come as well.",
                               "那么这次唤醒有效，即使同时来了信号。"}),
    branch(signal_pending, "signal", {"Was it a signal?", "是信号吗？", "", ""}),
    branch(value_changed, "changed", {"Has the word changed?", "这个字变了吗？", "", ""}),
    jump("again"),
    label("zero"),
    effect(return_zero, Cost::word, {"Woken: the result is 0.", "被唤醒：结果为 0。", "", ""}),
    jump("out"),
    label("signal"), effect(return_eintr, Cost::word, {"A signal ended the wait: -ERESTARTSYS.", "等待被信号打断：-ERESTARTSYS。",
                                                 "On the way out it becomes -EINTR, or the call is made again.",
                                                 "出去时变成 -EINTR，或重新调用。"}),
    jump("out"),
    label("changed"),
    effect(return_eagain, Cost::word, {"It has changed: -EAGAIN, {cur} looks again in user mode.",
                                       "已改变：-EAGAIN，{cur} 回用户态再看。", "", ""}),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};
constexpr StepDef futex_wait_queue_steps[] = {
    effect(queue_me, Cost::locked,
           {"Join the queue of this futex, set {cur}'s state to TASK_INTERRUPTIBLE.",
            "加入该 futex 的队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。", "", ""}),
    branch(value_changed, "woken",
           {"Has the word changed while {cur} joined?", "{cur} 入队时这个字变了吗？",
            "Whoever changed it before may have found nobody to wake.", "先前改它的人可能没找到要唤醒的人。"}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps inside this call.", "调用 schedule()：{cur} 在这次调用里睡去。",
                              "Its whole state is now these words on its kernel stack.",
                              "它的全部状态就是内核栈上的这些字。"}),
    label("woken"),
    effect(unqueue_me, Cost::locked, {"{cur} is awake: leave the queue.", "{cur} 醒了：离开队列。", "", ""}),
    ret(),
};

// rbx = address, r12 = how many still to wake, rbp = woken.
void wake_begin(Ctx& cx) {
    load_arguments(cx);
    cx.set(Reg::rbp, 0);
}
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
// Looking and taking are one step, as under the lock of the futex's hash bucket.
void take_first(Ctx& cx) {
    const FutexQueue* q = cx.k.mms[cx.cur().mm].futex(cx.reg(Reg::rbx));
    if (q == nullptr || cx.reg(Reg::rbp) == cx.reg(Reg::r12)) {
        cx.set(Reg::rdi, 0);
        return;
    }
    const TaskId t = q->head;
    leave_futex_queue(cx, t);
    cx.set(Reg::rbp, cx.reg(Reg::rbp) + 1);
    cx.set(Reg::rdi, layout::task_address(t));
}
void return_woken(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rbp), at::reg(Reg::rbp)); }

constexpr StepDef futex_wake_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(wake_begin, Cost::locked, {"Look up the queue of this futex.", "查找该 futex 的队列。", "", ""}),
    label("again"),
    effect(take_first, Cost::locked, {"Take the first sleeper off the queue of this word.", "从该字的队列取出第一个睡眠者。", "", ""}),
    branch(nobody_taken, "done", {"Is nobody left to wake?", "没有要唤醒的了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("done"),
    effect(return_woken, Cost::word, {"Return how many were woken.", "返回唤醒了几个。", "", ""}),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

// FUTEX_CMP_REQUEUE: rbx = address, r12 = how many to wake, rbp = woken and moved.
bool requeue_value_changed(Ctx& cx) {
    return cx.k.read_user(cx.cur().mm, cx.reg(Reg::rbx)) != cx.pt_reg(cx.user_regs(), PtReg::r9);
}
void requeue_rest(Ctx& cx) {
    const std::uint64_t from = cx.reg(Reg::rbx), to = cx.pt_reg(cx.user_regs(), PtReg::r8);
    const MmId mm = cx.cur().mm;
    std::uint64_t moved = 0;
    const std::uint64_t most = cx.pt_reg(cx.user_regs(), PtReg::r10);
    while (moved < most) {
        const FutexQueue* q = cx.k.mms[mm].futex(from);
        if (q == nullptr || from == to) break;
        const TaskId t = q->head;
        leave_futex_queue(cx, t);
        FutexQueue& target = cx.mm(mm).futex_mut(to);
        WaitQueue w{target.head, target.tail};
        cx.wait_add(w, t, to);
        target.head = w.head;
        target.tail = w.tail;
        ++moved;
    }
    cx.set(Reg::rbp, cx.reg(Reg::rbp) + moved);
}
constexpr StepDef futex_requeue_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(wake_begin, Cost::locked, {"Look up the queues of both words.", "查找两个字的队列。", "", ""}),
    branch(requeue_value_changed, "changed", {"Has the word changed since user mode read it?", "用户态读过之后这个字变了吗？", "", ""}),
    label("again"),
    effect(take_first, Cost::locked, {"Take the first sleeper off the queue of this word.", "从该字的队列取出第一个睡眠者。", "", ""}),
    branch(nobody_taken, "rest", {"Have enough been woken, or is nobody left?", "唤醒够了，或没有人了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("rest"),
    effect(requeue_rest, Cost::locked,
           {"Move the other sleepers to the queue of the second word: they sleep on.", "把其余睡眠者移到第二个字的队列：它们继续睡。",
            "Woken, they would only meet at the mutex and sleep again: a thundering herd.",
            "若唤醒它们，也只会在互斥锁前相遇又睡下：惊群。"}),
    effect(return_woken, Cost::word, {"Return how many were woken and moved.", "返回唤醒和移动了几个。", "", ""}),
    jump("out"),
    label("changed"),
    effect(return_eagain, Cost::word, {"It has changed: -EAGAIN.", "已改变：-EAGAIN。", "", ""}),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

}  // namespace

// A thread that ends clears its tid word and wakes who joins it (CLONE_CHILD_CLEARTID).
void clear_child_tid(Ctx& cx, TaskId task) {
    const std::uint64_t address = cx.peek(task).clear_child_tid;
    const MmId mm = cx.peek(task).mm;
    if (address == 0 || mm == kNoMm || cx.k.mms[mm].users <= 1) return;
    cx.move(at::none, at::user_word(mm, address), 0, cx.k.mms[mm].read(address));
    if (!fault_in(cx, mm, address, true)) return;
    cx.mm(mm).write(address, 0);
    // Linux wakes one, since pthread_join by two threads is undefined; our `join` may be said by several.
    for (const FutexQueue* q = cx.k.mms[mm].futex(address); q != nullptr; q = cx.k.mms[mm].futex(address)) {
        const TaskId waiter = q->head;
        leave_futex_queue(cx, waiter);
        cx.wake_now(waiter, task_state::normal);
    }
}

namespace routines {
const Routine x64_sys_futex = make_routine<sys_futex_steps>("__x64_sys_futex", Actor::kernel, Phase::work);
const Routine do_futex = make_routine<do_futex_steps>("do_futex", Actor::kernel, Phase::work);
const Routine futex_wait = make_routine<futex_wait_steps>("futex_wait", Actor::kernel, Phase::work);
const Routine futex_wait_queue = make_routine<futex_wait_queue_steps>("futex_wait_queue", Actor::kernel, Phase::work);
const Routine futex_requeue = make_routine<futex_requeue_steps>("futex_requeue", Actor::kernel, Phase::work);
const Routine futex_wake = make_routine<futex_wake_steps>("futex_wake", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
