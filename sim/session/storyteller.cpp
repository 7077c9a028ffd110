#include "sim/session/storyteller.h"

#include <cstdio>
#include <string_view>

#include "sim/kernel/coroutines.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/routines.h"
#include "sim/machine/alu.h"
#include "sim/machine/layout.h"
#include "sim/session/smp_view.h"
#include "sim/session/smp_words.h"

namespace sy {

namespace {

constexpr std::size_t kLongestEpisode = 5'000;   // steps of one CPU; a longer one is told up to here

bool is_task_address(const Kernel& k, std::uint64_t a) {
    return a >= layout::task_structs && (a - layout::task_structs) % layout::task_struct_bytes == 0 &&
           (a - layout::task_structs) / layout::task_struct_bytes < k.tasks.size();
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

Sentence actor_name(Actor a) {
    switch (a) {
        case Actor::hardware: return {"the hardware", "硬件"};
        case Actor::entry_code: return {"entry code", "入口代码"};
        case Actor::interrupt: return {"interrupt handling", "中断处理"};
        case Actor::timer: return {"the timer code", "定时器代码"};
        case Actor::scheduler: return {"the scheduler", "调度器"};
        case Actor::switcher: return {"the switch code", "切换代码"};
        case Actor::memory: return {"memory management", "内存管理"};
        case Actor::kernel: return {"the kernel", "内核"};
        case Actor::softirq: return {"softirq handling", "软中断处理"};
    }
    return {};
}

std::string lower(const char* name) {
    std::string s = name;
    for (char& c : s) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return s;
}

// The operation that a step in user mode was.
const UserOp& user_op(const Kernel& k, const StepReport& r) {
    static const UserOp nowhere = [] {   // an instruction's jump has left the program
        UserOp op;
        op.kind = UserOp::Kind::asm_code;
        return op;
    }();
    const Program& p = k.image().programs[r.program];
    return r.step < p.ops.size() ? p.ops[r.step] : nowhere;
}

// A step of kernel text as this machine's kernel has it.
const StepDef& said(const Kernel& k, std::uint32_t step) {
    if (k.image().broken != nullptr)
        if (const auto it = k.image().broken->said.find(step); it != k.image().broken->said.end()) return *it->second;
    return kernel_text().def(step);
}

// What the step would look like in a listing.
std::string listing(const KernelText& text, std::uint32_t step) {
    const StepDef& d = text.def(step);
    const Step& s = text.steps()[step];
    switch (d.op) {
        case Op::push: return "push %" + lower(reg_name(d.reg));
        case Op::pop: return "pop %" + lower(reg_name(d.reg));
        case Op::call: return std::string("call ") + text.routine_of(s.target).name;
        case Op::call_indirect: return "call *table";
        case Op::jump:
            return d.routine != nullptr ? std::string("jmp ") + d.routine->name : std::string("jmp ") + d.name;
        case Op::branch: return std::string("test; j ") + d.name;
        case Op::ret: return "ret";
        case Op::halt: return "sti; hlt";
        case Op::burst: return "compute";
        case Op::hardware: return d.cost == Cost::sysret ? "swapgs; sysretq" : "iretq";
        case Op::effect:
        case Op::label: return "";
    }
    return "";
}

Says kernel_says(const Kernel& after, const StepReport& r) {
    const KernelText& text = kernel_text();
    const StepDef& d = said(after, r.step);
    Says s{{d.say.what, d.say.what_zh}, {d.say.why, d.say.why_zh}};
    if (!s.what.empty()) return s;
    switch (d.op) {
        case Op::push:
            s.what = {"Push {reg} on the stack.", "把 {reg} 压栈。"};
            s.why = {"By the calling convention a routine must give it back unchanged.", "按调用约定，例程须原样归还它。"};
            break;
        case Op::pop:
            s.what = {"Pop {reg} from the stack.", "从栈弹出 {reg}。"};
            s.why = {"The caller finds its value again.", "调用者又得到它的值。"};
            break;
        case Op::call: {
            const std::string to = text.routine_of(text.steps()[r.step].target).name;
            s.what = {"Call " + to + ".", "调用 " + to + "。"};
            s.why = {"The return address is pushed on the current stack.", "返回地址被压入当前栈。"};
            break;
        }
        case Op::ret: {
            const std::string to = text.symbolize(after.rip(after.cpus[r.cpu]));
            s.what = {"Return to " + to + ".", "返回到 " + to + "。"};
            s.why = {"The address was popped from the current stack.", "该地址从当前栈弹出。"};
            break;
        }
        case Op::jump: {
            const std::string to = d.routine != nullptr ? d.routine->name : "";
            s.what = to.empty() ? Sentence{"Go on.", "继续。"} : Sentence{"Go on in " + to + ".", "转到 " + to + "。"};
            break;
        }
        default: break;
    }
    return s;
}

// The operations of a thread library (docs/user-threads.md).
Says library_says(const UserOp& op, const std::string& word) {
    using Kind = UserOp::Kind;
    using Leave = Carrier::Leave;
    switch (op.kind) {
        case Kind::co_timers: return {{"co_eventloop: whose time is over becomes ready.", "co_eventloop：到时的协程变为就绪。"}, {}};
        case Kind::co_wait_time:
            return {{"co_poll without files: wait for a time, and yield.", "不带文件的 co_poll：等一段时间并让出。"},
                    {"The thread runs the others meanwhile; nanosleep would stop all of them.", "其间线程运行其他协程；nanosleep 会让全部停住。"}};
        case Kind::co_resume:
            return {{"co_resume: the resumed coroutine goes on the call stack, above whoever resumes it.",
                     "co_resume：被恢复者压到调用栈上，位于恢复它的协程之上。"},
                    {"When it yields, it yields to its resumer.", "它让出时，让给恢复它的协程。"}};
        case Kind::co_release: return {{"co_release: give its control block, stack and saved part back.", "co_release：归还它的控制块、栈和保存的栈内容。"}, {}};
        case Kind::ut_create:
            return {{"Create a user-level thread: a stack, a control block, the end of the run queue.",
                     "创建一个用户级线程：一个栈、一个控制块，排到运行队列末尾。"},
                    {"No clone: the kernel has no task_struct, no kernel stack and no tid for it.",
                     "没有 clone：内核里没有它的 task_struct、内核栈和 tid。"}};
        case Kind::ut_carrier: return {{"This kernel thread is a carrier from now on: it runs user-level threads.", "这个内核线程从此是承载线程：运行用户级线程。"}, {}};
        case Kind::ut_settle:
            return {{"The scheduler does what the one who left wanted: to the run queue, or to a list of waiters.",
                     "调度器完成离开者的要求：放入运行队列，或放入等待队列。"},
                    {"Only now are its registers stored: before, another carrier would have run it with old ones.",
                     "此时它的寄存器才存好；若更早放入，别的承载线程会用旧的寄存器运行它。"}};
        case Kind::ut_pick:
            return {{"Take the first thread of this carrier's run queue; if it is empty, of another carrier's.",
                     "取出本承载线程运行队列的第一个线程；若为空，从别的承载线程那里取（窃取）。"},
                    {"All of it is in user memory: no lock of the kernel, no system call.", "这一切都在用户内存里：没有内核锁，没有系统调用。"}};
        case Kind::ut_idle:
            return {{"Nothing is ready: the carrier will sleep.", "没有就绪的线程：承载线程将睡眠。"},
                    {"Only here does the kernel learn of it: its thread waits.", "内核只在这里才知道：它的线程在等待。"}};
        case Kind::ut_awake: return {{"The carrier is awake and looks again.", "承载线程醒了，再看一遍。"}, {}};
        case Kind::ut_collect: return {{"One of epoll_wait's files: whoever waits for it becomes ready.", "epoll_wait 的一个文件：等它的线程变为就绪。"}, {}};
        case Kind::ut_leave: {
            switch (static_cast<Leave>(op.arg[0])) {
                case Leave::park:
                    return {{"Wait for " + word + " in user space: give the carrier to the scheduler.", "在用户空间等待 " + word + "：把承载线程让给调度器。"},
                            {"A kernel thread would call futex(2) here.", "内核线程在这里会调用 futex(2)。"}};
                case Leave::readable:
                case Leave::writable:
                    return {{"The call would have blocked (-EAGAIN): wait in the event loop.", "调用本会阻塞（-EAGAIN）：改在事件循环里等。"},
                            {"Without the hook the carrier would sleep now, and everybody with it.", "没有钩子的话，承载线程此刻就睡了，所有人随它一起睡。"}};
                case Leave::sleep: return {{"Sleep in user space: until then others run on this carrier.", "在用户空间睡眠：其间别的线程在这个承载线程上运行。"}, {}};
                case Leave::end: return {{"The thread has returned: give the carrier to the scheduler.", "线程返回了：把承载线程交给调度器。"}, {}};
                default: return {{"Yield: give the carrier to the scheduler.", "让出：把承载线程交给调度器。"}, {"No sched_yield: the kernel is not asked.", "没有 sched_yield：不问内核。"}};
            }
        }
        case Kind::ut_wake:
            return {{"Those who wait for " + word + " become ready.", "等待 " + word + " 的线程变为就绪。"},
                    {"The list of waiters lies in user memory; a kernel thread would call futex(2) here.", "等待队列在用户内存里；内核线程在这里会调用 futex(2)。"}};
        case Kind::ut_requeue: return {{"One waiter becomes ready, the others wait for the mutex now.", "一个等待者就绪，其余改为等待互斥锁。"}, {}};
        case Kind::ut_kick: return {{"Does a carrier sleep while a thread is ready?", "有承载线程在睡，而有线程就绪吗？"}, {}};
        case Kind::ut_kick_all: return {{"No thread is left: all carriers are to end.", "没有线程了：所有承载线程都该结束。"}, {}};
        case Kind::ut_if_again: return {{"Did the call say -EAGAIN: would it have blocked?", "调用返回 -EAGAIN 吗：它本会阻塞吗？"}, {}};
        default: return {};
    }
}

Says user_says(const Kernel& k, const StepReport& r) {
    const Program& p = k.image().programs[r.program];
    const UserOp& op = p.ops[r.step];
    using Kind = UserOp::Kind;
    for (const Move& m : r.moves) {
        if (m.to.kind != Place::Kind::cr2) continue;
        char at[24];
        std::snprintf(at, sizeof at, "0x%llx", static_cast<unsigned long long>(m.value));
        return {{std::string("Page fault: the access to ") + at + " fails; the hardware pushes six words and enters the kernel.",
                 std::string("缺页：对 ") + at + " 的访问失败；硬件压入六个字并进入内核。"},
                {"CR2 holds the address. RIP still names this instruction: it will be tried again.",
                 "CR2 中是地址。RIP 仍指向这条指令：它将被重试。"}};
    }
    const auto variable = [&] {
        for (const Variable& v : p.variables)
            if (v.address == op.data) return v.name;
        return std::string("?");
    };
    switch (op.kind) {
        case Kind::load_burst:
            return {{"Load the length of the next computation into RBX.", "把下一段计算的长度装入 RBX。"},
                    {"The program counts it down; RBX must survive every switch.", "程序递减它；RBX 必须在每次切换后仍在。"}};
        case Kind::burst:
            return {{"The computation is done: RBX is 0.", "这段计算完成：RBX 为 0。"}, {}};
        case Kind::system_call: {
            const std::string name = syscall_name(op.nr);
            return {{"Put the system call's number into RAX and its arguments into RDI, RSI, RDX: " + name + ".",
                     "把系统调用号放入 RAX，参数放入 RDI、RSI、RDX：" + name + "。"},
                    {"This is the convention between user space and kernel.", "这是用户空间与内核之间的约定。"}};
        }
        case Kind::syscall:
            return {{"SYSCALL: enter the kernel.", "SYSCALL：进入内核。"},
                    {"RCX takes RIP, R11 takes RFLAGS, interrupts go off; no stack is switched, nothing is pushed.",
                     "RIP 存入 RCX，RFLAGS 存入 R11，关闭中断；不切换栈，也不压任何东西。"}};
        case Kind::jump:
            return {{"Jump back in the program.", "在程序中跳转。"}, {}};
        case Kind::loop_start:
            return {{"Set the loop counter.", "设置循环计数器。"}, {}};
        case Kind::loop_next:
            return {{"Count the loop down.", "循环计数减一。"}, {}};
        case Kind::every_start:
        case Kind::every_next:
            return {{"Work out the next period's start.", "算出下一周期的开始时间。"}, {}};
        case Kind::co_create:
            return {{"co_create: allocate a control block and say where the coroutine will begin.",
                     "co_create：分配控制块，记下协程从哪里开始。"},
                    {"No system call: the kernel does not learn of it.", "没有系统调用：内核毫不知情。"}};
        case Kind::co_pick:
            return {{"co_eventloop: take the first coroutine that is ready.", "co_eventloop：取出第一个就绪的协程。"}, {}};
        case Kind::co_save:
            return {{"co_swap begins: whoever lies on the stack that the next one needs is copied out.",
                     "co_swap 开始：躺在下一个协程所需栈上的协程被拷出。"},
                    {"Only the part of the stack in use is copied; with a stack of its own each there is nothing to copy.",
                     "只拷贝栈中已用的部分；若各有自己的栈，就没有东西要拷。"}};
        case Kind::co_swap:
            return {{"Store the registers in one context, load them from the other: RSP and RIP change, CR3 and the kernel stack do not.",
                     "把寄存器存入一个上下文，再从另一个装入：RSP 和 RIP 变了，CR3 和内核栈没变。"},
                    {"To the kernel nothing happened: same task, no sched_switch.", "对内核来说什么也没发生：任务未变，没有 sched_switch。"}};
        case Kind::co_restore:
            return {{"Back from co_swap: the copy of its stack, if there is one, is put back.",
                     "从 co_swap 返回：若有栈的副本，就放回去。"}, {}};
        case Kind::co_enter:
            return {{"The coroutine's first instruction: its frames go on its stack.", "协程的第一条指令：它的栈帧放到栈上。"}, {}};
        case Kind::co_ready:
            return {{"co_yield: to the end of the ready list.", "co_yield：排到就绪队列末尾。"}, {}};
        case Kind::co_wait_io:
            return {{"co_yield: not ready until its connection has a message.", "co_yield：连接上有消息之前不就绪。"},
                    {"The hook made of a blocking read a registration with epoll and a yield.", "钩子把阻塞的 read 变成了 epoll 注册加一次让出。"}};
        case Kind::co_wait:
            return {{"co_cond_timedwait: join the condition's list and yield.", "co_cond_timedwait：加入条件的队列并让出。"}, {}};
        case Kind::co_signal:
            return {{"co_cond_signal: the first who waits becomes ready.", "co_cond_signal：第一个等待者变为就绪。"}, {}};
        case Kind::co_keep:
            return {{"Keep the descriptor in a local variable, on the coroutine's stack.", "把描述符放进局部变量，在协程的栈上。"}, {}};
        case Kind::co_if_none:
            return {{"Was there a connection?", "有连接吗？"}, {}};
        case Kind::co_end:
            return {{"The coroutine has returned: its stack is free.", "协程返回了：它的栈空出来。"}, {}};
        case Kind::co_collect:
            return {{"One of epoll_wait's events: its coroutine is ready.", "epoll_wait 的一个事件：它的协程就绪。"}, {}};
        case Kind::co_if_left:
            return {{"Is a coroutine left?", "还有协程吗？"}, {}};
        case Kind::lock_try:
            return {{"Try to take lock " + variable() + " (cmpxchg).", "尝试获取锁 " + variable() + "（cmpxchg）。"},
                    {"If it is free no system call is needed.", "若锁空闲，就不需要系统调用。"}};
        case Kind::lock_wait:
            return {{"Mark lock " + variable() + " as contended (xchg 2).", "把锁 " + variable() + " 标为有竞争（xchg 2）。"}, {}};
        case Kind::unlock:
            return {{"Release lock " + variable() + " (xchg 0).", "释放锁 " + variable() + "（xchg 0）。"},
                    {"Only if somebody waits must the kernel be called.", "只有有人等待时才需调用内核。"}};
        case Kind::sem_take:
            return {{"Take one from semaphore " + variable() + ", or wait.", "从信号量 " + variable() + " 取一个，否则等待。"}, {}};
        case Kind::sem_leave:
            return {{"No longer a waiter of semaphore " + variable() + ".", "不再是信号量 " + variable() + " 的等待者。"}, {}};
        case Kind::sem_post:
            return {{"Add one to semaphore " + variable() + ".", "信号量 " + variable() + " 加一。"}, {}};
        case Kind::join_check:
            return {{"Has thread " + variable() + " ended?", "线程 " + variable() + " 结束了吗？"},
                    {"The kernel clears the word at the thread's end.", "线程结束时内核会把这个字清零。"}};
        case Kind::stop_check:
            return {{"Has this kernel thread been asked to stop?", "这个内核线程被要求停止了吗？"}, {}};
        case Kind::store_stack:
            return {{"Store an argument in a local variable on the user stack.", "把参数存到用户栈上的局部变量里。"},
                    {"The system call will get its address.", "系统调用将得到它的地址。"}};
        case Kind::frame_enter:
            return {{"The signal handler begins: make room on the user stack.", "信号处理函数开始：在用户栈上留出空间。"},
                    {"Nobody called it: the kernel has put its address into RIP.", "没有谁调用它：是内核把它的地址放进了 RIP。"}};
        case Kind::frame_leave:
            return {{"The handler is done: give the room back.", "处理函数结束：归还空间。"}, {}};
        case Kind::function_return:
            return {{"Return: pop the address of __restore_rt from the signal frame.", "返回：从信号帧弹出 __restore_rt 的地址。"},
                    {"It will call rt_sigreturn.", "它将调用 rt_sigreturn。"}};
        case Kind::kernel_call:
        case Kind::kernel_return: break;   // kernel code: never executed in user mode
        case Kind::if_child:
        case Kind::thread_start:
            return {{"Look at RAX: 0 in the child, its pid in the parent.", "看 RAX：子任务中为 0，父任务中为其 pid。"}, {}};
        case Kind::keep_result:
            return {{"Keep the address in variable " + variable() + ".", "把地址存入变量 " + variable() + "。"}, {}};
        case Kind::load_word:
            return {{"Read a word of memory into RAX.", "从内存读一个字到 RAX。"}, {}};
        case Kind::store_word:
            return {{"Add 1 to a word of memory.", "把内存中的一个字加 1。"}, {}};
        case Kind::touch_start:
            return {{"RDI: the first page; RCX: how many pages to write.", "RDI：第一页；RCX：要写的页数。"}, {}};
        case Kind::touch_next:
            return {{"Write a word of this page, go on to the next one.", "写这一页的一个字，转到下一页。"}, {}};
        case Kind::recurse_start:
            return {{"RCX: how many nested calls to make.", "RCX：要嵌套调用多少层。"}, {}};
        case Kind::recurse_down:
            return {{"Call with a page of local variables: RSP goes down 4 KiB.", "调用，带一页局部变量：RSP 下降 4 KiB。"},
                    {"The stack grows by being used: no system call asks for it.", "栈因使用而增长：不需要系统调用申请。"}};
        case Kind::recurse_up:
            return {{"All calls return: RSP is where it was.", "所有调用返回：RSP 回到原处。"},
                    {"The pages stay; the next calls will find them.", "页留着；下次调用会再用到它们。"}};
        default:
            if (is_coroutine_op(op.kind)) return library_says(op, variable());
            return sync_says(op.kind, variable());
    }
    return {};
}

// --- instructions of asm blocks (docs/instructions.md) ---

bool is_instruction(const Kernel& k, const StepReport& r) { return user_op(k, r).kind == UserOp::Kind::asm_code; }
// RIP before the step.
std::uint64_t address_of(const StepReport& r) {
    for (const Move& m : r.moves)
        if (m.to.kind == Place::Kind::rip) return m.before;
    return 0;
}
// The SYSCALL instruction, of a verb or of an asm block.
bool is_syscall(const Kernel& k, const StepReport& r) {
    if (!is_instruction(k, r)) return user_op(k, r).kind == UserOp::Kind::syscall;
    const Insn* in = k.image().programs[r.program].insn_at(address_of(r));
    return in != nullptr && in->op == Mnemonic::syscall;
}
std::string flag_letters(std::uint64_t flags) {
    constexpr std::pair<std::uint64_t, const char*> kFlags[] = {{alu::cf, "CF"}, {alu::pf, "PF"}, {alu::af, "AF"},
                                                                {alu::zf, "ZF"}, {alu::sf, "SF"}, {alu::of, "OF"}};
    std::string out;
    for (const auto& [bit, name] : kFlags)
        if ((flags & bit) != 0) out += (out.empty() ? "" : " ") + std::string(name);
    return out.empty() ? "-" : out;
}
// "rax 5 -> 6, [counter] 5 -> 6, flags PF": what the instruction changed.
std::string changes(const Program& p, const StepReport& r) {
    std::string out;
    const auto add = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
    for (const Move& m : r.moves) {
        const std::string arrow = " 0x" + hex(m.before) + " -> 0x" + hex(m.value);
        if (m.to.kind == Place::Kind::reg) add(reg_name(static_cast<Reg>(m.to.id)) + arrow);
        if (m.to.kind == Place::Kind::rflags) add("flags " + flag_letters(m.before) + " -> " + flag_letters(m.value));
        if (m.to.kind == Place::Kind::per_cpu && m.to.id == static_cast<std::uint8_t>(PerCpuField::store_buffer))
            add("store buffer + 0x" + hex(m.value));
        if (m.to.kind != Place::Kind::user_word) continue;
        const Variable* v = p.variable_at(m.to.address);
        const std::uint64_t offset = v == nullptr ? 0 : m.to.address - v->address;
        add("[" + (v == nullptr ? "0x" + hex(m.to.address) : v->name + (offset == 0 ? "" : "+" + std::to_string(offset))) + "]" + arrow);
    }
    return out;
}
Says instruction_says(const Kernel& k, const StepReport& r, std::string& source) {
    const Program& p = k.image().programs[r.program];
    const Cpu& cpu = k.cpus[r.cpu];
    const Insn* in = p.insn_at(address_of(r));
    if (in != nullptr) source = in->text;
    if (!cpu.regs.user()) {
        const bool call = in != nullptr && in->op == Mnemonic::syscall && cpu.pc == kernel_text().entry(routines::entry_syscall_64);
        if (call)
            return {{"SYSCALL: enter the kernel.", "SYSCALL：进入内核。"},
                    {"RCX takes RIP, R11 takes RFLAGS, interrupts go off; no stack is switched, nothing is pushed.",
                     "RIP 存入 RCX，RFLAGS 存入 R11，关闭中断；不切换栈，也不压任何东西。"}};
        std::string routine = kernel_text().symbolize(kernel_text().address(cpu.pc));
        routine.erase(std::min(routine.find('+'), routine.size()));
        const std::string text = in == nullptr ? "?" : in->text;
        return {{"An exception instead of '" + text + "': the hardware enters " + routine + ".",
                 "指令 “" + text + "” 引发异常：硬件进入 " + routine + "。"},
                {"The registers are as they were before the instruction; RIP, pushed on the entry stack, says where.",
                 "各寄存器仍是该指令之前的值；压在入口栈上的 RIP 指明位置。"}};
    }
    const std::string what = changes(p, r);
    const std::string text = in == nullptr ? std::string("?") : in->text;
    const bool jumped = in != nullptr && cpu.regs.rip != in->end();
    const std::string to = jumped ? " RIP -> " + p.symbolize(cpu.regs.rip) : std::string();
    return {{text + (what.empty() ? "" : ": " + what) + "." + to, text + (what.empty() ? "" : "：" + what) + "。" + to}, {}};
}

Says outside_says(const Kernel& k, const StepReport& r) {
    switch (static_cast<Event::Kind>(r.step)) {
        case Event::Kind::arrival: {
            TaskId id = kNoTask;
            for (const Move& m : r.moves)
                if (m.to.kind == Place::Kind::task && id == kNoTask) id = m.to.owner;   // the first: the new one
            const std::string name = id == kNoTask ? "a task" : display_name(k, id);
            return {{name + " arrives: it is runnable.", name + " 到达：它可以运行了。"},
                    {"Its stack was prepared as if it had been switched out before its first instruction.",
                     "它的栈已准备好，仿佛在第一条指令之前被切走。"}};
        }
        case Event::Kind::device:
            for (const Move& m : r.moves) {
                if (m.to.kind != Place::Kind::per_cpu || m.to.id != static_cast<std::uint8_t>(PerCpuField::device)) continue;
                const DeviceDecl& d = k.image().scenario.devices[m.to.owner];
                const std::string irq = std::to_string(d.irq);
                return {{d.name + " raises its interrupt line, irq " + irq + ".", d.name + " 拉起了它的中断线 irq " + irq + "。"},
                        {"The CPU takes it as soon as RFLAGS.IF allows; until then its bit stands in the IRR.",
                         "只要 RFLAGS.IF 允许，CPU 就会响应；在此之前它的位留在 IRR 中。"}};
            }
            return {{"A device raises its interrupt line.", "一个设备拉起了它的中断线。"},
                    {"The CPU takes it as soon as RFLAGS.IF allows.", "只要 RFLAGS.IF 允许，CPU 就会响应。"}};
        case Event::Kind::completion:
            return {{"A device has finished a request and raises its interrupt line.", "设备完成了一个请求，拉起中断线。"}, {}};
        case Event::Kind::packet:
            return {{"A client's message arrives in the network card's ring; the card raises its interrupt line.",
                     "客户端的一条消息到达网卡的环；网卡拉起它的中断线。"}, {}};
        case Event::Kind::store_drain:
            return {{"The oldest store in the buffer of CPU {cpu} reaches memory: now the others see it.",
                     "CPU {cpu} 的存储缓冲里最旧的一次写入到达内存：其他 CPU 现在看得到它了。"},
                    {"Until then only its own CPU saw it (store forwarding).", "在此之前只有它自己的 CPU 看得到（存储转发）。"}};
        case Event::Kind::action:
            return {{"A timed line of the scenario happens.", "场景中的一行定时操作发生。"}, {}};
    }
    return {};
}

// "nic (irq 11)": the devices of a line.
std::string line_name(const Kernel& k, std::uint32_t vector) {
    const std::size_t line = vector - kFirstDeviceVector;
    if (vector < kFirstDeviceVector || line >= k.image().irq_lines.size()) return {};
    std::string out;
    for (std::uint32_t d : k.image().irq_lines[line].devices)
        out += (out.empty() ? "" : ", ") + k.image().scenario.devices[d].name;
    return out + " (irq " + std::to_string(k.image().irq_lines[line].irq) + ")";
}
const char* vector_name(std::uint32_t vector) {
    if (vector == kTimerVector) return "the local APIC timer";
    if (vector == kRescheduleVector) return "a reschedule IPI";
    if (vector == kCallVector) return "a call-function IPI";
    return "a device";
}
const char* vector_name_zh(std::uint32_t vector) {
    if (vector == kTimerVector) return "本地 APIC 定时器";
    if (vector == kRescheduleVector) return "重新调度 IPI";
    if (vector == kCallVector) return "函数调用 IPI";
    return "设备";
}

}  // namespace

std::string display_name(const Kernel& k, TaskId id) {
    if (id == kNoTask) return "nobody";
    const Task& t = k.tasks[id];
    const std::string name(t.name());
    return t.is_kthread() ? "[" + name + "]" : name;
}

std::string hex(std::uint64_t v) {
    char out[20];
    std::snprintf(out, sizeof out, "%llx", static_cast<unsigned long long>(v));
    return out;
}

std::string time_text(Nanos t) {
    char out[48];
    std::snprintf(out, sizeof out, "%lld.%03lld %03lld ms", static_cast<long long>(t / kMilli),
                  static_cast<long long>(t / kMicro % 1000), static_cast<long long>(t % 1000));
    return out;
}

Teller::Teller(const Kernel& before) {
    for (const Cpu& c : before.cpus)
        cpus_.push_back({c.current_task, c.pc, c.regs[Reg::rdi], c.regs[Reg::rsi], c.regs[Reg::rbx], c.regs[Reg::rbp]});
}

StoryStep Teller::tell(const Kernel& after, const StepReport& r) const {
    StoryStep s;
    s.report = r;
    const KernelText& text = kernel_text();
    const Cpu& cpu = after.cpus[r.cpu];
    const CpuNow& was = cpus_[r.cpu];
    Says says;
    std::string reg;
    switch (r.kind) {
        case StepReport::Kind::kernel: {
            const Routine& routine = text.routine_of(r.step);
            s.phase = routine.phase;
            s.actor = text.def(r.step).op == Op::hardware ? Actor::hardware : routine.actor;
            s.routine = text.symbolize(text.address(r.step));
            s.routine.erase(std::min(s.routine.rfind('/'), s.routine.size()));
            s.source = &said(after, r.step) == &text.def(r.step) ? listing(text, r.step) : "";
            says = kernel_says(after, r);
            reg = reg_name(text.def(r.step).reg);
            break;
        }
        case StepReport::Kind::user:
            if (is_instruction(after, r)) {
                s.phase = cpu.regs.user() ? Phase::work : Phase::entry;
                says = instruction_says(after, r, s.source);
                s.routine = after.image().programs[r.program].symbolize(address_of(r));
                s.actor = Actor::kernel;
                break;
            }
            s.phase = user_op(after, r).kind == UserOp::Kind::syscall ? Phase::entry : Phase::work;
            says = user_says(after, r);
            s.routine = after.image().programs[r.program].symbolize(after.image().programs[r.program].address(r.step));
            s.source = s.phase == Phase::entry ? "syscall" : "";
            s.actor = s.phase == Phase::entry ? Actor::hardware : Actor::kernel;
            break;
        case StepReport::Kind::burst:
            s.phase = Phase::work;
            if (!cpu.regs.user() && &text.routine_of(r.step) != &routines::scenario_kthread) {
                const std::string time = " (" + time_text(r.end - r.at) + ")";
                says = kernel_says(after, r);
                s.routine = text.symbolize(text.address(r.step));
                s.routine.erase(std::min(s.routine.rfind('/'), s.routine.size()));
                s.actor = text.routine_of(r.step).actor;
                if (!says.what.en.empty()) says.what.en.insert(says.what.en.size() - 1, time);
                if (!says.what.zh.empty()) says.what.zh += time;
                break;
            }
            says = {{"{cur} computes for " + time_text(r.end - r.at) + ".", "{cur} 计算了 " + time_text(r.end - r.at) + "。"},
                    {"RBX counts down what is left; RIP goes round its loop.", "RBX 递减剩余量；RIP 在循环中打转。"}};
            break;
        case StepReport::Kind::interrupt:
            s.phase = Phase::entry;
            s.actor = Actor::hardware;
            says = {{"Interrupt from " + (line_name(after, r.step).empty() ? vector_name(r.step) : line_name(after, r.step)) +
                         ": push SS, RSP, RFLAGS, CS, RIP.",
                     "来自" + (line_name(after, r.step).empty() ? vector_name_zh(r.step) : " " + line_name(after, r.step) + " ") +
                         "的中断：压入 SS、RSP、RFLAGS、CS、RIP。"},
                    {"The hardware saves just enough to return; from user mode it first takes RSP from TSS.sp0.",
                     "硬件只保存足以返回的内容；来自用户态时先从 TSS.sp0 取 RSP。"}};
            break;
        case StepReport::Kind::outside:
            s.phase = Phase::work;
            says = outside_says(after, r);
            break;
        case StepReport::Kind::idle:
            s.phase = Phase::work;
            s.actor = Actor::hardware;
            says = {{"The CPU halted for " + time_text(r.end - r.at) + ".", "CPU 停机了 " + time_text(r.end - r.at) + "。"},
                    {"Nothing was runnable; an interrupt ends the halt.", "没有可运行的任务；中断会结束停机。"}};
            break;
    }
    TaskId leaves = prev, comes = next;
    if (leaves == kNoTask)
        leaves = is_task_address(after, was.rbx) ? layout::task_of(was.rbx) : r.task;
    if (comes == kNoTask && is_task_address(after, cpu.regs[Reg::rbp])) comes = layout::task_of(cpu.regs[Reg::rbp]);
    if (comes != kNoTask && comes >= after.tasks.size()) comes = kNoTask;   // it is born in this very episode
    TaskId target = kNoTask;
    if (r.kind == StepReport::Kind::kernel && &text.routine_of(r.step) == &routines::try_to_wake_up) {
        if (is_task_address(after, cpu.regs[Reg::rbx])) target = layout::task_of(cpu.regs[Reg::rbx]);
    } else if (is_task_address(after, cpu.regs[Reg::rdi])) {
        target = layout::task_of(cpu.regs[Reg::rdi]);
    }
    const bool user = r.kind == StepReport::Kind::user || r.kind == StepReport::Kind::burst;
    s.by = user && s.actor != Actor::hardware      ? Sentence{"user code", "用户代码"}
           : r.kind == StepReport::Kind::outside ? Sentence{"the outside world", "外部世界"}
                                                 : actor_name(s.actor);
    // Past __switch_to_asm's load of RSP the task that runs is the one who comes.
    const std::string current = display_name(after, r.task);
    for (Sentence* sentence : {&says.what, &says.why}) {
        for (std::string* t : {&sentence->en, &sentence->zh}) {
            if (t->find('{') == std::string::npos) continue;
            const bool zh = t == &sentence->zh;
            replace_all(*t, "{cur}", current);
            replace_all(*t, "{prev}", display_name(after, leaves));
            replace_all(*t, "{next}", comes == kNoTask ? (zh ? "下一个任务" : "the next task") : display_name(after, comes));
            replace_all(*t, "{target}", target == kNoTask ? (zh ? "等待者" : "the sleeper") : display_name(after, target));
            replace_all(*t, "{reg}", reg);
            replace_all(*t, "{cpu}", std::to_string(r.cpu));
            if (t->find("{place}") != std::string::npos) {
                const Sentence words = placement_words(after, cpu.smp.placed);
                replace_all(*t, "{place}", zh ? words.zh : words.en);
            }
            if (t->find("{balance}") != std::string::npos) {
                const Sentence words = balance_words(after, cpu.smp.balance);
                replace_all(*t, "{balance}", zh ? words.zh : words.en);
            }
            std::string why;
            if (pick != nullptr && pick->winner != kNoTask) {
                why = zh ? pick->rule_zh : pick->rule;
                if (!pick->tie.empty()) why += (zh ? "；" : "; ") + (zh ? pick->tie_zh : pick->tie);
                why += zh ? "。" : ".";
                if (!zh && !why.empty() && why[0] >= 'a' && why[0] <= 'z') why[0] = static_cast<char>(why[0] - 32);
            } else if (t->find("{pick}") != std::string::npos) {
                why = zh ? "没有可运行的任务，所以由空闲任务运行。" : "Nothing else is runnable, so the idle task runs.";
            }
            replace_all(*t, "{pick}", why);
        }
    }
    s.what = says.what;
    s.why = says.why;
    return s;
}

namespace {

Sentence sentence_of(const std::string& en, const std::string& zh) { return {en, zh}; }

EpisodeKind kind_of_switch(const Kernel& before, TaskId prev, TaskId next) {
    const Task& p = before.tasks[prev];
    const Task& n = before.tasks[next];
    if ((n.flags & pf::idle) != 0) return EpisodeKind::to_idle;
    if ((p.flags & pf::idle) != 0) return EpisodeKind::from_idle;
    if (n.is_kthread()) return p.is_kthread() ? EpisodeKind::between_kernel_threads : EpisodeKind::to_kernel_thread;
    if (p.is_kthread()) return EpisodeKind::from_kernel_thread;
    return p.active_mm == n.mm ? EpisodeKind::thread_switch : EpisodeKind::process_switch;
}

// Why the switch happens now.
Sentence reason_of(const Episode& e, const Kernel& start, const Kernel& end, const std::vector<StepReport>& reports,
                   char state) {
    const std::string prev = display_name(start, e.prev);
    const KernelText& text = kernel_text();
    if (e.kind == EpisodeKind::from_idle) {
        const std::string next = display_name(end, e.next);
        return sentence_of(next + " has become runnable", next + " 变为可运行");
    }
    if (state == 'X' || state == 'Z') return sentence_of(prev + " has exited", prev + " 已退出");
    std::string call;
    for (const StepReport& r : reports)
        if (r.kind == StepReport::Kind::user) {
            if (is_syscall(start, r))
                call = syscall_name(start.cpus[e.cpu].regs[Reg::rax]);
        }
    if (state == 'T') return sentence_of("a signal stopped " + prev, "信号使 " + prev + " 停止");
    if (state != 'R') {
        if (start.tasks[e.prev].is_kthread())
            return sentence_of(prev + " has no more work and sleeps", prev + " 没有更多工作，去睡眠");
        return sentence_of(prev + " called " + (call.empty() ? "a system call" : call) + " and must wait",
                           prev + " 调用 " + (call.empty() ? "系统调用" : call) + "，必须等待");
    }
    if (call == "sched_yield") return sentence_of(prev + " called sched_yield", prev + " 调用了 sched_yield");
    for (const StepReport& r : reports) {
        for (const Move& m : r.moves) {
            if (m.to.kind != Place::Kind::task || m.to.id != static_cast<std::uint8_t>(TaskField::need_resched) ||
                m.value == 0 || m.to.owner != e.prev || r.kind != StepReport::Kind::kernel)
                continue;
            const Routine* routine = &text.routine_of(r.step);
            const std::string at = time_text(r.at);
            if (routine == &routines::tick_nohz_handler)
                return sentence_of("the tick at " + at + " set need_resched", at + " 的时钟中断置位了 need_resched");
            if (routine == &routines::hrtick)
                return sentence_of("the quantum ended at " + at, "时间片在 " + at + " 用完");
            const std::string next = display_name(end, e.next);
            return sentence_of("waking " + next + " preempts " + prev, "唤醒 " + next + " 抢占了 " + prev);
        }
    }
    return sentence_of("need_resched was set from outside this CPU", "need_resched 由该 CPU 之外置位");
}

// `next`: the name of who comes; it may have been born in this very episode.
Sentence phase_sentence(const Episode& e, Phase phase, const Kernel& start, const std::string& next) {
    const std::string prev = display_name(start, e.prev);
    const bool user_prev = !start.tasks[e.prev].is_kthread();
    switch (phase) {
        case Phase::entry:
            if (!user_prev) return {prev + " is in the kernel already: nothing to save on entry.", prev + " 本来就在内核里：入口处无需保存。"};
            return {prev + " enters the kernel: its user registers go to pt_regs on its kernel stack.",
                    prev + " 进入内核：用户寄存器存入其内核栈上的 pt_regs。"};
        case Phase::work:
            if (e.kind == EpisodeKind::user) return {prev + " computes in user mode; the kernel is not asked.", prev + " 在用户态计算，不涉及内核。"};
            return {"The kernel does what it was entered for: " + e.reason.en + ".",
                    "内核做它被进入的事：" + e.reason.zh + "。"};
        case Phase::pick: return {"The scheduler picks " + next + ": " + e.pick.rule + ".", "调度器选择 " + next + "：" + e.pick.rule_zh + "。"};
        case Phase::mm:
            return {"The address space changes: CR3 is loaded with " + next + "'s page tables.",
                    "地址空间改变：CR3 装入 " + next + " 的页表。"};
        case Phase::stack:
            return {"Six registers are pushed on " + prev + "'s kernel stack, RSP moves to " + next + "'s, six are popped.",
                    "六个寄存器压入 " + prev + " 的内核栈，RSP 移到 " + next + " 的栈，再弹出六个。"};
        case Phase::exit:
            return {next + " goes on where it was.", next + " 从原处继续。"};
    }
    return {};
}

void sum_up(Episode& e, const Kernel& start, const Kernel& end, char state, const std::vector<StepReport>& reports) {
    const std::string prev = display_name(start, e.prev), next = display_name(end, e.next);
    const Sentence kind = episode_kind_name(e.kind);
    if (e.switch_number != 0) {
        e.reason = reason_of(e, start, end, reports, state);
        const std::string n = std::to_string(e.switch_number);
        e.title = {"Switch " + n + " · " + prev + " → " + next, "切换 " + n + " · " + prev + " → " + next};
        e.in_one_line = {prev + " leaves, " + next + " comes, because " + e.reason.en + ".",
                         prev + " 离开，" + next + " 到来，因为" + e.reason.zh + "。"};
    } else {
        std::string name;
        std::uint64_t nr = ~std::uint64_t{0};
        if (e.kind == EpisodeKind::system_call) nr = start.cpus[e.cpu].regs[Reg::rax];
        if (e.kind == EpisodeKind::interrupt && !reports.empty()) name = vector_name(reports.front().step);
        if (e.kind == EpisodeKind::system_call) {
            name = syscall_name(nr);
            e.title = {prev + " · system call " + name, prev + " · 系统调用 " + name};
            e.reason = {prev + " called " + name, prev + " 调用了 " + name};
            e.in_one_line = {prev + " enters the kernel for " + name + " and returns: no other task runs, nothing is switched.",
                             prev + " 为 " + name + " 进入内核又返回：没有别的任务运行，什么也没有切换。"};
        } else if (e.kind == EpisodeKind::interrupt) {
            const std::string zh = vector_name_zh(reports.front().step);
            e.title = {prev + " · interrupt from " + name, prev + " · 来自" + zh + "的中断"};
            e.reason = {"an interrupt from " + name, "来自" + zh + "的中断"};
            e.in_one_line = {name + std::string(" interrupts ") + prev + "; afterwards it goes on: nothing is switched.",
                             zh + "打断 " + prev + "；之后它继续：什么也没有切换。"};
        } else {
            const bool user = !start.tasks[e.prev].is_kthread();
            e.title = {prev + (user ? " · user mode" : " · in the kernel"), prev + (user ? " · 用户态" : " · 在内核中")};
            e.in_one_line = {prev + " runs.", prev + " 运行。"};
        }
    }
    for (Phase p : {Phase::entry, Phase::work, Phase::pick, Phase::mm, Phase::stack, Phase::exit}) {
        bool there = false;
        for (const StoryStep& s : e.steps) there |= s.phase == p;
        if (p == Phase::mm) {
            there = false;
            for (const StoryStep& s : e.steps)
                for (const Move& m : s.report.moves) there |= m.to.kind == Place::Kind::cr3;
            if (!there && e.switch_number != 0) {
                e.in_phases.emplace_back(
                    p, e.kind == EpisodeKind::thread_switch
                           ? Sentence{"The address space stays: both threads have the same mm, CR3 is not loaded.",
                                      "地址空间不变：两个线程共享 mm，不装载 CR3。"}
                       : end.tasks[e.next].mm == kNoMm
                           ? Sentence{next + " has no mm: it borrows the address space that is loaded (active_mm).",
                                      next + " 没有 mm：它借用已装载的地址空间（active_mm）。"}
                           : Sentence{"The address space that " + next + " needs is loaded still: CR3 is not written.",
                                      next + " 需要的地址空间仍在：不写 CR3。"});
                continue;
            }
        }
        if (there && (e.switch_number != 0 || p == Phase::entry || p == Phase::work || p == Phase::exit))
            e.in_phases.emplace_back(p, phase_sentence(e, p, start, next));
    }
}

}  // namespace

Sentence episode_kind_name(EpisodeKind kind) {
    switch (kind) {
        case EpisodeKind::process_switch: return {"process switch", "进程切换"};
        case EpisodeKind::thread_switch: return {"thread switch", "线程切换"};
        case EpisodeKind::to_kernel_thread: return {"switch to a kernel thread", "切换到内核线程"};
        case EpisodeKind::from_kernel_thread: return {"switch from a kernel thread", "从内核线程切换"};
        case EpisodeKind::between_kernel_threads: return {"kernel thread switch", "内核线程切换"};
        case EpisodeKind::to_idle: return {"to the idle task", "切换到空闲任务"};
        case EpisodeKind::from_idle: return {"from the idle task", "从空闲任务切换"};
        case EpisodeKind::system_call: return {"system call, no switch", "系统调用，无切换"};
        case EpisodeKind::interrupt: return {"interrupt, no switch", "中断，无切换"};
        case EpisodeKind::user: return {"no kernel entry", "未进入内核"};
    }
    return {};
}

Sentence phase_name(Phase phase) {
    switch (phase) {
        case Phase::entry: return {"entry", "入口"};
        case Phase::work: return {"work", "处理"};
        case Phase::pick: return {"pick", "选择"};
        case Phase::mm: return {"mm", "地址空间"};
        case Phase::stack: return {"stack", "栈"};
        case Phase::exit: return {"exit", "返回"};
    }
    return {};
}

std::string step_listing(std::uint32_t step) { return listing(kernel_text(), step); }

Episode tell_episode(Kernel start, CpuId cpu) {
    const KernelText& text = kernel_text();
    Episode e;
    e.cpu = cpu;
    Kernel k = start;
    e.first_step = k.steps();
    e.prev = e.next = start.cpus[cpu].current_task;
    e.begin = start.cpus[cpu].clock;
    std::vector<StepReport> reports;
    std::vector<Teller> tellers;
    std::vector<PickReason> picks;
    std::size_t pick_at = ~std::size_t{0};
    char state = 'R';
    const std::uint64_t own = start.cpus[cpu].episode_step;
    bool begun = false;
    PickReason pick;
    // First walk through it, then tell it: only at the end is it known who comes.
    while (reports.size() < kLongestEpisode && k.steps() < e.first_step + 200'000) {
        const Cpu& c = k.cpus[cpu];
        const bool picks_now = !c.regs.user() && &text.routine_of(c.pc) == &routines::schedule_inner &&
                               text.def(c.pc).cost == Cost::pick;
        PickReason reason;
        if (picks_now) {
            const Task& curr = k.tasks[c.curr];
            const bool stays = c.curr != c.idle && curr.on_rq && (curr.cpus_allowed >> cpu & 1) != 0;
            reason = k.sched->explain(k.tasks, cpu, stays ? c.curr : kNoTask);
        }
        const std::uint64_t switches = c.nr_switches;
        const std::uint64_t number = k.switches();
        const TaskId leaving = c.curr;
        Teller teller(k);
        StepReport r;
        if (!k.step(nullptr, &r)) break;
        if (r.cpu != cpu || r.kind == StepReport::Kind::outside) continue;
        const Cpu& now = k.cpus[cpu];
        const bool next_episode = now.episode_step > std::max(own, e.first_step);
        if (next_episode && begun && now.episode_step == r.number) break;   // this step begins the next one
        begun = true;
        if (picks_now) {
            pick = std::move(reason);
            pick_at = reports.size();
        }
        if (now.nr_switches != switches) {
            e.switch_number = number + 1;
            e.commit_step = r.number;
            e.prev = leaving;
            e.next = now.curr;
            const Task& p = k.tasks[leaving];
            state = state_letter(p.state, p.exit_state);
        }
        e.last_step = r.number;
        e.end = r.end;
        reports.push_back(r);
        tellers.push_back(std::move(teller));
        if (next_episode) break;
    }
    if (e.switch_number != 0) {
        e.kind = kind_of_switch(start, e.prev, e.next < start.tasks.size() ? e.next : e.prev);
        if (e.next >= start.tasks.size()) e.kind = kind_of_switch(k, e.prev, e.next);
        e.pick = pick;
    } else if (!reports.empty() && reports.front().kind == StepReport::Kind::interrupt) {
        e.kind = EpisodeKind::interrupt;
    } else if (!reports.empty() && reports.front().kind == StepReport::Kind::user &&
               is_syscall(k, reports.front())) {
        e.kind = EpisodeKind::system_call;
    } else {
        e.kind = EpisodeKind::user;
    }
    // Tell each step with the machine as it was then: run once more beside the reports.
    Kernel again = start;
    Placement placed = start.cpus[e.cpu].smp.placed;
    BalanceNote balance = start.cpus[e.cpu].smp.balance;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        while (again.steps() <= reports[i].number) again.step(nullptr, nullptr);
        const SmpState& smp = again.cpus[e.cpu].smp;
        if (smp.placed.at != placed.at || smp.placed.task != placed.task || smp.placed.chosen != placed.chosen) {
            placed = smp.placed;
            e.placements.push_back(placement_story(again, placed));
        }
        if (smp.balance.end != BalanceEnd::none && smp.balance.end != BalanceEnd::not_ours &&
            (smp.balance.at != balance.at || smp.balance.level != balance.level || smp.balance.dst != balance.dst)) {
            balance = smp.balance;
            e.balances.push_back(balance_words(again, balance));
        }
        if (e.switch_number != 0) {
            tellers[i].prev = e.prev;
            tellers[i].next = e.next;
        }
        if (i == pick_at) tellers[i].pick = &pick;
        e.steps.push_back(tellers[i].tell(again, reports[i]));
    }
    if (again.image().balances) {
        e.run_queue = again.sched->numbers(e.cpu);
        for (const TaskId id : {e.prev, e.next}) {
            const bool twice = !e.averages.empty() && e.averages.front().first == id;
            if (id != kNoTask && !twice && (again.tasks[id].flags & pf::idle) == 0)
                e.averages.emplace_back(id, again.tasks.avg(id));
        }
        e.groups = group_rows(again);
    }
    // Behind __switch_to's return everything is the way out, whichever routine it is in.
    bool switched = false;
    for (StoryStep& s : e.steps) {
        if (switched && s.phase != Phase::work) s.phase = Phase::exit;
        if (s.report.kind == StepReport::Kind::kernel && &text.routine_of(s.report.step) == &routines::switch_to &&
            text.def(s.report.step).op == Op::ret)
            switched = true;
    }
    e.prev_stays_runnable = state == 'R';
    sum_up(e, start, k, state, reports);
    fill_fates(e, start, k);
    return e;
}

}  // namespace sy
