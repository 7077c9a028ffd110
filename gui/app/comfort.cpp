// Undo of views, walks that wait for the run, and the commands of the palette.
#include "gui/app/comfort.h"

#include <algorithm>

#include "gui/app/app_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

ViewSpot spot_of(const AppParts& p) {
    const ViewState& s = p.state;
    return {.tab = s.tab,
            .depth = static_cast<int>(s.depth),
            .grain = static_cast<int>(s.grain),
            .folded = s.inspector_folded,
            .over_tasks = s.inspector_over_tasks,
            .selected = s.selected_task,
            .from = p.panels.timeline.from,
            .until = p.panels.timeline.until};
}

void show_spot(AppParts& p, const ViewSpot& spot) {
    ViewState& s = p.state;
    s.tab = spot.tab;
    s.depth = static_cast<Depth>(spot.depth);
    s.grain = static_cast<Grain>(spot.grain);
    s.inspector_folded = spot.folded;
    s.inspector_over_tasks = spot.over_tasks;
    s.selected_task = spot.selected;
    p.panels.timeline.from = spot.from;
    p.panels.timeline.until = spot.until;
}

void say(AppParts& p, std::string text) {
    p.notice_text = std::move(text);
    p.notice_until = p.now + 4;
}

// Can the walk be made with what the run has reached?
bool is_ready(const AppParts& p, const Command& command) {
    const Session& s = *p.session;
    if (s.complete()) return true;
    switch (command.kind) {
        case Kind::to_end:
            return false;
        case Kind::seek_time:
            return s.frontier().now() > command.value;
        case Kind::seek_switch:
            return s.switch_count() >= static_cast<std::uint64_t>(std::max<std::int64_t>(command.value, 0));
        case Kind::seek_step:
            return s.frontier().steps() >= static_cast<std::uint64_t>(std::max<std::int64_t>(command.value, 0));
        case Kind::to_task: {
            const Log& log = s.log();
            for (std::size_t i = s.now().records(); i < log.size(); ++i) {
                if (log[i].kind == RecordKind::sched_switch && log[i].a == p.state.selected_task) return true;
            }
            return false;
        }
        case Kind::forward:
        case Kind::forward_larger: {
            const bool larger = command.kind == Kind::forward_larger;
            if (p.state.grain == Grain::switches || (larger && p.state.grain == Grain::phase))
                return s.switch_count() > s.now().switches();
            // A tick is at most 10 ms away (HZ=100).
            return s.frontier().now() > s.time() + 11 * kMilli || s.frontier().steps() > s.position() + 200'000 ||
                   p.state.grain == Grain::step;
        }
        default:
            return true;
    }
}

}  // namespace

bool put_off(AppParts& p, const Command& command) {
    Comfort& c = p.comfort;
    c.pending.reset();
    if (p.shot || command.kind == Kind::play || is_ready(p, command)) return false;
    c.pending = command;
    c.halted = false;
    return true;
}

std::optional<Command> take_ready(AppParts& p) {
    Comfort& c = p.comfort;
    if (!c.pending || !p.session || !is_ready(p, *c.pending)) return std::nullopt;
    return std::exchange(c.pending, std::nullopt);
}

bool apply_comfort(AppParts& p, const Command& command) {
    ViewState& s = p.state;
    Comfort& c = p.comfort;
    switch (command.kind) {
        case Kind::palette:
            open_palette(p);
            return true;
        case Kind::glossary:
            open_glossary(p, command.text);
            return true;
        case Kind::view_back:
        case Kind::view_forward: {
            const bool is_back = command.kind == Kind::view_back;
            if (const auto spot = is_back ? c.views.back() : c.views.forward())
                show_spot(p, *spot);
            else
                say(p, std::string(tr(is_back ? Str::view_nothing_before : Str::view_nothing_after)));
            return true;
        }
        case Kind::cancel:
            if (!c.pending) return true;
            c.pending.reset();
            c.halted = true;
            if (p.session) say(p, tr(Str::long_run_stopped, {format_time(p.session->frontier().now())}));
            return true;
        case Kind::theme_set:
            s.theme = static_cast<ThemeId>(std::clamp<std::int64_t>(command.value, 0, kThemes - 1));
            return true;
        case Kind::language_set:
            s.lang = command.value == 1 ? Lang::zh : Lang::en;
            set_language(s.lang);
            return true;
        case Kind::scale_set:
            s.user_scale = std::clamp(static_cast<float>(command.value) / 100, 0.8F, 2.5F);
            return true;
        case Kind::depth_set:
            s.depth = static_cast<Depth>(std::clamp<std::int64_t>(command.value, 0, 2));
            return true;
        case Kind::press_control:
            press_control(static_cast<std::uint32_t>(command.value));
            return true;
        default:
            return false;
    }
}

bool comfort_key(AppParts& p, const KeyPress& press) {
    Comfort& c = p.comfort;
    if (p.show_error) return false;
    if (c.palette.open) return palette_key(p, press);
    if (c.glossary.open) return glossary_key(p, press);
    if (press.key == Key::escape && c.pending) {
        p.commands.push_back({Kind::cancel, 0, {}});
        return true;
    }
    return false;
}

void note_views(AppParts& p) {
    Comfort& c = p.comfort;
    const Nanos cursor = p.session ? p.session->time() : -1;
    // The timeline follows the cursor and the growing run by itself; that is nothing to undo.
    const bool own = cursor == c.cursor;
    c.cursor = cursor;
    c.views.see(spot_of(p), p.now, own);
}

void draw_progress(AppParts& p, const Area& stage) {
    const Comfort& c = p.comfort;
    if (!c.pending || !p.session) return;
    const Session& s = *p.session;
    const TextStyle style;
    const std::string words =
        tr(Str::long_run, {format_count(static_cast<std::int64_t>(s.frontier().steps())), format_time(s.frontier().now())});
    const std::string shown = shorten(words, stage.width - px(48), style);
    const ImVec2 size = measure(shown, style);
    const ImVec2 at{stage.x + (stage.width - size.x) / 2, stage.y + px(12)};
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    const ImVec2 min{at.x - px(12), at.y - px(6)}, max{at.x + size.x + px(12), at.y + size.y + px(12)};
    list.AddRectFilled(min, max, theme().selected, px(6));
    list.AddRect(min, max, theme().running, px(6));
    draw_text(list, at, shown, style);
    // How far it is: known for a moment asked for, else something that moves.
    float share = 0;
    if (c.pending->kind == Kind::seek_time && c.pending->value > 0)
        share = static_cast<float>(static_cast<double>(s.frontier().now()) / static_cast<double>(c.pending->value));
    const float width = max.x - min.x - px(24), y = max.y - px(5);
    float left = 0, right = std::clamp(share, 0.0F, 1.0F);
    if (share <= 0) {
        left = static_cast<float>(p.now - static_cast<double>(static_cast<std::int64_t>(p.now)));
        right = std::min(left + 0.15F, 1.0F);
    }
    list.AddRectFilled({at.x + width * left, y}, {at.x + width * right, y + px(2)}, theme().running);
    p.next_frame_in = 0;
}

}  // namespace sy::gui
