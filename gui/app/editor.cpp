// What the editor does each frame and at each key.
#include "gui/app/editor.h"

#include <imgui.h>

#include <algorithm>
#include <filesystem>

#include "gui/app/app_parts.h"
#include "gui/app/text_edit.h"
#include "gui/model/task_source.h"
#include "gui/panels/timeline_parts.h"
#include "gui/strings/strings.h"
#include "sim/scenario/edit.h"
#include "sim/scenario/format.h"
#include "sim/scenario/parse.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr std::uint64_t kSlice = 40'000, kWhole = 20'000'000;   // steps a frame, as in walk.cpp

void notice(AppParts& p, std::string text) {
    p.notice_text = std::move(text);
    p.notice_until = p.now + 4;
}

void wish(AppParts& p, double seconds) {
    if (p.next_frame_in < 0 || seconds < p.next_frame_in) p.next_frame_in = std::max(seconds, 0.0);
}

// Reads the text as it is now; the mistakes go to the margin.
bool check(AppParts& p, Scenario& scenario) {
    Editor& e = p.editor;
    e.mistakes = {};
    return parse_scenario(e.doc.text(), p.document.name.empty() ? "scenario" : p.document.name, scenario, e.mistakes);
}

void begin_run(AppParts& p) {
    Editor& e = p.editor;
    e.settled = e.doc.version();
    e.next.reset();
    Scenario scenario;
    if (!check(p, scenario)) return;   // the last good run stays
    if (e.doc.text() == p.document.source && p.session) return;
    BootError boot;
    e.next_scenario = scenario;
    e.next = Session::open(std::move(scenario), boot);
    if (!e.next) e.mistakes.error(boot.pos, sy::text(boot.text, boot.text_zh));
}

// The run has come as far as the moment looked at: it takes the place of the former one.
void exchange(AppParts& p) {
    Editor& e = p.editor;
    const Nanos at = p.session ? p.session->time() : 0;
    const bool moved = p.session && p.session->position() > 0;
    const TaskId selected = p.state.selected_task;
    adopt_session(p, std::move(e.next));
    p.document.scenario = std::move(e.next_scenario);
    p.document.source = e.source = e.doc.text();
    if (moved) p.session->seek_time(at);
    p.state.selected_task = selected;
}

void run_slice(AppParts& p) {
    Editor& e = p.editor;
    if (!e.next) return;
    e.next->run_ahead(p.shot ? kWhole : kSlice);
    const Nanos at = p.session ? p.session->time() : 0;
    if (e.next->complete() || e.next->frontier().now() > at) exchange(p);
    wish(p, 0);
}

void apply_fix(AppParts& p) {
    Editor& e = p.editor;
    const Diagnostic* d = editor_mistake(e);
    if (d == nullptr || d->replacement.empty()) return notice(p, std::string(tr(Str::editor_no_fix)));
    const std::size_t at = offset_of(e.doc.text(), d->pos), length = bytes_of(e.doc.text(), d->pos);
    const std::string put = d->replacement;
    e.doc.replace(at, length, put);
    e.reveal = true;
}

void next_mistake(AppParts& p) {
    Editor& e = p.editor;
    const Diagnostic* first = nullptr;
    for (const Diagnostic& d : e.mistakes.list()) {
        if (d.severity == Severity::note || d.pos.line == 0) continue;
        if (first == nullptr) first = &d;
        if (offset_of(e.doc.text(), d.pos) > e.doc.cursor()) {
            first = &d;
            break;
        }
    }
    if (first == nullptr) return notice(p, std::string(tr(Str::editor_no_mistakes)));
    const std::size_t at = offset_of(e.doc.text(), first->pos);
    e.doc.select(at, at);
    e.reveal = e.open = e.focused = true;
}

void format(AppParts& p) {
    Editor& e = p.editor;
    Scenario scratch;
    if (!check(p, scratch)) return notice(p, std::string(tr(Str::editor_mend_first)));
    e.doc.become(format_scenario(e.doc.text()));
}

void find_next(AppParts& p, bool forward) {
    Editor& e = p.editor;
    if (const auto hit = e.doc.find(e.find.what, forward)) {
        e.doc.select(hit->from, hit->to);
        e.reveal = true;
    } else if (e.find.what[0] != '\0') {
        notice(p, tr(Str::editor_not_found, {e.find.what}));
    }
}

// Which declaration the selected task came from; thread -1: its main one.
bool selected_decl(const AppParts& p, std::size_t& process, int& thread) {
    if (!p.session || p.state.selected_task == kNoTask) return false;
    return find_decl(p.session->frontier(), p.state.selected_task, process, thread);
}

void edit_selected(AppParts& p, Kind kind) {
    Editor& e = p.editor;
    std::size_t process = 0;
    int thread = -1;
    if (e.doc.text() != p.document.source) return notice(p, std::string(tr(Str::editor_mend_first)));
    if (kind == Kind::irq_here) {
        if (!p.session || p.document.scenario.devices.empty()) return notice(p, std::string(tr(Str::editor_no_device)));
        const std::string action = "irq " + p.document.scenario.devices.front().name;
        return run_edited(p, apply_edit(e.doc.text(), edit_timed_line(e.doc.text(), p.document.scenario, p.session->time(), action)));
    }
    if (!selected_decl(p, process, thread)) return notice(p, std::string(tr(Str::editor_select_task)));
    const Scenario& s = p.document.scenario;
    const ProcessDecl& decl = s.processes[process];
    std::optional<TextEdit> edit;
    if (kind == Kind::nice_up || kind == Kind::nice_down) {
        const int now = thread < 0 ? decl.nice : decl.threads[static_cast<std::size_t>(thread)].nice.value_or(decl.nice);
        edit = edit_nice(e.doc.text(), s, process, thread, std::clamp(now + (kind == Kind::nice_up ? 1 : -1), -20, 19));
    } else {
        // By a hundredth of what is seen, as a round number.
        const Stretch seen = timeline_stretch(p.panels.timeline, std::max<Nanos>(p.session->frontier().now(), 1));
        const Nanos by = ruler_step((seen.until - seen.from) / 100 + 1);
        if (kind == Kind::arrive_earlier || kind == Kind::arrive_later)
            edit = edit_arrival(e.doc.text(), s, process, by, kind == Kind::arrive_later ? 2 * by : 0);
        else if (const Stmt* run = burst_at(p.session->now(), p.state.selected_task, s, process, thread))
            edit = edit_burst(e.doc.text(), s, run->pos, std::max<Nanos>(by, run->time.a + (kind == Kind::burst_longer ? by : -by)));
    }
    if (!edit) return notice(p, std::string(tr(Str::editor_not_written)));
    run_edited(p, apply_edit(e.doc.text(), *edit));
}

}  // namespace

void load_editor(AppParts& p) {
    Editor& e = p.editor;
    forget_recovery(p);
    e.doc.load(p.document.source);
    e.source = p.document.source;
    e.seen = e.settled = e.doc.version();
    e.changed_at = -1;
    e.mistakes = {};
    e.next.reset();
    e.ghost = {};
    e.runs = 0;
    e.choices = {};
    Scenario ignored;
    check(p, ignored);   // warnings
}

void sync_editor(AppParts& p) {
    Editor& e = p.editor;
    const std::string& source = p.document.source;
    if (source == e.source) return;
    const bool pending = e.doc.text() != e.source;
    if (source.starts_with(e.source) && pending) {
        // What was added goes behind what is being typed as well.
        e.doc.replace(e.doc.text().size(), 0, std::string_view(source).substr(e.source.size()));
    } else {
        e.doc.become(source);
    }
    e.source = source;
    e.next.reset();
    e.changed_at = p.now;
}

const Diagnostic* editor_mistake(const Editor& e) {
    const std::size_t line = e.doc.line_of(e.doc.cursor()) + 1;
    const Diagnostic* any = nullptr;
    for (const Diagnostic& d : e.mistakes.list()) {
        if (d.severity == Severity::note) continue;
        if (static_cast<std::size_t>(d.pos.line) == line) return &d;
        if (any == nullptr || (any->replacement.empty() && !d.replacement.empty())) any = &d;
    }
    return any;
}

void advance_editor(AppParts& p) {
    Editor& e = p.editor;
    sync_editor(p);
    if (e.doc.version() != e.seen) {
        e.seen = e.doc.version();
        e.changed_at = e.changed_at < 0 || e.focused ? p.now : e.changed_at;
        if (e.next) e.next.reset();
        Scenario ignored;
        if (e.doc.text().size() < 200'000) check(p, ignored);   // a larger one at the pause
    }
    if (e.settled != e.doc.version()) {
        const double left = e.changed_at + kTypingPause - p.now;
        if (left <= 0 || p.shot) begin_run(p);
        else wish(p, left);
    }
    run_slice(p);
    guard_document(p);
    if (e.ghost.session && p.now < e.ghost.since + kMorph) wish(p, 0);
}

void run_edited(AppParts& p, const std::string& text) {
    Editor& e = p.editor;
    e.doc.become(text);
    e.seen = e.doc.version();
    e.changed_at = p.now;
    begin_run(p);
    if (e.mistakes.has_errors()) {
        notice(p, e.mistakes.list().front().headline(p.document.name, p.state.lang));
        e.doc.undo();
    }
}

bool is_editor_command(Kind kind) { return kind >= Kind::editor && kind <= Kind::dismiss_ghost; }

void editor_command(AppParts& p, const Command& command) {
    Editor& e = p.editor;
    switch (command.kind) {
        case Kind::editor:
            // Into the text; once more: out of it; a third time the panel goes.
            if (!e.open) e.open = e.focused = e.reveal = true;
            else if (e.focused) e.open = e.focused = false;
            else e.focused = e.reveal = true;
            e.choices.open = false;
            break;
        case Kind::save: save_document(p, p.document.path); break;
        case Kind::save_as:
            p.dialog.wanted = p.dialog.saving = true;
            p.document.path.copy(p.dialog.path, sizeof p.dialog.path - 1);
            p.dialog.path[std::min(p.document.path.size(), sizeof p.dialog.path - 1)] = '\0';
            break;
        case Kind::save_file: save_document(p, command.text); break;
        case Kind::find_in_text:
            e.open = e.find.open = e.find.focus = true;
            e.focused = false;
            if (const auto s = e.doc.selected(); !s.empty() && s.size() < sizeof e.find.what && s.find('\n') == std::string_view::npos) {
                s.copy(e.find.what, s.size());
                e.find.what[s.size()] = '\0';
            }
            break;
        case Kind::find_next: find_next(p, true); break;
        case Kind::find_previous: find_next(p, false); break;
        case Kind::format: format(p); break;
        case Kind::fix: apply_fix(p); break;
        case Kind::next_mistake: next_mistake(p); break;
        case Kind::run_text: run_edited(p, command.text); break;
        case Kind::edit_refused: notice(p, std::string(tr(Str::editor_not_written))); break;
        case Kind::dismiss_ghost: e.ghost = {}; break;
        default: edit_selected(p, command.kind); break;
    }
}

void complete_word(Editor& e) {
    e.choices.list = code_choices(e.doc.text(), e.doc.cursor(), {});
    e.choices.at = e.doc.cursor();
    e.choices.open = !e.choices.list.empty();
    e.choices.selected = 0;
}

void take_choice(Editor& e) {
    const auto at = static_cast<std::size_t>(e.choices.selected);
    e.choices.open = false;
    if (at >= e.choices.list.size()) return;
    const std::size_t from = e.doc.word_at(e.doc.cursor()).from;
    e.doc.replace(from, e.doc.cursor() - from, e.choices.list[at].name);
    e.reveal = true;
}

namespace {

bool move_key(Editor& e, const KeyPress& press) {
    const auto go = [&](TextMove move) {
        e.doc.move(move, press.shift, e.page);
        e.choices.open = false;
        return e.reveal = true;
    };
    switch (press.key) {
        case Key::left: return go(press.ctrl ? TextMove::word_left : TextMove::left);
        case Key::right: return go(press.ctrl ? TextMove::word_right : TextMove::right);
        case Key::up: return go(TextMove::up);
        case Key::down: return go(TextMove::down);
        case Key::page_up: return go(TextMove::page_up);
        case Key::page_down: return go(TextMove::page_down);
        case Key::home: return go(press.ctrl ? TextMove::text_start : TextMove::line_start);
        case Key::end: return go(press.ctrl ? TextMove::text_end : TextMove::line_end);
        default: return false;
    }
}

bool choice_key(Editor& e, const KeyPress& press) {
    const int count = static_cast<int>(e.choices.list.size());
    if (!e.choices.open || press.ctrl || press.alt || press.shift || count == 0) return false;
    if (press.key == Key::up || press.key == Key::down) {
        e.choices.selected = (e.choices.selected + (press.key == Key::down ? 1 : count - 1)) % count;
        return true;
    }
    if (press.key == Key::tab || press.key == Key::enter) return take_choice(e), true;
    if (press.key == Key::escape) return e.choices.open = false, true;
    return false;
}

bool change_key(Editor& e, const KeyPress& press) {
    switch (press.key) {
        case Key::backspace:
            e.doc.erase_back(press.ctrl);
            if (e.choices.open) complete_word(e);
            break;
        case Key::del: e.doc.erase_forward(press.ctrl); break;
        case Key::enter: e.doc.new_line(); break;
        case Key::tab:
            if (press.shift || e.doc.selected().find('\n') != std::string_view::npos) e.doc.indent(press.shift);
            else e.doc.type("  ");
            break;
        default: return false;
    }
    return e.reveal = true;
}

bool clipboard_key(Editor& e, const KeyPress& press) {
    if (!press.ctrl || press.alt || press.shift) return false;
    switch (press.key) {
        case Key::a: e.doc.select(0, e.doc.text().size()); return true;
        case Key::x:
        case Key::c:
            if (!e.doc.selection().empty()) ImGui::SetClipboardText(std::string(e.doc.selected()).c_str());
            if (press.key == Key::x && !e.doc.selection().empty()) e.doc.erase_forward();
            return true;
        case Key::v:
            if (const char* text = ImGui::GetClipboardText()) e.doc.type(text);
            return e.reveal = true;
        case Key::slash: e.doc.toggle_comment(); return true;
        case Key::space: complete_word(e); return true;
        default: return false;
    }
}

}  // namespace

bool editor_key(AppParts& p, const KeyPress& press) {
    Editor& e = p.editor;
    if (choice_key(e, press)) return true;
    if (clipboard_key(e, press)) return true;
    if (press.alt || press.key == Key::none) return false;
    // Ctrl with page keys goes to another lesson, as everywhere.
    const bool page = press.key == Key::page_up || press.key == Key::page_down;
    if (!(press.ctrl && page) && move_key(e, press)) return true;
    if (!(press.ctrl && press.key == Key::enter) && change_key(e, press)) return true;
    if (press.key == Key::escape) {
        if (e.find.open) e.find.open = false;
        else e.focused = false;
        return true;
    }
    const bool function_key = press.key >= Key::f1 && press.key <= Key::f12;
    return !press.ctrl && !function_key;   // letters arrive as characters
}

}  // namespace sy::gui
