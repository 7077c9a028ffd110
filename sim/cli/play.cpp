// `play`: somebody's picks on the real machine, beside the policy's and the best possible.
#include "sim/report/play.h"

#include "sim/cli/commands.h"
#include "sim/session/load.h"

namespace sy::cli {

int play(const PlayCommand& options) {
    const Common& common = options.common;
    const Lang lang = common.language();
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    if (!boot(common, *scenario, status)) return status;
    PlayOptions how = play_options_of(*scenario);
    if (options.quantum) how.quantum = *options.quantum;
    if (options.no_preempt) how.preempt = false;
    BootError error;
    auto play = Play::open(*scenario, how, error);
    if (!play) {
        complain(text(error.text, error.text_zh), lang);
        return kWrongInput;
    }
    std::size_t number = 0;
    for (const std::string& who : options.picks) {
        ++number;
        Text why;
        if (play->pick(who, why)) continue;
        complain(text("pick {0}: {1}", "第 {0} 个选择：{1}", {std::to_string(number), why.in(lang)}), lang);
        return kWrongInput;
    }
    std::optional<PlayScore> score;
    if (play->pending() == nullptr) score = score_play(*scenario, how, *play, options.search);
    return finish(common, common.format == "json" ? play_as_json(*scenario, *play, score) : play_as_text(*scenario, *play, score, lang), kFine);
}

}  // namespace sy::cli
