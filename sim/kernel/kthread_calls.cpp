// Making, stopping and parking kernel threads: requests for kthreadd, and the completions that
// everybody waits on. linux.md 3.5.
#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

// --- completions ---

constexpr std::uint32_t kAllDone = 0x8000'0000;  // complete_all: nobody has to wait any more

std::uint32_t new_completion(Kernel& k) {
    for (std::uint32_t i = 0; i < k.completions.size(); ++i) {
        if (k.completions[i].in_use) continue;
        k.completions[i] = {};
        k.completions[i].in_use = true;
        return i;
    }
    k.completions.emplace_back().in_use = true;
    return static_cast<std::uint32_t>(k.completions.size() - 1);
}

void free_completion(Kernel& k, std::uint32_t i) {
    if (i == kNone) return;
    SY_ASSERT(k.completions[i].waiters.head == kNoTask,
              "a completion is freed while a task waits on it");
    k.completions[i].in_use = false;
}

TaskId find_kthread(const Kernel& k, std::uint32_t program) {
    for (std::size_t i = k.kthreads.size(); i-- > 0;) {
        const KThread& t = k.kthreads[i];
        if (t.fn == ThreadFn::program && k.tasks[t.task].program == program && !t.has_exited)
            return t.task;
    }
    return kNoTask;
}

KThread& kthread_of(Kernel& k, TaskId id) {
    const std::uint32_t row = k.tasks[id].kthread;
    SY_ASSERT(row < k.kthreads.size(), "a task without a struct kthread");
    return k.kthreads[row];
}

void add_kthread(Kernel& k, TaskId id, ThreadFn fn) {
    k.tasks.mut(id).kthread = static_cast<std::uint32_t>(k.kthreads.size());
    KThread& t = k.kthreads.emplace_back();
    t.task = id;
    t.fn = fn;
}

std::uint32_t new_kthread_request(Kernel& k) {
    for (std::uint32_t i = 0; i < k.kthread_requests.size(); ++i) {
        if (k.kthread_requests[i].in_use) continue;
        k.kthread_requests[i] = {};
        k.kthread_requests[i].in_use = true;
        return i;
    }
    k.kthread_requests.emplace_back().in_use = true;
    return static_cast<std::uint32_t>(k.kthread_requests.size() - 1);
}

// What a declaration says about its kernel thread; kthread_bind for one with a `cpu` of its own.
void dress_kthread(Ctx& cx, TaskId id, const KthreadRequest& request) {
    Task& t = cx.task(id);
    const std::uint64_t online =
        cx.k.cpus.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << cx.k.cpus.size()) - 1;
    t.cpus_allowed = online;
    const auto bind = [&](std::uint64_t mask) {
        if ((mask & online) == 0) return;
        t.cpus_allowed = mask & online;
        t.flags |= pf::no_setaffinity;
        if ((t.cpus_allowed >> t.cpu & 1) == 0) t.cpu = cx.first_allowed(t);
    };
    if (request.cpu >= 0) bind(std::uint64_t{1} << request.cpu);
    if (request.fn == ThreadFn::program) {
        const ProcessDecl& decl = cx.k.image().scenario.processes[request.program];
        if (decl.cpus != 0) bind(decl.cpus);
        t.priority = decl.priority;
        t.tickets = decl.tickets;
        t.program = request.program;
        t.runs_program = true;
        if (request.copy > 0 && decl.copies > 1)
            set_text(t.label, decl.name + "/" + std::to_string(request.copy));
    }
    t.nice = request.nice;
    t.prio = t.static_prio = t.normal_prio = static_cast<std::int16_t>(120 + request.nice);
    const Weight w = weight_of_nice(request.nice);
    t.se.weight = w.weight;
    t.se.inv_weight = w.inverse;
}

void ask_kthreadd(Ctx& cx, std::uint32_t request) {
    cx.k.kthread_create_list.push_back(request);
    cx.wake_now(cx.k.find_pid(2), task_state::normal);
}

namespace {

Completion& completion(Ctx& cx, Reg r) {
    return element(cx.k.completions, layout::completion_of(cx.reg(r)));
}
void keep_rdi(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
bool rax_is_zero(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
bool rdi_is_zero(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
TaskId task_in(const Ctx& cx, Reg r) { return layout::task_of(cx.reg(r)); }

void try_wait(Ctx& cx) {
    Completion& c = completion(cx, Reg::rbx);
    cx.set(Reg::rax, c.done == 0);
    if (c.done > 0) {
        if (c.done < kAllDone) --c.done;
        return;
    }
    cx.wait_add(c.waiters, cx.current(), cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::uninterruptible);
}
void stop_waiting(Ctx& cx) {
    cx.wait_remove(completion(cx, Reg::rbx).waiters, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
constexpr Say kEvent = {"Has it happened?", "已经发生了吗？", "", ""};

// rdi = the completion
constexpr StepDef wait_for_completion_steps[] = {
    push(Reg::rbx),
    effect(keep_rdi, Cost::word, {"Keep the completion's address.", "保存完成量的地址。", "", ""}),
    label("again"),
    effect(try_wait, Cost::locked,
           {"If it has not happened yet, join the waiters: state TASK_UNINTERRUPTIBLE.",
            "若尚未发生，加入等待者：状态 TASK_UNINTERRUPTIBLE。", "", ""}),
    branch(rax_is_zero, "out", kEvent),
    call(routines::schedule, {"Call schedule(): {cur} sleeps until somebody calls complete().",
                              "调用 schedule()：{cur} 睡到有人调用 complete() 为止。", "", ""}),
    effect(stop_waiting, Cost::locked, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    jump("again"),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

void take_waiter(Ctx& cx, Completion& c) {
    const TaskId t = c.waiters.head;
    if (t != kNoTask) cx.wait_remove(c.waiters, t);
    cx.set(Reg::rdi, t != kNoTask ? layout::task_address(t) : 0);
}
void complete_one(Ctx& cx) {
    Completion& c = completion(cx, Reg::rdi);
    if (c.done < kAllDone) ++c.done;
    take_waiter(cx, c);
}
constexpr StepDef complete_steps[] = {
    effect(complete_one, Cost::locked,
           {"Note that it has happened; take one waiter off the queue.",
            "记下它已发生；从队列取出一个等待者。", "", ""}),
    branch(rdi_is_zero, "out", {"Does nobody wait?", "没有人在等吗？", "", ""}),
    jump(routines::try_to_wake_up),
    label("out"),
    ret(),
};
void complete_for_all(Ctx& cx) {
    Completion& c = completion(cx, Reg::rbx);
    c.done = kAllDone;
    take_waiter(cx, c);
}
constexpr StepDef complete_all_steps[] = {
    push(Reg::rbx),
    effect(keep_rdi, Cost::word, {"Keep the completion's address.", "保存完成量的地址。", "", ""}),
    label("again"),
    effect(complete_for_all, Cost::locked,
           {"It has happened for good; take one waiter off the queue.",
            "它已永久发生；从队列取出一个等待者。", "", ""}),
    branch(rdi_is_zero, "out", {"Does nobody wait?", "没有人在等吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

// --- kthread_create: rdi = the request ---

KthreadRequest& request_in(Ctx& cx, Reg r) { return element(cx.k.kthread_requests, cx.reg(r)); }

void add_request(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    request_in(cx, Reg::rbx).done = new_completion(cx.k);
    cx.k.kthread_create_list.push_back(static_cast<std::uint32_t>(cx.reg(Reg::rbx)));
    cx.set(Reg::rdi, layout::task_address(cx.k.find_pid(2)));
}
void request_done(Ctx& cx) {
    cx.set(Reg::rdi, layout::completion_address(request_in(cx, Reg::rbx).done));
}
void take_result(Ctx& cx) {
    KthreadRequest& r = request_in(cx, Reg::rbx);
    cx.set(Reg::rax, r.result == kNoTask ? 0 : layout::task_address(r.result));
    free_completion(cx.k, r.done);
    r.in_use = false;
}
constexpr StepDef kthread_create_steps[] = {
    push(Reg::rbx),
    effect(add_request, Cost::locked,
           {"Write down what thread is wanted and put the request on kthread_create_list.",
            "写下想要的线程，把请求放到 kthread_create_list。",
            "{cur} does not make the thread itself: kthreadd does, so that the thread inherits "
            "nothing from {cur}.",
            "{cur} 不自己创建线程：由 kthreadd 来做，这样线程不会继承 {cur} 的任何东西。"}),
    call(routines::try_to_wake_up, {"Wake kthreadd.", "唤醒 kthreadd。", "", ""}),
    effect(request_done, Cost::word,
           {"Take the request's completion.", "取得请求的完成量。", "", ""}),
    call(routines::wait_for_completion),
    effect(take_result, Cost::effect,
           {"The new thread has announced itself: take its task_struct.",
            "新线程已报到：取得它的 task_struct。",
            "It sleeps until it is woken for the first time.", "它一直睡到第一次被唤醒。"}),
    pop(Reg::rbx),
    ret(),
};

// --- kthreadd ---

void sleep_interruptible(Ctx& cx) {
    if (cx.k.kthread_create_list.empty()) cx.set_state(cx.current(), task_state::interruptible);
}
bool has_request(Ctx& cx) { return !cx.k.kthread_create_list.empty(); }
void run_again(Ctx& cx) { cx.set_state(cx.current(), task_state::running); }
void take_request(Ctx& cx) {
    auto& list = cx.k.kthread_create_list;
    cx.set(Reg::rax, 0);
    if (list.empty()) return;
    cx.set(Reg::rdi, list.front());
    list.pop_front();
    cx.set(Reg::rax, 1);
}
constexpr StepDef kthreadd_steps[] = {
    label("again"),
    effect(sleep_interruptible, Cost::effect,
           {"Set {cur}'s state: it sleeps until somebody wants a kernel thread.",
            "设置 {cur} 的状态：睡到有人需要内核线程为止。", "", ""}),
    branch(has_request, "work",
           {"Is a request on kthread_create_list?", "kthread_create_list 上有请求吗？", "", ""}),
    call(routines::schedule),
    label("work"),
    effect(run_again, Cost::effect, {"{cur} is awake.", "{cur} 醒了。", "", ""}),
    label("next"),
    effect(take_request, Cost::locked,
           {"Take a request off the list.", "从列表取下一个请求。", "", ""}),
    branch(rax_is_zero, "again", {"Is there none?", "没有了吗？", "", ""}),
    call(routines::create_kthread),
    jump("next"),
};

void clone_kthread(Ctx& cx) {
    keep_rdi(cx);
    cx.set(Reg::rax, 0);
    if (cx.k.tasks.size() >= static_cast<std::size_t>(limits::tasks) + kMostKernelTasks) return;
    const TaskId id = cx.new_task(cx.current(), -1);
    const KthreadRequest request = request_in(cx, Reg::rbx);  // by value: tables may grow
    Task& t = cx.task(id);
    t.flags = pf::kthread | pf::nofreeze | pf::forknoexec;
    t.comm = request.comm;
    t.label.fill(0);
    t.start_time = cx.cpu.clock;
    t.counts_as_living = false;
    t.runs_program = false;
    new_shared_objects(cx, id, false);
    share_with_kthreadd(cx, id, cx.current());
    add_kthread(cx.k, id, request.fn);
    kthread_of(cx.k, id).worker = request.worker;
    dress_kthread(cx, id, request);
    prepare_stack(cx, id, cx.text.entry_address(routines::kthread), cx.reg(Reg::rbx) + 1);
    add_child(cx, cx.current(), id);
    cx.emit(RecordKind::sched_process_fork, id);
    if (request.done == kNone) cx.emit(RecordKind::task_arrival, id);
    cx.set(Reg::rax, layout::task_address(id));
}
void wake_clone(Ctx& cx) { wake_up_new_task(cx, cx.current(), task_in(cx, Reg::rax)); }
void clone_failed(Ctx& cx) {
    KthreadRequest& r = request_in(cx, Reg::rbx);
    r.result = kNoTask;
    cx.set(Reg::rdi, r.done == kNone ? 0 : layout::completion_address(r.done));
    if (r.done == kNone) r.in_use = false;
}
constexpr StepDef create_kthread_steps[] = {
    push(Reg::rbx),
    effect(clone_kthread, Cost::fork,
           {"Clone {cur}: the copy will run the function kthread().",
            "克隆 {cur}：副本将运行函数 kthread()。",
            "kernel_thread(kthread, request, CLONE_FS | CLONE_FILES | SIGCHLD): no mm, so there is "
            "nothing to copy of it.",
            "kernel_thread(kthread, 请求, CLONE_FS | CLONE_FILES | SIGCHLD)：没有 "
            "mm，也就没有可复制的。"}),
    branch(rax_is_zero, "failed", {"Are there too many tasks?", "任务太多了吗？", "", ""}),
    effect(wake_clone, Cost::enqueue, {"Wake the new thread.", "唤醒新线程。", "", ""}),
    jump("out"),
    label("failed"),
    effect(clone_failed, Cost::effect,
           {"No thread: tell who asked.", "没有线程：告诉请求者。", "", ""}),
    branch(rdi_is_zero, "out", {"Does nobody wait?", "没有人在等吗？", "", ""}),
    call(routines::complete),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

// --- kthread_stop, kthread_park: rdi = the thread ---

bool is_gone(Ctx& cx) {
    const TaskId t = task_in(cx, Reg::rbx);
    return cx.reg(Reg::rbx) == 0 || kthread_of(cx.k, t).has_exited;
}
void ask_to_stop(Ctx& cx) {
    keep_rdi(cx);
    if (is_gone(cx)) return;
    KThread& t = kthread_of(cx.k, task_in(cx, Reg::rbx));
    cx.emit(RecordKind::sched_kthread_stop, t.task);
    t.should_stop = true;
    t.should_park = false;
    if (t.exited == kNone) t.exited = new_completion(cx.k);
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
}
void unpark(Ctx& cx) {
    KThread& t = kthread_of(cx.k, task_in(cx, Reg::rbx));
    t.should_park = false;
    t.is_parked = false;
    cx.wake_now(t.task, task_state::parked);
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
}
void exited_completion(Ctx& cx) {
    cx.set(Reg::rdi, layout::completion_address(kthread_of(cx.k, task_in(cx, Reg::rbx)).exited));
}
void stop_result(Ctx& cx) {
    const std::int32_t result = kthread_of(cx.k, task_in(cx, Reg::rbx)).result;
    cx.emit(RecordKind::sched_kthread_stop_ret, static_cast<std::uint32_t>(result));
    cx.set(Reg::rax, static_cast<std::uint64_t>(static_cast<std::int64_t>(result)));
}
void no_such_thread(Ctx& cx) { cx.set(Reg::rax, static_cast<std::uint64_t>(-3)); }  // -ESRCH
constexpr Say kGone = {"Does the thread not exist any more?", "该线程已不存在了吗？", "", ""};
constexpr Say kNoThread = {"There is no such thread: -ESRCH.", "没有这个线程：-ESRCH。", "", ""};

constexpr StepDef kthread_stop_steps[] = {
    push(Reg::rbx),
    effect(ask_to_stop, Cost::locked,
           {"Set the thread's KTHREAD_SHOULD_STOP.", "置该线程的 KTHREAD_SHOULD_STOP。",
            "Nobody can kill a kernel thread: it ends when it looks at this bit and returns.",
            "没人能杀死内核线程：它看到这一位并返回时才结束。"}),
    branch(is_gone, "gone", kGone),
    effect(unpark, Cost::locked,
           {"If it is parked, let it go on.", "若它被停放，让它继续。", "", ""}),
    call(routines::try_to_wake_up, {"Wake it, so that it looks.", "唤醒它，让它查看。", "", ""}),
    effect(exited_completion, Cost::word,
           {"Take the completion of its exit.", "取得其退出的完成量。", "", ""}),
    call(routines::wait_for_completion),
    effect(stop_result, Cost::effect,
           {"It has exited: take what its function returned.", "它已退出：取得其函数的返回值。", "",
            ""}),
    pop(Reg::rbx),
    ret(),
    label("gone"),
    effect(no_such_thread, Cost::word, kNoThread),
    pop(Reg::rbx),
    ret(),
};

void ask_to_park(Ctx& cx) {
    keep_rdi(cx);
    if (is_gone(cx)) return;
    KThread& t = kthread_of(cx.k, task_in(cx, Reg::rbx));
    t.should_park = true;
    if (t.parked == kNone) t.parked = new_completion(cx.k);
    cx.k.completions[t.parked].done = 0;
    if (t.is_parked) cx.k.completions[t.parked].done = 1;
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
}
void parked_completion(Ctx& cx) {
    cx.set(Reg::rdi, layout::completion_address(kthread_of(cx.k, task_in(cx, Reg::rbx)).parked));
}
void return_zero(Ctx& cx) { cx.set(Reg::rax, 0); }
constexpr StepDef kthread_park_steps[] = {
    push(Reg::rbx),
    effect(ask_to_park, Cost::locked,
           {"Set the thread's KTHREAD_SHOULD_PARK.", "置该线程的 KTHREAD_SHOULD_PARK。",
            "It pauses where it looks at this bit.", "它在查看这一位的地方暂停。"}),
    branch(is_gone, "gone", kGone),
    call(routines::try_to_wake_up, {"Wake it, so that it looks.", "唤醒它，让它查看。", "", ""}),
    effect(parked_completion, Cost::word,
           {"Take the completion of its parking.", "取得其停放的完成量。", "", ""}),
    call(routines::wait_for_completion),
    effect(return_zero, Cost::word, {"It is parked.", "它已停放。", "", ""}),
    pop(Reg::rbx),
    ret(),
    label("gone"),
    effect(no_such_thread, Cost::word, kNoThread),
    pop(Reg::rbx),
    ret(),
};
constexpr StepDef kthread_unpark_steps[] = {
    push(Reg::rbx),
    effect(keep_rdi, Cost::word, {"Keep the thread's address.", "保存线程的地址。", "", ""}),
    branch(is_gone, "gone", kGone),
    effect(unpark, Cost::enqueue,
           {"Clear KTHREAD_SHOULD_PARK and wake the thread from TASK_PARKED.",
            "清除 KTHREAD_SHOULD_PARK，把线程从 TASK_PARKED 唤醒。", "", ""}),
    effect(return_zero, Cost::word, {"Done.", "完成。", "", ""}),
    pop(Reg::rbx),
    ret(),
    label("gone"),
    effect(no_such_thread, Cost::word, kNoThread),
    pop(Reg::rbx),
    ret(),
};

// The thread's own side: between two rounds of its loop.
void set_parked(Ctx& cx) {
    KThread& t = kthread_of(cx.k, cx.current());
    cx.set(Reg::rax, t.should_park);
    if (!t.should_park) return;
    cx.set_state(cx.current(), task_state::parked);
    const bool tell = !t.is_parked && t.parked != kNone;
    t.is_parked = true;
    cx.set(Reg::rdi, tell ? layout::completion_address(t.parked) : 0);
}
void not_parked(Ctx& cx) {
    kthread_of(cx.k, cx.current()).is_parked = false;
    cx.set_state(cx.current(), task_state::running);
}
constexpr StepDef kthread_parkme_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(set_parked, Cost::effect,
           {"If asked to, set {cur}'s state to TASK_PARKED.",
            "若被要求，把 {cur} 的状态设为 TASK_PARKED。",
            "ps shows P. No other wakeup than kthread_unpark ends it.",
            "ps 显示 P。只有 kthread_unpark 能唤醒它。"}),
    branch(rax_is_zero, "out", {"Is it not to park (any more)?", "（已）无需停放了吗？", "", ""}),
    branch(rdi_is_zero, "sleep", {"Has it told so already?", "已经报告过了吗？", "", ""}),
    call(routines::complete,
         {"Tell who waits that {cur} is parked.", "告诉等待者：{cur} 已停放。", "", ""}),
    label("sleep"),
    call(routines::schedule),
    jump("again"),
    label("out"),
    effect(not_parked, Cost::effect, {"{cur} runs on.", "{cur} 继续运行。", "", ""}),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

namespace routines {
const Routine wait_for_completion = make_routine<wait_for_completion_steps>(
    "wait_for_completion", Actor::kernel, Phase::work, true);
const Routine complete = make_routine<complete_steps>("complete", Actor::kernel, Phase::work);
const Routine complete_all =
    make_routine<complete_all_steps>("complete_all", Actor::kernel, Phase::work);
const Routine kthread_create =
    make_routine<kthread_create_steps>("kthread_create_on_node", Actor::kernel, Phase::work);
const Routine kthreadd = make_routine<kthreadd_steps>("kthreadd", Actor::kernel, Phase::work);
const Routine create_kthread =
    make_routine<create_kthread_steps>("kernel_thread", Actor::kernel, Phase::work);
const Routine kthread_stop =
    make_routine<kthread_stop_steps>("kthread_stop", Actor::kernel, Phase::work);
const Routine kthread_park =
    make_routine<kthread_park_steps>("kthread_park", Actor::kernel, Phase::work);
const Routine kthread_unpark =
    make_routine<kthread_unpark_steps>("kthread_unpark", Actor::kernel, Phase::work);
const Routine kthread_parkme =
    make_routine<kthread_parkme_steps>("__kthread_parkme", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
