// `group NAME … { processes }`: cgroups with the cpu controller. Groups may stand in groups; a process belongs to the
// group around it, or to the one it names (`process cc group build`).
#include "sim/base/limits.h"
#include "sim/model/task.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {

namespace {

constexpr int kDeepest = 8;   // groups inside groups

bool read_weight(Parser& p, GroupDecl& group) {
    const auto value = p.integer(weight_range());
    if (value) group.weight = static_cast<std::int32_t>(*value);
    return value.has_value();
}

}  // namespace

Parser::Range weight_range() {
    return {.first = 1, .last = 10'000, .what = text("a weight (cpu.weight, default 100)", "权重（cpu.weight，默认 100）"), .limit = {}};
}

std::int32_t Parser::find_group(std::string_view name) const {
    for (std::size_t i = 0; i < out_.groups.size(); ++i)
        if (out_.groups[i].name == name) return static_cast<std::int32_t>(i);
    return -1;
}

bool Parser::quota(Nanos& quota, Nanos& period) {
    if (take_word("max")) {
        quota = 0;
        return true;
    }
    const SourcePos pos = peek().pos;
    const auto given = duration();
    if (!given) return false;
    quota = *given;
    period = 100 * kMilli;
    if (take_sign("/")) {
        const auto length = duration();
        if (!length) return false;
        period = *length;
    }
    // min_cfs_quota_period and max_cfs_quota_period.
    if (quota < kMilli || period < kMilli || period > kSecond) {
        error(pos, text("a quota is at least 1ms, its period from 1ms to 1s: quota 20ms/100ms",
                        "配额至少 1ms，周期为 1ms 到 1s：quota 20ms/100ms"));
        quota = 0;
        period = 100 * kMilli;
    }
    return true;
}

void Parser::parse_group() {
    GroupDecl group;
    const auto given = name(text("the name of the group", "组名"), &group.pos);
    if (given) group.name = *given;
    group.parent = open_group_;
    for (;;) {
        if (take_word("weight")) {
            if (!read_weight(*this, group)) return skip_item();
        } else if (take_word("quota")) {
            if (!quota(group.quota, group.period)) return skip_item();
        } else {
            break;
        }
    }
    if (given && find_group(group.name) >= 0)
        error(group.pos, text("there is a group '{0}' already", "已经有一个组叫 “{0}”", {group.name}));
    int depth = 1;
    for (std::int32_t g = open_group_; g >= 0; g = out_.groups[static_cast<std::size_t>(g)].parent) ++depth;
    if (depth > kDeepest) error(group.pos, text("groups are nested more than {0} deep", "组的嵌套超过 {0} 层", {std::to_string(kDeepest)}));
    if (out_.groups.size() >= kMaxGroups / 2) {
        error(group.pos, text("more than the limit of {0} groups", "组数超过上限 {0}", {std::to_string(kMaxGroups / 2)}));
        is_hopeless_ = true;
        return;
    }
    out_.groups.push_back(group);
    const Token& open = peek();
    if (!take_sign("{")) return;
    const std::int32_t around = open_group_;
    open_group_ = static_cast<std::int32_t>(out_.groups.size()) - 1;
    if (enter()) {
        while (!at_end() && !peek().is("}") && !is_hopeless_) {
            mark_item();
            if (take_word("process")) {
                parse_process();
            } else if (take_word("group")) {
                parse_group();
            } else {
                if (lacks_a_closing_brace() && starts_something(peek())) break;
                expected(text("process or group, the things a group holds", "process 或 group，即组里可以有的东西"));
                take();
                skip_item();
                if (peek().is("{")) skip_block();
            }
        }
    } else {
        skip_block();
    }
    leave();
    open_group_ = around;
    close_brace(open);
}

}  // namespace sy::scn
