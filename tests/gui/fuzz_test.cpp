// A person who does anything: random keys, mouse, wheel, typing, dropped files, sizes, in the whole window without a
// screen. Nothing may crash, the cursor stays inside the run, everything shown stays text, and back at a usual size no
// text is cut. The seed is printed; SWITCHYARD_FUZZ_SEED and SWITCHYARD_FUZZ_EVENTS repeat or lengthen it.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gui/app/app.h"
#include "gui/strings/strings.h"
#include "headless.h"

using namespace sy;
using namespace sy::gui;

namespace {

namespace fs = std::filesystem;

std::uint64_t number_of(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Person {
  public:
    Person(std::uint64_t seed, fs::path folder) : dice_{seed}, folder_(std::move(folder)) {
        for (const char* name : {"01-process-switch", "12-fork-cow", "20-interrupt-rings", "27-priority-inversion", "38-bandwidth"})
            if (fs::exists(folder_ / (std::string(name) + ".scn"))) files_.push_back((folder_ / (std::string(name) + ".scn")).string());
        std::ofstream(folder_ / "broken.scn") << "process a { run \xff\xfe 5 }\n}}}\n";
        WindowRequest request;
        request.file = files_.front();
        request.no_config = true;
        request.no_files = true;
        ui_ = std::make_unique<Headless>();
        app_ = std::make_unique<App>(request);
        map_keys();
    }
    ~Person() { app_.reset(); }

    void act() {
        switch (below(20)) {
            case 0: case 1: case 2: case 3: case 4: case 5: case 6: press_key(); break;
            case 7: case 8: case 9: case 10: ImGui::GetIO().MousePos = {float(below(int(width_))), float(below(int(height_)))}; break;
            case 11: case 12: case 13: ImGui::GetIO().MouseDown[below(4) == 0 ? 1 : 0] ^= true; break;
            case 14: ImGui::GetIO().MouseWheel = float(below(7) - 3); break;
            case 15: case 16: type(); break;
            case 17: edit_key(); break;
            case 18: if (below(6) == 0) resize(); break;
            default:
                if (below(25) == 0) app_->drop(below(8) == 0 ? (folder_ / "broken.scn").string() : files_[std::size_t(below(int(files_.size())))]);
        }
        frame();
    }

    // What must hold at any time.
    void check() {
        const nlohmann::json dump = app_->dump();
        CHECK_NOTHROW(dump.dump());   // everything is UTF-8
        const nlohmann::json& t = dump["panels"]["timeline"];
        if (!t.value("loaded", false)) return;
        CHECK(t["cursor_ns"].get<Nanos>() >= 0);
        CHECK(t["cursor_ns"].get<Nanos>() <= app_->known_end());
        CHECK(t["from_ns"].get<Nanos>() < t["until_ns"].get<Nanos>());
    }

    // Back to a usual window: nothing may be cut there, and the cursor can be led through the run.
    void come_to_rest() {
        ImGuiIO& io = ImGui::GetIO();
        io.MouseDown[0] = io.MouseDown[1] = false;
        io.MousePos = {-FLT_MAX, -FLT_MAX};
        width_ = 1920, height_ = 1080;
        for (int i = 0; i < 6; ++i) {
            app_->key({Key::escape});
            frame();
            frame();
        }
        app_->open(files_.front());
        app_->key({Key::d0, false, true});
        for (int i = 0; i < 120; ++i) frame();
        app_->seek(0);
        for (int i = 0; i < 10; ++i) frame();
        const nlohmann::json dump = app_->dump();
        CHECK(dump["panels"]["timeline"]["cursor_ns"] == 0);
        INFO(dump["window"].dump(1));
        if (!app_->state().presenter && app_->state().user_scale <= 1) CHECK(dump["window"]["overflows"].empty());
    }

  private:
    int below(int n) { return n <= 0 ? 0 : static_cast<int>(dice_.next() % static_cast<std::uint64_t>(n)); }

    void press_key() {
        KeyPress press;
        press.key = static_cast<Key>(1 + below(static_cast<int>(Key::question)));
        press.shift = below(4) == 0;
        press.ctrl = below(5) == 0;
        press.alt = below(12) == 0;
        press.repeat = below(6) == 0;
        app_->key(press);
    }
    void type() {
        static constexpr std::array<std::string_view, 12> words = {"ps -ef", "run 5ms", "{", "}", "\"", "进程", "\xff", "at 3ms { kill a }", "0", "..", "cpu==1", "\n"};
        ImGui::GetIO().AddInputCharactersUTF8(std::string(words[std::size_t(below(int(words.size())))]).c_str());
    }
    void resize() {
        static constexpr std::array<std::pair<float, float>, 6> sizes = {{{1280, 800}, {1920, 1080}, {1024, 640}, {640, 480}, {700, 1400}, {2500, 500}}};
        std::tie(width_, height_) = sizes[std::size_t(below(int(sizes.size())))];
    }
    // Keys that ImGui's own fields understand.
    void map_keys() {
#if IMGUI_VERSION_NUM < 18700
        for (int key = 0; key < ImGuiKey_COUNT; ++key) ImGui::GetIO().KeyMap[key] = key;
#endif
    }
    void edit_key() {
#if IMGUI_VERSION_NUM < 18700
        held_ = below(ImGuiKey_COUNT);
        ImGui::GetIO().KeysDown[held_] = true;
#endif
    }

    void frame() {
        ImGuiIO& io = ImGui::GetIO();
        const float wanted = app_->scale(1);
        for (std::size_t i = 0; i < kStrings; ++i) ui_->fonts().need(tr(static_cast<Str>(i)));
        if (ui_->fonts().stale(wanted)) {
            ui_->fonts().build(wanted);
            compat::pretend_renderer();
        }
        set_theme(app_->state().theme, wanted);
        io.DisplaySize = {width_, height_};
        io.DeltaTime = 1.0F / 60;
        ImGui::NewFrame();
        app_->frame(width_, height_, 1.0 / 60);
        ImGui::Render();
        io.MouseWheel = 0;
#if IMGUI_VERSION_NUM < 18700
        if (held_ >= 0) io.KeysDown[held_] = false;
        held_ = -1;
#endif
    }

    struct Dice {
        std::uint64_t state;
        std::uint64_t next() {   // splitmix64 (Steele, Lea, Flood 2014)
            std::uint64_t z = state += 0x9e3779b97f4a7c15ULL;
            z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
            return z ^ z >> 31;
        }
    } dice_;
    fs::path folder_;
    std::vector<std::string> files_;
    std::unique_ptr<Headless> ui_;
    std::unique_ptr<App> app_;
    float width_ = 1280, height_ = 800;
    int held_ = -1;
};

void live_through(std::uint64_t seed, std::uint64_t events, int seconds) {
    std::printf("window fuzzer: SWITCHYARD_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    CAPTURE(seed);
    // Copies: whatever is saved is saved there.
    const fs::path home = fs::current_path();
    const fs::path top = fs::temp_directory_path() / ("switchyard-fuzz-" + std::to_string(seed)), folder = top / "scenarios";
    fs::remove_all(top);
    fs::create_directories(folder);
    int copied = 0;
    for (const auto& entry : fs::directory_iterator(home / "scenarios"))
        if (entry.path().extension() == ".scn" && entry.path().filename().string()[0] <= '9' && ++copied <= 60) fs::copy_file(entry.path(), folder / entry.path().filename());
    fs::current_path(top);   // where the lessons are looked for first
    {
        Person person(seed, folder);
        const auto began = std::chrono::steady_clock::now();
        std::uint64_t done = 0;
        for (; done < events; ++done) {
            person.act();
            if (done % 250 == 0) person.check();
            if (std::chrono::steady_clock::now() - began > std::chrono::seconds(seconds)) break;
        }
        person.check();
        person.come_to_rest();
        std::printf("window fuzzer: %llu events\n", static_cast<unsigned long long>(done));
    }
    fs::current_path(home);
    fs::remove_all(top);
}

}  // namespace

TEST_CASE("the window survives whatever is typed, clicked, turned, dropped and resized") {
    const std::uint64_t seed = number_of("SWITCHYARD_FUZZ_SEED", 20'260'101);
    const std::uint64_t events = number_of("SWITCHYARD_FUZZ_EVENTS", 4'000);
    const auto seconds = static_cast<int>(number_of("SWITCHYARD_FUZZ_SECONDS", 20));
    live_through(seed, events, seconds);
    live_through(seed + 1, events, seconds);
}
