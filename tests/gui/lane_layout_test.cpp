// Slices to boxes: folding keeps the shares of time and never makes more boxes than fit.
#include "gui/model/lane_layout.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sy;
using namespace sy::gui;

TEST_CASE("narrow neighbours fold into one box that knows its shares") {
    using Kind = Slice::Kind;
    std::vector<Slice> row;
    for (int i = 0; i < 1'000; ++i)
        row.push_back({.begin = i * 10,
                       .end = i * 10 + 10,
                       .kind = i % 4 == 0 ? Kind::running : Kind::runnable});
    const LaneWindow all{.from = 0, .until = 10'000, .width = 100, .now = 10'000};
    const std::vector<LaneBox> folded = layout_lane(row, all, 3);
    CHECK(folded.size() <= 100 / 3 * 2 + 2);
    std::size_t total = 0;
    for (const LaneBox& box : folded) {
        total += box.count;
        const float sum = box.share[0] + box.share[1];
        CHECK(sum == doctest::Approx(1.0).epsilon(0.01));
    }
    CHECK(total == row.size());
    // Close up, every slice is a box of its own, in the right place.
    const std::vector<LaneBox> close =
        layout_lane(row, {.from = 100, .until = 150, .width = 100, .now = 10'000}, 3);
    REQUIRE(close.size() == 5);
    CHECK(close[0].first == 10);
    CHECK(close[1].left == doctest::Approx(20));
    CHECK(close[1].right == doctest::Approx(40));
    CHECK(close[1].count == 1);
}

TEST_CASE("a slice that lasts ends where the run has got to") {
    const std::vector<Slice> row{{.begin = 10, .end = kNever, .kind = Slice::Kind::running}};
    const std::vector<LaneBox> boxes =
        layout_lane(row, {.from = 0, .until = 100, .width = 100, .now = 60}, 3);
    REQUIRE(boxes.size() == 1);
    CHECK(boxes[0].left == doctest::Approx(10));
    CHECK(boxes[0].right == doctest::Approx(60));
}

TEST_CASE("a lane of very many slices is folds whose shares are exact, box for box") {
    TraceIndex index({0}, 2);
    Log log;
    // Task 1 runs a quarter of the time, the CPU is idle for the rest.
    for (int i = 0; i < 200'000; ++i) {
        log.add({.at = i * 40, .kind = RecordKind::sched_wakeup, .a = 1});
        log.add({.at = i * 40, .kind = RecordKind::sched_switch, .task = 0, .a = 1, .b = 'R'});
        log.add({.at = i * 40 + 10, .kind = RecordKind::sched_switch, .task = 1, .a = 0, .b = 'S'});
    }
    index.follow(log);
    const LaneWindow all{.from = 0, .until = 8'000'000, .width = 1'000, .now = 8'000'000};
    LanePicture picture;
    picture_lane(index, LaneKey::cpu(0), all, 3, picture);
    CHECK(picture.folds.size() > 150);
    CHECK(picture.folds.size() <= 700);
    for (const LanePicture::Fold& f : picture.folds) {
        CHECK(f.share[0] == doctest::Approx(0.25).epsilon(0.01));
        CHECK(f.share[0] + f.share[3] == doctest::Approx(1.0).epsilon(0.0001));
        CHECK(f.right - f.left <= 24);
    }
    // Close up it is slices, whole and in place.
    picture_lane(index, LaneKey::task(1), {.from = 4'000'000, .until = 4'000'400, .width = 1'000, .now = 8'000'000}, 3, picture);
    CHECK(picture.folds.empty());
    REQUIRE(picture.boxes[0].size() >= 20);
    for (const LaneBox& box : picture.boxes[0]) {
        CHECK(box.count == 1);
        const Slice& s = picture.slices.state[box.first];
        if (s.kind != Slice::Kind::running || s.begin < 4'000'000) continue;
        CHECK(s.begin % 40 == 0);
        CHECK(s.end - s.begin == 10);
        CHECK(box.right - box.left == doctest::Approx(25));
    }
}
