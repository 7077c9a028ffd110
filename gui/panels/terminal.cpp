// A terminal on the simulated machine at the cursor's moment: ps, top, kill… (sim/report/terminal.h). What changes the
// machine becomes a timed line of the scenario, which the application applies and can save.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/terminal.h"
#include "sim/scenario/write.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostLines = 2'000;

void print(TerminalState& t, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        t.lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (t.lines.size() > kMostLines)
        t.lines.erase(t.lines.begin(), t.lines.end() - static_cast<std::ptrdiff_t>(kMostLines));
    t.scroll_down = true;
}

void enter(View& view, TerminalState& t, const std::string& line) {
    print(t, "# " + line);
    if (line.find_first_not_of(' ') == std::string::npos) return;
    if (t.history.empty() || t.history.back() != line) t.history.push_back(line);
    t.history_at = t.history.size();
    const TerminalAnswer answer = terminal_command(view.session->now(), line, view.state.lang);
    if (answer.clear) t.lines.clear();
    if (answer.history)
        for (std::size_t i = 0; i < t.history.size(); ++i) print(t, std::to_string(i + 1) + "  " + t.history[i]);
    print(t, answer.text);
    for (const std::string& action : answer.actions) {
        view.commands.push_back({Command::Kind::live_action, view.session->time(), action});
        print(t, "at " + write_duration(view.session->time()) + " { " + action + " }");
    }
    if (!answer.save.empty()) view.commands.push_back({Command::Kind::save_scenario, 0, answer.save});
}

// Up and down walk through the history, Tab completes.
int on_key(ImGuiInputTextCallbackData* data) {
    const auto* both = static_cast<std::pair<View*, TerminalState*>*>(data->UserData);
    TerminalState& t = *both->second;
    std::string text;
    if (data->EventFlag == ImGuiInputTextFlags_CallbackCompletion) {
        const std::string before(data->Buf, static_cast<std::size_t>(data->BufTextLen));
        text = terminal_complete(both->first->session->now(), before);
        const std::vector<std::string> all = terminal_completions(both->first->session->now(), before);
        if (text == before && all.size() > 1) {
            std::string list;
            for (std::size_t i = 0; i < all.size() && i < 40; ++i) list += (i == 0 ? "" : "  ") + all[i];
            print(t, "# " + before);
            print(t, list + (all.size() > 40 ? "  …" : ""));
        }
    } else {
        const bool up = data->EventKey == ImGuiKey_UpArrow;
        if (up && t.history_at > 0) --t.history_at;
        if (!up && t.history_at < t.history.size()) ++t.history_at;
        text = t.history_at < t.history.size() ? t.history[t.history_at] : "";
    }
    data->DeleteChars(0, data->BufTextLen);
    data->InsertChars(0, text.c_str());
    return 0;
}

}  // namespace

void draw_terminal(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::terminal_hint));
        return;
    }
    TerminalState& t = view.panels.terminal;
    if (t.lines.empty()) paragraph(tr(Str::terminal_hint), quiet_text(Size::small));
    const float input = ImGui::GetFrameHeightWithSpacing() + px(4);
    const float height = std::max(ImGui::GetContentRegionAvail().y - input, px(60));
    ImGui::BeginChild("lines", {0, height}, false, ImGuiWindowFlags_HorizontalScrollbar);
    ImGui::PushFont(font(Face::mono, Size::small));
    for (const std::string& line : t.lines) ImGui::TextUnformatted(line.data(), line.data() + line.size());
    ImGui::PopFont();
    if (t.scroll_down) ImGui::SetScrollHereY(1);
    t.scroll_down = false;
    ImGui::EndChild();
    ImGui::PushFont(font(Face::mono, Size::small));
    ImGui::SetNextItemWidth(-1);
    if (t.focus) ImGui::SetKeyboardFocusHere();
    t.focus = false;
    std::pair<View*, TerminalState*> both{&view, &t};
    const bool entered = ImGui::InputTextWithHint(
        "##line", "# ps -ef", t.input, sizeof t.input,
        ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CallbackHistory | ImGuiInputTextFlags_CallbackCompletion,
        on_key, &both);
    ImGui::PopFont();
    if (!entered) return;
    const std::string line = t.input;
    t.input[0] = 0;
    t.focus = true;
    enter(view, t, line);
    view.animate();
}

void dump_terminal(const View& view, nlohmann::json& out) {
    out["lines"] = view.panels.terminal.lines;
    out["history"] = view.panels.terminal.history;
}

}  // namespace sy::gui
