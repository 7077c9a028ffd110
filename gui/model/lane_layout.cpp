#include "gui/model/lane_layout.h"

#include <algorithm>
#include <utility>

namespace sy::gui {

namespace {

constexpr std::ptrdiff_t kManySlices = 256;  // in one box: its shares are sampled, not summed
constexpr int kSamples = 64;

// Shares of a box that holds more slices than are worth adding up.
void sample(std::span<const Slice> slices, Nanos from, Nanos until,
            std::array<float, kSliceKinds>& share) {
    for (int i = 0; i < kSamples; ++i) {
        const Nanos at = from + (until - from) * (2 * i + 1) / (2 * kSamples);
        if (const Slice* s = slice_at(slices, at))
            share[static_cast<std::size_t>(s->kind)] += 1.0F / kSamples;
    }
}

}  // namespace

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
    bool sampled = false;                      // the box that is being made has its shares already
    const auto finish = [&] {
        if (boxes.empty() || std::exchange(sampled, false)) return;
        LaneBox& box = boxes.back();
        const double whole = std::max<double>(static_cast<double>(box.right - box.left) / scale, 1);
        for (std::size_t k = 0; k < inside.size(); ++k)
            box.share[k] = static_cast<float>(std::min(inside[k] / whole, 1.0));
        inside = {};
    };
    for (; it != slices.end() && it->begin < window.until; ++it) {
        const Nanos end = it->end == kNever ? std::max(window.now, it->begin) : it->end;
        if (end <= window.from) continue;
        const auto limit = it->begin + static_cast<Nanos>(static_cast<double>(least) / scale);
        if (std::distance(it, slices.end()) > kManySlices && (it + kManySlices)->begin < limit) {
            const auto stop = std::partition_point(it, slices.end(),
                                                   [&](const Slice& s) { return s.begin < limit; });
            const Nanos until = (stop - 1)->end == kNever ? window.now : (stop - 1)->end;
            finish();
            boxes.push_back({.left = x_of(it->begin),
                             .right = x_of(until),
                             .first = static_cast<std::size_t>(it - slices.begin()),
                             .count = static_cast<std::size_t>(stop - it)});
            sample(slices.subspan(boxes.back().first, boxes.back().count), it->begin, until,
                   boxes.back().share);
            sampled = true;
            it = stop - 1;
            continue;
        }
        const float left = x_of(it->begin), right = x_of(end);
        const bool narrow = right - left < least;
        const bool folds = !boxes.empty() && !sampled && narrow &&
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
