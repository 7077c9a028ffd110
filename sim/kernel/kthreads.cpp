// What runs without user mode: the idle task, ksoftirqd, kthreadd, kworkers, and the kernel threads of a scenario.
// linux.md 3.5, 6.11, 7.3, 7.5.
#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/family.h"
#include "sim/kernel/kernel_code.h"
#include "sim/kernel/routines.h"
#include "sim/model/draw.h"

namespace sy {

bool asked_to_stop(const Ctx& cx) {
    const std::uint32_t row = cx.cur().kthread;
    if (row >= cx.k.kthreads.size()) return false;
    return cx.k.kthreads[row].should_stop || cx.k.kthreads[row].should_park;
}
std::uint32_t kernel_sleep_state(const Ctx& cx) {
    return (cx.cur().flags & pf::wq_worker) != 0 ? task_state::uninterruptible : task_state::idle;
}

namespace {

// --- idle ---

bool resched_wanted(Ctx& cx) { return (cx.cur().tif & tif::need_resched) != 0; }
void idle_irqs_on(Ctx& cx) { cx.irqs_on(); }
void idle_irqs_off(Ctx& cx) {
    cx.irqs_off();
    nohz_stop_tick(cx);
    cx.program_lapic(cx.cpu.id);
}
void after_halt(Ctx&) {}

constexpr StepDef do_idle_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(idle_irqs_off, Cost::effect,
           {"Interrupts off, stop the tick, set the next timer.", "关闭中断，停掉时钟，设置下一个定时器。",
            "An idle CPU needs no ticks (NO_HZ).", "空闲的 CPU 不需要时钟中断（NO_HZ）。"}),
    branch(resched_wanted, "leave", {"Is a task waiting?", "有任务在等吗？", "", ""}),
    halt({"Interrupts on and halt (sti; hlt): this CPU has nothing to do.", "打开中断并停机（sti; hlt）：该 CPU 无事可做。",
          "No task is runnable here. sti takes effect behind hlt, so no interrupt is lost in between.",
          "这里没有可运行的任务。sti 在 hlt 之后才生效，所以其间不会丢失中断。"}),
    effect(after_halt, Cost::idle_exit, {"An interrupt ended the halt.", "中断结束了停机。", "", ""}),
    branch(resched_wanted, "leave", {"Has it made a task runnable?", "它使某个任务可运行了吗？", "", ""}),
    jump("again"),
    label("leave"),
    effect(idle_irqs_on, Cost::word, {"Leave the idle loop.", "离开空闲循环。", "", ""}),
    call(routines::schedule_idle),
    pop(Reg::rbx), ret(),
};
constexpr StepDef cpu_startup_entry_steps[] = {
    label("again"), call(routines::do_idle), jump("again"),
};

// --- kernel threads that wait for work ---

void sleep_interruptible(Ctx& cx) { cx.set_state(cx.current(), task_state::interruptible); }
void run_again(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
bool no_resched_wanted(Ctx& cx) { return (cx.cur().tif & tif::need_resched) == 0; }
bool softirq_pending(Ctx& cx) { return cx.cpu.softirq_pending != 0; }
void bh_irqs_off(Ctx& cx) { cx.irqs_off(); }
void bh_irqs_on(Ctx& cx) { cx.irqs_on(); }

constexpr Say kWaitForWork = {"Set {cur}'s state: it sleeps until somebody has work for it.",
                              "设置 {cur} 的状态：睡到有人给它工作为止。", "", ""};

bool is_stopper(Ctx& cx) { return kthread_of(cx.k, cx.current()).fn == ThreadFn::stopper; }
bool stop_work_queued(Ctx& cx) { return !cx.cpu.smp.stop_works.empty(); }

// One function for the per-CPU threads; which work they have is each one's own (struct smp_hotplug_thread).
constexpr StepDef smpboot_thread_fn_steps[] = {
    free_branch(is_stopper, "stopper", {"Is {cur} a migration thread?", "{cur} 是迁移线程吗？", "", ""}),
    label("again"),
    effect(sleep_interruptible, Cost::effect, kWaitForWork),
    branch(softirq_pending, "work", {"Is a softirq pending on this CPU?", "该 CPU 有待处理的软中断吗？", "", ""}),
    call(routines::schedule),
    label("work"),
    effect(run_again, Cost::effect, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    effect(bh_irqs_off, Cost::word, {"Interrupts off around the softirq loop.", "在软中断循环前关闭中断。", "", ""}),
    branch(softirq_pending, "run", {"Is a softirq still pending?", "还有待处理的软中断吗？", "", ""}),
    effect(bh_irqs_on, Cost::word, {"Interrupts on: nothing to do.", "打开中断：无事可做。", "", ""}),
    jump("again"),
    label("run"),
    call(routines::handle_softirqs, {"Run the softirqs here, in a thread the scheduler can control.",
                                     "在调度器能控制的线程里运行软中断。",
                                     "ksoftirqd competes for the CPU like any task of nice 0.",
                                     "ksoftirqd 像任何 nice 0 的任务一样竞争 CPU。"}),
    effect(bh_irqs_on, Cost::word, {"Interrupts on.", "打开中断。", "", ""}),
    free_branch(no_resched_wanted, "again", {"Does no task want the CPU (cond_resched)?", "没有任务想要 CPU 吗（cond_resched）？", "", ""}),
    call(routines::schedule, {"Call schedule(): {cur} shares the CPU with the tasks.", "调用 schedule()：{cur} 与任务们分享 CPU。",
                              "That is why an endless stream of softirqs cannot starve them.",
                              "因此源源不断的软中断饿不死它们。"}),
    jump("again"),
    label("stopper"),
    effect(sleep_interruptible, Cost::effect, kWaitForWork),
    branch(stop_work_queued, "stop", {"Has somebody stopped this CPU (cpu_stop_should_run)?", "有人要停住该 CPU 吗（cpu_stop_should_run）？", "", ""}),
    call(routines::schedule),
    label("stop"),
    effect(run_again, Cost::effect, {"{cur} is awake.", "{cur} 醒了。",
                                     "No task of this CPU runs while it does: nothing goes before the stop class.",
                                     "它运行时该 CPU 的任何任务都不在运行：没有什么排在 stop 类之前。"}),
    call(routines::cpu_stopper_thread),
    jump("stopper"),
};
const Routine* thread_body(Ctx& cx) {
    switch (kthread_of(cx.k, cx.current()).fn) {
        case ThreadFn::program: return &routines::scenario_thread_start;
        case ThreadFn::worker: return &routines::worker_thread;
        case ThreadFn::rescuer: return &routines::rescuer_thread;
        case ThreadFn::irq: return &routines::irq_thread;
        case ThreadFn::softirqs:
        case ThreadFn::stopper: break;
    }
    return &routines::smpboot_thread_fn;
}
// kthreadd's clones announce themselves; what stood ready at boot, or came ready-made from outside, does not.
bool ready_made(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
void publish(Ctx& cx) {
    KthreadRequest& request = element(cx.k.kthread_requests, cx.reg(Reg::rdi) - 1);
    request.result = cx.current();
    if (request.done == kNone) {   // the outside world wanted it and does not wait
        request.in_use = false;
        cx.set(Reg::rdi, 0);
        return;
    }
    cx.set_state(cx.current(), task_state::uninterruptible);
    cx.set(Reg::rdi, layout::completion_address(request.done));
}
bool should_stop(Ctx& cx) { return kthread_of(cx.k, cx.current()).should_stop; }
void function_returned(Ctx& cx) {
    KThread& t = kthread_of(cx.k, cx.current());
    t.has_exited = true;
    cx.set(Reg::rdi, t.exited == kNone ? 0 : layout::completion_address(t.exited));
}
void exit_argument(Ctx& cx) { cx.set(Reg::rdi, 0); }
bool rdi_is_zero(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

constexpr StepDef kthread_steps[] = {
    push(Reg::rbx),
    free_branch(ready_made, "run", {"Did it stand ready when the machine began?", "它是机器启动时就已就绪的吗？", "", ""}),
    effect(publish, Cost::locked,
           {"{cur} announces itself to who asked for it: state TASK_UNINTERRUPTIBLE.", "{cur} 向请求者报到：状态 TASK_UNINTERRUPTIBLE。",
            "A new kernel thread does nothing until it is woken.", "新的内核线程在被唤醒之前什么也不做。"}),
    branch(rdi_is_zero, "run", {"Does nobody wait for it?", "没有人在等它吗？", "", ""}),
    call(routines::complete),
    call(routines::schedule, {"Call schedule(): wait for the first wakeup.", "调用 schedule()：等待第一次唤醒。", "", ""}),
    label("run"),
    free_branch(should_stop, "stopped", {"Has it been asked to stop already?", "已经被要求停止了吗？", "", ""}),
    call_indirect(thread_body, {"Call the thread's function.", "调用线程的函数。", "", ""}),
    label("stopped"),
    pop(Reg::rbx),
    effect(function_returned, Cost::word, {"The thread's function has returned.", "线程函数已返回。", "", ""}),
    free_branch(rdi_is_zero, "exit", {"Does nobody wait for its end?", "没有人在等它结束吗？", "", ""}),
    call(routines::complete_all, {"Tell who waits in kthread_stop().", "告诉在 kthread_stop() 中等待者。", "", ""}),
    effect(exit_argument, Cost::word, {"Its exit code is 0.", "退出码为 0。", "", ""}),
    label("exit"),
    call(routines::do_exit),
};

// --- kernel code of a scenario (kernel_code.h): r12 = where, rbx = burst, r13 to r15 = loop counters ---

using Kind = UserOp::Kind;
const UserOp& op(const Ctx& cx) {
    return code_at(cx.k, cx.reg(Reg::r12));
}
Reg counter_reg(const UserOp& o) { return static_cast<Reg>(static_cast<int>(Reg::r13) + o.level); }

// Draws of code that runs on top of a task are not the task's.
Random& code_rng(Ctx& cx) {
    return (cx.cpu.preempt_count & (kHardirqMask | kSoftirqOffset)) != 0 ? cx.k.irq_rng : cx.cur().rng;
}
std::uint64_t code_jump(const Ctx& cx, std::uint32_t target) {
    return code_address(static_cast<std::uint32_t>(cx.reg(Reg::r12) >> kCodeShift), target);
}

void start_program(Ctx& cx) { cx.set(Reg::r12, code_address(cx.cur().program, 0)); }
bool is_exit(Ctx& cx) {
    return op(cx).kind == Kind::kernel_return || (op(cx).kind == Kind::system_call && op(cx).nr == nr::exit_group);
}
bool is_kernel_call(Ctx& cx) { return op(cx).kind == Kind::kernel_call; }
const Routine* kernel_call(Ctx& cx) {
    static constexpr const Routine* kCalls[] = {
        &routines::call_bh_disable, &routines::call_bh_enable, &routines::call_irq_disable, &routines::call_irq_enable,
        &routines::call_preempt_disable, &routines::call_preempt_enable, &routines::call_raise_softirq,
        &routines::call_tasklet_schedule, &routines::call_tasklet_disable, &routines::call_tasklet_enable,
        &routines::call_disable_irq, &routines::call_enable_irq};
    static_assert(std::size(kCalls) == kKernelCalls);
    const std::uint64_t call = op(cx).arg[0];
    cx.set(Reg::r12, cx.reg(Reg::r12) + 1);
    return kCalls[call];
}
bool is_burst(Ctx& cx) { return op(cx).kind == Kind::load_burst; }
bool is_driver_call(Ctx& cx) { return op(cx).kind == Kind::system_call && op(cx).nr == nr::ioctl; }
bool is_stop_check(Ctx& cx) { return op(cx).kind == Kind::stop_check; }
bool is_sleep(Ctx& cx) { return op(cx).kind == Kind::system_call && op(cx).nr == nr::clock_nanosleep; }
bool is_yield(Ctx& cx) { return op(cx).kind == Kind::system_call && op(cx).nr == nr::sched_yield; }
void load_burst(Ctx& cx) {
    cx.set(Reg::rbx, static_cast<std::uint64_t>(draw(code_rng(cx), op(cx).time)));
    cx.set(Reg::r12, cx.reg(Reg::r12) + 2);
}
void load_sleep(Ctx& cx) {
    const UserOp o = op(cx);
    const bool absolute = (o.arg[1] & kTimerAbstime) != 0;
    const Nanos until = absolute ? static_cast<Nanos>(cx.reg(Reg::rdx)) : cx.cpu.clock + draw(code_rng(cx), o.time);
    cx.set(Reg::rdi, static_cast<std::uint64_t>(until));
    cx.set(Reg::r12, cx.reg(Reg::r12) + 2);
}
// fsleep(): up to 20 ms an hrtimer (usleep_range), beyond that the timer wheel (msleep); Linux, timers-howto.
constexpr Nanos kLongestUsleep = 20 * kMilli;
const Routine* sleep_function(Ctx& cx) {
    const Nanos length = static_cast<Nanos>(cx.reg(Reg::rdi)) - cx.cpu.clock;
    if (length <= kLongestUsleep) return &routines::schedule_timeout_idle;
    cx.set(Reg::rdi, static_cast<std::uint64_t>(length));
    return &routines::msleep;
}
void load_driver_call(Ctx& cx) {
    const UserOp& o = op(cx);
    cx.set(Reg::rdi, o.arg[1]);
    cx.set(Reg::rsi, o.arg[2]);
    cx.set(Reg::r12, cx.reg(Reg::r12) + 2);
}
bool goes_on(Ctx& cx) {
    const KThread& t = kthread_of(cx.k, cx.current());
    return !t.should_stop && !t.should_park;
}
bool not_to_stop(Ctx& cx) { return !should_stop(cx); }
void next_op(Ctx& cx) { cx.set(Reg::r12, cx.reg(Reg::r12) + 1); }
void leave_loop(Ctx& cx) { cx.set(Reg::r12, code_jump(cx, op(cx).target)); }
void skip_call(Ctx& cx) { cx.set(Reg::r12, cx.reg(Reg::r12) + 2); }
void other_op(Ctx& cx) {
    const UserOp o = op(cx);
    std::uint64_t next = cx.reg(Reg::r12) + 1;
    switch (o.kind) {
        case Kind::jump: next = code_jump(cx, o.target); break;
        case Kind::loop_start: cx.set(counter_reg(o), o.data); break;
        case Kind::loop_next:
            cx.set(counter_reg(o), cx.reg(counter_reg(o)) - 1);
            if (cx.reg(counter_reg(o)) != 0) next = code_jump(cx, o.target);
            break;
        case Kind::every_start: cx.set(counter_reg(o), static_cast<std::uint64_t>(cx.cpu.clock)); break;
        case Kind::every_next:
            cx.set(counter_reg(o), cx.reg(counter_reg(o)) + static_cast<std::uint64_t>(draw(code_rng(cx), o.time)));
            cx.set(Reg::rdx, cx.reg(counter_reg(o)));
            break;
        default: break;
    }
    cx.set(Reg::r12, next);
}

constexpr StepDef scenario_thread_start_steps[] = {
    effect(start_program, Cost::word, {"Begin the kernel thread's work.", "开始内核线程的工作。", "", ""}),
    jump(routines::scenario_kthread),
};
constexpr StepDef scenario_kthread_steps[] = {
    label("next"),
    branch(is_burst, "burst", {"Compute?", "计算？", "", ""}),
    branch(is_sleep, "sleep", {"Sleep?", "睡眠？", "", ""}),
    branch(is_yield, "yield", {"Let others run?", "让别人运行？", "", ""}),
    branch(is_exit, "out", {"Done?", "完成了？", "", ""}),
    free_branch(is_driver_call, "call", {"A function of the kernel?", "调用内核函数？", "", ""}),
    free_branch(is_stop_check, "check", {"The head of its loop?", "循环的开头？", "", ""}),
    free_branch(is_kernel_call, "kernel", {"Interrupts, bottom halves, preemption?", "中断、下半部、抢占？", "", ""}),
    effect(other_op, Cost::word, {"Count the loop.", "循环计数。", "", ""}),
    jump("next"),
    label("burst"),
    effect(load_burst, Cost::word, {"Load the length of the computation into RBX.", "把计算长度放入 RBX。", "", ""}),
    kernel_burst({"{cur} computes in kernel mode.", "{cur} 在内核态计算。",
                  "It has no user mode, no mm, and no memory of its own but its kernel stack.",
                  "它没有用户态，没有 mm，除内核栈外没有自己的内存。"}),
    jump("next"),
    label("sleep"),
    effect(load_sleep, Cost::word, {"Work out when to wake.", "算出何时醒来。", "", ""}),
    call_indirect(sleep_function, {"Sleep: on an hrtimer if the time is short, else on the timer wheel.",
                                   "睡眠：时间短用 hrtimer，否则用时间轮。", "", ""}),
    jump("next"),
    label("call"),
    effect(load_driver_call, Cost::word, {"Load the arguments of the call.", "装入调用的参数。", "", ""}),
    call_indirect(driver_method, {"Call the function.", "调用该函数。", "", ""}),
    jump("next"),
    label("check"),
    branch(goes_on, "on", {"kthread_should_stop()? kthread_should_park()?", "kthread_should_stop()？kthread_should_park()？",
                           "A kernel thread ends only by looking: nothing ends it from outside.",
                           "内核线程只有自己查看才会结束：外部无法强行结束它。"}),
    call(routines::kthread_parkme),
    branch(not_to_stop, "on", {"Is it to go on?", "继续运行吗？", "", ""}),
    effect(leave_loop, Cost::word, {"Asked to stop: leave the loop.", "被要求停止：离开循环。", "", ""}),
    jump("next"),
    label("on"),
    effect(next_op, Cost::word, {"Another round.", "再来一轮。", "", ""}),
    jump("next"),
    label("yield"),
    effect(skip_call, Cost::word, {"Offer the CPU to others.", "把 CPU 让给别人。", "", ""}),
    call(routines::schedule),
    jump("next"),
    label("kernel"),
    call_indirect(kernel_call, {"Call the kernel's function.", "调用内核的函数。", "", ""}),
    jump("next"),
    label("out"), ret(),
};

}  // namespace

namespace routines {
const Routine do_idle = make_routine<do_idle_steps>("do_idle", Actor::scheduler, Phase::work);
const Routine cpu_startup_entry = make_routine<cpu_startup_entry_steps>("cpu_startup_entry", Actor::scheduler, Phase::work);
const Routine smpboot_thread_fn = make_routine<smpboot_thread_fn_steps>("smpboot_thread_fn", Actor::kernel, Phase::work);
const Routine kthread = make_routine<kthread_steps>("kthread", Actor::kernel, Phase::work);
const Routine scenario_thread_start = make_routine<scenario_thread_start_steps>("scenario_thread_start", Actor::kernel, Phase::work);
const Routine kernel_code = make_routine<scenario_kthread_steps>("scenario_ioctl", Actor::kernel, Phase::work);
const Routine tasklet_call = make_routine<scenario_kthread_steps>("scenario_tasklet", Actor::softirq, Phase::work);
const Routine scenario_kthread = make_routine<scenario_kthread_steps>("scenario_thread", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
