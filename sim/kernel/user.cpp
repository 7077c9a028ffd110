// User mode: one operation of a program at a time. Its only state is in user registers and user memory.
#include "sim/base/assert.h"
#include "sim/kernel/coroutines.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/events.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/user_memory.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

using Kind = UserOp::Kind;

// Loop counters: R12 to R15, then words of the user stack just above RSP.
constexpr int kCounterRegs = 4;

std::uint64_t counter_address(const Ctx& cx, int level) {
    return cx.reg(Reg::rsp) + 8 * static_cast<std::uint64_t>(level - kCounterRegs);
}
std::uint64_t counter(const Ctx& cx, int level) {
    if (level < kCounterRegs) return cx.reg(static_cast<Reg>(static_cast<int>(Reg::r12) + level));
    return cx.k.mms[cx.user_mm()].read(counter_address(cx, level));
}

void write_user(Ctx& cx, std::uint64_t address, std::uint64_t value, Place from = at::none) {
    const MmId mm = mm_behind(cx, address);
    if (cx.report != nullptr) cx.move(from, at::user_word(mm, address), value, cx.k.read_user(mm, address));
    cx.k.write_user(mm, address, value);
}

void set_counter(Ctx& cx, int level, std::uint64_t v) {
    if (level < kCounterRegs)
        cx.set(static_cast<Reg>(static_cast<int>(Reg::r12) + level), v);
    else
        write_user(cx, counter_address(cx, level), v);
}

std::uint64_t read_user(const Ctx& cx, std::uint64_t address) {
    return cx.k.read_user(mm_behind(cx, address), address);
}

// The address a memory operation means.
std::uint64_t where(const Ctx& cx, const UserOp& op) {
    switch (op.base) {
        case UserOp::Base::pointer: return read_user(cx, op.data) + op.arg[0];
        case UserOp::Base::stack: return paging::page_of(cx.reg(Reg::rsp)) - op.arg[0];
        case UserOp::Base::zero: break;
    }
    return op.arg[0];
}

// The coroutine library keeps accounts of its own memory (docs/coroutines.md); the stacks it hands out are not paged.
bool on_coroutine_stack(const Ctx& cx) {
    const std::uint64_t rsp = cx.reg(Reg::rsp);
    return rsp >= layout::co_stacks && rsp < layout::co_stacks + (std::uint64_t{1} << 43);
}

// Every access of the operation goes through the MMU before it does anything; false: a page fault was taken.
bool accesses_are_fine(Ctx& cx, const Program& p, const UserOp& op, std::uint32_t here) {
    constexpr auto read = Access::read, write = Access::write;
    if (!user_access(cx, cx.cpu.regs.rip, Access::fetch)) return false;
    switch (op.kind) {
        case Kind::load_burst: {   // what computes uses its stack, and runs on in the next operation
            const std::uint64_t next = p.address(here + 1);
            if ((next & (paging::page_bytes - 1)) == 0 && !user_access(cx, next, Access::fetch)) return false;
            return on_coroutine_stack(cx) || user_access(cx, cx.reg(Reg::rsp) - 8, write);
        }
        case Kind::loop_start:
        case Kind::loop_next:
        case Kind::every_start:
        case Kind::every_next:
            return op.level < kCounterRegs || on_coroutine_stack(cx) || user_access(cx, counter_address(cx, op.level), write);
        case Kind::lock_try:
        case Kind::lock_wait:
        case Kind::unlock:
        case Kind::sem_take:
        case Kind::sem_leave:
        case Kind::sem_post:
        case Kind::keep_result:
        case Kind::store:
        case Kind::cond_enter:
        case Kind::cond_leave:
        case Kind::cond_bump:
        case Kind::barrier_arrive:
        case Kind::barrier_open:
        case Kind::read_try:
        case Kind::write_try:
        case Kind::rw_wait:
        case Kind::rw_leave:
        case Kind::rw_unlock:
        case Kind::pi_try:
        case Kind::pi_unlock: return user_access(cx, op.data, write);
        case Kind::ut_create: return user_access(cx, op.arg[0], write);
        case Kind::ut_idle:
        case Kind::ut_kick:
        case Kind::ut_kick_all: return user_access(cx, p.idle_word, write);
        case Kind::cond_again:
        case Kind::barrier_enter:
        case Kind::barrier_check:
        case Kind::join_check: return user_access(cx, op.data, read);
        case Kind::system_call:
            return op.base != UserOp::Base::pointer || user_access(cx, op.data, read);
        case Kind::touch_start: return op.base != UserOp::Base::pointer || user_access(cx, op.data, read);
        case Kind::load_word:
        case Kind::store_word:
            if (op.base == UserOp::Base::pointer && !user_access(cx, op.data, read)) return false;
            return user_access(cx, where(cx, op), op.kind == Kind::load_word ? read : write);
        case Kind::store_stack:   // above RSP: a local variable of asm blocks
            return static_cast<std::int64_t>(op.data) >= 0 || user_access(cx, cx.reg(Reg::rsp) - op.data, write);
        case Kind::touch_next: return user_access(cx, cx.reg(Reg::rdi), write);
        case Kind::recurse_down: return on_coroutine_stack(cx) || user_access(cx, cx.reg(Reg::rsp) - paging::page_bytes, write);
        default: return true;
    }
}

// The pid of the task that a program means: what a C program would have from fork, getppid or a pid file. The first one
// that the path fits; 0x7fffffff (nobody has it) if there is none.
constexpr Pid kNobody = 0x7fff'ffff;
TaskId task_meant(const Ctx& cx, const std::string& path) {
    const TaskId leader = cx.cur().group_leader;
    if (path == "self") return cx.current();
    if (path == "parent") return cx.peek(leader).real_parent;
    if (path == "child") return cx.peek(leader).last_child;
    // Children first: two shells may each have a `worker`.
    for (TaskId c = cx.peek(leader).first_child; c != kNoTask; c = cx.peek(c).next_sibling)
        if (task_matches(cx.k, c, path)) return c;
    return first_task(cx.k, path);
}
void set_pids(Ctx& cx, const UserOp& op) {
    constexpr Reg kArgs[] = {Reg::rdi, Reg::rsi, Reg::rdx, Reg::r10};
    const TaskId id = task_meant(cx, op.task);
    const bool there = id != kNoTask && cx.peek(id).is_live;
    Pid pid = there ? (op.tgid_arg >= 0 ? cx.peek(id).pid : cx.peek(id).tgid) : kNobody;
    if (op.is_group && there && cx.peek(id).signal != kNoShared) pid = cx.peek_signal(id).pgrp;
    const bool negative = op.is_group && op.nr == nr::kill;
    if (op.nr == nr::ioctl)   // a pointer to it is passed
        write_user(cx, cx.reg(Reg::rsp) - 8, static_cast<std::uint64_t>(pid));
    else if (op.pid_arg >= 0)
        cx.set(kArgs[op.pid_arg], static_cast<std::uint64_t>(static_cast<std::int64_t>(negative ? -pid : pid)));
    if (op.tgid_arg >= 0)
        cx.set(kArgs[op.tgid_arg], static_cast<std::uint64_t>(there ? cx.peek(id).tgid : kNobody));
}
// Calls with more than three arguments, with addresses of local variables, pids, or a stack for the child.
void set_up_long_call(Ctx& cx, const UserOp& op) {
    constexpr Reg kArgs[] = {Reg::rdi, Reg::rsi, Reg::rdx, Reg::r10, Reg::r8, Reg::r9};
    for (int i = 0; i < 6; ++i)
        cx.set(kArgs[i], (op.stack_args >> i & 1) != 0 ? cx.reg(Reg::rsp) - op.arg[i] : op.arg[i]);
    if (!op.task.get().empty()) set_pids(cx, op);
    if (!op.new_stack) return;
    // What the library's mmap would give: a stack for the child, with room for its TCB at the upper end.
    const std::uint64_t tcb = mm_place_thread_stack(cx, cx.cur().mm) - layout::tcb_bytes;
    cx.set(Reg::rsi, tcb - 0x80);
    if ((op.arg[0] & clone_flag::settls) != 0) cx.set(Reg::r8, tcb);
}

void set_up_call(Ctx& cx, const UserOp& op) {
    const std::uint64_t result = cx.reg(Reg::rax);   // of the call before
    cx.set(Reg::rax, op.nr);
    if (op.is_long) {
        set_up_long_call(cx, op);
        return;
    }
    if (op.nr == nr::clock_nanosleep) {   // (clock, flags, request): RDX stands for the request's ns
        cx.set(Reg::rdi, op.arg[0]);
        cx.set(Reg::rsi, op.arg[1]);
        if (op.draws) cx.set(Reg::rdx, static_cast<std::uint64_t>(draw(cx.cur().rng, op.time)));
        return;
    }
    if (op.nr == nr::epoll_wait) cx.set(Reg::r10, kEventLoopTimeoutMs);
    if (op.nr == nr::brk && op.level == 1)   // brk(where it is + so much)
        cx.set(Reg::rdi, result + op.arg[0]);
    else if (op.base == UserOp::Base::pointer)
        cx.set(Reg::rdi, read_user(cx, op.data), at::user_word(cx.user_mm(), op.data));
    else
        cx.set(Reg::rdi, op.level == 2 ? coroutine_local(cx) : op.arg[0]);
    cx.set(Reg::rsi, op.arg[1]);
    if (op.level == kRdxFromRbp)
        cx.set(Reg::rdx, cx.reg(Reg::rbp), at::reg(Reg::rbp));
    else if (op.level != kRdxKept)
        cx.set(Reg::rdx, op.level == 3 ? coroutine_local(cx) : op.arg[2]);
    const bool requeue = op.nr == nr::futex && op.arg[1] == kFutexCmpRequeue;
    if (op.nr != nr::mmap && !requeue) return;
    cx.set(Reg::r10, op.arg[3]);
    cx.set(Reg::r8, op.arg[4]);
    if (!requeue) cx.set(Reg::r9, op.arg[5]);   // else it holds the sequence number since cond_bump
}

// The words of locks name their owner by tid, as glibc's do.
// A thread library's locks name its own threads: the kernel's tid is the carrier's.
void own(Ctx& cx, std::uint64_t word) {
    const bool library = cx.user_program().model.is_library();
    write_user(cx, word, library ? user_thread_number(cx) : static_cast<std::uint64_t>(cx.cur().pid));
}

// One word of user memory goes up or down.
void add_user(Ctx& cx, std::uint64_t word, std::uint64_t n) { write_user(cx, word, read_user(cx, word) + n); }

std::uint32_t rw_operation(Ctx& cx, const UserOp& op, std::uint32_t next) {
    const std::uint64_t state = read_user(cx, op.data), holders = state & kRwWriter;
    cx.set(Reg::rax, state, at::user_word(cx.user_mm(), op.data));
    switch (op.kind) {
        case Kind::read_try:
            if (holders >= kRwWriter - 1) return next;
            write_user(cx, op.data, state + 1);
            return op.target;
        case Kind::write_try:
            if (holders != 0) return next;
            write_user(cx, op.data, state | kRwWriter);
            own(cx, op.data + 16);
            return op.target;
        case Kind::rw_wait: {
            const bool must_wait = op.arg[0] != 0 ? holders != 0 : holders == kRwWriter;
            if (!must_wait) return op.target;
            add_user(cx, op.data + 8, 1);
            write_user(cx, op.data, state | kRwWaiters);
            cx.set(Reg::rdx, state | kRwWaiters);
            return next;
        }
        case Kind::rw_leave: add_user(cx, op.data + 8, ~std::uint64_t{0}); return next;
        default: break;   // rw_unlock
    }
    const bool free = holders == kRwWriter || holders == 1;
    const bool waited_for = read_user(cx, op.data + 8) != 0 || (state & kRwWaiters) != 0;
    if (holders == kRwWriter) write_user(cx, op.data + 16, 0);
    write_user(cx, op.data, free ? 0 : state - 1);
    cx.set(Reg::rdx, holders);   // a writer wakes all, the last reader one
    return free && waited_for ? next : op.target;
}

// Condition variables, barriers, read-write locks, priority inheritance (sim/program/sync_code.h).
std::uint32_t synchronise(Ctx& cx, const UserOp& op, std::uint32_t next) {
    switch (op.kind) {
        case Kind::store: write_user(cx, op.data, op.arg[0]); return next;
        case Kind::if_zero: return cx.reg(Reg::rax) == 0 ? op.target : next;
        case Kind::cond_enter:
            add_user(cx, op.data + 8, 1);
            cx.set(Reg::rbp, read_user(cx, op.data), at::user_word(cx.user_mm(), op.data));
            return next;
        case Kind::cond_leave: add_user(cx, op.data + 8, ~std::uint64_t{0}); return next;
        case Kind::cond_again: return read_user(cx, op.data) == cx.reg(Reg::rbp) ? op.target : next;
        case Kind::cond_bump:
            if (read_user(cx, op.data + 8) == 0) return op.target;
            add_user(cx, op.data, 1);
            cx.set(Reg::r9, read_user(cx, op.data), at::user_word(cx.user_mm(), op.data));
            return next;
        case Kind::barrier_enter:
            cx.set(Reg::rbp, read_user(cx, op.data), at::user_word(cx.user_mm(), op.data));
            return next;
        case Kind::barrier_arrive:
            add_user(cx, op.data + 8, 1);
            return read_user(cx, op.data + 8) != op.arg[0] ? op.target : next;
        case Kind::barrier_open:
            write_user(cx, op.data + 8, 0);
            add_user(cx, op.data, 1);
            return next;
        case Kind::barrier_check: return read_user(cx, op.data) != cx.reg(Reg::rbp) ? op.target : next;
        case Kind::pi_try: {
            const std::uint64_t old = read_user(cx, op.data);
            cx.set(Reg::rax, old, at::user_word(cx.user_mm(), op.data));
            if (old != 0) return next;
            own(cx, op.data);
            return op.target;
        }
        case Kind::pi_unlock: {
            const std::uint64_t old = read_user(cx, op.data);
            cx.set(Reg::rax, old, at::user_word(cx.user_mm(), op.data));
            if (old != static_cast<std::uint64_t>(cx.cur().pid)) return next;
            write_user(cx, op.data, 0);
            return op.target;
        }
        default: return rw_operation(cx, op, next);
    }
}

void add_one(Ctx& cx, std::uint64_t address) { write_user(cx, address, read_user(cx, address) + 1); }

// Returns the operation that comes next.
std::uint32_t perform(Ctx& cx, const UserOp& op, std::uint32_t here) {
    const std::uint32_t next = here + 1;
    switch (op.kind) {
        case Kind::load_burst:
            cx.set(Reg::rbx, static_cast<std::uint64_t>(draw(cx.cur().rng, op.time)));
            return next;
        case Kind::burst:
            cx.cpu.regs.fpu = cx.cpu.regs.fpu * 6'364'136'223'846'793'005ULL + 1;
            return next;
        case Kind::system_call: set_up_call(cx, op); return next;
        case Kind::kernel_call:
        case Kind::kernel_return: return next;   // of kernel code: jumped over
        case Kind::syscall: return next;   // handled by the caller
        case Kind::jump: return op.target;
        case Kind::loop_start: set_counter(cx, op.level, op.data); return next;
        case Kind::loop_next: {
            const std::uint64_t left = counter(cx, op.level) - 1;
            set_counter(cx, op.level, left);
            return left != 0 ? op.target : next;
        }
        case Kind::every_start:
            set_counter(cx, op.level, static_cast<std::uint64_t>(cx.cpu.clock));
            if (op.data != 0) cx.cur().round_due = cx.cpu.clock + op.time.get().a;
            return next;
        case Kind::every_next: {
            Task& t = cx.cur();
            const Nanos due = static_cast<Nanos>(counter(cx, op.level)) + draw(t.rng, op.time);
            ++t.rounds;
            if (cx.cpu.clock > due) ++t.late_rounds;
            if (t.round_due >= 0) t.round_due = due + op.time.get().a;
            set_counter(cx, op.level, static_cast<std::uint64_t>(due));
            cx.set(Reg::rdx, static_cast<std::uint64_t>(due));
            return next;
        }
        case Kind::lock_try: {
            const std::uint64_t old = read_user(cx, op.data);
            cx.set(Reg::rax, old, at::user_word(cx.user_mm(), op.data));
            if (old != 0) return next;
            write_user(cx, op.data, 1);
            own(cx, op.data + 8);
            return op.target;
        }
        case Kind::lock_wait: {
            const std::uint64_t old = read_user(cx, op.data);
            write_user(cx, op.data, 2);
            cx.set(Reg::rax, old, at::user_word(cx.user_mm(), op.data));
            if (old == 0) own(cx, op.data + 8);
            return old == 0 ? op.target : next;
        }
        case Kind::unlock: {
            const std::uint64_t old = read_user(cx, op.data);
            write_user(cx, op.data + 8, 0);
            write_user(cx, op.data, 0);
            cx.set(Reg::rax, old, at::user_word(cx.user_mm(), op.data));
            return old == 2 ? next : op.target;
        }
        case Kind::sem_take: {
            const std::uint64_t value = read_user(cx, op.data);
            if (value > 0) {
                write_user(cx, op.data, value - 1);
                return op.target;
            }
            write_user(cx, op.data + 8, read_user(cx, op.data + 8) + 1);
            return next;
        }
        case Kind::sem_leave:
            write_user(cx, op.data + 8, read_user(cx, op.data + 8) - 1);
            return next;
        case Kind::sem_post:
            write_user(cx, op.data, read_user(cx, op.data) + 1);
            return read_user(cx, op.data + 8) != 0 ? next : op.target;
        case Kind::join_check: {
            const std::uint64_t tid = read_user(cx, op.data);
            cx.set(Reg::rdx, tid, at::user_word(cx.user_mm(), op.data));
            return tid == 0 ? op.target : next;
        }
        case Kind::stop_check: return next;   // of kernel threads only
        case Kind::store_stack: write_user(cx, cx.reg(Reg::rsp) - op.data, op.arg[0]); return next;
        case Kind::frame_enter: cx.set(Reg::rsp, cx.reg(Reg::rsp) - op.data); return next;
        case Kind::frame_leave: cx.set(Reg::rsp, cx.reg(Reg::rsp) + op.data); return next;
        case Kind::function_return: {
            const std::uint64_t sp = cx.reg(Reg::rsp);
            const std::uint64_t back = read_user(cx, sp);
            cx.set(Reg::rsp, sp + 8);
            cx.move(at::user_word(cx.user_mm(), sp), at::special(Place::Kind::rip), back, cx.cpu.regs.rip);
            return cx.user_program().op_at(back);
        }
        case Kind::if_child:
        case Kind::thread_start: {
            const bool child = cx.reg(Reg::rax) == 0;
            const bool go = op.kind == Kind::if_child ? !child : child;
            return go ? op.target : next;
        }
        case Kind::keep_result: write_user(cx, op.data, cx.reg(Reg::rax), at::reg(Reg::rax)); return next;
        case Kind::load_word: {
            const std::uint64_t address = where(cx, op);
            cx.set(Reg::rax, read_user(cx, address), at::user_word(cx.user_mm(), address));
            return next;
        }
        case Kind::store_word: add_one(cx, where(cx, op)); return next;
        case Kind::touch_start:
            cx.set(Reg::rdi, where(cx, op));
            cx.set(Reg::rcx, op.arg[1]);
            return next;
        case Kind::touch_next:
            add_one(cx, cx.reg(Reg::rdi));
            cx.set(Reg::rdi, cx.reg(Reg::rdi) + paging::page_bytes);
            cx.set(Reg::rcx, cx.reg(Reg::rcx) - 1);
            return cx.reg(Reg::rcx) != 0 ? here : next;
        case Kind::recurse_start: cx.set(Reg::rcx, op.arg[1]); return next;
        case Kind::recurse_down:
            cx.set(Reg::rsp, cx.reg(Reg::rsp) - paging::page_bytes);
            add_one(cx, cx.reg(Reg::rsp));
            cx.set(Reg::rcx, cx.reg(Reg::rcx) - 1);
            return cx.reg(Reg::rcx) != 0 ? here : next;
        case Kind::recurse_up:
            cx.set(Reg::rsp, cx.reg(Reg::rsp) + op.arg[1] * paging::page_bytes);
            return next;
        default: return synchronise(cx, op, next);
    }
    return next;
}

}  // namespace

void syscall_instruction(Ctx& cx, std::uint64_t next) {
    drain_all_stores(cx);
    Regs& r = cx.cpu.regs;
    cx.cpu.begin_episode(cx.k.steps());
    cx.set(Reg::rcx, next, at::special(Place::Kind::rip));
    cx.set(Reg::r11, r.rflags, at::special(Place::Kind::rflags));
    const std::uint64_t flags = (r.rflags & ~kSyscallMask) | kFlagFixed;
    cx.move(at::none, at::special(Place::Kind::rflags), flags, r.rflags);
    r.rflags = flags;
    cx.move(at::none, at::special(Place::Kind::cs), kKernelCs, r.cs);
    r.cs = kKernelCs;
    r.ss = kKernelSs;
    cx.cpu.pc = cx.text.entry(routines::entry_syscall_64);
    cx.move(at::none, at::special(Place::Kind::rip), cx.text.address(cx.cpu.pc), r.rip);
}

void user_step(Ctx& cx) {
    Regs& r = cx.cpu.regs;
    const Program& p = cx.user_program();
    const std::uint32_t here = p.op_at(r.rip);
    if (cx.report != nullptr) {
        cx.report->kind = StepReport::Kind::user;
        cx.report->step = here;
        cx.report->program = static_cast<std::uint32_t>(&p - cx.k.image().programs.data());
    }
    if (here >= p.ops.size()) [[unlikely]]   // a jump of an instruction has left the program
        return instruction_step(cx, p);
    const UserOp& op = p.ops[here];
    if (op.kind == UserOp::Kind::asm_code) return instruction_step(cx, p);
    if (!cx.cpu.stores.empty()) [[unlikely]]
        drain_all_stores(cx);   // verbs are made of locked instructions
    if (!accesses_are_fine(cx, p, op, here)) return;
    const bool syscall = op.kind == Kind::syscall;
    Nanos extra = 0;   // of an operation whose cost depends on what it finds
    Nanos cost = cx.k.image().costs[static_cast<std::size_t>(syscall ? Cost::syscall : Cost::user_op)];
    if (syscall) {
        syscall_instruction(cx, p.address(here + 1));
    } else {
        const std::uint32_t next =
            is_coroutine_op(op.kind) ? coroutine_op(cx, op, here, extra) : perform(cx, op, here);
        cx.move(at::none, at::special(Place::Kind::rip), p.address(next), r.rip);
        r.rip = p.address(next);
    }
    if (!cx.k.image().ideal) cost += extra;
    if (cost != 0) {
        cx.cpu.clock += cost;
        cx.cpu.user_ns += cost;
        if (cx.cur().nice > 0) cx.cpu.nice_ns += cost;
        cx.cur().utime += cost;
    }
}

void let_time_pass(Ctx& cx, Nanos time, bool halted) {
    Cpu& cpu = cx.cpu;
    Regs& r = cpu.regs;
    cpu.clock += time;
    if (cx.report != nullptr) {
        cx.report->kind = halted ? StepReport::Kind::idle : StepReport::Kind::burst;
        cx.report->step = cpu.pc;
    }
    if (halted) {
        cpu.idle_ns += time;
        cx.k.sample_load(cpu.clock);   // the samples that nobody took while this CPU slept
        r.rflags |= kFlagIf;   // sti; hlt
        ++cpu.pc;   // an interrupt returns behind the hlt
        cpu.begin_episode(cx.k.steps() + 1);
        return;
    }
    if (cx.k.direction.on && r.user() && !at_burst(cx.k, cpu, cx.text)) [[unlikely]] {   // held
        cpu.user_ns += time;
        if (cx.cur().nice > 0) cpu.nice_ns += time;
        cx.cur().utime += time;
        return;
    }
    cx.set(Reg::rbx, r[Reg::rbx] - static_cast<std::uint64_t>(time), at::reg(Reg::rbx));
    if (!r.user()) return;
    cpu.user_ns += time;
    if (cx.cur().nice > 0) cpu.nice_ns += time;
    cx.cur().utime += time;
    count_fetch(cx, r.rip);
    // RIP goes round the loop of the burst: it is alive in the register view, and still in the same operation.
    const Program& p = cx.user_program();
    const std::uint64_t rip = p.address(p.op_at(r.rip)) + r[Reg::rbx] % 14;
    cx.move(at::none, at::special(Place::Kind::rip), rip, r.rip);
    r.rip = rip;
}

}  // namespace sy
