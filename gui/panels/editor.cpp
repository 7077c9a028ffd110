// The scenario's text as a panel: line numbers, marks of mistakes, colours, the cursor, completions below it, and at
// the foot what is wrong on this line (or what the word under the cursor means). It only draws and passes on the
// mouse and the letters; what they do is in app/editor.cpp.
#include "gui/app/editor.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "gui/compat.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/base/utf8.h"
#include "sim/scenario/edit.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;
constexpr std::size_t kLongestDrawn = 4'000;   // bytes of one line

const TextStyle kCode{Face::mono, Size::base, 0};

ImU32 color_of(CodeColor c) {
    const Theme& t = theme();
    switch (c) {
        case CodeColor::keyword: return t.running;
        case CodeColor::verb: return t.kept;
        case CodeColor::setting: return t.softirq;
        case CodeColor::number: return t.saved;
        case CodeColor::string: return t.replaced;
        case CodeColor::comment: return t.quiet;
        case CodeColor::assembly: return t.syscall;
        case CodeColor::sign: return t.quiet;
        case CodeColor::name:
        case CodeColor::plain: break;
    }
    return t.text;
}

struct Place {
    ImVec2 at;            // of the first line's upper left corner, scrolled
    float left, line;     // where text begins; height of a line
};

float width_of(std::string_view text) { return measure(text.substr(0, kLongestDrawn), kCode).x; }

// The x of a byte within its line.
float x_of(const TextDocument& doc, std::size_t at) {
    const std::size_t start = doc.line_start(doc.line_of(at));
    return width_of(std::string_view(doc.text()).substr(start, at - start));
}

std::size_t byte_at(const TextDocument& doc, const Place& place, ImVec2 mouse) {
    const float row = std::floor((mouse.y - place.at.y) / place.line);
    const std::size_t line = row < 0 ? 0 : std::min(static_cast<std::size_t>(row), doc.lines() - 1);
    const std::string_view words = doc.line(line).substr(0, kLongestDrawn);
    float last = 0;
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t next = at + utf8::decode(words, at).bytes;
        const float here = width_of(words.substr(0, next));
        if (place.left + (last + here) / 2 > mouse.x) return doc.line_start(line) + at;
        last = here;
        at = next;
    }
    return doc.line_start(line) + words.size();
}

void draw_line(ImDrawList& list, const Editor& e, const Place& place, std::size_t line) {
    const std::string_view words = e.doc.line(line).substr(0, kLongestDrawn);
    const std::size_t start = e.doc.line_start(line), stop = start + words.size();
    const float y = place.at.y + static_cast<float>(line) * place.line;
    auto piece = std::lower_bound(e.colors.begin(), e.colors.end(), start, [](const CodePiece& p, std::size_t at) { return p.to <= at; });
    std::size_t at = start;
    float x = place.left;
    const auto put = [&](std::size_t to, ImU32 color) {
        if (to <= at) return;
        const std::string_view part = words.substr(at - start, to - at);
        draw_text(list, {x, y}, part, {Face::mono, Size::base, color});
        x += width_of(part);
        at = to;
    };
    for (; piece != e.colors.end() && piece->from < stop; ++piece) {
        put(std::max(at, std::min(piece->from, stop)), theme().text);
        put(std::min(piece->to, stop), color_of(piece->color));
    }
    put(stop, theme().text);
}

void draw_selection(ImDrawList& list, const Editor& e, const Place& place, std::size_t line) {
    const TextRange s = e.doc.selection();
    const std::size_t from = e.doc.line_start(line), to = e.doc.line_end(line);
    if (s.empty() || s.to < from || s.from > to) return;
    const float y = place.at.y + static_cast<float>(line) * place.line;
    const float left = place.left + x_of(e.doc, std::max(s.from, from));
    const float right = place.left + (s.to > to ? x_of(e.doc, to) + px(6) : x_of(e.doc, s.to));
    list.AddRectFilled({left, y}, {right, y + place.line}, theme().selected);
}

// A wavy line under what is wrong, and a mark before the line.
void draw_mistakes(ImDrawList& list, const Editor& e, const Place& place, std::size_t first, std::size_t last, float edge) {
    for (const Diagnostic& d : e.mistakes.list()) {
        if (d.pos.line == 0 || d.severity == Severity::note) continue;
        const auto line = static_cast<std::size_t>(d.pos.line - 1);
        if (line < first || line > last || line >= e.doc.lines()) continue;
        const bool error = d.severity == Severity::error;
        const ImU32 color = error ? theme().replaced : theme().saved;
        const float y = place.at.y + static_cast<float>(line) * place.line;
        draw_text(list, {edge + px(4), y}, error ? "●" : "▲", {Face::text, Size::small, color});
        const std::size_t at = offset_of(e.doc.text(), d.pos), length = bytes_of(e.doc.text(), d.pos);
        const float left = place.left + x_of(e.doc, at);
        const float right = std::max(place.left + x_of(e.doc, std::min(at + length, e.doc.line_end(line))), left + px(8));
        const float low = y + place.line - px(2), step = px(3);
        for (float x = left; x + step <= right + step / 2; x += 2 * step) {
            list.AddLine({x, low}, {x + step, low - px(2)}, color, px(1));
            list.AddLine({x + step, low - px(2)}, {x + 2 * step, low}, color, px(1));
        }
        std::string words = tr(d.message);
        if (!d.replacement.empty()) words += "\n" + tr(Str::editor_fix, {d.replacement}) + "  (Ctrl .)";
        tooltip_at({edge, y}, {right, y + place.line}, words);
    }
}

void type_letters(Editor& e) {
    ImGuiIO& io = ImGui::GetIO();
    const bool swallow = std::exchange(e.swallow, false);
    if (!e.focused || ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup)) return;
    ImGui::GetCurrentContext()->WantTextInputNextFrame = 1;
    if (swallow || e.question.kind != EditorQuestion::Kind::none) io.InputQueueCharacters.resize(0);
    for (const ImWchar c : io.InputQueueCharacters) {
        if (c < 32 || c == 127 || io.KeyCtrl) continue;
        char bytes[5];
        ImTextCharToUtf8(bytes, c);
        e.doc.type(bytes);
        e.reveal = true;
        const bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (letter) complete_word(e);
        else e.choices.open = false;
    }
    io.InputQueueCharacters.resize(0);
}

void use_mouse(Editor& e, const Place& place, bool hovered) {
    const ImGuiIO& io = ImGui::GetIO();
    if (hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_TextInput);
    if (hovered && ImGui::IsMouseClicked(0)) {
        e.focused = e.selecting = true;
        e.choices.open = false;
        const std::size_t at = byte_at(e.doc, place, io.MousePos);
        const TextRange s = e.doc.selection();
        e.doc.select(io.KeyShift ? (e.doc.cursor() == s.from ? s.to : s.from) : at, at);
        if (ImGui::IsMouseDoubleClicked(0)) {
            const TextRange word = e.doc.word_at(at);
            e.doc.select(word.from, word.to);
            e.selecting = false;
        }
    }
    if (e.selecting && ImGui::IsMouseDown(0)) {
        const TextRange s = e.doc.selection();
        const std::size_t anchor = e.doc.cursor() == s.from ? s.to : s.from, at = byte_at(e.doc, place, io.MousePos);
        if (at != e.doc.cursor()) {
            e.doc.select(anchor, at);
            e.reveal = true;
        }
    } else {
        e.selecting = false;
    }
}

void draw_choices(Editor& e, const Place& place) {
    if (!e.choices.open || !e.focused) return;
    const auto count = std::min<std::size_t>(e.choices.list.size(), 8);
    const auto chosen = static_cast<std::size_t>(e.choices.selected);
    const std::size_t first = chosen >= count ? chosen - count + 1 : 0;
    const CodeChoice& c = e.choices.list[std::min(chosen, e.choices.list.size() - 1)];
    const std::string& help = language() == Lang::zh ? c.help_zh : c.help_en;
    const TextStyle small{Face::mono, Size::small, 0};
    const float row = line_height(small) + px(2), width = px(340);
    const Span spans[] = {{c.usage, {Face::mono, Size::small, theme().running}}, {"\n", {}}, {help, quiet_text(Size::small)}};
    const float tall = row * static_cast<float>(count) + paragraph_height(spans, width - px(16)) + px(16);
    ImVec2 at{place.left + x_of(e.doc, e.doc.word_at(e.doc.cursor()).from), place.at.y + static_cast<float>(e.doc.line_of(e.doc.cursor()) + 1) * place.line};
    const ImVec2 screen = ImGui::GetIO().DisplaySize;
    if (at.y + tall > screen.y - px(8)) at.y -= tall + place.line;
    at.x = std::max(px(4), std::min(at.x, screen.x - width - px(8)));
    ImGui::SetNextWindowPos(at);
    ImGui::SetNextWindowSize({width, tall});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(8), px(4)});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, theme().card);
    ImGui::Begin("choices", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                                         ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_Tooltip);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    for (std::size_t i = 0; i < count; ++i) {
        const ImVec2 from{corner.x, corner.y + static_cast<float>(i) * row};
        const CodeChoice& choice = e.choices.list[first + i];
        if (first + i == chosen) list.AddRectFilled({from.x - px(4), from.y}, {from.x + width - px(12), from.y + row}, theme().selected, px(3));
        draw_text(list, {from.x, from.y + px(1)}, choice.name, small);
    }
    ImGui::Dummy({width - px(16), row * static_cast<float>(count) + px(4)});
    paragraph({spans[0], spans[1], spans[2]}, width - px(16));
    ImGui::End();
    ImGui::PopStyleColor();
    ImGui::PopStyleVar();
}

void draw_text_area(View& view, float height) {
    Editor& e = view.editor;
    ImGui::PushStyleColor(ImGuiCol_ChildBg, theme().ground);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
    ImGui::BeginChild("text", {0, height}, false, ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_NoNav);
    ImGui::PopStyleVar();
    const float line = line_height(kCode);
    const int digits = static_cast<int>(std::to_string(e.doc.lines()).size());
    const float edge = ImGui::GetWindowPos().x, margin = px(22) + measure("0", kCode).x * static_cast<float>(std::max(digits, 2)) + px(12);
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    const Place place{origin, origin.x + margin, line};
    const float room = ImGui::GetWindowHeight() - px(14);
    e.page = static_cast<std::size_t>(std::max(room / line - 1, 1.0F));
    type_letters(e);
    use_mouse(e, place, ImGui::IsWindowHovered());
    if (e.colored != e.doc.version()) {
        e.colors = color_code(e.doc.text());
        e.colored = e.doc.version();
    }
    const std::size_t at_line = e.doc.line_of(e.doc.cursor());
    if (e.reveal) {
        const float y = static_cast<float>(at_line) * line, x = x_of(e.doc, e.doc.cursor());
        const float wide = ImGui::GetWindowWidth() - margin - px(24);
        if (y < ImGui::GetScrollY()) ImGui::SetScrollY(y);
        if (y + line > ImGui::GetScrollY() + room) ImGui::SetScrollY(y + line - room);
        if (x < ImGui::GetScrollX()) ImGui::SetScrollX(x);
        if (x > ImGui::GetScrollX() + wide) ImGui::SetScrollX(x - wide + px(40));
        e.reveal = false;
    }
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float above = std::max(ImGui::GetScrollY() / line, 0.0F);
    const auto first = std::min(static_cast<std::size_t>(above), e.doc.lines() - 1);
    const std::size_t last = std::min(first + static_cast<std::size_t>(room / line) + 2, e.doc.lines() - 1);
    const float top = ImGui::GetWindowPos().y, bottom = top + ImGui::GetWindowHeight();
    float widest = 0;
    list.PushClipRect({edge + margin - px(4), top}, {edge + ImGui::GetWindowWidth(), bottom}, true);
    list.AddRectFilled({edge, place.at.y + static_cast<float>(at_line) * line}, {edge + ImGui::GetWindowWidth(), place.at.y + static_cast<float>(at_line + 1) * line}, fade(theme().hover, 0.5F));
    for (std::size_t i = first; i <= last; ++i) {
        draw_selection(list, e, place, i);
        draw_line(list, e, place, i);
        widest = std::max(widest, width_of(e.doc.line(i)));
    }
    const ImVec2 cursor{place.left + x_of(e.doc, e.doc.cursor()), place.at.y + static_cast<float>(at_line) * line};
    const bool lit = view.picture || std::fmod(view.now, 1.0) < 0.6;
    if (e.focused && lit) list.AddRectFilled({cursor.x, cursor.y}, {cursor.x + px(2), cursor.y + line}, theme().moving);
    list.PopClipRect();
    for (std::size_t i = first; i <= last; ++i) {
        const std::string number = std::to_string(i + 1);
        const TextStyle style{Face::mono, Size::small, i == at_line ? theme().text : theme().quiet};
        draw_text(list, {edge + margin - px(12) - measure(number, style).x, place.at.y + static_cast<float>(i) * line + px(1)}, number, style);
    }
    draw_mistakes(list, e, place, first, last, edge);
    ImGui::Dummy({margin + widest + px(40), line * static_cast<float>(e.doc.lines()) + px(4)});
    ImGui::EndChild();
    ImGui::PopStyleColor();
    draw_choices(e, place);
}

void draw_find_bar(View& view) {
    Editor& e = view.editor;
    const float width = ImGui::GetContentRegionAvail().x, half = (width - px(190)) / 2;
    if (e.find.focus) ImGui::SetKeyboardFocusHere();
    e.find.focus = false;
    ImGui::SetNextItemWidth(half);
    if (ImGui::InputTextWithHint("##what", tr(Str::editor_find_hint).data(), e.find.what, sizeof e.find.what, ImGuiInputTextFlags_EnterReturnsTrue)) {
        view.ask(Kind::find_next);
        e.find.focus = true;
    }
    if (ImGui::IsItemActive()) e.focused = false;
    fonts().need(e.find.what);
    ImGui::SameLine(0, px(6));
    ImGui::SetNextItemWidth(half);
    ImGui::InputTextWithHint("##with", tr(Str::editor_replace_hint).data(), e.find.with, sizeof e.find.with);
    if (ImGui::IsItemActive()) e.focused = false;
    fonts().need(e.find.with);
    ImGui::SameLine(0, px(6));
    if (button("replace", tr(Str::editor_replace), Look::plain, e.find.what[0] != '\0')) {
        const TextRange s = e.doc.selection();
        if (!s.empty() && e.doc.selected().size() == std::string_view(e.find.what).size()) e.doc.replace(s.from, s.to - s.from, e.find.with);
        view.ask(Kind::find_next);
    }
    ImGui::SameLine(0, px(6));
    if (button("all", tr(Str::editor_replace_all), Look::plain, e.find.what[0] != '\0')) e.doc.replace_every(e.find.what, e.find.with);
    if (e.find.what[0] != '\0') label(tr(Str::editor_found, {std::to_string(e.doc.count(e.find.what))}), quiet_text(Size::small));
}

void draw_buttons(View& view) {
    Editor& e = view.editor;
    const float right = ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x;
    const auto item = [&](const char* id, Str words, Kind kind, bool enabled, Look look = Look::ghost) {
        if (button(id, tr(words), look, enabled)) view.ask(kind);
        ImGui::SameLine(0, px(2));
    };
    item("save", Str::editor_save, Kind::save, e.doc.is_modified());
    item("undo", Str::editor_undo, Kind::undo_edit, e.doc.can_undo());
    item("redo", Str::editor_redo, Kind::redo_edit, e.doc.can_redo());
    item("find", Str::editor_find, Kind::find_in_text, true);
    item("format", Str::editor_format, Kind::format, true);
    const std::string_view state = tr(e.doc.is_modified() ? Str::editor_unsaved : Str::editor_saved);
    const TextStyle style{Face::text, Size::small, e.doc.is_modified() ? theme().saved : theme().quiet};
    const float x = right - measure(state, style).x;
    if (x > ImGui::GetCursorPosX()) {
        ImGui::SetCursorPosX(x);
        label(state, style);
    } else {
        ImGui::NewLine();
    }
}

// What is wrong here and its remedy; else what the word at the cursor means.
void draw_foot(View& view) {
    Editor& e = view.editor;
    const Diagnostic* d = editor_mistake(e);
    if (d != nullptr) {
        const bool error = d->severity == Severity::error;
        const std::string where = std::to_string(d->pos.line) + ":" + std::to_string(d->pos.column) + "  ";
        paragraph({{error ? "● " : "▲ ", {Face::text, Size::small, error ? theme().replaced : theme().saved}}, {where, mono_text()}, {tr(d->message), {Face::text, Size::small, 0}}});
        if (!d->replacement.empty() && button("fix", shorten(tr(Str::editor_fix, {d->replacement}), px(220)), Look::primary)) view.ask(Kind::fix);
        if (!d->replacement.empty()) {
            ImGui::SameLine(0, px(8));
            key_cap("Ctrl");
            ImGui::SameLine(0, px(4));
            key_cap(".");
        }
        const int errors = e.mistakes.errors();
        paragraph(errors > 0 ? tr(Str::editor_count, {std::to_string(errors), std::to_string(e.mistakes.warnings())})
                             : tr(Str::editor_count_warnings, {std::to_string(e.mistakes.warnings())}), quiet_text(Size::small));
        return;
    }
    const CodeChoice help = code_help(e.doc.text(), e.doc.cursor());
    if (!help.name.empty())
        paragraph({{help.usage, {Face::mono, Size::small, theme().running}}, {"\n", {}}, {language() == Lang::zh ? help.help_zh : help.help_en, {Face::text, Size::small, 0}}});
    else
        paragraph(e.next ? tr(Str::editor_running) : tr(Str::editor_good), quiet_text(Size::small));
}

// Devices to be dragged onto the timeline.
void draw_devices(View& view) {
    Editor& e = view.editor;
    if (view.document.scenario.devices.empty()) return;
    const float right = ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x;
    fit(tr(Str::editor_drag_irq), px(180), quiet_text(Size::small));
    for (const DeviceDecl& d : view.document.scenario.devices) {
        ImGui::SameLine(0, px(6));
        if (ImGui::GetCursorPosX() + chip_width("▲ " + d.name) > right) {
            ImGui::NewLine();
            break;
        }
        chip_button(("device " + d.name).c_str(), "▲ " + d.name, e.drag_device == d.name);
        if (ImGui::IsItemActive()) e.drag_device = d.name;
    }
}

}  // namespace

void draw_editor(View& view) {
    Editor& e = view.editor;
    const float width = ImGui::GetContentRegionAvail().x;
    const TextStyle head{Face::strong, Size::base, theme().quiet};
    const std::string cursor = tr(Str::editor_line, {std::to_string(e.doc.line_of(e.doc.cursor()) + 1), std::to_string(e.doc.column_of(e.doc.cursor()) + 1)});
    const float side = measure(cursor, quiet_text(Size::small)).x;
    fit(std::string(tr(Str::panel_editor)) + " · " + view.document.name, std::max(width - side - px(12), px(60)), head);
    ImGui::SameLine();
    ImGui::SetCursorPosX(ImGui::GetCursorStartPos().x + width - side);
    fit(cursor, side + 1, quiet_text(Size::small));
    draw_buttons(view);
    if (e.find.open) draw_find_bar(view);
    const float foot = px(104);
    draw_text_area(view, std::max(ImGui::GetContentRegionAvail().y - foot, px(60)));
    ImGui::BeginChild("foot", {0, 0}, false);
    draw_foot(view);
    if (e.ghost.session && button("ghost", shorten(tr(Str::editor_ghost), width - px(30)), Look::ghost)) view.ask(Kind::dismiss_ghost);
    draw_devices(view);
    ImGui::EndChild();
    // Elsewhere in the window keys mean what they mean there.
    if (ImGui::IsMouseClicked(0) && !ImGui::IsWindowHovered(ImGuiHoveredFlags_RootAndChildWindows)) e.focused = false;
}

void dump_editor(const View& view, nlohmann::json& out) {
    const Editor& e = view.editor;
    constexpr const char* kQuestions[] = {"", "recover", "changed", "unsaved"};
    out["open"] = e.open;
    out["focused"] = e.focused;
    out["text"] = e.doc.text().size() < 200'000 ? e.doc.text() : "";
    out["modified"] = e.doc.is_modified();
    out["line"] = e.doc.line_of(e.doc.cursor()) + 1;
    out["column"] = e.doc.column_of(e.doc.cursor()) + 1;
    out["selected"] = std::string(e.doc.selected());
    out["runs"] = e.runs;
    out["ghost"] = e.ghost.session != nullptr;
    out["question"] = kQuestions[static_cast<std::size_t>(e.question.kind)];
    out["errors"] = e.mistakes.errors();
    out["warnings"] = e.mistakes.warnings();
    nlohmann::json& list = out["mistakes"] = nlohmann::json::array();
    for (const Diagnostic& d : e.mistakes.list())
        list.push_back({{"line", d.pos.line}, {"column", d.pos.column}, {"message", tr(d.message)}, {"replacement", d.replacement}});
    nlohmann::json& choices = out["choices"] = nlohmann::json::array();
    for (const CodeChoice& c : e.choices.list)
        if (e.choices.open) choices.push_back(c.name);
}

}  // namespace sy::gui
