// Softirqs: raised on a CPU, run on that CPU, at three places only: behind a hard interrupt, when bottom halves are enabled
// again, and in ksoftirqd. Tasklets and the network's polling run in them. linux.md 7.3 and 7.4.
#include <bit>

#include "sim/base/assert.h"
#include "sim/kernel/event_files.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/kernel_code.h"
#include "sim/kernel/routines.h"
#include "sim/model/draw.h"

namespace sy {

const char* softirq_name(int vec) {
    static constexpr const char* names[] = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                            "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};
    return names[vec];
}

void Ctx::raise_softirq(Softirq s) {
    const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(s));
    ++((cpu.softirq_pending & bit) != 0 ? cpu.bh.merged : cpu.bh.raises)[static_cast<std::size_t>(s)];
    move(at::none, at::per_cpu(cpu.id, PerCpuField::softirq_pending), cpu.softirq_pending | bit,
         cpu.softirq_pending);
    cpu.softirq_pending |= bit;
    emit(RecordKind::softirq_raise, static_cast<std::uint32_t>(s));
}

void Ctx::raise_work(Softirq s, bool of_device, std::uint64_t source, std::uint32_t count) {
    const auto vec = static_cast<std::uint8_t>(s);
    bool found = false;
    for (RaisedWork& w : cpu.bh.raised) {
        if (w.vec != vec || w.of_device != of_device || w.source != source) continue;
        w.count += count;
        found = true;
    }
    if (!found) cpu.bh.raised.push_back({vec, of_device, source, count});
    raise_softirq(s);
}

bool Ctx::schedule_tasklet(std::uint16_t index) {
    Tasklet& t = k.tasklets[index];
    if (t.sched) return false;
    move(at::none, at::per_cpu(index, PerCpuField::tasklet), 1, 0);
    t.sched = true;
    t.cpu = cpu.id;
    ++t.scheduled;
    const bool hi = k.image().scenario.tasklets[index].hi;
    (hi ? cpu.bh.tasklet_hi_vec : cpu.bh.tasklet_vec).push_back(index);
    raise_softirq(hi ? Softirq::hi : Softirq::tasklet);
    return true;
}

namespace {

bool nothing_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

void softirq_begin(Ctx& cx) {
    cx.preempt_add(kSoftirqOffset);
    cx.cpu.softirq_restart = 0;
    cx.cpu.softirq_since = cx.cpu.clock;
    cx.cpu.softirq_irq_ns = cx.cpu.irq_ns;
}
void take_pending(Ctx& cx) {
    cx.set(Reg::rbx, cx.cpu.softirq_pending, at::per_cpu(cx.cpu.id, PerCpuField::softirq_pending));
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::softirq_pending), 0, cx.cpu.softirq_pending);
    cx.cpu.softirq_pending = 0;
    cx.irqs_on();
}
bool batch_done(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
const Routine* action_of(int vec) {
    switch (static_cast<Softirq>(vec)) {
        case Softirq::hi: return &routines::hi_action;
        case Softirq::timer: return &routines::run_timer_softirq;
        case Softirq::net_tx: return &routines::net_tx_action;
        case Softirq::net_rx: return &routines::net_rx_action;
        case Softirq::block: return &routines::blk_done_softirq;
        case Softirq::irq_poll: return &routines::irq_poll_action;
        case Softirq::tasklet: return &routines::tasklet_action;
        case Softirq::sched: return &routines::sched_balance_softirq;
        case Softirq::hrtimer: return &routines::hrtimer_action;
        case Softirq::rcu: return &routines::rcu_action;
    }
    return nullptr;
}
const Routine* next_softirq(Ctx& cx) {
    const int vec = std::countr_zero(cx.reg(Reg::rbx));
    cx.set(Reg::rbx, cx.reg(Reg::rbx) & (cx.reg(Reg::rbx) - 1));
    cx.set(Reg::r12, static_cast<std::uint64_t>(vec));
    ++cx.cpu.softirqs[static_cast<std::size_t>(vec)];
    cx.emit(RecordKind::softirq_entry, static_cast<std::uint32_t>(vec));
    return action_of(vec);
}
void softirq_done(Ctx& cx) {
    cx.emit(RecordKind::softirq_exit, static_cast<std::uint32_t>(cx.reg(Reg::r12)));
}
void softirq_irqs_off(Ctx& cx) { cx.irqs_off(); }
bool another_round(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    if (cpu.softirq_pending == 0) return false;
    const bool in_time = cpu.clock - cpu.softirq_since < kMaxSoftirqTime;
    const bool resched = (cx.cur().tif & tif::need_resched) != 0;
    return in_time && !resched && ++cpu.softirq_restart < kMaxSoftirqRestart;
}
bool nothing_pending(Ctx& cx) { return cx.cpu.softirq_pending == 0; }
void ksoftirqd_to_rdi(Ctx& cx) {
    ++cx.cpu.bh.to_ksoftirqd;
    cx.set(Reg::rdi, layout::task_address(cx.cpu.ksoftirqd));
}
// At whose expense: the time is the interrupted task's, unless the task is ksoftirqd or the CPU was idle.
void softirq_end(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    cx.preempt_sub(kSoftirqOffset);
    const Nanos all = cpu.clock - cpu.softirq_since;
    const Nanos hard = cpu.irq_ns - cpu.softirq_irq_ns;
    cpu.softirq_ns += all - hard;
    const TaskId victim = cx.current();
    if (victim == cpu.idle) return;
    cx.cur().stolen += victim == cpu.ksoftirqd ? hard : all;
}

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

// --- softirqs when bottom halves are enabled again: on the interrupt stack, whoever's stack it was ---

void do_softirq_begin(Ctx& cx) { cx.irqs_off(); }
void do_softirq_end(Ctx& cx) { cx.irqs_on(); }
bool on_irq_stack(Ctx& cx) { return cx.cpu.hardirq_stack_inuse; }
void to_own_stack(Ctx& cx) {
    const std::uint64_t old = cx.reg(Reg::rsp);
    cx.set(Reg::rsp, layout::stack_top(cx.cpu.irq_stack));
    cx.push(old, at::reg(Reg::rsp));
    cx.cpu.hardirq_stack_inuse = true;
}
void off_own_stack(Ctx& cx) {
    const std::uint64_t old = cx.pop(at::reg(Reg::rsp));
    cx.cpu.regs[Reg::rsp] = old;
    cx.cpu.hardirq_stack_inuse = false;
}
constexpr StepDef do_softirq_steps[] = {
    effect(do_softirq_begin, Cost::word, {"Interrupts off, look at the pending bits.", "关闭中断，查看待处理位。", "", ""}),
    branch(nothing_pending, "out", {"Is nothing pending any more?", "已经没有待处理的了吗？", "", ""}),
    branch(on_irq_stack, "same", {"Is the CPU on its interrupt stack already?", "CPU 已经在中断栈上了吗？", "", ""}),
    effect(to_own_stack, Cost::word,
           {"Switch RSP to the CPU's interrupt stack, keeping the old RSP at its top.",
            "把 RSP 切到该 CPU 的中断栈，栈顶保存旧的 RSP。",
            "{cur}'s kernel stack may be deep already; softirqs get a fresh one (do_softirq_own_stack).",
            "{cur} 的内核栈可能已经很深；软中断用一个新的（do_softirq_own_stack）。"}),
    call(routines::handle_softirqs),
    effect(off_own_stack, Cost::word, {"Go back to {cur}'s kernel stack.", "回到 {cur} 的内核栈。", "", ""}),
    jump("out"),
    label("same"),
    call(routines::handle_softirqs),
    label("out"),
    effect(do_softirq_end, Cost::word, {"Interrupts on.", "打开中断。", "", ""}),
    ret(),
};
// The count drops to 0x1, not to 0: whoever runs softirqs here is not to be preempted meanwhile.
void bh_enable_begin(Ctx& cx) { cx.preempt_sub(kSoftirqDisable - kPreemptOffset); }
void bh_enable_end(Ctx& cx) { cx.preempt_sub(kPreemptOffset); }
bool no_softirq_here(Ctx& cx) {
    return cx.cpu.softirq_pending == 0 || (cx.cpu.preempt_count & (kHardirqMask | kSoftirqMask)) != 0;
}
constexpr StepDef local_bh_enable_steps[] = {
    effect(bh_enable_begin, Cost::effect,
           {"Enable bottom halves (preempt_count - 0x200 + 1).", "允许下半部（preempt_count - 0x200 + 1）。",
            "What was raised while they were disabled has only been noted so far.",
            "在禁止期间触发的软中断至今只是记着。"}),
    branch(no_softirq_here, "none",
           {"Is a softirq pending, and may it run here?", "有待处理的软中断，且可以在这里运行吗？",
            "This is the second of the three places where softirqs run.", "这是软中断运行的三个地方中的第二个。"}),
    call(routines::do_softirq),
    label("none"),
    effect(bh_enable_end, Cost::word, {"Enable preemption (preempt_count - 1).", "允许抢占（preempt_count - 1）。", "", ""}),
    branch([](Ctx& cx) { return cx.may_not_preempt_here(); }, "out",
           {"Should {cur} be preempted now?", "现在应当抢占 {cur} 吗？",
            "Only with preempt full, preempt_count 0 and TIF_NEED_RESCHED set.",
            "仅当 preempt full、preempt_count 为 0 且 TIF_NEED_RESCHED 置位。"}),
    call(routines::preempt_schedule),
    label("out"), ret(),
};

// --- what drivers and kernel code have raised with a length of its own; r12 = the vector, from handle_softirqs ---

void take_raised(Ctx& cx) {
    cx.set(Reg::rdi, 0);
    std::vector<RaisedWork>& all = cx.cpu.bh.raised;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].vec != cx.reg(Reg::r12)) continue;
        const RaisedWork w = all[i];
        if (--all[i].count == 0) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
        const Dist& time = w.of_device ? cx.k.image().scenario.devices[w.source].work : code_at(cx.k, w.source).time.get();
        Random& rng = w.of_device ? cx.k.devices[w.source].rng : cx.k.irq_rng;
        cx.set(Reg::rbx, static_cast<std::uint64_t>(draw(rng, time)));
        cx.set(Reg::rdi, 1);
        return;
    }
}
constexpr StepDef raised_work_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(take_raised, Cost::effect, {"Take the next piece of work queued for this vector.", "取出该向量排队的下一件工作。", "", ""}),
    branch(nothing_taken, "done", {"Is none left?", "没有了吗？", "", ""}),
    kernel_burst({"The softirq works, interrupts on, on top of {cur}.", "软中断在工作，中断打开，压在 {cur} 之上。",
                  "{cur} cannot go on, and no task can be switched to, until it returns.",
                  "在它返回之前，{cur} 不能继续，也不能切换到别的任务。"}),
    jump("again"),
    label("done"),
    pop(Reg::rbx), ret(),
};
void look(Ctx&) {}
constexpr StepDef plain_action_steps[] = {
    effect(look, Cost::softirq, {"Run this vector's action.", "运行该向量的动作。", "", ""}),
    jump(routines::raised_work),
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
    branch(nothing_taken, "done", {"Is none left?", "没有了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("done"), jump(routines::raised_work),
};

// --- NET_RX: rbp = packets so far, r12 = the device polled, r13 = its packets, r14 = when to stop ---

Device& napi(Ctx& cx) { return element(cx.k.devices, cx.reg(Reg::r12)); }
void net_rx_begin(Ctx& cx) {
    BottomHalves& bh = cx.cpu.bh;
    bh.polling = std::exchange(bh.poll_list, {});
    cx.set(Reg::rbp, 0);
    cx.set(Reg::r14, static_cast<std::uint64_t>(cx.cpu.clock + kNetdevBudgetTime));
}
bool none_to_poll(Ctx& cx) { return cx.cpu.bh.polling.empty(); }
void begin_poll(Ctx& cx) {
    BottomHalves& bh = cx.cpu.bh;
    cx.set(Reg::r12, bh.polling.front());
    bh.polling.erase(bh.polling.begin());
    cx.set(Reg::r13, 0);
}
void take_packet(Ctx& cx) {
    Device& d = napi(cx);
    const DeviceDecl& decl = element(cx.k.image().scenario.devices, cx.reg(Reg::r12));
    cx.set(Reg::rdi, d.fifo > 0 && cx.reg(Reg::r13) < kNapiWeight ? 1 : 0);
    if (cx.reg(Reg::rdi) == 0) return;
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(cx.reg(Reg::r12)), PerCpuField::device), d.fifo - 1, d.fifo);
    --d.fifo;
    ++d.received;
    cx.set(Reg::r13, cx.reg(Reg::r13) + 1);
    cx.set(Reg::rbx, static_cast<std::uint64_t>(draw(d.rng, decl.work)));
}
void deliver(Ctx& cx) {
    Device& d = napi(cx);
    ++d.available;
    TaskId reader = d.readers.head;
    if (reader != kNoTask) cx.wait_remove(d.readers, reader);
    if (reader == kNoTask && !cx.k.eventpolls.empty()) {
        const std::uint64_t object = layout::devices + cx.reg(Reg::r12) * layout::device_bytes;
        note_file(cx, object, true);
        reader = take_poller_of(cx, object);
    }
    cx.set(Reg::rdi, reader != kNoTask ? layout::task_address(reader) : 0, at::per_cpu(0, PerCpuField::device));
}
void end_poll(Ctx& cx) {
    const auto device = static_cast<std::uint32_t>(cx.reg(Reg::r12));
    Device& d = napi(cx);
    cx.set(Reg::rbp, cx.reg(Reg::rbp) + cx.reg(Reg::r13));
    cx.emit(RecordKind::napi_poll, device, static_cast<std::uint32_t>(cx.reg(Reg::r13)),
            static_cast<std::uint32_t>(kNapiWeight));
    if (cx.reg(Reg::r13) >= kNapiWeight) {
        cx.cpu.bh.repoll.push_back(static_cast<std::uint8_t>(device));
        return;
    }
    d.napi_scheduled = false;   // napi_complete_done: its interrupt is on again
    if (d.fifo > 0) cx.k.raise_irq(cx, cx.k.image().line_of[device]);
}
bool within_budget(Ctx& cx) {
    return cx.reg(Reg::rbp) < kNetdevBudget && static_cast<std::uint64_t>(cx.cpu.clock) < cx.reg(Reg::r14);
}
bool no_clients(Ctx& cx) { return cx.k.clients.empty(); }
void squeeze(Ctx& cx) { ++cx.cpu.bh.time_squeeze; }
void net_rx_end(Ctx& cx) {
    BottomHalves& bh = cx.cpu.bh;
    std::vector<std::uint8_t> all = std::exchange(bh.polling, {});
    all.insert(all.end(), bh.poll_list.begin(), bh.poll_list.end());
    all.insert(all.end(), bh.repoll.begin(), bh.repoll.end());
    bh.repoll.clear();
    bh.poll_list = std::move(all);
    if (!bh.poll_list.empty()) cx.raise_softirq(Softirq::net_rx);
}
constexpr StepDef net_rx_action_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12), push(Reg::r13), push(Reg::r14),
    effect(net_rx_begin, Cost::softirq, {"Take this CPU's list of devices to poll; budget 300 packets, 2 ms.",
                                         "取走该 CPU 要轮询的设备列表；预算 300 个包、2 ms。",
                                         "While a device is polled it does not interrupt: that is NAPI.",
                                         "设备被轮询期间不发中断：这就是 NAPI。"}),
    label("device"),
    branch(none_to_poll, "end", {"Is no device left on the list?", "列表上没有设备了吗？", "", ""}),
    effect(begin_poll, Cost::effect, {"Poll the next device, at most 64 packets.", "轮询下一个设备，最多 64 个包。", "", ""}),
    label("packet"),
    effect(take_packet, Cost::effect, {"Take the next packet from the device's ring.", "从设备的环形缓冲取下一个包。", "", ""}),
    branch(nothing_taken, "polled", {"Is the ring empty, or the poll's weight used up?", "环空了，或本次轮询的份额用完了吗？", "", ""}),
    kernel_burst({"The network stack works on the packet.", "网络协议栈处理这个包。",
                  "Interrupts are on; {cur} waits underneath.", "中断打开着；{cur} 在下面等着。"}),
    effect(deliver, Cost::locked, {"Put the data into the socket, take the first waiter.", "把数据放进套接字，取出第一个等待者。", "", ""}),
    branch(nothing_taken, "packet", {"Does no task wait for it?", "没有任务在等它吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("packet"),
    label("polled"),
    effect(end_poll, Cost::effect,
           {"Done with this device for now: fewer than 64 packets means it may interrupt again.",
            "这个设备暂告一段落：少于 64 个包则它又可以发中断。", "", ""}),
    branch(within_budget, "device", {"Is budget left?", "还有预算吗？", "", ""}),
    effect(squeeze, Cost::effect, {"The budget is used up (time_squeeze).", "预算用完（time_squeeze）。", "", ""}),
    label("end"),
    free_branch(no_clients, "end_all", {"Are there no connections?", "没有连接吗？", "", ""}),
    call(routines::napi_poll),
    label("end_all"),
    effect(net_rx_end, Cost::effect, {"If devices still want polling, raise NET_RX again.", "若还有设备要轮询，再次触发 NET_RX。", "", ""}),
    pop(Reg::r14), pop(Reg::r13), pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp),
    jump(routines::raised_work),
};

// --- tasklets: r12 = the vector (HI or TASKLET), from handle_softirqs; rbx = the tasklet ---

constexpr std::uint64_t kNoneLeft = 0, kPutBack = 1, kMayRun = 2;

void take_tasklets(Ctx& cx) {
    BottomHalves& bh = cx.cpu.bh;
    bh.tasklets_taken = std::exchange(cx.reg(Reg::r12) == 0 ? bh.tasklet_hi_vec : bh.tasklet_vec, {});
}
void try_tasklet(Ctx& cx) {
    BottomHalves& bh = cx.cpu.bh;
    cx.set(Reg::rax, kNoneLeft);
    if (bh.tasklets_taken.empty()) return;
    const std::uint16_t index = bh.tasklets_taken.front();
    bh.tasklets_taken.erase(bh.tasklets_taken.begin());
    Tasklet& t = cx.k.tasklets[index];
    cx.set(Reg::rbx, index);
    if (t.run || t.count > 0) {
        ++t.busy;
        const bool hi = cx.reg(Reg::r12) == 0;
        (hi ? bh.tasklet_hi_vec : bh.tasklet_vec).push_back(index);
        cx.raise_softirq(hi ? Softirq::hi : Softirq::tasklet);
        cx.set(Reg::rax, kPutBack);
        return;
    }
    cx.move(at::none, at::per_cpu(index, PerCpuField::tasklet), 2, 1);
    t.run = true;
    t.sched = false;
    t.cpu = cx.cpu.id;
    ++t.runs;
    bh.tasklet_running = index;
    cx.emit(RecordKind::tasklet_entry, index, cx.reg(Reg::r12) == 0 ? 1 : 0);
    cx.set(Reg::rax, kMayRun);
}
bool no_tasklet_left(Ctx& cx) { return cx.reg(Reg::rax) == kNoneLeft; }
bool tasklet_put_back(Ctx& cx) { return cx.reg(Reg::rax) == kPutBack; }
// With free steps a softirq that spins would do so for ever in one instant.
void spin(Ctx& cx) { cx.set(Reg::rbx, cx.k.image().ideal ? 10'000 : 0); }
void tasklet_done(Ctx& cx) {
    Tasklet& t = element(cx.k.tasklets, cx.reg(Reg::rbx));
    cx.move(at::none, at::per_cpu(static_cast<CpuId>(cx.reg(Reg::rbx)), PerCpuField::tasklet), t.sched ? 1 : 0, 2);
    t.run = false;
    cx.cpu.bh.tasklet_running = kNoTasklet;
    cx.emit(RecordKind::tasklet_exit, static_cast<std::uint32_t>(cx.reg(Reg::rbx)), cx.reg(Reg::r12) == 0 ? 1 : 0);
}
constexpr StepDef tasklet_action_steps[] = {
    push(Reg::rbx),
    effect(take_tasklets, Cost::softirq, {"Take the whole list of scheduled tasklets.", "取走已调度 tasklet 的整个列表。", "", ""}),
    label("next"),
    effect(try_tasklet, Cost::locked,
           {"Take the next tasklet and try to set its TASKLET_STATE_RUN.", "取下一个 tasklet，尝试置 TASKLET_STATE_RUN。",
            "If it runs on another CPU it is put back and the softirq is raised again: never twice at once.",
            "若它正在别的 CPU 上运行，就放回并再次触发软中断：绝不同时运行两份。"}),
    branch(no_tasklet_left, "done", {"Is none left?", "没有了吗？", "", ""}),
    branch(tasklet_put_back, "back", {"Was it put back?", "被放回去了吗？", "", ""}),
    call(routines::tasklet_body),
    effect(tasklet_done, Cost::effect, {"Clear TASKLET_STATE_RUN.", "清除 TASKLET_STATE_RUN。", "", ""}),
    jump("next"),
    label("back"),
    effect(spin, Cost::none, {"It will be tried again in the next round.", "下一轮再试。", "", ""}),
    kernel_burst({"The softirq spins.", "软中断在自旋。", "", ""}),
    jump("next"),
    label("done"),
    pop(Reg::rbx),
    jump(routines::raised_work),
};

}  // namespace

namespace routines {
const Routine handle_softirqs = make_routine<handle_softirqs_steps>("handle_softirqs", Actor::softirq, Phase::work);
const Routine do_softirq = make_routine<do_softirq_steps>("do_softirq", Actor::softirq, Phase::work);
const Routine local_bh_enable = make_routine<local_bh_enable_steps>("__local_bh_enable_ip", Actor::softirq, Phase::work);
const Routine raised_work = make_routine<raised_work_steps>("raised_work", Actor::softirq, Phase::work);
const Routine net_tx_action = make_routine<plain_action_steps>("net_tx_action", Actor::softirq, Phase::work);
const Routine irq_poll_action = make_routine<plain_action_steps>("irq_poll_softirq", Actor::softirq, Phase::work);
const Routine sched_action = make_routine<plain_action_steps>("sched_balance_softirq", Actor::softirq, Phase::work);
const Routine hrtimer_action = make_routine<plain_action_steps>("hrtimer_run_softirq", Actor::softirq, Phase::work);
const Routine rcu_action = make_routine<plain_action_steps>("rcu_core_si", Actor::softirq, Phase::work);
const Routine blk_done_softirq = make_routine<blk_done_softirq_steps>("blk_done_softirq", Actor::softirq, Phase::work);
const Routine net_rx_action = make_routine<net_rx_action_steps>("net_rx_action", Actor::softirq, Phase::work);
const Routine hi_action = make_routine<tasklet_action_steps>("tasklet_hi_action", Actor::softirq, Phase::work);
const Routine tasklet_action = make_routine<tasklet_action_steps>("tasklet_action", Actor::softirq, Phase::work);
}  // namespace routines

}  // namespace sy
