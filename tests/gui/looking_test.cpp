// Looking at a lot, in the whole window without a screen: keys in, facts out. Expected numbers come from the log itself.
#include <doctest/doctest.h>
#include <imgui.h>
#include <imgui_internal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gui/app/app.h"
#include "tests/gui/headless.h"

using namespace sy;
using namespace sy::gui;

namespace {

constexpr const char* kBusy =
    "machine { cpus 2 hz 1000 scheduler cfs until 80ms }\n"
    "device keyboard irq 1 every 900us\n"
    "process editor x3 { forever { run 90us read keyboard } }\n"
    "process web x40 { forever { run 200us sleep 5ms } }\n"
    "process hog x2 { forever { run 3ms yield } }\n";

struct Window {
    std::filesystem::path file;
    Headless ui{1280, 800};
    WindowRequest request;
    std::unique_ptr<App> app;

    explicit Window(const char* source, const std::string& find = "") {
        static int number = 0;
        file = std::filesystem::temp_directory_path() / ("sy-looking-" + std::to_string(getpid()) + "-" + std::to_string(++number) + ".scn");
        std::ofstream(file) << source;
        request.file = file.string();
        request.shot = true;
        request.find = find;
        request.no_config = true;
        app = std::make_unique<App>(request);
        for (int i = 0; i < 4; ++i) frame();
    }
    ~Window() { std::filesystem::remove(file); }

    void frame() {
        ImGui::GetIO().DisplaySize = {1280, 800};
        ImGui::GetIO().DeltaTime = 1.0F / 60;
        ImGui::NewFrame();
        app->frame(1280, 800, 1.0 / 60);
        ImGui::Render();
    }
    // Keys are letters for the field that has the keyboard, until somebody clicks elsewhere.
    void leave_field() {
        for (int i = 0; i < 3; ++i) {
            ImGui::ClearActiveID();
            frame();
        }
    }
    nlohmann::json press(Key key, bool shift = false) {
        app->key({key, shift, false, false, false});
        frame();
        frame();
        return app->dump();
    }
};

}  // namespace

TEST_CASE("a search in the window finds, and its keys walk through what it found in both directions") {
    Window w(kBusy, "kind==switch && next==hog");
    nlohmann::json d = w.app->dump();
    REQUIRE(d["panels"]["find"]["matches"] > 10);
    CHECK(d["window"]["tab"] == "find");
    CHECK(d["panels"]["find"]["searched"] == d["run"]["records"]);
    w.leave_field();
    std::vector<std::int64_t> at;
    for (int i = 0; i < 4; ++i) {
        d = w.press(Key::n);
        CHECK(d["panels"]["find"]["record"]["kind"] == "sched_switch");
        at.push_back(d["panels"]["find"]["record"]["number"]);
    }
    CHECK(std::is_sorted(at.begin(), at.end()));
    CHECK(std::adjacent_find(at.begin(), at.end()) == at.end());
    CHECK(w.press(Key::n, true)["panels"]["find"]["record"]["number"] == at[2]);
    CHECK(w.press(Key::n, true)["panels"]["find"]["record"]["number"] == at[1]);
    CHECK(w.app->dump()["window"]["overflows"].empty());
}

TEST_CASE("a mistake in the search is told with its column") {
    Window w(kBusy, "cpu==1 && knd==irq");
    const nlohmann::json find = w.app->dump()["panels"]["find"];
    CHECK(find["mistake"]["column"] == 11);
    CHECK(find["mistake"]["replacement"] == "kind");
    CHECK(find["matches"] == 0);
}

TEST_CASE("W goes from the longest wait to shorter ones, E to the next in time; each is measured") {
    Window w(kBusy);
    std::int64_t last = INT64_MAX;
    for (int rank = 0; rank < 3; ++rank) {
        const nlohmann::json find = w.press(Key::w)["panels"]["find"];
        CHECK(find["wait_rank"] == rank);
        const std::int64_t wait = find["longest"][rank]["wait_ns"];
        CHECK(wait <= last);
        CHECK(find["measure"]["until_ns"].get<std::int64_t>() - find["measure"]["from_ns"].get<std::int64_t>() == wait);
        // All that time the task was runnable, and nothing else.
        const std::string task = find["longest"][rank]["task"];
        CHECK(find["measure"]["lanes"][task] == nlohmann::json{{"runnable", wait}});
        last = wait;
    }
    const std::int64_t before = w.app->dump()["panels"]["find"]["record"]["at_ns"];
    CHECK(w.press(Key::e)["panels"]["find"]["record"]["at_ns"].get<std::int64_t>() >= before);
}

TEST_CASE("what is measured adds up: every CPU is running or idle all the time, and records are counted by kind") {
    Window w(kBusy);
    w.press(Key::x);
    w.press(Key::d4);
    for (int i = 0; i < 5; ++i) w.press(Key::right);
    const nlohmann::json m = w.press(Key::x)["panels"]["find"]["measure"];
    const std::int64_t length = m["until_ns"].get<std::int64_t>() - m["from_ns"].get<std::int64_t>();
    CHECK(length > 3'000'000);
    for (const char* cpu : {"CPU 0", "CPU 1"})
        CHECK(m["lanes"][cpu].value("running", std::int64_t{0}) + m["lanes"][cpu].value("idle", std::int64_t{0}) == length);
    std::int64_t sum = 0;
    for (const auto& [kind, count] : m["kinds"].items()) sum += count.get<std::int64_t>();
    CHECK(sum == m["records"]);
    CHECK(m["kinds"]["sched_switch"] > 5);
    // Held: walking on changes nothing; Shift X ends it.
    CHECK(w.press(Key::right)["panels"]["find"]["measure"] == m);
    CHECK_FALSE(w.press(Key::x, true)["panels"]["find"].contains("measure"));
}

TEST_CASE("bookmarks are set, walked and removed with keys") {
    Window w(kBusy);
    w.press(Key::d4);
    w.press(Key::right);
    w.press(Key::k);
    w.press(Key::right);
    nlohmann::json d = w.press(Key::k);
    REQUIRE(d["panels"]["find"]["bookmarks"].size() == 2);
    const std::int64_t first = d["panels"]["find"]["bookmarks"][0]["at_ns"], second = d["panels"]["find"]["bookmarks"][1]["at_ns"];
    CHECK(first < second);
    CHECK(w.press(Key::h)["cursor"]["time_ns"] == first);
    CHECK(w.press(Key::j)["cursor"]["time_ns"] == second);
    CHECK(w.press(Key::k)["panels"]["find"]["bookmarks"].size() == 1);
}

TEST_CASE("arrows lead to the task that was switched to from who woke it, and can be hidden") {
    Window w(kBusy, "kind==switch && next==editor && time>20ms");
    w.leave_field();
    nlohmann::json d = w.press(Key::n);
    REQUIRE(!d["panels"]["timeline"]["arrows"].empty());
    const nlohmann::json arrow = d["panels"]["timeline"]["arrows"][0];
    CHECK(arrow["kind"] == "wakeup");
    CHECK(arrow["of"] == "cause");
    CHECK(arrow["to"].get<std::string>().rfind("editor", 0) == 0);
    CHECK(arrow["to_ns"] == d["panels"]["find"]["record"]["at_ns"]);
    CHECK(d["panels"]["timeline"]["arrows_shown"] == true);
    CHECK(w.press(Key::a)["panels"]["timeline"]["arrows_shown"] == false);
}

TEST_CASE("processes that look alike are one line with counts; the selected one is seen") {
    Window w(kBusy);
    w.press(Key::d4);
    const nlohmann::json d = w.press(Key::right);
    REQUIRE(d["panels"]["tasks"]["families"].size() == 1);
    CHECK(d["panels"]["tasks"]["families"][0]["name"] == "web ×40");
    CHECK(d["panels"]["tasks"]["families"][0]["open"] == false);
    CHECK(d["window"]["overflows"].empty());
}

TEST_CASE("zombies stand under a heading of their own") {
    Window w("machine { cpus 1 until 20ms } process parent { fork { run 1ms exit 3 } sleep 15ms wait }");
    w.press(Key::d4);
    bool seen = false;
    for (int i = 0; i < 4 && !seen; ++i) {
        const nlohmann::json d = w.press(Key::right);
        for (const nlohmann::json& g : d["panels"]["tasks"]["groups"])
            if (g["title"].get<std::string>().rfind("zombies", 0) == 0) {
                seen = true;
                CHECK(g["tasks"][0]["state"] == "Z");
            }
    }
    CHECK(seen);
}
