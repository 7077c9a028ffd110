// What makes the window comfortable, and is no part of what it shows: the command palette, the glossary, the keys a person
// chose, preferences kept between two starts, undo of what was looked at, and long runs that never block a frame.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gui/app/keymap.h"
#include "gui/app/view.h"
#include "gui/model/preferences.h"
#include "gui/model/view_history.h"
#include "sim/cli/window_request.h"

namespace sy {
struct GlossaryTerm;
}

namespace sy::gui {

struct AppParts;
struct Area;

// One row of the palette.
struct PaletteRow {
    std::string id;     // in the file of preferences; empty: no key can be bound
    std::string title, detail, key;
    Command command;
    std::vector<std::size_t> matched;  // bytes of the title
};

struct PaletteState {
    bool open = false, focus = false, scroll = false;
    char query[256] = "";
    std::string searched;  // what `shown` was made for
    std::vector<PaletteRow> all, shown;
    std::size_t chosen = 0;
    std::string capture, capture_title;  // the action whose new key is waited for; empty: none
    KeyPress taken;                      // pressed once, belongs to another action
    std::string said;
};

struct GlossaryState {
    bool open = false, focus = false, scroll = false;
    char query[128] = "";
    std::string searched = "\n";
    std::vector<const GlossaryTerm*> shown;
    std::size_t chosen = 0;
};

struct Comfort {
    PaletteState palette;
    GlossaryState glossary;
    ViewHistory views;
    std::string path;                 // of the preferences; empty: none are kept
    Preferences kept;                 // as they were read or last written
    std::vector<std::string> broken;  // entries whose value could not be used
    std::vector<Rebinding> keys;
    std::vector<std::string> recent;
    std::optional<Command> pending;  // a walk to a moment that the run has not reached yet
    bool halted = false;             // the run does not go ahead until somebody wants to go further
    Nanos cursor = -1;               // when the views were last looked at
};

// preferences.cpp
void load_preferences(AppParts& parts, const WindowRequest& request);
// Writes what has changed; nothing if nothing has.
void keep_preferences(AppParts& parts);
void note_opened(AppParts& parts, const std::string& path);
void bind_key(AppParts& parts, const std::string& action, const std::vector<KeyPress>& presses, bool as_shipped);

// comfort.cpp
bool apply_comfort(AppParts& parts, const Command& command);  // false: not one of its commands
bool comfort_key(AppParts& parts, const KeyPress& press);     // false: not for it
void note_views(AppParts& parts);
// A walk that needs moments beyond the run is put off until the run is there. True: it was.
bool put_off(AppParts& parts, const Command& command);
// The walk that was put off, once it can be done.
std::optional<Command> take_ready(AppParts& parts);
void draw_progress(AppParts& parts, const Area& stage);

// palette.cpp
void open_palette(AppParts& parts);
bool palette_key(AppParts& parts, const KeyPress& press);
void draw_palette(AppParts& parts, float width, float height);

// glossary.cpp
void open_glossary(AppParts& parts, const std::string& term);
bool glossary_key(AppParts& parts, const KeyPress& press);
void draw_glossary(AppParts& parts, float width, float height);

}  // namespace sy::gui
