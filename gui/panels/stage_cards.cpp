// The three cards of the stage, painted into rectangles: header, bands, rows. What stands in them
// was decided by the model; here only the room decides how many rows are shown.
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/model/facts.h"
#include "gui/panels/stage_parts.h"
#include "gui/strings/strings.h"

namespace sy::gui {
namespace {

Fate fate_of(FateMark mark) { return static_cast<Fate>(mark); }

// Writes down a card from top to bottom.
struct Pen {
    ImDrawList& list;
    float x, y, width, bottom;

    float left_height() const { return bottom - y; }
};

float small_line() { return line_height(quiet_text(Size::small)); }

void band(Pen& pen, std::string_view name, const BandModel& model) {
    const Fate fate = fate_of(model.fate);
    std::string what;
    if (fate != Fate::none) {
        constexpr std::array<Str, 4> words = {Str::fate_kept, Str::fate_kept, Str::fate_saved,
                                              Str::fate_replaced};
        what.append(fate_glyph(fate)).append(" ").append(tr(words[static_cast<std::size_t>(fate)]));
        if (!model.reason.empty()) what.append(language() == Lang::zh ? "：" : ": ");
    }
    what += model.reason;
    const TextStyle left = quiet_text(Size::small);
    const TextStyle right{Face::text, Size::small, fate_color(fate)};
    const float needed = measure(name, left).x + px(10) + measure(what, right).x;
    if (needed <= pen.width) {
        draw_text(pen.list, {pen.x, pen.y}, name, left);
        draw_text(pen.list, {pen.x + pen.width - measure(what, right).x, pen.y}, what, right);
    } else {
        // The fate matters more than the band's name, which always stands at the same place.
        const float room = std::min(measure(what, right).x, pen.width * 0.8F);
        fit_at(pen.list, {pen.x, pen.y}, pen.width - room - px(8), name, left);
        fit_at(pen.list, {pen.x + pen.width - room, pen.y}, room, what, right);
    }
    pen.y += small_line() + px(3);
}

void rule(Pen& pen) {
    const float y = std::floor(pen.y + px(4));
    pen.list.AddLine({pen.x - px(10), y}, {pen.x + pen.width + px(10), y}, theme().line);
    pen.y = y + px(5);
}

ImU32 area_color(const AreaModel& area) {
    const Theme& t = theme();
    switch (area.kind) {
        case AreaModel::Kind::text:
            return t.area_text;
        case AreaModel::Kind::data:
            return t.area_data;
        case AreaModel::Kind::heap:
            return t.area_heap;
        case AreaModel::Kind::map:
            return t.area_map;
        case AreaModel::Kind::stack:
            return t.area_stack;
    }
    return t.area_map;
}

void areas(Pen& pen, const TaskCardModel& card, int side, Anchors& anchors) {
    const float height = px(22);
    const Rect rect{{pen.x, pen.y}, {pen.x + pen.width, pen.y + height}};
    if (card.areas.empty()) {
        draw_dashed_rect(pen.list, rect.min, rect.max, theme().line, px(4));
        fit_at(pen.list, {pen.x + px(8), pen.y + (height - small_line()) / 2}, pen.width - px(16),
               card.mm_text, quiet_text(Size::small));
    } else {
        float whole = 0;
        for (const AreaModel& a : card.areas) whole += a.weight;
        float x = pen.x;
        for (const AreaModel& a : card.areas) {
            const float own = std::floor(pen.width * a.weight / whole);
            pen.list.AddRectFilled({x, pen.y}, {x + own - 1, pen.y + height}, area_color(a));
            if (a.own) pen.list.AddRect({x, pen.y}, {x + own - 1, pen.y + height}, theme().quiet);
            const TextStyle style{Face::text, Size::small, theme().text};
            const float text = std::min(measure(a.name, style).x, own - px(4));
            // A narrow stack keeps its number.
            const std::size_t space = a.name.rfind(' ');
            const bool brief = measure(a.name, style).x > own - px(4) && space != std::string::npos;
            if (brief) {
                const std::string number = a.name.substr(space + 1);
                draw_text(
                    pen.list,
                    {x + (own - measure(number, style).x) / 2, pen.y + (height - small_line()) / 2},
                    number, style);
                x += own;
                continue;
            }
            fit_at(pen.list, {x + (own - text) / 2, pen.y + (height - small_line()) / 2},
                   own - px(4), a.name, style);
            x += own;
        }
        tooltip_at(rect.min, rect.max, card.mm_text);
    }
    StageRow user;
    user.place = {Place::Kind::user_word, 0, card.mm, 0};
    anchors.push_back({user, rect, side});
    pen.y += height + px(3);
}

// One row of cells; `widths` of the first two, the third takes the rest.
void row(Pen& pen, const StageRow& r, float left, float name, bool boxed, int card,
         Anchors& anchors) {
    const Theme& t = theme();
    const float height = stage_row_height();
    const Rect rect{{pen.x, pen.y}, {pen.x + pen.width, pen.y + height}};
    if (r.lit) {
        pen.list.AddRectFilled(rect.min, rect.max,
                               fade(t.moving, t.id != ThemeId::light ? 0.26F : 0.16F));
        pen.list.AddRect(rect.min, rect.max, t.moving);
    } else if (boxed) {
        pen.list.AddRect({rect.min.x, rect.min.y}, {rect.max.x, rect.max.y + 1}, t.line);
        if (left > 0)
            pen.list.AddLine({pen.x + left, rect.min.y}, {pen.x + left, rect.max.y}, t.line);
        if (name > 0)
            pen.list.AddLine({pen.x + left + name, rect.min.y}, {pen.x + left + name, rect.max.y},
                             t.line);
    }
    const ImU32 lit = t.id != ThemeId::light ? t.moving : t.text;
    const ImU32 quiet = r.lit ? lit : t.quiet;
    const ImU32 strong = r.lit ? lit : r.quiet || r.ghost ? t.quiet : t.text;
    const float y = pen.y + (height - line_height(mono_text())) / 2;
    const float pad = px(4);
    float x = pen.x;
    if (left > 0) {
        const std::string shown = r.left.size() == 16 ? "…" + r.left.substr(12) : r.left;
        fit_at(pen.list, {x + pad, y}, left - pad, shown, {Face::mono, Size::small, quiet});
        x += left;
    }
    fit_at(pen.list, {x + pad, y}, name - pad, r.name,
           {Face::mono, Size::small, boxed ? strong : quiet});
    x += name;
    const float room = pen.x + pen.width - x - pad - px(1);
    TextStyle value{Face::mono, Size::small, strong};
    std::string text = r.value;
    if (r.fate != FateMark::none) {
        const Fate fate = fate_of(r.fate);
        if (!r.lit) value.color = fate_color(fate);
        text += " " + std::string(fate_glyph(fate));
        if (measure(text + " " + r.note, value).x <= room) text += " " + r.note;
    }
    const bool shortened = fit_at(pen.list, {x + pad, y}, room, text, value);
    if (!shortened && !r.tip.empty())
        tooltip_at(rect.min, rect.max, r.left.empty() ? r.tip : r.left + " · " + r.tip);
    anchors.push_back({r, rect, card});
    pen.y += height;
}

std::string_view pointer_text(const TaskCardModel& card, const Kernel& kernel) {
    const Task& t = kernel.tasks[card.task];
    const bool runs = t.on_cpu && kernel.cpus[t.cpu].current_task == card.task;
    return tr(runs ? Str::stack_pointer_here : Str::stack_saved_pointer);
}

// Is the stack pointer of this task at the lowest used word of the card's stack?
bool pointer_is_here(const TaskCardModel& card, const Kernel& kernel) {
    if (card.stack.empty()) return false;
    std::uint64_t lowest = 0;
    for (const StageRow& r : card.stack)
        if (!r.ghost) lowest = r.low;
    const Task& t = kernel.tasks[card.task];
    const Cpu& cpu = kernel.cpus[t.cpu];
    const bool runs = t.on_cpu && cpu.current_task == card.task;
    return lowest != 0 && lowest == (runs ? cpu.regs[Reg::rsp] : t.thread_sp);
}

void stack(Pen& pen, const TaskCardModel& card, int side, const Kernel& kernel, Anchors& anchors) {
    if (!card.stack_note.empty()) {
        fit_at(pen.list, {pen.x, pen.y + px(2)}, pen.width, card.stack_note,
               quiet_text(Size::small));
        return;
    }
    const float left = measure("…0000", mono_text()).x + px(6);
    const float name =
        measure(pen.width > px(300) ? "orig_rax " : "pt_regs", mono_text()).x + px(6);
    const bool pointer = pointer_is_here(card, kernel);
    const int fit = rows_that_fit(pen.left_height()) - (pointer ? 1 : 0);
    bool drawn = !pointer;
    const auto draw_pointer = [&] {
        draw_text(pen.list, {pen.x + left + px(6), pen.y + px(2)}, pointer_text(card, kernel),
                  {Face::text, Size::small, theme().quiet});
        pen.y += stage_row_height();
        drawn = true;
    };
    for (const StageRow& r :
         choose_stack_rows(card.stack, static_cast<std::size_t>(std::max(fit, 1)))) {
        if (r.ghost && !drawn) draw_pointer();
        row(pen, r, left, name, true, side, anchors);
    }
    if (!drawn) draw_pointer();
}

float header(Pen& pen, std::string_view title, std::string_view subtitle, std::string_view right) {
    const TextStyle strong = strong_text();
    const float right_width = right.empty() ? 0 : measure(right, quiet_text()).x;
    const float room = pen.width - (right.empty() ? 0 : right_width + px(8));
    const float own = std::min(measure(title, strong).x, room);
    fit_at(pen.list, {pen.x, pen.y}, room, title, strong);
    const float rest = room - own - px(8);
    if (rest > px(32)) {
        const float lower = (line_height(strong) - small_line()) / 2 + px(1);
        fit_at(pen.list, {pen.x + own + px(8), pen.y + lower}, rest, subtitle,
               quiet_text(Size::small));
    }
    if (!right.empty())
        draw_text(pen.list, {pen.x + pen.width - right_width, pen.y}, right, quiet_text());
    pen.y += line_height(strong);
    return own;
}

Pen open_card(ImDrawList& list, const Area& area) {
    const Theme& t = theme();
    const ImVec2 min{area.x, area.y}, max{area.x + area.width, area.y + area.height};
    list.AddRectFilled(min, max, t.card, px(6));
    list.AddRect(min, max, t.line, px(6));
    return {list, area.x + px(10), area.y + px(8), area.width - px(20),
            area.y + area.height - px(8)};
}

}  // namespace

float stage_row_height() { return line_height(mono_text()) + px(3); }

int rows_that_fit(float height) {
    return std::max(static_cast<int>(std::floor((height - 1) / stage_row_height())), 0);
}

void paint_card(ImDrawList& list, const Area& area, std::string_view title,
                std::string_view subtitle, std::string_view right) {
    Pen pen = open_card(list, area);
    header(pen, title, subtitle, right);
    rule(pen);
}

void paint_task_card(ImDrawList& list, const Area& area, const TaskCardModel& card, int side,
                     const Kernel& kernel, Anchors& anchors) {
    Pen pen = open_card(list, area);
    header(pen, card.name, card.ids, card.role);
    rule(pen);
    const PlaceName place("card");
    const bool wide = area.width > px(310);
    band(pen, tr(wide ? Str::band_user : Str::band_user_short), card.user);
    areas(pen, card, side, anchors);
    rule(pen);
    band(pen, tr(wide ? Str::band_register : Str::band_register_short), card.reg);
    const float name = std::min(measure("thread.sp", mono_text()).x + px(16), pen.width * 0.4F);
    for (const StageRow& r : card.registers) {
        if (pen.left_height() < stage_row_height() * 4) break;
        row(pen, r, 0, name, false, side, anchors);
    }
    rule(pen);
    band(pen, tr(wide ? Str::kernel_stack_band : Str::band_system_short), card.system);
    stack(pen, card, side, kernel, anchors);
}

void paint_not_saved(ImDrawList& list, const Area& area, const StageModel& stage, bool framed) {
    Pen pen = framed ? open_card(list, area)
                     : Pen{list, area.x, area.y, area.width, area.y + area.height};
    const TextStyle quiet = quiet_text(Size::small);
    if (framed) {
        header(pen, tr(Str::not_saved_title), {}, {});
        rule(pen);
    } else {
        fit_at(list, {pen.x, pen.y}, pen.width, tr(Str::not_saved_title), quiet);
        pen.y += small_line() + px(2);
    }
    for (const auto& [part, why] : stage.not_saved) {
        if (framed) {
            const std::string text = part + (language() == Lang::zh ? "：" : ": ") + why;
            const Span span{text, {Face::text, Size::small, 0}};
            const float height = paragraph_height({&span, 1}, pen.width);
            if (pen.y + height > pen.bottom) break;
            ImGui::SetCursorScreenPos({pen.x, pen.y});
            paragraph({Span{text, {Face::text, Size::small, 0}}}, pen.width);
            pen.y += height + px(6);
            continue;
        }
        if (pen.y + small_line() > pen.bottom + 1) break;
        const std::string text = part + (language() == Lang::zh ? "：" : ": ") + why;
        const Span span{text, quiet};
        const float height = paragraph_height({&span, 1}, pen.width);
        if (pen.y + height <= pen.bottom + 1) {
            ImGui::SetCursorScreenPos({pen.x, pen.y});
            paragraph({Span{text, quiet}}, pen.width);
            pen.y += height + px(2);
        } else {
            fit_at(list, {pen.x, pen.y}, pen.width, text, quiet);
            pen.y += small_line() + px(2);
        }
    }
}

void paint_cpu_card(ImDrawList& list, const Area& area, const StageModel& stage, Anchors& anchors) {
    Pen pen = open_card(list, area);
    header(pen, "CPU " + std::to_string(stage.cpu.cpu), {}, stage.cpu.mode);
    rule(pen);
    const PlaceName place("cpu");
    // Room for what is not saved, when the card is large enough for both.
    const float rows_height = static_cast<float>(stage.cpu.rows.size()) * stage_row_height();
    float box = 0;
    if (!stage.not_saved.empty()) {
        const float wanted = small_line() * 4 + px(12);
        box = std::clamp(pen.left_height() - rows_height, 0.0F, wanted * 2);
        if (box < wanted && pen.left_height() - wanted >= 11 * stage_row_height()) box = wanted;
        if (box < small_line() * 3) box = 0;
    }
    const int fit = rows_that_fit(pen.left_height() - box);
    const float name = measure("FS base", mono_text()).x + px(8);
    for (const StageRow& r :
         choose_cpu_rows(stage.cpu.rows, static_cast<std::size_t>(std::max(fit, 1)))) {
        const float own =
            std::max(name, std::min(measure(r.name, mono_text()).x + px(8), pen.width * 0.6F));
        row(pen, r, 0, own, false, 1, anchors);
    }
    if (box <= 0) return;
    pen.y = std::max(pen.y, pen.bottom - box);
    rule(pen);
    paint_not_saved(list, {pen.x, pen.y, pen.width, pen.bottom - pen.y}, stage, false);
}

namespace {

// A part and its fate on one line.
void table_line(Pen& pen, const TableRow& r) {
    const Fate fate = fate_of(r.fate);
    std::string word(fate_glyph(fate));
    word += word.empty() ? r.fate_word : " " + r.fate_word;
    const TextStyle style{Face::text, Size::small, fate_color(fate)};
    const float own = measure(word, style).x;
    fit_at(pen.list, {pen.x, pen.y}, pen.width - own - px(10), r.part,
           {Face::text, Size::small, 0});
    draw_text(pen.list, {pen.x + pen.width - own, pen.y}, word, style);
    tooltip_at({pen.x, pen.y}, {pen.x + pen.width, pen.y + small_line()},
               r.part + ": " + r.fate_word + ". " + r.where);
    pen.y += small_line() + px(3);
}

}  // namespace

void paint_table_card(ImDrawList& list, const Area& area, const StageModel& stage) {
    Pen pen = open_card(list, area);
    header(pen, tr(Str::table_title), {}, {});
    rule(pen);
    const PlaceName place("table");
    constexpr std::array bands = {FateRow::Band::user, FateRow::Band::reg, FateRow::Band::system};
    constexpr std::array names = {Str::band_user, Str::band_register, Str::band_system};
    for (std::size_t b = 0; b < bands.size(); ++b) {
        bool first = true;
        for (const TableRow& r : stage.table) {
            if (r.band != bands[b]) continue;
            if (pen.left_height() < small_line() * 2) return;
            if (first) {
                fit_at(list, {pen.x, pen.y}, pen.width, tr(names[b]), quiet_text(Size::small));
                pen.y += small_line() + px(2);
                first = false;
            }
            const Fate fate = fate_of(r.fate);
            if (area.width < px(330)) {  // the reason shows on hover
                table_line(pen, r);
                continue;
            }
            const float part = pen.width * 0.36F;
            fit_at(list, {pen.x, pen.y}, part - px(6), r.part, {Face::text, Size::small, 0});
            std::string word(fate_glyph(fate));
            word += word.empty() ? r.fate_word : " " + r.fate_word;
            if (!r.where.empty()) word += (language() == Lang::zh ? "：" : ": ") + r.where;
            const Span span{word, {Face::text, Size::small, fate_color(fate)}};
            const float height = paragraph_height({&span, 1}, pen.width - part);
            if (height <= small_line() * 2.2F && pen.left_height() > height + small_line()) {
                ImGui::SetCursorScreenPos({pen.x + part, pen.y});
                paragraph({span}, pen.width - part);
                pen.y += height + px(3);
            } else {
                fit_at(list, {pen.x + part, pen.y}, pen.width - part, word, span.style);
                pen.y += small_line() + px(3);
            }
        }
        if (!first) pen.y += px(6);
    }
}

}  // namespace sy::gui
