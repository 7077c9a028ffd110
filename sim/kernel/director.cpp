// A forced order of what programs do. While a direction is on, a CPU that is about to execute an operation of a program
// is held, as if its next instruction took long to arrive, unless it is that program's turn. It is still interrupted, its
// ticks go on, and what the kernel does is never held. A turn begins when the machine has come to rest: every CPU is held,
// computes or halts. If the task whose turn it is waits in a run queue, its CPU is told to reschedule, by an interrupt as
// always, and __schedule picks that task; if it sleeps with a timer, time passes until it is there.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/events.h"
#include "sim/kernel/instructions.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

constexpr std::uint32_t kMostAsked = 16;
constexpr Nanos kLongestWait = 10 * kSecond;   // of a turn whose task is asleep

Op op_of(const KernelText& text, const Cpu& cpu) { return text.steps()[cpu.pc].op; }

bool is_interrupted(const Cpu& cpu, Nanos now) { return cpu.ipi_arrival != kNever || attention(cpu) <= now; }

}  // namespace

bool Kernel::is_held(const Cpu& cpu, bool settled) const {
    if (!cpu.regs.user() || at_burst(*this, cpu, kernel_text())) return false;
    if (tasks[cpu.current_task].pid == 1) return false;
    return !settled || direction.turn != cpu.current_task || direction.left == 0;
}

bool Kernel::is_settled() const {
    const KernelText& text = kernel_text();
    for (const Cpu& cpu : cpus) {
        if (is_interrupted(cpu, now_) && (cpu.regs.interrupts_on() || !cpu.regs.user())) return false;
        if (cpu.regs.user()) continue;
        const Op op = op_of(text, cpu);
        if (op != Op::halt && op != Op::burst) return false;
    }
    return true;
}

Kernel::DirectedChoice Kernel::directed_choice() const {
    DirectedChoice out;
    const bool settled = is_settled();
    for (const Cpu& cpu : cpus) {
        Nanos next = cpu.next;
        if (is_held(cpu, settled)) next = attention(cpu);
        next = std::max({next, cpu.clock, now_});
        if (next < out.when) out = {next, cpu.id};
    }
    if (const Nanos event = next_event(); event <= out.when && event != kNever) out = {std::max(event, now_), kNoCpu};
    return out;
}

bool Kernel::awaits_direction() const {
    return direction.on && direction.by_hand && (direction.turn == kNoTask || direction.left == 0) && is_settled();
}

void Kernel::take_direction() {
    direction = {};
    direction.on = direction.by_hand = true;
    active_ = kNoCpu;
}

void Kernel::give_turn(TaskId task, std::int64_t operations) {
    direction.turn = task;
    direction.left = operations;
    direction.done = 0;
    direction.asked = 0;
    direction.since = now_;
}

void Kernel::drain_store(CpuId cpu, Log* log, StepReport* report) {
    if (cpus[cpu].stores.empty()) return;
    Ctx cx{*this, cpus[cpu], log, report, kernel_text(), true};
    drain_oldest(cx, cpus[cpu]);
}

// The order is at its end: programs go on by themselves.
void Kernel::release_all() {
    for (Cpu& cpu : cpus) {
        if (cpu.clock < now_ && is_held(cpu, false)) {
            Ctx cx{*this, cpu, nullptr, nullptr, kernel_text()};
            let_time_pass(cx, now_ - cpu.clock, false);
        }
        for (const BufferedStore& s : cpu.stores) schedule_drain(cpu.id, s.number, now_ + 1);
    }
    direction = {};
    active_ = kNoCpu;
    for (Cpu& cpu : cpus) refresh(cpu);
}

// Whose turn is it? Called when the machine is at rest.
void Kernel::direct(Log* log, StepReport* report) {
    const std::vector<ScheduleLine>& lines = image_->scenario.schedule;
    for (;;) {
        if (direction.left == 0) direction.turn = kNoTask;
        if (direction.turn == kNoTask) {
            if (direction.by_hand) return;
            if (direction.line >= lines.size()) return release_all();
            const ScheduleLine& line = lines[direction.line];
            if (line.kind == ScheduleLine::Kind::drain) {
                ++direction.line;
                for (std::int64_t i = 0; line.cpu < cpus.size() && (line.count < 0 || i < line.count) && !cpus[line.cpu].stores.empty(); ++i)
                    drain_store(line.cpu, log, report);
                continue;
            }
            const TaskId task = first_task(*this, line.task);
            if (task == kNoTask && arrivals_left != 0 && next_event() != kNever) return;   // it is yet to come
            ++direction.line;
            if (task == kNoTask || tasks[task].is_kthread()) continue;
            give_turn(task, line.count);
        }
        const TaskId turn = direction.turn;
        const Task& t = tasks[turn];
        const auto over = [&] { direction.left = 0; };
        if (!t.is_live || t.exit_state != 0) {
            over();
        } else if (t.on_cpu && cpus[t.cpu].current_task == turn && cpus[t.cpu].regs.user()) {
            return;
        } else if (t.on_rq && t.state == task_state::running) {
            if (++direction.asked > kMostAsked) {
                over();
                continue;
            }
            Ctx cx{*this, cpus[t.cpu], log, report, kernel_text(), true};
            cx.resched_curr(t.cpu);
            if (cpus[t.cpu].ipi_arrival == kNever) cx.send_ipi(t.cpu, kRescheduleVector);
            return;
        } else if (direction.left < 0 && direction.done > 0) {
            over();   // `rest`: it waits
        } else if (t.timer != 0 || (next_event() != kNever && now_ - direction.since < kLongestWait)) {
            return;   // it will wake by itself
        } else {
            over();
        }
    }
}

bool Kernel::directed_step(Log* log, StepReport* report) {
    if (is_settled()) {
        direct(log, report);
        if (!direction.on) return step(log, report);
        if (awaits_direction() && !direction.lets_pass) return false;
    }
    const DirectedChoice next = directed_choice();
    if (next.when == kNever || next.when > image_->end_at) {
        end_ = next.when == kNever ? End::nothing_left : End::time_limit;
        if (next.when != kNever) now_ = image_->end_at;
        return false;
    }
    if (next.cpu == kNoCpu) {
        run_event(log, report);
        return true;
    }
    Cpu& cpu = cpus[next.cpu];
    const KernelText& text = kernel_text();
    const bool executes = cpu.regs.user() && !at_burst(*this, cpu, text);
    if (executes && cpu.clock < next.when) {
        Ctx cx{*this, cpu, nullptr, nullptr, text};
        let_time_pass(cx, next.when - cpu.clock, false);
    }
    cpu.next = next.when;
    const TaskId task = cpu.current_task;
    if (image_->broken == nullptr)
        cpu_step(cpu, log, report);
    else
        broken_step(cpu, log, report);
    const bool done = executes && (cpu.regs.user() ? cpu.current_task == task : cpu.pc == text.entry(routines::entry_syscall_64));
    if (done && task == direction.turn) {
        ++direction.done;
        if (direction.left > 0) --direction.left;
    }
    return true;
}

}  // namespace sy
