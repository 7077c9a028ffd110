// The stage as SVG: who leaves, the CPU, who comes, the words that this step moves with their paths, the sentence. Made
// from the same model as in the window; rows that have no room are left out by the same rule.
#pragma once

#include <string>

#include "gui/model/stage_model.h"
#include "gui/picture/palette.h"

namespace sy::gui {

struct StageSvgOptions {
    ThemeId theme = ThemeId::light;
    float width = 1280, height = 800;
};

// Sentences are in the language that the model was made in.
std::string svg_stage(const StageModel& stage, const Scenario& scenario, const StageSvgOptions& options);

}  // namespace sy::gui
