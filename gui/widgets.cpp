// The widgets: controls, cards, rows, hover.
#include "gui/widgets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <imgui_internal.h>
#include <utility>

#include "gui/app/keymap.h"
#include "gui/strings/strings.h"
#include "gui/widgets_state.h"
#include "sim/base/utf8.h"
#include "sim/report/glossary.h"

namespace sy::gui {
namespace {

constexpr double kTooltipDelay = 0.4;  // seconds

struct UiState {
    double now = 0;
    std::vector<std::string> places;
    std::vector<Overflow> overflows;
    // What the mouse rests on: its rectangle, since when, and whether it was there in this frame.
    ImVec2 hover_min{}, hover_max{};
    double hover_since = 0;
    bool hover_seen = false, hovered = false;
    std::vector<Control> controls;
    std::uint32_t press = 0;  // the control that the palette presses
    bool press_seen = false;
    // The glossary's word under the mouse, and since when.
    const GlossaryTerm *term = nullptr, *term_before = nullptr;
    double term_since = 0;
};
UiState ui;

bool same(ImVec2 a, ImVec2 b) { return std::abs(a.x - b.x) < 1 && std::abs(a.y - b.y) < 1; }

void show_tooltip(std::string_view text) {
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(12), px(8)});
    ImGui::BeginTooltip();
    const float widest = px(420);
    paragraph(text, {}, std::min(measure(text).x + 1, widest));
    ImGui::EndTooltip();
    ImGui::PopStyleVar();
}

// The box of a control that was just submitted as an item.
struct Box {
    ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
    bool hovered = ImGui::IsItemHovered(), held = ImGui::IsItemActive();
};

void centred(ImDrawList& list, const Box& box, std::string_view text, const TextStyle& style) {
    const ImVec2 size = measure(text, style);
    draw_text(list, {(box.min.x + box.max.x - size.x) / 2, (box.min.y + box.max.y - size.y) / 2},
              text, style);
}

float control_height() { return px(28); }

struct ButtonColors {
    ImU32 fill, line, text;
};

ButtonColors button_colors(Look look, bool hovered, bool held) {
    const Theme& t = theme();
    switch (look) {
        case Look::primary:
            return {hovered ? blend(t.accent, t.running, 0.3F) : t.accent, t.accent, t.on_accent};
        case Look::selected:
            return {t.selected, t.running, t.text};
        case Look::ghost:
            return {hovered ? t.hover : 0, 0, t.text};
        case Look::plain:
            break;
    }
    return {held ? t.selected : hovered ? t.hover : t.card, t.line, t.text};
}

}  // namespace

void begin_ui_frame(double now) {
    ui.now = now;
    ui.overflows.clear();
    ui.places.clear();
    ui.controls.clear();
    // What is not drawn in the frame of its press is not pressed later.
    if (ui.press_seen) ui.press = 0;
    ui.press_seen = ui.press != 0;
    if (!ui.hover_seen) ui.hovered = false;
    ui.hover_seen = false;
    if (ui.term != ui.term_before) ui.term_since = now;
    ui.term_before = std::exchange(ui.term, nullptr);
}

const std::vector<Control>& controls() { return ui.controls; }
void press_control(std::uint32_t id) { ui.press = id; }

namespace {

// Notes the control that was just submitted; true when the palette presses it.
bool pressed_from_afar(std::string_view text, bool enabled) {
    const std::uint32_t id = ImGui::GetItemID();
    if (enabled && !text.empty()) ui.controls.push_back({id, ui.places.empty() ? "" : ui.places.front(), std::string(text)});
    if (ui.press != id || id == 0) return false;
    ui.press = 0;
    return enabled;
}

}  // namespace

const std::vector<Overflow>& overflows() { return ui.overflows; }

void report_overflow(std::string_view text, float width, float available) {
    std::string where;
    for (const std::string& place : ui.places) where += (where.empty() ? "" : " > ") + place;
    ui.overflows.push_back({where, std::string(text), width, available});
}

PlaceName::PlaceName(std::string_view name) { ui.places.emplace_back(name); }
PlaceName::~PlaceName() { ui.places.pop_back(); }

double ui_wants_frame_in() {
    if (ui.term != nullptr && ui.term != ui.term_before) return 0;
    const double term = ui.term != nullptr ? ui.term_since + kTooltipDelay - ui.now : -1;
    const double left = ui.hovered && ui.hover_seen ? ui.hover_since + kTooltipDelay - ui.now : -1;
    if (left > 0 && (term <= 0 || left < term)) return left;
    return term > 0 ? term : -1;
}

void note_hovered_text(ImVec2 at, std::string_view text, const TextStyle& style, std::string_view whole) {
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    if (mouse.y < at.y || mouse.x < at.x || mouse.y > at.y + line_height(style)) return;
    if (text.empty() || mouse.x > at.x + measure(text, style).x) return;
    if (!ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem)) return;
    std::size_t byte = 0;
    for (std::size_t next = 0; next < text.size(); byte = next) {
        next = byte + std::max<std::size_t>(utf8::decode(text, byte).bytes, 1);
        if (at.x + measure(text.substr(0, next), style).x > mouse.x) break;
    }
    if (const GlossaryTerm* term = term_at(whole, static_cast<std::size_t>(text.data() - whole.data()) + byte)) ui.term = term;
}

std::string_view hovered_term() {
    const GlossaryTerm* term = ui.term ? ui.term : ui.term_before;
    return term ? term->name : std::string_view();
}

void teach_hovered() {
    if (ui.term == nullptr || ui.term != ui.term_before || ui.now - ui.term_since < kTooltipDelay || ImGui::IsMouseDown(0)) return;
    const bool zh = language() == Lang::zh;
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(12), px(8)});
    ImGui::BeginTooltip();
    const float width = px(380);
    paragraph({{zh ? ui.term->name_zh : ui.term->name, strong_text()}}, width);
    paragraph(zh ? ui.term->zh : ui.term->en, {}, width);
    paragraph(tr(Str::glossary_lesson, {ui.term->lesson}) + " · " + tr(Str::glossary_more, {key_of(Command::Kind::glossary)}),
              quiet_text(Size::small), width);
    ImGui::EndTooltip();
    ImGui::PopStyleVar();
}

void tooltip_at(ImVec2 min, ImVec2 max, std::string_view text) {
    if (!ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem)) return;
    if (!ImGui::IsMouseHoveringRect(min, max)) return;
    ui.hover_seen = true;
    if (!ui.hovered || !same(min, ui.hover_min) || !same(max, ui.hover_max)) {
        ui.hovered = true;
        ui.hover_min = min;
        ui.hover_max = max;
        ui.hover_since = ui.now;
    }
    if (ui.now - ui.hover_since >= kTooltipDelay && !ImGui::IsMouseDown(0)) show_tooltip(text);
}

void tooltip(std::string_view text) {
    tooltip_at(ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), text);
}

float button_width(std::string_view text) { return std::ceil(measure(text).x) + px(24); }

bool button(const char* id, std::string_view text, Look look, bool enabled) {
    if (!enabled) ImGui::BeginDisabled();
    bool pressed = ImGui::InvisibleButton(id, {button_width(text), control_height()});
    if (pressed_from_afar(text, enabled)) pressed = true;
    const Box box;
    ButtonColors colors = button_colors(look, box.hovered, box.held);
    if (!enabled) colors.text = fade(colors.text, 0.4F);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(box.min, box.max, colors.fill, px(6));
    if (colors.line) list.AddRect(box.min, box.max, colors.line, px(6));
    centred(list, box, text, {Face::text, Size::base, colors.text});
    if (!enabled) ImGui::EndDisabled();
    return pressed && enabled;
}

float chip_width(std::string_view text) {
    return std::ceil(measure(text, {Face::text, Size::small, 0}).x) + px(18);
}

void chip(std::string_view text, ImU32 outline, ImU32 color) {
    const float height = px(22);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::Dummy({chip_width(text), height});
    const Box box;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRect(box.min, box.max, outline ? outline : theme().line, height / 2);
    centred(list, box, text, {Face::text, Size::small, color ? color : theme().text});
    const float right = list.GetClipRectMax().x;
    if (box.max.x > right + 1) report_overflow(text, box.max.x - at.x, right - at.x);
}

bool chip_button(const char* id, std::string_view text, bool selected) {
    const float height = px(22);
    bool pressed = ImGui::InvisibleButton(id, {chip_width(text), height});
    if (pressed_from_afar(text, true)) pressed = true;
    const Box box;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const Theme& t = theme();
    list.AddRectFilled(box.min, box.max,
                       selected      ? t.selected
                       : box.hovered ? t.hover
                                     : 0,
                       height / 2);
    list.AddRect(box.min, box.max, selected ? t.running : t.line, height / 2);
    centred(list, box, text,
            {Face::text, Size::small,
             selected      ? t.text
             : box.hovered ? t.text
                           : t.quiet});
    return pressed;
}

void ChipRow::next(std::string_view text) {
    const float width = chip_width(text) + px(6), all = ImGui::GetContentRegionAvail().x;
    if (left_ >= 0 && width <= left_)
        ImGui::SameLine(0, px(6));
    else
        left_ = all;
    left_ -= width;
}

void key_cap(std::string_view text) {
    const TextStyle style{Face::text, Size::small, theme().text};
    const float width = std::max(std::ceil(measure(text, style).x) + px(12), px(22));
    ImGui::Dummy({width, px(22)});
    const Box box;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(box.min, box.max, theme().line, px(4));
    list.AddRectFilled(box.min, {box.max.x, box.max.y - px(2)}, theme().card, px(4));
    list.AddRect(box.min, box.max, theme().line, px(4));
    centred(list, {box.min, {box.max.x, box.max.y - px(2)}, false, false}, text, style);
}

namespace {

constexpr float kTabHeight = 26, kTabRoom = 12;

float tab_width(std::string_view name) {
    return std::ceil(measure(name, {Face::strong, Size::small, 0}).x) + px(kTabRoom);
}

bool tab_word(std::string_view name, float width, bool selected) {
    const TextStyle style{selected ? Face::strong : Face::text, Size::small, 0};
    const bool pressed = ImGui::InvisibleButton("tab", {width, px(kTabHeight)});
    const Box box;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const Theme& t = theme();
    TextStyle shown = style;
    shown.color = selected || box.hovered ? t.text : t.quiet;
    centred(list, box, name, shown);
    if (selected)
        list.AddRectFilled({box.min.x + px(4), box.max.y - px(3)}, {box.max.x - px(4), box.max.y - px(1)},
                           t.running);
    return pressed;
}

}  // namespace

bool tabs(const char* id, std::span<const std::string_view> names, std::span<const std::string> tips,
          int& selected) {
    const int before = selected;
    ImGui::PushID(id);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    float used = 0, rows = 1;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const float mine = tab_width(names[i]);
        if (used > 0 && used + mine > width) {
            used = 0;
            ++rows;
        }
        if (used > 0) ImGui::SameLine();
        used += mine;
        ImGui::PushID(static_cast<int>(i));
        if (tab_word(names[i], std::min(mine, width), static_cast<int>(i) == selected)) selected = static_cast<int>(i);
        if (!tips[i].empty()) tooltip(tips[i]);
        ImGui::PopID();
    }
    ImGui::PopStyleVar();
    const float y = at.y + rows * px(kTabHeight);
    ImGui::GetWindowDrawList()->AddLine({at.x, y}, {at.x + width, y}, theme().line);
    gap(8);
    ImGui::PopID();
    return selected != before;
}

void draw_state_mark(ImDrawList& list, ImVec2 at, float side, std::string_view letter,
                     ImU32 color) {
    list.AddRectFilled(at, {at.x + side, at.y + side}, color, px(4));
    centred(list, {at, {at.x + side, at.y + side}, false, false}, letter,
            {Face::strong, Size::small, theme().on_state});
}

void state_mark(std::string_view letter, ImU32 color) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::Dummy({px(20), px(20)});
    draw_state_mark(*ImGui::GetWindowDrawList(), at, px(20), letter, color);
}

bool begin_card(const char* id, ImVec2 size, const CardOptions& options) {
    const Theme& t = theme();
    const ImU32 outline = options.outline ? options.outline : t.line;
    const ImU32 fill = options.fill ? options.fill : t.card;
    ImGui::PushStyleColor(ImGuiCol_ChildBg, options.dashed ? 0 : fill);
    ImGui::PushStyleColor(ImGuiCol_Border, options.dashed ? 0 : outline);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(12), px(8)});
    const bool open = ImGui::BeginChild(id, size, true);
    ImGui::PopStyleVar();
    ImGui::PopStyleColor(2);
    ui.places.emplace_back(options.title.empty() ? id : std::string(options.title));
    if (!open) return open;
    if (options.dashed) {
        const ImVec2 min = ImGui::GetWindowPos();
        const ImVec2 extent = ImGui::GetWindowSize();
        ImDrawList& whole = *ImGui::GetWindowDrawList();
        whole.PushClipRect(min, {min.x + extent.x, min.y + extent.y});
        draw_dashed_rect(whole, {min.x + 1, min.y + 1},
                         {min.x + extent.x - 1, min.y + extent.y - 1}, outline, px(6));
        whole.PopClipRect();
    }
    if (options.title.empty()) return open;
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float right =
        options.right.empty() ? 0 : measure(options.right, quiet_text(Size::base)).x;
    float left_room = width - (right > 0 ? right + px(8) : 0);
    const TextStyle title = strong_text(Size::base);
    const float title_width = std::min(measure(options.title, title).x, left_room);
    fit_at(list, at, left_room, options.title, title);
    left_room -= title_width + px(8);
    const TextStyle small = quiet_text(Size::small);
    const float lower = (line_height(title) - line_height(small)) / 2 + px(1);
    if (!options.subtitle.empty() && left_room > px(24))
        fit_at(list, {at.x + title_width + px(8), at.y + lower}, left_room, options.subtitle,
               small);
    if (right > 0) draw_text(list, {at.x + width - right, at.y}, options.right, quiet_text());
    ImGui::Dummy({width, line_height(title)});
    thin_line();
    return open;
}

void end_card() {
    ui.places.pop_back();
    ImGui::EndChild();
}

ImU32 fate_color(Fate fate) {
    switch (fate) {
        case Fate::kept:
            return theme().kept;
        case Fate::saved:
            return theme().saved;
        case Fate::replaced:
            return theme().replaced;
        case Fate::none:
            break;
    }
    return theme().quiet;
}

std::string_view fate_glyph(Fate fate) {
    constexpr std::array<std::string_view, 4> glyphs = {"", "=", "v", ">"};
    return glyphs[static_cast<std::size_t>(fate)];
}

void band_header(std::string_view name, Fate fate, std::string_view reason) {
    constexpr std::array<Str, 4> words = {Str::fate_kept, Str::fate_kept, Str::fate_saved,
                                          Str::fate_replaced};
    std::string what;
    if (fate != Fate::none) {
        what.append(fate_glyph(fate)).append(" ").append(tr(words[static_cast<std::size_t>(fate)]));
        if (!reason.empty()) what.append(language() == Lang::zh ? "：" : ": ");
    }
    what.append(reason);
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const TextStyle left = quiet_text(Size::small);
    const TextStyle right{Face::text, Size::small, fate_color(fate)};
    const float left_width = std::min(measure(name, left).x, width);
    const float room = width - left_width - px(12);
    const float right_width = std::min(measure(what, right).x, room);
    fit_at(list, at, width, name, left);
    if (room > px(24)) fit_at(list, {at.x + width - right_width, at.y}, room, what, right);
    ImGui::Dummy({width, line_height(left) + px(2)});
}

void section_title(std::string_view text) {
    gap(4);
    fit(text, 0, {Face::strong, Size::base, theme().quiet});
    gap(2);
}

void thin_line() {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    const float y = std::floor(at.y + px(4));
    ImGui::GetWindowDrawList()->AddLine({at.x, y}, {at.x + width, y}, theme().line);
    ImGui::Dummy({width, px(8) - ImGui::GetStyle().ItemSpacing.y});
}

void gap(float pixels_at_scale_1) { ImGui::Dummy({0, px(pixels_at_scale_1)}); }

void empty_state(std::string_view what, std::string_view hint) {
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float width = std::min(room.x - px(16), px(420));
    if (width < px(40)) return;
    const Span first{what, strong_text()};
    const Span second{hint, quiet_text()};
    const float height =
        paragraph_height({&first, 1}, width) + px(8) + paragraph_height({&second, 1}, width);
    const ImVec2 at = ImGui::GetCursorPos();
    const float left = at.x + (room.x - width) / 2;
    const float top = at.y + std::max((room.y - height) / 2.4F, px(8));
    ImGui::SetCursorPos({left, top});
    ImGui::BeginGroup();
    const auto line = [&](const Span& span) {
        const float own = std::min(measure(span.text, span.style).x, width);
        ImGui::SetCursorPosX(left + (width - own) / 2);
        paragraph(span.text, span.style, own + 1);
    };
    if (!what.empty()) line(first);
    if (!hint.empty()) line(second);
    ImGui::EndGroup();
}

float cell_width(int characters) {
    return static_cast<float>(characters) * measure("0", mono_text()).x + px(12);
}

float value_row_height() { return line_height(mono_text()) + px(4); }

Rect value_row(std::initializer_list<Cell> cells, const RowOptions& options) {
    const Theme& t = theme();
    const float height = value_row_height();
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const Rect row{at, {at.x + width, at.y + height}};
    ImDrawList& list = *ImGui::GetWindowDrawList();
    if (options.lit) {
        list.AddRectFilled(row.min, row.max, fade(t.moving, 0.28F));
        list.AddRect(row.min, row.max, t.moving);
    } else if (options.selected) {
        list.AddRectFilled(row.min, row.max, t.selected);
    }
    float fixed = 0;
    int free = 0;
    for (const Cell& cell : cells) {
        fixed += std::max(cell.width, 0.0F);
        free += cell.width <= 0;
    }
    const float rest = free ? std::max(width - fixed, 0.0F) / static_cast<float>(free) : 0;
    float x = at.x;
    for (const Cell& cell : cells) {
        const float own = cell.width > 0 ? cell.width : rest;
        if (options.boxed && !options.lit)
            list.AddRect({x, at.y}, {x + own + 1, at.y + height + 1}, t.line);
        const float lower = (height - line_height(cell.style)) / 2;
        TextStyle style = cell.style;
        if (options.lit && !style.color) style.color = t.id != ThemeId::light ? t.moving : t.text;
        fit_at(list, {x + px(6), at.y + lower}, own - px(10), cell.text, style);
        x += own;
    }
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    ImGui::Dummy({width, height});
    ImGui::PopStyleVar();
    if (!options.tip.empty()) tooltip_at(row.min, row.max, options.tip);
    return row;
}

void draw_dashed(ImDrawList& list, std::span<const ImVec2> points, ImU32 color, float thickness) {
    const float dash = px(5), hole = px(4);
    float done = 0;  // along the whole line, so that dashes run on round corners
    for (std::size_t i = 1; i < points.size(); ++i) {
        const ImVec2 from = points[i - 1], to = points[i];
        const float length = std::hypot(to.x - from.x, to.y - from.y);
        if (length <= 0) continue;
        for (float at = 0; at < length;) {
            const float phase = std::fmod(done + at, dash + hole);
            const bool drawn = phase < dash;
            const float stop =
                std::min(at + (drawn ? dash - phase : dash + hole - phase) + 0.01F, length);
            if (drawn) {
                const auto point = [&](float s) {
                    return ImVec2{from.x + (to.x - from.x) * s / length,
                                  from.y + (to.y - from.y) * s / length};
                };
                list.AddLine(point(at), point(stop), color, thickness);
            }
            at = stop;
        }
        done += length;
    }
}

void draw_dashed_rect(ImDrawList& list, ImVec2 min, ImVec2 max, ImU32 color, float rounding) {
    std::vector<ImVec2> outline;
    const auto corner = [&](ImVec2 centre, float from) {
        for (int i = 0; i <= 6; ++i) {
            const float angle = from + static_cast<float>(i) / 6 * 1.5708F;
            outline.push_back(
                {centre.x + std::cos(angle) * rounding, centre.y + std::sin(angle) * rounding});
        }
    };
    corner({max.x - rounding, max.y - rounding}, 0);
    corner({min.x + rounding, max.y - rounding}, 1.5708F);
    corner({min.x + rounding, min.y + rounding}, 3.1416F);
    corner({max.x - rounding, min.y + rounding}, 4.7124F);
    outline.push_back(outline.front());
    draw_dashed(list, outline, color, 1);
}

}  // namespace sy::gui
