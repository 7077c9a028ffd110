// Times, lengths, counts and addresses as the window and its pictures write them.
#pragma once

#include <cstdint>
#include <string>

#include "sim/base/types.h"

namespace sy::gui {

// "12.004 312 ms": milliseconds, groups of three divided by thin spaces. Never rounded.
std::string format_time(Nanos at);
// A length of time in its best unit: "800 ns", "12.5 µs", "3 ms", "1.25 s". Never rounded.
std::string format_span(Nanos length);
// "1 000 000", grouped by thin spaces.
std::string format_count(std::int64_t count);
// "ffffc90000123e78" (16 digits, no 0x).
std::string format_address(std::uint64_t address);
// "…3e78": the last four digits, to stand under a full address.
std::string format_tail(std::uint64_t address);

}  // namespace sy::gui
