// Teaching in the window: the quiz that stops before a moment and asks, the student as the scheduler, the chapters of a
// lesson, the view that a file opens with. While a question or a pick is open, the session in the window ends there: no
// panel can show what comes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/app/view.h"
#include "gui/platform/keys.h"
#include "sim/report/play.h"
#include "sim/session/play.h"
#include "sim/session/quiz.h"
#include "sim/session/session.h"

namespace sy::gui {

struct AppParts;

struct QuizRun {
    enum class Stage : std::uint8_t { making, asking, answered, done };
    Stage stage = Stage::making;
    QuizOptions options;
    std::unique_ptr<Session> truth;  // the whole run, which nobody sees
    std::vector<QuizQuestion> questions;
    std::vector<std::optional<std::size_t>> answers;  // by question
    std::size_t at = 0;                               // of the question in force
    std::string saved;                                // the file that the results were written to

    const QuizQuestion& question() const { return questions[at]; }
    std::size_t points() const;
};

struct HandRun {
    PlayOptions options;
    std::optional<Play> play;
    std::optional<PlayScore> score;  // when it is over
};

// A moment of a lesson: one of the file's captions.
struct Chapter {
    Nanos at = 0;
    std::string text, place;  // in the language in force; what the spotlight falls on
};
std::vector<Chapter> chapters_of(const Scenario& scenario);
// The one in force at that moment; -1: before the first.
int chapter_at(const std::vector<Chapter>& chapters, Nanos now);

bool is_teaching(Command::Kind kind);
void teach(AppParts& parts, const Command& command);
// A key that the open question, the open pick or the presenter's remote takes for itself.
bool teaching_key(AppParts& parts, const KeyPress& press);
// Once a frame: makes the questions, plays an answer on.
void advance_teaching(AppParts& parts);
// What the file's `view { … }` says.
void apply_view(AppParts& parts, bool looks_are_given);
// `view { … }` as the window stands.
std::string view_as_text(const AppParts& parts);

// overlays of a presenter: the keys pressed, the spotlight, the blank screen.
void draw_presenter(AppParts& parts, float width, float height);

}  // namespace sy::gui
