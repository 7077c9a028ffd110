#include "gui/model/lane_layout.h"

#include <algorithm>

namespace sy::gui {

std::vector<LaneBox> layout_lane(std::span<const Slice> slices, const LaneWindow& window,
                                 float least) {
    std::vector<LaneBox> boxes;
    const Nanos length = window.until - window.from;
    if (length <= 0 || window.width <= 0) return boxes;
    const double scale = static_cast<double>(window.width) / static_cast<double>(length);
    const auto x_of = [&](Nanos at) {
        const Nanos inside = std::clamp(at, window.from, window.until);
        return static_cast<float>(static_cast<double>(inside - window.from) * scale);
    };
    auto it = std::partition_point(slices.begin(), slices.end(),
                                   [&](const Slice& s) { return s.end <= window.from; });
    std::array<double, kSliceKinds> inside{};  // ns by kind in the box that is being made
    const auto finish = [&] {
        if (boxes.empty()) return;
        LaneBox& box = boxes.back();
        const double whole = std::max<double>(static_cast<double>(box.right - box.left) / scale, 1);
        for (std::size_t k = 0; k < inside.size(); ++k)
            box.share[k] = static_cast<float>(std::min(inside[k] / whole, 1.0));
        inside = {};
    };
    for (; it != slices.end() && it->begin < window.until; ++it) {
        const Nanos end = it->end == kNever ? std::max(window.now, it->begin) : it->end;
        if (end <= window.from) continue;
        const float left = x_of(it->begin), right = x_of(end);
        const bool narrow = right - left < least;
        const bool folds = !boxes.empty() && narrow &&
                           boxes.back().right - boxes.back().left < least &&
                           left - boxes.back().right < least;
        if (folds) {
            boxes.back().right = right;
            ++boxes.back().count;
        } else {
            finish();
            boxes.push_back({.left = left,
                             .right = right,
                             .first = static_cast<std::size_t>(it - slices.begin())});
        }
        inside[static_cast<std::size_t>(it->kind)] +=
            static_cast<double>(std::min(end, window.until) - std::max(it->begin, window.from));
    }
    finish();
    return boxes;
}

}  // namespace sy::gui
