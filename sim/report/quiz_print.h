// A quiz as a hand-out on paper (and its key), as JSON, as CSV.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/model/scenario.h"
#include "sim/session/quiz.h"

namespace sy {

struct QuizPaper {
    const Scenario& scenario;  // printed above the questions, without captions and expectations
    std::uint64_t seed = 1;
    std::vector<QuizQuestion> questions;
    bool with_answers = false;
};
std::string quiz_as_text(const QuizPaper& paper, Lang lang);
std::string quiz_as_json(const QuizPaper& paper, Lang lang);
std::string quiz_as_csv(const QuizPaper& paper, Lang lang);

}  // namespace sy
