// The transport bar: which scenario, the walking buttons, the grain, the clock, the small settings.
//
// When the window is narrow, parts give way in a fixed order (contents_for); walking never does.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gui/app/keymap.h"
#include "gui/panels/panels.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

struct GrainChip {
    Grain grain;
    Kind command;
    Str word, hint;
};
constexpr std::array grain_chips = {
    GrainChip{Grain::step, Kind::grain_step, Str::grain_step, Str::grain_hint_step},
    GrainChip{Grain::phase, Kind::grain_phase, Str::grain_phase, Str::grain_hint_phase},
    GrainChip{Grain::switches, Kind::grain_switch, Str::grain_switch, Str::grain_hint_switch},
    GrainChip{Grain::tick, Kind::grain_tick, Str::grain_tick, Str::grain_hint_tick},
};

// Opens below the button that was just drawn.
bool begin_menu(const char* id, bool pressed) {
    const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
    if (pressed) ImGui::OpenPopup(id);
    ImGui::SetNextWindowPos({min.x, max.y + px(4)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(12), px(8)});
    const bool open = ImGui::BeginPopup(id);
    ImGui::PopStyleVar();
    return open;
}

void menu_item(View& view, Str title, Kind kind, bool ticked = false) {
    if (ImGui::MenuItem(tr(title).data(), key_of(kind).c_str(), ticked)) view.ask(kind);
}

void file_menu(View& view) {
    if (!begin_menu("file menu", button("file", tr(Str::menu_file)))) return;
    menu_item(view, Str::menu_open, Kind::open);
    menu_item(view, Str::menu_reload, Kind::reload);
    ImGui::Separator();
    menu_item(view, Str::key_next_lesson, Kind::next_lesson);
    menu_item(view, Str::key_previous_lesson, Kind::previous_lesson);
    ImGui::Separator();
    menu_item(view, Str::key_picture, Kind::picture);
    menu_item(view, Str::menu_export, Kind::export_dialog);
    menu_item(view, Str::menu_quit, Kind::quit);
    ImGui::EndPopup();
}

void view_menu(View& view) {
    if (!begin_menu("view menu", button("view", tr(Str::menu_view)))) return;
    constexpr std::array themes = {Str::menu_theme_dark, Str::menu_theme_light, Str::menu_theme_contrast};
    menu_item(view, themes[static_cast<std::size_t>(next_theme(view.state.theme))], Kind::theme);
    menu_item(view, Str::menu_reduced_motion, Kind::motion, view.state.reduced_motion);
    menu_item(view, Str::menu_presenter, Kind::presenter, view.state.presenter);
    ImGui::Separator();
    menu_item(view, Str::menu_bigger, Kind::bigger);
    menu_item(view, Str::menu_smaller, Kind::smaller);
    menu_item(view, Str::menu_normal_size, Kind::normal_size);
    ImGui::Separator();
    menu_item(view, Str::menu_inspector, Kind::fold_inspector, !view.state.inspector_folded);
    menu_item(view, Str::menu_palette, Kind::palette);
    menu_item(view, Str::menu_glossary, Kind::glossary);
    menu_item(view, Str::menu_keys, Kind::help);
    ImGui::EndPopup();
}

std::string lesson_text(const View& view) {
    return tr(Str::lesson_of,
              {std::to_string(view.document.lesson), std::to_string(view.document.lessons)});
}

std::string_view shown_name(const View& view) {
    return view.document.path.empty() ? std::string_view("Switchyard") : view.document.name;
}

std::string_view costs_text(const View& view) {
    return tr(view.document.scenario.machine.costs_ideal ? Str::costs_ideal : Str::costs_linux);
}

// The simulated time at the cursor.
std::string clock_text(const View& view) {
    return format_time(view.session ? view.session->time() : 0);
}

struct WalkButton {
    const char* id;
    std::string_view sign;
    Str word;  // count_: none
    Str hint;
    Kind command;
    Look look = Look::plain;
};

std::array<WalkButton, 4> walk_buttons(bool playing) {
    return {{{"start", "|◀", Str::count_, Str::transport_start, Kind::to_start},
             {"back", "◀", Str::transport_back, Str::key_back, Kind::back},
             {"step", "▶", Str::transport_step, Str::key_forward, Kind::forward, Look::primary},
             {"play", playing ? "‖" : "▶▶", playing ? Str::transport_pause : Str::transport_play,
              Str::key_play, Kind::play}}};
}

std::string walk_text(const WalkButton& walk, bool words) {
    std::string text(walk.sign);
    if (words && walk.word != Str::count_) text.append(" ").append(tr(walk.word));
    return text;
}

std::string speed_text(const View& view) {
    char speed[16];
    std::snprintf(speed, sizeof speed, "%g×", view.state.speed);
    return speed;
}

std::string chip_text(const GrainChip& grain, std::size_t index, bool words) {
    std::string text = std::to_string(index + 1);
    if (words) text.append(" ").append(tr(grain.word));
    return text;
}

// What stands in the bar besides the name, the menus, step and back, language and help.
struct Contents {
    bool chips = true, lesson = true, grain_words = true, walk_words = true, clock = true,
         grain = true, speed = true;
};

float name_width(const View& view) {
    return std::clamp(std::ceil(measure(shown_name(view), strong_text()).x), px(60), px(200));
}

float left_width(const View& view, const Contents& contents) {
    float width = px(12) + name_width(view) + px(16) + button_width(tr(Str::menu_file)) + px(8) +
                  button_width(tr(Str::menu_view));
    if (contents.lesson && view.document.lesson > 0)
        width += px(8) + button_width(lesson_text(view));
    width += px(24);
    for (const WalkButton& walk : walk_buttons(view.state.playing))
        width += button_width(walk_text(walk, contents.walk_words)) + px(8);
    if (contents.speed) width += button_width(speed_text(view)) + px(8);
    if (contents.grain) {
        for (std::size_t i = 0; i < grain_chips.size(); ++i)
            width += chip_width(chip_text(grain_chips[i], i, contents.grain_words)) + px(4);
    }
    return width;
}

float right_width(const View& view, const Contents& contents) {
    float width = px(12) + chip_width("?") + px(4) + chip_width(tr(Str::language_switch));
    if (view.document.path.empty()) return width;
    if (contents.chips)
        width += px(8) + chip_width(view.document.scenario.machine.scheduler) +
                 chip_width(costs_text(view));
    if (contents.clock) width += px(16) + measure(clock_text(view), mono_text(Size::large)).x;
    return width;
}

// As much as fits; what is given up first stands first.
Contents contents_for(const View& view, float width) {
    Contents contents;
    for (bool Contents::*part :
         {&Contents::chips, &Contents::lesson, &Contents::grain_words, &Contents::walk_words,
          &Contents::speed, &Contents::clock, &Contents::grain}) {
        if (left_width(view, contents) + px(16) + right_width(view, contents) <= width) break;
        contents.*part = false;
    }
    return contents;
}

void draw_left(View& view, const Contents& contents, float top) {
    ImGui::SetCursorPos({px(12), top + px(3)});
    fit(shown_name(view), name_width(view), strong_text());
    const auto next = [&](float space, float lower = 0) {
        ImGui::SameLine(0, px(space));
        ImGui::SetCursorPosY(top + px(lower));
    };
    next(16);
    file_menu(view);
    next(8);
    view_menu(view);
    if (contents.lesson && view.document.lesson > 0) {
        next(8);
        if (button("lesson", lesson_text(view))) view.ask(Kind::next_lesson);
        tooltip(tr(Str::key_next_lesson));
    }
    float space = 24;
    for (const WalkButton& walk : walk_buttons(view.state.playing)) {
        next(space);
        space = 8;
        if (button(walk.id, walk_text(walk, contents.walk_words), walk.look,
                   view.session != nullptr))
            view.ask(walk.command);
        tooltip(tr(walk.hint));
    }
    if (contents.speed) {
        next(8);
        if (button("speed", speed_text(view)))
            view.ask(view.state.speed >= 16 ? Kind::slowest : Kind::faster);
        tooltip(tr(Str::transport_speed_hint));
    }
    space = 8;
    for (std::size_t i = 0; contents.grain && i < grain_chips.size(); ++i) {
        const GrainChip& grain = grain_chips[i];
        next(space, 3);
        space = 4;
        ImGui::PushID(static_cast<int>(i));
        if (chip_button("grain", chip_text(grain, i, contents.grain_words),
                        view.state.grain == grain.grain))
            view.ask(grain.command);
        tooltip(tr(grain.hint));
        ImGui::PopID();
    }
}

void draw_right(View& view, const Contents& contents, float top, float width) {
    float x = width - right_width(view, contents);
    const auto place = [&](float own, float lower) {
        ImGui::SetCursorPos({x, top + px(lower)});
        x += own;
    };
    if (!view.document.path.empty()) {
        if (contents.clock) {
            const std::string clock = clock_text(view);
            place(measure(clock, mono_text(Size::large)).x + px(16), 2);
            label(clock, mono_text(Size::large));
            tooltip(tr(Str::transport_clock_hint));
        }
        if (contents.chips) {
            place(chip_width(view.document.scenario.machine.scheduler) + px(4), 3);
            chip(view.document.scenario.machine.scheduler);
            place(chip_width(costs_text(view)) + px(4), 3);
            chip(costs_text(view));
        }
    }
    place(chip_width(tr(Str::language_switch)) + px(4), 3);
    if (chip_button("language", tr(Str::language_switch))) view.ask(Kind::language);
    tooltip(tr(Str::language_hint));
    place(chip_width("?"), 3);
    if (chip_button("help", "?", view.state.help_open)) view.ask(Kind::help);
    tooltip(tr(Str::help_hint));
}

}  // namespace

void draw_transport(View& view) {
    const float width = ImGui::GetWindowWidth();
    const float top = std::floor((ImGui::GetWindowHeight() - px(28)) / 2);
    const Contents contents = contents_for(view, width);
    draw_left(view, contents, top);
    draw_right(view, contents, top, width);
}

void dump_transport(const View& view, nlohmann::json& out) {
    constexpr std::array grains = {"step", "phase", "switch", "tick"};
    out["file"] = view.document.name;
    out["lesson"] = view.document.lesson;
    out["lessons"] = view.document.lessons;
    out["grain"] = grains[static_cast<std::size_t>(view.state.grain)];
    out["playing"] = view.state.playing;
    out["speed"] = view.state.speed;
}

}  // namespace sy::gui
