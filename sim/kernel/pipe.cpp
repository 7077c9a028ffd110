// Pipes: a buffer with a capacity, read and write sleeping when it is empty or full, poll, the end of the file when the
// last write end is closed, SIGPIPE when the last read end is. fs/pipe.c of Linux 6.1; chains as in linux.md 4.7.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/element.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/event_files.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/sockets.h"

namespace sy {

namespace {

constexpr int kSigPipe = 13;

template <typename Visit>
void each_end_of(const Program& p, Visit visit) {
    for (const std::uint32_t pipe : p.reads) visit(pipe, kReadEnd);
    for (const std::uint32_t pipe : p.writes) visit(pipe, kWriteEnd);
}

std::int32_t& open_count(Pipe& pipe, std::uint8_t end) {
    return end == kReadEnd ? pipe.open_readers : pipe.open_writers;
}

}  // namespace

std::uint8_t held_ends(const Kernel& k, TaskId task, std::uint32_t pipe) {
    const SharedId files = k.tasks[task].files;
    if (files == kNoShared) return 0;
    for (const HeldEnds& h : k.shared.files[files].pipes)
        if (h.pipe == pipe) return h.ends;
    return 0;
}

OpenFile open_file(const Ctx& cx, std::uint64_t fd) {
    if (fd >= kFirstSocketFd) return {socket_of_fd(cx.k, fd), 0};
    if (fd == kEventFd) return {eventfd_of(cx), 0};
    const std::uint64_t i = fd - kFirstFd, pipes = cx.k.pipes.size(), devices = cx.k.devices.size();
    if (i >= pipes && i < pipes + devices) return {layout::devices + (i - pipes) * layout::device_bytes, 0};
    if (i >= 2 * pipes + devices) return {};
    const std::uint8_t end = i < pipes ? kReadEnd : kWriteEnd;
    const auto pipe = static_cast<std::uint32_t>(i < pipes ? i : i - pipes - devices);
    if ((held_ends(cx.k, cx.current(), pipe) & end) == 0) return {};
    return {layout::pipes + pipe * layout::pipe_bytes, end};
}

void open_pipe_ends(Kernel& k) {
    const Scenario& s = k.image().scenario;
    for (std::size_t i = 0; i < s.processes.size(); ++i) {
        if (s.processes[i].only_program) continue;
        each_end_of(k.image().programs[i],
                    [&](std::uint32_t pipe, std::uint8_t end) { open_count(k.pipes[pipe], end) += s.processes[i].copies; });
    }
    for (Pipe& pipe : k.pipes) {   // the world outside
        if (pipe.open_readers == 0) pipe.open_readers = 1;
        if (pipe.open_writers == 0) pipe.open_writers = 1;
    }
}

void open_program_ends(Kernel& k, SharedId files, std::uint32_t program, bool counted) {
    const Program& p = k.image().programs[program];
    if (p.reads.empty() && p.writes.empty()) return;
    std::vector<HeldEnds>& table = k.shared.files.mut(files).pipes;
    each_end_of(p, [&](std::uint32_t pipe, std::uint8_t end) {
        auto at = std::find_if(table.begin(), table.end(), [&](const HeldEnds& h) { return h.pipe >= pipe; });
        if (at == table.end() || at->pipe != pipe) at = table.insert(at, HeldEnds{pipe, 0});
        if ((at->ends & end) == 0 && counted) ++open_count(k.pipes[pipe], end);
        at->ends |= end;
    });
}

void reopen_pipe_ends(Ctx& cx, TaskId task) {
    for (const HeldEnds& h : cx.k.shared.files[cx.peek(task).files].pipes)
        for (const std::uint8_t end : {kReadEnd, kWriteEnd})
            if ((h.ends & end) != 0) ++open_count(cx.k.pipes[h.pipe], end);
}

void close_with_last_holder(Ctx& cx, TaskId task) {
    const SharedId files = cx.peek(task).files;
    if (files == kNoShared || cx.k.shared.files[files].count != 1) return;
    for (const HeldEnds& h : cx.k.shared.files[files].pipes)
        for (const std::uint8_t end : {kReadEnd, kWriteEnd})
            if ((h.ends & end) != 0) cx.k.closing_ends.push_back({task, h.pipe, end});
}

std::string check_pipes(const Kernel& k) {
    if (k.pipes.empty()) return {};
    std::vector<std::int32_t> sure(2 * k.pipes.size());
    const auto place = [](std::uint32_t pipe, std::uint8_t end) { return 2 * std::size_t{pipe} + (end == kWriteEnd ? 1 : 0); };
    for (SharedId i = 0; i < k.shared.files.size(); ++i) {
        if (k.shared.files[i].count <= 0) continue;
        for (const HeldEnds& h : k.shared.files[i].pipes)
            for (const std::uint8_t end : {kReadEnd, kWriteEnd})
                if ((h.ends & end) != 0) ++sure[place(h.pipe, end)];
    }
    for (const ClosingEnd& c : k.closing_ends) ++sure[place(c.pipe, c.end)];
    const auto coming = static_cast<std::int32_t>(k.arrivals_left) + 1;   // those to come, the world outside
    for (std::uint32_t i = 0; i < k.pipes.size(); ++i)
        for (const std::uint8_t end : {kReadEnd, kWriteEnd}) {
            const std::int32_t open = end == kReadEnd ? k.pipes[i].open_readers : k.pipes[i].open_writers;
            const std::int32_t held = sure[place(i, end)];
            if (open < held || open > held + coming)
                return "pipe " + std::to_string(i) + ": " + std::to_string(open) + (end == kReadEnd ? " readers" : " writers") +
                       " are counted, " + std::to_string(held) + " descriptor tables hold that end";
        }
    return {};
}

namespace {

constexpr Say kWaitAlone = {"Join the wait queue exclusively, set {cur}'s state to TASK_INTERRUPTIBLE.",
                            "以独占方式加入等待队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
                            "First queue, then test once more, then sleep: so no wakeup is lost. "
                            "Of those who wait exclusively (WQ_FLAG_EXCLUSIVE) one is woken at a time.",
                            "先入队，再测试一次，然后才睡：这样不会丢失唤醒。"
                            "独占等待者（WQ_FLAG_EXCLUSIVE）一次只唤醒一个。"};

// --- pipes: rbx = the pipe, r12 = bytes wanted or still to write, rbp = bytes done ---

Pipe& pipe(Ctx& cx) { return element(cx.k.pipes, pipe_of(cx.reg(Reg::rbx))); }
Place pipe_place(const Ctx& cx) {
    return {Place::Kind::per_cpu, static_cast<std::uint8_t>(PerCpuField::pipe), pipe_of(cx.reg(Reg::rbx)), 0};
}
void pipe_begin(Ctx& cx) {
    cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi));
    cx.set(Reg::r12, cx.reg(Reg::rsi), at::reg(Reg::rsi));
    cx.set(Reg::rbp, 0);
}
bool has_bytes(Ctx& cx) { return pipe(cx).used > 0; }
bool has_room(Ctx& cx) { return pipe(cx).used < pipe(cx).capacity; }
bool no_writer_left(Ctx& cx) { return pipe(cx).open_writers == 0; }
bool no_reader_left(Ctx& cx) { return pipe(cx).open_readers == 0; }
// A file with O_NONBLOCK never sleeps: -EAGAIN instead.
bool will_not_wait(Ctx& cx) { return no_writer_left(cx) || is_nonblocking(cx); }
bool has_room_or_will_not_wait(Ctx& cx) { return has_room(cx) || is_nonblocking(cx); }
// pipe_readable, pipe_writable: a reader at the end of the file and a writer without readers go on too.
bool readable(Ctx& cx) { return has_bytes(cx) || no_writer_left(cx); }
bool writable(Ctx& cx) { return has_room(cx) || no_reader_left(cx); }
bool signal_pending(Ctx& cx) { return (cx.cur().tif & tif::sigpending) != 0; }
void wait_to_read(Ctx& cx) {
    cx.wait_add(pipe(cx).readers, cx.current(), cx.reg(Reg::rbx));
    cx.set_state(cx.current(), task_state::interruptible);
}
void wait_to_write(Ctx& cx) {
    cx.wait_add(pipe(cx).writers, cx.current(), cx.reg(Reg::rbx) + 8);
    cx.set_state(cx.current(), task_state::interruptible);
}
void finish_read_wait(Ctx& cx) {
    cx.wait_remove(pipe(cx).readers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
void finish_write_wait(Ctx& cx) {
    cx.wait_remove(pipe(cx).writers, cx.current());
    cx.set_state(cx.current(), task_state::running);
}
std::uint32_t count_pollers(const Ctx& cx, const WaitQueue& q) {
    std::uint32_t n = 0;
    for (TaskId t = q.head; t != kNoTask && !cx.peek(t).wait_exclusive; t = cx.peek(t).wait_next) ++n;
    return n;
}
void copy_from_pipe(Ctx& cx) {
    Pipe& p = pipe(cx);
    const auto n = std::min<std::int64_t>(p.used, static_cast<std::int64_t>(cx.reg(Reg::r12)));
    cx.move(pipe_place(cx), pipe_place(cx), static_cast<std::uint64_t>(p.used - n),
            static_cast<std::uint64_t>(p.used));
    p.used -= n;
    cx.set(Reg::rbp, static_cast<std::uint64_t>(n), pipe_place(cx));
}
void copy_to_pipe(Ctx& cx) {
    Pipe& p = pipe(cx);
    auto n = std::min<std::int64_t>(p.capacity - p.used, static_cast<std::int64_t>(cx.reg(Reg::r12)));
    // PIPE_BUF: so many bytes are written at once or not at all.
    if (n < static_cast<std::int64_t>(cx.reg(Reg::r12)) && cx.reg(Reg::r12) <= 4'096 && is_nonblocking(cx)) n = 0;
    cx.move(pipe_place(cx), pipe_place(cx), static_cast<std::uint64_t>(p.used + n),
            static_cast<std::uint64_t>(p.used));
    p.used += n;
    p.herd = count_pollers(cx, p.readers);
    cx.set(Reg::r12, cx.reg(Reg::r12) - static_cast<std::uint64_t>(n));
    cx.set(Reg::rbp, cx.reg(Reg::rbp) + static_cast<std::uint64_t>(n));
}
bool all_written(Ctx& cx) { return cx.reg(Reg::r12) == 0 || is_nonblocking(cx); }
// The first of a queue, taken off it, in RDI; 0 if nobody stands there. Looking and taking are one step, as under the
// pipe's mutex: another CPU may be at the same queue.
void take_first(Ctx& cx, WaitQueue& q) {
    TaskId t = q.head;
    if (t != kNoTask) cx.wait_remove(q, t);
    if (!cx.k.eventpolls.empty()) {   // ep_poll_callback
        const bool in = &q == &pipe(cx).readers;
        if (cx.reg(Reg::rbp) != 0) note_file(cx, cx.reg(Reg::rbx), in);   // bytes have moved
        if (t == kNoTask) t = take_poller_of(cx, cx.reg(Reg::rbx));
    }
    cx.cpu.smp.wake_sync = t != kNoTask;   // wake_up_interruptible_sync_poll: the waker is about to sleep
    cx.set(Reg::rdi, t != kNoTask ? layout::task_address(t) : 0, pipe_place(cx));
}
void take_writer(Ctx& cx) { take_first(cx, pipe(cx).writers); }
void take_reader(Ctx& cx) { take_first(cx, pipe(cx).readers); }
// Who was woken for bytes or room that it leaves over hands the wakeup on (pipe.c: wake_next_reader, wake_next_writer).
void take_next_reader(Ctx& cx) {
    if (has_bytes(cx))
        take_reader(cx);
    else
        cx.set(Reg::rdi, 0);
}
void take_next_writer(Ctx& cx) {
    if (has_room(cx))
        take_writer(cx);
    else
        cx.set(Reg::rdi, 0);
}
// Entries of poll are not exclusive: all that stand there when bytes come are woken, those that join later are not (in
// Linux the queue's lock is held for the whole walk).
TaskId last_poller(const Ctx& cx, const WaitQueue& q) {
    TaskId found = kNoTask;
    for (TaskId t = q.head; t != kNoTask && !cx.peek(t).wait_exclusive; t = cx.peek(t).wait_next) found = t;
    return found;
}
bool no_poller(Ctx& cx) { return pipe(cx).herd == 0; }
void take_poller(Ctx& cx) {
    Pipe& p = pipe(cx);
    const TaskId t = last_poller(cx, p.readers);
    p.herd = t != kNoTask && p.herd > 0 ? p.herd - 1 : 0;
    if (t != kNoTask) cx.wait_remove(p.readers, t);
    cx.set(Reg::rdi, t != kNoTask ? layout::task_address(t) : 0, pipe_place(cx));
}
bool nobody_taken(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }
bool nothing_copied(Ctx& cx) { return cx.reg(Reg::rbp) == 0; }
void return_done(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rbp), at::reg(Reg::rbp)); }
void return_written(Ctx& cx) {
    const bool nothing = cx.reg(Reg::rbp) == 0 && cx.reg(Reg::r12) != 0;
    cx.set(Reg::rax, nothing ? kEagainFile : cx.reg(Reg::rbp), at::reg(Reg::rbp));
}
void result_eof(Ctx& cx) { cx.set(Reg::rbp, no_writer_left(cx) ? 0 : kEagainFile); }
void broken_pipe(Ctx& cx) {
    cx.send_signal(cx.current(), kSigPipe, false);
    if (cx.reg(Reg::rbp) == 0) cx.set(Reg::rbp, kEpipe);
}
void result_eintr(Ctx& cx) {
    if (cx.reg(Reg::rbp) == 0) cx.set(Reg::rbp, kEintr);
}

constexpr StepDef pipe_read_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(pipe_begin, Cost::locked, kBegin),
    label("again"),
    branch(has_bytes, "copy", {"Are there bytes in the pipe?", "管道里有字节吗？", "", ""}),
    branch(will_not_wait, "eof", {"Is the pipe empty for ever (nobody holds its write end), or may it not wait?",
                                  "管道永远空了吗（没有人持有写端），或不许等待吗？", "", ""}),
    effect(wait_to_read, Cost::locked, kWaitAlone),
    branch(readable, "woken", {"Have bytes come meanwhile?", "其间来了字节吗？", "", ""}),
    call(routines::schedule, kSleep),
    label("woken"),
    effect(finish_read_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("copy"),
    effect(copy_from_pipe, Cost::copy, {"Copy bytes from the pipe to {cur}'s buffer.", "把字节从管道复制到 {cur} 的缓冲区。", "", ""}),
    branch(nothing_copied, "again", {"Was another reader faster?", "别的读者更快吗？", "", ""}),
    effect(take_writer, Cost::effect, {"Take the first writer that waits for room.", "取出第一个等待空间的写者。", "", ""}),
    branch(nobody_taken, "next", {"Does no writer wait?", "没有写者在等吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("next"),
    effect(take_next_reader, Cost::effect,
           {"If bytes are left, take the next waiting reader.", "若还有字节，取出下一个等待的读者。",
            "One write may bring bytes for several readers.", "一次写入可能够几个读者读。"}),
    branch(nobody_taken, "done", {"Is there nobody else to wake?", "没有别人要唤醒吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("done"),
    label("eof"),
    effect(result_eof, Cost::word, {"The end of the file: 0 bytes; or -EAGAIN of a non-blocking file.", "文件结束：0 字节；非阻塞的文件则为 -EAGAIN。",
                                    "read returns 0 only here; as long as somebody could still write, it sleeps.",
                                    "read 只在此处返回 0；只要还有人可能写，它就睡眠。"}),
    label("done"),
    effect(return_done, Cost::word, {"Return the number of bytes read.", "返回读到的字节数。", "", ""}),
    jump("out"),
    label("signal"),
    effect(result_eintr, Cost::word, kEintrSay),
    jump("next"),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};

constexpr StepDef pipe_write_steps[] = {
    push(Reg::rbp), push(Reg::rbx), push(Reg::r12),
    effect(pipe_begin, Cost::locked, kBegin),
    label("again"),
    branch(no_reader_left, "broken", {"Is there nobody who could read?", "没有人能读了吗？", "", ""}),
    branch(has_room_or_will_not_wait, "copy", {"Is there room in the pipe, or may it not wait?", "管道里有空间吗，或不许等待吗？", "", ""}),
    effect(wait_to_write, Cost::locked, kWaitAlone),
    branch(writable, "woken", {"Has room come meanwhile?", "其间有了空间吗？", "", ""}),
    call(routines::schedule, kSleep),
    label("woken"),
    effect(finish_write_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("copy"),
    effect(copy_to_pipe, Cost::copy, {"Copy bytes from {cur}'s buffer into the pipe.", "把字节从 {cur} 的缓冲区复制到管道。", "", ""}),
    label("wake"),
    branch(no_poller, "one", {"Is there nobody in poll to wake?", "没有人在 poll 里等吗？",
                              "Entries that are not exclusive stand in front, and all of them are woken.",
                              "非独占的等待项排在最前，全部都要唤醒。"}),
    effect(take_poller, Cost::effect, {"Take one of them off the queue.", "从队列取出其中一个。", "", ""}),
    branch(nobody_taken, "one", {"Has it gone by itself?", "它自己走了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("wake"),
    label("one"),
    effect(take_reader, Cost::effect, {"Take the first waiting reader.", "取出第一个等待的读者。",
                                       "Readers wait exclusively: one write wakes one of them.",
                                       "读者是独占等待：一次写入只唤醒一个。"}),
    branch(nobody_taken, "woke", {"Does no reader wait?", "没有读者在等吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("woke"),
    branch(all_written, "next", {"Is everything written?", "都写完了吗？", "", ""}),
    jump("again"),
    label("next"),
    effect(take_next_writer, Cost::effect,
           {"If room is left, take the next waiting writer.", "若还有空间，取出下一个等待的写者。",
            "One read may make room for several writers.", "一次读取可能为几个写者腾出空间。"}),
    branch(nobody_taken, "done", {"Is there nobody else to wake?", "没有别人要唤醒吗？", "", ""}),
    call(routines::try_to_wake_up),
    label("done"),
    effect(return_written, Cost::word, {"Return the number of bytes written.", "返回写入的字节数。", "", ""}),
    jump("out"),
    label("signal"),
    effect(result_eintr, Cost::word, kEintrSay),
    jump("next"),
    label("broken"),
    effect(broken_pipe, Cost::locked, {"Nobody can ever read this: SIGPIPE to {cur}, and -EPIPE.",
                                       "再没有人能读：向 {cur} 发 SIGPIPE，返回 -EPIPE。",
                                       "Its default action ends the writer: so `yes | head` stops.",
                                       "默认动作是终止写者：`yes | head` 就是这样停下的。"}),
    jump("next"),
    label("out"),
    pop(Reg::r12), pop(Reg::rbx), pop(Reg::rbp), ret(),
};


// --- poll: rbx = the pipe ---

void poll_arguments(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    // The program's array of struct pollfd has one entry; RDI stands for its fd.
    cx.set(Reg::rdi, open_file(cx, cx.pt_reg(regs, PtReg::rdi)).object, at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
}
bool not_a_pipe(Ctx& cx) { return !is_pipe(cx, cx.reg(Reg::rdi)); }
void wait_in_poll(Ctx& cx) {
    cx.wait_add(pipe(cx).readers, cx.current(), cx.reg(Reg::rbx), false);
    cx.set_state(cx.current(), task_state::interruptible);
}
void poll_begin(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }
void return_one(Ctx& cx) { cx.set(Reg::rax, 1); }
void return_eintr(Ctx& cx) { cx.set(Reg::rax, kEintr); }
void return_ebadf(Ctx& cx) { cx.set(Reg::rax, kEbadf); }
void return_zero(Ctx& cx) { cx.set(Reg::rax, 0); }

constexpr StepDef sys_poll_steps[] = {push(Reg::rbx), call(routines::do_sys_poll), pop(Reg::rbx), ret()};
constexpr StepDef do_sys_poll_steps[] = {
    effect(poll_arguments, Cost::effect, kLookUp),
    branch(not_a_pipe, "bad", kBadFile),
    push(Reg::rbx),
    effect(poll_begin, Cost::locked, kBegin),
    label("again"),
    branch(readable, "ready", {"Is there something to read?", "有东西可读吗？", "", ""}),
    effect(wait_in_poll, Cost::locked,
           {"Join the wait queue, not exclusively, set {cur}'s state to TASK_INTERRUPTIBLE.",
            "以非独占方式加入等待队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
            "poll takes nothing, so everybody in it is woken: a thundering herd, of which one will find the bytes.",
            "poll 不取走数据，所以其中的每个人都被唤醒：惊群，而只有一个能读到字节。"}),
    branch(readable, "woken", {"Has something come meanwhile?", "其间来了什么吗？", "", ""}),
    call(routines::poll_schedule_timeout, kSleep),
    label("woken"),
    effect(finish_read_wait, Cost::locked, kFinish),
    branch(signal_pending, "signal", kSignal),
    jump("again"),
    label("ready"),
    effect(return_one, Cost::word, {"One file is ready: POLLIN, or POLLHUP at its end.",
                                    "一个文件就绪：POLLIN，到末尾时为 POLLHUP。", "", ""}),
    jump("out"),
    label("signal"), effect(return_eintr, Cost::word, kEintrSay),
    label("out"),
    pop(Reg::rbx), ret(),
    label("bad"), effect(return_ebadf, Cost::word, kEbadfSay), ret(),
};
constexpr StepDef poll_schedule_timeout_steps[] = {
    // Without a timeout schedule_hrtimeout_range_clock only calls schedule(); it never shows in /proc/PID/stack.
    push(Reg::rbx), call(routines::schedule, kSleep), pop(Reg::rbx), ret(),
};

// --- closing ---

// One holder less.
void drop_end(Ctx& cx, std::uint32_t index, std::uint8_t end) {
    std::int32_t& open = open_count(cx.k.pipes[index], end);
    SY_ASSERT(open > 0, "a pipe's end was closed more often than opened");
    const Place place{Place::Kind::per_cpu, static_cast<std::uint8_t>(PerCpuField::pipe), index, 0};
    cx.move(place, place, static_cast<std::uint64_t>(open - 1), static_cast<std::uint64_t>(open));
    --open;
}
void close_file(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    const OpenFile file = open_file(cx, cx.pt_reg(regs, PtReg::rdi));
    cx.set(Reg::rdi, is_pipe(cx, file.object) ? file.object : 0, at::word(regs + 8 * static_cast<int>(PtReg::rdi)));
    if (cx.reg(Reg::rdi) == 0) return;
    const std::uint32_t index = pipe_of(file.object);
    for (HeldEnds& h : cx.k.shared.files.mut(cx.cur().files).pipes)
        if (h.pipe == index) h.ends &= static_cast<std::uint8_t>(~file.end);
    drop_end(cx, index, file.end);
}
bool no_file(Ctx& cx) { return cx.reg(Reg::rdi) == 0; }

constexpr StepDef sys_close_steps[] = {
    effect(close_file, Cost::locked, {"Take the file out of {cur}'s descriptor table; this end has one holder less.",
                                      "从 {cur} 的描述符表中去掉该文件；这一端少了一个持有者。", "", ""}),
    branch(no_file, "bad", kBadFile),
    push(Reg::rbx), call(routines::pipe_release), pop(Reg::rbx),
    effect(return_zero, Cost::word, {"It is closed.", "已关闭。", "", ""}), ret(),
    label("bad"), effect(return_ebadf, Cost::word, kEbadfSay), ret(),
};

// rbx = the pipe.
bool no_end_missing(Ctx& cx) {
    const Pipe& p = pipe(cx);
    return (p.open_readers == 0) == (p.open_writers == 0);
}
void take_anybody(Ctx& cx) {
    note_file(cx, cx.reg(Reg::rbx), true);   // the end of the file, or SIGPIPE
    note_file(cx, cx.reg(Reg::rbx), false);
    take_first(cx, pipe(cx).readers.head != kNoTask ? pipe(cx).readers : pipe(cx).writers);
}
constexpr StepDef pipe_release_steps[] = {
    push(Reg::rbx),
    effect(poll_begin, Cost::word, {"Look at the pipe.", "查看该管道。", "", ""}),
    branch(no_end_missing, "out", {"Does either somebody hold both ends or nobody any?", "是两端都有人持有，或都没有人了吗？", "", ""}),
    label("again"),
    effect(take_anybody, Cost::effect,
           {"Nobody holds one end now: take a sleeper off the pipe's queues.", "有一端再无人持有：从管道的队列取出一个睡眠者。",
            "All are woken: a reader will find the end of the file, a writer SIGPIPE.",
            "全部唤醒：读者会遇到文件结束，写者会收到 SIGPIPE。"}),
    branch(nobody_taken, "out", {"Is nobody left to wake?", "没有要唤醒的了吗？", "", ""}),
    call(routines::try_to_wake_up),
    jump("again"),
    label("out"), pop(Reg::rbx), ret(),
};

// The next end that the dying task has to close, in RDI as the address of its pipe; 0: none.
void close_next(Ctx& cx) {
    const TaskId me = cx.current();
    const auto mine = std::find_if(cx.k.closing_ends.begin(), cx.k.closing_ends.end(),
                                   [&](const ClosingEnd& c) { return c.task == me; });
    cx.set(Reg::rdi, 0);
    if (mine == cx.k.closing_ends.end()) return;
    const ClosingEnd closing = *mine;
    cx.k.closing_ends.erase(mine);
    drop_end(cx, closing.pipe, closing.end);
    cx.set(Reg::rdi, layout::pipes + closing.pipe * layout::pipe_bytes);
}
bool nothing_to_close(Ctx& cx) {
    return std::none_of(cx.k.closing_ends.begin(), cx.k.closing_ends.end(),
                        [&](const ClosingEnd& c) { return c.task == cx.current(); });
}

constexpr StepDef exit_files_steps[] = {
    branch(nothing_to_close, "none", {"Are there no pipes that nobody else of the process holds?",
                                      "没有只剩它持有的管道吗？", "", ""}),
    push(Reg::rbx),
    label("next"),
    effect(close_next, Cost::locked, {"Close one more file: this end of the pipe has one holder less.",
                                      "再关闭一个文件：管道的这一端少了一个持有者。", "", ""}),
    branch(no_file, "out", {"Was it the last?", "是最后一个吗？", "", ""}),
    call(routines::pipe_release),
    jump("next"),
    label("out"), pop(Reg::rbx),
    label("none"), ret(),
};

}  // namespace

namespace routines {
const Routine pipe_read = make_routine<pipe_read_steps>("pipe_read", Actor::kernel, Phase::work);
const Routine pipe_write = make_routine<pipe_write_steps>("pipe_write", Actor::kernel, Phase::work);
const Routine x64_sys_poll = make_routine<sys_poll_steps>("__x64_sys_poll", Actor::kernel, Phase::work);
const Routine do_sys_poll = make_routine<do_sys_poll_steps>("do_sys_poll", Actor::kernel, Phase::work);
const Routine poll_schedule_timeout =
    make_routine<poll_schedule_timeout_steps>("poll_schedule_timeout", Actor::kernel, Phase::work);
const Routine x64_sys_close = make_routine<sys_close_steps>("__x64_sys_close", Actor::kernel, Phase::work);
const Routine pipe_release = make_routine<pipe_release_steps>("pipe_release", Actor::kernel, Phase::work);
const Routine exit_files = make_routine<exit_files_steps>("exit_files", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
