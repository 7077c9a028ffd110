// A place in a scenario file, so that any later stage can complain about the right line.
#pragma once

#include <cstdint>

namespace sy {

struct SourcePos {
    std::int32_t line = 0;    // 1-based; 0: not from a file
    std::int32_t column = 0;  // 1-based, in characters (code points)
    std::int32_t length = 1;  // characters the caret line should underline

    // Where something was written is no part of what it means: two scenarios that differ only in
    // layout are equal. Compare line and column by hand where the place itself matters.
    friend constexpr bool operator==(const SourcePos&, const SourcePos&) { return true; }
};

}  // namespace sy
