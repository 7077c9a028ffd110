// From an index to boxes on the screen: what of a lane is visible, and what is too narrow to be told
// apart. A box never lies: what share of its time each state had is a sum over all that is in it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "sim/trace/index.h"
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

// A whole lane: stretches that hold too much to be told apart, each with the shares of all rows;
// between them boxes of slices, row by row.
struct LanePicture {
    struct Fold {
        float left = 0, right = 0;
        Nanos begin = 0, end = 0;
        std::array<float, kSliceKinds> share{};
        std::uint64_t events = 0;
    };
    std::vector<Fold> folds;
    std::array<std::vector<LaneBox>, kLaneRows> boxes;  // by LaneRowKind; `first` counts in `slices`
    Lane slices;                                        // those that are visible, cut at folds
    std::vector<LanePart> parts;

    // The fold over an instant; null if it is not in one.
    const Fold* fold_at(Nanos at) const;
};
// Fills `out` anew.
void picture_lane(const TraceIndex& index, LaneKey lane, const LaneWindow& window, float least,
                  LanePicture& out);

}  // namespace sy::gui
