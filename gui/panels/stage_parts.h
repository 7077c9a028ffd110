// The pieces of the stage: painters that draw into a rectangle, and the anchors they leave, so that
// the paths of moving words know where they begin and end.
#pragma once

#include <imgui.h>

#include <string_view>
#include <vector>

#include "gui/app/arrangement.h"
#include "gui/app/view.h"
#include "gui/model/stage_model.h"
#include "gui/widgets.h"

namespace sy::gui {

// Where a place of the machine is shown in this frame.
struct Anchor {
    StageRow row;  // what it stands for
    Rect rect;
    int card = 0;  // 0 leaves, 1 CPU, 2 comes
};
using Anchors = std::vector<Anchor>;

// stage_cards.cpp
void paint_task_card(ImDrawList& list, const Area& area, const TaskCardModel& card, int side,
                     const Kernel& kernel, Anchors& anchors);
void paint_cpu_card(ImDrawList& list, const Area& area, const StageModel& stage, Anchors& anchors);
// The table of what is saved, kept and replaced; in place of a task when nobody comes.
void paint_table_card(ImDrawList& list, const Area& area, const StageModel& stage);
void paint_not_saved(ImDrawList& list, const Area& area, const StageModel& stage, bool framed);
void paint_card(ImDrawList& list, const Area& area, std::string_view title,
                std::string_view subtitle, std::string_view right);

// stage_flight.cpp: the paths of this step's words, and the dots that travel them at shown time
// `now`.
void paint_moves(ImDrawList& list, const std::vector<MoveModel>& moves, const Anchors& anchors,
                 const Flight& flight, double now);

// How many text rows of a card fit into this height.
int rows_that_fit(float height);
float stage_row_height();

}  // namespace sy::gui
