// The top of a file: one row for each thing that can stand there, and what to say of things that
// cannot.

#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

struct TopRow {
    Word word;
    void (Parser::*parse)();
};

constexpr TopRow kTopRows[] = {
    {{"machine", "machine { SETTINGS }", "the computer; every setting has a default",
      "计算机；每项设置都有默认值", "machine { cpus 2  hz 250  scheduler cfs }"},
     &Parser::parse_machine},
    {{"process", "process NAME [SETTINGS] { STATEMENTS }",
      "a program with an address space of its own; its threads are declared inside",
      "有自己地址空间的程序；它的线程在里面声明", "process editor nice 0 { run 2ms }"},
     &Parser::parse_process},
    {{"program", "program NAME { STATEMENTS }",
      "a program that processes may exec; nothing runs it at the start",
      "可供进程 exec 的程序；一开始没有人运行它", "program ls { run 2ms }"},
     &Parser::parse_program},
    {{"kthread", "kthread NAME [SETTINGS] { STATEMENTS }",
      "a thread of the kernel: no address space, never in user mode",
      "内核线程：没有地址空间，从不进入用户态",
      "kthread scrubber nice 5 { forever { sleep 10ms  run 1ms } }"},
     &Parser::parse_kthread},
    {{"jobs", "jobs COUNT arrival TIME burst TIME [io TIME bursts COUNT] or jobs { ROWS }",
      "job0, job1…: each so long after the one before; or a table NAME,ARRIVAL,BURST[,PRIORITY[,IO,BURST…]]",
      "job0、job1……：每个比前一个晚到这么久；或者一张表 名字,到达,执行[,优先级[,IO,执行…]]",
      "jobs 10 arrival exp(5ms) burst uniform(1ms, 20ms)"},
     &Parser::parse_jobs},
    {{"workqueue", "workqueue NAME [unbound] [highpri] [reclaim] [max_active NUMBER]",
      "a queue of work items; without settings: a pool of kworkers on each CPU",
      "工作项的队列；不加设置时每个 CPU 各有一个 kworker 池",
      "workqueue flushing unbound max_active 2"},
     &Parser::parse_workqueue},
    {{"work", "work NAME [on WORKQUEUE] { STATEMENTS }",
      "a work item: what a kworker does when somebody queues it (default queue: events)",
      "工作项：有人把它排队后由 kworker 执行（默认队列：events）",
      "work refill on events { run 1ms  sleep 2ms }"},
     &Parser::parse_work},
    {{"group", "group NAME [weight NUMBER] [quota TIME/TIME] [{ PROCESSES }]",
      "tasks that compete with others as one (cpu.weight, default 100) and get so much CPU in each period "
      "(cpu.max, default max)",
      "作为整体与别人竞争的一组任务（cpu.weight，默认 100），每个周期最多得到这么多 CPU（cpu.max，默认不限）",
      "group build weight 50 quota 20ms/100ms { process cc x4 { run 10ms } }"},
     &Parser::parse_group},
    {{"pipe", "pipe NAME [capacity BYTES]",
      "a pipe that any process may read and write (default 64KiB)",
      "管道，任何进程都可以读写（默认 64KiB）", "pipe p capacity 4096"},
     &Parser::parse_pipe},
    {{"device", "device NAME [SETTINGS]",
      "something that interrupts; can be read, a block device also written",
      "会产生中断的设备；可以读，块设备还可以写", "device keyboard irq 1 every exp(30ms)"},
     &Parser::parse_device},
    {{"clients", "clients NAME [xCOUNT] on DEVICE [messages COUNT] [from TIME] [every TIME]",
      "other machines, each with a connection to a server here; they send one message after the other",
      "其他机器，每台与这里的服务器有一个连接；它们一条接一条地发送消息",
      "clients echo x100 on eth0 every 10us"},
     &Parser::parse_clients},
    {{"tasklet", "tasklet NAME [hi] { STATEMENTS }",
      "kernel code that runs in softirq TASKLET (or HI), never on two CPUs at once",
      "在软中断 TASKLET（或 HI）中运行的内核代码，绝不同时在两个 CPU 上运行",
      "tasklet rx { run 200us }"},
     &Parser::parse_tasklet},
    {{"at", "at TIME[, TIME…] ACTION or { ACTIONS }",
      "what happens to the machine from outside at that time", "在某个时刻从外部对机器做的事",
      "at 40ms { kill editor TERM }"},
     &Parser::parse_at},
    {{"every", "every TIME [from TIME] until TIME ACTION or { ACTIONS }",
      "the same again and again", "反复发生的事", "every 10ms until 100ms { irq nic }"},
     &Parser::parse_every},
    {{"expect", "expect CONDITION",
      "what must be true of the run; a run that fails it ends with exit code 1",
      "运行必须满足的条件；不满足时退出码为 1", "expect switches(editor) >= 4"},
     &Parser::parse_expect},
    {{"break", "break HOW", "the kernel is broken on purpose; HOW is one of the table below", "故意弄坏内核；HOW 见下表",
      "break forget callee-saved rbx"},
     &Parser::parse_break},
    {{"schedule", "schedule { step TASK COUNT or rest … drain cpu CPU COUNT … }",
      "a forced order of what programs execute (docs/races.md): COUNT operations of a task, all until it waits or ends (rest), or stores that leave a CPU's buffer; everybody else is held meanwhile",
      "强制规定程序的执行次序（docs/races.md）：某任务的 COUNT 个操作、直到它等待或结束（rest），或某 CPU 存储缓冲里的若干次写入；其间其他程序都被按住",
      "schedule { step 501 3 step 501 rest }"},
     &Parser::parse_schedule},
    {{"title", "title \"TEXT\" [zh \"TEXT\"]", "the scenario's name in menus", "菜单里显示的场景名",
      "title \"Process switch\" zh \"进程切换\""},
     &Parser::parse_title},
    {{"about", "about \"TEXT\" [zh \"TEXT\"]",
      "what to watch and which question it answers; may be repeated",
      "看什么、回答什么问题；可以写多次", "about \"Watch CR3.\" zh \"注意 CR3。\""},
     &Parser::parse_about},
    {{"view", "view { SETTINGS }", "how the window opens this file", "窗口打开本文件时的样子",
      "view { at 5ms  panel run_queue  depth words }"},
     &Parser::parse_view},
    {{"quiz", "quiz [count NUMBER] [seed NUMBER] [kinds KIND, KIND…]",
      "how many questions the quiz makes from the run, and of which kinds", "测验从这次运行里出多少题、哪些题型",
      "quiz count 5 seed 7 kinds next, cr3"},
     &Parser::parse_quiz},
    {{"question", "question \"TEXT\" [zh \"TEXT\"] [at TIME] { ANSWERS }",
      "what the teacher asks at that moment; the quiz begins with these", "老师在那个时刻提出的问题；测验先问这些",
      "question \"Who runs next?\" at 5ms { right \"b\" wrong \"a\" }"},
     &Parser::parse_question},
};

}  // namespace

std::vector<Word> top_words() { return words_of(kTopRows); }

void Parser::parse_top_item() {
    mark_item();
    const Token& token = peek();
    const TopRow* row = token.kind == Token::Kind::word ? find_row(kTopRows, token.text) : nullptr;
    if (row == nullptr && token.kind == Token::Kind::word &&
        !find_word(WordGroup::verb, token.text).name.empty()) {
        error(token.pos, text("a statement must stand in a process: process NAME { {0} … }",
                              "语句必须写在进程里：process 名字 { {0} …… }", {token.text}));
        take();
        skip_item();
        return;
    }
    if (row == nullptr && token.kind == Token::Kind::word) {
        if (!find_word(WordGroup::machine, token.text).name.empty()) {
            error(token.pos, text("'{0}' is a setting of the machine; write: machine { {0} … }",
                                  "“{0}” 是机器设置；请写成：machine { {0} …… }", {token.text}));
        } else if (token.text == "thread") {
            error(token.pos, text("a thread must stand in a process", "线程必须写在进程里"));
        } else if (token.text == "task") {
            error(token.pos,
                  text("unknown word 'task'; did you mean 'process'?",
                       "未知的词 “task”；是不是想写 “process”？"),
                  "process");
            row = find_row(kTopRows, "process");
        } else {
            const std::string meant =
                unknown_word(token, text("word", "词"), names(WordGroup::top));
            row = find_row(kTopRows, meant);
        }
    } else if (row == nullptr && token.is("}")) {
        error(token.pos, text("this '}' closes nothing; there is one too many before or here",
                              "这个 “}” 没有对应的 “{”；这里或前面多了一个"));
    } else if (row == nullptr) {
        expected({.en = "a word that starts something (" + listed(names(WordGroup::top)) + ")",
                  .zh = "一个开头的词（" + listed(names(WordGroup::top)) + "）"});
    }
    take();
    if (row != nullptr) {
        (this->*row->parse)();
    } else if (!token.is("}")) {
        while (!at_end() && !starts_something(peek()) && !peek().is("{")) take();
        if (peek().is("{")) skip_block();
    }
}

void Parser::parse_title() {
    const Text what = text("the text in double quotes", "双引号里的文字");
    const auto english = string(what);
    if (!english) return skip_item();
    out_.title = *english;
    if (!take_word("zh")) return;
    const auto chinese = string(what);
    if (chinese) out_.title_zh = *chinese;
}

void Parser::parse_about() {
    const Text what = text("the text in double quotes", "双引号里的文字");
    const auto english = string(what);
    if (!english) return skip_item();
    out_.about += (out_.about.empty() ? "" : "\n") + *english;
    if (!take_word("zh")) return;
    const auto chinese = string(what);
    if (chinese) out_.about_zh += (out_.about_zh.empty() ? "" : "\n") + *chinese;
}

}  // namespace sy::scn
