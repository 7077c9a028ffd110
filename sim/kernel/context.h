// One CPU in the middle of a step. Effects read and change the machine through it, so that every move they make is
// reported when somebody watches, and every record gets its time and context.
#pragma once

#include "sim/kernel/kernel.h"
#include "sim/kernel/text.h"

namespace sy {

// Shorthands for places.
namespace at {
constexpr Place none{};
constexpr Place reg(Reg r) { return {Place::Kind::reg, static_cast<std::uint8_t>(r), 0, 0}; }
constexpr Place special(Place::Kind kind) { return {kind, 0, 0, 0}; }
constexpr Place word(std::uint64_t address) { return {Place::Kind::word, 0, 0, address}; }
constexpr Place user_word(MmId mm, std::uint64_t address) {
    return {Place::Kind::user_word, 0, mm, address};
}
constexpr Place task(TaskId t, TaskField f) {
    return {Place::Kind::task, static_cast<std::uint8_t>(f), t, 0};
}
constexpr Place mm(MmId m, MmField f) { return {Place::Kind::mm, static_cast<std::uint8_t>(f), m, 0}; }
constexpr Place shared(SharedKind kind, SharedId id, SharedField f) {
    return {Place::Kind::shared, static_cast<std::uint8_t>(f), id, static_cast<std::uint64_t>(kind)};
}
constexpr Place per_cpu(CpuId c, PerCpuField f) {
    return {Place::Kind::per_cpu, static_cast<std::uint8_t>(f), c, 0};
}
}  // namespace at

struct Ctx {
    Ctx(Kernel& kernel, Cpu& on, Log* to, StepReport* into, const KernelText& kernel_text, bool from_outside = false)
        : k(kernel), cpu(on), log(to), report(into), text(kernel_text), outside(from_outside) {}

    Kernel& k;
    Cpu& cpu;
    Log* log;
    StepReport* report;
    const KernelText& text;
    bool recheck = false;   // something may come between this step and the next: look again (compiled.h)
    Nanos began = 0;        // when the last step of a stretch began
    Nanos limit = 0;        // stretches may run up to here
    Nanos stretch_end = 0;  // when the stretch under way will be over at the latest
    // Something will come at `when`: stretches end before it, this one too if need be.
    void expect_at(Nanos when) {
        if (when < limit) limit = when;
        if (when <= stretch_end) recheck = true;
    }
    bool outside = false;   // an event from outside the machine, not code of this CPU

    // --- registers and stacks ---
    std::uint64_t reg(Reg r) const { return cpu.regs[r]; }
    [[gnu::always_inline]] void set(Reg r, std::uint64_t v, Place from = at::none) {
        if (report != nullptr) [[unlikely]]
            note(from, at::reg(r), v, cpu.regs[r]);
        cpu.regs[r] = v;
    }
    [[gnu::always_inline]] void push(std::uint64_t v, Place from) {
        const std::uint64_t sp = cpu.regs[Reg::rsp] - 8;
        cpu.regs[Reg::rsp] = sp;
        if (report != nullptr) [[unlikely]]
            note(from, at::word(sp), v, k.stacks.read(sp));
        write_word(sp, v);
    }
    [[gnu::always_inline]] std::uint64_t pop(Place to) {
        const std::uint64_t sp = cpu.regs[Reg::rsp];
        const std::uint64_t v = read_word(sp);
        if (report != nullptr) [[unlikely]]
            note(at::word(sp), to, v, place_value(to));
        cpu.regs[Reg::rsp] = sp + 8;
        return v;
    }
    // A word of the pt_regs at `base`.
    std::uint64_t pt_reg(std::uint64_t base, PtReg r) const {
        return read_word(base + 8 * static_cast<std::uint64_t>(r));
    }
    void set_pt_reg(std::uint64_t base, PtReg r, std::uint64_t v, Place from) {
        const std::uint64_t a = base + 8 * static_cast<std::uint64_t>(r);
        move(from, at::word(a), v, report != nullptr ? k.stacks.read(a) : 0);
        write_word(a, v);
    }
    // Words of the stack in use lie close together: the place of its top is kept for the life of this Ctx (a stack's
    // words do not move while nobody copies the kernel).
    [[gnu::always_inline]] std::uint64_t* near_word(std::uint64_t address, unsigned count = 1) {
        std::uint64_t down = near_top_ - address;
        if (down >= 512 || down < 8 * (std::uint64_t{count} - 1)) [[unlikely]] {
            if (!find_near(address, count)) return nullptr;
            down = near_top_ - address;
        }
        return near_ - static_cast<std::ptrdiff_t>(down >> 3) * kNearStep;
    }
    [[gnu::always_inline]] std::uint64_t read_word(std::uint64_t address) const {
        const std::uint64_t down = near_top_ - address;
        return down < 512 ? near_[-static_cast<std::ptrdiff_t>(down >> 3) * kNearStep] : k.stacks.read(address);
    }
    [[gnu::always_inline]] void write_word(std::uint64_t address, std::uint64_t v) {
        if (std::uint64_t* w = near_word(address); w != nullptr) [[likely]]
            *w = v;
        else
            k.stacks.write(address, v);
    }
    [[gnu::noinline]] bool find_near(std::uint64_t address, unsigned count) {
        if (!layout::is_stack(address)) return false;
        const std::uint64_t top = layout::stack_top(layout::stack_slot_of(address)) - 8;
        const std::uint64_t down = top - address;
        if (down >= 512 || down < 8 * (std::uint64_t{count} - 1)) return false;
        near_top_ = top;
        near_ = k.stacks.near_words(top, 1);
        return true;
    }
    // The pt_regs of the current task's entry from user mode.
    std::uint64_t user_regs() const { return cpu.top_of_stack - kPtRegsBytes; }

    // --- tasks ---
    TaskId current() const { return cpu.current_task; }
    Task& task(TaskId id) { return k.tasks.mut(id); }
    const Task& peek(TaskId id) const { return k.tasks[id]; }
    Task& cur() {
        if (cur_ == nullptr) cur_ = &k.tasks.mut(cpu.current_task);
        return *cur_;
    }
    const Task& cur() const { return cur_ != nullptr ? *cur_ : k.tasks[cpu.current_task]; }
    void current_changes() { cur_ = nullptr; }
    // The address space that user-mode accesses go to: what CR3 names. In a sound kernel it is current's.
    const Program& user_program() const {
        return cpu.stale_mm == kNoMm ? k.program_of(cur()) : k.image().programs[k.mms[cpu.stale_mm].program];
    }
    MmId user_mm() const { return cpu.stale_mm == kNoMm ? cur().mm : cpu.stale_mm; }
    Mm& mm(MmId id) { return k.mms.mut(id); }
    SchedView view(CpuId c) const { return {k.tasks, c, cpu.clock}; }
    SchedView view() const { return view(cpu.id); }
    void set_state(TaskId id, std::uint32_t state);

    // --- RFLAGS.IF and preempt_count of this CPU ---
    void irqs_on() { set_rflags(cpu.regs.rflags | kFlagIf); }
    void irqs_off() { set_rflags(cpu.regs.rflags & ~kFlagIf); }
    void set_rflags(std::uint64_t v) {
        if (v != cpu.regs.rflags) move(at::none, at::special(Place::Kind::rflags), v, cpu.regs.rflags);
        cpu.regs.rflags = v;
    }
    void preempt_add(std::uint32_t n) { set_preempt_count(cpu.preempt_count + n); }
    void preempt_sub(std::uint32_t n) { set_preempt_count(cpu.preempt_count - n); }
    void set_preempt_count(std::uint32_t v) {
        move(at::none, at::per_cpu(cpu.id, PerCpuField::preempt_count), v, cpu.preempt_count);
        cpu.preempt_count = v;
    }

    // --- reporting ---
    [[gnu::always_inline]] void move(Place from, Place to, std::uint64_t value, std::uint64_t before) {
        if (report != nullptr) [[unlikely]]
            note(from, to, value, before);
    }
    [[gnu::cold, gnu::noinline]] void note(Place from, Place to, std::uint64_t value, std::uint64_t before) {
        report->moves.push_back({from, to, value, before});
    }
    std::uint64_t place_value(Place p) const;
    std::uint16_t record_flags() const;
    void emit(RecordKind kind, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t c = 0,
              std::uint32_t d = 0);

    // --- services of the kernel core (sched_core.cpp, timers.cpp) ---
    // TIF_NEED_RESCHED for what runs on `c`, and an interrupt if that CPU must be told.
    void resched_curr(CpuId c);
    void resched_curr_lazy(CpuId c);
    void send_ipi(CpuId c, std::uint8_t vector);
    void announce(CpuId c);   // a message to its local APIC is under way
    // Put a task that is neither queued nor running into the queue of `c` and mark it runnable.
    void activate(TaskId id, CpuId c, Enqueue why);
    void check_preempt(CpuId c, TaskId wakee);
    CpuId select_cpu(TaskId id);         // placement.cpp
    CpuId simple_cpu(TaskId id, Placement& p) const;
    bool is_idle(CpuId c) const { return k.sched->runnable(c) == 0 && k.cpus[c].wake_list.empty(); }
    std::uint64_t cpu_load(CpuId c) const, cpu_util(CpuId c) const, cpu_runnable(CpuId c) const;
    void stop_one_cpu(CpuId c, const StopWork& work);   // stopper.cpp: a work for migration/N; wakes it
    void hrtick_update(CpuId c);         // timers.cpp: the slice of what runs there ends at another time now
    std::uint64_t idle_cpus() const;
    CpuId first_allowed(const Task& t) const;
    CpuId select_rt_cpu(TaskId id) const;
    bool pull_rt_task();
    void push_rt_task();
    CpuId preempt_where(TaskId id, CpuId otherwise) const;
    void kick_idle_cpu(TaskId id);
    void kick_idle_cpus();
    bool pull_task();
    void pull(TaskId id, CpuId to);      // a queued task goes to the queue of another CPU
    bool may_migrate(const Task& t, CpuId to) const;
    void trigger_balance();              // balance.cpp
    CpuId select_new_cpu(TaskId id);     // for a task that has never run
    void move_to_cpu(TaskId id, CpuId c);
    std::uint64_t start_timer(CpuId c, Nanos expires, TimerKind kind, TaskId id);
    void cancel_timer(CpuId c, std::uint64_t id);
    void program_lapic(CpuId c);
    // Arms or stops the timers that the rt and the deadline class ask for on `c`; call it when their queues changed.
    void sync_class_timers(CpuId c);
    void restart_tick(CpuId c);
    void raise_softirq(Softirq s);
    // The same, and its action has so many pieces of work of that source to do (irq.h).
    void raise_work(Softirq s, bool of_device, std::uint64_t source, std::uint32_t count);
    bool schedule_tasklet(std::uint16_t index);   // false: it was scheduled already
    void hardirq_enter();
    void hardirq_exit();
    // preempt_enable: the count is 0, but this is no place to be preempted, or nobody asked for it.
    bool may_not_preempt_here() const {
        return k.image().preempt != MachineDecl::Preempt::full || cpu.preempt_count != 0 || !cpu.regs.interrupts_on() ||
               (cur().tif & tif::need_resched) == 0 || current() == cpu.idle ||
               cur().exit_state != 0;   // exit_notify holds tasklist_lock; do_exit disables preemption behind it
    }
    // A signal for a task: pending bit, TIF_SIGPENDING, wake from an interruptible sleep.
    void send_signal(TaskId id, int signal, bool group);
    const SignalStruct& peek_signal(TaskId id) const { return k.shared.signal[peek(id).signal]; }
    SignalStruct& signal_of(TaskId id) { return k.shared.signal.mut(peek(id).signal); }
    // Wake up from outside of any routine (events): all of try_to_wake_up in one go.
    bool wake_now(TaskId id, std::uint32_t states);
    // Exclusive entries go to the end of the queue and are woken one at a time; others to its head, all of them woken.
    void wait_add(WaitQueue& q, TaskId id, std::uint64_t key, bool exclusive = true);
    void wait_remove(WaitQueue& q, TaskId id);
    // mm_struct counts.
    void mm_grab(MmId id);
    void mm_drop(MmId id);
    void mm_get_user(MmId id);
    void mm_put_user(MmId id);
    // A copy of `parent` with its own stack; see fork.cpp.
    TaskId new_task(TaskId parent, Pid pid);
    void count_switch() { ++k.switches_; }

  private:
    static constexpr std::ptrdiff_t kNearStep = -1;   // deeper words stand at higher places (stacks.h)
    Task* cur_ = nullptr;
    std::uint64_t near_top_ = 0;      // address of the topmost word of the stack in use
    std::uint64_t* near_ = nullptr;   // where that word stands
};

}  // namespace sy
