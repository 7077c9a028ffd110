// Which stretch of the run the timeline shows: arithmetic without a window.
#include <algorithm>
#include <cmath>

#include "gui/panels/states.h"

namespace sy::gui {
namespace {

constexpr Nanos kShortest = 100;  // ns across the whole timeline

// A little air behind the end.
Nanos whole(Nanos end) { return std::max<Nanos>(end + end / 50, 1'000); }

void set(TimelineState& state, double from, double length, Nanos end) {
    const Nanos all = whole(end);
    const Nanos wanted =
        std::clamp<Nanos>(static_cast<Nanos>(length), std::min(kShortest, all), all);
    state.from = std::clamp<Nanos>(static_cast<Nanos>(from), 0, all - wanted);
    state.until = state.from + wanted;
    if (wanted == all) state.from = state.until = 0;
}

}  // namespace

Stretch timeline_stretch(const TimelineState& state, Nanos end) {
    if (state.until <= state.from) return {0, whole(end)};
    return {state.from, state.until};
}

void zoom_timeline(TimelineState& state, double factor, Nanos anchor, Nanos end) {
    const Stretch s = timeline_stretch(state, end);
    const auto from = static_cast<double>(s.from), until = static_cast<double>(s.until);
    const double at = std::clamp(static_cast<double>(anchor), from, until);
    set(state, at - (at - from) * factor, (until - from) * factor, end);
}

void pan_timeline(TimelineState& state, double share, Nanos end) {
    const Stretch s = timeline_stretch(state, end);
    const auto length = static_cast<double>(s.until - s.from);
    set(state, static_cast<double>(s.from) + length * share, length, end);
}

void timeline_command(TimelineState& state, Command::Kind kind, Nanos cursor, Nanos end) {
    using Kind = Command::Kind;
    switch (kind) {
        case Kind::zoom_in:
            zoom_timeline(state, 0.5, cursor, end);
            return;
        case Kind::zoom_out:
            zoom_timeline(state, 2, cursor, end);
            return;
        case Kind::zoom_fit:
            state.from = state.until = 0;
            return;
        case Kind::pan_left:
            pan_timeline(state, -0.25, end);
            return;
        case Kind::pan_right:
            pan_timeline(state, 0.25, end);
            return;
        default:
            return;
    }
}

Nanos ruler_step(Nanos least) {
    Nanos power = 1;
    while (power * 10 < least) power *= 10;
    for (const Nanos factor : {1, 2, 5, 10})
        if (power * factor >= least) return power * factor;
    return power * 10;
}

}  // namespace sy::gui
