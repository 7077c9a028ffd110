// The dialogue, and the child process behind it.
#include "gui/app/exports.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "gui/app/app_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"

extern char** environ;

namespace sy::gui {
namespace {

namespace fs = std::filesystem;

struct ExportKind {
    Str name;
    const char* ending;
    std::vector<std::string> options;
};

const std::array<ExportKind, 6>& export_kinds() {
    static const std::array<ExportKind, 6> kinds = {ExportKind{Str::export_png, ".png", {}},
                                                    {Str::export_svg_timeline, "-timeline.svg", {"--svg", "timeline"}},
                                                    {Str::export_svg_stage, "-stage.svg", {"--svg", "stage"}},
                                                    {Str::export_html, ".html", {"--html"}},
                                                    {Str::export_gif, ".gif", {"--gif"}},
                                                    {Str::export_mp4, ".mp4", {"--mp4"}}};
    return kinds;
}

// A name beside nothing that is there.
void propose_path(const AppParts& p, ExportDialog& d) {
    const std::string stem = p.document.name.empty() ? "switchyard" : fs::path(p.document.name).stem().string();
    const std::string ending = export_kinds()[static_cast<std::size_t>(d.kind)].ending;
    std::error_code error;
    std::string path = stem + ending;
    for (int i = 2; fs::exists(path, error) && i < 1000; ++i) path = stem + "-" + std::to_string(i) + ending;
    std::snprintf(d.path, sizeof d.path, "%s", path.c_str());
}

std::string notice_text(const ExportDialog& d) {
    if (d.job.status() == 0) return tr(Str::export_done, {d.running_path});
    return tr(Str::export_failed, {d.job.said().empty() ? std::to_string(d.job.status()) : d.job.said()});
}

void tell(AppParts& p, std::string words) {
    p.notice_text = std::move(words);
    p.notice_until = p.now + 6;
}

void start_export(AppParts& p) {
    ExportDialog& d = p.exports;
    const ExportKind& kind = export_kinds()[static_cast<std::size_t>(d.kind)];
    if (d.kind == 0) {   // the window itself is the picture
        p.picture_path = d.path;
        p.picture_wanted = true;
        return;
    }
    if (p.no_files || d.job.is_running()) return;
    // The scenario as it is in the window, under its own name.
    std::error_code error;
    std::string folder = (fs::temp_directory_path(error) / "switchyard-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return tell(p, tr(Str::export_failed, {std::strerror(errno)}));
    const std::string file = folder + "/" + (p.document.name.empty() ? "scenario.scn" : p.document.name);
    if (!save_scenario(p, file)) {
        fs::remove_all(folder, error);
        return tell(p, tr(Str::export_failed, {folder}));
    }
    std::vector<std::string> words = {"export", file, "-o", d.path, "--lang", p.state.lang == Lang::zh ? "zh" : "en"};
    words.insert(words.end(), kind.options.begin(), kind.options.end());
    const Stretch s = timeline_stretch(p.panels.timeline, std::max<Nanos>(p.session->frontier().now(), 1));
    const std::string range = std::to_string(s.from) + "ns.." + std::to_string(s.until) + "ns";
    const bool is_film = kind.ending == std::string_view(".gif") || kind.ending == std::string_view(".mp4");
    if (is_film) words.push_back(range);
    if (d.kind == 1) words.insert(words.end(), {"--range", range});
    if (d.kind == 1 || d.kind == 2) words.insert(words.end(), {"--step", std::to_string(p.session->position())});
    if (kind.options.front() != "--html") words.insert(words.end(), {"--theme", std::string(theme_name(p.state.theme))});
    if (is_film) words.push_back("--progress");
    d.running_path = d.path;
    if (const std::string why = d.job.start(words, folder); !why.empty()) tell(p, tr(Str::export_failed, {why}));
}

std::string progress_text(const ExportDialog& d) {
    const std::string far = d.job.all() > 0 ? std::to_string(d.job.done()) + " / " + std::to_string(d.job.all()) : std::string("…");
    return tr(Str::export_running, {fs::path(d.running_path).filename().string(), far});
}

}  // namespace

ExportJob::~ExportJob() {
    cancel();
    while (!poll()) usleep(2'000);
}

std::string ExportJob::start(const std::vector<std::string>& arguments, const std::string& folder) {
    folder_ = folder;
    said_.clear();
    pending_.clear();
    done_ = all_ = status_ = 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return std::strerror(errno);
    std::vector<char*> argv;
    std::string self = "switchyard";
    argv.push_back(self.data());
    for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const int error = posix_spawn(&child_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
    fcntl(output_, F_SETFL, O_NONBLOCK);
    if (error == 0) return {};
    child_ = -1;
    poll();
    return std::strerror(error);
}

void ExportJob::cancel() {
    if (child_ > 0) kill(child_, SIGTERM);
}

void ExportJob::take_line(const std::string& line) {
    int done = 0, all = 0;
    if (std::sscanf(line.c_str(), "frame %d of %d", &done, &all) == 2) {
        done_ = done, all_ = all;
    } else if (!line.empty() && said_.size() < 500) {
        said_ += (said_.empty() ? "" : " ") + line;
    }
}

bool ExportJob::poll() {
    char bytes[4096];
    while (output_ >= 0) {
        const ssize_t n = read(output_, bytes, sizeof bytes);
        if (n <= 0) break;
        pending_.append(bytes, static_cast<std::size_t>(n));
        for (std::size_t end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
            take_line(pending_.substr(0, end));
            pending_.erase(0, end + 1);
        }
    }
    if (child_ > 0) {
        int status = 0;
        const pid_t ended = waitpid(child_, &status, WNOHANG);
        if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
        status_ = ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        child_ = -1;
        return poll();   // what it said last
    }
    if (output_ >= 0) close(output_);
    output_ = -1;
    take_line(std::exchange(pending_, {}));
    std::error_code error;
    if (!folder_.empty()) fs::remove_all(folder_, error);
    folder_.clear();
    return true;
}

void draw_exports(AppParts& p) {
    ExportDialog& d = p.exports;
    if (d.job.is_running()) {
        if (d.job.poll()) {
            tell(p, notice_text(d));
            p.next_frame_in = 0;
        } else {
            if (!d.is_open) tell(p, progress_text(d));
            if (p.next_frame_in < 0 || p.next_frame_in > 0.1) p.next_frame_in = 0.1;
        }
    }
    const bool opening = d.wanted;
    if (opening && p.session) {
        propose_path(p, d);
        ImGui::OpenPopup("export");
    }
    d.wanted = false;
    ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Always, {0.5F, 0.5F});
    ImGui::SetNextWindowSize({px(520), px(340)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {px(24), px(20)});
    d.is_open = ImGui::BeginPopupModal("export", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings);
    ImGui::PopStyleVar();
    if (!d.is_open) return;
    const PlaceName place("export");
    label(tr(Str::export_title), strong_text(Size::large));
    gap(4);
    int number = 0;
    for (const ExportKind& kind : export_kinds()) {
        if (ImGui::RadioButton(tr(kind.name).data(), d.kind == number)) {
            d.kind = number;
            propose_path(p, d);
        }
        ++number;
    }
    gap(4);
    label(tr(Str::export_file), quiet_text(Size::small));
    ImGui::SetNextItemWidth(-1);
    if (opening) ImGui::SetKeyboardFocusHere();
    bool go = ImGui::InputText("##export path", d.path, sizeof d.path, ImGuiInputTextFlags_EnterReturnsTrue);
    gap(4);
    bool close = false;
    if (d.job.is_running()) {
        label(shorten(progress_text(d), ImGui::GetContentRegionAvail().x - button_width(tr(Str::export_cancel)) - px(12)), quiet_text());
        ImGui::SameLine(ImGui::GetWindowWidth() - px(24) - button_width(tr(Str::export_cancel)));
        if (button("stop", tr(Str::export_cancel))) d.job.cancel();
        go = false;
    } else {
        const float buttons = button_width(tr(Str::cancel)) + button_width(tr(Str::export_start)) + px(8);
        ImGui::SetCursorPosX(ImGui::GetWindowWidth() - px(24) - buttons);
        close = button("cancel", tr(Str::cancel));
        ImGui::SameLine();
        go = button("go", tr(Str::export_start), Look::primary, d.path[0] != '\0') || go;
        if (go && d.path[0] != '\0') {
            start_export(p);
            close = true;
        }
    }
    if (close || p.close_dialogs) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
}

}  // namespace sy::gui
