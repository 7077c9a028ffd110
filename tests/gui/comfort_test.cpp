// What needs no window: fuzzy search, preferences as text, undo of views, keys that a person chose.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gui/app/keymap.h"
#include "gui/app/preferences_file.h"
#include "gui/model/fuzzy.h"
#include "gui/model/preferences.h"
#include "gui/model/view_history.h"
#include "gui/panels/panels.h"

using namespace sy;
using namespace sy::gui;
using Kind = Command::Kind;

namespace {

int score(std::string_view query, std::string_view text) {
    const auto match = fuzzy_match(query, text);
    REQUIRE(match);
    return match->score;
}

const std::vector<std::string> kTabs = {"run_queue", "registers", "plots"};

struct AsShipped {
    ~AsShipped() { rebind({}); }
};

}  // namespace

TEST_CASE("fuzzy search finds letters in their order, in any case, and words in any order") {
    CHECK(fuzzy_match("", "anything")->score == 0);
    CHECK(fuzzy_match("zin", "zoom the timeline in"));
    CHECK(fuzzy_match("ZTI", "zoom the timeline in"));
    CHECK(!fuzzy_match("nz", "zoom the timeline in"));
    CHECK(fuzzy_match("timeline zoom", "zoom the timeline in"));
    CHECK(!fuzzy_match("timeline zoomx", "zoom the timeline in"));
    CHECK(!fuzzy_match("aa", "a"));
    CHECK(fuzzy_match("时间", "放大时间线"));
    CHECK(!fuzzy_match("间时", "放大时间线"));
    CHECK(fuzzy_match("zoom", "zoom the timeline in")->at == std::vector<std::size_t>{0, 1, 2, 3});
    CHECK(fuzzy_match("时", "放大时间线")->at == std::vector<std::size_t>{6});
}

TEST_CASE("fuzzy search puts first what was meant") {
    CHECK(score("rq", "run queue") > score("rq", "to read quickly or not"));
    CHECK(score("theme", "theme: dark") > score("theme", "the other menu"));
    CHECK(score("play", "play") > score("play", "play slower"));
    CHECK(score("ke", "kernel stack") > score("ke", "make it larger"));
}

TEST_CASE("fuzzy search agrees with a plain subsequence check on every pair of short texts") {
    const std::vector<std::string> texts = {"abab", "ba", "aab", "b a", "xaxbx", "bbbbba", ""};
    const std::vector<std::string> queries = {"a", "ab", "ba", "abb", "aa", "bb", "x"};
    for (const std::string& text : texts) {
        for (const std::string& query : queries) {
            std::size_t at = 0;
            for (const char c : text) at += at < query.size() && query[at] == c;
            CAPTURE(text);
            CAPTURE(query);
            CHECK(fuzzy_match(query, text).has_value() == (at == query.size()));
        }
    }
}

TEST_CASE("preferences are read field by field, and what is broken is said and changes nothing") {
    const PreferenceText text = PreferenceText::parse(
        "# mine\n[view]\ntheme = contrast\nscale = banana\nspeed=2\nthem = dark\nrubbish\nscale = 99\n"
        "motion = reduced\ninspector = folded\ntab = plots\nlanguage = zh\n[recent]\nfile = /a b/c.scn\n[future]\nx = 1\n");
    const PreferencesRead read = read_preferences(text, kTabs);
    CHECK(read.values.theme == "contrast");
    CHECK(read.values.scale == 1);
    CHECK(read.values.speed == 2);
    CHECK(read.values.language == "zh");
    CHECK(read.values.tab == "plots");
    CHECK(read.values.reduced_motion);
    CHECK(!read.values.inspector);
    CHECK(read.values.recent == std::vector<std::string>{"/a b/c.scn"});
    std::vector<std::size_t> lines;
    for (const PreferenceProblem& p : read.problems) {
        lines.push_back(p.line);
        CHECK(!p.what.in(Lang::zh).empty());
        CHECK(p.what.in(Lang::zh) != p.what.in(Lang::en));
    }
    CHECK(lines == std::vector<std::size_t>{4, 6, 7, 8, 16});
    CHECK(read.problems[1].what.in(Lang::en).find("did you mean 'theme'") != std::string::npos);
}

TEST_CASE("writing changes the lines of what changed, and no other byte") {
    const std::string before =
        "# mine\n[view]\n  theme = contrast   \nscale = banana\nthem = dark\nrubbish\n\n[recent]\nfile = /a\n[future]\nx = 1\n";
    PreferenceText text = PreferenceText::parse(before);
    const PreferencesRead read = read_preferences(text, kTabs);
    write_preferences(text, read.values, read.values, read.broken);
    CHECK(text.write() == before);
    Preferences now = read.values;
    now.scale = 1.5;
    now.depth = "line";
    add_recent(now.recent, "/b");
    add_recent(now.recent, "/a");
    write_preferences(text, read.values, now, read.broken);
    CHECK(text.write() ==
          "# mine\n[view]\n  theme = contrast   \n# scale = banana\nscale = 1.5\nthem = dark\ndepth = line\nrubbish\n\n"
          "[recent]\nfile = /a\nfile = /b\n[future]\nx = 1\n");
    const PreferencesRead again = read_preferences(PreferenceText::parse(text.write()), kTabs);
    CHECK(again.values == now);
}

TEST_CASE("everything that can be preferred survives writing and reading") {
    Preferences all;
    all.theme = "light";
    all.language = "zh";
    all.depth = "phases";
    all.grain = "tick";
    all.tab = "registers";
    all.scale = 2.5;
    all.speed = 0.25;
    all.timeline = 0.4;
    all.reduced_motion = true;
    all.inspector = false;
    for (int i = 0; i < 30; ++i) add_recent(all.recent, "/f" + std::to_string(i));
    CHECK(all.recent.size() == kMostRecent);
    CHECK(all.recent.front() == "/f29");
    PreferenceText text = PreferenceText::parse("");
    write_preferences(text, {}, all, {});
    CHECK(read_preferences(PreferenceText::parse(text.write()), kTabs).values == all);
    CHECK(read_preferences(PreferenceText::parse(text.write()), kTabs).problems.empty());
}

TEST_CASE("hostile preferences do no harm") {
    for (const std::string& text :
         {std::string(100'000, '['), std::string(100'000, '='), std::string("\0\0=\0", 4), std::string("\xff\xfe=1\n[\xff]"),
          "[view]\nscale = " + std::string(100'000, '9'), std::string("[view]\nscale = nan\nspeed = inf\ntimeline = -1e999"), std::string("=\n=x\n[]\n]=[")}) {
        const PreferencesRead read = read_preferences(PreferenceText::parse(text), kTabs);
        CHECK(read.values == Preferences{});
    }
    PreferenceText text = PreferenceText::parse("");
    text.set("view", "tab", "two\nlines");
    CHECK(text.write() == "[view]\ntab = two lines\n");
}

TEST_CASE("preferences are in the platform's folder, and nowhere for pictures") {
    WindowRequest request;
    setenv("XDG_CONFIG_HOME", "/xdg", 1);
    setenv("HOME", "/home/me", 1);
    unsetenv("SWITCHYARD_CONFIG");
    CHECK(preferences_path(request) == "/xdg/switchyard/config");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    CHECK(preferences_path(request) == "/home/me/.config/switchyard/config");
    setenv("SWITCHYARD_CONFIG", "none", 1);
    CHECK(preferences_path(request).empty());
    setenv("SWITCHYARD_CONFIG", "/else", 1);
    CHECK(preferences_path(request) == "/else");
    request.shot = true;
    CHECK(preferences_path(request).empty());
    request.config = "/given";
    CHECK(preferences_path(request) == "/given");
    request.no_config = true;
    CHECK(preferences_path(request).empty());
    unsetenv("SWITCHYARD_CONFIG");
}

TEST_CASE("a file is written as a whole, through a link, into a new folder, or not at all") {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / ("sy-prefs-" + std::to_string(getpid()));
    const fs::path file = folder / "deep" / "config";
    CHECK(write_file_safely(file.string(), "one\n").empty());
    CHECK(read_whole_file(file.string()) == "one\n");
    fs::create_symlink(file, folder / "link");
    CHECK(write_file_safely((folder / "link").string(), "two\n").empty());
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(read_whole_file(file.string()) == "two\n");
    CHECK(!write_file_safely((file / "below").string(), "x").empty());  // a file is no folder
    CHECK(read_whole_file(file.string()) == "two\n");
    CHECK(std::distance(fs::directory_iterator(folder / "deep"), fs::directory_iterator()) == 1);  // nothing left lying
    CHECK(!write_file_safely("/dev/full/x", "x").empty());
    fs::remove_all(folder);
}

TEST_CASE("views are undone and redone, a turn of the wheel in one") {
    ViewHistory history;
    ViewSpot spot;
    history.see(spot, 0);
    CHECK(!history.back());
    spot.tab = 3;
    history.see(spot, 1);
    for (int i = 1; i <= 10; ++i) {
        spot.until = 1000 - i;
        history.see(spot, 2 + i * 0.1);
    }
    spot.selected = 7;
    history.see(spot, 9);
    CHECK(history.undo_count() == 3);
    CHECK(history.back()->selected == kNoTask);
    CHECK(history.back()->until == 0);
    CHECK(history.back()->tab == 0);
    CHECK(!history.back());
    CHECK(history.forward()->tab == 3);
    CHECK(history.forward()->until == 990);
    spot = *history.forward();
    CHECK(spot.selected == 7);
    CHECK(!history.forward());
    history.see(spot, 10);
    CHECK(history.undo_count() == 3);
    // What the program does by itself is nothing to undo, and a new way forgets the old one.
    spot.from = 5;
    history.see(spot, 20, false);
    CHECK(history.undo_count() == 3);
    history.back();
    spot.tab = 1;
    history.see(spot, 30);
    CHECK(!history.forward());
}

TEST_CASE("keys follow the person: one action, several keys, none, and as shipped again") {
    const AsShipped restore;
    std::string bad;
    const auto keys = [&](const char* text) {
        std::vector<KeyPress> presses;
        const auto items = parse_keys(text, bad);
        REQUIRE(items);
        for (const KeyScriptItem& item : *items) presses.push_back(item.press);
        return presses;
    };
    CHECK(rebind(std::vector<Rebinding>{{"forward", keys("F10 F9")}, {"quit", {}}, {"panel.plots", keys("ctrl+k")}}).empty());
    CHECK(command_of({Key::f10}) == Kind::forward);
    CHECK(command_of({Key::f9}) == Kind::forward);
    CHECK(command_of({Key::right}) == Kind::none);
    CHECK(command_of({Key::q, false, true}) == Kind::none);
    CHECK(key_of(Kind::forward) == "F10");
    CHECK(key_of(Kind::quit).empty());
    CHECK(tab_of({Key::p, true}) == -1);
    CHECK(tab_of({Key::k, false, true}) >= 0);
    // A wish beats what is shipped, and says whose key it took; swapping two is no conflict.
    auto notes = rebind(std::vector<Rebinding>{{"theme", keys("l")}});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].what.in(Lang::en) == "l is now 'theme'; 'language' has lost it");
    CHECK(command_of({Key::l}) == Kind::theme);
    CHECK(rebind(std::vector<Rebinding>{{"theme", keys("l")}, {"language", keys("t")}}).empty());
    CHECK(command_of({Key::t}) == Kind::language);
    // The first of two wishes wins.
    notes = rebind(std::vector<Rebinding>{{"theme", keys("z")}, {"language", keys("z")}, {"forwrad", keys("y")}});
    REQUIRE(notes.size() == 2);
    CHECK(notes[0].wish == 1);
    CHECK(command_of({Key::z}) == Kind::theme);
    CHECK(notes[1].what.in(Lang::en).find("did you mean 'forward'") != std::string::npos);
    rebind({});
    CHECK(command_of({Key::right}) == Kind::forward);
    CHECK(key_of(Kind::quit) == "Ctrl Q");
}

TEST_CASE("every key can be written and read again") {
    std::string bad;
    for (const KeyBinding& binding : shipped_bindings()) {
        const std::string written = key_text(binding.press);
        CAPTURE(written);
        const auto read = parse_keys(written, bad);
        REQUIRE(read);
        REQUIRE(read->size() == 1);
        CHECK(read->front().press == binding.press);
    }
}

TEST_CASE("every action has a name of its own, and every panel of the inspector is one") {
    std::set<std::string> names;
    for (const KeyBinding& binding : shipped_bindings()) {
        if (!binding.alias) CHECK(names.insert(action_id(binding)).second);
    }
    for (const Panel& panel : panels()) {
        if (panel.dock == Dock::inspector) CHECK(action_of(panel_press(panel.id)) == "panel." + std::string(panel.id));
    }
}
