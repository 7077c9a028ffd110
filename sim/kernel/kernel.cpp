// The step engine: who is next, and one step of it. Everything coarser (next record, next switch, run to 50 ms) is this
// in a loop; speed comes from cheap steps, not from a second engine.
#include "sim/kernel/kernel.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/context.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/locks.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

// Lines that the local APIC would deliver: those of a higher class than the interrupt it still waits an EOI for.
std::uint64_t deliverable(const Cpu& cpu) {
    if (cpu.in_service == 0) return cpu.irr_devices;
    const int top = 31 - __builtin_clz(cpu.in_service);
    const int first = ((top + 1) << 4) - kFirstDeviceVector;
    if (first >= 64) return 0;
    return first <= 0 ? cpu.irr_devices : cpu.irr_devices & ~std::uint64_t{0} << first;
}

bool at_instruction(const Kernel& k, const Cpu& cpu) {
    if (!cpu.regs.user()) return false;
    const Program& p = k.program_of(k.tasks[cpu.current_task]);
    const std::uint32_t op = p.op_at(cpu.regs.rip);
    return op < p.ops.size() && p.ops[op].kind == UserOp::Kind::asm_code;
}

}  // namespace

// When an interrupt first wants this CPU's attention.
Nanos attention(const Cpu& cpu) {
    if (cpu.irr_timer || cpu.irr_call || cpu.irr_resched || (cpu.irr_devices != 0 && deliverable(cpu) != 0)) return 0;
    return std::min(cpu.lapic_deadline, cpu.ipi_arrival);
}

bool at_burst(const Kernel& k, const Cpu& cpu, const KernelText& text) {
    if (cpu.regs[Reg::rbx] == 0) return false;
    if (!cpu.regs.user()) return text.steps()[cpu.pc].op == Op::burst;
    const Program& p = k.program_of(k.tasks[cpu.current_task]);
    const std::uint32_t op = p.op_at(cpu.regs.rip);
    return op < p.ops.size() && p.ops[op].kind == UserOp::Kind::burst;
}

namespace {

// When this CPU's next step happens: at once, unless it computes or halts.
void update_next(const Kernel& k, Cpu& cpu, const KernelText& text) {
    cpu.next = cpu.clock;
    if (!cpu.regs.user()) {
        const Op op = text.steps()[cpu.pc].op;
        if (op != Op::halt && op != Op::burst) [[likely]]
            return;
        if (op == Op::halt) {
            cpu.next = std::max(cpu.clock, attention(cpu));
            return;
        }
    }
    if (!at_burst(k, cpu, text)) return;
    // An instruction may have put anything into RBX.
    Nanos end = cpu.clock + static_cast<Nanos>(std::min(cpu.regs[Reg::rbx], static_cast<std::uint64_t>(limits::duration_ns)));
    if (cpu.regs.interrupts_on())
        end = std::min(end, std::max(cpu.clock, attention(cpu)));
    else if (k.image().broken != nullptr)   // the watchdog's NMI comes all the same
        end = std::min(end, cpu.clock + kHardLockup);
    cpu.next = end;
}

// The pending interrupt that this CPU must take now; 0: none. The APIC delivers the highest vector first.
std::uint8_t pending_vector(Kernel& k, Cpu& cpu, const KernelText& text, bool ideal) {
    if (cpu.ipi_arrival <= cpu.clock) {
        cpu.irr_resched |= cpu.ipi_resched;
        cpu.irr_call |= cpu.ipi_call;
        cpu.irr_devices |= std::exchange(cpu.ipi_devices, 0);
        cpu.ipi_resched = cpu.ipi_call = false;
        cpu.ipi_arrival = kNever;
    }
    // With free steps, what a task does at the very instant at which the timer rings, or somebody arrives who would
    // preempt it, comes before the interrupt: a burst that ends with its quantum has ended. Only code that would let time
    // pass is interrupted.
    const bool wants_one = cpu.irr_resched || cpu.lapic_deadline <= cpu.clock;
    const bool now = wants_one && (!ideal || k.direction.on || cpu.curr == cpu.idle || at_burst(k, cpu, text) || at_instruction(k, cpu));
    if (cpu.irr_resched && now) return kRescheduleVector;
    if (cpu.irr_call) return kCallVector;
    if (cpu.lapic_deadline < cpu.clock || (cpu.lapic_deadline == cpu.clock && now)) return kTimerVector;
    if (const std::uint64_t lines = deliverable(cpu); lines != 0)
        return static_cast<std::uint8_t>(kFirstDeviceVector + 63 - __builtin_clzll(lines));
    return 0;
}

// What the hardware does when it takes an interrupt: five words on the entry stack (from user mode) or on the current
// one (from kernel mode), interrupts off, RIP at the vector's entry (linux.md 5.1).
void take_interrupt(Ctx& cx, std::uint8_t vector) {
    Cpu& cpu = cx.cpu;
    Regs& r = cpu.regs;
    const bool from_user = r.user();
    if (!cpu.stores.empty()) [[unlikely]]
        drain_all_stores(cx);
    const bool interrupts_task = (cpu.preempt_count & (kHardirqMask | kSoftirqMask)) == 0;
    if (from_user || (cx.cur().is_kthread() && interrupts_task)) cpu.begin_episode(cx.k.steps());
    const std::uint64_t rip = from_user ? r.rip : cx.text.address(cpu.pc);
    const std::uint64_t rsp = r[Reg::rsp];
    const std::uint64_t flags = r.rflags, cs = r.cs, ss = r.ss;
    cx.set(Reg::rsp, from_user ? layout::entry_stack_top(cpu.id) : rsp & ~std::uint64_t{15});
    const std::uint64_t frame = cx.reg(Reg::rsp) - 5 * 8;
    if (std::uint64_t* w = cx.k.stacks.near_words(frame, 5); w != nullptr && cx.report == nullptr) {
        w[0] = rip;
        w[-1] = cs;
        w[-2] = flags;
        w[-3] = rsp;
        w[-4] = ss;
        r[Reg::rsp] = frame;
    } else {
        cx.push(ss, at::special(Place::Kind::ss));
        cx.push(rsp, at::reg(Reg::rsp));
        cx.push(flags, at::special(Place::Kind::rflags));
        cx.push(cs, at::special(Place::Kind::cs));
        cx.push(rip, at::special(Place::Kind::rip));
    }
    cx.move(at::none, at::special(Place::Kind::rflags), flags & ~kFlagIf, flags);
    cx.move(at::none, at::special(Place::Kind::cs), kKernelCs, cs);
    r.rflags = flags & ~kFlagIf;
    r.cs = kKernelCs;
    r.ss = kKernelSs;
    cpu.irr_resched &= vector != kRescheduleVector;
    cpu.irr_call &= vector != kCallVector;
    if (vector == kTimerVector) {
        cpu.lapic_deadline = kNever;   // one-shot: hrtimer_interrupt programs the next one
    } else if (vector < kTimerVector) {
        cpu.irr_devices &= ~(std::uint64_t{1} << (vector - kFirstDeviceVector));
        cpu.in_service |= static_cast<std::uint16_t>(1u << (vector >> 4));
    }
    cpu.pc = entry_of_vector(cx.text, vector);
    cpu.vector = vector;
    cx.move(at::none, at::special(Place::Kind::rip), cx.text.address(cpu.pc), rip);
}

void kernel_step(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    const Step& s = cx.k.image().steps[cpu.pc];
    const std::uint32_t here = cpu.pc++;
    cpu.clock += cx.k.image().costs[s.cost];
    switch (s.op) {
        case Op::effect:
        case Op::hardware: s.effect(cx); return;
        case Op::push: cx.push(cpu.regs[static_cast<Reg>(s.reg)], at::reg(static_cast<Reg>(s.reg))); return;
        case Op::pop: {
            const Reg r = static_cast<Reg>(s.reg);
            const std::uint64_t v = cx.pop(at::reg(r));
            cpu.regs[r] = v;
            return;
        }
        case Op::call:
            cx.push(cx.text.address(here + 1), at::special(Place::Kind::rip));
            cpu.pc = s.target;
            return;
        case Op::call_indirect: {
            const std::uint32_t target = cx.text.entry(*s.indirect(cx));
            cx.push(cx.text.address(here + 1), at::special(Place::Kind::rip));
            cpu.pc = target;
            return;
        }
        case Op::jump: cpu.pc = s.target; return;
        case Op::branch:
            if (s.test(cx)) {
                cpu.pc = s.target;
                if (cx.report != nullptr) cx.report->taken = true;
            }
            return;
        case Op::ret: cpu.pc = cx.text.step_at(cx.pop(at::special(Place::Kind::rip))); return;
        case Op::halt:
        case Op::burst:
        case Op::label: break;
    }
}

}  // namespace

void Kernel::refresh(Cpu& cpu) { update_next(*this, cpu, kernel_text()); }

std::uint64_t Ctx::place_value(Place p) const {
    switch (p.kind) {
        case Place::Kind::reg: return cpu.regs.g[p.id];
        case Place::Kind::rip: return k.rip(cpu);
        case Place::Kind::rflags: return cpu.regs.rflags;
        case Place::Kind::cs: return cpu.regs.cs;
        case Place::Kind::ss: return cpu.regs.ss;
        case Place::Kind::word: return k.stacks.read(p.address);
        default: return 0;
    }
}

std::uint16_t Ctx::record_flags() const {
    std::uint16_t f = 0;
    if (!cpu.regs.interrupts_on()) f |= record_flag::irqs_off;
    if ((k.tasks[cpu.current_task].tif & tif::need_resched) != 0) f |= record_flag::need_resched;
    if ((cpu.preempt_count & kHardirqMask) != 0) f |= record_flag::hardirq;
    if ((cpu.preempt_count & kSoftirqOffset) != 0) f |= record_flag::softirq;
    if ((cpu.preempt_count & kSoftirqMask & ~kSoftirqOffset) != 0) f |= record_flag::bh_off;
    f |= static_cast<std::uint16_t>(std::min(cpu.preempt_count & kPreemptMask, 15u) << record_flag::depth_shift);
    return f;
}

void Ctx::emit(RecordKind kind, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    if ((k.image().records >> static_cast<unsigned>(kind) & 1) == 0) return;   // its tracepoint is off
    ++k.records_;
    if (log == nullptr) return;
    log->add({cpu.clock, kind, cpu.id, record_flags(), outside ? kNoTask : cpu.current_task, a, b, c, d});
}

// At one instant: tie=arrival-first lets the outside world go before the CPUs. With expired-first the CPUs go first,
// but who arrives still comes before the sleepers that wake at that instant (the order of OSTEP's mlfq.py).
bool Kernel::event_goes_first(const Cpu& cpu) const {
    const Nanos event = next_event();
    if (event != cpu.next) return event < cpu.next;
    if (image_->tie == TieRule::arrival_first) return true;
    const bool is_out = cpu.regs.user() || cpu.curr == cpu.idle;
    return is_out && !cpu.timers.empty() && cpu.timers.front().kind == TimerKind::sleep &&
           cpu.timers.front().expires <= event;
}

bool Kernel::choose() {
    Nanos best = kNever, second = kNever;
    CpuId who = kNoCpu;
    for (const Cpu& cpu : cpus) {
        if (cpu.next < best) {
            second = best;
            best = cpu.next;
            who = cpu.id;
        } else if (cpu.next < second) {
            second = cpu.next;
        }
    }
    const Nanos event = events_.empty() ? kNever : events_.front().at;
    const bool event_first = who == kNoCpu || event_goes_first(cpus[who]);
    const Nanos when = std::min(best, event);
    if (when == kNever) {
        end_ = has_deadlock(*this) ? End::deadlock : End::nothing_left;
        return false;
    }
    if (when > image_->end_at) {
        end_ = End::time_limit;
        now_ = image_->end_at;
        return false;
    }
    active_ = event_first ? kNoCpu : who;
    horizon_ = std::min({second, event, image_->end_at == kNever ? kNever : image_->end_at + 1});
    return true;
}

Nanos Kernel::next_time() const {
    if (direction.on) [[unlikely]]
        return directed_choice().when;
    Nanos when = events_.empty() ? kNever : events_.front().at;
    for (const Cpu& cpu : cpus) when = std::min(when, cpu.next);
    return when;
}

CpuId Kernel::next_cpu() const {
    if (direction.on) [[unlikely]]
        return directed_choice().cpu;
    const Cpu* best = nullptr;
    for (const Cpu& cpu : cpus)
        if (best == nullptr || cpu.next < best->next) best = &cpu;
    return event_goes_first(*best) ? kNoCpu : best->id;
}

void Kernel::cpu_step(Cpu& cpu, Log* log, StepReport* report) {
    static const KernelText& text = kernel_text();
    Ctx cx{*this, cpu, log, report, text};
    const Nanos when = cpu.next;
    if (when > now_) {
        now_ = when;
        steps_at_now_ = 0;
    } else if (++steps_at_now_ > static_cast<std::uint64_t>(limits::steps_at_one_instant)) {
        end_ = End::stuck;
    }
    if (report != nullptr) [[unlikely]] {
        report->cpu = cpu.id;
        report->task = cpu.current_task;
        report->at = cpu.clock;
    }
    const bool halted = !cpu.regs.user() && text.steps()[cpu.pc].op == Op::halt;
    if (when > cpu.clock || halted) {
        let_time_pass(cx, when - cpu.clock, halted);
    } else {
        const bool wanted = cpu.regs.interrupts_on() && attention(cpu) <= cpu.clock;
        const std::uint8_t vector =
            wanted ? pending_vector(*this, cpu, text, image_->ideal) : std::uint8_t{0};
        if (vector != 0) {
            if (report != nullptr) {
                report->kind = StepReport::Kind::interrupt;
                report->step = vector;
            }
            take_interrupt(cx, vector);
            cpu.clock += image_->costs[static_cast<std::size_t>(Cost::interrupt)];
        } else if (cpu.regs.user()) {
            user_step(cx);
        } else {
            if (report != nullptr) [[unlikely]] {
                report->kind = StepReport::Kind::kernel;
                report->step = cpu.pc;
            }
            if (text.steps()[cpu.pc].op == Op::burst)
                ++cpu.pc;   // nothing left to compute
            else
                kernel_step(cx);
        }
    }
    update_next(*this, cpu, text);
    if (report != nullptr) [[unlikely]] {
        report->number = steps_;
        report->end = cpu.clock;
    }
    ++steps_;
}

bool Kernel::step(Log* log, StepReport* report) {
    if (end_ != End::running) return false;
    if (report != nullptr) {
        report->moves.clear();
        report->taken = false;
    }
    if (direction.on) [[unlikely]]
        return directed_step(log, report);
    if (active_ >= cpus.size() || cpus[active_].next >= horizon_) {
        if (!choose()) return false;
        if (active_ == kNoCpu) {
            run_event(log, report);
            return true;
        }
    }
    if (image_->broken == nullptr) [[likely]]
        cpu_step(cpus[active_], log, report);
    else
        broken_step(cpus[active_], log, report);
    return true;
}

void Kernel::run(const Bound& bound, Log* log) {
    while (end_ == End::running && steps_ < bound.steps && switches_ < bound.switches &&
           records_ < bound.records) {
        if (bound.time != kNever) {
            const bool ready = active_ < cpus.size() && cpus[active_].next < horizon_;
            if ((ready ? cpus[active_].next : next_time()) > bound.time) return;
        }
        if (!step(log, nullptr)) return;
        if (active_ < cpus.size() && !cpus[active_].regs.user() && end_ == End::running)
            run_stretches(cpus[active_], bound, log);
    }
}

void Kernel::rest_until(Nanos at) {
    if (at > now_ && at < next_time()) now_ = at;
}

// Runs compiled stretches of kernel code on one CPU as long as each of them fits in before anything else can happen:
// an interrupt, another CPU's step, an event, a bound. What does not fit is stepped singly by the caller.
void Kernel::run_stretches(Cpu& cpu, const Bound& bound, Log* log) {
    static const KernelText& text = kernel_text();
    const Image::FastStretch* const stretches = image_->stretches.data();
    const Costs& costs = image_->costs;
    Ctx cx{*this, cpu, log, nullptr, text};
    const std::uint64_t first = steps_;
    // Records and switches are counted inside a stretch: stop well before their bounds.
    const bool counts = bound.switches != ~std::uint64_t{0} || bound.records != ~std::uint64_t{0};
    bool go = true;
    while (go && end_ == End::running && !cpu.regs.user()) {
        // What limits this CPU changes only where an effect says so (cx.recheck).
        Nanos limit = attention(cpu);
        // With free steps the timer waits for code that lets time pass: see pending_vector.
        if (image_->ideal && limit == cpu.clock && cpu.lapic_deadline == limit && cpu.curr != cpu.idle) limit = kNever;
        limit = std::min(limit, horizon_);
        if (bound.time != kNever) limit = std::min(limit, bound.time + 1);
        cx.limit = limit;
        cx.recheck = false;
        do {
            const Image::FastStretch& s = stretches[cpu.pc];
            // Where no stretch begins the cost is out of reach.
            cx.stretch_end = cpu.clock + s.cost;
            if (cx.stretch_end >= cx.limit || steps_ + s.most > bound.steps ||
                (counts && (switches_ + 1 >= bound.switches || records_ + 64 >= bound.records))) {
                go = false;
                break;
            }
            s.run(cx, costs.data(), s.base);
        } while (!cx.recheck);
        go = go && steps_ - first < static_cast<std::uint64_t>(limits::steps_at_one_instant);
    }
    if (steps_ == first) return;
    if (cx.began > now_) {
        now_ = cx.began;
        steps_at_now_ = 0;
    } else {
        steps_at_now_ += steps_ - first;
    }
    update_next(*this, cpu, text);
}

}  // namespace sy
