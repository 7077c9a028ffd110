// Breakpoints: `break at again in bank if rax == 5`, `break at line 12`, `break at 0x401020`, `break on write counter`.
// No way to break the kernel begins with `at` or `on`, so that one word serves both, as debugger and hammer.
#include <algorithm>
#include <string>
#include <vector>

#include "sim/base/utf8.h"
#include "sim/program/insn.h"
#include "sim/scenario/asm_verbs.h"
#include "sim/scenario/breaks.h"
#include "sim/scenario/check.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

bool read_place(Parser& p, BreakpointDecl& stop) {
    if (p.take_word("line")) {
        const auto line = p.integer({1, 10'000'000, text("a line of this file", "本文件的行号"), {}});
        if (line) stop.line = static_cast<std::int32_t>(*line);
        return line.has_value();
    }
    const Token& token = p.peek();
    if (token.kind == Token::Kind::number) return read_set_number(p, stop.address);
    if (token.kind != Token::Kind::word) {
        p.expected(text("where to stop: a label, `line` and a number, or an address such as 0x401020",
                        "停在哪里：标号，或 line 加行号，或 0x401020 这样的地址"));
        return false;
    }
    stop.place = std::string(p.take().text);
    return true;
}

bool read_condition(Parser& p, BreakpointDecl& stop) {
    const Token& left = p.peek();
    if (left.kind != Token::Kind::word) {
        p.expected(text("a register or a shared variable", "寄存器或共享变量"));
        return false;
    }
    stop.left = std::string(p.take().text);
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"})
        if (stop.op.empty() && p.take_sign(op)) stop.op = std::string(op);
    if (stop.op.empty()) {
        p.expected(text("==, !=, <, <=, > or >=", "==、!=、<、<=、> 或 >="));
        return false;
    }
    std::uint64_t number = 0;
    if (!read_set_number(p, number)) return false;
    stop.right = static_cast<std::int64_t>(number);
    return true;
}

// What the programs of the scenario are made of, as far as a breakpoint can name it.
struct Known {
    std::vector<std::string> labels, variables;
    std::vector<std::int32_t> lines;

    explicit Known(const Scenario& scenario) {
        for (const ProcessDecl& process : scenario.processes) {
            body(process.body);
            for (const ThreadDecl& thread : process.threads) body(thread.body);
            for (const CoroutineDecl& coroutine : process.coroutines) body(coroutine.body);
        }
        for (const WorkDecl& work : scenario.works) body(work.body);
    }
    void body(const std::vector<Stmt>& statements) {
        for (const Stmt& s : statements) {
            lines.push_back(s.pos.line);
            if (s.kind == Stmt::Kind::shared) variables.push_back(s.name);
            for (const AsmLine& line : s.code) {
                lines.push_back(line.pos.line);
                std::string_view rest = line.text;
                for (std::size_t colon; (colon = rest.find(':')) != std::string_view::npos;) {
                    std::string_view label = rest.substr(0, colon);
                    while (!label.empty() && (label.front() == ' ' || label.front() == '\t')) label.remove_prefix(1);
                    while (!label.empty() && (label.back() == ' ' || label.back() == '\t')) label.remove_suffix(1);
                    if (label.empty() || label.find_first_of(" \t[,") != std::string_view::npos) break;
                    labels.emplace_back(label);
                    rest.remove_prefix(colon + 1);
                }
            }
            body(s.body);
        }
    }
};

bool has(const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

void unknown(Diagnostics& diags, SourcePos pos, const Text& kind, const std::string& word, const std::vector<std::string>& list) {
    const std::vector<std::string_view> known(list.begin(), list.end());
    const std::string meant = nearest(word, known);
    if (!meant.empty())
        diags.error(pos, did_you_mean(kind, utf8::printable(word, 40), meant));
    else
        diags.error(pos, {.en = "there is no " + kind.en + " '" + utf8::printable(word, 40) + "'",
                          .zh = "没有" + kind.zh + " “" + utf8::printable(word, 40) + "”"});
}

void check_one(const Scenario& scenario, const Known& known, const BreakpointDecl& stop, Diagnostics& diags) {
    const Text label = text("label of an asm block", "asm 块的标号"), variable = text("shared variable", "共享变量");
    if (stop.kind == BreakpointDecl::Kind::write) {
        if (!has(known.variables, stop.place)) unknown(diags, stop.pos, variable, stop.place, known.variables);
    } else if (!stop.place.empty()) {
        if (!has(known.labels, stop.place)) unknown(diags, stop.pos, label, stop.place, known.labels);
    } else if (stop.line > 0 && std::find(known.lines.begin(), known.lines.end(), stop.line) == known.lines.end()) {
        diags.error(stop.pos, text("no statement or instruction begins in line {0}", "第 {0} 行没有语句或指令开始", {std::to_string(stop.line)}));
    }
    if (!stop.task.empty()) check_task_path(scenario, stop.task, stop.pos, diags);
    if (stop.left.empty()) return;
    Operand reg;
    if (find_register(stop.left, reg)) {
        if (reg.bytes != 8)
            diags.error(stop.pos, text("compare the whole register: {0}", "请比较整个寄存器：{0}", {register_name(reg.reg, 8)}));
    } else if (!has(known.variables, stop.left)) {
        diags.error(stop.pos, text("'{0}' is neither a register nor a shared variable", "“{0}” 既不是寄存器也不是共享变量", {stop.left}));
    }
}

}  // namespace

bool Parser::parse_breakpoint(BreakpointDecl& stop) {
    stop.pos = peek().pos;
    if (take_word("on")) {
        stop.kind = BreakpointDecl::Kind::write;
        if (!take_word("write")) {
            expected(text("`write` and a shared variable: break on write counter", "write 和共享变量：break on write counter"));
            return false;
        }
        const auto variable = name(text("a shared variable", "共享变量"), &stop.pos);
        if (!variable) return false;
        stop.place = *variable;
    } else {
        take();   // at
        stop.pos = peek().pos;
        if (!read_place(*this, stop)) return false;
    }
    if (take_word("in")) {
        SourcePos pos;
        const auto task = task_path(pos);
        if (!task) return false;
        stop.task = *task;
    }
    return !take_word("if") || read_condition(*this, stop);
}

std::optional<BreakpointDecl> read_breakpoint(std::string_view words, const Scenario& scenario, Text& why) {
    Diagnostics diags;
    Scenario scratch;
    const ParseOptions options;
    const Tokens tokens = lex(words, diags);
    BreakpointDecl stop;
    if (tokens.is_text) {
        Parser parser(tokens, options, scratch, diags);
        if (parser.peek().kind != Token::Kind::word || (parser.peek().text != "at" && parser.peek().text != "on"))
            parser.expected(text("at or on", "at 或 on"));
        else if (parser.parse_breakpoint(stop) && !parser.at_end())
            parser.expected(text("nothing more", "到此为止"));
    }
    if (!diags.has_errors()) check_one(scenario, Known(scenario), stop, diags);
    if (!diags.has_errors()) return stop;
    for (const Diagnostic& d : diags.list())
        if (d.severity == Severity::error) {
            why = d.message;
            break;
        }
    return std::nullopt;
}

void check_breakpoints(const Scenario& scenario, Diagnostics& diags) {
    if (scenario.breakpoints.empty()) return;
    const Known known(scenario);
    for (const BreakpointDecl& stop : scenario.breakpoints) check_one(scenario, known, stop, diags);
}

std::string write_breakpoint(const BreakpointDecl& stop) {
    std::string out = stop.kind == BreakpointDecl::Kind::write ? "break on write " : "break at ";
    if (!stop.place.empty()) {
        out += stop.place;
    } else if (stop.line > 0) {
        out += "line " + std::to_string(stop.line);
    } else {
        char digits[20];
        std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(stop.address));
        out += digits;
    }
    if (!stop.task.empty()) out += " in " + stop.task;
    if (!stop.left.empty()) out += " if " + stop.left + " " + stop.op + " " + std::to_string(stop.right);
    return out;
}

}  // namespace sy::scn
