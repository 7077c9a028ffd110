// Hard interrupts of devices and other CPUs, from the vector to the driver's handler, and the threads of threaded
// handlers. linux.md 7.1, 7.2, 7.6. What runs behind them is in softirq.cpp.
#include <algorithm>
#include <bit>

#include "sim/base/assert.h"
#include "sim/kernel/event_files.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"
#include "sim/model/draw.h"

namespace sy {

void Ctx::wait_add(WaitQueue& q, TaskId id, std::uint64_t key, bool exclusive) {
    Task& t = task(id);
    if (t.waiting) return;
    t.waiting = true;
    t.wait_key = key;
    t.wait_exclusive = exclusive;
    if (exclusive || q.head == kNoTask) {
        t.wait_prev = q.tail;
        t.wait_next = kNoTask;
        if (q.tail != kNoTask)
            task(q.tail).wait_next = id;
        else
            q.head = id;
        q.tail = id;
    } else {
        t.wait_prev = kNoTask;
        t.wait_next = q.head;
        task(q.head).wait_prev = id;
        q.head = id;
    }
    move(at::none, at::task(id, TaskField::wait_queue), key, 0);
}

void Ctx::wait_remove(WaitQueue& q, TaskId id) {
    Task& t = task(id);
    if (!t.waiting) return;
    if (t.wait_prev != kNoTask)
        task(t.wait_prev).wait_next = t.wait_next;
    else
        q.head = t.wait_next;
    if (t.wait_next != kNoTask)
        task(t.wait_next).wait_prev = t.wait_prev;
    else
        q.tail = t.wait_prev;
    move(at::none, at::task(id, TaskField::wait_queue), 0, t.wait_key);
    t.waiting = false;
    t.wait_prev = t.wait_next = kNoTask;
}

// --- the interrupt controller ---

// A message to a local APIC. Its own CPU sees it at once; another one when it has travelled.
void Kernel::raise_irq(Ctx& cx, std::uint32_t line) {
    IrqDesc& desc = irqs[line];
    if (desc.masked) return;   // a level line is looked at again when it is unmasked
    Cpu& target = cpus[desc.cpu];
    const std::uint64_t bit = std::uint64_t{1} << line;
    if (cx.outside || &target == &cx.cpu) {
        cx.move(at::none, at::per_cpu(target.id, PerCpuField::pending_irqs), target.irr_devices | bit, target.irr_devices);
        target.irr_devices |= bit;
        cx.recheck = true;
        return;
    }
    target.ipi_devices |= bit;
    cx.announce(target.id);
}

namespace {

const DeviceDecl& decl_of(const Ctx& cx, std::uint32_t device) { return cx.k.image().scenario.devices[device]; }
bool is_nic(const DeviceDecl& decl) { return decl.raises == static_cast<int>(Softirq::net_rx); }
bool asserted(const Ctx& cx, std::uint32_t device) {
    const Device& d = cx.k.devices[device];
    return d.fifo > 0 && !(is_nic(decl_of(cx, device)) && d.napi_scheduled);
}
bool line_asserted(const Ctx& cx, std::uint32_t line) {
    const std::vector<std::uint32_t>& devices = cx.k.image().irq_lines[line].devices;
    return std::any_of(devices.begin(), devices.end(), [&](std::uint32_t d) { return asserted(cx, d); });
}

}  // namespace

void Kernel::raise_device(Ctx& cx, std::uint32_t device) {
    Device& d = devices[device];
    const DeviceDecl& decl = image_->scenario.devices[device];
    if (is_nic(decl)) {
        const auto packets = static_cast<std::uint32_t>(decl.packets);
        const std::uint32_t taken = std::min(packets, kNicRing - d.fifo);
        d.fifo += taken;
        d.dropped += packets - taken;
        if (d.napi_scheduled) return;   // its own interrupt is off: NAPI polls it
    } else if (d.fifo < ~std::uint32_t{0}) {
        ++d.fifo;
    }
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(device), PerCpuField::device), d.fifo, 0);
    raise_irq(cx, image_->line_of[device]);
}

// A line is unmasked: what it has been asking for since, or what came while it was disabled, arrives now.
void Kernel::unmask_irq(Ctx& cx, std::uint32_t line) {
    IrqDesc& desc = irqs[line];
    desc.masked = false;
    const bool again = image_->irq_lines[line].level ? line_asserted(cx, line) : desc.pending;
    if (!again) return;
    if (!desc.in_progress) desc.pending = false;   // check_irq_resend
    raise_irq(cx, line);
}

void Kernel::set_irq_affinity(Ctx& cx, std::uint32_t line, std::uint64_t mask) {
    const std::uint64_t online = cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << cpus.size()) - 1;
    if ((mask & online) == 0) return;   // write() says -EINVAL
    IrqDesc& desc = irqs[line];
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(line), PerCpuField::irq_desc), mask & online, desc.affinity);
    desc.affinity = mask & online;
    // matrix_find_best_cpu takes the CPU with the fewest vectors; among equals the lowest.
    std::size_t fewest = ~std::size_t{0};
    for (const Cpu& c : cpus) {
        if ((desc.affinity >> c.id & 1) == 0) continue;
        const auto n = static_cast<std::size_t>(
            std::count_if(irqs.begin(), irqs.end(), [&](const IrqDesc& d) { return &d != &desc && d.cpu == c.id; }));
        if (n >= fewest) continue;
        fewest = n;
        desc.cpu = c.id;
    }
}

void Ctx::hardirq_enter() {
    if ((cpu.preempt_count & kHardirqMask) == 0) cpu.irq_since = cpu.clock;
    preempt_add(kHardirqOffset);
}
void Ctx::hardirq_exit() {
    preempt_sub(kHardirqOffset);
    if ((cpu.preempt_count & kHardirqMask) != 0) return;
    const Nanos time = cpu.clock - cpu.irq_since;
    cpu.irq_ns += time;
    // Inside a softirq the outer softirq_end charges it.
    if ((cpu.preempt_count & kSoftirqOffset) == 0 && current() != cpu.idle) cur().stolen += time;
}

namespace {

constexpr Say kIrqEnter = {"Enter hard-interrupt context (preempt_count + 0x10000).",
                           "进入硬中断上下文（preempt_count + 0x10000）。",
                           "While it lasts this CPU may not sleep and is not interrupted again.",
                           "其间该 CPU 不可睡眠，也不会再被中断。"};

void reschedule_entry(Ctx& cx) {
    cx.hardirq_enter();
    ++cx.cpu.irq_resched;
    cx.emit(RecordKind::reschedule_entry, kRescheduleVector);
}
void reschedule_exit(Ctx& cx) { cx.emit(RecordKind::reschedule_exit, kRescheduleVector); }
constexpr StepDef sysvec_reschedule_ipi_steps[] = {
    effect(reschedule_entry, Cost::effect, kIrqEnter),
    effect(reschedule_exit, Cost::effect,
           {"Nothing to do here: the interrupt only makes the CPU look at TIF_NEED_RESCHED.",
            "这里无事可做：此中断只是让 CPU 去看 TIF_NEED_RESCHED。",
            "A computing CPU would not notice a flag that another one sets.",
            "正在计算的 CPU 不会注意到别的 CPU 设置的标志。"}),
    jump(routines::irq_exit_rcu),
};

void call_function_entry(Ctx& cx) {
    cx.hardirq_enter();
    ++cx.cpu.irq_call;
}
constexpr StepDef sysvec_call_function_steps[] = {
    effect(call_function_entry, Cost::effect, kIrqEnter),
    call(routines::sched_ttwu_pending),
    call(routines::nohz_csd_func),
    jump(routines::irq_exit_rcu),
};

// --- devices: rbx = the line in the flow handler; in handle_irq_event rbp = the line, r12 = place of the action in it,
// rbx = what is left to compute or to wake, r13 = what the handler returns ---

constexpr std::uint64_t kIrqNone = 0, kIrqHandled = 1, kIrqWakeThread = 2;

IrqDesc& desc_in(Ctx& cx, Reg r) { return element(cx.k.irqs, cx.reg(r)); }
const IrqLine& line_in(const Ctx& cx, Reg r) { return element(cx.k.image().irq_lines, cx.reg(r)); }
std::uint32_t device_of(const Ctx& cx) { return element(line_in(cx, Reg::rbp).devices, cx.reg(Reg::r12)); }

void eoi(Ctx& cx) {   // the local APIC forgets the interrupt of the highest class in service
    if (cx.cpu.in_service == 0) return;
    cx.cpu.in_service &= static_cast<std::uint16_t>(~(1u << (31 - std::countl_zero(std::uint32_t{cx.cpu.in_service}))));
    cx.recheck = true;
}
void device_irq_enter(Ctx& cx) {
    cx.hardirq_enter();
    cx.set(Reg::rbx, cx.cpu.vector - kFirstDeviceVector);
    ++desc_in(cx, Reg::rbx).per_cpu[cx.cpu.id];
}
const Routine* flow_handler(Ctx& cx) {
    return line_in(cx, Reg::rbx).level ? &routines::handle_fasteoi_irq : &routines::handle_edge_irq;
}
constexpr StepDef common_interrupt_steps[] = {
    push(Reg::rbx),
    effect(device_irq_enter, Cost::effect, kIrqEnter),
    call_indirect(flow_handler, {"Look the vector up in this CPU's vector_irq table, call the line's flow handler.",
                                 "在该 CPU 的 vector_irq 表中查向量，调用该中断线的流处理程序。",
                                 "Edge-triggered lines are acknowledged first, level-triggered ones last.",
                                 "边沿触发的线先应答，电平触发的线最后应答。"}),
    pop(Reg::rbx),
    jump(routines::irq_exit_rcu),
};

// irq_may_run: not while disabled, not while another CPU is at it. Then it is only noted.
bool note_if_it_may_not_run(Ctx& cx) {
    IrqDesc& desc = desc_in(cx, Reg::rbx);
    if (desc.depth == 0 && !desc.in_progress) return false;
    desc.pending = true;
    desc.masked = true;
    return true;
}
void edge_ack(Ctx& cx) {
    eoi(cx);
    cx.set(Reg::rax, note_if_it_may_not_run(cx) ? 1 : 0);
}
void fasteoi_begin(Ctx& cx) {
    cx.set(Reg::rax, note_if_it_may_not_run(cx) ? 1 : 0);
    if (cx.reg(Reg::rax) == 0 && line_in(cx, Reg::rbx).oneshot) desc_in(cx, Reg::rbx).masked = true;
}
bool may_not_run(Ctx& cx) { return cx.reg(Reg::rax) != 0; }
void actions_begin(Ctx& cx) {
    IrqDesc& desc = desc_in(cx, Reg::rbx);
    desc.pending = false;
    desc.in_progress = true;
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(cx.reg(Reg::rbx)), PerCpuField::irq_desc), 1, 0);
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
}
void actions_end(Ctx& cx) {
    IrqDesc& desc = desc_in(cx, Reg::rbx);
    desc.in_progress = false;
    if (desc.pending && desc.depth == 0 && desc.masked && !line_in(cx, Reg::rbx).oneshot) desc.masked = false;
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(cx.reg(Reg::rbx)), PerCpuField::irq_desc), 0, 1);
}
bool came_again(Ctx& cx) {
    const IrqDesc& desc = desc_in(cx, Reg::rbx);
    return desc.pending && desc.depth == 0;
}
void fasteoi_end(Ctx& cx) {
    eoi(cx);
    const auto line = static_cast<std::uint32_t>(cx.reg(Reg::rbx));
    IrqDesc& desc = cx.k.irqs[line];
    if (desc.in_progress || desc.depth != 0) return;
    desc.pending = false;
    if (desc.threads_active == 0) cx.k.unmask_irq(cx, line);
}

constexpr Say kInProgress = {"Mark the line as in progress and unlock its descriptor.", "标记该中断线正在处理，解锁其描述符。",
                             "The same line is never handled on two CPUs at once.", "同一条中断线绝不会同时在两个 CPU 上处理。"};
constexpr Say kNotNow = {"Is the line disabled, or is another CPU at it?", "该线被禁用，或另一个 CPU 正在处理它吗？",
                         "Then it is only noted as pending.", "那么只记为待处理。"};

constexpr StepDef handle_edge_irq_steps[] = {
    effect(edge_ack, Cost::none, {"Acknowledge it at the local APIC (EOI).", "在本地 APIC 应答（EOI）。",
                                  "An edge that comes from now on is a new interrupt.", "此后再来的边沿就是新的中断。"}),
    branch(may_not_run, "out", kNotNow),
    label("again"),
    effect(actions_begin, Cost::none, kInProgress),
    call(routines::handle_irq_event),
    effect(actions_end, Cost::none, {"The line is no longer in progress.", "该中断线处理完毕。", "", ""}),
    branch(came_again, "again", {"Has it come again meanwhile, on another CPU?", "其间它在别的 CPU 上又来过吗？", "", ""}),
    label("out"), ret(),
};
constexpr StepDef handle_fasteoi_irq_steps[] = {
    effect(fasteoi_begin, Cost::none,
           {"A level-triggered line: it stays asserted until its device is served.",
            "电平触发的线：设备得到服务之前它一直有效。",
            "So it is acknowledged last; with a threaded handler it is masked until the thread is done.",
            "所以最后才应答；若处理程序是线程化的，则屏蔽到线程完成为止。"}),
    branch(may_not_run, "out", kNotNow),
    effect(actions_begin, Cost::none, kInProgress),
    call(routines::handle_irq_event),
    effect(actions_end, Cost::none, {"The line is no longer in progress.", "该中断线处理完毕。", "", ""}),
    label("out"),
    effect(fasteoi_end, Cost::none, {"Acknowledge it at the local APIC (EOI).", "在本地 APIC 应答（EOI）。",
                                     "If a device still asks, the interrupt comes again at once.",
                                     "若仍有设备在请求，中断会立刻再来。"}),
    ret(),
};

void first_action(Ctx& cx) {
    cx.set(Reg::rbp, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::r12, 0);
}
// A handler that is given a length computes so long: the cost `handler` of the step below is part of it.
void handler_entry(Ctx& cx) {
    const std::uint32_t device = device_of(cx);
    const DeviceDecl& decl = decl_of(cx, device);
    Device& d = cx.k.devices[device];
    cx.emit(RecordKind::irq_handler_entry, static_cast<std::uint32_t>(line_in(cx, Reg::rbp).irq), device);
    const bool mine = asserted(cx, device);
    Nanos time = 0;
    if (mine && decl.handler)
        time = draw(d.rng, *decl.handler) - cx.k.image().costs[static_cast<std::size_t>(Cost::handler)];
    cx.set(Reg::r13, mine ? kIrqHandled : kIrqNone, at::per_cpu(static_cast<CpuId>(device), PerCpuField::device));
    cx.set(Reg::rbx, static_cast<std::uint64_t>(std::max<Nanos>(0, time)));
    if (mine && decl.enables_irqs) cx.irqs_on();
}
bool nothing_to_compute(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
void service(Ctx& cx, std::uint32_t device) {
    const DeviceDecl& decl = decl_of(cx, device);
    Device& d = cx.k.devices[device];
    ++d.interrupts_seen;
    if (has_clients(cx.k, device)) {   // its packets are for connections (sockets.h)
        d.fifo = 0;
        cx.raise_softirq(Softirq::net_rx);
        return;
    }
    if (is_nic(decl)) {   // napi_schedule: no more interrupts of this device until it has been polled
        d.napi_scheduled = true;
        cx.cpu.bh.poll_list.push_back(static_cast<std::uint8_t>(device));
        cx.raise_softirq(Softirq::net_rx);
        return;
    }
    const std::uint32_t events = std::exchange(d.fifo, 0);
    if (decl.block) cx.raise_softirq(Softirq::block);
    if (decl.raises >= 0) cx.raise_work(static_cast<Softirq>(decl.raises), true, device, events);
    if (!decl.tasklet.empty()) cx.schedule_tasklet(cx.k.image().tasklet_of[device]);
    if (decl.block) return;
    d.available += events;
    cx.set(Reg::rbx, std::min<std::uint64_t>(events, 64));   // so many readers are woken
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(device), PerCpuField::device), d.available, d.available - events);
}
void run_handler(Ctx& cx) {
    if (cx.reg(Reg::r13) == kIrqNone) return;   // of another device on the same line
    const std::uint32_t device = device_of(cx);
    if (!decl_of(cx, device).threaded) return service(cx, device);
    Device& d = cx.k.devices[device];
    ++d.interrupts_seen;
    if (!d.thread_wanted) ++desc_in(cx, Reg::rbp).threads_active;
    d.thread_wanted = true;
    cx.set(Reg::r13, kIrqWakeThread);
    cx.set(Reg::rbx, 1);
}
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void take_from(Ctx& cx, std::uint32_t device) {   // looking and taking are one step: another CPU may be at the same queue
    Device& d = cx.k.devices[device];
    TaskId reader = decl_of(cx, device).block || cx.reg(Reg::rbx) == 0 ? kNoTask : d.readers.head;
    if (reader != kNoTask) cx.wait_remove(d.readers, reader);
    if (reader == kNoTask && cx.reg(Reg::rbx) != 0 && !cx.k.eventpolls.empty()) {   // ep_poll_callback
        note_file(cx, layout::devices + device * layout::device_bytes, true);
        reader = take_poller_of(cx, layout::devices + device * layout::device_bytes);
    }
    if (cx.reg(Reg::rbx) != 0) cx.set(Reg::rbx, cx.reg(Reg::rbx) - 1);
    cx.set(Reg::rdi, reader != kNoTask ? layout::task_address(reader) : 0, at::per_cpu(0, PerCpuField::device));
}
void take_reader(Ctx& cx) {
    const std::uint32_t device = device_of(cx);
    if (cx.reg(Reg::r13) != kIrqWakeThread) return take_from(cx, device);
    cx.set(Reg::rbx, 0);
    cx.set(Reg::rdi, layout::task_address(cx.k.devices[device].thread), at::per_cpu(0, PerCpuField::device));
}
bool more_to_wake(Ctx& cx) { return cx.reg(Reg::rbx) != 0; }
void handler_exit(Ctx& cx) {
    const std::uint32_t device = device_of(cx);
    const auto irq = static_cast<std::uint32_t>(line_in(cx, Reg::rbp).irq);
    cx.emit(RecordKind::irq_handler_exit, irq, device, static_cast<std::uint32_t>(cx.reg(Reg::r13)));
    if (cx.cpu.regs.interrupts_on()) {   // WARN_ONCE(!irqs_disabled(), …); local_irq_disable()
        cx.irqs_off();
        cx.emit(RecordKind::irq_warn, irq, device);
    }
    cx.set(Reg::r12, cx.reg(Reg::r12) + 1);
}
bool more_actions(Ctx& cx) { return cx.reg(Reg::r12) < line_in(cx, Reg::rbp).devices.size(); }

constexpr StepDef handle_irq_event_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12), push(Reg::r13),
    effect(first_action, Cost::none, {"Take the first action registered for this line.", "取出该线登记的第一个动作。",
                                      "Devices that share a line are asked one after the other.",
                                      "共享一条线的设备逐个被询问。"}),
    label("next"),
    effect(handler_entry, Cost::none, {"Call the driver's handler, interrupts off.", "调用驱动的处理程序，中断关闭。",
                                       "Since 2.6.35 no handler runs with interrupts on; one that turns them on is warned about.",
                                       "自 2.6.35 起处理程序都在关中断下运行；擅自打开者会受到警告。"}),
    branch(nothing_to_compute, "work", {"Is there nothing long to do?", "没有耗时的事吗？", "", ""}),
    kernel_burst({"The hard handler works; interrupts of this CPU wait.", "硬处理程序在工作；该 CPU 的中断都在等待。",
                  "Whatever arrives now stays pending in the local APIC's IRR.", "现在到来的都留在本地 APIC 的 IRR 中待处理。"}),
    label("work"),
    effect(run_handler, Cost::handler,
           {"Run the device's hard interrupt handler.", "运行设备的硬中断处理程序。",
            "It does only what cannot wait; longer work is left to a softirq.",
            "它只做不能等的事；较长的工作留给软中断。"}),
    label("wake"),
    effect(take_reader, Cost::locked, {"Take the first waiter off the device's wait queue.",
                                       "从设备的等待队列取出第一个等待者。", "", ""}),
    branch(nobody_taken, "done", {"Does no task wait for this device?", "没有任务在等这个设备吗？", "", ""}),
    call(routines::try_to_wake_up),
    branch(more_to_wake, "wake", {"Has it brought more than one event?", "它带来了不止一个事件吗？", "", ""}),
    label("done"),
    effect(handler_exit, Cost::effect, {"The hard handler is done.", "硬中断处理程序完成。", "", ""}),
    branch(more_actions, "next", {"Is another handler registered for this line?", "该线还登记了别的处理程序吗？", "", ""}),
    pop(Reg::r13), pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

void irq_exit(Ctx& cx) { cx.hardirq_exit(); }
// Softirqs run behind the outermost hard interrupt, unless a softirq was interrupted, or bottom halves are off.
bool no_softirq_now(Ctx& cx) {
    return cx.cpu.softirq_pending == 0 || (cx.cpu.preempt_count & (kHardirqMask | kSoftirqMask)) != 0;
}
constexpr StepDef irq_exit_rcu_steps[] = {
    effect(irq_exit, Cost::effect,
           {"Leave hard-interrupt context (preempt_count - 0x10000).", "离开硬中断上下文（preempt_count - 0x10000）。", "", ""}),
    branch(no_softirq_now, "done",
           {"Is a softirq pending?", "有待处理的软中断吗？",
            "This is one of the few places where softirqs run: nothing starts them asynchronously.",
            "这是软中断运行的少数几处之一：没有什么会异步地启动它们。"}),
    call(routines::handle_softirqs),
    label("done"), ret(),
};

// --- threaded handlers: irq/N-name. rbx = what is left to compute, r12 = the device ---

Device& thread_device(Ctx& cx) { return element(cx.k.devices, cx.reg(Reg::r12)); }
void thread_begin(Ctx& cx) {
    std::uint32_t device = 0;
    while (cx.k.devices[device].thread != cx.current()) ++device;
    cx.set(Reg::r12, device);
}
void thread_sleeps(Ctx& cx) { cx.set_state(cx.current(), task_state::interruptible); }
void thread_runs(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
bool thread_wanted(Ctx& cx) { return thread_device(cx).thread_wanted; }
void thread_takes(Ctx& cx) {
    const auto device = static_cast<std::uint32_t>(cx.reg(Reg::r12));
    Device& d = cx.k.devices[device];
    d.thread_wanted = false;
    cx.set(Reg::rbx, static_cast<std::uint64_t>(draw(d.rng, *decl_of(cx, device).threaded)));
}
void thread_serves(Ctx& cx) {
    Device& d = thread_device(cx);
    const std::uint32_t events = std::exchange(d.fifo, 0);
    d.available += events;
    cx.set(Reg::rbx, std::min<std::uint64_t>(events, 64));
}
void thread_takes_reader(Ctx& cx) { take_from(cx, static_cast<std::uint32_t>(cx.reg(Reg::r12))); }
void finalize_oneshot(Ctx& cx) {
    const std::uint32_t line = cx.k.image().line_of[cx.reg(Reg::r12)];
    IrqDesc& desc = cx.k.irqs[line];
    if (desc.threads_active > 0) --desc.threads_active;
    if (desc.threads_active == 0 && desc.depth == 0 && !desc.in_progress) cx.k.unmask_irq(cx, line);
}
constexpr StepDef irq_thread_steps[] = {
    push(Reg::r12), push(Reg::rbx),
    effect(thread_begin, Cost::none, {"The thread of one device's handler begins.", "某设备处理程序的线程开始。", "", ""}),
    label("wait"),
    effect(thread_sleeps, Cost::effect, {"Set {cur}'s state: it sleeps until the hard handler wants it.",
                                         "设置 {cur} 的状态：睡到硬处理程序需要它为止。", "", ""}),
    branch(thread_wanted, "run", {"Has the hard handler asked for the thread (IRQTF_RUNTHREAD)?",
                                  "硬处理程序请求过线程吗（IRQTF_RUNTHREAD）？", "", ""}),
    call(routines::schedule),
    jump("wait"),
    label("run"),
    effect(thread_runs, Cost::effect, {"{cur} runs the slow part of the interrupt.", "{cur} 运行中断的慢速部分。",
                                       "A thread has a priority, can be preempted, and may sleep.",
                                       "线程有优先级，可被抢占，也可以睡眠。"}),
    call(routines::irq_thread_fn),
    effect(finalize_oneshot, Cost::locked, {"Unmask the line (irq_finalize_oneshot).", "解除该线的屏蔽（irq_finalize_oneshot）。",
                                            "IRQF_ONESHOT kept it masked from the hard handler until now.",
                                            "IRQF_ONESHOT 使它从硬处理程序起一直屏蔽到现在。"}),
    jump("wait"),
};
constexpr StepDef irq_thread_fn_steps[] = {
    effect(thread_takes, Cost::effect, {"Call the driver's thread function.", "调用驱动的线程函数。", "", ""}),
    kernel_burst({"{cur} works for the device, interrupts on.", "{cur} 为设备工作，中断打开。",
                  "The hard handler only woke this thread.", "硬处理程序只是唤醒了这个线程。"}),
    effect(thread_serves, Cost::effect, {"Take what the device has brought.", "取走设备带来的东西。", "", ""}),
    label("wake"),
    effect(thread_takes_reader, Cost::locked, {"Take the first waiter off the device's wait queue.",
                                               "从设备的等待队列取出第一个等待者。", "", ""}),
    branch(nobody_taken, "done", {"Does no task wait for this device?", "没有任务在等这个设备吗？", "", ""}),
    call(routines::try_to_wake_up),
    branch(more_to_wake, "wake", {"Has it brought more than one event?", "它带来了不止一个事件吗？", "", ""}),
    label("done"), ret(),
};

}  // namespace

namespace routines {
const Routine sysvec_reschedule_ipi = make_routine<sysvec_reschedule_ipi_steps>("sysvec_reschedule_ipi", Actor::interrupt, Phase::work);
const Routine sysvec_call_function = make_routine<sysvec_call_function_steps>("sysvec_call_function_single", Actor::interrupt, Phase::work);
const Routine common_interrupt = make_routine<common_interrupt_steps>("common_interrupt", Actor::interrupt, Phase::work);
const Routine handle_edge_irq = make_routine<handle_edge_irq_steps>("handle_edge_irq", Actor::interrupt, Phase::work);
const Routine handle_fasteoi_irq = make_routine<handle_fasteoi_irq_steps>("handle_fasteoi_irq", Actor::interrupt, Phase::work);
const Routine handle_irq_event = make_routine<handle_irq_event_steps>("handle_irq_event", Actor::interrupt, Phase::work);
const Routine irq_exit_rcu = make_routine<irq_exit_rcu_steps>("irq_exit_rcu", Actor::interrupt, Phase::work);
const Routine irq_thread = make_routine<irq_thread_steps>("irq_thread", Actor::kernel, Phase::work);
const Routine irq_thread_fn = make_routine<irq_thread_fn_steps>("irq_thread_fn", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
