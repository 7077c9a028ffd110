// Looking at a lot: searching the log, the longest waits one key apart, measuring between two points, bookmarks, arrows.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gui/app/app_parts.h"
#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr std::size_t kSearchedAFrame = 12'000;   // records
constexpr std::size_t kMostBookmarks = 500;
constexpr double kNoticeSeconds = 4;

void say(AppParts& p, std::string text) {
    p.notice_text = std::move(text);
    p.notice_until = p.now + kNoticeSeconds;
}

void show_page(AppParts& p, FindPage page) {
    p.panels.find.page = page;
    int tab = 0;
    for (const Panel& panel : panels()) {
        if (panel.dock != Dock::inspector) continue;
        if (panel.id == "find") p.commands.push_back({Kind::tab, tab, {}});
        ++tab;
    }
}

void go_to_record(AppParts& p, std::size_t record) {
    if (record >= p.session->log().size()) return;
    p.session->seek_record(record);
    p.state.playing = false;
    p.flight.start = -1;
    p.panels.find.record = record;
    p.panels.find.record_position = p.session->position();
    p.panels.find.scroll = true;
}

void go_to_time(AppParts& p, Nanos at) {
    p.session->seek_time(at);
    p.state.playing = false;
    p.flight.start = -1;
}

// The record at the cursor: the chosen one, or the last one that has happened; -1: none has.
std::ptrdiff_t record_here(const AppParts& p) {
    const FindState& f = p.panels.find;
    if (f.record < p.session->log().size() && f.record_position == p.session->position())
        return static_cast<std::ptrdiff_t>(f.record);
    return static_cast<std::ptrdiff_t>(p.index->record_at(p.session->time() + 1)) - 1;
}

void next_match(AppParts& p, bool forward) {
    const std::vector<std::uint32_t>& found = p.panels.find.matches;
    const std::ptrdiff_t here = record_here(p);
    const auto at = forward ? std::upper_bound(found.begin(), found.end(), here, [](std::ptrdiff_t h, std::uint32_t m) { return h < m; })
                            : std::lower_bound(found.begin(), found.end(), here, [](std::uint32_t m, std::ptrdiff_t h) { return m < h; });
    if (forward ? at == found.end() : at == found.begin()) return say(p, std::string(tr(Str::notice_no_match)));
    go_to_record(p, *(forward ? at : at - 1));
}

// By length.
void go_to_wait(AppParts& p, std::ptrdiff_t rank) {
    const std::vector<WaitRecord>& waits = p.index->tallies().longest();
    if (waits.empty()) return say(p, std::string(tr(Str::waits_none)));
    rank = std::clamp<std::ptrdiff_t>(rank, 0, static_cast<std::ptrdiff_t>(waits.size()) - 1);
    const WaitRecord& wait = waits[static_cast<std::size_t>(rank)];
    p.panels.find.wait_rank = rank;
    p.panels.find.from = wait.woken;
    p.panels.find.until = wait.woken + wait.length;
    go_to_record(p, wait.run);
    p.state.selected_task = wait.task;
    show_page(p, FindPage::waits);
    say(p, tr(Str::notice_wait, {std::to_string(rank + 1), std::to_string(waits.size()),
                                 task_name(p.session->frontier(), wait.task), format_span(wait.length)}));
}

void later_wait(AppParts& p) {
    const std::vector<WaitRecord>& waits = p.index->tallies().longest();
    const std::ptrdiff_t here = record_here(p);
    std::ptrdiff_t best = -1;
    for (std::size_t i = 0; i < waits.size(); ++i)
        if (waits[i].run > here && (best < 0 || waits[i].run < waits[static_cast<std::size_t>(best)].run)) best = static_cast<std::ptrdiff_t>(i);
    if (best < 0) return say(p, std::string(tr(Str::notice_no_wait)));
    go_to_wait(p, best);
}

// --- bookmarks ---

std::filesystem::path bookmark_file() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != 0)
        return std::filesystem::path(config) / "switchyard" / "bookmarks.json";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0)
        return std::filesystem::path(home) / ".config" / "switchyard" / "bookmarks.json";
    return {};
}

nlohmann::json read_bookmarks() {
    std::ifstream in(bookmark_file());
    nlohmann::json all = nlohmann::json::parse(in, nullptr, false);
    return all.is_object() ? all : nlohmann::json::object();
}

std::string document_key(const AppParts& p) {
    std::error_code error;
    return std::filesystem::absolute(p.document.path, error).lexically_normal().string();
}

void save_bookmarks(const AppParts& p) {
    const std::filesystem::path file = bookmark_file();
    if (file.empty() || p.document.path.empty() || p.shot) return;
    nlohmann::json all = read_bookmarks();
    nlohmann::json& mine = all[document_key(p)] = nlohmann::json::array();
    for (const Bookmark& b : p.panels.find.bookmarks) mine.push_back({{"at_ns", b.at}, {"name", b.name}});
    if (mine.empty()) all.erase(document_key(p));
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    const std::filesystem::path fresh = file.string() + ".new";   // never half a file
    {
        std::ofstream out(fresh);
        out << all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
        if (!out.flush()) return;
    }
    std::filesystem::rename(fresh, file, error);
}

void toggle_bookmark(AppParts& p) {
    std::vector<Bookmark>& all = p.panels.find.bookmarks;
    const Nanos at = p.session->time();
    p.panels.find.renaming = -1;
    if (std::erase_if(all, [&](const Bookmark& b) { return b.at == at; }) > 0) {
        say(p, std::string(tr(Str::notice_bookmark_gone)));
    } else if (all.size() < kMostBookmarks) {
        const auto place = std::find_if(all.begin(), all.end(), [&](const Bookmark& b) { return b.at > at; });
        all.insert(place, {at, tr(Str::bookmark_default, {std::to_string(all.size() + 1)})});
        say(p, std::string(tr(Str::notice_bookmark)));
    }
    save_bookmarks(p);
}

void next_bookmark(AppParts& p, bool forward) {
    const Nanos here = p.session->time();
    const Bookmark* best = nullptr;
    for (const Bookmark& b : p.panels.find.bookmarks)
        if (forward ? b.at > here && best == nullptr : b.at < here) best = &b;
    if (best == nullptr) return say(p, std::string(tr(Str::notice_no_bookmark)));
    const std::string name = best->name;
    go_to_time(p, best->at);
    say(p, name);
}

void measure_here(AppParts& p) {
    FindState& f = p.panels.find;
    const Nanos here = p.session->time();
    if (f.from < 0 || f.until >= 0) {
        f.from = here;
        f.until = -1;
    } else {
        f.until = here;
        if (f.until < f.from) std::swap(f.from, f.until);
    }
    show_page(p, FindPage::measure);
}

void find_text(AppParts& p, const std::string& expression) {
    FindState& f = p.panels.find;
    std::snprintf(f.input, sizeof f.input, "%s", expression.c_str());
    f.run.reset();
    f.matches.clear();
    f.expression.clear();
    std::optional<Query> query = Query::read(expression, f.mistake);
    f.is_wrong = !query;
    if (!query || query->empty()) return;
    f.expression = expression;
    f.run = std::make_shared<QueryRun>(std::move(*query), p.session->frontier(), p.session->log());
}

}  // namespace

void search_anew(AppParts& p) {
    const std::string expression = p.panels.find.expression;
    p.panels.find.wait_rank = -1;
    p.panels.find.record = ~std::size_t{0};
    p.panels.find.arrow_cache = {};
    if (!expression.empty()) find_text(p, expression);
}

void search_on(AppParts& p) {
    FindState& f = p.panels.find;
    if (f.run && f.run->advance(p.shot ? ~std::size_t{0} : kSearchedAFrame, f.matches)) p.next_frame_in = 0;
}

void load_bookmarks(AppParts& p) {
    std::vector<Bookmark>& all = p.panels.find.bookmarks;
    all.clear();
    if (p.shot || bookmark_file().empty()) return;
    const nlohmann::json file = read_bookmarks();
    const auto mine = file.find(document_key(p));
    if (mine == file.end() || !mine->is_array()) return;
    for (const nlohmann::json& b : *mine) {
        if (!b.is_object() || !b.contains("at_ns") || !b["at_ns"].is_number_integer() || all.size() >= kMostBookmarks) continue;
        const auto name = b.find("name");
        all.push_back({std::max<Nanos>(b["at_ns"].get<Nanos>(), 0), name != b.end() && name->is_string() ? name->get<std::string>() : ""});
    }
    std::stable_sort(all.begin(), all.end(), [](const Bookmark& a, const Bookmark& b) { return a.at < b.at; });
}

bool is_mark(Kind kind) { return kind >= Kind::find && kind <= Kind::arrows; }

void mark(AppParts& p, const Command& command) {
    FindState& f = p.panels.find;
    const auto place = static_cast<std::size_t>(command.value);
    switch (command.kind) {
        case Kind::find:
            f.focus = true;
            show_page(p, FindPage::matches);
            return;
        case Kind::find_text:
            find_text(p, command.text);
            return;
        case Kind::next_match:
            next_match(p, true);
            return;
        case Kind::previous_match:
            next_match(p, false);
            return;
        case Kind::seek_record:
            go_to_record(p, place);
            f.scroll = false;
            return;
        case Kind::longest_wait:
            go_to_wait(p, command.value);
            f.scroll = false;
            return;
        case Kind::shorter_wait:
            go_to_wait(p, f.wait_rank + 1);
            return;
        case Kind::later_wait:
            later_wait(p);
            return;
        case Kind::measure_here:
            measure_here(p);
            return;
        case Kind::measure_between: {
            const Nanos until = std::strtoll(command.text.c_str(), nullptr, 10);
            f.from = std::max<Nanos>(std::min(command.value, until), 0);
            f.until = std::max<Nanos>(std::max(command.value, until), 0);
            f.page = FindPage::measure;
            return;
        }
        case Kind::measure_off:
            f.from = f.until = -1;
            return;
        case Kind::bookmark:
            toggle_bookmark(p);
            return;
        case Kind::next_bookmark:
            next_bookmark(p, true);
            return;
        case Kind::previous_bookmark:
            next_bookmark(p, false);
            return;
        case Kind::name_bookmark:
            if (place < f.bookmarks.size() && !command.text.empty()) f.bookmarks[place].name = command.text.substr(0, 120);
            f.renaming = -1;
            save_bookmarks(p);
            return;
        case Kind::drop_bookmark:
            if (place < f.bookmarks.size()) f.bookmarks.erase(f.bookmarks.begin() + command.value);
            f.renaming = -1;
            save_bookmarks(p);
            return;
        case Kind::arrows:
            f.arrows = !f.arrows;
            say(p, std::string(tr(f.arrows ? Str::notice_arrows_on : Str::notice_arrows_off)));
            return;
        default:
            return;
    }
}

}  // namespace sy::gui
