// read, write and fsync: pipes with a capacity, character devices whose interrupts bring events, and block devices
// that finish requests. A file descriptor is an index: pipes first, then devices (sim/program/program.h).
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

constexpr std::uint64_t kEbadf = static_cast<std::uint64_t>(-9);
constexpr std::uint64_t kEintr = static_cast<std::uint64_t>(restart_code::sys);   // becomes -EINTR, or a restart

// What a descriptor names, kept in RDI and RBX as the address of the object.
bool is_pipe(const Ctx& cx, std::uint64_t object) {
    return object >= layout::pipes && object < layout::pipes + cx.k.pipes.size() * layout::pipe_bytes;
}
std::uint32_t pipe_of(std::uint64_t object) {
    return static_cast<std::uint32_t>((object - layout::pipes) / layout::pipe_bytes);
}
std::uint32_t device_of(std::uint64_t object) {
    return static_cast<std::uint32_t>((object - layout::devices) / layout::device_bytes);
}
std::uint64_t object_of_fd(const Ctx& cx, std::uint64_t fd) {
    if (fd >= kFirstSocketFd) return socket_of_fd(cx.k, fd);
    const std::uint64_t i = fd - kFirstFd;
    if (i < cx.k.pipes.size()) return layout::pipes + i * layout::pipe_bytes;
    const std::uint64_t d = i - cx.k.pipes.size();
    return d < cx.k.devices.size() ? layout::devices + d * layout::device_bytes : 0;
}

void look_up_file(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rdi, object_of_fd(cx, cx.pt_reg(regs, PtReg::rdi)), at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
    cx.set(Reg::rsi, cx.pt_reg(regs, PtReg::rdx), at::word(regs + 8 * static_cast<int>(PtReg::rdx)));
}
bool bad_file(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void return_ebadf(Ctx& cx) { cx.set(Reg::rax, kEbadf); }

const Routine* read_method(Ctx& cx) {
    const std::uint64_t object = cx.reg(Reg::rdi);
    if (is_pipe(cx, object)) return &routines::pipe_read;
    if (is_socket(cx.k, object)) return &routines::sock_read_iter;
    return cx.k.image().scenario.devices[device_of(object)].block ? &routines::submit_bio_wait
                                                                 : &routines::evdev_read;
}
const Routine* write_method(Ctx& cx) {
    const std::uint64_t object = cx.reg(Reg::rdi);
    if (is_pipe(cx, object)) return &routines::pipe_write;
    if (is_socket(cx.k, object)) return &routines::sock_write_iter;
    return cx.k.image().scenario.devices[device_of(object)].block ? &routines::submit_bio_wait
                                                                 : &routines::null_write;
}

constexpr Say kLookUp = {"Look up the open file in {cur}'s descriptor table.", "在 {cur} 的描述符表中查找打开的文件。", "", ""};
constexpr Say kBadFile = {"Is it an open file?", "它是打开的文件吗？", "", ""};
constexpr Say kEbadfSay = {"It is not: -EBADF.", "不是：-EBADF。", "", ""};

constexpr StepDef sys_read_steps[] = {
    effect(look_up_file, Cost::effect, kLookUp),
    branch(bad_file, "bad", kBadFile),
    push(Reg::rbx), call(routines::vfs_read), pop(Reg::rbx), ret(),
    label("bad"), effect(return_ebadf, Cost::word, kEbadfSay), ret(),
};
constexpr StepDef sys_write_steps[] = {
    effect(look_up_file, Cost::effect, kLookUp),
    branch(bad_file, "bad", kBadFile),
    push(Reg::rbx), call(routines::vfs_write), pop(Reg::rbx), ret(),
    label("bad"), effect(return_ebadf, Cost::word, kEbadfSay), ret(),
};
constexpr StepDef sys_fsync_steps[] = {
    effect(look_up_file, Cost::effect, kLookUp),
    branch(bad_file, "bad", kBadFile),
    push(Reg::rbx), call(routines::submit_bio_wait), pop(Reg::rbx), ret(),
    label("bad"), effect(return_ebadf, Cost::word, kEbadfSay), ret(),
};
constexpr StepDef vfs_read_steps[] = {
    push(Reg::rbx),
    call_indirect(read_method, {"Call the file's own read method.", "调用该文件自己的读方法。",
                                "To the caller a pipe, a keyboard and a disk look alike.",
                                "对调用者来说，管道、键盘和磁盘都一样。"}),
    pop(Reg::rbx), ret(),
};
constexpr StepDef vfs_write_steps[] = {
    push(Reg::rbx),
    call_indirect(write_method, {"Call the file's own write method.", "调用该文件自己的写方法。", "", ""}),
    pop(Reg::rbx), ret(),
};

// --- pipes: rbx = the pipe, r12 = bytes wanted or still to write, rbp = bytes done ---

Pipe& pipe(Ctx& cx) { return cx.k.pipes[pipe_of(cx.reg(Reg::rbx))]; }
Place pipe_place(const Ctx& cx) {
    return {Place::Kind::per_cpu, static_cast<std::uint8_t>(PerCpuField::pipe), pipe_of(cx.reg(Reg::rbx)), 0};
}
void pipe_begin(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::r12, cx.reg(Reg::rsi), at::reg(Reg::rsi));
    cx.set(Reg::rbp, 0);
}
bool has_bytes(Ctx& cx) { return pipe(cx).used > 0; }
bool has_room(Ctx& cx) { return pipe(cx).used < pipe(cx).capacity; }
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void wait_to_read(Ctx& cx) {
    cx.wait_add(pipe(cx).readers, cx.current(), cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::interruptible);
}
void wait_to_write(Ctx& cx) {
    cx.wait_add(pipe(cx).writers, cx.current(), cx.reg(Reg::rbx) + 8);
    cx.set_state(cx.current(), task_state::interruptible);
}
void finish_read_wait(Ctx& cx) {
    cx.wait_remove(pipe(cx).readers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
void finish_write_wait(Ctx& cx) {
    cx.wait_remove(pipe(cx).writers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
void copy_from_pipe(Ctx& cx) {
    Pipe& p = pipe(cx);
    const auto n = std::min<std::int64_t>(p.used, static_cast<std::int64_t>(cx.reg(Reg::r12)));
    cx.move(pipe_place(cx), pipe_place(cx), static_cast<std::uint64_t>(p.used - n),
            static_cast<std::uint64_t>(p.used));
    p.used -= n;
    cx.set(Reg::rbp, static_cast<std::uint64_t>(n), pipe_place(cx));
}
void copy_to_pipe(Ctx& cx) {
    Pipe& p = pipe(cx);
    const auto n = std::min<std::int64_t>(p.capacity - p.used, static_cast<std::int64_t>(cx.reg(Reg::r12)));
    cx.move(pipe_place(cx), pipe_place(cx), static_cast<std::uint64_t>(p.used + n),
            static_cast<std::uint64_t>(p.used));
    p.used += n;
    cx.set(Reg::r12, cx.reg(Reg::r12) - static_cast<std::uint64_t>(n));
    cx.set(Reg::rbp, cx.reg(Reg::rbp) + static_cast<std::uint64_t>(n));
}
bool all_written(Ctx& cx) { return cx.reg(Reg::r12) == 0; }
// The first of a queue, taken off it, in RDI; 0 if nobody stands there. Looking and taking are one step, as under the
// pipe's mutex: another CPU may be at the same queue.
void take_first(Ctx& cx, WaitQueue& q) {
    const TaskId t = q.head;
    if (t != kNoTask) cx.wait_remove(q, t);
    cx.cpu.smp.wake_sync = t != kNoTask;   // wake_up_interruptible_sync_poll: the waker is about to sleep
    cx.set(Reg::rdi, t != kNoTask ? layout::task_address(t) : 0, pipe_place(cx));
}
void take_writer(Ctx& cx) { take_first(cx, pipe(cx).writers); }
void take_reader(Ctx& cx) { take_first(cx, pipe(cx).readers); }
// Who was woken for bytes or room that it leaves over hands the wakeup on (pipe.c: wake_next_reader, wake_next_writer).
void take_next_reader(Ctx& cx) {
    if (has_bytes(cx))
        take_reader(cx);
    else
        cx.set(Reg::rdi, 0);
}
void take_next_writer(Ctx& cx) {
    if (has_room(cx))
        take_writer(cx);
    else
        cx.set(Reg::rdi, 0);
}
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
bool nothing_copied(Ctx& cx) { return cx.reg(Reg::rbp) == 0; }
void return_done(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rbp), at::reg(Reg::rbp)); }
void result_eintr(Ctx& cx) {
    if (cx.reg(Reg::rbp) == 0) cx.set(Reg::rbp, kEintr);
}

constexpr Say kBegin = {"Keep the file and the number of bytes in callee-saved registers.",
                        "把文件和字节数放进被调用者保存寄存器。",
                        "They must survive a sleep: the switch saves exactly these registers.",
                        "它们要在睡眠后仍在：切换保存的正是这些寄存器。"};
constexpr Say kWait = {"Join the wait queue, set {cur}'s state to TASK_INTERRUPTIBLE.",
                       "加入等待队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
                       "First queue, then test once more, then sleep: so no wakeup is lost.",
                       "先入队，再测试一次，然后才睡：这样不会丢失唤醒。"};
constexpr Say kSleep = {"Call schedule(): {cur} sleeps inside this call.", "调用 schedule()：{cur} 在这次调用里睡去。",
                        "Its whole state is now these words on its kernel stack.",
                        "它的全部状态就是内核栈上的这些字。"};
constexpr Say kFinish = {"Leave the wait queue: {cur} is awake.", "离开等待队列：{cur} 醒了。", "", ""};
constexpr Say kSignal = {"Was it a signal?", "是信号吗？", "", ""};
constexpr Say kEintrSay = {"A signal ended the wait: -ERESTARTSYS.", "等待被信号打断：-ERESTARTSYS。",
                           "On the way out it becomes -EINTR, or the call is made again.",
                           "出去时变成 -EINTR，或重新调用。"};

constexpr StepDef pipe_read_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(pipe_begin, Cost::locked, kBegin),
    label("again"),
    branch(has_bytes, "copy", {"Are there bytes in the pipe?", "管道里有字节吗？", "", ""}),
    effect(wait_to_read, Cost::locked, kWait),
    branch(has_bytes, "woken", {"Have bytes come meanwhile?", "其间来了字节吗？", "", ""}),
    call(routines::schedule, kSleep),
    label("woken"),
    effect(finish_read_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("copy"),
    effect(copy_from_pipe, Cost::copy, {"Copy bytes from the pipe to {cur}'s buffer.", "把字节从管道复制到 {cur} 的缓冲区。", "", ""}),
    branch(nothing_copied, "again", {"Was another reader faster?", "别的读者更快吗？", "", ""}),
    effect(take_writer, Cost::effect, {"Take the first writer that waits for room.", "取出第一个等待空间的写者。", "", ""}),
    branch(nobody_taken, "next", {"Does no writer wait?", "没有写者在等吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("next"),
    effect(take_next_reader, Cost::effect,
           {"If bytes are left, take the next waiting reader.", "若还有字节，取出下一个等待的读者。",
            "One write may bring bytes for several readers.", "一次写入可能够几个读者读。"}),
    branch(nobody_taken, "done", {"Is there nobody else to wake?", "没有别人要唤醒吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("done"),
    effect(return_done, Cost::word, {"Return the number of bytes read.", "返回读到的字节数。", "", ""}),
    jump("out"),
    label("signal"),
    effect(result_eintr, Cost::word, kEintrSay),
    jump("next"),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

constexpr StepDef pipe_write_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(pipe_begin, Cost::locked, kBegin),
    label("again"),
    branch(has_room, "copy", {"Is there room in the pipe?", "管道里有空间吗？", "", ""}),
    effect(wait_to_write, Cost::locked, kWait),
    branch(has_room, "woken", {"Has room come meanwhile?", "其间有了空间吗？", "", ""}),
    call(routines::schedule, kSleep),
    label("woken"),
    effect(finish_write_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("copy"),
    effect(copy_to_pipe, Cost::copy, {"Copy bytes from {cur}'s buffer into the pipe.", "把字节从 {cur} 的缓冲区复制到管道。", "", ""}),
    effect(take_reader, Cost::effect, {"Take the first waiting reader.", "取出第一个等待的读者。", "", ""}),
    branch(nobody_taken, "woke", {"Does no reader wait?", "没有读者在等吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("woke"),
    branch(all_written, "next", {"Is everything written?", "都写完了吗？", "", ""}),
    jump("again"),
    label("next"),
    effect(take_next_writer, Cost::effect,
           {"If room is left, take the next waiting writer.", "若还有空间，取出下一个等待的写者。",
            "One read may make room for several writers.", "一次读取可能为几个写者腾出空间。"}),
    branch(nobody_taken, "done", {"Is there nobody else to wake?", "没有别人要唤醒吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("done"),
    effect(return_done, Cost::word, {"Return the number of bytes written.", "返回写入的字节数。", "", ""}),
    jump("out"),
    label("signal"),
    effect(result_eintr, Cost::word, kEintrSay),
    jump("next"),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

// --- character devices: rbx = the device ---

Device& device(Ctx& cx) { return cx.k.devices[device_of(cx.reg(Reg::rbx))]; }
Place device_place(const Ctx& cx) {
    return {Place::Kind::per_cpu, static_cast<std::uint8_t>(PerCpuField::device),
            device_of(cx.reg(Reg::rbx)), 0};
}
void device_begin(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
bool has_event(Ctx& cx) { return device(cx).available > 0; }
void wait_for_event(Ctx& cx) {
    cx.wait_add(device(cx).readers, cx.current(), cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::interruptible);
}
void finish_event_wait(Ctx& cx) {
    cx.wait_remove(device(cx).readers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
void take_event(Ctx& cx) {
    Device& d = device(cx);
    cx.set(Reg::rax, 0);
    if (d.available == 0) return;
    cx.move(device_place(cx), device_place(cx), d.available - 1, d.available);
    --d.available;
    cx.set(Reg::rax, 1, device_place(cx));
}
bool no_event_taken(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
void take_next_event_reader(Ctx& cx) {
    WaitQueue& q = device(cx).readers;
    const TaskId t = device(cx).available > 0 ? q.head : kNoTask;
    if (t != kNoTask) cx.wait_remove(q, t);
    cx.set(Reg::rdi, t != kNoTask ? layout::task_address(t) : 0, device_place(cx));
}
void event_eintr(Ctx& cx) { cx.set(Reg::rax, kEintr); }

constexpr StepDef evdev_read_steps[] = {
    push(Reg::rbx),
    effect(device_begin, Cost::locked, kBegin),
    label("again"),
    branch(has_event, "take", {"Has the device brought an event that nobody has read?", "设备带来了尚未读取的事件吗？", "", ""}),
    effect(wait_for_event, Cost::locked, kWait),
    branch(has_event, "woken", {"Has an event come meanwhile?", "其间来了事件吗？", "", ""}),
    call(routines::schedule, kSleep),
    label("woken"),
    effect(finish_event_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("take"),
    effect(take_event, Cost::copy, {"Copy the event to {cur}'s buffer.", "把事件复制到 {cur} 的缓冲区。", "", ""}),
    branch(no_event_taken, "again", {"Was another reader faster?", "别的读者更快吗？", "", ""}),
    jump("out"),
    label("signal"),
    effect(take_next_event_reader, Cost::effect,
           {"If an event is left, take the next waiting reader.", "若还有事件，取出下一个等待的读者。",
            "The wakeup meant for {cur} must not be lost.", "本给 {cur} 的唤醒不能丢失。"}),
    branch(nobody_taken, "eintr", {"Is there nobody else to wake?", "没有别人要唤醒吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("eintr"),
    effect(event_eintr, Cost::word, kEintrSay),
    label("out"),
    pop(Reg::rbx), ret(),
};

void write_nothing(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rsi), at::reg(Reg::rsi)); }
constexpr StepDef null_write_steps[] = {
    effect(write_nothing, Cost::copy, {"The device takes the bytes.", "设备收下这些字节。", "", ""}),
    ret(),
};

// --- block devices: rbx = the device; the request's number is kept in the task ---

void submit_request(Ctx& cx) {
    Device& d = device(cx);
    const DeviceDecl& decl = cx.k.image().scenario.devices[device_of(cx.reg(Reg::rbx))];
    d.busy_until = std::max(d.busy_until, cx.cpu.clock) + draw(d.rng, decl.latency);   // one request after the other
    cx.cur().request = ++d.requested;
    cx.recheck = true;
    cx.k.schedule_completion(device_of(cx.reg(Reg::rbx)), d.busy_until);
}
bool request_done(Ctx& cx) {
    return static_cast<std::int32_t>(device(cx).completed - cx.cur().request) >= 0;
}
void wait_for_request(Ctx& cx) {
    cx.wait_add(device(cx).readers, cx.current(), cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::uninterruptible);
}
void finish_request(Ctx& cx) {
    cx.wait_remove(device(cx).readers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
void request_result(Ctx& cx) { cx.set(Reg::rax, 0); }

constexpr StepDef submit_bio_wait_steps[] = {
    push(Reg::rbx),
    effect(device_begin, Cost::locked, kBegin),
    effect(submit_request, Cost::effect,
           {"Hand the request to the device.", "把请求交给设备。",
            "The device works on by itself and will interrupt when it is done.",
            "设备自己工作，完成时会发中断。"}),
    label("again"),
    branch(request_done, "done", {"Is the request finished?", "请求完成了吗？", "", ""}),
    effect(wait_for_request, Cost::locked,
           {"Join the device's wait queue, set {cur}'s state to TASK_UNINTERRUPTIBLE.",
            "加入设备的等待队列，把 {cur} 的状态设为 TASK_UNINTERRUPTIBLE。",
            "A disk always answers, so no signal need wake this sleep: ps shows D.",
            "磁盘总会应答，所以无需信号来打断这次睡眠：ps 显示 D。"}),
    branch(request_done, "woken", {"Has it finished meanwhile?", "其间完成了吗？", "", ""}),
    call(routines::io_schedule),
    label("woken"),
    effect(finish_request, Cost::locked, kFinish),
    jump("again"),
    label("done"),
    effect(request_result, Cost::word, {"The request succeeded.", "请求成功。", "", ""}),
    pop(Reg::rbx), ret(),
};
constexpr StepDef io_schedule_steps[] = {
    push(Reg::rbx), call(routines::schedule, kSleep), pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine x64_sys_read = make_routine<sys_read_steps>("ksys_read", Actor::kernel, Phase::work);
const Routine x64_sys_write = make_routine<sys_write_steps>("ksys_write", Actor::kernel, Phase::work);
const Routine x64_sys_fsync = make_routine<sys_fsync_steps>("__x64_sys_fsync", Actor::kernel, Phase::work);
const Routine vfs_read = make_routine<vfs_read_steps>("vfs_read", Actor::kernel, Phase::work);
const Routine vfs_write = make_routine<vfs_write_steps>("vfs_write", Actor::kernel, Phase::work);
const Routine pipe_read = make_routine<pipe_read_steps>("pipe_read", Actor::kernel, Phase::work);
const Routine pipe_write = make_routine<pipe_write_steps>("pipe_write", Actor::kernel, Phase::work);
const Routine evdev_read = make_routine<evdev_read_steps>("evdev_read", Actor::kernel, Phase::work);
const Routine null_write = make_routine<null_write_steps>("write_null", Actor::kernel, Phase::work);
const Routine submit_bio_wait = make_routine<submit_bio_wait_steps>("submit_bio_wait", Actor::kernel, Phase::work);
// The same for a page that is being read in.
const Routine folio_wait = make_routine<submit_bio_wait_steps>("folio_wait_bit_common", Actor::memory, Phase::work);
const Routine io_schedule = make_routine<io_schedule_steps>("io_schedule", Actor::kernel, Phase::work, true);
}  // namespace routines

}  // namespace sy
