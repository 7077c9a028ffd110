// Three cards side by side and the paths between their rows. Follows gui/panels/stage.cpp and stage_cards.cpp.
#include "gui/picture/svg_stage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gui/model/facts.h"
#include "gui/picture/svg.h"
#include "gui/strings/strings.h"

namespace sy::gui {
namespace {

constexpr float kRow = 19, kSmallLine = 17, kBase = 13, kSmall = 12;

SvgText small_text(Ink ink) { return {.ink = ink, .size = kSmall}; }
const Ink quiet{&Theme::quiet}, plain{&Theme::text};

Ink fate_ink(FateMark fate) {
    switch (fate) {
        case FateMark::kept: return {&Theme::kept};
        case FateMark::saved: return {&Theme::saved};
        case FateMark::replaced: return {&Theme::replaced};
        case FateMark::none: break;
    }
    return quiet;
}
std::string_view fate_sign(FateMark fate) {
    constexpr std::array<std::string_view, 4> signs = {"", "=", "v", ">"};
    return signs[static_cast<std::size_t>(fate)];
}

// Where a row is, for the paths.
struct Spot {
    StageRow row;
    float x, y, width;
    int card;
    float middle() const { return y + kRow / 2; }
};

struct Card {
    float x, y, width, bottom;   // of what is inside; y moves down
    float left() const { return bottom - y; }
};

class Painter {
  public:
    Painter(const StageModel& stage, const Scenario& scenario, const StageSvgOptions& o)
        : m_(stage), scenario_(scenario), o_(o), svg_(o.theme, false) {}

    std::string draw() {
        const float width = std::max(o_.width, 640.0F), height = std::max(o_.height, 400.0F);
        svg_.rect(0, 0, width, height, {.fill = Ink{&Theme::ground}, .cls = "ground"});
        const float x = 16, inner = width - 32;
        const float below_title = title(x, 12, inner);
        const float box = std::min(sentence_height(inner - 28), height * 0.45F);
        cards(x, below_title, inner, height - 12 - box - 10 - below_title);
        sentence(x, height - 12 - box, inner, box);
        return svg_.document(width, height, m_.title.empty() ? scenario_.file : m_.title);
    }

  private:
    // --- above and below ---

    float title(float x, float y, float width) {
        const SvgText large{.size = 18, .strong = true};
        const float chip = text_width(m_.kind_name, small_text(quiet)) + 18;
        const float own = std::min(text_width(m_.title, large), width - chip - 120);
        svg_.fit(x, y + 18, own, m_.title, large, "title");
        if (!m_.kind_name.empty()) {
            svg_.rect(x + own + 12, y + 2, chip, 21, {.stroke = Ink{&Theme::line}, .round = 10});
            svg_.text(x + own + 21, y + 17, m_.kind_name, small_text(quiet), "kind");
        }
        phases(x + width, y + 17, width - own - chip - 30);
        float at = y + 28;
        if (!m_.reason.empty()) {
            svg_.fit(x, at + 12, width, m_.reason, small_text(quiet), "reason");
            at += kSmallLine;
        }
        if (!m_.caption.empty()) {
            svg_.rect(x, at + 1, 3, 15, {.fill = Ink{&Theme::running}});
            svg_.fit(x + 9, at + 13, width - 9, m_.caption, small_text(plain), "caption");
            at += kSmallLine;
        }
        return at + 6;
    }

    void phases(float right, float baseline, float room) {
        constexpr std::array<std::string_view, 3> dots = {"●", "◉", "○"};
        const auto style_of = [](const PhaseModel& p) {
            const bool is_current = p.state == PhaseModel::State::current;
            return SvgText{.ink = {is_current ? &Theme::moving : &Theme::quiet}, .size = kSmall, .strong = is_current};
        };
        float width = 0;
        for (const PhaseModel& p : m_.phases) width += text_width(p.name + " ●", style_of(p)) + 10;
        if (width > room) return;
        float x = right - width + 10;
        for (const PhaseModel& p : m_.phases) {
            const std::string words = p.name + " " + std::string(dots[static_cast<std::size_t>(p.state)]);
            svg_.text(x, baseline, words, style_of(p), "phase");
            x += text_width(words, style_of(p)) + 10;
        }
    }

    struct Sentence {
        std::string what, by, why;
    };
    Sentence words() const {
        Sentence s{m_.what, m_.by.empty() ? std::string() : tr(Str::by_whom, {m_.by}), m_.why};
        if (!m_.routine.empty()) s.by += (s.by.empty() ? "" : " · ") + m_.routine;
        if (m_.position > 0) return s;
        const bool zh = language() == Lang::zh;
        s.what = zh && !scenario_.title_zh.empty() ? scenario_.title_zh : scenario_.title;
        s.why = zh && !scenario_.about_zh.empty() ? scenario_.about_zh : scenario_.about;
        s.by.clear();
        return s;
    }
    float sentence_height(float width) const {
        const Sentence s = words();
        const auto lines = [&](const std::string& text, bool strong) {
            return text.empty() ? 0.0F : static_cast<float>(wrap_text(text, width, {.size = kBase, .strong = strong}).size());
        };
        return 26 + (lines(s.what, true) + lines(s.by, false) + lines(s.why, false)) * 18;
    }
    void sentence(float x, float y, float width, float height) {
        const Sentence s = words();
        svg_.rect(x, y, width, height, {.fill = Ink{&Theme::sentence}, .stroke = Ink{&Theme::sentence_line}, .round = 6});
        svg_.begin("sentence");
        float at = y + 12;
        const auto room = [&] { return static_cast<std::size_t>(std::max(0.0F, (y + height - 8 - at) / 18)); };
        if (!s.what.empty()) at += svg_.paragraph(x + 14, at, width - 28, s.what, {.size = kBase, .strong = true}, 18, room());
        if (!s.by.empty()) at += svg_.paragraph(x + 14, at, width - 28, s.by, {.ink = quiet, .size = kBase}, 18, room());
        if (!s.why.empty()) svg_.paragraph(x + 14, at, width - 28, s.why, {.size = kBase}, 18, room());
        svg_.end();
        if (m_.position > 0)
            svg_.text(x + width - 14, y + height - 8, tr(Str::stage_step_of, {std::to_string(m_.step_in_episode), std::to_string(m_.steps_in_episode)}),
                      {.ink = quiet, .size = 11, .anchor = SvgText::Anchor::end});
    }

    // --- cards ---

    void cards(float x, float y, float width, float height) {
        const float gap = 12;
        if (!m_.has_switch && m_.table.empty()) {
            const float half = std::floor((width - gap) / 2);
            task(x, y, half, height, m_.leaves, 0);
            cpu(x + half + gap, y, width - half - gap, height);
        } else {
            const float middle = std::floor(std::clamp(width * 0.31F, 200.0F, 400.0F));
            const float side = std::floor((width - middle - 2 * gap) / 2);
            task(x, y, side, height, m_.leaves, 0);
            cpu(x + side + gap, y, middle, height);
            if (m_.has_switch)
                task(x + width - side, y, side, height, m_.comes, 2);
            else
                table(x + width - side, y, side, height);
        }
        moves();
    }

    Card open(float x, float y, float width, float height, std::string_view name, std::string_view below, std::string_view right) {
        svg_.rect(x, y, width, height, {.fill = Ink{&Theme::card}, .stroke = Ink{&Theme::line}, .round = 6});
        Card c{x + 10, y + 8, width - 20, y + height - 8};
        const SvgText strong{.size = 14, .strong = true};
        const float right_width = right.empty() ? 0 : text_width(right, small_text(quiet)) + 8;
        const float own = std::min(text_width(name, strong), c.width - right_width);
        svg_.fit(c.x, c.y + 13, own, name, strong, "card-name");
        svg_.fit(c.x + own + 8, c.y + 13, c.width - own - 8 - right_width, below, small_text(quiet));
        if (!right.empty()) svg_.text(c.x + c.width, c.y + 13, right, {.ink = quiet, .size = kSmall, .anchor = SvgText::Anchor::end});
        c.y += 19;
        rule(c);
        return c;
    }

    void rule(Card& c) {
        svg_.line(c.x - 10, std::floor(c.y + 3) + 0.5F, c.x + c.width + 10, std::floor(c.y + 3) + 0.5F, {&Theme::line});
        c.y += 8;
    }

    void band(Card& c, std::string_view name, const BandModel& band) {
        constexpr std::array<Str, 4> fates = {Str::fate_kept, Str::fate_kept, Str::fate_saved, Str::fate_replaced};
        std::string what;
        if (band.fate != FateMark::none) {
            what = std::string(fate_sign(band.fate)) + " " + std::string(tr(fates[static_cast<std::size_t>(band.fate)]));
            if (!band.reason.empty()) what += language() == Lang::zh ? "：" : ": ";
        }
        what += band.reason;
        const float own = text_width(name, small_text(quiet)) + 10;
        svg_.fit(c.x, c.y + 12, own, name, small_text(quiet));
        svg_.fit(c.x + own, c.y + 12, c.width - own, what, small_text(fate_ink(band.fate)), "fate");
        c.y += kSmallLine + 3;
    }

    static Ink area_ink(AreaModel::Kind kind) {
        switch (kind) {
            case AreaModel::Kind::text: return {&Theme::area_text};
            case AreaModel::Kind::data: return {&Theme::area_data};
            case AreaModel::Kind::heap: return {&Theme::area_heap};
            case AreaModel::Kind::map: return {&Theme::area_map};
            case AreaModel::Kind::stack: return {&Theme::area_stack};
        }
        return {&Theme::area_map};
    }

    void areas(Card& c, const TaskCardModel& card, int side) {
        if (card.areas.empty()) {
            svg_.rect(c.x, c.y, c.width, 22, {.stroke = Ink{&Theme::line}, .dash = "4 4"});
            svg_.fit(c.x + 8, c.y + 15, c.width - 16, card.mm_text, small_text(quiet));
        } else {
            float whole = 0, x = c.x;
            for (const AreaModel& a : card.areas) whole += a.weight;
            for (const AreaModel& a : card.areas) {
                const float own = std::floor(c.width * a.weight / whole);
                svg_.rect(x, c.y, own - 1, 22, {.fill = area_ink(a.kind), .stroke = a.own ? std::optional<Ink>(quiet) : std::nullopt, .title = a.name});
                const SvgText style{.size = 11, .anchor = SvgText::Anchor::middle};
                const std::size_t space = a.name.rfind(' ');
                const bool is_wide = text_width(a.name, style) <= own - 4;
                if (is_wide || space != std::string::npos)   // a narrow stack keeps its number
                    svg_.text(x + own / 2, c.y + 15, is_wide ? a.name : fit_text(a.name.substr(space + 1), own - 2, style), style);
                x += own;
            }
        }
        StageRow user;
        user.place = {Place::Kind::user_word, 0, card.mm, 0};
        spots_.push_back({user, c.x, c.y, c.width, side});
        c.y += 26;
    }

    void row(Card& c, const StageRow& r, float left, float name, bool boxed, int side) {
        const bool dark = o_.theme != ThemeId::light;
        const SvgText mono{.size = 11.5F, .mono = true};
        if (r.lit)
            svg_.rect(c.x, c.y, c.width, kRow - 1, {.fill = Ink{&Theme::moving, dark ? 0.26F : 0.16F}, .stroke = Ink{&Theme::moving}, .cls = "lit", .title = r.tip});
        else if (boxed)
            svg_.rect(c.x, c.y, c.width, kRow, {.stroke = Ink{&Theme::line}, .title = r.tip});
        const Ink lit{dark ? &Theme::moving : &Theme::text};
        const Ink soft = r.lit ? lit : quiet, strong = r.lit ? lit : r.quiet || r.ghost ? quiet : plain;
        const auto style = [&](Ink ink) { return SvgText{.ink = ink, .size = mono.size, .mono = true}; };
        float x = c.x;
        if (left > 0) {
            svg_.fit(x + 4, c.y + 13, left - 4, r.left.size() == 16 ? "…" + r.left.substr(12) : r.left, style(soft));
            x += left;
        }
        svg_.fit(x + 4, c.y + 13, name - 4, r.name, style(boxed ? strong : soft), "row-name");
        x += name;
        std::string value = r.value;
        Ink ink = strong;
        const float room = c.x + c.width - x - 6;
        if (r.fate != FateMark::none) {
            if (!r.lit) ink = fate_ink(r.fate);
            value += " " + std::string(fate_sign(r.fate));
            if (text_width(value + " " + r.note, mono) <= room) value += " " + r.note;
        }
        svg_.fit(x + 4, c.y + 13, room, value, style(ink), "row-value");
        spots_.push_back({r, c.x, c.y, c.width, side});
        c.y += kRow;
    }

    void stack(Card& c, const TaskCardModel& card, int side) {
        if (!card.stack_note.empty()) {
            svg_.fit(c.x, c.y + 13, c.width, card.stack_note, small_text(quiet));
            return;
        }
        const SvgText mono{.size = 11.5F, .mono = true};
        const float left = text_width("…0000", mono) + 8, name = text_width(c.width > 300 ? "orig_rax " : "pt_regs", mono) + 8;
        const int fit = std::max(static_cast<int>(c.left() / kRow), 1);
        for (const StageRow& r : choose_stack_rows(card.stack, static_cast<std::size_t>(fit))) row(c, r, left, name, true, side);
    }

    void task(float x, float y, float width, float height, const TaskCardModel& card, int side) {
        svg_.begin(side == 0 ? "leaves" : "comes");
        Card c = open(x, y, width, height, card.name, card.ids, card.role);
        const bool wide = width > 310;
        band(c, tr(wide ? Str::band_user : Str::band_user_short), card.user);
        areas(c, card, side);
        rule(c);
        band(c, tr(wide ? Str::band_register : Str::band_register_short), card.reg);
        const float name = std::min(text_width("thread.sp", {.size = 11.5F, .mono = true}) + 16, c.width * 0.4F);
        for (const StageRow& r : card.registers) {
            if (c.left() < kRow * 4) break;
            row(c, r, 0, name, false, side);
        }
        rule(c);
        band(c, tr(wide ? Str::kernel_stack_band : Str::band_system_short), card.system);
        stack(c, card, side);
        svg_.end();
    }

    void cpu(float x, float y, float width, float height) {
        svg_.begin("cpu");
        Card c = open(x, y, width, height, "CPU " + std::to_string(m_.cpu.cpu), {}, m_.cpu.mode);
        float box = 0;
        if (!m_.not_saved.empty()) {
            const float rows = static_cast<float>(m_.cpu.rows.size()) * kRow;
            box = std::clamp(c.left() - rows, 0.0F, 130.0F);
            if (box < 70) box = c.left() > 70 + 11 * kRow ? 70 : 0;
        }
        const SvgText mono{.size = 11.5F, .mono = true};
        const float name = text_width("FS base", mono) + 10;
        const int fit = std::max(static_cast<int>((c.left() - box) / kRow), 1);
        for (const StageRow& r : choose_cpu_rows(m_.cpu.rows, static_cast<std::size_t>(fit)))
            row(c, r, 0, std::max(name, std::min(text_width(r.name, mono) + 10, c.width * 0.6F)), false, 1);
        if (box > 0) {
            c.y = std::max(c.y, c.bottom - box);
            rule(c);
            not_saved(c);
        }
        svg_.end();
    }

    void not_saved(Card& c) {
        svg_.fit(c.x, c.y + 12, c.width, tr(Str::not_saved_title), small_text(quiet));
        c.y += kSmallLine + 2;
        for (const auto& [part, why] : m_.not_saved) {
            if (c.left() < kSmallLine - 2) return;
            svg_.fit(c.x, c.y + 12, c.width, part + (language() == Lang::zh ? "：" : ": ") + why, small_text(quiet));
            c.y += kSmallLine;
        }
    }

    void table(float x, float y, float width, float height) {
        svg_.begin("table");
        Card c = open(x, y, width, height, tr(Str::table_title), {}, {});
        constexpr std::array bands = {FateRow::Band::user, FateRow::Band::reg, FateRow::Band::system};
        constexpr std::array names = {Str::band_user, Str::band_register, Str::band_system};
        for (std::size_t b = 0; b < bands.size(); ++b) {
            bool is_first = true;
            for (const TableRow& r : m_.table) {
                if (r.band != bands[b] || c.left() < kSmallLine) continue;
                if (is_first) svg_.fit(c.x, c.y + 12, c.width, tr(names[b]), small_text(quiet)), c.y += kSmallLine + 2;
                is_first = false;
                std::string fate(fate_sign(r.fate));
                fate += (fate.empty() ? "" : " ") + r.fate_word;
                if (!r.where.empty()) fate += (language() == Lang::zh ? "：" : ": ") + r.where;
                svg_.fit(c.x, c.y + 12, c.width * 0.36F - 6, r.part, small_text(plain));
                svg_.fit(c.x + c.width * 0.36F, c.y + 12, c.width * 0.64F, fate, small_text(fate_ink(r.fate)), "fate");
                c.y += kSmallLine + 3;
            }
            if (!is_first) c.y += 6;
        }
        svg_.end();
    }

    // --- paths of this step's words ---

    static bool shows(const StageRow& r, const Place& p) {
        if (r.place == p || r.place2 == p) return true;
        if (p.kind == Place::Kind::word) return r.low != 0 && p.address >= r.low && p.address <= r.high;
        if (p.kind == Place::Kind::user_word) return r.place.kind == p.kind && r.place.owner == p.owner;
        return p.kind == Place::Kind::reg && r.any_register;
    }
    const Spot* find(const Place& p, const Spot* beside) const {
        if (p.kind == Place::Kind::none) return nullptr;
        const Spot* best = nullptr;
        for (const Spot& s : spots_) {
            if (!shows(s.row, p)) continue;
            const bool exact = s.row.place == p;
            if (best == nullptr || (exact && best->row.place != p) || (beside != nullptr && s.card != 1 && best->card == 1 && exact)) best = &s;
        }
        return best;
    }
    void moves() {
        svg_.begin("moves");
        std::vector<std::pair<const Spot*, const Spot*>> seen;
        for (const MoveModel& m : m_.moves) {
            const Spot* to = find(m.to, nullptr);
            const Spot* from = find(m.from, to);
            if (to == nullptr || from == nullptr || to == from || std::find(seen.begin(), seen.end(), std::pair(from, to)) != seen.end()) continue;
            if (seen.size() >= 24) break;
            seen.emplace_back(from, to);
            arrow(*from, *to, m_.moves.size() > 8 ? 0.45F : 1.0F, m.from_name + " → " + m.to_name + ": " + word_text(m.value));
        }
        svg_.end();
    }
    void arrow(const Spot& from, const Spot& to, float strength, const std::string& title) {
        float ax = from.x + from.width, bx = to.x, bend_a = 44, bend_b = -44, side = 1;
        if (from.x + from.width <= to.x) {
            bend_a = std::max(44.0F, (bx - ax) / 2);
            bend_b = -bend_a;
        } else if (to.x + to.width <= from.x) {
            ax = from.x, bx = to.x + to.width;
            bend_a = -std::max(44.0F, (ax - bx) / 2);
            bend_b = -bend_a;
            side = -1;
        } else {
            bx = to.x + to.width;
            bend_a = bend_b = 28;
            side = -1;
        }
        const auto n = [](float v) { return svg_number(v); };
        const float ay = from.middle(), by = to.middle();
        svg_.path("M" + n(ax) + " " + n(ay) + "C" + n(ax + bend_a) + " " + n(ay) + " " + n(bx + bend_b) + " " + n(by) + " " + n(bx) + " " + n(by),
                  {.stroke = Ink{&Theme::moving, strength}, .line = 2, .cls = "move", .title = title, .dash = "6 4"});
        svg_.path("M" + n(bx) + " " + n(by) + "l" + n(-7 * side) + " -3.5v7z", {.fill = Ink{&Theme::moving, strength}});
    }

    const StageModel& m_;
    const Scenario& scenario_;
    const StageSvgOptions& o_;
    Svg svg_;
    std::vector<Spot> spots_;
};

}  // namespace

std::string svg_stage(const StageModel& stage, const Scenario& scenario, const StageSvgOptions& options) {
    return Painter(stage, scenario, options).draw();
}

}  // namespace sy::gui
