// `device` and `pipe`: what tasks read from, write to and wait for.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"

namespace sy::scn {
namespace {

struct DeviceRow {
    Word word;
    bool (*read)(Parser&, DeviceDecl&);
};

bool read_irq(Parser& p, DeviceDecl& device) {
    const auto value =
        p.integer({.first = 1,
                   .last = 255,
                   .what = text("an interrupt line (0 is the timer)", "中断线编号（0 是时钟）"),
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
        p.error(pos, text("the time between two interrupts must be longer than 0",
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
            p.error(p.peek().pos,
                    text("more than the limit of {0} moments", "时刻超过了上限 {0} 个",
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
                   .what = text("the number of a CPU", "CPU 编号"),
                   .limit = text("64 CPUs, numbered from 0", "最多 64 个 CPU，从 0 编号")});
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

bool read_handler(Parser& p, DeviceDecl& device) {
    device.handler = p.dist();
    return device.handler.has_value();
}

bool read_raises(Parser& p, DeviceDecl& device) {
    const auto vec = p.softirq_vector();
    if (!vec) return false;
    device.raises = *vec;
    if (!p.is_duration_next()) return true;
    const auto work = p.dist();
    if (work) device.work = *work;
    return work.has_value();
}

bool read_packets(Parser& p, DeviceDecl& device) {
    const auto count = p.integer({.first = 1,
                                  .last = 256,
                                  .what = text("a number of packets", "包的个数"),
                                  .limit = text("packets in a device's ring", "设备环形缓冲的包数")});
    if (count) device.packets = static_cast<std::int32_t>(*count);
    return count.has_value();
}

bool read_tasklet(Parser& p, DeviceDecl& device) {
    const auto given = p.name(text("the name of a tasklet", "tasklet 的名字"), &device.tasklet_pos);
    if (given) device.tasklet = *given;
    return given.has_value();
}

bool read_threaded(Parser& p, DeviceDecl& device) {
    device.threaded = p.dist();
    return device.threaded.has_value();
}

bool read_smp_affinity(Parser& p, DeviceDecl& device) {
    const auto cpus = p.cpu_list();
    if (cpus) device.smp_affinity = *cpus;
    return cpus.has_value();
}

bool read_level(Parser&, DeviceDecl& device) {
    device.level = true;
    return true;
}

bool read_shared(Parser&, DeviceDecl& device) {
    device.shared = true;
    return true;
}

bool read_enables(Parser&, DeviceDecl& device) {
    device.enables_irqs = true;
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
    {{"smp_affinity", "smp_affinity CPUS", "the CPUs that may take its interrupts (default: cpu)",
      "可以处理它的中断的 CPU（默认：cpu）", "device nic smp_affinity 0"},
     read_smp_affinity},
    {{"handler", "handler TIME", "how long its hard handler works, interrupts off (default 700ns)",
      "硬中断处理程序工作多久，关中断（默认 700ns）", "device nic handler 5us"},
     read_handler},
    {{"raises", "raises VECTOR [TIME]",
      "the softirq that its handler raises, and how long that works (net_rx: for each packet)",
      "其处理程序触发的软中断，以及它工作多久（net_rx：每个包）", "device nic raises net_rx 20us"},
     read_raises},
    {{"packets", "packets NUMBER", "packets that arrive at once (net_rx)", "一次到来的包数（net_rx）",
      "device nic packets 8 raises net_rx 2us"},
     read_packets},
    {{"tasklet", "tasklet NAME", "the tasklet that its handler schedules", "其处理程序调度的 tasklet",
      "device nic tasklet rx"},
     read_tasklet},
    {{"threaded", "threaded TIME",
      "a threaded handler: the kernel thread irq/N-NAME does the work, for so long",
      "线程化的处理程序：由内核线程 irq/N-名字 工作这么久", "device nic threaded 100us"},
     read_threaded},
    {{"level", "level", "level-triggered: it asks until it is served (default: edge)",
      "电平触发：一直请求到被服务为止（默认边沿触发）", "device nic level"},
     read_level},
    {{"shared", "shared", "other devices may have the same interrupt line (IRQF_SHARED)",
      "别的设备可以用同一条中断线（IRQF_SHARED）", "device nic irq 11 level shared"},
     read_shared},
    {{"local_irq_enable", "local_irq_enable",
      "a wrong driver: its handler turns interrupts on, and Linux warns",
      "错误的驱动：其处理程序打开中断，Linux 会警告", "device nic handler 50us local_irq_enable"},
     read_enables},
};

}  // namespace

std::vector<Word> device_words() { return words_of(kDeviceRows); }

// Behind `device NAME …` and `clients NAME …`, `every` and `at` may also begin the next line of the file. What follows
// the time decides: timed lines go on with a brace, `from`, `until` or an action.
bool Parser::is_timed_line_next() const {
    if (!peek().is_word("at") && !peek().is_word("every")) return false;
    std::size_t ahead = 1;
    while (true) {
        const Token& token = peek(ahead);
        const bool is_of_time = token.kind == Token::Kind::number || token.is(",") ||
                                token.is("(") || token.is(")") || token.is("-") ||
                                (peek(ahead + 1).is("(")) || token.is_word("ms") ||
                                token.is_word("us") || token.is_word("ns") || token.is_word("s");
        if (!is_of_time || token.kind == Token::Kind::end) break;
        ++ahead;
    }
    return peek(ahead).is("{") || peek(ahead).is_word("until") ||
           peek(ahead).is_word("from") || is_action(ahead);
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
    const auto is_tasklet_next = [&] {
        return peek().is_word("tasklet") && (peek(2).is("{") || peek(2).is_word("hi"));
    };
    while (peek().kind == Token::Kind::word && !is_timed_line_next() && !is_tasklet_next()) {
        const Token& token = peek();
        const DeviceRow* row = find_row(kDeviceRows, token.text);
        if (row == nullptr) {
            if (starts_something(token)) break;
            const std::string meant = unknown_word(token, text("setting of a device", "设备设置"),
                                                   names(WordGroup::device));
            row = find_row(kDeviceRows, meant);
        } else {
            if (std::find(seen.begin(), seen.end(), row->word.name) != seen.end()) set_twice(token);
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

}  // namespace sy::scn
