// Coroutines: create, resume, yield, conditions and the stacks they share, in libco's manner (linux.md 10.3). All this is
// user code: no operation here enters the kernel, which sees one task. Facts about sizes are in sim/model/coroutines.h.
#include "sim/kernel/coroutines.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

using Kind = UserOp::Kind;
using State = Coroutine::State;

constexpr std::uint64_t kPage = 4'096;
constexpr Nanos kBytesPerNano = 8;   // memcpy of a few hundred bytes: a word a nanosecond, cached

std::uint64_t chunk(std::uint64_t bytes) {
    const std::uint64_t with_header = bytes + libco::chunk_header;
    return (with_header + libco::chunk_align - 1) / libco::chunk_align * libco::chunk_align;
}

// malloc(bytes), of which the first `touched` are written. Returns where, from the start of the row.
std::uint64_t allocate(CoroutineHeap& heap, std::uint64_t bytes, std::uint64_t touched) {
    const std::uint64_t at = heap.bytes;
    heap.bytes += chunk(bytes);
    const std::uint64_t first = at / kPage * kPage;
    const std::uint64_t end = (at + touched + kPage - 1) / kPage * kPage;
    const std::uint64_t from = first > heap.counted_to ? first : heap.counted_to;
    if (end > from) {
        heap.touched_pages += (end - from) / kPage;
        heap.counted_to = end;
    }
    return at;
}

const Program& program_of(const Ctx& cx, const CoroutineEnv& env) { return cx.k.image().programs[env.program]; }

// The declaration of a coroutine, and its number in it.
const CoroutineEntry& entry_of(const Program& p, CoroutineId id, std::uint64_t& number) {
    number = id;
    for (const CoroutineEntry& e : p.coroutines) {
        if (number < e.copies) return e;
        number -= e.copies;
    }
    SY_ASSERT(false, "a coroutine of no declaration");
}

SharedStack* shared_stack(const Ctx& cx, CoroutineEnv& env, CoroutineId id) {
    if (env.stacks.empty()) return nullptr;
    std::uint64_t number = 0;
    const CoroutineEntry& e = entry_of(program_of(cx, env), id, number);
    return e.stacks == 0 ? nullptr : &env.stacks[e.first_stack + number % e.stacks];
}

std::uint64_t stack_top(const Ctx& cx, CoroutineEnv& env, CoroutineId id) {
    if (env.threads.size() != 0) return env.threads[id].stack_top;
    std::uint64_t number = 0, before = 0;
    const Program& p = program_of(cx, env);
    const CoroutineEntry& e = entry_of(p, id, number);
    for (const CoroutineEntry& other : p.coroutines) {
        if (&other == &e) break;
        before += (other.stacks != 0 ? other.stacks : other.copies) * other.stack_bytes;
    }
    const std::uint64_t which = e.stacks != 0 ? number % e.stacks : number;
    return layout::co_stacks + before + (which + 1) * e.stack_bytes;
}

std::uint64_t block_address(CoroutineId id) { return layout::co_blocks + id * chunk(libco::block_bytes); }
// Slot n of a context; the context stands behind env, pfn and arg.
Place slot(const CoroutineEnv& env, CoroutineId id, int n) {
    const std::uint64_t context = id == kNoCoroutine ? layout::co_blocks - chunk(libco::block_bytes) + 24
                                                     : block_address(id) + 24;
    return at::user_word(env.mm, context + 8 * static_cast<std::uint64_t>(n));
}
// Where the local variable of a coroutine lies on its stack: at the bottom of the body's frame.
std::uint64_t local_address(const Ctx& cx, CoroutineEnv& env, CoroutineId id) {
    std::uint64_t number = 0;
    const CoroutineEntry& e = entry_of(program_of(cx, env), id, number);
    return stack_top(cx, env, id) - 8 - libco::wrapper_bytes - e.frame_bytes;
}
std::uint64_t save_address(const Ctx& cx, CoroutineEnv& env, CoroutineId id) {
    std::uint64_t number = 0;
    const CoroutineEntry& e = entry_of(program_of(cx, env), id, number);
    return layout::co_saves + id * chunk(8 + libco::wrapper_bytes + e.frame_bytes + libco::switch_frames_bytes);
}

Coroutine& context_of(CoroutineEnv& env, Carrier& me, CoroutineId id) {
    return id == kNoCoroutine ? me.main : env.all.mut(id);
}

// --- create ---

void create(Ctx& cx, CoroutineEnv& env, const UserOp& op) {
    const CoroutineEntry& e = program_of(cx, env).coroutines[op.data];
    const auto id = static_cast<CoroutineId>(env.all.size());
    Coroutine& c = env.all.push_back();
    c.op = e.op;
    c.depth = 8;   // coctx_make: the aligned top less 8
    allocate(env.blocks, libco::block_bytes, e.slots_cleared ? libco::block_bytes : libco::header_bytes);
    if (e.stacks == 0) {
        ++env.own_stacks;
        env.own_stack_bytes += (e.stack_bytes + kPage - 1) / kPage * kPage;
        const std::uint64_t used = 8 + libco::wrapper_bytes + e.frame_bytes + libco::switch_frames_bytes;
        env.own_stack_pages += (used + kPage - 1) / kPage;
    }
    ++env.created;
    if (e.suspended)
        ++env.dormant;
    else
        env.carriers[0].pending = id;
    cx.set(Reg::rax, block_address(id));
}

// --- the switch ---

Nanos copy_out(Ctx& cx, CoroutineEnv& env, SharedStack& stack) {
    const CoroutineId from = stack.occupant;
    Coroutine& c = env.all.mut(from);
    if (c.buffer == 0) {
        allocate(env.saves, c.depth, c.depth);
        c.buffer = static_cast<std::uint16_t>(c.depth);
        ++env.save_buffers;
    }
    const Place word = at::user_word(env.mm, local_address(cx, env, from));
    cx.move(word, at::user_word(env.mm, save_address(cx, env, from) + libco::switch_frames_bytes), stack.local, c.local);
    c.local = stack.local;
    ++env.copies_out;
    env.bytes_out += c.depth;
    return c.depth;
}

// Before co_swap: the library's own frames, its arguments, and the stack of whom it switches to.
Nanos save(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    cx.set(Reg::rsp, cx.reg(Reg::rsp) - libco::switch_frames_bytes);
    cx.set(Reg::rdi, slot(env, me.running, 0).address);
    cx.set(Reg::rsi, slot(env, me.pending, 0).address);
    me.restore_next = false;
    me.bytes_out = 0;
    if (me.running != kNoCoroutine)
        env.all.mut(me.running).depth = static_cast<std::uint32_t>(stack_top(cx, env, me.running) - cx.reg(Reg::rsp));
    if (me.pending == kNoCoroutine) return 0;
    SharedStack* stack = shared_stack(cx, env, me.pending);
    if (stack == nullptr || stack->occupant == me.pending) return 0;
    const std::uint64_t bytes = stack->occupant != kNoCoroutine ? copy_out(cx, env, *stack) : 0;
    me.bytes_out = static_cast<std::uint32_t>(bytes);
    stack->occupant = me.pending;
    me.restore_next = env.all[me.pending].buffer != 0;
    return static_cast<Nanos>(bytes) / kBytesPerNano;
}

struct Slot {
    int number;
    Reg reg;
    std::uint64_t Coroutine::*field;
};
constexpr Slot kSaved[] = {{3, Reg::r12, &Coroutine::r12}, {2, Reg::r13, &Coroutine::r13},
                           {1, Reg::r14, &Coroutine::r14}, {0, Reg::r15, &Coroutine::r15},
                           {12, Reg::rbx, &Coroutine::rbx}};

std::uint64_t& rbp_of(CoroutineEnv& env, Carrier& me, CoroutineId id) {
    return id == kNoCoroutine ? me.main_rbp : env.threads.mut(id).rbp;
}

std::uint32_t swap(Ctx& cx, CoroutineEnv& env, Carrier& me, std::uint32_t here) {
    const CoroutineId leaves = me.running, comes = me.pending;
    const bool threads = env.threads.size() != 0;   // coroutines keep nothing in RBP: it is the same in all of them
    Coroutine& out = context_of(env, me, leaves);
    for (const Slot& s : kSaved) {
        cx.move(at::reg(s.reg), slot(env, leaves, s.number), cx.reg(s.reg), out.*s.field);
        out.*s.field = cx.reg(s.reg);
    }
    if (threads) {
        std::uint64_t& rbp = rbp_of(env, me, leaves);
        cx.move(at::reg(Reg::rbp), slot(env, leaves, 6), cx.reg(Reg::rbp), rbp);
        rbp = cx.reg(Reg::rbp);
    }
    const std::uint64_t sp = cx.reg(Reg::rsp);
    cx.move(at::reg(Reg::rsp), slot(env, leaves, 13), sp, 0);
    const Program& p = program_of(cx, env);
    cx.move(at::special(Place::Kind::rip), slot(env, leaves, 9), p.address(here + 1), p.address(out.op));
    out.op = here + 1;
    if (leaves == kNoCoroutine) me.main.local = sp;

    const Coroutine& in = context_of(env, me, comes);
    for (const Slot& s : kSaved) cx.set(s.reg, in.*s.field, slot(env, comes, s.number));
    if (threads) cx.set(Reg::rbp, rbp_of(env, me, comes), slot(env, comes, 6));
    cx.set(Reg::rsp, comes == kNoCoroutine ? in.local : stack_top(cx, env, comes) - in.depth, slot(env, comes, 13));
    cx.set(Reg::rax, 0);
    me.running = comes;
    if (comes != kNoCoroutine) env.all.mut(comes).state = State::running;
    ++env.switches;
    cx.emit(RecordKind::co_switch, leaves, comes, me.bytes_out, me.restore_next ? in.depth : 0);
    return context_of(env, me, comes).op;
}

Nanos restore(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    cx.set(Reg::rsp, cx.reg(Reg::rsp) + libco::switch_frames_bytes);
    if (me.running == kNoCoroutine || !me.restore_next) return 0;
    me.restore_next = false;
    const Coroutine& c = env.all[me.running];
    SharedStack& stack = *shared_stack(cx, env, me.running);
    const Place from = at::user_word(env.mm, save_address(cx, env, me.running) + libco::switch_frames_bytes);
    cx.move(from, at::user_word(env.mm, local_address(cx, env, me.running)), c.local, stack.local);
    stack.local = c.local;
    ++env.copies_in;
    env.bytes_in += c.depth;
    return static_cast<Nanos>(c.depth) / kBytesPerNano;
}

void enter(Ctx& cx, CoroutineEnv& env, const UserOp& op) {
    const CoroutineEntry& e = program_of(cx, env).coroutines[op.data];
    cx.set(Reg::rsp, cx.reg(Reg::rsp) - libco::wrapper_bytes - e.frame_bytes);
}

// --- who is next ---

// Whoever resumed the running one goes on: main or the event loop, unless coroutines called one another.
void back_to_resumer(Carrier& me) {
    me.pending = kNoCoroutine;
    if (me.calls.empty()) return;
    me.pending = me.calls.back();
    me.calls.pop_back();
}

void leave(Ctx& cx, CoroutineEnv& env, Carrier& me, const UserOp& op) {
    if (me.running == kNoCoroutine) return;
    Coroutine& c = env.all.mut(me.running);
    c.state = State::waiting;
    switch (op.kind) {
        case Kind::co_ready:
            if (op.arg[0] == 0) {
                make_ready(env, me.running);
            } else {   // it was resumed by name and will be again
                c.state = State::suspended;
                ++env.dormant;
            }
            break;
        case Kind::co_wait: append(env, env.conditions[op.data], me.running); break;
        case Kind::co_wait_time: add_timer(env, cx.cpu.clock + draw(cx.cur().rng, op.time), me.running); break;
        default: ++env.waits; break;   // co_wait_io
    }
    back_to_resumer(me);
}

void finish(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    if (me.running == kNoCoroutine) return;
    env.all.mut(me.running).state = State::done;
    ++env.ended;
    if (SharedStack* stack = shared_stack(cx, env, me.running)) stack->occupant = kNoCoroutine;
    back_to_resumer(me);
}

bool is_dormant(const CoroutineEnv& env, std::uint64_t id) {
    return id < env.all.size() && (env.all[id].state == State::fresh || env.all[id].state == State::suspended);
}
// co_resume of a named one. libco keeps 128 calls in its pCallStack and does not look at its end; here there is an error.
bool resume(Ctx& cx, CoroutineEnv& env, Carrier& me, std::uint64_t id) {
    constexpr std::size_t kMostCalls = 127;
    const bool fine = is_dormant(env, id) && me.calls.size() < kMostCalls;
    cx.set(Reg::rax, fine ? 0 : ~std::uint64_t{0});
    if (!fine) return false;
    if (me.running != kNoCoroutine) me.calls.push_back(me.running);
    me.pending = static_cast<CoroutineId>(id);
    --env.dormant;
    return true;
}
// co_release: of one that has ended, or that nobody will resume.
void release(Ctx& cx, CoroutineEnv& env, std::uint64_t at) {
    const auto id = static_cast<CoroutineId>(at);
    const bool dormant = is_dormant(env, at);
    const bool fine = dormant || (at < env.all.size() && env.all[id].state == State::done);
    cx.set(Reg::rax, fine ? 0 : ~std::uint64_t{0});
    if (!fine) return;
    std::uint64_t number = 0;
    const CoroutineEntry& e = entry_of(program_of(cx, env), id, number);
    Coroutine& c = env.all.mut(id);
    if (dormant) {
        --env.dormant;
        ++env.ended;
        SharedStack* stack = shared_stack(cx, env, id);
        if (stack != nullptr && stack->occupant == id) stack->occupant = kNoCoroutine;
    }
    env.freed_bytes += chunk(libco::block_bytes) + (c.buffer != 0 ? chunk(c.buffer) : 0) + (e.stacks == 0 ? e.stack_bytes : 0);
    c.buffer = 0;
    c.state = State::released;
    ++env.released;
}

void keep_local(Ctx& cx, CoroutineEnv& env, const Carrier& me) {
    if (me.running == kNoCoroutine) return;
    SharedStack* stack = shared_stack(cx, env, me.running);
    std::uint64_t& word = stack != nullptr ? stack->local : env.all.mut(me.running).local;
    cx.move(at::reg(Reg::rax), at::user_word(env.mm, local_address(cx, env, me.running)), cx.reg(Reg::rax), word);
    word = cx.reg(Reg::rax);
}

// The next of epoll_wait's events.
bool collect(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    if (me.events == kNoConnection) return false;
    const Connection& c = cx.k.connections[me.events];
    me.events = c.next;
    if (c.coroutine != kNoCoroutine && env.all[c.coroutine].state == State::waiting) make_ready(env, c.coroutine);
    return me.events != kNoConnection;
}

}  // namespace

bool is_coroutine_op(Kind kind) { return kind >= Kind::co_create && kind <= Kind::co_if_left; }

void append(CoroutineEnv& env, CoroutineList& list, CoroutineId id) {
    env.all.mut(id).next = kNoCoroutine;
    if (list.tail != kNoCoroutine)
        env.all.mut(list.tail).next = id;
    else
        list.head = id;
    list.tail = id;
}

CoroutineId take_first(CoroutineEnv& env, CoroutineList& list) {
    const CoroutineId id = list.head;
    if (id == kNoCoroutine) return id;
    list.head = env.all[id].next;
    if (list.head == kNoCoroutine) list.tail = kNoCoroutine;
    return id;
}

void add_timer(CoroutineEnv& env, Nanos due, CoroutineId id) {
    const auto at = std::upper_bound(env.timers.begin(), env.timers.end(), due,
                                     [](Nanos when, const UserTimer& t) { return when < t.due; });
    env.timers.insert(at, {due, id});
}

std::uint64_t allocate_block(CoroutineEnv& env, std::uint64_t bytes, std::uint64_t touched) {
    return allocate(env.blocks, bytes, touched);
}

Carrier& carrier_of(const Ctx& cx, CoroutineEnv& env) {
    for (std::size_t i = 1; i < env.carriers.size(); ++i)
        if (env.carriers[i].task == cx.current()) return env.carriers[i];
    return env.carriers[0];
}

CoroutineEnv& coroutine_env(Ctx& cx) {
    const MmId mm = cx.user_mm();
    for (CoroutineEnv& env : cx.k.coroutine_envs)
        if (env.mm == mm) return env;
    SY_ASSERT(false, "a coroutine operation in a process without coroutines");
}

std::uint64_t coroutine_local(const Ctx& cx) {
    Ctx& writable = const_cast<Ctx&>(cx);
    CoroutineEnv& env = coroutine_env(writable);
    const CoroutineId running = carrier_of(cx, env).running;
    if (running == kNoCoroutine) return 0;
    const SharedStack* stack = shared_stack(cx, env, running);
    return stack != nullptr ? stack->local : env.all[running].local;
}

void start_coroutines(Kernel& k, MmId mm, std::uint32_t program) {
    const Program& p = k.image().programs[program];
    for (CoroutineEnv& old : k.coroutine_envs)   // of a process that is gone
        if (old.mm == mm) old.mm = kNoMm;
    if (p.coroutines.empty() && !p.model.is_library()) return;
    CoroutineEnv& env = k.coroutine_envs.emplace_back();
    env.mm = mm;
    env.program = program;
    env.carriers.resize(static_cast<std::size_t>(p.model.carriers));
    for (const CoroutineEntry& e : p.coroutines) env.stacks.resize(env.stacks.size() + e.stacks);
    env.conditions.resize(p.conditions.size());
    k.eventpolls.emplace_back();
}

void make_ready(CoroutineEnv& env, CoroutineId id) {
    env.all.mut(id).state = State::ready;
    append(env, env.carriers[0].ready, id);
}

std::uint32_t coroutine_op(Ctx& cx, const UserOp& op, std::uint32_t here, Nanos& extra) {
    CoroutineEnv& env = coroutine_env(cx);
    Carrier& me = carrier_of(cx, env);
    const std::uint32_t next = here + 1;
    switch (op.kind) {
        case Kind::co_create: create(cx, env, op); return next;
        case Kind::co_pick:
            me.pending = take_first(env, me.ready);
            return me.pending != kNoCoroutine ? op.target : next;
        case Kind::co_save: extra = save(cx, env, me); return next;
        case Kind::co_swap: return swap(cx, env, me, here);
        case Kind::co_restore: extra = restore(cx, env, me); return next;
        case Kind::co_enter: enter(cx, env, op); return next;
        case Kind::co_ready:
        case Kind::co_wait_io:
        case Kind::co_wait_time:
        case Kind::co_wait: leave(cx, env, me, op); return next;
        case Kind::co_signal:
            if (const CoroutineId id = take_first(env, env.conditions[op.data]); id != kNoCoroutine)
                make_ready(env, id);
            return next;
        case Kind::co_keep: keep_local(cx, env, me); return next;
        case Kind::co_if_none: return static_cast<std::int64_t>(cx.reg(Reg::rax)) < 0 ? op.target : next;
        case Kind::co_end: finish(cx, env, me); return next;
        case Kind::co_collect: return collect(cx, env, me) ? op.target : next;
        case Kind::co_timers:
            while (!env.timers.empty() && env.timers.front().due <= cx.cpu.clock) {
                make_ready(env, env.timers.front().coroutine);
                env.timers.erase(env.timers.begin());
            }
            return next;
        case Kind::co_resume: return resume(cx, env, me, op.data) ? next : op.target;
        case Kind::co_release: release(cx, env, op.data); return next;
        case Kind::co_if_left: return env.ended + env.dormant < env.created ? op.target : next;
        default: return user_thread_op(cx, env, me, op, next);
    }
}

}  // namespace sy
