// Visiting every statement of a program with the task that would execute it. Private to
// sim/scenario.
#pragma once

#include <functional>

#include "sim/model/scenario.h"

namespace sy::scn {

// Which task of a scenario executes a statement. Two copies of one declaration count as one owner.
struct Owner {
    std::size_t process = 0;  // index into Scenario::processes
    std::size_t task =
        0;  // 0: the main thread, n: threads[n-1], above those: forked children in order
    bool is_single = true;  // exactly one such task can exist
    bool is_child = false;  // of a fork: it has memory of its own

    friend bool operator==(const Owner&, const Owner&) = default;
};

// fork and its like: the body is another task's.
inline bool makes_task(Stmt::Kind kind) {
    return kind == Stmt::Kind::fork || kind == Stmt::Kind::clone || kind == Stmt::Kind::vfork;
}

using Visit = std::function<void(const Stmt&, const Owner&)>;

// Every statement of the process in the order in which each task first reaches it.
inline void walk_body(const std::vector<Stmt>& body, const Owner& owner, std::size_t& next_child,
                      const Visit& visit) {
    for (const Stmt& stmt : body) {
        visit(stmt, owner);
        if (!makes_task(stmt.kind)) {
            walk_body(stmt.body, owner, next_child, visit);
            continue;
        }
        Owner child = owner;
        child.task = next_child++;
        child.is_single = false;  // how often fork is reached is not looked into
        child.is_child = true;
        walk_body(stmt.body, child, next_child, visit);
    }
}

inline void walk_process(const Scenario& scenario, std::size_t process, const Visit& visit) {
    const ProcessDecl& decl = scenario.processes[process];
    std::size_t next_child = decl.threads.size() + 1;
    Owner owner{.process = process, .task = 0, .is_single = decl.copies == 1, .is_child = false};
    walk_body(decl.body, owner, next_child, visit);
    for (const ThreadDecl& thread : decl.threads) {
        ++owner.task;
        owner.is_single = decl.copies == 1 && thread.copies == 1;
        walk_body(thread.body, owner, next_child, visit);
    }
}

}  // namespace sy::scn
