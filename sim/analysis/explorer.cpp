#include "sim/analysis/explorer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>

#include "sim/base/assert.h"
#include "sim/base/fingerprint.h"
#include "sim/kernel/broken.h"
#include "sim/model/shared.h"

namespace sy {

namespace {

constexpr std::size_t kMostActors = 60;
constexpr std::size_t kMostSnapshots = 256;
constexpr std::uint64_t kMostInvisible = 100'000;   // operations of one transition
constexpr std::size_t kMostFinalStates = 10'000, kMostDepth = 40'000, kMostVisits = 16;
constexpr std::size_t kMostFound = 16;
constexpr std::uint64_t kStepsOfEnd = 20'000;

using Mask = std::uint64_t;
constexpr Mask bit(std::size_t a) { return Mask{1} << a; }

// What a transition touches: a word, or something in the kernel.
struct Touch {
    std::uint64_t key = 0;
    bool write = false;
    // A lock is taken or given back: while somebody may give it back, nobody else may take it.
    enum class Lock : std::uint8_t { none, take, give } lock = Lock::none;
};
constexpr std::uint64_t kQueueTag = std::uint64_t{1} << 62;   // the futex queue of a word
constexpr std::uint64_t kOther = ~std::uint64_t{0} << 8;      // pipes and the like, from here on
constexpr std::uint64_t kKernelKey = ~std::uint64_t{0} - 1, kPipeKey = ~std::uint64_t{0} - 128;

bool dependent(const std::vector<Touch>& a, const std::vector<Touch>& b) {
    for (const Touch& x : a)
        for (const Touch& y : b)
            if (x.key == y.key && (x.write || y.write)) return true;
    return false;
}

// Index + 1 of the last transition of each actor that is known.
using Clock = std::array<std::uint32_t, kMostActors>;
void join(Clock& to, const Clock& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
}

// Who can make a transition: a thread, or the store buffer of a CPU.
struct Mover {
    TaskId task = kNoTask;
    CpuId cpu = 0;
    bool is_buffer = false;
};

struct TouchOf {
    std::uint32_t transition = 0;
    std::uint8_t actor = 0;
    bool write = false;
    Touch::Lock lock = Touch::Lock::none;
};

// Who has touched one thing along the path, in order.
struct Past {
    std::vector<TouchOf> writes, reads;
    // Where the reads behind the last write begin: walked from the end.
    bool is_behind_writes(const TouchOf& read) const { return writes.empty() || read.transition > writes.back().transition; }
};

struct Visit {
    std::uint64_t looks = 0, version = 0;
};

// What is remembered of an actor along the path.
struct ActorState {
    Clock clock{};
    std::vector<Visit> visits;           // where it was since it last changed something
    std::uint64_t own_changes = 0;
    std::uint64_t spins_since = ~std::uint64_t{0};   // the version at which it began to go round; none: it does not
};

struct Node {
    Mask enabled = 0, backtrack = 0, done = 0, sleep = 0;
    std::vector<std::vector<Touch>> pending;   // by actor: what its next transition touches
    std::int64_t preemptions = 0;              // so far
    std::uint8_t last = 0xff;                  // the thread that went last
    bool last_yields = false;                  // and let others go first, by `pause` or sched_yield
    bool is_fresh = true;
    Mask could = 0;                            // enabled, and those that go round in a loop
    std::size_t log_size = 0;
    // The transition taken from here.
    std::uint8_t actor = 0xff;
    std::uint64_t operations = 0;
    std::uint64_t wait_until = 0;              // then nobody could go, and time passed up to this step of the run
    std::vector<Touch> touched;
    Clock clock{};
    std::uint64_t from_rip = 0;
    std::uint32_t program = 0;
    CpuId cpu = 0;
    // To take it back.
    std::vector<ActorState> before;
    std::uint64_t version_before = 0;
    std::vector<std::vector<Clock>> stores_before;
};

}  // namespace

const char* outcome_name(Outcome outcome) {
    static constexpr const char* kNames[] = {"fine", "violated", "deadlock", "livelock", "crash", "oops", "cut"};
    return kNames[static_cast<std::size_t>(outcome)];
}

struct Explorer::Impl {
    Scenario scenario;
    ExploreOptions options;
    ExploreReport report;
    Kernel start;
    std::int64_t bound = 0;
    bool over = false;

    Kernel k;
    bool k_is_here = false;                    // k is the state at the last node
    Log log, start_log;
    std::vector<Node> path;
    std::vector<std::pair<std::size_t, Kernel>> snapshots;   // by index of the node
    std::size_t snapshot_every = 16;
    std::vector<Mover> actors;
    std::vector<ActorState> states;
    std::map<std::uint64_t, Past> history;    // by what was touched
    std::vector<std::vector<Clock>> store_clocks;             // by CPU: of the stores in its buffer, oldest first
    std::uint64_t version = 0;                 // counts changes of memory
    std::set<std::uint64_t> escaped;           // words of stacks that are reached through pointers
    bool must_restart = false;
    std::uint64_t steps_of_run = 0;
    std::set<std::uint64_t> finals;
    bool yielded = false;                      // the transition just made
    std::set<std::string> reasons;

    ExploreBound& now() { return report.bounds.back(); }

    // --- what is visible ---

    bool is_stack_word(MmId mm, std::uint64_t address) const {
        if (address < 0x7f00'0000'0000) return false;
        for (const Vma& v : k.mms[mm].mapped)
            if (v.contains(address) && v.kind == Vma::Kind::mapped) return false;
        return true;
    }
    bool is_private(MmId mm, std::uint64_t address) const {
        return is_stack_word(mm, address) && !escaped.contains(word_key(k, mm, address));
    }
    static bool by_frame(const PendingOp& op) {
        if (op.insn == nullptr) return true;
        for (const Operand& o : op.insn->arg)
            if (o.is_mem() && o.base != static_cast<int>(Reg::rbp) && o.base != static_cast<int>(Reg::rsp)) return false;
        return true;
    }

    std::uint64_t user_reg(TaskId task, PtReg r) const { return k.user_reg(task, r).value_or(0); }

    void touches_of_call(const PendingOp& op, TaskId task, std::vector<Touch>& out) const {
        const std::uint64_t nr = user_reg(task, PtReg::rax), arg = user_reg(task, PtReg::rdi);
        switch (nr) {
            case nr::futex: {
                const WordKey word = word_key(k, op.mm, arg & ~std::uint64_t{7});
                out.push_back({word, user_reg(task, PtReg::rsi) == kFutexLockPi || user_reg(task, PtReg::rsi) == kFutexUnlockPi});
                out.push_back({word ^ kQueueTag, true});
                return;
            }
            case nr::getpid: case nr::sched_yield: case nr::clock_nanosleep: case nr::setpriority: case nr::sched_setscheduler:
            case nr::sched_setattr: case nr::sched_setaffinity: case nr::clone: case nr::clone3: return;
            case nr::exit: {
                const std::uint64_t tid = k.tasks[task].clear_child_tid;
                if (tid != 0) out.push_back({word_key(k, op.mm, tid), true, Touch::Lock::give});
                if (tid != 0) out.push_back({word_key(k, op.mm, tid) ^ kQueueTag, true});
                return;
            }
            case nr::read: case nr::write:
                for (std::size_t p = 0; p < k.pipes.size() && p < 64; ++p)
                    if (arg == static_cast<std::uint64_t>(kFirstFd) + p || arg == static_cast<std::uint64_t>(write_end_fd(k.image().scenario, p))) {
                        out.push_back({kPipeKey + p, true});
                        return;
                    }
                out.push_back({kKernelKey, true});
                return;
            case nr::exit_group:
                out.push_back({process_key(op.mm), true});
                if (k.tasks[k.tasks[task].real_parent].pid != 1) out.push_back({kKernelKey, true});
                return;
            default: out.push_back({kKernelKey, true}); return;
        }
    }
    // exit_group ends what the process's other threads do.
    std::uint64_t process_key(MmId mm) const { return kOther ^ (std::uint64_t{1} << 61) ^ k.mms[mm].ctx_id << 8; }

    // A library call that would only wait: the thread goes on when what it waits for is there. It is as if it had been held
    // back until then; on the way through the kernel it would meet nobody.
    bool awaits(const PendingOp& op) const {
        using Kind = UserOp::Kind;
        if (op.op == nullptr || op.sync == SyncStep::none) return false;
        const std::uint64_t word = k.read_user(op.mm, op.object);
        const auto here = static_cast<std::size_t>(op.op - op.program->ops.data());
        const Kind next = here + 1 < op.program->ops.size() ? op.program->ops[here + 1].kind : Kind::jump;
        switch (op.op->kind) {
            case Kind::lock_try: return word != 0 && next == Kind::lock_wait;   // a trylock goes on
            case Kind::lock_wait: return word != 0;
            case Kind::pi_try: return word != 0 && next == Kind::system_call;
            case Kind::sem_take: return word == 0;
            case Kind::read_try: return (word & kRwWriter) >= kRwWriter - 1;
            case Kind::write_try: return (word & kRwWriter) != 0;
            case Kind::join_check: return word != 0;
            default: return false;
        }
    }
    static Touch::Lock lock_of(const PendingOp& op) {
        using Kind = UserOp::Kind;
        if (op.op == nullptr) return Touch::Lock::none;
        switch (op.op->kind) {
            case Kind::lock_try: case Kind::lock_wait: case Kind::pi_try: case Kind::write_try: case Kind::join_check: return Touch::Lock::take;
            case Kind::unlock: case Kind::pi_unlock: return Touch::Lock::give;
            default: return Touch::Lock::none;
        }
    }

    std::vector<Touch> touches(const PendingOp& op, TaskId task) const {
        std::vector<Touch> out;
        if (!op.exists()) return out;
        const bool buffered = k.image().scenario.machine.tso && op.insn != nullptr && !op.drains;
        for (std::size_t i = 0; i < op.accesses; ++i) {
            const WordAccess& a = op.access[i];
            if (is_private(op.mm, a.address)) continue;
            const WordKey key = word_key(k, op.mm, a.address);
            if (a.read) out.push_back({key, a.write && !buffered, lock_of(op)});
            if (a.write && !a.read && !buffered) out.push_back({key, true});
        }
        if (op.syscall) touches_of_call(op, task, out);
        const Task& t = k.tasks[task];
        if (op.drains && t.on_cpu)   // with the stores that leave the buffer before it
            for (const BufferedStore& s : k.cpus[t.cpu].stores)
                if (!is_private(s.mm, s.address)) out.push_back({word_key(k, s.mm, s.address), true});
        if (!out.empty()) out.push_back({process_key(op.mm), false});
        return out;
    }
    bool is_visible(const PendingOp& op, TaskId task) const { return !touches(op, task).empty(); }

    // --- actors ---

    bool is_actor(TaskId id) const {
        const Task& t = k.tasks[id];
        return t.is_live && t.exit_state == 0 && t.pid > 1 && t.mm != kNoMm && !t.is_kthread();
    }
    std::size_t actor_of(TaskId task) {
        for (std::size_t i = 0; i < actors.size(); ++i)
            if (!actors[i].is_buffer && actors[i].task == task) return i;
        actors.push_back({task, 0, false});
        states.emplace_back();
        return actors.size() - 1;
    }
    std::size_t buffer_of(CpuId cpu) {
        for (std::size_t i = 0; i < actors.size(); ++i)
            if (actors[i].is_buffer && actors[i].cpu == cpu) return i;
        actors.push_back({kNoTask, cpu, true});
        states.emplace_back();
        return actors.size() - 1;
    }
    bool can_go(TaskId id) const {
        const Task& t = k.tasks[id];
        if (t.on_cpu && k.cpus[t.cpu].current_task == id && k.cpus[t.cpu].regs.user()) return true;
        if (t.on_rq && t.state == task_state::running) return true;
        return t.timer != 0 && (t.state & task_state::normal) != 0;
    }
    bool has_visible_store(const Cpu& cpu) const {
        return std::any_of(cpu.stores.begin(), cpu.stores.end(), [&](const BufferedStore& s) { return !is_private(s.mm, s.address); });
    }

    // --- the machine ---

    // Until it is at rest. False: the run is over, or too long.
    bool settle() {
        const std::uint64_t before = k.steps();
        while (k.end() == End::running && !k.awaits_direction()) {
            if (!k.step(&log, nullptr)) break;
            if (k.steps() - before + steps_of_run > options.steps) return false;
        }
        steps_of_run += k.steps() - before;
        return k.end() == End::running;
    }
    // Nobody can go on: does time bring somebody?
    bool wait_for_somebody() {
        const Nanos since = k.now();
        while (k.end() == End::running && k.now() - since < 10 * kSecond && (k.next_event() != kNever || k.arrivals_left != 0)) {
            if (!pass() || !settle()) return false;
            for (TaskId id = 0; id < k.tasks.size(); ++id)
                if (is_actor(id) && can_go(id) && !is_spinning(id) && !awaits(pending_of(k, id))) return true;
        }
        return false;
    }
    bool pass() {
        k.direction.lets_pass = true;
        const bool went = k.step(&log, nullptr);
        k.direction.lets_pass = false;
        return went;
    }
    bool is_spinning(TaskId id) {
        const std::size_t a = actor_of(id);
        return states[a].spins_since == version;
    }

    std::uint64_t word_at(const PendingOp& op, std::size_t i, const Cpu* cpu) const {
        std::uint64_t v = k.read_user(op.mm, op.access[i].address);
        if (cpu != nullptr)
            for (const BufferedStore& s : cpu->stores)
                if (s.mm == op.mm && s.address == op.access[i].address) v = (v & ~s.mask) | (s.value & s.mask);
        return v;
    }

    // One operation of the task. False: the run is over, or too long.
    bool one_operation(TaskId task, std::size_t actor) {
        const PendingOp op = pending_of(k, task);
        const Task& t = k.tasks[task];
        const Cpu* cpu = t.on_cpu ? &k.cpus[t.cpu] : nullptr;
        std::array<std::uint64_t, 4> before{};
        for (std::size_t i = 0; i < op.accesses; ++i) {
            before[i] = word_at(op, i, cpu);
            const std::uint64_t address = op.access[i].address;
            if (!by_frame(op) && is_stack_word(op.mm, address) && escaped.insert(word_key(k, op.mm, address)).second) must_restart = true;
        }
        const std::uint64_t left_buffers = stores_gone();
        k.give_turn(task, 1);
        if (!settle()) return false;
        if (stores_gone() != left_buffers) ++version;   // a fence, or an interrupt
        if (!k.tasks[task].is_live || k.tasks[task].mm == kNoMm) {
            ++version;
            return true;
        }
        const Cpu* after = k.tasks[task].on_cpu ? &k.cpus[k.tasks[task].cpu] : nullptr;
        bool changed = false, shared = false;
        for (std::size_t i = 0; i < op.accesses; ++i) {
            if (!op.access[i].write || word_at(op, i, after) == before[i]) continue;
            changed = true;
            shared |= !is_private(op.mm, op.access[i].address);
        }
        if (changed) ++states[actor].own_changes;
        if (shared || (op.syscall && user_reg(task, PtReg::orig_rax) != nr::sched_yield)) ++version;
        return true;
    }

    // Stores that have left their buffers until now.
    std::uint64_t stores_gone() const {
        std::uint64_t waiting = 0;
        for (const Cpu& cpu : k.cpus) waiting += cpu.stores.size();
        return k.stores_made - waiting;
    }
    bool in_user_mode(TaskId task) const {
        const Task& t = k.tasks[task];
        return t.is_live && t.on_cpu && k.cpus[t.cpu].current_task == task && k.cpus[t.cpu].regs.user();
    }

    // The transition of an actor: what others see of it, then all that they do not see. False: over, or too long.
    bool transition(std::size_t a, Node& n) {
        n.operations = 0;
        if (actors[a].is_buffer) {
            Cpu& cpu = k.cpus[actors[a].cpu];
            n.cpu = cpu.id;
            for (bool seen = false; !seen && !cpu.stores.empty(); ++n.operations) {
                const BufferedStore s = cpu.stores.front();
                seen = !is_private(s.mm, s.address);
                const std::uint64_t before = k.read_user(s.mm, s.address);
                k.drain_store(cpu.id, &log, nullptr);
                if (k.read_user(s.mm, s.address) != before) ++version;
            }
            return true;
        }
        const TaskId task = actors[a].task;
        n.from_rip = user_reg(task, PtReg::rip);
        n.program = k.tasks[task].program;
        yielded = false;
        do {
            const PendingOp op = pending_of(k, task);
            const bool pauses = op.insn != nullptr && op.insn->op == Mnemonic::pause;
            const bool yields = op.syscall && user_reg(task, PtReg::rax) == nr::sched_yield;
            n.cpu = k.tasks[task].cpu;
            ++n.operations;
            if (!one_operation(task, a)) return false;
            yielded |= pauses || yields;
            if (n.operations > kMostInvisible) return false;
            if (!in_user_mode(task)) break;
        } while (!is_visible(pending_of(k, task), task));
        note_visit(task, a);
        return true;
    }
    // At the same place with the same registers, and nothing has changed since: it waits in a loop.
    void note_visit(TaskId task, std::size_t a) {
        ActorState& s = states[a];
        s.spins_since = ~std::uint64_t{0};
        if (!in_user_mode(task)) {
            s.visits.clear();
            return;
        }
        Fingerprint p;
        const Regs& r = k.cpus[k.tasks[task].cpu].regs;
        for (const std::uint64_t v : r.g) p.mix(v);
        p.mix(r.rip);
        p.mix(r.rflags);
        p.mix(s.own_changes);
        const Visit here{p.value(), version};
        if (!s.visits.empty() && s.visits.back().version != version) s.visits.clear();
        for (const Visit& v : s.visits)
            if (v.looks == here.looks) s.spins_since = version;
        if (s.visits.size() < kMostVisits) s.visits.push_back(here);
    }

    // --- going along the path ---

    void begin() {
        BootError error;
        Scenario plain = scenario;
        plain.schedule.clear();
        auto booted = Kernel::boot(plain, error);
        SY_ASSERT(booted.has_value(), "a scenario to be explored boots");
        k = std::move(*booted);
        k.take_direction();
        store_clocks.assign(k.cpus.size(), {});
        steps_of_run = 0;
        if (settle()) wait_for_somebody();
        start = k;
        start_log = log;
    }
    void begin_bound() {
        path.clear();
        snapshots.clear();
        snapshot_every = 16;
        actors.clear();
        states.clear();
        history.clear();
        log = start_log;
        version = 0;
        must_restart = false;
        store_clocks.assign(start.cpus.size(), {});
        k = start;
        steps_of_run = 0;
        path.emplace_back();
        path.back().log_size = log.size();
        k_is_here = true;
    }
    // Every how many nodes a copy of the machine is kept: more seldom the longer the path.
    void keep_snapshot() {
        const std::size_t at = path.size() - 1;
        if (at % snapshot_every != 0) return;
        snapshots.emplace_back(at, k);
        if (snapshots.size() <= kMostSnapshots) return;
        snapshot_every *= 2;
        std::erase_if(snapshots, [&](const auto& s) { return s.first % snapshot_every != 0; });
    }
    // The machine as it was at the last node.
    void restore() {
        if (k_is_here) return;
        while (!snapshots.empty() && snapshots.back().first >= path.size()) snapshots.pop_back();
        std::size_t at = 0;
        if (!snapshots.empty()) {
            at = snapshots.back().first;
            k = snapshots.back().second;
        } else {
            k = start;
        }
        log.truncate(path[at].log_size);
        const std::vector<ActorState> kept = states;
        const std::uint64_t kept_version = version;
        for (; at + 1 < path.size(); ++at) {
            steps_of_run = 0;
            again(path[at]);
        }
        states = kept;
        version = kept_version;
        steps_of_run = k.steps() - start.steps();
        k_is_here = true;
    }
    void again(Node& n) {
        const Mover& a = actors[n.actor];
        for (std::uint64_t i = 0; i < n.operations; ++i) {
            if (a.is_buffer) {
                k.drain_store(a.cpu, &log, nullptr);
            } else {
                k.give_turn(a.task, 1);
                settle();
            }
        }
        while (k.steps() < n.wait_until)
            if (!(k.awaits_direction() ? pass() : k.step(&log, nullptr))) return;
    }

    bool advance(std::uint64_t transitions);
    bool look(Node& n);
    void backtrack_for(std::size_t p);
    void add_source(std::size_t e, std::size_t p, const Clock& clock);
    void add_choice(std::size_t node, std::size_t p, const Clock& clock);
    bool choose(std::size_t& a);
    std::int64_t price(const Node& n, std::size_t a) const;
    void go(std::size_t a);
    void note_clocks(std::size_t a, const std::vector<std::vector<BufferedStore>>& stores_before);
    void pop();
    void run_is_over(bool too_long);
    void let_go();
    void found(Outcome outcome, const Text& why);
    FoundSchedule describe(Outcome outcome, const Text& why);
    bool bound_is_over();
    std::uint64_t final_state() const;
    Text crash() const;
};

// At a state that was not looked at before: who can go, what each would touch, and which earlier choices must be made
// differently because of that. False: nobody can go, ever.
bool Explorer::Impl::look(Node& n) {
    n.is_fresh = false;
    for (int again = 0; again < 2; ++again) {
        n.enabled = n.could = 0;
        n.pending.clear();
        for (TaskId id = 0; id < k.tasks.size(); ++id) {
            if (!is_actor(id)) continue;
            const std::size_t a = actor_of(id);
            if (a >= kMostActors) return false;
            if (n.pending.size() <= a) n.pending.resize(a + 1);
            if (!can_go(id)) continue;
            const PendingOp op = pending_of(k, id);
            n.pending[a] = touches(op, id);
            if (awaits(op)) continue;
            n.could |= bit(a);
            if (!is_spinning(id)) n.enabled |= bit(a);
        }
        for (const Cpu& cpu : k.cpus) {
            if (!has_visible_store(cpu)) continue;
            const std::size_t a = buffer_of(cpu.id);
            if (a >= kMostActors) return false;
            if (n.pending.size() <= a) n.pending.resize(a + 1);
            n.could |= bit(a);
            n.enabled |= bit(a);
            for (const BufferedStore& s : cpu.stores)
                if (!is_private(s.mm, s.address)) {
                    n.pending[a].push_back({word_key(k, s.mm, s.address), true});
                    break;
                }
        }
        if (n.enabled != 0 || again != 0 || !wait_for_somebody()) break;
        if (path.size() > 1) path[path.size() - 2].wait_until = k.steps();
    }
    n.log_size = log.size();
    if (n.enabled == 0) return false;
    if (!options.reduce) {
        n.backtrack = n.enabled;
        return true;
    }
    for (std::size_t p = 0; p < n.pending.size(); ++p) backtrack_for(p);
    const Mask free = n.enabled & ~n.sleep;
    if (free == 0) return true;   // pruned
    Mask threads = 0;
    for (std::size_t a = 0; a < actors.size(); ++a)
        if (!actors[a].is_buffer) threads |= bit(a);
    const Mask first = n.last != 0xff && (free & bit(n.last)) != 0 ? bit(n.last) : (free & threads) != 0 ? free & threads : free;
    n.backtrack |= bit(static_cast<std::size_t>(std::countr_zero(first)));
    return true;
}

// The last transition that p's next one depends on and does not come after anyway: there p could have gone first.
void Explorer::Impl::backtrack_for(std::size_t p) {
    const Node& n = path.back();
    if (n.pending[p].empty()) return;
    Clock clock = states[p].clock;
    if (actors[p].is_buffer && !store_clocks[actors[p].cpu].empty()) join(clock, store_clocks[actors[p].cpu].front());
    std::uint32_t last = 0;
    bool any = false;
    const bool all_races = bound < 0;
    for (const Touch& t : n.pending[p]) {
        const auto it = history.find(t.key);
        if (it == history.end()) continue;
        const Past& past = it->second;
        const auto consider = [&](const TouchOf& h) {   // true: what lies before it is ordered, or matters less
            const bool ordered = h.actor == p || h.transition + 1 <= clock[h.actor];
            if (ordered) return h.write;
            if (all_races) {
                add_source(h.transition, p, clock);
                return h.write;
            }
            if (!any || h.transition > last) last = h.transition;
            any = true;
            return true;
        };
        for (std::size_t i = past.reads.size(); t.write && i-- > 0 && past.is_behind_writes(past.reads[i]);)
            if (consider(past.reads[i])) break;
        for (std::size_t i = past.writes.size(); i-- > 0;) {
            const TouchOf& h = past.writes[i];
            if (h.lock == Touch::Lock::give && t.lock == Touch::Lock::take && h.transition + 1 > clock[h.actor]) continue;   // never both enabled
            if (consider(h)) break;
        }
    }
    if (!any) return;
    add_choice(last, p, clock);
    // With a bound a preemption further on may be too dear: where the thread that goes there began, p could go for less.
    std::size_t block = last;
    while (block > 0 && path[block - 1].actor == path[last].actor) --block;
    if (block != last) add_choice(block, p, clock);
}

// With sleep sets: of what came after transition `e` without depending on it, and then p's, somebody who can go first must be
// tried in its place (source sets: Abdulla, Aronis, Jonsson, Sagonas, POPL 2014).
void Explorer::Impl::add_source(std::size_t e, std::size_t p, const Clock& clock) {
    Node& at = path[e];
    std::vector<std::size_t> behind;   // of e, not because of it
    Mask firsts = 0, met = 0;
    const auto is_first = [&](const Clock& c) {
        return std::none_of(behind.begin(), behind.end(), [&](std::size_t i) { return c[path[i].actor] >= i + 1; });
    };
    for (std::size_t j = e + 1; j + 1 < path.size(); ++j) {
        const Node& n = path[j];
        if (n.clock[at.actor] >= e + 1) continue;
        if ((met & bit(n.actor)) == 0 && is_first(n.clock)) firsts |= bit(n.actor);
        met |= bit(n.actor);
        behind.push_back(j);
    }
    const std::vector<Touch>& pending = path.back().pending[p];
    const bool p_first = (met & bit(p)) == 0 && is_first(clock) &&
                         std::none_of(behind.begin(), behind.end(), [&](std::size_t i) { return dependent(path[i].touched, pending); });
    if (p_first) firsts |= bit(p);
    if ((firsts & at.backtrack) != 0) return;
    if ((firsts & at.enabled) == 0) {
        at.backtrack |= at.enabled;
        return;
    }
    const Mask able = firsts & at.enabled;
    at.backtrack |= (able & bit(p)) != 0 ? bit(p) : bit(static_cast<std::size_t>(std::countr_zero(able)));
}

void Explorer::Impl::add_choice(std::size_t node, std::size_t p, const Clock& clock) {
    Node& at = path[node];
    if ((at.enabled & bit(p)) != 0) {
        at.backtrack |= bit(p);
        return;
    }
    // Somebody who went later and without whom p would not be where it is.
    for (std::size_t q = 0; q < actors.size(); ++q)
        if ((at.enabled & bit(q)) != 0 && clock[q] > node + 1) {
            at.backtrack |= bit(q);
            return;
        }
    at.backtrack |= at.enabled;
}

std::int64_t Explorer::Impl::price(const Node& n, std::size_t a) const {
    if (actors[a].is_buffer || n.last == 0xff || n.last == a) return 0;
    return (n.enabled & bit(n.last)) != 0 && !n.last_yields ? 1 : 0;
}

bool Explorer::Impl::choose(std::size_t& a) {
    Node& n = path.back();
    Mask left = n.backtrack & n.enabled & ~n.done;
    if (bound < 0) left &= ~n.sleep;
    while (left != 0) {
        a = n.last != 0xff && (left & bit(n.last)) != 0 ? n.last : static_cast<std::size_t>(std::countr_zero(left));
        if (bound < 0 || n.preemptions + price(n, a) <= bound) return true;
        n.done |= bit(a);
        left &= ~bit(a);
        ++now().over_bound;
    }
    return false;
}

void Explorer::Impl::go(std::size_t a) {
    restore();
    keep_snapshot();
    const std::size_t at = path.size() - 1;
    Node& n = path[at];
    const Mask done_before = n.done;
    n.done |= bit(a);
    n.actor = static_cast<std::uint8_t>(a);
    n.before = states;
    n.version_before = version;
    n.stores_before = store_clocks;
    n.wait_until = 0;
    n.touched = n.pending[a];
    std::vector<std::vector<BufferedStore>> stores;
    for (const Cpu& cpu : k.cpus) stores.push_back(cpu.stores);
    ++report.transitions;
    const bool goes_on = transition(a, n);
    const bool too_long = !goes_on && k.end() == End::running;
    note_clocks(a, stores);
    Node child;
    child.preemptions = n.preemptions + price(n, a);
    child.last = actors[a].is_buffer ? n.last : static_cast<std::uint8_t>(a);
    child.last_yields = actors[a].is_buffer ? n.last_yields : yielded;
    if (bound < 0 && options.reduce) {
        const Mask asleep = (n.sleep | done_before) & ~bit(a);
        for (std::size_t q = 0; q < n.pending.size(); ++q)
            if ((asleep & bit(q)) != 0 && !dependent(n.pending[q], n.touched)) child.sleep |= bit(q);
    }
    child.log_size = log.size();
    path.push_back(std::move(child));
    report.deepest = std::max<std::uint64_t>(report.deepest, path.size() - 1);
    if (!goes_on || path.size() > kMostDepth) {
        path.back().is_fresh = false;
        run_is_over(too_long || path.size() > kMostDepth);
    }
}

// Vector clocks of what happened, and who touched what.
void Explorer::Impl::note_clocks(std::size_t a, const std::vector<std::vector<BufferedStore>>& stores_before) {
    const std::size_t at = path.size() - 1;
    Node& n = path[at];
    Clock clock = states[a].clock;
    for (std::size_t c = 0; c < k.cpus.size(); ++c) {
        const auto& stores = k.cpus[c].stores;
        const std::uint64_t oldest = stores.empty() ? ~std::uint64_t{0} : stores.front().number;
        std::size_t gone = 0;
        for (const BufferedStore& s : stores_before[c]) {
            if (s.number >= oldest) break;
            if (gone < store_clocks[c].size()) join(clock, store_clocks[c][gone]);
            ++gone;
            if (!is_private(s.mm, s.address)) n.touched.push_back({word_key(k, s.mm, s.address), true});
        }
        store_clocks[c].erase(store_clocks[c].begin(), store_clocks[c].begin() + static_cast<std::ptrdiff_t>(std::min(gone, store_clocks[c].size())));
    }
    for (const Touch& t : n.touched) {
        const auto it = history.find(t.key);
        if (it == history.end()) continue;
        const Past& past = it->second;
        if (!past.writes.empty()) join(clock, path[past.writes.back().transition].clock);
        Mask seen = 0;   // a later clock of the same actor holds the earlier ones
        for (std::size_t i = past.reads.size(); t.write && i-- > 0 && past.is_behind_writes(past.reads[i]);) {
            if ((seen & bit(past.reads[i].actor)) != 0) continue;
            seen |= bit(past.reads[i].actor);
            join(clock, path[past.reads[i].transition].clock);
        }
    }
    clock[a] = static_cast<std::uint32_t>(at + 1);
    n.clock = clock;
    states[a].clock = clock;
    for (const Touch& t : n.touched) {
        Past& past = history[t.key];
        (t.write ? past.writes : past.reads).push_back({static_cast<std::uint32_t>(at), static_cast<std::uint8_t>(a), t.write, t.lock});
    }
    for (std::size_t c = 0; c < k.cpus.size(); ++c)
        while (store_clocks[c].size() < k.cpus[c].stores.size()) store_clocks[c].push_back(clock);
    // Whoever can go only since then was woken or created by it.
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        if (!is_actor(id) || !can_go(id) || awaits(pending_of(k, id))) continue;
        const std::size_t q = actor_of(id);
        if (q < kMostActors && q != a && (n.could & bit(q)) == 0) join(states[q].clock, clock);
    }
}

void Explorer::Impl::pop() {
    path.pop_back();
    k_is_here = false;
    if (path.empty()) return;
    Node& n = path.back();
    states = std::move(n.before);
    actors.resize(states.size());
    version = n.version_before;
    store_clocks = std::move(n.stores_before);
    for (const Touch& t : n.touched) {
        Past& past = history.find(t.key)->second;
        (t.write ? past.writes : past.reads).pop_back();
    }
}

std::uint64_t Explorer::Impl::final_state() const {
    Fingerprint p;
    for (const LastWords& l : k.last_words) {
        p.mix(l.program);
        for (const std::uint64_t w : l.words) p.mix(w);
    }
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!is_actor(id)) continue;
        p.mix(static_cast<std::uint64_t>(t.pid));
        if (id != t.group_leader) continue;
        for (const Variable& v : k.program_of(t).variables)
            for (std::int64_t i = 0; v.kind == Variable::Kind::shared && i < v.count; ++i)
                p.mix(k.read_user(t.mm, v.address + 8 * static_cast<std::uint64_t>(i)));
    }
    return p.value();
}

Text Explorer::Impl::crash() const {
    if (options.exceptions_are_fine) return {};
    for (const Record& r : log) {
        if (r.kind != RecordKind::signal_deliver || r.d != 0) continue;
        if (r.b != static_cast<std::uint32_t>(sig::segv) && r.b != 4 && r.b != 5 && r.b != 6 && r.b != 7 && r.b != 8) continue;
        const std::string who(k.tasks[r.a].name());
        return text("{0} was ended by {1}", "{0} 被 {1} 终止", {who, "SIG" + std::string(signal_name(static_cast<int>(r.b)))});
    }
    return {};
}

void Explorer::Impl::run_is_over(bool too_long) {
    ++report.schedules;
    ++now().schedules;
    if (too_long) {
        ++now().cut;
        return;
    }
    if (finals.size() < kMostFinalStates) finals.insert(final_state());
    if (k.end() == End::oops) return found(Outcome::oops, text("the kernel stopped with an oops", "内核以 oops 停止"));
    if (const Text why = crash(); !why.en.empty()) return found(Outcome::crash, why);
    if (k.end() == End::running) {
        bool spins = false, lives = false;
        std::string who;
        for (TaskId id = 0; id < k.tasks.size(); ++id) {
            if (!is_actor(id)) continue;
            lives = true;
            const bool round = can_go(id) && !awaits(pending_of(k, id));
            spins |= round;
            who += (who.empty() ? "" : ", ") + path_of_task(k, id) + (round ? "*" : "");
        }
        let_go();
        if (lives && !options.deadlock_is_fine)
            return found(spins ? Outcome::livelock : Outcome::deadlock,
                         spins ? text("nobody can ever go on: {0} (*: goes round in a loop)", "谁也无法继续：{0}（*：在循环里空转）", {who})
                               : text("nobody can ever go on: {0} wait", "谁也无法继续：{0} 都在等待", {who}));
    }
    if (!options.check) return;
    if (const Text why = options.check(k, log); !why.en.empty()) found(Outcome::violated, why);
}

// Those that were held back go the rest of their way: into the kernel, where they wait.
void Explorer::Impl::let_go() {
    k.end_direction();
    k_is_here = false;
    k.run({.steps = k.steps() + kStepsOfEnd}, &log);
}

void Explorer::Impl::found(Outcome outcome, const Text& why) {
    ++now().failures;
    if (reasons.size() >= kMostFound || !reasons.insert(outcome_name(outcome) + why.en).second) return;
    report.found.push_back(describe(outcome, why));
    if (!options.keep_going) over = true;
}

FoundSchedule Explorer::Impl::describe(Outcome outcome, const Text& why) {
    FoundSchedule out;
    out.outcome = outcome;
    out.why = why;
    out.preemptions = path.back().preemptions;
    out.number = report.schedules;
    out.end = std::make_shared<const Kernel>(k);
    std::vector<std::size_t> turn_of(actors.size(), ~std::size_t{0});
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        const Node& n = path[i];
        const Mover& actor = actors[n.actor];
        const bool is_new = i == 0 || path[i - 1].actor != n.actor;
        if (is_new) {
            if (i > 0 && price(n, n.actor) > 0 && n.last != 0xff && turn_of[n.last] != ~std::size_t{0}) out.turns[turn_of[n.last]].preempted = true;
            const Program* p = actor.is_buffer ? nullptr : &k.image().programs[n.program];
            if (p != nullptr && turn_of[n.actor] != ~std::size_t{0}) out.turns[turn_of[n.actor]].before = describe_place(*p, n.from_rip);
            turn_of[n.actor] = out.turns.size();
            ExploreTurn turn;
            turn.cpu = n.cpu;
            ScheduleLine line;
            line.count = 0;
            if (p != nullptr) {
                turn.task = line.task = path_of_task(k, actor.task);
                turn.from = describe_place(*p, n.from_rip);
            } else {
                turn.cpu = line.cpu = actor.cpu;
                line.kind = ScheduleLine::Kind::drain;
            }
            out.turns.push_back(std::move(turn));
            out.lines.push_back(std::move(line));
        }
        out.turns.back().operations += n.operations;
        out.lines.back().count += static_cast<std::int64_t>(n.operations);
    }
    for (std::size_t a = 0; a < turn_of.size(); ++a) {
        if (turn_of[a] == ~std::size_t{0} || actors[a].is_buffer || !is_actor(actors[a].task) || !in_user_mode(actors[a].task)) continue;
        out.turns[turn_of[a]].before = describe_place(k.program_of(k.tasks[actors[a].task]), user_reg(actors[a].task, PtReg::rip));
    }
    return out;
}

// False: there is no further one.
bool Explorer::Impl::bound_is_over() {
    ExploreBound& b = now();
    b.complete = b.cut == 0;
    report.complete = b.complete;
    report.unbounded = b.complete && (bound < 0 || b.over_bound == 0);
    if (over || report.unbounded || bound < 0 || bound >= options.preemptions) return false;
    ++bound;
    report.bounds.push_back({.preemptions = bound});
    begin_bound();
    return true;
}

bool Explorer::Impl::advance(std::uint64_t transitions) {
    const BrokenGround ground;
    for (std::uint64_t i = 0; i < transitions && !over; ++i) {
        if (must_restart) {   // a word of a stack turned out to be seen by others: its accesses count from the beginning
            report.schedules -= now().schedules;
            report.pruned -= now().pruned;
            now() = {.preemptions = bound};
            report.found.clear();
            reasons.clear();
            begin_bound();
        }
        if (path.empty()) {
            over = !bound_is_over();
            continue;
        }
        if (path.back().is_fresh) {
            restore();
            if (!look(path.back())) {
                if (actors.size() >= kMostActors) {
                    report.trouble = "more than 60 threads and store buffers";
                    report.trouble_zh = "线程和存储缓冲超过 60 个";
                    over = true;
                    break;
                }
                run_is_over(false);
            } else if (bound < 0 && (path.back().enabled & ~path.back().sleep) == 0) {
                ++report.pruned;
                ++now().pruned;
            }
        }
        std::size_t a = 0;
        if (over) break;
        if (report.schedules >= options.schedules) {
            over = true;
            report.complete = false;
            break;
        }
        if (choose(a))
            go(a);
        else
            pop();
    }
    if (over) report.final_states.assign(finals.begin(), finals.end());
    return !over;
}

Explorer::Explorer(const Scenario& scenario, ExploreOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->scenario = scenario;
    impl_->scenario.schedule.clear();
    impl_->options = std::move(options);
    const BrokenGround ground;
    impl_->begin();
    impl_->bound = impl_->options.preemptions < 0 ? -1 : 0;
    impl_->report.bounds.push_back({.preemptions = impl_->bound});
    impl_->begin_bound();
}
Explorer::~Explorer() = default;
bool Explorer::advance(std::uint64_t transitions) { return impl_->advance(transitions); }
const ExploreReport& Explorer::report() const { return impl_->report; }

}  // namespace sy
