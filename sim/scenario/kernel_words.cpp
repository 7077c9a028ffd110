// The words of bottom halves: names of the ten softirq vectors, and `tasklet NAME { … }` at the top of a file.
#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"

namespace sy::scn {
namespace {

// include/linux/interrupt.h in lower case, in the order of their numbers.
constexpr std::array<std::string_view, 10> kVectors = {"hi",       "timer",   "net_tx", "net_rx",  "block",
                                                       "irq_poll", "tasklet", "sched",  "hrtimer", "rcu"};

}  // namespace

std::string_view softirq_word(int vec) { return kVectors[static_cast<std::size_t>(vec)]; }

std::optional<std::int8_t> Parser::softirq_vector() {
    const Token& token = peek();
    if (token.kind != Token::Kind::word) {
        expected({.en = "a softirq (hi, timer, net_tx, net_rx, block, irq_poll, tasklet, sched, hrtimer, rcu)",
                  .zh = "一个软中断（hi、timer、net_tx、net_rx、block、irq_poll、tasklet、sched、hrtimer、rcu）"});
        return std::nullopt;
    }
    auto at = std::find(kVectors.begin(), kVectors.end(), token.text);
    if (at == kVectors.end()) {
        const std::string meant =
            unknown_word(token, text("softirq", "软中断"), {kVectors.begin(), kVectors.end()});
        take();
        at = std::find(kVectors.begin(), kVectors.end(), meant);
        if (at == kVectors.end()) return std::nullopt;
    } else {
        take();
    }
    return static_cast<std::int8_t>(at - kVectors.begin());
}

void Parser::parse_tasklet() {
    TaskletDecl tasklet;
    const auto given = name(text("the name of the tasklet", "tasklet 的名字"), &tasklet.pos);
    if (!given) return skip_item();
    tasklet.name = *given;
    tasklet.hi = take_word("hi");
    parse_block(tasklet.body, Place::tasklet, nullptr,
                text("what the tasklet does: '{' and statements", "tasklet 做什么：“{” 和语句"));
    if (out_.tasklets.size() == static_cast<std::size_t>(limits::devices)) {
        error(tasklet.pos, text("more than the limit of {0} tasklets", "tasklet 超过了上限 {0} 个",
                                {std::to_string(limits::devices)}));
    }
    out_.tasklets.push_back(std::move(tasklet));
}

}  // namespace sy::scn
