// The editor's text against a naive model: random edits, moves and undo on both.
#include "gui/model/text_document.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace sy::gui;

TEST_CASE("random edits do what a plain string does, and undo leads back through every text") {
    const std::vector<std::string> words = {"run 5ms", "进程", "\n", "{", "}", "é", "\r\n", " ", "𝄞", "x"};
    for (unsigned seed = 1; seed <= 30; ++seed) {
        std::mt19937 rng(seed);
        TextDocument doc;
        doc.load("process a { run 1ms }\n# 注释\n");
        std::vector<std::string> past = {doc.text()};
        for (int i = 0; i < 120; ++i) {
            // A place at the beginning of a character.
            std::size_t from = rng() % (doc.text().size() + 1), length = rng() % 9;
            doc.select(from, from + length);
            const TextRange s = doc.selection();
            const std::string& word = words[rng() % words.size()];
            std::string wanted = doc.text();
            switch (rng() % 4) {
                case 0:
                    wanted.replace(s.from, s.to - s.from, word);
                    doc.type(word);
                    break;
                case 1:
                    if (s.empty()) continue;
                    wanted.erase(s.from, s.to - s.from);
                    doc.erase_back();
                    break;
                case 2:
                    wanted = std::string(doc.text().substr(0, s.from)) + "zz" + doc.text().substr(s.to);
                    doc.become(wanted);
                    break;
                default:
                    wanted.insert(s.from, "ab");
                    doc.replace(s.from, 0, "ab");
                    break;
            }
            REQUIRE(doc.text() == wanted);
            if (past.back() != wanted) past.push_back(wanted);
            // The lines, counted naively.
            std::size_t lines = 1;
            for (const char c : wanted) lines += c == '\n';
            REQUIRE(doc.lines() == lines);
            CHECK(doc.line_start(doc.line_of(doc.cursor())) <= doc.cursor());
        }
        const std::string last = doc.text();
        std::size_t steps = 0;
        for (std::size_t at = past.size(); doc.undo(); ++steps) {
            while (at > 0 && past[at - 1] != doc.text()) --at;
            REQUIRE(at > 0);   // each text on the way back has been there, in this order
        }
        CHECK(doc.text() == past.front());
        CHECK(!doc.is_modified());
        for (std::size_t i = 0; i < steps; ++i) REQUIRE(doc.redo());
        CHECK(doc.text() == last);
        CHECK(!doc.redo());
    }
}

TEST_CASE("the cursor goes by characters, never into one, and remembers its column") {
    TextDocument doc;
    doc.load("进程 a\n\nlonger line\n");
    doc.move(TextMove::right, false);
    CHECK(doc.cursor() == 3);
    CHECK(doc.column_of(3) == 2);
    doc.move(TextMove::right, false);
    doc.move(TextMove::down, false);
    CHECK(doc.line_of(doc.cursor()) == 1);
    doc.move(TextMove::down, false);
    CHECK(doc.column_of(doc.cursor()) == 4);
    doc.move(TextMove::up, true);
    CHECK(doc.selected() == "\nlong");
    doc.move(TextMove::text_start, false);
    for (int i = 0; i < 100; ++i) doc.move(TextMove::right, false);
    CHECK(doc.cursor() == doc.text().size());
    for (int i = 0; i < 100; ++i) doc.move(TextMove::left, false);
    CHECK(doc.cursor() == 0);
    doc.move(TextMove::word_right, false);
    CHECK(doc.cursor() == 6);
    doc.load("a\r\nb");
    doc.move(TextMove::line_end, false);
    CHECK(doc.cursor() == 1);
    doc.move(TextMove::right, false);
    CHECK(doc.cursor() == 3);
}

TEST_CASE("typing is one step of undo, a new line keeps the indentation") {
    TextDocument doc;
    doc.load("");
    for (const char* c : {"r", "u", "n"}) doc.type(c);
    doc.undo();
    CHECK(doc.text() == "");
    doc.redo();
    CHECK(doc.text() == "run");
    doc.load("  a {");
    doc.move(TextMove::text_end, false);
    doc.new_line();
    CHECK(doc.text() == "  a {\n    ");
    doc.erase_back();
    CHECK(doc.text() == "  a {\n  ");
    doc.load("a\nb\n");
    doc.select(0, 4);
    doc.indent(false);
    CHECK(doc.text() == "  a\n  b\n");
    doc.indent(true);
    CHECK(doc.text() == "a\nb\n");
    doc.toggle_comment();
    CHECK(doc.text() == "# a\n# b\n");
    doc.toggle_comment();
    CHECK(doc.text() == "a\nb\n");
}

TEST_CASE("find goes round the end both ways; replace takes all in one step") {
    TextDocument doc;
    doc.load("Run run 跑 run");
    CHECK(doc.count("run") == 3);
    CHECK(doc.count("run", true) == 2);
    auto hit = doc.find("run", true);
    REQUIRE(hit);
    CHECK(hit->from == 0);
    doc.select(hit->from, hit->to);
    hit = doc.find("run", true);
    CHECK(hit->from == 4);
    doc.select(0, 0);
    hit = doc.find("run", false);
    CHECK(hit->from == doc.text().size() - 3);
    doc.select(doc.text().size(), doc.text().size());
    CHECK(doc.find("run", true)->from == 0);
    CHECK(!doc.find("nothing", true));
    CHECK(!doc.find("", true));
    CHECK(doc.replace_every("run", "sleep") == 3);
    CHECK(doc.text() == "sleep sleep 跑 sleep");
    doc.undo();
    CHECK(doc.text() == "Run run 跑 run");
}
