// The chapters of a lesson: what it is about, its captions as a table of contents, its questions; the view can be kept in
// the file.
#include <nlohmann/json.hpp>

#include "gui/app/teaching.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {

void draw_chapters(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::chapters_lead));
        return;
    }
    const Scenario& s = view.session->scenario();
    const bool zh = view.state.lang == Lang::zh;
    const std::string& title = zh && !s.title_zh.empty() ? s.title_zh : s.title;
    const std::string& about = zh && !s.about_zh.empty() ? s.about_zh : s.about;
    if (!title.empty()) paragraph(title, strong_text(Size::large));
    if (!about.empty()) paragraph(about, quiet_text());
    gap(6);
    const std::vector<Chapter> chapters = chapters_of(s);
    if (chapters.empty()) paragraph(tr(Str::chapters_none), quiet_text());
    const int now = chapter_at(chapters, view.session->time());
    for (std::size_t i = 0; i < chapters.size(); ++i) {
        const Chapter& c = chapters[i];
        const bool is_now = static_cast<int>(i) == now;
        const float width = ImGui::GetContentRegionAvail().x, room = width - px(16);
        const std::string when = format_time(c.at);
        const Span span{c.text, is_now ? strong_text() : TextStyle{}};
        const float head = line_height(quiet_text(Size::small)), height = head + paragraph_height({&span, 1}, room) + px(10);
        const ImVec2 at = ImGui::GetCursorScreenPos(), local = ImGui::GetCursorPos();
        ImGui::PushID(static_cast<int>(i));
        if (ImGui::InvisibleButton("chapter", {width, height})) view.ask(Command::Kind::chapter, static_cast<std::int64_t>(i));
        const bool hovered = ImGui::IsItemHovered();
        ImGui::PopID();
        const ImVec2 after = ImGui::GetCursorPos();
        ImDrawList& list = *ImGui::GetWindowDrawList();
        if (hovered || is_now) list.AddRectFilled(at, {at.x + width, at.y + height}, is_now ? theme().selected : theme().hover, px(4));
        if (is_now) list.AddRectFilled(at, {at.x + px(3), at.y + height}, theme().accent);
        ImGui::SetCursorPos({local.x + px(8), local.y + px(4)});
        label(when, quiet_text(Size::small));
        ImGui::SetCursorPos({local.x + px(8), local.y + px(4) + head});
        paragraph(c.text, span.style, room);
        ImGui::SetCursorPos(after);
    }
    gap(6);
    if (!chapters.empty()) paragraph(tr(Str::chapters_keys), quiet_text(Size::small));
    if (!s.questions.empty()) {
        paragraph(tr(Str::chapters_questions, {std::to_string(s.questions.size())}));
        if (button("ask", tr(Str::quiz_start))) view.ask(Command::Kind::quiz_start);
    }
    gap(6);
    if (button("keep", tr(Str::chapters_keep))) view.ask(Command::Kind::keep_view);
    paragraph(tr(Str::chapters_keep_hint), quiet_text(Size::small));
}

void dump_chapters(const View& view, nlohmann::json& out) {
    out["chapters"] = nlohmann::json::array();
    out["at"] = -1;
    if (!view.session) return;
    const std::vector<Chapter> chapters = chapters_of(view.session->scenario());
    for (const Chapter& c : chapters) out["chapters"].push_back({{"time_ns", c.at}, {"text", c.text}, {"place", c.place}});
    out["at"] = chapter_at(chapters, view.session->time());
    out["questions"] = view.session->scenario().questions.size();
}

}  // namespace sy::gui
