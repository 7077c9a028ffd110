#include "sim/scenario/asm_verbs.h"

#include <algorithm>
#include <set>

#include "sim/base/limits.h"
#include "sim/program/insn.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {

namespace {

using Kind = Stmt::Kind;

constexpr int kCounterRegs = 4;   // R12 to R15 count the rounds of nested loops

class InstructionChecker {
  public:
    InstructionChecker(Diagnostics& diags, std::int64_t& lines) : diags_(diags), lines_(lines) {}

    void process(const ProcessDecl& process) {
        find_shared(process.body);
        body(process.body);
        for (const ThreadDecl& t : process.threads) body(t.body);
    }

  private:
    void declare(const Stmt& s, std::vector<std::pair<std::string, AsmName>>& list, AsmName::Kind kind, std::int64_t& words,
                 std::int64_t most, Text what) {
        Operand reg;
        if (find_register(s.name, reg))
            diags_.error(s.name_pos, text("'{0}' is a register; a variable needs another name", "“{0}” 是寄存器；变量要换个名字", {s.name}));
        for (const auto& [name, known] : list)
            if (name == s.name) {
                diags_.error(s.name_pos, text("there is a variable '{0}' already", "已经有变量 “{0}” 了", {s.name}));
                return;
            }
        const auto before = words;
        words += static_cast<std::int64_t>(s.cpus);
        if (before <= most && words > most)
            diags_.error(s.name_pos, text("more than {0} words of {1} variables", "{1}变量超过 {0} 个字", {std::to_string(most), what.en}));
        // Any address of the right kind does for checking: the compiler knows the real one.
        list.emplace_back(s.name, AsmName{kind, kind == AsmName::Kind::absolute ? 0x404000 + 8 * before : 8 * before});
    }
    void find_shared(const std::vector<Stmt>& statements) {
        for (const Stmt& s : statements) {
            if (s.kind == Kind::shared)
                declare(s, shared_, AsmName::Kind::absolute, shared_words_, limits::shared_words, text("shared", "共享"));
            find_shared(s.body);
        }
    }
    void find_locals(const std::vector<Stmt>& statements) {
        for (const Stmt& s : statements) {
            if (s.kind == Kind::local) {
                for (const auto& [name, known] : shared_)
                    if (name == s.name)
                        diags_.error(s.name_pos, text("there is a shared variable '{0}' already", "已经有共享变量 “{0}” 了", {s.name}));
                declare(s, locals_, AsmName::Kind::frame, local_words_, limits::local_words, text("local", "局部"));
            }
            if (s.kind != Kind::handle) find_locals(s.body);
        }
    }
    void body(const std::vector<Stmt>& statements) {
        locals_.clear();
        local_words_ = 0;
        find_locals(statements);
        walk(statements, 0, false);
    }
    void walk(const std::vector<Stmt>& statements, int loops, bool in_handler) {
        for (const Stmt& s : statements) {
            if (s.kind == Kind::asm_block) block(s, loops, in_handler);
            if (s.kind == Kind::local && in_handler)
                diags_.error(s.pos, text("a signal handler has no local variables here; use shared", "信号处理函数里没有 local 变量；请用 shared"));
            const bool counts = s.kind == Kind::every || (s.kind == Kind::repeat && s.count >= 0);
            const bool handler = s.kind == Kind::handle;
            walk(s.body, handler ? 0 : loops + (counts ? 1 : 0), in_handler || handler);
        }
    }
    void block(const Stmt& s, int loops, bool in_handler) {
        const auto before = lines_;
        lines_ += static_cast<std::int64_t>(s.code.size());
        if (s.code.size() > static_cast<std::size_t>(limits::asm_block_lines) ||
            (before <= limits::asm_lines && lines_ > limits::asm_lines)) {
            diags_.error(s.pos, text("more than {0} instructions in a block, or {1} in a file", "一个块超过 {0} 条指令，或一个文件超过 {1} 条",
                                     {std::to_string(limits::asm_block_lines), std::to_string(limits::asm_lines)}));
            return;
        }
        if (lines_ > limits::asm_lines) return;
        AsmNames names;
        if (!in_handler) names.list = locals_;
        names.list.insert(names.list.end(), shared_.begin(), shared_.end());
        const Assembled out = assemble(s.code, names, 0x401000);
        for (const AsmError& e : out.errors) report(e);
        if (!out.errors.empty()) return;
        for (const Insn& in : out.code) {
            for (int k = 0; k < std::min(loops, kCounterRegs); ++k) {
                const auto r = static_cast<Reg>(static_cast<int>(Reg::r12) + k);
                if (!writes_register(in, r)) continue;
                diags_.error(in.pos, text("{0} counts the rounds of the loop around this block; use another register",
                                          "{0} 正在为外层循环计数；请换一个寄存器", {register_name(r, 8)}));
            }
        }
    }
    void report(const AsmError& e) {
        std::vector<std::string_view> known(e.near.begin(), e.near.end());
        const std::string meant = e.word.empty() ? std::string() : nearest(e.word, known);
        if (meant.empty()) {
            diags_.error(e.pos, e.message);
            return;
        }
        diags_.error(e.pos, Text{e.message.en + "; did you mean '" + meant + "'?", e.message.zh + "；是不是想写 “" + meant + "”？"},
                     meant);
    }

    Diagnostics& diags_;
    std::int64_t& lines_;
    std::vector<std::pair<std::string, AsmName>> shared_, locals_;
    std::int64_t shared_words_ = 0, local_words_ = 0;
};

// A whole number of 64 bits: 5, -1, 0x1f.
std::optional<std::uint64_t> read_number(Parser& p) {
    const SourcePos pos = p.peek().pos;
    const bool minus = p.take_sign("-");
    const Token token = p.peek();
    std::uint64_t value = 0;
    bool good = token.kind == Token::Kind::number;
    std::string_view digits = token.text;
    unsigned base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        base = 16;
        digits.remove_prefix(2);
        good = good && !digits.empty();
    }
    for (const char c : digits) {
        const int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
        if (d >= static_cast<int>(base) || value > (~std::uint64_t{0} - static_cast<unsigned>(d)) / base) good = false;
        if (!good) break;
        value = value * base + static_cast<unsigned>(d);
    }
    if (!good || (minus && value > std::uint64_t{1} << 63)) {
        p.error(token.kind == Token::Kind::number ? pos : token.pos,
                text("expected a whole number of 64 bits, such as 5, -1 or 0x1f", "这里应是 64 位整数，例如 5、-1 或 0x1f"));
        return std::nullopt;
    }
    p.take();
    return minus ? 0 - value : value;
}

}  // namespace

bool read_asm(Parser& p, Stmt& stmt, Place) {
    if (!p.peek().is("{")) {
        p.expected(text("'{' and instructions: asm { mov rax, 1 }", "“{” 和指令：asm { mov rax, 1 }"));
        return false;
    }
    const Token open = p.peek();
    p.take();
    while (p.peek().kind == Token::Kind::asm_line) {
        p.mark_item();
        const Token& line = p.take();
        stmt.code.push_back({line.pos, std::string(line.text)});
    }
    p.close_brace(open);
    return true;
}

bool read_variable(Parser& p, Stmt& stmt, Place) {
    // `shared atomic NAME`; a variable may also be called atomic.
    const bool names_another = p.peek(1).kind == Token::Kind::word && !is_reserved(p.peek(1).text);
    if (stmt.kind == Kind::shared && p.peek().is_word("atomic") && names_another) {
        p.take();
        stmt.shared = true;
    }
    const auto name = p.name(text("the name of a variable", "变量名"), &stmt.name_pos);
    if (!name) return false;
    stmt.name = *name;
    if (name->find_first_of("-.") != std::string::npos) {
        p.error(stmt.name_pos, text("a variable's name has letters, digits and '_' only", "变量名只能由字母、数字和 “_” 组成"));
        return false;
    }
    stmt.cpus = 1;
    if (p.is_copies()) {
        const auto words = p.copies();
        if (!words) return false;
        if (*words > limits::shared_words) {
            p.error(stmt.name_pos, text("a variable has at most {0} words", "一个变量最多 {0} 个字", {std::to_string(limits::shared_words)}));
            return false;
        }
        stmt.cpus = static_cast<std::uint64_t>(*words);
    }
    if (!p.take_sign("=")) return true;
    const auto value = read_number(p);
    if (value) stmt.count = static_cast<std::int64_t>(*value);
    return value.has_value();
}

bool read_set_number(Parser& p, std::uint64_t& out) {
    const auto value = read_number(p);
    if (value) out = *value;
    return value.has_value();
}

void check_instructions(const Scenario& scenario, Diagnostics& diags) {
    std::int64_t lines = 0;
    for (const ProcessDecl& process : scenario.processes) InstructionChecker(diags, lines).process(process);
}

std::string write_asm(const Stmt& stmt) {
    std::string out = "asm {\n";
    for (const AsmLine& line : stmt.code) out += line.text + "\n";
    return out + "}";
}

std::string write_variable(const Stmt& stmt) {
    std::string out = (stmt.kind == Kind::shared ? "shared " : "local ") + std::string(stmt.shared ? "atomic " : "") + stmt.name;
    if (stmt.cpus != 1) out += " x" + std::to_string(stmt.cpus);
    if (stmt.count != 0) out += "=" + std::to_string(stmt.count);
    return out;
}

}  // namespace sy::scn
