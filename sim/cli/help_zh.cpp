// The English sentences stand where the options are made (cli.cpp); here each has its Chinese one.
#include "sim/cli/help_zh.h"

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sim/report/query.h"

namespace sy::cli {

namespace {

constexpr auto sentences = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Print this help message and exit", "显示本帮助并退出"},
    {"Display program version information and exit", "显示版本并退出"},
    {"Switchyard: watch a kernel switch, word by word.", "Switchyard：逐字观看内核切换。"},
    {"`switchyard COMMAND --help` says what a command takes.\n"
     "Exit status: 0 fine, 1 the input or an expectation is wrong, 2 wrong usage.",
     "`switchyard 命令 --help --lang zh` 说明命令的选项。\n退出码：0 正常，1 "
     "输入有误或期望不成立，2 用法错误。"},
    {"what a coroutine, mode, thread and process switch cost in this run, side by side", "这次运行中协程、模式、线程、进程切换各自的代价，并排列出"},
    {"language: en or zh", "语言：en 或 zh"},
    {"scenario file; - is standard input", "场景文件；- 表示标准输入"},
    {"scenario files", "场景文件"},
    {"scenario (default: the first lesson)", "场景（默认：第一课）"},
    {"scheduler in place of the scenario's, e.g. rr,quantum=2ms",
     "代替场景中的调度器，例如 rr,quantum=2ms"},
    {"linux, or ideal: every step takes no time", "linux，或 ideal：每一步都不花时间"},
    {"seed of all random draws", "一切随机抽取的种子"},
    {"break the kernel on purpose, e.g. \"forget callee-saved rbx\"; may be repeated",
     "故意弄坏内核，例如 \"forget callee-saved rbx\"；可重复"},
    {"write to this file", "写入此文件"},
    {"how to print it", "输出格式"},
    {"jobs instead of a file: lengths 5,10,15; programs c7,i,c1,i (':' begins the next job); "
     "START,LENGTH,IO-AFTER as "
     "0,180,0:100,20,4; or a table FILE.csv of name,arrival,burst[,priority[,io,burst...]]",
     "用作业代替文件：长度 5,10,15；程序 c7,i,c1,i（':' 开始下一个作业）；到达,长度,多久后 I/O，如 "
     "0,180,0:100,20,4；或表格 FILE.csv，列为 name,arrival,burst[,priority[,io,burst...]]"},
    {"what a plain number in --jobs counts (default 1s)", "--jobs 中不带单位的数的单位（默认 1s）"},
    {"units that an I/O in --jobs lasts (default 5)", "--jobs 中一次 I/O 持续的单位数（默认 5）"},
    {"units of CPU that `i` costs before and again after its wait (default 1, as process-run.py "
     "counts; 0: none)",
     "`i` 在等待前后各占用的 CPU 单位数（默认 1，与 process-run.py 的算法相同；0：不占）"},
    {"run a scenario and report: Gantt chart, tasks, totals, expectations",
     "运行场景并报告：甘特图、任务、总计、期望"},
    {"stop at this time", "在此时刻停止"},
    {"stop the run at this time", "在此时刻停止运行"},
    {"stop each run at this time", "每次运行都在此时刻停止"},
    {"width of the chart", "图的宽度"},
    {"what a kernel that was broken on purpose says, and the first step at which it went wrong",
     "被故意弄坏的内核说了什么，以及它最先出错的那一步"},
    {"run a scenario under several schedulers and put their figures side by side",
     "用多个调度器运行同一场景，并列比较"},
    {"the schedulers, e.g. cfs,eevdf,rr:quantum=2ms,mlfq",
     "调度器，例如 cfs,eevdf,rr:quantum=2ms,mlfq"},
    {"run a scenario again and again with a setting varied: means and confidence intervals",
     "改变一项设置反复运行：均值与置信区间"},
    {"seed of the first run; the next runs count up", "第一次运行的种子；以后逐次加一"},
    {"what to vary: a setting of the scheduler, cpus, hz, scheduler or a cost, e.g. "
     "quantum=1ms..20ms:1ms or cpus=1,2,4; "
     "given twice: all combinations",
     "改变什么：调度器的设置、cpus、hz、scheduler 或某项代价，例如 quantum=1ms..20ms:1ms 或 "
     "cpus=1,2,4；给出两次则取所有组合"},
    {"runs of each point, with seeds of their own (default 1)",
     "每个点的运行次数，各用自己的种子（默认 1）"},
    {"threads (default: one for each core)", "线程数（默认每核一个）"},
    {"columns of the text, e.g. response_p95,migrations", "文本的列，例如 response_p95,migrations"},
    {"questions about a run, made from the machine's own truth, with a key",
     "关于一次运行的题目，出自机器本身的事实，附答案"},
    {"how many (default: as the file says, else 10)", "多少题（默认按文件所写，否则 10）"},
    {"grade this sheet: CSV rows number,answer or student,number,answer, or student,B,A,C…; - is standard input",
     "批改这份答卷：CSV 行 题号,答案 或 学生,题号,答案，或 学生,B,A,C……；- 表示标准输入"},
    {"you are the scheduler: your picks on the real machine, beside the policy's and the best possible",
     "你来当调度器：你的选择在真实的机器上运行，与策略和最优相比"},
    {"who is chosen at each decision, in order: names or pids; what is due next is shown when they run out",
     "依次写每个决定选谁：名字或 pid；用完时显示接下来要做的决定"},
    {"a decision is due after so long (default: the scheduler's quantum)", "每隔这么久要做一次决定（默认：该调度器的时间片）"},
    {"no decision when somebody arrives or wakes up", "任务到达或醒来时不做决定"},
    {"steps spent on the best possible (default 3000000; 0: do not look for it)", "搜索最优所用的步数（默认 3000000；0：不搜索）"},
    {"which questions; the same seed asks the same (default 1)",
     "问哪些；同一种子问同样的题（默认 1）"},
    {"with the key: explanations, and what each mistake is", "附答案：解释，以及每种错误错在哪里"},
    {"the curves of the window's Plots tab as blocks, CSV or JSON",
     "窗口“曲线”页的曲线：方块字符、CSV 或 JSON"},
    {"which one (default share)", "哪一条（默认 share）"},
    {"moments or windows over the run (default 100)", "运行中取多少个时刻或区间（默认 100）"},
    {"look for data races: pairs of accesses that nothing orders (status 1 if there are any)",
     "查找数据竞争：没有先后次序保证的成对访问（若有则退出码为 1）"},
    {"words on which a loop waits count as data unless they are declared atomic",
     "循环等待的字若未声明为 atomic，也算作数据"},
    {"try the orders in which threads can go, for one that breaks an expectation, deadlocks or crashes (status 1)",
     "尝试各线程可能的先后次序，寻找违反期望、死锁或崩溃的一种（退出码 1）"},
    {"write the found schedule to this file, as a scenario that can be replayed", "把找到的次序写入此文件，成为可重放的场景"},
    {"bounds 0, 1, … up to N preemptions in turn (default 2); none: no bound", "依次以 0、1……直到 N 次抢占为界（默认 2）；none：不设界"},
    {"at most so many schedules (default 10000)", "至多这么多种次序（默认 10000）"},
    {"steps of the machine after which one schedule is given up (default 2000000)", "机器走这么多步后放弃一种次序（默认 2000000）"},
    {"what must hold at the end of every order, in place of the scenario's expectations; e.g. \"word(bank, counter) == 2\"; may be "
     "repeated",
     "每种次序结束时必须成立的条件，代替场景的期望；例如 \"word(bank, counter) == 2\"；可重复"},
    {"go on after the first failure", "找到第一个失败后继续"},
    {"no partial-order reduction: also orders that cannot differ", "不用偏序约简：结果不可能不同的次序也尝试"},
    {"open the found schedule in the window", "在窗口中打开找到的次序"},
    {"print the log in the kernel's ftrace text format", "以内核 ftrace 文本格式输出记录"},
    {"every step with the words it moves", "每一步及其移动的字"},
    {"with the process id of each thread (option record-tgid)",
     "附各线程的进程号（选项 record-tgid）"},
    {"the storyboard of a context switch, word by word", "一次上下文切换的分镜，逐字说明"},
    {"which one; 1 is the first (default)", "第几次；1 是第一次（默认）"},
    {"every switch of the run", "运行中的每次切换"},
    {"what happens at this time, switch or not", "此时刻发生什么，不论是否切换"},
    {"break at the first switch to this task (after --at)", "停在首次切换到此任务处（--at 之后）"},
    {"only the records that match, such as 'cpu==1 && kind==softirq', 'task~web || pid==5', 'wait>2ms'",
     "只要符合的记录，例如 'cpu==1 && kind==softirq'、'task~web || pid==5'、'wait>2ms'"},
    {"search the log for this expression, as trace --filter does", "像 trace --filter 那样在日志中查找此表达式"},
    {"break at the first record that matches (after --at), such as 'wait>2ms'",
     "停在（--at 之后）第一条符合的记录，例如 'wait>2ms'"},
    {"break at the first record of this kind (after --at), such as sched_wakeup",
     "停在首条此类记录处（--at 之后），例如 sched_wakeup"},
    {"break (after --at) where user code comes to a label, `line N` or 0xADDRESS: 'again in bank if rax == 5'",
     "停在（--at 之后）用户代码到达标号、`line 行号` 或 0x地址 处：'again in bank if rax == 5'"},
    {"break when a shared variable is written in memory: 'counter if counter > 5'",
     "停在共享变量被写入内存时：'counter if counter > 5'"},
    {"on to the next breakpoint of the scenario (`break at …`)", "运行到场景的下一个断点（`break at …`）"},
    {"the how manyth time that a breakpoint is met", "第几次到达断点"},
    {"the source view of this task (after --at)", "此任务的源码视图（--at 之后）"},
    {"then one instruction of this task", "然后执行此任务的一条指令"},
    {"then one instruction or statement of this task, a call as one", "然后执行此任务的一条指令或语句，一次调用算一步"},
    {"then until this task has returned from its function", "然后直到此任务从函数返回"},
    {"so many such steps", "这样的步数"},
    {"breakpoints and steps backwards from --at (or the end)", "断点和单步都从 --at（或结束处）向后退"},
    {"one line, five phases or every word", "一行、五个阶段或每个字"},
    {"look at the machine at this time (default: the end)", "看此时刻的机器（默认：结束时）"},
    {"dark, light (projector) or contrast", "dark（深色）、light（浅色，投影）或 contrast（高对比度）"},
    {"preferences in this file instead of the user's own", "用此文件里的偏好，而不用用户自己的"},
    {"no preferences are read or written", "不读也不写偏好"},
    {"what the words mean, and which lesson shows them", "各术语的含义，以及哪一课展示它"},
    {"one of them (default: all)", "其中一个（默认全部）"},
    {"WIDTHxHEIGHT in pixels", "宽x高，像素"},
    {"size of everything, 0.8 to 2.5", "整体缩放，0.8 到 2.5"},
    {"write what the panels show as JSON", "把各面板显示的内容写成 JSON"},
    {"start at this time", "从此时刻开始"},
    {"start at this context switch; 1 is the first", "从第几次上下文切换开始；1 是第一次"},
    {"start at this step", "从第几步开始"},
    {"arrows instead of flight", "用箭头代替飞行动画"},
    {"type for a projector", "投影用的大字"},
    {"open the window", "打开窗口"},
    {"only look for mistakes in scenario files", "只检查场景文件有无错误"},
    {"list the simulated machine's threads like ps -eL", "像 ps -eL 那样列出模拟机器的线程"},
    {"what tasks share (mm, files, fs, sighand, signal), with the reference counts",
     "任务共享什么（mm、files、fs、sighand、signal），附引用计数"},
    {"tasks that look the same are not folded into one", "相同的任务不合并"},
    {"print a file of the simulated machine's /proc", "输出模拟机器 /proc 中的文件"},
    {"e.g. /proc/501/stack, 1/status, interrupts; without it: what there is",
     "例如 /proc/501/stack、1/status、interrupts；不给则列出有什么"},
    {"run a command on the simulated machine: 'ps -ef', top, pstree, 'kill 501'…",
     "在模拟机器上运行命令：'ps -ef'、top、pstree、'kill 501'……"},
    {"one word for the shell, so quote it; `help` lists the commands",
     "对 shell 是一个词，请加引号；`help` 列出命令"},
    {"write the simulated machine's /proc as files for the real ps and top",
     "把模拟机器的 /proc 写成文件，供真正的 ps 和 top 读取"},
    {"a new or empty folder, or one it made", "新的或空的文件夹，或它自己建的"},
    {"list the schedulers and their settings", "列出调度器及其设置"},
    {"render the window to a picture", "把窗口画成图片"},
    {"PNG file", "PNG 文件"},
    {"an animation that goes step by step from FROM, with the words in flight", "动画从起点逐步前进，显示飞行中的字"},
    {"a line on standard error for each picture of an animation", "动画每张图片在标准错误上写一行"},
    {"many pictures in one go: a file of JSON lines (gui/README.md)", "一次画许多图片：一个每行一个 JSON 的文件（gui/README.md）"},
    {"pictures and reports for slides and hand-outs: SVG, HTML, GIF, MP4", "供幻灯片和讲义用的图片与报告：SVG、HTML、GIF、MP4"},
    {"what of the window as a vector picture", "窗口的哪一部分作为矢量图"},
    {"the whole run as one page that needs nothing else", "整个运行作为一个独立的网页"},
    {"a stretch of the run as an animation, e.g. 0ms..20ms; .. is all of it", "运行的一段作为动画，例如 0ms..20ms；.. 表示全部"},
    {"the same as a film, through ffmpeg", "同上，作为影片，需要 ffmpeg"},
    {"stretch of the timeline's picture (default: all)", "时间线图片的时间段（默认：全部）"},
    {"with the cursor at this time", "光标在此时刻"},
    {"with the cursor at this context switch; 1 is the first", "光标在这次上下文切换；1 是第一次"},
    {"with the cursor at this step", "光标在这一步"},
    {"theme of pictures (default light)", "图片的主题（默认 light）"},
    {"pictures a second of an animation (default 10)", "动画每秒的图片数（默认 10）"},
    {"how long an animation lasts (default 8)", "动画持续几秒（默认 8）"},
    {"key presses first, e.g. \"Right Right space\"", "先按这些键，例如 \"Right Right space\""},
});

std::string chinese(const std::string& text) {
    for (const auto& [english, zh] : sentences)
        if (text == english) return std::string(zh);
    if (text.rfind("Fields of --filter", 0) == 0) {
        std::string fields = "--filter 的字段（==、!=、<、<=、>、>=、~ 包含、!~；&&、||、!、括号；单独一个词在整条记录中查找）：\n";
        for (const QueryField& f : query_fields())
            fields += "  " + std::string(f.name) + std::string(8 - f.name.size(), ' ') + std::string(f.zh) + "\n";
        return fields;
    }
    constexpr std::string_view only = "only these: ";
    if (text.rfind(only, 0) == 0) return "只要这些：" + text.substr(only.size());
    return text;
}

}  // namespace

Lang language_of(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--lang=zh" ||
            (word == "--lang" && i + 1 < argc && std::string_view(argv[i + 1]) == "zh"))
            return Lang::zh;
    }
    return Lang::en;
}

void speak_chinese(CLI::App& app) {
    const auto labels = std::make_shared<CLI::Formatter>();
    labels->label("Usage", "用法");
    labels->label("OPTIONS", "选项");
    labels->label("SUBCOMMAND", "命令");
    labels->label("Positionals", "参数");
    labels->label("Options", "选项");
    labels->label("Subcommands", "命令");
    labels->label("REQUIRED", "（必需）");
    app.formatter(labels);
    app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
        return "命令行有误：" + std::string(error.what()) + "\n用 --help 查看 " +
               failed->get_name() + " 的用法。\n";
    });
    app.description(chinese(app.get_description()));
    app.footer(chinese(app.get_footer()));
    if (app.get_group() == "Subcommands") app.group("命令");
    for (CLI::Option* option : app.get_options()) {
        option->description(chinese(option->get_description()));
        if (option->get_group() == "Options") option->group("选项");
    }
    for (CLI::App* command : app.get_subcommands(nullptr)) speak_chinese(*command);
}

}  // namespace sy::cli
