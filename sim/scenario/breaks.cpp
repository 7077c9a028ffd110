// `break forget callee-saved rbx`: how a scenario breaks its kernel. Two words name the way, from one table with the
// kernel's (sim/model/breakage.h).
#include "sim/scenario/breaks.h"

#include "sim/base/limits.h"
#include "sim/base/utf8.h"
#include "sim/scenario/lexer.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {

namespace {

const Text& kind_of_word() {
    static const Text kText = text("way to break the kernel", "弄坏内核的方式");
    return kText;
}

std::vector<std::string_view> all_ways() {
    std::vector<std::string_view> out;
    for (const BreakageInfo& info : breakages()) out.push_back(info.words);
    return out;
}

}  // namespace

void Parser::parse_break() {
    BreakDecl how;
    const Token& first = peek();
    how.pos = first.pos;
    if (first.kind == Token::Kind::word && (first.text == "at" || first.text == "on")) {   // a place follows, not a way to break the kernel
        BreakpointDecl stop;
        if (!parse_breakpoint(stop)) return skip_item();
        if (out_.breakpoints.size() >= static_cast<std::size_t>(limits::breakpoints))
            return error(stop.pos, text("more than the limit of {0} breakpoints", "断点超过上限 {0} 个", {std::to_string(limits::breakpoints)}));
        out_.breakpoints.push_back(std::move(stop));
        return;
    }
    if (first.kind != Token::Kind::word || peek(1).kind != Token::Kind::word) {
        expected(text("a way to break the kernel ({0}), or a breakpoint: at LABEL, at line N, at 0xADDRESS, on write VARIABLE",
                      "弄坏内核的方式（{0}），或断点：at 标号、at line 行号、at 0x地址、on write 变量", {listed(all_ways(), 20)}));
        return skip_item();
    }
    const std::string shown_words = shown(first) + " " + shown(peek(1));
    const std::string words = std::string(first.text) + " " + std::string(peek(1).text);
    const BreakageInfo* found = nullptr;
    for (const BreakageInfo& info : breakages())
        if (info.words == words) found = &info;
    if (found == nullptr) {
        const std::vector<std::string_view> known = all_ways();
        const std::string meant = nearest(words, known);
        if (!meant.empty())
            error(first.pos, did_you_mean(kind_of_word(), shown_words, meant));
        else
            error(first.pos, text("unknown way to break the kernel '{0}'; known: {1}; a breakpoint is `break at LABEL`",
                                  "未知的弄坏内核的方式 “{0}”；可用的有：{1}；断点写作 `break at 标号`", {shown_words, listed(known, 20)}));
        take();
        take();
        return skip_item();
    }
    take();
    take();
    how.kind = found->kind;
    if (found->takes_register) {
        const Token& reg = peek();
        const auto which = reg.kind == Token::Kind::word ? callee_saved_register(reg.text) : std::nullopt;
        if (!which) {
            expected(text("a callee-saved register: rbx, rbp, r12, r13, r14 or r15", "一个被调用者保存的寄存器：rbx、rbp、r12、r13、r14 或 r15"));
            if (reg.kind == Token::Kind::word && !starts_something(reg)) take();
            return;
        }
        how.reg = *which;
        take();
    }
    for (const BreakDecl& other : out_.breaks)
        if (other.kind == how.kind && other.reg == how.reg)
            return error(how.pos, text("the kernel is broken in this way already", "内核已经以这种方式弄坏了"));
    out_.breaks.push_back(how);
}

std::optional<BreakDecl> read_break(std::string_view words, Text& why) {
    std::vector<std::string> parts;
    for (const char c : words) {
        if (c == ' ' || c == '\t') {
            if (!parts.empty() && !parts.back().empty()) parts.emplace_back();
        } else {
            if (parts.empty()) parts.emplace_back();
            parts.back() += c;
        }
    }
    if (!parts.empty() && parts.back().empty()) parts.pop_back();
    const std::string two = parts.size() < 2 ? std::string(words) : parts[0] + " " + parts[1];
    for (const BreakageInfo& info : breakages()) {
        if (info.words != two || parts.size() != (info.takes_register ? 3u : 2u)) continue;
        if (!info.takes_register) return BreakDecl{info.kind, Reg::rbx, {}};
        if (const auto reg = callee_saved_register(parts[2])) return BreakDecl{info.kind, *reg, {}};
    }
    const std::vector<std::string_view> known = all_ways();
    const std::string meant = nearest(two, known);
    const std::string word = utf8::printable(words, 40);
    why = meant.empty() ? text("unknown way to break the kernel '{0}'; known: {1}", "未知的弄坏内核的方式 “{0}”；可用的有：{1}",
                               {word, listed(known, 20)})
          : meant == two ? text("'{0}' wants a callee-saved register behind it and nothing else: rbx, rbp, r12, r13, r14 or r15, "
                                "if it is '{1}'; the others stand alone",
                                "“{0}” 之后应当是被调用者保存的寄存器 rbx、rbp、r12、r13、r14 或 r15（若是 “{1}”），其余的不带参数",
                                {word, "forget callee-saved"})
                         : did_you_mean(kind_of_word(), word, meant);
    return std::nullopt;
}

std::string write_break(const BreakDecl& how) {
    const BreakageInfo& info = breakage_info(how.kind);
    std::string out = "break " + std::string(info.words);
    if (info.takes_register) {
        out += ' ';
        for (const char* c = reg_name(how.reg); *c != 0; ++c)
            out += static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return out;
}

}  // namespace sy::scn
