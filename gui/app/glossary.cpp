// The glossary over the window: a field, the terms that match, the chosen one's meaning and the lesson that shows it.
#include "sim/report/glossary.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gui/app/app_parts.h"
#include "gui/app/overlay.h"
#include "gui/model/fuzzy.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {
namespace {

std::string name_in(const GlossaryTerm& term, Lang lang) {
    std::string name(lang == Lang::zh ? term.name_zh : term.name);
    return name;
}

void search(GlossaryState& g) {
    const std::string query = g.query;
    if (g.searched == query) return;
    g.searched = query;
    g.chosen = 0;
    g.scroll = true;
    std::vector<std::pair<int, const GlossaryTerm*>> ranked;
    for (const GlossaryTerm& term : glossary()) {
        std::string all = std::string(term.name) + " " + std::string(term.name_zh) + " " + std::string(term.also);
        if (const auto match = fuzzy_match(query, all)) ranked.emplace_back(match->score, &term);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    g.shown.clear();
    for (const auto& [score, term] : ranked) g.shown.push_back(term);
}

void open_lesson(AppParts& p) {
    GlossaryState& g = p.comfort.glossary;
    if (g.chosen >= g.shown.size()) return;
    for (const std::string& lesson : p.lessons) {
        if (std::filesystem::path(lesson).stem() != g.shown[g.chosen]->lesson) continue;
        p.commands.push_back({Command::Kind::open_file, 0, lesson});
        g.open = false;
    }
}

void draw_term(AppParts& p, const GlossaryTerm& term) {
    const Lang other = language() == Lang::zh ? Lang::en : Lang::zh;
    paragraph({{name_in(term, language()), strong_text(Size::large)},
               {term.name == term.name_zh ? std::string() : "  " + name_in(term, other), quiet_text()}});
    gap(4);
    paragraph(language() == Lang::zh ? term.zh : term.en);
    if (!term.also.empty()) {
        std::string also(term.also);
        for (std::size_t at = also.find('|'); at != std::string::npos; at = also.find('|', at)) also.replace(at, 1, ", ");
        gap(2);
        paragraph(also, quiet_text(Size::small));
    }
    gap(8);
    paragraph(tr(Str::glossary_lesson, {term.lesson}), quiet_text());
    gap(4);
    if (button("open lesson", tr(Str::glossary_open), Look::primary)) open_lesson(p);
}

}  // namespace

void open_glossary(AppParts& p, const std::string& name) {
    GlossaryState& g = p.comfort.glossary;
    if (g.open && name.empty()) {
        g.open = false;
        return;
    }
    g = {};
    g.open = g.focus = true;
    p.state.help_open = false;
    p.comfort.palette.open = false;
    search(g);
    const GlossaryTerm* wanted = find_term(name.empty() ? hovered_term() : std::string_view(name));
    const auto at = std::find(g.shown.begin(), g.shown.end(), wanted);
    g.scroll = true;
    if (at != g.shown.end()) g.chosen = static_cast<std::size_t>(at - g.shown.begin());
}

bool glossary_key(AppParts& p, const KeyPress& press) {
    GlossaryState& g = p.comfort.glossary;
    const auto move = [&](std::ptrdiff_t by) {
        g.scroll = true;
        const auto last = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(g.shown.size()) - 1, 0);
        g.chosen = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(g.chosen) + by, 0, last));
    };
    switch (press.key) {
        case Key::escape:
            g.open = false;
            return true;
        case Key::enter:
            open_lesson(p);
            return true;
        case Key::up:
            move(-1);
            return true;
        case Key::down:
            move(1);
            return true;
        case Key::page_up:
            move(-12);
            return true;
        case Key::page_down:
            move(12);
            return true;
        default:
            break;
    }
    if (press.ctrl) return false;  // the palette, the language, the size
    if (p.shot) type_into(g.query, sizeof g.query, press);
    return true;
}

void draw_glossary(AppParts& p, float width, float height) {
    GlossaryState& g = p.comfort.glossary;
    if (!g.open) return;
    if (begin_overlay("glossary", width, height, {px(860), px(520)})) {
        const PlaceName place("glossary");
        label(tr(Str::glossary_title), strong_text(Size::large));
        ImGui::SetNextItemWidth(-1);
        if (g.focus && !p.shot) ImGui::SetKeyboardFocusHere();
        g.focus = false;
        fonts().need(g.query);
        ImGui::InputTextWithHint("##query", tr(Str::glossary_hint).data(), g.query, sizeof g.query);
        search(g);
        gap(4);
        const float whole = ImGui::GetContentRegionAvail().x, tall = ImGui::GetContentRegionAvail().y - px(28);
        ImGui::BeginChild("terms", {whole * 0.38F, tall}, false);
        if (g.shown.empty()) paragraph(tr(Str::palette_none), quiet_text());
        for (std::size_t i = 0; i < g.shown.size(); ++i) {
            const ImVec2 at = ImGui::GetCursorScreenPos();
            const float room = ImGui::GetContentRegionAvail().x;
            if (i == g.chosen) {
                ImDrawList& list = *ImGui::GetWindowDrawList();
                list.AddRectFilled(at, {at.x + room, at.y + px(24)}, theme().selected, px(4));
                list.AddRectFilled(at, {at.x + px(3), at.y + px(24)}, theme().running);
                if (std::exchange(g.scroll, false)) ImGui::SetScrollHereY(0.5F);
            }
            fit_at(*ImGui::GetWindowDrawList(), {at.x + px(10), at.y + px(2)}, room - px(14), name_in(*g.shown[i], language()));
            ImGui::Dummy({room, px(24)});
            if (ImGui::IsItemClicked()) g.chosen = i;
        }
        ImGui::EndChild();
        ImGui::SameLine(0, px(16));
        ImGui::BeginChild("meaning", {0, tall}, false);
        if (g.chosen < g.shown.size()) draw_term(p, *g.shown[g.chosen]);
        ImGui::EndChild();
        fit(tr(Str::glossary_keys), 0, quiet_text(Size::small));
    }
    ImGui::End();
    p.next_frame_in = p.next_frame_in < 0 ? 0.3 : std::min(p.next_frame_in, 0.3);
}

}  // namespace sy::gui
