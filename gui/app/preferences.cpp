// A person's preferences: read at the start, applied, and written when they change. A picture has none, so that the same
// command makes the same picture everywhere.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "gui/app/app_parts.h"
#include "gui/app/preferences_file.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"

namespace sy::gui {
namespace {

constexpr std::string_view kHeading =
    "# Switchyard keeps here what you prefer, and writes a line when you change it in the window.\n"
    "# Edit what you like while the window is closed. Lines it does not know are left alone.\n"
    "# [keys]: action = keys, as in `forward = Right n`, `panel.plots = ctrl+e`; nothing behind the sign: no key.\n"
    "# Actions and their names are in the command palette (Ctrl+P) and in docs/window.md.\n";

constexpr std::array<std::string_view, 3> kDepths = {"line", "phases", "words"};
constexpr std::array<std::string_view, 4> kGrains = {"step", "phase", "switch", "tick"};

std::vector<std::string> tab_ids() {
    std::vector<std::string> ids;
    for (const Panel& panel : panels()) {
        if (panel.dock == Dock::inspector) ids.emplace_back(panel.id);
    }
    return ids;
}

template <typename Names>
std::size_t place_of(const Names& names, std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

Preferences current(const AppParts& p) {
    const ViewState& s = p.state;
    Preferences now;
    const std::vector<std::string> tabs = tab_ids();
    now.theme = theme_name(s.theme);
    now.language = s.lang == Lang::zh ? "zh" : "en";
    now.depth = kDepths[static_cast<std::size_t>(s.depth)];
    now.grain = kGrains[static_cast<std::size_t>(s.grain)];
    now.tab = tabs[std::min(static_cast<std::size_t>(std::max(s.tab, 0)), tabs.size() - 1)];
    now.scale = s.user_scale;
    now.speed = s.speed;
    now.timeline = s.timeline_share;
    now.reduced_motion = s.reduced_motion;
    now.inspector = !s.inspector_folded;
    now.recent = p.comfort.recent;
    return now;
}

void apply(AppParts& p, const Preferences& wanted) {
    ViewState& s = p.state;
    parse_theme(wanted.theme, s.theme);
    parse_language(wanted.language, s.lang);
    s.depth = static_cast<Depth>(place_of(kDepths, wanted.depth));
    s.grain = static_cast<Grain>(place_of(kGrains, wanted.grain));
    s.tab = static_cast<int>(place_of(tab_ids(), wanted.tab));
    s.user_scale = static_cast<float>(wanted.scale);
    s.speed = wanted.speed;
    s.timeline_share = static_cast<float>(wanted.timeline);
    s.reduced_motion = wanted.reduced_motion;
    s.inspector_folded = !wanted.inspector;
    p.comfort.recent = wanted.recent;
}

// The wishes of [keys]; lines that are no keys are problems.
std::vector<Rebinding> read_keys(const PreferenceText& text, std::vector<PreferenceProblem>& problems) {
    std::vector<Rebinding> wishes;
    std::vector<std::size_t> lines;
    for (const PreferenceText::Entry& e : text.entries()) {
        if (e.section != "keys") continue;
        std::string bad;
        const auto items = parse_keys(e.value, bad);
        const bool has_wait = items && std::any_of(items->begin(), items->end(), [](const auto& i) { return i.wait_ms > 0; });
        if (!items || has_wait) {
            if (bad.empty()) bad = e.value;
            problems.push_back({e.line, sy::text("{0}: '{1}' is no key; keys are such as Right, ctrl+o, shift+f3",
                                                 "{0}：“{1}” 不是按键；按键如 Right、ctrl+o、shift+f3", {e.name, bad})});
            continue;
        }
        Rebinding wish{e.name, {}};
        for (const KeyScriptItem& item : *items) wish.presses.push_back(item.press);
        // Of two lines for the same action the last counts.
        const auto same = std::find_if(wishes.begin(), wishes.end(), [&](const Rebinding& w) { return w.action == e.name; });
        if (same != wishes.end()) {
            *same = wish;
            continue;
        }
        wishes.push_back(wish);
        lines.push_back(e.line);
    }
    for (RebindNote& note : rebind(wishes)) problems.push_back({lines[note.wish], std::move(note.what)});
    return wishes;
}

}  // namespace

void load_preferences(AppParts& p, const WindowRequest& request) {
    Comfort& c = p.comfort;
    c.path = preferences_path(request);
    rebind({});
    if (!c.path.empty()) {
        const PreferenceText text = PreferenceText::parse(read_whole_file(c.path));
        PreferencesRead read = read_preferences(text, tab_ids());
        apply(p, read.values);
        c.broken = read.broken;
        c.keys = read_keys(text, read.problems);
        for (const PreferenceProblem& problem : read.problems)
            std::fprintf(stderr, "%s:%zu: %s\n", c.path.c_str(), problem.line, problem.what.in(p.state.lang).c_str());
        if (!read.problems.empty()) {
            set_language(p.state.lang);
            p.notice_text = tr(Str::prefs_problems,
                               {std::to_string(read.problems.size()), std::to_string(read.problems.front().line),
                                read.problems.front().what.in(p.state.lang)});
            p.notice_until = 10;
        }
    }
    // The command line beats them, for this time.
    if (!request.theme.empty()) parse_theme(request.theme, p.state.theme);
    if (!request.lang.empty()) parse_language(request.lang, p.state.lang);
    if (request.scale > 0) p.state.user_scale = std::clamp(static_cast<float>(request.scale), 0.8F, 2.5F);
    if (request.reduced_motion) p.state.reduced_motion = true;
    c.kept = current(p);
}

void keep_preferences(AppParts& p) {
    Comfort& c = p.comfort;
    if (c.path.empty()) return;
    const Preferences now = current(p);
    if (now == c.kept) return;
    // Another window, or an editor, may have written meanwhile: only our own lines are changed.
    const std::string before = read_whole_file(c.path);
    PreferenceText text = PreferenceText::parse(before.empty() ? kHeading : std::string_view(before));
    write_preferences(text, c.kept, now, c.broken);
    c.kept = now;
    const std::string why = write_file_safely(c.path, text.write());
    if (why.empty()) return;
    p.notice_text = tr(Str::prefs_not_written, {why});
    p.notice_until = p.now + 6;
    c.path.clear();  // said once
}

void note_opened(AppParts& p, const std::string& path) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
    const bool is_lesson = p.document.lesson > 0;
    if (!error && !is_lesson) add_recent(p.comfort.recent, real.string());
}

void bind_key(AppParts& p, const std::string& action, const std::vector<KeyPress>& presses, bool as_shipped) {
    Comfort& c = p.comfort;
    // The newest wish comes first, so that it beats the older ones.
    std::erase_if(c.keys, [&](const Rebinding& wish) { return wish.action == action; });
    for (Rebinding& wish : c.keys) {
        for (const KeyPress& press : presses) std::erase(wish.presses, press);
    }
    if (!as_shipped) c.keys.insert(c.keys.begin(), {action, presses});
    rebind(c.keys);
    if (c.path.empty()) return;
    const std::string before = read_whole_file(c.path);
    PreferenceText text = PreferenceText::parse(before.empty() ? kHeading : std::string_view(before));
    const auto put = [&](const Rebinding& wish) {
        std::string keys;
        for (const KeyPress& press : wish.presses) keys += (keys.empty() ? "" : " ") + key_text(press);
        if (text.get("keys", wish.action) != keys) text.set("keys", wish.action, keys);
    };
    for (const Rebinding& wish : c.keys) put(wish);
    if (as_shipped) text.remove("keys", action);
    const std::string why = write_file_safely(c.path, text.write());
    if (why.empty()) return;
    p.notice_text = tr(Str::prefs_not_written, {why});
    p.notice_until = p.now + 6;
}

}  // namespace sy::gui
