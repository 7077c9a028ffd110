// Grading: what students answered beside what is right, with a diagnosis of each mistake. The sheet of answers is CSV: one
// row for each answer (`student,number,answer` or `number,answer`), or one row for each student (`student,B,A,…`).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/text.h"
#include "sim/session/quiz.h"

namespace sy {

struct GradedAnswer {
    std::string student;                 // may be empty
    std::size_t number = 0;              // of the question, from 1
    std::optional<std::size_t> choice;   // nothing: not answered
};
// Reads a sheet for so many questions. False: `diags` says what is wrong, and where. Questions that a student left out are
// added as not answered.
bool read_answers(std::string_view csv, const std::vector<QuizQuestion>& questions, std::vector<GradedAnswer>& out,
                  Diagnostics& diags);

// `answers` in any order; of a question answered twice by one student the last one counts.
std::string graded_as_text(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang);
std::string graded_as_json(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang);
std::string graded_as_csv(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang);

}  // namespace sy
