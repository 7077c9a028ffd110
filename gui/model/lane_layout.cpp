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

void picture_lane(const TraceIndex& index, LaneKey lane, const LaneWindow& window, float least,
                  LanePicture& out) {
    out.parts.clear();
    out.folds.clear();
    for (int i = 0; i < kLaneRows; ++i) (out.slices.*row_of(static_cast<LaneRowKind>(i))).clear();
    for (auto& row : out.boxes) row.clear();
    const Nanos length = window.until - window.from;
    if (length <= 0 || window.width <= 0) return;
    const double per_pixel = static_cast<double>(length) / static_cast<double>(window.width);
    const auto finest = static_cast<Nanos>(per_pixel * static_cast<double>(least)) / 2;
    index.look(lane, window.from, window.until, window.now, finest, out.parts, out.slices);
    for (int i = 0; i < kLaneRows; ++i)
        out.boxes[static_cast<std::size_t>(i)] =
            layout_lane(out.slices.*row_of(static_cast<LaneRowKind>(i)), window, least);
    const auto x_of = [&](Nanos at) {
        return static_cast<float>(
            static_cast<double>(std::clamp(at, window.from, window.until) - window.from) / per_pixel);
    };
    for (const LanePart& part : out.parts) {
        if (!part.is_folded || part.end <= window.from) continue;
        LanePicture::Fold& fold = out.folds.emplace_back();
        fold = {.left = x_of(part.begin), .right = x_of(part.end), .begin = part.begin, .end = part.end, .events = part.events};
        const auto whole = static_cast<double>(std::max<Nanos>(part.end - part.begin, 1));
        for (std::size_t k = 0; k < part.ns.size(); ++k)
            fold.share[k] = static_cast<float>(static_cast<double>(part.ns[k]) / whole);
    }
}

const LanePicture::Fold* LanePicture::fold_at(Nanos at) const {
    const auto it = std::partition_point(folds.begin(), folds.end(), [&](const Fold& f) { return f.end <= at; });
    return it != folds.end() && it->begin <= at ? &*it : nullptr;
}

}  // namespace sy::gui
