// `machine { … }`: each setting is one row, what it looks like, what it means, and the function
// that reads what follows the word.
#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"
#include "sim/sched/settings.h"
#include "sim/sched/topology.h"

namespace sy::scn {
namespace {

using Read =
    bool (*)(Parser&);  // behind the word; false: something was wrong and has been reported

struct MachineRow {
    Word word;
    Read read;
};

bool read_cpus(Parser& p) {
    p.out().machine.cpus_pos = p.peek().pos;
    const auto value = p.integer({.first = 1,
                                  .last = limits::cpus,
                                  .what = text("the number of CPUs", "CPU 个数"),
                                  .limit = text("CPUs of one machine", "一台机器的 CPU 数")});
    if (value) p.out().machine.cpus = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_hz(Parser& p) {
    const SourcePos pos = p.peek().pos;
    const auto value = p.integer({.first = 1,
                                  .last = 100'000,
                                  .what = text("the ticks a second", "每秒时钟中断次数"),
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

bool peek_list(const Parser& p) {
    const Token::Kind next = p.peek(1).kind;
    return p.peek().is("/") && (next == Token::Kind::word || next == Token::Kind::number);
}

bool read_scheduler(Parser& p) {
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(text("the name of a scheduler such as cfs", "调度器的名字，例如 cfs"));
        return false;
    }
    p.take();
    const SchedulerWords* known = find_scheduler(p.options(), name.text);
    if (!p.options().schedulers.empty() && known == nullptr) {
        std::vector<std::string_view> all;
        for (const SchedulerWords& words : p.options().schedulers) all.push_back(words.name);
        p.unknown_word(name, text("scheduler", "调度器"), all);
    }
    MachineDecl& machine = p.out().machine;
    machine.scheduler = std::string(name.text);
    machine.scheduler_pos = name.pos;
    machine.scheduler_options.clear();
    while (is_setting_next(p)) {
        const Token& key = p.take();
        p.take();
        const Token& value = p.peek();
        if (value.kind != Token::Kind::word && value.kind != Token::Kind::number) {
            p.expected(text("a value behind '='", "“=” 后面的值"));
            return false;
        }
        p.take();
        std::string setting = known == nullptr ? std::string(key.text) : canonical_setting(key.text, known->options);
        if (setting.empty()) {
            const std::string of = std::string(known->name);
            p.unknown_word(key, text("setting of scheduler {0}", "{0} 调度器设置", {of}),
                           known->options);
        }
        std::string written(value.text);
        while (peek_list(p)) {  // 10ms/20ms/40ms
            p.take();
            written += "/" + std::string(p.take().text);
        }
        if (setting.empty()) setting = key.text;
        machine.scheduler_options.emplace_back(std::move(setting), std::move(written));
    }
    return true;
}

bool read_costs(Parser& p) {
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(text("linux or ideal", " linux 或 ideal"));
        return false;
    }
    p.take();
    MachineDecl& machine = p.out().machine;
    if (name.text != "linux" && name.text != "ideal") {
        p.unknown_word(name, text("costs", "开销模型"), {"linux", "ideal"});
    }
    machine.costs_ideal = name.text == "ideal";
    while (is_setting_next(p)) {
        const Token& key = p.take();
        p.take();
        const auto known = p.options().cost_names;
        if (!known.empty() && std::find(known.begin(), known.end(), key.text) == known.end()) {
            p.unknown_word(key, text("cost", "开销项"), {known.begin(), known.end()});
        }
        const auto time = p.duration();
        if (!time) return false;
        machine.costs.emplace_back(key.text, *time);
    }
    return true;
}

// KEY=COUNT for some of nodes, llc, cores, smt.
bool read_topology(Parser& p) {
    TopologyDecl t;
    t.pos = p.peek().pos;
    t.cores = 1;
    bool any = false;
    while (is_setting_next(p)) {
        const Token& key = p.take();
        p.take();
        std::int32_t* const part = key.text == "nodes"   ? &t.nodes
                                   : key.text == "llc"   ? &t.llc
                                   : key.text == "cores" ? &t.cores
                                   : key.text == "smt"   ? &t.smt
                                                         : nullptr;
        if (part == nullptr) p.unknown_word(key, text("part of a topology", "拓扑部分"), {"nodes", "llc", "cores", "smt"});
        const auto count = p.integer({.first = 1,
                                      .last = limits::cpus,
                                      .what = text("how many there are", "个数"),
                                      .limit = text("CPUs of one machine", "一台机器的 CPU 数")});
        if (!count) return false;
        if (part != nullptr) *part = static_cast<std::int32_t>(*count);
        any = true;
    }
    if (!any) {
        p.expected(text("the parts of the topology, such as nodes=2 cores=4 smt=2",
                        "拓扑的各部分，例如 nodes=2 cores=4 smt=2"));
        return false;
    }
    p.out().machine.topology = t;
    return true;
}

bool read_autogroup(Parser& p) {
    if (p.take_word("on")) {
        p.out().machine.autogroup = true;
    } else if (p.take_word("off")) {
        p.out().machine.autogroup = false;
    } else {
        p.expected(text("on or off", " on 或 off"));
        return false;
    }
    return true;
}

bool read_preempt(Parser& p) {
    constexpr std::array<std::string_view, 4> kNames = {"none", "voluntary", "full", "lazy"};
    const Token& name = p.peek();
    if (name.kind != Token::Kind::word) {
        p.expected(text("none, voluntary, full or lazy", " none、voluntary、full 或 lazy"));
        return false;
    }
    p.take();
    const auto found = std::find(kNames.begin(), kNames.end(), name.text);
    if (found == kNames.end()) {
        p.unknown_word(name, text("preemption model", "抢占模型"), {kNames.begin(), kNames.end()});
        return true;
    }
    p.out().machine.preempt = static_cast<MachineDecl::Preempt>(found - kNames.begin());
    return true;
}

bool read_trace(Parser& p) {
    constexpr std::array<std::string_view, 3> kNames = {"all", "sched", "none"};
    const Token& name = p.peek();
    const auto found = std::find(kNames.begin(), kNames.end(), name.text);
    if (name.kind != Token::Kind::word) {
        p.expected(text("all, sched or none", " all、sched 或 none"));
        return false;
    }
    p.take();
    if (found == kNames.end())
        p.unknown_word(name, text("set of tracepoints", "跟踪点集合"), {kNames.begin(), kNames.end()});
    else
        p.out().machine.trace = static_cast<MachineDecl::Trace>(found - kNames.begin());
    return true;
}

bool read_seed(Parser& p) {
    const auto value = p.integer({.first = 0,
                                  .last = 999'999'999'999'999'999,
                                  .what = text("the seed", "随机种子"),
                                  .limit = {}});
    if (value) p.out().machine.seed = static_cast<std::uint64_t>(*value);
    return value.has_value();
}

bool read_memory(Parser& p) {
    constexpr std::int64_t kBlock = std::int64_t{4} << 20, kLeast = 4 * kBlock, kMost = std::int64_t{128} << 30;
    const SourcePos pos = p.peek().pos;
    if (p.take_word("sc")) return true;
    if (p.take_word("tso")) {
        p.out().machine.tso = true;
        if (!p.take_word("drain")) return true;
        p.out().machine.store_drain = p.dist();
        return p.out().machine.store_drain.has_value();
    }
    const auto value = p.bytes(kMost);
    if (!value) return false;
    if (*value < kLeast || *value % kBlock != 0) {
        p.error(pos, text("memory is 16MiB to 128GiB in blocks of 4MiB, the largest that the buddy allocator knows",
                          "内存为 16MiB 到 128GiB，以 4MiB（伙伴分配器的最大块）为单位"));
        return false;
    }
    p.out().machine.memory = *value;
    return true;
}

bool read_pcid(Parser& p) {
    if (p.take_word("on")) return true;
    if (p.take_word("off")) {
        p.out().machine.pcid = false;
        return true;
    }
    p.expected(text("on or off", " on 或 off"));
    return false;
}

bool read_until(Parser& p) {
    const SourcePos pos = p.peek().pos;
    const auto time = p.duration();
    if (!time) return false;
    if (*time == 0) {
        p.error(pos, text("a run until 0 shows nothing; give it a length, such as 50ms",
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
    {{"topology", "topology [nodes=COUNT] [llc=COUNT] [cores=COUNT] [smt=COUNT]",
      "how the CPUs hang together: nodes, last-level caches of a node, cores behind a cache, hardware "
      "threads of a core (default: all cores share one cache)",
      "CPU 的组织方式：节点数、每节点的末级缓存数、每个缓存后的核数、每核的硬件线程数（默认：所有核共享一个缓存）",
      "topology nodes=2 cores=2 smt=2"},
     read_topology},
    {{"autogroup", "autogroup on|off",
      "each session competes as one group (sched_autogroup_enabled, default off)",
      "每个会话作为一个组参与竞争（sched_autogroup_enabled，默认关）", "autogroup on"},
     read_autogroup},
    {{"preempt", "preempt none|voluntary|full|lazy",
      "whether a task may lose the CPU inside the kernel (default voluntary)",
      "任务在内核态时能否被抢占（默认 voluntary）", "preempt full"},
     read_preempt},
    {{"trace", "trace all|sched|none",
      "which tracepoints write records: all, those of the scheduler, none (default all)",
      "哪些跟踪点写记录：全部、调度器的、都不写（默认 all）", "trace sched"},
     read_trace},
    {{"memory", "memory SIZE or sc or tso [drain TIME]",
      "RAM, 16MiB to 128GiB in blocks of 4MiB (default 128GiB); or in which order CPUs see each other's stores: sc "
      "(sequentially consistent, default), tso (x86's store buffers; drain: how long a store waits there)",
      "内存大小，16MiB 到 128GiB，以 4MiB 为单位（默认 128GiB）；或各 CPU 看到彼此写入的次序：sc（顺序一致，默认）、"
      "tso（x86 的存储缓冲；drain：一次写入在其中等多久）", "memory 64MiB"},
     read_memory},
    {{"pcid", "pcid on|off",
      "whether TLB entries carry the id of their address space; without it every CR3 write flushes all (default on)",
      "TLB 项是否带有地址空间编号；没有编号时每次写 CR3 都清空全部（默认 on）", "pcid off"},
     read_pcid},
    {{"seed", "seed NUMBER",
      "start of all random draws; the same seed gives the same run (default 1)",
      "所有随机数的起点；同一个种子得到同一次运行（默认 1）", "seed 7"},
     read_seed},
    {{"until", "until TIME",
      "when the run ends (default: when every process has exited; 1s if one never does)",
      "运行到何时为止（默认：所有进程都退出时；有进程永不退出时为 1s）", "until 60ms"},
     read_until},
};

}  // namespace

std::vector<Word> machine_words() { return words_of(kMachineRows); }

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
            // `memory` is two settings: how much, and in which order it is seen.
            const bool is_order = token.is_word("memory") && (peek(1).is_word("sc") || peek(1).is_word("tso"));
            const std::string_view setting = is_order ? std::string_view("memory order") : row->word.name;
            if (std::find(seen.begin(), seen.end(), setting) != seen.end()) set_twice(token);
            seen.push_back(setting);
        }
        if (peek().is("{")) {
            skip_block();
            continue;
        }
        take();
        if (row != nullptr && row->read(*this)) continue;
        while (!at_end() && peek().kind != Token::Kind::word && !peek().is("{") &&
               !peek().is("}")) {
            take();
        }
    }
    close_brace(open);
    count_cpus();
}

// A topology says how many CPUs there are; if `cpus` says it too they must agree.
void Parser::count_cpus() {
    MachineDecl& machine = out_.machine;
    const TopologyDecl& t = machine.topology;
    const std::int64_t described = described_cpus(t);
    if (described == 0) return;
    const std::string count = std::to_string(described);
    if (described > limits::cpus) {
        error(t.pos, text("this topology has {0} CPUs; a machine can have {1}", "这个拓扑有 {0} 个 CPU；一台机器最多 {1} 个",
                          {count, std::to_string(limits::cpus)}));
        machine.topology = {};
    } else if (machine.cpus_pos.line != 0 && machine.cpus != described) {
        error(machine.cpus_pos, text("the topology has {0} CPUs, not {1}; leave out 'cpus' or make them agree",
                                     "拓扑里有 {0} 个 CPU，而不是 {1} 个；去掉 cpus 或使两者一致",
                                     {count, std::to_string(machine.cpus)}));
        machine.topology = {};
    } else {
        machine.cpus = static_cast<std::int32_t>(described);
    }
}

}  // namespace sy::scn
