// The application: which scenario is open, what the person chose, what the commands do, and one
// frame of the window. It does not know GLFW; whoever owns a window (window_main.cpp) hands it key
// presses and asks for frames.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gui/app/view.h"
#include "gui/platform/keys.h"
#include "sim/cli/window_request.h"

namespace sy::gui {

struct AppParts;

class App {
  public:
    explicit App(const WindowRequest& request);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    // Loads a scenario. When it has errors the one that is open stays, and the errors are shown.
    void open(const std::string& path);

    // What gives the window another frame, from any thread.
    void set_wake(std::function<void()> wake);
    void key(const KeyPress& press);
    void drop(const std::string& path);

    // Carries out what was asked since the last frame, then draws. `seconds` of shown time have
    // passed.
    void frame(float width, float height, double seconds);

    // After frame(): seconds until another one is needed; negative: none until something happens.
    double next_frame_in() const;
    bool wants_quit() const;
    bool is_run_complete() const;  // and indexed; or nothing is open
    // A picture was asked for (F12); the path to write it to. Empties the wish.
    std::optional<std::string> take_picture_wish();
    // For films: the cursor's next instant, how far the run has got, what the timeline shows.
    void seek(Nanos at);
    Nanos known_end() const;
    void show_stretch(Nanos from, Nanos until);
    // Shown for a few seconds at the bottom of the stage.
    void notice(std::string text);

    // Writes the preferences that have changed.
    void keep();

    float scale(float content_scale) const;
    const ViewState& state() const;
    // Everything panels show, as data. Call after frame().
    nlohmann::json dump();
    // Why the last open() failed, as text for a terminal; empty if it did not.
    std::string error_text() const;
    std::string title() const;

  private:
    void apply(const Command& command);
    void draw(float width, float height);
    void drag_timeline_edge(float height);

    std::unique_ptr<AppParts> parts_;
};

}  // namespace sy::gui
