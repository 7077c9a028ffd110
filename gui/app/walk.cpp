// Walking: what the keys do to the session, playing on, and the models that the panels draw from. A
// step back shows the words of the step that is taken back flying home; so the last undone step is
// kept until it has landed.
#include <algorithm>
#include <chrono>

#include "gui/app/app_parts.h"
#include "gui/app/text_edit.h"
#include "gui/app/teaching.h"
#include "gui/model/facts.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "sim/base/assert.h"
#include "sim/scenario/breaks.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "sim/session/stepper.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;

constexpr std::uint64_t kStepsASlice = 2'000;  // well below a millisecond
constexpr std::chrono::milliseconds kSliceOfFrame{6};
constexpr std::size_t kRecordsAFrame = 60'000;   // into the index
constexpr std::uint64_t kStepsForPicture = 20'000'000;
constexpr double kFlight = 0.25, kStagger = 0.03;  // seconds

sy::Grain session_grain(Grain grain) {
    switch (grain) {
        case Grain::phase:
            return sy::Grain::phase;
        case Grain::switches:
            return sy::Grain::switch_;
        case Grain::tick:
            return sy::Grain::tick;
        case Grain::step:
            break;
    }
    return sy::Grain::step;
}

Grain larger(Grain grain) {
    return grain == Grain::tick ? Grain::tick : static_cast<Grain>(static_cast<int>(grain) + 1);
}

void take_off(AppParts& p, bool backwards) {
    const std::size_t words = p.stage.model.moves.size();
    const double speed = p.state.playing ? std::max(p.state.speed, 1.0) : 1.0;
    p.flight.backwards = backwards;
    p.flight.length = (kFlight + kStagger * static_cast<double>(words > 0 ? words - 1 : 0)) / speed;
    p.flight.start = p.state.reduced_motion || words == 0 ? -1 : p.now;
}

// Brings the stage's model up to date; returns whether it was made again.
bool refresh_stage(AppParts& p, bool undone) {
    StageCache& cache = p.stage;
    const std::uint64_t position = p.session->position();
    if (cache.valid && cache.position == position && cache.lang == p.state.lang &&
        cache.undone == undone)
        return false;
    cache.model = stage_at_cursor(*p.session, undone ? &p.undone : nullptr);
    cache.position = position;
    cache.lang = p.state.lang;
    cache.undone = undone;
    cache.valid = true;
    return true;
}

void forward(AppParts& p, Grain grain) {
    const std::uint64_t before = p.session->position();
    if (!p.session->forward(session_grain(grain))) {
        p.state.playing = false;
        return;
    }
    refresh_stage(p, false);
    if (p.session->position() == before + 1 || grain == Grain::step)
        take_off(p, false);
    else
        p.flight.start = -1;
}

void back(AppParts& p, Grain grain) {
    const std::uint64_t before = p.session->position();
    p.state.playing = false;
    if (before == 0) return;
    if (grain == Grain::step) {
        const StoryStep* step = find_step(p.session->episode_at(before), before - 1);
        if (step != nullptr) p.undone = *step;
        p.session->back(sy::Grain::step);
        if (step != nullptr && !p.state.reduced_motion) {
            refresh_stage(p, true);
            take_off(p, true);
            if (p.flight.start >= 0) return;
        }
    } else {
        p.session->back(session_grain(grain));
    }
    p.flight.start = -1;
    refresh_stage(p, false);
}

// How long one step of playing stays, at speed 1.
double pause_of(const AppParts& p) {
    switch (p.state.grain) {
        case Grain::phase:
            return 1.2;
        case Grain::switches:
            return 1.5;
        case Grain::tick:
            return 1.0;
        case Grain::step:
            break;
    }
    return 0.7 +
           kStagger * static_cast<double>(std::min<std::size_t>(p.stage.model.moves.size(), 20));
}

void play_on(AppParts& p) {
    if (!p.state.playing) return;
    if (p.now >= p.play_due) {
        forward(p, p.state.grain);
        p.play_due = p.now + pause_of(p) / p.state.speed;
    }
    const double left = p.play_due - p.now;
    if (p.state.playing && (p.next_frame_in < 0 || left < p.next_frame_in))
        p.next_frame_in = std::max(left, 0.0);
}

void run_on(AppParts& p) {
    Session& s = *p.session;
    if (s.complete() || p.comfort.halted) return;
    // However fast the machine is, a frame is not kept waiting: short slices until the time is up.
    using Clock = std::chrono::steady_clock;
    const Clock::time_point stop = Clock::now() + kSliceOfFrame;
    do {
        s.run_ahead(p.shot ? kStepsForPicture : kStepsASlice);
    } while (!p.shot && !s.complete() && Clock::now() < stop);
    if (!s.complete() && !p.shot) p.next_frame_in = 0;
}

void say(AppParts& p, std::string_view what) {
    p.notice_text = what;
    p.notice_until = p.now + 4;
}

void step_thread(AppParts& p, ThreadStep how, bool back) {
    const CpuId cpu = p.stage.valid ? p.stage.model.cpu.cpu : CpuId{0};
    const TaskId task = shown_source_task(*p.session, p.state.selected_task, cpu);
    const auto position = task == kNoTask ? std::nullopt : step_of_thread(*p.session, task, how, back);
    if (!position) return say(p, tr(Str::notice_no_such_step));
    p.session->seek_step(*position);
    p.state.selected_task = task;   // another thread may be on the stage now
}

void go_to_break(AppParts& p, std::vector<BreakpointDecl> stops, bool back) {
    const auto hit = find_break(*p.session, stops, back);
    if (!hit) return say(p, tr(Str::notice_no_breakpoint));
    p.session->seek_step(hit->position);
    p.state.selected_task = hit->task;
}

std::vector<BreakpointDecl> all_stops(const AppParts& p) {
    std::vector<BreakpointDecl> stops = p.session->scenario().breakpoints;
    const auto& own = p.panels.source.stops;
    stops.insert(stops.end(), own.begin(), own.end());
    return stops;
}

}  // namespace

void toggle_stop(AppParts& p, std::int32_t line) {
    if (line == 0) line = p.panels.source.line;
    if (line == 0) return say(p, tr(Str::notice_no_line));
    auto& stops = p.panels.source.stops;
    if (std::erase_if(stops, [&](const BreakpointDecl& s) { return s.line == line; }) > 0) return;
    BreakpointDecl stop;
    stop.line = line;
    stops.push_back(stop);
}

bool start_session(AppParts& p, Scenario scenario, BootError& error, std::uint64_t steps) {
    if (!scenario.breaks.empty()) BrokenGround::stay();   // looking at a wreck may throw; see draw_dock
    SessionLimits limits;
    limits.steps = std::min(limits.steps, steps);
    if (p.most_records > 0) limits.log_bytes = p.most_records * sizeof(Record);
    std::unique_ptr<Session> session = Session::open(std::move(scenario), error, limits);
    if (!session) return false;
    adopt_session(p, std::move(session));
    return true;
}

void adopt_session(AppParts& p, std::unique_ptr<Session> session) {
    // A very large one would cost more than it shows.
    constexpr std::size_t kLargestGhost = std::size_t{400} << 20;
    p.editor.ghost = {};
    if (p.session && p.session->memory_bytes() < kLargestGhost) p.editor.ghost = {std::move(p.session), std::move(p.index), p.now};
    ++p.editor.runs;
    const Kernel& start = session->now();
    std::vector<TaskId> idle;
    for (const Cpu& cpu : start.cpus) idle.push_back(cpu.idle);
    p.index = std::make_unique<TraceIndex>(idle, start.tasks.size());
    p.panels.find.run.reset();   // it looks into the session that goes
    p.session = std::move(session);
    search_anew(p);
    p.stage = {};
    p.flight = {};
    p.state.playing = false;
    p.state.selected_task = kNoTask;
}

void go_to_start(AppParts& p, const WindowRequest& request) {
    Session& s = *p.session;
    if (request.at) s.seek_time(*request.at);
    if (request.switch_number)
        s.seek_switch(
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, *request.switch_number)));
    if (request.step)
        s.seek_step(static_cast<std::uint64_t>(std::max<std::int64_t>(0, *request.step)));
    p.index->follow(s.log());
}

bool is_walk(Kind kind) { return kind >= Kind::forward && kind <= Kind::seek_step; }

void walk(AppParts& p, const Command& command) {
    Session& s = *p.session;
    const Grain grain = p.state.grain;
    switch (command.kind) {
        case Kind::forward:
            forward(p, grain);
            return;
        case Kind::back:
            back(p, grain);
            return;
        case Kind::forward_larger:
            forward(p, larger(grain));
            return;
        case Kind::back_larger:
            back(p, larger(grain));
            return;
        case Kind::thread_insn:
            step_thread(p, ThreadStep::insn, false);
            break;
        case Kind::thread_over:
            step_thread(p, ThreadStep::over, false);
            break;
        case Kind::thread_out:
            step_thread(p, ThreadStep::out, false);
            break;
        case Kind::thread_insn_back:
            step_thread(p, ThreadStep::insn, true);
            break;
        case Kind::thread_over_back:
            step_thread(p, ThreadStep::over, true);
            break;
        case Kind::thread_out_back:
            step_thread(p, ThreadStep::out, true);
            break;
        case Kind::to_break:
        case Kind::to_break_back:
            go_to_break(p, all_stops(p), command.kind == Kind::to_break_back);
            break;
        case Kind::to_line: {
            BreakpointDecl stop;
            stop.line = command.value > 0 ? static_cast<std::int32_t>(command.value) : p.panels.source.line;
            if (stop.line == 0)
                say(p, tr(Str::notice_no_line));
            else
                go_to_break(p, {stop}, false);
            break;
        }
        case Kind::play:
            p.state.playing = !p.state.playing;
            p.play_due = p.now;
            return;
        case Kind::to_task:
            if (p.state.selected_task == kNoTask) return;
            s.breakpoints = {{.kind = Breakpoint::Kind::switch_to,
                              .task = std::to_string(s.now().tasks[p.state.selected_task].pid),
                              .record = RecordKind::sched_switch}};
            s.run_to_breakpoint();
            s.breakpoints.clear();
            break;
        case Kind::to_start:
            s.seek_step(0);
            break;
        case Kind::to_end:
            s.run_to_end();
            s.seek_step(s.frontier().steps());
            break;
        case Kind::seek_time:
            s.seek_time(command.value);
            break;
        case Kind::seek_switch:
            s.seek_switch(static_cast<std::uint64_t>(command.value));
            break;
        case Kind::seek_step:
            s.seek_step(static_cast<std::uint64_t>(command.value));
            break;
        default:
            return;
    }
    p.state.playing = false;
    p.flight.start = -1;
}

void choose_task(AppParts& p, int by) {
    if (!p.session) return;
    // In the order of the task list: by mm, then kernel threads; see facts.
    const std::vector<TaskId> order = task_order(p.session->now());
    if (order.empty()) return;
    const auto at = std::find(order.begin(), order.end(), p.state.selected_task);
    std::ptrdiff_t index = at == order.end() ? (by > 0 ? -1 : 0) : at - order.begin();
    const auto count = static_cast<std::ptrdiff_t>(order.size());
    index = (index + by + count) % count;
    p.state.selected_task = order[static_cast<std::size_t>(index)];
}

void advance(AppParts& p) {
    advance_editor(p);
    if (!p.session) return;
    run_on(p);
    advance_teaching(p);
    if (const auto ready = take_ready(p)) walk(p, *ready);
    play_on(p);
    if (p.index->follow(p.session->log(), p.shot ? ~std::size_t{0} : kRecordsAFrame)) p.next_frame_in = 0;
    search_on(p);
    bool flying = p.flight.start >= 0 && p.now < p.flight.start + p.flight.length;
    if (!flying) p.flight.start = -1;
    refresh_stage(p, flying && p.flight.backwards);
    if (p.state.selected_task != kNoTask && p.state.selected_task >= p.session->now().tasks.size())
        p.state.selected_task = kNoTask;
    if (flying) p.next_frame_in = 0;
}

namespace {

// Where `break …` of this kind stands in the text, from its first word to its last; empty: nowhere.
std::pair<std::size_t, std::size_t> find_break(const std::string& text, const BreakDecl& decl) {
    std::size_t at = 0;
    for (std::int32_t line = 1; line < decl.pos.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string::npos) return {};
        ++at;
    }
    const std::string words = scn::write_break(decl);
    at = text.find("break", at);
    if (at == std::string::npos) return {};
    std::size_t end = at;
    for (std::size_t from = 0; from < words.size();) {   // word by word: any blanks may lie between
        const std::size_t stop = std::min(words.find(' ', from), words.size());
        end = text.find_first_not_of(" \t", end);
        if (end == std::string::npos || text.compare(end, stop - from, words, from, stop - from) != 0) return {};
        end += stop - from;
        from = stop + 1;
    }
    if (end < text.size() && text[end] == '\n' && (at == 0 || text[at - 1] == '\n')) ++end;
    return {at, end};
}

}  // namespace

void toggle_break(AppParts& p, const std::string& words) {
    if (!p.session) return;
    Text why;
    const auto how = scn::read_break(words, why);
    if (!how) return;
    Diagnostics mistakes;
    const auto& breaks = p.session->scenario().breaks;
    const auto same = [&](const BreakDecl& b) { return b.kind == how->kind && b.reg == how->reg; };
    const auto on = std::find_if(breaks.begin(), breaks.end(), same);
    if (on == breaks.end()) {
        add_line(p, scn::write_break(*how), mistakes);
        return;
    }
    const auto [from, end] = find_break(p.document.source, *on);
    std::string text = p.document.source;
    if (end > from) edit_text(p, text.erase(from, end - from), mistakes);
}

void replay_schedule(AppParts& p, const std::string& block) {
    if (!p.session) return;
    std::string source = p.document.source;
    // Its words stand in no other place at the beginning of a line.
    for (std::size_t at = 0; !p.session->scenario().schedule.empty() && at < source.size();) {
        std::size_t end = source.find('\n', at);
        end = end == std::string::npos ? source.size() : end + 1;
        const std::size_t word = source.find_first_not_of(" \t", at);
        if (word != std::string::npos && source.compare(word, 8, "schedule") == 0) {
            const std::size_t close = source.find('}', word);
            if (close == std::string::npos) break;
            std::size_t behind = close + 1;
            if (behind < source.size() && source[behind] == '\n') ++behind;
            source.erase(at, behind - at);
            break;
        }
        at = end;
    }
    if (!block.empty()) source += (source.ends_with('\n') ? "" : "\n") + block;
    Diagnostics mistakes;
    edit_text(p, std::move(source), mistakes, EditThen::start);
}

void act_now(AppParts& p, Nanos at, const std::string& action) {
    if (!p.session) return;
    Diagnostics mistakes;
    std::vector<TimedAction> actions;
    if (!parse_live_actions(action, at, p.session->scenario(), actions, mistakes)) return;
    const bool is_edit = !actions.empty() && actions.front().kind == TimedAction::Kind::set && at == next_moment(p);
    const std::string line = "at " + write_duration(at) + " { " + action + " }";
    add_line(p, line, mistakes, is_edit ? EditThen::next_step : EditThen::same_instant);
}

}  // namespace sy::gui
