// Objects that tasks share, and who holds them: a reference more, a copy, a reference less (linux.md 3.1, 3.3, 3.7).
#include "sim/base/assert.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

void hold(Ctx& cx, TaskId id, TaskField field, SharedId object) {
    cx.move(at::none, at::task(id, field), object, kNoShared);
}

// One table, one member of Task: the three things that can happen to a reference.
template <typename Table>
struct Reference {
    Ctx& cx;
    Table& table;
    SharedId Task::* member;
    TaskField field;
    SharedKind kind;

    void take(TaskId id, SharedId object) {
        cx.task(id).*member = object;
        hold(cx, id, field, object);
    }
    void create(TaskId id) { take(id, table.add()); }
    void share(TaskId id, SharedId object) {
        const std::int32_t n = table[object].count;
        cx.move(at::none, at::shared(kind, object, SharedField::count), static_cast<std::uint64_t>(n + 1),
                static_cast<std::uint64_t>(n));
        ++table.mut(object).count;
        take(id, object);
    }
    void copy(TaskId id, SharedId from) {
        const SharedId object = table.add();
        auto twin = table[from];
        twin.count = 1;
        twin.next_free = kNoShared;
        table.mut(object) = std::move(twin);
        take(id, object);
    }
    void put(TaskId id) {
        const SharedId object = cx.peek(id).*member;
        if (object == kNoShared) return;
        cx.task(id).*member = kNoShared;
        const std::int32_t n = table[object].count;
        SY_ASSERT(n > 0, "a shared object was given up more often than taken");
        cx.move(at::none, at::shared(kind, object, SharedField::count), static_cast<std::uint64_t>(n - 1),
                static_cast<std::uint64_t>(n));
        if (n > 1)
            --table.mut(object).count;
        else
            table.release(object);
    }
    // Nobody else shall see what the task does to it from now on.
    void unshare(TaskId id) {
        const SharedId object = cx.peek(id).*member;
        if (object == kNoShared || table[object].count == 1) return;
        put(id);
        copy(id, object);
    }
};

template <typename Table>
Reference(Ctx&, Table&, SharedId Task::*, TaskField, SharedKind) -> Reference<Table>;

auto files_of(Ctx& cx) {
    return Reference{cx, cx.k.shared.files, &Task::files, TaskField::files, SharedKind::files};
}
auto fs_of(Ctx& cx) { return Reference{cx, cx.k.shared.fs, &Task::fs, TaskField::fs, SharedKind::fs}; }
auto sighand_of(Ctx& cx) {
    return Reference{cx, cx.k.shared.sighand, &Task::sighand, TaskField::sighand, SharedKind::sighand};
}
auto signals_of(Ctx& cx) {
    return Reference{cx, cx.k.shared.signal, &Task::signal, TaskField::signal, SharedKind::signal};
}

}  // namespace

void new_shared_objects(Ctx& cx, TaskId id, bool leads) {
    files_of(cx).create(id);
    fs_of(cx).create(id);
    sighand_of(cx).create(id);
    signals_of(cx).create(id);
    SignalStruct& s = cx.signal_of(id);
    s.live = 1;
    cx.task(id).exit_signal = static_cast<std::int8_t>(sig::chld);
    if (!leads) return;
    s.pgrp = s.session = cx.peek(id).pid;
    s.is_leader = true;
}

void share_with_kthreadd(Ctx& cx, TaskId id, TaskId kthreadd) {
    put_files(cx, id);
    put_fs(cx, id);
    copy_files(cx, id, kthreadd, true);
    copy_fs(cx, id, kthreadd, true);
}

void copy_files(Ctx& cx, TaskId child, TaskId parent, bool share) {
    const SharedId object = cx.peek(parent).files;
    share ? files_of(cx).share(child, object) : files_of(cx).copy(child, object);
    if (!share) reopen_pipe_ends(cx, child);   // every file of the copy has a holder more
}
void copy_fs(Ctx& cx, TaskId child, TaskId parent, bool share) {
    const SharedId object = cx.peek(parent).fs;
    share ? fs_of(cx).share(child, object) : fs_of(cx).copy(child, object);
}
void copy_sighand(Ctx& cx, TaskId child, TaskId parent, bool share) {
    const SharedId object = cx.peek(parent).sighand;
    share ? sighand_of(cx).share(child, object) : sighand_of(cx).copy(child, object);
}
void copy_signal(Ctx& cx, TaskId child, TaskId parent, bool share) {
    if (share) {
        signals_of(cx).share(child, cx.peek(parent).signal);
        ++cx.signal_of(child).live;
        return;
    }
    signals_of(cx).create(child);
    const SignalStruct& of_parent = cx.peek_signal(parent);
    SignalStruct& s = cx.signal_of(child);
    s.live = 1;
    s.pgrp = of_parent.pgrp;
    s.session = of_parent.session;
    s.has_tty = of_parent.has_tty;
    s.has_child_subreaper = of_parent.has_child_subreaper || of_parent.is_child_subreaper;
}

void put_files(Ctx& cx, TaskId id) {
    close_with_last_holder(cx, id);
    files_of(cx).put(id);
}
void put_fs(Ctx& cx, TaskId id) { fs_of(cx).put(id); }
void put_sighand_and_signal(Ctx& cx, TaskId id) {
    sighand_of(cx).put(id);
    signals_of(cx).put(id);
}
void unshare_files(Ctx& cx, TaskId id) {
    const SharedId before = cx.peek(id).files;
    files_of(cx).unshare(id);
    if (cx.peek(id).files != before) reopen_pipe_ends(cx, id);
}
void unshare_sighand(Ctx& cx, TaskId id) { sighand_of(cx).unshare(id); }

}  // namespace sy
