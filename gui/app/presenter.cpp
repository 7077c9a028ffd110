// What a presenter's audience sees over the window: the keys that were pressed, the light on what the caption speaks of,
// or nothing at all.
#include "gui/app/app_parts.h"
#include "gui/app/teaching.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {

namespace {

// Where the light falls; nothing: nowhere.
const Area* place_of(const AppParts& p, std::string_view place) {
    const Arrangement& at = p.arrangement;
    if (place.empty()) return nullptr;
    if (place == "tasks") return &at.tasks;
    if (place == "stage") return &at.stage;
    if (place == "timeline") return &at.timeline;
    int tab = p.state.tab;
    for (const Panel& panel : panels())
        if (panel.dock == Dock::inspector && tab-- == 0) return panel.id == place ? &at.inspector : nullptr;
    return nullptr;
}

// The caption itself stays in the light.
void draw_sentence(ImDrawList& list, const Area& stage, const std::string& words) {
    const TextStyle style = strong_text();
    const std::string shown = shorten(words, stage.width - px(48), style);
    const ImVec2 size = measure(shown, style), at{stage.x + px(12), stage.y + px(24)};
    list.AddRectFilled(at, {at.x + size.x + px(24), at.y + size.y + px(16)}, theme().sentence, px(4));
    list.AddRect(at, {at.x + size.x + px(24), at.y + size.y + px(16)}, theme().sentence_line, px(4));
    draw_text(list, {at.x + px(12), at.y + px(8)}, shown, style);
}

void draw_spotlight(const AppParts& p, float width, float height) {
    const std::vector<Chapter> chapters = chapters_of(p.session->scenario());
    const int now = chapter_at(chapters, p.session->time());
    if (now < 0) return;
    const Chapter& chapter = chapters[static_cast<std::size_t>(now)];
    const Area* area = place_of(p, chapter.place);
    // Who works alone sees it at the very moment only.
    if (area == nullptr || area->width < 1 || (!p.state.presenter && p.session->time() != chapter.at)) return;
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    const ImVec2 a{area->x, area->y}, b{area->x + area->width, area->y + area->height};
    if (p.state.presenter) {
        const ImU32 dim = fade(theme().ground, 0.6F);
        list.AddRectFilled({0, 0}, {width, a.y}, dim);
        list.AddRectFilled({0, b.y}, {width, height}, dim);
        list.AddRectFilled({0, a.y}, {a.x, b.y}, dim);
        list.AddRectFilled({b.x, a.y}, {width, b.y}, dim);
        if (chapter.place != "stage") draw_sentence(list, p.arrangement.stage, chapter.text);
    }
    list.AddRect({a.x + px(1), a.y + px(1)}, {b.x - px(1), b.y - px(1)}, theme().accent, px(4), 0, px(2));
}

void draw_keys(AppParts& p, float width, float height) {
    std::erase_if(p.shown_keys, [&](const auto& k) { return k.second <= p.now; });
    if (p.shown_keys.empty()) return;
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    float x = width - px(24);
    const TextStyle style = strong_text(Size::large);
    for (auto k = p.shown_keys.rbegin(); k != p.shown_keys.rend(); ++k) {
        const ImVec2 size = measure(k->first, style);
        x -= size.x + px(24);
        const ImVec2 at{x, height - size.y - px(40)};
        list.AddRectFilled(at, {at.x + size.x + px(20), at.y + size.y + px(16)}, theme().card, px(6));
        list.AddRect(at, {at.x + size.x + px(20), at.y + size.y + px(16)}, theme().accent, px(6), 0, px(2));
        draw_text(list, {at.x + px(10), at.y + px(8)}, k->first, style);
        const double left = k->second - p.now;
        if (p.next_frame_in < 0 || left < p.next_frame_in) p.next_frame_in = left;
    }
}

}  // namespace

void draw_presenter(AppParts& p, float width, float height) {
    if (p.state.blank) {
        ImGui::GetForegroundDrawList()->AddRectFilled({0, 0}, {width, height}, IM_COL32(0, 0, 0, 255));
        return;
    }
    if (p.session && !p.state.help_open && !p.show_error) draw_spotlight(p, width, height);
    if (p.state.presenter) draw_keys(p, width, height);
}

}  // namespace sy::gui
