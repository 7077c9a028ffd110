#include "gui/app/teaching.h"

#include <algorithm>
#include <filesystem>

#include "gui/app/app_parts.h"
#include "gui/app/text_edit.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "sim/cli/files.h"
#include "sim/kernel/events.h"
#include "sim/report/quiz_grade.h"
#include "sim/scenario/write.h"

namespace sy::gui {
namespace {

using Kind = Command::Kind;
constexpr std::uint64_t kStepsAFrame = 40'000, kStepsForPicture = 20'000'000, kSearchSteps = 150'000, kWhole = ~std::uint64_t{0};
constexpr double kShortPause = 0.12, kLongPause = 0.4;  // between the pieces in which an answer is played
constexpr std::uint64_t kPieces = 40;

int tab_named(std::string_view id) {
    int tab = 0;
    for (const Panel& panel : panels()) {
        if (panel.dock != Dock::inspector) continue;
        if (panel.id == id) return tab;
        ++tab;
    }
    return -1;
}
void show_tab(AppParts& p, std::string_view id) {
    const int tab = tab_named(id);
    if (tab < 0) return;
    p.state.tab = tab;
    p.state.inspector_folded = false;
    if (p.arrangement.small) p.state.inspector_over_tasks = true;
}
bool shows(const AppParts& p, std::string_view id) {
    return p.state.tab == tab_named(id) && (!p.state.inspector_folded || p.arrangement.small);
}

// The window shows this scenario up to so many steps, and stands at `position`.
bool show(AppParts& p, const Scenario& scenario, std::uint64_t steps, std::uint64_t position) {
    BootError error;
    const TaskId selected = p.state.selected_task;
    if (!start_session(p, scenario, error, steps)) return false;
    p.session->seek_step(position);
    p.state.selected_task = selected;
    p.replay_until = 0;
    p.taught = p.session.get();
    return true;
}

void ask(AppParts& p) {
    QuizRun& run = *p.panels.quiz.run;
    if (run.at >= run.questions.size()) {
        run.stage = QuizRun::Stage::done;
        show(p, p.document.scenario, kWhole, 0);
        return;
    }
    run.stage = QuizRun::Stage::asking;
    const std::uint64_t before = run.question().before;
    show(p, p.document.scenario, before, before);
}

void start_quiz(AppParts& p) {
    QuizState& state = p.panels.quiz;
    auto run = std::make_shared<QuizRun>();
    run->options.count = static_cast<std::size_t>(std::max(1, state.count));
    run->options.seed = state.seed;
    const auto names = quiz_kind_names();
    bool all = true;
    for (std::size_t i = 0; i < names.size(); ++i) all = all && (state.kinds >> i & 1) != 0;
    for (std::size_t i = 0; i < names.size() && !all; ++i)
        if ((state.kinds >> i & 1) != 0) run->options.kinds.push_back(find_quiz_kind(names[i])->kind);
    if (!all && run->options.kinds.empty()) return;
    BootError error;
    run->truth = Session::open(p.document.scenario, error);
    if (!run->truth) return;
    p.panels.hand = {};
    state.run = std::move(run);
    p.state.playing = false;
    show_tab(p, "quiz");
}

void answer(AppParts& p, std::size_t choice) {
    QuizRun& run = *p.panels.quiz.run;
    if (run.stage != QuizRun::Stage::asking || choice >= run.question().choices.size()) return;
    run.answers[run.at] = choice;
    run.stage = QuizRun::Stage::answered;
    show(p, p.document.scenario, kWhole, run.question().before);
}

void play_answer(AppParts& p) {
    const QuizQuestion& q = p.panels.quiz.run->question();
    p.state.playing = false;
    p.session->seek_step(q.before);
    if (p.state.reduced_motion || q.step <= q.before) {
        p.session->seek_step(q.step);
        return;
    }
    p.replay_until = q.step;
    p.replay_stride = std::max<std::uint64_t>(1, (q.step - q.before) / kPieces);
    p.replay_due = p.now;
}

void save_results(AppParts& p) {
    QuizRun& run = *p.panels.quiz.run;
    std::vector<GradedAnswer> answers;
    for (std::size_t i = 0; i < run.answers.size(); ++i) answers.push_back({.student = {}, .number = i + 1, .choice = run.answers[i]});
    const std::string path = std::filesystem::path(p.document.name).stem().string() + "-quiz-" + std::to_string(run.options.seed) + ".csv";
    Text why;
    if (write_text_file(path, graded_as_csv(run.questions, answers, p.state.lang), why)) run.saved = path;
    p.notice_text = run.saved.empty() ? tr(why) : tr(Str::notice_saved, {path});
    p.notice_until = p.now + 4;
}

void quiz(AppParts& p, const Command& command) {
    if (command.kind == Kind::quiz_start) return start_quiz(p);
    if (!p.panels.quiz.run) return;
    QuizRun& run = *p.panels.quiz.run;
    switch (command.kind) {
        case Kind::quiz_answer:
            answer(p, static_cast<std::size_t>(command.value));
            break;
        case Kind::quiz_play:
            if (run.stage == QuizRun::Stage::answered) play_answer(p);
            break;
        case Kind::quiz_next:
            if (run.stage != QuizRun::Stage::answered) break;
            ++run.at;
            ask(p);
            break;
        case Kind::quiz_save:
            if (run.stage == QuizRun::Stage::done) save_results(p);
            break;
        default:
            p.panels.quiz.run.reset();
            show(p, p.document.scenario, kWhole, 0);
            break;
    }
}

// The window stands before the pick that is due, or at the end.
void show_hand(AppParts& p) {
    HandRun& run = *p.panels.hand.run;
    const std::uint64_t at = run.play->now().steps();
    const bool is_over = run.play->pending() == nullptr;
    show(p, run.play->scenario(), is_over ? kWhole : at, at);
    if (is_over) run.score = score_play(p.document.scenario, run.options, *run.play, kSearchSteps);
}

void hand(AppParts& p, const Command& command) {
    std::shared_ptr<HandRun>& run = p.panels.hand.run;
    if (command.kind == Kind::hand_start) {
        auto begun = std::make_shared<HandRun>();
        begun->options = play_options_of(p.document.scenario);
        begun->options.steps = 2'000'000;
        BootError error;
        begun->play = Play::open(p.document.scenario, begun->options, error);
        if (!begun->play) return;
        p.panels.quiz.run.reset();
        run = std::move(begun);
        show_tab(p, "hand");
        show_hand(p);
        return;
    }
    if (!run) return;
    if (command.kind == Kind::hand_stop) {
        run.reset();
        show(p, p.document.scenario, kWhole, 0);
        return;
    }
    const PlayDecision* due = run->play->pending();
    if (command.kind == Kind::hand_undo) {
        if (!run->play->undo()) return;
        run->score.reset();
    } else if (due != nullptr && command.value >= 0 && static_cast<std::size_t>(command.value) < due->candidates.size()) {
        const TaskId chosen = due->candidates[static_cast<std::size_t>(command.value)];
        if (!run->play->pick(chosen)) return;
    } else {
        return;
    }
    show_hand(p);
}

void go_to_chapter(AppParts& p, int by, std::int64_t place) {
    const std::vector<Chapter> chapters = chapters_of(p.session->scenario());
    if (chapters.empty()) return;
    const Nanos now = p.session->time();
    int at = static_cast<int>(place);
    if (by > 0) at = chapter_at(chapters, now) + 1;
    if (by < 0) {
        at = chapter_at(chapters, now);
        // In the middle of a chapter one step back is its beginning.
        if (at >= 0 && chapters[static_cast<std::size_t>(at)].at == now) --at;
        while (at > 0 && chapters[static_cast<std::size_t>(at) - 1].at == chapters[static_cast<std::size_t>(at)].at) --at;
    }
    p.state.playing = false;
    if (at < 0) {
        p.session->seek_step(0);
        return;
    }
    if (at >= static_cast<int>(chapters.size())) return;
    const Chapter& chapter = chapters[static_cast<std::size_t>(at)];
    p.session->seek_time(chapter.at);
    if (!chapter.place.empty()) show_tab(p, chapter.place);
}

// The view as it stands becomes the file's, in place of the one it had.
void keep_view(AppParts& p) {
    std::string source = p.document.source;
    const std::string view = view_as_text(p);
    if (p.document.scenario.view.is_given) {
        std::size_t at = 0;
        for (std::int32_t line = 1; line < p.document.scenario.view.pos.line && at != std::string::npos; ++line) {
            at = source.find('\n', at);
            if (at != std::string::npos) ++at;
        }
        // There are no strings and no inner braces in it.
        at = at == std::string::npos ? at : source.find("view", at);
        const std::size_t end = at == std::string::npos ? at : source.find('}', at);
        if (end != std::string::npos) source.replace(at, end + 1 - at, view);
    } else {
        if (!source.empty() && source.back() != '\n') source += '\n';
        source += view + "\n";
    }
    Diagnostics mistakes;
    const std::uint64_t position = p.session->position();
    const bool is_kept = edit_text(p, std::move(source), mistakes);
    if (is_kept) p.session->seek_step(position);
    p.notice_text = tr(is_kept ? Str::chapters_kept : Str::chapters_not_kept);
    p.notice_until = p.now + 6;
}

}  // namespace

std::size_t QuizRun::points() const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) out += answers[i] && *answers[i] == questions[i].right();
    return out;
}

std::vector<Chapter> chapters_of(const Scenario& scenario) {
    std::vector<Chapter> out;
    for (const TimedAction& a : scenario.timeline)
        if (a.kind == TimedAction::Kind::caption)
            out.push_back({a.at, language() == Lang::zh && !a.text_zh.empty() ? a.text_zh : a.text, a.name});
    return out;
}

int chapter_at(const std::vector<Chapter>& chapters, Nanos now) {
    int at = -1;
    for (const Chapter& c : chapters) at += c.at <= now;
    return at;
}

bool is_teaching(Kind kind) { return kind >= Kind::quiz_start && kind <= Kind::blank; }

void teach(AppParts& p, const Command& command) {
    if (command.kind == Kind::blank) {
        p.state.blank = !p.state.blank;
        return;
    }
    if (!p.session) return;
    switch (command.kind) {
        case Kind::next_chapter:
            return go_to_chapter(p, 1, 0);
        case Kind::previous_chapter:
            return go_to_chapter(p, -1, 0);
        case Kind::chapter:
            return go_to_chapter(p, 0, command.value);
        case Kind::keep_view:
            return keep_view(p);
        default:
            break;
    }
    if (command.kind <= Kind::quiz_save)
        quiz(p, command);
    else
        hand(p, command);
}

bool teaching_key(AppParts& p, const KeyPress& press) {
    if (press.ctrl || press.alt || press.shift) return false;
    const bool is_digit = press.key >= Key::d1 && press.key <= Key::d9;
    const auto digit = static_cast<std::int64_t>(press.key) - static_cast<std::int64_t>(Key::d1);
    const bool goes_on = press.key == Key::enter || press.key == Key::page_down;
    const auto does = [&](Kind kind, std::int64_t value = 0) {
        p.commands.push_back({kind, value, {}});
        return true;
    };
    if (p.state.blank && press.key != Key::f12) return does(Kind::blank);  // any key shows it again
    const bool is_quiz = shows(p, "quiz"), is_hand = shows(p, "hand");
    if (is_quiz && !p.panels.quiz.run && press.key == Key::enter) return does(Kind::quiz_start);
    if (is_hand && !p.panels.hand.run && press.key == Key::enter) return does(Kind::hand_start);
    if (const auto& run = p.panels.quiz.run; run && is_quiz) {
        if (press.key == Key::escape) return does(Kind::quiz_stop);
        if (run->stage == QuizRun::Stage::done && press.key == Key::enter) return does(Kind::quiz_save);
        if (run->stage == QuizRun::Stage::asking && is_digit) return does(Kind::quiz_answer, digit);
        if (run->stage == QuizRun::Stage::answered && goes_on) return does(Kind::quiz_next);
        if (run->stage == QuizRun::Stage::answered && press.key == Key::space) return does(Kind::quiz_play);
    }
    if (const auto& run = p.panels.hand.run; run && is_hand) {
        if (press.key == Key::escape) return does(Kind::hand_stop);
        if (run->play->pending() != nullptr && is_digit) return does(Kind::hand_pick, digit);
        if (press.key == Key::backspace) return does(Kind::hand_undo);
    }
    if (!p.state.presenter || !p.session) return false;
    // A remote clicker: pages, a key for the black screen.
    if (press.key == Key::b || press.key == Key::period) return does(Kind::blank);
    if (chapters_of(p.session->scenario()).empty()) return false;
    if (press.key == Key::page_down) return does(Kind::next_chapter);
    if (press.key == Key::page_up) return does(Kind::previous_chapter);
    return false;
}

void advance_teaching(AppParts& p) {
    QuizState& state = p.panels.quiz;
    if (!state.configured && p.session) {
        state.configured = true;
        const QuizOptions of_file = quiz_options_of(p.document.scenario);
        state.count = static_cast<int>(of_file.count);
        state.seed = of_file.seed;
        if (!of_file.kinds.empty()) {
            state.kinds = 0;
            for (const QuizKind kind : of_file.kinds) state.kinds |= 1U << static_cast<unsigned>(kind);
        }
    }
    // Somebody else changed the run: what was asked is about another one.
    const bool is_other = p.taught != nullptr && p.taught != p.session.get();
    if (is_other) {
        if (state.run && state.run->stage != QuizRun::Stage::making) state.run.reset();
        p.panels.hand.run.reset();
        p.taught = nullptr;
    }
    if (state.run && state.run->stage == QuizRun::Stage::making) {
        QuizRun& run = *state.run;
        p.next_frame_in = 0;
        if (run.truth->run_ahead(p.shot ? kStepsForPicture : kStepsAFrame)) return;
        run.questions = make_quiz(*run.truth, run.options);
        run.answers.resize(run.questions.size());
        run.truth.reset();
        ask(p);
    }
    if (p.replay_until == 0 || !p.session) return;
    if (p.state.playing || p.session->position() >= p.replay_until) {
        p.replay_until = 0;
        return;
    }
    if (p.now >= p.replay_due) {
        p.session->seek_step(std::min(p.replay_until, p.session->position() + p.replay_stride));
        p.replay_due = p.now + (p.replay_stride == 1 ? kLongPause : kShortPause);
    }
    const double left = std::max(0.0, p.replay_due - p.now);
    if (p.next_frame_in < 0 || left < p.next_frame_in) p.next_frame_in = p.shot ? 0 : left;
}

void apply_view(AppParts& p, bool looks_are_given) {
    const ViewDecl& v = p.document.scenario.view;
    if (!v.is_given || !p.session) return;
    ViewState& s = p.state;
    if (!looks_are_given) {
        if (!v.theme.empty()) parse_theme(v.theme, s.theme);
        if (!v.lang.empty() && parse_language(v.lang, s.lang)) set_language(s.lang);
        if (v.presenter) s.presenter = *v.presenter;
    }
    if (!v.panel.empty()) show_tab(p, v.panel);
    if (!v.depth.empty()) s.depth = v.depth == "line" ? Depth::line : v.depth == "phases" ? Depth::phases : Depth::words;
    if (!v.grain.empty())
        s.grain = v.grain == "step" ? Grain::step : v.grain == "phase" ? Grain::phase : v.grain == "switch" ? Grain::switches : Grain::tick;
    if (v.at) p.session->seek_time(*v.at);
    if (v.on_switch) p.session->seek_switch(static_cast<std::uint64_t>(*v.on_switch));
    if (v.step) p.session->seek_step(static_cast<std::uint64_t>(*v.step));
    if (!v.task.empty()) s.selected_task = first_task(p.session->now(), v.task);
    if (v.from && v.until) {
        p.panels.timeline.from = *v.from;
        p.panels.timeline.until = *v.until;
    }
}

std::string view_as_text(const AppParts& p) {
    constexpr std::string_view kDepths[] = {"line", "phases", "words"}, kGrains[] = {"step", "phase", "switch", "tick"};
    std::string out = "view { step " + std::to_string(p.session->position());
    int tab = p.state.tab;
    for (const Panel& panel : panels())
        if (panel.dock == Dock::inspector && tab-- == 0)
            for (const std::string_view place : lesson_places())
                if (place == panel.id) out += "  panel " + std::string(place);
    out += "  depth " + std::string(kDepths[static_cast<std::size_t>(p.state.depth)]);
    out += "  grain " + std::string(kGrains[static_cast<std::size_t>(p.state.grain)]);
    out += p.state.lang == Lang::zh ? "  lang zh" : "  lang en";
    out += "  theme " + std::string(theme_name(p.state.theme));
    if (p.state.selected_task != kNoTask && p.state.selected_task < p.session->now().tasks.size())
        out += "  select " + std::to_string(p.session->now().tasks[p.state.selected_task].pid);
    if (p.state.presenter) out += "  presenter on";
    const TimelineState& t = p.panels.timeline;
    if (t.until > t.from) out += "  timeline " + write_duration(t.from) + " until " + write_duration(t.until);
    return out + " }";
}

}  // namespace sy::gui
