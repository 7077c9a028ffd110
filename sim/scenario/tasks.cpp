// `process`, `kthread` and `thread`: the name, what stands between the name and the brace, and then
// the program.

#include <algorithm>
#include <string_view>
#include <utility>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"

namespace sy::scn {
namespace {

// The parts that processes, threads and kernel threads have in common; each has only some of them.
struct TaskHead {
    std::int32_t copies = 1;
    std::optional<int> nice;
    std::optional<SchedParams> sched;
    std::int32_t priority = kNoPriority, tickets = 0;
    std::optional<Pid> pid;
    bool tty = false;
    Dist arrive;
    bool arrives_after = false;
    std::uint64_t cpus = 0;
    std::int32_t oom_score_adj = 0;
    std::int32_t group = -1, session = 1;
    ThreadModel model{};
};

struct AttributeRow {
    Word word;
    bool thread_too;
    bool (*read)(Parser&, TaskHead&);
};

bool read_nice(Parser& p, TaskHead& head) {
    const auto value = p.integer(nice_range());
    if (value) head.nice = static_cast<int>(*value);
    return value.has_value();
}

bool read_policy(Parser& p, TaskHead& head) {
    head.sched.emplace();
    return read_sched_params(p, *head.sched);
}

bool read_priority(Parser& p, TaskHead& head) {
    const auto value = p.integer({.first = 0,
                                  .last = 999,
                                  .what = text("a priority (the lower number goes first)",
                                               "优先级（数字小者先）"),
                                  .limit = {}});
    if (value) head.priority = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_tickets(Parser& p, TaskHead& head) {
    const auto value = p.integer({.first = 1,
                                  .last = 1'000'000,
                                  .what = text("a number of tickets", "彩票数"),
                                  .limit = {}});
    if (value) head.tickets = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_pid(Parser& p, TaskHead& head) {
    const auto value = p.integer(
        {.first = 3,
         .last = limits::pid_max - 1,
         .what = text("a pid (1 is init, 2 is kthreadd)", "pid（1 是 init，2 是 kthreadd）"),
         .limit = text("PID_MAX_LIMIT of Linux", "Linux 的 PID_MAX_LIMIT")});
    if (value) head.pid = static_cast<Pid>(*value);
    return value.has_value();
}

bool read_arrive(Parser& p, TaskHead& head) {
    head.arrives_after = p.take_word("after");
    const auto value = p.dist();
    if (value) head.arrive = *value;
    return value.has_value();
}

bool read_cpu(Parser& p, TaskHead& head) {
    const auto value = p.cpu_list();
    if (value) head.cpus = *value;
    return value.has_value();
}

bool read_tty(Parser&, TaskHead& head) {
    head.tty = true;
    return true;
}

bool read_oom_score_adj(Parser& p, TaskHead& head) {
    const auto value = p.integer({.first = -1'000,
                                  .last = 1'000,
                                  .what = text("an oom_score_adj (-1000: never killed for memory)",
                                               "oom_score_adj（-1000：永不因内存不足被杀）"),
                                  .limit = {}});
    if (value) head.oom_score_adj = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_group(Parser& p, TaskHead& head) {
    SourcePos pos;
    const auto group = p.name(text("the name of a group", "组名"), &pos);
    if (!group) return false;
    head.group = p.find_group(*group);
    if (head.group < 0)
        p.error(pos, text("unknown group '{0}'; declare it before: group {0} weight 100", "未知的组 “{0}”；请先声明：group {0} weight 100",
                          {*group}));
    else if (p.open_group() >= 0)
        p.error(pos, text("this process stands in a group already", "这个进程已经写在一个组里了"));
    return true;
}

bool read_session(Parser& p, TaskHead& head) {
    const auto value = p.integer({.first = 1, .last = 1000, .what = text("the number of a session", "会话编号"), .limit = {}});
    if (value) head.session = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_on_off(Parser& p, bool& into) {
    if (p.take_word("on")) {
        into = true;
    } else if (p.take_word("off")) {
        into = false;
    } else {
        p.expected(text("'on' or 'off'", "“on” 或 “off”"));
        return false;
    }
    return true;
}

// threads 1:1 | n:1 | m:n CARRIERS [hooked on|off]
bool read_threads(Parser& p, TaskHead& head) {
    using Model = ThreadModel::Kind;
    constexpr std::pair<std::string_view, Model> kModels[] = {
        {"1:1", Model::one_to_one}, {"n:1", Model::many_to_one}, {"m:n", Model::many_to_many},
        {"N:1", Model::many_to_one}, {"M:N", Model::many_to_many}};
    const Token& token = p.peek();
    const auto* model = std::find_if(std::begin(kModels), std::end(kModels), [&](const auto& m) { return m.first == token.text; });
    if (model == std::end(kModels)) {
        p.error(token.pos, text("'{0}' is no thread model; write threads 1:1 (the kernel's own), threads n:1, or threads m:n 4",
                                "“{0}” 不是线程模型；请写 threads 1:1（内核自己的）、threads n:1 或 threads m:n 4",
                                {Parser::shown(token)}));
        if (!token.is("{")) p.take();
        while (p.is_number_next()) p.take();
        return false;
    }
    head.model.kind = model->second;
    p.take();
    if (head.model.kind == Model::many_to_many) {
        const auto value = p.integer({.first = 1,
                                      .last = limits::cpus,
                                      .what = text("how many kernel threads carry the user-level ones (threads m:n 4)",
                                                   "承载用户级线程的内核线程数（threads m:n 4）"),
                                      .limit = text("CPUs of one machine", "一台机器的 CPU 数")});
        if (!value) return false;
        head.model.carriers = static_cast<std::int32_t>(*value);
    } else if (p.is_number_next()) {
        p.error(p.peek().pos, text("only m:n has a number of carriers: n:1 has one, 1:1 has one for each thread",
                                   "只有 m:n 有承载线程数：n:1 是一个，1:1 是每个线程一个"));
        p.take();
    }
    const SourcePos pos = p.peek().pos;
    if (!p.take_word("hooked")) return true;
    if (!read_on_off(p, head.model.hooked)) return false;
    if (head.model.hooked && !head.model.is_library()) {
        head.model.hooked = false;
        p.error(pos, text("with 1:1 there is nothing to hook: a call that blocks stops one thread only; write threads n:1 or m:n",
                          "1:1 下无需钩子：阻塞的调用只停住一个线程；请写 threads n:1 或 m:n"));
    }
    return true;
}

bool read_copies(Parser& p, TaskHead& head) {
    const auto value = p.copies();
    if (value) head.copies = *value;
    return value.has_value();
}

constexpr AttributeRow kAttributeRows[] = {
    {{"x", "xCOUNT", "so many copies, called NAME/1, NAME/2…", "复制若干份，名为 NAME/1、NAME/2……",
      "process editor x2 { run 1ms }"},
     true,
     read_copies},
    {{"nice", "nice NUMBER", "how willing it is to let others run, -20 to 19 (default 0)",
      "谦让程度，-20 到 19（默认 0）", "process editor nice 5 { run 1ms }"},
     true,
     read_nice},
    {{"policy", "policy POLICY",
      "its scheduling policy: normal [slice TIME], batch [slice TIME], idle, fifo PRIORITY, rr PRIORITY "
      "(1 to 99), deadline runtime TIME [deadline TIME] period TIME [dl-overrun] [reclaim]; each may end in reset-on-fork",
      "调度策略：normal [slice TIME]、batch [slice TIME]、idle、fifo PRIORITY、rr PRIORITY（1 到 99）、"
      "deadline runtime TIME [deadline TIME] period TIME [dl-overrun] [reclaim]；末尾都可加 reset-on-fork",
      "process editor policy fifo 20 { run 1ms }"},
     true,
     read_policy},
    {{"priority", "priority NUMBER",
      "for the textbook policies: the lower number goes first, 0 to 999 (default: its nice value)",
      "供教科书策略使用：数字小者先，0 到 999（默认：其 nice 值）",
      "process editor priority 3 { run 1ms }"},
     true,
     read_priority},
    {{"tickets", "tickets NUMBER",
      "for lottery and stride: its share (default 100 at nice 0, else as its weight)",
      "供 lottery 和 stride 使用：它的份额（默认 nice 0 时为 100，否则按权重）",
      "process editor tickets 50 { run 1ms }"},
     true,
     read_tickets},
    {{"pid", "pid NUMBER", "its process id; otherwise the next free one",
      "指定进程号；否则用下一个空闲的", "process editor pid 570 { run 1ms }"},
     false,
     read_pid},
    {{"tty", "tty", "a login on the terminal: its session has tty1, its group is in the foreground",
      "终端上的登录会话：其会话拥有 tty1，其进程组在前台", "process sh tty { run 1ms }"},
     false,
     read_tty},
    {{"arrive", "arrive [after] TIME",
      "when it comes into the system (default: at the start); after: so long after the one before it in the file",
      "何时进入系统（默认：一开始）；after：比文件中前一个进程晚这么久", "process editor arrive 5ms { run 1ms }"},
     false,
     read_arrive},
    {{"cpu", "cpu LIST", "the CPUs it may run on, such as 0 or 0-1,3 (default: all)",
      "允许在哪些 CPU 上运行，例如 0 或 0-1,3（默认：全部）", "process editor cpu 0 { run 1ms }"},
     true,
     read_cpu},
    {{"oom_score_adj", "oom_score_adj NUMBER",
      "how gladly it is killed when memory runs out, -1000 (never) to 1000 (default 0)",
      "内存耗尽时多容易被杀，-1000（永不）到 1000（默认 0）",
      "process editor oom_score_adj -500 { run 1ms }"},
     false,
     read_oom_score_adj},
    {{"group", "group NAME", "the task group it belongs to (declared before; default: the root)",
      "所属的任务组（须先声明；默认：根组）", "group build  process cc group build { run 1ms }"},
     false,
     read_group},
    {{"session", "session NUMBER", "the session it was started in: with autogroup, tasks of one session compete as one (default 1)",
      "启动它的会话：开启 autogroup 时，同一会话的任务作为整体竞争（默认 1）", "process editor session 2 { run 1ms }"},
     false,
     read_session},
    {{"threads", "threads 1:1 | n:1 | m:n COUNT [hooked on|off]",
      "how its threads become kernel threads: each its own (default), all on one, or all on COUNT; hooked: reads, writes "
      "and sleeps that would block go through an event loop over epoll instead of stopping the kernel thread",
      "它的线程如何对应内核线程：一对一（默认）、全部共用一个，或共用 COUNT 个；hooked：会阻塞的读、写、睡眠改走基于 "
      "epoll 的事件循环，不再停住内核线程",
      "process editor threads m:n 2 hooked on { thread t x4 { run 1ms } }"},
     false,
     read_threads},
};

const AttributeRow* find_attribute(const Parser& p) {
    if (p.is_copies()) return &kAttributeRows[0];
    for (const AttributeRow& row : kAttributeRows) {
        if (p.peek().is_word(row.word.name)) return &row;
    }
    return nullptr;
}

// Reads settings up to `{`. What is not a setting is reported and skipped.
TaskHead read_head(Parser& p, bool is_thread) {
    TaskHead head;
    while (!p.at_end() && !p.peek().is("{") && !p.peek().is("}")) {
        const Token& token = p.peek();
        const AttributeRow* row = find_attribute(p);
        if (row == nullptr && p.starts_something(token)) break;
        if (row == nullptr) {
            if (token.kind == Token::Kind::word) {
                std::vector<std::string_view> known = names(WordGroup::process);
                p.unknown_word(token, text("setting", "设置"), known);
            } else {
                p.expected(text("'{' or a setting such as nice", " “{” 或 nice 之类的设置"));
            }
            p.take();
            while (p.is_number_next()) {
                p.take_sign("-");
                p.take();
            }
            continue;
        }
        if (is_thread && !row->thread_too) {
            p.error(token.pos, text("a thread has no '{0}' of its own; it belongs to its process",
                                    "线程没有自己的 “{0}”；它属于进程", {row->word.name}));
        }
        if (row->word.name != "x") p.take();
        row->read(p, head);
    }
    return head;
}

}  // namespace

std::vector<Word> attribute_words() { return words_of(kAttributeRows); }

Parser::Range nice_range() {
    return {.first = -20, .last = 19, .what = text("a nice value", "nice 值"), .limit = {}};
}

void Parser::parse_body(ProcessDecl& process, Place place) {
    const int errors_before = diags_.errors();
    const auto given = name(text("the name of the process", "进程名"), &process.pos);
    if (given) process.name = *given;
    const TaskHead head = read_head(*this, false);
    process.copies = head.copies;
    process.nice = head.nice.value_or(0);
    process.sched = head.sched.value_or(SchedParams{});
    process.priority = head.priority;
    process.tickets = head.tickets;
    process.pid = head.pid;
    process.arrive = head.arrive;
    process.arrives_after = head.arrives_after;
    process.tty = head.tty;
    process.cpus = head.cpus;
    process.oom_score_adj = head.oom_score_adj;
    process.group = head.group >= 0 ? head.group : open_group_;
    process.session = head.session;
    process.model = head.model;
    const Text what = text("what it does: '{' and statements", "它做什么：“{” 和语句");
    if (!parse_block(process.body, place, place == Place::process ? &process : nullptr, what))
        return;
    if (!given) return;
    out_.processes.push_back(std::move(process));
    broken_processes_.push_back(diags_.errors() > errors_before);
}

void Parser::parse_process() {
    ProcessDecl process;
    parse_body(process, Place::process);
}

void Parser::parse_program() {
    ProcessDecl process;
    process.only_program = true;
    parse_body(process, Place::process);
}

void Parser::parse_kthread() {
    ProcessDecl process;
    process.kernel_thread = true;
    parse_body(process, Place::kernel_thread);
}

bool Parser::parse_sync(ProcessDecl& process, std::string_view word) {
    constexpr std::pair<std::string_view, SyncDecl::Kind> kKinds[] = {{"mutex", SyncDecl::Kind::mutex},
                                                                      {"cond", SyncDecl::Kind::cond},
                                                                      {"barrier", SyncDecl::Kind::barrier},
                                                                      {"rwlock", SyncDecl::Kind::rwlock},
                                                                      {"semaphore", SyncDecl::Kind::semaphore}};
    SyncDecl decl;
    for (const auto& [name, kind] : kKinds)
        if (name == word) decl.kind = kind;
    const auto given = name(text("a name for it", "它的名字"), &decl.pos);
    if (!given) return false;
    decl.name = *given;
    if (decl.kind == SyncDecl::Kind::mutex) decl.pi = take_word("pi");
    if (decl.kind == SyncDecl::Kind::cond) decl.requeue = take_word("requeue");
    const bool is_barrier = decl.kind == SyncDecl::Kind::barrier;
    if (is_barrier || (decl.kind == SyncDecl::Kind::semaphore && is_number_next())) {
        const auto count = integer({.first = is_barrier ? 1 : 0,
                                    .last = limits::tasks,
                                    .what = is_barrier ? text("how many tasks the barrier holds up", "屏障等待的任务数")
                                                       : text("the semaphore's first value", "信号量的初值"),
                                    .limit = text("tasks of one scenario", "一个场景的任务数")});
        if (!count) return false;
        decl.count = *count;
    }
    process.syncs.push_back(std::move(decl));
    return true;
}

bool Parser::parse_thread(ProcessDecl& process) {
    ThreadDecl thread;
    const auto given = name(text("the name of the thread", "线程名"), &thread.pos);
    if (given) thread.name = *given;
    const TaskHead head = read_head(*this, true);
    thread.copies = head.copies;
    thread.nice = head.nice;
    thread.sched = head.sched;
    thread.priority = head.priority;
    thread.tickets = head.tickets;
    thread.cpus = head.cpus;
    const Text what = text("what the thread does: '{' and statements", "线程做什么：“{” 和语句");
    if (!parse_block(thread.body, Place::thread, nullptr, what)) return false;
    if (given) process.threads.push_back(std::move(thread));
    return true;
}

}  // namespace sy::scn
