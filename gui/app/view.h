// What a panel sees, and the only ways it may change anything: what a person wants done goes into
// the command queue; how a panel looks (its own zoom, its scroll) is in its own state struct, a
// member of PanelStates.
//
// The session is const here. Panels must draw from it alone: two frames of the same session and
// view state are the same picture, which is what `shot` and the tests rely on. `now` is seconds of
// shown time, never the wall clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gui/theme/theme.h"
#include "sim/base/text.h"
#include "sim/base/types.h"
#include "sim/model/scenario.h"

namespace sy {
class Session;
class TraceIndex;
}  // namespace sy

namespace sy::gui {

struct StageModel;

enum class Grain : std::uint8_t { step, phase, switches, tick };
enum class Depth : std::uint8_t { line, phases, words };

struct Command {
    enum class Kind : std::uint8_t {
        none,
        // Walking: applied to the session.
        forward,
        back,
        forward_larger,
        back_larger,  // by the grain, or the next larger one
        // Of one thread, value: TaskId (negative: the one that the source panel shows).
        thread_insn,
        thread_over,
        thread_out,
        thread_insn_back,
        thread_over_back,
        thread_out_back,
        to_break,
        to_break_back,  // on to a breakpoint
        to_line,        // value: a line of the scenario
        play,
        to_task,  // on to where the selected task gets a CPU
        to_start,
        to_end,
        seek_time,
        seek_switch,
        seek_step,  // value: nanoseconds, number from 1, number
        grain_step,
        grain_phase,
        grain_switch,
        grain_tick,
        slower,
        faster,
        slowest,
        // Looking.
        depth,
        next_tab,
        tab,  // tab: value is its index
        fold_inspector,
        next_task,
        previous_task,
        select_task,  // value: TaskId
        zoom_in,
        zoom_out,
        zoom_fit,
        pan_left,
        pan_right,
        // Looking at a lot (marks.cpp).
        find,       // the field gets the keyboard
        find_text,  // text: the expression
        next_match,
        previous_match,
        seek_record,  // value: index in the log
        longest_wait,
        shorter_wait,
        later_wait,
        measure_here,  // from the cursor on; again: done
        measure_between,  // value: from; text: until, in ns
        measure_off,
        bookmark,  // set or removed, at the cursor
        next_bookmark,
        previous_bookmark,
        name_bookmark,  // value: its place in the list; text
        drop_bookmark,
        arrows,
        // Files and lessons.
        live_action,    // value: when; text: a timed action of the language, applied to the running machine
        toggle_stop,    // value: line of a breakpoint of the window, on or off; 0: the source panel's
        toggle_break,   // text: a way to break the kernel, on or off; the scenario runs anew
        replay_schedule,   // text: a `schedule { … }`, in place of the one there; empty: none any more
        // The editor (app/editor.h), from `editor` to `dismiss_ghost`.
        editor,
        save,
        save_as,
        save_file,   // text: the path
        find_in_text,
        find_next,
        find_previous,
        format,
        fix,
        next_mistake,
        run_text,    // text: the scenario's new text
        nice_up,
        nice_down,
        arrive_earlier,
        arrive_later,
        burst_shorter,
        burst_longer,
        irq_here,
        edit_refused,   // what was dragged has no place of its own in the text
        dismiss_ghost,
        undo_edit,
        redo_edit,      // a change of the scenario's text: taken back, or done again
        save_scenario,  // text: the path; the scenario with those lines
        open,
        open_file,
        reload,
        next_lesson,
        previous_lesson,  // open_file: text is the path
        // Teaching (app/teaching.cpp).
        quiz_start,
        quiz_answer,  // value: place of the choice
        quiz_play,    // the answer is played
        quiz_next,
        quiz_stop,
        quiz_save,
        hand_start,
        hand_pick,  // value: place among the candidates
        hand_undo,
        hand_stop,
        chapter,  // value: place among the captions
        next_chapter,
        previous_chapter,
        keep_view,  // writes the view into the scenario
        blank,
        // The window itself.
        bigger,
        smaller,
        normal_size,
        theme,
        language,
        motion,
        presenter,
        picture,
        export_dialog,
        help,
        quit,
        // Comfort: handled in gui/app/comfort.cpp.
        palette,
        glossary,       // text: the term to show; empty: the list
        view_back,
        view_forward,   // what was looked at before, and again
        cancel,         // a long run
        theme_set,      // value: ThemeId
        language_set,   // value: Lang
        scale_set,      // value: percent
        depth_set,      // value: Depth
        press_control,  // value: the number of a button that is on the screen
    };
    Kind kind = Kind::none;
    std::int64_t value = 0;
    std::string text;
};

// What the person chose. Panels read it; commands change it.
struct ViewState {
    Grain grain = Grain::step;
    Depth depth = Depth::words;
    double speed = 1;  // of playing: 1 is one grain a second at depth words
    bool playing = false;
    int tab = 0;                        // of the inspector
    bool inspector_folded = false;      // in a window large enough for it
    bool inspector_over_tasks = false;  // in a small one: shown in place of the task list
    TaskId selected_task = kNoTask;
    ThemeId theme = ThemeId::dark;
    Lang lang = Lang::en;
    float user_scale = 1;
    bool presenter = false;
    bool blank = false;                 // a presenter shows nothing for a while
    bool reduced_motion = false;
    bool help_open = false;
    float timeline_share = 0.26F;  // of the window's height
};

// The scenario in the window, and where it came from.
struct Document {
    std::string path;    // empty: nothing is loaded
    std::string name;    // its last part
    std::string source;  // the file's text
    Scenario scenario;
    int lesson = 0, lessons = 0;  // 1-based place among the lessons; 0: not one of them
};

struct PanelStates;
struct Editor;

// The words of the step just made are on their way, or have arrived.
struct Flight {
    double start = -1;  // shown time; negative: nothing flies
    double length = 0.25;
    bool backwards = false;
};

struct View {
    const Session* session = nullptr;  // null: nothing is loaded
    const StageModel* stage = nullptr;
    const TraceIndex* index = nullptr;  // of the session's log
    Flight flight;
    const Document& document;
    const ViewState& state;
    PanelStates& panels;
    Editor& editor;
    double now = 0;
    bool picture = false;  // no person waits: what takes long is done at once
    // Panels add to these.
    std::vector<Command>& commands;
    double& next_frame_in;  // seconds; the smallest wish wins; negative: nobody wishes

    void ask(Command::Kind kind, std::int64_t value = 0) const {
        commands.push_back({kind, value, {}});
    }
    // Something is moving: the next frame should come right away.
    void animate() const { next_frame_in = 0; }
};

}  // namespace sy::gui
