// The command palette: everything that can be done, found by typing. Rows are made when it opens; typing sorts them.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "gui/app/app_parts.h"
#include "gui/app/overlay.h"
#include "gui/model/facts.h"
#include "gui/model/fuzzy.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/glossary.h"
#include "sim/session/load.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;
using Rows = std::vector<PaletteRow>;

void add(Rows& rows, std::string title, std::string_view detail, Command command, std::string id = {}, std::string key = {}) {
    rows.push_back({std::move(id), std::move(title), std::string(detail), std::move(key), std::move(command), {}});
}

void add_actions(Rows& rows) {
    for (const KeyBinding& shipped : shipped_bindings()) {
        if (shipped.alias || shipped.command == Kind::palette) continue;
        const std::string id = action_id(shipped);
        std::string keys;
        for (const KeyBinding& b : key_bindings()) {
            if (action_id(b) == id && !b.alias) keys = binding_label(b.press);
        }
        add(rows, std::string(tr(shipped.help)), tr(shipped.group), {shipped.command, 0, {}}, id, keys);
    }
    int tab = 0;
    for (const Panel& panel : panels()) {
        if (panel.dock != Dock::inspector) continue;
        const KeyPress press = panel_press(panel.id);
        add(rows, std::string(tr(panel.title)), tr(Str::palette_panel), {Kind::tab, tab++, {}},
            "panel." + std::string(panel.id), press.key == Key::none ? "" : binding_label(press));
    }
}

void add_settings(Rows& rows) {
    constexpr std::array themes = {Str::menu_theme_dark, Str::menu_theme_light, Str::menu_theme_contrast};
    for (std::size_t i = 0; i < kThemes; ++i)
        add(rows, std::string(tr(themes[i])), tr(Str::palette_theme), {Kind::theme_set, static_cast<std::int64_t>(i), {}});
    add(rows, std::string(tr(Str::palette_language_en)), tr(Str::palette_language), {Kind::language_set, 0, {}});
    add(rows, std::string(tr(Str::palette_language_zh)), tr(Str::palette_language), {Kind::language_set, 1, {}});
    constexpr std::array depths = {Str::depth_line, Str::depth_phases, Str::depth_words};
    for (std::size_t i = 0; i < depths.size(); ++i)
        add(rows, std::string(tr(depths[i])), tr(Str::palette_depth), {Kind::depth_set, static_cast<std::int64_t>(i), {}});
    for (const int percent : {80, 90, 100, 110, 125, 150, 175, 200, 225, 250})
        add(rows, tr(Str::palette_scale, {std::to_string(percent)}), tr(Str::palette_size), {Kind::scale_set, percent, {}});
}

void add_things(Rows& rows, const AppParts& p) {
    // What the mouse could press. The walk buttons are actions already.
    for (const Control& control : controls()) {
        if (control.place != "transport") add(rows, control.text, tr(Str::palette_button), {Kind::press_control, control.id, {}});
    }
    if (p.session) {
        const Kernel& k = p.session->now();
        std::size_t count = 0;
        for (const TaskId id : task_order(k)) {
            if (++count > 500) break;
            add(rows, std::to_string(k.tasks[id].pid) + " " + task_name(k, id), tr(Str::palette_task), {Kind::select_task, id, {}});
        }
    }
    for (const std::string& lesson : p.lessons)
        add(rows, std::filesystem::path(lesson).stem().string(), tr(Str::palette_lesson), {Kind::open_file, 0, lesson});
    for (const std::string& file : p.comfort.recent)
        add(rows, file, tr(Str::palette_recent), {Kind::open_file, 0, file});
    for (const GlossaryTerm& term : glossary()) {
        std::string title(language() == Lang::zh ? term.name_zh : term.name);
        if (language() == Lang::zh && term.name_zh != term.name) title.append(" ").append(term.name);
        add(rows, title, tr(Str::palette_term), {Kind::glossary, 0, std::string(term.name)});
    }
}

// "12ms", "#3", "4711": a place to go to.
void add_places(Rows& rows, const std::string& query) {
    const bool is_number = !query.empty() && query.size() < 18 &&
                           std::all_of(query.begin() + (query[0] == '#'), query.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (is_number && query[0] == '#' && query.size() > 1) {
        add(rows, tr(Str::palette_go_switch, {query.substr(1)}), tr(Str::palette_place), {Kind::seek_switch, std::stoll(query.substr(1)), {}});
    } else if (is_number && query[0] != '#') {
        add(rows, tr(Str::palette_go_step, {query}), tr(Str::palette_place), {Kind::seek_step, std::stoll(query), {}});
    } else if (const auto time = parse_time(query)) {
        add(rows, tr(Str::palette_go_time, {format_time(*time)}), tr(Str::palette_place), {Kind::seek_time, *time, {}});
    }
}

struct Ranked {
    int score;
    std::size_t at;
};

void search(PaletteState& palette) {
    const std::string query = palette.query;
    if (palette.searched == query) return;
    palette.searched = query;
    palette.chosen = 0;
    palette.scroll = true;
    Rows found;
    add_places(found, query);
    std::vector<Ranked> ranked;
    for (std::size_t i = 0; i < palette.all.size(); ++i) {
        PaletteRow& row = palette.all[i];
        row.matched.clear();
        const auto title = fuzzy_match(query, row.title);
        if (title) row.matched = title->at;
        // What it is called, what kind of thing it is, or its name in the file of preferences.
        const auto whole = title ? title : fuzzy_match(query, row.title + " " + row.detail);
        const auto named = whole ? whole : row.id.empty() ? whole : fuzzy_match(query, row.id);
        if (named) ranked.push_back({named->score - (title ? 0 : 20), i});
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
    for (const Ranked& r : ranked) found.push_back(palette.all[r.at]);
    palette.shown = std::move(found);
}

void close(PaletteState& palette) {
    palette.open = false;
    palette.capture.clear();
    palette.said.clear();
}

void carry_out(AppParts& p) {
    PaletteState& palette = p.comfort.palette;
    if (palette.chosen >= palette.shown.size()) return;
    p.commands.push_back(palette.shown[palette.chosen].command);
    close(palette);
}

void rebuild(AppParts& p) {
    PaletteState& palette = p.comfort.palette;
    palette.all.clear();
    add_actions(palette.all);
    add_settings(palette.all);
    add_things(palette.all, p);
    palette.searched = "\n";
    const std::size_t chosen = palette.chosen;
    search(palette);
    palette.chosen = std::min(chosen, palette.shown.empty() ? 0 : palette.shown.size() - 1);
}

std::string title_of(const PaletteState& palette, const std::string& id) {
    for (const PaletteRow& row : palette.all) {
        if (row.id == id) return row.title;
    }
    return id;
}

// The next key is the chosen action's.
void begin_capture(PaletteState& palette) {
    if (palette.chosen >= palette.shown.size()) return;
    const PaletteRow& row = palette.shown[palette.chosen];
    palette.said = row.id.empty() ? std::string(tr(Str::palette_fixed)) : "";
    palette.capture = row.id;
    palette.capture_title = row.title;
    palette.taken = {};
}

void capture(AppParts& p, const KeyPress& press) {
    PaletteState& palette = p.comfort.palette;
    const std::string action = palette.capture, title = palette.capture_title;
    const auto done = [&](std::string said) {
        palette.capture.clear();
        palette.focus = true;
        rebuild(p);
        palette.said = std::move(said);
    };
    const bool bare = !press.ctrl && !press.shift && !press.alt;
    if (bare && press.key == Key::escape) {
        palette.capture.clear();
        palette.focus = true;
    } else if (bare && press.key == Key::del) {
        bind_key(p, action, {}, false);
        done(tr(Str::palette_unbound, {title}));
    } else if (bare && press.key == Key::backspace) {
        bind_key(p, action, {}, true);
        std::string key = tr(Str::palette_unbound, {title});
        rebuild(p);
        for (const PaletteRow& row : palette.all) {
            if (row.id == action && !row.key.empty()) key = tr(Str::palette_bound, {title, row.key});
        }
        done(key);
    } else {
        KeyPress wanted = press;
        wanted.repeat = false;
        const std::string owner = action_of(wanted);
        if (!owner.empty() && owner != action && !(palette.taken == wanted)) {
            palette.taken = wanted;
            palette.said = tr(Str::palette_taken, {binding_label(wanted), title_of(palette, owner)});
            return;
        }
        bind_key(p, action, {wanted}, false);
        done(tr(Str::palette_bound, {title, binding_label(wanted)}));
    }
}

void draw_row(const PaletteRow& row, bool chosen, bool scroll, float width) {
    const Theme& t = theme();
    const float height = px(26);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    if (chosen) {
        list.AddRectFilled(at, {at.x + width, at.y + height}, t.selected, px(4));
        list.AddRectFilled(at, {at.x + px(3), at.y + height}, t.running);
        if (scroll) ImGui::SetScrollHereY(0.5F);
    }
    const TextStyle style, strong = strong_text(), quiet = quiet_text(Size::small);
    const float key = row.key.empty() ? 0 : measure(row.key, quiet).x + px(12);
    const float detail = measure(row.detail, quiet).x + px(12);
    const float y = at.y + (height - line_height(style)) / 2, lower = at.y + (height - line_height(quiet)) / 2;
    const float room = width - key - detail - px(20);
    // Matched characters are strong: shape, not colour alone.
    float x = at.x + px(10);
    if (measure(row.title, strong).x > room) {
        fit_at(list, {x, y}, room, row.title, style);
    } else {
        for (std::size_t from = 0; from < row.title.size();) {
            std::size_t to = from + 1;
            while (to < row.title.size() && (static_cast<unsigned char>(row.title[to]) & 0xc0U) == 0x80) ++to;
            const bool hit = std::binary_search(row.matched.begin(), row.matched.end(), from);
            const std::string_view piece = std::string_view(row.title).substr(from, to - from);
            const TextStyle own{hit ? Face::strong : Face::text, Size::base, hit ? t.running : ImU32{0}};
            draw_text(list, {x, y}, piece, own);
            x += measure(piece, own).x;
            from = to;
        }
    }
    draw_text(list, {at.x + width - key - detail, lower}, row.detail, quiet);
    if (key > 0) draw_text(list, {at.x + width - key, lower}, row.key, {Face::strong, Size::small, t.text});
    ImGui::Dummy({width, height});
}

}  // namespace

void open_palette(AppParts& p) {
    PaletteState& palette = p.comfort.palette;
    p.comfort.glossary.open = false;
    p.state.help_open = false;
    palette = {};
    palette.open = palette.focus = true;
    rebuild(p);
}

bool palette_key(AppParts& p, const KeyPress& press) {
    PaletteState& palette = p.comfort.palette;
    if (!palette.capture.empty()) {
        capture(p, press);
        return true;
    }
    const std::size_t count = palette.shown.size();
    const auto move = [&](std::ptrdiff_t by) {
        palette.scroll = true;
        if (count == 0) return;
        const auto last = static_cast<std::ptrdiff_t>(count) - 1;
        palette.chosen = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(palette.chosen) + by, 0, last));
    };
    palette.said.clear();
    switch (press.key) {
        case Key::escape:
            close(palette);
            return true;
        case Key::enter:
            carry_out(p);
            return true;
        case Key::up:
            move(-1);
            return true;
        case Key::down:
            move(1);
            return true;
        case Key::page_up:
            move(-10);
            return true;
        case Key::page_down:
            move(10);
            return true;
        case Key::f2:
            begin_capture(palette);
            return true;
        default:
            break;
    }
    if (press.ctrl && press.key == Key::p) close(palette);
    if (p.shot) type_into(palette.query, sizeof palette.query, press);
    return true;
}

void draw_palette(AppParts& p, float width, float height) {
    PaletteState& palette = p.comfort.palette;
    if (!palette.open) return;
    if (begin_overlay("palette", width, height, {px(640), px(460)})) {
        const PlaceName place("palette");
        if (palette.capture.empty()) {
            ImGui::SetNextItemWidth(-1);
            if (palette.focus && !p.shot) ImGui::SetKeyboardFocusHere();
            palette.focus = false;
            fonts().need(palette.query);
            ImGui::InputTextWithHint("##query", tr(Str::palette_hint).data(), palette.query, sizeof palette.query);
        } else {
            paragraph(tr(Str::palette_press, {palette.capture_title}), strong_text());
        }
        search(palette);
        if (!palette.said.empty()) paragraph(palette.said, {Face::strong, Size::base, theme().moving});
        gap(4);
        ImGui::BeginChild("rows", {0, ImGui::GetContentRegionAvail().y - px(28)}, false);
        const float row_width = ImGui::GetContentRegionAvail().x;
        if (palette.shown.empty()) paragraph(tr(Str::palette_none), quiet_text());
        constexpr std::size_t kMost = 200;
        const std::size_t first = palette.chosen >= kMost ? palette.chosen - kMost + 1 : 0;
        for (std::size_t i = first; i < palette.shown.size() && i < first + kMost; ++i) {
            draw_row(palette.shown[i], i == palette.chosen, palette.scroll, row_width);
            if (ImGui::IsItemClicked()) {
                palette.chosen = i;
                carry_out(p);
                break;
            }
        }
        palette.scroll = false;
        ImGui::EndChild();
        fit(tr(Str::palette_keys), 0, quiet_text(Size::small));
    }
    ImGui::End();
    p.next_frame_in = p.next_frame_in < 0 ? 0.3 : std::min(p.next_frame_in, 0.3);
}

}  // namespace sy::gui
