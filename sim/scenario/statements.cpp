// The verbs: what a task does. One row each, with the function that reads what follows the verb.
// Optional names need no sign to tell them from the next verb, because verbs cannot be names.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/scenario/asm_verbs.h"
#include "sim/scenario/memory_verbs.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/task_verbs.h"

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

struct VerbRow {
    Word word;
    Kind kind;
    bool in_kernel;  // a kernel thread may do it: it makes no system calls
    bool (*read)(Parser&, Stmt&, Place);  // null: it declares something
    KernelCall call = KernelCall::count;  // of a kernel_call
};

bool read_nothing(Parser&, Stmt&, Place) { return true; }

bool read_time(Parser& p, Stmt& stmt, Place) {
    const auto time = p.dist();
    if (time) stmt.time = *time;
    return time.has_value();
}

bool read_name(Parser& p, Stmt& stmt, const Text& what) {
    const auto given = p.name(what, &stmt.name_pos);
    if (given) stmt.name = *given;
    return given.has_value();
}

bool read_channel(Parser& p, Stmt& stmt, Place) {
    stmt.count = 1;
    if (!read_name(p, stmt, text("the name of a pipe or device", "管道名或设备名"))) return false;
    if (!p.is_number_next()) return true;
    const auto bytes = p.bytes();
    if (bytes) stmt.count = *bytes;
    return bytes.has_value();
}

bool read_clients_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of clients", "客户端的名字"));
}

// `NAME` or `NAME/2`.
bool read_coroutine_name(Parser& p, Stmt& stmt, Place) {
    const auto path = p.task_path(stmt.name_pos);
    if (path) stmt.name = *path;
    return path.has_value();
}

bool read_device_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a block device", "块设备名"));
}

bool read_lock_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a lock", "锁的名字"));
}

bool read_semaphore_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a semaphore", "信号量的名字"));
}

bool read_cond_wait(Parser& p, Stmt& stmt, Place) {
    p.take();  // wait
    if (!read_name(p, stmt, text("the name of a condition variable", "条件变量的名字"))) return false;
    const auto mutex = p.name(text("the mutex that is given up meanwhile", "等待期间放开的互斥锁"), &stmt.other_pos);
    if (mutex) stmt.other = *mutex;
    return mutex.has_value();
}

bool read_cond_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a condition variable", "条件变量的名字"));
}

bool read_barrier_wait(Parser& p, Stmt& stmt, Place) {
    p.take();  // wait
    return read_name(p, stmt, text("the name of a barrier", "屏障的名字"));
}

bool read_rwlock_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a read-write lock", "读写锁的名字"));
}

bool read_trylock(Parser& p, Stmt& stmt, Place place) {
    if (!read_name(p, stmt, text("the name of a lock", "锁的名字"))) return false;
    return p.parse_block(stmt.body, place, nullptr,
                         text("what to do with the lock: '{' and statements", "拿到锁后做什么：“{” 和语句"));
}

bool read_pipe_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a pipe", "管道名"));
}

bool read_close(Parser& p, Stmt& stmt, Place) {
    stmt.count = p.take_word("read") ? 1 : p.take_word("write") ? 2 : 3;
    return read_name(p, stmt, text("the name of a pipe", "管道名"));
}

bool read_optional_name(Parser& p, Stmt& stmt, Place) {
    if (p.is_name_next()) return read_name(p, stmt, text("a name", "名字"));
    return true;
}

bool read_fork(Parser& p, Stmt& stmt, Place place) {
    if (p.is_name_next() && !read_name(p, stmt, text("the child's name", "子进程名"))) return false;
    return p.parse_block(
        stmt.body, place, nullptr,
        text("what the child does: '{' and statements", "子进程做什么：“{” 和语句"));
}

// `exit`, `exit 3`, `exit thread`, `exit thread 3`; but `exit thread flusher {` is the next
// declaration.
bool read_exit(Parser& p, Stmt& stmt, Place) {
    if (p.peek().is_word("thread") && p.peek(1).kind != Token::Kind::word) {
        stmt.name = "thread";
        stmt.name_pos = p.take().pos;
    }
    if (!p.is_number_next()) return true;
    const auto status = p.integer(
        {.first = 0, .last = 255, .what = text("an exit status", "退出状态"), .limit = {}});
    if (status) stmt.count = *status;
    return status.has_value();
}

bool read_nice(Parser& p, Stmt& stmt, Place) {
    const auto nice = p.integer(nice_range());
    if (nice) stmt.count = *nice;
    return nice.has_value();
}

bool read_affinity(Parser& p, Stmt& stmt, Place) {
    stmt.name_pos = p.peek().pos;
    const auto cpus = p.cpu_list();
    if (cpus) stmt.cpus = *cpus;
    return cpus.has_value();
}

bool read_chrt(Parser& p, Stmt& stmt, Place) { return read_sched_params(p, stmt.sched); }

const Text kLoopText = {.en = "what to repeat: '{' and statements", .zh = "要重复什么：“{” 和语句"};

bool read_work_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a work item", "工作项的名字"));
}

// `queue w`, `queue w cpu 1 delay 5ms`
bool read_queue(Parser& p, Stmt& stmt, Place place) {
    stmt.count = -1;
    if (!read_work_name(p, stmt, place)) return false;
    for (int i = 0; i < 2; ++i) {
        if (p.take_word("cpu")) {
            const auto cpu = p.integer({.first = 0,
                                        .last = limits::cpus - 1,
                                        .what = text("the number of a CPU", "CPU 编号"),
                                        .limit = {}});
            if (!cpu) return false;
            stmt.count = *cpu;
        } else if (p.take_word("delay")) {
            const auto delay = p.duration();
            if (!delay) return false;
            stmt.time.a = *delay;
        }
    }
    return true;
}

bool read_flush(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a work item or workqueue", "工作项或工作队列的名字"));
}

bool read_kthread_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a kthread", "内核线程的名字"));
}

bool read_process_name(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a process", "进程的名字"));
}

bool read_until_stopped(Parser& p, Stmt& stmt, Place place) {
    return p.parse_block(stmt.body, place, nullptr, kLoopText);
}

bool read_forever(Parser& p, Stmt& stmt, Place place) {
    stmt.count = -1;
    return p.parse_block(stmt.body, place, nullptr, kLoopText);
}

bool read_repeat(Parser& p, Stmt& stmt, Place place) {
    stmt.count = -1;
    if (p.is_number_next()) {
        const auto count = p.integer({.first = 1,
                                      .last = limits::repeat,
                                      .what = text("how often to repeat", "重复次数"),
                                      .limit = text("count of one repeat", "一个 repeat 的次数")});
        if (count) stmt.count = *count;
    } else if (p.is_copies()) {
        const auto count = p.copies();  // `repeat x5` is meant as `repeat 5`
        if (count) stmt.count = *count;
    }
    return p.parse_block(stmt.body, place, nullptr, kLoopText);
}

bool read_every(Parser& p, Stmt& stmt, Place place) {
    const SourcePos pos = p.peek().pos;
    const auto time = p.dist();
    if (time) stmt.time = *time;
    if (time && time->kind != Dist::Kind::exp && time->a == 0) {
        p.error(pos, text("the time from one start to the next must be longer than 0",
                          "两次开始之间的时间必须大于 0"));
    }
    return p.parse_block(stmt.body, place, nullptr, kLoopText);
}

// A name may be one of another process: the check of the whole file finds out.
bool read_call_tasklet(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a tasklet", "tasklet 的名字"));
}
bool read_call_device(Parser& p, Stmt& stmt, Place) {
    return read_name(p, stmt, text("the name of a device", "设备名"));
}
bool read_raise(Parser& p, Stmt& stmt, Place) {
    const auto vec = p.softirq_vector();
    if (!vec) return false;
    stmt.count = *vec;
    return !p.is_duration_next() || read_time(p, stmt, Place::process);
}
bool read_ioctl(Parser& p, Stmt& stmt, Place) {
    return p.parse_block(stmt.body, Place::ioctl, nullptr,
                         text("the driver's code: '{' and statements", "驱动的代码：“{” 和语句"));
}

// In a coroutine: co_poll without files, which is how libco sleeps.
bool read_poll(Parser& p, Stmt& stmt, Place place) {
    if (place != Place::coroutine) return read_pipe_name(p, stmt, place);
    stmt.kind = Kind::co_poll;
    return read_time(p, stmt, place);
}

constexpr VerbRow kVerbRows[] = {
    {{"run", "run TIME", "compute in user mode for so long", "在用户态计算这么久", "run 3ms"},
     Kind::run,
     true,
     read_time},
    {{"sleep", "sleep TIME", "sleep for so long (nanosleep)", "睡眠这么久（nanosleep）",
      "sleep 9ms"},
     Kind::sleep,
     true,
     read_time},
    {{"yield", "yield", "let another task run, if one wants to (sched_yield)",
      "如果有别的任务想运行就让给它（sched_yield）", "yield"},
     Kind::yield,
     true,
     read_nothing},
    {{"read", "read NAME [BYTES]",
      "read from a pipe or device; waits until there is something (default 1 byte)",
      "从管道或设备读；没有数据就等待（默认 1 字节）", "read p 512"},
     Kind::read,
     false,
     read_channel},
    {{"write", "write NAME [BYTES]",
      "write to a pipe or device; waits while the pipe is full (default 1 byte)",
      "写管道或设备；管道满时等待（默认 1 字节）", "write p 512"},
     Kind::write,
     false,
     read_channel},
    {{"accept", "accept CLIENTS",
      "coroutines only: take the next connection of these clients (accept4); ends when there is none",
      "仅用于协程：接受这些客户端的下一个连接（accept4）；没有时结束", "accept echo"},
     Kind::accept,
     false,
     read_clients_name},
    {{"fsync", "fsync DEVICE", "wait until the block device has done one request",
      "等待块设备完成一个请求", "fsync disk"},
     Kind::fsync,
     false,
     read_device_name},
    {{"lock", "lock NAME",
      "take a mutex of this process; waits while another thread has it (futex)",
      "获取本进程的互斥锁；别的线程持有时等待（futex）", "lock m"},
     Kind::lock,
     false,
     read_lock_name},
    {{"unlock", "unlock NAME", "give the mutex back and wake one who waits for it",
      "释放互斥锁并唤醒一个等待者", "unlock m"},
     Kind::unlock,
     false,
     read_lock_name},
    {{"wait", "wait [NAME]",
      "wait for a semaphore of this process; without a name: for a child to exit (wait4)",
      "等待本进程的信号量；不写名字：等待子进程退出（wait4）", "wait work"},
     Kind::wait,
     false,
     read_optional_name},
    {{"signal", "signal NAME", "add one to the semaphore and wake one who waits for it",
      "信号量加一并唤醒一个等待者", "signal work"},
     Kind::signal,
     false,
     read_semaphore_name},
    {{"mutex", "mutex NAME [pi]",
      "declare a mutex of this process; pi: its owner inherits the priority of those who wait (PTHREAD_PRIO_INHERIT)",
      "声明本进程的互斥锁；pi：持有者继承等待者的优先级（PTHREAD_PRIO_INHERIT）", "mutex m pi"},
     Kind::lock,
     false,
     nullptr},
    {{"trylock", "trylock NAME { STATEMENTS }",
      "if the mutex is free: take it, do this, give it back; otherwise go on at once",
      "互斥锁空闲时：获取、执行、释放；否则立即继续", "trylock m { run 1ms }"},
     Kind::trylock,
     false,
     read_trylock},
    {{"semaphore", "semaphore NAME [COUNT]", "declare a semaphore and its first value (default 0)",
      "声明信号量及其初值（默认 0）", "semaphore slots 4"},
     Kind::signal,
     false,
     nullptr},
    {{"cond", "cond wait NAME MUTEX or cond NAME [requeue]",
      "give up the mutex and sleep until a signal, then take it again; or declare a condition "
      "variable (requeue: broadcast moves waiters to the mutex)",
      "放开互斥锁并睡到被通知，再重新获取；或声明条件变量（requeue：广播把等待者移到互斥锁）",
      "cond ready"},
     Kind::cond_wait,
     false,
     read_cond_wait},
    {{"broadcast", "broadcast NAME", "wake all who wait for the condition variable",
      "唤醒条件变量的所有等待者", "broadcast ready"},
     Kind::broadcast,
     false,
     read_cond_name},
    {{"barrier", "barrier wait NAME or barrier NAME COUNT",
      "wait until COUNT tasks have come to the barrier; or declare it",
      "等到有 COUNT 个任务到达屏障；或声明屏障", "barrier b 3"},
     Kind::barrier_wait,
     false,
     read_barrier_wait},
    {{"rwlock", "rwlock NAME", "declare a read-write lock", "声明读写锁", "rwlock table"},
     Kind::rdlock,
     false,
     nullptr},
    {{"rdlock", "rdlock NAME", "take a read-write lock for reading, together with other readers",
      "以读方式获取读写锁，可与其他读者同时持有", "rdlock table"},
     Kind::rdlock,
     false,
     read_rwlock_name},
    {{"wrlock", "wrlock NAME", "take a read-write lock for writing, alone", "以写方式独占读写锁",
      "wrlock table"},
     Kind::wrlock,
     false,
     read_rwlock_name},
    {{"poll", "poll PIPE",
      "sleep until the pipe has bytes, together with all others in poll; takes none. In a coroutine: poll TIME, co_poll "
      "without files: the others go on meanwhile",
      "睡到管道里有字节为止，与其他 poll 者一起被唤醒；不取走字节。在协程里：poll 时间，即不带文件的 co_poll，其间其他协程继续运行",
      "poll p"},
     Kind::poll,
     false,
     read_poll},
    {{"resume", "resume COROUTINE", "co_resume of one that was created suspended, such as c or c/2; it runs until it yields",
      "co_resume 一个以 suspended 创建的协程，例如 c 或 c/2；它运行到让出为止", "resume gen"},
     Kind::resume,
     false,
     read_coroutine_name},
    {{"release", "release COROUTINE", "co_release of one that has ended or that nobody will resume: its memory is given back",
      "co_release 一个已结束或不再恢复的协程：归还它的内存", "release gen"},
     Kind::release,
     false,
     read_coroutine_name},
    {{"close", "close [read|write] PIPE",
      "give up this process's ends of a pipe; when nobody can write any more, readers find its end",
      "放弃本进程的管道端；再没有人能写时，读者读到文件结束", "close write p"},
     Kind::close,
     false,
     read_close},
    {{"join", "join [THREAD]",
      "wait until that thread has exited; without a name: all threads of the process",
      "等待该线程退出；不写名字：等待本进程的所有线程", "join"},
     Kind::join,
     false,
     read_optional_name},
    {{"fork", "fork [NAME] { STATEMENTS }", "make a child process that does this, then exits",
      "创建子进程，它执行这些语句后退出", "fork child { run 1ms }"},
     Kind::fork,
     false,
     read_fork},
    {{"exit", "exit [thread] [STATUS]", "end the process, or with `thread` only this thread",
      "结束进程；写 thread 时只结束本线程", "exit 0"},
     Kind::exit,
     true,
     read_exit},
    {{"getpid", "getpid", "the cheapest system call: into the kernel and out again",
      "最便宜的系统调用：进内核再出来", "getpid"},
     Kind::getpid,
     false,
     read_nothing},
    {{"nice", "nice NUMBER", "change its own nice value, -20 to 19 (setpriority)",
      "修改自己的 nice 值，-20 到 19（setpriority）", "nice 5"},
     Kind::setnice,
     false,
     read_nice},
    {{"chrt", "chrt POLICY",
      "change its own scheduling policy (sched_setscheduler, sched_setattr): the words of `policy`",
      "修改自己的调度策略（sched_setscheduler、sched_setattr）：用词与 policy 相同", "chrt fifo 20"},
     Kind::sched,
     false,
     read_chrt},
    {{"affinity", "affinity CPUS", "run only on these CPUs from now on (sched_setaffinity)",
      "从现在起只在这些 CPU 上运行（sched_setaffinity）", "affinity 0"},
     Kind::affinity,
     false,
     read_affinity},
    {{"queue", "queue WORK [cpu NUMBER] [delay TIME]",
      "put a work item on its workqueue (queue_work), after a delay if one is given; a kworker will "
      "do it",
      "把工作项放进它的工作队列（queue_work），可指定延迟；由某个 kworker 来做", "queue refill"},
     Kind::queue,
     true,
     read_queue},
    {{"flush", "flush NAME",
      "wait until a work item, or everything queued so far on a workqueue, is done",
      "等待某个工作项、或某个工作队列中目前的全部工作完成", "flush refill"},
     Kind::flush,
     true,
     read_flush},
    {{"cancel", "cancel WORK",
      "take a work item back; if it is being done, wait until it is over (cancel_work_sync)",
      "撤回工作项；如果正在执行，就等它做完（cancel_work_sync）", "cancel refill"},
     Kind::cancel,
     true,
     read_work_name},
    {{"start", "start KTHREAD", "make a kernel thread that does not exist yet (kthread_run)",
      "创建一个尚不存在的内核线程（kthread_run）", "start scrubber"},
     Kind::start,
     true,
     read_kthread_name},
    {{"stop", "stop KTHREAD",
      "ask a kernel thread to end and wait until it has (kthread_stop); it must look: until_stopped",
      "请求内核线程结束并等它结束（kthread_stop）；它必须自己查看：until_stopped", "stop scrubber"},
     Kind::stop,
     true,
     read_kthread_name},
    {{"park", "park KTHREAD", "make a kernel thread pause and wait until it does (kthread_park)",
      "让内核线程暂停并等它停下（kthread_park）", "park scrubber"},
     Kind::park,
     true,
     read_kthread_name},
    {{"unpark", "unpark KTHREAD", "let a parked kernel thread go on (kthread_unpark)",
      "让被暂停的内核线程继续（kthread_unpark）", "unpark scrubber"},
     Kind::unpark,
     true,
     read_kthread_name},
    {{"use_mm", "use_mm PROCESS",
      "a kernel thread takes a process's address space for a while (kthread_use_mm)",
      "内核线程暂时使用某个进程的地址空间（kthread_use_mm）", "use_mm editor"},
     Kind::use_mm,
     true,
     read_process_name},
    {{"unuse_mm", "unuse_mm", "and gives it back (kthread_unuse_mm)", "然后归还（kthread_unuse_mm）",
      "unuse_mm"},
     Kind::unuse_mm,
     true,
     read_nothing},
    {{"until_stopped", "until_stopped { STATEMENTS }",
      "a kernel thread's loop: again and again until kthread_should_stop(); between two rounds it "
      "parks when asked to",
      "内核线程的循环：反复执行，直到 kthread_should_stop()；两轮之间可被暂停",
      "until_stopped { sleep 5ms  run 1ms }"},
     Kind::until_stopped,
     true,
     read_until_stopped},
    {{"sigaction", "sigaction SIGNAL [restart] [nodefer] [oneshot] { STATEMENTS }",
      "install a signal handler that does this (rt_sigaction); with restart an interrupted call is made again",
      "安装信号处理函数（rt_sigaction）；写 restart 时，被打断的调用会重新执行",
      "sigaction USR1 restart { run 100us }"},
     Kind::handle,
     false,
     read_handler},
    {{"ignore", "ignore SIGNAL", "throw this signal away when it comes (SIG_IGN)", "信号到来时丢弃它（SIG_IGN）",
      "ignore INT"},
     Kind::ignore_signal,
     false,
     read_caught_signal},
    {{"default", "default SIGNAL", "go back to the signal's default action (SIG_DFL)", "恢复信号的默认动作（SIG_DFL）",
      "default INT"},
     Kind::default_signal,
     false,
     read_caught_signal},
    {{"mask", "mask SIGNAL…", "block signals: they stay pending (rt_sigprocmask)",
      "阻塞信号：它们保持待处理（rt_sigprocmask）", "mask USR1"},
     Kind::mask,
     false,
     read_signal_set},
    {{"unmask", "unmask SIGNAL…", "let them through again", "重新放行这些信号", "unmask USR1"},
     Kind::unmask,
     false,
     read_signal_set},
    {{"sigsuspend", "sigsuspend SIGNAL…",
      "let these blocked signals through and wait for one, in one step (rt_sigsuspend)",
      "放行这些被阻塞的信号并等待，一步完成（rt_sigsuspend）", "sigsuspend USR1"},
     Kind::sigsuspend,
     false,
     read_signal_set},
    {{"asm", "asm { INSTRUCTIONS }", "x86-64 instructions in Intel syntax, one to a line or with ';' between them",
      "Intel 语法的 x86-64 指令，一行一条或用 “;” 隔开", "asm { mov rax, 1; add rax, 2 }"},
     Kind::asm_block,
     false,
     read_asm},
    {{"shared", "shared [atomic] NAME [xWORDS] [= NUMBER]",
      "a variable of the process: words of 8 bytes that all its threads see; atomic: the race detector takes every access for synchronisation",
      "进程的变量：所有线程都看得到的 8 字节字；atomic：竞争检测器把对它的每次访问都视为同步", "shared counter = 0"},
     Kind::shared,
     false,
     read_variable},
    {{"local", "local NAME [xWORDS] [= NUMBER]", "a variable on this thread's own stack", "本线程自己栈上的变量", "local i = 3"},
     Kind::local,
     false,
     read_variable},
    {{"pause", "pause", "wait until a signal handler has run", "等到有信号处理函数运行过", "pause"},
     Kind::pause,
     false,
     read_nothing},
    {{"kill", "kill TASK [SIGNAL]",
      "send a signal to a process (default TERM); TASK may be self, parent, child (the one made last) or all (kill -1)",
      "给进程发送信号（默认 TERM）；TASK 可写 self、parent、child（最近创建的子进程）或 all（kill -1）", "kill parent USR1"},
     Kind::kill,
     false,
     read_kill_verb},
    {{"tgkill", "tgkill TASK [SIGNAL]", "send a signal to one thread alone", "只给某一个线程发送信号",
      "tgkill self USR1"},
     Kind::tgkill,
     false,
     read_kill_verb},
    {{"killpg", "killpg TASK [SIGNAL]", "send a signal to the process group of that task",
      "给该任务所在的进程组发送信号", "killpg self HUP"},
     Kind::killpg,
     false,
     read_kill_verb},
    {{"clone", "clone [NAME] [FLAG…] { STATEMENTS }",
      "make a task that does this, sharing what the flags say (VM, FS, FILES, SIGHAND, THREAD…)",
      "创建执行这些语句的任务，按标志共享资源（VM、FS、FILES、SIGHAND、THREAD……）",
      "clone helper VM FILES { run 1ms }"},
     Kind::clone,
     false,
     read_clone},
    {{"vfork", "vfork [NAME] { STATEMENTS }",
      "make a child in the same address space and wait until it has called exec or exit",
      "在同一地址空间创建子进程，并等它调用 exec 或 exit", "vfork child { exit 0 }"},
     Kind::vfork,
     false,
     read_clone},
    {{"exec", "exec NAME", "go on as another program, with the same pid (execve); NAME is a program or process",
      "以另一个程序继续，pid 不变（execve）；NAME 是 program 或 process", "exec ls"},
     Kind::exec,
     false,
     read_program},
    {{"waitpid", "waitpid [TASK] [nohang] [untraced] [continued]",
      "wait for news of a child: its end, with options also a stop or its going on (wait4)",
      "等待子进程的消息：它的结束，加选项时还有停止或继续（wait4）", "waitpid nohang"},
     Kind::waitpid,
     false,
     read_wait_options},
    {{"waitid", "waitid [TASK] [nohang] [untraced] [continued] [nowait]",
      "the same; with nowait the child stays as it is", "同上；写 nowait 时子进程保持原样", "waitid nowait"},
     Kind::waitid,
     false,
     read_wait_options},
    {{"setsid", "setsid", "lead a session of its own, without a terminal", "自立会话，没有终端", "setsid"},
     Kind::setsid,
     false,
     read_nothing},
    {{"setpgid", "setpgid [TASK]", "lead a process group of its own, or join that of TASK",
      "自立进程组，或加入 TASK 所在的组", "setpgid"},
     Kind::setpgid,
     false,
     read_optional_task},
    {{"tcsetpgrp", "tcsetpgrp [TASK]", "put the process group of TASK (or its own) into the foreground of the terminal",
      "把 TASK（或自己）的进程组放到终端前台", "tcsetpgrp"},
     Kind::tcsetpgrp,
     false,
     read_optional_task},
    {{"subreaper", "subreaper", "orphans below this process become its children (PR_SET_CHILD_SUBREAPER)",
      "此进程之下的孤儿成为它的子进程（PR_SET_CHILD_SUBREAPER）", "subreaper"},
     Kind::subreaper,
     false,
     read_nothing},
    {{"umask", "umask OCTAL", "set the file mode mask, which tasks share through fs_struct",
      "设置文件模式掩码；任务通过 fs_struct 共享它", "umask 077"},
     Kind::umask,
     false,
     read_umask},
    {{"mmap", "mmap NAME SIZE [shared] [none|ro|rw|rx] [file DEVICE]",
      "map memory, or the blocks of a device; pages come when they are touched (default: private, rw)",
      "映射内存或设备的块；触碰时才有页（默认：私有，rw）", "mmap buf 64KiB"},
     Kind::mmap,
     false,
     read_mmap},
    {{"munmap", "munmap NAME", "give a mapped area back", "归还已映射的区域", "munmap buf"},
     Kind::munmap,
     false,
     read_munmap},
    {{"mprotect", "mprotect NAME none|ro|rw|rx", "change what may be done with a mapped area",
      "修改对已映射区域的访问权限", "mprotect buf ro"},
     Kind::mprotect,
     false,
     read_mprotect},
    {{"brk", "brk SIZE", "move the end of the heap, `brk -SIZE` downwards", "移动堆的末端，`brk -大小` 为向下",
      "brk 64KiB"},
     Kind::brk,
     false,
     read_brk},
    {{"load", "load AREA [PAGE]",
      "read a word from a page of a mapped area, or of heap, stack, data, text, null, kernel (default page 0)",
      "从已映射区域（或 heap、stack、data、text、null、kernel）的某页读一个字（默认第 0 页）", "load buf 3"},
     Kind::load,
     false,
     read_page},
    {{"store", "store AREA [PAGE]", "write a word there", "在那里写一个字", "store heap 2"},
     Kind::store,
     false,
     read_page},
    {{"touch", "touch AREA SIZE", "write a word in each page of the area's first SIZE bytes",
      "在区域前 SIZE 字节的每一页各写一个字", "touch buf 64KiB"},
     Kind::touch,
     false,
     read_touch},
    {{"recurse", "recurse SIZE", "use so much stack in nested calls, then return from them all",
      "嵌套调用用掉这么多栈，然后全部返回", "recurse 64KiB"},
     Kind::recurse,
     false,
     read_recurse},
    {{"repeat", "repeat [COUNT] { STATEMENTS }", "do it so many times; without a count: for ever",
      "重复若干次；不写次数：永远重复", "repeat 5 { run 1ms }"},
     Kind::repeat,
     true,
     read_repeat},
    {{"forever", "forever { STATEMENTS }", "do it again and again", "永远重复",
      "forever { run 1ms }"},
     Kind::repeat,
     true,
     read_forever},
    {{"every", "every TIME { STATEMENTS }",
      "start it again each time so much time has passed since the last start",
      "每隔这么久重新开始一次（从上次开始算起）", "every 10ms { run 1ms }"},
     Kind::every,
     true,
     read_every},
    {{"ioctl", "ioctl { STATEMENTS }",
      "a system call that runs this kernel code of a driver, on the task's kernel stack",
      "一次系统调用，在任务的内核栈上运行驱动的这段内核代码", "ioctl { run 1ms }"},
     Kind::ioctl,
     false,
     read_ioctl},
    {{"local_bh_disable", "local_bh_disable",
      "kernel code only: softirqs of this CPU wait until local_bh_enable",
      "仅内核代码：该 CPU 的软中断等到 local_bh_enable", "local_bh_disable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::local_bh_disable},
    {{"local_bh_enable", "local_bh_enable", "kernel code only: what was raised meanwhile runs here",
      "仅内核代码：其间触发的软中断在这里运行", "local_bh_enable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::local_bh_enable},
    {{"local_irq_disable", "local_irq_disable",
      "kernel code only: interrupts of this CPU stay pending until local_irq_enable",
      "仅内核代码：该 CPU 的中断保持待处理，直到 local_irq_enable", "local_irq_disable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::local_irq_disable},
    {{"local_irq_enable", "local_irq_enable", "kernel code only: pending interrupts come now",
      "仅内核代码：待处理的中断现在到来", "local_irq_enable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::local_irq_enable},
    {{"preempt_disable", "preempt_disable", "kernel code only: no other task may take this CPU",
      "仅内核代码：别的任务不能占用该 CPU", "preempt_disable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::preempt_disable},
    {{"preempt_enable", "preempt_enable",
      "kernel code only: with preempt full, a wanted reschedule happens here",
      "仅内核代码：在 preempt full 下，被请求的重新调度在这里发生", "preempt_enable"},
     Kind::kernel_call,
     true,
     read_nothing,
     KernelCall::preempt_enable},
    {{"raise_softirq", "raise_softirq VECTOR [TIME]",
      "kernel code only: set the bit of a softirq, whose action then takes so long",
      "仅内核代码：置软中断的位，其动作随后需要这么久", "raise_softirq net_tx 50us"},
     Kind::kernel_call,
     true,
     read_raise,
     KernelCall::raise_softirq},
    {{"tasklet_schedule", "tasklet_schedule NAME",
      "kernel code only: put a tasklet on this CPU's list and raise its softirq",
      "仅内核代码：把 tasklet 放入该 CPU 的列表并触发其软中断", "tasklet_schedule rx"},
     Kind::kernel_call,
     true,
     read_call_tasklet,
     KernelCall::tasklet_schedule},
    {{"tasklet_disable", "tasklet_disable NAME",
      "kernel code only: wait until the tasklet runs nowhere, and keep it from running",
      "仅内核代码：等到该 tasklet 不在任何地方运行，并阻止它运行", "tasklet_disable rx"},
     Kind::kernel_call,
     true,
     read_call_tasklet,
     KernelCall::tasklet_disable},
    {{"tasklet_enable", "tasklet_enable NAME", "kernel code only: let the tasklet run again",
      "仅内核代码：让该 tasklet 又能运行", "tasklet_enable rx"},
     Kind::kernel_call,
     true,
     read_call_tasklet,
     KernelCall::tasklet_enable},
    {{"disable_irq", "disable_irq DEVICE",
      "kernel code only: no handler of the device's line runs from now on",
      "仅内核代码：此后该设备中断线的处理程序不再运行", "disable_irq nic"},
     Kind::kernel_call,
     true,
     read_call_device,
     KernelCall::disable_irq},
    {{"enable_irq", "enable_irq DEVICE", "kernel code only: what came meanwhile comes now, once",
      "仅内核代码：其间来过的现在到来，只来一次", "enable_irq nic"},
     Kind::kernel_call,
     true,
     read_call_device,
     KernelCall::enable_irq},
};

const VerbRow* find_verb(std::string_view name) { return find_row(kVerbRows, name); }

// Words of other languages and textbooks for the same thing.
std::string_view verb_for(std::string_view word) {
    constexpr std::string_view kPairs[][2] = {
        {"compute", "run"},  {"burst", "run"},         {"work", "run"},     {"cpu", "run"},
        {"usleep", "sleep"}, {"nanosleep", "sleep"},   {"delay", "sleep"},  {"while", "forever"},
        {"loop", "forever"}, {"for", "repeat"},        {"acquire", "lock"}, {"release", "unlock"},
        {"post", "signal"},  {"down", "wait"},         {"up", "signal"},    {"wait4", "wait"},
        {"sync", "fsync"},   {"return", "exit"},       {"handler", "sigaction"}, {"execve", "exec"},
        {"sigprocmask", "mask"}, {"raise", "kill"},    {"execvp", "exec"},  {"popen", "fork"},
        {"quit", "exit"},    {"sched_yield", "yield"}, {"P", "wait"},       {"V", "signal"},
        {"renice", "nice"}, {"malloc", "mmap"}, {"free", "munmap"}, {"sbrk", "brk"},  {"taskset", "affinity"},  {"io", "read"},
        {"notify", "signal"}, {"notify_all", "broadcast"}, {"rlock", "rdlock"}, {"wlock", "wrlock"}, {"sem", "semaphore"},
        {"condition", "cond"}, {"try_lock", "trylock"},
    };
    for (const auto& pair : kPairs) {
        if (pair[0] == word) return pair[1];
    }
    return {};
}

// What a coroutine may do: the library's own, and system calls that stop the whole thread.
bool fits_coroutine(Kind kind) {
    switch (kind) {
        case Kind::run:
        case Kind::sleep:
        case Kind::yield:
        case Kind::read:
        case Kind::write:
        case Kind::accept:
        case Kind::poll:
        case Kind::resume:
        case Kind::release:
        case Kind::wait:
        case Kind::signal:
        case Kind::fsync:
        case Kind::getpid:
        case Kind::repeat:
            return true;
        default:
            return false;
    }
}

// What the author probably meant by a word that is no verb; reports it in any case.
std::string unknown_verb(Parser& p, const Token& token) {
    const std::string_view same = verb_for(token.text);
    const Text kind = text("verb", "动词");
    if (same.empty()) {
        std::vector<std::string_view> known = names(WordGroup::verb);
        known.push_back("thread");
        return p.unknown_word(token, kind, known);
    }
    p.error(token.pos,
            text("unknown verb '{0}'; did you mean '{1}'?", "未知的动词 “{0}”；是不是想写 “{1}”？",
                 {Parser::shown(token), same}),
            std::string(same));
    return std::string(same);
}

// Kernel code stands in kernel threads, ioctls and tasklets; what a process does stands in none of them.
bool may_stand_here(Parser& p, const VerbRow& row, const Token& token, Place place) {
    const bool is_kernel_place = place == Place::kernel_thread || place == Place::work || place == Place::ioctl ||
                                 place == Place::tasklet;
    if (row.kind == Kind::kernel_call && !is_kernel_place) {
        p.error(token.pos, text("'{0}' is kernel code; write: ioctl { {0} … }, or put it into a kthread or tasklet",
                                "“{0}” 是内核代码；请写成：ioctl { {0} …… }，或放进 kthread 或 tasklet",
                                {row.word.name}));
        return false;
    }
    if (place == Place::ioctl && (!row.in_kernel || row.kind == Kind::exit || row.kind == Kind::every)) {
        p.error(token.pos,
                text("'{0}' cannot stand in an ioctl: this is the driver's code, it can run, sleep, yield, repeat and "
                     "call the kernel's functions",
                     "“{0}” 不能写在 ioctl 里：这是驱动的代码，可以 run、sleep、yield、repeat 和调用内核函数",
                     {row.word.name}));
        return false;
    }
    constexpr KernelCall kAtomic[] = {KernelCall::raise_softirq, KernelCall::tasklet_schedule,
                                      KernelCall::local_irq_disable, KernelCall::local_irq_enable};
    const bool is_atomic = row.kind == Kind::run || row.kind == Kind::repeat || row.kind == Kind::queue ||
                           std::find(std::begin(kAtomic), std::end(kAtomic), row.call) != std::end(kAtomic);
    if (place == Place::tasklet && !is_atomic) {
        p.error(token.pos, text("a tasklet runs in softirq context: it cannot '{0}', because it must not sleep",
                                "tasklet 运行在软中断上下文：不能 “{0}”，因为它不可睡眠", {row.word.name}));
        return false;
    }
    return true;
}

// `cond wait c m` does something, `cond c` declares it.
bool declares_sync(const VerbRow& row, const Token& next) {
    const bool is_both = row.kind == Kind::cond_wait || row.kind == Kind::barrier_wait;
    return row.read == nullptr || (is_both && !next.is_word("wait"));
}

bool is_top_only(const Token& token) {
    return token.kind == Token::Kind::word && token.text != "work" &&
           find_verb(token.text) == nullptr && !find_word(WordGroup::top, token.text).name.empty();
}

}  // namespace

std::vector<Word> verb_words() { return words_of(kVerbRows); }

bool Parser::parse_block(std::vector<Stmt>& body, Place place, ProcessDecl* process,
                         const Text& of_what) {
    if (!peek().is("{")) {
        expected(of_what);
        // What is wrong may be short, as in `repeat five { … }`; then the block is still worth
        // reading.
        while (!at_end() && !peek().is("{") && !peek().is("}") && !starts_something(peek())) take();
        // A `}` too many in the file: then only the `{` was forgotten.
        const bool forgot_brace = unclosed_ < 0 && find_verb(peek().text) != nullptr;
        if (!peek().is("{") && !forgot_brace) return false;
        if (forgot_brace) ++unclosed_;
    }
    if (!enter()) {
        if (peek().is("{")) skip_block();
        leave();
        return false;
    }
    const Token& open = peek();
    take_sign("{");
    while (!at_end() && !peek().is("}") && !is_unwinding_ && !is_hopeless_) {
        if (is_top_only(peek())) {
            if (lacks_a_closing_brace()) break;
            error(peek().pos,
                  text("'{0}' cannot stand inside a process; put it behind the process's '}'",
                       "“{0}” 不能写在进程里面；请放到进程的 “}” 之后", {shown(peek())}));
            parse_top_item();
            continue;
        }
        parse_statement(body, place, process);
    }
    close_brace(open);
    leave();
    return true;
}

// Verbs that only make sense in some programs.
void Parser::misplaced(const Token& token, Kind kind, bool in_kernel, Place place) {
    const bool of_kthread =
        kind == Kind::until_stopped || kind == Kind::use_mm || kind == Kind::unuse_mm;
    if (of_kthread && place != Place::kernel_thread) {
        error(token.pos, text("only a kthread can '{0}'", "只有 kthread 可以 “{0}”", {token.text}));
    } else if (place == Place::work && (kind == Kind::exit || !in_kernel)) {
        error(token.pos,
              text("a work item runs in a kworker, which makes no system calls, so it cannot '{0}'; "
                   "it can run, sleep, yield and queue",
                   "工作项由 kworker 执行，不做系统调用，所以不能 “{0}”；它可以 run、sleep、yield 和 queue",
                   {token.text}));
    } else if (place == Place::kernel_thread && !in_kernel) {
        error(token.pos, text("a kernel thread makes no system calls, so it cannot '{0}'; it can "
                              "run, sleep and yield",
                              "内核线程不做系统调用，所以不能 “{0}”；它可以 run、sleep 和 yield",
                              {token.text}));
    }
}

void Parser::parse_statement(std::vector<Stmt>& body, Place place, ProcessDecl* process) {
    mark_item();
    const Token& token = peek();
    if (!count_statement()) return;
    if (token.is(",")) {
        error(token.pos, text("statements need nothing between them; leave out ','",
                              "语句之间不需要任何符号，去掉 “,” 即可"));
        take();
        return;
    }
    if (token.kind != Token::Kind::word) {
        expected({.en = "a statement such as run 5ms", .zh = "一条语句，例如 run 5ms"});
        if (token.is("{")) return skip_block();
        take();
        return skip_item();
    }
    std::string verb(token.text);
    const bool is_declaration = verb == "thread" || verb == "coroutine";
    if (find_verb(verb) == nullptr && !is_declaration) verb = unknown_verb(*this, token);
    take();
    if (verb == "coroutine") {
        ProcessDecl nowhere;
        if (place != Place::process || process == nullptr)
            error(token.pos, text("a coroutine is declared directly in its process",
                                  "协程要直接声明在进程里"));
        parse_coroutine(place == Place::process && process != nullptr ? *process : nowhere);
        return;
    }
    if (verb == "thread") {
        ProcessDecl nowhere;
        if (place != Place::process) {
            error(token.pos,
                  place == Place::thread
                      ? text("a thread cannot stand inside a thread; declare both in the process",
                             "线程里不能再声明线程；请把两个都声明在进程里")
                  : place == Place::work
                      ? text("a work item has no threads", "工作项没有线程")
                      : text("a kernel thread has no threads; declare another kthread",
                             "内核线程没有线程；请再声明一个 kthread"));
        } else if (process == nullptr) {
            error(token.pos,
                  text("a thread is declared directly in its process, not inside repeat or fork",
                       "线程要直接声明在进程里，不能写在 repeat 或 fork 里面"));
        }
        parse_thread(place == Place::process && process != nullptr ? *process : nowhere);
        return;
    }
    const VerbRow* row = find_verb(verb);
    if (row == nullptr) return skip_item();
    const bool stmt_is_misplaced = !may_stand_here(*this, *row, token, place);
    if (!stmt_is_misplaced) misplaced(token, row->kind, row->in_kernel, place);
    if (declares_sync(*row, peek())) {
        ProcessDecl nowhere;
        const bool is_here = place == Place::process && process != nullptr;
        if (!is_here && place != Place::kernel_thread) {
            error(token.pos, text("'{0}' belongs to the whole process; declare it directly in the process",
                                  "“{0}” 属于整个进程；请直接声明在进程里", {row->word.name}));
        }
        if (!parse_sync(is_here ? *process : nowhere, row->word.name) && !is_unwinding_) skip_item();
        return;
    }
    if (row->kind == Kind::shared && (place != Place::process || process == nullptr)) {
        error(token.pos, text("shared variables belong to the whole process; declare them directly in it (or write local)",
                              "共享变量属于整个进程；请直接声明在进程里（或写 local）"));
    }
    if (place == Place::coroutine && !fits_coroutine(row->kind)) {
        error(token.pos, text("a coroutine cannot '{0}'; it can run, yield, resume, wait, signal, poll, accept, read, write, repeat",
                              "协程不能 “{0}”；它可以 run、yield、resume、wait、signal、poll、accept、read、write、repeat",
                              {row->word.name}));
    } else if (row->kind == Kind::accept && place != Place::coroutine) {
        error(token.pos, text("only a coroutine can accept connections", "只有协程可以接受连接"));
    }
    Stmt stmt;
    stmt.kind = row->kind;
    stmt.pos = token.pos;
    stmt.call = row->call;
    if (row->read(*this, stmt, place)) {
        if (stmt_is_misplaced) return;
        body.push_back(std::move(stmt));
    } else if (!is_unwinding_) {
        skip_item();
    }
}

}  // namespace sy::scn
