// What a file says about teaching, besides the run itself: how it wants to be looked at, what a teacher asks about it.
// Plain data; nothing of it changes what the machine does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/source_pos.h"
#include "sim/base/types.h"

namespace sy {

// `view { at 5ms panel run_queue depth words … }`: what the window shows when the file is opened. What is not said stays
// as it is.
struct ViewDecl {
    SourcePos pos;
    bool is_given = false;
    std::optional<Nanos> at;                  // where the cursor stands: an instant, a switch (from 1) or a step
    std::optional<std::int64_t> on_switch, step;
    std::string panel;                        // one of lesson_places(); empty: not said, as for all words here
    std::string depth;                        // line, phases, words
    std::string grain;                        // step, phase, switch, tick
    std::string lang;                         // en, zh
    std::string theme;                        // dark, light, contrast
    std::string task;                         // the selected one: a task path
    SourcePos task_pos;
    std::optional<bool> presenter;
    std::optional<Nanos> from, until;         // the stretch of the timeline

    friend bool operator==(const ViewDecl&, const ViewDecl&) = default;
};

// `question "…" zh "…" at TIME { right "…" wrong "…" because "…" explain "…" }`, asked by the quiz before its own.
struct QuestionDecl {
    struct Choice {
        SourcePos pos;
        bool is_right = false;
        std::string text, text_zh;
        std::string why, why_zh;              // of a wrong one: the mistake that leads to it; may be empty

        friend bool operator==(const Choice&, const Choice&) = default;
    };
    SourcePos pos;
    std::string ask, ask_zh;
    Nanos at = 0;                             // the run is shown up to here when it is asked
    std::optional<Nanos> until;               // the answer is played from `at` to here; none: up to `at`
    std::vector<Choice> choices;              // two to eight, one of them right
    std::string explain, explain_zh;          // may be empty

    friend bool operator==(const QuestionDecl&, const QuestionDecl&) = default;
};

// `quiz count 10 seed 7 kinds next, cr3`: what the quiz of this file asks besides its own questions.
struct QuizDecl {
    SourcePos pos;
    bool is_given = false;
    std::int32_t count = 10;
    std::uint64_t seed = 1;
    std::vector<std::string> kinds;           // of quiz_kind_names(); empty: all

    friend bool operator==(const QuizDecl&, const QuizDecl&) = default;
};

// The panels and places of the window that a view opens and a caption's spotlight falls on.
std::span<const std::string_view> lesson_places();
// The kinds of questions that are made from a run (sim/session/quiz.h holds them to its own).
std::span<const std::string_view> quiz_kind_names();

}  // namespace sy
