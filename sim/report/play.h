// What a schedule made by hand is worth: beside the scenario's own policy and the best possible, by the mean turnaround
// time; and where they part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/report/compare.h"
#include "sim/session/play.h"

namespace sy {

struct PlayParting {
    std::size_t decision = 0;   // from 1
    Nanos at = 0;
    std::string yours, theirs;
};

struct PlayScore {
    Comparison you, policy;
    std::optional<Comparison> best;
    BestPlay search;
    std::string best_name;                  // who made it: "search", or a policy that was better than what was found
    // best mean turnaround / yours, in thousandths: 1000 is as good as can be; nothing without a best.
    std::optional<std::int64_t> permille;
    Text from_policy;                       // where you and the policy part, in words; empty: nowhere
    std::optional<PlayParting> from_best;   // the first decision at which you and the best part
    Text how;                               // what "best" means here
};
// Requires: the play is over. `most_steps` are spent on the best possible; 0: it is not looked for. Nothing if a run is
// not possible.
std::optional<PlayScore> score_play(const Scenario& scenario, const PlayOptions& options, const Play& play, std::uint64_t most_steps);

// The decisions so far, the one that is due with its candidates, and (with `score`) the figures.
std::string play_as_text(const Scenario& scenario, const Play& play, const std::optional<PlayScore>& score, Lang lang);
std::string play_as_json(const Scenario& scenario, const Play& play, const std::optional<PlayScore>& score);

// Of a candidate: what remains of its CPU burst, and how long it has run of it.
struct PlayBurst {
    Nanos left = 0, ran = 0;
};
PlayBurst burst_of(const Kernel& kernel, CpuId cpu, TaskId task);

}  // namespace sy
