// The one window of the system: GLFW, an OpenGL 3.3 core context, and Dear ImGui's backends.
//
// The loop waits for events and costs no CPU when nothing moves. Keys arrive as our own (keys.h)
// and are handed out once a frame. A hidden window renders into a picture of any size, whatever the
// screen's; that is how `shot` works.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gui/platform/keys.h"
#include "gui/platform/png.h"
#include "sim/base/text.h"

struct GLFWwindow;

namespace sy::gui {

struct WindowOptions {
    std::string title;
    int width = 1280, height = 800;  // pixels
    bool hidden = false;             // draws into a picture only
};

class Window {
  public:
    // Null on failure, with the reason (no display, no OpenGL 3.3) in `why`.
    static std::unique_ptr<Window> open(const WindowOptions& options, Text& why);
    ~Window();
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;

    bool closed() const;
    void close();

    // Collects events. Waits for one at most `seconds` (negative: however long it takes; 0: not at
    // all). True when something happened that is worth a new picture.
    bool wait(double seconds);

    // What was typed and dropped since the last call.
    std::vector<KeyPress> take_keys();
    std::vector<std::string> take_drops();

    // Another size for a hidden window's pictures; false: larger than the display can draw.
    bool resize(int width, int height);

    // Puts a key press in the queue as if it had been typed.
    void inject(const KeyPress& press);

    // Everything ImGui draws between these two is shown; `clear` is 0xAABBGGRR. `fixed_delta` above
    // 0 replaces the clock, for pictures that come out the same every time. `keep` keeps the pixels
    // for picture().
    void begin_frame(double fixed_delta = 0);
    void end_frame(std::uint32_t clear, bool keep = false);

    // The pixels of the frame that was ended with `keep`.
    const Picture& picture() const { return picture_; }

    // The font texture must be made again (the atlas changed). Call between frames.
    void fonts_changed();

    // Ends a wait(), from any thread.
    static void wake();

    void set_title(const std::string& title);
    std::string clipboard() const;

    int width() const { return width_; }  // pixels drawn to
    int height() const { return height_; }
    float content_scale() const { return content_scale_; }  // of the screen: 1, or 2 on a HiDPI one

  private:
    Window() = default;
    void make_target();
    void read_picture();
    void install_callbacks();
    void keep_short_presses();

    GLFWwindow* handle_ = nullptr;
    bool imgui_ready_ = false;
    bool hidden_ = false;
    int width_ = 0, height_ = 0;
    float content_scale_ = 1;
    std::uint32_t framebuffer_ = 0, color_ = 0;  // OpenGL names; only a hidden window has them
    Picture picture_;
    std::vector<KeyPress> keys_;
    std::vector<std::string> drops_;
    bool dirty_ = true;
    std::vector<int> pressed_;    // GLFW keys that went down since the last frame
    std::vector<int> kept_down_;  // held for one frame although they are up again
};

}  // namespace sy::gui
