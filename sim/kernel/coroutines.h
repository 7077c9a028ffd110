// The coroutine library as user code runs it, and what the window and the reports ask of it.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

// Whether an operation belongs to the library.
bool is_coroutine_op(UserOp::Kind kind);
// Performs it and returns the operation that comes next. `extra` gets the time that copying took.
std::uint32_t coroutine_op(Ctx& cx, const UserOp& op, std::uint32_t here, Nanos& extra);
// The environment of the current task's process; its program has coroutines.
CoroutineEnv& coroutine_env(Ctx& cx);
// The local variable of the coroutine that runs, from the stack it really lies on.
std::uint64_t coroutine_local(const Ctx& cx);
// A process begins, or execve gave it another program; nothing happens if that has no coroutines or thread library.
void start_coroutines(Kernel& k, MmId mm, std::uint32_t program);
// The carrier that the current task is; in libco's manner there is only one.
Carrier& carrier_of(const Ctx& cx, CoroutineEnv& env);
// A coroutine that waited is put behind those that are ready.
void make_ready(CoroutineEnv& env, CoroutineId id);
void append(CoroutineEnv& env, CoroutineList& list, CoroutineId id);
CoroutineId take_first(CoroutineEnv& env, CoroutineList& list);   // kNoCoroutine: it is empty
void add_timer(CoroutineEnv& env, Nanos due, CoroutineId id);
// malloc of a control block of which the first `touched` bytes are written. Returns where, from the start of the row.
std::uint64_t allocate_block(CoroutineEnv& env, std::uint64_t bytes, std::uint64_t touched);

// user_threads.cpp: the operations of a thread library. Returns the operation that comes next.
std::uint32_t user_thread_op(Ctx& cx, CoroutineEnv& env, Carrier& me, const UserOp& op, std::uint32_t next);
// A user-level thread's number as the words of locks name it: 1, 2, … (0: the scheduler).
std::uint64_t user_thread_number(Ctx& cx);
// Empty, or what is wrong with the lists of coroutines and user-level threads.
std::string check_coroutines(const Kernel& k);

}  // namespace sy
