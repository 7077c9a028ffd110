// ffmpeg is started without a shell and gets raw pixels through a pipe.
#include "gui/film.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gui/picture/gif.h"
#include "gui/strings/strings.h"

extern char** environ;

namespace sy::gui {
namespace {

volatile std::sig_atomic_t cancelled = 0;
void on_signal(int) { cancelled = 1; }

class Sink {
  public:
    virtual ~Sink() = default;
    virtual bool add(const Picture& picture) = 0;
    virtual std::string finish() = 0;   // empty: it is there
};

class GifSink : public Sink {
  public:
    GifSink(const std::string& path, const WindowRequest& r) : gif_(path, r.width, r.height, 100 / std::max(r.fps, 1)) {}
    bool add(const Picture& picture) override {
        gif_.add(picture.rgb);
        return true;
    }
    std::string finish() override { return gif_.finish(); }

  private:
    GifWriter gif_;
};

class FfmpegSink : public Sink {
  public:
    FfmpegSink(const std::string& path, const WindowRequest& r) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            why_ = std::strerror(errno);
            return;
        }
        const std::string size = std::to_string(r.width) + "x" + std::to_string(r.height), fps = std::to_string(r.fps);
        const std::vector<std::string> words = {"ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", fps, "-i", "-",
                                                "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", path};
        std::vector<char*> argv;
        for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
        const int error = posix_spawnp(&child_, "ffmpeg", &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[0]);
        input_ = ends[1];
        if (error == 0) return;
        child_ = -1;
        why_ = error == ENOENT ? std::string(tr(Str::film_no_ffmpeg)) : std::strerror(error);
    }
    ~FfmpegSink() override { stop(); }
    bool add(const Picture& picture) override {
        if (child_ < 0) return false;
        for (std::size_t done = 0; done < picture.rgb.size();) {
            const ssize_t n = write(input_, picture.rgb.data() + done, picture.rgb.size() - done);
            if (n <= 0 && errno == EINTR && !cancelled) continue;
            if (n <= 0) return false;
            done += static_cast<std::size_t>(n);
        }
        return true;
    }
    std::string finish() override {
        const int status = stop();
        return !why_.empty() ? why_ : status == 0 ? std::string() : tr(Str::film_ffmpeg_failed, {std::to_string(status)});
    }

  private:
    int stop() {
        if (input_ >= 0) close(input_);
        input_ = -1;
        if (child_ < 0) return 1;
        int status = 0;
        while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
        }
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    pid_t child_ = -1;
    int input_ = -1;
    std::string why_;
};

}  // namespace

int make_film(const WindowRequest& r, const std::function<const Picture&(int)>& frame) {
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    const std::string part = r.out + ".part";
    const auto fail = [&](const std::string& why) {
        std::remove(part.c_str());
        std::fprintf(stderr, "%s%s: %s\n", language() == Lang::zh ? "错误：" : "error: ", r.out.c_str(), why.c_str());
        return cancelled ? 130 : 1;
    };
    std::unique_ptr<Sink> sink;
    if (r.is_mp4)
        sink = std::make_unique<FfmpegSink>(part, r);
    else
        sink = std::make_unique<GifSink>(part, r);
    const bool is_seen = isatty(STDERR_FILENO) == 1;
    for (int i = 0; i < r.frames; ++i) {
        if (cancelled) {
            sink->finish();
            return fail(std::string(tr(Str::export_cancelled)));
        }
        if (!sink->add(frame(i))) {
            const std::string why = sink->finish();
            return fail(why.empty() ? std::string(tr(Str::film_not_written)) : why);
        }
        if (is_seen) std::fprintf(stderr, "\r\x1b[K%d / %d", i + 1, r.frames);
        if (r.progress) std::fprintf(stderr, "frame %d of %d\n", i + 1, r.frames);
    }
    if (is_seen) std::fputs("\r\x1b[K", stderr);
    if (const std::string why = sink->finish(); !why.empty()) return fail(why);
    if (std::rename(part.c_str(), r.out.c_str()) != 0) return fail(std::strerror(errno));
    return 0;
}

}  // namespace sy::gui
