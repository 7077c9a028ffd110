// What each panel remembers between frames of how it looks; one struct a panel.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gui/app/view.h"
#include "gui/model/lane_layout.h"
#include "sim/base/types.h"
#include "sim/report/query.h"
#include "sim/trace/flow.h"

namespace sy::gui {

struct LaneRowsCache;  // timeline_parts.h
struct TimelineState {
    Nanos from = 0, until = 0;  // the visible stretch; equal: the whole run
    float scroll = 0;           // of the lanes, in pixels
    Nanos last_cursor = -1;     // so that the stretch follows the cursor only when it moves
    Nanos last_end = 0;         // of the run as far as it is known, and of what was shown
    bool dragging = false, dragging_strip = false, pressed = false, measuring = false;
    float press_x = 0;
    Nanos press_from = 0, press_until = 0;
    std::shared_ptr<LaneRowsCache> rows;
    LanePicture picture, strip;  // made anew each frame; here for their memory
};

// What the keys for zoom and pan do. `end` is the end of the run, `anchor` the instant that stays
// where it is.
void zoom_timeline(TimelineState& state, double factor, Nanos anchor, Nanos end);
void pan_timeline(TimelineState& state, double share, Nanos end);
void timeline_command(TimelineState& state, Command::Kind kind, Nanos cursor, Nanos end);
// The stretch that is shown.
struct Stretch {
    Nanos from = 0, until = 1;
};
Stretch timeline_stretch(const TimelineState& state, Nanos end);
// Distance of the ruler's marks, at least `least` long: 1, 2 or 5 times a power of ten.
Nanos ruler_step(Nanos least);

// What was looked for, measured and marked: of the Find panel and the marks on the timeline.
enum class FindPage : std::uint8_t { matches, waits, measure, bookmarks };
struct Bookmark {
    Nanos at = 0;
    std::string name;
};
struct ArrowsCache {
    const TraceIndex* index = nullptr;
    std::size_t record = ~std::size_t{0}, records = 0;
    std::vector<FlowLink> links;  // ancestors first
    std::size_t ancestors = 0;
};
struct FindState {
    FindPage page = FindPage::matches;
    char input[512] = "";
    bool focus = false;            // the field gets the keyboard in the next frame
    std::string expression;        // that is searched for; empty: nothing is
    std::shared_ptr<QueryRun> run;
    std::vector<std::uint32_t> matches;  // records
    QueryMistake mistake;
    bool is_wrong = false;
    bool scroll = false;           // to the selected match
    std::ptrdiff_t wait_rank = -1;  // of the longest waits, that is shown
    Nanos from = -1, until = -1;   // measured between; until < 0: up to the cursor
    std::vector<Bookmark> bookmarks;  // by time
    int renaming = -1;
    char name[128] = "";
    bool arrows = true;
    std::size_t record = ~std::size_t{0};  // chosen from a list; until the cursor moves on
    std::uint64_t record_position = 0;     // the cursor's place then
    ArrowsCache arrow_cache;
};

struct PlotsCache;  // plots.cpp
struct PlotsState {
    int kind = -1;  // place in plot_kinds(); -1: what suits the scheduler
    std::shared_ptr<PlotsCache> cache;
};

struct CompareCache;  // compare.cpp
struct CompareState {
    std::vector<std::string> schedulers;  // of the other runs; empty: one that is not the scenario's
    std::shared_ptr<CompareCache> cache;
};

struct MemoryState {
    std::uint64_t address = 0;  // the one whose walk is shown; 0: that of the last fault
};

struct LocksCache;  // locks.cpp
struct LocksState {
    std::shared_ptr<LocksCache> cache;
};

struct BreakageCache;  // breakage.cpp
struct BreakageState {
    std::shared_ptr<BreakageCache> cache;
};

struct OrdersCache;  // orders.cpp
struct OrdersState {
    std::shared_ptr<OrdersCache> cache;
};

struct ObjectsCache;  // objects.cpp
struct ObjectsState {
    std::shared_ptr<ObjectsCache> cache;
};

struct TerminalState {
    std::vector<std::string> lines, history;
    std::size_t history_at = 0;
    char input[512] = "";
    bool scroll_down = false, focus = false;
};

// The tab last looked at in each group of the inspector; -1: its first.
struct InspectorState {
    std::array<int, 4> last{-1, -1, -1, -1};
};

struct TasksCache;  // tasks.cpp
struct TasksState {
    std::vector<std::string> unfolded;  // families and boxes that were opened
    TaskId scrolled_to = kNoTask;
    std::shared_ptr<TasksCache> cache;
};

struct QuizRun;  // app/teaching.h
struct QuizState {
    int count = 10;
    std::uint64_t seed = 1;
    std::uint32_t kinds = ~0U;  // a bit for each of quiz_kind_names()
    bool configured = false;    // as the file says
    std::shared_ptr<QuizRun> run;
};
struct HandRun;
struct HandState {
    std::shared_ptr<HandRun> run;
};

struct SourceCache;  // source.cpp
struct SourceState {
    std::vector<BreakpointDecl> stops;   // the person's own; the scenario's stand in the scenario
    std::int32_t line = 0;               // chosen with the mouse; 0: none
    std::int32_t shown_line = 0;         // to which the list has scrolled
    std::string editing;                 // name of the register or word that is being written; empty: none
    char input[32] = "";
    bool focus = false;
    std::shared_ptr<SourceCache> cache;
};

struct PanelStates {
    InspectorState inspector;
    TasksState tasks;
    FindState find;
    QuizState quiz;
    HandState hand;
    SourceState source;
    MemoryState memory;
    LocksState locks;
    ObjectsState objects;
    BreakageState breakage;
    OrdersState orders;
    TerminalState terminal;
    TimelineState timeline;
    PlotsState plots;
    CompareState compare;
};

}  // namespace sy::gui
