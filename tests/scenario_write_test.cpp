// Formatting, saving and the documentation: text and data are two sides of the same thing.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "sim/scenario/expects.h"
#include "sim/scenario/format.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/grammar_page.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/words.h"
#include "sim/scenario/write.h"

using namespace sy;

namespace {

Scenario parse_ok(std::string_view text) {
    Scenario scenario;
    Diagnostics diags;
    const bool is_fine = parse_scenario(text, "t.scn", scenario, diags);
    CAPTURE(text);
    CAPTURE(diags.render("t.scn", text, Lang::en));
    CHECK(is_fine);
    return scenario;
}

}  // namespace

TEST_CASE("the formatter normalises blanks and keeps comments where they belong") {
    CHECK(
        format_scenario(
            "#head\n\n\n\nprocess   a    x2 # why\n  # own\n   nice 5 {   # first\n\n\n  # inner\n"
            "  run 1ms sleep 2ms   # behind\n  fork\n  {  run 1ms }\n\n  # last\n\n}\n# end\n") ==
        R"(#head

process a x2  # why
    # own
    nice 5 {  # first
  # inner
  run 1ms
  sleep 2ms  # behind
  fork { run 1ms }

  # last
}
# end
)");
    CHECK(format_scenario("process a{run   5 ms sleep uniform( 1ms ,2ms)}expect cpu( a )/2<3 ms at "
                          "5ms{kill a 9}") ==
          R"(process a { run 5 ms  sleep uniform(1ms, 2ms) }
expect cpu(a)/2 < 3 ms
at 5ms { kill a 9 }
)");
}

TEST_CASE("a block that does not fit on one line is broken, and stays so") {
    const std::string long_body =
        "process a { run 1ms  sleep 2ms  run 1ms  sleep 2ms  run 1ms  sleep 2ms  run 1ms  sleep "
        "2ms  run 1ms }";
    const std::string formatted = format_scenario(long_body);
    CHECK(formatted.starts_with("process a {\n  run 1ms\n  sleep 2ms\n"));
    CHECK(format_scenario(formatted) == formatted);
}

TEST_CASE("a text with mistakes is not touched by the formatter") {
    CHECK(format_scenario("process   a { runn 5ms }") == "process   a { runn 5ms }");
    CHECK(format_scenario("") == "");
    CHECK(format_scenario("\xff\xfe") == "\xff\xfe");
}

TEST_CASE("what is written reads back as the same scenario") {
    const Scenario s = parse_ok(R"(#  two blanks
#
# last line
title "Pipes" zh "管道"
about "First." zh "第一。"
about "Second." zh "第二。"
machine { cpus 4 hz 1000 scheduler rr quantum=2ms tie=arrival-first costs ideal syscall=90ns preempt full seed 7 until 60ms }
pipe p capacity 4KiB
device nic irq 5 at 1ms, 2ms cpu 3
device disk irq 15 block latency uniform(1ms, 2ms)
process a x2 nice -5 pid 570 arrive exp(3ms) cpu 0-1, 3 {
  thread t x3 nice 4 cpu 2 { wait s exit thread 3 }
  every 5ms { write p 10 signal s fork kid { read p 10 exit 1 } fork { affinity 0-2 } wait nice 3 getpid yield join t join }
}
kthread k { forever { run 1500ns sleep 1.5ms } }
at 5ms, 7ms { kill a/1/t/2 USR1 nice 570 -3 affinity k 1 irq nic caption "Now" zh "现在" }
every 10ms from 0ms until 30ms irq nic
expect no cr3 change when a/1/main -> a/1/t and switches() > 3
)");
    const std::string text = write_scenario(s);
    CHECK(parse_ok(text) == s);
    CHECK(write_scenario(parse_ok(text)) == text);
    CHECK(s.head == " two blanks\n\nlast line");
    CHECK(s.timeline.size() == 14);
    CHECK(s.timeline[0].at == 0);
    CHECK(s.processes[0].cpus == 0b1011);
}

TEST_CASE("random scenarios are valid, and survive writing and formatting") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        Scenario s = random_scenario(seed);
        s.file = "t.scn";
        const std::string text = write_scenario(s);
        REQUIRE(parse_ok(text) == s);
        REQUIRE(format_scenario(text) == text);
    }
}

TEST_CASE("a seed gives the same scenario with every compiler") {
    // FNV-1a over the texts, noted down from a gcc build; clang's must give the same. A change of the
    // generator or the writer changes it.
    std::uint64_t hash = 0xcbf29ce484222325;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        for (const char c : write_scenario(random_scenario(seed))) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        }
    }
    CHECK(hash == 3738517198840378312u);
}

TEST_CASE(
    "formatting a text laid out at random changes nothing but the layout, and once is enough") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::string text = write_scenario(random_scenario(seed));
        // Every blank becomes a line end or several blanks; sometimes a comment is put there.
        std::string wild;
        std::uint64_t dice = seed + 1;
        bool is_in_text = false;
        for (const char c : text) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            const bool is_blank = c == ' ' || c == '\n';
            is_in_text ^= c == '"';
            if (!is_blank || is_in_text)
                wild += c;
            else if ((dice >> 40) % 8 == 0)
                wild += "\n\n";
            else if ((dice >> 40) % 8 == 1)
                wild += "   ";
            else if ((dice >> 40) % 8 == 2)
                wild += " # why\n";
            else
                wild += c;
        }
        const std::string once = format_scenario(wild);
        CAPTURE(wild);
        REQUIRE(parse_ok(once).processes == parse_ok(text).processes);
        REQUIRE(parse_ok(once).timeline == parse_ok(text).timeline);
        REQUIRE(format_scenario(once) == once);
    }
}

namespace {

// A verb that is kernel code stands in a kernel thread, between what it undoes and what undoes it.
bool kernel_code(std::string_view name, const std::string& example, const std::string& things) {
    const auto section = [&](std::string_view what) {
        const bool closes = name == std::string(what) + "_enable";
        if (!closes && name != std::string(what) + "_disable") return false;
        const std::string first = std::string(what) + "_disable ", last = " " + std::string(what) + "_enable";
        parse_ok(things + "kthread k { " + (closes ? first : "") + example + (closes ? "" : last) + " }");
        return true;
    };
    for (const std::string_view what : {"local_bh", "local_irq", "preempt"})
        if (section(what)) return true;
    for (const std::string_view call : {"raise_softirq", "tasklet_schedule", "tasklet_disable", "tasklet_enable",
                                        "disable_irq", "enable_irq"})
        if (name == call) {
            parse_ok(things + "kthread k { " + example + " }");
            return true;
        }
    return false;
}

}  // namespace

TEST_CASE("every example in the tables is valid where it stands") {
    using scn::WordGroup;
    const std::string tasks = "process editor { run 1ms } process b { run 1ms }\n";
    const std::string things =
        "pipe p device keyboard irq 1 every 9ms device nic irq 2 every 9ms\n"
        "tasklet rx { run 1us }\n";
    const std::string a = "process a { shared counter = 5 run 1ms }\n";
    for (const scn::Word& word : scn::words(WordGroup::top)) {
        const bool is_editor = word.name == "process";
        const bool is_pipe = word.name == "pipe", is_device = word.name == "device";
        const bool is_thing = is_pipe || is_device || word.name == "tasklet";
        parse_ok((is_editor ? a : tasks) + (is_thing ? "" : things) +
                 (word.name == "clients" ? "device eth0 irq 24\n" : "") +
                 std::string(word.example));
    }
    for (const scn::Word& word : scn::words(WordGroup::machine))
        parse_ok(a + "machine { " + std::string(word.example) + " }");
    for (const scn::Word& word : scn::words(WordGroup::process))
        parse_ok(std::string(word.example));
    for (const scn::Word& word : scn::words(WordGroup::device))
        parse_ok(a + "machine { cpus 2 } tasklet rx { run 1us } " + std::string(word.example));
    for (const scn::Word& word : scn::words(WordGroup::verb)) {
        const bool of_area = word.name == "munmap" || word.name == "mprotect" || word.name == "load" || word.name == "touch";
        const std::string before = word.name == "unlock" ? "lock m " : of_area ? "mmap buf 64KiB "
                                   : word.name == "resume" || word.name == "release" ? "coroutine gen suspended { yield } " : "";
        if (kernel_code(word.name, std::string(word.example), things)) continue;
        const bool of_kthread =
            word.name == "use_mm" || word.name == "unuse_mm" || word.name == "until_stopped";
        const std::string kernel = "work refill { run 1ms } kthread scrubber { run 1ms } process editor { run 1ms }\n";
        if (word.name == "accept") {
            parse_ok("device eth0 irq 24 clients echo on eth0 process a { coroutine c { " + std::string(word.example) +
                     " } }");
            continue;
        }
        parse_ok("program ls { run 1ms }\n" + things + kernel + (of_kthread ? "kthread a { " : "process a { thread t { signal work } ") + before +
                 std::string(word.example) + " }");
    }
    for (const scn::Word& word : scn::words(WordGroup::coroutine))
        parse_ok("process a { " + std::string(word.example) + " }");
    const std::string server =
        "device eth0 irq 24 clients echo x3 on eth0 process server { coroutine c x3 { accept echo } }\n";
    for (const scn::Word& word : scn::words(WordGroup::action))
        parse_ok("group build weight 100\nkthread scrubber { run 1ms }\n" + tasks + things + "at 5ms " + std::string(word.example));
    for (const scn::Word& word : scn::words(WordGroup::view)) parse_ok(tasks + "view { " + std::string(word.example) + " }");
    for (const scn::Word& word : scn::words(WordGroup::question)) {
        const std::string_view rest = word.name == "right" ? " wrong \"c\"" : word.name == "wrong" ? " right \"b\"" : " right \"b\" wrong \"c\"";
        parse_ok(tasks + "process a { run 1ms } question \"?\" at 5ms { " + std::string(word.example) + std::string(rest) + " }");
    }
    for (const scn::Word& word : scn::words(WordGroup::function)) {
        parse_ok(a + things + server + "process b { run 1ms }\nexpect " + std::string(word.example));
    }
}

TEST_CASE("every word is explained in both languages") {
    using scn::WordGroup;
    for (const WordGroup group :
         {WordGroup::top, WordGroup::machine, WordGroup::process, WordGroup::coroutine, WordGroup::verb,
          WordGroup::device, WordGroup::action, WordGroup::view, WordGroup::question, WordGroup::function}) {
        for (const scn::Word& word : scn::words(group)) {
            CAPTURE(word.name);
            CHECK_FALSE(word.help_en.empty());
            CHECK_FALSE(word.help_zh.empty());
            CHECK_FALSE(word.usage.empty());
        }
    }
}

TEST_CASE("docs/language.md is what the tables say") {
    // SWITCHYARD_UPDATE_DOCS=1 writes the pages anew.
    const bool is_update = std::getenv("SWITCHYARD_UPDATE_DOCS") != nullptr;
    const std::string folder = std::string(SWITCHYARD_SOURCE_DIR) + "/docs/";
    for (const Lang lang : {Lang::en, Lang::zh}) {
        const std::string path = folder + (lang == Lang::en ? "language.md" : "language.zh.md");
        if (is_update) std::ofstream(path) << grammar_page(lang);
        std::ifstream file(path);
        const std::string committed{std::istreambuf_iterator<char>(file), {}};
        CHECK_MESSAGE(committed == grammar_page(lang),
                      path << " is out of date; run this test with SWITCHYARD_UPDATE_DOCS=1");
    }
}
