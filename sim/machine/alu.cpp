#include "sim/machine/alu.h"

#include <bit>

namespace sy::alu {

namespace {

using u64 = std::uint64_t;
using u128 = unsigned __int128;
using s128 = __int128;

u64 bit_if(bool b, u64 flag) { return b ? flag : 0; }

// SF, ZF and PF of a result.
u64 of_result(u64 v, int bytes) {
    return bit_if((v & mask(bytes)) == 0, zf) | bit_if((v & sign_bit(bytes)) != 0, sf) |
           bit_if(std::popcount(v & 0xff) % 2 == 0, pf);
}
u64 with(u64 flags, u64 changed, u64 now) { return (flags & ~changed) | now; }

}  // namespace

Result add(u64 a, u64 b, bool carry, int bytes, u64 flags) {
    const u64 m = mask(bytes);
    a &= m, b &= m;
    const u64 r = (a + b + (carry ? 1 : 0)) & m;
    const u64 carries = (a & b) | ((a | b) & ~r);   // out of each bit
    const u64 s = sign_bit(bytes);
    return {r, with(flags, status,
                    of_result(r, bytes) | bit_if((carries & s) != 0, cf) | bit_if((carries & 8) != 0, af) |
                        bit_if(((a ^ r) & (b ^ r) & s) != 0, of))};
}

Result sub(u64 a, u64 b, bool borrow, int bytes, u64 flags) {
    const u64 m = mask(bytes);
    a &= m, b &= m;
    const u64 r = (a - b - (borrow ? 1 : 0)) & m;
    const u64 borrows = (~a & b) | ((~a | b) & r);   // into each bit from the next
    const u64 s = sign_bit(bytes);
    return {r, with(flags, status,
                    of_result(r, bytes) | bit_if((borrows & s) != 0, cf) | bit_if((borrows & 8) != 0, af) |
                        bit_if(((a ^ b) & (a ^ r) & s) != 0, of))};
}

Result logic(u64 value, int bytes, u64 flags) {
    value &= mask(bytes);
    return {value, with(flags, status, of_result(value, bytes))};
}

Result inc(u64 a, int bytes, u64 flags) {
    const Result r = add(a, 1, false, bytes, flags);
    return {r.value, with(r.flags, cf, flags & cf)};
}

Result dec(u64 a, int bytes, u64 flags) {
    const Result r = sub(a, 1, false, bytes, flags);
    return {r.value, with(r.flags, cf, flags & cf)};
}

Result neg(u64 a, int bytes, u64 flags) { return sub(0, a, false, bytes, flags); }

Result shift(Shift how, u64 a, u64 count, int bytes, u64 flags) {
    const int width = 8 * bytes;
    const u64 m = mask(bytes), s = sign_bit(bytes);
    const int n = static_cast<int>(count & (bytes == 8 ? 63 : 31));
    a &= m;
    if (n == 0) return {a, flags};
    if (how == Shift::rol || how == Shift::ror) {
        const int k = n % width;
        const int left = how == Shift::rol ? k : (width - k) % width;
        const u64 r = left == 0 ? a : ((a << left) | (a >> (width - left))) & m;
        const bool carry = how == Shift::rol ? (r & 1) != 0 : (r & s) != 0;
        const bool over = how == Shift::rol ? ((r & s) != 0) != carry : ((r & s) != 0) != ((r & (s >> 1)) != 0);
        return {r, with(flags, cf | of, bit_if(carry, cf) | bit_if(over, of))};
    }
    u64 r = 0;
    bool carry = false, over = false;
    if (how == Shift::shl) {
        r = n >= width ? 0 : (a << n) & m;
        carry = n <= width && ((a >> (width - n)) & 1) != 0;
        over = ((a & s) != 0) != ((a & (s >> 1)) != 0);
    } else if (how == Shift::shr) {
        r = n >= width ? 0 : a >> n;
        carry = n <= width && ((a >> (n - 1)) & 1) != 0;
        over = (a & s) != 0;
    } else {
        const auto v = static_cast<std::int64_t>(sign_extend(a, bytes));
        r = static_cast<u64>(v >> (n > 63 ? 63 : n)) & m;
        carry = ((v >> (n - 1)) & 1) != 0;
    }
    return {r, with(flags, status, of_result(r, bytes) | bit_if(carry, cf) | bit_if(over, of))};
}

Product mul(u64 a, u64 b, int bytes, u64 flags) {
    const u64 m = mask(bytes);
    const u128 p = static_cast<u128>(a & m) * (b & m);
    const u64 low = static_cast<u64>(p) & m, high = static_cast<u64>(p >> (8 * bytes)) & m;
    return {low, high, with(flags, status, of_result(low, bytes) | bit_if(high != 0, cf | of))};
}

Product imul(u64 a, u64 b, int bytes, u64 flags) {
    const u64 m = mask(bytes);
    const s128 p = static_cast<s128>(static_cast<std::int64_t>(sign_extend(a, bytes))) *
                   static_cast<std::int64_t>(sign_extend(b, bytes));
    const u64 low = static_cast<u64>(p) & m, high = static_cast<u64>(static_cast<u128>(p) >> (8 * bytes)) & m;
    const bool fits = p == static_cast<s128>(static_cast<std::int64_t>(sign_extend(low, bytes)));
    return {low, high, with(flags, status, of_result(low, bytes) | bit_if(!fits, cf | of))};
}

Quotient div(u64 high, u64 low, u64 b, int bytes) {
    const u64 m = mask(bytes);
    b &= m;
    if (b == 0) return {};
    const u128 n = (static_cast<u128>(high & m) << (8 * bytes)) | (low & m);
    const u128 q = n / b;
    if (q > m) return {};
    return {true, static_cast<u64>(q), static_cast<u64>(n % b)};
}

Quotient idiv(u64 high, u64 low, u64 b, int bytes) {
    const u64 m = mask(bytes);
    const auto divisor = static_cast<s128>(static_cast<std::int64_t>(sign_extend(b, bytes)));
    if (divisor == 0) return {};
    const u128 raw = (static_cast<u128>(high & m) << (8 * bytes)) | (low & m);
    // Sign-extended from twice the width. Magnitudes are divided: the smallest number by -1 must not overflow here.
    const bool negative = (high & sign_bit(bytes)) != 0;
    const u128 wide = bytes == 8 || !negative ? raw : raw | (~static_cast<u128>(0) << (16 * bytes));
    const u128 n = negative ? ~wide + 1 : wide;
    const u128 d = divisor < 0 ? static_cast<u128>(-divisor) : static_cast<u128>(divisor);
    const u128 q = n / d, r = n % d;
    const bool minus = negative != (divisor < 0);
    const u128 most = minus ? static_cast<u128>(sign_bit(bytes)) : static_cast<u128>(sign_bit(bytes)) - 1;
    if (q > most) return {};
    const u64 quotient = static_cast<u64>(q), rest = static_cast<u64>(r);
    return {true, (minus ? 0 - quotient : quotient) & m, (negative ? 0 - rest : rest) & m};
}

bool condition(int code, u64 flags) {
    const bool c = (flags & cf) != 0, z = (flags & zf) != 0, s = (flags & sf) != 0, o = (flags & of) != 0,
               p = (flags & pf) != 0;
    bool yes = false;
    switch (code >> 1) {
        case 0: yes = o; break;
        case 1: yes = c; break;
        case 2: yes = z; break;
        case 3: yes = c || z; break;
        case 4: yes = s; break;
        case 5: yes = p; break;
        case 6: yes = s != o; break;
        default: yes = z || s != o; break;
    }
    return yes != ((code & 1) != 0);
}

}  // namespace sy::alu
