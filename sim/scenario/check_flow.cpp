// What can be foretold about one program. Programs have no conditions, so locks, loops and what
// comes after them are certain: a task that locks what it holds, or loops without letting time
// pass, does so in every run.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sim/scenario/check.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/walk.h"

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

bool is_endless(const Stmt& stmt) {
    return stmt.kind == Kind::every || (stmt.kind == Kind::repeat && stmt.count < 0);
}

// A loop is left where a read finds the end of a pipe.
bool reads_pipe(const Scenario& s, const std::vector<Stmt>& body) {
    return std::any_of(body.begin(), body.end(), [&](const Stmt& stmt) {
        if (stmt.kind == Kind::trylock) return reads_pipe(s, stmt.body);
        return stmt.kind == Kind::read &&
               std::any_of(s.pipes.begin(), s.pipes.end(), [&](const PipeDecl& p) { return p.name == stmt.name; });
    });
}

// A statement behind which nothing is reached.
bool never_goes_on(const Scenario& s, const Stmt& stmt) {
    if (stmt.kind == Kind::exit || stmt.kind == Kind::exec) return true;
    if (is_endless(stmt)) return !reads_pipe(s, stmt.body);
    return stmt.kind == Kind::repeat && !reads_pipe(s, stmt.body) &&
           std::any_of(stmt.body.begin(), stmt.body.end(), [&](const Stmt& inner) { return never_goes_on(s, inner); });
}

bool can_be_zero(const Dist& dist) {
    return dist.kind == Dist::Kind::fixed ? dist.a == 0
                                          : dist.kind == Dist::Kind::uniform && dist.b == 0;
}

// How a block uses one lock, seen from outside.
struct LockUse {
    bool begins_with_lock, ends_with_lock;
    SourcePos first, last;
    bool is_cond = false;  // `first` is a wait on a condition variable
};

using LockUses = std::map<std::string_view, LockUse>;

class FlowChecker {
  public:
    FlowChecker(const Scenario& scenario, const ProcessDecl& process, Diagnostics& diags)
        : s_(scenario), process_(process), diags_(diags) {}

    void run() {
        kinds_of_names();
        collect();
        program(process_.body);
        for (const ThreadDecl& thread : process_.threads) program(thread.body);
        for (const CoroutineDecl& c : process_.coroutines) reachable(c.body);
        semaphores();
        waits();
    }
    void run_alone() { program(process_.body); }

  private:
    // --- endless loops and what is never reached ---

    void program(const std::vector<Stmt>& body) {
        if (body.empty() && process_.threads.empty() && process_.coroutines.empty()) {
            diags_.warning(process_.pos, text("'{0}' does nothing: it exits as soon as it runs",
                                              "“{0}” 什么也不做：一运行就退出", {process_.name}));
        }
        const LockUses uses = locks(body);
        for (const auto& [name, use] : uses) {
            if (!use.begins_with_lock) not_locked(name, use);
            if (use.ends_with_lock && lockers_[name].size() > 1) {
                diags_.warning(
                    use.last,
                    text("'{0}' stays locked when this task ends; others wait for it for ever",
                         "任务结束时 “{0}” 仍然锁着；其他任务会永远等待", {name}));
            }
        }
        reachable(body);
    }

    void reachable(const std::vector<Stmt>& body) {
        for (std::size_t i = 0; i < body.size(); ++i) {
            const Stmt& stmt = body[i];
            const bool goes_on =
                stmt.kind == Kind::until_stopped || (is_endless(stmt) && stmt.kind == Kind::repeat);
            if (goes_on && !passes_time(stmt.body)) {
                diags_.error(
                    stmt.pos,
                    text("this loop never ends and lets no time pass; put a run or sleep into it",
                         "这个循环永不结束，又不让时间流逝；请在里面加上 run 或 sleep"));
            }
            if (never_goes_on(s_, stmt) && i + 1 < body.size()) {
                diags_.warning(body[i + 1].pos, text("this is never reached", "这里永远执行不到"));
            }
            reachable(stmt.body);
            if (never_goes_on(s_, stmt)) break;
        }
    }

    // Whether going through the block once takes time, waits, or leaves the loop.
    bool passes_time(const std::vector<Stmt>& body) const {
        return std::any_of(body.begin(), body.end(),
                           [&](const Stmt& stmt) { return passes_time(stmt); });
    }

    bool passes_time(const Stmt& stmt) const {
        switch (stmt.kind) {
            case Kind::run:
                return !can_be_zero(stmt.time);
            case Kind::sleep:
                return !can_be_zero(stmt.time) || !s_.machine.costs_ideal;
            case Kind::repeat:
                return stmt.count < 0 ||
                       passes_time(stmt.body);  // an endless inner loop answers for itself
            case Kind::read:
            case Kind::write:
            case Kind::fsync:
            case Kind::wait:
            case Kind::cond_wait:
            case Kind::every:
            case Kind::exit:
            case Kind::exec:
            case Kind::pause:
            case Kind::sigsuspend:
            case Kind::waitpid:
            case Kind::waitid:
                return true;
            case Kind::asm_block:
                return !stmt.code.empty();   // instructions take time in an ideal machine too
            case Kind::shared:
            case Kind::local:
                return false;
            case Kind::ioctl:
                return passes_time(stmt.body) || !s_.machine.costs_ideal;
            case Kind::until_stopped:  // its body answers for itself
            case Kind::flush:
            case Kind::stop:
            case Kind::park:
                return true;
            case Kind::queue:
            case Kind::cancel:
            case Kind::start:
            case Kind::unpark:
            case Kind::use_mm:
            case Kind::unuse_mm:
            case Kind::handle:
            case Kind::ignore_signal:
            case Kind::default_signal:
            case Kind::mask:
            case Kind::unmask:
            case Kind::kill:
            case Kind::tgkill:
            case Kind::killpg:
            case Kind::clone:
            case Kind::vfork:
            case Kind::setsid:
            case Kind::setpgid:
            case Kind::tcsetpgrp:
            case Kind::subreaper:
            case Kind::umask:
            case Kind::trylock:
            case Kind::broadcast:
            case Kind::barrier_wait:
            case Kind::rdlock:
            case Kind::wrlock:
            case Kind::poll:
            case Kind::close:
            case Kind::yield:
            case Kind::lock:
            case Kind::unlock:
            case Kind::signal:
            case Kind::join:
            case Kind::fork:
            case Kind::getpid:
            case Kind::accept:
            case Kind::co_poll:
            case Kind::resume:
            case Kind::release:
            case Kind::setnice:
            case Kind::affinity:
            case Kind::sched:
            case Kind::mmap:
            case Kind::munmap:
            case Kind::mprotect:
            case Kind::brk:
            case Kind::load:
            case Kind::store:
            case Kind::touch:
            case Kind::recurse:
            case Kind::kernel_call:
                return !s_.machine.costs_ideal;  // the system call itself takes time
        }
        return true;
    }

    // --- locks ---

    void already_locked(std::string_view name, SourcePos pos, SourcePos before) {
        const bool inherits = std::any_of(process_.syncs.begin(), process_.syncs.end(), [&](const SyncDecl& d) {
            return d.kind == SyncDecl::Kind::mutex && d.pi && d.name == name;
        });
        if (inherits) {   // worth watching: the kernel refuses it
            diags_.warning(pos, text("this task has locked '{0}' already (line {1}): FUTEX_LOCK_PI will return EDEADLK and the task sleep for ever",
                                     "本任务已经锁住 “{0}”（第 {1} 行）：FUTEX_LOCK_PI 会返回 EDEADLK，任务永远睡眠",
                                     {std::string(name), std::to_string(before.line)}));
            return;
        }
        diags_.error(
            pos,
            text("this task has locked '{0}' already (line {1}): it would wait for itself for ever",
                 "这个任务已经锁住了 “{0}”（第 {1} 行）：它会永远等待自己",
                 {name, std::to_string(before.line)}));
    }

    void not_locked(std::string_view name, const LockUse& use) {
        if (use.is_cond) {
            diags_.error(use.first, text("cond wait gives up '{0}' while it sleeps, so lock '{0}' before",
                                         "cond wait 睡眠时要放开 “{0}”，所以之前要先 lock {0}", {name}));
            return;
        }
        diags_.error(use.first, text("unlock without lock: this task does not hold '{0}' here",
                               "没有加锁就解锁：这个任务此时并不持有 “{0}”", {name}));
    }

    // `next` follows on `use`; complains when they do not fit.
    void follow(std::string_view name, LockUse& use, const LockUse& next) {
        if (use.ends_with_lock && next.begins_with_lock) already_locked(name, next.first, use.last);
        if (!use.ends_with_lock && !next.begins_with_lock) not_locked(name, next);
        use.ends_with_lock = next.ends_with_lock;
        use.last = next.last;
    }

    LockUses locks(const std::vector<Stmt>& body) {
        LockUses uses;
        const auto add = [&](std::string_view name, const LockUse& next) {
            const auto [at, is_new] = uses.emplace(name, next);
            if (!is_new) follow(name, at->second, next);
        };
        for (const Stmt& stmt : body) {
            if (is_lock(stmt.kind) || stmt.kind == Kind::unlock)
                add(stmt.name, {is_lock(stmt.kind), is_lock(stmt.kind), stmt.name_pos, stmt.name_pos});
            if (stmt.kind == Kind::cond_wait) add(stmt.other, {false, true, stmt.other_pos, stmt.other_pos, true});
            if (stmt.kind == Kind::trylock) {
                LockUses inner = locks(stmt.body);
                LockUse held{true, true, stmt.name_pos, stmt.name_pos};
                if (const auto own = inner.find(stmt.name); own != inner.end()) {
                    follow(stmt.name, held, own->second);
                    inner.erase(own);
                }
                if (!held.ends_with_lock) {
                    diags_.error(held.last, text("trylock unlocks '{0}' itself at its '}'", "trylock 在 “}” 处自己解锁 “{0}”",
                                                 {stmt.name}));
                }
                add(stmt.name, {true, false, stmt.name_pos, stmt.name_pos});
                for (const auto& [name, use] : inner) add(name, use);
                continue;
            }
            if (stmt.body.empty()) continue;
            LockUses inner = locks(stmt.body);
            // The child's locks are its own, and a handler runs nobody knows when.
            if (makes_task(stmt.kind) || stmt.kind == Kind::handle) continue;
            for (auto& [name, use] : inner) {
                if (stmt.count != 1) {
                    LockUse again = use;
                    follow(name, again, use);
                }
                add(name, use);
            }
        }
        return uses;
    }

    // --- what a name is ---

    static bool is_lock(Kind kind) {
        return kind == Kind::lock || kind == Kind::rdlock || kind == Kind::wrlock;
    }
    bool is_cond(std::string_view name) const {
        const auto known = kinds_.find(name);
        return known != kinds_.end() && known->second.first == SyncDecl::Kind::cond;
    }
    std::int64_t first_value(std::string_view name) const {
        for (const SyncDecl& decl : process_.syncs)
            if (decl.kind == SyncDecl::Kind::semaphore && decl.name == name) return decl.count;
        return 0;
    }
    // What a statement takes its name for; none: it fits several.
    static std::optional<SyncDecl::Kind> taken_for(Kind kind) {
        switch (kind) {
            case Kind::lock:
            case Kind::trylock: return SyncDecl::Kind::mutex;
            case Kind::rdlock:
            case Kind::wrlock: return SyncDecl::Kind::rwlock;
            case Kind::cond_wait:
            case Kind::broadcast: return SyncDecl::Kind::cond;
            case Kind::barrier_wait: return SyncDecl::Kind::barrier;
            case Kind::wait: return SyncDecl::Kind::semaphore;
            default: return {};
        }
    }
    static Text kind_text(SyncDecl::Kind kind) {
        switch (kind) {
            case SyncDecl::Kind::mutex: return {.en = "a mutex", .zh = "互斥锁"};
            case SyncDecl::Kind::cond: return {.en = "a condition variable", .zh = "条件变量"};
            case SyncDecl::Kind::barrier: return {.en = "a barrier", .zh = "屏障"};
            case SyncDecl::Kind::rwlock: return {.en = "a read-write lock", .zh = "读写锁"};
            case SyncDecl::Kind::semaphore: return {.en = "a semaphore", .zh = "信号量"};
        }
        return {};
    }
    void use_as(std::string_view name, SyncDecl::Kind kind, SourcePos pos) {
        const auto [at, is_new] = kinds_.emplace(name, std::pair(kind, pos));
        if (is_new || at->second.first == kind) return;
        const Text is = kind_text(at->second.first), wanted = kind_text(kind);
        diags_.error(pos, {.en = "'" + std::string(name) + "' is " + is.en + " (line " + std::to_string(at->second.second.line) +
                                 "), this needs " + wanted.en,
                           .zh = "“" + std::string(name) + "” 是" + is.zh + "（第 " + std::to_string(at->second.second.line) +
                                 " 行），这里需要" + wanted.zh});
    }
    void kinds_of_names() {
        for (const SyncDecl& decl : process_.syncs) {
            const auto [at, is_new] = kinds_.emplace(decl.name, std::pair(decl.kind, decl.pos));
            if (!is_new)
                diags_.error(decl.pos, text("the name '{0}' is taken already (line {1})", "名字 “{0}” 已经用过了（第 {1} 行）",
                                            {decl.name, std::to_string(at->second.second.line)}));
        }
        const auto index = static_cast<std::size_t>(&process_ - s_.processes.data());
        walk_process(s_, index, [&](const Stmt& stmt, const Owner&) {
            const auto kind = taken_for(stmt.kind);
            if (!kind || stmt.name.empty()) return;
            if (stmt.kind == Kind::barrier_wait && !kinds_.contains(stmt.name))
                diags_.error(stmt.name_pos, text("say how many tasks '{0}' holds up: barrier {0} 3, directly in the process",
                                                 "请写明 “{0}” 等待几个任务：在进程里写 barrier {0} 3", {stmt.name}));
            // An undeclared name may be both a mutex and a semaphore: they are different words.
            const bool is_loose = *kind == SyncDecl::Kind::semaphore || *kind == SyncDecl::Kind::mutex;
            const auto known = kinds_.find(stmt.name);
            if (!is_loose || (known != kinds_.end() && is_declared(stmt.name))) use_as(stmt.name, *kind, stmt.name_pos);
            if (stmt.kind == Kind::cond_wait && is_declared(stmt.other)) use_as(stmt.other, SyncDecl::Kind::mutex, stmt.other_pos);
        });
        walk_process(s_, index, [&](const Stmt& stmt, const Owner&) { fits(stmt); });
    }
    bool is_declared(std::string_view name) const {
        return std::any_of(process_.syncs.begin(), process_.syncs.end(), [&](const SyncDecl& d) { return d.name == name; });
    }
    // `unlock` and `signal` serve two kinds each; `lock` of a name that rdlock uses is a mistake.
    void fits(const Stmt& stmt) {
        const auto known = kinds_.find(stmt.name);
        if (known == kinds_.end()) return;
        const SyncDecl::Kind is = known->second.first;
        const bool is_locking = stmt.kind == Kind::lock || stmt.kind == Kind::trylock || stmt.kind == Kind::unlock;
        if (is_locking && is != SyncDecl::Kind::mutex && !(stmt.kind == Kind::unlock && is == SyncDecl::Kind::rwlock) &&
            is != SyncDecl::Kind::semaphore && !is_declared(stmt.name))
            use_as(stmt.name, SyncDecl::Kind::mutex, stmt.name_pos);
        if (stmt.kind == Kind::unlock && is_declared(stmt.name) && is != SyncDecl::Kind::mutex && is != SyncDecl::Kind::rwlock)
            use_as(stmt.name, SyncDecl::Kind::mutex, stmt.name_pos);
        if (stmt.kind == Kind::signal && is != SyncDecl::Kind::cond && is != SyncDecl::Kind::semaphore && is_declared(stmt.name))
            use_as(stmt.name, SyncDecl::Kind::semaphore, stmt.name_pos);
    }

    // --- semaphores, join, wait ---

    struct Use {
        const Stmt* stmt;
        Owner owner;
    };

    void collect() {
        const auto index = static_cast<std::size_t>(&process_ - s_.processes.data());
        walk_process(s_, index, [&](const Stmt& stmt, const Owner& owner) {
            const bool is_semaphore = (stmt.kind == Kind::wait && !stmt.name.empty()) ||
                                      (stmt.kind == Kind::signal && !is_cond(stmt.name));
            if (is_semaphore) semaphore_uses_[stmt.name].push_back({&stmt, owner});
            if (is_lock(stmt.kind)) lockers_[stmt.name].insert(owner.task);
            if (is_lock(stmt.kind) && !owner.is_single)
                lockers_[stmt.name].insert(~owner.task);
            if (makes_task(stmt.kind)) has_fork_ = true;
            const bool waits =
                stmt.kind == Kind::join || (stmt.kind == Kind::wait && stmt.name.empty());
            if (waits) waits_.push_back({&stmt, owner});
        });
    }

    std::string_view own_name(const Owner& owner) const {
        const bool is_thread = owner.task > 0 && owner.task <= process_.threads.size();
        return is_thread ? process_.threads[owner.task - 1].name : process_.name;
    }

    void semaphores() {
        for (const auto& [name, uses] : semaphore_uses_) {
            const Use* signaller = nullptr;
            bool is_only_one = true;
            for (const Use& use : uses) {
                if (use.stmt->kind != Kind::signal) continue;
                is_only_one &= signaller == nullptr || signaller->owner == use.owner;
                signaller = &use;
            }
            std::set<std::size_t> begun;  // tasks that used it before
            for (const Use& use : uses) {
                const bool is_first = begun.insert(use.owner.task).second;
                if (use.stmt->kind != Kind::wait || first_value(name) > 0) continue;
                if (signaller == nullptr) {
                    nobody_signals(name, use);
                } else if (is_first && is_only_one && signaller->owner == use.owner &&
                           use.owner.is_single) {
                    diags_.error(
                        use.stmt->name_pos,
                        text("this waits for itself: only this task signals '{0}', and only after "
                             "this",
                             "它在等待自己：只有这个任务会 signal “{0}”，而且在这之后", {name}));
                }
            }
        }
    }

    bool is_thread(std::string_view name) const {
        return std::any_of(process_.threads.begin(), process_.threads.end(),
                           [&](const ThreadDecl& thread) { return thread.name == name; });
    }

    void nobody_signals(std::string_view name, const Use& use) {
        const SourcePos pos = use.stmt->name_pos;
        if (name == own_name(use.owner)) {
            diags_.error(pos, text("a task cannot wait for itself", "任务不能等待自己"));
            return;
        }
        if (is_thread(name)) {
            diags_.error(pos, text("'{0}' is a thread; to wait until it exits, write: join {0}",
                                   "“{0}” 是线程；要等它退出，请写：join {0}", {name}));
            return;
        }
        std::vector<std::string_view> signalled;
        for (const auto& [other, uses] : semaphore_uses_) {
            const bool is_signalled = std::any_of(uses.begin(), uses.end(), [](const Use& each) {
                return each.stmt->kind == Kind::signal;
            });
            if (is_signalled) signalled.push_back(other);
        }
        const std::string meant = nearest(name, signalled);
        if (!meant.empty()) {
            diags_.warning(
                pos,
                text("nobody in process '{0}' signals '{1}', so this waits for ever; did you mean "
                     "'{2}'?",
                     "进程 “{0}” 里没有人 signal “{1}”，这里会永远等待；是不是想写 “{2}”？",
                     {process_.name, name, meant}),
                meant);
            return;
        }
        diags_.warning(pos, text("nobody in process '{0}' signals '{1}', so this waits for ever "
                                 "(semaphores belong to one process; between processes use a pipe)",
                                 "进程 “{0}” 里没有人 signal "
                                 "“{1}”，这里会永远等待（信号量属于一个进程；进程之间请用管道）",
                                 {process_.name, name}));
    }

    void waits() {
        for (const Use& use : waits_) {
            const Stmt& stmt = *use.stmt;
            if (stmt.kind == Kind::join) {
                join(stmt, use.owner);
            } else if (!has_fork_) {
                diags_.warning(stmt.pos,
                               text("this process never forks, so there is no child to wait for",
                                    "这个进程从不 fork，没有子进程可等"));
            }
        }
    }

    void join(const Stmt& stmt, const Owner& owner) {
        if (owner.is_child) {
            diags_.warning(stmt.pos,
                           text("a forked child has only its own thread, so there is none to join",
                                "fork 出来的子进程只有一个线程，没有别的线程可以 join"));
            return;
        }
        if (stmt.name.empty() && owner.task > 0) {
            diags_.error(stmt.pos,
                         text("this waits for itself: join without a name waits for all threads, "
                              "and this is one",
                              "它在等待自己：不写名字的 join 等待所有线程，而它自己就是一个"));
            return;
        }
        if (stmt.name.empty()) {
            if (process_.threads.empty()) {
                diags_.warning(stmt.pos, text("this process has no other threads to join",
                                              "这个进程没有其他线程可以 join"));
            }
            return;
        }
        const bool is_own = stmt.name == own_name(owner);
        if (is_own && !(owner.task == 0 && is_thread(stmt.name))) {
            diags_.error(stmt.name_pos, text("a task cannot wait for itself", "任务不能等待自己"));
            return;
        }
        if (is_thread(stmt.name)) return;
        std::vector<std::string_view> known;
        for (const ThreadDecl& thread : process_.threads) known.push_back(thread.name);
        const std::string meant = nearest(stmt.name, known);
        if (!meant.empty()) {
            diags_.error(stmt.name_pos,
                         text("unknown thread '{0}'; did you mean '{1}'?",
                              "未知的线程 “{0}”；是不是想写 “{1}”？", {stmt.name, meant}),
                         meant);
            return;
        }
        diags_.error(stmt.name_pos, text("process '{0}' has no thread '{1}'",
                                         "进程 “{0}” 没有线程 “{1}”", {process_.name, stmt.name}));
    }

    const Scenario& s_;
    const ProcessDecl& process_;
    Diagnostics& diags_;
    std::map<std::string_view, std::vector<Use>> semaphore_uses_;
    std::map<std::string_view, std::set<std::size_t>> lockers_;  // tasks, ~task for copies
    std::vector<Use> waits_;
    bool has_fork_ = false;
    std::map<std::string_view, std::pair<SyncDecl::Kind, SourcePos>> kinds_;  // declared, or known by their use
};

}  // namespace

void check_work_flow(const Scenario& scenario, const ProcessDecl& program, Diagnostics& diags) {
    FlowChecker(scenario, program, diags).run_alone();
}

void check_flow(const Scenario& scenario, const ProcessDecl& process, Diagnostics& diags) {
    FlowChecker(scenario, process, diags).run();
}

}  // namespace sy::scn
