// The glossary: enough terms, in both languages, each with a lesson that really shows it.
#include "sim/report/glossary.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "sim/base/utf8.h"
#include "sim/scenario/parse.h"
#include "sim/session/session.h"

using namespace sy;

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool has_chinese(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded d = utf8::decode(text, at);
        if (d.code >= 0x4e00 && d.code <= 0x9fff) return true;
        at += d.bytes;
    }
    return false;
}

std::string text_of(std::string_view lesson) {
    std::ifstream file(std::string(SWITCHYARD_SOURCE_DIR) + "/scenarios/" + std::string(lesson) + ".scn", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What the steps of the lesson's run say, its beginning at most.
std::string told_by(const std::string& lesson) {
    Scenario scenario;
    Diagnostics mistakes;
    REQUIRE(parse_scenario(text_of(lesson), lesson, scenario, mistakes));
    BootError error;
    const auto session = Session::open(std::move(scenario), error);
    REQUIRE(session);
    session->run_ahead(4'000);
    std::string all;
    for (const StoryStep& s : session->tell(0, session->frontier().steps()))
        all += s.routine + " " + s.source + " " + s.what.en + " " + s.why.en + " " + s.by.en + "\n";
    return all;
}

std::vector<std::string> spellings(const GlossaryTerm& term) {
    std::vector<std::string> all = {std::string(term.name)};
    if (term.name_zh != term.name) all.emplace_back(term.name_zh);
    std::string_view rest = term.also;
    while (!rest.empty()) {
        const std::size_t stop = rest.find('|');
        all.emplace_back(rest.substr(0, stop));
        rest = stop == std::string_view::npos ? std::string_view() : rest.substr(stop + 1);
    }
    return all;
}

}  // namespace

TEST_CASE("there are 150 terms, said in both languages, and no word means two of them") {
    CHECK(glossary().size() >= 150);
    std::map<std::string, std::string_view> owner;
    for (const GlossaryTerm& term : glossary()) {
        CAPTURE(std::string(term.name));
        CHECK(term.en.size() >= 25);
        CHECK(!has_chinese(term.en));
        CHECK(has_chinese(term.zh));
        CHECK(!term.name_zh.empty());
        CHECK((term.name_zh == term.name || has_chinese(term.name_zh)));
        for (const std::string& spelling : spellings(term)) {
            CAPTURE(spelling);
            CHECK(owner.emplace(lower(spelling), term.name).second);
            CHECK(find_term(spelling) == &term);
        }
    }
}

TEST_CASE("each term's lesson exists and shows it, in its text or in what its run says") {
    std::map<std::string, std::string> told;
    for (const GlossaryTerm& term : glossary()) {
        const std::string lesson(term.lesson), text = text_of(lesson), wanted = lower(term.shown);
        CAPTURE(std::string(term.name));
        CAPTURE(lesson);
        CAPTURE(wanted);
        REQUIRE(!text.empty());
        REQUIRE(wanted.size() >= 2);
        if (lower(text).find(wanted) != std::string::npos) continue;
        if (!told.count(lesson)) told[lesson] = lower(told_by(lesson));
        CHECK(told[lesson].find(wanted) != std::string::npos);
    }
}

TEST_CASE("a term is found under the mouse as a word of its own, the longest first") {
    const std::string text = "The context switches of a kernel thread; schedules, mmap.";
    const auto at = [&](std::string_view word) { return term_at(text, text.find(word)); };
    CHECK(at("context") == find_term("context switch"));
    CHECK(at("switches") == find_term("context switch"));  // a plural
    CHECK(at("kernel") == find_term("kernel thread"));
    CHECK(at("thread") == find_term("kernel thread"));
    CHECK(at("mmap") == find_term("mmap"));
    CHECK(at("of") == nullptr);
    CHECK(at("schedules") == nullptr);
    CHECK(term_at("写时复制的页", 0) == find_term("copy on write"));
    CHECK(term_at("写时复制的页", 15) == find_term("page"));
    CHECK(term_at("", 0) == nullptr);
    CHECK(term_at("mm", 5) == nullptr);
}

TEST_CASE("a mistyped or half-typed term is guessed, and a stranger is not") {
    CHECK(nearest_term("vruntme") == "vruntime");
    CHECK(nearest_term("zombei") == "zombie");
    CHECK(find_term("RUN QUEUE") == find_term("运行队列"));
    CHECK(nearest_term("qqqqqqqq").empty());
}

TEST_CASE("a term is printed with its lesson, and the list has all") {
    const std::string one = term_as_text(*find_term("zombie"), Lang::en);
    CHECK(one.find("zombie (僵尸进程)\n  ") == 0);
    CHECK(one.find("scenarios/15-zombie-orphan.scn") != std::string::npos);
    const std::string all = glossary_as_text(Lang::zh);
    CHECK(static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n')) == 3 * glossary().size());
}
