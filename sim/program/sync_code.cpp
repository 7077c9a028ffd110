#include "sim/program/sync_code.h"

namespace sy {

using Kind = UserOp::Kind;

void SyncCode::lock_slowly(std::uint64_t word, SourcePos pos) {
    const std::uint32_t again = to.here();
    to.emit(Kind::lock_wait, pos).data = word;
    to.call(nr::futex, {word, kFutexWait, 2}, pos);
    to.emit(Kind::jump, pos).target = again;
    to.patch(again);
}

void SyncCode::lock(std::uint64_t word, bool pi, SourcePos pos) {
    const std::uint32_t first = to.here();
    to.emit(pi ? Kind::pi_try : Kind::lock_try, pos).data = word;
    if (!pi) {
        lock_slowly(word, pos);
    } else {
        to.call(nr::futex, {word, kFutexLockPi, 0}, pos);
        const std::uint32_t fine = to.here();
        to.emit(Kind::if_zero, pos);
        // EDEADLK or ESRCH: pthread_mutex_lock of a normal mutex then sleeps for ever (glibc, on a word of its own).
        const std::uint32_t forever = to.here();
        to.call(nr::futex, {layout::user_data, kFutexWait, 0}, pos);
        to.emit(Kind::jump, pos).target = forever;
        to.patch(fine);
    }
    to.patch(first);
}

std::uint32_t SyncCode::try_lock(std::uint64_t word, bool pi, SourcePos pos) {
    const std::uint32_t first = to.here();
    to.emit(pi ? Kind::pi_try : Kind::lock_try, pos).data = word;
    const std::uint32_t past = to.here();
    to.emit(Kind::jump, pos);
    to.patch(first);
    return past;
}

void SyncCode::unlock(std::uint64_t word, bool pi, SourcePos pos) {
    const std::uint32_t first = to.here();
    to.emit(pi ? Kind::pi_unlock : Kind::unlock, pos).data = word;
    if (pi)
        to.call(nr::futex, {word, kFutexUnlockPi, 0}, pos);
    else
        to.call(nr::futex, {word, kFutexWake, 1}, pos);
    to.patch(first);
}

void SyncCode::semaphore_wait(std::uint64_t word, SourcePos pos) {
    const std::uint32_t take = to.here();
    to.emit(Kind::sem_take, pos).data = word;
    to.call(nr::futex, {word, kFutexWait, 0}, pos);
    to.emit(Kind::sem_leave, pos).data = word;
    to.emit(Kind::jump, pos).target = take;
    to.patch(take);
}

void SyncCode::semaphore_post(std::uint64_t word, SourcePos pos) {
    const std::uint32_t post = to.here();
    to.emit(Kind::sem_post, pos).data = word;
    to.call(nr::futex, {word, kFutexWake, 1}, pos);
    to.patch(post);
}

void SyncCode::cond_wait(std::uint64_t cond, std::uint64_t mutex, bool pi, bool lock_again_slowly, SourcePos pos) {
    to.emit(Kind::cond_enter, pos).data = cond;
    unlock(mutex, pi, pos);
    const std::uint32_t wait = to.here();
    to.call(nr::futex, {cond, kFutexWait, 0}, pos).level = kRdxFromRbp;
    const std::uint32_t again = to.here();
    to.emit(Kind::cond_again, pos).data = cond;
    to.emit(Kind::cond_leave, pos).data = cond;
    if (lock_again_slowly)
        lock_slowly(mutex, pos);
    else
        lock(mutex, pi, pos);
    const std::uint32_t past = to.here();
    to.emit(Kind::jump, pos);
    to.patch(again);
    to.emit(Kind::jump, pos).target = wait;
    to.patch(past);
}

void SyncCode::cond_signal(std::uint64_t cond, SourcePos pos) {
    const std::uint32_t bump = to.here();
    to.emit(Kind::cond_bump, pos).data = cond;
    to.call(nr::futex, {cond, kFutexWake, 1}, pos);
    to.patch(bump);
}

void SyncCode::cond_broadcast(std::uint64_t cond, SourcePos pos) {
    const std::uint32_t bump = to.here();
    to.emit(Kind::cond_bump, pos).data = cond;
    to.call(nr::futex, {cond, kFutexWake, kEverybody}, pos);
    to.patch(bump);
}

void SyncCode::cond_requeue(std::uint64_t cond, std::uint64_t mutex, SourcePos pos) {
    const std::uint32_t bump = to.here();
    to.emit(Kind::cond_bump, pos).data = cond;   // leaves the new number in R9
    to.call(nr::futex, {cond, kFutexCmpRequeue, 1, kEverybody, mutex, 0}, pos);
    to.patch(bump);
}

void SyncCode::barrier_wait(std::uint64_t barrier, std::uint64_t count, SourcePos pos) {
    to.emit(Kind::barrier_enter, pos).data = barrier;
    const std::uint32_t arrive = to.here();
    UserOp& op = to.emit(Kind::barrier_arrive, pos);
    op.data = barrier;
    op.arg[0] = count;
    to.emit(Kind::barrier_open, pos).data = barrier;
    to.call(nr::futex, {barrier, kFutexWake, kEverybody}, pos);
    const std::uint32_t past = to.here();
    to.emit(Kind::jump, pos);
    to.patch(arrive);
    const std::uint32_t check = to.here();
    to.emit(Kind::barrier_check, pos).data = barrier;
    to.call(nr::futex, {barrier, kFutexWait, 0}, pos).level = kRdxFromRbp;
    to.emit(Kind::jump, pos).target = check;
    to.patch(check);
    to.patch(past);
}

void SyncCode::rw_lock(Kind attempt, std::uint64_t rwlock, SourcePos pos) {
    const std::uint32_t first = to.here();
    to.emit(attempt, pos).data = rwlock;
    UserOp& wait = to.emit(Kind::rw_wait, pos);
    wait.data = rwlock;
    wait.arg[0] = attempt == Kind::write_try ? 1 : 0;
    wait.target = first;
    to.call(nr::futex, {rwlock, kFutexWait, 0}, pos).level = kRdxKept;
    to.emit(Kind::rw_leave, pos).data = rwlock;
    to.emit(Kind::jump, pos).target = first;
    to.patch(first);
}

void SyncCode::read_lock(std::uint64_t rwlock, SourcePos pos) { rw_lock(Kind::read_try, rwlock, pos); }
void SyncCode::write_lock(std::uint64_t rwlock, SourcePos pos) { rw_lock(Kind::write_try, rwlock, pos); }

void SyncCode::rw_unlock(std::uint64_t rwlock, SourcePos pos) {
    const std::uint32_t first = to.here();
    to.emit(Kind::rw_unlock, pos).data = rwlock;
    to.call(nr::futex, {rwlock, kFutexWake, 0}, pos).level = kRdxKept;
    to.patch(first);
}

}  // namespace sy
