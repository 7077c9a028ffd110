// Finding one thing among ten million: an expression and the records that match it; the longest waits and how waits are
// spread; what lies between two points; bookmarks. Lists hold any number of rows: only those in sight are made.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/compat.h"
#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/panels/timeline_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/ftrace.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;
constexpr std::array kPages = {Str::find_page_matches, Str::find_page_waits, Str::find_page_measure, Str::find_page_bookmarks};

std::string what_of(const View& view, std::size_t record) {
    const Log& log = view.session->log();
    const Record& r = log[record];
    const bool has_args = r.kind == RecordKind::sys_enter && record + 1 < log.size() && log[record + 1].kind == RecordKind::sys_args;
    return event_text(view.session->frontier(), r, has_args ? &log[record + 1] : nullptr);
}
std::string who_of(const View& view, const Record& r) {
    return r.task == kNoTask ? "–" : task_name(view.session->frontier(), r.task);
}

// A list in which only the rows in sight are made; each is one button with two lines of words.
template <typename Row>
void long_list(const char* id, std::size_t rows, std::ptrdiff_t scroll_to, const Row& row) {
    const float height = px(40);
    ImGui::BeginChild(id, {0, std::max(ImGui::GetContentRegionAvail().y, px(80))}, false);
    if (scroll_to >= 0) ImGui::SetScrollY(std::max(static_cast<float>(scroll_to) * height - ImGui::GetWindowHeight() / 2, 0.0F));
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(std::min<std::size_t>(rows, 10'000'000)), height);
    while (clipper.Step())
        for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) row(static_cast<std::size_t>(i), height);
    clipper.End();
    ImGui::PopStyleVar();
    ImGui::EndChild();
}

// Two lines; true when pressed.
bool two_lines(std::size_t id, float height, bool selected, std::string_view left, std::string_view right, std::string_view below) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    ImGui::PushID(static_cast<int>(id));
    const bool pressed = ImGui::InvisibleButton("row", {width, height});
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    if (selected || hovered)
        list.AddRectFilled(at, {at.x + width, at.y + height - px(2)}, selected ? theme().selected : theme().hover, px(4));
    const TextStyle mono = mono_text(), quiet = quiet_text(Size::small);
    const float own = std::min(measure(right, quiet).x, width * 0.5F);
    fit_at(list, {at.x + px(6), at.y + px(2)}, width - own - px(20), left, mono);
    fit_at(list, {at.x + width - own - px(6), at.y + px(2)}, own + px(1), right, quiet);
    fit_at(list, {at.x + px(6), at.y + px(20)}, width - px(12), below, quiet);
    return pressed;
}

void input(View& view) {
    FindState& f = view.panels.find;
    ImGui::PushFont(font(Face::mono, Size::small));
    ImGui::SetNextItemWidth(-1);
    if (f.focus) ImGui::SetKeyboardFocusHere();
    f.focus = false;
    const std::string hint(tr(Str::find_hint));
    if (ImGui::InputTextWithHint("##expression", hint.c_str(), f.input, sizeof f.input,
                                 ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll)) {
        view.commands.push_back({Kind::find_text, 0, f.input});
        view.ask(Kind::next_match);
        view.animate();
    }
    ImGui::PopFont();
    if (!f.is_wrong) return;
    // Where the mistake is: the expression up to it, then a caret.
    std::string caret(static_cast<std::size_t>(std::clamp(f.mistake.column - 1, 0, 300)), ' ');
    fit(caret + "^", 0, {Face::mono, Size::small, theme().replaced});
    paragraph(std::to_string(f.mistake.column) + ": " + tr(f.mistake.message), {Face::text, Size::small, theme().replaced});
    if (f.mistake.replacement.empty()) return;
    if (button("mend", tr(Str::find_instead, {f.mistake.replacement}))) {
        std::string text = f.input;
        const auto at = std::min(static_cast<std::size_t>(f.mistake.column - 1), text.size());
        text.replace(at, static_cast<std::size_t>(f.mistake.length), f.mistake.replacement);
        view.commands.push_back({Kind::find_text, 0, text});
        view.animate();
    }
}

std::string match_count(const View& view) {
    const FindState& f = view.panels.find;
    const std::size_t all = view.session->log().size(), seen = f.run ? f.run->seen() : 0;
    const std::string found = format_count(static_cast<std::int64_t>(f.matches.size()));
    if (seen < all)
        return tr(Str::find_searching, {found, std::to_string(all == 0 ? 0 : seen * 100 / all)});
    return tr(Str::find_count, {found, format_count(static_cast<std::int64_t>(all))});
}

void matches(View& view) {
    FindState& f = view.panels.find;
    input(view);
    gap(4);
    if (f.expression.empty()) {
        paragraph(tr(Str::find_nothing), quiet_text(Size::small));
        gap(4);
        ImGui::BeginChild("fields", {0, 0}, false);
        for (const QueryField& field : query_fields()) {
            label(field.name, mono_text());
            ImGui::SameLine(px(64));
            paragraph(view.state.lang == Lang::zh ? field.zh : field.en, quiet_text(Size::small));
        }
        ImGui::EndChild();
        return;
    }
    paragraph(match_count(view), quiet_text(Size::small));
    if (f.matches.empty()) return;
    const Log& log = view.session->log();
    std::ptrdiff_t scroll = -1;
    if (f.scroll) {
        const auto it = std::lower_bound(f.matches.begin(), f.matches.end(), f.record);
        if (it != f.matches.end() && *it == f.record) scroll = it - f.matches.begin();
        f.scroll = false;
    }
    long_list("matches", f.matches.size(), scroll, [&](std::size_t i, float height) {
        const std::size_t record = f.matches[i];
        const Record& r = log[record];
        const bool chosen = record == f.record && f.record_position == view.session->position();
        if (two_lines(i, height, chosen, format_time(r.at), who_of(view, r) + " · CPU " + std::to_string(r.cpu),
                      std::string(record_name(r.kind)) + ": " + what_of(view, record)))
            view.ask(Kind::seek_record, static_cast<std::int64_t>(record));
    });
}

// --- waits ---

void histogram(const View& view) {
    const WaitCounts& counts = view.index->tallies().waits();
    int first = kWaitClasses, last = -1;
    std::uint64_t most = 1;
    for (int i = 0; i < kWaitClasses; ++i) {
        if (counts[static_cast<std::size_t>(i)] == 0) continue;
        first = std::min(first, i);
        last = i;
        most = std::max(most, counts[static_cast<std::size_t>(i)]);
    }
    if (last < 0) return;
    paragraph(tr(Str::waits_histogram), quiet_text(Size::small));
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x, height = px(60);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float step = width / static_cast<float>(last - first + 1);
    for (int i = first; i <= last; ++i) {
        const std::uint64_t n = counts[static_cast<std::size_t>(i)];
        const float x = at.x + step * static_cast<float>(i - first);
        // Heights by logarithm, so that the rare long ones are seen.
        const float tall = n == 0 ? 0 : height * static_cast<float>((1 + std::log2(static_cast<double>(n))) / (1 + std::log2(static_cast<double>(most))));
        list.AddRectFilled({x, at.y + height - std::max(tall, n > 0 ? px(2) : 0)}, {x + std::max(step - px(2), px(1)), at.y + height}, theme().runnable);
        tooltip_at({x, at.y}, {x + step, at.y + height},
                   (i == 0 ? "< " + format_span(2) : format_span(Nanos{1} << i) + " – " + format_span(Nanos{1} << (i + 1))) + ": " +
                       format_count(static_cast<std::int64_t>(n)));
    }
    ImGui::Dummy({width, height});
    const TextStyle quiet = quiet_text(Size::small);
    const std::string right = format_span(Nanos{1} << (last + 1));
    draw_text(list, {at.x, at.y + height + px(2)}, format_span(Nanos{1} << first), quiet);
    draw_text(list, {at.x + width - measure(right, quiet).x, at.y + height + px(2)}, right, quiet);
    ImGui::Dummy({width, line_height(quiet) + px(6)});
}

void waits(View& view) {
    FindState& f = view.panels.find;
    const std::vector<WaitRecord>& all = view.index->tallies().longest();
    if (all.empty()) {
        paragraph(tr(Str::waits_none), quiet_text(Size::small));
        return;
    }
    histogram(view);
    const std::ptrdiff_t scroll = f.scroll ? f.wait_rank : -1;
    f.scroll = false;
    long_list("waits", all.size(), scroll, [&](std::size_t i, float height) {
        const WaitRecord& w = all[i];
        if (two_lines(i, height, static_cast<std::ptrdiff_t>(i) == f.wait_rank, format_span(w.length),
                      task_name(view.session->frontier(), w.task),
                      std::to_string(i + 1) + " · " + format_time(w.woken) + " – " + format_time(w.woken + w.length)))
            view.ask(Kind::longest_wait, static_cast<std::int64_t>(i));
    });
}

// --- measuring ---

struct Measured {
    Nanos from = 0, until = 0;
    KindCounts kinds{};
    std::uint64_t records = 0;
    struct Lane {
        std::string name;
        LaneTimes ns{};
    };
    std::vector<Lane> lanes;   // CPUs, then the selected task
};

Measured measured(const View& view) {
    const FindState& f = view.panels.find;
    const TraceIndex& index = *view.index;
    const Log& log = view.session->log();
    const Nanos other = f.until < 0 ? view.session->time() : f.until, now = view.session->frontier().now();
    Measured m;
    m.from = std::min(f.from, other);
    m.until = std::max(f.from, other);
    const KindCounts a = index.tallies().kinds_before(log, index.record_at(m.from));
    const KindCounts b = index.tallies().kinds_before(log, index.record_at(m.until));
    for (std::size_t k = 0; k < a.size(); ++k) m.records += m.kinds[k] = b[k] - a[k];
    const auto lane = [&](const std::string& name, LaneKey key) {
        const LaneTimes before = index.times_before(key, m.from, now), after = index.times_before(key, m.until, now);
        Measured::Lane& l = m.lanes.emplace_back();
        l.name = name;
        for (std::size_t k = 0; k < before.size(); ++k) l.ns[k] = after[k] - before[k];
    };
    for (std::size_t c = 0; c < index.cpus(); ++c) lane("CPU " + std::to_string(c), LaneKey::cpu(static_cast<CpuId>(c)));
    if (const TaskId id = view.state.selected_task; id != kNoTask && id < index.tasks() && !index.is_idle(id))
        lane(task_name(view.session->frontier(), id), LaneKey::task(id));
    return m;
}

void two_columns(std::string_view left, std::string_view right) {
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float own = measure(right, mono_text()).x;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    fit_at(list, at, width - own - px(10), left, {Face::text, Size::small, 0});
    draw_text(list, {at.x + width - own - px(2), at.y}, right, mono_text());
    ImGui::Dummy({width, px(20)});
}

std::string_view share_name(Slice::Kind kind) {
    constexpr std::array names = {Str::share_running, Str::share_runnable, Str::share_sleeping, Str::share_idle, Str::share_syscall, Str::share_softirq, Str::share_irq};
    return tr(names[static_cast<std::size_t>(kind)]);
}

void measure_page(View& view) {
    const FindState& f = view.panels.find;
    if (f.from < 0) {
        paragraph(tr(Str::measure_hint), quiet_text(Size::small));
        return;
    }
    const Measured m = measured(view);
    ImGui::BeginChild("measured", {0, 0}, false);
    section_title(tr(Str::measure_span));
    paragraph(format_span(m.until - m.from), strong_text(Size::large));
    paragraph(format_time(m.from) + " – " + format_time(m.until), quiet_text(Size::small));
    two_columns(tr(Str::measure_switches), format_count(static_cast<std::int64_t>(m.kinds[static_cast<std::size_t>(RecordKind::sched_switch)])));
    section_title(tr(Str::measure_shares));
    for (const Measured::Lane& lane : m.lanes) {
        label(lane.name, strong_text(Size::small));
        const auto length = static_cast<double>(std::max<Nanos>(m.until - m.from, 1));
        for (std::size_t k = 0; k < lane.ns.size(); ++k)
            if (lane.ns[k] > 0)
                two_columns(share_name(static_cast<Slice::Kind>(k)), format_share(static_cast<double>(lane.ns[k]) / length));
    }
    section_title(tr(Str::measure_records));
    for (std::size_t k = 0; k < m.kinds.size(); ++k)
        if (m.kinds[k] > 0) two_columns(record_name(static_cast<RecordKind>(k)), format_count(static_cast<std::int64_t>(m.kinds[k])));
    ImGui::EndChild();
}

// --- bookmarks ---

void bookmarks(View& view) {
    FindState& f = view.panels.find;
    if (f.bookmarks.empty()) {
        paragraph(tr(Str::bookmarks_none), quiet_text(Size::small));
        return;
    }
    const auto here = std::find_if(f.bookmarks.begin(), f.bookmarks.end(), [&](const Bookmark& b) { return b.at == view.session->time(); });
    if (here != f.bookmarks.end()) {
        const auto place = here - f.bookmarks.begin();
        if (f.renaming == place) {
            ImGui::SetNextItemWidth(-1);
            if (ImGui::InputText("##name", f.name, sizeof f.name, ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll))
                view.commands.push_back({Kind::name_bookmark, place, f.name});
        } else {
            if (button("rename", tr(Str::bookmark_rename))) {
                f.renaming = static_cast<int>(place);
                std::snprintf(f.name, sizeof f.name, "%s", here->name.c_str());
            }
            ImGui::SameLine(0, px(6));
            if (button("remove", tr(Str::bookmark_remove))) view.ask(Kind::drop_bookmark, place);
        }
        gap(4);
    }
    long_list("bookmarks", f.bookmarks.size(), -1, [&](std::size_t i, float height) {
        const Bookmark& b = f.bookmarks[i];
        if (two_lines(i, height, b.at == view.session->time(), b.name, "", format_time(b.at))) view.ask(Kind::seek_time, b.at);
    });
}

}  // namespace

void draw_find(View& view) {
    if (!view.session || !view.index) {
        empty_state({}, tr(Str::empty_timeline_hint));
        return;
    }
    FindState& f = view.panels.find;
    float x = 0;
    for (std::size_t i = 0; i < kPages.size(); ++i) {
        const std::string_view name = tr(kPages[i]);
        const float own = chip_width(name);
        if (i > 0 && x + own <= ImGui::GetContentRegionAvail().x)
            ImGui::SameLine(0, px(4));
        else
            x = 0;
        x += own + px(4);
        const std::string id = "page" + std::to_string(i);
        if (chip_button(id.c_str(), name, f.page == static_cast<FindPage>(i))) f.page = static_cast<FindPage>(i);
    }
    gap(6);
    switch (f.page) {
        case FindPage::matches:
            return matches(view);
        case FindPage::waits:
            return waits(view);
        case FindPage::measure:
            return measure_page(view);
        case FindPage::bookmarks:
            return bookmarks(view);
    }
}

void dump_find(const View& view, nlohmann::json& out) {
    const FindState& f = view.panels.find;
    constexpr std::array pages = {"matches", "waits", "measure", "bookmarks"};
    out["page"] = pages[static_cast<std::size_t>(f.page)];
    out["expression"] = f.expression;
    if (f.is_wrong) out["mistake"] = {{"column", f.mistake.column}, {"text", tr(f.mistake.message)}, {"replacement", f.mistake.replacement}};
    if (!view.session || !view.index) return;
    out["matches"] = f.matches.size();
    out["searched"] = f.run ? f.run->seen() : 0;
    if (f.record < view.session->log().size() && f.record_position == view.session->position()) {
        const Record& r = view.session->log()[f.record];
        out["record"] = {{"number", f.record}, {"kind", record_name(r.kind)}, {"at_ns", r.at}, {"cpu", r.cpu}};
    }
    const std::vector<WaitRecord>& all = view.index->tallies().longest();
    out["waits"] = all.size();
    out["wait_rank"] = f.wait_rank;
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 10); ++i)
        out["longest"].push_back({{"task", task_name(view.session->frontier(), all[i].task)}, {"wait_ns", all[i].length}, {"woken_ns", all[i].woken}});
    if (f.from >= 0) {
        const Measured m = measured(view);
        nlohmann::json& one = out["measure"] = {{"from_ns", m.from}, {"until_ns", m.until}, {"records", m.records}};
        for (std::size_t k = 0; k < m.kinds.size(); ++k)
            if (m.kinds[k] > 0) one["kinds"][std::string(record_name(static_cast<RecordKind>(k)))] = m.kinds[k];
        for (const Measured::Lane& lane : m.lanes)
            for (std::size_t k = 0; k < lane.ns.size(); ++k)
                if (lane.ns[k] > 0) one["lanes"][lane.name][slice_kind_name(static_cast<Slice::Kind>(k))] = lane.ns[k];
    }
    out["bookmarks"] = nlohmann::json::array();
    for (const Bookmark& b : f.bookmarks) out["bookmarks"].push_back({{"at_ns", b.at}, {"name", b.name}});
}

}  // namespace sy::gui
