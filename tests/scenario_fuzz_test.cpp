// Broken input never breaks the reader: thousands of damaged scenarios, each read to its end, with
// a message if it is refused. Worth most when built with sanitizers; SWITCHYARD_FUZZ_SEEDS asks for
// more seeds than the usual run.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "sim/base/limits.h"
#include "sim/scenario/format.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"

using namespace sy;

namespace {

std::uint64_t seeds() {
    const char* asked = std::getenv("SWITCHYARD_FUZZ_SEEDS");
    return asked == nullptr ? 1500 : std::strtoull(asked, nullptr, 10);
}

void read_and_judge(const std::string& text) {
    Scenario scenario;
    Diagnostics diags;
    const bool is_fine = parse_scenario(text, "broken.scn", scenario, diags);
    CHECK(is_fine != diags.has_errors());
    for (const Lang lang : {Lang::en, Lang::zh}) {
        const std::string shown = diags.render("broken.scn", text, lang);
        CHECK(shown.empty() == diags.empty());
        CHECK(shown.size() < 100'000);
        CHECK(shown.find("{0}") == std::string::npos);
    }
    CHECK(diags.list().size() <= 2 * static_cast<std::size_t>(limits::diagnostics) + 1);
    for (const Diagnostic& d : diags.list()) {
        CHECK_FALSE(d.message.en.empty());
        CHECK_FALSE(d.message.zh.empty());
    }
    if (!is_fine) return;
    // What was accepted can be saved, formatted and read again.
    Scenario again;
    Diagnostics none;
    const std::string written = write_scenario(scenario);
    CAPTURE(written);
    CHECK(parse_scenario(written, "broken.scn", again, none));
    CHECK(again == scenario);
    const std::string once = format_scenario(text);
    CHECK(format_scenario(once) == once);
}

}  // namespace

TEST_CASE("damaged scenarios are refused with a message or read as they stand") {
    int refused = 0;
    for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
        CAPTURE(seed);
        const std::string text = broken_scenario(seed);
        CAPTURE(text);
        read_and_judge(text);
        Scenario scenario;
        Diagnostics diags;
        refused += parse_scenario(text, "", scenario, diags) ? 0 : 1;
    }
    // Otherwise the damage is no damage and this test tests nothing.
    CHECK(refused > static_cast<int>(seeds() / 2));
}

TEST_CASE("bytes that were never a scenario") {
    std::uint64_t state = 42;
    for (int round = 0; round < 300; ++round) {
        std::string text;
        for (int i = 0; i < 400; ++i) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            const auto byte = static_cast<char>(state >> 56);
            text += round % 2 == 0 ? byte
                                   : static_cast<char>(' ' + static_cast<unsigned char>(byte) % 95);
        }
        CAPTURE(round);
        read_and_judge(text);
    }
}

TEST_CASE("texts of extreme shape") {
    const auto many = [](std::string_view what, int count) {
        std::string out;
        for (int i = 0; i < count; ++i) out += what;
        return out;
    };
    for (const std::string& text : {"process a " + many("{ repeat ", 100'000),
                                    many("{", 300'000),
                                    many("}", 300'000),
                                    "expect " + many("(", 200'000),
                                    "expect " + many("not ", 200'000),
                                    "expect 1" + many("+1", 200'000),
                                    "expect cpu(" + many("a/", 200'000) + ")",
                                    "process a { " + many("runn 5 ", 100'000),
                                    many("process a { run 1ms } ", 20'000),
                                    many("a", 2'000'000),
                                    many("1", 2'000'000),
                                    "# " + many("注", 500'000),
                                    "title \"" + many("x", 2'000'000),
                                    many("\n", 1'000'000) + "x",
                                    "process a { run " + many("9", 100'000) + "ms }",
                                    "every 1ns until 1000s { " + many("irq k ", 1000) + "}",
                                    "machine { " + many("cpus 1 ", 100'000) + "}",
                                    "device d at 1ms" + many(", 1ms", 200'000),
                                    "process a { " + many("lock m ", 100'000) + "}",
                                    many("process a x1000000 { thread t x1000000 { } } ", 5000)}) {
        CAPTURE(text.substr(0, 60));
        Scenario scenario;
        Diagnostics diags;
        CHECK_FALSE(parse_scenario(text, "t.scn", scenario, diags));
        CHECK(diags.render("t.scn", text, Lang::en).size() < 100'000);
    }
}
