// Races of the run, and the orders in which its threads could go: both are looked for piece by piece while the panel is
// open. A race leads to the step of its second access; an order that fails becomes the scenario's `schedule`, and the
// session then shows that run.
#include <nlohmann/json.hpp>

#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/analysis/race_detector.h"
#include "sim/report/explored.h"
#include "sim/scenario/schedule_block.h"
#include "sim/session/exploration.h"
#include "sim/session/session.h"

namespace sy::gui {

struct OrdersCache {
    const Session* session = nullptr;
    std::unique_ptr<RaceDetector> detector;
    std::unique_ptr<Explorer> explorer;
    bool races_go_on = true, orders_go_on = true, stopped = false;
};

namespace {

constexpr std::uint64_t kRaceStepsAFrame = 20'000, kTransitionsAFrame = 40, kTransitionsForPicture = 4'000;
constexpr std::uint64_t kMostSchedules = 2'000;
constexpr std::size_t kMostShownRaces = 20, kMostShownTurns = 40;

// Exploring a machine with millions of coroutines or thousands of threads would not end, and nobody would learn from it.
bool can_be_explored(const Scenario& s) {
    std::int64_t threads = 0, coroutines = 0;
    for (const ProcessDecl& p : s.processes) {
        std::int64_t own = 1;
        for (const ThreadDecl& t : p.threads) own += t.copies;
        threads += own * p.copies;
        for (const CoroutineDecl& c : p.coroutines) coroutines += c.copies;
    }
    return threads <= 40 && coroutines <= 1'000;
}

// True: there is more to do.
bool bring_up_to_date(const View& view) {
    std::shared_ptr<OrdersCache>& cache = view.panels.orders.cache;
    if (!cache || cache->session != view.session) {
        cache = std::make_shared<OrdersCache>();
        cache->session = view.session;
        const Scenario& s = view.session->scenario();
        if (!can_be_explored(s)) return false;
        cache->detector = std::make_unique<RaceDetector>(s);
        ExploreOptions options;
        options.schedules = kMostSchedules;
        options.steps = 500'000;
        cache->explorer = std::make_unique<Explorer>(s, explore_for_expectations(s, std::move(options)));
    }
    if (!cache->detector || cache->stopped) return false;
    if (cache->races_go_on) {
        cache->races_go_on = cache->detector->advance(view.picture ? 100 * kRaceStepsAFrame : kRaceStepsAFrame);
    } else if (cache->orders_go_on) {
        cache->orders_go_on = cache->explorer->advance(view.picture ? kTransitionsForPicture : kTransitionsAFrame);
        if (view.picture) cache->stopped = true;   // a picture shows what this much of looking has found
    }
    return cache->races_go_on || cache->orders_go_on;
}

std::string place_of(const RaceAccess& a) {
    return std::to_string(a.place.pos.line) + ":" + std::to_string(a.place.pos.column) + "  " + a.place.text;
}

void draw_race(View& view, const Race& race, int number) {
    const Lang lang = view.state.lang;
    paragraph(tr(Str::orders_race, {race.process, race.variable}), {Face::text, Size::base, theme().replaced});
    for (const RaceAccess* a : {&race.first, &race.second}) {
        const Text what = a->is_write ? text("{0} writes", "{0} 写", {a->path}) : text("{0} reads", "{0} 读", {a->path});
        paragraph(what.in(lang) + ", CPU " + std::to_string(a->cpu) + ", " + format_time(a->at));
        paragraph(place_of(*a), mono_text());
        if (!a->locks.empty()) {
            std::string locks;
            for (const std::string& l : a->locks) locks += (locks.empty() ? "" : ", ") + l;
            paragraph(tr(Str::orders_holds, {locks}), quiet_text(Size::small));
        }
    }
    if (button(("race" + std::to_string(number)).c_str(), tr(Str::orders_go)))
        view.ask(Command::Kind::seek_step, static_cast<std::int64_t>(race.second.step) + 1);
    gap(6);
}

void draw_races(View& view, const OrdersCache& cache) {
    const RaceReport& r = cache.detector->report();
    section_title(tr(Str::orders_races));
    if (cache.races_go_on) {
        paragraph(tr(Str::orders_looking, {std::to_string(cache.detector->kernel().steps())}));
        return;
    }
    paragraph(tr(r.races.empty() ? Str::orders_no_race : Str::orders_some_races,
                 {std::to_string(r.races.size()), std::to_string(r.accesses), std::to_string(r.words)}));
    gap(4);
    int number = 0;
    for (const Race& race : r.races) {
        if (static_cast<std::size_t>(number) == kMostShownRaces) break;
        draw_race(view, race, ++number);
    }
}

void draw_found(View& view, const FoundSchedule& f) {
    const Lang lang = view.state.lang;
    paragraph(tr(Str::orders_found, {std::to_string(f.number), std::to_string(f.preemptions)}), {Face::text, Size::base, theme().replaced});
    paragraph(f.why.in(lang));
    gap(4);
    std::size_t i = 0;
    for (const ExploreTurn& t : f.turns) {
        if (++i > kMostShownTurns) break;
        paragraph(std::to_string(i) + ". " + turn_in_words(t).in(lang), quiet_text(Size::small));
    }
    gap(4);
    if (button("replay", tr(Str::orders_replay), Look::primary))
        view.commands.push_back({Command::Kind::replay_schedule, 0, scn::write_schedule(f.lines)});
}

void draw_orders_found(View& view, const OrdersCache& cache) {
    const ExploreReport& r = cache.explorer->report();
    section_title(tr(Str::orders_orders));
    for (const ExploreBound& b : r.bounds)
        paragraph(tr(Str::orders_bound, {std::to_string(b.preemptions), std::to_string(b.schedules), std::to_string(b.pruned)}) + " " +
                      std::string(tr(b.complete ? Str::orders_complete : Str::orders_not_complete)),
                  quiet_text(Size::small));
    gap(4);
    if (!r.found.empty())
        draw_found(view, r.found.front());
    else if (cache.orders_go_on)
        paragraph(tr(Str::orders_trying, {std::to_string(r.schedules), std::to_string(r.transitions)}));
    else
        paragraph(tr(r.unbounded ? Str::orders_none_at_all : r.complete ? Str::orders_none_in_bound : Str::orders_none_seen));
}

}  // namespace

void draw_orders(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::orders_empty_hint));
        return;
    }
    const bool more = bring_up_to_date(view);
    if (more) view.animate();
    OrdersCache& cache = *view.panels.orders.cache;
    if (!cache.detector) {
        paragraph(tr(Str::orders_too_many));
        return;
    }
    if (!view.session->scenario().schedule.empty()) {
        paragraph(tr(Str::orders_replayed));
        gap(4);
        if (button("free", tr(Str::orders_free))) view.commands.push_back({Command::Kind::replay_schedule, 0, ""});
        gap(6);
    }
    if (more && button("stop", tr(Str::orders_stop))) cache.stopped = true;
    if (cache.stopped && button("on", tr(Str::orders_go_on))) cache.stopped = false;
    draw_races(view, cache);
    gap(8);
    draw_orders_found(view, cache);
}

void dump_orders(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    bring_up_to_date(view);
    const OrdersCache& cache = *view.panels.orders.cache;
    out["explorable"] = cache.detector != nullptr;
    if (!cache.detector) return;
    out["races"] = nlohmann::json::array();
    for (const Race& r : cache.detector->report().races)
        out["races"].push_back({{"process", r.process}, {"variable", r.variable}, {"step", r.second.step}});
    const ExploreReport& r = cache.explorer->report();
    out["schedules"] = r.schedules;
    out["complete"] = r.complete;
    out["found"] = nullptr;
    if (!r.found.empty()) {
        out["found"] = {{"outcome", outcome_name(r.found.front().outcome)}, {"preemptions", r.found.front().preemptions},
                        {"schedule", scn::write_schedule(r.found.front().lines)}};
    }
    out["replayed"] = !view.session->scenario().schedule.empty();
}

}  // namespace sy::gui
