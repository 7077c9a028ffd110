#include "sim/kernel/locks.h"

#include <algorithm>
#include <map>

#include "sim/kernel/context.h"
#include "sim/kernel/open_files.h"

namespace sy {

namespace {

using Kind = LockView::Kind;
constexpr std::size_t kMostIdleLocks = 64;      // locks nobody holds or waits for that are listed
constexpr std::uint64_t kUserEnd = 0x8000'0000'0000;
constexpr int kChainLimit = 1024;               // as the rt_mutex code's max_lock_depth

bool is_asleep(const Task& t) {
    return t.is_live && t.exit_state == 0 && !t.on_rq && !t.on_cpu && t.state != task_state::running &&
           (t.state & task_state::stopped) == 0 && (t.tif & tif::sigpending) == 0;
}

Kind kind_of(Variable::Kind kind) {
    switch (kind) {
        case Variable::Kind::mutex: return Kind::mutex;
        case Variable::Kind::pi_mutex: return Kind::pi_mutex;
        case Variable::Kind::semaphore: return Kind::semaphore;
        case Variable::Kind::tid: return Kind::thread;
        case Variable::Kind::cond: return Kind::cond;
        case Variable::Kind::barrier: return Kind::barrier;
        case Variable::Kind::rwlock: return Kind::rwlock;
        default: return Kind::mutex;   // no lock
    }
}

// The tid that a lock's words name; 0: nobody, or words that name nobody.
std::uint64_t owner_tid(const Mm& mm, const Variable& v) {
    switch (v.kind) {
        case Variable::Kind::mutex: return mm.read(v.address) != 0 ? mm.read(v.address + 8) : 0;
        case Variable::Kind::pi_mutex: return mm.read(v.address) & kFutexTidMask;
        case Variable::Kind::rwlock: return mm.read(v.address + 16);
        case Variable::Kind::tid: return mm.read(v.address);
        default: return 0;
    }
}

// What a task's program may still do from the operation it is at, in its own memory.
struct Ahead {
    std::vector<char> seen;
    bool makes_threads = false;
};
Ahead look_ahead(const Program& p, std::uint32_t from) {
    Ahead out{std::vector<char>(p.ops.size()), false};
    std::vector<std::uint32_t> todo = {from};
    const auto visit = [&](std::uint32_t op) {
        if (op >= p.ops.size() || out.seen[op] != 0) return;
        out.seen[op] = 1;
        todo.push_back(op);
    };
    while (!todo.empty()) {
        const std::uint32_t at = todo.back();
        todo.pop_back();
        const UserOp& op = p.ops[at];
        if (op.kind == UserOp::Kind::thread_start) out.makes_threads = true;
        const bool ends = at > 0 && op.kind == UserOp::Kind::syscall &&
                          (p.ops[at - 1].nr == nr::exit || p.ops[at - 1].nr == nr::exit_group);
        const bool leaves = op.kind == UserOp::Kind::jump || op.kind == UserOp::Kind::if_child;
        if (!ends && !leaves) visit(at + 1);
        const bool jumps = op.kind != UserOp::Kind::system_call && op.kind != UserOp::Kind::syscall &&
                           op.kind != UserOp::Kind::load_burst && op.kind != UserOp::Kind::burst;
        if (jumps && op.target != 0) visit(op.target);
        if (op.kind == UserOp::Kind::jump) visit(op.target);
    }
    return out;
}

// The word a task waits for. Whom FUTEX_LOCK_PI refused (EDEADLK, ESRCH) sleeps for ever on a word that nobody else
// knows, as in glibc; what it wants is the lock it failed to get.
std::uint64_t waited_word(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    if (t.wait_key != layout::user_data) return t.wait_key;
    const Program& p = k.program_of(t);
    const auto rip = k.user_reg(id, PtReg::rip);
    std::uint32_t op = rip && *rip >= layout::user_text ? p.op_at(*rip) : 0;
    for (op = std::min<std::uint32_t>(op, static_cast<std::uint32_t>(p.ops.size())); op > 0; --op)
        if (p.ops[op - 1].kind == UserOp::Kind::pi_try) return p.ops[op - 1].data;
    return t.wait_key;
}

class Finder {
  public:
    explicit Finder(const Kernel& k) : k_(k) {}

    WaitGraph run() {
        for (TaskId id = 0; id < k_.tasks.size(); ++id) {
            const Task& t = k_.tasks[id];
            if (!t.is_live || t.exit_state != 0 || t.is_kthread() || t.pid <= 1) continue;
            people_.push_back(id);
            groups_[t.group_leader].push_back(id);
        }
        for (const TaskId id : people_) waiter(id);
        for (const auto& [leader, tasks] : groups_) objects(leader);
        for (auto& [key, lock] : found_) {
            fill(lock);
            index_[key] = g_.locks.size();
            g_.locks.push_back(std::move(lock));
        }
        settle();
        cycles();
        return std::move(g_);
    }

  private:
    using Key = std::pair<TaskId, std::uint64_t>;   // process (none for a pipe), address

    const Mm& memory(TaskId task) const { return k_.mms[k_.tasks[task].mm]; }

    void waiter(TaskId id) {
        const Task& t = k_.tasks[id];
        if (!is_asleep(t)) return;
        if (t.waits_for_child) {
            LockView& lock = at({t.group_leader, 1}, Kind::child, "wait4", t.group_leader);
            lock.waiters.push_back(id);
            waits_[id] = {t.group_leader, 1};
            return;
        }
        if (!t.waiting) return;
        if (t.wait_key < kUserEnd) {
            if (t.mm == kNoMm) return;
            // A carrier of a thread library sleeps because nothing is ready: what its threads wait for is not the kernel's.
            if (k_.program_of(t).model.is_library()) return;
            const Variable* v = k_.program_of(t).variable_at(waited_word(k_, id));
            if (v == nullptr) return;
            // Given back: the first waiter has been told, or will be at once.
            const int pi = pi_blocked_on(k_, id);
            if (pi >= 0 && k_.pi.locks[static_cast<std::size_t>(pi)].owner == kNoTask) return;
            const Key key{t.group_leader, v->address};
            at(key, kind_of(v->kind), v->name, t.group_leader).waiters.push_back(id);
            waits_[id] = key;
        } else if (t.wait_key >= layout::pipes && t.wait_key < layout::pipes + k_.pipes.size() * layout::pipe_bytes) {
            const bool room = (t.wait_key - layout::pipes) % layout::pipe_bytes != 0;
            const std::uint32_t pipe = pipe_of(t.wait_key);
            const Key key{kNoTask, t.wait_key};
            at(key, room ? Kind::pipe_room : Kind::pipe_data, k_.image().scenario.pipes[pipe].name, kNoTask).waiters.push_back(id);
            waits_[id] = key;
        }
    }
    LockView& at(Key key, Kind kind, const std::string& name, TaskId process) {
        const auto [it, is_new] = found_.try_emplace(key);
        if (is_new) {
            it->second.kind = kind;
            it->second.name = name;
            it->second.process = process;
            it->second.address = key.second;
        }
        return it->second;
    }
    // Locks of a process that nobody waits for: those that are held, and some that are free.
    void objects(TaskId leader) {
        const TaskId any = groups_[leader].front();
        if (k_.tasks[any].mm == kNoMm || k_.program_of(k_.tasks[any]).model.is_library()) return;
        for (const Variable& v : k_.program_of(k_.tasks[any]).variables) {
            if (v.kind == Variable::Kind::tid) continue;
            const bool used = memory(any).read(v.address) != 0;
            if (!used && ++idle_locks_ > kMostIdleLocks) continue;
            at({leader, v.address}, kind_of(v.kind), v.name, leader);
        }
    }

    // --- who could end the wait ---

    void fill(LockView& lock) {
        if (lock.process == kNoTask) return pipe(lock);
        if (lock.kind == Kind::child) return children(lock);
        const std::vector<TaskId>& group = groups_[lock.process];
        const Mm& mm = memory(group.front());
        const Program& p = k_.program_of(k_.tasks[group.front()]);
        const Variable* v = p.variable_at(lock.address);
        lock.value = mm.read(lock.address);
        std::sort(lock.waiters.begin(), lock.waiters.end());
        order_of_queue(lock, mm);
        const std::uint64_t tid = owner_tid(mm, *v);
        if (tid != 0) {
            const TaskId owner = k_.find_pid(static_cast<Pid>(tid));
            lock.is_owned = true;
            lock.abandoned = owner == kNoTask || k_.tasks[owner].exit_state != 0;
            if (owner != kNoTask) lock.holders.push_back(owner);
        } else if (v->kind == Variable::Kind::rwlock) {
            readers(lock, p);
            lock.need = static_cast<std::uint32_t>(lock.holders.size());
        } else if (v->kind == Variable::Kind::mutex || v->kind == Variable::Kind::pi_mutex) {
            lock.outside = true;   // free, or on its way from one owner to the next
        } else {
            could_act(lock, p, *v, mm);
        }
    }
    void order_of_queue(LockView& lock, const Mm& mm) const {
        if (lock.kind == Kind::pi_mutex) return by_priority(lock);
        const FutexQueue* q = mm.futex(lock.address);
        std::vector<TaskId> queue;
        for (TaskId t = q != nullptr ? q->head : kNoTask; t != kNoTask; t = k_.tasks[t].wait_next)
            if (std::binary_search(lock.waiters.begin(), lock.waiters.end(), t)) queue.push_back(t);
        if (queue.size() == lock.waiters.size()) lock.waiters = std::move(queue);
    }
    // In the order in which they will get it; who was refused will not.
    void by_priority(LockView& lock) const {
        std::vector<TaskId> order;
        const int at = lock.waiters.empty() ? -1 : find_pi_lock(k_, k_.tasks[lock.waiters.front()].mm, lock.address);
        if (at >= 0)
            for (const PiWaiter& w : k_.pi.locks[static_cast<std::size_t>(at)].waiters)
                if (std::binary_search(lock.waiters.begin(), lock.waiters.end(), w.task)) order.push_back(w.task);
        for (const TaskId w : lock.waiters)
            if (std::find(order.begin(), order.end(), w) == order.end()) order.push_back(w);
        lock.waiters = std::move(order);
    }
    std::uint32_t op_of(TaskId id) const {
        const auto rip = k_.user_reg(id, PtReg::rip);
        const Program& p = k_.program_of(k_.tasks[id]);
        const std::uint32_t op = rip && *rip >= layout::user_text ? p.op_at(*rip) : 0;
        return op < p.ops.size() ? op : 0;
    }
    void readers(LockView& lock, const Program& p) {
        lock.is_owned = true;
        for (const TaskId id : groups_[lock.process]) {
            const std::uint32_t op = op_of(id);
            for (const HeldRange& r : p.held)
                if (r.address == lock.address && op >= r.begin && op < r.end) {
                    lock.holders.push_back(id);
                    break;
                }
        }
    }
    bool acts(const Ahead& ahead, const Program& p, const Variable& v) const {
        for (std::size_t i = 0; i < p.ops.size(); ++i) {
            if (ahead.seen[i] == 0 || p.ops[i].data != v.address) continue;
            const UserOp::Kind kind = p.ops[i].kind;
            if (kind == UserOp::Kind::sem_post || kind == UserOp::Kind::cond_bump || kind == UserOp::Kind::barrier_arrive)
                return true;
        }
        return false;
    }
    // Posters of a semaphore, those who may signal, those who have yet to arrive at a barrier.
    void could_act(LockView& lock, const Program& p, const Variable& v, const Mm& mm) {
        if (v.kind == Variable::Kind::barrier) {
            const auto arrived = static_cast<std::int64_t>(mm.read(v.address + 8));
            lock.need = static_cast<std::uint32_t>(std::max<std::int64_t>(1, v.count - arrived));
        }
        if (lock.waiters.empty()) return;
        for (const TaskId id : groups_[lock.process]) {
            const auto waits = waits_.find(id);
            if (waits != waits_.end() && waits->second == Key{lock.process, lock.address}) continue;
            const Ahead ahead = look_ahead(p, op_of(id));
            if (acts(ahead, p, v)) lock.holders.push_back(id);
            if (ahead.makes_threads) lock.outside = true;
        }
    }
    void pipe(LockView& lock) {
        const std::uint32_t index = pipe_of(lock.address);
        const std::uint8_t end = lock.kind == Kind::pipe_data ? kWriteEnd : kReadEnd;
        lock.value = static_cast<std::uint64_t>(k_.pipes[index].used);
        for (const auto& [leader, tasks] : groups_)
            if ((held_ends(k_, tasks.front(), index) & end) != 0)
                lock.holders.insert(lock.holders.end(), tasks.begin(), tasks.end());
        lock.outside = k_.arrivals_left > 0;
    }
    void children(LockView& lock) {
        for (TaskId c = k_.tasks[lock.process].first_child; c != kNoTask; c = k_.tasks[c].next_sibling) {
            const auto group = groups_.find(c);
            if (group == groups_.end()) continue;
            lock.holders.insert(lock.holders.end(), group->second.begin(), group->second.end());
        }
    }

    // --- who can go on, and whom that frees ---

    void settle() {
        std::vector<std::uint32_t> acted(g_.locks.size());
        std::map<TaskId, std::vector<std::uint32_t>> holds;
        for (std::uint32_t i = 0; i < g_.locks.size(); ++i)
            for (const TaskId t : g_.locks[i].holders) holds[t].push_back(i);
        std::vector<TaskId> todo;
        const auto release = [&](TaskId t) {
            if (goes_on_.insert({t, true}).second) todo.push_back(t);
        };
        for (const TaskId id : people_)
            if (!waits_.contains(id)) release(id);
        for (const LockView& lock : g_.locks)
            if (lock.outside)
                for (const TaskId t : lock.waiters) release(t);
        while (!todo.empty()) {
            const TaskId t = todo.back();
            todo.pop_back();
            for (const std::uint32_t i : holds[t]) {
                const LockView& lock = g_.locks[i];
                if (lock.abandoned || ++acted[i] != lock.need) continue;
                for (const TaskId w : lock.waiters) release(w);
            }
        }
        for (const TaskId id : people_)
            if (!goes_on_.contains(id)) g_.stuck.push_back(id);
    }
    // The first of those it waits for who cannot go on either.
    TaskId next(TaskId task) const {
        const LockView& lock = g_.locks[index_.at(waits_.at(task))];
        for (const TaskId t : lock.holders)
            if (!goes_on_.contains(t) && (t != task || lock.is_owned)) return t;
        // A reader that itself holds the only write end waits for itself.
        const bool own_pipe = lock.process == kNoTask && std::find(lock.holders.begin(), lock.holders.end(), task) != lock.holders.end();
        return own_pipe ? task : kNoTask;
    }
    void cycles() {
        std::map<TaskId, std::size_t> mark;   // which walk came by
        std::size_t walk = 0;
        for (const TaskId start : g_.stuck) {
            ++walk;
            TaskId t = start;
            while (t != kNoTask && mark.try_emplace(t, walk).second) t = next(t);
            if (t == kNoTask || mark[t] != walk) continue;
            std::vector<DeadlockLink>& cycle = g_.cycles.emplace_back();
            TaskId at = t;
            do {
                cycle.push_back({at, static_cast<std::uint32_t>(index_.at(waits_.at(at)))});
                at = next(at);
            } while (at != t);
        }
    }

    const Kernel& k_;
    WaitGraph g_;
    std::vector<TaskId> people_;
    std::map<TaskId, std::vector<TaskId>> groups_;
    std::map<Key, LockView> found_;
    std::map<Key, std::size_t> index_;
    std::map<TaskId, Key> waits_;
    std::map<TaskId, bool> goes_on_;
    std::size_t idle_locks_ = 0;
};

// The task that alone can end a wait for this word, as far as the word says.
TaskId owner_of(const Kernel& k, TaskId waiter, std::uint64_t address) {
    const Task& t = k.tasks[waiter];
    const Variable* v = k.program_of(t).variable_at(address);
    if (v == nullptr) return kNoTask;
    const std::uint64_t tid = owner_tid(k.mms[t.mm], *v);
    return tid != 0 ? k.find_pid(static_cast<Pid>(tid)) : kNoTask;
}

}  // namespace

WaitGraph wait_graph(const Kernel& k) { return Finder(k).run(); }
bool has_deadlock(const Kernel& k) { return !wait_graph(k).cycles.empty(); }

int lock_waited_for(const WaitGraph& graph, TaskId task) {
    for (std::size_t i = 0; i < graph.locks.size(); ++i) {
        const auto& w = graph.locks[i].waiters;
        if (std::find(w.begin(), w.end(), task) != w.end()) return static_cast<int>(i);
    }
    return -1;
}

const char* lock_kind_name(Kind kind) {
    static constexpr const char* names[] = {"mutex", "PI mutex", "semaphore", "condition variable", "barrier",
                                            "read-write lock", "end of thread", "bytes in pipe", "room in pipe", "end of a child"};
    return names[static_cast<std::size_t>(kind)];
}
const char* lock_kind_name_zh(Kind kind) {
    static constexpr const char* names[] = {"互斥锁", "优先级继承互斥锁", "信号量", "条件变量", "屏障",
                                            "读写锁", "线程结束", "管道中的字节", "管道中的空间", "子进程结束"};
    return names[static_cast<std::size_t>(kind)];
}

void note_deadlock(Ctx& cx) {
    const TaskId me = cx.current();
    TaskId at = owner_of(cx.k, me, cx.peek(me).wait_key);
    for (std::uint32_t length = 1; at != kNoTask && length <= kChainLimit; ++length) {
        if (at == me) {
            const std::uint64_t word = cx.peek(me).wait_key;
            cx.emit(RecordKind::deadlock, me, length, static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32));
            return;
        }
        const Task& t = cx.peek(at);
        if (!t.waiting || t.wait_key >= kUserEnd || t.mm == kNoMm || t.exit_state != 0) return;
        at = owner_of(cx.k, at, t.wait_key);
    }
}

std::string check_locks(const Kernel& k) {
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.waiting || t.wait_key >= kUserEnd || !is_asleep(t) || t.mm == kNoMm) continue;
        const FutexQueue* q = k.mms[t.mm].futex(t.wait_key);
        bool is_in = false;
        std::size_t length = 0;
        for (TaskId w = q != nullptr ? q->head : kNoTask; w != kNoTask && !is_in && length <= k.tasks.size(); ++length) {
            is_in = w == id;
            w = k.tasks[w].wait_next;
        }
        if (!is_in) return std::string(t.name()) + " sleeps on a futex but stands in no queue";
    }
    if (k.end() != End::nothing_left && k.end() != End::deadlock) return {};
    // Nothing will happen any more: whoever sleeps must have a reason, or a wakeup was lost.
    for (const LockView& lock : wait_graph(k).locks) {
        if (lock.waiters.empty()) continue;
        const bool free = lock.value == 0, is_lock = lock.kind == Kind::mutex || lock.kind == Kind::pi_mutex;
        const bool no_reason = is_lock ? free || (lock.kind == Kind::mutex && lock.value == 1)
                               : lock.kind == Kind::rwlock    ? (lock.value & kRwWriter) == 0
                               : lock.kind == Kind::semaphore ? !free
                               : lock.kind == Kind::pipe_data ? !free || k.pipes[pipe_of(lock.address)].open_writers == 0
                               : lock.kind == Kind::pipe_room
                                   ? k.pipes[pipe_of(lock.address)].used < k.pipes[pipe_of(lock.address)].capacity ||
                                         k.pipes[pipe_of(lock.address)].open_readers == 0
                                   : false;
        if (no_reason) return "a wakeup was lost: " + std::string(k.tasks[lock.waiters.front()].name()) + " sleeps for " + lock.name;
    }
    return {};
}

}  // namespace sy
