// Editing while the machine is looked at: the text in the window, its mistakes, the run that is made anew in slices
// after each pause in typing, the former run that stays as a ghost, and the file on the disk. The panel draws it
// (panels/editor.cpp); time is shown time, so that tests and pictures see the same.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gui/app/file_watch.h"
#include "gui/app/view.h"
#include "gui/model/code_text.h"
#include "gui/model/text_document.h"
#include "gui/platform/keys.h"
#include "sim/base/diagnostics.h"
#include "sim/session/session.h"
#include "sim/trace/index.h"

namespace sy::gui {

struct AppParts;

constexpr double kTypingPause = 0.3, kMorph = 0.6;   // seconds of shown time

// The run before the last edit, kept for comparison until it is dismissed.
struct GhostRun {
    std::shared_ptr<Session> session;   // the compare panel has it too
    std::unique_ptr<TraceIndex> index;
    double since = -1;   // shown time of the exchange; the timeline's boxes move for kMorph seconds
};

struct EditorFind {
    bool open = false, focus = false;
    char what[256] = "", with[256] = "";
};

struct EditorChoices {
    bool open = false;
    std::size_t at = 0;
    std::vector<CodeChoice> list;
    int selected = 0;
};

// An arrival or the end of a burst on its way over the timeline.
struct TimelineDrag {
    enum class Kind : std::uint8_t { none, arrival, burst } kind = Kind::none;
    TaskId task = kNoTask;
    Nanos begin = 0, from = 0, to = 0;   // of the slice; of the edge, before and now
    float press = 0;
    bool moved = false;
};

// Something only the person can decide; shown over the window until it is.
struct EditorQuestion {
    enum class Kind : std::uint8_t { none, recover, changed, unsaved } kind = Kind::none;
    std::string text;             // recovered, or what the disk holds now
    std::string file;             // recover: whose it is
    bool show_difference = false;
    Command then;                 // unsaved: what was asked for
};

struct Editor {
    bool open = false, focused = false;
    TextDocument doc;
    std::string source;           // Document::source as it was seen last
    std::uint64_t seen = 0, settled = 0, colored = 0;   // versions: noticed, given to a run or found wrong, coloured
    double changed_at = -1;
    Diagnostics mistakes;
    std::vector<CodePiece> colors;
    std::unique_ptr<Session> next;   // under way
    Scenario next_scenario;
    GhostRun ghost;
    std::uint64_t runs = 0;          // runs made anew since the file was opened
    EditorFind find;
    EditorChoices choices;
    EditorQuestion question;
    bool reveal = false;             // scroll to the cursor in the next frame
    bool swallow = false;            // the letters of this frame were an answer to something that lay over the text
    bool selecting = false;          // with the mouse
    TimelineDrag drag;
    std::string drag_device;         // an interrupt on its way to a lane
    std::size_t page = 20;           // lines in sight
    // The disk.
    bool guarded = false;            // a person's window: watch the file, keep a recovery file
    FileWatch watch;
    std::string watched, recovery;   // paths; recovery: of the file that holds the unsaved text, empty: none
    std::uint64_t rescued = 0;       // version in it
};

// The text of a file that has just been opened.
void load_editor(AppParts& parts);
// The document's text was changed by somebody else (a line of the terminal, an edit on the timeline).
void sync_editor(AppParts& parts);
// Once a frame.
void advance_editor(AppParts& parts);
// A key while the text has the keyboard. False: not the editor's.
bool editor_key(AppParts& parts, const KeyPress& press);
void editor_command(AppParts& parts, const Command& command);
bool is_editor_command(Command::Kind kind);
// The mistake at the cursor's line, else the first behind it that has a remedy. Null: none.
const Diagnostic* editor_mistake(const Editor& editor);
void complete_word(Editor& editor);
void take_choice(Editor& editor);
// What a press of Alt with an arrow does to the selected task, and what the timeline asks for: a new text.
void run_edited(AppParts& parts, const std::string& text);

// editor_disk.cpp
void save_document(AppParts& parts, const std::string& path);
void reload_document(AppParts& parts);
void guard_document(AppParts& parts);     // once a frame: recovery file and watched file
void offer_recovery(AppParts& parts);     // after a file was opened
void forget_recovery(AppParts& parts);
bool may_leave(AppParts& parts, const Command& then);   // false: there is unsaved text, and the person is asked
void answer_question(AppParts& parts, int answer);      // 0, 1, 2: the buttons from the left
void draw_question(AppParts& parts, float width, float height);

}  // namespace sy::gui
