#include "sim/trace/slices.h"

#include <algorithm>

namespace sy {

const Slice* slice_at(std::span<const Slice> slices, Nanos at) {
    const auto it = std::partition_point(slices.begin(), slices.end(),
                                         [&](const Slice& s) { return s.end <= at; });
    return it != slices.end() && it->begin <= at ? &*it : nullptr;
}

}  // namespace sy
