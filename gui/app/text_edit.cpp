#include "gui/app/text_edit.h"

#include <algorithm>
#include <utility>

#include "sim/scenario/parse.h"

namespace sy::gui {
namespace {

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

}  // namespace

bool edit_text(AppParts& p, std::string text, Diagnostics& mistakes, EditThen then) {
    if (text == p.document.source && p.session) return true;
    if (!replace(p, std::move(text), mistakes, then)) return false;
    sync_editor(p);
    return true;
}

bool add_line(AppParts& p, const std::string& line, Diagnostics& mistakes, EditThen then) {
    std::string text = p.document.source;
    if (!text.empty() && text.back() != '\n') text += '\n';
    return edit_text(p, text + line + "\n", mistakes, then);
}

// The editor's own history: the run follows in the next frames.
bool undo_edit(AppParts& p) {
    p.editor.reveal = true;
    return p.editor.doc.undo();
}
bool redo_edit(AppParts& p) {
    p.editor.reveal = true;
    return p.editor.doc.redo();
}

Nanos next_moment(const AppParts& p) {
    const Kernel& k = p.session->now();
    const Nanos next = k.next_time();
    return next == kNever ? k.now() : std::max(k.now(), next);
}

}  // namespace sy::gui
