// Sockets whose other ends are outside the machine, and epoll over them: accept4, epoll_ctl, epoll_wait, and what NET_RX
// does with a packet. Every socket is non-blocking, as the coroutine library makes them. linux.md 4.7, 10.3.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/coroutines.h"
#include "sim/kernel/event_files.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"

namespace sy {

namespace {

constexpr std::uint64_t kNoTimeout = ~std::uint64_t{0};
constexpr std::uint64_t kEagain = static_cast<std::uint64_t>(-11);
constexpr std::uint64_t kEintr = static_cast<std::uint64_t>(-4);
constexpr std::uint64_t kEbadf = static_cast<std::uint64_t>(-9);

std::uint64_t argument(Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }
Place pt_place(Ctx& cx, PtReg r) { return at::word(cx.user_regs() + 8 * static_cast<std::uint64_t>(r)); }
Place connection_place(std::uint32_t connection) {
    return at::word(layout::sockets + connection * layout::socket_bytes);
}

std::uint32_t env_index(Ctx& cx) {
    return static_cast<std::uint32_t>(&coroutine_env(cx) - cx.k.coroutine_envs.data());
}

void list_append(Ctx& cx, std::uint32_t& head, std::uint32_t& tail, std::uint32_t id) {
    cx.k.connections.mut(id).next = kNoConnection;
    if (tail != kNoConnection)
        cx.k.connections.mut(tail).next = id;
    else
        head = id;
    tail = id;
}

// ep_poll_callback: a watched connection with something to read joins the ready list once.
void mark_ready(Ctx& cx, std::uint32_t id) {
    Connection& c = cx.k.connections.mut(id);
    if (!c.watched || c.unread == 0 || c.listed) return;
    c.listed = true;
    Eventpoll& ep = cx.k.eventpolls[c.env];
    list_append(cx, ep.ready_head, ep.ready_tail, id);
}

// --- accept4 ---

void take_connection(Ctx& cx) {
    const std::uint64_t which = argument(cx, PtReg::rdi) - kFirstListenFd;
    if (which >= cx.k.clients.size()) return cx.set(Reg::rax, kEbadf);
    ClientsState& clients = cx.k.clients[which];
    const auto all = static_cast<std::uint64_t>(cx.k.image().scenario.clients[which].copies);
    if (clients.accepted == all) return cx.set(Reg::rax, kEagain);
    const auto id = static_cast<std::uint32_t>(clients.first + clients.accepted++);
    cx.k.connections.mut(id).accepted = true;
    cx.set(Reg::rax, kFirstSocketFd + id, connection_place(id));
}
constexpr StepDef accept4_steps[] = {
    push(Reg::rbx),
    effect(take_connection, Cost::locked,
           {"Take the first established connection and give it a descriptor.",
            "取出第一个已建立的连接，给它一个描述符。",
            "The handshake was made by the kernel before anybody called accept.",
            "握手在有人调用 accept 之前就由内核完成了。"}),
    pop(Reg::rbx), ret(),
};

// --- epoll_ctl ---

void change_interest(Ctx& cx) {
    if (argument(cx, PtReg::rsi) == kEpollEdge)
        return cx.set(Reg::rax, watch_file(cx, cx.k.eventpolls[env_index(cx)], argument(cx, PtReg::rdx)));
    const std::uint64_t id = argument(cx, PtReg::rdx) - kFirstSocketFd;
    if (id >= cx.k.connections.size() || !cx.k.connections[id].accepted) return cx.set(Reg::rax, kEbadf);
    const auto connection = static_cast<std::uint32_t>(id);
    Connection& c = cx.k.connections.mut(connection);
    const bool add = argument(cx, PtReg::rsi) == kEpollCtlAdd;
    Eventpoll& ep = cx.k.eventpolls[env_index(cx)];
    cx.move(pt_place(cx, PtReg::rdx), connection_place(connection), add, c.watched);
    if (add && !c.watched && ++ep.items > ep.most_items) ep.most_items = ep.items;
    if (!add && c.watched) --ep.items;
    c.watched = add;
    c.env = static_cast<std::uint16_t>(env_index(cx));
    if (add) c.coroutine = carrier_of(cx, coroutine_env(cx)).running;
    mark_ready(cx, connection);
    cx.set(Reg::rax, 0);
}
constexpr StepDef epoll_ctl_steps[] = {
    push(Reg::rbx), call(routines::do_epoll_ctl), pop(Reg::rbx), ret(),
};
constexpr StepDef do_epoll_ctl_steps[] = {
    effect(change_interest, Cost::locked,
           {"Add the connection to the watched ones, or take it away.", "把连接加入监视集合，或从中去掉。",
            "If it has something to read already, it is ready at once.", "若已有可读的数据，它立即就绪。"}),
    ret(),
};

// --- epoll_wait: rbx = the eventpoll's number, r12 = until when ---

Eventpoll& polled(Ctx& cx) { return element(cx.k.eventpolls, cx.reg(Reg::rbx)); }
void poll_begin(Ctx& cx) {
    cx.set(Reg::rbx, env_index(cx), pt_place(cx, PtReg::rdi));
    // epoll_wait: milliseconds; epoll_pwait2: the nanoseconds of its timespec, -1: no timeout.
    const std::uint64_t timeout = argument(cx, PtReg::r10);
    const bool fine = argument(cx, PtReg::orig_rax) == nr::epoll_pwait2;
    constexpr auto kMost = static_cast<std::uint64_t>(limits::duration_ns);
    const std::uint64_t ns = fine ? timeout : timeout <= kMost / kMilli ? timeout * kMilli : ~std::uint64_t{0};
    cx.set(Reg::r12, ns > kMost ? kNoTimeout : static_cast<std::uint64_t>(cx.cpu.clock) + ns, pt_place(cx, PtReg::r10));
}
bool has_events(Ctx& cx) {
    const Eventpoll& ep = polled(cx);
    return ep.ready_head != kNoConnection || ep.kicked ||
           std::any_of(ep.files.begin(), ep.files.end(), [](const Eventpoll::File& f) { return f.in || f.out; });
}
bool time_is_up(Ctx& cx) {
    return cx.reg(Reg::r12) != kNoTimeout && static_cast<Nanos>(cx.reg(Reg::r12)) <= cx.cpu.clock;
}
void join_queue(Ctx& cx) {
    Eventpoll& ep = polled(cx);
    WaitQueue q{ep.wait_head, ep.wait_tail};
    cx.wait_add(q, cx.current(), layout::eventpolls + cx.reg(Reg::rbx) * layout::eventpoll_bytes);
    ep.wait_head = q.head;
    ep.wait_tail = q.tail;
    cx.set_state(cx.current(), task_state::interruptible);
}
void leave_queue(Ctx& cx) {
    Eventpoll& ep = polled(cx);
    WaitQueue q{ep.wait_head, ep.wait_tail};
    cx.wait_remove(q, cx.current());
    ep.wait_head = q.head;
    ep.wait_tail = q.tail;
    cx.set_state(cx.current(), task_state::running);
}
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
// ep_send_events: those that are still watched and readable are the answer, at most as many as the caller has room for.
void send_events(Ctx& cx) {
    Eventpoll& ep = polled(cx);
    Carrier& me = carrier_of(cx, coroutine_env(cx));
    me.events = kNoConnection;
    std::uint32_t tail = kNoConnection;
    std::uint64_t n = 0;
    while (ep.ready_head != kNoConnection && n < argument(cx, PtReg::rdx)) {
        const std::uint32_t id = ep.ready_head;
        Connection& c = cx.k.connections.mut(id);
        ep.ready_head = c.next;
        if (ep.ready_head == kNoConnection) ep.ready_tail = kNoConnection;
        c.listed = false;
        if (!c.watched || c.unread == 0) continue;
        list_append(cx, me.events, tail, id);
        ++n;
    }
    n += report_files(ep, me);
    cx.set(Reg::rax, n);
}
void no_events(Ctx& cx) { cx.set(Reg::rax, 0); }
void interrupted(Ctx& cx) { cx.set(Reg::rax, kEintr); }

constexpr StepDef epoll_wait_steps[] = {
    push(Reg::rbx), call(routines::do_epoll_wait), pop(Reg::rbx), ret(),
};
constexpr StepDef do_epoll_wait_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(poll_begin, Cost::effect, {"Work out until when {cur} will wait.", "算出 {cur} 最多等到何时。", "", ""}),
    label("again"),
    branch(has_events, "send", {"Is a watched connection ready?", "有被监视的连接就绪吗？", "", ""}),
    branch(time_is_up, "none", {"Is the time over?", "时间到了吗？", "", ""}),
    effect(join_queue, Cost::locked,
           {"Join the eventpoll's wait queue, set {cur}'s state to TASK_INTERRUPTIBLE.",
            "加入 eventpoll 的等待队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
            "One task waits here for every connection at once; coroutines by the million wait with it.",
            "一个任务在这里同时等待所有连接；成百万的协程随它一起等。"}),
    branch(has_events, "woken", {"Has one become ready meanwhile?", "其间有连接就绪了吗？", "", ""}),
    call(routines::schedule_hrtimeout_range_clock),
    label("woken"),
    effect(leave_queue, Cost::locked, {"Leave the wait queue: {cur} is awake.", "离开等待队列：{cur} 醒了。", "", ""}),
    branch(signal_pending, "signal", {"Was it a signal?", "是信号吗？", "", ""}),
    jump("again"),
    label("send"),
    effect(send_events, Cost::copy,
           {"Copy the ready connections to {cur}'s array.", "把就绪的连接复制到 {cur} 的数组。",
            "One system call answers for up to 1,024 of them.", "一次系统调用最多回答 1,024 个。"}),
    jump("out"),
    label("none"), effect(no_events, Cost::word, {"None is: the result is 0.", "没有：结果为 0。", "", ""}),
    jump("out"),
    label("signal"),
    effect(interrupted, Cost::word, {"A signal ended the wait: -EINTR.", "等待被信号打断：-EINTR。", "", ""}),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

void arm_timeout(Ctx& cx) {
    if (cx.reg(Reg::r12) == kNoTimeout) return;
    cx.cur().timer = cx.start_timer(cx.cpu.id, static_cast<Nanos>(cx.reg(Reg::r12)), TimerKind::sleep, cx.current());
    cx.program_lapic(cx.cpu.id);
}
void disarm_timeout(Ctx& cx) { cx.cur().timer = 0; }
constexpr StepDef schedule_hrtimeout_range_clock_steps[] = {
    effect(arm_timeout, Cost::timer, {"Start an hrtimer that ends the wait.", "启动结束等待的 hrtimer。", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} sleeps inside this call.", "调用 schedule()：{cur} 在这次调用里睡去。",
                              "Every coroutine of the process sleeps with it.", "进程的所有协程随它一起睡。"}),
    effect(disarm_timeout, Cost::effect, {"{cur} is awake: no timer is armed any more.", "{cur} 醒了：不再有定时器。", "", ""}),
    ret(),
};

// --- read and write ---

ClientsState& clients_of(Ctx& cx, std::uint32_t connection) {
    std::size_t i = cx.k.clients.size() - 1;
    while (cx.k.clients[i].first > connection) --i;
    return cx.k.clients[i];
}
void receive(Ctx& cx) {
    const std::uint32_t id = connection_of(cx.reg(Reg::rdi));
    Connection& c = cx.k.connections.mut(id);
    if (c.unread == 0) return cx.set(Reg::rax, kEagain);
    cx.move(connection_place(id), at::reg(Reg::rax), cx.reg(Reg::rsi), 0);
    --c.unread;
    ClientsState& clients = clients_of(cx, id);
    --clients.unread;
    ++clients.read;
    cx.set(Reg::rax, cx.reg(Reg::rsi), connection_place(id));
}
void send(Ctx& cx) {
    const std::uint32_t id = connection_of(cx.reg(Reg::rdi));
    ++clients_of(cx, id).answered;
    cx.set(Reg::rax, cx.reg(Reg::rsi), at::reg(Reg::rsi));
}
constexpr StepDef sock_read_iter_steps[] = {
    effect(receive, Cost::copy,
           {"Copy the message from the socket's queue to {cur}'s buffer.", "把消息从套接字队列复制到 {cur} 的缓冲区。",
            "With nothing there the answer is -EAGAIN: the socket is non-blocking.",
            "若没有消息，回答是 -EAGAIN：这个套接字是非阻塞的。"}),
    ret(),
};
constexpr StepDef sock_write_iter_steps[] = {
    effect(send, Cost::copy, {"Hand the answer to the network.", "把回答交给网络。", "", ""}),
    ret(),
};

// --- NET_RX: rbx = the device ---


bool ring_is_empty(Ctx& cx) { return ring_packets(cx.k, cx.reg(Reg::rbx)) == 0 || cx.reg(Reg::r12) == 0; }
void poll_ring_begin(Ctx& cx) {
    cx.set(Reg::rbx, first_ring(cx.k));
    cx.set(Reg::r12, kNapiWeight);
}
// One packet: into its socket's queue; who waits for its eventpoll in RDI.
void take_packet(Ctx& cx) {
    cx.set(Reg::r12, cx.reg(Reg::r12) - 1);
    cx.set(Reg::rdi, 0);
    for (std::size_t i = 0; i < cx.k.clients.size(); ++i) {
        ClientsState& clients = cx.k.clients[i];
        if (clients.in_ring == 0) continue;
        const ClientsDecl& decl = cx.k.image().scenario.clients[i];
        --clients.in_ring;
        const auto id = static_cast<std::uint32_t>(clients.first +
                                                   clients.delivered++ % static_cast<std::uint64_t>(decl.copies));
        Connection& c = cx.k.connections.mut(id);
        cx.move(at::per_cpu(cx.cpu.id, PerCpuField::device), connection_place(id), c.unread + 1u, c.unread);
        if (c.unread == 255) return;   // its window is full: the sender will have to send it again
        ++c.unread;
        if (++clients.unread > clients.most_unread) clients.most_unread = clients.unread;
        mark_ready(cx, id);
        if (!c.listed) return;
        const Eventpoll& ep = cx.k.eventpolls[c.env];
        if (ep.wait_head != kNoTask) cx.set(Reg::rdi, layout::task_address(ep.wait_head));
        return;
    }
}
bool nobody_waits(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void poll_ring_again(Ctx& cx) {
    if (first_ring(cx.k) != kNoRing) cx.raise_softirq(Softirq::net_rx);
}
constexpr StepDef napi_poll_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(poll_ring_begin, Cost::softirq,
           {"Poll the card's ring: up to 64 packets.", "轮询网卡的环：最多 64 个包。",
            "While packets keep coming the card need not interrupt for each.", "只要包不断到来，网卡就不必逐个中断。"}),
    label("next"),
    branch(ring_is_empty, "done", {"Is the ring empty, or the budget used up?", "环空了，或预算用完了吗？", "", ""}),
    effect(take_packet, Cost::effect,
           {"Put the packet's message into its socket's queue (sock_def_readable, ep_poll_callback).",
            "把包里的消息放进其套接字的队列（sock_def_readable、ep_poll_callback）。", "", ""}),
    branch(nobody_waits, "next", {"Does nobody sleep in epoll_wait for it?", "没有人在 epoll_wait 里等它吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("next"),
    label("done"),
    effect(poll_ring_again, Cost::effect, {"Packets left over raise NET_RX again.", "剩下的包会再次触发 NET_RX。", "", ""}),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

}  // namespace

std::uint64_t first_ring(const Kernel& k) {
    for (std::size_t i = 0; i < k.clients.size(); ++i)
        if (k.clients[i].in_ring > 0) return i;
    return kNoRing;
}
std::uint64_t ring_packets(const Kernel& k, std::uint64_t ring) {
    std::uint64_t n = 0;
    if (ring == kNoRing) return n;
    for (const ClientsState& c : k.clients) n += c.in_ring;
    return n;
}
bool has_clients(const Kernel& k, std::uint32_t device) {
    const Scenario& s = k.image().scenario;
    for (const ClientsDecl& c : s.clients)
        if (c.device == s.devices[device].name) return true;
    return false;
}

namespace routines {
const Routine x64_sys_accept4 = make_routine<accept4_steps>("__x64_sys_accept4", Actor::kernel, Phase::work);
const Routine x64_sys_epoll_ctl = make_routine<epoll_ctl_steps>("__x64_sys_epoll_ctl", Actor::kernel, Phase::work);
const Routine do_epoll_ctl = make_routine<do_epoll_ctl_steps>("do_epoll_ctl", Actor::kernel, Phase::work);
const Routine x64_sys_epoll_wait = make_routine<epoll_wait_steps>("__x64_sys_epoll_wait", Actor::kernel, Phase::work);
const Routine x64_sys_epoll_pwait2 = make_routine<epoll_wait_steps>("__x64_sys_epoll_pwait2", Actor::kernel, Phase::work);
const Routine do_epoll_wait = make_routine<do_epoll_wait_steps>("do_epoll_wait", Actor::kernel, Phase::work);
const Routine schedule_hrtimeout_range_clock = make_routine<schedule_hrtimeout_range_clock_steps>(
    "schedule_hrtimeout_range_clock", Actor::kernel, Phase::work, true);
const Routine sock_read_iter = make_routine<sock_read_iter_steps>("sock_read_iter", Actor::kernel, Phase::work);
const Routine sock_write_iter = make_routine<sock_write_iter_steps>("sock_write_iter", Actor::kernel, Phase::work);
const Routine napi_poll = make_routine<napi_poll_steps>("napi_poll", Actor::softirq, Phase::work);
}  // namespace routines

}  // namespace sy
