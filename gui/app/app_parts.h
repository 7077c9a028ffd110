// The application's insides, shared by the files of gui/app.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gui/app/arrangement.h"
#include "gui/app/view.h"
#include "gui/panels/states.h"
#include "sim/base/diagnostics.h"

namespace sy::gui {

struct OpenDialog {
    bool wanted = false;  // open it in the next frame
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

struct AppParts {
    Document document;
    ViewState state;
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
    bool dragging_edge = false;  // of the timeline
    bool picture_wanted = false;
    int pictures = 0;
    Arrangement arrangement;
};

// overlays.cpp
void draw_help(AppParts& parts, float width, float height);
void draw_open_dialog(AppParts& parts);
void draw_error(AppParts& parts, float width, float height);
void draw_notice(AppParts& parts, const Area& stage);

// files.cpp: the lessons of the project, found beside the program or above the current folder.
std::vector<std::string> find_lessons();
std::vector<std::string> scenarios_beside(const std::string& path);

}  // namespace sy::gui
