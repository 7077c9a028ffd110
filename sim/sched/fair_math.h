// The arithmetic of fair scheduling: shares of a queue's load in the kernel's fixed point, so that every number is the
// one a real kernel of the same rules gets, rounding included (linux.md 6.4.2; __calc_delta in kernel/sched/fair.c).
#pragma once

#include <cstdint>

#include "sim/model/task.h"

namespace sy {

constexpr std::uint64_t kNice0Weight = 1024;   // linux.md 6.4.1

struct Load {
    std::uint64_t weight = 0;
    std::uint64_t inverse() const { return weight == 0 ? 0xffff'ffff : 0xffff'ffffULL / weight; }
};

// delta * weight / load, with the load given as its inverse, in the kernel's fixed-point arithmetic, linux.md 6.4.2.
inline std::uint64_t calc_delta(std::uint64_t delta, std::uint64_t weight, std::uint64_t inverse) {
    std::uint64_t fact = weight * inverse;
    int shift = 32;
    if (const auto high = static_cast<std::uint32_t>(fact >> 32); high != 0) {
        const int excess = 32 - __builtin_clz(high);
        shift -= excess;
        fact >>= excess;
    }
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(delta) * fact) >> shift);
}
// How far vruntime goes when a task runs for `delta`.
inline std::uint64_t calc_delta_fair(std::uint64_t delta, const SchedEntity& se) {
    return se.weight == kNice0Weight ? delta : calc_delta(delta, kNice0Weight, se.inv_weight);
}

}  // namespace sy
