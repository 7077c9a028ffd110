// What a file descriptor means. Descriptors are numbers fixed by the scenario (sim/program/program.h): the read ends of
// the pipes, then the devices, then the write ends of the pipes. A process holds the ends that its program uses, from
// its beginning (the shell that started it opened them) until it closes them or its last thread exits; a child of fork
// holds those that its parent held.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

constexpr std::uint64_t kEbadf = static_cast<std::uint64_t>(-9);
constexpr std::uint64_t kEintr = static_cast<std::uint64_t>(restart_code::sys);   // becomes -EINTR, or a restart
constexpr std::uint64_t kEpipe = static_cast<std::uint64_t>(-32);

inline bool is_pipe(const Ctx& cx, std::uint64_t object) {
    return object >= layout::pipes && object < layout::pipes + cx.k.pipes.size() * layout::pipe_bytes;
}
inline std::uint32_t pipe_of(std::uint64_t object) {
    return static_cast<std::uint32_t>((object - layout::pipes) / layout::pipe_bytes);
}
inline std::uint32_t device_of(std::uint64_t object) {
    return static_cast<std::uint32_t>((object - layout::devices) / layout::device_bytes);
}

// pipe.cpp
struct OpenFile {
    std::uint64_t object = 0;   // address of the pipe or device; 0: no such file is open
    std::uint8_t end = 0;       // of a pipe: PipeEnd
};
OpenFile open_file(const Ctx& cx, std::uint64_t fd);
// The ends of one pipe that a task's descriptor table holds; PipeEnd bits.
std::uint8_t held_ends(const Kernel& k, TaskId task, std::uint32_t pipe);
// At boot: how many hold each end, whoever arrives later included.
void open_pipe_ends(Kernel& k);
// The table gets the ends that a program uses; `counted`: those are holders that nobody has counted yet (exec).
void open_program_ends(Kernel& k, SharedId files, std::uint32_t program, bool counted);
// A copy of a table was made for this task: each of its files has a holder more.
void reopen_pipe_ends(Ctx& cx, TaskId task);
// Before a task gives its table up: if it is the last holder, exit_files will close what is in it.
void close_with_last_holder(Ctx& cx, TaskId task);
// Empty, or which count is wrong.
std::string check_pipes(const Kernel& k);

constexpr Say kLookUp = {"Look up the open file in {cur}'s descriptor table.", "在 {cur} 的描述符表中查找打开的文件。", "", ""};
constexpr Say kBadFile = {"Is it an open file?", "它是打开的文件吗？", "", ""};
constexpr Say kEbadfSay = {"It is not: -EBADF.", "不是：-EBADF。", "", ""};
constexpr Say kBegin = {"Keep the file and the number of bytes in callee-saved registers.",
                        "把文件和字节数放进被调用者保存寄存器。",
                        "They must survive a sleep: the switch saves exactly these registers.",
                        "它们要在睡眠后仍在：切换保存的正是这些寄存器。"};
constexpr Say kWait = {"Join the wait queue, set {cur}'s state to TASK_INTERRUPTIBLE.",
                       "加入等待队列，把 {cur} 的状态设为 TASK_INTERRUPTIBLE。",
                       "First queue, then test once more, then sleep: so no wakeup is lost.",
                       "先入队，再测试一次，然后才睡：这样不会丢失唤醒。"};
constexpr Say kSleep = {"Call schedule(): {cur} sleeps inside this call.", "调用 schedule()：{cur} 在这次调用里睡去。",
                        "Its whole state is now these words on its kernel stack.",
                        "它的全部状态就是内核栈上的这些字。"};
constexpr Say kFinish = {"Leave the wait queue: {cur} is awake.", "离开等待队列：{cur} 醒了。", "", ""};
constexpr Say kSignal = {"Was it a signal?", "是信号吗？", "", ""};
constexpr Say kEintrSay = {"A signal ended the wait: -ERESTARTSYS.", "等待被信号打断：-ERESTARTSYS。",
                           "On the way out it becomes -EINTR, or the call is made again.",
                           "出去时变成 -EINTR，或重新调用。"};

}  // namespace sy
