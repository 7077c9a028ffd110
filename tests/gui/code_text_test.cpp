// Colours, completions and help of the editor, at places marked in small texts.
#include "gui/model/code_text.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sy;
using namespace sy::gui;

namespace {

// The text without its mark `|`, and where the mark stood.
std::pair<std::string, std::size_t> marked(std::string text) {
    const std::size_t at = text.find('|');
    text.erase(at, 1);
    return {text, at};
}

CodePlace place(const std::string& text) {
    const auto [plain, at] = marked(text);
    return code_place(plain, at);
}

bool offers(const std::string& text, const std::string& name) {
    const auto [plain, at] = marked(text);
    Scenario scenario;
    scenario.processes.emplace_back().name = "editor";
    scenario.devices.emplace_back().name = "keyboard";
    const auto choices = code_choices(plain, at, scenario);
    return std::any_of(choices.begin(), choices.end(), [&](const CodeChoice& c) { return c.name == name && !c.help_en.empty() && !c.help_zh.empty(); });
}

}  // namespace

TEST_CASE("the place says which words may come") {
    CHECK(place("|") == CodePlace::top);
    CHECK(place("machine { cp|us 1 }") == CodePlace::machine);
    CHECK(place("process a ni|") == CodePlace::head);
    CHECK(place("process a { ru|") == CodePlace::statement);
    CHECK(place("process a { repeat 3 { ru|") == CodePlace::statement);
    CHECK(place("process a { run 1ms }\n|") == CodePlace::top);
    CHECK(place("at 3ms { ki|") == CodePlace::action);
    CHECK(place("device d ev|") == CodePlace::device);
    CHECK(place("expect sw|") == CodePlace::expect);
    CHECK(place("# proc|") == CodePlace::nothing);
    CHECK(place("process a { asm { mo|") == CodePlace::assembly);
}

TEST_CASE("completions come from the tables and from the scenario") {
    CHECK(offers("pro|", "process"));
    CHECK(offers("process a { sl|", "sleep"));
    CHECK(!offers("process a { sl|", "process"));
    CHECK(offers("machine { scheduler c|", "cfs"));
    CHECK(offers("at 3ms { kill e|", "editor"));
    CHECK(offers("at 3ms { irq |", "keyboard"));
    CHECK(!offers("process a { run|", "run"));   // whole already
}

TEST_CASE("every byte has at most one colour, and the pieces cover all words") {
    const std::string text = "# 注释\nprocess a { run 5ms  asm { mov rax, 1 } }\nat 1ms { caption \"说\" }\n";
    std::size_t last = 0;
    for (const CodePiece& p : color_code(text)) {
        CHECK(p.from >= last);
        CHECK(p.to > p.from);
        for (std::size_t i = last; i < p.from; ++i) CHECK(std::string(" \n;").find(text[i]) != std::string::npos);
        last = p.to;
    }
    CHECK(color_code(text).front().color == CodeColor::comment);
    CHECK(color_code(text)[1].color == CodeColor::keyword);
    const auto [plain, at] = marked("process a { ru|n 5ms }");
    CHECK(code_help(plain, at).name == "run");
    CHECK(code_help("", 0).name.empty());
    for (const char* broken : {"\"", "\xff\xfe", "{{{{", "asm {", "}"}) {
        color_code(broken);
        code_place(broken, 1);
        code_help(broken, 1);
    }
}
