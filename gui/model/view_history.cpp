// Two stacks and what stands between them.
#include "gui/model/view_history.h"

namespace sy::gui {
namespace {

constexpr double kTogether = 0.5;  // seconds: zoom and pan changes closer than this are one
constexpr std::size_t kMost = 200;

// Do the two differ in nothing but the stretch of the timeline?
bool only_zoom(ViewSpot a, const ViewSpot& b) {
    a.from = b.from;
    a.until = b.until;
    return a == b;
}

}  // namespace

void ViewHistory::see(const ViewSpot& spot, double now, bool own) {
    if (!present_ || !own) {
        present_ = spot;
        return;
    }
    if (*present_ == spot) return;
    const bool joins = only_zoom(*present_, spot) && now - changed_ < kTogether && !past_.empty();
    if (!joins) past_.push_back(*present_);
    if (past_.size() > kMost) past_.erase(past_.begin());
    // Only a stretch that is still being moved takes later changes in.
    changed_ = only_zoom(*present_, spot) ? now : -1e9;
    present_ = spot;
    future_.clear();
}

std::optional<ViewSpot> ViewHistory::back() {
    if (past_.empty() || !present_) return std::nullopt;
    future_.push_back(*present_);
    present_ = past_.back();
    past_.pop_back();
    changed_ = -1e9;
    return present_;
}

std::optional<ViewSpot> ViewHistory::forward() {
    if (future_.empty() || !present_) return std::nullopt;
    past_.push_back(*present_);
    present_ = future_.back();
    future_.pop_back();
    changed_ = -1e9;
    return present_;
}

}  // namespace sy::gui
