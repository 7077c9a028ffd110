// read, write and fsync: which file is meant, character devices whose interrupts bring events, and block devices that
// finish requests. Pipes are in pipe.cpp.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/event_files.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

void look_up_file(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rdi, open_file(cx, cx.pt_reg(regs, PtReg::rdi)).object, at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
    cx.set(Reg::rsi, cx.pt_reg(regs, PtReg::rdx), at::word(regs + 8 * static_cast<int>(PtReg::rdx)));
}
bool bad_file(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void return_ebadf(Ctx& cx) { cx.set(Reg::rax, kEbadf); }

const Routine* read_method(Ctx& cx) {
    const std::uint64_t object = cx.reg(Reg::rdi);
    if (is_pipe(cx, object)) return &routines::pipe_read;
    if (is_socket(cx.k, object)) return &routines::sock_read_iter;
    if (is_eventfd(object)) return &routines::null_write;
    return element(cx.k.image().scenario.devices, device_of(object)).block ? &routines::submit_bio_wait
                                                                 : &routines::evdev_read;
}
const Routine* write_method(Ctx& cx) {
    const std::uint64_t object = cx.reg(Reg::rdi);
    if (is_pipe(cx, object)) return &routines::pipe_write;
    if (is_socket(cx.k, object)) return &routines::sock_write_iter;
    if (is_eventfd(object)) return &routines::eventfd_write;
    return element(cx.k.image().scenario.devices, device_of(object)).block ? &routines::submit_bio_wait
                                                                 : &routines::null_write;
}

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

bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

// --- character devices: rbx = the device ---

Device& device(Ctx& cx) { return element(cx.k.devices, device_of(cx.reg(Reg::rbx))); }
Place device_place(const Ctx& cx) {
    return {Place::Kind::per_cpu, static_cast<std::uint8_t>(PerCpuField::device),
            device_of(cx.reg(Reg::rbx)), 0};
}
void device_begin(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
bool has_event(Ctx& cx) { return device(cx).available > 0; }
bool has_event_or_will_not_wait(Ctx& cx) { return has_event(cx) || is_nonblocking(cx); }
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
    cx.set(Reg::rax, d.available == 0 && is_nonblocking(cx) ? kEagainFile : 0);
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
    branch(has_event_or_will_not_wait, "take", {"Has the device brought an event that nobody has read, or may it not wait?",
                                                "设备带来了尚未读取的事件吗，或不许等待吗？", "", ""}),
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
    const DeviceDecl& decl = element(cx.k.image().scenario.devices, device_of(cx.reg(Reg::rbx)));
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
const Routine evdev_read = make_routine<evdev_read_steps>("evdev_read", Actor::kernel, Phase::work);
const Routine null_write = make_routine<null_write_steps>("write_null", Actor::kernel, Phase::work);
const Routine submit_bio_wait = make_routine<submit_bio_wait_steps>("submit_bio_wait", Actor::kernel, Phase::work);
// The same for a page that is being read in.
const Routine folio_wait = make_routine<submit_bio_wait_steps>("folio_wait_bit_common", Actor::memory, Phase::work);
const Routine io_schedule = make_routine<io_schedule_steps>("io_schedule", Actor::kernel, Phase::work, true);
}  // namespace routines

}  // namespace sy
