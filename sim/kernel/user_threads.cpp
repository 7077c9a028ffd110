// A thread library in user mode: N:1 and M:N (docs/user-threads.md). Its threads are coroutines
// with a stack of their own each (coroutines.cpp moves their registers); here are their run queues,
// what they wait for, and what a carrier does when it has nothing to run. No operation here enters
// the kernel: where the library needs it, the program makes a system call.
//
// Every operation on the queues is one step, as under the library's own lock. Whoever leaves says
// what it wants
// (`ut_leave`); the scheduler, on the carrier's own stack, does it (`ut_settle`) when the registers
// are safe.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/coroutines.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/user_memory.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

using Kind = UserOp::Kind;
using Leave = Carrier::Leave;
using State = Coroutine::State;

constexpr std::uint64_t kEagain = static_cast<std::uint64_t>(-11);
constexpr std::uint64_t kForever = ~std::uint64_t{0};

std::uint64_t read_word(Ctx& cx, std::uint64_t address) {
    return cx.k.read_user(mm_behind(cx, address), address);
}
void write_word(Ctx& cx, std::uint64_t address, std::uint64_t value) {
    const MmId mm = mm_behind(cx, address);
    cx.move(at::none, at::user_word(mm, address), value,
            cx.report != nullptr ? cx.k.read_user(mm, address) : 0);
    cx.k.write_user(mm, address, value);
}
std::uint32_t index_of(const CoroutineEnv& env, const Carrier& me) {
    return static_cast<std::uint32_t>(&me - env.carriers.data());
}

// --- run queues ---

void enqueue(Ctx& cx, CoroutineEnv& env, Carrier& to, CoroutineId id) {
    env.all.mut(id).state = State::ready;
    UserThread& t = env.threads.mut(id);
    t.waits = Leave::nothing;
    t.word = 0;
    t.ready_since = cx.cpu.clock;
    append(env, to.ready, id);
    ++to.length;
}
bool any_ready(const CoroutineEnv& env) {
    return std::any_of(env.carriers.begin(), env.carriers.end(),
                       [](const Carrier& c) { return c.length > 0; });
}
CoroutineId dequeue(CoroutineEnv& env, Carrier& from) {
    const CoroutineId id = take_first(env, from.ready);
    if (id != kNoCoroutine) --from.length;
    return id;
}
void wake_sleepers(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    std::size_t n = 0;
    for (; n < env.timers.size() && env.timers[n].due <= cx.cpu.clock; ++n)
        enqueue(cx, env, me, env.timers[n].coroutine);
    env.timers.erase(env.timers.begin(), env.timers.begin() + static_cast<std::ptrdiff_t>(n));
}

// Its own queue first, then the others', beginning behind itself.
bool pick(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    wake_sleepers(cx, env, me);
    const std::uint32_t mine = index_of(env, me);
    const std::size_t n = env.carriers.size();
    CoroutineId id = kNoCoroutine;
    for (std::size_t i = 0; i < n && id == kNoCoroutine; ++i) {
        id = dequeue(env, env.carriers[(mine + i) % n]);
        if (id != kNoCoroutine && i != 0) {
            ++me.steals;
            ++env.steals;
        }
    }
    me.pending = id;
    if (id == kNoCoroutine) return false;
    UserThread& t = env.threads.mut(id);
    if (t.switches != 0 && t.carrier != mine) ++t.moves;
    ++t.switches;
    t.waited += cx.cpu.clock - t.ready_since;
    t.carrier = mine;
    return true;
}

// --- who waits for a word ---

std::vector<WordWaiters>::iterator place_of(CoroutineEnv& env, std::uint64_t word) {
    return std::lower_bound(env.words.begin(), env.words.end(), word,
                            [](const WordWaiters& w, std::uint64_t a) { return w.word < a; });
}
std::uint64_t wake(Ctx& cx, CoroutineEnv& env, Carrier& me, std::uint64_t word,
                   std::uint64_t most) {
    const auto at = place_of(env, word);
    if (at == env.words.end() || at->word != word) return 0;
    std::uint64_t n = 0;
    while (n < most) {
        const CoroutineId id = take_first(env, at->list);
        if (id == kNoCoroutine) break;
        enqueue(cx, env, me, id);
        ++n;
    }
    if (at->list.head == kNoCoroutine) env.words.erase(at);
    return n;
}
void park(CoroutineEnv& env, std::uint64_t word, CoroutineId id) {
    auto at = place_of(env, word);
    if (at == env.words.end() || at->word != word) at = env.words.insert(at, {word, {}});
    append(env, at->list, id);
    env.threads.mut(id).word = word;
    env.threads.mut(id).waits = Leave::park;
    env.all.mut(id).state = State::waiting;
    ++env.parks;
}
// One waiter becomes ready, the others stand at another word from now on.
void requeue(Ctx& cx, CoroutineEnv& env, Carrier& me, std::uint64_t word, std::uint64_t other) {
    wake(cx, env, me, word, 1);
    const auto at = place_of(env, word);
    if (at == env.words.end() || at->word != word || other == word) return;
    CoroutineList moving = at->list;
    env.words.erase(at);
    for (CoroutineId id = take_first(env, moving); id != kNoCoroutine;
         id = take_first(env, moving)) {
        park(env, other, id);
        --env.parks;
    }
}

// --- the event loop ---

FileWaiters& file(CoroutineEnv& env, std::uint64_t fd) {
    for (FileWaiters& f : env.files)
        if (f.fd == fd) return f;
    env.files.push_back({static_cast<std::uint32_t>(fd), {}, {}, false, false});
    return env.files.back();
}
void wait_for_file(Ctx& cx, CoroutineEnv& env, Carrier& me, CoroutineId id) {
    FileWaiters& f = file(env, me.word);
    const bool in = me.leave == Leave::readable;
    bool& flag = in ? f.readable : f.writable;
    if (flag) {  // it became ready after the call had failed
        flag = false;
        enqueue(cx, env, me, id);
        return;
    }
    append(env, in ? f.readers : f.writers, id);
    env.threads.mut(id).word = me.word;
    env.threads.mut(id).waits = me.leave;
    env.all.mut(id).state = State::waiting;
    ++env.polled;
}
void file_is_ready(Ctx& cx, CoroutineEnv& env, Carrier& me, CoroutineList& list, bool& flag) {
    flag = list.head == kNoCoroutine;
    for (CoroutineId id = take_first(env, list); id != kNoCoroutine; id = take_first(env, list))
        enqueue(cx, env, me, id);
}
// epoll_wait's answer names files by descriptor, with what has happened in the two lowest bits.
bool collect(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    if (me.ready_fds.empty()) return false;
    const std::uint32_t event = me.ready_fds.front();
    me.ready_fds.erase(me.ready_fds.begin());
    FileWaiters& f = file(env, event >> 2);
    if ((event & 1) != 0) file_is_ready(cx, env, me, f.readers, f.readable);
    if ((event & 2) != 0) file_is_ready(cx, env, me, f.writers, f.writable);
    return !me.ready_fds.empty();
}
void sleep_until(Ctx& cx, CoroutineEnv& env, Carrier& me, CoroutineId id) {
    const auto due = static_cast<Nanos>(me.word);
    if (due <= cx.cpu.clock) return enqueue(cx, env, me, id);
    env.all.mut(id).state = State::waiting;
    env.threads.mut(id).waits = Leave::sleep;
    env.threads.mut(id).due = due;
    ++env.polled;
    add_timer(env, due, id);
}

// --- life ---

void create(Ctx& cx, CoroutineEnv& env, const Program& p, const UserOp& op) {
    const ThreadEntry& e = p.user_threads[op.data];
    const std::uint64_t end = mm_place_thread_stack(cx, cx.cur().mm);
    cx.set(Reg::rax, end == 0 ? kEagain : env.all.size() + 1);
    if (end == 0) return;  // no memory for its stack
    const auto id = static_cast<CoroutineId>(env.all.size());
    Coroutine& c = env.all.push_back();
    UserThread& t = env.threads.push_back();
    t.stack_top = end;
    t.entry = static_cast<std::uint32_t>(op.data);
    c.op = e.op;
    c.depth = static_cast<std::uint32_t>(
        layout::tcb_bytes + 0x80);  // its TCB lies at the top, as in a pthread's mapping
    allocate_block(env, libco::header_bytes, libco::header_bytes);
    ++env.created;
    write_word(cx, e.tid_word, id + 1);
    enqueue(cx, env, carrier_of(cx, env), id);
}
void end(Ctx& cx, CoroutineEnv& env, Carrier& me, CoroutineId id) {
    const std::uint64_t word = cx.user_program().user_threads[env.threads[id].entry].tid_word;
    env.all.mut(id).state = State::done;
    ++env.ended;
    write_word(cx, word, 0);
    wake(cx, env, me, word, kForever);
}

void leave(Ctx& cx, Carrier& me, const UserOp& op) {
    if (me.running == kNoCoroutine) return;  // no thread runs: there is nobody who could leave
    me.leave = static_cast<Leave>(op.arg[0]);
    me.left = me.running;
    me.word = op.data;
    me.expected = op.level == kRdxKept      ? cx.reg(Reg::rdx)
                  : op.level == kRdxFromRbp ? cx.reg(Reg::rbp)
                                            : op.arg[2];
    if (me.leave == Leave::sleep)
        me.word = op.level == kRdxKept
                      ? cx.reg(Reg::rdx)
                      : static_cast<std::uint64_t>(cx.cpu.clock + draw(cx.cur().rng, op.time));
    me.pending = kNoCoroutine;
}
void settle(Ctx& cx, CoroutineEnv& env, Carrier& me) {
    const CoroutineId id = me.left;
    if (id == kNoCoroutine) return;
    me.left = kNoCoroutine;
    switch (me.leave) {
        case Leave::park:
            if (read_word(cx, me.word) == me.expected)
                park(env, me.word, id);
            else
                enqueue(cx, env, me, id);  // the word has changed meanwhile: -EAGAIN
            break;
        case Leave::readable:
        case Leave::writable:
            wait_for_file(cx, env, me, id);
            break;
        case Leave::sleep:
            sleep_until(cx, env, me, id);
            break;
        case Leave::end:
            end(cx, env, me, id);
            break;
        default:
            enqueue(cx, env, me, id);
            break;
    }
    me.leave = Leave::nothing;
}

// --- carriers with nothing to do ---

// RDX and R10 for the call in which it will sleep.
bool go_idle(Ctx& cx, CoroutineEnv& env, Carrier& me, const Program& p) {
    if (any_ready(env) || env.ended >= env.created) return false;
    ++env.idle;
    me.polls = p.model.hooked;
    if (!me.polls) {
        cx.set(Reg::rdx, read_word(cx, p.idle_word));
        return true;
    }
    const Nanos left = env.timers.empty() ? 0 : env.timers.front().due - cx.cpu.clock;
    cx.set(Reg::rdx, kMostEvents);
    cx.set(Reg::r10,
           env.timers.empty() ? kForever : static_cast<std::uint64_t>(std::max<Nanos>(0, left)));
    return true;
}
bool must_kick(Ctx& cx, CoroutineEnv& env, const Program& p) {
    if (env.idle == 0 || !any_ready(env)) return false;
    ++env.kicks;
    write_word(cx, p.idle_word, read_word(cx, p.idle_word) + 1);
    return true;
}

}  // namespace

std::uint64_t user_thread_number(Ctx& cx) {
    CoroutineEnv& env = coroutine_env(cx);
    const CoroutineId id = carrier_of(cx, env).running;
    return id == kNoCoroutine ? 0 : std::uint64_t{id} + 1;
}

std::uint32_t user_thread_op(Ctx& cx, CoroutineEnv& env, Carrier& me, const UserOp& op,
                             std::uint32_t next) {
    const Program& p = cx.user_program();
    switch (op.kind) {
        case Kind::ut_create:
            create(cx, env, p, op);
            return next;
        case Kind::ut_carrier:
            if (op.data < env.carriers.size()) env.carriers[op.data].task = cx.current();
            return next;
        case Kind::ut_settle:
            settle(cx, env, me);
            return next;
        case Kind::ut_pick:
            return pick(cx, env, me) ? op.target : next;
        case Kind::ut_idle:
            return go_idle(cx, env, me, p) ? next : op.target;
        case Kind::ut_awake:
            if (env.idle > 0) --env.idle;
            me.polls = false;
            return next;
        case Kind::ut_collect:
            return collect(cx, env, me) ? op.target : next;
        case Kind::ut_leave:
            leave(cx, me, op);
            return next;
        case Kind::ut_wake: {
            const std::uint64_t most = op.level == kRdxKept ? cx.reg(Reg::rdx) : op.arg[0];
            cx.set(Reg::rax, wake(cx, env, me, op.data, most));
            return next;
        }
        case Kind::ut_requeue:
            requeue(cx, env, me, op.data, op.arg[0]);
            return next;
        case Kind::ut_kick:
            return must_kick(cx, env, p) ? next : op.target;
        case Kind::ut_kick_all:
            ++env.kicks;
            write_word(cx, p.idle_word, read_word(cx, p.idle_word) + 1);
            return next;
        case Kind::ut_if_again:
            return cx.reg(Reg::rax) == kEagain ? next : op.target;
        default:
            SY_ASSERT(false, "no operation of the coroutine library");
    }
}

// --- invariants ---

namespace {

class CoroutineCheck {
  public:
    explicit CoroutineCheck(const CoroutineEnv& env) : env_(env), seen_(env.all.size()) {}

    std::string run() {
        for (const Carrier& c : env_.carriers) {
            list(c.ready, State::ready,
                 env_.threads.size() != 0 ? static_cast<std::int64_t>(c.length) : -1);
            if (c.running != kNoCoroutine) once(c.running, State::running);
            if (c.running == kNoCoroutine && c.pending != kNoCoroutine && env_.threads.size() != 0)
                once(c.pending, State::ready);  // taken from its queue, not switched to yet
            if (c.left != kNoCoroutine && c.left != c.running) once(c.left, State::running);
            for (const CoroutineId id : c.calls) once(id, State::running);
        }
        for (const CoroutineList& c : env_.conditions) list(c, State::waiting);
        for (const WordWaiters& w : env_.words) {
            if (w.list.head == kNoCoroutine) fault("a word of which nobody waits is kept", 0);
            list(w.list, State::waiting);
        }
        for (const FileWaiters& f : env_.files) {
            list(f.readers, State::waiting);
            list(f.writers, State::waiting);
        }
        for (const UserTimer& t : env_.timers) once(t.coroutine, State::waiting);
        rest();
        return fault_;
    }

  private:
    void fault(const char* what, CoroutineId id) {
        if (fault_.empty()) fault_ = "coroutine " + std::to_string(id) + ": " + what;
    }
    void once(CoroutineId id, State state) {
        if (id >= seen_.size()) return fault("no such coroutine is in a list", id);
        if (seen_[id] != 0) return fault("in two places at once", id);
        seen_[id] = 1;
        // Between the operation that asks for a switch and the switch itself the old and the new
        // state overlap.
        const State is = env_.all[id].state;
        if (is != state && state != State::running) fault("is in a list of another state", id);
    }
    void list(const CoroutineList& l, State state, std::int64_t length = -1) {
        std::int64_t n = 0;
        CoroutineId last = kNoCoroutine;
        for (CoroutineId id = l.head; id != kNoCoroutine && fault_.empty();
             id = env_.all[id].next, ++n) {
            const bool still_here = is_running(id);
            if (!still_here) once(id, state);
            last = id;
        }
        if (last != l.tail) fault("its list does not end where it says", last);
        if (length >= 0 && n != length) fault("the length of a run queue is wrong", l.head);
    }
    // In libco's manner whoever yields is put into its list before its registers are stored.
    bool is_running(CoroutineId id) const {
        return env_.threads.size() == 0 && env_.carriers[0].running == id;
    }
    void rest() {
        std::uint64_t ended = 0;
        for (CoroutineId id = 0; id < env_.all.size() && fault_.empty(); ++id) {
            const State s = env_.all[id].state;
            const bool over = s == State::done || s == State::released;
            if (over) ++ended;
            if (seen_[id] == 0 && env_.threads.size() != 0 && !over) fault("is in no list", id);
        }
        if (ended != env_.ended)
            fault("the number of those that have ended is wrong", static_cast<CoroutineId>(ended));
        if (env_.created != env_.all.size()) fault("the number of those created is wrong", 0);
        if (env_.copies_in > env_.copies_out) fault("more was copied in than out", 0);
    }

    const CoroutineEnv& env_;
    std::vector<char> seen_;
    std::string fault_;
};

}  // namespace

std::string check_coroutines(const Kernel& k) {
    constexpr std::size_t kMost = 100'000;  // of more the lists are too long for every step
    for (const CoroutineEnv& env : k.coroutine_envs) {
        if (env.mm == kNoMm || env.all.size() > kMost) continue;
        const std::string fault = CoroutineCheck(env).run();
        if (!fault.empty()) return fault;
    }
    return {};
}

}  // namespace sy
