// Zoom and pan of the timeline: the instant under the mouse stays, nothing leaves the run.
#include <doctest/doctest.h>

#include "gui/panels/states.h"

using namespace sy;
using namespace sy::gui;

TEST_CASE("zooming keeps the instant at the anchor where it is") {
    TimelineState state;
    const Nanos end = 100 * kMilli, anchor = 30 * kMilli;
    const auto place = [&] {
        const Stretch s = timeline_stretch(state, end);
        return static_cast<double>(anchor - s.from) / static_cast<double>(s.until - s.from);
    };
    const double before = place();
    for (int i = 0; i < 12; ++i) zoom_timeline(state, 0.7, anchor, end);
    CHECK(place() == doctest::Approx(before).epsilon(0.01));
    const Stretch s = timeline_stretch(state, end);
    CHECK(s.until - s.from < 2 * kMilli);
    for (int i = 0; i < 30; ++i) zoom_timeline(state, 1.5, anchor, end);
    CHECK(timeline_stretch(state, end).from == 0);
    CHECK(timeline_stretch(state, end).until >= end);
}

TEST_CASE("the stretch never leaves the run and never vanishes") {
    TimelineState state;
    const Nanos end = 5 * kMilli;
    for (int i = 0; i < 100; ++i) timeline_command(state, Command::Kind::zoom_in, end / 3, end);
    Stretch s = timeline_stretch(state, end);
    CHECK(s.until > s.from);
    for (int i = 0; i < 200; ++i) timeline_command(state, Command::Kind::pan_right, 0, end);
    for (int i = 0; i < 20; ++i) zoom_timeline(state, 1.3, end, end);
    s = timeline_stretch(state, end);
    CHECK(s.from >= 0);
    CHECK(s.until <= end + end / 50);
    for (int i = 0; i < 100; ++i) timeline_command(state, Command::Kind::pan_left, 0, end);
    s = timeline_stretch(state, end);
    CHECK(s.from >= 0);
    timeline_command(state, Command::Kind::zoom_fit, 0, end);
    CHECK(timeline_stretch(state, end).from == 0);
}

TEST_CASE("the ruler's marks are 1, 2 or 5 times a power of ten") {
    CHECK(ruler_step(1) == 1);
    CHECK(ruler_step(3) == 5);
    CHECK(ruler_step(11) == 20);
    CHECK(ruler_step(4 * kMilli) == 5 * kMilli);
    CHECK(ruler_step(999) == 1'000);
}
