// From instructions to bytes, as GNU as would choose them (Intel SDM vol. 2, chapter 2 and the opcode maps): the short
// form of an immediate where it fits, the accumulator's own opcodes, absolute addresses as a SIB without registers.
#include "sim/program/insn.h"

#include <cstring>

namespace sy {

namespace {

using M = Mnemonic;

bool fits8(std::int64_t v) { return v >= -128 && v <= 127; }

class Encoder {
  public:
    explicit Encoder(Insn& in) : in_(in) {}

    void run(bool near_jump) {
        if (in_.lock) byte(0xf0);
        switch (in_.op) {
            case M::mov: mov(); break;
            case M::movzx: extend(0xb6); break;
            case M::movsx: extend(0xbe); break;
            case M::movsxd: op_rm({0x63}, number(0), in_.arg[1], in_.bytes); break;
            case M::lea: op_rm({0x8d}, number(0), in_.arg[1], in_.bytes); break;
            case M::xchg: xchg(); break;
            case M::push: push(); break;
            case M::pop:
                if (in_.arg[0].is_reg())
                    short_reg(0x58);
                else
                    op_rm({0x8f}, 0, in_.arg[0], in_.bytes == 8 ? 4 : in_.bytes);
                break;
            case M::add: case M::or_: case M::adc: case M::sbb: case M::and_: case M::sub: case M::xor_: case M::cmp:
                arithmetic(static_cast<int>(in_.op) - static_cast<int>(M::add));
                break;
            case M::test: test(); break;
            case M::inc: op_rm({wide(0xfe)}, 0, in_.arg[0], in_.bytes); break;
            case M::dec: op_rm({wide(0xfe)}, 1, in_.arg[0], in_.bytes); break;
            case M::not_: op_rm({wide(0xf6)}, 2, in_.arg[0], in_.bytes); break;
            case M::neg: op_rm({wide(0xf6)}, 3, in_.arg[0], in_.bytes); break;
            case M::mul: op_rm({wide(0xf6)}, 4, in_.arg[0], in_.bytes); break;
            case M::imul: imul(); break;
            case M::div: op_rm({wide(0xf6)}, 6, in_.arg[0], in_.bytes); break;
            case M::idiv: op_rm({wide(0xf6)}, 7, in_.arg[0], in_.bytes); break;
            case M::rol: shift(0); break;
            case M::ror: shift(1); break;
            case M::shl: shift(4); break;
            case M::shr: shift(5); break;
            case M::sar: shift(7); break;
            case M::cbw: bytes({0x66, 0x98}); break;
            case M::cwde: bytes({0x98}); break;
            case M::cdqe: bytes({0x48, 0x98}); break;
            case M::cwd: bytes({0x66, 0x99}); break;
            case M::cdq: bytes({0x99}); break;
            case M::cqo: bytes({0x48, 0x99}); break;
            case M::jmp:
                if (in_.arg[0].kind == Operand::Kind::label)
                    jump(0xeb, {0xe9}, near_jump);
                else
                    op_rm({0xff}, 4, in_.arg[0], 4);
                break;
            case M::jcc:
                jump(static_cast<std::uint8_t>(0x70 + in_.condition),
                     {0x0f, static_cast<std::uint8_t>(0x80 + in_.condition)}, near_jump);
                break;
            case M::call:
                if (in_.arg[0].kind == Operand::Kind::label)
                    jump(0, {0xe8}, true);
                else
                    op_rm({0xff}, 2, in_.arg[0], 4);
                break;
            case M::setcc: op_rm({0x0f, static_cast<std::uint8_t>(0x90 + in_.condition)}, 0, in_.arg[0], 1); break;
            case M::cmovcc:
                op_rm({0x0f, static_cast<std::uint8_t>(0x40 + in_.condition)}, number(0), in_.arg[1], in_.bytes);
                break;
            case M::ret: bytes({0xc3}); break;
            case M::cmpxchg: op_rm({0x0f, wide(0xb0)}, number(1), in_.arg[0], in_.bytes, &in_.arg[1]); break;
            case M::xadd: op_rm({0x0f, wide(0xc0)}, number(1), in_.arg[0], in_.bytes, &in_.arg[1]); break;
            case M::mfence: bytes({0x0f, 0xae, 0xf0}); break;
            case M::lfence: bytes({0x0f, 0xae, 0xe8}); break;
            case M::sfence: bytes({0x0f, 0xae, 0xf8}); break;
            case M::pause: bytes({0xf3, 0x90}); break;
            case M::nop: bytes({0x90}); break;
            case M::syscall: bytes({0x0f, 0x05}); break;
            case M::int3: bytes({0xcc}); break;
            case M::hlt: bytes({0xf4}); break;
            case M::cli: bytes({0xfa}); break;
            case M::sti: bytes({0xfb}); break;
            case M::ud2: bytes({0x0f, 0x0b}); break;
            case M::clc: bytes({0xf8}); break;
            case M::stc: bytes({0xf9}); break;
            case M::cmc: bytes({0xf5}); break;
        }
        in_.length = static_cast<std::uint8_t>(at_);
    }

  private:
    void byte(std::uint8_t b) {
        if (at_ < 15) in_.code[at_++] = b;
    }
    void bytes(std::initializer_list<std::uint8_t> all) {
        for (const std::uint8_t b : all) byte(b);
    }
    void little(std::uint64_t v, int n) {
        for (int i = 0; i < n; ++i) byte(static_cast<std::uint8_t>(v >> (8 * i)));
    }
    std::uint8_t wide(int opcode) const { return static_cast<std::uint8_t>(opcode + (in_.bytes > 1 ? 1 : 0)); }
    // The number of a register operand as it stands in ModRM: 4 to 7 without a REX prefix are ah to bh.
    static int number_of(const Operand& o) { return static_cast<int>(o.reg) + (o.high ? 4 : 0); }
    int number(int i) const { return number_of(in_.arg[i]); }
    // spl, bpl, sil, dil exist only with a REX prefix.
    static bool needs_rex(const Operand& o) {
        return o.is_reg() && o.bytes == 1 && !o.high && o.reg >= Reg::rsp && o.reg <= Reg::rdi;
    }
    static int immediate_bytes(int size) { return size == 8 ? 4 : size; }

    // Prefixes, opcode, ModRM, SIB, displacement. `field`: a register or a part of the opcode.
    void op_rm(std::initializer_list<std::uint8_t> opcode, int field, const Operand& rm, int size,
               const Operand* reg = nullptr) {
        if (size == 2) byte(0x66);
        int rex = size == 8 ? 8 : 0;
        bool force = needs_rex(rm) || (reg != nullptr && needs_rex(*reg));
        if (reg == nullptr && in_.arg[0].is_reg() && &rm != &in_.arg[0]) force |= needs_rex(in_.arg[0]);
        if (field >= 8) rex |= 4;
        const int low = field & 7;
        if (rm.is_reg()) {
            const int r = number_of(rm);
            if (r >= 8) rex |= 1;
            if (rex != 0 || force) byte(static_cast<std::uint8_t>(0x40 | rex));
            bytes(opcode);
            byte(static_cast<std::uint8_t>(0xc0 | low << 3 | (r & 7)));
            return;
        }
        if (rm.index >= 8) rex |= 2;
        if (rm.base >= 8) rex |= 1;
        if (rex != 0 || force) byte(static_cast<std::uint8_t>(0x40 | rex));
        bytes(opcode);
        address(rm, low);
    }
    void address(const Operand& m, int field) {
        int scale = 0;
        while ((1 << scale) < m.scale) ++scale;
        const bool needs_sib = m.base < 0 || m.index >= 0 || (m.base & 7) == 4;
        const int mod = m.base < 0 ? 0 : m.value == 0 && (m.base & 7) != 5 ? 0 : fits8(m.value) ? 1 : 2;
        byte(static_cast<std::uint8_t>(mod << 6 | field << 3 | (needs_sib ? 4 : m.base & 7)));
        if (needs_sib) {
            const int index = m.index < 0 ? 4 : m.index & 7, base = m.base < 0 ? 5 : m.base & 7;
            byte(static_cast<std::uint8_t>(scale << 6 | index << 3 | base));
        }
        if (mod == 1) little(static_cast<std::uint64_t>(m.value), 1);
        if (mod == 2 || m.base < 0) little(static_cast<std::uint64_t>(m.value), 4);
    }
    void short_reg(int opcode) {   // the register is part of the opcode; push and pop need no REX.W
        const int r = number(0);
        if (in_.bytes == 2) byte(0x66);
        if (r >= 8) byte(0x41);
        byte(static_cast<std::uint8_t>(opcode + (r & 7)));
    }
    bool accumulator(const Operand& o) const { return o.is_reg() && o.reg == Reg::rax && !o.high; }
    void accumulator_immediate(int opcode) {
        if (in_.bytes == 2) byte(0x66);
        if (in_.bytes == 8) byte(0x48);
        byte(wide(opcode));
        little(static_cast<std::uint64_t>(in_.arg[1].value), immediate_bytes(in_.bytes));
    }

    void mov() {
        const Operand &to = in_.arg[0], &from = in_.arg[1];
        const std::int64_t v = from.value;
        if (from.is_reg()) {
            op_rm({wide(0x88)}, number(1), to, in_.bytes, &from);
        } else if (from.is_mem()) {
            op_rm({wide(0x8a)}, number(0), from, in_.bytes, &to);
        } else if (to.is_mem() || (in_.bytes == 8 && v == static_cast<std::int32_t>(v))) {
            op_rm({wide(0xc6)}, 0, to, in_.bytes);
            little(static_cast<std::uint64_t>(v), immediate_bytes(in_.bytes));
        } else {
            const int r = number(0);
            const int rex = (in_.bytes == 8 ? 8 : 0) | (r >= 8 ? 1 : 0);
            if (in_.bytes == 2) byte(0x66);
            if (rex != 0 || needs_rex(to)) byte(static_cast<std::uint8_t>(0x40 | rex));
            byte(static_cast<std::uint8_t>((in_.bytes == 1 ? 0xb0 : 0xb8) + (r & 7)));
            little(static_cast<std::uint64_t>(v), in_.bytes);
        }
    }
    void extend(int opcode) {
        const Operand& from = in_.arg[1];
        op_rm({0x0f, static_cast<std::uint8_t>(opcode + (from.bytes == 2 ? 1 : 0))}, number(0), from, in_.bytes,
              &in_.arg[0]);
    }
    void arithmetic(int group) {
        const Operand &to = in_.arg[0], &from = in_.arg[1];
        const int opcode = 8 * group;
        if (from.is_reg()) {
            op_rm({wide(opcode)}, number(1), to, in_.bytes, &from);
        } else if (from.is_mem()) {
            op_rm({wide(opcode + 2)}, number(0), from, in_.bytes, &to);
        } else if (in_.bytes > 1 && fits8(from.value)) {
            op_rm({0x83}, group, to, in_.bytes);
            little(static_cast<std::uint64_t>(from.value), 1);
        } else if (accumulator(to)) {
            accumulator_immediate(opcode + 4);
        } else {
            op_rm({wide(0x80)}, group, to, in_.bytes);
            little(static_cast<std::uint64_t>(from.value), immediate_bytes(in_.bytes));
        }
    }
    void test() {
        const Operand &to = in_.arg[0], &from = in_.arg[1];
        if (from.is_reg()) {
            op_rm({wide(0x84)}, number(1), to, in_.bytes, &from);
        } else if (from.is_mem()) {
            op_rm({wide(0x84)}, number(0), from, in_.bytes, &to);
        } else if (accumulator(to)) {
            accumulator_immediate(0xa8);
        } else {
            op_rm({wide(0xf6)}, 0, to, in_.bytes);
            little(static_cast<std::uint64_t>(from.value), immediate_bytes(in_.bytes));
        }
    }
    void imul() {
        if (in_.operands == 1) return op_rm({wide(0xf6)}, 5, in_.arg[0], in_.bytes);
        const Operand& last = in_.arg[in_.operands - 1];
        if (!last.is_imm()) return op_rm({0x0f, 0xaf}, number(0), in_.arg[1], in_.bytes);
        const Operand& from = in_.operands == 3 ? in_.arg[1] : in_.arg[0];
        const bool is_short = fits8(last.value);
        op_rm({static_cast<std::uint8_t>(is_short ? 0x6b : 0x69)}, number(0), from, in_.bytes);
        little(static_cast<std::uint64_t>(last.value), is_short ? 1 : immediate_bytes(in_.bytes));
    }
    void shift(int field) {
        const Operand& count = in_.arg[1];
        if (count.is_reg()) return op_rm({wide(0xd2)}, field, in_.arg[0], in_.bytes);
        if (count.value == 1) return op_rm({wide(0xd0)}, field, in_.arg[0], in_.bytes);
        op_rm({wide(0xc0)}, field, in_.arg[0], in_.bytes);
        little(static_cast<std::uint64_t>(count.value), 1);
    }
    void xchg() {
        const Operand &a = in_.arg[0], &b = in_.arg[1];
        if (a.is_reg() && b.is_reg() && in_.bytes > 1 && (accumulator(a) != accumulator(b))) {
            const int r = accumulator(a) ? number(1) : number(0);
            const int rex = (in_.bytes == 8 ? 8 : 0) | (r >= 8 ? 1 : 0);
            if (in_.bytes == 2) byte(0x66);
            if (rex != 0) byte(static_cast<std::uint8_t>(0x40 | rex));
            byte(static_cast<std::uint8_t>(0x90 + (r & 7)));
        } else if (b.is_mem()) {
            op_rm({wide(0x86)}, number(0), b, in_.bytes, &a);
        } else {
            op_rm({wide(0x86)}, number(1), a, in_.bytes, &b);
        }
    }
    void push() {
        const Operand& from = in_.arg[0];
        if (from.is_reg()) return short_reg(0x50);
        if (from.is_mem()) return op_rm({0xff}, 6, from, in_.bytes == 8 ? 4 : in_.bytes);
        byte(fits8(from.value) ? 0x6a : 0x68);
        little(static_cast<std::uint64_t>(from.value), fits8(from.value) ? 1 : 4);
    }
    void jump(std::uint8_t short_opcode, std::initializer_list<std::uint8_t> near_opcode, bool near_jump) {
        if (near_jump)
            bytes(near_opcode);
        else
            byte(short_opcode);
        const int distance = near_jump ? 4 : 1;
        const std::uint64_t end = in_.address + static_cast<std::uint64_t>(at_ + distance);
        little(in_.target - end, distance);
    }

    Insn& in_;
    int at_ = 0;
};

}  // namespace

void encode(Insn& in, bool near_jump) { Encoder(in).run(near_jump); }

// Intel SDM vol. 2B, NOP: recommended multi-byte sequences; longer ones with more operand-size prefixes.
Insn padding(int bytes, std::uint64_t address) {
    static constexpr std::uint8_t kForms[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    Insn in;
    in.op = Mnemonic::nop;
    in.address = address;
    in.length = static_cast<std::uint8_t>(bytes);
    int prefixes = bytes > 9 ? bytes - 9 : 0;
    std::memset(in.code, 0x66, static_cast<std::size_t>(prefixes));
    std::memcpy(in.code + prefixes, kForms[bytes - prefixes - 1], static_cast<std::size_t>(bytes - prefixes));
    in.text = "nop";
    return in;
}

}  // namespace sy
