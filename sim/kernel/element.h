// Elements of tables by an index that a register holds: in a kernel broken on purpose it may be any number.
#pragma once

#include <cstdint>

#include "sim/base/assert.h"

namespace sy {

template <typename Table>
auto& element(Table& table, std::uint64_t index) {
    SY_ASSERT(index < table.size(), "a pointer to an object that does not exist");
    return table[index];
}

}  // namespace sy
