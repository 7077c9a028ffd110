// What stands at the top of a file: the machine and its settings, pipes, devices, processes. Each
// word is one row of a table: what it looks like, what it means, and the function that reads what
// follows it.
#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

using Read =
    bool (*)(Parser&);  // behind the word; false: something was wrong and has been reported

Text bilingual(std::string_view en, std::string_view zh) { return text(en, zh); }

// --- machine
// ------------------------------------------------------------------------------------------------

struct MachineRow {
    Word word;
    Read read;
};

bool read_cpus(Parser& p) {
    const auto value = p.integer({.first = 1,
                                  .last = limits::cpus,
                                  .what = bilingual("the number of CPUs", "CPU 个数"),
                                  .limit = bilingual("CPUs of one machine", "一台机器的 CPU 数")});
    if (value) p.out().machine.cpus = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_hz(Parser& p) {
    const SourcePos pos = p.peek().pos;
    const auto value = p.integer({.first = 1,
                                  .last = 100'000,
                                  .what = bilingual("the ticks a second", "每秒时钟中断次数"),
                                  .limit = {}});
    if (!value) return false;
    constexpr std::array<std::int64_t, 4> kKnown = {100, 250, 300, 1000};
    if (std::find(kKnown.begin(), kKnown.end(), *value) == kKnown.end()) {
        p.error(pos, text("Linux is built with 100, 250, 300 or 1000 ticks a second, not {0}",
                          "Linux 的时钟频率只能是每秒 100、250、300 或 1000 次，不能是 {0}",
                          {std::to_string(*value)}));
        return false;
    }
    p.out().machine.hz = static_cast<std::int32_t>(*value);
    return true;
}

// NAME=VALUE. Requires: the next tokens are a word and `=`.
bool is_setting_next(const Parser& p) {
    return p.peek().kind == Token::Kind::word && p.peek(1).is("=");
}

const SchedulerWords* find_scheduler(const ParseOptions& options, std::string_view name) {
    const auto found =
        std::find_if(options.schedulers.begin(), options.schedulers.end(),
                     [&](const SchedulerWords& words) { return words.name == name; });
    return found == options.schedulers.end() ? nullptr : &*found;
}

bool read_scheduler(Parser& p) {
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(bilingual("the name of a scheduler such as cfs", "调度器的名字，例如 cfs"));
        return false;
    }
    p.take();
    const SchedulerWords* known = find_scheduler(p.options(), name.text);
    if (!p.options().schedulers.empty() && known == nullptr) {
        std::vector<std::string_view> all;
        for (const SchedulerWords& words : p.options().schedulers) all.push_back(words.name);
        p.unknown_word(name, bilingual("scheduler", "调度器"), all);
    }
    MachineDecl& machine = p.out().machine;
    machine.scheduler = std::string(name.text);
    machine.scheduler_options.clear();
    while (is_setting_next(p)) {
        const Token& key = p.take();
        p.take();
        const Token& value = p.peek();
        if (value.kind != Token::Kind::word && value.kind != Token::Kind::number) {
            p.expected(bilingual("a value behind '='", "“=” 后面的值"));
            return false;
        }
        p.take();
        if (known != nullptr && std::find(known->options.begin(), known->options.end(), key.text) ==
                                    known->options.end()) {
            const std::string of = std::string(known->name);
            p.unknown_word(key, text("setting of scheduler {0}", "{0} 调度器设置", {of}),
                           known->options);
        }
        machine.scheduler_options.emplace_back(key.text, value.text);
    }
    return true;
}

bool read_costs(Parser& p) {
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(bilingual("linux or ideal", " linux 或 ideal"));
        return false;
    }
    p.take();
    MachineDecl& machine = p.out().machine;
    if (name.text != "linux" && name.text != "ideal") {
        p.unknown_word(name, bilingual("costs", "开销模型"), {"linux", "ideal"});
    }
    machine.costs_ideal = name.text == "ideal";
    while (is_setting_next(p)) {
        const Token& key = p.take();
        p.take();
        const auto known = p.options().cost_names;
        if (!known.empty() && std::find(known.begin(), known.end(), key.text) == known.end()) {
            p.unknown_word(key, bilingual("cost", "开销项"), {known.begin(), known.end()});
        }
        const auto time = p.duration();
        if (!time) return false;
        machine.costs.emplace_back(key.text, *time);
    }
    return true;
}

bool read_preempt(Parser& p) {
    constexpr std::array<std::string_view, 3> kNames = {"none", "voluntary", "full"};
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(bilingual("none, voluntary or full", " none、voluntary 或 full"));
        return false;
    }
    p.take();
    const auto found = std::find(kNames.begin(), kNames.end(), name.text);
    if (found == kNames.end()) {
        p.unknown_word(name, bilingual("preemption model", "抢占模型"),
                       {kNames.begin(), kNames.end()});
        return true;
    }
    p.out().machine.preempt = static_cast<MachineDecl::Preempt>(found - kNames.begin());
    return true;
}

bool read_seed(Parser& p) {
    const auto value = p.integer({.first = 0,
                                  .last = 999'999'999'999'999'999,
                                  .what = bilingual("the seed", "随机种子"),
                                  .limit = {}});
    if (value) p.out().machine.seed = static_cast<std::uint64_t>(*value);
    return value.has_value();
}

bool read_until(Parser& p) {
    const SourcePos pos = p.peek().pos;
    const auto time = p.duration();
    if (!time) return false;
    if (*time == 0) {
        p.error(pos, bilingual("a run until 0 shows nothing; give it a length, such as 50ms",
                               "运行到 0 什么也看不到；请给出长度，例如 50ms"));
        return false;
    }
    p.out().machine.until = *time;
    return true;
}

constexpr MachineRow kMachineRows[] = {
    {{"cpus", "cpus COUNT", "number of processors, 1 to 64 (default 1)",
      "CPU 个数，1 到 64（默认 1）", "cpus 2"},
     read_cpus},
    {{"hz", "hz COUNT", "timer ticks a second on every CPU: 100, 250, 300 or 1000 (default 250)",
      "每个 CPU 每秒的时钟中断次数：100、250、300 或 1000（默认 250）", "hz 1000"},
     read_hz},
    {{"scheduler", "scheduler NAME [KEY=VALUE…]", "who decides which task runs next (default cfs)",
      "由谁决定下一个运行的任务（默认 cfs）", "scheduler rr quantum=2ms tie=arrival-first"},
     read_scheduler},
    {{"costs", "costs linux|ideal [STEP=TIME…]",
      "how long the kernel's own steps take: as on Linux, or no time at all as in textbooks "
      "(default linux)",
      "内核自身的步骤要多久：与 Linux 相同，或像教科书那样不花时间（默认 linux）", "costs ideal"},
     read_costs},
    {{"preempt", "preempt none|voluntary|full",
      "whether a task may lose the CPU inside the kernel (default voluntary)",
      "任务在内核态时能否被抢占（默认 voluntary）", "preempt full"},
     read_preempt},
    {{"seed", "seed NUMBER",
      "start of all random draws; the same seed gives the same run (default 1)",
      "所有随机数的起点；同一个种子得到同一次运行（默认 1）", "seed 7"},
     read_seed},
    {{"until", "until TIME", "when the run ends (default: when every process has exited)",
      "运行到何时为止（默认：所有进程都退出时）", "until 60ms"},
     read_until},
};

// --- what stands between `process NAME` and `{`
// -------------------------------------------------------------

// The parts that processes, threads and kernel threads have in common; each has only some of them.
struct TaskHead {
    std::int32_t copies = 1;
    std::optional<int> nice;
    std::optional<Pid> pid;
    Dist arrive;
    std::uint64_t cpus = 0;
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

bool read_pid(Parser& p, TaskHead& head) {
    const auto value = p.integer(
        {.first = 3,
         .last = limits::pid_max - 1,
         .what = bilingual("a pid (1 is init, 2 is kthreadd)", "pid（1 是 init，2 是 kthreadd）"),
         .limit = bilingual("PID_MAX_LIMIT of Linux", "Linux 的 PID_MAX_LIMIT")});
    if (value) head.pid = static_cast<Pid>(*value);
    return value.has_value();
}

bool read_arrive(Parser& p, TaskHead& head) {
    const auto value = p.dist();
    if (value) head.arrive = *value;
    return value.has_value();
}

bool read_cpu(Parser& p, TaskHead& head) {
    const auto value = p.cpu_list();
    if (value) head.cpus = *value;
    return value.has_value();
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
    {{"pid", "pid NUMBER", "its process id; otherwise the next free one",
      "指定进程号；否则用下一个空闲的", "process editor pid 570 { run 1ms }"},
     false,
     read_pid},
    {{"arrive", "arrive TIME", "when it comes into the system (default: at the start)",
      "何时进入系统（默认：一开始）", "process editor arrive 5ms { run 1ms }"},
     false,
     read_arrive},
    {{"cpu", "cpu LIST", "the CPUs it may run on, such as 0 or 0-1,3 (default: all)",
      "允许在哪些 CPU 上运行，例如 0 或 0-1,3（默认：全部）", "process editor cpu 0 { run 1ms }"},
     true,
     read_cpu},
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
                p.unknown_word(token, bilingual("setting", "设置"), known);
            } else {
                p.expected(bilingual("'{' or a setting such as nice", " “{” 或 nice 之类的设置"));
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

// --- devices
// ------------------------------------------------------------------------------------------------

struct DeviceRow {
    Word word;
    bool (*read)(Parser&, DeviceDecl&);
};

bool read_irq(Parser& p, DeviceDecl& device) {
    const auto value = p.integer(
        {.first = 1,
         .last = 255,
         .what = bilingual("an interrupt line (0 is the timer)", "中断线编号（0 是时钟）"),
         .limit = {}});
    if (value) device.irq = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_device_every(Parser& p, DeviceDecl& device) {
    const SourcePos pos = p.peek().pos;
    const auto value = p.dist();
    if (!value) return false;
    const bool can_be_zero = value->kind != Dist::Kind::exp && value->a == 0;
    if (can_be_zero) {
        p.error(pos, bilingual("the time between two interrupts must be longer than 0",
                               "两次中断之间的时间必须大于 0"));
        return false;
    }
    device.every = value;
    return true;
}

bool read_device_at(Parser& p, DeviceDecl& device) {
    do {
        const auto time = p.duration();
        if (!time) return false;
        if (device.at.size() == static_cast<std::size_t>(limits::timed_actions)) {
            p.error(p.peek().pos, text("more than the limit of {0} moments", "时刻超过了上限 {0} 个",
                                       {std::to_string(limits::timed_actions)}));
            return false;
        }
        device.at.push_back(*time);
    } while (p.take_sign(","));
    return true;
}

bool read_device_cpu(Parser& p, DeviceDecl& device) {
    const auto value =
        p.integer({.first = 0,
                   .last = limits::cpus - 1,
                   .what = bilingual("the number of a CPU", "CPU 编号"),
                   .limit = bilingual("64 CPUs, numbered from 0", "最多 64 个 CPU，从 0 编号")});
    if (value) device.cpu = static_cast<CpuId>(*value);
    return value.has_value();
}

bool read_latency(Parser& p, DeviceDecl& device) {
    const auto value = p.dist();
    if (value) device.latency = *value;
    return value.has_value();
}

bool read_block(Parser&, DeviceDecl& device) {
    device.block = true;
    return true;
}

constexpr DeviceRow kDeviceRows[] = {
    {{"irq", "irq NUMBER", "its interrupt line (default: the next free one)",
      "中断线编号（默认：下一个空闲的）", "device keyboard irq 1"},
     read_irq},
    {{"every", "every TIME", "the time from one interrupt to the next", "两次中断之间的时间",
      "device keyboard every exp(30ms)"},
     read_device_every},
    {{"at", "at TIME[, TIME…]", "when it interrupts, moment by moment", "逐个给出中断的时刻",
      "device keyboard at 5ms, 9ms, 12ms"},
     read_device_at},
    {{"cpu", "cpu NUMBER", "the CPU that takes its interrupts (default 0)",
      "由哪个 CPU 处理它的中断（默认 0）", "device nic cpu 1"},
     read_device_cpu},
    {{"latency", "latency TIME", "how long it works on one request", "处理一个请求要多久",
      "device disk latency 2ms block"},
     read_latency},
    {{"block", "block", "a block device: who waits for it cannot be interrupted (state D)",
      "块设备：等待它的任务不可中断（状态 D）", "device disk block latency 2ms"},
     read_block},
};

// Behind `device NAME …`, `every` and `at` may also begin the next line of the file. What follows
// the time decides: timed lines go on with a brace, `from`, `until` or an action.
bool is_timed_line_next(const Parser& p) {
    if (!p.peek().is_word("at") && !p.peek().is_word("every")) return false;
    std::size_t ahead = 1;
    while (true) {
        const Token& token = p.peek(ahead);
        const bool is_of_time = token.kind == Token::Kind::number || token.is(",") ||
                                token.is("(") || token.is(")") || token.is("-") ||
                                (p.peek(ahead + 1).is("(")) || token.is_word("ms") ||
                                token.is_word("us") || token.is_word("ns") || token.is_word("s");
        if (!is_of_time || token.kind == Token::Kind::end) break;
        ++ahead;
    }
    return p.peek(ahead).is("{") || p.peek(ahead).is_word("until") ||
           p.peek(ahead).is_word("from") || p.is_action(ahead);
}

// --- the top of the file
// ------------------------------------------------------------------------------------

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
    {{"kthread", "kthread NAME [SETTINGS] { STATEMENTS }",
      "a thread of the kernel: no address space, never in user mode",
      "内核线程：没有地址空间，从不进入用户态",
      "kthread scrubber nice 5 { forever { sleep 10ms  run 1ms } }"},
     &Parser::parse_kthread},
    {{"pipe", "pipe NAME [capacity BYTES]",
      "a pipe that any process may read and write (default 64KiB)",
      "管道，任何进程都可以读写（默认 64KiB）", "pipe p capacity 4096"},
     &Parser::parse_pipe},
    {{"device", "device NAME [SETTINGS]",
      "something that interrupts; can be read, a block device also written",
      "会产生中断的设备；可以读，块设备还可以写", "device keyboard irq 1 every exp(30ms)"},
     &Parser::parse_device},
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
    {{"title", "title \"TEXT\" [zh \"TEXT\"]", "the scenario's name in menus", "菜单里显示的场景名",
      "title \"Process switch\" zh \"进程切换\""},
     &Parser::parse_title},
    {{"about", "about \"TEXT\" [zh \"TEXT\"]",
      "what to watch and which question it answers; may be repeated",
      "看什么、回答什么问题；可以写多次", "about \"Watch CR3.\" zh \"注意 CR3。\""},
     &Parser::parse_about},
};

template <typename Row, std::size_t N>
const Row* find_row(const Row (&rows)[N], std::string_view name) {
    for (const Row& row : rows) {
        if (row.word.name == name) return &row;
    }
    return nullptr;
}

template <typename Row, std::size_t N>
std::vector<Word> words_of(const Row (&rows)[N]) {
    std::vector<Word> out;
    for (const Row& row : rows) out.push_back(row.word);
    return out;
}

void say_twice(Parser& p, const Token& token) {
    p.error(token.pos, text("'{0}' is set twice; keep one of them", "“{0}” 设置了两次，请只留一个",
                            {Parser::shown(token)}));
}

}  // namespace

std::vector<Word> top_words() { return words_of(kTopRows); }
std::vector<Word> machine_words() { return words_of(kMachineRows); }
std::vector<Word> attribute_words() { return words_of(kAttributeRows); }
std::vector<Word> device_words() { return words_of(kDeviceRows); }

Parser::Range nice_range() {
    return {.first = -20, .last = 19, .what = text("a nice value", "nice 值"), .limit = {}};
}

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
        if (token.text == "thread") {
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

void Parser::parse_machine() {
    if (has_machine_) {
        error(tokens_.list[at_ - 1].pos,
              text("there is a machine block already; put all settings into one",
                   "已经有一个 machine 块了，请把设置写在一起"));
    }
    has_machine_ = true;
    const Token& open = peek();
    if (!take_sign("{")) {
        expected(text("'{' and the machine's settings", " “{” 和机器的设置"));
        return skip_item();
    }
    std::vector<std::string_view> seen;
    while (!at_end() && !peek().is("}")) {
        const Token& token = peek();
        const MachineRow* row = find_row(kMachineRows, token.text);
        mark_item();
        if (row == nullptr && token.kind == Token::Kind::word) {
            if (lacks_a_closing_brace() && starts_something(token)) break;  // close_brace complains
            row = find_row(kMachineRows,
                           unknown_word(token, text("setting of the machine", "机器设置"),
                                        names(WordGroup::machine)));
        } else if (row == nullptr) {
            expected({.en = "a setting (" + listed(names(WordGroup::machine)) + ")",
                      .zh = "一项设置（" + listed(names(WordGroup::machine)) + "）"});
        }
        if (row != nullptr) {
            if (std::find(seen.begin(), seen.end(), row->word.name) != seen.end())
                say_twice(*this, token);
            seen.push_back(row->word.name);
        }
        if (peek().is("{")) {
            skip_block();
            continue;
        }
        take();
        if (row != nullptr && row->read(*this)) continue;
        while (!at_end() && !peek().is("}") && !peek().is("{") &&
               find_row(kMachineRows, peek().text) == nullptr && !starts_something(peek())) {
            take();
        }
    }
    close_brace(open);
}

void Parser::parse_pipe() {
    PipeDecl pipe;
    const auto given = name(text("the name of the pipe", "管道名"), &pipe.pos);
    if (!given) return skip_item();
    pipe.name = *given;
    if (take_word("capacity")) {
        const auto capacity = bytes();
        if (capacity) pipe.capacity = *capacity;
    } else if (is_number_next()) {
        error(peek().pos,
              text("the size needs its word; did you mean 'capacity {0}'?",
                   "大小前面要写 capacity；是不是想写 “capacity {0}”？", {shown(peek())}));
        bytes();
    }
    if (out_.pipes.size() == static_cast<std::size_t>(limits::pipes)) {
        error(pipe.pos, text("more than the limit of {0} pipes", "管道超过了上限 {0} 个",
                             {std::to_string(limits::pipes)}));
    }
    out_.pipes.push_back(std::move(pipe));
}

void Parser::parse_device() {
    DeviceDecl device;
    const auto given = name(text("the name of the device", "设备名"), &device.pos);
    if (!given) return skip_item();
    device.name = *given;
    std::vector<std::string_view> seen;
    while (peek().kind == Token::Kind::word && !is_timed_line_next(*this)) {
        const Token& token = peek();
        const DeviceRow* row = find_row(kDeviceRows, token.text);
        if (row == nullptr) {
            if (starts_something(token)) break;
            const std::string meant = unknown_word(token, text("setting of a device", "设备设置"),
                                                   names(WordGroup::device));
            row = find_row(kDeviceRows, meant);
        } else {
            if (std::find(seen.begin(), seen.end(), row->word.name) != seen.end())
                say_twice(*this, token);
            seen.push_back(row->word.name);
        }
        take();
        if (row != nullptr && row->read(*this, device)) continue;
        while (!at_end() && peek().kind != Token::Kind::word && !peek().is("{") && !peek().is("}"))
            take();
    }
    if (out_.devices.size() == static_cast<std::size_t>(limits::devices)) {
        error(device.pos, text("more than the limit of {0} devices", "设备超过了上限 {0} 个",
                               {std::to_string(limits::devices)}));
    }
    out_.devices.push_back(std::move(device));
}

void Parser::parse_body(ProcessDecl& process, Place place) {
    const int errors_before = diags_.errors();
    const auto given = name(text("the name of the process", "进程名"), &process.pos);
    if (given) process.name = *given;
    const TaskHead head = read_head(*this, false);
    process.copies = head.copies;
    process.nice = head.nice.value_or(0);
    process.pid = head.pid;
    process.arrive = head.arrive;
    process.cpus = head.cpus;
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

void Parser::parse_kthread() {
    ProcessDecl process;
    process.kernel_thread = true;
    parse_body(process, Place::kernel_thread);
}

bool Parser::parse_thread(ProcessDecl& process) {
    ThreadDecl thread;
    const auto given = name(text("the name of the thread", "线程名"), &thread.pos);
    if (given) thread.name = *given;
    const TaskHead head = read_head(*this, true);
    thread.copies = head.copies;
    thread.nice = head.nice;
    thread.cpus = head.cpus;
    const Text what = text("what the thread does: '{' and statements", "线程做什么：“{” 和语句");
    if (!parse_block(thread.body, Place::thread, nullptr, what)) return false;
    if (given) process.threads.push_back(std::move(thread));
    return true;
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
