// What the arithmetic unit of an x86-64 CPU computes: results and the six status flags, for operands of 1, 2, 4 and 8
// bytes. Pure functions of values; tests hold each of them to the processor they run on.
//
// Rules are those of the Intel SDM, volume 2. Where it leaves a flag undefined, ours is a fixed choice, always the same:
//   and, or, xor, test           AF = 0
//   mul, imul                    SF, ZF, PF of the low half of the result; AF = 0
//   div, idiv                    all flags as they were
//   shl, shr, sar by more than 1 OF as for a shift by 1 of the operand; AF = 0 (any count but 0)
//   shl, shr by the width or more  CF = 0 (8 and 16 bits; a count is taken modulo 32)
//   rol, ror by more than 1      OF as for a rotation by 1 that ends in this result
#pragma once

#include <cstdint>

namespace sy::alu {

// RFLAGS bits (Intel SDM vol. 1, 3.4.3).
constexpr std::uint64_t cf = 0x1, pf = 0x4, af = 0x10, zf = 0x40, sf = 0x80, of = 0x800;
constexpr std::uint64_t status = cf | pf | af | zf | sf | of;

constexpr std::uint64_t mask(int bytes) { return bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1; }
constexpr std::uint64_t sign_bit(int bytes) { return std::uint64_t{1} << (8 * bytes - 1); }
constexpr std::uint64_t sign_extend(std::uint64_t v, int bytes) {
    const std::uint64_t s = sign_bit(bytes);
    return ((v & mask(bytes)) ^ s) - s;
}

struct Result {
    std::uint64_t value = 0;   // of `bytes` bytes, zero above
    std::uint64_t flags = 0;   // the whole RFLAGS
};

// `flags` is RFLAGS before; other bits than the status flags pass through.
Result add(std::uint64_t a, std::uint64_t b, bool carry, int bytes, std::uint64_t flags);
Result sub(std::uint64_t a, std::uint64_t b, bool borrow, int bytes, std::uint64_t flags);   // a - b; also cmp
Result logic(std::uint64_t value, int bytes, std::uint64_t flags);   // flags of and, or, xor, test
Result inc(std::uint64_t a, int bytes, std::uint64_t flags);
Result dec(std::uint64_t a, int bytes, std::uint64_t flags);
Result neg(std::uint64_t a, int bytes, std::uint64_t flags);

enum class Shift : std::uint8_t { rol, ror, shl, shr, sar };
Result shift(Shift how, std::uint64_t a, std::uint64_t count, int bytes, std::uint64_t flags);

struct Product {
    std::uint64_t low = 0, high = 0;   // halves of `bytes` bytes each
    std::uint64_t flags = 0;
};
Product mul(std::uint64_t a, std::uint64_t b, int bytes, std::uint64_t flags);
Product imul(std::uint64_t a, std::uint64_t b, int bytes, std::uint64_t flags);

struct Quotient {
    bool fits = false;                 // false: #DE
    std::uint64_t quotient = 0, remainder = 0;
};
// high:low (2 * bytes wide) by b.
Quotient div(std::uint64_t high, std::uint64_t low, std::uint64_t b, int bytes);
Quotient idiv(std::uint64_t high, std::uint64_t low, std::uint64_t b, int bytes);

// The sixteen conditions in the order of their encoding: o no b ae e ne be a s ns p np l ge le g.
bool condition(int code, std::uint64_t flags);

}  // namespace sy::alu
