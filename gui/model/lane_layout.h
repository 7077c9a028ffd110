// From slices to boxes on the screen: what of a lane is visible, and what is too narrow to be told
// apart.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "sim/trace/slices.h"

namespace sy::gui {

// What to draw for the visible stretch of one row, left to right, in pixels from the stretch's left
// edge.
struct LaneBox {
    float left = 0, right = 0;
    std::size_t first = 0;  // slice
    std::size_t count =
        1;  // more than one: slices too narrow to be told apart, folded into one box
    std::array<float, kSliceKinds> share{};  // of the box's time by kind; the rest is nothing
};
struct LaneWindow {
    Nanos from = 0, until = 0;
    float width = 0;  // pixels
    Nanos now = 0;    // slices that still last end here
};
// Neighbours narrower than `least` pixels are folded together until the box is that wide, so there
// are at most width / least * 2 + 2 boxes however far one zooms out.
std::vector<LaneBox> layout_lane(std::span<const Slice> slices, const LaneWindow& window,
                                 float least);

}  // namespace sy::gui
