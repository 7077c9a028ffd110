// Commands, and the drawing of one frame.
#include "gui/app/app.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <imgui_internal.h>

#include <nlohmann/json.hpp>

#include "gui/app/app_parts.h"
#include "gui/app/keymap.h"
#include "gui/app/text_edit.h"
#include "gui/app/teaching.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/base/assert.h"
#include "sim/cli/files.h"
#include "sim/report/glossary.h"
#include "sim/scenario/parse.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr float kSmallestScale = 0.8F, kLargestScale = 2.5F, kPresenterScale = 1.6F;
constexpr double kKeyShown = 1.8;  // seconds that a presenter's key stays in sight
constexpr std::array kSpeeds = {0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0};

View make_view(AppParts& parts) {
    return View{.session = parts.session.get(),
                .stage = parts.session ? &parts.stage.model : nullptr,
                .index = parts.index.get(),
                .flight = parts.flight,
                .document = parts.document,
                .state = parts.state,
                .panels = parts.panels,
                .editor = parts.editor,
                .now = parts.now,
                .picture = parts.shot,
                .commands = parts.commands,
                .next_frame_in = parts.next_frame_in};
}

// These work whatever lies over the window.
bool is_about_looks(Kind kind) {
    return kind == Kind::picture || kind == Kind::theme || kind == Kind::language ||
           kind == Kind::bigger || kind == Kind::smaller || kind == Kind::normal_size ||
           kind == Kind::presenter;
}

double next_speed(double speed, int by) {
    auto at = std::lower_bound(kSpeeds.begin(), kSpeeds.end(), speed) - kSpeeds.begin();
    return kSpeeds[static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(at + by, 0, kSpeeds.size() - 1))];
}

constexpr ImGuiWindowFlags kFixed = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                    ImGuiWindowFlags_NoSavedSettings |
                                    ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNav;

// One-pixel lines on the left and upper edge of a place, where another place lies beyond them.
void draw_edges(const Area& area) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRectFullScreen();
    const float right = area.x + area.width, bottom = area.y + area.height;
    if (area.x > 0) list.AddRectFilled({area.x, area.y}, {area.x + 1, bottom}, theme().line);
    if (area.y > 0) list.AddRectFilled({area.x, area.y}, {right, area.y + 1}, theme().line);
    list.PopClipRect();
}

// One place of the arrangement as a window without any of a window's looks; a line of one pixel
// parts it from the next.
template <typename Content>
void draw_area(const char* id, const Area& area, ImU32 fill, const Content& content) {
    if (area.width < 1 || area.height < 1) return;
    ImGui::SetNextWindowPos({area.x, area.y});
    ImGui::SetNextWindowSize({area.width, area.height});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, fill);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0.0F);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, {1, 1});
    const bool scrolls = area.height > px(64);
    const ImGuiWindowFlags flags = scrolls ? kFixed & ~ImGuiWindowFlags_NoScrollbar
                                           : kFixed | ImGuiWindowFlags_NoScrollWithMouse;
    if (ImGui::Begin(id, nullptr, flags)) {
        const PlaceName place(id);
        content();
        draw_edges(area);
    }
    ImGui::End();
    ImGui::PopStyleVar(2);
    ImGui::PopStyleColor();
}

// A panel that looks at a machine whose kernel was broken on purpose may find that a pointer leads nowhere.
void draw_one(const Panel& panel, View& view) {
    ImGuiWindow* const outer = ImGui::GetCurrentWindow();
    try {
        panel.draw(view);
    } catch (const KernelFault&) {
        while (ImGui::GetCurrentWindow() != outer) {
            ImGui::ErrorCheckEndWindowRecover(nullptr);
            ImGui::EndChild();
        }
        ImGui::ErrorCheckEndWindowRecover(nullptr);
        paragraph(tr(Str::breakage_nothing_left));
    }
}

void draw_panels(View& view, Dock dock) {
    for (const Panel& panel : panels()) {
        if (panel.dock == dock) draw_one(panel, view);
    }
}

// The inspector's panels in the order of the table: a tab's number is its place here.
std::vector<const Panel*> inspector_panels() {
    std::vector<const Panel*> out;
    for (const Panel& panel : panels())
        if (panel.dock == Dock::inspector) out.push_back(&panel);
    return out;
}

// The tab after this one, group by group.
int tab_after(int tab) {
    const std::vector<const Panel*> all = inspector_panels();
    std::vector<int> order;
    for (int group = 0; group < kTabGroups; ++group)
        for (std::size_t i = 0; i < all.size(); ++i)
            if (static_cast<int>(tab_group(*all[i])) == group) order.push_back(static_cast<int>(i));
    const auto here = std::find(order.begin(), order.end(), tab);
    return here == order.end() || here + 1 == order.end() ? order.front() : *(here + 1);
}

// The row of groups above the tabs: a click opens the tab last looked at there.
void draw_tab_groups(View& view, const std::vector<const Panel*>& all, TabGroup shown) {
    ChipRow row;
    for (int g = 0; g < kTabGroups; ++g) {
        const auto group = static_cast<TabGroup>(g);
        const auto first = std::find_if(all.begin(), all.end(), [&](const Panel* p) { return tab_group(*p) == group; });
        if (first == all.end()) continue;
        const std::string_view name = tr(tab_group_name(group));
        row.next(name);
        if (!chip_button(name.data(), name, group == shown) || group == shown) continue;
        const int last = view.panels.inspector.last[static_cast<std::size_t>(g)];
        view.ask(Kind::tab, last >= 0 ? last : static_cast<int>(first - all.begin()));
    }
    gap(2);
}

void draw_inspector(View& view) {
    const std::vector<const Panel*> all = inspector_panels();
    const int open = std::clamp(view.state.tab, 0, static_cast<int>(all.size()) - 1);
    const Panel& panel = *all[static_cast<std::size_t>(open)];
    const TabGroup group = tab_group(panel);
    view.panels.inspector.last[static_cast<std::size_t>(group)] = open;
    draw_tab_groups(view, all, group);
    std::vector<std::string_view> names;
    std::vector<std::string> tips;
    std::vector<int> numbers;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (tab_group(*all[i]) != group) continue;
        names.push_back(tr(all[i]->title));
        tips.push_back(panel_press(all[i]->id).key == Key::none ? "" : binding_label(panel_press(all[i]->id)));
        numbers.push_back(static_cast<int>(i));
    }
    int selected = static_cast<int>(std::find(numbers.begin(), numbers.end(), open) - numbers.begin());
    if (tabs("inspector tabs", names, tips, selected)) view.ask(Kind::tab, numbers[static_cast<std::size_t>(selected)]);
    ImGui::BeginChild("inspector content", {0, 0}, false);
    const PlaceName name(panel.id);
    draw_one(panel, view);
    ImGui::EndChild();
}

}  // namespace

App::App(const WindowRequest& request) : parts_(std::make_unique<AppParts>()) {
    AppParts& p = *parts_;
    load_preferences(p, request);
    set_language(p.state.lang);
    p.state.presenter = request.presenter;
    p.lessons = find_lessons();
    std::string file = request.file;
    if (file.empty() && !p.lessons.empty()) file = p.lessons.front();
    p.shot = request.shot;
    p.no_files = request.no_files;
    p.looks_are_given = !request.theme.empty() || !request.lang.empty() || request.presenter;
    p.editor.guarded = !request.shot && !request.no_files;
    p.most_records = request.records;
    if (!file.empty()) open(file);
    if (p.session) go_to_start(p, request);
    if (p.session && !request.find.empty()) {
        p.commands.push_back({Kind::find, 0, {}});
        p.commands.push_back({Kind::find_text, 0, request.find});
    }
}

App::~App() = default;

void App::open(const std::string& path) {
    AppParts& p = *parts_;
    LoadError error;
    error.file = std::filesystem::path(path).filename().string();
    error.failed = !read_scenario_file(path, error.source, error.unreadable);
    Scenario scenario;
    if (!error.failed)
        error.failed = !parse_scenario(error.source, error.file, scenario, error.mistakes);
    BootError boot;
    if (!error.failed && !start_session(p, scenario, boot)) {
        error.failed = true;
        error.mistakes.error(boot.pos, text(boot.text, boot.text_zh));
    }
    p.error = std::move(error);
    p.show_error = p.error.failed;
    if (p.error.failed) {
        if (p.session || p.error.source.empty()) return;
        // Nothing else is open: the text is, so that it can be mended.
        p.document.path = path;
        p.document.name = p.error.file;
        p.document.source = p.error.source;
        load_editor(p);
        p.editor.open = true;
        return;
    }
    p.document.path = path;
    p.document.name = p.error.file;
    p.document.source = p.error.source;
    p.document.scenario = std::move(scenario);
    p.document.lessons = static_cast<int>(p.lessons.size());
    p.document.lesson = 0;
    std::error_code unknown;
    for (std::size_t i = 0; i < p.lessons.size(); ++i) {
        if (std::filesystem::equivalent(p.lessons[i], path, unknown))
            p.document.lesson = static_cast<int>(i) + 1;
    }
    p.panels = {};
    p.replay_until = 0;
    apply_view(p, p.looks_are_given);
    p.comfort.views.clear();
    p.comfort.pending.reset();
    p.comfort.halted = false;
    note_opened(p, path);
    load_editor(p);
    offer_recovery(p);
}

void App::drop(const std::string& path) { parts_->commands.push_back({Kind::open_file, 0, path}); }

void App::set_wake(std::function<void()> wake) {
    parts_->wake = std::move(wake);
    parts_->editor.watched.clear();   // watched without it so far
}

void App::key(const KeyPress& press) {
    AppParts& p = *parts_;
    if (p.state.presenter && press.key != Key::none && !press.repeat) {
        p.shown_keys.emplace_back(binding_label(press), p.now + kKeyShown);
        if (p.shown_keys.size() > 4) p.shown_keys.erase(p.shown_keys.begin());
    }
    if (comfort_key(p, press)) return;
    const bool popup = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup);
    if (popup || p.editor.question.kind != EditorQuestion::Kind::none || p.show_error || p.state.help_open) p.editor.swallow = true;
    if (p.editor.question.kind != EditorQuestion::Kind::none) {
        if (press.key >= Key::d1 && press.key <= Key::d3) answer_question(p, static_cast<int>(press.key) - static_cast<int>(Key::d1));
        if (press.key == Key::enter) answer_question(p, 0);
        if (press.key == Key::escape && p.editor.question.kind == EditorQuestion::Kind::unsaved) answer_question(p, 2);
        if (!is_about_looks(command_of(press))) return;
    } else if (p.editor.open && p.editor.focused && press.ctrl && !press.shift && press.key == Key::f) {
        p.commands.push_back({Kind::find_in_text, 0, {}});   // Find means the text while one writes
        return;
    } else if (p.editor.open && p.editor.focused && !popup && !p.show_error && !p.state.help_open && editor_key(p, press)) {
        return;
    }
    // Typing in a field is typing; only Ctrl combinations and F keys still mean what they mean.
    const bool function_key = press.key >= Key::f1 && press.key <= Key::f12;
    if (press.key == Key::escape) p.close_dialogs = true;
    if (ImGui::GetIO().WantTextInput && !press.ctrl && !press.alt && !function_key) {
        if (press.key == Key::escape && p.editor.find.open) p.editor.find.open = false, p.editor.focused = true;
        return;
    }
    if (p.exports.is_open && !press.ctrl && press.key != Key::f12) return;
    if (!p.show_error && !p.state.help_open && teaching_key(p, press)) return;
    const Kind kind = command_of(press);
    if (!is_about_looks(kind)) {
        if (p.show_error) {
            if (press.key == Key::escape || press.key == Key::enter) p.show_error = false;
            if (!press.ctrl) return;
        }
        if (p.state.help_open) {
            p.state.help_open = false;
            return;
        }
    }
    if (kind != Kind::none) p.commands.push_back({kind, 0, {}});
    if (const int tab = kind == Kind::none ? tab_of(press) : -1; tab >= 0) p.commands.push_back({Kind::tab, tab, {}});
}

void App::apply(const Command& command) {
    AppParts& p = *parts_;
    ViewState& s = p.state;
    if (apply_comfort(p, command)) return;
    if (is_walk(command.kind)) {
        if (p.session && !put_off(p, command)) walk(p, command);
        return;
    }
    if (is_mark(command.kind)) {
        if (p.session) mark(p, command);
        return;
    }
    if (is_editor_command(command.kind)) {
        editor_command(p, command);
        return;
    }
    const bool leaves = command.kind == Kind::open_file || command.kind == Kind::next_lesson || command.kind == Kind::previous_lesson || command.kind == Kind::quit;
    if (leaves && !may_leave(p, command)) return;
    const auto lesson = [&](int by) {
        if (p.lessons.empty()) return;
        const int at =
            std::clamp(p.document.lesson - 1 + by, 0, static_cast<int>(p.lessons.size()) - 1);
        open(p.lessons[static_cast<std::size_t>(at)]);
    };
    const auto resize = [&](float factor) {
        s.user_scale = std::clamp(s.user_scale * factor, kSmallestScale, kLargestScale);
    };
    if (is_teaching(command.kind)) return teach(p, command);
    switch (command.kind) {
        case Kind::grain_step:
            s.grain = Grain::step;
            break;
        case Kind::grain_phase:
            s.grain = Grain::phase;
            break;
        case Kind::grain_switch:
            s.grain = Grain::switches;
            break;
        case Kind::grain_tick:
            s.grain = Grain::tick;
            break;
        case Kind::slower:
            s.speed = next_speed(s.speed, -1);
            break;
        case Kind::faster:
            s.speed = next_speed(s.speed, 1);
            break;
        case Kind::slowest:
            s.speed = kSpeeds.front();
            break;
        case Kind::depth:
            s.depth = static_cast<Depth>((static_cast<int>(s.depth) + 1) % 3);
            break;
        case Kind::next_tab:
            s.tab = tab_after(s.tab);
            break;
        case Kind::tab:
            s.tab = static_cast<int>(command.value);
            s.inspector_folded = false;
            if (p.arrangement.small) s.inspector_over_tasks = true;
            break;
        case Kind::fold_inspector: {
            bool& flag = p.arrangement.small ? s.inspector_over_tasks : s.inspector_folded;
            flag = !flag;
            break;
        }
        case Kind::zoom_in:
        case Kind::zoom_out:
        case Kind::zoom_fit:
        case Kind::pan_left:
        case Kind::pan_right:
            if (p.session)
                timeline_command(p.panels.timeline, command.kind, p.session->time(),
                                 p.session->frontier().now());
            break;
        case Kind::next_task:
            choose_task(p, 1);
            break;
        case Kind::previous_task:
            choose_task(p, -1);
            break;
        case Kind::select_task:
            s.selected_task = static_cast<TaskId>(command.value);
            break;
        case Kind::live_action:
            act_now(p, command.value, command.text);
            break;
        case Kind::toggle_stop:
            if (p.session) toggle_stop(p, static_cast<std::int32_t>(command.value));
            break;
        case Kind::toggle_break:
            toggle_break(p, command.text);
            break;
        case Kind::replay_schedule:
            replay_schedule(p, command.text);
            break;
        case Kind::undo_edit:
            if (!undo_edit(p)) notice(std::string(tr(Str::notice_nothing_to_undo)));
            break;
        case Kind::redo_edit:
            if (!redo_edit(p)) notice(std::string(tr(Str::notice_nothing_to_redo)));
            break;
        case Kind::save_scenario:
            notice(tr(save_scenario(p, command.text) ? Str::notice_saved : Str::notice_not_saved, {command.text}));
            break;
        case Kind::open:
            p.dialog.wanted = true;
            break;
        case Kind::open_file:
            open(command.text);
            break;
        case Kind::reload:
            if (!p.document.path.empty()) reload_document(p);
            break;
        case Kind::next_lesson:
            lesson(1);
            break;
        case Kind::previous_lesson:
            lesson(-1);
            break;
        case Kind::bigger:
            resize(1.1F);
            break;
        case Kind::smaller:
            resize(1 / 1.1F);
            break;
        case Kind::normal_size:
            s.user_scale = 1;
            break;
        case Kind::theme:
            s.theme = next_theme(s.theme);
            break;
        case Kind::language:
            s.lang = s.lang == Lang::en ? Lang::zh : Lang::en;
            set_language(s.lang);
            if (s.lang == Lang::zh && !fonts().has_cjk()) notice(std::string(tr(Str::no_cjk_font, Lang::en)));
            break;
        case Kind::motion:
            s.reduced_motion = !s.reduced_motion;
            break;
        case Kind::presenter:
            s.presenter = !s.presenter;
            break;
        case Kind::export_dialog:
            p.exports.wanted = true;
            break;
        case Kind::picture:
            p.picture_wanted = true;
            break;
        case Kind::help:
            s.help_open = !s.help_open;
            break;
        case Kind::quit:
            p.quit = true;
            break;
        default:
            break;
    }
}

void App::frame(float width, float height, double seconds) {
    AppParts& p = *parts_;
    p.now += seconds;
    p.next_frame_in = -1;
    const std::vector<Command> commands = std::exchange(p.commands, {});
    for (const Command& command : commands) apply(command);
    if (!commands.empty()) p.next_frame_in = 0;  // hover and layout settle in a second frame
    advance(p);
    note_views(p);
    begin_ui_frame(p.now);
    draw(width, height);
}

// The timeline's upper edge can be dragged.
void App::drag_timeline_edge(float height) {
    AppParts& p = *parts_;
    const ImGuiIO& io = ImGui::GetIO();
    const bool over =
        std::abs(io.MousePos.y - p.arrangement.timeline.y) <= px(4) && io.MousePos.x >= 0;
    if (over && ImGui::IsMouseClicked(0) && !p.show_error && !p.state.help_open)
        p.dragging_edge = true;
    if (!ImGui::IsMouseDown(0)) p.dragging_edge = false;
    if (over || p.dragging_edge) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeNS);
    if (p.dragging_edge && height > 0)
        p.state.timeline_share = std::clamp(1 - io.MousePos.y / height, 0.12F, 0.6F);
}

void App::draw(float width, float height) {
    AppParts& p = *parts_;
    drag_timeline_edge(height);
    View view = make_view(p);
    p.arrangement = arrange({.width = width,
                             .height = height,
                             .scale = gui::scale(),
                             .fold_inspector = p.state.inspector_folded,
                             .inspector_over_tasks = p.state.inspector_over_tasks,
                             .editor = p.editor.open,
                             .timeline_share = p.state.timeline_share});
    const Arrangement& at = p.arrangement;
    const Theme& t = theme();
    draw_area("transport", at.transport, t.panel, [&] { draw_panels(view, Dock::transport); });
    draw_area("tasks", at.tasks, t.panel, [&] { draw_panels(view, Dock::tasks); });
    draw_area("editor", at.editor, t.panel, [&] { draw_panels(view, Dock::editor); });
    draw_area("stage", at.stage, t.ground, [&] { draw_panels(view, Dock::stage); });
    draw_area("inspector", at.inspector, t.panel, [&] { draw_inspector(view); });
    draw_area("timeline", at.timeline, t.panel, [&] { draw_panels(view, Dock::timeline); });
    draw_open_dialog(p);
    draw_error(p, width, height);
    draw_exports(p);
    p.close_dialogs = false;
    draw_question(p, width, height);
    draw_notice(p, at.stage);
    draw_help(p, width, height);
    draw_presenter(p, width, height);
    draw_glossary(p, width, height);
    draw_palette(p, width, height);
    draw_progress(p, at.stage);
    teach_hovered();
}

void App::seek(Nanos at) { parts_->commands.push_back({Kind::seek_time, at, {}}); }

Nanos App::known_end() const { return parts_->session ? parts_->session->frontier().now() : 0; }

void App::show_stretch(Nanos from, Nanos until) {
    parts_->panels.timeline.from = from;
    parts_->panels.timeline.until = until;
}

double App::next_frame_in() const {
    const double panels = parts_->next_frame_in, ui = ui_wants_frame_in();
    double soonest = panels;
    if (ui >= 0 && (soonest < 0 || ui < soonest)) soonest = ui;
    if (!parts_->commands.empty()) soonest = 0;
    // A text cursor blinks.
    if (ImGui::GetIO().WantTextInput && (soonest < 0 || soonest > 0.25)) soonest = 0.25;
    return soonest;
}

void App::keep() { keep_preferences(*parts_); }

bool App::wants_quit() const { return parts_->quit; }

bool App::is_run_complete() const {
    const AppParts& p = *parts_;
    return !p.session || (p.session->complete() && p.index->records() == p.session->log().size());
}

std::optional<std::string> App::take_picture_wish() {
    AppParts& p = *parts_;
    if (!std::exchange(p.picture_wanted, false)) return std::nullopt;
    if (!p.picture_path.empty()) return std::exchange(p.picture_path, {});
    const std::string stem = p.document.name.empty()
                                 ? "switchyard"
                                 : std::filesystem::path(p.document.name).stem().string();
    std::string path;
    std::error_code error;
    do {
        path = stem + "-" + std::to_string(++p.pictures) + ".png";
    } while (std::filesystem::exists(path, error));
    return path;
}

void App::notice(std::string text) {
    parts_->notice_text = std::move(text);
    parts_->notice_until = parts_->now + 4;
}

float App::scale(float content_scale) const {
    const ViewState& s = parts_->state;
    return std::clamp(content_scale * s.user_scale * (s.presenter ? kPresenterScale : 1),
                      kSmallestScale, 4.0F);
}

const ViewState& App::state() const { return parts_->state; }

std::string App::error_text() const { return parts_->error.render(); }

std::string App::title() const {
    return parts_->document.name.empty() ? "Switchyard" : parts_->document.name + " · Switchyard";
}

nlohmann::json App::dump() {
    AppParts& p = *parts_;
    const View view = make_view(p);
    nlohmann::json out;
    nlohmann::json shown_keys = nlohmann::json::array();
    for (const auto& [key, until] : p.shown_keys) shown_keys.push_back(key);
    out["window"] = {{"theme", theme_name(p.state.theme)},
                     {"lang", p.state.lang == Lang::zh ? "zh" : "en"},
                     {"scale", p.state.user_scale},
                     {"presenter", p.state.presenter},
                     {"blank", p.state.blank},
                     {"shown_keys", shown_keys},
                     {"reduced_motion", p.state.reduced_motion},
                     {"inspector_folded", p.arrangement.inspector.width <= 0},
                     {"help_open", p.state.help_open},
                     {"recent", p.comfort.recent},
                     {"notice", p.now < p.notice_until ? p.notice_text : ""},
                     {"waits_for_run", p.comfort.pending.has_value()},
                     {"hovered_term", hovered_term()},
                     {"typing", ImGui::GetIO().WantTextInput},
                     {"open_path", p.dialog.path},
                     {"export_open", p.exports.is_open},
                     {"export_path", p.exports.path},
                     {"exporting", p.exports.job.is_running()},
                     {"export_frames", p.exports.job.done()},
                     {"notice", p.now < p.notice_until ? p.notice_text : std::string()},
                     {"error", p.show_error ? p.error.render() : ""}};
    const auto tab = std::find_if(panels().begin(), panels().end(),
                                  [at = p.state.tab](const Panel& panel) mutable {
                                      return panel.dock == Dock::inspector && at-- == 0;
                                  });
    if (tab != panels().end()) out["window"]["tab"] = tab->id;
    nlohmann::json& cut = out["window"]["overflows"] = nlohmann::json::array();
    for (const Overflow& overflow : overflows())
        cut.push_back({{"where", overflow.where},
                       {"text", overflow.text},
                       {"width", overflow.width},
                       {"available", overflow.available}});
    const PaletteState& palette = p.comfort.palette;
    if (palette.open) {
        nlohmann::json& rows = out["palette"]["rows"] = nlohmann::json::array();
        for (std::size_t i = 0; i < palette.shown.size() && i < 20; ++i)
            rows.push_back({{"id", palette.shown[i].id}, {"title", palette.shown[i].title}, {"detail", palette.shown[i].detail}, {"key", palette.shown[i].key}});
        out["palette"]["query"] = palette.query;
        out["palette"]["chosen"] = palette.chosen;
        out["palette"]["count"] = palette.shown.size();
        out["palette"]["capture"] = palette.capture;
        out["palette"]["said"] = palette.said;
    }
    if (const GlossaryState& g = p.comfort.glossary; g.open) {
        out["glossary"] = {{"query", g.query}, {"count", g.shown.size()}};
        if (g.chosen < g.shown.size()) out["glossary"]["term"] = g.shown[g.chosen]->name;
    }
    if (p.session) {
        const Session& session = *p.session;
        out["cursor"] = {{"step", session.position()},
                         {"time_ns", session.time()},
                         {"switch", session.now().switches()},
                         {"fingerprint", fingerprint_text(session.now().fingerprint())}};
        out["run"] = {{"complete", session.complete()},
                      {"steps", session.frontier().steps()},
                      {"end_ns", session.frontier().now()},
                      {"switches", session.switch_count()},
                      {"records", session.log().size()}};
    }
    for (const Panel& panel : panels()) {
        nlohmann::json& slot = out["panels"][std::string(panel.id)] = nlohmann::json::object();
        if (!panel.dump) continue;
        try {
            panel.dump(view, slot);
        } catch (const KernelFault& fault) {
            slot["fault"] = fault.why;
        }
    }
    return out;
}

}  // namespace sy::gui
