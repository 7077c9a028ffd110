// The user-mode half of synchronisation as code: what a C library does with words of memory before and after it calls
// futex(2). Each function writes the operations of one statement. Private to sim/program.
//
// mutex           three states: 0 free, 1 taken, 2 taken and somebody may wait (Drepper, "Futexes are tricky", mutex3;
//                 glibc's lll_lock does the same), the owner's tid in the word behind it (glibc's __owner)
// mutex pi        the owner's tid, set from user mode while nobody waits; FUTEX_LOCK_PI, FUTEX_UNLOCK_PI otherwise
// semaphore       the value and the number of waiters (glibc's new_sem)
// cond            a sequence number that waiters sleep on. glibc has used two groups of waiters and no requeueing since
//                 2.25; `cond c requeue` does what it did before then: FUTEX_CMP_REQUEUE to the mutex.
// barrier         a round and the number of arrived tasks (glibc's barrier without its reuse of memory)
// rwlock          how many readers, or a writer; readers first (as glibc's default and musl)
#pragma once

#include "sim/program/program.h"

namespace sy {

// Where operations are written to.
class CodeSink {
  public:
    virtual ~CodeSink() = default;
    virtual UserOp& emit(UserOp::Kind kind, SourcePos pos) = 0;
    virtual UserOp& call(std::uint16_t number, std::initializer_list<std::uint64_t> args, SourcePos pos) = 0;
    virtual std::uint32_t here() const = 0;
    virtual void patch(std::uint32_t op) = 0;   // its target is here
};

struct SyncCode {
    CodeSink& to;

    void lock(std::uint64_t word, bool pi, SourcePos pos);
    void unlock(std::uint64_t word, bool pi, SourcePos pos);
    // Takes it if it is free. Returns the jump that is to lead behind what is done with it.
    std::uint32_t try_lock(std::uint64_t word, bool pi, SourcePos pos);
    void semaphore_wait(std::uint64_t word, SourcePos pos);
    void semaphore_post(std::uint64_t word, SourcePos pos);
    // `lock_again_slowly`: whoever was moved to the mutex's queue must not take it as if nobody waited.
    void cond_wait(std::uint64_t cond, std::uint64_t mutex, bool pi, bool lock_again_slowly, SourcePos pos);
    void cond_signal(std::uint64_t cond, SourcePos pos);
    void cond_broadcast(std::uint64_t cond, SourcePos pos);
    void cond_requeue(std::uint64_t cond, std::uint64_t mutex, SourcePos pos);
    void barrier_wait(std::uint64_t barrier, std::uint64_t count, SourcePos pos);
    void read_lock(std::uint64_t rwlock, SourcePos pos);
    void write_lock(std::uint64_t rwlock, SourcePos pos);
    void rw_unlock(std::uint64_t rwlock, SourcePos pos);

  private:
    void lock_slowly(std::uint64_t word, SourcePos pos);
    void rw_lock(UserOp::Kind attempt, std::uint64_t rwlock, SourcePos pos);
};

}  // namespace sy
