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
// A process whose program has coroutines begins.
void start_coroutines(Kernel& k, MmId mm, std::uint32_t program);
// A coroutine that waited is put behind those that are ready.
void make_ready(CoroutineEnv& env, CoroutineId id);

}  // namespace sy
