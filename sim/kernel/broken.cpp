#include "sim/kernel/broken.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/inspect.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

// --- finding steps of the sound text ---

// The step of a routine whose sentence begins so.
std::uint32_t step_of(const Routine& r, std::string_view begins) {
    const KernelText& text = kernel_text();
    for (std::uint32_t s = text.entry(r); s < text.size() && &text.routine_of(s) == &r; ++s)
        if (std::string_view(text.def(s).say.what).starts_with(begins)) return s;
    SY_ASSERT(false, "a step that is to be broken does not exist");
}
std::uint32_t step_of(const Routine& r, Op op, Reg reg) {
    const KernelText& text = kernel_text();
    for (std::uint32_t s = text.entry(r); s < text.size() && &text.routine_of(s) == &r; ++s)
        if (text.def(s).op == op && text.def(s).reg == reg) return s;
    SY_ASSERT(false, "a step that is to be broken does not exist");
}

// The few that effects below fall back on, or that take and release the run queue's lock.
struct Known {
    std::uint32_t lock_rq = step_of(routines::schedule_inner, "Interrupts off, lock this CPU's run queue");
    std::uint32_t unlock_rq = step_of(routines::schedule_inner, "Nothing to switch: unlock");
    std::uint32_t prev_is_off = step_of(routines::finish_task_switch, "Mark {prev} as off the CPU");
    std::uint32_t write_cr3 = step_of(routines::switch_mm_irqs_off, "Write CR3: ");
    std::uint32_t write_cr3_again = step_of(routines::switch_mm_irqs_off, "Write CR3 with a flush");
    std::uint32_t enter_lazy = step_of(routines::schedule_inner, "Borrow {prev}'s address space");
    std::uint32_t tick = step_of(routines::tick_nohz_handler, "Scheduler tick:");
    std::uint32_t enqueue = step_of(routines::try_to_wake_up, "{target} is runnable");
    std::uint32_t pending = step_of(routines::sched_ttwu_pending, "Queue the task that another CPU woke");
    std::uint32_t clone_mm = step_of(routines::copy_process, "The address space: shared with a thread");
    std::uint32_t exit_mm = step_of(routines::do_exit, "Give up the address space");
};
const Known& known() {
    static const Known k;
    return k;
}
void as_usual(Ctx& cx, std::uint32_t step) { kernel_text().steps()[step].effect(cx); }

// --- what broken steps do ---

void nothing(Ctx&) {}
bool never(Ctx&) { return false; }
bool always(Ctx&) { return true; }
void skip_push(Ctx& cx) { cx.set(Reg::rsp, cx.reg(Reg::rsp) - 8); }
void skip_pop(Ctx& cx) { cx.set(Reg::rsp, cx.reg(Reg::rsp) + 8); }
void push_own_flags(Ctx& cx) { cx.push(cx.cpu.regs.rflags, at::special(Place::Kind::rflags)); }
bool no_signal(Ctx& cx) { return (cx.cur().tif & tif::sigpending) == 0; }
bool is_signal(Ctx& cx) { return !no_signal(cx); }
bool softirqs_pending(Ctx& cx) { return cx.cpu.softirq_pending != 0; }
void lock_without_cli(Ctx& cx) {
    const std::uint64_t flags = cx.cpu.regs.rflags;
    as_usual(cx, known().lock_rq);
    cx.set_rflags(flags);
}
void leave_cr3(Ctx& cx) {
    TlbState& tlb = cx.cpu.tlb;
    if (cx.cpu.stale_mm == kNoMm) cx.cpu.stale_mm = tlb.loaded_mm;
    const auto next = static_cast<MmId>((cx.reg(Reg::rsi) - layout::mm_structs) / layout::mm_struct_bytes);
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::loaded_mm), next, tlb.loaded_mm);
    tlb.loaded_mm = next;
}
void write_cr3_without_flush(Ctx& cx, std::uint32_t step) {
    const Tlb kept = cx.cpu.tlb.entries;
    as_usual(cx, step);
    if (cx.k.image().pcid) return;
    // Without PCIDs there is one id for all.
    TlbState& tlb = cx.cpu.tlb;
    tlb.entries = kept;
    tlb.ctx_id[0] = tlb.ctx_id[tlb.asid];
    tlb.tlb_gen[0] = tlb.tlb_gen[tlb.asid];
    tlb.asid = 0;
}
void keep_entries(Ctx& cx) { write_cr3_without_flush(cx, known().write_cr3); }
void keep_entries_again(Ctx& cx) { write_cr3_without_flush(cx, known().write_cr3_again); }
void borrow_without_reference(Ctx& cx) {
    const Task& prev = cx.peek(layout::task_of(cx.reg(Reg::rbx)));
    const MmId borrowed = prev.mm;
    as_usual(cx, known().enter_lazy);
    if (borrowed != kNoMm) --cx.mm(borrowed).count;
}
// `incl (%rax)` as a load here and a store in this CPU's next step.
void count_plainly(Ctx& cx, MmId mm, std::uint32_t step) {
    const std::int32_t before = mm != kNoMm ? cx.k.mms[mm].users : 0;
    as_usual(cx, step);
    if (mm == kNoMm || before < 2 || cx.k.mms[mm].users == before) return;   // the last user's way is another one
    cx.cpu.plain_mm = mm;
    cx.cpu.plain_value = cx.k.mms[mm].users;
    cx.mm(mm).users = before;
}
void clone_mm_plainly(Ctx& cx) { count_plainly(cx, cx.cur().mm, known().clone_mm); }
void exit_mm_plainly(Ctx& cx) { count_plainly(cx, cx.cur().mm, known().exit_mm); }

// --- putting them in place ---

constexpr const char* kBrokenWhy = "This kernel was broken here on purpose.";
constexpr const char* kBrokenWhyZh = "这个内核在此处被故意弄坏。";

// The changed step keeps its place: only what it does is another thing.
class Breaker {
  public:
    Breaker(Broken& out, const KernelText& text) : out_(out), text_(text) {}

    void effect(std::uint32_t step, Effect e, const char* what, const char* what_zh) {
        Step& s = out_.steps[step];
        if (s.op == Op::push || s.op == Op::pop) s.op = Op::effect;
        s.effect = e;
        say(step, what, what_zh);
    }
    void branch(std::uint32_t step, Test t, const char* what, const char* what_zh) {
        out_.steps[step].test = t;
        say(step, what, what_zh);
    }

    void slow_down(std::uint32_t step, Cost cost) { out_.steps[step].cost = static_cast<std::uint8_t>(cost); }

  private:
    void say(std::uint32_t step, const char* what, const char* what_zh) {
        // One for each step and text, for ever: the text of a process is the same in all its machines.
        static std::map<std::uint64_t, StepDef> kept;
        const auto [it, is_new] = kept.try_emplace(std::uint64_t{step} << 32 | std::hash<std::string_view>{}(what) >> 32);
        if (is_new) {
            it->second = text_.def(step);
            it->second.say = {what, what_zh, kBrokenWhy, kBrokenWhyZh};
        }
        out_.said[step] = &it->second;
    }
    Broken& out_;
    const KernelText& text_;
};

void forget_register(Breaker& b, Reg r) {
    b.effect(step_of(routines::switch_to_asm, Op::push, r), skip_push, "Leave room for {reg}, but do not save it.",
             "为 {reg} 留出位置，但不保存它。");
    b.effect(step_of(routines::switch_to_asm, Op::pop, r), skip_pop, "Skip the word of {reg}: it keeps what {prev} had in it.",
             "跳过 {reg} 的字：其中仍是 {prev} 的值。");
}

void apply(Breaker& b, const BreakDecl& how) {
    const Known& k = known();
    switch (how.kind) {
        case Breakage::forget_callee_saved: forget_register(b, how.reg); return;
        case Breakage::forget_rflags:
            b.effect(step_of(routines::entry_syscall_64, Op::push, Reg::r11), push_own_flags,
                     "Push RFLAGS as they are now, not the user's in R11.", "压入此刻的 RFLAGS，而不是 R11 中用户的。");
            return;
        case Breakage::forget_swapgs:
            for (const Routine* r : {&routines::entry_syscall_64, &routines::asm_apic_timer, &routines::asm_reschedule_ipi,
                                     &routines::asm_call_function, &routines::asm_common_interrupt})
                b.effect(step_of(*r, "Exchange GS base"), nothing, "Leave GS base as the user had it.", "GS 基址保持用户的值。");
            return;
        case Breakage::forget_need_resched:
            b.branch(step_of(routines::irqentry_exit_to_user_mode, "Look at thread_info.flags"), no_signal,
                     "Look at TIF_SIGPENDING only.", "只看 TIF_SIGPENDING。");
            b.branch(step_of(routines::exit_to_user_mode_loop, "Is TIF_NEED_RESCHED set?"), always,
                     "Do not look at TIF_NEED_RESCHED.", "不看 TIF_NEED_RESCHED。");
            b.branch(step_of(routines::exit_to_user_mode_loop, "Is there new work?"), is_signal, "Look at TIF_SIGPENDING only.",
                     "只看 TIF_SIGPENDING。");
            return;
        case Breakage::forget_mm_reference:
            b.effect(k.enter_lazy, borrow_without_reference, "Borrow {prev}'s address space without counting it.",
                     "借用 {prev} 的地址空间，却不计数。");
            return;
        case Breakage::forget_tlb_flush:
            b.effect(k.write_cr3, keep_entries, "Write CR3, but let the TLB's entries stay.", "写 CR3，但保留 TLB 项。");
            b.effect(k.write_cr3_again, keep_entries_again, "Write CR3, but let the TLB's entries stay.",
                     "写 CR3，但保留 TLB 项。");
            return;
        case Breakage::forget_retest:
            b.branch(step_of(routines::pipe_read, "Have bytes come meanwhile?"), never, "Do not test again: sleep.",
                     "不再测试：睡眠。");
            b.slow_down(step_of(routines::pipe_read, "Is the pipe empty for ever"), Cost::enqueue);
            return;
        case Breakage::forget_softirq_limit:
            b.branch(step_of(routines::handle_softirqs, "Raised again meanwhile?"), softirqs_pending,
                     "Raised again meanwhile? Another round, without limits.", "其间又被触发？再来一轮，没有限度。");
            return;
        case Breakage::keep_cr3:
            b.effect(k.write_cr3, leave_cr3, "Note {next}'s address space, but do not write CR3.", "记下 {next} 的地址空间，但不写 CR3。");
            b.effect(k.write_cr3_again, leave_cr3, "Note {next}'s address space, but do not write CR3.",
                     "记下 {next} 的地址空间，但不写 CR3。");
            return;
        case Breakage::keep_stack:
            b.effect(step_of(routines::switch_to_asm, "Load RSP from {next}'s"), nothing,
                     "Do not load {next}'s RSP: the CPU stays on {prev}'s stack.", "不装入 {next} 的 RSP：CPU 留在 {prev} 的栈上。");
            return;
        case Breakage::keep_interrupts:
            b.effect(k.lock_rq, lock_without_cli, "Lock this CPU's run queue, interrupts stay on.", "锁住该 CPU 的运行队列，中断仍开着。");
            return;
        case Breakage::plain_counter:
            b.effect(k.clone_mm, clone_mm_plainly, "Load mm_users; the new value is stored in the next step.",
                     "读取 mm_users；新值在下一步才写入。");
            b.effect(k.exit_mm, exit_mm_plainly, "Load mm_users; the new value is stored in the next step.",
                     "读取 mm_users；新值在下一步才写入。");
            return;
        case Breakage::share_stack:   // Ctx::new_task asks
        case Breakage::small_stack: return;
    }
}

}  // namespace

void break_kernel(Image& image, TaskId first_new_task) {
    if (image.scenario.breaks.empty()) return;
    const KernelText& text = kernel_text();
    const auto broken = std::make_shared<Broken>();
    broken->steps.assign(text.steps(), text.steps() + text.size());
    Breaker breaker(*broken, text);
    broken->first_small_stack = first_new_task;
    for (const BreakDecl& how : image.scenario.breaks) {
        broken->kinds |= std::uint32_t{1} << static_cast<unsigned>(how.kind);
        apply(breaker, how);
    }
    image.steps = broken->steps.data();
    image.broken = broken;
    image.stretches.assign(text.size(), {});   // every step singly: none is the compiled one any more
}

// --- one step of a broken machine ---

namespace {

Oops::Kind kind_of(const KernelFault& f) {
    if (f.has_address) return Oops::Kind::page_fault;
    return std::strcmp(f.why, "a pointer to an object that does not exist") == 0 ? Oops::Kind::protection : Oops::Kind::bug;
}

// Steps that take this CPU's run-queue lock from an interrupt.
bool takes_rq_lock(std::uint32_t step) {
    const Known& k = known();
    return step == k.tick || step == k.enqueue || step == k.pending;
}

// May the step at hand be made at all? Else the reason.
struct Obstacle {
    Oops::Kind kind = Oops::Kind::bug;
    const char* why = nullptr;       // null: none
    std::uint64_t address = 0;
};
Obstacle obstacle(const Kernel& k, const Cpu& cpu, const Broken& broken) {
    if (cpu.regs.user()) return {};
    const Step& s = broken.steps[cpu.pc];
    // Nothing of the kernel's is where GS leads; the handler of that fault needs GS, too.
    if (broken.has(Breakage::forget_swapgs) && s.op == Op::effect && cpu.regs.gs_base != layout::per_cpu_base(cpu.id) && s.effect != nothing)
        return {Oops::Kind::double_fault, "per-CPU variables are not where GS leads, and the fault's own handler needs them",
                cpu.regs.gs_base};
    if (broken.has(Breakage::small_stack) && cpu.pc == known().lock_rq) {
        const Task& prev = k.tasks[cpu.curr];
        if (cpu.curr >= broken.first_small_stack && k.stacks.read(layout::stack_top(prev.stack) - kSmallStack) != layout::stack_end_magic)
            return {Oops::Kind::stack_end, "STACK_END_MAGIC is overwritten", 0};
    }
    return {};
}

}  // namespace

void Kernel::stop_with(Oops&& what, const Regs& regs, std::uint32_t pc, StepReport* report) {
    Cpu& cpu = cpus[what.cpu];
    // As it was when the step could not be made: what the report shows.
    cpu.regs = regs;
    cpu.pc = pc;
    what.regs = regs;
    what.rip = rip(cpu);
    what.at = std::max(what.at, now_);
    what.step = steps_;
    what.task = cpu.current_task < tasks.size() ? cpu.current_task : kNoTask;
    try {
        if (what.task != kNoTask && !regs.user()) what.trace = call_chain(what.task);
    } catch (const KernelFault&) {   // its stack leads nowhere
        what.trace.clear();
    }
    now_ = what.at;
    end_ = End::oops;
    if (report != nullptr) {
        report->moves.clear();
        report->number = steps_;
        report->cpu = cpu.id;
        report->kind = regs.user() ? StepReport::Kind::burst : StepReport::Kind::kernel;
        report->step = pc;
        report->task = cpu.current_task;
        report->at = report->end = what.at;
    }
    ++steps_;
    oops = std::make_shared<const Oops>(std::move(what));
}

void Kernel::broken_step(Cpu& cpu, Log* log, StepReport* report) {
    const Broken& broken = *image_->broken;
    const BrokenGround ground;
    const Regs regs = cpu.regs;
    const std::uint32_t pc = cpu.pc;
    const CpuId id = cpu.id;
    const Nanos began = cpu.clock;
    const auto stop = [&](Oops::Kind kind, const char* why, std::uint64_t address, Nanos at) {
        Oops o;
        o.kind = kind;
        o.cpu = id;
        o.why = why;
        o.address = address;
        o.at = at;
        stop_with(std::move(o), regs, pc, report);
    };
    Watch& watch = cpu.watch;
    const auto wait_for_watchdog = [&] {   // it spins on: nothing happens here before the NMI
        cpu.next = watch.spins_since + kHardLockup;
        active_ = kNoCpu;
        if (report != nullptr) {
            *report = {};
            report->cpu = id;
            report->number = steps_;
            report->step = pc;
            report->task = cpu.current_task;
            report->at = report->end = cpu.clock;
        }
        ++steps_;
    };
    if (watch.spins_since != kNever) {
        if (cpu.next < watch.spins_since + kHardLockup) return wait_for_watchdog();
        return stop(Oops::Kind::hard_lockup, "it spins on the lock of its own run queue", 0, watch.spins_since + kHardLockup);
    }
    if (cpu.plain_mm != kNoMm) {   // the store that belongs to the load of the step before
        mms.mut(cpu.plain_mm).users = cpu.plain_value;
        cpu.plain_mm = kNoMm;
    }
    try {
        if (const Obstacle o = obstacle(*this, cpu, broken); o.why != nullptr) return stop(o.kind, o.why, o.address, began);
        const bool makes_step = !regs.user() && cpu.next <= cpu.clock;
        if (makes_step && watch.holds_rq_lock && takes_rq_lock(pc)) {
            watch.spins_since = cpu.clock;
            return wait_for_watchdog();
        }
        cpu_step(cpu, log, report);
        if (!regs.user() && cpu.pc != pc) {   // it was made (no interrupt came first)
            if (pc == known().lock_rq && cpu.pc == pc + 1) watch.holds_rq_lock = true;
            if (pc == known().prev_is_off || pc == known().unlock_rq) watch.holds_rq_lock = false;
        }
        if (const char* why = look_at_watchdogs(cpu); why != nullptr) {
            const bool hard = watch.irqs_off_since != kNever && cpu.clock - watch.irqs_off_since >= kHardLockup;
            --steps_;
            Oops o;
            o.kind = hard ? Oops::Kind::hard_lockup : Oops::Kind::soft_lockup;
            o.cpu = id;
            o.why = why;
            o.at = now_;
            stop_with(std::move(o), cpu.regs, cpu.pc, report);
        }
    } catch (const KernelFault& f) {
        stop(kind_of(f), f.why, f.address, began);
    }
}

const char* Kernel::look_at_watchdogs(Cpu& cpu) {
    Watch& w = cpu.watch;
    const Task& t = tasks[cpu.current_task];
    const bool idle = cpu.current_task == cpu.idle;
    if (cpu.regs.interrupts_on() || idle)
        w.irqs_off_since = kNever;
    else if (w.irqs_off_since == kNever)
        w.irqs_off_since = cpu.clock;
    if ((t.tif & tif::need_resched) == 0 || idle || w.resched_switches != cpu.nr_switches)
        w.resched_since = kNever;
    else if (w.resched_since == kNever)
        w.resched_since = cpu.clock;
    w.resched_switches = cpu.nr_switches;
    if (w.irqs_off_since != kNever && cpu.clock - w.irqs_off_since >= kHardLockup) return "its interrupts have been off for 10 s";
    if (w.resched_since != kNever && cpu.clock - w.resched_since >= kSoftLockup)
        return "TIF_NEED_RESCHED has been set for 20 s and nobody looks";
    return nullptr;
}

std::string oops_title(const Kernel& k, const Oops& o) {
    char out[160];
    const std::string comm = o.task != kNoTask ? std::string(k.tasks[o.task].comm.data()) : "?";
    const Pid pid = o.task != kNoTask ? k.tasks[o.task].pid : 0;
    switch (o.kind) {
        case Oops::Kind::page_fault:
            std::snprintf(out, sizeof out,
                          o.address < 4'096 ? "BUG: kernel NULL pointer dereference, address: %016llx"
                                            : "BUG: unable to handle page fault for address: %016llx",
                          static_cast<unsigned long long>(o.address));
            return out;
        case Oops::Kind::protection: return "general protection fault: 0000 [#1] PREEMPT SMP";
        case Oops::Kind::bug: return "kernel BUG: " + o.why;
        case Oops::Kind::stack_end: return "Kernel panic - not syncing: corrupted stack end detected inside scheduler";
        case Oops::Kind::double_fault: return "traps: PANIC: double fault, error_code: 0x0";
        case Oops::Kind::soft_lockup:
            std::snprintf(out, sizeof out, "watchdog: BUG: soft lockup - CPU#%u stuck for %llds! [%s:%d]", o.cpu,
                          static_cast<long long>(kSoftLockup / kSecond), comm.c_str(), pid);
            return out;
        case Oops::Kind::hard_lockup:
            std::snprintf(out, sizeof out, "NMI watchdog: Watchdog detected hard LOCKUP on cpu %u", o.cpu);
            return out;
    }
    return {};
}

}  // namespace sy
