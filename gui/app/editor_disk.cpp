// The text and the disk: saving, what another program writes into the file, the recovery file of a session that ended
// without being asked, and the questions that follow from these.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gui/app/app_parts.h"
#include "gui/app/editor.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/cli/files.h"
#include "sim/scenario/parse.h"

namespace sy::gui {
namespace {

namespace fs = std::filesystem;
using Ask = EditorQuestion::Kind;

void notice(AppParts& p, std::string text) {
    p.notice_text = std::move(text);
    p.notice_until = p.now + 5;
}

std::string absolute(const std::string& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    return error ? path : real.string();
}

// $XDG_STATE_HOME/switchyard/recovery, as the XDG base directory specification has it.
fs::path recovery_folder() {
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    if (state != nullptr && state[0] == '/') return fs::path(state) / "switchyard/recovery";
    if (home != nullptr && home[0] == '/') return fs::path(home) / ".local/state/switchyard/recovery";
    return {};
}

std::string recovery_path(const std::string& path) {
    std::uint64_t hash = 1469598103934665603ULL;   // FNV-1a
    for (const unsigned char c : absolute(path)) hash = (hash ^ c) * 1099511628211ULL;
    std::ostringstream name;
    name << std::hex << hash << '-' << getpid() << ".json";
    const fs::path folder = recovery_folder();
    return folder.empty() ? "" : (folder / name.str()).string();
}

struct Rescued {
    std::string path, text, file;
};

// What ended sessions have left; those of running ones are theirs.
std::vector<Rescued> find_rescued() {
    std::vector<Rescued> out;
    std::error_code error;
    const fs::path folder = recovery_folder();
    if (folder.empty()) return out;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".json") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
        if (!json.is_object() || !json.contains("path") || !json.contains("text") || !json["path"].is_string() || !json["text"].is_string()) continue;
        const int pid = json.contains("pid") && json["pid"].is_number_integer() ? json["pid"].get<int>() : 0;
        if (pid > 0 && pid != getpid() && kill(pid, 0) == 0) continue;
        out.push_back({json["path"], json["text"], entry.path().string()});
    }
    return out;
}

void write_recovery(AppParts& p, bool to_disk) {
    Editor& e = p.editor;
    if (e.recovery.empty()) e.recovery = recovery_path(p.document.path);
    if (e.recovery.empty()) return;
    std::error_code ignored;
    const fs::path folder = fs::path(e.recovery).parent_path();
    if (!fs::exists(folder, ignored)) {
        fs::create_directories(folder, ignored);
        fs::permissions(folder, fs::perms::owner_all, ignored);
    }
    const nlohmann::json json = {{"path", absolute(p.document.path)}, {"pid", getpid()}, {"text", e.doc.text()}};
    int error = 0;
    const std::string all = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!save_atomically(e.recovery, all, to_disk, error) && e.rescued == 0)
        notice(p, save_error_text(e.recovery, error));
    e.rescued = e.doc.version();
}

bool read(const std::string& path, std::string& text) {
    Text why;
    return read_scenario_file(path, text, why);
}

// Another program has written the file, or removed it.
void look_at_disk(AppParts& p) {
    Editor& e = p.editor;
    std::string theirs;
    if (!read(p.document.path, theirs) || theirs == e.doc.saved()) return;
    p.next_frame_in = 0;
    if (theirs == e.doc.text()) {
        e.doc.mark_saved();
    } else if (!e.doc.is_modified()) {
        e.doc.become(theirs);
        e.doc.mark_saved();
        e.changed_at = p.now - kTypingPause;
        notice(p, tr(Str::editor_reloaded, {p.document.name}));
    } else {
        e.question = {.kind = Ask::changed, .text = std::move(theirs), .file = {}, .show_difference = false, .then = {}};
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        out.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return out;
}

// What stands only here (+) and only there (-), by the longest common sequence of the lines between the first and the
// last difference; of very long ones all of them.
std::vector<std::string> difference(const std::string& theirs, const std::string& mine) {
    std::vector<std::string_view> a = lines_of(theirs), b = lines_of(mine);
    while (!a.empty() && !b.empty() && a.back() == b.back()) a.pop_back(), b.pop_back();
    std::size_t head = 0;
    while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
    a.erase(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(head));
    b.erase(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(head));
    std::vector<std::string> out = {"@ " + std::to_string(head + 1)};
    const std::size_t n = a.size(), m = b.size();
    const bool small = n * m <= 250'000;
    std::vector<std::uint16_t> common(small ? (n + 1) * (m + 1) : 0);
    for (std::size_t i = n; small && i-- > 0;)
        for (std::size_t j = m; j-- > 0;)
            common[i * (m + 1) + j] = a[i] == b[j] ? static_cast<std::uint16_t>(common[(i + 1) * (m + 1) + j + 1] + 1)
                                                   : std::max(common[(i + 1) * (m + 1) + j], common[i * (m + 1) + j + 1]);
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
        if (small && i < n && j < m && a[i] == b[j]) {
            out.push_back("  " + std::string(a[i]));
            ++i, ++j;
        } else if (i < n && (!small || j >= m || common[(i + 1) * (m + 1) + j] >= common[i * (m + 1) + j + 1])) {
            out.push_back("- " + std::string(a[i++]));
        } else {
            out.push_back("+ " + std::string(b[j++]));
        }
    }
    return out;
}

struct Answers {
    std::string title, words;
    std::vector<Str> buttons;
};

Answers answers_of(const AppParts& p) {
    const EditorQuestion& q = p.editor.question;
    switch (q.kind) {
        case Ask::recover:
            return {std::string(tr(Str::ask_recover_title)), tr(Str::ask_recover, {p.document.name}), {Str::ask_recover_yes, Str::ask_recover_no, Str::ask_difference}};
        case Ask::changed:
            return {std::string(tr(Str::ask_changed_title)), tr(Str::ask_changed, {p.document.name}), {Str::ask_changed_mine, Str::ask_changed_theirs, Str::ask_difference}};
        case Ask::unsaved:
            return {std::string(tr(Str::ask_unsaved_title)), tr(Str::ask_unsaved, {p.document.name}), {Str::ask_unsaved_save, Str::ask_unsaved_drop, Str::cancel}};
        case Ask::none: break;
    }
    return {};
}

}  // namespace

void forget_recovery(AppParts& p) {
    Editor& e = p.editor;
    std::error_code ignored;
    if (!e.recovery.empty()) fs::remove(e.recovery, ignored);
    e.recovery.clear();
    e.rescued = 0;
}

void save_document(AppParts& p, const std::string& path) {
    Editor& e = p.editor;
    if (p.no_files) return;
    if (path.empty()) return notice(p, std::string(tr(Str::save_no_name)));
    const bool same = absolute(path) == absolute(p.document.path);
    std::string theirs;
    if (same && e.question.kind != Ask::changed && read(path, theirs) && theirs != e.doc.saved() && theirs != e.doc.text()) {
        e.question = {.kind = Ask::changed, .text = std::move(theirs), .file = {}, .show_difference = false, .then = {}};
        return;
    }
    int error = 0;
    if (!save_atomically(path, e.doc.text(), true, error)) return notice(p, save_error_text(path, error));
    e.doc.mark_saved();
    if (!same) {
        p.document.path = path;
        p.document.name = fs::path(path).filename().string();
    }
    forget_recovery(p);
    notice(p, tr(Str::notice_saved, {path}));
}

void reload_document(AppParts& p) {
    Editor& e = p.editor;
    LoadError error;
    error.file = p.document.name;
    if (!read_scenario_file(p.document.path, error.source, error.unreadable)) {
        error.failed = true;
    } else {
        e.doc.become(error.source);   // undo leads back to what was not saved
        e.doc.mark_saved();
        e.changed_at = p.now - kTypingPause;
        Scenario scratch;
        error.failed = !parse_scenario(error.source, error.file, scratch, error.mistakes) && !e.open;
    }
    p.show_error = error.failed;
    p.error = std::move(error);
}

void guard_document(AppParts& p) {
    Editor& e = p.editor;
    if (!e.guarded || p.document.path.empty()) return;
    if (e.watched != p.document.path) {
        e.watched = p.document.path;
        e.watch.start(e.watched, p.wake);
    }
    if (e.question.kind == Ask::none && e.watch.take_change()) look_at_disk(p);
    if (e.question.kind == Ask::recover) return;
    if (!e.doc.is_modified()) {
        if (!e.recovery.empty()) forget_recovery(p);
    } else if (e.rescued != e.doc.version()) {
        // Each change at once into the system's hands (a kill loses nothing), at a pause onto the disk (nor does a crash).
        const bool pause = p.now >= e.changed_at + kTypingPause;
        if (pause || e.doc.text().size() < 200'000) write_recovery(p, pause);
    }
}

void offer_recovery(AppParts& p) {
    if (!p.editor.guarded) return;
    for (Rescued& r : find_rescued()) {
        if (r.path != absolute(p.document.path)) continue;
        if (r.text == p.editor.doc.text()) {
            std::error_code ignored;
            fs::remove(r.file, ignored);
            continue;
        }
        p.editor.question = {.kind = Ask::recover, .text = std::move(r.text), .file = r.file, .show_difference = false, .then = {}};
        return;
    }
    for (const Rescued& r : find_rescued())
        if (r.path != absolute(p.document.path)) return notice(p, tr(Str::editor_rescued_other, {r.path}));
}

bool may_leave(AppParts& p, const Command& then) {
    Editor& e = p.editor;
    if (!e.guarded || !e.doc.is_modified() || e.question.kind != Ask::none) return e.question.kind != Ask::unsaved;
    e.question = {.kind = Ask::unsaved, .text = {}, .file = {}, .show_difference = false, .then = then};
    return false;
}

void answer_question(AppParts& p, int answer) {
    Editor& e = p.editor;
    const EditorQuestion q = e.question;
    std::error_code ignored;
    if (answer == 2 && q.kind != Ask::unsaved) {
        e.question.show_difference = !q.show_difference;
        return;
    }
    if (answer < 0 || answer > 2) return;
    e.question = {};
    if (q.kind == Ask::recover) {
        if (answer == 0) {
            e.doc.become(q.text);
            e.open = true;
            e.changed_at = p.now - kTypingPause;
            write_recovery(p, true);
        }
        fs::remove(q.file, ignored);
    } else if (q.kind == Ask::changed) {
        const std::string mine = e.doc.text();
        e.doc.become(q.text);
        e.doc.mark_saved();
        if (answer == 0) e.doc.become(mine);   // saving writes over theirs from now on
        e.changed_at = p.now - kTypingPause;
    } else if (q.kind == Ask::unsaved && answer < 2) {
        if (answer == 0) save_document(p, p.document.path);
        if (answer == 0 && e.doc.is_modified()) return;   // it could not be saved: stay
        if (answer == 1) {
            forget_recovery(p);
            e.doc.mark_saved();
        }
        p.commands.push_back(q.then);
    }
}

void draw_question(AppParts& p, float width, float height) {
    Editor& e = p.editor;
    if (e.question.kind == Ask::none) return;
    const Answers a = answers_of(p);
    const bool tall = e.question.show_difference;
    if (begin_overlay("question", width, height, {px(640), tall ? px(520) : px(220)})) {
        const PlaceName place("question");
        label(a.title, strong_text(Size::large));
        gap(4);
        paragraph(a.words);
        gap(8);
        if (tall) {
            ImGui::BeginChild("difference", {0, ImGui::GetContentRegionAvail().y - px(48)}, false);
            for (const std::string& line : difference(e.question.kind == Ask::recover ? e.doc.saved() : e.question.text,
                                                      e.question.kind == Ask::recover ? e.question.text : e.doc.text())) {
                const ImU32 color = line[0] == '+' ? theme().kept : line[0] == '-' ? theme().replaced : theme().quiet;
                fit(line, 0, {Face::mono, Size::small, color});
            }
            ImGui::EndChild();
        }
        int answer = -1;
        for (std::size_t i = 0; i < a.buttons.size(); ++i) {
            if (i > 0) ImGui::SameLine();
            const std::string words = std::to_string(i + 1) + "  " + std::string(tr(a.buttons[i]));
            if (button(("answer" + std::to_string(i)).c_str(), words, i == 0 ? Look::primary : Look::plain)) answer = static_cast<int>(i);
        }
        if (answer >= 0) answer_question(p, answer);
    }
    ImGui::End();
}

}  // namespace sy::gui
