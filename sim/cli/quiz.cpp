// `quiz`: questions about a run, for paper or for a program that asks them.
#include "sim/session/quiz.h"

#include "sim/cli/commands.h"
#include "sim/report/quiz_print.h"

namespace sy::cli {

int quiz(const QuizCommand& options) {
    const Common& common = options.common;
    const Lang lang = common.language();
    QuizOptions wanted;
    wanted.count = static_cast<std::size_t>(options.count);
    wanted.seed = options.seed;
    for (const std::string& name : options.kinds) {
        const QuizKindInfo* kind = find_quiz_kind(name);
        if (kind == nullptr) {
            std::string known;
            for (const QuizKindInfo& k : quiz_kinds())
                known += (known.empty() ? "" : ", ") + std::string(k.name);
            complain(text("unknown kind of question '{0}'; known: {1}",
                          "未知的题型 “{0}”；可用：{1}", {name, known}),
                     lang);
            return kWrongUsage;
        }
        wanted.kinds.push_back(kind->kind);
    }
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    if (!boot(common, *scenario, status)) return status;
    BootError error;
    const auto session = Session::open(*scenario, error);
    if (!session) return kWrongInput;
    QuizPaper paper{.scenario = *scenario,
                    .seed = options.seed,
                    .questions = {},
                    .with_answers = options.answers};
    paper.questions = make_quiz(*session, wanted);
    if (paper.questions.empty()) {
        complain(text("the run holds nothing to ask about in this way",
                      "这次运行没有可以这样提问的内容"),
                 lang);
        return kWrongInput;
    }
    return finish(common,
                  common.format == "json"  ? quiz_as_json(paper, lang)
                  : common.format == "csv" ? quiz_as_csv(paper, lang)
                                           : quiz_as_text(paper, lang),
                  kFine);
}

}  // namespace sy::cli
