// Shared by the files of the timeline: which lanes there are, where they are, how one is painted.
#pragma once

#include <imgui.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "gui/app/view.h"
#include "gui/model/lane_layout.h"
#include "gui/model/lane_words.h"
#include "gui/panels/states.h"
#include "sim/kernel/kernel.h"

namespace sy::gui {

struct LaneRow {
    enum class Kind : std::uint8_t { cpu, task, interrupts } kind = Kind::cpu;
    CpuId cpu = 0;
    TaskId task = kNoTask;

    LaneKey key() const { return kind == Kind::task ? LaneKey::task(task) : LaneKey::cpu(cpu); }
};
struct LaneRowsCache {
    const TraceIndex* index = nullptr;
    std::size_t records = 0;
    std::vector<LaneRow> rows;
};
// CPUs, tasks that have done something, kernel threads; interrupts once more if the CPUs are few. Kept until
// the log grows.
const std::vector<LaneRow>& lane_rows(const View& view);
std::string lane_name(const View& view, const LaneRow& row);
// The row of a task or a CPU; negative: it has none.
int row_of_task(const View& view, TaskId task);

constexpr float kLeastLaneBox = 3;  // pixels; what is narrower folds

struct TimelineMeasures {
    ImVec2 at, size;
    float names, left, width, top, lanes, strip_top, lane_height;
};
TimelineMeasures timeline_measures();
// Where an instant and a row are on the screen.
struct TimelinePlaces {
    const TimelineMeasures& m;
    Stretch s;
    float scroll;

    float x(Nanos at) const {
        return static_cast<float>(m.left + static_cast<double>(at - s.from) * m.width / static_cast<double>(s.until - s.from));
    }
    float y(int row) const { return m.top + static_cast<float>(row) * m.lane_height - scroll; }
    Nanos time(float at_x) const {
        return s.from + static_cast<Nanos>((at_x - m.left) * static_cast<double>(s.until - s.from) / m.width);
    }
    bool shows(Nanos at) const { return at >= s.from && at <= s.until; }
};

// timeline_marks.cpp
void draw_timeline_marks(ImDrawList& list, const View& view, const TimelinePlaces& at);
void dump_timeline_marks(const View& view, nlohmann::json& out);

void paint_lane(ImDrawList& list, const Kernel& kernel, const LaneRow& row, const LanePicture& picture,
                float x, float y, float height);
ImU32 slice_color(Slice::Kind kind);

}  // namespace sy::gui
