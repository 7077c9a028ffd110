// FUTEX_LOCK_PI and FUTEX_UNLOCK_PI: the kernel half of `mutex m pi` (kernel/futex/pi.c). While nobody waits the lock is a
// word that user mode changes from 0 to its own tid and back. Who finds it taken asks the kernel, which looks up the owner
// by that tid and lets it inherit the priority of those who wait (rtmutex.cpp).
#include "sim/kernel/compiled.h"
#include "sim/kernel/futex_words.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

void load_word(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rbx, cx.pt_reg(regs, PtReg::rdi), at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
}

// futex_lock_pi_atomic. RAX: 1 taken, 0 to wait, else the error.
void lock_atomic(Ctx& cx) {
    const std::uint64_t address = cx.reg(Reg::rbx), word = get_user_word(cx, address), tid = word & kFutexTidMask;
    const auto self = static_cast<std::uint64_t>(cx.cur().pid);
    if (tid == self) return return_value(cx, kEdeadlk);
    const bool is_known = find_pi_lock(cx.k, cx.cur().mm, address) >= 0;
    if (!is_known && tid == 0) {
        put_user_word(cx, address, self | (word & kFutexOwnerDied));
        return return_value(cx, 1);
    }
    if (!is_known) {   // attach_to_pi_owner
        const TaskId owner = cx.k.find_pid(static_cast<Pid>(tid));
        if (owner == kNoTask || cx.peek(owner).mm == kNoMm)
            return return_value(cx, owner != kNoTask && cx.peek(owner).is_kthread() ? err::perm : err::srch);
    }
    if ((word & kFutexWaiters) == 0) put_user_word(cx, address, word | kFutexWaiters);
    return_value(cx, 0);
}
bool try_again(Ctx& cx) { return cx.reg(Reg::rax) == static_cast<std::uint64_t>(err::again); }
void result(Ctx& cx) {
    if (cx.reg(Reg::rax) == 1) return_value(cx, 0);
}
bool is_settled(Ctx& cx) { return cx.reg(Reg::rax) != 0; }

constexpr StepDef futex_lock_pi_steps[] = {
    push(Reg::rbx),
    effect(load_word, Cost::word, {"Take the address of the lock's word.", "取得锁的字的地址。", "", ""}),
    label("retry"),
    effect(lock_atomic, Cost::locked,
           {"Read the owner's tid in the word and set FUTEX_WAITERS beside it.", "读出字里持有者的 tid，并在旁边置 FUTEX_WAITERS。",
            "From now on the owner cannot unlock in user mode: it must come here. The own tid there is -EDEADLK, a dead one -ESRCH.",
            "从此持有者不能在用户态解锁，必须进内核。若那里是自己的 tid，返回 -EDEADLK；是已死任务的，返回 -ESRCH。"}),
    branch(is_settled, "out", {"Is that all?", "这样就完了吗？", "", ""}),
    call(routines::rt_mutex_start_proxy_lock),
    branch(try_again, "retry", {"Has the word changed meanwhile?", "这个字其间变了吗？", "", ""}),
    branch(is_settled, "out", {"Taken, or refused?", "拿到了，还是被拒绝？", "", ""}),
    call(routines::rt_mutex_wait_proxy_lock),
    label("out"),
    effect(result, Cost::word, {"The result: 0 with the lock, or an error.", "结果：拿到锁为 0，否则为错误。", "", ""}),
    pop(Reg::rbx), ret(),
};

// wake_futex_pi: RBX the first waiter or 0, RDI the caller, who may have inherited from it.
void unlock(Ctx& cx) {
    const std::uint64_t address = cx.reg(Reg::rbx), word = get_user_word(cx, address);
    cx.set(Reg::rbx, 0);
    if ((word & kFutexTidMask) != static_cast<std::uint64_t>(cx.cur().pid)) return return_value(cx, err::perm);
    return_value(cx, 0);
    const int at = find_pi_lock(cx.k, cx.cur().mm, address);
    if (at < 0) return put_user_word(cx, address, 0);
    PiLock& lock = cx.k.pi.locks[static_cast<std::size_t>(at)];
    if (lock.owner != cx.current()) return return_value(cx, err::inval);
    const TaskId next = lock.waiters.front().task;
    lock.owner = kNoTask;
    ++cx.k.pi.walks;
    put_user_word(cx, address, static_cast<std::uint64_t>(cx.peek(next).pid) | kFutexWaiters);
    cx.set(Reg::rbx, layout::task_address(next));
    cx.set(Reg::rdi, layout::task_address(cx.current()));
}
bool nobody_waits(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
void whom_to_wake(Ctx& cx) { cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx)); }

constexpr StepDef futex_unlock_pi_steps[] = {
    push(Reg::rbx),
    effect(load_word, Cost::word, {"Take the address of the lock's word.", "取得锁的字的地址。", "", ""}),
    effect(unlock, Cost::locked,
           {"Give the lock back: the word names the most urgent waiter from now on.", "交还锁：字从此写着最紧急的等待者。",
            "Who is not the owner gets -EPERM; without waiters the word becomes 0.", "不是持有者则返回 -EPERM；没有等待者则字变为 0。"}),
    branch(nobody_waits, "out", {"Did nobody wait?", "没有人等待吗？", "", ""}),
    call(routines::rt_mutex_adjust_prio_chain, {"{cur} gives back what it inherited from those waiters.", "{cur} 归还从这些等待者继承的优先级。",
                                                "What it inherits through other locks stays.", "通过其他锁继承的仍然保留。"}),
    effect(whom_to_wake, Cost::word, {"Take the first waiter.", "取第一个等待者。", "", ""}),
    call(routines::try_to_wake_up),
    effect([](Ctx& cx) { return_value(cx, 0); }, Cost::word, {"The result is 0.", "结果为 0。", "", ""}),
    label("out"),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine futex_lock_pi = make_routine<futex_lock_pi_steps>("futex_lock_pi", Actor::kernel, Phase::work);
const Routine futex_unlock_pi = make_routine<futex_unlock_pi_steps>("futex_unlock_pi", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
