// A box in the middle of the window with the rest dimmed.
#pragma once

#include <imgui.h>

#include <cstddef>

#include "gui/platform/keys.h"

namespace sy::gui {

// True when it is open; call ImGui::End() after it in any case.
bool begin_overlay(const char* id, float width, float height, ImVec2 size);

// In a picture nobody types: what a key script presses is written into the field here, as a keyboard would.
void type_into(char* field, std::size_t size, const KeyPress& press);

}  // namespace sy::gui
