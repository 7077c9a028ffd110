// The kernel broken on purpose: which steps of it are missing (each can be switched on and off, the scenario then runs
// anew), what the kernel said at the end, and the moment of the crime, found by running the sound kernel beside it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/kernel/broken.h"
#include "sim/report/oops.h"
#include "sim/scenario/breaks.h"
#include "sim/session/crime.h"
#include "sim/session/session.h"

namespace sy::gui {

struct BreakageCache {
    const Session* session = nullptr;
    std::unique_ptr<CrimeSearch> search;
    std::string lines;               // of the kernel
    bool has_lines = false;
};

namespace {

constexpr std::uint64_t kStepsAFrame = 16'384, kStepsForPicture = 20'000'000;

const std::vector<BreakDecl>& in_force(const View& view) { return view.session->scenario().breaks; }

// True: there is more to do.
bool bring_up_to_date(const View& view) {
    std::shared_ptr<BreakageCache>& cache = view.panels.breakage.cache;
    if (!cache || cache->session != view.session) {
        cache = std::make_shared<BreakageCache>();
        cache->session = view.session;
        if (!in_force(view).empty()) cache->search = std::make_unique<CrimeSearch>(view.session->scenario());
    }
    if (!cache->has_lines && view.session->complete()) {
        cache->lines = oops_lines(view.session->frontier());
        cache->has_lines = true;
    }
    const bool searching = cache->search && cache->search->advance(view.picture ? kStepsForPicture : kStepsAFrame);
    return searching || !view.session->complete();
}

void draw_crime(View& view, const Crime& crime) {
    const Lang lang = view.state.lang;
    section_title(tr(Str::breakage_crime));
    paragraph(tr(Str::breakage_crime_at, {std::to_string(crime.step), format_time(crime.at), std::to_string(crime.cpu)}));
    if (!crime.where.empty()) paragraph(crime.where, mono_text());
    if (!crime.what.in(lang).empty()) paragraph(crime.what.in(lang), {Face::text, Size::base, theme().replaced});
    gap(4);
    if (button("crime", tr(Str::breakage_go), Look::primary)) view.ask(Command::Kind::seek_step, static_cast<std::int64_t>(crime.step) + 1);
    gap(6);
    if (crime.differences.empty()) return;
    const float wide = std::max(measure(tr(Str::breakage_sound)).x, measure(tr(Str::breakage_broken)).x) + px(10);
    for (const Crime::Difference& d : crime.differences) {
        paragraph(d.place, mono_text());
        const std::string sound = format_address(d.sound), broken = format_address(d.broken);
        value_row({{tr(Str::breakage_sound), wide, quiet_text(Size::small)}, {sound, 0}});
        value_row({{tr(Str::breakage_broken), wide, quiet_text(Size::small)}, {broken, 0}}, {.lit = true});
        gap(4);
    }
}

// The report line by line; of a row of registers each on a line of its own, so that it can be read beside the stage.
void draw_report(const std::string& lines) {
    section_title(tr(Str::breakage_report));
    for (std::size_t from = 0; from < lines.size();) {
        const std::size_t end = lines.find('\n', from);
        std::string_view line(lines.data() + from, end - from);
        line.remove_prefix(std::min(line.find("] ") + 2, line.size()));   // the stamp is the same in all of them
        from = end + 1;
        const bool is_row = line.size() > 60 && line.starts_with('R') && line.find(": ") == 3 && !line.starts_with("RIP") && !line.starts_with("RSP");
        if (!is_row) {
            paragraph(line, mono_text());
            continue;
        }
        for (std::size_t i = 0; i < line.size(); i += 22) paragraph(line.substr(i, 21), mono_text());
    }
}

// The word that switches one on: of the register kind, the register last chosen.
std::string words_of(const BreakageInfo& info, Reg reg) { return scn::write_break({info.kind, reg, {}}).substr(6); }

void draw_switches(View& view) {
    const bool zh = view.state.lang == Lang::zh;
    section_title(tr(Str::breakage_ways));
    for (const BreakageInfo& info : breakages()) {
        const auto& breaks = in_force(view);
        const auto on = std::find_if(breaks.begin(), breaks.end(), [&](const BreakDecl& b) { return b.kind == info.kind; });
        const bool is_on = on != breaks.end();
        const std::string words = words_of(info, is_on ? on->reg : Reg::rbx);
        if (chip_button(words.c_str(), words, is_on)) {
            const Command change{Command::Kind::toggle_break, 0, words};
            view.commands.push_back(change);
        }
        paragraph(zh ? info.what_zh : info.what, quiet_text(Size::small));
        gap(4);
    }
}

}  // namespace

void draw_breakage(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::breakage_empty_hint));
        return;
    }
    if (bring_up_to_date(view)) view.animate();
    const BreakageCache& cache = *view.panels.breakage.cache;
    if (in_force(view).empty()) {
        paragraph(tr(Str::breakage_sound_kernel));
        gap(4);
        draw_switches(view);
        return;
    }
    if (!cache.has_lines) {
        paragraph(tr(Str::breakage_runs, {format_time(view.session->frontier().now())}));
    } else if (cache.lines.empty()) {
        paragraph(tr(Str::breakage_no_oops));
    } else {
        section_title(tr(Str::breakage_says));
        paragraph(oops_title(view.session->frontier(), *view.session->frontier().oops), {Face::mono, Size::small, theme().replaced});
        gap(4);
        if (button("end", tr(Str::breakage_to_end))) view.ask(Command::Kind::to_end);
    }
    gap(6);
    if (cache.search && cache.search->found())
        draw_crime(view, *cache.search->found());
    else
        paragraph(tr(cache.search && cache.search->advance(0) ? Str::breakage_searching : Str::breakage_no_crime,
                     {std::to_string(cache.search ? cache.search->steps() : 0)}));
    gap(8);
    draw_switches(view);
    if (!cache.lines.empty()) draw_report(cache.lines);
}

void dump_breakage(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    bring_up_to_date(view);
    const BreakageCache& cache = *view.panels.breakage.cache;
    out["breaks"] = nlohmann::json::array();
    for (const BreakDecl& b : in_force(view)) out["breaks"].push_back(scn::write_break(b).substr(6));
    out["oops"] = cache.lines;
    out["crime"] = nullptr;
    if (cache.search && cache.search->found())
        out["crime"] = {{"step", cache.search->found()->step}, {"where", cache.search->found()->where}};
}

}  // namespace sy::gui
