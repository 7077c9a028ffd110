// Instructions of `asm { … }` blocks: a subset of x86-64 in Intel syntax. The assembler reads lines, the encoder turns
// each instruction into the very bytes that the processor would execute, so that lengths and RIP are real (docs/instructions.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/source_pos.h"
#include "sim/base/text.h"
#include "sim/machine/regs.h"
#include "sim/model/scenario.h"

namespace sy {

enum class Mnemonic : std::uint8_t {
    mov, movzx, movsx, movsxd, lea, xchg, push, pop,
    add, or_, adc, sbb, and_, sub, xor_, cmp,      // in the order of their encoding
    test, inc, dec, not_, neg, mul, imul, div, idiv,
    rol, ror, shl, shr, sar,
    cbw, cwde, cdqe, cwd, cdq, cqo,
    jmp, jcc, setcc, cmovcc, call, ret,
    cmpxchg, xadd,
    mfence, lfence, sfence, pause, nop, syscall, int3, hlt, cli, sti, ud2, clc, stc, cmc,
};

struct Operand {
    enum class Kind : std::uint8_t { none, reg, mem, imm, label };
    Kind kind = Kind::none;
    Reg reg = Reg::rax;
    bool high = false;                 // ah, ch, dh, bh
    std::int8_t base = -1, index = -1; // of a memory operand: a register's number; -1: none
    std::uint8_t scale = 1;
    std::uint8_t bytes = 0;            // of a register; of memory: as written, 0: not said
    bool of_variable = false;          // a variable's name is part of the address
    std::int64_t value = 0;            // an immediate; the displacement; a label's instruction

    bool is_reg() const { return kind == Kind::reg; }
    bool is_mem() const { return kind == Kind::mem; }
    bool is_imm() const { return kind == Kind::imm; }
};

struct Insn {
    Mnemonic op = Mnemonic::nop;
    std::uint8_t condition = 0;        // of jcc, setcc, cmovcc: the code in the encoding
    std::uint8_t bytes = 0;            // operand size: 1, 2, 4, 8; 0: it has none
    bool lock = false;
    std::uint8_t length = 0;           // encoded
    std::uint8_t operands = 0;
    Operand arg[3];
    std::uint64_t address = 0;         // of its first byte
    std::uint64_t target = 0;          // jumps and calls to a label: its address
    std::uint8_t code[15] = {};
    SourcePos pos;
    std::string text;                  // as written, blanks put in order

    std::uint64_t end() const { return address + length; }
};

// What a name in an address means.
struct AsmName {
    enum class Kind : std::uint8_t { unknown, absolute, frame };   // frame: `value` is added to RBP
    Kind kind = Kind::unknown;
    std::int64_t value = 0;
};
struct AsmNames {
    std::vector<std::pair<std::string, AsmName>> list;
    AsmName find(std::string_view name) const;
};

struct AsmError {
    SourcePos pos;
    Text message;
    std::string word;                  // unknown: what `near` may hold the right spelling of
    std::vector<std::string> near;
    bool is_warning = false;
};

struct Assembled {
    std::vector<Insn> code;            // placed from `origin` on, without a gap
    std::vector<std::pair<std::string, std::uint32_t>> labels;   // which instruction; code.size(): the end
    std::vector<AsmError> errors;
    bool uses_frame = false;           // a local variable is named: RBP is set to the frame first
    std::uint64_t size = 0;            // bytes
};

// Assembles the lines of one block at `origin`. With errors, `code` is not to be executed. `break_labels` are marked by
// the caller. The prologue `mov rbp, rsp` is added when a local variable is named.
Assembled assemble(const std::vector<AsmLine>& lines, const AsmNames& names, std::uint64_t origin);

// Encodes `in` (which has its address and target) into its `code`; `near_jump`: jumps have four bytes of distance.
void encode(Insn& in, bool near_jump);
// The recommended multi-byte NOP of so many bytes, 1 to 15.
Insn padding(int bytes, std::uint64_t address);

// `rax`, `r10d`, `ah`.
std::string register_name(Reg r, int bytes, bool high = false);
// A register of any width by name; false: it is none.
bool find_register(std::string_view name, Operand& out);
// All mnemonics, for the documentation and for suggestions.
std::vector<std::string> mnemonic_names();
// Does the instruction write this register (whole or in part) without its being the stack pointer of push, pop, call?
bool writes_register(const Insn& in, Reg r);

}  // namespace sy
