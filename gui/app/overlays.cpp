// What lies over the arrangement for a moment: the key help, the open dialog, the errors of a file,
// a notice.
#include <array>
#include <filesystem>

#include "gui/app/app_parts.h"
#include "gui/app/keymap.h"
#include "gui/app/overlay.h"
#include "gui/compat.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {
namespace {

constexpr ImGuiWindowFlags kOverlay = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                      ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoNav;

void key_row(const KeyBinding& binding, float label_width) {
    const float y = ImGui::GetCursorPosY();
    const float x = ImGui::GetCursorPosX();
    const KeyPress& press = binding.press;
    const auto cap = [](std::string_view text) {
        key_cap(text);
        ImGui::SameLine(0, px(4));
    };
    if (press.ctrl) cap("Ctrl");
    if (press.shift) cap("Shift");
    if (press.alt) cap("Alt");
    cap(key_label(press.key));
    ImGui::SetCursorPos({x + label_width, y + px(2)});
    fit(tr(binding.help), 0);
    ImGui::SetCursorPosY(y + px(27));
}

// The key of each inspector panel, two beside each other.
void panel_keys(float label_width) {
    section_title(tr(Str::keys_group_panels));
    const float half = ImGui::GetContentRegionAvail().x / 2, x = ImGui::GetCursorPosX();
    int at = 0;
    for (const Panel& panel : panels()) {
        const KeyPress press = panel_press(panel.id);
        if (panel.dock != Dock::inspector || press.key == Key::none) continue;
        const float y = ImGui::GetCursorPosY(), left = x + (at % 2 == 0 ? 0 : half);
        ImGui::SetCursorPos({left, y});
        const auto cap = [](std::string_view text) {
            key_cap(text);
            ImGui::SameLine(0, px(4));
        };
        if (press.ctrl) cap("Ctrl");
        if (press.shift) cap("Shift");
        if (press.alt) cap("Alt");
        key_cap(key_label(press.key));
        const float words = left + std::min(label_width, px(84));
        ImGui::SetCursorPos({words, y + px(2)});
        fit(tr(panel.title), left + half - words - px(4));
        ++at;
        ImGui::SetCursorPosY(at % 2 == 0 ? y + px(27) : y);
    }
    if (at % 2 != 0) ImGui::SetCursorPosY(ImGui::GetCursorPosY() + px(27));
}

}  // namespace

bool begin_overlay(const char* id, float width, float height, ImVec2 size) {
    const ImU32 dim = fade(theme().ground, 0.7F);
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize({width, height});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, dim);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0.0F);
    ImGui::Begin("##dim", nullptr, kOverlay | ImGuiWindowFlags_NoInputs);
    ImGui::End();
    ImGui::PopStyleVar();
    ImGui::PopStyleColor();

    size.x = std::min(size.x, width - px(32));
    size.y = std::min(size.y, height - px(32));
    ImGui::SetNextWindowPos({(width - size.x) / 2, (height - size.y) / 2});
    ImGui::SetNextWindowSize(size);
    ImGui::SetNextWindowFocus();
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(24), px(20)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1.0F);
    const bool open = ImGui::Begin(id, nullptr, kOverlay & ~ImGuiWindowFlags_NoScrollbar);
    ImGui::PopStyleVar(2);
    return open;
}

void type_into(char* field, std::size_t size, const KeyPress& press) {
    const std::string text(field);
    if (press.key == Key::backspace && !text.empty()) field[text.size() - 1] = '\0';
    const std::string typed = press.key == Key::space ? " " : press.key == Key::minus ? "-" : key_label(press.key);
    if (typed.size() != 1 || press.ctrl || press.alt || text.size() + 2 > size) return;
    const char c = typed[0];
    field[text.size()] = !press.shift && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    field[text.size() + 1] = '\0';
}

void draw_help(AppParts& parts, float width, float height) {
    if (!parts.state.help_open) return;
    if (begin_overlay("keys", width, height, {px(1400), px(680)})) {
        const PlaceName place("keys");
        label(tr(Str::keys_title), strong_text(Size::large));
        gap(4);
        constexpr std::array groups = {Str::keys_group_walk, Str::keys_group_look, Str::keys_group_edit,
                                       Str::keys_group_window};
        const float column = (ImGui::GetContentRegionAvail().x - px(60)) / 4;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            if (i > 0) ImGui::SameLine(0, px(20));
            ImGui::PushID(static_cast<int>(i));
            ImGui::BeginChild("group", {column, ImGui::GetContentRegionAvail().y - px(32)}, false);
            section_title(tr(groups[i]));
            for (const KeyBinding& binding : key_bindings()) {
                if (binding.group == groups[i] && !binding.alias) key_row(binding, px(104));
            }
            if (groups[i] == Str::keys_group_look) panel_keys(px(104));
            ImGui::EndChild();
            ImGui::PopID();
        }
        label(tr(Str::keys_close), quiet_text(Size::small));
        if (ImGui::IsMouseClicked(0)) parts.state.help_open = false;
    }
    ImGui::End();
}

void draw_open_dialog(AppParts& parts) {
    OpenDialog& dialog = parts.dialog;
    const bool opening = dialog.wanted;
    if (opening) {
        dialog.wanted = false;
        dialog.files = scenarios_beside(parts.document.path);
        ImGui::OpenPopup("open");
    }
    const ImVec2 centre = ImGui::GetMainViewport()->GetCenter();
    ImGui::SetNextWindowPos(centre, ImGuiCond_Always, {0.5F, 0.5F});
    ImGui::SetNextWindowSize({px(560), px(420)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(24), px(20)});
    const bool shown = ImGui::BeginPopupModal("open", nullptr, kOverlay);
    ImGui::PopStyleVar();
    if (!shown) return;
    const PlaceName place("open");
    label(tr(dialog.saving ? Str::save_title : Str::open_title), strong_text(Size::large));
    gap(4);
    label(tr(Str::open_path), quiet_text(Size::small));
    ImGui::SetNextItemWidth(-1);
    if (opening) ImGui::SetKeyboardFocusHere();
    bool go = ImGui::InputText("##path", dialog.path, sizeof dialog.path,
                               ImGuiInputTextFlags_EnterReturnsTrue |
                                   ImGuiInputTextFlags_AutoSelectAll);
    gap(4);
    ImGui::BeginChild("files", {0, ImGui::GetContentRegionAvail().y - px(44)}, false);
    const std::vector<std::string>& recent = parts.comfort.recent;
    for (std::size_t i = 0; i < recent.size() + dialog.files.size(); ++i) {
        const bool is_recent = i < recent.size();
        const std::string& file = is_recent ? recent[i] : dialog.files[i - recent.size()];
        if (i == 0 && is_recent) section_title(tr(Str::open_recent));
        if (i == recent.size() && i > 0) section_title(tr(Str::open_beside));
        const std::string name = is_recent ? shorten(file, ImGui::GetContentRegionAvail().x) : std::filesystem::path(file).filename().string();
        fonts().need(name);
        const std::string id = name + "##" + std::to_string(i);
        if (ImGui::Selectable(id.c_str(), file == dialog.path,
                              compat::kKeepPopup | ImGuiSelectableFlags_AllowDoubleClick)) {
            file.copy(dialog.path, sizeof dialog.path - 1);
            dialog.path[std::min(file.size(), sizeof dialog.path - 1)] = '\0';
            go = go || ImGui::IsMouseDoubleClicked(0);
        }
    }
    ImGui::EndChild();
    gap(4);
    const float buttons = button_width(tr(Str::cancel)) + button_width(tr(dialog.saving ? Str::save_go : Str::open_go)) + px(8);
    ImGui::SetCursorPosX(ImGui::GetWindowWidth() - px(24) - buttons);
    const bool cancel = button("cancel", tr(Str::cancel));
    ImGui::SameLine();
    go = button("go", tr(dialog.saving ? Str::save_go : Str::open_go), Look::primary, dialog.path[0] != '\0') || go;
    if (go && dialog.path[0]) 
        parts.commands.push_back({dialog.saving ? Command::Kind::save_file : Command::Kind::open_file, 0, dialog.path});
    if (go || cancel || parts.show_error) dialog.saving = false;
    if (go || cancel || parts.show_error) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
}

std::string LoadError::render() const {
    if (!failed) return "";
    if (mistakes.empty()) return tr(text("error: {0}", "错误：{0}", {tr(unreadable)}));
    return mistakes.render(file, source, language());
}

void draw_error(AppParts& parts, float width, float height) {
    if (!parts.show_error) return;
    if (begin_overlay("error", width, height, {px(860), px(440)})) {
        const PlaceName place("error");
        label(tr(Str::error_title), {Face::strong, Size::large, theme().replaced});
        if (!parts.document.path.empty()) paragraph(tr(Str::error_kept), quiet_text());
        gap(4);
        ImGui::BeginChild("text", {0, ImGui::GetContentRegionAvail().y - px(44)}, false,
                          ImGuiWindowFlags_HorizontalScrollbar);
        ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
        const std::string message = parts.error.render();
        std::string_view rest = message;
        while (!rest.empty()) {
            const std::size_t stop = rest.find('\n');
            const std::string_view line = rest.substr(0, stop);
            const ImVec2 at = ImGui::GetCursorScreenPos();
            const TextStyle style = mono_text(Size::base);
            draw_text(*ImGui::GetWindowDrawList(), at, line, style);
            ImGui::Dummy({measure(line, style).x, line_height(style)});
            rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
        }
        ImGui::PopStyleVar();
        ImGui::EndChild();
        gap(4);
        ImGui::SetCursorPosX(ImGui::GetWindowWidth() - px(24) - button_width(tr(Str::error_close)));
        if (button("close", tr(Str::error_close), Look::primary)) parts.show_error = false;
    }
    ImGui::End();
}

void draw_notice(AppParts& parts, const Area& stage) {
    if (parts.now >= parts.notice_until) return;
    const TextStyle style;
    const float room = stage.width - px(48);
    const std::string shown = shorten(parts.notice_text, room, style);
    const ImVec2 size = measure(shown, style);
    const ImVec2 at{stage.x + (stage.width - size.x) / 2, stage.y + stage.height - px(40)};
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    list.AddRectFilled({at.x - px(12), at.y - px(6)},
                       {at.x + size.x + px(12), at.y + size.y + px(6)}, theme().selected, px(6));
    draw_text(list, at, shown, style);
    const double left = parts.notice_until - parts.now;
    if (parts.next_frame_in < 0 || left < parts.next_frame_in) parts.next_frame_in = left;
}

}  // namespace sy::gui
