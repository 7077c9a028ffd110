// Run queues that are no trees: a line, the levels of a feedback queue, the drum of a lottery, passes of stride
// scheduling, the bitmap and lists of the real-time class.
#include <algorithm>
#include <cmath>
#include <map>

#include "gui/model/facts.h"
#include "gui/panels/plot_parts.h"
#include "gui/panels/run_queue_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/queue_text.h"

namespace sy::gui {
namespace {

std::string entry_says(const Kernel& k, const QueueEntry& e) {
    std::string out = task_name(k, e.row.task) + " · pid " + std::to_string(k.tasks[e.row.task].pid);
    if (e.runs) out += " · " + std::string(tr(Str::queue_runs));
    const std::string numbers = numbers_as_text(e.numbers, language());
    return numbers.empty() ? out : out + " · " + numbers;
}

// --- a line, or one for each CPU ---

void draw_line(const Kernel& k, const QueueBand& band) {
    constexpr std::size_t kMost = 12;
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float width = ImGui::GetContentRegionAvail().x, height = px(28);
    std::size_t i = 0;
    for (const QueueEntry& e : band.entries) {
        if (i >= kMost) break;
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const ImVec2 max{at.x + width, at.y + height - px(4)};
        list.AddRectFilled(at, max, i == 0 ? blend(t.card, t.running, 0.25F) : t.card, px(4));
        list.AddRect(at, max, i == 0 ? t.running : t.line, px(4), 0, px(i == 0 ? 2 : 1));
        draw_text(list, {at.x + px(8), at.y + px(3)}, std::to_string(i + 1), {Face::mono, Size::small, t.quiet});
        const std::string pid = std::to_string(k.tasks[e.row.task].pid);
        const float own = measure(pid, mono_text()).x, names = (width - px(44) - own) * 0.42F;
        fit_at(list, {at.x + px(28), at.y + px(3)}, names, task_name(k, e.row.task), {});
        if (!e.numbers.empty())
            fit_at(list, {at.x + px(34) + names, at.y + px(4)}, width - px(50) - names - own,
                   numbers_as_text({e.numbers.front()}, language()), {Face::text, Size::small, t.quiet});
        draw_text(list, {max.x - own - px(8), at.y + px(4)}, pid, {Face::mono, Size::small, t.quiet});
        tooltip_at(at, max, entry_says(k, e));
        ImGui::Dummy({width, height - px(4)});
        ++i;
    }
    if (band.entries.size() > i)
        paragraph(tr(Str::queue_more, {std::to_string(band.entries.size() - i)}), quiet_text(Size::small));
}

void draw_lines(const Kernel& k, const QueuePicture& picture) {
    for (const QueueBand& band : picture.bands) {
        if (picture.bands.size() > 1)
            paragraph(band_title(band, picture.shape, language()) + (band.entries.empty() ? ": –" : ""),
                      {Face::mono, Size::small, theme().quiet});
        draw_line(k, band);
    }
}

// --- levels ---

// A box for each task of a level: its name, and below it what is left of its turn.
void draw_level_tasks(const Kernel& k, const QueueBand& band) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float whole = ImGui::GetContentRegionAvail().x, height = px(30);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const auto quantum = static_cast<float>(std::max<std::int64_t>(1, number_of(band.numbers, "quantum_ns")));
    const auto allotment = number_of(band.numbers, "allotment", 1);
    float x = at.x, y = at.y;
    for (const QueueEntry& e : band.entries) {
        const std::string name = task_name(k, e.row.task);
        const float width = std::clamp(measure(name, {Face::text, Size::small, 0}).x + px(16), px(48), whole);
        if (x + width > at.x + whole && x > at.x) {
            x = at.x;
            y += height + px(4);
        }
        const ImVec2 min{x, y}, max{x + width, y + height};
        const ImU32 color = e.runs ? t.running : t.runnable;
        list.AddRectFilled(min, max, blend(t.card, color, e.runs ? 0.3F : 0.12F), px(4));
        list.AddRect(min, max, color, px(4), 0, px(e.runs ? 2 : 1));
        fit_at(list, {min.x + px(8), min.y + px(3)}, width - px(12), name, {Face::text, Size::small, 0});
        const float left = std::clamp(static_cast<float>(number_of(e.numbers, "turn_left_ns")) / quantum, 0.0F, 1.0F);
        const float bar = width - px(12), foot = max.y - px(8);
        list.AddRectFilled({min.x + px(6), foot}, {min.x + px(6) + bar, foot + px(4)}, t.line, px(2));
        list.AddRectFilled({min.x + px(6), foot}, {min.x + px(6) + bar * left, foot + px(4)}, color, px(2));
        const auto turns = std::min<std::int64_t>(number_of(e.numbers, "turns_left"), 8);
        for (std::int64_t i = 0; allotment > 1 && i < turns; ++i)   // turns that are left, as dots
            list.AddCircleFilled({max.x - px(6) - px(6) * static_cast<float>(i), min.y + px(6)}, px(2), color);
        tooltip_at(min, max, entry_says(k, e));
        x += width + px(6);
    }
    ImGui::Dummy({whole, y - at.y + height + px(2)});
}

void draw_levels(const Kernel& k, const QueuePicture& picture, Nanos now) {
    const Theme& t = theme();
    bool highest = true;
    for (const QueueBand& band : picture.bands) {
        const bool first = highest && !band.entries.empty();
        highest = highest && band.entries.empty();
        const std::string allotment = std::to_string(number_of(band.numbers, "allotment"));
        paragraph({{band_title(band, picture.shape, language()), {Face::strong, Size::small, first ? t.running : 0}},
                   {"  " + tr(Str::queue_level_says, {format_span(number_of(band.numbers, "quantum_ns")), allotment}),
                    quiet_text(Size::small)}});
        if (band.entries.empty())
            paragraph("–", quiet_text(Size::small));
        else
            draw_level_tasks(k, band);
    }
    const Nanos every = number_of(picture.numbers, "boost_ns"), next = number_of(picture.numbers, "next_boost_ns");
    if (every > 0) {
        const Nanos rest = std::max<Nanos>(0, next - now);
        const float width = ImGui::GetContentRegionAvail().x;
        const float done = std::clamp(1.0F - static_cast<float>(rest) / static_cast<float>(every), 0.0F, 1.0F);
        const ImVec2 at = ImGui::GetCursorScreenPos();
        ImDrawList& list = *ImGui::GetWindowDrawList();
        list.AddRectFilled(at, {at.x + width, at.y + px(5)}, t.line, px(2));
        list.AddRectFilled(at, {at.x + width * done, at.y + px(5)}, t.moving, px(2));
        ImGui::Dummy({width, px(8)});
        paragraph(tr(Str::queue_boost, {format_span(rest), format_span(every)}), {Face::text, Size::small, t.moving});
    }
    paragraph(tr(number_of(picture.numbers, "old_rule") != 0 ? Str::queue_levels_old : Str::queue_levels_new),
              {Face::mono, Size::small, t.quiet});
}

// --- the drum ---

constexpr float kTurn = 6.2831853F;

// A ring with a sector for each holder; the pointer is at the drawn ticket.
void draw_drum(const Kernel& k, const QueuePicture& picture, bool decided) {
    const Theme& t = theme();
    const QueueBand& band = picture.bands.front();
    const std::int64_t total = number_of(picture.numbers, "tickets_in_drum"),
                       drawn = number_of(picture.numbers, "drawn_ticket", -1);
    if (total <= 0) {
        paragraph("–");
        return;
    }
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float whole = ImGui::GetContentRegionAvail().x, side = std::min(px(132), whole * 0.4F);
    const ImVec2 centre{at.x + side / 2, at.y + side / 2 + px(4)};
    const float radius = side / 2 - px(12), thick = px(16);
    const auto angle = [&](double ticket) { return kTurn * (static_cast<float>(ticket / static_cast<double>(total)) - 0.25F); };
    for (std::size_t i = 0; i < band.entries.size(); ++i) {
        const auto first = number_of(band.entries[i].numbers, "first_ticket"),
                   last = number_of(band.entries[i].numbers, "last_ticket");
        const bool won = drawn >= first && drawn <= last;
        list.PathArcTo(centre, radius, angle(static_cast<double>(first)), angle(static_cast<double>(last + 1)), 48);
        list.PathStroke(fade(series_color(i), won || drawn < 0 ? 1.0F : 0.45F), 0, won ? thick + px(6) : thick);
    }
    if (drawn >= 0) {
        const float a = angle(static_cast<double>(drawn) + 0.5);
        const ImVec2 tip{centre.x + std::cos(a) * (radius - thick / 2 - px(2)), centre.y + std::sin(a) * (radius - thick / 2 - px(2))};
        list.AddLine(centre, tip, t.moving, px(3));
        list.AddCircleFilled(centre, px(4), t.moving);
        const TextStyle style{Face::strong, Size::small, t.moving};
        const std::string text = std::to_string(drawn);
        const ImVec2 size = measure(text, style);
        draw_text(list, {centre.x - size.x / 2, centre.y + (std::sin(a) > 0 ? -size.y - px(5) : px(5))}, text, style);
    }
    ImGui::Dummy({side, side + px(8)});
    ImGui::SameLine(0, px(8));
    ImGui::BeginGroup();
    const float width = std::max(px(60), whole - side - px(8));
    for (std::size_t i = 0; i < band.entries.size() && i < 10; ++i) {
        const QueueEntry& e = band.entries[i];
        const auto first = number_of(e.numbers, "first_ticket"), last = number_of(e.numbers, "last_ticket");
        const bool won = drawn >= first && drawn <= last;
        const ImVec2 row = ImGui::GetCursorScreenPos();
        draw_state_mark(list, row, px(16), series_letter(i), series_color(i));
        const std::string range = std::to_string(first) + "–" + std::to_string(last) + (won ? " ◀" : "");
        const float own = measure(range, mono_text()).x;
        fit_at(list, {row.x + px(22), row.y}, width - own - px(30), task_name(k, e.row.task),
               {Face::text, Size::small, won ? t.running : 0});
        draw_text(list, {row.x + width - own, row.y}, range, {Face::mono, Size::small, won ? t.running : t.quiet});
        tooltip_at(row, {row.x + width, row.y + px(18)}, entry_says(k, e));
        ImGui::Dummy({width, px(18)});
    }
    ImGui::EndGroup();
    if (drawn >= 0)
        paragraph(tr(decided ? Str::queue_drawn : Str::queue_would_draw, {std::to_string(drawn), std::to_string(total)}),
                  {Face::text, Size::small, t.moving});
    else
        paragraph(tr(Str::queue_no_draw), quiet_text(Size::small));
}

// --- passes ---

// Each task at its pass; the bar is the stride that its next quantum adds.
void draw_passes(const Kernel& k, const QueuePicture& picture) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (const QueueBand& band : picture.bands) {
        if (picture.bands.size() > 1) paragraph(band.name, {Face::mono, Size::small, t.quiet});
        std::int64_t low = 0, high = 1, best = 0;
        bool any = false;
        for (const QueueEntry& e : band.entries) {
            const std::int64_t pass = number_of(e.numbers, "pass"), end = pass + number_of(e.numbers, "stride");
            low = any ? std::min(low, pass) : pass;
            high = any ? std::max(high, end) : end;
            best = any ? std::min(best, pass) : pass;
            any = true;
        }
        const float width = ImGui::GetContentRegionAvail().x, names = std::min(px(90), width * 0.28F), height = px(20);
        const float figures = px(64), span = static_cast<float>(std::max<std::int64_t>(high - low, 1));
        std::size_t shown = 0;
        for (const QueueEntry& e : band.entries) {
            if (++shown > 12) break;
            const ImVec2 at = ImGui::GetCursorScreenPos();
            const std::int64_t pass = number_of(e.numbers, "pass"), stride = number_of(e.numbers, "stride");
            const auto x_of = [&](std::int64_t v) {
                return at.x + names + (width - names - figures - px(8)) * static_cast<float>(v - low) / span;
            };
            const ImU32 color = e.runs ? t.running : pass == best ? t.moving : t.runnable;
            fit_at(list, at, names - px(6), task_name(k, e.row.task), {Face::text, Size::small, 0});
            const float middle = at.y + height / 2 - px(1);
            list.AddRectFilled({x_of(pass), middle - px(4)}, {std::max(x_of(pass + stride), x_of(pass) + px(2)), middle + px(4)},
                               fade(color, 0.4F), px(2));
            list.AddLine({x_of(pass), middle - px(7)}, {x_of(pass), middle + px(7)}, color, px(3));
            const std::string text = std::to_string(pass) + (pass == best ? " ◀" : "");
            fit_at(list, {at.x + width - figures, at.y}, figures, text, {Face::mono, Size::small, pass == best ? t.moving : t.quiet});
            tooltip_at(at, {at.x + width, at.y + height}, entry_says(k, e));
            ImGui::Dummy({width, height});
        }
    }
    paragraph(tr(Str::queue_passes), {Face::mono, Size::small, t.quiet});
}

// --- bitmap and lists ---

// 100 bits, the most urgent priority first; behind each set one its list.
void draw_bitmap(const Kernel& k, const QueuePicture& picture) {
    const Theme& t = theme();
    std::map<std::int64_t, const QueueBand*> lists;   // by prio
    for (const QueueBand& band : picture.bands) lists[number_of(band.numbers, "prio")] = &band;
    const float width = ImGui::GetContentRegionAvail().x, cell = std::floor(std::min(width / 50, px(9)));
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    for (int prio = 0; prio < 100; ++prio) {
        const ImVec2 min{at.x + cell * static_cast<float>(prio % 50), at.y + cell * 1.5F * static_cast<float>(prio / 50)};
        const ImVec2 max{min.x + cell - 1, min.y + cell * 1.5F - 1};
        const auto set = lists.find(prio);
        const bool first = set != lists.end() && set == lists.begin();
        list.AddRectFilled(min, max, set == lists.end() ? t.line : first ? t.running : t.runnable);
        if (set != lists.end())
            tooltip_at(min, max, tr(Str::queue_rt_bit, {std::to_string(99 - prio), std::to_string(set->second->entries.size())}));
    }
    ImGui::Dummy({width, cell * 3 + px(4)});
    for (const auto& [prio, band] : lists) {
        std::string text;
        for (const QueueEntry& e : band->entries) {
            text += (text.empty() ? "" : " → ") + task_name(k, e.row.task);
            if (e.runs) text += " (" + std::string(tr(Str::queue_runs)) + ")";
            if (const Nanos left = number_of(e.numbers, "time_slice_ns"); left > 0) text += " " + format_span(left);
        }
        value_row({{"rtprio " + std::to_string(99 - prio), ImGui::GetContentRegionAvail().x * 0.28F,
                    {Face::mono, Size::small, t.quiet}},
                   {text, 0, {Face::text, Size::small, prio == lists.begin()->first ? t.running : 0}}},
                  {.boxed = false});
    }
    if (!picture.numbers.empty()) paragraph(numbers_as_text(picture.numbers, language()), quiet_text(Size::small));
}

}  // namespace

void draw_picture(const Kernel& k, const QueuePicture& picture, Nanos now, bool decided) {
    using Shape = QueuePicture::Shape;
    if (picture.bands.empty()) return;
    switch (picture.shape) {
        case Shape::line: return draw_lines(k, picture);
        case Shape::tree: return draw_tree_picture(k, picture);
        case Shape::levels: return draw_levels(k, picture, now);
        case Shape::drum: return draw_drum(k, picture, decided);
        case Shape::passes: return draw_passes(k, picture);
        case Shape::bitmap: return draw_bitmap(k, picture);
        case Shape::deadlines: return draw_deadlines(k, picture, now);
        case Shape::groups: return draw_groups(k, picture);
    }
}

}  // namespace sy::gui
