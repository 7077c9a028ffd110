// The places of the window cover it without overlapping, at every size; and the stage is never
// given up.
#include "gui/app/arrangement.h"

#include <doctest/doctest.h>

#include <array>

using namespace sy::gui;

namespace {

bool overlap(const Area& a, const Area& b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
           b.y < a.y + a.height;
}

void check_tiling(const ArrangeInput& in) {
    CAPTURE(in.width);
    CAPTURE(in.height);
    CAPTURE(in.scale);
    const Arrangement out = arrange(in);
    const std::array areas = {out.transport, out.tasks, out.stage, out.inspector, out.timeline};
    float covered = 0;
    for (std::size_t i = 0; i < areas.size(); ++i) {
        covered += areas[i].width * areas[i].height;
        for (std::size_t j = i + 1; j < areas.size(); ++j) CHECK(!overlap(areas[i], areas[j]));
    }
    CHECK(covered == doctest::Approx(in.width * in.height));
    CHECK(out.stage.width >= in.width * 0.4F);
}

}  // namespace

TEST_CASE("the places tile the window at every size") {
    for (const float width : {640.0F, 1024.0F, 1280.0F, 1600.0F, 1920.0F, 3840.0F}) {
        for (const float height : {480.0F, 720.0F, 800.0F, 1080.0F, 2160.0F}) {
            for (const float scale : {0.8F, 1.0F, 1.6F, 2.5F}) {
                for (const bool fold : {false, true})
                    check_tiling({.width = width,
                                  .height = height,
                                  .scale = scale,
                                  .fold_inspector = fold,
                                  .inspector_over_tasks = fold});
            }
        }
    }
}

TEST_CASE(
    "a small window folds the inspector, and unfolds it over the task list, never over the stage") {
    const Arrangement large = arrange({.width = 1280, .height = 720});
    CHECK(!large.small);
    CHECK(large.inspector.width > 0);
    const Arrangement small = arrange({.width = 1279, .height = 720});
    CHECK(small.small);
    CHECK(small.inspector.width == 0);
    CHECK(small.tasks.width > 0);
    const Arrangement asked = arrange({.width = 1279, .height = 720, .inspector_over_tasks = true});
    CHECK(asked.inspector.width > 0);
    CHECK(asked.inspector.x == 0);
    CHECK(asked.tasks.width == 0);
}
