// An ImGui context with our fonts and theme but no screen, for tests of layout and text.
#pragma once

#include <imgui.h>

#include "gui/compat.h"
#include "gui/platform/fonts.h"
#include "gui/theme/theme.h"
#include "gui/widgets.h"

namespace sy::gui {

class Headless {
  public:
    explicit Headless(float width = 1280, float height = 800, float scale = 1) {
        ImGui::CreateContext();
        ImGui::GetIO().DisplaySize = {width, height};
        ImGui::GetIO().IniFilename = nullptr;
        set_fonts(&fonts_);
        set_theme(ThemeId::dark, scale);
        fonts_.build(scale);
        compat::pretend_renderer();
    }
    ~Headless() { ImGui::DestroyContext(); }

    Fonts& fonts() { return fonts_; }

    // One frame with `content` in a window of the given width.
    template <typename Content>
    void frame(float width, const Content& content) {
        ImGui::GetIO().DeltaTime = 1.0F / 60;
        ImGui::NewFrame();
        begin_ui_frame(now_ += 1.0 / 60);
        ImGui::SetNextWindowPos({0, 0});
        ImGui::SetNextWindowSize({width, 600});
        ImGui::Begin("test", nullptr, ImGuiWindowFlags_NoDecoration);
        content();
        ImGui::End();
        ImGui::Render();
    }

  private:
    Fonts fonts_;
    double now_ = 0;
};

}  // namespace sy::gui
