// What programs ask of workqueues and kernel threads: a process through the ioctl of a driver, a
// kernel thread or a work item by a plain call. Also kthread_run, and borrowing an address space:
// kthread_use_mm. linux.md 3.5, 7.5.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

std::uint64_t thread_argument(const Ctx& cx, std::uint32_t program) {
    const TaskId id = find_kthread(cx.k, program);
    return id == kNoTask ? 0 : layout::task_address(id);
}

bool rax_is_zero(Ctx& cx) { return cx.reg(Reg::rax) == 0; }

// --- ioctl ---

void ioctl_arguments(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rdi, cx.pt_reg(regs, PtReg::rsi),
           at::word(regs + 8 * static_cast<int>(PtReg::rsi)));
    cx.set(Reg::rsi, cx.pt_reg(regs, PtReg::rdx),
           at::word(regs + 8 * static_cast<int>(PtReg::rdx)));
}
void ioctl_result(Ctx& cx) {  // negative errors as they are, anything else is success
    if (static_cast<std::int64_t>(cx.reg(Reg::rax)) > 0) cx.set(Reg::rax, 0);
}
constexpr StepDef sys_ioctl_steps[] = {
    push(Reg::rbx),
    effect(ioctl_arguments, Cost::effect,
           {"Take the driver's command and its argument.", "取得驱动的命令及其参数。", "", ""}),
    call_indirect(driver_method,
                  {"Call the driver's own ioctl method.", "调用驱动自己的 ioctl 方法。",
                   "A process cannot queue kernel work itself; a driver does it for it.",
                   "进程不能自己给内核排队工作；由驱动代劳。"}),
    effect(ioctl_result, Cost::word, {"The result.", "结果。", "", ""}),
    pop(Reg::rbx),
    ret(),
};
void no_such_command(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-25)); }
constexpr StepDef no_ioctl_steps[] = {
    effect(no_such_command, Cost::word,
           {"The driver has no such command: -ENOTTY.", "驱动没有这个命令：-ENOTTY。", "", ""}),
    ret(),
};

// --- kthread_run: rdi = the declaration ---

void prepare_request(Ctx& cx) {
    const auto program = static_cast<std::uint32_t>(cx.reg(Reg::rdi));
    cx.set(Reg::rax, 0);
    if (find_kthread(cx.k, program) != kNoTask) return;
    const std::uint32_t row = new_kthread_request(cx.k);
    const ProcessDecl& decl = cx.k.image().scenario.processes[program];
    KthreadRequest& r = cx.k.kthread_requests[row];
    set_text(r.comm, decl.name);
    r.program = program;
    r.nice = static_cast<std::int16_t>(decl.nice);
    cx.set(Reg::rdi, row);
    cx.set(Reg::rax, 1);
}
void exists(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-17)); }
void no_thread(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-12)); }
void first_wakeup(Ctx& cx) {
    cx.emit(RecordKind::task_arrival, layout::task_of(cx.reg(Reg::rax)));
    cx.set(Reg::rdi, cx.reg(Reg::rax), at::reg(Reg::rax));
}
constexpr StepDef kthread_run_steps[] = {
    push(Reg::rbx),
    effect(prepare_request, Cost::effect,
           {"kthread_run() is kthread_create() and a first wakeup.",
            "kthread_run() 就是 kthread_create() 加第一次唤醒。", "", ""}),
    branch(rax_is_zero, "exists",
           {"Does this thread exist already?", "这个线程已经存在吗？", "", ""}),
    call(routines::kthread_create),
    branch(rax_is_zero, "failed", {"Could it not be made?", "没能创建吗？", "", ""}),
    effect(first_wakeup, Cost::word,
           {"The thread sleeps until this wakeup.", "该线程一直睡到这次唤醒。", "", ""}),
    call(routines::try_to_wake_up),
    effect([](Ctx& cx) { cx.set(Reg::rax, 0); }, Cost::word, {"Done.", "完成。", "", ""}),
    jump("out"),
    label("exists"),
    effect(exists, Cost::word, {"There is one: -EEXIST.", "已有一个：-EEXIST。", "", ""}),
    jump("out"),
    label("failed"),
    effect(no_thread, Cost::word, {"-ENOMEM.", "-ENOMEM。", "", ""}),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

// --- kthread_use_mm, kthread_unuse_mm: rdi = the process's declaration ---

MmId mm_of_program(const Kernel& k, std::uint32_t program) {
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (t.is_live && t.program == program && !t.is_kthread() && t.mm != kNoMm &&
            t.group_leader == id)
            return t.mm;
    }
    return kNoMm;
}
void take_mm(Ctx& cx) {
    const TaskId me = cx.current();
    const MmId mm = cx.cur().mm != kNoMm
                        ? kNoMm
                        : mm_of_program(cx.k, static_cast<std::uint32_t>(cx.reg(Reg::rdi)));
    cx.set(Reg::rax, mm != kNoMm);
    if (mm == kNoMm) return;
    const MmId borrowed = cx.cur().active_mm;
    cx.irqs_off();
    Mm& m = cx.mm(mm);  // the caller's mmget
    cx.move(at::none, at::mm(mm, MmField::users), static_cast<std::uint64_t>(m.users + 1),
            static_cast<std::uint64_t>(m.users));
    ++m.users;
    cx.move(at::none, at::task(me, TaskField::mm), layout::mm_address(mm), 0);
    cx.cur().mm = cx.cur().active_mm = mm;
    cx.cpu.prev_mm = borrowed;  // who holds the reference until it is given back
    cx.set(Reg::rdi, layout::mm_address(borrowed));
    cx.set(Reg::rsi, layout::mm_address(mm));
}
void give_up_borrowed(Ctx& cx) {
    cx.irqs_on();
    const MmId borrowed = cx.cpu.prev_mm;
    cx.cpu.prev_mm = kNoMm;
    cx.mm_drop(borrowed);
    cx.set(Reg::rax, 0);
}
void no_mm(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-3)); }
constexpr StepDef kthread_use_mm_steps[] = {
    effect(take_mm, Cost::locked,
           {"{cur} takes the process's address space: mm and active_mm.",
            "{cur} 使用该进程的地址空间：mm 和 active_mm。",
            "For a while it may touch user memory, as io_uring's and vhost's threads do.",
            "它可以暂时访问用户内存，像 io_uring 和 vhost 的线程那样。"}),
    branch(
        rax_is_zero, "none",
        {"Has the process no address space (any more)?", "该进程（已）没有地址空间吗？", "", ""}),
    call(routines::switch_mm_irqs_off),
    effect(give_up_borrowed, Cost::locked,
           {"Give back the address space it had borrowed before.", "归还之前借用的地址空间。", "",
            ""}),
    ret(),
    label("none"),
    effect(no_mm, Cost::word, {"There is none: -ESRCH.", "没有：-ESRCH。", "", ""}),
    ret(),
};
void leave_mm(Ctx& cx) {
    const MmId mm = cx.cur().mm;
    cx.set(Reg::rax, 0);
    if (mm == kNoMm || !cx.cur().is_kthread()) return;
    cx.mm_grab(mm);  // from now on a lazy borrower
    cx.move(at::none, at::task(cx.current(), TaskField::mm), 0, layout::mm_address(mm));
    cx.cur().mm = kNoMm;
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::is_lazy), 1, cx.cpu.tlb.is_lazy);
    cx.cpu.tlb.is_lazy = true;
    cx.mm_put_user(mm);
}
constexpr StepDef kthread_unuse_mm_steps[] = {
    effect(leave_mm, Cost::locked,
           {"{cur}->mm = NULL again: it only borrows the address space, lazily.",
            "{cur}->mm 重新为 NULL：它只是惰性地借用地址空间。", "", ""}),
    ret(),
};

// A program may pass any number by hand.
bool object_exists(const Ctx& cx, DriverCall what, std::uint32_t object) {
    const Scenario& s = cx.k.image().scenario;
    const bool is_kthread = object < s.processes.size() && s.processes[object].kernel_thread;
    switch (what) {
        case DriverCall::queue:
        case DriverCall::flush_work:
        case DriverCall::cancel: return object < s.works.size();
        case DriverCall::flush_queue: return object < cx.k.wq.queues.size();
        case DriverCall::code: {
            const std::vector<UserOp>& ops = cx.k.program_of(cx.cur()).ops;
            return std::any_of(ops.begin(), ops.end(), [&](const UserOp& op) {   // code that some `ioctl { }` of it names
                return op.kind == UserOp::Kind::system_call && op.nr == nr::ioctl && driver_object(op.arg[2]) == object &&
                       op.arg[1] == static_cast<std::uint64_t>(DriverCall::code);
            });
        }
        case DriverCall::start: return is_kthread;
        case DriverCall::stop:
        case DriverCall::park:
        case DriverCall::unpark: return is_kthread;
        case DriverCall::use_mm:
        case DriverCall::unuse_mm: return cx.cur().is_kthread();
        case DriverCall::none: break;
    }
    return true;
}

}  // namespace

// A driver's ioctl method by its command; also sets the arguments of what it returns.
const Routine* driver_method(Ctx& cx) {
    const std::uint64_t arg = cx.reg(Reg::rsi);
    const std::uint32_t object = driver_object(arg);
    if (cx.reg(Reg::rdi) == kTiocspgrp) return &routines::tty_ioctl;   // of the terminal (jobs.cpp)
    const auto what = static_cast<DriverCall>(cx.reg(Reg::rdi));
    cx.set(Reg::rdi, object);
    if (!object_exists(cx, what, object)) return &routines::no_ioctl;
    switch (what) {
        case DriverCall::queue: {
            const int cpu = driver_cpu(arg);
            set_up_queue_work(cx, object,
                              cpu < 0 ? kWorkCpuUnbound : static_cast<std::uint32_t>(cpu));
            cx.set(Reg::rsi, static_cast<std::uint64_t>(driver_delay(arg)));
            return driver_delay(arg) > 0 ? &routines::queue_delayed_work_on
                                         : &routines::queue_work_on;
        }
        case DriverCall::flush_work:
            return &routines::flush_work;
        case DriverCall::flush_queue:
            return &routines::flush_workqueue;
        case DriverCall::cancel:
            return &routines::cancel_work_sync;
        case DriverCall::code:
            return &routines::ioctl_code;
        case DriverCall::start:
            return &routines::kthread_run;
        case DriverCall::use_mm:
            return &routines::kthread_use_mm;
        case DriverCall::unuse_mm:
            return &routines::kthread_unuse_mm;
        case DriverCall::stop:
        case DriverCall::park:
        case DriverCall::unpark:
            cx.set(Reg::rdi, thread_argument(cx, object));
            return what == DriverCall::stop   ? &routines::kthread_stop
                   : what == DriverCall::park ? &routines::kthread_park
                                              : &routines::kthread_unpark;
        case DriverCall::none:
            break;
    }
    return &routines::no_ioctl;
}

namespace routines {
const Routine x64_sys_ioctl =
    make_routine<sys_ioctl_steps>("__x64_sys_ioctl", Actor::kernel, Phase::work);
const Routine no_ioctl = make_routine<no_ioctl_steps>("no_ioctl", Actor::kernel, Phase::work);
const Routine kthread_run =
    make_routine<kthread_run_steps>("kthread_run", Actor::kernel, Phase::work);
const Routine kthread_use_mm =
    make_routine<kthread_use_mm_steps>("kthread_use_mm", Actor::memory, Phase::mm);
const Routine kthread_unuse_mm =
    make_routine<kthread_unuse_mm_steps>("kthread_unuse_mm", Actor::memory, Phase::mm);
}  // namespace routines

}  // namespace sy
