#include "tests/bench/flight_bench.h"

#include <imgui.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gui/app/app.h"
#include "gui/compat.h"
#include "gui/platform/fonts.h"
#include "gui/theme/theme.h"
#include "gui/widgets.h"

namespace sy::bench {

namespace {

constexpr double kWorst = 4.0;   // ms at the 99th percentile

// Everything at once: short sleeps, input, pipes, long runs, on four CPUs.
constexpr const char* kBusy =
    "machine { cpus 4 hz 1000 scheduler cfs until 900s }\n"
    "device keyboard irq 1 every exp(200us)\n"
    "pipe there pipe back\n"
    "process ping { forever { write there read back run 20us } }\n"
    "process pong { forever { read there run 10us write back } }\n"
    "process editor x6 { forever { run 90us read keyboard } }\n"
    "process web x30 { forever { run uniform(20us, 400us) sleep exp(3ms) } }\n"
    "process hog x4 { forever { run 3ms yield } }\n";

double cpu_ms() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

class Flight {
  public:
    Flight(gui::App& app, float width, float height) : app_(app), width_(width), height_(height) {}

    void frame(ImVec2 mouse, float wheel, bool shift) {
        ImGuiIO& io = ImGui::GetIO();
        io.DisplaySize = {width_, height_};
        io.DeltaTime = 1.0F / 60;
        gui::compat::pretend_mouse(mouse, wheel, shift);
        const double before = cpu_ms();
        ImGui::NewFrame();
        app_.frame(width_, height_, 1.0 / 60);
        ImGui::Render();
        frames.push_back(cpu_ms() - before);
        vertices = std::max(vertices, ImGui::GetDrawData()->TotalVtxCount);
    }

    void fly() {
        const float y = height_ * 0.85F;
        for (int place = 0; place < 16; ++place) {
            const float x = 160 + (width_ - 200) * static_cast<float>(place) / 16;
            for (int i = 0; i < 75; ++i) frame({x, y}, 1, false);    // in, to some microseconds and less
            for (int i = 0; i < 20; ++i) frame({x, y}, i % 2 == 0 ? 1.0F : -3.0F, true);
            for (int i = 0; i < 75; ++i) {
                frame({x, y}, -1, false);
                if (i % 5 == 0) frame({x, y}, 2, true);
            }
            for (int i = 0; i < 10; ++i) frame({60, y}, place % 2 == 0 ? -1.0F : 1.0F, false);   // through the lanes
        }
    }

    double percentile(double share) {
        std::sort(frames.begin(), frames.end());
        return frames[static_cast<std::size_t>(share * static_cast<double>(frames.size() - 1))];
    }

    std::vector<double> frames;
    int vertices = 0;

  private:
    gui::App& app_;
    float width_, height_;
};

}  // namespace

bool measure_flight(std::size_t records) {
    const auto path = std::filesystem::temp_directory_path() / ("switchyard-flight-" + std::to_string(getpid()) + ".scn");
    std::ofstream(path) << kBusy;
    WindowRequest request;
    request.file = path.string();
    request.shot = true;
    request.records = records;

    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    ImGui::GetIO().DisplaySize = {1920, 1080};
    ImGui::GetIO().BackendFlags |= ImGuiBackendFlags_RendererHasVtxOffset;
    gui::Fonts fonts;
    gui::set_fonts(&fonts);
    gui::set_theme(gui::ThemeId::dark, 1);
    fonts.build(1);
    gui::compat::pretend_renderer();
    bool good = true;
    {
        gui::App app(request);
        std::filesystem::remove(path);
        Flight start(app, 1920, 1080);
        std::printf("\nThe window over %.1f million records\n", static_cast<double>(records) / 1e6);
        std::fflush(stdout);
        for (int i = 0; i < 200'000 && !app.is_run_complete(); ++i) start.frame({-1, -1}, 0, false);
        for (const auto& [width, height] : {std::pair{1280.0F, 800.0F}, std::pair{1920.0F, 1080.0F}}) {
            Flight flight(app, width, height);
            flight.fly();
            const double p99 = flight.percentile(0.99);
            good &= p99 <= kWorst;
            std::printf("%4.0fx%-4.0f %5zu frames: CPU time to build one, median %.2f ms, p90 %.2f, p99 %.2f, longest %.2f   %s\n", width,
                        height, flight.frames.size(), flight.percentile(0.5), flight.percentile(0.9), p99, flight.percentile(1),
                        p99 <= kWorst ? "at most 4 ms" : "TOO LONG");
        }
        const nlohmann::json dump = app.dump();
        const double log = dump["run"]["records"].get<double>() * 32;
        const double index = dump["panels"]["timeline"]["index_bytes"].get<double>();
        good &= index <= 0.2 * log;
        std::printf("log %.0f MB, index %.1f MB: %.1f %% of it (at most 20 %%)\n", log / 1e6, index / 1e6, 100 * index / log);
    }
    ImGui::DestroyContext();
    std::printf("verdict: %s\n", good ? "fluid" : "NOT FLUID: see above");
    return good;
}

}  // namespace sy::bench
