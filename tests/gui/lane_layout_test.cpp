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

TEST_CASE("a box of very many slices samples its shares and loses none of them") {
    using Kind = Slice::Kind;
    std::vector<Slice> row;
    for (int i = 0; i < 300'000; ++i)
        row.push_back({.begin = i * 10,
                       .end = i * 10 + 10,
                       .kind = i % 4 == 0 ? Kind::running : Kind::runnable});
    const LaneWindow all{.from = 0, .until = 3'000'000, .width = 200, .now = 3'000'000};
    const std::vector<LaneBox> folded = layout_lane(row, all, 3);
    CHECK(folded.size() <= 200 / 3 * 2 + 2);
    std::size_t total = 0;
    for (const LaneBox& box : folded) {
        total += box.count;
        CHECK(box.share[0] == doctest::Approx(0.25).epsilon(0.8));
        CHECK(box.share[0] + box.share[1] == doctest::Approx(1.0).epsilon(0.02));
    }
    CHECK(total == row.size());
}
