// Lines of assembly, read one by one: an optional label, a mnemonic, operands. Every mistake is an AsmError with its
// place; the names that could have been meant go along, and the language's own "did you mean" does the rest.
#include <algorithm>
#include <map>

#include "sim/base/utf8.h"
#include "sim/machine/alu.h"
#include "sim/program/insn.h"

namespace sy {

namespace {

using M = Mnemonic;

// What operands a mnemonic takes.
enum class Shape : std::uint8_t {
    none,        // nop
    one,         // inc r/m
    two,         // add r/m, r/m/imm
    to_reg,      // cmovcc, lea: r, r/m
    extend,      // movzx r, smaller r/m
    shift,       // r/m, imm or cl
    exchange,    // xchg r/m, r/m
    rm_reg,      // cmpxchg, xadd: r/m, r
    jump,        // jmp, call: label, r/m
    branch,      // jcc: label
    set,         // setcc r/m8
    push, pop, imul,
};

struct MnemonicRow {
    const char* name;
    M op;
    Shape shape;
    bool lockable = false;
};
constexpr MnemonicRow kRows[] = {
    {"mov", M::mov, Shape::two}, {"movzx", M::movzx, Shape::extend}, {"movsx", M::movsx, Shape::extend},
    {"movsxd", M::movsxd, Shape::extend}, {"lea", M::lea, Shape::to_reg}, {"xchg", M::xchg, Shape::exchange, true},
    {"push", M::push, Shape::push}, {"pop", M::pop, Shape::pop}, {"add", M::add, Shape::two, true},
    {"or", M::or_, Shape::two, true}, {"adc", M::adc, Shape::two, true}, {"sbb", M::sbb, Shape::two, true},
    {"and", M::and_, Shape::two, true}, {"sub", M::sub, Shape::two, true}, {"xor", M::xor_, Shape::two, true},
    {"cmp", M::cmp, Shape::two}, {"test", M::test, Shape::two}, {"inc", M::inc, Shape::one, true},
    {"dec", M::dec, Shape::one, true}, {"not", M::not_, Shape::one, true}, {"neg", M::neg, Shape::one, true},
    {"mul", M::mul, Shape::one}, {"imul", M::imul, Shape::imul}, {"div", M::div, Shape::one},
    {"idiv", M::idiv, Shape::one}, {"rol", M::rol, Shape::shift}, {"ror", M::ror, Shape::shift},
    {"shl", M::shl, Shape::shift}, {"sal", M::shl, Shape::shift}, {"shr", M::shr, Shape::shift},
    {"sar", M::sar, Shape::shift}, {"cbw", M::cbw, Shape::none}, {"cwde", M::cwde, Shape::none},
    {"cdqe", M::cdqe, Shape::none}, {"cwd", M::cwd, Shape::none}, {"cdq", M::cdq, Shape::none},
    {"cqo", M::cqo, Shape::none}, {"jmp", M::jmp, Shape::jump}, {"call", M::call, Shape::jump},
    {"ret", M::ret, Shape::none}, {"cmpxchg", M::cmpxchg, Shape::rm_reg, true}, {"xadd", M::xadd, Shape::rm_reg, true},
    {"mfence", M::mfence, Shape::none}, {"lfence", M::lfence, Shape::none}, {"sfence", M::sfence, Shape::none},
    {"pause", M::pause, Shape::none}, {"nop", M::nop, Shape::none}, {"syscall", M::syscall, Shape::none},
    {"int3", M::int3, Shape::none}, {"hlt", M::hlt, Shape::none}, {"cli", M::cli, Shape::none},
    {"sti", M::sti, Shape::none}, {"ud2", M::ud2, Shape::none}, {"clc", M::clc, Shape::none},
    {"stc", M::stc, Shape::none}, {"cmc", M::cmc, Shape::none},
};

struct ConditionRow {
    const char* name;
    std::uint8_t code;
};
constexpr ConditionRow kConditions[] = {
    {"o", 0},   {"no", 1},  {"b", 2},   {"c", 2},   {"nae", 2}, {"ae", 3},  {"nb", 3},  {"nc", 3},  {"e", 4},  {"z", 4},
    {"ne", 5},  {"nz", 5},  {"be", 6},  {"na", 6},  {"a", 7},   {"nbe", 7}, {"s", 8},   {"ns", 9},  {"p", 10}, {"pe", 10},
    {"np", 11}, {"po", 11}, {"l", 12},  {"nge", 12}, {"ge", 13}, {"nl", 13}, {"le", 14}, {"ng", 14}, {"g", 15}, {"nle", 15},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string lower(std::string_view s) {
    std::string out(s);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

struct Piece {
    enum class Kind : std::uint8_t { word, number, sign, end };
    Kind kind = Kind::end;
    std::string_view text;
    SourcePos pos;
    std::uint64_t value = 0;
    bool good = true;   // of a number
};

// Words, numbers and signs of one line.
std::vector<Piece> cut(const AsmLine& line) {
    std::vector<Piece> out;
    const std::string_view s = line.text;
    std::int32_t column = line.pos.column;
    std::size_t at = 0;
    while (at < s.size()) {
        if (s[at] == ' ' || s[at] == '\t') {
            ++at, ++column;
            continue;
        }
        Piece p;
        const std::size_t begin = at;
        if (is_letter(s[at])) {
            p.kind = Piece::Kind::word;
            while (at < s.size() && (is_letter(s[at]) || is_digit(s[at]))) ++at;
        } else if (is_digit(s[at])) {
            p.kind = Piece::Kind::number;
            while (at < s.size() && (is_letter(s[at]) || is_digit(s[at]))) ++at;
            std::string digits = lower(s.substr(begin, at - begin));
            unsigned base = 10;
            if (digits.starts_with("0x")) base = 16, digits.erase(0, 2);
            else if (digits.starts_with("0b")) base = 2, digits.erase(0, 2);
            else if (digits.back() == 'h') base = 16, digits.pop_back();
            p.good = !digits.empty();
            for (const char c : digits) {
                if (c == '_') continue;
                const unsigned d = is_digit(c) ? static_cast<unsigned>(c - '0') : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 99u;
                if (d >= base || p.value > (~std::uint64_t{0} - d) / base) p.good = false;
                p.value = p.value * base + d;
            }
        } else {
            p.kind = Piece::Kind::sign;
            at += utf8::decode(s, at).bytes;
        }
        p.text = s.substr(begin, at - begin);
        const auto width = static_cast<std::int32_t>(p.kind == Piece::Kind::sign ? 1 : at - begin);
        p.pos = {.line = line.pos.line, .column = column, .length = width};
        column += width;
        out.push_back(p);
    }
    Piece end;
    end.pos = {.line = line.pos.line, .column = column, .length = 1};
    out.push_back(end);
    return out;
}

class Assembler {
  public:
    Assembler(const std::vector<AsmLine>& lines, const AsmNames& names, std::uint64_t origin)
        : lines_(lines), names_(names), origin_(origin) {}

    Assembled run() {
        for (const AsmLine& line : lines_) read_line(line);
        for (const auto& [name, pos, insn] : uses_) resolve(name, pos, insn);
        if (out_.uses_frame) add_prologue();
        place();
        return std::move(out_);
    }

  private:
    using Kind = Piece::Kind;
    struct Use {
        std::string name;
        SourcePos pos;
        std::size_t insn;
    };

    const Piece& peek(std::size_t ahead = 0) const { return pieces_[std::min(at_ + ahead, pieces_.size() - 1)]; }
    const Piece& take() { return pieces_[at_ + 1 < pieces_.size() ? at_++ : at_]; }
    bool take_sign(std::string_view s) {
        if (peek().kind != Kind::sign || peek().text != s) return false;
        take();
        return true;
    }
    bool fail(SourcePos pos, Text message, std::string word = {}, std::vector<std::string> near = {}) {
        if (!failed_) out_.errors.push_back({pos, std::move(message), std::move(word), std::move(near), false});
        failed_ = true;
        return false;
    }
    std::string shown(const Piece& p) const { return p.kind == Kind::end ? std::string() : utf8::printable(p.text, 24); }

    void read_line(const AsmLine& line) {
        pieces_ = cut(line);
        at_ = 0;
        failed_ = false;
        while (peek().kind == Kind::word && peek(1).kind == Kind::sign && peek(1).text == ":") {
            const Piece name = take();
            take();
            Operand reg;
            if (find_register(lower(name.text), reg)) {
                fail(name.pos, text("'{0}' is a register; a label needs another name", "“{0}” 是寄存器；标号要换个名字", {shown(name)}));
                return;
            }
            if (!labels_.emplace(std::string(name.text), out_.code.size()).second) {
                fail(name.pos, text("label '{0}' stands here twice in one asm block", "同一个 asm 块里有两个标号 “{0}”", {shown(name)}));
                return;
            }
            out_.labels.emplace_back(std::string(name.text), static_cast<std::uint32_t>(out_.code.size()));
        }
        if (peek().kind == Kind::end) return;
        Insn in;
        in.pos = peek().pos;
        if (!read_insn(in)) return;
        if (peek().kind != Kind::end) {
            fail(peek().pos, text("'{0}' does not belong here; one instruction to a line, or put ';' between them",
                                  "“{0}” 不该在这里；一行一条指令，或用 “;” 隔开", {shown(peek())}));
            return;
        }
        in.text = written();
        in.pos.length = std::max(1, pieces_.back().pos.column - in.pos.column);
        out_.code.push_back(std::move(in));
        if (!use_name_.empty()) uses_.push_back({std::exchange(use_name_, {}), use_pos_, out_.code.size() - 1});
    }

    // The line in one form: a blank behind the mnemonic and behind commas.
    std::string written() const {
        std::string out;
        std::size_t i = 0;
        while (i + 2 < pieces_.size() && pieces_[i].kind == Kind::word && pieces_[i + 1].text == ":") i += 2;
        for (std::size_t k = i; k + 1 < pieces_.size(); ++k) {
            const Piece& p = pieces_[k];
            const bool both_words = k > i && p.kind != Kind::sign && pieces_[k - 1].kind != Kind::sign;
            const bool opens = k > i && p.text == "[" && pieces_[k - 1].kind == Kind::word;
            const bool after_comma = k > i && pieces_[k - 1].text == ",";
            const bool minus = k > i && p.text == "-" && pieces_[k - 1].kind == Kind::word && k == i + 1;
            if (both_words || opens || after_comma || minus) out += ' ';
            out += p.text;
        }
        return out;
    }

    bool read_insn(Insn& in) {
        Piece word = peek();
        if (word.kind != Kind::word)
            return fail(word.pos, text("an instruction begins with its name, such as mov or add; this is '{0}'",
                                       "指令以名称开头，例如 mov 或 add；这里是 “{0}”", {shown(word)}));
        take();
        std::string name = lower(word.text);
        SourcePos lock_pos;
        if (name == "lock") {
            in.lock = true;
            lock_pos = word.pos;
            word = peek();
            if (word.kind != Kind::word)
                return fail(word.pos, text("lock stands in front of an instruction: lock xadd [counter], rax",
                                           "lock 写在指令前面：lock xadd [counter], rax"));
            take();
            name = lower(word.text);
        }
        const MnemonicRow* row = nullptr;
        MnemonicRow made{};
        for (const MnemonicRow& r : kRows)
            if (name == r.name) row = &r;
        if (row == nullptr && conditional(name, made, in.condition)) row = &made;
        if (row == nullptr)
            return fail(word.pos, text("unknown instruction '{0}'", "未知的指令 “{0}”", {shown(word)}), name, mnemonic_names());
        in.op = row->op;
        if (!read_operands(in, row->shape)) return false;
        if (!check_operands(in, row->shape, word)) return false;
        if (in.lock && (!row->lockable || !in.arg[0].is_mem())) {
            const bool swapped = row->op == M::xchg && in.arg[1].is_mem();
            if (!swapped)
                return fail(lock_pos, text("lock goes only before add, adc, and, cmpxchg, dec, inc, neg, not, or, sbb, sub, "
                                           "xadd, xchg, xor whose first operand is memory (the processor raises #UD)",
                                           "lock 只能用于第一个操作数是内存的 add、adc、and、cmpxchg、dec、inc、neg、not、or、sbb、"
                                           "sub、xadd、xchg、xor（否则处理器产生 #UD）"));
        }
        return true;
    }

    static bool conditional(std::string_view name, MnemonicRow& made, std::uint8_t& code) {
        constexpr struct {
            std::string_view prefix;
            M op;
            Shape shape;
        } kFamilies[] = {{"set", M::setcc, Shape::set}, {"cmov", M::cmovcc, Shape::to_reg}, {"j", M::jcc, Shape::branch}};
        for (const auto& f : kFamilies) {
            if (!name.starts_with(f.prefix)) continue;
            for (const ConditionRow& c : kConditions) {
                if (name.substr(f.prefix.size()) != c.name) continue;
                made.op = f.op;
                made.shape = f.shape;
                code = c.code;
                return true;
            }
        }
        return false;
    }

    bool read_operands(Insn& in, Shape shape) {
        if (peek().kind == Kind::end) return true;
        while (true) {
            if (in.operands == 3)
                return fail(peek().pos, text("no instruction has more than three operands", "没有指令有三个以上的操作数"));
            Operand& o = in.arg[in.operands++];
            const bool may_be_label = shape == Shape::jump || shape == Shape::branch;
            if (!read_operand(o, may_be_label)) return false;
            if (!take_sign(",")) return true;
        }
    }

    bool read_operand(Operand& o, bool may_be_label) {
        const Piece first = peek();
        if (first.kind == Kind::word) {
            const std::string word = lower(first.text);
            if (find_register(word, o)) {
                take();
                return true;
            }
            constexpr std::pair<const char*, int> kSizes[] = {{"byte", 1}, {"word", 2}, {"dword", 4}, {"qword", 8}};
            for (const auto& [name, size] : kSizes) {
                if (word != name) continue;
                take();
                if (peek().kind == Kind::word && lower(peek().text) == "ptr") take();
                if (!read_operand(o, false)) return false;
                if (!o.is_mem())
                    return fail(first.pos, text("'{0} ptr' stands before a memory operand: {0} ptr [rax]", "“{0} ptr” 写在内存操作数前面：{0} ptr [rax]", {word}));
                o.bytes = static_cast<std::uint8_t>(size);
                return true;
            }
            if (word == "short" || word == "near") {
                take();
                return read_operand(o, may_be_label);
            }
            if (word == "offset") {
                take();
                const AsmName n = names_.find(peek().text);
                if (peek().kind != Kind::word || n.kind != AsmName::Kind::absolute)
                    return fail(peek().pos, text("offset takes the name of a shared variable", "offset 后面是共享变量名"));
                take();
                o.kind = Operand::Kind::imm;
                o.value = n.value;
                return true;
            }
            if (may_be_label) {
                take();
                o.kind = Operand::Kind::label;
                use_name_ = std::string(first.text);
                use_pos_ = first.pos;
                return true;
            }
            if (names_.find(first.text).kind != AsmName::Kind::unknown)
                return fail(first.pos, text("write [{0}] for what variable {0} holds; its address is: lea rax, [{0}]",
                                            "变量 {0} 的内容写作 [{0}]；它的地址用 lea rax, [{0}] 取得", {shown(first)}));
            return fail(first.pos, text("'{0}' is neither a register nor a number", "“{0}” 既不是寄存器也不是数", {shown(first)}),
                        word, registers());
        }
        if (first.kind == Kind::sign && first.text == "[") return read_memory(o);
        const bool minus = take_sign("-");
        if (!minus) take_sign("+");
        if (peek().kind != Kind::number)
            return fail(peek().pos, text("expected a register, a number or [memory], found '{0}'", "这里应是寄存器、数或 [内存]，却是 “{0}”", {shown(peek())}));
        const Piece n = take();
        if (!n.good) return fail(n.pos, text("'{0}' is not a number of 64 bits; write 10, 0x1f or 0b101", "“{0}” 不是 64 位的数；请写 10、0x1f 或 0b101", {shown(n)}));
        o.kind = Operand::Kind::imm;
        o.value = static_cast<std::int64_t>(minus ? 0 - n.value : n.value);
        if (minus && n.value > std::uint64_t{1} << 63)
            return fail(n.pos, text("'-{0}' does not fit 64 bits", "“-{0}” 放不进 64 位", {shown(n)}));
        return true;
    }

    bool read_memory(Operand& o) {
        const SourcePos open = take().pos;
        o.kind = Operand::Kind::mem;
        bool minus = take_sign("-");
        while (true) {
            if (!read_term(o, minus)) return false;
            if (take_sign("]")) break;
            if (take_sign("+")) minus = false;
            else if (take_sign("-")) minus = true;
            else if (peek().kind == Kind::end)
                return fail(open, text("this '[' has no ']'", "这个 “[” 没有对应的 “]”"));
            else
                return fail(peek().pos, text("expected '+', '-' or ']' in an address, found '{0}'", "地址中应是 “+”、“-” 或 “]”，却是 “{0}”", {shown(peek())}));
        }
        if (o.index == 4 && o.scale == 1 && o.base != 4) std::swap(o.base, o.index);
        if (o.index == 4) return fail(open, text("rsp cannot be an index", "rsp 不能作变址寄存器"));
        if (o.value != static_cast<std::int32_t>(o.value))
            return fail(open, text("the displacement of an address has 32 bits", "地址的位移量是 32 位"));
        if (o.base < 0 && o.index >= 0 && o.scale == 1) std::swap(o.base, o.index);
        return true;
    }
    bool read_term(Operand& o, bool minus) {
        const Piece p = take();
        Operand reg;
        if (p.kind == Kind::word && find_register(lower(p.text), reg)) {
            if (reg.bytes != 8) return fail(p.pos, text("an address is made of 64-bit registers: '{0}' is not one", "地址由 64 位寄存器组成：“{0}” 不是", {shown(p)}));
            if (minus) return fail(p.pos, text("a register can be added to an address, not subtracted", "寄存器只能加到地址上，不能减"));
            int scale = 1;
            if (take_sign("*")) {
                const Piece n = take();
                if (n.kind != Kind::number || (n.value != 1 && n.value != 2 && n.value != 4 && n.value != 8))
                    return fail(n.pos, text("an index is scaled by 1, 2, 4 or 8", "变址的比例只能是 1、2、4 或 8"));
                scale = static_cast<int>(n.value);
                return add_register(o, static_cast<int>(reg.reg), scale, true, p);
            }
            return add_register(o, static_cast<int>(reg.reg), scale, false, p);
        }
        if (p.kind == Kind::number) {
            if (!p.good) return fail(p.pos, text("'{0}' is not a number", "“{0}” 不是数", {shown(p)}));
            if (take_sign("*")) {
                const Piece r = take();
                if (r.kind != Kind::word || !find_register(lower(r.text), reg) || reg.bytes != 8 ||
                    (p.value != 1 && p.value != 2 && p.value != 4 && p.value != 8))
                    return fail(p.pos, text("an index is scaled by 1, 2, 4 or 8", "变址的比例只能是 1、2、4 或 8"));
                return add_register(o, static_cast<int>(reg.reg), static_cast<int>(p.value), true, r);
            }
            if (p.value > 0xffff'ffff) return fail(p.pos, text("the displacement of an address has 32 bits", "地址的位移量是 32 位"));
            o.value += minus ? -static_cast<std::int64_t>(p.value) : static_cast<std::int64_t>(p.value);
            return true;
        }
        if (p.kind == Kind::word) {
            const AsmName n = names_.find(p.text);
            if (n.kind == AsmName::Kind::unknown) {
                std::vector<std::string> near = registers();
                for (const auto& [name, what] : names_.list) near.push_back(name);
                return fail(p.pos, text("'{0}' is neither a register nor a variable; declare it: shared {0} = 0",
                                        "“{0}” 既不是寄存器也不是变量；请先声明：shared {0} = 0", {shown(p)}),
                            std::string(p.text), std::move(near));
            }
            if (minus) return fail(p.pos, text("an address cannot be subtracted", "不能减去地址"));
            if (o.of_variable) return fail(p.pos, text("two variables in one address", "一个地址里有两个变量"));
            o.of_variable = true;
            o.value += n.value;
            if (n.kind != AsmName::Kind::frame) return true;
            out_.uses_frame = true;
            return add_register(o, static_cast<int>(Reg::rbp), 1, false, p);
        }
        return fail(p.pos, text("expected a register, a number or a variable in an address, found '{0}'",
                                "地址中应是寄存器、数或变量，却是 “{0}”", {shown(p)}));
    }
    bool add_register(Operand& o, int number, int scale, bool is_index, const Piece& p) {
        const auto n = static_cast<std::int8_t>(number);
        if (!is_index && o.base < 0) {
            o.base = n;
        } else if (o.index < 0) {
            o.index = n;
            o.scale = static_cast<std::uint8_t>(scale);
        } else if (is_index && o.base < 0 && o.scale == 1) {
            o.base = o.index;
            o.index = n;
            o.scale = static_cast<std::uint8_t>(scale);
        } else {
            return fail(p.pos, text("an address has at most a base and an index register", "地址最多有一个基址和一个变址寄存器"));
        }
        return true;
    }

    // --- what fits together ---

    bool needs(const Insn& in, int n, const Piece& word, std::string_view form) {
        if (in.operands == n) return true;
        return fail(word.pos, text("{0} takes {1} operand(s): {2}", "{0} 需要 {1} 个操作数：{2}", {shown(word), std::to_string(n), form}));
    }
    bool both_memory(const Insn& in, const Piece& word) {
        if (!in.arg[0].is_mem() || !in.arg[1].is_mem()) return false;
        fail(word.pos, text("an instruction can name memory only once; go through a register", "一条指令只能访问一处内存；请经过寄存器"));
        return true;
    }
    // The operand size: that of the registers, or as written, or a variable's 8 bytes.
    bool size_of(Insn& in, const Piece& word, int from, int count) {
        int bytes = 0;
        for (int i = from; i < from + count; ++i) {
            const Operand& o = in.arg[i];
            const int b = o.is_reg() || o.is_mem() ? o.bytes : 0;
            if (b != 0 && bytes != 0 && b != bytes)
                return fail(word.pos, text("the operands differ in size: {0} and {1} bytes", "操作数大小不同：{0} 和 {1} 字节", {std::to_string(bytes), std::to_string(b)}));
            if (b != 0) bytes = b;
        }
        for (int i = from; i < from + count && bytes == 0; ++i)
            if (in.arg[i].of_variable) bytes = 8;
        if (bytes == 0)
            return fail(word.pos, text("how many bytes of memory? write byte, word, dword or qword ptr before the '['",
                                       "访问多少字节的内存？请在 “[” 前写 byte、word、dword 或 qword ptr"));
        in.bytes = static_cast<std::uint8_t>(bytes);
        return true;
    }
    bool immediate_fits(Insn& in, Operand& o, const Piece& word, bool wide = false) {
        if (!o.is_imm()) return true;
        const int bytes = in.bytes;
        const std::int64_t v = o.value;
        if (bytes == 8) {
            if (wide || v == static_cast<std::int32_t>(v)) return true;
            return fail(word.pos, text("an immediate of {0} has 32 bits, extended with its sign; put the number into a register with mov first",
                                       "{0} 的立即数只有 32 位（符号扩展）；请先用 mov 把数放进寄存器", {shown(word)}));
        }
        const std::int64_t most = static_cast<std::int64_t>(alu::mask(bytes)), least = -static_cast<std::int64_t>(alu::sign_bit(bytes));
        if (v > most || v < least)
            return fail(word.pos, text("{0} does not fit {1} byte(s)", "{0} 放不进 {1} 字节", {std::to_string(v), std::to_string(bytes)}));
        o.value = static_cast<std::int64_t>(alu::sign_extend(static_cast<std::uint64_t>(v), bytes));
        return true;
    }
    bool no_immediate(const Operand& o, const Piece& word) {
        if (!o.is_imm()) return true;
        return fail(word.pos, text("{0} cannot work on a plain number here", "{0} 在这里不能作用于立即数", {shown(word)}));
    }
    bool must_be_register(const Operand& o, const Piece& word) {
        if (o.is_reg()) return true;
        return fail(word.pos, text("{0} needs a register there", "{0} 在那里需要寄存器", {shown(word)}));
    }
    bool no_high_with_rex(const Insn& in, const Piece& word) {
        bool high = false, rex = in.bytes == 8;
        for (int i = 0; i < in.operands; ++i) {
            const Operand& o = in.arg[i];
            high |= o.is_reg() && o.high;
            rex |= o.is_reg() && (o.reg >= Reg::r8 || (o.bytes == 1 && !o.high && o.reg >= Reg::rsp));
            rex |= o.is_mem() && (o.base >= 8 || o.index >= 8);
        }
        if (!high || !rex) return true;
        return fail(word.pos, text("ah, bh, ch and dh cannot be encoded together with r8 to r15, sil, dil, bpl, spl or 64-bit operands",
                                   "ah、bh、ch、dh 不能与 r8–r15、sil、dil、bpl、spl 或 64 位操作数编码在一起"));
    }

    bool check_operands(Insn& in, Shape shape, const Piece& word) {
        return check_shape(in, shape, word) && no_high_with_rex(in, word);
    }
    bool check_shape(Insn& in, Shape shape, const Piece& word) {
        Operand* a = in.arg;
        switch (shape) {
            case Shape::none: return needs(in, 0, word, shown(word));
            case Shape::one:
                return needs(in, 1, word, shown(word) + " rax") && no_immediate(a[0], word) && size_of(in, word, 0, 1);
            case Shape::two:
                return needs(in, 2, word, shown(word) + " rax, 1") && no_immediate(a[0], word) && !both_memory(in, word) &&
                       size_of(in, word, 0, 2) && immediate_fits(in, a[1], word, in.op == M::mov && a[0].is_reg());
            case Shape::to_reg:
                if (!needs(in, 2, word, shown(word) + " rax, [rbx]") || !must_be_register(a[0], word) || !no_immediate(a[1], word)) return false;
                if (in.op == M::lea && !a[1].is_mem())
                    return fail(word.pos, text("lea computes the address of memory: lea rax, [rbx+8]", "lea 计算内存的地址：lea rax, [rbx+8]"));
                if (in.op == M::lea) a[1].bytes = 0;
                if (!size_of(in, word, 0, in.op == M::lea ? 1 : 2)) return false;
                if (in.bytes == 1) return fail(word.pos, text("{0} has no 8-bit form", "{0} 没有 8 位形式", {shown(word)}));
                return true;
            case Shape::extend: return check_extend(in, word);
            case Shape::shift:
                if (!needs(in, 2, word, shown(word) + " rax, 3") || !no_immediate(a[0], word) || !size_of(in, word, 0, 1)) return false;
                if (a[1].is_reg() ? a[1].reg != Reg::rcx || a[1].bytes != 1 || a[1].high : !a[1].is_imm() || a[1].value < 0 || a[1].value > 255)
                    return fail(word.pos, text("{0} shifts by a number or by cl", "{0} 按一个数或 cl 移位", {shown(word)}));
                return true;
            case Shape::exchange:
                return needs(in, 2, word, shown(word) + " rax, [rbx]") && no_immediate(a[0], word) && no_immediate(a[1], word) &&
                       !both_memory(in, word) && size_of(in, word, 0, 2);
            case Shape::rm_reg:
                return needs(in, 2, word, shown(word) + " [rbx], rcx") && no_immediate(a[0], word) && must_be_register(a[1], word) &&
                       size_of(in, word, 0, 2);
            case Shape::jump:
                if (!needs(in, 1, word, shown(word) + " label")) return false;
                if (a[0].is_imm()) return fail(word.pos, text("{0} goes to a label or to where a register says", "{0} 跳到标号或寄存器所指之处", {shown(word)}));
                if (a[0].kind == Operand::Kind::label) return true;
                if (a[0].is_mem() && a[0].bytes == 0) a[0].bytes = 8;
                in.bytes = 8;
                if (a[0].bytes != 8) return fail(word.pos, text("a jump's address has 64 bits", "跳转地址是 64 位"));
                return true;
            case Shape::branch:
                if (!needs(in, 1, word, shown(word) + " label")) return false;
                if (a[0].kind == Operand::Kind::label) return true;
                return fail(word.pos, text("a conditional jump goes to a label", "条件跳转的目标是标号"));
            case Shape::set:
                if (!needs(in, 1, word, shown(word) + " al") || !no_immediate(a[0], word)) return false;
                if (a[0].bytes == 0) a[0].bytes = 1;
                in.bytes = 1;
                if (a[0].bytes != 1) return fail(word.pos, text("{0} writes one byte: al, bl, byte ptr [rax]", "{0} 写一个字节：al、bl、byte ptr [rax]", {shown(word)}));
                return true;
            case Shape::push:
            case Shape::pop:
                if (!needs(in, 1, word, shown(word) + " rax")) return false;
                if (shape == Shape::pop && !no_immediate(a[0], word)) return false;
                if (a[0].is_mem() && a[0].bytes == 0) a[0].bytes = 8;
                in.bytes = a[0].is_imm() ? 8 : a[0].bytes;
                if (in.bytes != 8) return fail(word.pos, text("{0} moves 8 bytes", "{0} 移动 8 个字节", {shown(word)}));
                return immediate_fits(in, a[0], word);
            case Shape::imul:
                if (in.operands < 1) return needs(in, 2, word, "imul rax, rbx");
                if (in.operands == 1) return no_immediate(a[0], word) && size_of(in, word, 0, 1);
                if (!must_be_register(a[0], word)) return false;
                if (in.operands == 3 && (!a[2].is_imm() || a[1].is_imm()))
                    return fail(word.pos, text("imul takes: imul rax, rbx, 10", "imul 的写法：imul rax, rbx, 10"));
                if (!size_of(in, word, 0, 2)) return false;
                if (in.bytes == 1) return fail(word.pos, text("imul with two operands has no 8-bit form", "两个操作数的 imul 没有 8 位形式"));
                return immediate_fits(in, a[in.operands - 1], word);
        }
        return true;
    }
    bool check_extend(Insn& in, const Piece& word) {
        Operand* a = in.arg;
        if (!needs(in, 2, word, shown(word) + " eax, byte ptr [rbx]") || !must_be_register(a[0], word) || !no_immediate(a[1], word)) return false;
        if (a[1].is_mem() && a[1].bytes == 0)
            return fail(word.pos, text("how many bytes of memory? write byte, word or dword ptr before the '['",
                                       "访问多少字节的内存？请在 “[” 前写 byte、word 或 dword ptr"));
        in.bytes = a[0].bytes;
        if (in.op == M::movsx && a[1].bytes == 4) in.op = M::movsxd;
        const bool good = in.op == M::movsxd ? a[1].bytes == 4 && in.bytes == 8 : a[1].bytes < in.bytes && a[1].bytes <= 2;
        if (good) return true;
        return fail(word.pos, text("{0} goes from a smaller size to a larger one (a 32-bit mov extends with zeros by itself)",
                                   "{0} 从较小的大小扩展到较大的（32 位 mov 自己就会零扩展）", {shown(word)}));
    }

    // --- putting it together ---

    void resolve(const std::string& name, SourcePos pos, std::size_t insn) {
        const auto it = labels_.find(name);
        if (it != labels_.end()) {
            out_.code[insn].arg[0].value = static_cast<std::int64_t>(it->second);
            return;
        }
        std::vector<std::string> near;
        for (const auto& [label, at] : labels_) near.push_back(label);
        out_.errors.push_back({pos, text("there is no label '{0}' in this asm block", "这个 asm 块里没有标号 “{0}”", {utf8::printable(name, 24)}), name, std::move(near), false});
    }
    void add_prologue() {
        Insn in;
        in.op = M::mov;
        in.bytes = 8;
        in.operands = 2;
        in.arg[0] = {.kind = Operand::Kind::reg, .reg = Reg::rbp, .bytes = 8};
        in.arg[1] = {.kind = Operand::Kind::reg, .reg = Reg::rsp, .bytes = 8};
        in.text = "mov rbp, rsp";
        if (!lines_.empty()) in.pos = lines_.front().pos;
        out_.code.insert(out_.code.begin(), in);
        for (Insn& i : out_.code)
            if (i.arg[0].kind == Operand::Kind::label) ++i.arg[0].value;
        for (auto& [label, at] : out_.labels) ++at;
    }
    // Jumps begin short; one whose target is too far grows, and stays so, until nothing changes.
    void place() {
        std::vector<bool> near_jump(out_.code.size(), false);
        bool again = true;
        while (again && out_.errors.empty()) {
            again = false;
            std::uint64_t address = origin_;
            for (std::size_t i = 0; i < out_.code.size(); ++i) {
                out_.code[i].address = address;
                encode(out_.code[i], near_jump[i]);
                address += out_.code[i].length;
            }
            out_.size = address - origin_;
            for (std::size_t i = 0; i < out_.code.size(); ++i) {
                Insn& in = out_.code[i];
                if (in.arg[0].kind != Operand::Kind::label) continue;
                const auto to = static_cast<std::size_t>(in.arg[0].value);
                in.target = to < out_.code.size() ? out_.code[to].address : address;
                const auto distance = static_cast<std::int64_t>(in.target - in.end());
                if (!near_jump[i] && (distance < -128 || distance > 127)) near_jump[i] = again = true;
            }
        }
        for (std::size_t i = 0; i < out_.code.size() && out_.errors.empty(); ++i) encode(out_.code[i], near_jump[i]);
    }
    static std::vector<std::string> registers() {
        std::vector<std::string> out;
        for (const int bytes : {8, 4, 2, 1})
            for (int r = 0; r < kGeneralRegs; ++r) out.push_back(register_name(static_cast<Reg>(r), bytes));
        return out;
    }

    const std::vector<AsmLine>& lines_;
    const AsmNames& names_;
    std::uint64_t origin_;
    Assembled out_;
    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    bool failed_ = false;   // in this line: echoes are not told
    std::map<std::string, std::size_t, std::less<>> labels_;
    std::vector<Use> uses_;
    std::string use_name_;
    SourcePos use_pos_;
};

}  // namespace

AsmName AsmNames::find(std::string_view name) const {
    for (const auto& [known, what] : list)
        if (known == name) return what;
    return {};
}

std::string register_name(Reg r, int bytes, bool high) {
    constexpr const char* kOld[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    const int n = static_cast<int>(r);
    if (n >= 8) return "r" + std::to_string(n) + (bytes == 8 ? "" : bytes == 4 ? "d" : bytes == 2 ? "w" : "b");
    const std::string old = kOld[n];
    if (bytes == 8) return "r" + old;
    if (bytes == 4) return "e" + old;
    if (bytes == 2) return old;
    if (n >= 4) return old + "l";
    return old.substr(0, 1) + (high ? "h" : "l");
}

bool find_register(std::string_view name, Operand& out) {
    if (name.size() > 4) return false;
    for (const int bytes : {8, 4, 2, 1}) {
        for (int r = 0; r < kGeneralRegs; ++r) {
            for (const bool high : {false, true}) {
                if (high && (bytes != 1 || r > 3)) continue;
                if (register_name(static_cast<Reg>(r), bytes, high) != name) continue;
                out.kind = Operand::Kind::reg;
                out.reg = static_cast<Reg>(r);
                out.bytes = static_cast<std::uint8_t>(bytes);
                out.high = high;
                return true;
            }
        }
    }
    return false;
}

std::vector<std::string> mnemonic_names() {
    std::vector<std::string> out;
    for (const MnemonicRow& r : kRows) out.emplace_back(r.name);
    for (const char* prefix : {"j", "set", "cmov"})
        for (const ConditionRow& c : kConditions) out.push_back(std::string(prefix) + c.name);
    out.emplace_back("lock");
    return out;
}

bool writes_register(const Insn& in, Reg r) {
    switch (in.op) {
        case M::cmp: case M::test: case M::push: case M::jmp: case M::jcc: case M::call: return false;
        case M::mul: case M::div: case M::idiv: return r == Reg::rax || r == Reg::rdx;
        case M::imul:
            if (in.operands == 1) return r == Reg::rax || r == Reg::rdx;
            break;
        case M::cwd: case M::cdq: case M::cqo: return r == Reg::rdx;
        case M::cbw: case M::cwde: case M::cdqe: return r == Reg::rax;
        case M::syscall: return r == Reg::rax || r == Reg::rcx || r == Reg::r11;
        case M::cmpxchg:
            if (r == Reg::rax) return true;
            break;
        case M::xchg: case M::xadd:
            if (in.arg[1].is_reg() && in.arg[1].reg == r) return true;
            break;
        default: break;
    }
    return in.arg[0].is_reg() && in.arg[0].reg == r && in.operands > 0;
}

Assembled assemble(const std::vector<AsmLine>& lines, const AsmNames& names, std::uint64_t origin) {
    return Assembler(lines, names, origin).run();
}

}  // namespace sy
