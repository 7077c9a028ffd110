// The sentences of the user-mode operations that belong to synchronisation (sim/program/sync_code.h).
#include "sim/session/storyteller.h"

namespace sy {

namespace {

Says rw_says(UserOp::Kind kind, const std::string& v) {
    switch (kind) {
        case UserOp::Kind::read_try:
            return {{"Try to take read-write lock " + v + " for reading: one reader more.", "尝试以读方式获取读写锁 " + v + "：读者加一。"},
                    {"Readers share it; only a writer must be waited for.", "读者共享；只需等待写者。"}};
        case UserOp::Kind::write_try:
            return {{"Try to take read-write lock " + v + " for writing, alone.", "尝试以写方式独占读写锁 " + v + "。"}, {}};
        case UserOp::Kind::rw_wait:
            return {{"Mark read-write lock " + v + " as waited for.", "标记读写锁 " + v + " 有人等待。"}, {}};
        case UserOp::Kind::rw_leave:
            return {{"No longer a waiter of read-write lock " + v + ": try again.", "不再是读写锁 " + v + " 的等待者：再试。"}, {}};
        case UserOp::Kind::rw_unlock:
            return {{"Give read-write lock " + v + " back.", "释放读写锁 " + v + "。"},
                    {"A writer wakes all who wait, the last reader one.", "写者唤醒所有等待者，最后一个读者唤醒一个。"}};
        default: return {};
    }
}

}  // namespace

Says sync_says(UserOp::Kind kind, const std::string& v) {
    switch (kind) {
        case UserOp::Kind::store:
            return {{"Give " + v + " its first value.", "给 " + v + " 赋初值。"}, {}};
        case UserOp::Kind::if_zero:
            return {{"Was the result 0?", "结果是 0 吗？"}, {"read returns 0 at the end of a pipe.", "read 在管道末尾返回 0。"}};
        case UserOp::Kind::cond_enter:
            return {{"Count a waiter of " + v + "; remember its sequence number in RBP.", v + " 多一个等待者；把序号记在 RBP。"},
                    {"The mutex is still held, so no signal can come in between.", "互斥锁仍持有，所以其间不会来通知。"}};
        case UserOp::Kind::cond_leave:
            return {{"No longer a waiter of " + v + ".", "不再是 " + v + " 的等待者。"}, {}};
        case UserOp::Kind::cond_again:
            return {{"Has " + v + " been signalled since?", v + " 之后被通知过吗？"},
                    {"If its number is unchanged the wakeup meant something else: sleep again.", "若序号未变，这次唤醒另有原因：再睡。"}};
        case UserOp::Kind::cond_bump:
            return {{"Signal " + v + ": its sequence number goes up if anybody waits.", "通知 " + v + "：若有人等待，序号加一。"},
                    {"A condition variable remembers nothing: without a waiter the signal is lost.", "条件变量不记忆：没有等待者，通知就丢失。"}};
        case UserOp::Kind::barrier_enter:
            return {{"Remember the round of barrier " + v + " in RBP.", "把屏障 " + v + " 的轮次记在 RBP。"}, {}};
        case UserOp::Kind::barrier_arrive:
            return {{"One more task has come to barrier " + v + ".", "又一个任务到达屏障 " + v + "。"}, {}};
        case UserOp::Kind::barrier_open:
            return {{"It was the last: the next round of barrier " + v + " begins.", "它是最后一个：屏障 " + v + " 的下一轮开始。"}, {}};
        case UserOp::Kind::barrier_check:
            return {{"Has a new round of barrier " + v + " begun?", "屏障 " + v + " 的新一轮开始了吗？"}, {}};
        case UserOp::Kind::pi_try:
            return {{"Try to write the own tid into " + v + " (cmpxchg).", "尝试把自己的 tid 写入 " + v + "（cmpxchg）。"},
                    {"So the kernel can see who owns the lock.", "这样内核能看到谁持有锁。"}};
        case UserOp::Kind::pi_unlock:
            return {{"Release " + v + " if its word is still the own tid (cmpxchg).", "若 " + v + " 的字仍是自己的 tid 就释放（cmpxchg）。"},
                    {"With FUTEX_WAITERS set only the kernel may pass it on.", "若置了 FUTEX_WAITERS，只有内核能移交。"}};
        default: return rw_says(kind, v);
    }
}

}  // namespace sy
