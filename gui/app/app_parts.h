// The application's insides, shared by the files of gui/app.
#pragma once

#include <imgui.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/app/arrangement.h"
#include "gui/app/comfort.h"
#include "gui/app/editor.h"
#include "gui/app/exports.h"
#include "gui/app/view.h"
#include "gui/model/stage_model.h"
#include "gui/panels/states.h"
#include "sim/base/diagnostics.h"
#include "sim/cli/window_request.h"
#include "sim/session/session.h"
#include "sim/trace/index.h"

namespace sy::gui {

struct OpenDialog {
    bool wanted = false;  // open it in the next frame
    bool saving = false;  // a path to save to is asked for
    char path[1024] = "";
    std::vector<std::string> files;  // scenarios beside the open one
};

// Why a file could not be loaded, kept in both languages.
struct LoadError {
    bool failed = false;
    std::string file, source;
    Text unreadable;
    Diagnostics mistakes;

    // In the language in force; empty when nothing failed.
    std::string render() const;
};

// The stage's model is made again when what it depends on changes.
struct StageCache {
    StageModel model;
    std::uint64_t position = ~std::uint64_t{0};
    Lang lang = Lang::en;
    bool undone = false;  // shows the moves of the step that was taken back
    bool valid = false;
};

struct AppParts {
    std::unique_ptr<Session> session;
    std::unique_ptr<TraceIndex> index;
    StageCache stage;
    Flight flight;
    StoryStep undone;     // the step that the last press of "back" took back
    double play_due = 0;  // shown time of the next step while playing
    bool shot = false;    // no person waits: run to the end at once
    std::size_t most_records = 0;  // of a run; 0: the usual limit
    Document document;
    Editor editor;
    std::function<void()> wake;   // from any thread: another frame, please
    ViewState state;
    Comfort comfort;
    PanelStates panels;
    std::vector<std::string> lessons;  // paths, in reading order
    std::vector<Command> commands;
    OpenDialog dialog;
    LoadError error;  // of the last open()
    bool show_error = false;
    std::string notice_text;
    double notice_until = 0;
    double now = 0;  // seconds of shown time
    double next_frame_in = -1;
    bool quit = false;
    // An answer that is being played: up to this step (0: none), so many at a time.
    std::uint64_t replay_until = 0, replay_stride = 1;
    double replay_due = 0;
    const Session* taught = nullptr;  // the session that the quiz or the student's schedule began
    std::vector<std::pair<std::string, double>> shown_keys;  // of a presenter, and until when
    bool looks_are_given = false;                            // theme or language came with the command line
    bool dragging_edge = false;  // of the timeline
    bool picture_wanted = false;
    std::string picture_path;    // where to; empty: a name beside what is there
    bool no_files = false;       // starts no other program
    ExportDialog exports;
    bool close_dialogs = false;  // Escape
    int pictures = 0;
    Arrangement arrangement;
};

// walk.cpp: the session and the models made from it.
// `steps`: it ends there, whatever comes.
bool start_session(AppParts& parts, Scenario scenario, BootError& error, std::uint64_t steps = ~std::uint64_t{0});
// A session takes the place of the one that is shown, which becomes the ghost.
void adopt_session(AppParts& parts, std::unique_ptr<Session> session);
void go_to_start(AppParts& parts, const WindowRequest& request);
bool is_walk(Command::Kind kind);
void walk(AppParts& parts, const Command& command);
void choose_task(AppParts& parts, int by);
// Something done to the machine at a moment: a line of the scenario from now on. The session begins anew and goes there.
// Breaks the kernel in this way, or mends it, and runs the scenario anew up to the same instant.
void toggle_break(AppParts& p, const std::string& words);
// A `schedule { … }` in place of the one that the text has; empty: none any more.
void replay_schedule(AppParts& p, const std::string& block);
void toggle_stop(AppParts& p, std::int32_t line);   // a breakpoint of the window
void act_now(AppParts& parts, Nanos at, const std::string& action);
// The scenario's text. False: it could not be written.
bool save_scenario(const AppParts& parts, const std::string& path);
// Once a frame, after the commands: runs ahead, plays on, brings the models up to date.
void advance(AppParts& parts);

// marks.cpp: searching, measuring, bookmarks, arrows.
bool is_mark(Command::Kind kind);
void mark(AppParts& parts, const Command& command);
// Once a frame: searches on. And when another run has taken the place of the one that was searched.
void search_on(AppParts& parts);
void search_anew(AppParts& parts);
// Bookmarks are kept by scenario in the person's configuration folder.
void load_bookmarks(AppParts& parts);

// overlays.cpp
// A box in the middle of the window with the rest dimmed. Call ImGui::End() after it.
bool begin_overlay(const char* id, float width, float height, ImVec2 size);
void draw_help(AppParts& parts, float width, float height);
void draw_open_dialog(AppParts& parts);
void draw_error(AppParts& parts, float width, float height);
void draw_notice(AppParts& parts, const Area& stage);

// files.cpp: the lessons of the project, found beside the program or above the current folder.
std::vector<std::string> find_lessons();
std::vector<std::string> scenarios_beside(const std::string& path);

}  // namespace sy::gui
