#include "sim/scenario/grammar_page.h"

#include "sim/base/limits.h"
#include "sim/base/types.h"
#include "sim/model/breakage.h"
#include "sim/scenario/words.h"

namespace sy {
namespace {

using scn::Word;
using scn::WordGroup;

struct Section {
    WordGroup group;
    Text title;
    Text lead;
};

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

std::string table(WordGroup group, Lang lang) {
    std::string out = text("| Write | Meaning | Example |\n|---|---|---|\n",
                           "| 写法 | 含义 | 例子 |\n|---|---|---|\n")
                          .in(lang);
    for (const Word& word : scn::words(group)) {
        const std::string_view help = lang == Lang::zh ? word.help_zh : word.help_en;
        out +=
            "| `" + cell(word.usage) + "` | " + cell(help) + " | `" + cell(word.example) + "` |\n";
    }
    return out;
}

const Text kIntroduction = {.en = R"(# The scenario language

This page is generated from the program's own tables; to change it, change them.

A scenario is a text file ending in `.scn`. It says what the machine is, which processes there are and what each of
them does, what happens from outside, and what the author expects of the run:

```
# Two editors and a logger that share one CPU.
machine { cpus 1  hz 250  scheduler cfs  costs linux }

process editor x2 nice 0 {
  repeat { run 2ms  read keyboard }
}
process logger nice 10 pid 570 {
  thread flusher { forever { wait work  run 300us  fsync disk } }
  forever { run uniform(1ms, 4ms)  signal work }
}
device keyboard irq 1 every exp(30ms)
at 40ms { kill logger TERM }

expect switches(editor) >= 4
expect no cr3 change when logger/main -> logger/flusher
```

- Lines and blanks mean nothing; several statements may stand on one line. `#` begins a comment.
- A **length of time** has a unit: `ns`, `us` (or `µs`), `ms`, `s`. `uniform(1ms, 4ms)` is drawn anew each time from
  this range, `exp(30ms)` from the exponential distribution with this mean. The same seed gives the same draws.
- A **name** has letters, digits, `_`, `-` and `.`, and at most {0} characters. Words that begin a statement
  cannot be names.
- A **size** is a number of bytes, or has a unit: `B`, `KiB`, `MiB`, `GiB`.
- A **task** is named by its process and thread: `editor`, `editor/2` (the second copy), `logger/main`,
  `logger/flusher`, `logger/flusher/1`, or by its pid. A name without a number means all copies.
- Locks and semaphores need no declaration; they belong to their process. A disk named `disk` is there without being
  declared. Between processes use a pipe.
)",
                            .zh = R"(# 场景语言

本页由程序自己的表格生成；要修改它，请修改那些表格。

场景是以 `.scn` 结尾的文本文件。它说明机器是什么样的、有哪些进程、每个进程做什么、外部发生什么，以及作者对这次运行的期望：

```
# 两个编辑器和一个日志进程共用一个 CPU。
machine { cpus 1  hz 250  scheduler cfs  costs linux }

process editor x2 nice 0 {
  repeat { run 2ms  read keyboard }
}
process logger nice 10 pid 570 {
  thread flusher { forever { wait work  run 300us  fsync disk } }
  forever { run uniform(1ms, 4ms)  signal work }
}
device keyboard irq 1 every exp(30ms)
at 40ms { kill logger TERM }

expect switches(editor) >= 4
expect no cr3 change when logger/main -> logger/flusher
```

- 换行和空格没有意义；一行可以写几条语句。`#` 开始注释。
- **时间长度**必须带单位：`ns`、`us`（或 `µs`）、`ms`、`s`。`uniform(1ms, 4ms)` 每次在这个范围内随机取值，`exp(30ms)` 按这个均值的指数分布取值。种子相同，取值就相同。
- **名字**由字母、数字、`_`、`-`、`.` 组成，最多 {0} 个字符。语句开头的词不能作名字。
- **大小**是字节数，也可以带单位：`B`、`KiB`、`MiB`、`GiB`。
- **任务**用进程名和线程名表示：`editor`、`editor/2`（第二份）、`logger/main`、`logger/flusher`、`logger/flusher/1`，或者用 pid。不写编号表示所有的份。
- 锁和信号量不用声明，它们属于所在的进程。名为 `disk` 的磁盘不用声明就有。进程之间请用管道。
)"};

const Section kSections[] = {
    {WordGroup::top,
     {.en = "What stands at the top of a file", .zh = "文件顶层"},
     {.en = "In any order.", .zh = "次序任意。"}},
    {WordGroup::machine,
     {.en = "Settings of the machine", .zh = "机器设置"},
     {.en = "Inside `machine { … }`.", .zh = "写在 `machine { … }` 里。"}},
    {WordGroup::process,
     {.en = "Settings of a process, thread or kernel thread", .zh = "进程、线程、内核线程的设置"},
     {.en = "Between the name and `{`. A thread has no `pid` and no `arrive`.",
      .zh = "写在名字和 `{` 之间。线程没有 `pid` 和 `arrive`。"}},
    {WordGroup::coroutine,
     {.en = "Settings of a coroutine", .zh = "协程设置"},
     {.en = "Inside a process, `coroutine NAME [xCOUNT] [SETTINGS] { STATEMENTS }` declares coroutines of its main "
            "thread: each is created and resumed before the first statement, and behind the last one the thread runs "
            "the event loop until all have ended. In a coroutine `yield`, `wait NAME`, `signal NAME` and `read` of "
            "clients are the library's and never enter the kernel to wait; every other system call stops the whole "
            "thread.",
      .zh = "进程里的 `coroutine 名字 [x数量] [设置] { 语句 }` "
            "声明主线程的协程：每个协程在第一条语句之前被创建并恢复一次，最后一条语句之后线程运行事件循环，直到全部"
            "协程结束。协程里的 `yield`、`wait 名字`、`signal 名字` 和对客户端的 `read` "
            "由库完成，不会为等待而进入内核；其他系统调用会让整个线程停下。"}},
    {WordGroup::verb,
     {.en = "Statements", .zh = "语句"},
     {.en = "What a task does, one after the other. Inside a process, `thread NAME [SETTINGS] { "
            "STATEMENTS }` declares a "
            "thread of it; threads start before the first statement, and the process ends when its "
            "statements and its threads have ended. Kernel threads make no system "
            "calls: they can only "
            "`run`, `sleep`, `yield`, `exit` and loop.",
      .zh = "任务依次做的事。进程里的 `thread 名字 [设置] { 语句 }` "
            "声明它的线程；线程在第一条语句之前开始；语句和线程都结束时进程结束。内核线程不做系统调"
            "用，只能 "
            "`run`、`sleep`、`yield`、`exit` 和循环。"}},
    {WordGroup::device,
     {.en = "Settings of a device", .zh = "设备设置"},
     {.en = "Behind `device NAME`.", .zh = "写在 `device 名字` 之后。"}},
    {WordGroup::action,
     {.en = "Timed actions", .zh = "定时动作"},
     {.en = "Behind `at` and `every`. The same lines can be typed into a running machine.",
      .zh = "写在 `at` 和 `every` 之后。也可以在运行中输入。"}},
    {WordGroup::view,
     {.en = "How the window opens a file", .zh = "窗口打开文件的样子"},
     {.en = "Inside `view { … }`. What is not said stays as the person has it. More: [teaching.md](teaching.md).",
      .zh = "写在 `view { … }` 里。没有写的保持使用者的设置。详见 [teaching.zh.md](teaching.zh.md)。"}},
    {WordGroup::question,
     {.en = "A teacher's question", .zh = "老师的题目"},
     {.en = "Inside `question \"…\" at TIME { … }`. The run is shown up to that moment; two to eight answers.",
      .zh = "写在 `question \"……\" at 时刻 { … }` 里。运行显示到那个时刻为止；二到八个答案。"}},
    {WordGroup::function,
     {.en = "Expectations", .zh = "期望"},
     {.en = "`expect` compares what the run measured with `==`, `!=`, `<`, `<=`, `>`, `>=`, or `~ "
            "VALUE within 1%` "
            "(or `within 2ms`); conditions are joined with `and`, `or` and `not`; values are "
            "computed with `+`, `-`, `*`, "
            "`/` and parentheses. `expect no cr3 change when A -> B` is short for `expect "
            "cr3_changes(A -> B) == 0`. "
            "With `at TIME` behind it, a measure is taken at that moment.",
      .zh = "`expect` 用 `==`、`!=`、`<`、`<=`、`>`、`>=` 或 `~ 值 within 1%`（或 `within "
            "2ms`）比较运行中测得的量；条件用 `and`、`or`、`not` "
            "连接；值可以用 `+`、`-`、`*`、`/` 和括号计算。`expect no cr3 change when A -> B` 是 "
            "`expect cr3_changes(A -> B) == 0` "
            "的简写。后面加 `at 时间` 表示在那一刻测量。"}},
};

struct LimitRow {
    std::int64_t value;
    Text what;
};

const LimitRow kLimits[] = {
    {limits::cpus, {.en = "CPUs of one machine", .zh = "一台机器的 CPU 数"}},
    {limits::tasks, {.en = "tasks of one scenario", .zh = "一个场景的任务数"}},
    {limits::statements, {.en = "statements in one file", .zh = "一个文件的语句数"}},
    {limits::nesting, {.en = "blocks inside blocks", .zh = "块的嵌套层数"}},
    {limits::devices, {.en = "devices", .zh = "设备数"}},
    {limits::pipes, {.en = "pipes", .zh = "管道数"}},
    {limits::timed_actions,
     {.en = "timed actions, each turn of `every` counted",
      .zh = "定时动作数（`every` 的每一次都计数）"}},
    {limits::duration_ns / kSecond,
     {.en = "seconds of a single length of time", .zh = "一段时间的秒数"}},
    {limits::file_bytes >> 20, {.en = "MiB of a scenario file", .zh = "场景文件的 MiB 数"}},
};

}  // namespace

std::string grammar_page(Lang lang) {
    const std::string name_chars = std::to_string(limits::name_chars);
    std::string out = kIntroduction.in(lang);
    const std::size_t place = out.find("{0}");
    if (place != std::string::npos) out.replace(place, 3, name_chars);
    for (const Section& section : kSections) {
        out += "\n## " + section.title.in(lang) + "\n\n" + section.lead.in(lang) + "\n\n" +
               table(section.group, lang);
    }
    out += text("\n## Ways to break the kernel\n\nBehind `break`, at the top of a file; or `--break` on the command line. The "
                "machine then goes wrong by itself: `switchyard oops FILE` shows what the kernel says, and the first step "
                "that differs from the sound one's. More: [breaking-the-kernel.md](breaking-the-kernel.md).\n\n| Write | "
                "What is different |\n|---|---|\n",
                "\n## 弄坏内核的方式\n\n写在文件顶层的 `break` 之后，或用命令行的 `--break`。机器会自己出错：`switchyard oops "
                "FILE` 显示内核的报告，以及与完好内核不同的第一步。详见 "
                "[breaking-the-kernel.zh.md](breaking-the-kernel.zh.md)。\n\n| 写法 | 有何不同 |\n|---|---|\n")
               .in(lang);
    for (const BreakageInfo& b : breakages())
        out += "| `break " + cell(b.example) + "` | " + cell(lang == Lang::zh ? b.what_zh : b.what) + " |\n";
    out += text(
               "\n## Limits\n\nA file that passes one of these gets a message, not a machine that "
               "hangs.\n\n| At most | of |\n|---:|---|\n",
               "\n## 上限\n\n超过上限的文件会得到一条消息，而不是一台卡住的机器。\n\n| 最多 | 对象 "
               "|\n|---:|---|\n")
               .in(lang);
    for (const LimitRow& row : kLimits)
        out += "| " + std::to_string(row.value) + " | " + row.what.in(lang) + " |\n";
    return out;
}

}  // namespace sy
