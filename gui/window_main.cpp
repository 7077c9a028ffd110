// The two ways the window lives: on a screen with a person, waiting for events; or hidden, for one
// picture.
#include "gui/window_main.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "gui/app/app.h"
#include "gui/film.h"
#include "gui/platform/fonts.h"
#include "gui/platform/window.h"
#include "gui/shot_script.h"
#include "gui/strings/strings.h"
#include "gui/theme/theme.h"

namespace sy::gui {
namespace {

constexpr double kFrame = 1.0 / 60;  // seconds of shown time between the frames of a picture
constexpr int kMostFrames = 1'800;   // half a minute of motion before a picture is taken regardless

int fail(const Text& why) {
    std::fprintf(stderr, "error: %s\n%s\n", tr(why).c_str(),
                 tr(text("`switchyard explain FILE` tells the same in text.",
                         "`switchyard explain FILE` 用文字讲述同样的内容。"))
                     .c_str());
    return 1;
}

// Whoever reads the file meanwhile sees the old content or the new one, never half of it.
int write_dump(App& app, const std::string& path) {
    if (path.empty()) return 0;
    const std::string unfinished = path + ".part";
    std::ofstream file(unfinished);
    file << app.dump().dump(1) << '\n';
    file.close();
    if (file && std::rename(unfinished.c_str(), path.c_str()) == 0) return 0;
    std::fprintf(stderr, "error: %s cannot be written\n", path.c_str());
    return 1;
}

// One frame: fonts for the scale, theme, keys, panels.
void show(Window& window, App& app, Fonts& fonts, double seconds, double fixed_delta,
          bool keep = false) {
    const float wanted = app.scale(window.content_scale());
    // Menus and the like are drawn by ImGui itself, which asks for no glyphs.
    for (std::size_t i = 0; i < kStrings; ++i) fonts.need(tr(static_cast<Str>(i)));
    if (fonts.stale(wanted)) {
        fonts.build(wanted);
        window.fonts_changed();
    }
    set_theme(app.state().theme, wanted);
    for (const KeyPress& press : window.take_keys()) app.key(press);
    for (const std::string& path : window.take_drops()) app.drop(path);
    window.begin_frame(fixed_delta);
    app.frame(static_cast<float>(window.width()), static_cast<float>(window.height()), seconds);
    window.end_frame(theme().ground, keep);
}

// Frames until nothing moves any more and every character has its glyph.
void settle(Window& window, App& app, Fonts& fonts) {
    for (int i = 0; i < kMostFrames; ++i) {
        show(window, app, fonts, kFrame, kFrame);
        const bool moving = app.next_frame_in() >= 0 && app.next_frame_in() < kFrame;
        if (i >= 2 && !moving && !fonts.stale(app.scale(window.content_scale()))) return;
    }
}

int take_shot(Window& window, App& app, Fonts& fonts, const WindowRequest& request,
              const std::vector<KeyScriptItem>& script) {
    settle(window, app, fonts);
    bool paused_in_motion = false;
    for (const KeyScriptItem& item : script) {
        paused_in_motion = item.wait_ms > 0;
        if (item.wait_ms > 0) {
            const int frames = item.wait_ms * 60 / 1000 + 1;
            for (int i = 0; i < frames; ++i) show(window, app, fonts, kFrame, kFrame);
        } else {
            window.inject(item.press);
            // The next item may be a pause that wants to see the motion, so only the press itself
            // is shown here.
            show(window, app, fonts, kFrame, kFrame);
            if (&item != &script.back() && (&item + 1)->wait_ms == 0) settle(window, app, fonts);
        }
    }
    if (!paused_in_motion) settle(window, app, fonts);
    if (request.out.empty()) return write_dump(app, request.dump);
    show(window, app, fonts, paused_in_motion ? 0 : kFrame, kFrame, true);
    const std::string why = write_png(window.picture(), request.out);
    if (!why.empty()) {
        std::fprintf(stderr, "error: %s: %s\n", request.out.c_str(), why.c_str());
        return 1;
    }
    return write_dump(app, request.dump);
}

// One instant after the other; the run is made to its end first.
int take_film(Window& window, App& app, Fonts& fonts, const WindowRequest& request) {
    settle(window, app, fonts);
    for (int i = 0; i < kMostFrames && !app.is_run_complete(); ++i) show(window, app, fonts, kFrame, kFrame);
    const Nanos end = app.known_end();
    const Nanos from = std::clamp<Nanos>(request.film_from, 0, end);
    const Nanos until = request.film_until > from ? std::min(request.film_until, end) : end;
    if (request.film_until > request.film_from) app.show_stretch(from, std::max(until, from + 1));
    if (request.film_walk) {
        app.seek(from);
        settle(window, app, fonts);
        const int pause = std::max(request.fps * 6 / 10, 1);   // pictures from one step to the next
        return make_film(request, [&](int i) -> const Picture& {
            if (i % pause == pause - 1) window.inject({Key::right, false, false, false, false});
            const double part = 1.0 / request.fps / 3;
            for (int k = 0; k < 3; ++k) show(window, app, fonts, part, part, k == 2);
            return window.picture();
        });
    }
    return make_film(request, [&](int i) -> const Picture& {
        app.seek(from + (until - from) / (request.frames - 1) * i + (until - from) % (request.frames - 1) * i / (request.frames - 1));
        settle(window, app, fonts);
        show(window, app, fonts, kFrame, kFrame, true);
        return window.picture();
    });
}

// Every line of the script: a scenario anew, or more keys for the one that is open.
int take_script(Window& window, Fonts& fonts, const WindowRequest& request) {
    std::vector<ShotLine> lines;
    std::string why;
    if (!read_shot_script(request.script, request, lines, why)) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 2;
    }
    std::unique_ptr<App> app;
    int status = 0;
    for (const ShotLine& line : lines) {
        const auto wrong = [&](const std::string& words) {
            std::fprintf(stderr, "error: %s:%d: %s\n", request.script.c_str(), line.number, words.c_str());
            status = 1;
        };
        if (line.opens) {
            Lang lang = Lang::en;
            if (!line.request.lang.empty()) parse_language(line.request.lang, lang);
            set_language(lang);
            if (!window.resize(line.request.width, line.request.height)) {
                wrong("no picture of this size");
                continue;
            }
            app.reset();   // one at a time: it may watch and keep files
            app = std::make_unique<App>(line.request);
        }
        if (!app || !app->error_text().empty()) {
            wrong(app ? app->error_text() : "nothing is open");
            app.reset();
            continue;
        }
        if (take_shot(window, *app, fonts, line.request, line.keys) != 0) wrong("not taken");
    }
    return status;
}

int live(Window& window, App& app, Fonts& fonts, const WindowRequest& request) {
    using Clock = std::chrono::steady_clock;
    Clock::time_point last = Clock::now(), dumped = last;
    int extra = 3;  // frames after the last event, for ImGui's hover and layout to settle
    std::string title;
    while (!window.closed() && !app.wants_quit()) {
        const double wish =
            fonts.stale(app.scale(window.content_scale())) ? 0 : app.next_frame_in();
        if (window.wait(extra > 0 ? 0 : wish)) extra = 3;
        const Clock::time_point now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - last).count();
        last = now;
        show(window, app, fonts, seconds, 0);
        if (extra > 0) --extra;
        // For tests that drive a real window: what it shows, whenever it has come to rest, and now and then while it moves.
        if (extra == 0) app.keep();
        const bool rests = extra == 0 && app.next_frame_in() != 0;
        if (rests || (!request.dump.empty() && now - dumped > std::chrono::milliseconds(300))) {
            write_dump(app, request.dump);
            dumped = Clock::now();
        }
        if (app.title() != title) window.set_title(title = app.title());
        if (const auto path = app.take_picture_wish()) {
            show(window, app, fonts, 0, 0, true);
            const std::string why = write_png(window.picture(), *path);
            app.notice(why.empty() ? tr(Str::saved_picture, {*path}) : *path + ": " + why);
            extra = 1;
        }
        // Without a display to wait for (vertical sync), motion still has a pace.
        const double spent = std::chrono::duration<double>(Clock::now() - now).count();
        if (app.next_frame_in() >= 0 && spent < kFrame / 2 && window.wait(kFrame / 2 - spent))
            extra = 3;
    }
    app.keep();
    return write_dump(app, request.dump);
}

}  // namespace

int window_main(const WindowRequest& request) {
    Lang lang = Lang::en;
    if (!request.lang.empty() && !parse_language(request.lang, lang)) {
        std::fprintf(stderr, "error: --lang is en or zh\n");
        return 2;
    }
    set_language(lang);
    ThemeId theme_id = ThemeId::dark;
    if (!request.theme.empty() && !parse_theme(request.theme, theme_id)) {
        std::fprintf(stderr, "error: --theme is dark, light or contrast\n");
        return 2;
    }
    std::string bad;
    const auto script = parse_keys(request.keys, bad);
    if (!script) {
        std::fprintf(
            stderr,
            "error: --keys: '%s' is no key; try Right, Left, space, shift+Right, 3 or wait200\n",
            bad.c_str());
        return 2;
    }

    Text why;
    const std::unique_ptr<Window> window = Window::open({.title = "Switchyard",
                                                         .width = request.width,
                                                         .height = request.height,
                                                         .hidden = request.shot},
                                                        why);
    if (!window) return fail(why);
    Fonts fonts;
    set_fonts(&fonts);
    if (!request.script.empty()) return take_script(*window, fonts, request);
    App app(request);
    app.set_wake([] { Window::wake(); });
    if (request.shot && !app.error_text().empty()) {
        std::fprintf(stderr, "%s\n", app.error_text().c_str());
        return 1;
    }
    if (!fonts.has_cjk()) app.notice(std::string(tr(Str::no_cjk_font, Lang::en)));  // the Chinese could not be read
    if (request.frames > 1) return take_film(*window, app, fonts, request);
    return request.shot ? take_shot(*window, app, fonts, request, *script)
                        : live(*window, app, fonts, request);
}

}  // namespace sy::gui
