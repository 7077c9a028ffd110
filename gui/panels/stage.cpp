// The stage: who leaves, the CPU, who comes, and what moves between them in this step. The eye
// travels from the title over the three cards to the sentence. The model (gui/model/stage_model.h)
// decides what is shown; this paints it.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/app/keymap.h"
#include "gui/panels/panels.h"
#include "gui/panels/stage_parts.h"
#include "gui/strings/strings.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

float small_line() { return line_height(quiet_text(Size::small)); }

std::string_view phase_dot(PhaseModel::State state) {
    constexpr std::array<std::string_view, 3> dots = {"●", "◉", "○"};
    return dots[static_cast<std::size_t>(state)];
}

// The phases, right-aligned; in a narrow window only the current one has its name.
float paint_phases(ImDrawList& list, float right, float y, float room, const StageModel& stage) {
    const Theme& t = theme();
    const auto text_of = [&](const PhaseModel& p, bool named) {
        return named ? p.name + " " + std::string(phase_dot(p.state))
                     : std::string(phase_dot(p.state));
    };
    const auto style_of = [&](const PhaseModel& p) {
        const bool current = p.state == PhaseModel::State::current;
        return TextStyle{current ? Face::strong : Face::text, Size::small,
                         current ? t.moving : t.quiet};
    };
    float width = 0;
    bool named = true;
    for (int attempt = 0; attempt < 2; ++attempt) {
        named = attempt == 0;
        width = 0;
        for (const PhaseModel& p : stage.phases)
            width +=
                measure(text_of(p, named || p.state == PhaseModel::State::current), style_of(p)).x +
                px(8);
        if (width <= room) break;
    }
    if (width > room) return 0;
    float x = right - width + px(8);
    for (const PhaseModel& p : stage.phases) {
        const std::string text = text_of(p, named || p.state == PhaseModel::State::current);
        draw_text(list, {x, y}, text, style_of(p));
        const float own = measure(text, style_of(p)).x;
        tooltip_at({x, y}, {x + own, y + small_line()},
                   p.sentence.empty() ? p.name : p.name + ": " + p.sentence);
        x += own + px(8);
    }
    return width;
}

// Returns the height used.
float paint_title(ImDrawList& list, const Area& area, const StageModel& stage) {
    const PlaceName place("title");
    const TextStyle title{Face::strong, Size::large, 0};
    const TextStyle small = quiet_text(Size::small);
    const float chip = chip_width(stage.kind_name);
    const float first = line_height(title);
    const float wanted = measure(stage.title, title).x;
    const float room = std::min(wanted, area.width - chip - px(90));
    fit_at(list, {area.x, area.y}, room, stage.title, title);
    ImGui::SetCursorScreenPos({area.x + room + px(12), area.y + std::floor((first - px(22)) / 2)});
    gui::chip(stage.kind_name);
    const float used = room + px(12) + chip + px(16);
    paint_phases(list, area.x + area.width, area.y + (first - small_line()) / 2, area.width - used,
                 stage);
    float y = first + px(1);
    if (!stage.reason.empty()) {
        fit_at(list, {area.x, area.y + y}, area.width, stage.reason, small);
        y += small_line();
    }
    if (!stage.caption.empty()) {
        list.AddRectFilled({area.x, area.y + y + px(2)},
                           {area.x + px(3), area.y + y + px(2) + small_line()}, theme().running);
        fit_at(list, {area.x + px(9), area.y + y + px(2)}, area.width - px(9), stage.caption,
               {Face::text, Size::small, 0});
        y += small_line() + px(2);
    }
    return y + px(5);
}

std::string_view depth_text(Depth depth) {
    return tr(depth == Depth::line     ? Str::depth_line
              : depth == Depth::phases ? Str::depth_phases
                                       : Str::depth_words);
}

struct SentenceText {
    std::string what, by, why, keys;
};

SentenceText sentence_of(const View& view) {
    const StageModel& stage = *view.stage;
    SentenceText s;
    using Kind = Command::Kind;
    s.keys = tr(Str::stage_hint_keys, {depth_text(view.state.depth), key_of(Kind::back), key_of(Kind::forward),
                                       key_of(Kind::forward_larger), key_of(Kind::play), key_of(Kind::depth)});
    if (stage.position == 0) {
        // A lesson begins with its title and its question.
        const Scenario& scenario = view.session->scenario();
        const bool zh = language() == Lang::zh;
        const std::string& title =
            zh && !scenario.title_zh.empty() ? scenario.title_zh : scenario.title;
        const std::string& about =
            zh && !scenario.about_zh.empty() ? scenario.about_zh : scenario.about;
        s.what = title.empty() ? std::string(tr(Str::empty_stage)) : title;
        s.why = about.empty() ? std::string(tr(Str::empty_stage_hint)) : about;
        if (!about.empty()) s.keys = tr(Str::empty_stage_hint);
        return s;
    }
    s.what = stage.what;
    s.why = stage.why;
    if (!stage.by.empty()) s.by = tr(Str::by_whom, {stage.by});
    if (!stage.routine.empty()) s.by += (s.by.empty() ? "" : " · ") + stage.routine;
    if (view.session->complete() && view.session->position() == view.session->frontier().steps())
        s.keys = tr(Str::stage_end);
    return s;
}

float sentence_height(const SentenceText& s, float width) {
    const std::string by = " " + s.by;
    const std::array first = {Span{s.what, strong_text()}, Span{by, quiet_text()}};
    const Span why{s.why, {}};
    float height = px(20) + paragraph_height(first, width) + px(2) + small_line() + px(6);
    if (!s.why.empty()) height += paragraph_height({&why, 1}, width);
    return height;
}

void paint_sentence(ImDrawList& list, const Area& area, const SentenceText& s,
                    const StageModel& stage) {
    const Theme& t = theme();
    const PlaceName place("sentence");
    const ImVec2 min{area.x, area.y}, max{area.x + area.width, area.y + area.height};
    list.AddRectFilled(min, max, t.sentence, px(6));
    list.AddRect(min, max, t.sentence_line, px(6));
    const float x = area.x + px(14), width = area.width - px(28);
    const std::string by = " " + s.by;
    ImGui::SetCursorScreenPos({x, area.y + px(10)});
    paragraph({Span{s.what, strong_text()}, Span{by, quiet_text()}}, width);
    const std::array first = {Span{s.what, strong_text()}, Span{by, quiet_text()}};
    const float y = area.y + px(10) + paragraph_height(first, width) + px(2);
    if (!s.why.empty()) {
        ImGui::SetCursorScreenPos({x, y});
        paragraph({Span{s.why, {}}}, width);
    }
    const std::string count =
        stage.position == 0 ? std::string()
                            : tr(Str::stage_step_of, {std::to_string(stage.step_in_episode),
                                                      std::to_string(stage.steps_in_episode)});
    const float bottom = max.y - px(8) - small_line();
    const float count_width = measure(count, quiet_text(Size::small)).x;
    fit_at(list, {x, bottom}, width - count_width - px(12), s.keys, quiet_text(Size::small));
    draw_text(list, {x + width - count_width, bottom}, count, quiet_text(Size::small));
}

void paint_words(View& view, ImDrawList& list, const Area& area) {
    const StageModel& stage = *view.stage;
    const Kernel& kernel = view.session->now();
    Anchors anchors;
    const float gap = px(10);
    if (!stage.has_switch && stage.table.empty()) {
        const float half = std::floor((area.width - gap) / 2);
        paint_task_card(list, {area.x, area.y, half, area.height}, stage.leaves, 0, kernel,
                        anchors);
        paint_cpu_card(list, {area.x + half + gap, area.y, area.width - half - gap, area.height},
                       stage, anchors);
        paint_moves(list, stage.moves, anchors, view.flight, view.now);
        return;
    }
    const float cpu = std::floor(std::clamp(area.width * 0.31F, px(220), px(360)));
    const float side = std::floor((area.width - cpu - 2 * gap) / 2);
    const Area left{area.x, area.y, side, area.height};
    const Area middle{area.x + side + gap, area.y, cpu, area.height};
    const Area right{area.x + area.width - side, area.y, side, area.height};
    paint_task_card(list, left, stage.leaves, 0, kernel, anchors);
    paint_cpu_card(list, middle, stage, anchors);
    if (stage.has_switch)
        paint_task_card(list, right, stage.comes, 2, kernel, anchors);
    else
        paint_table_card(list, right, stage);
    const ImVec2 min{area.x, area.y}, max{area.x + area.width, area.y + area.height};
    list.PushClipRect(min, max, true);
    paint_moves(list, stage.moves, anchors, view.flight, view.now);
    list.PopClipRect();
}

// The five phases, one sentence each; the current one is lit.
void paint_phase_list(ImDrawList& list, const Area& area, const StageModel& stage) {
    paint_card(list, area, stage.kind_name, stage.title, {});
    const Theme& t = theme();
    const float x = area.x + px(12), width = area.width - px(24),
                bottom = area.y + area.height - px(8);
    float y = area.y + px(8) + line_height(strong_text()) + px(14);
    for (const PhaseModel& p : stage.phases) {
        const bool current = p.state == PhaseModel::State::current;
        const TextStyle text{Face::text, Size::base,
                             p.state == PhaseModel::State::to_come ? t.quiet : t.text};
        const Span span{p.sentence, text};
        const float indent = px(26);
        const float height =
            line_height(strong_text()) +
            (p.sentence.empty() ? 0 : paragraph_height({&span, 1}, width - indent)) + px(4);
        if (y + height > bottom) break;
        if (current) {
            list.AddRectFilled({x - px(6), y - px(3)}, {x + width + px(6), y + height + px(1)},
                               fade(t.moving, 0.14F), px(4));
            list.AddRectFilled({x - px(6), y - px(3)}, {x - px(3), y + height + px(1)}, t.moving);
        }
        draw_text(list, {x + px(2), y}, phase_dot(p.state),
                  {Face::text, Size::base, current ? t.moving : t.quiet});
        draw_text(list, {x + indent, y}, p.name, {Face::strong, Size::base, text.color});
        if (!p.sentence.empty()) {
            ImGui::SetCursorScreenPos({x + indent, y + line_height(strong_text())});
            paragraph({span}, width - indent);
        }
        y += height + px(8);
    }
}

void paint_summary(View& view, ImDrawList& list, const Area& area) {
    const StageModel& stage = *view.stage;
    const float gap = px(10);
    Area body = area;
    if (view.state.depth == Depth::line) {
        const TextStyle large{Face::text, Size::large, 0};
        const std::string& line = stage.one_line.empty() ? stage.title : stage.one_line;
        const Span span{line, large};
        const float width = area.width - px(32);
        const float height =
            std::min(paragraph_height({&span, 1}, width) + px(32), area.height * 0.5F);
        paint_card(list, {area.x, area.y, area.width, height}, {}, {}, {});
        list.AddRectFilled({area.x + 1, area.y + 1}, {area.x + area.width - 1, area.y + height - 1},
                           theme().card, px(6));
        ImGui::SetCursorScreenPos({area.x + px(16), area.y + px(14)});
        paragraph({span}, width);
        body = {area.x, area.y + height + gap, area.width, area.height - height - gap};
        const float half = std::floor((body.width - gap) / 2);
        paint_table_card(list, {body.x, body.y, half, body.height}, stage);
        paint_not_saved(list, {body.x + half + gap, body.y, body.width - half - gap, body.height},
                        stage, true);
        return;
    }
    const float left = std::floor(body.width * 0.56F);
    paint_phase_list(list, {body.x, body.y, left, body.height}, stage);
    const Area right{body.x + left + gap, body.y, body.width - left - gap, body.height};
    const float upper = std::floor(right.height * 0.6F);
    paint_table_card(list, {right.x, right.y, right.width, upper}, stage);
    paint_not_saved(list, {right.x, right.y + upper + gap, right.width, right.height - upper - gap},
                    stage, true);
}

}  // namespace

void draw_stage(View& view) {
    if (!view.session || !view.stage || view.stage->empty) {
        empty_state(tr(Str::empty_no_scenario), tr(Str::empty_no_scenario_hint));
        return;
    }
    const StageModel& stage = *view.stage;
    const ImVec2 at = ImGui::GetWindowPos(), size = ImGui::GetWindowSize();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float pad = px(10);
    Area area{at.x + pad, at.y + px(8), size.x - 2 * pad, size.y - px(16)};
    const float title =
        paint_title(list, {area.x + px(4), area.y, area.width - px(8), area.height}, stage);
    const SentenceText text = sentence_of(view);
    const float sentence = std::min(sentence_height(text, area.width - px(28)), area.height * 0.4F);
    const float middle = area.height - title - sentence - px(10);
    if (middle > px(80)) {
        const Area cards{area.x, area.y + title, area.width, middle};
        if (view.state.depth == Depth::words)
            paint_words(view, list, cards);
        else
            paint_summary(view, list, cards);
    }
    paint_sentence(list, {area.x, area.y + area.height - sentence, area.width, sentence}, text,
                   stage);
    // The cursor was moved about; the window's content ends where the area does.
    ImGui::SetCursorScreenPos({area.x, area.y});
    ImGui::Dummy({1, 1});
    if (view.flight.start >= 0) view.animate();
}

namespace {

nlohmann::json rows_json(const std::vector<StageRow>& rows) {
    nlohmann::json out = nlohmann::json::array();
    for (const StageRow& r : rows)
        out.push_back({{"address", r.left},
                       {"name", r.name},
                       {"value", r.value},
                       {"lit", r.lit},
                       {"popped", r.ghost}});
    return out;
}

nlohmann::json card_json(const TaskCardModel& c) {
    if (c.task == kNoTask) return nullptr;
    const auto band = [](const BandModel& b) {
        return nlohmann::json{{"fate", fate_name(b.fate)}, {"reason", b.reason}};
    };
    return {
        {"task", c.task},
        {"name", c.name},
        {"ids", c.ids},
        {"role", c.role},
        {"mm", c.mm_text},
        {"bands", {{"user", band(c.user)}, {"register", band(c.reg)}, {"system", band(c.system)}}},
        {"fields", rows_json(c.registers)},
        {"stack", rows_json(c.stack)}};
}

}  // namespace

void dump_stage(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.stage || view.stage->empty) return;
    const StageModel& s = *view.stage;
    constexpr std::array depths = {"line", "phases", "words"};
    out["depth"] = depths[static_cast<std::size_t>(view.state.depth)];
    out["title"] = s.title;
    out["kind"] = kind_id(s.kind);
    out["reason"] = s.reason;
    out["switch"] = s.switch_number;
    out["cpu"] = s.cpu.cpu;
    out["what"] = s.what;
    out["why"] = s.why;
    out["by"] = s.by;
    out["routine"] = s.routine;
    out["source"] = s.source;
    out["one_line"] = s.one_line;
    out["caption"] = s.caption;
    out["flying"] = view.flight.start >= 0;
    nlohmann::json& phases = out["phases"] = nlohmann::json::array();
    constexpr std::array states = {"done", "current", "to_come"};
    for (const PhaseModel& p : s.phases)
        phases.push_back({{"name", p.name},
                          {"state", states[static_cast<std::size_t>(p.state)]},
                          {"sentence", p.sentence}});
    out["leaves"] = card_json(s.leaves);
    out["comes"] = card_json(s.comes);
    out["registers"] = rows_json(s.cpu.rows);
    nlohmann::json& moves = out["moves"] = nlohmann::json::array();
    for (const MoveModel& m : s.moves)
        moves.push_back({{"from", m.from_name},
                         {"to", m.to_name},
                         {"value", word_text(m.value)},
                         {"before", word_text(m.before)}});
    nlohmann::json& not_saved = out["not_saved"] = nlohmann::json::array();
    for (const auto& [part, why] : s.not_saved) not_saved.push_back({{"part", part}, {"why", why}});
    nlohmann::json& table = out["table"] = nlohmann::json::array();
    for (const TableRow& r : s.table)
        table.push_back({{"part", r.part}, {"fate", r.fate_word}, {"where", r.where}});
}

}  // namespace sy::gui
