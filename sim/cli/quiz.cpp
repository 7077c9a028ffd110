// `quiz`: questions about a run, for paper or for a program that asks them.
#include "sim/session/quiz.h"

#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/report/quiz_grade.h"
#include "sim/report/quiz_print.h"

namespace sy::cli {

namespace {

int grade(const QuizCommand& options, const std::vector<QuizQuestion>& questions) {
    const Common& common = options.common;
    const Lang lang = common.language();
    std::string source;
    Text why;
    if (!read_scenario_file(options.grade, source, why)) {
        complain(why, lang);
        return kWrongInput;
    }
    std::vector<GradedAnswer> answers;
    Diagnostics diags;
    if (!read_answers(source, questions, answers, diags)) {
        std::fprintf(stderr, "%s", diags.render(options.grade, source, lang).c_str());
        return kWrongInput;
    }
    return finish(common,
                  common.format == "json"  ? graded_as_json(questions, answers, lang)
                  : common.format == "csv" ? graded_as_csv(questions, answers, lang)
                                           : graded_as_text(questions, answers, lang),
                  kFine);
}

}  // namespace

int quiz(const QuizCommand& options) {
    const Common& common = options.common;
    const Lang lang = common.language();
    std::vector<QuizKind> kinds;
    for (const std::string& name : options.kinds) {
        const QuizKindInfo* kind = find_quiz_kind(name);
        if (kind == nullptr) {
            std::string known;
            for (const std::string_view k : quiz_kind_names())
                known += (known.empty() ? "" : ", ") + std::string(k);
            complain(text("unknown kind of question '{0}'; known: {1}",
                          "未知的题型 “{0}”；可用：{1}", {name, known}),
                     lang);
            return kWrongUsage;
        }
        kinds.push_back(kind->kind);
    }
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    QuizOptions wanted = quiz_options_of(*scenario);
    if (options.count) wanted.count = static_cast<std::size_t>(*options.count);
    if (options.seed) wanted.seed = *options.seed;
    if (!kinds.empty()) wanted.kinds = std::move(kinds);
    if (!boot(common, *scenario, status)) return status;
    BootError error;
    const auto session = Session::open(*scenario, error);
    if (!session) return kWrongInput;
    QuizPaper paper{.scenario = *scenario,
                    .seed = wanted.seed,
                    .questions = {},
                    .with_answers = options.answers};
    paper.questions = make_quiz(*session, wanted);
    if (paper.questions.empty()) {
        complain(text("the run holds nothing to ask about in this way",
                      "这次运行没有可以这样提问的内容"),
                 lang);
        return kWrongInput;
    }
    if (!options.grade.empty()) return grade(options, paper.questions);
    return finish(common,
                  common.format == "json"  ? quiz_as_json(paper, lang)
                  : common.format == "csv" ? quiz_as_csv(paper, lang)
                                           : quiz_as_text(paper, lang),
                  kFine);
}

}  // namespace sy::cli
