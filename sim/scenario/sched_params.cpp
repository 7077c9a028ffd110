// What sched_setscheduler and sched_setattr can say, in the words of chrt: `fifo 20`, `rr 10`, `batch`, `idle`,
// `normal slice 3ms`, `deadline runtime 3ms period 10ms`. The same words behind `policy` in a head, behind `chrt` in a
// program and in a timed line.
#include <algorithm>
#include <array>

#include "sim/scenario/parser.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/write.h"

namespace sy::scn {

namespace {

struct PolicyWord {
    std::string_view name;
    Policy policy;
};
constexpr std::array kPolicies = {
    PolicyWord{"normal", Policy::normal}, PolicyWord{"other", Policy::normal}, PolicyWord{"fifo", Policy::fifo},
    PolicyWord{"rr", Policy::rr},         PolicyWord{"batch", Policy::batch},  PolicyWord{"idle", Policy::idle},
    PolicyWord{"deadline", Policy::deadline}};

// linux.md 6.7: at least 1024 ns of runtime, a period of 100 us to 4194304 us.
constexpr Nanos kLeastRuntime = 1'024, kLeastPeriod = 100 * kMicro, kMostPeriod = 4'194'304 * kMicro;
// linux.md 6.5.7.
constexpr Nanos kLeastSlice = 100 * kMicro, kMostSlice = 100 * kMilli;

bool read_rt_priority(Parser& p, SchedParams& out) {
    const auto prio = p.integer({.first = 1,
                                 .last = 99,
                                 .what = text("a real-time priority (the higher number goes first)",
                                              "实时优先级（数字大者先）"),
                                 .limit = {}});
    if (prio) out.rt_priority = static_cast<std::int32_t>(*prio);
    return prio.has_value();
}

bool read_slice(Parser& p, SchedParams& out) {
    const SourcePos pos = p.peek().pos;
    const auto slice = p.duration();
    if (!slice) return false;
    if (*slice < kLeastSlice || *slice > kMostSlice)
        p.error(pos, text("a slice is 100us to 100ms long", "时间片（slice）的长度是 100us 到 100ms"));
    out.runtime = *slice;
    return true;
}

bool read_deadline(Parser& p, SchedParams& out, SourcePos pos) {
    while (true) {
        Nanos* const to = p.peek().is_word("runtime")    ? &out.runtime
                          : p.peek().is_word("deadline") ? &out.deadline
                          : p.peek().is_word("period")   ? &out.period
                                                         : nullptr;
        if (to == nullptr) break;
        p.take();
        const auto time = p.duration();
        if (!time) return false;
        *to = *time;
    }
    if (out.period == 0) out.period = out.deadline;
    if (out.deadline == 0) out.deadline = out.period;
    if (out.runtime == 0 || out.period == 0) {
        p.error(pos, text("say how much it needs and how often, as in: deadline runtime 3ms period 10ms",
                          "请写明需要多少时间、多久一次，例如：deadline runtime 3ms period 10ms"));
    } else if (out.runtime > out.deadline || out.deadline > out.period) {
        p.error(pos, text("it must hold that runtime <= deadline <= period", "必须满足 runtime <= deadline <= period"));
    } else if (out.runtime < kLeastRuntime || out.period < kLeastPeriod || out.period > kMostPeriod) {
        p.error(pos, text("the runtime is at least 1024ns, the period 100us to 4194304us",
                          "runtime 至少 1024ns，period 为 100us 到 4194304us"));
    }
    return true;
}

}  // namespace

bool read_sched_params(Parser& p, SchedParams& out) {
    const Token& token = p.peek();
    if (token.kind != Token::Kind::word) {
        p.expected(text("a policy: normal, batch, idle, fifo, rr or deadline",
                        "一种策略：normal、batch、idle、fifo、rr 或 deadline"));
        return false;
    }
    std::string_view name = token.text;
    if (name.starts_with("SCHED_")) name.remove_prefix(6);
    const auto same = [&](const PolicyWord& w) {
        return std::equal(name.begin(), name.end(), w.name.begin(), w.name.end(),
                          [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    };
    const auto found = std::find_if(kPolicies.begin(), kPolicies.end(), same);
    if (found == kPolicies.end()) {
        std::vector<std::string_view> known;
        for (const PolicyWord& w : kPolicies) known.push_back(w.name);
        p.unknown_word(token, text("policy", "策略"), known);
        p.take();
        return !p.is_number_next();
    }
    const SourcePos pos = token.pos;
    p.take();
    out.policy = found->policy;
    bool ok = true;
    switch (out.policy) {
        case Policy::fifo:
        case Policy::rr: ok = read_rt_priority(p, out); break;
        case Policy::deadline: ok = read_deadline(p, out, pos); break;
        case Policy::normal:
        case Policy::batch:
            if (p.take_word("slice")) ok = read_slice(p, out);
            break;
        case Policy::idle: break;
    }
    for (bool more = ok; more;) {
        const bool deadline = out.policy == Policy::deadline;
        bool* const flag = p.peek().is_word("reset-on-fork")           ? &out.reset_on_fork
                           : deadline && p.peek().is_word("dl-overrun") ? &out.dl_overrun
                           : deadline && p.peek().is_word("reclaim")    ? &out.reclaim
                                                                        : nullptr;
        more = flag != nullptr;
        if (!more) break;
        p.take();
        *flag = true;
    }
    return ok;
}

std::string write_sched_params(const SchedParams& s) {
    std::string out;
    for (const PolicyWord& w : kPolicies)
        if (w.policy == s.policy && out.empty()) out = w.name;
    if (s.policy == Policy::fifo || s.policy == Policy::rr) out += " " + std::to_string(s.rt_priority);
    if (s.policy == Policy::deadline) {
        out += " runtime " + write_duration(s.runtime);
        if (s.deadline != s.period) out += " deadline " + write_duration(s.deadline);
        out += " period " + write_duration(s.period);
    } else if (s.runtime != 0) {
        out += " slice " + write_duration(s.runtime);
    }
    if (s.dl_overrun) out += " dl-overrun";
    if (s.reclaim) out += " reclaim";
    return s.reset_on_fork ? out + " reset-on-fork" : out;
}

}  // namespace sy::scn
