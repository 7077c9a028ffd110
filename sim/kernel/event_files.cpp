// O_NONBLOCK, edge-triggered files of an eventpoll, eventfd. fs/eventpoll.c, fs/eventfd.c,
// fs/fcntl.c.
#include "sim/kernel/event_files.h"

#include <algorithm>

#include "sim/kernel/compiled.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"

namespace sy {

namespace {

constexpr std::uint64_t kEventfdOffset = 128;  // beside its eventpoll
constexpr std::uint64_t kEinval = static_cast<std::uint64_t>(-22);
constexpr std::uint64_t kEperm = static_cast<std::uint64_t>(-1);

std::uint64_t argument(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }
bool is_block_device(const Ctx& cx, std::uint64_t object) {
    const std::uint64_t i = (object - layout::devices) / layout::device_bytes;
    return object >= layout::devices && i < cx.k.devices.size() &&
           cx.k.image().scenario.devices[i].block;
}

// --- fcntl ---

void set_flags(Ctx& cx) {
    const std::uint64_t fd = argument(cx, PtReg::rdi), flags = argument(cx, PtReg::rdx);
    if (open_file(cx, fd).object == 0) return cx.set(Reg::rax, kEbadf);
    if (argument(cx, PtReg::rsi) != kFSetfl) return cx.set(Reg::rax, kEinval);
    std::vector<std::uint32_t>& set = cx.k.shared.files.mut(cx.cur().files).nonblocking;
    const auto at = std::find(set.begin(), set.end(), fd);
    if ((flags & kONonblock) != 0 && at == set.end()) set.push_back(static_cast<std::uint32_t>(fd));
    if ((flags & kONonblock) == 0 && at != set.end()) set.erase(at);
    cx.set(Reg::rax, 0);
}
constexpr StepDef fcntl_steps[] = {
    effect(set_flags, Cost::effect,
           {"F_SETFL: set or clear O_NONBLOCK of the open file.",
            "F_SETFL：设置或清除打开文件的 O_NONBLOCK。",
            "A read or write that would sleep returns -EAGAIN from now on.",
            "此后会睡眠的读写改为返回 -EAGAIN。"}),
    ret(),
};

// --- eventfd: rbx = the eventfd ---

Eventpoll* eventpoll_at(Ctx& cx) {
    const std::uint64_t i = (cx.reg(Reg::rbx) - layout::eventpolls) / layout::eventpoll_bytes;
    return i < cx.k.eventpolls.size() ? &cx.k.eventpolls[i] : nullptr;
}
void signal_eventfd(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::rdi, 0);
    cx.set(Reg::rax, 8);
    Eventpoll* ep = eventpoll_at(cx);
    if (ep == nullptr) return;
    ep->kicked = true;
    if (const TaskId t = take_poller_of(cx, cx.reg(Reg::rbx)); t != kNoTask)
        cx.set(Reg::rdi, layout::task_address(t));
}
bool nobody_polls(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void eight_bytes(Ctx& cx) { cx.set(Reg::rax, 8); }
constexpr StepDef eventfd_write_steps[] = {
    push(Reg::rbx),
    effect(signal_eventfd, Cost::locked,
           {"Add to the eventfd's count; take one task off the queue of its eventpoll.",
            "增加 eventfd 的计数；从它的 eventpoll 队列取出一个任务。",
            "A thread library ends an epoll_wait in this way when there is something to run.",
            "线程库在有线程可运行时，用这种办法结束一次 epoll_wait。"}),
    branch(nobody_polls, "out",
           {"Does nobody sleep in epoll_wait?", "没有人睡在 epoll_wait 里吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("out"),
    effect(eight_bytes, Cost::word,
           {"Return 8: its count is a word.", "返回 8：它的计数是一个字。", "", ""}),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

bool is_nonblocking(const Ctx& cx) {
    const SharedId files = cx.cur().files;
    if (files == kNoShared || cx.k.shared.files[files].nonblocking.empty()) return false;
    const std::vector<std::uint32_t>& set = cx.k.shared.files[files].nonblocking;
    return std::find(set.begin(), set.end(), argument(cx, PtReg::rdi)) != set.end();
}

std::uint64_t eventfd_of(const Ctx& cx) {
    for (std::size_t i = 0; i < cx.k.coroutine_envs.size(); ++i)
        if (cx.k.coroutine_envs[i].mm == cx.cur().mm)
            return layout::eventpolls + i * layout::eventpoll_bytes + kEventfdOffset;
    return 0;
}
bool is_eventfd(std::uint64_t object) {
    return object >= layout::eventpolls && object < layout::sockets &&
           object % layout::eventpoll_bytes == kEventfdOffset;
}

std::uint64_t watch_file(Ctx& cx, Eventpoll& ep, std::uint64_t fd) {
    const OpenFile f = open_file(cx, fd);
    if (f.object == 0) return kEbadf;
    if (is_eventfd(f.object)) return 0;
    if (is_block_device(cx, f.object))
        return kEperm;  // a file that is always ready cannot be watched
    const bool known = std::any_of(ep.files.begin(), ep.files.end(),
                                   [&](const Eventpoll::File& e) { return e.fd == fd; });
    if (known) return static_cast<std::uint64_t>(-17);  // EEXIST
    Eventpoll::File& e = ep.files.emplace_back();
    e.object = f.object;
    e.fd = static_cast<std::uint32_t>(fd);
    e.writes = f.end == kWriteEnd;
    if (is_pipe(cx, f.object)) {
        const Pipe& p = cx.k.pipes[pipe_of(f.object)];
        e.in = f.end == kReadEnd && (p.used > 0 || p.open_writers == 0);
        e.out = f.end == kWriteEnd && (p.used < p.capacity || p.open_readers == 0);
    } else {
        e.in = cx.k.devices[device_of(f.object)].available > 0;
    }
    return 0;
}

void note_file(Ctx& cx, std::uint64_t object, bool in) {
    for (Eventpoll& ep : cx.k.eventpolls)
        for (Eventpoll::File& f : ep.files)
            if (f.object == object && f.writes != in) (in ? f.in : f.out) = true;
}

TaskId take_poller_of(Ctx& cx, std::uint64_t object) {
    for (std::size_t i = 0; i < cx.k.eventpolls.size(); ++i) {
        Eventpoll& ep = cx.k.eventpolls[i];
        const bool its_own =
            object == layout::eventpolls + i * layout::eventpoll_bytes + kEventfdOffset;
        const bool watched =
            its_own || std::any_of(ep.files.begin(), ep.files.end(), [&](const Eventpoll::File& f) {
                return f.object == object && (f.in || f.out);
            });
        if (!watched || ep.wait_head == kNoTask) continue;
        const TaskId t = ep.wait_head;
        WaitQueue q{ep.wait_head, ep.wait_tail};
        cx.wait_remove(q, t);
        ep.wait_head = q.head;
        ep.wait_tail = q.tail;
        return t;
    }
    return kNoTask;
}

std::uint64_t report_files(Eventpoll& ep, Carrier& to) {
    std::uint64_t n = ep.kicked ? 1 : 0;
    ep.kicked = false;
    for (Eventpoll::File& f : ep.files) {
        if (!f.in && !f.out) continue;
        to.ready_fds.push_back(f.fd << 2 | (f.out ? 2u : 0u) | (f.in ? 1u : 0u));
        f.in = f.out = false;
        ++n;
    }
    return n;
}

namespace routines {
const Routine x64_sys_fcntl =
    make_routine<fcntl_steps>("__x64_sys_fcntl", Actor::kernel, Phase::work);
const Routine eventfd_write =
    make_routine<eventfd_write_steps>("eventfd_write", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
