// What can be foretold about one program. Programs have no conditions, so locks, loops and what
// comes after them are certain: a task that locks what it holds, or loops without letting time
// pass, does so in every run.
#include <algorithm>
#include <map>
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

// A statement behind which nothing is reached.
bool never_goes_on(const Stmt& stmt) {
    if (stmt.kind == Kind::exit || stmt.kind == Kind::exec || is_endless(stmt)) return true;
    return stmt.kind == Kind::repeat &&
           std::any_of(stmt.body.begin(), stmt.body.end(), never_goes_on);
}

bool can_be_zero(const Dist& dist) {
    return dist.kind == Dist::Kind::fixed ? dist.a == 0
                                          : dist.kind == Dist::Kind::uniform && dist.b == 0;
}

// How a block uses one lock, seen from outside.
struct LockUse {
    bool begins_with_lock, ends_with_lock;
    SourcePos first, last;
};

using LockUses = std::map<std::string_view, LockUse>;

class FlowChecker {
  public:
    FlowChecker(const Scenario& scenario, const ProcessDecl& process, Diagnostics& diags)
        : s_(scenario), process_(process), diags_(diags) {}

    void run() {
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
            if (!use.begins_with_lock) not_locked(name, use.first);
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
            if (never_goes_on(stmt) && i + 1 < body.size()) {
                diags_.warning(body[i + 1].pos, text("this is never reached", "这里永远执行不到"));
            }
            reachable(stmt.body);
            if (never_goes_on(stmt)) break;
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
            case Kind::every:
            case Kind::exit:
            case Kind::exec:
            case Kind::pause:
            case Kind::sigsuspend:
            case Kind::waitpid:
            case Kind::waitid:
                return true;
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
            case Kind::yield:
            case Kind::lock:
            case Kind::unlock:
            case Kind::signal:
            case Kind::join:
            case Kind::fork:
            case Kind::getpid:
            case Kind::accept:
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
        diags_.error(
            pos,
            text("this task has locked '{0}' already (line {1}): it would wait for itself for ever",
                 "这个任务已经锁住了 “{0}”（第 {1} 行）：它会永远等待自己",
                 {name, std::to_string(before.line)}));
    }

    void not_locked(std::string_view name, SourcePos pos) {
        diags_.error(pos, text("unlock without lock: this task does not hold '{0}' here",
                               "没有加锁就解锁：这个任务此时并不持有 “{0}”", {name}));
    }

    // `next` follows on `use`; complains when they do not fit.
    void follow(std::string_view name, LockUse& use, const LockUse& next) {
        if (use.ends_with_lock && next.begins_with_lock) already_locked(name, next.first, use.last);
        if (!use.ends_with_lock && !next.begins_with_lock) not_locked(name, next.first);
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
            if (stmt.kind == Kind::lock || stmt.kind == Kind::unlock) {
                const bool is_lock = stmt.kind == Kind::lock;
                add(stmt.name, {is_lock, is_lock, stmt.name_pos, stmt.name_pos});
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

    // --- semaphores, join, wait ---

    struct Use {
        const Stmt* stmt;
        Owner owner;
    };

    void collect() {
        const auto index = static_cast<std::size_t>(&process_ - s_.processes.data());
        walk_process(s_, index, [&](const Stmt& stmt, const Owner& owner) {
            const bool is_semaphore =
                (stmt.kind == Kind::wait && !stmt.name.empty()) || stmt.kind == Kind::signal;
            if (is_semaphore) semaphore_uses_[stmt.name].push_back({&stmt, owner});
            if (stmt.kind == Kind::lock) lockers_[stmt.name].insert(owner.task);
            if (stmt.kind == Kind::lock && !owner.is_single)
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
                if (use.stmt->kind != Kind::wait) continue;
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
};

}  // namespace

void check_work_flow(const Scenario& scenario, const ProcessDecl& program, Diagnostics& diags) {
    FlowChecker(scenario, program, diags).run_alone();
}

void check_flow(const Scenario& scenario, const ProcessDecl& process, Diagnostics& diags) {
    FlowChecker(scenario, process, diags).run();
}

}  // namespace sy::scn
