#include "gui/app/text_edit.h"

#include <algorithm>
#include <utility>

#include "sim/scenario/parse.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostUndo = 200, kMostUndoBytes = std::size_t{32} << 20;

// Puts the session at the edit: the same steps as before, and the timed line as one more.
void go_behind_edit(AppParts& p, std::uint64_t position, Nanos at) {
    Session& s = *p.session;
    s.seek_step(position + 1);
    const StepReport* step = s.last_step();
    if (step == nullptr || step->kind != StepReport::Kind::outside || s.now().now() != at)
        s.seek_time(at);
}

bool replace(AppParts& p, std::string text, Diagnostics& mistakes, EditThen then) {
    Scenario scenario;
    if (!parse_scenario(text, p.document.name, scenario, mistakes)) return false;
    const bool had_session = p.session != nullptr;
    const Nanos now = had_session ? p.session->time() : 0, next = had_session ? next_moment(p) : 0;
    const std::uint64_t position = had_session ? p.session->position() : 0;
    const TaskId selected = p.state.selected_task;
    BootError boot;
    if (!start_session(p, scenario, boot)) {
        mistakes.error(boot.pos, sy::text(boot.text, boot.text_zh));
        return false;
    }
    p.document.scenario = std::move(scenario);
    p.document.source = std::move(text);
    if (!had_session || then == EditThen::start) return true;
    if (then == EditThen::next_step)
        go_behind_edit(p, position, next);
    else if (position > 0)
        p.session->seek_time(now);
    p.state.selected_task = selected;
    return true;
}

void forget_oldest(std::vector<std::string>& texts) {
    std::size_t bytes = 0;
    for (const std::string& t : texts) bytes += t.size();
    while (texts.size() > 1 && (texts.size() > kMostUndo || bytes > kMostUndoBytes)) {
        bytes -= texts.front().size();
        texts.erase(texts.begin());
    }
}

bool go_back(AppParts& p, std::vector<std::string>& from, std::vector<std::string>& to) {
    if (from.empty()) return false;
    Diagnostics none;
    std::string now = p.document.source, text = from.back();
    if (!replace(p, std::move(text), none, EditThen::same_instant)) return false;
    from.pop_back();
    to.push_back(std::move(now));
    return true;
}

}  // namespace

bool edit_text(AppParts& p, std::string text, Diagnostics& mistakes, EditThen then) {
    std::string before = p.document.source;
    if (text == before && p.session) return true;
    if (!replace(p, std::move(text), mistakes, then)) return false;
    p.history.undo.push_back(std::move(before));
    p.history.redo.clear();
    forget_oldest(p.history.undo);
    return true;
}

bool add_line(AppParts& p, const std::string& line, Diagnostics& mistakes, EditThen then) {
    std::string text = p.document.source;
    if (!text.empty() && text.back() != '\n') text += '\n';
    return edit_text(p, text + line + "\n", mistakes, then);
}

bool undo_edit(AppParts& p) { return go_back(p, p.history.undo, p.history.redo); }
bool redo_edit(AppParts& p) { return go_back(p, p.history.redo, p.history.undo); }

Nanos next_moment(const AppParts& p) {
    const Kernel& k = p.session->now();
    const Nanos next = k.next_time();
    return next == kNever ? k.now() : std::max(k.now(), next);
}

}  // namespace sy::gui
