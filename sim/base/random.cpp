#include "sim/base/random.h"

#include "sim/base/assert.h"

namespace sy {

namespace {

using Wide = unsigned __int128;

// -ln(u / 2^64) for u >= 1, in units of 2^-32: the integer part of log2 is a bit count, its fraction comes from
// squaring the mantissa 32 times, and ln 2 turns the base.
std::uint64_t minus_ln(std::uint64_t u) {
    const int top = 63 - __builtin_clzll(u);
    std::uint64_t mantissa = u << (63 - top);  // 1.x with 63 fraction bits
    std::uint64_t fraction = 0;
    for (int i = 0; i < 32; ++i) {
        const Wide square = static_cast<Wide>(mantissa) * mantissa;  // 126 fraction bits
        fraction <<= 1;
        if ((square >> 127) != 0) {
            fraction |= 1;
            mantissa = static_cast<std::uint64_t>(square >> 64);
        } else {
            mantissa = static_cast<std::uint64_t>(square >> 63);
        }
    }
    const std::uint64_t log2 = (static_cast<std::uint64_t>(top) << 32) | fraction;
    const std::uint64_t minus_log2 = (std::uint64_t{64} << 32) - log2;
    constexpr std::uint64_t kLn2 = 2'977'044'472ULL;  // ln 2 * 2^32
    return static_cast<std::uint64_t>((static_cast<Wide>(minus_log2) * kLn2) >> 32);
}

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9e37'79b9'7f4a'7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebULL;
    return z ^ (z >> 31);
}

std::int64_t Random::uniform(std::int64_t low, std::int64_t high) {
    SY_ASSERT(low <= high, "a uniform draw needs low <= high");
    const std::uint64_t span = static_cast<std::uint64_t>(high - low) + 1;
    if (span == 0) return static_cast<std::int64_t>(next());
    return low + static_cast<std::int64_t>((static_cast<Wide>(next()) * span) >> 64);
}

Nanos Random::exponential(Nanos mean) {
    SY_ASSERT(mean >= 0, "an exponential draw needs a mean of at least 0");
    const std::uint64_t u = next() | 1;  // never 0: its logarithm is finite
    return static_cast<Nanos>((static_cast<Wide>(minus_ln(u)) * static_cast<std::uint64_t>(mean)) >> 32);
}

}  // namespace sy
