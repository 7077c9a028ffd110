// Hard interrupts of devices and other CPUs, and the softirqs that run behind them. linux.md 7.2 and 7.3.
#include <bit>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"

namespace sy {

const char* softirq_name(int vec) {
    static constexpr const char* names[] = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                            "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};
    return names[vec];
}

void Ctx::raise_softirq(Softirq s) {
    const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(s));
    move(at::none, at::per_cpu(cpu.id, PerCpuField::softirq_pending), cpu.softirq_pending | bit,
         cpu.softirq_pending);
    cpu.softirq_pending |= bit;
    emit(RecordKind::softirq_raise, static_cast<std::uint32_t>(s));
}

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

namespace {

void irq_enter(Ctx& cx) {
    cx.preempt_add(kHardirqOffset);
    cx.cpu.irq_since = cx.cpu.clock;
}
constexpr Say kIrqEnter = {"Enter hard-interrupt context (preempt_count + 0x10000).",
                           "进入硬中断上下文（preempt_count + 0x10000）。",
                           "While it lasts this CPU may not sleep and is not interrupted again.",
                           "其间该 CPU 不可睡眠，也不会再被中断。"};

void reschedule_entry(Ctx& cx) {
    irq_enter(cx);
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
    irq_enter(cx);
    ++cx.cpu.irq_call;
}
constexpr StepDef sysvec_call_function_steps[] = {
    effect(call_function_entry, Cost::effect, kIrqEnter),
    call(routines::sched_ttwu_pending),
    jump(routines::irq_exit_rcu),
};

std::uint32_t device_of(const Ctx& cx) { return static_cast<std::uint32_t>(cx.reg(Reg::rbx)); }
int irq_of(const Ctx& cx) { return cx.k.image().scenario.devices[device_of(cx)].irq; }

void device_irq_enter(Ctx& cx) {
    irq_enter(cx);
    cx.set(Reg::rbx, cx.cpu.vector - kFirstDeviceVector);
    Device& d = cx.k.devices[device_of(cx)];
    ++d.interrupts_seen;
    ++d.per_cpu[cx.cpu.id];
    cx.emit(RecordKind::irq_handler_entry, static_cast<std::uint32_t>(irq_of(cx)), device_of(cx));
}
void run_handler(Ctx& cx) {
    const DeviceDecl& decl = cx.k.image().scenario.devices[device_of(cx)];
    Device& d = cx.k.devices[device_of(cx)];
    if (has_clients(cx.k, device_of(cx)))
        cx.raise_softirq(Softirq::net_rx);
    else if (decl.block)
        cx.raise_softirq(Softirq::block);
    else
        ++d.available;
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(device_of(cx)), PerCpuField::device), d.available, 0);
}
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void take_reader(Ctx& cx) {   // looking and taking are one step: another CPU may be at the same queue
    const DeviceDecl& decl = cx.k.image().scenario.devices[device_of(cx)];
    Device& d = cx.k.devices[device_of(cx)];
    const TaskId reader = decl.block ? kNoTask : d.readers.head;
    if (reader != kNoTask) cx.wait_remove(d.readers, reader);
    cx.set(Reg::rdi, reader != kNoTask ? layout::task_address(reader) : 0, at::per_cpu(0, PerCpuField::device));
}
void device_irq_done(Ctx& cx) {
    cx.emit(RecordKind::irq_handler_exit, static_cast<std::uint32_t>(irq_of(cx)), device_of(cx), 1);
}

constexpr StepDef common_interrupt_steps[] = {
    push(Reg::rbx),
    effect(device_irq_enter, Cost::effect, kIrqEnter),
    call(routines::handle_irq_event),
    effect(device_irq_done, Cost::effect, {"The hard handler is done.", "硬中断处理程序完成。", "", ""}),
    pop(Reg::rbx),
    jump(routines::irq_exit_rcu),
};
constexpr StepDef handle_irq_event_steps[] = {
    effect(run_handler, Cost::handler,
           {"Run the device's hard interrupt handler.", "运行设备的硬中断处理程序。",
            "It does only what cannot wait; longer work is left to a softirq.",
            "它只做不能等的事；较长的工作留给软中断。"}),
    effect(take_reader, Cost::locked, {"Take the first waiter off the device's wait queue.",
                                       "从设备的等待队列取出第一个等待者。", "", ""}),
    branch(nobody_taken, "done", {"Does no task wait for this device?", "没有任务在等这个设备吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("done"), ret(),
};

void irq_exit(Ctx& cx) {
    cx.preempt_sub(kHardirqOffset);
    cx.cpu.irq_ns += cx.cpu.clock - cx.cpu.irq_since;
}
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

constexpr int kMaxRestart = 10;   // MAX_SOFTIRQ_RESTART, linux.md 7.3

void softirq_begin(Ctx& cx) {
    cx.preempt_add(kSoftirqOffset);
    cx.cpu.softirq_restart = 0;
    cx.cpu.softirq_since = cx.cpu.clock;
}
void take_pending(Ctx& cx) {
    cx.set(Reg::rbx, cx.cpu.softirq_pending, at::per_cpu(cx.cpu.id, PerCpuField::softirq_pending));
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::softirq_pending), 0, cx.cpu.softirq_pending);
    cx.cpu.softirq_pending = 0;
    cx.irqs_on();
}
bool batch_done(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
const Routine* next_softirq(Ctx& cx) {
    const int vec = std::countr_zero(cx.reg(Reg::rbx));
    cx.set(Reg::rbx, cx.reg(Reg::rbx) & (cx.reg(Reg::rbx) - 1));
    cx.set(Reg::r12, static_cast<std::uint64_t>(vec));
    ++cx.cpu.softirqs[static_cast<std::size_t>(vec)];
    cx.emit(RecordKind::softirq_entry, static_cast<std::uint32_t>(vec));
    if (vec == static_cast<int>(Softirq::timer)) return &routines::run_timer_softirq;
    if (vec == static_cast<int>(Softirq::net_rx) && !cx.k.clients.empty()) return &routines::napi_poll;
    return vec == static_cast<int>(Softirq::block) ? &routines::blk_done_softirq
                                                   : &routines::softirq_action_none;
}
void softirq_done(Ctx& cx) {
    cx.emit(RecordKind::softirq_exit, static_cast<std::uint32_t>(cx.reg(Reg::r12)));
}
void softirq_irqs_off(Ctx& cx) { cx.irqs_off(); }
bool another_round(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    if (cpu.softirq_pending == 0) return false;
    const bool in_time = cpu.clock - cpu.softirq_since < 2 * kMilli;   // MAX_SOFTIRQ_TIME
    const bool resched = (cx.cur().tif & tif::need_resched) != 0;
    return in_time && !resched && ++cpu.softirq_restart < kMaxRestart;
}
bool nothing_pending(Ctx& cx) { return cx.cpu.softirq_pending == 0; }
void ksoftirqd_to_rdi(Ctx& cx) { cx.set(Reg::rdi, layout::task_address(cx.cpu.ksoftirqd)); }
void softirq_end(Ctx& cx) { cx.preempt_sub(kSoftirqOffset); }

constexpr StepDef handle_softirqs_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(softirq_begin, Cost::effect,
           {"Enter softirq context (preempt_count + 0x100).", "进入软中断上下文（preempt_count + 0x100）。",
            "It runs on top of whoever was interrupted, at that task's expense.",
            "它压在被打断的任务之上运行，算在那个任务的账上。"}),
    label("round"),
    effect(take_pending, Cost::effect,
           {"Take the pending bits and turn interrupts on.", "取走待处理位并打开中断。",
            "A softirq can be interrupted by hard interrupts, never by another softirq of this CPU.",
            "软中断可被硬中断打断，但不会被同一 CPU 的软中断打断。"}),
    label("next"),
    branch(batch_done, "end", {"Is a bit of this round left?", "这一轮还有位吗？", "", ""}),
    call_indirect(next_softirq, {"Run the action of the lowest bit.", "运行最低位对应的动作。",
                                 "The ten vectors run in the order of their numbers.", "十个向量按编号顺序运行。"}),
    effect(softirq_done, Cost::effect, {"This vector is done.", "该向量完成。", "", ""}),
    jump("next"),
    label("end"),
    effect(softirq_irqs_off, Cost::word, {"Interrupts off: look at the pending bits again.",
                                          "关闭中断：再看一次待处理位。", "", ""}),
    branch(another_round, "round",
           {"Raised again meanwhile? Another round, within limits.", "其间又被触发？在限度内再来一轮。",
            "At most 10 rounds, 2 ms, and only while no reschedule is wanted.",
            "最多 10 轮、2 ms，且仅在无人请求重新调度时。"}),
    branch(nothing_pending, "leave", {"Is something left over?", "还有剩下的吗？", "", ""}),
    effect(ksoftirqd_to_rdi, Cost::effect, {"Hand the rest to ksoftirqd.", "把剩下的交给 ksoftirqd。",
                                            "An endless stream of softirqs must not starve tasks.",
                                            "源源不断的软中断不能饿死任务。"}),
    call(routines::try_to_wake_up),
    label("leave"),
    effect(softirq_end, Cost::effect, {"Leave softirq context.", "离开软中断上下文。", "", ""}),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

void no_action(Ctx&) {}
constexpr StepDef softirq_action_none_steps[] = {
    effect(no_action, Cost::softirq, {"Nothing has been queued for this vector.", "该向量没有排队的工作。", "", ""}),
    ret(),
};

// BLOCK: complete finished requests and wake those who wait for them.
void take_completed(Ctx& cx) {
    cx.set(Reg::rdi, 0);
    for (std::size_t i = 0; i < cx.k.devices.size(); ++i) {
        if (!cx.k.image().scenario.devices[i].block) continue;
        Device& d = cx.k.devices[i];
        for (TaskId t = d.readers.head; t != kNoTask; t = cx.peek(t).wait_next) {
            if (static_cast<std::int32_t>(d.completed - cx.peek(t).request) < 0) continue;
            cx.wait_remove(d.readers, t);
            cx.set(Reg::rdi, layout::task_address(t));
            return;
        }
    }
}
constexpr StepDef blk_done_softirq_steps[] = {
    label("again"),
    effect(take_completed, Cost::softirq, {"Complete a finished request that a task waits for.",
                                           "完成一个有任务在等的请求。", "", ""}),
    branch(nobody_taken, "done", {"Is none left?", "没有了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("done"), ret(),
};

}  // namespace

namespace routines {
const Routine sysvec_reschedule_ipi = make_routine<sysvec_reschedule_ipi_steps>("sysvec_reschedule_ipi", Actor::interrupt, Phase::work);
const Routine sysvec_call_function = make_routine<sysvec_call_function_steps>("sysvec_call_function_single", Actor::interrupt, Phase::work);
const Routine common_interrupt = make_routine<common_interrupt_steps>("common_interrupt", Actor::interrupt, Phase::work);
const Routine handle_irq_event = make_routine<handle_irq_event_steps>("handle_irq_event", Actor::interrupt, Phase::work);
const Routine irq_exit_rcu = make_routine<irq_exit_rcu_steps>("irq_exit_rcu", Actor::interrupt, Phase::work);
const Routine handle_softirqs = make_routine<handle_softirqs_steps>("handle_softirqs", Actor::softirq, Phase::work);
const Routine softirq_action_none = make_routine<softirq_action_none_steps>("softirq_action_none", Actor::softirq, Phase::work);
const Routine blk_done_softirq = make_routine<blk_done_softirq_steps>("blk_done_softirq", Actor::softirq, Phase::work);
}  // namespace routines

}  // namespace sy
