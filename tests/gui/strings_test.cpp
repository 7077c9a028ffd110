// Every string is there in both languages, really translated, and can be drawn.
#include "gui/strings/strings.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "sim/base/utf8.h"
#include "tests/gui/headless.h"

using namespace sy;
using namespace sy::gui;

namespace {

bool has_chinese(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded decoded = utf8::decode(text, at);
        if (decoded.code >= 0x4e00 && decoded.code <= 0x9fff) return true;
        at += decoded.bytes;
    }
    return false;
}

// `{0}` and its kind, which both languages must use alike.
std::string places_of(std::string_view text) {
    std::string places;
    for (std::size_t at = 0; at + 2 < text.size(); ++at) {
        if (text[at] == '{' && text[at + 2] == '}') places.push_back(text[at + 1]);
    }
    std::sort(places.begin(), places.end());
    return places;
}

template <typename Check>
void for_each_string(const Check& check) {
    for (std::size_t i = 0; i < kStrings; ++i) {
        const Str id = static_cast<Str>(i);
        CAPTURE(name_of(id));
        check(id, tr(id, Lang::en), tr(id, Lang::zh));
    }
}

}  // namespace

TEST_CASE("no string is empty or left in the other language") {
    for_each_string([](Str id, std::string_view en, std::string_view zh) {
        CHECK(!en.empty());
        CHECK(!zh.empty());
        // The button that changes the language is written in the language one would get.
        if (id == Str::language_switch || id == Str::language_hint) return;
        CHECK(!has_chinese(en));
        // A name of code stays what it is; signs between two places are no words.
        const bool no_words = id == Str::co_main || id == Str::orders_race;
        CHECK((has_chinese(zh) || no_words));
    });
}

TEST_CASE("both languages fill in the same places") {
    for_each_string([](Str, std::string_view en, std::string_view zh) {
        CHECK(places_of(en) == places_of(zh));
    });
}

TEST_CASE("places are filled in the language in force") {
    set_language(Lang::en);
    CHECK(tr(Str::lesson_of, {"2", "24"}) == "Lesson 2 of 24");
    set_language(Lang::zh);
    CHECK(tr(Str::lesson_of, {"2", "24"}) == "第 2 课，共 24 课");
    set_language(Lang::en);
}

TEST_CASE("every character of every string has a glyph") {
    Headless ui;
    const bool cjk = ui.fonts().has_cjk();
    if (!cjk) MESSAGE("no Chinese font on this system; only English is looked at");
    for_each_string([&](Str, std::string_view en, std::string_view zh) {
        ui.fonts().need(en);
        ui.fonts().need(zh);
    });
    ui.fonts().build(1);
    for_each_string([&](Str id, std::string_view en, std::string_view zh) {
        if (!has_chinese(en)) CHECK(ui.fonts().first_missing(en) == 0);
        if (cjk && id != Str::count_) CHECK(ui.fonts().first_missing(zh) == 0);
    });
}
