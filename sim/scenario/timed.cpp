// Timed lines: what the world outside does to the machine at a stated moment. `every` is written
// out as single lines when it is read, so that the kernel knows only moments.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/model/shared.h"
#include "sim/scenario/lesson.h"
#include "sim/scenario/asm_verbs.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

using Kind = TimedAction::Kind;

struct ActionRow {
    Word word;
    Kind kind;
    bool (*read)(Parser&, TimedAction&);
};

bool read_target(Parser& p, TimedAction& action) {
    const auto path = p.task_path(action.target_pos);
    if (path) action.target = *path;
    return path.has_value();
}

bool read_kill(Parser& p, TimedAction& action) {
    if (!read_target(p, action)) return false;
    action.value = 15;
    if (p.is_number_next()) {
        const auto number = p.signal();
        if (number) action.value = *number;
        return number.has_value();
    }
    if (p.peek().kind != Token::Kind::word || p.is_action(0) || p.starts_something(p.peek()))
        return true;
    const auto signal = p.signal();
    if (signal) action.value = *signal;
    return true;
}

bool read_ctrl(Parser& p, TimedAction& action) {
    const Token& token = p.peek();
    const std::string_view letter = token.kind == Token::Kind::word ? token.text : "";
    action.value = letter == "C" || letter == "c"   ? sig::intr
                   : letter == "Z" || letter == "z" ? sig::tstp
                   : letter == "Q" || letter == "q" ? sig::quit
                                                    : 0;
    if (action.value == 0) {
        p.expected(text("C, Z or Q: the key typed with Ctrl", "C、Z 或 Q：与 Ctrl 同按的键"));
        return false;
    }
    p.take();
    return true;
}

bool read_nice(Parser& p, TimedAction& action) {
    if (!read_target(p, action)) return false;
    const auto nice = p.integer(nice_range());
    if (nice) action.value = static_cast<std::int32_t>(*nice);
    return nice.has_value();
}

bool read_chrt(Parser& p, TimedAction& action) {
    return read_target(p, action) && read_sched_params(p, action.sched);
}

bool read_affinity(Parser& p, TimedAction& action) {
    if (!read_target(p, action)) return false;
    const auto cpus = p.cpu_list();
    if (cpus) action.cpus = *cpus;
    return cpus.has_value();
}

bool read_irq(Parser& p, TimedAction& action) {
    const auto device = p.name(text("the name of a device", "设备名"), &action.target_pos);
    if (device) action.target = *device;
    return device.has_value();
}

bool read_smp_affinity(Parser& p, TimedAction& action) {
    if (!read_irq(p, action)) return false;
    const auto cpus = p.cpu_list();
    if (cpus) action.cpus = *cpus;
    return cpus.has_value();
}

bool read_group_name(Parser& p, TimedAction& action) {
    const auto group = p.name(text("the name of a group", "组名"), &action.target_pos);
    if (group) action.target = *group;
    return group.has_value();
}

bool read_weight(Parser& p, TimedAction& action) {
    if (!read_group_name(p, action)) return false;
    const auto weight = p.integer(weight_range());
    if (weight) action.value = static_cast<std::int32_t>(*weight);
    return weight.has_value();
}

bool read_quota(Parser& p, TimedAction& action) {
    action.period = 100 * kMilli;
    return read_group_name(p, action) && p.quota(action.quota, action.period);
}

bool read_move(Parser& p, TimedAction& action) {
    if (!read_target(p, action)) return false;
    if (p.take_word("root")) return true;
    SourcePos pos;
    const auto group = p.name(text("the name of a group, or root", "组名，或 root"), &pos);
    if (group) action.group = *group;
    return group.has_value();
}

// set TASK NAME = NUMBER: what a debugger does to a stopped program.
bool read_set(Parser& p, TimedAction& action) {
    if (!read_target(p, action)) return false;
    const Token& name = p.peek();
    if (name.kind == Token::Kind::number && name.text.starts_with("0x")) {
        std::uint64_t address = 0;   // a word of its memory
        if (!read_set_number(p, address)) return false;
        char digits[20];
        std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(address));
        action.name = digits;
    } else if (name.kind != Token::Kind::word) {
        p.expected(text("a register (rax), a variable (counter, table+8) or an address (0x404000)",
                        "寄存器（rax）、变量（counter、table+8）或地址（0x404000）"));
        return false;
    } else {
        action.name = std::string(p.take().text);
    }
    if (p.take_sign("+")) {
        std::uint64_t offset = 0;
        if (!read_set_number(p, offset)) return false;
        action.name += "+" + std::to_string(offset);
    }
    if (!p.take_sign("=")) {
        p.expected(text("'=' and a number", "“=” 和一个数"));
        return false;
    }
    return read_set_number(p, action.number);
}

bool read_caption(Parser& p, TimedAction& action) {
    const Text what = text("the caption in double quotes", "双引号里的说明文字");
    const auto english = p.string(what);
    if (!english) return false;
    action.text = *english;
    if (p.take_word("zh")) {
        const auto chinese = p.string(what);
        if (!chinese) return false;
        action.text_zh = *chinese;
    }
    return !p.take_word("spotlight") || read_spotlight(p, action.name);
}

constexpr ActionRow kActionRows[] = {
    {{"kill", "kill TASK [SIGNAL]", "send a signal (default TERM)", "发送信号（默认 TERM）",
      "kill editor TERM"},
     Kind::kill,
     read_kill},
    {{"killpg", "killpg TASK [SIGNAL]", "send a signal to the process group of a task",
      "给某任务所在的进程组发送信号", "killpg editor TERM"},
     Kind::killpg,
     read_kill},
    {{"ctrl", "ctrl LETTER",
      "somebody types Ctrl-C (INT), Ctrl-Z (TSTP) or Ctrl-\\ (written Q, QUIT): to the foreground group",
      "有人按下 Ctrl-C（INT）、Ctrl-Z（TSTP）或 Ctrl-\\（写作 Q，QUIT）：发给前台进程组", "ctrl C"},
     Kind::ctrl,
     read_ctrl},
    {{"nice", "nice TASK NUMBER", "give a task another nice value", "修改任务的 nice 值",
      "nice editor 5"},
     Kind::setnice,
     read_nice},
    {{"chrt", "chrt TASK POLICY", "give a task another scheduling policy: the words of `policy`",
      "修改任务的调度策略：用词与 policy 相同", "chrt editor fifo 20"},
     Kind::sched,
     read_chrt},
    {{"affinity", "affinity TASK CPUS", "let a task run only on these CPUs", "限定任务能用的 CPU",
      "affinity editor 0"},
     Kind::affinity,
     read_affinity},
    {{"weight", "weight GROUP NUMBER", "write a group's cpu.weight, 1 to 10000", "改写一个组的 cpu.weight，1 到 10000",
      "weight build 50"},
     Kind::weight,
     read_weight},
    {{"quota", "quota GROUP TIME/TIME or max", "write a group's cpu.max", "改写一个组的 cpu.max", "quota build 20ms/100ms"},
     Kind::quota,
     read_quota},
    {{"move", "move TASK GROUP or root", "move a process into another group (cgroup.procs)",
      "把进程移到另一个组（cgroup.procs）", "move editor build"},
     Kind::move,
     read_move},
    {{"stop", "stop KTHREAD", "ask a kernel thread to end (KTHREAD_SHOULD_STOP, and it is woken); nobody waits until it has",
      "请求内核线程结束（置 KTHREAD_SHOULD_STOP 并唤醒它）；没有人等它结束", "stop scrubber"},
     Kind::stop_kthread,
     read_target},
    {{"irq", "irq DEVICE", "make a device interrupt", "让设备产生一次中断", "irq keyboard"},
     Kind::irq,
     read_irq},
    {{"smp_affinity", "smp_affinity DEVICE CPUS",
      "let only these CPUs take a device's interrupts, as writing to /proc/irq/N/smp_affinity does",
      "只让这些 CPU 处理设备的中断，如同写 /proc/irq/N/smp_affinity", "smp_affinity nic 0"},
     Kind::smp_affinity,
     read_smp_affinity},
    {{"set", "set TASK NAME = NUMBER", "a debugger's hand: a register (as the task has it in user mode) or a shared variable",
      "调试器的手：改写寄存器（任务在用户态的值）或共享变量", "set editor rax = 5"},
     Kind::set,
     read_set},
    {{"caption", "caption \"TEXT\" [zh \"TEXT\"] [spotlight PLACE]", "show a sentence on the stage from now on; the place it speaks of (a panel, stage, tasks, timeline) is lit",
      "从此刻起在舞台上显示一句话；它所讲的位置（面板、stage、tasks、timeline）会被照亮", "caption \"Now the editor wakes up.\""},
     Kind::caption,
     read_caption},
};

const ActionRow* find_action(std::string_view name) { return find_row(kActionRows, name); }

}  // namespace

std::vector<Word> action_words() { return words_of(kActionRows); }

std::string signal_word(std::int32_t number) { return signal_name(number); }

// `irq 1` and `nice 5` are settings, `irq keyboard` and `nice editor 5` are actions.
bool Parser::is_action(std::size_t ahead) const {
    const Token& token = peek(ahead);
    if (token.kind != Token::Kind::word || find_action(token.text) == nullptr) return false;
    const Token& next = peek(ahead + 1);
    if (token.text == "caption") return next.kind == Token::Kind::string;
    if (token.text == "kill" || token.text == "killpg" || token.text == "chrt") return true;
    if (token.text == "ctrl") return next.kind == Token::Kind::word;
    const bool is_name = next.kind == Token::Kind::word && !starts_something(next);
    return is_name || (token.text != "irq" && next.kind == Token::Kind::number &&
                       peek(ahead + 2).kind == Token::Kind::number);
}

bool Parser::parse_action(const std::vector<Nanos>& times, std::vector<TimedAction>& out) {
    const Token& token = peek();
    const ActionRow* row = token.kind == Token::Kind::word ? find_action(token.text) : nullptr;
    if (row == nullptr) {
        if (token.kind == Token::Kind::word && !starts_something(token)) {
            row =
                find_action(unknown_word(token, text("action", "动作"), names(WordGroup::action)));
        } else {
            expected(
                {.en = "something to do at that time (" + listed(names(WordGroup::action)) + ")",
                 .zh = "在那个时刻要做的事（" + listed(names(WordGroup::action)) + "）"});
        }
        if (row == nullptr) return false;
    }
    take();
    TimedAction action;
    action.kind = row->kind;
    action.pos = token.pos;
    if (!row->read(*this, action)) return false;
    const auto limit = static_cast<std::size_t>(limits::timed_actions);
    if (out.size() + times.size() > limit) {
        error(token.pos,
              text("more than the limit of {0} timed actions; `every` counts each time",
                   "定时动作超过了上限 {0} 个；every 的每一次都计数", {std::to_string(limit)}));
        is_hopeless_ = true;
        return false;
    }
    for (const Nanos at : times) {
        action.at = at;
        out.push_back(action);
    }
    return true;
}

void Parser::parse_action_list(const std::vector<Nanos>& times) {
    const Token& open = peek();
    if (!take_sign("{")) {
        if (!parse_action(times, out_.timeline)) skip_item();
        return;
    }
    while (!at_end() && !peek().is("}") && !is_hopeless_) {
        // `nice` and `affinity` are also verbs, hence known; other words of the top end a block
        // left open.
        const bool is_action_word = find_action(peek().text) != nullptr;
        if (!is_action_word && starts_something(peek()) && lacks_a_closing_brace()) break;
        mark_item();
        if (parse_action(times, out_.timeline)) continue;
        if (!peek().is("}") && !at_end() && !is_action(0)) take();
        while (!at_end() && !peek().is("}") && !peek().is("{") && !is_action(0) &&
               !starts_something(peek()))
            take();
        if (peek().is("{")) skip_block();
    }
    close_brace(open);
}

void Parser::parse_at() {
    std::vector<Nanos> times;
    do {
        const auto time = duration();
        if (!time) {
            // Go on with the actions, so that their mistakes are found too.
            while (!at_end() && !peek().is("{") && !peek().is("}") && !is_action(0) &&
                   !starts_something(peek()))
                take();
            break;
        }
        times.push_back(*time);
    } while (take_sign(","));
    if (times.empty() && !peek().is("{") && !is_action(0)) return;
    parse_action_list(times);
}

void Parser::parse_every() {
    const SourcePos pos = peek().pos;
    const auto period = duration();
    Nanos from = period.value_or(0);
    if (take_word("from")) from = duration().value_or(0);
    std::optional<Nanos> until;
    if (take_word("until")) {
        until = duration();
    } else if (period) {
        error(peek().pos, text("say until when, as in: every 10ms until 100ms { irq nic }",
                               "请写明到何时为止，例如：every 10ms until 100ms { irq nic }"));
    }
    std::vector<Nanos> times;
    if (period && *period == 0) {
        error(pos, text("the time from one to the next must be longer than 0",
                        "两次之间的时间必须大于 0"));
    } else if (period && until) {
        const auto most = static_cast<std::size_t>(limits::timed_actions) + 1;
        for (Nanos at = from; at <= *until && times.size() < most; at += *period)
            times.push_back(at);
    }
    parse_action_list(times);
}

void Parser::parse_actions(Nanos at, std::vector<TimedAction>& out) {
    while (!at_end() && !is_hopeless_) {
        if (!parse_action({at}, out)) return;
    }
}

}  // namespace sy::scn
