// Undo and redo of what was looked at: tab, zoom, selection, depth, folds. Not of the machine (walking has its own keys)
// and not of the text. What changes in one go (a wheel turned, a drag) is one entry.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/base/types.h"

namespace sy::gui {

struct ViewSpot {
    int tab = 0, depth = 0, grain = 0;
    bool folded = false, over_tasks = false;
    TaskId selected = kNoTask;
    Nanos from = 0, until = 0;  // of the timeline
    friend bool operator==(const ViewSpot&, const ViewSpot&) = default;
};

class ViewHistory {
  public:
    // What is looked at now, at `now` seconds of shown time. `own` false: the program changed it (the timeline follows the
    // cursor), which is nothing to undo.
    void see(const ViewSpot& spot, double now, bool own = true);
    std::optional<ViewSpot> back();
    std::optional<ViewSpot> forward();
    // Another scenario: nothing of before fits it.
    void clear() { *this = {}; }
    std::size_t undo_count() const { return past_.size(); }
    std::size_t redo_count() const { return future_.size(); }

  private:
    std::vector<ViewSpot> past_, future_;
    std::optional<ViewSpot> present_;
    double changed_ = -1e9;  // when it last changed by the person
};

}  // namespace sy::gui
