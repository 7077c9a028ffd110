// Key names, key scripts, and the table of keys.
#include "gui/platform/keys.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <tuple>

#include "gui/app/keymap.h"

using namespace sy::gui;
using Kind = Command::Kind;

TEST_CASE("a key script reads xdotool's names in any case") {
    std::string bad;
    const auto items = parse_keys("Right shift+Right ctrl+plus space ? 3 F5 Prior wait200 a", bad);
    REQUIRE(items);
    REQUIRE(items->size() == 10);
    CHECK((*items)[0].press == KeyPress{Key::right});
    CHECK((*items)[1].press == KeyPress{Key::right, true});
    CHECK((*items)[2].press == KeyPress{Key::plus, false, true});
    CHECK((*items)[3].press == KeyPress{Key::space});
    CHECK((*items)[4].press == KeyPress{Key::question});
    CHECK((*items)[5].press == KeyPress{Key::d3});
    CHECK((*items)[6].press == KeyPress{Key::f5});
    CHECK((*items)[7].press == KeyPress{Key::page_up});
    CHECK((*items)[8].wait_ms == 200);
    CHECK((*items)[9].press == KeyPress{Key::a});
    CHECK(parse_keys("", bad)->empty());
    for (const char* wrong : {"Rihgt", "shift+", "wait-5", "waitlong", "F13", "Right Lfet"}) {
        CAPTURE(wrong);
        CHECK(!parse_keys(wrong, bad));
    }
    CHECK(bad == "Lfet");
}

TEST_CASE("no two keys of the table are the same, and each does something") {
    std::set<std::tuple<Key, bool, bool, bool>> seen;
    for (const KeyBinding& binding : key_bindings()) {
        const KeyPress& press = binding.press;
        CAPTURE(binding_label(press));
        CHECK(seen.insert({press.key, press.shift, press.ctrl, press.alt}).second);
        CHECK(binding.command != Kind::none);
        CHECK(command_of(press) == binding.command);
        CHECK(!key_label(press.key).empty());
    }
}

TEST_CASE("the keys of the design do what it says") {
    CHECK(command_of({Key::space}) == Kind::play);
    CHECK(command_of({Key::right}) == Kind::forward);
    CHECK(command_of({Key::left}) == Kind::back);
    CHECK(command_of({Key::right, true}) == Kind::forward_larger);
    CHECK(command_of({Key::d3}) == Kind::grain_switch);
    CHECK(command_of({Key::question, true}) == Kind::help);  // shift makes the sign
    CHECK(command_of({Key::plus, true, true}) == Kind::bigger);
    CHECK(command_of({Key::right, false, false, false, true}) == Kind::forward);  // held down
    CHECK(command_of({Key::z}) == Kind::none);
}
