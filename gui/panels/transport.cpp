// The transport bar: which scenario, the walking buttons, the grain, the clock, the small settings.
//
// When the window is narrow, words give way in a fixed order: the right-hand chips first, then the
// lesson button, then the grain's words (their digits stay); walking never does.
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/widgets.h"

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

void menu_item(View& view, Str title, const char* keys, Kind kind, bool ticked = false) {
    if (ImGui::MenuItem(tr(title).data(), keys, ticked)) view.ask(kind);
}

void file_menu(View& view) {
    if (!begin_menu("file menu", button("file", tr(Str::menu_file)))) return;
    menu_item(view, Str::menu_open, "Ctrl+O", Kind::open);
    menu_item(view, Str::menu_reload, "Ctrl+R", Kind::reload);
    ImGui::Separator();
    menu_item(view, Str::key_next_lesson, "Ctrl+PgDn", Kind::next_lesson);
    menu_item(view, Str::key_previous_lesson, "Ctrl+PgUp", Kind::previous_lesson);
    ImGui::Separator();
    menu_item(view, Str::key_picture, "F12", Kind::picture);
    menu_item(view, Str::menu_quit, "Ctrl+Q", Kind::quit);
    ImGui::EndPopup();
}

void view_menu(View& view) {
    if (!begin_menu("view menu", button("view", tr(Str::menu_view)))) return;
    const bool dark = view.state.theme == ThemeId::dark;
    menu_item(view, dark ? Str::menu_theme_light : Str::menu_theme_dark, "T", Kind::theme);
    menu_item(view, Str::menu_reduced_motion, "M", Kind::motion, view.state.reduced_motion);
    menu_item(view, Str::menu_presenter, "F5", Kind::presenter, view.state.presenter);
    ImGui::Separator();
    menu_item(view, Str::menu_bigger, "Ctrl++", Kind::bigger);
    menu_item(view, Str::menu_smaller, "Ctrl+-", Kind::smaller);
    menu_item(view, Str::menu_normal_size, "Ctrl+0", Kind::normal_size);
    ImGui::Separator();
    menu_item(view, Str::menu_inspector, "I", Kind::fold_inspector, !view.state.inspector_folded);
    menu_item(view, Str::menu_keys, "?", Kind::help);
    ImGui::EndPopup();
}

std::string lesson_text(const View& view) {
    return tr(Str::lesson_of,
              {std::to_string(view.document.lesson), std::to_string(view.document.lessons)});
}

void walking_buttons(View& view) {
    const bool loaded = view.session != nullptr;
    const auto walk = [&](const char* id, std::string text, Kind kind, Str hint,
                          Look look = Look::plain) {
        if (button(id, text, look, loaded)) view.ask(kind);
        tooltip(tr(hint));
        ImGui::SameLine();
    };
    walk("start", "|◀", Kind::to_start, Str::transport_start);
    walk("back", "◀ " + std::string(tr(Str::transport_back)), Kind::back, Str::key_back);
    walk("step", "▶ " + std::string(tr(Str::transport_step)), Kind::forward, Str::key_forward,
         Look::primary);
    const bool playing = view.state.playing;
    walk("play",
         playing ? "‖ " + std::string(tr(Str::transport_pause))
                 : "▶▶ " + std::string(tr(Str::transport_play)),
         Kind::play, Str::key_play);
    char speed[16];
    std::snprintf(speed, sizeof speed, "%g×", view.state.speed);
    if (button("speed", speed)) view.ask(Kind::faster);
    tooltip(tr(Str::transport_speed_hint));
}

std::string chip_text(const GrainChip& grain, std::size_t index, bool words) {
    std::string text = std::to_string(index + 1);
    if (words) text.append(" ").append(tr(grain.word));
    return text;
}

void grain_row(View& view, bool words, float y) {
    for (std::size_t i = 0; i < grain_chips.size(); ++i) {
        ImGui::SameLine(0, px(4));
        ImGui::PushID(static_cast<int>(i));
        const GrainChip& grain = grain_chips[i];
        ImGui::SetCursorPosY(y);
        if (chip_button("grain", chip_text(grain, i, words), view.state.grain == grain.grain))
            view.ask(grain.command);
        tooltip(tr(grain.hint));
        ImGui::PopID();
    }
}

float grain_width(bool words) {
    float width = 0;
    for (std::size_t i = 0; i < grain_chips.size(); ++i)
        width += chip_width(chip_text(grain_chips[i], i, words)) + px(4);
    return width;
}

}  // namespace

void draw_transport(View& view) {
    const Document& document = view.document;
    const float width = ImGui::GetWindowWidth();
    const float middle = (ImGui::GetWindowHeight() - px(28)) / 2;
    ImGui::SetCursorPos({px(12), middle});
    const std::string_view name =
        document.path.empty() ? std::string_view("Switchyard") : std::string_view(document.name);
    ImGui::SetCursorPosY(middle + px(3));
    const float walking = px(330);
    const float spare = width - walking - grain_width(false) - px(340);
    fit(name, std::clamp(spare, px(90), px(240)), strong_text());
    ImGui::SameLine(0, px(16));
    ImGui::SetCursorPosY(middle);
    file_menu(view);
    ImGui::SameLine();
    view_menu(view);
    if (document.lesson > 0 && width > px(1150)) {
        ImGui::SameLine();
        if (button("lesson", lesson_text(view))) view.ask(Command::Kind::next_lesson);
        tooltip(tr(Str::key_next_lesson));
    }
    ImGui::SameLine(0, px(24));
    ImGui::SetCursorPosY(middle);
    walking_buttons(view);
    const bool words = width > px(1080);
    ImGui::SameLine(0, px(8));
    grain_row(view, words, middle + px(3));

    // From the right end: help, language, and the clock before them.
    const float help = chip_width("?"), lang = chip_width(tr(Str::language_switch));
    ImGui::SetCursorPos({width - px(12) - help, middle + px(3)});
    if (chip_button("help", "?", view.state.help_open)) view.ask(Kind::help);
    tooltip(tr(Str::help_hint));
    ImGui::SetCursorPos({width - px(16) - help - lang, middle + px(3)});
    if (chip_button("language", tr(Str::language_switch))) view.ask(Kind::language);
    tooltip(tr(Str::language_hint));
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
