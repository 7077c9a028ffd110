// Numbers and times as the window writes them; shortening; wrapping; and that text cut by mistake
// is found out.
#include <doctest/doctest.h>

#include "tests/gui/headless.h"

using namespace sy::gui;

TEST_CASE("times are grouped and never rounded") {
    // Written by hand: window.md gives `12.004 312 ms` as the form.
    CHECK(format_time(12'004'312) == "12.004\u2009312 ms");
    CHECK(format_time(0) == "0.000\u2009000 ms");
    CHECK(format_time(999'999) == "0.999\u2009999 ms");
    CHECK(format_time(1'234'567'890'123) == "1\u2009234\u2009567.890\u2009123 ms");
    CHECK(format_span(800) == "800 ns");
    CHECK(format_span(12'500) == "12.5 µs");
    CHECK(format_span(3'000'000) == "3 ms");
    CHECK(format_span(1'250'000'000) == "1.25 s");
    CHECK(format_span(1'000'001) == "1.000001 ms");
    CHECK(format_span(0) == "0 ns");
    CHECK(format_count(1'000'000) == "1\u2009000\u2009000");
    CHECK(format_count(999) == "999");
    CHECK(format_count(-1'234) == "−1\u2009234");
}

TEST_CASE("addresses have sixteen digits, their tails four") {
    CHECK(format_address(0xffffc90000123e78) == "ffffc90000123e78");
    CHECK(format_address(0x401136) == "0000000000401136");
    CHECK(format_tail(0xffffc90000123e78) == "…3e78");
    CHECK(format_tail(0x10007) == "…0007");
}

TEST_CASE("shortened text fits and ends in an ellipsis") {
    Headless ui;
    ui.frame(800, [] {
        const std::string_view name = "a very long name of a task that nobody would write";
        for (const float width : {40.0F, 100.0F, 200.0F}) {
            const std::string shown = shorten(name, width);
            CHECK(measure(shown).x <= width);
            CHECK(shown.ends_with("…"));
        }
        CHECK(shorten("init", 200) == "init");
    });
}

TEST_CASE("a label that does not fit is reported, one that fits is not") {
    Headless ui;
    const auto draw = [] {
        const PlaceName place("inspector");
        label("short");
        label("this text is far too long for a window of a hundred and fifty pixels");
        fit("this text is too long as well, but it asked to be shortened when it does not fit", 0);
    };
    ui.frame(150, draw);
    REQUIRE(overflows().size() == 1);
    CHECK(overflows()[0].where == "inspector");
    CHECK(overflows()[0].width > overflows()[0].available);
    ui.frame(800, draw);
    CHECK(overflows().empty());
}

TEST_CASE("a paragraph wraps between words and between Chinese characters") {
    Headless ui;
    ui.frame(800, [] {
        const Span english{"one two three four five six seven eight nine ten", {}};
        const Span chinese{"上下文切换保存了什么，替换了什么，又保留了什么。", {}};
        for (const Span& span : {english, chinese}) {
            const float whole = measure(span.text, span.style).x;
            const float one = paragraph_height({&span, 1}, whole + 1);
            CHECK(one == line_height());
            CHECK(paragraph_height({&span, 1}, whole * 0.6F) == 2 * one);
        }
    });
}
