#include "sim/report/switch_costs.h"

#include <fmt/format.h>

#include "sim/base/utf8.h"
#include "sim/report/json_text.h"

namespace sy {

namespace {

std::string padded(const std::string& s, std::size_t width) {
    const std::size_t w = static_cast<std::size_t>(utf8::width(s));
    return s + std::string(width > w ? width - w : 1, ' ');
}
std::string right(const std::string& s, std::size_t width) {
    const std::size_t w = static_cast<std::size_t>(utf8::width(s));
    return std::string(width > w ? width - w : 1, ' ') + s;
}

constexpr SwitchKind kOrder[] = {SwitchKind::coroutine, SwitchKind::mode, SwitchKind::thread, SwitchKind::process};

std::string table(const SwitchCosts& costs, Lang lang) {
    const auto say = [&](const char* en, const char* zh) { return std::string(lang == Lang::zh ? zh : en); };
    std::string out = padded(say("  one switch (mean)", "  一次切换（平均）"), 22);
    for (const auto& [en, zh] : {std::pair{"times", "次数"}, {"ns", "纳秒"}, {"steps", "步数"}, {"stored", "存寄存器"},
                                 {"loaded", "取寄存器"}, {"words", "移动字数"}, {"copied B", "拷贝字节"}, {"CR3", "CR3"}, {"flushes", "刷 TLB"}})
        out += right(say(en, zh), 10);
    out += "\n";
    for (const SwitchKind kind : kOrder) {
        const SwitchCost& c = costs.of(kind);
        out += padded("  " + switch_kind_name(kind).in(lang), 22) + right(std::to_string(c.times), 10);
        for (const std::uint64_t v : {static_cast<std::uint64_t>(c.time), c.steps, c.stored, c.loaded, c.words, c.copied, c.cr3, c.tlb_flushes})
            out += right(c.times == 0 ? "-" : mean_text(v, c.times), 10);
        out += "\n";
    }
    return out;
}

std::string ratios(const SwitchCosts& costs, Lang lang) {
    const SwitchCost& base = costs.of(SwitchKind::coroutine);
    if (base.times == 0 || base.time == 0) return {};
    std::string out;
    for (const SwitchKind kind : {SwitchKind::mode, SwitchKind::thread, SwitchKind::process}) {
        const SwitchCost& c = costs.of(kind);
        if (c.times == 0) continue;
        // The ratio of the means, times 100.
        const auto percent = static_cast<std::uint64_t>(c.time) * base.times * 100 / (static_cast<std::uint64_t>(base.time) * c.times);
        out += (out.empty() ? "" : ", ") + switch_kind_name(kind).in(lang) + fmt::format(" {}.{:02}", percent / 100, percent % 100);
    }
    return text("  in coroutine switches: {0}\n", "  折合协程切换：{0}\n", {out}).in(lang);
}

std::string parts_of(const SwitchCosts& costs, Lang lang) {
    std::string out;
    for (const SwitchKind kind : kOrder) {
        const SwitchCost& c = costs.of(kind);
        if (c.times == 0) continue;
        out += "\n  " + switch_kind_name(kind).in(lang) + text(": {0}\n", "：{0}\n", {switch_kind_note(kind).in(lang)}).in(lang);
        for (const SwitchPart& p : c.parts)
            out += right(mean_text(static_cast<std::uint64_t>(p.time), c.times), 12) + " ns" + right(mean_text(p.steps, c.times), 8) +
                   text(" steps  ", " 步  ").in(lang) + p.name + "\n";
    }
    return out;
}

}  // namespace

Text switch_kind_name(SwitchKind kind) {
    switch (kind) {
        case SwitchKind::coroutine: return text("coroutine switch", "协程切换");
        case SwitchKind::mode: return text("mode switch", "模式切换");
        case SwitchKind::thread: return text("thread switch", "线程切换");
        default: return text("process switch", "进程切换");
    }
}

Text switch_kind_note(SwitchKind kind) {
    switch (kind) {
        case SwitchKind::coroutine:
            return text("one call of co_swap, in user mode; same kernel stack, same CR3, no record of the kernel",
                        "一次 co_swap 调用，在用户态；内核栈和 CR3 不变，内核没有记录");
        case SwitchKind::mode:
            return text("into the kernel and out of it by SYSCALL, without what the call does; the task stays",
                        "由 SYSCALL 进入并离开内核，不含系统调用本身的工作；任务不变");
        case SwitchKind::thread:
            return text("__schedule to a task of the same mm: another kernel stack, CR3 stays; its task entered the kernel before",
                        "__schedule 到同一 mm 的任务：换内核栈，CR3 不变；之前任务已进入内核");
        default:
            return text("__schedule to a task of another mm: CR3 is loaded too, and the TLB fills again afterwards",
                        "__schedule 到另一 mm 的任务：还要装入 CR3，之后 TLB 重新填充");
    }
}

std::string mean_text(std::uint64_t sum, std::uint64_t times) {
    if (times == 0) return "-";
    const std::uint64_t tenths = (sum * 10 + times / 2) / times;
    return tenths % 10 == 0 ? std::to_string(tenths / 10) : fmt::format("{}.{}", tenths / 10, tenths % 10);
}

std::string switch_costs_as_text(const SwitchCosts& costs, Lang lang, bool parts) {
    std::string out = text("the four costs, measured in this run\n", "四种代价，在这次运行中测得\n").in(lang) + table(costs, lang) + ratios(costs, lang);
    if (!costs.complete)
        out += text("  measured over the first {0} steps of the run\n", "  测自这次运行的前 {0} 步\n", {std::to_string(costs.steps)}).in(lang);
    return parts ? out + parts_of(costs, lang) : out;
}

std::string switch_costs_as_json(const SwitchCosts& costs) {
    std::string out = "{";
    for (const SwitchKind kind : kOrder) {
        const SwitchCost& c = costs.of(kind);
        std::string parts;
        for (const SwitchPart& p : c.parts)
            parts += fmt::format("{}{{\"name\":{},\"steps\":{},\"ns\":{}}}", parts.empty() ? "" : ",", json_text(p.name), p.steps, p.time);
        out += fmt::format(
            "{}\"{}\":{{\"times\":{},\"ns\":{},\"mean_ns\":{},\"steps\":{},\"registers_stored\":{},\"registers_loaded\":{},\"words\":{},"
            "\"copied_bytes\":{},\"cr3_writes\":{},\"tlb_flushes\":{},\"parts\":[{}]}}",
            out.size() > 1 ? "," : "", switch_kind_word(kind), c.times, c.time, mean_text(static_cast<std::uint64_t>(c.time), c.times) == "-" ? "null" : mean_text(static_cast<std::uint64_t>(c.time), c.times),
            c.steps, c.stored, c.loaded, c.words, c.copied, c.cr3, c.tlb_flushes, parts);
    }
    return out + fmt::format(",\"measured_steps\":{},\"complete\":{}}}", costs.steps, costs.complete ? "true" : "false");
}

}  // namespace sy
