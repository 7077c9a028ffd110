// The bytes of the index: numbers of seven bits a byte; the head of a block; an event of a lane. Only for index*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/trace/lane_moment.h"

namespace sy::index_code {

constexpr std::size_t kPiece = std::size_t{1} << 16;   // of the store; a block is at most some 700 bytes
constexpr std::string_view kLetters = "RSDTtXZPI";     // of Slice::letter, by number

inline void put(std::vector<std::uint8_t>& out, std::uint64_t v) {
    for (; v >= 128; v >>= 7) out.push_back(static_cast<std::uint8_t>(v | 128));
    out.push_back(static_cast<std::uint8_t>(v));
}
inline std::uint64_t take(const std::uint8_t*& at) {
    std::uint64_t v = *at & 127;
    for (int shift = 7; (*at++ & 128) != 0; shift += 7) v |= std::uint64_t{*at & 127U} << shift;
    return v;
}

// How many records after the one before it; and on a CPU's lane the system call of who comes.
inline void put_event(std::vector<std::uint8_t>& out, std::uint32_t further, std::uint16_t inside) {
    const bool has = inside != Slice::kNoReason;
    put(out, std::uint64_t{further} << 1 | (has ? 1 : 0));
    if (has) put(out, inside);
}
struct LaneEvent {
    std::uint32_t further = 0;
    std::uint16_t inside = Slice::kNoReason;
};
inline LaneEvent take_event(const std::uint8_t*& at) {
    const std::uint64_t v = take(at);
    LaneEvent e{static_cast<std::uint32_t>(v >> 1), Slice::kNoReason};
    if ((v & 1) != 0) e.inside = static_cast<std::uint16_t>(take(at));
    return e;
}

// The kinds of slices that a lane can have.
inline bool has_kind(LaneKey key, std::size_t kind) {
    const auto k = static_cast<Slice::Kind>(kind);
    if (k == Slice::Kind::idle) return !key.is_task;
    return key.is_task || (k != Slice::Kind::runnable && k != Slice::Kind::sleeping);
}

void put_moment(std::vector<std::uint8_t>& out, LaneKey key, const LaneMoment& s);
// `clock` stands in the head.
LaneMoment take_moment(const std::uint8_t*& at, LaneKey key, Nanos clock);

}  // namespace sy::index_code
